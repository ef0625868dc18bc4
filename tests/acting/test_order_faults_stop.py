"""Stopping everything: other people's orders, the kill on every road it has, and the dead man's switch."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_lab.errors import OrderRefused
from kraken_lab.trading import Proposal, builders
from tests.acting.invariants import parameters, passed, strangers_order, succeed, theirs, tried, unheard
from tests.dealing import Kernel

RISK_REDUCING = ("cancel_order", "batch_cancel", "cancel_all", "cancel_all_orders_after")


def said(kernel: Kernel, *methods: str) -> list[str]:
    """The requests of these methods that were given to a socket, oldest first."""
    return [text for text in kernel.world.sent if json.loads(text).get("method") in methods]


def switch(kernel: Kernel) -> str:
    """Where the dead man's switch is."""
    return str(kernel.known.dead_man.state)


# --- other people's orders --------------------------------------------------------------------------------------------


@pytest.mark.fault("F-102")
@pytest.mark.promise("O-13", "P-05")
@pytest.mark.parametrize("mode", ["live", "sandbox"])
def test_cancelling_ones_own_orders_asks_nothing_and_leaves_another_programs_stop_loss(
    mode: str, tmp_path: Path
) -> None:
    """Own orders, an UNKNOWN one too, are cancelled by their ids; what was placed elsewhere is shown, and stays."""

    async def story(kernel: Kernel) -> None:
        stop, own, doubtful = await with_a_stop_loss(kernel)
        kernel.dealer.act(lambda account, at: account.cancel_own(at))
        await kernel.until(lambda: kernel.known.connection and theirs(kernel, own).status == "canceled", within=1.0)
        named = [json.loads(text)["params"] for text in said(kernel, *RISK_REDUCING)]
        assert {name for params in named for name in params.get("order_id", []) + params.get("cl_ord_id", [])} == {
            own,
            doubtful,
        }
        assert theirs(kernel, stop).status == "new"
        await kernel.until(lambda: not kernel.known.unknown, within=90.0)
        assert [order.order_id for order in kernel.known.external] == [stop]

    tried(story, tmp_path, mode=mode)


async def with_a_stop_loss(kernel: Kernel) -> tuple[str, str, str]:
    """A stranger's order, an own one that is open, and one that is UNKNOWN; what names each."""
    stop = strangers_order(kernel, order_qty=Decimal("0.5"), limit_price=Decimal(30_000))
    own = await kernel.open()
    kernel.world.exchange.faults.lose_request("add_order")
    doubtful = kernel.place(order_qty="0.02")
    await kernel.until(lambda: doubtful.state == "UNKNOWN", within=5.2)
    assert [order.order_id for order in kernel.known.external] == [stop]
    return stop, str(own.order_id), str(doubtful.cl_ord_id)


@pytest.mark.fault("F-102")
@pytest.mark.promise("O-13", "A-14", "P-05")
@pytest.mark.parametrize("what", ["cancel_all", "dead_man"])
def test_in_live_what_would_reach_other_peoples_orders_names_them_and_sends_nothing_before_it_is_confirmed(
    what: str, tmp_path: Path
) -> None:
    """The proposal says which orders would go, also the stranger's; 0 frames before its confirmation, and one after."""

    async def story(kernel: Kernel) -> None:
        stop, own, doubtful = await with_a_stop_loss(kernel)
        facts = kernel.dealer.facts("")
        wish: Proposal = (
            builders.propose_cancel_all(facts)
            if what == "cancel_all"
            else builders.propose_dead_man(60, facts, refreshed=True)
        )
        removed = {(each.order.order_id or each.order.cl_ord_id): each.ours for each in wish.removes}
        assert removed == {stop: False, own: True, doubtful: True}
        await passed(5.0)
        assert said(kernel, *RISK_REDUCING) == []
        with pytest.raises(OrderRefused):
            kernel.dealer.reduce(wish, gesture=None)
        assert said(kernel, *RISK_REDUCING) == []
        kernel.dealer.reduce(wish, gesture=kernel.code(wish))
        await passed(0.5)
        assert len(said(kernel, *RISK_REDUCING)) == 1
        if what == "cancel_all":
            assert {theirs(kernel, name).status for name in (stop, own)} == {"canceled"}
        else:
            assert switch(kernel) == "ON"
            await passed(61.0)
            assert switch(kernel) == "ON"  # the one confirmation covers its refreshes
        await kernel.until(lambda: not kernel.known.unknown, within=90.0)

    tried(story, tmp_path, mode="live")


