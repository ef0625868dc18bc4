"""Connections that die in every way a connection can die, and what the streams on them say of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from kraken_lab.net import Backoff
from kraken_lab.sandbox.exchange import START_NS
from kraken_lab.streams import StreamState
from kraken_lab.wire import Settings, SlidingBudget
from tests.virtual import World, in_world


def requests(world: World, method: str = "subscribe") -> list[str]:
    """What the client has sent of one method."""
    return [text for text in world.sent if f'"method":"{method}"' in text]


def pauses(world: World, after: float) -> list[float]:
    """Seconds between attempts to connect, of those after a moment."""
    times = [after, *(at for at in world.attempts if at > after)]
    return [later - earlier for earlier, later in pairwise(times)]


class TestDeadLines:
    """A line that is dead is noticed, whatever TCP says, and replaced."""

    @pytest.mark.promise("S-01")
    @pytest.mark.promise("S-05")
    @pytest.mark.fault("F-001")
    def test_a_half_open_socket_is_replaced_with_one_gap(self) -> None:
        """Within the silence timeout and a second no stream is LIVE; afterwards there is one gap, for silence."""

        async def test(world: World) -> None:
            feeds = [world.feed(channel) for channel in ("book", "trade", "ticker", "ohlc")]
            await world.live()
            await asyncio.sleep(20)
            world.exchange.faults.freeze()
            frozen = world.clock.now().mono
            await world.until(lambda: not any(feed.state is StreamState.LIVE for feed in feeds), within=10)
            assert world.clock.now().mono - frozen <= world.settings.silence_timeout + 1
            world.exchange.faults.thaw()
            await world.live()
            for feed in feeds:
                [gap] = feed.gaps.gaps
                assert gap.reason.startswith("silence")
                assert feed.epoch == gap.epoch == 2
                assert (gap.start_ns - START_NS) / 1e9 <= frozen + 0.01

        in_world(test)

    @pytest.mark.promise("S-01")
    def test_a_quiet_market_is_not_a_dead_line(self) -> None:
        """Heartbeats are enough, for a quarter of an hour."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            await asyncio.sleep(900)
            assert book.state is StreamState.LIVE
            assert book.epoch == 1
            assert len(world.attempts) == 1

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-03")
    @pytest.mark.promise("S-05")
    @pytest.mark.fault("F-002")
    @pytest.mark.fault("F-003")
    @pytest.mark.fault("F-004")
    @pytest.mark.parametrize("code", [None, 1000, 1001, 1008, 1011, 1012, 1013, 4000])
    def test_every_end_leads_to_a_new_beginning(self, code: int | None) -> None:
        """Reset or closed with any code: after a jittered delay all is live again, one epoch and one gap later."""

        async def test(world: World) -> None:
            feeds = {channel: world.feed(channel) for channel in ("book", "trade", "ticker", "ohlc", "level3")}
            await world.live()
            await asyncio.sleep(5)
            rows = len(feeds["ticker"].table.view())
            if code is None:
                world.exchange.faults.reset()
            else:
                world.exchange.faults.close(code, "so it goes")
            ended = world.clock.now().mono
            await world.until(lambda: feeds["book"].state is StreamState.CONNECTING)
            said = "connection lost" if code is None else f"closed with {code} so it goes"
            assert feeds["book"].reason == said
            await world.live()
            public = [at for at in world.attempts if at > ended]
            assert world.settings.backoff_floor <= min(public) - ended <= world.settings.backoff_first + 0.3
            await asyncio.sleep(30)
            for channel, feed in feeds.items():
                [gap] = feed.gaps.gaps
                assert (gap.reason, gap.is_open, feed.epoch) == (said, False, 2), channel
            flags = feeds["ticker"].table.view().pandas()["gap_before"].tolist()
            assert flags.index(True) == rows
            assert flags.count(True) == 1

        in_world(test)

    @pytest.mark.promise("S-05")
    def test_a_gap_is_open_while_the_stream_is_down(self) -> None:
        """Its end is missing and its state says why, until rows come again."""

        async def test(world: World) -> None:
            ticker = world.feed("ticker")
            await world.live()
            world.exchange.faults.refuse(3)
            world.exchange.faults.reset()
            await world.until(lambda: ticker.state is StreamState.CONNECTING)
            [gap] = ticker.gaps.gaps
            assert gap.is_open
            assert ticker.gaps.view().pandas()["end"].isna().all()
            await world.until(lambda: ticker.reason == "connection refused")
            assert ticker.gaps.gaps == (gap,)
            await world.live()
            assert not ticker.gaps.gaps[0].is_open

        in_world(test)


