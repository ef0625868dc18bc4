"""What a picture of a book's past has on top, as a browser is sent it: trades, gaps, and the user's own.

All prices and quantities are texts with their digits; moments are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tables import Gap, TableView
from . import escape
from .gaps import gap_label
from .own import Own, OwnOrder

__all__ = ["OwnPast", "gap_rows", "trade_rows"]

MOST_ENDED = 200
"""Lines of orders that rest no more which are kept."""


def trade_rows(trades: TableView) -> list[tuple[float, str, str, str]]:
    """Trades (schema "trade") as moment, price, quantity and the taker's side, oldest first.

    >>> from kraken_lab.tables import schema, view_of
    >>> trade_rows(view_of(schema("trade"), []))
    []
    """
    return [
        (int(row.timestamp) / 1e6, f"{row.price:f}", f"{row.qty:f}", "buy" if row.side == "buy" else "sell")
        for row in trades.rows()
    ]


def gap_rows(gaps: Sequence[Gap]) -> list[tuple[float, float | None, str]]:
    """Gaps as their begin, their end if they have one, and what there is to say of them.

    >>> gap_rows([Gap("BTC/USD", "book", 0, "disconnected", 2, end_ns=12_000_000_000)])
    [(0.0, 12000.0, 'gap 12 s: disconnected')]
    """
    return [
        (
            gap.start_ns / 1e6,
            None if gap.end_ns is None else gap.end_ns / 1e6,
            escape.visible(escape.clip(gap_label(gap), 90)),
        )
        for gap in gaps
    ]


class OwnPast:
    """The user's own orders over time: since when each rests at its price, as far as a picture was there to see it.

    A line begins when its order was confirmed here or first seen; where that is not known it comes from the left edge.
    One that was amended to another price ends its line and begins another.
    """

    def __init__(self) -> None:
        self._resting: dict[tuple[str, object], dict[str, Any]] = {}
        self._ended: list[dict[str, Any]] = []
        self._own: Own | None = None

    def look(self, own: Own, now_ms: float) -> dict[str, Any] | None:
        """All of it for a browser, if it changed since the last look."""
        if own == self._own:
            return None
        self._own = own
        known = {order_id for order_id, _ in self._resting}
        there = {(order.order_id, order.price): order for order in own.orders}
        for key in [key for key in self._resting if key not in there]:
            self._ended.append({**self._resting.pop(key), "to": now_ms})
        for key, order in there.items():
            if key in self._resting:
                since = self._resting[key]["from"]
            else:
                since = now_ms if order.order_id in known else min(order.since_ns / 1e6, now_ms)
            self._resting[key] = _line(order, since)
        del self._ended[:-MOST_ENDED]
        return self.all()

    def all(self) -> dict[str, Any]:
        """All of it, as of the last look."""
        fills = () if self._own is None else self._own.fills
        return {
            "orders": [*self._ended, *self._resting.values()],
            "fills": [(fill.at_ns / 1e6, fill.side, f"{fill.price:f}", f"{fill.qty:f}") for fill in fills],
        }


def _line(order: OwnOrder, since: float) -> dict[str, Any]:
    return {
        "side": order.side,
        "price": f"{order.price:f}",
        "words": escape.visible(escape.clip(order.words, 90)),
        "waits": order.waits,
        "from": since,
        "to": None,
    }
