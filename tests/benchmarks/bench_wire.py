"""From the socket to the row: the package's transport and road against a bare ``recv`` of the same frames.

Run it by hand: ``python -m tests.benchmarks.bench_wire``. A second process sends the frames back to back; what is
compared is this process's CPU time and wall time a message, as ratios within one run.
"""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from kraken_lab.market import ENGINE
from kraken_lab.net import WebSocketTransport
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.streams.router import Router
from kraken_lab.wire import Instant, Settings, Want

from .bench_road import compiled_engine
from .traffic import MIXES, SYMBOL, book_frames

ROUNDS = 5


def send_frames(made: list[bytes], pipe: Connection) -> None:
    """The other process: sends all frames to whoever connects."""

    async def main() -> None:
        async def talk(connection: ServerConnection) -> None:
            for frame in made:
                await connection.send(frame, text=True)
            await connection.wait_closed()

        async with serve(talk, "127.0.0.1", 0, compression=None) as server:
            pipe.send(server.sockets[0].getsockname()[1])
            await asyncio.get_running_loop().create_future()

    asyncio.run(main())


async def bare(url: str, count: int) -> None:
    """Receive and throw away."""
    async with connect(url, compression=None, max_queue=None, proxy=None) as connection:
        for _ in range(count):
            await connection.recv(decode=False)


async def road(url: str, count: int) -> None:
    """Transport, conversation, router, book, checksum, rows."""
    router = Router("bench", Settings(), lambda symbol: (1, 8))
    feed = BookFeed(Want(channel="book", symbol=SYMBOL, depth=10), Settings(), router)
    router.add(feed, Instant(0.0, 0))
    router.opened(Instant(0.0, 0))
    done = asyncio.Event()

    def hear(data: bytes | str) -> None:
        router.hear(data, Instant(time.monotonic(), time.time_ns()))
        if feed.messages == count:
            done.set()

    link = await WebSocketTransport(Settings()).connect(url, hear)
    await done.wait()
    assert feed.counters["checksum mismatches"] == 0
    await link.close()


def measured(work: Callable[[str, int], Awaitable[None]], url: str, count: int) -> tuple[float, float]:
    """CPU and wall microseconds a message."""
    cpu, wall = time.process_time(), time.perf_counter()
    asyncio.run(work(url, count))  # type: ignore[arg-type]
    return (time.process_time() - cpu) / count * 1e6, (time.perf_counter() - wall) / count * 1e6


def main() -> None:
    """Print the ratios, the median of some interleaved rounds."""
    made = book_frames(10, 20_000, MIXES["2.2 entries a message"][10])
    near, far = multiprocessing.Pipe()
    sender = multiprocessing.get_context("spawn").Process(target=send_frames, args=(made, far), daemon=True)
    sender.start()
    url = f"ws://127.0.0.1:{near.recv()}"
    results: dict[str, list[float]] = {}
    quicken = compiled_engine()
    for _ in range(ROUNDS):
        floor, floor_wall = measured(bare, url, len(made))
        ENGINE.quicken = None
        ours, ours_wall = measured(road, url, len(made))
        results.setdefault("bare recv(decode=False), CPU us", []).append(floor)
        results.setdefault("wire to row, CPU, times bare recv", []).append(ours / floor)
        results.setdefault("wire to row, wall, times bare recv", []).append(ours_wall / floor_wall)
        if quicken is None:
            continue
        ENGINE.quicken = quicken
        ours, ours_wall = measured(road, url, len(made))
        results.setdefault("compiled: wire to row, CPU, times bare recv", []).append(ours / floor)
        results.setdefault("compiled: wire to row, wall, times bare recv", []).append(ours_wall / floor_wall)
    sender.terminate()
    for name, values in results.items():
        print(f"{sorted(values)[len(values) // 2]:8.2f}  {name}")


if __name__ == "__main__":
    main()
