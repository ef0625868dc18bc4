"""The heatmap shows what the book was, and nothing where it is not known."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from kraken_lab.tables import LadderHistory, schema, view_of
from kraken_lab.views import heatmap
from kraken_lab.views.own import Own, OwnOrder
from kraken_lab.views.sizes import SizeScale

from .figures import START, a_gap, a_grid, edges, matrix, seconds, some_trades, traces


def test_each_side_is_drawn_at_its_prices_with_its_sizes() -> None:
    """Rows are price bins, columns are times, and the numbers are sizes in base units, not logarithms."""
    drawn = traces(heatmap(a_grid(), symbol="BTC/USD"))
    assert np.nan_to_num(matrix(drawn["bids"]["z"]))[:, 0].tolist() == [2.0, 1.0]
    assert np.nan_to_num(matrix(drawn["asks"]["z"]))[:, 0].tolist() == [0.5, 0.0, 4.0]
    assert edges(drawn["bids"]["y"]) == pytest.approx([99.8, 99.9, 100.0])
    assert seconds(drawn["bids"]["x"]) == [0, 1, 2, 3, 4]


@pytest.mark.promise("S-05")
@pytest.mark.fault("F-060")
@pytest.mark.parametrize(
    ("beats", "gaps_at", "gaps", "expected", "blank"),
    [
        pytest.param((0, 1, 4, 5), (2, 3), [], [0, 1, 2, 4, 5, 6], [2], id="empty columns of the grid"),
        pytest.param((0, 1, 2, 8, 9), (), [], [0, 1, 2, 3, 8, 9, 10], [3], id="time without columns"),
        pytest.param((0, 1, 2, 3), (), [(1.25, 1.75)], [0, 1, 1.25, 2, 3, 4], [2], id="a gap between two columns"),
        pytest.param((0, 1, 2, 3), (), [(0.5, 2.5)], [0, 0.5, 3, 4], [1], id="columns that lie in a gap"),
        pytest.param((0, 1, 2, 3), (), [(3.5, 6)], [0, 1, 2, 3, 3.5, 6], [4], id="a gap after the last column"),
        pytest.param((0, 1, 2, 3), (), [(3.5, None)], [0, 1, 2, 3, 3.5, 5], [4], id="an open gap"),
        pytest.param((0, 1, 2, 3), (), [(-9, 0)], [0, 1, 2, 3, 4], [], id="a gap that ended before"),
    ],
)
def test_a_gap_is_an_empty_column_and_a_broken_line(
    beats: tuple[float, ...],
    gaps_at: tuple[float, ...],
    gaps: list[tuple[float, float | None]],
    expected: list[float],
    blank: list[int],
) -> None:
    """Nothing is stretched over a gap or filled in: its cells are all NaN, and the lines of best prices break."""
    figure = heatmap(a_grid(beats, gaps_at=gaps_at), symbol="BTC/USD", gaps=[a_gap(*gap) for gap in gaps])
    drawn = traces(figure)
    for side in ("bids", "asks"):
        unknown = np.isnan(matrix(drawn[side]["z"])).all(axis=0)
        assert seconds(drawn[side]["x"]) == expected
        assert np.flatnonzero(unknown).tolist() == blank
        assert drawn[side]["zsmooth"] is False
        assert drawn[side]["connectgaps"] is False
    for line in ("best bid", "best ask"):
        steps = drawn[line]["y"][:-1]
        assert [at for at, price in enumerate(steps) if price is None] == blank
        assert drawn[line]["connectgaps"] is False


@pytest.mark.promise("S-05")
@pytest.mark.fault("F-060")
def test_a_gap_has_a_band_with_length_and_reason() -> None:
    """The reader sees that something is missing, for how long, and why, also where the table of gaps says nothing."""
    figure = heatmap(a_grid((0, 1, 2, 8, 9, 30, 31)), symbol="BTC/USD", gaps=[a_gap(2.5, 8, "disconnected")]).to_dict()
    labels = {note["text"] for note in figure["layout"]["annotations"]}
    assert labels == {"gap 5.5 s: disconnected", "gap 20 s: no book"}
    bands = sorted(tuple(seconds([shape["x0"], shape["x1"]])) for shape in figure["layout"]["shapes"])
    assert bands == [(2.5, 8), (10, 30)]


@pytest.mark.promise("S-05")
def test_gaps_come_as_a_table_too_and_only_of_the_symbol() -> None:
    """The gaps of another symbol leave this one's columns alone."""
    rows = [
        (gap.symbol, "book", gap.start_ns, gap.end_ns, gap.reason, None, False, 2)
        for gap in (a_gap(1, 2, "one"), a_gap(0, 9, "other", symbol="ETH/USD"))
    ]
    figure = heatmap(a_grid(), symbol="BTC/USD", gaps=view_of(schema("gaps"), rows).pandas())
    assert [note.text for note in figure.layout.annotations] == ["gap 1.0 s: one"]
    assert np.flatnonzero(np.isnan(matrix(traces(figure)["bids"]["z"])).all(axis=0)).tolist() == [1]


