"""The line of facts above what is live: how its stream is doing, as the values that a browser writes it from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ..tables.vitals import Vitals
from . import escape

__all__ = ["VitalsLine"]

BEAT: Final = 2.0
"""Seconds after which the line is sent though nothing changed: so a browser knows that the kernel lives."""
OFTEN: Final = 0.25
"""Seconds between lines that go along with other news; ages go on in the browser."""
RATE_OVER: Final = 5.0
"""Seconds over which messages a second are counted."""


class VitalsLine:
    """The facts of now, as often as they are worth it. ``now`` is a monotonic clock's."""

    def __init__(self, vitals: Callable[[], Vitals], now: float) -> None:
        self._vitals = vitals
        self._counted: deque[tuple[float, int]] = deque([(now, vitals().messages or 0)])
        self._told: tuple[object, ...] = ()
        self._told_at = now

    @property
    def told_the_end(self) -> bool:
        """Whether it was sent that nothing will change any more, with the state and the gaps that there are."""
        return bool(self._told) and self._told[-1] is True and self._told == self._worth(self._vitals(), ended=True)

    @staticmethod
    def _worth(vitals: Vitals, ended: bool) -> tuple[object, ...]:
        """What a reader should not wait for."""
        return vitals.state, vitals.note, vitals.gaps, vitals.failed, ended

    def news(self, now: float, *, ended: bool, whole: bool, along: bool) -> dict[str, Any] | None:
        """The facts to send now; None if they can wait.

        They cannot in a ``whole`` frame, nor when something changed that a reader should not wait for. ``along`` with
        other news they are sent now and then, otherwise rarely. ``ended``: nothing of it will change any more.
        """
        vitals = self._vitals()
        worth = self._worth(vitals, ended)
        if not whole and worth == self._told and now - self._told_at < (OFTEN if along else BEAT):
            return None
        self._told, self._told_at = worth, now
        return {
            # What has no state of its own, as an account's profit, would stand still without a word.
            "state": escape.visible(vitals.state) or ("STOPPED" if ended else ""),
            "note": escape.visible(escape.clip(vitals.note, 200)),
            "age": None if vitals.age is None else round(vitals.age, 2),
            "rate": None if vitals.messages is None else self._rate(now, vitals.messages),
            "rows": vitals.rows,
            "epoch": vitals.epoch,
            "gaps": vitals.gaps,
            "agreed": vitals.agreed,
            "failed": vitals.failed,
            "ended": ended,
        }

    def _rate(self, now: float, messages: int) -> float | None:
        """Messages a second of late; None within the first second."""
        counted = self._counted
        counted.append((now, messages))
        while len(counted) > 2 and counted[1][0] <= now - RATE_OVER:
            counted.popleft()
        since, before = counted[0]
        return round(max(messages - before, 0) / (now - since), 1) if now - since >= 1.0 else None
