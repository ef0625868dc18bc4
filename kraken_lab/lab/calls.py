"""How a cell asks the I/O thread, and waits for what happens there."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from ..net import IOThread

__all__ = ["Calls", "Watched"]

T = TypeVar("T")


class Watched(Protocol):
    """Something on the I/O thread that tells of its changes there."""

    watchers: tuple[Callable[[], object], ...]


class Calls:
    """A cell's side of one I/O thread."""

    def __init__(self, io: IOThread) -> None:
        self._io = io

    def do(
        self,
        work: Callable[[], T],
        *,
        timeout: float = 5.0,
        keep: bool = False,
        waiting_for: str = "the I/O thread, which something holds up",
    ) -> T:
        """Do it on the I/O thread; ``keep``: also if nobody waits for it any more, because it only reduces risk.

        Raises:
            NotReady: it did not begin within ``timeout`` seconds, or took as long again.
            LabClosed: the lab was closed, or this is a forked child.
        """
        return self._io.call(work, timeout=timeout, keep=keep, waiting_for=waiting_for)

    def answer(self, work: Awaitable[T], what: str) -> T:
        """What somebody elsewhere answers, asked on the I/O thread.

        Raises:
            NotReady: not within five seconds.
        """

        async def answered() -> T:
            return await work

        return self._io.run(answered(), timeout=5.0, waiting_for=what)

    def wait_for(self, watched: Watched, condition: Callable[[], object], timeout: float) -> bool:
        """Wait until a condition, looked at on the I/O thread after every change, holds; whether it came to that."""
        there = threading.Event()

        def look() -> None:
            if condition():
                there.set()

        def watch() -> None:
            watched.watchers = (*watched.watchers, look)
            look()

        def unwatch() -> None:
            watched.watchers = tuple(other for other in watched.watchers if other is not look)

        self.do(watch)
        try:
            return there.wait(timeout)
        finally:
            if self._io.alive:
                self.do(unwatch, keep=True)
