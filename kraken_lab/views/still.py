"""The static table or picture beside a live one, or in its place.

A saved notebook keeps what a cell showed, and whatever reads it later (a repository's page, nbconvert, a colleague)
runs no widget. So beside everything live there is an HTML still, out of sight while the live one is there, and written
anew now and then. Where no widget answers it is what one sees, and is written as often as that can be done.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol

from .live_view import LiveView

__all__ = ["Changing", "Still"]

SELDOM = 30.0
"""Seconds between stills while a live one is there: each of them marks the notebook as changed."""
OFTEN = 0.2
"""Seconds between stills where there is nothing else."""
PROMPT = 4.0
"""Seconds within which a live view's browser answers, if there is one."""
COST_SHARE = 1 / 20
"""The most of the kernel's time that stills may take."""


class Changing(Protocol):
    """What a still is of, as far as it knows it."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""

    def pulse(self) -> object:
        """Something that is equal as long as nothing changed; None where that cannot be told without a look."""


class Still:
    """What stands still of a source, shown by ``show(html)`` when it is due. ``live`` is the view it stands in for."""

    def __init__(
        self,
        source: Changing,
        html: Callable[[], str],
        show: Callable[[str], object],
        now: float,
        live: LiveView | None = None,
        cost: Callable[[], float] = time.thread_time,
    ) -> None:
        self._source, self._html, self._show, self._live, self._cpu = source, html, show, live, cost
        self.wake: Callable[[], None] = lambda: None
        self.error: Exception | None = None
        self._shown_at, self._next = now, now + (OFTEN if live is None else PROMPT)
        self._pulse: object = source.pulse()
        self._was_watched = True
        self._over = False

    @property
    def closed(self) -> bool:
        """Whether the last still is shown."""
        return self._over

    @property
    def due(self) -> float:
        """When the next is due; at once when nobody can see the live one change any more."""
        return math.inf if self._over else self._next

    def hear(self, now: float) -> None:
        """Look whether the live one was paused, hidden or closed: then this is the last frame for a while."""
        watched = self._live is None or self._live.watched
        if self._last or (self._was_watched and not watched):
            self._next = now
        self._was_watched = watched

    def paint(self, now: float) -> int:
        """Write it anew if it changed."""
        last = self._last
        began, size = self._cpu(), 0
        pulse = self._source.pulse()
        if last or pulse is None or pulse != self._pulse:
            self._pulse = pulse
            html = self._html()
            self._show(html)
            size = len(html)
        self._over = last
        self._next = now + max(self._pause(), (self._cpu() - began) / COST_SHARE)
        return size

    @property
    def _last(self) -> bool:
        """Whether nothing will change any more; also of a live one that nobody had looked at for long."""
        return self._source.ended or (self._live is not None and self._live.closed)

    def _pause(self) -> float:
        if self._live is None or not self._live.heard_of:
            return OFTEN
        return SELDOM if self._live.watched else math.inf

    def end(self) -> None:
        """Write nothing more: the same is shown anew elsewhere."""
        self._over = True
        self.wake()

    def fail(self, error: Exception) -> None:
        """An error ended it; what is shown stays."""
        self.error, self._over = error, True
