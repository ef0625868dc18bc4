"""The live table as it is seen: painted is what the kernel has, where one can see it, and as often as promised."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .by_hand import CELLS_NOW
from .conftest import Opener
from .notebook import BUSY, SHOW, SIZE, Notebook, until

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.opened=1"><b>$x^2$</b>'

CELLS = [
    "import kraken_lab as kl\nlab = kl.connect(new=True)\ntrades = lab.trades('BTC/USD', 'ETH/USD')",
    "trades",
    "book = lab.book('BTC/USD', depth=100)\nbook",
    BUSY,
    "lab.ohlc('BTC/USD')",
]
TRADES, BOOK, COMPUTES, CANDLES = 1, 2, 3, 4

VIEWS = """
from kraken_lab.views.pump import PUMP
from kraken_lab.views.live_table import LiveTableView

def views():
    return [picture for picture in PUMP.pictures if isinstance(picture, LiveTableView)]
"""

READ = """table => ({
  seq: Number(table.dataset.seq), paints: Number(table.dataset.paints),
  state: table.querySelector(".kl-state").textContent, said: table.querySelector(".kl-said").textContent,
  names: [...table.querySelectorAll(".kl-names > span")].map(name => name.textContent),
  rows: [...table.querySelectorAll(".kl-row:not([hidden])")]
    .sort((one, other) => one.getAttribute("aria-rowindex") - other.getAttribute("aria-rowindex"))
    .map(row => [...row.children].map(cell => cell.textContent)),
})"""

BOXES = """table => {
  const box = element => { const b = element.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
  return {
    page: [0, 0, innerWidth, innerHeight], grid: box(table.querySelector(".kl-grid")),
    names: box(table.querySelector(".kl-names")),
    rows: [...table.querySelectorAll(".kl-row:not([hidden])")].map(box).sort((one, other) => one[1] - other[1]),
  };
}"""

PAINTS = """async ([table, seconds]) => {
  let frames = 0, going = true;
  const count = () => { frames++; if (going) requestAnimationFrame(count); };
  const begun = performance.now(), before = [Number(table.dataset.paints), Number(table.dataset.seq)];
  requestAnimationFrame(count);
  await new Promise(done => setTimeout(done, 1000 * seconds));
  going = false;
  const took = (performance.now() - begun) / 1000;
  return { fps: frames / took, paints: (table.dataset.paints - before[0]) / took,
           news: (table.dataset.seq - before[1]) / took };
}"""


class Table:
    """One live table on the page."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.element = notebook.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".kl-live")
        self.element.locator(".kl-row").first.wait_for(timeout=30_000)
        self.look_at()

    def look_at(self) -> None:
        """Have it in front, where it is painted."""
        self.notebook.page.bring_to_front()
        self.element.scroll_into_view_if_needed()

    def read(self) -> dict[str, Any]:
        """What is painted."""
        read: dict[str, Any] = self.element.evaluate(READ)
        return read

    def dicts(self) -> list[dict[str, str]]:
        """The painted rows, by the names of the columns."""
        read = self.read()
        return [dict(zip(read["names"], row, strict=True)) for row in read["rows"]]

    @property
    def seq(self) -> int:
        """The number of the frame that is painted."""
        return int(self.read()["seq"])

    def paints(self, seconds: float) -> dict[str, float]:
        """Frames, paints and news a second."""
        handle = self.element.element_handle()
        paints: dict[str, float] = self.notebook.page.evaluate(PAINTS, [handle, seconds])
        return paints


@pytest.fixture(scope="module")
def notebook(open_notebook: Opener) -> Notebook:
    """A notebook with a lab of its own in it."""
    notebook = open_notebook("live", CELLS)
    notebook.run(0)
    notebook.ask(VIEWS)
    return notebook


@pytest.fixture(scope="module")
def trades(notebook: Notebook) -> Table:
    """The table of trades in it."""
    notebook.run(TRADES)
    return Table(notebook, TRADES)


@pytest.fixture(scope="module")
def book(notebook: Notebook) -> Table:
    """The table of a book in it."""
    notebook.run(BOOK)
    return Table(notebook, BOOK)


@pytest.fixture(autouse=True)
def _nothing_foreign(notebook: Notebook) -> Iterator[None]:
    """After every test: no address but this machine's was asked for, and no script failed."""
    yield
    assert notebook.strangers == []
    assert notebook.errors == []


# --- what is painted ------------------------------------------------------------------------------------------------


@pytest.mark.both_kernels
def test_what_is_painted_is_what_the_kernel_has(notebook: Notebook, trades: Table) -> None:
    """Every trade on the screen, digit by digit, under the names the schema gives."""
    trades.look_at()
    shown = trades.dicts()
    assert len(shown) >= 15
    ids = [int(row["trade_id"]) for row in shown]
    rows = "[r for r in trades.view().rows() if r.trade_id in {}]"
    exact = notebook.value(
        f"{{str(r.trade_id): [r.symbol, r.side, str(r.price), str(r.qty), r.ord_type] for r in {rows.format(ids)}}}"
    )
    painted = {
        row["trade_id"]: [row["symbol"], row["side"], row["price"], row["qty"], row["ord_type"]] for row in shown
    }
    assert painted == exact


def test_the_newest_is_on_top_and_can_be_seen(notebook: Notebook, trades: Table) -> None:
    """Rows stand under the names, inside the table's frame and inside the window, each below the other."""
    trades.look_at()
    notebook.screenshot("trades")
    times = [row["timestamp (UTC)"] for row in trades.dicts()]
    assert times == sorted(times, reverse=True)
    boxes = trades.element.evaluate(BOXES)
    page, grid, names, rows = boxes["page"], boxes["grid"], boxes["names"], boxes["rows"]
    assert page[0] <= grid[0] < grid[2] <= page[2]
    assert page[1] <= grid[1] < grid[3] <= page[3]
    assert rows[0][1] == pytest.approx(names[3], abs=1)
    visible = [row for row in rows if row[3] <= grid[3]]
    assert len(visible) >= 15
    assert all(below[1] == pytest.approx(above[3], abs=1) for above, below in pairwise(rows))
    assert all(row[2] > row[0] + 300 and row[3] > row[1] + 10 for row in visible)


def test_the_header_says_how_it_is(trades: Table) -> None:
    """State, age, rate, rows, epoch and gaps, in words."""
    trades.look_at()
    read = until(lambda: "messages/s" in (found := trades.read())["said"] and found)
    assert read["state"] == "LIVE"
    for words in ("last message", "ago", "messages/s", "rows", "epoch 1", "no gaps"):
        assert words in read["said"]


def test_the_header_keeps_its_height_while_its_words_get_shorter(notebook: Notebook, trades: Table) -> None:
    """Else all below would jump with every digit less. The width is one at which more words need another line."""
    page, said = notebook.page, trades.element.locator(".kl-said")
    pause = trades.element.get_by_role("button", name="Pause")
    try:
        for width in range(900, 500, -40):
            page.set_viewport_size({"width": width, "height": 1000})
            until(lambda: trades.read()["state"] == "LIVE")
            page.wait_for_timeout(1500)
            live = said.bounding_box()["height"]
            pause.click()
            until(lambda: "the stream goes on" in trades.read()["said"])
            paused = said.bounding_box()["height"]
            trades.element.get_by_role("button", name="Resume").click()
            until(lambda: "the stream goes on" not in trades.read()["said"])
            assert said.bounding_box()["height"] == paused
            if paused > live:
                return
        raise AssertionError("at no width did the words need another line")
    finally:
        page.set_viewport_size(SIZE)


def test_a_book_is_a_ladder_around_its_middle(notebook: Notebook, book: Table) -> None:
    """Asks above, bids below, the best in the middle of the view; its checksums are counted."""
    book.look_at()
    rows = until(lambda: (found := book.dicts()) and {row["side"] for row in found} == {"ask", "bid"} and found)
    prices = [float(row["price"]) for row in rows]
    assert prices == sorted(prices, reverse=True)
    assert [row["side"] for row in rows] == sorted(row["side"] for row in rows)
    bid, ask = notebook.value("[str(book.bids[5][0]), str(book.asks[5][0])]")
    assert prices[-1] < float(ask)
    assert prices[0] > float(bid)
    until(lambda: "checksums agreed" in book.read()["said"])
    notebook.screenshot("book")


def test_whatever_becomes_of_books_it_is_painted(own_notebook: Opener) -> None:
    """Levels and whole books come and go, their decimals change: places and sums are the kernel's, to the digit."""
    played = own_notebook("steps", [
        "from tests.browser.load import Steps\nfrom kraken_lab.views import show_live\n"
        "steps = Steps()\nshow_live(steps, 'two books')"
    ])  # fmt: skip
    played.run(0)
    table = Table(played, 0)
    for step in range(40):
        rows = played.value("steps.step()")

        def painted(rows: list[list[str]] = rows) -> bool:
            return bool(table.read()["rows"] == rows)

        until(painted, what=f"step {step} was not painted: {rows}")


def test_the_candle_in_progress_changes_in_place(notebook: Notebook) -> None:
    """The newest minute on top, with the numbers the kernel has."""
    notebook.run(CANDLES)
    table = Table(notebook, CANDLES)
    begun = table.dicts()[0]["interval_begin (UTC)"]
    trades = table.dicts()[0]["trades"]
    until(lambda: (row := table.dicts()[0])["trades"] != trades or row["interval_begin (UTC)"] != begun)
    notebook.screenshot("candles")


@pytest.mark.promise("W-04")
def test_markup_from_the_wire_is_letters(own_notebook: Opener) -> None:
    """A symbol or a field with an image that would run a script is shown letter by letter; nothing of it happens."""
    notebook = own_notebook("hostile", [*CELLS[:2], "lab.instruments()"])
    notebook.run(0, TRADES, 2)
    listed = Table(notebook, 2)
    pair = {"symbol": HOSTILE, "base": "BTC", "quote": "USD", "status": "online", "qty_precision": 8, "qty_min": 0.1,
             "qty_increment": 1e-8, "price_precision": 1, "price_increment": 0.1, "tick_size": 0.1,
             "cost_precision": 5, "cost_min": 0.5, "marginable": False, "has_index": True}  # fmt: skip
    frame = json.dumps({"channel": "instrument", "type": "update", "data": {"assets": [], "pairs": [pair]}})
    notebook.ask(f"_ = lab.sandbox.control(fault='raw', data={frame!r}, endpoint='public')")
    until(lambda: notebook.value(f"{HOSTILE!r} in lab.instruments().now.pairs"))
    listed.element.get_by_role("table").press("End")
    until(lambda: any(HOSTILE in row["symbol"] for row in listed.dicts()), what=f"{listed.dicts()}")
    trades = Table(notebook, TRADES)
    trade = {"symbol": "BTC/USD", "side": "buy", "price": 1.0, "qty": 1.0, "ord_type": HOSTILE, "trade_id": 10**9,
             "timestamp": "2036-05-04T10:15:30.123456Z"}  # fmt: skip
    frame = json.dumps({"channel": "trade", "type": "update", "data": [trade]})
    notebook.ask(f"_ = lab.sandbox.control(fault='raw', data={frame!r}, endpoint='public')")
    until(lambda: any(HOSTILE in row["ord_type"] for row in trades.dicts()))
    notebook.screenshot("hostile")
    for table in (trades, listed):
        assert table.element.locator("img, b, mjx-container").count() == 0
    assert notebook.page.evaluate("window.opened") is None


def test_a_table_of_more_rows_than_are_shown_says_so(own_notebook: Opener) -> None:
    """The browser has the newest thousand; the line above counts all there are."""
    notebook = own_notebook("many", CELLS[:2])
    notebook.run(0, TRADES)
    table = Table(notebook, TRADES)
    assert "the newest 1" not in table.element.locator(".kl-foot").inner_text()
    trade = {"symbol": "BTC/USD", "side": "buy", "price": 1.0, "qty": 1.0, "ord_type": "limit",
             "timestamp": "2026-05-04T10:15:30.123456Z"}  # fmt: skip
    trades = [{**trade, "trade_id": 10**9 + n} for n in range(1_000)]
    frame = json.dumps({"channel": "trade", "type": "update", "data": trades})
    notebook.ask(f"_ = lab.sandbox.control(fault='raw', data={frame!r}, endpoint='public')")
    until(lambda: "of the newest 1,000" in table.element.locator(".kl-foot").inner_text())


# --- how often, and at what cost ------------------------------------------------------------------------------------


@pytest.mark.both_kernels
def test_nine_paints_a_second_of_a_thousand_rows(own_notebook: Opener, capsys: pytest.CaptureFixture[str]) -> None:
    """At sixty frames a second in the browser; what it costs the kernel is printed, and bounded with room to spare."""
    load = own_notebook("load", ["from tests.browser.load import Load, Meter\nload = Load()\nview = load.show()"])
    load.run(0)
    table = Table(load, 0)
    until(lambda: table.seq > 20)
    load.ask("meter = Meter(view)")
    # Whatever else the machine does, one of nine stretches shows what the table can.
    seen = next((seen for _ in range(8) if fast(seen := table.paints(2))), None) or table.paints(2)
    cost = load.value("meter.read()")
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{load.jupyter.python.parts[-3]}: {seen['news']:.1f} updates/s painted at {seen['fps']:.0f} fps; "
            f"{cost['cpu_ms']:.2f} ms of the kernel and {cost['bytes'] / 1e3:.1f} kB an update"
        )
    assert fast(seen), seen
    assert cost["cpu_ms"] < 3
    assert cost["bytes"] < 30_000
    load.ask("load.ended = True")


