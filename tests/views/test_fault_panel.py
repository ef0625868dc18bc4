"""The fault panel by clicks: what is handed in, what is told, and that nothing waits in a handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kraken_lab.errors import SandboxError
from kraken_lab.views.fault_panel import Choice, Fault, FaultPanel, Step
from kraken_lab.views.worker import Failed
from kraken_lab.wire import Instant

from .by_hand import ByHand, click
from .hostile import HOSTILE, Page

NOON = 1_780_000_000_000_000_000


class ABench:
    """Faults that only write down what is done. ``noticed`` is what the lab notices from now on."""

    def __init__(self) -> None:
        self.mono = 100.0
        self.done: list[str] = []
        self.noticed: list[str] = []
        self.broken: Exception | None = None
        self.title, self.caption = "SANDBOX: fault panel, process 7", "It happens to the exchange."
        self.faults = (
            Fault(key="cut", group="The line", name="Cut the line", see="One gap each."),
            Fault(key="quiet", group="The line", name="Go silent", see="Ages grow.", uses=("seconds",)),
            Fault(key="sum", group="Data", name="Corrupt", see="RESYNCING.", uses=("pair",)),
        )
        self.pairs: tuple[str, ...] = ("BTC/USD", "ETH/USD")
        self.states = ("maintenance", "online")

    def now(self) -> Instant:
        """As the test turned it."""
        return Instant(self.mono, NOON + round((self.mono - 100.0) * 1e9))

    def plan(self, fault: Fault, choice: Choice) -> tuple[Step, ...]:
        """One step, or two."""
        if self.broken is not None:
            raise self.broken
        first = Step(f"{fault.name} {choice.pair}.", lambda: self.done.append(f"{fault.key} {choice.pair}"))
        if fault.key != "quiet":
            return (first,)
        return (first, Step("It speaks again.", lambda: self.done.append("thaw"), after=choice.seconds))

    def restore(self) -> str:
        """Written down."""
        self.done.append("restore")
        return "Back to normal."

    def watch(self) -> Callable[[], tuple[str, ...]]:
        """What is noticed after this."""
        before = len(self.noticed)
        return lambda: tuple(self.noticed[before:])


class Room:
    """A panel, its bench, and its worker, worked by hand."""

    def __init__(self, bench: ABench) -> None:
        self.bench = bench
        self.workers: list[ByHand] = []
        self.panel = FaultPanel(bench, workers=self._worker)

    def _worker(self, name: str, failed: Failed) -> ByHand:
        self.workers.append(ByHand(lambda: self.bench.mono, failed))
        return self.workers[-1]

    def work(self, seconds: float = 0.0) -> None:
        """Let time pass, and the worker do what is due."""
        until = self.bench.mono + seconds
        while True:
            for worker in self.workers:
                worker.work()
            if self.bench.mono >= until:
                return
            self.bench.mono = min(self.bench.mono + 0.25, until)

    def click(self, key: str) -> None:
        """Somebody clicks a button."""
        click(self.panel.buttons[key])

    @property
    def said(self) -> str:
        """The line of the result."""
        return Page(self.panel.result.value).text

    @property
    def journal(self) -> str:
        """The log below."""
        return Page(self.panel.journal.value).text


@pytest.fixture
def room() -> Room:
    """A panel that nothing was done with yet."""
    return Room(ABench())


def test_every_fault_has_a_button_and_a_sentence_in_its_group(room: Room) -> None:
    """Named in words, with what one will see; the fields that it depends on are named."""
    assert room.panel.tabs.titles == ("The line", "Data")
    assert {button.description for button in room.panel.buttons.values()} == {"Cut the line", "Go silent", "Corrupt"}
    assert all(button.tooltip for button in room.panel.buttons.values())
    sentences = [Page(row.value).text for grid in room.panel.tabs.children for row in grid.children[1::2]]
    assert sentences == ["One gap each.", "Ages grow. Uses: seconds.", "RESYNCING. Uses: pair."]
    assert "Nothing was done yet." in room.said


def test_a_click_only_hands_in(room: Room) -> None:
    """Nothing is done in the handler, whichever thread it runs in; the worker does it, with what was chosen then."""
    room.panel.pair.value = "ETH/USD"
    room.click("sum")
    room.panel.pair.value = "BTC/USD"
    assert room.bench.done == []
    room.work()
    assert room.bench.done == ["sum ETH/USD"]
    assert "Corrupt ETH/USD. What one sees: RESYNCING." in room.said


def test_the_log_tells_when_what_and_what_the_lab_noticed(room: Room) -> None:
    """The newest on top, filled in as the lab notices; what comes after the next fault is the next one's."""
    room.click("cut")
    room.work()
    assert "nothing yet" in room.journal
    room.bench.noticed.append("book BTC/USD: gap 0.4 s: connection lost; LIVE again, epoch 2")
    room.work(1.0)
    assert "gap 0.4 s: connection lost" in room.journal
    assert "20:26:40.0" in room.journal
    room.click("sum")
    room.work()
    room.bench.noticed.append("book BTC/USD: gap 0.1 s: checksum")
    room.work(1.0)
    assert room.panel.happened == (
        ("Cut the line BTC/USD.", ("book BTC/USD: gap 0.4 s: connection lost; LIVE again, epoch 2",)),
        ("Corrupt BTC/USD.", ("book BTC/USD: gap 0.1 s: checksum",)),
    )
    assert room.journal.index("checksum") < room.journal.index("connection lost")


