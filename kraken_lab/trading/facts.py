"""Everything that a check of an order may look at, as of one moment.

Checks are functions of a request and of `Facts`; they read nothing else. So the same checks run when a proposal is
prepared and again in the last moment before it is sent, and a test can put any world before them. What is not known is
None, and what a check needs and does not know, it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from ..market import BookSnapshot
from ..wire import Instant, Pair
from .rules import Limits, OrderSettings
from .states import OrderRecord

__all__ = ["Enforcement", "Facts", "Past", "RateCount", "TradingMode"]

TradingMode: TypeAlias = Literal["sandbox", "replay", "paper", "live"]
Enforcement: TypeAlias = Literal["enforce", "warn", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCount:
    """The trading engine's rate counter for one pair, as estimated here: it decays by ``decay_per_s``."""

    count: float
    maximum: int
    decay_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One order that was confirmed here earlier: what repetition, rate and the day's notional are judged by."""

    at_mono: float | None
    """Monotonic seconds; None for orders of an earlier kernel."""
    at_wall_ns: int
    symbol: str
    fingerprint: tuple[object, ...]
    """Symbol, side, type, quantity and prices: equal for orders that ask for the same."""
    notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One symbol and the account as they are at ``at``. Quantities are base, prices quote per base, money quote."""

    at: Instant
    exchange_ns: int
    """The exchange's clock, as estimated, ns."""
    mode: TradingMode
    account: str
    """The account's fingerprint, as shown: never the key."""
    elsewhere: str = ""
    """The address of what plays the exchange in live and paper, where that is not Kraken's own; for words only."""
    settings: OrderSettings = field(default_factory=OrderSettings)
    limits: Limits = field(default_factory=Limits)
    armed: bool = False
    """Whether live is armed. Other modes need no arming."""
    halted: str | None = None
    """Why everything is halted; None if it is not."""
    connection: str | None = None
    """Which private connection this is (it changes with every reconnect); None while there is none."""
    reconciled: bool = False
    """Whether the account's orders are known for sure since the last (re)connection."""
    system: str | None = None
    """The exchange's own state, such as ``online``; None before it said so."""
    pair: Pair | None = None
    book: BookSnapshot | None = None
    """A verified book, or None."""
    book_state: str = ""
    """The stream's state, for words: ``LIVE``, ``RESYNCING``, ``UNVERIFIED``..."""
    book_age: float | None = None
    """Seconds since anything came on the book's connection."""
    balances: Mapping[str, Decimal] | None = None
    """Totals by asset."""
    orders: tuple[OrderRecord, ...] = ()
    """Every order that is or may be open, all symbols."""
    past: tuple[Past, ...] = ()
    """What was confirmed here, oldest first: this UTC day's at least, and the last ``dup_window`` of them."""
    fee_rates: tuple[Decimal, Decimal] | None = None
    """Maker's and taker's fee, as fractions (0.0026 is 0.26 %): of the first tier, so an account's may be lower."""
    rate: RateCount | None = None
    precisions: Mapping[str, int] = field(default_factory=dict)
    """Decimals of balances and fees by asset, as the exchange rounds them."""
    shown_decimals: Mapping[str, int] = field(default_factory=dict)
    """Decimals that people are usually shown by asset; no amount is rounded by them."""
    alike: tuple[str, ...] = ()
    """Symbols that may have been meant, where ``pair`` is None."""
    acknowledged: frozenset[str] = frozenset()
    """Ids of UNKNOWN orders that the user said to have seen: they block nothing more."""

    @property
    def enforcement(self) -> Enforcement:
        """Whether limits, rate and repetition refuse, warn, or are only looked at where they are set."""
        return {"live": "enforce", "paper": "warn"}.get(self.mode, "off")  # type: ignore[return-value]
