"""RFC 3339 text to nanoseconds, one at a time and in bulk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.tables.times import NAT, nanoseconds, nanoseconds_of

BIRTH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2200, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def written(moment: datetime, fraction: str, zone: str) -> str:
    """A moment as RFC 3339 with the given digits behind the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + zone


@settings(max_examples=60)
@given(st.lists(st.tuples(MOMENTS, st.text("0123456789", max_size=9), st.sampled_from(["Z", ""])), max_size=8))
def test_any_number_of_digits_and_a_missing_zone_are_read(rows: list[tuple[datetime, str, str]]) -> None:
    """Zero to nine digits keep every nanosecond, mixed in one batch or alone."""
    texts = [written(*row) for row in rows]
    expected = [
        (moment - BIRTH) // timedelta(seconds=1) * 10**9 + int(digits.ljust(9, "0")) for moment, digits, _ in rows
    ]
    assert nanoseconds(texts)[0].tolist() == expected
    assert [nanoseconds_of(text) for text in texts] == expected


@settings(max_examples=60)
@given(st.lists(MOMENTS, min_size=1, max_size=8), st.integers(1, 9))
def test_a_batch_of_one_shape_is_read_as_each_alone(moments: list[datetime], digits: int) -> None:
    """The quick road through arrays, within a day and across days and leap years, agrees with the slow one."""
    texts = [written(moment, "123456789"[:digits], "Z") for moment in moments]
    read, unreadable = nanoseconds(texts)
    assert read.tolist() == [nanoseconds_of(text) for text in texts]
    assert unreadable == 0


@settings(max_examples=60)
@given(MOMENTS, st.lists(st.tuples(st.integers(0, 62), st.integers(0, 10**6 - 1)), min_size=1, max_size=8), st.data())
def test_times_of_one_minute_are_read_as_each_alone(
    moment: datetime, rows: list[tuple[int, int]], data: st.DataObject
) -> None:
    """The quickest road, which reads their minute once, takes and refuses what the slow one does."""
    texts = [f"{moment:%Y-%m-%dT%H:%M}:{second:02d}.{micros:06d}Z" for second, micros in rows]
    row, place = data.draw(st.integers(0, len(texts) - 1)), data.draw(st.integers(0, 26))
    texts[row] = texts[row][:place] + data.draw(st.sampled_from(":.Z/0x ")) + texts[row][place + 1 :]
    alone = [nanoseconds_of(text) for text in texts]
    read, unreadable = nanoseconds(texts)
    assert read.tolist() == [NAT if ns is None else ns for ns in alone]
    assert unreadable == alone.count(None)


@pytest.mark.parametrize("second", ["16.854775807", "16.854775808", "47.000000000"])
def test_the_last_minute_that_nanoseconds_reach_is_read_to_its_end_and_no_further(second: str) -> None:
    """Behind it a time is missing; it does not begin again at the other end."""
    text = f"2262-04-11T23:47:{second}Z"
    assert nanoseconds([text, text])[0].tolist() == [nanoseconds_of(text) or NAT] * 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-02-29T00:00:00.000000Z", 1709164800),
        ("2016-12-31T23:59:60.000000Z", 1483228800),
        ("2026-05-04T14:00:00+02:00", 1777896000),
        ("2026-05-04T10:30:00.0-0130", 1777896000),
        ("1969-12-31T23:59:59.000000Z", -1),
    ],
)
def test_leap_days_leap_seconds_and_zones_are_understood(text: str, seconds: int) -> None:
    """A leap second runs into the next minute; an offset is taken off."""
    assert nanoseconds_of(text) == seconds * 10**9
    assert nanoseconds([text])[0].tolist() == [seconds * 10**9]


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29T00:00:00.000000Z",
        "2023-13-01T00:00:00.000000Z",
        "2023-00-10T00:00:00.000000Z",
        "2023-04-31T00:00:00.000000Z",
        "2023-04-30T24:00:00.000000Z",
        "2023-04-30T23:60:00.000000Z",
        "2023-04-30T23:59:61.000000Z",
        "2023-04-30T23:59:5x.000000Z",
        "2023/04/30T23:59:59.000000Z",
        "9999-04-30T23:59:59.000000Z",
        "²023-04-30T23:59:59.000000Z",
        "soon",
        "",
    ],
)
def test_what_is_no_time_is_missing_and_counted(text: str) -> None:
    """It never becomes another moment, alone or among good ones."""
    good = "2023-04-30T23:59:59.000000Z"
    assert nanoseconds_of(text) is None
    read, unreadable = nanoseconds([good, text, good])
    assert (read[1], unreadable) == (NAT, 1)
    assert read[0] == read[2] == nanoseconds_of(good)


def test_numbers_and_missing_times_go_through() -> None:
    """Nanoseconds stay as they are, None is missing and not counted, other things are."""
    read, unreadable = nanoseconds([5, None, "1970-01-01T00:00:00Z", 1 << 70, b"x"])  # type: ignore[list-item]
    assert read.tolist() == [5, NAT, 0, NAT, NAT]
    assert unreadable == 2
    assert nanoseconds([])[0].tolist() == []
