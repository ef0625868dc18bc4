"""Candles and volume of one symbol, with what is not whole shown as such.

A pure function of an ohlc frame. A candle that spans a gap is hollow and amber, one that is not closed yet is pale;
time without candles stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArgument
from ..tables import Gap
from . import cells, escape, theme
from .gaps import gaps_of, mark_gaps

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["candles"]

_PRICES = ("open", "high", "low", "close")


def candles(
    frame: pd.DataFrame,
    *,
    symbol: str = "",
    interval: int | None = None,
    gaps: pd.DataFrame | Sequence[Gap] | None = None,
    title: str = "",
    height: int = 520,
) -> go.Figure:
    """Draw an ohlc frame (schema "ohlc"): candles above, volume in base units below, the vwap as a dotted line.

    Raises:
        BadArgument: the frame holds several symbols or intervals, and none of them is named.

    >>> import pandas as pd
    >>> from kraken_lab.tables import schema, view_of
    >>> [trace.name for trace in candles(view_of(schema("ohlc"), []).pandas()).data]
    []
    """
    import plotly.graph_objects as go

    frame, symbol = _only(frame, "symbol", symbol or None), symbol or _name_of(frame)
    frame = _only(frame, "interval", interval)
    figure = go.Figure()
    theme.dress(
        figure,
        title=escape.plotly(escape.clip(title or (f"{symbol} candles" if symbol else "Candles"), 120)),
        height=height,
        revision=f"candles:{symbol}:{interval}",
    )
    base, _, quote = symbol.partition("/")
    base, quote = escape.plotly(escape.clip(base, 24)) or "base", escape.plotly(escape.clip(quote, 24)) or "quote"
    figure.update_xaxes(theme.time_axis(rangeslider={"visible": False}, anchor="y2"))
    figure.update_layout(
        yaxis=theme.value_axis(f"price ({quote})", domain=[0.27, 1]),
        yaxis2=theme.value_axis(f"volume ({base})", domain=[0, 0.21], rangemode="tozero", nticks=4),
        barmode="overlay",
        bargap=0.3,
    )
    if frame.empty:
        theme.say_nothing_yet(figure, "no candles yet")
        return figure

    begin = cells.milliseconds(cells.nanoseconds_of(frame, "interval_begin"))
    length = float(frame["interval"].iloc[0]) * 60_000
    partial, closed = frame["partial"].to_numpy(dtype=bool), frame["closed"].to_numpy(dtype=bool)
    kinds: tuple[tuple[str, NDArray[np.bool_], dict[str, Any], str], ...] = (
        ("closed candle", closed & ~partial, {"fill": 1.0, "edge": None}, ""),
        ("spans a gap (partial)", partial, {"fill": 0.0, "edge": theme.GAP_INK}, "/"),
        ("not closed yet", ~closed & ~partial, {"fill": 0.3, "edge": None}, "."),
    )
    for name, chosen, look, pattern in kinds:
        if chosen.any():
            figure.add_trace(_boxes(name, frame[chosen], begin[chosen], look))
            figure.add_trace(_volume(frame[chosen], begin[chosen], length, look, pattern, base))
    figure.add_trace(_vwap(frame, begin, length))
    first, last = float(np.nanmin(begin)) - length * 0.7, float(np.nanmax(begin)) + length * 0.7
    mark_gaps(figure, gaps_of(gaps, symbol), first=first, last=last)
    figure.update_xaxes(range=[first, last])
    return figure


def _only(frame: pd.DataFrame, column: str, wanted: object) -> pd.DataFrame:
    """The rows with one value in a column; which one must be said if there are several."""
    if wanted is not None:
        return frame[frame[column].astype(type(wanted)) == wanted]
    found = frame[column].astype(object).unique().tolist()
    if len(found) > 1:
        raise BadArgument(column, None, " or ".join(repr(value) for value in found), "A chart shows one.")
    return frame


def _name_of(frame: pd.DataFrame) -> str:
    return "" if frame.empty else str(frame["symbol"].iloc[0])


def _boxes(name: str, frame: pd.DataFrame, begin: NDArray[np.float64], look: dict[str, Any]) -> go.Candlestick:
    import plotly.graph_objects as go

    digits = cells.decimals(value for column in _PRICES for value in frame[column].tolist())
    words = {column: [cells.number(value, digits) for value in frame[column].tolist()] for column in _PRICES}
    words["volume"] = [cells.number(value) for value in frame["volume"].tolist()]
    words["trades"] = [cells.number(value) for value in frame["trades"].tolist()]
    return go.Candlestick(
        name=name,
        x=begin.tolist(),
        **{column: frame[column].tolist() for column in _PRICES},
        increasing=_body(theme.BUY, look),
        decreasing=_body(theme.SELL, look),
        whiskerwidth=0,
        customdata=list(zip(*words.values(), strict=True)),
        hovertemplate="%{x|%Y-%m-%d %H:%M}<br>open  %{customdata[0]}<br>high  %{customdata[1]}"
        "<br>low   %{customdata[2]}<br>close %{customdata[3]}<br>volume %{customdata[4]}, %{customdata[5]} trades"
        f"<br>{name}<extra></extra>",
    )


def _volume(
    frame: pd.DataFrame, begin: NDArray[np.float64], length: float, look: dict[str, Any], pattern: str, base: str
) -> go.Bar:
    import plotly.graph_objects as go

    up = (frame["close"] >= frame["open"]).to_numpy()
    colours = [theme.BUY if rose else theme.SELL for rose in up]
    return go.Bar(
        x=begin.tolist(),
        y=frame["volume"].tolist(),
        yaxis="y2",
        width=length * 0.7,
        showlegend=False,
        marker={
            "color": colours,
            "opacity": 0.55,
            "line": {"width": 1 if look["edge"] else 0, "color": look["edge"] or theme.PLOT},
            "pattern": {"shape": pattern, "bgcolor": colours, "fgcolor": theme.PLOT, "size": 5} if pattern else None,
        },
        hovertemplate=f"%{{x|%Y-%m-%d %H:%M}}<br>volume %{{y}} {base}<extra></extra>",
    )


def _vwap(frame: pd.DataFrame, begin: NDArray[np.float64], length: float) -> go.Scatter:
    """The vwap, broken where a candle is missing, spans a gap or comes after one."""
    import plotly.graph_objects as go

    broken = frame["gap_before"].to_numpy(dtype=bool) | frame["partial"].to_numpy(dtype=bool)
    x: list[float] = []
    y: list[float | None] = []
    for at, (time, value) in enumerate(zip(begin.tolist(), frame["vwap"].tolist(), strict=True)):
        if at and (broken[at] or broken[at - 1] or time - begin[at - 1] > length * 1.5):
            x.append((time + float(begin[at - 1])) / 2)
            y.append(None)
        x.append(time)
        y.append(None if value is None or not np.isfinite(value) else float(value))
    return go.Scatter(
        name="vwap of the candle",
        x=x,
        y=y,
        mode="lines",
        connectgaps=False,
        line={"color": theme.NEUTRAL, "width": 1.2, "dash": "dot"},
        hoverinfo="skip",
    )


def _body(colour: str, look: dict[str, Any]) -> dict[str, Any]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return {
        "fillcolor": f"rgba({red},{green},{blue},{look['fill']:g})",
        "line": {"color": look["edge"] or colour, "width": 1.2},
    }
