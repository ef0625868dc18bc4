"""From a person's arguments to the canonical request: exactly what was asked, or everything that is wrong with it.

Parameters carry the exchange's own names. Numbers are text, int or `Decimal`, or a float by its shortest decimal form,
and are never rounded. What is not given is left out, so that the exchange's own defaults hold, with one exception: the
prices of a conditional close are always sent with their type, because the reference's example and its default disagree.

Source: "Add Order", "Amend Order", "Edit Order" and "Batch Add", Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final, get_args

from ..errors import BadArgument
from ..wire import (
    AddOrder,
    AmendOrder,
    BatchAdd,
    CancelAllOrdersAfter,
    Conditional,
    EditOrder,
    OrderTerms,
    Request,
    Triggers,
)
from ..wire.numbers import from_user
from ..wire.requests import OrderType, PriceType, Side
from .arguments import Reader
from .combinations import BATCH, CLOSE_TYPES, batch_size, change_problems, order_problems
from .corrections import Correction, Problem
from .states import OrderRecord

__all__ = [
    "AMENDED",
    "EDITED",
    "TERMS",
    "Reading",
    "read_add",
    "read_amend",
    "read_batch",
    "read_dead_man",
    "read_edit",
]

_FORCES: Final = ("gtc", "gtd", "ioc", "fok")
_PREVENTIONS: Final = ("cancel_newest", "cancel_oldest", "cancel_both")
TERMS: Final = tuple(f.name for f in fields(OrderTerms) if f.name not in ("cl_ord_id", "order_userref"))
AMENDED: Final = ("order_qty", "limit_price", "limit_price_type", "trigger_price", "trigger_price_type",
                   "display_qty", "post_only", "symbol")  # fmt: skip
EDITED: Final = ("order_qty", "limit_price", "display_qty", "fee_preference", "post_only", "reduce_only",
                  "triggers", "symbol")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What arguments came to: a request with an empty token, or None, and all that is wrong.

    ``given`` are the parameters as far as they could be read.
    """

    request: Request | None
    problems: tuple[Problem, ...]
    given: Mapping[str, Any]


def read_add(arguments: Mapping[str, object]) -> Reading:
    """The ``add_order`` that these arguments ask for.

    >>> read_add({"symbol": "BTC/USD", "side": "buy", "order_type": "market", "order_qty": 0.1}).request
    AddOrder(order_type='market', side='buy', order_qty=Decimal('0.1'), symbol='BTC/USD', token=***)
    """
    if swapped := _swapped(arguments):
        told = ("side", "symbol", "order_qty", "order_type")
        return Reading(None, (swapped,), {name: arguments[name] for name in told if name in arguments})
    reader = Reader(arguments)
    reader.only((*TERMS, "symbol"))
    symbol = reader.text("symbol", needed="a pair such as 'BTC/USD'")
    given = {**_terms(reader), "symbol": symbol}
    return _read(reader, given, order_problems(given), lambda: AddOrder(**given, token=""))


def _swapped(arguments: Mapping[str, object]) -> Problem | None:
    """A pair where the quantity belongs and a quantity where the pair does: one slip, said once and put right."""
    qty, symbol = arguments.get("symbol"), arguments.get("order_qty")
    if not isinstance(symbol, str) or "/" not in symbol or "/" in str(qty):
        return None
    try:
        from_user(qty, "order_qty")
    except BadArgument:
        return None
    said = (
        f"The pair comes first and then the quantity: here {qty!r} stands for the pair and {symbol!r} for the quantity."
    )
    offer = Correction(f"{symbol}, order_qty {qty}", MappingProxyType({"symbol": symbol, "order_qty": qty}))
    return Problem("symbol", said, offer)


def read_batch(arguments: Mapping[str, object]) -> Reading:
    """The ``batch_add`` of ``orders``, two to fifteen mappings as for `read_add` but without symbol.

    >>> len(read_batch({"symbol": "BTC/USD", "orders": []}).problems)
    1
    """
    reader = Reader(arguments)
    reader.only(("symbol", "orders"))
    symbol = reader.text("symbol", needed="one pair for the whole batch")
    orders = arguments.get("orders")
    legs: list[OrderTerms] = []
    if not isinstance(orders, list | tuple) or not all(isinstance(order, Mapping) for order in orders):
        reader.object_to("orders", "orders is not a list of mappings, one for each order.")
        orders = []
    elif len(orders) not in BATCH:
        reader.problems.append(batch_size(len(orders)))
    for at, order in enumerate(orders, start=1):
        each = Reader({name: value for name, value in order.items() if (name, value) != ("symbol", symbol)})
        each.only(TERMS)
        given = _terms(each)
        read = _read(each, given, order_problems(given), lambda given=given: OrderTerms(**given))  # type: ignore[misc]
        reader.problems += [Problem(f"orders[{at - 1}].{p.name}", f"Order {at}: {p.said}") for p in read.problems]
        if read.request is not None:
            legs.append(read.request)  # type: ignore[arg-type]
    whole: dict[str, Any] = {"symbol": symbol, "orders": tuple(legs)}
    return _read(reader, whole, (), lambda: BatchAdd(**whole, token=""))


def read_amend(target: OrderRecord, arguments: Mapping[str, object]) -> Reading:
    """The ``amend_order`` of an order. ``order_qty`` is the new total, what is filled included."""
    reader = Reader(arguments)
    reader.only(AMENDED)
    given: dict[str, Any] = {
        **{name: reader.number(name) for name in ("order_qty", "limit_price", "trigger_price", "display_qty")},
        **{name: reader.choice(name, get_args(PriceType)) for name in ("limit_price_type", "trigger_price_type")},
        "post_only": reader.changed_flag("post_only"),
        "symbol": reader.text("symbol"),
    }
    name = {"order_id": target.order_id} if target.order_id is not None else {"cl_ord_id": target.cl_ord_id}
    if target.order_id is None and target.cl_ord_id is None:
        reader.object_to("order", "The order has no id yet, so it cannot be named.")
    return _read(reader, given, change_problems(given, target), lambda: AmendOrder(**name, **given, token=""))


