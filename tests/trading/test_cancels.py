"""Cancelling: at most three times, the same orders, and never concluded from an answer."""

from __future__ import annotations

from typing import Any

import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.trading.rules import OrderSettings
from kraken_lab.wire import BatchCancelResult, CancelAllResult, CancelOrderResult

from .line import Cleared, Line, report

OLD: dict[str, Any] = {
    "symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "1", "limit_price": "90",
}  # fmt: skip


def cancelled(line: Line, *orders: Any, batch: bool = False) -> list[dict[str, Any]]:
    """Cancel; gives the frames."""
    line.account.cancel(orders, line.at, batch=batch)
    return line.flush()


def test_a_cancel_is_pending_until_the_report() -> None:
    """A yes says that the cancel was taken; the report says what came of it."""
    line = Line().open()
    order = line.placed("O1")
    (frame,) = cancelled(line, order)
    assert frame["params"] == {"order_id": ["O1"], "token": "TOKEN"}
    assert order.state == "PENDING_CANCEL"
    line.respond("cancel_order", CancelOrderResult(order_id="O1"), req_id=frame["req_id"])
    assert order.state == "PENDING_CANCEL"
    line.hear(report("O1", "canceled", cum_qty="0", reason="User requested"))
    assert (order.state, order.record.reason) == ("CANCELED", "User requested")


@pytest.mark.promise("O-10")
@pytest.mark.fault("F-096")
def test_a_cancel_without_an_answer_is_sent_three_times_at_most() -> None:
    """Then it is looked up, and ends as what it is."""
    line = Line().open()
    order = line.placed("O1")
    line.rest_down = {"QueryOrders"}
    cancelled(line, order)
    line.wait(120.0)
    frames = line.sent("cancel_order")
    assert [frame["params"]["order_id"] for frame in frames] == [["O1"]] * 3
    assert order.state == "PENDING_CANCEL"
    line.rest_down = set()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "canceled")}
    line.wait(60.0)
    assert order.state == "CANCELED"
    assert len(line.sent("cancel_order")) == 3


@pytest.mark.promise("O-10")
def test_a_cancel_that_came_to_nothing_gives_the_order_back() -> None:
    """Three times no, and REST, asked late enough, shows it open: so it is."""
    line = Line(OrderSettings(rest_lag=10)).open()
    order = line.placed("O1")
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "open")}
    cancelled(line, order)
    for _ in range(3):
        line.reject("EService:Unavailable", "cancel_order")
        line.wait(4.0)
    assert order.state == "PENDING_CANCEL"
    line.wait(60.0)
    assert (order.state, order.record.unverified) == ("OPEN", False)


@pytest.mark.promise("O-10")
@pytest.mark.fault("F-097")
def test_a_fill_that_wins_over_the_cancel_is_a_fill() -> None:
    """The order is FILLED, and at no time was it shown as cancelled."""
    line = Line().open()
    order = line.placed("O1")
    states = [order.state]
    order.watch(lambda: states.append(order.state))
    (frame,) = cancelled(line, order)
    line.respond("cancel_order", CancelOrderResult(order_id="O1"), req_id=frame["req_id"])
    line.hear(line.fill("O1", "T1", "1", "1"), report("O1", "filled", cum_qty="1"))
    assert order.state == "FILLED"
    assert "CANCELED" not in states


@pytest.mark.promise("O-10")
def test_fills_that_come_before_the_end_of_a_cancelled_order_are_kept() -> None:
    """A cancel after partial fills keeps them."""
    line = Line().open()
    order = line.placed("O1")
    cancelled(line, order)
    line.hear(line.fill("O1", "T1", "0.4", "0.4"))
    assert order.state == "PENDING_CANCEL"
    line.hear(report("O1", "canceled", cum_qty="0.4", reason="User requested"))
    assert (order.state, str(order.filled)) == ("CANCELED", "0.4")
    assert line.now.alarms == ()


