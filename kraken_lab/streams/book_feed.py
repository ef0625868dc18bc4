"""The order book of one symbol, proved by every message, and its top over time.

Source: "Book (Level 2)" and "Book checksum", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..errors import DataError
from ..market import ENGINE, Best, Book, BookSnapshot, RowsOfTop, update_time
from ..tables import EventTable, LadderHistory, schema
from ..wire import BookChange, Instant, Settings, Want
from .feed import StreamState, Upstream
from .ladder_feed import LadderFeed
from .top_rows import TopRows

__all__ = ["BookFeed"]

HEAT_SECONDS = 3600.0

LIVE = StreamState.LIVE  # as in `LadderFeed`


class BookFeed(LadderFeed[BookChange, Book, BookSnapshot]):
    """The book of one symbol at the deepest depth anybody asked for."""

    channel: ClassVar[str] = "book"

    _stamp: str | None = None
    _stamped: bytes | None = None

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self.history = EventTable(
            schema("book_history"), rows=settings.ring_rows, bytes=settings.ring_bytes, symbols=[self.symbol]
        )
        self.heat: LadderHistory | None = None
        self._top: Best | None = None
        self._rows: TopRows | None = None
        """Where rows wait that the ladder has written itself."""
        self._next_beat = 0.0

    @property
    def tables(self) -> tuple[EventTable, ...]:
        """The top of the book over time."""
        return (self.history,)

    @property
    def nbytes(self) -> int:
        """Bytes of the history and of the heatmap's memory."""
        return super().nbytes + (self.heat.nbytes if self.heat is not None else 0)

    @property
    def stamp(self) -> str | None:
        """As of every feed; in an update that the ladder read it is looked up when it is asked for."""
        frame = self._stamped
        return self._stamp if frame is None else update_time(frame)

    @stamp.setter
    def stamp(self, told: str | None) -> None:
        self._stamp, self._stamped = told, None

    def _make(self, price_precision: int, qty_precision: int) -> Book:
        if self.heat is None or self.heat.price_precision != price_precision:
            self.heat = LadderHistory(
                price_precision,
                qty_precision,
                seconds=HEAT_SECONDS,
                beat=self.settings.beat,
                bytes=self.settings.ring_bytes,
            )
        self._rows = None
        self.history.draw_from(None)
        # The book counts in units of its last decimals, so its rows need no text and no rounding.
        price, qty = price_precision, qty_precision
        self.history.count_in({"bid": price, "bid_qty": qty, "ask": price, "ask_qty": qty})
        return Book(self.symbol, self.depth, price_precision, qty_precision)

    def _photograph(self, ladder: Book, depth: int) -> BookSnapshot:
        at = self.last_at
        return ladder.snapshot(depth, received_at_ns=at.wall_ns if at is not None else 0, epoch=self.epoch)

    def hear(self, frame: bytes, at: Instant) -> bool:
        """An update as it came, for the compiled engine. False if it must be decoded first: nothing has changed."""
        ladder, quicken = self._ladder, ENGINE.quicken
        if ladder is None or quicken is None or self.state is not LIVE:
            return False
        self._version += 1
        try:
            if type(ladder) is Book:
                ladder = self._ladder = quicken(ladder, self._hand_over)
            if not ladder.read(frame, at.wall_ns):
                return False
            self.last_at, self._stamped = at, frame
        except DataError as error:
            self._wrong(error, at)
            return True
        finally:
            self._version += 1
        self._updated()
        return True

    def _hand_over(self, rows: RowsOfTop | None) -> None:
        """The ladder writes the rows of its top itself from here on, or no longer."""
        if rows is None:
            self._top = self._ladder.best() if self._ladder is not None else None
            self._rows = None
        elif self._rows is None:
            self._rows = TopRows(rows, self.symbol, self.epoch)
        self.history.draw_from(self._rows)

    def _changed(self, at: Instant) -> None:
        ladder = self._ladder
        if ladder is None:
            return
        top, gap_before = ladder.best(), self._gap_before
        if top is self._top and not gap_before:
            return
        self._top, self._gap_before = top, False
        time = ladder.timestamp or self._untimed(at)
        self.history.append((time, at.wall_ns, ladder.symbol, *top, True, self.epoch, gap_before))

    # --- the heatmap's memory ---------------------------------------------------------------------------------------

    def next_beat(self) -> float | None:
        """When the next column of the heatmap's memory is due, in monotonic seconds; None before any book."""
        return self._next_beat if self.heat is not None else None

    def let_time_pass(self, at: Instant) -> None:
        """Remember the ladder as it stands, on a steady beat; an empty column while it is not known."""
        if self.heat is None or at.mono < self._next_beat or self.state is StreamState.STOPPED:
            return
        self._next_beat = at.mono + self.settings.beat
        if self._ladder is None:
            self.heat.gap(at.wall_ns)
        else:
            # Floats, because this is for looking at; divided by a whole number they can be written out exactly.
            units = 10.0**self._ladder.qty_precision
            bid_prices, bid_qty = self._ladder.scaled("bids")
            ask_prices, ask_qty = self._ladder.scaled("asks")
            self.heat.sample(
                at.wall_ns,
                bid_prices,
                np.array(bid_qty, dtype=np.float64) / units,
                ask_prices,
                np.array(ask_qty, dtype=np.float64) / units,
            )
