"""A client of the book channels as plain as can be: dictionaries, sorting, the formulas of the documentation.

It shares no code with the exchange, so that the two check each other.
"""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import Any


def token(number: Decimal | int, precision: int) -> str:
    """The digits of a number as the checksum wants them."""
    return f"{Decimal(number):.{precision}f}".replace(".", "").lstrip("0")


class NaiveBook:
    """Price levels of one symbol, cut to ``depth``."""

    def __init__(self, depth: int, price_precision: int, qty_precision: int) -> None:
        self.depth, self.price_precision, self.qty_precision = depth, price_precision, qty_precision
        self.sides: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}
        self.messages = 0

    def take(self, message: Any) -> None:
        """Apply a message and require that its checksum is right."""
        (data,) = message["data"]
        for name, levels in self.sides.items():
            if message["type"] == "snapshot":
                levels.clear()
            for entry in data[name]:
                price, qty = Decimal(entry["price"]), Decimal(entry["qty"])
                if qty:
                    levels[price] = qty
                else:
                    assert price in levels, "removed what nobody was shown"
                    del levels[price]
            for price in self.sorted(name)[self.depth :]:
                del levels[price]
        assert self.checksum() == data["checksum"]
        self.messages += 1

    def sorted(self, name: str) -> list[Decimal]:
        """The prices of a side, best first."""
        return sorted(self.sides[name], reverse=name == "bids")

    def checksum(self) -> int:
        """The checksum of the book as it stands."""
        text = "".join(
            token(price, self.price_precision) + token(self.sides[name][price], self.qty_precision)
            for name in ("asks", "bids")
            for price in self.sorted(name)[:10]
        )
        return zlib.crc32(text.encode("ascii"))


class NaiveQueues:
    """Individual orders of one symbol by price, on ``depth`` price levels; a dictionary keeps the order of arrival."""

    def __init__(self, depth: int, price_precision: int, qty_precision: int) -> None:
        self.depth, self.price_precision, self.qty_precision = depth, price_precision, qty_precision
        self.sides: dict[str, dict[Decimal, dict[str, Any]]] = {"bids": {}, "asks": {}}
        self.events = {"add": 0, "modify": 0, "delete": 0}

    def take(self, message: Any) -> None:
        """Apply a message and require that its checksum is right."""
        (data,) = message["data"]
        for name, levels in self.sides.items():
            if message["type"] == "snapshot":
                levels.clear()
            for order in data[name]:
                self.apply(levels, order.get("event", "add"), order)
            if len(levels) > self.depth:
                for price in self.prices(name)[self.depth :]:
                    del levels[price]
        assert self.checksum() == data["checksum"]

    def apply(self, levels: dict[Decimal, dict[str, Any]], event: str, order: Any) -> None:
        """One event of one order."""
        self.events[event] += 1
        queue = levels.setdefault(order["limit_price"], {})
        if event == "add":
            assert order["order_id"] not in queue
            queue[order["order_id"]] = order
        elif event == "modify":
            known = queue[order["order_id"]]
            assert known["timestamp"] == order["timestamp"], "kept its place, so kept its time"
            known["order_qty"] = order["order_qty"]
        else:
            del queue[order["order_id"]]
            if not queue:
                del levels[order["limit_price"]]

    def prices(self, name: str) -> list[Decimal]:
        """The prices of a side, best first."""
        return sorted(self.sides[name], reverse=name == "bids")

    def queue(self, name: str, price: Decimal) -> list[dict[str, Any]]:
        """The orders at a price, first in line first."""
        return list(self.sides[name][price].values())

    def checksum(self) -> int:
        """The checksum of the orders as they stand."""
        text = "".join(
            token(price, self.price_precision) + token(order["order_qty"], self.qty_precision)
            for name in ("asks", "bids")
            for price in self.prices(name)[:10]
            for order in self.queue(name, price)
        )
        return zlib.crc32(text.encode("ascii"))