@pytest.mark.promise("O-10")
@pytest.mark.fault("F-098")
def test_unknown_order_leads_to_a_query_and_not_to_a_conclusion() -> None:
    """It is not open, says the exchange: it may have been filled."""
    line = Line().open()
    order = line.placed("O1")
    line.rest_down = {"QueryOrders"}
    cancelled(line, order)
    line.reject("EOrder:Unknown order", "cancel_order")
    line.wait(1.5)
    assert (order.state, order.record.unverified) == ("PENDING_CANCEL", True)
    line.rest_down = set()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "closed", filled="1", trades=["T1"])}
    line.answers["QueryTrades"] = {"T1": line.rest_trade("O1", "1")}
    line.wait(10.0)
    assert order.state == "FILLED"
    assert len(line.sent("cancel_order")) == 1


@pytest.mark.promise("O-10")
@pytest.mark.fault("F-098")
@pytest.mark.parametrize("change", ["cancel", "amendment"])
def test_unknown_order_has_the_truth_looked_up_at_once(change: str) -> None:
    """By a fresh snapshot, and by REST, which alone can tell of an end: both asked for at the moment of the answer."""
    line = Line().open()
    order = line.placed("O1")
    line.wait(100.0)
    line.renew_with = lambda: [line.resting(order, "O1")[1]]
    if change == "cancel":
        cancelled(line, order)
        line.reject("EOrder:Unknown order", "cancel_order")
    else:
        line.amend(order, limit_price="99")
        line.reject("EOrder:Unknown order", "amend_order")
    assert line.renewals[:1] == [100.0]
    assert [(at, query.name) for at, query in line.queries] == [(100.0, "QueryOrders")]
    # The snapshot shows it: the cancel may be tried again, and is, and the amendment was not made.
    assert len(line.sent("cancel_order")) == (2 if change == "cancel" else 0)
    assert not order.record.unverified
    line.wait(5.0)
    assert len(line.renewals) < 4


@pytest.mark.promise("O-05")
def test_cancelling_an_unknown_order_by_its_client_id_settles_nothing() -> None:
    """It is allowed at any time; when the order turns up after all, the cancel is tried again."""
    line = Line().open()
    order = line.place()
    line.wait(6.0)
    (frame,) = cancelled(line, order)
    assert frame["params"]["cl_ord_id"] == [order.cl_ord_id]
    line.reject("EOrder:Unknown order", "cancel_order")
    assert order.state == "UNKNOWN"
    line.hear(*line.resting(order, "O1"))
    line.wait(0.1)
    assert order.state == "PENDING_CANCEL"
    assert line.frames[-1]["params"]["order_id"] == ["O1"]
    assert len(line.sent("cancel_order")) == 2


@pytest.mark.promise("O-15")
def test_cancels_wait_for_the_next_connection_and_go_first() -> None:
    """Also before the snapshot is reconciled; new orders do not."""
    line = Line().open()
    order = line.placed("O1")
    line.close()
    assert cancelled(line, order) == []
    line.account.opened(line.at)
    (frame,) = line.flush()
    assert frame["method"] == "cancel_order"
    assert not line.account.reconciled


@pytest.mark.promise("O-10")
def test_a_cancel_cut_off_by_a_disconnect_is_sent_again_on_the_next_connection() -> None:
    """It is idempotent; the same target, the second of three."""
    line = Line().open()
    order = line.placed("O1")
    cancelled(line, order)
    line.close()
    line.open(line.resting(order, "O1")[0])
    line.wait(1.0)
    assert [frame["params"]["order_id"] for frame in line.sent("cancel_order")] == [["O1"]] * 2


def test_an_order_that_was_not_sent_yet_is_taken_back_instead() -> None:
    """Confirmed or queued: nothing of it leaves."""
    line = Line().open()
    confirmed, request = line.begin()
    queued, other = line.begin()
    cleared = Cleared(other)
    line.account.send(cleared, [queued], line.at)
    assert cancelled(line, confirmed, queued) == []
    assert {confirmed.state, queued.state} == {"REFUSED"}
    assert cleared.withdrawn
    late = Cleared(request)
    line.account.send(late, [confirmed], line.at)
    assert line.flush() == []
    assert late.withdrawn


