"""Books that lose messages, are told wrongly, change their depth or their digits: no reader ever sees a wrong one."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.errors import NotReady
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.streams import StreamState
from kraken_lab.streams.ladder_feed import LadderFeed
from tests.virtual import World, in_world


def venue_levels(world: World, symbol: str, depth: int) -> dict[str, list[tuple[Decimal, Decimal]]]:
    """The venue's own book now, best first."""
    engine = world.exchange.market.engine(symbol)
    price, qty = Decimal(1).scaleb(-engine.pair.price_precision), Decimal(1).scaleb(-engine.pair.qty_precision)
    return {
        "bids": [(level * price, amount * qty) for level, amount in engine.levels("buy", depth)],
        "asks": [(level * price, amount * qty) for level, amount in engine.levels("sell", depth)],
    }


def assert_equals_venue(world: World, feed: LadderFeed[Any, Any, Any], depth: int | None = None) -> None:
    """The photograph is the venue's book."""
    photo = feed.photograph(depth)
    there = venue_levels(world, feed.symbol, depth or feed.depth)
    assert list(photo.bids) == there["bids"]
    assert list(photo.asks) == there["asks"]


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[str], str]:
    """Change the first element of a message."""

    def edit(text: str) -> str:
        message = json.loads(text, parse_float=Decimal)
        change(message["data"][0])
        return json.dumps(message, default=lambda number: float(number))

    return edit


async def settled(world: World, feed: LadderFeed[Any, Any, Any]) -> None:
    """Let the feed fall out of LIVE and come back."""
    epoch = feed.epoch
    await world.until(lambda: feed.epoch > epoch and feed.state is StreamState.LIVE)
    await asyncio.sleep(0.0001)


