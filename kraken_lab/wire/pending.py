"""The requests that may still be answered, by their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

from .peer import Instant
from .wants import Key

__all__ = ["Asked", "Pending"]

KEPT = 1_000
"""Requests remembered to match answers with; far more than can be under way."""


class Asked(NamedTuple):
    """One request: when it was given to be written, and the wants it was about (none for a ping or an order)."""

    at: Instant
    keys: tuple[Key, ...]


class Pending:
    """One connection's numbers. They go on over reconnects, so that no late answer is taken for another's.

    >>> pending = Pending()
    >>> pending.add(Instant(0.0, 0)), pending.add(Instant(1.0, 0)), pending.get(2).at.mono
    (1, 2, 1.0)
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        self._asked: dict[int, Asked] = {}

    def add(self, at: Instant, keys: Iterable[Key] = ()) -> int:
        """Remember a request that is written now; gives its ``req_id``."""
        req_id = next(self._numbers)
        self._asked[req_id] = Asked(at, tuple(keys))
        while len(self._asked) > KEPT:
            del self._asked[next(iter(self._asked))]
        return req_id

    def get(self, req_id: int | None) -> Asked | None:
        """The request of that number, or None. It stays: a request for several symbols is answered several times."""
        return self._asked.get(req_id) if req_id is not None else None

    def take(self, req_id: int | None) -> Asked | None:
        """As `get`, but it is forgotten: nothing more is expected."""
        return self._asked.pop(req_id, None) if req_id is not None else None

    def clear(self) -> None:
        """The connection is gone, and with it every answer."""
        self._asked.clear()

    def __len__(self) -> int:
        return len(self._asked)
