"""When things happen: the times of a self-exciting process, and the ids of what happens then.

Orders come in bursts, since each answers another. That is a Hawkes process: every event raises the intensity by a jump
that decays exponentially. It is simulated exactly, without thinning, in the recursive form of Dassios and Zhao (2013).
"""

from __future__ import annotations

from math import exp, log
from random import Random
from typing import Final

from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["Arrivals", "OrderIds"]

BRANCHING: Final = 0.7  # of ten events, seven are answers to earlier ones
DECAY: Final = 0.5  # per second: an answer comes two seconds later on average

# Order ids are letters and the digits 2 to 7, five bits each: O + 5, 5, 6 characters.
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TWO: Final = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


class Arrivals:
    """An endless, clustered sequence of times with ``rate`` events a second on average (above 0)."""

    def __init__(self, rate: float, start_ns: int, random: Random) -> None:
        self._random = random
        self._base = rate * (1 - BRANCHING)
        self._jump = BRANCHING * DECAY
        self._excited = rate * BRANCHING  # intensity above the base, just after the latest event; starts at its mean
        self.ns = start_ns

    def next(self) -> int:
        """The time of the next event, later than all before it."""
        draw = self._random.random
        gap = -log(1.0 - draw()) / self._base
        left = 1.0 + DECAY * log(1.0 - draw()) / self._excited
        if left > 0.0:
            gap = min(gap, -log(left) / DECAY)
        self._excited = self._excited * exp(-DECAY * gap) + self._jump
        self.ns += max(1, round(gap * NS_PER_SECOND))
        return self.ns


class OrderIds:
    """Order ids in the exchange's form, from a generator of their own, so that asking for one changes no market.

    >>> OrderIds(Random(1)).new()
    'O3DYZD-N2YJI-RGLMPV'
    """

    def __init__(self, random: Random) -> None:
        self._bits = random.getrandbits

    def new(self) -> str:
        """A fresh id; 80 random bits do not repeat."""
        bits = self._bits(80)
        text = "".join([_TWO[bits >> shift & 1023] for shift in (70, 60, 50, 40, 30, 20, 10, 0)])
        return f"O{text[:5]}-{text[5:10]}-{text[10:]}"
