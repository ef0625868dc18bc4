"""The account as it was a while ago, for REST answers that lag behind the socket.

Source: Account Data pages, Kraken REST API reference: a view over REST may be older than what the socket has told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from kraken_lab.sandbox.orders import Fill, Order, Report
from kraken_lab.sandbox.trading import Trading

__all__ = ["AccountPast"]

PHOTOGRAPHS: Final = 5_000
"""How many changes of orders are remembered."""


class AccountPast:
    """Orders and fills as of an instant that is not too long ago."""

    def __init__(self, trading: Trading) -> None:
        self._trading = trading
        self._photographs: deque[tuple[int, Order]] = deque(maxlen=PHOTOGRAPHS)
        trading.reports.append(self._note)

    def orders(self, seen_ns: int) -> list[Order]:
        """All orders that there were, each as it was, the oldest first."""
        known = {order.order_id: order for order in (*self._trading.closed_orders, *self._trading.open_orders)}
        for _, order in self._photographs:
            known.pop(order.order_id, None)
        known = {order_id: order for order_id, order in known.items() if order.created_ns <= seen_ns}
        known |= {order.order_id: order for ns, order in self._photographs if ns <= seen_ns}
        return sorted(known.values(), key=lambda order: order.created_ns)

    def fills(self, seen_ns: int) -> list[Fill]:
        """All fills that there were, the newest first."""
        return [fill for fill in self._trading.fills if fill.ns <= seen_ns]

    def _note(self, reports: Sequence[Report]) -> None:
        self._photographs.extend((report.ns, report.order) for report in reports)
