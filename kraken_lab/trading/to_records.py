"""Confirmed requests as the orders they are about to become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..errors import OrderRefused
from ..wire import AddOrder, AmendOrder, BatchAdd, EditOrder, Instant, OrderTerms
from .evidence import limit_offset
from .legs import limit_is_offset
from .states import OrderRecord, OrderState

__all__ = ["amended_terms", "confirmed_orders", "replacement"]


def confirmed_orders(request: AddOrder | BatchAdd, ids: Sequence[str], at: Instant) -> dict[str, OrderRecord]:
    """The orders of a request by their client ids.

    Raises:
        OrderRefused: an order has no id, or not the one it was given.

    >>> request = AddOrder(symbol="BTC/USD", side="buy", order_type="market", order_qty=Decimal(1), token="")
    >>> record = confirmed_orders(request, ["a"], Instant(0.0, 0))["a"]
    >>> record.state, record.cl_ord_id
    (<OrderState.CONFIRMED: 'CONFIRMED'>, 'a')
    """
    legs: tuple[OrderTerms, ...] = request.orders if isinstance(request, BatchAdd) else (request,)
    if len(legs) != len(ids) or len(set(ids)) != len(ids):
        raise OrderRefused(request.method, [f"{len(legs)} orders need as many different client ids, not {len(ids)}"])
    for leg, name in zip(legs, ids, strict=True):
        if leg.cl_ord_id not in (None, name):
            raise OrderRefused(request.method, [f"the client id {leg.cl_ord_id} is not the one that was made for it"])
    return {name: _record(leg, request.symbol, name, at) for leg, name in zip(legs, ids, strict=True)}


def _record(leg: OrderTerms, symbol: str, cl_ord_id: str, at: Instant) -> OrderRecord:
    return OrderRecord(
        state=OrderState.CONFIRMED,
        order_id=None,
        cl_ord_id=cl_ord_id,
        symbol=symbol,
        side=leg.side,
        order_type=leg.order_type,
        order_qty=leg.order_qty,
        cash_order_qty=leg.cash_order_qty,
        **_limit(leg.order_type, leg.limit_price, leg.limit_price_type),
        trigger_price=None if leg.triggers is None else leg.triggers.static_price,
        time_in_force=leg.time_in_force,
        post_only=bool(leg.post_only),
        reduce_only=bool(leg.reduce_only),
        margin=bool(leg.margin),
        display_qty=leg.display_qty,
        created_ns=at.wall_ns,
        updated_ns=at.wall_ns,
    )


def _limit(order_type: str, price: Decimal | None, kind: str | None) -> dict[str, Any]:
    """A limit as an order's record has it: a price, or an offset from the trigger."""
    if price is None or not limit_is_offset(order_type, kind):
        return {"limit_price": price, "limit_offset": None, "limit_offset_type": ""}
    return limit_offset(price, kind or "quote")


def amended_terms(request: AmendOrder, order_type: str) -> dict[str, Decimal]:
    """What an amendment asks for, by the names of `OrderRecord`."""
    limit = "limit_offset" if limit_is_offset(order_type, request.limit_price_type) else "limit_price"
    asked = {
        "order_qty": request.order_qty,
        limit: request.limit_price,
        "trigger_price": request.trigger_price,
        "display_qty": request.display_qty,
    }
    return {name: value for name, value in asked.items() if value is not None}


def replacement(old: OrderRecord, request: EditOrder, at: Instant) -> OrderRecord:
    """The order that an edit is to put in the place of ``old``; what it does not name stays as it was."""
    trigger = None if request.triggers is None else request.triggers.static_price
    kind = old.limit_offset_type if old.limit_price is None else "static"
    return replace(
        old,
        state=OrderState.CONFIRMED,
        order_id=None,
        cl_ord_id=None,
        order_qty=request.order_qty if request.order_qty is not None else old.remaining_qty,
        **(_limit(old.order_type, request.limit_price, kind or None) if request.limit_price is not None else {}),
        trigger_price=trigger if trigger is not None else old.trigger_price,
        display_qty=request.display_qty if request.display_qty is not None else old.display_qty,
        post_only=bool(request.post_only) if request.post_only is not None else old.post_only,
        filled_qty=Decimal(0),
        cost=Decimal(0),
        avg_price=None,
        fees=(),
        reason="",
        error="",
        external=False,
        unverified=False,
        overfilled=False,
        amend="",
        amending=(),
        exchange_status="",
        ord_ref_id=old.order_id,
        created_ns=at.wall_ns,
        updated_ns=at.wall_ns,
        sent_at_mono=None,
    )
