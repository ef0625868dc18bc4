"""Days on the virtual clock: what is kept stays within its bounds, and nothing drifts."""

from __future__ import annotations

import asyncio
import gc

import pytest

from kraken_lab.wire import Settings
from tests.virtual import World, in_world

HOUR = 3600.0
BOUNDS = Settings(ring_rows=2_000, beat=60.0)


def resident_mb() -> float:
    """Memory of this process, in MB."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def live_through(hours: float, settle: float) -> float:
    """Stream five channels for so many virtual hours; MB that memory grew after ``settle`` hours."""

    async def story(world: World) -> float:
        feeds = [world.feed(channel) for channel in ("book", "trade", "ticker", "ohlc", "level3")]
        await world.live(*feeds)
        await asyncio.sleep(settle * HOUR)
        before = resident_mb()
        for _ in range(round(hours - settle)):
            await asyncio.sleep(HOUR)
            world.sent.clear()  # the harness keeps what was asked; that is not the client's memory
        after = resident_mb()
        assert all(str(feed.state) == "LIVE" for feed in feeds), [(feed.channel, feed.reason) for feed in feeds]
        assert all(not feed.counters["checksum mismatches"] for feed in feeds)
        assert all(len(feed.gaps) == 0 for feed in feeds)
        book = feeds[0]
        engine = world.exchange.market.engine("BTC/USD")
        world.catch_up()
        await asyncio.sleep(0.01)
        assert [(int(price * 10), int(qty * 10**8)) for price, qty in book.photograph().bids] == engine.levels(
            "buy", 10
        )
        rows = [table.rows for feed in feeds for table in feed.tables]
        assert max(rows) <= 2_000
        return after - before

    return in_world(story, settings=BOUNDS, rate=0.3)


@pytest.mark.promise("B-01")
@pytest.mark.fault("F-072")
def test_hours_leave_no_more_behind_than_one() -> None:
    """The short profile of a month."""
    assert live_through(2.0, settle=1.0) < 20.0


@pytest.mark.soak
@pytest.mark.promise("B-01")
@pytest.mark.fault("F-072")
def test_thirty_days_leave_no_more_behind_than_one() -> None:
    """Memory is flat, evicted rows are gone, and the book is still the exchange's."""
    grown = live_through(30 * 24.0, settle=24.0)
    print(f"grew by {grown:.1f} MB in 29 virtual days")  # noqa: T201
    assert grown < 20.0
