"""What a connection says and when: acknowledgements, refusals, heartbeats, its end."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from kraken_lab.sandbox.instruments import PAIRS
from tests.sandbox.talk import (
    SECOND,
    a_quiet_exchange,
    a_token,
    ask,
    opened,
    said,
    subscribe,
    unsubscribe,
    wait,
)

RESPONSE = {"method", "req_id", "success", "time_in", "time_out"}
MICROS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def test_status_comes_first_and_unasked() -> None:
    """Every endpoint begins with it, with a connection id beyond what fits 63 bits."""
    exchange = a_quiet_exchange()
    for endpoint in ("public", "private", "level3"):
        (status,) = said(exchange.open(endpoint))
        assert status["channel"] == "status"
        assert status["type"] == "update"
        (state,) = status["data"]
        assert set(state) == {"system", "api_version", "connection_id", "version"}
        assert state["system"] == "online"
        assert state["api_version"] == "v2"
        assert 2**63 <= state["connection_id"] < 2**64


def test_a_status_change_reaches_every_connection() -> None:
    """Whatever they are subscribed to; a later connection starts with the new state."""
    exchange = a_quiet_exchange()
    sessions = [opened(exchange, endpoint) for endpoint in ("public", "private", "level3")]
    exchange.set_status("cancel_only")
    for session in [*sessions, exchange.open("public")]:
        (status,) = said(session)
        assert status["data"][0]["system"] == "cancel_only"


def test_pong_has_neither_success_nor_result() -> None:
    """Only its own name, the number, and two times in order."""
    session = opened(a_quiet_exchange())
    (pong,) = ask(session, method="ping", req_id=0)
    assert set(pong) == {"method", "req_id", "time_in", "time_out"}
    assert pong["method"] == "pong"
    assert pong["req_id"] == 0
    assert MICROS.fullmatch(pong["time_in"])
    assert MICROS.fullmatch(pong["time_out"])
    assert pong["time_in"] < pong["time_out"]
    (anonymous,) = ask(session, method="ping")
    assert "req_id" not in anonymous


def test_each_symbol_has_its_own_answer_and_good_ones_run() -> None:
    """One response a symbol, all with the same number; acknowledgement, then snapshot."""
    session = opened(a_quiet_exchange())
    answers = subscribe(session, "book", "DOT/USD", "XBT/USD", "UNKNOWN", "SHIB/USD")
    told = [(answer.get("success"), answer.get("symbol"), answer.get("type")) for answer in answers]
    assert told == [
        (True, None, None),
        (None, None, "snapshot"),
        (False, "XBT/USD", None),
        (False, "UNKNOWN", None),
        (True, None, None),
        (None, None, "snapshot"),
    ]
    assert answers[0]["result"] == {"channel": "book", "depth": 10, "snapshot": True, "symbol": "DOT/USD"}
    assert answers[2]["error"] == "Currency pair not supported XBT/USD"
    assert answers[3]["error"] == "Currency pair not in ISO 4217-A3 format UNKNOWN"
    assert set(answers[0]) == RESPONSE | {"result"}
    assert set(answers[2]) == RESPONSE | {"error", "symbol"}
    assert {answer["req_id"] for answer in answers if "req_id" in answer} == {1}


@pytest.mark.parametrize(
    ("channel", "params", "result"),
    [
        ("ticker", {}, {"event_trigger": "trades", "snapshot": True}),
        ("ticker", {"event_trigger": "bbo"}, {"event_trigger": "bbo", "snapshot": True}),
        ("book", {"depth": 1000}, {"depth": 1000, "snapshot": True}),
        ("trade", {}, {"snapshot": False}),
        ("trade", {"snapshot": True}, {"snapshot": True}),
        (
            "ohlc",
            {"interval": 5},
            {"interval": 5, "snapshot": True, "warnings": ["timestamp is deprecated, use interval_begin"]},
        ),
    ],
)
def test_acknowledgements_carry_the_effective_options(channel: str, params: Any, result: Any) -> None:
    """Exactly the documented keys."""
    session = opened(a_quiet_exchange())
    acknowledged = subscribe(session, channel, "DOT/USD", **params)[0]
    assert acknowledged["result"] == {"channel": channel, "symbol": "DOT/USD", **result}


def test_instrument_is_acknowledged_once_and_without_a_symbol() -> None:
    """It has one subscription, and a deprecation to announce."""
    session = opened(a_quiet_exchange())
    acknowledged, snapshot = subscribe(session, "instrument")
    assert acknowledged["result"] == {
        "channel": "instrument",
        "snapshot": True,
        "warnings": ["tick_size is deprecated, use price_increment"],
    }
    assert snapshot["type"] == "snapshot"
    assert subscribe(session, "instrument")[0]["error"] == "Already subscribed"
    (gone,) = unsubscribe(session, "instrument")
    assert gone["result"] == {"channel": "instrument"}


@pytest.mark.parametrize("channel", ["ticker", "book", "ohlc", "trade", "instrument"])
def test_without_a_snapshot_only_the_acknowledgement_comes(channel: str) -> None:
    """``snapshot: false`` is obeyed by every channel."""
    session = opened(a_quiet_exchange())
    symbols = () if channel == "instrument" else ("DOT/USD",)
    (acknowledged,) = subscribe(session, channel, *symbols, snapshot=False)
    assert acknowledged["result"]["snapshot"] is False


def test_a_second_subscription_of_a_symbol_is_refused() -> None:
    """Also at another depth or trigger; another ohlc interval has a text of its own."""
    session = opened(a_quiet_exchange())
    subscribe(session, "book", "DOT/USD")
    subscribe(session, "ticker", "DOT/USD")
    subscribe(session, "ohlc", "DOT/USD", interval=1)
    again = "Already subscribed"
    assert subscribe(session, "book", "DOT/USD")[0]["error"] == again
    assert subscribe(session, "book", "DOT/USD", depth=100)[0]["error"] == again
    assert subscribe(session, "ticker", "DOT/USD", event_trigger="bbo")[0]["error"] == again
    assert subscribe(session, "ohlc", "DOT/USD", interval=1)[0]["error"] == again
    (refused,) = subscribe(session, "ohlc", "DOT/USD", interval=5)
    assert refused["error"] == "Already subscribed to one ohlc interval on this symbol"
    assert refused["symbol"] == "DOT/USD"


def test_unsubscribing_needs_the_right_depth_or_interval() -> None:
    """What is not subscribed in that form is not found, and stays subscribed."""
    session = opened(a_quiet_exchange())
    subscribe(session, "book", "DOT/USD", depth=100)
    subscribe(session, "ohlc", "DOT/USD", interval=5)
    (refused,) = unsubscribe(session, "book", "DOT/USD")
    assert (refused["error"], refused["method"], refused["symbol"]) == (
        "Subscription Not Found",
        "unsubscribe",
        "DOT/USD",
    )
    assert unsubscribe(session, "trade", "DOT/USD")[0]["error"] == "Subscription Not Found"
    (gone,) = unsubscribe(session, "book", "DOT/USD", depth=100)
    assert gone["result"] == {"channel": "book", "depth": 100, "snapshot": True, "symbol": "DOT/USD"}
    (gone,) = unsubscribe(session, "ohlc", "DOT/USD", interval=5)
    assert gone["result"] == {"channel": "ohlc", "interval": 5, "symbol": "DOT/USD"}
    assert subscribe(session, "ohlc", "DOT/USD", interval=1)[0]["success"]


def test_unsubscribing_ticker_names_its_trigger_and_trade_nothing() -> None:
    """The acknowledgements' documented keys; several symbols, several answers."""
    session = opened(a_quiet_exchange())
    subscribe(session, "ticker", "DOT/USD", "SHIB/USD", event_trigger="bbo")
    subscribe(session, "trade", "DOT/USD")
    gone = unsubscribe(session, "ticker", "DOT/USD", "SHIB/USD")
    assert [answer["result"] for answer in gone] == [
        {"channel": "ticker", "event_trigger": "bbo", "symbol": symbol} for symbol in ("DOT/USD", "SHIB/USD")
    ]
    (gone_trade,) = unsubscribe(session, "trade", "DOT/USD", snapshot=True)
    assert gone_trade["result"] == {"channel": "trade", "symbol": "DOT/USD"}