@pytest.mark.fault("F-102")
@pytest.mark.promise("A-12", "P-05")
def test_a_kill_takes_other_peoples_orders_unasked(tmp_path: Path) -> None:
    """Also in live, and while one order is UNKNOWN: what is there is cancelled, the doubtful one not confirmed."""

    async def story(kernel: Kernel) -> None:
        stop, own, doubtful = await with_a_stop_loss(kernel)
        kernel.dealer.kill("enough")
        await passed(9.9)
        report = kernel.known.kill
        assert {each.order for each in report.cancelled} == {stop, own}
        assert [each.order for each in report.unconfirmed] == [doubtful]
        assert not report.complete
        await kernel.until(lambda: kernel.known.kill.complete, within=120.0)
        assert "HALTED" in kernel.dealer.mode_words()

    tried(story, tmp_path, mode="live")


# --- the kill ---------------------------------------------------------------------------------------------------------


@pytest.mark.fault("F-122")
@pytest.mark.promise("A-12", "A-13")
def test_a_kill_has_three_correct_lists_within_ten_seconds(tmp_path: Path) -> None:
    """Ten open orders, one of them filling, one whose cancel was not answered before, and a lost answer to the kill."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        orders = [await kernel.open(order_qty=f"0.01{digit}") for digit in range(10)]
        faults.lose_request("cancel_order", 9)
        kernel.cancel(orders[4])
        await passed(0.5)
        faults.hold("cancel_all", 1.0)
        faults.lose_reply("cancel_all")
        faults.rest_fail("CancelAll", 502)
        kernel.dealer.kill("enough")
        assert "HALTED" in kernel.dealer.mode_words()
        await passed(0.3)
        faults.fill(str(orders[7].order_id))
        await passed(9.6)
        report = kernel.known.kill
        assert {each.order for each in report.cancelled} == {order.order_id for order in orders} - {orders[7].order_id}
        assert [(each.order, each.filled_qty) for each in report.filled] == [
            (orders[7].order_id, orders[7].record.order_qty)
        ]
        assert (report.unconfirmed, report.complete) == ((), True)
        assert {str(order.state) for order in orders} == {"CANCELED", "FILLED"}

    tried(story, tmp_path)


@pytest.mark.fault("F-123")
@pytest.mark.promise("A-12")
@pytest.mark.parametrize(("socket", "rest"), [(False, True), (True, False), (False, False)])
def test_a_kill_uses_the_roads_that_work_keeps_trying_and_confirms_nothing_that_it_does_not_know(
    socket: bool, rest: bool, tmp_path: Path
) -> None:
    """Without the socket REST cancels, without REST the socket; without both it says "not confirmed" until it can."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        if not socket:
            faults.refuse(10_000)
            faults.reset("private")
            await kernel.until(lambda: kernel.known.connection is None)
        if not rest:
            for name in ("CancelAll", "OpenOrders", "ClosedOrders", "QueryOrders", "TradesHistory"):
                faults.rest_fail(name, 502, times=10_000)
        kernel.dealer.kill("enough")
        await passed(10.0)
        assert theirs(kernel, order.order_id).status == ("canceled" if socket or rest else "new")
        report = kernel.known.kill
        if socket or rest:
            assert ([each.order for each in report.cancelled], report.complete) == ([order.order_id], True)
        else:
            assert [each.order for each in report.unconfirmed] == [order.order_id]
            assert not report.complete
            assert "NOT complete" in str(report)
        faults.clear()
        await kernel.until(lambda: kernel.known.kill.complete and order.state == "CANCELED", within=90.0)
        assert "HALTED" in kernel.dealer.mode_words()

    tried(story, tmp_path)


