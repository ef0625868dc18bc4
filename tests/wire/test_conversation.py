"""A connection's life, told in calls: no socket, no clock, no waiting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from kraken_lab.wire import (
    Acknowledged,
    Conversation,
    Declined,
    Instant,
    Key,
    Left,
    Query,
    Response,
    Settings,
    Silent,
    Spoiled,
    Stage,
    StatusChanged,
    TradeMessage,
    Want,
)


def at(seconds: float) -> Instant:
    """A moment so many seconds after the start."""
    return Instant(seconds, round(seconds * 1e9))


def trade(symbol: str = "BTC/USD") -> Want:
    """A wish for trades."""
    return Want(channel="trade", symbol=symbol)


def book(symbol: str = "BTC/USD", depth: int = 10) -> Want:
    """A wish for a book."""
    return Want(channel="book", symbol=symbol, depth=depth)


def level3(symbol: str, depth: int = 10) -> Want:
    """A wish for orders."""
    return Want(channel="level3", symbol=symbol, depth=depth)


def open_with(*wants: Want, settings: Settings | None = None) -> Conversation:
    """A conversation that was opened at 0 with these wishes."""
    talk = Conversation(settings or Settings())
    for want in wants:
        talk.want(want)
    talk.opened(at(0.0))
    return talk


def asked(texts: Sequence[str]) -> list[dict[str, Any]]:
    """The requests as objects."""
    return [json.loads(text) for text in texts]


def answer(req_id: int | None, symbol: str | None, *, method: str = "subscribe", **fields: Any) -> str:
    """An answer of the exchange: an acknowledgement unless ``error`` is given."""
    said: dict[str, Any] = {"method": method, "time_in": "2026-01-01T00:00:00.000001Z"}
    said["time_out"] = said["time_in"]
    if req_id is not None:
        said["req_id"] = req_id
    if "error" in fields:
        said |= {"success": False, **fields}
        if symbol is not None:
            said["symbol"] = symbol
    else:
        channel = fields.pop("channel", "trade")
        said |= {"success": True, "result": {"channel": channel, "symbol": symbol, **fields}}
    return json.dumps(said)


def acknowledge(talk: Conversation, texts: Sequence[str], when: Instant) -> None:
    """Answer every subscribe request with yes."""
    for request in asked(texts):
        params = request["params"]
        options = {name: params[name] for name in ("depth", "interval", "event_trigger") if name in params}
        for symbol in params.get("symbol", [None]):
            talk.hear(
                answer(request["req_id"], symbol, method=request["method"], channel=params["channel"], **options), when
            )


class TestAsking:
    """What is said, and when."""

    def test_wishes_with_the_same_options_share_a_request(self) -> None:
        """One request carries many symbols; other options need another."""
        talk = open_with(trade("BTC/USD"), book("BTC/USD"), trade("ETH/USD"), book("ETH/USD", 100))
        requests = asked(talk.to_send(at(0.0)))
        assert [(r["params"]["channel"], r["params"]["symbol"], r["params"].get("depth")) for r in requests] == [
            ("trade", ["BTC/USD", "ETH/USD"], None),
            ("book", ["BTC/USD"], 10),
            ("book", ["ETH/USD"], 100),
        ]

    def test_nothing_is_said_before_the_connection_stands(self) -> None:
        """A wish waits for a connection."""
        talk = Conversation(Settings())
        talk.want(trade())
        assert talk.to_send(at(0.0)) == []
        assert talk.next_deadline(at(0.0)) is None

    def test_snapshot_is_always_said(self) -> None:
        """The exchange's default differs by channel, so it is never left to it."""
        talk = open_with(trade(), Want(channel="trade", symbol="ETH/USD", snapshot=False))
        assert [r["params"]["snapshot"] for r in asked(talk.to_send(at(0.0)))] == [True, False]

    @pytest.mark.promise("S-04")
    def test_requests_are_paced(self) -> None:
        """No second sees more than five requests of fifty symbols each."""
        talk = open_with(*(book(f"A{n}/USD") for n in range(600)))
        times: list[float] = []
        now = 0.0
        while now < 3.0:
            for text in talk.to_send(at(now)):
                times.append(now)
                assert len(json.loads(text)["params"]["symbol"]) <= 50
                acknowledge(talk, [text], at(now))
            now = round(now + 0.01, 2)
        assert len(times) == 12
        assert all(sum(1 for other in times if t <= other < t + 1.0) <= 5 for t in times)

    @pytest.mark.promise("S-04")
    @pytest.mark.fault("F-175")
    @pytest.mark.parametrize("budget", [200, 500])
    def test_level3_is_paced_by_what_its_depth_costs(self, budget: int) -> None:
        """No second costs more than the account may spend, and everything is asked in the end."""
        cost = {10: 5, 100: 25, 1000: 100}
        wants = [level3(f"A{n}/USD", (10, 100, 1000)[n % 3]) for n in range(60)]
        talk = open_with(*wants, settings=Settings(level3_budget=budget))
        assert talk.queries(at(0.0)) == [Query("token")]
        talk.token_came("t", at(0.0))
        spent: list[tuple[float, int]] = []
        for tick in range(3000):
            now = tick / 100
            for text in talk.to_send(at(now)):
                params = json.loads(text)["params"]
                spent.append((now, cost[params["depth"]] * len(params["symbol"])))
                acknowledge(talk, [text], at(now))
        assert sum(c for _, c in spent) == sum(cost[want.depth or 10] for want in wants)
        assert all(sum(c for t, c in spent if start <= t < start + 1.0) <= budget for start, _ in spent)

    def test_a_quiet_connection_is_kept_alive(self) -> None:
        """The exchange closes a connection that asks for nothing for a minute."""
        talk = open_with(trade())
        acknowledge(talk, talk.to_send(at(0.0)), at(0.0))
        assert talk.to_send(at(29.0)) == []
        assert asked(talk.to_send(at(30.0)))[0]["method"] == "ping"
        assert talk.to_send(at(30.1)) == []


