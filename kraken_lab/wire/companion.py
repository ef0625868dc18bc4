"""Who else speaks on a private connection: somebody who places orders, declared where it needs no orders to be known.

The `Conversation` subscribes and keeps the line; a `Companion` hears what became of orders and gives the texts that ask
for more. It never waits, never looks at a clock and never opens anything, like the peer it accompanies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .peer import Instant, Query
from .private import BalancesMessage, ExecutionsMessage
from .public import SystemStatus
from .responses import Response, SubscribeResult

__all__ = ["ORDER_AFFECTING", "Companion"]

ORDER_AFFECTING = frozenset({"add_order", "batch_add", "amend_order", "edit_order"})
"""Methods that could create or enlarge exposure. Cancels only reduce risk, and so does the dead man's switch."""


class Companion(Protocol):
    """Told everything that concerns orders on one connection; gives what is to be said about them."""

    def opened(self, at: Instant) -> None:
        """A new connection stands. What was asked on an earlier one is not answered any more."""

    def closed(self, reason: str, at: Instant) -> None:
        """The connection is gone: what was offered to it may or may not have arrived."""

    def status_changed(self, status: SystemStatus, at: Instant) -> None:
        """The exchange told its state on this connection."""

    def reports(self, message: ExecutionsMessage, at: Instant) -> None:
        """Execution reports, in sequence and each once. A snapshot begins what is known anew."""

    def ledger(self, message: BalancesMessage, at: Instant) -> None:
        """Balances or ledger entries, in sequence and each once."""

    def acknowledged(self, result: SubscribeResult, at: Instant) -> None:
        """``executions`` or ``balances`` was subscribed; the former says how high the rate counter may go."""

    def doubted(self, channel: str, reason: str, at: Instant) -> None:
        """Something of ``executions`` or ``balances`` was lost: not to be relied on until its next snapshot."""

    def responded(self, response: Response, at: Instant) -> bool:
        """An answer that is none of the conversation's. True if it was the companion's."""

    def to_renew(self) -> tuple[str, ...]:
        """Channels (``executions``, ``balances``) of which a fresh snapshot is needed, each given once.

        The router subscribes them anew, as it does after a gap, whenever it asks for what there is to send.
        """

    def to_send(self, token: str, new_req_id: Callable[[], int], at: Instant) -> list[str]:
        """The texts to write now, each given once. Called only while the connection is open and a token is good."""

    def next_deadline(self, at: Instant) -> float | None:
        """When `let_time_pass` should be called next, in monotonic seconds; None for not at all."""

    def let_time_pass(self, at: Instant) -> None:
        """Whatever is due at this moment."""

    def queries(self, at: Instant) -> list[Query]:
        """What is needed from REST, each given once; also while the connection is down."""

    def answered(self, query: Query, answer: Any, at: Instant) -> None:
        """The answer to a query: the ``result`` of that REST call."""

    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None:
        """A query failed, which proves nothing about what it asked for."""

    def excuse(self, lateness: float) -> None:
        """This side was late by so many seconds: missing answers are judged that much more mildly."""

    def failed(self, where: str, at: Instant) -> None:
        """One of these methods raised what nobody expected: ``where``, in words. Nothing it knew is sure any more.

        The connection is replaced after this.
        """
