"""The order book over time as a heatmap: time across, price up, size as colour.

A pure function of a photograph: a `HeatGrid`, and the trades and gaps of the same stretch of time.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..tables import Gap, HeatGrid
from . import cells, escape, theme
from .gaps import gap_marks, gaps_of
from .own import NOTHING, Own, OwnOrder
from .palettes import palette
from .sizes import SizeScale

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["draw_heatmap", "heatmap"]

_MOST_TRADES = 2_000  # each is an SVG element; more make a browser crawl
_HOLD = 2.5  # a column stands for at most so many ordinary steps; what follows is empty, not stretched
_LATE_NS = 1_000_000_000  # but for as long as a kernel may be late for a moment, whatever its steps

Floats = NDArray[np.float64]


def heatmap(
    grid: HeatGrid,
    *,
    symbol: str = "",
    trades: pd.DataFrame | None = None,
    gaps: pd.DataFrame | Sequence[Gap] | None = None,
    title: str = "",
    own: Own = NOTHING,
    colorscale: str = "night",
    cutoff: tuple[float, float] | None = None,
    height: int = 640,
) -> go.Figure:
    """Draw a grid: resting size in base units as colour, best bid and ask as lines, trades as triangles.

    ``symbol`` names the units and picks the rows of ``trades`` (schema "trade") and ``gaps`` (schema "gaps"). Nothing
    is interpolated: a column of the grid that is a gap, a stretch of time without columns and the time of each gap
    stay empty and get a band that says why, and the lines break there. Of more than 2,000 trades the largest are
    drawn, and the legend says so. ``own`` marks fills and orders, these as lines from when they were confirmed or
    first seen. ``colorscale`` is the name of a `palette`; ``cutoff`` are the sizes that have its first and its last
    colour, None for those that fit.

    >>> from kraken_lab.tables import LadderHistory
    >>> history = LadderHistory(1)
    >>> history.sample(0, [999, 998], ["1", "2"], [1001], ["0.5"])
    >>> [trace.name for trace in heatmap(history.grid(bins=4), symbol="BTC/USD").data]
    ['bids', 'asks', 'size', 'best bid', 'best ask']
    """
    import plotly.graph_objects as go

    drawn = draw_heatmap(
        grid,
        symbol=symbol,
        trades=trades,
        gaps=gaps,
        title=title,
        own=own,
        colorscale=colorscale,
        cutoff=cutoff,
        height=height,
    )
    return go.Figure(drawn)


def draw_heatmap(
    grid: HeatGrid,
    *,
    symbol: str = "",
    trades: pd.DataFrame | None = None,
    gaps: pd.DataFrame | Sequence[Gap] | None = None,
    title: str = "",
    own: Own = NOTHING,
    colorscale: str = "night",
    cutoff: tuple[float, float] | None = None,
    height: int = 640,
) -> theme.Plain:
    """`heatmap` as the mapping that plotly makes a figure of.

    Such a figure holds some megabytes and is a circle of references, which lie about until the next search for garbage:
    what is drawn again and again, and only to be read once, is not made one.
    """
    base, quote = theme.units(symbol)
    known = gaps_of(gaps, symbol)
    layout = theme.layout(
        title=theme.heading(title or (f"{symbol} order book" if symbol else "Order book")),
        height=height,
        revision=f"heatmap:{symbol}",
        xaxis=theme.time_axis(),
        yaxis=theme.value_axis(f"price ({quote})", showgrid=False),
    )
    if not len(grid):
        return {"data": [], "layout": {**layout, "annotations": [theme.nothing_yet("no book yet")]}}

    edges, columns = _timeline(grid, known)
    first, last = float(edges[0]), float(edges[-1])
    rows = _rows_in_use(grid)
    colours = palette(colorscale)
    scale = SizeScale.of(grid.bid_qty, grid.ask_qty, palette=colours) if cutoff is None else SizeScale(*cutoff, colours)
    data = [
        _side("bids", grid.bid_qty, grid, edges, columns, rows, scale, base),
        _side("asks", grid.ask_qty, grid, edges, columns, rows, scale, base),
        scale.colour_bar(f"size<br>({base})", apart=_beside(grid)),
        _line("best bid", grid.best_bid, theme.BUY, edges, columns),
        _line("best ask", grid.best_ask, theme.SELL, edges, columns),
    ]
    low, high = float(grid.price_edges[rows.start]), float(grid.price_edges[rows.stop])
    if trades is not None:
        if symbol and "symbol" in trades.columns:
            trades = trades[trades["symbol"].astype(str) == symbol]
        data += _trades(trades, (first, last), (low, high), base)
    data += _own(own, (first, last), base)
    shapes, notes = gap_marks([*known, *_unexplained(edges, columns, known, symbol)], first=first, last=last)
    layout["xaxis"]["range"], layout["yaxis"]["range"] = [first, last], [low, high]
    return {"data": data, "layout": {**layout, "shapes": shapes, "annotations": notes}}


def _beside(grid: HeatGrid) -> int:
    """Pixels that the prices and the title of their axis take."""
    digits = max(cells.decimals_of(grid.best_bid), cells.decimals_of(grid.best_ask))
    return max(92, 8 * len(f"{float(grid.price_edges[-1]):,.{digits}f}") + 32)


def _timeline(grid: HeatGrid, gaps: Sequence[Gap]) -> tuple[Floats, list[int | None]]:
    """Edges in milliseconds, and for each space between two of them the grid's column, or None where nothing is known.

    A column lasts until the next one, but never into a gap and never longer than a few ordinary steps.
    """
    times = grid.times.astype(np.int64)
    steps = np.diff(times)
    usual = int(np.median(steps[steps > 0])) if (steps > 0).any() else 1_000_000_000
    edges: list[int] = [int(times[0])]
    columns: list[int | None] = []

    def until(edge: int, column: int | None) -> None:
        if edge > edges[-1]:
            if columns and column is None and columns[-1] is None:
                edges[-1] = edge
            else:
                edges.append(edge)
                columns.append(column)

    for at, begin in enumerate(times.tolist()):
        following = int(times[at + 1]) if at + 1 < len(times) else begin + usual
        until(begin, None)
        end = following if following - begin <= max(_HOLD * usual, _LATE_NS) else begin + usual
        for gap in gaps:
            if gap.start_ns < end and (gap.end_ns is None or gap.end_ns > begin):
                end = min(end, gap.start_ns)  # may be before `begin`: then the column is not drawn
        until(end, None if grid.gap[at] else at)
        until(following, None)
    ends = [gap.end_ns for gap in gaps if gap.end_ns is not None and gap.start_ns <= edges[-1]]
    if any(gap.end_ns is None and gap.start_ns <= edges[-1] for gap in gaps):
        ends.append(edges[-1] + max(usual, (edges[-1] - edges[0]) // 20))  # so that an open gap can be seen
    until(max(ends, default=0), None)
    return np.array(edges, dtype=np.float64) / 1e6, columns


def _unexplained(edges: Floats, columns: list[int | None], gaps: Sequence[Gap], symbol: str) -> list[Gap]:
    """Empty stretches for which no gap was given: they are marked all the same."""
    found = []
    for at, column in enumerate(columns):
        start, end = (round(float(edge) * 1e6) for edge in edges[at : at + 2])
        told = any(gap.start_ns < end and (gap.end_ns is None or gap.end_ns > start) for gap in gaps)
        if column is None and not told:
            found.append(Gap(symbol, "book", start, "no book", 0, end_ns=end))
    return found


def _rows_in_use(grid: HeatGrid) -> slice:
    """The price bins that held anything at any time, without the empty ones below and above."""
    used = np.asarray((grid.bid_qty > 0).any(axis=0) | (grid.ask_qty > 0).any(axis=0))
    found = np.flatnonzero(used)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, len(used))


def _side(
    name: str,
    qty: NDArray[np.float32],
    grid: HeatGrid,
    edges: Floats,
    columns: list[int | None],
    rows: slice,
    scale: SizeScale,
    base: str,
) -> dict[str, Any]:
    """One side of the book. Bins where the side never had anything are left out, so the two traces weigh as one."""
    used = np.flatnonzero((qty[:, rows] > 0).any(axis=0))
    own = (
        slice(rows.start + int(used[0]), rows.start + int(used[-1]) + 1) if used.size else slice(rows.start, rows.start)
    )
    known = [column is not None for column in columns]
    z = np.full((own.stop - own.start, len(columns)), np.nan, dtype=np.float32)
    taken = [column for column in columns if column is not None]
    z[:, known] = np.where(_other_sides(name, qty, grid), np.nan, qty)[taken, own].T
    return {
        "type": "heatmap",
        "name": name,
        "x": edges,
        "y": grid.price_edges[own.start : own.stop + 1] if used.size else [],
        "z": _typed(z) if used.size else [],
        "zmin": 0,
        "zmax": scale.high,
        "colorscale": scale.colours(),
        "showscale": False,
        "zsmooth": False,
        "connectgaps": False,
        "hoverongaps": False,
        "zhoverformat": ".6~g",
        "hovertemplate": f"%{{x|%H:%M:%S.%L}}<br>price %{{y}}<br>{name[:-1]} size %{{z}} {base}<extra></extra>",
    }


def _other_sides(name: str, qty: NDArray[np.float32], grid: HeatGrid) -> NDArray[np.bool_]:
    """Where a side holds nothing because the other side is there: it must not cover that."""
    middles = (grid.price_edges[:-1] + grid.price_edges[1:]) / 2
    own = middles <= grid.best_bid[:, np.newaxis] if name == "bids" else middles >= grid.best_ask[:, np.newaxis]
    return np.asarray((qty == 0) & ~own)


def _typed(z: NDArray[np.float32]) -> dict[str, str]:
    """A matrix as plotly.js reads it directly: a quarter of the bytes of JSON numbers, and no conversion on the way."""
    data = base64.b64encode(np.ascontiguousarray(z, dtype="<f4").tobytes()).decode("ascii")
    return {"dtype": "f4", "bdata": data, "shape": f"{z.shape[0]}, {z.shape[1]}"}


def _line(name: str, prices: Floats, colour: str, edges: Floats, columns: list[int | None]) -> dict[str, Any]:
    """A step line of best prices that breaks wherever nothing is known."""
    steps: list[float | None] = []
    for column in columns:
        price = np.nan if column is None else float(prices[column])
        steps.append(None if np.isnan(price) else price)
    return {
        "type": "scatter",
        "name": name,
        "x": edges.tolist(),
        "y": [*steps, steps[-1]],
        "mode": "lines",
        "connectgaps": False,
        "line": {"color": colour, "width": 1.3, "shape": "hv"},
        "hoverinfo": "skip",
    }


def _trades(
    trades: pd.DataFrame, times: tuple[float, float], prices: tuple[float, float], base: str
) -> list[dict[str, Any]]:
    """Trades in view, one trace a side; the area of a triangle grows with the quantity."""
    at = cells.milliseconds(cells.nanoseconds_of(trades, "timestamp"))
    price, qty = trades["price"].to_numpy(dtype=float), trades["qty"].to_numpy(dtype=float)
    side = trades["side"].astype(str).to_numpy()
    seen = np.flatnonzero((at >= times[0]) & (at <= times[1]) & (price >= prices[0]) & (price <= prices[1]))
    count = len(seen)
    if count > _MOST_TRADES:
        seen = np.sort(seen[np.argsort(qty[seen], kind="stable")[-_MOST_TRADES:]])
    largest = float(qty[seen].max()) if count else 1.0
    note = f" (largest {_MOST_TRADES:,} of {count:,})" if count > _MOST_TRADES else ""
    looks: tuple[tuple[str, str, str, Any], ...] = (
        ("buy", theme.BUY, "triangle-up", side == "buy"),
        ("sell", theme.SELL, "triangle-down", side != "buy"),
    )
    traces: list[dict[str, Any]] = []
    for name, colour, shape, is_side in looks:
        chosen = seen[is_side[seen]]
        traces.append(
            {
                "type": "scatter",
                "name": f"{name} trades{note}",
                "x": at[chosen].tolist(),
                "y": price[chosen].tolist(),
                "customdata": [
                    [
                        cells.number(float(price[i])),
                        cells.number(float(qty[i])),
                        escape.plotly(escape.clip(side[i], 24)),
                    ]
                    for i in chosen
                ],
                "mode": "markers",
                "marker": {
                    "symbol": shape,
                    "color": colour,
                    "opacity": 0.95,
                    "size": (4.5 + 20 * np.sqrt(qty[chosen] / largest)).round(1).tolist(),
                    "line": {"color": theme.PLOT, "width": 1},
                },
                "hovertemplate": f"%{{x|%H:%M:%S.%L}}<br>price %{{customdata[0]}}<br>%{{customdata[2]}} "
                f"%{{customdata[1]}} {base}<extra></extra>",
            }
        )
    return traces


def _begin(order: OwnOrder, times: tuple[float, float]) -> float:
    """Where the line of an order begins, in milliseconds: one that came after the last column is a point at the end."""
    return min(max(order.since_ns / 1e6, times[0]), times[1])


def _own(own: Own, times: tuple[float, float], base: str) -> list[dict[str, Any]]:
    """The user's orders as dashed lines with their words, and fills as diamonds; nothing where there are none."""
    traces: list[dict[str, Any]] = []
    for side, colour in (("buy", theme.BUY), ("sell", theme.SELL)):
        orders = [order for order in own.orders if order.side == side]
        if orders:
            traces.append(
                {
                    "type": "scatter",
                    "name": f"own {side} orders",
                    "x": [at for order in orders for at in (_begin(order, times), times[1], None)],
                    "y": [price for order in orders for price in (float(order.price), float(order.price), None)],
                    "text": [
                        words for order in orders for words in ("", escape.plotly(escape.clip(order.words, 90)), "")
                    ],
                    "mode": "lines+text",
                    "textposition": "top left",
                    "textfont": {"color": colour, "size": 11},
                    "line": {"color": colour, "width": 2, "dash": "dash"},
                    "hoverinfo": "skip",
                }
            )
        fills = [fill for fill in own.fills if fill.side == side and times[0] <= fill.at_ns / 1e6 <= times[1]]
        if fills:
            traces.append(
                {
                    "type": "scatter",
                    "name": f"own {side} fills",
                    "x": [fill.at_ns / 1e6 for fill in fills],
                    "y": [float(fill.price) for fill in fills],
                    "customdata": [[f"{fill.price:f}", f"{fill.qty:f}"] for fill in fills],
                    "mode": "markers",
                    "marker": {
                        "symbol": "diamond",
                        "size": 12,
                        "color": colour,
                        "line": {"color": theme.INK, "width": 2},
                    },
                    "hovertemplate": f"%{{x|%H:%M:%S.%L}}<br>my {side} %{{customdata[1]}} {base} "
                    "at %{customdata[0]}<extra></extra>",
                }
            )
    return traces
