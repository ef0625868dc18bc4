"""Numbers for the eye: rounded where nobody reads on, with a mark where that is not all of it.

What is rounded here is text and nothing else: the exact number stays in the value it was taken from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

__all__ = ["MARK", "plain", "rounded", "shortened", "shortened_repr", "to_decimals"]

MARK: Final = "≈"
"""Stands before a number of which some digits are not shown."""
LONGEST: Final = 16
"""Significant digits that are shown in full: what was written by a person or an exchange has no more of them."""

_EXACT: Final = Context(prec=200)


def plain(number: Decimal) -> str:
    """All its digits, without zeros that say nothing.

    >>> plain(Decimal("0.2500")), plain(Decimal("100"))
    ('0.25', '100')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_decimals(number: Decimal, decimals: int) -> str:
    """A number with so many decimals, to the nearest, ties to even, but never so few that it looks like nothing.

    >>> to_decimals(Decimal("26500.7333"), 1), to_decimals(Decimal("-0.5"), 2), to_decimals(Decimal("0.0000132"), 2)
    ('26500.7', '-0.50', '0.000013')
    """
    found = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN, context=_EXACT)
    return f"{found:f}" if found or not number else plain(Decimal(f"{number:.2g}"))


def rounded(number: Decimal, decimals: int) -> str:
    """The same, marked where digits were left out.

    >>> rounded(Decimal("26500.7333"), 1), rounded(Decimal("26500.70"), 1)
    ('≈26500.7', '26500.7')
    """
    return _marked(to_decimals(number, decimals), number)


def shortened(number: Decimal, significant: int = 10) -> str:
    """A quotient in so many significant digits, marked; a number of sixteen digits or fewer as it is.

    >>> shortened(Decimal(190_000) / 3), shortened(Decimal("0.10000000"))
    ('≈63333.33333', '0.10000000')
    """
    if not number.is_finite() or len(number.as_tuple().digits) <= LONGEST:
        return f"{number:f}"
    return _marked(plain(Decimal(f"{number:.{significant}g}")), number)


def shortened_repr(record: Any) -> str:
    """A dataclass in full, with its numbers as plain digits, and quotients in it `shortened`.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Fill:
    ...     price: Decimal
    ...     fees: tuple[tuple[str, Decimal], ...]
    >>> shortened_repr(Fill(Decimal(190_000) / 3, (("USD", Decimal("1.50")),)))
    "Fill(price=≈63333.33333, fees=(('USD', 1.50),))"
    """
    parts = (f"{each.name}={_part(getattr(record, each.name))}" for each in fields(record) if each.repr)
    return f"{type(record).__qualname__}({', '.join(parts)})"


def _part(value: object) -> str:
    if isinstance(value, Decimal):
        return shortened(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_part, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_part(each)}' for key, each in value.items())}}}"
    return repr(value)


def _marked(text: str, number: Decimal) -> str:
    return text if Decimal(text) == number else f"{MARK}{text}"
