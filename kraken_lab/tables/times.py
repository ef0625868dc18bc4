"""RFC 3339 text to whole nanoseconds, a thousand at a time.

A `datetime` holds microseconds, level 3 carries nanoseconds: so the text is kept until a batch of rows is packed, and
read then with a few array operations. Texts of the usual shape take about 0.15 us each; others are read one by one.

Source: Timestamps, Kraken WebSocket API v2 reference
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["NAT", "nanoseconds", "nanoseconds_of"]

NAT = int(np.iinfo(np.int64).min)
"""What stands for a missing time in an int64 array: the smallest value, which numpy and pandas take for NaT."""

_FIRST, _LAST = NAT + 1, int(np.iinfo(np.int64).max)
_TEXT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{0,9})\d*)?(Z|z|[+-]\d\d:?\d\d)?", re.ASCII)
_BIRTH_OF_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
_MARKS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_MINUTE = len("YYYY-MM-DDTHH:MM:")
_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def nanoseconds_of(text: str) -> int | None:
    """One RFC 3339 text as nanoseconds since 1970 UTC, or None if it is none.

    Zero to nine digits after the second are taken, a missing zone means UTC, and a sixtieth second runs into the next
    minute.

    >>> nanoseconds_of("2022-06-13T08:09:10.7890123")
    1655107750789012300
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    day, hour, minute, second, fraction, zone = found.groups()
    try:
        days = (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) - _BIRTH_OF_UNIX) // timedelta(days=1)
    except ValueError:
        return None
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        return None
    seconds = ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
    if zone and zone not in "Zz":
        east = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        seconds -= east if zone[0] == "+" else -east
    ns = seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
    return ns if _FIRST <= ns <= _LAST else None


def nanoseconds(values: Sequence[int | str | None]) -> tuple[NDArray[np.int64], int]:
    """Times as one int64 array of nanoseconds since 1970 UTC, and how many could not be read.

    A value is nanoseconds already, or a text, or None. What is missing or cannot be read is `NAT`.

    >>> nanoseconds(["2026-05-04T00:00:00Z", None, 1777852800000000000, "soon"])[1]
    1
    """
    try:
        return np.fromiter(values, dtype=np.int64, count=len(values)), 0
    except (TypeError, ValueError, OverflowError):
        pass
    ready = _same_shape(values)
    if ready is not None:
        return ready, 0
    read = [_one(value) for value in values]
    unreadable = sum(ns is None and value is not None for ns, value in zip(read, values, strict=True))
    return np.array([NAT if ns is None else ns for ns in read], dtype=np.int64), unreadable


def _one(value: object) -> int | None:
    if isinstance(value, int):
        return value if NAT <= value <= _LAST else None
    return nanoseconds_of(value) if isinstance(value, str) else None


def _same_shape(values: Sequence[int | str | None]) -> NDArray[np.int64] | None:
    """All of ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` with one number of digits, or None where any differs."""
    try:
        text = "".join(values)  # type: ignore[arg-type]
        cells = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    except (TypeError, UnicodeEncodeError):
        return None
    width = len(values[0]) if values and isinstance(values[0], str) else 0
    if not 22 <= width <= 30 or cells.size != width * len(values) or set(map(len, values)) != {width}:  # type: ignore[arg-type]
        return None
    cells = cells.reshape(len(values), width)
    if (cells[:, :_MINUTE] == cells[0, :_MINUTE]).all():
        return _of_one_minute(text[:_MINUTE], cells[:, _MINUTE:])
    cells = cells.T
    marks = {**_MARKS, 19: ".", width - 1: "Z"}
    if any((cells[at] != ord(mark)).any() for at, mark in marks.items()):
        return None
    digits = np.ascontiguousarray(cells[[*_DIGITS, *range(20, width - 1)]]) - np.uint8(ord("0"))
    if digits.max() > 9:  # what is below "0" has wrapped around to far above it
        return None
    if (digits[:8] == digits[:8, :1]).all():  # one day, as nearly always: its calendar is worked out once
        days = _day_numbers(digits[:8, :1])
    else:
        days = _day_numbers(digits[:8])
    hour, minute, second = (_number(digits[at : at + 2]) for at in (8, 10, 12))
    if days is None or hour.max() > 23 or minute.max() > 59 or second.max() > 60:
        return None
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    fraction = _number(digits[len(_DIGITS) :]) * 10 ** (9 - (width - 21))
    return np.asarray(seconds * 1_000_000_000 + fraction, dtype=np.int64)


def _of_one_minute(minute: str, cells: NDArray[np.uint8]) -> NDArray[np.int64] | None:
    """Times of one minute, as those of a busy moment are: it is read once, and of each time only ``SS.ffffffZ``."""
    start = _start_of(minute)
    if start is None or (cells[:, 2] != ord(".")).any() or (cells[:, -1] != ord("Z")).any():
        return None
    digits = cells[:, :-1] - np.uint8(ord("0"))
    digits[:, 2] = 0
    places = digits.shape[1] - 3
    nanos = digits @ np.array([10**10, 10**9, 0, *(10 ** (8 - place) for place in range(places))], dtype=np.int64)
    if digits.max() > 9 or nanos.max() >= 61 * 10**9:
        return None
    return np.asarray(start + nanos, dtype=np.int64)


@lru_cache(maxsize=64)
def _start_of(minute: str) -> int | None:
    """Nanoseconds to the start of a minute given as ``YYYY-MM-DDTHH:MM:``, if there is room for a minute behind it."""
    start = nanoseconds_of(f"{minute}00Z")
    return start if start is not None and start < _LAST - 61 * 10**9 else None


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows of digits, the first the highest, as numbers."""
    total: NDArray[np.int64] = digits[0].astype(np.int64)
    for row in digits[1:]:
        total *= 10
        total += row
    return total


def _day_numbers(digits: NDArray[np.uint8]) -> NDArray[np.int64] | None:
    """Days since 1970-01-01 of rows of YYYYMMDD, or None where one is no day of the Gregorian calendar.

    Years are counted from March, so that a leap day comes last.
    """
    year, month, day = _number(digits[:4]), _number(digits[4:6]), _number(digits[6:8])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _DAYS[np.clip(month, 1, 12) - 1] + (leap & (month == 2))
    sane = (year >= 1700) & (year <= 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest)
    if not sane.all():
        return None
    year = year - (month <= 2)
    month = (month + 9) % 12
    return np.asarray(year * 365 + year // 4 - year // 100 + year // 400 + (month * 306 + 5) // 10 + day - 719_469)
