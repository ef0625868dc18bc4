"""The trader as tickets and blotters know it: what they ask for, by the methods that cells use.

Views may not know the lab; they say in a protocol what they need, and this is it. It holds no rule: a ticket's order
goes down the same road as a cell's, and a click is one more gesture by which it is confirmed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from ..errors import EmptySide, LabClosed, NotReady, OrderError
from ..streams import Feed
from ..trading import AccountSnapshot, Click, Order, OrderSettings, Proposal
from ..trading.account import Account
from ..wire import Instant, Pair
from .trader import Trader

if TYPE_CHECKING:
    from .acting import Acting

__all__ = ["WidgetTrader"]

T = TypeVar("T")


class WidgetTrader:
    """Satisfies `kraken_lab.views.dealing.BlotterDealing`. Its methods may wait, but for `now` and `touch`."""

    def __init__(self, lab: Acting, trader: Trader) -> None:
        self._lab, self._trader = lab, trader

    # --- asking and confirming --------------------------------------------------------------------------------------

    @property
    def settings(self) -> OrderSettings:
        """Times and tolerances."""
        return self._trader.settings

    @property
    def mode(self) -> str:
        """``sandbox``, ``paper``, ``replay`` or ``live``."""
        return self._trader.ground.mode

    def now(self) -> Instant:
        """The kernel's clock, by which a click's age is judged."""
        return self._trader.ground.clock.now()

    def propose_add(self, arguments: Mapping[str, object]) -> Proposal:
        """A proposal of an order."""
        return self._trader.propose_add(arguments)

    def propose_amend(self, order: Order, changes: Mapping[str, object]) -> Proposal:
        """A proposal to change one in place."""
        return self._trader.propose_amend(order, changes)

    def ask(self, proposal: Proposal) -> int:
        """Open a confirmation. Its code is shown to nobody: a button stands for it.

        Raises:
            OrderRefused: the proposal is not sound.
        """
        return self._trader.confirming.ask(proposal)[0]

    def click(self, proposal: Proposal, click: Click, *, again: bool) -> tuple[Order, ...]:
        """Confirm it by a click; in every mode the click has to answer a confirmation that is open.

        Raises:
            OrderError: the click does not count, or it is refused at once. What is stopped later, the orders tell.
        """
        if proposal.kind in ("cancel_all", "cancel_all_orders_after"):
            self._call(lambda: self._trader.dealer.reduce(proposal, gesture=click))
            return ()
        return self._trader.confirming.hand_in(proposal, _told_by_its_orders, gesture=click, again=again)

    # --- the market -------------------------------------------------------------------------------------------------

    def pair(self, symbol: str) -> Pair:
        """What is known of a pair.

        Raises:
            UnknownSymbol: nothing is.
        """
        return self._trader.ground.desk.instruments.pair(symbol)

    def decimals(self) -> Mapping[str, int]:
        """Decimals that people are usually shown of an asset."""
        return self._trader.dealer.gatherer.shown_decimals()

    def touch(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """Best bid and best ask of the verified book that proposals are held against, or None."""
        feed = self._trader.dealer.gatherer.references.get(symbol)
        if feed is None:
            return None
        with contextlib.suppress(NotReady, EmptySide, IndexError):
            book = feed.photograph(1)
            return book.bids[0][0], book.asks[0][0]
        return None

    def prices(self) -> Mapping[str, Decimal]:
        """Mid prices of the verified books there are."""
        return self._trader.prices()

    def watch(self, symbol: str, watcher: Callable[[], object]) -> Callable[[], None]:
        """Have ``watcher`` called on the I/O thread when the account or that book changes. Gives what ends that."""
        dealer = self._trader.dealer

        def begin() -> list[Account | Feed]:
            watched: list[Account | Feed] = [dealer.account]
            book = dealer.gatherer.references.get(symbol)
            if book is not None:
                watched.append(book)
            for each in watched:
                each.watchers = (*each.watchers, watcher)
            return watched

        watched = self._call(begin)

        def end() -> None:
            for each in watched:
                each.watchers = tuple(other for other in each.watchers if other is not watcher)

        def unwatch() -> None:
            # Where the lab is closed nobody calls it any more.
            with contextlib.suppress(LabClosed):
                self._call(end)

        return unwatch

    # --- the account ------------------------------------------------------------------------------------------------

    def snapshot(self) -> AccountSnapshot:
        """Everything that is known of the account."""
        return self._trader.snapshot()

    def orders(self) -> tuple[Order, ...]:
        """Every order that is known, oldest first, as live objects."""
        return self._call(lambda: self._trader.dealer.account.orders)

    def where(self) -> tuple[str, str]:
        """The mode in words, and the account's fingerprint."""
        return self._call(self._trader.dealer.mode_words), self._trader.ground.key.account

    def exchange_ns(self) -> int:
        """The exchange's clock as estimated, ns."""
        offset = self._call(self._trader.dealer.gatherer.clock_offset)
        return self.now().wall_ns + round(offset * 1e9)

    # --- what only reduces risk, and stopping -----------------------------------------------------------------------

    def cancel_order(self, order: Order) -> object:
        """Ask the exchange to cancel it, at once."""
        return self._trader.cancel_order(order)

    def cancel_own(self) -> object:
        """Cancel every order that this lab placed, at once."""
        return self._lab.cancel_all()

    def dead_man(self, on: bool) -> Proposal | None:
        """Turn the switch on or off; in live turning it on is a proposal."""
        done = self._lab.dead_man(on)
        return done if isinstance(done, Proposal) else None

    def kill(self, reason: str) -> object:
        """Halt, and cancel everything of the account on every path; the report within ten seconds."""
        return self._lab.kill(reason)

    def _call(self, work: Callable[[], T]) -> T:
        return self._trader.ground.io.call(work)


def _told_by_its_orders(error: OrderError | None) -> None:
    """An order that was stopped later is REFUSED and says why itself."""
