"""The acting half of a lab for its cells: prepares, asks, confirms and waits. The dealing is on the I/O thread.

What a cell asks for is prepared in the cell's thread from facts gathered on the I/O thread, confirmed there, and waited
for here. It has no rules of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar
from uuid import uuid4

from ..errors import (
    BadArgument,
    EmptySide,
    Halted,
    KrakenLabError,
    NotArmed,
    NotReady,
    OrderError,
    OrderRefused,
    OrderRejected,
)
from ..streams import Feed, Host, StreamState
from ..streams.book_feed import BookFeed
from ..trading import (
    Account,
    AccountSnapshot,
    Audit,
    Code,
    Confirmations,
    Explanation,
    Facts,
    FillRecord,
    Gesture,
    KillReport,
    Limits,
    Order,
    OrderSettings,
    OrderState,
    OsFiles,
    Proposal,
    Readiness,
    builders,
    explain,
    no_front_end,
    phrase,
    shared_host,
)
from ..trading.disk import Files
from ..trading.order_machine import AMENDMENT_NOT_MADE
from ..trading.restore import Legacy
from ..wire import Instant
from .dealer import Dealer, Told
from .ground import Ground
from .keeping import Keeping
from .outcome import Outcome

__all__ = ["Trader"]

T = TypeVar("T")

BOOK_WAIT: Final = 5.0
"""How long a proposal waits for a verified book, in seconds; without one it says so and is refused."""
ASK_ATTEMPTS: Final = 3
"""How often a key's permissions are asked for before arming."""
BALANCES_WAIT: Final = 2.0
"""How long a proposal waits for the account's balances, which come beside its orders, in seconds."""
PAID_IN_WAIT: Final = 2.0
"""How long the first paper order of a pair waits for the account's money, in seconds; of some assets there is none."""
PAUSED_LOOK: Final = 0.02
"""Between two looks at whether paper matching has begun, in seconds."""
BEGIN_WAIT: Final = 60.0
"""How long taking up what earlier kernels wrote down may take, in seconds."""
AT_ONCE: Final = 250
"""Orders of earlier kernels that are taken up before the loop looks after something else: some milliseconds' worth."""
READY_WAIT: Final = 10.0
"""How long the first use waits until the account is known, in seconds."""
KILL_WAIT: Final = 10.0
"""After so many seconds a kill reports, whatever is still to be done."""
DURABLE_WAIT: Final = 35.0
"""How long a confirmation may take to be on the disk; later than ``confirm_ttl`` it is void anyway."""
_CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters of a one-time code: none that can be taken for another."""


class Trader:
    """The account of one lab, and the road to it. Made when it is first needed; `close` lets go of everything."""

    def __init__(
        self, host: Host, ground: Ground, settings: OrderSettings, limits: Limits, *, files: Files | None = None
    ) -> None:
        self.host, self.ground, self.settings = host, ground, settings
        self.views = ground.views
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._asking = threading.Lock()
        self._paid_in: set[str] = set()
        """Paper: pairs whose money was waited for."""
        self._shown: list[str] = []
        """What is to be shown to whoever confirms: put here and taken away on the I/O thread, by whoever asked."""
        self._keeping = Keeping.open(ground, settings, files or OsFiles(), str(uuid4()))
        self.folder, self.audit = self._keeping.folder, self._keeping.audit
        try:
            left = self._keeping.read()
        except BaseException:
            self._keeping.close(1.0)
            raise
        self.dealer = self._call(
            lambda: Dealer(
                mode=ground.mode,
                account_name=ground.key.account,
                settings=settings,
                limits=limits,
                ack_timeout=ground.settings.ack_timeout,
                desk=ground.desk,
                reference_desk=ground.reference_desk,
                audit=self.audit,
                halt=self._keeping.halt,
                arming=self._keeping.arming,
                confirmations=Confirmations(new_code=_new_code, show=self._shown.append),
                usage=left.usage,
                new_id=lambda: str(uuid4()),
                now=ground.clock.now,
                trader=self,
                paused=ground.paused,
            )
        )
        ground.io.run(self._begin(left), timeout=BEGIN_WAIT, waiting_for="the orders of earlier kernels to be taken up")

    async def _begin(self, left: Legacy) -> None:
        """Take up what is left, a little at a time: books and lines are looked after in between."""
        for start in range(0, len(left.orders), AT_ONCE):
            self.dealer.account.take_up(left.orders[start : start + AT_ONCE], self._now())
            await asyncio.sleep(0)
        self.dealer.begin()
        self._tick()

    def _tick(self) -> None:
        if not self._closed:
            # First, so that whatever happens in it there is a next one.
            self._timer = asyncio.get_running_loop().call_later(1.0, self._tick)
            self.dealer.tick()

    # --- proposing --------------------------------------------------------------------------------------------------

    def facts(self, symbol: str) -> Facts:
        """The facts of now, in the caller's thread, once the account is known and a verified book is there."""
        with contextlib.suppress(NotReady):
            # Without, the proposal says what is missing and is refused.
            self.wait(lambda known: known.reconciled, READY_WAIT, "the account's orders")
            self.wait(lambda known: known.balances is not None, BALANCES_WAIT, "the account's balances")
        if symbol in self.ground.desk.instruments.pairs:
            self._wait_for_book(symbol)
            self._learn_fees(symbol)
        return self._call(lambda: self.dealer.facts(symbol))

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

    def propose_dead_man(self, timeout: int, *, refreshed: bool) -> Proposal:
        """A ``cancel_all_orders_after``, set once or kept refreshed."""
        return builders.propose_dead_man(timeout, self.facts(""), self, refreshed=refreshed)

    def remake(self, proposal: Proposal, changes: Mapping[str, object]) -> Proposal:
        """A new proposal from the same arguments with these changed, with the facts of now."""
        return builders.remade(proposal, changes, self.facts(proposal.symbol))

    def explain(self, subject: object, proposal: Proposal | None) -> Explanation:
        """What an error or an order means, with the numbers of its pair."""
        symbol = proposal.symbol if proposal is not None else str(getattr(subject, "symbol", "") or "")
        return explain(subject, facts=self.facts(symbol), proposal=proposal, maker=self, views=self.views)

    def _wait_for_book(self, symbol: str) -> None:
        """Subscribe the symbol's book and wait until it is verified, or until that is not to be expected."""
        until = self._now().mono + self.settings.confirm_ttl + BOOK_WAIT
        feed = self._call(lambda: self.dealer.gatherer.references.need(symbol, until))
        settled = (StreamState.LIVE, StreamState.FAILED, StreamState.STOPPED)
        self._wait_for(feed, lambda: feed.state in settled, BOOK_WAIT)
        # Paper: the exchange on this machine begins to match when it has the same book and the trades.
        deadline = time.monotonic() + BOOK_WAIT
        while symbol in self.ground.paused() and time.monotonic() < deadline:
            time.sleep(PAUSED_LOOK)
        if self.ground.mode == "paper" and symbol not in self._paid_in:
            self._paid_in.add(symbol)
            quote = symbol.partition("/")[2]
            with contextlib.suppress(NotReady):
                # It pays money in when it hears of an asset, and says so a moment later.
                self.wait(lambda known: bool((known.balances or {}).get(quote)), PAID_IN_WAIT, f"paper's {quote}")

    def _learn_fees(self, symbol: str) -> None:
        """The pair's fees, where the venue tells them and they are not known yet."""
        known = self.dealer.gatherer.fee_rates
        if symbol in known:
            return
        with contextlib.suppress(KrakenLabError, LookupError, TypeError, ValueError, InvalidOperation):
            (pair,) = self._run(self.ground.rest.asset_pairs(symbol), "the fee schedule").values()
            taker, maker = (Decimal(str(pair[name][0][1])) / 100 for name in ("fees", "fees_maker"))
            known[symbol] = (maker, taker)

    # --- confirming -------------------------------------------------------------------------------------------------

    def confirm(self, proposal: Proposal, *, code: str | None, again: bool) -> Any:
        """Send it, once. Gives the order it became, the orders of a batch, or None for a cancellation.

        Raises:
            OrderRejected: an amendment was not made; the order is as it was.
            OrderError: it was stopped here; nothing was sent.
        """
        if proposal.ok and proposal.symbol and self.dealer.gatherer.references.get(proposal.symbol) is None:
            # It was given back meanwhile. Without it everything would be refused, whatever the market does.
            self._wait_for_book(proposal.symbol)
        gesture = self._gesture(proposal, code)
        if proposal.kind in ("cancel_all", "cancel_all_orders_after"):
            self._call(lambda: self.dealer.reduce(proposal, gesture=gesture))
            return None
        outcome = Outcome(f"{proposal.what} to be on its way")
        began = self._now().wall_ns
        orders = self.hand_in(proposal, outcome.give, gesture=gesture, again=again)
        self._wait_until_sent(orders, outcome)
        patience = self.ground.settings.ack_timeout + 1.0
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
            return self.dealer.submit(proposal, told, gesture=gesture, again=again)

        try:
            return self._call(submit)
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
            self._call(look)
            outcome.wait(DURABLE_WAIT)
        finally:
            for remove in removers:
                remove()

    def _gesture(self, proposal: Proposal, code: str | None) -> Gesture | None:
        """In live: the code that was typed, asked for if none is given and somebody can be asked."""
        if self.ground.mode != "live":
            return None
        if code is not None:
            return Code(code)
        with self._asking:
            _, shown = self.ask(proposal)
            sys.stdout.write(f"{shown}\n")
            nobody = nobody_here()
            if nobody is not None:
                raise OrderRefused(proposal.what, [nobody], "A live order needs a person who types the code shown.")
            return Code(input("Type the code to send it: "))

    def ask(self, proposal: Proposal) -> tuple[int, str]:
        """Open a confirmation: the number by which a button names it, and the words with its code, for the screen.

        Raises:
            OrderRefused: the proposal is not sound.
        """

        def asked() -> tuple[int, str]:
            number = self.dealer.ask(proposal)
            shown, self._shown[:] = "\n".join(self._shown), []
            return number, shown

        return self._call(asked)

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
        found = self._call(lambda: self.dealer.account.find(order))
        if found is None:
            raise BadArgument("order", order, "the id of an order this lab knows; lab.orders lists them")
        return found

    def cancel_order(self, order: Order | str) -> Order:
        """Ask the exchange to cancel it, at once."""
        return self.cancel([order], batch=False)[0]

    def cancel(self, orders: Iterable[Order | str], *, batch: bool) -> tuple[Order, ...]:
        """Ask the exchange to cancel these, at once."""
        given = list(orders)
        return self.act(lambda account, at: account.cancel(given, at, batch=batch))

    def amend_order(self, order: Order, **changes: Any) -> Proposal:
        """A proposal to change it in place."""
        return self.propose_amend(order, changes)

    def acknowledge(self, order: Order | str) -> None:
        """The user has seen this UNKNOWN order: it blocks its symbol no more."""
        found = self.order(order)
        self.act(lambda account, at: account.acknowledge(found.order_id or found.cl_ord_id or "", at))

    def act(self, work: Callable[[Account, Instant], T]) -> T:
        """Do something on the I/O thread that needs no confirmation."""
        done: T = self._call(lambda: self.dealer.act(work), keep=True)
        return done

    def dead_man(self, on: bool) -> None:
        """Turn the dead man's switch on, and keep it refreshed, or off."""
        self._call(lambda: self.dealer.switch(on), keep=not on)

    # --- stopping everything, and arming ----------------------------------------------------------------------------

    def kill(self, reason: str) -> KillReport:
        """Halt, cancel everything on every path, and report within ten seconds."""
        latest = self._now().mono + KILL_WAIT
        halt = Outcome("the halt to be on the disk")
        self._call(
            lambda: self.dealer.kill(reason, lambda: halt.give(None)),
            keep=True,
            waiting_for="the kill to begin, which it will; 'kraken-lab kill' in a terminal waits for no kernel",
        )
        with contextlib.suppress(NotReady):
            self.wait(lambda known: known.kill is not None and known.kill.complete, KILL_WAIT, "the kill to be through")
            halt.wait(max(latest - self._now().mono, 0.0))
        report = self.snapshot().kill
        assert report is not None  # it was begun above
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

        with contextlib.suppress(NotReady):
            # A kill's cancel that is still on its way would meet what is placed after it.
            self.wait(lambda known: not self.dealer.account.kill_asks, KILL_WAIT, "the kill's last requests")
        self._call(lambda: self.dealer.resume(reason, done))
        outcome.wait(DURABLE_WAIT)

    def arm(self, limits: Limits) -> None:
        """Ask somebody to type the phrase, and arm.

        Raises:
            NotArmed: with everything that is lacking.
        """
        arming = self.dealer.arming
        if arming is None:
            words = "The sandbox" if self.ground.mode == "sandbox" else self.ground.mode.capitalize()
            raise NotArmed(
                (),
                f"{words} needs no arming: no real money can be reached from it, and orders go as soon as they are "
                "confirmed. Arming is for live only.",
            )
        readiness = self._readiness()
        missing = self._call(lambda: arming.lacking_to_arm(limits, readiness))
        if missing:
            raise NotArmed(missing)
        with self._asking:
            typed = input(f"Real money. To arm this kernel, type {phrase(self.ground.key.account)!r}: ")
        outcome = Outcome("arming to be on the disk")
        self._call(lambda: self.dealer.arm(typed, limits=limits, readiness=readiness, done=outcome.give))
        outcome.wait(DURABLE_WAIT)

    def _readiness(self) -> Readiness:
        permissions: frozenset[str] | None = None
        for _ in range(ASK_ATTEMPTS):
            # It only reads; another program with the same key may have overtaken its nonce.
            with contextlib.suppress(KrakenLabError):
                info: Any = self._run(self.ground.rest.private("GetApiKeyInfo", {}), "the key's permissions")
                if isinstance(info, dict):
                    permissions = frozenset(map(str, info.get("permissions", ())))
                break
        return Readiness(
            credentials=True,
            permissions=permissions,
            front_end=nobody_here(),
            shared_host=shared_host(os.environ),
        )

    def disarm(self) -> None:
        """Disarm, after the dead man's switch was turned off."""
        self._call(lambda: self.dealer.disarm("by the user"), keep=True)

    def set_limits(self, limits: Limits) -> None:
        """Other limits from now on. What was armed with others is disarmed."""
        self._call(lambda: self.dealer.set_limits(limits), keep=True)

    # --- reading ----------------------------------------------------------------------------------------------------

    def look_at_log(self, read: Callable[[Audit], T]) -> T:
        """Read the audit log in the caller's time.

        Raises:
            NotReady: its disk does not answer.
        """
        return self._keeping.wait(lambda: read(self.audit))

    def snapshot(self) -> AccountSnapshot:
        """Everything that is known of the account now."""
        return self._call(lambda: self.dealer.account.snapshot(self._now()))

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
        account = self.dealer.account
        if not self._wait_for(account, lambda: condition(account.snapshot(self._now())), timeout):
            raise NotReady(what, timeout)

    def _wait_for(self, watched: Account | Feed, condition: Callable[[], object], timeout: float) -> bool:
        """Wait until a condition holds of something that tells of its changes on the I/O thread; whether it came."""
        there = threading.Event()

        def look() -> None:
            if condition():
                there.set()

        def watch() -> None:
            watched.watchers = (*watched.watchers, look)
            look()

        def unwatch() -> None:
            watched.watchers = tuple(other for other in watched.watchers if other is not look)

        self._call(watch)
        try:
            return there.wait(timeout)
        finally:
            if self.ground.io.alive:
                self._call(unwatch, keep=True)

    # --- the end ----------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Before the lines end, on the I/O thread: disarm, and turn the switch off."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self.dealer.disarm("the lab was closed")

    def close(self, timeout: float) -> None:
        """After the I/O thread has ended: everything on the disk, and orders and the folder let go."""
        self.dealer.account.let_go()
        self._keeping.close(timeout)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _now(self) -> Instant:
        return self.ground.clock.now()

    def _call(
        self,
        work: Callable[[], T],
        *,
        timeout: float = 5.0,
        keep: bool = False,
        waiting_for: str = "the I/O thread, which something holds up",
    ) -> T:
        """Do it on the I/O thread; ``keep``: also if nobody waits for it any more, because it only reduces risk."""
        return self.ground.io.call(work, timeout=timeout, keep=keep, waiting_for=waiting_for)

    def _run(self, work: Awaitable[T], what: str) -> T:
        async def answered() -> T:
            return await work

        return self.ground.io.run(answered(), timeout=5.0, waiting_for=what)


def nobody_here() -> str | None:
    """Why nobody can be asked here, in words; None if somebody can."""
    ipython: Any = sys.modules.get("IPython")
    return no_front_end(None if ipython is None else ipython.get_ipython(), sys.stdin)


def _not_made(order: Order, since_ns: int) -> str:
    """Why the amendment that was asked for since a moment was not made, in words; empty if it was, or may have been."""
    for event in reversed(order.timeline):
        if event.received_at_ns < since_ns:
            break
        if event.what.startswith(AMENDMENT_NOT_MADE):
            return event.what.removeprefix(AMENDMENT_NOT_MADE)
    return ""


def _symbol(arguments: Mapping[str, object]) -> str:
    symbol = arguments.get("symbol")
    return symbol if isinstance(symbol, str) else ""


def _new_code() -> str:
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(5))
