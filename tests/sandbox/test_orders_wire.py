"""Trading over the private endpoint: what is answered, in which shape and order, and what is refused in which words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.sandbox.json_text import read
from kraken_lab.sandbox.order_request import TRADING_METHODS
from tests.fixtures import sample
from tests.sandbox.talk import Trader, a_quiet_exchange, a_token, ask, opened, subscribe, unsubscribe, wait

SOME: dict[str, dict[str, Any]] = {
    "add_order": {"order_type": "market", "side": "buy", "symbol": "DOT/USD", "order_qty": 1},
    "amend_order": {"order_id": "OAAAAA-BBBBB-CCCCCC", "order_qty": 1},
    "edit_order": {"order_id": "OAAAAA-BBBBB-CCCCCC", "symbol": "DOT/USD"},
    "cancel_order": {"order_id": ["OAAAAA-BBBBB-CCCCCC"]},
    "cancel_all": {},
    "cancel_all_orders_after": {"timeout": 60},
    "batch_add": {
        "symbol": "DOT/USD",
        "orders": [{"order_type": "market", "side": "buy", "order_qty": 1}] * 2,
    },
    "batch_cancel": {"orders": ["1", "2"]},
}
"""A request of each method that is in order."""


def trader(**options: Any) -> Trader:
    """Somebody who listens to ``executions``."""
    return Trader(a_quiet_exchange(**options), "executions")


def documented(name: str) -> Any:
    """A documented message."""
    return read(sample(name))


def assert_answers(answer: Any, name: str) -> None:
    """The shape of a documented answer: its keys (but for the number, which examples may lack) and its result's."""
    expected = documented(name)
    assert set(answer) | {"req_id"} == set(expected) | {"req_id"}
    assert answer["req_id"] == 7
    assert answer["time_in"] < answer["time_out"]
    if "result" in expected:
        assert set(answer["result"]) == set(expected["result"])


def error(answers: list[Any]) -> str:
    """The words of the one refusal."""
    (answer,) = answers
    assert not answer["success"]
    assert "result" not in answer
    words: str = answer["error"]
    return words


# --- answers ----------------------------------------------------------------------------------------------------------


def test_an_order_is_answered_with_its_id_and_the_clients_own_name() -> None:
    """Whichever of the two it was given, and none that it was not."""
    person = trader()
    market = {"order_type": "market", "side": "buy", "symbol": "DOT/USD", "order_qty": 1}
    (with_id,) = person.ask("add_order", **market, cl_ord_id="mkt-20260504-01")
    assert_answers(with_id, "add_order/response-cl_ord_id")
    (with_reference,) = person.ask("add_order", **market, order_userref=100054)
    assert_answers(with_reference, "add_order/response")
    (plain,) = person.ask("add_order", **market)
    assert set(plain["result"]) == {"order_id"}


def test_deprecated_parameters_are_warned_about() -> None:
    """In the answer, which is a success."""
    person = trader()
    person.stranger("buy", "0.1")
    (answer,) = person.ask("add_order", order_type="stop-loss", side="sell", symbol="DOT/USD", order_qty=10,
                           stop_price=person.price(-20), order_userref=0)  # fmt: skip
    assert_answers(answer, "add_order/response-warnings")
    assert answer["result"]["warnings"] == documented("add_order/response-warnings")["result"]["warnings"]


def test_a_check_places_nothing() -> None:
    """Success without an id, no report; what would be refused is refused."""
    person = trader()
    order = {"order_type": "limit", "side": "buy", "symbol": "DOT/USD", "limit_price": person.price(0)}
    (answer,) = person.ask("add_order", **order, order_qty=10, validate=True, cl_ord_id="mine")
    assert answer["result"] == {"cl_ord_id": "mine"}
    assert error(person.ask("add_order", **order, order_qty=10**6, validate=True)) == "EOrder:Insufficient funds"
    assert person.reports() == []
    assert person.exchange.trading.open_orders == ()


def test_an_amendment_is_answered_with_its_id_and_the_name_that_was_used() -> None:
    """The order keeps its own."""
    person = trader()
    order_id = person.add(cl_ord_id="mine")
    (answer,) = person.ask("amend_order", cl_ord_id="mine", order_qty=11)
    assert_answers(answer, "amend_order/response")
    assert answer["result"]["amend_id"].startswith("T")
    (answer,) = person.ask("amend_order", order_id=order_id, order_qty=12)
    assert answer["result"] == {"amend_id": answer["result"]["amend_id"], "order_id": order_id}


