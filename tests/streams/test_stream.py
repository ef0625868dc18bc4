"""What a cell holds: tables, waiting, callbacks, `async for`, and the end, with feeds that are filled by hand."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from kraken_lab.errors import BadArgument, NotReady, Refused, StreamStopped
from kraken_lab.streams import BookStream, StreamState, TradeStream
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.streams.stream import _replace, add_listener
from kraken_lab.streams.trade_feed import TradeFeed
from kraken_lab.wire import Instant
from tests.streams.fake_host import NOON, AHost, a_feed, a_trade, fill


@pytest.fixture
def host() -> Iterator[AHost]:
    """A lab in small, closed at the end."""
    host = AHost()
    yield host
    host.dispatcher.close()


def a_stream(host: AHost, *symbols: str) -> TradeStream:
    """A trade stream of these symbols."""
    return TradeStream(host, {symbol: a_feed(TradeFeed, symbol) for symbol in symbols or ("BTC/USD",)})


def first(stream: TradeStream) -> Any:
    """The feed of its first symbol."""
    return stream.feeds[0]


class TestReading:
    """Photographs of a table that grows."""

    def test_what_was_handed_out_never_changes(self, host: AHost) -> None:
        """Neither pandas nor polars."""
        stream = a_stream(host)
        fill(first(stream), 1, 5)
        frame, other = stream.df(), stream.pl()
        fill(first(stream), 6, 5)
        assert (len(frame), len(other), len(stream)) == (5, 5, 10)

    def test_last_and_since(self, host: AHost) -> None:
        """So many rows, or those received strictly later than a moment however it is written."""
        stream = a_stream(host)
        fill(first(stream), 1, 10)
        host.moment = Instant(100.009, NOON + 9_000_000)
        assert stream.df(last=3)["trade_id"].tolist() == [8, 9, 10]
        assert len(stream.df(last=0)) == 0
        moments: list[Any] = [
            NOON + 6_000_000,
            datetime.fromtimestamp(NOON // 10**9, UTC) + timedelta(milliseconds=6),
            pd.Timestamp(NOON + 6_000_000, tz="UTC"),
            timedelta(milliseconds=3),
            "2026-05-28T20:26:40.006Z",
        ]
        for since in moments:
            assert stream.pl(since=since)["trade_id"].to_list() == [8, 9, 10], since
        # A number that is no time in ns, and a time of nobody knows which zone, are asked about and not guessed at.
        for wrong in ("yesterday", 1.5, True, object(), 30, NOON // 10**9, datetime(2026, 5, 28, 20, 26)):  # noqa: DTZ001
            with pytest.raises(BadArgument, match="time zone"):
                stream.df(since=wrong)  # type: ignore[arg-type]
        with pytest.raises(BadArgument):
            stream.df(last=-1)

    @pytest.mark.promise("S-15")
    def test_exact_numbers(self, host: AHost) -> None:
        """Decimals as on the wire, in both kinds of frame."""
        stream = a_stream(host)
        first(stream).take([a_trade(1, "0.1000000000000000055511151231257827")], "snapshot", host.moment)
        assert stream.df(exact=True)["price"].tolist() == [Decimal("0.1000000000000000055511151231257827")]
        assert stream.latest is not None
        assert stream.latest.price == Decimal("0.1000000000000000055511151231257827")

    def test_several_symbols_come_in_the_order_of_the_exchanges_time(self, host: AHost) -> None:
        """So that slices, rolling windows and joins by time work; and they say which is which."""
        stream = a_stream(host, "BTC/USD", "ETH/USD")
        fill(stream.feeds[0], 1, 2, at=100.0)
        fill(stream.feeds[1], 1, 2, at=100.0005)
        assert stream.df()["symbol"].tolist() == ["BTC/USD", "ETH/USD", "BTC/USD", "ETH/USD"]
        assert stream.latest is not None
        assert stream.latest.symbol == "ETH/USD"
        assert len(stream.df(last=3)) == 3
        assert stream.df().index.is_monotonic_increasing

    @pytest.mark.promise("B-01")
    def test_what_a_frame_keeps_alive_is_shown(self, host: AHost) -> None:
        """Former buffers, as long as somebody holds a frame of them; not a byte afterwards."""
        stream = a_stream(host)
        fill(first(stream), 1, 2_000)
        frame = stream.df()
        stream.limit(rows=100)
        fill(first(stream), 2_001, 2_000)
        assert len(stream) == 100
        assert len(frame) == 2_000
        assert stream.held_by_frames > 0
        del frame
        gc.collect()
        assert stream.held_by_frames == 0

    @pytest.mark.promise("B-01")
    def test_bounds(self, host: AHost) -> None:
        """The newest rows stay; what went is counted, and was no loss."""
        stream = a_stream(host)
        stream.limit(rows=100)
        fill(first(stream), 1, 1_000)
        stream.view()
        assert len(stream) == 100
        assert stream.evicted == 900
        assert stream.df()["trade_id"].tolist() == list(range(901, 1001))
        assert len(first(stream).gaps) == 0

    @pytest.mark.promise("S-05")
    def test_gaps_are_a_table(self, host: AHost) -> None:
        """A row each, those of all symbols together."""
        stream = a_stream(host, "BTC/USD", "ETH/USD")
        for feed in stream.feeds:
            fill(feed, 1, 1, kind="snapshot")
            feed.disconnected("silence", host.moment)
        fill(stream.feeds[0], 5, 1, kind="snapshot")
        gaps = stream.gaps
        assert gaps["symbol"].tolist() == ["BTC/USD", "ETH/USD"]
        assert gaps["end"].isna().tolist() == [False, True]
        assert stream.state is StreamState.CONNECTING
        assert stream.facts()["because"] == "silence"


class TestWaiting:
    """Every wait ends, and says what it waited for."""

    @pytest.mark.promise("B-06")
    def test_waiting_in_vain(self, host: AHost) -> None:
        """Names the stream, the symbols that are late, and why."""
        stream = a_stream(host, "BTC/USD", "ETH/USD")
        fill(stream.feeds[0], 1, 1, kind="snapshot")
        stream.feeds[1].disconnected("connection refused", host.moment)
        with pytest.raises(NotReady, match=r"first data of trades BTC/USD ETH/USD.*ETH/USD CONNECTING: connection ref"):
            stream.wait(timeout=0.01)
        with pytest.raises(NotReady, match="2 more rows"):
            stream.wait(2, timeout=0.01)
        with pytest.raises(NotReady, match="a condition on trades"):
            stream.wait(until=lambda s: False, timeout=0.01)
        assert all(feed.watchers == () for feed in stream.feeds)

    def test_waiting_for_rows_that_come(self, host: AHost) -> None:
        """From another thread."""
        stream = a_stream(host)
        fill(first(stream), 1, 1, kind="snapshot")
        writer = threading.Timer(0.02, lambda: fill(first(stream), 2, 3))
        writer.start()
        assert stream.wait(3, timeout=5) is stream
        writer.join()
        assert len(stream) == 4

    @pytest.mark.promise("S-16")
    @pytest.mark.fault("F-023")
    def test_all_refused(self, host: AHost) -> None:
        """Raises with every reason; one refused among two does not."""
        stream = a_stream(host, "AAA/USD", "BBB/USD")
        stream.feeds[0].declined("no such pair", host.moment)
        fill(stream.feeds[1], 1, 1, kind="snapshot")
        assert stream.wait(timeout=1).rejected == {"AAA/USD": "no such pair"}
        assert stream.state is StreamState.LIVE
        stream.feeds[1].declined("nor this", host.moment)
        with pytest.raises(Refused, match=r"no such pair.*nor this"):
            stream.wait(timeout=1)

    @pytest.mark.promise("S-21")
    def test_stopping_ends_a_wait(self, host: AHost) -> None:
        """In whatever thread it waits."""
        stream = a_stream(host)
        timer = threading.Timer(0.02, stream.stop)
        timer.start()
        with pytest.raises(StreamStopped):
            stream.wait(timeout=5)
        timer.join()

    @pytest.mark.promise("B-06")
    def test_waiting_in_async_code(self, host: AHost) -> None:
        """The same, in the caller's own loop."""
        stream = a_stream(host)

        async def work() -> None:
            with pytest.raises(NotReady, match="first data"):
                await stream.ready(timeout=0.01)
            threading.Timer(0.02, lambda: fill(first(stream), 1, 1, kind="snapshot")).start()
            assert await stream.ready(timeout=5) is stream

        asyncio.run(work())
        assert first(stream).watchers == ()

    @pytest.mark.promise("S-17")
    def test_a_loop_that_died_while_it_waited(self, host: AHost) -> None:
        """Does not trouble the feed it waited for."""
        stream = a_stream(host)
        loop = asyncio.new_event_loop()
        waiting = loop.create_task(stream.ready(timeout=60))
        rows: Any = aiter(stream)
        row: asyncio.Task[Any] = loop.create_task(anext(rows))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        fill(first(stream), 1, 3, kind="snapshot")
        assert len(stream) == 3
        abandoned: list[Any] = [waiting, row]
        for task in abandoned:
            task._log_destroy_pending = False
            task.get_coro().close()


