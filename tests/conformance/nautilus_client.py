# mypy: ignore-errors
# (what it imports is in another environment)
"""A program of a stranger: nautilus-trader's Kraken adapter against the exchange named on standard input; prints JSON.

Runs in that client's own environment and imports nothing of ours. The adapter reads every message into typed structures
written in Rust, which refuse what they do not expect, and checks the checksum of each ``level3`` message. Its addresses
are given by its documented ``base_url`` settings. It logs refusals, unreadable messages and mismatches to standard
output and standard error, so the JSON is the last line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDeltas, capsule_to_data
from nautilus_trader.model.enums import BookType

PATIENCE_S = 40.0
FOLLOWED = ["BTC/USD.KRAKEN", "ETH/USD.KRAKEN"]


class Books:
    """One of its order books a pair, fed with its deltas; remembers every best bid and ask."""

    def __init__(self) -> None:
        self.books: dict[str, OrderBook] = {}
        self.updates: Counter[str] = Counter()
        self.touches: dict[str, set[tuple[str, str]]] = {}

    def apply(self, deltas: OrderBookDeltas) -> None:
        """Follow a change."""
        name = str(deltas.instrument_id)
        book = self.books.setdefault(name, OrderBook(deltas.instrument_id, BookType.L2_MBP))
        book.apply_deltas(deltas)
        self.updates[name] += 1
        self.touches.setdefault(name, set()).add((str(book.best_ask_price()), str(book.best_bid_price())))


async def until(is_so: Callable[[], bool]) -> bool:
    """Wait until it is so, but not for ever."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not is_so():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


async def rest(client: Any, instruments: list[Any]) -> dict[str, Any]:
    """All of its REST calls for market data."""
    symbol = instruments[0].id
    bars = nautilus.BarType.from_str(f"{symbol}-1-MINUTE-LAST-EXTERNAL")
    statuses = await client.request_instrument_statuses()
    return {
        "time": json.loads(await client.get_server_time()),
        "instruments": {
            str(each.id): [each.price_precision, each.size_precision, str(each.price_increment), str(each.min_quantity)]
            for each in instruments
        },
        "statuses": {str(name): str(status) for name, status in statuses.items()},
        "trades": len(await client.request_trades(symbol, limit=50)),
        "bars": len(await client.request_bars(bars, limit=100)),
    }


async def stream(facts: dict[str, Any], client: Any, instruments: list[Any]) -> dict[str, Any]:
    """Every channel the adapter knows, of every pair; then its books beside those of REST."""
    loop = asyncio.get_running_loop()
    level2, level3 = Books(), Books()
    seen: Counter[str] = Counter()

    def public(message: Any) -> None:
        data = capsule_to_data(message)
        if isinstance(data, OrderBookDeltas):
            level2.apply(data)
        kind = type(data).__name__
        seen[f"{kind} {data.bar_type.instrument_id if kind == 'Bar' else data.instrument_id}"] += 1

    def orders(message: Any) -> None:
        level3.updates[str(capsule_to_data(message).instrument_id)] += 1

    socket = nautilus.KrakenSpotWebSocketClient(base_url=facts["ws_public"], base_url_http=facts["rest"])
    queue = nautilus.KrakenSpotWebSocketClient(
        base_url=facts["ws_l3"],
        base_url_http=facts["rest"],
        api_key=facts["api_key"],
        api_secret=facts["api_secret"],
        l3=True,
        validate_l3_checksum=True,
    )
    await socket.connect(loop, instruments, public)
    await socket.wait_until_active(10.0)
    await queue.connect(loop, instruments, orders)
    await queue.wait_until_active(10.0)
    await queue.authenticate()
    for each in instruments:
        await socket.subscribe_book(each.id, 10)
        await socket.subscribe_quotes(each.id)
        await socket.subscribe_trades(each.id)
        await socket.subscribe_bars(nautilus.BarType.from_str(f"{each.id}-1-MINUTE-LAST-EXTERNAL"))
        await queue.subscribe_l3_book(each.id.symbol.value, 10)
    kinds = ("OrderBookDeltas", "QuoteTick", "TradeTick", "Bar")
    complete = await until(
        lambda: (
            all(seen[f"{kind} {name}"] for kind in kinds for name in FOLLOWED)
            and all(books.updates[name] >= 200 for books in (level2, level3) for name in FOLLOWED)
            and all(books.updates[str(each.id)] for books in (level2, level3) for each in instruments)
        )
    )
    consistent = {}
    for each in instruments[:2]:
        book = await client.request_book_snapshot(each.id, 10)
        touch = (str(book.best_ask_price()), str(book.best_bid_price()))
        consistent[str(each.id)] = await until(
            lambda touch=touch, name=str(each.id): touch in level2.touches[name]  # type: ignore[misc]
        )
    await socket.close()
    await queue.close()
    return {
        "complete": complete,
        "seen": seen,
        "level2": level2.updates,
        "level3": level3.updates,
        "consistent": consistent,
        "subscriptions": sorted(socket.get_subscriptions() + queue.get_subscriptions()),
    }


async def main() -> None:
    """All of it, one after the other."""
    facts = json.load(sys.stdin)
    guard = nautilus.init_logging(nautilus.TraderId("STRANGER-001"), nautilus.UUID4(), nautilus.LogLevel.WARNING)
    client = nautilus.KrakenSpotHttpClient(facts["api_key"], facts["api_secret"], facts["rest"])
    instruments = await client.request_instruments()
    for each in instruments:
        client.cache_instrument(each)
    asked = await rest(client, instruments)
    seen = await stream(facts, client, instruments)
    await asyncio.sleep(0.5)  # its log is written by a thread
    del guard
    sys.stdout.write("\n" + json.dumps({"rest": asked, "stream": seen}))


if __name__ == "__main__":
    asyncio.run(main())
