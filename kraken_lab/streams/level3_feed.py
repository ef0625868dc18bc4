"""Every visible order of one symbol in its queue, proved by every message.

Source: "Orders (Level 3)" and "Level 3 checksum", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from typing import ClassVar

from ..market import Level3Book, Level3Snapshot
from ..wire import Instant, Level3Change
from .ladder_feed import LadderFeed

__all__ = ["Level3Feed"]


class Level3Feed(LadderFeed[Level3Change, Level3Book, Level3Snapshot]):
    """The order queues of one symbol."""

    channel: ClassVar[str] = "level3"

    def _make(self, price_precision: int, qty_precision: int) -> Level3Book:
        return Level3Book(self.symbol, self.depth, price_precision, qty_precision)

    def _photograph(self, ladder: Level3Book, depth: int) -> Level3Snapshot:
        at = self.last_at
        return ladder.snapshot(depth, received_at_ns=at.wall_ns if at is not None else 0, epoch=self.epoch)

    def _changed(self, at: Instant) -> None:
        # Orders are in no table of rows; the flag must not wait for one.
        self._take_gap_flag()
