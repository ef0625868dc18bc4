"""The order machine against random, repeated, reordered, late and missing reports."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kraken_lab.trading.evidence import Evidence, of_report
from kraken_lab.trading.legs import standing
from kraken_lab.trading.order import Order
from kraken_lab.trading.order_machine import LATE_TRUTH, TRANSITIONS, OrderMachine
from kraken_lab.trading.states import TERMINAL, OrderRecord, OrderState
from kraken_lab.trading.to_records import amended_terms
from kraken_lab.trading.words import in_words
from kraken_lab.wire import AddOrderResult, AmendOrder, ExecutionReport, Fee, Response

from .line import D, Line, limit, moment, report

ENDED = {"FILLED", "CANCELED", "EXPIRED"}


def machine(**fields: Any) -> OrderMachine:
    """A confirmed limit order for one."""
    record = OrderRecord(
        state=OrderState.CONFIRMED, order_id=None, cl_ord_id="a", symbol="BTC/USD", side="buy", order_type="limit",
        order_qty=D(1), limit_price=D(100), created_ns=0, updated_ns=0,
    )  # fmt: skip
    return OrderMachine("a", replace(record, **fields))


def told(order: OrderMachine, *reports: ExecutionReport) -> OrderMachine:
    """The machine after these reports of the stream."""
    for each in reports:
        order.hear(of_report(each, "stream", moment(0.0)))
    return order


def trade(
    exec_id: str, qty: str, *, at: float = 0.0, status: str = "partially_filled", **fields: Any
) -> ExecutionReport:
    """A fill at 100."""
    return report(
        "O1",
        status,
        "trade",
        at=at,
        exec_id=exec_id,
        last_qty=qty,
        last_price="100",
        fees=(Fee("USD", D(1)),),
        **fields,
    )


# --- the table ------------------------------------------------------------------------------------------------------


def test_nothing_follows_a_terminal_state_but_contradicting_evidence() -> None:
    """The table has no way out of them, and only conclusions of this side can be overruled."""
    assert TERMINAL.isdisjoint(TRANSITIONS)
    assert set(LATE_TRUTH) == {"CONFIRMED", "REFUSED", "REJECTED", "NOT_PLACED"}
    assert set(TRANSITIONS) | TERMINAL == set(OrderState)


def test_a_partial_fill_never_goes_back_to_open() -> None:
    """What was filled stays filled, whatever an older report says."""
    order = machine()
    order.sent(0.0, 0)
    told(order, trade("T1", "0.5", at=2.0), report("O1", "new", at=1.0), report("O1", "pending_new", at=1.0))
    assert order.state == "PARTIAL"
    assert not [event for event in order.timeline if event.what.startswith("ignored")]


def test_a_fill_under_an_unknown_word_is_a_partial_fill() -> None:
    """Whatever the exchange calls it, something was filled and the rest may be open."""
    order = machine()
    order.sent(0.0, 0)
    told(order, trade("T1", "0.5", status="suspended"))
    assert (order.state, order.record.exchange_status) == ("PARTIAL", "suspended")


@pytest.mark.promise("O-08")
def test_what_is_not_listed_is_noted_and_ignored() -> None:
    """A rejection of a filled order, a conclusion about an open one."""
    order = machine()
    order.sent(0.0, 0)
    told(order, report("O1", "new"))
    order.not_placed(1)
    order.refuse("too late", 2)
    order.sent(3.0, 3)
    assert order.state == "OPEN"
    assert [event.what for event in order.timeline[-3:]] == [
        "ignored: not placed: proved absent",
        "ignored: refused here: too late",
        "ignored: sent",
    ]


@pytest.mark.promise("O-07")
@pytest.mark.parametrize("conclusion", ["reject", "not_placed", "refuse"])
def test_evidence_overrules_a_conclusion_with_an_alarm(conclusion: str) -> None:
    """Rejected, proved absent, refused: the exchange's report is the truth."""
    order = machine()
    if conclusion == "refuse":
        order.refuse("no", 0)
    else:
        order.sent(0.0, 0)
        order.doubt("silence", 0)
        order.reject("EOrder:x", 0) if conclusion == "reject" else order.not_placed(0)
    assert order.state in TERMINAL
    told(order, report("O1", "new"))
    assert order.state == "OPEN"
    assert len(order.take_alarms()) == 1
    assert order.take_alarms() == []


def test_two_different_ends_are_an_alarm_and_the_first_one_stays() -> None:
    """Terminal states never change."""
    order = machine()
    order.sent(0.0, 0)
    told(order, report("O1", "canceled", reason="User requested"), report("O1", "expired"))
    assert (order.state, order.record.reason) == ("CANCELED", "User requested")
    assert len(order.take_alarms()) == 1