@pytest.mark.promise("O-15")
def test_a_cancel_is_written_before_an_order_that_waited_longer() -> None:
    """What reduces risk goes first."""
    line = Line().open()
    order = line.placed("O1")
    waiting, request = line.begin()
    line.account.send(Cleared(request), [waiting], line.at)
    assert [frame["method"] for frame in cancelled(line, order)] == ["cancel_order", "add_order"]


@pytest.mark.promise("O-13")
@pytest.mark.fault("F-102")
def test_cancelling_all_of_this_lab_leaves_other_peoples_orders_alone() -> None:
    """Own orders by their ids, open or unknown; the stop-loss of another program stays."""
    line = Line().open(report("OX", "new", "status", **(OLD | {"order_type": "stop-loss"})))
    line.placed("O1")
    unknown = line.place()
    line.wait(6.0)
    line.account.cancel_own(line.at)
    frames = line.flush()
    named = [frame["params"].get("order_id") or frame["params"].get("cl_ord_id") for frame in frames]
    assert named == [["O1"], [unknown.cl_ord_id]]
    (external,) = line.now.external
    assert external.state == "OPEN"
    cancelled(line, "OX")
    assert line.frames[-1]["params"]["order_id"] == ["OX"]


def test_cancelling_the_account_is_one_request_for_everybodys_orders() -> None:
    """What is open is pending until its own report."""
    line = Line().open(report("OX", "new", "status", **OLD))
    line.placed("O1")
    line.account.cancel_account(line.at)
    (frame,) = line.flush()
    assert frame["method"] == "cancel_all"
    assert {record.state for record in line.now.open} == {"PENDING_CANCEL"}
    line.respond("cancel_all", CancelAllResult(count=2), req_id=frame["req_id"])
    line.hear(report("OX", "canceled"), report("O1", "canceled"))
    assert line.now.open == ()
    line.wait(60.0)
    assert len(line.sent("cancel_all")) == 1


def test_a_batch_of_cancels_is_one_request_whose_orders_end_one_by_one() -> None:
    """The answer is a count; whatever stays silent is looked up."""
    line = Line().open()
    first, second = line.placed("O1"), line.placed("O2")
    (frame,) = cancelled(line, first, second, batch=True)
    assert frame["params"]["orders"] == ["O1", "O2"]
    line.respond("batch_cancel", BatchCancelResult(count=1), req_id=frame["req_id"])
    line.hear(report("O1", "canceled"))
    line.answers["QueryOrders"] = {"O2": line.rest_order(second, "closed", filled="1", trades=["T1"])}
    line.answers["QueryTrades"] = {"T1": line.rest_trade("O2", "1")}
    line.wait(10.0)
    assert (first.state, second.state) == ("CANCELED", "FILLED")


def test_an_order_nobody_knows_cannot_be_cancelled_by_mistake() -> None:
    """A mistyped id is an argument that cannot be meant."""
    line = Line().open()
    with pytest.raises(BadArgument, match=r"lab\.orders"):
        line.account.cancel(["O-TYPO"], line.at)


def test_what_reduces_risk_is_written_before_what_adds_to_it() -> None:
    """An order that waits to be written lets a cancel pass."""
    line = Line().open()
    order = line.placed("O1")
    new, request = line.begin()
    line.account.send(Cleared(request), [new], line.at)
    frames = cancelled(line, order)
    assert [frame["method"] for frame in frames] == ["cancel_order", "add_order"]


def test_a_new_connection_does_not_wait_for_the_pause_between_attempts() -> None:
    """The second attempt would come a second later; the new line is used at once."""
    line = Line().open()
    order = line.placed("O1")
    cancelled(line, order)
    line.close()
    line.wait(0.1)
    line.open(line.resting(order, "O1")[0])
    assert len(line.sent("cancel_order")) == 2