class TestPoliteness:
    """Coming back is polite and endless."""

    @pytest.mark.promise("S-03")
    @pytest.mark.fault("F-005")
    def test_fifty_refusals(self) -> None:
        """Delays stay in the jitter's envelope, grow to the cap, are never below the floor; then it recovers alone."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            world.exchange.faults.refuse(50)
            began = world.clock.now().mono
            world.exchange.faults.reset()
            await world.until(lambda: world.connections[0].attempts == 20, within=3000)
            line = world.connections[0]
            assert line.state == "waiting"
            assert line.next_attempt_at is not None
            await world.until(lambda: book.state is StreamState.LIVE, within=5000, beat=1.0)
            delays = pauses(world, began)
            assert len(delays) == 51
            for attempt, delay in enumerate(delays):
                ceiling = min(60.0, 2.0**attempt)
                assert 0.25 - 1e-6 <= delay <= max(ceiling, 0.25) + 0.02
            assert max(delays) > 45.0

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-03")
    @pytest.mark.fault("F-006")
    def test_a_flapping_server_is_not_hammered(self) -> None:
        """Thirty lives of two seconds each: the attempt counter does not reset, the budget holds, the end is LIVE."""

        async def test(world: World) -> None:
            book = world.feed("book")
            attempts = []
            for _ in range(30):
                await world.until(lambda: book.state is StreamState.LIVE, within=200)
                await asyncio.sleep(2)
                attempts.append(world.connections[0].attempts)
                world.exchange.faults.reset()
                await world.until(lambda: book.state is not StreamState.LIVE)
            await world.live(within=200)
            assert attempts == list(range(30))
            times = world.attempts
            assert all(sum(1 for other in times if at <= other < at + 600) <= 100 for at in times)
            await asyncio.sleep(31)
            world.exchange.faults.reset()
            await world.until(lambda: book.state is not StreamState.LIVE)
            assert world.connections[0].attempts == 1

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-03")
    @pytest.mark.fault("F-007")
    @pytest.mark.fault("F-009")
    @pytest.mark.fault("F-010")
    @pytest.mark.parametrize("status", [503, 502, 500, 401, 404, 200])
    def test_an_upgrade_that_is_answered_otherwise_is_tried_again(self, status: int) -> None:
        """With backoff and without end; the status is shown, and no page is."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            world.exchange.faults.upgrade(status, "<html><script>alert(1)</script></html>", times=8)
            world.exchange.faults.reset()
            began = world.clock.now().mono
            await world.until(lambda: world.connections[0].failures == 3, within=100)
            assert book.reason == f"upgrade answered with HTTP {status}"
            await world.live(within=600)
            assert len(pauses(world, began)) == 9

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-03")
    @pytest.mark.fault("F-008")
    @pytest.mark.parametrize("status", [429, 403])
    def test_an_edge_that_says_stay_away_is_left_alone_for_a_minute(self, status: int) -> None:
        """Each time; meanwhile the state and the reason are there to be seen."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            world.exchange.faults.upgrade(status, times=2)
            began = world.clock.now().mono
            world.exchange.faults.reset()
            await world.until(lambda: world.connections[0].failures == 1)
            assert book.state is StreamState.CONNECTING
            assert str(status) in book.reason
            await world.live(within=300)
            first, *others = pauses(world, began)
            assert first < 2.0
            assert [delay >= 60.0 for delay in others] == [True, True]

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-03")
    @pytest.mark.promise("B-06")
    @pytest.mark.fault("F-011")
    def test_a_connection_that_is_never_answered_is_given_up(self) -> None:
        """At the open timeout, with the reason; then it is tried again."""

        async def test(world: World) -> None:
            world.exchange.faults.hang(1)
            book = world.feed("book")
            await world.until(lambda: world.connections[0].failures == 1, within=11)
            assert world.clock.now().mono == pytest.approx(10.0, abs=0.02)
            assert world.connections[0].reason == "no connection within 10 s"
            await world.live(book)

        in_world(test)

    @pytest.mark.promise("S-03")
    @pytest.mark.fault("F-013")
    def test_a_hundred_clients_do_not_come_back_together(self) -> None:
        """Their third attempts spread over the jitter's window: no tenth of it holds more than a fifth of them."""
        settings = Settings()
        delays = []
        for seed in range(100):
            backoff = Backoff(settings, Random(seed), SlidingBudget(100, 600.0))
            delays.append([backoff.delay(now=0.0, refused=False) for _ in range(5)][-1])
        tenths = Counter(int(delay / 1.6) for delay in delays)
        assert max(delays) <= 16.0
        assert max(tenths.values()) <= 20


