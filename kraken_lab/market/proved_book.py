"""What every book has in common: it takes a message whole, proves itself, and is void if it cannot.

A `Book` of levels and a `Level3Book` of orders differ in what a side holds. When a change counts, when a book is
impossible and which checksum must come out is the same for both, and is written here once.

Source: the book and level3 checksum guides, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar
from zlib import crc32

from ..errors import ChecksumMismatch, DataError, ImpossibleBook
from .ladder import decimal
from .priced_side import PricedSide

__all__ = ["ProvedBook"]

EntryT_co = TypeVar("EntryT_co", covariant=True)
SideT = TypeVar("SideT", bound=PricedSide[Any])


class Change(Protocol[EntryT_co]):
    """What one element of a message says of one symbol: `BookChange` and `Level3Change`."""

    @property
    def symbol(self) -> str: ...
    @property
    def bids(self) -> Sequence[EntryT_co]: ...
    @property
    def asks(self) -> Sequence[EntryT_co]: ...
    @property
    def checksum(self) -> int: ...
    @property
    def timestamp(self) -> str | None: ...


class ProvedBook(ABC, Generic[SideT]):
    """Up to ``depth`` price levels a side of one symbol, verified after every message. Owned by one thread."""

    __slots__ = (
        "_asks",
        "_asks_crc",
        "_asks_top",
        "_bids",
        "checksum",
        "depth",
        "price_precision",
        "qty_precision",
        "symbol",
        "timestamp",
        "valid",
    )

    channel: ClassVar[str]

    def __init__(self, symbol: str, depth: int, price_precision: int, qty_precision: int) -> None:
        self.symbol, self.depth = symbol, depth
        self.price_precision, self.qty_precision = price_precision, qty_precision
        self.valid = False
        """Whether there is a book: a snapshot came, and all since has been proved."""
        self.checksum: int | None = None
        """The exchange's checksum of the book as it is; None while there is none."""
        self.timestamp: str | None = None
        """The exchange's time of the last message, as it was written."""
        self._asks, self._bids = self._sides()
        self._asks_top, self._asks_crc = b"", 0

    @abstractmethod
    def _sides(self) -> tuple[SideT, SideT]:
        """Empty asks and bids."""

    def apply_change(self, change: Change[Any], snapshot: bool) -> None:
        """Apply all entries in order, cut to depth, and prove the result. A snapshot replaces everything.

        After any error the book is void, without levels, until the next snapshot.

        Raises:
            ChecksumMismatch: the book is not the exchange's.
            ImpossibleBook: it is crossed, has a price that is not positive or a negative quantity, or a snapshot is out
                of order or names an order twice. This is looked for even if the checksum agrees.
            Malformed: a number with digits beyond the instrument's precision.
            DataError: an update, but no snapshot came before it.
        """
        asks, bids = self._asks, self._bids
        try:
            if snapshot:
                asks.replace(change.asks, self.depth)
                bids.replace(change.bids, self.depth)
            elif self.valid:
                if entries := change.asks:
                    asks.apply(entries, self.depth)
                if entries := change.bids:
                    bids.apply(entries, self.depth)
            else:
                raise DataError(f"An update of {self.symbol} came before its snapshot. It was not applied.")
            if asks.keys[0] + bids.keys[0] <= 0:
                raise ImpossibleBook(self.symbol, f"crossed: {self._crossing()}")
            top = asks.top
            if top is not self._asks_top:
                self._asks_top, self._asks_crc = top, crc32(top)
            computed = crc32(bids.top, self._asks_crc)
            if computed != change.checksum:
                raise ChecksumMismatch(self.symbol, change.checksum, computed, self.channel)
        except BaseException:
            self.void()
            raise
        self.valid = True
        self.checksum = computed
        self.timestamp = change.timestamp

    def void(self) -> None:
        """Withdraw everything until the next snapshot."""
        self.valid = False
        self.checksum = self.timestamp = None
        self._asks.clear()
        self._bids.clear()

    @property
    def state(self) -> Literal["valid", "void"]:
        """``valid``, or ``void`` while waiting for a snapshot."""
        return "valid" if self.valid else "void"

    def __bool__(self) -> bool:
        """Whether there is a book, be it an empty one."""
        return self.valid

    def _need_a_book(self) -> None:
        if not self.valid:
            raise DataError(f"The {self.channel} of {self.symbol} is void until its next snapshot.")

    def _crossing(self) -> str:
        return f"bid {self._price(self._bids):f}, ask {self._price(self._asks):f}"

    def _price(self, side: SideT) -> Decimal:
        return decimal(abs(side.keys[0]), self.price_precision)
