"""The disk as a thread of its own: what is written there delays no frame, no timer and no cancel.

Everything that waits when it is looked at goes to the disk together, with one flush for all of it. What somebody waits
for is flushed at once, everything else within ``group`` seconds.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabClosed
from ..trading.disk import Done, Files, Log, Record
from .clock import Clock

__all__ = ["DiskWorker"]


@dataclass(frozen=True, slots=True)
class _Append:
    log: Log
    record: Record
    done: Done
    at_once: bool


@dataclass(frozen=True, slots=True)
class _Follow:
    log: Log
    done: Done = lambda error, at: None


@dataclass(frozen=True, slots=True)
class _Replace:
    path: Path
    data: bytes
    done: Done


class DiskWorker:
    """A `kraken_lab.trading.disk.Disk` on a daemon thread. Starts on construction; `close` is idempotent.

    ``post`` runs a function soon on the owner's thread, where every ``done`` is called, with the time by ``clock``.
    """

    def __init__(
        self, files: Files, *, post: Callable[[Callable[[], object]], object], clock: Clock, group: float = 1.0
    ) -> None:
        self.heard: Callable[[Sequence[Record]], object] = lambda records: None
        """Called on the owner's thread with what others added to a log, before the ``done`` of what came after it."""
        self._files, self._post, self._clock, self._group = files, post, clock, group
        self._pid = os.getpid()
        self._jobs: list[_Append | _Replace | _Follow] = []
        self._unflushed: list[_Append] = []
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="kraken_lab disk", daemon=True)
        self._thread.start()

    # --- the owner's side -------------------------------------------------------------------------------------------

    def append(self, log: Log, record: Record, done: Done, *, at_once: bool) -> None:
        """Add a record; it is on the disk when ``done`` is called: ``at_once``, or with others in ``group`` seconds."""
        self._hand_in(_Append(log, record, done, at_once))

    def follow(self, log: Log) -> None:
        """Look whether others added something to a log, and have it ``heard``."""
        self._hand_in(_Follow(log))

    def replace(self, path: Path, data: bytes, done: Done) -> None:
        """Put a small file in place, after everything that was asked for earlier."""
        self._hand_in(_Replace(path, data, done))

    def read(self, path: Path) -> bytes | None:
        """A small file, at once, in the caller's thread; None if there is none. Raises OSError."""
        return self._files.read(path)

    def close(self, timeout: float = 5.0) -> None:
        """Put everything on the disk and end the thread, within ``timeout`` seconds."""
        if os.getpid() != self._pid:
            return
        with self._changed:
            self._closing = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _hand_in(self, job: _Append | _Replace | _Follow) -> None:
        if os.getpid() != self._pid:
            raise LabClosed(f"The lab of process {self._pid}, which was forked,")
        with self._changed:
            if not self._closing:
                self._jobs.append(job)
                self._changed.notify()
                return
        self._tell(job.done, OSError("the lab is closed"))

    # --- the thread's side ------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        flush_by: float | None = None
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._jobs or self._closing,
                    None if flush_by is None else max(flush_by - time.monotonic(), 0.0),
                )
                jobs, self._jobs, closing = self._jobs, [], self._closing
            hurried = self._do(jobs)
            if self._unflushed and flush_by is None:
                flush_by = time.monotonic() + self._group
            if hurried or closing or (flush_by is not None and time.monotonic() >= flush_by):
                self._flush()
                flush_by = None
            if closing and not jobs:
                return

    def _do(self, jobs: list[_Append | _Replace | _Follow]) -> bool:
        """Everything that was asked for, in order; whether somebody waits for a flush."""
        together: list[_Append] = []
        for job in jobs:
            if isinstance(job, _Append) and (not together or together[0].log is job.log):
                together.append(job)
                continue
            self._extend(together)
            together = [job] if isinstance(job, _Append) else []
            if isinstance(job, _Replace):
                self._tell(job.done, _tried(lambda job=job: self._files.replace(job.path, job.data)))  # type: ignore[misc]
            if isinstance(job, _Follow):
                self._hear(job.log.news)
        self._extend(together)
        return any(job.at_once for job in self._unflushed)

    def _extend(self, together: list[_Append]) -> None:
        if not together:
            return
        error = self._hear(lambda: together[0].log.extend([job.record for job in together]))
        if error is None:
            self._unflushed += together
            return
        for job in together:
            self._tell(job.done, error)

    def _hear(self, read: Callable[[], Sequence[Record]]) -> OSError | None:
        """Have heard what others added, if it can be read."""
        others: list[Record] = []
        error = _tried(lambda: others.extend(read()))
        if others:
            self._post(lambda: self.heard(others))
        return error

    def _flush(self) -> None:
        waiting, self._unflushed = self._unflushed, []
        errors = {log: _tried(log.sync) for log in dict.fromkeys(job.log for job in waiting)}
        for job in waiting:
            self._tell(job.done, errors[job.log])

    def _tell(self, done: Done, error: OSError | None) -> None:
        at = self._clock.now()
        self._post(lambda: done(error, at))


def _tried(work: Callable[[], object]) -> OSError | None:
    """What went wrong, if something did. Whatever it was, the thread goes on, and who waits is told."""
    try:
        work()
    except OSError as error:
        return error
    except Exception as error:
        return OSError(f"{type(error).__name__} while writing")
    return None
