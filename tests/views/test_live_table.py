"""The live table without a browser: what its widget sends, what it does with what comes back, and where it is shown."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, ClassVar

import comm
import pytest
from comm.base_comm import BaseComm

from kraken_lab.market import BookSnapshot
from kraken_lab.streams.ladder_view import book_view
from kraken_lab.tables import EventTable, Schema, TableView, schema
from kraken_lab.tables.vitals import Vitals
from kraken_lab.views import showing
from kraken_lab.views.front_end import FrontEnd, front_end
from kraken_lab.views.live_table import table_widget
from kraken_lab.views.pump import Pump
from kraken_lab.views.showing import live_widget, show_live
from kraken_lab.views.vitals_line import BEAT

from .hostile import HOSTILE, Page
from .screen import Screen
from .test_picture import same, trade
from .test_pump import Clock, Turned

HOSTILE_TITLE = "trades <img src=x onerror=alert(1)>\x1b[31m"


class ASource:
    """A table of trades that a test fills."""

    schema: Schema = schema("trade")
    order_by: str | None = "received_at"

    def __init__(self) -> None:
        self.table = EventTable(self.schema)
        self.state, self.note, self.ended = "LIVE", "", False
        self.photographs = 0
        self.add(3)

    def add(self, count: int, **facts: Any) -> None:
        """So many more trades."""
        for _ in range(count):
            self.table.append(trade(self.table.rows + self.table.evicted, **facts))

    def pulse(self) -> object:
        """Rows and state."""
        return self.table.rows + self.table.evicted, self.state

    def photograph(self, rows: int) -> TableView:
        """Counted, to see that nobody looks without need."""
        self.photographs += 1
        return self.table.view(last=rows)

    def vitals(self) -> Vitals:
        """As told."""
        return Vitals(
            self.state, self.note, age=0.25, messages=self.table.rows, rows=self.table.rows, epoch=1, gaps=0
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return f"<table>{self.table.rows} rows</table>"


class AComm(BaseComm):
    """A comm whose other end writes down what is sent, and can answer."""

    opened: ClassVar[list[AComm]] = []

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.sent: list[tuple[str, dict[str, Any], list[bytes]]] = []
        AComm.opened.append(self)
        super().__init__(*arguments, **options)

    def publish_msg(self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any) -> None:
        """Written down, through JSON as on the wire."""
        self.sent.append((msg_type, json.loads(json.dumps(data)), [bytes(buffer) for buffer in buffers or []]))

    @property
    def frames(self) -> list[tuple[dict[str, Any], list[bytes]]]:
        """The messages that a live table's script takes in."""
        return [(data["content"], buffers) for _, data, buffers in self.sent if data and data.get("method") == "custom"]

    def say(self, **content: Any) -> None:
        """What a browser says: the message that its script sends."""
        self.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


@pytest.fixture
def comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[AComm]]:
    """The comms that are opened, with a browser of ours at the other end."""
    AComm.opened = []
    monkeypatch.setattr(comm, "create_comm", AComm)
    yield AComm.opened
    AComm.opened = []


class Shown:
    """A live table in a browser of ours, and the pump that keeps it fresh."""

    def __init__(self, source: ASource, comms: list[AComm], title: str = "trades BTC/USD [test]") -> None:
        self.clock = Clock()
        self.pump = Turned(self.clock)
        self.widget, self.view = table_widget(source, title, self.clock())
        self.comm = next(comm for comm in comms if comm.comm_id == self.widget.model_id)
        self.state = self.comm.sent[0][1]["state"]
        self.screen = Screen(self.state["columns"])
        self.taken = 0
        self.pump.add(self.view)

    def lose_one(self) -> None:
        """Let time pass until a frame comes, which nobody takes in; when that is depends on what the last one cost."""
        while len(self.comm.frames) == self.taken:
            self.pump.turn()
            self.clock.now += 0.05
        self.taken = len(self.comm.frames)

    def run(self, seconds: float, *, answer: bool = True) -> None:
        """Let time pass, with a browser that takes in what comes."""
        for _ in range(round(seconds / 0.05)):
            self.pump.turn()
            while self.taken < len(self.comm.frames):
                self.screen.take(*self.comm.frames[self.taken])
                self.taken += 1
                if answer:
                    self.comm.say(kind="ack", seq=self.screen.seq, ms=3)
            self.clock.now += 0.05


