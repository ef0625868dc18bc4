"""Times as clients write them: RFC 3339 with a zone, to nanoseconds since the Unix epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["instant_ns"]

_FORM: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant_ns(text: str) -> int:
    """The instant of an RFC 3339 time with up to nine decimals.

    >>> instant_ns("2026-05-04T10:15:05.123Z") == instant_ns("2026-05-04T12:15:05.123+02:00")
    True

    Raises:
        ValueError: it is no such time.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"{text!r} is no RFC 3339 time with a zone")
    year, month, day, hour, minute, second, decimals, sign, hours, minutes = form.groups()
    local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    away_s = int(hours or 0) * 3600 + int(minutes or 0) * 60
    whole_s = (local - _EPOCH) // timedelta(seconds=1) + (away_s if sign == "-" else -away_s)
    return whole_s * NS_PER_SECOND + int((decimals or "").ljust(9, "0"))
