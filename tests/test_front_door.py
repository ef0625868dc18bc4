"""The front door, as a notebook uses it: a real sandbox process at the other end of real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow
import pytest

import kraken_lab as kl
from kraken_lab.errors import StreamStopped
from kraken_lab.lab import RejectedSymbols
from kraken_lab.net import SandboxProcess

CHANNELS = ["ticker", "trade", "ohlc", "book", "level3", "pairs"]
KEY_PLACES = ("KRAKEN_API_KEY", "KRAKEN_API_SECRET", "KRAKEN_LAB_KEY_FILE")
HOSTILE = '<img src=x onerror="alert(1)">\x1b[31m'


def stream_of(lab: kl.Lab, channel: str, **options: Any) -> Any:
    """The stream of one channel, of BTC/USD where it has symbols."""
    looking: dict[str, Callable[..., object]] = {
        "ticker": lab.ticker,
        "trade": lab.trades,
        "ohlc": lab.ohlc,
        "book": lab.book,
        "level3": lab.level3,
    }
    return lab.instruments(**options) if channel == "pairs" else looking[channel]("BTC/USD", **options)


@pytest.fixture
def own_lab() -> Iterator[kl.Lab]:
    """A lab of this test alone, whose exchange may be told to misbehave."""
    with kl.connect("sandbox", new=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def tls_facts() -> Iterator[dict[str, Any]]:
    """A sandbox that serves TLS, which plays the real exchange: what it said of itself."""
    process = SandboxProcess(seed=11, tls=True)
    yield dict(process.facts)
    process.close()


def script(code: str, **environment: str) -> str:
    """What a Python script prints; it must end well and complain of nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


# --- importing ------------------------------------------------------------------------------------------------------

WATCHED_IMPORT = """
import sys
seen = []
def watch(event, arguments):
    if event in ("socket.__new__", "socket.bind", "_thread.start_new_thread", "subprocess.Popen", "os.mkdir"):
        seen.append(event)
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & 3:
        seen.append(f"open {arguments[0]} to write")
sys.addaudithook(watch)
sys.dont_write_bytecode = True
import asyncio
before = asyncio.run, asyncio.BaseEventLoop.run_until_complete
import kraken_lab
heavy = {"pandas", "polars", "plotly", "ipywidgets", "anywidget", "websockets", "numpy", "httpx", "nest_asyncio"}
print(sorted(heavy & set(sys.modules)), "nest_asyncio2" in sys.modules, seen)
after = asyncio.run, asyncio.BaseEventLoop.run_until_complete
print(before == after, set(dir(kraken_lab)) >= set(kraken_lab.__all__))
"""


@pytest.mark.promise("S-21")
@pytest.mark.promise("U-04")
@pytest.mark.fault("F-157")
def test_importing_loads_nothing_heavy_and_touches_nothing() -> None:
    """No table, drawing or socket library, no thread, socket, process or file, and asyncio stays as it was."""
    first, second = script(WATCHED_IMPORT).splitlines()
    assert first == "[] False []"
    assert second == "True True"


def test_a_name_that_is_not_there_is_said_so() -> None:
    """Also by the lazy front door."""
    with pytest.raises(AttributeError, match="no attribute 'buy'"):
        _ = kl.buy


# --- opening --------------------------------------------------------------------------------------------------------


@pytest.mark.promise("S-21")
def test_running_the_cell_again_gives_the_same_lab(lab: kl.Lab) -> None:
    """However the sandbox is named; another seed is another market, and ``new=True`` another lab."""
    assert kl.connect() is lab
    assert kl.connect("sandbox", seed=7) is lab
    with kl.connect(new=True) as other:
        assert other is not lab
        assert kl.connect() is lab
    assert other.closed
    assert not lab.closed


def test_a_lab_that_was_already_open_says_so() -> None:
    """Once it was given again, in text and in a cell, with since when and how to have another; the first time not."""
    with kl.connect(seed=13) as first:
        assert "already open" not in repr(first) + first._repr_html_()
        again = kl.connect(seed=13)
        assert again is first
        for shown in (repr(again), again._repr_html_()):
            assert re.search(
                r"the lab that was already open, since \d\d:\d\d:\d\d UTC \(new=True opens another\)", shown
            )
        with kl.connect(seed=13, new=True) as other:
            assert "already open" not in repr(other)
    assert "already open" not in repr(first)


