"""Orders placed and cancelled over REST, in its older names and with everything as text.

The same account, limits and refusals as on the socket. A price may be written with a sign (``+5``, ``-2%``, an offset
from the reference price) where the socket has ``price_type``; elsewhere such a price is refused here.

Source: Add Order, Cancel Order, Cancel All Orders and Cancel All Orders After pages, Kraken REST API reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from kraken_lab.sandbox.desk import Desk
from kraken_lab.sandbox.instants import instant_ns
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.new_order import is_client_id
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.order_entry import switch_times
from kraken_lab.sandbox.order_request import LONGEST_TIMEOUT_S
from kraken_lab.sandbox.order_terms import ConditionalTerms, NewOrder, OrderType, PriceType, TriggerTerms
from kraken_lab.sandbox.rest_answer import ApiError
from kraken_lab.sandbox.rest_orders import described, in_words

__all__ = ["RestTrading"]

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


class RestTrading:
    """Does what trading requests over REST ask."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add(self, parameters: Parameters, now_ns: int) -> str:
        """``AddOrder``: the order in words, and its id unless it was to be validated only.

        Raises:
            ApiError: the request is not in order, as for all that follow.
            Rejection: the exchange refuses what it asks, likewise.
        """
        terms = self._terms(parameters, now_ns)
        order = self._desk.trading.add(terms, now_ns)
        if order is not None:
            return members(descr=members(order=text(described(order))), txid=array([text(order.order_id)]))
        prices = (parameters.get("price", "0"), parameters.get("price2", "0"))
        words = in_words(terms.side, parameters["volume"], parameters["pair"], terms.order_type, *prices)
        return members(descr=members(order=text(words)))

    def cancel(self, parameters: Parameters, now_ns: int) -> str:
        """``CancelOrder``, by order id, user reference or client id."""
        given = parameters.get("txid", "")
        if "cl_ord_id" in parameters:
            gone = self._desk.trading.cancel(now_ns, cl_ord_id=parameters["cl_ord_id"])
        elif not given:
            raise ApiError("EGeneral:Invalid arguments:txid")
        elif _INTEGER.fullmatch(given):
            gone = self._desk.trading.cancel(now_ns, order_userref=int(given))
        else:
            gone = self._desk.trading.cancel(now_ns, order_id=given)
        return members(count=str(len(gone)))

    def cancel_all(self, parameters: Parameters, now_ns: int) -> str:
        """``CancelAll``."""
        return members(count=str(self._desk.trading.cancel_all(now_ns)))

    def cancel_all_after(self, parameters: Parameters, now_ns: int) -> str:
        """``CancelAllOrdersAfter``; 0 switches it off."""
        timeout_s = _integer(parameters, "timeout")
        if timeout_s is None or not 0 <= timeout_s < LONGEST_TIMEOUT_S:
            raise ApiError("EGeneral:Invalid arguments:timeout")
        return switch_times(self._desk.stamps, now_ns, self._desk.trading.cancel_all_after(timeout_s, now_ns))

    # --- an order's parameters --------------------------------------------------------------------------------------

    def _terms(self, parameters: Parameters, now_ns: int) -> NewOrder:
        words = {name: _word(parameters, name, allowed) for name, allowed in _WORDS.items()}
        flags = {flag for flag in parameters.get("oflags", "").split(",") if flag}
        if not flags <= _FLAGS:
            raise ApiError("EGeneral:Invalid arguments:oflags")
        pair = self._desk.listing.named(parameters.get("pair", ""))
        if pair is None:
            raise ApiError("EQuery:Unknown asset pair")
        for required in ("ordertype", "type", "volume"):
            if not parameters.get(required):
                raise ApiError(f"EGeneral:Invalid arguments:{required}")
        if "cl_ord_id" in parameters and not is_client_id(parameters["cl_ord_id"]):
            raise ApiError("EGeneral:Invalid arguments:cl_ord_id")
        order_type = words["ordertype"]
        volume = _number(parameters, "volume")
        terms: dict[str, Any] = {
            "symbol": pair.symbol,
            "side": words["type"],
            "order_type": order_type,
            "cash_order_qty" if "viqc" in flags else "order_qty": volume,
            **_prices(order_type, parameters, words["trigger"] or "last"),
            "time_in_force": (words["timeinforce"] or "GTC").lower(),
            "expire_ns": self._time(parameters, "expiretm", now_ns),
            "effective_ns": self._time(parameters, "starttm", now_ns),
            "deadline_ns": self._deadline(parameters),
            "post_only": "post" in flags,
            "reduce_only": parameters.get("reduce_only", "").lower() == "true",
            "margin": parameters.get("leverage", "") not in ("", "none"),
            "display_qty": _number(parameters, "displayvol"),
            "fee_preference": "base" if "fcib" in flags else "quote" if "fciq" in flags else None,
            "stp_type": (words["stptype"] or "cancel-newest").replace("-", "_"),
            "conditional": _closing(parameters),
            "cl_ord_id": parameters.get("cl_ord_id"),
            "order_userref": _integer(parameters, "userref"),
            "validate": parameters.get("validate", "").lower() in ("true", "1"),
        }
        return NewOrder(**terms)

    def _time(self, parameters: Parameters, name: str, now_ns: int) -> int | None:
        """``0`` or nothing: none; ``+n``: in so many seconds; else a Unix time in seconds, by the clock shown."""
        given = parameters.get(name, "")
        number = _decimal(given.removeprefix("+") or "0", name)
        if not number:
            return None
        if not 0 < number < 2**33:
            raise ApiError(f"EGeneral:Invalid arguments:{name}")
        ns = int(number * NS_PER_SECOND)
        return now_ns + ns if given.startswith("+") else ns - self._desk.stamps.offset_ns

    def _deadline(self, parameters: Parameters) -> int | None:
        given = parameters.get("deadline", "")
        try:
            return instant_ns(given) - self._desk.stamps.offset_ns if given else None
        except ValueError:
            raise ApiError("EGeneral:Invalid arguments:deadline") from None


