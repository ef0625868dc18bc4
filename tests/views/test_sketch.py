"""A figure's sketch shows what the figure says, runs nothing, and is never large."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import plotly.graph_objects as go
import pytest

from kraken_lab.market import BookSnapshot
from kraken_lab.views import candles, depth, heatmap, history, theme, trades
from kraken_lab.views.escape import visible
from kraken_lab.views.sketch import MOST_BYTES, sketch
from kraken_lab.views.sketch_raster import palette_of, png
from kraken_lab.views.sketch_scale import Scale

from .figures import START, a_gap, a_grid, some_candles, some_history, some_trades
from .hostile import HOSTILE
from .test_depth_and_ladder import a_book
from .test_hostile_text import figures_of

SVG = "{http://www.w3.org/2000/svg}"

FIGURES = {
    "candles": candles(some_candles([0, 1, 2, 5], partial=[1], open_ones=[5]), gaps=[a_gap(130, 250)]),
    "no candles": candles(some_candles([]), symbol="BTC/USD"),
    "depth": depth(a_book()),
    "no depth": depth(None, symbol="BTC/USD"),
    "trades": trades(some_trades((0, "buy", "100", "1"), (1, "sell", "99", "4")), symbol="BTC/USD"),
    "history": history(some_history((0, "99", "1", "101", "3"), (1, "98", "1", None, None)), symbol="BTC/USD"),
    "heatmap": heatmap(a_grid(gaps_at=[1.5]), symbol="BTC/USD", trades=some_trades((1, "buy", "100.1", "1"))),
}


def words(svg: str) -> list[str]:
    """The texts in it, as they are read."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_ours_has_a_sketch_in_which_nothing_can_run(name: str) -> None:
    """Well-formed, with the figure's title, and of nothing but shapes, texts and images that are in it."""
    svg = sketch(FIGURES[name])
    root = ET.fromstring(svg)
    assert FIGURES[name].layout.title.text in words(svg)
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    known = {"svg", "g", "rect", "path", "text", "tspan", "clipPath", "image", "linearGradient", "stop"}
    assert kinds <= known
    addresses = [value for element in root.iter() for name, value in element.attrib.items() if name.endswith("href")]
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert "nan" not in svg
    assert len(svg) < 15_000


@pytest.mark.promise("W-04")
@pytest.mark.parametrize("text", [HOSTILE["element"], HOSTILE["entities"], HOSTILE["right to left"]])
def test_a_hostile_text_is_read_letter_by_letter(text: str) -> None:
    """As symbol, title and reason; what plotly would decode is decoded once, and then escaped."""
    for name, figure in figures_of(text).items():
        assert any(visible(text) in word for word in words(sketch(figure))), name


def test_candles_stand_where_their_prices_are() -> None:
    """The wick goes from the highest to the lowest price by the axis whose labels are written beside it."""
    svg = sketch(candles(some_candles([0, 1, 2])))
    texts = {element.text: float(element.attrib["y"]) - 4 for element in ET.fromstring(svg).iter(f"{SVG}text")}
    pixel = (texts["101"] - texts["100"]) / 1.0
    (wick,) = set(re.findall(r"M[\d.]+ ([\d.]+)V[\d.]+M[\d.]+ [\d.]+V([\d.]+)M[\d.]+ [\d.]+h", svg))
    assert float(wick[0]) == pytest.approx(texts["100"] + 2 * pixel, abs=0.2)
    assert float(wick[1]) == pytest.approx(texts["100"] - 1 * pixel, abs=0.2)


def test_long_prices_stand_apart_from_the_title_of_their_axis() -> None:
    """Of a coin with nine decimals, and of sums of thousands of millions."""
    bids, asks = [("0.000010050", "8000000000")], [("0.000010053", "90000000000")]
    book = BookSnapshot.of("PEPE/USD", bids=bids, asks=asks, price_precision=9, qty_precision=0)
    texts = ET.fromstring(sketch(depth(book))).iter(f"{SVG}text")
    placed = [(float(text.get("x", "0")), text.get("transform"), "".join(text.itertext())) for text in texts]
    (title,) = (x for x, turned, words in placed if turned and words.startswith("quantity"))
    ends = [x + 12 * 0.6 * len(words) for x, turned, words in placed if not turned and words.endswith(",000")]
    assert ends
    assert max(ends) < title - 8
    assert title < 896


def test_a_line_breaks_where_nothing_is_known() -> None:
    """A point without value begins another path."""
    line = go.Scatter(x=[0, 1, 2, 3, 4], y=[1, 2, None, 2, 1], mode="lines", line={"color": "#010203"})
    path = next(part for part in sketch(go.Figure(line)).split("<path ") if "#010203" in part)
    assert path.count("M") == 2


def test_many_points_are_thinned_and_keep_their_extremes() -> None:
    """A hundred thousand points stay below the bound, and the one peak among them is drawn."""
    y = np.zeros(100_000)
    y[54_321] = 7.0
    figure = {"data": [{"x": np.arange(100_000), "y": y, "mode": "lines", "line": {"color": "#010203"}}], "layout": {}}
    svg = sketch(figure)
    assert len(svg) < MOST_BYTES
    heights = {float(height) for height in re.findall(r"L[\d.]+ ([\d.]+)", svg)}
    assert len(heights) == 2


def test_a_figure_that_would_be_large_is_drawn_of_fewer_points() -> None:
    """Ten full lines do not make a notebook heavy."""
    noise = np.random.default_rng(7).random(5_000)
    lines = [{"x": np.arange(5_000), "y": np.roll(noise, n), "mode": "lines"} for n in range(12)]
    assert len(sketch({"data": lines, "layout": {}})) < MOST_BYTES


def test_a_sketch_follows_the_paper_of_the_figure() -> None:
    """A light figure makes a light sketch, with no colour of the dark one but what is the same in both."""
    svg = sketch(theme.on_light(FIGURES["candles"]))
    assert f'fill="{theme.LIGHT[theme.BUY]}"' in svg
    assert theme.BUY not in svg


def test_a_matrix_is_a_picture_of_a_palette() -> None:
    """The PNG has one byte a pixel, and a missing value is an index of its own."""
    import base64
    import zlib

    data = base64.b64decode(png(np.array([[0.0, 1.0], [np.nan, 0.5]]), 0, 1, PALETTE).partition(",")[2])
    at = data.index(b"IDAT") + 4
    assert zlib.decompress(data[at:-16]) == bytes([0, 0, 254, 0, 255, 127])


PALETTE = palette_of([[0, "#000000"], [1, "#ffffff"]])


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (4, ["10:10:00", "10:10:02", "10:10:04"]),
        (600, ["10:10", "10:15", "10:20"]),
        (0.4, ["10:10:00.0", "10:10:00.2"]),
    ],
)
def test_a_time_axis_has_round_times(seconds: float, labels: list[str]) -> None:
    """In the unit that fits the stretch."""
    begin = START / 1e6
    scale = Scale(begin, begin + seconds * 1e3, 0, 100, is_time=True)
    assert [label for _, label in scale.ticks(3)][: len(labels)] == labels
