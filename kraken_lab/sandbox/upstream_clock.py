"""When something that the real exchange dates happened, on the clock of this machine.

Their clock may be ahead of ours or behind, and what they say takes a while to get here. The least difference between
arrival and date ever seen is both together for the fastest message; so ``date + least`` is the earliest that anybody
here could have known. A message that arrives later than that was held up, and what it tells is that much older.
"""

from __future__ import annotations

from typing import Final

__all__ = ["UpstreamClock"]

_CREEP: Final = 10_000
"""The least difference is forgotten by one part in so many of the time that passes, since clocks drift."""


class UpstreamClock:
    """Learns from every dated message; all times are nanoseconds since the Unix epoch.

    >>> clock = UpstreamClock()
    >>> clock.earliest(100, now_ns=130), clock.earliest(200, now_ns=290), clock.earliest(300, now_ns=320)
    (130, 230, 320)
    """

    def __init__(self) -> None:
        self._least: int | None = None
        self._at_ns = 0

    def earliest(self, dated_ns: int, now_ns: int) -> int:
        """When what is dated so, and has arrived now, could first have been known here; no later than now."""
        difference = now_ns - dated_ns
        if self._least is None:
            self._least = difference
        else:
            self._least = min(self._least + (now_ns - self._at_ns) // _CREEP, difference)
        self._at_ns = now_ns
        return dated_ns + self._least
