"""The instruments of a venue: which pairs and assets there are, in which state, with which precisions.

`Instruments` is fed with decoded ``instrument`` messages by its one owner; what it hands out never changes.

Source: "Instruments", Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import BadArgument, UnknownSymbol
from ..wire.messages import Asset, InstrumentMessage, Pair

__all__ = ["InstrumentSnapshot", "Instruments", "suggest"]

RENAMED = {"XBT": "BTC", "XDG": "DOGE"}
"""Names of the older API, which this one refuses."""


def suggest(symbol: str, known: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Symbols that may have been meant: other case, a missing slash, an old name, a slip of the finger.

    >>> suggest("xbtusd", ["BTC/USD", "ETH/USD", "BTC/EUR"])
    ('BTC/USD',)
    """
    by_letters = {_letters(name): name for name in known}
    wanted = _letters(symbol)
    for name in (wanted, *_modern(wanted)):
        if name in by_letters:
            return (by_letters[name],)
    return tuple(by_letters[close] for close in difflib.get_close_matches(wanted, by_letters, n=limit, cutoff=0.6))


def _letters(symbol: str) -> str:
    return "".join(letter for letter in symbol.upper() if letter.isalnum())[:64]


def _modern(letters: str) -> Iterable[str]:
    """The name with old asset names replaced, at its beginning or its end."""
    for old, new in RENAMED.items():
        if letters.startswith(old):
            yield new + letters[len(old) :]
        if letters.endswith(old):
            yield letters[: -len(old)] + new


@dataclass(frozen=True)
class InstrumentSnapshot:
    """Pairs and assets by name at one instant; it never changes.

    Raises (from `pair`, `precision` and `status`):
        UnknownSymbol: no such pair, with suggestions.
    """

    pairs: Mapping[str, Pair] = field(default_factory=lambda: MappingProxyType({}))
    assets: Mapping[str, Asset] = field(default_factory=lambda: MappingProxyType({}))

    def pair(self, symbol: str) -> Pair:
        """What is known of one pair, named exactly as the exchange does (``BTC/USD``)."""
        found = self.pairs.get(symbol)
        if found is None:
            raise UnknownSymbol(symbol, suggest(symbol, self.pairs))
        return found

    def precision(self, symbol: str) -> tuple[int, int]:
        """Decimals of prices and of quantities: what a book needs."""
        pair = self.pair(symbol)
        return pair.price_precision, pair.qty_precision

    def status(self, symbol: str) -> str:
        """The pair's trading state in the exchange's word, such as ``online``; expect words not known yet."""
        return self.pair(symbol).status

    def search(self, text: object) -> list[Pair]:
        """Pairs whose symbol, base or quote contains the text, whatever its case; the closest first."""
        if not isinstance(text, str):
            raise BadArgument("text", text, "a part of a pair's name")
        wanted = {_letters(text), *_modern(_letters(text))}
        found = [pair for pair in self.pairs.values() if any(name in _letters(pair.symbol) for name in wanted)]
        return sorted(found, key=lambda pair: (pair.base not in wanted, pair.quote not in wanted, pair.symbol))

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.pairs)

    def __repr__(self) -> str:
        return f"<InstrumentSnapshot: {len(self.pairs)} pairs, {len(self.assets)} assets>"


class Instruments:
    """The instruments as of the last message.

    >>> instruments = Instruments()
    >>> len(instruments.now), instruments.ready
    (0, False)
    """

    def __init__(self) -> None:
        self.now = InstrumentSnapshot()
        """What is known at present; a later message makes a new one."""
        self.ready = False
        """Whether a snapshot came, so that a missing pair does not exist."""

    def apply(self, message: InstrumentMessage) -> InstrumentSnapshot:
        """Take a snapshot, which replaces everything, or an update, each of whose objects replaces its namesake."""
        snapshot = message.type == "snapshot"
        pairs = {} if snapshot else dict(self.now.pairs)
        assets = {} if snapshot else dict(self.now.assets)
        pairs.update((pair.symbol, pair) for pair in message.data.pairs)
        assets.update((asset.id, asset) for asset in message.data.assets)
        self.now = InstrumentSnapshot(MappingProxyType(pairs), MappingProxyType(assets))
        self.ready = self.ready or snapshot
        return self.now

    def pair(self, symbol: str) -> Pair:
        """See `InstrumentSnapshot.pair`."""
        return self.now.pair(symbol)

    def precision(self, symbol: str) -> tuple[int, int]:
        """See `InstrumentSnapshot.precision`."""
        return self.now.precision(symbol)

    def status(self, symbol: str) -> str:
        """See `InstrumentSnapshot.status`."""
        return self.now.status(symbol)

    def search(self, text: str) -> list[Pair]:
        """See `InstrumentSnapshot.search`."""
        return self.now.search(text)

    @property
    def pairs(self) -> Mapping[str, Pair]:
        """Pairs by symbol, at present."""
        return self.now.pairs

    @property
    def assets(self) -> Mapping[str, Asset]:
        """Assets by id, at present."""
        return self.now.assets

    def __repr__(self) -> str:
        return f"<Instruments: {len(self.pairs)} pairs, {len(self.assets)} assets>"
