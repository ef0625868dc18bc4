"""A table that changes as fast as it is told to, to be shown in a notebook by a test: a thousand levels of a book."""

from __future__ import annotations

import random
import threading
import time

from kraken_lab.market import BookSnapshot
from kraken_lab.market.ladder import Ladder
from kraken_lab.streams.ladder_view import book_view
from kraken_lab.tables import TableView, schema
from kraken_lab.tables.vitals import Vitals
from kraken_lab.views import show_live
from kraken_lab.views.live_table import LiveTableView
from kraken_lab.views.pump import PUMP

__all__ = ["Load", "Meter"]


class Load:
    """A book of 500 levels a side, ``hz`` times a second a fifth of all quantities changes."""

    schema = schema("book")
    order_by = None

    def __init__(self, hz: float = 20.0, levels: int = 500) -> None:
        self.levels, self.hz, self.steps = levels, hz, 0
        self.ended = False
        self._random = random.Random(7)
        self._quantities = [self._random.randrange(10**5, 10**9) for _ in range(2 * levels)]
        self._book = self._snapshot()
        self._thread = threading.Thread(target=self._change, daemon=True)
        self._thread.start()

    def _change(self) -> None:
        while not self.ended:
            for _ in range(len(self._quantities) // 5):
                at = self._random.randrange(len(self._quantities))
                self._quantities[at] = self._random.randrange(10**5, 10**9)
            self._book = self._snapshot()
            self.steps += 1
            time.sleep(1 / self.hz)

    def pulse(self) -> object:
        """The number of the step."""
        return self.steps

    def photograph(self, rows: int) -> TableView:
        """The ladder now, by the road that real books take."""
        return book_view([self._book])

    def _snapshot(self) -> BookSnapshot:
        bids, asks = self._quantities[: self.levels], self._quantities[self.levels :]
        return BookSnapshot("BTC/USD", self.levels, _side(-1, 600_000, bids), _side(1, 600_010, asks))

    def vitals(self) -> Vitals:
        """As of a book that is well."""
        return Vitals("LIVE", age=0.0, messages=self.steps, epoch=1, gaps=0, agreed=self.steps, failed=0)

    def _repr_html_(self) -> str:
        return "<table><tr><td>still</td></tr></table>"

    def show(self) -> LiveTableView:
        """Show it in the cell that runs; the view that keeps it fresh."""
        show_live(self, "load of 1,000 rows [test]")
        return next(view for view in PUMP.pictures[::-1] if isinstance(view, LiveTableView))


def _side(sign: int, best: int, quantities: list[int]) -> Ladder:
    """Levels a tick apart from the best price on, bids with a sign of -1."""
    keys = tuple(sign * best + n for n in range(len(quantities)))
    return Ladder(keys, tuple(f"{abs(key)}{qty}" for key, qty in zip(keys, quantities, strict=True)), 1, 8)


class Meter:
    """What a view costs from now on: frames, bytes, and the processor time of the pump's whole thread.

    The kernel is left alone meanwhile: a cell that waited here would keep it from hearing the browser.
    """

    def __init__(self, view: LiveTableView) -> None:
        (thread,) = (thread for thread in threading.enumerate() if thread.name == "kraken_lab views")
        assert thread.ident is not None
        self._view, self._clock = view, time.pthread_getcpuclockid(thread.ident)
        self._begin = self._now()

    def _now(self) -> tuple[float, int, int, float]:
        return time.monotonic(), self._view.seq, self._view.nbytes, time.clock_gettime(self._clock)

    def read(self) -> dict[str, float]:
        """Frames a second, and bytes and milliseconds a frame."""
        seconds, frames, nbytes, cpu = (now - then for now, then in zip(self._now(), self._begin, strict=True))
        return {"per_s": frames / seconds, "bytes": nbytes / max(frames, 1), "cpu_ms": 1e3 * cpu / max(frames, 1)}
