"""What an order would take from a book that stands still: level by level, best first, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .exact import total
from .legs import EXACT, QUOTIENT

__all__ = ["Levels", "Taken", "left_of", "reaches", "take", "total"]

Levels = tuple[tuple[Decimal, Decimal], ...]
"""Price and quantity of each level, best first."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Fills as (price, base quantity), best first; ``complete`` is False when the levels ended before the wish did."""

    fills: Levels
    complete: bool

    @property
    def qty(self) -> Decimal:
        """What is filled, in base."""
        return total(qty for _, qty in self.fills)

    @property
    def value(self) -> Decimal:
        """The sum of price times quantity, in quote, with all its digits."""
        return total(EXACT.multiply(price, qty) for price, qty in self.fills)

    @property
    def average(self) -> Decimal | None:
        """Value by quantity, to 28 digits; None without fills."""
        return QUOTIENT.divide(self.value, self.qty) if self.fills else None

    @property
    def worst(self) -> Decimal | None:
        """The price of the last fill; None without fills."""
        return self.fills[-1][0] if self.fills else None


def take(
    levels: Levels,
    *,
    side: str,
    qty: Decimal | None = None,
    cash: Decimal | None = None,
    limit: Decimal | None = None,
    step: Decimal = Decimal("0.00000001"),
) -> Taken:
    """Fill ``qty`` (base), or spend ``cash`` (quote) at most, at prices no worse than ``limit``.

    With ``cash`` each level gives the most that can be paid for, in whole ``step``s of quantity.

    >>> levels = ((Decimal(100), Decimal(1)), (Decimal(102), Decimal(2)))
    >>> take(levels, side="buy", qty=Decimal("1.5")).value, take(levels, side="buy", cash=Decimal(151)).qty
    (Decimal('151.0'), Decimal('1.50000000'))
    """
    if (qty is None) == (cash is None):
        raise ValueError("one of a quantity and a sum of money")
    fills: list[tuple[Decimal, Decimal]] = []
    wanted, budget = qty, cash
    for price, there in levels:
        if limit is not None and not reaches(side, limit, price):
            break
        if wanted is not None:
            taken = min(there, wanted)
            wanted = EXACT.subtract(wanted, taken)
        else:
            assert budget is not None
            steps = EXACT.divide_int(budget, EXACT.multiply(price, step))
            taken = min(there, EXACT.multiply(steps, step))
            budget = EXACT.subtract(budget, EXACT.multiply(taken, price))
        if taken > 0:
            fills.append((price, taken))
        if taken < there or wanted == 0:
            return Taken(tuple(fills), complete=True)
    return Taken(tuple(fills), complete=False)


def reaches(side: str, limit: Decimal, price: Decimal) -> bool:
    """Whether an order with that limit trades at a price on the other side.

    >>> reaches("buy", Decimal(101), Decimal(100)), reaches("sell", Decimal(101), Decimal(100))
    (True, False)
    """
    return limit >= price if side == "buy" else limit <= price


def left_of(levels: Levels, taken: Taken) -> Levels:
    """The levels after these fills were taken from them.

    >>> levels = ((Decimal(100), Decimal(1)), (Decimal(102), Decimal(2)))
    >>> left_of(levels, take(levels, side="buy", qty=Decimal("1.5")))
    ((Decimal('102'), Decimal('1.5')),)
    """
    gone = dict(taken.fills)
    left = ((price, EXACT.subtract(there, gone.get(price, Decimal(0)))) for price, there in levels)
    return tuple((price, there) for price, there in left if there > 0)
