"""The order book's past: a column of levels on a steady beat, kept raw and binned when somebody looks.

Levels are kept at their own prices, not binned beforehand, so that the price range and the bins can be changed later
without losing anything. Where the stream had a gap there is a column that is empty.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArgument

__all__ = ["HeatGrid", "LadderHistory"]

_FARTHEST = (1 << 31) - 1
_OBJECTS = 400
"""Bytes of a column besides its levels: two arrays and what holds them."""

NOTHING = np.iinfo(np.int64).min
"""Stands for the best price of a side that has no levels."""


@dataclass(frozen=True, slots=True)
class HeatGrid:
    """Quantity by time and price. All arrays are read-only.

    ``times`` is int64 nanoseconds UTC, one a column. ``price_edges`` is float64 in quote per base, one more than there
    are bins; a level belongs to the bin whose lower edge it has reached, and one at the uppermost edge to the last.
    ``bid_qty`` and ``ask_qty`` are float32 in base, shaped columns x bins: 0 where no order rests, NaN throughout where
    ``gap`` is True. ``best_bid`` and ``best_ask`` are float64, NaN in a gap or while the side is empty.
    """

    times: NDArray[np.int64]
    price_edges: NDArray[np.float64]
    bid_qty: NDArray[np.float32]
    ask_qty: NDArray[np.float32]
    best_bid: NDArray[np.float64]
    best_ask: NDArray[np.float64]
    gap: NDArray[np.bool_]

    @property
    def qty(self) -> NDArray[np.float32]:
        """Both sides together, in base, columns x bins."""
        return self.bid_qty + self.ask_qty

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        low, high = self.price_edges[0], self.price_edges[-1]
        return f"<HeatGrid: {len(self)} columns x {len(self.price_edges) - 1} bins, prices {low:g} to {high:g}>"


@dataclass(frozen=True, slots=True)
class _Sample:
    """One column: levels as distances from ``base``, in the smallest price unit, bids first."""

    at_ns: int
    base: int
    bids: int
    prices: NDArray[Any]
    qty: NDArray[np.float32]
    best_bid: int
    best_ask: int
    low: int
    high: int
    is_gap: bool = False

    @property
    def nbytes(self) -> int:
        return self.prices.nbytes + self.qty.nbytes + _OBJECTS


class LadderHistory:
    """Past ladders of one symbol, bounded in time and in bytes; the oldest columns go first and are counted.

    One thread writes, any thread reads. Columns are never changed, so a reader works on a list of them. A level takes
    8 bytes: at depth 100 and four columns a second 64 MiB hold three hours, at depth 1000 seventeen minutes.

    Args:
        price_precision: decimals of a price; prices come as whole numbers of that unit.
        seconds: how far back to remember.
        beat: seconds between columns, for `due`.
        bytes: bound for what is kept.

    >>> history = LadderHistory(1)
    >>> history.sample(0, [999, 998], ["1", "2"], [1001], ["0.5"])
    >>> grid = history.grid(bins=2, price_range=(99.0, 101.0))
    >>> grid.bid_qty.tolist(), grid.ask_qty.tolist(), grid.best_ask.tolist()
    ([[3.0, 0.0]], [[0.0, 0.5]], [100.1])
    """

    def __init__(
        self, price_precision: int, *, seconds: float = 3600.0, beat: float = 0.25, bytes: int = 64 << 20
    ) -> None:
        if not seconds > 0:
            raise BadArgument("seconds", seconds, "a time above 0")
        if not beat > 0:
            raise BadArgument("beat", beat, "a time above 0")
        self.price_precision = price_precision
        self.seconds, self.beat, self._byte_bound = float(seconds), float(beat), bytes
        self._samples: deque[_Sample] = deque()
        self._lock = threading.Lock()
        self._nbytes = self._evicted = 0

    def due(self, at_ns: int) -> bool:
        """Whether it is time for another column: a beat has passed since the last one."""
        samples = self._samples
        return not samples or at_ns - samples[-1].at_ns >= self.beat * 1e9

    def sample(
        self,
        at_ns: int,
        bid_prices: Sequence[int],
        bid_qty: Sequence[Any],
        ask_prices: Sequence[int],
        ask_qty: Sequence[Any],
    ) -> None:
        """Keeps a ladder: prices as whole numbers of the smallest unit, best first; quantities in base, in any form.

        Quantities are kept as float32, which is for looking at, not for counting.
        """
        bids = len(bid_prices)
        prices = np.fromiter((*bid_prices, *ask_prices), dtype=np.int64, count=bids + len(ask_prices))
        qty = np.array([*bid_qty, *ask_qty], dtype=np.float32)
        best_bid = int(prices[0]) if bids else NOTHING
        best_ask = int(prices[bids]) if len(ask_prices) else NOTHING
        low, high = (int(prices.min()), int(prices.max())) if prices.size else (0, 0)
        base = best_bid if bids else best_ask
        distances: NDArray[Any] = prices - base if prices.size else prices
        if max(high - base, base - low) <= _FARTHEST or not prices.size:
            distances = distances.astype(np.int32)
        base = base if prices.size else 0
        self._keep(_Sample(at_ns, base, bids, distances, qty, best_bid, best_ask, low, high))

    def gap(self, at_ns: int) -> None:
        """Keeps an empty column: nothing is known of this moment."""
        nothing = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        self._keep(_Sample(at_ns, 0, 0, *nothing, NOTHING, NOTHING, 0, 0, is_gap=True))

    def _keep(self, sample: _Sample) -> None:
        with self._lock:
            self._samples.append(sample)
            self._nbytes += sample.nbytes
            oldest = sample.at_ns - self.seconds * 1e9
            while len(self._samples) > 1 and (self._nbytes > self._byte_bound or self._samples[0].at_ns < oldest):
                self._nbytes -= self._samples.popleft().nbytes
                self._evicted += 1

    def grid(
        self,
        start_ns: int | None = None,
        end_ns: int | None = None,
        bins: int = 200,
        price_range: tuple[float, float] | None = None,
    ) -> HeatGrid:
        """The ladders from ``start_ns`` up to and including ``end_ns``, binned by price.

        Args:
            start_ns: nanoseconds since 1970 UTC; None for all there is.
            end_ns: likewise.
            bins: how many price bins of one width.
            price_range: lowest and highest price in quote per base; None for all levels. Levels outside are left out.

        Raises:
            BadArgument: ``bins`` is below 1, or the range is not from a lower to a higher price.
        """
        if type(bins) is not int or bins < 1:
            raise BadArgument("bins", bins, "a whole number, 1 or more")
        with self._lock:
            kept = list(self._samples)
        first, last = start_ns, end_ns
        kept = [s for s in kept if (first is None or s.at_ns >= first) and (last is None or s.at_ns <= last)]
        unit = 10.0**self.price_precision
        low, high = self._range(kept, price_range, unit)
        return _binned(kept, low, high, bins, unit)

    def _range(
        self, samples: Sequence[_Sample], price_range: tuple[float, float] | None, unit: float
    ) -> tuple[float, float]:
        if price_range is not None:
            low, high = float(price_range[0]), float(price_range[1])
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise BadArgument("price_range", price_range, "a lower price and a higher one")
            return _scaled(low, unit), _scaled(high, unit)
        filled = [sample for sample in samples if sample.prices.size]
        if not filled:
            return 0.0, 1.0
        low, high = min(s.low for s in filled), max(s.high for s in filled)
        return (float(low), float(high)) if low < high else (low - 0.5, high + 0.5)

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def nbytes(self) -> int:
        """Bytes held, Python's own included by estimate."""
        return self._nbytes

    @property
    def evicted(self) -> int:
        """How many columns were dropped to stay within the bounds."""
        return self._evicted

    def __repr__(self) -> str:
        return f"<LadderHistory: {len(self)} columns, {self._nbytes / 1e6:.1f} MB, {self._evicted} evicted>"