def fast(seen: dict[str, float]) -> bool:
    """Whether news was painted as often as is promised, on a page that moves smoothly."""
    return seen["news"] >= 9 and seen["fps"] >= 50


@pytest.mark.both_kernels
def test_the_table_goes_on_while_a_cell_computes(notebook: Notebook, book: Table) -> None:
    """A busy kernel hears no browser; the table is painted all the same, a few times a second."""
    book.look_at()
    with notebook.busy(COMPUTES):
        book.paints(0.5)
        assert book.paints(2.5)["news"] >= 2


@pytest.mark.both_kernels
def test_the_pause_button_stops_the_picture_and_not_the_stream(notebook: Notebook, book: Table) -> None:
    """At once; the kernel then looks at nothing for it, and on resuming everything is there."""
    book.look_at()
    button = book.element.get_by_role("button")
    button.click()
    assert book.read()["state"] == "PAUSED"
    at = book.seq
    until(lambda: notebook.value("any(view.pace.paused for view in views())"))
    time.sleep(0.5)
    assert book.seq == at
    notebook.screenshot("paused")
    button.click()
    until(lambda: book.read()["state"] == "LIVE" and book.seq > at)


@pytest.mark.both_kernels
@pytest.mark.promise("B-04")
def test_a_hidden_page_costs_nothing(notebook: Notebook, book: Table) -> None:
    """No frame leaves while the page is hidden; seen again, it is up to date at once."""
    book.look_at()
    frames = "[view.seq for view in views()]"
    notebook.page.evaluate(SHOW, "hidden")
    until(lambda: notebook.value("any(view.watched for view in views())") is False)
    before = notebook.value(frames)
    time.sleep(1.5)
    assert notebook.value(frames) == before
    at = book.seq
    notebook.page.evaluate(SHOW, "visible")
    until(lambda: book.seq > at, 3)


