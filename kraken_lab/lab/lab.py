"""`Lab`: connects the rooms. It has no rules of its own: what is said, true or drawn is decided elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, Self, TypeVar

from ..errors import BadArgument, BadKey, FeedError, LabClosed, NotReady, Refused, SandboxError, Unreachable
from ..market import InstrumentSnapshot
from ..net import (
    Backoff,
    Clock,
    Connection,
    Credentials,
    Endpoints,
    IOThread,
    RestClient,
    SandboxProcess,
    SystemClock,
    Transport,
    WebSocketTransport,
    find_credentials,
)
from ..streams import (
    BalancesStream,
    BookStream,
    Desk,
    Dispatcher,
    ExecutionsStream,
    Feed,
    InstrumentStream,
    Level3Stream,
    OhlcStream,
    Router,
    Stream,
    StreamState,
    TickerStream,
    TradeStream,
)
from ..streams.balances_feed import BALANCES, BalancesFeed
from ..streams.book_feed import BookFeed
from ..streams.desk import Endpoint
from ..streams.executions_feed import EXECUTIONS, ExecutionsFeed
from ..streams.instrument_feed import InstrumentFeed
from ..streams.level3_feed import Level3Feed
from ..streams.ohlc_feed import OhlcFeed
from ..streams.ticker_feed import TickerFeed
from ..streams.trade_feed import TradeFeed
from ..wire import DEPTHS, INTERVALS, Instant, Query, Settings, SlidingBudget, Want
from .drawing import Drawing
from .status import Status, status_of

__all__ = ["Lab", "Mode", "RejectedSymbols", "Venue"]

Mode = Literal["sandbox", "paper", "live"]

T = TypeVar("T")
FeedT = TypeVar("FeedT", bound=Feed)
StreamT = TypeVar("StreamT", bound=Stream[Any, Any])

TRIGGERS = ("trades", "bbo")


class RejectedSymbols(UserWarning):
    """Some symbols of a stream were refused by the exchange; the others run."""


@dataclass(frozen=True, slots=True)
class Venue:
    """What is at the other end: its name, its addresses, a key if there is one, and whom to trust for TLS."""

    name: str
    endpoints: Endpoints
    credentials: Credentials | None = None
    ssl_context: ssl.SSLContext | None = None


class Lab:
    """An open venue: ask it for streams. `kraken_lab.connect` makes one.

    Every looking method returns once its first data is in, or raises after ``timeout`` seconds saying what it waited
    for; with ``wait=False`` it returns at once. Asking again for the same thing gives the stream that already runs.

    All of it is plain synchronous Python and needs no event loop. In async code use ``async with``, ``wait=False`` and
    ``await stream.ready()``.

    >>> lab.mode, lab.closed
    ('sandbox', False)
    """

    def __init__(
        self,
        mode: Mode,
        venue: Venue,
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        transport: Transport | None = None,
        process: SandboxProcess | None = None,
    ) -> None:
        self.mode: Mode = mode
        self.settings = settings or Settings()
        self.io = IOThread(mode)
        self.dispatcher = Dispatcher(mode)
        self.views = Drawing()
        self.venue_name = venue.name
        self._venue = venue
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._transport = transport or WebSocketTransport(self.settings, venue.ssl_context)
        self._process = process
        self._budget = SlidingBudget(self.settings.reconnect_budget, self.settings.reconnect_window)
        self._lines: list[tuple[Router, Connection]] = []
        self._tasks: dict[Connection, asyncio.Task[None]] = {}
        self._streams: dict[tuple[object, ...], Stream[Any, Any]] = {}
        self._closed = False
        self._lock = threading.RLock()
        self._desk = self.io.call(lambda: Desk(self.settings, self._open_line, self.now))
        self._rest = self.io.call(self._make_rest)
        self._instruments = InstrumentStream(
            self, self.call(lambda: self._desk.subscribe(Want(channel="instrument"), InstrumentFeed))
        )
        self._streams["instrument",] = self._instruments

    # --- looking ----------------------------------------------------------------------------------------------------

    def ticker(
        self,
        *symbols: str | Sequence[str],
        event_trigger: Literal["trades", "bbo"] = "trades",
        wait: bool = True,
        timeout: float = 10.0,
    ) -> TickerStream:
        """Best prices, last trade and 24-hour figures, a row for every message.

        ``event_trigger``: ``trades`` for a message with every trade, ``bbo`` for every change of a best price.

        Raises:
            UnknownSymbol: no such pair here.
            BadArgument: another ``event_trigger``, or no symbol.
            Refused: the exchange refused every symbol.
            NotReady: no first data within ``timeout`` seconds.
            LimitReached: it would need one public connection too many.

        >>> lab.ticker("BTC/USD").latest.bid < lab.book("BTC/USD").asks[0][0]
        True
        """
        if event_trigger not in TRIGGERS:
            raise BadArgument("event_trigger", event_trigger, " or ".join(map(repr, TRIGGERS)))
        wants = [
            Want(channel="ticker", symbol=symbol, event_trigger=event_trigger)
            for symbol in self._symbols(symbols, timeout)
        ]
        return self._stream(wants, TickerFeed, lambda feeds: TickerStream(self, feeds), wait, timeout)

    def trades(
        self, *symbols: str | Sequence[str], snapshot: bool = True, wait: bool = True, timeout: float = 10.0
    ) -> TradeStream:
        """Trades, every one once; with ``snapshot`` beginning with the last 50.

        Raises: as `ticker`.

        >>> lab.trades("BTC/USD").df()["price"].dtype
        dtype('float64')
        """
        wants = [Want(channel="trade", symbol=symbol, snapshot=snapshot) for symbol in self._symbols(symbols, timeout)]
        # Without a snapshot the first data is the next trade, for which nobody wants to wait.
        return self._stream(wants, TradeFeed, lambda feeds: TradeStream(self, feeds), wait and snapshot, timeout)

    def ohlc(
        self, *symbols: str | Sequence[str], interval: int = 1, wait: bool = True, timeout: float = 10.0
    ) -> OhlcStream:
        """Candles of ``interval`` minutes (1, 5, 15, 30, 60, 240, 1440, 10080 or 21600), the past ones first.

        Raises: as `ticker`; BadArgument for another interval.

        >>> lab.ohlc("BTC/USD", interval=5).df().index.name
        'interval_begin'
        """
        if interval not in INTERVALS or isinstance(interval, bool):
            raise BadArgument("interval", interval, f"one of {', '.join(map(str, INTERVALS))} (minutes)")
        wants = [Want(channel="ohlc", symbol=symbol, interval=interval) for symbol in self._symbols(symbols, timeout)]
        return self._stream(wants, OhlcFeed, lambda feeds: OhlcStream(self, feeds, interval), wait, timeout)

    def book(
        self, *symbols: str | Sequence[str], depth: int = 10, wait: bool = True, timeout: float = 10.0
    ) -> BookStream:
        """The order book by level, ``depth`` (10, 25, 100, 500 or 1000) levels a side, verified with every message.

        Raises: as `ticker`; BadArgument for another depth.

        >>> len(lab.book("BTC/USD", depth=25).bids)
        25
        """
        check_depth("book", depth)
        wants = [Want(channel="book", symbol=symbol, depth=depth) for symbol in self._symbols(symbols, timeout)]
        return self._stream(wants, BookFeed, lambda feeds: BookStream(self, feeds, depth), wait, timeout)

    def level3(
        self, *symbols: str | Sequence[str], depth: int = 10, wait: bool = True, timeout: float = 10.0
    ) -> Level3Stream:
        """The order book by order, ``depth`` (10, 100 or 1000) levels a side. Needs an API key outside the sandbox.

        Raises: as `ticker`; BadArgument for another depth, BadKey without a key or in ``paper``.

        >>> lab.level3("BTC/USD").df().columns[:4].tolist()
        ['symbol', 'side', 'level', 'position']
        """
        check_depth("level3", depth)
        if self.mode == "paper":
            raise BadKey(
                "level3 needs a real API key, even for public data, and paper holds none. "
                "Use kl.connect('sandbox') for a synthetic one, or kl.connect('live') with a key."
            )
        self._check_key()
        wants = [Want(channel="level3", symbol=symbol, depth=depth) for symbol in self._symbols(symbols, timeout)]
        return self._stream(wants, Level3Feed, lambda feeds: Level3Stream(self, feeds, depth), wait, timeout)

    def executions(self, *, wait: bool = True, timeout: float = 10.0) -> ExecutionsStream:
        """What becomes of the account's orders, whoever placed them, a row for every report; the last fills first.

        Raises:
            BadKey: there is no API key.
            Refused: the exchange refused, say because the key may not.
            NotReady: no first data within ``timeout`` seconds.

        >>> lab.executions().df().columns[:3].tolist()
        ['received_at', 'symbol', 'exec_type']
        """
        self._check_open()
        self._check_key()
        return self._stream(
            [EXECUTIONS], ExecutionsFeed, lambda feeds: ExecutionsStream(self, feeds[""]), wait, timeout
        )

    def balances(self, *, wait: bool = True, timeout: float = 10.0) -> BalancesStream:
        """What the account holds, a row for every asset; ``.ledger`` is every movement, ``.totals`` the exact figures.

        Raises: as `executions`.

        >>> lab.balances().totals["BTC"] == 2
        True
        """
        self._check_open()
        self._check_key()
        return self._stream([BALANCES], BalancesFeed, lambda feeds: BalancesStream(self, feeds[""]), wait, timeout)

    def instruments(self, *, wait: bool = True, timeout: float = 10.0) -> InstrumentStream:
        """What can be traded: ``.pairs`` and ``.assets`` as tables, ``.search("btc")``.

        >>> "BTC/USD" in set(lab.instruments().pairs.df()["symbol"])
        True
        """
        self._check_open()
        return self._instruments.wait(timeout=timeout) if wait else self._instruments

    # --- how it is --------------------------------------------------------------------------------------------------

    def status(self) -> Status:
        """Venue, connections, streams, clock, lateness and memory, in one screen. Never raises, never waits.

        >>> lab.status().facts["orders"]
        'none: this version reads market data only'
        """
        return status_of(self)

    @property
    def label(self) -> str:
        """The mode, for titles."""
        return self.mode

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def lines(self) -> tuple[tuple[Router, Connection], ...]:
        """Every connection with its router."""
        return tuple(self._lines)

    @property
    def streams(self) -> tuple[Stream[Any, Any], ...]:
        """Every stream that runs.

        >>> lab.instruments() in lab.streams
        True
        """
        with self._lock:
            return tuple(self._streams.values())

    @property
    def sandbox(self) -> SandboxProcess | None:
        """The embedded exchange this lab started, or None.

        >>> lab.sandbox.control(fault="freeze")["ok"], lab.sandbox.control(fault="thaw")["ok"]
        (True, True)
        """
        return self._process

    @property
    def rest(self) -> RestClient:
        """The venue's REST side, whose methods are coroutines, to be given to `run`.

        >>> sorted(lab.run(lab.rest.depth("BTC/USD")))
        ['asks', 'bids']
        """
        return self._rest

    def run(self, work: Any, timeout: float = 15.0) -> Any:
        """Run a coroutine, such as one of `rest`'s, on the I/O thread and give its result.

        Raises:
            NotReady: it took longer than ``timeout`` seconds.
            RestFailed: a REST request was not answered as it should have been.

        >>> lab.run(lab.rest.system_status())["status"]
        'online'
        """
        return self.io.run(work, timeout=timeout, waiting_for="the venue's answer")

    def now(self) -> Instant:
        """This moment on the lab's clocks."""
        return self._clock.now()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{len(self.streams)} streams"
        return f"<Lab {self.mode}: {self.venue_name}, {state}>"

    def _repr_html_(self) -> str:
        return self.status()._repr_html_()

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop every stream, end every connection and thread, and the sandbox if it was started here. Idempotent.

        >>> import kraken_lab as kl
        >>> other = kl.connect(new=True)
        >>> other.close(), other  # doctest: +ELLIPSIS
        (None, <Lab sandbox: sandbox, seed 7, process ..., closed>)
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            streams = list(self._streams.values())
        if self.io.alive:
            for stream in streams:
                stream.stop()
            # What does not end politely in time ends with its loop.
            with contextlib.suppress(NotReady, LabClosed):
                self.io.run(self._end_lines(), timeout=self.settings.close_timeout, waiting_for="connections to close")
            self.io.close(self.settings.close_timeout)
        self.dispatcher.close(self.settings.close_timeout)
        if self._process is not None:
            self._process.close()

    async def _end_lines(self) -> None:
        self._desk.close()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._rest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.to_thread(self.close)

    # --- what streams need of it ------------------------------------------------------------------------------------

    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the I/O thread and give its result."""
        return self.io.call(function)

    def release(self, stream: Stream[Any, Any]) -> None:
        """Let go of a stream's subscriptions."""
        with self._lock:
            for key, other in list(self._streams.items()):
                if other is stream:
                    del self._streams[key]
        if not self.io.alive:
            return
        for feed in stream.feeds:
            self.call(lambda feed=feed: self._desk.release(feed))  # type: ignore[misc]

    # --- inside -----------------------------------------------------------------------------------------------------

    def wait_for_instruments(self, timeout: float) -> None:
        """Wait for the reference data, or for the first sign that the venue cannot be reached.

        Raises:
            Unreachable: the first attempt failed.
            NotReady: neither came within ``timeout`` seconds.
        """
        line = self._lines[0][1]
        self._instruments.wait(
            until=lambda stream: all(f.ready for f in stream.feeds) or line.failed,
            timeout=timeout,
            what=f"the instruments of {self.venue_name}",
        )
        if not all(feed.ready for feed in self._instruments.feeds):
            raise Unreachable(self.venue_name, line.reason)

    def _make_rest(self) -> RestClient:
        return RestClient(
            self._venue.endpoints.rest,
            wall_ns=lambda: self.now().wall_ns,
            credentials=self._venue.credentials,
            ssl_context=self._venue.ssl_context,
        )

    def _open_line(self, endpoint: Endpoint, router: Router) -> Connection:
        line = Connection(
            name=router.name,
            url=self._venue.endpoints.websocket(endpoint),
            peer=router,
            transport=self._transport,
            clock=self._clock,
            settings=self.settings,
            backoff=Backoff(self.settings, self._random, self._budget),
            answer=self._answer,
            gives_up=endpoint != "public",
        )
        self._lines.append((router, line))
        task = asyncio.get_running_loop().create_task(line.run())
        self._tasks[line] = task
        task.add_done_callback(lambda _: self._forget(line))
        return line

    def _forget(self, line: Connection) -> None:
        self._tasks.pop(line, None)
        if not self._closed:
            self._lines[:] = [(router, other) for router, other in self._lines if other is not line]

    async def _answer(self, query: Query) -> Any:
        if query.kind == "private":
            return await self._rest.private(query.name, dict(query.fields))
        return (await self._rest.websockets_token()).reveal()

    def _check_open(self) -> None:
        if self._closed:
            raise LabClosed("This lab")
        if self._process is not None and not self._process.alive:
            raise SandboxError(
                "The sandbox process of this lab has ended. kl.connect() opens another lab with another sandbox; "
                "what these streams hold can still be read."
            )

    def _check_key(self) -> None:
        """Have a key. Paper never looks for one: whatever it finds would be a real account's."""
        if self._venue.credentials is None and self.mode == "paper":
            raise BadKey("This paper lab was opened without an account. kl.connect('sandbox') has one.")
        if self._venue.credentials is None:
            self._venue = Venue(self._venue.name, self._venue.endpoints, find_credentials(), self._venue.ssl_context)
            self._rest = self.io.call(self._make_rest)

    def _symbols(self, given: Sequence[object], timeout: float) -> list[str]:
        """The symbols asked for, once each, all of them known at this venue."""
        self._check_open()
        flat: list[object] = []
        for item in given:
            flat.extend(item if isinstance(item, Iterable) and not isinstance(item, str) else [item])
        if not flat:
            raise BadArgument("symbols", (), "one or more pairs, as in 'BTC/USD'")
        instruments = self._known_instruments(timeout)
        symbols: dict[str, None] = {}
        for symbol in flat:
            if not isinstance(symbol, str):
                raise BadArgument("symbol", symbol, "a text such as 'BTC/USD'")
            instruments.pair(symbol)
            symbols[symbol] = None
        return list(symbols)

    def _known_instruments(self, timeout: float) -> InstrumentSnapshot:
        if not self._instruments.feeds[0].ready:
            self.wait_for_instruments(timeout)
        return self._instruments.now

    def _stream(
        self,
        wants: Sequence[Want],
        kind: type[FeedT],
        make: Callable[[Mapping[str, FeedT]], StreamT],
        wait: bool,
        timeout: float,
    ) -> StreamT:
        key = tuple(wants)
        with self._lock:
            stream: Any = self._streams.get(key)
            if stream is None or any(feed.state is StreamState.FAILED for feed in stream.feeds):
                if stream is not None:
                    stream.stop()
                stream = make(self._subscribe(wants, kind))
                self._streams[key] = stream
        if not wait:
            return stream  # type: ignore[no-any-return]
        try:
            stream.wait(timeout=timeout)
            if isinstance(stream, BookStream | Level3Stream):
                # It has had data, but has none while it is fetched again, as for another depth.
                stream.wait(until=has_books, timeout=timeout, what=f"a verified {stream.title}")
        except Refused:
            stream.stop()
            raise
        if stream.rejected:
            words = "; ".join(f"{symbol}: {text}" for symbol, text in stream.rejected.items())
            warnings.warn(f"Refused by the exchange: {words}. The other symbols run.", RejectedSymbols, stacklevel=3)
        return stream  # type: ignore[no-any-return]

    def _subscribe(self, wants: Sequence[Want], kind: type[FeedT]) -> dict[str, FeedT]:
        def work() -> dict[str, FeedT]:
            feeds: dict[str, FeedT] = {}
            try:
                for want in wants:
                    feeds[want.symbol or ""] = self._desk.subscribe(want, kind)
            except FeedError:
                for feed in feeds.values():
                    self._desk.release(feed)
                raise
            return feeds

        return self.call(work)


def has_books(stream: BookStream | Level3Stream) -> bool:
    """Whether there is a book to read of every symbol that can have one."""
    return all(
        feed.rejection or feed.state is StreamState.FAILED or stream[feed.symbol].latest is not None
        for feed in stream.feeds
    )


def check_depth(channel: str, depth: int) -> None:
    """Refuse a depth that the exchange does not have; it rounds none.

    Raises:
        BadArgument: the depth is not one of the channel's.
    """
    depths = DEPTHS[channel]
    if depth not in depths or isinstance(depth, bool):
        raise BadArgument("depth", depth, f"one of {', '.join(map(str, depths))} (levels a side)")
