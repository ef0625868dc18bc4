"""The book that reads bytes is the ordinary book, whatever comes: levels, rows, errors."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import ChecksumMismatch, DataError, ImpossibleBook, KrakenLabError
from kraken_lab.market import Book
from kraken_lab.wire import BookMessage, decode
from kraken_lab.wire.timestamps import to_ns

from .engines import compiled_engine, interpreted
from .model import LevelModel, book_frame, printed

pytest.importorskip("numba", reason="the compiled engine needs numba")

from kraken_lab.market import NotCompiled, compiled, kernel
from kraken_lab.market.quick_book import QuickBook

Reader: TypeAlias = Callable[[bytes, int, Any], int]
Entries: TypeAlias = list[tuple[str, str]]
PRECISIONS = [(1, 8), (4, 8), (8, 5), (10, 8), (0, 0), (2, 0), (0, 8)]
BIDS: Entries = [("99.5", "1.00000000"), ("99.0", "2.00000000")]
ASKS: Entries = [("100.5", "1.50000000"), ("101.0", "2.50000000")]


STRANGE_TIMES = [
    *("2026-02-29T10:00:00.1Z", "2026-04-31T10:00:00.1Z", "2026-13-01T10:00:00.1Z", "2026-05-00T10:00:00.1Z"),
    *("2100-02-29T10:00:00.1Z", "2026-05-04T24:00:00.1Z", "2026-05-04T10:60:00.1Z", "2026-05-04T10:00:60.1Z"),
    *("2026-05-04T10:00:00Z", "2026-05-04T10:00:00.Z", "2026-05-04T10:00:00.1234567891Z", "2026-05-04 10:00:00.1Z"),
    *("2026-05-04T10:00:00.1", "2026-05-04T10:00:00.1+02:00", "1969-05-04T10:00:00.1Z", "2026-5-04T10:00:00.11Z", ""),
]


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The compiled reader itself."""
    compiled_engine()
    return kernel.read


def ignore(rows: object) -> None:
    """Rows are of no interest."""


def message_of(frame: bytes) -> BookMessage:
    """A frame's book message."""
    message = decode(frame)
    assert isinstance(message, BookMessage)
    return message


def quick(
    bids: Entries, asks: Entries, *, depth: int = 10, digits: tuple[int, int] = (1, 8), patience: int = 0, **how: Any
) -> QuickBook:
    """A book with these levels that reads bytes, by the interpreted reader unless told otherwise."""
    book, model = Book("X/Y", depth, *digits), LevelModel(depth, *digits)
    model.apply(*([(D(price), D(qty)) for price, qty in side] for side in (bids, asks)))
    book.apply(message_of(book_frame("snapshot", bids, asks, model.checksum())))
    return QuickBook(book, how.get("hand_over", ignore), how.get("reader") or interpreted().read, patience)


def tell(book: Book, frame: bytes) -> tuple[str, str] | None:
    """Have a book take a frame, by its bytes if it can: what went wrong, if anything."""
    try:
        if not (book.valid and book.read(frame, 0)):
            message = decode(frame)
            if isinstance(message, BookMessage):
                book.apply(message)
    except KrakenLabError as error:
        return type(error).__name__, str(error)
    return None


def facts(book: Book) -> tuple[object, ...]:
    """All that can be read of a book."""
    photo = book.snapshot() if book.valid else None
    return (
        *(book.valid, book.checksum, book.timestamp, len(book), repr(book), book.best(), book.bids, book.asks),
        *(photo, hash(photo), book.top(3), book.scaled("asks", 2), [book.ladder("bids", n).prices for n in (0, 1, 99)]),
    )


# --- the same as the ordinary book ----------------------------------------------------------------------------------


