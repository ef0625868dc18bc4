"""Cancelling until it is known what came of it.

A cancel only reduces risk, so it needs no gate, waits for a connection if there is none, and may be sent again: at most
``cancel_attempts`` times, with a growing pause, always for the same orders. Its answer settles nothing. The executions
do, or a look-up; "unknown order" is only a reason to look, at once.

Source: "Cancel Order", "Batch Cancel" and "Cancel All Orders", Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, TypeAlias

from ..errors import OrderRefused
from ..wire import BatchCancel, CancelAll, CancelOrder, Instant, Request, Response, encode
from .order_machine import OrderMachine
from .outbox import Outbox
from .verdicts import GONE, is_one_of

__all__ = ["Cancels", "Touched"]

Touched: TypeAlias = Callable[[OrderMachine, Instant], None]
Scope: TypeAlias = Literal["one", "batch", "account"]

_PAUSE_S: Final = 1.0
"""Before the second attempt; it doubles."""


class _Cancel:
    """One cancel on its way, of one order, of several, or of all there are: an errand that may be put in again."""

    urgent = True
    cl_ord_id: str | None = None

    def __init__(self, scope: Scope, machines: Sequence[OrderMachine], cancels: Cancels) -> None:
        self.scope, self.machines, self.cancels = scope, tuple(machines), cancels
        self.attempts = 0
        self.due: float | None = None
        """When to send it again."""
        self.look_at: float | None = None
        """When to look its orders up, should nothing be heard of them."""
        self.spent = False
        """Whether no further attempt will be made."""

    @property
    def method(self) -> str:
        """The request's method."""
        return {"one": "cancel_order", "batch": "batch_cancel", "account": "cancel_all"}[self.scope]

    def write(self, token: str, req_id: int, at: Instant) -> str:
        """The text for all of its orders that have not ended.

        Raises:
            OrderRefused: none is left that has a name.
        """
        if self.scope != "account" and not any(each.record.order_id or each.record.cl_ord_id for each in self.pending):
            raise OrderRefused(self.method, ["there is nothing left to cancel"])
        return encode(self._request(token, req_id))

    def _request(self, token: str, req_id: int) -> Request:
        records = [machine.record for machine in self.pending]
        if self.scope == "account":
            return CancelAll(token=token, req_id=req_id)
        order_ids = tuple(record.order_id for record in records if record.order_id)
        others = tuple(record.cl_ord_id for record in records if not record.order_id and record.cl_ord_id)
        if self.scope == "batch":
            return BatchCancel(orders=order_ids, cl_ord_id=others or None, token=token, req_id=req_id)
        return CancelOrder(order_id=order_ids or None, cl_ord_id=others or None, token=token, req_id=req_id)

    @property
    def pending(self) -> tuple[OrderMachine, ...]:
        """Those of its orders that have not ended."""
        return tuple(machine for machine in self.machines if not machine.record.is_terminal)

    def sent(self, at: Instant) -> None:
        """It may arrive from now on."""
        if self.scope == "account":
            self.machines = self.cancels.everything()
        self.attempts += 1
        self.due = self.look_at = None
        for machine in self.pending:
            machine.cancel_sent(f"cancel sent ({self.attempts} of {self.cancels.limit})", at.wall_ns)
        self.cancels.left(self, at)

    def answered(self, response: Response, at: Instant, *, matched: bool) -> None:
        """Yes, gone, or no: none of the three is the end of an order."""
        if response.success is True:
            self.look_at = at.mono + self.cancels.patience
        elif is_one_of(response.error or "", GONE):
            self.spent, self.look_at = True, at.mono
            self.cancels.note(self, f"the cancel was answered with {response.error}", at)
        else:
            self.again(response.error or "an answer that says neither yes nor no", at)

    def unanswered(self, reason: str, at: Instant) -> None:
        """It may or may not have arrived, which sending it again does not hurt."""
        self.again(reason, at)

    def dropped(self, reason: str, at: Instant) -> None:
        """Nothing was left to cancel."""
        self.spent = True

    def again(self, reason: str, at: Instant) -> None:
        """Send it once more, or give up sending and look."""
        self.cancels.note(self, f"cancel not answered: {reason}", at)
        if self.attempts < self.cancels.limit:
            self.due = at.mono + _PAUSE_S * 2 ** (self.attempts - 1)
        else:
            self.spent, self.look_at = True, at.mono