def test_after_unsubscribing_nothing_more_comes() -> None:
    """The book moves on and says nothing here; the other subscriber still hears."""
    exchange = a_quiet_exchange()
    leaving, staying = opened(exchange), opened(exchange)
    for session in (leaving, staying):
        subscribe(session, "book", "DOT/USD")
    unsubscribe(leaving, "book", "DOT/USD")
    engine = exchange.market.engine("DOT/USD")
    best = engine.best("buy")
    assert best is not None
    exchange.market.act(engine.market("sell", best[1], exchange.now_ns))
    assert said(leaving) == []
    assert [message["type"] for message in said(staying)] == ["update"]


def test_no_heartbeat_before_the_first_subscription_request() -> None:
    """A connection that only pings hears nothing but pongs."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    ask(session, method="ping")
    wait(exchange, 30)
    assert said(session) == []


@pytest.mark.parametrize("symbol", ["DOT/USD", "WWW/USD"])
def test_a_heartbeat_comes_for_each_second_of_silence(symbol: str) -> None:
    """From the first subscription request on, also if it was refused."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    subscribe(session, "trade", symbol)
    wait(exchange, 0.999)
    assert said(session) == []
    wait(exchange, 0.001)
    assert session.drain() == ['{"channel":"heartbeat"}']
    wait(exchange, 10)
    assert said(session) == [{"channel": "heartbeat"}] * 10


