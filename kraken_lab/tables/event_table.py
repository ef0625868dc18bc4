"""The append-only table behind a stream: one thread writes rows, any thread takes photographs."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

import numpy as np

from ..errors import BadArgument
from .buffer import Buffer, row_bytes
from .columns import Array, Values, Words, pack
from .decimals import written_out
from .row import Row
from .schemas import Schema
from .table_view import TableView

__all__ = ["EventTable", "RowSource"]

_BATCH = 1024
_SMALLEST = 256


class RowSource(Protocol):
    """Rows that wait elsewhere. One thread adds to them, another may take them."""

    def waiting(self) -> Sequence[Values] | None:
        """Those that wait, column by column, oldest first, as `pack` takes them; None if none does."""

    def took(self, count: int) -> None:
        """So many of them are in the table."""


class EventTable:
    """Rows as they came, bounded in number and in bytes; what is evicted is counted.

    A row is a tuple with one value for each column of the schema, in order, as it came off the wire: a time as int
    nanoseconds or RFC 3339 text, a price or quantity as `Decimal`, text or int, None where there is none. A value that
    cannot be read becomes missing (0 or False in a column that cannot miss) and is counted in `unreadable`.

    How it is safe without slowing the writer down. Waiting rows lie in one flat list, value behind value: nothing is
    kept of a row but its values, and a column is a slice with a step. Appending is one ``list.extend`` by a whole row:
    atomic, and it waits for nobody. Packing the waiting rows into arrays is done by one thread at a time, under a lock:
    by a reader before it looks, or by the writer after every 1,024 rows, unless a reader is at it already. The packer
    copies the first n waiting rows, writes them behind the last packed row, and only then deletes those n from the
    list; the writer meanwhile only adds at the other end. A view is a window on rows packed before it was made. Their
    slots are never written again: when the arrays are full, or their bound changes, new ones are allocated and the
    newest rows carried over (see `Buffer`). So a view never changes, and what it costs is only the memory it keeps
    alive, shown as `memory_held_by_views`.

    Rows can also wait with somebody who writes them by himself, a `RowSource`: see `draw_from`. Then none wait here.

    Args:
        schema: the columns.
        rows: how many rows to keep, the newest.
        bytes: upper bound for the arrays; the stricter of the two bounds holds.
        symbols: symbols known beforehand, so that an empty frame has the same categories as a full one.
        units: decimal columns in which whole numbers count units of one: ``{"bid": 2}`` for cents; see `count_in`.

    >>> from kraken_lab.tables import schema
    >>> table = EventTable(schema("trade"), symbols=["BTC/USD"])
    >>> table.append((1, 2, "BTC/USD", "buy", "61234.10", "0.5", "limit", 7, 1, False, "live"))
    >>> table.view().pandas()["price"].tolist(), table.latest.price
    ([61234.1], Decimal('61234.10'))
    """

    def __init__(
        self,
        schema: Schema,
        *,
        rows: int = 100_000,
        bytes: int = 64 << 20,
        symbols: Sequence[str] = (),
        units: Mapping[str, int] | None = None,
    ) -> None:
        self.schema = schema
        self._width, self._row_bytes = len(schema), row_bytes(schema)
        self._batch = _BATCH * self._width
        self._waiting: list[Any] = []
        self._newest: tuple[Any, ...] | None = None
        self._source: RowSource | None = None
        self._lock = threading.Lock()
        self._words = {
            at: Words([*column.words, *(symbols if column.name == "symbol" else ())])
            for at, column in enumerate(schema.columns)
            if column.kind == "category"
        }
        self._units: dict[int, int] = {}
        self._row_bound, self._byte_bound = _bound("rows", rows), _bound("bytes", bytes)
        self._buffer = Buffer(schema, self._words, 0)
        self._first = 0  # the oldest row of the buffer that is still kept
        self._evicted = self._unreadable = 0
        self._left_behind: list[tuple[weakref.ref[Array], int]] = []
        self.count_in(units or {})

    # --- writing: one thread ---------------------------------------------------------------------------------------

    def append(self, values: tuple[Any, ...]) -> None:
        """Adds a row, in 0.1 us; packing comes later.

        Raises:
            BadArgument: not one value for each column.
        """
        if len(values) != self._width:
            raise BadArgument("values", values, f"{self._width} values: {', '.join(self.schema.names)}")
        waiting = self._waiting
        waiting.extend(values)
        if len(waiting) >= self._batch:
            self._pack_unless_busy()

    def extend(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Adds rows, all or none.

        Raises:
            BadArgument: one of them has not one value for each column.
        """
        rows = list(rows)
        for values in rows:
            if len(values) != self._width:
                raise BadArgument("values", values, f"{self._width} values: {', '.join(self.schema.names)}")
        self._waiting.extend(list(chain.from_iterable(rows)))
        if len(self._waiting) >= self._batch:
            self._pack_unless_busy()

    def draw_from(self, source: RowSource | None) -> None:
        """From now on rows wait with ``source``, and nobody appends any; with None again here.

        What waits so far is packed first. With the same source again only that is done, unless a reader is at it.
        """
        if source is self._source:
            self._pack_unless_busy()
        else:
            with self._lock:
                self._pack()
                self._source = source

    def _pack_unless_busy(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._pack()
            finally:
                self._lock.release()

    def count_in(self, units: Mapping[str, int]) -> None:
        """From the next row on, whole numbers in these decimal columns count units of so many decimals.

        A book counts that way, and so its rows need no text. Rows appended before keep what they meant. So many digits
        an exact polars column has behind the point from now on, with rows and without.

        Raises:
            BadArgument: a column that is not a decimal.
        """
        for name in units:
            if self.schema[name].kind != "decimal":
                raise BadArgument("units", name, "decimal columns")
        with self._lock:
            self._pack()
            if self._newest is not None:
                self._newest = self._written_out(self._newest)
            self._units = {self.schema.position[name]: scale for name, scale in units.items()}
            for at, scale in self._units.items():
                self._buffer.expect(at, scale)

    def _written_out(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row whose decimals stand for themselves."""
        if not self._units:
            return values
        return tuple(
            written_out(value, self._units[at]) if at in self._units else value for at, value in enumerate(values)
        )

    # --- reading: any thread ---------------------------------------------------------------------------------------

    def view(self, last: int | None = None, since_ns: int | None = None) -> TableView:
        """A photograph of the rows: all, the ``last`` so many, those received strictly after ``since_ns``, or both.

        ``since_ns`` is in nanoseconds since 1970 UTC. Memory is shared, except when rows were received out of order
        and ``since_ns`` has to pick among them.

        Raises:
            BadArgument: ``last`` is negative or no whole number, or the table has no ``received_at`` for ``since_ns``.
        """
        if since_ns is not None and "received_at" not in self.schema.position:
            raise BadArgument("since", since_ns, "it on a table with a received_at column")
        with self._lock:
            self._pack()
            buffer, start = self._buffer, self._first
            chosen = None
            if since_ns is not None:
                received = buffer.received(start)
                if buffer.in_order:
                    start += int(np.searchsorted(received, since_ns, side="right"))
                else:
                    chosen = np.flatnonzero(received > since_ns)
            columns = buffer.window(start)
        view = TableView(self.schema, columns)
        if chosen is not None:
            view = TableView(self.schema, [data.take(chosen) for data in view.columns])
        return view if last is None else view.last(last)

    @property
    def latest(self) -> Row | None:
        """The newest row, or None while there is none. Waits for nobody; for a moment where units are counted."""
        if self._units or self._source is not None:
            with self._lock:  # so that the row and what it counts in belong together
                self._draw()
                return self._latest()
        return self._latest()

    def _latest(self) -> Row | None:
        # The newest packed row is set before the list is emptied, so one of the two is there.
        values = tuple(self._waiting[-self._width :]) or self._newest
        return None if values is None else Row(self.schema, self._written_out(values))

    def __len__(self) -> int:
        return self.rows

    @property
    def rows(self) -> int:
        """How many rows are kept now."""
        with self._lock:
            self._pack()
            return self._buffer.length - self._first

    @property
    def evicted(self) -> int:
        """How many rows were dropped to stay within the bounds. They were received; that is no gap."""
        with self._lock:
            self._pack()
            return self._evicted

    @property
    def unreadable(self) -> int:
        """How many values were not of their column's kind."""
        with self._lock:
            self._pack()
            return self._unreadable

    @property
    def nbytes(self) -> int:
        """Bytes this table holds now; what views keep alive besides is `memory_held_by_views`."""
        with self._lock:
            self._pack()
            return self._buffer.nbytes

    @property
    def memory_held_by_views(self) -> int:
        """Bytes of former arrays that frames and views still keep alive. Shown, not bounded: let go of the frames."""
        with self._lock:
            self._left_behind = [(array, size) for array, size in self._left_behind if array() is not None]
            return sum(size for _, size in self._left_behind)

    def limit(self, rows: int | None = None, bytes: int | None = None) -> None:
        """Changes a bound, or both. A tighter one takes hold at once; a wider one brings nothing back.

        Raises:
            BadArgument: less than 1 row or 1 byte. One row is kept however few the bytes.
        """
        wanted_rows = self._row_bound if rows is None else _bound("rows", rows)
        wanted_bytes = self._byte_bound if bytes is None else _bound("bytes", bytes)
        with self._lock:
            self._pack()
            self._row_bound, self._byte_bound = wanted_rows, wanted_bytes
            self._evict()
            if self._buffer.capacity > self._largest:
                self._move_into(max(self._buffer.length - self._first, _SMALLEST))

    def __repr__(self) -> str:
        return (
            f"<EventTable of {self.schema.channel}: {self.rows:,} rows (at most {self._bound:,}), "
            f"{self.nbytes / 1e6:.1f} MB, {self.evicted:,} evicted>"
        )

    # --- packing: under the lock -----------------------------------------------------------------------------------

    @property
    def _bound(self) -> int:
        """Rows kept: as many as asked for, or two thirds of those the bytes have room for."""
        affordable = self._byte_bound // self._row_bytes
        return max(1, min(self._row_bound, affordable * 2 // 3))

    @property
    def _largest(self) -> int:
        """Rows the largest buffer has room for: half as many again as are kept, so that moving them is rare."""
        return self._bound + self._bound // 2

    def _pack(self) -> None:
        waiting, width = self._waiting, self._width
        todo, done = len(waiting), 0
        try:
            while done < todo:
                stop = min(done + self._batch, todo)
                self._store([waiting[at:stop:width] for at in range(done, done + width)])
                done = stop
        finally:
            # Once for all batches: what is taken off the front moves everything behind it.
            if done:
                self._newest = tuple(waiting[done - width : done])
                del waiting[:done]
        self._draw()

    def _draw(self) -> None:
        """Take what waits with the source, if there is one; nothing waits here then."""
        batch = self._source.waiting() if self._source is not None else None
        if self._source is not None and batch is not None:
            self._store(batch)
            self._newest = tuple(
                column[-1].item() if isinstance(column, np.ndarray) else column[-1] for column in batch
            )
            self._source.took(len(batch[0]))

    def _store(self, batch: Sequence[Values]) -> None:
        bound, count = self._bound, len(batch[0])
        if count > bound:  # these would be evicted before anyone saw them
            self._evicted += count - bound
            batch, count = [values[-bound:] for values in batch], bound
        packed = []
        for at, (column, values) in enumerate(zip(self.schema.columns, batch, strict=True)):
            done = pack(column, values, self._words.get(at), self._units.get(at))
            self._unreadable += done.unreadable
            packed.append(done)
        kept = min(self._buffer.length - self._first, bound - count)
        if self._buffer.length + count > self._buffer.capacity or not self._buffer.fits_words():
            self._evicted += self._buffer.length - self._first - kept
            self._first = self._buffer.length - kept
            self._move_into(max(_SMALLEST, 2 * (kept + count)), room=count)
        self._buffer.write(packed)
        self._evict()

    def _evict(self) -> None:
        surplus = self._buffer.length - self._first - self._bound
        if surplus > 0:
            self._first += surplus
            self._evicted += surplus

    def _move_into(self, capacity: int, room: int = 0) -> None:
        """Carries the kept rows over into new arrays of about ``capacity``, with ``room`` for so many more."""
        old, kept = self._buffer, self._buffer.length - self._first
        self._buffer = Buffer(self.schema, self._words, max(min(capacity, self._largest), kept + room))
        self._buffer.carry_over(old, self._first)
        self._first = 0
        self._left_behind = [(array, size) for array, size in self._left_behind if array() is not None] + old.holders()


def _bound(name: str, value: int) -> int:
    if type(value) is not int or value < 1:
        raise BadArgument(name, value, "a whole number, 1 or more")
    return value
