"""Exact amounts from one precision to another: quantities, values and costs to the decimals of a balance.

A *value* is a price times a quantity, scaled by both precisions of its pair: exact, and finer than any balance.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.numbers import divided

__all__ = ["cost_of", "nearest", "no_less", "on_step", "unscaled", "value_precision"]


def value_precision(pair: Pair) -> int:
    """The decimals of a value."""
    return pair.price_precision + pair.qty_precision


def nearest(amount: int, have: int, want: int) -> int:
    """``amount`` of ``have`` decimals at ``want`` decimals, to the nearest, ties to even.

    >>> nearest(12_345, 3, 2), nearest(12_355, 3, 2), nearest(7, 0, 2)
    (1234, 1236, 700)
    """
    if want < have:
        return divided(amount, _power(have - want))
    return amount * _power(want - have)


def no_less(amount: int, have: int, want: int) -> int:
    """``amount`` of ``have`` decimals at ``want`` decimals, rounded up.

    >>> no_less(12_341, 3, 2)
    1235
    """
    if want < have:
        return -(-amount // _power(have - want))
    return amount * _power(want - have)


def cost_of(pair: Pair, value: int) -> int:
    """A value at the pair's ``cost_precision``, to the nearest."""
    return nearest(value, value_precision(pair), pair.cost_precision)


def on_step(price: Fraction, step: int) -> int:
    """The price step nearest to ``price``, ties to even, but at least one step.

    >>> on_step(Fraction(12_345, 10), 5), on_step(Fraction(-3), 5)
    (1235, 5)
    """
    return max(1, round(price / step)) * step


def unscaled(value: Decimal, precision: int) -> Fraction:
    """A decimal as it counts in scaled integers, whether or not it is one.

    >>> unscaled(Decimal("2.55"), 1)
    Fraction(51, 2)
    """
    return Fraction(value) * _power(precision)


def _power(exponent: int) -> int:
    power: int = 10**exponent
    return power
