"""The fair price: what everybody believes one pair is worth, and how that belief wanders.

It is a random walk whose steps are taken per action, so bursts of activity are bursts of movement, with a roughness
that itself wanders on two time scales. From these come fat tails and clustered volatility.
"""

from __future__ import annotations

from math import exp, sqrt
from random import Random
from typing import Final

__all__ = ["FairPrice"]


class FairPrice:
    """A price that wanders: the mean of what everybody believes, in scaled units.

    The logarithm's steps have a standard deviation of ``step`` times the roughness, whose logarithm is the sum of two
    mean-reverting processes. A very weak pull towards the first price keeps months of virtual time realistic.
    """

    FAST: Final = (50.0, 0.46)  # seconds to forget, standard deviation of the log-roughness
    SLOW: Final = (1_200.0, 0.22)
    HOME: Final = 40 * 86_400.0  # seconds to come back to the first price

    def __init__(self, price: float, step: float, random: Random) -> None:
        self._gauss = random.gauss
        self._first = price
        self._step = step * exp(-(self.FAST[1] ** 2) - self.SLOW[1] ** 2)
        self._fast = self._gauss(0.0, self.FAST[1])
        self._slow = self._gauss(0.0, self.SLOW[1])
        self._log = 0.0
        self.value = price

    def wander(self, seconds: float) -> None:
        """Take one step, ``seconds`` after the last."""
        gauss = self._gauss
        for_fast, for_slow = exp(-seconds / self.FAST[0]), exp(-seconds / self.SLOW[0])
        self._fast = self._fast * for_fast + self.FAST[1] * sqrt(1 - for_fast * for_fast) * gauss(0.0, 1.0)
        self._slow = self._slow * for_slow + self.SLOW[1] * sqrt(1 - for_slow * for_slow) * gauss(0.0, 1.0)
        self._log *= 1 - min(1.0, seconds / self.HOME)
        self._log += self._step * exp(self._fast + self._slow) * gauss(0.0, 1.0)
        self.value = self._first * exp(self._log)

    def believe(self, shift: float) -> None:
        """Move by ``shift`` (scaled units), as after a trade beyond it, but by no more than half a percent at once."""
        self._log += max(-0.005, min(0.005, shift / self.value))
        self.value = self._first * exp(self._log)
