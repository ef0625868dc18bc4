"""Static tables and boxes of facts: the right digits, the right rows, and the state of the stream."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from kraken_lab.tables import schema, view_of
from kraken_lab.views import Badge, facts_html, table_html
from kraken_lab.views.cells import age, number, utc

from .figures import START, some_candles, some_trades
from .hostile import Page


def words(html: str) -> list[str]:
    """The words of a part, in order."""
    return [text for text in Page(html).texts if text.strip()]


def test_prices_line_up_with_the_decimals_they_need() -> None:
    """As many decimals as the finest visible price needs, and no noise of floating point."""
    shown = words(table_html(pd.DataFrame({"price": [26500.4, 26500.25, 0.1 + 0.2]})))
    assert shown[1:] == ["26500.40", "26500.25", "0.30"]


def test_a_view_shows_the_digits_of_the_wire() -> None:
    """Trailing zeros are part of what was said."""
    view = view_of(schema("book"), [("BTC/USD", "bid", 0, "61234.10", "0.50000000", "0.50000000")])
    shown = words(table_html(view))
    assert "61234.10" in shown
    assert "0.50000000" in shown


def test_only_the_ends_of_a_long_table_are_written() -> None:
    """First and last rows, between them how many were left out; a table of ten million rows makes the same few."""
    shown = words(table_html(pd.DataFrame({"n": np.arange(100_000)}), head=2, tail=1))
    assert shown == ["n", "0", "1", "… 99,997 more rows …", "99999"]
    assert words(table_html(pd.DataFrame({"n": [1, 2, 3]}), head=2, tail=1)) == ["n", "1", "2", "3"]


@pytest.mark.parametrize(("head", "tail"), [(0, 2), (2, 0)])
def test_either_end_can_be_left_out(head: int, tail: int) -> None:
    """head=0 shows the newest rows alone, tail=0 the oldest, both of a frame and of a view."""
    view = view_of(
        schema("gaps"), [("BTC/USD", "trade", START + at, None, f"r{at}", None, False, 1) for at in range(5)]
    )
    for table in (view, view.pandas()):
        shown = [
            word
            for word in words(table_html(table, head=head, tail=tail))
            if word.startswith("r") and word[1:].isdigit()
        ]
        assert shown == (["r3", "r4"] if tail else ["r0", "r1"])


def test_times_are_utc_and_the_index_is_a_column() -> None:
    """The exchange's time comes first, says UTC, and shows as many digits as any visible row has."""
    shown = words(table_html(some_trades((0.5, "buy", "1", "1"), (0.000001, "buy", "1", "1"))))
    assert shown[0] == "timestamp (UTC)"
    assert "2026-05-04 10:10:00.500000" in shown


@pytest.mark.promise("S-05")
def test_a_row_after_a_gap_is_marked_with_a_line_and_a_word() -> None:
    """Also to somebody who sees no colours."""
    html = table_html(some_candles([0, 1], gap_before=[1]))
    assert [attributes.get("class") for tag, attributes in Page(html).elements if tag == "tr"] == [None, None, "gap"]
    assert words(html).count("gap") == 1


@pytest.mark.promise("S-05")
def test_the_badge_says_state_and_age_in_words() -> None:
    """A table of a stream that is not live says so, and for how long."""
    badge = Badge("RESYNCING", age=74, epoch=3, rows=1, gaps=2)
    shown = words(table_html(some_trades(), badge=badge))
    assert shown[:5] == ["RESYNCING", "1 min 14 s ago", "epoch 3", "1 row", "2 gaps"]
    assert "no rows yet" in shown
    assert str(badge) == "RESYNCING · 1 min 14 s ago · epoch 3 · 1 row · 2 gaps"


def test_what_is_missing_is_a_dash() -> None:
    """NaN, NaT, None, NA and an unknown flag all read the same."""
    frame = pd.DataFrame(
        {
            "price": [np.nan],
            "qty": pd.Series([Decimal("NaN")], dtype=object),
            "at": pd.Series([pd.NaT], dtype="datetime64[ns, UTC]"),
            "missed": pd.array([pd.NA], dtype="Int64"),
            "flag": pd.array([pd.NA], dtype="boolean"),
            "reason": pd.Series([None], dtype=object),
        }
    )
    assert words(table_html(frame))[-6:] == ["–"] * 6


def test_facts_are_a_line_each_and_nest() -> None:
    """A mapping inside is a box inside."""
    shown = words(facts_html("Lab", {"venue": "sandbox", "open": True, "error": None, "streams": {"trade": "LIVE"}}))
    assert shown == ["Lab", "venue", "sandbox", "open", "yes", "error", "–", "streams", "trade", "LIVE"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1e-10, "0.0000000001"),
        (10.0**18, "1000000000000000000"),
        (Decimal("1E-8"), "0.00000001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("Infinity"), "–"),
        (-0.5, "-0.5"),
        (np.int64(7), "7"),
        ("7", "–"),
    ],
)
def test_no_number_is_written_with_an_exponent(value: object, shown: str) -> None:
    """Eight-decimal prices and sizes of 10^18 are written out."""
    assert number(value) == shown


def test_times_are_cut_and_never_rounded_up() -> None:
    """A trade of 10:14:59.9999 is not shown in the next minute."""
    assert utc(START + 299_999_999_999) == "2026-05-04 10:14:59.999"
    assert utc(START, 0) == "2026-05-04 10:10:00"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (9.96, "10 s"), (59.4, "59 s"), (60, "1 min"), (3_600, "1 h"), (float("nan"), "–")],
)
def test_ages_are_said_as_people_do(seconds: float, shown: str) -> None:
    """Two units at most."""
    assert age(seconds) == shown
