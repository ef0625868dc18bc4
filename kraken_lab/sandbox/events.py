"""What one action does to a book, as values that never change.

A `Batch` is all that one atomic action did: which resting orders appeared, shrank or went, and which trades happened.
Everything the exchange publishes (books, level3, trades, candles, tickers) follows from batches.
Prices and quantities are integers scaled by the pair's precisions; times are nanoseconds since the Unix epoch, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "Batch",
    "Change",
    "OrderAdded",
    "OrderChanged",
    "OrderRemoved",
    "Refill",
    "RestingOrder",
    "Side",
    "TimeInForce",
    "Trade",
]

Side: TypeAlias = Literal["buy", "sell"]
TimeInForce: TypeAlias = Literal["gtc", "ioc", "fok"]


@dataclass(slots=True)
class RestingOrder:
    """One order in a queue. The engine owns and changes it; everybody else only reads it, at once.

    ``qty`` is what remains and is visible; ``queued_ns`` is when the order took its present place in the queue.
    Orders of one ``owner`` never trade with each other ("" is nobody in particular). An iceberg shows ``display`` at a
    time and keeps ``hidden`` back; both are 0 for all other orders.
    """

    order_id: str
    side: Side
    price: int
    qty: int
    queued_ns: int
    owner: str = ""
    display: int = 0
    hidden: int = 0

    @property
    def open_qty(self) -> int:
        """All that remains, shown or not."""
        return self.qty + self.hidden


@dataclass(frozen=True, slots=True)
class OrderAdded:
    """An order came to rest at the end of its price's queue, with ``qty`` open."""

    order_id: str
    side: Side
    price: int
    qty: int
    ns: int


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """A resting order kept its place and has ``qty`` left, after a partial fill or a reduction."""

    order_id: str
    side: Side
    price: int
    qty: int
    ns: int


@dataclass(frozen=True, slots=True)
class OrderRemoved:
    """A resting order was filled or cancelled. ``qty`` is what it last showed, for information only."""

    order_id: str
    side: Side
    price: int
    qty: int
    ns: int


Change: TypeAlias = OrderAdded | OrderChanged | OrderRemoved


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill: ``side`` and ``ord_type`` are the taker's, ``price`` the maker's, ``trade_id`` consecutive per pair."""

    trade_id: int
    side: Side
    price: int
    qty: int
    ord_type: Literal["limit", "market"]
    ns: int
    maker_order_id: str
    taker_order_id: str


@dataclass(frozen=True, slots=True)
class Refill:
    """An iceberg's visible part was used up by trade ``trade_id``, and ``qty`` more is shown, at the back of the queue.

    Among the changes it is a removal and an addition under the same id.
    """

    order_id: str
    qty: int
    trade_id: int


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one atomic action did to one book, in the order in which it happened.

    ``prevented`` are the orders of which all that was left went because they would have traded with their own owner.

    An action that did nothing (a post-only order that would have taken, an ioc order that found nobody) is an
    empty batch, which is false:

    >>> bool(Batch("BTC/USD", 0, (), ()))
    False
    """

    symbol: str
    ns: int
    changes: tuple[Change, ...]
    trades: tuple[Trade, ...]
    refills: tuple[Refill, ...] = ()
    prevented: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.trades or self.prevented)
