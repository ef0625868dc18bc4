"""Paper: the exchange's own public data, and an exchange on this machine that fills orders from it.

A public connection of its own carries the pairs that are traded. Everything that comes on it goes down the sandbox's
pipe as it was received, and the sandbox reads it with its own code; the same connection's books are the prices that
orders are held against here. When it is lost, the sandbox is told, and fills nothing until it is whole again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ..net import IOThread, MarketPipe, SandboxProcess, Transport
from ..net.transport import Hear, Link
from ..streams import Desk, StreamState
from ..streams.book_feed import BookFeed
from ..streams.desk import OpenLine
from ..streams.instrument_feed import InstrumentFeed
from ..wire import Instant, Settings, Want
from .venue import Venue, venue_of

__all__ = ["PaperExchange"]

PATIENCE = 2.0
"""How long a pair may be paused while its book is whole here, in seconds."""


class _PipedTransport:
    """A transport whose frames also go down the pipe, as they came."""

    def __init__(self, inner: Transport, pipe: MarketPipe) -> None:
        self._inner, self._pipe = inner, pipe

    async def connect(self, url: str, hear: Hear) -> Link:
        def heard(data: bytes | str) -> None:
            self._pipe.put(data)
            hear(data)

        link = await self._inner.connect(url, heard)
        link.ended.add_done_callback(lambda _: self._pipe.gap("the connection ended"))
        return link


class PaperExchange:
    """The sandbox that plays the exchange's matching, fed with its frames. `close` ends it.

    ``venue`` is where paper orders go, ``desk`` carries the books they are held against.

    Raises:
        SandboxError: it did not start.
    """

    def __init__(self, *, io: IOThread, settings: Settings, now: Callable[[], Instant], transport: Transport) -> None:
        self._settings, self._now, self._io = settings, now, io
        self._desk: Desk | None = None
        self.process = SandboxProcess(
            seed=7, market="feed", silence_s=settings.silence_timeout, on_notice=self._noticed
        )
        self.venue: Venue = venue_of(self.process, "a paper exchange on this machine, process {pid}")
        self.pipe = MarketPipe(self.process)
        self.transport: Transport = _PipedTransport(transport, self.pipe)

    def start(self, open_line: OpenLine) -> Desk:
        """Begin to follow the market with lines that ``open_line`` makes over `transport`; gives the desk for it."""

        def begin() -> Desk:
            desk = Desk(self._settings, open_line, self._now)
            desk.subscribe(Want(channel="instrument"), InstrumentFeed)
            return desk

        self._desk = self._io.call(begin)
        return self._desk

    def _noticed(self, notice: Mapping[str, Any]) -> None:
        """On the thread that reads the process: a pair paused, or goes on."""
        symbol = notice.get("symbol")
        if notice.get("notice") == "paused" and isinstance(symbol, str):
            self._io.soon(lambda: asyncio.get_running_loop().call_later(PATIENCE, self._help, symbol))

    def _help(self, symbol: str) -> None:
        """It has lost its place in a book that is whole here: a fresh snapshot puts it right.

        What came of a lost connection, a wrong checksum or a subscription is put right by the client itself.
        """
        desk = self._desk
        if desk is None or symbol not in self.process.paused:
            return
        for feed in desk.feeds:
            if isinstance(feed, BookFeed) and feed.symbol == symbol and feed.state is StreamState.LIVE:
                feed.resync("the paper exchange lost its place", self._now())
                desk.poke(feed)

    @property
    def paused(self) -> dict[str, str]:
        """Pairs that are not matched now, and why; also one that is followed and was not heard to be matched yet."""
        books = () if self._desk is None else self._desk.feeds
        followed = {feed.symbol for feed in books if isinstance(feed, BookFeed)}
        silent = dict.fromkeys(followed - self.process.matched, "its book is not whole there yet")
        return silent | dict(self.process.paused)

    def close(self) -> None:
        """End the pipe and the process. Idempotent."""
        self.pipe.close()
        self.process.close()