class ABookSource(ASource):
    """A table of two books, which a test changes."""

    step = 0
    order_by = None

    def pulse(self) -> object:
        """The number of the step."""
        return self.step

    def books(self, rows: int) -> list[BookSnapshot]:
        """The second has one more ask with each step, and none after the ninth."""
        asks = [(f"{101 + n}.5", "0.25") for n in range(self.step)]
        one = BookSnapshot.of("BTC/USD", bids=[("99.00", f"{self.step + 1}")], asks=[("100.00", "2")])
        return [one, BookSnapshot.of("ETH/USD", bids=[], asks=asks)] if self.step < 10 else [one]

    def photograph(self, rows: int) -> TableView:
        """What an account of its columns is made from; the rows are not."""
        return book_view(self.books(rows)[:1])


# --- the widget -----------------------------------------------------------------------------------------------------


def test_what_is_painted_is_what_the_table_holds(comms: list[AComm]) -> None:
    """After half a minute of trades, to the last digit, and with the facts above it."""
    source = ASource()
    shown = Shown(source, comms)
    shown.comm.say(kind="ready")
    for n in range(60):
        source.add(n % 5, price=f"{60_000 + n}.{n:02}")
        shown.run(0.5)
    assert same(shown.screen, source.table.view(last=1000))
    assert shown.screen.asked == 0
    assert shown.screen.facts["state"] == "LIVE"
    assert shown.screen.facts["rate"] == pytest.approx(4, abs=1)
    assert shown.screen.facts["age"] == 0.25


def test_a_lost_frame_is_noticed_and_made_good(comms: list[AComm]) -> None:
    """A Jupyter server drops messages without a word: the next frame shows that, and the browser asks."""
    source = ASource()
    shown = Shown(source, comms)
    shown.comm.say(kind="ready")
    shown.run(1)
    source.add(5)
    shown.lose_one()
    source.add(5)
    shown.run(0.5)
    assert shown.screen.asked
    assert not same(shown.screen, source.table.view())
    shown.comm.say(kind="resync")
    shown.run(0.2)
    assert same(shown.screen, source.table.view())


def test_a_quiet_source_is_only_a_line_of_facts_now_and_then(comms: list[AComm]) -> None:
    """It says that the kernel lives; no rows are looked at."""
    source = ASource()
    shown = Shown(source, comms)
    shown.comm.say(kind="ready")
    shown.run(1)
    looks, frames = source.photographs, len(shown.comm.frames)
    shown.run(10 * BEAT)
    assert source.photographs == looks
    assert len(shown.comm.frames) - frames == pytest.approx(10, abs=1)
    assert all("columns" not in content for content, _ in shown.comm.frames[frames:])


def test_the_line_of_facts_goes_along_four_times_a_second(comms: list[AComm]) -> None:
    """Ages go on in the browser; ten lines a second would be half of what a busy table sends."""
    source = ASource()
    shown = Shown(source, comms)
    shown.comm.say(kind="ready")
    shown.run(1)
    frames = len(shown.comm.frames)
    for _ in range(100):
        source.add(1)
        shown.run(0.1)
    told = ["facts" in content for content, _ in shown.comm.frames[frames:]]
    assert len(told) == pytest.approx(100, abs=2)
    assert sum(told) == pytest.approx(10 / 0.3, abs=2)  # every third frame is the first after a quarter of a second


def test_the_table_of_books_is_sent_as_their_levels(comms: list[AComm]) -> None:
    """Of which a browser works out the rest; a lost frame is noticed as of any table."""
    source = ABookSource()
    shown = Shown(source, comms)
    shown.comm.say(kind="ready")
    for step in range(12):
        source.step = step
        shown.run(0.2)
        if step == 5:
            shown.comm.say(kind="resync")
            shown.run(0.2)
        assert not any("columns" in content for content, _ in shown.comm.frames)
        totals = [Decimal(n + 1) / 4 for n in reversed(range(step))] if step < 10 else []
        assert shown.screen.column("cum_qty") == [2, step + 1, *totals]
    assert shown.screen.asked == 0
    assert [content["base"] for content, _ in shown.comm.frames].count(0) == 2


