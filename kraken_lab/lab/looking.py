"""The looking half of a `Lab`, as a user sees it: one method a channel, each of which gives a live stream."""

from __future__ import annotations

import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from ..errors import BadArgument, FeedError, Refused
from ..market import InstrumentSnapshot
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
    Stream,
    StreamState,
    TickerStream,
    TradeStream,
)
from ..streams.balances_feed import BALANCES, BalancesFeed
from ..streams.book_feed import BookFeed
from ..streams.executions_feed import EXECUTIONS, ExecutionsFeed
from ..streams.level3_feed import Level3Feed
from ..streams.ohlc_feed import OhlcFeed
from ..streams.ticker_feed import TickerFeed
from ..streams.trade_feed import TradeFeed
from ..wire import DEPTHS, INTERVALS, Instant, Settings, Want, flag, plainly_called
from .drawing import Drawing
from .engine import ready_engine

__all__ = ["Looking", "RejectedSymbols"]

T = TypeVar("T")
FeedT = TypeVar("FeedT", bound=Feed)
StreamT = TypeVar("StreamT", bound=Stream[Any, Any])

TRIGGERS = ("trades", "bbo")

_plainly = plainly_called("lab")


class RejectedSymbols(UserWarning):
    """Some symbols of a stream were refused by the exchange; the others run."""


class Looking(ABC):
    """Looking methods and the streams they gave; the base of `Lab`."""

    mode: Literal["sandbox", "paper", "live"]
    settings: Settings
    dispatcher: Dispatcher
    views: Drawing
    _desk: Desk
    _instruments: InstrumentStream
    _streams: dict[tuple[object, ...], Stream[Any, Any]]
    _lock: threading.RLock

    @property
    @abstractmethod
    def label(self) -> str:
        """The mode, for titles."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it was closed."""

    @property
    @abstractmethod
    def over(self) -> str:
        """Why nothing will come any more, in a sentence, and what to do; empty while that is not so."""

    @abstractmethod
    def now(self) -> Instant:
        """This moment on the lab's clocks."""

    @abstractmethod
    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the I/O thread and give its result."""

    @abstractmethod
    def release(self, stream: Any) -> None:
        """Let go of a stream's subscriptions."""

    @abstractmethod
    def wait_for_instruments(self, timeout: float) -> None:
        """Wait for the reference data, or for the first sign that the venue cannot be reached."""

    @abstractmethod
    def _check_open(self) -> None:
        """Raise unless there is a lab to ask."""

    @abstractmethod
    def _check_key(self) -> None:
        """Have an API key for what the exchange gives to nobody without one, or raise."""

    @abstractmethod
    def _check_account(self) -> None:
        """Have an account to ask about, or raise."""

    # --- looking ----------------------------------------------------------------------------------------------------

    @_plainly
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

    @_plainly
    def trades(
        self, *symbols: str | Sequence[str], snapshot: bool = True, wait: bool = True, timeout: float = 10.0
    ) -> TradeStream:
        """Trades, every one once; with ``snapshot`` beginning with the last 50.

        Raises: as `ticker`.

        >>> lab.trades("BTC/USD").df()["price"].dtype
        dtype('float64')
        """
        snapshot, wait = flag("snapshot", snapshot), flag("wait", wait)
        wants = [Want(channel="trade", symbol=symbol, snapshot=snapshot) for symbol in self._symbols(symbols, timeout)]
        # Without a snapshot the first data is the next trade, for which nobody wants to wait.
        return self._stream(wants, TradeFeed, lambda feeds: TradeStream(self, feeds), wait and snapshot, timeout)

    @_plainly
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

    @_plainly
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
        stream = self._stream(wants, BookFeed, lambda feeds: BookStream(self, feeds, depth), wait, timeout)
        ready_engine()  # after the first picture, which it would delay
        return stream

    @_plainly
    def level3(
        self, *symbols: str | Sequence[str], depth: int = 10, wait: bool = True, timeout: float = 10.0
    ) -> Level3Stream:
        """The order book by order, ``depth`` (10, 100 or 1000) levels a side. Needs an API key outside the sandbox.

        Raises: as `ticker`; BadArgument for another depth, BadKey without a key or in ``paper``.

        >>> lab.level3("BTC/USD").df().columns[:4].tolist()
        ['symbol', 'side', 'level', 'position']
        """
        check_depth("level3", depth)
        self._check_key()
        wants = [Want(channel="level3", symbol=symbol, depth=depth) for symbol in self._symbols(symbols, timeout)]
        return self._stream(wants, Level3Feed, lambda feeds: Level3Stream(self, feeds, depth), wait, timeout)

    @_plainly
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
        self._check_account()
        return self._stream(
            [EXECUTIONS], ExecutionsFeed, lambda feeds: ExecutionsStream(self, feeds[""]), wait, timeout
        )

    @_plainly
    def balances(self, *, wait: bool = True, timeout: float = 10.0) -> BalancesStream:
        """What the account holds, a row for every asset; ``.ledger`` is every movement, ``.totals`` the exact figures.

        Raises: as `executions`.

        >>> lab.balances().totals["BTC"] > 1
        True
        """
        self._check_open()
        self._check_account()
        return self._stream([BALANCES], BalancesFeed, lambda feeds: BalancesStream(self, feeds[""]), wait, timeout)

    @_plainly
    def instruments(self, *, wait: bool = True, timeout: float = 10.0) -> InstrumentStream:
        """What can be traded: ``.pairs`` and ``.assets`` as tables, ``.search("btc")``.

        >>> "BTC/USD" in set(lab.instruments().pairs.df()["symbol"])
        True
        """
        self._check_open()
        return self._instruments.wait(timeout=timeout) if flag("wait", wait) else self._instruments

    # --- inside -----------------------------------------------------------------------------------------------------

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
        key, wait = tuple(wants), flag("wait", wait)
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
            warnings.warn(f"Refused by the exchange: {words}. The other symbols run.", RejectedSymbols, stacklevel=4)
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
