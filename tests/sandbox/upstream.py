"""A real exchange as a test wants it: it says frames, with the checksums of the documentation's formula."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from tests.sandbox.naive_client import token

START_NS = 1_780_000_000_000_000_000
SECOND = 1_000_000_000


def stamp(ns: int) -> str:
    """A time as the exchange writes it, in microseconds."""
    return f"{datetime.fromtimestamp(ns // SECOND, UTC):%Y-%m-%dT%H:%M:%S}.{ns % SECOND // 1000:06d}Z"


class Upstream:
    """One pair, BTC/USD with prices in whole dollars (one decimal) and quantities in whole coins (eight decimals)."""

    def __init__(self, symbol: str = "BTC/USD", depth: int = 10) -> None:
        self.symbol, self.depth = symbol, depth
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.trade_id = 1000

    def instrument(self, **changes: object) -> str:
        """The reference data: this pair and its two assets."""
        base, quote = self.symbol.split("/")
        assets = [
            {"id": base, "status": "enabled", "precision": 10, "precision_display": 5, "borrowable": False},
            {"id": quote, "status": "enabled", "precision": 4, "precision_display": 2, "collateral_value": 1.0},
        ]
        pair = {
            "symbol": self.symbol, "base": base, "quote": quote, "status": "online", "qty_precision": 8,
            "qty_increment": 1e-08, "price_precision": 1, "cost_precision": 5, "marginable": False, "has_index": True,
            "cost_min": 0.5, "tick_size": 0.1, "price_increment": 0.1, "qty_min": 0.0001, **changes,
        }  # fmt: skip
        data = {"assets": assets, "pairs": [pair]}
        return json.dumps({"channel": "instrument", "type": "snapshot", "data": data})

    def status(self, system: str = "online", connection_id: int = 13834774380200032777) -> str:
        """What a connection begins with."""
        data = [{"system": system, "api_version": "v2", "connection_id": connection_id, "version": "2.0.11"}]
        return json.dumps({"channel": "status", "type": "update", "data": data})

    def acknowledged(self, channel: str, *, method: str = "subscribe") -> str:
        """A subscription begins or ends."""
        result: dict[str, object] = {"channel": channel, "symbol": self.symbol, "snapshot": True}
        if channel == "book":
            result["depth"] = self.depth
        return json.dumps({"method": method, "result": result, "success": True, "req_id": 1})

    def snapshot(self, ns: int = START_NS) -> str:
        """The whole book, as far as it is subscribed."""
        return self._book("snapshot", self._best(self.bids, reverse=True), self._best(self.asks), ns)

    def update(
        self,
        ns: int = START_NS,
        *,
        bids: Mapping[int, int] | None = None,
        asks: Mapping[int, int] | None = None,
        wrong: bool = False,
    ) -> str:
        """Set levels, ``bids={price: qty}``; the message that says so, with a ``wrong`` checksum if a test wants it."""
        for side, levels in ((self.bids, bids or {}), (self.asks, asks or {})):
            for price, qty in levels.items():
                side[price] = qty
                if not qty:
                    del side[price]
        return self._book("update", list((bids or {}).items()), list((asks or {}).items()), ns, wrong=wrong)

    def trade(self, side: str, price: int, qty: int, ns: int, *, kind: str = "update", skip: int = 0) -> str:
        """A trade; ``side`` is the taker's."""
        self.trade_id += 1 + skip
        entry = (
            f'{{"symbol":"{self.symbol}","side":"{side}","price":{price}.0,"qty":{qty}.00000000,"ord_type":"market",'
            f'"trade_id":{self.trade_id},"timestamp":"{stamp(ns)}"}}'
        )
        return f'{{"channel":"trade","type":"{kind}","data":[{entry}]}}'

    def opening(self, ns: int = START_NS) -> list[str]:
        """All that makes the pair whole."""
        return [
            self.status(),
            self.instrument(),
            self.acknowledged("book"),
            self.snapshot(ns),
            self.acknowledged("trade"),
        ]

    def _best(self, side: dict[int, int], *, reverse: bool = False) -> list[tuple[int, int]]:
        return sorted(side.items(), reverse=reverse)[: self.depth]

    def _checksum(self) -> int:
        text = "".join(
            token(Decimal(price), 1) + token(Decimal(qty), 8)
            for levels in (self._best(self.asks), self._best(self.bids, reverse=True))
            for price, qty in levels[:10]
        )
        return zlib.crc32(text.encode("ascii"))

    def _book(
        self, kind: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]], ns: int, *, wrong: bool = False
    ) -> str:
        def entries(levels: list[tuple[int, int]]) -> str:
            return ",".join(f'{{"price":{price}.0,"qty":{qty}.00000000}}' for price, qty in levels)

        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{self.symbol}","bids":[{entries(bids)}],'
            f'"asks":[{entries(asks)}],"checksum":{self._checksum() ^ wrong},"timestamp":"{stamp(ns)}"}}]}}'
        )


def an_upstream(depth: int = 10) -> Upstream:
    """A small book: bids 100 (5), 99 (4), 98 (3); asks 101 (2), 102 (6), 103 (7)."""
    upstream = Upstream(depth=depth)
    upstream.bids |= {100: 5, 99: 4, 98: 3}
    upstream.asks |= {101: 2, 102: 6, 103: 7}
    return upstream
