"""Candles: the one in progress, the one whose end nobody announces, and the one that was only partly seen."""

from __future__ import annotations

import asyncio

import pytest

from kraken_lab.streams import StreamState
from tests.virtual import World, in_world


class TestPartial:
    """A candle that spans a gap says so."""

    @pytest.mark.promise("S-05")
    @pytest.mark.fault("F-059")
    def test_a_candle_that_spans_a_gap_is_partial(self) -> None:
        """That one, and neither those before nor those after it."""

        async def test(world: World) -> None:
            feed = world.feed("ohlc")
            await world.live()
            await asyncio.sleep(200)
            world.exchange.faults.reset()
            began = world.clock.now().wall_ns
            await world.until(lambda: feed.state is StreamState.CONNECTING)
            await world.live()
            ended = world.clock.now().wall_ns
            await asyncio.sleep(150)
            rows = feed.table.view().pandas()
            marked = [int(begin.value) for begin, partial in rows["partial"].items() if partial]
            minute = 60_000_000_000
            assert marked
            assert len(marked) <= 2
            assert all(begin <= ended and begin + minute > began - minute for begin in marked)
            assert not rows["partial"].iloc[-1]
            assert rows["epoch"].iloc[-1] == 2
            assert rows["gap_before"].sum() == 1

        in_world(test, rate=20.0)

    @pytest.mark.promise("S-05")
    def test_a_candle_s_end_is_noticed_without_a_message(self) -> None:
        """A second after its minute it is closed, though nothing trades."""

        async def test(world: World) -> None:
            feed = world.feed("ohlc")
            await world.live()
            await world.until(lambda: not feed.table.view().pandas()["closed"].iloc[-1], within=200)
            quiet = world.exchange
            quiet.faults.frozen = False
            last = feed.table.view().pandas().index[-1]
            await asyncio.sleep(62.5)
            assert bool(feed.table.view().pandas().loc[last, "closed"])

        in_world(test, rate=2.0)

    @pytest.mark.promise("B-01")
    def test_many_gaps_are_remembered_within_bounds(self) -> None:
        """A thousand are enough: a snapshot reaches back no further than 720 candles."""

        async def test(world: World) -> None:
            feed = world.feed("ohlc")
            await world.live()
            feed._holes.extend((n, n + 1) for n in range(5_000))
            assert len(feed._holes) == 1_000

        in_world(test, rate=0.0)
