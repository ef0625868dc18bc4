"""The trading engine's rate counter of each pair, as estimated on this side.

The exchange counts for the whole account, also what other programs do, and does not have to tell. This is what this lab
knows to have added, less what has decayed since.

Source: Rate limits guide (trading engine), Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from typing import Final

from .facts import RateCount

__all__ = ["RateCounter"]

_DECAY: Final = ((60, 1.0), (125, 2.34), (180, 3.75))
"""The tiers' thresholds and what decays in a second."""


class RateCounter:
    """One count a pair, between 0 and ``maximum``. Times are monotonic seconds.

    >>> counter = RateCounter(); counter.learn(125)
    >>> for _ in range(50): counter.charge("BTC/USD", 1, 100.0)
    >>> round(counter.count("BTC/USD", 110.0).count, 1)
    26.6
    """

    def __init__(self) -> None:
        self.maximum, self.decay_per_s = _DECAY[0]
        self._counts: dict[str, tuple[float, float]] = {}

    def learn(self, maximum: int) -> None:
        """The exchange told the threshold of this account; an unknown one decays like the next lower tier."""
        self.maximum = maximum
        self.decay_per_s = max((pace for limit, pace in _DECAY if limit <= maximum), default=_DECAY[0][1])

    def charge(self, symbol: str, cost: float, mono: float) -> None:
        """Something was sent that costs so much."""
        self._counts[symbol] = (self.count(symbol, mono).count + cost, mono)

    def count(self, symbol: str, mono: float) -> RateCount:
        """The estimate of now."""
        count, since = self._counts.get(symbol, (0.0, mono))
        left = max(count - (mono - since) * self.decay_per_s, 0.0)
        return RateCount(count=left, maximum=self.maximum, decay_per_s=self.decay_per_s)

    def counts(self, mono: float) -> dict[str, RateCount]:
        """The estimate of every pair that anything was sent for."""
        return {symbol: self.count(symbol, mono) for symbol in self._counts}
