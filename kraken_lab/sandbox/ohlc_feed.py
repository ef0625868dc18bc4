"""The ``ohlc`` channel: candles, re-sent as they grow; nothing announces that one is finished.

The candle's own ``timestamp`` is the end of its interval, as in all examples and captures (the field is deprecated).

Source: Candles (OHLC) page, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.feeds import channel_message
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.history import Candle
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.numbers import NS_PER_MINUTE, written
from kraken_lab.sandbox.stamps import Stamps

__all__ = ["SNAPSHOT_CANDLES", "OhlcFeed"]

SNAPSHOT_CANDLES: Final = 720
"""A snapshot holds at most so many candles; the exchange's own number is not published."""


class OhlcFeed:
    """The candles of one pair at one interval (minutes); ``recent`` gives the last so many, oldest first."""

    def __init__(self, pair: Pair, interval: int, recent: Callable[[int], Sequence[Candle]], stamps: Stamps) -> None:
        self._pair = pair
        self._interval = interval
        self._recent = recent
        self._stamps = stamps

    def snapshot(self, ns: int) -> Frame:
        """The newest candles, oldest first."""
        return self._frame("snapshot", self._recent(SNAPSHOT_CANDLES), ns)

    def update(self, batch: Batch) -> Frame | None:
        """The candle in progress, after a trade."""
        return self._frame("update", self._recent(1), batch.ns) if batch.trades else None

    def _frame(self, kind: Literal["snapshot", "update"], candles: Sequence[Candle], ns: int) -> Frame:
        envelope = f'"timestamp":"{self._stamps.nanos(ns)}",'
        written_candles = array(self._candle(candle) for candle in candles)
        return Frame(channel_message("ohlc", kind, written_candles, envelope), "ohlc", kind, self._pair.symbol)

    def _candle(self, candle: Candle) -> str:
        pair = self._pair
        at, of = pair.price_precision, pair.qty_precision
        end_ns = candle.begin_ns + self._interval * NS_PER_MINUTE
        return members(
            symbol=text(pair.symbol),
            open=written(candle.open, at),
            high=written(candle.high, at),
            low=written(candle.low, at),
            close=written(candle.close, at),
            trades=str(candle.trades),
            volume=written(candle.volume, of),
            vwap=f"{candle.vwap:.{at}f}",
            interval_begin=f'"{self._stamps.nanos(candle.begin_ns)}"',
            interval=str(self._interval),
            timestamp=f'"{self._stamps.micros(end_ns)}"',
        )
