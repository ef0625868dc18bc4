"""Bars: what happened in one interval of one pair, in numbers that add up exactly.

A bar keeps the exact cost next to the volume, so that the mean price of an hour is that of its sixty minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kraken_lab.sandbox.numbers import NS_PER_MINUTE

__all__ = ["Bar", "merged"]


@dataclass(slots=True)
class Bar:
    """One interval in the making: as a `Candle`, but that ``cost`` is the sum of scaled price times scaled quantity."""

    begin_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    cost: int
    trades: int

    def add(self, price: int, qty: int) -> None:
        """Take in one trade."""
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.volume += qty
        self.cost += price * qty
        self.trades += 1

    def join(self, later: Bar) -> None:
        """Take in a bar that begins no earlier.

        >>> bar = Bar(0, 5, 6, 4, 5, volume=2, cost=10, trades=1)
        >>> bar.join(Bar(60, 5, 9, 5, 8, volume=1, cost=8, trades=1))
        >>> bar
        Bar(begin_ns=0, open=5, high=9, low=4, close=8, volume=3, cost=18, trades=2)
        """
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.cost += later.cost
        self.trades += later.trades


def merged(bars: Iterable[Bar], minutes: int) -> list[Bar]:
    """Bars of ``minutes`` made of shorter ones, oldest first; intervals begin at their multiples since the epoch."""
    step_ns = minutes * NS_PER_MINUTE
    wide: list[Bar] = []
    for bar in bars:
        begin_ns = bar.begin_ns - bar.begin_ns % step_ns
        if wide and wide[-1].begin_ns == begin_ns:
            wide[-1].join(bar)
        else:
            wide.append(replace(bar, begin_ns=begin_ns))
    return wide
