"""Small photographs to draw, and readers of what a figure says."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from kraken_lab.tables import Gap, HeatGrid, LadderHistory, schema, view_of

SECOND = 1_000_000_000
START = 1_777_889_400 * SECOND


def a_grid(beats: Sequence[float | None] = (0, 1, 2, 3), *, gaps_at: Sequence[float] = ()) -> HeatGrid:
    """A book of two levels a side, sampled at these seconds after START; the ones in ``gaps_at`` are empty columns."""
    history = LadderHistory(1)
    for beat in sorted([*(beat for beat in beats if beat is not None), *gaps_at]):
        at = START + round(beat * SECOND)
        if beat in gaps_at:
            history.gap(at)
        else:
            history.sample(at, [999, 998], ["1", "2"], [1001, 1003], ["0.5", "4"])
    return history.grid(bins=6, price_range=(99.8, 100.4))


def a_gap(start: float, end: float | None, reason: str = "disconnected", symbol: str = "BTC/USD") -> Gap:
    """A gap between two seconds after START, open without an end."""
    end_ns = None if end is None else START + round(end * SECOND)
    return Gap(symbol, "book", START + round(start * SECOND), reason, 2, end_ns=end_ns)


def some_trades(*rows: tuple[float, str, str, str], symbol: str = "BTC/USD") -> pd.DataFrame:
    """Trades from (seconds after START, side, price, quantity)."""
    return view_of(
        schema("trade"),
        [
            (START + round(at * SECOND), START, symbol, side, price, qty, "limit", number, 1, False, "live")
            for number, (at, side, price, qty) in enumerate(rows)
        ],
    ).pandas()


def some_history(
    *rows: tuple[float, str | None, str | None, str | None, str | None], gap_before: Sequence[float] = ()
) -> pd.DataFrame:
    """The top of a book from (seconds after START, bid, its quantity, ask, its quantity)."""
    return view_of(
        schema("book_history"),
        [
            (START + round(at * SECOND), START, "BTC/USD", bid, bid_qty, ask, ask_qty, True, 1, at in gap_before)
            for at, bid, bid_qty, ask, ask_qty in rows
        ],
    ).pandas()


def some_candles(
    minutes: Sequence[int],
    *,
    partial: Sequence[int] = (),
    gap_before: Sequence[int] = (),
    open_ones: Sequence[int] = (),
    symbol: str = "BTC/USD",
    interval: int = 1,
) -> pd.DataFrame:
    """Candles that begin at these minutes after START."""
    return view_of(
        schema("ohlc"),
        [
            (
                START + minute * 60 * SECOND,
                START,
                symbol,
                "100.0",
                "102.0",
                "99.0",
                "101.0",
                "100.5",
                7,
                "1.50000000",
                interval,
                START + (minute + interval) * 60 * SECOND,
                minute not in open_ones,
                minute in partial,
                1,
                minute in gap_before,
            )
            for minute in minutes
        ],
    ).pandas()


def traces(figure: go.Figure) -> dict[str, dict[str, Any]]:
    """The named traces of a figure as plain values: a typed array is a list, in which nothing is None."""
    named = [trace for trace in figure.to_plotly_json()["data"] if trace.get("name")]
    return {trace["name"]: {name: _listed(value) for name, value in trace.items()} for trace in named}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict) or "bdata" not in value or "," in value.get("shape", ""):
        return value
    numbers = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
    return [None if number != number else number for number in numbers.tolist()]


def matrix(spec: dict[str, str]) -> NDArray[np.float32]:
    """The matrix behind a typed array: one row a price bin, one column a stretch of time."""
    rows, columns = (int(part) for part in spec["shape"].split(","))
    return np.frombuffer(base64.b64decode(spec["bdata"]), dtype="<f4").reshape(rows, columns)


def edges(spec: Any) -> list[float]:
    """An axis of a trace, whether it came as an array or as a typed array."""
    if isinstance(spec, dict):
        return np.frombuffer(base64.b64decode(spec["bdata"]), dtype=spec["dtype"]).tolist()  # type: ignore[no-any-return]
    return [float(value) for value in spec]


def seconds(spec: Any) -> list[float]:
    """An axis of times as seconds after START."""
    return [round(value / 1000 - START / SECOND, 3) for value in edges(spec)]


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a figure's JSON that plotly.js may draw, with the name it stands under."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, key)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner, name)
    elif isinstance(value, str) and name in {"text", "name", "hovertext", "customdata", "ticktext"}:
        yield name, value
