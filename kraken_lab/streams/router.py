"""One connection's peer: it hands each message to its feed and each event to whom it concerns.

The `Conversation` knows what is said, the feeds know what it means; this knows which belongs to which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..wire import (
    Acknowledged,
    BookMessage,
    Candle,
    Conversation,
    Declined,
    Event,
    Instant,
    InstrumentMessage,
    Key,
    Left,
    Level3Message,
    Message,
    OhlcMessage,
    Query,
    Settings,
    Silent,
    SlidingBudget,
    Spoiled,
    Stage,
    StatusChanged,
    TickerMessage,
    Trade,
    TradeMessage,
)
from .book_feed import BookFeed
from .feed import Feed, StreamState
from .instrument_feed import InstrumentFeed
from .ladder_feed import LadderFeed
from .level3_feed import Level3Feed
from .ohlc_feed import OhlcFeed
from .ticker_feed import TickerFeed
from .trade_feed import TradeFeed

__all__ = ["Router"]


class Router:
    """The peer of one market-data connection."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        precision_of: Callable[[str], tuple[int, int]],
        level3_pace: SlidingBudget | None = None,
    ) -> None:
        self.name = name
        self.precision_of = precision_of
        """Decimals of a symbol's prices and quantities, as the exchange now lists them."""
        self.talk = Conversation(settings, level3_pace)
        self.settings = settings
        self.feeds: dict[Key, Feed] = {}
        self._books: dict[str, BookFeed] = {}
        self._attention = False

    # --- feeds ------------------------------------------------------------------------------------------------------

    def add(self, feed: Feed, at: Instant) -> None:
        """Carry a feed from now on."""
        self.feeds[feed.key] = feed
        if isinstance(feed, BookFeed):
            self._books[feed.symbol] = feed
        self.talk.want(feed.want)
        if self.talk.connected:
            feed.connected(at)

    def remove(self, feed: Feed, at: Instant) -> None:
        """Carry a feed no longer."""
        if self.feeds.get(feed.key) is feed:
            del self.feeds[feed.key]
            self._books.pop(feed.symbol, None) if isinstance(feed, BookFeed) else None
            self.talk.drop(feed.key)
        feed.stop(at)

    def renew(self, feed: Feed) -> None:
        """Unsubscribe and subscribe this feed alone, as its ``want`` now says."""
        self.talk.renew(feed.want)
        self._attention = True

    def give_up(self, feed: Feed) -> None:
        """Unsubscribe this feed and do not ask again."""
        self.talk.drop(feed.key)
        self._attention = True

    def delivered(self, feed: Feed) -> None:
        """The feed has its snapshot, and perhaps a first thing to do on time: a column of its heatmap's memory."""
        self.talk.delivered(feed.key)
        self._attention = True

    def is_leaving(self, feed: Feed) -> bool:
        """Whether what comes now still belongs to a subscription that is being given up."""
        standing = self.talk.standing(feed.key)
        return standing is None or standing.stage is Stage.LEAVING

    # --- a Peer -----------------------------------------------------------------------------------------------------

    def opened(self, at: Instant) -> None:
        """A new connection stands."""
        self.talk.opened(at)
        for feed in list(self.feeds.values()):
            feed.connected(at)

    def closed(self, reason: str, at: Instant) -> None:
        """The connection is gone, or could not be made."""
        self.talk.closed()
        for feed in list(self.feeds.values()):
            feed.disconnected(reason, at)
            standing = self.talk.standing(feed.key)
            if standing is not None and standing.want != feed.want and standing.stage is not Stage.REFUSED:
                # What a feed asks for after a gap can be more than what it asked for at first.
                self.talk.renew(feed.want)

    def hear(self, data: bytes | str, at: Instant) -> bool:
        """Take one frame. True when there may now be something to send, ask or time."""
        message = self.talk.hear(data, at)
        if message is not None:
            if type(message) is BookMessage:
                kind = message.type
                for change in message.data:
                    book = self._books.get(change.symbol)
                    if book is not None:
                        book.take(change, kind, at)
            else:
                self._route(message, at)
        if self.talk.has_events:
            self._settle(self.talk.take_events(), at)
            self._attention = True
        attention, self._attention = self._attention, False
        return attention

    def let_time_pass(self, at: Instant) -> None:
        """Whatever is due at this moment."""
        self.talk.let_time_pass(at)
        self._settle(self.talk.take_events(), at)
        for feed in list(self.feeds.values()):
            feed.let_time_pass(at)

    def to_send(self, at: Instant) -> list[str]:
        """The texts to write now."""
        texts = self.talk.to_send(at)
        self._settle(self.talk.take_events(), at)
        return texts

    def next_deadline(self, at: Instant) -> float | None:
        """When to be called next."""
        due = [beat for book in self._books.values() if (beat := book.next_beat()) is not None]
        deadline = self.talk.next_deadline(at)
        if deadline is not None:
            due.append(deadline)
        if any(isinstance(feed, OhlcFeed) for feed in self.feeds.values()):
            due.append(at.mono + 1.0)
        return min(due, default=None)

    def hang_up(self) -> str | None:
        """Why this connection should be replaced now."""
        return self.talk.hang_up()

    def excuse(self, lateness: float) -> None:
        """This side was late."""
        self.talk.excuse(lateness)

    def queries(self, at: Instant) -> list[Query]:
        """What is needed from REST."""
        return self.talk.queries(at)

    def answered(self, query: Query, answer: str, at: Instant) -> None:
        """A token came."""
        self.talk.token_came(answer, at)

    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None:
        """No token came."""
        self.talk.token_failed(reason, at, refused=refused)
        self._settle(self.talk.take_events(), at)

    # --- who it concerns --------------------------------------------------------------------------------------------

    def _route(self, message: Message, at: Instant) -> None:
        if isinstance(message, TradeMessage):
            for symbol, trades in _by_symbol(message.data):
                if trades_of := self._feed(TradeFeed, symbol, message.type):
                    trades_of.take(trades, message.type, at)
        elif isinstance(message, TickerMessage):
            for ticker in message.data:
                if ticker_of := self._feed(TickerFeed, ticker.symbol, message.type):
                    ticker_of.take(ticker, message.type, at)
        elif isinstance(message, Level3Message):
            for change in message.data:
                if orders_of := self._feed(Level3Feed, change.symbol, message.type):
                    orders_of.take(change, message.type, at)
        elif isinstance(message, OhlcMessage):
            for symbol, candles in _by_symbol(message.data):
                if candles_of := self._feed(OhlcFeed, symbol, message.type):
                    candles_of.take(candles, message.type, at)
        elif isinstance(message, InstrumentMessage) and (listing := self._feed(InstrumentFeed, None, message.type)):
            listing.take(message, at)

    def _feed(self, kind: type[FeedT], symbol: str | None, said: str) -> FeedT | None:
        """The feed a message is for, or None; also None while it belongs to a subscription that was given up.

        A feed that is not LIVE waits for its own first data. A snapshot may come before its acknowledgement, an update
        may not: it is a late word of the subscription before.
        """
        feed = self.feeds.get(Key(kind.channel, symbol))
        if not isinstance(feed, kind):
            return None
        if feed.state is not StreamState.LIVE and not self._expects(feed, said):
            feed.counters["discarded"] += 1
            return None
        return feed

    def _expects(self, feed: Feed, said: str) -> bool:
        standing = self.talk.standing(feed.key)
        if standing is None:
            return False
        return standing.stage is Stage.ACKNOWLEDGED or (standing.stage is Stage.ASKED and said == "snapshot")

    def _settle(self, events: list[Event], at: Instant) -> None:
        for event in events:
            if isinstance(event, StatusChanged):
                self._status_changed(event, at)
            elif isinstance(event, Spoiled):
                self._spoiled(event, at)
            elif not isinstance(event, Left):
                feed = self.feeds.get(event.want.key)
                if feed is None:
                    continue
                if isinstance(event, Acknowledged):
                    feed.acknowledged(event.result, event.difference, at)
                elif isinstance(event, Declined):
                    feed.declined(event.text, at)
                elif isinstance(event, Silent):
                    feed.silent(event.final, at)

    def _status_changed(self, event: StatusChanged, at: Instant) -> None:
        """When the engine is back, what was known before is not trusted until it has come anew."""
        before = event.before.system if event.before is not None else None
        if before == "maintenance" and event.now.system != "maintenance":
            for feed in list(self.feeds.values()):
                if isinstance(feed, LadderFeed):
                    feed.resync("maintenance", at)
        for feed in list(self.feeds.values()):
            for watcher in feed.watchers:
                watcher()

    def _spoiled(self, event: Spoiled, at: Instant) -> None:
        for symbol in event.symbols or ("",):
            feed = self.feeds.get(Key(event.channel, symbol or None))
            if feed is not None:
                feed.spoiled(event.reason, at)


RowT = TypeVar("RowT", Trade, Candle)
FeedT = TypeVar("FeedT", bound=Feed)


def _by_symbol(rows: Iterable[RowT]) -> list[tuple[str, list[RowT]]]:
    groups: dict[str, list[RowT]] = {}
    for row in rows:
        groups.setdefault(row.symbol, []).append(row)
    return list(groups.items())
