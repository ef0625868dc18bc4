"""The order book's past: a column of levels on a steady beat, kept raw and binned when somebody looks.

Levels are kept at their own prices, not binned beforehand, so that the price range and the bins can be changed later
without losing anything. Where the stream had a gap there is a column that is empty.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace

import numpy as np

from ..errors import BadArgument
from .heat_grid import HeatGrid, grid_of
from .ladder_run import NOTHING, Levels, Numbers, Run, RunBuilder

__all__ = ["HeatGrid", "LadderHistory"]

LONGEST = 256
"""Columns after which one has all its levels again: so many must be read at most to know a column."""
_PIECES = 16
"""The bytes allowed are used in at least so many runs, because a run is what is thrown away at once."""

_NO_LEVELS = Levels.of([], [], [], [])


class LadderHistory:
    """Past ladders of one symbol, bounded in time and in bytes; the oldest columns go first and are counted.

    Every column has a number, which it keeps. One thread writes, any thread reads; what is read never changes. Only
    what changed from column to column is kept, 12 bytes a level: where a book of 1,000 levels a side changes in a
    hundred of them ten times a second, 64 MiB hold 90 minutes; where all of them change, more than four.

    Args:
        price_precision: decimals of a price; prices come as whole numbers of that unit.
        qty_precision: decimals of a quantity, for whoever writes one out.
        seconds: how far back to remember.
        beat: seconds between columns, for `due`.
        bytes: bound for what is kept.

    >>> history = LadderHistory(1)
    >>> history.sample(0, [999, 998], ["1", "2"], [1001], ["0.5"])
    >>> grid = history.grid(bins=2, price_range=(99.0, 101.0))
    >>> grid.bid_qty.tolist(), grid.ask_qty.tolist(), grid.best_ask.tolist()
    ([[3.0, 0.0]], [[0.0, 0.5]], [100.1])
    """

    def __init__(
        self,
        price_precision: int,
        qty_precision: int = 8,
        *,
        seconds: float = 3600.0,
        beat: float = 0.1,
        bytes: int = 64 << 20,
    ) -> None:
        if not seconds > 0:
            raise BadArgument("seconds", seconds, "a time above 0")
        if not beat > 0:
            raise BadArgument("beat", beat, "a time above 0")
        self.price_precision, self.qty_precision = price_precision, qty_precision
        self.seconds, self.beat, self._byte_bound = float(seconds), float(beat), bytes
        self._done: deque[Run] = deque()
        self._open = RunBuilder(0, gap=False)
        self._now = _NO_LEVELS
        """The newest ladder, from which the next one is told apart."""
        self._lock = threading.Lock()
        self._nbytes = 0
        """Bytes of the runs that are done."""
        self._oldest = 0

    # --- writing ----------------------------------------------------------------------------------------------------

    def due(self, at_ns: int) -> bool:
        """Whether it is time for another column: a beat has passed since the last one."""
        last = self.newest_ns
        return last is None or at_ns - last >= self.beat * 1e9

    def sample(
        self,
        at_ns: int,
        bid_prices: Numbers,
        bid_qty: Numbers,
        ask_prices: Numbers,
        ask_qty: Numbers,
    ) -> None:
        """Keeps a ladder: prices as whole numbers of the smallest unit, best first; quantities in base, in any form.

        Quantities are kept as float64. One that is a whole number of units below 2^51, divided by a power of ten,
        can be written out again with all its digits.
        """
        self._keep(at_ns, Levels.of(bid_prices, bid_qty, ask_prices, ask_qty), gap=False)

    def gap(self, at_ns: int) -> None:
        """Keeps an empty column: nothing is known of this moment."""
        self._keep(at_ns, _NO_LEVELS, gap=True)

    def _keep(self, at_ns: int, ladder: Levels, gap: bool) -> None:
        with self._lock:
            full = len(self._open) >= LONGEST or self._open.nbytes > self._byte_bound / _PIECES
            if gap is not self._open.gap or full:
                self._close(gap)
            best = (NOTHING, NOTHING) if gap else ladder.best
            self._open.add(at_ns, best, ladder.since(self._now) if len(self._open) else ladder)
            self._now = ladder
            self._forget(at_ns - self.seconds * 1e9)
            if self.nbytes > self._byte_bound and len(self._open) > 1:
                # Too much of it is not even done: the newest column stands alone then, with all its levels.
                self._open = RunBuilder(self._open.first + len(self._open) - 1, gap)
                self._open.add(at_ns, best, ladder)
                self._oldest = self._open.first

    def _close(self, gap: bool) -> None:
        """Go on in another run."""
        end = self._open.first + len(self._open)
        if len(self._open):
            self._done.append(self._open.run())
            self._nbytes += self._done[-1].nbytes
        self._open = RunBuilder(end, gap)

    def _forget(self, oldest_ns: float) -> None:
        """What is too old goes column by column, what is too much run by run."""
        done = self._done
        while done and (self.nbytes > self._byte_bound or done[0].times[-1] < oldest_ns):
            run = done.popleft()
            self._nbytes -= run.nbytes
            self._oldest = run.first + len(run)
        times, first = (done[0].times, done[0].first) if done else (self._open.times, self._open.first)
        self._oldest = max(self._oldest, first)
        while self._oldest - first < len(times) - 1 and times[self._oldest - first] < oldest_ns:
            self._oldest += 1

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def numbers(self) -> range:
        """The numbers of the columns that are kept, the oldest first."""
        with self._lock:
            return range(self._oldest, self._open.first + len(self._open))

    def runs(self, start: int | None = None, stop: int | None = None, *, standing: bool = False) -> list[Run]:
        """The columns from number ``start`` up to but not including ``stop``; None for all there is on that side.

        The first run is whole, unless with ``standing`` it stands on the column before ``start``, which the reader has.
        """
        with self._lock:
            first = self._oldest if start is None else max(start, self._oldest)
            standing = standing and first == start
            # Of the reader's own: what is worked out of a run is kept with it, as much again, and goes with the reader.
            kept = [replace(run) for run in self._done if run.first + len(run) > first]
            if len(self._open) and self._open.first + len(self._open) > first:
                kept.append(self._open.run(max(first - self._open.first, 0) if standing else 0))
        found = []
        for run in kept:
            if stop is not None and stop <= max(run.first, first):
                break
            cut = run if stop is None else run.until(stop - run.first)
            found.append(cut.after(max(first - run.first, 0), whole=not standing))
        return found

    def number_at(self, at_ns: int) -> int:
        """The number of the first column that is not before this moment; one more than there are if all are."""
        with self._lock:
            times = [(run.first, run.times) for run in self._done]
            times.append((self._open.first, np.array(self._open.times, dtype=np.int64)))
            oldest = self._oldest
        for first, moments in times:
            if len(moments) and moments[-1] >= at_ns:
                return max(oldest, first + int(np.searchsorted(moments, at_ns)))
        return times[-1][0] + len(times[-1][1])

    def grid(
        self,
        start_ns: int | None = None,
        end_ns: int | None = None,
        bins: int = 200,
        price_range: tuple[float, float] | None = None,
        columns: int | None = None,
    ) -> HeatGrid:
        """The ladders from ``start_ns`` up to and including ``end_ns``, binned by price.

        Args:
            start_ns: nanoseconds since 1970 UTC; None for all there is.
            end_ns: likewise.
            bins: how many price bins of one width.
            price_range: lowest and highest price in quote per base; None for all levels. Levels outside are left out.
            columns: of more of them the last of every few is taken, or the gap among those; None for all there are.

        Raises:
            BadArgument: ``bins`` or ``columns`` is below 1, or the range is not from a lower to a higher price.
        """
        for name, value in (("bins", bins), ("columns", 1 if columns is None else columns)):
            if type(value) is not int or value < 1:
                raise BadArgument(name, value, "a whole number, 1 or more")
        start = None if start_ns is None else self.number_at(start_ns)
        stop = None if end_ns is None else self.number_at(end_ns + 1)
        return grid_of(self.runs(start, stop), bins, price_range, self.price_precision, columns)

    @property
    def newest_ns(self) -> int | None:
        """When the newest column was, in nanoseconds since 1970 UTC; None while there is none."""
        with self._lock:
            if len(self._open):
                return self._open.times[-1]
            return int(self._done[-1].times[-1]) if self._done else None

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def nbytes(self) -> int:
        """Bytes held, Python's own included by estimate."""
        return self._nbytes + (self._open.nbytes if len(self._open) else 0)

    @property
    def evicted(self) -> int:
        """How many columns were dropped to stay within the bounds."""
        return self._oldest

    def __repr__(self) -> str:
        return f"<LadderHistory: {len(self)} columns, {self.nbytes / 1e6:.1f} MB, {self.evicted} evicted>"
