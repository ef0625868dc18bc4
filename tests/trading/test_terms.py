"""Arguments become exactly the request they ask for, or everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.trading.states import OrderState
from kraken_lab.trading.terms import Reading, read_add, read_amend, read_batch, read_dead_man, read_edit
from kraken_lab.wire import AddOrder, Triggers, encode

from .wishes import a_market, a_wish, an_order


def params(reading: Reading) -> dict[str, Any]:
    """What would be sent, without the empty token; numbers as they are written."""
    assert reading.request is not None, reading.problems
    sent = json.loads(encode(reading.request), parse_float=str, parse_int=str)["params"]
    assert sent.pop("token") == ""
    return dict(sent)


def wrong(reading: Reading) -> set[str]:
    """The arguments that are objected to. With any of them there is no request."""
    assert (reading.request is None) == bool(reading.problems)
    return {problem.name for problem in reading.problems}


STOP = {"price": "26000.0"}
TEN: Mapping[str, dict[str, Any]] = {
    "limit": a_wish(),
    "market": a_market(),
    "iceberg": a_wish(order_type="iceberg", order_qty="7.5", display_qty="0.5"),
    "stop-loss": a_market(order_type="stop-loss", side="sell", triggers=STOP),
    "stop-loss-limit": a_wish(order_type="stop-loss-limit", side="sell", limit_price="25990.0", triggers=STOP),
    "take-profit": a_market(order_type="take-profit", triggers={**STOP, "reference": "index"}),
    "take-profit-limit": a_wish(order_type="take-profit-limit", triggers={**STOP, "price_type": "static"}),
    "trailing-stop": a_market(order_type="trailing-stop", triggers={"price": "1.0", "price_type": "pct"}),
    "trailing-stop-limit": a_wish(
        order_type="trailing-stop-limit",
        side="sell",
        limit_price="-50.0",
        limit_price_type="quote",
        triggers={"price": "500.0", "price_type": "quote", "reference": "last"},
    ),
    "settle-position": a_market(order_type="settle-position", side="sell", margin=True),
}


@pytest.mark.promise("A-11")
@pytest.mark.parametrize("kind", TEN)
def test_each_of_the_ten_order_types_is_sent_as_it_was_asked_for(kind: str) -> None:
    """What is sent holds what was given, with its digits, and nothing that was not."""
    wish = TEN[kind]
    expected = {name: value for name, value in wish.items() if name != "margin"}
    sent = params(read_add(wish))
    assert sent.pop("margin", None) == wish.get("margin")
    assert sent == expected


@pytest.mark.parametrize("kind", TEN)
def test_a_finished_request_read_again_is_the_same(kind: str) -> None:
    """Reading is idempotent: the parameters of a request make that request."""
    request = read_add(TEN[kind]).request
    assert isinstance(request, AddOrder)
    again = {name: value for name, value in request.given().items() if name != "token"}
    assert read_add(again).request == request


@pytest.mark.promise("A-11", "S-15")
@pytest.mark.parametrize(
    ("value", "digits"),
    [("0.010", "0.010"), (Decimal("1E-8"), "0.00000001"), (3, "3"), (0.1, "0.1"), (np.float64(0.25), "0.25"),
     (np.int64(7), "7"), (" 0.5 ", "0.5")],
)  # fmt: skip
def test_numbers_go_out_with_their_own_digits(value: object, digits: str) -> None:
    """Text, int, Decimal, or a float by its shortest form: never rounded, never an exponent."""
    assert params(read_add(a_wish(order_qty=value)))["order_qty"] == digits


@pytest.mark.promise("A-11")
@given(st.decimals(min_value="0.00000001", max_value="1E18", places=8, allow_nan=False))
@settings(max_examples=50)
def test_every_quantity_of_eight_decimals_survives(qty: Decimal) -> None:
    """As text and as Decimal the same number is read, with all its digits."""
    for value in (qty, format(qty, "f")):
        assert Decimal(params(read_add(a_wish(order_qty=value)))["order_qty"]) == qty


@pytest.mark.promise("A-11")
@pytest.mark.fault("F-119", "F-116")
@pytest.mark.parametrize(
    "value",
    [True, "NaN", float("nan"), float("inf"), "Infinity", "", "0", 0, "-1", -1, Decimal("-0.1"), "1e3", "1E-3",
     "26500,4",     "26 500", "1_000", "٣", [1], b"1", "0x10", "1e999999999", Decimal("sNaN")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["order_qty", "limit_price"])
def test_what_is_no_positive_number_is_refused(name: str, value: object) -> None:
    """Zero, negative, not finite, decimal comma, truth values, exponents: no request comes of it, and no exception."""
    assert wrong(read_add(a_wish(**{name: value}))) == {name}


@pytest.mark.promise("A-11")
@pytest.mark.fault("F-119")
def test_an_exponent_is_offered_written_out() -> None:
    """1e3 may be a slip or a thousand: it is not taken, but what it means is offered."""
    (problem,) = read_add(a_wish(order_qty="1e3")).problems
    assert problem.offer is not None
    assert problem.offer.changes == {"order_qty": "1000"}
    assert "point" in read_add(a_wish(limit_price="26500,4")).problems[0].said


@pytest.mark.promise("A-11")
def test_every_mistake_is_told_not_only_the_first() -> None:
    """Six mistakes, six problems."""
    reading = read_add(
        {"symbol": 7, "side": "Buy", "order_type": "limit", "order_qty": "x", "post_onyl": True, "time_in_force": "gtd"}
    )
    assert wrong(reading) == {"symbol", "side", "order_qty", "post_onyl", "limit_price", "expire_time"}
    told = " ".join(problem.said for problem in reading.problems)
    assert "Did you mean post_only?" in told


@pytest.mark.parametrize(("given", "meant"), [("Buy", "buy"), ("SELL", "sell")])
def test_a_word_in_another_case_is_offered(given: str, meant: str) -> None:
    """Not taken for the right one, but offered."""
    (problem,) = read_add(a_wish(side=given)).problems
    assert problem.offer is not None
    assert problem.offer.changes == {"side": meant}


@pytest.mark.promise("O-06")
@pytest.mark.parametrize("name", ["cl_ord_id", "order_userref", "deadline", "token", "req_id"])
def test_what_is_made_at_sending_cannot_be_given(name: str) -> None:
    """Ids, deadline and token are made fresh for every send; the refusal says so."""
    (problem,) = read_add(a_wish(**{name: "x"})).problems
    assert problem.name == name
    assert len(problem.said) > 30


@pytest.mark.promise("A-11")
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"limit_price": None}, "limit_price"),
        ({"order_qty": None}, "order_qty"),
        ({"order_type": None}, "order_type"),
        ({"side": None}, "side"),
        ({"symbol": None}, "symbol"),
        ({"order_type": "market"}, "limit_price"),
        ({"order_type": "stop-loss"}, "limit_price"),
        ({"order_type": "stop-loss-limit"}, "triggers"),
        ({"triggers": STOP}, "triggers"),
        ({"display_qty": "0.001"}, "display_qty"),
        ({"order_type": "iceberg"}, "display_qty"),
        ({"order_type": "iceberg", "display_qty": "0.02"}, "display_qty"),
        ({"order_type": "iceberg", "order_qty": "15.01", "display_qty": "1"}, "display_qty"),
        ({"limit_price_type": "quote"}, "limit_price_type"),
        ({"time_in_force": "gtd"}, "expire_time"),
        ({"expire_time": "2026-05-05T10:00:00Z"}, "expire_time"),
        ({"post_only": True, "time_in_force": "ioc"}, "post_only"),
        ({"post_only": True, "time_in_force": "fok"}, "post_only"),
        ({"reduce_only": True}, "reduce_only"),
        ({"cash_order_qty": "10"}, "cash_order_qty"),
        ({"post_only": 1}, "post_only"),
        ({"sender_sub_id": 4}, "sender_sub_id"),
        ({"conditional": {"order_type": "market"}}, "conditional.order_type"),
        ({"conditional": {"order_type": "limit"}}, "conditional"),
        ({"conditional": {"order_type": "stop-loss", "trigger_price": "1", "limit_price": "2"}}, "conditional"),
        ({"conditional": {"order_type": "trailing-stop", "trigger_price": "1"}}, "conditional.trigger_price"),
        ({"conditional": "stop"}, "conditional"),
    ],
)  # fmt: skip
def test_parameters_that_do_not_go_together_are_refused(changes: dict[str, Any], name: str) -> None:
    """One rule each: what a type needs, what it cannot have, and what excludes what."""
    assert name in wrong(read_add(a_wish(**changes)))


@pytest.mark.promise("A-11")
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"time_in_force": "fok"}, "time_in_force"),
        ({"time_in_force": "gtd", "expire_time": "2026-05-05T10:00:00Z"}, "time_in_force"),
        ({"post_only": True}, "post_only"),
        ({"order_qty": None, "cash_order_qty": "10", "side": "sell"}, "cash_order_qty"),
        ({"order_qty": None, "cash_order_qty": "10", "margin": True}, "cash_order_qty"),
        ({"order_type": "settle-position"}, "margin"),
        ({"order_type": "trailing-stop", "triggers": {"price": "5"}}, "triggers.price"),
        ({"order_type": "trailing-stop", "triggers": {"price": "-5", "price_type": "pct"}}, "triggers.price"),
        ({"order_type": "stop-loss", "triggers": {"price": "0", "price_type": "pct"}}, "triggers.price"),
        ({"order_type": "stop-loss", "triggers": {"price": "-5"}}, "triggers.price"),
        ({"order_type": "stop-loss", "triggers": {"price_type": "pct"}}, "triggers.price"),
        ({"order_type": "stop-loss", "triggers": {"price": "5", "referenz": "last"}}, "triggers.referenz"),
        ({"order_type": "stop-loss", "triggers": 26000}, "triggers"),
    ],
)  # fmt: skip
def test_market_and_triggered_orders_have_rules_of_their_own(changes: dict[str, Any], name: str) -> None:
    """Prices as offsets, money instead of quantity, and times that a market order does not have."""
    assert name in wrong(read_add(a_market(**changes)))


def test_an_offset_may_be_negative_or_zero_only_where_it_is_one() -> None:
    """A trailing stop's limit is a distance from its trigger; a stop's trigger may be a distance from the market."""
    trailing = TEN["trailing-stop-limit"]
    assert not wrong(read_add({**trailing, "limit_price": 0}))
    assert wrong(read_add({**trailing, "limit_price": -1, "limit_price_type": "static"})) == {"limit_price"}
    assert not wrong(read_add(a_market(order_type="stop-loss", triggers={"price": "-2.0", "price_type": "pct"})))


def test_false_is_what_the_exchange_takes_for_granted() -> None:
    """A flag that is False is not said; one that is taken back by an amendment is."""
    assert "post_only" not in params(read_add(a_wish(post_only=False)))
    sent = params(read_amend(an_order(post_only=True), {"post_only": False}))
    assert sent == {"order_id": "OABCDE-FGHIJ-KLMNOP", "post_only": False}


def test_times_are_whole_seconds_in_utc() -> None:
    """From RFC 3339 text or a datetime that knows its zone; anything else is refused, a fraction with an offer."""
    wish = a_wish(time_in_force="gtd")
    when = datetime(2026, 5, 5, 10, tzinfo=UTC)
    for value in ("2026-05-05T10:00:00Z", when):
        assert params(read_add({**wish, "expire_time": value}))["expire_time"] == "2026-05-05T10:00:00Z"
    for bad in ("tomorrow", 5, when.replace(tzinfo=None), "2026-05-05T10:00:00.5Z"):
        assert wrong(read_add({**wish, "expire_time": bad})) == {"expire_time"}
    (problem,) = read_add({**wish, "expire_time": "2026-05-05T10:00:00.5Z"}).problems
    assert problem.offer is not None
    assert problem.offer.changes == {"expire_time": "2026-05-05T10:00:00Z"}


def test_the_prices_of_a_conditional_close_say_what_they_are() -> None:
    """The reference's default (an offset) and its example (a price) disagree, so the type is always sent."""
    close = {"order_type": "stop-loss-limit", "trigger_price": "28410", "limit_price": "28400"}
    sent = params(read_add(a_wish(conditional=close)))["conditional"]
    assert sent == {**close, "trigger_price_type": "static", "limit_price_type": "static"}
    offset = params(read_add(a_wish(conditional={**close, "limit_price": "-10", "limit_price_type": "quote"})))
    assert offset["conditional"]["limit_price_type"] == "quote"


