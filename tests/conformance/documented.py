"""The documented shape of every message on the public and level3 endpoints and of every public REST answer.

Tables written after the reference, not after the sandbox: required keys, keys that may be there, JSON types, digits.
Prices and quantities carry all digits of their pair's precision on the socket, and are text on REST. Times have six
decimals, those of level3 and of the ohlc channel nine.

Source: General, Ticker, Book (Level 2), Orders (Level 3), Candles (OHLC), Trades, Instruments, Status, Heartbeat and
Ping pages, Kraken WebSocket API v2 reference; Market Data pages, Kraken REST API reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from .checks import Check, array, boolean, decimal, decimal_text, exactly, integer, one_of, record, row, text

__all__ = ["REST", "Precision", "complaints", "rest_complaints"]


class Precision(NamedTuple):
    """How many decimals a pair's prices and quantities have."""

    price: int
    qty: int


_DATE: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
SECONDS: Final = text(_DATE + "Z")
MICROS: Final = text(_DATE + r"\.\d{6}Z")
NANOS: Final = text(_DATE + r"\.\d{9}Z")
SYMBOL: Final = text(r"[A-Z0-9]+/[A-Z0-9]+")
CRC32: Final = integer(0, 2**32 - 1)
SYSTEM: Final = one_of("online", "maintenance", "cancel_only", "post_only", "limit_only")
PAIR_STATUS: Final = one_of(
    "online", "cancel_only", "delisted", "limit_only", "maintenance", "post_only", "reduce_only", "work_in_progress"
)
ASSET_STATUS: Final = one_of(
    "enabled", "depositonly", "withdrawalonly", "fundingtemporarilydisabled", "disabled", "workinprogress"
)

# --- responses ------------------------------------------------------------------------------------------------------

TIMES: Final = {"time_in": MICROS, "time_out": MICROS}
REQ_ID: Final = {"req_id": integer(-(2**63), 2**64 - 1)}
PONG: Final = record({"method": exactly("pong"), **TIMES}, REQ_ID)
REFUSED: Final = record(
    {"method": text(), "success": exactly(False), "error": text(), **TIMES},
    {**REQ_ID, "symbol": text(), "channel": text(), "status": exactly("error")},
)
WARNINGS: Final = array(text())
SUBSCRIBED: Final[Mapping[str, Check]] = {
    "ticker": record({"symbol": SYMBOL, "snapshot": boolean}, {"event_trigger": one_of("trades", "bbo")}),
    "book": record({"symbol": SYMBOL, "snapshot": boolean, "depth": integer(10, 1000)}),
    "level3": record({"symbol": SYMBOL, "snapshot": boolean}, {"depth": integer(10, 1000), "warnings": WARNINGS}),
    "ohlc": record(
        {
            "symbol": SYMBOL,
            "snapshot": boolean,
            "interval": integer(1, 21600),
            "warnings": exactly(["timestamp is deprecated, use interval_begin"]),
        }
    ),
    "trade": record({"symbol": SYMBOL, "snapshot": boolean}),
    "instrument": record({"snapshot": boolean, "warnings": exactly(["tick_size is deprecated, use price_increment"])}),
}
UNSUBSCRIBED: Final[Mapping[str, Check]] = {
    "ticker": record({"symbol": SYMBOL, "event_trigger": one_of("trades", "bbo")}),
    "book": record({"symbol": SYMBOL, "snapshot": boolean, "depth": integer(10, 1000)}),
    "level3": record({"symbol": SYMBOL}),
    "ohlc": record({"symbol": SYMBOL, "interval": integer(1, 21600)}),
    "trade": record({"symbol": SYMBOL}),
    "instrument": record({}),
}

# --- channels without a pair ----------------------------------------------------------------------------------------

