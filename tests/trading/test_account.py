"""What becomes of orders: answers, reports, silence and disconnects, and what an account makes of them."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from kraken_lab.errors import BadArgument, ConfirmationVoid, OrderRefused
from kraken_lab.trading.states import OrderState
from kraken_lab.wire import (
    AddOrderResult,
    AmendOrderResult,
    BalancesMessage,
    BalanceSnapshot,
    BatchAddResult,
    EditOrder,
    EditOrderResult,
    LedgerEntry,
    SubscribeResult,
    Wallet,
)

from .line import Cleared, Line, limit, report


def test_a_confirmed_order_is_written_once_and_is_then_in_flight() -> None:
    """Nothing is written before the gate lets it through, and nothing a second time."""
    line = Line().open()
    order, request = line.begin()
    line.flush()
    assert order.state == "CONFIRMED"
    assert line.frames == []
    line.account.send(Cleared(request), [order], line.at)
    line.flush()
    line.wait(200.0)
    assert [frame["params"]["cl_ord_id"] for frame in line.sent("add_order")] == [order.cl_ord_id]


def test_an_order_that_rests_is_open_and_ends_filled() -> None:
    """The ordinary life: answer, book, two fills, filled."""
    line = Line().open()
    order = line.place(limit(qty="2"))
    assert order.state == "IN_FLIGHT"
    line.accept("O1")
    assert order.state == "PENDING_NEW"
    line.hear(*line.resting(order, "O1"))
    assert order.state == "OPEN"
    line.hear(line.fill("O1", "T1", "0.5", "0.5"))
    assert order.state == "PARTIAL"
    line.hear(line.fill("O1", "T2", "1.5", "2", price="99"), report("O1", "filled", cum_qty="2"))
    assert order.state == "FILLED"
    assert (order.filled, order.avg_price) == (D(2), D("99.25"))
    assert order.record.fees == (("USD", D("0.50")),)
    assert [fill.exec_id for fill in order.fills] == ["T1", "T2"]


@pytest.mark.promise("S-12")
@pytest.mark.fault("F-077")
def test_a_fill_before_the_answer_leads_to_the_same_end() -> None:
    """Reports and answer in the other order change nothing."""
    line = Line().open()
    order = line.place()
    line.hear(*line.resting(order, "O1"), line.fill("O1", "T1", "1", "1"), report("O1", "filled", cum_qty="1"))
    assert order.state == "FILLED"
    line.accept("O1")
    assert (order.state, order.filled, order.order_id) == (OrderState.FILLED, D(1), "O1")
    assert line.now.alarms == ()


@pytest.mark.promise("O-16")
@pytest.mark.fault("F-093")
def test_reports_of_an_id_that_is_not_known_yet_wait_for_the_answer() -> None:
    """Delta reports name neither pair nor client id: they are kept, a resync is asked for, and nothing is lost."""
    line = Line().open()
    line.renew_with = None
    order = line.place()
    line.hear(report("O1", "new"), line.fill("O1", "T1", "0.4", "0.4"))
    assert order.state == "IN_FLIGHT"
    assert line.renewals == [0.0]
    line.accept("O1")
    assert (order.state, order.filled) == (OrderState.PARTIAL, D("0.4"))


@pytest.mark.promise("O-16")
def test_an_order_known_only_by_a_sparse_report_is_looked_up() -> None:
    """What the resync does not name either is asked of REST by its id, and shown as somebody else's."""
    line = Line().open()
    mine = line.placed("O1")
    line.renew_with = lambda: [*line.resting(mine, "O1")]
    line.answers["QueryOrders"] = {"OX": line.rest_order(mine, "open") | {"cl_ord_id": None}}
    line.hear(report("OX", "new"))
    line.wait(1.0)
    (external,) = line.now.external
    assert (external.order_id, external.symbol, external.external) == ("OX", "BTC/USD", True)


