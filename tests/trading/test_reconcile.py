"""What is found out after something was lost, and what is never concluded."""

from __future__ import annotations

from typing import Any

import pytest

from kraken_lab.trading.doubt import LISTS
from kraken_lab.trading.order import Order
from kraken_lab.trading.rules import OrderSettings
from kraken_lab.wire import AddOrderResult

from .line import D, Line, report

QUICK = OrderSettings(order_deadline=1, settle_margin=1, rest_lag=10)
"""Times that make a test's figures short: settled after 2 s, lists count from 10 s on."""

OLD: dict[str, Any] = {
    "symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "1", "limit_price": "90",
}  # fmt: skip


def asked(line: Line, name: str) -> list[float]:
    """When REST was asked for a list."""
    return [seconds for seconds, query in line.queries if query.name == name]


# --- NOT_PLACED -----------------------------------------------------------------------------------------------------


@pytest.mark.promise("O-04")
@pytest.mark.fault("F-074")
def test_a_lost_request_is_not_placed_once_everything_proves_it() -> None:
    """With the real times: unknown at 5 s, a fresh snapshot from 7 s on, three lists from 75 s on; one frame."""
    line = Line().open()
    order = line.place()
    line.wait(74.9)
    assert order.state == "UNKNOWN"
    line.wait(1.0)
    assert order.state == "NOT_PLACED"
    assert line.renewals
    assert min(line.renewals) >= 7.0
    assert {name: max(asked(line, name)) >= 75.0 for name in LISTS} == dict.fromkeys(LISTS, True)
    line.wait(300.0)
    assert len(line.sent("add_order")) == 1


@pytest.mark.promise("O-04")
@pytest.mark.fault("F-081")
@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_cannot_be_had_leaves_the_doubt(name: str) -> None:
    """Each of the three is needed; when REST works again the doubt is settled."""
    line = Line(QUICK).open()
    line.rest_down = {name}
    order = line.place()
    line.wait(200.0)
    assert order.state == "UNKNOWN"
    assert order.cl_ord_id in line.now.doubtful_since
    line.rest_down = set()
    line.wait(60.0)
    assert order.state == "NOT_PLACED"


@pytest.mark.promise("O-04")
def test_without_a_fresh_snapshot_nothing_is_concluded() -> None:
    """The snapshot from before the order was sent says nothing about it."""
    line = Line(QUICK).open()
    line.renew_with = None
    order = line.place()
    line.wait(200.0)
    assert order.state == "UNKNOWN"


@pytest.mark.promise("O-04")
def test_an_unreadable_answer_is_no_answer() -> None:
    """A list of another shape is not an empty list."""
    line = Line(QUICK).open()
    line.answers["ClosedOrders"] = {"closed": ["?"]}
    order = line.place()
    line.wait(200.0)
    assert order.state == "UNKNOWN"


@pytest.mark.promise("O-04")
@pytest.mark.fault("F-082")
def test_a_rest_view_that_lags_leads_to_no_false_conclusion() -> None:
    """For 60 s REST knows nothing of an order that rests; it is asked again later, and found."""
    line = Line().open()
    line.renew_with = None  # nor does the stream say anything
    order = line.place()

    def after_a_minute(fields: dict[str, str]) -> Any:
        return {"open": {"O1": line.rest_order(order, "open")} if line.seconds > 60 else {}}

    line.answers["OpenOrders"] = after_a_minute
    line.wait(60.0)
    assert order.state == "UNKNOWN"
    line.wait(30.0)
    assert (order.state, order.order_id) == ("OPEN", "O1")
    assert len(line.sent("add_order")) == 1


@pytest.mark.promise("O-04")
def test_the_clocks_uncertainty_is_waited_for() -> None:
    """The engine's deadline may be later than we think by as much."""
    from kraken_lab.trading.reconcile import Clocks

    line = Line(QUICK, clocks=Clocks(uncertainty=lambda: 100.0)).open()
    order = line.place()
    line.wait(101.9)
    assert order.state == "UNKNOWN"
    line.wait(40.0)
    assert order.state == "NOT_PLACED"


