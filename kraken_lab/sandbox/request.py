"""What a client asks, parsed as strictly as the exchange does: nothing unknown, nothing of the wrong type.

`parse` turns a text into a request or raises `BadRequest` with the exchange's words; the trading methods are read in
`order_request`. Which symbols exist and what is subscribed already is the session's business.

Source: General and channel pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from kraken_lab.sandbox import json_text
from kraken_lab.sandbox.order_request import TRADING_METHODS, TradingRequest, read_trading
from kraken_lab.sandbox.parameters import BadRequest, Field, Fields, Refusing, checked, is_integer

__all__ = [
    "BOOK_DEPTHS",
    "INTERVALS",
    "LEVEL3_DEPTHS",
    "PRIVATE_CHANNELS",
    "TRADING_METHODS",
    "AccountSubscription",
    "BadRequest",
    "Endpoint",
    "Ping",
    "Request",
    "Subscription",
    "parse",
]

Endpoint: TypeAlias = Literal["public", "private", "level3"]

BOOK_DEPTHS: Final = (10, 25, 100, 500, 1000)
LEVEL3_DEPTHS: Final = (10, 100, 1000)
INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)

PRIVATE_ELSEWHERE: Final = "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"
PUBLIC_ELSEWHERE: Final = "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com"

_TEXT: Final = Field("text")
_INTEGER: Final = Field("integer")
_BOOLEAN: Final = Field("boolean")
_VENUE: Final = Field("text", ("international", "bitnomial-exchange"))
_SYMBOLS: Final[Fields] = {"channel": _TEXT, "symbol": Field("array"), "snapshot": _BOOLEAN}
_ACCOUNT: Final[Fields] = {
    "channel": _TEXT,
    "token": _TEXT,
    "snapshot": _BOOLEAN,
    "rebased": _BOOLEAN,
    "users": Field("text", ("all",)),
}
_FIELDS: Final[Mapping[str, Fields]] = {
    "ticker": {**_SYMBOLS, "event_trigger": Field("text", ("trades", "bbo"))},
    "book": {**_SYMBOLS, "depth": _INTEGER},
    "ohlc": {**_SYMBOLS, "interval": _INTEGER},
    "trade": _SYMBOLS,
    "instrument": {
        "channel": _TEXT,
        "snapshot": _BOOLEAN,
        "include_tokenized_assets": _BOOLEAN,
        "execution_venue": _VENUE,
    },
    "level3": {**_SYMBOLS, "depth": _INTEGER, "token": _TEXT},
    "balances": _ACCOUNT,
    "executions": {
        **_ACCOUNT,
        "snap_orders": _BOOLEAN,
        "snap_trades": _BOOLEAN,
        "order_status": _BOOLEAN,
        "ratecounter": _BOOLEAN,
        "snapshot_trades": _BOOLEAN,
    },
}
PRIVATE_CHANNELS: Final = frozenset({"executions", "balances"})


@dataclass(frozen=True, slots=True)
class Ping:
    """``ping``, to be answered with ``pong``."""

    req_id: int | None
    method: str = "ping"


@dataclass(frozen=True, slots=True)
class Subscription:
    """``subscribe`` or ``unsubscribe``, with the defaults filled in.

    ``depth`` and ``interval`` (minutes) are 0 where the channel has none, ``event_trigger`` and ``token`` empty.
    ``named`` holds the parameters the client gave itself.
    """

    method: Literal["subscribe", "unsubscribe"]
    req_id: int | None
    channel: str
    symbols: tuple[str, ...]
    snapshot: bool
    depth: int
    interval: int
    event_trigger: str
    execution_venue: str
    token: str
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class AccountSubscription:
    """``subscribe`` or ``unsubscribe`` of a channel that tells of the account, with the defaults filled in.

    ``snapshot`` is whether one is sent at all, ``snap_orders`` and ``snap_trades`` what it holds. Without
    ``order_status`` only the outlines of an order's life are told, with ``ratecounter`` the counter beside them.
    """

    method: Literal["subscribe", "unsubscribe"]
    req_id: int | None
    channel: str
    token: str
    snapshot: bool = True
    snap_orders: bool = True
    snap_trades: bool = False
    order_status: bool = True
    ratecounter: bool = False


Request: TypeAlias = Ping | Subscription | AccountSubscription | TradingRequest


def parse(data: str | bytes, endpoint: Endpoint, *, clock_offset_ns: int = 0) -> Request:
    """The request in ``data``, as an endpoint of that kind would take it.

    Times in it are by the clock that the exchange shows, which is ahead of its own by ``clock_offset_ns``.

    >>> parse('{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}', "public").depth
    10

    Raises:
        BadRequest: it is refused; the exception says with which words.
    """
    try:
        message = json_text.read(data)
    except json_text.NotJson:
        raise BadRequest("Malformed request") from None
    if not isinstance(message, dict):
        raise BadRequest("Malformed request")
    method, req_id = message.get("method"), message.get("req_id")
    if not isinstance(method, str):
        raise BadRequest("Unsupported event" if "event" in message else "Malformed request")
    if "req_id" in message and not is_integer(req_id):
        raise BadRequest("Req_id field must be a number_integer", method)
    refuse = Refusing(method, req_id)
    is_trading = method in TRADING_METHODS
    if is_trading and endpoint != "private":
        raise refuse(PRIVATE_ELSEWHERE)
    if not is_trading and method not in ("ping", "subscribe", "unsubscribe"):
        raise refuse("Unsupported event")
    for field in message:
        if field not in ("method", "req_id") and (field != "params" or method == "ping"):
            raise refuse.unsupported(field)
    if method == "ping":
        return Ping(req_id)
    params = message.get("params")
    if not isinstance(params, dict):
        raise refuse("Params field must be an object")
    if is_trading:
        return read_trading(params, refuse, clock_offset_ns)
    return _subscription(params, endpoint, refuse)


def _subscription(params: dict[str, Any], endpoint: Endpoint, refuse: Refusing) -> Subscription | AccountSubscription:
    channel = params.get("channel")
    if not isinstance(channel, str):
        raise refuse.wrong_type("channel", "text")
    _check_endpoint(channel, endpoint, refuse)
    fields = _FIELDS[channel]
    symbols = params.get("symbol")
    if "symbol" in fields and isinstance(symbols, list) and all(isinstance(symbol, str) for symbol in symbols):
        refuse.symbols = tuple(symbols)
    params = checked(params, fields, refuse)
    if "symbol" in fields and not refuse.symbols:
        raise refuse("Symbol field must be an array of strings" if symbols else "Symbol(s) not found")
    if channel in PRIVATE_CHANNELS:
        return _of_the_account(params, refuse)
    return _with_defaults(params, channel, refuse)


def _check_endpoint(channel: str, endpoint: Endpoint, refuse: Refusing) -> None:
    if channel in PRIVATE_CHANNELS:
        if endpoint != "private":
            raise refuse(PRIVATE_ELSEWHERE)
        return
    if channel not in _FIELDS:
        raise refuse("Subscription name invalid")
    if channel == "level3":
        if endpoint != "level3":
            raise refuse(PRIVATE_ELSEWHERE if endpoint == "public" else PUBLIC_ELSEWHERE)
    elif endpoint != "public":
        raise refuse(PUBLIC_ELSEWHERE)


def _of_the_account(params: Mapping[str, Any], refuse: Refusing) -> AccountSubscription:
    # The deprecated names say the same as the new ones, which win.
    is_snapshot = params.get("snapshot", True)
    of_balances = params["channel"] == "balances"
    return AccountSubscription(
        method="subscribe" if refuse.method == "subscribe" else "unsubscribe",
        req_id=refuse.req_id,
        channel=params["channel"],
        token=params.get("token", ""),
        snapshot="users" not in params and (is_snapshot or not of_balances),
        snap_orders=params.get("snap_orders", is_snapshot),
        snap_trades=params.get("snap_trades", params.get("snapshot_trades", False)),
        order_status=params.get("order_status", True),
        ratecounter=params.get("ratecounter", False),
    )


def _with_defaults(params: dict[str, Any], channel: str, refuse: Refusing) -> Subscription:
    depth = params.get("depth", 10 if channel in ("book", "level3") else 0)
    if channel in ("book", "level3") and depth not in (BOOK_DEPTHS if channel == "book" else LEVEL3_DEPTHS):
        raise refuse("Subscription depth not supported")
    interval = params.get("interval", 1 if channel == "ohlc" else 0)
    if channel == "ohlc" and interval not in INTERVALS:
        raise refuse("Subscription ohlc interval not supported")
    return Subscription(
        method="subscribe" if refuse.method == "subscribe" else "unsubscribe",
        req_id=refuse.req_id,
        channel=channel,
        symbols=refuse.symbols,
        snapshot=params.get("snapshot", channel != "trade"),
        depth=depth,
        interval=interval,
        event_trigger=params.get("event_trigger", "trades" if channel == "ticker" else ""),
        execution_venue=params.get("execution_venue", "international"),
        token=params.get("token", ""),
        named=frozenset(params),
    )