def test_a_fill_after_the_end_counts_and_is_no_alarm_when_the_end_had_counted_it() -> None:
    """The cancel's own report says how much was filled; a fill beyond that is news."""
    order = machine()
    order.sent(0.0, 0)
    told(order, report("O1", "canceled", cum_qty="0.4"))
    assert order.record.unverified
    told(order, trade("T1", "0.4"))
    assert (order.state, order.record.filled_qty, order.record.unverified) == ("CANCELED", D("0.4"), False)
    assert order.take_alarms() == []
    told(order, trade("T2", "0.1"))
    assert (order.state, order.record.filled_qty) == ("CANCELED", D("0.5"))
    assert len(order.take_alarms()) == 1


def test_the_last_fill_alone_does_not_end_an_order() -> None:
    """Its report still says partially filled; filled comes by itself."""
    order = machine()
    order.sent(0.0, 0)
    told(order, trade("T1", "1", cum_qty="1"))
    assert order.state == "PARTIAL"
    told(order, report("O1", "filled", cum_qty="1"))
    assert order.state == "FILLED"


def test_the_average_price_is_exact() -> None:
    """A third cannot be written; everything else is."""
    order = machine(order_qty=D(10))
    order.sent(0.0, 0)
    told(order, report("O1", "x", "trade", exec_id="T1", last_qty="1", last_price="0.0000000001"))
    told(order, report("O1", "x", "trade", exec_id="T2", last_qty="1000000000000000000", last_price="3"))
    assert order.record.cost == D("3000000000000000000.0000000001")
    assert order.record.filled_qty == D("1000000000000000001")
    lone = machine()
    lone.sent(0.0, 0)
    told(lone, report("O1", "x", "trade", exec_id="T1", last_qty="0.005", last_price="26599.9"))
    assert lone.record.avg_price == D("26599.9")


def test_the_average_price_is_of_the_fills_prices_and_the_cost_is_what_was_charged() -> None:
    """0.00005 at 63295.5 is 3.164775, of which the exchange charges 3.16478: a price of 63295.6 nobody paid."""
    order = machine()
    order.sent(0.0, 0)
    told(order, report("O1", "x", "trade", exec_id="T1", last_qty="0.00005", last_price="63295.5", cost="3.16478"))
    assert (order.record.avg_price, order.record.cost) == (D("63295.5"), D("3.16478"))


def test_a_limit_that_is_an_offset_is_no_price() -> None:
    """A trailing-stop-limit 10 from its trigger: said as such, until the trigger has made a price of it; and back."""
    order = machine(order_type="trailing-stop-limit", limit_price=None)
    order.sent(0.0, 0)
    told(order, report("O1", "new", order_type="trailing-stop-limit", limit_price="10", limit_price_type="quote"))
    assert (order.record.limit_price, order.record.limit_offset) == (None, D(10))
    assert in_words(order.record).endswith("limit +10 USD from its trigger")
    assert (standing(order.record).static_limit, standing(order.record).limit_price) == (None, D(10))
    told(order, report("O1", "new", "restated", at=1.0, limit_price="26010", limit_price_type="static"))
    assert order.record.limit_price == standing(order.record).static_limit == D(26010)
    assert "at 26010" in in_words(order.record)
    told(order, report("O1", "new", "amended", at=2.0, limit_price="-0.5", limit_price_type="pct"))
    assert (order.record.limit_price, order.record.limit_offset) == (None, D("-0.5"))
    assert in_words(order.record).endswith("limit -0.5 % from its trigger")


def test_an_amended_offset_is_known_by_its_report() -> None:
    """What was asked for is an offset too, so the report that tells of it settles it."""
    request = AmendOrder(order_id="O1", limit_price=D(5), limit_price_type="quote", token="")
    order = machine(order_type="trailing-stop-limit", limit_price=None)
    order.sent(0.0, 0)
    order.amend(amended_terms(request, "trailing-stop-limit"), "amend", 1)
    assert "limit_offset" in dict(order.record.amending)
    told(order, report("O1", "new", "amended", limit_price="5", limit_price_type="quote"))
    assert not order.record.amending
    assert order.record.limit_offset == D(5)


