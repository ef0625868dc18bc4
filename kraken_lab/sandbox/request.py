"""What a client asks, parsed as strictly as the exchange does: nothing unknown, nothing of the wrong type.

`parse` turns a text into one of four requests or raises `BadRequest` with the exchange's words. Which symbols exist and
what is subscribed already is the session's business.

Source: General and channel pages, Kraken WebSocket API v2 reference. Error texts as observed on the live service; those
for missing or wrong parameters that nobody has published are formed alike (``Depth field must be a number_integer``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from kraken_lab.sandbox import json_text

__all__ = [
    "BOOK_DEPTHS",
    "INTERVALS",
    "LEVEL3_DEPTHS",
    "TRADING_METHODS",
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
TRADING_METHODS: Final = frozenset(
    {
        "add_order",
        "amend_order",
        "edit_order",
        "cancel_order",
        "cancel_all",
        "cancel_all_orders_after",
        "batch_add",
        "batch_cancel",
    }
)

PRIVATE_ELSEWHERE: Final = "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"
PUBLIC_ELSEWHERE: Final = "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com"

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "ticker": ("channel", "symbol", "snapshot", "event_trigger"),
    "book": ("channel", "symbol", "snapshot", "depth"),
    "ohlc": ("channel", "symbol", "snapshot", "interval"),
    "trade": ("channel", "symbol", "snapshot"),
    "instrument": ("channel", "snapshot", "include_tokenized_assets", "execution_venue"),
    "level3": ("channel", "symbol", "snapshot", "depth", "token"),
}
_PRIVATE_CHANNELS: Final = frozenset({"executions", "balances"})
_TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "channel": (str, "a string"),
    "symbol": (list, "an array"),
    "snapshot": (bool, "a boolean"),
    "event_trigger": (str, "a string"),
    "depth": (int, "a number_integer"),
    "interval": (int, "a number_integer"),
    "include_tokenized_assets": (bool, "a boolean"),
    "execution_venue": (str, "a string"),
    "token": (str, "a string"),
}
_ENUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "event_trigger": ("trades", "bbo"),
    "execution_venue": ("international", "bitnomial-exchange"),
}


class BadRequest(Exception):
    """A request that is refused as a whole. ``symbols`` are those it named, each of which gets its own refusal."""

    def __init__(
        self, error: str, method: str = "error", req_id: int | None = None, symbols: tuple[str, ...] = ()
    ) -> None:
        super().__init__(error)
        self.error, self.method, self.req_id, self.symbols = error, method, req_id, symbols


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


Request: TypeAlias = Ping | Subscription


def parse(data: str | bytes, endpoint: Endpoint) -> Request:
    """The request in ``data``, as an endpoint of that kind would take it.

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
    if "req_id" in message and not _is_integer(req_id):
        raise BadRequest("Req_id field must be a number_integer", method)
    refuse = _Refusal(method, req_id)
    if method in TRADING_METHODS:
        raise refuse("EService:Unavailable" if endpoint == "private" else PRIVATE_ELSEWHERE)
    if method not in ("ping", "subscribe", "unsubscribe"):
        raise refuse("Unsupported event")
    for field in message:
        if field not in ("method", "req_id") and (field != "params" or method == "ping"):
            raise refuse.unsupported(field)
    if method == "ping":
        return Ping(req_id)
    params = message.get("params")
    if not isinstance(params, dict):
        raise refuse("Params field must be an object")
    return _subscription(params, endpoint, refuse)


class _Refusal:
    """Makes the `BadRequest`s of one request."""

    def __init__(self, method: str, req_id: int | None) -> None:
        self.method, self.req_id = method, req_id
        self.symbols: tuple[str, ...] = ()

    def __call__(self, error: str) -> BadRequest:
        return BadRequest(error, self.method, self.req_id, self.symbols)

    def unsupported(self, field: str) -> BadRequest:
        return self(f"Unsupported field: '{field}' for the given msg type: {self.method}")

    def wrong_type(self, field: str, kind: str) -> BadRequest:
        return self(f"{field.capitalize()} field must be {kind}")


def _subscription(params: dict[str, Any], endpoint: Endpoint, refuse: _Refusal) -> Subscription:
    channel = params.get("channel")
    if not isinstance(channel, str):
        raise refuse.wrong_type("channel", "a string")
    _check_endpoint(channel, endpoint, refuse)
    fields = _FIELDS[channel]
    symbols = params.get("symbol")
    if "symbol" in fields and isinstance(symbols, list) and all(isinstance(symbol, str) for symbol in symbols):
        refuse.symbols = tuple(symbols)
    for field in params:
        if field not in fields:
            raise refuse.unsupported(field)
    for field, value in params.items():
        kind, words = _TYPES[field]
        if not (_is_integer(value) if kind is int else isinstance(value, kind)):
            raise refuse.wrong_type(field, words)
        if field in _ENUMS and value not in _ENUMS[field]:
            raise refuse(f"EGeneral:Invalid arguments:{field}")
    if "symbol" in fields and not refuse.symbols:
        raise refuse("Symbol field must be an array of strings" if symbols else "Symbol(s) not found")
    return _with_defaults(params, channel, refuse)


def _check_endpoint(channel: str, endpoint: Endpoint, refuse: _Refusal) -> None:
    if channel in _PRIVATE_CHANNELS:
        raise refuse("EService:Unavailable" if endpoint == "private" else PRIVATE_ELSEWHERE)
    if channel not in _FIELDS:
        raise refuse("Subscription name invalid")
    if channel == "level3":
        if endpoint != "level3":
            raise refuse(PRIVATE_ELSEWHERE if endpoint == "public" else PUBLIC_ELSEWHERE)
    elif endpoint != "public":
        raise refuse(PUBLIC_ELSEWHERE)


def _with_defaults(params: dict[str, Any], channel: str, refuse: _Refusal) -> Subscription:
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


def _is_integer(value: object) -> bool:
    """Whether it is an integer that fits 64 bits, signed or unsigned, as a JSON parser in C++ sees one."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64
