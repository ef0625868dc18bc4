"""The acting half of a lab for its cells: prepares, asks, confirms and waits. The dealing is on the I/O thread.

What a cell asks for is prepared in the cell's thread from facts gathered on the I/O thread, confirmed there, and waited
for here. It has no rules of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Self, TypeVar
from uuid import uuid4

from ..errors import (
    BadArgument,
    EmptySide,
    Halted,
    KrakenLabError,
    NotArmed,
    NotReady,
)
from ..streams import Host
from ..streams.book_feed import BookFeed
from ..trading import (
    Account,
    AccountSnapshot,
    Audit,
    Confirmations,
    Explanation,
    FillRecord,
    KillReport,
    Limits,
    Order,
    OrderSettings,
    OsFiles,
    Proposal,
    Usage,
    builders,
    explain,
)
from ..trading.dead_man import DeadManState, DeadManStatus
from ..trading.disk import Files
from ..trading.halt import HaltRecord
from ..trading.restore import Legacy
from ..trading.states import OrderRecord
from ..wire import Instant
from .calls import Calls
from .confirming import DURABLE_WAIT, Confirming
from .dealer import Dealer
from .ground import Ground
from .keeping import Keeping
from .outcome import Outcome
from .person import Person, new_code
from .preparing import READY_WAIT, Preparing
from .readiness import readiness_of
from .reports import Resumed

__all__ = ["Trader"]

T = TypeVar("T")

BEGIN_WAIT: Final = 60.0
"""How long taking up what earlier kernels wrote down may take, in seconds."""
AT_ONCE: Final = 250
"""Orders of earlier kernels that are taken up before the loop looks after something else: some milliseconds' worth."""
SWITCH_WAIT: Final = 2.0
"""Seconds that the exchange's acknowledgement of a dead man's switch is waited for."""
_ASKED: Final = (DeadManState.STARTING, DeadManState.STOPPING)
KILL_WAIT: Final = 10.0
"""After so many seconds a kill reports, whatever is still to be done."""


