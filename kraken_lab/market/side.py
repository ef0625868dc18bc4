"""One side of a book as two parallel lists: sorted keys, and for each the digits that the checksum wants.

The key of an ask is its price in units of the last decimal, that of a bid the same, negated, so that either side runs
from best to worst in ascending order. The digits are those of the price followed by those of the quantity, both without
point and leading zeros, which is what the checksum joins; a quantity is read back by leaving off the price's digits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ..errors import ImpossibleBook, Malformed
from ..wire.messages import Level
from ..wire.numbers import scaled
from .checksum import LEVELS

__all__ = ["Side", "quantity"]

REMEMBERED = 1 << 13
"""Price texts whose reading is kept."""


def quantity(key: int, digits: str) -> int:
    """The quantity of a level in units of its last decimal.

    >>> quantity(-452835, "45283510000000")
    10000000
    """
    return int(digits[len(str(abs(key))) :])


class Side:
    """The levels of one side, best first. ``sign`` is 1 for asks and -1 for bids."""

    __slots__ = ("_memory", "_point", "digits", "keys", "price_precision", "qty_precision", "sign", "symbol", "top")

    def __init__(self, symbol: str, sign: int, price_precision: int, qty_precision: int) -> None:
        self.symbol, self.sign = symbol, sign
        self.price_precision, self.qty_precision = price_precision, qty_precision
        self.keys: list[int] = []
        self.digits: list[str] = []
        self.top = b""
        """The digits of the best ten levels, joined."""
        self._point = -qty_precision - 1  # where a quantity with all its decimals has its point
        self._memory: dict[str, tuple[int, str]] = {}

    def clear(self) -> None:
        """Forget all levels."""
        self.keys, self.digits, self.top = [], [], b""

    def apply(self, levels: Iterable[Level], depth: int) -> None:
        """Set or remove levels in the order given, so that the last word on a price counts, then cut to ``depth``.

        Source: "Book (Level 2)", Kraken WebSocket API v2 reference: quantities are absolute, zero removes, the book is
        cut after each message and nothing announces what falls out.
        """
        keys, digits, memory, point = self.keys, self.digits, self._memory, self._point
        best = LEVELS
        for level in levels:
            try:
                key, price = memory[level.price]
            except KeyError:
                key, price = self._read_price(level.price)
            text = level.qty
            try:
                qty = text.replace(".", "").lstrip("0") if text[point] == "." else self._read_qty(text)
            except IndexError:
                qty = self._read_qty(text)
            at = bisect_left(keys, key)
            if qty < "1":  # nothing left of it, or a minus sign
                if qty:
                    raise ImpossibleBook(self.symbol, f"a negative quantity among the {self.name}")
                if at == len(keys) or keys[at] != key:
                    continue
                del keys[at], digits[at]
            elif at < len(keys) and keys[at] == key:
                digits[at] = price + qty
            else:
                keys.insert(at, key)
                digits.insert(at, price + qty)
            if at < best:
                best = at
        if len(keys) > depth:
            del keys[depth:], digits[depth:]
        if best < LEVELS:
            self.top = "".join(digits[:LEVELS]).encode()

    def replace(self, levels: Sequence[Level], depth: int) -> None:
        """Take a snapshot's levels, which must run from best to worst without repeating a price."""
        self.clear()
        keys = [(self._memory.get(level.price) or self._read_price(level.price))[0] for level in levels]
        if any(better >= worse for better, worse in pairwise(keys)):
            raise ImpossibleBook(self.symbol, f"the {self.name} of a snapshot out of order")
        self.apply(levels, depth)

    @property
    def name(self) -> str:
        """``asks`` or ``bids``."""
        return "asks" if self.sign > 0 else "bids"

    def _read_price(self, text: str) -> tuple[int, str]:
        point = -self.price_precision - 1
        usual = len(text) >= -point and text[point] == "."
        units = int(text.replace(".", "")) if usual else self._units(text, self.price_precision, "price")
        if units <= 0:
            raise ImpossibleBook(self.symbol, f"a price of {text} among the {self.name}")
        if len(self._memory) >= REMEMBERED:
            self._memory.clear()
        self._memory[text] = reading = (self.sign * units, str(units))
        return reading

    def _read_qty(self, text: str) -> str:
        """The digits of a quantity in an unusual form: whole, or without trailing zeros, or with too many."""
        return str(self._units(text, self.qty_precision, "quantity")).lstrip("0")

    def _units(self, text: str, precision: int, what: str) -> int:
        try:
            return scaled(text, precision)
        except Malformed as error:
            raise Malformed(f"{what} of {self.symbol}: {error.reason}", text) from error
