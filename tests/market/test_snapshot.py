"""A photograph of a book, and the figures computed from it, on examples worked out by hand."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import BadArgument, EmptySide
from kraken_lab.market import BookSnapshot
from kraken_lab.market.ladder import Ladder

Entries = list[tuple[str, str]]

BOOK = BookSnapshot.of(
    "BTC/USD",
    bids=[("99", "3"), ("98", "1"), ("97", "6")],
    asks=[("101", "1"), ("103", "2"), ("110", "7")],
)


def test_mid_is_halfway() -> None:
    """Exactly, with one decimal more where it needs one."""
    assert BOOK.mid == 100
    odd = BookSnapshot.of("X/Y", bids=[("0.1", "1")], asks=[("0.2", "1")], price_precision=1)
    assert odd.mid == D("0.15")


def test_spread_is_ask_minus_bid() -> None:
    """In quote currency."""
    assert BOOK.spread == 2


def test_microprice_leans_to_the_smaller_side() -> None:
    """(99 * 1 + 101 * 3) / (3 + 1): with little on offer the price is about to rise."""
    assert BOOK.microprice == D("100.5")
    even = BookSnapshot.of("X/Y", bids=[("99", "2")], asks=[("101", "2")])
    assert even.microprice == even.mid


@pytest.mark.parametrize(("levels", "value"), [(1, "0.5"), (2, D(1) / D(7)), (3, "0"), (5, "0"), (99, "0")])
def test_imbalance_compares_the_best_levels(levels: int, value: str | D) -> None:
    """(3 - 1) / 4, (4 - 3) / 7, (10 - 10) / 20, and more levels than there are."""
    assert BOOK.imbalance(levels) == D(value)


def test_imbalance_of_one_side_is_one() -> None:
    """Or minus one; of none there is none."""
    assert BookSnapshot.of("X/Y", bids=[("99", "2")], asks=[]).imbalance() == 1
    assert BookSnapshot.of("X/Y", bids=[], asks=[("99", "2")]).imbalance() == -1
    with pytest.raises(EmptySide):
        _ = BookSnapshot.of("X/Y", bids=[], asks=[]).imbalance()
    with pytest.raises(BadArgument):
        _ = BOOK.imbalance(0)


@pytest.mark.parametrize("name", ["mid", "spread", "microprice"])
@pytest.mark.parametrize(("bids", "asks", "empty"), [([], [("1", "1")], "bids"), ([("1", "1")], [], "asks")])
def test_an_empty_side_has_no_price(name: str, bids: Entries, asks: Entries, empty: str) -> None:
    """The error says which side it is."""
    with pytest.raises(EmptySide) as caught:
        getattr(BookSnapshot.of("X/Y", bids=bids, asks=asks), name)
    assert (caught.value.symbol, caught.value.side) == ("X/Y", empty)


@pytest.mark.parametrize(
    ("side", "qty", "filled", "cost", "average", "worst", "levels", "complete"),
    [
        ("buy", "1", "1", "101", "101", "101", 1, True),
        ("buy", "0.5", "0.5", "50.5", "101", "101", 1, True),
        ("buy", "2", "2", "204", "102", "103", 2, True),
        ("buy", "2.5", "2.5", "255.5", "102.2", "103", 2, True),
        ("buy", "10", "10", "1077", "107.7", "110", 3, True),
        ("buy", "11", "10", "1077", "107.7", "110", 3, False),
        ("sell", "4", "4", "395", "98.75", "98", 2, True),
        ("sell", "12", "10", "977", "97.7", "97", 3, False),
    ],
)
def test_a_walk_takes_the_best_first(
    side: str, qty: str, filled: str, cost: str, average: str, worst: str, levels: int, complete: bool
) -> None:
    """A buy walks up the asks, a sell down the bids, and what is not there is not filled."""
    walk = BOOK.walk(side, qty)  # type: ignore[arg-type]
    assert (walk.side, walk.asked_qty) == (side, D(qty))
    assert (walk.filled_qty, walk.cost, walk.average_price) == (D(filled), D(cost), D(average))
    assert (walk.worst_price, walk.levels, walk.complete) == (D(worst), levels, complete)


def test_a_walk_takes_a_float_for_the_digits_it_shows() -> None:
    """As every number that a person gives."""
    assert BOOK.walk("buy", 0.1).cost == D("10.1")
    assert BOOK.walk("buy", 1).filled_qty == 1


@pytest.mark.parametrize(
    ("side", "qty", "name"), [("hold", "1", "side"), ("buy", "0", "qty"), ("sell", "-1", "qty"), ("buy", "much", "qty")]
)
def test_a_walk_refuses_what_cannot_be(side: str, qty: str, name: str) -> None:
    """By the argument's name."""
    with pytest.raises(BadArgument) as caught:
        BOOK.walk(side, qty)  # type: ignore[arg-type]
    assert caught.value.name == name


def test_a_walk_refuses_more_decimals_than_the_pair_has() -> None:
    """A float that is not what it seems is caught; nothing is rounded in silence."""
    for qty in (0.1 + 0.2, "0.300000001"):
        with pytest.raises(BadArgument, match="at most 8 decimals"):
            BOOK.walk("buy", qty)


def test_a_walk_needs_something_to_take() -> None:
    """A buy needs asks, a sell bids."""
    half = BookSnapshot.of("X/Y", bids=[("99", "2")], asks=[])
    assert half.walk("sell", "1").complete
    with pytest.raises(EmptySide):
        half.walk("buy", "1")


