"""Words and flags in the form polars wants, made a piece at a time and never twice.

polars takes over numbers and times as they lie in memory, but keeps words by numbers of its own and flags as bits. To
write those anew for every frame takes 6 ns a row, and 15 ns where the memory is new as well: 150 ms for ten million
rows. So a buffer keeps what was written once: a frame is put together from pieces, and only rows that came since the
last one are written.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final

from .columns import Array, ColumnData, Words
from .shape import Column

if TYPE_CHECKING:
    import polars

__all__ = ["Pieces", "piece_bytes"]

SEALED: Final = 1 << 18
"""Rows from which on a piece is left alone. Smaller ones grow together, so that a frame is made of few."""

STEP: Final = 1 << 14
"""Rows the writer lets come together before it makes a piece of them: some 0.05 ms of work, once in so many rows."""


def piece_bytes(column: Column) -> int:
    """Bytes a row takes in polars beside the table's own arrays: a number for a word, at most a byte for a flag."""
    return {"category": 4, "bool": 1}.get(column.kind, 0)


def _polars_is_loaded() -> bool:
    """Whether polars is there for the asking: the writer never waits for an import."""
    module = sys.modules.get("polars")
    return module is not None and not getattr(module.__spec__, "_initializing", False)


class Pieces:
    """One column of a buffer, from its first row to the last one that polars has seen. Any thread may ask.

    Until polars is imported nothing is made and nothing is kept. From then on the writer keeps up in small steps, so
    that the first frame finds nearly all its rows ready.
    """

    __slots__ = ("_column", "_done", "_lock", "_made", "_parts", "_seen", "_words")

    def __init__(self, column: Column, parts: tuple[Array, ...], words: Words | None) -> None:
        self._column, self._parts, self._words = column, parts, words
        self._lock = threading.Lock()
        self._made: list[polars.Series] = []
        self._done = 0
        self._seen: tuple[str, ...] = ()

    def rows(self, start: int, stop: int) -> polars.Series | None:
        """The rows from ``start`` up to ``stop``; None where making only these is less work than catching up first."""
        with self._lock:
            if stop - self._done > max(STEP, 2 * (stop - start)) or start >= stop:
                return None
            self._make(stop)
            return self._whole().slice(start, stop - start)

    def keep_up(self, length: int) -> None:
        """For the writer, who has now written ``length`` rows: makes the next piece, if it is time and nobody else is
        at it."""
        if self._words is not None and len(self._words.known) == 1:
            return  # the same word in every row is no work for polars
        if length - self._done >= STEP and _polars_is_loaded() and self._lock.acquire(blocking=False):
            try:
                self._make(min(length, self._done + 4 * STEP))
            finally:
                self._lock.release()

    def take_over(self, old: Pieces, start: int) -> None:
        """Begins with what another buffer's column made of its rows from ``start`` on. Nothing is copied."""
        with old._lock:
            if old._done > start:
                self._made = [old._whole().slice(start, old._done - start)]
                self._done, self._seen = old._done - start, old._seen

    def _make(self, stop: int) -> None:
        from .frames import polars_series

        words = tuple(self._words.known) if self._words is not None else ()
        if self._column.ours and words != self._seen:
            self._made, self._done = [], 0  # an Enum with another word is another type
        self._seen = words
        while self._done < stop:
            until = min(stop, self._done + SEALED)
            parts = tuple(part[self._done : until] for part in self._parts)
            missing = bool((parts[0] < 0).any()) if self._words is not None else len(parts) > 1 and bool(parts[1].any())
            self._made.append(polars_series(ColumnData(self._column, parts, missing, words)))
            self._done = until
            self._grow_together()

    def _grow_together(self) -> None:
        import polars as pl

        made = self._made
        while len(made) > 1 and len(made[-2]) < SEALED and 2 * len(made[-1]) >= len(made[-2]):
            made[-2:] = [pl.concat(made[-2:], rechunk=True)]

    def _whole(self) -> polars.Series:
        import polars as pl

        return self._made[0] if len(self._made) == 1 else pl.concat(self._made, rechunk=False)