class TestHearing:
    """Callbacks and `async for`: each row once, nobody held up."""

    def test_every_row_once_in_order(self, host: AHost) -> None:
        """On one thread that is neither the reader's nor the writer's."""
        stream = a_stream(host)
        heard: list[int] = []
        threads: set[str] = set()
        done = threading.Event()

        def hear(row: Any) -> None:
            heard.append(int(row.trade_id))
            threads.add(threading.current_thread().name)
            if len(heard) == 100:
                done.set()

        remove = stream.on(hear)
        fill(first(stream), 1, 100)
        assert done.wait(5)
        remove()
        remove()
        fill(first(stream), 101, 5)
        assert heard == list(range(1, 101))
        assert threads == {"kraken_lab test callbacks"}
        assert first(stream).listeners == ()

    @pytest.mark.promise("S-17")
    @pytest.mark.parametrize("error", [ValueError("oops"), SystemExit(3), KeyboardInterrupt()])
    def test_a_callback_that_fails_stops_nothing(self, host: AHost, error: BaseException) -> None:
        """Neither the stream nor the other callbacks; health says how it fared."""
        stream = a_stream(host)
        done = threading.Event()

        def fails(row: Any) -> None:
            raise error

        stream.on(fails)
        stream.on(lambda row: done.set() if row.trade_id == 3 else None)
        fill(first(stream), 1, 3)
        assert done.wait(5)
        assert stream.state is StreamState.LIVE
        said = stream.health.callbacks[0]
        assert "3 failed" in said
        assert type(error).__name__ in said
        for shown in (repr(stream), stream.vitals().note):
            assert "fails failed, 3 times" in shown
            assert type(error).__name__ in shown
            assert "see .health" in shown

    def test_an_error_that_cannot_even_be_told(self, host: AHost) -> None:
        """Is told by its type."""

        class Broken(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        stream = a_stream(host)
        done = threading.Event()

        def fails(row: Any) -> None:
            if row.trade_id == 2:
                done.set()
            raise Broken

        stream.on(fails)
        fill(first(stream), 1, 2)
        assert done.wait(5)
        host.dispatcher.close()
        assert "2 failed: Broken" in stream.health.callbacks[0]

    @pytest.mark.promise("S-17")
    @pytest.mark.promise("B-01")
    @pytest.mark.fault("F-069")
    def test_a_callback_that_cannot_keep_up(self, host: AHost) -> None:
        """Holds nobody up, loses rows of its own queue, exactly counted; the table has them all."""
        stream = a_stream(host)
        gate, entered = threading.Event(), threading.Event()
        heard: list[int] = []

        def slow(row: Any) -> None:
            entered.set()
            gate.wait(10)
            heard.append(int(row.trade_id))

        stream.on(slow)
        fill(first(stream), 1, 1)
        assert entered.wait(5)
        fill(first(stream), 2, 20_000)
        assert len(stream) == 20_001
        [said] = stream.health.callbacks
        assert "10,000 dropped" in said or "10000 dropped" in said
        gate.set()
        deadline = threading.Event()
        while len(heard) < 10_001 and not deadline.wait(0.01):
            pass
        assert heard == list(range(1, 10_002))
        assert len(first(stream).gaps) == 0

    @pytest.mark.promise("S-17")
    @pytest.mark.promise("B-01")
    @pytest.mark.fault("F-069")
    def test_an_async_reader_that_cannot_keep_up(self, host: AHost) -> None:
        """Gets the first ten thousand; what did not fit is counted, and the table has it."""
        stream = a_stream(host)
        heard: list[int] = []

        async def work() -> None:
            async for row in stream:
                if not heard:
                    fill(first(stream), 2, 15_000)
                heard.append(int(row.trade_id))
                if len(heard) == 10_001:
                    assert stream.health.undelivered == 5_000
                    stream.stop()

        async def both() -> None:
            reader = asyncio.create_task(work())
            await asyncio.sleep(0)
            fill(first(stream), 1, 1)
            await asyncio.wait_for(reader, 10)

        asyncio.run(both())
        assert heard == list(range(1, 10_002))
        assert len(stream) == 15_001
        assert stream.health.undelivered == 5_000

    def test_an_async_reader_and_a_writer_in_another_thread(self, host: AHost) -> None:
        """No row is lost between them, and nobody sleeps through one."""
        stream = a_stream(host)
        heard: list[int] = []

        async def work() -> None:
            writer = threading.Thread(target=fill, args=(first(stream), 1, 3_000))
            async for row in stream:
                heard.append(int(row.trade_id))
                if len(heard) == 1:
                    writer.start()
                if len(heard) == 3_001:
                    break
            writer.join()

        async def both() -> None:
            reader = asyncio.create_task(work())
            await asyncio.sleep(0)
            first(stream).take([a_trade(0)], "snapshot", host.moment)
            await asyncio.wait_for(reader, 10)

        asyncio.run(both())
        assert heard == list(range(3_001))


class TestTheEnd:
    """Stopping is final, idempotent, and nobody else's business."""

    @pytest.mark.promise("S-21")
    def test_stopped_once(self, host: AHost) -> None:
        """What it holds can still be read; what asks for more is refused."""
        stream = a_stream(host)
        fill(first(stream), 1, 3)
        stream.stop()
        stream.stop()
        assert host.released == [stream]
        assert (stream.state, len(stream.df())) == (StreamState.STOPPED, 3)
        with pytest.raises(StreamStopped):
            stream.on(print)
        with pytest.raises(StreamStopped):
            stream.wait(timeout=1)

        async def work() -> None:
            with pytest.raises(StreamStopped):
                await anext(aiter(stream))

        asyncio.run(work())

    @pytest.mark.promise("S-21")
    def test_a_shared_feed_forgets_who_left(self, host: AHost) -> None:
        """The callbacks of a stopped stream are not called for the other's rows."""
        feed = a_feed(TradeFeed)
        one, two = TradeStream(host, {"BTC/USD": feed}), TradeStream(host, {"BTC/USD": feed})
        heard: list[str] = []
        done = threading.Event()
        one.on(lambda row: heard.append("one"))

        def hear(row: Any) -> None:
            heard.append("two")
            done.set()

        two.on(hear)
        one.stop()
        fill(feed, 1, 1)
        assert done.wait(5)
        assert heard == ["two"]
        assert len(feed.listeners) == 1
        two.stop()
        assert feed.listeners == ()

    @pytest.mark.promise("S-21")
    def test_a_part_does_not_let_go_of_the_whole(self, host: AHost) -> None:
        """``book["BTC/USD"]`` is a way of looking; stopping it stops nothing of the book."""
        feeds = {symbol: a_feed(BookFeed, symbol, depth=10) for symbol in ("BTC/USD", "ETH/USD")}
        book = BookStream(host, feeds, 10)
        part = book["BTC/USD"]
        part.stop()
        assert host.released == []
        assert book.state is not StreamState.STOPPED
        book.stop()
        assert host.released == [book]
        assert part["BTC/USD"] is part
        with pytest.raises(BadArgument, match="BTC/USD or ETH/USD"):
            book["XRP/USD"]
        with pytest.raises(BadArgument, match="one of them"):
            book.snapshot()

    @pytest.mark.promise("S-21")
    def test_fifty_cycles_leave_nothing_on_a_shared_feed(self, host: AHost) -> None:
        """No listener, no watcher."""
        feed = a_feed(TradeFeed)
        fill(feed, 1, 1, kind="snapshot")
        for _ in range(50):
            stream = TradeStream(host, {"BTC/USD": feed})
            stream.on(print)
            stream.wait(timeout=1)
            stream.stop()
        assert (feed.listeners, feed.watchers) == ((), ())

    def test_health_says_it_all(self, host: AHost) -> None:
        """State, ages, counters, memory."""
        stream = a_stream(host)
        fill(first(stream), 1, 3)
        first(stream).take([a_trade(3)], "update", host.moment)
        host.moment = Instant(107.5, NOON + 7_500_000_000)
        [symbol] = stream.health.symbols
        assert (symbol.symbol, symbol.state, symbol.messages, symbol.age) == ("BTC/USD", StreamState.LIVE, 4, 7.5)
        assert symbol.counters == {"duplicate trades": 1}
        assert "1 duplicate trades" in repr(stream.health)


@pytest.mark.promise("S-21")
def test_a_listener_that_is_collected_while_another_is_registered_neither_hangs_nor_stays(host: AHost) -> None:
    """An abandoned ``async for`` ends whenever the collector comes, in the middle of anything."""
    feed = first(a_stream(host))
    abandoned = add_listener(feed, lambda row: None)

    def newcomer(row: object) -> None:
        raise AssertionError("no row comes in this test")

    def registering(those: tuple[Any, ...]) -> tuple[Any, ...]:
        made = (*those, newcomer)
        abandoned()
        return made

    thread = threading.Thread(target=_replace, args=(feed, "listeners", registering), daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert feed.listeners == (newcomer,)
