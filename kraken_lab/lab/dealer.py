"""The acting road on the I/O thread: joins the gate, the account, the halt and the facts they are judged by.

It waits for nothing and owns no thread, so a test can let it deal on a virtual clock. Cells reach it through the
`Trader`, which does the waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any

from ..errors import NotArmed, OrderError, OrderRefused
from ..streams import Desk
from ..trading import (
    Account,
    AccountSnapshot,
    Arming,
    Audit,
    Clocks,
    Confirmations,
    Facts,
    Gate,
    Gesture,
    Halt,
    Limits,
    Order,
    OrderSettings,
    Permit,
    Proposal,
    Readiness,
    TradingMode,
    Usage,
    limits_fields,
)
from ..trading.disk import Done
from ..trading.order import Trader as OrderTrader
from ..wire import Instant, from_ns
from .gathering import Gatherer

__all__ = ["Dealer", "Told"]

Told = Callable[[OrderError | None], None]
"""Called once: with None when it is on its way, else with why it is not."""


class Dealer:
    """One account's acting road. Every method is called on the I/O thread.

    ``desk`` carries the private connection, ``reference_desk`` the books that prices are held against (in paper another
    one, whose trades are subscribed too). ``usage`` is what is used of the limits already. ``paused`` tells which pairs
    paper does not match now, and why.
    """

    def __init__(
        self,
        *,
        mode: TradingMode,
        account_name: str,
        settings: OrderSettings,
        limits: Limits,
        ack_timeout: float,
        desk: Desk,
        reference_desk: Desk,
        audit: Audit,
        halt: Halt,
        arming: Arming | None,
        confirmations: Confirmations,
        usage: Usage,
        new_id: Callable[[], str],
        now: Callable[[], Instant],
        trader: OrderTrader | None = None,
        paused: Callable[[], Mapping[str, str]] = dict,
        elsewhere: str = "",
    ) -> None:
        self.mode, self.settings = mode, settings
        self.audit, self.halt, self.arming = audit, halt, arming
        self.dead_man_on = False
        """Whether the dead man's switch was turned on here; it is turned off with arming."""
        self._desk, self._now = desk, now
        self._settled: dict[str, str] = {}
        self._halted = False
        """Whether trading was halted when that was looked at last."""
        self.gate = Gate(audit=audit, halt=halt, usage=usage, confirmations=confirmations, new_id=new_id, arming=arming)
        audit.listener = lambda records: usage.restore(records, audit.distrust)
        self.account = Account(
            settings,
            ack_timeout=ack_timeout,
            audit=lambda kind, fields: audit.record(kind, fields, now()),
            trader=trader,
            clocks=Clocks(lambda: self.gatherer.clock_offset(), lambda: self.gatherer.uncertainty()),
            symbols=lambda: desk.instruments.pairs,
        )
        self.gatherer = Gatherer(
            mode=mode,
            account_name=account_name,
            settings=settings,
            limits=limits,
            desk=desk,
            reference_desk=reference_desk,
            account=self.account,
            gate=self.gate,
            halt=halt,
            arming=arming,
            paused=paused,
            elsewhere=elsewhere,
            with_trades=mode == "paper",
        )
        self.known: AccountSnapshot = self.account.snapshot(now())
        """What was known after the last change."""

    def begin(self) -> None:
        """Open the private connection, after the account took up what it was left."""
        self.account.watchers = (*self.account.watchers, self._look_after)
        self._desk.accompany(self.account)
        halted = self.halt.look()
        if halted is not None and halted.unfinished:
            # A kill that was not complete goes on as soon as there is a connection.
            self.account.kill(self._now())
        self._mind_the_halt()
        self._look_after()

    def facts(self, symbol: str, without: Collection[str] = ()) -> Facts:
        """The facts of this moment for one symbol; orders whose ``cl_ord_id`` is in ``without`` are left out."""
        self._mind_the_halt()
        return self.gatherer.facts(symbol, self._now(), without)

    # --- time -------------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """About once a second: what lapses by itself, and what is needed no more."""
        at = self._now()
        self._mind_the_halt()
        self.audit.follow()
        self.gate.let_time_pass(at)
        if self.dead_man_on and self.arming is not None and self.arming.lacking(at, self.limits):
            self.switch(False)
        open_symbols = {order.symbol for order in self.known.orders if order.possibly_open}
        self.gatherer.references.sweep(open_symbols, at.mono)

    def _mind_the_halt(self) -> None:
        """With the halt, whoever ended it, ends the kill: it would cancel what is placed after it."""
        if self.halt.look() is not None:
            self._halted = True
        elif self._halted:
            self._halted = False
            self.account.end_kill(self._now())

    def _look_after(self) -> None:
        """After every change of the account: what was settled counts for the limits, and a kill may be through."""
        at = self._now()
        known = self.known = self.account.snapshot(at)
        for order in known.orders:
            name, state = order.cl_ord_id, str(order.state)
            if name is not None and not order.external and self._settled.get(name) != state:
                self._settled[name] = state
                self.gate.settled(name, state)
        if known.kill is not None and known.kill.complete:
            self.halt.finished(at)
        self._desk.poke_private()

    # --- confirming -------------------------------------------------------------------------------------------------

    def ask(self, proposal: Proposal) -> int:
        """Open a confirmation for a person, whose code is shown; the number by which a button names it.

        Raises:
            OrderRefused: the proposal is not sound.
        """
        return self.gate.open_confirmation(proposal, facts=self.facts(proposal.symbol), at=self._now())

    def submit(self, proposal: Proposal, told: Told, *, gesture: Gesture | None, again: bool) -> tuple[Order, ...]:
        """Confirm an order-affecting proposal. ``told`` hears when it was refused; its orders tell the rest.

        Raises:
            OrderError: it is refused at once.
        """
        at = self._now()
        permit = self._permit(proposal, gesture, again, at)
        request: Any = permit.request
        orders = self.account.begin(request, permit.cl_ord_ids, at)
        # An order is not judged by itself; one that is to be changed is.
        own = frozenset(permit.cl_ord_ids)

        def passed(clearance: Any, at: Instant) -> None:
            self.account.send(clearance, orders, at)
            self._desk.poke_private()

        def refused(error: OrderError, at: Instant) -> None:
            reasons = error.reasons if isinstance(error, OrderRefused) else (str(error),)
            self.account.refuse(orders, reasons, at)
            told(error)

        self.gate.submit(permit, lambda: self.facts(proposal.symbol, own), at=at, passed=passed, refused=refused)
        return orders

    def reduce(self, proposal: Proposal, *, gesture: Gesture | None) -> None:
        """Confirm a proposal that only reduces risk, and do it.

        Raises:
            OrderError: the confirmation does not count.
        """
        at = self._now()
        permit = self._permit(proposal, gesture, False, at)
        self.gate.admit(permit, connection=self.account.connection, at=at)
        if proposal.kind == "cancel_all":
            self.account.cancel_account(at)
            self._desk.poke_private()
            return
        timeout = int(str(proposal.arguments["timeout"]))
        if proposal.arguments["refreshed"]:
            self.switch(timeout > 0)
        else:
            self.dead_man_on = timeout > 0
            self.act(lambda account, at: account.cancel_all_after(timeout, at))

    def _permit(self, proposal: Proposal, gesture: Gesture | None, again: bool, at: Instant) -> Permit:
        return self.gate.permit(proposal, facts=self.facts(proposal.symbol), at=at, again=again, gesture=gesture)

    # --- what only reduces risk -------------------------------------------------------------------------------------

    def act(self, work: Callable[[Account, Instant], Any]) -> Any:
        """Do something with the account that needs no confirmation, and have it said at once."""
        done = work(self.account, self._now())
        self._desk.poke_private()
        return done

    def switch(self, on: bool) -> None:
        """Turn the dead man's switch on, and keep it refreshed, or off."""
        self.dead_man_on = on
        self.act(lambda account, at: account.dead_man(on, at))

    def kill(self, reason: str, noted: Callable[[], None] = lambda: None) -> None:
        """Halt first, then cancel everything on every path; `known` has the lists.

        The halt holds in this kernel at once. ``noted`` is called when the disk has taken it, and with it every other
        kernel knows; also when the disk cannot, which stops nothing.
        """
        at = self._now()
        try:
            self.halt.latch(str(reason or "a kill"), at, lambda error, at: noted(), unfinished=True)
            if self.arming is not None:
                self.arming.disarm("killed", at)
        finally:
            # Whatever goes wrong before: cancelling is the half that cannot wait.
            self.act(lambda account, at: account.kill(at))
            self._mind_the_halt()

    def arm(self, typed: str, *, limits: Limits, readiness: Readiness, done: Callable[[NotArmed | None], None]) -> None:
        """Arm, if the phrase was typed. What others used of the day until then is counted before it is armed."""
        assert self.arming is not None  # in live there is one

        def armed(error: NotArmed | None) -> None:
            if error is None:
                # In this very moment: whoever looks between the two would see other limits, and disarm.
                self.set_limits(limits)
            done(error)

        self.arming.arm(typed, limits=limits, readiness=readiness, at=self._now(), done=armed)

    def resume(self, reason: str, done: Done) -> None:
        """End the halt, and with it the kill. ``done`` hears when that is on the disk, or why it is not.

        Raises:
            BadArgument: no reason.
        """

        def resumed(error: OSError | None, at: Instant) -> None:
            self._mind_the_halt()
            done(error, at)

        self.halt.resume(reason, self._now(), resumed)

    def disarm(self, reason: str) -> None:
        """Disarm, after the dead man's switch was turned off."""
        if self.dead_man_on:
            self.switch(False)
        self.end(reason)

    def end(self, reason: str) -> None:
        """Disarm, and leave the dead man's switch as it was last set."""
        if self.arming is not None:
            self.arming.disarm(reason, self._now())

    # --- limits -----------------------------------------------------------------------------------------------------

    @property
    def limits(self) -> Limits:
        """What may be done with the account."""
        return self.gatherer.limits

    def set_limits(self, limits: Limits) -> None:
        """Other limits from now on. What was armed with others is disarmed."""
        if limits != self.gatherer.limits:
            self.gatherer.limits = limits
            self.audit.record("limits", limits_fields(limits), self._now())

    def used_today(self) -> dict[str, Decimal]:
        """What counts of the UTC day's notional, by quote currency."""
        at_ns, usage = self._now().wall_ns, self.gate.usage
        quotes = sorted({past.symbol.partition("/")[2] for past in usage.past})
        return {quote: usage.day_notional(at_ns, quote) for quote in quotes}

    # --- in words ---------------------------------------------------------------------------------------------------

    def mode_words(self) -> str:
        """Where orders go, in words, and HALTED beside it while that holds."""
        words = self.mode.upper()
        if self.arming is not None:
            words += " DISARMED" if self.arming.lacking(self._now(), self.limits) else " ARMED"
        halted = self.halt.look()
        if halted is None:
            return words
        return f"{words}, {halted.in_words}"

    def dead_man_words(self) -> str:
        """The dead man's switch, and when it fires."""
        status = self.known.dead_man
        words = str(status.state)
        if status.trigger_ns is not None:
            words += f", fires at {from_ns(status.trigger_ns, 0)}"
        return f"{words} ({status.why})" if status.why else words
