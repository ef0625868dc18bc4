"""A table as a browser is sent it: every column as numbers that lose nothing, and what changed since the last look.

A decimal goes as a whole number with its digits behind the point, a time as nanoseconds, a word as a code, so a cell is
written in the browser with the digits the exchange wrote. Only what changed travels. Rows are known by their place:
when some of the first are gone and some are new at the end, the rest moved up, and of the rest only the cells that
differ are sent. Where rows went is a guess that may be wrong and then costs bytes, not truth: all cells are compared.

What each kind of column is on the wire, little-endian (see `columns` in `kraken_lab.tables` for the other side):

========  =============================================  =====================
kind      buffers                                        missing
========  =============================================  =====================
decimal   int64 mantissa, int8 digits behind the point   digits -128
time      int64 nanoseconds since 1970 UTC               the smallest int64
int uint  int64 or uint64                                the smallest or largest
bool      int8                                           -1
category  int16 codes into the words of the picture      -1
text      JSON, a list of texts and nulls                null
========  =============================================  =====================

A decimal too long for that (digits 127) goes as text beside it, a quotient in ten digits and marked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tables import TableView
from ..tables.columns import ColumnData
from ..tables.decimals import SPILLED
from ..tables.times import NAT
from ..wire import shortened
from . import escape
from .live_view import Frame

__all__ = ["Picture", "Words", "frame_between", "heading", "picture_of"]

Array = NDArray[Any]

NOT_SHOWN = frozenset({"received_at", "epoch"})
LADDER = "level3"
"""The table whose rows have a fixed place: asks above, best prices in the middle, bids below; as in `level_picture`."""
QUOTIENT = 18
"""More digits than these behind the point nobody wrote: they come from a division."""
WIDEST = 60
"""Characters of a text that are shown."""
LONGEST_WORDS = 4_096
"""More different words than a table on a screen can have; further ones are shown as missing."""


_NOWHERE: Array = np.empty(0, dtype="<u4")


class Words:
    """The words of all categories of one picture, each with a code that stays. They grow and are never taken back.

    >>> words = Words()
    >>> words.codes(("buy", "sell"), np.array([1, -1], dtype=np.int8)).tolist(), words.known
    ([1, -1], ['buy', 'sell'])
    """

    def __init__(self) -> None:
        self.known: list[str] = []
        self._code: dict[str, int] = {}

    def codes(self, words: Sequence[str], codes: Array) -> Array:
        """A category's own codes as those of the picture."""
        for word in words:
            if word not in self._code and len(self.known) < LONGEST_WORDS:
                self._code[word] = len(self.known)
                self.known.append(_harmless(word) or "")
        return np.array([*(self._code.get(word, -1) for word in words), -1], dtype="<i2")[codes]


@dataclass(frozen=True, slots=True)
class Cells:
    """One column: parallel arrays, texts as they came. ``spill`` is for decimals that fit no int64."""

    parts: tuple[Array, ...]
    spill: dict[int, str] = field(default_factory=dict)

    def take(self, rows: Array) -> Cells:
        """The given rows in the given order."""
        spill = self.spill
        if spill:
            spill = {new: spill[old] for new, old in enumerate(rows.tolist()) if old in spill}
        return Cells(tuple(part[rows] for part in self.parts), spill)

    def buffers(self, rows: Array | slice) -> list[bytes]:
        """These rows as sent."""
        return [
            json.dumps([_harmless(text) for text in part[rows]]).encode()
            if part.dtype == object
            else part[rows].tobytes()
            for part in self.parts
        ]


@dataclass(frozen=True, slots=True)
class Picture:
    """The rows of a table at one moment, ready to be compared and sent.

    ``order`` is the time that grows from row to row and tells new rows from old; None where rows are changed in place.
    ``middle`` is how many rows stand above the middle of a ladder.
    """

    cells: tuple[Cells, ...]
    rows: int
    order: Array | None
    middle: int | None


def heading(view: TableView) -> list[dict[str, str]]:
    """The columns that are shown, for the browser: name, kind, unit and meaning."""
    return [
        {"name": column.name, "kind": column.kind, "unit": column.unit, "meaning": column.meaning}
        for column in view.schema.columns
        if column.name not in NOT_SHOWN
    ]


def picture_of(view: TableView, words: Words, order_by: str | None = None) -> Picture:
    """A table as it is sent. ``order_by`` names the time column by which new rows are known, if rows are added."""
    cells = [_cells(data, words) for data in view.columns if data.column.name not in NOT_SHOWN]
    middle = None
    if view.schema.channel == LADDER:
        rows, middle = _places(view)
        cells = [column.take(rows) for column in cells]
    order = None if order_by is None else view.columns[view.schema.position[order_by]].parts[0]
    return Picture(tuple(cells), len(view), order, middle)


