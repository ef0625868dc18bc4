"""How dear the looking road is: decode, route, book, checksum and rows, against a bare typed decode of the same bytes.

Run it by hand: ``python -m tests.benchmarks.bench_road``. Only ratios inside one run mean anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from kraken_lab.market import Book
from kraken_lab.sandbox.exchange import START_NS, Exchange
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.streams.router import Router
from kraken_lab.wire import BookMessage, Instant, Settings, Want, decode

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


def cpu_us(work: Callable[[bytes], object], messages: Sequence[bytes]) -> float:
    """CPU microseconds a message."""
    begun = time.process_time()
    for message in messages:
        work(message)
    return (time.process_time() - begun) / len(messages) * 1e6


def road(messages: Sequence[bytes], depth: int) -> float:
    """The whole road in process: conversation, router, feed, book, checksum, rows."""
    router = Router("bench", Settings(), lambda symbol: (1, 8))
    feed = BookFeed(Want(channel="book", symbol=SYMBOL, depth=depth), Settings(), router)
    router.add(feed, Instant(0.0, 0))
    router.opened(Instant(0.0, 0))
    router.hear(messages[0], Instant(0.0, 0))

    def work(message: bytes) -> None:
        router.hear(message, Instant(time.monotonic(), time.time_ns()))

    spent = cpu_us(work, messages[1:])
    assert feed.counters["checksum mismatches"] == 0
    assert feed.messages == len(messages), (feed.messages, feed.state, feed.reason)
    assert feed.history.rows > 0
    return spent


def book_alone(messages: Sequence[bytes], depth: int) -> float:
    """Decode, book and checksum, without routing and rows."""
    book = Book(SYMBOL, depth, 1, 8)
    first = decode(messages[0])
    assert isinstance(first, BookMessage)
    book.apply(first)
    return cpu_us(lambda message: book.apply(decode(message)), messages[1:])  # type: ignore[arg-type]


def main() -> None:
    """Print the ratios, the median of some interleaved rounds."""
    results: dict[str, list[float]] = {}
    made = {depth: frames(depth) for depth in (10, 100, 1000)}
    for _ in range(ROUNDS):
        for depth, messages in made.items():
            floor = cpu_us(bare, messages[1:])
            results.setdefault(f"bare typed decode, depth {depth}, us", []).append(floor)
            results.setdefault(f"decode, depth {depth}", []).append(cpu_us(decode, messages[1:]) / floor)
            results.setdefault(f"decode + book + checksum, depth {depth}", []).append(
                book_alone(messages, depth) / floor
            )
            results.setdefault(f"whole road with rows, depth {depth}", []).append(road(messages, depth) / floor)
    for name, values in results.items():
        print(f"{sorted(values)[len(values) // 2]:8.2f}  {name}")  # noqa: T201


if __name__ == "__main__":
    main()