@pytest.mark.promise("O-09")
@pytest.mark.fault("F-076")
def test_an_instant_fill_is_found_among_the_closed_orders() -> None:
    """Neither answer nor reports came: it is not open, and it is not absent either."""
    line = Line().open()
    order = line.place()
    line.answers["ClosedOrders"] = {"closed": {"O1": line.rest_order(order, "closed", filled="1", trades=["T1", "T2"])}}
    line.answers["QueryTrades"] = {"T1": line.rest_trade("O1", "0.4", "99"), "T2": line.rest_trade("O1", "0.6", "101")}
    line.wait(7.0)
    assert (order.state, order.filled, order.avg_price) == ("FILLED", D(1), D("100.2"))
    assert not order.record.unverified
    assert len(line.sent("add_order")) == 1


@pytest.mark.promise("O-04")
def test_a_trade_of_an_order_nobody_knows_is_looked_into_before_anything_is_concluded() -> None:
    """The list of trades names orders by the exchange's ids only: one of them could be ours."""
    line = Line(QUICK).open()
    line.rest_down = {"QueryOrders"}
    order = line.place()
    line.answers["TradesHistory"] = {"trades": {"T1": line.rest_trade("OX", "1")}, "count": 1}
    line.wait(100.0)
    assert order.state == "UNKNOWN"
    line.answers["QueryOrders"] = {"OX": line.rest_order(order, "closed", filled="1", trades=["T1"])}
    line.answers["QueryTrades"] = {"T1": line.rest_trade("OX", "1")}
    line.rest_down = set()
    line.wait(100.0)
    assert (order.state, order.order_id, order.filled) == ("FILLED", "OX", D(1))


@pytest.mark.promise("O-04")
def test_a_second_page_of_trades_is_read_before_anything_is_concluded() -> None:
    """A full page may have another one behind it."""
    line = Line(QUICK).open(*(report(f"OX{i}", "new", "status", **OLD) for i in range(2)))
    order = line.place()
    pages: list[str] = []

    def paged(fields: dict[str, str]) -> Any:
        pages.append(fields.get("ofs", "0"))
        count = 50 if "ofs" not in fields else 3
        return {"trades": {f"T{pages[-1]}-{i}": line.rest_trade("OX0", "0.001") for i in range(count)}, "count": 53}

    line.renew_with = lambda: [report(f"OX{i}", "new", "status", **OLD) for i in range(2)]
    line.answers["TradesHistory"] = paged
    line.wait(60.0)
    assert order.state == "NOT_PLACED"
    assert pages[:2] == ["0", "50"]


@pytest.mark.promise("O-07")
def test_a_report_after_not_placed_is_applied_and_said_aloud() -> None:
    """Even what was proved to be absent may turn up."""
    line = Line(QUICK).open()
    order = line.place()
    line.wait(60.0)
    assert order.state == "NOT_PLACED"
    line.hear(*line.resting(order, "O1"))
    assert order.state == "OPEN"
    (alarm,) = line.now.alarms
    assert "NOT_PLACED" in alarm.what


def test_a_late_refusal_settles_the_doubt() -> None:
    """The answer to that very request, whenever it comes, says what became of it."""
    line = Line().open()
    order = line.place()
    line.wait(8.0)
    line.reject("EOrder:Insufficient funds")
    assert order.state == "REJECTED"


def test_a_refusal_that_the_stream_contradicts_changes_nothing() -> None:
    """The order is in the book: the answer is said aloud and ignored."""
    line = Line().open()
    order = line.place()
    line.hear(*line.resting(order, "O1"))
    line.reject("EOrder:Insufficient funds")
    assert order.state == "OPEN"
    assert len(line.now.alarms) == 1


# --- reconnecting ---------------------------------------------------------------------------------------------------


