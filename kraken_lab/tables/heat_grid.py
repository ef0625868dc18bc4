"""The order book's past as a grid: quantity by time and price, binned when somebody looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArgument
from .ladder_run import NOTHING, Run

__all__ = ["HeatGrid", "grid_of"]


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


def grid_of(
    runs: Sequence[Run],
    bins: int,
    price_range: tuple[float, float] | None,
    price_precision: int,
    columns: int | None = None,
) -> HeatGrid:
    """Whole runs, binned by price. Of more than ``columns`` columns some are left out, but no gap.

    Raises:
        BadArgument: the range is not from a lower to a higher price.
    """
    unit = 10.0**price_precision
    low, high = _range(runs, price_range, unit)
    gap = _joined([np.full(len(run), run.gap) for run in runs], np.bool_)
    kept = _spread(gap, columns)
    both = np.zeros((len(kept), 2 * bins), dtype=np.float32)
    both[gap[kept]] = np.nan
    begin = 0
    for run in runs:
        ours = slice(*np.searchsorted(kept, (begin, begin + len(run))))
        if not run.gap:
            _bin(run, both[ours], kept[ours] - begin, low, high, bins)
        begin += len(run)
    return HeatGrid(
        times=_frozen(_joined([run.times for run in runs], np.int64)[kept]),
        price_edges=_frozen(np.linspace(low, high, bins + 1) / unit),
        bid_qty=_frozen(both[:, :bins]),
        ask_qty=_frozen(both[:, bins:]),
        best_bid=_frozen(_prices(_joined([run.best_bid for run in runs], np.int64)[kept], unit)),
        best_ask=_frozen(_prices(_joined([run.best_ask for run in runs], np.int64)[kept], unit)),
        gap=_frozen(gap[kept]),
    )


def _spread(gap: NDArray[np.bool_], columns: int | None) -> NDArray[np.intp]:
    """Which columns to show: all, or the last one of so many groups, or a group's gap where it has one."""
    if columns is None or len(gap) <= columns:
        return np.arange(len(gap))
    ends = np.arange(1, columns + 1) * len(gap) // columns
    begins = np.concatenate([[0], ends[:-1]])
    return np.array(
        [
            begin + int(gap[begin:end].argmax()) if gap[begin:end].any() else end - 1
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        ],
        dtype=np.intp,
    )


def _bin(run: Run, rows: NDArray[np.float32], columns: NDArray[np.intp], low: float, high: float, bins: int) -> None:
    """One `bincount` a column for both sides: the asks' bins follow the bids', and one more takes what is outside."""
    keys, _ = run.places
    prices, is_ask = keys >> 1, (keys & 1).astype(np.bool_)
    places = prices - low
    inside = (places >= 0) & (places <= high - low)
    # Multiplied first: both steps are then exact for a level right on an edge.
    index = np.minimum(places * bins / (high - low), bins - 1).astype(np.intp)
    index[is_ask] += bins
    index[~inside] = 2 * bins
    wanted = dict(zip(columns.tolist(), rows, strict=True))
    for column, qty in enumerate(run.ladders()):
        if (row := wanted.get(column)) is not None:
            row[:] = np.bincount(index, weights=qty, minlength=2 * bins + 1)[:-1]


def _range(runs: Sequence[Run], price_range: tuple[float, float] | None, unit: float) -> tuple[float, float]:
    if price_range is not None:
        low, high = float(price_range[0]), float(price_range[1])
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise BadArgument("price_range", price_range, "a lower price and a higher one")
        return _scaled(low, unit), _scaled(high, unit)
    prices = [there for run in runs if (there := run.prices[run.qty > 0]).size]
    if not prices:
        return 0.0, 1.0
    low, high = float(min(there.min() for there in prices)), float(max(there.max() for there in prices))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _scaled(price: float, unit: float) -> float:
    """A price in smallest units; a whole number where only the float's last digit says otherwise, like 10.05 x 100."""
    scaled = price * unit
    nearest = float(round(scaled))
    return nearest if math.isclose(scaled, nearest, rel_tol=1e-15) else scaled


def _joined(arrays: Sequence[NDArray[Any]], kind: Any) -> NDArray[Any]:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=kind)


def _prices(scaled: NDArray[np.int64], unit: float) -> NDArray[np.float64]:
    return np.where(scaled == NOTHING, np.nan, scaled / unit)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