class TestAnswers:
    """One answer a symbol, in any order, with any omissions."""

    @pytest.mark.promise("S-04")
    def test_each_symbol_is_acknowledged_by_itself(self) -> None:
        """A symbol without an answer is still waited for, by name."""
        talk = open_with(trade("BTC/USD"), trade("ETH/USD"))
        [request] = asked(talk.to_send(at(0.0)))
        talk.hear(answer(request["req_id"], "ETH/USD"), at(0.1))
        assert talk.waiting_for == ("trade BTC/USD",)
        [event] = talk.take_events()
        assert isinstance(event, Acknowledged)
        assert event.want.symbol == "ETH/USD"

    @pytest.mark.fault("F-025")
    def test_an_answer_without_a_number_is_matched_by_channel_and_symbol(self) -> None:
        """Unknown fields and a missing req_id do not matter."""
        talk = open_with(trade("BTC/USD"))
        talk.to_send(at(0.0))
        talk.hear(answer(None, "BTC/USD", novelty=7), at(0.1))
        standing = talk.standing(Key("trade", "BTC/USD"))
        assert standing is not None
        assert standing.stage is Stage.ACKNOWLEDGED

    @pytest.mark.promise("S-04")
    def test_an_unanswered_symbol_is_asked_again(self) -> None:
        """Only the one without an answer."""
        talk = open_with(trade("BTC/USD"), trade("ETH/USD"))
        [request] = asked(talk.to_send(at(0.0)))
        talk.hear(answer(request["req_id"], "ETH/USD"), at(0.1))
        talk.delivered(Key("trade", "ETH/USD"))
        talk.hear('{"channel":"heartbeat"}', at(4.9))
        talk.let_time_pass(at(5.0))
        assert [r["params"]["symbol"] for r in asked(talk.to_send(at(5.0)))] == [["BTC/USD"]]

    @pytest.mark.promise("S-04")
    def test_other_options_than_asked_are_said_aloud(self) -> None:
        """An acknowledgement of another depth is not taken in silence."""
        talk = open_with(book(depth=100))
        [request] = asked(talk.to_send(at(0.0)))
        talk.hear(answer(request["req_id"], "BTC/USD", channel="book", depth=10), at(0.1))
        [event] = talk.take_events()
        assert isinstance(event, Acknowledged)
        assert event.difference == "asked depth=100, acknowledged depth=10"

    @pytest.mark.promise("S-16")
    def test_a_refused_symbol_is_declined_and_never_asked_again(self) -> None:
        """The good ones go on, also over a reconnect."""
        talk = open_with(trade("BTC/USD"), trade("WWW/USD"))
        [request] = asked(talk.to_send(at(0.0)))
        talk.hear(answer(request["req_id"], "BTC/USD"), at(0.1))
        talk.hear(answer(request["req_id"], "WWW/USD", error="Currency pair not supported WWW/USD"), at(0.1))
        declined = [event for event in talk.take_events() if isinstance(event, Declined)]
        assert [(event.want.symbol, event.text) for event in declined] == [
            ("WWW/USD", "Currency pair not supported WWW/USD")
        ]
        talk.closed()
        talk.opened(at(10.0))
        assert [r["params"]["symbol"] for r in asked(talk.to_send(at(10.0)))] == [["BTC/USD"]]

    @pytest.mark.promise("S-16")
    def test_a_refusal_without_a_symbol_is_about_all_its_request_still_waits_for(self) -> None:
        """Only the number ties it to the request."""
        talk = open_with(trade("BTC/USD"), trade("ETH/USD"))
        [request] = asked(talk.to_send(at(0.0)))
        talk.hear(answer(request["req_id"], "ETH/USD"), at(0.1))
        talk.hear(
            answer(request["req_id"], None, error="Unsupported field: 'x' for the given msg type: subscribe"), at(0.1)
        )
        declined = [event.want.symbol for event in talk.take_events() if isinstance(event, Declined)]
        assert declined == ["BTC/USD"]

    @pytest.mark.promise("S-16")
    def test_only_a_rate_refusal_is_tried_again(self) -> None:
        """After a pause that doubles."""
        talk = open_with(trade())
        now = 0.0
        waits = []
        for _ in range(3):
            [request] = asked(talk.to_send(at(now)))
            talk.hear(answer(request["req_id"], "BTC/USD", error="Exceeded msg rate"), at(now))
            assert talk.to_send(at(now)) == []
            due = talk.next_deadline(at(now))
            assert due is not None
            standing = talk.standing(Key("trade", "BTC/USD"))
            assert standing is not None
            waits.append(standing.not_before - now)
            now = standing.not_before
            talk.hear('{"channel":"heartbeat"}', at(now))
        assert waits == [2.0, 4.0, 8.0]

    def test_already_subscribed_is_left_and_asked_again(self) -> None:
        """Its acknowledgement was lost, so its snapshot may be as well."""
        talk = open_with(book())
        [request] = asked(talk.to_send(at(0.0)))
        talk.hear(answer(request["req_id"], "BTC/USD", error="Already subscribed"), at(0.1))
        [leaving] = asked(talk.to_send(at(0.2)))
        assert (leaving["method"], leaving["params"]["depth"]) == ("unsubscribe", 10)
        talk.hear(answer(leaving["req_id"], "BTC/USD", method="unsubscribe", channel="book"), at(0.3))
        assert [r["method"] for r in asked(talk.to_send(at(0.4)))] == ["subscribe"]

    @pytest.mark.promise("S-04")
    def test_a_request_in_doubt_is_taken_back_as_it_was_asked(self) -> None:
        """Never answered, it may be subscribed: giving it up, or asking for more, begins with leaving that."""
        for deeper in (True, False):
            talk = open_with(book(depth=10))
            talk.to_send(at(0.0))
            talk.hear('{"channel":"heartbeat"}', at(4.9))
            talk.let_time_pass(at(5.0))
            if deeper:
                talk.want(book(depth=100))
            else:
                talk.drop(book().key)
            [leave] = asked(talk.to_send(at(6.0)))
            assert (leave["method"], leave["params"]["depth"]) == ("unsubscribe", 10)
            talk.hear(answer(leave["req_id"], "BTC/USD", error="Subscription Not Found", method="unsubscribe"), at(6.1))
            again = asked(talk.to_send(at(7.5)))
            assert [request["params"]["depth"] for request in again] == ([100] if deeper else [])

    @pytest.mark.promise("S-04")
    def test_a_request_given_up_for_lost_and_answered_all_the_same(self) -> None:
        """Counts as acknowledged, and is not asked again."""
        talk = open_with(trade())
        [request] = asked(talk.to_send(at(0.0)))
        talk.hear('{"channel":"heartbeat"}', at(4.9))
        talk.let_time_pass(at(5.0))
        talk.hear(answer(request["req_id"], "BTC/USD"), at(5.1))
        assert talk.to_send(at(6.0)) == []
        assert talk.waiting_for == ()

    @pytest.mark.promise("B-01")
    def test_requests_are_not_remembered_for_ever(self) -> None:
        """A subscription renewed for months keeps a bounded number of them."""
        talk = open_with(trade())
        for n in range(3_000):
            for request in asked(talk.to_send(at(float(n)))):
                talk.hear(answer(request["req_id"], "BTC/USD", method=request["method"]), at(float(n)))
            talk.renew(trade())
        assert len(talk._requests) <= 1_000

    def test_an_answer_nobody_waits_for_is_counted(self) -> None:
        """It changes nothing."""
        talk = open_with()
        talk.hear(answer(77, "BTC/USD"), at(0.1))
        assert talk.counters["unmatched response"] == 1