def test_an_edit_makes_another_order() -> None:
    """The old one is cancelled, the new one told of like any other."""
    person = trader()
    old = person.add()
    person.reports()
    (answer,) = person.ask("edit_order", order_id=old, symbol="DOT/USD", order_qty=11)
    assert_answers(answer, "edit_order/response")
    assert answer["result"]["original_order_id"] == old
    reports = person.reports()
    assert [(each["exec_type"], each["order_id"] == old) for each in reports] == [
        ("canceled", True), ("pending_new", False), ("new", False),
    ]  # fmt: skip


def test_every_order_to_cancel_is_answered_for_itself() -> None:
    """All with the request's number, each with the name that was used; a failure names nothing."""
    person = trader()
    first, second = person.add(), person.add(cl_ord_id="mine")
    gone, unknown, other = person.ask("cancel_order", order_id=[first, "OAAAAA-BBBBB-CCCCCC", second])
    assert_answers(gone, "cancel_order/response-1")
    assert_answers(unknown, "cancel_order/error-unknown-order")
    assert [gone["result"]["order_id"], other["result"]["order_id"]] == [first, second]
    person.add(cl_ord_id="again")
    (answer,) = person.ask("cancel_order", cl_ord_id=["again"])
    assert_answers(answer, "cancel_order/response-cl_ord_id")
    assert answer["result"] == {"cl_ord_id": "again"}


def test_a_reference_cancels_all_that_carry_it() -> None:
    """Two orders, two answers."""
    person = trader()
    for _ in range(2):
        person.add(order_userref=5)
    kept = person.add(order_userref=6)
    answers = person.ask("cancel_order", order_userref=[5])
    assert [answer["result"] for answer in answers] == [{"order_userref": 5}] * 2
    assert [order.order_id for order in person.exchange.trading.open_orders] == [kept]


def test_cancelling_all_or_many_is_answered_with_their_number() -> None:
    """Not with their names."""
    person = trader()
    ids = [person.add(order_userref=1), person.add(cl_ord_id="b-1"), person.add(), person.add()]
    (answer,) = person.ask("batch_cancel", orders=["1", ids[2], "OAAAAA-BBBBB-CCCCCC"], cl_ord_id=["b-1"])
    assert_answers(answer, "batch_cancel/response")
    assert answer["result"] == {"count": 3}
    (answer,) = person.ask("cancel_all")
    assert_answers(answer, "cancel_all/response")
    assert answer["result"] == {"count": 1}
    assert person.exchange.trading.open_orders == ()


def test_a_batch_is_answered_by_an_array_in_its_order() -> None:
    """What the engine refuses has its error there, and hits no other order."""
    person = trader()
    order = {"order_type": "limit", "side": "buy", "limit_price": person.price(-50)}
    good, dear = {**order, "order_qty": 10}, {**order, "order_qty": 10**6}
    (answer,) = person.ask("batch_add", symbol="DOT/USD",
                           orders=[{**good, "order_userref": 1}, {**good, "order_userref": 2}])  # fmt: skip
    expected = documented("batch_add/response")
    assert [set(each) for each in answer["result"]] == [set(each) for each in expected["result"]]
    assert [each["order_userref"] for each in answer["result"]] == [1, 2]
    (answer,) = person.ask("batch_add", symbol="DOT/USD",
                           orders=[{**good, "cl_ord_id": "b-1"}, {**dear, "cl_ord_id": "b-2"}])  # fmt: skip
    expected = documented("batch_add/response-partial")
    assert [set(each) for each in answer["result"]] == [set(each) for each in expected["result"]]
    assert answer["result"][1] == expected["result"][1]
    assert len(person.exchange.trading.open_orders) == 3


def test_a_batch_with_an_impossible_order_is_refused_whole() -> None:
    """Nothing of it is placed; checking one places nothing either."""
    person = trader()
    good = {"order_type": "limit", "side": "buy", "order_qty": 10, "limit_price": person.price(-50)}
    off = {**good, "limit_price": person.price(-50) + Decimal("0.0001")}
    answers = person.ask("batch_add", symbol="DOT/USD", orders=[good, off])
    assert_answers(answers[0], "batch_add/error")
    assert error(answers) == "EOrder:Tick size check failed"
    (answer,) = person.ask("batch_add", symbol="DOT/USD", validate=True, orders=[{**good, "order_userref": 1}] * 2)
    assert answer["result"] == [{"order_userref": 1}] * 2
    assert person.exchange.trading.open_orders == ()


