"""The connections over which the real exchange's frames come: when each was last heard, and which have gone silent."""

from __future__ import annotations

from typing import Final

__all__ = ["Sources"]

_NEVER: Final = 2**63 - 1


class Sources:
    """Numbers for connections, and the time on each. ``silence_ns`` without any frame makes one silent.

    >>> sources = Sources(silence_ns=5)
    >>> sources.heard(0, now_ns=1), sources.next_due_ns(), sources.fall_silent(6), sources.is_silent(0)
    (None, 6, [0], True)
    """

    def __init__(self, silence_ns: int) -> None:
        self._silence_ns = silence_ns
        self._heard_ns: dict[int, int] = {}
        self._silent: set[int] = set()
        self._connections: dict[int, int] = {}

    def heard(self, source: int, now_ns: int) -> None:
        """A frame has come over it."""
        self._heard_ns[source] = now_ns
        self._silent.discard(source)

    def is_another(self, source: int, connection_id: int | None) -> bool:
        """Whether the exchange calls this connection something else than before, so that it must be another."""
        if connection_id is None:
            return False
        before = self._connections.get(source, connection_id)
        self._connections[source] = connection_id
        return before != connection_id

    def next_due_ns(self) -> int:
        """When one falls silent if nothing comes; the end of time if none can."""
        waiting = (ns for source, ns in self._heard_ns.items() if source not in self._silent)
        return min(waiting, default=_NEVER - self._silence_ns) + self._silence_ns

    def fall_silent(self, now_ns: int) -> list[int]:
        """Those that are silent by now and were not."""
        fallen = [
            source
            for source, ns in self._heard_ns.items()
            if source not in self._silent and ns + self._silence_ns <= now_ns
        ]
        self._silent.update(fallen)
        return fallen

    def is_silent(self, source: int) -> bool:
        """Whether nothing has been heard over it for too long."""
        return source in self._silent