@pytest.mark.promise("O-03")
@pytest.mark.fault("F-073")
def test_silence_makes_an_order_unknown_and_its_report_opens_it() -> None:
    """No answer in time is doubt; an execution report carrying the client id ends it."""
    line = Line().open()
    order = line.place()
    line.wait(4.9)
    assert order.state == "IN_FLIGHT"
    line.wait(0.2)
    assert order.state == "UNKNOWN"
    line.hear(*line.resting(order, "O1"))
    assert order.state == "OPEN"
    assert len(line.sent("add_order")) == 1


@pytest.mark.promise("O-07")
@pytest.mark.fault("F-078")
def test_an_answer_after_the_doubt_is_heard_without_alarm() -> None:
    """Eight seconds late, the answer still says what the order is."""
    line = Line().open()
    order = line.place()
    line.wait(8.0)
    assert order.state == "UNKNOWN"
    line.accept("O1")
    assert order.state == "PENDING_NEW"
    assert line.now.alarms == ()
    assert len(line.sent("add_order")) == 1


@pytest.mark.promise("O-03")
@pytest.mark.fault("F-087")
def test_a_connection_that_breaks_while_sending_leaves_doubt() -> None:
    """What was given to the socket may have arrived, whatever the socket said."""
    line = Line().open()
    order = line.place()
    line.close("broken pipe")
    assert order.state == "UNKNOWN"
    assert "broken pipe" in order.record.reason


def test_what_was_never_offered_to_a_socket_is_refused_when_the_connection_goes() -> None:
    """An order still in the queue cannot have arrived."""
    line = Line().open()
    order, request = line.begin()
    cleared = Cleared(request)
    line.account.send(cleared, [order], line.at)
    line.account.closed("reset", line.at)
    line.flush()
    assert order.state == "REFUSED"
    assert cleared.withdrawn
    assert line.frames == []


def test_without_a_connection_an_order_is_refused() -> None:
    """Nothing is queued for later: a price of now is not a price of then."""
    line = Line()
    order = line.place()
    assert (order.state, order.record.error) == (OrderState.REFUSED, "there is no private connection")


def test_a_gate_that_refuses_in_the_last_moment_leaves_nothing_sent() -> None:
    """A halt between queue and socket makes the order REFUSED, with the gate's words."""
    line = Line().open()
    order, request = line.begin()
    line.account.send(Cleared(request, ConfirmationVoid("it", "the line is another one")), [order], line.at)
    line.flush()
    assert order.state == "REFUSED"
    assert "another one" in order.record.error
    assert line.frames == []


@pytest.mark.promise("O-01")
@pytest.mark.fault("F-105")
def test_a_rate_limit_is_a_rejection_and_not_a_reason_to_send_again() -> None:
    """The exchange's words prove that nothing was placed; the user decides what follows."""
    line = Line().open()
    order = line.place()
    line.reject("EOrder:Rate limit exceeded")
    line.wait(300.0)
    assert (order.state, order.record.error) == (OrderState.REJECTED, "EOrder:Rate limit exceeded")
    assert len(line.sent("add_order")) == 1


@pytest.mark.promise("O-06")
@pytest.mark.fault("F-089")
def test_a_client_id_is_never_used_twice() -> None:
    """Not even when its order has ended, which the exchange would allow."""
    line = Line().open()
    order = line.place()
    line.reject("EOrder:Insufficient funds")
    assert order.cl_ord_id is not None
    with pytest.raises(OrderRefused, match="used before"):
        line.account.begin(limit(name=order.cl_ord_id), [order.cl_ord_id], line.at)


@pytest.mark.promise("O-03")
@pytest.mark.fault("F-085")
@pytest.mark.parametrize(
    ("result", "alarms"),
    [(AddOrderResult(), 1), (AddOrderResult("O9", "somebody-else"), 1), (None, 1)],
)
def test_a_success_that_cannot_be_this_orders_is_doubt(result: AddOrderResult | None, alarms: int) -> None:
    """Without an id, or with another client id, a yes proves nothing, and is said aloud."""
    line = Line().open()
    order = line.place()
    line.respond("add_order", result, req_id=line.frames[-1]["req_id"])
    assert order.state == "UNKNOWN"
    assert len(line.now.alarms) == alarms


