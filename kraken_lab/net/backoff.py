"""When to try again: full jitter, a floor, a cap, and a budget that a flapping server cannot make us overdraw.

Source: "Reconnecting", Kraken WebSocket API guides: about 150 attempts in a rolling ten minutes, then a ban of ten.
"""

from __future__ import annotations

from random import Random

from ..wire import Settings
from ..wire.pacing import SlidingBudget

__all__ = ["Backoff"]


class Backoff:
    """The delay before each attempt of one connection.

    ``budget`` is shared by all connections to one host.

    >>> back = Backoff(Settings(), Random(1), SlidingBudget(100, 600.0))
    >>> 0.25 <= back.delay(now=0.0, refused=False) <= 1.0
    True
    """

    def __init__(self, settings: Settings, random: Random, budget: SlidingBudget) -> None:
        self._settings, self._random, self._budget = settings, random, budget
        self.attempts = 0

    def delay(self, *, now: float, refused: bool) -> float:
        """Seconds to wait from ``now`` (monotonic) before the next attempt; counts it.

        ``refused``: the last upgrade was answered with 403 or 429, so at least ``backoff_refused``.
        """
        settings = self._settings
        ceiling = min(settings.backoff_cap, settings.backoff_first * 2.0 ** min(self.attempts, 30))
        wait = max(settings.backoff_floor, self._random.uniform(0.0, ceiling))
        if refused:
            wait += settings.backoff_refused
        self.attempts += 1
        wait = max(wait, self._budget.ready_at(1, now) - now)
        self._budget.spend(1, now + wait)
        return wait

    def first(self, *, now: float) -> None:
        """Count an attempt that needs no delay."""
        self._budget.spend(1, now)

    def succeeded(self) -> None:
        """The connection lived long enough to be called stable: begin again at the shortest delay."""
        self.attempts = 0
