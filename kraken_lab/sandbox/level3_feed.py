"""The ``level3`` channel: individual orders on the top ``depth`` price levels of each side.

An order of a level in scope is added, modified and deleted as it happens. A level that comes into scope brings all its
orders as additions with their own, older timestamps; a level that is pushed out gets no deletions.

Source: Orders (Level 3) page, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from typing import Literal

from kraken_lab.sandbox.book_feed import Digits, is_worse
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, OrderAdded, OrderChanged, Side
from kraken_lab.sandbox.feeds import channel_message
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.json_text import text
from kraken_lab.sandbox.numbers import written
from kraken_lab.sandbox.stamps import Stamps

__all__ = ["Level3Feed"]


class Level3Feed:
    """The orders on the top ``depth`` price levels of one pair."""

    def __init__(self, engine: Engine, depth: int, digits: Digits, stamps: Stamps) -> None:
        self._engine = engine
        self._depth = depth
        self._digits = digits
        self._stamps = stamps
        self._pair = engine.pair
        # side -> price -> order id -> when it was queued: what the subscribers see
        self._seen: dict[Side, dict[int, dict[str, int]]] = {"buy": {}, "sell": {}}
        for side in self._seen:
            for price in engine.prices(side)[:depth]:
                self._see(side, price)

    def snapshot(self, ns: int) -> Frame:
        """All orders in scope, best level first, first in the queue first."""
        bids, asks = (
            ",".join(
                self._order(order.order_id, price, order.qty, order.queued_ns)
                for price in self._engine.prices(side)[: self._depth]
                for order in self._engine.queue(side, price)
            )
            for side in ("buy", "sell")
        )
        head = f'"symbol":{text(self._pair.symbol)},"checksum":{self._digits.checksum()}'
        return self._frame("snapshot", head, bids, asks, ns)

    def update(self, batch: Batch) -> Frame | None:
        """What happened to the orders in scope, in the order in which it happened, then what came into it."""
        bids, asks = self._events("buy", batch), self._events("sell", batch)
        if not bids and not asks:
            return None
        head = f'"checksum":{self._digits.checksum()},"symbol":{text(self._pair.symbol)}'
        return self._frame("update", head, ",".join(bids), ",".join(asks), batch.ns)

    def _events(self, side: Side, batch: Batch) -> list[str]:
        changes = [change for change in batch.changes if change.side == side]
        if not changes:
            return []
        seen, prices = self._seen[side], self._engine.prices(side)
        in_scope = min(self._depth, len(prices))
        touched = dict.fromkeys(change.price for change in changes)
        standing = {price: bool(self._engine.level_qty(side, price)) for price in touched}
        for price, stands in standing.items():
            if stands and is_worse(side, price, than=prices[in_scope - 1]):
                seen.pop(price, None)  # pushed out while it changed
        events: list[str] = []
        for change in changes:
            level = seen.get(change.price)
            if level is None:
                continue  # out of scope, or it comes as a whole level below
            if isinstance(change, OrderAdded):
                level[change.order_id] = change.ns
                events.append(self._event("add", change.order_id, change.price, change.qty, change.ns))
            elif isinstance(change, OrderChanged):
                queued = level[change.order_id]
                events.append(self._event("modify", change.order_id, change.price, change.qty, queued))
            else:
                queued = level.pop(change.order_id)
                events.append(self._event("delete", change.order_id, change.price, change.qty, queued))
        for price, stands in standing.items():
            if not stands:
                seen.pop(price, None)
            elif price not in seen and not is_worse(side, price, than=prices[in_scope - 1]):
                events += self._see(side, price)
        # As in the book: what was not touched fell out at the far end, or came in there; never both.
        beyond = in_scope
        while len(seen) > in_scope:
            seen.pop(prices[beyond], None)
            beyond += 1
        last = in_scope - 1
        while len(seen) < in_scope:
            if prices[last] not in seen:
                events += self._see(side, prices[last])
            last -= 1
        return events

    def _see(self, side: Side, price: int) -> list[str]:
        """Take a level into scope: an addition for each of its orders."""
        queue = self._engine.queue(side, price)
        self._seen[side][price] = {order.order_id: order.queued_ns for order in queue}
        return [self._event("add", order.order_id, price, order.qty, order.queued_ns) for order in queue]

    def _event(self, event: Literal["add", "modify", "delete"], order_id: str, price: int, qty: int, ns: int) -> str:
        return f'{{"event":"{event}",{self._order(order_id, price, qty, ns)[1:]}'

    def _order(self, order_id: str, price: int, qty: int, ns: int) -> str:
        return (
            f'{{"order_id":{text(order_id)},"limit_price":{written(price, self._pair.price_precision)},'
            f'"order_qty":{written(qty, self._pair.qty_precision)},"timestamp":"{self._stamps.nanos(ns)}"}}'
        )

    def _frame(self, kind: Literal["snapshot", "update"], head: str, bids: str, asks: str, ns: int) -> Frame:
        data = f'[{{{head},"bids":[{bids}],"asks":[{asks}],"timestamp":"{self._stamps.nanos(ns)}"}}]'
        return Frame(channel_message("level3", kind, data), "level3", kind, self._pair.symbol)
