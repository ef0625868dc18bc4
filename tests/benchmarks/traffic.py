"""Book messages to measure with: what the sandbox's own book feed writes, with its own checksums.

The feed is asked for a message after every action in the book, as the sandbox does it, or after several of them, which
is how busy moments look: then one message speaks of more levels, and of both sides.
"""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from kraken_lab.sandbox.book_feed import BookFeed, Digits, level_entries
from kraken_lab.sandbox.events import Batch, Change
from kraken_lab.sandbox.exchange import START_NS
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.wire import BookMessage, decode

__all__ = ["MIXES", "SYMBOL", "Facts", "book_frames", "facts"]

SYMBOL: Final = "BTC/USD"

MIXES: Final = {
    "one action a message": {10: 1.0, 100: 1.0, 1000: 1.0},
    "2.2 entries a message": {10: 2.4, 100: 2.2, 1000: 1.85},
}
"""How many actions make a message, on average, by depth: what is deep in the book is out of sight of a shallow one."""


def book_frames(depth: int, count: int, together: float = 1.0) -> list[bytes]:
    """A snapshot and ``count`` updates, as they come off the wire; ``together`` actions to an update, on average.

    How many they are is drawn anew for each message, so that most are short and a few are long.
    """
    market = Market(seed=7, start_ns=START_NS, rate=5_000.0, pairs=[pair for pair in PAIRS if pair.symbol == SYMBOL])
    engine = market.engine(SYMBOL)
    digits = Digits(engine, level_entries)
    feed = BookFeed(engine, depth, digits, Stamps())
    found = [str(feed.snapshot(START_NS).text).encode()]
    waiting: list[Change] = []
    random = Random(7)

    def happened(batch: Batch) -> None:
        digits.touch(batch)
        waiting.extend(batch.changes)
        if random.random() * together < 1.0:
            frame = feed.update(Batch(SYMBOL, batch.ns, tuple(waiting), ()))
            waiting.clear()
            if frame is not None:  # None if all of it was out of sight
                found.append(str(frame.text).encode())

    market.listeners.append(happened)
    while len(found) <= count:
        market.advance(market.now_ns + 50_000_000)
    return found[: count + 1]


class Facts(NamedTuple):
    """What the updates among some frames are like, on average."""

    entries: float
    size: float

    def __str__(self) -> str:
        return f"{self.entries:.2f} entries and {self.size:.0f} bytes a message"


def facts(frames: list[bytes]) -> Facts:
    """How many entries and bytes an update has."""
    updates = [decode(frame) for frame in frames[1:]]
    entries = [len(c.bids) + len(c.asks) for m in updates if isinstance(m, BookMessage) for c in m.data]
    return Facts(sum(entries) / len(updates), sum(map(len, frames[1:])) / len(updates))
