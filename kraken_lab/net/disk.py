"""The disk as a thread of its own: what is written there delays no frame, no timer and no cancel.

Everything that waits when it is looked at goes to the disk together, with one flush for all of it. What somebody waits
for is flushed at once, everything else within ``group`` seconds. Small files that are watched are read again and again,
and once more after every flush that somebody waits for, so that their owner knows them without reading.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ..errors import LabClosed
from ..trading.disk import Done, Files, Log, Record
from .clock import Clock

__all__ = ["DiskWorker"]

LOOK_EVERY_S: Final = 0.25
"""How often what is watched is read."""
LOOK_GOOD_S: Final = 2.0
"""How old what was read may be; older, the disk does not answer."""
LOOK_WAIT_S: Final = 0.03
"""How long its owner waits for a look that is overdue: this process may have been held up, and not the disk."""
BACKLOG: Final = 10_000
"""Records that nobody waits for are not taken while so many wait for the disk already."""


@dataclass(frozen=True, slots=True)
class _Append:
    log: Log
    record: Record
    done: Done
    at_once: bool


@dataclass(frozen=True, slots=True)
class _Work:
    """Something else; ``path`` is read again after it, if it is watched."""

    work: Callable[[], object]
    done: Done
    path: Path | None = None


_Job: TypeAlias = _Append | _Work


@dataclass(frozen=True, slots=True)
class _Look:
    """A watched file as it was when reading it began, in monotonic seconds."""

    content: bytes | None
    error: OSError | None
    at: float


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
        self._jobs: list[_Job] = []
        self._unflushed: list[_Append] = []
        self._looks: dict[Path, _Look] = {}
        self._excused = False
        """Whether an overdue look was waited for in vain since the last one."""
        self._overdue = False
        self._busy_since: float | None = None
        self._changed = threading.Condition()
        self._looked = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="kraken_lab disk", daemon=True)
        self._thread.start()

    # --- the owner's side -------------------------------------------------------------------------------------------

    def append(self, log: Log, record: Record, done: Done, *, at_once: bool) -> None:
        """Add a record; it is on the disk when ``done`` is called: ``at_once``, or with others in ``group`` seconds."""
        if not at_once and len(self._jobs) >= BACKLOG:
            self._tell(done, OSError(errno.EAGAIN, "too much waits for the disk"))
            return
        self._hand_in(_Append(log, record, done, at_once))

    def follow(self, log: Log) -> None:
        """Look whether others added something to a log, and have it ``heard``."""
        if not self._jobs:  # whatever is written will do that anyway
            self._hand_in(_Work(lambda: self._hear(log.news), _nobody))

    def replace(self, path: Path, data: bytes, done: Done) -> None:
        """Put a small file in place, after everything that was asked for earlier."""
        self._hand_in(_Work(lambda: self._files.replace(path, data), done, path))

    def do(self, work: Callable[[], object], done: Done) -> None:
        """Something else that waits, after everything that was asked for earlier."""
        self._hand_in(_Work(work, done))

    def watch(self, path: Path) -> None:
        """Read a small file, in the caller's thread, and again and again from now on."""
        self._look(path)
        with self._changed:
            self._changed.notify()

    def read(self, path: Path) -> bytes | None:
        """A watched file as it was a moment ago, without waiting; None if there was none.

        Raises:
            OSError: it could not be read, or the disk does not answer.
        """
        look = self._looks[path]
        if self._age(look) > LOOK_GOOD_S:
            look = self._wait_for_look(path)
        if look.error is not None:
            raise look.error
        return look.content

    @property
    def trouble(self) -> str | None:
        """That the disk does not answer, in words, and since when; None while it does."""
        since = self._busy_since
        age = 0.0 if since is None else self._clock.now().mono - since
        return f"the disk has not answered for {age:.0f} s" if age > LOOK_GOOD_S else None

    def close(self, timeout: float = 5.0) -> None:
        """Put everything on the disk and end the thread, within ``timeout`` seconds."""
        if os.getpid() != self._pid:
            return
        with self._changed:
            self._closing = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _wait_for_look(self, path: Path) -> _Look:
        with self._changed:
            self._overdue = True
            self._changed.notify()
        with self._looked:
            if not self._excused:
                self._excused = not self._looked.wait_for(
                    lambda: self._age(self._looks[path]) <= LOOK_GOOD_S, LOOK_WAIT_S
                )
            look = self._looks[path]
        if (age := self._age(look)) > LOOK_GOOD_S:
            raise OSError(errno.ETIMEDOUT, f"the disk has not answered for {age:.0f} s")
        return look

    def _age(self, look: _Look) -> float:
        return self._clock.now().mono - look.at

    def _hand_in(self, job: _Job) -> None:
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
                self._changed.wait_for(lambda: self._jobs or self._closing or self._overdue, self._until(flush_by))
                self._overdue = False
                jobs, self._jobs, closing = self._jobs, [], self._closing
            self._busy_since = self._clock.now().mono
            hurried = self._do(jobs)
            if self._unflushed and flush_by is None:
                flush_by = time.monotonic() + self._group
            if hurried or closing or (flush_by is not None and time.monotonic() >= flush_by):
                self._flush(hurried)
                flush_by = None
            for path in list(self._looks):
                if self._age(self._looks[path]) >= LOOK_EVERY_S:
                    self._look(path)
            self._busy_since = None
            if closing and not jobs:
                return

    def _until(self, flush_by: float | None) -> float | None:
        """Seconds until something is due though nothing is asked for."""
        times = [] if flush_by is None else [max(flush_by - time.monotonic(), 0.0)]
        return min([*times, LOOK_EVERY_S] if self._looks else times, default=None)

    def _do(self, jobs: list[_Job]) -> bool:
        """Everything that was asked for, in order; whether somebody waits for a flush."""
        together: list[_Append] = []
        for job in jobs:
            if isinstance(job, _Append) and (not together or together[0].log is job.log):
                together.append(job)
                continue
            self._extend(together)
            together = [job] if isinstance(job, _Append) else []
            if isinstance(job, _Work):
                error = _tried(job.work)
                if job.path in self._looks:
                    self._look(job.path)
                self._tell(job.done, error)
        self._extend(together)
        return any(job.at_once for job in self._unflushed)

    def _extend(self, together: list[_Append]) -> None:
        if not together:
            return
        error = _tried(lambda: self._hear(lambda: together[0].log.extend([job.record for job in together])))
        if error is None:
            self._unflushed += together
            return
        for job in together:
            self._tell(job.done, error)

    def _hear(self, read: Callable[[], Sequence[Record]]) -> None:
        """Have heard what others added."""
        if others := read():
            self._post(lambda: self.heard(others))

    def _flush(self, hurried: bool) -> None:
        waiting, self._unflushed = self._unflushed, []
        errors = {log: _tried(log.sync) for log in dict.fromkeys(job.log for job in waiting)}
        if hurried:
            # Whoever waits acts next, and goes by what is watched: by how that is after his record was on the disk.
            for path in list(self._looks):
                self._look(path)
        for job in waiting:
            self._tell(job.done, errors[job.log])

    def _look(self, path: Path) -> None:
        at, content = self._clock.now().mono, None
        error: OSError | None = None
        try:
            content = self._files.read(path)
        except OSError as failed:
            error = failed
        with self._looked:
            self._looks[path], self._excused = _Look(content, error, at), False
            self._looked.notify_all()

    def _tell(self, done: Done, error: OSError | None) -> None:
        at = self._clock.now()
        self._post(lambda: done(error, at))


def _nobody(error: OSError | None, at: object) -> None:
    """Nobody waits for this one."""


def _tried(work: Callable[[], object]) -> OSError | None:
    """What went wrong, if something did. Whatever it was, the thread goes on, and who waits is told."""
    try:
        work()
    except OSError as error:
        return error
    except Exception as error:
        return OSError(f"{type(error).__name__} while writing")
    return None
