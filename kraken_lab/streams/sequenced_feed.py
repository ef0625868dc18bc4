"""What the private channels share: their messages are numbered, and somebody else depends on every one of them.

Within a subscription the numbers go up by one. The first message is a snapshot and gives the baseline. A number that
was skipped means that something is lost for good: the channel alone is subscribed again, and until its fresh snapshot
nothing of it is to be relied on. A number that came before is dropped and counted.

Source: "Executions" and "Balances", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ..wire import BalancesMessage, ExecutionsMessage, Instant, Settings, Want
from .feed import Feed, StreamState, Upstream

__all__ = ["SequencedFeed"]

MessageT = TypeVar("MessageT", ExecutionsMessage, BalancesMessage)


def _nobody(*said: object) -> None:
    """For a feed that nobody accompanies."""


class SequencedFeed(Feed, Generic[MessageT]):
    """One private channel: its sequence is enforced, and whoever accompanies it hears every message once."""

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self.sequence: int | None = None
        """The number of the last message that was taken."""
        self._hand_over: Callable[[MessageT, Instant], object] = _nobody
        self._doubt: Callable[[str, Instant], object] = _nobody

    def accompany(
        self, hand_over: Callable[[MessageT, Instant], object], doubt: Callable[[str, Instant], object]
    ) -> None:
        """Have every message handed over once it is known to be the next one, and every doubt told."""
        self._hand_over, self._doubt = hand_over, doubt

    # --- what the connection tells ----------------------------------------------------------------------------------

    def take(self, message: MessageT, at: Instant) -> None:
        """One message of the channel."""
        follows = self._follows(message, at)
        self._heard(at)
        if not follows:
            return
        if message.type == "snapshot":
            self._begin(at)
        else:
            self.stamp = getattr(message.data[-1], "timestamp", None) if message.data else None
        doubtful = self._write(message, at)
        self._hand_over(message, at)
        self._whole(at)
        if doubtful:
            self._repair(doubtful, at)

    def _write(self, message: MessageT, at: Instant) -> str:
        """Write a message's rows. Gives why a fresh snapshot is needed all the same, or an empty text."""
        raise TypeError(f"{type(self).__name__} does not say what it writes")

    def _follows(self, message: MessageT, at: Instant) -> bool:
        if self.state is not StreamState.LIVE:
            if message.type != "snapshot":
                self.counters["discarded"] += 1
                return False
            self.sequence = message.sequence
            return True
        last = self.sequence or 0
        if message.sequence <= last and (message.type != "snapshot" or message.sequence == last):
            self.counters["repeated messages"] += 1
            return False
        if message.type == "snapshot":
            # Nobody asked for it, so nobody knows what lies between.
            self._repair("a snapshot came unasked", at)
            return False
        if message.sequence > last + 1:
            self.counters["sequence jumps"] += 1
            self._repair(f"sequence went from {last} to {message.sequence}", at)
            return False
        self.sequence = message.sequence
        return True

    def spoiled(self, reason: str, at: Instant) -> None:
        """A message of this channel could not be used, so what came of it is not known."""
        self.counters["malformed"] += 1
        if self.state is StreamState.LIVE:
            self._repair(f"malformed message: {reason}", at)

    def declined(self, text: str, at: Instant) -> None:
        """The exchange refused for good."""
        super().declined(text, at)
        self._doubt(f"refused: {text}", at)

    def resync(self, reason: str, at: Instant) -> None:
        """Ask for a fresh snapshot, as after maintenance or for somebody who has not heard the last one."""
        if self.state in (StreamState.LIVE, StreamState.STALE):
            self._resync(reason, at)

    # --- getting in step again --------------------------------------------------------------------------------------

    def _repair(self, reason: str, at: Instant) -> None:
        """Ask for a fresh snapshot; if that was in vain too often, for a fresh connection."""
        self.counters["resyncs"] += 1
        if not self._fails_too_often(at):
            self._resync(reason, at)
            return
        self._interrupt(reason, at)
        self._enter(StreamState.RESYNCING, reason, at)
        self._doubt(reason, at)
        self.upstream.replace(f"{self.channel} does not get in step: {reason}")

    def _resync(self, reason: str, at: Instant) -> None:
        super()._resync(reason, at)
        self._doubt(reason, at)
