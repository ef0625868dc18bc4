"""What the exchange's own books say of an order, and whether the client's word fits that. Nothing else is believed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Final

from kraken_lab.sandbox.orders import Order as Theirs
from kraken_lab.sandbox.trading import Trading
from kraken_lab.trading import OrderRecord, OrderState

__all__ = ["SAME_AS", "ids_in", "their_filled", "their_order", "untrue"]

S = OrderState

NEVER_THERE: Final = (S.REFUSED, S.REJECTED, S.NOT_PLACED)
ENDED: Final = (S.FILLED, S.CANCELED, S.EXPIRED)
SAME_AS: Final = {
    S.PENDING_NEW: {"pending_new", "new"},
    S.OPEN: {"new"},
    S.PARTIAL: {"partially_filled"},
    S.PENDING_CANCEL: {"pending_new", "new", "partially_filled"},
    S.FILLED: {"filled"},
    S.CANCELED: {"canceled"},
    S.EXPIRED: {"expired"},
}
"""The exchange's own words for what the client may show."""


def their_order(trading: Trading, record: OrderRecord) -> Theirs | None:
    """The exchange's order of one that is shown here: by its id, and before that is known by ours."""
    if record.order_id is not None:
        return trading.order(record.order_id)
    return trading.by_cl_ord_id(record.cl_ord_id) if record.cl_ord_id is not None else None


def their_filled(order: Theirs | None) -> Decimal:
    """What the exchange has filled of it, in base currency."""
    return Decimal(0) if order is None else Decimal(order.cum_qty).scaleb(-order.pair.qty_precision)


def untrue(record: OrderRecord, trading: Trading) -> list[str]:
    """What is concluded here and is not so there. It must not be said for a moment, whatever is still on its way."""
    theirs, state = their_order(trading, record), record.state
    name = record.order_id or record.cl_ord_id
    if state in NEVER_THERE:
        return [] if theirs is None else [f"{name} is shown {state}, and is there: {theirs.status}"]
    said, filled = [], their_filled(theirs)
    if record.filled_qty > filled or record.overfilled:
        said.append(f"{name} has {record.filled_qty:f} filled here, {filled:f} there")
    if state in ENDED and (theirs is None or theirs.status not in SAME_AS[state]):
        said.append(f"{name} is shown {state}, and is {theirs.status if theirs else 'unknown there'}")
    elif state in ENDED and not record.unverified and record.filled_qty != filled:
        said.append(f"{name} ended with {record.filled_qty:f} filled here, {filled:f} there")
    return said


def ids_in(frame: str) -> list[str | None]:
    """The client ids of the orders that a frame places; none for one that changes an order."""
    message = json.loads(frame)
    params = message["params"]
    if message["method"] not in ("add_order", "batch_add"):
        return []
    return [order.get("cl_ord_id") for order in params.get("orders", [params])]
