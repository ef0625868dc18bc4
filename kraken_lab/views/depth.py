"""The depth chart of one book: how much can be sold or bought up to each price."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from ..market import BookSnapshot
from ..market.ladder import Ladder
from . import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["depth", "draw_depth"]


def depth(
    book: BookSnapshot | None, *, symbol: str = "", levels: int | None = None, title: str = "", height: int = 420
) -> go.Figure:
    """Draw the cumulative quantity of the best ``levels`` of each side, in base units, against the price.

    Sums are exact. A side without levels is not there, and neither is a mid; the figure says so, and that there is no
    book. ``symbol`` is needed only then.

    >>> book = BookSnapshot.of("BTC/USD", bids=[("99.5", "1"), ("99", "2.5")], asks=[])
    >>> depth(book).data[0].y
    array([1. , 3.5])
    """
    import plotly.graph_objects as go

    return go.Figure(draw_depth(book, symbol=symbol, levels=levels, title=title, height=height))


def draw_depth(
    book: BookSnapshot | None, *, symbol: str = "", levels: int | None = None, title: str = "", height: int = 420
) -> theme.Plain:
    """`depth` as the mapping that plotly makes a figure of."""
    symbol = symbol if book is None else book.symbol
    base, quote = theme.units(symbol)
    layout = theme.layout(
        title=theme.heading(title or f"{symbol} depth"),
        height=height,
        revision=f"depth:{symbol}",
        xaxis=theme.value_axis(f"price ({quote})", side="bottom"),
        yaxis=theme.value_axis(f"quantity to here ({base})", rangemode="tozero"),
    )
    if book is None:
        words = "no verified book now"
        return theme.empty(layout, words)
    sides = (("bids", book.bid_ladder, theme.BUY), ("asks", book.ask_ladder, theme.SELL))
    data = [_side(name, side, levels, colour, base, quote) for name, side, colour in sides if len(side)]
    if not data:
        return theme.empty(layout, "the book is empty")
    if len(data) == len(sides):
        layout.update(_middle(book, levels))
    else:
        # plotly names a line only if there are several, and who sees one slope would not know which side it is.
        missing = "asks" if len(book.bid_ladder) else "bids"
        layout.update(showlegend=True, annotations=[theme.nothing_yet(f"there are no {missing}")])
    return {"data": data, "layout": layout}


def _side(name: str, side: Ladder, levels: int | None, colour: str, base: str, quote: str) -> dict[str, Any]:
    """One side as a staircase away from the best price: each level's quantity is reached at its price.

    Summed in whole units, so that only the last step, to what is drawn, is a float's.
    """
    prices, quantities = side.prices[:levels], side.quantities[:levels]
    price_unit, qty_unit = 10.0**side.price_precision, 10.0**side.qty_precision
    totals = np.array([total / qty_unit for total in accumulate(quantities)])
    costs = accumulate(price * qty for price, qty in zip(prices, quantities, strict=True))
    worth = [cost / (price_unit * qty_unit) for cost in costs]
    return {
        "type": "scatter",
        "name": name,
        "x": np.array([price / price_unit for price in prices]),
        "y": totals,
        "mode": "lines",
        "line": {"color": colour, "width": 1.8, "shape": "hv"},
        "fill": "tozeroy",
        "fillcolor": f"{colour}2e",
        "customdata": np.column_stack([[qty / qty_unit for qty in quantities], worth]),
        "hovertemplate": f"{name} at %{{x:,.{side.price_precision}f}}: "
        f"%{{customdata[0]:,.{side.qty_precision}f}} {base}<br>to here %{{y:,.{side.qty_precision}f}} {base}"
        f"<br>worth %{{customdata[1]:,.2f}} {quote}<extra></extra>",
    }


def _middle(book: BookSnapshot, levels: int | None) -> dict[str, Any]:
    """A line at the mid, labelled with it and with the spread in one line: the title stands above it."""
    mid = float(book.mid)
    low, high = book.bid_ladder.prices[:levels][-1], book.ask_ladder.prices[:levels][-1]
    share = (mid * 10.0**book.bid_ladder.price_precision - low) / max(high - low, 1)
    return {
        "shapes": [
            {
                "type": "line",
                "xref": "x",
                "yref": "paper",
                "x0": mid,
                "x1": mid,
                "y0": 0,
                "y1": 1,
                "line": {"color": theme.MUTED, "width": 1, "dash": "dot"},
            }
        ],
        "annotations": [
            {
                "text": f"mid {book.mid:,f}, spread {book.spread:,f}",
                "x": mid,
                # Towards the middle: at an edge half of it would be cut off.
                "xanchor": "left" if share < 0.25 else "right" if share > 0.75 else "center",
                "xref": "x",
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"color": theme.INK, "size": 12},
                "bgcolor": theme.PLOT,
                "borderpad": 3,
            }
        ],
    }
