"""How a table is doing, in numbers: what the line above a live table is written from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Vitals"]


@dataclass(frozen=True, slots=True)
class Vitals:
    """A table at one moment. ``None`` of anything is: there is no such thing here.

    ``note`` says why the state is what it is. ``age`` is in seconds, of the newest message. ``agreed`` and ``failed``
    count the checksums of books.

    >>> Vitals(rows=3).state
    ''
    """

    state: str = ""
    note: str = ""
    age: float | None = None
    messages: int | None = None
    rows: int | None = None
    epoch: int | None = None
    gaps: int | None = None
    agreed: int | None = None
    failed: int | None = None
