"""Numbers keep every digit, in and out, within bounds."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import BadArgument, Malformed
from kraken_lab.wire.numbers import bounded, exact, from_user, is_number, plain, scaled

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=10)


@pytest.mark.promise("S-15")
@given(NUMBERS, st.integers(10, 18))
@settings(max_examples=100, deadline=None)
def test_scaling_loses_nothing(number: Decimal, precision: int) -> None:
    """The scaled integer over ten to the precision is the number again."""
    assert Decimal(f"{scaled(str(number), precision)}E-{precision}") == number


@pytest.mark.promise("S-15")
@given(NUMBERS)
@settings(max_examples=100, deadline=None)
def test_plain_text_says_the_same_number(number: Decimal) -> None:
    """Without an exponent, and as a number that can be read back digit for digit."""
    text = plain(number)
    assert "E" not in text
    assert exact(text) == number


@pytest.mark.parametrize(
    ("text", "precision", "units"),
    [
        ("45285.2", 1, 452852),
        ("0.00412", 5, 412),
        ("0.00100000", 8, 100000),
        ("1", 8, 100000000),
        ("1e-08", 8, 1),
        ("1.5e3", 0, 1500),
        ("12300e-2", 0, 123),
        ("0.500000000000", 1, 5),
        ("-0.1", 1, -1),
        ("-0.0", 1, 0),
        ("0", 0, 0),
        ("5.0", 0, 5),
        ("1000000000000000000.00000000", 8, 10**26),
        ("1e30", 0, 10**30),
        ("0e30", 0, 0),
    ],
)
def test_units_are_exact_in_every_form(text: str, precision: int, units: int) -> None:
    """Trailing zeros, whole numbers, exponents and sizes beyond 64 bits."""
    assert scaled(text, precision) == units
    assert scaled(Decimal(text), precision) == units


@pytest.mark.parametrize(("text", "precision"), [("0.123456789", 8), ("1e-9", 8), ("0.5", 0), ("1.23e1", 0)])
def test_digits_beyond_the_precision_are_refused(text: str, precision: int) -> None:
    """Nothing is rounded: a digit that does not fit means that the precision is wrong."""
    with pytest.raises(Malformed, match=f"precision of {precision}"):
        scaled(text, precision)


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "+1", ".5", "1.", "1e", "0x1", "1_0", "NaN", "Infinity", "١", "01", "--1"]
)
def test_what_json_does_not_call_a_number_is_none(text: str) -> None:
    """Python would take some of these."""
    assert not is_number(text)
    with pytest.raises(Malformed):
        exact(text)
    with pytest.raises(Malformed):
        scaled(text, 8)


@pytest.mark.promise("B-02")
def test_the_bounds_are_where_they_are_said_to_be() -> None:
    """Forty characters, and exponents to thirty."""
    assert is_number("1" * 40)
    assert not is_number("1" * 41)
    assert is_number("1e30")
    assert is_number("1E-30")
    assert not is_number("1e31")
    assert not is_number("1e-31")
    assert bounded(Decimal("1e30"))
    assert not bounded(Decimal("1e31"))
    assert not bounded(Decimal("1" * 41))
    assert not bounded(Decimal("NaN"))
    assert not bounded(Decimal("-Infinity"))


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        ("2.50", "2.50"),
        (" 2.5 ", "2.5"),
        (".5", "0.5"),
        ("1e-3", "0.001"),
        (3, "3"),
        (0.1, "0.1"),
        (26500.4, "26500.4"),
        (1e-7, "1E-7"),
        (Decimal("1.10"), "1.10"),
        (np.float64(0.1), "0.1"),
        (np.int64(7), "7"),
    ],
)
def test_a_persons_number_means_its_shortest_decimal(given_: object, meant: str) -> None:
    """A float is taken for the digits it shows, never for its binary value."""
    assert from_user(given_, "order_qty") == Decimal(meant)


@pytest.mark.parametrize(
    "given_",
    ["", "much", "1,5", "1_000", "١", None, True, [], float("nan"), float("inf"), "NaN", "Infinity", "1e31", 10**41],
)
def test_what_is_no_amount_is_refused_by_name(given_: object) -> None:
    """The error names the parameter and keeps the value."""
    with pytest.raises(BadArgument) as caught:
        from_user(given_, "order_qty")
    assert caught.value.name == "order_qty"
    assert caught.value.value is given_


def test_what_is_not_finite_cannot_be_written() -> None:
    """There are no digits for it."""
    with pytest.raises(BadArgument):
        plain(Decimal("Infinity"))