@pytest.mark.promise("S-05")
def test_a_state_that_changed_is_told_at_once(comms: list[AComm]) -> None:
    """With its reason, though no row came."""
    source = ASource()
    shown = Shown(source, comms)
    shown.comm.say(kind="ready")
    shown.run(1)
    source.state, source.note = "STALE", "nothing for 60 s"
    shown.run(0.2)
    assert (shown.screen.facts["state"], shown.screen.facts["note"]) == ("STALE", "nothing for 60 s")


def test_a_stopped_source_is_shown_stopped_and_asks_nothing_more(comms: list[AComm]) -> None:
    """Its rows stay on the screen, and are there for a page that is loaded again."""
    source = ASource()
    shown = Shown(source, comms)
    shown.comm.say(kind="ready")
    shown.run(1)
    source.add(2)
    source.state, source.ended = "STOPPED", True
    shown.run(1)
    assert shown.screen.facts["ended"]
    assert shown.pump.turn() > 1e9
    again = Screen(shown.state["columns"])
    shown.screen, shown.screen.seq = again, -1
    shown.comm.say(kind="ready")
    shown.run(0.5)
    assert same(again, source.table.view())
    assert not shown.view.closed


def test_rows_that_come_for_others_are_not_shown_after_the_end(comms: list[AComm]) -> None:
    """A stopped stream's feed may have more users: a table that says it ended stands still."""
    source = ASource()
    shown = Shown(source, comms)
    shown.comm.say(kind="ready")
    source.state, source.ended = "STOPPED", True
    shown.run(1)
    before = source.table.view(last=1000)
    source.add(2)
    shown.run(1)
    assert same(shown.screen, before)


def test_closing_the_view_closes_the_widget(comms: list[AComm]) -> None:
    """Nothing of it stays in the kernel."""
    shown = Shown(ASource(), comms)
    shown.comm.say(kind="ready")
    shown.run(0.5)
    shown.comm.say(kind="bye")
    shown.run(62)
    assert shown.comm.sent[-1][0] == "comm_close"
    assert shown.view.closed
    assert shown.pump.pictures == ()


@pytest.mark.promise("W-04")
def test_what_the_wire_says_goes_as_letters(comms: list[AComm]) -> None:
    """Title, words and notes hold nothing invisible; the script writes them as text only."""
    source = ASource()
    source.note = "".join(HOSTILE.values())
    source.add(1, symbol=HOSTILE["escape sequence"])
    shown = Shown(source, comms, HOSTILE_TITLE)
    shown.comm.say(kind="ready")
    shown.run(0.5)
    assert shown.state["title"] == r"trades <img src=x onerror=alert(1)>\x1b[31m"
    assert shown.screen.facts["note"].isprintable()
    assert all(word.isprintable() for word in shown.screen.words)


def test_the_script_makes_no_markup_of_anything_and_loads_nothing(comms: list[AComm]) -> None:
    """It has no way to: none of the browser's doors for markup, code or addresses is in it."""
    state = Shown(ASource(), comms).state
    doors = ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "fetch(", "import("]
    doors += ["http:", "https:", "url("]
    assert [door for door in doors if door in state["script"] + state["_css"]] == []
    assert "textContent" in state["script"]


def test_what_loads_a_script_loads_the_one_that_came_with_it(comms: list[AComm]) -> None:
    """By its digest, once a page; the loader has one door, and that leads to the kernel's own text."""
    state, other = Shown(ASource(), comms).state, Shown(ASource(), comms).state
    assert state["digest"] == other["digest"] == sha256(state["script"].encode()).hexdigest()
    assert state["_esm"].count("import(") == 1
    assert 'new Blob([model.get("script")]' in state["_esm"]
    doors = ["innerHTML", "outerHTML", "document", "eval(", "Function(", "fetch(", "http", "url("]
    assert [door for door in doors if door in state["_esm"]] == []


# --- where it is shown ----------------------------------------------------------------------------------------------


