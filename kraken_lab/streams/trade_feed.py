"""Trades of one symbol, every one once.

The exchange numbers the trades of a symbol, so a gap can be measured, and closed when the snapshot after it joins up.

Source: "Trade", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from ..tables import EventTable, Gap, schema
from ..wire import Instant, Settings, Trade, Want
from .feed import Feed, StreamState, Upstream

__all__ = ["TradeFeed"]

REMEMBERED = 5_000
"""Trade ids remembered to recognise what comes twice or late."""


class TradeFeed(Feed):
    """Trades of one symbol."""

    channel: ClassVar[str] = "trade"

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self.table = EventTable(
            schema("trade"), rows=settings.ring_rows, bytes=settings.ring_bytes, symbols=[self.symbol]
        )
        self.listeners: tuple[Callable[[tuple[Any, ...]], object], ...] = ()
        self.last_id: int | None = None
        self._before = Instant(0.0, 0)
        """When the message before the present one came."""
        self._recent: OrderedDict[int, tuple[str, Decimal, Decimal]] = OrderedDict()
        self._missing: dict[int, int] = {}
        """Skipped trade ids, each with the first id of its hole."""
        self._holes: dict[int, tuple[Gap, int]] = {}
        """Holes in the numbers by their first id: the gap, and how many ids it still lacks."""

    @property
    def tables(self) -> tuple[EventTable, ...]:
        """The trades."""
        return (self.table,)

    def take(self, trades: Sequence[Trade], kind: str, at: Instant) -> None:
        """One message's trades of this symbol."""
        self._before = self.last_at or at
        self._heard(at)
        if kind == "update" and trades:
            self.stamp = trades[-1].timestamp
        if kind == "snapshot" or self.state is not StreamState.LIVE:
            # A pair that has not traded for long may send no snapshot; a trade proves the subscription as well.
            self._join(trades, kind, at)
        else:
            for trade in trades:
                self._live(trade, at)
        self._whole(at)

    def _join(self, trades: Sequence[Trade], kind: str, at: Instant) -> None:
        """The first trades after an interruption, or at all: what lies between is known by their numbers."""
        first_time = self.epoch == 0
        ids = [trade.trade_id for trade in trades]
        if ids and self.last_id is not None and max(ids) < self.last_id:
            self._went_back(at)
        last = self.last_id
        missed = max(min(ids) - last - 1, 0) if ids and last is not None else None
        gap = self._begin(at, missed=missed, filled=missed == 0)
        if missed and last is not None:
            if gap is not None:
                self._lack(gap, last + 1, missed)
            else:
                self._skipped(last + 1, min(ids), at)
        source = "live" if kind != "snapshot" else "snapshot" if first_time or last is None else "backfill"
        for trade in sorted(trades, key=lambda trade: trade.trade_id):
            if self.last_id is None or trade.trade_id > self.last_id:
                self.last_id = trade.trade_id
                self._write(trade, source, at)
            else:
                self._known_or_late(trade, at, source="backfill")

    def _went_back(self, at: Instant) -> None:
        """The numbers went back: this is another sequence, and nothing can be said about what lies between."""
        self.counters["trade ids went back"] += 1
        self._interrupt("trade ids went back", at)
        self._recent.clear()
        self._missing.clear()
        self._holes.clear()
        self.last_id = None

    def _live(self, trade: Trade, at: Instant) -> None:
        last = self.last_id
        if last is not None and trade.trade_id <= last:
            if trade.trade_id in self._recent or trade.trade_id in self._missing:
                self._known_or_late(trade, at, source="live")
                return
            self._went_back(at)
            self._begin(at)
        elif last is not None and trade.trade_id > last + 1:
            self._skipped(last + 1, trade.trade_id, at)
        self.last_id = trade.trade_id
        self._write(trade, "live", at)

    def _skipped(self, first: int, after: int, at: Instant) -> None:
        """Ids that should have come before this one did not. They may still."""
        missed = after - first
        self.epoch += 1
        gap = self.gaps.record(
            self.symbol,
            self.channel,
            self._before.wall_ns,
            at.wall_ns,
            "skipped trade ids",
            epoch=self.epoch,
            missed=missed,
        )
        self._gap_before = True
        self._lack(gap, first, missed)

    def _lack(self, gap: Gap, first: int, missed: int) -> None:
        """Remember which ids a gap lacks, unless they are too many to wait for."""
        if missed <= REMEMBERED:
            self._holes[first] = (gap, missed)
            for trade_id in range(first, first + missed):
                self._missing[trade_id] = first
            while len(self._missing) > REMEMBERED:
                del self._missing[next(iter(self._missing))]

    def _interrupt(self, reason: str, at: Instant) -> None:
        super()._interrupt(reason, at)
        if self.last_id is not None and not self.want.snapshot:
            # What was missed is wanted, even by who did not want the past.
            self.want = replace(self.want, snapshot=True)

    def _known_or_late(self, trade: Trade, at: Instant, *, source: str) -> None:
        seen = self._recent.get(trade.trade_id)
        hole = self._missing.pop(trade.trade_id, None)
        if hole is not None:
            self.counters["late trades"] += 1
            self._write(trade, source, at)
            gap, lacking = self._holes[hole]
            if lacking == 1:
                self.gaps.fill(gap)
                del self._holes[hole]
            else:
                self._holes[hole] = (gap, lacking - 1)
        elif seen is not None and seen != (trade.side, trade.price, trade.qty):
            self.counters["conflicting trades"] += 1
            self.reason = f"trade {trade.trade_id} came twice with different contents; the first is kept"
        else:
            self.counters["duplicate trades"] += 1

    def _write(self, trade: Trade, source: str, at: Instant) -> None:
        self._recent[trade.trade_id] = (trade.side, trade.price, trade.qty)
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        row = (
            trade.timestamp or self._untimed(at),
            at.wall_ns,
            trade.symbol,
            trade.side,
            trade.price,
            trade.qty,
            trade.ord_type,
            trade.trade_id,
            self.epoch,
            self._take_gap_flag(),
            source,
        )
        self.table.append(row)
        for listener in self.listeners:
            listener(row)
