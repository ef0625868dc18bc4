"""The acting half of a lab: joins proposals, the gate, the account and the disk. It has no rules of its own.

What a cell asks for is prepared in the cell's thread from facts gathered on the I/O thread; confirming, cancelling and
stopping happen on the I/O thread, and the cell waits for what came of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

from ..errors import BadArgument, EmptySide, Halted, KrakenLabError, NotArmed, NotReady, OrderError, OrderRefused
from ..net import Clock, DiskWorker, IOThread, RestClient
from ..streams import Desk, Host
from ..streams.book_feed import BookFeed
from ..trading import (
    Account,
    AccountSnapshot,
    Arming,
    Audit,
    Chain,
    Clocks,
    Code,
    Confirmations,
    Facts,
    FillRecord,
    Gate,
    Gesture,
    Halt,
    KillReport,
    Limits,
    Order,
    OrderSettings,
    OsFiles,
    Permit,
    Proposal,
    Readiness,
    StateFolder,
    StateKey,
    TradingMode,
    Usage,
    builders,
    home,
    no_front_end,
    phrase,
    remove_dead,
    shared_host,
)
from ..wire import Instant, Settings, from_ns
from .gathering import Gatherer
from .outcome import Outcome

if TYPE_CHECKING:
    from .drawing import Drawing

__all__ = ["Ground", "Trader"]

T = TypeVar("T")

BOOK_WAIT: Final = 5.0
"""How long a proposal waits for a verified book, in seconds; without one it says so and is refused."""
PAUSED_LOOK: Final = 0.02
"""Between two looks at whether paper matching has begun, in seconds."""
READY_WAIT: Final = 10.0
"""How long the first use waits until the account is known, in seconds."""
KILL_WAIT: Final = 10.0
"""After so many seconds a kill reports, whatever is still to be done."""
DURABLE_WAIT: Final = 35.0
"""How long a confirmation may take to be on the disk; later than ``confirm_ttl`` it is void anyway."""
_CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters of a one-time code: none that can be taken for another."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a trader stands on: where orders go, whose account it is, and who carries what."""

    mode: TradingMode
    venue: str
    key: StateKey
    desk: Desk
    reference_desk: Desk
    rest: RestClient
    io: IOThread
    clock: Clock
    settings: Settings
    views: Drawing
    redact: Callable[[str], str]
    paused: Callable[[], Mapping[str, str]]
    """In paper: pairs that are not matched now, and why."""


