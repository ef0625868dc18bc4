"""Packing the other kinds: whole numbers, flags, texts, words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kraken_lab.tables import Column
from kraken_lab.tables.columns import ColumnData, Words, columns_of
from kraken_lab.tables.schemas import Kind


def a_column(kind: Kind, values: list[Any], *, nullable: bool = False) -> ColumnData:
    """One packed column."""
    (made,) = columns_of([Column("x", kind, "", "a column", nullable=nullable)], [values])
    return made


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("int", [1, -(1 << 63), None, (1 << 63) - 1]),
        ("uint", [0, (1 << 64) - 1, None]),
        ("bool", [True, None, False]),
        ("text", ["OK4GJX", None, ""]),
        ("category", ["buy", None, "sell", "buy"]),
    ],
)
def test_values_come_back_as_they_went_in(kind: Kind, values: list[Any]) -> None:
    """Extremes and missing values included; flags stay flags and numbers numbers."""
    column = a_column(kind, values, nullable=True)
    assert column.exact() == values
    assert [type(value) for value in column.exact()] == [type(value) for value in values]
    assert column.missing


@pytest.mark.parametrize(("kind", "value"), [("int", 1 << 63), ("int", 1.0), ("uint", -1), ("bool", 1), ("text", 5)])
def test_a_value_of_another_kind_is_missing(kind: Kind, value: object) -> None:
    """It is not bent into shape, and not an error in the middle of a stream."""
    assert a_column(kind, [value], nullable=True).exact() == [None]


def test_a_column_that_cannot_miss_holds_zero_instead() -> None:
    """Its dtype never changes, whatever comes."""
    column = a_column("int", [None, 3])
    assert column.array().tolist() == [0, 3]
    assert column.array().dtype == np.int64


def test_missing_whole_numbers_show_as_nan_in_an_array() -> None:
    """A plot of them breaks there."""
    np.testing.assert_array_equal(a_column("int", [3, None], nullable=True).array(), [3.0, np.nan])
    assert a_column("int", [3, 4], nullable=True).array().dtype == np.int64


@pytest.mark.parametrize("values", [["a", "a"], ["a", None], [None], ["a", "b", "a"], []])
def test_a_column_of_one_word_is_coded_as_any_other(values: list[str | None]) -> None:
    """Also when it turns out not to be the only one."""
    words = Words(["a"])
    codes, unreadable = words.codes(values)
    assert [[*words.known, None][code] for code in codes.tolist()] == values
    assert unreadable == 0


def test_words_are_numbered_as_they_come_and_codes_widen() -> None:
    """Two bytes a code once one is too few; pandas would copy codes of another width."""
    words = Words(["a"])
    assert words.dtype == np.int8
    assert words.codes([f"w{n}" for n in range(126)] + ["a", None])[0].tolist() == [*range(1, 127), 0, -1]
    assert words.dtype == np.int16


def test_more_words_than_a_category_can_have_are_counted() -> None:
    """A hostile feed of ever new words ends as missing values, not as memory."""
    words = Words()
    codes, unreadable = words.codes([f"w{n}" for n in range(32_010)])
    assert unreadable == 10
    assert codes[-1] == -1
    assert words.codes(["w5", 7, [], "one more"])[0].tolist() == [5, -1, -1, -1]  # type: ignore[list-item]


def test_a_column_is_read_only() -> None:
    """Neither its parts nor its array can be written."""
    for kind, value in (("int", 1), ("category", "a"), ("text", "a"), ("decimal", "1"), ("time", 1)):
        array = a_column(kind, [value]).array()  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[0]
