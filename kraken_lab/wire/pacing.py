"""Not asking too fast: a budget that refills as a window slides."""

from __future__ import annotations

from collections import deque

__all__ = ["SlidingBudget"]


class SlidingBudget:
    """At most ``budget`` of cost in any ``window`` seconds.

    >>> pace = SlidingBudget(budget=5, window=1.0)
    >>> pace.spend(5, now=0.0); pace.ready_at(1, now=0.5)
    1.0
    """

    def __init__(self, budget: float, window: float) -> None:
        self.budget, self.window = budget, window
        self._spent: deque[tuple[float, float]] = deque()
        self._total = 0.0

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] + self.window <= now:
            self._total -= self._spent.popleft()[1]

    def room(self, now: float) -> float:
        """How much may be spent at ``now`` (monotonic seconds)."""
        self._forget(now)
        return self.budget - self._total

    def spend(self, cost: float, now: float) -> None:
        """Take ``cost`` out of the budget at ``now``."""
        self._spent.append((now, cost))
        self._total += cost

    def ready_at(self, cost: float, now: float) -> float:
        """The first moment from ``now`` on at which ``cost`` fits; more than the budget fits when all is refilled."""
        room = self.room(now)
        if room >= min(cost, self.budget):
            return now
        for at, spent in self._spent:
            room += spent
            if room >= min(cost, self.budget):
                return at + self.window
        return now

    def clear(self) -> None:
        """Forget what was spent."""
        self._spent.clear()
        self._total = 0.0
