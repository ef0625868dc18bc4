"""Two labs on one account and one folder: whose an order is, what of the limits is used, and who follows whom."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import OrderRefused
from kraken_lab.trading import Limits, Order
from tests.acting.invariants import ONE, passed, succeed, unheard
from tests.dealing import FEES, LIMITS, Kernel, dealing


def beside(kernel: Kernel, pid: int, **options: Any) -> Kernel:
    """Another lab on the same folder, which begins now."""
    return Kernel(kernel.world, kernel.folder, mode=kernel.mode, pid=pid, **options)


def whose(kernel: Kernel) -> dict[str, str]:
    """Every order that is open, by its quantity: ``own``, or ``external``."""
    return {
        f"{(order.order_qty or Decimal(0)).normalize():f}": "external" if order.external else "own"
        for order in kernel.known.orders
        if order.possibly_open
    }


def cancel_own(kernel: Kernel) -> tuple[Order, ...]:
    """As ``lab.cancel_all()`` does."""
    orders: tuple[Order, ...] = kernel.dealer.act(lambda account, at: account.cancel_own(at))
    return orders


# --- whose an order is ------------------------------------------------------------------------------------------------


@pytest.mark.promise("O-13")
@pytest.mark.promise("O-14")
def test_an_order_belongs_to_the_lab_that_wrote_its_intent(tmp_path: Path) -> None:
    """Also if that lab began first and its intent was in the log: to one that begins beside it, it is external."""

    async def story(kernel: Kernel) -> None:
        await kernel.open(order_qty="0.01")
        other = beside(kernel, 2)
        await other.ready()
        await other.open(order_qty="0.02")
        await kernel.until(lambda: len(whose(kernel)) == 2)
        assert whose(kernel) == {"0.01": "own", "0.02": "external"}
        assert whose(other) == {"0.01": "external", "0.02": "own"}
        (cancelled,) = cancel_own(other)
        await other.until(lambda: cancelled.state == "CANCELED")
        await kernel.until(lambda: len(whose(kernel)) == 1)
        assert whose(kernel) == {"0.01": "own"}
        assert len(kernel.world.exchange.trading.open_orders) == 1

    dealing(story, tmp_path, pairs=ONE)


@pytest.mark.promise("O-13")
def test_each_sees_the_others_fills_as_another_programs(tmp_path: Path) -> None:
    """They are shown, and only the log of the lab whose order it is tells of them."""

    async def story(kernel: Kernel) -> None:
        other = beside(kernel, 2)
        await other.ready()
        order = await other.open()
        kernel.world.exchange.faults.fill(str(order.order_id), "0.004")
        await kernel.until(lambda: any(each.filled_qty for each in kernel.known.orders))
        (seen,) = kernel.known.orders
        assert (seen.external, seen.filled_qty, order.filled) == (True, Decimal("0.004"), Decimal("0.004"))
        await passed(1.0)
        fills = [record for record in kernel.audit.records() if record["kind"] == "fill"]
        assert [record["lab"] for record in fills] == [other.lab]

    dealing(story, tmp_path, pairs=ONE)


@pytest.mark.promise("O-14")
@pytest.mark.fault("F-101")
def test_a_new_lab_takes_up_the_orders_of_the_one_that_died_and_not_of_the_one_that_lives(tmp_path: Path) -> None:
    """Also what was UNKNOWN; to who lives on, the dead one's orders stay another program's."""

    async def story(kernel: Kernel) -> None:
        other = beside(kernel, 2)
        await other.ready()
        await kernel.open(order_qty="0.01")
        await other.open(order_qty="0.02")
        unheard(kernel)
        kernel.world.exchange.faults.lose_reply("add_order")
        doubtful = kernel.place(order_qty="0.03")
        await kernel.until(lambda: doubtful.state == "UNKNOWN", within=5.2)
        await kernel.killed()
        kernel.world.exchange.faults.clear()
        kernel.confirmed += other.confirmed
        heir, watched = succeed(kernel, pid=3)
        await heir.ready()
        assert whose(heir) == {"0.01": "own", "0.02": "external", "0.03": "own"}
        assert whose(other)["0.01"] == "external"
        late = beside(kernel, 4)
        await late.ready()
        assert set(whose(late).values()) == {"external"}
        cancelled = cancel_own(heir)
        await heir.until(lambda: all(order.state == "CANCELED" for order in cancelled))
        await other.until(lambda: len(whose(other)) == 1)
        assert whose(other) == {"0.02": "own"}
        assert len(kernel.frames) == 3
        watched.hold()

    dealing(story, tmp_path, pairs=ONE)


@pytest.mark.promise("O-14")
def test_whoever_follows_one_that_had_followed_another_has_the_orders_of_both(tmp_path: Path) -> None:
    """Over any number of restarts, and each order is one lab's at a time."""

    async def story(kernel: Kernel) -> None:
        other = beside(kernel, 2)
        await other.ready()
        await kernel.open(order_qty="0.01")
        await other.open(order_qty="0.02")
        await kernel.killed()
        second = beside(kernel, 3)
        await second.ready()
        await second.open(order_qty="0.03")
        await second.killed()
        await other.killed()
        third = beside(kernel, 4)
        fourth = beside(kernel, 5)  # at the same moment, and too late
        await third.ready()
        await fourth.ready()
        assert set(whose(third).values()) == {"own"}
        assert set(whose(fourth).values()) == {"external"}
        assert len(whose(third)) == len(whose(fourth)) == 3
        taken = [record for record in third.audit.records() if record["kind"] == "taken up"]
        assert [(record["lab"], record["labs"]) for record in taken] == [
            ("lab-3", ["lab-1"]),
            ("lab-4", ["lab-3", "lab-2"]),
        ]

    dealing(story, tmp_path, pairs=ONE)


