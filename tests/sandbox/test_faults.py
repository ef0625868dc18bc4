"""Every fault control does what it says, and nothing once it is taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox import Exchange, Match
from tests.sandbox.talk import a_quiet_exchange, a_token, ask, opened, private, said, subscribe, wait

PING: dict[str, Any] = {"method": "ping"}


def changed(exchange: Exchange, qty: int = 1000) -> None:
    """Let one order come to rest at the best bid of DOT/USD."""
    engine = exchange.market.engine("DOT/USD")
    exchange.market.act(engine.limit("buy", engine.prices("buy")[0], qty, exchange.now_ns))


@pytest.mark.fault("F-001")
def test_frozen_sessions_neither_speak_nor_listen_until_thawed() -> None:
    """What was asked and what was due meanwhile comes afterwards."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    subscribe(session, "book", "DOT/USD")
    exchange.faults.freeze()
    changed(exchange)
    session.receive(json.dumps(PING))
    wait(exchange, 2)
    assert exchange.faults.frozen
    assert session.drain() == []
    exchange.faults.thaw()
    told = [message.get("channel") or message["method"] for message in said(session)]
    assert told == ["book", "heartbeat", "heartbeat", "pong"]


@pytest.mark.fault("F-002")
def test_a_reset_loses_what_was_not_read() -> None:
    """The connection is over without a word; of one endpoint, if so asked."""
    exchange = a_quiet_exchange()
    session, private_one = opened(exchange), opened(exchange, "private")
    subscribe(session, "book", "DOT/USD")
    changed(exchange)
    exchange.faults.reset("public")
    assert session.reset_request
    assert session.drain() == []
    assert ask(session, **PING) == []
    assert not private_one.reset_request


@pytest.mark.fault("F-003")
@pytest.mark.fault("F-004")
@pytest.mark.parametrize("code", [1001, 1008, 1011, 1012, 1013, 4000])
def test_a_close_says_goodbye_after_what_was_said(code: int) -> None:
    """The text before it still arrives."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    subscribe(session, "book", "DOT/USD")
    changed(exchange)
    exchange.faults.close(code, "going away")
    assert session.close_request == (code, "going away")
    assert [message["channel"] for message in said(session)] == ["book"]
    with pytest.raises(SandboxError, match="1006"):
        exchange.faults.close(1006)


def test_new_connections_can_be_refused_left_hanging_or_answered_otherwise() -> None:
    """State for whatever carries sessions: used up one connection at a time."""
    faults = a_quiet_exchange().faults
    faults.refuse(2)
    faults.hang(1)
    faults.upgrade(503, "busy")
    assert [faults.take_refusal() for _ in range(3)] == [True, True, False]
    assert [faults.take_hang() for _ in range(2)] == [True, False]
    assert [faults.take_upgrade() for _ in range(2)] == [(503, "busy"), None]
    faults.refuse(5)
    faults.clear()
    assert not faults.take_refusal()


def test_a_lost_request_never_happened_and_a_lost_reply_did() -> None:
    """The subscription tells the two apart."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    exchange.faults.lose_request("subscribe")
    assert subscribe(session, "book", "DOT/USD") == []
    exchange.faults.lose_reply("subscribe")
    assert [message["channel"] for message in subscribe(session, "book", "DOT/USD")] == ["book"]
    assert subscribe(session, "book", "DOT/USD")[0]["error"] == "Already subscribed"


def test_a_late_reply_comes_after_what_it_caused() -> None:
    """The snapshot is there at once, its acknowledgement three seconds later."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    exchange.faults.delay("subscribe", 3)
    (snapshot,) = subscribe(session, "book", "DOT/USD")
    assert snapshot["type"] == "snapshot"
    wait(exchange, 2.9)
    assert [message["channel"] for message in said(session)] == ["heartbeat"] * 2
    wait(exchange, 0.1)
    assert next(message for message in said(session) if "success" in message)["result"]["channel"] == "book"


@pytest.mark.fault("F-015")
@pytest.mark.parametrize(("point", "words"), [("received", []), ("accepted", []), ("acked", ["subscribe", "book"])])
def test_a_connection_is_cut_at_the_chosen_point(point: Any, words: list[str]) -> None:
    """Before it was processed, before it was answered, or right after."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    exchange.faults.cut("subscribe", point)
    told = [message.get("method") or message["channel"] for message in subscribe(session, "book", "DOT/USD")]
    assert told == words
    assert session.reset_request
    with pytest.raises(SandboxError, match="later"):
        exchange.faults.cut("subscribe", "later")  # type: ignore[arg-type]


