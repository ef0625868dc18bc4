"""The exchange's checksums, written as plainly as they are documented.

The books compute the same values faster; these functions are what they are compared with.

Source: "Book Checksum" and "Level 3 Checksum" guides, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from ..wire.numbers import scaled

__all__ = ["LEVELS", "book_checksum", "level3_checksum", "token"]

LEVELS = 10
"""Price levels a side that a checksum covers, whatever the depth of the book."""


def token(number: str | Decimal, precision: int) -> str:
    """The number printed with ``precision`` decimals, without its point and without leading zeros.

    Raises:
        Malformed: digits beyond the precision, so that it would have to be rounded.

    >>> token("0.00412", 5), token(Decimal("45285.2"), 1), token("0", 8)
    ('412', '452852', '')
    """
    return str(scaled(number, precision)).lstrip("0")


def book_checksum(
    asks: Mapping[Decimal, Decimal], bids: Mapping[Decimal, Decimal], price_precision: int, qty_precision: int
) -> int:
    """The unsigned CRC32 of a book given as price to quantity, already cut to its depth.

    >>> book_checksum({}, {}, 1, 8)
    0
    """
    ordered = [(price, asks[price]) for price in sorted(asks)[:LEVELS]]
    ordered += [(price, bids[price]) for price in sorted(bids, reverse=True)[:LEVELS]]
    return _crc(ordered, price_precision, qty_precision)


def level3_checksum(
    asks: Mapping[Decimal, Sequence[Decimal]],
    bids: Mapping[Decimal, Sequence[Decimal]],
    price_precision: int,
    qty_precision: int,
) -> int:
    """The unsigned CRC32 of a book of orders given as price to quantities in queue order, already cut to its depth."""
    ordered = [(price, qty) for price in sorted(asks)[:LEVELS] for qty in asks[price]]
    ordered += [(price, qty) for price in sorted(bids, reverse=True)[:LEVELS] for qty in bids[price]]
    return _crc(ordered, price_precision, qty_precision)


def _crc(ordered: Iterable[tuple[Decimal, Decimal]], price_precision: int, qty_precision: int) -> int:
    text = "".join(token(price, price_precision) + token(qty, qty_precision) for price, qty in ordered)
    return zlib.crc32(text.encode("ascii"))
