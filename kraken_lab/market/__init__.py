"""What is true: the order books with their proofs, what can be computed from them, and the instruments. No I/O."""

from __future__ import annotations

from .book import Best, Book
from .ladder import Ladder
from .snapshot import BookSnapshot, Walk

__all__ = ["Best", "Book", "BookSnapshot", "Ladder", "Walk"]
