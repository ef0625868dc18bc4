"""Answers that are lost, late, doubtful or wrong: one frame each, doubt by its name, and the truth in the end."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import OrderRefused
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.sandbox.trading import Rejection
from kraken_lab.trading import Order, OrderSettings
from kraken_lab.trading.verdicts import DOUBTFUL, REFUSALS, REFUSALS_IF_MATCHED
from tests.acting.invariants import TWO, changed, passed, strangers_order, theirs, tried, unheard
from tests.dealing import Kernel

PROVED_AT = 75.0
"""From when on after a send REST's lists count (``rest_lag``), virtual seconds."""


def refuse_with(kernel: Kernel, text: str, *, numbered: bool = True) -> None:
    """The next order is refused, in these words."""

    def change(answer: dict[str, Any]) -> None:
        answer["error"] = text
        if not numbered:
            del answer["req_id"]

    kernel.world.exchange.faults.rate_limit("add_order", 1)
    kernel.world.exchange.faults.edit(Match(method="add_order"), changed(change))


def example(pattern: str) -> str:
    """A text that the pattern of a table of texts is about."""
    return pattern.replace("*", "something")


@pytest.mark.fault("F-073")
@pytest.mark.promise("O-01", "O-03", "O-04")
def test_an_order_whose_answer_is_lost_is_found_by_what_the_executions_say_of_it(tmp_path: Path) -> None:
    """It is OPEN by its reports alone; where they are lost too it is UNKNOWN first, and OPEN by the next snapshot."""

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.lose_reply("add_order", 2)
        first = await kernel.open()
        unheard(kernel)
        order = kernel.place(order_qty="0.02")
        await kernel.until(lambda: order.state == "UNKNOWN", within=5.2)
        assert order.order_id is None
        await kernel.until(lambda: order.state == "OPEN", within=5.0)
        assert {first.order_id, order.order_id} == {each.order_id for each in kernel.world.exchange.trading.open_orders}
        assert len(kernel.frames) == 2

    tried(story, tmp_path)


@pytest.mark.fault("F-074")
@pytest.mark.promise("O-01", "O-04")
def test_an_order_whose_request_is_lost_is_not_placed_once_that_is_proved_and_is_never_sent_again(
    tmp_path: Path,
) -> None:
    """UNKNOWN after ``ack_timeout``, NOT_PLACED only after REST's lists count too; one frame."""

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.lose_request("add_order")
        order = kernel.place()
        sent = kernel.world.clock.now().mono
        await kernel.until(lambda: order.state == "UNKNOWN", within=5.2)
        await kernel.until(lambda: order.state == "NOT_PLACED", within=PROVED_AT + 10)
        assert kernel.world.clock.now().mono > sent + PROVED_AT
        asked = {query.name for at, query in kernel.world.asked if at >= sent + PROVED_AT}
        assert {"OpenOrders", "ClosedOrders", "TradesHistory"} <= asked
        assert len(kernel.frames) == 1

    tried(story, tmp_path, settings=OrderSettings())


@pytest.mark.fault("F-076")
@pytest.mark.promise("O-04", "O-09")
def test_an_order_that_is_filled_at_once_and_never_answered_is_filled_with_its_exact_quantity(tmp_path: Path) -> None:
    """It is in no list of open orders, and yet not NOT_PLACED: the snapshot and REST tell of its fills."""

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.lose_reply("add_order")
        unheard(kernel)
        order = kernel.place(order_type="market", order_qty="0.75")
        await kernel.until(lambda: order.state == "UNKNOWN", within=5.2)
        await kernel.until(lambda: order.state == "FILLED" and not order.record.unverified)
        assert order.filled == Decimal("0.75")
        assert {event.state for event in order.timeline}.isdisjoint({"NOT_PLACED", "REJECTED", "CANCELED"})
        assert len(kernel.frames) == 1

    tried(story, tmp_path)


@pytest.mark.fault("F-077")
@pytest.mark.promise("S-12", "O-08")
def test_a_fill_that_comes_before_the_answer_leads_to_the_same_order(tmp_path: Path) -> None:
    """State, quantity, price, fees and fills are those of an order whose answer came first."""

    async def story(kernel: Kernel) -> None:
        trading, ends = kernel.world.exchange.trading, []
        for late in (0.0, 3.0):
            if late:
                kernel.world.exchange.faults.delay("add_order", late)
            order = kernel.place()
            await kernel.until(lambda: trading.open_orders)
            kernel.world.exchange.faults.fill(trading.open_orders[0].order_id)
            await kernel.until(lambda order=order: order.state == "FILLED", within=1.0)  # type: ignore[misc]
            await passed(4.0)
            record = order.record
            fills = [(fill.price, fill.qty, fill.fee, fill.liquidity) for fill in order.fills]
            ends.append((str(record.state), record.filled_qty, record.avg_price, record.fees, record.cost, fills))
        assert ends[0] == ends[1]
        assert kernel.known.alarms == ()

    tried(story, tmp_path)


