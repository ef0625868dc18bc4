"""One pair of the real exchange as it is followed: its book, its trades, its paper orders, and whether it is whole.

A pair is whole while its book has proved itself, its trades are subscribed, and the sources of both are heard. While it
is not, `FollowedPair.paused` says why, and its paper orders are not matched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.events import Batch, Change, OrderChanged, Side, Trade
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.numbers import scaled
from kraken_lab.sandbox.shadow_engine import ShadowEngine
from kraken_lab.sandbox.sources import Sources
from kraken_lab.sandbox.upstream_book import BookVoid, UpstreamBook
from kraken_lab.sandbox.upstream_clock import UpstreamClock
from kraken_lab.sandbox.upstream_frame import BookMessage, UpstreamTrade

__all__ = ["FollowedPair"]

_NO_BOOK: Final = "its book is not subscribed"
_SIDES: Final[tuple[Side, Side]] = ("buy", "sell")


class FollowedPair:
    """What is known of one pair. ``missed_trades`` counts the trade ids that were skipped."""

    def __init__(self, pair: Pair, sources: Sources, new_order_id: Callable[[], str]) -> None:
        self.engine = ShadowEngine(pair, new_order_id)
        self.paused = _NO_BOOK
        self.last_price: int | None = None
        self.missed_trades = 0
        self._sources = sources
        self._new_id = new_order_id
        self._book = UpstreamBook(pair)
        self._book_source: int | None = None
        self._trade_source: int | None = None
        self._last_trade_id: int | None = None
        self._whole_since_ns = 0

    # --- its book ---------------------------------------------------------------------------------------------------

    def book_subscribed(self, depth: int | None) -> None:
        """The book has been acknowledged at that depth; its snapshot is to come, or has come already."""
        self._book.depth = depth

    def hear_book(self, message: BookMessage, source: int, ns: int) -> Batch | None:
        """A message of its book; what that did to paper orders and to the best prices."""
        book = self._book
        if not message.is_snapshot and not (book.is_whole and source == self._book_source):
            if self.paused == _NO_BOOK:
                self._pause("its book has no snapshot")
            return None
        best = [book.best(side) for side in _SIDES]
        try:
            touched = book.apply(message)
        except BookVoid as void:
            self._pause(f"its book is void: {void}")
            return None
        self._book_source = source
        if self.paused or message.is_snapshot:
            return self._resume(ns)
        batch = self.engine.follow(touched, ns)
        moved: list[Change] = []
        for side, before in zip(_SIDES, best, strict=True):
            price = book.best(side)
            if price is not None and price != before:
                moved.append(OrderChanged("", side, price, book.qty(side, price) or 0, ns))
        return replace(batch, changes=(*batch.changes, *moved)) if moved else batch

    def index_price(self) -> int | None:
        """Halfway between the best prices of the whole book, to a price step; None where that cannot be said."""
        bid, ask = self._book.best("buy"), self._book.best("sell")
        pair = self.engine.pair
        if self.paused or bid is None or ask is None or not pair.has_index:
            return None
        return (bid + ask) // (2 * pair.price_increment) * pair.price_increment

    # --- its trades -------------------------------------------------------------------------------------------------

    def trades_subscribed(self, source: int, ns: int) -> Batch | None:
        """Its trades are told, as an acknowledgement or the first of them says; what that did, if only this missed."""
        is_news = self._trade_source is None
        self._trade_source = source
        return self._resume(ns) if is_news and self._book.is_whole else None

    def hear_trade(self, trade: UpstreamTrade, clock: UpstreamClock, ns: int, *, is_past: bool) -> Batch | None:
        """A trade; what it did to paper orders, and the trade itself. None if it was told before or fills nothing.

        ``is_past``: it is told as history, as in a snapshot.
        """
        newest = self._last_trade_id
        if newest is not None and trade.trade_id <= newest:
            return None
        self.missed_trades += 0 if newest is None or is_past else trade.trade_id - newest - 1
        self._last_trade_id = trade.trade_id
        pair = self.engine.pair
        try:
            price, qty = scaled(trade.price, pair.price_precision), scaled(trade.qty, pair.qty_precision)
        except SandboxError as error:
            self.lose_book(f"a trade cannot be: {error}")
            return None
        self.last_price = price
        happened_ns = clock.earliest(trade.ns, ns)
        if self.paused or is_past or happened_ns <= self._whole_since_ns:
            return None
        batch = self.engine.trade(trade.side, price, qty, ns, happened_ns=happened_ns)
        real = Trade(trade.trade_id, trade.side, price, qty, trade.ord_type, ns, self._new_id(), self._new_id())
        return replace(batch, trades=(*batch.trades, real))

    # --- what interrupts it -----------------------------------------------------------------------------------------

    def lose_book(self, reason: str) -> None:
        """Its book is void until the next snapshot."""
        self._book = UpstreamBook(self.engine.pair, self._book.depth)
        self._book_source = None
        self._pause(reason)

    def lose_trades(self, reason: str) -> None:
        """Its trades are not told any more."""
        self._trade_source = None
        self._pause(reason)

    def miss(self, source: int, reason: str) -> None:
        """Frames of a connection are missing. Trades that are missing fill nothing; a book that has a hole is none."""
        if self._book_source == source:
            self.lose_book(reason)

    def lose_source(self, source: int, reason: str) -> None:
        """A connection has ended, with all that was subscribed on it."""
        if self._trade_source == source:
            self.lose_trades(reason)
        if self._book_source == source:
            self.lose_book(reason)

    def fall_silent(self, source: int, reason: str) -> None:
        """Nothing comes over a connection; whatever comes then is only late."""
        if source in (self._book_source, self._trade_source):
            self._pause(reason)

    def book_unsubscribed(self) -> None:
        """The client has ended the subscription of its book."""
        self.lose_book(_NO_BOOK)
        self._book.depth = None

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _pause(self, reason: str) -> None:
        """Stop matching; the first reason stands until it is whole again, but for the one that it starts with."""
        if not self.paused or self.paused == _NO_BOOK:
            self.paused = reason
        self.engine.pause()

    def _resume(self, ns: int) -> Batch | None:
        """Go on with the book as it is now, if everything else is there too."""
        if self._trade_source is None:
            self.paused = "its trades are not subscribed"
            return None
        if any(source is None or self._sources.is_silent(source) for source in (self._book_source, self._trade_source)):
            return None
        self.paused = ""
        self._whole_since_ns = ns
        return self.engine.resume(self._book, ns)
