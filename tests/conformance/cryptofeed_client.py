# mypy: ignore-errors
# (what it imports is in another environment)
"""A program of a stranger: cryptofeed's Kraken feed against the exchange named on standard input; prints JSON.

Runs in that client's own environment and imports nothing of ours. The feed has its addresses as class attributes, so a
subclass gives others; nothing else is changed. It takes numbers as they are printed and checks the checksum of every
book message from those digits, snapshots included, so it fails if one zero is missing. Refusals, reconnects and wrong
checksums are lines of its log, on standard error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from typing import Any

from cryptofeed import FeedHandler
from cryptofeed.connection import RestEndpoint, WebsocketEndpoint
from cryptofeed.defines import CANDLES, L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import Kraken

DEPTHS = (10, 1000)
PATIENCE_S = 40.0
FOLLOWED = ("BTC-USD", "ETH-USD")


def feed_of(facts: dict[str, Any]) -> type[Kraken]:
    """Its feed, at the sandbox's addresses."""

    class Sandbox(Kraken):
        websocket_endpoints = [WebsocketEndpoint(facts["ws_public"], limit=20)]  # noqa: RUF012
        rest_endpoints = [RestEndpoint(facts["rest"], routes=Kraken.rest_endpoints[0].routes)]  # noqa: RUF012

    return Sandbox


async def main() -> None:
    """Follow every channel of every pair, books at two depths, until enough was seen."""
    facts = json.load(sys.stdin)
    feed = feed_of(facts)
    symbols = sorted(await feed.load_symbols())
    books: dict[int, Counter[str]] = {depth: Counter() for depth in DEPTHS}
    seen: Counter[str] = Counter()
    touches: dict[str, set[tuple[str, str]]] = {symbol: set() for symbol in symbols}
    crossed: list[str] = []

    def follower(depth: int) -> Any:
        async def take(book: Any, _: float) -> None:
            books[depth][book.symbol] += 1
            bids, asks = book.book.bids, book.book.asks
            if len(bids) and len(asks):
                bid, ask = bids.index(0)[0], asks.index(0)[0]
                touches[book.symbol].add((str(ask), str(bid)))
                if bid >= ask:
                    crossed.append(book.symbol)

        return take

    def counter(name: str) -> Any:
        async def take(item: Any, _: float) -> None:
            seen[f"{name} {item.symbol}"] += 1

        return take

    handler = FeedHandler()
    for depth in DEPTHS:
        handler.add_feed(
            feed(
                symbols=symbols,
                channels=[L2_BOOK],
                max_depth=depth,
                checksum_validation=True,
                callbacks={L2_BOOK: follower(depth)},
            )
        )
    others = {TICKER: counter("ticker"), TRADES: counter("trade"), CANDLES: counter("candle")}
    handler.add_feed(feed(symbols=symbols, channels=list(others), candle_interval="1m", callbacks=others))
    running = asyncio.create_task(handler.run_async(install_signal_handlers=False))

    def is_complete() -> bool:
        return (
            all(books[depth][symbol] >= 200 for depth in DEPTHS for symbol in FOLLOWED)
            and all(books[depth][symbol] for depth in DEPTHS for symbol in symbols)
            and all(seen[f"{name} {symbol}"] for name in ("ticker", "trade", "candle") for symbol in FOLLOWED)
        )

    deadline = time.monotonic() + PATIENCE_S
    while not is_complete() and not running.done() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    consistent = {}
    for symbol in FOLLOWED:
        now = await asyncio.to_thread(touch, facts, symbol)
        while now not in touches[symbol] and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        consistent[symbol] = now in touches[symbol]
    complete = is_complete()
    handler.request_stop()
    await running
    json.dump({"symbols": symbols, "complete": complete, "books": books, "seen": seen, "crossed": crossed,
               "consistent": consistent}, sys.stdout)  # fmt: skip


def touch(facts: dict[str, Any], symbol: str) -> tuple[str, str]:
    """The best ask and bid that REST tells; the feed has no call of its own for it."""
    with urllib.request.urlopen(f"{facts['rest']}/0/public/Depth?count=1&pair={symbol.replace('-', '/')}") as answer:
        (book,) = json.load(answer)["result"].values()
    return book["asks"][0][0], book["bids"][0][0]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder  # where it keeps the names of pairs from run to run
        asyncio.run(main())