@pytest.mark.usefixtures("engine")
class TestWrongBooks:
    """A book that is not the exchange's is withdrawn at once and asked for anew, alone."""

    @pytest.mark.promise("S-07")
    @pytest.mark.fault("F-041")
    @pytest.mark.fault("F-042")
    @pytest.mark.parametrize("channel", ["book", "level3"])
    @pytest.mark.parametrize("fault", ["lost", "wrong checksum"])
    def test_one_bad_update(self, channel: str, fault: str) -> None:
        """One mismatch, one gap, one resubscription of this symbol; nobody saw a book of which it is not true."""

        async def test(world: World) -> None:
            feed, other = world.feed(channel), world.feed(channel, "ETH/USD")
            await world.live()
            await asyncio.sleep(3)
            seen: list[int] = []
            wrong: list[str] = []

            def look() -> None:
                try:
                    seen.append(feed.photograph().checksum)
                except NotReady as error:
                    wrong.append(str(error))

            feed.watchers = (look,)
            sent = len(world.sent)
            match = Match(channel=channel, type="update", symbol="BTC/USD")
            if fault == "lost":
                world.exchange.faults.drop(match)
            else:
                world.exchange.faults.edit(match, edited(lambda data: data.update(checksum=1)))
            await settled(world, feed)
            await asyncio.sleep(10)
            assert feed.counters["checksum mismatches"] == 1
            assert [gap.reason for gap in feed.gaps.gaps] == ["checksum"]
            assert wrong
            assert 1 not in seen
            again = [json.loads(text) for text in world.sent[sent:]]
            assert [text["method"] for text in again] == ["unsubscribe", "subscribe"]
            assert all(text["params"]["symbol"] == ["BTC/USD"] for text in again)
            assert (other.epoch, other.state) == (1, StreamState.LIVE)
            assert_equals_venue(world, feed)

        in_world(test)

    @pytest.mark.promise("S-08")
    @pytest.mark.fault("F-043")
    def test_a_symbol_that_is_always_wrong(self) -> None:
        """FAILED after the limit, four others LIVE, no loop; the user may ask again."""

        async def test(world: World) -> None:
            symbols = ("BTC/USD", "ETH/USD", "DOGE/USD", "ACA/EUR", "MATIC/GBP")
            feeds = {symbol: world.feed("book", symbol) for symbol in symbols}
            await world.live()
            world.exchange.faults.edit(
                Match(channel="book", symbol="ETH/USD", times=None), edited(lambda data: data.update(checksum=7))
            )
            bad = feeds["ETH/USD"]
            await world.until(lambda: bad.state is StreamState.FAILED, within=60)
            limit = world.settings.resync_limit
            assert bad.counters["checksum mismatches"] == limit + 1
            assert f"given up after {limit} resyncs" in bad.reason
            await asyncio.sleep(60)
            subscribes = [text for text in world.sent if '"subscribe"' in text and "ETH/USD" in text]
            assert len(subscribes) == 1 + limit
            assert all(feed.state is StreamState.LIVE for feed in feeds.values() if feed is not bad)
            assert len(world.attempts) == 1
            world.exchange.faults.clear()
            again = world.feed("book", "ETH/USD")
            await world.live(again)
            world.exchange.faults.reset()
            await settled(world, again)
            assert_equals_venue(world, again)

        in_world(test)

    @pytest.mark.promise("S-07")
    @pytest.mark.fault("F-044")
    def test_updates_while_a_resync_is_pending(self) -> None:
        """They are discarded and counted, and start nothing."""

        async def test(world: World) -> None:
            feed = world.feed("book")
            await world.live()
            world.exchange.faults.lose_request("unsubscribe", 1)
            world.exchange.faults.drop(Match(channel="book", type="update", symbol="BTC/USD"))
            await world.until(lambda: feed.state is StreamState.RESYNCING, within=30)
            await asyncio.sleep(4)
            assert feed.state is StreamState.RESYNCING
            assert feed.counters["discarded"] > 5
            await world.live(feed)
            assert (feed.counters["resyncs"], feed.epoch) == (1, 2)

        in_world(test)

    @pytest.mark.promise("S-07")
    @pytest.mark.fault("F-046")
    @pytest.mark.fault("F-047")
    @pytest.mark.parametrize("what", ["price twice", "delete of what is not there"])
    def test_odd_but_true_updates(self, what: str) -> None:
        """Applied in order and checked once, at the end."""

        def odd(data: dict[str, Any]) -> None:
            if what == "delete of what is not there":
                data["bids"].append({"price": Decimal("1.5"), "qty": 0})
            else:
                for side in ("bids", "asks"):
                    data[side] = [{**level, "qty": Decimal("0.5")} for level in data[side]] + data[side]

        async def test(world: World) -> None:
            feed = world.feed("book")
            await world.live()
            world.exchange.faults.edit(Match(channel="book", type="update", times=None), edited(odd))
            await asyncio.sleep(20)
            assert (feed.state, feed.epoch) == (StreamState.LIVE, 1)
            assert feed.messages > 20
            assert_equals_venue(world, feed)

        in_world(test)

    @pytest.mark.promise("S-09")
    @pytest.mark.fault("F-050")
    def test_a_crossed_book_with_a_matching_checksum(self) -> None:
        """Is not believed."""

        async def test(world: World) -> None:
            def crossed(text: str) -> str:
                data = json.loads(text)["data"][0]
                data.update(bids=[{"price": 5.0, "qty": 1.0}], asks=[{"price": 4.0, "qty": 1.0}])
                data["checksum"] = zlib.crc32(b"40" + b"100000000" + b"50" + b"100000000")
                return json.dumps({"channel": "book", "type": "snapshot", "data": [data]})

            world.exchange.faults.edit(Match(channel="book", type="snapshot"), crossed)
            feed = world.feed("book")
            await world.until(lambda: feed.counters["impossible messages"], within=5)
            assert feed.counters["checksum mismatches"] == 0
            await world.live(feed)
            assert_equals_venue(world, feed)

        in_world(test)

    @pytest.mark.promise("S-07")
    def test_a_snapshot_nobody_asked_for(self) -> None:
        """Replaces everything, and is a gap, because nobody knows what lies between."""

        async def test(world: World) -> None:
            feed = world.feed("book")
            await world.live()
            [session] = world.exchange.sessions
            session._subscriptions.begin("book", "BTC/USD", world.exchange.now_ns)
            await settled(world, feed)
            assert [gap.reason for gap in feed.gaps.gaps] == ["a snapshot came unasked"]
            assert_equals_venue(world, feed)

        in_world(test)