def update_of(chance: random.Random, model: LevelModel, crowd: int, forms: list[str]) -> bytes:
    """A message with the model's checksum after it, its numbers in some form."""
    entries = []
    for side in ("bids", "asks"):
        units = [
            chance.randint(1, crowd) + (crowd if side == "asks" else 0) for _ in range(chance.choice([0, 1, 1, 4]))
        ]
        sizes = [chance.choice([0, 0, 1, chance.randint(1, 10**9), 10 ** chance.randint(0, 19)]) for _ in units]
        entries.append([
            (D(f"{price}E-{model.price_precision}"), D(f"{size}E-{model.qty_precision}"))
            for price, size in zip(units, sizes, strict=True)
        ])  # fmt: skip
    model.apply(*entries)
    bids, asks = (
        [
            (printed(price, model.price_precision, chance.choice(forms)), printed(qty, model.qty_precision, form))
            for price, qty in side
            for form in [chance.choice(forms)]
        ]
        for side in entries
    )
    return book_frame("update", bids, asks, model.checksum())


def hurt(chance: random.Random, frame: bytes) -> bytes:
    """The frame with something done to it."""
    at = chance.randrange(len(frame))
    token = chance.choice(
        [b"e5", b"-", b'"', b"\\u0041", "é".encode(), b"0", b"1" * 30, b".", b",", b" ", b"[]", b"null"]
    )
    match chance.randrange(8):
        case 0:
            return frame[:at]
        case 1:
            return frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1 :]
        case 2:
            return frame[:at] + token + frame[at:]
        case 3:
            return frame[:at] + frame[at + chance.randint(1, 9) :]
        case 4:
            key, value = chance.choice([(b"checksum", b"7"), (b"symbol", b'"X/Y"'), (b"bids", b"[]"), (b"new", b"1")])
            return frame.replace(
                b'"' + chance.choice([key, b"checksum"]) + b'":', b'"%s":%s,"%s":' % (key, value, key), 1
            )
        case 5:
            return frame.replace(b'"price":', b'"qty":', 1)
        case 6:
            return frame + chance.choice([b" ", b"\n", b"}", frame])
        case _:
            return frame.replace(b"2026", token, 1)


def compare(seed: int, digits: tuple[int, int], crowd: int, forms: list[str], reader: Reader, steps: int = 30) -> int:
    """Tell an ordinary book and one that reads bytes the same, good and bad; how many messages the second one read."""
    chance = random.Random(seed)
    depth = chance.choice([3, 10, 25])
    plain, reading = Book("X/Y", depth, *digits), None
    model, rows, read = LevelModel(depth, *digits), [[plain.best()], [plain.best()]], 0

    def counting(frame: bytes, received: int, cells: Any) -> int:
        nonlocal read
        said = reader(frame, received, cells)
        read += said >= 0
        return said

    for _ in range(steps):
        if reading is None or not plain.valid:
            model = LevelModel(depth, *digits)
            snapshot = book_frame("snapshot", [], [], 0)
            assert tell(plain, snapshot) is None
            book = Book("X/Y", depth, *digits)
            tell(book, snapshot)
            reading = QuickBook(book, ignore, counting, patience=chance.choice([0, 0, 3]))
            rows = [[plain.best()], [reading.best()]]
        frame = update_of(chance, model, crowd, forms)
        if chance.random() < 0.1:
            frame = hurt(chance, frame)
        wrong = tell(plain, frame)
        assert tell(reading, frame) == wrong, frame
        assert facts(reading) == facts(plain), frame
        for book, best in ((plain, rows[0]), (reading, rows[1])):
            if book.best() is not best[-1]:
                best.append(book.best())
        assert rows[0] == rows[1], frame
    return read


@pytest.mark.promise("S-07", "S-15")
@given(
    seed=st.integers(0, 2**32),
    digits=st.sampled_from(PRECISIONS),
    crowd=st.sampled_from([3, 12, 40]),
    forms=st.sampled_from([["padded"], ["padded", "short", "whole"], ["padded", "exponent"]]),
)
@settings(max_examples=20)
def test_both_books_hold_the_same_whatever_comes(
    seed: int, digits: tuple[int, int], crowd: int, forms: list[str]
) -> None:
    """Levels, best prices and the rows they make, checksums, times and errors, of good messages and of hurt ones."""
    compare(seed, digits, crowd, forms, interpreted().read)


