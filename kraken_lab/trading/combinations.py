"""Which parameters of an order go together: the ten order types, triggers, times in force, flags and the close.

The rules look at parameters as read, so they judge what is there even where something else is missing, and they judge a
finished request in the same words.

Source: "Add Order", "Amend Order", "Edit Order" and "Batch Add", Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from ..wire import AddOrder, AmendOrder, BatchAdd, EditOrder, Request
from .corrections import Correction, Problem
from .legs import LIMIT_TYPES, TRAILING_TYPES, TRIGGERED_TYPES
from .states import OrderRecord

__all__ = ["BATCH", "CLOSE_TYPES", "DISPLAYED", "change_problems", "order_problems", "problems_of"]

BATCH: Final = range(2, 16)
"""How many orders a batch may have."""
DISPLAYED: Final = 15
"""An iceberg shows at least this part of its quantity: one fifteenth."""
CLOSE_TYPES: Final = ("limit", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "trailing-stop",
                      "trailing-stop-limit")  # fmt: skip
"""What a conditional close may be."""


def problems_of(request: Request, target: OrderRecord | None = None) -> Iterator[tuple[str, Problem]]:
    """What is wrong with a finished request, each with how a sentence about it begins."""
    if isinstance(request, AddOrder):
        yield from (("", problem) for problem in order_problems(request.given()))
    elif isinstance(request, BatchAdd):
        if len(request.orders) not in BATCH:
            yield "", batch_size(len(request.orders))
        for at, terms in enumerate(request.orders, start=1):
            yield from ((f"Order {at}: ", problem) for problem in order_problems(terms.given()))
    elif isinstance(request, AmendOrder | EditOrder):
        yield from (("", problem) for problem in change_problems(request.given(), target))


def batch_size(count: int) -> Problem:
    """A batch of the wrong size."""
    return Problem("orders", f"A batch has {BATCH.start} to {BATCH.stop - 1} orders, not {count}.")


def order_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a new order's parameters, those that are None or absent counting as not given.

    >>> [problem.name for problem in order_problems({"order_type": "limit", "side": "buy", "order_qty": Decimal(1)})]
    ['limit_price']
    """
    kind = given.get("order_type")
    yield from _quantities(given, kind)
    if kind is not None:
        yield from _limit_price(given, kind)
        yield from _triggers(given, kind)
        yield from _display(given, kind)
    yield from _time_in_force(given, kind)
    yield from _flags(given, kind)
    if given.get("conditional") is not None:
        yield from _close(given["conditional"])


def change_problems(given: Mapping[str, Any], target: OrderRecord | None) -> Iterator[Problem]:
    """What is wrong with an amendment's or edit's parameters, as far as the order itself is known."""
    changing = ("order_qty", "limit_price", "trigger_price", "triggers", "display_qty", "post_only", "reduce_only")
    if not any(given.get(name) is not None for name in changing):
        yield Problem("order_qty", "Nothing would change: give a new quantity, price or flag.")
    for name in ("order_qty", "display_qty", "limit_price", "trigger_price"):
        offset = name == "limit_price" and given.get("limit_price_type") in ("pct", "quote")
        offset = offset or (name == "trigger_price" and given.get("trigger_price_type") in ("pct", "quote"))
        if given.get(name) is not None and not offset:
            yield from _positive(name, given[name])
    if target is None:
        return
    kind = target.order_type
    if given.get("limit_price") is not None and kind not in LIMIT_TYPES:
        yield Problem("limit_price", f"A {kind} order has no limit price.")
    if (given.get("trigger_price") is not None or given.get("triggers") is not None) and kind not in TRIGGERED_TYPES:
        yield Problem("trigger_price", f"A {kind} order has no trigger.")
    if given.get("display_qty") is not None and kind != "iceberg":
        yield Problem("display_qty", "Only an iceberg order has a display_qty.")
    elif kind == "iceberg":
        yield from _display({**_iceberg(target), **{n: v for n, v in given.items() if v is not None}}, kind)
    if given.get("post_only") and kind not in LIMIT_TYPES:
        yield Problem("post_only", f"A {kind} order has no limit price to be post-only at.")


def _iceberg(target: OrderRecord) -> dict[str, Decimal | None]:
    return {"order_qty": target.order_qty, "display_qty": target.display_qty}


def _positive(name: str, number: Decimal) -> Iterator[Problem]:
    if number <= 0:
        yield Problem(name, f"{name} {number:f} is not above zero.")


def _quantities(given: Mapping[str, Any], kind: str | None) -> Iterator[Problem]:
    qty, cash = given.get("order_qty"), given.get("cash_order_qty")
    for name in ("order_qty", "cash_order_qty", "display_qty"):
        if given.get(name) is not None:
            yield from _positive(name, given[name])
    if qty is None and cash is None:
        yield Problem("order_qty", "order_qty is missing: the quantity in base currency.")
    if cash is None:
        return
    if qty is not None:
        yield Problem("cash_order_qty", "Give order_qty (base) or cash_order_qty (quote), not both.")
    if kind not in (None, "market") or given.get("side") not in (None, "buy") or given.get("margin"):
        yield Problem("cash_order_qty", "cash_order_qty is for market orders that buy without margin.")