def test_a_browser_that_stands_still_for_ten_seconds_is_soon_back(
    browser: Any, notebook: Notebook, book: Table
) -> None:
    """What was sent meanwhile is little; a second after it wakes it shows the newest, and nothing was lost."""
    book.look_at()
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process["id"] for process in processes if process["type"] == "renderer"]
    began = book.seq
    for process in renderers:
        os.kill(process, signal.SIGSTOP)
    try:
        time.sleep(10)
    finally:
        for process in renderers:
            os.kill(process, signal.SIGCONT)
    woken = time.monotonic()
    until(lambda: book.seq > began + 10, 3, "nothing came after the standstill")
    until(lambda: _behind(notebook, book) <= 3, 3, "it stays behind")
    assert time.monotonic() - woken < 3


def _behind(notebook: Notebook, table: Table) -> int:
    """Frames that the kernel sent and the browser has not painted."""
    return int(notebook.value("max(view.seq for view in views() if view._source is book)")) - table.seq


# --- using it -------------------------------------------------------------------------------------------------------


def test_the_keyboard_reads_it_and_new_rows_do_not_push_what_is_read(notebook: Notebook, trades: Table) -> None:
    """Arrow, page and end keys scroll the table and not the notebook; what stands there keeps its place."""
    trades.look_at()
    grid = trades.element.get_by_role("table")
    grid.focus()
    cell = notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex")
    cells = notebook.page.evaluate(CELLS_NOW)
    for key in ("x", "m", "PageDown", "ArrowDown", "ArrowDown"):  # x would cut the cell, m make words of it
        notebook.page.keyboard.press(key)
    assert notebook.page.evaluate(CELLS_NOW) == cells
    assert grid.evaluate("grid => grid.scrollTop") > 200
    assert notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex") == cell
    read = trades.dicts()[3]["trade_id"]
    rows = int(notebook.value("len(trades)"))
    until(lambda: notebook.value("len(trades)") > rows + 3, 30)
    until(lambda: any(row["trade_id"] == read for row in trades.dicts()[2:6]), 3, "the rows that were read moved away")
    notebook.page.keyboard.press("Home")
    until(lambda: grid.evaluate("grid => grid.scrollTop") == 0)


