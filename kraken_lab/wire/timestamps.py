"""Times as the exchange writes them (RFC 3339, UTC), as whole nanoseconds since 1970.

Most fields have microseconds, level3 and candles nanoseconds, the dead man's switch seconds. Printed examples
have seven digits and no zone, so anything from no fraction to nine digits is read, and a missing zone means UTC.

Source: general conventions, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from ..errors import Malformed

__all__ = ["from_ns", "to_ns"]

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([-+])([0-9]{2}):([0-9]{2}))?"
)
_EPOCH = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000_000


@lru_cache(maxsize=64)
def _day(text: str) -> int:
    """Seconds from 1970 to the start of a day given as ``YYYY-MM-DD``."""
    return (date.fromisoformat(text).toordinal() - _EPOCH) * 86_400


def to_ns(text: str) -> int:
    """Nanoseconds since 1970 UTC.

    Raises:
        Malformed: not a time, or a day or hour that does not exist.

    >>> to_ns("2023-10-06T17:35:55.440295Z")
    1696613755440295000
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise Malformed("not a time", text)
    day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = found.groups()
    try:
        seconds = _day(day) + int(hour) * 3600 + int(minute) * 60 + int(second)
    except ValueError:
        raise Malformed("a day that does not exist", text) from None
    if hour > "23" or minute > "59" or second > "60":  # 60: a leap second
        raise Malformed("an hour that does not exist", text)
    if sign:
        offset = int(zone_hours) * 3600 + int(zone_minutes) * 60
        seconds += offset if sign == "-" else -offset
    return seconds * _SECOND + (int(fraction.ljust(9, "0")) if fraction else 0)


def from_ns(ns: int, digits: int = 6) -> str:
    """The time as the exchange would write it, with ``digits`` (0 to 9) decimals; further ones are cut off.

    >>> from_ns(1696613755440295000), from_ns(1696613755440295000, 0)
    ('2023-10-06T17:35:55.440295Z', '2023-10-06T17:35:55Z')
    """
    seconds, rest = divmod(ns, _SECOND)
    stem = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stem}.{rest:09d}"[: len(stem) + 1 + digits] + "Z" if digits else stem + "Z"
