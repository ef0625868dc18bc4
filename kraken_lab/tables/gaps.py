"""What was missed, written down: one row a gap, open until rows come again."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

from .schemas import schema
from .table_view import TableView, view_of

__all__ = ["Gap", "GapLog"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time for which a stream may lack rows. Times are nanoseconds since 1970 UTC.

    ``end_ns`` is None while the gap is open. ``missed`` is how many rows are lacking, None where that cannot be known;
    ``filled`` says it is proved that nothing is lacking any more. ``epoch`` is the one that begins after the gap.
    """

    symbol: str
    channel: str
    start_ns: int
    reason: str
    epoch: int
    end_ns: int | None = None
    missed: int | None = None
    filled: bool = False

    @property
    def is_open(self) -> bool:
        """Whether rows have not come again yet."""
        return self.end_ns is None

    @property
    def seconds(self) -> float | None:
        """How long it lasted, in seconds, or None while it is open."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e9


class GapLog:
    """The gaps of a stream, oldest first; at most one is open for a symbol and channel.

    One thread writes, any thread reads. Bounded: the oldest closed gaps go and are counted in `evicted`.

    >>> log = GapLog()
    >>> log.open("BTC/USD", "trade", 1_000_000_000, "silence", epoch=2).is_open
    True
    >>> log.close("BTC/USD", "trade", 3_500_000_000, missed=0, filled=True).seconds
    2.5
    """

    def __init__(self, *, rows: int = 10_000) -> None:
        self._open: dict[tuple[str, str], Gap] = {}
        self._closed: deque[Gap] = deque(maxlen=rows)
        self._lock = threading.Lock()
        self._evicted = 0

    def open(self, symbol: str, channel: str, at_ns: int, reason: str, *, epoch: int) -> Gap:
        """Opens a gap, and returns it. One that is open already keeps its start and its reason, and gets the epoch."""
        with self._lock:
            there = self._open.get((symbol, channel))
            gap = Gap(symbol, channel, at_ns, reason, epoch) if there is None else replace(there, epoch=epoch)
            self._open[symbol, channel] = gap
            return gap

    def close(
        self, symbol: str, channel: str, at_ns: int, *, missed: int | None = None, filled: bool = False
    ) -> Gap | None:
        """Closes the open gap of a symbol and channel, and returns it; None if there is none."""
        with self._lock:
            gap = self._open.pop((symbol, channel), None)
            if gap is None:
                return None
            gap = replace(gap, end_ns=max(at_ns, gap.start_ns), missed=missed, filled=filled)
            self._keep(gap)
            return gap

    def record(
        self,
        symbol: str,
        channel: str,
        start_ns: int,
        end_ns: int,
        reason: str,
        *,
        epoch: int,
        missed: int | None = None,
    ) -> Gap:
        """Writes down a gap that is over already, like rows lost to an overflow, and returns it."""
        gap = Gap(symbol, channel, start_ns, reason, epoch, end_ns, missed)
        with self._lock:
            self._keep(gap)
        return gap

    def fill(self, gap: Gap) -> Gap:
        """Marks a closed gap as filled, once its missing rows have been found and proved complete; returns the new one.

        A gap that is not in the log any more is returned as filled, and the log is left alone.
        """
        filled = replace(gap, filled=True, missed=0)
        with self._lock:
            for at, kept in enumerate(self._closed):
                if kept == gap:
                    self._closed[at] = filled
                    break
        return filled

    def _keep(self, gap: Gap) -> None:
        self._evicted += len(self._closed) == self._closed.maxlen
        self._closed.append(gap)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """All gaps, by start."""
        with self._lock:
            return tuple(sorted([*self._closed, *self._open.values()], key=lambda gap: gap.start_ns))

    @property
    def newest(self) -> Gap | None:
        """The gap that began last, also if it is still open; None if there is none."""
        with self._lock:
            last = [*self._open.values(), *([self._closed[-1]] if self._closed else [])]
        return max(last, key=lambda gap: gap.start_ns, default=None)

    @property
    def evicted(self) -> int:
        """How many closed gaps were dropped to stay within the bound."""
        return self._evicted

    def __len__(self) -> int:
        with self._lock:
            return len(self._closed) + len(self._open)

    def view(self) -> TableView:
        """The gaps as a table, by start. ``end`` is missing while a gap is open, ``missed`` where it is not known."""
        rows = [(g.symbol, g.channel, g.start_ns, g.end_ns, g.reason, g.missed, g.filled, g.epoch) for g in self.gaps]
        return view_of(schema("gaps"), rows)

    def __repr__(self) -> str:
        return f"<GapLog: {len(self)} gaps, {sum(gap.is_open for gap in self.gaps)} open>"