LEVELS = st.lists(
    st.tuples(st.integers(1, 10**12), st.integers(1, 10**18)), min_size=1, max_size=8, unique_by=lambda level: level[0]
)


@pytest.mark.promise("S-15")
@given(bids=LEVELS, asks=LEVELS, asked=st.integers(1, 10**19))
@settings(max_examples=100, deadline=None)
def test_the_figures_are_exact(bids: list[tuple[int, int]], asks: list[tuple[int, int]], asked: int) -> None:
    """Compared with fractions; only a quotient is rounded, to 28 digits."""
    top = max(price for price, _ in bids)
    book = BookSnapshot.of(
        "X/Y",
        bids=[(f"{price}e-8", f"{qty}e-8") for price, qty in bids],
        asks=[(f"{price + top}e-8", f"{qty}e-8") for price, qty in asks],
        price_precision=8,
    )
    (bid, bid_qty), (ask, ask_qty) = (tuple(map(Fraction, side[0])) for side in (book.bids, book.asks))
    assert Fraction(book.mid) == (bid + ask) / 2
    assert Fraction(book.spread) == ask - bid
    micro = (bid * ask_qty + ask * bid_qty) / (bid_qty + ask_qty)
    assert abs(Fraction(book.microprice) / micro - 1) < Fraction(1, 10**27)
    assert -1 <= book.imbalance() <= 1
    walk = book.walk("buy", D(f"{asked}e-8"))
    assert Fraction(walk.filled_qty) == min(Fraction(asked, 10**8), sum(Fraction(qty) for _, qty in book.asks))
    assert book.asks[0][0] <= walk.average_price <= walk.worst_price
    assert abs(Fraction(walk.average_price) * Fraction(walk.filled_qty) / Fraction(walk.cost) - 1) < Fraction(1, 10**27)


def test_a_snapshot_never_changes() -> None:
    """Neither it nor its levels can be written to."""
    with pytest.raises(FrozenInstanceError):
        BOOK.depth = 5  # type: ignore[misc]
    assert isinstance(BOOK.bids, tuple)
    assert isinstance(BOOK.bids[0], tuple)
    with pytest.raises(FrozenInstanceError):
        BOOK.walk("buy", "1").cost = D(0)  # type: ignore[misc]


def test_equal_books_are_equal_snapshots() -> None:
    """Whatever was looked at before."""
    same = BookSnapshot.of(
        "BTC/USD", bids=[("99", "3"), ("98", "1"), ("97", "6")], asks=[("101", "1"), ("103", "2"), ("110", "7")]
    )
    assert same == BOOK
    assert hash(same) == hash(BOOK)
    assert same.bids == BOOK.bids


def test_a_snapshot_shows_a_small_ladder() -> None:
    """Asks above bids, best in the middle, numbers aligned and without exponents."""
    lines = repr(
        BookSnapshot.of("SHIB/USD", bids=[("0.00001", "3")], asks=[("0.00002", "10")], price_precision=5)
    ).splitlines()
    assert lines == [
        "<BookSnapshot SHIB/USD 1 bids, 1 asks>",
        "  ask  0.00002  10.00000000",
        "  bid  0.00001   3.00000000",
    ]


def test_an_empty_snapshot_can_be_shown() -> None:
    """As one line."""
    empty = BookSnapshot.of("X/Y", bids=[], asks=[])
    assert repr(empty) == "<BookSnapshot X/Y 0 bids, 0 asks>"
    assert "0 bids, 0 asks</caption>" in empty._repr_html_()


@pytest.mark.fault("F-067")
def test_text_from_the_network_is_escaped() -> None:
    """A symbol is not markup."""
    html = BookSnapshot.of("<img src=x onerror=alert(1)>", bids=[("1", "1")], asks=[])._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html
    assert "<td align='right'>1.00</td>" in html


def test_quantities_are_read_where_prices_have_different_numbers_of_digits() -> None:
    """A side that goes over a power of ten, as asks from 9.99 to 10.01, and one that does not."""
    asks = [("9.99", "1"), ("10.00", "20"), ("10.01", "0.00000003")]
    ladder = BookSnapshot.of("BTC/USD", bids=[("9.98", "7"), ("9.97", "0.5")], asks=asks)
    assert ladder.asks == tuple((D(price), D(qty)) for price, qty in asks)
    assert [qty for _, qty in ladder.bids] == [D("7"), D("0.5")]


@pytest.mark.parametrize("held", [("9995", "9987", "10003"), (5, 7, 3)], ids=["digits", "quantities"])
def test_the_best_levels_are_those_of_all_levels(held: tuple[str, ...] | tuple[int, ...]) -> None:
    """However they are held, and though prices further down have more digits."""
    for count in range(5):
        ladder = Ladder((999, 998, 1000), held, 1, 0)
        assert ladder.best(count) == Ladder((999, 998, 1000), held, 1, 0).levels[:count]
        assert ladder.best(count) == ladder.levels[:count], "nor when all were read before"


def test_what_the_touch_is_asked_for_reads_no_other_level() -> None:
    """The mid of a thousand levels costs what that of two does."""
    bids, asks = (Ladder((sign * 100, sign * 101), ("1005", "never read"), 1, 0) for sign in (-1, 1))
    book = BookSnapshot("BTC/USD", 1000, bids, asks)
    assert (book.mid, book.spread, book.imbalance(1)) == (D("10.0"), D("0.0"), D(0))
