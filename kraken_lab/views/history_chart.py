"""The top of one book over time: best prices and mid, the spread, and which side is heavier.

A pure function of a book_history frame. Lines are steps, as a price holds until the next one, or until its side of the
book is empty; they break at gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..tables import Gap
from . import cells, theme
from .gaps import gap_marks, gaps_of
from .lines import area, broken_at, held_until_gone, thinned

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["draw_history", "history"]

MOST = 2_000
"""Points of a line."""

Floats = NDArray[np.float64]


def history(
    frame: pd.DataFrame,
    *,
    symbol: str = "",
    gaps: pd.DataFrame | Sequence[Gap] | None = None,
    title: str = "",
    height: int = 560,
) -> go.Figure:
    """Draw a book_history frame of one symbol: bid, ask and mid above; the spread, and the imbalance at the touch.

    The imbalance is bid quantity minus ask quantity over their sum, from -1 to 1. Of more than 2,000 rows the last of
    each short stretch of time is drawn, and the time axis says of how long ones.

    >>> from kraken_lab.tables import schema, view_of
    >>> history(view_of(schema("book_history"), []).pandas(), symbol="BTC/USD").layout.annotations[0].text
    'no book yet'
    """
    import plotly.graph_objects as go

    return go.Figure(draw_history(frame, symbol=symbol, gaps=gaps, title=title, height=height))


def draw_history(
    frame: pd.DataFrame,
    *,
    symbol: str = "",
    gaps: pd.DataFrame | Sequence[Gap] | None = None,
    title: str = "",
    height: int = 560,
) -> theme.Plain:
    """`history` as the mapping that plotly makes a figure of."""
    _, quote = theme.units(symbol)
    layout = theme.layout(
        title=theme.heading(title or f"{symbol} top of book".strip()),
        height=height,
        revision=f"history:{symbol}",
        xaxis=theme.time_axis(anchor="y3"),
        yaxis=theme.value_axis(f"price ({quote})", domain=[0.46, 1]),
        yaxis2=theme.value_axis(f"spread ({quote})", domain=[0.245, 0.4], rangemode="tozero", nticks=4),
        yaxis3=theme.value_axis("imbalance", domain=[0, 0.185], range=[-1.05, 1.05], tickvals=[-1, 0, 1]),
    )
    if frame.empty:
        return theme.empty(layout, "no book yet")
    times = cells.milliseconds(cells.nanoseconds_of(frame, "timestamp"))
    gap = frame["gap_before"].to_numpy(dtype=bool)
    # The row before a gap is the last thing known, and the one after it the first: neither is thinned away.
    rows, stretch = thinned(times, MOST, gap | np.append(gap[1:], False))
    columns = ("bid", "ask", "bid_qty", "ask_qty")
    values = (frame[name].to_numpy(dtype=float)[rows] for name in columns)
    x, bid, ask, bid_qty, ask_qty = broken_at(*held_until_gone(np.flatnonzero(gap[rows]), times[rows], *values))
    digits = max(cells.decimals_of(bid), cells.decimals_of(ask))
    mid, spread = (bid + ask) / 2, (ask - bid).round(digits)
    total = bid_qty + ask_qty
    imbalance = np.divide(bid_qty - ask_qty, total, out=np.full_like(total, np.nan), where=total > 0)
    price = f",.{digits}f"
    data = [
        _line("best ask", x, ask, theme.SELL, price, width=1.1),
        _line("mid", x, mid, theme.NEUTRAL, f",.{digits + 1}f", width=1.6),
        _line("best bid", x, bid, theme.BUY, price, width=1.1),
        area(x, spread, f"{theme.GAP_INK}24", yaxis="y2", legendgroup="spread"),
        _line("spread", x, spread, theme.GAP_INK, price, yaxis="y2", legendgroup="spread"),
        area(x, imbalance, f"{theme.MARK}24", yaxis="y3", legendgroup="imbalance"),
        _line("imbalance at the touch (1 is all bids)", x, imbalance, theme.MARK, "+.3f", yaxis="y3",
              legendgroup="imbalance"),
    ]  # fmt: skip
    shapes, notes = gap_marks(gaps_of(gaps, symbol), first=float(x[0]), last=float(x[-1]))
    layout = {**layout, "shapes": shapes, "annotations": notes}
    if stretch:
        layout["xaxis"]["title"]["text"] = f"time (UTC), each point the last of {stretch:g} s"
    return {"data": data, "layout": layout}


def _line(
    name: str, x: Floats, y: Floats, colour: str, form: str, *, width: float = 1.2, **more: Any
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": name,
        "x": x,
        "y": y,
        "mode": "lines",
        "connectgaps": False,
        "line": {"color": colour, "width": width, "shape": "hv"},
        "hovertemplate": f"%{{x|%H:%M:%S.%L}}<br>{name} %{{y:{form}}}<extra></extra>",
        **more,
    }
