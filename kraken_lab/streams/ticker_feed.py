"""Best prices, last trade and 24-hour figures of one symbol.

Source: "Ticker (Level 1)", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..tables import EventTable, schema
from ..wire import Instant, Settings, Ticker, Want
from .feed import Feed, StreamState, Upstream

__all__ = ["TickerFeed"]


class TickerFeed(Feed):
    """Ticker messages of one symbol, a row each."""

    channel: ClassVar[str] = "ticker"

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self.table = EventTable(
            schema("ticker"), rows=settings.ring_rows, bytes=settings.ring_bytes, symbols=[self.symbol]
        )
        self.listeners: tuple[Callable[[tuple[Any, ...]], object], ...] = ()

    @property
    def tables(self) -> tuple[EventTable, ...]:
        """The ticker's rows."""
        return (self.table,)

    def take(self, ticker: Ticker, kind: str, at: Instant) -> None:
        """One element of a message. Each is complete, so a snapshot and an update are the same here."""
        self._heard(at)
        if kind == "update":
            self.stamp = ticker.timestamp
        if kind == "snapshot" or self.state is not StreamState.LIVE:
            self._begin(at)
        row = (
            ticker.timestamp or self._untimed(at),
            at.wall_ns,
            ticker.symbol,
            ticker.bid,
            ticker.bid_qty,
            ticker.ask,
            ticker.ask_qty,
            ticker.last,
            ticker.volume,
            ticker.vwap,
            ticker.low,
            ticker.high,
            ticker.change,
            ticker.change_pct,
            ticker.volume_usd,
            ticker.trades,
            self.epoch,
            self._take_gap_flag(),
        )
        self.table.append(row)
        for listener in self.listeners:
            listener(row)
        self._whole(at)