def _binned(samples: Sequence[_Sample], low: float, high: float, bins: int, unit: float) -> HeatGrid:
    """One `bincount` a column for both sides: the asks' bins follow the bids', and one more takes what is outside."""
    both = np.zeros((len(samples), 2 * bins), dtype=np.float32)
    for row, sample in zip(both, samples, strict=True):
        if sample.is_gap:
            row[:] = np.nan
        elif sample.prices.size:
            places = sample.prices - (low - sample.base)
            inside = (places >= 0) & (places <= high - low)
            places *= bins  # multiplied first: both steps are then exact for a level right on an edge
            places /= high - low
            index = np.minimum(places, bins - 1, out=places).astype(np.intp)
            index[sample.bids :] += bins
            index[~inside] = 2 * bins
            row[:] = np.bincount(index, weights=sample.qty, minlength=2 * bins + 1)[:-1]
    return HeatGrid(
        times=_frozen(np.array([sample.at_ns for sample in samples], dtype=np.int64)),
        price_edges=_frozen(np.linspace(low, high, bins + 1) / unit),
        bid_qty=_frozen(both[:, :bins]),
        ask_qty=_frozen(both[:, bins:]),
        best_bid=_frozen(_prices([sample.best_bid for sample in samples], unit)),
        best_ask=_frozen(_prices([sample.best_ask for sample in samples], unit)),
        gap=_frozen(np.array([sample.is_gap for sample in samples], dtype=np.bool_)),
    )


def _scaled(price: float, unit: float) -> float:
    """A price in smallest units; a whole number where only the float's last digit says otherwise, like 10.05 x 100."""
    scaled = price * unit
    nearest = float(round(scaled))
    return nearest if math.isclose(scaled, nearest, rel_tol=1e-15) else scaled


def _prices(scaled: Sequence[int], unit: float) -> NDArray[np.float64]:
    return np.array([np.nan if price == NOTHING else price / unit for price in scaled], dtype=np.float64)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