@pytest.mark.promise("S-07", "S-15")
def test_both_books_hold_the_same_with_the_reader_compiled(reader: Reader) -> None:
    """The same with machine code, which reads nearly all of it."""
    read = sum(compare(seed, PRECISIONS[seed % 7], 12, ["padded", "short", "whole"], reader) for seed in range(35))
    assert read > 500


@pytest.mark.promise("S-13")
def test_any_one_byte_changed_decides_the_same(reader: Reader) -> None:
    """Each byte of a message left out, doubled, or put in place of another: both books say the same of it."""
    frame = update_after([("99.5", "3.25000000")], [("100.5", "0.00000000")])
    message = message_of(book_frame("snapshot", BIDS, ASKS, quick(BIDS, ASKS).checksum or 0))
    for at in range(len(frame)):
        mutants = [frame[:at], frame[:at] + frame[at + 1 :], frame[:at] + frame[at : at + 1] + frame[at:]]
        mutants += [frame[:at] + bytes([byte]) + frame[at + 1 :] for byte in b'08e-."} ']
        for mutant in mutants:
            plain, book = Book("X/Y", 10, 1, 8), Book("X/Y", 10, 1, 8)
            for held in (plain, book):
                held.apply(message)
            reading = QuickBook(book, ignore, reader)
            wrong = tell(plain, mutant)
            assert tell(reading, mutant) == wrong, mutant
            assert (reading.checksum, reading.best(), len(reading)) == (plain.checksum, plain.best(), len(plain)), (
                mutant
            )


def update_after(bids: Entries, asks: Entries, *, before: tuple[Entries, Entries] = (BIDS, ASKS)) -> bytes:
    """A good update of a book that held ``before``."""
    model = LevelModel(10, 1, 8)
    for sides in (before, (bids, asks)):
        model.apply(*([(D(price), D(qty)) for price, qty in side] for side in sides))
    return book_frame("update", bids, asks, model.checksum())


# --- what it reads --------------------------------------------------------------------------------------------------


@pytest.mark.promise("S-07")
@pytest.mark.parametrize("qty", ["3.25000000", "3.25", "3", "0.00000001", "999999999.99999999", "0", "0.0"])
def test_usual_numbers_are_read(qty: str) -> None:
    """Padded, without trailing zeros, whole; zero removes."""
    book = quick(BIDS, ASKS)
    assert book.read(update_after([("99.5", qty)], []), 0)
    assert dict(book.bids).get(D("99.5"), D(0)) == D(qty)


@pytest.mark.promise("S-13", "S-15")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"3.25000000", b"3.25e0"),
        (b"3.25000000", b"3.250000000"),
        (b"3.25000000", b"-3.25000000"),
        (b"3.25000000", b"03.25000000"),
        (b"3.25000000", b"3."),
        (b"3.25000000", b"99999999999.00000000"),
        (b"3.25000000", b'"3.25"'),
        (b"99.5", b"0.0"),
        (b'"price":99.5,"qty":3.25000000', b'"qty":3.25000000,"price":99.5'),
        (b'"checksum"', b'"new":1,"checksum"'),
        (b'"X/Y"', b'"X\\/Y"'),
        (b'"X/Y"', b'"X/Z"'),
        (b"10:00:00", b"10:0\\n:00"),
        (b"2026-05-04T10:00:00.000001Z", b""),
        (b'"update"', b'"snapshot"'),
        (b',"timestamp":"2026-05-04T10:00:00.000001Z"', b""),
        (b"}]}", b'}],"new":1}'),
        (b'"data":[', b'"data":[{"symbol":"X/Y","bids":[],"asks":[],"checksum":0},'),
    ],
)
def test_what_is_unusual_is_left_to_the_decoder(old: bytes, new: bytes) -> None:
    """And changes nothing before that."""
    book = quick(BIDS, ASKS)
    assert book.read(update_after([], []), 0)
    frame = update_after([("99.5", "3.25000000")], [])
    assert old in frame
    before = facts(book)
    assert not book.read(frame.replace(old, new), 0)
    assert facts(book) == before
    assert book.read(frame, 0)