class TestReconnecting:
    """What was wanted is asked again; what was known is not believed."""

    @pytest.mark.promise("S-04")
    @pytest.mark.fault("F-014")
    def test_every_wish_is_asked_again_and_nothing_else(self) -> None:
        """Requests are replayed, not acknowledgements."""
        talk = open_with(trade("BTC/USD"), book("ETH/USD", 25), trade("SOL/USD"))
        acknowledge(talk, talk.to_send(at(0.0)), at(0.0))
        talk.drop(Key("trade", "SOL/USD"))
        talk.closed()
        talk.opened(at(9.0))
        requests = asked(talk.to_send(at(9.0)))
        assert [(r["method"], r["params"]["channel"], r["params"]["symbol"]) for r in requests] == [
            ("subscribe", "trade", ["BTC/USD"]),
            ("subscribe", "book", ["ETH/USD"]),
        ]

    @pytest.mark.fault("F-015")
    def test_a_wish_asked_but_not_answered_survives(self) -> None:
        """The connection died between request and acknowledgement."""
        talk = open_with(trade())
        talk.to_send(at(0.0))
        talk.closed()
        talk.opened(at(3.0))
        assert len(talk.to_send(at(3.0))) == 1

    @pytest.mark.promise("S-20")
    def test_a_new_connection_uses_a_new_token(self) -> None:
        """The old one is forgotten with the connection."""
        talk = open_with(level3("BTC/USD"))
        assert talk.queries(at(0.0)) == [Query("token")]
        talk.token_came("first", at(0.0))
        assert asked(talk.to_send(at(0.0)))[0]["params"]["token"] == "first"
        talk.closed()
        talk.opened(at(9.0))
        assert talk.to_send(at(9.0)) == []
        assert talk.queries(at(9.0)) == [Query("token")]
        talk.token_came("second", at(9.0))
        assert asked(talk.to_send(at(9.0)))[0]["params"]["token"] == "second"


