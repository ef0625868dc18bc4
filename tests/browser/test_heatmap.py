"""The heatmap as it is seen: what is under the mouse is what the kernel has, as often as promised, and back in time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from .by_hand import CELLS_NOW
from .conftest import Opener
from .notebook import BUSY, SCREENSHOTS, Notebook, until

pytestmark = pytest.mark.browser

CELLS = [
    "import kraken_lab as kl\nlab = kl.connect(new=True)\nbook = lab.book('BTC/USD', depth=100)",
    "heat = book.heatmap(minutes=1, levels=60)\nheat",
    "from tests.browser.heat_load import HeatLoad\nload = HeatLoad()\nloaded = load.heatmap()\nloaded",
    "past = HeatLoad()\npast.heatmap(minutes=0.1)",
    BUSY,
    "lab.book('PEPE/USD').heatmap()",
    "HeatLoad(levels=3).heatmap()",
]
HEAT, LOAD, PAST, COMPUTES, TINY, WANDERED = range(1, 7)

KERNEL = """
import json
from decimal import Decimal

def column(history, ms):
    'The column that stood at a moment, told in whole ms: its prices and sizes as text, and its best prices.'
    number = history.number_at(int((ms + 1) * 1e6) - 1) - 1
    (run,) = history.runs(number, number + 1)
    levels = run.levels_at(0)
    text = lambda units, digits: f'{Decimal(int(units)).scaleb(-digits):f}'
    p, q = history.price_precision, history.qty_precision
    pairs = zip(levels.prices.tolist(), levels.qty.tolist())
    sizes = {text(price, p): text(round(qty * 10**q), q) for price, qty in pairs}
    return {'sizes': sizes, 'bid': text(run.best_bid[0], p), 'ask': text(run.best_ask[0], p), 'at': run.times[0] / 1e6}

def levels(history, ms):
    return json.dumps(column(history, ms))
