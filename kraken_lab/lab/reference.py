"""Which books the acting road has subscribed, so that a price can be held against something verified.

A book is subscribed when a proposal is prepared and given back when nothing of its symbol is open or under
consideration any more. Belongs to the I/O thread.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..streams import Desk, StreamState
from ..streams.book_feed import BookFeed
from ..streams.trade_feed import TradeFeed
from ..wire import Want

__all__ = ["DEPTH", "References"]

DEPTH = 100
"""Levels a side: what a preview walks."""


class References:
    """The books that serve as price references, by symbol; ``with_trades``: their trades are subscribed with them."""

    def __init__(self, desk: Desk, *, with_trades: bool = False) -> None:
        self._desk, self._with_trades = desk, with_trades
        self._feeds: dict[str, BookFeed] = {}
        self._trades: dict[str, TradeFeed] = {}
        self._needed_until: dict[str, float] = {}

    def need(self, symbol: str, until: float) -> BookFeed:
        """The book of a symbol, subscribed if need be and kept at least ``until`` (monotonic seconds).

        Raises:
            LimitReached: there is no room for it.
        """
        self._needed_until[symbol] = max(until, self._needed_until.get(symbol, 0.0))
        feed = self._feeds.get(symbol)
        if feed is not None and feed.state not in (StreamState.FAILED, StreamState.STOPPED):
            return feed
        if feed is not None:
            self._let_go(symbol)
        feed = self._feeds[symbol] = self._desk.subscribe(Want(channel="book", symbol=symbol, depth=DEPTH), BookFeed)
        if self._with_trades:
            self._trades[symbol] = self._desk.subscribe(Want(channel="trade", symbol=symbol), TradeFeed)
        return feed

    def get(self, symbol: str) -> BookFeed | None:
        """The book of a symbol, if it is subscribed for this."""
        return self._feeds.get(symbol)

    def sweep(self, open_symbols: Iterable[str], now: float) -> None:
        """Give back what nobody needs any more."""
        kept = set(open_symbols)
        for symbol in [name for name in self._feeds if name not in kept and self._needed_until[name] < now]:
            self._let_go(symbol)
            del self._needed_until[symbol]

    def _let_go(self, symbol: str) -> None:
        self._desk.release(self._feeds.pop(symbol))
        if symbol in self._trades:
            self._desk.release(self._trades.pop(symbol))
