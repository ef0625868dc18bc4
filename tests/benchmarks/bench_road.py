"""How dear the looking road is: decode, route, book, checksum and rows, against a bare typed decode of the same bytes.

Run it by hand: ``python -m tests.benchmarks.bench_road``. Only ratios inside one run mean anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from kraken_lab.market import Book
from kraken_lab.sandbox.exchange import START_NS, Exchange
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.streams.router import Router
from kraken_lab.tables import EventTable, schema
from kraken_lab.wire import Instant, Settings, Want, decode

MESSAGES = 30_000
ROUNDS = 5
SYMBOL = "BTC/USD"


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


def frames(depth: int, count: int = MESSAGES) -> list[bytes]:
    """A snapshot and updates of the sandbox's book, as they come off the wire."""
    exchange = Exchange(seed=7, rate=5_000.0)
    session = exchange.open("public")
    session.receive(f'{{"method":"subscribe","params":{{"channel":"book","symbol":["{SYMBOL}"],"depth":{depth}}}}}')
    found: list[bytes] = []
    now = START_NS
    while len(found) <= count:
        now += 50_000_000
        exchange.advance(now)
        found += [
            text.encode() for text in session.drain() if isinstance(text, str) and '"channel":"book"' in text[:40]
        ]
        session.receive('{"method":"ping"}')
    return found[: count + 1]


Work: TypeAlias = Callable[[Sequence[bytes]], object]


def cpu_us(work: Work, messages: Sequence[bytes]) -> float:
    """CPU microseconds a message, of work that takes them all."""
    begun = time.process_time()
    work(messages)
    return (time.process_time() - begun) / len(messages) * 1e6


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

    def work(messages: Sequence[bytes]) -> None:
        for message in messages:
            held.apply(decode(message))  # type: ignore[arg-type]

    work([first])
    return work


def book_and_rows(depth: int, first: bytes) -> Work:
    """The same, and a row packed into columns whenever the best prices change."""
    held, table = Book(SYMBOL, depth, 1, 8), EventTable(schema("book_history"), symbols=[SYMBOL])
    table.count_in({"bid": 1, "bid_qty": 8, "ask": 1, "ask_qty": 8})

    def work(messages: Sequence[bytes]) -> None:
        last = None
        for at, message in enumerate(messages):
            held.apply(decode(message))  # type: ignore[arg-type]
            best = held.best()
            if best is not last:
                last = best
                table.append((held.timestamp, at, SYMBOL, *best, True, 1, False))
        assert table.rows > 0

    work([first])
    return work


def road(depth: int, first: bytes) -> Work:
    """The whole road in process: conversation, router, feed, book, checksum, rows."""
    router = Router("bench", Settings(), lambda symbol: (1, 8))
    feed = BookFeed(Want(channel="book", symbol=SYMBOL, depth=depth), Settings(), router)
    router.add(feed, Instant(0.0, 0))
    router.opened(Instant(0.0, 0))

    def work(messages: Sequence[bytes]) -> None:
        before = feed.messages
        for message in messages:
            router.hear(message, Instant(time.monotonic(), time.time_ns()))
        assert feed.counters["checksum mismatches"] == 0
        assert feed.messages == before + len(messages), (feed.messages, feed.state, feed.reason)
        assert feed.history.rows > 0

    work([first])
    return work


def main() -> None:
    """Print the ratios, the median of some interleaved rounds."""
    results: dict[str, list[float]] = {}
    made = {depth: frames(depth) for depth in (10, 100, 1000)}
    for _ in range(ROUNDS):
        for depth, (first, *messages) in made.items():
            floor = cpu_us(bare_decode, messages)
            results.setdefault(f"bare typed decode, depth {depth}, us", []).append(floor)
            for name, work in {
                "decode": our_decode,
                "decode + book + checksum": book(depth, first),
                "decode + book + checksum + rows": book_and_rows(depth, first),
                "whole road with rows": road(depth, first),
            }.items():
                results.setdefault(f"{name}, depth {depth}", []).append(cpu_us(work, messages) / floor)
    for name, values in results.items():
        print(f"{sorted(values)[len(values) // 2]:8.2f}  {name}")  # noqa: T201


if __name__ == "__main__":
    main()
