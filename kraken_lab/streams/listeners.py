"""Who hears of every row: callbacks on one thread of ours, and async loops of the user's.

The I/O thread only puts things down and goes on. What cannot keep up loses rows from its own queue, which is counted
and shown; the tables lose nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["AsyncInbox", "Callbacks", "Dispatcher"]

T = TypeVar("T")

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())
"""Nothing is printed from a thread unless somebody set up logging to have it so."""

QUEUE = 10_000


class Callbacks:
    """One registered callback and how it fared. ``errors`` counts, ``last_error`` is its text."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function = function
        self.calls = 0
        self.errors = 0
        self.last_error = ""
        self.dropped = 0
        self.waiting: deque[object] = deque()
        self.ended = False

    @property
    def trouble(self) -> str:
        """What its calls ended in, in a sentence; empty while none failed."""
        again = f", {self.errors} times" if self.errors > 1 else ""
        return f"callback {self.name} failed{again}: {self.last_error} (see .health)" if self.errors else ""

    @property
    def name(self) -> str:
        """The function's own."""
        return getattr(self.function, "__qualname__", None) or repr(self.function)

    def __repr__(self) -> str:
        name = self.name
        waiting = f", {len(self.waiting):,} waiting" if self.waiting else ""
        trouble = f", {self.errors} failed: {self.last_error}" if self.errors else ""
        dropped = f", {self.dropped} dropped" if self.dropped else ""
        return f"<callback {name}: {self.calls} calls{waiting}{trouble}{dropped}>"


class Dispatcher:
    """The one thread that runs callbacks, in turn, so that a slow one delays the others by one call and no more.

    It starts with the first of them; `close` is idempotent.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._turns: deque[Callbacks] = deque()
        """Callbacks with something waiting, each once, in the order of their turns."""
        self._something = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def post(self, callback: Callbacks, row: object) -> None:
        """Have ``callback`` called with ``row`` soon; dropped and counted if too much is waiting. Never waits."""
        with self._something:
            if self._closed or callback.ended:
                return
            if len(callback.waiting) >= QUEUE:
                callback.dropped += 1
                return
            if not callback.waiting:
                self._turns.append(callback)
            callback.waiting.append(row)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._serve, name=f"kraken_lab {self._name} callbacks", daemon=True
                )
                self._thread.start()
            self._something.notify()

    def end(self, callback: Callbacks) -> None:
        """Do not call it any more; what was waiting for it is let go. A call that has begun goes on."""
        with self._something:
            callback.ended = True
            callback.waiting.clear()
            if callback in self._turns:
                self._turns.remove(callback)

    def _serve(self) -> None:
        while True:
            with self._something:
                while not self._turns and not self._closed:
                    self._something.wait()
                if self._closed:
                    return
                callback = self._turns.popleft()
                row = callback.waiting.popleft()
                if callback.waiting:
                    self._turns.append(callback)
            callback.calls += 1
            try:
                callback.function(row)
            except BaseException as error:
                # The user's own code, on a thread where nobody sees a traceback: shown in stream.health instead. Also
                # what would end the thread, such as sys.exit(): it is everybody's.
                callback.last_error = _words(error)
                callback.errors += 1
                if callback.errors == 1:
                    log.warning("%s", callback.trouble)

    def close(self, timeout: float = 1.0) -> None:
        """Stop calling; what is queued is let go. A call that has begun is waited for, but not for ever."""
        with self._something:
            self._closed = True
            self._turns.clear()
            self._something.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)


def _words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        # An exception that cannot even say what it is must not end the thread either.
        return type(error).__name__


class AsyncInbox(Generic[T]):
    """Rows on their way from the I/O thread to one ``async for``. Bounded; ``dropped`` counts what did not fit."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._rows: deque[T] = deque()
        self._event = asyncio.Event()
        self._waits = False
        self._ended = False
        self.dropped = 0

    def put(self, row: T) -> None:
        """Add a row, from any thread."""
        if len(self._rows) >= QUEUE:
            self.dropped += 1
            return
        self._rows.append(row)
        self._wake()

    def end(self) -> None:
        """No more rows will come."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waits:
            self._waits = False
            # Not if the loop was closed under the waiting `async for`: then nobody is there to be woken.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._event.set)

    async def get(self) -> T | None:
        """The next row, or None when no more will come."""
        while True:
            if self._rows:
                return self._rows.popleft()
            if self._ended:
                return None
            self._event.clear()
            self._waits = True
            # Looked at once more after saying so, lest a row that came in between wake nobody.
            if not self._rows and not self._ended:
                await self._event.wait()
            self._waits = False
