"""Sums and quotients of money that lose nothing.

The default decimal context rounds at 28 digits; quantities of 10^18 with ten decimals, times a price, need more.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact

__all__ = ["add", "divide", "multiply", "subtract", "total"]

_WIDE = Context(prec=100)
_SHOWN = Context(prec=28)
ZERO = Decimal(0)


def add(left: Decimal, right: Decimal) -> Decimal:
    """The exact sum."""
    return _WIDE.add(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """The exact difference."""
    return _WIDE.subtract(left, right)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """The exact product."""
    return _WIDE.multiply(left, right)


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum of many; zero of none.

    >>> total([Decimal("1E+17"), Decimal("0.0000000001"), Decimal("1E-12")])
    Decimal('100000000000000000.000000000101')
    """
    result = ZERO
    for value in values:
        result = _WIDE.add(result, value)
    return result


def divide(left: Decimal, right: Decimal) -> Decimal | None:
    """The quotient: exact where decimals can write it, else to 28 digits; None over zero.

    >>> divide(Decimal("132.9995"), Decimal("0.005")), divide(Decimal(1), Decimal(0))
    (Decimal('26599.9'), None)
    """
    if not right:
        return None
    wide = _WIDE.copy()
    quotient = wide.divide(left, right)
    return _SHOWN.plus(quotient) if wide.flags[Inexact] else quotient
