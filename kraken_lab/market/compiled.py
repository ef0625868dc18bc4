"""Compiling the reader, and loading it compiled. The first takes seconds, the second a fraction of one.

A program of its own as well: ``python -m kraken_lab.market.compiled`` compiles, so that nobody's interpreter stands
still meanwhile. What it leaves behind lies where numba keeps such things: in ``__pycache__`` beside the source, in the
user's own cache if that cannot be written, or in ``NUMBA_CACHE_DIR``. It is good for one machine, Python, numba and
version of the source; of anything else numba knows that it must be made anew. It is code like the ``.pyc`` files beside
it: who can write there can have anything run here as it is.
"""

from __future__ import annotations

import sys
from threading import get_ident
from zlib import crc32

from numba.core import event

from ..wire import decode
from ..wire.messages import BookMessage
from .book import Book
from .engine import NotCompiled, Quicken

__all__ = ["compile_or_load", "load"]


class _Refusal(event.Listener):
    """Told whenever a function is about to be compiled; in the thread that made it, this is not done.

    Of others it hears as well, and they may be the user's own.
    """

    def __init__(self) -> None:
        self._thread = get_ident()

    def on_start(self, event: object) -> None:
        if get_ident() == self._thread:
            raise NotCompiled

    def on_end(self, event: object) -> None:
        return


def load() -> Quicken:
    """How a book becomes one that reads updates from their bytes, if that was compiled before.

    Raises:
        NotCompiled: it was not.
        Exception: whatever numba raises where it does not work or finds no place to keep what it compiled.
    """
    with event.install_listener("numba:compile", _Refusal()):
        return compile_or_load()


def compile_or_load() -> Quicken:
    """The same, compiled now if it was not before."""
    from .quick_book import QuickBook

    _prove(QuickBook)
    return QuickBook


def _prove(quicken: Quicken) -> None:
    """Have a book read one update: this is when it is loaded or compiled, and whether it works here."""
    frame = (
        '{{"channel":"book","type":"{}","data":[{{"symbol":"X/Y","bids":[{{"price":99.5,"qty":{}}}],'
        '"asks":[],"checksum":{},"timestamp":"2026-05-04T10:15:31.844359Z"}}]}}'
    )
    book = Book("X/Y", 10, 1, 2)
    snapshot = decode(frame.format("snapshot", "1.00", crc32(b"995100")))
    assert isinstance(snapshot, BookMessage)
    book.apply(snapshot)
    quick = quicken(book, lambda rows: None)
    if not quick.read(frame.format("update", "2.50", crc32(b"995250")).encode(), 0) or quick.best()[:2] != (995, 250):
        raise RuntimeError("the compiled reader does not read")


if __name__ == "__main__":
    compile_or_load()
    sys.exit(0)
