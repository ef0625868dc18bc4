"""The exchange's own time of what came last: by it one knows how long that was on its way."""

from __future__ import annotations

import pytest

from kraken_lab.streams import Feed
from kraken_lab.wire import to_ns
from tests.virtual import World, in_world


@pytest.mark.parametrize("channel", ["book", "level3", "trade", "ticker"])
def test_an_update_says_when_it_was_sent(channel: str) -> None:
    """On the virtual clock nothing is on its way but for the lag, so the stamp is that much older than its arrival."""

    async def test(world: World) -> None:
        world.lag = 0.25
        feed: Feed = world.feed(channel)
        await world.live()
        await world.until(lambda: feed.stamp is not None)
        assert feed.stamp is not None
        assert feed.last_at is not None
        assert (feed.last_at.wall_ns - to_ns(feed.stamp)) / 1e9 == pytest.approx(0.25, abs=0.02)

    in_world(test, rate=60.0)


@pytest.mark.parametrize("channel", ["book", "trade"])
def test_a_snapshot_says_nothing_of_its_way(channel: str) -> None:
    """What it tells is from before; the stamp of the last update is not taken for its own."""

    async def test(world: World) -> None:
        feed: Feed = world.feed(channel)
        await world.live()
        await world.until(lambda: feed.stamp is not None)
        seen: list[tuple[int, str | None]] = []
        feed.watchers = (lambda: seen.append((feed.epoch, feed.stamp)),)
        world.exchange.faults.reset()
        await world.until(lambda: feed.epoch == 2)
        assert next(stamp for epoch, stamp in seen if epoch == 2) is None

    in_world(test, rate=2.0)