@pytest.mark.fault("F-016")
def test_the_nth_request_is_over_the_rate() -> None:
    """Once; or, with a time, all beyond so many in it."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    exchange.faults.rate_limit("ping", 3)
    assert ["error" in ask(session, **PING)[0] for _ in range(4)] == [False, False, True, False]
    exchange.faults.rate_limit("ping", 2, per_s=1)
    answers = [ask(session, **PING)[0] for _ in range(4)]
    assert [answer.get("error") for answer in answers] == [None, None, "Exceeded msg rate", "Exceeded msg rate"]
    wait(exchange, 1)
    assert "error" not in ask(session, **PING)[0]


@pytest.mark.fault("F-061")
@pytest.mark.parametrize("data", ["not JSON", "", "null", "[]", "3", b"\x00\xff"])
def test_anything_can_be_sent_raw(data: str | bytes) -> None:
    """To the connections of one endpoint, or to all."""
    exchange = a_quiet_exchange()
    session, other = opened(exchange), opened(exchange, "level3")
    exchange.faults.raw(data)
    assert session.drain() == [data]
    assert other.drain() == []
    exchange.faults.raw(data, "")
    assert other.drain() == [data]


@pytest.mark.fault("F-041")
@pytest.mark.fault("F-042")
@pytest.mark.fault("F-055")
def test_messages_are_edited_dropped_and_repeated_as_often_as_asked() -> None:
    """Of those that match, past those that are skipped."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    subscribe(session, "book", "DOT/USD")
    faults = exchange.faults
    faults.edit(Match(channel="book", type="update"), lambda text: text.replace('"checksum":', '"checksum":1'))
    faults.drop(Match(channel="book", symbol="DOT/USD", skip=1))
    faults.dup(Match(channel="book", contains="timestamp", skip=1, times=None))
    counts: list[int] = []
    for _ in range(4):
        changed(exchange)
        counts.append(len(session.drain()))
    assert counts == [1, 0, 2, 2]


def test_an_edit_may_turn_a_text_into_a_binary_frame_and_look_at_the_frame() -> None:
    """``where`` sees what is about to go out."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    exchange.faults.edit(Match(method="ping", where=lambda frame: frame.type == "response"), str.encode)
    session.receive(json.dumps(PING))
    (data,) = session.drain()
    assert isinstance(data, bytes)
    assert json.loads(data)["method"] == "pong"


@pytest.mark.fault("F-056")
def test_two_messages_can_change_places() -> None:
    """The first is held back until the second has gone out on that connection."""
    exchange = a_quiet_exchange()
    session, other = opened(exchange), opened(exchange)
    exchange.faults.swap(Match(method="subscribe"), Match(channel="book"))
    told = [message.get("channel", "answer") for message in subscribe(session, "book", "DOT/USD")]
    assert told == ["book", "answer"]
    assert "pong" in ask(other, **PING)[0]["method"]


@pytest.mark.fault("F-021")
def test_withheld_snapshots_and_heartbeats_do_not_stop_the_clock() -> None:
    """Everything may be swallowed for ever; time goes on."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    exchange.faults.drop(Match(type="snapshot", times=None))
    exchange.faults.drop(Match(channel="heartbeat", times=None))
    (acknowledged,) = subscribe(session, "book", "DOT/USD")
    assert acknowledged["success"]
    wait(exchange, 10)
    assert session.drain() == []
    exchange.faults.clear()
    wait(exchange, 1)
    assert said(session) == [{"channel": "heartbeat"}]


@pytest.mark.fault("F-022")
@pytest.mark.fault("F-024")
def test_a_symbol_can_be_denied_in_any_words() -> None:
    """New subscriptions only; what runs, runs on."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    subscribe(session, "book", "DOT/USD")
    exchange.faults.deny("DOT/USD")
    exchange.faults.deny("SHIB/USD", "EGeneral:Internal error")
    errors = [answer["error"] for answer in subscribe(session, "trade", "DOT/USD", "SHIB/USD")]
    assert errors == ["Currency pair not supported DOT/USD", "EGeneral:Internal error"]
    changed(exchange)
    assert [message["channel"] for message in said(session)] == ["book"]
    exchange.faults.allow("DOT/USD")
    assert subscribe(session, "trade", "DOT/USD")[0]["success"]


@pytest.mark.fault("F-026")
def test_statuses_are_checked() -> None:
    """The exchange's and a pair's; others are an error that names the right ones."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    exchange.faults.status("maintenance")
    assert said(session)[0]["data"][0]["system"] == "maintenance"
    with pytest.raises(SandboxError, match="cancel_only"):
        exchange.faults.status("asleep")  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="reduce_only"):
        exchange.faults.pair_status("DOT/USD", "asleep")  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="DOT/USD"):
        exchange.faults.pair_status("WWW/USD", "online")