class Trader:
    """The account of one lab, and the road to it. Made when it is first needed; `close` lets go of everything."""

    def __init__(
        self, host: Host, ground: Ground, settings: OrderSettings, limits: Limits, *, files: Files | None = None
    ) -> None:
        self.host, self.ground, self.settings = host, ground, settings
        self.views = ground.views
        self._closed = self._looked = False
        self._timer: asyncio.TimerHandle | None = None
        self._calls, self._person = Calls(ground.io), Person()
        self._shown: list[str] = []
        """What is to be shown to whoever confirms: put here and taken away on the I/O thread, by whoever asked."""
        self._keeping = Keeping.open(ground, settings, files or OsFiles(), str(uuid4()))
        self.folder, self.audit = self._keeping.folder, self._keeping.audit
        try:
            left = self._keeping.read()
            self.dealer = self._calls.do(lambda: self._make_dealer(limits, left.usage))
            what = "the orders of earlier kernels to be taken up"
            ground.io.run(self._begin(left), timeout=BEGIN_WAIT, waiting_for=what)
        except BaseException:
            self._keeping.close(1.0)
            raise
        self.confirming = Confirming(self.dealer, ground, self._calls, self._person, self._shown)
        self._preparing = Preparing(self.dealer, ground, settings, self._calls, self._keeping)
        self.facts = self._preparing.facts
        """The facts of now for a symbol, in the caller's thread, once the account and a verified book are known."""

    def _make_dealer(self, limits: Limits, usage: Usage) -> Dealer:
        ground, kept = self.ground, self._keeping
        return Dealer(
            mode=ground.mode,
            account_name=ground.key.account,
            settings=self.settings,
            limits=limits,
            ack_timeout=ground.settings.ack_timeout,
            desk=ground.desk,
            reference_desk=ground.reference_desk,
            audit=kept.audit,
            halt=kept.halt,
            arming=kept.arming,
            confirmations=Confirmations(new_code=new_code, show=self._shown.append),
            usage=usage,
            new_id=lambda: str(uuid4()),
            now=ground.clock.now,
            trader=self,
            paused=ground.paused,
            elsewhere=ground.elsewhere,
        )

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

    def say_not_done(self, proposal: Proposal) -> Proposal:
        """The same proposal, once a line below the cell that asked for it has said that nothing was done yet."""
        self._person.tell(f"{proposal.not_yet}.")
        return proposal

    def remake(self, proposal: Proposal, changes: Mapping[str, object]) -> Proposal:
        """A new proposal from the same arguments with these changed, with the facts of now."""
        return builders.remade(proposal, changes, self.facts(_symbol(changes) or proposal.symbol))

    def fate(self, proposal: Proposal) -> str:
        """What became of a proposal that was confirmed, in words; empty for one that was not."""
        return self.confirming.fates.of(proposal)

    def explain(self, subject: object, proposal: Proposal | None) -> Explanation:
        """What an error or an order means, with the numbers of its pair."""
        ours = proposal if proposal is not None else subject
        known = isinstance(ours, Order | OrderRecord | Proposal | KrakenLabError)
        symbol = str(getattr(ours, "symbol", "") or "") if known else ""
        return explain(subject, facts=self.facts(symbol), proposal=proposal, maker=self, views=self.views)

    # --- confirming -------------------------------------------------------------------------------------------------

    def confirm(self, proposal: Proposal, *, code: str | None, again: bool) -> Any:
        """Send it, once. Gives the order it became or the orders of a batch, or how the dead man's switch stands then.

        None for a cancellation.

        Raises:
            OrderRejected: an amendment was not made; the order is as it was.
            OrderError: it was stopped here; nothing was sent.
        """
        if proposal.ok and proposal.symbol and self.dealer.gatherer.references.get(proposal.symbol) is None:
            # It was given back meanwhile. Without it everything would be refused, whatever the market does.
            self._preparing.book(proposal.symbol)
        done = self.confirming.confirm(proposal, code=code, again=again)
        return self.switch_as_set() if proposal.kind == "cancel_all_orders_after" else done

    # --- what only reduces risk -------------------------------------------------------------------------------------

    def order(self, order: Order | str) -> Order:
        """The order of that id, or the order itself.

        Raises:
            BadArgument: nobody knows it.
        """
        if isinstance(order, Order):
            return order
        _check_named(order)
        found = self._calls.do(lambda: self.dealer.account.find(order))
        if found is None:
            raise BadArgument("order", order, "the id of an order this lab knows; lab.orders lists them")
        return found

    def cancel_order(self, order: Order | str) -> Order:
        """Ask the exchange to cancel it, at once."""
        return self.cancel([order], batch=False)[0]

    def cancel(self, orders: Iterable[Order | str], *, batch: bool) -> tuple[Order, ...]:
        """Ask the exchange to cancel these, at once."""
        given = list(orders)
        for order in given:
            _check_named(order)
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
        done: T = self._calls.do(lambda: self.dealer.act(work), keep=True)
        return done

    def dead_man(self, on: bool) -> DeadManStatus:
        """Turn the dead man's switch on, and keep it refreshed, or off; how it stands then."""
        self._calls.do(lambda: self.dealer.switch(on), keep=not on)
        return self.switch_as_set()

    def switch_as_set(self) -> DeadManStatus:
        """The dead man's switch, once the exchange has acknowledged what was asked of it, or after a moment."""
        with contextlib.suppress(NotReady):
            self.wait(lambda known: known.dead_man.state not in _ASKED, SWITCH_WAIT, "the dead man's switch")
        return self.snapshot().dead_man

    # --- stopping everything, and arming ----------------------------------------------------------------------------

    def kill(self, reason: str) -> KillReport:
        """Halt, cancel everything on every path, and report within ten seconds."""
        latest = self._now().mono + KILL_WAIT
        halt = Outcome("the halt to be on the disk")
        self._calls.do(
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

    def resume(self, reason: str) -> Resumed:
        """End the halt, for a reason; what holds then.

        Raises:
            BadArgument: no reason.
            Halted: it could not be put on the disk; the halt lasts.
        """
        self._keeping.look()  # somebody else may have ended it a moment ago
        outcome = Outcome("the end of the halt to be on the disk")

        def done(error: OSError | None, at: Instant) -> None:
            outcome.give(None if error is None else Halted(f"it could not be ended: {error.strerror or error}"))

        with contextlib.suppress(NotReady):
            # A kill's cancel that is still on its way would meet what is placed after it.
            self.wait(lambda known: not self.dealer.account.kill_asks, KILL_WAIT, "the kill's last requests")

        def resume() -> HaltRecord | None:
            before = self.dealer.halt.look()
            self.dealer.resume(reason, done)
            return before

        ended = self._calls.do(resume)
        outcome.wait(DURABLE_WAIT)
        return Resumed(
            mode=self._calls.do(self.dealer.mode_words),
            ended="" if ended is None else ended.in_words,
            reason=reason.strip(),
            open=len(self.snapshot().open),
        )

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
        readiness = readiness_of(self.ground.rest, self._calls)
        missing = self._calls.do(lambda: arming.lacking_to_arm(limits, readiness))
        if missing:
            raise NotArmed(missing)
        typed = self._person.type_phrase(self.ground.key.account, limits.words(), self.ground.elsewhere)
        outcome = Outcome("arming to be on the disk")
        self._calls.do(lambda: self.dealer.arm(typed, limits=limits, readiness=readiness, done=outcome.give))
        outcome.wait(DURABLE_WAIT)

    def disarm(self) -> None:
        """Disarm, after the dead man's switch was turned off."""
        self._calls.do(lambda: self.dealer.disarm("by the user"), keep=True)

    def set_limits(self, limits: Limits) -> None:
        """Other limits from now on. What was armed with others is disarmed."""
        self._calls.do(lambda: self.dealer.set_limits(limits), keep=True)

    # --- reading ----------------------------------------------------------------------------------------------------

    def mode_words(self) -> str:
        """Where orders go, and whether they may, in words, as of now. Waits for no longer than a second."""
        self._keeping.look()
        return self._calls.do(self.dealer.mode_words, timeout=0.5)

    def look_at_log(self, read: Callable[[Audit], T]) -> T:
        """Read the audit log in the caller's time.

        Raises:
            NotReady: its disk does not answer.
        """
        return self._keeping.wait(lambda: read(self.audit))

    def settle(self) -> Self:
        """Wait, once and not for long, until what there is of the account is known for sure.

        Whoever looks after that sees what is known then; where that is not for sure, `AccountSnapshot` says why.
        """
        if not self._looked:
            self._looked = True
            # The look itself says what is wrong, if the lab ended meanwhile.
            with contextlib.suppress(KrakenLabError):
                self.wait(lambda known: known.reconciled, READY_WAIT, "the account")
        return self

    def snapshot(self) -> AccountSnapshot:
        """Everything that is known of the account now."""
        return self._calls.do(lambda: self.dealer.account.snapshot(self._now()))

    def counted_fills(self) -> tuple[FillRecord, ...]:
        """The fills that positions are made of: those of orders from before this account was watched are not."""
        return self.snapshot().counted_fills

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
        if not self._calls.wait_for(account, lambda: condition(account.snapshot(self._now())), timeout):
            raise NotReady(what, timeout)

    # --- the end ----------------------------------------------------------------------------------------------------

    def leave(self, *, meant: bool) -> None:
        """Before the lines end, on the I/O thread: disarm, and turn the switch off if the end was meant.

        Else the switch stays as it was last set: an end that nobody chose is what it is for.
        """
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if meant:
            self.dealer.disarm("the lab was closed")
        else:
            self.dealer.end("the program ended")

    def close(self, timeout: float) -> None:
        """After the I/O thread has ended: everything on the disk, and orders and the folder let go."""
        self.dealer.account.let_go()
        self._keeping.close(timeout)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _now(self) -> Instant:
        return self.ground.clock.now()


def _check_named(order: object) -> None:
    """Hold what is to say which order is meant to what can."""
    if not isinstance(order, Order | str):
        raise BadArgument("order", order, "an Order, an order_id or a cl_ord_id")


def _symbol(arguments: Mapping[str, object]) -> str:
    symbol = arguments.get("symbol")
    return symbol if isinstance(symbol, str) else ""
