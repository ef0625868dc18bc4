"""What an earlier kernel wrote down, as orders that have to be looked up.

Intents are on the disk before anything can have left, so each is an order that may exist, whatever else was lost with
the process. Later lines say what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..wire import Instant
from .books import OrderBooks
from .intent import Intent, IntentLeg
from .order_machine import OrderMachine
from .remember import fill_of, order_of
from .states import FillRecord, OrderEvent, OrderRecord, OrderState

__all__ = ["restore"]

_MAY_EXIST = frozenset({OrderState.CONFIRMED, OrderState.IN_FLIGHT, OrderState.UNKNOWN})


def restore(records: Iterable[tuple[str, Mapping[str, Any]]], books: OrderBooks, at: Instant) -> None:
    """Put the orders and fills of an audit log's lines (kind, fields) into the books.

    Raises:
        Malformed: a line that cannot be read.
    """
    orders: dict[str, OrderRecord] = {}
    replaces: dict[str, str] = {}
    missing: set[str] = set()
    fills: dict[str, list[FillRecord]] = {}
    for kind, fields in records:
        if kind == "intent":
            intent = Intent.of(fields)
            for leg in intent.legs:
                if leg.cl_ord_id is not None and intent.method in ("add_order", "batch_add"):
                    orders.setdefault(leg.cl_ord_id, _intended(leg, intent))
        elif kind == "order":
            key = str(fields["key"])
            orders[key] = order_of(fields)
            if fields.get("replaces"):
                replaces[key] = str(fields["replaces"])
            (missing.add if fields.get("fills_missing") else missing.discard)(key)
        elif kind == "fill":
            fills.setdefault(str(fields["key"]), []).append(fill_of(fields))
    for key, record in orders.items():
        machine = _put(key, record, fills.get(key, ()), books, at, replaces=replaces.get(key))
        if key in missing and machine.record.is_terminal:
            machine.miss_fills()
        books.touched(machine, at)


def _intended(leg: IntentLeg, intent: Intent) -> OrderRecord:
    return OrderRecord(
        state=OrderState.CONFIRMED,
        order_id=None,
        cl_ord_id=leg.cl_ord_id,
        symbol=leg.symbol,
        side=leg.side,
        order_type=leg.order_type,
        order_qty=leg.order_qty,
        cash_order_qty=leg.cash_order_qty,
        limit_price=leg.limit_price,
        trigger_price=leg.trigger_price,
        time_in_force=leg.time_in_force,
        post_only=leg.post_only,
        reduce_only=leg.reduce_only,
        display_qty=leg.display_qty,
        created_ns=intent.confirmed_ns,
        updated_ns=intent.confirmed_ns,
    )


def _put(
    key: str, record: OrderRecord, fills: Iterable[FillRecord], books: OrderBooks, at: Instant, *, replaces: str | None
) -> OrderMachine:
    if record.state in _MAY_EXIST:
        record = replace(record, state=OrderState.UNKNOWN, reason="it was on its way when the kernel ended")
    if record.state is OrderState.PENDING_CANCEL:
        # Whether that cancel arrived is not known; the order is as it was before.
        record = replace(record, state=OrderState.PARTIAL if record.filled_qty else OrderState.OPEN)
    record = replace(record, unverified=not record.is_terminal, amend="", amending=())
    machine = books.add(key, record, at, replaces=replaces)
    machine.fills = tuple(fills)
    for fill in machine.fills:
        books.fills.take(fill)
    machine.reported_qty = record.filled_qty
    event = OrderEvent(what="from the audit log of an earlier kernel", received_at_ns=at.wall_ns, state=record.state)
    machine.timeline = (event,)
    return machine
