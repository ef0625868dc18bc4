"""What a browser is sent of books: after any frames it has their levels, to the last digit, and was sent no more."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.market import BookSnapshot
from kraken_lab.market.ladder import Ladder
from kraken_lab.streams.ladder_view import book_view
from kraken_lab.tables import TableView, schema, view_of
from kraken_lab.views.level_picture import LevelPicture, level_frame, level_picture
from kraken_lab.views.picture import heading

from .hostile import HOSTILE
from .screen import Screen
from .test_picture import same

Side = dict[int, int]


class Sender:
    """Sends every look at some books to a screen, as a difference to the look before."""

    def __init__(self) -> None:
        self.last: LevelPicture | None = None
        self.screen = Screen(heading(view_of(schema("book"), [])))
        self.sent: list[int] = []
        self.content: dict[str, object] = {}
        self.seq = 0

    def look(self, *books: BookSnapshot) -> Screen:
        """The screen after this look."""
        picture = level_picture(books)
        frame = level_frame(self.last, picture)
        self.last = picture
        if frame is not None:
            self.seq += 1
            self.content = {
                "kind": "frame",
                "seq": self.seq,
                "base": 0 if frame.whole else self.seq - 1,
                **frame.content,
            }
            self.screen.take(self.content, frame.buffers)
        self.sent.append(0 if frame is None else sum(map(len, frame.buffers)))
        return self.screen


def book(
    bids: Side, asks: Side, symbol: str = "BTC/USD", *, as_text: bool = True, price: int = 2, qty: int = 8
) -> BookSnapshot:
    """A book of quantities by price, in units of their last decimals, held as one engine does or as the other."""

    def ladder(sign: int, side: Side) -> Ladder:
        keys = tuple(sorted(sign * units for units in side))
        numbers = tuple(side[abs(key)] for key in keys)
        digits = tuple(f"{abs(key)}{units}" for key, units in zip(keys, numbers, strict=True))
        return Ladder(keys, digits if as_text else numbers, price, qty)

    return BookSnapshot(symbol, 1000, ladder(-1, bids), ladder(1, asks))


def shown(*books: BookSnapshot) -> TableView:
    """The rows of the books as they stand on a screen: asks from the highest down, then bids, book after book."""
    order, first = [], 0
    for one in books:
        bids, end = first + len(one.bid_ladder), first + len(one.bid_ladder) + len(one.ask_ladder)
        order += [*reversed(range(bids, end)), *range(first, bids)]
        first = end
    view = book_view(list(books))
    return TableView(view.schema, [data.take(np.array(order, np.intp)) for data in view.columns])


SIDES = st.dictionaries(
    st.one_of(st.integers(95, 105), st.integers(1, 10**19)), st.one_of(st.integers(1, 5), st.just(10**20)), max_size=6
)
BOOKS = st.builds(
    book, SIDES, SIDES, st.sampled_from(["BTC/USD", "ETH/USD"]), as_text=st.booleans(), price=st.sampled_from([1, 2])
)


@settings(max_examples=150)
@given(st.lists(st.lists(BOOKS, max_size=2, unique_by=lambda book: book.symbol), min_size=2, max_size=6))
def test_whatever_becomes_of_books_the_screen_has_them(looks: list[list[BookSnapshot]]) -> None:
    """Levels and whole books come and go, their decimals change, the engine changes; sums are those of the table."""
    sender = Sender()
    for books in looks:
        assert same(sender.look(*books), shown(*books))
    assert same(Sender().look(*looks[-1]), shown(*looks[-1]))


def test_what_changed_costs_its_digits_and_no_more() -> None:
    """Whatever sums follow from it; and the same book costs nothing."""
    sender = Sender()
    bids, asks = {9_000 - n: 10**8 + n for n in range(500)}, {9_001 + n: 10**8 + n for n in range(500)}
    sender.look(book(bids, asks))
    sender.look(book(bids, asks))
    bids[9_000] = asks[9_001] = 123
    assert same(sender.look(book(bids, asks)), shown(book(bids, asks)))
    assert sender.sent[1:] == [0, 2 * 4 + len("9001123,9000123")]
    assert "books" not in sender.content["levels"]  # type: ignore[operator]


def test_a_level_that_comes_sends_no_other() -> None:
    """At depth a level falls out where one comes; what only moves to make room has been sent."""
    sender = Sender()
    bids, asks = {9_000 - 2 * n: 10**8 for n in range(500)}, {9_001 + n: 10**8 for n in range(500)}
    sender.look(book(bids, asks))
    del bids[min(bids)]
    bids[8_999] = 5
    screen = sender.look(book(bids, asks))
    assert same(screen, shown(book(bids, asks)))
    assert sender.sent[1] == 4 + len("89995")
    assert sender.content["levels"] == {"width": 4, "removed": [999], "added": [501]}


def test_a_random_market_costs_what_happens_in_it() -> None:
    """A few hundred steps in which levels come, go and change: never more rows are sent than were touched."""
    rng, sender = random.Random(11), Sender()
    bids, asks = {10_000 - n: 10**8 for n in range(1, 100)}, {10_000 + n: 10**8 for n in range(1, 100)}
    sender.look(book(bids, asks))
    for _ in range(300):
        touched = set()
        for _ in range(rng.randrange(6)):
            sign, side = rng.choice(((-1, bids), (1, asks)))
            price = 10_000 + sign * rng.randrange(1, 140)
            if rng.random() < 0.4:
                side.pop(price, None)
            else:
                side[price] = rng.randrange(1, 10**9)
            touched.add(price)
        assert same(sender.look(book(bids, asks)), shown(book(bids, asks)))
        assert sender.sent[-1] <= len(touched) * (4 + len("10000,999999999,"))


def test_the_best_prices_are_in_the_middle() -> None:
    """Also where a side is empty, or there is nothing at all."""
    for books, middle in (
        ([book({99: 1}, {101: 1, 102: 1})], 2),
        ([book({}, {101: 1})], 1),
        ([book({99: 1}, {})], 0),
        ([], 0),
        ([book({}, {101: 1}, "A/B"), book({5: 1}, {7: 1}, "C/D")], 2),
    ):
        assert Sender().look(*books).middle == middle


@pytest.mark.promise("W-04")
@pytest.mark.parametrize("symbol", HOSTILE.values(), ids=HOSTILE)
def test_a_symbol_arrives_as_what_one_can_see(symbol: str) -> None:
    """As letters, with nothing invisible among them."""
    (told,) = Sender().look(book({99: 1}, {}, symbol)).column("symbol")
    assert told.isprintable()
    assert len(told) < 100
