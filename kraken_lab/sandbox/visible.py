"""What can be had of the real book: the quantities it shows, less what paper orders have taken of them.

The real book does not know that a paper order took from it and goes on showing what is gone here. What was taken was at
the front of the queue, so it stays taken until the real market has used up or withdrawn as much at that price; what
joins later stands behind and can be had at once. A level that disappears is forgotten.
Prices and quantities are integers scaled by the pair's precisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.upstream_book import UpstreamBook

__all__ = ["Taken", "Visible"]


class Taken:
    """How much was taken at each price.

    >>> taken = Taken()
    >>> taken.take("sell", 265004, 30, visible=100)
    >>> [taken.shown("sell", 265004, qty) or taken.available("sell", 265004, qty) for qty in (100, 120, 110, 80)]
    [70, 90, 90, 80]
    """

    def __init__(self) -> None:
        self._taken: dict[tuple[Side, int], tuple[int, int]] = {}  # how much, and what was visible when last looked at

    def available(self, side: Side, price: int, visible: int) -> int:
        """How much of ``visible`` is still to be had."""
        known = self._taken.get((side, price))
        return visible if known is None else max(0, visible - known[0])

    def take(self, side: Side, price: int, qty: int, visible: int) -> None:
        """Take ``qty``, no more than is `available`."""
        already = self._taken.get((side, price), (0, 0))[0]
        self._taken[side, price] = (already + qty, visible)

    def shown(self, side: Side, price: int, visible: int) -> None:
        """The real book shows ``visible`` at that price from now on."""
        known = self._taken.get((side, price))
        if known is None:
            return
        left = min(known[0] - max(0, known[1] - visible), visible)
        if left > 0:
            self._taken[side, price] = (left, visible)
        else:
            del self._taken[side, price]

    def levels(self) -> tuple[tuple[Side, int], ...]:
        """The levels that something was taken of."""
        return tuple(self._taken)


class Visible:
    """The real book of one pair as paper orders may use it; nothing while it is void."""

    def __init__(self) -> None:
        self._book: UpstreamBook | None = None
        self._taken = Taken()

    @property
    def is_void(self) -> bool:
        """Whether there is no whole book."""
        return self._book is None

    def close(self) -> None:
        """The book is void from now on."""
        self._book = None

    def open(self, book: UpstreamBook) -> None:
        """The book is whole, and may not be what it was."""
        self._book = book
        self.changed(self._taken.levels())

    def changed(self, levels: Iterable[tuple[Side, int]]) -> None:
        """The book has changed at these sides and prices."""
        for side, price in levels:
            self._taken.shown(side, price, self.qty(side, price) or 0)

    def qty(self, side: Side, price: int) -> int | None:
        """What the book shows at a price, taken or not; None if the price lies out of sight."""
        return self._book.qty(side, price) if self._book else None

    def offers(self, side: Side) -> Iterator[tuple[int, int]]:
        """What is to be had of a side as ``(price, quantity)``, best first."""
        for price, visible in self._book.levels(side) if self._book else ():
            available = self._taken.available(side, price, visible)
            if available:
                yield price, available

    def take(self, side: Side, price: int, qty: int) -> None:
        """Take ``qty`` of what is offered there."""
        self._taken.take(side, price, qty, self.qty(side, price) or 0)
