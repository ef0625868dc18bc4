"""The parameters of one order as REST takes them: older names, everything as text, prices with signs.

A price may be written with a sign (``+5``, ``-2%``, an offset from the reference price) where the socket has
``price_type``; elsewhere such a price is refused here.

Source: Add Order page, Kraken REST API reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from kraken_lab.sandbox.instants import instant_ns
from kraken_lab.sandbox.new_order import is_client_id
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.order_terms import ConditionalTerms, NewOrder, OrderType, PriceType, TriggerTerms
from kraken_lab.sandbox.rest_answer import ApiError

__all__ = [
    "Parameters",
    "flag",
    "invalid",
    "read_deadline",
    "read_flags",
    "read_integer",
    "read_number",
    "read_price",
    "read_prices",
    "read_rest_order",
]

Parameters: TypeAlias = Mapping[str, str]
_Reference: TypeAlias = Literal["last", "index"]

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "type": ("buy", "sell"),
    "ordertype": get_args(OrderType),
    "trigger": ("last", "index"),
    "timeinforce": ("GTC", "GTD", "IOC", "FOK"),
    "stptype": ("cancel-newest", "cancel-oldest", "cancel-both"),
}
_CLOSING: Final = tuple(kind for kind in get_args(OrderType) if kind not in ("market", "iceberg", "settle-position"))
_FLAGS: Final = frozenset({"post", "fcib", "fciq", "nompp", "viqc"})
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")


def invalid(name: str) -> ApiError:
    """The refusal of a parameter's value."""
    return ApiError(f"EGeneral:Invalid arguments:{name}")


def read_rest_order(
    parameters: Parameters, symbol: str, now_ns: int, *, clock_offset_ns: int = 0, validate: bool = False
) -> NewOrder:
    """The order that the parameters of ``AddOrder`` ask for; absolute times are by a clock ahead by the offset.

    Raises:
        ApiError: one is missing, or says nothing sensible.
    """
    words = {name: _word(parameters, name, allowed) for name, allowed in _WORDS.items()}
    flags = read_flags(parameters)
    for required in ("ordertype", "type", "volume"):
        if not parameters.get(required):
            raise invalid(required)
    if "cl_ord_id" in parameters and not is_client_id(parameters["cl_ord_id"]):
        raise invalid("cl_ord_id")
    order_type = words["ordertype"]
    terms: dict[str, Any] = {
        "symbol": symbol,
        "side": words["type"],
        "order_type": order_type,
        "cash_order_qty" if "viqc" in flags else "order_qty": read_number(parameters, "volume"),
        **read_prices(order_type, parameters, words["trigger"] or "last"),
        "time_in_force": (words["timeinforce"] or "GTC").lower(),
        "expire_ns": _time(parameters, "expiretm", now_ns, clock_offset_ns),
        "effective_ns": _time(parameters, "starttm", now_ns, clock_offset_ns),
        "deadline_ns": read_deadline(parameters, clock_offset_ns),
        "post_only": "post" in flags,
        "reduce_only": flag(parameters, "reduce_only"),
        "margin": parameters.get("leverage", "") not in ("", "none"),
        "display_qty": read_number(parameters, "displayvol"),
        "fee_preference": "base" if "fcib" in flags else "quote" if "fciq" in flags else None,
        "stp_type": (words["stptype"] or "cancel-newest").replace("-", "_"),
        "conditional": _closing(parameters),
        "cl_ord_id": parameters.get("cl_ord_id"),
        "order_userref": read_integer(parameters, "userref"),
        "validate": validate or flag(parameters, "validate"),
    }
    return NewOrder(**terms)


def read_flags(parameters: Parameters) -> set[str]:
    """The ``oflags``."""
    flags = {each for each in parameters.get("oflags", "").split(",") if each}
    if not flags <= _FLAGS:
        raise invalid("oflags")
    return flags


def flag(parameters: Parameters, name: str, default: bool = False) -> bool:
    """A yes or no."""
    given = parameters.get(name, "").lower()
    if given not in ("", "true", "false", "1", "0"):
        raise invalid(name)
    return given in ("true", "1") if given else default


def read_deadline(parameters: Parameters, clock_offset_ns: int) -> int | None:
    """The ``deadline``, in nanoseconds since the epoch."""
    given = parameters.get("deadline", "")
    try:
        return instant_ns(given) - clock_offset_ns if given else None
    except ValueError:
        raise invalid("deadline") from None


def _time(parameters: Parameters, name: str, now_ns: int, clock_offset_ns: int) -> int | None:
    """``0`` or nothing: none; ``+n``: in so many seconds; else a Unix time in seconds."""
    given = parameters.get(name, "")
    number = _decimal(given.removeprefix("+") or "0", name)
    if not number:
        return None
    if not 0 < number < 2**33:
        raise invalid(name)
    ns = int(number * NS_PER_SECOND)
    return now_ns + ns if given.startswith("+") else ns - clock_offset_ns


def read_prices(order_type: str, parameters: Parameters, reference: str) -> dict[str, Any]:
    """``price`` and ``price2`` in the terms of the socket: the first is the trigger's, where there is one."""
    first, first_type = read_price(parameters, "price")
    second, second_type = read_price(parameters, "price2")
    if order_type in ("limit", "iceberg"):
        return {"limit_price": first, "limit_price_type": first_type if first_type != "static" else None}
    terms: dict[str, Any] = {}
    if first is not None and order_type != "market":
        terms["triggers"] = TriggerTerms(price=first, price_type=first_type, reference=cast(_Reference, reference))
    if second is not None:
        terms["limit_price"] = second
        if order_type == "trailing-stop-limit" or second_type != "static":
            terms["limit_price_type"] = second_type
    return terms


def _closing(parameters: Parameters) -> ConditionalTerms | None:
    """``close[ordertype]`` and its prices: the order that each fill makes."""
    kind = _word(parameters, "close[ordertype]", _CLOSING)
    if kind is None:
        return None
    first, first_type = read_price(parameters, "close[price]")
    second, second_type = read_price(parameters, "close[price2]")
    if kind == "limit":
        return ConditionalTerms(order_type=kind, limit_price=first, limit_price_type=first_type)
    return ConditionalTerms(
        order_type=cast(OrderType, kind),
        trigger_price=first,
        trigger_price_type=first_type,
        limit_price=second,
        limit_price_type=second_type,
    )


def read_price(parameters: Parameters, name: str) -> tuple[Decimal | None, PriceType]:
    """A price, which a sign makes an offset and a percent sign one in percent."""
    given = parameters.get(name, "")
    kind: PriceType = "pct" if given.endswith("%") else "quote" if given[:1] in ("+", "-") else "static"
    number = _decimal(given.removesuffix("%"), name) if given else None
    return (None, kind) if number == 0 and kind == "static" else (number, kind)


def _word(parameters: Parameters, name: str, allowed: tuple[str, ...]) -> Any:
    given = parameters.get(name) or None
    if given is not None and given not in allowed:
        raise invalid(name)
    return given


def read_number(parameters: Parameters, name: str) -> Decimal | None:
    """A decimal, or None."""
    given = parameters.get(name, "")
    return _decimal(given, name) if given else None


def _decimal(given: str, name: str) -> Decimal:
    try:
        number = Decimal(given)
    except InvalidOperation:
        raise invalid(name) from None
    if not number.is_finite():
        raise invalid(name)
    return number


def read_integer(parameters: Parameters, name: str) -> int | None:
    """A whole number of up to 18 digits, or None."""
    given = parameters.get(name, "")
    if given and not _INTEGER.fullmatch(given):
        raise invalid(name)
    return int(given) if given else None