def test_the_dead_mans_switch_tells_whole_seconds_and_fires() -> None:
    """Off, it tells the text 0; on, it cancels everything at its time, with its reason."""
    person = trader()
    person.add()
    (answer,) = person.ask("cancel_all_orders_after", timeout=100)
    assert_answers(answer, "cancel_all_orders_after/response")
    assert answer["result"] == {"currentTime": "2026-05-28T20:26:40Z", "triggerTime": "2026-05-28T20:28:20Z"}
    (answer,) = person.ask("cancel_all_orders_after", timeout=0)
    assert answer["result"] == {"currentTime": "2026-05-28T20:26:40Z", "triggerTime": "0"}
    wait(person.exchange, 200)
    assert len(person.exchange.trading.open_orders) == 1
    person.ask("cancel_all_orders_after", timeout=60)
    person.reports()
    wait(person.exchange, 59)
    assert person.reports() == []
    wait(person.exchange, 1)
    (canceled,) = person.reports()
    assert (canceled["exec_type"], canceled["reason"]) == ("canceled", "CancelAllOrdersAfter Timeout")


def test_reports_reach_every_connection_of_the_account() -> None:
    """Also that which asked for nothing but executions."""
    person = trader()
    other = Trader(person.exchange, "executions")
    person.add()
    assert [each["exec_type"] for each in other.reports()] == ["pending_new", "new"]


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_the_documented_refusals_are_given() -> None:
    """Funds, size, steps, permission, state, in the exchange's words; none of them is reported."""
    person = trader()
    order = {"order_type": "limit", "side": "buy", "symbol": "DOT/USD", "order_qty": 10, "limit_price": person.price(0)}
    for name, field, value in (
        ("error-insufficient-funds", "order_qty", Decimal(10**6)),
        ("error-volume-minimum", "order_qty", Decimal("0.5")),
        ("error-tick-size", "limit_price", Decimal("4.0001")),
    ):
        answers = person.ask("add_order", **{**order, field: value})
        assert_answers(answers[0], f"add_order/{name}")
        assert error(answers) == documented(f"add_order/{name}")["error"]
    person.exchange.set_status("post_only")
    assert error(person.ask("add_order", **order)) == documented("add_order/error-post-only-mode")["error"]
    person.exchange.faults.permissions(revoke=["modify-trades"])
    assert error(person.ask("add_order", **order)) == documented("add_order/error-permission")["error"]
    assert person.reports() == []


def test_too_many_orders_and_requests_are_refused() -> None:
    """Eighty open on a pair for an intermediate account; the counter, which time lowers, comes later."""
    person = trader()
    for _ in range(80):
        person.add()
    order = {"order_type": "limit", "side": "buy", "symbol": "DOT/USD", "order_qty": 10, "limit_price": person.price(0)}
    assert error(person.ask("add_order", **order)) == documented("add_order/error-orders-limit")["error"]
    wait(person.exchange, 1)
    person.ask("cancel_all")
    assert error(person.ask("add_order", **order)) == documented("add_order/error-rate-limit")["error"]


@pytest.mark.promise("P-02")
@pytest.mark.fault("F-164")
@pytest.mark.parametrize("deadline", ["2026-05-28T20:26:39Z", "2026-05-28T20:26:40.499Z", "2026-05-28T20:27:40.001Z"])
def test_a_deadline_is_half_a_second_to_a_minute_away(deadline: str) -> None:
    """Neither past nor far; by the clock that the exchange shows."""
    person = trader()
    order = {"order_type": "market", "side": "buy", "symbol": "DOT/USD", "order_qty": 1}
    assert error(person.ask("add_order", **order, deadline=deadline)) == "EGeneral:Invalid arguments:deadline"
    (answer,) = person.ask("add_order", **order, deadline="2026-05-28T20:27:40Z")
    assert answer["success"]


@pytest.mark.promise("P-02")
@pytest.mark.fault("F-164")
def test_an_order_that_the_engine_takes_too_late_is_not_matched() -> None:
    """Held on its way for longer than the usual five seconds; one with more time is taken."""
    person = trader()
    order = {"order_type": "market", "side": "buy", "symbol": "DOT/USD", "order_qty": 1}
    person.exchange.faults.hold("add_order", 6, times=2)
    assert person.ask("add_order", **order) == []
    person.ask("add_order", **order, deadline="2026-05-28T20:26:50Z")
    wait(person.exchange, 6)
    late, taken = person.listen()
    assert_answers(late, "add_order/error-deadline")
    assert late["error"] == documented("add_order/error-deadline")["error"]
    assert (late["time_in"], late["time_out"][:19]) == ("2026-05-28T20:26:40.000000Z", "2026-05-28T20:26:46")
    assert taken["success"]
    assert {report["order_id"] for report in person.reports()} == {taken["result"]["order_id"]}


