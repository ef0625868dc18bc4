"""What a side of levels and a side of queues have in common: sorted keys, prices read once, the text that is proved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from ..errors import ImpossibleBook, Malformed
from ..wire.numbers import MAX_TOKEN, scaled

__all__ = ["END", "REMEMBERED", "PricedSide"]

EntryT = TypeVar("EntryT")

REMEMBERED: Final = 1 << 13
"""Price texts whose reading is kept."""

END: Final = 10**120
"""The last of a side's keys, and no level's: larger than any number on the wire scaled by any precision.

With it a search never runs off the end, and two empty sides are not crossed: nobody has to ask first.
"""


class PricedSide(ABC, Generic[EntryT]):
    """Price levels of one side, best first. ``sign`` is 1 for asks and -1 for bids, and makes keys ascend.

    The key of an ask is its price in units of the last decimal, that of a bid the same, negated.
    """

    __slots__ = ("_memory", "_point", "keys", "name", "price_precision", "qty_precision", "sign", "symbol", "top")

    def __init__(self, symbol: str, sign: int, price_precision: int, qty_precision: int) -> None:
        self.symbol, self.sign = symbol, sign
        self.name = "asks" if sign > 0 else "bids"
        self.price_precision, self.qty_precision = price_precision, qty_precision
        self.keys = [END]
        """The keys of the levels, ascending, and `END` behind them."""
        self.top = b""
        """What the checksum covers of this side: the digits on the best ten levels, joined."""
        self._point = -qty_precision - 1  # where a quantity with all its decimals has its point
        self._memory: dict[str, tuple[int, str]] = {}

    @abstractmethod
    def clear(self) -> None:
        """Forget all levels."""

    @abstractmethod
    def apply(self, entries: Sequence[EntryT], depth: int) -> None:
        """Apply an update's entries in the order given, then cut to ``depth`` price levels."""

    @abstractmethod
    def replace(self, entries: Sequence[EntryT], depth: int) -> None:
        """Take a snapshot's entries, which must run from best to worst, cut to ``depth`` price levels."""

    def _read_price(self, text: str) -> tuple[int, str]:
        """The key of a price and its digits, remembered, since prices come again and again."""
        point = -self.price_precision - 1
        usual = -point <= len(text) <= MAX_TOKEN and text[point] == "."
        units = int(text.replace(".", "")) if usual else self._units(text, self.price_precision, "price")
        if units <= 0:
            raise ImpossibleBook(self.symbol, f"a price of {text} among the {self.name}")
        if len(self._memory) >= REMEMBERED:
            self._memory.clear()
        self._memory[text] = reading = (self.sign * units, str(units))
        return reading

    def _read_qty(self, text: str) -> int:
        """A quantity in units of the last decimal, in whatever form it is written."""
        try:
            usual = text[self._point] == "."
        except IndexError:
            usual = False
        qty = int(text.replace(".", "")) if usual else self._units(text, self.qty_precision, "quantity")
        if qty < 0:
            raise ImpossibleBook(self.symbol, f"a negative quantity among the {self.name}")
        return qty

    def _units(self, text: str, precision: int, what: str) -> int:
        try:
            return scaled(text, precision)
        except Malformed as error:
            raise Malformed(f"{what} of {self.symbol}: {error.reason}", text) from error
