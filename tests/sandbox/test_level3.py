"""What level3 has of its own: the token, the price of a subscription, the shape of its messages."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from kraken_lab.sandbox.instruments import PAIRS
from tests.sandbox.talk import a_quiet_exchange, a_token, opened, said, subscribe, unsubscribe, wait

ORDER = ["order_id", "limit_price", "order_qty", "timestamp"]
NANOS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
SYMBOLS = [pair.symbol for pair in PAIRS]


def test_messages_have_the_documented_shape() -> None:
    """Orders with nanoseconds; updates say what happened; depth in the acknowledgement."""
    exchange = a_quiet_exchange()
    session = opened(exchange, "level3")
    acknowledged, snapshot = subscribe(session, "level3", "DOT/USD", token=a_token(exchange))
    assert acknowledged["result"] == {"channel": "level3", "depth": 10, "snapshot": True, "symbol": "DOT/USD"}
    assert list(snapshot) == ["channel", "type", "data"]
    (data,) = snapshot["data"]
    assert list(data) == ["symbol", "checksum", "bids", "asks", "timestamp"]
    assert NANOS.fullmatch(data["timestamp"])
    for order in (*data["bids"], *data["asks"]):
        assert list(order) == ORDER
        assert order["order_qty"].as_tuple().exponent == -8
        assert NANOS.fullmatch(order["timestamp"])
    assert len({order["limit_price"] for order in data["bids"]}) == 10
    engine = exchange.market.engine("DOT/USD")
    exchange.market.act(engine.limit("buy", engine.prices("buy")[0], 1000, exchange.now_ns))
    (update,) = said(session)
    (data,) = update["data"]
    assert list(data) == ["checksum", "symbol", "bids", "asks", "timestamp"]
    (order,) = data["bids"]
    assert list(order) == ["event", *ORDER]
    assert (order["event"], order["order_qty"]) == ("add", Decimal("0.00001000"))


def test_a_level_that_comes_into_scope_brings_its_orders_with_their_old_times() -> None:
    """Deletions of the level that went, then an addition for each order of the one behind the tenth."""
    exchange = a_quiet_exchange()
    session = opened(exchange, "level3")
    engine = exchange.market.engine("DOT/USD")
    eleventh = engine.prices("sell")[10]
    wait(exchange, 10)
    exchange.market.act(engine.limit("sell", eleventh, 77, exchange.now_ns))
    wait(exchange, 10)
    subscribe(session, "level3", "DOT/USD", token=a_token(exchange))
    best = engine.best("sell")
    assert best is not None
    gone = [order.order_id for order in engine.queue("sell", best[0])]
    exchange.market.act(engine.market("buy", best[1], exchange.now_ns))
    (update,) = said(session)
    events = update["data"][0]["asks"]
    assert [event["order_id"] for event in events if event["event"] == "delete"] == gone
    added = [event for event in events if event["event"] == "add"]
    assert [event["order_id"] for event in added] == [order.order_id for order in engine.queue("sell", eleventh)]
    assert added[-1]["order_qty"] == Decimal("0.00000077")
    assert added[-1]["timestamp"] < update["data"][0]["timestamp"]


def test_a_token_that_is_missing_unknown_or_late_is_no_session() -> None:
    """The shape of that refusal names channel and status; unsubscribing needs a token as well."""
    exchange = a_quiet_exchange()
    session = opened(exchange, "level3")
    late = a_token(exchange)
    wait(exchange, 30)
    subscribe(session, "level3", "DOT/USD", token=late)
    other = opened(exchange, "level3")
    unused = a_token(exchange, nonce=2)
    for params in ({}, {"token": "guessed"}):
        (refused,) = subscribe(other, "level3", "DOT/USD", **params)
        assert refused["error"] == "ESession:Invalid session"
        assert (refused["channel"], refused["status"]) == ("level3", "error")
        assert "symbol" not in refused
    assert unsubscribe(session, "level3", "DOT/USD")[0]["error"] == "ESession:Invalid session"
    wait(exchange, 900)
    (refused, *_) = [
        m for m in subscribe(opened(exchange, "level3"), "level3", "DOT/USD", token=unused) if "error" in m
    ]
    assert refused["error"] == "ESession:Invalid session"


def test_a_used_token_lives_while_its_subscription_is_kept() -> None:
    """Long after 15 minutes it still works; once the subscription is gone it does not."""
    exchange = a_quiet_exchange()
    session = opened(exchange, "level3")
    token = a_token(exchange)
    subscribe(session, "level3", "DOT/USD", token=token)
    wait(exchange, 3600)
    said(session)
    assert subscribe(session, "level3", "SHIB/USD", token=token)[0]["success"]
    assert unsubscribe(session, "level3", "DOT/USD", "SHIB/USD", token=token)[0]["success"]
    assert subscribe(session, "level3", "DOT/USD", token=token)[0]["error"] == "ESession:Invalid session"


def test_unsubscribing_names_the_symbol_and_takes_a_depth_only_if_it_is_right() -> None:
    """The depth may be left out, but not be another."""
    exchange = a_quiet_exchange()
    session = opened(exchange, "level3")
    token = a_token(exchange)
    subscribe(session, "level3", "DOT/USD", depth=100, token=token)
    (refused,) = unsubscribe(session, "level3", "DOT/USD", depth=10, token=token)
    assert refused["error"] == "Subscription Not Found"
    (gone,) = unsubscribe(session, "level3", "DOT/USD", token=token)
    assert gone["result"] == {"channel": "level3", "symbol": "DOT/USD"}


@pytest.mark.promise("P-02")
@pytest.mark.fault("F-175")
@pytest.mark.parametrize(
    ("account", "depth", "affordable"), [("standard", 1000, 2), ("standard", 100, 8), ("pro", 1000, 5)]
)
def test_subscriptions_cost_by_depth_and_a_second_has_a_budget(account: str, depth: int, affordable: int) -> None:
    """5, 25 or 100 a symbol; 200 or 500 a second for the whole account; refused symbols may be asked again later."""
    exchange = a_quiet_exchange(account=account, pairs=PAIRS)
    session, other = opened(exchange, "level3"), opened(exchange, "level3")
    token = a_token(exchange)
    answers = [m for m in subscribe(session, "level3", *SYMBOLS, depth=depth, token=token) if "method" in m]
    refused = [answer for answer in answers if not answer["success"]]
    assert len(answers) - len(refused) == affordable
    assert {answer["error"] for answer in refused} == {"EAPI:Rate limit exceeded"}
    assert [answer["symbol"] for answer in refused] == SYMBOLS[affordable:]
    assert not subscribe(other, "level3", SYMBOLS[0], depth=depth, token=token)[0]["success"]
    wait(exchange, 1)
    said(session)
    assert subscribe(session, "level3", SYMBOLS[affordable], depth=depth, token=token)[0]["success"]


def test_a_connection_takes_no_more_than_its_share_of_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 in truth; there are not so many pairs here."""
    monkeypatch.setattr("kraken_lab.sandbox.subscriptions.LEVEL3_SYMBOLS", 3)
    exchange = a_quiet_exchange()
    session = opened(exchange, "level3")
    symbols = ["DOT/USD", "SHIB/USD", "ACA/EUR", "POL/EUR"]
    answers = subscribe(session, "level3", *symbols, snapshot=False, token=a_token(exchange))
    assert [answer.get("error") for answer in answers] == [None, None, None, "Subscription limit exceeded"]