@pytest.mark.fault("F-084")
def test_an_answer_without_a_number_counts_only_for_the_texts_that_need_none() -> None:
    """With one order under way its refusal is told by its words; what could concern another request stays doubt."""
    line = Line().open()
    order = line.place()
    assert line.respond("add_order", error="EOrder:Insufficient funds")
    assert order.state == "REJECTED"
    second = line.place()
    assert line.respond("add_order", error="EAPI:Rate limit exceeded")
    assert second.state == "UNKNOWN"


def test_an_answer_without_a_number_is_nobodys_while_two_orders_wait() -> None:
    """It could be about either, so it is about neither."""
    line = Line().open()
    orders = [line.place(), line.place()]
    assert not line.respond("add_order", error="EOrder:Insufficient funds")
    assert {order.state for order in orders} == {OrderState.IN_FLIGHT}


@pytest.mark.promise("O-12")
@pytest.mark.fault("F-100")
def test_a_batch_is_judged_leg_by_leg_and_not_by_position() -> None:
    """One leg refused, the others accepted, in another order than asked."""
    line = Line().open()
    first, second, third = line.batch(3)
    result = [
        BatchAddResult(order_id="O3", cl_ord_id=third.cl_ord_id),
        BatchAddResult(cl_ord_id=first.cl_ord_id, error="EOrder:Insufficient funds"),
    ]
    line.respond("batch_add", result, req_id=line.frames[-1]["req_id"])
    assert [order.state for order in (first, second, third)] == [
        OrderState.REJECTED,
        OrderState.UNKNOWN,
        OrderState.PENDING_NEW,
    ]
    assert third.order_id == "O3"


@pytest.mark.promise("O-12")
@pytest.mark.fault("F-100")
@pytest.mark.parametrize(
    ("error", "state"),
    [
        ("EGeneral:Invalid arguments:orders", OrderState.REJECTED),
        ("EOrder:Insufficient funds", OrderState.UNKNOWN),
        ("EService:Unavailable", OrderState.UNKNOWN),
        (None, OrderState.UNKNOWN),
    ],
)
def test_a_whole_batch_is_rejected_only_by_a_validation(error: str | None, state: OrderState) -> None:
    """Without an answer for each leg every leg is in doubt, unless nothing was looked at."""
    line = Line().open()
    orders = line.batch(3)
    if error is None:
        line.wait(6.0)
    else:
        line.reject(error, "batch_add")
    assert {order.state for order in orders} == {state}
    assert len(line.sent("batch_add")) == 1


# --- amending and editing -------------------------------------------------------------------------------------------


def test_an_amendment_holds_when_the_exchange_reports_it() -> None:
    """The answer only accepts; the values change with the report."""
    line = Line().open()
    order = line.placed("O1")
    line.amend(order, limit_price="101")
    line.respond("amend_order", AmendOrderResult("T1", cl_ord_id=order.cl_ord_id), req_id=line.frames[-1]["req_id"])
    assert (order.record.limit_price, order.record.amending) == (D(100), (("limit_price", D(101)),))
    line.hear(report("O1", "new", "amended", at=1.0, order_qty="1", limit_price="101"))
    assert (order.record.limit_price, order.record.amending, order.record.amend) == (D(101), (), "")


@pytest.mark.promise("O-11")
@pytest.mark.fault("F-099")
def test_an_amendment_without_an_answer_shows_both_values_until_the_report() -> None:
    """Applied, though the answer was lost: the order stays open, and one frame was sent."""
    line = Line().open()
    order = line.placed("O1")
    line.amend(order, limit_price="101")
    line.wait(6.0)
    assert (order.state, order.record.amend, order.record.limit_price) == (OrderState.OPEN, "UNKNOWN", D(100))
    line.hear(report("O1", "new", "amended", at=1.0, order_qty="1", limit_price="101"))
    assert (order.record.amend, order.record.limit_price) == ("", D(101))
    assert len(line.sent("amend_order")) == 1