def test_it_has_names_for_a_screen_reader(trades: Table) -> None:
    """A region with its title, a table with counts, named columns, and a word for the button."""
    assert "live table" in str(trades.element.get_attribute("aria-label"))
    grid = trades.element.get_by_role("table")
    assert int(str(grid.get_attribute("aria-rowcount"))) > 50
    assert trades.element.get_by_role("columnheader").count() == int(str(grid.get_attribute("aria-colcount")))
    assert trades.element.get_by_role("button", name="Pause trades").count() == 1
    assert trades.element.get_by_role("status").count() == 1


def test_in_the_dark_it_is_dark(notebook: Notebook, trades: Table) -> None:
    """Its paper and ink are the theme's."""
    trades.look_at()
    brightness = (
        "e => getComputedStyle(e).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b)"
    )
    assert trades.element.evaluate(brightness) > 600
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    until(lambda: trades.element.evaluate(brightness) < 200)
    notebook.screenshot("dark")
    notebook.command("apputils:change-theme", theme="JupyterLab Light")
    until(lambda: trades.element.evaluate(brightness) > 600)


def test_a_page_loads_a_script_once(notebook: Notebook, book: Table, trades: Table) -> None:
    """However often a cell is run: of what a browser has loaded it lets go of nothing."""
    count = "globalThis[Symbol.for('kraken_lab.scripts')].size"
    before = notebook.page.evaluate(count)
    for _ in range(2):
        notebook.run(TRADES, BOOK)
        Table(notebook, TRADES), Table(notebook, BOOK)
    assert notebook.page.evaluate(count) == before >= 1