def test_what_lasts_a_while_ends_by_itself(room: Room) -> None:
    """After the seconds that were chosen, and the log says so."""
    room.panel.seconds.value = 3.0
    room.click("quiet")
    room.work(2.5)
    assert room.bench.done == ["quiet BTC/USD"]
    room.work(1.0)
    assert room.bench.done == ["quiet BTC/USD", "thaw"]
    assert "It speaks again." in room.journal


def test_back_to_normal_takes_back_what_was_still_to_come(room: Room) -> None:
    """One button for all of it; a step that waits then does nothing more."""
    room.click("quiet")
    room.work()
    click(room.panel.normal)
    room.work(20.0)
    assert room.bench.done == ["quiet BTC/USD", "restore"]
    assert "Back to normal." in room.said


def test_what_cannot_be_done_is_said_with_the_reason(room: Room) -> None:
    """In the panel, not in some thread's output; the next click works."""
    room.bench.broken = SandboxError("There is no open order to fill.")
    room.click("cut")
    room.work()
    assert "Not done: There is no open order to fill." in room.said
    room.bench.broken = ValueError("odd")
    room.click("cut")
    room.work()
    assert "Not done: ValueError: odd" in room.said
    room.bench.broken = None
    room.click("cut")
    room.work()
    assert room.bench.done == ["cut BTC/USD"]


def test_it_stops_looking_when_nothing_can_come_of_a_fault_any_more(room: Room) -> None:
    """A panel that nobody uses costs nothing."""
    room.click("cut")
    room.work(70.0)
    assert room.workers[0].agenda.next_at() is None


def test_long_stories_are_cut_and_old_ones_dropped(room: Room) -> None:
    """A log of bounded size."""
    room.click("cut")
    room.work()
    room.bench.noticed += [f"line {n}" for n in range(20)]
    room.work(1.0)
    assert "and 12 more" in room.journal
    for _ in range(15):
        room.click("cut")
        room.work()
    assert len(room.panel.happened) == 10


def test_closed_it_works_no_more(room: Room) -> None:
    """And closing it twice is closing it."""
    room.panel.close()
    room.panel.close()
    room.click("cut")
    room.work()
    assert room.bench.done == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_words_of_the_exchange_are_only_words(text: str) -> None:
    """What was noticed, and why something was not done, may hold anything."""
    room = Room(ABench())
    room.bench.pairs = (text,)
    room = Room(room.bench)
    room.click("sum")
    room.work()
    room.bench.noticed.append(text)
    room.work(1.0)
    values = [room.panel.result.value, room.panel.journal.value]
    room.bench.broken = SandboxError(text)
    room.click("cut")
    room.work()
    for value in [*values, room.panel.result.value]:
        assert not Page(value).tags & {"img", "a", "script"}
        assert "\x1b" not in value


def test_a_saved_notebook_is_told_what_stood_there(room: Room) -> None:
    """Without a kernel there are no buttons, and a sentence says what does the same."""
    bundle: dict[str, Any] = room.panel._repr_mimebundle_()
    assert repr(room.panel) == bundle["text/plain"]
    assert len(repr(room.panel)) < 300
    assert "lab.sandbox.control(fault=...)" in bundle["text/plain"]
    assert "SANDBOX" in Page(bundle["text/html"]).text
