"""The kill: every road, three true lists within ten seconds, and no giving up."""

from __future__ import annotations

from typing import Any

import pytest

from kraken_lab.trading.kill import Kill, KillReport
from kraken_lab.wire import CancelAllResult

from .line import START_NS, Line, moment, report

OLD: dict[str, Any] = {
    "symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "1", "limit_price": "90",
}  # fmt: skip


def lists(report: KillReport | None) -> dict[str, list[str]]:
    """The three lists as ids."""
    assert report is not None
    return {
        "cancelled": sorted(order.order for order in report.cancelled),
        "filled": sorted(order.order for order in report.filled),
        "not confirmed": sorted(order.order for order in report.unconfirmed),
    }


def killed(line: Line) -> None:
    """Kill, and write what there is to write."""
    line.account.kill(line.at)
    line.flush()


@pytest.mark.promise("A-12")
@pytest.mark.promise("O-13")
@pytest.mark.fault("F-122")
@pytest.mark.fault("F-102")
def test_a_kill_says_truly_what_was_cancelled_filled_and_not_confirmed() -> None:
    """Ten open orders: one is filled meanwhile, of one nothing is heard; somebody else's is cancelled too."""
    line = Line().open(report("OX", "new", "status", **OLD))
    for i in range(9):
        line.placed(f"O{i}")
    line.rest_down = {"OpenOrders", "ClosedOrders", "QueryOrders"}
    line.renew_with = None
    killed(line)
    assert line.frames[-1]["method"] == "cancel_all"
    assert [query.name for _, query in line.queries[-3:]] == ["CancelAll", "OpenOrders", "ClosedOrders"]
    line.respond("cancel_all", CancelAllResult(count=9), req_id=line.frames[-1]["req_id"])
    line.hear(line.fill("O0", "T1", "1", "1"), report("O0", "filled", cum_qty="1"))
    line.hear(*(report(f"O{i}", "canceled") for i in range(2, 9)), report("OX", "canceled"))
    line.wait(10.0)
    told = line.now.kill
    assert lists(told) == {
        "cancelled": ["O2", "O3", "O4", "O5", "O6", "O7", "O8", "OX"],
        "filled": ["O0"],
        "not confirmed": ["O1"],
    }
    assert told is not None
    assert not told.complete
    assert told.seconds <= 10.0
    line.hear(report("O1", "canceled"))
    line.rest_down = set()
    line.wait(20.0)
    assert line.now.kill is not None
    assert line.now.kill.complete
    assert lists(line.now.kill)["not confirmed"] == []
    audited = [fields for kind, fields in line.audit if kind == "kill"]
    assert [fields.get("complete") for fields in audited] == [None, False, True]


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-123")
def test_a_kill_without_a_connection_uses_rest() -> None:
    """What REST knows fills the lists; the socket is used as soon as there is one."""
    line = Line().open()
    order = line.placed("O1")
    line.close()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "canceled")}
    line.answers["ClosedOrders"] = {"closed": {"O1": line.rest_order(order, "canceled")}}
    killed(line)
    line.wait(3.0)
    assert lists(line.now.kill) == {"cancelled": ["O1"], "filled": [], "not confirmed": []}
    assert line.now.kill is not None
    assert line.now.kill.complete


@pytest.mark.promise("A-12")
def test_what_had_ended_a_moment_before_is_not_the_kills() -> None:
    """REST names it among the closed ones, within what two clocks may differ; here it is known that it was over."""
    line = Line().open()
    order = line.placed("O1")
    line.hear(line.fill("O1", "T1", "1", "1"), report("O1", "filled", cum_qty="1"))
    closed = line.rest_order(order, "closed")
    line.answers["ClosedOrders"] = {"closed": {"O1": closed}}
    line.wait(0.5)
    killed(line)
    line.wait(3.0)
    assert line.now.kill is not None
    assert line.now.kill.complete
    assert lists(line.now.kill) == {"cancelled": [], "filled": [], "not confirmed": []}


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-123")
def test_a_kill_without_rest_uses_the_socket() -> None:
    """A fresh snapshot without open orders completes it."""
    line = Line().open()
    line.placed("O1")
    line.rest_down = {"CancelAll", "OpenOrders", "ClosedOrders", "QueryOrders"}
    killed(line)
    line.respond("cancel_all", CancelAllResult(count=1), req_id=line.frames[-1]["req_id"])
    line.hear(report("O1", "canceled"))
    line.wait(5.0)
    assert line.now.kill is not None
    assert any("REST" in answer and "failed" in answer for answer in line.now.kill.answers)
    line.respond("cancel_all", CancelAllResult(count=0), req_id=line.frames[-1]["req_id"])
    line.wait(1.0)
    assert line.now.kill.complete
    assert lists(line.now.kill)["cancelled"] == ["O1"]


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-123")
def test_a_kill_without_any_road_says_not_confirmed_and_goes_on() -> None:
    """It keeps trying for as long as it takes, and finishes when one road is back."""
    line = Line().open()
    order = line.placed("O1")
    line.close()
    line.rest_down = {"CancelAll", "OpenOrders", "ClosedOrders", "QueryOrders"}
    killed(line)
    line.wait(600.0)
    assert lists(line.now.kill)["not confirmed"] == ["O1"]
    assert str(line.now.kill).startswith("Kill after 600.0 s, NOT complete")
    line.open(line.resting(order, "O1")[0])
    assert line.frames[-1]["method"] == "cancel_all"
    line.respond("cancel_all", CancelAllResult(count=1), req_id=line.frames[-1]["req_id"])
    line.hear(report("O1", "canceled"))
    line.rest_down = set()
    line.wait(20.0)
    assert line.now.kill is not None
    assert line.now.kill.complete


