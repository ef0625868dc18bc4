"""Locks between processes, which the operating system lets go of when their holder dies, however it dies.

The lock decides, not what the file says. A forked child holds none of its parent's: its copies are closed as it begins.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without them
    fcntl = None  # type: ignore[assignment]

__all__ = ["FileLock", "have_locks", "held_by", "waiting_lock"]

_held: weakref.WeakSet[FileLock] = weakref.WeakSet()


def have_locks() -> bool:
    """Whether this system has locks that can be relied on."""
    return fcntl is not None


def held_by(path: Path) -> int | None:
    """The process that holds the lock of that name, 0 if none does; None where the system does not tell.

    It only looks: who wants to take the lock at the same moment is not in its way.
    """
    try:
        held = Path("/proc/locks").read_text("ascii").splitlines()
        place = str(path.stat().st_ino)
    except FileNotFoundError as missing:
        return 0 if missing.filename == str(path) else None
    except (OSError, ValueError):
        return None
    # Number, kind, manner, use, process, device:inode, from, to; a line with an arrow is one that waits.
    found = [line.split() for line in held]
    return next((int(at[4]) for at in found if at[1] == "FLOCK" and at[5].rpartition(":")[2] == place), 0)


class FileLock:
    """A lock of that name, for one holder, or ``shared`` by several. `take` never waits.

    Raises:
        OSError: the file cannot be made, or this system has no locks.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = FileLock(Path(folder, "lock")), FileLock(Path(folder, "lock"))
    ...     print(one.take(), other.take(), one.release(), other.take(), other.release())
    True False None True None
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this very object, in this process, holds it."""
        return self._fd is not None

    def take(self, *, shared: bool = False) -> bool:
        """Take it if it is free; whether it is held now."""
        if self._fd is not None:
            return True
        if fcntl is None:
            raise OSError("this system has no file locks")
        while True:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                return False
            except BaseException:
                os.close(fd)
                raise
            if _is_at(fd, self.path):
                break
            os.close(fd)  # removed between the look and the leap: what is locked is nobody's any more
        self._fd = fd
        _held.add(self)
        return True

    def write(self, text: str) -> None:
        """Say something in the file, for people and for refusals; the lock does not depend on it."""
        assert self._fd is not None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, text.encode(), 0)

    def release(self) -> None:
        """Let go of it. Idempotent."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            fcntl.flock(fd, fcntl.LOCK_UN)  # also for a copy that a child may have of it
            os.close(fd)

    def _forget(self) -> None:
        """In a forked child: closing its copy leaves the parent's lock alone."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)


@contextlib.contextmanager
def waiting_lock(path: Path) -> Iterator[int]:
    """Hold the lock of that name, after waiting for it, and give its open file. Without locks it goes on without.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, waiting_lock(Path(folder, "lock")):
    ...     FileLock(Path(folder, "lock")).take()
    False
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        if fcntl is not None:
            fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def _is_at(fd: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(fd)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _forget_all() -> None:
    for lock in list(_held):
        lock._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
