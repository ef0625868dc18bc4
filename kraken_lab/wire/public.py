"""Messages of the public channels: status, heartbeat, ticker, book, level3, ohlc, trade, instrument.

Prices are in quote currency per base, quantities in base currency. The two busy channels, ``book`` and ``level3``,
keep numbers as their wire text (`Digits`); the others have `Decimal`. Times are the exchange's text.

Source: the channels' own pages, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from ..errors import Malformed
from .frame import Channel, Checksum, Count, Digits, Kind, Precision, Row
from .numbers import bounded
from .timestamps import to_ns

__all__ = [
    "Asset",
    "BookChange",
    "BookMessage",
    "Candle",
    "Heartbeat",
    "InstrumentData",
    "InstrumentMessage",
    "Level",
    "Level3Change",
    "Level3Message",
    "Level3Order",
    "OhlcMessage",
    "Pair",
    "StatusMessage",
    "SystemStatus",
    "Ticker",
    "TickerMessage",
    "Trade",
    "TradeMessage",
]


def check_bounds(*numbers: Decimal | None) -> None:
    """Refuse numbers no message can mean. The decoder turns the ValueError into its own, with the place."""
    for number in numbers:
        if number is not None and not bounded(number):
            raise ValueError("a number out of bounds")


class SystemStatus(Row, frozen=True):
    """The state of the matching engine; ``system`` is ``online``, ``maintenance``, ``cancel_only``, ..."""

    system: str
    api_version: str | None = None
    connection_id: int | None = None
    """Unsigned 64 bit: it does not fit a signed column. Missing at times during maintenance."""
    version: str | None = None
    upcoming_maintenance: tuple[Any, ...] = ()
    emergency: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.connection_id is not None and not 0 <= self.connection_id < 2**64:
            raise ValueError("connection_id is not an unsigned 64-bit integer")


class StatusMessage(Channel, tag_field="channel", tag="status"):
    """Sent first on every connection and whenever the engine's state changes. Source: "Status"."""

    channel: ClassVar[str] = "status"
    type: Kind
    data: list[SystemStatus]


class Heartbeat(Channel, tag_field="channel", tag="heartbeat"):
    """A second passed without other messages. It proves the connection, not a subscription. Source: "Heartbeat"."""

    channel: ClassVar[str] = "heartbeat"


class Ticker(Row, frozen=True):
    """Best prices and the last 24 hours of one pair, always complete."""

    symbol: str
    bid: Decimal
    bid_qty: Decimal
    ask: Decimal
    ask_qty: Decimal
    last: Decimal
    volume: Decimal
    vwap: Decimal
    low: Decimal
    high: Decimal
    change: Decimal
    change_pct: Decimal
    timestamp: str | None = None
    volume_usd: Decimal | None = None
    trades: Count | None = None

    def __post_init__(self) -> None:
        check_bounds(
            self.bid, self.bid_qty, self.ask, self.ask_qty, self.last, self.volume, self.vwap, self.low, self.high,
            self.change, self.change_pct, self.volume_usd,
        )  # fmt: skip


class TickerMessage(Channel, tag_field="channel", tag="ticker"):
    """Level 1 of one or more pairs. Source: "Ticker (Level 1)"."""

    channel: ClassVar[str] = "ticker"
    type: Kind
    data: list[Ticker]


class Level(Row, frozen=True):
    """A price level: the whole quantity there now; zero removes the level."""

    price: Digits
    qty: Digits


