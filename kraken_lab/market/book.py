"""The order book of one symbol, and proof that it is right.

A `Book` takes decoded ``book`` messages and knows nothing of sockets, subscriptions or drawing. It is owned by one
thread; everyone else reads a `BookSnapshot`, which never changes. The numbers in it are exact: prices and quantities
are whole counts of the instrument's last decimal.

Source: "Book (Level 2)" and the book checksum guide, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal, TypeAlias

from ..wire.messages import BookMessage
from .ladder import Ladder
from .proved_book import ProvedBook
from .side import Side
from .snapshot import BookSnapshot, read_time

__all__ = ["Best", "Book"]


Best: TypeAlias = tuple[int | None, int | None, int | None, int | None]
"""Bid price, bid quantity, ask price, ask quantity in units of the last decimal; None where a side is empty."""


class Book(ProvedBook[Side]):
    """Level 2 of one symbol: up to ``depth`` levels a side, verified after every message.

    >>> from kraken_lab.wire import decode
    >>> book = Book("ACA/EUR", 10, price_precision=5, qty_precision=8)
    >>> book.apply(decode('{"channel":"book","type":"snapshot","data":[{"symbol":"ACA/EUR","checksum":254443581,'
    ...                   '"bids":[{"price":0.00412,"qty":1500.0},{"price":0.0041,"qty":220.5}],"asks":[]}]}'))
    >>> book
    <Book ACA/EUR: 2 bids from 0.00412, 0 asks, checksum 254443581>
    """

    __slots__ = ("_best", "_best_ask", "_best_bid")

    channel: ClassVar[str] = "book"

    def __init__(self, symbol: str, depth: int, price_precision: int, qty_precision: int) -> None:
        super().__init__(symbol, depth, price_precision, qty_precision)
        self._best: Best = (None, None, None, None)
        self._best_bid: str | None = None
        self._best_ask: str | None = None

    def _sides(self) -> tuple[Side, Side]:
        digits = self.price_precision, self.qty_precision
        return Side(self.symbol, 1, *digits), Side(self.symbol, -1, *digits)

    def apply(self, message: BookMessage) -> None:
        """Apply what a message says of this symbol; see `apply_change`."""
        snapshot = message.type == "snapshot"
        for change in message.data:
            if change.symbol == self.symbol:
                self.apply_change(change, snapshot)

    def read(self, frame: bytes, received_at_ns: int) -> bool:
        """Apply an update as it came. False if it must be decoded first, as by this book always: see `QuickBook`."""
        return False

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def bids(self) -> list[tuple[Decimal, Decimal]]:
        """Price (quote per base) and quantity (base) of each bid, best first. Empty while void."""
        return list(self.ladder("bids").levels)

    @property
    def asks(self) -> list[tuple[Decimal, Decimal]]:
        """Price (quote per base) and quantity (base) of each ask, best first. Empty while void."""
        return list(self.ladder("asks").levels)

    def best(self) -> Best:
        """The best level of either side as scaled integers: the same object as long as neither changes.

        >>> Book("ACA/EUR", 10, 5, 8).best()
        (None, None, None, None)
        """
        best_bid, best_ask = self._bids.best, self._asks.best
        if best_bid is self._best_bid and best_ask is self._best_ask:
            return self._best
        bid, bid_qty, ask, ask_qty = self._best
        if best_bid is not self._best_bid:
            self._best_bid = best_bid
            bid, bid_qty = _price_and_qty(-self._bids.keys[0], best_bid)
        if best_ask is not self._best_ask:
            self._best_ask = best_ask
            ask, ask_qty = _price_and_qty(self._asks.keys[0], best_ask)
        self._best = bid, bid_qty, ask, ask_qty
        return self._best

    def top(self, levels: int) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """The best ``levels`` bids and asks."""
        return list(self.ladder("bids", levels).levels), list(self.ladder("asks", levels).levels)

    def scaled(self, side: Literal["bids", "asks"], levels: int | None = None) -> tuple[list[int], list[int]]:
        """Prices and quantities of a side in units of their last decimals, best first; both lists are the caller's."""
        ladder = self.ladder(side, levels)
        return list(ladder.prices), list(ladder.quantities)

    def ladder(self, side: Literal["bids", "asks"], levels: int | None = None) -> Ladder:
        """A frozen copy of one side, read only as far as it is looked at."""
        held = self._bids if side == "bids" else self._asks
        keys, digits = held.copied(levels)
        return Ladder(keys, digits, self.price_precision, self.qty_precision)

    def snapshot(self, depth: int | None = None, *, received_at_ns: int | None = None, epoch: int = 0) -> BookSnapshot:
        """The book as it is now, for anyone to keep. ``depth`` takes fewer levels a side than there are.

        Raises:
            DataError: there is no book to take one of.
        """
        self._need_a_book()
        return BookSnapshot(
            symbol=self.symbol,
            depth=self.depth if depth is None else min(depth, self.depth),
            bid_ladder=self.ladder("bids", depth),
            ask_ladder=self.ladder("asks", depth),
            checksum=self.checksum or 0,
            timestamp_ns=read_time(self.timestamp),
            received_at_ns=received_at_ns,
            epoch=epoch,
        )

    def __len__(self) -> int:
        """The number of levels, both sides together."""
        return len(self._asks.digits) + len(self._bids.digits)

    def __repr__(self) -> str:
        if not self.valid:
            return f"<Book {self.symbol}: void until its next snapshot>"
        parts = []
        for name in ("bids", "asks"):
            levels = getattr(self, name)
            parts.append(f"{len(levels)} {name}" + (f" from {levels[0][0]:f}" if levels else ""))
        return f"<Book {self.symbol}: {', '.join(parts)}, checksum {self.checksum}>"


def _price_and_qty(price: int, digits: str | None) -> tuple[int | None, int | None]:
    """The best level of a side: its quantity is what the price leaves of its digits."""
    return (price, int(digits[len(str(price)) :])) if digits else (None, None)
