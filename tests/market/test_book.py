"""The book follows the exchange's order of work, proves every message, and is void when the proof fails."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from kraken_lab.errors import ChecksumMismatch, DataError, ImpossibleBook, Malformed
from kraken_lab.market import Book, book_checksum
from kraken_lab.wire import BookChange, BookMessage, Level, decode

from ..fixtures import names, sample, sequence
from .model import LevelModel, book_frame

pytestmark = pytest.mark.usefixtures("engine")

Entries = list[tuple[str, str]]


def heard(frame: bytes) -> BookMessage:
    """A book message from a frame."""
    message = decode(frame)
    assert isinstance(message, BookMessage)
    return message


def a_book(bids: Entries, asks: Entries, *, depth: int = 10, price: int = 1, qty: int = 8) -> Book:
    """A book holding these levels, by way of a proved snapshot."""
    book = Book("X/Y", depth, price_precision=price, qty_precision=qty)
    book.apply(heard(book_frame("snapshot", bids, asks, checksum(bids, asks, price, qty))))
    return book


def checksum(bids: Entries, asks: Entries, price: int = 1, qty: int = 8) -> int:
    """What the exchange would say of these levels."""
    sides = [{D(p): D(q) for p, q in side} for side in (asks, bids)]
    return book_checksum(sides[0], sides[1], price, qty)


def update(book: Book, bids: Entries = [], asks: Entries = [], *, after: tuple[Entries, Entries]) -> None:  # noqa: B006
    """Apply an update after which the exchange's book is ``after``."""
    proof = checksum(*after, book.price_precision, book.qty_precision)
    book.apply(heard(book_frame("update", bids, asks, proof)))


def texts(levels: list[tuple[D, D]]) -> Entries:
    """Levels as text without an exponent."""
    return [(f"{price:f}", f"{qty:f}") for price, qty in levels]


BIDS = [("99.5", "1.00000000"), ("99.0", "2.00000000")]
ASKS = [("100.5", "1.50000000"), ("101.0", "2.50000000")]


# --- documented examples --------------------------------------------------------------------------------------------


@pytest.mark.promise("S-07")
@pytest.mark.parametrize("name", ["book/checksum-guide-snapshot", "book/checksum-guide-snapshot-wire"])
def test_the_checksum_guides_book_is_proved(name: str) -> None:
    """Printed as text in the guide and as padded numbers on the wire."""
    book = Book("BTC/USD", 10, price_precision=1, qty_precision=8)
    book.apply(heard(sample(name)))
    assert book.checksum == 3310070434
    assert texts(book.asks)[0] == ("45285.2", "0.00100000")
    assert texts(book.bids)[-1] == ("45276.6", "0.15445238")


@pytest.mark.promise("S-07")
def test_the_reference_pages_snapshot_and_update_are_proved() -> None:
    """Its printed numbers have lost their trailing zeros; the precision brings them back."""
    book = Book("MATIC/USD", 10, price_precision=4, qty_precision=8)
    book.apply(heard(sample("book/snapshot")))
    assert book.checksum == 2439117997
    book.apply(heard(sample("book/update")))
    assert book.checksum == 2114181697
    assert texts(book.bids)[-1] == ("0.5657", "1098.39475580")
    assert book.timestamp == "2023-10-06T17:35:55.440295Z"


@pytest.mark.promise("S-07")
@pytest.mark.parametrize("name", names("book/sequence-*"))
def test_a_recorded_book_is_proved_to_its_end(name: str) -> None:
    """And holds at each step what the plain model holds."""
    recorded = sequence(name)
    book = Book(recorded.symbol, recorded.depth, recorded.price_precision, recorded.qty_precision)
    model = LevelModel(recorded.depth, recorded.price_precision, recorded.qty_precision)
    for frame in recorded.frames:
        message = heard(frame)
        change = message.data[0]
        book.apply(message)
        model.apply(*([(D(level.price), D(level.qty)) for level in side] for side in (change.bids, change.asks)))
        assert (book.bids, book.asks) == model.levels()
        assert book.checksum == change.checksum == model.checksum()


