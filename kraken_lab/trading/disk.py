"""What the acting road needs of a disk: records added for good, small files replaced whole, small files read.

Writing waits, and nothing here may wait, so a `Disk` is told what to do and calls back, on the thread that owns it,
when it is done. The real one is a worker thread in the room with the threads; a test has one that does things when it
is told. What is needed before the next line (the halt) is watched: read beforehand, again and again. A disk that does
not answer holds nobody up: what is watched cannot be read then, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeAlias

from ..wire import Instant

__all__ = ["Disk", "Done", "Files", "Log", "Record"]

Done: TypeAlias = Callable[[OSError | None, Instant], None]
"""Called once, on the owner's thread: with None when it is on the disk for good, else with what went wrong."""

Record: TypeAlias = Mapping[str, object]
"""One line of a log before it is a line: JSON values only."""


class Files(Protocol):
    """The file operations there are, each of which waits until it is done. All raise OSError.

    A test puts one in between that fails when it is told to.
    """

    def read(self, path: Path) -> bytes | None:
        """The whole file; None if there is none."""

    def size(self, path: Path) -> int:
        """Bytes in the file; 0 if there is none."""

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a private file, which is made if need be. All of it, or an error."""

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to ``size`` bytes."""

    def sync(self, path: Path) -> None:
        """Until the file and its entry in the folder are on the disk."""

    def replace(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """A private file with this content, whole or not at all; ``durable``: also on the disk."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in the same folder, for good."""

    def names(self, folder: Path) -> Sequence[str]:
        """What is in a folder, sorted; nothing if there is no such folder."""

    def locked(self, path: Path) -> AbstractContextManager[object]:
        """Hold the lock of that name: no other process and no other thread has it meanwhile."""


class Log(Protocol):
    """A file of records that only grows."""

    def extend(self, records: Sequence[Record]) -> Sequence[Record]:
        """Add the records, in order, and give what others added before. Raises OSError; then none counts as added."""

    def news(self) -> Sequence[Record]:
        """What others added since anything was read or added here. Raises OSError."""

    def sync(self) -> None:
        """Until everything added is on the disk."""


class Disk(Protocol):
    """Does what `Files` can, in order, without making its owner wait."""

    heard: Callable[[Sequence[Record]], object]
    """Called on the owner's thread with what others added to a log, before the ``done`` of what was added after it."""

    def follow(self, log: Log) -> None:
        """Look whether others added something to a log, and have it ``heard``."""

    def append(self, log: Log, record: Record, done: Done, *, at_once: bool) -> None:
        """Add a record; it is on the disk when ``done`` is called: ``at_once``, or with others in ``audit_group``."""

    def replace(self, path: Path, data: bytes, done: Done) -> None:
        """Put a small file in place, after everything that was asked for earlier."""

    def do(self, work: Callable[[], object], done: Done) -> None:
        """Something else that waits, after everything that was asked for earlier. It may raise OSError."""

    def watch(self, path: Path) -> None:
        """Read a small file now, and again and again from now on. This one waits."""

    def read(self, path: Path) -> bytes | None:
        """A watched file as it was a moment ago, at once; None if there was none.

        Raises:
            OSError: it could not be read, or the disk does not answer.
        """

    @property
    def trouble(self) -> str | None:
        """That the disk does not answer, in words; None while it does."""
