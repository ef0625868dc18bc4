"""The ``trade`` channel: what was traded, in the order of the trade ids.

Source: Trades page, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from kraken_lab.sandbox.events import Batch, Trade
from kraken_lab.sandbox.feeds import channel_message
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.json_text import array, text
from kraken_lab.sandbox.numbers import written
from kraken_lab.sandbox.stamps import Stamps

__all__ = ["SNAPSHOT_TRADES", "TradeFeed"]

SNAPSHOT_TRADES: Final = 50
"""A snapshot holds at most so many trades."""


class TradeFeed:
    """The trades of one pair; ``recent`` gives the last so many, oldest first."""

    def __init__(self, pair: Pair, recent: Callable[[int], Sequence[Trade]], stamps: Stamps) -> None:
        self._pair = pair
        self._recent = recent
        self._stamps = stamps

    def snapshot(self, ns: int) -> Frame:
        """The last trades, oldest first."""
        return self._frame("snapshot", self._recent(SNAPSHOT_TRADES))

    def update(self, batch: Batch) -> Frame | None:
        """All trades of one action, in one message."""
        return self._frame("update", batch.trades) if batch.trades else None

    def _frame(self, kind: Literal["snapshot", "update"], trades: Iterable[Trade]) -> Frame:
        data = array(self._trade(trade) for trade in trades)
        return Frame(channel_message("trade", kind, data), "trade", kind, self._pair.symbol)

    def _trade(self, trade: Trade) -> str:
        return (
            f'{{"symbol":{text(self._pair.symbol)},"side":"{trade.side}",'
            f'"price":{written(trade.price, self._pair.price_precision)},'
            f'"qty":{written(trade.qty, self._pair.qty_precision)},"ord_type":"{trade.ord_type}",'
            f'"trade_id":{trade.trade_id},"timestamp":"{self._stamps.micros(trade.ns)}"}}'
        )