@pytest.mark.promise("S-15")
def test_a_message_of_more_levels_than_there_is_room_for_is_left_to_the_decoder() -> None:
    """Up to that many it is read, however shallow the book."""
    many = [(f"{90 - n / 10:.1f}", "1.00000000") for n in range(kernel.MOST_ENTRIES)]
    book = quick(BIDS, ASKS)
    assert book.read(update_after(many, []), 0)
    assert len(book) == 12
    assert not book.read(update_after([*many, ("1.0", "1.00000000")], []), 0)


@pytest.mark.promise("S-15")
def test_a_level_too_large_for_a_machine_keeps_the_book_an_ordinary_one() -> None:
    """As long as it is there, and the book's patience after it."""
    large = str(kernel.LIMIT)
    book = quick([("99.5", large)], [], digits=(1, 0), patience=2)
    gone = book_frame("update", [("99.5", "0")], [], 0)
    assert [book.read(gone, 0) for _ in range(4)] == [False] * 4
    book.apply(message_of(gone))
    assert [book.read(gone, 0) for _ in range(4)] == [False, False, True, True]


def test_a_name_too_long_to_be_remembered_is_left_to_the_decoder() -> None:
    """Nothing is read for a symbol of which only the beginning is known."""
    book = Book("X" * kernel.MOST_HEAD, 10, 1, 8)
    book.apply(message_of(book_frame("snapshot", [], [], 0, book.symbol)))
    for symbol in (book.symbol, book.symbol[:75]):
        assert not QuickBook(book, ignore, interpreted().read).read(book_frame("update", [], [], 0, symbol), 0)


@pytest.mark.promise("S-07")
def test_a_book_whose_rows_nobody_takes_writes_none_over_another(reader: Reader) -> None:
    """With room for no more it leaves the message to the decoder."""
    told: list[object] = []
    book = quick(BIDS, ASKS, reader=reader, hand_over=told.append)
    frame = update_after([("99.5", "1.00000000")], [])
    assert all(book.read(frame, at) for at in range(kernel.MOST_ROWS))
    assert told[0] is book  # at the beginning, and from half its room on
    assert len(told) == 2 + kernel.MOST_ROWS // 2
    assert not book.read(frame, kernel.MOST_ROWS)
    assert book.rows()[:, 1].tolist() == list(range(kernel.MOST_ROWS))
    assert book.rows()[-1, 2:].tolist() == [995, 100_000_000, 1005, 150_000_000]
    book.drop_rows(3)
    assert book.read(frame, kernel.MOST_ROWS)
    assert book.rows()[:, 1].tolist() == list(range(3, kernel.MOST_ROWS + 1))
    book.apply(message_of(frame))
    assert told[-1] is None


@pytest.mark.promise("S-15")
@pytest.mark.parametrize(
    "time",
    [
        "2026-05-04T10:00:00.000001Z",
        "2028-02-29T23:59:59.9Z",
        "1970-01-01T00:00:00.000000001Z",
        "2100-12-31T00:00:00.5Z",
    ],
)
def test_the_time_in_a_row_is_the_messages(time: str) -> None:
    """To the nanosecond, with any number of decimals."""
    book = quick(BIDS, ASKS)
    assert book.read(update_after([("99.5", "3.0")], []).replace(b"2026-05-04T10:00:00.000001Z", time.encode()), 7)
    assert book.rows()[:, :2].tolist() == [[to_ns(time), 7]]
    assert book.timestamp == time


@pytest.mark.promise("S-15")
@pytest.mark.parametrize(
    "time",
    STRANGE_TIMES,
)
def test_a_time_that_is_not_ordinary_is_left_to_the_decoder(time: str) -> None:
    """It takes any text for one, and a table any that is a time."""
    book = quick(BIDS, ASKS)
    assert not book.read(update_after([], []).replace(b"2026-05-04T10:00:00.000001Z", time.encode()), 0)