class Cancels:
    """Every cancel that is not settled. One is sent ``limit`` times at most; ``patience`` is seconds until a look.

    ``look_up`` finds out what is true of an order, as soon as that can be.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        limit: int,
        patience: float,
        touched: Touched,
        look_up: Touched,
        sent: Callable[[OrderMachine, Instant], None],
        account: Callable[[], Iterable[OrderMachine]],
    ) -> None:
        self.limit, self.patience = limit, patience
        self._outbox, self._touched, self._look_up = outbox, touched, look_up
        self._sent, self._account = sent, account
        self._under_way: list[_Cancel] = []

    def ask(self, machines: Sequence[OrderMachine], *, batch: bool = False) -> None:
        """Cancel these orders, each by itself or, where there are two to fifty of them, in one request."""
        wanted = [machine for machine in machines if not self._asked(machine)]
        if batch and 2 <= len(wanted) <= 50:
            self._put(_Cancel("batch", wanted, self))
        else:
            for machine in wanted:
                self._put(_Cancel("one", [machine], self))

    def ask_account(self) -> None:
        """Cancel every order of the account, whoever placed it."""
        self._put(_Cancel("account", self.everything(), self))

    def everything(self) -> tuple[OrderMachine, ...]:
        """All that is or may be open in the account, as far as it is known."""
        return tuple(self._account())

    def _asked(self, machine: OrderMachine) -> bool:
        return any(machine in cancel.machines and not cancel.spent for cancel in self._under_way)

    def _put(self, cancel: _Cancel) -> None:
        self._under_way.append(cancel)
        self._outbox.put(cancel)

    # --- what the errands report ------------------------------------------------------------------------------------

    def left(self, cancel: _Cancel, at: Instant) -> None:
        """A cancel was given to the socket."""
        for machine in cancel.pending:
            if cancel.scope != "account":
                self._sent(machine, at)
            self._touched(machine, at)

    def note(self, cancel: _Cancel, what: str, at: Instant) -> None:
        """Something to see in the orders' timelines."""
        for machine in cancel.pending:
            machine.note(what, at.wall_ns)
            self._touched(machine, at)

    # --- what is heard otherwise ------------------------------------------------------------------------------------

    def proved_open(self, machine: OrderMachine, at: Instant) -> None:
        """It was seen open by somebody who looked late enough: an attempt that is still possible is made, or none was.

        This is also how a cancel that was "unknown" to the exchange finds the order that it knew nothing of yet.
        """
        for cancel in self._under_way:
            if machine in cancel.machines and cancel.spent:
                if cancel.attempts < self.limit and cancel.scope == "one":
                    cancel.spent, cancel.look_at, cancel.due = False, None, at.mono
                else:
                    cancel.machines = tuple(other for other in cancel.machines if other is not machine)
                    machine.cancel_failed("the order is still open", at.wall_ns)
                    self._touched(machine, at)

    def let_time_pass(self, at: Instant) -> None:
        """Send again what is due, and have looked up what stays silent."""
        self._under_way = [cancel for cancel in self._under_way if self._goes_on(cancel)]
        for cancel in self._under_way:
            if cancel.due is not None and cancel.due <= at.mono:
                cancel.due = None
                self._outbox.put(cancel)
            if cancel.look_at is not None and cancel.look_at <= at.mono:
                cancel.look_at, cancel.spent = None, True
                for machine in cancel.pending:
                    self._look_up(machine, at)

    def _goes_on(self, cancel: _Cancel) -> bool:
        """Whether anything is still to come of it: an account's cancel has to be answered even if nothing is open."""
        return bool(cancel.pending) or (cancel.scope == "account" and not cancel.spent and cancel.look_at is None)

    def next_deadline(self) -> float | None:
        """When something is due."""
        times = [time for cancel in self._under_way for time in (cancel.due, cancel.look_at) if time is not None]
        return min(times, default=None)

    def opened(self, at: Instant) -> None:
        """A new connection: what was to be sent again need not wait longer."""
        for cancel in self._under_way:
            if cancel.due is not None:
                cancel.due = at.mono
