"""Numbers exactly as they are written: from text to `Decimal` or scaled integer and back, never through a float.

A number on the wire is bounded before anything is made of it: at most `MAX_TOKEN` characters, and an exponent
between -`MAX_EXPONENT` and +`MAX_EXPONENT`. That is far beyond any price or quantity, and keeps a hostile
``1e999999999`` from filling the memory.
"""

from __future__ import annotations

import operator
import re
from decimal import Decimal, InvalidOperation
from typing import SupportsIndex

from ..errors import BadArgument, Malformed

__all__ = ["MAX_EXPONENT", "MAX_TOKEN", "bounded", "exact", "from_user", "is_number", "plain", "scaled"]

MAX_TOKEN = 40
"""Characters a number may have."""

MAX_EXPONENT = 30
"""The largest power of ten, up or down."""

_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?")


def _read(text: str) -> re.Match[str]:
    """The parts of a JSON number within the bounds: sign, whole digits, decimals, exponent."""
    if len(text) > MAX_TOKEN:
        raise Malformed(f"a number of {len(text)} characters, more than {MAX_TOKEN}", text)
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise Malformed("not a number", text)
    if found[4] is not None and abs(int(found[4])) > MAX_EXPONENT:
        raise Malformed(f"an exponent beyond +/-{MAX_EXPONENT}", text)
    return found


def is_number(text: str) -> bool:
    """Whether the text is a JSON number within the bounds.

    >>> is_number("1e-08"), is_number("0.10"), is_number(".5"), is_number("NaN"), is_number("1e31")
    (True, True, False, False, False)
    """
    try:
        _read(text)
    except Malformed:
        return False
    return True


def bounded(number: Decimal) -> bool:
    """Whether a `Decimal` is finite and within the bounds, judged by its value.

    >>> bounded(Decimal("61234.5")), bounded(Decimal("NaN")), bounded(Decimal("1e31"))
    (True, False, False)
    """
    return number.is_finite() and -MAX_EXPONENT <= number.adjusted() <= MAX_EXPONENT and len(str(number)) <= MAX_TOKEN


def exact(number: str | int | Decimal) -> Decimal:
    """The number with every digit it was written with.

    Raises:
        Malformed: not a number, or outside the bounds.

    >>> exact("0.00100000")
    Decimal('0.00100000')
    """
    text = str(number)
    _read(text)
    return Decimal(text)


def scaled(number: str | int | Decimal, precision: int) -> int:
    """The number as a whole count of units of ``10 ** -precision``.

    Raises:
        Malformed: not a number, outside the bounds, or with digits other than zero beyond the precision.

    >>> scaled("61234.50", 1), scaled("1e-08", 8)
    (612345, 1)
    """
    text = str(number)
    sign, whole, decimals, exponent = _read(text).groups(default="")
    digits = whole + decimals
    shift = precision - len(decimals) + int(exponent or 0)
    if shift >= 0:
        value = int(digits + "0" * shift)
    else:
        kept, beyond = digits[:shift], digits[shift:]
        if beyond.strip("0"):
            raise Malformed(f"digits beyond the precision of {precision} decimals", text)
        value = int(kept or "0")
    return -value if sign else value


def plain(number: Decimal) -> str:
    """The digits without an exponent, as the exchange wants them in a request.

    Raises:
        BadArgument: the number is not finite.

    >>> plain(Decimal("1E-8")), plain(Decimal("1.20"))
    ('0.00000001', '1.20')
    """
    if not number.is_finite():
        raise BadArgument("number", number, "a finite number")
    return format(number, "f")


def from_user(value: object, name: str) -> Decimal:
    """A price or quantity as a person gives it: text, int, `Decimal`, or a float by its shortest decimal form.

    ``0.1`` therefore means one tenth, not the binary number nearest to it. Nothing is rounded.

    Raises:
        BadArgument: not a number, not finite, or outside the bounds; it carries ``name`` and the value.

    >>> from_user(0.1, "order_qty"), from_user("2.50", "limit_price")
    (Decimal('0.1'), Decimal('2.50'))
    """
    try:
        number = _given(value)
    except (TypeError, ValueError, InvalidOperation):
        raise BadArgument(name, value, "a number such as '0.25' (text, int or Decimal)") from None
    if not bounded(number):
        raise BadArgument(name, value, f"a finite number of at most {MAX_TOKEN} digits")
    return number


def _given(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        raise TypeError("a truth value is no amount")
    if isinstance(value, float):  # numpy's float64 too, whose own repr is not digits
        return Decimal(float.__repr__(value))
    if isinstance(value, str):
        text = value.strip()
        if not text.isascii() or "_" in text:
            raise ValueError(text)
        return Decimal(text)
    if isinstance(value, SupportsIndex):
        return Decimal(operator.index(value))
    raise TypeError(type(value).__name__)
