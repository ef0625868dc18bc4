"""One side of a book of single orders: price levels, best first, each a queue of orders.

A level is a dict from order id to order; dicts keep insertion order, so the dict is the queue. Each level keeps the
digits that the checksum wants until one of its orders changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ..errors import ImpossibleBook, Malformed
from ..wire.messages import Level3Order
from ..wire.numbers import scaled
from .checksum import LEVELS
from .side import REMEMBERED

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
    """The orders at one price, oldest first. ``text`` is what the checksum wants of them; None once one has changed."""

    __slots__ = ("key", "orders", "price", "text")

    def __init__(self, key: int) -> None:
        self.key = key
        self.price = str(abs(key))
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


class QueueSide:
    """The queues of one side, best first. ``sign`` is 1 for asks and -1 for bids, and makes keys ascend."""

    __slots__ = (
        "_changed",
        "_home",
        "_memory",
        "_point",
        "_top",
        "keys",
        "name",
        "precisions",
        "queues",
        "sign",
        "symbol",
    )

    def __init__(self, symbol: str, sign: int, price_precision: int, qty_precision: int) -> None:
        self.symbol, self.sign = symbol, sign
        self.name = "asks" if sign > 0 else "bids"
        self.precisions = price_precision, qty_precision
        self.keys: list[int] = []
        self.queues: list[Queue] = []
        self._home: dict[str, Queue] = {}
        self._memory: dict[str, int] = {}
        self._point = -qty_precision - 1  # where a quantity with all its decimals has its point
        self._changed, self._top = False, b""

    def clear(self) -> None:
        """Forget all orders."""
        self.keys, self.queues, self._home = [], [], {}
        self._changed, self._top = False, b""

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
        self._changed = True
        if len(self.keys) > depth:
            self._cut(depth)

    def replace(self, orders: Sequence[Level3Order], depth: int) -> None:
        """Take a snapshot's orders, which must run from the best level to the worst and name each order once."""
        self.clear()
        last: int | None = None
        for order in orders:
            key = self._memory.get(order.limit_price) or self._read_price(order.limit_price)
            if (last is not None and key < last) or order.order_id in self._home:
                raise ImpossibleBook(self.symbol, f"the {self.name} of a snapshot out of order")
            self._append(order)
            last = key
        self._changed = True
        self._cut(depth)

    def top(self) -> bytes:
        """The digits of the orders on the best ten levels, joined."""
        if self._changed:
            self._top = "".join([queue.text or queue.read_text() for queue in self.queues[:LEVELS]]).encode()
            self._changed = False
        return self._top

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
        qty = self._qty(order.order_qty)
        if not qty:
            return
        key = self._memory.get(order.limit_price) or self._read_price(order.limit_price)
        keys = self.keys
        at = bisect_left(keys, key)
        if at < len(keys) and keys[at] == key:
            queue = self.queues[at]
        else:
            queue = Queue(key)
            keys.insert(at, key)
            self.queues.insert(at, queue)
        queue.orders[order.order_id] = (qty, order.timestamp)
        queue.text = None
        self._home[order.order_id] = queue

    def _modify(self, order: Level3Order) -> None:
        queue = self._home.get(order.order_id)
        if queue is None:
            return
        before, after = queue.orders[order.order_id][0], self._qty(order.order_qty)
        key = self._memory.get(order.limit_price) or self._read_price(order.limit_price)
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
        del self.keys[depth:], self.queues[depth:]

    def _read_price(self, text: str) -> int:
        units = self._units(text, self.precisions[0], "price")
        if units <= 0:
            raise ImpossibleBook(self.symbol, f"a price of {text} among the {self.name}")
        if len(self._memory) >= REMEMBERED:
            self._memory.clear()
        self._memory[text] = key = self.sign * units
        return key

    def _qty(self, text: str) -> int:
        point = self._point
        usual = len(text) >= -point and text[point] == "."
        qty = int(text.replace(".", "")) if usual else self._units(text, self.precisions[1], "quantity")
        if qty < 0:
            raise ImpossibleBook(self.symbol, f"a negative quantity among the {self.name}")
        return qty

    def _units(self, text: str, precision: int, what: str) -> int:
        try:
            return scaled(text, precision)
        except Malformed as error:
            raise Malformed(f"{what} of {self.symbol}: {error.reason}", text) from error
