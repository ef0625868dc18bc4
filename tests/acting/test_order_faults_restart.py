"""Kernels that die, disks that fail, and what the next kernel makes of the orders that it finds."""

from __future__ import annotations

import errno
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import BadArgument, OrderRefused
from kraken_lab.trading.disk import Done, Log, Record
from tests.acting.invariants import passed, succeed, theirs, tried, unheard
from tests.dealing import Kernel


@pytest.mark.fault("F-101")
@pytest.mark.promise("O-14")
@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_new_kernel_finds_open_partial_and_unknown_orders_before_it_places_another(
    meanwhile: bool, tmp_path: Path
) -> None:
    """RECONCILING first; then each as it is, also what was filled or cancelled while nobody was there; no frame."""

    async def story(kernel: Kernel) -> Kernel:
        exchange = kernel.world.exchange
        resting, partial = await kernel.open(), await kernel.open(order_qty="0.02")
        exchange.faults.fill(str(partial.order_id), "0.005")
        await kernel.until(lambda: partial.state == "PARTIAL")
        unheard(kernel)
        exchange.faults.lose_reply("add_order")
        exchange.faults.lose_request("batch_add")
        doubtful = kernel.place(order_qty="0.03")
        await kernel.until(lambda: doubtful.state == "UNKNOWN", within=5.2)
        await kernel.killed()
        kernel.world.exchange.faults.clear()
        if meanwhile:
            exchange.faults.fill(str(partial.order_id))
            exchange.trading.cancel(exchange.now_ns, order_id=resting.order_id)
            await passed(30.0)
        frames = len(kernel.frames)
        another, watched = succeed(kernel)
        with pytest.raises(OrderRefused, match="no private connection"):
            another.confirm(another.propose(order_qty="0.04"))
        await another.ready()
        found = {order.cl_ord_id: order for order in another.known.orders}
        states = [str(found[order.cl_ord_id].state) for order in (resting, partial, doubtful)]
        assert states == (["CANCELED", "FILLED", "OPEN"] if meanwhile else ["OPEN", "PARTIAL", "OPEN"])
        filled = [found[order.cl_ord_id].filled_qty for order in (resting, partial, doubtful)]
        assert filled == [0, Decimal("0.02") if meanwhile else Decimal("0.005"), 0]
        assert not any(order.external for order in found.values())
        assert len(kernel.frames) == frames
        await another.until(lambda: not any(order.unverified for order in another.known.orders), within=90.0)
        watched.check()
        await another.open(order_qty="0.04")
        return another

    tried(story, tmp_path)


@pytest.mark.fault("F-101")
@pytest.mark.promise("O-14")
def test_an_order_that_never_arrived_is_proved_absent_by_the_next_kernel(tmp_path: Path) -> None:
    """UNKNOWN in the new kernel too, until REST's lists count; then NOT_PLACED, and never sent again."""

    async def story(kernel: Kernel) -> Kernel:
        kernel.world.exchange.faults.lose_request("add_order")
        order = kernel.place()
        await kernel.until(lambda: order.state == "UNKNOWN", within=5.2)
        await kernel.killed()
        another, _ = succeed(kernel)
        await another.until(lambda: another.account.reconciled)
        (found,) = another.known.orders
        assert (found.cl_ord_id, str(found.state)) == (order.cl_ord_id, "UNKNOWN")
        await another.until(lambda: str(another.known.orders[0].state) == "NOT_PLACED", within=90.0)
        assert len(kernel.frames) == 1
        return another

    tried(story, tmp_path)


