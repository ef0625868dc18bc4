"""What happens between a person's yes and the order in his hand: asked for, handed in, waited for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Any, Final

from ..errors import NotReady, OrderError, OrderRefused, OrderRejected
from ..trading import Code, Gesture, Order, OrderState, Proposal
from ..trading.order_machine import AMENDMENT_NOT_MADE
from .calls import Calls
from .dealer import Dealer, Told
from .fates import Fates
from .ground import Ground
from .outcome import Outcome
from .person import Person

__all__ = ["DURABLE_WAIT", "Confirming"]

DURABLE_WAIT: Final = 35.0
"""How long a confirmation may take to be on the disk; later than ``confirm_ttl`` it is void anyway."""


class Confirming:
    """Confirms proposals for cells and for buttons. ``shown`` is where the dealer puts what a person is to be shown."""

    def __init__(self, dealer: Dealer, ground: Ground, calls: Calls, person: Person, shown: list[str]) -> None:
        self._dealer, self._ground, self._calls, self._person = dealer, ground, calls, person
        self._shown = shown
        self.fates = Fates()

    def confirm(self, proposal: Proposal, *, code: str | None, again: bool) -> Any:
        """Send it, once. Gives the order it became or the orders of a batch; None for what becomes no order.

        Raises:
            OrderRejected: an amendment was not made; the order is as it was.
            OrderError: it was stopped here; nothing was sent.
        """
        gesture = self._gesture(proposal, code)
        if proposal.kind in ("cancel_all", "cancel_all_orders_after"):
            self._calls.do(lambda: self._dealer.reduce(proposal, gesture=gesture))
            self.fates.note(proposal, ())
            return None
        outcome = Outcome(f"{proposal.what} to be on its way")
        began = self._ground.clock.now().wall_ns
        orders = self.hand_in(proposal, outcome.give, gesture=gesture, again=again)
        self._wait_until_sent(orders, outcome)
        patience = self._ground.settings.ack_timeout + 1.0
        for order in orders:
            with contextlib.suppress(NotReady, OrderError):
                order.wait("answered", timeout=patience)
                order.wait(until=lambda order: not order.record.amending or order.record.amend, timeout=patience)
        if proposal.kind == "amend_order" and (text := _not_made(orders[-1], began)):
            raise OrderRejected(proposal.what, text, proposal.symbol)
        return list(orders) if proposal.kind == "batch_add" else orders[-1]

    def hand_in(self, proposal: Proposal, told: Told, *, gesture: Gesture | None, again: bool) -> tuple[Order, ...]:
        """Confirm it and give its orders at once, which tell what becomes of them, as `Dealer.submit` does.

        Raises:
            OrderError: it is refused at once, or was not taken at all; nothing was sent.
            NotReady: it was taken, and what came of it is not known within five seconds.
        """
        taken = threading.Event()

        def submit() -> tuple[Order, ...]:
            taken.set()
            orders = self._dealer.submit(proposal, told, gesture=gesture, again=again)
            self.fates.note(proposal, orders)
            return orders

        try:
            return self._calls.do(submit)
        except NotReady as held_up:
            if taken.is_set():
                raise
            why = f"the I/O thread was held up for {held_up.seconds:g} s, so the confirmation was not taken"
            raise OrderRefused(proposal.what, [why], "It can be confirmed again.") from None

    def _wait_until_sent(self, orders: Sequence[Order], outcome: Outcome) -> None:
        """Until a frame is away, which is when no order of it waits for the disk any more.

        Raises:
            OrderError: it was stopped here.
        """

        def look() -> None:
            stopped = [order for order in orders if order.state is OrderState.REFUSED]
            if stopped:
                record = stopped[0].record
                outcome.give(OrderRefused(repr(stopped[0]), [record.error or record.reason]))
            elif all(order.state is not OrderState.CONFIRMED for order in orders):
                outcome.give(None)

        removers = [order.watch(look) for order in orders]
        try:
            self._calls.do(look)
            outcome.wait(DURABLE_WAIT)
        finally:
            for remove in removers:
                remove()

    def _gesture(self, proposal: Proposal, code: str | None) -> Gesture | None:
        """In live: the code that was typed, asked for if none is given and somebody can be asked."""
        if self._ground.mode != "live":
            return None
        if code is not None:
            return Code(code)
        return Code(self._person.type_code(proposal.what, lambda: self.ask(proposal)[1]))

    def ask(self, proposal: Proposal) -> tuple[int, str]:
        """Open a confirmation: the number by which a button names it, and the words with its code, for the screen.

        Raises:
            OrderRefused: the proposal is not sound.
        """

        def asked() -> tuple[int, str]:
            number = self._dealer.ask(proposal)
            shown, self._shown[:] = "\n".join(self._shown), []
            return number, shown

        return self._calls.do(asked)


def _not_made(order: Order, since_ns: int) -> str:
    """Why the amendment that was asked for since a moment was not made, in words; empty if it was, or may have been."""
    for event in reversed(order.timeline):
        if event.received_at_ns < since_ns:
            break
        if event.what.startswith(AMENDMENT_NOT_MADE):
            return event.what.removeprefix(AMENDMENT_NOT_MADE)
    return ""
