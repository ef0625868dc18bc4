"""Decimals survive being packed: every digit, every zero, every sign."""

from __future__ import annotations

import decimal
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.tables.decimals import DecimalParts, exact_decimals, pack_decimals

DECIMALS = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.integers(0, 1),
    st.one_of(st.integers(0, 10**9), st.integers(10**17, 10**19), st.integers(0, 10**40)),
    st.one_of(st.integers(-12, 0), st.integers(-200, 200)),
)
PLAIN = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,12})?", fullmatch=True)
IN_SOME_FORM = st.one_of(DECIMALS, DECIMALS.map(str), DECIMALS.map("{:f}".format), DECIMALS.map("{:e}".format))


def unpacked(parts: DecimalParts) -> list[Decimal | None]:
    """The decimals of packed parts."""
    return list(exact_decimals(parts.mantissas, parts.scales, parts.spill))


def written(value: Decimal | None) -> tuple[int, tuple[int, ...], object] | None:
    """A decimal by its digits and exponent, so that 1.0 and 1.00 differ."""
    return None if value is None else tuple(value.as_tuple())  # type: ignore[return-value]


@settings(max_examples=100)
@given(st.lists(st.one_of(st.none(), PLAIN, IN_SOME_FORM), max_size=12))
def test_every_digit_comes_back(values: list[Decimal | str | None]) -> None:
    """Wire texts, decimals, exponents, signs and any length: read back digit for digit, the float being the nearest."""
    parts = pack_decimals(values)
    expected = [None if value is None else Decimal(value) for value in values]
    assert list(map(written, unpacked(parts))) == list(map(written, expected))
    nearest = [np.nan if value is None else float(value) for value in expected]
    np.testing.assert_array_equal(parts.floats, nearest)
    assert np.signbit(parts.floats).tolist() == np.signbit(nearest).tolist()
    assert parts.missing == (None in values)
    assert parts.unreadable == 0


@settings(max_examples=60)
@given(st.lists(st.integers(-(10**18), 10**18), min_size=1, max_size=20), st.integers(0, 18))
def test_floats_are_the_nearest_up_to_the_largest_scaled_sizes(mantissas: list[int], scale: int) -> None:
    """Sizes of 10^18 scaled units at every scale, where a float has lost digits, are still rounded only once."""
    texts = [format(Decimal(f"{mantissa}E-{scale}"), "f") for mantissa in mantissas]
    parts = pack_decimals(texts)
    assert parts.floats.tolist() == [float(text) for text in texts]
    assert unpacked(parts) == [Decimal(text) for text in texts]


def test_a_float_of_eighteen_digits_is_rounded_once() -> None:
    """The quick division would round a number above 2^53 twice, and some would not be the nearest float any more."""
    random = Random(7)
    texts = [f"{random.randrange(1 << 53, 10**17)}" for _ in range(1_000)]
    texts = [f"{text[:5]}.{text[5:]}" for text in texts]
    assert pack_decimals(texts).floats.tolist() == [float(text) for text in texts]


def test_the_decimal_context_of_the_caller_rounds_nothing() -> None:
    """A notebook that works with three digits still reads all of them."""
    with decimal.localcontext() as context:
        context.prec = 3
        assert unpacked(pack_decimals(["61234.10", "123456789012345678901234.5"])) == [
            Decimal("61234.10"),
            Decimal("123456789012345678901234.5"),
        ]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1.2.3", "--1", "1-2", "-", ".", "", "x", "１²", 1.5, {}, b"1"])
def test_what_is_no_finite_decimal_is_missing_and_counted(value: object) -> None:
    """A float is no exact number either. Its neighbours are not disturbed."""
    parts = pack_decimals(["1.50", value, "2"])  # type: ignore[list-item]
    assert unpacked(parts) == [Decimal("1.50"), None, Decimal("2")]
    assert parts.unreadable == 1
    assert np.isnan(parts.floats[1])


def test_a_negative_zero_keeps_its_sign() -> None:
    """The exchange may send -0.0 as a change."""
    parts = pack_decimals(["-0.0", "-0", "0.0"])
    assert [str(value) for value in unpacked(parts)] == ["-0.0", "-0", "0.0"]
    assert np.signbit(parts.floats).tolist() == [True, True, False]


def test_whole_numbers_are_decimals_too() -> None:
    """The wire writes 500 for 500.0; Python ints of any size are taken."""
    assert unpacked(pack_decimals([500, -3, 10**5000])) == [Decimal(500), Decimal(-3), Decimal(10**5000)]


def test_no_values_pack_to_nothing() -> None:
    """An empty batch has empty arrays."""
    assert unpacked(pack_decimals([])) == []
