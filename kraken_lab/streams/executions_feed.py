"""What became of the account's orders: every report a row, every fill once.

Only the first report of an order describes it; later ones name it and what changed. A row is completed with the symbol,
side and type of its order, which never change, and with nothing else.

Source: "Executions", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple

from ..tables import EventTable, schema
from ..wire import ExecutionReport, ExecutionsMessage, Instant, Settings, Want
from .feed import Upstream
from .sequenced_feed import SequencedFeed

__all__ = ["EXECUTIONS", "ExecutionsFeed"]

EXECUTIONS: Final = Want(channel="executions", snap_orders=True, snap_trades=True, ratecounter=True)
"""How the channel is subscribed here: open orders, the last 50 fills, and the rate counter, whoever asks."""

REMEMBERED = 20_000
"""Orders, and fills, remembered to complete reports and to recognise what comes twice."""


class _Order(NamedTuple):
    """What of an order never changes."""

    symbol: str | None
    side: str | None
    order_type: str | None
    cl_ord_id: str | None
    order_userref: int | None


class ExecutionsFeed(SequencedFeed[ExecutionsMessage]):
    """Execution reports of the account, of all its orders, whoever placed them."""

    channel: ClassVar[str] = "executions"

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self.table = EventTable(schema("executions"), rows=settings.ring_rows, bytes=settings.ring_bytes)
        self.listeners: tuple[Callable[[tuple[Any, ...]], object], ...] = ()
        self._orders: OrderedDict[str, _Order] = OrderedDict()
        self._fills: OrderedDict[str, tuple[str, Decimal | None, Decimal | None]] = OrderedDict()

    @property
    def tables(self) -> tuple[EventTable, ...]:
        """The reports."""
        return (self.table,)

    def _write(self, message: ExecutionsMessage, at: Instant) -> str:
        """Write every report that is new. A report of an order nobody described is shown, and asks for a snapshot."""
        source = "live"
        if message.type == "snapshot":
            source = "snapshot" if self.epoch == 1 else "backfill"
        unheard = ""
        for report in message.data:
            known = report.order_id in self._orders
            order = self._described(report)
            if not known and message.type == "update" and report.exec_type != "pending_new":
                unheard = f"a report of order {report.order_id}, which was never described"
                self.counters["reports of unknown orders"] += 1
            if report.exec_type != "trade" or self._is_new(report):
                self._add(report, order, source, at)
        return unheard

    def _described(self, report: ExecutionReport) -> _Order:
        before = self._orders.get(report.order_id, _Order(None, None, None, None, None))
        order = _Order(
            report.symbol or before.symbol,
            report.side or before.side,
            report.order_type or before.order_type,
            report.cl_ord_id or before.cl_ord_id,
            report.order_userref if report.order_userref is not None else before.order_userref,
        )
        _remember(self._orders, report.order_id, order)
        return order

    def _is_new(self, report: ExecutionReport) -> bool:
        """Whether a fill did not come before. The first one is kept, also if the second says something else."""
        name = report.exec_id or f"{report.symbol} {report.trade_id}"
        said = (report.order_id, report.last_price, report.last_qty)
        before = self._fills.get(name)
        if before is None:
            _remember(self._fills, name, said)
            return True
        if before == said:
            self.counters["duplicate fills"] += 1
        else:
            self.counters["conflicting fills"] += 1
            self._difference = f"fill {name} came twice with different contents; the first is kept"
            self.reason = self._difference
        return False

    def _add(self, report: ExecutionReport, order: _Order, source: str, at: Instant) -> None:
        fee = report.fees[0] if len(report.fees) == 1 else None
        triggers = report.triggers
        row = (
            report.timestamp,
            at.wall_ns,
            order.symbol,
            report.exec_type,
            report.order_status,
            order.side,
            order.order_type,
            report.order_qty,
            report.cash_order_qty,
            report.limit_price if report.limit_price_type in (None, "static") else None,  # else it is an offset
            None if triggers is None else triggers.wakes_at,
            None if triggers is None else triggers.status,
            report.time_in_force,
            report.last_qty,
            report.last_price,
            report.cost,
            None if fee is None else fee.qty,
            None if fee is None else fee.asset,
            report.liquidity_ind,
            report.cum_qty,
            report.cum_cost,
            report.avg_price,
            report.fee_usd_equiv,
            report.reason or report.cancel_reason,
            report.order_id,
            order.cl_ord_id,
            order.order_userref,
            report.exec_id,
            report.trade_id,
            report.ord_ref_id,
            self.epoch,
            self._take_gap_flag(),
            source,
        )
        self.table.append(row)
        for listener in self.listeners:
            listener(row)


def _remember(those: OrderedDict[str, Any], name: str, value: Any) -> None:
    those[name] = value
    those.move_to_end(name)
    if len(those) > REMEMBERED:
        those.popitem(last=False)