class TestTokens:
    """A token is fetched, refused, fetched again, and given up at last."""

    @pytest.mark.promise("S-20")
    @pytest.mark.fault("F-036")
    def test_a_refused_token_is_fetched_anew(self) -> None:
        """Once for all symbols of the request."""
        talk = open_with(level3("BTC/USD"), level3("ETH/USD"))
        talk.queries(at(0.0))
        talk.token_came("old", at(0.0))
        [request] = asked(talk.to_send(at(0.0)))
        for symbol in ("BTC/USD", "ETH/USD"):
            talk.hear(answer(request["req_id"], symbol, error="ESession:Invalid session"), at(0.1))
        assert talk.queries(at(2.0)) == [Query("token")]
        talk.token_came("new", at(2.0))
        [again] = asked(talk.to_send(at(2.0)))
        assert (again["params"]["token"], again["params"]["symbol"]) == ("new", ["BTC/USD", "ETH/USD"])

    @pytest.mark.promise("S-20")
    @pytest.mark.fault("F-037")
    def test_a_token_refused_five_times_is_given_up(self) -> None:
        """With the exchange's reason, and without another question."""
        talk = open_with(level3("BTC/USD"))
        now, fetched = 0.0, 0
        declined: list[Declined] = []
        while not declined and now < 300.0:
            if talk.queries(at(now)):
                fetched += 1
                talk.token_came(f"token {fetched}", at(now))
            for request in asked(talk.to_send(at(now))):
                talk.hear(answer(request["req_id"], "BTC/USD", error="ESession:Invalid session"), at(now))
            talk.hear('{"channel":"heartbeat"}', at(now))
            declined = [event for event in talk.take_events() if isinstance(event, Declined)]
            now += 0.25
        assert declined[0].text == "ESession:Invalid session"
        assert fetched == 6

    @pytest.mark.fault("F-038")
    def test_a_venue_that_cannot_be_asked_is_asked_for_ever(self) -> None:
        """With growing pauses, capped."""
        talk = open_with(level3("BTC/USD"))
        times, now = [], 0.0
        while now < 400.0:
            if talk.queries(at(now)):
                times.append(now)
                talk.token_failed("HTTP 500", at(now), refused=False)
            now += 0.25
        pauses = [b - a for a, b in pairwise(times)]
        assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
        assert max(pauses) == 60.0
        assert talk.take_events() == []


