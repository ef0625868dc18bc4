"""One order that has to be looked up: since when, when next, and what of REST has answered so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .doubt import Doubt

__all__ = ["PAUSES_S", "Case"]

PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Between two rounds of asking for the same order; the last one goes on."""


@dataclass(slots=True)
class Case:
    """One order. All times are monotonic seconds.

    >>> case = Case(since=0.0, due=1.0)
    >>> case.begin_round(1.0, None), case.due, case.begin_round(2.0, None), case.due
    (None, 2.0, None, 4.0)
    """

    since: float
    """When it was lost: what REST was asked so long before proves nothing."""
    due: float
    pause: float = 0.0
    """Between its last round and the next one."""
    rounds: int = 0
    waiting: set[str] = field(default_factory=set)
    """Names of the lists that this round still waits for."""
    answered: set[str] = field(default_factory=set)
    """Lists that came in since the last snapshot, complete."""

    def begin_round(self, now: float, doubt: Doubt | None) -> None:
        """It is asked for now. The next round is later and later, but not after the lists begin to count."""
        self.pause = PAUSES_S[min(self.rounds, len(PAUSES_S) - 1)]
        self.due = now + self.pause
        self.rounds += 1
        self.waiting = set()
        if doubt is not None and now < doubt.lists_at < self.due:
            self.due = doubt.lists_at
