"""What is offered instead of what was asked: the nearest price on the tick, the right spelling, the smallest order.

A correction is offered, never made: taking it makes a new proposal, with all its checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import Any

from ..wire import Pair
from .legs import EXACT

__all__ = ["Correction", "Problem", "merged", "nearest", "order_corrections"]


@dataclass(frozen=True, slots=True)
class Correction:
    """A change that would put something right, offered and never made by itself. ``changes`` replace arguments."""

    text: str
    changes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the arguments: ``name`` is the argument's, ``said`` a sentence, ``offer`` a fix."""

    name: str
    said: str
    offer: Correction | None = None


def nearest(number: Decimal, increment: Decimal, *, up: bool = False) -> Decimal:
    """The multiple of the increment that is nearest, or the next one ``up``; never less than one increment from zero.

    >>> nearest(Decimal("26500.44"), Decimal("0.1")), nearest(Decimal("0.30000000000000004"), Decimal("0.00000001"))
    (Decimal('26500.4'), Decimal('0.30000000'))
    """
    steps = EXACT.divide(number, increment).to_integral_value(rounding=ROUND_CEILING if up else ROUND_HALF_EVEN)
    if not steps:
        steps = Decimal(1) if number >= 0 else Decimal(-1)
    return EXACT.multiply(steps, increment)


def merged(offers: Iterable[Correction]) -> tuple[Correction, ...]:
    """All offers: first all of them in one, where there are several, then each alone."""
    each = tuple(offers)
    if len(each) < 2:
        return each
    changes: dict[str, object] = {}
    for offer in each:
        for name, value in offer.changes.items():
            before = changes.get(name)
            both = isinstance(before, Mapping) and isinstance(value, Mapping)
            changes[name] = {**before, **value} if both else value  # type: ignore[dict-item]
    return (Correction("; ".join(offer.text for offer in each), MappingProxyType(changes)), *each)


def order_corrections(given: Mapping[str, Any], pair: Pair) -> tuple[Correction, ...]:
    """What would put an order's prices and quantities on the pair's steps and above its minimum.

    ``given`` are the order's parameters as read: exact numbers, nested ones as values.
    """
    offers = []
    kind = given.get("limit_price_type") or ("quote" if given.get("order_type") == "trailing-stop-limit" else "static")
    price = given.get("limit_price")
    if price is not None and price and kind != "pct":
        offers += _moved("limit_price", price, nearest(price, pair.price_increment))
    triggers = given.get("triggers")
    if triggers is not None and triggers.price and triggers.price_type != "pct":
        fixed = nearest(triggers.price, pair.price_increment)
        if fixed != triggers.price:
            changes = {"triggers": {**triggers.given(), "price": fixed}}
            offers.append(Correction(f"triggers.price {triggers.price:f} -> {fixed:f}", MappingProxyType(changes)))
    for name in ("order_qty", "display_qty"):
        qty = given.get(name)
        if qty is None or qty <= 0:
            continue
        fixed = nearest(qty, pair.qty_increment)
        if name == "order_qty" and fixed < pair.qty_min:
            fixed = nearest(pair.qty_min, pair.qty_increment, up=True)
        offers += _moved(name, qty, fixed)
    cash = given.get("cash_order_qty")
    if cash is not None and cash > 0:
        offers += _moved("cash_order_qty", cash, nearest(cash, Decimal(1).scaleb(-pair.cost_precision)))
    return tuple(offers)


def _moved(name: str, old: Decimal, new: Decimal) -> list[Correction]:
    return [] if old == new else [Correction(f"{name} {old:f} -> {new:f}", MappingProxyType({name: new}))]