@pytest.mark.promise("O-11")
@pytest.mark.fault("F-099")
def test_an_amendment_that_never_arrived_is_settled_by_a_later_snapshot() -> None:
    """Not applied: a snapshot asked for after the engine's deadline shows the order as it was."""
    line = Line().open()
    order = line.placed("O1")
    line.renew_with = lambda: line.resting(order, "O1")[:1]
    line.rest_down = {"QueryOrders"}
    line.amend(order, limit_price="101")
    line.wait(6.5)
    assert order.record.amend == "UNKNOWN"
    line.wait(1.0)
    assert (order.record.amend, order.record.amending, order.record.limit_price) == ("", (), D(100))
    assert len(line.sent("amend_order")) == 1


@pytest.mark.promise("O-11")
def test_a_snapshot_from_before_the_engines_deadline_settles_no_amendment() -> None:
    """It could still be applied."""
    line = Line().open()
    order = line.placed("O1")
    line.renew_with, line.rest_down = None, {"QueryOrders"}
    line.amend(order, limit_price="101")
    line.wait(6.0)
    line.account.doubted("executions", "a gap", line.at)
    line.snapshot(line.resting(order, "O1")[0])
    assert order.record.amend == "UNKNOWN"


@pytest.mark.promise("O-11")
@pytest.mark.parametrize(("price", "what"), [("101", "amended"), ("100", "amendment not applied")])
def test_an_amendment_is_settled_by_rest_when_the_stream_is_silent(price: str, what: str) -> None:
    """Asked later than REST is known to lag, what it shows is so."""
    line = Line().open()
    order = line.placed("O1")
    line.renew_with = None
    shown = line.rest_order(order, "open")
    shown["descr"] |= {"price": price}
    line.answers["QueryOrders"] = {"O1": shown}
    line.amend(order, limit_price="101")
    line.wait(74.0)
    assert order.record.amend == "UNKNOWN"
    line.wait(60.0)
    assert (order.record.amend, order.record.limit_price) == ("", D(price))
    assert what in [event.what for event in order.timeline]


def test_a_refused_amendment_leaves_the_order_as_it_was() -> None:
    """The exchange's words are shown, and another amendment may follow."""
    line = Line().open()
    order = line.placed("O1")
    line.amend(order, limit_price="101")
    line.reject("EOrder:Insufficient funds", "amend_order")
    assert (order.state, order.record.limit_price, order.record.amending) == (OrderState.OPEN, D(100), ())
    assert order.record.error == "EOrder:Insufficient funds"
    line.amend(order, limit_price="99")
    assert len(line.sent("amend_order")) == 2


def test_a_second_amendment_waits_for_the_first() -> None:
    """Two at once could not be told apart."""
    line = Line().open()
    order = line.placed("O1")
    line.amend(order, limit_price="101")
    with pytest.raises(OrderRefused, match="not settled"):
        line.amend(order, limit_price="102")


def edit(line: Line, order_id: str = "OX") -> tuple[OrderState, OrderState]:
    """Edit an order; gives the states of the old and the new one."""
    request = EditOrder(order_id=order_id, symbol="BTC/USD", order_qty=D(2), token="")
    orders = line.account.begin(request, [], line.at)
    line.account.send(Cleared(request), orders, line.at)
    line.flush()
    return orders[0].state, orders[1].state


OLD: dict[str, Any] = {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "1", "limit_price": "90"}


