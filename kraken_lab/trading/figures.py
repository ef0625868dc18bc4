"""Computed figures as people read them: money by its currency's usual decimals, quantities by the pair's, with units.

The exact figures stay in the values they were taken from and in every ``repr``. A figure is shortened here, but never
so far that something looks like nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from .legs import EXACT

__all__ = ["money", "to_decimals", "trimmed"]


def money(amount: Decimal, asset: str, decimals: Mapping[str, int]) -> str:
    """An amount with its currency; all its digits where that currency's usual decimals are not known.

    >>> money(Decimal("265.6760400"), "USD", {"USD": 2}), money(Decimal("0.0000132504"), "USD", {"USD": 2})
    ('265.68 USD', '0.000013 USD')
    """
    return f"{to_decimals(amount, decimals.get(asset))} {asset}".rstrip()


def to_decimals(number: Decimal, decimals: int | None) -> str:
    """A number with so many decimals, to the nearest, ties to even; with all that say something for None.

    >>> to_decimals(Decimal("26500.7333"), 1), to_decimals(Decimal("-0.5"), 2), to_decimals(Decimal("1E-8"), None)
    ('26500.7', '-0.50', '0.00000001')
    """
    if decimals is None:
        return trimmed(number)
    rounded = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN, context=EXACT)
    if rounded or not number:
        return f"{rounded:f}"
    return trimmed(Decimal(f"{number:.2g}"))


def trimmed(number: Decimal) -> str:
    """All its digits, without zeros that say nothing.

    >>> trimmed(Decimal("0.2500")), trimmed(Decimal("100"))
    ('0.25', '100')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
