"""A book that reads updates from their bytes, by the compiled reader.

It is a `Book` in every other respect, and remains one. What the reader does not take (see `kraken_lab.market.kernel`)
comes as a decoded message, for which the levels are put back into lists; to move them costs as much as some hundred
messages, so a book that met something unusual goes on as an ordinary one for `PATIENCE` of them.

Needs numba, as the reader does: nothing imports this module but `kraken_lab.market.compiled`.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Literal, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..errors import ChecksumMismatch, DataError, ImpossibleBook
from . import kernel
from .book import Best, Book
from .checksum import LEVELS
from .engine import HandOver, update_time
from .kernel import (
    ASKS,
    BIDS,
    CLAIMED,
    COMPUTED,
    CROSSED,
    FIRST,
    HIGH,
    LENGTH,
    LEVEL,
    LOW,
    MANY_ROWS,
    NOT_MINE,
    PROOF,
    TAKEN,
    TOUCH,
    WRITTEN,
)
from .ladder import Ladder, decimal
from .proved_book import Change, ProvedBook
from .side import Side

__all__ = ["PATIENCE", "QuickBook"]

PATIENCE = 1_000
"""Updates that a book takes as an ordinary one after it met something that the reader does not take."""

Reader: TypeAlias = Callable[[bytes, int, NDArray[np.int64]], int]

_touch = Struct("4q").unpack_from


class QuickBook(Book):
    """Goes on from where an ordinary book stands.

    While it reads it writes the rows of its best prices by itself (see `RowsOfTop`), and tells ``hand_over`` of it.
    ``reader`` is `kernel.read`, compiled or not, and ``patience`` as `PATIENCE`.
    """

    __slots__ = (
        "_cells",
        "_checksum",
        "_frame",
        "_hand_over",
        "_numbers",
        "_patience",
        "_reader",
        "_reads",
        "_timestamp",
        "_waits",
        "_wrote",
    )

    def __init__(self, book: Book, hand_over: HandOver, reader: Reader = kernel.read, patience: int = PATIENCE) -> None:
        self._frame = b""
        """The last frame that was read; none while the levels are in the sides."""
        super().__init__(book.symbol, book.depth, book.price_precision, book.qty_precision)
        for name in (*ProvedBook.__slots__, *Book.__slots__):
            setattr(self, name, getattr(book, name))
        self._hand_over, self._reader = hand_over, reader
        self._cells = kernel.cells_for(self.symbol, self.depth, self.price_precision, self.qty_precision)
        # The same cells, of which a single one is read faster so.
        self._numbers = memoryview(self._cells)  # type: ignore[arg-type]
        self._reads = False
        """Whether the levels are in the cells; otherwise they are in the sides."""
        self._wrote = False
        """Whether a best level was written since `best` was asked last."""
        self._patience, self._waits = patience, 0

    # --- changing ---------------------------------------------------------------------------------------------------

    def read(self, frame: bytes, received_at_ns: int) -> bool:
        """Apply an update as it came, and write a row if one is due. False if it must be decoded: nothing has changed.

        After any error the book is void, without levels, until the next snapshot.

        Raises:
            ChecksumMismatch: the book is not the exchange's.
            ImpossibleBook: it is crossed.
        """
        if not self._reads and not self._fill():
            return False
        try:
            said = self._reader(frame, received_at_ns, self._cells)
            if said < 0:
                if said == NOT_MINE:
                    return False
                raise self._error(said)
        except BaseException:
            self.void()
            raise
        self._frame = frame
        if said:
            self._wrote = True
            if said == MANY_ROWS:
                self._hand_over(self)
        return True

    def apply_change(self, change: Change[Any], snapshot: bool) -> None:
        """As of an ordinary book, which it is from now on for a while."""
        if self._reads:
            self._empty()
        self._waits = self._patience
        super().apply_change(change, snapshot)

    def void(self) -> None:
        """Withdraw everything until the next snapshot."""
        if self._reads:
            # Where there was a best level, the empty sides are to be seen as another.
            self._best_bid, self._best_ask = (None if price is None else "" for price in self._best[::2])
            self._hand_over(None)
        self._reads, self._frame = False, b""
        super().void()

    def _error(self, said: int) -> DataError:
        numbers = self._numbers
        if said == CROSSED:
            bid, ask = (decimal(numbers[at], self.price_precision) for at in (TOUCH, TOUCH + 2))
            return ImpossibleBook(self.symbol, f"crossed: bid {bid:f}, ask {ask:f}")
        return ChecksumMismatch(self.symbol, numbers[CLAIMED], numbers[COMPUTED], self.channel)

    # --- between sides and cells ------------------------------------------------------------------------------------

    def _fill(self) -> bool:
        """Take the levels into the cells, unless it is too early for that or they do not fit."""
        if self._waits > 0 or not self.valid:
            self._waits -= 1
            return False
        ladders = [(side, held, self._ladder_of(held)) for side, held in ((ASKS, self._asks), (BIDS, self._bids))]
        if any(max((*ladder.prices, *ladder.quantities), default=0) >= kernel.LIMIT for _, _, ladder in ladders):
            self._waits = self._patience
            return False
        for side, held, ladder in ladders:
            self._fill_side(side, held, ladder)
        best = super().best()
        self._cells[TOUCH : TOUCH + 4] = [number or 0 for number in best]
        for _, held, _ in ladders:
            held.clear()
        self._reads, self._wrote = True, False
        self._hand_over(self)
        return True

    def _ladder_of(self, held: Side) -> Ladder:
        return Ladder(*held.copied(), self.price_precision, self.qty_precision)

    def _fill_side(self, side: int, held: Side, ladder: Ladder) -> None:
        cells, count = self._cells, len(ladder)
        low = (cells[kernel.ROOM] - count) // 2
        cells[side + LOW], cells[side + HIGH] = low, low + count
        cells[side + PROOF], cells[side + LENGTH] = crc32(held.top), len(held.top)
        proofs = [crc32(digits.encode()) << kernel.LENGTH_BITS | len(digits) for digits in held.digits[:LEVELS]]
        levels = self._levels(side)
        levels[:, 0] = [-key for key in ladder.keys]
        levels[:, 1] = ladder.quantities
        levels[:, 2] = 0
        levels[: len(proofs), 2] = proofs

    def _empty(self) -> None:
        """Take the levels back into the sides."""
        self.best()
        self._hand_over(None)
        for side, held in ((ASKS, self._asks), (BIDS, self._bids)):
            keys, quantities = self._copied(side)
            held.hold(keys, [f"{abs(key)}{qty}" for key, qty in zip(keys, quantities, strict=True)])
        self._asks_top, self._asks_crc = self._asks.top, crc32(self._asks.top)
        # They are other objects with the same digits: nobody wrote the best levels.
        self._best_bid, self._best_ask = self._bids.best, self._asks.best
        self._checksum, self._timestamp = self.checksum, self.timestamp
        self._reads, self._frame = False, b""

    def _levels(self, side: int) -> NDArray[np.int64]:
        """The cells of a side's levels, best first, one level a row."""
        cells, numbers = self._cells, self._numbers
        first = numbers[side + FIRST]
        levels = cells[first + LEVEL * numbers[side + LOW] : first + LEVEL * numbers[side + HIGH]]
        return levels.reshape(-1, LEVEL)[::-1]

    def _copied(self, side: int, levels: int | None = None) -> tuple[list[int], list[int]]:
        """Keys as in a `Side`, and quantities, of the best levels."""
        rows = self._levels(side)[:levels]
        return (-rows[:, 0]).tolist(), rows[:, 1].tolist()

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def checksum(self) -> int | None:
        """The exchange's checksum of the book as it is; None while there is none."""
        return self._numbers[COMPUTED] if self._frame else self._checksum

    @checksum.setter
    def checksum(self, told: int | None) -> None:
        self._checksum = told

    @property
    def timestamp(self) -> str | None:
        """The exchange's time of the last message, as it was written."""
        return update_time(self._frame) if self._frame else self._timestamp

    @timestamp.setter
    def timestamp(self, told: str | None) -> None:
        self._timestamp = told

    def best(self) -> Best:
        """The best level of either side as scaled integers: the same object as long as neither changes."""
        if not self._reads:
            return super().best()
        if self._wrote:
            self._wrote = False
            bid, bid_qty, ask, ask_qty = best = _touch(self._numbers, 8 * TOUCH)
            self._best = best if bid and ask else (bid or None, bid_qty or None, ask or None, ask_qty or None)
        return self._best

    def rows(self) -> NDArray[np.int64]:
        """As in `RowsOfTop`."""
        taken, written = self._numbers[TAKEN], self._numbers[WRITTEN]
        waiting = self._cells[kernel.ROWS : kernel.SIDES].reshape(-1, kernel.ROW)
        return waiting[np.arange(taken, written) % kernel.MOST_ROWS]

    def drop_rows(self, count: int) -> None:
        """As in `RowsOfTop`."""
        self._numbers[TAKEN] += count

    def ladder(self, side: Literal["bids", "asks"], levels: int | None = None) -> Ladder:
        """A frozen copy of one side, read only as far as it is looked at."""
        if not self._reads:
            return super().ladder(side, levels)
        keys, quantities = self._copied(BIDS if side == "bids" else ASKS, levels)
        return Ladder(tuple(keys), tuple(quantities), self.price_precision, self.qty_precision)

    def __len__(self) -> int:
        if not self._reads:
            return super().__len__()
        return sum(self._numbers[side + HIGH] - self._numbers[side + LOW] for side in (ASKS, BIDS))
