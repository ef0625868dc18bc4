"""Orders and trades as REST tells them, read into the same shapes as the stream's.

REST has other names, its numbers are text, its times are float seconds and its pairs have no slash. What cannot be read
is left out; an answer of the wrong shape proves nothing and raises.

Source: "Get Open Orders", "Get Closed Orders", "Query Orders Info", "Get Trades History", Kraken REST API reference
(docs.kraken.com).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from ..errors import Malformed
from ..wire import Instant
from .evidence import Evidence, Told, limit_offset
from .exact import multiply
from .states import FillRecord

__all__ = ["PairNames", "RestOrder", "SymbolOf", "orders_in", "trades_in"]

SymbolOf: TypeAlias = Callable[[str], str]
"""The symbol of a REST pair name, or the name itself where it is not known."""

_OFFSET: Final = re.compile(r"([+-][0-9]+(?:\.[0-9]+)?)(%?)")
"""How REST writes a price that is an offset, in quote currency or percent."""
_OLD_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


class PairNames:
    """REST's names of pairs (``XBTUSD``, ``XXBTZUSD``) and the symbols they mean.

    >>> PairNames(lambda: ["BTC/USD", "ETH/EUR"])("XXBTZUSD")
    'BTC/USD'
    """

    def __init__(self, symbols: Callable[[], Iterable[str]]) -> None:
        self._symbols = symbols
        self._known: dict[str, str] = {}

    def __call__(self, pair: str) -> str:
        """The symbol, or what was given where no pair is called so."""
        if "/" in pair:
            return "/".join(_OLD_NAMES.get(asset, asset) for asset in pair.split("/"))
        if pair not in self._known:
            self._known = {name: symbol for symbol in self._symbols() for name in _names(symbol)}
        return self._known.get(pair, pair)


def _names(symbol: str) -> Iterator[str]:
    base, _, quote = symbol.partition("/")
    bases, quotes = _spellings(base, "X"), _spellings(quote, "Z")
    for one in bases:
        for other in quotes:
            yield one + other


def _spellings(asset: str, letter: str) -> tuple[str, ...]:
    old = next((name for name, new in _OLD_NAMES.items() if new == asset), asset)
    return (asset, old, f"X{old}", f"{letter}{old}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestOrder:
    """One order of an answer: its ids, when it was opened and closed (ns), and what it says as `Evidence`."""

    order_id: str
    cl_ord_id: str | None
    refid: str | None
    status: str
    filled_qty: Decimal | None
    side: str
    opened_ns: int
    closed_ns: int | None
    trades: tuple[str, ...]
    """Execution ids of its fills, if they were asked for."""
    evidence: Evidence


def orders_in(answer: object, *, key: str | None, symbol_of: SymbolOf, at: Instant, sure: bool) -> list[RestOrder]:
    """The orders of an answer; ``key`` is ``open`` or ``closed``, None where the answer is the orders themselves.

    Raises:
        Malformed: it has not the shape of such an answer.
    """
    found = answer.get(key) if key is not None and isinstance(answer, Mapping) else answer
    if not isinstance(found, Mapping) or not all(isinstance(each, Mapping) for each in found.values()):
        raise Malformed("orders that cannot be read", str(answer))
    return [_order(str(order_id), each, symbol_of, at, sure=sure) for order_id, each in found.items()]


def _order(order_id: str, told: Mapping[str, Any], symbol_of: SymbolOf, at: Instant, *, sure: bool) -> RestOrder:
    descr = told.get("descr")
    descr = descr if isinstance(descr, Mapping) else {}
    status, refid = str(told.get("status") or ""), told.get("refid")
    cl_ord_id = told.get("cl_ord_id")
    closed_ns = _ns(told.get("closetm"))
    evidence = Evidence(
        source="rest",
        status=status,
        received_at_ns=at.wall_ns,
        event=f"{status} (REST)",
        timestamp_ns=closed_ns,
        order_id=order_id,
        cl_ord_id=str(cl_ord_id) if cl_ord_id else None,
        terms=dict(_terms(told, descr, symbol_of)),
        cum_qty=_number(told.get("vol_exec")),
        reason=str(told.get("reason") or ""),
        sure=sure,
    )
    trades = told.get("trades")
    return RestOrder(
        order_id=order_id,
        cl_ord_id=evidence.cl_ord_id,
        refid=str(refid) if refid not in (None, "None", "") else None,
        status=status,
        filled_qty=evidence.cum_qty,
        side=str(descr.get("type") or ""),
        opened_ns=_ns(told.get("opentm")) or 0,
        closed_ns=closed_ns,
        trades=tuple(map(str, trades)) if isinstance(trades, list) else (),
        evidence=evidence,
    )


def _terms(told: Mapping[str, Any], descr: Mapping[str, Any], symbol_of: SymbolOf) -> Iterator[tuple[str, Told]]:
    order_type = str(descr.get("ordertype") or "")
    if told.get("refid") not in (None, "None", ""):
        yield "ord_ref_id", str(told["refid"])
    if descr.get("pair"):
        yield "symbol", symbol_of(str(descr["pair"]))
    if descr.get("type"):
        yield "side", str(descr["type"])
    if order_type:
        yield "order_type", order_type
    if descr.get("leverage"):
        yield "margin", descr["leverage"] != "none"
    if (vol := _number(told.get("vol"))) is not None:
        # With ``viqc`` the volume is in quote currency.
        yield "cash_order_qty" if "viqc" in str(told.get("oflags")) else "order_qty", vol
    price, second = _number(descr.get("price")), _number(descr.get("price2"))
    offsets = [str(descr.get(name) or "") for name in ("price", "price2")]
    price = None if _OFFSET.fullmatch(offsets[0]) else price
    if order_type in ("limit", "iceberg"):
        if price:
            yield "limit_price", price
    elif order_type not in ("market", "settle-position"):
        if price:
            yield "trigger_price", price
        if offset := _OFFSET.fullmatch(offsets[1]):
            yield from limit_offset(Decimal(offset[1]), "pct" if offset[2] else "quote").items()
        elif second:
            yield "limit_price", second


def trades_in(answer: object, *, key: str | None, symbol_of: SymbolOf, at: Instant) -> list[FillRecord]:
    """The fills of an answer; ``key`` is ``trades``, or None where the answer is the trades themselves.

    Raises:
        Malformed: it has not the shape of such an answer.
    """
    found = answer.get(key) if key is not None and isinstance(answer, Mapping) else answer
    if not isinstance(found, Mapping) or not all(isinstance(each, Mapping) for each in found.values()):
        raise Malformed("trades that cannot be read", str(answer))
    fills = (_trade(str(exec_id), each, symbol_of, at) for exec_id, each in found.items())
    return [fill for fill in fills if fill is not None]


def _trade(exec_id: str, told: Mapping[str, Any], symbol_of: SymbolOf, at: Instant) -> FillRecord | None:
    price, qty, order_id = _number(told.get("price")), _number(told.get("vol")), told.get("ordertxid")
    if price is None or qty is None or not order_id:
        return None
    symbol = symbol_of(str(told.get("pair") or ""))
    cost = _number(told.get("cost"))
    trade_id, maker = told.get("trade_id"), told.get("maker")
    return FillRecord(
        exec_id=exec_id,
        order_id=str(order_id),
        cl_ord_id=None,
        symbol=symbol,
        side=str(told.get("type") or ""),
        price=price,
        qty=qty,
        cost=cost if cost is not None else multiply(price, qty),
        fee=_number(told.get("fee")),
        fee_asset=symbol.partition("/")[2] or None,
        liquidity=None if maker is None else "maker" if maker else "taker",
        trade_id=trade_id if isinstance(trade_id, int) and trade_id > 0 else None,
        timestamp_ns=_ns(told.get("time")) or at.wall_ns,
        received_at_ns=at.wall_ns,
        source="rest",
    )


def _number(value: object) -> Decimal | None:
    """A number as REST writes it: text, or a JSON number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _ns(value: object) -> int | None:
    seconds = _number(value)
    return int(seconds * 1_000_000_000) if seconds else None
