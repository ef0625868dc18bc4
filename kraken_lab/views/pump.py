"""The one thread that brings pictures to the browser.

A source changes as fast as it likes; the pump looks at it on its own beat and sends what is newest, so slow drawing
costs frames and never data. All pictures together stay within 50 messages and 500 kB a second: of more messages a
Jupyter server drops some without a word. The thread starts in the context of the cell that shows the first picture,
because that is how a kernel knows where output belongs, and it ends with the last one. It never prints: what goes wrong
is kept by the picture and logged.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Protocol
from weakref import WeakKeyDictionary

from .pace import Allowance

__all__ = ["PUMP", "Painted", "Pump"]

MESSAGES, BYTES = 50.0, 500_000.0
"""A second, all pictures together."""

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())


class Painted(Protocol):
    """Something the pump keeps fresh. All but ``wake`` is called by the pump's thread only."""

    wake: Callable[[], None]
    """Has the pump look at it soon; the pump sets it."""

    @property
    def closed(self) -> bool:
        """Whether there is nothing left to do for it, ever."""

    @property
    def due(self) -> float:
        """When it wants to be painted, in monotonic seconds; infinity while there is nothing to wait for."""

    def hear(self, now: float) -> None:
        """Take in what its browser said since the last turn."""

    def paint(self, now: float) -> int:
        """Send what is newest, and say how many bytes that were; 0 if nothing was sent."""

    def fail(self, error: Exception) -> None:
        """An error ended it: keep it, and be closed."""


class Pump:
    """Gives every picture its turn. ``clock`` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pictures: tuple[Painted, ...] = ()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._size: WeakKeyDictionary[Painted, int] = WeakKeyDictionary()
        """Bytes of the last frame of each picture."""
        self._messages, self._bytes = Allowance(MESSAGES, clock()), Allowance(BYTES, clock())

    @property
    def pictures(self) -> tuple[Painted, ...]:
        """What is kept fresh now."""
        return self._pictures

    def now(self) -> float:
        """This moment by the pump's clock."""
        return self._clock()

    def add(self, picture: Painted) -> None:
        """Keep one more picture fresh until it is closed. Starts the thread if it does not run."""
        picture.wake = self._woken.set
        with self._lock:
            self._pictures = (*self._pictures, picture)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=copy_context().run, args=(self._run,), name="kraken_lab views", daemon=True
                )
                self._thread.start()
        self._woken.set()

    def _run(self) -> None:
        wait: float | None = 0.0
        while True:
            self._woken.wait(wait)
            self._woken.clear()
            soonest = self.turn()
            with self._lock:
                if not self._pictures:
                    self._thread = None
                    return
            wait = None if math.isinf(soonest) else soonest

    def turn(self) -> float:
        """Paint whatever is due, and give the seconds until something is again; infinity if only a word can tell."""
        now = self._clock()
        for picture in self._pictures:
            self._try(picture, lambda picture=picture: picture.hear(now))  # type: ignore[misc]
        if any(picture.closed for picture in self._pictures):
            with self._lock:
                self._pictures = tuple(picture for picture in self._pictures if not picture.closed)
        # Who waits longest comes first, but a large frame waits for as long as it fills the line.
        for picture in sorted(self._pictures, key=lambda picture: picture.due + self._size.get(picture, 0) / BYTES):
            if picture.due > now:
                continue
            if (wait := max(self._messages.wait(now), self._bytes.wait(now))) > 0:
                return wait
            self._try(picture, lambda picture=picture: self._paint(picture, now))  # type: ignore[misc]
        return max(0.0, min((picture.due for picture in self._pictures), default=math.inf) - self._clock())

    def _paint(self, picture: Painted, now: float) -> None:
        sent = picture.paint(now)
        if sent:
            self._messages.spend(1, now)
            self._bytes.spend(sent, now)
            self._size[picture] = sent

    def _try(self, picture: Painted, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            # One picture's trouble is not the others', and a thread has nobody to raise to.
            log.debug("view.failed view=%r", picture, exc_info=True)
            picture.fail(error)


PUMP = Pump()
"""The process's pump. It costs nothing until something is shown."""
