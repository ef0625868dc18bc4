"""What happens to orders by themselves: a scheduled start, an expiry, and the dead man's switch of the account."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["NEVER_NS", "Due", "OrderTimers"]

NEVER_NS: Final = 2**63 - 1
What: TypeAlias = Literal["start", "expire"]


class Due(NamedTuple):
    """Something that is to happen to an order, if it is still open then."""

    ns: int
    number: int
    what: What
    order_id: str


class OrderTimers:
    """What is to come, in the order of time; among equals in the order of asking.

    >>> timers = OrderTimers()
    >>> timers.set(20, "expire", "OA"), timers.set(10, "start", "OA")
    (None, None)
    >>> timers.next_ns, timers.pop(15).what, timers.pop(15)
    (10, 'start', None)
    """

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._set = 0

    def set(self, ns: int, what: What, order_id: str) -> None:
        """Let it happen at ``ns``."""
        self._set += 1
        heappush(self._heap, Due(ns, self._set, what, order_id))

    @property
    def next_ns(self) -> int:
        """When the next thing happens; the end of time if nothing does."""
        return self._heap[0].ns if self._heap else NEVER_NS

    def pop(self, until_ns: int) -> Due | None:
        """The next thing that is due until then, which is due no more; None if there is none."""
        return heappop(self._heap) if self.next_ns <= until_ns else None
