"""One thread, one event loop: the only place where this package waits for the network.

Cells, scripts and async code hand it work and get results or futures; none of them needs a loop of its own. A cell that
computes for a minute delays nothing here.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..errors import LabClosed, NotReady

__all__ = ["IOThread"]

T = TypeVar("T")

BEAT = 0.05
"""Seconds between two looks at how late the loop is."""


class IOThread:
    """A daemon thread with an event loop. Starts on construction; `close` is idempotent.

    A forked child holds none of it: its calls raise `LabClosed` and nothing is sent from there.

    >>> io = IOThread("doc")
    >>> async def answer() -> int: return 42
    >>> io.run(answer(), timeout=1, waiting_for="the answer"), io.close()
    (42, None)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.lateness = 0.0
        """How late the loop was at its last beat, in seconds."""
        self.worst_lateness = 0.0
        self._pid = os.getpid()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"kraken_lab {name}", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(self._ready.set)
        beat = self._loop.create_task(self._measure_lateness())
        try:
            self._loop.run_forever()
        finally:
            beat.cancel()
            while tasks := asyncio.all_tasks(self._loop):
                # Again, as long as work that was handed in at the last moment begins meanwhile.
                for task in tasks:
                    task.cancel()
                self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _measure_lateness(self) -> None:
        while True:
            due = self._loop.time() + BEAT
            await asyncio.sleep(BEAT)
            self.lateness = max(self._loop.time() - due, 0.0)
            self.worst_lateness = max(self.worst_lateness, self.lateness)

    @property
    def alive(self) -> bool:
        """Whether work can be handed in from this process."""
        return not self._closed and os.getpid() == self._pid

    @property
    def here(self) -> bool:
        """Whether the caller is on this very thread."""
        return threading.current_thread() is self._thread

    def check(self) -> None:
        """Have a thread that can be asked.

        Raises:
            LabClosed: it was closed, or this is a forked child.
        """
        if os.getpid() != self._pid:
            raise LabClosed(f"The lab of process {self._pid}, which was forked,")
        if self._closed:
            raise LabClosed("The lab")

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine on the loop. The future may be waited for in any thread or wrapped for another loop.

        Raises:
            LabClosed: it was closed, or this is a forked child.
        """
        try:
            self.check()
        except LabClosed:
            work.close()
            raise
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            # Closed between the look and the leap.
            work.close()
            raise LabClosed("The lab") from None

    def run(self, work: Coroutine[Any, Any, T], *, timeout: float, waiting_for: str) -> T:
        """Run a coroutine on the loop and wait for it in the calling thread. Interrupting the cell cancels it.

        Raises:
            NotReady: it took longer than ``timeout`` seconds.
            LabClosed: it was closed, or this is a forked child.
        """
        future = self.submit(work)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            if future.done():
                # It was the work that ran into a timeout of its own, not this wait.
                raise
            future.cancel()
            raise NotReady(waiting_for, timeout) from None
        except BaseException:
            future.cancel()
            raise

    def call(
        self,
        function: Callable[[], T],
        *,
        timeout: float = 5.0,
        waiting_for: str = "the I/O thread",
        keep: bool = False,
    ) -> T:
        """Run a plain function on the loop's thread and give its result.

        If nobody waits any more when its turn comes, after ``timeout`` seconds or an interrupt, it is not run at all:
        an order that a cell gave up must not leave later. With ``keep`` it is run all the same, as a cancel has to be.

        Raises:
            NotReady: it did not begin within ``timeout`` seconds, or took as long again.
            LabClosed: it was closed, or this is a forked child.
        """
        if self.here:
            return function()
        turn = threading.Lock()
        """Whoever takes it decides: the loop that it is run, the caller that it is not."""

        async def work() -> T | None:
            return function() if turn.acquire(blocking=False) or keep else None

        future = self.submit(work())
        try:
            try:
                return future.result(timeout)  # type: ignore[return-value]
            except concurrent.futures.TimeoutError:
                if future.done():
                    raise  # the function's own
                if keep or turn.acquire(blocking=False):
                    raise NotReady(waiting_for, timeout) from None
            try:
                return future.result(timeout)  # type: ignore[return-value]
            except concurrent.futures.TimeoutError:
                if future.done():
                    raise
                raise NotReady(waiting_for, 2 * timeout) from None
        finally:
            # Also when the cell was interrupted; it changes nothing where it was run.
            if not keep:
                turn.acquire(blocking=False)

    def soon(self, function: Callable[[], object]) -> None:
        """Run a plain function on the loop's thread soon, without waiting. Ignored after `close`."""
        if self.alive:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(function)

    def close(self, timeout: float = 5.0) -> None:
        """Cancel what runs and end the thread within ``timeout`` seconds."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        if not self.here:
            self._thread.join(timeout)
