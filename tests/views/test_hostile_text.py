"""Hostile text in every place that shows text: it is read, and nothing else happens."""

from __future__ import annotations

import functools
import re

import pandas as pd
import plotly.graph_objects as go
import pytest

from kraken_lab.market import BookSnapshot
from kraken_lab.views import (
    Badge,
    candles,
    depth,
    facts_html,
    heatmap,
    history,
    ladder_html,
    ladder_text,
    page,
    table_html,
)
from kraken_lab.views import trades as trades_chart
from kraken_lab.views.escape import visible

from .figures import a_gap, a_grid, some_candles, some_history, some_trades, texts
from .hostile import HOSTILE, Page, plotly_shows

OUR_MARKUP = ("<br>", "<extra></extra>")
OUR_PLACES = re.compile(r"%\{(x|y|z|open|high|low|close|customdata(\[\d\])?)(\|[%HMSLYmd:. -]+|:[+,.~\df]+)?\}")
IN_FRAMES = {name: text for name, text in HOSTILE.items() if name != "lone surrogate"}  # no frame can hold one
HOSTILE_TEXTS = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())

TEXTS_IN_FRAMES = pytest.mark.parametrize("text", IN_FRAMES.values(), ids=IN_FRAMES.keys())


def a_book(symbol: str) -> BookSnapshot:
    """One level a side."""
    return BookSnapshot.of(symbol, bids=[("99", "1")], asks=[("100", "1")])


@functools.cache
def figures_of(text: str) -> dict[str, go.Figure]:
    """Every figure with the text as symbol, title, side and reason."""
    trades, top = some_trades((1, text, "100.1", "1"), symbol=text), some_history((0, "99", "1", "100", "1"))
    return {
        "heatmap": heatmap(a_grid(), symbol=text, trades=trades, gaps=[a_gap(1, 2, text, symbol=text)]),
        "heatmap title": heatmap(a_grid(), title=text),
        "candles": candles(some_candles([0, 1, 2], symbol=text), gaps=[a_gap(1, 2, text, symbol=text)]),
        "candles title": candles(some_candles([0]), title=text),
        "trades": trades_chart(trades, symbol=text, gaps=[a_gap(1, 2, text, symbol=text)]),
        "trades title": trades_chart(trades, title=text),
        "history": history(top, symbol=text, gaps=[a_gap(0, 2, text, symbol=text)]),
        "history title": history(top, title=text),
        "depth": depth(a_book(text)),
        "no depth": depth(None, symbol=text, title=text),
        "depth title": depth(a_book("BTC/USD"), title=text),
    }


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-151")
@TEXTS_IN_FRAMES
def test_figures_show_it_letter_by_letter(text: str) -> None:
    """In titles, labels, legends and hover data plotly.js finds no tag, TeX or template but our own line breaks."""
    for name, figure in figures_of(text).items():
        layout = figure.to_plotly_json()
        assert plotly_shows(layout["layout"]["title"]["text"]).startswith(visible(text)), name
        for place, shown in texts(layout):
            ours = shown
            for markup in OUR_MARKUP:
                ours = ours.replace(markup, " ")
            plotly_shows(ours), place


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-151")
@TEXTS_IN_FRAMES
def test_the_side_of_a_trade_and_the_reason_of_a_gap_are_read_in_full(text: str) -> None:
    """What is pointed at shows the very words."""
    figure = figures_of(text)["heatmap"].to_plotly_json()
    sides = [row[2] for trace in figure["data"] for row in trace.get("customdata", ())]
    assert [plotly_shows(side) for side in sides] == [
        visible(text[:24]) + (f"… ({len(text)} characters)" if len(text) > 24 else "")
    ]
    assert visible(text) in {
        plotly_shows(note["hovertext"]).partition(": ")[2] for note in figure["layout"]["annotations"]
    }


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-151")
@TEXTS_IN_FRAMES
def test_templates_hold_no_text_of_others_but_as_entities(text: str) -> None:
    """The unit in a hover template is text from the wire; our own placeholders are all that is replaced."""
    for figure in figures_of(text).values():
        for trace in figure.data:
            template = trace.hovertemplate if "hovertemplate" in trace else None
            rest = OUR_PLACES.sub(" ", template or "")
            for ours in OUR_MARKUP:
                rest = rest.replace(ours, " ")
            plotly_shows(rest)


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-150")
@TEXTS_IN_FRAMES
def test_html_shows_it_letter_by_letter(text: str) -> None:
    """As column name, cell, index name, index label, state, title, caption, fact and symbol."""
    frame = pd.DataFrame({text: [text], "side": [text]}, index=pd.Index([text], name=text + "i"))
    parts = [
        table_html(frame, title=text, caption=text, badge=Badge(text, note=text)),
        facts_html(text, {text: text, "inner": {text: text}}),
        ladder_html(a_book(text), caption=text),
    ]
    known = {"div", "style", "span", "table", "thead", "tbody", "tr", "th", "td"}
    for part in parts:
        read = Page(part)
        assert read.tags <= known
        assert not any(name.startswith("on") for _, attributes in read.elements for name in attributes)
        assert read.text.count(visible(text)) >= 2
        assert "mathjax_ignore" in str(read.elements[0][1]["class"])


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-152")
@HOSTILE_TEXTS
def test_terminals_get_it_as_printable_text(text: str) -> None:
    """The ladder and the badge can be printed anywhere."""
    for shown in (ladder_text(a_book(text)), str(Badge(text, note=text))):
        assert visible(text) in shown
        assert shown.replace("\n", "").isprintable()


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-150")
@HOSTILE_TEXTS
def test_a_page_shows_it_letter_by_letter(text: str) -> None:
    """In the title, the headline, section titles, links and facts, and it can be written to a file."""
    document = page([(text, "<p>one</p>"), (text, "<p>two</p>")], title=text, facts={text: text})
    read = Page(document)
    assert read.text.count(visible(text)) == 8
    assert "img" not in read.tags
    assert document.count("<script") == 1  # the one that asks for dark or light
    assert document.partition("<script>")[2].startswith("const dark = matchMedia(")
    document.encode("utf-8")


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-067")
def test_a_symbol_of_ten_thousand_characters_breaks_no_view() -> None:
    """It is clipped, and the length is said."""
    symbol = "<b>" * 3_333 + "/"
    figure = figures_of(symbol)["heatmap"]
    assert len(plotly_shows(figure.layout.title.text)) < 150
    assert "(10,000 characters)" in ladder_text(a_book(symbol))
    assert len(Page(ladder_html(a_book(symbol))).text) < 400
    assert "(10,000 characters)" in Page(table_html(pd.DataFrame({"symbol": [symbol]}))).text
