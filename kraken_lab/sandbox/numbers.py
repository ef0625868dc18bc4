"""Scaled integers and the decimals they stand for.

``12345`` at precision 2 stands for ``123.45``. Inside the sandbox all prices and quantities are such integers, so sums,
comparisons and the padded digits on the wire are exact.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from kraken_lab.errors import SandboxError

__all__ = ["NS_PER_MINUTE", "NS_PER_SECOND", "decimal", "divided", "scaled", "written"]

NS_PER_SECOND: Final = 1_000_000_000
NS_PER_MINUTE: Final = 60 * NS_PER_SECOND
MOST_DIGITS: Final = 40  # before or after the point: 1E+999999999 is seven characters and a gigabyte


def scaled(value: Decimal | str | int, precision: int) -> int:
    """The integer that stands for ``value`` at ``precision`` decimals.

    >>> scaled("26500.4", 1), scaled(Decimal("1E-8"), 8)
    (265004, 1)

    Raises:
        SandboxError: not a finite number of sensible size, or it has more decimals than ``precision``.
    """
    try:
        exact = Decimal(value)
    except InvalidOperation:
        raise SandboxError(f"{value!r} is not a number.") from None
    if not exact.is_finite():
        raise SandboxError(f"{value!r} is not a finite number.")
    if exact and not -MOST_DIGITS < exact.adjusted() < MOST_DIGITS:
        raise SandboxError(f"{value!r} is too large or too small to be a price or a quantity.")
    numerator, denominator = exact.as_integer_ratio()
    unit: int = 10**precision
    whole, lost = divmod(numerator * unit, denominator)
    if lost:
        raise SandboxError(f"{value} has more than {precision} decimals.")
    return whole


def written(value: int, precision: int) -> str:
    """The digits the exchange prints: all ``precision`` decimals, no exponent.

    >>> written(265004, 1), written(-5, 2), written(7, 0)
    ('26500.4', '-0.05', '7')
    """
    if not precision:
        return str(value)
    digits = str(abs(value)).rjust(precision + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-precision]}.{digits[-precision:]}"


def decimal(value: int, precision: int) -> Decimal:
    """The exact decimal, trailing zeros kept.

    >>> decimal(99455000, 9)
    Decimal('0.099455000')
    """
    return Decimal(written(value, precision))


def divided(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` to the nearest integer, ties to even, exactly at any size.

    >>> divided(7, 2), divided(5, 2), divided(-7, 2), divided(10**30 + 1, 10**30)
    (4, 2, -4, 1)

    Raises:
        ZeroDivisionError: the denominator is 0.
    """
    quotient, rest = divmod(numerator, denominator)
    doubled = 2 * rest
    if doubled > denominator or (doubled == denominator and quotient % 2):
        quotient += 1
    return quotient