# --- going wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.promise("S-07")
def test_a_checksum_that_disagrees_voids_the_book() -> None:
    """It says what came and what was computed, and has nothing to show."""
    book = quick(BIDS, ASKS)
    good = book.checksum
    with pytest.raises(ChecksumMismatch) as caught:
        book.read(book_frame("update", [], [], 7), 0)
    assert (caught.value.expected, caught.value.computed) == (7, good)
    assert (book.valid, len(book), book.best(), book.timestamp) == (False, 0, (None,) * 4, None)
    assert not book.read(update_after([], []), 0)


@pytest.mark.promise("S-07")
def test_a_crossed_book_is_void_though_its_checksum_agrees() -> None:
    """A bid at the price of the best ask is enough."""
    book = quick(BIDS, ASKS)
    with pytest.raises(ImpossibleBook, match=r"crossed: bid 100\.5, ask 100\.5"):
        book.read(update_after([("100.5", "1.00000000")], []), 0)
    assert not book.valid


@pytest.mark.promise("S-07")
def test_a_fault_of_the_readers_own_leaves_no_half_applied_book() -> None:
    """Whatever goes wrong inside, no reader sees a book between two states."""

    def fails(frame: bytes, received: int, cells: Any) -> int:
        cells[:] = 0
        raise SystemError

    book = quick(BIDS, ASKS, reader=fails)
    with pytest.raises(SystemError):
        book.read(update_after([], []), 0)
    assert (book.valid, book.bids) == (False, [])


# --- between reading and decoding -----------------------------------------------------------------------------------


def test_after_something_unusual_it_is_an_ordinary_book_for_a_while() -> None:
    """For as many messages as it has patience, and its best is no other object for all that."""
    book = quick(BIDS, ASKS, patience=3)
    frame = update_after([], [])
    assert book.read(frame, 0)
    best = book.best()
    book.apply(message_of(frame))
    assert [book.read(frame, 0) for _ in range(5)] == [False, False, False, True, True]
    assert book.best() is best


def test_what_was_read_is_there_for_what_is_decoded_next() -> None:
    """A level that was read can be changed by a decoded message, and the other way round."""
    book = quick(BIDS, ASKS)
    assert book.read(update_after([("98.0", "1.00000000")], []), 0)
    frame = update_after([("98.0", "0")], [], before=([*BIDS, ("98.0", "1")], ASKS))
    book.apply(message_of(frame))
    assert [f"{price}" for price, _ in book.bids] == ["99.5", "99.0"]
    assert book.read(update_after([("98.5", "1.00000000")], []), 0)
    assert [f"{price}" for price, _ in book.bids] == ["99.5", "99.0", "98.5"]


def test_a_void_book_reads_nothing_and_a_snapshot_makes_it_whole() -> None:
    """By the decoder, as every snapshot."""
    book = quick(BIDS, ASKS)
    book.void()
    frame = update_after([], [])
    assert not book.read(frame, 0)
    with pytest.raises(DataError, match="before its snapshot"):
        book.apply(message_of(frame))
    book.apply(message_of(frame.replace(b'"update"', b'"snapshot"').replace(b'"checksum":', b'"checksum":0,"x":')))
    assert book.valid
    assert book.bids == []


# --- compiling ------------------------------------------------------------------------------------------------------


def test_only_the_thread_that_loads_is_kept_from_compiling() -> None:
    """What the user compiles in another meanwhile is none of its business."""
    refusal, refused = compiled._Refusal(), []

    def compile_something() -> None:
        try:
            refusal.on_start(None)
        except NotCompiled:
            refused.append("refused")

    other = threading.Thread(target=compile_something)
    other.start()
    other.join()
    assert refused == []
    compile_something()
    assert refused == ["refused"]


def test_nothing_is_compiled_by_loading(tmp_path: Path) -> None:
    """Where nothing was compiled before, it is said so at once."""
    code = (
        "from kraken_lab.market import compiled\n"
        "try: compiled.load()\n"
        "except compiled.NotCompiled: print('not compiled')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout == "not compiled\n", done.stderr
