"""What is true: the order books with their proofs, what can be computed from them, and the instruments. No I/O."""

from __future__ import annotations

from .book import Best, Book
from .checksum import book_checksum, level3_checksum, token
from .holdings import holdings
from .instruments import Instruments, InstrumentSnapshot, suggest
from .ladder import Ladder
from .level3 import Level3Book, Level3Snapshot, Position, QueuedOrder
from .snapshot import BookSnapshot, Walk

__all__ = [
    "Best",
    "Book",
    "BookSnapshot",
    "InstrumentSnapshot",
    "Instruments",
    "Ladder",
    "Level3Book",
    "Level3Snapshot",
    "Position",
    "QueuedOrder",
    "Walk",
    "book_checksum",
    "holdings",
    "level3_checksum",
    "suggest",
    "token",
]
