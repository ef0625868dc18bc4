"""Which engine keeps the books up: the one in Python, always there, or the compiled one, where it was made ready.

The compiled one takes updates from their bytes. It needs numba, and numba needs a while: so nothing here loads it.
Whoever may start processes and threads does (`kraken_lab.lab.engine`), and puts it in when it is ready; from its next
update on, every book goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from .book import Book

__all__ = ["AFTER_SYMBOL", "ENGINE", "Engine", "NotCompiled", "update_head"]

AFTER_SYMBOL = b'","bids":['
"""What comes after a symbol in an update of its book. No symbol has it in itself: its quotes would be escaped."""


def update_head(symbol: str) -> bytes:
    """How an update of one symbol's book begins, up to the symbol's last letter.

    >>> update_head("BTC/USD")
    b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD'
    """
    return b'{"channel":"book","type":"update","data":[{"symbol":' + msgspec.json.encode(symbol)[:-1]


class NotCompiled(Exception):
    """There is no compiled engine to load: it has to be compiled first."""


class Engine:
    """What this process has: one engine for all its books.

    >>> engine = Engine()
    >>> engine
    <Engine: python>
    """

    def __init__(self) -> None:
        self.quicken: Callable[[Book], Book] | None = None
        """How a book becomes one that reads updates from their bytes; None while there is only Python."""
        self.words = "python"
        """Which engine this is and, where there could be another, why it is not."""

    def __repr__(self) -> str:
        return f"<Engine: {self.words}>"


ENGINE = Engine()
"""This process's."""