def read_edit(target: OrderRecord, arguments: Mapping[str, object]) -> Reading:
    """The ``edit_order`` of an order: cancelled, and replaced by another under a new id."""
    reader = Reader(arguments)
    reader.only(EDITED)
    given: dict[str, Any] = {
        **{name: reader.number(name) for name in ("order_qty", "limit_price", "display_qty")},
        "fee_preference": reader.choice("fee_preference", ("base", "quote")),
        "post_only": reader.changed_flag("post_only"),
        "reduce_only": reader.changed_flag("reduce_only"),
        "triggers": _triggers(reader),
        "symbol": reader.text("symbol") or target.symbol,
        "order_id": target.order_id,
    }
    if target.order_id is None:
        reader.object_to("order", "The order has no order_id yet, by which alone an order is edited.")
    return _read(reader, given, change_problems(given, target), lambda: EditOrder(**given, token=""))


def read_dead_man(timeout: object) -> Reading:
    """The ``cancel_all_orders_after``: whole seconds below a day; 0 turns the switch off.

    >>> read_dead_man(60).request
    CancelAllOrdersAfter(timeout=60, token=***)
    """
    reader = Reader({"timeout": timeout})
    if isinstance(timeout, bool) or not isinstance(timeout, int) or not 0 <= timeout < 86_400:
        reader.object_to("timeout", f"timeout {timeout!r} is not a whole number of seconds from 0 to 86399.")
    return _read(reader, {"timeout": timeout}, (), lambda: CancelAllOrdersAfter(timeout=timeout, token=""))  # type: ignore[arg-type]


def _read(reader: Reader, given: Mapping[str, Any], objections: Iterable[Problem], make: Callable[[], Any]) -> Reading:
    """The request if nothing is wrong with it. What could not be read is not found missing as well."""
    unread = {problem.name.partition(".")[0] for problem in reader.problems}
    problems = [*reader.problems, *(problem for problem in objections if problem.name not in unread)]
    return Reading(None if problems else make(), tuple(problems), {n: v for n, v in given.items() if v is not None})


def _terms(reader: Reader) -> dict[str, Any]:
    """The parameters of one order, as far as they can be read."""
    return {
        "order_type": reader.choice("order_type", get_args(OrderType), needed=True),
        "side": reader.choice("side", get_args(Side), needed=True),
        "order_qty": reader.number("order_qty"),
        "cash_order_qty": reader.number("cash_order_qty"),
        "limit_price": reader.number("limit_price"),
        "limit_price_type": reader.choice("limit_price_type", get_args(PriceType)),
        "triggers": _triggers(reader),
        "time_in_force": reader.choice("time_in_force", _FORCES),
        "expire_time": reader.time("expire_time"),
        "effective_time": reader.time("effective_time"),
        "post_only": reader.flag("post_only"),
        "reduce_only": reader.flag("reduce_only"),
        "margin": reader.flag("margin"),
        "display_qty": reader.number("display_qty"),
        "fee_preference": reader.choice("fee_preference", ("base", "quote")),
        "stp_type": reader.choice("stp_type", _PREVENTIONS),
        "conditional": _conditional(reader),
        "sender_sub_id": reader.text("sender_sub_id"),
    }


def _triggers(reader: Reader) -> Triggers | None:
    inner = _inside(reader, "triggers", Triggers)
    if inner is None:
        return None
    inner.only(("price", "price_type", "reference"))
    price = inner.number("price")
    if price is None and not inner.problems:
        inner.object_to("price", "triggers.price is missing.")
    kind, reference = inner.choice("price_type", get_args(PriceType)), inner.choice("reference", ("last", "index"))
    reader.problems += inner.problems
    if price is None or inner.problems:
        return None
    return Triggers(price=price, price_type=kind, reference=reference)


def _conditional(reader: Reader) -> Conditional | None:
    inner = _inside(reader, "conditional", Conditional)
    if inner is None:
        return None
    inner.only([field.name for field in fields(Conditional)])
    kind = inner.choice("order_type", CLOSE_TYPES, needed=True)
    limit, trigger = inner.number("limit_price"), inner.number("trigger_price")
    types = {name: inner.choice(name, get_args(PriceType)) for name in ("limit_price_type", "trigger_price_type")}
    reader.problems += inner.problems
    if inner.problems:
        return None
    close = Conditional(order_type=kind, limit_price=limit, trigger_price=trigger, **types)
    if limit is not None and close.limit_price_type is None:
        close = replace(close, limit_price_type="quote" if kind == "trailing-stop-limit" else "static")
    if trigger is not None and close.trigger_price_type is None and not kind.startswith("trailing"):
        close = replace(close, trigger_price_type="static")
    return close


def _inside(reader: Reader, name: str, kind: type[Triggers] | type[Conditional]) -> Reader | None:
    """A reader of a nested argument, given as a mapping or as the value itself."""
    value = reader.arguments.get(name)
    if value is None:
        return None
    if isinstance(value, kind):
        value = value.given()
    if not isinstance(value, Mapping):
        reader.object_to(name, f"{name} {value!r} is not a mapping such as {{'price': ...}}.")
        return None
    return Reader(value, f"{name}.")
