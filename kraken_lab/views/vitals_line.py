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
RATE_OVER: Final = 5.0
"""Seconds over which messages a second are counted."""


class VitalsLine:
    """The facts of now, and whether they are worth a message of their own. ``now`` is a monotonic clock's."""

    def __init__(self, vitals: Callable[[], Vitals], now: float) -> None:
        self._vitals = vitals
        self._counted: deque[tuple[float, int]] = deque([(now, vitals().messages or 0)])
        self._told: tuple[object, ...] = ()
        self._told_at = now

    @property
    def told_the_end(self) -> bool:
        """Whether it was sent that nothing will change any more."""
        return bool(self._told) and self._told[-1] is True

    def facts(self, now: float, *, ended: bool) -> dict[str, Any]:
        """What there is to say now. ``ended``: nothing of it will change any more."""
        vitals = self._vitals()
        counted = self._counted
        counted.append((now, vitals.messages or 0))
        while len(counted) > 2 and counted[1][0] <= now - RATE_OVER:
            counted.popleft()
        (since, before), (_, messages) = counted[0], counted[-1]
        rate = None
        if vitals.messages is not None and now - since >= 1.0:
            rate = round(max(messages - before, 0) / (now - since), 1)
        return {
            "state": escape.visible(vitals.state),
            "note": escape.visible(escape.clip(vitals.note, 200)),
            "age": None if vitals.age is None else round(vitals.age, 2),
            "rate": rate,
            "rows": vitals.rows,
            "epoch": vitals.epoch,
            "gaps": vitals.gaps,
            "agreed": vitals.agreed,
            "failed": vitals.failed,
            "ended": ended,
        }

    def due(self, facts: dict[str, Any], now: float) -> bool:
        """Whether these facts are to be sent even if nothing else is."""
        return _worth_telling(facts) != self._told or now - self._told_at >= BEAT

    def tell(self, facts: dict[str, Any], now: float) -> None:
        """They are sent."""
        self._told, self._told_at = _worth_telling(facts), now


def _worth_telling(facts: dict[str, Any]) -> tuple[object, ...]:
    """What a reader should not wait for; ages and rates the browser may guess for a while."""
    return facts["state"], facts["note"], facts["gaps"], facts["failed"], facts["ended"]
