"""The public REST paths: reference data, and history that joins the live channels.

A pair may be asked for under any of its names (``BTC/USD``, ``XBT/USD``, ``XBTUSD``, ``XXBTZUSD``) and is answered
under the name that was used.

Source: Market Data pages, Kraken REST API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from kraken_lab.sandbox.desk import Desk
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Side, Trade
from kraken_lab.sandbox.history import Candle
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.numbers import NS_PER_MINUTE, NS_PER_SECOND, written
from kraken_lab.sandbox.request import INTERVALS
from kraken_lab.sandbox.rest_answer import ApiError
from kraken_lab.sandbox.rest_reference import asset_entry, pair_entry

__all__ = ["PublicRest"]

OHLC_ROWS: Final = 720
MOST_TRADES: Final = 1000
MOST_LEVELS: Final = 500
_MARKET_DATA: Final = frozenset({"Ticker", "OHLC", "Trades", "Depth"})
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class PublicRest:
    """Answers the paths below ``/0/public/``."""

    def __init__(self, market: Market, desk: Desk) -> None:
        self._market = market
        self._desk = desk
        self._paths: Mapping[str, Callable[[Mapping[str, str], int], str]] = {
            "Time": self._time,
            "SystemStatus": self._system_status,
            "Assets": self._assets,
            "AssetPairs": self._asset_pairs,
            "Ticker": self._ticker,
            "OHLC": self._ohlc,
            "Trades": self._trades,
            "Depth": self._depth,
        }

    def result(self, name: str, parameters: Mapping[str, str], now_ns: int) -> str:
        """The ``result`` of a path, as JSON text.

        Raises:
            ApiError: the request is refused.
        """
        path = self._paths.get(name)
        if path is None:
            raise ApiError("EGeneral:Unknown method")
        if name in _MARKET_DATA and self._desk.unpublished:
            raise ApiError(f"EService:Unavailable:{self._desk.unpublished}")
        return path(parameters, now_ns)

    # --- the exchange -----------------------------------------------------------------------------------------------

    def _time(self, parameters: Mapping[str, str], now_ns: int) -> str:
        second = self._desk.stamps.shown(now_ns) // NS_PER_SECOND
        at = datetime.fromtimestamp(second, UTC)
        rfc1123 = f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at:%y %H:%M:%S} +0000"
        return members(unixtime=str(second), rfc1123=text(rfc1123))

    def _system_status(self, parameters: Mapping[str, str], now_ns: int) -> str:
        return members(status=text(self._desk.listing.system), timestamp=text(self._desk.stamps.seconds(now_ns)))

    def _assets(self, parameters: Mapping[str, str], now_ns: int) -> str:
        if parameters.get("aclass", "currency") != "currency":
            raise ApiError("EGeneral:Invalid arguments:aclass")
        assets = self._desk.listing.assets
        if "asset" in parameters:
            names = {name: asset for asset in assets for name in (asset.id, asset.altname, asset.rest_name)}
            try:
                assets = tuple(names[name] for name in parameters["asset"].split(","))
            except KeyError:
                raise ApiError("EQuery:Unknown asset") from None
        return members(**{asset.rest_name: asset_entry(asset) for asset in assets})

    def _asset_pairs(self, parameters: Mapping[str, str], now_ns: int) -> str:
        info = parameters.get("info", "info")
        if info not in ("info", "leverage", "fees", "margin"):
            raise ApiError("EGeneral:Invalid arguments:info")
        asset_of = {asset.id: asset for asset in self._desk.listing.assets}
        pairs = self._asked(parameters)
        return members(**{name: pair_entry(pair, asset_of, info) for name, pair in pairs.items()})

    # --- history ----------------------------------------------------------------------------------------------------

    def _ticker(self, parameters: Mapping[str, str], now_ns: int) -> str:
        return members(**{name: self._ticker_of(pair, now_ns) for name, pair in self._asked(parameters).items()})

    def _ticker_of(self, pair: Pair, now_ns: int) -> str:
        day = self._market.ticker(pair.symbol)
        at, of = pair.price_precision, pair.qty_precision
        today = self._today(pair, now_ns)
        quantity = written(today.volume if today else 0, of)

        def price(value: int) -> str:
            return text(written(value, at))

        def best(value: int, qty: int) -> str:
            return array([price(value), text(str(qty // 10**of)), text(written(qty, of))])

        last = self._market.trades(pair.symbol, 1)
        return members(
            a=best(day.ask, day.ask_qty),
            b=best(day.bid, day.bid_qty),
            c=array([price(day.last), text(written(last[-1].qty if last else 0, of))]),
            v=array([text(quantity), text(written(day.volume, of))]),
            p=array([text(f"{today.vwap if today else 0:.{at}f}"), text(f"{day.vwap:.{at}f}")]),
            t=array([str(today.trades if today else 0), str(day.trades)]),
            l=array([price(today.low if today else day.last), price(day.low)]),
            h=array([price(today.high if today else day.last), price(day.high)]),
            o=price(today.open if today else day.last),
        )

    def _today(self, pair: Pair, now_ns: int) -> Candle | None:
        """The candle of the present UTC day, if anything was traded."""
        newest = self._market.candles(pair.symbol, 1440, 1)
        began_today = newest and newest[-1].begin_ns == now_ns - now_ns % (1440 * NS_PER_MINUTE)
        return newest[-1] if began_today else None

    def _ohlc(self, parameters: Mapping[str, str], now_ns: int) -> str:
        name, pair = self._asked_one(parameters)
        interval = self._integer(parameters, "interval", 1)
        if interval not in INTERVALS:
            raise ApiError("EGeneral:Invalid arguments:interval")
        since = self._integer(parameters, "since", -1)
        step_ns = interval * NS_PER_MINUTE
        candles = self._market.candles(pair.symbol, interval, OHLC_ROWS)
        seen_ns = now_ns - self._desk.faults.rest_lag_ns
        newest_ns = max([seen_ns - seen_ns % step_ns, *(candle.begin_ns for candle in candles[-1:])])
        if self._desk.faults.rest_lag_ns:
            newest_ns = seen_ns - seen_ns % step_ns
            candles = [candle for candle in candles if candle.begin_ns <= newest_ns]
        if not candles:  # nothing was traded for as long as there are rows
            candles = [_unmoved(self._market.ticker(pair.symbol).last, newest_ns)]
        rows = _without_holes(candles, step_ns, newest_ns)[-OHLC_ROWS:]
        shown = [row for row in rows[:-1] if row.begin_ns // NS_PER_SECOND > since] + rows[-1:]
        finished_s = (newest_ns - step_ns) // NS_PER_SECOND
        return members(**{name: array(_ohlc_row(row, pair) for row in shown)}, last=str(finished_s))

    def _trades(self, parameters: Mapping[str, str], now_ns: int) -> str:
        name, pair = self._asked_one(parameters)
        count = self._integer(parameters, "count", MOST_TRADES)
        if not 1 <= count <= MOST_TRADES:
            raise ApiError("EGeneral:Invalid arguments:count")
        seen_ns = now_ns - self._desk.faults.rest_lag_ns
        if "since" in parameters:
            since_ns = _since_ns(parameters["since"])
            page = _unsplit(self._market.trades_since(pair.symbol, since_ns, count + 1), count)
        else:
            since_ns = now_ns
            page = self._market.trades(pair.symbol, count)
        page = [trade for trade in page if trade.ns <= seen_ns]
        last_ns = page[-1].ns if page else since_ns
        return members(**{name: array(_trade_row(trade, pair) for trade in page)}, last=text(str(last_ns)))

    def _depth(self, parameters: Mapping[str, str], now_ns: int) -> str:
        name, pair = self._asked_one(parameters)
        count = self._integer(parameters, "count", 100)
        if not 1 <= count <= MOST_LEVELS:
            raise ApiError("EGeneral:Invalid arguments:count")
        engine = self._market.engine(pair.symbol)
        asks, bids = _depth_rows(engine, "sell", count), _depth_rows(engine, "buy", count)
        return members(**{name: members(asks=asks, bids=bids)})

    # --- parameters -------------------------------------------------------------------------------------------------

    def _asked(self, parameters: Mapping[str, str]) -> dict[str, Pair]:
        """The pairs asked for, by the name that was used; all of them by REST's name if none was."""
        if not parameters.get("pair"):
            return {pair.rest_name: pair for pair in self._desk.listing.pairs}
        asked: dict[str, Pair] = {}
        for name in parameters["pair"].split(","):
            pair = self._desk.listing.named(name.strip())
            if pair is None:
                raise ApiError("EQuery:Unknown asset pair")
            asked[name.strip()] = pair
        return asked

    def _asked_one(self, parameters: Mapping[str, str]) -> tuple[str, Pair]:
        if not parameters.get("pair"):
            raise ApiError("EGeneral:Invalid arguments")
        asked = self._asked(parameters)
        if len(asked) != 1:
            raise ApiError("EQuery:Unknown asset pair")
        return next(iter(asked.items()))

    @staticmethod
    def _integer(parameters: Mapping[str, str], name: str, default: int) -> int:
        given = parameters.get(name, "")
        if not given:
            return default
        if not (given.isascii() and given.isdigit() and len(given) <= 20):
            raise ApiError(f"EGeneral:Invalid arguments:{name}")
        return int(given)


