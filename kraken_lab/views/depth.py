"""The depth chart of one book: how much can be sold or bought up to each price."""

from __future__ import annotations

from decimal import Context, Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

from ..market import BookSnapshot
from . import cells, escape, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

__all__ = ["depth"]

Level = tuple[Decimal, Decimal]

_EXACT = Context(prec=200)  # whatever the caller's own context says


def depth(book: BookSnapshot, *, levels: int | None = None, title: str = "", height: int = 420) -> go.Figure:
    """Draw the cumulative quantity of the best ``levels`` of each side, in base units, against the price.

    Sums are exact; a side without levels is simply not there.

    >>> book = BookSnapshot.of("BTC/USD", bids=[("99.5", "1"), ("99", "2.5")], asks=[])
    >>> depth(book).data[0].y
    (1.0, 3.5)
    """
    import plotly.graph_objects as go

    base, _, quote = book.symbol.partition("/")
    base, quote = escape.plotly(escape.clip(base, 24)) or "base", escape.plotly(escape.clip(quote, 24)) or "quote"
    bids, asks = tuple(book.bids[:levels]), tuple(book.asks[:levels])
    figure = go.Figure()
    theme.dress(
        figure,
        title=escape.plotly(escape.clip(title or f"{book.symbol} depth", 120)),
        height=height,
        revision=f"depth:{book.symbol}",
    )
    figure.update_xaxes(theme.value_axis(f"price ({quote})", side="bottom"))
    figure.update_yaxes(theme.value_axis(f"quantity to here ({base})", rangemode="tozero"))
    for name, side, colour in (("bids", bids, theme.BUY), ("asks", asks, theme.SELL)):
        if side:
            figure.add_trace(_side(name, side, colour, base, quote))
    if bids and asks:
        _mark_middle(figure, book)
    elif not bids and not asks:
        theme.say_nothing_yet(figure, "the book is empty")
    return figure


def _side(name: str, side: Sequence[Level], colour: str, base: str, quote: str) -> go.Scatter:
    """One side as a staircase away from the best price: each level's quantity is reached at its price."""
    import plotly.graph_objects as go

    totals = list(accumulate((qty for _, qty in side), _EXACT.add))
    costs = accumulate((_EXACT.multiply(price, qty) for price, qty in side), _EXACT.add)
    return go.Scatter(
        name=name,
        x=[float(price) for price, _ in side],
        y=[float(total) for total in totals],
        mode="lines",
        line={"color": colour, "width": 1.8, "shape": "hv"},
        fill="tozeroy",
        fillcolor=f"{colour}2e",
        customdata=[
            [cells.number(price), cells.number(qty), cells.number(total), f"{cost:,.2f}"]
            for (price, qty), total, cost in zip(side, totals, costs, strict=True)
        ],
        hovertemplate=f"{name} at %{{customdata[0]}}: %{{customdata[1]}} {base}<br>to here %{{customdata[2]}} {base}"
        f"<br>worth %{{customdata[3]}} {quote}<extra></extra>",
    )


def _mark_middle(figure: go.Figure, book: BookSnapshot) -> None:
    """A line at the mid, labelled with it and with the spread."""
    figure.add_vline(
        x=float(book.mid),
        line={"color": theme.MUTED, "width": 1, "dash": "dot"},
        annotation={
            "text": f"mid {cells.number(book.mid)}<br>spread {cells.number(book.spread)}",
            "font": {"color": theme.INK, "size": 12},
            "bgcolor": theme.PLOT,
            "borderpad": 3,
        },
        annotation_position="top",
    )
