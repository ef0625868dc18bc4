"""What is held of each asset, looked up by the name that this API has for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NoReturn

from ..errors import NoSuchEntry
from .instruments import RENAMED, suggest

__all__ = ["holdings"]


def holdings(totals: Iterable[tuple[str, Decimal]]) -> Mapping[str, Decimal]:
    """Amounts by asset, as a mapping that does not change and says of another name what was meant and what there is.

    >>> held = holdings([("BTC", Decimal("2")), ("USD", Decimal("500"))])
    >>> held["BTC"], held.get("XBT")
    (Decimal('2'), None)
    >>> held["XBT"]
    Traceback (most recent call last):
    kraken_lab.errors.NoSuchEntry: Nothing is held of 'XBT'. It is called 'BTC' here. There is: BTC, USD.
    """
    return MappingProxyType(_Held(totals))


class _Held(dict[str, Decimal]):
    def __missing__(self, asset: object) -> NoReturn:
        raise NoSuchEntry(f"Nothing is held of {asset!r}", asset, sorted(self), _hint(str(asset), self))


def _hint(asset: str, held: Iterable[str]) -> str:
    """The name that this API has for it, or one that may have been meant."""
    # REST writes currencies with an X or a Z before them: XXBT, ZUSD.
    old = re.fullmatch(r"[XZ]?([A-Z]{3})", asset.upper())
    name = old[1] if old and (old[1] in held or old[1] in RENAMED) else asset.upper()
    name = RENAMED.get(name, name)
    if name != asset and (name in held or name in RENAMED.values()):
        return f"It is called {name!r} here{'' if name in held else ', and nothing is held of it'}."
    meant = suggest(asset, held, limit=1)
    return f"Did you mean {meant[0]!r}?" if meant else ""
