"""What a cell waits for while the I/O thread works: done, or why not."""

from __future__ import annotations

import threading

from ..errors import KrakenLabError, NotReady

__all__ = ["Outcome"]


class Outcome:
    """One answer across threads. Given once on the I/O thread, waited for in the caller's.

    >>> outcome = Outcome("the answer")
    >>> outcome.give(None); outcome.wait(timeout=1)
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._there = threading.Event()
        self._error: KrakenLabError | None = None

    def give(self, error: KrakenLabError | None) -> None:
        """It is done, or ``error`` is why it is not. What comes later changes nothing."""
        if not self._there.is_set():
            self._error = error
            self._there.set()

    @property
    def given(self) -> bool:
        """Whether there is an answer."""
        return self._there.is_set()

    def wait(self, timeout: float) -> None:
        """Wait for it.

        Raises:
            NotReady: none came within ``timeout`` seconds.
            KrakenLabError: what was given.
        """
        if not self._there.wait(timeout):
            raise NotReady(self._what, timeout)
        if self._error is not None:
            raise self._error
