"""How one value is written: prices with their digits, times in UTC, durations for people.

Returns plain text, not yet escaped: who shows it escapes it for its own reader.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..wire import shortened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING", "age", "decimals", "decimals_of", "milliseconds", "nanoseconds_of", "number", "utc"]

MISSING = "–"
_MOST_DECIMALS = 10  # the exchange's finest price; what a float64 shows beyond it is noise
_NAT = np.iinfo(np.int64).min


def decimals(values: Iterable[object]) -> int:
    """Decimals that show every one of these numbers in full (at most ten), so that a column lines up.

    >>> decimals([26500.4, 26500.25, 26500.0])
    2
    """
    most = 0
    for value in values:
        if isinstance(value, Decimal):
            exponent = value.as_tuple().exponent
            most = max(most, -exponent if isinstance(exponent, int) else 0)
        elif isinstance(value, float) and math.isfinite(value):
            most = max(most, len(f"{value:.{_MOST_DECIMALS}f}".rstrip("0").partition(".")[2]))
    return most


def decimals_of(values: NDArray[np.float64]) -> int:
    """`decimals` of many floats at once; what is not finite is left out.

    >>> decimals_of(np.array([26500.4, 26500.25, np.nan]))
    2
    """
    finite = values[np.isfinite(values)]
    for digits in range(_MOST_DECIMALS):
        if np.allclose(finite, finite.round(digits), rtol=1e-13, atol=0):
            return digits
    return _MOST_DECIMALS


def number(value: object, digits: int | None = None) -> str:
    """A number without exponent; what is not a number is a dash. A `Decimal` keeps the digits it was written with.

    One with more digits than anybody writes is a quotient, and is shortened with a mark.

    >>> number(1e-8), number(0.1 + 0.2, 4), number(Decimal("61234.10")), number(float("nan"))
    ('0.00000001', '0.3000', '61234.10', '–')
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            return MISSING
        return shortened(value) if digits is None else f"{value:.{digits}f}"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        as_float = float(value)
        if not math.isfinite(as_float):
            return MISSING
        return f"{as_float:.{decimals([as_float]) if digits is None else digits}f}"
    return MISSING


def utc(ns: int, fraction: int = 3) -> str:
    """Nanoseconds since 1970 as a UTC time with so many digits after the second, cut off and not rounded.

    >>> utc(1_777_889_731_500_000_123)
    '2026-05-04 10:15:31.500'
    """
    if ns == _NAT:
        return MISSING
    seconds, rest = divmod(ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{rest:09d}"[: len(text) + 1 + fraction] if fraction else text


def age(seconds: float) -> str:
    """A duration as people say it.

    >>> age(0.314), age(74), age(7_380), age(200_000)
    ('0.3 s', '1 min 14 s', '2 h 3 min', '2 d 7 h')
    """
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    for size, unit, below, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            return f"{whole} {unit} {rest // below} {smaller}" if rest // below else f"{whole} {unit}"
    raise AssertionError("unreachable: a minute or more was found above")


def nanoseconds_of(frame: pd.DataFrame, name: str) -> NDArray[np.int64]:
    """A time column, or the index of that name, as nanoseconds since 1970 UTC. Missing is the smallest int64.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"start": pd.to_datetime(["2026-05-04T10:15:31Z"])})
    >>> nanoseconds_of(frame, "start").tolist()
    [1777889731000000000]
    """
    import pandas as pd

    times = pd.DatetimeIndex(frame.index if frame.index.name == name else frame[name])
    return np.asarray(times.as_unit("ns").asi8, dtype=np.int64)


def milliseconds(ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Nanoseconds as the milliseconds a figure's time axis counts in; missing becomes NaN.

    >>> milliseconds(np.array([1_500_000]))
    array([1.5])
    """
    ms = ns.astype(np.float64) / 1e6
    return np.where(ns == _NAT, np.nan, ms)
