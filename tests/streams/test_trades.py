"""Trades that come twice, late, in another order, changed or not at all: each is in the table once, or in a gap."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.streams import StreamState
from kraken_lab.streams.trade_feed import TradeFeed
from kraken_lab.tables import GapLog
from kraken_lab.wire import Instant, Settings, Trade, Want
from tests.virtual import DEEP, World, in_world


def trade_now(world: World, times: int, symbol: str = "BTC/USD") -> None:
    """So many trades, by market orders that take the smallest quantity."""
    market = world.exchange.market
    world.catch_up()
    for _ in range(times):
        market.act(market.engine(symbol).market("buy", market.pairs[symbol].qty_min, world.exchange.now_ns))


def ids(feed: TradeFeed) -> list[int]:
    """The trade ids in the table, as they came."""
    return [int(trade_id) for trade_id in feed.table.view().pandas()["trade_id"]]


async def missed(world: World, feed: TradeFeed, trades: int) -> None:
    """Let so many trades happen between two connections."""
    world.exchange.faults.reset()
    await world.until(lambda: feed.state is StreamState.CONNECTING)
    trade_now(world, trades)
    await world.live(feed)


class TestGaps:
    """What was missed is measured, and closed only with proof."""

    @pytest.mark.promise("S-06")
    @pytest.mark.promise("S-05")
    @pytest.mark.fault("F-057")
    def test_thirty_missed(self) -> None:
        """The snapshot has them: the gap is filled, the rows say where they come from."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            trade_now(world, 3)
            await asyncio.sleep(0.1)
            await missed(world, feed, 30)
            [gap] = feed.gaps.gaps
            assert (gap.filled, gap.missed) == (True, 0)
            rows = feed.table.view().pandas()
            assert rows["source"].tolist() == ["snapshot"] * 50 + ["live"] * 3 + ["backfill"] * 30
            assert rows["gap_before"].tolist() == [False] * 53 + [True] + [False] * 29
            assert rows["epoch"].tolist() == [1] * 53 + [2] * 30
            assert ids(feed) == list(range(ids(feed)[0], ids(feed)[0] + 83))

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-06")
    @pytest.mark.fault("F-058")
    def test_five_hundred_missed(self) -> None:
        """The last fifty are here, the gap counts the others exactly, and the first row after it says so."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            await missed(world, feed, 500)
            [gap] = feed.gaps.gaps
            assert (gap.filled, gap.missed) == (False, 450)
            rows = feed.table.view().pandas()
            assert rows["gap_before"].tolist() == [False] * 50 + [True] + [False] * 49
            trade_now(world, 1)
            await asyncio.sleep(0.1)
            assert ids(feed)[-1] - ids(feed)[-51] == 50

        in_world(test, rate=0.0, levels=DEEP)

    @pytest.mark.promise("S-06")
    @pytest.mark.parametrize("lost", [0, 1, 7])
    def test_a_snapshot_that_never_comes(self, lost: int) -> None:
        """The first trade after the gap measures it just as exactly."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            world.exchange.faults.drop(Match(channel="trade", type="snapshot"))
            world.exchange.faults.reset()
            await world.until(lambda: feed.state is StreamState.CONNECTING)
            trade_now(world, lost)
            await world.until(lambda: feed.state is StreamState.SYNCING)
            await asyncio.sleep(2)
            trade_now(world, 1)
            await world.live(feed, within=1)
            [gap] = feed.gaps.gaps
            assert (gap.filled, gap.missed) == (lost == 0, lost)

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-06")
    @pytest.mark.promise("S-12")
    def test_late_trades_fill_their_gap(self) -> None:
        """What a gap lacked came after all: it is filled, and nothing is there twice."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            world.exchange.faults.drop(Match(channel="trade", type="update", times=3))
            trade_now(world, 5)
            await asyncio.sleep(0.1)
            [gap] = feed.gaps.gaps
            assert (gap.reason, gap.missed, gap.filled) == ("skipped trade ids", 3, False)
            world.exchange.faults.reset()
            await world.until(lambda: feed.state is StreamState.CONNECTING)
            await world.live(feed)
            assert [gap.filled for gap in feed.gaps.gaps] == [True, True]
            assert sorted(ids(feed)) == list(range(min(ids(feed)), max(ids(feed)) + 1))

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-06")
    @pytest.mark.parametrize("when", ["live", "snapshot"])
    def test_numbers_that_go_back(self, when: str) -> None:
        """Another sequence: a new epoch, what was missed is unknown, and every trade of it is kept."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()

            def renumbered(text: str) -> str:
                message = json.loads(text, parse_float=Decimal)
                for trade in message["data"]:
                    trade["trade_id"] -= 10**4
                return json.dumps(message, default=float)

            world.exchange.faults.edit(Match(channel="trade", times=None), renumbered)
            if when == "snapshot":
                world.exchange.faults.reset()
                await world.until(lambda: feed.state is StreamState.CONNECTING)
                await world.live(feed)
            before = len(feed.table)
            trade_now(world, 3)
            await asyncio.sleep(0.1)
            assert len(feed.table) == before + 3
            assert feed.counters["trade ids went back"] == 1
            assert (feed.epoch, [gap.missed for gap in feed.gaps.gaps]) == (2, [None])
            assert [gap.reason for gap in feed.gaps.gaps] == [
                "trade ids went back" if when == "live" else "connection lost"
            ]

        in_world(test, rate=0.0)


