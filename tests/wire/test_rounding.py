"""Numbers for the eye: what is left out is marked, and nothing that is something looks like nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_lab.market import BookSnapshot
from kraken_lab.wire.rounding import MARK, plain, rounded, shortened, shortened_repr

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e20"), max_value=Decimal("1e20"))


@given(NUMBERS, st.integers(0, 10))
def test_a_number_is_marked_exactly_where_digits_were_left_out(number: Decimal, decimals: int) -> None:
    """What has no mark is the number; what has one is within half a step of it, or has two digits of its own."""
    text = rounded(number, decimals)
    told = Decimal(text.removeprefix(MARK))
    assert text.startswith(MARK) is (told != number)
    assert bool(told) is bool(number)
    exact = Context(prec=300)
    step = max(
        Decimal(1).scaleb(-decimals), exact.multiply(abs(number), Decimal("0.2")) if told.adjusted() < -decimals else 0
    )
    assert abs(exact.subtract(told, number)) <= exact.divide(step, Decimal(2))
    assert "E" not in text


@given(NUMBERS)
def test_only_what_nobody_writes_is_shortened(number: Decimal) -> None:
    """Sixteen digits stay, with their zeros; longer ones keep ten and say so."""
    text = shortened(number)
    if len(number.as_tuple().digits) <= 16:
        assert text == f"{number:f}"
    else:
        told = Decimal(text.removeprefix(MARK))
        assert text.startswith(MARK) is (told != number)
        assert abs(Context(prec=300).subtract(told, number)) <= abs(number) * Decimal("1e-9")


@pytest.mark.parametrize(
    ("number", "text"),
    [("NaN", "NaN"), ("Infinity", "Infinity"), ("0E-8", "0.00000000"), ("1E+3", "1000"), ("-0.00", "-0.00")],
)
def test_what_is_no_plain_number_is_written_as_it_is(number: str, text: str) -> None:
    """Nothing raises where something is only shown."""
    assert shortened(Decimal(number)) == text


def test_zeros_that_say_nothing_go() -> None:
    """Those behind the point, and no others."""
    assert [plain(Decimal(text)) for text in ("100", "1.50", "0.00", "1E+2")] == ["100", "1.5", "0", "100"]


@dataclass
class Odd:
    """All kinds of fields."""

    price: Decimal | None
    words: str
    pairs: tuple[tuple[Decimal, Decimal], ...]
    left: dict[str, Decimal]


def test_a_record_shows_plain_digits_wherever_they_stand() -> None:
    """In tuples and mappings too; words in quotes, so that nothing in them can be taken for a field."""
    third = Decimal(1) / 3
    odd = Odd(None, "a, b=1", ((third, Decimal("2.50")),), {"USD": third})
    assert shortened_repr(odd) == (
        "Odd(price=None, words='a, b=1', pairs=((≈0.3333333333, 2.50),), left={'USD': ≈0.3333333333})"
    )


def test_a_walk_is_read_in_the_books_digits() -> None:
    """Average and cost rounded and marked; the values have all digits."""
    book = BookSnapshot.of("BTC/USD", bids=[("99.9", "1")], asks=[("101.1", "1.00000001"), ("103.4", "2")])
    walk = book.walk("buy", "2.00000003")
    assert repr(walk) == "<Walk buy 2.00000003: at ≈102.25 on average, 103.40 at worst, cost ≈204.50, 2 levels>"
    assert walk.cost == Decimal("101.1") * Decimal("1.00000001") + Decimal("103.4") * Decimal("1.00000002")
    assert len(walk.average_price.as_tuple().digits) > 16
    short = repr(book.walk("sell", "3"))
    assert short.startswith(
        "<Walk sell 1 of 3, where the visible book ends: at 99.90 on average, 99.90 at worst, cost 99.90"
    )
