"""The halt of an account that this lab has not used yet: `kraken-lab kill` may have written one all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import NotReady
from ..net.in_time import in_time
from ..trading.halt import HaltRecord, read_halt

__all__ = ["HaltFile"]

LOOK_WAIT: Final = 0.2
"""Seconds that whoever looks waits for the disk."""


class HaltFile:
    """What the file at ``path`` says, which is None while no account is known. Any thread may look.

    >>> HaltFile(lambda: None).look() is None
    True
    """

    def __init__(self, path: Callable[[], Path | None]) -> None:
        self._path = path
        self._known: HaltRecord | None = None
        self._waiting = False
        """Whether the disk still owes the answer to an earlier look: no second one is begun meanwhile."""

    def look(self) -> HaltRecord | None:
        """The halt that is in force; of a disk that does not answer what it said last."""
        path = self._path()
        if path is None or self._waiting:
            return self._known
        self._waiting = True
        try:
            self._take(in_time(lambda: _read(path), LOOK_WAIT, "the halt file", late=self._take))
        except NotReady:
            return self._known
        return self._known

    def _take(self, found: HaltRecord | None) -> None:
        self._known, self._waiting = found, False


def _read(path: Path) -> HaltRecord | None:
    try:
        found = read_halt(path.read_bytes())
    except OSError:
        return None  # whoever orders reads it again, and is stopped by what cannot be read
    return None if found is None or found.resumed else found
