"""Cancels, amendments, edits and batches whose requests or answers are lost, refused or overtaken."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.trading import Order, builders
from tests.acting.invariants import changed, passed, strangers_order, theirs, tried, unheard
from tests.dealing import Kernel


def said(kernel: Kernel, method: str) -> int:
    """How many requests of a method were given to a socket."""
    return sum(f'"method":"{method}"' in text for text in kernel.world.sent)


def states(order: Order) -> set[str]:
    """Every state it was ever shown in."""
    return {str(event.state) for event in order.timeline}


# --- cancels ----------------------------------------------------------------------------------------------------------


@pytest.mark.fault("F-096")
@pytest.mark.promise("O-10")
@pytest.mark.parametrize(("lost", "sent", "end"), [(1, 2, "CANCELED"), (2, 3, "CANCELED"), (9, 3, "OPEN")])
def test_a_cancel_that_is_not_answered_is_sent_again_at_most_twice_and_ends_in_the_truth(
    lost: int, sent: int, end: str, tmp_path: Path
) -> None:
    """PENDING_CANCEL meanwhile; where all three are lost the order is looked up, and is open as before."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        kernel.world.exchange.faults.lose_request("cancel_order", lost)
        kernel.cancel(order)
        await kernel.until(lambda: order.state == "PENDING_CANCEL", within=1.0)
        await passed(4.0)
        assert order.state == "PENDING_CANCEL"
        await kernel.until(lambda: str(order.state) == end and not order.record.unverified, within=120.0)
        await passed(30.0)
        assert str(order.state) == end
        assert said(kernel, "cancel_order") == sent

    tried(story, tmp_path)


@pytest.mark.fault("F-096")
@pytest.mark.promise("O-10")
def test_a_cancel_whose_answers_and_reports_are_all_lost_ends_in_the_truth(tmp_path: Path) -> None:
    """The exchange cancelled it, and says so to nobody: PENDING_CANCEL, never more than three requests, CANCELED."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        unheard(kernel)
        kernel.world.exchange.faults.lose_reply("cancel_order", 9)
        kernel.cancel(order)
        await passed(3.0)
        assert theirs(kernel, order.order_id).status == "canceled"
        assert order.state == "PENDING_CANCEL"
        await kernel.until(lambda: order.state == "CANCELED", within=60.0)
        assert said(kernel, "cancel_order") <= 3

    tried(story, tmp_path)


@pytest.mark.fault("F-097")
@pytest.mark.promise("O-10")
def test_an_order_that_fills_while_its_cancel_is_on_the_way_is_filled(tmp_path: Path) -> None:
    """The engine takes the cancel too late, and says so: FILLED, and CANCELED was not shown for a moment."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        faults.hold("cancel_order", 1.0)
        kernel.cancel(order)
        await kernel.until(lambda: order.state == "PENDING_CANCEL", within=0.5)
        faults.fill(str(order.order_id))
        await kernel.until(lambda: order.state == "FILLED", within=0.5)
        await passed(5.0)
        assert order.filled == Decimal("0.01")
        assert "CANCELED" not in states(order)

    tried(story, tmp_path)


@pytest.mark.fault("F-098")
@pytest.mark.promise("O-10", "O-09")
@pytest.mark.parametrize(("truth", "end"), [("open", "OPEN"), ("filled", "FILLED"), ("cancelled", "CANCELED")])
def test_unknown_order_in_reply_to_a_cancel_is_settled_by_a_query(truth: str, end: str, tmp_path: Path) -> None:
    """The words say nothing of how it ended, or whether: open, filled unheard, or cancelled elsewhere unheard.

    What is so is known within two seconds, though an order that REST shows open would prove nothing for a minute.
    """

    async def story(kernel: Kernel) -> None:
        exchange = kernel.world.exchange
        order = await kernel.open()
        unheard(kernel)
        if truth == "filled":
            exchange.faults.fill(str(order.order_id), silent=True)
        elif truth == "cancelled":
            exchange.trading.cancel(exchange.now_ns, order_id=order.order_id)
        else:
            for nth in (1, 2, 3):
                exchange.faults.rate_limit("cancel_order", nth)
            exchange.faults.edit(
                Match(method="cancel_order", times=None), changed(lambda answer: answer.update(error=GONE))
            )
        kernel.cancel(order)
        await kernel.until(lambda: str(order.state) != "OPEN", within=0.5)
        await kernel.until(lambda: str(order.state) == end and not order.record.unverified, within=2.0)
        assert any(query.name == "QueryOrders" for _, query in kernel.world.asked)
        assert states(order) & {"FILLED", "CANCELED"} == {end} - {"OPEN"}

    tried(story, tmp_path)