def test_neither_side_covers_the_other() -> None:
    """Where the prices have moved, each side has zeros only beyond its own best price, so the other shows through."""
    history = LadderHistory(0)
    history.sample(0, [10, 9], ["1", "1"], [12, 13], ["2", "2"])
    history.sample(10**9, [13, 12], ["3", "3"], [15, 16], ["4", "4"])
    drawn = traces(heatmap(history.grid(bins=8, price_range=(8.5, 16.5))))
    bids, asks = matrix(drawn["bids"]["z"]), matrix(drawn["asks"]["z"])
    bid_low, ask_low = edges(drawn["bids"]["y"])[0], edges(drawn["asks"]["y"])[0]
    asks_at_12_then = asks[round(12 - ask_low - 0.5), 1]
    assert bids[round(12 - bid_low - 0.5)].tolist() == pytest.approx([np.nan, 3.0], nan_ok=True)
    assert np.isnan(asks_at_12_then)


def test_trades_are_told_by_shape_and_size_as_well_as_colour() -> None:
    """Buys point up, sells point down, the largest is the largest, and trades out of view are left out."""
    trades = some_trades((0.5, "buy", "100.1", "4"), (1.5, "sell", "99.9", "1"), (90, "buy", "100.1", "1"))
    drawn = traces(heatmap(a_grid(), symbol="BTC/USD", trades=trades))
    buys, sells = drawn["buy trades"], drawn["sell trades"]
    assert (buys["marker"]["symbol"], sells["marker"]["symbol"]) == ("triangle-up", "triangle-down")
    assert seconds(buys["x"]) == [0.5]
    assert buys["marker"]["size"][0] > sells["marker"]["size"][0]
    assert [list(row) for row in sells["customdata"]] == [["99.9", "1", "sell"]]


def test_the_line_of_an_own_order_begins_when_it_was_made() -> None:
    """Made before the first column: at the left edge; after the last: a point at the right one."""
    since = (START - 10**12, START + 2 * 10**9, START + 10**12)
    orders = tuple(OwnOrder("O", "buy", Decimal("99.9"), Decimal(1), "OPEN", since_ns=at) for at in since)
    line = traces(heatmap(a_grid(), symbol="BTC/USD", own=Own(orders)))["own buy orders"]
    assert [seconds(line["x"][at : at + 2]) for at in (0, 3, 6)] == [[0, 4], [2, 4], [4, 4]]


def test_trades_of_other_symbols_are_not_drawn() -> None:
    """A frame of several symbols is filtered by the symbol of the grid."""
    trades = pd.concat([some_trades((1, "buy", "100.1", "1")), some_trades((2, "buy", "100.1", "1"), symbol="ETH/USD")])
    assert seconds(traces(heatmap(a_grid(), symbol="BTC/USD", trades=trades))["buy trades"]["x"]) == [1]


def test_too_many_trades_are_thinned_out_loud() -> None:
    """Only the largest 2,000 are drawn, and the legend says of how many."""
    trades = some_trades(*[(at / 1000, "buy", "100.1", str(1 + at)) for at in range(2_500)])
    drawn = traces(heatmap(a_grid(), symbol="BTC/USD", trades=trades))
    assert len(drawn["buy trades (largest 2,000 of 2,500)"]["x"]) == 2_000