class Notebook:
    """What a cell showed, by display id where it has one, and what was changed later."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.changes: list[str] = []

    def display(self, bundle: dict[str, Any], *, own: bool = False) -> Callable[[str], object]:
        """As IPython's."""
        self.outputs.append(dict(bundle))
        return self.changes.append


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """A notebook that somebody looks at."""
    notebook = Notebook()
    monkeypatch.setattr(showing, "_display", notebook.display)
    monkeypatch.setattr(showing, "front_end", lambda: FrontEnd.NOTEBOOK)
    return notebook


@pytest.mark.parametrize("where", [FrontEnd.PLAIN, FrontEnd.RUNNER])
def test_without_anybody_at_it_nothing_is_shown(
    notebook: Notebook, comms: list[AComm], monkeypatch: pytest.MonkeyPatch, where: FrontEnd
) -> None:
    """The stream then shows what it always does; no widget is made, no thread begun."""
    monkeypatch.setattr(showing, "front_end", lambda: where)
    pump = Turned(Clock())
    assert not show_live(ASource(), "trades", pump=pump)
    assert (notebook.outputs, comms, pump.pictures) == ([], [], ())


def test_colab_gets_the_static_table_and_a_word(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outputs do not change once their cell is done."""
    monkeypatch.setattr(showing, "front_end", lambda: FrontEnd.COLAB)
    assert show_live(ASource(), "trades", pump=Turned(Clock()))
    ((output),) = notebook.outputs
    assert "3 rows" in output["text/html"]
    assert "run the cell again" in output["text/html"]


def test_the_widget_comes_with_a_static_table_that_it_can_hide(notebook: Notebook, comms: list[AComm]) -> None:
    """What is saved with the notebook is HTML; its class names the one widget that stands for it."""
    show_live(ASource(), "trades", pump=Turned(Clock()))
    live, still = notebook.outputs
    assert showing.WIDGET in live
    ((element, attributes), *_) = Page(still["text/html"]).elements
    assert element == "div"
    key = next(comm for comm in comms if "columns" in comm.sent[0][1]["state"]).sent[0][1]["state"]["key"]
    assert attributes["class"] == f"kl-still kl-still-{key}"


def look_at(pump: Turned, comms: list[AComm], seconds: float, *, browser: bool) -> None:
    """Let time pass, with a browser that acknowledges or with none."""
    (table,) = [comm for comm in comms if "columns" in comm.sent[0][1]["state"]]
    for n in range(round(seconds / 0.1)):
        if browser:
            table.say(kind="ready") if n == 0 else table.say(kind="ack", seq=10**6, ms=1)
        pump.run(0.1, step=0.05)


def test_a_static_table_under_a_live_one_is_renewed_seldom(notebook: Notebook, comms: list[AComm]) -> None:
    """Each time marks the notebook as changed: twice a minute, and only if the table did."""
    source, pump = ASource(), Turned(Clock())
    show_live(source, "trades", pump=pump)
    look_at(pump, comms, 65, browser=True)
    assert notebook.changes == []
    source.add(1)
    look_at(pump, comms, 65, browser=True)
    assert len(notebook.changes) == 1


def test_where_no_widget_answers_the_static_table_is_renewed_often(notebook: Notebook, comms: list[AComm]) -> None:
    """A front end without widgets, or one that may not load them: five times a second at most."""
    source, pump = ASource(), Turned(Clock())
    show_live(source, "trades", pump=pump)
    look_at(pump, comms, 5, browser=False)
    for _ in range(50):
        source.add(1)
        pump.run(0.1, step=0.05)
    pump.run(0.5)
    assert 20 <= len(notebook.changes) <= 26
    assert f"{source.table.rows} rows" in notebook.changes[-1]


def test_without_a_widget_library_there_is_the_static_table(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renewed by its display id, and ended with its source."""

    def missing(*_: object) -> None:
        raise ImportError

    monkeypatch.setattr(showing, "table_widget", missing)
    source, pump = ASource(), Turned(Clock())
    assert show_live(source, "trades", pump=pump)
    assert [set(output) for output in notebook.outputs] == [{"text/html", "text/plain"}]
    source.add(4)
    pump.run(1)
    source.ended = True
    pump.run(1)
    assert notebook.changes[-1] == "<table>7 rows</table>"
    assert pump.pictures == ()


@pytest.mark.parametrize("message", [{"kind": "pause", "on": True}, {"kind": "seen", "visible": False}])
def test_the_last_frame_is_kept_when_nobody_looks_any_more(
    notebook: Notebook, comms: list[AComm], message: dict[str, Any]
) -> None:
    """Paused or hidden: what the notebook saves is what was seen last."""
    source, pump = ASource(), Turned(Clock())
    show_live(source, "trades", pump=pump)
    look_at(pump, comms, 5, browser=True)
    source.add(6)
    (table,) = [comm for comm in comms if "columns" in comm.sent[0][1]["state"]]
    table.say(**message)
    pump.run(0.2)
    assert len(notebook.changes) == 1
    assert "9 rows" in notebook.changes[0]


def test_showing_it_again_ends_what_nobody_answered_for(notebook: Notebook, comms: list[AComm]) -> None:
    """Running a cell a hundred times leaves one table to keep fresh, not a hundred."""
    source, pump = ASource(), Turned(Clock())
    for _ in range(100):
        show_live(source, "trades", pump=pump)
        pump.run(0.1, step=0.05)
    assert len(pump.pictures) == 2  # the table and its still
    assert sum(comm.sent[-1][0] == "comm_close" for comm in comms) >= 99


# --- which front end it is ------------------------------------------------------------------------------------------


def ipython(content: dict[str, Any] | None, **shell: Any) -> dict[str, Any]:
    """Modules in which IPython is loaded, with a kernel that runs such a request."""
    kernel = None if content is None else SimpleNamespace(get_parent=lambda channel: {"content": content})
    return {"IPython": SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=kernel, user_ns={}, **shell))}


