"""Where a value stands on a sketch, and which ticks its axis has."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scale", "day_of", "numbers", "scale_of"]

Floats = NDArray[np.float64]

_SECOND, _MINUTE, _HOUR, _DAY = 1e3, 60e3, 3_600e3, 86_400e3
_TIME_STEPS = (
    *(_SECOND * step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)),
    *(_MINUTE * step for step in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * step for step in (1, 2, 3, 6, 12)),
    *(_DAY * step for step in (1, 2, 7, 14, 30, 90, 365)),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FARTHEST = 250e12  # milliseconds; what lies beyond is no date


@dataclass(frozen=True, slots=True)
class Scale:
    """A stretch of values from ``low`` to ``high`` on a stretch of pixels from ``start`` to ``end``.

    >>> scale = Scale(0.0, 10.0, 100.0, 0.0)
    >>> float(scale.at(2.5)), [label for _, label in scale.ticks(5)]
    (75.0, ['0', '2', '4', '6', '8', '10'])
    """

    low: float
    high: float
    start: float
    end: float
    is_time: bool = False
    given: tuple[tuple[float, str], ...] = ()

    def at(self, value: Any) -> Any:
        """The pixel of a value, or the pixels of many."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, count: int) -> list[tuple[float, str]]:
        """About so many round values in it, and how they are written."""
        if self.given:
            return [tick for tick in self.given if self.low <= tick[0] <= self.high]
        wanted = (self.high - self.low) / max(count, 1)
        if self.is_time:
            step = next((step for step in _TIME_STEPS if step >= wanted), _TIME_STEPS[-1])
            return [(value, _clock(value, step)) for value in self._multiples(step)]
        magnitude = 10.0 ** math.floor(math.log10(wanted))
        step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= wanted * 0.999)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        return [(value, f"{value + 0.0:,.{digits}f}") for value in self._multiples(step)]

    def _multiples(self, step: float) -> list[float]:
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, first + 60) if n * step <= self.high + step * 1e-9]


def day_of(milliseconds: float) -> str:
    """The day of a moment, in UTC.

    >>> day_of(1_777_889_731_500)
    '2026-05-04'
    """
    return f"{_EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d}"


def _clock(milliseconds: float, step: float) -> str:
    at = _EPOCH + timedelta(milliseconds=milliseconds)
    if step >= _DAY:
        return day_of(milliseconds)
    if step >= _MINUTE:
        return f"{at:%H:%M}"
    return f"{at:%H:%M:%S}" if step >= _SECOND else f"{at:%H:%M:%S}.{at.microsecond // 100_000}"


def scale_of(axis: Mapping[str, Any], values: Iterable[Floats], start: float, end: float, *, padded: bool) -> Scale:
    """The scale of an axis: its own range, or all there is to show, with a little room around it if ``padded``."""
    is_time = axis.get("type") == "date"
    given: tuple[tuple[float, str], ...] = ()
    if axis.get("tickvals") is not None:
        values_of_ticks = [float(value) for value in axis["tickvals"]]
        given = tuple(
            zip(values_of_ticks, axis.get("ticktext") or [f"{value:g}" for value in values_of_ticks], strict=False)
        )
    told = axis.get("range")
    if told is not None and all(isinstance(edge, (int, float)) for edge in told) and told[0] < told[1]:
        return Scale(float(told[0]), float(told[1]), start, end, is_time, given)
    finite = [each[np.isfinite(each)] for each in values]
    there = np.concatenate(finite) if finite else np.empty(0)
    if axis.get("rangemode") == "tozero":
        there = np.append(there, 0.0)
    if is_time:
        there = there[np.abs(there) < _FARTHEST]
    low, high = (float(there.min()), float(there.max())) if len(there) else (0.0, 1.0)
    if not high - low > abs(high) * 1e-12:
        low, high = (low - 500.0, high + 500.0) if is_time else (low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
    room = (high - low) * 0.05 if padded else 0.0
    below = 0.0 if axis.get("rangemode") == "tozero" and low >= 0 else room
    return Scale(low - below, high + room, start, end, is_time, given)


def numbers(value: Any) -> Floats:
    """An array of a figure in whatever form: what is no number is NaN. A matrix stays one.

    >>> numbers([1, None, "x"]), numbers({"dtype": "i1", "bdata": "AQI="})
    (array([ 1., nan, nan]), array([1., 2.]))
    """
    if value is None:
        return np.empty(0)
    if isinstance(value, Mapping):
        raw = base64.b64decode(value["bdata"])
        flat = np.frombuffer(raw, dtype=np.dtype(str(value["dtype"])).newbyteorder("<")).astype(float)
        shape = value.get("shape")
        return flat if shape is None else flat.reshape([int(size) for size in str(shape).split(",")])
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value.astype(float)
    if isinstance(value, Sequence) and value and isinstance(value[0], (list, tuple, np.ndarray)):
        return np.array([numbers(row) for row in value])
    listed = value.tolist() if isinstance(value, np.ndarray) else list(value)
    return np.array([each if isinstance(each, (int, float)) else math.nan for each in listed], dtype=float)
