"""Requests that place or change orders, on their way through the outbox, and what their answers mean for the orders.

Each is written at most once. What an answer proves is `verdicts`' business; what follows for an order is its machine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..errors import OrderRefused
from ..wire import AddOrder, AmendOrder, BatchAdd, EditOrder, Instant, Response
from .order_machine import OrderMachine
from .states import OrderState
from .verdicts import GONE, Ruling, Verdict, is_one_of, judge_batch, judge_order

__all__ = ["Amending", "Books", "Cleared", "Editing", "OrderErrand", "OrderRequest", "Placing"]

OrderRequest = AddOrder | BatchAdd | AmendOrder | EditOrder


class Cleared(Protocol):
    """An order-affecting request that the gate let through. It becomes text when it is written, not before."""

    @property
    def request(self) -> OrderRequest:
        """What it asks for: the proposal's request with its fresh ids, still without token, number and deadline."""

    def write(self, token: str, req_id: int, at: Instant) -> str:
        """The text for the socket, made once.

        Raises:
            OrderError: it may not leave after all (a halt, a lapse). Nothing was sent then.
        """

    def withdraw(self, reason: str, at: Instant) -> None:
        """It will never be written."""


class Books(Protocol):
    """The account, as far as its errands know it."""

    def forbidden(self) -> str:
        """Why nothing may be placed at this moment; empty if it may."""

    def touched(self, machine: OrderMachine, at: Instant) -> None:
        """Something about this order changed."""

    def look_up(self, machine: OrderMachine, at: Instant) -> None:
        """What is true of this order is to be found out at once."""

    def accepted(self, machine: OrderMachine, order_id: str | None, at: Instant) -> None:
        """The exchange took this order, under this id if it gave one."""

    def alarm(self, what: str, machine: OrderMachine | None, at: Instant) -> None:
        """Something a person should look at."""

    def charge(self, request: OrderRequest, machine: OrderMachine, at: Instant) -> None:
        """A request was sent that raises the rate counter."""


class OrderErrand:
    """What placing, amending and editing share: it is written once, or never."""

    urgent = False

    def __init__(self, cleared: Cleared, books: Books) -> None:
        self.cleared, self.books = cleared, books

    @property
    def method(self) -> str:
        """The request's method."""
        return self.cleared.request.method

    @property
    def cl_ord_id(self) -> str | None:
        """The one client id that its answer names, if there is one."""
        return None

    def write(self, token: str, req_id: int, at: Instant) -> str:
        """The text, unless something forbids it in the last moment."""
        if reason := self.books.forbidden():
            raise OrderRefused(self.method, [reason])
        return self.cleared.write(token, req_id, at)


class Placing(OrderErrand):
    """``add_order`` or ``batch_add``: new orders, by their client ids."""

    def __init__(self, cleared: Cleared, machines: Mapping[str, OrderMachine], books: Books) -> None:
        super().__init__(cleared, books)
        self.machines = dict(machines)

    @property
    def cl_ord_id(self) -> str | None:
        """The id of the order, if it is one order."""
        return next(iter(self.machines)) if len(self.machines) == 1 else None

    def sent(self, at: Instant) -> None:
        """Each of its orders may exist from now on."""
        for machine in self.machines.values():
            machine.sent(at.mono, at.wall_ns)
            self.books.touched(machine, at)
        self.books.charge(self.cleared.request, next(iter(self.machines.values())), at)

    def answered(self, response: Response, at: Instant, *, matched: bool) -> None:
        """Judge each order by itself."""
        if self.method == "batch_add":
            rulings = judge_batch(response, self.machines, matched=matched)
        else:
            rulings = {
                name: judge_order(self.method, response, cl_ord_id=name, matched=matched) for name in self.machines
            }
        for name, ruling in rulings.items():
            settle(self.machines[name], ruling, self.books, at)

    def unanswered(self, reason: str, at: Instant) -> None:
        """Every order that nothing else is known of is in doubt."""
        for machine in self.machines.values():
            settle(machine, Ruling(Verdict.UNKNOWN, reason), self.books, at)

    def dropped(self, reason: str, at: Instant) -> None:
        """Nothing was sent: the orders are refused."""
        self.cleared.withdraw(reason, at)
        for machine in self.machines.values():
            if machine.state is OrderState.CONFIRMED:
                machine.refuse(reason, at.wall_ns)
                self.books.touched(machine, at)