def test_an_edit_gives_a_new_order_in_the_place_of_the_old_one() -> None:
    """The answer names the new order; the executions end the old one."""
    line = Line().open(report("OX", "new", "status", **OLD))
    assert edit(line) == (OrderState.OPEN, OrderState.IN_FLIGHT)
    line.respond("edit_order", EditOrderResult("ON", "OX"), req_id=line.frames[-1]["req_id"])
    line.hear(report("OX", "canceled", at=1.0), report("ON", "new", at=1.0))
    old, new = line.now.orders
    assert (old.state, new.state, new.order_id, new.order_qty) == (OrderState.CANCELED, OrderState.OPEN, "ON", D(2))


@pytest.mark.promise("O-11")
def test_an_edit_without_an_answer_leaves_both_orders_unknown_until_each_is_settled() -> None:
    """The replacement is found by the order that it refers to, the old one by its id."""
    line = Line().open(report("OX", "new", "status", **OLD))
    edit(line)
    line.wait(6.0)
    assert [record.state for record in line.now.orders] == [OrderState.UNKNOWN, OrderState.UNKNOWN]
    line.hear(report("ON", "pending_new", at=1.0, ord_ref_id="OX", **OLD), report("ON", "new", at=1.0))
    line.hear(report("OX", "canceled", at=1.0, reason="User requested"))
    old, new = line.now.orders
    assert (old.state, new.state, new.order_id) == (OrderState.CANCELED, OrderState.OPEN, "ON")
    assert len(line.sent("edit_order")) == 1


@pytest.mark.promise("O-11")
def test_what_was_edited_existed_and_is_never_proved_absent() -> None:
    """The replacement is; the old order stays in doubt until somebody speaks of it."""
    line = Line().open(report("OX", "new", "status", **OLD))
    edit(line)
    line.wait(300.0)
    old, new = line.now.orders
    assert (old.state, new.state) == ("UNKNOWN", "NOT_PLACED")


@pytest.mark.promise("O-11")
def test_a_nameless_order_that_could_be_the_replacement_keeps_it_in_doubt() -> None:
    """Nothing in it says that it is, so nothing is concluded either way."""
    line = Line().open(report("OX", "new", "status", **OLD))
    line.wait(10.0)
    edit(line)
    nameless = {
        "refid": None, "status": "closed", "opentm": line.at.wall_ns / 1e9 + 1, "closetm": line.at.wall_ns / 1e9 + 2,
        "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "90"}, "vol": "2", "vol_exec": "2",
    }  # fmt: skip
    line.answers["ClosedOrders"] = {"closed": {"O?": nameless}}
    line.wait(300.0)
    assert line.now.orders[1].state == "UNKNOWN"


# --- alarms ---------------------------------------------------------------------------------------------------------


@pytest.mark.promise("S-11")
@pytest.mark.fault("F-091")
def test_repeated_and_reordered_reports_change_nothing() -> None:
    """The filled quantity is exact whatever comes twice or too late."""
    line = Line().open()
    order = line.placed("O1")
    one, two = line.fill("O1", "T1", "0.25", "0.25"), line.fill("O1", "T2", "0.25", "0.5")
    line.hear(two, one, one, two, report("O1", "new"), one)
    assert (order.state, order.filled, len(order.fills)) == (OrderState.PARTIAL, D("0.5"), 2)


@pytest.mark.promise("S-11")
@pytest.mark.fault("F-092")
def test_a_fill_told_twice_with_other_figures_keeps_the_first_and_raises_the_alarm() -> None:
    """Whichever is wrong, it is not added up silently."""
    line = Line().open()
    order = line.placed("O1")
    line.hear(line.fill("O1", "T1", "0.25", "0.25"))
    line.hear(line.fill("O1", "T1", "0.75", "0.25"))
    assert (order.filled, order.fills[0].qty) == (D("0.25"), D("0.25"))
    (alarm,) = line.now.alarms
    assert "T1" in alarm.what
    assert alarm.order == "O1"
    assert any(kind == "alarm" for kind, _ in line.audit)