@pytest.mark.both_kernels
def test_running_the_cell_again_leaves_one_table(notebook: Notebook, trades: Table) -> None:
    """The one before says goodbye, and is kept fresh no more."""
    watched = "sum(view.watched and view._source is trades for view in views())"
    for _ in range(3):
        notebook.run(TRADES)
    table = Table(notebook, TRADES)
    until(lambda: table.seq > 2)
    assert table.element.count() == 1
    until(lambda: notebook.value(watched) == 1)


# --- what stays -----------------------------------------------------------------------------------------------------


def test_what_is_saved_shows_the_last_frame_without_any_widget(own_notebook: Opener) -> None:
    """A stopped table leaves HTML with its last rows; nbconvert shows that, and nothing was ever printed."""
    notebook = own_notebook("kept", CELLS)
    notebook.run(0, TRADES)
    table = Table(notebook, TRADES)
    last = notebook.ask("trades.wait(rows=2); trades.stop(); print(trades.latest.trade_id)")
    until(lambda: table.read()["state"] == "STOPPED")
    notebook.screenshot("stopped")
    kept = until(lambda: last in json.dumps((found := notebook.saved())["cells"][TRADES]["outputs"]) and found)
    outputs = [output for cell in kept["cells"] for output in cell["outputs"]]
    assert [output for output in outputs if output["output_type"] in ("stream", "error")] == []
    assert len(json.dumps(outputs)) < 20_000
    page = notebook.path.with_suffix(".html")
    command: list[str | Path] = [notebook.jupyter.python, "-m", "nbconvert", "--to", "html", notebook.path]
    command += ["--output", page]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert f">{last}<" in page.read_text("utf-8")


@pytest.mark.both_kernels
def test_a_page_that_is_loaded_again_finds_its_tables(notebook: Notebook, book: Table) -> None:
    """The widget is in the kernel still, and sends everything anew."""
    notebook.saved()
    notebook.open()
    table = Table(notebook, BOOK)
    until(lambda: table.read()["state"] == "LIVE")
    at = until(lambda: table.seq)
    until(lambda: table.seq > at + 5)