def test_other_traffic_puts_the_heartbeat_off() -> None:
    """A second is counted from whatever was said last."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    subscribe(session, "trade", "DOT/USD")
    wait(exchange, 0.7)
    ask(session, method="ping")
    wait(exchange, 0.9)
    assert said(session) == []
    wait(exchange, 0.1)
    assert said(session) == [{"channel": "heartbeat"}]


def test_a_silent_connection_is_closed_after_a_minute() -> None:
    """Any request counts as activity; the end comes exactly then, once."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    wait(exchange, 30)
    ask(session, method="ping")
    wait(exchange, 59.999)
    assert not session.is_over
    wait(exchange, 0.001)
    assert session.close_request == (1000, "no activity")
    session.receive('{"method":"ping"}')
    assert said(session) == []


def test_the_minute_is_a_setting() -> None:
    """Tests need not wait for it, nor people."""
    exchange = a_quiet_exchange(idle_s=5)
    session = opened(exchange)
    wait(exchange, 5)
    assert session.close_request is not None


def test_a_beating_public_connection_stays() -> None:
    """Even one whose only subscription was refused beats for ever and never delivers."""
    exchange = a_quiet_exchange()
    subscribed, refused = opened(exchange), opened(exchange)
    subscribe(subscribed, "trade", "ACA/EUR")
    subscribe(refused, "trade", "WWW/USD")
    wait(exchange, 300)
    assert subscribed.close_request is None
    assert refused.close_request is None


def test_a_private_connection_without_a_subscription_is_closed() -> None:
    """Heartbeats alone keep nobody there."""
    exchange = a_quiet_exchange()
    session = opened(exchange, "private")
    (refused,) = subscribe(session, "executions", token="x")
    assert (refused["error"], refused["channel"]) == ("ESession:Invalid session", "executions")
    wait(exchange, 61)
    assert session.close_request is not None
    private = opened(exchange, "private")
    subscribe(private, "balances", token=a_token(exchange, 1))
    level3 = opened(exchange, "level3")
    subscribe(level3, "level3", "DOT/USD", token=a_token(exchange, 2))
    wait(exchange, 300)
    assert level3.close_request is None
    assert private.close_request is None


@pytest.mark.promise("W-03")
@pytest.mark.fault("F-149")
def test_too_many_requests_are_refused_for_their_rate() -> None:
    """Our own limit of a hundred a second; a second later all is well."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    for number in range(101):
        session.receive(json.dumps({"method": "ping", "req_id": number}))
    answers = said(session)
    assert all("error" not in answer for answer in answers[:100])
    assert (answers[100]["error"], answers[100]["req_id"]) == ("Exceeded msg rate", 100)
    wait(exchange, 1)
    assert "error" not in ask(session, method="ping")[0]


def test_a_refusal_as_a_whole_answers_each_symbol() -> None:
    """An unknown field is told for every symbol that was named, or once if none was."""
    session = opened(a_quiet_exchange())
    answers = subscribe(session, "book", "DOT/USD", "SHIB/USD", deep=1)
    assert [answer["symbol"] for answer in answers] == ["DOT/USD", "SHIB/USD"]
    (answer,) = subscribe(session, "news")
    assert "symbol" not in answer
    (malformed,) = ask(session)
    assert (malformed["method"], malformed["error"]) == ("error", "Malformed request")
    assert "req_id" not in malformed


def test_a_symbols_own_words_are_only_text() -> None:
    """Mark-up and quotes in a symbol come back escaped as JSON, nothing else."""
    session = opened(a_quiet_exchange())
    symbol = '<img src=x>"/\u202e\ud800'
    (refused,) = subscribe(session, "book", symbol)
    assert refused["symbol"] == symbol
    assert refused["error"] == f"Currency pair not supported {symbol}"


@pytest.mark.promise("W-03")
@pytest.mark.parametrize("channel", ["book", "ticker", "trade", "ohlc"])
def test_an_empty_symbol_is_a_wrong_one(channel: str) -> None:
    """It is refused like any other that is no pair, and the one beside it is subscribed."""
    session = opened(a_quiet_exchange())
    answers = [answer for answer in subscribe(session, channel, "", "DOT/USD") if "method" in answer]
    assert [(answer["success"], answer.get("symbol")) for answer in answers] == [(False, ""), (True, None)]
    assert answers[0]["error"] == "Currency pair not in ISO 4217-A3 format "
    assert answers[1]["result"]["symbol"] == "DOT/USD"


def test_everything_listed_can_be_subscribed_but_what_is_delisted() -> None:
    """All pairs at once; a delisted one is no longer supported."""
    exchange = a_quiet_exchange(pairs=PAIRS)
    exchange.set_pair_status("DOT/USD", "delisted")
    answers = subscribe(opened(exchange), "trade", *(pair.symbol for pair in PAIRS))
    assert [answer.get("symbol") for answer in answers if not answer["success"]] == ["DOT/USD"]


def test_closing_ends_the_subscriptions() -> None:
    """A peer that went away is sent nothing, and a new connection starts from nothing."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    subscribe(session, "book", "DOT/USD")
    session.close()
    session.close()
    assert exchange.sessions == ()
    wait(exchange, 2)
    assert session.drain() == []
    assert exchange.next_due_ns() > exchange.now_ns + SECOND
    assert subscribe(opened(exchange), "book", "DOT/USD")[0]["success"]