@pytest.mark.promise("O-14")
@pytest.mark.promise("A-15")
def test_that_orders_were_taken_up_need_not_be_written_to_be_so(tmp_path: Path) -> None:
    """A full disk stops orders; what the dead one left can still be cancelled as one's own."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        await kernel.killed()

        class Full(Kernel):
            def _ready_disk(self) -> None:
                self.files.failing["append"] = OSError(28, "No space left on device")

        heir = Full(kernel.world, tmp_path, pid=2)
        await heir.ready()
        (cancelled,) = cancel_own(heir)
        await heir.until(lambda: cancelled.state == "CANCELED")

    dealing(story, tmp_path, pairs=ONE)


# --- what of the limits is used ---------------------------------------------------------------------------------------


@pytest.mark.promise("A-08")
@pytest.mark.promise("A-18")
def test_what_another_lab_used_of_the_day_counts_for_who_is_armed_next(tmp_path: Path) -> None:
    """Also if this lab began before that one traded, and each order counts once however often it is armed."""
    limits = replace(LIMITS, max_day_notional=Decimal(1000))

    async def story(kernel: Kernel) -> None:
        other = beside(kernel, 2, limits=limits)
        await other.ready()
        await kernel.open()
        used = {"USD": Decimal(500) * (1 + FEES[1])}
        kernel.dealer.disarm("the other's turn")
        await other.arm()
        assert other.dealer.used_today() == used
        with pytest.raises(OrderRefused, match="used today"):
            other.confirm(other.propose(limit_price="49999"))
        await other.open(order_qty="0.009")
        other.dealer.disarm("and back")
        await kernel.arm()
        await kernel.until(lambda: kernel.account.reconciled)
        assert kernel.dealer.used_today() == other.dealer.used_today()
        with pytest.raises(OrderRefused, match="used today"):
            kernel.confirm(kernel.propose(order_qty="0.002"))
        assert len(kernel.frames) == 2

    dealing(story, tmp_path, pairs=ONE, mode="live", limits=limits)


@pytest.mark.promise("A-08")
@pytest.mark.parametrize("first", [0, 1])
def test_of_two_labs_that_use_up_the_day_at_one_moment_one_is_refused(first: int, tmp_path: Path) -> None:
    """Neither knew of the other when it was confirmed: the one whose intent is in the log second hears of the first."""
    limits = Limits(max_day_notional=Decimal(900))

    async def story(kernel: Kernel) -> None:
        labs = [kernel, beside(kernel, 2, limits=limits)]
        await labs[1].ready()
        for lab in labs:
            lab.disk.delay = 0.05
        labs[first].disk.delay = 0.02
        orders = [lab.place(order_qty=qty) for lab, qty in zip(labs, ("0.01", "0.011"), strict=True)]
        await kernel.until(lambda: all(order.state in ("OPEN", "REFUSED") for order in orders))
        assert [str(orders[first].state), str(orders[1 - first].state)] == ["OPEN", "REFUSED"]
        assert "used today" in orders[1 - first].record.error
        assert len(kernel.frames) == 1
        await passed(1.0)
        # That it was refused is known to both: it counts no more.
        await labs[first].open(order_qty="0.006")

    dealing(story, tmp_path, pairs=ONE, limits=limits)


@pytest.mark.promise("A-15")
@pytest.mark.promise("A-17")
def test_a_line_of_another_program_that_cannot_be_read_stops_orders(tmp_path: Path) -> None:
    """Nobody knows what it used of the limits."""

    async def story(kernel: Kernel) -> None:
        await passed(1.0)
        with (tmp_path / "audit.jsonl").open("ab") as log:
            log.write(b"no record\n")
        order = kernel.place()
        await kernel.until(lambda: order.is_terminal)
        assert order.state == "REFUSED"
        assert "cannot be read" in order.record.error
        assert kernel.frames == []

    dealing(story, tmp_path, pairs=ONE)
