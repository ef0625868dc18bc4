"""Subscriptions that are refused, forgotten, answered late or in another order, and those that several users share."""

from __future__ import annotations

import asyncio
import json

import pytest

from kraken_lab.errors import LimitReached, NotReady
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.streams import StreamState
from kraken_lab.wire import Stage
from tests.virtual import World, in_world


def subscribed(world: World, channel: str) -> list[str]:
    """The symbols the venue has subscriptions for, all connections together."""
    return sorted(
        symbol
        for session in world.exchange.sessions
        for held, symbol in session._subscriptions._held
        if held == channel
    )


def waiting(world: World) -> list[str]:
    """What the first connection names as not yet acknowledged."""
    return list(world.desk.routers[0].talk.waiting_for)


class TestSilence:
    """A subscription that stays empty is noticed."""

    @pytest.mark.promise("S-02")
    @pytest.mark.fault("F-021")
    def test_no_snapshot_ever(self) -> None:
        """Asked again once, then STALE with its age; the connection and the others go on; late data is welcome."""

        async def test(world: World) -> None:
            world.exchange.faults.drop(Match(channel="book", symbol="ETH/USD", type="snapshot", times=2))
            silent, other = world.feed("book", "ETH/USD"), world.feed("book", "BTC/USD")
            await world.live(other)
            began = world.clock.now().mono
            await world.until(lambda: silent.state is StreamState.STALE, within=30)
            assert world.clock.now().mono - began == pytest.approx(2 * world.settings.snapshot_timeout, abs=1.0)
            assert silent.counters["asked again"] == 1
            assert silent.reason == "acknowledged, but no data came"
            await asyncio.sleep(60)
            eth = [text for text in world.sent if '"subscribe"' in text and "ETH/USD" in text]
            assert len(eth) == 2
            assert silent.state is StreamState.STALE
            assert (other.epoch, len(world.attempts)) == (1, 1)
            [session] = world.exchange.sessions
            session._subscriptions.begin("book", "ETH/USD", world.exchange.now_ns)
            await world.live(silent, within=1)
            assert silent.photograph().symbol == "ETH/USD"

        in_world(test)

    @pytest.mark.promise("S-02")
    def test_who_does_not_want_the_past_is_not_waited_for(self) -> None:
        """Without a snapshot the acknowledgement is enough: a market that does not trade is not stale."""

        async def test(world: World) -> None:
            trades = world.feed("trade", snapshot=False)
            await world.live(trades, within=1)
            await asyncio.sleep(60)
            assert trades.state is StreamState.LIVE
            assert trades.counters["asked again"] == 0
            assert len(trades.table) == 0

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-06")
    @pytest.mark.fault("F-057")
    def test_who_does_not_want_the_past_still_wants_what_was_missed(self) -> None:
        """After a gap the last trades are asked for, and close it."""

        async def test(world: World) -> None:
            trades = world.feed("trade", snapshot=False)
            await world.until(lambda: len(trades.table) > 3, within=60)
            world.exchange.faults.reset()
            await world.until(lambda: trades.state is not StreamState.LIVE)
            await world.live(trades)
            [gap] = trades.gaps.gaps
            assert (gap.filled, gap.missed) == (True, 0)
            ids = trades.table.view().pandas()["trade_id"].tolist()
            assert ids == list(range(ids[0], ids[0] + len(ids)))

        in_world(test)

    @pytest.mark.promise("S-02")
    def test_a_pair_that_hardly_trades(self) -> None:
        """Its old trades are a snapshot like any other; nothing is asked again."""

        async def test(world: World) -> None:
            trades = world.feed("trade", "MATIC/GBP")
            await world.live(trades, within=1)
            await asyncio.sleep(60)
            assert trades.state is StreamState.LIVE
            assert len([text for text in world.sent if "MATIC" in text]) == 1

        in_world(test)

    @pytest.mark.promise("S-02")
    def test_a_pair_that_never_traded(self) -> None:
        """An empty snapshot names no symbol: asked for once more, then STALE, until the first trade makes it LIVE."""

        async def test(world: World) -> None:
            def emptied(text: str) -> str:
                return json.dumps({**json.loads(text), "data": []})

            world.exchange.faults.edit(Match(channel="trade", type="snapshot", times=None), emptied)
            trades = world.feed("trade", "ACA/EUR")
            await world.until(lambda: trades.state is StreamState.STALE, within=30)
            await world.until(lambda: trades.messages > 0, within=3000, beat=1.0)
            assert trades.state is StreamState.LIVE
            assert trades.epoch == 1

        in_world(test, rate=4.0, pairs=[pair for pair in PAIRS if pair.symbol == "ACA/EUR"])


