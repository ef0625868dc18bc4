"""When an order that nobody can speak for may be called absent.

Absence from one list proves nothing. `NOT_PLACED` needs all of it: so much time that the engine could not match the
order any more, a snapshot of the executions asked for after that, and three REST lists asked for later than REST is
known to lag, each complete and each without the order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .rules import OrderSettings

__all__ = ["LISTS", "Doubt"]

LISTS: Final = ("OpenOrders", "ClosedOrders", "TradesHistory")
"""What REST has to be asked."""


@dataclass(slots=True)
class Doubt:
    """What is known of the absence of one order. All times are monotonic seconds.

    >>> doubt = Doubt(sent=0.0, settings=OrderSettings())
    >>> for name in LISTS: doubt.absent_from(name, asked=80.0)
    >>> doubt.proved(80.5, snapshot_asked=7.0), doubt.proved(80.5, snapshot_asked=6.9)
    (True, False)
    """

    sent: float
    settings: OrderSettings
    uncertainty: float = 0.0
    """Of the clocks, in seconds: how much later than we think the engine's deadline may be."""
    asked: dict[str, float] = field(default_factory=dict)
    """For each list that was complete and without the order: when it was asked for, the latest."""

    @property
    def settled_at(self) -> float:
        """From when on nothing new can come of the request."""
        return self.sent + self.settings.order_deadline + self.settings.settle_margin + self.uncertainty

    @property
    def lists_at(self) -> float:
        """From when on a list that is asked for counts."""
        return max(self.settled_at, self.sent + self.settings.rest_lag)

    def absent_from(self, name: str, asked: float) -> None:
        """A list that was asked for then was complete, and the order not in it."""
        self.asked[name] = max(asked, self.asked.get(name, asked))

    def proved(self, now: float, *, snapshot_asked: float | None) -> bool:
        """Whether the order is proved to be absent. ``snapshot_asked``: of the newest snapshot, if it is still good."""
        if now < self.settled_at or snapshot_asked is None or snapshot_asked < self.settled_at:
            return False
        return all(self.asked.get(name, -1.0) >= self.lists_at for name in LISTS)