def test_a_book_that_is_never_cut_would_fail() -> None:
    """The recorded session needs the cut: with a greater depth the same messages do not prove."""
    recorded = sequence("book/sequence-btcusd-depth10")
    book = Book(recorded.symbol, 1000, recorded.price_precision, recorded.qty_precision)
    book.apply(heard(recorded.frames[0]))
    messages = [heard(frame) for frame in recorded.frames[1:]]
    with pytest.raises(ChecksumMismatch):
        book.apply(BookMessage("update", [change for message in messages for change in message.data]))


# --- the order of work ----------------------------------------------------------------------------------------------


def test_zero_quantity_removes_the_level() -> None:
    """In whatever form zero is written, and it is ignored where there is nothing."""
    for zero in ("0", "0.0", "0.00000000", "0e-8", "-0.0"):
        book = a_book(BIDS, ASKS)
        update(book, bids=[("99.0", zero), ("98.0", zero)], after=(BIDS[:1], ASKS))
        assert texts(book.bids) == BIDS[:1]


def test_a_quantity_is_absolute() -> None:
    """It replaces what was there."""
    book = a_book(BIDS, ASKS)
    update(book, bids=[("99.5", "0.25000000")], after=([("99.5", "0.25"), BIDS[1]], ASKS))
    assert texts(book.bids)[0] == ("99.5", "0.25000000")


def test_the_last_word_on_a_price_counts() -> None:
    """A price may come twice in a message, also to be removed and set again."""
    book = a_book(BIDS, ASKS)
    update(
        book,
        asks=[("100.5", "9.0"), ("100.5", "0.0"), ("100.5", "3.0"), ("101.0", "7.0"), ("101.0", "0.0")],
        after=(BIDS, [("100.5", "3")]),
    )
    assert texts(book.asks) == [("100.5", "3.00000000")]


def test_a_level_pushed_out_is_gone_and_may_come_back() -> None:
    """The exchange does not say that it went, and sends it as a new level when it is back in scope."""
    deep = [(f"{100 - at}.0", "1.0") for at in range(10)]
    book = a_book(deep, [])
    better = ("100.5", "1.0")
    update(book, bids=[better], after=([better, *deep[:9]], []))
    assert len(book.bids) == 10
    update(book, bids=[("100.5", "0.0")], after=(deep[:9], []))
    assert len(book.bids) == 9, "the level that was pushed out must not be remembered"
    update(book, bids=[("91.0", "4.0")], after=([*deep[:9], ("91.0", "4.0")], []))
    assert texts(book.bids)[-1] == ("91.0", "4.00000000")


def test_the_cut_comes_after_all_entries() -> None:
    """A level that is beyond the depth for a moment within one message stays, if others leave before its end."""
    deep = [(f"{100 - at}.0", "1.0") for at in range(10)]
    book = a_book(deep, [])
    after = [*deep[1:], ("90.0", "1.0")]
    update(book, bids=[("90.0", "1.0"), ("100.0", "0.0")], after=(after, []))
    assert texts(book.bids) == texts([(D(p), D(q) + D("0.00000000")) for p, q in after])


def test_both_sides_change_in_one_message() -> None:
    """Rare, and allowed."""
    book = a_book(BIDS, ASKS)
    update(book, [("99.6", "1.0")], [("100.4", "1.0")], after=([("99.6", "1.0"), *BIDS], [("100.4", "1.0"), *ASKS]))
    assert book.best() == (996, 100_000_000, 1004, 100_000_000)


def test_only_messages_of_its_own_symbol_are_applied() -> None:
    """A message may carry several; the others are somebody else's."""
    book = a_book(BIDS, ASKS)
    book.apply(heard(book_frame("update", [("1.0", "1.0")], [], 12345, symbol="OTHER/USD")))
    assert texts(book.bids) == BIDS


def test_a_message_of_several_changes_is_applied_one_by_one() -> None:
    """Each has a checksum of its own."""
    book = a_book(BIDS, ASKS)
    one = heard(book_frame("update", [("99.5", "0.0")], [], checksum(BIDS[1:], ASKS)))
    two = heard(book_frame("update", [], [("100.5", "0.0")], checksum(BIDS[1:], ASKS[1:])))
    book.apply(BookMessage("update", one.data + two.data))
    assert (texts(book.bids), texts(book.asks)) == (BIDS[1:], ASKS[1:])


