"""Candles show what is whole, what spans a gap, and what is not over yet."""

from __future__ import annotations

import pandas as pd
import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.views import candles

from .figures import a_gap, seconds, some_candles, traces


@pytest.mark.promise("S-05")
@pytest.mark.fault("F-060")
def test_candles_that_are_not_whole_are_marked() -> None:
    """A candle that spans a gap and one still open have names, fills and patterns of their own."""
    figure = candles(some_candles([0, 1, 2, 3], partial=[1], gap_before=[2], open_ones=[3]))
    drawn = traces(figure)
    assert seconds(drawn["closed candle"]["x"]) == [0, 120]
    assert seconds(drawn["spans a gap (partial)"]["x"]) == [60]
    assert seconds(drawn["not closed yet"]["x"]) == [180]
    fills = {drawn[name]["increasing"]["fillcolor"] for name in drawn if "increasing" in drawn[name]}
    assert len(fills) == 3
    patterns = [(bar.marker.pattern.shape or "") for bar in figure.data if bar.type == "bar"]
    assert patterns == ["", "/", "."]


@pytest.mark.promise("S-05")
@pytest.mark.fault("F-060")
@pytest.mark.parametrize(
    ("minutes", "partial", "gap_before", "broken_before"),
    [
        ([0, 1, 2], [], [], []),
        ([0, 1, 5, 6], [], [], [5]),
        ([0, 1, 2, 3], [], [2], [2, 3]),
        ([0, 1, 2, 3], [1], [], [1, 2]),
    ],
)
def test_the_vwap_line_breaks_at_gaps_and_missing_candles(
    minutes: list[int], partial: list[int], gap_before: list[int], broken_before: list[int]
) -> None:
    """Before a candle that may lack trades, after it, and where a candle is missing, the line has no value."""
    line = traces(candles(some_candles(minutes, partial=partial, gap_before=gap_before)))["vwap of the candle"]
    times = seconds(line["x"])
    after = [round(times[at + 1] / 60) for at, value in enumerate(line["y"]) if value is None]
    assert after == broken_before
    assert [time for time, value in zip(times, line["y"], strict=True) if value is not None] == [
        m * 60 for m in minutes
    ]
    assert line["connectgaps"] is False


@pytest.mark.promise("S-05")
@pytest.mark.fault("F-060")
def test_no_candle_is_invented_in_a_gap() -> None:
    """Four candles in, four candles out, and the gap has a band with its reason."""
    figure = candles(some_candles([0, 1, 8, 9]), gaps=[a_gap(110, 470, "silence")])
    assert seconds(traces(figure)["closed candle"]["x"]) == [0, 60, 480, 540]
    assert [note.text for note in figure.layout.annotations] == ["gap 6 min: silence"]


def test_volume_is_drawn_in_base_units_below() -> None:
    """Each candle has its bar, on an axis of its own."""
    figure = candles(some_candles([0, 1]))
    bar = next(trace for trace in figure.data if trace.type == "bar")
    assert list(bar.y) == [1.5, 1.5]
    assert bar.yaxis == "y2"
    assert figure.layout.yaxis2.title.text == "volume (BTC)"


@pytest.mark.parametrize("column", ["symbol", "interval"])
def test_one_chart_shows_one_symbol_and_one_interval(column: str) -> None:
    """A frame of several is refused with the choices, until one is named."""
    other = some_candles([0], symbol="ETH/USD") if column == "symbol" else some_candles([0], interval=5)
    both = pd.concat([some_candles([0]), other])
    with pytest.raises(BadArgument, match=r"BTC/USD.*ETH/USD" if column == "symbol" else "1 or 5"):
        candles(both)
    chosen = candles(both, symbol="ETH/USD") if column == "symbol" else candles(both, interval=5)
    assert len(traces(chosen)["closed candle"]["x"]) == 1


def test_no_candles_yet_is_said() -> None:
    """An empty frame gives an empty chart that says so."""
    figure = candles(some_candles([]), symbol="BTC/USD")
    assert [note.text for note in figure.layout.annotations] == ["no candles yet"]
