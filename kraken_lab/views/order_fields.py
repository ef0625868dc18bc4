"""Which fields an order ticket shows, asked of the rules that judge orders, and how a price moves by its tick.

No list of fields is kept here that could differ from what is allowed: a field is shown for an order if giving it is
not, by itself, a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, Final, get_args

from ..trading.combinations import CLOSE_TYPES, change_problems, order_problems
from ..trading.legs import EXACT, LIMIT_TYPES, TRAILING_TYPES, TRIGGERED_TYPES
from ..trading.states import OrderRecord
from ..wire import Conditional, Triggers
from ..wire.requests import OrderType

__all__ = [
    "CLOSE_TYPES",
    "FORCES",
    "ORDER_TYPES",
    "amendable",
    "close_fields",
    "forces_of",
    "order_fields",
    "price_types_of",
    "stepped",
]

ORDER_TYPES: Final[tuple[str, ...]] = get_args(OrderType)
FORCES: Final = ("gtc", "gtd", "ioc", "fok")
_PRICE_TYPES: Final = ("static", "pct", "quote")
_ONE: Final = Decimal(1)
_SAMPLES: Final[Mapping[str, Any]] = {
    "order_qty": _ONE,
    "limit_price": _ONE,
    "triggers": Triggers(price=_ONE, price_type="quote"),
    "display_qty": _ONE,
    "time_in_force": "gtc",
    "expire_time": "2030-01-01T00:00:00Z",
    "effective_time": "2030-01-01T00:00:00Z",
    "post_only": True,
    "reduce_only": True,
    "margin": True,
    "fee_preference": "quote",
    "stp_type": "cancel_both",
    "conditional": Conditional(order_type="limit", limit_price=_ONE),
}
"""A value for each field that nothing but its presence could be wrong with."""


def order_fields(order_type: str, side: str = "buy", *, margin: bool = False, time_in_force: str = "gtc") -> set[str]:
    """The fields that apply to an order, by the exchange's names for its parameters.

    ``cash_order_qty`` is among them where the quantity may be given in quote currency instead.

    >>> sorted(order_fields("market", "sell"))
    ['conditional', 'effective_time', 'fee_preference', 'margin', 'order_qty', 'stp_type', 'time_in_force']
    """
    order = {"order_type": order_type, "side": side, "margin": margin, "time_in_force": time_in_force}
    shown = {name for name, value in _SAMPLES.items() if not _objects(name, {"order_qty": _ONE, **order, name: value})}
    if not _objects("cash_order_qty", {**order, "cash_order_qty": _ONE}):
        shown.add("cash_order_qty")
    if len(price_types_of("limit_price", order_type)) > 1:
        shown.add("limit_price_type")
    return shown


def close_fields(close_type: str) -> set[str]:
    """The prices that a conditional close of this type has.

    >>> sorted(close_fields("stop-loss-limit")), close_fields("")
    (['limit_price', 'trigger_price'], set())
    """
    has = {"limit_price": close_type in LIMIT_TYPES, "trigger_price": close_type in TRIGGERED_TYPES}
    return {name for name, there in has.items() if there}


def forces_of(order_type: str) -> tuple[str, ...]:
    """The times in force that an order type can have.

    >>> forces_of("limit"), forces_of("market")
    (('gtc', 'gtd', 'ioc', 'fok'), ('gtc', 'ioc'))
    """
    return tuple(
        force
        for force in FORCES
        if not _objects("time_in_force", {"order_type": order_type, "order_qty": _ONE, "time_in_force": force})
    )


def price_types_of(field: str, order_type: str) -> tuple[str, ...]:
    """How a ``limit_price`` or a trigger's ``price`` of this order type may be meant.

    ``static`` is a price, ``pct`` and ``quote`` are distances, in percent or in quote currency.

    >>> price_types_of("triggers", "trailing-stop"), price_types_of("triggers", "stop-loss")
    (('pct', 'quote'), ('static', 'pct', 'quote'))
    >>> price_types_of("limit_price", "trailing-stop-limit"), price_types_of("limit_price", "limit")
    (('quote', 'pct', 'static'), ('static',))
    """
    if field == "triggers":
        # Trailing ones follow the market: a price of their own is what the rules object to.
        return _PRICE_TYPES[1:] if order_type in TRAILING_TYPES else _PRICE_TYPES
    return ("quote", "pct", "static") if order_type == "trailing-stop-limit" else ("static",)


def amendable(record: OrderRecord) -> tuple[str, ...]:
    """What can be changed of an order in place, by the names of `amend_order`'s parameters.

    A trailing order's trigger is not among them: what it is told to be is a price, and what it is set to a distance.
    """
    whole = replace(record, order_qty=_ONE, display_qty=_ONE)
    found = []
    for name in ("order_qty", "limit_price", "trigger_price", "display_qty"):
        objected = any(problem.name == name for problem in change_problems({name: _ONE}, whole))
        if not objected and not (name == "trigger_price" and record.order_type in TRAILING_TYPES):
            found.append(name)
    return tuple(found)


def stepped(text: str, step: Decimal, *, up: bool, start: Decimal | None = None) -> str:
    """A number one step further: the next multiple of the step in that direction, and never below zero.

    Nothing yet means ``start``; what is no number stays as it is.

    >>> stepped("26500.4", Decimal("0.1"), up=True), stepped("26500.44", Decimal("0.1"), up=False)
    ('26500.5', '26500.4')
    >>> stepped("", Decimal("0.5"), up=True, start=Decimal("100.5")), stepped("many", Decimal(1), up=True)
    ('100.5', 'many')
    """
    text = text.strip()
    if not text:
        return "" if start is None else f"{start:f}"
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return text
    steps = EXACT.divide(number, step)
    whole = steps.to_integral_value(rounding=ROUND_FLOOR if up else ROUND_CEILING) + (1 if up else -1)
    moved = EXACT.multiply(whole, step)
    return text if moved < 0 <= number else f"{moved:f}"


def _objects(name: str, given: Mapping[str, Any]) -> bool:
    """Whether the rules object to this parameter itself, and not to what is missing beside it."""
    return any(problem.name == name for problem in order_problems(given))