class TestSilence:
    """What does not come is noticed."""

    @pytest.mark.promise("S-01")
    def test_a_silent_line_is_hung_up(self) -> None:
        """After ``silence_timeout`` without a single frame."""
        talk = open_with(trade())
        talk.to_send(at(0.0))
        talk.hear('{"channel":"heartbeat"}', at(1.0))
        talk.let_time_pass(at(5.9))
        assert talk.hang_up() is None
        talk.let_time_pass(at(6.0))
        assert talk.hang_up() == "silence of 5.0 s"

    @pytest.mark.promise("S-01")
    def test_a_line_that_asked_for_nothing_may_be_silent(self) -> None:
        """The exchange only beats once something was asked."""
        talk = open_with()
        talk.let_time_pass(at(20.0))
        assert talk.hang_up() is None

    @pytest.mark.promise("S-01")
    def test_our_own_lateness_is_not_the_exchanges_silence(self) -> None:
        """A process that was held up judges as if it had not been."""
        talk = open_with(trade())
        talk.to_send(at(0.0))
        talk.hear('{"channel":"heartbeat"}', at(1.0))
        talk.excuse(5.0)
        talk.let_time_pass(at(7.0))
        assert talk.hang_up() is None

    @pytest.mark.promise("S-02")
    @pytest.mark.fault("F-021")
    def test_a_subscription_without_data_is_asked_again_once(self) -> None:
        """Heartbeats are not data; the second time it is said aloud and left."""
        talk = open_with(book())
        now, events, requests = 0.0, [], []
        while now < 40.0:
            texts = talk.to_send(at(now))
            requests += [json.loads(text)["method"] for text in texts if "ping" not in text]
            acknowledge(talk, [text for text in texts if "ping" not in text], at(now))
            talk.hear('{"channel":"heartbeat"}', at(now))
            talk.let_time_pass(at(now))
            events += [(now, event.final) for event in talk.take_events() if isinstance(event, Silent)]
            now += 0.5
        assert requests == ["subscribe", "unsubscribe", "subscribe"]
        assert [final for _, final in events] == [False, True]
        assert talk.hang_up() is None