@pytest.mark.fault("F-031")
def test_an_announced_maintenance_is_told_with_the_status() -> None:
    """To those who are connected and those who come later; the keys are the observed ones."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    exchange.faults.announce(600, 60, "upgrade")
    for told in (said(session), said(exchange.open("private"))):
        (state,) = told[0]["data"]
        assert state["system"] == "online"
        assert state["emergency"] == []
        (announced,) = state["upcoming_maintenance"]
        assert set(announced) == {
            *("affected_services", "cancel_before_utc", "event_id", "expected_end_utc", "expected_start_utc"),
            *("order_submission", "phase", "recommended_action", "source_url", "time_to_start_s", "title"),
        }
        assert (announced["time_to_start_s"], announced["title"]) == (600, "upgrade")
        assert announced["expected_start_utc"] < announced["expected_end_utc"]


@pytest.mark.fault("F-036")
def test_tokens_can_be_refused_and_short_lived() -> None:
    """So many uses are refused; new tokens live as long as they are told."""
    exchange = a_quiet_exchange()
    session = opened(exchange, "level3")
    exchange.faults.token(lifetime_s=5, reject=1)
    token = a_token(exchange)
    assert private(exchange, "GetWebSocketsToken", 2)["result"]["expires"] == 5
    assert subscribe(session, "level3", "DOT/USD", token=token)[0]["error"] == "ESession:Invalid session"
    assert subscribe(session, "level3", "DOT/USD", token=token)[0]["success"]
    late = a_token(exchange, nonce=3)
    wait(exchange, 5)
    refused = subscribe(opened(exchange, "level3"), "level3", "DOT/USD", token=late)
    assert refused[0]["error"] == "ESession:Invalid session"


@pytest.mark.fault("F-014")
def test_a_restart_ends_every_connection() -> None:
    """And loses the tokens that were given out."""
    exchange = a_quiet_exchange()
    token = a_token(exchange)
    sessions = [opened(exchange, endpoint) for endpoint in ("public", "private", "level3")]
    exchange.faults.restart()
    assert all(session.reset_request for session in sessions)
    refused = subscribe(opened(exchange, "level3"), "level3", "DOT/USD", token=token)
    assert refused[0]["error"] == "ESession:Invalid session"


@pytest.mark.fault("F-038")
@pytest.mark.parametrize(
    ("how", "status", "body"),
    [
        (500, 500, b"an error on purpose"),
        ("html", 502, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
        ("empty", 200, b"{}"),
        ("not_json", 200, b'{"error":[],"resu'),
        ("wrong_type", 200, b'{"error":[],"result":["not","an","object"]}'),
        ("EAPI:Invalid nonce", 200, b'{"error":["EAPI:Invalid nonce"]}'),
        ("no_answer", 0, b""),
    ],
)
def test_rest_fails_in_every_way(how: Any, status: int, body: bytes) -> None:
    """The path that was named, as often as asked."""
    exchange = a_quiet_exchange()
    exchange.faults.rest_fail("GetWebSocketsToken", how)
    assert exchange.rest("GET", "/0/public/Time").status == 200
    answer = exchange.rest("POST", "/0/private/GetWebSocketsToken")
    assert (answer.status, answer.body) == (status, body)
    assert private(exchange, "GetWebSocketsToken", 1)["error"] == []
    with pytest.raises(SandboxError, match="no_answer"):
        exchange.faults.rest_fail("Time", "somehow")


def test_a_peer_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for it has a bound."""
    monkeypatch.setattr("kraken_lab.sandbox.session.OUTBOX_FRAMES", 5)
    exchange = a_quiet_exchange()
    session = opened(exchange)
    for _ in range(6):
        exchange.faults.raw("x")
    assert session.reset_request
    assert session.drain() == []
