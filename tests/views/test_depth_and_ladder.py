"""One book as a depth chart and as a ladder, exact and without a side that is not there."""

from __future__ import annotations

import pytest

from kraken_lab.market import BookSnapshot
from kraken_lab.views import depth, ladder_html, ladder_text

from .figures import traces
from .hostile import Page


def a_book(bids: str = "99.5:1.00 99.0:2.50", asks: str = "100.0:0.10 100.5:0.20") -> BookSnapshot:
    """A book from price:quantity pairs, best first, with one decimal in a price and two in a quantity."""

    def side(text: str) -> list[tuple[str, str]]:
        return [(price, qty) for price, _, qty in (pair.partition(":") for pair in text.split())]

    return BookSnapshot.of("BTC/USD", bids=side(bids), asks=side(asks), price_precision=1, qty_precision=2)


def test_depth_sums_are_exact_and_step_at_their_price() -> None:
    """0.1 and 0.2 make 0.3, each level counts from its own price on, and its worth is price times quantity."""
    drawn = traces(depth(a_book()))
    assert list(drawn["asks"]["y"]) == [0.1, 0.3]
    assert drawn["asks"]["line"]["shape"] == "hv"
    (asks,) = (trace for trace in depth(a_book()).data if trace.name == "asks")
    assert asks.customdata.tolist() == [[0.1, 10.0], [0.2, 30.1]]
    assert list(drawn["bids"]["x"]) == [99.5, 99.0]


@pytest.mark.parametrize(
    ("bids", "asks", "anchor"),
    [
        ("99:1", "101:1", "center"),
        ("99:1", "101:1 190:1", "left"),
        ("99:1 1:1", "101:1", "right"),
        ("9:1", "9:1", "left"),
    ],
)
def test_the_words_at_the_mid_are_in_one_line_and_not_cut_off(bids: str, asks: str, anchor: str) -> None:
    """The title stands above them, and at an edge half of them would lie outside."""
    (note,) = depth(a_book(bids, asks)).layout.annotations
    assert "<br>" not in note.text
    assert note.xanchor == anchor


def test_depth_can_be_cut_to_the_best_levels() -> None:
    """levels=1 leaves the best of each side."""
    drawn = traces(depth(a_book(), levels=1))
    assert [*drawn["bids"]["x"], *drawn["asks"]["x"]] == [99.5, 100.0]


@pytest.mark.parametrize(("bids", "asks", "shown"), [("", "", set()), ("1:1", "", {"bids"}), ("", "1:1", {"asks"})])
def test_an_empty_side_is_not_an_error(bids: str, asks: str, shown: set[str]) -> None:
    """Charts and ladders of a halted or one-sided book say what is missing."""
    book = a_book(bids, asks)
    assert set(traces(depth(book))) == shown
    missing = "no " + " and no ".join(name for name in ("bids", "asks") if name not in shown)
    if shown:
        figure = depth(book)
        assert [note.text for note in figure.layout.annotations] == [f"there are {missing}"]
        assert figure.layout.showlegend is True
    assert missing in ladder_text(book)
    assert missing in Page(ladder_html(book)).text


def test_the_ladder_is_read_from_the_highest_ask_to_the_lowest_bid() -> None:
    """Sides are words, decimals line up, and the longest bar belongs to the largest quantity."""
    lines = ladder_text(a_book("99:1 98.5:2.50"), width=10).splitlines()
    assert lines == [
        "BTC/USD order book",
        "ask  100.5  0.20  ▊",
        "ask  100.0  0.10  ▍",
        "      spread 1.0",
        "bid   99.0  1.00  ████",
        "bid   98.5  2.50  ██████████",
    ]


def test_the_html_ladder_has_the_digits_of_the_book_and_a_word_for_the_side() -> None:
    """Price, quantity and the exact sum to here, best levels next to the spread."""
    texts = [text.strip() for text in Page(ladder_html(a_book(), levels=1)).texts if text.strip()]
    assert texts[-9:] == ["ask", "100.0", "0.10", "0.10", "spread 0.5", "bid", "99.5", "1.00", "1.00"]


def test_a_ladder_without_quantity_has_no_bars() -> None:
    """Zero sizes do not divide by zero."""
    assert "█" not in ladder_text(a_book("1:0", "2:0"))
    assert " 0.0%" in ladder_html(a_book("1:0", "2:0"))
