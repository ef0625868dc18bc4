"""Trades of one symbol: at which price, which side took, how much, and what that adds up to.

A pure function of a trade frame. The side is told by the shape of a mark as well as by its colour; its area grows with
the quantity. Lines break at gaps, and go on through those that are proved to lack nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..tables import Gap
from . import cells, theme
from .gaps import gap_marks, gaps_of
from .lines import area, broken_at

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["draw_trades", "trades"]

Floats = NDArray[np.float64]


def trades(
    frame: pd.DataFrame,
    *,
    symbol: str = "",
    gaps: pd.DataFrame | Sequence[Gap] | None = None,
    title: str = "",
    height: int = 520,
) -> go.Figure:
    """Draw a trade frame of one symbol: prices above, and below what takers bought minus what they sold, in base units.

    The sum begins at 0 before the first trade that is shown. It is carried on over a gap that is filled; after any
    other it begins at 0 again, and the figure says so.

    >>> from kraken_lab.tables import schema, view_of
    >>> trades(view_of(schema("trade"), []).pandas(), symbol="BTC/USD").layout.annotations[0].text
    'no trades yet'
    """
    import plotly.graph_objects as go

    return go.Figure(draw_trades(frame, symbol=symbol, gaps=gaps, title=title, height=height))


def draw_trades(
    frame: pd.DataFrame,
    *,
    symbol: str = "",
    gaps: pd.DataFrame | Sequence[Gap] | None = None,
    title: str = "",
    height: int = 520,
) -> theme.Plain:
    """`trades` as the mapping that plotly makes a figure of."""
    base, quote = theme.units(symbol)
    layout = theme.layout(
        title=theme.heading(title or f"{symbol} trades".strip()),
        height=height,
        revision=f"trades:{symbol}",
        xaxis=theme.time_axis(anchor="y2"),
        yaxis=theme.value_axis(f"price ({quote})", domain=[0.34, 1]),
        yaxis2=theme.value_axis(f"bought − sold ({base})", domain=[0, 0.27], nticks=5, zeroline=True,
                                zerolinecolor=theme.MUTED),
    )  # fmt: skip
    if frame.empty:
        return theme.empty(layout, "no trades yet")
    found = gaps_of(gaps, symbol)
    times = cells.milliseconds(cells.nanoseconds_of(frame, "timestamp"))
    if (times[1:] < times[:-1]).any():
        # A trade that came late stands behind the ones it belongs before.
        order = np.argsort(times, kind="stable")
        frame, times = frame.iloc[order], times[order]
    price, qty = frame["price"].to_numpy(dtype=float), frame["qty"].to_numpy(dtype=float)
    bought = (frame["side"] == "buy").to_numpy(dtype=bool)
    breaks = _breaks(frame, found)
    x, line, summed = broken_at(breaks, times, price, _summed(np.where(bought, qty, -qty), breaks))
    digits = cells.decimals_of(price)
    largest = 2.0 ** math.ceil(math.log2(max(float(qty.max()), 1e-12)))
    data = [
        {
            "type": "scatter",
            "name": "price",
            "x": x,
            "y": line,
            "mode": "lines",
            "connectgaps": False,
            "line": {"color": theme.NEUTRAL, "width": 1, "shape": "hv"},
            "opacity": 0.6,
            "hoverinfo": "skip",
        },
        *(
            _marks(name, colour, mark, times[side], price[side], qty[side], largest, digits, base)
            for name, colour, mark, side in (
                ("buys", theme.BUY, "triangle-up", bought),
                ("sells", theme.SELL, "triangle-down", ~bought),
            )
        ),
        area(x, summed, f"{theme.MARK}24", yaxis="y2", legendgroup="sum"),
        {
            "type": "scatter",
            "name": "bought − sold by takers",
            "x": x,
            "y": summed,
            "yaxis": "y2",
            "mode": "lines",
            "connectgaps": False,
            "line": {"color": theme.MARK, "width": 1.4, "shape": "hv"},
            "legendgroup": "sum",
            "hovertemplate": f"%{{x|%H:%M:%S.%L}}<br>bought − sold %{{y:+,.8~f}} {base}<extra></extra>",
        },
    ]
    shapes, notes = gap_marks(found, first=float(times.min()), last=float(times.max()))
    if len(breaks):
        notes.append(dict(_BEGINS_ANEW))
    return {"data": data, "layout": {**layout, "shapes": shapes, "annotations": notes}}


_BEGINS_ANEW: dict[str, Any] = {
    "text": "from 0 again after each gap in which trades are missing or may be",
    "x": 0,
    "xref": "paper",
    "xanchor": "left",
    "y": 0.27,
    "yref": "paper",
    "yanchor": "bottom",
    "showarrow": False,
    "font": {"size": 11, "color": theme.MUTED},
}
"""What is written above the sum where it was not carried on."""


def _breaks(frame: pd.DataFrame, gaps: Sequence[Gap]) -> NDArray[np.intp]:
    """The rows before which trades are missing or may be: those after a gap, unless it is proved to lack nothing."""
    filled = [gap.epoch for gap in gaps if gap.filled]
    after = frame["gap_before"].to_numpy(dtype=bool) & ~frame["epoch"].isin(filled).to_numpy(dtype=bool)
    rows = np.flatnonzero(after)
    return rows[rows > 0]


def _summed(signed: Floats, breaks: NDArray[np.intp]) -> Floats:
    """The running sum, from 0 anew at each place in ``breaks``."""
    sums = np.cumsum(signed)
    offsets = np.zeros_like(sums)
    for at in breaks.tolist():
        offsets[at:] = sums[at - 1]
    return np.asarray((sums - offsets).round(10))


def _marks(
    name: str, colour: str, mark: str, x: Floats, y: Floats, qty: Floats, largest: float, digits: int, base: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": name,
        "x": x,
        "y": y,
        "mode": "markers",
        "customdata": qty,
        "marker": {
            "symbol": mark,
            "color": colour,
            "opacity": 0.9,
            "size": (5 + 19 * np.sqrt(qty / largest)).round(1),
            "line": {"color": theme.PLOT, "width": 0.8},
        },
        "hovertemplate": f"%{{x|%H:%M:%S.%L}}<br>{name[:-1]} %{{customdata:,.8~f}} {base}"
        f"<br>price %{{y:,.{digits}f}}<extra></extra>",
    }