@pytest.mark.promise("S-07")
def test_a_snapshot_replaces_everything() -> None:
    """Whenever it comes."""
    book = a_book(BIDS, ASKS)
    other = [("50.0", "1.00000000")]
    book.apply(heard(book_frame("snapshot", other, [], checksum(other, []))))
    assert texts(book.bids) == other
    assert book.asks == []


# --- forms of numbers -----------------------------------------------------------------------------------------------


@pytest.mark.promise("S-15")
@pytest.mark.fault("F-051")
@pytest.mark.parametrize(
    ("price_precision", "qty_precision", "price", "qty", "price_digits", "qty_digits"),
    [
        (1, 8, "61234.50", "0.1", "61234.5", "0.10000000"),
        (1, 8, "61234", "1e-08", "61234.0", "0.00000001"),
        (1, 8, "6.12345E4", "5", "61234.5", "5.00000000"),
        (8, 5, "0.00001237", "818590646.09959", "0.00001237", "818590646.09959"),
        (10, 8, "0.0000000123", "1.5", "0.0000000123", "1.50000000"),
        (0, 0, "7", "12", "7", "12"),
        (0, 0, "7.0", "12.00", "7", "12"),
        (2, 8, "3.10", "10000000000.00000000", "3.10", "10000000000.00000000"),
        (2, 0, "3.1", "1000000000000000000", "3.10", "1000000000000000000"),
        (5, 8, "0.00412", "123456789012345678.12345678", "0.00412", "123456789012345678.12345678"),
    ],
)
def test_a_number_is_exact_in_every_form(
    price_precision: int, qty_precision: int, price: str, qty: str, price_digits: str, qty_digits: str
) -> None:
    """Padded, short, whole or with an exponent, tiny or beyond 2**51: always the same level and checksum."""
    entry = [(price, qty)]
    for bids, asks in ((entry, []), ([], entry)):
        book = a_book(list(bids), list(asks), price=price_precision, qty=qty_precision)
        assert texts(book.bids + book.asks) == [(price_digits, qty_digits)]
        model = LevelModel(10, price_precision, qty_precision)
        model.apply(*([(D(p), D(q)) for p, q in side] for side in (bids, asks)))
        assert book.checksum == model.checksum()


@pytest.mark.parametrize(
    ("price", "qty", "what"),
    [
        ("99.55", "1.0", "price"),
        ("99.5", "0.123456789", "quantity"),
        ("99.5", "1e-9", "quantity"),
        ("1e-2", "1", "price"),
    ],
)
def test_digits_beyond_the_precision_say_that_the_precision_is_wrong(price: str, qty: str, what: str) -> None:
    """Nothing is rounded: the error names the number, the symbol and the precision, and the book is void."""
    book = a_book(BIDS, ASKS)
    with pytest.raises(Malformed, match=f"{what} of X/Y: digits beyond the precision of"):
        book.apply(heard(book_frame("update", [(price, qty)], [], 0)))
    assert not book.valid


@pytest.mark.parametrize("digits", [39, 130, 900])
def test_a_price_beyond_all_bounds_is_malformed(digits: int) -> None:
    """Also where the decoder is not asked: no number reaches the key that ends a side."""
    book = a_book(BIDS, ASKS)
    endless = Level("1" * digits + ".5", "1.00000000")
    with pytest.raises(Malformed, match="price of X/Y: a number of"):
        book.apply_change(BookChange("X/Y", [], [endless], 0), False)
    assert not book.valid


def test_zeros_beyond_the_precision_are_no_digits() -> None:
    """A number printed too long is the same number."""
    book = a_book(BIDS, ASKS)
    update(book, bids=[("99.500", "3.0000000000")], after=([("99.5", "3"), BIDS[1]], ASKS))
    assert texts(book.bids)[0] == ("99.5", "3.00000000")


# --- thin and empty books -------------------------------------------------------------------------------------------


