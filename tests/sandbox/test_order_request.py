"""Trading requests are read as the reference writes them, and nothing else is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kraken_lab.sandbox.instants import instant_ns
from kraken_lab.sandbox.json_text import read
from kraken_lab.sandbox.new_order import ReadOrder
from kraken_lab.sandbox.order_request import (
    TRADING_METHODS,
    AddBatch,
    AddOrder,
    AmendOrder,
    CancelAfter,
    CancelAll,
    CancelBatch,
    CancelOrders,
    EditOrder,
    TradingRequest,
    read_trading,
)
from kraken_lab.sandbox.order_terms import Amendment, ConditionalTerms, Edit, NewOrder, TriggerTerms
from kraken_lab.sandbox.parameters import BadRequest, Refusing
from tests.fixtures import names, sample

LIMIT: dict[str, Any] = {
    "order_type": "limit", "side": "buy", "symbol": "BTC/USD", "order_qty": 1.5, "limit_price": 26500.4, "token": "T",
}  # fmt: skip
REQUESTS = [name for kind in sorted(TRADING_METHODS) for name in names(f"{kind}/request*")]


def ask(method: str, params: dict[str, Any], offset_ns: int = 0) -> Any:
    """What a request that is taken asks for."""
    return read_trading(read(json.dumps(params)), Refusing(method, 1), offset_ns).ask


def refused(method: str, params: dict[str, Any]) -> str:
    """In which words a request is refused."""
    with pytest.raises(BadRequest) as caught:
        ask(method, params)
    assert (caught.value.method, caught.value.req_id) == (method, 1)
    return caught.value.error


def documented(name: str) -> Any:
    """What a documented request asks for."""
    message = read(sample(name))
    return read_trading(message["params"], Refusing(message["method"], message.get("req_id"))).ask


def order(**more: Any) -> NewOrder:
    """The terms of a limit order with these parameters instead of, or beside, the usual ones; None takes one away."""
    params = {name: value for name, value in {**LIMIT, **more}.items() if value is not None}
    added: AddOrder = ask("add_order", params)
    return added.order.terms


@pytest.mark.parametrize("name", REQUESTS)
def test_every_documented_request_is_taken(name: str) -> None:
    """With its token and its number."""
    message = read(sample(name))
    request = read_trading(message["params"], Refusing(message["method"], message.get("req_id")))
    assert (request.method, request.req_id) == (message["method"], message.get("req_id"))
    assert request.token == message["params"]["token"]


def test_a_limit_order_is_read_exactly() -> None:
    """Decimals as they were written; everything that was not said has its documented default."""
    limit = NewOrder(
        symbol="BTC/USD",
        side="buy",
        order_type="limit",
        order_qty=Decimal("1.2"),
        limit_price=Decimal("26500.4"),
        order_userref=100054,
    )
    assert documented("add_order/request-limit") == AddOrder(ReadOrder(limit, ()))


def test_times_triggers_and_templates_are_read() -> None:
    """Deadlines and ends in nanoseconds, nested objects as terms of their own."""
    gtd = documented("add_order/request-limit-post-only-gtd").order.terms
    assert gtd.time_in_force == "gtd"
    assert gtd.post_only
    assert gtd.expire_ns == instant_ns("2026-05-05T10:00:00Z")
    assert gtd.deadline_ns == instant_ns("2026-05-04T10:15:05.123Z")
    stop = documented("add_order/request-stop-loss-pct").order.terms
    assert stop.triggers == TriggerTerms(price=Decimal("-2.0"), price_type="pct")
    trailing = documented("add_order/request-trailing-stop-limit").order.terms
    assert (trailing.limit_price, trailing.limit_price_type) == (Decimal("-50.0"), "quote")
    oto = documented("add_order/request-oto").order.terms
    assert oto.conditional == ConditionalTerms(
        order_type="stop-loss-limit", trigger_price=Decimal(28410), limit_price=Decimal(28400)
    )
    assert isinstance(oto.limit_price, Decimal)  # a whole number is as good as one with decimals


def test_changes_and_cancels_are_read() -> None:
    """The other seven methods, by their documented examples."""
    assert documented("amend_order/request-trigger") == AmendOrder(
        Amendment(
            order_id="OSTOPL-CCCCC-DDDDDD", trigger_price=Decimal("2950.0"), trigger_price_type="static",
            limit_price=Decimal("2940.0"),
        )
    )  # fmt: skip
    edit = Edit(order_id="ORDERX-IDXXX-XXXXX1", symbol="BTC/USD", order_qty=Decimal("0.2123456789"))
    assert documented("edit_order/request") == EditOrder(edit, ())
    assert documented("cancel_order/request-order_id") == CancelOrders(
        "order_id", ("OM5CRX-N2HAL-GFGWE9", "OLUMT4-UTEGU-ZYM7E9")
    )
    assert documented("cancel_order/request-order_userref") == CancelOrders("order_userref", (100054,))
    assert documented("cancel_all/request") == CancelAll()
    assert documented("cancel_all_orders_after/request") == CancelAfter(100)
    assert documented("batch_cancel/request") == CancelBatch(("1", "2", "ORDERX-IDXXX-XXXXX3"), ())
    assert documented("batch_cancel/request-cl_ord_id") == CancelBatch((), ("b-1", "b-2"))


def test_a_batch_is_orders_of_one_pair_at_one_deadline() -> None:
    """Each with its own terms."""
    batch = documented("batch_add/request")
    assert isinstance(batch, AddBatch)
    assert batch.deadline_ns == instant_ns("2022-06-13T08:09:10.123456Z")
    assert [read.terms.order_userref for read in batch.orders] == [1, 2]
    assert {read.terms.symbol for read in batch.orders} == {"BTC/USD"}
    assert batch.orders[1].terms.stp_type == "cancel_both"


@pytest.mark.parametrize("method", sorted(TRADING_METHODS))
def test_without_a_token_nothing_is_taken(method: str) -> None:
    """In the words that were seen live; an empty one is none."""
    assert refused(method, {}) == refused(method, {"token": ""}) == "Token(s) not found"


@pytest.mark.parametrize("method", sorted(TRADING_METHODS))
def test_unknown_fields_are_refused(method: str) -> None:
    """Not ignored."""
    assert refused(method, {"token": "T", "colour": 1}) == (
        f"Unsupported field: 'colour' for the given msg type: {method}"
    )


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"cash_order_qty": "250"}, "Cash_order_qty field must be a number_float"),
        ({"order_qty": "1.5"}, "Order_qty field must be a number_float"),
        ({"order_qty": True}, "Order_qty field must be a number_float"),
        ({"limit_price": {}}, "Limit_price field must be a number_float"),
        ({"side": 1}, "Side field must be a string"),
        ({"symbol": ["BTC/USD"]}, "Symbol field must be a string"),
        ({"post_only": 1}, "Post_only field must be a boolean"),
        ({"order_userref": 1.5}, "Order_userref field must be a number_integer"),
        ({"triggers": []}, "Triggers field must be an object"),
        ({"triggers": {"price": "1"}}, "Price field must be a number_float"),
        ({"conditional": {"order_type": 7}}, "Order_type field must be a string"),
        ({"token": 7}, "Token field must be a string"),
        ({"cl_ord_id": 7}, "Cl_ord_id field must be a string"),
    ],
)
def test_wrong_types_are_named(params: dict[str, Any], error: str) -> None:
    """Quantities as text above all."""
    assert refused("add_order", {**LIMIT, **params}) == error


@pytest.mark.parametrize(
    ("params", "argument"),
    [
        ({"order_type": "stop"}, "order_type"),
        ({"side": "BUY"}, "side"),
        ({"time_in_force": "GTC"}, "time_in_force"),
        ({"stp_type": "none"}, "stp_type"),
        ({"fee_preference": "fciq"}, "fee_preference"),
        ({"limit_price_type": "offset"}, "limit_price_type"),
        ({"triggers": {"reference": "index"}}, "triggers"),
        ({"triggers": {"price": 1, "price_type": "percent"}}, "price_type"),
        ({"conditional": {"limit_price": 1}}, "conditional"),
        ({"conditional": {"order_type": "market"}}, "order_type"),
        ({"expire_time": "tomorrow"}, "expire_time"),
        ({"deadline": "2026-05-04T10:15:05"}, "deadline"),
        ({"effective_time": "2026-13-04T10:15:05Z"}, "effective_time"),
        ({"no_mpp": True}, "no_mpp order option is only available when ordertype = market"),
        ({"cl_ord_id": "a", "order_userref": 1}, "cl_ord_id"),
    ],
)
def test_impossible_arguments_are_named(params: dict[str, Any], argument: str) -> None:
    """After ``EGeneral:Invalid arguments``."""
    assert refused("add_order", {**LIMIT, **params}) == f"EGeneral:Invalid arguments:{argument}"


@pytest.mark.parametrize("missing", ["order_type", "side", "symbol"])
def test_what_every_order_needs_is_missed(missing: str) -> None:
    """By its name."""
    params = {name: value for name, value in LIMIT.items() if name != missing}
    assert refused("add_order", params) == f"EGeneral:Invalid arguments:{missing}"


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("amend_order", {}, "EGeneral:Invalid arguments:order_id"),
        ("amend_order", {"order_id": "O", "cl_ord_id": "c"}, "EGeneral:Invalid arguments:order_id"),
        ("amend_order", {"order_id": "O", "order_qty": "1"}, "Order_qty field must be a number_float"),
        ("edit_order", {"order_id": "O"}, "EGeneral:Invalid arguments:symbol"),
        ("edit_order", {"symbol": "BTC/USD"}, "EGeneral:Invalid arguments:order_id"),
        ("cancel_order", {}, "EGeneral:Invalid arguments:order_id"),
        ("cancel_order", {"order_id": []}, "EGeneral:Invalid arguments:order_id"),
        ("cancel_order", {"order_id": ["O"], "cl_ord_id": ["c"]}, "EGeneral:Invalid arguments:order_id"),
        ("cancel_order", {"order_id": "O"}, "Order_id field must be an array"),
        ("cancel_order", {"order_id": [7]}, "Order_id field must be an array of strings"),
        ("cancel_order", {"order_userref": ["7"]}, "Order_userref field must be an array of number_integers"),
        ("cancel_all_orders_after", {}, "EGeneral:Invalid arguments:timeout"),
        ("cancel_all_orders_after", {"timeout": 86400}, "EGeneral:Invalid arguments:timeout"),
        ("cancel_all_orders_after", {"timeout": -1}, "EGeneral:Invalid arguments:timeout"),
        ("cancel_all_orders_after", {"timeout": 1.5}, "Timeout field must be a number_integer"),
        ("batch_cancel", {"orders": ["O"]}, "EGeneral:Invalid arguments:orders"),
        ("batch_cancel", {"orders": ["O"] * 51}, "EGeneral:Invalid arguments:orders"),
        ("batch_cancel", {"orders": [1, 2]}, "Orders field must be an array of strings"),
        ("batch_add", {"symbol": "BTC/USD"}, "EGeneral:Invalid arguments:orders"),
        ("batch_add", {"symbol": "BTC/USD", "orders": [{}]}, "EGeneral:Invalid arguments:orders"),
        ("batch_add", {"symbol": "BTC/USD", "orders": [{}] * 16}, "EGeneral:Invalid arguments:orders"),
        ("batch_add", {"symbol": "BTC/USD", "orders": [1, 2]}, "EGeneral:Invalid arguments:orders"),
        ("batch_add", {"orders": [{}] * 2}, "EGeneral:Invalid arguments:symbol"),
        ("batch_add", {"symbol": "BTC/USD", "orders": [{"symbol": "BTC/USD"}] * 2},
         "Unsupported field: 'symbol' for the given msg type: batch_add"),
    ],
)  # fmt: skip
def test_what_else_is_not_in_order_is_refused(method: str, params: dict[str, Any], error: str) -> None:
    """Ids that do not go together, numbers out of range, orders that are none."""
    assert refused(method, {**params, "token": "T"}) == error


@pytest.mark.parametrize(
    "name", ["6d1b345e-2821-40e2-ad83-4ecb18a06876", "6d1b345e282140e2ad834ecb18a06876", "any text, 18 chars", "x"]
)
def test_a_client_id_has_one_of_three_forms(name: str) -> None:
    """A UUID, the same without dashes, or a short text."""
    assert order(cl_ord_id=name).cl_ord_id == name


@pytest.mark.parametrize(
    "name", ["", "a text of 19 letter", "6d1b345e282140e2ad834ecb18a0687", "schön", "a\nb", "x" * 36]
)
def test_any_other_client_id_is_refused(name: str) -> None:
    """As assumed: naming the argument."""
    assert refused("add_order", {**LIMIT, "cl_ord_id": name}) == "EGeneral:Invalid arguments:cl_ord_id"


def test_deprecated_parameters_are_understood_and_warned_about() -> None:
    """``stop_price`` and ``trigger`` mean triggers."""
    old = {**LIMIT, "order_type": "stop-loss-limit", "stop_price": 26000, "trigger": "index"}
    added = ask("add_order", old).order
    assert added.terms.triggers == TriggerTerms(price=Decimal(26000), reference="index")
    assert added.warnings == (
        "stop_price is deprecated, use triggers.price",
        "trigger is deprecated use triggers.reference",
    )
    market = ask("add_order", {**LIMIT, "order_type": "market", "no_mpp": False}).order
    assert market.warnings == ("no_mpp is deprecated",)
    edit = ask("edit_order", {"order_id": "O", "symbol": "BTC/USD", "price": 5, "token": "T"})
    assert (edit.edit.limit_price, edit.warnings) == (Decimal(5), ("price is deprecated, use limit_price",))


def test_times_are_by_the_clock_that_is_shown() -> None:
    """An exchange that is three seconds ahead understands deadlines that are too."""
    shown = ask("add_order", {**LIMIT, "deadline": "2026-05-04T10:15:05Z"}, offset_ns=3_000_000_000).order.terms
    assert shown.deadline_ns == instant_ns("2026-05-04T10:15:02Z")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001z", 1),
        ("1970-01-01t01:30:00.5+01:30", 500_000_000),
        ("1969-12-31T23:00:00-01:00", 0),
        ("2026-05-04T10:15:05.123Z", 1_777_889_705_123_000_000),
        ("9999-12-31T23:59:59-00:01", 253_402_300_859_000_000_000),  # beyond what a datetime holds
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, ns: int) -> None:
    """With any zone."""
    assert instant_ns(text) == ns


fields = st.sampled_from(
    ["order_type", "side", "symbol", "order_qty", "limit_price", "triggers", "conditional", "cl_ord_id",
     "order_userref", "token", "orders", "order_id", "timeout", "deadline", "x"]
)  # fmt: skip
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["limit", "buy", "BTC/USD", "T", "9999-12-31T23:59:59-23:59"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(method=st.sampled_from(sorted(TRADING_METHODS)), params=st.dictionaries(fields, values, max_size=6))
def test_any_parameters_are_taken_or_refused_in_words(method: str, params: dict[str, Any]) -> None:
    """Nothing but a refusal escapes."""
    outcome: object
    try:
        outcome = read_trading({**LIMIT, **params} if method == "add_order" else params, Refusing(method, None))
    except BadRequest as refusal:
        outcome = refusal.error
    assert isinstance(outcome, TradingRequest | str)
    assert outcome
