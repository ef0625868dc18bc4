"""The exchange's state, its clock and ours."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest

from kraken_lab.streams import StreamState
from kraken_lab.wire import Settings
from tests.virtual import World, in_world


class TestStatus:
    """What the engine says of itself is kept and obeyed."""

    @pytest.mark.promise("S-18")
    @pytest.mark.fault("F-026")
    def test_after_maintenance_books_are_not_trusted_until_they_came_anew(self) -> None:
        """The moment it is over they are withdrawn; then resynced, each once."""

        async def test(world: World) -> None:
            books = [world.feed("book", "BTC/USD"), world.feed("book", "ETH/USD"), world.feed("level3")]
            trades = world.feed("trade")
            await world.live()
            world.exchange.faults.status("maintenance")
            await asyncio.sleep(30)
            status = world.desk.routers[0].talk.status
            assert status is not None
            assert status.system == "maintenance"
            world.exchange.faults.status("online")
            await asyncio.sleep(1)
            await world.live()
            for book in books:
                assert [gap.reason for gap in book.gaps.gaps] == ["maintenance"]
            assert len(trades.gaps) == 0
            assert len(world.attempts) == 2

        in_world(test)

    @pytest.mark.promise("S-18")
    def test_maintenance_while_disconnected(self) -> None:
        """The first word on a new line is believed; nothing is resynced twice, and nothing storms."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            world.exchange.faults.refuse(2)
            world.exchange.faults.reset()
            await world.until(lambda: book.state is StreamState.CONNECTING)
            world.exchange.faults.status("maintenance")
            await world.live()
            assert book.epoch == 2
            world.exchange.faults.status("cancel_only")
            await world.until(lambda: book.epoch == 3)
            assert [gap.reason for gap in book.gaps.gaps] == ["connection lost", "maintenance"]

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-14")
    @pytest.mark.promise("S-18")
    @pytest.mark.fault("F-031")
    @pytest.mark.fault("F-066")
    def test_announcements_and_states_nobody_knows_yet(self) -> None:
        """They pass through as they are, are counted, and disturb nothing."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            said = {"system": "resting", "upcoming_maintenance": [{"title": "Update", "expected_start_utc": "soon"}]}
            world.exchange.faults.raw(json.dumps({"channel": "status", "type": "update", "data": [said]}))
            talk = world.desk.routers[0].talk
            await world.until(lambda: talk.status is not None and talk.status.system == "resting")
            assert talk.status is not None
            assert talk.status.upcoming_maintenance[0]["title"] == "Update"
            assert (book.state, book.epoch) == (StreamState.LIVE, 1)

        in_world(test)

    @pytest.mark.promise("S-18")
    @pytest.mark.fault("F-030")
    @pytest.mark.parametrize("status", ["reduce_only", "delisted", "work_in_progress"])
    def test_a_pair_that_changes_its_state(self, status: str) -> None:
        """The new state is in the reference data; what is there stays to be seen."""

        async def test(world: World) -> None:
            book = world.feed("book", "ETH/USD")
            await world.live()
            world.exchange.faults.pair_status("ETH/USD", status)  # type: ignore[arg-type]
            await world.until(lambda: world.instruments.instruments.status("ETH/USD") == status)
            assert book.photograph().symbol == "ETH/USD"
            rows = world.instruments.pairs.view().pandas()
            assert rows.loc[rows["symbol"] == "ETH/USD", "status"].tolist() == [status]

        in_world(test)


class TestTime:
    """Two clocks that are not one."""

    @pytest.mark.promise("S-19")
    @pytest.mark.fault("F-032")
    @pytest.mark.parametrize("offset", [3.0, -3.0, 0.0])
    def test_the_exchange_s_clock_is_estimated(self, offset: float) -> None:
        """From the answers' times, to a few milliseconds."""

        async def test(world: World) -> None:
            world.exchange.faults.clock(offset)
            world.feed("book")
            await world.live()
            assert world.desk.routers[0].talk.offset.seconds == pytest.approx(offset, abs=0.02)

        in_world(test)

    @pytest.mark.promise("S-19")
    @pytest.mark.fault("F-033")
    @pytest.mark.fault("F-034")
    @pytest.mark.parametrize("step", [3600.0, 1200.0, -3600.0])
    def test_a_clock_that_steps_ends_the_epoch(self, step: float) -> None:
        """Set, or the machine slept: one gap that says so, a new line, a new epoch; timers never noticed."""

        async def test(world: World) -> None:
            feeds = [world.feed(channel) for channel in ("book", "trade", "ticker", "ohlc")]
            await world.live()
            await asyncio.sleep(10)
            before = world.clock.now()
            world.clock.step = step
            await world.until(lambda: all(feed.state is not StreamState.LIVE for feed in feeds), within=1.5)
            assert world.clock.now().mono - before.mono <= 1.5
            await world.live()
            await asyncio.sleep(60)
            for feed in feeds:
                [gap] = feed.gaps.gaps
                assert gap.reason.startswith(("suspend", "clock"))
                assert feed.epoch == 2
                assert gap.start_ns <= before.wall_ns
                assert gap.end_ns is not None
                assert gap.end_ns >= gap.start_ns
            assert len(world.attempts) == 2

        in_world(test)

    @pytest.mark.promise("S-19")
    def test_a_clock_that_is_nudged_does_not(self) -> None:
        """A second's correction is no suspension."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            world.clock.step = 1.5
            await asyncio.sleep(60)
            assert (book.state, book.epoch) == (StreamState.LIVE, 1)

        in_world(test)

    @pytest.mark.promise("S-19")
    @pytest.mark.fault("F-035")
    def test_odd_times_of_the_exchange_drop_no_row(self) -> None:
        """Backwards or with nanoseconds: rows stay in order of arrival, with both times, exactly as told."""

        async def test(world: World) -> None:
            trades = world.feed("trade")
            await world.live()
            await asyncio.sleep(5)
            before = len(trades.table)
            last = trades.last_id
            assert last is not None
            times = ["2026-05-28T20:26:50.123456789Z", "2026-05-28T20:26:49Z", "2026-05-28T20:26:51.5+00:00"]
            for n, time in enumerate(times, 1):
                one = {"symbol": "BTC/USD", "side": "buy", "price": 1.5, "qty": 0.5, "ord_type": "limit"}
                data = [{**one, "trade_id": last + n, "timestamp": time}]
                world.exchange.faults.raw(json.dumps({"channel": "trade", "type": "update", "data": data}))
            await world.until(lambda: len(trades.table) >= before + 3)
            rows = list(trades.table.view().rows())[before : before + 3]
            assert [int(row.timestamp) % 10**9 for row in rows] == [123456789, 0, 500_000_000]
            assert all(row.received_at for row in rows)
            assert len(trades.gaps) == 0

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-19")
    @pytest.mark.fault("F-035")
    @pytest.mark.parametrize("left_out", [{}, {"timestamp": None}])
    def test_a_time_the_exchange_leaves_out_drops_no_row(self, left_out: dict[str, None]) -> None:
        """The row is kept in its place with the time of its receipt for both, and how often that was is counted."""

        async def test(world: World) -> None:
            trades, ticker = world.feed("trade"), world.feed("ticker")
            await world.live()
            await asyncio.sleep(5)
            before, last, tickers = len(trades.table), trades.last_id, len(ticker.table)
            assert last is not None
            one = {"symbol": "BTC/USD", "side": "buy", "price": 1.5, "qty": 0.5, "ord_type": "limit"}
            data: list[dict[str, object]] = [{**one, "trade_id": last + 1, **left_out}]
            world.exchange.faults.raw(json.dumps({"channel": "trade", "type": "update", "data": data}))
            prices = dict.fromkeys(("bid", "bid_qty", "ask", "ask_qty", "last", "volume", "vwap", "low", "high"), 1.5)
            data = [{"symbol": "BTC/USD", **prices, "change": 0.5, "change_pct": 0.5, **left_out}]
            world.exchange.faults.raw(json.dumps({"channel": "ticker", "type": "update", "data": data}))
            await world.until(lambda: len(trades.table) > before and len(ticker.table) > tickers)
            for feed, at, price in ((trades, before, "price"), (ticker, tickers, "last")):
                row = list(feed.table.view().rows())[at]
                assert row[price] == Decimal("1.5")
                assert row.timestamp == row.received_at
                assert feed.counters["rows without the exchange's time"] == 1
                assert (feed.state, len(feed.gaps)) == (StreamState.LIVE, 0)
                assert feed.counters["malformed"] == 0

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-01")
    @pytest.mark.promise("S-05")
    @pytest.mark.fault("F-174")
    def test_our_own_lateness_is_not_the_exchange_s_silence(self) -> None:
        """Held up for six seconds, we read what came meanwhile before we judge: no reconnect, no gap."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            await asyncio.sleep(3.3)
            messages = book.messages
            world.hold_up(6.0)
            await asyncio.sleep(0)
            await asyncio.sleep(5)
            assert (book.state, book.epoch, len(world.attempts)) == (StreamState.LIVE, 1, 1)
            assert book.messages > messages
            assert world.connections[0].worst_lateness == pytest.approx(6.0, abs=0.3)

        in_world(test, settings=Settings())  # a line with something to do ten times a second sees how late it is
