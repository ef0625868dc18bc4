"""The last function before the socket: what turns one confirmation into at most one frame.

::

    confirm -> Permit -> submit: all checks again, intent to disk -> Clearance -> write: all checks again -> OrderFrame

Whoever queues a clearance gets nothing that could be sent until the moment of sending: `Clearance.write` looks at the
halt file, at the permit and at all checks once more, with the facts of that moment, and makes the one frame there is.
Only this module makes an `OrderFrame`, and the room with the sockets writes no other text that could place or change an
order. Whatever cannot be checked is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NoReturn, TypeAlias
from weakref import WeakValueDictionary

from ..errors import AuditBroken, ConfirmationVoid, Halted, OrderError, OrderRefused
from ..wire import ORDER_AFFECTING, AddOrder, AmendOrder, BatchAdd, EditOrder, Instant, Request, encode, from_ns
from .arming import Arming
from .audit import Audit
from .checks import check
from .facts import Facts, Past
from .gestures import Confirmations, Gesture
from .halt import Halt, HaltRecord
from .intent import Intent, intended, request_text
from .judge import Checker, FactsOf, Judge
from .legs import changed_since
from .permit import Permit, named
from .proposal import Proposal
from .question import Unknowable
from .usage import Usage

__all__ = ["Clearance", "FactsOf", "Gate", "OrderFrame", "OrderRequest", "Passed", "Refusal"]

OrderRequest: TypeAlias = AddOrder | BatchAdd | AmendOrder | EditOrder

_SEAL: Final = object()
"""What only this module has: nothing else can make a frame that places or changes orders."""


class OrderFrame(str):
    """A text that may place or change orders. Only the `Gate` makes one, and it leaves once.

    >>> OrderFrame('{"method":"add_order"}')
    Traceback (most recent call last):
        ...
    TypeError: only the gate makes order frames
    """

    _left: bool
    _halted: Callable[[], HaltRecord | None]

    def __new__(
        cls, text: str, seal: object = None, halted: Callable[[], HaltRecord | None] = lambda: None
    ) -> OrderFrame:
        """Sealed by the gate, or not at all."""
        if seal is not _SEAL:
            raise TypeError("only the gate makes order frames")
        frame = super().__new__(cls, text)
        frame._left, frame._halted = False, halted
        return frame

    def leave(self) -> str:
        """The text for the socket, once.

        Raises:
            ConfirmationVoid: it was given before: no frame leaves twice.
            Halted: trading was halted since it was made, while a socket took other texts.
        """
        if self._left:
            raise ConfirmationVoid("a frame", "it was written already")
        self._left = True
        if halted := self._halted():
            raise Halted(halted.reason, halted.since)
        return str(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an order frame is not copied and not kept")

    def __repr__(self) -> str:
        # Its text holds a token.
        return "<OrderFrame>"


class Clearance:
    """A confirmed request whose intent is on the disk. It becomes one frame, or none.

    ``permit`` says what it is. `write` is called when the frame is written and not earlier; `withdraw` gives it up.
    """

    def __init__(self, gate: Gate, permit: Permit, facts_of: FactsOf) -> None:
        self.permit = permit
        self.used = False
        self._gate, self._facts_of = gate, facts_of

    @property
    def request(self) -> OrderRequest:
        """What it asks for: the proposal's request with its fresh ids, still without token, number and deadline."""
        request = self.permit.request
        assert isinstance(request, OrderRequest)
        return request

    def write(self, token: str, req_id: int, at: Instant) -> OrderFrame:
        """The frame to write now. Asked for a second time it refuses, whatever became of the first.

        Raises:
            OrderError: something refuses now (`Halted`, `NotArmed`, `ConfirmationVoid`, `OrderRefused`, `AuditBroken`).
                Nothing leaves; the refusal is in the audit log.
        """
        if self.used:
            raise ConfirmationVoid(self.permit.what, "its frame was made already")
        self.used = True
        return self._gate._depart(self.permit, self._facts_of, token, req_id, at)

    def withdraw(self, reason: str, at: Instant) -> None:
        """It will not be sent: the connection is gone, or it waited too long. Nothing happens if a frame was made."""
        if not self.used:
            self.used = True
            self._gate._give_up(self.permit, OrderRefused(self.permit.what, [reason]), at)


Passed: TypeAlias = Callable[[Clearance, Instant], None]
Refusal: TypeAlias = Callable[[OrderError, Instant], None]


