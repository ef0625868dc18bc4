"""A book as the rows of its table, made from its whole numbers: a thousand levels in less than a millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..market import BookSnapshot
from ..market.ladder import Ladder
from ..tables import TableView, merge, schema, view_of
from ..tables.columns import Array, ColumnData
from ..tables.decimals import LARGEST_SCALE, pack_all_units, pack_units

__all__ = ["book_view"]

_BOOK = schema("book")
_DECIMALS = _BOOK["price"], _BOOK["qty"], _BOOK["cum_qty"]

_MOST_DIGITS = 18
_MOST = 10**_MOST_DIGITS
"""Numbers of so many digits fit in an int64, whatever they are."""
_POWERS = 10 ** np.arange(_MOST_DIGITS + 1)


def book_view(photos: Sequence[BookSnapshot]) -> TableView:
    """The levels of some books, one book after another: bids, then asks, the best first.

    >>> book = BookSnapshot.of("BTC/USD", bids=[("99", "3"), ("98", "1")], asks=[("101", "1")])
    >>> [(row.side, row.level, str(row.price), str(row.cum_qty)) for row in book_view([book]).rows()]
    [('bid', 0, '99.00', '3.00000000'), ('bid', 1, '98.00', '4.00000000'), ('ask', 0, '101.00', '1.00000000')]
    """
    if not photos:
        return view_of(_BOOK, [])
    return merge([_view(photo) for photo in photos])


def _view(photo: BookSnapshot) -> TableView:
    bids, asks = photo.bid_ladder, photo.ask_ladder
    scales = bids.price_precision, bids.qty_precision, bids.qty_precision
    units = _units(bids, asks) if max(scales) <= LARGEST_SCALE else None
    if units is None:
        made = list(map(pack_units, _listed(bids, asks), scales))
    else:
        made = pack_all_units(units, scales)
    decimals = [
        ColumnData(column, (_fixed(one.floats), _fixed(one.mantissas), one.scales), spill=one.spill, behind=scale)
        for column, one, scale in zip(_DECIMALS, made, scales, strict=True)
    ]
    return TableView(_BOOK, [*_places(photo.symbol, len(bids), len(asks)), *decimals])


@lru_cache(maxsize=64)  # a book is looked at ten times a second, and has as many levels as the last time
def _places(symbol: str, below: int, above: int) -> tuple[ColumnData, ColumnData, ColumnData]:
    """What depends on nothing but the number of bids and asks: the symbol, the side and the level."""
    side = _BOOK["side"]
    codes = np.repeat(np.array([0, 1], np.int8), [below, above])
    levels = np.concatenate([np.arange(below), np.arange(above)])
    return (
        ColumnData(_BOOK["symbol"], (_fixed(np.zeros(below + above, np.int8)),), words=(symbol,)),
        ColumnData(side, (_fixed(codes),), words=side.words),
        ColumnData(_BOOK["level"], (_fixed(levels),)),
    )


def _units(bids: Ladder, asks: Ladder) -> NDArray[np.int64] | None:
    """Three rows, in units of their last decimals: prices, quantities, and these summed up from the best level on.

    None where a number would not fit in an int64, or prices held as text differ in length.
    """
    below, count = len(bids), len(bids) + len(asks)
    made = np.empty((3, count), np.int64)
    prices, quantities, sums = made
    held: tuple[Any, ...] = bids.held + asks.held
    ends = [abs(end) for keys in (bids.keys, asks.keys) if keys for end in (keys[0], keys[-1])]
    if max(ends, default=0) > _MOST:
        return None
    if not held or type(held[0]) is int:
        try:
            prices[:], quantities[:] = bids.keys + asks.keys, held
        except OverflowError:
            return None
        np.abs(prices, out=prices)
    else:
        width = len(str(ends[0]))
        lengths = np.fromiter(map(len, held), np.int64, count)
        if any(len(str(end)) != width for end in ends) or np.count_nonzero(lengths > _MOST_DIGITS):
            return None
        # A level's digits are those of its price and then of its quantity: all are read at once, each as one number.
        levels = np.fromstring(",".join(held), np.int64, sep=",")
        powers = _POWERS[lengths - width]
        np.floor_divide(levels, powers, out=prices)
        np.subtract(levels, prices * powers, out=quantities)
    if count and np.count_nonzero(quantities > _MOST // count):
        return None
    quantities[:below].cumsum(out=sums[:below])
    quantities[below:].cumsum(out=sums[below:])
    return made


def _listed(bids: Ladder, asks: Ladder) -> tuple[list[int], list[int], list[int]]:
    """The same as whole numbers of any size."""
    return (
        [*bids.prices, *asks.prices],
        [*bids.quantities, *asks.quantities],
        [*accumulate(bids.quantities), *accumulate(asks.quantities)],
    )


def _fixed(part: Array) -> Array:
    part.flags.writeable = False
    return part
