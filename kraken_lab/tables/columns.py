"""Columns: a batch of values packed into arrays, and the values read back from them.

A column is a few parallel arrays, its parts. The first is what a frame shows; the others make it exact:

========  ====================================================  ==========================================
kind      parts                                                 a missing value is
========  ====================================================  ==========================================
time      int64 nanoseconds                                     the smallest int64 (NaT)
decimal   float64, int64 mantissa, int8 scale (and the spill)   NaN, with a scale of its own
int uint  int64 or uint64, and a bool mask where nullable       True in the mask
bool      bool, and a bool mask where nullable                  True in the mask
text      object                                                None
category  int8 or int16 codes into the words                    -1
========  ====================================================  ==========================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .decimals import MISSING, SPILLED, exact_decimals, most_behind, pack_all_units, pack_decimals, pack_units
from .schemas import Column
from .times import NAT, nanoseconds

if TYPE_CHECKING:
    from .pieces import Pieces

__all__ = ["Array", "ColumnData", "Packed", "Values", "Words", "columns_of", "pack", "part_dtypes"]

Array = NDArray[Any]
Values: TypeAlias = Sequence[Any] | Array
"""The values of a column, one by one or as an array."""

_WIDE = 127
"""From so many words on a category's codes take two bytes; pandas would otherwise convert them, which copies."""

_MOST_WORDS = 32_000
"""More different words than any honest category has: further ones are counted as unreadable."""


class Words:
    """The words of one category and their codes, in order of appearance. Words are added and never taken back."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        self._code: dict[str | None, int] = {None: -1}
        self.known: list[str] = []
        for word in words:
            self._learn(word)

    def _learn(self, word: str) -> None:
        if word not in self._code and len(self.known) < _MOST_WORDS:
            self._code[word] = len(self.known)
            self.known.append(word)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The narrowest integers that hold the codes, as pandas expects them."""
        return np.dtype(np.int8 if len(self.known) < _WIDE else np.int16)

    def codes(self, values: Sequence[str | None]) -> tuple[NDArray[np.int16], int]:
        """The code of each value, -1 for None, and how many had to be left out.

        >>> Words(["buy", "sell"]).codes(["sell", None, "buy"])[0].tolist()
        [1, -1, 0]
        """
        if len(self.known) == 1 and values.count(self.known[0]) == len(values):
            return np.zeros(len(values), dtype=np.int16), 0  # the symbol of a table that has only one
        unreadable = 0
        try:
            codes = np.fromiter(map(self._code.__getitem__, values), dtype=np.int16, count=len(values))
        except (KeyError, TypeError):
            for value in values:
                if isinstance(value, str):
                    self._learn(value)
            found = [self._code.get(value) if _is_word_or_nothing(value) else None for value in values]
            unreadable = found.count(None)
            codes = np.array([-1 if code is None else code for code in found], dtype=np.int16)
        return codes, unreadable


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch of one column: its parts, whether values are missing, what spilled over, how many were unreadable."""

    parts: tuple[Array, ...]
    missing: bool = False
    spill: Mapping[int, Decimal] | None = None
    unreadable: int = 0


def part_dtypes(column: Column, words: Words | None = None) -> tuple[np.dtype[Any], ...]:
    """The dtypes of a column's parts, in order."""
    mask = (np.dtype(np.bool_),) if column.nullable else ()
    match column.kind:
        case "time":
            return (np.dtype(np.int64),)
        case "decimal":
            return (np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.int8))
        case "int":
            return (np.dtype(np.int64), *mask)
        case "uint":
            return (np.dtype(np.uint64), *mask)
        case "bool":
            return (np.dtype(np.bool_), *mask)
        case "text":
            return (np.dtype(object),)
        case "category":
            return ((Words(column.words) if words is None else words).dtype,)


def pack(column: Column, values: Values, words: Words | None = None, units: int | None = None) -> Packed:
    """One value a row, as it came, into the parts of the column. A value of the wrong kind is missing, and counted.

    With ``units`` a decimal column's whole numbers count units of that decimal. An array of int64, or of bool, is taken
    as it is: times, whole numbers or units, or flags.
    """
    if isinstance(values, np.ndarray):
        return _packed_array(column, values, units)
    match column.kind:
        case "time":
            times, unreadable = nanoseconds(values)
            return Packed((times,), bool((times == NAT).any()), None, unreadable)
        case "decimal":
            made = pack_decimals(values) if units is None else pack_units(values, units)
            return Packed((made.floats, made.mantissas, made.scales), made.missing, made.spill, made.unreadable)
        case "category":
            assert words is not None, "a category is packed with its words"
            codes, unreadable = words.codes(values)
            return Packed((codes,), bool((codes < 0).any()), None, unreadable)
        case "text":
            texts = np.empty(len(values), dtype=object)
            texts[:] = [value if isinstance(value, str) else None for value in values]
            missing = sum(value is None for value in texts)
            return Packed((texts,), missing > 0, None, missing - sum(value is None for value in values))
        case "bool":
            return _pack_whole(column, values, np.dtype(np.bool_), bool)
        case "int" | "uint":
            return _pack_whole(column, values, part_dtypes(column)[0], int)


