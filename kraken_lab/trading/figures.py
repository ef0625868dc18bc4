"""Computed figures as people read them: money by its currency's usual decimals, quantities by the pair's, with units.

The exact figures stay in the values they were taken from. A figure is shortened here and says so with a mark, but never
so far that something looks like nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from ..wire import rounded, shortened
from ..wire.rounding import plain as trimmed

__all__ = ["average", "money", "to_decimals", "trimmed"]


def money(amount: Decimal, asset: str, decimals: Mapping[str, int]) -> str:
    """An amount with its currency; all its digits where that currency's usual decimals are not known.

    >>> money(Decimal("265.6760400"), "USD", {"USD": 2}), money(Decimal("0.0000132504"), "USD", {"USD": 2})
    ('≈265.68 USD', '≈0.000013 USD')
    """
    return f"{to_decimals(amount, decimals.get(asset))} {asset}".rstrip()


def to_decimals(number: Decimal, decimals: int | None) -> str:
    """A number with so many decimals, marked where digits were left out; with all that say something for None.

    >>> to_decimals(Decimal("26500.7333"), 1), to_decimals(Decimal("-0.5"), 2), to_decimals(Decimal("1E-8"), None)
    ('≈26500.7', '-0.50', '0.00000001')
    """
    return trimmed(number) if decimals is None else rounded(number, decimals)


def average(price: Decimal, seen: Iterable[Decimal | None]) -> str:
    """An average price with as many decimals as the prices it is of, and one more if that says something.

    >>> average(Decimal("26500.4333"), [Decimal("26500.4"), None]), average(Decimal("26500.5"), [Decimal("26500.4")])
    ('≈26500.43', '26500.5')
    """
    places = [-int(each.as_tuple().exponent) for each in seen if each is not None]
    if not places:
        return shortened(price)
    coarse, fine = (rounded(price, max(0, *places) + more) for more in (0, 1))
    return coarse if fine.endswith("0") else fine
