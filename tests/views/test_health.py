"""The health strip: what it says of which facts, and that it reaches a browser once a second."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.tables import Gap
from kraken_lab.trading.facts import RateCount
from kraken_lab.views import health as health_module
from kraken_lab.views.health import HealthStrip, HealthView, latency, screen_facts
from kraken_lab.views.health_concerns import Concern, concerns, verdict
from kraken_lab.views.health_facts import (
    AccountFacts,
    Beat,
    BookFacts,
    HealthFacts,
    LineFacts,
    MemoryFacts,
    SandboxFacts,
    ScreenFacts,
)
from kraken_lab.views.health_readings import readings

from .hostile import HOSTILE, Page
from .test_live_table import AComm, comms  # noqa: F401 - a fixture
from .test_pump import APicture, Clock, Turned

NOON = 1_780_000_000_000_000_000


def some_facts(**other: Any) -> HealthFacts:
    """A lab that is well, unless told otherwise."""
    line = LineFacts(name="public 1", state="open", age=0.2, transit=0.0012, uncertainty=0.0004)
    well: dict[str, Any] = {
        "at_ns": NOON,
        "label": "sandbox",
        "system": "online",
        "offset": 0.001,
        "lines": (line,),
        "screen": ScreenFacts(pictures=2, trip=0.03, slowest=0.05, drawing=0.004),
        "books": BookFacts(streams=3, agreed=1204, failed=0),
        "lateness": 0.001,
        "at_worst": 0.04,
        "memory": MemoryFacts(tables=21_000_000, most=500_000_000, process=150_000_000),
    }
    return HealthFacts(**{**well, **other})


def said(facts: HealthFacts, name: str) -> str:
    """What the cell of that name says, value and detail."""
    (found,) = [one for one in readings(facts) if one.name == name]
    return f"{found.value} | {found.detail}"


def only(found: Sequence[Concern]) -> Concern:
    """The one concern there is."""
    assert len(found) == 1, found
    return found[0]


# --- readings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("connection public 1", "open | last message 0.2 s ago · never reconnected"),
        ("exchange → kernel", "1.2 ms | ± 0.4 ms · clock offset +0.001 s"),
        ("kernel → screen", "30 ms | 2 pictures · drawing 4.0 ms · slowest 50 ms"),
        ("checksums", "1,204 agreed | none failed"),
        ("gaps", "none | in 3 subscriptions"),
        ("resyncs", "none | nothing was fetched anew"),
        ("I/O thread", "1.0 ms late | 40 ms at worst"),
        ("memory", "21 MB in tables | process 150 MB · no row evicted"),
        ("account", "not used | no order was asked for in this lab"),
    ],
)
def test_a_lab_that_is_well(name: str, words: str) -> None:
    """Each cell has a word or a number, with its unit."""
    facts = some_facts()
    assert said(facts, name) == words
    assert concerns(facts) == ()
    assert verdict(facts, ()) == ("ALL WELL", "up")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("exchange → kernel", "the clocks were not compared yet"),
        ("kernel → screen", "no live picture is shown"),
        ("checksums", "no book is subscribed"),
        ("I/O thread", ""),
    ],
)
def test_what_is_not_known_is_called_so_and_never_a_zero(name: str, why: str) -> None:
    """A fresh lab has no latency and no checksum; that is not the same as none."""
    assert said(HealthFacts(at_ns=0, label="sandbox"), name) == f"not known | {why}"


def test_a_message_that_arrived_before_it_was_sent_took_less_than_the_clocks_can_tell() -> None:
    """The offset is an estimate: below its uncertainty no number is invented."""
    line = LineFacts(name="public 1", state="open", transit=-0.0003, uncertainty=0.0008)
    assert said(some_facts(lines=(line,)), "exchange → kernel").startswith("below 0.8 ms |")


def test_the_last_gap_is_told_with_its_reason_length_and_age() -> None:
    """An open one is open; one that is over some time is no news."""
    gap = Gap("BTC/USD", "book", NOON - 3_100_000_000, "checksum", 2, end_ns=NOON - 3_000_000_000)
    facts = some_facts(books=BookFacts(streams=3, agreed=9, failed=1, gaps=1, newest=gap, resyncs=1))
    assert said(facts, "gaps") == "1 | last: book BTC/USD gap 0.1 s: checksum, 3.0 s ago"
    assert said(facts, "checksums") == "9 agreed | 1 failed, fetched anew"
    assert said(facts, "resyncs") == "1 | fetched anew, each by itself"
    opened = BookFacts(gaps=1, newest=Gap("BTC/USD", "book", NOON, "silence", 2))
    assert said(some_facts(books=opened), "gaps") == "1 | last: book BTC/USD gap, still open: silence"


def test_the_acting_half_has_its_cells_once_it_is_used() -> None:
    """Mode, what is open, permits, when arming lapses, the log, and the rate counters."""
    account = AccountFacts(
        mode="LIVE",
        armed=True,
        lapses=540.0,
        open=2,
        permits=1,
        disk_free=12_300_000_000,
        rates={"BTC/USD": RateCount(count=4.0, maximum=125, decay_per_s=2.34)},
    )
    facts = some_facts(account=account)
    assert said(facts, "account") == "LIVE ARMED | 2 open · 1 permit outstanding · disarms itself in 9 min"
    assert said(facts, "audit log") == "written | 12.3 GB free"
    assert said(facts, "rate counter BTC/USD") == "4 of 125 | falls by 2.34 a second"


# --- concerns -------------------------------------------------------------------------------------------------------


def test_a_lost_line_says_what_was_done_and_what_comes() -> None:
    """Nobody has to ask at two in the morning what the tables are worth."""
    line = LineFacts(name="public 1", state="waiting", reason="connection lost", attempts=1, next_attempt=0.8)
    facts = some_facts(lines=(line,))
    found = only(concerns(facts))
    assert found.where == "connection public 1"
    assert found.what == "There is no connection: connection lost."
    assert "Tables keep their rows, books are withdrawn" in found.done
    assert found.next == "Attempt 2 comes by itself in 0.8 s."
    assert verdict(facts, (found,)) == ("TROUBLE", "down")


@pytest.mark.parametrize(
    ("other", "where", "words"),
    [
        ({"lines": (LineFacts(name="p", state="open", age=3.4),)}, "connection p", "Nothing was heard for 3.4 s"),
        ({"lines": (LineFacts(name="p", state="failed", reason="HTTP 401"),)}, "connection p", "Given up: HTTP 401"),
        ({"lines": (LineFacts(name="p", state="open", transit=4.0),)}, "connection p", "was sent 4.0 s ago"),
        ({"lines": (LineFacts(name="p", state="open", waiting_for=("book X",)),)}, "connection p", "book X"),
        ({"system": "cancel_only"}, "exchange", "cancel_only"),
        ({"offset": -3.0}, "clock", "-3.0 s"),
        ({"books": BookFacts(not_live=("book BTC/USD is STALE",))}, "stream", "book BTC/USD is STALE"),
        ({"lateness": 0.8}, "I/O thread", "800 ms late"),
        ({"memory": MemoryFacts(tables=96, most=100)}, "memory", "of the"),
        ({"sandbox": SandboxFacts(pid=7, alive=False)}, "sandbox", "process 7 has ended"),
        ({"sandbox": SandboxFacts(pid=7, alive=True, paused={"A/B": "gap"})}, "paper", "A/B (gap)"),
        ({"account": AccountFacts(mode="LIVE"), "halted": "a kill"}, "account", "HALTED: a kill"),
        ({"account": AccountFacts(mode="LIVE", audit="no space")}, "audit log", "no space"),
        ({"account": AccountFacts(mode="LIVE", unknown=1)}, "orders", "1 order UNKNOWN"),
        ({"account": AccountFacts(mode="LIVE", reconciling="fills")}, "orders", "fills"),
        ({"account": AccountFacts(mode="LIVE", disk_free=5_000_000)}, "disk", "5.0 MB"),
    ],
)
def test_each_trouble_is_one_sentence_with_its_figures(other: dict[str, Any], where: str, words: str) -> None:
    """And nothing but it is raised."""
    found = only(concerns(some_facts(**other)))
    assert found.where == where
    assert words in found.what


@pytest.mark.parametrize(("account", "cell"), [(None, "HALTED |"), (AccountFacts(mode="LIVE"), "LIVE, HALTED |")])
def test_a_halt_is_the_first_word_whether_the_account_was_used_or_not(account: AccountFacts | None, cell: str) -> None:
    """Not one trouble among others, and never well: nothing is sent, and how that ends is said first."""
    line = LineFacts(name="p", state="failed", reason="HTTP 401")
    for lines in (some_facts().lines, (line,)):
        facts = some_facts(lines=lines, account=account, halted="kraken-lab kill, since noon")
        found = concerns(facts)
        assert verdict(facts, found) == ("HALTED", "down")
        assert str(found[0]).startswith("account: HALTED: kraken-lab kill, since noon.")
        assert "lab.resume('why')" in found[0].next
        assert said(facts, "account").startswith(cell)
    assert verdict(some_facts(closed=True, halted="a kill"), ()) == ("CLOSED", "warn")


def test_an_io_thread_that_does_not_answer_is_said_though_no_fact_says_it() -> None:
    """What is shown is old then, and that itself is the news."""
    found = only(concerns(some_facts(lateness=0.9), stuck=4.0))
    assert found.tone == "down"
    assert "said nothing for 4.0 s" in found.what


def test_many_streams_in_trouble_are_counted_and_not_all_named() -> None:
    """A thousand sentences say less than one."""
    found = concerns(some_facts(books=BookFacts(not_live=tuple(f"book {n} is STALE" for n in range(9)))))
    assert len(found) == 5
    assert found[-1].what == "5 further streams are not LIVE."


# --- latency over time ----------------------------------------------------------------------------------------------


def test_the_line_of_latency_is_in_ms_and_breaks_where_nobody_looked() -> None:
    """A gap is not bridged; what is not known has no point."""
    early = LineFacts(name="public 1", state="open", transit=-0.0003, uncertainty=0.0008)
    assert some_facts(lines=(early,)).transit == 0.0
    beats = [Beat(NOON, 0.001, None), Beat(NOON + 10**9, 0.002, 0.05), Beat(NOON + 60 * 10**9, 0.003, None)]
    kernel, screen = latency(beats).data
    assert [None if value is None else round(value, 3) for value in kernel.y] == [1.0, 2.0, None, 3.0]
    assert list(screen.y) == [None, 50.0, None, None]


def test_without_a_latency_the_figure_says_so() -> None:
    """No empty axes without a word."""
    assert latency([]).layout.annotations[0].text == "no latency is known yet"


def test_only_pictures_that_somebody_sees_count_for_the_way_to_the_screen() -> None:
    """Hidden ones, and ones no browser answered for, say nothing."""
    clock = Clock()
    pump = Turned(clock)
    seen, mute, hidden = APicture(clock), APicture(clock, answers=False), APicture(clock)
    for picture in (seen, mute, hidden):
        pump.add(picture)
    pump.run(0.5)
    hidden.post({"kind": "seen", "visible": False})
    pump.run(0.1)
    facts = screen_facts(pump.pictures)
    assert facts.pictures == 1
    assert facts.trip == pytest.approx(0.01, abs=0.011)
    assert facts.drawing == pytest.approx(0.005, abs=0.002)


# --- the strip ------------------------------------------------------------------------------------------------------


class ASource:
    """Facts as a test wants them. ``asked`` counts."""

    def __init__(self) -> None:
        self.facts = some_facts()
        self.asked = self.looks = 0
        self.ended = False

    def ask(self) -> None:
        """Counted."""
        self.asked += 1

    def newest(self) -> HealthFacts:
        """What there is."""
        return self.facts

    def look(self) -> HealthFacts:
        """What there is, counted: this one may wait."""
        self.looks += 1
        return self.facts


@pytest.fixture
def source() -> ASource:
    """A lab that is well."""
    return ASource()


@pytest.fixture
def strip(source: ASource, comms: list[AComm]) -> HealthStrip:  # noqa: F811
    """Its strip, in a pump that a test turns."""
    return HealthStrip(source, "health [sandbox]", pump=Turned(Clock()))


def shown(strip: HealthStrip) -> tuple[AComm, Turned]:
    """The strip in a browser of ours that answers, and its pump."""
    widget = strip.widget
    line = next(comm for comm in AComm.opened if comm.comm_id == widget.model_id)
    assert isinstance(strip._pump, Turned)
    line.say(kind="ready")
    strip._pump.turn()
    return line, strip._pump


def test_a_browser_gets_all_of_it_once_a_second(strip: HealthStrip, source: ASource) -> None:
    """One message a second, small, and newer facts are asked for with each; the past is sent once."""
    line, pump = shown(strip)
    for _ in range(100):
        pump.run(0.1)
        source.facts = some_facts(at_ns=NOON + round((pump.now() - 100) * 1e9))
        line.say(kind="ack", seq=line.frames[-1][0]["seq"], ms=2)
    frames = [content for content, _ in line.frames if content["kind"] == "frame"]
    assert 9 <= len(frames) <= 12
    assert source.asked == len(frames)
    assert max(len(json.dumps(frame)) for frame in frames) < 3_000
    first, last = frames[0], frames[-1]
    assert first["base"] == 0
    assert last["verdict"] == ["ALL WELL", "up"]
    assert ["checksums", "1,204 agreed", "none failed", "up"] in last["readings"]
    assert [len(frame["past"]) for frame in frames] == [1] * len(frames)


def test_facts_that_grow_old_are_said_to_be_old(strip: HealthStrip) -> None:
    """The pump goes on while the I/O thread is held up; the strip says that it is."""
    line, pump = shown(strip)
    for _ in range(6):
        pump.run(1.0)
        line.say(kind="ack", seq=line.frames[-1][0]["seq"], ms=2)
    last = line.frames[-1][0]
    assert last["verdict"] == ["TROUBLE", "down"]
    assert last["concerns"][0][1] == "I/O thread"


def test_hidden_it_asks_for_nothing(strip: HealthStrip, source: ASource) -> None:
    """No frame, no look at the lab."""
    line, pump = shown(strip)
    line.say(kind="seen", visible=False)
    pump.run(2.0)
    before = source.asked
    pump.run(5.0)
    assert source.asked == before


def test_closed_it_says_so_and_falls_silent(strip: HealthStrip, source: ASource) -> None:
    """The last frame of a lab that was closed is the last."""
    line, pump = shown(strip)
    source.facts, source.ended = some_facts(closed=True), True
    pump.run(1.5)
    line.say(kind="ack", seq=line.frames[-1][0]["seq"], ms=2)
    assert line.frames[-1][0]["verdict"] == ["CLOSED", "warn"]
    count = len(line.frames)
    pump.run(5.0)
    assert len(line.frames) == count


def test_a_terminal_and_a_page_without_scripts_are_told_the_same(strip: HealthStrip, source: ASource) -> None:
    """Every cell, and every concern with what to do next."""
    waiting = LineFacts(name="public 1", state="waiting", reason="connection lost", next_attempt=0.8)
    source.facts = some_facts(lines=(waiting,))
    text, page = repr(strip), Page(strip.still())
    assert text.startswith("health [sandbox]: TROUBLE\n  ! connection public 1: There is no connection")
    for reading in strip.readings:
        assert reading.name in text
        assert reading.name in page.text
    assert "Attempt 1 comes by itself in 0.8 s." in page.text
    assert strip.facts is source.facts
    assert [concern.where for concern in strip.concerns] == ["connection public 1"]
    bundle = strip._repr_mimebundle_()
    assert bundle == {"text/plain": text, "text/html": strip.still()}


def test_what_the_pump_asks_for_waits_for_nobody(strip: HealthStrip, source: ASource) -> None:
    """Neither a frame nor a still looks; the first picture was looked for by the cell that shows it."""
    _, pump = shown(strip)
    assert source.looks == 1
    pump.run(3.0)
    assert "ALL WELL" in strip.still()
    assert source.looks == 1


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_words_of_the_exchange_are_only_words(text: str, strip: HealthStrip, source: ASource) -> None:
    """A reason with markup or terminal codes in it, in a page, in a terminal and in a frame."""
    lost = LineFacts(name="public 1", state="waiting", reason=text)
    source.facts = some_facts(lines=(lost,), books=BookFacts(not_live=(text,)))
    assert not Page(strip.still()).tags & {"img", "a", "script"}
    assert "\x1b" not in repr(strip)
    line, _ = shown(strip)
    assert "\\u001b" not in json.dumps(line.frames[-1][0])


def test_its_figure_is_its_latency(strip: HealthStrip) -> None:
    """`.snapshot()` is a plain figure, also before anything was looked at for long."""
    figure = strip.snapshot()
    assert [trace.name for trace in figure.data] == ["exchange → kernel", "kernel → screen"]
    assert figure.layout.yaxis.title.text == "latency (ms)"


def test_what_is_saved_are_the_facts_and_a_line_where_there_is_one(
    strip: HealthStrip, source: ASource, tmp_path: Path
) -> None:
    """A dot on an axis of a moment says nothing: the page has the readings, and the latency after some beats."""
    first = strip.save(tmp_path / "first.html").read_text("utf-8")
    assert "ALL WELL" in Page(first).text
    assert "draw('f" not in first
    for n in range(1, 5):
        source.facts = some_facts(at_ns=NOON + n * 10**9)
        assert strip.facts.at_ns == source.facts.at_ns
    later = strip.save(tmp_path / "later.html").read_text("utf-8")
    assert "ALL WELL" in Page(later).text
    assert later.count("<script>draw('f2'") == 1


def test_the_past_is_bounded(strip: HealthStrip, source: ASource, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five minutes, however long it is looked at."""
    for n in range(health_module.REMEMBERED + 50):
        source.facts = some_facts(at_ns=NOON + n * 10**9)
        assert strip.facts.at_ns == source.facts.at_ns
    assert len(strip.past) == health_module.REMEMBERED


def test_a_view_that_missed_frames_gets_the_whole_past(strip: HealthStrip, source: ASource) -> None:
    """A page that comes later draws the line as if it had been there."""
    for n in range(20):
        source.facts = some_facts(at_ns=NOON + n * 10**9)
        assert strip.facts is source.facts
    view = HealthView(strip, lambda content, buffers: None, 0.0)
    assert len(view.frame(True, 1.0).content["past"]) == 20
    assert len(view.frame(False, 2.0).content["past"]) == 1
