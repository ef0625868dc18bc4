"""Where a paper order stands in a real queue: how much can still be ahead of it.

The queue itself cannot be seen, only its total, so a `Place` keeps a bound that the truth never exceeds:

* On joining, everything visible at the price is ahead.
* A trade at the price takes from the front, so it makes the bound less by its quantity.
* Nothing joins in front, so the bound is never more than the least that has been visible since. This is all that a
  withdrawal does: it is taken to have been behind, until so little is visible that it must have been in front.

Which of the two a smaller level was, a trade or a withdrawal, is known only once the trade has been told, which may be
after the level. So what is seen to shrink counts as a withdrawal only after `SKEW_NS`.
Quantities are integers scaled by the pair's precision, times nanoseconds since the Unix epoch.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["SKEW_NS", "Place"]

SKEW_NS: Final = NS_PER_SECOND // 2
"""How much later than the level that it made smaller a trade may be told."""


class Place:
    """One order's place. ``visible`` is what its price showed when it joined; None if that could not be seen.

    >>> place = Place(visible=10)
    >>> place.traded(4, ns=0), place.ahead(ns=0), place.traded(8, ns=0), place.ahead(ns=0)
    (0, 6, 2, 0)
    """

    __slots__ = ("_bound", "_recent")

    def __init__(self, visible: int | None) -> None:
        self._bound = visible
        self._recent: deque[tuple[int, int]] = deque()  # (when, total): smaller and smaller, not yet believed

    def ahead(self, ns: int) -> int | None:
        """The most that can be ahead; None while nobody knows, because the price lies beyond the visible book."""
        while self._recent and self._recent[0][0] <= ns - SKEW_NS:
            self._lower(self._recent.popleft()[1])
        return self._bound

    def shown(self, visible: int | None, ns: int) -> None:
        """The price shows ``visible`` from now on; None if it has gone out of sight, which says nothing."""
        if visible is None:
            return
        if self._bound is None:
            self._bound = visible
        elif visible < (self._recent[-1][1] if self._recent else self._bound):
            self._recent.append((ns, visible))

    def traded(self, qty: int, ns: int) -> int:
        """A trade of ``qty`` at this price; how much of it got past all that was ahead."""
        ahead = self.ahead(ns)
        if ahead is None:
            return 0
        self._bound = max(0, ahead - qty)
        return max(0, qty - ahead)

    def passed(self) -> None:
        """A trade beyond this price: whatever was ahead is gone."""
        self._bound = 0
        self._recent.clear()

    def found_again(self, visible: int | None) -> None:
        """After an interruption the price shows ``visible``. What happened meanwhile is unknown; the bound holds."""
        self._recent.clear()
        if visible is not None:
            self._lower(visible)

    def _lower(self, visible: int) -> None:
        self._bound = visible if self._bound is None else min(self._bound, visible)
