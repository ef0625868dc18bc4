"""What an account's trades have gained or lost over time, and at which fills.

A pure function of a photograph: the fills, and the mid prices of the books they are valued at. Gains are by the
average-cost method of `kraken_lab.trading.positions`, after fees. Where a position is held whose price was not known,
nothing is drawn of its value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..tables import Gap
from ..trading.positions import Position, not_counted, positions_over_time
from ..trading.states import FillRecord
from . import cells, escape, theme
from .gaps import gap_marks
from .lines import area

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["EquityPhoto", "Mids", "draw_equity", "equity"]

MOST = 1_500
"""Moments at which positions are valued, besides every fill."""
NAMED = 4
"""Pairs that the line about prices names, and currencies that the one about what is left out names."""
LINE = 18
"""Pixels that another line above the figure takes."""

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Mids:
    """The mid price of one pair over time: each holds from its time (ns since 1970 UTC, rising) to the next.

    ``gaps`` are stretches in which it was not known.
    """

    times: Times
    prices: Floats
    gaps: Sequence[Gap] = ()

    def at(self, times: Times) -> Floats:
        """The price at each of some moments; NaN before the first, and in a gap."""
        if not len(self.times):
            return np.full(len(times), np.nan)
        place = np.searchsorted(self.times, times, side="right") - 1
        prices = np.where(place >= 0, self.prices[np.maximum(place, 0)], np.nan)
        for gap in self.gaps:
            prices[(times >= gap.start_ns) & (times < (gap.end_ns or np.iinfo(np.int64).max))] = np.nan
        return prices


@dataclass(frozen=True, slots=True)
class EquityPhoto:
    """What is known: every fill that counts, and the mid prices by pair. ``quote`` is what gains are counted in.

    ``uncounted`` is how many earlier fills are known that no position is made of.
    """

    quote: str
    fills: Sequence[FillRecord] = ()
    mids: Mapping[str, Mids] = field(default_factory=dict)
    uncounted: int = 0

    @property
    def left_out(self) -> str:
        """Which fills the figure leaves out, in words; empty if it has all."""
        words = []
        if others := [quote for fill in self.fills if (quote := fill.symbol.partition("/")[2]) != self.quote]:
            quotes = sorted(set(others))
            named = quotes[:NAMED] + ["others"] * (len(quotes) > NAMED)
            fills = "1 fill is" if len(others) == 1 else f"{len(others):,} fills are"
            words.append(f"{fills} left out, against {', '.join(named)}")
        if self.uncounted:
            words.append(not_counted(self.uncounted))
        return "; ".join(words)


def equity(photo: EquityPhoto, *, title: str = "", height: int = 480) -> go.Figure:
    """Draw the profit of the pairs against one currency: realised and in all, every fill marked, and what is open.

    >>> equity(EquityPhoto("USD")).layout.annotations[0].text
    'nothing was traded yet against USD'
    """
    import plotly.graph_objects as go

    return go.Figure(draw_equity(photo, title=title, height=height))


def draw_equity(photo: EquityPhoto, *, title: str = "", height: int = 480) -> theme.Plain:
    """`equity` as the mapping that plotly makes a figure of."""
    quote = escape.plotly(escape.clip(photo.quote, 24))
    zero = {"zeroline": True, "zerolinecolor": theme.MUTED}
    layout = theme.layout(
        title=theme.heading(title or f"Profit in {photo.quote}"),
        height=height,
        revision=f"equity:{photo.quote}",
        xaxis=theme.time_axis(anchor="y2"),
        yaxis=theme.value_axis(f"profit ({quote})", domain=[0.36, 1], **zero),
        yaxis2=theme.value_axis(
            f"open ({quote})", domain=[0, 0.29], nticks=4, zeroline=True, zerolinecolor=theme.MUTED
        ),
    )
    steps = [step for step in positions_over_time(photo.fills) if step[0].symbol.partition("/")[2] == photo.quote]
    left_out = escape.plotly(escape.clip(photo.left_out, 160))
    if not steps:
        words = f"nothing was traded yet against {quote}"
        return theme.empty(layout, f"{words}<br>{left_out}" if left_out else words)
    if left_out:
        layout["margin"] = {**layout["margin"], "t": layout["margin"]["t"] + LINE}
    by_pair: dict[str, list[tuple[FillRecord, Position]]] = {}
    for fill, position in steps:
        by_pair.setdefault(fill.symbol, []).append((fill, position))
    times = _moments(photo, [fill.timestamp_ns for fill, _ in steps])
    realised, unrealised = np.zeros(len(times)), np.zeros(len(times))
    for symbol, of_pair in by_pair.items():
        gained, held = _of_pair(of_pair, times, photo.mids.get(symbol))
        realised += gained
        unrealised += held
    total = realised + unrealised
    x = times / 1e6
    data = [
        _line("profit, realised and open", x, total, theme.NEUTRAL, quote, width=1.8),
        _line("realised, after fees", x, realised, theme.MARK, quote, width=1.3, dash="dash"),
        *_fills(steps, times, total, realised),
        area(x, unrealised.round(8), f"{theme.GAP_INK}24", yaxis="y2", legendgroup="open"),
        _line("open positions, unrealised", x, unrealised, theme.GAP_INK, quote, yaxis="y2", legendgroup="open"),
    ]  # fmt: skip
    gaps = [gap for symbol in by_pair if symbol in photo.mids for gap in photo.mids[symbol].gaps]
    shapes, notes = gap_marks(sorted(gaps, key=lambda gap: gap.start_ns), first=float(x[0]), last=float(x[-1]))
    return {"data": data, "layout": {**layout, "shapes": shapes, "annotations": [*notes, _valued_at(photo, by_pair)]}}


def _moments(photo: EquityPhoto, fills: Sequence[int]) -> Times:
    """Every fill, and a steady beat from the first one to what is newest; the beat's moments do not move with time."""
    first = min(fills)
    last = max([*fills, *(int(mids.times[-1]) for mids in photo.mids.values() if len(mids.times))])
    seconds = max(1.0, 2.0 ** math.ceil(math.log2(max((last - first) / 1e9 / MOST, 1e-9))))
    step = int(seconds * 1e9)
    beat = np.arange(first // step + 1, last // step + 1, dtype=np.int64) * step
    return np.unique(np.concatenate([np.array([*fills, last], dtype=np.int64), beat]))


def _of_pair(steps: Sequence[tuple[FillRecord, Position]], times: Times, mids: Mids | None) -> tuple[Floats, Floats]:
    """What one pair had gained after fees, and what closing it would bring, at each moment."""
    at = np.array([fill.timestamp_ns for fill, _ in steps], dtype=np.int64)
    place = np.searchsorted(at, times, side="right")  # 0: before the first fill

    def held(values: Sequence[float]) -> Floats:
        return np.array([0.0, *values])[place]

    fees = np.cumsum([_fee_in_quote(fill) for fill, _ in steps])
    net = held([float(position.net_qty) for _, position in steps])
    cost = held([float(position.avg_cost or 0) for _, position in steps])
    price = np.full(len(times), np.nan) if mids is None else mids.at(times)
    unrealised = np.where(net == 0, 0.0, net * (price - cost))
    return held([float(position.realised) for _, position in steps]) - held(fees.tolist()), unrealised


def _fee_in_quote(fill: FillRecord) -> float:
    """The fee in quote currency; one in base is worth what was just paid for base, one in anything else is left out."""
    base, _, quote = fill.symbol.partition("/")
    if fill.fee is None or fill.fee_asset not in (base, quote):
        return 0.0
    return float(fill.fee) * (1.0 if fill.fee_asset == quote else float(fill.price))


def _line(
    name: str, x: Floats, y: Floats, colour: str, quote: str, *, dash: str = "solid", width: float = 1.2, **more: Any
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": name,
        "x": x,
        "y": y.round(8),
        "mode": "lines",
        "connectgaps": False,
        "line": {"color": colour, "width": width, "dash": dash, "shape": "hv"},
        "hovertemplate": f"%{{x|%Y-%m-%d %H:%M:%S}}<br>{name} %{{y:+,.2f}} {quote}<extra></extra>",
        **more,
    }


def _fills(
    steps: Sequence[tuple[FillRecord, Position]], times: Times, total: Floats, realised: Floats
) -> list[dict[str, Any]]:
    """A mark at each fill: on the profit, or on what is realised while the profit is not known."""
    heights = np.where(np.isnan(total), realised, total)
    marks = []
    for side, colour, mark in (("buy", theme.BUY, "triangle-up"), ("sell", theme.SELL, "triangle-down")):
        of_side = [fill for fill, _ in steps if fill.side == side]
        at = np.array([fill.timestamp_ns for fill in of_side], dtype=np.int64)
        marks.append(
            {
                "type": "scatter",
                "name": f"{side} fills",
                "x": at / 1e6,
                "y": heights[np.searchsorted(times, at)].round(8),
                "mode": "markers",
                "marker": {"symbol": mark, "color": colour, "size": 11, "line": {"color": theme.PLOT, "width": 1}},
                "customdata": [_told(fill) for fill in of_side],
                "hovertemplate": "%{x|%Y-%m-%d %H:%M:%S}<br>%{customdata}<extra></extra>",
            }
        )
    return marks


def _told(fill: FillRecord) -> str:
    base, _, quote = fill.symbol.partition("/")
    fee = "" if fill.fee is None else f", fee {cells.number(fill.fee)} {fill.fee_asset or ''}"
    words = f"{fill.side} {cells.number(fill.qty)} {base} at {cells.number(fill.price)} {quote}{fee}"
    return escape.plotly(escape.clip(words, 120))


def _clock(ns: int) -> str:
    return f"{cells.utc(int(ns), 0)[11:]} UTC"


def _valued_at(photo: EquityPhoto, pairs: Mapping[str, Sequence[tuple[FillRecord, Position]]]) -> dict[str, Any]:
    """Which prices are used and since when, and what is left out, above the figure."""
    told = []
    for symbol in list(pairs)[:NAMED]:
        mids = photo.mids.get(symbol)
        since = (
            f"since {cells.utc(int(mids.times[0]), 0)[11:]} UTC" if mids is not None and len(mids.times) else "no price"
        )
        told.append(f"{escape.plotly(escape.clip(symbol, 24))} {since}")
    if len(pairs) > NAMED:
        told.append(f"and {len(pairs) - NAMED} more")
    lines = [f"valued at the mid prices of verified books: {', '.join(told)}"]
    lines += [escape.plotly(escape.clip(photo.left_out, 160))] if photo.left_out else []
    return {
        "text": "<br>".join(lines),
        "align": "left",
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
        "font": {"size": 12, "color": theme.MUTED},
    }
