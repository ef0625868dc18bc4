"""The only clock in the package. Everything else is told what time it is."""

from __future__ import annotations

import time
from typing import Protocol

from ..wire import Instant

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Something that knows the time. ``Instant.mono`` must run at the pace of the event loop's own time."""

    def now(self) -> Instant:
        """This moment, on the monotonic and on the wall clock."""


class SystemClock:
    """The machine's clocks.

    >>> earlier, later = SystemClock().now(), SystemClock().now()
    >>> earlier.mono <= later.mono
    True
    """

    def now(self) -> Instant:
        """This moment, on the monotonic and on the wall clock."""
        return Instant(time.monotonic(), time.time_ns())