@pytest.mark.usefixtures("engine")
class TestTrueBooks:
    """Books of every kind, proved for as long as one likes."""

    @pytest.mark.promise("S-07")
    @pytest.mark.promise("S-15")
    @pytest.mark.fault("F-045")
    @pytest.mark.fault("F-052")
    @pytest.mark.parametrize(("symbol", "price_digits", "qty_digits"), [("BTC/USD", 1, 8), ("DOGE/USD", 7, 8)])
    def test_thousands_of_updates(self, symbol: str, price_digits: int, qty_digits: int) -> None:
        """Levels fall out of scope without a word, and every update is proved all the same."""

        async def test(world: World) -> None:
            feed = world.feed("book", symbol)
            await world.live()
            while feed.messages < 1_500:
                await asyncio.sleep(5)
                photo = feed.photograph()
                assert max(len(photo.bids), len(photo.asks)) <= 10
            assert_equals_venue(world, feed)
            assert (feed.epoch, feed.counters["checksum mismatches"]) == (1, 0)
            price, qty = feed.photograph().bids[0]
            assert -int(price.as_tuple().exponent) <= price_digits
            assert -int(qty.as_tuple().exponent) <= qty_digits

        in_world(test, rate=100.0, pairs=[pair for pair in PAIRS if pair.symbol == symbol])

    @pytest.mark.promise("S-08")
    @pytest.mark.promise("S-09")
    @pytest.mark.fault("F-048")
    @pytest.mark.fault("F-049")
    def test_thin_and_empty_books(self) -> None:
        """Few levels or none at all, checksum 0 included: verified, without a resync."""

        async def test(world: World) -> None:
            feed = world.feed("book", "ACA/EUR")
            await world.live()
            sizes: set[int] = set()
            feed.listeners = (lambda: sizes.add(len(feed.photograph().bids)),)
            await asyncio.sleep(600)
            assert min(sizes) <= 3
            engine = world.exchange.market.engine("ACA/EUR")
            for side in ("buy", "sell"):
                for price in list(engine.prices(side)):
                    for order in list(engine.queue(side, price)):
                        world.exchange.market.act(engine.cancel(order.order_id, world.exchange.now_ns))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            photo = feed.photograph()
            assert (photo.bids, photo.asks, photo.checksum) == ((), (), 0)
            assert (feed.epoch, feed.state) == (1, StreamState.LIVE)

        in_world(test, rate=4.0, pairs=[pair for pair in PAIRS if pair.symbol == "ACA/EUR"])

    @pytest.mark.promise("S-07")
    @pytest.mark.promise("S-08")
    @pytest.mark.fault("F-053")
    def test_the_digits_change_during_the_run(self) -> None:
        """From the next snapshot on the new ones count; one mismatch at most, no loop, exact rows on both sides."""

        async def test(world: World) -> None:
            feed, other = world.feed("book"), world.feed("book", "ETH/USD")
            await world.live()
            await asyncio.sleep(5)

            def finer(text: str) -> str:
                message = json.loads(text)
                for pair in message["data"].get("pairs", ()):
                    if pair["symbol"] == "BTC/USD":
                        pair.update(price_precision=2, price_increment=0.01)
                return json.dumps(message)

            def digits(number: int, more: int) -> bytes:
                return str(number * 10**more).encode()

            def finer_checksum(text: str) -> str:
                engine = world.exchange.market.engine("BTC/USD")
                told = b"".join(
                    digits(price, 1) + digits(qty, 0)
                    for levels in (engine.levels("sell", 10), engine.levels("buy", 10))
                    for price, qty in levels
                )
                return edited(lambda data: data.update(checksum=zlib.crc32(told)))(text)

            faults = world.exchange.faults
            faults.edit(Match(channel="instrument", times=None), finer)
            faults.edit(Match(channel="book", symbol="BTC/USD", times=None), finer_checksum)
            faults.pair_status("BTC/USD", "online")
            await settled(world, feed)
            await asyncio.sleep(30)
            assert feed.counters["checksum mismatches"] == 1
            assert (feed.epoch, other.epoch) == (2, 1)
            assert feed.photograph().bid_ladder.price_precision == 2
            assert_equals_venue(world, feed)
            bids = [row.bid for row in feed.history.view().rows()]
            there = {price for price, _ in venue_levels(world, "BTC/USD", 500)["bids"]}
            assert bids[-1] == venue_levels(world, "BTC/USD", 1)["bids"][0][0]
            assert all(abs(bid - max(there)) / bid < Decimal("0.05") for bid in bids)

        in_world(test)

    @pytest.mark.promise("S-13")
    def test_reference_data_that_forgets_a_pair(self) -> None:
        """The digits it had go on being used; a reader of the socket never ends for that."""

        async def test(world: World) -> None:
            feed = world.feed("book")
            await world.live()
            nothing = {"channel": "instrument", "type": "snapshot", "data": {"assets": [], "pairs": []}}
            world.exchange.faults.raw(json.dumps(nothing))
            await world.until(lambda: not world.instruments.instruments.pairs)
            feed.resync("for the test", world.clock.now())
            world.connections[0].poke()
            await settled(world, feed)
            assert_equals_venue(world, feed)
            stranger = world.feed("book", "ETH/USD")
            await world.until(lambda: stranger.state is StreamState.FAILED, within=30)
            assert "does not list ETH/USD" in stranger.reason
            assert len(world.attempts) == 1

        in_world(test)


