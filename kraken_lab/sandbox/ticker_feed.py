"""The ``ticker`` channel: best prices and 24-hour figures, always complete.

A pair whose book has an empty side shows price and quantity 0 there (what the exchange does is not published).

Source: Ticker (Level 1) page, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.feeds import channel_message
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.history import Ticker
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.numbers import written
from kraken_lab.sandbox.stamps import Stamps

__all__ = ["TickerFeed"]


class TickerFeed:
    """One pair's ticker, sent on every action that trades (``trades``) or changes a best level (``bbo``)."""

    def __init__(self, engine: Engine, current: Callable[[], Ticker], trigger: str, stamps: Stamps) -> None:
        self._engine = engine
        self._current = current
        self._on_best = trigger == "bbo"
        self._stamps = stamps
        self._best = self._best_levels()

    def snapshot(self, ns: int) -> Frame:
        """The ticker now."""
        return self._frame("snapshot", ns)

    def update(self, batch: Batch) -> Frame | None:
        """The ticker after an action that triggers it."""
        if self._on_best:
            best = self._best_levels()
            if best == self._best:
                return None
            self._best = best
        elif not batch.trades:
            return None
        return self._frame("update", batch.ns)

    def _best_levels(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        return self._engine.best("buy"), self._engine.best("sell")

    def _frame(self, kind: Literal["snapshot", "update"], ns: int) -> Frame:
        pair, now = self._engine.pair, self._current()
        at, of = pair.price_precision, pair.qty_precision
        data = members(
            symbol=text(pair.symbol),
            bid=written(now.bid, at),
            bid_qty=written(now.bid_qty, of),
            ask=written(now.ask, at),
            ask_qty=written(now.ask_qty, of),
            last=written(now.last, at),
            volume=written(now.volume, of),
            vwap=f"{now.vwap:.{at}f}",
            low=written(now.low, at),
            high=written(now.high, at),
            change=written(now.change, at),
            change_pct=f"{now.change_pct:.2f}",
            timestamp=f'"{self._stamps.micros(ns)}"',
        )
        return Frame(channel_message("ticker", kind, array([data])), "ticker", kind, pair.symbol)