"""

SCENE = """heat => {
  const { t0, t1, p0, p1, w, h, first, end, per, seq, paints, follow } = heat.dataset;
  const box = heat.querySelector(".kl-base").getBoundingClientRect();
  const facts = Object.fromEntries(Object.entries({ t0, t1, p0, p1, w, h, first, end, per, seq, paints })
    .map(([name, value]) => [name, Number(value)]));
  return { ...facts, follow: follow === "true", left: box.left, top: box.top, right: box.right, bottom: box.bottom,
           state: heat.querySelector(".kl-state").textContent, said: heat.querySelector(".kl-said").textContent,
           label: heat.querySelector(".kl-plot").getAttribute("aria-label"),
           told: heat.querySelector(".kl-told").textContent,
           low: Number(heat.querySelector(".kl-sizes").dataset.low),
           high: Number(heat.querySelector(".kl-sizes").dataset.high) };
}"""

PIXEL = """([heat, x, y, w, h]) => {
  const canvas = heat.querySelector(".kl-base"), ratio = canvas.width / canvas.clientWidth;
  const { data } = canvas.getContext("2d").getImageData(x * ratio, y * ratio, w * ratio, h * ratio);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
  return [...seen];
}"""

PAINTS = """async ([heat, seconds]) => {
  let frames = 0, going = true;
  const count = () => { frames++; if (going) requestAnimationFrame(count); };
  const begun = performance.now(), before = [Number(heat.dataset.paints), Number(heat.dataset.seq)];
  requestAnimationFrame(count);
  await new Promise(done => setTimeout(done, 1000 * seconds));
  going = false;
  const took = (performance.now() - begun) / 1000;
  return { fps: frames / took, paints: (heat.dataset.paints - before[0]) / took,
           news: (heat.dataset.seq - before[1]) / took, ms: Number(heat.dataset.ms) };
}"""


class Heat:
    """One heatmap on the page."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook, self.page = notebook, notebook.page
        self.element = notebook.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".kl-heat")
        self.element.wait_for(timeout=30_000)
        self.look_at()
        until(lambda: self.element.get_attribute("data-end"), 30, "nothing was painted")

    def look_at(self) -> None:
        """Have it in front, where it is painted."""
        self.page.bring_to_front()
        self.element.scroll_into_view_if_needed()

    def scene(self) -> dict[str, Any]:
        """Where times and prices are on the page, and what is said around the picture."""
        scene: dict[str, Any] = self.element.evaluate(SCENE)
        return scene

    def plot(self, x: float, y: float) -> tuple[float, float]:
        """A place of the picture, by shares of its width and height, on the page."""
        self.look_at()
        scene = self.scene()
        return scene["left"] + x * scene["w"], scene["top"] + y * scene["h"]

    def point(self, x: float, y: float) -> dict[str, str]:
        """Move the mouse there, and read what is said of that place."""
        self.page.mouse.move(*self.plot(x, y), steps=3)
        return self.tip()

    def tip(self) -> dict[str, str]:
        """What is said under the mouse, by the names of its lines."""
        tip = self.element.locator(".kl-tip")
        tip.wait_for(timeout=5_000)
        lines = tip.evaluate("tip => [...tip.children].map(line => [...line.children].map(part => part.textContent))")
        return dict(lines)

    def key(self, *keys: str) -> None:
        """Press keys with the picture in focus."""
        self.element.locator(".kl-plot").focus()
        for key in keys:
            self.page.keyboard.press(key)

    def press(self, name: str) -> None:
        """Click a button by its words."""
        self.element.get_by_role("button", name=name, exact=False).first.click()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have it stand still meanwhile."""
        self.press("Pause")
        until(lambda: self.scene()["state"] == "PAUSED")
        try:
            yield
        finally:
            self.press("Resume")
            until(lambda: self.scene()["state"] == "LIVE")

    def colours(self, x: float, y: float, w: float, h: float) -> set[str]:
        """The different colours in a part of the picture, by shares of it."""
        scene = self.scene()
        part = [x * scene["w"], y * scene["h"], w * scene["w"], h * scene["h"]]
        seen = self.page.evaluate(PIXEL, [self.element.element_handle(), *part])
        return set(seen)

    def paints(self, seconds: float) -> dict[str, float]:
        """Frames, paints and news a second."""
        paints: dict[str, float] = self.page.evaluate(PAINTS, [self.element.element_handle(), seconds])
        return paints


@pytest.fixture(scope="module")
def notebook(open_notebook: Opener) -> Notebook:
    """A notebook with a lab of its own in it."""
    notebook = open_notebook("heatmap", CELLS)
    notebook.run(0)
    notebook.ask(KERNEL + "from tests.browser.heat_load import HeatLoad")
    return notebook


@pytest.fixture(scope="module")
def heat(notebook: Notebook) -> Heat:
    """The heatmap of a live book."""
    notebook.run(HEAT)
    return Heat(notebook, HEAT)


@pytest.fixture(scope="module")
def load(notebook: Notebook) -> Heat:
    """The heatmap of a thousand levels."""
    notebook.run(LOAD)
    return Heat(notebook, LOAD)


@pytest.fixture(autouse=True)
def _nothing_foreign(notebook: Notebook) -> Iterator[None]:
    """After every test: no address but this machine's was asked for, and no script failed."""
    yield
    assert notebook.strangers == []
    assert notebook.errors == []


def ms_of(tip: dict[str, str], near: float) -> float:
    """The moment a tip tells, in ms since 1970; its day is that of a moment near to it."""
    hours, minutes, seconds = re.fullmatch(r"(\d+):(\d+):([\d.]+) UTC", tip["time"]).groups()  # type: ignore[union-attr]
    of_day = (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)
    return near - near % 86_400_000 + of_day


# --- what is under the mouse ----------------------------------------------------------------------------------------