@pytest.mark.fault("F-123")
@pytest.mark.promise("A-12", "A-13")
def test_an_order_that_was_confirmed_and_not_sent_when_the_kill_came_is_refused(tmp_path: Path) -> None:
    """Its intent is still being written: it never leaves, and is in none of the lists."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        kernel.disk.delay = 0.5
        late = kernel.place(order_qty="0.02")
        await passed(0.1)
        kernel.dealer.kill("enough")
        await kernel.until(lambda: kernel.known.kill.complete and late.is_terminal, within=10.0)
        await passed(5.0)
        assert (str(late.state), str(order.state)) == ("REFUSED", "CANCELED")
        assert len(kernel.frames) == 1
        assert [each.order for each in kernel.known.kill.cancelled] == [order.order_id]

    tried(story, tmp_path)


# --- the dead man's switch --------------------------------------------------------------------------------------------


@pytest.mark.fault("F-125")
@pytest.mark.promise("A-14")
def test_one_lost_refresh_is_said_aloud_and_the_next_one_keeps_the_orders(tmp_path: Path) -> None:
    """The alarm comes at twenty seconds; the switch stays on and does not fire."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        kernel.dealer.switch(True)
        await kernel.until(lambda: switch(kernel) == "ON")
        kernel.world.exchange.faults.lose_reply("cancel_all_orders_after")
        await kernel.until(lambda: len(said(kernel, "cancel_all_orders_after")) == 2, within=16.0)
        await passed(19.5)
        assert kernel.known.alarms == ()
        await passed(1.0)
        (alarm,) = kernel.known.alarms
        assert "dead man's switch" in alarm.what
        await passed(70.0)
        assert (switch(kernel), str(order.state), len(kernel.known.alarms)) == ("ON", "OPEN", 1)

    tried(story, tmp_path)


@pytest.mark.fault("F-125")
@pytest.mark.promise("A-14", "O-09")
def test_a_switch_whose_refreshes_are_lost_until_it_fires_leaves_orders_unverified_until_there_is_evidence(
    tmp_path: Path,
) -> None:
    """The exchange cancels, and its word is lost too: alarm, unverified, then CANCELED by a look-up; not on again."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        kernel.dealer.switch(True)
        await kernel.until(lambda: switch(kernel) == "ON")
        faults.lose_request("cancel_all_orders_after", 100)
        faults.rest_fail("QueryOrders", 502, times=2)
        unheard(kernel)
        await kernel.until(lambda: switch(kernel) == "FIRED", within=61.0)
        assert (str(order.state), order.record.unverified) == ("OPEN", True)
        assert not kernel.account.reconciled
        assert len(kernel.known.alarms) >= 2
        await kernel.until(lambda: order.state == "CANCELED" and kernel.account.reconciled, within=90.0)
        assert theirs(kernel, order.order_id).status == "canceled"
        settings = len(said(kernel, "cancel_all_orders_after"))
        await passed(40.0)
        assert switch(kernel) == "FIRED"
        assert len(said(kernel, "cancel_all_orders_after")) == settings

    tried(story, tmp_path)


@pytest.mark.fault("F-126")
@pytest.mark.promise("A-14", "O-14")
def test_the_switch_of_a_killed_process_fires_and_the_next_start_shows_it(tmp_path: Path) -> None:
    """Nobody refreshes it: cancelled at its trigger time, for that reason, and CANCELED in the next kernel."""

    async def story(kernel: Kernel) -> Kernel:
        order = await kernel.open()
        kernel.dealer.switch(True)
        await kernel.until(lambda: switch(kernel) == "ON")
        await passed(40.0)
        trigger = kernel.known.dead_man.trigger_ns
        assert trigger is not None
        await kernel.killed()
        await passed(61.0)
        there = theirs(kernel, order.order_id)
        assert (there.status, (there.closed_ns or 0) // 10**9) == ("canceled", trigger // 10**9)
        another, _ = succeed(kernel)
        await another.ready()
        (found,) = another.known.orders
        assert (found.cl_ord_id, str(found.state)) == (order.cl_ord_id, "CANCELED")
        assert found.reason
        assert switch(another) == "OFF"
        return another

    tried(story, tmp_path)


@pytest.mark.fault("F-127")
@pytest.mark.promise("A-14", "P-05")
@pytest.mark.parametrize("answered", [True, False])
def test_a_clean_disarm_sets_the_switch_to_nothing_and_has_it_acknowledged_or_says_so(
    answered: bool, tmp_path: Path
) -> None:
    """Turned on by its proposal, once; disarmed: timeout 0 and OFF, or an alarm where nobody answers."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        wish = builders.propose_dead_man(60, kernel.dealer.facts(""), refreshed=True)
        kernel.dealer.reduce(wish, gesture=kernel.code(wish))
        await passed(40.0)
        if not answered:
            kernel.world.exchange.faults.lose_reply("cancel_all_orders_after", 9)
        kernel.dealer.disarm("done for today")
        await passed(1.0)
        assert parameters(said(kernel, "cancel_all_orders_after"), "timeout") == [60, 60, 60, 0]
        assert switch(kernel) == ("OFF" if answered else "STOPPING")
        await passed(70.0)
        assert len(kernel.known.alarms) > 0 or answered
        assert order.state == "OPEN"
        assert not kernel.propose().ok

    tried(story, tmp_path, mode="live")
