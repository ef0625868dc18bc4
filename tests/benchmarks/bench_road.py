"""How dear the looking road is: decode, route, book, checksum and rows, against a bare typed decode of the same bytes.

Run it by hand: ``python -m tests.benchmarks.bench_road``. Only ratios inside one run mean anything, so every stage
takes the same thousand messages in turn before any takes the next: what slows the machine down meets them all. Both
engines of the book are measured, where numba is.
"""

# ruff: noqa: T201
from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from statistics import median
from typing import TypeAlias

import msgspec

from kraken_lab.market import ENGINE, Book, Quicken, RowsOfTop
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.streams.router import Router
from kraken_lab.streams.top_rows import TopRows
from kraken_lab.tables import EventTable, schema
from kraken_lab.wire import BookMessage, Instant, Settings, Want, decode

from .traffic import MIXES, SYMBOL, book_frames, facts

MESSAGES = 30_000
BLOCK = 1_000
ROUNDS = 5

Work: TypeAlias = Callable[[Sequence[bytes]], object]

STAGES = ("decode", "decode + book + checksum", "decode + book + checksum + rows", "whole road with rows")
COMPILED = "compiled: "


class _Level(msgspec.Struct, gc=False):
    price: float
    qty: float


class _Change(msgspec.Struct, gc=False):
    symbol: str
    bids: list[_Level]
    asks: list[_Level]
    checksum: int
    timestamp: str


class _Book(msgspec.Struct, tag_field="channel", tag="book", gc=False):
    type: str
    data: list[_Change]


class _Heartbeat(msgspec.Struct, tag_field="channel", tag="heartbeat"):
    pass


bare = msgspec.json.Decoder(_Book | _Heartbeat).decode


def bare_decode(messages: Sequence[bytes]) -> None:
    """The floor: a typed decode and nothing else."""
    for message in messages:
        bare(message)


def our_decode(messages: Sequence[bytes]) -> None:
    """Decode with the digits kept and the proof that nothing was overlooked."""
    for message in messages:
        decode(message)


def book(depth: int, first: bytes) -> Work:
    """Decode, book and checksum, without routing and rows."""
    held = Book(SYMBOL, depth, 1, 8)
    _apply(held, first)

    def work(messages: Sequence[bytes]) -> None:
        for message in messages:
            held.apply(decode(message))  # type: ignore[arg-type]

    return work


def book_and_rows(depth: int, first: bytes) -> Work:
    """The same, and a row for a column table whenever the best level of a side changes, as a stream does it."""
    held, table = Book(SYMBOL, depth, 1, 8), EventTable(schema("book_history"), symbols=[SYMBOL])
    table.count_in({"bid": 1, "bid_qty": 8, "ask": 1, "ask_qty": 8})
    _apply(held, first)
    last = None

    def work(messages: Sequence[bytes]) -> None:
        nonlocal last
        for at, message in enumerate(messages):
            held.apply(decode(message))  # type: ignore[arg-type]
            best = held.best()
            if best is not last:
                last = best
                table.append((held.timestamp, at, SYMBOL, *best, True, 1, False))

    return work


def read(depth: int, first: bytes, quicken: Quicken) -> Work:
    """Decode, book and checksum by the compiled engine."""
    held = Book(SYMBOL, depth, 1, 8)
    _apply(held, first)
    held = quicken(held, drop)

    def work(messages: Sequence[bytes]) -> None:
        for message in messages:
            assert held.read(message, 0)

    return work


def drop(rows: RowsOfTop | None) -> None:
    """Nobody wants them."""
    if rows is not None:
        rows.drop_rows(len(rows.rows()))


def read_and_rows(depth: int, first: bytes, quicken: Quicken) -> Work:
    """The same with rows."""
    held, table = Book(SYMBOL, depth, 1, 8), EventTable(schema("book_history"), symbols=[SYMBOL])
    table.count_in({"bid": 1, "bid_qty": 8, "ask": 1, "ask_qty": 8})
    _apply(held, first)
    written: list[TopRows] = []

    def draw(rows: RowsOfTop | None) -> None:
        if rows is not None and not written:
            written.append(TopRows(rows, SYMBOL, 1))
        table.draw_from(written[0])

    held = quicken(held, draw)

    def work(messages: Sequence[bytes]) -> None:
        for at, message in enumerate(messages):
            assert held.read(message, at)

    return work


