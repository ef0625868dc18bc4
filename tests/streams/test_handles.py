"""Streams opened and closed at random: never more connections than allowed, one book a symbol, nothing left over."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import Any

import pytest

from kraken_lab.errors import LimitReached
from kraken_lab.streams import StreamState
from kraken_lab.streams.ladder_feed import LadderFeed
from tests.streams.test_books import assert_equals_venue
from tests.virtual import DEEP, World, in_world

SYMBOLS = ("BTC/USD", "ETH/USD", "DOGE/USD", "ACA/EUR")


def something(random: Random) -> tuple[str, str, dict[str, Any]]:
    """A channel, a symbol and options, at random."""
    channel = random.choice(["book", "book", "level3", "ohlc", "ohlc", "ticker", "trade"])
    options: dict[str, Any] = {}
    if channel == "book":
        options["depth"] = random.choice([10, 25, 100, 500])
    elif channel == "level3":
        options["depth"] = random.choice([10, 100])
    elif channel == "ohlc":
        options["interval"] = random.choice([1, 5, 15, 30, 60, 240])
    elif channel == "ticker":
        options["event_trigger"] = random.choice(["trades", "bbo"])
    return channel, random.choice(SYMBOLS[:2] if channel == "ohlc" else SYMBOLS), options


async def newer(world: World, feed: Any, epoch: int) -> None:
    """Until the feed has a later epoch."""
    await world.until(lambda: feed.epoch > epoch, within=100)


@pytest.mark.promise("B-03")
@pytest.mark.promise("S-21")
@pytest.mark.fault("F-168")
@pytest.mark.parametrize("seed", range(2))
def test_three_hundred_random_steps(seed: int) -> None:
    """Open and close what comes to mind, lose a line now and then; look after every step; close everything."""

    async def test(world: World) -> None:
        random = Random(seed)
        held: list[tuple[Any, int]] = []
        deepened = 0
        await world.live()
        for _ in range(300):
            turn = random.random()
            if turn < 0.02:
                world.exchange.faults.reset()
            elif held and turn < 0.02 + 0.03 * len(held):
                feed, _ = held.pop(random.randrange(len(held)))
                world.desk.release(feed)
            else:
                channel, symbol, options = something(random)
                before = {(f.channel, f.symbol): (f, f.depth, f.epoch) for f, _ in held if isinstance(f, LadderFeed)}
                try:
                    feed = world.feed(channel, symbol, **options)
                except LimitReached:
                    assert channel in ("ohlc", "ticker")
                else:
                    held.append((feed, options.get("depth", 0)))
                    if (known := before.get((channel, symbol))) is not None:
                        old, depth, epoch = known
                        assert old is feed
                        assert feed.depth == max(depth, options["depth"])
                        if options["depth"] > depth and epoch:
                            deepened += 1
                            await newer(world, feed, epoch)
            await asyncio.sleep(random.choice([0.0, 0.01, 0.3]))
            check(world, held)
        await world.live(within=100)
        check(world, held)
        assert deepened
        for feed, depth in held:
            assert feed.state is StreamState.LIVE
            if isinstance(feed, LadderFeed) and feed.channel == "book":
                await asyncio.sleep(0.0001)
                assert_equals_venue(world, feed, depth)
                photo, top = feed.photograph(), feed.photograph(depth)
                assert (photo.bids[:depth], photo.asks[:depth]) == (top.bids, top.asks)
        for feed, _ in held:
            world.desk.release(feed)
        await asyncio.sleep(30)
        assert [feed.channel for feed in world.desk.feeds] == ["instrument"]
        assert len(world.links) == len(world.exchange.sessions) == 1
        assert [held.key.channel for held in world.exchange.sessions[0]._subscriptions._held.values()] == ["instrument"]
        assert [line.state for line in world.connections].count("stopped") == len(world.connections) - 1

    in_world(test, rate=2.0, seed=seed, levels=DEEP)


def check(world: World, held: list[tuple[Any, int]]) -> None:
    """What must be true at every moment."""
    desk = world.desk
    assert len(desk.public) <= 4
    assert len(desk.level3) <= 1
    assert len(world.links) <= 5
    places = Counter((feed.channel, feed.symbol) for feed in desk.feeds if feed.channel in ("book", "level3", "trade"))
    assert set(places.values()) <= {1}
    wanted: dict[tuple[str, str], int] = {}
    for feed, depth in held:
        if depth:
            wanted[feed.channel, feed.symbol] = max(depth, wanted.get((feed.channel, feed.symbol), 0))
        assert feed in desk.feeds
    for feed in desk.feeds:
        if isinstance(feed, LadderFeed):
            assert feed.depth >= wanted[feed.channel, feed.symbol]
