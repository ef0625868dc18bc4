"""Times are whole nanoseconds, whatever the number of digits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import Malformed
from kraken_lab.wire.timestamps import from_ns, to_ns

BASE = 1655107750 * 10**9  # 2022-06-13T08:09:10Z


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("2022-06-13T08:09:10Z", 0),
        ("2022-06-13T08:09:10", 0),
        ("2022-06-13T08:09:10.5Z", 500_000_000),
        ("2022-06-13T08:09:10.123456Z", 123_456_000),
        ("2022-06-13T08:09:10.7890123", 789_012_300),
        ("2022-06-13T08:09:10.000000001Z", 1),
        ("2022-06-13T10:09:10+02:00", 0),
        ("2022-06-13T03:39:10.25-04:30", 250_000_000),
    ],
)
def test_any_number_of_digits_is_read(text: str, after: int) -> None:
    """None to nine digits, with or without the zone, as the reference's own examples need."""
    assert to_ns(text) == BASE + after


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "2022-06-13", "2022-06-13 08:09:10Z", "2022-06-13T08:09:10.Z", "2022-06-13T08:09:10.1234567890Z",
        "2022-13-01T00:00:00Z", "2022-02-30T00:00:00Z", "2022-06-13T24:00:00Z", "2022-06-13T08:60:00Z",
        "2022-06-13T08:09:61Z", "2022-06-13T08:09:10Zx", "٢٠٢٢-06-13T08:09:10Z", "0000-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_time_is_malformed(text: str) -> None:
    """Including days and hours that do not exist."""
    with pytest.raises(Malformed):
        to_ns(text)


@given(st.integers(0, 4_000_000_000_000_000_000))
@settings(max_examples=100, deadline=None)
def test_a_time_is_read_back_as_it_was_written(ns: int) -> None:
    """With nine digits exactly, with fewer cut off."""
    assert to_ns(from_ns(ns, 9)) == ns
    assert to_ns(from_ns(ns, 6)) == ns // 1000 * 1000
    assert to_ns(from_ns(ns, 0)) == ns // 10**9 * 10**9


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
@settings(max_examples=100, deadline=None)
def test_the_calendar_agrees_with_the_library(moment: datetime) -> None:
    """Days are counted right, leap years and all."""
    aware = moment.replace(tzinfo=UTC)
    passed = aware - datetime(1970, 1, 1, tzinfo=UTC)
    nanoseconds = (passed.days * 86_400 + passed.seconds) * 10**9 + passed.microseconds * 1000
    assert to_ns(aware.isoformat(timespec="microseconds").replace("+00:00", "Z")) == nanoseconds
