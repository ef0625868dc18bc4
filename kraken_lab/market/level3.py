"""The book of one symbol order by order: who stands where in which queue, and proof that it is right.

A `Level3Book` takes decoded ``level3`` messages under the same contract as a `Book`: it is owned by one thread, exact,
and void after any error until the next snapshot. Everyone else reads a `Level3Snapshot`, which never changes.

Source: "Orders (Level 3)" and the level 3 checksum guide, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import ClassVar, Literal

from ..errors import BadArgument
from ..wire.messages import Level3Message
from .ladder import Ladder, decimal
from .proved_book import ProvedBook
from .queue import QueueSide, Resting
from .snapshot import BookSnapshot, read_time

__all__ = ["Level3Book", "Level3Snapshot", "Position", "QueuedOrder"]


@dataclass(frozen=True, slots=True)
class QueuedOrder:
    """One resting order: price in quote per base, remaining visible quantity in base, the exchange's time as text."""

    order_id: str
    side: Literal["bids", "asks"]
    price: Decimal
    qty: Decimal
    timestamp: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where an order stands at its price: how many orders and how much quantity (base) are served before it."""

    order: QueuedOrder
    orders_ahead: int
    qty_ahead: Decimal
    orders_behind: int
    qty_behind: Decimal


class Level3Book(ProvedBook[QueueSide]):
    """Every visible order of one symbol on up to ``depth`` price levels a side, verified after every message.

    >>> from kraken_lab.wire import decode
    >>> book = Level3Book("BTC/USD", 10, price_precision=1, qty_precision=8)
    >>> book.apply(decode('{"channel":"level3","type":"snapshot","data":[{"symbol":"BTC/USD","checksum":0,'
    ...                   '"bids":[],"asks":[]}]}'))
    >>> book
    <Level3Book BTC/USD: 0 bids on 0 levels, 0 asks on 0 levels, checksum 0>
    """

    __slots__ = ()

    channel: ClassVar[str] = "level3"

    def _sides(self) -> tuple[QueueSide, QueueSide]:
        digits = self.price_precision, self.qty_precision
        return QueueSide(self.symbol, 1, *digits), QueueSide(self.symbol, -1, *digits)

    def apply(self, message: Level3Message) -> None:
        """Apply what a message says of this symbol; see `apply_change`."""
        for change in message.data:
            if change.symbol == self.symbol:
                self.apply_change(change, message.type == "snapshot")

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def bids(self) -> list[tuple[Decimal, Decimal]]:
        """Price (quote per base) and whole quantity (base) of each level of bids, best first. Empty while void."""
        return self._levels(self._bids)

    @property
    def asks(self) -> list[tuple[Decimal, Decimal]]:
        """Price (quote per base) and whole quantity (base) of each level of asks, best first. Empty while void."""
        return self._levels(self._asks)

    def orders(self, side: Literal["bids", "asks"], levels: int | None = None) -> list[QueuedOrder]:
        """The orders of the best ``levels`` of a side, level by level, oldest first within one."""
        return list(self._frozen(side, levels).orders)

    def snapshot(
        self, depth: int | None = None, *, received_at_ns: int | None = None, epoch: int = 0
    ) -> Level3Snapshot:
        """The queues as they are now, for anyone to keep. ``depth`` takes fewer levels a side than there are.

        Raises:
            DataError: there is no book to take one of.
        """
        self._need_a_book()
        return Level3Snapshot(
            symbol=self.symbol,
            depth=self.depth if depth is None else min(depth, self.depth),
            bid_queues=self._frozen("bids", depth),
            ask_queues=self._frozen("asks", depth),
            checksum=self.checksum or 0,
            timestamp_ns=read_time(self.timestamp),
            received_at_ns=received_at_ns,
            epoch=epoch,
        )

    def __len__(self) -> int:
        """The number of orders, both sides together."""
        return len(self._asks) + len(self._bids)

    def __repr__(self) -> str:
        if not self.valid:
            return f"<Level3Book {self.symbol}: void until its next snapshot>"
        sides = [f"{len(side)} {side.name} on {len(side.queues)} levels" for side in (self._bids, self._asks)]
        return f"<Level3Book {self.symbol}: {', '.join(sides)}, checksum {self.checksum}>"

    def _levels(self, side: QueueSide) -> list[tuple[Decimal, Decimal]]:
        return [
            (decimal(abs(queue.key), self.price_precision), decimal(queue.qty, self.qty_precision)) for queue in side
        ]

    def _frozen(self, side: Literal["bids", "asks"], levels: int | None) -> FrozenQueues:
        held = self._bids if side == "bids" else self._asks
        return FrozenQueues(
            side=side,
            queues=tuple((queue.key, tuple(queue.orders.items())) for queue in held.queues[:levels]),
            price_precision=self.price_precision,
            qty_precision=self.qty_precision,
        )


@dataclass(frozen=True)
class FrozenQueues:
    """The queues of one side at one instant, read as decimals only when looked at."""

    side: Literal["bids", "asks"]
    queues: tuple[tuple[int, tuple[tuple[str, Resting], ...]], ...]
    price_precision: int
    qty_precision: int

    @cached_property
    def orders(self) -> tuple[QueuedOrder, ...]:
        """Every order, best level first, oldest first within one."""
        return tuple(
            QueuedOrder(order_id, self.side, price, decimal(qty, self.qty_precision), timestamp)
            for key, orders in self.queues
            for price in (decimal(abs(key), self.price_precision),)
            for order_id, (qty, timestamp) in orders
        )

    @cached_property
    def ladder(self) -> Ladder:
        """The levels with their whole quantities."""
        totals = [(key, sum(qty for _, (qty, _) in orders)) for key, orders in self.queues]
        return Ladder(
            keys=tuple(key for key, _ in totals),
            held=tuple(qty for _, qty in totals),
            price_precision=self.price_precision,
            qty_precision=self.qty_precision,
        )


@dataclass(frozen=True, repr=False)
class Level3Snapshot:
    """A book of orders at one instant; it never changes. Times are nanoseconds since 1970 UTC, as in `BookSnapshot`."""

    symbol: str
    depth: int
    bid_queues: FrozenQueues = field(repr=False)
    ask_queues: FrozenQueues = field(repr=False)
    checksum: int = 0
    timestamp_ns: int | None = None
    received_at_ns: int | None = None
    epoch: int = 0

    @property
    def queue(self) -> tuple[QueuedOrder, ...]:
        """All orders: bids, then asks, best level first, oldest first within one."""
        return self.bid_queues.orders + self.ask_queues.orders

    @property
    def bids(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Price and whole quantity of each level of bids, best first."""
        return self.bid_queues.ladder.levels

    @property
    def asks(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Price and whole quantity of each level of asks, best first."""
        return self.ask_queues.ladder.levels

    @cached_property
    def book(self) -> BookSnapshot:
        """The same by levels, with its analytics."""
        return BookSnapshot(
            symbol=self.symbol,
            depth=self.depth,
            bid_ladder=self.bid_queues.ladder,
            ask_ladder=self.ask_queues.ladder,
            checksum=self.checksum,
            timestamp_ns=self.timestamp_ns,
            received_at_ns=self.received_at_ns,
            epoch=self.epoch,
        )

    def position(self, order_id: str) -> Position:
        """Where an order stands in the queue of its price.

        Raises:
            BadArgument: no such order in the visible book.
        """
        for queues in (self.bid_queues, self.ask_queues):
            for key, orders in queues.queues:
                place = next((at for at, (held, _) in enumerate(orders) if held == order_id), None)
                if place is not None:
                    ahead, behind = orders[:place], orders[place + 1 :]
                    qty, timestamp = orders[place][1]
                    return Position(
                        order=QueuedOrder(
                            order_id,
                            queues.side,
                            decimal(abs(key), queues.price_precision),
                            decimal(qty, queues.qty_precision),
                            timestamp,
                        ),
                        orders_ahead=len(ahead),
                        qty_ahead=decimal(sum(qty for _, (qty, _) in ahead), queues.qty_precision),
                        orders_behind=len(behind),
                        qty_behind=decimal(sum(qty for _, (qty, _) in behind), queues.qty_precision),
                    )
        raise BadArgument("order_id", order_id, f"an order on the best {self.depth} levels of {self.symbol}")

    def __repr__(self) -> str:
        return (
            f"<Level3Snapshot {self.symbol}: {len(self.bid_queues.orders)} bids on {len(self.bids)} levels, "
            f"{len(self.ask_queues.orders)} asks on {len(self.asks)} levels>"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{order.side[:-1]}</td><td align='right'>{order.price:f}</td><td align='right'>{order.qty:f}</td>"
            f"<td>{escape(order.order_id)}</td></tr>"
            for queues in (self.bid_queues, self.ask_queues)
            for order in queues.orders[:10]
        )
        return (
            '<table class="tex2jax_ignore mathjax_ignore">'
            f"<caption>{escape(self.symbol)}, front of the queues</caption><thead><tr><th></th><th>price</th>"
            f"<th>quantity</th><th>order</th></tr></thead><tbody>{rows}</tbody></table>"
        )