@pytest.mark.promise("O-08")
@pytest.mark.fault("F-095")
def test_an_overfill_is_shown_and_not_clipped() -> None:
    """More than was ordered is what it is, and is said aloud once."""
    line = Line().open()
    order = line.placed("O1")
    line.hear(line.fill("O1", "T1", "1.5", "1.5"), report("O1", "filled", cum_qty="1.5"))
    assert (order.filled, order.record.overfilled, order.remaining) == (D("1.5"), True, D(0))
    assert len(line.now.alarms) == 1


@pytest.mark.promise("S-14")
@pytest.mark.fault("F-094")
def test_an_unknown_status_is_shown_as_it_came_and_counts_as_possibly_open() -> None:
    """Nothing unknown is mapped to an end."""
    line = Line().open()
    order = line.placed("O1")
    line.hear(report("O1", "suspended", "liquidation_review"))
    assert (order.record.exchange_status, order.record.possibly_open) == ("suspended", True)


@pytest.mark.promise("O-07")
def test_late_truth_after_a_rejection_is_applied_and_said_aloud() -> None:
    """The executions are the truth, even against the exchange's own refusal."""
    line = Line().open()
    order = line.place()
    line.reject("EOrder:Insufficient funds")
    line.hear(*line.resting(order, "O1"))
    assert order.state == "OPEN"
    assert len(line.now.alarms) == 1


def test_somebody_elses_order_under_our_client_id_is_not_ours() -> None:
    """The exchange lets an id be used again once its order has ended: that second order must not hide in the first."""
    line = Line().open()
    order = line.placed("O1")
    line.hear(line.fill("O1", "T1", "1", "1"), report("O1", "filled", cum_qty="1"))
    line.hear(*line.resting(order, "O2"))
    assert (order.order_id, order.state) == ("O1", OrderState.FILLED)
    assert [(record.order_id, record.external) for record in line.now.open] == [("O2", True)]
    assert len(line.now.alarms) == 1


# --- what else an account knows -------------------------------------------------------------------------------------


@pytest.mark.promise("O-13")
def test_other_peoples_orders_are_shown_as_external_and_what_ours_spawn_as_ours() -> None:
    """A secondary order refers to the one of ours that made it."""
    line = Line().open(report("OX", "new", "status", **OLD))
    line.placed("O1")
    line.hear(report("OS", "pending_new", ord_ref_id="O1", **(OLD | {"side": "sell"})))
    assert [(record.order_id, record.external) for record in line.now.orders] == [
        ("OX", True),
        ("O1", False),
        ("OS", False),
    ]


def test_fills_of_the_past_are_shown_and_are_in_no_position() -> None:
    """The first snapshot tells of fifty fills; what was held before them is not known."""
    past: dict[str, Any] = {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "exec_id": "T0", "trade_id": 1}
    line = Line().open(report("OLD", "filled", "trade", last_qty="5", last_price="10", **past))
    order = line.placed("O1")
    line.hear(line.fill("O1", "T1", "1", "1"))
    assert [fill.exec_id for fill in line.now.fills] == ["T0", "T1"]
    (position,) = line.now.positions
    assert (position.net_qty, position.symbol) == (D(1), order.symbol)


def test_balances_are_totals_and_unknown_after_a_loss() -> None:
    """A snapshot, then the ledger's entries, each once; a loss makes all of it unknown."""
    line = Line().open()
    line.account.ledger(BalancesMessage(type="snapshot", data=[BalanceSnapshot("USD", D(100))], sequence=1), line.at)
    entry = LedgerEntry("L1", "R1", "2026-05-04T10:00:00Z", "trade", "USD", D(-10), D("0.1"), D("89.9"))
    for sequence in (2, 3):
        line.account.ledger(BalancesMessage(type="update", data=[entry], sequence=sequence), line.at)
    assert line.now.balances == {"USD": D("89.9")}
    line.account.doubted("balances", "a gap", line.at)
    assert line.now.balances is None