@pytest.mark.both_kernels
def test_price_and_size_under_the_mouse_are_the_kernels(notebook: Notebook, load: Heat) -> None:
    """Digit by digit, in several places of both sides, at the column that the tip names."""
    load.press("Follow now")
    compared = set()
    with load.paused():
        load.key("Escape", "PageUp", "PageUp", "PageUp", "PageUp", "PageUp")
        until(lambda: load.scene()["per"] == 1, what="a row is not a tick")
        for x, y in [(0.98, 0.15), (0.96, 0.3), (0.94, 0.4), (0.97, 0.7), (0.95, 0.85)]:
            tip = load.point(x, y)
            name = "ask size" if "ask size" in tip else "bid size"
            price, size = tip["price"].removesuffix(" USD"), tip[name].removesuffix(" BTC")
            there = json.loads(notebook.ask(f"print(levels(load.history(), {ms_of(tip, load.scene()['t1'])}))"))
            assert there["sizes"][price] == size
            assert (name == "ask size") == (float(price) >= float(there["ask"]))
            compared.add(price)
    assert len(compared) >= 4


def test_the_picture_is_where_one_sees_it_and_has_many_colours(load: Heat) -> None:
    """Not a blank canvas below the page: it is within the window, and full of sizes."""
    load.look_at()
    scene = load.scene()
    assert scene["right"] - scene["left"] > 700
    assert scene["bottom"] - scene["top"] > 400
    assert 0 <= scene["top"] < 1000
    assert len(load.colours(0.2, 0.1, 0.3, 0.3)) > 40


def test_best_prices_are_said_for_who_does_not_see(notebook: Notebook, load: Heat) -> None:
    """In the label of the picture; and what the keys do."""
    label = until(lambda: "best bid" in (said := load.scene()["label"]) and said, 5)
    bid, ask = re.search(r"best bid ([\d.]+), best ask ([\d.]+), spread ([\d.]+) USD", label).groups()[:2]  # type: ignore[union-attr]
    assert 59_000 < float(bid) < float(ask) < 61_000
    assert "Arrows" in label


AXES = """heat => {
  const canvas = heat.querySelector(".kl-base"), pen = canvas.getContext("2d");
  pen.save();
  pen.font = "600 11px ui-monospace, monospace";
  const label = heat.querySelector(".kl-plot").getAttribute("aria-label");
  const wide = pen.measureText(/best (?:bid|ask) ([0-9.]+)/.exec(label)[1]).width;
  pen.restore();
  const marks = [...heat.querySelectorAll(".kl-marks span")].map(mark => mark.getBoundingClientRect());
  return { wide, room: canvas.clientWidth - Number(heat.dataset.w), marks: marks.map(box => [box.left, box.right]) };
}"""


def test_prices_of_many_digits_are_not_cut_off_and_sizes_do_not_overlap(notebook: Notebook) -> None:
    """Of a coin of which thousands of millions rest at hundred thousandths of a dollar."""
    notebook.run(TINY)
    tiny = Heat(notebook, TINY)
    until(lambda: re.search(r"best (?:bid|ask) 0\.0000", tiny.scene()["label"]), 20)
    axes = tiny.element.evaluate(AXES)
    assert axes["room"] >= axes["wide"] + 8
    assert len(axes["marks"]) >= 2
    assert all(left[1] <= right[0] for left, right in pairwise(axes["marks"]))


def test_all_shows_every_best_price_there_was(notebook: Notebook) -> None:
    """Also where the few levels of now lie beside them."""
    notebook.run(WANDERED)
    wandered = Heat(notebook, WANDERED)
    before = wandered.scene()
    assert before["p0"] > 600_000
    assert before["p1"] < 600_018
    wandered.press("All")
    until(lambda: (now := wandered.scene())["p0"] < 600_000 and now["p1"] > 600_018)
    wandered.press("Follow now")
    until(lambda: wandered.scene()["p0"] > 600_000)


# --- how often ------------------------------------------------------------------------------------------------------


@pytest.mark.both_kernels
def test_a_thousand_levels_by_six_hundred_columns_are_painted_ten_times_a_second(
    notebook: Notebook, load: Heat
) -> None:
    """While the mouse asks for sizes. Columns come twenty times a second; the pump sends fifteen at most."""
    load.press("Follow now")
    notebook.ask("load.start()")
    load.point(0.5, 0.4)
    notebook.ask("pass")
    load.paints(1.0)
    seen = load.paints(4.0)
    assert load.scene()["end"] - load.scene()["first"] > 600
    assert seen["news"] >= 10.0
    assert load.tip()["time"]


