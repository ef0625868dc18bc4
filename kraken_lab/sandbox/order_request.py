"""The eight trading methods: from the parameters of a request to what it asks of the account.

Every trading request carries a token; without one it is refused here, whether the token is good is the session's
business. The parameters are read strictly: unknown fields, wrong types and impossible words are refused.

Assumed, because nobody has published it: all details after ``EGeneral:Invalid arguments:``, which name the argument.

Source: Add, Amend, Edit and Cancel Order, Cancel All, Cancel All Orders After, Batch Add and Batch Cancel pages, Kraken
WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from kraken_lab.sandbox.new_order import ORDER_FIELDS, ReadOrder, moment, read_order, read_triggers, warnings_of
from kraken_lab.sandbox.order_terms import Amendment, Edit, PriceType
from kraken_lab.sandbox.parameters import Field, Fields, Refusing, checked, is_integer

__all__ = [
    "TRADING_METHODS",
    "AddBatch",
    "AddOrder",
    "AmendOrder",
    "Ask",
    "CancelAfter",
    "CancelAll",
    "CancelBatch",
    "CancelOrders",
    "EditOrder",
    "TradingRequest",
    "read_trading",
]

BATCH_ADD: Final = (2, 15)
BATCH_CANCEL: Final = (2, 50)
LONGEST_TIMEOUT_S: Final = 86_400
"""The dead man's switch takes less than that."""

_IdKind: TypeAlias = Literal["order_id", "cl_ord_id", "order_userref"]


@dataclass(frozen=True, slots=True)
class AddOrder:
    """``add_order``."""

    order: ReadOrder


@dataclass(frozen=True, slots=True)
class AddBatch:
    """``batch_add``: all for one pair, at one deadline."""

    orders: tuple[ReadOrder, ...]
    deadline_ns: int | None


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """``amend_order``."""

    amendment: Amendment


@dataclass(frozen=True, slots=True)
class EditOrder:
    """``edit_order``."""

    edit: Edit
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """``cancel_order``: several orders by one kind of id, each answered for itself."""

    kind: _IdKind
    ids: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class CancelBatch:
    """``batch_cancel``: ``orders`` are order ids, and user references as text."""

    orders: tuple[str, ...]
    cl_ord_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CancelAll:
    """``cancel_all``."""


@dataclass(frozen=True, slots=True)
class CancelAfter:
    """``cancel_all_orders_after``: 0 switches it off."""

    timeout_s: int


Ask: TypeAlias = AddOrder | AddBatch | AmendOrder | EditOrder | CancelOrders | CancelBatch | CancelAll | CancelAfter


@dataclass(frozen=True, slots=True)
class TradingRequest:
    """A trading request in order: who asks, and what for."""

    method: str
    req_id: int | None
    token: str
    ask: Ask


_TEXT: Final = Field("text")
_NUMBER: Final = Field("number")
_BOOLEAN: Final = Field("boolean")
_LIST: Final = Field("array")
_PRICE_TYPE: Final = Field("text", get_args(PriceType))
_TOKEN: Final[Fields] = {"token": _TEXT}
_WHOLE: Final[Fields] = {**_TOKEN, "symbol": _TEXT, "deadline": _TEXT, "validate": _BOOLEAN}
"""What an order and a batch of them have in common."""

_FIELDS: Final[Mapping[str, Fields]] = {
    "add_order": {**ORDER_FIELDS, **_WHOLE},
    "batch_add": {**_WHOLE, "orders": _LIST},
    "amend_order": {
        **_TOKEN,
        "order_id": _TEXT,
        "cl_ord_id": _TEXT,
        "order_qty": _NUMBER,
        "limit_price": _NUMBER,
        "limit_price_type": _PRICE_TYPE,
        "trigger_price": _NUMBER,
        "trigger_price_type": _PRICE_TYPE,
        "display_qty": _NUMBER,
        "post_only": _BOOLEAN,
        "deadline": _TEXT,
        "symbol": _TEXT,
    },
    "edit_order": {
        **_WHOLE,
        "order_id": _TEXT,
        "order_qty": _NUMBER,
        "limit_price": _NUMBER,
        "display_qty": _NUMBER,
        "fee_preference": ORDER_FIELDS["fee_preference"],
        "post_only": _BOOLEAN,
        "reduce_only": _BOOLEAN,
        "triggers": Field("object"),
        "order_userref": Field("integer"),
        "no_mpp": _BOOLEAN,
        "price": _NUMBER,
        "trigger": ORDER_FIELDS["trigger"],
        "stop_price": _NUMBER,
    },
    "cancel_order": {**_TOKEN, "order_id": _LIST, "cl_ord_id": _LIST, "order_userref": _LIST},
    "cancel_all": _TOKEN,
    "cancel_all_orders_after": {**_TOKEN, "timeout": Field("integer")},
    "batch_cancel": {**_TOKEN, "orders": _LIST, "cl_ord_id": _LIST},
}

TRADING_METHODS: Final = frozenset(_FIELDS)


