"""One side of a book of single orders: price levels, best first, each a queue of orders.

A level is a dict from order id to order; dicts keep insertion order, so the dict is the queue. Each level keeps the
digits that the checksum wants until one of its orders changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ..errors import ImpossibleBook
from ..wire.messages import Level3Order
from .checksum import LEVELS
from .priced_side import END, PricedSide

__all__ = ["Queue", "QueueSide", "Resting", "keeps_place"]


Resting: TypeAlias = tuple[int, str | None]
"""An order in a queue: its quantity in units of the last decimal, and the exchange's time of its last change."""


def keeps_place(*, before: int, after: int) -> bool:
    """Whether an order whose quantity is modified keeps its place in the queue.

    The reference does not say. An order that shrinks, by a partial fill or because its owner reduced it, loses nothing;
    one that grows goes to the back, as the matching engine does with amended orders. The checksum is the judge.

    >>> keeps_place(before=10, after=4), keeps_place(before=10, after=11)
    (True, False)
    """
    return after <= before


class Queue:
    """The orders at one price, oldest first. ``price`` is its digits.

    ``text`` is what the checksum wants of all of them together; None once one has changed.
    """

    __slots__ = ("key", "orders", "price", "text")

    def __init__(self, key: int, price: str) -> None:
        self.key, self.price = key, price
        self.orders: dict[str, Resting] = {}
        self.text: str | None = None

    def read_text(self) -> str:
        """Price and quantity digits of every order, joined."""
        price = self.price
        self.text = text = "".join([f"{price}{qty}" for qty, _ in self.orders.values()])
        return text

    @property
    def qty(self) -> int:
        """The quantity of all orders together."""
        return sum(qty for qty, _ in self.orders.values())


class QueueSide(PricedSide[Level3Order]):
    """The queues of one side, best first."""

    __slots__ = ("_home", "queues")

    def __init__(self, symbol: str, sign: int, price_precision: int, qty_precision: int) -> None:
        super().__init__(symbol, sign, price_precision, qty_precision)
        self.queues: list[Queue] = []
        self._home: dict[str, Queue] = {}

    def clear(self) -> None:
        """Forget all orders."""
        self.keys, self.queues, self._home, self.top = [END], [], {}, b""

    def apply(self, orders: Sequence[Level3Order], depth: int) -> None:
        """Apply events in the order given, then cut to ``depth`` price levels.

        Source: "Orders (Level 3)", Kraken WebSocket API v2 reference: nothing announces a level that falls out, and one
        that comes into scope is sent as an ``add`` for each of its orders.
        """
        home = self._home
        for order in orders:
            event = order.event
            if event == "add":
                if order.order_id in home:
                    self._remove(order.order_id)
                self._append(order)
            elif event == "delete":
                self._remove(order.order_id)
            elif event == "modify":
                self._modify(order)
            # an event not known yet is left to the checksum
        if len(self.queues) > depth:
            self._cut(depth)
        self._read_top()

    def replace(self, orders: Sequence[Level3Order], depth: int) -> None:
        """Take a snapshot's orders, which must run from the best level to the worst and name each order once."""
        self.clear()
        last: int | None = None
        for order in orders:
            key, _ = self._memory.get(order.limit_price) or self._read_price(order.limit_price)
            if (last is not None and key < last) or order.order_id in self._home:
                raise ImpossibleBook(self.symbol, f"the {self.name} of a snapshot out of order")
            self._append(order)
            last = key
        self._cut(depth)
        self._read_top()

    def home(self, order_id: str) -> Queue | None:
        """The queue an order stands in."""
        return self._home.get(order_id)

    def __len__(self) -> int:
        """The number of orders."""
        return len(self._home)

    def __iter__(self) -> Iterator[Queue]:
        """The queues, best first."""
        return iter(self.queues)

    def _append(self, order: Level3Order) -> None:
        qty = self._read_qty(order.order_qty)
        if not qty:
            return
        key, price = self._memory.get(order.limit_price) or self._read_price(order.limit_price)
        keys = self.keys
        at = bisect_left(keys, key)
        if keys[at] == key:
            queue = self.queues[at]
        else:
            queue = Queue(key, price)
            keys.insert(at, key)
            self.queues.insert(at, queue)
        queue.orders[order.order_id] = (qty, order.timestamp)
        queue.text = None
        self._home[order.order_id] = queue

    def _modify(self, order: Level3Order) -> None:
        queue = self._home.get(order.order_id)
        if queue is None:
            return
        before, after = queue.orders[order.order_id][0], self._read_qty(order.order_qty)
        key, _ = self._memory.get(order.limit_price) or self._read_price(order.limit_price)
        if after and queue.key == key and keeps_place(before=before, after=after):
            queue.orders[order.order_id] = (after, order.timestamp)
            queue.text = None
        else:
            self._remove(order.order_id)
            self._append(order)

    def _remove(self, order_id: str) -> None:
        queue = self._home.pop(order_id, None)
        if queue is None:
            return
        del queue.orders[order_id]
        queue.text = None
        if not queue.orders:
            at = bisect_left(self.keys, queue.key)
            del self.keys[at], self.queues[at]

    def _cut(self, depth: int) -> None:
        for queue in self.queues[depth:]:
            for order_id in queue.orders:
                del self._home[order_id]
        del self.keys[depth:-1], self.queues[depth:]

    def _read_top(self) -> None:
        self.top = "".join([queue.text or queue.read_text() for queue in self.queues[:LEVELS]]).encode()
