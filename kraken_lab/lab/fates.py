"""What became of proposals: a proposal is frozen, and a person who looks at one again must see that it was used up."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence

from ..trading import Order, Proposal

__all__ = ["Fates"]


class Fates:
    """Which orders a confirmed proposal became. Any thread may write and read; a proposal is not kept alive by it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[int, tuple[weakref.ref[Proposal], tuple[Order, ...]]] = {}

    def note(self, proposal: Proposal, orders: Sequence[Order]) -> None:
        """It was confirmed, and became these orders; none where it was a cancellation."""
        with self._lock:
            self._orders = {name: entry for name, entry in self._orders.items() if entry[0]() is not None}
            self._orders[id(proposal)] = weakref.ref(proposal), tuple(orders)

    def of(self, proposal: Proposal) -> str:
        """What became of it until now, in words; empty while it was not confirmed."""
        with self._lock:
            known, orders = self._orders.get(id(proposal), (None, ()))
        if known is None or known() is not proposal:
            return ""
        return ", ".join(_words(order) for order in orders) or "it was carried out"


def _words(order: Order) -> str:
    record = order.record
    return f"{record.order_id or record.cl_ord_id} is {record.state}"
