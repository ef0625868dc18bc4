"""From what happens in the books to the messages subscribers get: one feed per thing that can be subscribed to.

Feeds exist while they have subscribers. All subscribers of one (channel, symbol, option) share a feed, so what a
message costs does not depend on how many receive it, and one action in a book makes at most one message of a feed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kraken_lab.sandbox.book_feed import BookFeed, Digits, level_entries, order_entries
from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.feeds import Feed, Receiver
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.instrument_feed import InstrumentFeed
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.level3_feed import Level3Feed
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.ohlc_feed import OhlcFeed
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.ticker_feed import TickerFeed
from kraken_lab.sandbox.trade_feed import TradeFeed

__all__ = ["FeedKey", "Publisher"]

_COUNTED: Final = {"book": level_entries, "level3": order_entries}


class FeedKey(NamedTuple):
    """What can be subscribed to. ``option`` is the depth, interval, trigger or venue, "" if there is none."""

    channel: str
    symbol: str
    option: int | str


class _Desk(NamedTuple):
    """A feed and who receives it; a dict because it keeps the order of joining."""

    feed: Feed
    receivers: dict[Receiver, None]


class Publisher:
    """Keeps the feeds and brings each what happens."""

    def __init__(self, market: Market, listing: Listing, stamps: Stamps) -> None:
        self._market = market
        self._listing = listing
        self._stamps = stamps
        self._desks: dict[FeedKey, _Desk] = {}
        self._by_symbol: dict[str, dict[FeedKey, _Desk]] = {}
        self._digits: dict[tuple[str, str], Digits] = {}
        market.listeners.append(self._publish)

    def join(self, receiver: Receiver, key: FeedKey) -> None:
        """From now on ``receiver`` is sent that feed's updates."""
        desk = self._desks.get(key)
        if desk is None:
            desk = self._desks[key] = _Desk(self._new_feed(key), {})
            self._by_symbol.setdefault(key.symbol, {})[key] = desk
        desk.receivers[receiver] = None

    def leave(self, receiver: Receiver, key: FeedKey) -> None:
        """No more of it; a feed that nobody receives ends."""
        desk = self._desks[key]
        desk.receivers.pop(receiver, None)
        if not desk.receivers:
            del self._desks[key], self._by_symbol[key.symbol][key]

    def snapshot(self, key: FeedKey, ns: int) -> Frame:
        """The snapshot of a feed that has been joined."""
        return self._desks[key].feed.snapshot(ns)

    def pair_changed(self, pair: Pair) -> None:
        """Tell the instrument channel's subscribers of a pair's new state."""
        for desk in self._by_symbol.get("", {}).values():
            if isinstance(desk.feed, InstrumentFeed):
                self._send(desk, desk.feed.changed(pair))

    def _publish(self, batch: Batch) -> None:
        for digits in self._digits_of(batch.symbol):
            digits.touch(batch)
        desks = self._by_symbol.get(batch.symbol)
        if desks:
            for desk in desks.values():
                self._send(desk, desk.feed.update(batch))

    @staticmethod
    def _send(desk: _Desk, frame: Frame | None) -> None:
        if frame is not None:
            for receiver in tuple(desk.receivers):
                receiver.send(frame)

    def _digits_of(self, symbol: str) -> list[Digits]:
        return [self._digits[channel, symbol] for channel in _COUNTED if (channel, symbol) in self._digits]

    def _new_feed(self, key: FeedKey) -> Feed:
        channel, symbol, option = key
        if channel == "instrument":
            return InstrumentFeed(self._listing, str(option))
        engine = self._market.engine(symbol)
        if channel in _COUNTED:
            digits = self._digits.setdefault((channel, symbol), Digits(engine, _COUNTED[channel]))
            feed = BookFeed if channel == "book" else Level3Feed
            return feed(engine, int(option), digits, self._stamps)
        if channel == "trade":
            return TradeFeed(engine.pair, lambda limit: self._market.trades(symbol, limit), self._stamps)
        if channel == "ticker":
            return TickerFeed(engine, lambda: self._market.ticker(symbol), str(option), self._stamps)
        return OhlcFeed(
            engine.pair, int(option), lambda limit: self._market.candles(symbol, int(option), limit), self._stamps
        )