@pytest.mark.promise("S-08", "S-09")
def test_an_empty_book_is_a_valid_book() -> None:
    """Its checksum is zero, and zero is a checksum like any other."""
    book = Book("X/Y", 10, 1, 8)
    book.apply(heard(book_frame("snapshot", [], [], 0)))
    assert book.valid
    assert book
    assert book.checksum == 0
    assert len(book) == 0
    assert book.best() == (None, None, None, None)
    assert repr(book) == "<Book X/Y: 0 bids, 0 asks, checksum 0>"


@pytest.mark.promise("S-09")
def test_a_thin_book_is_a_normal_book() -> None:
    """Fewer than ten levels, or none on a side."""
    book = a_book(BIDS, [])
    update(book, bids=[("99.5", "0.0")], after=(BIDS[1:], []))
    assert book.best() == (990, 200_000_000, None, None)


# --- what must not be believed --------------------------------------------------------------------------------------


def assert_void(book: Book) -> None:
    """No reader sees a level."""
    assert not book.valid
    assert not book
    assert book.state == "void"
    assert (book.bids, book.asks, len(book), book.checksum) == ([], [], 0, None)
    assert book.best() == (None, None, None, None)
    assert "void" in repr(book)
    with pytest.raises(DataError, match="void"):
        book.snapshot()


@pytest.mark.promise("S-07")
def test_a_mismatch_voids_the_book_until_the_next_snapshot() -> None:
    """Updates in between are refused, however right they look."""
    book = a_book(BIDS, ASKS)
    with pytest.raises(ChecksumMismatch) as caught:
        book.apply(heard(book_frame("update", [("99.5", "7.0")], [], 981)))
    after = checksum([("99.5", "7.0"), BIDS[1]], ASKS)
    assert (caught.value.symbol, caught.value.expected, caught.value.computed) == ("X/Y", 981, after)
    assert_void(book)
    with pytest.raises(DataError, match="before its snapshot"):
        book.apply(heard(book_frame("update", [], [], checksum(BIDS, ASKS))))
    assert_void(book)
    book.apply(heard(book_frame("snapshot", BIDS, ASKS, checksum(BIDS, ASKS))))
    assert (texts(book.bids), texts(book.asks)) == (BIDS, ASKS)


def test_an_update_needs_a_snapshot_first() -> None:
    """There is nothing it could apply to."""
    book = Book("X/Y", 10, 1, 8)
    with pytest.raises(DataError, match="before its snapshot"):
        book.apply(heard(book_frame("update", BIDS, [], checksum(BIDS, []))))
    assert_void(book)


@pytest.mark.promise("S-07")
def test_a_snapshot_is_proved_too() -> None:
    """One that fails leaves nothing behind."""
    book = a_book(BIDS, ASKS)
    with pytest.raises(ChecksumMismatch):
        book.apply(heard(book_frame("snapshot", BIDS, ASKS, 1)))
    assert_void(book)


IMPOSSIBLE: list[tuple[str, Entries, Entries, str]] = [
    ("snapshot", [("100.0", "1.0")], [("99.0", "1.0")], "crossed"),
    ("snapshot", [("100.0", "1.0")], [("100.0", "1.0")], "crossed"),
    ("update", [("100.5", "1.0")], [], "crossed: bid 100.5, ask 100.5"),
    ("update", [], [("99.0", "1.0")], "crossed: bid 99.5, ask 99.0"),
    ("update", [("0.0", "1.0")], [], "a price of 0.0"),
    ("update", [("-1.0", "1.0")], [], "a price of -1.0"),
    ("update", [], [("0", "0")], "a price of 0"),
    ("update", [("98.0", "-1.00000000")], [], "a negative quantity"),
    ("update", [("98.0", "-1")], [], "a negative quantity"),
    ("update", [("99.5", "-0.00000001")], [], "a negative quantity"),
    ("snapshot", [("99.0", "1.0"), ("99.5", "1.0")], [], "out of order"),
    ("snapshot", [], [("101.0", "1.0"), ("100.5", "1.0")], "out of order"),
    ("snapshot", [("99.5", "1.0"), ("99.5", "1.0")], [], "out of order"),
    ("snapshot", [("99.5", "1.0"), ("99.50", "1.0")], [], "out of order"),
]


