"""A lab's health as values: from its own lines, feeds and account, without changing any of them."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import kraken_lab as kl
from kraken_lab.cli.kill import run as run_kill
from kraken_lab.lab import halt_file
from kraken_lab.lab.halt_file import HaltFile
from kraken_lab.lab.health import HealthWatch, book_facts, health_facts, line_facts, resident
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.trading.halt import HaltRecord, halt_text
from kraken_lab.wire import Instant, Want
from tests.streams.fake_host import AnUpstream
from tests.trading.lock_bench import Bench
from tests.virtual import World, in_world

STAMP = Instant(50.0, 1_780_000_000_000_000_000)


def test_how_long_updates_were_on_their_way_is_known_from_their_stamps() -> None:
    """To within half the round trip by which the clocks were compared, whatever the clocks themselves say."""

    async def test(world: World) -> None:
        world.exchange.faults.clock(30.0)
        world.lag = 0.08
        book = world.feed("book")
        await world.live()
        await world.until(lambda: book.stamp is not None)
        (router,) = world.desk.routers
        facts = line_facts(router, world.connections[0], world.clock.now())
        assert facts.transit is not None
        assert facts.uncertainty is not None
        assert abs(facts.transit - 0.08) <= facts.uncertainty
        # The answers took 80 ms and the questions nothing, so half of that cannot be told from a clock that is off.
        assert facts.uncertainty == pytest.approx(0.04, abs=0.005)
        world.exchange.faults.freeze()
        await world.until(lambda: world.clock.now().mono - book.last_at.mono > 5.0)
        assert line_facts(router, world.connections[0], world.clock.now()).transit is None

    in_world(test, rate=40.0)


def test_before_clocks_were_compared_no_latency_is_told() -> None:
    """Not a zero, and not the difference of two clocks."""

    async def test(world: World) -> None:
        (router,) = world.desk.routers
        facts = line_facts(router, world.connections[0], world.clock.now())
        assert (facts.transit, facts.uncertainty) == (None, None)
        assert facts.age is None

    in_world(test)


def test_a_line_that_was_lost_tells_of_its_attempts() -> None:
    """Its reason, when the next one comes, and afterwards how often it was made again."""

    async def test(world: World) -> None:
        world.feed("book")
        await world.live()
        (router,) = world.desk.routers
        world.exchange.faults.refuse(1)
        world.exchange.faults.reset()
        await world.until(lambda: world.connections[0].state == "waiting")
        facts = line_facts(router, world.connections[0], world.clock.now())
        assert (facts.state, facts.reason, facts.age) == ("waiting", "connection lost", None)
        assert facts.next_attempt is not None
        await world.live()
        facts = line_facts(router, world.connections[0], world.clock.now())
        assert (facts.state, facts.reason, facts.reconnects) == ("open", "", 1)

    in_world(test)


def test_every_message_of_a_book_is_a_checksum() -> None:
    """Agreed, or failed and fetched anew, with the gap that this made."""

    async def test(world: World) -> None:
        book, trades = world.feed("book"), world.feed("trade")
        await world.live()
        world.exchange.faults.edit(_next_book(), lambda text: re.sub('"checksum":[0-9]+', '"checksum":1', text))
        await world.until(lambda: book.epoch == 2)
        facts = book_facts([book, trades])
        assert (facts.agreed, facts.failed, facts.resyncs) == (book.messages, 1, 1)
        assert facts.gaps == 1
        assert facts.newest is not None
        assert facts.newest.reason == "checksum"
        assert facts.not_live == ()
        assert book_facts([trades]).agreed is None

    in_world(test, rate=40.0)


def _next_book() -> Any:
    from kraken_lab.sandbox import Match

    return Match(channel="book", type="update")


def test_a_feed_that_is_not_live_is_named_with_its_reason() -> None:
    """But for one that only waits for its line."""
    feed = BookFeed(Want(channel="book", symbol="BTC/USD", depth=10), kl.Settings(), AnUpstream())
    assert book_facts([feed]).not_live == ()
    feed.connected(STAMP)
    feed.silent(True, STAMP)
    assert book_facts([feed]).not_live == ("book BTC/USD is STALE (acknowledged, but no data came)",)


# --- of a whole lab -------------------------------------------------------------------------------------------------


def test_the_strip_of_a_lab_has_its_facts(lab: kl.Lab) -> None:
    """Lines, books, memory of tables and process, the sandbox; the account once it is used."""
    lab.book("BTC/USD")
    strip = lab.health()
    assert lab.health() is strip
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lab, "_trader", None)
        facts = strip.facts
    assert [line.state for line in facts.lines][:1] == ["open"]
    assert facts.books.agreed
    assert facts.memory.tables > 0
    assert facts.sandbox is not None
    assert (facts.sandbox.alive, facts.sandbox.pid) == (True, lab.sandbox.pid)
    assert facts.account is None
    assert len(lab.orders.df()) == 0
    account = strip.facts.account
    assert account is not None
    assert (account.mode, account.armed, account.audit, strip.facts.halted) == ("SANDBOX", None, None, None)
    assert account.disk_free is None or account.disk_free > 0
    json.dumps([reading.value for reading in strip.readings])


def test_a_confirmation_that_was_not_used_up_is_outstanding(tmp_path: Path) -> None:
    """While nothing was done with it and while its intent waits for the disk; not once it is written or too old."""
    bench = Bench(tmp_path, "sandbox")
    gate, bench.disk.slow = bench.gate, True
    permit = bench.permit()
    counts = [gate.outstanding(bench.now)]
    bench.submit(permit)
    counts.append(gate.outstanding(bench.now))
    bench.disk.run()
    counts.append(gate.outstanding(bench.now))
    bench.permit()
    bench.wait(bench.settings.confirm_ttl + 1)
    counts.append(gate.outstanding(bench.now))
    assert counts == [1, 1, 0, 0]


def test_asking_waits_for_nothing_and_the_newest_is_what_was_gathered(lab: kl.Lab) -> None:
    """However often it is asked before the I/O thread's turn, it gathers once."""
    watch = HealthWatch(lab)
    before = watch.newest().at_ns
    watch.ask()
    watch.ask()
    deadline = time.monotonic() + 5
    while watch.newest().at_ns == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert watch.newest().lines


