"""Requests are taken as strictly as the exchange takes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kraken_lab.sandbox.order_request import TradingRequest
from kraken_lab.sandbox.request import (
    INTERVALS,
    PRIVATE_ELSEWHERE,
    PUBLIC_ELSEWHERE,
    TRADING_METHODS,
    AccountSubscription,
    BadRequest,
    Endpoint,
    Ping,
    Subscription,
    parse,
)

BOOK: dict[str, Any] = {"channel": "book", "symbol": ["BTC/USD"]}


def refusal(message: Any, endpoint: Endpoint = "public") -> BadRequest:
    """How a message is refused."""
    data = message if isinstance(message, str | bytes) else json.dumps(message)
    with pytest.raises(BadRequest) as caught:
        parse(data, endpoint)
    return caught.value


def subscription(params: Any, endpoint: Endpoint = "public", **more: Any) -> Subscription:
    """A subscription that is taken."""
    request = parse(json.dumps({"method": "subscribe", "params": params, **more}), endpoint)
    assert isinstance(request, Subscription)
    return request


@pytest.mark.parametrize(
    "data",
    [
        *("", "nonsense", "{", "[]", "null", "3", '"text"', "{}", '{"req_id":1}', '{"method":7}'),
        *('{"a":NaN}', '{"a":Infinity}', b"\xff\xfe\xfd", "[" * 100_000),
        '{"method":"ping","req_id":' + "9" * 5000 + "}",
        *('{"method":"ping","req_id":1e9999999999999999999}', '{"a":-1.5e-9999999999999999999}'),
    ],
    ids=lambda data: repr(data)[:20],
)
def test_what_is_no_request_is_malformed(data: str | bytes) -> None:
    """What cannot be parsed, or names no method, is answered by method ``error``."""
    refused = refusal(data)
    assert (refused.error, refused.method, refused.req_id) == ("Malformed request", "error", None)


def test_unknown_methods_and_old_events_are_unsupported() -> None:
    """A method nobody knows, and the first version's ``event``, get the same text."""
    assert refusal({"method": "sing", "req_id": 4}).error == "Unsupported event"
    assert refusal({"event": "subscribe"}).error == "Unsupported event"


def test_a_ping_carries_nothing_but_its_number() -> None:
    """``params`` in a ping is an unsupported field."""
    assert parse('{"method":"ping","req_id":0}', "public") == Ping(0)
    assert parse('{"method":"ping"}', "private") == Ping(None)
    refused = refusal({"method": "ping", "params": {}, "req_id": 102})
    assert refused.error == "Unsupported field: 'params' for the given msg type: ping"
    assert refused.req_id == 102


@pytest.mark.parametrize("req_id", ["1", 1.5, True, None, [], 2**64, -(2**63) - 1])
def test_a_req_id_is_an_integer_of_64_bits(req_id: Any) -> None:
    """Anything else is refused by type."""
    refused = refusal({"method": "ping", "req_id": req_id})
    assert refused.error == "Req_id field must be a number_integer"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        (None, "Params field must be an object"),
        ([], "Params field must be an object"),
        ({}, "Channel field must be a string"),
        ({"channel": 5}, "Channel field must be a string"),
        ({"channel": "heartbeat"}, "Subscription name invalid"),
        ({"channel": "status"}, "Subscription name invalid"),
        ({"channel": "news"}, "Subscription name invalid"),
        ({**BOOK, "deep": 10}, "Unsupported field: 'deep' for the given msg type: subscribe"),
        ({**BOOK, "token": "x"}, "Unsupported field: 'token' for the given msg type: subscribe"),
        ({**BOOK, "interval": 1}, "Unsupported field: 'interval' for the given msg type: subscribe"),
        ({**BOOK, "depth": "10"}, "Depth field must be a number_integer"),
        ({**BOOK, "depth": 10.0}, "Depth field must be a number_integer"),
        ({**BOOK, "depth": True}, "Depth field must be a number_integer"),
        ({**BOOK, "depth": 20}, "Subscription depth not supported"),
        ({**BOOK, "snapshot": 1}, "Snapshot field must be a boolean"),
        ({"channel": "book"}, "Symbol(s) not found"),
        ({"channel": "book", "symbol": []}, "Symbol(s) not found"),
        ({"channel": "book", "symbol": "BTC/USD"}, "Symbol field must be an array"),
        ({"channel": "book", "symbol": ["BTC/USD", 3]}, "Symbol field must be an array of strings"),
        ({"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 2}, "Subscription ohlc interval not supported"),
        (
            {"channel": "ticker", "symbol": ["BTC/USD"], "event_trigger": "x"},
            "EGeneral:Invalid arguments:event_trigger",
        ),
        (
            {"channel": "instrument", "symbol": ["BTC/USD"]},
            "Unsupported field: 'symbol' for the given msg type: subscribe",
        ),
        ({"channel": "instrument", "execution_venue": "moon"}, "EGeneral:Invalid arguments:execution_venue"),
    ],
)
def test_parameters_are_checked_by_name_type_and_value(params: Any, error: str) -> None:
    """Nothing unknown, nothing of another type, nothing outside its list; a depth is never rounded."""
    assert refusal({"method": "subscribe", "params": params}).error == error


def test_a_refusal_names_the_symbols_that_were_asked() -> None:
    """So that each can be given its own answer."""
    params = {"channel": "book", "symbol": ["BTC/USD", "ETH/USD"], "depth": 11}
    assert refusal({"method": "subscribe", "params": params}).symbols == ("BTC/USD", "ETH/USD")


def test_an_unknown_field_beside_params_is_refused_too() -> None:
    """The top level is as strict as the parameters."""
    refused = refusal({"method": "subscribe", "params": BOOK, "reqid": 3})
    assert refused.error == "Unsupported field: 'reqid' for the given msg type: subscribe"