def test_a_closed_lab_is_not_given_again() -> None:
    """The next cell gets one that works."""
    first = kl.connect(seed=3)
    first.close()
    with kl.connect(seed=3) as second:
        assert second is not first
        assert second.book("BTC/USD").mid > 0
    with pytest.raises(StreamStopped, match="lab is closed"):
        first.trades("BTC/USD")


def test_the_module_means_the_lab_that_was_opened_last() -> None:
    """Who looks at one market is not shown another; with none open, it is the sandbox."""
    with kl.connect(seed=11) as mine:
        assert kl.book("BTC/USD") is mine.book("BTC/USD")
    again = kl.connect()
    assert kl.trades("BTC/USD") is again.trades("BTC/USD")


def test_a_sandbox_that_died_is_called_dead() -> None:
    """At once, with what to do; what came before can still be read."""
    with kl.connect(seed=12) as mine:
        trades = mine.trades("BTC/USD")
        process = mine.sandbox
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.close()
        with pytest.raises(kl.SandboxError, match="has ended"):
            mine.book("BTC/USD")
        assert "it has ended" in repr(mine.status())
        assert len(trades.df()) >= 50
        assert kl.connect(seed=12) is not mine
        kl.connect(seed=12).close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": "a"},
        {"seed": 1.5},
        {"rate": "fast"},
        {"rate": -1.0},
        {"timeout": "x"},
        {"timeout": 0},
        {"at": 5},
        {"at": "not JSON"},
        {"settings": 5},
        {"settings": {"ack_timeout": 1}},
    ],
    ids=str,
)
def test_connect_refuses_what_cannot_be_meant(wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name of the argument, and without starting anything."""

    def nothing(**_: object) -> None:
        raise AssertionError("a sandbox was started")

    monkeypatch.setattr("kraken_lab.lab.opening.SandboxProcess", nothing)
    with pytest.raises(kl.BadArgument, match=next(iter(wrong))):
        kl.connect(new=True, **wrong)


def test_the_environment_chooses_between_sandbox_and_paper_only(monkeypatch: pytest.MonkeyPatch, lab: kl.Lab) -> None:
    """It may not choose live: nothing but a call can."""
    monkeypatch.setenv("KRAKEN_LAB_MODE", "sandbox")
    assert kl.connect() is lab
    for impossible in ("live", "LIVE", "foo"):
        monkeypatch.setenv("KRAKEN_LAB_MODE", impossible)
        with pytest.raises(kl.BadArgument, match=r"KRAKEN_LAB_MODE=.* use 'sandbox' or 'paper'.*connect\('live'\)"):
            kl.connect()


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_without_a_network_it_says_so_at_once(mode: Any) -> None:
    """The guard around the tests is the missing network; the error says what works without one."""
    begun = time.monotonic()
    with pytest.raises(kl.Unreachable, match=r"Kraken cannot be reached.*sandbox") as caught:
        kl.connect(mode)
    assert time.monotonic() - begun < 5
    assert caught.value.venue == "Kraken"
    assert "blocked" in caught.value.reason
    assert not [thread.name for thread in threading.enumerate() if thread.name == f"kraken_lab {mode}"]


def test_without_a_network_the_key_is_spoken_of_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was looked for; with one, or where none is wanted, only the network is."""
    for name in KEY_PLACES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(kl.Unreachable) as caught:
        kl.connect("live")
    assert str(caught.value).startswith(caught.value.first)
    assert caught.value.first.startswith("No API key was found: KRAKEN_API_KEY and KRAKEN_API_SECRET are not set, ")
    assert "KRAKEN_LAB_KEY_FILE is not set, and the package keyring is not installed" in caught.value.first
    with pytest.raises(kl.Unreachable, match=r"^Kraken cannot be reached"):
        kl.connect("paper")
    monkeypatch.setenv("KRAKEN_API_KEY", "a-key")
    monkeypatch.setenv("KRAKEN_API_SECRET", "c2VjcmV0")
    with pytest.raises(kl.Unreachable, match=r"^Kraken cannot be reached"):
        kl.connect("live")


@pytest.mark.parametrize(
    ("key", "secret", "said"),
    [
        ("CANARY \u00e9", "c2VjcmV0", "The API key from the environment has letters that no key has"),
        ("a-key", "CANARY!", "The API secret from the environment is not base64"),
        ("CANARY", "", "KRAKEN_API_KEY is set, but KRAKEN_API_SECRET is not"),
    ],
)
def test_a_key_that_cannot_be_right_is_said_before_anything_is_opened(
    key: str, secret: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is wrong and where it came from, never by itself; no thread and no line was begun."""

    def nothing(*_: object, **__: object) -> None:
        raise AssertionError("something was opened")

    for name in KEY_PLACES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setattr("kraken_lab.lab.opening.Lab", nothing)
    monkeypatch.setenv("KRAKEN_API_KEY", key)
    monkeypatch.setenv("KRAKEN_API_SECRET", secret)
    with pytest.raises(kl.BadKey, match=said) as caught:
        kl.connect("live", new=True)
    assert str(caught.value).endswith("Nothing was opened; without any key, live shows public data.")
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
    monkeypatch.setenv("BINDER_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(AssertionError, match="something was opened"):
        kl.connect("live", new=True)


# --- what cannot be right -------------------------------------------------------------------------------------------

BAD: list[tuple[Callable[[kl.Lab], object], type[Exception], str]] = [
    (lambda lab: lab.book("XBT/USD"), kl.UnknownSymbol, "'XBT/USD'.*Did you mean 'BTC/USD'"),
    (lambda lab: lab.trades("btc/usd"), kl.UnknownSymbol, "'btc/usd'.*Did you mean 'BTC/USD'"),
    (lambda lab: lab.trades("BTC/USD", "DODGE/USD"), kl.UnknownSymbol, "'DODGE/USD'.*Did you mean 'DOGE/USD'"),
    (lambda lab: lab.ticker("BTCUSD"), kl.UnknownSymbol, "'BTCUSD'.*Did you mean 'BTC/USD'"),
    (lambda lab: lab.book("BTC/USD", depth=7), kl.BadArgument, "depth=7.*10, 25, 100, 500, 1000"),
    (lambda lab: lab.book("BTC/USD", depth="10"), kl.BadArgument, "depth='10'.*10, 25, 100, 500, 1000"),  # type: ignore[arg-type]
    (lambda lab: lab.level3("BTC/USD", depth=25), kl.BadArgument, "depth=25.*10, 100, 1000"),
    (lambda lab: lab.ohlc("BTC/USD", interval=2), kl.BadArgument, "interval=2.*1, 5, 15, 30, 60, 240, 1440"),
    (lambda lab: lab.ticker("BTC/USD", event_trigger="all"), kl.BadArgument, "event_trigger='all'.*'trades' or 'bbo'"),  # type: ignore[arg-type]
    (lambda lab: lab.trades(), kl.BadArgument, "symbols=.*'BTC/USD'"),
    (lambda lab: lab.trades([]), kl.BadArgument, "symbols=.*'BTC/USD'"),
    (lambda lab: lab.trades(7), kl.KrakenLabError, "'BTC/USD'"),  # type: ignore[arg-type]
    (lambda lab: lab.trades([7]), kl.BadArgument, "symbol=7.*'BTC/USD'"),  # type: ignore[list-item]
    (lambda lab: lab.trades("BTC/USD").df(last=-1), kl.BadArgument, "last=-1.*0 or more"),
    (lambda lab: lab.trades("BTC/USD").df(since="yesterday"), kl.BadArgument, "since='yesterday'.*RFC 3339"),
    (lambda lab: lab.book("BTC/USD")["ETH/USD"], kl.BadArgument, "symbol='ETH/USD'.*BTC/USD"),
    (lambda lab: lab.book("BTC/USD", "ETH/USD").mid, kl.BadArgument, r'book\["BTC/USD"\]'),
    (lambda lab: lab.book("BTC/USD").walk("sideways", "1"), kl.BadArgument, "side='sideways'.*'buy' or 'sell'"),  # type: ignore[arg-type]
    (lambda lab: kl.connect("foo"), kl.BadArgument, "mode='foo'.*'sandbox', 'paper', 'live'"),  # type: ignore[arg-type]
    (lambda lab: kl.connect(at="ws://127.0.0.1"), kl.BadArgument, "at=.*kraken-lab sandbox --json"),
    (lambda lab: kl.connect(at={"rest": "http://127.0.0.1:1"}), kl.KrakenLabError, "ws_public.* missing"),
    (lambda lab: kl.schema("candles"), kl.BadArgument, "channel='candles'.*ticker, trade, ohlc, book"),
    (lambda lab: kl.Settings(silence_timeout=0), kl.BadArgument, "silence_timeout=0.*above 0"),
    (
        lambda lab: kl.Settings(silence_timeout="x"),  # type: ignore[arg-type]
        kl.BadArgument,
        "='x' is not possible: use a number of seconds above 0",
    ),
    (
        lambda lab: kl.OrderSettings(collar_pct="x"),  # type: ignore[arg-type]
        kl.BadArgument,
        "='x' is not possible: use a number of percent above 0",
    ),
]


@pytest.mark.parametrize(("ask", "error", "words"), BAD, ids=[words for _, _, words in BAD])
def test_what_cannot_be_right_is_refused_at_once_with_what_would_be(
    lab: kl.Lab, ask: Callable[[kl.Lab], object], error: type[Exception], words: str
) -> None:
    """Before anything is sent, in one error of the family that names the allowed values."""
    begun = time.monotonic()
    with pytest.raises(error, match=f"(?s){words}") as caught:
        ask(lab)
    assert isinstance(caught.value, kl.KrakenLabError)
    assert time.monotonic() - begun < 1


def test_one_of_something_is_no_plural() -> None:
    """Of attempts and of streams."""
    assert "(refused) after one attempt. " in str(kl.Unreachable("Kraken", "refused"))
    assert "(refused) after 2 attempts. " in str(kl.Unreachable("Kraken", "refused", 2))
    with kl.connect(new=True, rate=0.0) as another:
        assert ", 1 stream>" in repr(another)  # of the instruments
        another.trades("BTC/USD")
        assert ", 2 streams>" in repr(another)


# --- looking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_becomes_frames_with_its_schemas_columns(lab: kl.Lab, channel: str) -> None:
    """Data is in when the call returns, in pandas and in polars, with the names and dtypes that were promised."""
    stream = stream_of(lab, channel)
    schema = kl.schema(channel)
    pandas, polars = stream.df(), stream.pl()
    assert len(pandas)
    assert list(polars.columns) == list(schema.names)
    assert [name for name in schema.names if name != schema.index] == list(pandas.columns)
    assert pandas.index.name == schema.index
    for column in schema.columns:
        dtype = pandas.index.dtype if column.name == schema.index else pandas[column.name].dtype
        assert str(dtype) == column.in_pandas, column.name
        assert str(polars.schema[column.name]).split("(")[0] == column.in_polars.split("(")[0], column.name


def test_money_is_exact_when_asked(lab: kl.Lab) -> None:
    """The latest row, the book and an exact frame hold decimals with the digits as they were sent."""
    trades, book = lab.trades("BTC/USD"), lab.book("BTC/USD")
    row = trades.latest
    assert row is not None
    assert isinstance(row.price, Decimal)
    assert isinstance(book.mid, Decimal)
    exact = trades.df(exact=True)["qty"].iloc[-1]
    assert isinstance(exact, Decimal)
    assert str(trades.pl(exact=True).schema["price"]).startswith("Decimal")


@pytest.mark.parametrize("channel", ["book", "level3"])
def test_asking_deeper_returns_once_the_deeper_book_is_there(own_lab: kl.Lab, channel: str) -> None:
    """The book that ran already is fetched again; meanwhile there is none, and the call waits for it."""
    for depth in (10, 100, 1000):
        stream = stream_of(own_lab, channel, depth=depth)
        assert len({price for price, _ in stream.bids}) > depth // 2


def test_the_books_history_and_heatmap_follow_the_book(lab: kl.Lab) -> None:
    """The top over time is a table, the rest a figure; both say which pair and venue."""
    book = lab.book("BTC/USD", depth=100)
    book.wait(until=lambda book: len(book.history) > 3)
    assert list(book.history.pl().columns) == list(kl.schema("book_history").names)
    assert book.history.df()["verified"].all()
    assert "BTC/USD" in book.heatmap(trades=lab.trades("BTC/USD")).snapshot().layout.title.text
    assert "BTC/USD" in book.depth_chart().snapshot().layout.title.text
    assert "BTC/USD" in lab.ohlc("BTC/USD").chart().snapshot().layout.title.text


def test_a_chart_is_of_one_symbol_and_of_so_many_rows(lab: kl.Lab) -> None:
    """Of several pairs it has to be said which; what is drawn are the newest rows, and profit knows its currency."""
    trades = lab.trades("BTC/USD", "ETH/USD")
    with pytest.raises(kl.BadArgument, match="'BTC/USD' or 'ETH/USD'"):
        trades.chart()
    with pytest.raises(kl.BadArgument, match="'BTC/USD' or 'ETH/USD'"):
        trades.chart(symbol="XRP/USD")
    marks = [trace for trace in trades.chart(last=20, symbol="ETH/USD").snapshot().data if trace.mode == "markers"]
    assert sum(len(trace.x) for trace in marks) == 20
    book = lab.book("BTC/USD", depth=100)
    book.wait(until=lambda book: len(book.history) > 3)
    assert {"mid", "spread"} <= {trace.name for trace in book.history.chart(minutes=1).snapshot().data}
    assert len(book.depth_chart(levels=3).snapshot().data[0].x) == 3
    words = lab.equity(quote="EUR").snapshot().layout.annotations[0].text
    assert words == "nothing was traded yet against EUR"


@pytest.mark.promise("S-21")
@pytest.mark.parametrize("channel", CHANNELS)
def test_asking_again_gives_the_stream_that_runs(lab: kl.Lab, channel: str) -> None:
    """One object behind all cells."""
    assert stream_of(lab, channel) is stream_of(lab, channel, wait=False)


def test_a_stopped_stream_keeps_its_rows_and_is_replaced_when_asked_again(own_lab: kl.Lab) -> None:
    """Stopping twice is once; waiting for it says that it is stopped."""
    stream = own_lab.trades("BTC/USD")
    stream.stop()
    stream.stop()
    assert str(stream.state) == "STOPPED"
    assert len(stream.df()) >= 50
    with pytest.raises(StreamStopped, match="trades BTC/USD is stopped"):
        stream.wait(rows=1)
    again = own_lab.trades("BTC/USD")
    assert again is not stream
    assert str(again.state) == "LIVE"
    assert again.latest is not None


def test_a_frame_does_not_change_while_the_stream_goes_on(lab: kl.Lab) -> None:
    """It is a photograph: neither its length nor a value moves, and the next one is longer."""
    stream = lab.ticker("BTC/USD", event_trigger="bbo")
    pandas, polars = stream.df(), stream.pl()
    was, rows = pandas.copy(deep=True), polars.rows()
    stream.wait(rows=5)
    assert pandas.equals(was)
    assert polars.rows() == rows
    assert len(stream.df()) >= len(was) + 5


def test_since_takes_a_moment_in_any_form(lab: kl.Lab) -> None:
    """A datetime, a stretch before now, text or nanoseconds: rows received strictly later."""
    stream = lab.ticker("BTC/USD", event_trigger="bbo").wait(rows=3)
    frame = stream.df()
    moment = frame["received_at"].iloc[-3]
    later = frame["received_at"].iloc[-2]
    forms = [moment, moment.isoformat(), moment.value, moment.to_pydatetime(warn=False)]
    for form in forms[:3]:
        assert stream.df(since=form)["received_at"].iloc[0] == later
    # Python's own datetime is cut to microseconds.
    assert stream.df(since=forms[3])["received_at"].iloc[0] >= moment.floor("us")
    assert len(stream.df(since=timedelta(hours=1))) >= len(frame)
    assert len(stream.df(since=datetime.now(UTC) + timedelta(hours=1))) == 0
    assert len(stream.pl(last=2, since=timedelta(hours=1))) == 2


def test_duckdb_and_pyarrow_read_a_stream_directly(lab: kl.Lab) -> None:
    """Through the Arrow stream interface, without a frame in between."""
    trades = lab.trades("BTC/USD")
    rows = len(trades)
    found = duckdb.sql("select count(*), min(price), any_value(symbol) from trades")
    assert found is not None
    ((count, cheapest, symbol),) = found.fetchall()
    assert count >= rows
    assert cheapest > 0
    assert symbol == "BTC/USD"
    assert pyarrow.table(trades).column_names == list(kl.schema("trade").names)


def test_the_looking_functions_work_on_the_default_lab(lab: kl.Lab) -> None:
    """As ``httpx.get`` is to ``httpx.Client``."""
    assert kl.trades("BTC/USD") is lab.trades("BTC/USD")
    assert kl.ticker("BTC/USD", event_trigger="bbo") is lab.ticker("BTC/USD", event_trigger="bbo")
    assert kl.ohlc("BTC/USD", interval=5) is lab.ohlc("BTC/USD", interval=5)
    assert kl.book(["BTC/USD", "ETH/USD"], depth=25) is lab.book("BTC/USD", "ETH/USD", depth=25)
    assert kl.level3("BTC/USD") is lab.level3("BTC/USD")
    assert kl.instruments() is lab.instruments()


def test_instruments_can_be_searched(lab: kl.Lab) -> None:
    """By any part of a name, in any case; assets are a table of their own."""
    found = lab.instruments().search("doge").pl()
    assert found["symbol"].to_list() == ["DOGE/USD"]
    assert {"BTC", "USD"} <= set(lab.instruments().assets.df()["id"])


# --- waiting and hearing --------------------------------------------------------------------------------------------


def test_waiting_for_rows_and_for_a_condition(lab: kl.Lab) -> None:
    """Both give the stream itself, so that a cell can be one line."""
    stream = lab.ticker("BTC/USD", event_trigger="bbo")
    before = len(stream)
    assert len(stream.wait(rows=2).df()) >= before + 2
    assert stream.wait(until=lambda s: len(s) >= before + 3) is stream


def test_a_wait_that_runs_out_says_for_what(lab: kl.Lab) -> None:
    """The stream goes on; the error is a TimeoutError too and says how to wait longer."""
    stream = lab.trades("BTC/USD")
    with pytest.raises(
        kl.NotReady, match=r"Waited 0\.05 s for 1,000,000 more rows of trades BTC/USD.*timeout="
    ) as caught:
        stream.wait(rows=1_000_000, timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert str(stream.state) == "LIVE"


def test_a_callback_hears_every_row_and_its_mistakes_stop_nothing(lab: kl.Lab) -> None:
    """It runs on a thread of the lab's; what it raises is shown in ``health``; removed, it hears no more."""
    stream = lab.ticker("BTC/USD", event_trigger="bbo")
    heard: list[tuple[Decimal, str]] = []
    enough = threading.Event()

    def callback(row: Any) -> None:
        heard.append((row.bid, threading.current_thread().name))
        if len(heard) > 2:
            enough.set()
        raise RuntimeError("not today")

    remove = stream.on(callback)
    assert enough.wait(10)
    assert isinstance(heard[0][0], Decimal)
    assert heard[0][1] == "kraken_lab sandbox callbacks"
    assert "RuntimeError: not today" in repr(stream.health)
    remove()
    assert "not today" not in repr(stream.health)


def test_a_book_hands_its_callback_frozen_books(lab: kl.Lab) -> None:
    """Every verified state of the book, not rows."""
    seen: list[Any] = []
    enough = threading.Event()

    def callback(photo: Any) -> None:
        seen.append(photo)
        enough.set()

    remove = lab.book("BTC/USD").on(callback)
    assert enough.wait(10)
    remove()
    assert len(seen[0].bids) == 10
    assert seen[0].spread > 0


# --- async ----------------------------------------------------------------------------------------------------------


def test_the_same_objects_serve_async_code() -> None:
    """``async with``, ``await stream.ready()`` and ``async for``, in a loop of the caller's."""

    async def work() -> tuple[int, list[Decimal], kl.Lab]:
        async with kl.connect(new=True) as lab:
            stream = lab.ticker("BTC/USD", event_trigger="bbo", wait=False)
            assert await stream.ready() is stream
            bids = []
            async for row in stream:
                bids.append(row.bid)
                if len(bids) == 3:
                    break
            assert lab.sandbox is not None
            lab.sandbox.control(fault="freeze")
            with pytest.raises(kl.NotReady, match="first data of trades DOT/USD"):
                await lab.trades("DOT/USD", wait=False).ready(timeout=0.01)
            lab.sandbox.control(fault="thaw")
            return len(stream.df()), bids, lab

    rows, bids, lab = asyncio.run(work())
    assert rows >= 3
    assert all(isinstance(bid, Decimal) for bid in bids)
    assert lab.closed


def test_an_async_for_ends_when_the_stream_is_stopped(own_lab: kl.Lab) -> None:
    """Also when another thread stops it."""
    stream = own_lab.ticker("BTC/USD", event_trigger="bbo")

    async def work() -> int:
        heard = 0
        async for _ in stream:
            heard += 1
            if heard == 2:
                threading.Thread(target=stream.stop).start()
        return heard

    assert asyncio.run(asyncio.wait_for(work(), 10)) >= 2


def test_plain_calls_work_inside_a_running_loop(lab: kl.Lab) -> None:
    """As in a notebook cell, where a loop always runs: nothing has to be nested or patched."""

    async def cell() -> int:
        return len(lab.trades("BTC/USD").wait(rows=0).df())

    assert asyncio.run(cell()) >= 50


NESTED = """
import asyncio
import kraken_lab as kl
name = kl.allow_nested_loops()
async def inner(): return 42
async def cell(): return asyncio.run(inner())
print(name, asyncio.run(cell()))
"""


@pytest.mark.promise("U-04")
def test_nested_loops_are_allowed_by_a_call_only() -> None:
    """The maintained fork makes the caller's own ``asyncio.run`` work in a running loop."""
    assert script(NESTED) == "nest_asyncio2 42"


# --- the end --------------------------------------------------------------------------------------------------------

LEAVING = """
import os, stat, threading
import kraken_lab as kl
lab = kl.connect()
lab.trades("BTC/USD").on(print)
lab.book("BTC/USD"); lab.level3("BTC/USD")
child = lab.sandbox.pid
lab.close(); lab.close()
sockets = []
for name in os.listdir("/dev/fd"):
    try:
        kind = os.fstat(int(name)).st_mode
    except OSError:
        continue
    sockets += [name] * stat.S_ISSOCK(kind)
try:
    os.kill(child, 0)
    alive = True
except ProcessLookupError:
    alive = False
print("left behind:", [t.name for t in threading.enumerate() if t is not threading.main_thread()], sockets, alive)
"""


@pytest.mark.promise("S-21")
def test_closing_leaves_no_thread_process_or_socket() -> None:
    """Every one of them is gone when ``close()`` returns, and a second ``close()`` does nothing."""
    assert script(LEAVING).splitlines()[-1] == "left behind: [] [] False"


def test_a_script_that_forgets_to_close_ends_and_takes_its_sandbox_along() -> None:
    """No thread keeps the interpreter alive, no process is orphaned."""
    pid = int(script("import kraken_lab as kl; kl.trades('BTC/USD'); print(kl.connect().sandbox.pid)"))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# --- paper and live, played by a sandbox over TLS -------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_paper_and_live_stream_over_tls(mode: Any, tls_facts: dict[str, Any]) -> None:
    """The same road with another word: a venue over TLS that plays the exchange."""
    assert tls_facts["ws_public"].startswith("wss://")
    with kl.connect(mode, at=tls_facts) as lab:
        assert lab.mode == mode
        assert kl.connect(mode, at=json.dumps(tls_facts)) is lab
        assert len(lab.trades("BTC/USD", "ETH/USD").df()) >= 100
        assert lab.book("BTC/USD", depth=25).spread > 0
        assert not lab.sandbox
        assert not lab.sandbox.alive
        assert f"[{mode}]" in repr(lab.status())
        assert lab.run(lab.rest.system_status())["status"] == "online"


def test_live_reads_the_book_by_order_with_a_key(tls_facts: dict[str, Any]) -> None:
    """The token comes over REST, signed with the venue's key."""
    with kl.connect("live", at=tls_facts) as lab:
        assert len(lab.level3("BTC/USD").df()) >= 20


def test_paper_has_no_key_and_says_so(tls_facts: dict[str, Any]) -> None:
    """level3 needs one even for public data; the reason names what works instead."""
    with (
        kl.connect("paper", at=tls_facts) as lab,
        pytest.raises(kl.BadKey, match=r"paper holds none.*connect\('sandbox'\).*connect\('live'\)"),
    ):
        lab.level3("BTC/USD")


def test_a_certificate_nobody_vouches_for_is_refused(tls_facts: dict[str, Any]) -> None:
    """Without the sandbox's own authority there is no connection: verification cannot be switched off."""
    strangers = {name: value for name, value in tls_facts.items() if name != "ca_pem"}
    with pytest.raises(kl.Unreachable, match=r"(?i)TLS failed.*certificate"):
        kl.connect("paper", at=strangers)


# --- what it looks like ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_stream_shows_itself(lab: kl.Lab, channel: str) -> None:
    """As text in a REPL and as HTML in a cell, with the venue it comes from; its health too."""
    stream = stream_of(lab, channel)
    assert "[sandbox]" in repr(stream)
    assert "LIVE" in repr(stream)
    bundle = stream._repr_mimebundle_()
    assert bundle["text/plain"].startswith(stream.title)
    assert "sandbox" in bundle["text/html"]
    assert "<table" in bundle["text/html"]
    assert "LIVE" in repr(stream.health)
    assert "LIVE" in stream.health._repr_html_()


def test_lab_status_schema_and_values_show_themselves(lab: kl.Lab) -> None:
    """Everything a cell can end with has both forms."""
    book = lab.book("BTC/USD")
    shown: list[Any] = [
        *(lab, lab.status(), kl.schema("trade"), book.snapshot(), book.ladder(), book.history),
        *(lab.trades("BTC/USD").latest, lab.trades("BTC/USD").view(), lab.instruments().search("btc")),
    ]
    for value in shown:
        assert repr(value), type(value)
        assert "object at 0x" not in repr(value), type(value)
        assert "<" in value._repr_html_(), type(value)
    status = lab.status()
    assert status.system == "online"
    assert [name for name in status.connections if name.startswith("connection public")]


def test_a_status_uses_no_account(own_lab: kl.Lab) -> None:
    """It says so, and asking again changes nothing."""
    for _ in range(2):
        assert "the account was not used" in own_lab.status().facts["orders"]


@pytest.fixture
def hostile(own_lab: kl.Lab) -> list[Any]:
    """Everything that shows words of the exchange, after it said something with markup and terminal codes in it."""
    sandbox = own_lab.sandbox
    assert sandbox is not None
    sandbox.control(fault="deny", symbol="ETH/USD", text=HOSTILE)
    with pytest.warns(RejectedSymbols, match="Refused by the exchange: ETH/USD"):
        stream = own_lab.trades("BTC/USD", "ETH/USD")
    trade = {
        "symbol": "BTC/USD",
        "side": "buy",
        "price": 1.0,
        "qty": 1.0,
        "ord_type": HOSTILE,
        "trade_id": 10**9,
        "timestamp": "2026-05-04T10:15:30.123456Z",
    }
    frame = {"channel": "trade", "type": "update", "data": [trade]}
    sandbox.control(fault="raw", data=json.dumps(frame), endpoint="public")
    stream.wait(until=lambda s: HOSTILE in set(s.df()["ord_type"]))
    assert stream.rejected["ETH/USD"] == HOSTILE
    return [stream, stream.health, own_lab.status(), own_lab, stream.view(), stream.latest]


def test_words_of_the_exchange_are_only_words_in_a_cell(hostile: list[Any]) -> None:
    """A refusal and a field with markup in them are shown letter by letter, wherever they appear."""
    for value in hostile:
        html = value._repr_html_()
        assert "<img" not in html, type(value)
        assert "\x1b" not in html, type(value)


def test_words_of_the_exchange_are_only_words_in_a_terminal(hostile: list[Any]) -> None:
    """Control codes are shown as escapes: they neither colour nor clear somebody's screen."""
    for value in hostile:
        assert "\x1b" not in repr(value), type(value)


def test_a_symbol_that_is_refused_alone_raises_with_the_exchanges_words(own_lab: kl.Lab) -> None:
    """And the next try asks again: nothing of it is left running."""
    sandbox = own_lab.sandbox
    assert sandbox is not None
    sandbox.control(fault="deny", symbol="ETH/USD", text="Not today")
    with pytest.raises(kl.Refused, match="ETH/USD: Not today") as caught:
        own_lab.book("ETH/USD")
    assert caught.value.rejected == {"ETH/USD": "Not today"}
    sandbox.control(fault="allow", symbol="ETH/USD")
    assert own_lab.book("ETH/USD").mid > 0


def test_a_broken_line_is_told_in_the_tables(own_lab: kl.Lab) -> None:
    """A gap with its reason, a new epoch, and for trades the proof that none is missing."""
    trades = own_lab.trades("BTC/USD")
    book = own_lab.book("BTC/USD")
    assert own_lab.sandbox is not None
    own_lab.sandbox.control(fault="reset")
    for stream in (trades, book):
        stream.wait(until=lambda s: s.gaps["end"].notna().any() and str(s.state) == "LIVE")
        assert stream.gaps["reason"].iloc[0] == "connection lost"
        assert stream.epoch == 2
    trades.wait(until=lambda s: s.gaps["filled"].all())
    assert trades.gaps["missed"].tolist() == [0]
    ids = trades.df()["trade_id"]
    assert ids.is_monotonic_increasing
    assert ids.diff().dropna().eq(1).all()
    assert book.mid > 0