@pytest.mark.promise("O-16")
def test_an_older_description_cannot_undo_a_newer_amendment() -> None:
    """Terms carry the time they were told at; a snapshot says what is now, whatever time it bears."""
    order = machine()
    order.sent(0.0, 0)
    amended = report("O1", "new", "amended", at=5.0, limit_price="105", order_qty="2")
    described = report("O1", "pending_new", at=1.0, limit_price="100", order_qty="1", time_in_force="GTC")
    told(order, amended, described)
    assert (order.record.limit_price, order.record.order_qty, order.record.time_in_force) == (D(105), D(2), "gtc")
    snapshot = report("O1", "new", "status", at=1.0, limit_price="106", order_qty="2")
    order.hear(of_report(snapshot, "snapshot", moment(9.0)))
    assert order.record.limit_price == D(106)


def test_an_order_on_margin_is_known_as_one() -> None:
    """Also one that was placed elsewhere: what it holds, and what changing it needs, is another matter then."""
    order = machine()
    order.sent(0.0, 0)
    assert not order.record.margin
    assert told(order, report("O1", "new", margin=True)).record.margin


def test_rest_fills_in_what_is_missing_and_overrules_nothing_unless_it_is_sure() -> None:
    """It lags."""
    order = machine(time_in_force=None)
    order.sent(0.0, 0)
    told(order, report("O1", "new", "amended", at=5.0, limit_price="105"))
    stale = Evidence(
        source="rest", status="open", received_at_ns=0, order_id="O1", sure=False,
        terms={"limit_price": D(100), "time_in_force": "gtd"},
    )  # fmt: skip
    order.hear(stale)
    assert (order.record.limit_price, order.record.time_in_force) == (D(105), "gtd")
    order.hear(replace(stale, sure=True))
    assert order.record.limit_price == D(100)


# --- any order of arrival -------------------------------------------------------------------------------------------

LIFE = (
    report("O1", "pending_new", at=1, cl_ord_id="a", symbol="BTC/USD", side="buy", order_type="limit", order_qty="1"),
    report("O1", "new", at=1),
    trade("T1", "0.3", at=2, cum_qty="0.3"),
    trade("T2", "0.3", at=3, cum_qty="0.6"),
    report("O1", "partially_filled", "amended", at=4, limit_price="101", order_qty="0.9"),
    trade("T3", "0.3", at=5, cum_qty="0.9"),
    report("O1", "filled", at=6, cum_qty="0.9"),
)


@pytest.mark.promise("S-12")
@pytest.mark.promise("S-11")
@given(st.permutations(range(len(LIFE))), st.lists(st.integers(0, len(LIFE) - 1), max_size=6))
def test_any_order_and_any_repetition_of_a_life_leads_to_the_same_end(order: list[int], again: list[int]) -> None:
    """Each report at least once, in whatever order: one final state, one sum, the newest terms."""
    life = machine()
    life.sent(0.0, 0)
    ended = False
    for index in [*order, *again]:
        told(life, LIFE[index])
        ended = ended or life.state == "FILLED"
        assert not ended or life.state == "FILLED"
    record = life.record
    assert (record.state, record.filled_qty, record.avg_price) == ("FILLED", D("0.9"), D(100))
    assert (record.limit_price, record.order_qty, record.fees) == (D(101), D("0.9"), (("USD", D(3)),))
    assert not record.unverified
    assert life.take_alarms() == []


# --- the account against an exchange that is as bad as it can be ----------------------------------------------------


class _Venue:
    """One order as the exchange has it: the truth that reports may or may not tell."""

    def __init__(self, name: str, cl_ord_id: str) -> None:
        self.order_id, self.cl_ord_id = name, cl_ord_id
        self.fills: dict[str, Decimal] = {}
        self.status = "new"

    @property
    def filled(self) -> Decimal:
        """What it filled."""
        return sum(self.fills.values(), D(0))

    def reports(self) -> list[ExecutionReport]:
        """Everything that could be said of it, true at some time."""
        described = report(
            self.order_id, "pending_new", cl_ord_id=self.cl_ord_id, symbol="BTC/USD", side="buy", order_type="limit",
            order_qty="1", limit_price="100",
        )  # fmt: skip
        said = [described, report(self.order_id, "new", cl_ord_id=self.cl_ord_id)]
        cum = D(0)
        for exec_id, qty in self.fills.items():
            cum += qty
            said.append(
                report(
                    self.order_id, "partially_filled", "trade", cl_ord_id=self.cl_ord_id, symbol="BTC/USD", side="buy",
                    order_type="limit", exec_id=exec_id, last_qty=qty, last_price="100", cum_qty=cum,
                )
            )  # fmt: skip
        if self.status != "new":
            said.append(report(self.order_id, self.status, cl_ord_id=self.cl_ord_id, cum_qty=self.filled))
        return said

    def rest(self, line: Line, order: Order) -> dict[str, Any]:
        """The order as REST has it."""
        word = {"new": "open", "filled": "closed"}.get(self.status, self.status)
        return line.rest_order(order, word, filled=str(self.filled), trades=self.fills)


