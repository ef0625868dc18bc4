"""The record of an account's orders and fills, and of the ids they are known by.

Closed orders and fills are kept as long as there is room. A client's id belongs to one open order at a time, and may be
used again once that is closed.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from kraken_lab.sandbox.orders import Fill, Order

__all__ = ["Blotter"]

ROOM: Final = 10_000


class Blotter:
    """Orders by their ids."""

    def __init__(self) -> None:
        self.open: dict[str, Order] = {}
        self._closed: dict[str, Order] = {}
        self._fills: deque[Fill] = deque(maxlen=ROOM)
        self._by_client_id: dict[str, str] = {}

    def put(self, order: Order) -> None:
        """Record the order as it is now."""
        if order.is_open:
            self.open[order.order_id] = order
            if order.terms.cl_ord_id is not None:
                self._by_client_id[order.terms.cl_ord_id] = order.order_id
            return
        self.open.pop(order.order_id, None)
        self._closed[order.order_id] = order
        if len(self._closed) > ROOM:
            self._forget(next(iter(self._closed)))

    def _forget(self, order_id: str) -> None:
        client_id = self._closed.pop(order_id).terms.cl_ord_id
        if client_id is not None and self._by_client_id.get(client_id) == order_id:
            del self._by_client_id[client_id]

    def filled(self, fill: Fill) -> None:
        """Record a fill."""
        self._fills.append(fill)

    def order(self, order_id: str) -> Order | None:
        """The order of that id, open or closed."""
        return self.open.get(order_id) or self._closed.get(order_id)

    def by_client_id(self, client_id: str) -> Order | None:
        """The last order that was given that id, open or closed."""
        order_id = self._by_client_id.get(client_id)
        return None if order_id is None else self.order(order_id)

    def open_by_client_id(self, client_id: str) -> Order | None:
        """The open order of that client's id."""
        order = self.by_client_id(client_id)
        return order if order is not None and order.is_open else None

    def open_by_userref(self, userref: int) -> list[Order]:
        """The open orders of that tag, oldest first."""
        return [order for order in self.open.values() if order.terms.order_userref == userref]

    def open_on(self, symbol: str) -> int:
        """How many orders are open on a pair."""
        return sum(order.symbol == symbol for order in self.open.values())

    @property
    def closed(self) -> tuple[Order, ...]:
        """The last closed first."""
        return tuple(reversed(self._closed.values()))

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Newest first."""
        return tuple(reversed(self._fills))