@pytest.mark.promise("P-02")
@pytest.mark.fault("F-162")
@pytest.mark.fault("F-163")
def test_a_client_id_is_taken_while_its_order_is_open() -> None:
    """And free again after that: a second order is made, as the real exchange would."""
    person = trader()
    first = person.add(cl_ord_id="mine", limit_price=person.price(1))
    again = {"order_type": "limit", "side": "buy", "symbol": "DOT/USD", "order_qty": 10, "limit_price": person.price(0)}
    refusal = error(person.ask("add_order", **again, cl_ord_id="mine"))
    assert refusal == "EGeneral:Invalid arguments:cl_ord_id"
    person.stranger("sell", "10")
    second = person.add(cl_ord_id="mine")
    assert first != second
    assert person.exchange.trading.open_orders[0].order_id == second


# --- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", sorted(TRADING_METHODS))
def test_every_method_needs_a_token_that_is_good(method: str) -> None:
    """Missing and unknown ones have words of their own; nothing is done."""
    person = trader()
    before = person.exchange.trading.rate_count("DOT/USD", person.exchange.now_ns)
    (missing,) = ask(person.session, method=method, params=SOME[method], req_id=7)
    assert_answers(missing, "edit_order/error-token-missing")
    assert missing["error"] == "Token(s) not found"
    (unknown,) = ask(person.session, method=method, params={**SOME[method], "token": "x"}, req_id=7)
    assert unknown["error"] == "ESession:Invalid session"
    assert set(unknown) == set(missing)
    assert person.exchange.trading.rate_count("DOT/USD", person.exchange.now_ns) == before


@pytest.mark.parametrize("method", sorted(TRADING_METHODS))
def test_every_method_needs_its_permission(method: str) -> None:
    """To enter orders one, to take them back this or another."""
    person = trader()
    person.exchange.faults.permissions(revoke=["modify-trades"])
    cancels = "cancel" in method
    answers = person.ask(method, **SOME[method])
    assert (answers[0].get("error") == "EGeneral:Permission denied") is not cancels
    person.exchange.faults.permissions(revoke=["close-trades"])
    assert error(person.ask(method, **SOME[method])) == "EGeneral:Permission denied"


@pytest.mark.parametrize(("channel", "permission"), [("executions", "query-open-trades"), ("balances", "query-funds")])
def test_the_accounts_channels_need_token_and_permission(channel: str, permission: str) -> None:
    """A refusal for the token's sake names the channel."""
    exchange = a_quiet_exchange()
    session, token = opened(exchange, "private"), a_token(exchange)
    for params in ({}, {"token": "x"}):
        (answer,) = subscribe(session, channel, **params)
        expected = {**documented("executions/error-session"), "channel": channel, "req_id": 1}
        times = {"time_in": answer["time_in"], "time_out": answer["time_out"]}
        assert answer == {**expected, **times}
    exchange.faults.permissions(revoke=[permission])
    (answer,) = subscribe(session, channel, token=token)
    assert answer["error"] == "EGeneral:Permission denied"
    exchange.faults.permissions(grant=[permission])
    assert subscribe(session, channel, token=token)[0]["success"]
    assert subscribe(session, channel, token=token)[0]["error"] == "Already subscribed"
    assert unsubscribe(session, channel, token="x")[0]["error"] == "ESession:Invalid session"
    assert unsubscribe(session, channel, token=token)[0]["success"]
    assert unsubscribe(session, channel, token=token)[0]["error"] == "Subscription Not Found"


def test_fills_in_a_snapshot_need_a_permission_more() -> None:
    """They belong to orders that may be closed."""
    exchange = a_quiet_exchange()
    session, token = opened(exchange, "private"), a_token(exchange)
    exchange.faults.permissions(revoke=["query-closed-trades"])
    assert subscribe(session, "executions", token=token, snap_trades=True)[0]["error"] == "EGeneral:Permission denied"
    assert subscribe(session, "executions", token=token)[0]["success"]


def test_a_token_lives_as_long_as_its_subscription() -> None:
    """Fifteen minutes to be used; after that only where it is kept alive."""
    exchange = a_quiet_exchange(idle_s=10_000)
    keeper = Trader(exchange, "executions")
    idler = Trader(exchange)
    wait(exchange, 901)
    assert keeper.ask("cancel_all")[0]["success"]
    assert error(idler.ask("cancel_all")) == "ESession:Invalid session"
    unsubscribe(keeper.session, "executions", token=keeper.token)
    assert error(keeper.ask("cancel_all")) == "ESession:Invalid session"