MAINTENANCE: Final = record(
    {
        "event_id": integer(),
        "title": text(),
        "phase": text(r"[a-z0-9_]+"),
        "affected_services": array(text(r"[a-z_]+")),
        "expected_start_utc": MICROS,
        "expected_end_utc": MICROS,
        "cancel_before_utc": MICROS,
        "time_to_start_s": integer(),
        "order_submission": text(r"[a-z_]+"),
        "recommended_action": text(r"[a-z_]+"),
        "source_url": text(),
    }
)
STATUS: Final = record(
    {
        "system": SYSTEM,
        "api_version": exactly("v2"),
        "connection_id": integer(0, 2**64 - 1),
        "version": text(r"\d+\.\d+\.\d+"),
    },
    {"upcoming_maintenance": array(MAINTENANCE), "emergency": array(text())},
)
HEARTBEAT: Final = record({"channel": exactly("heartbeat")})
ASSET: Final = {
    "id": text(),
    "status": ASSET_STATUS,
    "precision": integer(0, 18),
    "precision_display": integer(0, 18),
    "borrowable": boolean,
    "collateral_value": decimal(),
}
ASSET_EXTRAS: Final = {"class": text(), "multiplier": decimal(positive=True)}
PAIR: Final = {
    "symbol": SYMBOL,
    "base": text(),
    "quote": text(),
    "status": PAIR_STATUS,
    "price_precision": integer(0, 18),
    "qty_precision": integer(0, 18),
    "cost_precision": integer(0, 18),
    "cost_min": decimal(positive=True),
    "marginable": boolean,
    "has_index": boolean,
}
PAIR_EXTRAS: Final = {"ws_display_price_precision": integer(0, 18)}
MARGIN: Final = {
    "margin_initial": decimal(positive=True),
    "position_limit_long": integer(),
    "position_limit_short": integer(),
}


def _asset(value: Any, path: str) -> Iterator[str]:
    borrowable = isinstance(value, dict) and value.get("borrowable") is True
    rate = {"margin_rate": decimal(positive=True)} if borrowable else {}
    return record({**ASSET, **rate}, ASSET_EXTRAS)(value, path)


