"""The real exchange's book of one pair, as its ``book`` channel tells it: kept, cut to depth, and proved.

Each message is applied as the reference says: all its levels, then the cut to the subscribed depth, then the checksum.
A book that fails it is void until the next snapshot.
Prices and quantities are integers scaled by the pair's precisions.

Source: Book (Level 2) page and Book checksum (v2) guide, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox import checksum
from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.numbers import scaled
from kraken_lab.sandbox.upstream_frame import BookMessage, Levels

__all__ = ["BookVoid", "UpstreamBook"]

DEPTHS: Final = (10, 25, 100, 500, 1000)


class BookVoid(Exception):
    """The book is not, or no longer, the exchange's; the text says why."""


class _Side:
    """One side, best first. ``keys`` ascend: prices of asks, prices of bids negated."""

    __slots__ = ("keys", "qtys", "sign")

    def __init__(self, side: Side) -> None:
        self.sign = -1 if side == "buy" else 1
        self.keys: list[int] = []
        self.qtys: dict[int, int] = {}

    def set(self, price: int, qty: int) -> None:
        key = price * self.sign
        known = key in self.qtys
        if qty:
            self.qtys[key] = qty
            if not known:
                self.keys.insert(bisect_left(self.keys, key), key)
        elif known:
            del self.qtys[key]
            del self.keys[bisect_left(self.keys, key)]

    def cut(self, depth: int) -> None:
        for key in self.keys[depth:]:
            del self.qtys[key]
        del self.keys[depth:]


class UpstreamBook:
    """Follows one book. ``depth`` is the subscribed one; None if nobody has said, which the first snapshot then shows.

    >>> from kraken_lab.sandbox.instruments import PAIRS
    >>> book = UpstreamBook(PAIRS[0])
    >>> book.apply(BookMessage("BTC/USD", True, (), (), 0)), book.is_whole, book.qty("buy", 265004)
    ([], True, 0)
    """

    def __init__(self, pair: Pair, depth: int | None = None) -> None:
        self.pair = pair
        self.depth = depth
        self.is_whole = False
        self._bids, self._asks = _Side("buy"), _Side("sell")

    def apply(self, message: BookMessage) -> list[tuple[Side, int]]:
        """Take in a message of this pair; the sides and prices it touched, as ``(side, price)``.

        Raises:
            BookVoid: an update without a snapshot before it, a number that no book of this pair can have, or a
                checksum that is not this book's. The book is void afterwards.
        """
        if message.is_snapshot:
            self._bids, self._asks = _Side("buy"), _Side("sell")
            if self.depth is None:
                most = max(len(message.bids), len(message.asks))
                self.depth = next((depth for depth in DEPTHS if depth >= most), DEPTHS[-1])
        elif not self.is_whole:
            raise BookVoid("it has no snapshot")
        self.is_whole = False
        try:
            touched = self._set("buy", message.bids) + self._set("sell", message.asks)
        except SandboxError as error:
            raise BookVoid(f"it cannot be: {error}") from None
        own = checksum.of(self._digits(self._asks), self._digits(self._bids))
        if own != message.checksum:
            raise BookVoid(f"checksum {own} here, {message.checksum} at the exchange")
        self.is_whole = True
        return touched

    def qty(self, side: Side, price: int) -> int | None:
        """What is visible at a price: 0 if nothing is, None if the price lies beyond what the subscription shows."""
        ladder = self._of(side)
        key = price * ladder.sign
        qty = ladder.qtys.get(key)
        if qty is None and len(ladder.keys) >= (self.depth or 0) and key > ladder.keys[-1]:
            return None
        return qty or 0

    def levels(self, side: Side) -> Iterator[tuple[int, int]]:
        """What is visible of a side as ``(price, quantity)``, best first; to be read before the next message."""
        ladder = self._of(side)
        return ((key * ladder.sign, ladder.qtys[key]) for key in ladder.keys)

    def best(self, side: Side) -> int | None:
        """The best visible price; None if there is none."""
        ladder = self._of(side)
        return ladder.keys[0] * ladder.sign if ladder.keys else None

    def _of(self, side: Side) -> _Side:
        return self._bids if side == "buy" else self._asks

    def _set(self, side: Side, levels: Levels) -> list[tuple[Side, int]]:
        ladder, at, of = self._of(side), self.pair.price_precision, self.pair.qty_precision
        touched = []
        for as_written, qty in levels:
            price = scaled(as_written, at)
            ladder.set(price, scaled(qty, of))
            touched.append((side, price))
        ladder.cut(self.depth or DEPTHS[-1])
        return touched

    @staticmethod
    def _digits(ladder: _Side) -> str:
        keys = ladder.keys[: checksum.LEVELS]
        return checksum.digits([(key * ladder.sign, ladder.qtys[key]) for key in keys])