class Amending(OrderErrand):
    """``amend_order``: an order that stays what it was until the exchange says otherwise."""

    def __init__(self, cleared: Cleared, machine: OrderMachine, books: Books) -> None:
        super().__init__(cleared, books)
        self.machine = machine

    def sent(self, at: Instant) -> None:
        """It may be applied from now on."""
        self.machine.amend_sent_mono = at.mono
        self.machine.note("amendment sent", at.wall_ns)
        self.books.charge(self.cleared.request, self.machine, at)
        self.books.touched(self.machine, at)

    def answered(self, response: Response, at: Instant, *, matched: bool) -> None:
        """Accepted, refused, or in doubt; which values hold is said by the executions."""
        machine = self.machine
        ruling = judge_order(self.method, response, cl_ord_id=machine.record.cl_ord_id, matched=matched)
        if ruling.verdict is Verdict.ACCEPTED:
            machine.amend_accepted(at.wall_ns)
        elif ruling.verdict is Verdict.REJECTED:
            machine.amend_rejected(ruling.text, at.wall_ns)
            if is_one_of(ruling.text, GONE):
                self.books.look_up(machine, at)  # "unknown order" is no evidence of how it ended
        else:
            machine.amend_doubted(ruling.text, at.wall_ns)
        if ruling.alarm:
            self.books.alarm(ruling.alarm, machine, at)
        self.books.touched(machine, at)

    def unanswered(self, reason: str, at: Instant) -> None:
        """Old and new values both may hold."""
        self.machine.amend_doubted(reason, at.wall_ns)
        self.books.touched(self.machine, at)

    def dropped(self, reason: str, at: Instant) -> None:
        """Nothing was sent: the order is as it was."""
        self.cleared.withdraw(reason, at)
        self.machine.amend_rejected(f"refused here: {reason}", at.wall_ns)
        self.books.touched(self.machine, at)


class Editing(OrderErrand):
    """``edit_order``: one order that is to go, and another that is to come."""

    def __init__(self, cleared: Cleared, old: OrderMachine, new: OrderMachine, books: Books) -> None:
        super().__init__(cleared, books)
        self.old, self.new = old, new

    def sent(self, at: Instant) -> None:
        """The new order may exist from now on."""
        self.new.sent(at.mono, at.wall_ns)
        self.old.note(f"edit sent, to be replaced by {self.new.key}", at.wall_ns)
        self.books.charge(self.cleared.request, self.old, at)
        self._touched(at)

    def answered(self, response: Response, at: Instant, *, matched: bool) -> None:
        """The answer names the new order; what becomes of the old one is said by the executions."""
        ruling = judge_order(self.method, response, matched=matched)
        if ruling.verdict is Verdict.UNKNOWN:
            self.unanswered(ruling.text, at)
        settle(self.new, ruling, self.books, at)

    def unanswered(self, reason: str, at: Instant) -> None:
        """Both orders are in doubt, until evidence settles each."""
        if self.new.state is OrderState.IN_FLIGHT:
            self.new.doubt(reason, at.wall_ns)
            if not self.old.record.is_terminal:
                self.old.doubt(f"its edit is in doubt: {reason}", at.wall_ns)
            self._touched(at)

    def dropped(self, reason: str, at: Instant) -> None:
        """Nothing was sent: the old order is as it was."""
        self.cleared.withdraw(reason, at)
        if self.new.state is OrderState.CONFIRMED:
            self.new.refuse(reason, at.wall_ns)
            self._touched(at)

    def _touched(self, at: Instant) -> None:
        for machine in (self.old, self.new):
            self.books.touched(machine, at)


def settle(machine: OrderMachine, ruling: Ruling, books: Books, at: Instant) -> None:
    """Let an order follow from what was ruled of its request."""
    if ruling.verdict is Verdict.ACCEPTED:
        books.accepted(machine, ruling.order_id, at)
    elif ruling.verdict is Verdict.REJECTED:
        machine.reject(ruling.text, at.wall_ns)
    elif machine.state is OrderState.IN_FLIGHT:
        machine.doubt(ruling.text, at.wall_ns)
    if ruling.alarm:
        books.alarm(ruling.alarm, machine, at)
    books.touched(machine, at)