def _pair(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no object"
        return
    at, of = int(value.get("price_precision", 0)), int(value.get("qty_precision", 0))
    steps = {
        "price_increment": decimal(at, positive=True),
        "tick_size": exactly(value.get("price_increment")),
        "qty_increment": decimal(of, positive=True),
        "qty_min": decimal(of, positive=True),
    }
    yield from record({**PAIR, **steps, **(MARGIN if value.get("marginable") else {})}, PAIR_EXTRAS)(value, path)


INSTRUMENT: Final = record({"assets": array(_asset), "pairs": array(_pair)})

# --- channels of pairs ----------------------------------------------------------------------------------------------


def ticker(of: Precision) -> Check:
    """The element of a ``ticker`` message."""
    price, qty = decimal(of.price), decimal(of.qty)
    return record(
        {
            **dict.fromkeys(("bid", "ask", "last", "vwap", "low", "high"), price),
            **dict.fromkeys(("bid_qty", "ask_qty", "volume"), qty),
            "symbol": SYMBOL,
            "change": decimal(of.price, signed=True),
            "change_pct": decimal(2, signed=True),
            "timestamp": MICROS,
        },
        {"volume_usd": decimal(), "trades": integer()},
    )


def book(of: Precision, *, is_update: bool) -> Check:
    """The element of a ``book`` message; only an update may have a level without quantity."""
    price, qty = decimal(of.price, positive=True), decimal(of.qty, positive=not is_update)
    levels = array(record({"price": price, "qty": qty}))
    return record({"symbol": SYMBOL, "bids": levels, "asks": levels, "checksum": CRC32, "timestamp": MICROS})


def level3(of: Precision, *, is_update: bool) -> Check:
    """The element of a ``level3`` message; orders of an update say what happened to them."""
    # A deleted order may have nothing left.
    order = {
        "order_id": text(r"[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{6}"),
        "limit_price": decimal(of.price, positive=True),
        "order_qty": decimal(of.qty, positive=not is_update),
        "timestamp": NANOS,
    }
    event = {"event": one_of("add", "modify", "delete")} if is_update else {}
    orders = array(record({**order, **event}))
    return record({"symbol": SYMBOL, "bids": orders, "asks": orders, "checksum": CRC32, "timestamp": NANOS})


def candle(of: Precision) -> Check:
    """An element of an ``ohlc`` message."""
    return record(
        {
            **dict.fromkeys(("open", "high", "low", "close", "vwap"), decimal(of.price, positive=True)),
            "symbol": SYMBOL,
            "trades": integer(1),
            "volume": decimal(of.qty, positive=True),
            "interval_begin": NANOS,
            "interval": integer(1, 21600),
            "timestamp": MICROS,
        }
    )


def trade(of: Precision) -> Check:
    """An element of a ``trade`` message."""
    return record(
        {
            "symbol": SYMBOL,
            "side": one_of("buy", "sell"),
            "price": decimal(of.price, positive=True),
            "qty": decimal(of.qty, positive=True),
            "ord_type": one_of("limit", "market"),
            "trade_id": integer(1),
            "timestamp": MICROS,
        }
    )


# --- judging --------------------------------------------------------------------------------------------------------


def complaints(message: Any, precisions: Mapping[str, Precision]) -> list[str]:
    """What is wrong with one message of a socket."""
    if not isinstance(message, dict):
        return [f"{message!r} is no object"]
    if "channel" in message and "method" not in message:
        return list(_channel(message, precisions))
    return list(_response(message))


def _response(message: dict[str, Any]) -> Iterator[str]:
    method = message.get("method")
    if method == "pong":
        yield from PONG(message, "pong")
    elif message.get("success") is False:
        yield from REFUSED(message, "refusal")
    else:
        results = {"subscribe": SUBSCRIBED, "unsubscribe": UNSUBSCRIBED}.get(str(method), {})
        result = message.get("result")
        channel = str(result.get("channel")) if isinstance(result, dict) else ""
        if channel not in results:
            yield f"{message!r} is no known response"
        else:
            known = {"method": text(), "success": exactly(True), "result": _without_channel(results[channel]), **TIMES}
            yield from record(known, REQ_ID)(message, f"{method} {channel}")
    if str(message.get("time_in")) > str(message.get("time_out")):
        yield f"{method}: time_in after time_out"


def _without_channel(rest: Check) -> Check:
    """A check of a result's other keys; its channel has chosen the check."""

    def check(value: Any, path: str) -> Iterator[str]:
        yield from rest({key: each for key, each in value.items() if key != "channel"}, path)

    return check


def _channel(message: dict[str, Any], precisions: Mapping[str, Precision]) -> Iterator[str]:
    channel, kind = str(message["channel"]), message.get("type")
    if channel == "heartbeat":
        yield from HEARTBEAT(message, channel)
        return
    envelope: dict[str, Check] = {"channel": text(), "type": one_of("snapshot", "update")}
    path = f"{channel} {kind}"
    if channel == "status":
        envelope |= {"type": exactly("update"), "data": array(STATUS, least=1, most=1)}
    elif channel == "instrument":
        envelope |= {"data": INSTRUMENT}
    else:
        data = message.get("data")
        rows = data if isinstance(data, list) else []
        symbols = {str(each.get("symbol")) for each in rows if isinstance(each, dict)}
        path += f" {' '.join(symbols)}"
        if len(symbols) != 1 or not symbols <= precisions.keys():
            yield f"{path}: not of one known pair"
            return
        envelope |= _of_pair(channel, precisions[symbols.pop()], is_update=kind == "update")
    yield from record(envelope)(message, path)


def _of_pair(channel: str, of: Precision, *, is_update: bool) -> dict[str, Check]:
    if channel == "ticker":
        return {"data": array(ticker(of), least=1, most=1)}
    if channel == "book":
        return {"data": array(book(of, is_update=is_update), least=1, most=1)}
    if channel == "level3":
        return {"data": array(level3(of, is_update=is_update), least=1, most=1)}
    if channel == "trade":
        return {"data": array(trade(of), least=1, most=None if is_update else 50)}
    if channel == "ohlc":
        return {"data": array(candle(of), least=1), "timestamp": NANOS}
    return {"channel": exactly("a documented channel")}


# --- REST -----------------------------------------------------------------------------------------------------------

PRICE_TEXT: Final = decimal_text(positive=True)
TEXTS: Final = array(decimal_text(), least=2, most=2)
FEES: Final = array(row(integer(), decimal()))
DEPTH_ROWS: Final = array(row(PRICE_TEXT, PRICE_TEXT, integer(1)), most=500)
REST_PAIR: Final = record(
    {
        **dict.fromkeys(("altname", "wsname", "base", "quote", "lot", "fee_volume_currency"), text()),
        **dict.fromkeys(("aclass_base", "aclass_quote"), one_of("currency", "tokenized_asset")),
        **dict.fromkeys(("pair_decimals", "cost_decimals", "lot_decimals"), integer(0, 18)),
        **dict.fromkeys(("lot_multiplier", "margin_call", "margin_stop"), integer()),
        **dict.fromkeys(("leverage_buy", "leverage_sell"), array(integer(2, 20))),
        **dict.fromkeys(("fees", "fees_maker"), FEES),
        **dict.fromkeys(("ordermin", "costmin", "tick_size"), PRICE_TEXT),
        "status": one_of("online", "cancel_only", "post_only", "limit_only", "reduce_only"),
        "execution_venue": text(),
    },
    {"long_position_limit": integer(), "short_position_limit": integer()},
)
REST_ASSET: Final = record(
    {
        "aclass": text(),
        "altname": text(),
        "decimals": integer(0, 18),
        "display_decimals": integer(0, 18),
        "collateral_value": decimal(),
        "status": text(),
    },
    {"margin_rate": decimal_text()},
)
REST_TICKER: Final = record(
    {
        **dict.fromkeys("ab", array(decimal_text(), least=3, most=3)),
        **dict.fromkeys("cvplh", TEXTS),
        "t": row(integer(), integer()),
        "o": PRICE_TEXT,
    }
)
OHLC_ROWS: Final = array(
    row(integer(1), *(4 * [PRICE_TEXT]), decimal_text(), decimal_text(), integer()), least=1, most=720
)
TRADE_ROWS: Final = array(
    row(PRICE_TEXT, PRICE_TEXT, decimal(positive=True), one_of("b", "s"), one_of("m", "l"), text(".*"), integer(1)),
    most=1000,
)


def keyed(entry: Check) -> Check:
    """An object of such entries, by the name of an asset or pair."""

    def check(value: Any, path: str) -> Iterator[str]:
        yield from record(dict.fromkeys(value, entry) if isinstance(value, dict) else {})(value, path)

    return check


def one_pair(rows: Check, last: Check | None = None) -> Check:
    """An object of the rows of one pair, and ``last`` where there is one."""

    def check(value: Any, path: str) -> Iterator[str]:
        names = [name for name in value if name != "last"] if isinstance(value, dict) else []
        if len(names) != 1:
            yield f"{path}: not one pair but {names}"
            return
        yield from record({names[0]: rows} | ({"last": last} if last else {}))(value, path)

    return check


REST: Final[Mapping[str, Check]] = {
    "Time": record(
        {"unixtime": integer(1), "rfc1123": text(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d\d [\d:]{8} \+0000")}
    ),
    "SystemStatus": record({"status": SYSTEM, "timestamp": SECONDS}),
    "Assets": keyed(REST_ASSET),
    "AssetPairs": keyed(REST_PAIR),
    "Ticker": keyed(REST_TICKER),
    "OHLC": one_pair(OHLC_ROWS, integer(1)),
    "Trades": one_pair(TRADE_ROWS, text(r"\d{19}")),
    "Depth": one_pair(record({"asks": DEPTH_ROWS, "bids": DEPTH_ROWS})),
    "GetWebSocketsToken": record({"token": text(r"\S+"), "expires": exactly("900")}),
}


def rest_complaints(name: str, answer: Any) -> list[str]:
    """What is wrong with the answer of a REST path that should have succeeded."""
    return list(record({"error": exactly([]), "result": REST[name]})(answer, name))
