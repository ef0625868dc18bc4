"""Connections that break while something is on its way, and what happens to the orders meanwhile."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from kraken_lab.errors import OrderRefused
from kraken_lab.sandbox.fault_rules import Match
from tests.acting.invariants import changed, passed, theirs, tried
from tests.dealing import Kernel


def lookups(kernel: Kernel, order_id: str | None) -> int:
    """How often REST was asked for that very order."""
    return sum(query.name == "QueryOrders" and str(order_id) in str(query.fields) for _, query in kernel.world.asked)


@pytest.mark.fault("F-075")
@pytest.mark.promise("O-01", "O-03", "O-04")
@pytest.mark.parametrize(("point", "end"), [("received", "NOT_PLACED"), ("accepted", "OPEN"), ("acked", "OPEN")])
def test_an_order_whose_connection_is_cut_ends_as_the_exchange_has_it(
    point: Literal["received", "accepted", "acked"], end: str, tmp_path: Path
) -> None:
    """UNKNOWN when the line is gone before the answer, and the truth afterwards; one frame, wherever it was cut."""

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.cut("add_order", point)
        order = kernel.place()
        await kernel.until(lambda: kernel.known.connection is None, within=1.0)
        if point != "acked":
            assert order.state == "UNKNOWN"
        await kernel.until(lambda: str(order.state) == end and not order.record.unverified, within=90.0)
        await passed(10.0)
        assert len(kernel.frames) == 1
        assert [their.order_id for their in kernel.world.exchange.trading.open_orders] == [order.order_id] * (
            end == "OPEN"
        )

    tried(story, tmp_path)


@pytest.mark.fault("F-075")
@pytest.mark.promise("O-01", "O-11", "O-12")
@pytest.mark.parametrize("point", ["received", "accepted"])
def test_an_amendment_and_a_batch_that_are_cut_end_as_the_exchange_has_them(
    point: Literal["received", "accepted"], tmp_path: Path
) -> None:
    """Each leaves once; what was applied is shown, and what was not is proved not to be there."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        faults.cut("amend_order", point)
        kernel.confirm(kernel.amend(order, order_qty="0.03"))
        await kernel.until(lambda: order.record.amend == "UNKNOWN", within=1.0)
        await kernel.until(lambda: not order.record.amending, within=90.0)
        assert order.record.order_qty == (Decimal("0.03") if point == "accepted" else Decimal("0.01"))
        await kernel.until(lambda: kernel.account.reconciled)
        faults.cut("batch_add", point)
        legs = kernel.confirm(
            kernel.batch(
                [
                    {"side": "buy", "order_type": "limit", "order_qty": "0.01", "limit_price": price}
                    for price in ("50000", "50001", "50002")
                ]
            )
        )
        await kernel.until(lambda: {str(leg.state) for leg in legs} == {"UNKNOWN"}, within=1.0)
        end = "OPEN" if point == "accepted" else "NOT_PLACED"
        await kernel.until(lambda: {str(leg.state) for leg in legs} == {end}, within=200.0)
        assert len(kernel.frames) == 3

    tried(story, tmp_path)


@pytest.mark.fault("F-079")
@pytest.mark.promise("O-09", "O-15")
def test_an_order_that_was_filled_while_nobody_listened_is_found_before_another_one_may_leave(tmp_path: Path) -> None:
    """Two fills are missed. Until the look-up by its id has told of them every new order is refused."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        # The snapshot tells of no fills, as when fifty others came later: only a look-up can.
        faults.edit(
            Match(channel="executions", type="snapshot", times=None), changed(lambda message: message.update(data=[]))
        )
        kernel.world.answer_delay = 0.5
        faults.reset("private")
        faults.fill(str(order.order_id), "0.004", silent=True)
        faults.fill(str(order.order_id), silent=True)
        await kernel.until(lambda: kernel.known.connection is None)
        refused: set[str] = set()
        while order.state != "FILLED":
            assert not kernel.account.reconciled
            with pytest.raises(OrderRefused) as found:
                kernel.confirm(kernel.propose(order_qty="0.02"))
            refused |= {words for words in ("no private connection", "RECONCILING") if words in str(found.value)} or {
                ""
            }
            await passed(0.05)
        assert refused == {"no private connection", "RECONCILING"}
        assert lookups(kernel, order.order_id) > 0
        await kernel.until(lambda: kernel.account.reconciled and not order.record.unverified)
        assert sorted(fill.qty for fill in order.fills) == [Decimal("0.004"), Decimal("0.006")]
        await kernel.ready()
        await kernel.open(order_qty="0.02")
        assert len(kernel.frames) == 2

    tried(story, tmp_path)


@pytest.mark.fault("F-080")
@pytest.mark.promise("O-09")
def test_an_order_that_was_cancelled_elsewhere_meanwhile_is_cancelled_by_a_query_and_not_by_its_absence(
    tmp_path: Path,
) -> None:
    """It is missing from the snapshot, and unverified, until a look-up says CANCELED; so it stays while REST fails."""

    async def story(kernel: Kernel) -> None:
        exchange = kernel.world.exchange
        order = await kernel.open()
        exchange.faults.rest_fail("QueryOrders", 502, times=2)
        exchange.faults.reset("private")
        exchange.trading.cancel(exchange.now_ns, order_id=order.order_id)
        await kernel.until(lambda: kernel.known.connection is not None and kernel.world.asked)
        assert (str(order.state), order.record.unverified, kernel.account.reconciled) == ("OPEN", True, False)
        await kernel.until(lambda: order.state == "CANCELED")
        assert lookups(kernel, order.order_id) == 3
        assert kernel.account.reconciled

    tried(story, tmp_path)


@pytest.mark.fault("F-087")
@pytest.mark.promise("O-01", "O-03")
@pytest.mark.parametrize("arrives", [False, True])
def test_an_order_whose_send_raises_is_unknown_and_takes_no_other_road(arrives: bool, tmp_path: Path) -> None:
    """A broken pipe says nothing of what arrived: UNKNOWN, then the truth; REST is asked, and places nothing."""

    async def story(kernel: Kernel) -> None:
        world = kernel.world
        if arrives:
            world.exchange.faults.cut("add_order", "accepted")
        else:
            world.breaks_on = '"method":"add_order"'
        order = kernel.place()
        await kernel.until(lambda: order.state == "UNKNOWN", within=1.0)
        await kernel.until(lambda: str(order.state) == ("OPEN" if arrives else "NOT_PLACED"), within=90.0)
        assert len(kernel.frames) == 1

    tried(story, tmp_path)


@pytest.mark.promise("O-10", "O-15")
def test_a_cancel_that_is_asked_for_while_there_is_no_connection_goes_out_with_the_next_one(tmp_path: Path) -> None:
    """It waits, is the first thing said about orders, and needs no reconciled account."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        faults.refuse(3)
        faults.reset("private")
        await kernel.until(lambda: kernel.known.connection is None)
        kernel.cancel(order)
        await kernel.until(lambda: order.state == "CANCELED")
        assert theirs(kernel, order.order_id).reason == "User requested"

    tried(story, tmp_path)