@pytest.mark.parametrize(
    ("modules", "environment", "expected"),
    [
        ({}, {}, FrontEnd.PLAIN),
        (ipython(None), {}, FrontEnd.PLAIN),
        (ipython({"allow_stdin": True}), {}, FrontEnd.NOTEBOOK),
        (ipython({}), {}, FrontEnd.NOTEBOOK),
        (ipython({"allow_stdin": False}), {}, FrontEnd.RUNNER),
        (ipython({"allow_stdin": False}), {"VOILA_SERVER_URL": "/"}, FrontEnd.NOTEBOOK),
        (ipython({"allow_stdin": True}), {"VSCODE_PID": "7"}, FrontEnd.VSCODE),
        ({**ipython({"allow_stdin": True}), "google.colab": object()}, {}, FrontEnd.COLAB),
    ],
)
def test_a_front_end_is_known_by_its_signs(
    modules: dict[str, Any], environment: dict[str, str], expected: FrontEnd
) -> None:
    """From what is loaded and what the request says."""
    assert front_end(modules, environment) is expected


def test_asking_for_the_front_end_loads_nothing() -> None:
    """IPython least of all."""
    before = set(sys.modules)
    front_end()
    assert set(sys.modules) == before


def test_its_bare_widget_stands_where_one_puts_it(comms: list[AComm]) -> None:
    """A dashboard's: kept fresh at once, the same every time, another after it was closed."""
    source, pump = ASource(), Turned(Clock())
    widget = live_widget(source, "trades", pump=pump)
    assert live_widget(source, "trades", pump=pump) is widget
    pump.turn()
    line = next(comm for comm in comms if comm.comm_id == widget.model_id)
    assert [content["kind"] for content, _ in line.frames] == ["frame"]
    widget_view = pump.pictures[0]
    widget_view.close()  # type: ignore[attr-defined]
    assert live_widget(source, "trades", pump=pump) is not widget


def test_showing_prints_nothing(notebook: Notebook, comms: list[AComm], capsys: pytest.CaptureFixture[str]) -> None:
    """Not the cell, and not the thread of the real pump."""
    source, pump = ASource(), Pump()
    show_live(source, "trades", pump=pump)
    (table,) = [comm for comm in comms if "columns" in comm.sent[0][1]["state"]]
    waiting = threading.Event()
    for _ in range(200):
        if table.frames:
            break
        waiting.wait(0.01)
    assert table.frames
    for picture in pump.pictures:
        picture.fail(RuntimeError("the end of the test"))
        picture.wake()
    assert capsys.readouterr() == ("", "")