class TestRefusals:
    """A refusal is heard, and not argued with."""

    @pytest.mark.promise("S-16")
    @pytest.mark.fault("F-022")
    def test_one_bad_symbol_among_five(self) -> None:
        """Four run; the fifth says why not, in the exchange's words."""

        async def test(world: World) -> None:
            world.exchange.faults.deny("ETH/USD", "Currency pair not supported ETH/USD")
            symbols = ("BTC/USD", "ETH/USD", "DOGE/USD", "ACA/EUR", "MATIC/GBP")
            feeds = {symbol: world.feed("book", symbol) for symbol in symbols}
            good = [feed for symbol, feed in feeds.items() if symbol != "ETH/USD"]
            await world.live(*good)
            assert feeds["ETH/USD"].state is StreamState.FAILED
            assert feeds["ETH/USD"].rejection == "Currency pair not supported ETH/USD"
            await asyncio.sleep(60)
            assert len([text for text in world.sent if "ETH/USD" in text]) == 1

        in_world(test)

    @pytest.mark.promise("S-16")
    @pytest.mark.fault("F-024")
    def test_refused_on_coming_back(self) -> None:
        """FAILED with the reason, its book withdrawn, the others LIVE, no second question; asked anew it may run."""

        async def test(world: World) -> None:
            faults = world.exchange.faults
            bad, good = world.feed("book", "ETH/USD"), world.feed("book", "BTC/USD")
            await world.live()
            faults.deny("ETH/USD", "EGeneral:Delisted")
            faults.reset()
            await world.until(lambda: bad.state is StreamState.FAILED)
            assert bad.reason == "refused: EGeneral:Delisted"
            with pytest.raises(NotReady, match="Delisted"):
                bad.photograph()
            await world.live(good)
            asked = len([text for text in world.sent if "ETH/USD" in text])
            faults.reset()
            await world.until(lambda: good.epoch == 3)
            await asyncio.sleep(120)
            assert len([text for text in world.sent if "ETH/USD" in text]) == asked
            faults.allow("ETH/USD")
            again = world.feed("book", "ETH/USD")
            assert again is not bad
            await world.live(again)
            assert (bad.state, bad.reason) == (StreamState.FAILED, "refused: EGeneral:Delisted")
            world.desk.release(bad)
            await asyncio.sleep(1)
            assert again.state is StreamState.LIVE

        in_world(test)

    @pytest.mark.promise("S-04")
    def test_the_words_of_a_slow_down_are_not_final(self) -> None:
        """ "Exceeded msg rate" without symbol is about the whole request, which is asked again later."""

        async def test(world: World) -> None:
            await world.live()
            world.exchange.faults.rate_limit("subscribe", 1)
            feeds = [world.feed("ticker", symbol) for symbol in ("BTC/USD", "ETH/USD")]
            began = world.clock.now().mono
            await world.live(*feeds)
            assert world.clock.now().mono - began >= world.settings.rate_pause

        in_world(test)