@pytest.mark.fault("F-103")
@pytest.mark.promise("O-02", "A-15")
@pytest.mark.parametrize(
    ("operation", "number"),
    [("append", errno.ENOSPC), ("append", errno.EROFS), ("append", errno.EIO), ("sync", errno.EIO)],
)
def test_an_order_whose_intent_cannot_be_written_is_refused_and_cancel_and_kill_still_go(
    operation: Any, number: int, tmp_path: Path
) -> None:
    """No frame leaves without its intent on the disk; what reduces risk asks no disk."""

    async def story(kernel: Kernel) -> None:
        first, second = await kernel.open(), await kernel.open(order_qty="0.02")
        kernel.files.failing[operation] = OSError(number, "on purpose")
        order = kernel.place(order_qty="0.03")
        await kernel.until(lambda: order.is_terminal, within=1.0)
        assert order.state == "REFUSED"
        assert len(kernel.refusals) == 1
        assert len(kernel.frames) == 2
        kernel.cancel(first)
        await kernel.until(lambda: first.state == "CANCELED", within=1.0)
        kernel.dealer.kill("the disk is broken")
        await kernel.until(lambda: kernel.known.kill.complete, within=10.0)
        assert second.state == "CANCELED"

    tried(story, tmp_path)


def dies_after_writing(kernel: Kernel, kind: str) -> list[Record]:
    """Let the process be gone between the moment that a record of a kind is on the disk and the next one."""
    written: list[Record] = []
    append = kernel.disk.append

    def last(log: Log, record: Record, done: Done, *, at_once: bool) -> None:
        def gone(*_: Any) -> None:
            written.append(record)

        append(log, record, gone if record["kind"] == kind else done, at_once=at_once)

    kernel.disk.append = last  # type: ignore[method-assign]
    return written


@pytest.mark.fault("F-104")
@pytest.mark.promise("O-02", "O-14")
def test_an_order_that_was_written_down_and_never_sent_is_unknown_to_the_next_kernel_and_then_not_placed(
    tmp_path: Path,
) -> None:
    """The intent alone does not tell whether it left: it is looked for, blocks its symbol, and never leaves."""

    async def story(kernel: Kernel) -> Kernel:
        written = dies_after_writing(kernel, "intent")
        order = kernel.place()
        await kernel.until(lambda: written)
        await kernel.killed()
        another, _ = succeed(kernel)
        await another.ready()
        (found,) = another.known.orders
        assert (found.cl_ord_id, str(found.state)) == (order.cl_ord_id, "UNKNOWN")
        with pytest.raises(OrderRefused, match=str(order.cl_ord_id)):
            another.confirm(another.propose(order_qty="0.02"))
        await another.until(lambda: str(another.known.orders[0].state) == "NOT_PLACED", within=90.0)
        assert kernel.frames == []
        return another

    tried(story, tmp_path)


@pytest.mark.fault("F-124")
@pytest.mark.promise("A-12", "A-13")
def test_a_halt_lasts_over_a_restart_until_a_reason_ends_it(tmp_path: Path) -> None:
    """The next kernel is HALTED and takes an incomplete kill up; only a reason, which is kept, ends it."""

    async def story(kernel: Kernel) -> Kernel:
        order = await kernel.open()
        faults = kernel.world.exchange.faults
        faults.lose_request("cancel_all", 9)
        faults.rest_fail("CancelAll", 502, times=9)
        kernel.dealer.kill("enough")
        await passed(2.0)
        assert not kernel.known.kill.complete
        await kernel.killed()
        faults.clear()
        another, _ = succeed(kernel)
        await another.ready()
        assert "HALTED" in another.dealer.mode_words()
        assert not another.propose().ok
        await another.until(lambda: another.known.kill is not None and another.known.kill.complete, within=10.0)
        assert theirs(another, order.order_id).status == "canceled"
        halt, ended = another.dealer.halt, []
        with pytest.raises(BadArgument):
            halt.resume("", another.world.clock.now(), lambda error, at: ended.append(error))
        assert "HALTED" in another.dealer.mode_words()
        halt.resume("looked at it", another.world.clock.now(), lambda error, at: ended.append(error))
        await another.until(lambda: ended)
        assert ended == [None]
        assert "HALTED" not in another.dealer.mode_words()
        assert any(
            record["kind"] == "resume" and record["reason"] == "looked at it" for record in another.audit.records()
        )
        await another.open()
        return another

    tried(story, tmp_path)
