"""A table that changes as fast as it is told to, to be shown in a notebook by a test: a thousand levels of a book."""

from __future__ import annotations

import random
import threading
import time
from itertools import accumulate

from kraken_lab.market import BookSnapshot
from kraken_lab.market.ladder import Ladder
from kraken_lab.streams.ladder_view import book_view
from kraken_lab.tables import TableView, schema
from kraken_lab.tables.vitals import Vitals
from kraken_lab.views import show_live
from kraken_lab.views.live_table import LiveTableView
from kraken_lab.views.pump import PUMP

__all__ = ["Load", "Meter", "Steps"]


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

    def books(self, rows: int) -> list[BookSnapshot]:
        """The ladder now, as real books are asked for it."""
        return [self._book]

    def photograph(self, rows: int) -> TableView:
        """The same as a table."""
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


class Steps:
    """A few levels of one book, or of two, or none, that change when a test says so; all fit on a screen."""

    schema = schema("book")
    order_by = None
    ended = False

    def __init__(self) -> None:
        self._random = random.Random(3)
        self._sides: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
        self._digits, self._symbols, self._step = 1, 2, 0
        for symbol in ("BTC/USD", "ETH/USD"):
            self._sides[symbol] = {99 - n: 10**8 for n in range(3)}, {100 + n: 10**8 for n in range(3)}

    def step(self) -> list[list[str]]:
        """Let something happen, and say how the rows are written then."""
        rng = self._random
        self._step += 1
        if self._step % 6 == 0:
            self._symbols = rng.randrange(3)
        if self._step % 10 == 0:
            self._digits = rng.randrange(3)
        for symbol in self._sides:
            for _ in range(rng.randrange(3)):
                sign = rng.choice((-1, 1))
                side = self._sides[symbol][sign > 0]
                price = 99 + (sign > 0) + sign * rng.randrange(4)
                if price in side and rng.random() < 0.5:
                    del side[price]
                else:
                    side[price] = rng.choice((rng.randrange(1, 10**9), 10**20 + 1))
        return self._written()

    def _written(self) -> list[list[str]]:
        rows: list[list[str]] = []
        for book in self.books(1000):
            for side, levels in (("ask", book.asks), ("bid", book.bids)):
                sums = list(accumulate(qty for _, qty in levels))
                cells = [
                    [book.symbol, side, str(at), f"{price:f}", f"{qty:f}", f"{total:f}"]
                    for at, ((price, qty), total) in enumerate(zip(levels, sums, strict=True))
                ]
                rows += cells[::-1] if side == "ask" else cells
        return rows

    def pulse(self) -> object:
        """The number of the step."""
        return self._step

    def books(self, rows: int) -> list[BookSnapshot]:
        """As many as there are now."""
        books = []
        for symbol, (bids, asks) in [*self._sides.items()][: self._symbols]:
            below, above = (
                Ladder(tuple(keys), tuple(f"{abs(key)}{side[abs(key)]}" for key in keys), self._digits, 8)
                for side, keys in ((bids, sorted(-price for price in bids)), (asks, sorted(asks)))
            )
            books.append(BookSnapshot(symbol, 10, below, above))
        return books

    def photograph(self, rows: int) -> TableView:
        """The same as a table."""
        return book_view(self.books(rows))

    def vitals(self) -> Vitals:
        """As of a book that is well."""
        return Vitals("LIVE", messages=self._step)

    def _repr_html_(self) -> str:
        return "<table><tr><td>still</td></tr></table>"


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
