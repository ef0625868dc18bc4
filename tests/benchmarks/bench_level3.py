"""Level3 with a checksum on every message: events a second, against the documented rules written plainly.

Run it by hand: ``python -m tests.benchmarks.bench_level3``. Only ratios inside one run mean anything.
"""

# ruff: noqa: T201
from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from kraken_lab.market import Level3Book, level3_checksum
from kraken_lab.sandbox.exchange import START_NS, Exchange
from kraken_lab.wire import Level3Message, decode

MESSAGES = 10_000
ROUNDS = 3
SYMBOL = "BTC/USD"


def frames(depth: int) -> list[bytes]:
    """A snapshot and updates of the sandbox's orders, as they come off the wire."""
    exchange = Exchange(seed=7, rate=5_000.0)
    session = exchange.open("level3")
    token = exchange._desk.tokens.issue(exchange.now_ns)  # a benchmark may take the short way to a token
    params = {"channel": "level3", "symbol": [SYMBOL], "depth": depth, "token": token}
    session.receive(json.dumps({"method": "subscribe", "params": params}))
    found: list[bytes] = []
    now = START_NS
    while len(found) <= MESSAGES:
        now += 50_000_000
        exchange.advance(now)
        found += [
            text.encode()
            for text in session.drain()
            if isinstance(text, str) and text.startswith('{"channel":"level3"')
        ]
        session.receive('{"method":"ping"}')
    return found[: MESSAGES + 1]


class Plain:
    """The documented rules and nothing clever: dicts of orders, sorted for every check."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.sides: dict[str, dict[str, tuple[Decimal, Decimal]]] = {"bids": {}, "asks": {}}

    def apply(self, frame: bytes) -> None:
        """One message, proved."""
        message: Any = json.loads(frame, parse_float=Decimal)
        for change in message["data"]:
            for name, orders in self.sides.items():
                if message["type"] == "snapshot":
                    orders.clear()
                for entry in change[name]:
                    key = entry["order_id"]
                    if entry.get("event") == "delete":
                        orders.pop(key, None)
                    else:
                        if entry.get("event") != "modify":
                            orders.pop(key, None)
                        orders[key] = (Decimal(entry["limit_price"]), Decimal(entry["order_qty"]))
                prices = sorted({price for price, _ in orders.values()}, reverse=name == "bids")[: self.depth]
                kept = set(prices)
                for key in [key for key, (price, _) in orders.items() if price not in kept]:
                    del orders[key]
            top = {name: self._top(name) for name in self.sides}
            assert level3_checksum(top["asks"], top["bids"], 1, 8) == change["checksum"]

    def _top(self, name: str) -> dict[Decimal, list[Decimal]]:
        levels: dict[Decimal, list[Decimal]] = {}
        for price, qty in self.sides[name].values():
            levels.setdefault(price, []).append(qty)
        return levels


def ours(depth: int) -> Callable[[bytes], None]:
    """The package's book."""
    book = Level3Book(SYMBOL, depth, 1, 8)

    def apply(frame: bytes) -> None:
        message = decode(frame)
        assert isinstance(message, Level3Message)
        book.apply(message)

    return apply


def cpu(work: Callable[[bytes], None], messages: Sequence[bytes]) -> float:
    """CPU seconds for all updates after the snapshot."""
    work(messages[0])
    begun = time.process_time()
    for message in messages[1:]:
        work(message)
    return time.process_time() - begun


def main() -> None:
    """Print events a second and the ratio to plain code, the median of some interleaved rounds."""
    for depth in (10, 1000):
        made = frames(depth)
        events = sum(frame.count(b'"order_id"') for frame in made[1:])
        few = made[: len(made) // (1 if depth == 10 else 20) + 1]
        rates, ratios = [], []
        for _ in range(ROUNDS):
            mine = cpu(ours(depth), made)
            plain = cpu(Plain(depth).apply, few) / (len(few) - 1)
            rates.append(events / mine)
            ratios.append(plain / (mine / MESSAGES))
        print(f"depth {depth:4}: {sorted(rates)[1]:9,.0f} events/s of CPU, {sorted(ratios)[1]:6.1f} times plain code")


if __name__ == "__main__":
    main()
