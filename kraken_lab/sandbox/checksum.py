"""The checksums that prove a client's book: CRC32 over the digits of the top ten price levels.

A number's digits are those of its padded decimal without the dot and without leading zeros. Prices and quantities are
scaled integers here, whose decimal digits are exactly that, so nothing has to be stripped.

Source: Book checksum (v2) guide and Level 3 checksum guide, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

__all__ = ["LEVELS", "digits", "of"]

LEVELS: Final = 10
"""How many price levels of each side count, whatever the depth of the subscription."""


def digits(entries: Iterable[tuple[int, int]]) -> str:
    """The digits of one side: of each level (level3: each order) its price, then its quantity, best first.

    ``entries`` are scaled integers of the top `LEVELS` levels.

    >>> digits([(452852, 100_000), (452864, 154_571_953)])
    '452852100000452864154571953'
    """
    return "".join(f"{price}{qty}" for price, qty in entries)


def of(asks: str, bids: str) -> int:
    """The checksum of a book: CRC32, unsigned, of the digits of the asks followed by those of the bids.

    >>> of("", "")
    0
    """
    return zlib.crc32((asks + bids).encode("ascii"))
