"""`Files` as they are: every operation waits until it is done. Nothing here may be called where waiting hurts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from .file_lock import waiting_lock

__all__ = ["OsFiles"]

PRIVATE = 0o600


class OsFiles:
    """The operating system's files. What is made here can be read by nobody else.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     OsFiles().append(Path(folder, "log"), b"one\\n"), OsFiles().read(Path(folder, "log"))
    (None, b'one\\n')
    """

    def read(self, path: Path) -> bytes | None:
        """The whole file; None if there is none."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def size(self, path: Path) -> int:
        """Bytes in the file; 0 if there is none."""
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a private file, which is made if need be. All of it, or an error."""
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE)
        try:
            _write(fd, data)
        finally:
            os.close(fd)

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to ``size`` bytes."""
        os.truncate(path, size)

    def sync(self, path: Path) -> None:
        """Until the file and its entry in the folder are on the disk."""
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        _sync_folder(path.parent)

    def replace(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """A private file with this content, whole or not at all; ``durable``: also on the disk."""
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
        try:
            try:
                _write(fd, data)
                if durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            beside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        if durable:
            _sync_folder(path.parent)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in the same folder, for good."""
        old.rename(new)
        _sync_folder(new.parent)

    def names(self, folder: Path) -> Sequence[str]:
        """What is in a folder, sorted; nothing if there is no such folder."""
        try:
            return sorted(entry.name for entry in folder.iterdir())
        except FileNotFoundError:
            return []

    def locked(self, path: Path) -> AbstractContextManager[object]:
        """Hold the lock of that name: no other process and no other thread has it meanwhile."""
        return waiting_lock(path)


def _write(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def _sync_folder(folder: Path) -> None:
    try:
        fd = os.open(folder, os.O_RDONLY)
    except (PermissionError, IsADirectoryError):
        return  # a system on which folders are not opened
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
