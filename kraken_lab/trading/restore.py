"""What labs that are gone wrote down, as orders that have to be looked up.

Intents are on the disk before anything can have left, so each is an order that may exist, whatever else was lost with
the process. Later lines say what became of it. Reading takes its time with a long log, and needs nothing but the log,
so it is done before the account is there to take the orders up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import Malformed
from ..wire import Instant
from .audit import Audit
from .intent import Intent, IntentLeg
from .order_machine import OrderMachine
from .orders import KEPT
from .remember import fill_of, order_line, order_of
from .states import FillRecord, OrderEvent, OrderRecord, OrderState
from .usage import Usage

__all__ = ["Legacy", "restored"]

_MAY_EXIST = frozenset({OrderState.CONFIRMED, OrderState.IN_FLIGHT, OrderState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Legacy:
    """What is on the disk when a lab begins: what of the limits is used, and the orders that are its own from now on.

    Whoever reads it may be another thread than the one that goes on with it.
    """

    usage: Usage
    orders: Sequence[OrderMachine]

    @classmethod
    def read(cls, audit: Audit, lives: Callable[[str], bool], at: Instant) -> Legacy:
        """Take up the log of an account, of whose labs ``lives`` tells which are still there. It waits for the disk.

        What cannot be read makes the log one that is not to be relied on.
        """
        records, left = audit.take_up(lives, at)
        usage = Usage()
        usage.restore(records, audit.distrust)
        return cls(usage, restored(left, at, audit.distrust))


def _raise(error: Malformed) -> None:
    raise error


def restored(
    records: Iterable[Mapping[str, Any]], at: Instant, unreadable: Callable[[Malformed], object] = _raise
) -> list[OrderMachine]:
    """The orders, with their fills, that these records of an audit log tell of.

    Of what has ended, only as much as is shown. ``unreadable`` hears of each line that cannot be read.
    """
    told = _Told()
    for record in records:
        try:
            told.hear(str(record.get("kind", "")), record)
        except Malformed as error:
            unreadable(error)
    told.read_orders(unreadable)
    return [told.machine(key, at) for key in told.shown()]


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

    def machine(self, key: str, at: Instant) -> OrderMachine:
        """One order as it goes on here."""
        record, replaces = self.orders[key], self.replaces.get(key)
        known = order_line(record, replaces, fills_missing=key in self.missing) if key in self.lines else None
        machine = OrderMachine(key, _here(record))
        machine.written, machine.replaces = known, replaces
        machine.fills = tuple(self.fills.get(key, ()))
        machine.reported_qty = machine.record.filled_qty
        what = "from the audit log of an earlier kernel"
        machine.timeline = (OrderEvent(what=what, received_at_ns=at.wall_ns, state=machine.state),)
        if key in self.missing and machine.record.is_terminal:
            machine.miss_fills()
        return machine


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
        margin=leg.margin,
        display_qty=leg.display_qty,
        created_ns=intent.confirmed_ns,
        updated_ns=intent.confirmed_ns,
    )


def _here(record: OrderRecord) -> OrderRecord:
    """An order as another kernel finds it: nothing about it is sure, and what was on its way may be anywhere."""
    if record.state in _MAY_EXIST:
        record = replace(record, state=OrderState.UNKNOWN, reason="it was on its way when the kernel ended")
    if record.state is OrderState.PENDING_CANCEL:
        # Whether that cancel arrived is not known; the order is as it was before.
        record = replace(record, state=OrderState.PARTIAL if record.filled_qty else OrderState.OPEN)
    return replace(record, unverified=not record.is_terminal, amend="", amending=())