def test_the_matrix_travels_as_four_bytes_a_cell() -> None:
    """The JSON holds base64 of float32, a quarter of what numbers as text would take."""
    z = traces(heatmap(a_grid()))["bids"]["z"]
    assert z["dtype"] == "f4"
    assert len(z["bdata"]) == pytest.approx(matrix(z).size * 4 * 4 / 3, abs=4)


def test_an_empty_grid_says_so() -> None:
    """A chart asked for before the first column is there is a chart that says that, not an error."""
    figure = heatmap(LadderHistory(1).grid(), symbol="BTC/USD")
    assert [note.text for note in figure.layout.annotations] == ["no book yet"]


def test_a_grid_of_gaps_alone_can_be_drawn() -> None:
    """A book that never came: bands, no cells, no error."""
    figure = heatmap(a_grid((), gaps_at=(0, 1, 2)), symbol="BTC/USD")
    assert [note.text for note in figure.layout.annotations] == ["gap 3.0 s: no book"]


def test_one_side_alone_can_be_drawn() -> None:
    """A book without asks shows its bids, and the line of best asks has no value."""
    grid = a_grid()
    nothing = np.zeros_like(grid.ask_qty)
    grid = dataclasses.replace(grid, ask_qty=nothing, best_ask=np.full(len(grid), np.nan))
    drawn = traces(heatmap(grid))
    assert matrix(drawn["bids"]["z"]).shape == (2, 4)
    assert not len(drawn["asks"]["z"])
    assert set(drawn["best ask"]["y"]) == {None}


def test_what_the_reader_did_to_the_view_survives_the_next_picture() -> None:
    """Pictures of one symbol share a revision, those of two do not."""
    first, second, other = (heatmap(a_grid(), symbol=symbol) for symbol in ("BTC/USD", "BTC/USD", "ETH/USD"))
    assert first.layout.uirevision == second.layout.uirevision != other.layout.uirevision


def test_the_colour_bar_is_labelled_in_sizes() -> None:
    """Ticks are powers of ten with 2 and 5 where those are few, written out, at the place of their logarithm."""
    bar = SizeScale(0.002, 3.0).colour_bar("size")["marker"]
    assert list(bar["colorbar"]["ticktext"]) == ["0.01", "0.1", "1"]
    assert list(bar["colorbar"]["tickvals"]) == pytest.approx([-2, -1, 0])
    assert SizeScale(0.5, 6.0).ticks() == [0.5, 1.0, 2.0, 5.0]
    assert SizeScale(4.0, 5.5).ticks() == [4.0, 5.0]


def test_sizes_beside_the_colours_stand_apart_from_long_prices() -> None:
    """Of a coin with nine decimals of which thousands of millions rest at a price."""
    history = LadderHistory(9, 0)
    history.sample(START, [10050, 10049], ["20000000", "3000000000"], [10053], ["400000000"])
    figure = heatmap(history.grid(bins=4), symbol="PEPE/USD")
    (bar,) = (trace.marker.colorbar for trace in figure.data if trace.name == "size")
    assert list(bar.ticktext) == ["100M", "200M", "500M", "1B", "2B"]
    assert bar.xpad > 8 * len("0.000010053")


@pytest.mark.parametrize("sizes", [[], [0.0], [1e-8], [2.0, 2.0], [1e-8, 1e9], [0.1, 1, 10, 100]])
def test_colours_rise_with_size_whatever_the_sizes(sizes: list[float]) -> None:
    """The stops go from 0 to 1 and never back, for one size, equal sizes and sizes 17 orders of magnitude apart."""
    scale = SizeScale.of(np.array(sizes, dtype=np.float32))
    stops = [float(stop) for stop, _ in scale.colours()]
    assert (stops[0], stops[-1]) == (0.0, 1.0)
    assert stops == sorted(stops)
    light = [sum(int(str(colour)[at : at + 2], 16) for at in (1, 3, 5)) for _, colour in scale.colours()]
    assert light[0] < light[len(light) // 2] < light[-1]
    assert scale.ticks() == sorted(scale.ticks())
