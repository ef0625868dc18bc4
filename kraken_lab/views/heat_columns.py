"""Columns of a book's past as a browser is sent them: levels at their own prices, as whole numbers, not pixels.

With the levels themselves the browser zooms, pans, changes the colours and says exact sizes without asking, also while
the kernel is busy with a cell. Every run of columns is one header and one buffer, little-endian, in this order:

========  ====================================================================  ==================
of        what                                                                  missing
========  ====================================================================  ==================
columns   float64 milliseconds since 1970 UTC
columns   float64 best bid, then the best asks, as distances from ``base``      NaN
entries   quantities in units of the last decimal, float64 if ``wide_qty``      0: the level is gone
columns   uint32 entries that are bids, then those that are asks
entries   the same quantities, uint32 unless ``wide_qty``
entries   prices as distances from ``base`` in ticks: uint16, int32 or float64
========  ====================================================================  ==================

What is float64 comes first, so that all lies aligned. Entries are those of the first column, its bids first, then those
of the second, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tables.ladder_run import NOTHING, Run

__all__ = ["decoded", "encoded", "size_of"]

EXACT = 2.0**51
"""Units up to which a quantity kept as float64 gives back every digit."""


def encoded(run: Run, qty_precision: int) -> tuple[dict[str, Any], bytes]:
    """A run as its header and its buffer."""
    base, distances = _from_lowest(run)
    units = np.rint(run.qty * 10.0**qty_precision)
    wide_qty = bool(units.size and units.max() > np.iinfo(np.uint32).max)
    price = _price_kind(distances)
    parts: list[NDArray[Any]] = [
        run.times.astype("<f8") / 1e6,
        _offsets(run.best_bid, base),
        _offsets(run.best_ask, base),
        *([distances.astype("<f8")] if price == "f8" else []),
        *([units.astype("<f8")] if wide_qty else []),
        run.bids.astype("<u4"),
        run.asks.astype("<u4"),
        *([] if wide_qty else [units.astype("<u4")]),
        *([] if price == "f8" else [distances.astype(f"<{price}")]),
    ]
    header = {
        "first": run.first,
        "columns": len(run),
        "entries": len(distances),
        "base": base,
        "whole": run.whole,
        "gap": run.gap,
        "wide_qty": wide_qty,
        "price": price,
    }
    return header, b"".join(part.tobytes() for part in parts)


def size_of(run: Run) -> int:
    """About how many bytes a run will take; a browser is sent no more of them at once than it needs."""
    return 32 * len(run) + 8 * len(run.qty)


def decoded(header: dict[str, Any], data: bytes, qty_precision: int) -> Run:
    """The run that was encoded: what a browser does, for who wants to read what one was sent."""
    columns, entries, base = int(header["columns"]), int(header["entries"]), int(header["base"])
    at = 0

    def take(kind: str, count: int) -> NDArray[Any]:
        nonlocal at
        part = np.frombuffer(data, dtype=f"<{kind}", count=count, offset=at)
        at += part.nbytes
        return part

    times, bid, ask = take("f8", columns), take("f8", columns), take("f8", columns)
    far = take("f8", entries) if header["price"] == "f8" else None
    units = take("f8", entries) if header["wide_qty"] else None
    bids, asks = take("u4", columns), take("u4", columns)
    units = take("u4", entries) if units is None else units
    near = take(header["price"], entries) if far is None else far
    return Run(
        first=int(header["first"]),
        whole=bool(header["whole"]),
        gap=bool(header["gap"]),
        times=np.rint(times * 1e6).astype(np.int64),
        best_bid=_prices(bid, base),
        best_ask=_prices(ask, base),
        bids=bids.astype(np.int32),
        asks=asks.astype(np.int32),
        base=base,
        distances=near.astype(np.int64),
        qty=units / 10.0**qty_precision,
    )


def _from_lowest(run: Run) -> tuple[int, NDArray[np.int64]]:
    """Distances from the lowest price there is, the best prices of columns without entries included."""
    known: Sequence[NDArray[np.int64]] = [run.prices, *(best[best != NOTHING] for best in (run.best_bid, run.best_ask))]
    base = min((int(prices.min()) for prices in known if prices.size), default=0)
    return base, run.prices - base


def _price_kind(distances: NDArray[np.int64]) -> str:
    farthest = int(distances.max()) if distances.size else 0
    return "u2" if farthest < 1 << 16 else "i4" if farthest < 1 << 31 else "f8"


def _offsets(best: NDArray[np.int64], base: int) -> NDArray[np.float64]:
    there = best != NOTHING
    offsets = np.full(len(best), np.nan, dtype="<f8")
    offsets[there] = best[there] - base
    return offsets


def _prices(offsets: NDArray[np.float64], base: int) -> NDArray[np.int64]:
    prices = np.full(len(offsets), NOTHING, dtype=np.int64)
    there = ~np.isnan(offsets)
    prices[there] = offsets[there].astype(np.int64) + base
    return prices
