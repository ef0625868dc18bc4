"""Which feed goes on which connection, and who still uses it.

The exchange carries one depth, one interval and one ticker trigger per symbol and connection. So a book is subscribed
once, at the deepest depth asked, and further intervals and triggers go on further public connections, up to four. There
is one private connection, which carries the account's channels and whoever places orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, Protocol, TypeVar

from ..errors import LimitReached
from ..market import InstrumentSnapshot
from ..wire import PRIVATE_CHANNELS, Companion, Instant, Settings, Want, level3_budget
from .balances_feed import BALANCES, BalancesFeed
from .executions_feed import EXECUTIONS, ExecutionsFeed
from .feed import Feed, StreamState
from .instrument_feed import InstrumentFeed
from .ladder_feed import LadderFeed
from .router import Router

__all__ = ["Desk", "Endpoint", "Line"]

Endpoint = Literal["public", "private", "level3"]

PUBLIC_CONNECTIONS = 4
LEVEL3_SYMBOLS = 200
"""Source: level3 channel page, symbols per connection."""

FeedT = TypeVar("FeedT", bound=Feed)


class Line(Protocol):
    """What carries a router: a connection of the room with the sockets."""

    def poke(self) -> None:
        """Look at once what there is to send."""

    def stop(self) -> None:
        """End it."""


OpenLine = Callable[[Endpoint, Router], Line]
"""Makes a connection for a router and starts it."""


class Desk:
    """All data of one lab. Owned by the I/O thread; every method is called there."""

    def __init__(self, settings: Settings, open_line: OpenLine, now: Callable[[], Instant]) -> None:
        self.settings = settings
        self.public: list[tuple[Router, Line]] = []
        self.private: list[tuple[Router, Line]] = []
        self.level3: list[tuple[Router, Line]] = []
        self.companion: Companion | None = None
        self._open_line, self._now = open_line, now
        self._level3_pace = level3_budget(settings)
        self._users: dict[Feed, int] = {}

    @property
    def routers(self) -> tuple[Router, ...]:
        """Every connection's router, public ones first."""
        return tuple(router for router, _ in self._lines)

    @property
    def _lines(self) -> tuple[tuple[Router, Line], ...]:
        return (*self.public, *self.private, *self.level3)

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """Every feed that is carried. May be asked from any thread."""
        return tuple(feed for router in self.routers for feed in tuple(router.feeds.values()))

    @property
    def instruments(self) -> InstrumentSnapshot:
        """The newest reference data."""
        for router in self.routers:
            for feed in router.feeds.values():
                if isinstance(feed, InstrumentFeed):
                    return feed.instruments
        return InstrumentSnapshot()

    def subscribe(self, want: Want, kind: type[FeedT]) -> FeedT:
        """The feed that carries ``want``, started if need be and counted as used once more.

        Raises:
            LimitReached: it would need a fifth public connection, or more memory than all tables may hold.
        """
        feed = self._find(want, kind)
        if feed is None:
            feed = self._start(want, kind)
        elif isinstance(feed, LadderFeed) and (want.depth or 0) > feed.depth:
            self._deepen(feed, want)
        self._users[feed] = self._users.get(feed, 0) + 1
        return feed

    def release(self, feed: Feed) -> None:
        """One user less; the last one ends the subscription."""
        left = self._users.get(feed, 0) - 1
        if left > 0:
            self._users[feed] = left
            return
        self._users.pop(feed, None)
        if self.companion is not None and feed.channel in PRIVATE_CHANNELS:
            # Whoever places orders depends on it, whether anybody looks at it or not.
            return
        for router, line in self._lines:
            if router.feeds.get(feed.key) is feed:
                router.remove(feed, self._now())
                line.poke()
        self._close_empty()

    def _close_empty(self) -> None:
        """Further connections are closed when nothing is on them; the first public one carries the instruments."""
        for lines in (self.public[1:], self.private, self.level3):
            for router, line in lines:
                if not router.feeds:
                    line.stop()
        self.public[1:] = [(router, line) for router, line in self.public[1:] if router.feeds]
        self.private = [(router, line) for router, line in self.private if router.feeds]
        self.level3 = [(router, line) for router, line in self.level3 if router.feeds]

    # --- whoever places orders --------------------------------------------------------------------------------------

    def accompany(self, companion: Companion) -> None:
        """Open the private connection for somebody who places orders, with both channels of the account on it.

        Called again, it starts what was given up in the meantime.

        Raises:
            LimitReached: the tables hold as much memory as they may.
        """
        is_new = self.companion is not companion
        self.companion = companion
        at = self._now()
        if is_new:
            for router, _ in self.private:
                router.accompany(companion, at)
        for feed in (self.subscribe(EXECUTIONS, ExecutionsFeed), self.subscribe(BALANCES, BalancesFeed)):
            # It stays for the companion's sake, not for a user's, who would have to give it back.
            self.release(feed)

    def poke_private(self) -> None:
        """The companion has something to say: look at once."""
        for _, line in self.private:
            line.poke()

    def _find(self, want: Want, kind: type[FeedT]) -> FeedT | None:
        for router in self.routers:
            feed = router.feeds.get(want.key)
            if not isinstance(feed, kind) or feed.state is StreamState.FAILED:
                continue
            same = (feed.want.interval, feed.want.event_trigger) == (want.interval, want.event_trigger)
            if isinstance(feed, LadderFeed) or same:
                return feed
        return None

    def _start(self, want: Want, kind: type[FeedT]) -> FeedT:
        held = sum(feed.nbytes for feed in self.feeds)
        if held >= self.settings.memory_total:
            raise LimitReached(
                f"{self.settings.memory_total >> 20} MiB of tables",
                self.settings.memory_total >> 20,
                f"They hold {held >> 20} MiB now: stop a stream, or bound one with stream.limit(rows=...).",
            )
        router, line = self._place(want)
        feed = kind(want, self.settings, router)
        failed = router.feeds.get(want.key)
        if failed is not None:
            router.remove(failed, self._now())
        router.add(feed, self._now())
        line.poke()
        return feed

    def _precision_of(self, symbol: str) -> tuple[int, int]:
        return self.instruments.precision(symbol)

    def _place(self, want: Want) -> tuple[Router, Line]:
        """A connection on which the want's place is free."""
        endpoint, lines = self._endpoint_of(want)
        for router, line in lines:
            there = router.feeds.get(want.key)
            full = endpoint == "level3" and len(router.feeds) >= LEVEL3_SYMBOLS
            if not full and (there is None or there.state is StreamState.FAILED):
                return router, line
        if endpoint == "public" and len(lines) >= PUBLIC_CONNECTIONS:
            raise LimitReached(
                "public connections",
                PUBLIC_CONNECTIONS,
                f"Each carries one interval and one ticker trigger of {want.symbol}: stop one of its streams first.",
            )
        router = Router(f"{endpoint} {len(lines) + 1}", self.settings, self._precision_of, self._level3_pace)
        if endpoint == "private" and self.companion is not None:
            router.accompany(self.companion, self._now())
        line = self._open_line(endpoint, router)
        lines.append((router, line))
        return router, line

    def _endpoint_of(self, want: Want) -> tuple[Endpoint, list[tuple[Router, Line]]]:
        if want.channel in PRIVATE_CHANNELS:
            return "private", self.private
        return ("level3", self.level3) if want.channel == "level3" else ("public", self.public)

    def _deepen(self, feed: LadderFeed[Any, Any, Any], want: Want) -> None:
        """Subscribe a ladder deeper. Shallower users go on, with views of the deeper one."""
        feed.want = replace(feed.want, depth=want.depth)
        at = self._now()
        if feed.state in (StreamState.LIVE, StreamState.STALE, StreamState.RESYNCING):
            feed.resync("deeper subscription", at)
        else:
            feed.upstream.renew(feed)
        self.poke(feed)

    def poke(self, feed: Feed) -> None:
        """Have the line of a feed look at once what there is to say."""
        for router, line in self._lines:
            if router.feeds.get(feed.key) is feed:
                line.poke()

    def close(self) -> None:
        """Stop every feed and end every connection."""
        at = self._now()
        for router, line in self._lines:
            for feed in list(router.feeds.values()):
                feed.stop(at)
            line.stop()
