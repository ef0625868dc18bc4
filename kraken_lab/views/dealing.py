"""What tickets and blotters ask of the lab: everything they do is a call of one of these methods.

The views hold no rules and know no lab. Whatever has these methods can stand behind a ticket: the lab's own, or a
test's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Protocol

from ..trading import AccountSnapshot, Click, Order, Proposal
from ..trading.rules import OrderSettings
from ..wire import Instant, Pair

__all__ = ["Asker", "BlotterDealing", "TicketDealing"]


class Asker(Protocol):
    """Opens a confirmation, and takes the click that answers it. These may wait; they are called on a worker."""

    @property
    def settings(self) -> OrderSettings:
        """Times and tolerances."""

    def now(self) -> Instant:
        """The kernel's clock. It does not wait."""

    def ask(self, proposal: Proposal) -> int:
        """Open a confirmation of it and give the number by which a button names it; raises if it is not sound."""

    def click(self, proposal: Proposal, click: Click, *, again: bool) -> tuple[Order, ...]:
        """Confirm it. Gives its orders at once, which tell what becomes of them; raises if it is refused here."""


class TicketDealing(Asker, Protocol):
    """What an order ticket needs."""

    @property
    def mode(self) -> str:
        """``sandbox``, ``paper``, ``replay`` or ``live``."""

    def pair(self, symbol: str) -> Pair:
        """What is known of a pair; raises `UnknownSymbol`."""

    def decimals(self) -> Mapping[str, int]:
        """Decimals that people are usually shown of an asset. It does not wait."""

    def touch(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """Best bid and best ask of a verified book, or None. It does not wait."""

    def propose_add(self, arguments: Mapping[str, object]) -> Proposal:
        """A proposal of an order."""

    def propose_amend(self, order: Order, changes: Mapping[str, object]) -> Proposal:
        """A proposal to change one in place."""

    def cancel_order(self, order: Order) -> object:
        """Ask the exchange to cancel it, at once."""

    def watch(self, symbol: str, watcher: Callable[[], object]) -> Callable[[], None]:
        """Have ``watcher`` called, on another thread, when the account or the symbol's book changes.

        The account alone, if ``symbol`` is empty. Gives what ends that.
        """


class BlotterDealing(TicketDealing, Protocol):
    """What a blotter needs besides."""

    def snapshot(self) -> AccountSnapshot:
        """Everything that is known of the account."""

    def orders(self) -> tuple[Order, ...]:
        """Every order that is known, oldest first, as live objects."""

    def prices(self) -> Mapping[str, Decimal]:
        """Mid prices of the verified books there are."""

    def where(self) -> tuple[str, str]:
        """The mode in words, with HALTED and why beside it, and the account's fingerprint."""

    def exchange_ns(self) -> int:
        """The exchange's clock as estimated, ns."""

    def dead_man(self, on: bool) -> Proposal | None:
        """Turn the switch on or off at once, or, where that touches real orders, the proposal to do so."""

    def cancel_own(self) -> object:
        """Cancel every order that this lab placed, at once."""

    def kill(self, reason: str) -> object:
        """Halt, and cancel everything of the account on every path; gives a report within ten seconds."""