def _packed_array(column: Column, values: Array, units: int | None) -> Packed:
    """Values of which none is missing and none of another kind."""
    if column.kind == "decimal":
        assert units is not None, "an array of decimals counts in units"
        (made,) = pack_all_units(values[np.newaxis], [units])
        return Packed((made.floats, made.mantissas, made.scales))
    return Packed((values, np.zeros(len(values), dtype=np.bool_)) if column.nullable else (values,))


def _pack_whole(column: Column, values: Sequence[Any], dtype: np.dtype[Any], kind: type[int]) -> Packed:
    """Whole numbers or flags: all at once, or one by one where some are missing or not of the kind."""
    if not set(map(type, values)) - {kind}:
        try:
            whole = np.fromiter(values, dtype=dtype, count=len(values))
            return Packed((whole, np.zeros(len(values), dtype=np.bool_)) if column.nullable else (whole,))
        except OverflowError:
            pass
    low, high = (0, 1) if kind is bool else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    fits = [isinstance(value, kind) and low <= value <= high for value in values]
    whole = np.array([value if fit else 0 for value, fit in zip(values, fits, strict=True)], dtype=dtype)
    unreadable = sum(not fit and value is not None for value, fit in zip(values, fits, strict=True))
    if not column.nullable:
        return Packed((whole,), False, None, unreadable)
    mask = ~np.array(fits, dtype=np.bool_)
    return Packed((whole, mask), bool(mask.any()), None, unreadable)


@dataclass(frozen=True, slots=True)
class ColumnData:
    """The values of one column: a window on its parts, read-only and never changing.

    ``words`` belongs to a category. ``spill`` belongs to a decimal and is keyed by row, ``offset`` being the key of the
    first row here. ``missing`` is False only if no value is missing, so that nobody need look for one. ``pieces`` are
    what the buffer has of this column in the form of polars, ``offset`` being the buffer's row. ``behind`` is the most
    digits that a decimal of the whole table has behind the point, be it in this window or not; `MISSING` if none has.
    """

    column: Column
    parts: tuple[Array, ...]
    missing: bool = False
    words: tuple[str, ...] = ()
    spill: Mapping[int, Decimal] | None = None
    offset: int = 0
    pieces: Pieces | None = None
    behind: int = MISSING

    def __len__(self) -> int:
        return len(self.parts[0])

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays in this window."""
        return sum(part.nbytes for part in self.parts)

    def between(self, start: int, stop: int) -> ColumnData:
        """The rows from start up to stop, sharing memory."""
        parts = tuple(part[start:stop] for part in self.parts)
        start += self.offset
        return ColumnData(self.column, parts, self.missing, self.words, self.spill, start, self.pieces, self.behind)

    def take(self, rows: NDArray[np.intp]) -> ColumnData:
        """The given rows in the given order, copied."""
        parts = tuple(_frozen(part[rows]) for part in self.parts)
        spill = None
        if self.spill and self.column.kind == "decimal":
            spilled = np.flatnonzero(parts[2] == SPILLED).tolist()
            spill = {at: self.spill[self.offset + int(rows[at])] for at in spilled}
        return ColumnData(self.column, parts, self.missing, self.words, spill, behind=self.behind)

    def array(self) -> Array:
        """What a plot wants, read-only: datetime64, float64, int64, bool; texts and words as objects, None if missing.

        A nullable whole number is float64 with NaN once one is missing.
        """
        first = self.parts[0]
        match self.column.kind:
            case "time":
                return first.view("datetime64[ns]")
            case "category":
                return _frozen(np.array([*self.words, None], dtype=object)[first])
            case "int" | "uint" | "bool" if len(self.parts) == 2 and self.missing:
                return _frozen(np.where(self.parts[1], np.nan, first.astype(np.float64)))
        return first

    def exact(self) -> list[Any]:
        """The values as Python's own: `Decimal`, int nanoseconds, int, bool, str, or None where missing."""
        first = self.parts[0]
        match self.column.kind:
            case "decimal":
                return list(exact_decimals(self.parts[1], self.parts[2], self.spill or {}, self.offset))
            case "time":
                return [None if value == NAT else value for value in first.tolist()]
            case "category":
                words = (*self.words, None)
                return [words[code] for code in first.tolist()]
        values: list[Any] = first.tolist()
        if len(self.parts) == 1:
            return values
        return [None if missing else value for value, missing in zip(values, self.parts[1].tolist(), strict=True)]


def columns_of(columns: Sequence[Column], values: Sequence[Sequence[Any]]) -> tuple[ColumnData, ...]:
    """Whole columns of values, as they came, packed for one view."""
    made = []
    for column, cells in zip(columns, values, strict=True):
        words = Words(column.words) if column.kind == "category" else None
        packed = pack(column, cells, words)
        narrow = part_dtypes(column, words)
        parts = tuple(_frozen(part.astype(dtype, copy=False)) for part, dtype in zip(packed.parts, narrow, strict=True))
        known = tuple(words.known) if words else ()
        behind = most_behind(parts[2]) if column.kind == "decimal" else MISSING
        made.append(ColumnData(column, parts, packed.missing, known, packed.spill, behind=behind))
    return tuple(made)


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array


def _is_word_or_nothing(value: object) -> bool:
    return value is None or isinstance(value, str)
