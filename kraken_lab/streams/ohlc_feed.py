"""Candles of one symbol and interval. The one in progress is replaced in place; nothing announces its end.

Source: "Candles (OHLC)", Kraken WebSocket API v2 reference. The candle's ``timestamp`` there is its end, whatever its
name says; ``interval_begin`` is the key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..tables import KeyedTable, schema
from ..wire import Candle, Instant, Settings, Want, to_ns
from .feed import Feed, StreamState, Upstream

__all__ = ["OhlcFeed"]

MINUTE_NS = 60_000_000_000
HOLES = 1_000
"""Stretches remembered; a snapshot reaches back 720 candles."""
GRACE_NS = 1_000_000_000
"""How long after its end a candle may still be corrected by what is on its way, in ns."""


class OhlcFeed(Feed):
    """Candles of one symbol and interval."""

    channel: ClassVar[str] = "ohlc"

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self.table = KeyedTable(schema("ohlc"), per_symbol=settings.ring_rows)
        self.listeners: tuple[Callable[[tuple[Any, ...]], object], ...] = ()
        self.interval = want.interval or 1
        self._current: int | None = None
        """Start of the newest candle, ns."""
        self._finished: int | None = None
        """Start of the newest candle that was marked as finished, ns."""
        self._holes: deque[tuple[int, int]] = deque(maxlen=HOLES)
        """Stretches that were missed, as (start, end) in ns: candles that touch one are partial."""

    @property
    def tables(self) -> tuple[KeyedTable, ...]:
        """The candles."""
        return (self.table,)

    def take(self, candles: Sequence[Candle], kind: str, at: Instant) -> None:
        """One message's candles of this symbol."""
        self._heard(at)
        if kind == "snapshot" or self.state is not StreamState.LIVE:
            start = self._open_gap.start_ns if self._open_gap is not None else None
            self._begin(at)
            if start is not None:
                self._holes.append((start, at.wall_ns))
                self._mark_partial(start, at.wall_ns)
        for candle in sorted(candles, key=lambda candle: to_ns(candle.interval_begin)):
            self._write(candle, at)
        self._whole(at)

    def _mark_partial(self, start: int, end: int) -> None:
        length = self.interval * MINUTE_NS
        begin = start - start % length
        while begin <= end:
            self.table.amend(self.symbol, begin, partial=True)
            begin += length

    def _write(self, candle: Candle, at: Instant) -> None:
        begin = to_ns(candle.interval_begin)
        end = begin + candle.interval * MINUTE_NS
        newest = self._current is None or begin > self._current
        if newest:
            if self._current is not None:
                self.table.amend(self.symbol, self._current, closed=True)
            self._current = begin
        row = (
            begin,
            at.wall_ns,
            candle.symbol,
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.vwap,
            candle.trades,
            candle.volume,
            candle.interval,
            end,
            begin != self._current,
            any(start < end and begin <= stop for start, stop in self._holes),
            self.epoch,
            self._take_gap_flag(),
        )
        self.table.put(row)
        for listener in self.listeners:
            listener(row)

    def let_time_pass(self, at: Instant) -> None:
        """A candle whose end has passed is finished, though no message says so."""
        if self._current is None:
            return
        end = self._current + self.interval * MINUTE_NS
        if self._finished != self._current and at.wall_ns >= end + GRACE_NS:
            self._finished = self._current
            self.table.amend(self.symbol, self._current, closed=True)
            self._tell()