@pytest.mark.promise("S-09")
@pytest.mark.parametrize(("kind", "bids", "asks", "reason"), IMPOSSIBLE)
def test_an_impossible_book_is_refused_even_if_its_checksum_agrees(
    kind: str, bids: Entries, asks: Entries, reason: str
) -> None:
    """Crossed, not positive, negative, unsorted, repeated."""
    book = a_book(BIDS, ASKS)
    merged = [dict(texts(book.bids)) | dict(bids), dict(texts(book.asks)) | dict(asks)]
    held: list[Entries] = [list(side.items()) for side in merged] if kind == "update" else [bids, asks]
    model = LevelModel(10, 1, 8)
    model.apply(*([(D(p), D(q)) for p, q in side] for side in held))
    with pytest.raises(ImpossibleBook) as caught:
        book.apply(heard(book_frame(kind, bids, asks, model.checksum())))
    assert reason in caught.value.reason
    assert_void(book)


@pytest.mark.promise("S-07")
def test_a_fault_of_our_own_leaves_no_half_applied_book() -> None:
    """Whatever goes wrong inside, no reader sees a book between two states."""
    book = a_book(BIDS, ASKS)
    message = heard(book_frame("update", [("99.5", "7.0"), ("99.0", "1.0")], [], 0))
    message.data[0].bids[1] = None  # type: ignore[call-overload]
    message.raw = b""
    with pytest.raises(AttributeError):
        book.apply(message)
    assert_void(book)


# --- reading --------------------------------------------------------------------------------------------------------


def test_the_best_is_one_object_until_it_changes() -> None:
    """So that a row is due exactly when it is another one."""
    book = a_book(BIDS, ASKS)
    best = book.best()
    update(book, bids=[("99.0", "5.0")], after=([BIDS[0], ("99.0", "5.0")], ASKS))
    assert book.best() is best
    update(book, asks=[("100.5", "5.0")], after=([BIDS[0], ("99.0", "5.0")], [("100.5", "5.0"), ASKS[1]]))
    assert book.best() == (995, 100_000_000, 1005, 500_000_000)


def test_the_top_and_the_scaled_levels_are_the_books() -> None:
    """Scaled integers times the last decimal are the levels."""
    book = a_book(BIDS, ASKS)
    assert book.top(1) == (book.bids[:1], book.asks[:1])
    assert book.scaled("bids") == ([995, 990], [100_000_000, 200_000_000])
    assert book.scaled("asks", 1) == ([1005], [150_000_000])
    assert len(book) == 4


def test_what_is_handed_out_is_the_readers_own() -> None:
    """Changing it changes no book."""
    book = a_book(BIDS, ASKS)
    book.bids.clear()
    book.scaled("asks")[0].clear()
    assert (texts(book.bids), texts(book.asks)) == (BIDS, ASKS)


def test_a_snapshot_does_not_follow_the_book() -> None:
    """It was taken, and stays, also if it is looked at only later."""
    book = a_book(BIDS, ASKS)
    photo = book.snapshot(received_at_ns=7, epoch=3)
    update(book, bids=[("99.5", "0.0")], after=(BIDS[1:], ASKS))
    assert texts(list(photo.bids)) == BIDS
    assert (photo.received_at_ns, photo.epoch, photo.depth) == (7, 3, 10)
    assert photo.timestamp_ns == 1777888800000001000
    assert photo.checksum == checksum(BIDS, ASKS)


def test_a_snapshot_can_be_shallower() -> None:
    """A shallower book is a view of the deeper one."""
    photo = a_book(BIDS, ASKS).snapshot(1)
    assert (len(photo.bids), len(photo.asks), photo.depth) == (1, 1, 1)


@pytest.mark.parametrize("written", ['"yesterday"', "null"])
def test_a_book_is_none_the_worse_for_a_time_that_cannot_be_read(written: str) -> None:
    """Its time is then not known."""
    book = Book("X/Y", 10, 1, 8)
    book.apply(heard(book_frame("snapshot", [], [], 0).replace(b'"2026-05-04T10:00:00.000001Z"', written.encode())))
    assert book.snapshot().timestamp_ns is None
