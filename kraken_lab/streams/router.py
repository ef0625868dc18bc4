"""One connection's peer: it hands each message to its feed and each event to whom it concerns.

The `Conversation` knows what is said, the feeds know what it means; this knows which belongs to which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from ..market import AFTER_SYMBOL, ENGINE, update_head
from ..wire import (
    PRIVATE_CHANNELS,
    Acknowledged,
    BalancesMessage,
    BookMessage,
    Candle,
    Companion,
    Conversation,
    Declined,
    Event,
    ExecutionsMessage,
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
from .balances_feed import BalancesFeed
from .book_feed import BookFeed
from .executions_feed import ExecutionsFeed
from .feed import Feed, StreamState
from .guarded import Guarded
from .instrument_feed import InstrumentFeed
from .ladder_feed import LadderFeed
from .level3_feed import Level3Feed
from .ohlc_feed import OhlcFeed
from .sequenced_feed import SequencedFeed
from .ticker_feed import TickerFeed
from .trade_feed import TradeFeed

__all__ = ["Router"]


class Router:
    """The peer of one connection. A private one may have a companion, who places orders and hears what became of them.

    The companion hears every message of ``executions`` and ``balances`` in sequence and once, what was lost of them,
    the exchange's state, and answers that are about no subscription; it speaks with the connection's own token.
    """

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
        self.companion: Guarded | None = None
        """Whoever places orders, so that a mistake in there does not end the line."""
        self._books: dict[str, BookFeed] = {}
        self._heads: dict[bytes, BookFeed] = {}
        """The same, by how an update of their book begins."""
        self._attention = False

    # --- feeds ------------------------------------------------------------------------------------------------------

    def add(self, feed: Feed, at: Instant) -> None:
        """Carry a feed from now on."""
        self.feeds[feed.key] = feed
        if isinstance(feed, BookFeed):
            self._books[feed.symbol] = self._heads[update_head(feed.symbol)] = feed
        self._introduce(feed)
        self.talk.want(feed.want)
        if self.talk.connected:
            feed.connected(at)

    def remove(self, feed: Feed, at: Instant) -> None:
        """Carry a feed no longer."""
        if self.feeds.get(feed.key) is feed:
            del self.feeds[feed.key]
            if isinstance(feed, BookFeed):
                del self._books[feed.symbol], self._heads[update_head(feed.symbol)]
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

    def replace(self, reason: str) -> None:
        """Have the whole connection replaced."""
        self.talk.give_up(reason)
        self._attention = True

    # --- a companion ------------------------------------------------------------------------------------------------

    def accompany(self, companion: Companion, at: Instant) -> None:
        """Share the connection with somebody who places orders; what is known already is asked for once more."""
        guarded = self.companion = Guarded(companion, self.replace)
        self.talk.accompany(guarded.responded)
        if self.talk.connected:
            guarded.opened(at)
            if self.talk.status is not None:
                guarded.status_changed(self.talk.status, at)
        for feed in list(self.feeds.values()):
            self._introduce(feed)
            if isinstance(feed, SequencedFeed):
                feed.resync("orders are followed from here on", at)

    def _introduce(self, feed: Feed) -> None:
        if self.companion is None:
            return
        if isinstance(feed, ExecutionsFeed):
            feed.accompany(self.companion.reports, partial(self.companion.doubted, feed.channel))
        elif isinstance(feed, BalancesFeed):
            feed.accompany(self.companion.ledger, partial(self.companion.doubted, feed.channel))

    # --- a Peer -----------------------------------------------------------------------------------------------------

    def opened(self, at: Instant) -> None:
        """A new connection stands."""
        self.talk.opened(at)
        for feed in list(self.feeds.values()):
            feed.connected(at)
        if self.companion is not None:
            self.companion.opened(at)

    def closed(self, reason: str, at: Instant) -> None:
        """The connection is gone, or could not be made."""
        self.talk.closed()
        for feed in list(self.feeds.values()):
            feed.disconnected(reason, at)
            standing = self.talk.standing(feed.key)
            if standing is not None and standing.want != feed.want and standing.stage is not Stage.REFUSED:
                # What a feed asks for after a gap can be more than what it asked for at first.
                self.talk.renew(feed.want)
        if self.companion is not None:
            self.companion.closed(reason, at)

    def gave_up(self, reason: str, at: Instant) -> None:
        """The address was refused too often, and is not tried again unasked."""
        for feed in list(self.feeds.values()):
            self.talk.drop(feed.key)
            feed.declined(reason, at)

    def hear(self, data: bytes | str, at: Instant) -> bool:
        """Take one frame. True when there may now be something to send, ask or time."""
        book = None
        if ENGINE.quicken is not None and type(data) is bytes:
            book = self._heads.get(data.partition(AFTER_SYMBOL)[0])
        if book is not None and book.hear(data, at):  # type: ignore[arg-type]
            # An update that its book could read from its bytes: all that it means is done.
            self.talk.heard_update(at)
        elif (message := self.talk.hear(data, at)) is not None:
            if type(message) is BookMessage:
                kind = message.type
                for change in message.data:
                    book = self._books.get(change.symbol)
                    if book is not None:
                        book.take(change, kind, at)
            else:
                self._route(message, at)
        if self.talk.events:
            self._settle(self.talk.take_events(), at)
            self._attention = True
        if self._attention:
            self._attention = False
            return True
        # Whatever is said on a private line may give its companion something to say, and it is not much.
        return self.companion is not None

    def let_time_pass(self, at: Instant) -> None:
        """Whatever is due at this moment. Without a connection only a companion has anything to do on time."""
        if self.talk.connected:
            self.talk.let_time_pass(at)
            self._settle(self.talk.take_events(), at)
            for feed in list(self.feeds.values()):
                feed.let_time_pass(at)
        if self.companion is not None:
            self.companion.let_time_pass(at)

    def to_send(self, at: Instant) -> list[str]:
        """The texts to write now, those about orders first."""
        texts = self._about_orders(at) if self.companion is not None else []
        texts += self.talk.to_send(at)
        self._settle(self.talk.take_events(), at)
        return texts

    def _about_orders(self, at: Instant) -> list[str]:
        """What the companion has to say, and the snapshots it needs."""
        assert self.companion is not None
        for channel in self.companion.to_renew():
            feed = self.feeds.get(Key(channel, None))
            if isinstance(feed, SequencedFeed):
                # One that is not LIVE has a snapshot on its way already.
                feed.resync("a fresh snapshot is needed", at)
        token = self.talk.token
        if token is None:
            return []
        texts = self.companion.to_send(token, partial(self.talk.new_req_id, at), at)
        if texts:
            self.talk.spoke(at)
        return texts

    def next_deadline(self, at: Instant) -> float | None:
        """When to be called next."""
        due: list[float | None] = []
        if self.talk.connected:
            due += [book.next_beat() for book in self._books.values()]
            due.append(self.talk.next_deadline(at))
            if any(isinstance(feed, OhlcFeed) for feed in self.feeds.values()):
                due.append(at.mono + 1.0)
        if self.companion is not None:
            due.append(self.companion.next_deadline(at))
        return min((moment for moment in due if moment is not None), default=None)

    def hang_up(self) -> str | None:
        """Why this connection should be replaced now."""
        return self.talk.hang_up()

    def excuse(self, lateness: float) -> None:
        """This side was late."""
        self.talk.excuse(lateness)
        if self.companion is not None:
            self.companion.excuse(lateness)

    def queries(self, at: Instant) -> list[Query]:
        """What is needed from REST."""
        wanted = self.talk.queries(at)
        return wanted if self.companion is None else wanted + self.companion.queries(at)

    def answered(self, query: Query, answer: Any, at: Instant) -> None:
        """A token came, or what the companion asked for."""
        if query.kind == "token":
            self.talk.token_came(answer, at)
        elif self.companion is not None:
            self.companion.answered(query, answer, at)

    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None:
        """No token came, or not what the companion asked for."""
        if query.kind == "token":
            self.talk.token_failed(reason, at, refused=refused)
            self._settle(self.talk.take_events(), at)
        elif self.companion is not None:
            self.companion.unanswered(query, reason, at, refused=refused)

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
        elif isinstance(message, InstrumentMessage):
            if listing := self._feed(InstrumentFeed, None, message.type):
                listing.take(message, at)
        elif isinstance(message, ExecutionsMessage):
            if executions := self._feed(ExecutionsFeed, None, message.type):
                executions.take(message, at)
        elif isinstance(message, BalancesMessage) and (balances := self._feed(BalancesFeed, None, message.type)):
            balances.take(message, at)

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
                    if self.companion is not None and feed.channel in PRIVATE_CHANNELS:
                        self.companion.acknowledged(event.result, at)
                elif isinstance(event, Declined):
                    feed.declined(event.text, at)
                elif isinstance(event, Silent):
                    feed.silent(event.final, at)

    def _status_changed(self, event: StatusChanged, at: Instant) -> None:
        """When the engine is back, what was known before is not trusted until it has come anew."""
        before = event.before.system if event.before is not None else None
        if before == "maintenance" and event.now.system != "maintenance":
            for feed in list(self.feeds.values()):
                if isinstance(feed, LadderFeed | SequencedFeed):
                    feed.resync("maintenance", at)
        if self.companion is not None:
            self.companion.status_changed(event.now, at)
        for feed in list(self.feeds.values()):
            for watcher in feed.watchers:
                watcher()

    def _spoiled(self, event: Spoiled, at: Instant) -> None:
        # A private channel has no symbols of its own, whatever its rows are about.
        symbols = () if event.channel in PRIVATE_CHANNELS else event.symbols
        for symbol in symbols or ("",):
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