class TestOrder:
    """Order and number of arrivals change nothing."""

    @pytest.mark.promise("S-11")
    @pytest.mark.fault("F-055")
    def test_duplicates(self) -> None:
        """One row each; the others are counted."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            world.exchange.faults.dup(Match(channel="trade", times=None))
            trade_now(world, 20)
            await asyncio.sleep(0.1)
            assert len(ids(feed)) == len(set(ids(feed))) == 70
            assert feed.counters["duplicate trades"] == 20
            assert feed.epoch == 1

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-11")
    def test_the_same_number_with_other_contents(self) -> None:
        """The first is kept, the conflict counted and shown."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            last = feed.table.latest
            assert last is not None
            one = {"symbol": "BTC/USD", "side": "buy", "price": 1.5, "qty": 0.5, "ord_type": "limit"}
            data = [{**one, "trade_id": last.trade_id, "timestamp": "2026-05-28T20:26:49Z"}]
            world.exchange.faults.raw(json.dumps({"channel": "trade", "type": "update", "data": data}))
            await world.until(lambda: feed.counters["conflicting trades"])
            assert "came twice with different contents" in feed.reason
            assert feed.table.latest == last

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-12")
    @pytest.mark.fault("F-056")
    def test_swapped(self) -> None:
        """All rows are there, and the gap that it looked like is closed."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            match = Match(channel="trade", type="update")
            world.exchange.faults.swap(match, Match(channel="trade", type="update"))
            trade_now(world, 6)
            await asyncio.sleep(0.1)
            assert sorted(ids(feed)) == list(range(min(ids(feed)), max(ids(feed)) + 1))
            assert feed.counters["late trades"] == 1
            assert [(gap.reason, gap.filled) for gap in feed.gaps.gaps] == [("skipped trade ids", True)]

        in_world(test, rate=0.0)


class _Upstream:
    """A connection that only counts."""

    def __init__(self) -> None:
        self.renewed = 0

    def renew(self, feed: Any) -> None:
        self.renewed += 1

    def give_up(self, feed: Any) -> None: ...
    def delivered(self, feed: Any) -> None: ...
    def replace(self, reason: str) -> None: ...

    def is_leaving(self, feed: Any) -> bool:
        return False

    def precision_of(self, symbol: str) -> tuple[int, int]:
        return 1, 8


@pytest.mark.promise("S-06")
@pytest.mark.promise("B-01")
def test_a_huge_hole_costs_no_memory() -> None:
    """A number far ahead is one gap of exact size; the trades in it are not waited for one by one."""
    feed = TradeFeed(Want(channel="trade", symbol="BTC/USD"), Settings(), _Upstream())
    one = Decimal(1)
    trades = [Trade("BTC/USD", "buy", one, one, "limit", n, "2026-05-28T20:26:49Z") for n in (1, 10**15, 10**15 + 1)]
    feed.take(trades[:1], "snapshot", Instant(0.0, 0))
    feed.take(trades[1:], "update", Instant(1.0, 1))
    assert [gap.missed for gap in feed.gaps.gaps] == [10**15 - 2]
    assert len(feed._missing) == 0
    assert isinstance(feed.gaps, GapLog)
    assert len(feed.table) == 3


def test_a_stream_asked_again_hears_nothing_of_the_one_before() -> None:
    """A late trade of the old subscription is not its first data, so no snapshot is lost as duplicates."""

    async def story(world: World) -> None:
        for _ in range(20):
            old = world.feed("trade")
            await world.live(old)
            world.desk.release(old)
            new = world.feed("trade")
            # The exchange still sends for the old one: it has not been told yet.
            trade_now(world, 3)
            await world.live(new)
            found = ids(new)
            assert len(found) >= 50
            assert found == list(range(found[0], found[0] + len(found)))
            world.desk.release(new)

    in_world(story)