class TestTrouble:
    """Whatever comes, the reader goes on."""

    @pytest.mark.promise("S-13")
    def test_a_malformed_frame_is_kept_and_named(self) -> None:
        """With the channel and symbol it speaks of, as far as can be made out."""
        talk = open_with(book())
        talk.hear('{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":7}]}', at(1.0))
        [event] = talk.take_events()
        assert isinstance(event, Spoiled)
        assert (event.channel, event.symbols) == ("book", ("BTC/USD",))
        assert talk.quarantine.kept[0].frame.startswith(b'{"channel":"book"')

    @pytest.mark.promise("S-13")
    @pytest.mark.fault("F-065")
    def test_twenty_malformed_frames_in_ten_seconds_are_too_many(self) -> None:
        """The connection is replaced; nineteen, or twenty over a longer time, are borne."""
        talk = open_with(trade())
        for n in range(19):
            talk.hear(b"\x00", at(n * 0.1))
        assert talk.hang_up() is None
        talk.hear(b"\x00", at(2.0))
        assert talk.hang_up() == "20 malformed messages"
        calm = open_with(trade())
        for n in range(40):
            calm.hear(b"\x00", at(n * 0.6))
        assert calm.hang_up() is None

    @pytest.mark.promise("S-14")
    @pytest.mark.fault("F-066")
    def test_what_is_unknown_is_counted_and_passed_through(self) -> None:
        """Channels, fields and enum values of tomorrow stop nothing."""
        talk = open_with(trade())
        assert talk.hear('{"channel":"weather","type":"update","data":[]}', at(0.1)) is None
        message = talk.hear(
            '{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":1.0,"qty":2.0,'
            '"ord_type":"auction","trade_id":7,"timestamp":"2026-01-01T00:00:00.000000Z","mood":"calm"}]}',
            at(0.2),
        )
        assert isinstance(message, TradeMessage)
        assert message.data[0].ord_type == "auction"
        assert talk.counters["unknown message"] == 1
        assert any("mood" in name for name in talk.counters)
        assert any("auction" in name for name in talk.counters)

    @pytest.mark.promise("S-18")
    def test_the_exchanges_state_is_told_with_what_it_was_before(self) -> None:
        """Also one that nobody knows."""
        talk = open_with()
        for system in ("online", "maintenance", "half_asleep"):
            talk.hear(
                f'{{"channel":"status","type":"update","data":[{{"system":"{system}","api_version":"v2"}}]}}', at(1)
            )
        events = [event for event in talk.take_events() if isinstance(event, StatusChanged)]
        assert [(e.before.system if e.before else None, e.now.system) for e in events] == [
            (None, "online"),
            ("online", "maintenance"),
            ("maintenance", "half_asleep"),
        ]


def test_dropping_a_wish_unsubscribes_it() -> None:
    """With the options it was subscribed with, and then it is forgotten."""
    talk = open_with(book(depth=25))
    acknowledge(talk, talk.to_send(at(0.0)), at(0.0))
    talk.take_events()
    talk.drop(Key("book", "BTC/USD"))
    [request] = asked(talk.to_send(at(1.0)))
    assert (request["method"], request["params"]) == (
        "unsubscribe",
        {"channel": "book", "symbol": ["BTC/USD"], "depth": 25},
    )
    talk.hear(answer(request["req_id"], "BTC/USD", method="unsubscribe", channel="book"), at(1.1))
    assert [type(event) for event in talk.take_events()] == [Left]
    assert talk.standings == ()


def test_a_deeper_wish_replaces_the_shallower_one() -> None:
    """By leaving first: the exchange takes one depth a symbol."""
    talk = open_with(book(depth=10))
    acknowledge(talk, talk.to_send(at(0.0)), at(0.0))
    talk.want(book(depth=100))
    [leaving] = asked(talk.to_send(at(0.5)))
    assert (leaving["method"], leaving["params"]["depth"]) == ("unsubscribe", 10)
    talk.hear(answer(leaving["req_id"], None, error="Subscription Not Found"), at(0.6))
    [again] = asked(talk.to_send(at(0.7)))
    assert (again["method"], again["params"]["depth"]) == ("subscribe", 100)


