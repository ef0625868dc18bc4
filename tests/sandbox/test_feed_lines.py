"""The control pipe of paper mode: its lines, its reader, and the program that is fed by it."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from kraken_lab.sandbox import Exchange, program
from kraken_lab.sandbox.control import Control
from kraken_lab.sandbox.feed_lines import FeedLines
from kraken_lab.sandbox.feed_market import FeedMarket
from kraken_lab.sandbox.pipe_reader import MOST_WAITING, PipeReader
from tests.sandbox.upstream import START_NS, an_upstream

WATCHED = """
import os, sys
sys.addaudithook(lambda event, _: os._exit(99) if event in ("socket.connect", "socket.sendto") else None)
from kraken_lab.sandbox.program import main
sys.exit(main(["--json", "--market", "feed", "--silence", "0.3"]))
"""


def facts_of(lines: list[str]) -> list[Any]:
    """What was printed, without the line that says where it listens."""
    return [json.loads(line) for line in lines if "ws_public" not in line]


@pytest.mark.promise("P-06")
def test_frames_and_gaps_are_not_answered_and_what_the_market_says_is_a_notice() -> None:
    """Control orders are answered as always, facts on request."""
    market = FeedMarket(seed=7, start_ns=START_NS)
    exchange = Exchange(market=market)
    said: list[str] = []
    lines = FeedLines(market, Control(exchange.faults), said.append)
    for frame in an_upstream().opening():
        lines.handle(f">0 {frame}\n")
    assert [json.loads(line)["notice"] for line in said] == ["paused", "resumed"]
    said.clear()
    lines.handle("!0 the connection was closed")
    lines.handle('{"fault":"freeze"}')
    lines.handle('{"feed":"facts"}')
    lines.handle('{"feed":"everything"}')
    lines.handle("> {}")
    notice, frozen, facts, refused, misread = map(json.loads, said)
    assert notice == {"notice": "paused", "symbol": "BTC/USD", "reason": "the connection was closed"}
    assert frozen == {"ok": True, "fault": "freeze"}
    assert facts["feed"]["paused"] == {"BTC/USD": "the connection was closed"}
    assert list(refused) == ["error"]
    assert misread == {"notice": "misread", "line": "> {}"}


class Counted:
    """Lines, and how many of them were read."""

    def __init__(self, end: int) -> None:
        self.read_lines = 0
        self._end = end

    def __iter__(self) -> Iterator[str]:
        for _ in range(self._end):
            self.read_lines += 1
            yield f"{self.read_lines}\n"


def test_a_reader_hands_over_in_order_and_ends_after_the_last_line() -> None:
    """Some lines at a time, empty ones not at all."""

    async def read() -> list[str]:
        taken: list[str] = []
        ended = asyncio.Event()
        PipeReader(io.StringIO("".join(f"{number}\n\n" for number in range(1000))), taken.extend, ended.set)
        await ended.wait()
        return taken

    assert asyncio.run(read()) == [f"{number}\n" for number in range(1000)]


def test_a_reader_reads_no_further_ahead_than_is_taken() -> None:
    """So a busy sandbox makes its pipe fill up instead of remembering without end."""

    async def read() -> None:
        stream, ended = Counted(5 * MOST_WAITING), asyncio.Event()
        taken = 0

        def take(lines: Sequence[str]) -> None:
            nonlocal taken
            taken += len(lines)
            assert stream.read_lines <= taken + MOST_WAITING + 1

        PipeReader(stream, take, ended.set)
        await ended.wait()
        assert taken == 5 * MOST_WAITING

    asyncio.run(read())


def test_the_program_follows_the_frames_on_its_standard_input() -> None:
    """And ends with them."""
    upstream, out = an_upstream(), io.StringIO()
    lines = [f">0 {frame}" for frame in upstream.opening()] + ['{"feed":"facts"}']
    assert program.run(as_json=True, market="feed", stdin=io.StringIO("\n".join(lines)), stdout=out) == 0
    *_, resumed, facts = facts_of(out.getvalue().splitlines())
    assert resumed == {"notice": "resumed", "symbol": "BTC/USD"}
    assert facts["feed"]["matched"] == ["BTC/USD"]


@pytest.mark.promise("P-06")
@pytest.mark.promise("W-03")
@pytest.mark.fault("F-183")
def test_a_feed_that_stops_pauses_the_process_which_connects_to_nothing_and_ends_with_its_pipe() -> None:
    """An audit hook would have ended it with 99."""
    with subprocess.Popen(
        [sys.executable, "-c", WATCHED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdin
            assert running.stdout
            assert "ws_public" in running.stdout.readline()
            for frame in an_upstream().opening():
                running.stdin.write(f">0 {frame}\n")
            running.stdin.flush()
            notices = [json.loads(running.stdout.readline()) for _ in range(3)]
            assert notices[-1] == {
                "notice": "paused", "symbol": "BTC/USD", "reason": "nothing was heard for 0.3 s",
            }  # fmt: skip
            running.stdin.close()
            assert running.wait(10) == 0
        finally:
            running.kill()
