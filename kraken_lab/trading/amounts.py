"""A sum of money for each currency, as a value that never changes and can be a key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ..errors import BadArgument
from ..wire.numbers import from_user

__all__ = ["Amounts", "capitals", "positive", "quote_of"]

_CURRENCY: Final = re.compile(r"[A-Za-z0-9.]{1,20}")


class Amounts(Mapping[str, Decimal]):
    """Positive amounts by currency, in the order of their names; equal to any mapping that says the same.

    Raises:
        BadArgument: no currency at all, a name that can be none, or an amount that is not positive.

    >>> limit = Amounts("max_order_notional", {"USD": "1000", "BTC": "0.05"})
    >>> limit, limit["BTC"], limit == {"USD": 1000, "BTC": Decimal("0.05")}
    ({'BTC': '0.05', 'USD': '1000'}, Decimal('0.05'), True)
    """

    __slots__ = ("_each",)

    def __init__(self, name: str, given: Mapping[Any, object]) -> None:
        if not given or not all(isinstance(key, str) and _CURRENCY.fullmatch(key) for key in given):
            raise BadArgument(name, given, "amounts by quote currency, such as {'USD': '1000', 'BTC': '0.05'}")
        read = {key: positive(f"{name}[{key!r}]", value) for key, value in given.items()}
        each: dict[str, Decimal] = {capitals(key): amount for key, amount in read.items()}
        if len(each) < len(read):
            raise BadArgument(name, given, "one amount for each currency, whose name is in capitals")
        self._each = dict(sorted(each.items()))

    def __getitem__(self, currency: str) -> Decimal:
        return self._each[currency]

    def __iter__(self) -> Iterator[str]:
        return iter(self._each)

    def __len__(self) -> int:
        return len(self._each)

    def __hash__(self) -> int:
        return hash(frozenset(self._each.items()))

    def __repr__(self) -> str:
        return repr({currency: f"{amount:f}" for currency, amount in self._each.items()})


def capitals(name: str) -> str:
    """A currency or symbol that was typed in small letters as it is written; AAPLx, with letters of both kinds, stays.

    >>> capitals("btc/usd"), capitals("AAPLx/USD")
    ('BTC/USD', 'AAPLx/USD')
    """
    return name.upper() if name.islower() else name


def positive(name: str, value: object) -> Decimal:
    """An amount of money that somebody gave, exactly.

    Raises:
        BadArgument: not a number above 0.
    """
    exact = from_user(value, name)
    if exact <= 0:
        raise BadArgument(name, value, "a positive amount of quote currency")
    return exact


def quote_of(symbol: str) -> str:
    """The currency that a pair's prices are in.

    >>> quote_of("ETH/BTC")
    'BTC'
    """
    return symbol.partition("/")[2]