def _cells(data: ColumnData, words: Words) -> Cells:
    first = data.parts[0]
    match data.column.kind:
        case "decimal":
            return Cells((data.parts[1].astype("<i8", copy=False), data.parts[2]), _spilled(data))
        case "category":
            return Cells((words.codes(data.words, first),))
        case "text":
            return Cells((first,))
        case "bool":
            flags = first.astype("<i1")
            return Cells((np.where(data.parts[1], np.int8(-1), flags) if len(data.parts) == 2 else flags,))
        case "uint":
            whole = first.astype("<u8", copy=False)
            missing = np.iinfo(np.uint64).max
        case _:
            whole = first.astype("<i8", copy=False)
            missing = NAT
    return Cells((np.where(data.parts[1], np.array(missing, whole.dtype), whole) if len(data.parts) == 2 else whole,))


def _harmless(text: str | None) -> str | None:
    """A text to look at: nothing in it is invisible, and it is not longer than a cell."""
    return None if text is None else escape.visible(escape.clip(text, WIDEST))


def _spilled(data: ColumnData) -> dict[int, str]:
    if not data.spill:
        return {}
    return {at: _long(data.spill[data.offset + at]) for at in np.flatnonzero(data.parts[2] == SPILLED).tolist()}


def _long(value: Decimal) -> str:
    """A number too long for an int64: what an exchange wrote in full; what was divided has digits that nobody reads."""
    exponent = value.as_tuple().exponent
    divided = isinstance(exponent, int) and -exponent > QUOTIENT
    return shortened(value) if divided else f"{value:f}"


def _places(view: TableView) -> tuple[Array, int]:
    """The rows from the last in the queue of the highest ask down to that of the lowest bid, symbol by symbol.

    And how many are above the first bid.
    """
    side, level, symbol, position = (
        view.columns[view.schema.position[name]] for name in ("side", "level", "symbol", "position")
    )
    ask = side.parts[0] == side.words.index("ask")
    height = np.where(ask, -1 - level.parts[0], level.parts[0])
    rows = np.lexsort((position.parts[0], height, symbol.parts[0]))
    bids = np.flatnonzero(~ask[rows])
    return rows, int(bids[0]) if len(bids) else len(rows)


# --- what changed ---------------------------------------------------------------------------------------------------


def frame_between(old: Picture | None, new: Picture) -> Frame | None:
    """What a browser that has the old picture needs to have the new one; all of it without an old one.

    None if nothing differs.
    """
    dropped, kept = (0, 0) if old is None else _moved(old, new)
    columns: list[dict[str, Any]] = []
    buffers: list[bytes] = []
    for at, cells in enumerate(new.cells):
        changed: Array = _NOWHERE
        if old is not None and kept:
            changed = _changed(old.cells[at], cells, dropped, kept)
        if not len(changed) and kept == new.rows:
            continue
        rows = changed if kept == new.rows else np.concatenate([changed, np.arange(kept, new.rows, dtype="<u4")])
        column: dict[str, Any] = {"at": at, "changed": len(changed)}
        if cells.spill:
            column["spill"] = cells.spill
        columns.append(column)
        buffers += [changed.tobytes(), *cells.buffers(rows)]
    if old is not None and not columns and not dropped and old.rows == new.rows and old.middle == new.middle:
        return None
    content = {"rows": new.rows, "dropped": dropped, "kept": kept, "middle": new.middle, "columns": columns}
    return Frame(content, buffers, whole=old is None)


def _moved(old: Picture, new: Picture) -> tuple[int, int]:
    """How many of the old first rows are gone, and how many rows after them are still there, a changed cell or not."""
    if old.order is None or new.order is None:
        same = old.middle == new.middle
        return (0, min(old.rows, new.rows)) if same else (0, 0)
    if not old.rows:
        return 0, 0
    added = int(np.count_nonzero(new.order > old.order.max()))
    kept = min(new.rows - added, old.rows)
    return old.rows - kept, kept


def _changed(old: Cells, new: Cells, dropped: int, kept: int) -> Array:
    """Which of the rows that were kept have another value in this column."""
    differ: Array | None = None
    for before, after in zip(old.parts, new.parts, strict=True):
        other = np.asarray(before[dropped : dropped + kept] != after[:kept], dtype=bool)
        differ = other if differ is None else differ | other
    if old.spill or new.spill:
        differ = np.zeros(kept, dtype=bool) if differ is None else differ
        for at in range(kept):
            differ[at] |= old.spill.get(at + dropped) != new.spill.get(at)
    return _NOWHERE if differ is None else differ.nonzero()[0].astype("<u4")
