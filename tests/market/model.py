"""The books again, as plainly as they are documented: exact, slow, and sharing no code with the fast ones.

Also what builds frames for them, as the exchange would write them and as it would not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["LevelModel", "OrderModel", "book_frame", "level3_frame", "printed"]

Entry = tuple[Decimal, Decimal]
Forms = Iterable[str]


def printed(number: Decimal, precision: int, form: str) -> str:
    """A number as text: ``padded`` with all decimals, ``short`` without trailing zeros, ``whole``, or ``exponent``."""
    padded = f"{number:.{precision}f}"
    if form == "padded" or "." not in padded:
        return padded
    short = padded.rstrip("0")
    if form == "short":
        return short + "0" if short.endswith(".") else short
    if form == "whole":
        return short.rstrip(".")
    return f"{number:e}".replace("e+", "e")


def _token(number: Decimal, precision: int) -> str:
    return f"{number:.{precision}f}".replace(".", "").lstrip("0")


@dataclass
class LevelModel:
    """A book as two dicts of decimals, sorted whenever it is looked at."""

    depth: int
    price_precision: int
    qty_precision: int
    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)

    def apply(self, bids: Iterable[Entry], asks: Iterable[Entry]) -> None:
        """Entries in order, zero removes, then the cut."""
        for side, entries in ((self.bids, bids), (self.asks, asks)):
            for price, qty in entries:
                if qty:
                    side[price] = qty
                else:
                    side.pop(price, None)
        for price in self.sorted_bids()[self.depth :]:
            del self.bids[price]
        for price in self.sorted_asks()[self.depth :]:
            del self.asks[price]

    def sorted_bids(self) -> list[Decimal]:
        """Prices, best first."""
        return sorted(self.bids, reverse=True)

    def sorted_asks(self) -> list[Decimal]:
        """Prices, best first."""
        return sorted(self.asks)

    def levels(self) -> tuple[list[Entry], list[Entry]]:
        """Bids and asks, best first."""
        return [(p, self.bids[p]) for p in self.sorted_bids()], [(p, self.asks[p]) for p in self.sorted_asks()]

    def checksum(self) -> int:
        """As the guide has it."""
        bids, asks = self.levels()
        text = "".join(
            _token(price, self.price_precision) + _token(qty, self.qty_precision)
            for price, qty in asks[:10] + bids[:10]
        )
        return zlib.crc32(text.encode("ascii"))


@dataclass
class OrderModel:
    """A book of orders as one list a side, in the order in which they joined their queues."""

    depth: int
    price_precision: int
    qty_precision: int
    bids: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)
    asks: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)

    def apply(self, side: str, event: str, order_id: str, price: Decimal, qty: Decimal) -> None:
        """One event, without the cut."""
        orders: list[tuple[str, Decimal, Decimal]] = getattr(self, side)
        at = next((i for i, order in enumerate(orders) if order[0] == order_id), None)
        if event == "add":
            if at is not None:
                del orders[at]
            orders.append((order_id, price, qty))
        elif at is not None and event == "delete":
            del orders[at]
        elif at is not None and event == "modify":
            _, old_price, old_qty = orders[at]
            if old_price == price and qty <= old_qty:
                orders[at] = (order_id, price, qty)
            else:
                del orders[at]
                orders.append((order_id, price, qty))

    def cut(self) -> None:
        """Keep the best ``depth`` prices of either side."""
        for name, reverse in (("bids", True), ("asks", False)):
            orders = getattr(self, name)
            kept = set(sorted({price for _, price, _ in orders}, reverse=reverse)[: self.depth])
            setattr(self, name, [order for order in orders if order[1] in kept])

    def queue(self, side: str) -> list[tuple[str, Decimal, Decimal]]:
        """Best price first, then as they joined."""
        return sorted(getattr(self, side), key=lambda order: -order[1] if side == "bids" else order[1])

    def checksum(self) -> int:
        """As the guide has it: every order of the best ten prices."""
        text = ""
        for side in ("asks", "bids"):
            best = sorted({order[1] for order in getattr(self, side)}, reverse=side == "bids")[:10]
            for _, price, qty in self.queue(side):
                if price in best:
                    text += _token(price, self.price_precision) + _token(qty, self.qty_precision)
        return zlib.crc32(text.encode("ascii"))


def book_frame(
    kind: str, bids: Iterable[tuple[str, str]], asks: Iterable[tuple[str, str]], checksum: int, symbol: str = "X/Y"
) -> bytes:
    """A book message from numbers as text."""
    sides = [",".join(f'{{"price":{price},"qty":{qty}}}' for price, qty in side) for side in (bids, asks)]
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":[{sides[0]}],"asks":[{sides[1]}],'
        f'"checksum":{checksum},"timestamp":"2026-05-04T10:00:00.000001Z"}}]}}'
    ).encode()


def level3_frame(
    kind: str, bids: Iterable[tuple[str, str, str, str]], asks: Iterable[tuple[str, str, str, str]], checksum: int
) -> bytes:
    """A level3 message from (event, order id, price, quantity) as text."""
    sides = []
    for side in (bids, asks):
        orders = []
        for event, order_id, price, qty in side:
            told = f'"event":"{event}",' if kind == "update" else ""
            orders.append(
                f'{{{told}"order_id":"{order_id}","limit_price":{price},"order_qty":{qty},'
                '"timestamp":"2026-05-04T10:00:00.000000001Z"}'
            )
        sides.append(",".join(orders))
    return (
        f'{{"channel":"level3","type":"{kind}","data":[{{"symbol":"X/Y","checksum":{checksum},"bids":[{sides[0]}],'
        f'"asks":[{sides[1]}],"timestamp":"2026-05-04T10:00:00.000000001Z"}}]}}'
    ).encode()
