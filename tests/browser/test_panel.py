"""The fault panel and the health strip as they are seen: a click, what the tables show of it, and what health says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from .by_hand import CELLS_NOW
from .conftest import Opener
from .notebook import Notebook, until

pytestmark = pytest.mark.browser

CELLS = [
    "import kraken_lab as kl\nlab = kl.connect(new=True)\nbook = lab.book('BTC/USD', depth=100)",
    "book",
    "health = lab.health()\nhealth",
    "panel = lab.sandbox.panel()\npanel",
]
BOOK, HEALTH, PANEL = 1, 2, 3

IN_WORDS = "repr(health).splitlines()[0]"
READ = """strip => ({
  verdict: strip.querySelector(".kl-state").textContent, seq: Number(strip.dataset.seq),
  readings: Object.fromEntries([...strip.querySelectorAll(".kl-cell[data-name]")].map(cell =>
    [cell.dataset.name, [".kl-word", ".kl-detail"].map(part => cell.querySelector(part).textContent)])),
  concerns: [...strip.querySelectorAll(".kl-concerns li")].map(one => one.textContent),
  legend: strip.querySelector(".kl-legend").textContent,
  lines: [...strip.querySelectorAll("polyline")].map(line => line.getAttribute("points").split(" ").length),
})"""

BOXES = """strip => [...strip.querySelectorAll(".kl-cell, .kl-name, .kl-word")].map(element => {
  const box = element.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom, element.scrollWidth > element.clientWidth + 1 ? 1 : 0];
})"""

FOLLOW = """([table, strip]) => {
  window.states = []; window.said = [];
  const look = () => {
    const state = table.querySelector(".kl-state").textContent;
    if (window.states.at(-1) !== state) window.states.push(state);
    for (const one of strip.querySelectorAll(".kl-concerns li")) {
      if (!window.said.includes(one.textContent)) window.said.push(one.textContent);
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def numbered(text: str, *nouns: str) -> list[int]:
    """How many of each are told of: 0 where none are."""
    found = (re.search(rf"([0-9,]+) {noun}", text) for noun in nouns)
    return [int(one[1].replace(",", "")) if one else 0 for one in found]


class Room:
    """The notebook's table of a book, its health strip and its fault panel."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook, self.page = notebook, notebook.page
        notebook.page.set_viewport_size({"width": 1280, "height": 2000})  # what is out of sight is not painted
        cells = notebook.page.locator(".jp-Notebook .jp-Cell")
        self.table = cells.nth(BOOK).locator(".kl-live")
        self.strip = cells.nth(HEALTH).locator(".kl-health")
        self.panel = cells.nth(PANEL).locator(".kl-faults")
        self.strip.locator(".kl-cell").nth(3).wait_for(timeout=30_000)
        self.panel.get_by_role("button", name="Back to normal").wait_for(timeout=30_000)

    def read(self) -> dict[str, Any]:
        """What the strip shows."""
        read: dict[str, Any] = self.strip.evaluate(READ)
        return read

    def press(self, group: str, name: str) -> None:
        """Choose a group of faults, and click one."""
        self.panel.get_by_role("tab", name=group).click()
        self.panel.get_by_role("button", name=name, exact=True).click()

    @property
    def sides(self) -> set[str]:
        """The sides of the book that can be seen: both, where the table stands at its middle."""
        rows: list[str] = self.table.locator(".kl-row:not([hidden])").all_inner_texts()
        return {side for side in ("ask", "bid") for row in rows if side in row}

    @property
    def result(self) -> str:
        """The line that says what was done."""
        return str(self.panel.get_by_role("status").inner_text())

    @property
    def journal(self) -> str:
        """The newest line of the log."""
        return str(self.panel.locator(".kl-log tbody tr").first.inner_text())


@pytest.fixture(scope="module")
def room(open_notebook: Opener) -> Room:
    """A notebook with all three."""
    notebook = open_notebook("panel", CELLS)
    notebook.run(0, BOOK, HEALTH, PANEL)
    return Room(notebook)


@pytest.fixture(autouse=True)
def _calm(room: Room) -> Iterator[None]:
    """After every test: everything is taken back, nothing foreign was asked for, and no script failed."""
    yield
    room.panel.get_by_role("button", name="Back to normal").click()
    until(lambda: room.result.startswith("Back to normal"))
    # The strip is painted once a second: what it says may be of before the test's own fault.
    until(lambda: "ALL WELL" in room.notebook.value(IN_WORDS), 30, "it did not become well again")
    until(lambda: room.read()["verdict"] == "ALL WELL", 30, "the strip does not say that it is well")
    assert room.notebook.strangers == []
    assert room.notebook.errors == []


@pytest.mark.both_kernels
def test_what_the_strip_shows_is_what_the_kernel_has(room: Room) -> None:
    """Each cell, and the way of the picture itself to the screen, which only a browser can tell."""
    shown = until(lambda: (read := room.read())["readings"]["kernel → screen"][0] != "not known" and read)
    kernel = dict(room.notebook.value("[[one.name, one.value] for one in health.readings]"))
    assert shown["verdict"] == "ALL WELL"
    assert shown["concerns"] == []
    assert list(shown["readings"]) == list(kernel)
    assert shown["readings"]["sandbox"][0] == kernel["sandbox"] == "running"
    before = int(shown["readings"]["checksums"][0].split()[0].replace(",", ""))
    assert before <= int(kernel["checksums"].split()[0].replace(",", ""))
    assert "3 pictures" in until(lambda: (read := room.read()["readings"]["kernel → screen"][1]) and read) or True


def test_the_strip_is_painted_once_a_second_and_its_line_of_latency_grows(room: Room) -> None:
    """Both ways are drawn, and the highest of them is said with its unit."""
    first = room.read()
    later = until(lambda: (read := room.read())["seq"] >= first["seq"] + 4 and read, 12)
    assert later["lines"]
    assert "exchange → kernel" in later["legend"]
    assert "highest" in later["legend"]
    boxes = room.strip.evaluate(BOXES)
    assert all(right > left and bottom > top for left, top, right, bottom, _ in boxes)
    assert not any(overflows for *_, overflows in boxes)


@pytest.mark.both_kernels
def test_a_wrong_checksum_goes_through_the_table_and_the_strip(room: Room) -> None:
    """RESYNCING, then LIVE, one gap counted; the strip says it while it lasts and counts it afterwards."""
    room.table.scroll_into_view_if_needed()
    said = room.table.locator(".kl-said")
    before = numbered(said.inner_text(), "gap", "failed")
    room.page.evaluate(FOLLOW, [room.table.element_handle(), room.strip.element_handle()])
    room.press("Market data", "Corrupt a checksum")
    resyncing = "window.states.includes('RESYNCING')"
    until(lambda: room.page.evaluate(resyncing), 20, f"the table never said RESYNCING: {room.result}")
    room.notebook.screenshot("panel-resyncing")
    until(lambda: room.page.evaluate("window.states")[-1] == "LIVE", 20, "the table did not become LIVE again")
    assert room.page.evaluate("window.states")[-2:] == ["RESYNCING", "LIVE"]
    until(lambda: room.sides == {"ask", "bid"}, 5, "the book does not stand at its middle")
    after = [count + 1 for count in before]
    until(lambda: numbered(said.inner_text(), "gap", "failed") == after, 10, "no gap was counted")
    read = until(lambda: (now := room.read())["readings"]["checksums"][1] == "1 failed, fetched anew" and now, 10)
    assert "book BTC/USD gap" in read["readings"]["gaps"][1]
    assert read["readings"]["resyncs"][0] == "1"
    assert any("book BTC/USD is RESYNCING (checksum)" in one for one in room.page.evaluate("window.said"))
    assert "The checksum of the next update of the book BTC/USD is wrong." in room.result
    until(lambda: "1 checksum mismatch" in room.journal and "LIVE again" in room.journal, 10, room.journal)


def test_a_line_that_is_refused_is_trouble_with_what_comes_next(room: Room) -> None:
    """The verdict in words, what was done, when the next attempt comes; and well again by itself."""
    room.press("The line", "Cut it, refuse three times")
    read = until(lambda: (now := room.read())["verdict"] == "TROUBLE" and now, 20)
    assert any("There is no connection" in one and "comes by itself in" in one for one in read["concerns"])
    room.notebook.screenshot("health-trouble")
    room.notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    room.notebook.screenshot("health-trouble-dark")
    until(lambda: room.read()["verdict"] == "ALL WELL", 60, "it did not become well again")
    assert "reconnect" in room.read()["readings"]["connection public 1"][1]
    room.notebook.screenshot("panel-dark")
    room.notebook.command("apputils:change-theme", theme="JupyterLab Light")
    room.notebook.screenshot("panel-light")


def test_in_a_narrow_window_every_group_can_be_read(room: Room) -> None:
    """No name of a tab is cut off."""
    room.page.set_viewport_size({"width": 700, "height": 2000})
    try:
        cut = "labels => labels.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
        assert room.panel.locator(".lm-TabBar-tabLabel").evaluate_all(cut) == []
        assert room.panel.get_by_role("tab").count() == 5
    finally:
        room.page.set_viewport_size({"width": 1280, "height": 2000})


def test_it_is_worked_by_the_keyboard_alone(room: Room) -> None:
    """From the pair to the button that was meant, without a mouse."""
    room.panel.get_by_role("tab", name="The line").click()
    room.panel.get_by_label("pair").focus()
    for _ in range(12):
        room.page.keyboard.press("Tab")
        if room.page.evaluate("document.activeElement.textContent").strip() == "Close it politely":
            break
    room.page.keyboard.press("Enter")
    until(lambda: "closed with 1001 going away" in room.result)


def test_what_is_typed_at_a_control_is_no_command_to_the_cell(room: Room) -> None:
    """The first letter of a state chooses it; it makes no Markdown of the panel, and X cuts no cell."""
    before = room.page.evaluate(CELLS_NOW)
    room.panel.get_by_label("state").select_option("online")
    for control in (
        room.panel.get_by_label("state"),
        room.panel.get_by_role("button", name="Back to normal"),
        room.strip.get_by_role("button", name="Pause"),
    ):
        for key in ("m", "x"):
            control.focus()
            room.page.keyboard.press(key)
    assert room.page.evaluate(CELLS_NOW) == before
    assert room.panel.get_by_label("state").locator("option:checked").inner_text() == "maintenance"


def test_a_pause_holds_the_strip_still(room: Room) -> None:
    """At once, in words; and it goes on from what is newest."""
    room.strip.get_by_role("button", name="Pause").click()
    assert room.read()["verdict"] == "PAUSED"
    before = room.read()["seq"]
    room.page.wait_for_timeout(2500)
    assert room.read()["seq"] - before <= 1
    room.strip.get_by_role("button", name="Resume").click()
    until(lambda: room.read()["seq"] > before + 1)
