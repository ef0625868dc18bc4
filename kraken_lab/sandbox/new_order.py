"""The parameters that describe one new order, as ``add_order`` takes them and ``batch_add`` takes them many times.

What is found here is a matter of text: missing or impossible arguments, identifiers of the wrong form, and what is
deprecated, which is understood and warned about. Whether such an order makes sense and may be entered is `trading`'s
business.

Source: Add Order and Batch Add pages, Kraken WebSocket API v2 reference. The warnings are modelled on those of the
``executions`` acknowledgement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, get_args

from kraken_lab.sandbox.instants import instant_ns
from kraken_lab.sandbox.order_terms import (
    ConditionalTerms,
    NewOrder,
    OrderType,
    PriceType,
    SelfTrade,
    TriggerTerms,
)
from kraken_lab.sandbox.parameters import Field, Fields, Refusing, checked

__all__ = ["ORDER_FIELDS", "ReadOrder", "is_client_id", "moment", "read_order", "read_triggers", "warnings_of"]

_PRICE_TYPE: Final = Field("text", get_args(PriceType))
_REFERENCE: Final = Field("text", ("last", "index"))
_TEXT: Final = Field("text")
_NUMBER: Final = Field("number")
_BOOLEAN: Final = Field("boolean")

ORDER_FIELDS: Final[Fields] = {
    "order_type": Field("text", get_args(OrderType)),
    "side": Field("text", ("buy", "sell")),
    "order_qty": _NUMBER,
    "cash_order_qty": _NUMBER,
    "limit_price": _NUMBER,
    "limit_price_type": _PRICE_TYPE,
    "triggers": Field("object"),
    "time_in_force": Field("text", ("gtc", "gtd", "ioc", "fok")),
    "expire_time": _TEXT,
    "effective_time": _TEXT,
    "post_only": _BOOLEAN,
    "reduce_only": _BOOLEAN,
    "margin": _BOOLEAN,
    "display_qty": _NUMBER,
    "fee_preference": Field("text", ("base", "quote")),
    "stp_type": Field("text", get_args(SelfTrade)),
    "conditional": Field("object"),
    "cl_ord_id": _TEXT,
    "order_userref": Field("integer"),
    "sender_sub_id": _TEXT,
    "no_mpp": _BOOLEAN,
    "trigger": _REFERENCE,
    "stop_price": _NUMBER,
}
"""What ``batch_add`` takes for each order; ``add_order`` takes some more."""

_TRIGGERS: Final[Fields] = {"price": _NUMBER, "price_type": _PRICE_TYPE, "reference": _REFERENCE}
_CONDITIONAL: Final[Fields] = {
    "order_type": Field(
        "text", tuple(kind for kind in get_args(OrderType) if kind not in ("market", "iceberg", "settle-position"))
    ),
    "limit_price": _NUMBER,
    "limit_price_type": _PRICE_TYPE,
    "trigger_price": _NUMBER,
    "trigger_price_type": _PRICE_TYPE,
    "stop_price": _NUMBER,
}
_DEPRECATED: Final = {
    "stop_price": "stop_price is deprecated, use triggers.price",
    "trigger": "trigger is deprecated use triggers.reference",
    "no_mpp": "no_mpp is deprecated",
    "price": "price is deprecated, use limit_price",
}
_CLIENT_ID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[ -~]{1,18}"
)


class ReadOrder(NamedTuple):
    """An order as it was read, and the warnings that its answer carries."""

    terms: NewOrder
    warnings: tuple[str, ...]


def read_order(
    params: Mapping[str, Any],
    symbol: str,
    refuse: Refusing,
    *,
    clock_offset_ns: int = 0,
    deadline_ns: int | None = None,
    validate: bool = False,
) -> ReadOrder:
    """The order that ``params``, checked against their table already, ask for; the rest is said of it elsewhere.

    Raises:
        BadRequest: an argument is missing, or says nothing sensible.
    """
    for required in ("order_type", "side"):
        if required not in params:
            raise refuse.argument(required)
    if params["order_type"] != "market" and "no_mpp" in params:
        raise refuse.argument("no_mpp order option is only available when ordertype = market")
    times: dict[str, Any] = {
        name: moment(params[field], field, refuse) - clock_offset_ns
        for field, name in (("expire_time", "expire_ns"), ("effective_time", "effective_ns"))
        if field in params
    }
    same = ("order_qty", "cash_order_qty", "limit_price", "limit_price_type", "time_in_force", "post_only",
            "reduce_only", "margin", "display_qty", "fee_preference", "stp_type", "sender_sub_id")  # fmt: skip
    terms = NewOrder(
        symbol=symbol,
        side=params["side"],
        order_type=params["order_type"],
        triggers=read_triggers(params, refuse),
        conditional=_conditional(params["conditional"], refuse) if "conditional" in params else None,
        **{name: params[name] for name in same if name in params},
        **_identity(params, refuse),
        **times,
        deadline_ns=deadline_ns,
        validate=validate,
    )
    return ReadOrder(terms, warnings_of(params))


def warnings_of(params: Mapping[str, Any]) -> tuple[str, ...]:
    """One warning for each deprecated parameter that was given."""
    return tuple(text for field, text in _DEPRECATED.items() if field in params)


def read_triggers(params: Mapping[str, Any], refuse: Refusing) -> TriggerTerms | None:
    """The ``triggers`` of an order; the deprecated ``stop_price`` and ``trigger`` say the same less well.

    Raises:
        BadRequest: they are not in order, or without a price.
    """
    given = params.get("triggers")
    if given is None:
        old = {"price": "stop_price", "reference": "trigger"}
        given = {name: params[field] for name, field in old.items() if field in params}
        if not given:
            return None
    given = checked(given, _TRIGGERS, refuse)
    if "price" not in given:
        raise refuse.argument("triggers")
    return TriggerTerms(**given)


def _conditional(given: Mapping[str, Any], refuse: Refusing) -> ConditionalTerms:
    terms = checked(given, _CONDITIONAL, refuse)
    if "order_type" not in terms:
        raise refuse.argument("conditional")
    if "stop_price" in terms:
        terms.setdefault("trigger_price", terms.pop("stop_price"))
    terms.pop("stop_price", None)
    return ConditionalTerms(**terms)


def _identity(params: Mapping[str, Any], refuse: Refusing) -> dict[str, Any]:
    """The client's own name for the order: an id of one of three forms, or a reference; not both."""
    identity: dict[str, Any] = {}
    if "cl_ord_id" in params:
        if not is_client_id(params["cl_ord_id"]):
            raise refuse.argument("cl_ord_id")
        identity["cl_ord_id"] = params["cl_ord_id"]
    if "order_userref" in params:
        identity["order_userref"] = params["order_userref"]
    if len(identity) > 1:
        raise refuse.argument("cl_ord_id")
    return identity


def is_client_id(text: str) -> bool:
    """Whether it can be a ``cl_ord_id``: a UUID with or without dashes, or up to 18 characters of ASCII text.

    >>> is_client_id("mkt-20260504-01"), is_client_id("one that is too long"), is_client_id("")
    (True, False, False)
    """
    return _CLIENT_ID.fullmatch(text) is not None


def moment(text: str, field: str, refuse: Refusing) -> int:
    """The time that a field holds, in nanoseconds since the epoch by the clock the exchange shows.

    Raises:
        BadRequest: it is no time.
    """
    try:
        return instant_ns(text)
    except ValueError:
        raise refuse.argument(field) from None
