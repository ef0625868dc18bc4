"""One subscription as it lives: its state, its epochs, its gaps, and who wants to know.

A `Feed` belongs to one channel and symbol. It is owned by the I/O thread, which tells it what happened; its tables and
counters may be read from anywhere. What it hands out never changes.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from enum import StrEnum
from typing import ClassVar, Protocol

from ..tables import EventTable, Gap, GapLog, KeyedTable
from ..wire import Instant, Key, Settings, SubscribeResult, Want

__all__ = ["Feed", "StreamState", "Upstream"]


class StreamState(StrEnum):
    """How a stream is doing. A state is also its own text.

    >>> StreamState.LIVE == "LIVE"
    True
    """

    CONNECTING = "CONNECTING"
    """There is no connection now; one is being made."""
    SYNCING = "SYNCING"
    """Asked for; no data has come yet."""
    LIVE = "LIVE"
    """What it shows is what the exchange sends."""
    STALE = "STALE"
    """Acknowledged, but without data for too long."""
    RESYNCING = "RESYNCING"
    """What it had was found wrong and withdrawn; a fresh snapshot is on its way."""
    FAILED = "FAILED"
    """Given up, with a reason."""
    STOPPED = "STOPPED"
    """Stopped by the user."""


class Upstream(Protocol):
    """What a feed may ask of the connection it is on."""

    def renew(self, feed: Feed) -> None:
        """Unsubscribe and subscribe this feed alone, as its ``want`` now says."""

    def give_up(self, feed: Feed) -> None:
        """Unsubscribe this feed and do not ask again."""

    def delivered(self, feed: Feed) -> None:
        """The feed has its snapshot."""

    def is_leaving(self, feed: Feed) -> bool:
        """Whether what comes now still belongs to a subscription that is being given up."""

    def precision_of(self, symbol: str) -> tuple[int, int]:
        """Decimals of a symbol's prices and quantities, as the exchange now lists them."""

    def replace(self, reason: str) -> None:
        """Have the whole connection replaced."""


