"""Files that are waited for only so long: for a program that has something better to do, such as cancelling."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from ..errors import NotReady
from ..trading.disk import Files
from .in_time import in_time

__all__ = ["PatientFiles"]

T = TypeVar("T")


class PatientFiles:
    """Other files, each operation of which fails after ``patience`` seconds. After the first such one all fail at once.

    >>> from kraken_lab.trading import OsFiles
    >>> PatientFiles(OsFiles(), patience=1.0).read(Path("no such file")) is None
    True
    """

    def __init__(self, files: Files, *, patience: float) -> None:
        self._files, self._patience = files, patience
        self._silent = False

    def _in_time(self, work: Callable[[], T]) -> T:
        if not self._silent:
            try:
                return in_time(work, self._patience, "the disk")
            except NotReady:
                self._silent = True
        raise OSError(errno.ETIMEDOUT, f"its disk did not answer within {self._patience:g} s")

    def read(self, path: Path) -> bytes | None:
        """The whole file; None if there is none."""
        return self._in_time(lambda: self._files.read(path))

    def size(self, path: Path) -> int:
        """Bytes in the file; 0 if there is none."""
        return self._in_time(lambda: self._files.size(path))

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a private file, which is made if need be. All of it, or an error."""
        self._in_time(lambda: self._files.append(path, data))

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to ``size`` bytes."""
        self._in_time(lambda: self._files.truncate(path, size))

    def sync(self, path: Path) -> None:
        """Until the file and its entry in the folder are on the disk."""
        self._in_time(lambda: self._files.sync(path))

    def replace(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """A private file with this content, whole or not at all; ``durable``: also on the disk."""
        self._in_time(lambda: self._files.replace(path, data, durable=durable))

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in the same folder, for good."""
        self._in_time(lambda: self._files.rename(old, new))

    def names(self, folder: Path) -> Sequence[str]:
        """What is in a folder, sorted; nothing if there is no such folder."""
        return self._in_time(lambda: self._files.names(folder))

    @contextmanager
    def locked(self, path: Path) -> Iterator[object]:
        """Hold the lock of that name: no other process and no other thread has it meanwhile."""
        lock: AbstractContextManager[object] = self._files.locked(path)
        taken = self._in_time(lock.__enter__)
        try:
            yield taken
        finally:
            self._in_time(lambda: lock.__exit__(None, None, None))
