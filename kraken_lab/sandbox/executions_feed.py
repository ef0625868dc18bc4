"""The ``executions`` channel: what happens to the account's orders, one line a report, for each subscription apart.

Reports of one action that follow each other and are of one kind share a message: the trades of an order that walks the
book, the cancels of all. A subscription numbers its messages from 1, which is its snapshot; what it did not ask for is
left out and uses no number.

Assumed, because nobody has published it: the rate counter stands in every report, as ``ratecount``, whole units of it.

Source: Executions, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from kraken_lab.sandbox.execution_entries import ExecutionEntries
from kraken_lab.sandbox.json_text import array, boolean, text
from kraken_lab.sandbox.orders import Report
from kraken_lab.sandbox.request import AccountSubscription
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.trading import Trading

__all__ = ["ExecutionsFeed"]

FILLS_SHOWN: Final = 50
_OUTLINE: Final = frozenset({"new", "trade", "filled", "canceled", "expired"})
"""What is told without ``order_status``."""
_WARNINGS: Final = (
    "cancel_reason is deprecated, use reason",
    "stop_price is deprecated, use triggers.price",
    "trigger is deprecated use triggers.reference",
    "triggered_price is deprecated use triggers.last_price",
)


class ExecutionsFeed:
    """Makes the channel's content for a subscription, as JSON text."""

    channel: Final = "executions"

    def __init__(self, trading: Trading, stamps: Stamps, decimals: Mapping[str, int]) -> None:
        self._trading = trading
        self._entries = ExecutionEntries(stamps, decimals)

    def acknowledgement(self, asked: AccountSubscription) -> dict[str, str]:
        """The ``result`` that answers a subscription."""
        return {
            "channel": text(self.channel),
            "maxratecount": str(self._trading.max_rate_count),
            "snap_orders": boolean(asked.snap_orders),
            "snap_trades": boolean(asked.snap_trades),
            "snapshot": boolean(asked.snap_orders),
            "warnings": array(map(text, _WARNINGS)),
        }

    def snapshot(self, asked: AccountSubscription) -> str:
        """The open orders and the last fills, oldest first, as far as they were asked for."""
        orders = self._trading.open_orders if asked.snap_orders else ()
        entries = [self._entries.open_order(order) for order in orders]
        for fill in reversed(self._trading.fills[:FILLS_SHOWN] if asked.snap_trades else ()):
            order = self._trading.order(fill.order_id)
            if order is not None:
                entries.append(self._entries.past_fill(fill, order))
        return array(entries)

    def updates(self, asked: AccountSubscription, reports: Sequence[Report]) -> list[str]:
        """What these reports tell a subscription, message by message."""
        told = [report for report in reports if asked.order_status or report.kind in _OUTLINE]
        alike = groupby(told, key=lambda report: report.kind)
        return [array(self._entry(asked, report) for report in group) for _, group in alike]

    def _entry(self, asked: AccountSubscription, report: Report) -> str:
        count = int(self._trading.rate_count(report.order.symbol, report.ns)) if asked.ratecounter else None
        return self._entries.report(report, count)