@pytest.mark.fault("F-078")
@pytest.mark.promise("O-07")
def test_an_answer_that_comes_after_unknown_is_taken_without_an_alarm(tmp_path: Path) -> None:
    """An engine that takes the order eight seconds late: UNKNOWN at five, OPEN at eight; one frame, and no alarm.

    An order whose answer alone is late was OPEN by its reports long before.
    """

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        faults.delay("add_order", 8.0)
        first = kernel.place(order_qty="0.02")
        await kernel.until(lambda: first.state == "OPEN", within=1.0)
        faults.hold("add_order", 8.0)
        order = kernel.place()
        await kernel.until(lambda: order.state == "UNKNOWN", within=5.2)
        await kernel.until(lambda: order.state == "OPEN", within=3.2)
        await passed(10.0)
        assert (str(first.state), str(order.state)) == ("OPEN", "OPEN")
        assert kernel.known.alarms == ()
        assert len(kernel.frames) == 2

    tried(story, tmp_path, settings=OrderSettings(order_deadline=20.0))


@pytest.mark.promise("O-09", "S-12")
@pytest.mark.parametrize("order_type", ["limit", "market"])
def test_an_accepted_order_of_which_nothing_more_is_heard_is_looked_up(order_type: str, tmp_path: Path) -> None:
    """Its reports were the last of the line, so no number is missed: after five seconds a snapshot is asked for."""

    async def story(kernel: Kernel) -> None:
        unheard(kernel)
        order = kernel.place(order_type=order_type)
        await passed(4.5)
        assert order.state == "PENDING_NEW"
        end = "OPEN" if order_type == "limit" else "FILLED"
        await kernel.until(lambda: str(order.state) == end and not order.record.unverified, within=1.0)

    tried(story, tmp_path)


@pytest.mark.fault("F-081", "F-039")
@pytest.mark.promise("O-04")
@pytest.mark.parametrize("how", [502, "EAPI:Invalid nonce"])
def test_an_order_stays_unknown_while_rest_cannot_be_asked(how: int | str, tmp_path: Path) -> None:
    """Long after it could have been proved absent it is UNKNOWN with its age, and is settled once REST works."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        faults.lose_request("add_order")
        faults.rest_fail("ClosedOrders", how, times=1_000)
        order = kernel.place()
        sent = kernel.world.clock.now().mono
        await passed(90.0)
        assert order.state == "UNKNOWN"
        assert kernel.known.doubtful_since[order.key] == pytest.approx(sent, abs=0.1)
        faults.clear()
        await kernel.until(lambda: order.state == "NOT_PLACED", within=40.0)

    tried(story, tmp_path)


@pytest.mark.fault("F-082")
@pytest.mark.promise("O-04")
def test_a_rest_side_that_lags_a_minute_proves_no_absence(tmp_path: Path) -> None:
    """A filled order that neither the line nor REST shows for a minute is UNKNOWN for that minute, and then FILLED."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        faults.rest_lag(60.0)
        faults.lose_reply("add_order")
        unheard(kernel)
        faults.edit(
            Match(channel="executions", type="snapshot", times=None), changed(lambda message: message.update(data=[]))
        )
        order = kernel.place(order_type="market", order_qty="0.75")
        await passed(55.0)
        assert order.state == "UNKNOWN"
        await kernel.until(lambda: order.state == "FILLED" and not order.record.unverified, within=60.0)
        assert "NOT_PLACED" not in {event.state for event in order.timeline}

    tried(story, tmp_path, settings=OrderSettings())


@pytest.mark.fault("F-083")
@pytest.mark.promise("S-12")
def test_rest_that_lags_does_not_open_again_what_the_line_showed_filled(tmp_path: Path) -> None:
    """A look-up under way when the fill is told comes back with an open order, and changes nothing."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        await passed(5.0)
        faults.rest_lag(3.0)
        kernel.world.answer_delay = 2.0
        for nth in (1, 2, 3):
            faults.rate_limit("cancel_order", nth)
        gone = changed(lambda answer: answer.update(error="EOrder:Unknown order"))
        faults.edit(Match(method="cancel_order", times=None), gone)
        before = len(kernel.world.asked)
        kernel.cancel(order)
        await kernel.until(lambda: "QueryOrders" in {query.name for _, query in kernel.world.asked[before:]})
        faults.fill(str(order.order_id))
        await kernel.until(lambda: order.state == "FILLED", within=1.0)
        told = len(order.timeline)
        await passed(10.0)
        assert order.state == "FILLED"
        assert order.timeline[told:] == ()

    tried(story, tmp_path)


@pytest.mark.fault("F-084")
@pytest.mark.promise("O-01", "O-03")
def test_a_refusal_in_words_that_prove_it_is_rejected(tmp_path: Path) -> None:
    """Every text of the table, as the answer to the very request: REJECTED in the exchange's words; one frame each."""

    async def story(kernel: Kernel) -> None:
        texts = [example(pattern) for pattern in (*REFUSALS, *REFUSALS_IF_MATCHED)]
        for text in texts:
            refuse_with(kernel, text)
            order = kernel.place()
            await kernel.until(lambda order=order: order.is_terminal, within=5.0)  # type: ignore[misc]
            assert (str(order.state), order.record.error) == ("REJECTED", text)
        await passed(10.0)
        assert len(kernel.frames) == len(texts)

    tried(story, tmp_path)