def _prices(order_type: str, parameters: Parameters, reference: str) -> dict[str, Any]:
    """``price`` and ``price2`` in the terms of the socket: the first is the trigger's, where there is one."""
    first, first_type = _price(parameters, "price")
    second, second_type = _price(parameters, "price2")
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
    first, first_type = _price(parameters, "close[price]")
    second, second_type = _price(parameters, "close[price2]")
    if kind == "limit":
        return ConditionalTerms(order_type=kind, limit_price=first, limit_price_type=first_type)
    return ConditionalTerms(
        order_type=cast(OrderType, kind),
        trigger_price=first,
        trigger_price_type=first_type,
        limit_price=second,
        limit_price_type=second_type,
    )


def _price(parameters: Parameters, name: str) -> tuple[Decimal | None, PriceType]:
    """A price, which a sign makes an offset and a percent sign one in percent."""
    given = parameters.get(name, "")
    kind: PriceType = "pct" if given.endswith("%") else "quote" if given[:1] in ("+", "-") else "static"
    number = _decimal(given.removesuffix("%"), name) if given else None
    return (None, kind) if number == 0 and kind == "static" else (number, kind)


def _word(parameters: Parameters, name: str, allowed: tuple[str, ...]) -> Any:
    given = parameters.get(name) or None
    if given is not None and given not in allowed:
        raise ApiError(f"EGeneral:Invalid arguments:{name}")
    return given


def _number(parameters: Parameters, name: str) -> Decimal | None:
    given = parameters.get(name, "")
    return _decimal(given, name) if given else None


def _decimal(given: str, name: str) -> Decimal:
    try:
        number = Decimal(given)
    except InvalidOperation:
        raise ApiError(f"EGeneral:Invalid arguments:{name}") from None
    if not number.is_finite():
        raise ApiError(f"EGeneral:Invalid arguments:{name}")
    return number


def _integer(parameters: Parameters, name: str) -> int | None:
    given = parameters.get(name, "")
    if given and not _INTEGER.fullmatch(given):
        raise ApiError(f"EGeneral:Invalid arguments:{name}")
    return int(given) if given else None
