"""Ladders one after the other, kept as what changed: how the book's past is held, and how it travels to a browser.

In a tenth of a second a book of a thousand levels a side changes in a few dozen of them. So of most columns only the
levels that changed are kept, and of one now and then all of them, from which the others are built up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOTHING", "Levels", "Numbers", "Run", "RunBuilder"]

Numbers = Sequence[Any] | NDArray[Any]

NOTHING = np.iinfo(np.int64).min
"""Stands for the best price of a side that has no levels."""

_FARTHEST = (1 << 31) - 1
_OBJECTS = 600
"""Bytes of a run besides its arrays: what holds them."""
_COLUMN = 420
"""Bytes of a column that was just added besides its levels: two arrays, and what its lists hold."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of both sides, bids first: prices as whole numbers of the smallest unit, quantities in base."""

    bids: int
    prices: NDArray[np.int64]
    qty: NDArray[np.float64]

    @classmethod
    def of(cls, bid_prices: Numbers, bid_qty: Numbers, ask_prices: Numbers, ask_qty: Numbers) -> Levels:
        """From two sides as a book gives them, quantities in any form that is a number."""
        prices = np.concatenate([np.array(bid_prices, dtype=np.int64), np.array(ask_prices, dtype=np.int64)])
        qty = np.concatenate([np.array(bid_qty, dtype=np.float64), np.array(ask_qty, dtype=np.float64)])
        return cls(len(bid_prices), prices, qty)

    @property
    def best(self) -> tuple[int, int]:
        """The highest bid and the lowest ask; `NOTHING` for a side without levels."""
        bids, asks = self.prices[: self.bids], self.prices[self.bids :]
        return int(bids.max()) if bids.size else NOTHING, int(asks.min()) if asks.size else NOTHING

    def since(self, before: Levels) -> Levels:
        """What changed: the levels that are new or have another quantity, and those that are gone, with 0."""
        bids = _changed(before.prices[: before.bids], before.qty[: before.bids], *self._bids())
        asks = _changed(before.prices[before.bids :], before.qty[before.bids :], *self._asks())
        prices, qty = np.concatenate([bids[0], asks[0]]), np.concatenate([bids[1], asks[1]])
        return Levels(len(bids[0]), prices, qty)

    def _bids(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        return self.prices[: self.bids], self.qty[: self.bids]

    def _asks(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        return self.prices[self.bids :], self.qty[self.bids :]


def _changed(
    old_prices: NDArray[np.int64], old_qty: NDArray[np.float64], prices: NDArray[np.int64], qty: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One side's changes, in no particular order."""
    if not old_prices.size:
        return prices, qty
    if np.array_equal(old_prices, prices):
        differs = old_qty != qty
        return prices[differs], qty[differs]
    order = np.argsort(old_prices, kind="stable")
    old_prices, old_qty = old_prices[order], old_qty[order]
    place = np.minimum(np.searchsorted(old_prices, prices), len(old_prices) - 1)
    there = old_prices[place] == prices
    changed = ~there | (old_qty[place] != qty)
    gone = np.ones(len(old_prices), dtype=np.bool_)
    gone[place[there]] = False
    lost = old_prices[gone]
    return np.concatenate([prices[changed], lost]), np.concatenate([qty[changed], np.zeros(len(lost))])


@dataclass(frozen=True)
class Run:
    """Columns one after the other, of which only the first may have all its levels. All arrays are read-only.

    ``first`` is the number of the first column. With ``whole`` it has all its levels, without it it stands on the
    column before. Of a ``gap`` no column has anything. ``times`` are int64 nanoseconds UTC. Column ``n`` has
    ``bids[n]`` and then ``asks[n]`` entries of ``distances`` (prices from ``base``, in the smallest unit) and ``qty``
    (base units, 0 where the level is gone). The best prices are whole numbers of the smallest unit, or `NOTHING`.
    """

    first: int
    whole: bool
    gap: bool
    times: NDArray[np.int64]
    best_bid: NDArray[np.int64]
    best_ask: NDArray[np.int64]
    bids: NDArray[np.int32]
    asks: NDArray[np.int32]
    base: int
    distances: NDArray[Any]
    qty: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)

    @property
    def prices(self) -> NDArray[np.int64]:
        """The price of every entry, in the smallest unit."""
        return self.base + self.distances.astype(np.int64)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Where the entries of each column end."""
        return np.cumsum(self.bids + self.asks, dtype=np.int64)

    @cached_property
    def is_ask(self) -> NDArray[np.bool_]:
        """Which entries are asks."""
        counts = np.stack([self.bids, self.asks], axis=1).ravel()
        return np.repeat(np.tile([False, True], len(self.times)), counts)

    @property
    def nbytes(self) -> int:
        """Bytes held, Python's own included by estimate."""
        arrays = (self.times, self.best_bid, self.best_ask, self.bids, self.asks, self.distances, self.qty)
        return sum(array.nbytes for array in arrays) + _OBJECTS

    def after(self, columns: int, *, whole: bool) -> Run:
        """The same without its first ``columns``; with ``whole`` the first one left is given all its levels."""
        if not columns:
            return self
        cut = int(self.ends[columns - 1])
        bids, asks, base, distances, qty = self.bids, self.asks, self.base, self.distances[cut:], self.qty[cut:]
        bids, asks = bids[columns:], asks[columns:]
        if whole and not self.gap:
            levels, end = self.levels_at(columns), int(self.ends[columns])
            rest = self.distances[end:]
            base, (first, rest) = 0, (levels.prices, self.base + rest.astype(np.int64))
            base, distances = _near(np.concatenate([first, rest]))
            qty = np.concatenate([levels.qty, self.qty[end:]])
            bids, asks = bids.copy(), asks.copy()
            bids[0], asks[0] = levels.bids, len(levels.prices) - levels.bids
        return Run(
            self.first + columns,
            whole or self.gap,
            self.gap,
            self.times[columns:],
            self.best_bid[columns:],
            self.best_ask[columns:],
            bids,
            asks,
            base,
            distances,
            qty,
        )

    def until(self, columns: int) -> Run:
        """The first ``columns`` of it."""
        if columns >= len(self):
            return self
        end = int(self.ends[columns - 1]) if columns else 0
        return Run(
            self.first,
            self.whole,
            self.gap,
            self.times[:columns],
            self.best_bid[:columns],
            self.best_ask[:columns],
            self.bids[:columns],
            self.asks[:columns],
            self.base,
            self.distances[:end],
            self.qty[:end],
        )

    def levels_at(self, column: int) -> Levels:
        """All levels of a column of a whole run: of each price its last entry up to there."""
        end = int(self.ends[column])
        key = self.prices[:end] * 2 + self.is_ask[:end]
        _, newest = np.unique(key[::-1], return_index=True)
        newest = end - 1 - newest
        newest = newest[self.qty[newest] > 0]
        side = self.is_ask[newest]
        newest = np.concatenate([newest[~side], newest[side]])
        return Levels(int(np.count_nonzero(~side)), self.prices[newest], self.qty[newest])

    def ladders(self) -> Iterator[NDArray[np.float64]]:
        """Column by column the quantities at `places`, of a whole run; the array is used again."""
        keys, at = self.places
        state = np.zeros(len(keys), dtype=np.float64)
        begin = 0
        for end in self.ends.tolist():
            state[at[begin:end]] = self.qty[begin:end]
            yield state
            begin = end

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """Every price and side of the run once, as twice the price and one more for an ask; and each entry's place."""
        key, at = np.unique(self.prices * 2 + self.is_ask, return_inverse=True)
        return key, at.astype(np.intp, copy=False)


class RunBuilder:
    """A run that is being written. One thread writes; `run` copies what there is, under the lock of whoever owns it."""

    def __init__(self, first: int, gap: bool) -> None:
        self.first, self.gap = first, gap
        self.times: list[int] = []
        self.nbytes = _OBJECTS
        self._best: list[tuple[int, int]] = []
        self._entries: list[Levels] = []

    def __len__(self) -> int:
        return len(self.times)

    def add(self, at_ns: int, best: tuple[int, int], entries: Levels) -> None:
        """One column more."""
        self.times.append(at_ns)
        self._best.append(best)
        self._entries.append(entries)
        self.nbytes += entries.prices.nbytes + entries.qty.nbytes + _COLUMN

    def run(self, skip: int = 0) -> Run:
        """What was written so far, all of it or without the first columns: then it stands on those."""
        best = np.array(self._best[skip:], dtype=np.int64).reshape(-1, 2)
        entries = self._entries[skip:]
        base, distances = _near(np.concatenate([levels.prices for levels in entries] or [_NONE]))
        return Run(
            self.first + skip,
            self.gap or not skip,
            self.gap,
            np.array(self.times[skip:], dtype=np.int64),
            best[:, 0].copy(),
            best[:, 1].copy(),
            np.array([levels.bids for levels in entries], dtype=np.int32),
            np.array([len(levels.prices) - levels.bids for levels in entries], dtype=np.int32),
            base,
            distances,
            np.concatenate([levels.qty for levels in entries] or [np.zeros(0)]),
        )


_NONE = np.zeros(0, dtype=np.int64)


def _near(prices: NDArray[np.int64]) -> tuple[int, NDArray[Any]]:
    """Prices as distances from their lowest, in 32 bits where they fit."""
    if not prices.size:
        return 0, prices.astype(np.int32)
    base = int(prices.min())
    distances = prices - base
    return base, distances.astype(np.int32) if int(distances.max()) <= _FARTHEST else distances