class TestAfterwards:
    """What was wanted is wanted still."""

    @pytest.mark.promise("S-04")
    @pytest.mark.fault("F-014")
    def test_a_restart_that_forgets_everything(self) -> None:
        """Every wanted symbol is subscribed and acknowledged once more; nothing else is."""

        async def test(world: World) -> None:
            for symbol in ("BTC/USD", "ETH/USD", "DOGE/USD"):
                world.feed("book", symbol)
                world.feed("trade", symbol)
            world.feed("level3")
            gone = world.feed("ticker")
            await world.live()
            world.desk.release(gone)
            await asyncio.sleep(1)
            before = len(world.sent)
            world.exchange.faults.restart(keep_state=False)
            await world.until(lambda: world.connections[0].state != "open")
            await world.live()
            again = Counter(text.split('"req_id"')[0].split('"token"')[0] for text in world.sent[before:])
            assert sorted(again.values()) == [1, 1, 1, 1]
            assert not any("ticker" in text for text in again)
            assert all(not router.talk.waiting_for for router in world.desk.routers)

        in_world(test)

    @pytest.mark.promise("S-04")
    @pytest.mark.fault("F-015")
    @pytest.mark.parametrize("point", ["received", "accepted", "acked"])
    def test_a_cut_between_request_and_answer(self, point: Any) -> None:
        """The subscription is made on the next connection, once."""

        async def test(world: World) -> None:
            await world.live()
            world.exchange.faults.cut("subscribe", point)
            trades = world.feed("trade")
            await world.live(trades)
            assert trades.state is StreamState.LIVE
            assert len([text for text in requests(world) if "trade" in text]) == 2

        in_world(test)

    @pytest.mark.promise("S-04")
    @pytest.mark.fault("F-016")
    def test_two_hundred_symbols_and_a_refusal_for_their_rate(self, two_hundred: Any) -> None:
        """All become LIVE, the pace holds, and until then those that are missing are named."""

        async def test(world: World) -> None:
            faults = world.exchange.faults
            feeds = [world.feed("book", pair.symbol) for pair in two_hundred]
            await world.live(within=120)
            before = len(world.sent)
            faults.rate_limit("subscribe", 15)
            faults.reset()
            await world.until(lambda: world.connections[0].state != "open")
            talk = world.desk.routers[0].talk
            missing: set[str] = set()
            times: list[float] = []
            while not all(feed.state is StreamState.LIVE for feed in feeds):
                if talk.connected:
                    acknowledged = {standing.want.key for standing in talk.standings if standing.acknowledged_at}
                    named = {f"{key.channel} {key.symbol}" for key in {feed.key for feed in feeds} - acknowledged}
                    assert named <= set(talk.waiting_for)
                    missing |= named
                times += [world.clock.now().mono] * (len(world.sent) - before - len(times))
                await asyncio.sleep(0.05)
                assert world.clock.now().mono < 300
            assert len(missing) >= 150
            assert talk.counters["slowed down"] == 10
            assert len(times) >= 21
            assert all(sum(1 for other in times if at <= other < at + 0.95) <= 5 for at in times)

        in_world(test, pairs=two_hundred, rate=1.0, settings=Settings(subscribe_symbols=10))


class TestClosing:
    """Ending is quick at every point."""

    @pytest.mark.promise("S-21")
    @pytest.mark.fault("F-018")
    @pytest.mark.parametrize("point", ["backoff", "connect", "snapshot", "live"])
    def test_the_end_comes_at_once(self, point: str) -> None:
        """In a backoff, in a connection attempt, before a snapshot: no task of the line is left after it."""

        async def test(world: World) -> None:
            faults = world.exchange.faults
            if point == "connect":
                faults.hang(1)
            elif point == "backoff":
                faults.refuse(20)
            book = world.feed("book")
            line = world.connections[0]
            state = {"connect": "connecting", "backoff": "waiting"}.get(point, "open")
            await world.until(lambda: line.state == state and (point != "backoff" or line.attempts > 5), within=100)
            if point == "live":
                await world.live()
            began = world.clock.now().mono
            world.desk.close()
            await world.until(lambda: line.state == "stopped", within=5)
            assert world.clock.now().mono - began <= 0.02
            assert book.state is StreamState.STOPPED
            await asyncio.sleep(100)
            assert not world.links
            assert len(world.attempts) == len([at for at in world.attempts if at <= began])

        in_world(test)
