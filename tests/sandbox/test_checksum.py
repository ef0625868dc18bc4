"""The exchange's checksum against the documentation's worked examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.sandbox import checksum
from kraken_lab.sandbox.numbers import scaled

FIXTURES = Path(__file__).parent / "fixtures"


def entries(orders: list[Any], price: str, qty: str) -> list[tuple[int, int]]:
    """The entries of one side at BTC/USD's precisions."""
    return [(scaled(order[price], 1), scaled(order[qty], 8)) for order in orders]


@pytest.mark.promise("P-01")
@pytest.mark.parametrize(
    ("file", "price", "qty", "expected", "lengths"),
    [
        ("book-guide.json", "price", "qty", 3310070434, (140, 141)),
        ("level3-guide.json", "limit_price", "order_qty", 1063832831, (185, 285)),
    ],
)
def test_the_guides_examples_give_their_checksums(
    file: str, price: str, qty: str, expected: int, lengths: tuple[int, int]
) -> None:
    """Both guides print a book, the lengths of its texts and its checksum."""
    book = json.loads((FIXTURES / file).read_text(), parse_float=str)["data"][0]
    asks = checksum.digits(entries(book["asks"], price, qty))
    bids = checksum.digits(entries(book["bids"], price, qty))
    assert (len(asks), len(bids)) == lengths
    assert checksum.of(asks, bids) == book["checksum"] == expected


def test_an_empty_book_has_checksum_zero() -> None:
    """CRC32 of nothing is 0, which is a valid checksum."""
    assert checksum.of(checksum.digits([]), checksum.digits([])) == 0