def test_an_asset_in_several_wallets_is_their_sum() -> None:
    """Whose balance an entry tells is not documented; what it moves is, and counts once."""
    line = Line().open()
    wallets = (Wallet("spot", "main", D(300)), Wallet("earn", "flex", D(200)))
    snapshot = BalancesMessage(type="snapshot", data=[BalanceSnapshot("DOT", D(500), None, wallets)], sequence=1)
    line.account.ledger(snapshot, line.at)
    entry = LedgerEntry("L1", "R1", "2026-05-04T10:00:00Z", "trade", "DOT", D(-10), D("0.1"), D("289.9"))
    for sequence in (2, 3):
        line.account.ledger(BalancesMessage(type="update", data=[entry], sequence=sequence), line.at)
    assert line.now.balances == {"DOT": D("489.9")}


def test_the_rate_counter_is_estimated_from_what_was_sent() -> None:
    """An add, an amend 7 s later and a cancel 36 s after that: 1 + (1 + 2) + 4, less what has decayed."""
    line = Line().open()
    line.account.acknowledged(SubscribeResult(channel="executions", maxratecount=180), line.at)
    order = line.placed("O1")
    line.wait(7.0)
    line.amend(order, limit_price="101")
    assert line.now.rates["BTC/USD"].count == pytest.approx(3.0)
    line.respond("amend_order", AmendOrderResult("T1", cl_ord_id=order.cl_ord_id), req_id=line.frames[-1]["req_id"])
    line.hear(report("O1", "new", "amended", at=7.0, order_qty="1", limit_price="101"))
    line.wait(36.0)
    line.account.cancel([order], line.at)
    line.flush()
    assert line.now.rates["BTC/USD"].count == pytest.approx(4.0)
    assert line.now.rates["BTC/USD"].maximum == 180


@pytest.mark.promise("A-15")
def test_everything_that_happens_to_an_order_is_written_down() -> None:
    """Confirmed, sent, answered, changed, filled; the token is nowhere in it."""
    line = Line().open()
    line.placed("O1")
    line.hear(line.fill("O1", "T1", "1", "1"), report("O1", "filled", cum_qty="1"))
    kinds = [kind for kind, _ in line.audit]
    assert {"order", "sent", "answer", "executions", "fill"} <= set(kinds)
    states = [fields["state"] for kind, fields in line.audit if kind == "order"]
    assert states[0] == "CONFIRMED"
    assert states[-1] == "FILLED"
    assert "TOKEN" not in repr(line.audit)


def test_watchers_hear_of_changes_and_versions_go_up() -> None:
    """Tables need not ask whether anything happened."""
    line = Line()
    versions: list[int] = []
    line.account.watchers = (lambda: versions.append(line.now.version),)
    line.open()
    line.placed("O1")
    assert versions == sorted(set(versions))
    assert len(versions) >= 3


def test_watchers_hear_that_the_account_is_known_though_nothing_is_open() -> None:
    """Balances may come first; the empty snapshot after them is what a first proposal waits for."""
    line = Line()
    heard: list[bool] = []
    line.account.watchers = (lambda: heard.append(line.now.reconciled),)
    line.account.opened(line.at)
    line.account.ledger(BalancesMessage(type="snapshot", data=[], sequence=1), line.at)
    line.flush()
    assert heard
    assert not any(heard)
    line.snapshot()
    assert heard[-1] is True


@pytest.mark.promise("O-05")
def test_only_an_unknown_order_can_be_acknowledged() -> None:
    """Acknowledging names one order of which nobody knows whether it exists."""
    line = Line().open()
    order = line.place()
    assert order.cl_ord_id is not None
    with pytest.raises(BadArgument):
        line.account.acknowledge(order.cl_ord_id, line.at)
    line.wait(6.0)
    line.account.acknowledge(order.cl_ord_id, line.at)
    assert order.cl_ord_id in line.now.acknowledged
    assert order.state == "UNKNOWN"