def road(depth: int, first: bytes, quicken: Quicken | None = None) -> Work:
    """The whole road in process: conversation, router, feed, book, checksum, rows."""
    router = Router("bench", Settings(), lambda symbol: (1, 8))
    feed = BookFeed(Want(channel="book", symbol=SYMBOL, depth=depth), Settings(), router)
    router.add(feed, Instant(0.0, 0))
    router.opened(Instant(0.0, 0))
    router.hear(first, Instant(0.0, 0))

    def work(messages: Sequence[bytes]) -> None:
        before, ENGINE.quicken = feed.messages, quicken
        for message in messages:
            router.hear(message, Instant(time.monotonic(), time.time_ns()))
        ENGINE.quicken = None
        assert feed.messages == before + len(messages), (feed.messages, feed.state, feed.reason)

    return work


def _apply(held: Book, frame: bytes) -> None:
    message = decode(frame)
    assert isinstance(message, BookMessage)
    held.apply(message)


def compiled_engine() -> Quicken | None:
    """The compiled engine, compiled now if it was not before; None without numba."""
    if find_spec("numba") is None:
        return None
    from kraken_lab.market.compiled import compile_or_load

    return compile_or_load()


def cpu_us(depth: int, frames: Sequence[bytes], quicken: Quicken | None) -> dict[str, float]:
    """CPU microseconds a message of each stage and all before it, in turn over the same blocks of messages."""
    first, *messages = frames
    works: dict[str, Work] = {
        "bare typed decode": bare_decode,
        "decode": our_decode,
        "decode + book + checksum": book(depth, first),
        "decode + book + checksum + rows": book_and_rows(depth, first),
        "whole road with rows": road(depth, first),
    }
    if quicken is not None:
        works |= {
            COMPILED + "decode + book + checksum": read(depth, first, quicken),
            COMPILED + "decode + book + checksum + rows": read_and_rows(depth, first, quicken),
            COMPILED + "whole road with rows": road(depth, first, quicken),
        }
    spent = dict.fromkeys(works, 0.0)
    for start in range(0, len(messages), BLOCK):
        block = messages[start : start + BLOCK]
        for name, work in works.items():
            begun = time.process_time()
            work(block)
            spent[name] += time.process_time() - begun
    return {name: seconds / len(messages) * 1e6 for name, seconds in spent.items()}


def main(messages: int = MESSAGES, rounds: int = ROUNDS) -> None:
    """Print the ratios, each the median of some rounds, by mix of traffic and depth."""
    made = {
        (mix, depth): book_frames(depth, messages, together)
        for mix, depths in MIXES.items()
        for depth, together in depths.items()
    }
    results: dict[tuple[str, int], dict[str, list[float]]] = {}
    quicken = compiled_engine()
    for _ in range(rounds):
        for key, frames in made.items():
            spent = cpu_us(key[1], frames, quicken)
            found = results.setdefault(key, {})
            for name, us in spent.items():
                found.setdefault(name, []).append(us)
                found.setdefault(f"{name}, times bare", []).append(us / spent["bare typed decode"])
    for key, found in results.items():
        mix, depth = key
        print(f"\n{mix}, depth {depth}: {facts(made[key])}")
        print(f"{median(found['bare typed decode']):8.2f}  us for a bare typed decode")
        for name in (*STAGES, *(COMPILED + stage for stage in STAGES[1:] if COMPILED + stage in found)):
            times = median(found[f"{name}, times bare"])
            shallow = results[mix, 10][name]
            deep = median(us / least for us, least in zip(found[name], shallow, strict=True))
            print(f"{times:8.2f}  times that: {name}" + (f"; {deep:.2f} x depth 10" if depth > 10 else ""))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
