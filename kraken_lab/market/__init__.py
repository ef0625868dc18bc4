"""What is true: the order books with their proofs, what can be computed from them, and the instruments. No I/O."""

from __future__ import annotations

from .book import Best, Book
from .checksum import book_checksum, level3_checksum, token
from .engine import AFTER_SYMBOL, ENGINE, Engine, HandOver, NotCompiled, Quicken, RowsOfTop, update_head, update_time
from .holdings import holdings
from .instruments import Instruments, InstrumentSnapshot, suggest
from .ladder import Ladder
from .level3 import Level3Book, Level3Snapshot, Position, QueuedOrder
from .snapshot import BookSnapshot, Walk

__all__ = [
    "AFTER_SYMBOL",
    "ENGINE",
    "Best",
    "Book",
    "BookSnapshot",
    "Engine",
    "HandOver",
    "InstrumentSnapshot",
    "Instruments",
    "Ladder",
    "Level3Book",
    "Level3Snapshot",
    "NotCompiled",
    "Position",
    "QueuedOrder",
    "Quicken",
    "RowsOfTop",
    "Walk",
    "book_checksum",
    "holdings",
    "level3_checksum",
    "suggest",
    "token",
    "update_head",
    "update_time",
]