class TestDepths:
    """One book a symbol, at the deepest depth anybody asked for; two depths never meet in it."""

    @pytest.mark.promise("B-03")
    @pytest.mark.promise("S-07")
    @pytest.mark.parametrize(
        "moment", ["live", "connecting", "asked", "resyncing", "unanswered", "stale", "failed", "leaving"]
    )
    def test_deeper_at_any_moment(self, moment: str) -> None:
        """Whatever was under way: in the end there is one subscription, at the new depth, equal to the venue's book."""

        async def test(world: World) -> None:
            faults = world.exchange.faults
            if moment in ("unanswered", "asked"):
                await world.live()
                (faults.lose_reply if moment == "unanswered" else faults.lose_request)("subscribe", 1)
            elif moment == "stale":
                faults.drop(Match(channel="book", type="snapshot", times=2))
            first = world.feed("book", depth=10)
            if moment == "live":
                await world.live()
            elif moment == "resyncing":
                await world.live()
                faults.lose_request("unsubscribe", 1)
                first.resync("for the test", world.clock.now())
                await asyncio.sleep(0.01)
            elif moment == "unanswered":
                await world.until(lambda: world.desk.routers[0].talk.counters["unanswered request"])
            elif moment == "stale":
                await world.until(lambda: first.state is StreamState.STALE)
            elif moment == "asked":
                await asyncio.sleep(0.01)
            elif moment == "failed":
                await world.live()
                faults.edit(Match(channel="book", times=None), edited(lambda data: data.update(checksum=7)))
                await world.until(lambda: first.state is StreamState.FAILED)
                faults.clear()
            elif moment == "leaving":
                await world.live()
                world.desk.release(first)
            second = world.feed("book", depth=100)
            assert (second is first) == (moment not in ("failed", "leaving"))
            shallow: list[int] = []

            def look() -> None:
                if second.state is StreamState.LIVE:
                    photo = second.photograph()
                    there = venue_levels(world, "BTC/USD", 100)
                    # A book of ten levels must not pass for one of a hundred.
                    shallow.append(len(photo.bids) - len(there["bids"]))

            second.listeners = (look,)
            await world.until(lambda: second.state is StreamState.LIVE and second.ready, within=60)
            await asyncio.sleep(20)
            await world.live(second)
            assert second.depth == 100
            assert set(shallow) == {0}
            assert_equals_venue(world, second, 100)
            assert_equals_venue(world, second, 25)
            held = [held.key for session in world.exchange.sessions for held in session._subscriptions._held.values()]
            [key] = [key for key in held if key.channel == "book"]
            assert key.option == 100
            assert second.epoch == (2 if moment in ("live", "resyncing", "unanswered") else 1)

        in_world(test)

    @pytest.mark.promise("B-03")
    def test_shallower_views_are_the_top_of_it(self) -> None:
        """Asked later, a smaller depth sends nothing and opens nothing."""

        async def test(world: World) -> None:
            deep = world.feed("book", depth=100)
            await world.live()
            sent = len(world.sent)
            assert world.feed("book", depth=25) is deep
            await asyncio.sleep(5)
            assert len(world.sent) == sent
            photo, top = deep.photograph(), deep.photograph(25)
            assert (top.bids, top.asks) == (photo.bids[:25], photo.asks[:25])

        in_world(test)

    @pytest.mark.promise("B-03")
    @pytest.mark.promise("S-07")
    @pytest.mark.parametrize("channel", ["book", "level3"])
    def test_a_snapshot_of_the_old_depth_on_its_way(self, channel: str) -> None:
        """When the deeper book is asked for, a shallow snapshot has left the venue already. It is not taken."""

        async def test(world: World) -> None:
            feed = world.feed(channel, depth=10)
            await world.live()
            world.lag = 0.2
            feed.resync("for the test", world.clock.now())
            world.poke()
            await asyncio.sleep(0.3)
            seen: list[int] = []
            feed.listeners = (lambda: seen.append(len(feed.photograph().bids)),)
            world.feed(channel, depth=100)
            await asyncio.sleep(0.25)
            assert feed.state is not StreamState.LIVE
            assert feed.counters["discarded"] > 0
            await world.live(feed)
            await asyncio.sleep(5)
            assert min(seen) > 10

        in_world(test)


def test_the_heatmaps_memory_begins_with_the_book() -> None:
    """A beat after the snapshot there is a column, and one more every beat, whatever else happens or not."""

    async def story(world: World) -> None:
        # The snapshot comes by itself, a good while after its acknowledgement.
        world.exchange.faults.swap(Match(channel="book", type="snapshot"), Match(channel="heartbeat"))
        book = world.feed("book")
        await world.live(book)
        born = world.clock.now().mono
        await world.until(lambda: book.heat is not None and len(book.heat) > 0, within=world.settings.beat * 1.5)
        await world.until(lambda: len(book.heat) >= 9, within=born + 9 * world.settings.beat)

    in_world(story, rate=0.0)
