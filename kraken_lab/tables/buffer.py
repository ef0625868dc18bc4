"""Where a table's rows lie: arrays that are only ever written behind their end.

A window on rows already written is safe to hand out for ever: its slots are never written again. When the arrays are
full, new ones are allocated and the newest rows carried over; the old ones live as long as somebody holds a window.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from .columns import Array, ColumnData, Packed, Words, part_dtypes
from .decimals import MISSING, most_behind
from .pieces import Pieces, piece_bytes
from .schemas import Schema

__all__ = ["Buffer", "row_bytes"]


def row_bytes(schema: Schema) -> int:
    """Bytes a row takes in a buffer, with what polars is given of it; a text is taken to be 64 bytes long."""
    dtypes = [dtype for column in schema.columns for dtype in part_dtypes(column)]
    own = sum(dtype.itemsize + (64 if dtype.hasobject else 0) for dtype in dtypes)
    return own + sum(map(piece_bytes, schema.columns))


class Buffer:
    """Arrays for ``capacity`` rows of a schema. One thread at a time writes; windows may be read by any.

    ``words`` belongs to the table and outlives the buffer; it is keyed by the category's place in the schema.
    """

    def __init__(self, schema: Schema, words: dict[int, Words], capacity: int) -> None:
        self._schema, self._words = schema, words
        self.capacity, self.length = capacity, 0
        self._missing = [False] * len(schema)
        self._spill: list[dict[int, Decimal]] = [{} for _ in schema.columns]
        self._behind = [MISSING] * len(schema)
        self._received = schema.position.get("received_at")
        self.in_order = True
        """No row was received before the one in front of it, so that ``since`` can be found by halving."""
        self._parts: list[list[Array]] = []
        self._windows: list[list[Array]] = []
        self._pieces: dict[int, Pieces] = {}
        for at, column in enumerate(schema.columns):
            parts = [np.empty(capacity, dtype=dtype) for dtype in part_dtypes(column, words.get(at))]
            windows = [part.view() for part in parts]
            for window in windows:
                window.flags.writeable = False
            self._parts.append(parts)
            self._windows.append(windows)
            if piece_bytes(column):
                self._pieces[at] = Pieces(column, tuple(windows), words.get(at))

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, with 64 for each text, and of what polars is given beside them, be it made or not."""
        return self.capacity * row_bytes(self._schema)

    def holders(self) -> list[tuple[weakref.ref[Array], int]]:
        """Weak references to the arrays, with the bytes of each: alive once the buffer is gone means someone looks."""
        return [(weakref.ref(part), part.nbytes) for parts in self._parts for part in parts]

    def fits_words(self) -> bool:
        """Whether every code still fits the codes' dtype."""
        return all(self._parts[at][0].dtype == words.dtype for at, words in self._words.items())

    def write(self, batch: Sequence[Packed]) -> None:
        """Puts a packed batch, one entry a column, behind the last row. There must be room for it."""
        start, stop = self.length, self.length + len(batch[0].parts[0])
        for at, packed in enumerate(batch):
            for part, values in zip(self._parts[at], packed.parts, strict=True):
                part[start:stop] = values
            self._missing[at] = self._missing[at] or packed.missing
            for row, value in (packed.spill or {}).items():
                self._spill[at][start + row] = value
            if self._schema.columns[at].kind == "decimal":
                self._behind[at] = max(self._behind[at], most_behind(packed.parts[2]))
        self._finish(start, stop)

    def carry_over(self, old: Buffer, start: int) -> None:
        """Takes over the rows of another buffer from ``start`` on, into an empty one."""
        count = old.length - start
        for at, parts in enumerate(self._parts):
            for part, values in zip(parts, old._parts[at], strict=True):
                part[:count] = values[start : old.length]
            self._missing[at] = old._missing[at]
            self._spill[at] = {key - start: value for key, value in old._spill[at].items() if key >= start}
        self._behind = list(old._behind)
        for at, pieces in self._pieces.items():
            pieces.take_over(old._pieces[at], start)
        self._finish(0, count)

    def _finish(self, start: int, stop: int) -> None:
        if self._received is not None and self.in_order and stop > start:
            times = self._parts[self._received][0][max(0, start - 1) : stop]
            self.in_order = bool((times[1:] >= times[:-1]).all())
        self.length = stop
        for pieces in self._pieces.values():
            pieces.keep_up(stop)

    def expect(self, at: int, behind: int) -> None:
        """Values of a decimal column will be written with so many digits behind the point, also before any came."""
        self._behind[at] = max(self._behind[at], behind)

    def received(self, start: int) -> NDArray[np.int64]:
        """When the rows from ``start`` on were received, in nanoseconds."""
        assert self._received is not None
        return self._windows[self._received][0][start : self.length]

    def window(self, start: int) -> list[ColumnData]:
        """The rows from ``start`` on, read-only and sharing memory."""
        made = []
        for at, column in enumerate(self._schema.columns):
            parts = tuple(part[start : self.length] for part in self._windows[at])
            words = tuple(self._words[at].known) if at in self._words else ()
            pieces = self._pieces.get(at)
            made.append(
                ColumnData(column, parts, self._missing[at], words, self._spill[at], start, pieces, self._behind[at])
            )
        return made
