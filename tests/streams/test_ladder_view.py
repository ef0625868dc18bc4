"""A book as a table: whatever its numbers are, every row of it is what the book holds, digit for digit."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate

from hypothesis import example, given
from hypothesis import strategies as st

from kraken_lab.market import BookSnapshot
from kraken_lab.market.ladder import Ladder
from kraken_lab.streams.ladder_view import book_view

LEVELS = st.dictionaries(
    st.one_of(st.integers(1, 10**6), st.integers(1, 10**20)), st.one_of(st.integers(1, 10**9), st.integers(1, 10**20))
)
PRECISIONS = st.one_of(st.integers(0, 10), st.integers(0, 30))


def side(levels: dict[int, int], sign: int, precisions: tuple[int, int], *, as_text: bool) -> Ladder:
    """Levels by price, as a book holds them: as the digits of the checksum, or as numbers."""
    keys = tuple(sorted(sign * price for price in levels))
    numbers = tuple(levels[abs(key)] for key in keys)
    held = tuple(f"{abs(key)}{qty}" for key, qty in zip(keys, numbers, strict=True)) if as_text else numbers
    return Ladder(keys, held, *precisions)


@given(bids=LEVELS, asks=LEVELS, price=PRECISIONS, qty=PRECISIONS, as_text=st.booleans())
@example(bids={99: 10**17, 98: 9 * 10**17}, asks={}, price=1, qty=8, as_text=True)  # their sum is nineteen digits long
@example(bids={2**63: 1}, asks={2**63 + 1: 1}, price=0, qty=0, as_text=False)
@example(bids={99: 2**53 + 1}, asks={101: 2**53 + 3}, price=1, qty=8, as_text=True)  # no float is exact
@example(bids={99: 1}, asks={100: 1}, price=1, qty=8, as_text=True)  # prices of two and of three digits
def test_every_row_is_the_books(
    bids: dict[int, int], asks: dict[int, int], price: int, qty: int, as_text: bool
) -> None:
    """Prices, quantities and their sums are exact, and as floats the nearest, however large and however held."""
    below, above = (side(levels, sign, (price, qty), as_text=as_text) for levels, sign in ((bids, -1), (asks, 1)))
    view = book_view([BookSnapshot("BTC/USD", 1000, below, above)])
    expected = [
        ("BTC/USD", name, level, Decimal(f"{units}E-{price}"), Decimal(f"{size}E-{qty}"), Decimal(f"{cum}E-{qty}"))
        for name, ladder in (("bid", below), ("ask", above))
        for level, (units, size, cum) in enumerate(
            zip(ladder.prices, ladder.quantities, accumulate(ladder.quantities), strict=True)
        )
    ]
    rows = [(row.symbol, row.side, row.level, row.price, row.qty, row.cum_qty) for row in view.rows()]
    assert [tuple(map(str, row)) for row in rows] == [tuple(map(str, row)) for row in expected]
    for name, at in (("price", 3), ("qty", 4), ("cum_qty", 5)):
        assert view.column(name).tolist() == [float(row[at]) for row in expected]


def test_what_never_changes_is_the_same_array_again() -> None:
    """Symbol, side and level of a book as deep as before share their memory."""
    first, again = (
        book_view([BookSnapshot.of("BTC/USD", bids=[("99", "3")], asks=[("101", qty)])]).columns for qty in ("1", "2")
    )
    shared = [new.column.name for old, new in zip(first, again, strict=True) if new.parts[0] is old.parts[0]]
    assert shared == ["symbol", "side", "level"]