@pytest.mark.fault("F-084")
@pytest.mark.promise("O-03")
def test_a_refusal_that_could_be_about_another_request_proves_nothing_without_its_number(tmp_path: Path) -> None:
    """Without ``req_id`` the texts that need one leave the order UNKNOWN; the others reject it all the same."""

    async def story(kernel: Kernel) -> None:
        wanted = {example(pattern): "REJECTED" for pattern in REFUSALS}
        wanted |= {example(pattern): "UNKNOWN" for pattern in REFUSALS_IF_MATCHED}
        for text, state in wanted.items():
            refuse_with(kernel, text, numbered=False)
            order = kernel.place()
            await kernel.until(lambda order=order: order.state != "CONFIRMED" and order.state != "IN_FLIGHT")  # type: ignore[misc]
            assert str(order.state) == state, text
            if state == "UNKNOWN":
                kernel.account.acknowledge(order.key, kernel.world.clock.now())
        assert len(kernel.known.unknown) == len(REFUSALS_IF_MATCHED)
        await passed(60.0)
        assert {str(order.state) for order in kernel.known.orders} == {"REJECTED", "NOT_PLACED"}

    tried(story, tmp_path)


@pytest.mark.fault("F-084", "F-085")
@pytest.mark.promise("O-03")
def test_words_that_prove_nothing_leave_an_order_unknown_whether_it_is_there_or_not(tmp_path: Path) -> None:
    """The engine's troubles, an unknown text and no text at all: UNKNOWN, until it is known which ones were placed."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        unheard(kernel)
        placed, lost = [], []
        for text in (*map(example, DOUBTFUL), "EFuture:Something new", ""):
            refuse_with(kernel, text)
            lost.append(await doubtful(kernel))
            faults.edit(
                Match(method="add_order"),
                changed(lambda answer, text=text: (answer.pop("result"), answer.update(success=False, error=text))),  # type: ignore[misc]
            )
            placed.append(await doubtful(kernel))
        await passed(60.0)
        assert {str(order.state) for order in placed} == {"OPEN"}
        assert {str(order.state) for order in lost} == {"NOT_PLACED"}

    tried(story, tmp_path)


async def doubtful(kernel: Kernel) -> Order:
    """An order that is UNKNOWN at once, and acknowledged to be."""
    order = kernel.place()
    await kernel.until(lambda: order.state != "CONFIRMED" and order.state != "IN_FLIGHT")
    assert order.state == "UNKNOWN", order
    kernel.account.acknowledge(order.key, kernel.world.clock.now())
    return order


@pytest.mark.fault("F-085")
@pytest.mark.promise("O-03")
@pytest.mark.parametrize(
    ("answer", "alarm"),
    [
        ("<html><body>502 Bad Gateway</body></html>", ""),
        ("{}", ""),
        ("no id", "without an id"),
        ("another id", "and not for"),
    ],
)
def test_an_answer_that_cannot_be_read_or_is_about_something_else_leaves_doubt(
    answer: str, alarm: str, tmp_path: Path
) -> None:
    """UNKNOWN in each case; a success without the order's id, or for another order, is said aloud as well."""

    def change(text: str) -> str:
        said = json.loads(text)
        if answer == "no id":
            del said["result"]["order_id"]
        elif answer == "another id":
            said["result"]["cl_ord_id"] = "6d1b345e-2821-40e2-ad83-4ecb18a06876"
        else:
            return answer
        return json.dumps(said)

    async def story(kernel: Kernel) -> None:
        unheard(kernel)
        kernel.world.exchange.faults.edit(Match(method="add_order"), change)
        order = kernel.place()
        await kernel.until(lambda: order.state == "UNKNOWN", within=5.2)
        said = [each.what for each in kernel.known.alarms]
        assert len(said) == bool(alarm)
        assert all(alarm in what for what in said)
        await kernel.until(lambda: order.state == "OPEN")
        assert len(kernel.frames) == 1

    tried(story, tmp_path)


