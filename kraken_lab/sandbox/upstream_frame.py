"""What a public frame of the real exchange says, as values: books, trades, reference data, states, acknowledgements.

This is the sandbox's own reading, after the reference. Unknown fields and channels are ignored; a message whose known
fields are missing or of the wrong type is a `BadFrame`, which says whose books it may have concerned.

Source: Book, Trade, Instrument, Status and Subscribe pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from kraken_lab.sandbox import json_text
from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.instants import instant_ns

__all__ = [
    "Acknowledged",
    "BadFrame",
    "BookMessage",
    "Instruments",
    "Message",
    "SystemState",
    "TradeMessage",
    "UpstreamTrade",
    "read_frame",
]

Levels: TypeAlias = tuple[tuple[Decimal | int, Decimal | int], ...]


_OF_NO_CONSEQUENCE: Final = tuple(f'{{"channel":"{name}"' for name in ("heartbeat", "ticker", "ohlc"))


class BadFrame(ValueError):
    """A frame that cannot be read. ``symbol`` is whose it was, "" if not even that could be told."""

    def __init__(self, reason: str, symbol: str = "") -> None:
        super().__init__(reason)
        self.symbol = symbol


@dataclass(frozen=True, slots=True)
class BookMessage:
    """A ``book`` snapshot or update: levels as ``(price, quantity)`` in the order of the wire, quantity 0 removes."""

    symbol: str
    is_snapshot: bool
    bids: Levels
    asks: Levels
    checksum: int


@dataclass(frozen=True, slots=True)
class UpstreamTrade:
    """One trade. ``side`` and ``ord_type`` are the taker's; ``ns`` is the exchange's time."""

    trade_id: int
    side: Side
    price: Decimal | int
    qty: Decimal | int
    ord_type: Literal["limit", "market"]
    ns: int


@dataclass(frozen=True, slots=True)
class TradeMessage:
    """The trades of one symbol in one message, oldest first. Those of a snapshot happened before it was asked for."""

    symbol: str
    is_snapshot: bool
    trades: tuple[UpstreamTrade, ...]


@dataclass(frozen=True, slots=True)
class Instruments:
    """Reference data: the entries as they came, complete each."""

    assets: Sequence[Any]
    pairs: Sequence[Any]


@dataclass(frozen=True, slots=True)
class SystemState:
    """The engine's state, any text, and the connection that says so."""

    system: str
    connection_id: int | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A subscription that begins or ends. ``depth`` is that of a book."""

    begins: bool
    channel: str
    symbol: str
    depth: int | None


Message: TypeAlias = BookMessage | TradeMessage | Instruments | SystemState | Acknowledged


def read_frame(raw: str) -> list[Message]:
    """The messages in a frame, in order; none if it is of a kind that decides nothing here (a heartbeat, a ticker).

    >>> read_frame('{"channel":"status","type":"update","data":[{"system":"online"}]}')
    [SystemState(system='online', connection_id=None)]

    Raises:
        BadFrame: it is not JSON, or not of the shape that its channel has.
    """
    if raw.startswith(_OF_NO_CONSEQUENCE):
        return []
    try:
        frame = json_text.read(raw)
    except json_text.NotJson as error:
        raise BadFrame(f"not JSON: {error}") from None
    if not isinstance(frame, dict):
        raise BadFrame("not an object")
    symbol = ""
    try:
        channel = frame.get("channel")
        if channel == "book" or channel == "trade":
            symbol = _first_symbol(frame)
            return list(_books(frame) if channel == "book" else _trades(frame))
        if channel == "instrument":
            data = frame["data"]
            return [Instruments(tuple(data["assets"]), tuple(data["pairs"]))]
        if channel == "status":
            return [SystemState(_text(data["system"]), data.get("connection_id")) for data in frame["data"]]
        return list(_acknowledgement(frame))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFrame(f"{channel or 'answer'}: {type(error).__name__} {error}", symbol) from None


def _first_symbol(frame: Mapping[str, Any]) -> str:
    data = frame.get("data")
    first = data[0] if isinstance(data, list) and data else None
    symbol = first.get("symbol") if isinstance(first, dict) else None
    return symbol if isinstance(symbol, str) else ""


def _books(frame: Mapping[str, Any]) -> Iterator[BookMessage]:
    for data in frame["data"]:
        bids, asks = _levels(data["bids"]), _levels(data["asks"])
        yield BookMessage(_text(data["symbol"]), _is_snapshot(frame), bids, asks, _whole(data["checksum"]))


def _levels(entries: Sequence[Mapping[str, Any]]) -> Levels:
    return tuple([(_number(entry["price"]), _number(entry["qty"])) for entry in entries])


def _trades(frame: Mapping[str, Any]) -> Iterator[TradeMessage]:
    """One message a symbol: "Several trades may share a message"."""
    by_symbol: dict[str, list[UpstreamTrade]] = {}
    for data in frame["data"]:
        trade = UpstreamTrade(
            _whole(data["trade_id"]),
            _one_of(data["side"], "buy", "sell"),
            _number(data["price"]),
            _number(data["qty"]),
            "limit" if _text(data["ord_type"]) == "limit" else "market",
            instant_ns(data["timestamp"]),
        )
        by_symbol.setdefault(_text(data["symbol"]), []).append(trade)
    for symbol, trades in by_symbol.items():
        yield TradeMessage(symbol, _is_snapshot(frame), tuple(trades))


def _acknowledgement(frame: Mapping[str, Any]) -> Iterator[Acknowledged]:
    method, result = frame.get("method"), frame.get("result")
    if frame.get("success") is True and method in ("subscribe", "unsubscribe") and isinstance(result, dict):
        depth = result.get("depth")
        yield Acknowledged(
            method == "subscribe",
            _text(result.get("channel", "")),
            _text(result.get("symbol", "")),
            None if depth is None else _whole(depth),
        )


def _is_snapshot(frame: Mapping[str, Any]) -> bool:
    return bool(_one_of(frame["type"], "update", "snapshot") == "snapshot")


def _number(value: object) -> Decimal | int:
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        if value < 0:
            raise ValueError(f"{value} is negative")
        return value
    raise TypeError(f"{value!r} is no number")


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is no whole number")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is no text")


def _one_of(value: object, *choices: str) -> Any:
    if value in choices:
        return value
    raise ValueError(f"{value!r} is none of {', '.join(choices)}")
