"""A disk as tests have it: real files that fail or hang when told to, and a queue that is worked off when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from kraken_lab.trading.disk import Done, Files, Log, Record
from kraken_lab.trading.files import OsFiles

__all__ = ["FaultyFiles", "QueuedDisk"]

Operation: TypeAlias = Literal["read", "append", "truncate", "sync", "replace", "rename"]


class FaultyFiles(OsFiles):
    """Real files, not flushed: no test pulls a plug.

    While ``failing`` names an operation it raises that; while ``hanging`` does, whoever asks for it waits for `answer`.
    """

    def __init__(self) -> None:
        self.failing: dict[Operation, OSError] = {}
        self.hanging: set[Operation] = set()
        self.hung = threading.Event()
        """Set once somebody waits."""
        self._answers = threading.Event()

    def hang(self, *operations: Operation) -> None:
        """From now on these do not come back, as on a server that is gone."""
        self.hung.clear()
        self._answers.clear()
        self.hanging |= set(operations)

    def answer(self) -> None:
        """The server is there again, and whoever waits gets what he asked for."""
        self.hanging.clear()
        self._answers.set()

    def _may(self, operation: Operation) -> None:
        if operation in self.hanging:
            self.hung.set()
            assert self._answers.wait(60)
        if operation in self.failing:
            raise self.failing[operation]

    def read(self, path: Path) -> bytes | None:
        """The whole file."""
        self._may("read")
        return super().read(path)

    def append(self, path: Path, data: bytes) -> None:
        """Add to it."""
        self._may("append")
        super().append(path, data)

    def truncate(self, path: Path, size: int) -> None:
        """Cut it."""
        self._may("truncate")
        super().truncate(path, size)

    def sync(self, path: Path) -> None:
        """Nothing."""
        self._may("sync")

    def replace(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """Put it in place."""
        self._may("replace")
        super().replace(path, data, durable=False)

    def rename(self, old: Path, new: Path) -> None:
        """Rename it."""
        self._may("rename")
        old.rename(new)


class QueuedDisk:
    """What both disks of tests do; each says by `_later` when it does it."""

    def __init__(self, files: Files) -> None:
        self.heard: Callable[[Sequence[Record]], object] = lambda records: None
        self.trouble: str | None = None
        self._files = files

    def _later(self, work: Callable[[], object], done: Done) -> None:
        raise NotImplementedError

    def append(self, log: Log, record: Record, done: Done, *, at_once: bool) -> None:
        """Add a record."""

        def work() -> None:
            self._hear(log.extend([record]))
            log.sync()

        self._later(work, done)

    def follow(self, log: Log) -> None:
        """Hear what others added."""
        self._later(lambda: self._hear(log.news()), lambda error, at: None)

    def _hear(self, others: Sequence[Record]) -> None:
        if others:
            self.heard(others)

    def replace(self, path: Path, data: bytes, done: Done) -> None:
        """Put a small file in place."""
        self._later(lambda: self._files.replace(path, data), done)

    def do(self, work: Callable[[], object], done: Done) -> None:
        """Something else."""
        self._later(work, done)

    def watch(self, path: Path) -> None:
        """It is read when it is asked for."""

    def read(self, path: Path) -> bytes | None:
        """A small file, as it is."""
        return self._files.read(path)
