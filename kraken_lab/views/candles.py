"""Candles and volume of one symbol, with what is not whole shown as such.

A pure function of an ohlc frame. A candle that spans a gap is hollow and amber, one that is not closed yet is pale;
time without candles stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArgument
from ..tables import Gap
from . import cells, theme
from .gaps import gap_marks, gaps_of

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["candles", "draw_candles"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

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

    return go.Figure(draw_candles(frame, symbol=symbol, interval=interval, gaps=gaps, title=title, height=height))


def draw_candles(
    frame: pd.DataFrame,
    *,
    symbol: str = "",
    interval: int | None = None,
    gaps: pd.DataFrame | Sequence[Gap] | None = None,
    title: str = "",
    height: int = 520,
) -> theme.Plain:
    """`candles` as the mapping that plotly makes a figure of."""
    frame, symbol = _only(frame, "symbol", symbol or None), symbol or _name_of(frame)
    frame = _only(frame, "interval", interval)
    base, quote = theme.units(symbol)
    layout = theme.layout(
        title=theme.heading(title or (f"{symbol} candles" if symbol else "Candles")),
        height=height,
        revision=f"candles:{symbol}:{interval}",
        xaxis=theme.time_axis(rangeslider={"visible": False}, anchor="y2"),
        yaxis=theme.value_axis(f"price ({quote})", domain=[0.27, 1]),
        yaxis2=theme.value_axis(f"volume ({base})", domain=[0, 0.21], rangemode="tozero", nticks=4),
        barmode="overlay",
        bargap=0.3,
    )
    if frame.empty:
        return theme.empty(layout, "no candles yet")

    begin = cells.milliseconds(cells.nanoseconds_of(frame, "interval_begin"))
    length = float(frame["interval"].iloc[0]) * 60_000
    partial, closed = frame["partial"].to_numpy(dtype=bool), frame["closed"].to_numpy(dtype=bool)
    prices = {column: frame[column].to_numpy(dtype=float) for column in _PRICES}
    digits = max(cells.decimals_of(values) for values in prices.values())
    kinds: tuple[tuple[str, Flags, dict[str, Any], str], ...] = (
        ("closed candle", closed & ~partial, {"fill": 1.0, "edge": None}, ""),
        ("spans a gap (partial)", partial, {"fill": 0.0, "edge": theme.GAP_INK}, "/"),
        ("not closed yet", ~closed & ~partial, {"fill": 0.3, "edge": None}, "."),
    )
    data: list[dict[str, Any]] = []
    for name, chosen, look, pattern in kinds:
        if chosen.any():
            rows = {column: values[chosen] for column, values in prices.items()}
            volume = frame["volume"].to_numpy(dtype=float)[chosen]
            trades = frame["trades"].to_numpy(dtype=float)[chosen]
            data.append(_boxes(name, begin[chosen], rows, volume, trades, digits, look))
            data.extend(_volume(name, begin[chosen], rows, volume, length, look, pattern, base))
    data.append(_vwap(frame, begin, length))
    # An open gap reaches beyond the last candle, so that it can be seen.
    first, last = float(np.nanmin(begin)) - length * 0.7, float(np.nanmax(begin)) + length * 0.7
    shapes, notes = gap_marks(gaps_of(gaps, symbol), first=first, last=last)
    return {"data": data, "layout": {**layout, "shapes": shapes, "annotations": notes}}


def _only(frame: pd.DataFrame, column: str, wanted: object) -> pd.DataFrame:
    """The rows with one value in a column; which one must be said if there are several."""
    if wanted is not None:
        is_wanted = (frame[column] == wanted).to_numpy(dtype=bool)
        return frame if is_wanted.all() else frame[is_wanted]
    found = frame[column].astype(object).unique().tolist()
    if len(found) > 1:
        raise BadArgument(column, None, " or ".join(repr(value) for value in found), "A chart shows one.")
    return frame


def _name_of(frame: pd.DataFrame) -> str:
    return "" if frame.empty else str(frame["symbol"].iloc[0])


def _boxes(
    name: str,
    begin: Floats,
    prices: dict[str, Floats],
    volume: Floats,
    trades: Floats,
    digits: int,
    look: dict[str, Any],
) -> dict[str, Any]:
    written = {column: f"%{{{column}:,.{digits}f}}" for column in _PRICES}
    return {
        "type": "candlestick",
        "name": name,
        "x": begin,
        **prices,
        "increasing": _body(theme.BUY, look),
        "decreasing": _body(theme.SELL, look),
        "whiskerwidth": 0,
        "customdata": np.column_stack([volume, trades]),
        "hovertemplate": f"%{{x|%Y-%m-%d %H:%M}}<br>open  {written['open']}<br>high  {written['high']}"
        f"<br>low   {written['low']}<br>close {written['close']}"
        f"<br>volume %{{customdata[0]:,.8~f}}, %{{customdata[1]:,.0f}} trades<br>{name}<extra></extra>",
    }


def _volume(
    name: str,
    begin: Floats,
    prices: dict[str, Floats],
    volume: Floats,
    length: float,
    look: dict[str, Any],
    pattern: str,
    base: str,
) -> Iterator[dict[str, Any]]:
    """The bars of those that rose and of those that fell: a browser draws bars of one colour in half the time."""
    rose = prices["close"] >= prices["open"]
    for way, colour, chosen in (("rose", theme.BUY, rose), ("fell", theme.SELL, ~rose)):
        if not chosen.any():
            continue
        marker = {
            "color": colour,
            "opacity": 0.55,
            "line": {"width": 1 if look["edge"] else 0, "color": look["edge"] or theme.PLOT},
        }
        if pattern:
            marker["pattern"] = {"shape": pattern, "bgcolor": colour, "fgcolor": theme.PLOT, "size": 5}
        yield {
            "type": "bar",
            "name": f"volume of {name} that {way}",
            "x": begin[chosen],
            "y": volume[chosen],
            "yaxis": "y2",
            "width": length * 0.7,
            "showlegend": False,
            "textposition": "none",
            "marker": marker,
            "hovertemplate": f"%{{x|%Y-%m-%d %H:%M}}<br>volume %{{y:,.8~f}} {base}<extra></extra>",
        }


def _vwap(frame: pd.DataFrame, begin: Floats, length: float) -> dict[str, Any]:
    """The vwap, broken where a candle is missing, spans a gap or comes after one."""
    broken = frame["gap_before"].to_numpy(dtype=bool) | frame["partial"].to_numpy(dtype=bool)
    breaks = np.flatnonzero(broken[1:] | broken[:-1] | (np.diff(begin) > length * 1.5)) + 1
    return {
        "type": "scatter",
        "name": "vwap of the candle",
        "x": np.insert(begin, breaks, (begin[breaks] + begin[breaks - 1]) / 2),
        "y": np.insert(frame["vwap"].to_numpy(dtype=float), breaks, np.nan),
        "mode": "lines",
        "connectgaps": False,
        "line": {"color": theme.NEUTRAL, "width": 1.2, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _body(colour: str, look: dict[str, Any]) -> dict[str, Any]:
    fill = ",".join(map(str, theme.channels(colour)))
    return {
        "fillcolor": f"rgba({fill},{look['fill']:g})",
        "line": {"color": look["edge"] or colour, "width": 1.2},
    }