def _since_ns(given: str) -> int:
    """A time in seconds (decimals allowed) or, if it is too large to be one, nanoseconds."""
    try:
        value = Decimal(given)
    except InvalidOperation:
        raise ApiError("EGeneral:Invalid arguments:since") from None
    if not value.is_finite() or not 0 <= value < 2**63:
        raise ApiError("EGeneral:Invalid arguments:since")
    return int(value * NS_PER_SECOND) if value < 10**12 else int(value)


def _unsplit(found: list[Trade], count: int) -> list[Trade]:
    """At most ``count`` trades, such that the next page (after the last one's time) misses none of the same instant."""
    if len(found) <= count:
        return found
    whole = [trade for trade in found[:count] if trade.ns < found[count].ns]
    return whole or found[:count]


def _without_holes(candles: list[Candle], step_ns: int, newest_ns: int) -> list[Candle]:
    """A candle for each interval up to the newest; those without a trade repeat the close."""
    rows: list[Candle] = []
    for candle in candles:
        _repeat_close(rows, step_ns, candle.begin_ns)
        rows.append(candle)
    _repeat_close(rows, step_ns, newest_ns + step_ns)
    return rows


def _repeat_close(rows: list[Candle], step_ns: int, until_ns: int) -> None:
    while rows and (begin_ns := rows[-1].begin_ns + step_ns) < until_ns:
        rows.append(_unmoved(rows[-1].close, begin_ns))