@pytest.mark.fault("F-086")
@pytest.mark.promise("O-01")
def test_rest_is_never_another_road_for_an_order(tmp_path: Path) -> None:
    """While REST answers 502 and 520 the order is UNKNOWN; once it works the truth is found; one frame, and no call."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        faults.lose_reply("add_order")
        unheard(kernel)
        faults.edit(
            Match(channel="executions", type="snapshot", times=None), changed(lambda message: message.update(data=[]))
        )
        for name in ("OpenOrders", "ClosedOrders", "TradesHistory", "QueryOrders"):
            faults.rest_fail(name, 502, times=3)
            faults.rest_fail(name, 520, times=3)
        order = kernel.place(order_type="market", order_qty="0.75")
        await passed(20.0)
        assert order.state == "UNKNOWN"
        await kernel.until(lambda: order.state == "FILLED" and not order.record.unverified, within=300.0)
        assert len(kernel.frames) == 1
        assert theirs(kernel, order.order_id).status == "filled"

    tried(story, tmp_path)


@pytest.mark.fault("F-088")
@pytest.mark.promise("O-05")
def test_an_unknown_order_blocks_its_symbol_until_it_is_acknowledged_by_its_id(tmp_path: Path) -> None:
    """The refusal names it; another pair is free; acknowledging another id helps nobody, and it stays UNKNOWN."""

    async def story(kernel: Kernel) -> None:
        await kernel.ready("ETH/USD")
        faults = kernel.world.exchange.faults
        faults.lose_request("add_order")
        order = kernel.place()
        prepared = kernel.propose(order_qty="0.03")
        assert prepared.ok
        await kernel.until(lambda: order.state == "UNKNOWN")
        blocked = kernel.propose(order_qty="0.02")
        assert any(str(order.cl_ord_id) in found.said for found in blocked.refusals)
        with pytest.raises(OrderRefused, match=str(order.cl_ord_id)):
            kernel.confirm(blocked)
        (late,) = kernel.confirm(prepared)
        assert late.state == "REFUSED"
        assert str(order.cl_ord_id) in late.record.error
        other = kernel.place(symbol="ETH/USD", order_qty="0.1", limit_price="1000")
        await kernel.until(lambda: other.state == "OPEN")
        kernel.account.acknowledge(str(order.cl_ord_id), kernel.world.clock.now())
        await kernel.open(order_qty="0.02")
        assert order.state == "UNKNOWN"
        assert len(kernel.frames) == 3

    tried(story, tmp_path, pairs=TWO)


@pytest.mark.fault("F-089")
@pytest.mark.promise("O-06")
def test_no_client_id_is_used_twice(tmp_path: Path) -> None:
    """Nobody can give one, and one wish three times, filled in between, leaves under three ids."""

    async def story(kernel: Kernel) -> None:
        first = kernel.place(order_type="market")
        await kernel.until(lambda: first.state == "FILLED")
        for name in ("cl_ord_id", "order_userref"):
            again = kernel.propose(**{name: first.cl_ord_id if name == "cl_ord_id" else 7})
            assert any(name in found.said for found in again.refusals)
        orders = [first]
        for _ in range(2):
            orders += kernel.confirm(kernel.propose(order_type="market"))
        await kernel.until(lambda: all(order.state == "FILLED" for order in orders))
        assert len({order.cl_ord_id for order in orders}) == len(kernel.frames) == 3

    tried(story, tmp_path)


@pytest.mark.fault("F-105")
@pytest.mark.promise("O-01")
def test_an_order_over_the_engines_rate_is_rejected_and_not_tried_again(tmp_path: Path) -> None:
    """Another program has used the rate counter up: REJECTED in the exchange's words, and one frame for good."""

    async def story(kernel: Kernel) -> None:
        use_the_rate_up(kernel)
        order = kernel.place()
        await kernel.until(lambda: order.state == "REJECTED", within=1.0)
        assert order.record.error == "EOrder:Rate limit exceeded"
        await passed(60.0)
        assert order.state == "REJECTED"
        assert len(kernel.frames) == 1

    tried(story, tmp_path)


def use_the_rate_up(kernel: Kernel) -> None:
    """Another program places and cancels until the exchange refuses it."""
    exchange = kernel.world.exchange
    with contextlib.suppress(Rejection):
        for _ in range(200):
            exchange.trading.cancel(exchange.now_ns, order_id=strangers_order(kernel))
    with contextlib.suppress(Rejection):
        for _ in range(200):
            strangers_order(kernel)
    assert exchange.trading.rate_count("BTC/USD", exchange.now_ns) > exchange.trading.max_rate_count - 1