GONE = "EOrder:Unknown order"


# --- amendments and edits ---------------------------------------------------------------------------------------------


@pytest.mark.fault("F-099")
@pytest.mark.promise("O-11")
@pytest.mark.parametrize("applied", [True, False])
def test_an_amendment_without_an_answer_shows_both_values_until_it_is_known_which_holds(
    applied: bool, tmp_path: Path
) -> None:
    """``amend`` is UNKNOWN with what was asked for beside what was; then what the exchange has; one frame."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        if applied:
            faults.lose_reply("amend_order")
            unheard(kernel)
        else:
            faults.lose_request("amend_order")
        kernel.confirm(kernel.amend(order, order_qty="0.03", limit_price="49000"))
        await kernel.until(lambda: order.record.amend == "UNKNOWN", within=5.2)
        assert (order.record.order_qty, order.record.limit_price) == (Decimal("0.01"), Decimal(50_000))
        assert dict(order.record.amending) == {"order_qty": Decimal("0.03"), "limit_price": 49_000}
        assert order.state == "OPEN"
        await kernel.until(lambda: order.record.amend == "" and not order.record.unverified, within=90.0)
        assert order.record.amending == ()
        expected = (Decimal("0.03"), Decimal(49_000)) if applied else (Decimal("0.01"), Decimal(50_000))
        assert (order.record.order_qty, order.record.limit_price) == expected
        assert theirs(kernel, order.order_id).order_qty == expected[0].scaleb(8)
        assert said(kernel, "amend_order") == 1

    tried(story, tmp_path)


@pytest.mark.fault("F-099")
@pytest.mark.promise("O-11", "S-12")
def test_an_amendment_of_an_order_that_is_gone_by_then_changes_nothing(tmp_path: Path) -> None:
    """It is filled while the amendment is on its way, which the exchange then refuses: FILLED as it was ordered."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        faults.hold("amend_order", 1.0)
        kernel.confirm(kernel.amend(order, order_qty="0.03"))
        await passed(0.2)
        faults.fill(str(order.order_id))
        await kernel.until(lambda: order.state == "FILLED", within=0.5)
        await passed(5.0)
        assert (order.record.order_qty, order.filled) == (Decimal("0.01"), Decimal("0.01"))
        assert order.record.amending == ()
        assert not order.record.overfilled

    tried(story, tmp_path)


