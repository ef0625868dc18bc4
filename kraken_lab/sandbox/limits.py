"""Limits on how much may be asked in a stretch of time, on a clock that is handed in."""

from __future__ import annotations

from collections import deque

from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["LeakyCounter", "Window"]


class Window:
    """At most ``limit`` units in any ``window_ns``.

    >>> window = Window(limit=200)
    >>> window.take(100, now_ns=0), window.take(101, now_ns=1), window.take(100, now_ns=NS_PER_SECOND)
    (True, False, True)
    """

    def __init__(self, limit: int, window_ns: int = NS_PER_SECOND) -> None:
        self.limit = limit
        self._window_ns = window_ns
        self._taken: deque[tuple[int, int]] = deque()
        self._total = 0

    def take(self, units: int, now_ns: int) -> bool:
        """Whether so many more units are within the limit now; only then they are counted."""
        while self._taken and self._taken[0][0] <= now_ns - self._window_ns:
            self._total -= self._taken.popleft()[1]
        if self._total + units > self.limit:
            return False
        self._taken.append((now_ns, units))
        self._total += units
        return True


class LeakyCounter:
    """A counter that each call raises by its cost and time lowers; a call that would pass ``maximum`` is refused.

    Source: API rate limits, Kraken REST API reference.

    >>> counter = LeakyCounter(maximum=2, decay_per_s=0.5)
    >>> [counter.take(now_ns=0) for _ in range(3)], counter.take(now_ns=2 * NS_PER_SECOND)
    ([True, True, False], True)
    """

    def __init__(self, maximum: float, decay_per_s: float) -> None:
        self._maximum = maximum
        self._decay_per_s = decay_per_s
        self._count = 0.0
        self._at_ns = 0

    def take(self, now_ns: int, cost: float = 1) -> bool:
        """Whether one more call of that cost is allowed now; only then it is counted."""
        elapsed_s = max(0, now_ns - self._at_ns) / NS_PER_SECOND
        self._count = max(0.0, self._count - elapsed_s * self._decay_per_s)
        self._at_ns = now_ns
        if self._count + cost > self._maximum:
            return False
        self._count += cost
        return True
