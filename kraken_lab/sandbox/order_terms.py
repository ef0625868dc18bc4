"""What an order request asks for, once its text has been found to be in order: frozen values in the exchange's terms.

`order_request` makes them from texts, `trading` acts on them. Prices and quantities are exact decimals as they were
written, not yet held against a pair's increments; times are nanoseconds since the Unix epoch, UTC.

Source: Add Order, Amend Order, Edit Order and Batch Add pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from kraken_lab.sandbox.events import Side

__all__ = [
    "Amendment",
    "ConditionalTerms",
    "Edit",
    "NewOrder",
    "OrderType",
    "PriceType",
    "SelfTrade",
    "TriggerTerms",
]

OrderType: TypeAlias = Literal[
    "limit", "market", "iceberg", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "trailing-stop",
    "trailing-stop-limit", "settle-position",
]  # fmt: skip
PriceType: TypeAlias = Literal["static", "pct", "quote"]
SelfTrade: TypeAlias = Literal["cancel_newest", "cancel_oldest", "cancel_both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerTerms:
    """When a stop, take-profit or trailing order wakes. ``price`` is signed where ``price_type`` is an offset."""

    price: Decimal
    price_type: PriceType = "static"
    reference: Literal["last", "index"] = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalTerms:
    """The order that each fill of the primary creates, on the other side and with the filled quantity."""

    order_type: OrderType
    limit_price: Decimal | None = None
    limit_price_type: PriceType = "quote"
    trigger_price: Decimal | None = None
    trigger_price_type: PriceType = "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """One order to be entered. ``order_qty`` is in base, ``cash_order_qty`` in quote currency; one of them is given.

    ``fee_preference`` is None where the request named none, which means quote.
    """

    symbol: str
    side: Side
    order_type: OrderType
    order_qty: Decimal | None = None
    cash_order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    limit_price_type: PriceType | None = None
    triggers: TriggerTerms | None = None
    time_in_force: Literal["gtc", "gtd", "ioc", "fok"] = "gtc"
    expire_ns: int | None = None
    effective_ns: int | None = None
    deadline_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    margin: bool = False
    display_qty: Decimal | None = None
    fee_preference: Literal["base", "quote"] | None = None
    stp_type: SelfTrade = "cancel_newest"
    conditional: ConditionalTerms | None = None
    cl_ord_id: str | None = None
    order_userref: int | None = None
    sender_sub_id: str | None = None
    validate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A change of an order in place. Exactly one id is given; what is None stays. ``order_qty`` is the new total."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    limit_price_type: PriceType | None = None
    trigger_price: Decimal | None = None
    trigger_price_type: PriceType | None = None
    display_qty: Decimal | None = None
    post_only: bool = False
    deadline_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An order to be cancelled and entered anew under another id; what is None is taken from the old one."""

    order_id: str
    symbol: str
    order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    display_qty: Decimal | None = None
    fee_preference: Literal["base", "quote"] | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    triggers: TriggerTerms | None = None
    order_userref: int | None = None
    deadline_ns: int | None = None
    validate: bool = False
