"""What an earlier kernel wrote down, as orders that have to be looked up.

Intents are on the disk before anything can have left, so each is an order that may exist, whatever else was lost with
the process. Later lines say what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import Malformed
from ..wire import Instant
from .books import OrderBooks
from .intent import Intent, IntentLeg
from .order_machine import OrderMachine
from .orders import KEPT
from .remember import fill_of, order_line, order_of
from .states import FillRecord, OrderEvent, OrderRecord, OrderState

__all__ = ["restore"]

_MAY_EXIST = frozenset({OrderState.CONFIRMED, OrderState.IN_FLIGHT, OrderState.UNKNOWN})


def restore(
    records: Iterable[tuple[str, Mapping[str, Any]]],
    books: OrderBooks,
    at: Instant,
    unreadable: Callable[[Malformed], object],
) -> None:
    """Put the orders and fills of an audit log's lines (kind, fields) into the books.

    Of what has ended, only as much as is shown. ``unreadable`` hears of each line that cannot be read.
    """
    told = _Told()
    for kind, fields in records:
        try:
            told.hear(kind, fields)
        except Malformed as error:
            unreadable(error)
    told.read_orders(unreadable)
    for key in told.shown():
        record, replaces = told.orders[key], told.replaces.get(key)
        known = order_line(record, replaces, fills_missing=key in told.missing) if key in told.lines else None
        machine = _put(key, record, told.fills.get(key, ()), books, at, replaces=replaces, known=known)
        if key in told.missing and machine.record.is_terminal:
            machine.miss_fills()
        books.touched(machine, at)


class _Told:
    """What the lines say, the newest of each order."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderRecord] = {}
        self.lines: dict[str, Mapping[str, Any]] = {}
        """The newest line of each order, which need not be written once more."""
        self.replaces: dict[str, str] = {}
        self.missing: set[str] = set()
        self.fills: dict[str, list[FillRecord]] = {}

    def hear(self, kind: str, fields: Mapping[str, Any]) -> None:
        """One line.

        Raises:
            Malformed: it cannot be read.
        """
        if kind == "intent":
            intent = Intent.of(fields)
            for leg in intent.legs:
                if leg.cl_ord_id is not None and intent.method in ("add_order", "batch_add"):
                    self.orders.setdefault(leg.cl_ord_id, _intended(leg, intent))
        elif kind == "order":
            self.lines[_key(fields)] = fields
        elif kind == "fill":
            self.fills.setdefault(_key(fields), []).append(fill_of(fields))

    def read_orders(self, unreadable: Callable[[Malformed], object]) -> None:
        """Each order by its newest line; one whose line cannot be read is what its intent says, and may exist."""
        for key, line in self.lines.items():
            try:
                self.orders[key] = order_of(line)
            except Malformed as error:
                unreadable(error)
                continue
            if line.get("replaces"):
                self.replaces[key] = str(line["replaces"])
            if line.get("fills_missing"):
                self.missing.add(key)

    def shown(self) -> list[str]:
        """The orders to be taken up: all that may still be open or lack something, and of the others the newest."""
        ended = [key for key, record in self.orders.items() if record.is_terminal and key not in self.missing]
        left_out = set(ended[: max(len(ended) - KEPT, 0)])
        return [key for key in self.orders if key not in left_out]


def _key(fields: Mapping[str, Any]) -> str:
    if not isinstance(key := fields.get("key"), str):
        raise Malformed("a record of the audit log without key")
    return key


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
    key: str,
    record: OrderRecord,
    fills: Iterable[FillRecord],
    books: OrderBooks,
    at: Instant,
    *,
    replaces: str | None,
    known: dict[str, object] | None,
) -> OrderMachine:
    if record.state in _MAY_EXIST:
        record = replace(record, state=OrderState.UNKNOWN, reason="it was on its way when the kernel ended")
    if record.state is OrderState.PENDING_CANCEL:
        # Whether that cancel arrived is not known; the order is as it was before.
        record = replace(record, state=OrderState.PARTIAL if record.filled_qty else OrderState.OPEN)
    record = replace(record, unverified=not record.is_terminal, amend="", amending=())
    machine = books.add(key, record, at, replaces=replaces, written=known)
    machine.fills = tuple(fills)
    for fill in machine.fills:
        books.fills.take(fill)
    machine.reported_qty = record.filled_qty
    event = OrderEvent(what="from the audit log of an earlier kernel", received_at_ns=at.wall_ns, state=record.state)
    machine.timeline = (event,)
    return machine
