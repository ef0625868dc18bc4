"""What trading costs: a schedule of rates by the account's volume of the last 30 days, in US dollars.

A rate is in millionths of the value traded, so that fees are exact: 0.26 % is 2,600.

Source: Get Tradable Asset Pairs (``fees``, ``fees_maker``), Kraken REST API reference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["DEFAULT_FEES", "MILLION", "FeeRates", "FeeSchedule", "Volume"]

MILLION: Final = 1_000_000
THIRTY_DAYS_NS: Final = 30 * 86_400 * NS_PER_SECOND


class FeeRates(NamedTuple):
    """Millionths of the value: of orders that rested, and of orders that took."""

    maker: int
    taker: int


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Rates from a volume (whole US dollars in 30 days) on, ascending, the first from 0.

    >>> DEFAULT_FEES.rates(0), DEFAULT_FEES.rates(50_000)
    (FeeRates(maker=1600, taker=2600), FeeRates(maker=1400, taker=2400))

    Raises:
        SandboxError: no step begins at 0, or the steps do not ascend.
    """

    steps: tuple[tuple[int, FeeRates], ...]

    def __post_init__(self) -> None:
        volumes = [volume for volume, _ in self.steps]
        if not volumes or volumes[0] != 0 or any(b <= a for a, b in pairwise(volumes)):
            raise SandboxError("A fee schedule begins at volume 0 and ascends.")

    def rates(self, volume_usd: int) -> FeeRates:
        """What an account of that volume pays."""
        return self.steps[bisect_right(self.steps, volume_usd, key=lambda step: step[0]) - 1][1]

    @property
    def dearest(self) -> int:
        """The most that anybody pays, which is what open orders hold money for."""
        return max(max(rates) for _, rates in self.steps)


DEFAULT_FEES: Final = FeeSchedule(
    (
        (0, FeeRates(1_600, 2_600)),
        (50_000, FeeRates(1_400, 2_400)),
        (100_000, FeeRates(1_200, 2_200)),
        (250_000, FeeRates(1_000, 2_000)),
        (500_000, FeeRates(800, 1_800)),
        (1_000_000, FeeRates(600, 1_600)),
        (2_500_000, FeeRates(400, 1_400)),
        (5_000_000, FeeRates(200, 1_200)),
        (10_000_000, FeeRates(0, 1_000)),
    )
)
"""0.16 % and 0.26 % at first, less with volume."""


class Volume:
    """What an account has traded in the last 30 days, in US dollars scaled as it likes.

    >>> volume = Volume()
    >>> volume.add(5, ns=0)
    >>> volume.total(1), volume.total(THIRTY_DAYS_NS + 1)
    (5, 0)
    """

    def __init__(self) -> None:
        self._fills: deque[tuple[int, int]] = deque()
        self._total = 0

    def add(self, amount: int, ns: int) -> None:
        """Count a fill at ``ns``, which is never before the one before it."""
        self._fills.append((ns, amount))
        self._total += amount

    def total(self, now_ns: int) -> int:
        """The sum of the last 30 days."""
        while self._fills and self._fills[0][0] <= now_ns - THIRTY_DAYS_NS:
            self._total -= self._fills.popleft()[1]
        return self._total
