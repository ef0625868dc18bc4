"""The account at one instant, as a value that anybody may keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..wire import Instant
from .dead_man import DeadManStatus
from .facts import RateCount
from .kill import KillReport
from .positions import Position, positions
from .states import FillRecord, OrderRecord, OrderState

__all__ = ["AccountSnapshot", "Alarm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something a person should look at. ``order`` is the id of the order it is about, or empty."""

    what: str
    at_ns: int
    order: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AccountSnapshot:
    """Everything that is known of the account. It never changes. Printed, it is a page of words and figures.

    ``orders`` are all that are known here, oldest first, ``fills`` in the order they became known. ``balances`` are
    totals by asset, None while something may have been missed. ``reconciling`` says what is missing, empty when
    ``reconciled``. ``rates`` are the rate counter's estimates by pair.
    """

    at: Instant
    version: int
    """Goes up with every change."""
    connection: str | None
    """Which private connection this is; None while there is none."""
    reconciled: bool
    reconciling: str
    system: str | None
    """The exchange's own state, such as ``online``; None before it said so."""
    orders: tuple[OrderRecord, ...]
    fills: tuple[FillRecord, ...]
    earlier: frozenset[str]
    """Execution ids of fills that the first snapshot told of orders from before: they are in no position."""
    balances: Mapping[str, Decimal] | None
    alarms: tuple[Alarm, ...]
    rates: Mapping[str, RateCount]
    dead_man: DeadManStatus
    kill: KillReport | None
    acknowledged: frozenset[str]
    """Ids of UNKNOWN orders that the user said to have seen."""
    doubtful_since: Mapping[str, float]
    """For each order that is UNKNOWN: when it may have been sent, in monotonic seconds."""

    @property
    def open(self) -> tuple[OrderRecord, ...]:
        """The orders that the exchange has open, or may have."""
        return tuple(record for record in self.orders if record.possibly_open)

    @property
    def unknown(self) -> tuple[OrderRecord, ...]:
        """The orders of which nobody knows whether they exist."""
        return tuple(record for record in self.orders if record.state is OrderState.UNKNOWN)

    @property
    def external(self) -> tuple[OrderRecord, ...]:
        """The open orders that were not placed by this lab."""
        return tuple(record for record in self.open if record.external)

    @property
    def positions(self) -> tuple[Position, ...]:
        """What the fills that count add up to in each pair, by the average-cost method."""
        return positions(self.counted_fills)

    @property
    def counted_fills(self) -> tuple[FillRecord, ...]:
        """The fills that positions are made of: all but the earlier ones."""
        return tuple(fill for fill in self.fills if fill.exec_id not in self.earlier)

    @property
    def uncounted(self) -> int:
        """How many of the fills are earlier ones, which are in no position."""
        return len(self.fills) - len(self.counted_fills)

    def __repr__(self) -> str:
        from .account_text import account_text

        return account_text(self)
