"""The account's orders and fills, and the one place where evidence reaches them.

`OrderBooks` finds the order a statement is about, whatever it names it by, lets its machine hear it, and then tells
everyone concerned: the `Order` in a user's hand, the audit log, and whoever listens. Reports of orders that nobody here
knows are kept until it is known whose they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

from ..wire import ExecutionReport, Instant
from .account_snapshot import Alarm
from .evidence import Evidence, Source, of_report
from .fills import FillBook
from .order import Order, Trader
from .order_machine import OrderMachine
from .orders import Orders
from .remember import fill_fields, order_line
from .rest_orders import RestOrder
from .states import FillRecord, OrderRecord, OrderState

__all__ = ["Audit", "OrderBooks"]

_ALARMS_KEPT: Final = 1_000
_STRAYS_KEPT: Final = 1_000
_OVER: Final = frozenset({"filled", "canceled", "expired"})


class Audit(Protocol):
    """Where everything is written down. It never waits: a record that must be durable first is the gate's affair."""

    def __call__(self, kind: str, fields: Mapping[str, object]) -> object:
        """Append one record."""


class OrderBooks:
    """Every order and fill. ``listeners`` hear of each order that changed, ``seen_open`` of each that is surely open.

    ``stranger`` is called with the id of an order that something named and nobody knows.
    """

    def __init__(self, audit: Audit, trader: Trader | None) -> None:
        self.orders = Orders()
        self.fills = FillBook()
        self.alarms: deque[Alarm] = deque(maxlen=_ALARMS_KEPT)
        self.earlier: set[str] = set()
        self.version = 0
        self.listeners: list[Callable[[OrderMachine, Instant], object]] = []
        self.seen_open: Callable[[OrderMachine, Instant], object] = lambda machine, at: None
        self.stranger: Callable[[str, Instant], object] = lambda order_id, at: None
        self._audit, self._trader = audit, trader
        self._handles: dict[str, Order] = {}
        self._strays: dict[str, list[Evidence]] = {}
        self._edits: dict[str, OrderMachine] = {}
        """By the exchange's id of an order that is being edited: the one that replaces it."""

    # --- orders -----------------------------------------------------------------------------------------------------

    def add(
        self,
        key: str,
        record: OrderRecord,
        at: Instant,
        *,
        replaces: str | None = None,
    ) -> OrderMachine:
        """A new order, confirmed here or met for the first time."""
        machine = OrderMachine(key, record)
        machine.replaces = replaces
        self.take_up(machine, at)
        return machine

    def take_up(self, machine: OrderMachine, at: Instant) -> None:
        """An order that is this lab's from now on, with what is known of it."""
        self.orders.add(machine)
        if machine.replaces is not None:
            self._edits[machine.replaces] = machine
        for fill in machine.fills:
            self.fills.take(fill)
        self.touched(machine, at)

    def handle(self, machine: OrderMachine) -> Order:
        """The order as a user holds it: the same object every time."""
        handle = self._handles.get(machine.key)
        if handle is None:
            if len(self._handles) > 2 * len(self.orders) + 100:
                self._handles = {key: kept for key, kept in self._handles.items() if self.orders.find(key)}
            handle = self._handles[machine.key] = Order(machine.record, self._trader, machine.key)
            handle.show(machine.record, machine.fills, machine.timeline)
        return handle

    def let_go(self) -> None:
        """Nothing is heard any more: nobody need wait for any of them."""
        for handle in list(self._handles.values()):
            handle.let_go()

    def touched(self, machine: OrderMachine, at: Instant) -> None:
        """Tell everyone concerned that something about this order changed."""
        self.orders.name(machine)
        self.version += 1
        for text in machine.take_alarms():
            self.alarm(text, machine, at)
        if machine.key in self._handles:
            for error in self._handles[machine.key].show(machine.record, machine.fills, machine.timeline):
                self.alarm(f"what watched this order failed with {error}, and is not called again", machine, at)
        if not machine.record.external:
            self._write_down(machine)
        for listener in self.listeners:
            listener(machine, at)

    def _write_down(self, machine: OrderMachine) -> None:
        line = order_line(machine.record, machine.replaces, fills_missing=machine.fills_missing)
        if machine.written is None or {**line, "updated_ns": 0} != {**machine.written, "updated_ns": 0}:
            machine.written = line
            self._audit("order", {"key": machine.key, **line})

    def alarm(self, what: str, machine: OrderMachine | None, at: Instant) -> None:
        """Something a person should look at: shown, and written down."""
        record = machine.record if machine is not None else None
        order = (record.order_id or record.cl_ord_id or "") if record is not None else ""
        symbol = record.symbol if record is not None else ""
        self.alarms.append(Alarm(what=what, at_ns=at.wall_ns, order=order, symbol=symbol))
        self.version += 1
        self._audit("alarm", {"what": what, "order": order, "symbol": symbol})

    def accepted(self, machine: OrderMachine, order_id: str | None, at: Instant) -> None:
        """The exchange took this order, under this id if it gave one."""
        other = self.orders.find(order_id)
        if other is not None and other is not machine:
            if not other.record.external:
                self.alarm(f"{order_id} was given to two orders of this lab", machine, at)
                machine.doubt(f"accepted under the id of another order ({order_id})", at.wall_ns)
                return
            self._absorb(other, machine)
        machine.accept(order_id, at.wall_ns)
        self.orders.name(machine)
        self._hear_strays(machine, at)

    def _absorb(self, other: OrderMachine, machine: OrderMachine) -> None:
        """What was taken for somebody else's order was this one all along."""
        record = other.record
        told = Evidence(
            source="stream",
            status=record.exchange_status,
            received_at_ns=record.updated_ns,
            order_id=record.order_id,
            cum_qty=other.reported_qty,
            reason=record.reason,
        )
        for fill in other.fills:
            machine.hear(replace(told, status="partially_filled", event="trade", cum_qty=None, fill=fill))
        machine.hear(told)
        self.orders.merge(other, machine)

    # --- evidence ---------------------------------------------------------------------------------------------------

    def hear_report(self, report: ExecutionReport, source: Source, at: Instant) -> None:
        """A line of the executions channel."""
        self.hear(of_report(report, source, at), at)

    def hear(self, evidence: Evidence, at: Instant) -> OrderMachine | None:
        """Let the order that it is about hear it. None: it is kept until it is known whose it is, or it is the past."""
        machine = self._find(evidence, at)
        if machine is None and _describes(evidence):
            machine = self._meet(evidence, at)
        if machine is None:
            self._keep(evidence, at)
            return None
        self._hear(machine, evidence, at)
        self._hear_strays(machine, at)
        return machine

    def _hear(self, machine: OrderMachine, evidence: Evidence, at: Instant) -> None:
        if evidence.fill is not None:
            evidence = replace(evidence, fill=self._take(machine, evidence.fill, at))
        machine.hear(evidence)
        if evidence.sure and evidence.event != "pending_new" and machine.record.possibly_open:
            self.seen_open(machine, at)
        self.touched(machine, at)

    def _take(self, machine: OrderMachine, fill: FillRecord, at: Instant) -> FillRecord | None:
        """The fill as it is known: completed from its order, or as it was told first."""
        record = machine.record
        fill = replace(
            fill,
            cl_ord_id=fill.cl_ord_id or record.cl_ord_id,
            symbol=fill.symbol or record.symbol,
            side=fill.side or record.side,
        )
        result = self.fills.take(fill)
        if result == "new":
            if not record.external:
                self._audit("fill", {"key": machine.key, **fill_fields(fill)})
            return fill
        known = self.fills.known(fill)
        if result == "conflict" and known is not None:
            self.alarm(
                f"fill {fill.exec_id} was told twice: first {known.qty:f} at {known.price:f}, which is kept, "
                f"then {fill.qty:f} at {fill.price:f}",
                machine,
                at,
            )
        return known

    def _find(self, evidence: Evidence, at: Instant) -> OrderMachine | None:
        machine = self.orders.find(evidence.order_id)
        if machine is not None:
            return machine
        machine = self.orders.find(evidence.cl_ord_id)
        if machine is not None and machine.record.order_id not in (None, evidence.order_id):
            # Client ids are unique among open orders only: this is another order, and must not be taken for ours.
            self.alarm(f"{evidence.order_id} carries the client id of {machine.record.order_id}", machine, at)
            return None
        if machine is None:
            machine = self._edits.get(str(evidence.terms.get("ord_ref_id")))
            if machine is not None and (machine.record.order_id is not None or evidence.cl_ord_id is not None):
                return None
        return machine

    def _meet(self, evidence: Evidence, at: Instant) -> OrderMachine:
        """An order that was not placed here, or that an order of ours made when it was filled."""
        parent = self.orders.find(str(evidence.terms.get("ord_ref_id")))
        ours = parent is not None and not parent.record.external
        terms = evidence.terms
        record = OrderRecord(
            state=OrderState.PENDING_NEW,
            order_id=evidence.order_id,
            cl_ord_id=evidence.cl_ord_id,
            symbol=str(terms.get("symbol", "")),
            side=str(terms.get("side", "")),
            order_type=str(terms.get("order_type", "")),
            order_qty=None,
            external=not ours,
            created_ns=evidence.timestamp_ns or at.wall_ns,
            updated_ns=at.wall_ns,
        )
        return self.add(evidence.order_id or evidence.cl_ord_id or "", record, at)

    def _keep(self, evidence: Evidence, at: Instant) -> None:
        """Nobody's yet. A fill of the past that a snapshot tells of is shown, and is nobody's for good."""
        order_id = evidence.order_id or ""
        if evidence.source == "snapshot" and evidence.fill is not None and evidence.status in _OVER:
            if self.fills.take(evidence.fill) == "new":
                self.earlier.add(evidence.fill.exec_id)
            return
        if order_id not in self._strays:
            self.stranger(order_id, at)
        self._strays.setdefault(order_id, []).append(evidence)
        if len(self._strays) > _STRAYS_KEPT:
            del self._strays[next(iter(self._strays))]

    def _hear_strays(self, machine: OrderMachine, at: Instant) -> None:
        strays = self._strays.pop(machine.record.order_id or "", ())
        for evidence in strays:
            self._hear(machine, evidence, at)

    # --- what REST says ---------------------------------------------------------------------------------------------

    def found_order(self, found: RestOrder, at: Instant, *, wanted: bool) -> OrderMachine | None:
        """REST tells of an order: the one it is here. Somebody's old order that nobody asked for is no news."""
        machine = self._find(found.evidence, at)
        if machine is None and not wanted and found.evidence.status in (_OVER | {"closed"}):
            return None
        return self.hear(found.evidence, at)

    def found_fill(self, fill: FillRecord, at: Instant) -> bool:
        """REST tells of a fill. False: its order is not known here."""
        machine = self.orders.find(fill.order_id)
        if machine is None:
            return False
        record = machine.record
        self.hear(
            Evidence(
                source="rest",
                status=record.exchange_status,
                received_at_ns=at.wall_ns,
                event="fill (REST)",
                order_id=fill.order_id,
                fill=fill,
                sure=False,
            ),
            at,
        )
        return True


def _describes(evidence: Evidence) -> bool:
    """Whether it says enough of an order to know it by."""
    terms = evidence.terms
    sized = "order_qty" in terms or "cash_order_qty" in terms
    return sized and all(name in terms for name in ("symbol", "side", "order_type"))
