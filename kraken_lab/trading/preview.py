"""What an order would do if the book stood still: its fills, what they cost, and where the rest would wait.

Everything is exact. Fees and amounts are rounded fill by fill as the exchange does, to the asset's decimals. A preview
knows the visible book only, and nothing of self-trade prevention, of who else is on the way, or of market price
protection. With the market frozen it agrees with what the sandbox does, digit by digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType

from ..market import BookSnapshot
from ..wire import Pair, Request
from .facts import Facts
from .legs import EXACT, QUOTIENT, Leg, legs_of, target_of
from .rate_costs import rate_cost
from .walking import Levels, Taken, left_of, reaches, take

__all__ = ["Preview", "preview", "share_pct"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What one order would do at once and afterwards. Prices are quote per base, quantities base, money quote.

    ``fills`` are (price, quantity), best first; ``value`` is their exact sum of price times quantity. ``fee`` is in
    ``fee_asset`` and None where the rates are not known. ``slippage_pct`` is how much worse than ``best_price`` (the
    best of the other side) the average is, ``distance_pct`` how far the limit price is above (or, negative, below) it.
    ``resting_qty`` would wait at ``resting_price`` behind ``queue_ahead`` at the same price, with ``better_ahead`` at
    better prices. ``balances_after`` is what the fills would leave of base and quote.
    """

    outcome: str
    fills: Levels = ()
    filled_qty: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    average_price: Decimal | None = None
    worst_price: Decimal | None = None
    slippage_pct: Decimal | None = None
    fee: Decimal | None = None
    fee_asset: str = ""
    best_price: Decimal | None = None
    distance_pct: Decimal | None = None
    resting_qty: Decimal = Decimal(0)
    resting_price: Decimal | None = None
    queue_ahead: Decimal | None = None
    better_ahead: Decimal | None = None
    dropped_qty: Decimal = Decimal(0)
    """What would be cancelled at once, not filled: the rest of an ``ioc`` or market order, or a post-only order."""
    balances_after: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    rate_cost: Decimal = Decimal(0)
    rate_left: Decimal | None = None
    """What the rate counter would still allow after the whole request; None where it is not known."""
    book_ns: int | None = None
    """The exchange's time of the book it was walked through, ns."""
