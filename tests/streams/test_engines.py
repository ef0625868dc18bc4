"""Whoever reads an update, the decoder or the book itself: it has been heard, and means the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal as D
from functools import cache
from typing import Any

import pytest

from kraken_lab.market import ENGINE, Book, HandOver
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.streams.router import Router
from kraken_lab.wire import Instant, Settings, Want
from tests.market.engines import compiled_engine
from tests.market.model import LevelModel, book_frame

SYMBOLS = ("X/Y", 'A"B/C')
ACKNOWLEDGED = (
    '{{"method":"subscribe","result":{{"channel":"book","depth":10,"snapshot":true,"symbol":"{}"}},"success":true,'
    '"time_in":"2026-05-04T10:00:00.000001Z","time_out":"2026-05-04T10:00:00.000002Z","req_id":{}}}'
)


@pytest.fixture
def counted() -> Iterator[list[int]]:
    """The compiled engine, with books of no patience, and how many updates they have read."""
    quicken, read = compiled_engine(), [0]

    def counting(book: Book, hand_over: HandOver) -> Book:
        made = quicken(book, hand_over)
        reader = made._reader  # type: ignore[attr-defined]

        def count(frame: bytes, received: int, cells: Any) -> int:
            said: int = reader(frame, received, cells)
            read[0] += said >= 0
            return said

        made._reader, made._patience = count, 0  # type: ignore[attr-defined]
        return made

    ENGINE.quicken = counting
    yield read
    ENGINE.quicken = None


class ALine:
    """A router with the books of two symbols, and all that can be seen of it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.router = Router("public", Settings(), lambda symbol: (1, 8))
        self.told: list[str] = []
        self.feeds = {}
        for symbol in SYMBOLS:
            feed = self.feeds[symbol] = BookFeed(Want(channel="book", symbol=symbol, depth=10), Settings(), self.router)
            feed.watchers = (lambda symbol=symbol: self.told.append(f"watcher of {symbol}"),)  # type: ignore[misc]
            feed.listeners = (lambda symbol=symbol: self.told.append(f"listener of {symbol}"),)  # type: ignore[misc]
            self.router.add(feed, self.at())
        self.router.opened(self.at())

    def at(self) -> Instant:
        """The next moment."""
        self.seconds += 0.25
        return Instant(self.seconds, int(self.seconds * 1e9))

    def hear(self, frame: bytes | str) -> None:
        """One frame, and what it gave rise to."""
        at = self.at()
        attention = self.router.hear(frame, at)
        self.told += [f"attention {attention}", *self.router.to_send(at)]

    def facts(self) -> dict[str, object]:
        """Everything there is to see, photographs and rows included."""
        talk = self.router.talk
        found: dict[str, object] = {
            "told": [*self.told],
            "heard": dict(talk.heard),
            "last heard": talk.last_heard,
            "counters": dict(talk.counters),
            "malformed": talk.quarantine.count,
            "standings": [(standing.want.key, standing.stage) for standing in talk.standings],
        }
        for symbol, feed in self.feeds.items():
            found[symbol] = [
                *(feed.state, feed.reason, feed.epoch, feed.messages, feed.last_at, feed.stamp, dict(feed.counters)),
                *(feed.gaps.view().pandas().to_csv(), feed.history.view().pandas().to_csv()),
                feed.photograph() if feed.state == "LIVE" else None,
            ]
        return found