def test_gathering_a_second_costs_less_than_a_millisecond(lab: kl.Lab) -> None:
    """Measured in CPU of the thread that does it, as the quickest of some rounds."""
    lab.book("BTC/USD")
    lab.trades("BTC/USD", "ETH/USD")

    def measured() -> float:
        began = time.thread_time()
        for _ in range(20):
            health_facts(lab, lab.now())
        return (time.thread_time() - began) / 20

    assert min(lab.call(measured) for _ in range(5)) < 1e-3


def test_a_lab_that_was_closed_says_so_and_keeps_what_it_proved() -> None:
    """Lines have stopped, the process has ended; checksums and gaps stay said."""
    with kl.connect(new=True) as own:
        own.book("BTC/USD").wait(rows=5)
        strip = own.health()
        assert strip.facts.books.agreed
    facts = strip.facts
    assert facts.closed
    assert {line.state for line in facts.lines} == {"stopped"}
    assert facts.books.agreed
    assert facts.sandbox is not None
    assert not facts.sandbox.alive
    assert repr(strip).startswith("health [sandbox]: CLOSED")
    assert strip.ended


def test_a_halt_is_said_by_strip_and_status_until_it_is_ended() -> None:
    """After lab.kill(), and after one from a terminal of an account that this lab has not used at all."""
    with kl.connect(new=True) as own:
        assert own.halt_file.look() is None
        assert (
            run_kill(at=json.dumps(dict(own.sandbox.facts)), mode=None, seconds=20.0, console=Console(quiet=True)) == 0
        )
        assert own.trader is None
        said = repr(own.health())
        assert said.startswith("health [sandbox]: HALTED\n  ! account: HALTED: kraken-lab kill, since 20")
        assert "account              HALTED · no order was asked for" in said
        assert re.search(r"mode +SANDBOX, HALTED since 20.* \(kraken-lab kill\)", repr(own.status()))
        own.resume("seen")
        assert "HALTED" not in repr(own.health()) + repr(own.status())
        own.kill()
        assert repr(own.health()).startswith("health [sandbox]: HALTED\n  ! account: HALTED: lab.kill(), since 20")


def test_the_halt_of_an_unused_account_is_read_from_its_file(tmp_path: Path) -> None:
    """None without an account, a file or a halt that lasts; what cannot be parsed is a halt."""
    there = tmp_path / "halt.json"
    halt = HaltRecord(reason="a kill", since_ns=10**18, pid=1)
    assert HaltFile(lambda: None).look() is None
    assert HaltFile(lambda: there).look() is None
    there.write_bytes(halt_text(halt))
    assert HaltFile(lambda: there).look() == halt
    there.write_bytes(halt_text(replace(halt, resumed="seen")))
    assert HaltFile(lambda: there).look() is None
    there.write_bytes(b"{")
    found = HaltFile(lambda: there).look()
    assert found is not None
    assert found.in_words == "HALTED (the halt file cannot be read)"


def test_a_disk_that_does_not_answer_is_asked_once_and_heard_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks meanwhile is told what was known, at once."""
    answer, asked = threading.Event(), []

    def slow(path: Path) -> bytes:
        asked.append(path)
        answer.wait(30)
        return halt_text(HaltRecord(reason="a kill", since_ns=0, pid=1))

    monkeypatch.setattr(Path, "read_bytes", slow)
    monkeypatch.setattr(halt_file, "LOOK_WAIT", 0.01)
    file = HaltFile(lambda: tmp_path / "halt.json")
    assert [file.look(), file.look(), file.look()] == [None, None, None]
    assert len(asked) == 1
    answer.set()
    deadline = time.monotonic() + 10
    while (found := file.look()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert found.reason == "a kill"


def test_memory_of_a_process_is_known_or_not_known() -> None:
    """Of this one where the system tells; of one that is gone never."""
    own = resident(os.getpid())
    assert own is None or own > 1_000_000
    assert resident(2**22 + 1) is None
