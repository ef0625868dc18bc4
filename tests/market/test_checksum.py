"""The documented functions give the documented values."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from kraken_lab.errors import Malformed
from kraken_lab.market import book_checksum, level3_checksum, token
from kraken_lab.wire import BookMessage, Level3Message, decode

from ..fixtures import sample


@pytest.mark.parametrize(
    ("number", "precision", "digits"),
    [
        ("45285.2", 1, "452852"),
        ("0.00100000", 8, "100000"),
        ("0.001", 8, "100000"),
        ("0.00412", 5, "412"),
        ("1e-08", 8, "1"),
        ("7", 0, "7"),
        ("0", 8, ""),
    ],
)
def test_a_token_is_the_padded_number_without_point_and_leading_zeros(number: str, precision: int, digits: str) -> None:
    """Whether or not the number was padded before."""
    assert token(number, precision) == digits
    assert token(D(number), precision) == digits


def test_a_token_is_never_rounded() -> None:
    """If it had to be, the precision is wrong."""
    with pytest.raises(Malformed):
        token("0.15", 1)


def test_the_guides_text_has_the_guides_checksum() -> None:
    """3310070434 for the book, 0 for an empty one."""
    message = decode(sample("book/checksum-guide-snapshot"))
    assert isinstance(message, BookMessage)
    change = message.data[0]
    sides = [{D(level.price): D(level.qty) for level in side} for side in (change.asks, change.bids)]
    assert book_checksum(sides[0], sides[1], 1, 8) == 3310070434
    assert book_checksum({}, {}, 1, 8) == 0


def test_only_ten_levels_count() -> None:
    """Whatever lies beyond them."""
    asks = {D(100 + at): D(1) for at in range(10)}
    assert book_checksum(asks, {}, 1, 8) == book_checksum(asks | {D(500): D(3)}, {}, 1, 8)
    bids = {D(100 - at): D(1) for at in range(10)}
    assert book_checksum({}, bids, 1, 8) == book_checksum({}, bids | {D(1): D(3)}, 1, 8)


def test_the_level3_guides_book_has_the_guides_checksum() -> None:
    """1063832831, over every order of the best ten levels."""
    message = decode(sample("level3/checksum-guide-snapshot"))
    assert isinstance(message, Level3Message)
    change = message.data[0]
    queues: list[dict[D, list[D]]] = [{}, {}]
    for queue, side in zip(queues, (change.asks, change.bids), strict=True):
        for order in side:
            queue.setdefault(D(order.limit_price), []).append(D(order.order_qty))
    assert level3_checksum(queues[0], queues[1], 1, 8) == 1063832831
