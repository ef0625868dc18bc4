"""The pipe that carries frames to the sandbox: it never waits, is bounded, and says what it dropped."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest

from kraken_lab.net import MarketPipe, SandboxProcess
from tests.sandbox.upstream import an_upstream

pytestmark = pytest.mark.promise("P-06")
BOOK = '{"channel":"book","type":"update","data":[%d]}'
WAIT_S = 10.0


class Sink:
    """Takes lines; while it is shut, whoever writes has to wait."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_broken = False
        self.entered = threading.Event()
        self._open = threading.Event()
        self._open.set()

    def shut(self) -> None:
        """Take no more until `open`."""
        self.entered.clear()
        self._open.clear()

    def open(self) -> None:
        """Go on."""
        self._open.set()

    def write_lines(self, data: bytes) -> None:
        """Take lines, or fail."""
        self.entered.set()
        assert self._open.wait(WAIT_S)
        if self.is_broken:
            raise BrokenPipeError("nobody reads")
        self.lines += data.decode("ascii").splitlines()


@contextmanager
def a_busy_pipe(**options: Any) -> Iterator[tuple[Sink, MarketPipe]]:
    """A pipe whose writer is held up with a first frame."""
    sink = Sink()
    sink.shut()
    pipe = MarketPipe(sink, **options)
    pipe.put('{"first":0}')
    assert sink.entered.wait(WAIT_S)
    try:
        yield sink, pipe
    finally:
        sink.open()
        pipe.close()


def test_frames_go_down_as_they_are_one_a_line_in_order() -> None:
    """Bytes or text; a line's end between tokens becomes a blank, what is beyond ASCII is escaped as JSON does."""
    sink = Sink()
    pipe = MarketPipe(sink)
    frames: list[bytes | str] = [b'{"a":1.10}', '{"b":\r\n2}', '{"c":"é😀"}', b'{"d":"\xff"}']
    for frame in frames:
        pipe.put(frame, source=3)
    pipe.gap("closed:\nbye", source=3)
    pipe.close()
    assert sink.lines[:2] == ['>3 {"a":1.10}', '>3 {"b":  2}']
    assert json.loads(sink.lines[2][3:]) == {"c": "é😀"}
    assert json.loads(sink.lines[3][3:]) == {"d": "\ufffd"}
    assert sink.lines[4] == "!3 closed: bye"
    assert (pipe.written, pipe.dropped, pipe.gaps, pipe.broken) == (5, 0, 1, None)
    pipe.put('{"late":1}')
    pipe.gap("late")
    assert len(sink.lines) == 5


def test_when_too_much_waits_the_oldest_of_the_market_goes_and_a_gap_says_so() -> None:
    """The newest stays; what says what is traded and subscribed stays too, in its order before the gap."""
    with a_busy_pipe(most_bytes=1000) as (sink, pipe):
        pipe.put('{"method":"subscribe","success":true}', source=1)
        for number in range(100):
            pipe.put(BOOK % number, source=number % 2)
        assert pipe.dropped > 0
        sink.open()
        pipe.close()
    assert sink.lines[:2] == ['>0 {"first":0}', '>1 {"method":"subscribe","success":true}']
    numbers = [json.loads(line[3:])["data"][0] for line in sink.lines[2:] if line[0] == ">"]
    assert numbers == list(range(100 - len(numbers), 100))
    gap = max(number for number, line in enumerate(sink.lines) if line[0] == "!")
    assert sink.lines.index(f">{numbers[0] % 2} {BOOK % numbers[0]}") > gap - 1
    assert {line[:2] for line in sink.lines if line[0] == "!"} == {"!0", "!1"}
    assert pipe.dropped + len(numbers) == 100


def test_what_has_waited_too_long_is_not_written() -> None:
    """The market has moved on; the gap is all that is told of it."""
    now = [0.0]
    with a_busy_pipe(most_age_s=2.0, clock=lambda: now[0]) as (sink, pipe):
        pipe.put(BOOK % 1)
        now[0] = 2.5
        pipe.put(BOOK % 2)
        sink.open()
        pipe.close()
    assert sink.lines[1:] == ["!0 the sandbox did not take them for 2 s"]
    assert (pipe.dropped, pipe.gaps) == (2, 1)


def test_many_gaps_in_a_row_are_one() -> None:
    """Where everything between them was dropped, one line says it."""
    with a_busy_pipe(most_bytes=200) as (sink, pipe):
        for number in range(100):
            pipe.put(BOOK % number)
        sink.open()
        pipe.close()
    assert [line for line in sink.lines if line[0] == "!"] == ["!0 more than 200 bytes waited for the sandbox"]
    assert pipe.gaps > 1


def test_a_sandbox_that_takes_not_even_the_little_that_is_kept_is_given_up() -> None:
    """Nothing grows without end."""
    with a_busy_pipe(most_bytes=200) as (sink, pipe):
        for number in range(20):
            pipe.put(f'{{"channel":"instrument","data":{number}}}')
        assert pipe.broken is not None
        assert "cannot be dropped" in pipe.broken
    assert sink.lines in ([], ['>0 {"first":0}'])


def test_a_sandbox_that_is_gone_is_remembered_and_nothing_waits_for_it() -> None:
    """The reason is kept; frames are let go."""
    with a_busy_pipe() as (sink, pipe):
        sink.is_broken = True
        sink.open()
        pipe.close()
        assert pipe.broken == "nobody reads"
        pipe.put(BOOK % 1)
        pipe.gap("closed")
        assert (sink.lines, pipe.gaps) == ([], 0)


def test_closing_does_not_wait_for_a_sandbox_that_does_not_read() -> None:
    """No longer than it is told to."""
    with a_busy_pipe() as (_, pipe):
        pipe.close(timeout=0.01)
        pipe.close(timeout=0.01)


@pytest.mark.fault("F-182")
def test_frames_reach_a_real_sandbox_which_says_when_it_pauses() -> None:
    """Through its standard input, beside control orders; what it says by itself is a notice, not an answer."""
    notices: Queue[Any] = Queue()
    process = SandboxProcess(seed=7, market="feed", on_notice=notices.put)
    pipe = MarketPipe(process)
    try:
        upstream = an_upstream()
        for frame in upstream.opening():
            pipe.put(frame.encode())
        while notices.get(timeout=WAIT_S)["notice"] != "resumed":
            pass
        assert process.paused == {}
        assert process.control(fault="clear") == {"ok": True, "fault": "clear"}
        pipe.gap("the connection was closed")
        assert notices.get(timeout=WAIT_S)["reason"] == "the connection was closed"
        assert process.control(feed="facts")["feed"]["paused"] == process.paused
        assert list(process.paused) == ["BTC/USD"]
        pipe.put(upstream.snapshot())
        assert notices.get(timeout=WAIT_S) == {"notice": "resumed", "symbol": "BTC/USD"}
    finally:
        pipe.close()
        process.close()
    assert not process.alive
    assert process.paused == {}


def test_a_listener_that_fails_does_not_silence_the_sandbox(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and answers are read on."""

    def fail(notice: object) -> None:
        raise RuntimeError("no")

    process = SandboxProcess(seed=7, market="feed", on_notice=fail)
    try:
        process.write_lines(b"> nonsense\n")
        assert process.control(fault="clear")["ok"]
        assert "notice.listener_failed" in caplog.text
    finally:
        process.close()
    with pytest.raises(OSError, match="closed"):
        process.write_lines(b"\n")
