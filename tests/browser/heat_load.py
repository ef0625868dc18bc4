"""A book's past that grows as fast as it is told to, to be looked at in a notebook by a test: a thousand levels."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np

from kraken_lab.tables import Gap, LadderHistory, TableView, schema, view_of
from kraken_lab.tables.vitals import Vitals
from kraken_lab.views.live_heatmap import HeatLook, LiveHeatmap
from kraken_lab.views.own import Own

__all__ = ["HeatLoad"]

BEST = 600_000
NO_TRADES = view_of(schema("trade"), [])


class HeatLoad:
    """``levels`` a side; 600 columns at once, and then ``hz`` more a second, with ``changes`` levels that changed.

    All prices are BTC/USD with one decimal, all quantities with eight.
    """

    symbol = "BTC/USD"

    def __init__(self, hz: float = 20.0, levels: int = 500, changes: int = 50, columns: int = 600) -> None:
        self.hz, self.steps, self.ended = hz, 0, False
        self.own = Own()
        self._random = np.random.default_rng(7)
        self._heat = LadderHistory(1, 8)
        self._bids, self._asks = np.arange(BEST, BEST - levels, -1), np.arange(BEST + 10, BEST + 10 + levels)
        self._qty = self._random.integers(10**5, 10**9, 2 * levels) / 1e8
        self._changes, self._levels = changes, levels
        begin = time.time_ns() - int(columns * 1e8)
        for n in range(columns):
            self._step(begin + n * 100_000_000)
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def start(self) -> None:
        """Begin to change."""
        self._thread.start()

    def _go_on(self) -> None:
        while not self.ended:
            self._step(time.time_ns())
            time.sleep(1 / self.hz)

    def _step(self, at_ns: int) -> None:
        places = self._random.integers(0, 2 * self._levels, self._changes)
        self._qty[places] = self._random.integers(10**5, 10**9, self._changes) / 1e8
        moved = self.steps // 40 % 9  # the middle wanders a little
        bids, asks = self._bids + moved, self._asks + moved
        self._heat.sample(at_ns, bids, self._qty[: self._levels], asks, self._qty[self._levels :])
        self.steps += 1

    def now_ns(self) -> int:
        """This moment."""
        return time.time_ns()

    def history(self) -> LadderHistory:
        """All columns so far."""
        return self._heat

    def gaps(self) -> Sequence[Gap]:
        """None."""
        return ()

    def trades(self) -> tuple[int, TableView]:
        """None."""
        return 0, NO_TRADES

    def vitals(self) -> Vitals:
        """As of a book that is well."""
        return Vitals("LIVE", age=0.0, messages=self.steps, epoch=1, gaps=0, agreed=self.steps, failed=0)

    def heatmap(self, minutes: float = 1.0) -> LiveHeatmap:
        """Its picture."""
        return LiveHeatmap(self, "load of 1,000 levels [test]", HeatLook(minutes), own=lambda: self.own)
