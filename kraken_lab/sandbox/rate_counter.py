"""The rate counter of the trading engine: one for each pair, raised by requests and lowered by time.

Changing one's mind quickly is what costs: an amend, edit or cancel counts more the younger the order is.

Source: Rate limits guide (trading engine), Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["TIERS", "RateCounter", "Tier", "TierLimits", "age_cost"]

Tier: TypeAlias = Literal["starter", "intermediate", "pro"]

_AGES_S: Final = (5, 10, 15, 45, 90, 300)
_COSTS: Final = {"amend": (3, 2, 1, 0, 0, 0), "edit": (6, 5, 4, 2, 1, 0), "cancel": (8, 6, 5, 4, 2, 1)}


@dataclass(frozen=True, slots=True)
class TierLimits:
    """What an account of a tier may do on each pair: counter, its decay a second, and open orders."""

    maximum: int
    decay_per_s: float
    open_orders: int


TIERS: Final[dict[Tier, TierLimits]] = {
    "starter": TierLimits(60, 1.0, 60),
    "intermediate": TierLimits(125, 2.34, 80),
    "pro": TierLimits(180, 3.75, 225),
}


def age_cost(request: Literal["amend", "edit", "cancel"], age_ns: int) -> int:
    """What a request costs for the age of its order, beside its fixed part.

    >>> age_cost("cancel", 36 * NS_PER_SECOND), age_cost("amend", 7 * NS_PER_SECOND), age_cost("edit", 10**12)
    (4, 2, 0)
    """
    for limit_s, cost in zip(_AGES_S, _COSTS[request], strict=True):
        if age_ns < limit_s * NS_PER_SECOND:
            return cost
    return 0


class RateCounter:
    """The counter of one pair.

    >>> counter = RateCounter(TIERS["intermediate"])
    >>> all(counter.take(1, now_ns=0) for _ in range(50)), round(counter.count(10 * NS_PER_SECOND), 2)
    (True, 26.6)
    """

    def __init__(self, limits: TierLimits) -> None:
        self._limits = limits
        self._count = 0.0
        self._at_ns = 0

    def count(self, now_ns: int) -> float:
        """Where it stands."""
        elapsed_s = max(0, now_ns - self._at_ns) / NS_PER_SECOND
        return max(0.0, self._count - elapsed_s * self._limits.decay_per_s)

    def allows(self, cost: float, now_ns: int) -> bool:
        """Whether so much more would still be within the limit."""
        return self.count(now_ns) + cost <= self._limits.maximum

    def add(self, cost: float, now_ns: int) -> None:
        """Count it, whatever the limit."""
        self._count = self.count(now_ns) + cost
        self._at_ns = now_ns

    def take(self, cost: float, now_ns: int) -> bool:
        """Count it if it is within the limit; whether it was."""
        if not self.allows(cost, now_ns):
            return False
        self.add(cost, now_ns)
        return True
