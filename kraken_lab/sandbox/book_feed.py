"""The ``book`` channel: price levels, of which a subscriber sees the top ``depth`` of each side.

The rule that clients get wrong is kept here: a level that is pushed out of scope by a better one gets no removal, and
when it comes back it is sent like any other entry. `BookFeed` remembers what its subscribers see, so an update costs
what changed, not what is there.

Source: Book (Level 2) page, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from kraken_lab.sandbox import checksum
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, Side
from kraken_lab.sandbox.feeds import channel_message
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.json_text import text
from kraken_lab.sandbox.numbers import written
from kraken_lab.sandbox.stamps import Stamps

__all__ = ["BookFeed", "Digits", "is_worse", "level_entries", "order_entries"]


def is_worse(side: Side, price: int, than: int) -> bool:
    """Whether a price of that side is further from the other side than another.

    >>> is_worse("buy", 99, than=100), is_worse("sell", 99, than=100)
    (True, False)
    """
    return price < than if side == "buy" else price > than


def level_entries(engine: Engine, side: Side) -> Iterable[tuple[int, int]]:
    """What the checksum of ``book`` counts: the top levels."""
    return engine.levels(side, checksum.LEVELS)


def order_entries(engine: Engine, side: Side) -> Iterable[tuple[int, int]]:
    """What the checksum of ``level3`` counts: every order of the top levels, in queue order."""
    prices = engine.prices(side)[: checksum.LEVELS]
    return [(price, order.qty) for price in prices for order in engine.queue(side, price)]


class Digits:
    """The checksum of one engine's book, remembered side by side: all depths share it."""

    def __init__(self, engine: Engine, entries: Callable[[Engine, Side], Iterable[tuple[int, int]]]) -> None:
        self._engine = engine
        self._entries = entries
        self._known: dict[Side, str] = {}

    def touch(self, batch: Batch) -> None:
        """Forget the sides that a batch changed."""
        for change in batch.changes:
            self._known.pop(change.side, None)

    def checksum(self) -> int:
        """The checksum of the book as it is now."""
        return checksum.of(self._side("sell"), self._side("buy"))

    def _side(self, side: Side) -> str:
        known = self._known.get(side)
        if known is None:
            known = self._known[side] = checksum.digits(self._entries(self._engine, side))
        return known


class BookFeed:
    """The top ``depth`` price levels of one pair."""

    def __init__(self, engine: Engine, depth: int, digits: Digits, stamps: Stamps) -> None:
        self._engine = engine
        self._depth = depth
        self._digits = digits
        self._stamps = stamps
        self._pair = engine.pair
        self._seen: dict[Side, dict[int, int]] = {side: dict(engine.levels(side, depth)) for side in ("buy", "sell")}

    def snapshot(self, ns: int) -> Frame:
        """All levels in scope, best first."""
        bids, asks = self._engine.levels("buy", self._depth), self._engine.levels("sell", self._depth)
        return self._frame("snapshot", bids, asks, ns)

    def update(self, batch: Batch) -> Frame | None:
        """The levels that changed in scope or came into it; quantity 0 for those that are gone."""
        bids, asks = self._changed("buy", batch), self._changed("sell", batch)
        return self._frame("update", bids, asks, batch.ns) if bids or asks else None

    def _changed(self, side: Side, batch: Batch) -> list[tuple[int, int]]:
        touched = {change.price for change in batch.changes if change.side == side}
        if not touched:
            return []
        seen, prices = self._seen[side], self._engine.prices(side)
        in_scope = min(self._depth, len(prices))
        entries: list[tuple[int, int]] = []
        for price in touched:
            qty = self._engine.level_qty(side, price)
            if not qty:
                if seen.pop(price, None) is not None:
                    entries.append((price, 0))
            elif is_worse(side, price, than=prices[in_scope - 1]):
                seen.pop(price, None)
            elif seen.get(price) != qty:
                seen[price] = qty
                entries.append((price, qty))
        # What was not touched can only have fallen out at the far end, or come in there; never both.
        beyond = in_scope
        while len(seen) > in_scope:
            seen.pop(prices[beyond], None)
            beyond += 1
        last = in_scope - 1
        while len(seen) < in_scope:
            price = prices[last]
            if price not in seen:
                qty = seen[price] = self._engine.level_qty(side, price)
                entries.append((price, qty))
            last -= 1
        entries.sort(reverse=side == "buy")
        return entries

    def _frame(
        self, kind: Literal["snapshot", "update"], bids: list[tuple[int, int]], asks: list[tuple[int, int]], ns: int
    ) -> Frame:
        pair = self._pair
        data = (
            f'[{{"symbol":{text(pair.symbol)},"bids":{self._levels(bids)},"asks":{self._levels(asks)},'
            f'"checksum":{self._digits.checksum()},"timestamp":"{self._stamps.micros(ns)}"}}]'
        )
        return Frame(channel_message("book", kind, data), "book", kind, pair.symbol)

    def _levels(self, levels: list[tuple[int, int]]) -> str:
        at, of = self._pair.price_precision, self._pair.qty_precision
        entries = ",".join(f'{{"price":{written(price, at)},"qty":{written(qty, of)}}}' for price, qty in levels)
        return f"[{entries}]"
