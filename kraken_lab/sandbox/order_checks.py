"""Whether an order's terms are in order by themselves: sizes, steps, and what goes with which type.

What depends on the account or on the state of the market is checked where the order is entered. `checked` turns terms
into an `Order` that has not been entered yet. Where the reference gives no text for a refusal, it is
``EGeneral:Invalid arguments`` with the name of the field.

Source: Add Order page, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.money import value_precision
from kraken_lab.sandbox.numbers import NS_PER_SECOND, scaled
from kraken_lab.sandbox.order_terms import ConditionalTerms, NewOrder, PriceType, TriggerTerms
from kraken_lab.sandbox.orders import Order
from kraken_lab.sandbox.rejection import Rejection
from kraken_lab.sandbox.triggers import LIMITED, TRAILING, TRIGGERED

__all__ = [
    "check_cost",
    "check_display",
    "check_trigger",
    "checked",
    "checked_price",
    "checked_qty",
    "invalid",
    "secondary_terms",
]

LONGEST_NS: Final = 31 * 86_400 * NS_PER_SECOND
DISPLAY_SHARE: Final = 15  # an iceberg shows at least one fifteenth
_CLIENT_ID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[ -~]{1,18}")


def invalid(field: str) -> Rejection:
    """The refusal of a field's value.

    >>> str(invalid("deadline"))
    'EGeneral:Invalid arguments:deadline'
    """
    return Rejection(f"EGeneral:Invalid arguments:{field}")


def checked(terms: NewOrder, pair: Pair, order_id: str, now_ns: int, *, any_size: bool = False) -> Order:
    """The order that these terms describe. ``any_size`` waives the minimums, as for what a fill has sized.

    Raises:
        Rejection: the terms contradict each other or the pair's rules.
    """
    _check_margin(terms)
    _check_options(terms)
    _check_times(terms, now_ns)
    order = Order(order_id=order_id, terms=terms, pair=pair, created_ns=now_ns)
    if terms.cash_order_qty is not None:
        order = replace(order, cash_qty=_cash(terms, pair))
    elif terms.order_qty is None:
        raise invalid("order_qty")
    else:
        order = replace(order, order_qty=checked_qty(terms.order_qty, pair, any_size=any_size))
    order = _with_limit(order, terms, pair)
    if terms.order_type in TRIGGERED:
        if terms.triggers is None:
            raise invalid("triggers")
        check_trigger(terms, terms.triggers, pair)
    elif terms.triggers is not None:
        raise invalid("triggers")
    if terms.order_type == "iceberg":
        if terms.display_qty is None:
            raise invalid("display_qty")
        display = checked_qty(terms.display_qty, pair, field="display_qty", any_size=True)
        check_display(display, order.order_qty)
        order = replace(order, display_qty=display, display_remain=display)
    elif terms.display_qty is not None:
        raise invalid("display_qty")
    if order.limit_price is not None and not any_size:
        check_cost(order.order_qty * order.limit_price, pair)
    if terms.conditional is not None:
        _check_conditional(terms, terms.conditional, pair, now_ns)
    return order


def checked_price(price: Decimal, pair: Pair) -> int:
    """A price in scaled units.

    Raises:
        Rejection: it is not positive, has too many decimals, or is not on a price step.
    """
    try:
        found = scaled(price, pair.price_precision)
    except SandboxError:
        raise Rejection("EOrder:Invalid price") from None
    if found <= 0:
        raise Rejection("EOrder:Invalid price")
    if found % pair.price_increment:
        raise Rejection("EOrder:Tick size check failed")
    return found


def checked_qty(qty: Decimal, pair: Pair, *, field: str = "order_qty", any_size: bool = False) -> int:
    """A quantity in scaled units.

    Raises:
        Rejection: it is not positive, not on a step, or (unless ``any_size``) below the pair's minimum.
    """
    try:
        found = scaled(qty, pair.qty_precision)
    except SandboxError:
        raise invalid(field) from None
    if found <= 0 or found % pair.qty_increment:
        raise invalid(field)
    if found < pair.qty_min and not any_size:
        raise invalid("volume minimum not met")  # so on the live service; amends say EOrder:Order minimum not met
    return found


def check_cost(value: int, pair: Pair) -> None:
    """Hold a value against the pair's least cost.

    Raises:
        Rejection: it is less.
    """
    if value < Decimal(pair.cost_min).scaleb(value_precision(pair)):
        raise Rejection("EOrder:Cost minimum not met")


def check_display(display: int, of: int) -> None:
    """Hold an iceberg's visible part against what there is of it.

    Raises:
        Rejection: it is more than that, or less than a fifteenth.
    """
    if display > of or display * DISPLAY_SHARE < of:
        raise invalid("display_qty")


def check_trigger(terms: NewOrder, trigger: TriggerTerms, pair: Pair) -> None:
    """Whether a trigger goes with its order.

    Raises:
        Rejection: a static price off the pair's steps, an index where there is none, a trailing stop without a
            positive offset.
    """
    if trigger.reference == "index" and not pair.has_index:
        raise invalid("Index unavailable")
    if terms.order_type in TRAILING:
        whole = trigger.price_type == "pct" and terms.side == "sell" and trigger.price >= 100
        if trigger.price_type == "static" or trigger.price <= 0 or whole:
            raise invalid("triggers")
    elif trigger.price_type == "static":
        checked_price(trigger.price, pair)
    elif not trigger.price or (trigger.price_type == "pct" and trigger.price <= -100):
        raise invalid("triggers")


def secondary_terms(primary: NewOrder, qty: Decimal) -> NewOrder:
    """The order that a fill of ``qty`` creates by the primary's conditional close: the other side, good till cancelled.

    It inherits the fee preference and the tag against self trades, and no id. A limit price is static, except that of
    a trailing stop.
    """
    close = primary.conditional
    assert close is not None
    triggers: TriggerTerms | None = None
    if close.trigger_price is not None:
        triggers = TriggerTerms(price=close.trigger_price, price_type=close.trigger_price_type)
    return NewOrder(
        symbol=primary.symbol,
        side="sell" if primary.side == "buy" else "buy",
        order_type=close.order_type,
        order_qty=qty,
        limit_price=close.limit_price,
        limit_price_type=close.limit_price_type if close.order_type == "trailing-stop-limit" else None,
        triggers=triggers,
        fee_preference=primary.fee_preference,
        stp_type=primary.stp_type,
        sender_sub_id=primary.sender_sub_id,
    )


def _check_margin(terms: NewOrder) -> None:
    """There is no margin here: the account is not allowed it, and has no position to reduce or to settle."""
    if terms.order_type == "settle-position":
        raise Rejection("EOrder:Unknown position")
    if terms.reduce_only:
        raise Rejection(f"EOrder:Reduce only:{'No position exists' if terms.margin else 'Non-PC'}")
    if terms.margin:
        raise Rejection("EAccount:Invalid permissions")


def _check_options(terms: NewOrder) -> None:
    if terms.cl_ord_id is not None and (terms.order_userref is not None or not _CLIENT_ID.fullmatch(terms.cl_ord_id)):
        raise invalid("cl_ord_id")
    if terms.post_only and (terms.order_type not in LIMITED or terms.time_in_force in ("ioc", "fok")):
        raise invalid("post_only")
    if terms.time_in_force == "fok" and terms.order_type != "limit":
        raise invalid("time_in_force")
    if terms.time_in_force == "ioc" and terms.order_type == "iceberg":
        raise invalid("time_in_force")


def _check_times(terms: NewOrder, now_ns: int) -> None:
    if (terms.time_in_force == "gtd") != (terms.expire_ns is not None):
        raise invalid("expire_time")
    begins_ns = max(now_ns, terms.effective_ns or now_ns)
    if terms.expire_ns is not None and not begins_ns < terms.expire_ns <= now_ns + LONGEST_NS:
        raise invalid("expire_time")
    if begins_ns > now_ns + LONGEST_NS:
        raise invalid("effective_time")


def _cash(terms: NewOrder, pair: Pair) -> int:
    """What an order sized in quote may cost, at ``cost_precision``."""
    assert terms.cash_order_qty is not None
    if terms.order_type != "market" or terms.side != "buy" or terms.order_qty is not None:
        raise invalid("cash_order_qty")
    try:
        cash = scaled(terms.cash_order_qty, pair.cost_precision)
    except SandboxError:
        raise invalid("cash_order_qty") from None
    if cash <= 0:
        raise invalid("cash_order_qty")
    if cash < Decimal(pair.cost_min).scaleb(pair.cost_precision):
        raise Rejection("EOrder:Cost minimum not met")
    return cash


def _with_limit(order: Order, terms: NewOrder, pair: Pair) -> Order:
    """The order with its limit price, or with the offset that will become one."""
    if terms.order_type not in LIMITED:
        if terms.limit_price is not None:
            raise invalid("limit_price")
        return order
    if terms.limit_price is None:
        raise invalid("limit_price")
    kind: PriceType = "quote" if terms.order_type == "trailing-stop-limit" else "static"
    if terms.limit_price_type is not None:
        kind = terms.limit_price_type
    if kind == "static":
        return replace(order, limit_price=checked_price(terms.limit_price, pair))
    if terms.order_type != "trailing-stop-limit":
        raise invalid("limit_price_type")
    return replace(order, limit_offset=terms.limit_price, limit_price_type=kind)


def _check_conditional(terms: NewOrder, close: ConditionalTerms, pair: Pair, now_ns: int) -> None:
    """The secondary orders are held against the rules before the primary is entered, all but their size."""
    if close.order_type in ("market", "iceberg", "settle-position") or terms.cash_order_qty is not None:
        raise invalid("conditional")
    assert terms.order_qty is not None
    checked(secondary_terms(terms, terms.order_qty), pair, "", now_ns, any_size=True)