@pytest.mark.promise("O-15")
def test_new_orders_are_refused_from_the_loss_until_the_snapshot_is_reconciled() -> None:
    """Without a connection, and with one whose snapshot is not in: RECONCILING."""
    line = Line().open()
    assert line.now.reconciled
    line.close()
    assert line.now.reconciling == "RECONCILING: there is no private connection"
    line.account.opened(line.at)
    order = line.place()
    assert order.state == "REFUSED"
    assert "RECONCILING" in order.record.error
    line.snapshot()
    assert line.now.reconciled
    assert line.place().state == "IN_FLIGHT"


@pytest.mark.promise("O-15")
def test_a_gap_in_the_stream_closes_the_gate_too() -> None:
    """A sequence that jumped is a loss like a broken connection."""
    line = Line().open()
    order = line.placed("O1")
    line.account.doubted("executions", "a gap", line.at)
    assert (line.account.reconciled, order.record.unverified, order.state) == (False, True, "OPEN")
    line.snapshot(line.resting(order, "O1")[0])
    assert (line.account.reconciled, order.record.unverified) == (True, False)


@pytest.mark.promise("O-09")
@pytest.mark.promise("O-15")
@pytest.mark.fault("F-079")
def test_a_silent_fill_is_found_by_query_before_new_orders_are_allowed() -> None:
    """The snapshot does not name it, which proves nothing; REST does."""
    line = Line().open()
    order = line.placed("O1")
    line.close()
    line.rest_down = {"QueryOrders"}
    line.wait(5.0)
    line.open()
    assert (order.state, order.record.unverified) == ("OPEN", True)
    line.wait(30.0)
    assert (order.state, line.account.reconciled) == ("OPEN", False)
    line.rest_down = set()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "closed", filled="1", trades=["T1"])}
    line.answers["QueryTrades"] = {"T1": line.rest_trade("O1", "1", "100")}
    line.wait(30.0)
    assert (order.state, order.filled, line.account.reconciled) == ("FILLED", D(1), True)
    assert not order.record.unverified


@pytest.mark.promise("O-09")
@pytest.mark.fault("F-080")
def test_a_cancel_from_elsewhere_is_shown_after_a_query_and_not_by_absence() -> None:
    """Missing from the snapshot it is unverified; REST says that it was cancelled."""
    line = Line().open()
    order = line.placed("O1")
    line.close()
    line.rest_down = {"QueryOrders"}
    line.open()
    line.wait(2.0)
    assert order.state == "OPEN"
    line.rest_down = set()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "canceled")}
    line.wait(10.0)
    assert (order.state, order.record.reason) == ("CANCELED", "User requested")


@pytest.mark.promise("S-12")
@pytest.mark.fault("F-083")
def test_rest_cannot_reopen_what_the_stream_ended() -> None:
    """It lags; the end stays the end."""
    line = Line().open()
    order = line.placed("O1")
    line.close()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "open")}
    line.account.opened(line.at)
    line.snapshot(line.resting(order, "O1")[0])
    line.hear(line.fill("O1", "T1", "1", "1"), report("O1", "filled", cum_qty="1"))
    line.wait(60.0)
    assert (order.state, order.filled) == ("FILLED", D(1))
    assert line.now.alarms == ()


def test_rest_that_shows_an_order_open_counts_only_when_asked_late_enough() -> None:
    """Absent from the snapshot and open in REST: for rest_lag seconds REST may simply not know better."""
    line = Line(QUICK).open()
    order = line.placed("O1")
    line.close()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "open")}
    line.open()
    line.wait(9.0)
    assert (order.record.unverified, line.account.reconciled) == (True, False)
    line.wait(30.0)
    assert (order.state, order.record.unverified, line.account.reconciled) == ("OPEN", False, True)


def test_an_unknown_order_keeps_only_its_own_symbol_waiting() -> None:
    """After both lists came in without it the account is reconciled; the order itself stays UNKNOWN."""
    line = Line().open()
    order = line.place()
    line.close()
    line.rest_down = {"ClosedOrders"}
    line.open()
    line.wait(3.0)
    assert order.key in line.now.reconciling
    line.rest_down = set()
    line.wait(10.0)
    assert (order.state, line.account.reconciled) == ("UNKNOWN", True)


