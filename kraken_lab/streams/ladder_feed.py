"""What the book and the level3 feed share: a ladder that every message proves, and that is withdrawn when it is not.

The I/O thread changes the ladder in place; other threads photograph it without waiting for that thread. A counter is
odd while the ladder is being changed, and a photograph during which it moved is thrown away and taken again.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from ..errors import ChecksumMismatch, DataError, NotReady, UnknownSymbol
from ..wire import Instant, Settings, Want
from .feed import Feed, StreamState, Upstream

__all__ = ["LadderFeed"]

TRIES = 10_000
"""Photographs thrown away before giving up: far more than any rate of messages can cause."""

_LIVE = StreamState.LIVE  # asked for with every message, and looking it up in its class takes longer than asking


class _Provable(Protocol):
    """A ladder that proves itself after each change, or raises a `DataError`."""

    def apply_change(self, change: Any, snapshot: bool) -> None: ...


class _Stamped(Protocol):
    """A change with the exchange's time of it."""

    @property
    def timestamp(self) -> str | None: ...


ChangeT = TypeVar("ChangeT", bound=_Stamped)
LadderT = TypeVar("LadderT", bound=_Provable)
PhotoT = TypeVar("PhotoT")


class LadderFeed(Feed, Generic[ChangeT, LadderT, PhotoT]):
    """A feed whose present state is a ladder: `BookFeed` and `Level3Feed`."""

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self.listeners: tuple[Callable[[], object], ...] = ()
        """Called on the I/O thread after every verified change."""
        self._ladder: LadderT | None = None
        self._version = 0
        self._precision: tuple[int, int] | None = None

    @property
    def depth(self) -> int:
        """Levels a side that are subscribed."""
        return self.want.depth or 10

    # --- for the channels to fill in --------------------------------------------------------------------------------

    @abstractmethod
    def _make(self, price_precision: int, qty_precision: int) -> LadderT:
        """An empty ladder at these precisions."""

    @abstractmethod
    def _photograph(self, ladder: LadderT, depth: int) -> PhotoT:
        """A frozen picture of the ladder."""

    def _changed(self, at: Instant) -> None:
        """The ladder changed and is proved: keep what is to be kept of it."""

    # --- what the connection tells ----------------------------------------------------------------------------------

    def take(self, change: ChangeT, kind: str, at: Instant) -> None:
        """One element of a message."""
        if kind == "snapshot":
            if not self._snapshot(change, at):
                return
            self.messages += 1
            self._changed(at)
            self._whole(at)
            for listener in self.listeners:
                listener()
        else:
            ladder = self._ladder
            if ladder is None or self.state is not _LIVE:
                # Until the snapshot is here, an update belongs to a ladder that was withdrawn.
                self.counters["discarded"] += 1
                return
            self._version += 1
            try:
                ladder.apply_change(change, False)
                self.last_at, self.stamp = at, change.timestamp
            except DataError as error:
                self._wrong(error, at)
                return
            finally:
                self._version += 1
            self._changed(at)
            self._updated()

    def _updated(self) -> None:
        """An update was applied and proved, and is in the tables."""
        self.messages += 1
        if self.watchers:
            self._tell()
        for listener in self.listeners:
            listener()

    def _snapshot(self, change: ChangeT, at: Instant) -> bool:
        """Begin anew from a snapshot. False if it is not one to begin from."""
        if self.state in (StreamState.FAILED, StreamState.STOPPED) or self.upstream.is_leaving(self):
            # One of a subscription that is given up may be of another depth: two depths never meet in one ladder.
            self.counters["discarded"] += 1
            return False
        if self.state is StreamState.LIVE:
            # Nobody asked for it, so nobody knows what lies between.
            self._interrupt("a snapshot came unasked", at)
        try:
            ladder = self._make(*self._digits())
            ladder.apply_change(change, True)
        except DataError as error:
            self._wrong(error, at)
            return False
        # A photograph shows the ladder, its epoch and its time together, so they change together.
        self._version += 1
        self._ladder = ladder
        self._begin(at)
        self.last_at, self.stamp = at, None
        self._version += 1
        return True

    def _digits(self) -> tuple[int, int]:
        """Decimals of prices and quantities, as listed now or, for a pair taken off the list, as listed last."""
        try:
            self._precision = self.upstream.precision_of(self.symbol)
        except UnknownSymbol:
            if self._precision is None:
                raise DataError(f"The reference data does not list {self.symbol}: its digits are unknown.") from None
        return self._precision

    def _wrong(self, error: DataError, at: Instant) -> None:
        """The ladder is not the exchange's. Nobody sees it; it is asked for anew, unless that was in vain too often."""
        self.counters["checksum mismatches" if isinstance(error, ChecksumMismatch) else "impossible messages"] += 1
        self._repair("checksum" if isinstance(error, ChecksumMismatch) else str(error), str(error), at)

    def spoiled(self, reason: str, at: Instant) -> None:
        """A message of this ladder could not be used, so the ladder lacks it."""
        self.counters["malformed"] += 1
        if self.state is StreamState.LIVE:
            self._repair(f"malformed message: {reason}", f"malformed message: {reason}", at)

    def _repair(self, reason: str, words: str, at: Instant) -> None:
        """Ask for a fresh snapshot, unless that was in vain too often."""
        if self._fails_too_often(at):
            limit = self.settings.resync_limit
            reason = f"given up after {limit} resyncs in {self.settings.resync_window:g} s: {words}"
            self._interrupt(reason, at)
            self._withdraw()
            self._enter(StreamState.FAILED, reason, at)
            self.upstream.give_up(self)
            return
        self.counters["resyncs"] += 1
        self._resync(reason, at)

    def resync(self, reason: str, at: Instant) -> None:
        """Ask for a fresh snapshot, as after maintenance or for another depth."""
        if self.state in (StreamState.LIVE, StreamState.STALE, StreamState.RESYNCING):
            self._resync(reason, at)

    def _withdraw(self) -> None:
        # After a failed change this happens while the counter is still odd, so nobody sees what failed.
        self._ladder = None

    def stop(self, at: Instant) -> None:
        """The user stopped it. Rows stay; a ladder that nobody keeps up is nobody's price."""
        super().stop(at)
        self._withdraw()

    def disconnected(self, reason: str, at: Instant) -> None:
        """The connection is gone, and with it all that was known."""
        super().disconnected(reason, at)
        self._withdraw()

    # --- what anybody may ask ---------------------------------------------------------------------------------------

    def photograph(self, depth: int | None = None) -> PhotoT:
        """A frozen picture of the ladder, verified as it stands, in any thread.

        Raises:
            NotReady: there is no verified ladder now; the text says why.
        """
        for _ in range(TRIES):
            before = self._version
            ladder = self._ladder
            if before % 2 == 0:
                if ladder is None:
                    raise NotReady(f"a verified {self.channel} of {self.symbol}", 0.0, self._said_state())
                try:
                    photo = self._photograph(ladder, depth or self.depth)
                except (IndexError, KeyError, RuntimeError, ValueError):
                    # Torn by a change that went on meanwhile; if not, the ladder is what raises it again.
                    if self._version == before:
                        raise
                else:
                    if self._version == before:
                        return photo
            time.sleep(0)
        raise NotReady(f"a moment of rest in the {self.channel} of {self.symbol}", 0.0, self._said_state())

    def _said_state(self) -> str:
        return f"{self.state}: {self.reason}" if self.reason else str(self.state)
