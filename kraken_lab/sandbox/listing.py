"""What is listed, and in which state: the pairs' own statuses and the exchange's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Literal, TypeAlias, get_args

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.instruments import Asset, Pair, PairStatus
from kraken_lab.sandbox.maintenance import Maintenance

__all__ = ["Listing", "SystemStatus"]

SystemStatus: TypeAlias = Literal["online", "maintenance", "cancel_only", "post_only", "limit_only"]

_SYSTEM: Final = get_args(SystemStatus)
_PAIR: Final = get_args(PairStatus)


class Listing:
    """The assets and pairs of this exchange, by v2 symbol; statuses may change during a run."""

    def __init__(self, pairs: Iterable[Pair], assets: Iterable[Asset]) -> None:
        self.system: SystemStatus = "online"
        self.maintenance: Maintenance | None = None
        self._assets = {asset.id: asset for asset in assets}
        self._pairs: dict[str, Pair] = {}
        self._symbols: dict[str, str] = {}
        for pair in pairs:
            self.list_pair(pair)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """All assets."""
        return tuple(self._assets.values())

    def list_asset(self, asset: Asset) -> None:
        """From now on there is this asset, or it is as given here."""
        self._assets[asset.id] = asset

    def list_pair(self, pair: Pair) -> None:
        """From now on there is this pair, or it is as given here."""
        self._pairs[pair.symbol] = pair
        for name in pair.names:
            self._symbols.setdefault(name, pair.symbol)
        self._symbols[pair.symbol] = pair.symbol  # its own, whatever older names others have

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs, with their present statuses."""
        return tuple(self._pairs.values())

    def pair(self, symbol: str) -> Pair | None:
        """The pair of that v2 symbol, or None."""
        return self._pairs.get(symbol)

    def named(self, name: str) -> Pair | None:
        """The pair of that name, which is one of its `Pair.names`; None if there is none.

        >>> from kraken_lab.sandbox.instruments import PAIRS
        >>> [Listing(PAIRS, ()).named(name).symbol for name in ("ETH/BTC", "XETHXXBT")]
        ['ETH/BTC', 'ETH/BTC']
        """
        return self._pairs.get(self._symbols.get(name, ""))

    def set_system(self, status: SystemStatus) -> None:
        """Set the state of the engine.

        Raises:
            SandboxError: no such status.
        """
        if status not in _SYSTEM:
            raise SandboxError(f"{status!r} is no status of the exchange; there are {', '.join(_SYSTEM)}.")
        self.system = status

    def set_pair(self, symbol: str, status: PairStatus) -> Pair:
        """Set the state of one pair; the pair as it is now.

        Raises:
            SandboxError: no such pair or status.
        """
        if symbol not in self._pairs:
            raise SandboxError(f"{symbol!r} is not listed; there are {', '.join(self._pairs)}.")
        if status not in _PAIR:
            raise SandboxError(f"{status!r} is no status of a pair; there are {', '.join(_PAIR)}.")
        pair = self._pairs[symbol] = replace(self._pairs[symbol], status=status)
        return pair
