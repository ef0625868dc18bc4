"""Sizes as colours, by orders of magnitude.

The heatmap's numbers stay sizes, so that pointing at a cell shows one; it is the colour scale that is bent. Its colour
bar is drawn for the logarithm and labelled with the sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import cells, theme
from .palettes import PALETTES, Palette

__all__ = ["SizeScale"]

_STEPS = theme.SIZE_STEPS
_WIDEST = 1e4  # from the smallest to the largest colour; what is smaller still is as dark as the smallest


@dataclass(frozen=True, slots=True)
class SizeScale:
    """Colours from ``low`` to ``high``, in base units; below and above are the end colours.

    >>> SizeScale(0.1, 100.0).ticks()
    [0.1, 1.0, 10.0, 100.0]
    """

    low: float
    high: float
    palette: Palette = PALETTES["night"]

    @classmethod
    def of(cls, *sizes: NDArray[np.float32], palette: Palette = PALETTES["night"]) -> SizeScale:
        """The scale for these sizes: nearly all lie in it, and one enormous order does not darken the rest."""
        there = np.concatenate([side[side > 0] for side in sizes])
        if not there.size:
            return cls(0.1, 10.0, palette)
        low, high = (float(edge) for edge in np.percentile(there, [5, 99.5]))
        low = max(low, high / _WIDEST)
        return cls(low if low < high * 0.9 else high / 10, high, palette)

    def colours(self) -> list[list[float | str]]:
        """plotly colour stops between 0 and 1, for numbers from 0 to ``high``, spaced by the logarithm."""
        ratio = self.low / self.high
        stops: list[list[float | str]] = [[0.0, self.palette.dark[0]]]
        stops += [[ratio ** (1 - step / _STEPS), self.palette.colour(step / _STEPS)] for step in range(_STEPS)]
        return [*stops, [1.0, self.palette.colour(1.0)]]

    def ticks(self) -> list[float]:
        """Round sizes for the colour bar: powers of ten, with 2 and 5 between where those would be few."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for factors in ((1,), (1, 2, 5), range(1, 10)):
            sizes = [float(f"{factor}e{decade}") for decade in decades for factor in factors]
            ticks = [size for size in sizes if self.low * 0.999 <= size <= self.high * 1.001]
            if len(ticks) >= 3:
                break
        return ticks

    def colour_bar(self, title: str, *, apart: int = 92) -> dict[str, Any]:
        """A trace that draws nothing but the colour bar, so many pixels apart. ``title`` is already escaped."""
        low, high = math.log10(self.low), math.log10(self.high)
        ticks = self.ticks()
        return {
            "type": "scatter",
            "name": "size",
            "x": [None],
            "y": [None],
            "mode": "markers",
            "showlegend": False,
            "hoverinfo": "skip",
            "marker": {
                "color": [low],
                "cmin": low,
                "cmax": high,
                "showscale": True,
                "colorscale": [[step / _STEPS, self.palette.colour(step / _STEPS)] for step in range(_STEPS + 1)],
                "colorbar": {
                    "title": {"text": title, "side": "top", "font": {"color": theme.MUTED, "size": 12}},
                    "tickvals": [math.log10(size) for size in ticks],
                    "ticktext": [_short(size) for size in ticks],
                    "tickfont": {"color": theme.MUTED, "family": theme.MONO},
                    "outlinewidth": 0,
                    "thickness": 12,
                    "x": 1.0,
                    "xpad": apart,
                    "xanchor": "left",
                    "len": 1.0,
                    "y": 0.5,
                },
            },
        }


def _short(size: float) -> str:
    """A round size as one says it; a coin of which thousands of millions are traded has no room for its zeros.

    >>> _short(0.01), _short(5000.0), _short(20_000.0), _short(1e9)
    ('0.01', '5000', '20k', '1B')
    """
    unit, letter = next(
        (kind for kind in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")) if size >= kind[0]), (1, "")
    )
    return cells.number(size / (1e3 if letter == "k" else unit)) + letter
