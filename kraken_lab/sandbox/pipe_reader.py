"""Reading lines on a thread of its own, and handing them to an event loop no faster than it can take them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

__all__ = ["PipeReader"]

MOST_WAITING: Final = 2_048
"""Lines read ahead. When they are not taken, the pipe fills up, and whoever writes into it notices."""
AT_ONCE: Final = 256
"""Lines handed over in one turn of the loop, so that sockets get theirs in between."""


class PipeReader:
    """Hands ``take`` some lines at a time, on the loop, in order; calls ``end`` after the last.

    Standard input may be anything and need not be pollable, hence the thread.
    """

    def __init__(self, stream: Iterable[str], take: Callable[[Sequence[str]], None], end: Callable[[], None]) -> None:
        self._stream = stream
        self._take = take
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[str] = deque()
        self._room = threading.Semaphore(MOST_WAITING)
        self._called = threading.Event()
        threading.Thread(target=self._read, name="kraken_lab sandbox control", daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # gone: the stream, or the loop
            for line in self._stream:
                if line.strip():
                    self._room.acquire()
                    self._waiting.append(line)
                    if not self._called.is_set():
                        self._called.set()
                        self._loop.call_soon_threadsafe(self._hand_over)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._finish)

    def _hand_over(self) -> None:
        # Cleared first: a line that comes during the rest calls again, for nothing at worst.
        self._called.clear()
        lines = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        if not lines:
            return
        self._room.release(len(lines))
        if self._waiting:
            self._called.set()
            self._loop.call_soon(self._hand_over)
        self._take(lines)

    def _finish(self) -> None:
        """The end comes after everything that was read."""
        if self._waiting:
            self._loop.call_soon(self._finish)
        else:
            self._end()
