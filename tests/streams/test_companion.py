"""Whoever places orders on the private connection: what they hear, when they may speak, what they can ask of REST."""

from __future__ import annotations

import asyncio
import json

import pytest

from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.streams import StreamState
from kraken_lab.wire import Query, Settings
from tests.streams.account import Program, Scribe
from tests.virtual import World, in_world

CANCEL = '{"method":"cancel_all","params":{"token":"TOKEN"},"req_id":0000}'


class TestTheLine:
    """One private connection, there as long as somebody needs it."""

    @pytest.mark.promise("B-03")
    def test_a_companion_keeps_both_channels(self) -> None:
        """Whether anybody looks at them or not; there is one private connection however many ask."""

        async def test(world: World) -> None:
            world.companion = Scribe()
            feeds = (world.executions(), world.balances(), world.executions())
            await world.live()
            assert feeds[0] is feeds[2]
            for feed in feeds:
                world.desk.release(feed)
            await asyncio.sleep(70)
            assert [feed.state for feed in feeds] == [StreamState.LIVE] * 3
            assert len([line for line in world.connections if line.url == "private"]) == 1
            assert world.private.connection.connects == 1

        in_world(test, rate=2.0)

    @pytest.mark.promise("B-03")
    @pytest.mark.promise("S-21")
    def test_without_one_the_last_user_ends_the_connection(self) -> None:
        """And the next one opens it again."""

        async def test(world: World) -> None:
            first, second = world.executions(), world.balances()
            await world.live()
            world.desk.release(first)
            await asyncio.sleep(1)
            assert second.state is StreamState.LIVE
            world.desk.release(second)
            await asyncio.sleep(1)
            assert world.desk.private == []
            assert [session.endpoint for session in world.exchange.sessions] == ["public"]
            await world.live(world.executions())

        in_world(test, rate=2.0)

    @pytest.mark.promise("O-14")
    def test_a_companion_who_comes_late_hears_everything(self) -> None:
        """The state of the line and of the exchange at once, and a snapshot of its own of both channels."""

        async def test(world: World) -> None:
            world.executions()
            world.balances()
            await world.live()
            scribe = world.companion = Scribe()
            await world.until(lambda: "balances snapshot 1" in scribe.story)
            await world.live()
            assert scribe.story[:2] == ["opened", "online"]
            assert "executions snapshot 1" in scribe.story
            assert world.private.connection.connects == 1

        in_world(test, rate=2.0)