def test_a_batch_is_read_leg_by_leg() -> None:
    """Every mistake names its order; the pair stands once, and a leg may repeat it but not contradict it."""
    leg = a_wish(symbol=None)
    whole = read_batch({"symbol": "BTC/USD", "orders": [leg, {**leg, "symbol": "BTC/USD", "side": "sell"}]})
    assert [order["side"] for order in params(whole)["orders"]] == ["buy", "sell"]
    bad = read_batch({"symbol": "BTC/USD", "orders": [leg, {**leg, "order_qty": 0}, {**leg, "symbol": "ETH/USD"}]})
    assert wrong(bad) == {"orders[1].order_qty", "orders[2].symbol"}
    assert bad.problems[0].said.startswith("Order 2: ")
    for orders in ([leg], [leg] * 16, [], "x", [1, 2], None):
        assert "orders" in wrong(read_batch({"symbol": "BTC/USD", "orders": orders}))


def test_an_amendment_names_its_order_once_and_changes_something() -> None:
    """By the exchange's id, or ours while that is not known; an empty one, or one of the wrong type, is refused."""
    order = an_order()
    assert params(read_amend(order, {"order_qty": "2"})) == {"order_id": "OABCDE-FGHIJ-KLMNOP", "order_qty": "2"}
    young = replace(order, order_id=None, state=OrderState.PENDING_NEW)
    assert params(read_amend(young, {"limit_price": "26400.0"}))["cl_ord_id"] == order.cl_ord_id
    assert wrong(read_amend(order, {})) == {"order_qty"}
    assert wrong(read_amend(order, {"trigger_price": "5"})) == {"trigger_price"}
    assert wrong(read_amend(order, {"display_qty": "0.1"})) == {"display_qty"}
    assert wrong(read_amend(order, {"order_qty": "-1", "side": "sell"})) == {"order_qty", "side"}
    iceberg = an_order(order_type="iceberg", display_qty=Decimal("0.1"))
    assert wrong(read_amend(iceberg, {"order_qty": "2"})) == {"display_qty"}
    assert not wrong(read_amend(iceberg, {"order_qty": "2", "display_qty": "0.2"}))


def test_an_edit_goes_by_the_exchanges_id_alone() -> None:
    """Symbol and order_id are filled in from the order; without an order_id there is nothing to edit by."""
    edited = params(read_edit(an_order(cl_ord_id=None), {"limit_price": "26400.0"}))
    assert edited == {"order_id": "OABCDE-FGHIJ-KLMNOP", "symbol": "BTC/USD", "limit_price": "26400.0"}
    assert wrong(read_edit(an_order(order_id=None), {"limit_price": "26400.0"})) == {"order"}


@pytest.mark.parametrize("timeout", [-1, 86_400, 1.5, "60", True, None])
def test_the_switch_takes_whole_seconds_below_a_day(timeout: object) -> None:
    """0 turns it off; anything else is refused."""
    assert wrong(read_dead_man(timeout)) == {"timeout"}
    assert params(read_dead_man(0)) == {"timeout": "0"}


def test_values_of_the_wire_are_taken_as_they_are() -> None:
    """Whoever builds `Triggers` by hand may give it instead of a mapping."""
    wish = a_market(order_type="stop-loss", side="sell", triggers=Triggers(price=Decimal("26000.0")))
    assert params(read_add(wish))["triggers"] == {"price": "26000.0"}
