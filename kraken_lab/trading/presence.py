"""That a lab lives, said by a lock in its account's folder that ends with its process, however that ends.

Several labs may have the same account at once, in one process or in many. Each has a name of its own and holds the lock
of that name for as long as it lives; whoever wants to know whether another one lives tries to take its lock.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Final

from .file_lock import FileLock, have_locks

__all__ = ["Presence"]

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class Presence:
    """One lab's presence among the labs of an account. Every method may wait for the disk, and raises OSError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = Presence(Path(folder), "one"), Presence(Path(folder), "other")
    ...     one.begin(), other.begin()
    ...     print(one.lives("other"), other.end(), one.lives("other"), one.end())
    (None, None)
    True None False None
    """

    def __init__(self, folder: Path, lab: str) -> None:
        self.lab = lab
        self._folder = folder
        self._lock = FileLock(self._path(lab))

    def _path(self, lab: str) -> Path:
        return self._folder / f"lab-{lab}.lock"

    def begin(self) -> None:
        """From now on it lives. On a system without locks nobody can tell, and every other lab is taken to be gone."""
        if have_locks():
            self._lock.take()

    def lives(self, lab: str) -> bool:
        """Whether a lab lives, this one or another. A name that no lab could have is nobody's."""
        path = self._path(lab)
        if not _NAME.fullmatch(lab) or not have_locks():
            return lab == self.lab
        if self._lock.held and lab == self.lab:
            return True
        if not path.exists():
            return False
        lock = FileLock(path)
        if not lock.take():
            return True
        # It crashed: whoever ends in order takes its file along.
        path.unlink(missing_ok=True)
        lock.release()
        return False

    def end(self) -> None:
        """It lives no more. Idempotent."""
        if self._lock.held:
            with contextlib.suppress(OSError):
                self._lock.path.unlink(missing_ok=True)
            self._lock.release()
