"""Work that a widget's handlers only hand in: one thread while there is any, none while there is not.

A handler may be called in any thread and at any moment, also in the middle of a cell, so it computes nothing and waits
for nothing. What it hands in is done here, in order; of jobs with the same key only the newest is done, and those may
be kept apart in time, so a book that moves a thousand times a second is looked at three times.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

__all__ = ["Agenda", "Failed", "Job", "Worker", "Works"]

Job: TypeAlias = Callable[[], object]
Failed: TypeAlias = Callable[[Exception], object]

LINGER: Final = 5.0
"""How long a thread without anything to do waits for more, in seconds."""


class Works(Protocol):
    """Does what is handed in, and neither blocks nor raises when it is."""

    def put(self, job: Job, *, key: str = "", after: float = 0.0, apart: float = 0.0) -> None:
        """Have a job done ``after`` so many seconds, and ``apart`` seconds after the last of its ``key``."""

    def close(self) -> None:
        """Do no more."""


@dataclass(slots=True)
class _Entry:
    job: Job
    key: str
    due: float
    apart: float


class Agenda:
    """What is to be done when. Times are monotonic seconds, given by the caller.

    >>> agenda = Agenda()
    >>> agenda.put(lambda: "old", 0.0, key="look", apart=0.5); agenda.put(lambda: "new", 0.1, key="look", apart=0.5)
    >>> agenda.take(0.1)(), agenda.next_at()
    ('new', None)
    >>> agenda.put(lambda: "next", 0.2, key="look", apart=0.5); agenda.take(0.2), agenda.next_at()
    (None, 0.6)
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._done_at: dict[str, float] = {}

    def put(self, job: Job, now: float, *, key: str = "", after: float = 0.0, apart: float = 0.0) -> None:
        """Note a job. One of the same key that waits already is replaced by it, and keeps the earlier of both times."""
        due = now + after
        if key:
            due = max(due, self._done_at.get(key, float("-inf")) + apart)
            for entry in self._entries:
                if entry.key == key:
                    entry.job, entry.due = job, min(entry.due, due)
                    return
        self._entries.append(_Entry(job, key, due, apart))

    def take(self, now: float) -> Job | None:
        """The job that is to be done now, the longest due first; None while there is none."""
        entry = min(self._entries, key=lambda entry: entry.due, default=None)
        if entry is None or entry.due > now:
            return None
        self._entries.remove(entry)
        if entry.key:
            self._done_at[entry.key] = now
        return entry.job

    def next_at(self) -> float | None:
        """When something is due next; None for never."""
        return min((entry.due for entry in self._entries), default=None)


class Worker:
    """Does what is handed in, on a thread that begins with the first job and ends when there was none for a while.

    ``failed`` is called, on that thread, with whatever a job raised. The thread runs in the context of the cell that
    made the worker, because some kernels send a thread's messages where its context says.
    """

    def __init__(self, name: str, failed: Failed) -> None:
        self._name, self._failed = name, failed
        self._context = contextvars.copy_context()
        self._changed = threading.Condition()
        self._agenda = Agenda()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, job: Job, *, key: str = "", after: float = 0.0, apart: float = 0.0) -> None:
        """Have a job done, as `Works.put` says. Ignored once closed."""
        with self._changed:
            if self._closed:
                return
            self._agenda.put(job, time.monotonic(), key=key, after=after, apart=apart)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._context.copy().run, args=(self._serve,), name=self._name, daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Do no more; what runs is finished. Idempotent, and does not wait."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def running(self) -> bool:
        """Whether there is a thread at present."""
        return self._thread is not None

    def _serve(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:
                self._failed(error)

    def _next(self) -> Job | None:
        """The next job, waited for; None when the thread shall end."""
        idle_until = time.monotonic() + LINGER
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                if (job := self._agenda.take(now)) is not None:
                    return job
                due = self._agenda.next_at()
                if due is None and now >= idle_until:
                    break
                self._changed.wait((idle_until if due is None else due) - now)
            self._thread = None
            return None