class BookChange(Row, frozen=True):
    """Levels of one pair's book, best first in a snapshot, and the checksum of the book once they are applied."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    checksum: Checksum
    timestamp: str | None = None


class BookMessage(Channel, tag_field="channel", tag="book"):
    """Level 2 of one or more pairs. Source: "Book (Level 2)"."""

    channel: ClassVar[str] = "book"
    type: Kind
    data: list[BookChange]


class Level3Order(Row, frozen=True):
    """One resting order. ``event`` is ``add``, ``modify`` or ``delete`` in updates, empty in snapshots."""

    order_id: str
    limit_price: Digits
    order_qty: Digits
    timestamp: str | None = None
    event: str = ""


class Level3Change(Row, frozen=True):
    """Orders of one pair, in queue order within a level, and the checksum once they are applied."""

    symbol: str
    bids: list[Level3Order]
    asks: list[Level3Order]
    checksum: Checksum
    timestamp: str | None = None


class Level3Message(Channel, tag_field="channel", tag="level3"):
    """Every visible order of one or more pairs. Source: "Orders (Level 3)"."""

    channel: ClassVar[str] = "level3"
    type: Kind
    data: list[Level3Change]


def _check_begin(text: str) -> None:
    """A candle is known by its beginning, so unlike other times it must be one, and fit a column of nanoseconds."""
    try:
        known = -(2**63) < to_ns(text) < 2**63
    except Malformed as error:
        raise ValueError(error.reason) from None
    if not known:
        raise ValueError("a time too far away")


class Candle(Row, frozen=True):
    """One interval of one pair, known by ``symbol``, ``interval`` (minutes) and ``interval_begin``.

    ``timestamp`` is deprecated and holds the *end* of the interval, whatever its description says.
    """

    symbol: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    trades: Count
    volume: Decimal
    vwap: Decimal
    interval_begin: str
    interval: Count
    timestamp: str | None = None

    def __post_init__(self) -> None:
        check_bounds(self.open, self.high, self.low, self.close, self.volume, self.vwap)
        _check_begin(self.interval_begin)


class OhlcMessage(Channel, tag_field="channel", tag="ohlc"):
    """Candles, the one in progress sent again at each trade. ``timestamp`` has nanoseconds. Source: "OHLC"."""

    channel: ClassVar[str] = "ohlc"
    type: Kind
    data: list[Candle]
    timestamp: str | None = None


class Trade(Row, frozen=True):
    """One trade; ``side`` and ``ord_type`` are the taker's, ``trade_id`` counts up by one within a pair.

    A trade is taken without its ``timestamp`` too: it happened, whatever is not said of it.
    """

    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    ord_type: str
    trade_id: Count
    timestamp: str | None = None

    def __post_init__(self) -> None:
        check_bounds(self.price, self.qty)


class TradeMessage(Channel, tag_field="channel", tag="trade"):
    """Trades, oldest first; a snapshot holds the last 50. Source: "Trade"."""

    channel: ClassVar[str] = "trade"
    type: Kind
    data: list[Trade]


class Asset(Row, frozen=True):
    """What is known of one asset; ``precision`` is the decimals of its balances."""

    id: str
    status: str
    precision: Precision
    precision_display: Precision
    borrowable: bool
    collateral_value: Decimal
    margin_rate: Decimal | None = None
    multiplier: Decimal | None = None
    asset_class: str | None = msgspec.field(default=None, name="class")

    def __post_init__(self) -> None:
        check_bounds(self.collateral_value, self.margin_rate, self.multiplier)


class Pair(Row, frozen=True):
    """What is known of one pair. Checksums use the precisions, orders the increments and minimums."""

    symbol: str
    base: str
    quote: str
    status: str
    price_precision: Precision
    qty_precision: Precision
    cost_precision: Precision
    price_increment: Decimal
    qty_increment: Decimal
    qty_min: Decimal
    marginable: bool
    has_index: bool
    cost_min: Decimal | None = None
    tick_size: Decimal | None = None
    """Deprecated twin of ``price_increment``."""
    margin_initial: Decimal | None = None
    position_limit_long: Decimal | None = None
    position_limit_short: Decimal | None = None
    ws_display_price_precision: Precision | None = None

    def __post_init__(self) -> None:
        check_bounds(
            self.price_increment, self.qty_increment, self.qty_min, self.cost_min, self.tick_size, self.margin_initial,
            self.position_limit_long, self.position_limit_short,
        )  # fmt: skip


class InstrumentData(Row, frozen=True):
    """Assets and pairs: all of them in a snapshot, the changed ones, each complete, in an update."""

    assets: list[Asset]
    pairs: list[Pair]


class InstrumentMessage(Channel, tag_field="channel", tag="instrument"):
    """Reference data; ``data`` is one object, not a list. Source: "Instruments"."""

    channel: ClassVar[str] = "instrument"
    type: Kind
    data: InstrumentData
