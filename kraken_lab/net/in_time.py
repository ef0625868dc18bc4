"""Work that may hang for ever, waited for only so long.

A folder on a server that is gone lets nobody go who touches it, not even for a signal. So whoever touches one does it
on a thread of its own, and if need be that thread is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ..errors import NotReady

__all__ = ["in_time", "soon_or_not"]

T = TypeVar("T")


class _Work(Generic[T]):
    """One piece of work on a daemon thread. Whoever comes second, its end or the end of patience, is told so."""

    def __init__(self, work: Callable[[], T], late: Callable[[T], object], ended: Callable[[], object]) -> None:
        self.results: list[T] = []
        self.error: BaseException | None = None
        self._work, self._late, self._ended = work, late, ended
        self._turn = threading.Lock()
        threading.Thread(target=self._run, name="kraken_lab disk, once", daemon=True).start()

    def _run(self) -> None:
        try:
            self.results.append(self._work())
        except BaseException as error:
            self.error = error
        if self._turn.acquire(blocking=False):
            self._ended()
        elif self.results:
            self._late(self.results[0])

    def give_up(self) -> bool:
        """Wait no longer. False: it is through at this very moment."""
        return self._turn.acquire(blocking=False)

    def result(self) -> T:
        """What came of it."""
        if self.error is not None:
            raise self.error
        return self.results[0]


def in_time(
    work: Callable[[], T], seconds: float, waiting_for: str, *, late: Callable[[T], object] = lambda result: None
) -> T:
    """Do it on a thread of its own, and wait in this one. A result that comes too late is given to ``late``, there.

    Raises:
        NotReady: it took longer than ``seconds``.

    >>> in_time(lambda: 42, 1.0, "the answer")
    42
    """
    through = threading.Event()
    task = _Work(work, late, through.set)
    if not through.wait(seconds) and task.give_up():
        raise NotReady(waiting_for, seconds)
    through.wait()
    return task.result()


async def soon_or_not(work: Callable[[], T], seconds: float, ended: Callable[[], object] = lambda: None) -> T | None:
    """The same without holding up the loop; None if it took longer. ``ended`` is called when it ends after that.

    >>> asyncio.run(soon_or_not(lambda: 42, 1.0))
    42
    """
    loop, through = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(through.set)

    task = _Work(work, lambda result: ended(), tell)
    try:
        await asyncio.wait_for(through.wait(), seconds)
    except TimeoutError:
        if task.give_up():
            return None
    return task.result()
