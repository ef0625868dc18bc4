"""Levels of one side that never change, as scaled integers and as decimals, each made when first asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import cast

from ..wire.numbers import scaled
from .side import quantity

__all__ = ["Ladder", "decimal"]


def decimal(units: int, precision: int) -> Decimal:
    """The exact number of ``units`` of ``10 ** -precision``, with all its decimals.

    >>> decimal(452835, 1), decimal(100000, 8)
    (Decimal('45283.5'), Decimal('0.00100000'))
    """
    return Decimal(f"{units}E-{precision}")


@dataclass(frozen=True, eq=False)
class Ladder:
    """Levels of one side, best first. ``keys`` are as in a `Side`; ``held`` are its digits, or quantities.

    Ladders are equal if their levels are, however they are held.
    """

    keys: tuple[int, ...]
    held: tuple[str, ...] | tuple[int, ...]
    price_precision: int
    qty_precision: int

    @classmethod
    def of(cls, levels: Iterable[tuple[str, str]], *, bids: bool, price_precision: int, qty_precision: int) -> Ladder:
        """A ladder from prices and quantities as text, in any order."""
        sign = -1 if bids else 1
        pairs = sorted((sign * scaled(price, price_precision), scaled(qty, qty_precision)) for price, qty in levels)
        return cls(
            tuple(key for key, _ in pairs),
            tuple(f"{abs(key)}{qty}" for key, qty in pairs),
            price_precision,
            qty_precision,
        )

    @cached_property
    def prices(self) -> tuple[int, ...]:
        """Prices in units of the last decimal."""
        return tuple(map(abs, self.keys))

    @cached_property
    def quantities(self) -> tuple[int, ...]:
        """Quantities in units of the last decimal."""
        keys, held = self.keys, self.held
        if not held or isinstance(held[0], int):
            return cast("tuple[int, ...]", held)
        if keys and len(str(abs(keys[0]))) == (width := len(str(abs(keys[-1])))):
            # As nearly always, all prices have as many digits as the first and the last one.
            return tuple([int(digits[width:]) for digits in held])
        return tuple(map(quantity, keys, held))

    @cached_property
    def levels(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Price (quote per base) and quantity (base) of each level."""
        return tuple(
            (decimal(price, self.price_precision), decimal(qty, self.qty_precision))
            for price, qty in zip(self.prices, self.quantities, strict=True)
        )

    def best(self, count: int) -> tuple[tuple[Decimal, Decimal], ...]:
        """Price and quantity of the best ``count`` levels, without reading the others.

        >>> Ladder((-996, -995), ("9965", "9957"), 1, 0).best(1)
        ((Decimal('99.6'), Decimal('5')),)
        """
        if "levels" in self.__dict__ or count >= len(self):
            return self.levels[:count]
        return Ladder(self.keys[:count], self.held[:count], self.price_precision, self.qty_precision).levels

    def __len__(self) -> int:
        return len(self.keys)

    def __eq__(self, other: object) -> bool:
        return self._facts() == other._facts() if isinstance(other, Ladder) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[object, ...]:
        return self.keys, self.quantities, self.price_precision, self.qty_precision