def read_trading(params: Mapping[str, Any], refuse: Refusing, clock_offset_ns: int = 0) -> TradingRequest:
    """The trading request of ``refuse``'s method; times in it are by a clock ahead by ``clock_offset_ns``.

    >>> read_trading({"token": "T", "timeout": 60}, Refusing("cancel_all_orders_after", 1)).ask
    CancelAfter(timeout_s=60)

    Raises:
        BadRequest: it is refused; the exception says with which words.
    """
    given = checked(params, _FIELDS[refuse.method], refuse)
    token = given.pop("token", "")
    if not token:
        raise refuse("Token(s) not found")
    return TradingRequest(refuse.method, refuse.req_id, token, _READERS[refuse.method](given, refuse, clock_offset_ns))


def _add(given: dict[str, Any], refuse: Refusing, offset_ns: int) -> AddOrder:
    return AddOrder(
        read_order(
            given,
            _required(given, "symbol", refuse),
            refuse,
            clock_offset_ns=offset_ns,
            deadline_ns=_deadline(given, refuse, offset_ns),
            validate=given.get("validate", False),
        )
    )


def _add_batch(given: dict[str, Any], refuse: Refusing, offset_ns: int) -> AddBatch:
    symbol, orders = _required(given, "symbol", refuse), _required(given, "orders", refuse)
    if not BATCH_ADD[0] <= len(orders) <= BATCH_ADD[1] or not all(isinstance(order, dict) for order in orders):
        raise refuse.argument("orders")
    is_check = given.get("validate", False)
    read = tuple(
        read_order(checked(order, ORDER_FIELDS, refuse), symbol, refuse, clock_offset_ns=offset_ns, validate=is_check)
        for order in orders
    )
    return AddBatch(read, _deadline(given, refuse, offset_ns))


def _amend(given: dict[str, Any], refuse: Refusing, offset_ns: int) -> AmendOrder:
    if ("order_id" in given) == ("cl_ord_id" in given):
        raise refuse.argument("order_id")
    deadline_ns = _deadline(given, refuse, offset_ns)
    changes = {name: value for name, value in given.items() if name not in ("deadline", "symbol")}
    return AmendOrder(Amendment(**changes, deadline_ns=deadline_ns))


def _edit(given: dict[str, Any], refuse: Refusing, offset_ns: int) -> EditOrder:
    order_id, symbol = _required(given, "order_id", refuse), _required(given, "symbol", refuse)
    triggers = read_triggers(given, refuse)
    same = ("order_qty", "display_qty", "fee_preference", "post_only", "reduce_only", "order_userref", "validate")
    edit = Edit(
        order_id=order_id,
        symbol=symbol,
        limit_price=given.get("limit_price", given.get("price")),
        triggers=triggers,
        deadline_ns=_deadline(given, refuse, offset_ns),
        **{name: given[name] for name in same if name in given},
    )
    return EditOrder(edit, warnings_of(given))


def _cancel(given: dict[str, Any], refuse: Refusing, offset_ns: int) -> CancelOrders:
    kinds = [kind for kind in get_args(_IdKind) if kind in given]
    if len(kinds) != 1 or not given[kinds[0]]:
        raise refuse.argument("order_id")
    kind = cast(_IdKind, kinds[0])
    if kind == "order_userref":
        if not all(map(is_integer, given[kind])):
            raise refuse("Order_userref field must be an array of number_integers")
        return CancelOrders(kind, tuple(given[kind]))
    return CancelOrders(kind, _texts(given, kind, refuse))


def _cancel_batch(given: dict[str, Any], refuse: Refusing, offset_ns: int) -> CancelBatch:
    orders, cl_ord_ids = _texts(given, "orders", refuse), _texts(given, "cl_ord_id", refuse)
    if not BATCH_CANCEL[0] <= len(orders) + len(cl_ord_ids) <= BATCH_CANCEL[1]:
        raise refuse.argument("orders")
    return CancelBatch(orders, cl_ord_ids)


def _cancel_all(given: dict[str, Any], refuse: Refusing, offset_ns: int) -> CancelAll:
    return CancelAll()


def _cancel_after(given: dict[str, Any], refuse: Refusing, offset_ns: int) -> CancelAfter:
    timeout_s = _required(given, "timeout", refuse)
    if not 0 <= timeout_s < LONGEST_TIMEOUT_S:
        raise refuse.argument("timeout")
    return CancelAfter(timeout_s)


_READERS: Final[Mapping[str, Callable[[dict[str, Any], Refusing, int], Ask]]] = {
    "add_order": _add,
    "batch_add": _add_batch,
    "amend_order": _amend,
    "edit_order": _edit,
    "cancel_order": _cancel,
    "cancel_all": _cancel_all,
    "cancel_all_orders_after": _cancel_after,
    "batch_cancel": _cancel_batch,
}


def _required(given: Mapping[str, Any], name: str, refuse: Refusing) -> Any:
    if name not in given:
        raise refuse.argument(name)
    return given[name]


def _texts(given: Mapping[str, Any], name: str, refuse: Refusing) -> tuple[str, ...]:
    items = given.get(name, [])
    if not all(isinstance(item, str) for item in items):
        raise refuse(f"{name.capitalize()} field must be an array of strings")
    return tuple(items)


def _deadline(given: Mapping[str, Any], refuse: Refusing, offset_ns: int) -> int | None:
    return moment(given["deadline"], "deadline", refuse) - offset_ns if "deadline" in given else None