class TestHearing:
    """What is told, and in which order."""

    @pytest.mark.promise("O-15")
    def test_a_reconnect_is_told_from_end_to_beginning(self) -> None:
        """The end first, then the new line, then the state, and only then what is known of orders."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            scribe.story.clear()
            world.exchange.faults.reset("private")
            await world.until(lambda: "executions snapshot 1" in scribe.story)
            story = [line for line in scribe.story if "balances" not in line]
            assert story == [
                "closed: connection lost",
                "opened",
                "online",
                "acknowledged executions",
                "executions snapshot 1",
            ]

        in_world(test, rate=2.0)

    def test_every_attempt_that_fails_is_told(self) -> None:
        """With its reason."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            world.exchange.faults.refuse(2)
            world.exchange.faults.reset("private")
            await world.until(lambda: scribe.story.count("executions snapshot 1") == 2)
            told = [line for line in scribe.story if line.startswith("closed")]
            assert told == ["closed: connection lost", "closed: connection refused", "closed: connection refused"]

        in_world(test, rate=2.0)

    @pytest.mark.promise("O-03")
    def test_answers_go_to_whom_they_concern(self) -> None:
        """Those to subscriptions to the conversation, all others to the companion; the clocks learn of both."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            scribe.texts = [CANCEL, CANCEL.replace("cancel_all", "cancel_al")]
            world.poke()
            await asyncio.sleep(0.1)
            good, bad = scribe.responses
            assert (good.method, good.success) == ("cancel_all", True)
            assert bad.success is False
            sent = [json.loads(text) for text in world.sent[-2:]]
            assert [good.req_id, bad.req_id] == [request["req_id"] for request in sent]
            assert world.private.router.talk.counters["unmatched response"] == 0
            assert world.private.router.talk.offset.seconds is not None

        in_world(test, rate=2.0)

    @pytest.mark.promise("O-03")
    def test_a_malformed_request_is_not_the_end_of_a_subscription(self) -> None:
        """Its answer has no number, so it could be anybody's: while a subscription waits, it is not taken for its."""

        async def test(world: World) -> None:
            await world.live(world.instruments)
            world.exchange.faults.delay("subscribe", 1.0, times=1)
            scribe = world.companion = Scribe()
            await world.until(lambda: "acknowledged balances" in scribe.story)
            await asyncio.sleep(0.5)
            assert world.private.router.talk.waiting_for == ("executions",)
            said = '{"method":"error","error":"Malformed request","success":false}'
            world.exchange.faults.raw(said, "private")
            await asyncio.sleep(2)
            await world.live()
            assert [response.error for response in scribe.responses] == ["Malformed request"]
            assert not world.private.router.talk.waiting_for

        in_world(test, rate=2.0)

    def test_an_answer_that_nobody_claims_is_counted(self) -> None:
        """To subscriptions that were never asked for, say."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            said = '{"method":"subscribe","success":false,"error":"Subscription name invalid","req_id":999}'
            world.exchange.faults.raw(said, "private")
            await asyncio.sleep(0.1)
            assert len(scribe.responses) == 1
            assert world.private.router.talk.counters["unmatched response"] == 1

        in_world(test, rate=2.0)


class TestSpeaking:
    """When something may be said."""

    @pytest.mark.promise("O-15")
    @pytest.mark.promise("A-12")
    def test_a_cancel_goes_out_as_soon_as_there_is_a_token(self) -> None:
        """Before any snapshot; what is to be said while there is no connection waits for the next."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            world.exchange.faults.reset("private")
            world.exchange.faults.drop(Match(channel="executions", type="snapshot"))
            await world.until(lambda: "closed: connection lost" in scribe.story)
            scribe.texts = [CANCEL]
            world.poke()
            await world.until(lambda: bool(scribe.responses), within=5)
            assert scribe.story.count("executions snapshot 1") == 1
            assert world.sent.index(next(text for text in world.sent if "cancel_all" in text)) > 0

        in_world(test, rate=2.0)

    @pytest.mark.promise("O-01")
    @pytest.mark.fault("F-172")
    def test_an_order_that_is_not_the_gate_s_never_leaves(self) -> None:
        """The exchange sees nothing of it; the cancel behind it goes."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            order = {"symbol": "BTC/USD", "side": "buy", "order_type": "market", "order_qty": 0.01, "token": "TOKEN"}
            scribe.texts = [json.dumps({"method": "add_order", "params": order, "req_id": 7}), CANCEL]
            world.poke()
            await asyncio.sleep(0.5)
            assert not any("add_order" in text for text in world.sent)
            assert [response.method for response in scribe.responses] == ["cancel_all"]
            assert world.private.connection.withheld == 1
            assert world.balances().totals["BTC"] == 2

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    def test_a_token_that_an_order_request_is_refused_for_is_replaced(self) -> None:
        """The request is not repeated by the road; the next one has a token that is good."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            world.exchange.faults.token(reject=1)
            for _ in range(2):
                scribe.texts = [CANCEL]
                world.poke()
                await asyncio.sleep(3)
            assert [response.success for response in scribe.responses] == [False, True]
            assert len(set(scribe.tokens)) == 2
            assert len([text for text in world.sent if "cancel_all" in text]) == 2

        in_world(test, rate=2.0)

    @pytest.mark.promise("O-09")
    def test_a_companion_may_ask_for_a_fresh_snapshot(self) -> None:
        """Of one channel alone; that is a gap, and no failure of the stream."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed, balances = world.executions(), world.balances()
            await world.live()
            for _ in range(6):
                scribe.renewals = ("executions",)
                world.poke()
                await asyncio.sleep(2)
            await world.live()
            assert scribe.story.count("executions snapshot 1") == 7
            assert scribe.story.count("doubted executions: a fresh snapshot is needed") == 6
            assert (feed.counters["resyncs"], balances.epoch, feed.epoch) == (0, 1, 7)
            assert world.private.connection.connects == 1

        in_world(test, rate=2.0)


class TestWithoutALine:
    """What goes on while there is no connection."""

    @pytest.mark.promise("A-12")
    @pytest.mark.fault("F-123")
    def test_rest_is_asked_and_time_passes(self) -> None:
        """While the exchange refuses every connection."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            program = Program(world)
            await program.buy(0.01, price=1000.0)
            world.exchange.faults.refuse(10**6)
            world.exchange.faults.reset("private")
            await asyncio.sleep(20)
            scribe.queries_wanted = [Query("private", "OpenOrders"), Query("private", "CancelAll")]
            scribe.deadline = world.clock.now().mono + 7
            due = scribe.deadline
            world.poke()
            await asyncio.sleep(10)
            [(_, open_orders), (_, cancelled)] = scribe.answers
            assert len(open_orders["open"]) == cancelled["count"] == 1
            assert scribe.rung == [pytest.approx(due)]
            assert world.private.connection.state != "open"

        in_world(test, rate=2.0)

    @pytest.mark.promise("O-04")
    def test_a_query_that_fails_says_how(self) -> None:
        """Whether the venue could not be asked, or said no to the key."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            world.exchange.faults.rest_fail("ClosedOrders", 500)
            scribe.queries_wanted = [Query("private", "ClosedOrders"), Query("private", "QueryOrders")]
            world.poke()
            await asyncio.sleep(0.5)
            world.exchange.faults.permissions(revoke=["query-closed-trades"])
            scribe.queries_wanted = [Query("private", "ClosedOrders")]
            world.poke()
            await asyncio.sleep(0.5)
            said = {(query.name, str(answer).partition(":")[0]) for query, answer in scribe.answers}
            assert ("ClosedOrders", "failed") in said
            assert ("ClosedOrders", "refused") in said
            assert [query.name for _, query in world.asked] == ["ClosedOrders", "QueryOrders", "ClosedOrders"]

        in_world(test, rate=2.0, settings=Settings())

    @pytest.mark.promise("S-01")
    @pytest.mark.fault("F-174")
    def test_a_held_up_process_excuses_the_other_side(self) -> None:
        """The companion is told by how much we were late, connected or not."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            await world.live()
            scribe.deadline = world.clock.now().mono + 1.0
            world.poke()
            await asyncio.sleep(0.1)
            world.hold_up(4.0)
            await asyncio.sleep(0.5)
            assert "excused" in scribe.story
            assert world.private.connection.connects == 1

        in_world(test, rate=2.0)