@pytest.mark.promise("A-12")
def test_an_order_that_may_exist_is_not_confirmed_until_it_is_settled() -> None:
    """An unknown order is no cancelled one, however empty the lists are."""
    line = Line().open()
    order = line.place()
    killed(line)
    line.wait(10.0)
    assert lists(line.now.kill)["not confirmed"] == [order.cl_ord_id]
    line.wait(200.0)
    assert order.state == "NOT_PLACED"
    assert lists(line.now.kill) == {"cancelled": [], "filled": [], "not confirmed": []}


def test_a_kill_takes_back_what_was_confirmed_and_not_sent() -> None:
    """Nothing may slip through behind it."""
    line = Line().open()
    order, _ = line.begin()
    killed(line)
    assert order.state == "REFUSED"
    assert line.sent("add_order") == []


@pytest.mark.promise("A-13")
def test_an_incomplete_kill_is_taken_up_by_the_next_kernel() -> None:
    """The new account knows the orders from the audit log and goes on as soon as it has a line."""
    old = Line().open()
    order = old.placed("O1")
    old.rest_down = {"CancelAll", "OpenOrders", "ClosedOrders"}
    old.close()
    killed(old)
    new = Line()
    new.take_up(old.audit)
    new.rest_down = old.rest_down
    killed(new)
    assert new.frames == []
    new.open(new.resting(order, "O1")[0])
    assert [frame["method"] for frame in new.frames] == ["cancel_all"]


def test_a_terminals_kill_needs_rest_alone() -> None:
    """Orders it never heard of come from the lists: what was closed since, and what is still open."""
    kill = Kill(moment(0.0))
    first = kill.queries(moment(0.0))
    assert [query.name for query in first] == ["CancelAll", "OpenOrders", "ClosedOrders"]
    closed = {"descr": {"pair": "XBTUSD", "type": "buy"}, "vol": "1", "vol_exec": "0"}
    ended = {"status": "canceled", "closetm": START_NS / 1e9 + 1, **closed}
    before = {"status": "canceled", "closetm": START_NS / 1e9 - 30, **closed}
    filled = {"status": "closed", "closetm": START_NS / 1e9 + 1, **closed}
    kill.answered(first[0], {"count": 2}, moment(0.5))
    kill.answered(first[1], {"open": {"O4": {"status": "open", **closed}}}, moment(0.5))
    kill.answered(first[2], {"closed": {"O1": ended, "O2": before, "O3": filled}}, moment(0.5))
    assert lists(kill.report(moment(1.0))) == {"cancelled": ["O1"], "filled": ["O3"], "not confirmed": ["O4"]}
    assert kill.next_deadline() == 1.0
    kill.let_time_pass(moment(1.0))
    second = kill.queries(moment(1.0))
    kill.answered(second[1], {"open": {}}, moment(1.5))
    assert not kill.report(moment(2.0)).complete
    kill.answered(second[2], {"closed": {"O4": ended}}, moment(1.5))
    assert kill.complete
    assert kill.next_deadline() is None


def test_a_list_from_before_the_cancel_went_through_completes_nothing() -> None:
    """Nothing was open when it was asked, but something may have been on its way."""
    kill = Kill(moment(0.0))
    cancel, opened, closed = kill.queries(moment(0.0))
    kill.answered(opened, {"open": {}}, moment(0.1))
    kill.answered(closed, {"closed": {}}, moment(0.1))
    kill.answered(cancel, {"count": 0}, moment(0.2))
    assert not kill.report(moment(2.0)).complete


def test_a_query_that_nobody_answers_is_asked_again() -> None:
    """A hanging request must not stop the kill."""
    kill = Kill(moment(0.0))
    assert len(kill.queries(moment(0.0))) == 3
    kill.let_time_pass(moment(1.0))
    assert kill.queries(moment(1.0)) == []
    kill.let_time_pass(moment(11.0))
    assert len(kill.queries(moment(11.0))) == 3


def test_rest_that_lags_cannot_undo_what_the_stream_confirmed() -> None:
    """The order ended; that REST still shows it open is no news."""
    line = Line().open()
    order = line.placed("O1")
    line.answers["OpenOrders"] = {"open": {"O1": line.rest_order(order, "open")}}
    killed(line)
    line.hear(report("O1", "canceled"))
    line.wait(5.0)
    assert lists(line.now.kill) == {"cancelled": ["O1"], "filled": [], "not confirmed": []}