@pytest.mark.both_kernels
def test_zoom_and_pan_need_no_kernel(notebook: Notebook, load: Heat) -> None:
    """While a cell computes, keys, mouse and wheel do what they always do."""
    load.press("Follow now")
    before = load.scene()
    with notebook.busy(COMPUTES):
        load.key("+", "+", "Shift+ArrowLeft")
        zoomed = until(lambda: (now := load.scene())["t1"] - now["t0"] < 0.6 * (before["t1"] - before["t0"]) and now, 4)
        assert zoomed["t1"] < before["t1"]
        assert zoomed["follow"] is False
        assert {"price", "prices"} & set(load.point(0.9, 0.3))
    load.press("Follow now")
    until(lambda: load.scene()["follow"])


# --- back in time ---------------------------------------------------------------------------------------------------


def test_columns_the_browser_never_had_come_when_one_looks_there(notebook: Notebook) -> None:
    """One goes back further than the first frame did, and reads there what the kernel has."""
    notebook.run(PAST)
    past = Heat(notebook, PAST)
    assert past.scene()["first"] > 0
    past.key("-", "-", "-", "-", "-", "-", "-")
    scene = until(lambda: (now := past.scene())["first"] == 0 and now, 20, "the past did not come")
    begin = notebook.value("past.history().runs()[0].times[0] / 1e6")
    tip = past.point((begin + 5_000 - scene["t0"]) / (scene["t1"] - scene["t0"]), 0.4)
    there = json.loads(notebook.ask(f"print(levels(past.history(), {ms_of(tip, begin)}))"))
    assert there["at"] < begin + 6_000
    assert {"price", "prices"} & set(tip)


def test_a_drag_moves_the_picture_with_the_mouse(load: Heat) -> None:
    """What was under the mouse stays under it; and following ends, until one asks for it."""
    load.press("Follow now")
    with load.paused():
        x, y = load.plot(0.4, 0.5)
        before = load.scene()
        load.page.mouse.move(x, y)
        load.page.mouse.down()
        load.page.mouse.move(x + 200, y, steps=4)
        load.page.mouse.up()
        after = until(lambda: (now := load.scene())["t1"] != before["t1"] and now)
    moved = (before["t1"] - after["t1"]) / (before["t1"] - before["t0"]) * before["w"]
    assert moved == pytest.approx(200, abs=3)
    assert after["follow"] is False
    load.key("f")
    until(lambda: load.scene()["follow"])


def test_a_box_zooms_into_itself(load: Heat) -> None:
    """Drawn with Shift: its corners become those of the picture."""
    load.press("Follow now")
    with load.paused():
        (x0, y0), (x1, y1) = load.plot(0.25, 0.2), load.plot(0.75, 0.6)
        before = load.scene()
        load.page.keyboard.down("Shift")
        load.page.mouse.move(x0, y0)
        load.page.mouse.down()
        load.page.mouse.move(x1, y1, steps=4)
        load.page.mouse.up()
        load.page.keyboard.up("Shift")
        after = until(lambda: (now := load.scene())["p1"] != before["p1"] and now)
    span, reach = before["t1"] - before["t0"], before["p1"] - before["p0"]
    assert after["t0"] == pytest.approx(before["t0"] + 0.25 * span, abs=0.01 * span)
    assert after["t1"] == pytest.approx(before["t0"] + 0.75 * span, abs=0.01 * span)
    assert after["p1"] == pytest.approx(before["p1"] - 0.2 * reach, abs=0.01 * reach)
    load.key("Home")


