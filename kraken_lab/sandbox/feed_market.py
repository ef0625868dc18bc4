"""The market of paper mode: the real exchange's public frames, handed in as text, and paper orders in their shadow.

Frames arrive over one or more sources (the client's connections), each in its own order. The instruments say what is
traded; a pair is *whole* while its book has proved itself, its trades are subscribed, and the sources of both have been
heard within ``silence_s``. Only then is anything matched. Otherwise the pair is paused, and says so: ``notices`` are
told, `FeedMarket.paused` gives the reason, and the pair is listed as ``cancel_only``, so that what is sent meanwhile is
refused in the exchange's own words. Open orders stay open, cancelling works, and nothing that happened meanwhile fills
anything.

After silence a pair goes on with the next message of its book that proves right: nothing was lost, it was only late.
After anything else (a wrong checksum, a message that cannot be read, a connection that ended, frames that the client
had to drop, a subscription that ended) it takes a new snapshot.
How orders are filled is told in `shadow_engine`. Nothing here reads a clock or opens anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any, Final, NamedTuple, get_args

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.arrivals import OrderIds
from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.followed_pair import FollowedPair
from kraken_lab.sandbox.instruments import Asset, Pair
from kraken_lab.sandbox.listing import Listing, SystemStatus
from kraken_lab.sandbox.numbers import NS_PER_SECOND, written
from kraken_lab.sandbox.permits import Permit, permit
from kraken_lab.sandbox.shadow_engine import FILL_MODEL, ShadowEngine
from kraken_lab.sandbox.sources import Sources
from kraken_lab.sandbox.upstream_clock import UpstreamClock
from kraken_lab.sandbox.upstream_frame import (
    Acknowledged,
    BadFrame,
    BookMessage,
    Instruments,
    Message,
    TradeMessage,
    read_frame,
)
from kraken_lab.sandbox.upstream_listing import BadEntry, read_asset, read_pair

__all__ = ["SILENCE_S", "FeedMarket", "Notice"]

SILENCE_S: Final = 5.0
"""After so many seconds without any frame a source is silent: the exchange beats about once a second."""
_STATUSES: Final[Mapping[str, SystemStatus]] = {status: status for status in get_args(SystemStatus)}


class Notice(NamedTuple):
    """A pair pauses, for that reason, or goes on (``reason`` is "")."""

    symbol: str
    reason: str
    ns: int


class _Acknowledged(NamedTuple):
    source: int
    depth: int | None


class FeedMarket:
    """All pairs of the real exchange, as far as its frames tell of them; a `MatchingMarket`. It starts empty.

    ``asset_listeners`` and ``pair_listeners`` are called with what is listed or changes, ``status_listeners`` with each
    state that the exchange tells, ``notices`` with each pause and its end; ``listeners`` and ``followers`` as those of
    `Market`.

    >>> market = FeedMarket(seed=7, start_ns=1_767_225_600_000_000_000)
    >>> market.hear('{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[]}}')
    >>> market.pairs, market.paused
    ({}, {})
    """

    def __init__(self, *, seed: int, start_ns: int, silence_s: float = SILENCE_S) -> None:
        self.pairs: dict[str, Pair] = {}
        self.assets: dict[str, Asset] = {}
        self.listing = Listing((), ())
        self.now_ns = start_ns
        self.listeners: list[Callable[[Batch], None]] = []
        self.followers: list[Callable[[], None]] = []
        self.asset_listeners: list[Callable[[Asset], None]] = []
        self.pair_listeners: list[Callable[[Pair], None]] = []
        self.status_listeners: list[Callable[[SystemStatus], None]] = []
        self.notices: list[Callable[[Notice], None]] = []
        self.frames = 0
        self.unreadable = 0
        self.entries_refused = 0
        self._silence_s = silence_s
        self._sources = Sources(round(silence_s * NS_PER_SECOND))
        self._clock = UpstreamClock()
        self._new_order_id = OrderIds(Random(f"{seed}/feed/ids")).new
        self._upstream: dict[str, Pair] = {}  # with the exchange's own statuses
        self._followed: dict[str, FollowedPair] = {}
        self._acknowledged: dict[tuple[str, str], _Acknowledged] = {}  # by channel and symbol

    # --- what the client hands in -----------------------------------------------------------------------------------

    def hear(self, raw: str, source: int = 0) -> None:
        """Take in one frame just as it was received. What is wrong with it is counted and acted on, never raised."""
        self.frames += 1
        self._sources.heard(source, self.now_ns)
        try:
            messages = read_frame(raw)
        except BadFrame as bad:
            self.unreadable += 1
            if bad.symbol in self._followed:
                with self._watched(bad.symbol) as followed:
                    followed.lose_book(f"a message could not be read ({bad})")
            return
        for message in messages:
            self._take(message, source)

    def gap(self, reason: str, source: int = 0) -> None:
        """Frames of a source are missing, or it has ended: the books that it told are void until it tells them anew."""
        for symbol in self._followed:
            with self._watched(symbol) as followed:
                followed.miss(source, reason)

    # --- time -------------------------------------------------------------------------------------------------------

    def next_due_ns(self) -> int:
        """When a source falls silent if nothing comes."""
        return self._sources.next_due_ns()

    def advance(self, to_ns: int) -> None:
        """Let time pass; a source that falls silent by then does so at its own time.

        Raises:
            SandboxError: ``to_ns`` is in the past.
        """
        if to_ns < self.now_ns:
            raise SandboxError(f"The market is at {self.now_ns} ns and cannot go back to {to_ns} ns.")
        while (due_ns := self._sources.next_due_ns()) <= to_ns:
            self.now_ns = max(self.now_ns, due_ns)
            for source in self._sources.fall_silent(due_ns):
                for symbol in self._followed:
                    with self._watched(symbol) as followed:
                        followed.fall_silent(source, f"nothing was heard for {self._silence_s:g} s")
        self.now_ns = to_ns

    def act(self, batch: Batch | None) -> None:
        """Publish what was done directly on an engine, at the time that the market has reached.

        None and empty batches, which changed nothing, are ignored.

        Raises:
            SandboxError: the batch is of another time.
        """
        if not batch:
            return
        if batch.ns != self.now_ns:
            raise SandboxError(
                f"The batch is of {batch.ns} ns, but the market is at {self.now_ns} ns: advance it first."
            )
        for listener in self.listeners:
            listener(batch)
        for follower in self.followers:
            follower()

    def permit(self, symbol: str, most: Permit) -> None:
        """Nothing: there are no participants here that a status could hold back."""

    # --- looking ----------------------------------------------------------------------------------------------------

    @property
    def paused(self) -> dict[str, str]:
        """The pairs that something was heard of and that are not matched now, with the reason."""
        return {symbol: followed.paused for symbol, followed in self._followed.items() if followed.paused}

    def facts(self) -> dict[str, Any]:
        """How the feed is doing, and what fills assume.

        ``frames`` taken in, ``unreadable`` ones, reference ``entries_refused``, ``missed_trades`` (ids that were
        skipped), the pairs ``matched`` and ``paused`` (with the reason), and what is at most ``ahead`` of each resting
        order, in base currency (None where its price lies beyond the visible book).
        """
        ahead = {
            order_id: None if qty is None else written(qty, followed.engine.pair.qty_precision)
            for followed in self._followed.values()
            for order_id, qty in followed.engine.queue(self.now_ns).items()
        }
        return {
            "frames": self.frames,
            "unreadable": self.unreadable,
            "entries_refused": self.entries_refused,
            "missed_trades": sum(followed.missed_trades for followed in self._followed.values()),
            "matched": [symbol for symbol, followed in self._followed.items() if not followed.paused],
            "paused": self.paused,
            "ahead": ahead,
            "fill_model": FILL_MODEL,
        }

    def engine(self, symbol: str) -> ShadowEngine:
        """The matching of a pair.

        Raises:
            SandboxError: no such pair, as for all that follow.
        """
        return self._follow(symbol).engine

    def last_price(self, symbol: str) -> int | None:
        """The price of the newest real trade; None if none has been told."""
        followed = self._known(symbol)
        return followed.last_price if followed else None

    def index_price(self, symbol: str) -> int | None:
        """The index is not public; the middle of the real book stands for it. None where there is no index."""
        followed = self._known(symbol)
        return followed.index_price() if followed else None

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _take(self, message: Message, source: int) -> None:
        if isinstance(message, BookMessage):
            if message.symbol in self._upstream:
                with self._watched(message.symbol) as followed:
                    batch = followed.hear_book(message, source, self.now_ns)
                self.act(batch)
        elif isinstance(message, TradeMessage):
            if message.symbol in self._upstream:
                with self._watched(message.symbol) as followed:
                    batch = followed.trades_subscribed(source, self.now_ns)
                self.act(batch)
                with self._watched(message.symbol) as followed:
                    for trade in message.trades:
                        is_past = message.is_snapshot
                        self.act(followed.hear_trade(trade, self._clock, self.now_ns, is_past=is_past))
        elif isinstance(message, Instruments):
            self._list(message)
        elif isinstance(message, Acknowledged):
            self._acknowledge(message, source)
        else:
            if self._sources.is_another(source, message.connection_id):
                self._start_anew(source)
            # A state that is new to us is one in which nothing should be begun.
            system = _STATUSES.get(message.system, "cancel_only")
            if system != self.listing.system:
                self.listing.set_system(system)
                for listener in self.status_listeners:
                    listener(system)

    def _start_anew(self, source: int) -> None:
        """A source is another connection now: nothing of its subscriptions survives."""
        self._acknowledged = {key: ack for key, ack in self._acknowledged.items() if ack.source != source}
        for symbol in self._followed:
            with self._watched(symbol) as followed:
                followed.lose_source(source, "its connection was replaced")

    def _acknowledge(self, message: Acknowledged, source: int) -> None:
        """A subscription of a book or of trades begins or ends; the others decide nothing here."""
        key = message.channel, message.symbol
        if message.channel not in ("book", "trade"):
            return
        if message.begins:
            self._acknowledged[key] = _Acknowledged(source, message.depth)
        else:
            self._acknowledged.pop(key, None)
        if message.symbol in self._upstream:
            with self._watched(message.symbol) as followed:
                batch = self._tell(followed, message, source)
            self.act(batch)

    def _tell(self, followed: FollowedPair, message: Acknowledged, source: int) -> Batch | None:
        if message.channel == "trade" and message.begins:
            return followed.trades_subscribed(source, self.now_ns)
        if message.channel == "trade":
            followed.lose_trades("its trades are not subscribed")
        elif message.begins:
            followed.book_subscribed(message.depth)
        else:
            followed.book_unsubscribed()
        return None

    def _list(self, message: Instruments) -> None:
        for entry, list_entry in [
            *((asset, self._list_asset) for asset in message.assets),
            *((pair, self._list_pair) for pair in message.pairs),
        ]:
            try:
                list_entry(entry)
            except BadEntry:
                self.entries_refused += 1

    def _list_asset(self, entry: object) -> None:
        asset = read_asset(entry)
        self.assets[asset.id] = asset
        self.listing.list_asset(asset)
        for tell in self.asset_listeners:
            tell(asset)

    def _list_pair(self, entry: object) -> None:
        pair = read_pair(entry)
        known = self._upstream.get(pair.symbol)
        if known is not None and _precision(pair) != _precision(known):
            # All that is kept of it is scaled by what its precisions were.
            pair = replace(known, status="work_in_progress")
        self._upstream[pair.symbol] = pair
        self._show(pair.symbol)

    def _show(self, symbol: str) -> None:
        """List a pair as it is upstream; as one that takes only cancels while it is not matched."""
        pair, followed = self._upstream[symbol], self._followed.get(symbol)
        if (followed is None or followed.paused) and permit(pair.status) > Permit.CANCELS:
            pair = replace(pair, status="cancel_only")
        if pair == self.pairs.get(symbol):
            return
        self.pairs[symbol] = pair
        self.listing.list_pair(pair)
        if followed is not None:
            followed.engine.pair = pair
        for listener in self.pair_listeners:
            listener(pair)

    def _known(self, symbol: str) -> FollowedPair | None:
        """The pair, if anything has been heard of it or asked of it yet."""
        if symbol not in self.pairs:
            raise SandboxError(f"{symbol!r} is not traded in this market.")
        return self._followed.get(symbol)

    def _follow(self, symbol: str) -> FollowedPair:
        followed = self._known(symbol)
        if followed is None:
            followed = self._followed[symbol] = FollowedPair(self.pairs[symbol], self._sources, self._new_order_id)
            for channel in ("book", "trade"):
                ack = self._acknowledged.get((channel, symbol))
                if ack is not None:
                    self._tell(followed, Acknowledged(True, channel, symbol, ack.depth), ack.source)
        return followed

    @contextmanager
    def _watched(self, symbol: str) -> Iterator[FollowedPair]:
        """The pair, of which it is told whether it paused or went on meanwhile."""
        followed = self._follow(symbol)
        before = followed.paused
        yield followed
        if followed.paused != before:
            self._show(symbol)
            for notice in self.notices:
                notice(Notice(symbol, followed.paused, self.now_ns))


def _precision(pair: Pair) -> tuple[int, int, int]:
    return pair.price_precision, pair.qty_precision, pair.cost_precision
