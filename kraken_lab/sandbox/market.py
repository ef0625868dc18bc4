"""The synthetic market of all pairs on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, Trade
from kraken_lab.sandbox.history import Candle, Ticker
from kraken_lab.sandbox.instruments import ASSETS, PAIRS, Asset, Pair

__all__ = ["DEFAULT_RATE", "Market"]

DEFAULT_RATE: Final = 80.0  # actions a second over all pairs


class Market:
    """All pairs' engines, driven by synthetic order flow in virtual time."""

    def __init__(self, *, seed: int, start_ns: int, rate: float = DEFAULT_RATE, pairs: Sequence[Pair] = PAIRS) -> None:
        self.pairs: dict[str, Pair] = {pair.symbol: pair for pair in pairs}
        self.assets: dict[str, Asset] = {asset.id: asset for asset in ASSETS}
        self.now_ns: int = start_ns
        self.listeners: list[Callable[[Batch], None]] = []

    def engine(self, symbol: str) -> Engine:
        """The matching engine of a pair."""
        raise NotImplementedError

    def next_due_ns(self) -> int:
        """When the next synthetic action happens."""
        raise NotImplementedError

    def advance(self, to_ns: int) -> None:
        """Perform all actions due until ``to_ns``, in the order of time."""
        raise NotImplementedError

    def act(self, batch: Batch | None) -> None:
        """Record and publish what was done directly on an engine."""
        raise NotImplementedError

    def ticker(self, symbol: str) -> Ticker:
        """Best prices and 24-hour figures."""
        raise NotImplementedError

    def candles(self, symbol: str, interval_minutes: int, limit: int = 720) -> list[Candle]:
        """The newest candles, oldest first."""
        raise NotImplementedError

    def trades(self, symbol: str, limit: int = 50) -> list[Trade]:
        """The newest trades, oldest first."""
        raise NotImplementedError

    def trades_since(self, symbol: str, since_ns: int, limit: int = 1000) -> list[Trade]:
        """The first ``limit`` trades after ``since_ns``, oldest first."""
        raise NotImplementedError