class Feed:
    """One channel and symbol on one connection. The I/O thread writes, everybody reads."""

    channel: ClassVar[str]

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        self.want, self.settings, self.upstream = want, settings, upstream
        self.state = StreamState.CONNECTING
        self.reason = ""
        """Why the state is what it is, where that needs saying."""
        self.since: Instant | None = None
        """When the state began; None before the first connection."""
        self.epoch = 0
        self.ready = False
        """Whether its first data is in."""
        self.gaps = GapLog()
        self.counters: Counter[str] = Counter()
        self.messages = 0
        self.last_at: Instant | None = None
        """When the last message of this feed came."""
        self.stamp: str | None = None
        """The exchange's own time of the last message, as sent, if it told of something new; with ``last_at`` it says
        how long that was on its way. None of a snapshot, which tells of the past.
        """
        self.rejection = ""
        """The exchange's words if it refused."""
        self.watchers: tuple[Callable[[], object], ...] = ()
        """Called on the I/O thread after anything changed; replaced, never changed in place."""
        self._difference = ""
        """What the exchange agreed to instead of what was asked, if anything."""
        self._gap_before = False
        self._open_gap: Gap | None = None
        self._failures: deque[float] = deque(maxlen=settings.resync_limit + 1)

    @property
    def key(self) -> Key:
        """The feed's place on its connection."""
        return self.want.key

    @property
    def symbol(self) -> str:
        """The pair, or an empty text for channels without one."""
        return self.want.symbol or ""

    @property
    def nbytes(self) -> int:
        """Bytes its tables hold."""
        return sum(table.nbytes for table in self.tables)

    @property
    def tables(self) -> tuple[EventTable | KeyedTable, ...]:
        """The tables it fills, the main one first."""
        return ()

    # --- what the connection tells ----------------------------------------------------------------------------------

    def connected(self, at: Instant) -> None:
        """There is a connection and the subscription is being asked for on it."""
        if self.state not in (StreamState.FAILED, StreamState.STOPPED):
            self._enter(StreamState.SYNCING, "", at)

    def disconnected(self, reason: str, at: Instant) -> None:
        """The connection is gone or could not be made."""
        if self.state in (StreamState.FAILED, StreamState.STOPPED):
            return
        self._interrupt(reason, at)
        self._enter(StreamState.CONNECTING, reason, at)

    def acknowledged(self, result: SubscribeResult, difference: str | None, at: Instant) -> None:
        """The exchange agreed, perhaps to something else than was asked."""
        self._difference = difference or ""
        if difference:
            self.counters["acknowledged differently"] += 1
            self.reason = difference
            self._tell()
        if not self.want.snapshot and self.state is not StreamState.LIVE:
            # There is nothing more to wait for.
            self._begin(at)
            self._whole(at)

    def declined(self, text: str, at: Instant) -> None:
        """The exchange refused for good."""
        self.rejection = text
        self._interrupt(f"refused: {text}", at)
        self._withdraw()
        self._enter(StreamState.FAILED, f"refused: {text}", at)

    def silent(self, final: bool, at: Instant) -> None:
        """Acknowledged without data; asked again once, and then said aloud."""
        if final:
            self._enter(StreamState.STALE, "acknowledged, but no data came", at)
        else:
            self.counters["asked again"] += 1

    def spoiled(self, reason: str, at: Instant) -> None:
        """A message of this feed could not be used, so something may be missing from here on."""
        self.counters["malformed"] += 1
        if self.state is not StreamState.LIVE:
            return
        if self._fails_too_often(at):
            # Asking again has not helped. What can be read goes on, and what could not is written down.
            self._skip(f"malformed message: {reason}", at)
        else:
            self._resync(f"malformed message: {reason}", at)

    def stop(self, at: Instant) -> None:
        """The user stopped it. Its rows stay, and so does the reason why it failed, if it did."""
        if self.state is not StreamState.FAILED:
            self._enter(StreamState.STOPPED, "", at)

    def let_time_pass(self, at: Instant) -> None:
        """Whatever this feed does on time alone."""

    # --- for the channels -------------------------------------------------------------------------------------------

    def _heard(self, at: Instant) -> None:
        self.messages += 1
        self.last_at, self.stamp = at, None

    def _begin(self, at: Instant, *, missed: int | None = None, filled: bool = False) -> Gap | None:
        """A snapshot is here, to be written next: a new epoch if there was a gap, which is closed and given."""
        gap = None
        if self.epoch == 0:
            self.epoch = 1
        elif self._open_gap is not None:
            self.epoch = self._open_gap.epoch
            gap = self.gaps.close(self.symbol, self.channel, at.wall_ns, missed=missed, filled=filled)
            self._open_gap = None
            self._gap_before = True
        self.upstream.delivered(self)
        return gap

    def _whole(self, at: Instant) -> None:
        """All that a message brought is written: now it may be seen and told, and not a row earlier."""
        self.ready = True
        if self.state is not StreamState.LIVE:
            self._enter(StreamState.LIVE, self._difference, at)
        else:
            self._tell()

    def _take_gap_flag(self) -> bool:
        """Whether the row about to be written is the first after a gap; True once."""
        flag, self._gap_before = self._gap_before, False
        return flag

    def _untimed(self, at: Instant) -> int:
        """The time of a row for which the exchange gave none: when it was received, in nanoseconds; counted."""
        self.counters["rows without the exchange's time"] += 1
        return at.wall_ns

    def _interrupt(self, reason: str, at: Instant) -> None:
        """Open a gap that began when the last message came, unless nothing had come or one is open already."""
        if self.epoch and self._open_gap is None:
            since = self.last_at or at
            self._open_gap = self.gaps.open(self.symbol, self.channel, since.wall_ns, reason, epoch=self.epoch + 1)

    def _fails_too_often(self, at: Instant) -> bool:
        """Count one failure; whether there were more than ``resync_limit`` in ``resync_window``."""
        self._failures.append(at.mono)
        limit = self.settings.resync_limit
        return len(self._failures) > limit and at.mono - self._failures[0] <= self.settings.resync_window

    def _skip(self, reason: str, at: Instant, *, missed: int | None = None) -> Gap:
        """Write down that something is missing here, while the stream goes on."""
        self.epoch += 1
        self._gap_before = True
        start = self.last_at or at
        return self.gaps.record(
            self.symbol, self.channel, start.wall_ns, at.wall_ns, reason, epoch=self.epoch, missed=missed
        )

    def _resync(self, reason: str, at: Instant) -> None:
        """What is here cannot be trusted: withdraw it and ask for a fresh snapshot of this symbol alone."""
        self._interrupt(reason, at)
        self._withdraw()
        self._enter(StreamState.RESYNCING, reason, at)
        self.upstream.renew(self)

    def _withdraw(self) -> None:
        """Take back what a reader must not see any more; a matter for channels that keep a present state."""

    def _enter(self, state: StreamState, reason: str, at: Instant) -> None:
        if state is not self.state or self.since is None:
            self.since = at
        self.state, self.reason = state, reason
        self._tell()

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher()