def test_lists_from_before_the_snapshot_do_not_account_for_an_order() -> None:
    """They were asked for while nothing was known; what was placed meanwhile would not be in them."""
    line = Line().open()
    line.rest_held = {"OpenOrders", "ClosedOrders"}
    order = line.place()
    line.close()
    line.wait(2.0)
    line.rest_down = {"OpenOrders", "ClosedOrders"}
    line.open()
    line.release()
    assert order.key in line.now.reconciling
    line.rest_down = set()
    line.wait(10.0)
    assert line.account.reconciled


def test_fills_that_were_missed_are_fetched_one_by_one() -> None:
    """The snapshot says that more was filled than is known here: unverified until each fill is."""
    line = Line().open()
    order = line.placed("O1")
    line.hear(line.fill("O1", "T1", "0.2", "0.2"))
    line.close()
    line.rest_down = {"QueryTrades"}
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "open", filled="0.5", trades=["T1", "T2"])}
    line.answers["QueryTrades"] = {"T2": line.rest_trade("O1", "0.3", "98")}
    line.open(report("O1", "partially_filled", "status", cum_qty="0.5", **(OLD | {"limit_price": "100"})))
    assert (order.filled, order.record.unverified) == (D("0.2"), True)
    line.wait(5.0)
    assert order.record.unverified
    line.rest_down = set()
    line.wait(60.0)
    assert (order.filled, order.record.unverified, order.state) == (D("0.5"), False, "PARTIAL")


@pytest.mark.promise("S-18")
def test_back_online_nothing_is_trusted_before_a_fresh_snapshot() -> None:
    """What was open before a maintenance may not be any more."""
    line = Line().open()
    order = line.placed("O1")
    line.renew_with = None
    line.status("maintenance")
    line.status("online")
    assert (order.record.unverified, line.account.reconciled, line.renewals) == (True, False, [0.0])
    line.snapshot(line.resting(order, "O1")[0])
    assert (order.record.unverified, line.account.reconciled) == (False, True)


# --- a new kernel ---------------------------------------------------------------------------------------------------


def restarted(line: Line) -> Line:
    """A new kernel that has only what the old one wrote down."""
    new = Line()
    new.take_up(line.audit)
    return new


@pytest.mark.promise("O-14")
@pytest.mark.fault("F-101")
def test_a_new_kernel_reconciles_what_the_old_one_left() -> None:
    """Open, partly filled and unknown orders: first RECONCILING, then the truth, and not one new frame."""
    old = Line().open()
    resting = old.placed("O1")
    partial = old.placed("O2")
    old.hear(old.fill("O2", "T1", "0.3", "0.3"))
    unknown = old.place()
    old.wait(6.0)
    states = [unknown.state, resting.state, partial.state]
    assert states == ["UNKNOWN", "OPEN", "PARTIAL"]

    new = restarted(old)
    assert [record.state for record in new.now.orders] == ["OPEN", "PARTIAL", "UNKNOWN"]
    assert all(record.unverified for record in new.now.orders)
    assert new.now.reconciling
    assert new.place().state == "REFUSED"
    described = new.resting(resting, "O1")[0]
    new.answers["QueryOrders"] = {"O2": new.rest_order(partial, "canceled", filled="0.3", trades=["T1"])}
    new.answers["ClosedOrders"] = {"closed": {"O3": new.rest_order(unknown, "closed", filled="1", trades=["T3"])}}
    new.answers["QueryTrades"] = {"T3": new.rest_trade("O3", "1")}
    new.open(described)
    new.wait(3.0)
    found = {record.cl_ord_id: (record.state, record.filled_qty) for record in new.now.orders}
    assert found[resting.cl_ord_id] == ("OPEN", D(0))
    assert found[partial.cl_ord_id] == ("CANCELED", D("0.3"))
    assert found[unknown.cl_ord_id] == ("FILLED", D(1))
    assert new.now.reconciled
    assert new.frames == []