def _unmoved(price: int, begin_ns: int) -> Candle:
    return Candle(begin_ns, price, price, price, price, Decimal(0), 0, 0)


def _ohlc_row(row: Candle, pair: Pair) -> str:
    prices = (written(price, pair.price_precision) for price in (row.open, row.high, row.low, row.close))
    numbers = (*prices, f"{row.vwap:.{pair.price_precision}f}", written(row.volume, pair.qty_precision))
    return array([str(row.begin_ns // NS_PER_SECOND), *map(text, numbers), str(row.trades)])


def _trade_row(trade: Trade, pair: Pair) -> str:
    second, rest = divmod(trade.ns, NS_PER_SECOND)
    return array(
        [
            text(written(trade.price, pair.price_precision)),
            text(written(trade.qty, pair.qty_precision)),
            f"{second}.{rest // 100:07d}",
            text("b" if trade.side == "buy" else "s"),
            text("m" if trade.ord_type == "market" else "l"),
            text(""),
            str(trade.trade_id),
        ]
    )


def _depth_rows(engine: Engine, side: Side, count: int) -> str:
    at, of = engine.pair.price_precision, engine.pair.qty_precision
    rows: list[str] = []
    for price, qty in engine.levels(side, count):
        changed_ns = max(order.queued_ns for order in engine.queue(side, price))
        rows.append(array([text(written(price, at)), text(written(qty, of)), str(changed_ns // NS_PER_SECOND)]))
    return array(rows)