class TestAnswers:
    """Answers come late, in another order, changed, twice or not at all."""

    @pytest.mark.promise("S-04")
    @pytest.mark.promise("S-14")
    @pytest.mark.fault("F-025")
    def test_answers_without_number_in_another_order_with_new_fields(self) -> None:
        """They are matched by channel and symbol."""

        async def test(world: World) -> None:
            def changed(text: str) -> str:
                answer = json.loads(text)
                del answer["req_id"]
                answer["result"]["colour"] = "green"
                return json.dumps({**answer, "mood": "good"})

            faults = world.exchange.faults
            await world.live()
            faults.edit(Match(method="subscribe", times=None), changed)
            faults.swap(Match(method="subscribe", symbol="BTC/USD"), Match(method="subscribe", symbol="DOGE/USD"))
            feeds = [world.feed("book", symbol) for symbol in ("BTC/USD", "ETH/USD", "DOGE/USD")]
            await world.live(*feeds)
            await asyncio.sleep(20)
            assert all((feed.state, feed.epoch) == (StreamState.LIVE, 1) for feed in feeds)
            assert len([text for text in world.sent if '"book"' in text]) == 1
            assert world.desk.routers[0].talk.waiting_for == ()

        in_world(test)

    @pytest.mark.promise("S-04")
    @pytest.mark.parametrize("times", [1, 6])
    def test_lost_acknowledgements(self, times: int) -> None:
        """What came all the same is kept: no gap, no end, and at last the exchange says that it is subscribed."""

        async def test(world: World) -> None:
            await world.live()
            world.exchange.faults.lose_reply("subscribe", times)
            book = world.feed("book")
            await world.live(book, within=1)
            assert waiting(world) == ["book BTC/USD"]
            await asyncio.sleep(60)
            assert (book.state, book.epoch, len(book.gaps)) == (StreamState.LIVE, 1, 0)
            assert waiting(world) == []
            assert subscribed(world, "book") == ["BTC/USD"]

        in_world(test)

    @pytest.mark.promise("S-04")
    def test_lost_requests(self) -> None:
        """Each is asked again after the acknowledgement's time."""

        async def test(world: World) -> None:
            await world.live()
            world.exchange.faults.lose_request("subscribe", 5)
            book = world.feed("book")
            await world.live(book, within=40)
            assert len([text for text in world.sent if '"book"' in text]) == 6

        in_world(test)

    @pytest.mark.promise("S-07")
    @pytest.mark.fault("F-025")
    def test_a_snapshot_before_its_acknowledgement(self) -> None:
        """It is the book all the same."""

        async def test(world: World) -> None:
            await world.live()
            world.exchange.faults.swap(
                Match(method="subscribe", symbol="BTC/USD"), Match(channel="book", type="snapshot")
            )
            book = world.feed("book")
            await world.live(book, within=1)
            await asyncio.sleep(30)
            assert (book.state, book.epoch) == (StreamState.LIVE, 1)
            assert len([text for text in world.sent if '"book"' in text]) == 1

        in_world(test)

    @pytest.mark.promise("S-04")
    def test_an_answer_that_is_only_late(self) -> None:
        """A request given up for lost is answered before it is asked again: it counts."""

        async def test(world: World) -> None:
            await world.live()
            world.exchange.faults.delay("subscribe", 7.0, times=3)
            book = world.feed("book")
            await asyncio.sleep(60)
            assert (book.state, book.epoch) == (StreamState.LIVE, 1)
            assert world.desk.routers[0].talk.waiting_for == ()

        in_world(test)

    @pytest.mark.promise("S-04")
    def test_an_acknowledgement_of_something_else_is_said_aloud(self) -> None:
        """Another depth than asked is shown, not silently accepted."""

        async def test(world: World) -> None:
            await world.live()
            world.exchange.faults.edit(
                Match(method="subscribe", symbol="BTC/USD"), lambda text: text.replace('"depth":10', '"depth":25')
            )
            book = world.feed("book")
            await world.until(lambda: book.counters["acknowledged differently"])
            await world.live(book)
            assert book.reason == "asked depth=10, acknowledged depth=25"

        in_world(test)

    @pytest.mark.promise("S-07")
    def test_a_lost_unsubscription_answer(self) -> None:
        """A resync gets through: what is not there any more has been left."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            world.exchange.faults.lose_reply("unsubscribe", 2)
            book.resync("for the test", world.clock.now())
            world.connections[0].poke()
            await world.live(book, within=20)
            assert subscribed(world, "book") == ["BTC/USD"]
            assert book.epoch == 2

        in_world(test)


class TestUsers:
    """Who shares what, and what happens when one of them goes."""

    @pytest.mark.promise("S-21")
    @pytest.mark.fault("F-019")
    def test_the_same_stream_ten_times(self) -> None:
        """One subscription at the venue, one feed; the last user ends it, for the venue too."""

        async def test(world: World) -> None:
            feeds = [world.feed("trade") for _ in range(10)]
            await world.live()
            assert len(set(feeds)) == 1
            assert subscribed(world, "trade") == ["BTC/USD"]
            for _ in range(9):
                world.desk.release(feeds[0])
            await asyncio.sleep(5)
            assert str(feeds[0].state) == "LIVE"
            world.desk.release(feeds[0])
            await asyncio.sleep(5)
            assert str(feeds[0].state) == "STOPPED"
            assert subscribed(world, "trade") == []
            assert len([text for text in world.sent if '"trade"' in text]) == 2

        in_world(test)

    @pytest.mark.promise("S-21")
    @pytest.mark.parametrize("moment", ["asked", "resyncing", "unanswered", "disconnected"])
    def test_the_last_user_goes_at_a_bad_moment(self, moment: str) -> None:
        """Before the answer, during a resync, with the answer lost, between two lines: nothing stays subscribed."""

        async def test(world: World) -> None:
            await world.live()
            if moment == "unanswered":
                world.exchange.faults.lose_reply("subscribe", 1)
                world.exchange.faults.drop(Match(channel="book", type="snapshot"))
            book = world.feed("book")
            if moment == "unanswered":
                await asyncio.sleep(world.settings.ack_timeout - 0.05)
                await world.until(lambda: world.desk.routers[0].talk.counters["unanswered request"])
            elif moment == "resyncing":
                await world.live()
                book.resync("for the test", world.clock.now())
            elif moment == "disconnected":
                await world.live()
                world.exchange.faults.reset()
                await world.until(lambda: book.state is StreamState.CONNECTING)
            world.desk.release(book)
            await asyncio.sleep(30)
            assert subscribed(world, "book") == []
            assert book.state is StreamState.STOPPED
            assert not [s for s in world.desk.routers[0].talk.standings if s.want.channel == "book"]
            again = world.feed("book")
            await world.live(again, within=5)

        in_world(test)

    @pytest.mark.promise("B-03")
    def test_gone_and_back_in_one_breath(self) -> None:
        """Stopped and started again before anything was said: a fresh stream, LIVE, with its own subscription."""

        async def test(world: World) -> None:
            first = world.feed("book")
            await world.live()
            world.desk.release(first)
            second = world.feed("book")
            await world.live(second, within=5)
            assert second is not first
            assert subscribed(world, "book") == ["BTC/USD"]
            assert second.epoch == 1

        in_world(test)

    @pytest.mark.promise("B-03")
    def test_a_fifth_public_connection_is_refused(self) -> None:
        """With the reason; four intervals of one symbol take four connections, which close when they are empty."""

        async def test(world: World) -> None:
            feeds = [world.feed("ohlc", interval=interval) for interval in (1, 5, 15, 30)]
            await world.live()
            with pytest.raises(LimitReached, match="stop one of its streams"):
                world.feed("ohlc", interval=60)
            world.feed("ohlc", "ETH/USD", interval=60)
            assert len(world.links) == 4
            for feed in feeds[1:]:
                world.desk.release(feed)
            await asyncio.sleep(1)
            assert len(world.links) == 1
            assert all(s.stage is Stage.ACKNOWLEDGED for r in world.desk.routers for s in r.talk.standings)

        in_world(test)