class BadExchange(RuleBasedStateMachine):
    """Requests and answers get lost, reports come late, twice, in any order or never, and connections break.

    What must hold after every step: at most one frame for each confirmation; an end is never left; what is filled is
    the sum of distinct fills and never more than the exchange filled; nothing is concluded that is not true there; and
    an order that the exchange has is known, or in doubt.
    """

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.line.renew_with = self.snapshot
        self.line.answers |= {
            "OpenOrders": lambda fields: {"open": self.rest_view(fields, open_ones=True)},
            "ClosedOrders": lambda fields: {"closed": self.rest_view(fields, open_ones=False)},
            "QueryOrders": lambda fields: self.rest_by_id(fields["txid"].split(",")),
            "QueryTrades": lambda fields: self.rest_trades(fields["txid"].split(",")),
            "TradesHistory": lambda fields: {"trades": self.rest_trades(None)},
        }
        self.orders: list[Order] = []
        self.venue: dict[str, _Venue] = {}
        """By client id: what arrived."""
        self.ends: dict[str, str] = {}
        self.numbers = count(1)

    # --- the exchange ---

    def snapshot(self) -> list[ExecutionReport]:
        """The open orders."""
        said = []
        for order in self.venue.values():
            if order.status == "new":
                status = "partially_filled" if order.fills else "new"
                said.append(replace_status(order.reports()[0], status, order.filled))
        return said

    def rest_view(self, fields: dict[str, str], *, open_ones: bool) -> dict[str, Any]:
        """The orders of one list."""
        found = {}
        for order in self.orders:
            known = self.venue.get(order.cl_ord_id or "")
            if known is None or fields.get("cl_ord_id", known.cl_ord_id) != known.cl_ord_id:
                continue
            if (known.status == "new") is open_ones:
                found[known.order_id] = known.rest(self.line, order)
        return found

    def rest_by_id(self, ids: list[str]) -> dict[str, Any]:
        """Orders by the exchange's ids."""
        both = self.rest_view({}, open_ones=True) | self.rest_view({}, open_ones=False)
        return {order_id: both[order_id] for order_id in ids if order_id in both}

    def rest_trades(self, ids: list[str] | None) -> dict[str, Any]:
        """Fills by id, or all."""
        return {
            exec_id: self.line.rest_trade(order.order_id, str(qty))
            for order in self.venue.values()
            for exec_id, qty in order.fills.items()
            if ids is None or exec_id in ids
        }

    # --- what happens ---

    @initialize()
    def connect(self) -> None:
        """The first connection."""
        self.line.open()

    @precondition(lambda self: len(self.orders) < 4)
    @rule(arrives=st.booleans())
    def place(self, arrives: bool) -> None:
        """An order leaves; the exchange may never see it."""
        order = self.line.place(limit())
        self.orders.append(order)
        if order.state == "IN_FLIGHT" and arrives:
            assert order.cl_ord_id is not None
            self.venue[order.cl_ord_id] = _Venue(f"O{next(self.numbers)}", order.cl_ord_id)

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """An answer that is true: accepted where it arrived; a refusal only where it did not."""
        frames = self.line.sent("add_order")
        if self.line.account.connection is None or not frames:
            return
        frame = data.draw(st.sampled_from(frames))
        known = self.venue.get(frame["params"]["cl_ord_id"])
        if known is not None:
            response = Response(
                method="add_order", success=True, req_id=frame["req_id"],
                result=AddOrderResult(known.order_id, known.cl_ord_id),
            )  # fmt: skip
        else:
            text = data.draw(st.sampled_from(["EOrder:Insufficient funds", "EService:Unavailable"]))
            response = Response(method="add_order", success=False, error=text, req_id=frame["req_id"])
        self.line.account.responded(response, self.line.at)
        self.line.flush()

    @precondition(lambda self: self.venue)
    @rule(data=st.data(), qty=st.sampled_from(["0.1", "0.25", "0.5"]))
    def fill(self, data: st.DataObject, qty: str) -> None:
        """The exchange fills an order, and says nothing yet."""
        order = data.draw(st.sampled_from(list(self.venue.values())))
        if order.status == "new" and order.filled + D(qty) <= 1:
            order.fills[f"T{next(self.numbers)}"] = D(qty)
            order.status = "filled" if order.filled == 1 else "new"

    @precondition(lambda self: self.venue)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """The exchange cancels an order, and says nothing yet."""
        order = data.draw(st.sampled_from(list(self.venue.values())))
        if order.status == "new":
            order.status = "canceled"

    @precondition(lambda self: self.venue and self.line.account.connection)
    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        """Some of what could be said is said: in any order, any number of times, perhaps never the rest."""
        every = [each for order in self.venue.values() for each in order.reports()]
        self.line.hear(*data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=5)))

    @precondition(lambda self: self.line.account.connection)
    @rule()
    def lose(self) -> None:
        """The connection breaks."""
        self.line.close()

    @precondition(lambda self: not self.line.account.connection)
    @rule()
    def reconnect(self) -> None:
        """It is there again, with a true snapshot."""
        self.line.open(*self.snapshot())

    @rule(down=st.booleans())
    def rest(self, down: bool) -> None:
        """REST goes away or comes back."""
        self.line.rest_down = set(self.line.answers) if down else set()

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """The user cancels something; the exchange never hears of it."""
        self.line.account.cancel([data.draw(st.sampled_from(self.orders))], self.line.at)
        self.line.flush()

    @rule(seconds=st.sampled_from([0.5, 6.0, 40.0, 90.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.line.wait(seconds)

    # --- what must hold ---

    @invariant()
    def one_frame_for_each_confirmation(self) -> None:
        """No order leaves twice."""
        names = [frame["params"]["cl_ord_id"] for frame in self.line.sent("add_order")]
        assert len(names) == len(set(names)) <= len(self.orders)

    @invariant()
    def an_end_is_never_left(self) -> None:
        """What the exchange ended stays ended as it was."""
        for order in self.orders:
            if order.state in ENDED:
                assert self.ends.setdefault(order.key, str(order.state)) == order.state
            assert order.key not in self.ends or order.state == self.ends[order.key]

    @invariant()
    def filled_is_the_sum_of_distinct_fills(self) -> None:
        """Never more than the exchange filled, and all of it unless the order says that it is not sure."""
        for order in self.orders:
            assert order.filled == sum((fill.qty for fill in order.fills), D(0))
            assert len({fill.exec_id for fill in order.fills}) == len(order.fills)
            known = self.venue.get(order.cl_ord_id or "")
            assert order.filled <= (known.filled if known is not None else 0)
            if order.is_terminal and known is not None and not order.record.unverified:
                assert order.filled == known.filled

    @invariant()
    def conclusions_are_true(self) -> None:
        """What is shown as ended has ended there so; what is shown as absent is absent."""
        words = {"FILLED": "filled", "CANCELED": "canceled"}
        for order in self.orders:
            known = self.venue.get(order.cl_ord_id or "")
            if order.state in ENDED:
                assert known is not None
                assert known.status == words[order.state]
            elif order.state in {"REJECTED", "NOT_PLACED", "REFUSED"}:
                assert known is None

    def teardown(self) -> None:
        """With everything working again, everything comes to its true end, and nothing more is sent."""
        if self.line.account.connection is None:
            self.line.open(*self.snapshot())
        self.line.rest_down = set()
        self.line.wait(400.0)
        self.line.close()
        self.line.open(*self.snapshot())
        self.line.wait(400.0)
        for order in self.orders:
            known = self.venue.get(order.cl_ord_id or "")
            if known is None:
                assert order.state in {"NOT_PLACED", "REJECTED", "REFUSED"}
                continue
            assert order.filled == known.filled
            assert order.state in {
                "new": {"OPEN", "PARTIAL", "PENDING_CANCEL"}, "filled": {"FILLED"}, "canceled": {"CANCELED"},
            }[known.status]  # fmt: skip
            assert not order.record.unverified
        assert self.line.account.reconciled
        self.one_frame_for_each_confirmation()


def replace_status(described: ExecutionReport, status: str, filled: Decimal) -> ExecutionReport:
    """A line of a snapshot, made of an order's description."""
    fields = {name: getattr(described, name) for name in described.__struct_fields__}
    return ExecutionReport(**(fields | {"exec_type": "status", "order_status": status, "cum_qty": filled}))


@pytest.mark.promise("O-01")
@pytest.mark.promise("O-03")
@pytest.mark.promise("O-04")
@pytest.mark.promise("O-08")
def test_the_account_comes_to_the_truth_whatever_the_exchange_does() -> None:
    """Forty random histories of a bad exchange; see `BadExchange` for what holds after every step."""
    run_state_machine_as_test(BadExchange, settings=settings(max_examples=40, stateful_step_count=25, deadline=None))