class Trader:
    """The account of one lab, and the road to it. Made when it is first needed; `close` lets go of everything."""

    def __init__(self, host: Host, ground: Ground, settings: OrderSettings, limits: Limits) -> None:
        self.host, self.ground, self.settings = host, ground, settings
        self.looks = self.views = ground.views
        self.dead_man_on = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._asking = threading.Lock()
        self._settled: dict[str, str] = {}
        self._shown: list[str] = []
        """What is to be shown to whoever confirms: put here on the I/O thread, printed by the cell that asked."""
        root = home(os.environ)
        remove_dead(root)
        self.folder = StateFolder(root, ground.key)
        files = OsFiles()
        self._disk = DiskWorker(files, post=ground.io.soon, clock=ground.clock, group=settings.audit_group)
        self.audit = Audit(
            Chain(self.folder.path / "audit.jsonl", files), self._disk, pid=os.getpid(), redact=ground.redact
        )
        self.halt = Halt(self.folder.path, self._disk, self.audit, pid=os.getpid())
        self.arming = (
            Arming(
                self.folder.path,
                self.audit,
                self.halt,
                account=ground.key.account,
                settings=settings,
                pid=os.getpid(),
            )
            if ground.mode == "live"
            else None
        )
        self.audit.verify()
        records = list(self.audit.records())
        usage = Usage()
        usage.restore(records)
        self.gate = Gate(
            audit=self.audit,
            halt=self.halt,
            usage=usage,
            confirmations=Confirmations(new_code=_new_code, show=self._shown.append),
            new_id=lambda: str(uuid4()),
            arming=self.arming,
        )
        self.account = Account(
            settings,
            ack_timeout=ground.settings.ack_timeout,
            audit=self._record,
            trader=self,
            clocks=Clocks(lambda: self.gatherer.clock_offset(), lambda: self.gatherer.uncertainty()),
            symbols=lambda: ground.desk.instruments.pairs,
        )
        self.gatherer = Gatherer(
            mode=ground.mode,
            account_name=ground.key.account,
            settings=settings,
            limits=limits,
            desk=ground.desk,
            reference_desk=ground.reference_desk,
            account=self.account,
            gate=self.gate,
            halt=self.halt,
            arming=self.arming,
            paused=ground.paused,
            with_trades=ground.mode == "paper",
        )
        self._known = self._call(lambda: self._begin(records))

    def _begin(self, records: Iterable[Mapping[str, Any]]) -> AccountSnapshot:
        self.account.restore([(str(record.get("kind", "")), record) for record in records], self._now())
        self.account.watchers = (*self.account.watchers, self._look_after)
        self.ground.desk.accompany(self.account)
        halted = self.halt.look()
        if halted is not None and halted.unfinished:
            # A kill that was not complete goes on as soon as there is a connection.
            self.account.kill(self._now())
        self._tick()
        return self.account.snapshot(self._now())

    # --- time -------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Once a second, on the I/O thread: what lapses by itself, and what is needed no more."""
        if self._closed:
            return
        at = self._now()
        self.gate.let_time_pass(at)
        if self.arming is not None and self.arming.lacking(at, self.gatherer.limits) and self.dead_man_on:
            self._switch_off_after_disarming(at)
        open_symbols = {order.symbol for order in self.account.snapshot(at).orders if order.possibly_open}
        self.gatherer.references.sweep(open_symbols, at.mono)
        self._timer = asyncio.get_running_loop().call_later(1.0, self._tick)

    def _switch_off_after_disarming(self, at: Instant) -> None:
        self.dead_man_on = False
        self.account.dead_man(False, at)
        self.ground.desk.poke_private()

    def _look_after(self) -> None:
        """After every change of the account: what was settled counts for the limits, and a kill may be through."""
        at = self._now()
        known = self._known = self.account.snapshot(at)
        for order in known.orders:
            name, state = order.cl_ord_id, str(order.state)
            if name is not None and not order.external and self._settled.get(name) != state:
                self._settled[name] = state
                self.gate.settled(name, state)
        if known.kill is not None and known.kill.complete:
            self.halt.finished(at)
        self.ground.desk.poke_private()

    # --- proposing --------------------------------------------------------------------------------------------------

    def facts(self, symbol: str) -> Facts:
        """The facts of now, in the caller's thread, once the account is known and a verified book is there."""
        self._ready()
        if symbol in self.ground.desk.instruments.pairs:
            self._wait_for_book(symbol)
            self._learn_fees(symbol)
        return self._call(lambda: self.gatherer.facts(symbol, self._now()))

    def propose_add(self, arguments: Mapping[str, object]) -> Proposal:
        """An ``add_order``."""
        return builders.propose_add(arguments, self.facts(_symbol(arguments)), self)

    def propose_batch(self, arguments: Mapping[str, object]) -> Proposal:
        """A ``batch_add``."""
        return builders.propose_batch(arguments, self.facts(_symbol(arguments)), self)

    def propose_amend(self, order: Order | str, changes: Mapping[str, object]) -> Proposal:
        """An ``amend_order``."""
        found = self.order(order)
        return builders.propose_amend(found.record, changes, self.facts(found.symbol), self)

    def propose_edit(self, order: Order | str, changes: Mapping[str, object]) -> Proposal:
        """An ``edit_order``."""
        found = self.order(order)
        return builders.propose_edit(found.record, changes, self.facts(found.symbol), self)

    def propose_cancel_all(self) -> Proposal:
        """A ``cancel_all`` of the account."""
        return builders.propose_cancel_all(self.facts(""), self)

    def propose_dead_man(self, timeout: int) -> Proposal:
        """A ``cancel_all_orders_after``."""
        return builders.propose_dead_man(timeout, self.facts(""), self)

    def remake(self, proposal: Proposal, changes: Mapping[str, object]) -> Proposal:
        """A new proposal from the same arguments with these changed, with the facts of now."""
        return builders.remade(proposal, changes, self.facts(proposal.symbol))

    def _wait_for_book(self, symbol: str) -> None:
        until = self._now().mono + self.settings.confirm_ttl + BOOK_WAIT
        feed = self._call(lambda: self.gatherer.references.need(symbol, until))
        there = threading.Event()

        def look() -> None:
            if str(feed.state) in ("LIVE", "FAILED", "STOPPED"):
                there.set()

        def watch() -> None:
            feed.watchers = (*feed.watchers, look)
            look()

        def unwatch() -> None:
            feed.watchers = tuple(other for other in feed.watchers if other is not look)

        self._call(watch)
        try:
            there.wait(BOOK_WAIT)
        finally:
            self._call(unwatch)
        # Paper: the exchange on this machine begins to match when it has the same book and the trades.
        deadline = time.monotonic() + BOOK_WAIT
        while symbol in self.ground.paused() and time.monotonic() < deadline:
            time.sleep(PAUSED_LOOK)

    def _ready(self) -> None:
        """Wait until the account's orders are known, or go on without: then the proposal says so and is refused."""
        with contextlib.suppress(NotReady):
            self.wait(lambda known: known.reconciled, READY_WAIT, "the account's orders")

    def _learn_fees(self, symbol: str) -> None:
        """The pair's fees, where the venue tells them and they are not known yet."""
        if symbol in self.gatherer.fee_rates:
            return
        with contextlib.suppress(KrakenLabError, LookupError, TypeError, InvalidOperation):
            (pair,) = self._run(self.ground.rest.asset_pairs(symbol), "the fee schedule").values()
            taker, maker = (Decimal(str(pair[name][0][1])) / 100 for name in ("fees", "fees_maker"))
            self.gatherer.fee_rates[symbol] = (maker, taker)

    # --- confirming -------------------------------------------------------------------------------------------------

    def confirm(self, proposal: Proposal, *, code: str | None, again: bool) -> Any:
        """Send it, once. Gives the order it became, the orders of a batch, or None for a cancellation.

        Raises:
            OrderError: it was stopped here; nothing was sent.
        """
        if proposal.kind == "cancel_all":
            return self._confirm_reducing(proposal, code, lambda at: self.account.cancel_account(at))
        if proposal.kind == "cancel_all_orders_after":
            timeout = int(str(proposal.arguments["timeout"]))
            return self._confirm_reducing(proposal, code, lambda at: self._switch(timeout, at))
        outcome = Outcome(f"{proposal.what} to be on its way")
        gesture = self._gesture(proposal, code)
        orders = self._call(lambda: self._submit(proposal, gesture, again, outcome))
        removers = [order.watch(lambda: self._tell_sent(orders, outcome)) for order in orders]
        try:
            self._call(lambda: self._tell_sent(orders, outcome))
            outcome.wait(DURABLE_WAIT)
        finally:
            for remove in removers:
                remove()
        patience = self.ground.settings.ack_timeout + 1.0
        for order in orders:
            with contextlib.suppress(NotReady, OrderError):
                order.wait("answered", timeout=patience)
            if proposal.kind == "amend_order":
                self._wait_for_answer(order, patience)
        return list(orders) if proposal.kind == "batch_add" else orders[-1]

    def _submit(self, proposal: Proposal, gesture: Gesture | None, again: bool, outcome: Outcome) -> tuple[Order, ...]:
        at = self._now()
        permit = self._permit(proposal, gesture, again, at)
        request: Any = permit.request
        orders = self.account.begin(request, permit.cl_ord_ids, at)
        # An order is not judged by itself; one that is to be changed is.
        left_out = frozenset(permit.cl_ord_ids)

        def passed(clearance: Any, at: Instant) -> None:
            self.account.send(clearance, orders, at)
            self.ground.desk.poke_private()

        def refused(error: OrderError, at: Instant) -> None:
            self.account.refuse(orders, [_reasons(error)], at)
            outcome.give(error)

        self.gate.submit(permit, self._facts_of(proposal.symbol, left_out), at=at, passed=passed, refused=refused)
        return orders

    def _permit(self, proposal: Proposal, gesture: Gesture | None, again: bool, at: Instant) -> Permit:
        facts = self.gatherer.facts(proposal.symbol, at)
        return self.gate.permit(proposal, facts=facts, at=at, again=again, gesture=gesture)

    def _facts_of(self, symbol: str, without: Collection[str]) -> Callable[[], Facts]:
        return lambda: self.gatherer.facts(symbol, self._now(), without)

    def _tell_sent(self, orders: Sequence[Order], outcome: Outcome) -> None:
        """A frame is away when no order of it waits for the disk any more."""
        if any(str(order.state) == "REFUSED" for order in orders):
            order = next(order for order in orders if str(order.state) == "REFUSED")
            outcome.give(OrderRefused(repr(order), [order.record.error or order.record.reason]))
        elif all(str(order.state) != "CONFIRMED" for order in orders):
            outcome.give(None)

    def _wait_for_answer(self, order: Order, timeout: float) -> None:
        with contextlib.suppress(NotReady, OrderError):
            order.wait(until=lambda order: not order.record.amending or order.record.amend, timeout=timeout)

    def _confirm_reducing(self, proposal: Proposal, code: str | None, act: Callable[[Instant], object]) -> None:
        gesture = self._gesture(proposal, code)

        def work() -> None:
            at = self._now()
            permit = self._permit(proposal, gesture, False, at)
            self.gate.admit(permit, connection=self.account.connection, at=at)
            act(at)
            self.ground.desk.poke_private()

        self._call(work)

    def _gesture(self, proposal: Proposal, code: str | None) -> Gesture | None:
        """In live: the code that was typed, asked for if none is given and somebody can be asked."""
        if self.ground.mode != "live":
            return None
        if code is not None:
            return Code(code)
        with self._asking:
            self._call(
                lambda: self.gate.open_confirmation(
                    proposal, facts=self.gatherer.facts(proposal.symbol, self._now()), at=self._now()
                )
            )
            shown, self._shown[:] = list(self._shown), []
            sys.stdout.write("\n".join(shown) + "\n")
            nobody = self.nobody_here()
            if nobody is not None:
                raise OrderRefused(proposal.what, [nobody], "A live order needs a person who types the code shown.")
            return Code(input("Type the code to send it: "))

    # --- what only reduces risk -------------------------------------------------------------------------------------

    def order(self, order: Order | str) -> Order:
        """The order of that id, or the order itself.

        Raises:
            BadArgument: nobody knows it.
        """
        if isinstance(order, Order):
            return order
        if not isinstance(order, str):
            raise BadArgument("order", order, "an Order, an order_id or a cl_ord_id")
        found = self._call(lambda: self.account.find(order))
        if found is None:
            raise BadArgument("order", order, "the id of an order this lab knows; lab.orders lists them")
        return found

    def cancel_order(self, order: Order | str) -> Order:
        """Ask the exchange to cancel it, at once."""
        return self.cancel([order], batch=False)[0]

    def cancel(self, orders: Iterable[Order | str], *, batch: bool) -> tuple[Order, ...]:
        """Ask the exchange to cancel these, at once."""
        given = list(orders)
        return self._act(lambda at: self.account.cancel(given, at, batch=batch))

    def cancel_own(self) -> tuple[Order, ...]:
        """Cancel every order of this lab, by id."""
        return self._act(self.account.cancel_own)

    def cancel_account(self) -> tuple[Order, ...]:
        """Cancel every order of the account, at once."""
        return self._act(self.account.cancel_account)

    def amend_order(self, order: Order, **changes: Any) -> Proposal:
        """A proposal to change it in place."""
        return self.propose_amend(order, changes)

    def acknowledge(self, order: Order | str) -> None:
        """The user has seen this UNKNOWN order: it blocks its symbol no more."""
        found = self.order(order)
        ident = found.order_id or found.cl_ord_id or ""
        self._act(lambda at: self.account.acknowledge(ident, at))

    def dead_man(self, on: bool) -> None:
        """Turn the dead man's switch on, and keep it refreshed, or off."""
        self._act(lambda at: self._switch(round(self.settings.dms_timeout) if on else 0, at))

    def cancel_all_after(self, timeout: int) -> None:
        """Set the switch once; nobody refreshes it."""
        self._act(lambda at: self.account.cancel_all_after(timeout, at))

    def _switch(self, timeout: int, at: Instant) -> None:
        self.dead_man_on = timeout > 0
        self.account.dead_man(self.dead_man_on, at)

    def _act(self, work: Callable[[Instant], T]) -> T:
        def acting() -> T:
            done = work(self._now())
            self.ground.desk.poke_private()
            return done

        return self._call(acting)

    # --- stopping everything ----------------------------------------------------------------------------------------

    def kill(self, reason: str) -> KillReport:
        """Halt, cancel everything on every path, and report within ten seconds."""

        def begin(at: Instant) -> None:
            self.halt.latch(reason, at, _ignored, unfinished=True)
            if self.arming is not None:
                self.arming.disarm("killed", at)
            self.account.kill(at)

        self._act(begin)
        with contextlib.suppress(NotReady):
            self.wait(lambda known: known.kill is not None and known.kill.complete, KILL_WAIT, "the kill to be through")
        report = self.snapshot().kill
        assert report is not None
        return report

    def resume(self, reason: str) -> None:
        """End the halt, for a reason.

        Raises:
            BadArgument: no reason.
            Halted: it could not be put on the disk; the halt lasts.
        """
        outcome = Outcome("the end of the halt to be on the disk")

        def done(error: OSError | None, at: Instant) -> None:
            outcome.give(None if error is None else Halted(f"it could not be ended: {error.strerror or error}"))

        self._act(lambda at: self.halt.resume(reason, at, done))
        outcome.wait(DURABLE_WAIT)

    # --- arming -----------------------------------------------------------------------------------------------------

    def arm(self, limits: Limits) -> None:
        """Ask somebody to type the phrase, and arm.

        Raises:
            NotArmed: with everything that is lacking.
        """
        arming = self.arming
        if arming is None:
            raise NotArmed(
                [f"{self.ground.mode} needs no arming: no real money can be reached from here"],
                "Orders go as soon as they are confirmed.",
            )
        readiness = self._readiness()
        missing = self._call(lambda: arming.lacking_to_arm(limits, readiness))
        if missing:
            raise NotArmed(missing)
        with self._asking:
            typed = input(f"Real money. To arm this kernel, type {phrase(self.ground.key.account)!r}: ")
        outcome = Outcome("arming to be on the disk")
        self._call(lambda: arming.arm(typed, limits=limits, readiness=readiness, at=self._now(), done=outcome.give))
        outcome.wait(DURABLE_WAIT)
        self.set_limits(limits)

    def disarm(self) -> None:
        """Disarm, after the dead man's switch was turned off."""

        def work(at: Instant) -> None:
            if self.dead_man_on:
                self._switch(0, at)
            if self.arming is not None:
                self.arming.disarm("by the user", at)

        self._act(work)

    def set_limits(self, limits: Limits) -> None:
        """Other limits from now on. What was armed with others is disarmed."""

        def work(at: Instant) -> None:
            if limits != self.gatherer.limits:
                self.gatherer.limits = limits
                self.audit.record("limits", {"limits": repr(limits)}, at)

        self._act(work)

    def _readiness(self) -> Readiness:
        permissions: frozenset[str] | None = None
        with contextlib.suppress(KrakenLabError):
            info: Any = self._run(self.ground.rest.private("GetApiKeyInfo", {}), "the key's permissions")
            if isinstance(info, dict):
                permissions = frozenset(map(str, info.get("permissions", ())))
        return Readiness(
            credentials=True,
            permissions=permissions,
            front_end=self.nobody_here(),
            shared_host=shared_host(os.environ),
        )

    def nobody_here(self) -> str | None:
        """Why nobody can be asked here, in words; None if somebody can."""
        shell = None
        if "IPython" in sys.modules:
            shell = sys.modules["IPython"].get_ipython()
        return no_front_end(shell, sys.stdin)

    # --- reading ----------------------------------------------------------------------------------------------------

    def snapshot(self) -> AccountSnapshot:
        """Everything that is known of the account now."""
        return self._call(lambda: self.account.snapshot(self._now()))

    def peek(self) -> AccountSnapshot:
        """What was known after the last change: without waiting for anything."""
        return self._known

    def mode_words(self) -> str:
        """Where orders go, in words, and HALTED beside it while that holds."""
        mode = self.ground.mode.upper()
        if self.arming is not None:
            missing = self._call(lambda: self.arming and self.arming.lacking(self._now(), self.gatherer.limits))
            mode += " ARMED" if not missing else " DISARMED"
        halted = self.halt.look()
        return mode if halted is None else f"{mode}, HALTED since {halted.since} ({halted.reason})"

    def dead_man_words(self) -> str:
        """The dead man's switch, and when it fires."""
        status = self._known.dead_man
        words = str(status.state)
        if status.trigger_ns is not None:
            words += f", fires at {from_ns(status.trigger_ns, 0)}"
        return f"{words} ({status.why})" if status.why else words

    def used_today(self) -> str:
        """What counts of the day's notional, by quote currency."""
        at_ns = self._now().wall_ns
        usage = self.gate.usage
        quotes = sorted({past.symbol.partition("/")[2] for past in usage.past})
        return ", ".join(f"{usage.day_notional(at_ns, quote):f} {quote}" for quote in quotes) or "nothing"

    def counted_fills(self) -> tuple[FillRecord, ...]:
        """The fills that positions are made of: those of orders from before this account was watched are not."""
        known = self.snapshot()
        return tuple(fill for fill in known.fills if fill.exec_id not in known.earlier)

    def prices(self) -> Mapping[str, Decimal]:
        """Mid prices of the verified books there are, by symbol."""
        found: dict[str, Decimal] = {}
        for desk in {self.ground.reference_desk, self.ground.desk}:
            for feed in desk.feeds:
                if isinstance(feed, BookFeed):
                    with contextlib.suppress(NotReady, EmptySide):
                        found[feed.symbol] = feed.photograph(1).mid
        return found

    def wait(self, condition: Callable[[AccountSnapshot], object], timeout: float, what: str) -> None:
        """Wait in the caller's thread until something holds of the account.

        Raises:
            NotReady: not within ``timeout`` seconds.
        """
        there = threading.Event()

        def look() -> None:
            if condition(self.account.snapshot(self._now())):
                there.set()

        def watch() -> None:
            self.account.watchers = (*self.account.watchers, look)
            look()

        def unwatch() -> None:
            self.account.watchers = tuple(other for other in self.account.watchers if other is not look)

        self._call(watch)
        try:
            if not there.wait(timeout):
                raise NotReady(what, timeout)
        finally:
            if self.ground.io.alive:
                self._call(unwatch)

    # --- the end ----------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Before the lines end, on the I/O thread: disarm, and turn the switch off."""
        self._closed = True
        at = self._now()
        if self._timer is not None:
            self._timer.cancel()
        if self.dead_man_on:
            self._switch(0, at)
            self.ground.desk.poke_private()
        if self.arming is not None:
            self.arming.disarm("the lab was closed", at)

    def close(self, timeout: float) -> None:
        """After the I/O thread has ended: everything on the disk, and the folder let go."""
        self._disk.close(timeout)
        self.folder.close()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _record(self, kind: str, fields: Mapping[str, object]) -> None:
        self.audit.record(kind, fields, self._now())

    def _now(self) -> Instant:
        return self.ground.clock.now()

    def _call(self, work: Callable[[], T]) -> T:
        return self.ground.io.call(work)

    def _run(self, work: Awaitable[T], what: str) -> T:
        async def answered() -> T:
            return await work

        return self.ground.io.run(answered(), timeout=5.0, waiting_for=what)


def _symbol(arguments: Mapping[str, object]) -> str:
    symbol = arguments.get("symbol")
    return symbol if isinstance(symbol, str) else ""


def _reasons(error: OrderError) -> str:
    return "; ".join(error.reasons) if isinstance(error, OrderRefused) else str(error)


def _new_code() -> str:
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(5))


def _ignored(error: OSError | None, at: Instant) -> None:
    """The halt holds in this kernel also when the disk does not take it, and the audit log says so."""