@pytest.mark.promise("S-19")
@pytest.mark.fault("F-032")
def test_the_clocks_are_compared_with_every_answer() -> None:
    """An exchange three seconds ahead is found to be."""
    talk = open_with(trade())
    [request] = asked(talk.to_send(at(0.0)))
    said = json.loads(answer(request["req_id"], "BTC/USD"))
    said["time_in"], said["time_out"] = "1970-01-01T00:00:03.050000Z", "1970-01-01T00:00:03.050100Z"
    talk.hear(json.dumps(said), at(0.1))
    assert talk.offset.seconds == pytest.approx(3.0, abs=0.001)
    assert talk.offset.round_trip == pytest.approx(0.1, abs=0.001)


def account(channel: str = "executions") -> Want:
    """A wish for a channel of the account."""
    return Want(channel=channel) if channel == "balances" else Want(channel=channel, snap_orders=True, snap_trades=True)


class TestAnAccount:
    """Private channels, and somebody else who speaks on their line."""

    def test_each_channel_has_a_request_of_its_own_with_the_token(self) -> None:
        """Its own options and no others; it waits for the token, and is given up with it."""
        talk = open_with(account(), account("balances"))
        assert talk.to_send(at(0.0)) == []
        assert talk.queries(at(0.0)) == [Query("token")]
        talk.token_came("t", at(0.1))
        texts = talk.to_send(at(0.1))
        assert [request["params"] for request in asked(texts)] == [
            {"channel": "executions", "snap_orders": True, "snap_trades": True, "token": "t"},
            {"channel": "balances", "snapshot": True, "token": "t"},
        ]
        acknowledge(talk, texts, at(0.2))
        talk.drop(Key("executions", None))
        [request] = asked(talk.to_send(at(0.3)))
        assert (request["method"], request["params"]) == ("unsubscribe", {"channel": "executions", "token": "t"})

    def test_options_acknowledged_otherwise_are_told(self) -> None:
        """Fills that are not in the snapshot, say."""
        talk = open_with(account())
        talk.queries(at(0.0))
        talk.token_came("t", at(0.0))
        [request] = asked(talk.to_send(at(0.0)))
        talk.hear(answer(request["req_id"], None, channel="executions", snap_orders=True, snap_trades=False), at(0.1))
        [event] = talk.take_events()
        assert isinstance(event, Acknowledged)
        assert event.difference == "asked snap_trades=True, acknowledged snap_trades=False"

    @pytest.mark.promise("S-20")
    def test_a_token_is_kept_for_whoever_else_speaks(self) -> None:
        """Also when no subscription waits for one; another is fetched once theirs was refused, after a pause."""
        talk = Conversation(Settings())
        heard: list[int | None] = []

        def claim(response: Response, when: Instant) -> bool:
            heard.append(response.req_id)
            return True

        talk.accompany(claim)
        assert talk.queries(at(0.0)) == []
        talk.opened(at(0.0))
        assert talk.queries(at(0.0)) == [Query("token")]
        talk.token_came("t", at(0.1))
        assert [talk.token] == ["t"]
        req_id = talk.new_req_id(at(0.2))
        talk.hear(answer(req_id, None, method="cancel_all", error="ESession:Invalid session"), at(0.3))
        assert heard == [req_id]
        assert [talk.token] == [None]
        assert talk.queries(at(0.4)) == []
        due = talk.next_deadline(at(0.4))
        assert due is not None
        assert talk.queries(at(due)) == [Query("token")]
        talk.token_came("u", at(due))
        talk.closed()
        assert [talk.token] == [None]

    def test_numbers_are_shared(self) -> None:
        """No two requests of one line have the same, whoever made them."""
        talk = open_with(trade())
        first = talk.new_req_id(at(0.0))
        [request] = asked(talk.to_send(at(0.0)))
        assert len({first, request["req_id"], talk.new_req_id(at(0.0))}) == 3

    def test_what_others_say_keeps_the_line_open(self) -> None:
        """So no ping is needed besides."""
        talk = open_with()
        talk.spoke(at(29.0))
        assert talk.to_send(at(31.0)) == []
        assert [request["method"] for request in asked(talk.to_send(at(59.0)))] == ["ping"]
