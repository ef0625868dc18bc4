"""One side of a book: its prices, best first, and the queue of orders at each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from operator import neg

from kraken_lab.sandbox.events import RestingOrder, Side

__all__ = ["Ladder", "Level"]


class Level:
    """The queue at one price, oldest first (a dict keeps order and removes in constant time), and what it shows."""

    __slots__ = ("orders", "qty")

    def __init__(self) -> None:
        self.orders: dict[str, RestingOrder] = {}
        self.qty = 0


class Ladder:
    """The levels of one side.

    >>> bids = Ladder("buy")
    >>> for price in (99, 101, 100):
    ...     bids.append(RestingOrder(f"O{price}", "buy", price, 5, 0))
    >>> bids.prices, bids.reaching(100)
    ([101, 100, 99], 2)
    """

    __slots__ = ("key", "levels", "prices")

    def __init__(self, side: Side) -> None:
        self.prices: list[int] = []
        self.levels: dict[int, Level] = {}
        self.key: Callable[[int], int] | None = neg if side == "buy" else None

    def rank(self, price: int) -> int:
        """How many levels are strictly better than ``price``."""
        if self.key is None:
            return bisect_left(self.prices, price)
        return bisect_left(self.prices, -price, key=self.key)

    def reaching(self, price: int) -> int:
        """How many levels are at ``price`` or better, which is how many an order of the other side could take."""
        return self.rank(price) + (price in self.levels)

    def append(self, order: RestingOrder) -> None:
        """Put an order at the end of its price's queue."""
        level = self.levels.get(order.price)
        if level is None:
            level = self.levels[order.price] = Level()
            self.prices.insert(self.rank(order.price), order.price)
        level.orders[order.order_id] = order
        level.qty += order.qty

    def remove(self, order: RestingOrder) -> None:
        """Take an order out, and its level if it was the last there."""
        level = self.levels[order.price]
        del level.orders[order.order_id]
        level.qty -= order.qty
        if not level.orders:
            del self.levels[order.price]
            del self.prices[self.rank(order.price)]
