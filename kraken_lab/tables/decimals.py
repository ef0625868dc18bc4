"""Decimals as columns, with nothing lost.

A price or quantity is kept twice: as the nearest float64, which is what a frame shows, and exactly, as a whole number
and how many of its digits stand behind the point. The second keeps the digits as written, trailing zeros included.
What does not fit (more than 18 digits, a negative zero) is kept as a `Decimal` beside the arrays, in the spill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LARGEST_SCALE",
    "MISSING",
    "SPILLED",
    "DecimalParts",
    "exact_decimals",
    "most_behind",
    "pack_all_units",
    "pack_decimals",
    "pack_units",
    "written_out",
]

MISSING, SPILLED = -128, 127
"""Scales that mean: no value here, and: the value is in the spill."""

_MOST_DIGITS = 18
"""More might overflow an int64."""

_WIDEST = _MOST_DIGITS + 2
"""Longest text that is read as an array: so many digits, a sign and a point. One character more is kept, so that a text
that was cut, perhaps in front of its exponent, is still seen to be too long."""

LARGEST_SCALE = 22
"""Digits behind the point up to which arrays are divided: 10^22 is the last power of ten that is a float."""

_POWERS = np.array([10.0**exponent for exponent in range(LARGEST_SCALE + 1)])
_EXACT_BITS = 53
_EXACT_FLOAT = 1 << _EXACT_BITS
"""A whole number below 2^53 over a power of ten up to 10^22: both floats are exact, so one division rounds once,
which makes it the nearest float to the decimal."""


@dataclass(frozen=True, slots=True)
class DecimalParts:
    """A batch of decimals, packed. ``spill`` is keyed by place in the batch; ``missing`` says some are missing."""

    floats: NDArray[np.float64]
    mantissas: NDArray[np.int64]
    scales: NDArray[np.int8]
    spill: dict[int, Decimal]
    missing: bool
    unreadable: int


def pack_decimals(values: Sequence[Decimal | str | int | None]) -> DecimalParts:
    """Decimals, wire texts, whole numbers and None as arrays.

    >>> parts = pack_decimals(["61234.10", "1e-08", None])
    >>> parts.mantissas.tolist(), parts.scales.tolist()
    ([6123410, 1, 0], [2, 8, -128])
    """
    count = len(values)
    floats = np.empty(count)
    mantissas = np.zeros(count, dtype=np.int64)
    scales = np.full(count, MISSING, dtype=np.int8)
    ordinary = _ordinary(values, floats, mantissas, scales)
    spill: dict[int, Decimal] = {}
    missing = unreadable = 0
    for at in np.flatnonzero(~ordinary).tolist():
        value = _decimal(values[at])
        if value is None:
            floats[at] = np.nan
            missing += 1
            unreadable += values[at] is not None
            continue
        floats[at] = float(value)
        sign, digits, exponent = value.as_tuple()
        assert isinstance(exponent, int)
        if len(digits) <= _MOST_DIGITS and MISSING < -exponent < SPILLED and not (sign and digits == (0,)):
            mantissas[at], scales[at] = _mantissa(sign, digits), -exponent
        else:
            spill[at], scales[at] = value, SPILLED
    return DecimalParts(floats, mantissas, scales, spill, missing > 0, unreadable)


def pack_units(values: Sequence[int | None], scale: int) -> DecimalParts:
    """Whole numbers of units of the ``scale``-th decimal: what a book counts in, without a detour by text.

    >>> parts = pack_units([6123410, None], 2)
    >>> parts.floats.tolist()[0], list(exact_decimals(parts.mantissas, parts.scales, parts.spill))
    (61234.1, [Decimal('61234.10'), None])
    """
    if set(map(type, values)) - {int} or not 0 <= scale <= LARGEST_SCALE:
        return pack_decimals([written_out(value, scale) for value in values])
    try:
        mantissas = np.fromiter(values, dtype=np.int64, count=len(values))
    except OverflowError:
        return pack_decimals([written_out(value, scale) for value in values])
    floats = mantissas / _POWERS[scale]
    for at in np.flatnonzero(np.abs(mantissas) >= _EXACT_FLOAT).tolist():
        floats[at] = float(f"{values[at]}E{-scale}")
    return DecimalParts(floats, mantissas, np.full(len(values), scale, dtype=np.int8), {}, False, 0)


def pack_all_units(units: NDArray[np.int64], scales: Sequence[int]) -> list[DecimalParts]:
    """Several columns of `pack_units` at once: a row of ``units`` each, and to each its scale, 0 to `LARGEST_SCALE`.

    >>> [price] = pack_all_units(np.array([[6123410]]), [2])
    >>> price.floats.tolist(), price.scales.tolist()
    ([61234.1], [2])
    """
    count = units.shape[1]
    floats = units / _divisors(tuple(scales))
    if np.count_nonzero(units >> _EXACT_BITS):
        for column, at in np.argwhere(np.abs(units) >= _EXACT_FLOAT).tolist():
            floats[column, at] = float(f"{units[column, at]}E{-scales[column]}")
    return [
        DecimalParts(of_floats, of_units, _of_one_scale(count, scale), {}, False, 0)
        for of_floats, of_units, scale in zip(floats, units, scales, strict=True)
    ]


@lru_cache(maxsize=64)
def _divisors(scales: tuple[int, ...]) -> NDArray[np.float64]:
    return _POWERS[list(scales), np.newaxis]


@lru_cache(maxsize=64)  # what is looked at again and again has as many rows as the last time
def _of_one_scale(count: int, scale: int) -> NDArray[np.int8]:
    scales = np.full(count, scale, dtype=np.int8)
    scales.flags.writeable = False
    return scales


def written_out(value: Any, scale: int) -> Any:
    """A whole number of units as the decimal it stands for; anything else as it is.

    >>> written_out(6123410, 2), written_out(None, 2)
    (Decimal('61234.10'), None)
    """
    return Decimal(f"{value}E{-scale}") if type(value) is int else value


def most_behind(scales: NDArray[np.int8]) -> int:
    """The most digits that any of these decimals has behind its point, those in the spill aside; `MISSING` if none has.

    >>> most_behind(pack_decimals(["61234.10", "0.5", None]).scales)
    2
    """
    return int(scales.max(initial=MISSING, where=scales != SPILLED))


def exact_decimals(
    mantissas: NDArray[np.int64], scales: NDArray[np.int8], spill: Mapping[int, Decimal], offset: int = 0
) -> Iterator[Decimal | None]:
    """The decimals again, digit for digit. ``offset`` is the spill's key for the first of them.

    >>> parts = pack_decimals(["61234.10", None])
    >>> list(exact_decimals(parts.mantissas, parts.scales, parts.spill))
    [Decimal('61234.10'), None]
    """
    for at, (mantissa, scale) in enumerate(zip(mantissas.tolist(), scales.tolist(), strict=True)):
        if scale == MISSING:
            yield None
        elif scale == SPILLED:
            yield spill[offset + at]
        else:
            # From text, since arithmetic would round to the digits of the caller's decimal context.
            yield Decimal(f"{mantissa}E{-scale}")


def _ordinary(
    values: Sequence[Decimal | str | int | None],
    floats: NDArray[np.float64],
    mantissas: NDArray[np.int64],
    scales: NDArray[np.int8],
) -> NDArray[np.bool_]:
    """Fills in all that are plainly written, like ``-12.50``, by array operations; tells which those were."""
    texts = [v if isinstance(v, str) else str(v) if isinstance(v, Decimal) else "" for v in values]
    try:
        cells = np.array(texts, dtype=f"S{_WIDEST + 1}").view(np.uint8).reshape(len(texts), _WIDEST + 1)
    except UnicodeEncodeError:
        return np.zeros(len(texts), dtype=np.bool_)
    cells = np.ascontiguousarray(cells.T)  # one character of all texts beside each other
    lengths = np.count_nonzero(cells, axis=0)
    digits = cells - np.uint8(ord("0"))
    is_digit, is_point = digits <= 9, cells == ord(".")
    negative, points, counted = cells[0] == ord("-"), is_point.sum(axis=0), is_digit.sum(axis=0)
    plain = (counted + points + negative == lengths) & (points <= 1) & (counted >= 1) & (counted <= _MOST_DIGITS)
    whole = np.zeros(len(texts), dtype=np.int64)
    for row, mask in zip(digits[: lengths.max(initial=0)], is_digit, strict=False):
        np.copyto(whole, whole * 10 + row, where=mask & plain)
    np.negative(whole, out=whole, where=negative)
    plain &= ~(negative & (whole == 0))  # a negative zero has no place in an int64
    behind = np.where(points == 1, lengths - is_point.argmax(axis=0) - 1, 0)
    np.copyto(mantissas, whole, where=plain)
    np.copyto(scales, behind, where=plain, casting="unsafe")
    np.divide(whole, _POWERS[behind], out=floats, where=plain)
    for at in np.flatnonzero(plain & (np.abs(whole) >= _EXACT_FLOAT)).tolist():
        floats[at] = float(texts[at])
    return np.asarray(plain)


def _decimal(value: Decimal | str | int | None) -> Decimal | None:
    """One value read the long way, or None where there is none or it is not a finite number."""
    if value is None or isinstance(value, float | bool):
        return None
    try:
        read = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return read if read.is_finite() else None


def _mantissa(sign: int, digits: tuple[int, ...]) -> int:
    whole = int("".join(map(str, digits)))
    return -whole if sign else whole