@pytest.mark.promise("O-06")
def test_a_new_kernel_remembers_every_client_id() -> None:
    """The audit log is the registry."""
    old = Line().open()
    order = old.place()
    old.reject("EOrder:Insufficient funds")
    new = restarted(old)
    assert order.cl_ord_id is not None
    assert new.account.find(order.cl_ord_id) is not None


@pytest.mark.promise("O-14")
def test_what_was_on_its_way_is_unknown_and_then_not_placed() -> None:
    """Confirmed, and whether it was sent is not written: it is never sent now, and proved absent in time."""
    old = Line().open()
    old.begin()
    new = restarted(old).open()
    (order,) = new.account.orders
    assert order.state == "UNKNOWN"
    new.wait(120.0)
    assert order.state == "NOT_PLACED"
    assert new.frames == []


def test_a_fill_of_an_earlier_kernel_is_counted_once() -> None:
    """The snapshot tells of it again."""
    old = Line().open()
    order = old.placed("O1")
    fill = old.fill("O1", "T1", "0.3", "0.3")
    old.hear(fill)
    new = restarted(old).open(old.resting(order, "O1")[0], fill)
    (restored,) = new.account.orders
    assert (restored.filled, len(restored.fills), restored.state) == (D("0.3"), 1, "PARTIAL")


# --- the same answer for different orders ---------------------------------------------------------------------------


def test_an_external_order_that_turns_out_to_be_ours_is_merged() -> None:
    """Its full description came without our client id, before the answer that names it."""
    line = Line().open()
    order: Order = line.place()
    described, rests = line.resting(order, "O1")
    nameless = report("O1", "pending_new", **(OLD | {"limit_price": "100"}))
    line.hear(nameless, line.fill("O1", "T1", "0.4", "0.4"))
    assert [record.external for record in line.now.open] == [False, True]
    line.respond("add_order", AddOrderResult("O1", order.cl_ord_id), req_id=line.frames[-1]["req_id"])
    assert [record.order_id for record in line.now.open] == ["O1"]
    assert (order.state, order.filled) == ("PARTIAL", D("0.4"))
    line.hear(described, rests)
    assert (order.state, line.now.alarms) == ("PARTIAL", ())


def test_a_snapshots_fill_of_an_ended_order_need_not_be_the_only_one() -> None:
    """It bears the final status and no total: the order is unverified until every fill is accounted for."""
    line = Line().open()
    order = line.placed("O1")
    line.close()
    line.rest_down = {"QueryOrders"}
    fields = {name: getattr(line.fill("O1", "T1", "0.4", "0.4"), name) for name in ("symbol", "side", "exec_id")}
    line.open(report("O1", "filled", "trade", last_qty="0.4", last_price="100", order_type="limit", **fields))
    assert (order.state, order.filled, order.record.unverified) == ("FILLED", D("0.4"), True)
    line.rest_down = set()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "closed", filled="1", trades=["T1", "T2"])}
    line.answers["QueryTrades"] = {"T2": line.rest_trade("O1", "0.6")}
    line.wait(10.0)
    assert (order.filled, order.record.unverified, line.now.alarms) == (D(1), False, ())
    assert line.queries[-1][1].fields == (("txid", "T2"),)


def test_a_snapshots_fills_of_an_ended_order_are_added_up_without_alarm() -> None:
    """Each of them bears the final status; together they are all of it."""
    line = Line().open()
    order = line.placed("O1")
    line.close()
    fields: dict[str, Any] = {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "last_price": "100"}
    line.open(
        report("O1", "filled", "trade", exec_id="T1", last_qty="0.4", **fields),
        report("O1", "filled", "trade", exec_id="T2", last_qty="0.6", **fields),
    )
    assert (order.state, order.filled, order.record.unverified, line.now.alarms) == ("FILLED", D(1), False, ())
