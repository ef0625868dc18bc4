"""What somebody says about an order, in one shape: a report of the stream, a line of a snapshot, an answer of REST.

Everything an order's machine learns comes as `Evidence`, so that a late report, a repeated one and a REST answer that
lags are weighed by the same rules.

Source: "Executions", Kraken WebSocket API v2 reference; "Get Open Orders", Kraken REST API reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from ..errors import Malformed
from ..wire import ExecutionReport, Instant, to_ns
from .exact import multiply, total
from .states import FillRecord

__all__ = ["Evidence", "Source", "Told", "limit_offset", "of_report"]

Source: TypeAlias = Literal["stream", "snapshot", "rest"]
Told: TypeAlias = str | Decimal | bool | None
"""One term of an order as it was told; None says that there is none."""

_TERMS: Final = (
    "symbol", "side", "order_type", "order_qty", "cash_order_qty", "limit_price", "time_in_force", "post_only",
    "reduce_only", "margin", "display_qty", "ord_ref_id",
)  # fmt: skip
_UNLIMITED: Final = frozenset({"market", "stop-loss", "take-profit", "trailing-stop", "settle-position"})
"""Order types without a limit price."""
_LIQUIDITY: Final = {"m": "maker", "t": "taker"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One statement about one order. ``sure`` is False for what may be older than what is known: REST lags.

    ``status`` is the exchange's own word. ``terms`` are those it states, by the names of `OrderRecord`; a report need
    not state any. ``cum_qty`` is how much was filled by then, in base currency. ``timestamp_ns`` is the exchange's
    time, None where it gives none.
    """

    source: Source
    status: str
    received_at_ns: int
    event: str = ""
    timestamp_ns: int | None = None
    order_id: str | None = None
    cl_ord_id: str | None = None
    terms: Mapping[str, Told] = field(default_factory=dict)
    cum_qty: Decimal | None = None
    reason: str = ""
    fill: FillRecord | None = None
    sure: bool = True


def of_report(report: ExecutionReport, source: Source, at: Instant) -> Evidence:
    """A report of the executions channel as evidence.

    >>> report = ExecutionReport("O1", "canceled", "canceled", "2026-05-04T09:31:00Z", reason="User requested")
    >>> of_report(report, "stream", Instant(0.0, 0)).reason
    'User requested'
    """
    terms: dict[str, Told] = {name: value for name in _TERMS if (value := getattr(report, name)) is not None}
    if report.time_in_force is not None:
        terms["time_in_force"] = report.time_in_force.lower()  # as requests write it
    if report.limit_price == 0 and report.order_type in _UNLIMITED:
        del terms["limit_price"]  # how the exchange says that there is none
    if report.limit_price_type in ("quote", "pct") and report.limit_price is not None:
        terms |= limit_offset(report.limit_price, report.limit_price_type)
    trigger = None if report.triggers is None else report.triggers.wakes_at
    if trigger is not None:
        terms["trigger_price"] = trigger
    timestamp_ns = _time(report.timestamp)
    return Evidence(
        source=source,
        status=report.order_status,
        received_at_ns=at.wall_ns,
        event=report.exec_type,
        timestamp_ns=timestamp_ns,
        order_id=report.order_id,
        cl_ord_id=report.cl_ord_id,
        terms=terms,
        cum_qty=report.cum_qty,
        reason=report.reason or report.cancel_reason or "",
        fill=_fill(report, source, timestamp_ns, at),
    )


def limit_offset(offset: Decimal, kind: str) -> dict[str, Told]:
    """The terms of a limit that is an offset from the trigger, in quote currency (``quote``) or percent (``pct``)."""
    return {"limit_price": None, "limit_offset": offset, "limit_offset_type": kind}


def _time(text: str) -> int | None:
    try:
        return to_ns(text)
    except Malformed:
        return None  # a time that cannot be read must not cost the report


def _fill(report: ExecutionReport, source: Source, timestamp_ns: int | None, at: Instant) -> FillRecord | None:
    qty, price = report.last_qty, report.last_price
    if qty is None or price is None or (report.exec_id is None and report.trade_id is None):
        return None
    assets = {fee.asset for fee in report.fees}
    return FillRecord(
        exec_id=report.exec_id or f"trade {report.trade_id}",
        order_id=report.order_id,
        cl_ord_id=report.cl_ord_id,
        symbol=report.symbol or "",
        side=report.side or "",
        price=price,
        qty=qty,
        cost=report.cost if report.cost is not None else multiply(price, qty),
        fee=total(fee.qty for fee in report.fees) if len(assets) == 1 else None,
        fee_asset=assets.pop() if len(assets) == 1 else None,
        liquidity=_LIQUIDITY.get(report.liquidity_ind or "", report.liquidity_ind),
        trade_id=report.trade_id,
        timestamp_ns=timestamp_ns if timestamp_ns is not None else at.wall_ns,
        received_at_ns=at.wall_ns,
        source=source,
    )
