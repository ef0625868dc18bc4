"""What of a picture is the user's own: orders that are or may be open, and fills, of one symbol, as plain values.

A price picture marks them where they stand. What an order is in full, and what may be done with it, the blotter says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ..trading import FillRecord, OrderRecord

__all__ = ["NOTHING", "Own", "OwnFill", "OwnOrder", "QueuePlace", "own_of", "with_place"]


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order at its price (quote per base). ``qty`` is what is not filled of it (base), ``state`` as its record says.

    ``order_id`` is the exchange's name for it, ours until that is known. ``waits`` says that it stands at the price of
    its trigger, outside the book, as a stop does. ``external``: it was not placed by this lab. ``since_ns`` is when it
    was confirmed here, or first seen (wall clock); 0 where that is not known.
    """

    order_id: str
    side: str
    price: Decimal
    qty: Decimal
    state: str
    order_type: str = "limit"
    waits: bool = False
    external: bool = False
    since_ns: int = 0

    @property
    def words(self) -> str:
        """The order in one line.

        >>> OwnOrder("O1", "buy", Decimal("99.5"), Decimal("0.2"), "OPEN").words
        'my buy 0.2 at 99.5, OPEN'
        >>> OwnOrder("O2", "sell", Decimal(90), Decimal(1), "OPEN", "stop-loss", waits=True, external=True).words
        'my sell stop-loss 1, trigger at 90, OPEN, placed elsewhere'
        """
        kind = "" if self.order_type == "limit" else f" {self.order_type}"
        place = f", trigger at {self.price:f}" if self.waits else f" at {self.price:f}"
        where = ", placed elsewhere" if self.external else ""
        return f"my {self.side}{kind} {self.qty:f}{place}, {self.state}{where}"


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where an order stands in the queue of its price: the ``nth`` of ``of`` (from 1), ``ahead`` (base) before it.

    >>> QueuePlace(3, 7, Decimal("1.25")).words
    '3rd of 7 in the queue, 1.25 ahead'
    """

    nth: int
    of: int
    ahead: Decimal

    @property
    def words(self) -> str:
        """The place in one line."""
        ending = "th" if self.nth % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(self.nth % 10, "th")
        return f"{self.nth}{ending} of {self.of} in the queue, {self.ahead:f} ahead"


def with_place(order: OwnOrder, places: Mapping[str, QueuePlace]) -> str:
    """An order in one line, with its place in the queue where that is known.

    >>> with_place(OwnOrder("O1", "buy", Decimal("99.5"), Decimal("0.2"), "OPEN"), {"O1": QueuePlace(1, 2, Decimal(0))})
    'my buy 0.2 at 99.5, OPEN, 1st of 2 in the queue, 0 ahead'
    """
    place = places.get(order.order_id)
    return order.words if place is None else f"{order.words}, {place.words}"


@dataclass(frozen=True, slots=True)
class OwnFill:
    """A fill: when (the exchange's clock, ns), which side, at which price (quote per base), how much (base)."""

    at_ns: int
    side: str
    price: Decimal
    qty: Decimal


@dataclass(frozen=True, slots=True)
class Own:
    """All of it for one symbol: ``orders`` in the order they were made, ``fills`` by time."""

    orders: tuple[OwnOrder, ...] = ()
    fills: tuple[OwnFill, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.orders or self.fills)


NOTHING: Final = Own()
"""What a lab without an acting half has."""


def own_of(orders: Iterable[OrderRecord], fills: Iterable[FillRecord], symbol: str) -> Own:
    """What is known of a symbol's orders and fills as a picture marks it.

    Orders without a price of their own (at the market, or an offset from it) stand nowhere and are left out.
    """
    marked = [_marked(record) for record in orders if record.symbol == symbol]
    done = [OwnFill(fill.timestamp_ns, fill.side, fill.price, fill.qty) for fill in fills if fill.symbol == symbol]
    return Own(tuple(order for order in marked if order is not None), tuple(sorted(done, key=lambda fill: fill.at_ns)))


def _marked(record: OrderRecord) -> OwnOrder | None:
    # What was filled in part has been triggered. Of the others a record does not tell; they stand at their trigger.
    waits = record.trigger_price is not None and not record.filled_qty
    price = record.trigger_price if waits else record.limit_price
    qty = record.remaining_qty
    if record.is_terminal or price is None or not qty:
        return None
    return OwnOrder(
        order_id=record.order_id or record.cl_ord_id or "",
        side=record.side,
        price=price,
        qty=qty,
        state=str(record.state),
        order_type=record.order_type,
        waits=waits,
        external=record.external,
        since_ns=record.created_ns,
    )
