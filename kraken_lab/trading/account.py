"""The account as the exchange has it: orders, fills, balances, and how much of that is sure.

An `Account` is the `Companion` of the private connection: it hears reports and answers, and gives the texts and queries
that follow from them. It belongs to the I/O thread and never waits; everyone else reads `snapshot`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from ..wire import (
    AddOrder,
    AmendOrder,
    BalancesMessage,
    BatchAdd,
    EditOrder,
    ExecutionsMessage,
    Instant,
    Query,
    Response,
    SubscribeResult,
    SystemStatus,
)
from .facts import RateCount
from .order import Order, Trader
from .rules import OrderSettings
from .states import FillRecord, OrderRecord

__all__ = ["Account", "AccountSnapshot", "Alarm", "Cleared", "OrderRequest"]

OrderRequest: TypeAlias = AddOrder | BatchAdd | AmendOrder | EditOrder


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


class Audit(Protocol):
    """Where everything is written down. It never waits: a record that must be durable first is the gate's affair."""

    def __call__(self, kind: str, fields: Mapping[str, object]) -> object:
        """Append one record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something a person should look at. ``order`` is the id it is about, or empty."""

    what: str
    at_ns: int
    order: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot:
    """Everything that is known of the account at one instant. It never changes.

    Also has: positions, alarms, rates, dead_man, kill (see their modules).
    """

    at: Instant
    connection: str | None
    reconciled: bool
    reconciling: str
    system: str | None
    orders: tuple[OrderRecord, ...]
    fills: tuple[FillRecord, ...]
    balances: Mapping[str, Decimal] | None
    alarms: tuple[Alarm, ...]
    rates: Mapping[str, RateCount]
    acknowledged: frozenset[str]


class Account:
    """Signatures first; the bodies follow."""

    def __init__(
        self,
        settings: OrderSettings,
        *,
        ack_timeout: float = 5.0,
        audit: Audit,
        trader: Trader | None = None,
        uncertainty: Callable[[], float] = lambda: 0.0,
        symbols: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        raise NotImplementedError

    watchers: tuple[Callable[[], object], ...]
    """Called after every change, on the I/O thread."""

    # --- the gate's side (an order-affecting request) ---------------------------------------------------------------
    def begin(self, request: OrderRequest, ids: Sequence[str], at: Instant) -> tuple[Order, ...]:
        """Orders in state CONFIRMED: one an AddOrder, one a leg of a BatchAdd (ids = their fresh cl_ord_ids),
        the order itself for an AmendOrder (no ids), the old and the new one for an EditOrder (one id, a local name).

        Raises OrderRefused: an id was used before (O-06), or an amendment has no answer yet.
        """
        raise NotImplementedError

    def refuse(self, orders: Sequence[Order], reasons: Sequence[str], at: Instant) -> None:
        """Stopped here: REFUSED (an amendment: forgotten). Nothing was sent."""
        raise NotImplementedError

    def send(self, cleared: Cleared, orders: Sequence[Order], at: Instant) -> None:
        """Queue what the gate let through; without a connection the orders are REFUSED at once."""
        raise NotImplementedError

    # --- risk-reducing: no gate, also while halted or not reconciled ------------------------------------------------
    def cancel(self, orders: Iterable[Order | str], at: Instant, *, batch: bool = False) -> tuple[Order, ...]:
        """Cancel orders given as objects, order_ids or cl_ord_ids. Raises BadArgument for an id nobody knows."""
        raise NotImplementedError

    def cancel_own(self, at: Instant) -> tuple[Order, ...]:
        """Cancel every order of this lab that is or may be open, by id."""
        raise NotImplementedError

    def cancel_account(self, at: Instant) -> tuple[Order, ...]:
        """Cancel every order of the account (`cancel_all`), other people's too."""
        raise NotImplementedError

    def kill(self, at: Instant) -> None:
        """Begin (or take up again) the kill; HALTED is latched by the caller before. `snapshot().kill` reports."""
        raise NotImplementedError

    def dead_man(self, on: bool, at: Instant, *, alive: Callable[[], bool] | None = None) -> None:
        """Turn the dead man's switch on (and keep it refreshed) or off. ``alive``: refresh only while it says True."""
        raise NotImplementedError

    def cancel_all_after(self, timeout: int, at: Instant) -> None:
        """Set the switch once, without refreshing it; 0 disarms."""
        raise NotImplementedError

    def acknowledge(self, ident: str, at: Instant) -> None:
        """The user has seen this UNKNOWN order (order_id or cl_ord_id): it blocks its symbol no more (O-05)."""
        raise NotImplementedError

    # --- the past ---------------------------------------------------------------------------------------------------
    def restore(self, records: Iterable[Mapping[str, Any]], at: Instant) -> None:
        """What an earlier kernel's audit log says (records with ``kind``: "order", "fill", ...), before the first
        connection: whatever was not terminal is UNKNOWN or unverified until it is looked up (O-14).
        """
        raise NotImplementedError

    # --- reading ----------------------------------------------------------------------------------------------------
    def snapshot(self, at: Instant) -> AccountSnapshot:
        """Everything that is known, as a value."""
        raise NotImplementedError

    def find(self, ident: str) -> Order | None:
        """The order with this order_id or cl_ord_id."""
        raise NotImplementedError

    @property
    def reconciled(self) -> bool:
        """Whether the account's orders are known for sure since the last (re)connection (O-14, O-15)."""
        raise NotImplementedError

    # --- Companion --------------------------------------------------------------------------------------------------
    def opened(self, at: Instant) -> None: ...
    def closed(self, reason: str, at: Instant) -> None: ...
    def status_changed(self, status: SystemStatus, at: Instant) -> None: ...
    def reports(self, message: ExecutionsMessage, at: Instant) -> None: ...
    def ledger(self, message: BalancesMessage, at: Instant) -> None: ...
    def acknowledged(self, result: SubscribeResult, at: Instant) -> None: ...
    def doubted(self, channel: str, reason: str, at: Instant) -> None: ...
    def responded(self, response: Response, at: Instant) -> bool:
        raise NotImplementedError

    def to_renew(self) -> tuple[str, ...]:
        raise NotImplementedError

    def to_send(self, token: str, new_req_id: Callable[[], int], at: Instant) -> list[str]:
        raise NotImplementedError

    def next_deadline(self, at: Instant) -> float | None: ...
    def let_time_pass(self, at: Instant) -> None: ...
    def queries(self, at: Instant) -> list[Query]:
        raise NotImplementedError

    def answered(self, query: Query, answer: Any, at: Instant) -> None: ...
    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None: ...
    def excuse(self, lateness: float) -> None: ...
