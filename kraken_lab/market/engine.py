"""Which engine keeps the books up: the one in Python, always there, or the compiled one, where it was made ready.

The compiled one takes updates from their bytes. It needs numba, and numba needs a while: so nothing here loads it.
Whoever may start processes and threads does (`kraken_lab.lab.engine`), and puts it in when it is ready; from its next
update on, every book goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from .book import Book

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "AFTER_SYMBOL",
    "ENGINE",
    "Engine",
    "HandOver",
    "NotCompiled",
    "Quicken",
    "RowsOfTop",
    "update_head",
    "update_time",
]

AFTER_SYMBOL = b'","bids":['
"""What comes after a symbol in an update of its book. No symbol has it in itself: its quotes would be escaped."""


def update_head(symbol: str) -> bytes:
    """How an update of one symbol's book begins, up to the symbol's last letter.

    >>> update_head("BTC/USD")
    b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD'
    """
    return b'{"channel":"book","type":"update","data":[{"symbol":' + msgspec.json.encode(symbol)[:-1]


def update_time(frame: bytes) -> str:
    """The exchange's time in an update that was read from its bytes: the text that it ends with.

    >>> update_time(b'{"channel":"book", ... ,"timestamp":"2026-05-04T10:15:31.844359Z"}]}')
    '2026-05-04T10:15:31.844359Z'
    """
    return frame[frame.rindex(b'"', 0, -4) + 1 : -4].decode()


class RowsOfTop(Protocol):
    """Rows that a book writes by itself whenever a best level is written, as `Book.best` tells it of others."""

    def rows(self) -> NDArray[np.int64]:
        """Those that wait, oldest first, as a copy, in any thread.

        The exchange's time and that of the receipt (ns since 1970 UTC), the best bid, its quantity, the best ask, its
        quantity (units of the last decimals, 0 and 0 where there is none).
        """

    def drop_rows(self, count: int) -> None:
        """The oldest so many have been taken. One thread at a time."""


HandOver: TypeAlias = Callable[[RowsOfTop | None], object]
"""Told by a book that it writes its rows by itself from here on, or that half its room is full, or, with None, that it
does so no longer: then they must be taken before the call returns.
"""

Quicken: TypeAlias = Callable[[Book, HandOver], Book]
"""How a book becomes one that reads updates from their bytes."""


class NotCompiled(Exception):
    """There is no compiled engine to load: it has to be compiled first."""


class Engine:
    """What this process has: one engine for all its books.

    >>> engine = Engine()
    >>> engine
    <Engine: python>
    """

    def __init__(self) -> None:
        self.quicken: Quicken | None = None
        """None while there is only Python."""
        self.words = "python"
        """Which engine this is and, where there could be another, why it is not."""

    def __repr__(self) -> str:
        return f"<Engine: {self.words}>"


ENGINE = Engine()
"""This process's."""
