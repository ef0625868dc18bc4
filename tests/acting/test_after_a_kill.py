"""What comes after a kill is none of its business: it ends with the halt, and cancels nothing that is placed later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from kraken_lab.trading.halt import HALT_FILE, HaltRecord, halt_text, read_halt
from tests.dealing import Kernel, dealing
from tests.streams.account import Program


async def _resume(kernel: Kernel) -> None:
    said: list[object] = []
    kernel.dealer.resume("it was a test", lambda error, at: said.append(error))
    await kernel.until(lambda: said)
    assert said == [None]


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
@pytest.mark.parametrize("by", ["this kernel", "another process"])
def test_orders_after_a_halt_are_not_cancelled_by_the_kill_before_it(tmp_path: Path, by: str) -> None:
    """Neither this lab's nor another program's, however often something is placed."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        kernel.dealer.kill("enough")
        await kernel.until(lambda: kernel.known.kill.complete)
        await asyncio.sleep(5)
        if by == "this kernel":
            await _resume(kernel)
        else:
            other = Kernel(kernel.world, tmp_path, pid=2)
            await other.ready()
            await _resume(other)
        program = Program(kernel.world)
        theirs = await program.buy(price=40_000.0)
        orders = [await kernel.open(order_qty=qty) for qty in ("0.02", "0.03")]
        await asyncio.sleep(60)
        assert [str(order.state) for order in orders] == ["OPEN", "OPEN"]
        there = {order.order_id for order in kernel.world.exchange.trading.open_orders}
        assert there == {theirs, *(order.order_id for order in orders)}
        kernel.dealer.kill("once more")
        await kernel.until(lambda: kernel.known.kill.complete)
        assert len(kernel.known.kill.cancelled) == 3
        assert kernel.world.exchange.trading.open_orders == ()

    dealing(story, tmp_path)


@pytest.mark.promise("A-12")
def test_what_another_program_places_after_a_kill_is_left_alone_while_halted(tmp_path: Path) -> None:
    """A complete kill is over; a second one reaches it."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        kernel.dealer.kill("enough")
        await kernel.until(lambda: kernel.known.kill.complete)
        await asyncio.sleep(5)
        theirs = await Program(kernel.world).buy(price=40_000.0)
        await asyncio.sleep(60)
        assert [order.order_id for order in kernel.world.exchange.trading.open_orders] == [theirs]
        assert kernel.known.kill.complete
        kernel.dealer.kill("that one too")
        await kernel.until(lambda: kernel.known.kill.complete and not kernel.world.exchange.trading.open_orders)

    dealing(story, tmp_path)


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
def test_a_kill_that_was_not_through_ends_with_the_halt_and_says_what_it_left(tmp_path: Path) -> None:
    """An order that nobody confirmed as cancelled is named; what is placed after it stays."""

    async def story(kernel: Kernel) -> None:
        left = await kernel.open()
        faults = kernel.world.exchange.faults
        faults.lose_request("cancel_all", times=100)
        kernel.world.exchange.rest = lambda *_, **__: (_ for _ in ()).throw(OSError("down"))  # type: ignore[method-assign]
        kernel.dealer.kill("enough")
        await asyncio.sleep(20)
        assert not kernel.known.kill.complete
        await _resume(kernel)
        assert any(
            "may still be open" in alarm.what and str(left.order_id) in alarm.what for alarm in kernel.known.alarms
        )
        asked = len([text for text in kernel.world.sent if "cancel_all" in text])
        await asyncio.sleep(60)
        assert len([text for text in kernel.world.sent if "cancel_all" in text]) == asked
        assert left.order_id in {order.order_id for order in kernel.world.exchange.trading.open_orders}

    dealing(story, tmp_path)


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
def test_an_order_in_the_moment_after_another_process_ended_the_halt_meets_no_kill(tmp_path: Path) -> None:
    """Nothing had looked at the file in between: the proposal does, and with the halt ends the kill."""

    async def story(kernel: Kernel) -> None:
        kernel._ticking.cancel()
        faults = kernel.world.exchange.faults
        faults.lose_request("cancel_all", 9)
        faults.rest_fail("CancelAll", 502, times=9)
        kernel.dealer.kill("enough")
        await asyncio.sleep(4)
        assert not kernel.known.kill.complete
        faults.clear()
        halted = read_halt((tmp_path / HALT_FILE).read_bytes())
        assert halted is not None
        (tmp_path / HALT_FILE).write_bytes(halt_text(replace(halted, resumed="all is well")))
        order = await kernel.open()
        await asyncio.sleep(30)
        assert order.state == "OPEN"

    dealing(story, tmp_path)


@pytest.mark.promise("A-12")
@pytest.mark.promise("O-03")
def test_a_kill_from_a_terminal_stops_what_waits_behind_another_text(tmp_path: Path) -> None:
    """Two orders are to be written; with the first one the halt is there. The second never leaves, and is doubted."""

    async def story(kernel: Kernel) -> None:
        orders = [*kernel.confirm(kernel.propose()), *kernel.confirm(kernel.propose(order_qty="0.02"))]
        [link] = [link for session, link in kernel.world.links.items() if session.endpoint == "private"]
        send = link.send

        async def slowly(text: str) -> None:
            await send(text)
            if "add_order" in text:
                record = HaltRecord(reason="kraken-lab kill", since_ns=1, pid=99)
                (tmp_path / HALT_FILE).write_bytes(halt_text(record))

        link.send = slowly  # type: ignore[method-assign]
        await kernel.until(lambda: str(orders[1].state) == "UNKNOWN")
        assert len(kernel.frames) == 1
        assert [order.order_id for order in kernel.world.exchange.trading.open_orders] == [orders[0].order_id]
        await kernel.until(lambda: str(orders[1].state) == "NOT_PLACED", within=300)

    dealing(story, tmp_path)


@pytest.mark.promise("A-12")
def test_a_kill_takes_any_reason_also_twice(tmp_path: Path) -> None:
    """It is no moment to be told that a reason is a text."""

    async def story(kernel: Kernel) -> None:
        for reason in (None, 5, "enough"):
            kernel.dealer.kill(reason)  # type: ignore[arg-type]
        halted = kernel.dealer.halt.look()
        assert halted is not None
        assert halted.reason == "a kill; 5; enough"

    dealing(story, tmp_path)


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-17")
def test_a_kill_cancels_also_when_the_halt_cannot_be_latched(tmp_path: Path) -> None:
    """A mistake there is raised, after everything was cancelled."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()

        def broken(*said: object, **named: object) -> None:
            raise RuntimeError("a mistake")

        kernel.dealer.halt.latch = broken  # type: ignore[method-assign]
        with pytest.raises(RuntimeError):
            kernel.dealer.kill("enough")
        await kernel.until(lambda: not kernel.world.exchange.trading.open_orders)
        await asyncio.sleep(5)
        assert kernel.known.kill.complete
        assert not any(alarm.what.startswith("the halt was ended") for alarm in kernel.known.alarms)

    dealing(story, tmp_path)