def _limit_price(given: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    price, price_type = given.get("limit_price"), given.get("limit_price_type")
    if kind not in LIMIT_TYPES:
        if price is not None:
            hint = _instead(kind, "-limit")
            yield Problem("limit_price", f"A {kind} order has no limit price.{hint[0]}", hint[1])
        return
    if price is None:
        yield Problem("limit_price", f"limit_price is missing: a {kind} order needs one.")
    if price_type is not None and kind != "trailing-stop-limit":
        yield Problem("limit_price_type", "limit_price_type is for trailing-stop-limit orders only.")
    if price is not None and (kind != "trailing-stop-limit" or price_type == "static"):
        yield from _positive("limit_price", price)


def _instead(kind: str, ending: str) -> tuple[str, Correction | None]:
    """The kind with a limit, where there is one: what was probably meant."""
    other = "limit" if kind == "market" else f"{kind}{ending}"
    if other not in LIMIT_TYPES:
        return "", None
    return f" A {other} order has.", Correction(f"order_type -> {other}", MappingProxyType({"order_type": other}))


def _triggers(given: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    triggers = given.get("triggers")
    if kind not in TRIGGERED_TYPES:
        if triggers is not None:
            yield Problem("triggers", f"A {kind} order waits for no trigger.")
        return
    if triggers is None:
        yield Problem("triggers", f"triggers is missing: a {kind} order needs triggers={{'price': ...}}.")
        return
    yield from _trigger("triggers.price", triggers.price, triggers.price_type, kind)


def _trigger(name: str, price: Decimal, price_type: str | None, kind: str) -> Iterator[Problem]:
    if kind in TRAILING_TYPES:
        if price_type not in ("pct", "quote"):
            yield Problem(name, f"A {kind} order follows the market: its price_type is 'pct' or 'quote'.")
        yield from _positive(name, price)
    elif price_type in (None, "static"):
        yield from _positive(name, price)
    elif not price:
        yield Problem(name, f"{name} 0 is no distance: its sign says on which side of the market it is.")


def _display(given: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    shown, qty = given.get("display_qty"), given.get("order_qty")
    if kind != "iceberg":
        if shown is not None:
            yield Problem("display_qty", "Only an iceberg order has a display_qty.")
        return
    if shown is None:
        yield Problem("display_qty", "display_qty is missing: how much of an iceberg is visible.")
    elif qty is not None and shown > qty:
        yield Problem("display_qty", f"display_qty {shown:f} is more than the whole order of {qty:f}.")
    elif qty is not None and shown * DISPLAYED < qty:
        yield Problem("display_qty", f"display_qty {shown:f} is less than a fifteenth of {qty:f}.")


def _time_in_force(given: Mapping[str, Any], kind: str | None) -> Iterator[Problem]:
    force, expires = given.get("time_in_force"), given.get("expire_time")
    if force == "fok" and kind not in (None, "limit"):
        yield Problem("time_in_force", "fok is for limit orders only.")
    if force == "gtd" and kind == "market":
        yield Problem("time_in_force", "A market order does not wait, so it has no date to be good till.")
    if force == "gtd" and expires is None:
        yield Problem("expire_time", "expire_time is missing: gtd means good till a date.")
    if force != "gtd" and expires is not None:
        offer = Correction("time_in_force -> gtd", MappingProxyType({"time_in_force": "gtd"}))
        yield Problem("expire_time", "expire_time goes with time_in_force='gtd'.", offer)


def _flags(given: Mapping[str, Any], kind: str | None) -> Iterator[Problem]:
    if given.get("post_only"):
        if kind is not None and kind not in LIMIT_TYPES:
            yield Problem("post_only", f"A {kind} order has no limit price to be post-only at.")
        if given.get("time_in_force") in ("ioc", "fok"):
            yield Problem("post_only", f"post_only never takes and {given['time_in_force']} only takes.")
    if given.get("reduce_only") and not given.get("margin"):
        yield Problem("reduce_only", "reduce_only reduces a margin position: it goes with margin=True.")
    if kind == "settle-position" and not given.get("margin"):
        yield Problem("margin", "settle-position settles a margin position: it goes with margin=True.")


def _close(close: Any) -> Iterator[Problem]:
    kind = close.order_type
    if kind not in CLOSE_TYPES:
        yield Problem("conditional", f"A conditional close is one of {', '.join(CLOSE_TYPES)}, not {kind}.")
        return
    if (kind in LIMIT_TYPES) != (close.limit_price is not None):
        words = "needs a" if kind in LIMIT_TYPES else "has no"
        yield Problem("conditional", f"A conditional {kind} {words} limit_price.")
    if (kind in TRIGGERED_TYPES) != (close.trigger_price is not None):
        words = "needs a" if kind in TRIGGERED_TYPES else "has no"
        yield Problem("conditional", f"A conditional {kind} {words} trigger_price.")
    elif close.trigger_price is not None:
        yield from _trigger("conditional.trigger_price", close.trigger_price, close.trigger_price_type, kind)
    if close.limit_price is not None and close.limit_price_type == "static":
        yield from _positive("conditional.limit_price", close.limit_price)
