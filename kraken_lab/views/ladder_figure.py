"""The ladder as a plotly figure: a bar for the quantity at each price, to keep, to send and to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from ..market import BookSnapshot
from . import cells, escape, theme
from .ladder_picture import LastTrade
from .own import OwnOrder, QueuePlace, with_place

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["ladder_figure"]

Level = tuple[Decimal, Decimal]

_EXACT: Final = Context(prec=200)
_ROW, _AROUND = 19, 170
"""Pixels of one price, and of all that is above and below the prices: fifteen levels a side fit a laptop's window."""


def ladder_figure(
    book: BookSnapshot | None,
    *,
    levels: int = 15,
    own: Sequence[OwnOrder] = (),
    places: Mapping[str, QueuePlace] | None = None,
    trade: LastTrade | None = None,
    title: str = "",
    words: str = "there is no verified book",
) -> go.Figure:
    """The best ``levels`` of each side as horizontal bars, asks above bids, each price once and evenly spaced.

    Orders of one's own are marked at their prices, also where the book has no level, with what is left of them and,
    by ``places``, where they stand in their queue; ``words`` stand where there is no book.

    >>> book = BookSnapshot.of("BTC/USD", bids=[("99.50", "1")], asks=[("100.00", "2")])
    >>> [bar.y for bar in ladder_figure(book).data]
    [('99.50',), ('100.00',)]
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    bids, asks = ((), ()) if book is None else (tuple(book.bids[:levels]), tuple(book.asks[:levels]))
    marked = [order for order in own if _within(order.price, bids, asks)]
    digits = cells.decimals([*(price for price, _ in (*bids, *asks)), *(order.price for order in marked)])
    prices = sorted({price for price, _ in (*bids, *asks)} | {order.price for order in marked})
    symbol = "" if book is None else book.symbol
    base, _, quote = symbol.partition("/")
    base, quote = escape.plotly(escape.clip(base, 24)) or "base", escape.plotly(escape.clip(quote, 24)) or "quote"
    theme.dress(
        figure,
        title=escape.plotly(escape.clip(title or f"{symbol} ladder", 120)),
        height=max(_AROUND + _ROW * len(prices), 320),
        revision=f"ladder:{escape.plotly(escape.clip(symbol, 60))}",
    )
    figure.update_layout(bargap=0.15, barmode="overlay")
    figure.update_xaxes(
        theme.value_axis(f"quantity ({base})", side="bottom", rangemode="tozero", tickfont={"color": theme.MUTED})
    )
    figure.update_yaxes(
        theme.value_axis(
            f"price ({quote})",
            type="category",
            categoryorder="array",
            categoryarray=[cells.number(price, digits) for price in prices],
            showgrid=False,
        )
    )
    for name, side, colour in (("bids", bids, theme.BUY), ("asks", asks, theme.SELL)):
        if side:
            figure.add_trace(_bars(name, side, colour, digits, base))
    if marked:
        figure.add_trace(_own(marked, dict((*bids, *asks)), digits, places or {}))
    if trade is not None and trade.price in prices:
        told = escape.plotly(f"last trade: {trade.side} {cells.number(trade.qty)}")
        figure.add_annotation(**_note(prices.index(trade.price), told, theme.NEUTRAL), x=1, xanchor="right")
    for price in dict.fromkeys(order.price for order in marked):
        here = [_short(order, places or {}) for order in marked if order.price == price]
        told = escape.plotly(escape.clip("; ".join(here), 100))
        figure.add_annotation(**_note(prices.index(price), told, theme.MARK), x=0, xanchor="left", xshift=8)
    if not prices:
        theme.say_nothing_yet(figure, escape.plotly(words if book is None else "the book is empty"))
    return figure


def _within(price: Decimal, bids: Sequence[Level], asks: Sequence[Level]) -> bool:
    """Whether a price is among those shown, so that one far order does not stand right beside the others."""
    return (not bids or price >= bids[-1][0]) and (not asks or price <= asks[-1][0]) and bool(bids or asks)


def _bars(name: str, side: Sequence[Level], colour: str, digits: int, base: str) -> go.Bar:
    import plotly.graph_objects as go

    totals = accumulate((qty for _, qty in side), _EXACT.add)
    return go.Bar(
        name=name,
        orientation="h",
        x=[float(qty) for _, qty in side],
        y=[cells.number(price, digits) for price, _ in side],
        marker={"color": colour},
        customdata=[[cells.number(qty), cells.number(total)] for (_, qty), total in zip(side, totals, strict=True)],
        hovertemplate=f"{name} at %{{y}}: %{{customdata[0]}} {base}<br>from the best to here %{{customdata[1]}} {base}"
        "<extra></extra>",
    )


def _own(
    orders: Sequence[OwnOrder], sizes: dict[Decimal, Decimal], digits: int, places: Mapping[str, QueuePlace]
) -> go.Scatter:
    import plotly.graph_objects as go

    return go.Scatter(
        name="my orders",
        x=[float(sizes.get(order.price, 0)) for order in orders],
        y=[cells.number(order.price, digits) for order in orders],
        mode="markers",
        marker={
            "symbol": ["triangle-up" if order.side == "buy" else "triangle-down" for order in orders],
            "size": 11,
            "color": theme.MARK,
            "line": {"color": theme.INK, "width": 1},
        },
        customdata=[[escape.plotly(escape.clip(with_place(order, places), 200))] for order in orders],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )


def _short(order: OwnOrder, places: Mapping[str, QueuePlace]) -> str:
    """An order as it is written at its row: side, what is left of it, and its place in the queue."""
    kind = "" if order.order_type == "limit" else f" {order.order_type}"
    place = places.get(order.order_id)
    return f"my {order.side}{kind} {order.qty:f}" + ("" if place is None else f", {place.nth} of {place.of}")


def _note(row: int, told: str, colour: str) -> dict[str, Any]:
    """Words at a row, counted from below.

    A bar's place on an axis of categories is looked up by its text, but a note's is a number where it can be read as
    one: a price as text would be taken for the row of that number, far above all others.
    """
    return {
        "xref": "paper",
        "y": row,
        "showarrow": False,
        "font": {"color": colour, "size": 11, "family": theme.MONO},
        "text": told,
        "bgcolor": theme.PLOT,
    }
