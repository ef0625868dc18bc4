"""A book as the rows of its table, made from its whole numbers: a thousand levels in less than a millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from ..market import BookSnapshot
from ..tables import TableView, merge, schema, view_of
from ..tables.columns import Array, ColumnData
from ..tables.decimals import pack_units

__all__ = ["book_view"]

_BOOK = schema("book")


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
    below, above = len(bids), len(asks)
    price, qty = bids.price_precision, bids.qty_precision
    side = _BOOK["side"]
    return TableView(
        _BOOK,
        [
            ColumnData(_BOOK["symbol"], (_fixed(np.zeros(below + above, np.int8)),), words=(photo.symbol,)),
            ColumnData(side, (_fixed(np.repeat(np.array([0, 1], np.int8), [below, above])),), words=side.words),
            ColumnData(_BOOK["level"], (_fixed(np.concatenate([np.arange(below), np.arange(above)])),)),
            _decimals("price", [*bids.prices, *asks.prices], price),
            _decimals("qty", [*bids.quantities, *asks.quantities], qty),
            _decimals("cum_qty", [*accumulate(bids.quantities), *accumulate(asks.quantities)], qty),
        ],
    )


def _decimals(name: str, units: list[int], precision: int) -> ColumnData:
    made = pack_units(units, precision)
    parts = tuple(_fixed(part) for part in (made.floats, made.mantissas, made.scales))
    return ColumnData(_BOOK[name], parts, spill=made.spill, behind=precision)


def _fixed(part: Array) -> Array:
    part.flags.writeable = False
    return part
