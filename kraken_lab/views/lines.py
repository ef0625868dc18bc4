"""Lines over time that break where something is missing, and no more points than a screen can show."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["area", "broken_at", "held_until_gone", "thinned"]

Floats = NDArray[np.float64]


def broken_at(breaks: NDArray[np.intp], times: Floats, *values: Floats) -> tuple[Floats, ...]:
    """The times and the values with a point without value before each place in ``breaks``.

    >>> broken_at(np.array([1]), np.array([0.0, 10.0]), np.array([1.0, 2.0]))
    (array([ 0.,  5., 10.]), array([ 1., nan,  2.]))
    """
    breaks = breaks[breaks > 0]
    middles = (times[breaks] + times[breaks - 1]) / 2
    return np.insert(times, breaks, middles), *(np.insert(each, breaks, np.nan) for each in values)


def held_until_gone(
    breaks: NDArray[np.intp], times: Floats, *values: Floats
) -> tuple[NDArray[np.intp], Floats, *tuple[Floats, ...]]:
    """The places of ``breaks``, the times and the values; each value once more at the moment from which there is none.

    A step is drawn from one point to the next, so of a value that holds until there is none, nothing would be seen.
    What was before a place of ``breaks`` is not known to have held.

    >>> held_until_gone(np.array([], int), np.array([0.0, 10.0]), np.array([1.0, np.nan]))[1:]
    (array([ 0., 10., 10.]), array([ 1.,  1., nan]))
    """
    goes = np.any([np.isfinite(each[:-1]) & ~np.isfinite(each[1:]) for each in values], axis=0)
    places = np.setdiff1d(np.flatnonzero(goes) + 1, breaks)
    more = (np.insert(each, places, each[places - 1]) for each in values)
    return breaks + np.searchsorted(places, breaks), np.insert(times, places, times[places]), *more


def area(x: Floats, y: Floats, colour: str, **more: Any) -> dict[str, Any]:
    """What is between a stepped line and zero, as a trace of its own; nothing where the line has no value.

    plotly fills beneath a line with holes as if it had none, from one end of each hole straight to the other. So each
    stretch of this one goes to zero by itself, and between two of them it has no height.

    >>> trace = area(np.array([0.0, 1.0, 2.0, 3.0]), np.array([4.0, 5.0, np.nan, 6.0]), "#79a9ff24")
    >>> trace["x"].tolist(), trace["y"].tolist()
    ([0.0, 0.0, 1.0, 1.0, 3.0, 3.0, 3.0], [0.0, 4.0, 5.0, 0.0, 0.0, 6.0, 0.0])
    """
    known = np.concatenate([[False], np.isfinite(y), [False]])
    firsts, lasts = np.flatnonzero(~known[:-1] & known[1:]), np.flatnonzero(known[:-1] & ~known[1:]) - 1
    # Where a stretch of one point begins is also where it ends: the end is put in after it.
    places = np.concatenate([firsts, lasts + 1])
    across, up = np.insert(x, places, np.concatenate([x[firsts], x[lasts]])), np.insert(y, places, 0.0)
    drawn = np.isfinite(up)
    return {
        "type": "scatter",
        "x": across[drawn],
        "y": up[drawn],
        "mode": "lines",
        "line": {"width": 0, "shape": "hv"},
        "fill": "tozeroy",
        "fillcolor": colour,
        "hoverinfo": "skip",
        "showlegend": False,
        **more,
    }


def thinned(times: Floats, most: int, keep: NDArray[np.bool_]) -> tuple[NDArray[np.intp], float]:
    """Which of many points to draw, and of how many seconds each is the last; 0 where all are drawn.

    ``times`` are milliseconds that do not fall. The stretches begin at the same moments whatever the window is, so a
    window that slides keeps its points. Those of ``keep`` always stay.

    >>> thinned(np.array([0.0, 100.0, 900.0, 1100.0]), 2, np.array([True, False, False, False]))
    (array([0, 2, 3]), 1.024)
    """
    count = len(times)
    if count <= most:
        return np.arange(count), 0.0
    width = 2.0 ** math.ceil(math.log2(max(float(times[-1] - times[0]), 1.0) / most))  # milliseconds
    while True:
        stretch = np.floor(times / width)
        last = np.append(stretch[1:] != stretch[:-1], True)
        if int(last.sum()) <= most:
            return np.flatnonzero(last | keep), width / 1e3
        width *= 2