def frames() -> Iterator[bytes | str]:
    """Two books from their subscription on: usual updates, unusual ones, wrong ones, and some of nobody's."""
    models = {symbol: LevelModel(10, 1, 8) for symbol in SYMBOLS}
    told = {symbol: symbol.replace('"', '\\"') for symbol in SYMBOLS}

    def frame(symbol: str, kind: str, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> bytes:
        model = models[symbol]
        model.apply([(D(p), D(q)) for p, q in bids], [(D(p), D(q)) for p, q in asks])
        return book_frame(kind, bids, asks, model.checksum(), told[symbol])

    yield frame(SYMBOLS[0], "update", [], [])  # before its snapshot
    for number, symbol in enumerate(SYMBOLS, 1):
        yield ACKNOWLEDGED.format(told[symbol], number)
        models[symbol] = LevelModel(10, 1, 8)
        yield frame(symbol, "snapshot", [("99.5", "1.00000000")], [("100.5", "2.00000000")])
    for n in range(1, 30):
        symbol = SYMBOLS[n % 2]
        usual = frame(
            symbol, "update", [(f"{99 - n % 3}.5", f"{n}.00000000")], [("100.5", "2.50000000")] * (n % 4 == 0)
        )
        match n:
            case 5:
                yield usual.replace(b'"checksum"', b'"new":1,"checksum"')
            case 6:
                yield usual.decode()
            case 7:
                yield usual.replace(b".00000000", b"e0")
            case 8:
                yield usual.replace(b'"timestamp":"2026-05-04T10:00:00.000001Z"', b'"timestamp":"soon"')
            case 9:
                yield usual.replace(b"2026-05-04", b"2028-02-29")
            case _:
                yield usual
        if n == 12:
            yield usual.replace(told[symbol].encode(), b"N/N")
            yield b'{"channel":"heartbeat"}'
    yield frame(SYMBOLS[1], "update", [("101.0", "1.00000000")], [])  # crossed
    yield book_frame("update", [], [], 7, told[SYMBOLS[0]])  # not the exchange's
    yield frame(SYMBOLS[0], "update", [], [])  # while it is asked for anew
    yield b"{"


def told_all(look: Callable[[ALine], None] = lambda line: None) -> ALine:
    """A line that has heard all of it."""
    line = ALine()
    line.router.to_send(line.at())
    for frame in frames():
        line.hear(frame)
        look(line)
    return line


@pytest.mark.promise("S-07", "S-13")
def test_nothing_else_can_be_told_of_a_line_whose_books_read(counted: list[int]) -> None:
    """After each frame: counts, times, states, gaps, rows, photographs, requests, and who was told in which order."""
    ENGINE.quicken, quicken = None, ENGINE.quicken
    plain: list[dict[str, object]] = []
    told_all(lambda line: plain.append(line.facts()))
    ENGINE.quicken = quicken
    at = iter(plain)

    def compare(line: ALine) -> None:
        assert line.facts() == next(at)

    line = told_all(compare)
    assert counted[0] >= 15
    assert [feed.state for feed in line.feeds.values()] == ["RESYNCING", "RESYNCING"]
    assert line.feeds["X/Y"].counters["checksum mismatches"] == 1


@pytest.mark.promise("S-07")
def test_a_book_that_was_kept_up_before_goes_over_between_two_messages(counted: list[int]) -> None:
    """The engine may be ready late; and if it is taken away again, the books go on without it."""
    ENGINE.quicken, quicken = None, ENGINE.quicken
    line = ALine()
    line.router.to_send(line.at())
    for n, frame in enumerate(frames()):
        ENGINE.quicken = quicken if 8 <= n < 20 else None
        line.hear(frame)
        if n == 19:
            assert 0 < counted[0] <= 12
        if n == 30:
            assert [feed.state for feed in line.feeds.values()] == ["LIVE", "LIVE"]
    assert line.facts() == told_all().facts()


# --- rows that a book writes by itself ------------------------------------------------------------------------------


@cache
def many_frames(count: int = 3_500) -> list[bytes]:
    """A snapshot and updates of one book, each of which writes a best level; now and then an unusual one."""
    model = LevelModel(10, 1, 8)
    made = []
    for n in range(count):
        asks = [("100.5", f"{n % 900 + 1}.00000000")]
        bids = [("99.5", "0")] if n % 7 == 3 else [("99.5", f"{n % 5 + 1}.25000000")]
        if n % 500 == 499:
            bids, asks = [("99.5", "0")], [("100.5", "0")]  # nobody is left on either side
        if n % 1500 == 1400:
            asks = [("100.5", "1e0")]
        model.apply(*([(D(price), D(qty)) for price, qty in side] for side in (bids, asks)))
        made.append(book_frame("update" if n else "snapshot", bids, asks, model.checksum()))
    return made


def told_many(frames: list[bytes]) -> BookFeed:
    """The feed of one book that has heard them."""
    line = ALine()
    line.router.to_send(line.at())
    line.hear(ACKNOWLEDGED.format("X/Y", 1))
    for frame in frames:
        line.router.hear(frame, line.at())
    return line.feeds["X/Y"]


@pytest.mark.promise("S-07")
def test_all_rows_are_in_the_table_in_their_order_whoever_wrote_them(counted: list[int]) -> None:
    """More than there is room for with the book, missing prices among them, and some that were decoded in between."""
    frames = many_frames()
    read = told_many(frames)
    assert counted[0] > 3_400
    ENGINE.quicken = None
    plain = told_many(frames)
    assert len(plain.history) == 3_500
    assert read.history.latest == plain.history.latest
    assert read.history.view().pandas().to_csv() == plain.history.view().pandas().to_csv()


@pytest.mark.promise("S-07")
@pytest.mark.promise("S-17")
def test_rows_may_be_taken_by_any_thread_while_others_are_written(counted: list[int]) -> None:
    """Two readers look all the time: no row is lost, none comes twice, and what they see only grows."""
    frames, stop, wrong = many_frames(), threading.Event(), []
    line = ALine()
    line.router.to_send(line.at())
    line.hear(ACKNOWLEDGED.format("X/Y", 1))
    table = line.feeds["X/Y"].history

    def look() -> None:
        seen = 0
        while not stop.is_set():
            received = table.view().columns[1].array().astype("int64")
            if len(received) < seen or (received[1:] <= received[:-1]).any():
                wrong.append(f"{len(received)} rows after {seen}, or out of order")
            seen = len(received)

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for frame in frames:
            line.router.hear(frame, line.at())
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not wrong, wrong[:3]
    assert table.rows == 3_500
