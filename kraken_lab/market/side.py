"""One side of a book as two parallel lists: sorted keys, and for each the digits that the checksum wants.

The key of an ask is its price in units of the last decimal, that of a bid the same, negated, so that either side runs
from best to worst in ascending order. The digits are those of the price followed by those of the quantity, both without
point and leading zeros, which is what the checksum joins; a quantity is read back by leaving off the price's digits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from ..errors import ImpossibleBook
from ..wire.messages import Level
from .checksum import LEVELS
from .priced_side import END, PricedSide

__all__ = ["Side", "quantity"]

MANY = 200
"""Levels behind a new one from which on they are moved as a block: `list.insert` moves them one by one."""


def quantity(key: int, digits: str) -> int:
    """The quantity of a level in units of its last decimal.

    >>> quantity(-452835, "45283510000000")
    10000000
    """
    return int(digits[len(str(abs(key))) :])


class Side(PricedSide[Level]):
    """The levels of one side, best first."""

    __slots__ = ("best", "digits")

    def __init__(self, symbol: str, sign: int, price_precision: int, qty_precision: int) -> None:
        super().__init__(symbol, sign, price_precision, qty_precision)
        self.digits: list[str] = []
        self.best: str | None = None
        """The digits of the best level, None while there is none: another object whenever that level was written."""

    def clear(self) -> None:
        """Forget all levels."""
        self.keys, self.digits, self.best, self.top = [END], [], None, b""

    def apply(self, levels: Sequence[Level], depth: int) -> None:
        """Set or remove levels in the order given, so that the last word on a price counts, then cut to ``depth``.

        Source: "Book (Level 2)", Kraken WebSocket API v2 reference: quantities are absolute, zero removes, the book is
        cut after each message and nothing announces what falls out.
        """
        keys, digits, memory, point = self.keys, self.digits, self._memory, self._point
        first = LEVELS
        for level in levels:
            try:
                key, price = memory[level.price]
            except KeyError:
                key, price = self._read_price(level.price)
            text = level.qty
            try:
                if text[point] != ".":
                    qty = str(self._read_qty(text)).lstrip("0")
                elif text[0] == "0":
                    qty = text.lstrip("0.")
                elif text[0] == "-":
                    qty = str(self._read_qty(text)).lstrip("0")
                else:
                    qty = text.replace(".", "")
            except IndexError:
                qty = str(self._read_qty(text)).lstrip("0")
            at = bisect_left(keys, key)
            if qty:
                if keys[at] == key:
                    digits[at] = price + qty
                elif len(digits) - at < MANY:
                    keys.insert(at, key)
                    digits.insert(at, price + qty)
                else:
                    keys[at:at] = (key,)
                    digits[at:at] = (price + qty,)
            elif keys[at] == key:
                del keys[at], digits[at]
            else:
                continue
            if at < first:
                first = at
        if len(digits) > depth:
            del keys[depth:-1], digits[depth:]
        if first < LEVELS:
            if not first:
                self.best = digits[0] if digits else None
            self.top = "".join(digits if len(digits) <= LEVELS else digits[:LEVELS]).encode()

    def replace(self, levels: Sequence[Level], depth: int) -> None:
        """Take a snapshot's levels, which must run from best to worst without repeating a price."""
        self.clear()
        keys = [(self._memory.get(level.price) or self._read_price(level.price))[0] for level in levels]
        if any(better >= worse for better, worse in pairwise(keys)):
            raise ImpossibleBook(self.symbol, f"the {self.name} of a snapshot out of order")
        self.apply(levels, depth)

    def hold(self, keys: Sequence[int], digits: Sequence[str]) -> None:
        """Take levels that were proved elsewhere, best first, in place of its own."""
        self.keys, self.digits = [*keys, END], [*digits]
        self.best = self.digits[0] if self.digits else None
        self.top = "".join(self.digits[:LEVELS]).encode()

    def copied(self, levels: int | None = None) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Keys and digits of the best levels, all without a number."""
        digits = tuple(self.digits[:levels])
        return tuple(self.keys[: len(digits)]), digits