class Gate:
    """One account's lock. Belongs to the I/O thread; it waits for nothing, and reads no clock.

    ``new_id`` gives a fresh UUID with every call. ``checker`` is the room's `check`; a test may put one that fails.
    ``arming`` is None where nothing needs to be armed, which in live refuses everything.
    """

    def __init__(
        self,
        *,
        audit: Audit,
        halt: Halt,
        usage: Usage,
        confirmations: Confirmations,
        new_id: Callable[[], str],
        arming: Arming | None = None,
        checker: Checker = check,
    ) -> None:
        self.audit, self.halt, self.arming, self.usage = audit, halt, arming, usage
        self.confirmations = confirmations
        self._new_id, self._judge = new_id, Judge(audit, halt, arming, usage, checker)
        self._permits: dict[str, Permit] = {}
        self._confirmed: WeakValueDictionary[int, Proposal] = WeakValueDictionary()
        self._writing: dict[str, tuple[Permit, Refusal]] = {}

    @property
    def past(self) -> tuple[Past, ...]:
        """What was confirmed here, for the facts of a proposal."""
        return self.usage.past

    def outstanding(self, at: Instant) -> int:
        """How many confirmations are given and not used up: those that wait for the disk, and those not taken yet."""
        return len(self._writing) + sum(at.mono <= permit.expires_mono for permit in self._permits.values())

    # --- confirming -------------------------------------------------------------------------------------------------

    def open_confirmation(self, proposal: Proposal, *, facts: Facts, at: Instant) -> int:
        """Ask a person: show the code for this proposal, and give the number by which its button names it.

        Raises:
            OrderRefused: the proposal is not sound.
            ConfirmationVoid: it was confirmed before.
        """
        self._sound(proposal)
        return self.confirmations.open(proposal, self._judge.circumstances(facts, at), at, facts.settings)

    def permit(
        self, proposal: Proposal, *, facts: Facts, at: Instant, again: bool = False, gesture: Gesture | None = None
    ) -> Permit:
        """A person confirms: a permit for this very request, good once and for ``confirm_ttl`` seconds.

        Live needs a ``gesture`` that answers `open_confirmation`: the code it showed, or a click. It is spent here,
        also if the order is refused later. Elsewhere the call itself is the confirmation. No proposal is confirmed
        twice: a cell that is run again, or a click that comes double, means the order that was sent already.

        Raises:
            OrderRefused: the proposal is not sound, or the gesture is missing.
            ConfirmationVoid: the gesture does not count, or is for another proposal, or this one was confirmed before.
        """
        request = self._sound(proposal)
        now = self._judge.circumstances(facts, at)
        if facts.mode != proposal.mode or facts.account != proposal.account:
            raise ConfirmationVoid(proposal.what, "it was made for another mode or account")
        if proposal.target is not None and changed_since(proposal.target, facts.orders):
            raise ConfirmationVoid(proposal.what, "the order was changed since it was made")
        if gesture is not None:
            self.confirmations.take(gesture, proposal, now, at, facts.settings)
        elif facts.mode == "live":
            raise OrderRefused(
                proposal.what,
                ["live needs a click or the one-time code that this kernel shows"],
                "Nothing that is stored in a notebook confirms an order.",
            )
        ids = tuple(self._fresh_id() for _ in range(_ids_for(request)))
        permit = Permit(
            confirmation=self._fresh_id(),
            request=named(request, proposal.what, ids),
            what=proposal.what,
            symbol=proposal.symbol,
            cl_ord_ids=ids,
            confirmed_at=at,
            ttl=facts.settings.confirm_ttl,
            circumstances=now,
            again=again,
        )
        self._permits = {name: other for name, other in self._permits.items() if at.mono <= other.expires_mono}
        self._permits[permit.confirmation] = permit
        self._confirmed[id(proposal)] = proposal
        return permit

    def _sound(self, proposal: Proposal) -> Request:
        if proposal.request is None or not proposal.ok:
            reasons = [found.said for found in proposal.refusals] or ["its arguments make no request"]
            raise OrderRefused(proposal.what, reasons)
        if self._confirmed.get(id(proposal)) is proposal:
            raise ConfirmationVoid(
                proposal.what, "it was confirmed already, and counts once; lab.orders shows what came of it"
            )
        return proposal.request

    def _fresh_id(self) -> str:
        name = self._new_id()
        if not self.usage.fresh(name):
            raise OrderRefused("the order", [f"the id {name} was used before"])
        return name

    # --- sending ----------------------------------------------------------------------------------------------------

    def submit(self, permit: Permit, facts_of: FactsOf, *, at: Instant, passed: Passed, refused: Refusal) -> None:
        """Use a permit up. One of ``passed`` and ``refused`` is called, once: now or when the disk has answered.

        ``passed`` gets the clearance when the intent is on the disk for good. ``refused`` gets why nothing will leave.
        """
        error: OrderError
        try:
            intent = intended(permit, self._judge.judge(self._taken(permit), facts_of, at))
        except Unknowable as unknown:
            error = OrderRefused(permit.what, [f"what it is worth is not known: {unknown}"])
        except OrderError as found:
            error = found
        else:
            self._write_down(permit, intent, facts_of, at, passed, refused)
            return
        self._say_refused(permit, error, at)
        refused(error, at)

    def _write_down(
        self, permit: Permit, intent: Intent, facts_of: FactsOf, at: Instant, passed: Passed, refused: Refusal
    ) -> None:
        self.usage.reserve(intent, at.mono)
        self._writing[permit.confirmation] = (permit, refused)

        def written(error: OSError | None, at: Instant) -> None:
            if self._writing.pop(permit.confirmation, None) is None:
                return  # given up meanwhile
            if error is None:
                passed(Clearance(self, permit, facts_of), at)
                return
            broken = AuditBroken(str(self.audit.path), f"the intent could not be written ({error.strerror or error})")
            self._give_up(permit, broken, at)
            refused(broken, at)

        self.audit.record("intent", intent.fields(), at, written)

    def admit(self, permit: Permit, *, connection: str | None, at: Instant) -> None:
        """Use up the permit of something that reduces risk (`cancel_all` of an account, the dead man's switch).

        No check of orders applies, and neither does a halt; that it was confirmed is recorded.

        Raises:
            ConfirmationVoid: the permit was used, is too old, or the connection is another.
            OrderRefused: it is for something that could place or change orders.
        """
        if permit.request.method in ORDER_AFFECTING:
            raise OrderRefused(permit.what, ["it can leave only as an order"])
        self._taken(permit)
        if void := permit.void(replace(permit.circumstances, connection=connection), at):
            raise ConfirmationVoid(permit.what, void)
        self.audit.record(
            "confirmed",
            {"confirmation": permit.confirmation, "what": permit.what, "request": request_text(permit.request)},
            at,
        )

    def settled(self, cl_ord_id: str, state: str) -> None:
        """What became of an order, so that one that was proved never to have been placed counts no more."""
        self.usage.settled(cl_ord_id, state)

    # --- time -------------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `let_time_pass` should be called next, in monotonic seconds; None for not at all."""
        return min((permit.expires_mono for permit, _ in self._writing.values()), default=None)

    def let_time_pass(self, at: Instant) -> None:
        """Give up what the disk has not taken in time: its confirmation is void, so it could not leave any more."""
        for name, (permit, refused) in list(self._writing.items()):
            if at.mono > permit.expires_mono:
                del self._writing[name]
                error = ConfirmationVoid(permit.what, "the disk did not take its intent in time")
                self._give_up(permit, error, at)
                refused(error, at)

    def _taken(self, permit: Permit) -> Permit:
        """The permit, which no longer counts from now on."""
        if self._permits.get(permit.confirmation) is not permit:
            raise ConfirmationVoid(permit.what, "it was used already, or was not made here")
        del self._permits[permit.confirmation]
        return permit

    # --- the frame --------------------------------------------------------------------------------------------------

    def _depart(self, permit: Permit, facts_of: FactsOf, token: str, req_id: int, at: Instant) -> OrderFrame:
        try:
            text, deadline = _written(permit.request, self._judge.judge(permit, facts_of, at), token, req_id, at)
        except OrderError as error:
            self._give_up(permit, error, at)
            raise
        except Exception as error:
            refused = OrderRefused(permit.what, [f"it could not be written ({type(error).__name__})"])
            self._give_up(permit, refused, at)
            raise refused from error
        if self.arming is not None:
            self.arming.used(at)
        self.audit.record("sent", {"confirmation": permit.confirmation, "req_id": req_id, "deadline": deadline}, at)
        return OrderFrame(text, _SEAL, self.halt.look)

    def _give_up(self, permit: Permit, error: OrderError, at: Instant) -> None:
        """Nothing of it has left, and nothing will."""
        self.usage.release(permit.confirmation)
        self._say_refused(permit, error, at)

    def _say_refused(self, permit: Permit, error: OrderError, at: Instant) -> None:
        fields = {"confirmation": permit.confirmation, "cl_ord_ids": list(permit.cl_ord_ids), "what": permit.what}
        self.audit.record("refused", {**fields, "reason": str(error)}, at)


def _ids_for(request: Request) -> int:
    """How many fresh ids a request needs: one for each order, and for an edit a name of its successor's for us."""
    return len(request.orders) if isinstance(request, BatchAdd) else int(isinstance(request, AddOrder | EditOrder))


def _written(request: Request, facts: Facts, token: str, req_id: int, at: Instant) -> tuple[str, str]:
    """The text to send, and the deadline in it: the confirmed request and nothing more than what every send adds."""
    now_ns = facts.exchange_ns + round((at.mono - facts.at.mono) * 1e9)
    deadline = from_ns(now_ns + round(facts.settings.order_deadline * 1e9), 3)
    changes: dict[str, Any] = {"token": token, "req_id": req_id, "deadline": deadline}
    return encode(replace(request, **changes)), deadline
