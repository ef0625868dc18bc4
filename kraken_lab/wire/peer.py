"""What the room with the sockets drives, declared where it can be declared without sockets.

A `Peer` is told what happened on one connection and says what must happen next. It never waits, never looks at a
clock and never opens anything; `kraken_lab.net` does all three for it, and a test can do them in a loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

__all__ = ["Instant", "Peer", "Query"]


class Instant(msgspec.Struct, frozen=True, gc=False):
    """One moment on both clocks: ``mono`` (monotonic seconds, for timers), ``wall_ns`` (ns since 1970 UTC, for rows).

    >>> Instant(12.5, 1_700_000_000_000_000_000).mono
    12.5
    """

    mono: float
    wall_ns: int


@dataclass(frozen=True, slots=True)
class Query:
    """Something a peer needs from the venue's REST side before it can go on.

    ``token`` is a fresh token; its answer is the token's text. ``private`` is one private call that only reads or
    cancels: ``name`` (``OpenOrders``, ``CancelAll``) with ``fields``; its answer is that call's ``result``.

    >>> Query("private", "QueryOrders", (("txid", "OAAAAA-BBBBB-CCCCCC"),)).name
    'QueryOrders'
    """

    kind: Literal["token", "private"]
    name: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@runtime_checkable
class Peer(Protocol):
    """One end of one connection, without the connection."""

    def opened(self, at: Instant) -> None:
        """A new connection stands. Nothing said on an earlier one counts any more."""

    def hear(self, data: bytes | str, at: Instant) -> bool:
        """Take one frame. True when there may now be something to send, ask or time."""

    def closed(self, reason: str, at: Instant) -> None:
        """The connection is gone, or could not be made."""

    def gave_up(self, reason: str, at: Instant) -> None:
        """The address was refused too often, and is not tried again until something new is wanted."""

    def let_time_pass(self, at: Instant) -> None:
        """Whatever is due at this moment, also while there is no connection."""

    def to_send(self, at: Instant) -> list[str]:
        """The texts to write now, in order; each is given once."""

    def next_deadline(self, at: Instant) -> float | None:
        """When `let_time_pass` or `to_send` should be called next, in monotonic seconds; None for not at all."""

    def hang_up(self) -> str | None:
        """Why this connection should be replaced now; None while it is good."""

    def queries(self, at: Instant) -> list[Query]:
        """What is needed from REST; each is given once, also while there is no connection."""

    def answered(self, query: Query, answer: Any, at: Instant) -> None:
        """The answer to a query."""

    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None:
        """A query failed. ``refused``: the venue itself said no; otherwise it could not be asked."""

    def excuse(self, lateness: float) -> None:
        """This side was late by ``lateness`` seconds: the other side's silence is judged that much more mildly."""
