"""How far the exchange's clock is from ours, estimated from its answers."""

from __future__ import annotations

from collections import deque

from ..errors import Malformed
from .peer import Instant
from .timestamps import to_ns

__all__ = ["ClockOffset"]


class ClockOffset:
    """The exchange's time minus ours, from requests and their answers.

    The answer with the shortest way there and back says most, so the best of the last few counts.

    >>> offset = ClockOffset()
    >>> offset.learn(Instant(0.0, 0), Instant(0.2, 200_000_000), "1970-01-01T00:00:03.1Z", "1970-01-01T00:00:03.1Z")
    >>> offset.seconds, offset.round_trip
    (3.0, 0.2)
    """

    def __init__(self, keep: int = 16) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=keep)

    def learn(self, sent: Instant, heard: Instant, time_in: str | None, time_out: str | None) -> None:
        """Take one answer's ``time_in`` and ``time_out``. Unreadable times teach nothing."""
        try:
            reached, left = to_ns(time_in or ""), to_ns(time_out or "")
        except Malformed:
            return
        round_trip = (heard.wall_ns - sent.wall_ns) - (left - reached)
        # Four times as in NTP: what is not explained by the way there and back is the clocks' difference.
        offset = ((reached - sent.wall_ns) + (left - heard.wall_ns)) / 2
        self._samples.append((max(round_trip, 0) / 1e9, offset / 1e9))

    @property
    def seconds(self) -> float | None:
        """How far the exchange's clock is ahead of ours; None before any answer."""
        return min(self._samples)[1] if self._samples else None

    @property
    def round_trip(self) -> float | None:
        """The shortest way there and back lately, in seconds; None before any answer."""
        return min(self._samples)[0] if self._samples else None