def test_the_wheel_scrolls_the_page_until_one_has_clicked(load: Heat) -> None:
    """It says so; with the picture in focus it zooms around the mouse."""
    load.press("All")
    load.page.evaluate("() => document.activeElement.blur()")
    load.point(0.5, 0.5)
    before = load.scene()
    load.page.mouse.wheel(0, 40)
    load.element.locator(".kl-hint").wait_for(timeout=3_000)
    assert (now := load.scene())["t1"] - now["t0"] == pytest.approx(before["t1"] - before["t0"])
    load.element.locator(".kl-plot").focus()
    load.point(0.5, 0.5)
    load.page.mouse.wheel(0, -300)
    until(lambda: (now := load.scene())["t1"] - now["t0"] < 0.8 * (before["t1"] - before["t0"]))
    load.key("Home")


def test_the_cut_offs_change_the_colours(load: Heat) -> None:
    """By the keys of their handles: what is smaller than the lower one is not drawn."""
    load.look_at()
    many = len(load.colours(0.2, 0.1, 0.3, 0.3))
    high = load.element.get_by_role("slider", name="last colour")
    high.focus()
    before, cells = load.scene()["high"], load.page.evaluate(CELLS_NOW)
    load.page.keyboard.press("x")
    assert load.page.evaluate(CELLS_NOW) == cells, "the key was the cell's"
    load.page.keyboard.press("ArrowRight")
    until(lambda: load.scene()["high"] > before * 1.1)
    low = load.element.get_by_role("slider", name="not drawn")
    low.focus()
    for _ in range(12):
        load.page.keyboard.press("PageUp")
    until(lambda: len(load.colours(0.2, 0.1, 0.3, 0.3)) < many, what="the colours did not change")
    load.press("auto")


# --- of a live book -------------------------------------------------------------------------------------------------


@pytest.mark.both_kernels
def test_a_live_book_is_followed_and_its_trades_are_on_it(notebook: Notebook, heat: Heat) -> None:
    """New columns come, and the trades that the lab was asked for with them."""
    heat.look_at()
    end = heat.scene()["end"]
    until(lambda: heat.scene()["end"] > end + 15, 20)
    scene = heat.scene()
    assert scene["state"] == "LIVE"
    assert "checksums agreed" in scene["said"]
    assert notebook.value("len(lab.trades('BTC/USD')) > 0")
    notebook.screenshot("heatmap-light")


@pytest.mark.both_kernels
def test_pause_holds_the_picture_and_resume_catches_up(notebook: Notebook, heat: Heat) -> None:
    """With the space bar; the kernel stops sending, and later sends what is missing."""
    heat.look_at()
    heat.key(" ")
    until(lambda: heat.scene()["state"] == "PAUSED")
    held = heat.scene()["end"]
    stop = notebook.value(
        "book.wait(until=lambda b: len(b._feeds['BTC/USD'].heat) > 0) and book._feeds['BTC/USD'].heat.numbers.stop"
    )
    until(lambda: notebook.value("book._feeds['BTC/USD'].heat.numbers.stop") > stop + 10, 20)
    assert heat.scene()["end"] == held
    heat.key(" ")
    until(lambda: heat.scene()["end"] > stop + 10, 10)
    assert heat.scene()["state"] == "LIVE"


def test_the_keys_read_out_what_is_there(heat: Heat) -> None:
    """Arrows move from level to level; what they meet is told to a screen reader."""
    heat.look_at()
    heat.press("Follow now")
    with heat.paused():
        heat.key("Escape", "ArrowLeft", "ArrowDown", "ArrowDown")
        told = until(lambda: "bid size" in (said := heat.scene()["told"]) and said, 5)
    # A row of the picture has one price or, farther out, a few.
    assert re.search(r"price(s [\d.]+ to [\d.]+| [\d.]+ USD), bid size [\d.]+ BTC", told)
    heat.key("Escape")