@pytest.mark.parametrize(
    ("channel", "endpoint", "error"),
    [
        ("executions", "public", PRIVATE_ELSEWHERE),
        ("balances", "level3", PRIVATE_ELSEWHERE),
        ("level3", "public", PRIVATE_ELSEWHERE),
        ("level3", "private", PUBLIC_ELSEWHERE),
        ("book", "private", PUBLIC_ELSEWHERE),
        ("ticker", "level3", PUBLIC_ELSEWHERE),
        ("instrument", "private", PUBLIC_ELSEWHERE),
    ],
)
def test_a_channel_is_served_on_its_own_endpoint(channel: str, endpoint: Endpoint, error: str) -> None:
    """Elsewhere it is refused and the answer says where to go."""
    assert refusal({"method": "subscribe", "params": {"channel": channel}}, endpoint).error == error


@pytest.mark.parametrize("method", sorted(TRADING_METHODS))
def test_trading_belongs_to_the_private_endpoint(method: str) -> None:
    """Elsewhere it is misplaced, whatever it says; there it is read."""
    for endpoint in ("public", "level3"):
        assert refusal({"method": method, "params": {}, "x": 1}, endpoint).error == PRIVATE_ELSEWHERE
    assert refusal({"method": method, "params": {}, "req_id": 5}, "private").error == "Token(s) not found"
    assert refusal({"method": method, "params": {"token": "T"}, "x": 1}, "private").error == (
        f"Unsupported field: 'x' for the given msg type: {method}"
    )


def account_subscription(**params: Any) -> AccountSubscription:
    """A subscription to a channel of the account that is taken."""
    request = parse(json.dumps({"method": "subscribe", "params": {"token": "T", **params}}), "private")
    assert isinstance(request, AccountSubscription)
    return request


def test_the_accounts_channels_have_their_documented_defaults() -> None:
    """Open orders in the snapshot, fills only if asked for, every status told, no counter."""
    usual = account_subscription(channel="executions")
    assert (usual.token, usual.snapshot, usual.snap_orders, usual.snap_trades) == ("T", True, True, False)
    assert (usual.order_status, usual.ratecounter) == (True, False)
    assert account_subscription(channel="balances").snapshot
    assert not account_subscription(channel="balances", snapshot=False).snapshot


def test_deprecated_snapshot_parameters_mean_the_new_ones_which_win() -> None:
    """``snapshot`` and ``snapshot_trades`` of the first versions; an empty snapshot is still one."""
    old = account_subscription(channel="executions", snapshot=False, snapshot_trades=True)
    assert (old.snapshot, old.snap_orders, old.snap_trades) == (True, False, True)
    both = account_subscription(channel="executions", snapshot=False, snap_orders=True)
    assert both.snap_orders


def test_all_users_come_without_a_snapshot() -> None:
    """As a master account has it; no other word is known."""
    for channel in ("executions", "balances"):
        assert not account_subscription(channel=channel, users="all").snapshot
    wrong = {"method": "subscribe", "params": {"channel": "balances", "users": "some"}}
    assert refusal(wrong, "private").error == "EGeneral:Invalid arguments:users"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"snap_orders": 1}, "Snap_orders field must be a boolean"),
        ({"ratecounter": "yes"}, "Ratecounter field must be a boolean"),
        ({"token": 7}, "Token field must be a string"),
        ({"symbol": ["BTC/USD"]}, "Unsupported field: 'symbol' for the given msg type: subscribe"),
    ],
)
def test_the_accounts_channels_are_as_strict(params: Any, error: str) -> None:
    """Wrong types and unknown fields are refused there too."""
    assert refusal({"method": "subscribe", "params": {"channel": "executions", **params}}, "private").error == error


def test_defaults_are_the_documented_ones() -> None:
    """Depth 10, trigger ``trades``, a snapshot everywhere but for trades."""
    book = subscription(BOOK, req_id=2**63)
    assert (book.depth, book.snapshot, book.req_id) == (10, True, 2**63)
    assert subscription({"channel": "ticker", "symbol": ["BTC/USD"]}).event_trigger == "trades"
    assert not subscription({"channel": "trade", "symbol": ["BTC/USD"]}).snapshot
    assert subscription({"channel": "instrument"}).execution_venue == "international"
    for interval in INTERVALS:
        assert subscription({"channel": "ohlc", "symbol": ["BTC/USD"], "interval": interval}).interval == interval


words = st.sampled_from(["", "book", "BTC/USD", "x", "\u202e", "1"])
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=4,
)
members = {
    "channel": st.sampled_from(["book", "trade", "level3", "instrument", "executions"]) | json_values,
    "symbol": json_values,
    "depth": json_values,
    "snapshot": json_values,
}


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    method=st.sampled_from(["subscribe", "unsubscribe", "ping", "add_order"]) | json_values,
    params=json_values | st.fixed_dictionaries({}, optional=members),
    extra=st.dictionaries(st.sampled_from(["req_id", "x"]), json_values, max_size=2),
    endpoint=st.sampled_from(["public", "private", "level3"]),
)
def test_any_message_is_taken_or_refused_in_words(method: Any, params: Any, extra: Any, endpoint: Endpoint) -> None:
    """Whatever comes, the outcome is a request or a refusal; nothing else escapes."""
    outcome: object
    try:
        outcome = parse(json.dumps({"method": method, "params": params, **extra}), endpoint)
    except BadRequest as refused:
        outcome = refused.error
    assert isinstance(outcome, Ping | Subscription | AccountSubscription | TradingRequest | str)
    assert outcome
