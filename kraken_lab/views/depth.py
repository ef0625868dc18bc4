"""The depth chart of one book: how much can be sold or bought up to each price."""

from __future__ import annotations

from decimal import Context, Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ..market import BookSnapshot
from . import cells, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

__all__ = ["depth", "draw_depth"]

Level = tuple[Decimal, Decimal]

_EXACT = Context(prec=200)  # whatever the caller's own context says


def depth(
    book: BookSnapshot | None, *, symbol: str = "", levels: int | None = None, title: str = "", height: int = 420
) -> go.Figure:
    """Draw the cumulative quantity of the best ``levels`` of each side, in base units, against the price.

    Sums are exact; a side without levels is simply not there. Without a book the figure says so; ``symbol`` is needed
    only then.

    >>> book = BookSnapshot.of("BTC/USD", bids=[("99.5", "1"), ("99", "2.5")], asks=[])
    >>> depth(book).data[0].y
    (1.0, 3.5)
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
        words = "no verified book now; it is shown again as soon as there is one"
        return {"data": [], "layout": {**layout, "annotations": [theme.nothing_yet(words)]}}
    bids, asks = tuple(book.bids[:levels]), tuple(book.asks[:levels])
    data = [
        _side(name, side, colour, base, quote)
        for name, side, colour in (("bids", bids, theme.BUY), ("asks", asks, theme.SELL))
        if side
    ]
    if bids and asks:
        layout.update(_middle(book))
    elif not data:
        layout["annotations"] = [theme.nothing_yet("the book is empty")]
    return {"data": data, "layout": layout}


def _side(name: str, side: Sequence[Level], colour: str, base: str, quote: str) -> dict[str, Any]:
    """One side as a staircase away from the best price: each level's quantity is reached at its price."""
    totals = list(accumulate((qty for _, qty in side), _EXACT.add))
    costs = accumulate((_EXACT.multiply(price, qty) for price, qty in side), _EXACT.add)
    return {
        "type": "scatter",
        "name": name,
        "x": [float(price) for price, _ in side],
        "y": [float(total) for total in totals],
        "mode": "lines",
        "line": {"color": colour, "width": 1.8, "shape": "hv"},
        "fill": "tozeroy",
        "fillcolor": f"{colour}2e",
        "customdata": [
            [cells.number(price), cells.number(qty), cells.number(total), f"{cost:,.2f}"]
            for (price, qty), total, cost in zip(side, totals, costs, strict=True)
        ],
        "hovertemplate": f"{name} at %{{customdata[0]}}: %{{customdata[1]}} {base}<br>to here %{{customdata[2]}} {base}"
        f"<br>worth %{{customdata[3]}} {quote}<extra></extra>",
    }


def _middle(book: BookSnapshot) -> dict[str, Any]:
    """A line at the mid, labelled with it and with the spread."""
    mid = float(book.mid)
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
                "text": f"mid {cells.number(book.mid)}<br>spread {cells.number(book.spread)}",
                "x": mid,
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