def test_a_gap_is_a_band_with_its_reason(notebook: Notebook, heat: Heat) -> None:
    """After a failed checksum, until there is a new book: under the mouse one reads why nothing is there."""
    heat.look_at()
    notebook.ask(
        "_ = lab.sandbox.control(fault='delay', method='unsubscribe', seconds=2)\n"
        "_ = lab.sandbox.control(fault='edit', match=dict(channel='book', type='update', symbol='BTC/USD', times=1),\n"
        "    pattern='\"checksum\":\\\\d+', replace='\"checksum\":1')"
    )
    until(lambda: "1 gap" in heat.scene()["said"], 30)
    until(lambda: heat.scene()["state"] == "LIVE" and notebook.value("not book.gaps['end'].isna().any()"), 60)
    begin, end = notebook.value(
        "[t.timestamp() * 1e3 for t in (book.gaps['start'].iloc[-1], book.gaps['end'].iloc[-1])]"
    )

    def words() -> str:
        scene = heat.scene()
        share = ((begin + end) / 2 - scene["t0"]) / (scene["t1"] - scene["t0"])
        return " ".join(heat.point(share, 0.4).values())

    until(lambda: re.search(r"gap [\d.]+ s: checksum", words()), 10)
    notebook.screenshot("heatmap-gap")


def test_a_picked_price_offers_a_ticket_and_sends_nothing(notebook: Notebook, heat: Heat) -> None:
    """The price under the mouse is in the ticket below; there is no order more."""
    heat.look_at()
    orders = notebook.value("len(lab.orders)")
    tip = heat.point(0.975, 0.75)
    heat.page.mouse.down()
    heat.page.mouse.up()
    side, price = re.search(r"(buy|sell) at ([\d.]+)", tip["click"]).groups()  # type: ignore[union-attr]
    offered = heat.notebook.page.locator(".kl-offer").first
    until(lambda: f"{side} at" in offered.inner_text() and "as picked" in offered.inner_text(), 20)
    assert re.search(rf"{side} at [\d.]+, as picked", offered.inner_text())
    assert price[:4] in offered.inner_text()
    assert notebook.value("len(lab.orders)") == orders
    notebook.screenshot("heatmap-ticket")


def test_ones_own_order_is_a_line_with_its_words(notebook: Notebook, heat: Heat) -> None:
    """From when it rests until it is cancelled; pointing at it says what it is."""
    heat.press("Follow now")
    price = notebook.value("str(book.bids[45][0])")  # so far away that nobody sells down to it meanwhile
    notebook.ask(f"mine = lab.buy('BTC/USD', '0.01', limit_price={price!r}).confirm()")

    def words() -> str:
        scene = heat.scene()
        return heat.point(0.985, (scene["p1"] - 10 * float(price)) / (scene["p1"] - scene["p0"])).get("own", "")

    until(lambda: words() == f"my buy 0.01 at {price}, OPEN", 20)
    notebook.screenshot("heatmap-own")
    notebook.ask("_ = mine.cancel()")
    until(lambda: words() == "", 20)


def test_in_the_dark_it_is_dark(notebook: Notebook, heat: Heat) -> None:
    """The paper and the smallest size are the theme's."""
    heat.look_at()
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    dark = until(
        lambda: (
            (seen := heat.colours(1.01, 0.3, 0.02, 0.02))
            and all(sum(map(int, c.split(","))) < 300 for c in seen)
            and seen
        )
    )
    assert dark
    notebook.screenshot("heatmap-dark")
    notebook.command("apputils:change-theme", theme="JupyterLab Light")
    until(lambda: any(sum(map(int, c.split(","))) > 700 for c in heat.colours(1.01, 0.3, 0.02, 0.02)))


def test_what_is_saved_zooms_and_says_sizes_without_a_kernel(notebook: Notebook, browser: Any, load: Heat) -> None:
    """One file, opened by itself: exact sizes under the mouse, and nothing asked of any address."""
    path = notebook.jupyter.folder / "saved.html"
    notebook.ask(f"loaded.save({str(path)!r})")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    until(lambda: page.locator(".kl-heat").get_attribute("data-end"))
    box = page.locator(".kl-plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.9 * box["width"] - 20, box["y"] + 150)
    page.locator(".kl-tip").wait_for()
    assert "BTC" in page.locator(".kl-tip").inner_text()
    assert "SAVED" in page.locator(".kl-state").inner_text()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "heatmap-saved.png")
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert path.stat().st_size < 1_500_000
