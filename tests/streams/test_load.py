"""More than one can look at, and a road too narrow: nothing is lost unseen, and slow is not taken for dead."""

from __future__ import annotations

import asyncio
import json

import pytest

from kraken_lab.errors import LimitReached
from kraken_lab.sandbox.exchange import START_NS
from kraken_lab.streams import StreamState
from kraken_lab.wire import Settings
from tests.virtual import World, in_world

TRADES = 20_000


@pytest.mark.promise("S-17")
@pytest.mark.promise("B-01")
@pytest.mark.fault("F-069")
def test_twenty_thousand_trades_in_a_second() -> None:
    """All are read; the table keeps the newest, counts what it let go, and does not grow; there is no gap."""

    async def test(world: World) -> None:
        feed = world.feed("trade")
        await world.live()
        assert feed.last_id is not None
        first = feed.last_id + 1
        sizes: list[int] = []
        for beat in range(100):
            data = [
                {
                    "symbol": "BTC/USD", "side": "buy", "price": 100.5, "qty": 0.5, "ord_type": "limit",
                    "trade_id": first + beat * 200 + n, "timestamp": "2026-05-28T20:26:49.123456Z",
                }
                for n in range(200)
            ]  # fmt: skip
            world.exchange.faults.raw(json.dumps({"channel": "trade", "type": "update", "data": data}))
            await asyncio.sleep(0.01)
            feed.table.view()
            sizes.append(feed.nbytes)
        assert feed.last_id == first + TRADES - 1
        assert len(feed.table.view()) == 1_000
        assert feed.table.evicted == 50 + TRADES - 1_000
        assert max(sizes[50:]) <= max(sizes[:50])
        assert (len(feed.gaps), feed.epoch, len(feed._recent)) == (0, 1, 5_000)

    in_world(test, rate=0.0, settings=Settings(ring_rows=1_000))


@pytest.mark.promise("B-01")
def test_a_stream_that_would_exceed_the_memory_is_refused() -> None:
    """With what is held now and what to do; those that run go on."""

    async def test(world: World) -> None:
        feed = world.feed("trade")
        await world.live()
        feed.table.view()
        with pytest.raises(LimitReached, match="stop a stream, or bound one"):
            world.feed("trade", "ETH/USD")
        assert world.feed("trade") is feed
        assert feed.state is StreamState.LIVE

    in_world(test, rate=0.0, settings=Settings(memory_total=1))


@pytest.mark.promise("S-01")
@pytest.mark.promise("S-19")
@pytest.mark.fault("F-071")
def test_a_slow_link() -> None:
    """Thirty seconds behind: the lag is there to be seen in every row, and nobody takes slow for silent."""

    async def test(world: World) -> None:
        ticker, book = world.feed("ticker", event_trigger="bbo"), world.feed("book")
        await world.live()
        while world.lag < 30.0:
            # What is sent in a second takes one and a half to arrive.
            world.lag += 0.05
            await asyncio.sleep(0.1)
        await asyncio.sleep(60)
        assert [(feed.state, feed.epoch) for feed in (ticker, book)] == [(StreamState.LIVE, 1)] * 2
        assert len(world.attempts) == 1
        row = ticker.table.latest
        assert row is not None
        assert 29.9 < (int(row.received_at) - int(row.timestamp)) / 1e9 < 31.0
        assert book.last_at is not None
        assert book.last_at.wall_ns > START_NS

    in_world(test)
