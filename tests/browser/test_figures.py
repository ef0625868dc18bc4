"""Live figures as they are seen: painted is the kernel's, zoom stays, plotly.js comes once, hidden costs nothing."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .by_hand import CELLS_NOW
from .conftest import Opener
from .notebook import SHOW, Notebook, until

pytestmark = pytest.mark.browser

CELLS = [
    "import kraken_lab as kl\nlab = kl.connect(new=True)\nbook = lab.book('BTC/USD', depth=100)\n"
    "trades = lab.trades('BTC/USD')\ncandles = lab.ohlc('BTC/USD')",
    "chart = candles.chart(last=60)\nchart",
    "depth = book.depth_chart()\ndepth",
    "trades.chart()",
    "book.history.chart()",
    "lab.equity()",
]
CANDLES, DEPTH, TRADES, HISTORY, EQUITY = 1, 2, 3, 4, 5

VIEWS = """
from kraken_lab.views.pump import PUMP
from kraken_lab.views.live_figure import LiveFigureView

def views():
    return [picture for picture in PUMP.pictures if isinstance(picture, LiveFigureView)]

def view_of(title):
    return next(view for view in views() if title in view._figure.title)
"""

READ = """figure => {
  const plot = figure.querySelector(".js-plotly-plot");
  const listed = array => array && Array.from(array, row => ArrayBuffer.isView(row) ? Array.from(row) : row);
  return {
    seq: Number(figure.dataset.seq), paints: Number(figure.dataset.paints),
    state: figure.querySelector(".kl-state").textContent,
    range: plot._fullLayout.xaxis.range, paper: plot._fullLayout.paper_bgcolor,
    labels: [...plot.querySelectorAll(".annotation-text")].map(label => label.textContent),
    traces: plot._fullData.map(trace => Object.fromEntries(
      ["name", "x", "y", "open", "high", "low", "close", "customdata"].map(
        name => [name, typeof trace[name] === "object" ? listed(trace[name]) : trace[name]]))),
  };
}"""

BOXES = """figure => {
  const box = element => { const b = element.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
  return {
    plot: box(figure.querySelector('.nsewdrag[data-subplot="xy"]')),
    candles: [...figure.querySelectorAll(".boxlayer path.box")].map(box),
  };
}"""

PAINTS = """async ([figure, seconds]) => {
  let frames = 0, going = true;
  const count = () => { frames++; if (going) requestAnimationFrame(count); };
  const begun = performance.now(), before = Number(figure.dataset.paints);
  requestAnimationFrame(count);
  await new Promise(done => setTimeout(done, 1000 * seconds));
  going = false;
  const took = (performance.now() - begun) / 1000;
  return { fps: frames / took, paints: (figure.dataset.paints - before) / took };
}"""

LOADS = """() => Object.entries(globalThis).filter(([name]) => name.startsWith("kraken_lab plotly.js"))
  .map(([, library]) => library.loads)"""


class Figure:
    """One live figure on the page."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.cell = notebook.page.locator(".jp-Notebook .jp-Cell").nth(cell)
        self.element = self.cell.locator(".kl-figure")
        self.cell.scroll_into_view_if_needed()
        self.element.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
        self.look_at()

    def look_at(self) -> None:
        """Have it in front, where it is painted."""
        self.notebook.page.bring_to_front()
        self.element.scroll_into_view_if_needed()

    def read(self) -> dict[str, Any]:
        """What is painted."""
        read: dict[str, Any] = self.element.evaluate(READ)
        return read

    def trace(self, name: str) -> dict[str, Any]:
        """One of its traces."""
        return next(trace for trace in self.read()["traces"] if trace["name"] == name)

    @property
    def seq(self) -> int:
        """The number of the frame that is painted."""
        return int(self.element.get_attribute("data-seq") or 0)

    def paints(self, seconds: float) -> dict[str, float]:
        """Frames and paints a second."""
        seen: dict[str, float] = self.notebook.page.evaluate(PAINTS, [self.element.element_handle(), seconds])
        return seen


@pytest.fixture(scope="module")
def notebook(open_notebook: Opener) -> Notebook:
    """A notebook with a lab of its own in it."""
    notebook = open_notebook("figures", CELLS)
    notebook.run(0)
    notebook.ask(VIEWS)
    return notebook


@pytest.fixture(scope="module")
def candles(notebook: Notebook) -> Figure:
    """The chart of candles in it."""
    notebook.run(CANDLES)
    return Figure(notebook, CANDLES)


@pytest.fixture(scope="module")
def depth(notebook: Notebook) -> Figure:
    """The depth chart in it."""
    notebook.run(DEPTH)
    return Figure(notebook, DEPTH)


@pytest.fixture(autouse=True)
def _nothing_foreign(notebook: Notebook) -> Iterator[None]:
    """After every test: no address but this machine's was asked for, and no script failed."""
    yield
    assert notebook.strangers == []
    assert notebook.errors == []


# --- what is painted ------------------------------------------------------------------------------------------------


@pytest.mark.both_kernels
def test_painted_candles_are_the_kernels_and_can_be_seen(notebook: Notebook, candles: Figure) -> None:
    """Every closed candle with its four prices, volume and trades, and a box for each inside the plot."""
    candles.look_at()
    painted = candles.trace("closed candle")
    rows = "[r for r in candles.view(last=60).rows() if r.closed]"
    exact = notebook.value(
        f"[[r.interval_begin.timestamp() * 1e3 if hasattr(r.interval_begin, 'timestamp') else r.interval_begin / 1e6, "
        f"*map(float, (r.open, r.high, r.low, r.close)), float(r.volume), float(r.trades)] for r in {rows}]"
    )
    columns = [painted[name] for name in ("x", "open", "high", "low", "close")]
    told = [
        [*prices, *custom] for prices, custom in zip(zip(*columns, strict=True), painted["customdata"], strict=True)
    ]
    common = [row for row in exact if row[0] in {row[0] for row in told}]
    assert len(common) >= 55
    assert [row for row in told if row[0] in {row[0] for row in common}] == common
    boxes = candles.element.evaluate(BOXES)
    assert len(boxes["candles"]) >= 59
    left, top, right, bottom = boxes["plot"]
    assert all(left <= b[0] < b[2] <= right + 1 and top <= b[1] <= b[3] <= bottom for b in boxes["candles"])


def test_pointing_at_a_candle_tells_its_prices(notebook: Notebook, candles: Figure) -> None:
    """With volume and trades, in words beside it."""
    candles.look_at()

    def told() -> str:
        left, top, right, bottom = candles.element.evaluate(BOXES)["candles"][30]
        notebook.page.mouse.move((left + right) / 2 + 1, (top + bottom) / 2 + 1)
        notebook.page.mouse.move((left + right) / 2, (top + bottom) / 2)
        return str(candles.element.evaluate("f => f.querySelector('.hoverlayer')?.textContent ?? ''"))

    words = until(lambda: "volume" in (words := told()) and words)
    assert all(word in words for word in ("open", "high", "low", "close", "trades", "closed candle"))
    assert "%{" not in words
    assert "NaN" not in words


@pytest.mark.both_kernels
def test_the_painted_depth_is_the_one_the_kernel_drew(notebook: Notebook, depth: Figure) -> None:
    """Held still: every level's price and sum, on both sides, and the mid above them."""
    depth.look_at()
    notebook.ask("depth.pause()")
    until(lambda: depth.read()["state"] == "PAUSED")
    until(lambda: depth.seq == notebook.value("view_of('depth').seq"))
    drawn = notebook.value(
        "[[trace.plain['name'], *(trace.arrays[(axis,)].tolist() for axis in 'xy')] "
        "for trace in view_of('depth')._parts.traces]"
    )
    read = depth.read()
    assert [[trace["name"], trace["x"], trace["y"]] for trace in read["traces"]] == drawn
    assert len(drawn[0][1]) == len(drawn[1][1]) == 100
    assert any(label.startswith("mid ") for label in read["labels"])
    notebook.ask("depth.resume()")
    at = depth.seq
    until(lambda: depth.read()["state"] == "LIVE" and depth.seq > at)


def test_every_chart_is_painted_in_light_and_dark(notebook: Notebook, candles: Figure, depth: Figure) -> None:
    """The page's theme is followed at once, without a word of the kernel."""
    notebook.run(TRADES, HISTORY, EQUITY)
    figures = {"candles": candles, "depth": depth}
    figures |= {
        name: Figure(notebook, at) for name, at in (("trades", TRADES), ("history", HISTORY), ("equity", EQUITY))
    }
    assert figures["equity"].read()["labels"] == ["nothing was traded yet against USD"]
    notebook.screenshot("figure-empty")
    notebook.ask(
        "import time\nfor side in ('buy', 'sell', 'buy'):\n    time.sleep(0.3)\n"
        "    _ = lab.add_order(symbol='BTC/USD', side=side, order_type='market', order_qty='0.02').confirm()"
    )
    until(lambda: len(figures["equity"].read()["traces"]) == 6)  # with what is filled beneath the open positions
    for theme, paper in (("Dark", "#0b0f17"), ("Light", "#ffffff")):
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        for name, figure in figures.items():
            figure.look_at()
            until(lambda figure=figure, paper=paper: figure.read()["paper"] == paper)  # type: ignore[misc]
            notebook.screenshot(f"figure-{name}-{theme.lower()}")


# --- what a person did to it ----------------------------------------------------------------------------------------


def test_zoom_and_hidden_traces_stay_while_figures_come(notebook: Notebook, depth: Figure) -> None:
    """What was zoomed to is still there some figures later; Home shows all again."""
    depth.look_at()
    depth.element.locator(".kl-plot").hover()
    depth.element.locator('.modebar-btn[data-attr="zoom"][data-val="in"]').click()
    zoomed = until(lambda: depth.read()["range"])
    depth.element.locator(".legendtoggle").first.click()
    hidden = "f => f.querySelector('.js-plotly-plot')._fullData[0].visible"
    until(lambda: depth.element.evaluate(hidden) == "legendonly")
    at = depth.seq
    until(lambda: depth.seq >= at + 4)
    read = depth.read()
    assert read["range"] == zoomed
    assert depth.element.evaluate(hidden) == "legendonly"
    depth.element.locator(".legendtoggle").first.click()
    until(lambda: depth.element.evaluate(hidden) is True)
    depth.element.locator(".kl-plot").focus()
    cells = notebook.page.evaluate(CELLS_NOW)
    notebook.page.keyboard.press("x")
    assert notebook.page.evaluate(CELLS_NOW) == cells, "the key was the cell's"
    notebook.page.keyboard.press("ArrowRight")
    moved = until(lambda: (found := depth.read()["range"]) != zoomed and found)
    assert moved[0] > zoomed[0]
    notebook.page.keyboard.press("Home")
    until(lambda: (found := depth.read()["range"])[1] - found[0] > 1.2 * (zoomed[1] - zoomed[0]))


def test_the_wheel_scrolls_the_page_until_the_figure_was_clicked(notebook: Notebook, depth: Figure) -> None:
    """Passing over it changes nothing."""
    depth.look_at()
    notebook.page.evaluate("document.activeElement?.blur()")
    before = depth.read()["range"]
    left, top, right, bottom = depth.element.evaluate(BOXES)["plot"]
    notebook.page.mouse.move((left + right) / 2, (top + bottom) / 2)
    notebook.page.mouse.wheel(0, 30)
    time.sleep(0.5)
    after = depth.read()["range"]
    assert after[1] - after[0] == pytest.approx(before[1] - before[0], rel=0.2)


def test_the_pause_button_stops_the_figure(notebook: Notebook, depth: Figure) -> None:
    """At once; the kernel then draws nothing for it, and on resuming everything is there."""
    depth.look_at()
    button = depth.element.get_by_role("button", name="Pause")
    button.click()
    assert depth.read()["state"] == "PAUSED"
    until(lambda: notebook.value("view_of('depth').pace.paused"))
    at = depth.seq
    time.sleep(0.7)
    assert depth.seq == at
    depth.element.get_by_role("button", name="Resume").click()
    until(lambda: depth.read()["state"] == "LIVE" and depth.seq > at)


# --- what it costs --------------------------------------------------------------------------------------------------


def test_two_figures_load_plotly_once(notebook: Notebook, candles: Figure, depth: Figure) -> None:
    """One of them asked for it, unless the page had it, which ran it once; it took no other plotly's place."""
    assert candles.seq
    assert depth.seq
    assert notebook.page.evaluate(LOADS) == [1]
    assert notebook.value("sum(view.libraries for view in views())") <= 1
    assert notebook.page.evaluate("typeof globalThis.Plotly") == "undefined"


def test_a_page_that_runs_no_plotly_says_so_and_shows_the_still(own_notebook: Opener) -> None:
    """In words what is not allowed, and below it the last picture, which is kept up instead."""
    notebook = own_notebook("forbidden", CELLS)
    notebook.run(0)
    notebook.page.evaluate(
        "() => { const make = URL.createObjectURL; URL.createObjectURL = blob =>"
        " blob.size > 1e6 ? 'blob:forbidden' : make.call(URL, blob); }"
    )
    notebook.run(DEPTH)
    cell = notebook.page.locator(".jp-Notebook .jp-Cell").nth(DEPTH)
    trouble = cell.locator(".kl-trouble")
    until(lambda: "did not let plotly.js run" in (trouble.text_content() or ""), 40)
    assert trouble.is_visible()
    assert cell.locator(".kl-still img").is_visible()
    notebook.screenshot("figure-forbidden")


@pytest.mark.promise("B-04")
def test_a_hidden_page_costs_nothing(notebook: Notebook, depth: Figure) -> None:
    """No figure is drawn while the page is hidden; seen again, it is up to date at once."""
    depth.look_at()
    frames = "[view.seq for view in views()]"
    notebook.page.evaluate(SHOW, "hidden")
    until(lambda: notebook.value("any(view.watched for view in views())") is False)
    before = notebook.value(frames)
    time.sleep(1.5)
    assert notebook.value(frames) == before
    at = depth.seq
    notebook.page.evaluate(SHOW, "visible")
    until(lambda: depth.seq > at, 5)


def often(seen: dict[str, float]) -> bool:
    """Whether it was painted a few times a second; where the browser itself is starved of time the kernel waits."""
    return seen["paints"] >= min(3, seen["fps"] / 15)


def test_figures_are_painted_as_often_as_they_change(
    notebook: Notebook, depth: Figure, capsys: pytest.CaptureFixture[str]
) -> None:
    """A few times a second while the page stays smooth; what it costs the kernel is printed."""
    notebook.ask("from tests.browser.load import Meter")
    depth.look_at()
    notebook.ask("meter = Meter(view_of('depth'))")
    # Whatever else the machine does, one of four stretches shows what the figure can.
    seen = next((seen for _ in range(3) if often(seen := depth.paints(3))), None) or depth.paints(3)
    cost = notebook.value("meter.read()")
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{notebook.jupyter.python.parts[-3]}: depth, {seen['paints']:.1f} paints/s at {seen['fps']:.0f} fps; "
            f"{cost['cpu_ms']:.2f} ms of the kernel (all views) and {cost['bytes'] / 1e3:.1f} kB an update"
        )
    assert often(seen), seen
    assert cost["bytes"] < 10_000


def test_a_saved_notebook_stays_small_and_shows_the_last_frames(notebook: Notebook, depth: Figure) -> None:
    """With the widgets' state in it: no plotly.js, and for each figure an image that needs no script."""
    notebook.command("@jupyter-widgets/jupyterlab-manager:saveWidgetState")
    saved = notebook.saved()
    text = json.dumps(saved)
    assert "plotly.js v" not in text
    assert len(text) < 2_000_000
    outputs = saved["cells"][DEPTH]["outputs"]
    stills = [
        output for output in outputs if "data:image/svg+xml;base64," in "".join(output["data"].get("text/html", ""))
    ]
    assert len(stills) == 1
    assert not depth.cell.locator("img").is_visible()
    # What turns notebooks into pages shows them: the images, and no script of ours.
    command: list[str | Path] = [notebook.jupyter.python, "-m", "nbconvert", "--to", "html", "--stdout", notebook.path]
    page = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    assert page.count(", as it stood") == text.count(", as it stood") >= 1
