"""A page is one file that needs nothing else and asks nobody."""

from __future__ import annotations

import re

import plotly.graph_objects as go
import pytest

from kraken_lab.market import BookSnapshot
from kraken_lab.views import depth, heatmap, page, theme

from .figures import a_grid
from .hostile import Page

LOADING = {
    "src",
    "srcset",
    "data",
    "action",
    "formaction",
    "poster",
    "background",
    "cite",
    "ping",
    "manifest",
    "archive",
}


@pytest.fixture(scope="module")
def document() -> str:
    """A page with two figures and a part in HTML."""
    figure = heatmap(a_grid(), symbol="BTC/USD")
    return page([("Heat", figure), ("Again", figure), ("Words", "<p>some</p>")], title="Five minutes", facts={"a": 1})


@pytest.mark.promise("W-06")
@pytest.mark.fault("F-173")
def test_no_element_refers_to_anything_outside(document: str) -> None:
    """No attribute loads, every link stays in the page, no style imports or fetches."""
    read = Page(document)
    for tag, attributes in read.elements:
        assert not LOADING & attributes.keys(), tag
        assert (attributes.get("href") or "#").startswith(("#", "data:,"))
        assert "url(" not in (attributes.get("style") or "")
    styles = re.findall(
        r"<style>(.*?)</style>", re.sub(r"<script>.*?</script>", "", document, flags=re.DOTALL), re.DOTALL
    )
    assert styles
    assert not any("url(" in style or "@import" in style for style in styles)


@pytest.mark.promise("W-06")
@pytest.mark.fault("F-173")
def test_the_browser_is_told_to_load_nothing(document: str) -> None:
    """Whatever a script or figure might ask for: the policy allows inline parts and data, and no address or eval."""
    policies = [
        a for tag, a in Page(document).elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    policy = str(policies[0]["content"])
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    assert "*" not in policy
    assert "unsafe-eval" not in policy


@pytest.mark.promise("W-06")
def test_no_button_uploads_the_figure(document: str) -> None:
    """plotly 7 offers one by default; ours is taken out in the figure, and in a page for any figure."""
    assert "sendChartToCloud" in heatmap(a_grid()).layout.modebar.remove
    assert document.count('showSendToCloud: false, plotlyServerURL: ""') == 1


def test_plotly_is_written_in_exactly_once_and_only_if_needed(document: str) -> None:
    """Two figures share it; a page of words is small."""
    assert len(re.findall(r"\* plotly\.js v", document)) == 1
    assert len(page([("Words", "<p>some</p>")], title="Words")) < 10_000


def test_each_figure_is_drawn_in_its_own_place(document: str) -> None:
    """The places have the heights of their figures, so nothing jumps when they are drawn."""
    places = [a for tag, a in Page(document).elements if tag == "div" and re.fullmatch(r"f\d+", a.get("id") or "")]
    assert [(place["id"], place["style"]) for place in places] == [("f1", "height:640px"), ("f2", "height:640px")]
    assert re.findall(r"<script>draw\('(f\d)'", document) == ["f1", "f2"]


@pytest.mark.promise("W-04")
def test_a_figure_of_somebody_else_cannot_end_its_script() -> None:
    """The JSON of a figure holds no `<` at all, whoever made it."""
    figure = go.Figure(layout={"title": {"text": "</script><script>alert(1)</script><!--"}})
    script = page([("Theirs", figure)], title="x").rpartition("<script>")[2]
    assert script.count("<") == script.count("</script") + len(re.findall("</(section|main|body|html)>", script))


def test_the_same_input_gives_the_same_page() -> None:
    """No random ids and no clock: two pages can be compared."""
    book = heatmap(a_grid(), symbol="BTC/USD")
    assert page([("Heat", book)], title="x") == page([("Heat", book)], title="x")


def test_a_page_without_figures_or_facts_is_a_page() -> None:
    """The smallest one still has its headline."""
    assert "Nothing yet" in Page(page([], title="Nothing yet")).text


def test_a_title_is_said_once() -> None:
    """A picture by itself has its headline; neither a line above it nor the figure says it again."""
    figure = depth(BookSnapshot.of("A&B/USD", bids=[("1", "1")], asks=[]), title="A&B/USD depth")
    document = page([("A&B/USD depth", figure)], title="A&B/USD depth")
    drawn = document.rpartition("<script>draw('f1', ")[2]
    assert [tag for tag, _ in Page(document).elements if tag in ("h1", "h2")] == ["h1"]
    assert "USD depth" not in drawn
    assert '"height":402' in drawn.replace(" ", "")
    _, first, second = page([("Now", figure), ("A&B/USD depth", figure)], title="Books").split("<script>draw(")
    assert ["USD depth" in part.partition("</script>")[0] for part in (first, second)] == [True, False]


def test_a_page_is_dark_or_light_as_the_reader_prefers(document: str) -> None:
    """The preference is asked of the browser before anything is painted, and every colour has its counterpart."""
    head, _, body = document.partition("<body>")
    assert 'matchMedia("(prefers-color-scheme: dark)")' in head
    assert f'"{theme.PAPER}": "#ffffff"' in head
    assert "kl-dark" not in re.sub(r"<style>.*?</style>", "", body, flags=re.DOTALL)


def test_depth_fits_in_a_page_too() -> None:
    """Its height is its own."""
    assert 'style="height:420px"' in page([("Depth", depth(BookSnapshot.of("BTC/USD", bids=[], asks=[])))], title="x")
