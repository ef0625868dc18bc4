"""What the faults steer: the exchange and its connections, as much of them as the controls need to know."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.instruments import PairStatus
from kraken_lab.sandbox.listing import SystemStatus

__all__ = ["Steered", "SteeredConnection"]


class SteeredConnection(Protocol):
    """One connection: a session."""

    @property
    def endpoint(self) -> str:
        """``public``, ``private`` or ``level3``."""

    def reset(self) -> None:
        """End without a word."""

    def end(self, code: int, reason: str) -> None:
        """End with a close frame."""

    def send_as_is(self, data: str | bytes) -> None:
        """Send exactly this."""


class Steered(Protocol):
    """What the faults steer: the exchange."""

    @property
    def sessions(self) -> Iterable[SteeredConnection]:
        """The open connections, oldest first."""

    def set_status(self, status: SystemStatus) -> None:
        """Change the state of the engine."""

    def set_pair_status(self, symbol: str, status: PairStatus) -> None:
        """Change the state of a pair."""

    def announce_maintenance(self, starts_in_s: float, lasts_s: float, title: str) -> None:
        """Announce a maintenance."""

    def resume(self) -> None:
        """Sessions may speak again."""

    def fill(self, order_id: str, qty: Decimal | None, price: Decimal | None) -> None:
        """Let a stranger trade with an order."""

    def sweep(self, symbol: str, side: Side, share: float) -> None:
        """Let a stranger send one large market order."""

    def forget(self) -> None:
        """Lose tokens and nonces, as a restart does."""