@pytest.mark.promise("O-11")
@pytest.mark.parametrize("applied", [True, False])
def test_an_edit_without_an_answer_leaves_both_orders_unknown_until_each_is_found(
    applied: bool, tmp_path: Path
) -> None:
    """The old one may be gone and the new one may be there: both UNKNOWN, then what each of them is; one frame."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        name = strangers_order(kernel, order_qty=Decimal("0.02"), limit_price=Decimal(50_000))
        await kernel.until(lambda: kernel.account.find(name) is not None)
        if applied:
            faults.lose_reply("edit_order")
            unheard(kernel)
        else:
            faults.lose_request("edit_order")
        wish = builders.propose_edit(
            kernel.account.find(name).record, {"limit_price": "49000"}, kernel.dealer.facts("BTC/USD")
        )
        old, new = kernel.confirm(wish)
        await kernel.until(lambda: (str(old.state), str(new.state)) == ("UNKNOWN", "UNKNOWN"), within=5.2)
        end = ("CANCELED", "OPEN") if applied else ("OPEN", "NOT_PLACED")
        await kernel.until(lambda: (str(old.state), str(new.state)) == end, within=200.0)
        assert said(kernel, "edit_order") == 1
        (there,) = kernel.world.exchange.trading.open_orders
        assert there.order_id == (new.order_id if applied else old.order_id)

    tried(story, tmp_path)


# --- batches ----------------------------------------------------------------------------------------------------------


def three(kernel: Kernel, *qtys: str) -> tuple[Order, ...]:
    """Three orders in one confirmed batch."""
    legs: list[dict[str, Any]] = [
        {"side": "buy", "order_type": "limit", "order_qty": qty, "limit_price": str(50_000 + place)}
        for place, qty in enumerate(qtys or ("0.01", "0.02", "0.03"))
    ]
    return kernel.confirm(kernel.batch(legs))


@pytest.mark.fault("F-100")
@pytest.mark.promise("O-12")
def test_a_leg_that_the_engine_refuses_is_rejected_alone(tmp_path: Path) -> None:
    """While the batch is on its way another program takes the money for its largest leg: two OPEN, one REJECTED."""

    async def story(kernel: Kernel) -> None:
        exchange = kernel.world.exchange
        exchange.faults.hold("batch_add", 0.5)
        legs = three(kernel, "0.01", "1", "0.03")
        money = exchange.trading.holdings["USD"]
        free = Decimal(money.available).scaleb(-exchange.market.assets["USD"].precision)
        await passed(0.1)
        strangers_order(kernel, order_qty=((free - 20_000) / 40_200).quantize(Decimal("0.01")))
        await kernel.until(lambda: all(str(leg.state) in ("OPEN", "REJECTED") for leg in legs))
        assert [str(leg.state) for leg in legs] == ["OPEN", "REJECTED", "OPEN"]
        assert legs[1].record.error == "EOrder:Insufficient funds"
        assert len(kernel.frames) == 1

    tried(story, tmp_path)


@pytest.mark.fault("F-100")
@pytest.mark.promise("O-12")
@pytest.mark.parametrize("placed", [True, False])
def test_a_batch_whose_whole_answer_is_lost_has_every_leg_unknown(placed: bool, tmp_path: Path) -> None:
    """Each leg is found, or proved absent, by its own id; one frame."""

    async def story(kernel: Kernel) -> None:
        if placed:
            kernel.world.exchange.faults.lose_reply("batch_add")
            unheard(kernel)
        else:
            kernel.world.exchange.faults.lose_request("batch_add")
        legs = three(kernel)
        await kernel.until(lambda: {str(leg.state) for leg in legs} == {"UNKNOWN"}, within=5.2)
        end = "OPEN" if placed else "NOT_PLACED"
        await kernel.until(lambda: {str(leg.state) for leg in legs} == {end}, within=200.0)
        assert len(kernel.frames) == 1

    tried(story, tmp_path)


@pytest.mark.fault("F-100")
@pytest.mark.promise("O-12")
def test_legs_that_are_answered_in_another_order_are_matched_by_their_ids(tmp_path: Path) -> None:
    """Reversed, each leg has the order of its own quantity."""

    async def story(kernel: Kernel) -> None:
        unheard(kernel)
        kernel.world.exchange.faults.edit(Match(method="batch_add"), changed(lambda answer: answer["result"].reverse()))
        legs = three(kernel)
        await kernel.until(lambda: all(leg.order_id for leg in legs), within=1.0)
        for leg in legs:
            there = theirs(kernel, leg.order_id)
            assert there.terms.cl_ord_id == leg.cl_ord_id
            assert there.terms.order_qty == leg.record.order_qty

    tried(story, tmp_path)


@pytest.mark.fault("F-100")
@pytest.mark.promise("O-12")
@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("EGeneral:Invalid arguments:orders", "REJECTED"),
        ("EOrder:Insufficient funds", "UNKNOWN"),
        ("EService:Busy", "UNKNOWN"),
    ],
)
def test_a_batch_that_is_refused_as_a_whole_is_rejected_only_by_words_about_the_whole(
    text: str, state: str, tmp_path: Path
) -> None:
    """A refused validation rejects every leg; what could be about one leg leaves all of them UNKNOWN."""

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.rate_limit("batch_add", 1)
        kernel.world.exchange.faults.edit(Match(method="batch_add"), changed(lambda answer: answer.update(error=text)))
        legs = three(kernel)
        await passed(1.0)
        assert {str(leg.state) for leg in legs} == {state}
        assert len(kernel.frames) == 1

    tried(story, tmp_path)
