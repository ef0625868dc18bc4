"""Rows of a book's top that the book writes by itself, as its table takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..market import RowsOfTop
from ..tables.columns import Values

__all__ = ["TopRows"]


class TopRows:
    """Satisfies `kraken_lab.tables.RowSource`, with columns as of ``schema("book_history")``."""

    def __init__(self, book: RowsOfTop, symbol: str, epoch: int) -> None:
        self._book, self._symbol, self._epoch = book, symbol, epoch

    def waiting(self) -> Sequence[Values] | None:
        """What the book has written, and what is the same in all rows of one book: verified, and no gap before them."""
        rows = self._book.rows()
        count = len(rows)
        if not count:
            return None
        columns: list[Values] = [rows[:, 0], rows[:, 1], [self._symbol] * count]
        for price in (2, 4):
            for column in (rows[:, price], rows[:, price + 1]):
                columns.append(column if rows[:, price].all() else [number or None for number in column.tolist()])
        return [*columns, np.ones(count, np.bool_), np.full(count, self._epoch), np.zeros(count, np.bool_)]

    def took(self, count: int) -> None:
        """Make room for others."""
        self._book.drop_rows(count)
