"""What a client can ask, as frozen values, and their text.

Fields carry the exchange's own names. Only documented parameters exist; what is None is left out, because the exchange
refuses fields it does not know instead of ignoring them. Money is `Decimal` and is written with exactly its digits. No
``repr`` shows a token.

These are values and nothing more: whether an order may be sent is not decided here.

Source: the methods' own pages, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import ClassVar, Literal, TypeAlias

from ..errors import BadArgument
from .writer import write

__all__ = [
    "DEPTHS",
    "INTERVALS",
    "AddOrder",
    "AmendOrder",
    "BatchAdd",
    "BatchCancel",
    "CancelAll",
    "CancelAllOrdersAfter",
    "CancelOrder",
    "Conditional",
    "EditOrder",
    "OrderTerms",
    "Ping",
    "Request",
    "Subscribe",
    "Triggers",
    "Unsubscribe",
    "encode",
]

Side: TypeAlias = Literal["buy", "sell"]
OrderType: TypeAlias = Literal[
    "limit", "market", "iceberg", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "trailing-stop",
    "trailing-stop-limit", "settle-position",
]  # fmt: skip
PriceType: TypeAlias = Literal["static", "pct", "quote"]

DEPTHS: Mapping[str, tuple[int, ...]] = {"book": (10, 25, 100, 500, 1000), "level3": (10, 100, 1000)}
"""Levels a side that a book may be subscribed with, by channel. Nothing is rounded to them."""

INTERVALS = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
"""Minutes a candle may last."""

_SUBSCRIBE: Mapping[str, frozenset[str]] = {
    "ticker": frozenset({"symbol", "event_trigger", "snapshot"}),
    "book": frozenset({"symbol", "depth", "snapshot"}),
    "level3": frozenset({"symbol", "depth", "snapshot", "token"}),
    "ohlc": frozenset({"symbol", "interval", "snapshot"}),
    "trade": frozenset({"symbol", "snapshot"}),
    "instrument": frozenset({"snapshot", "include_tokenized_assets", "execution_venue"}),
    "executions": frozenset(
        {"snap_orders", "snap_trades", "order_status", "ratecounter", "rebased", "users", "snapshot", "token"}
    ),
    "balances": frozenset({"snapshot", "rebased", "users", "token"}),
}
_UNSUBSCRIBE: Mapping[str, frozenset[str]] = {
    "ticker": frozenset({"symbol", "event_trigger"}),
    "book": frozenset({"symbol", "depth"}),
    "level3": frozenset({"symbol", "depth", "token"}),
    "ohlc": frozenset({"symbol", "interval"}),
    "trade": frozenset({"symbol", "snapshot"}),
    "instrument": frozenset(),
    "executions": frozenset({"token"}),
    "balances": frozenset({"token"}),
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Parameters:
    """Something whose fields are JSON parameters: None means left out."""

    def given(self) -> dict[str, object]:
        """The parameters there are, in the order of the fields."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in pairs if value is not None}

    def __repr__(self) -> str:
        shown = (f"{name}={'***' if name == 'token' else repr(value)}" for name, value in self.given().items())
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, kw_only=True, repr=False)
class Request(Parameters):
    """A method and its parameters. ``req_id`` comes back in every answer."""

    method: ClassVar[str]
    req_id: int | None = None


def encode(request: Request) -> str:
    """The request as text for the socket.

    Raises:
        BadArgument: a number that is not exact (a float), or not finite.

    >>> encode(Subscribe(channel="book", symbol=["BTC/USD"], depth=25, req_id=7))
    '{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":25},"req_id":7}'
    """
    params = request.given()
    req_id = params.pop("req_id", None)
    message: dict[str, object] = {"method": request.method}
    if params:
        message["params"] = params
    if req_id is not None:
        message["req_id"] = req_id
    return write(message)


# --- data -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, repr=False)
class _Interest(Request):
    """What subscribing and unsubscribing share.

    ``symbol`` is always a list. ``depth`` is levels a side, ``interval`` minutes, ``event_trigger`` is ``trades``
    or ``bbo``.
    """

    options: ClassVar[Mapping[str, frozenset[str]]]

    channel: str
    symbol: Sequence[str] | None = None
    depth: int | None = None
    interval: int | None = None
    event_trigger: str | None = None
    snapshot: bool | None = None

    def __post_init__(self) -> None:
        allowed = self.options.get(self.channel)
        if allowed is None:
            raise BadArgument("channel", self.channel, f"one of {', '.join(self.options)}")
        for name in self.given():
            if name not in allowed and name not in ("channel", "req_id"):
                raise BadArgument(name, getattr(self, name), f"what {self.channel} takes: {', '.join(sorted(allowed))}")
        if isinstance(self.symbol, str) or ("symbol" in allowed and not self.symbol):
            raise BadArgument("symbol", self.symbol, "a list of symbols such as ['BTC/USD']")
        if self.symbol is not None:
            object.__setattr__(self, "symbol", tuple(self.symbol))
        if self.depth is not None and self.depth not in DEPTHS[self.channel]:
            raise BadArgument("depth", self.depth, f"one of {', '.join(map(str, DEPTHS[self.channel]))}")
        if self.interval is not None and self.interval not in INTERVALS:
            raise BadArgument("interval", self.interval, f"one of {', '.join(map(str, INTERVALS))} (minutes)")


@dataclass(frozen=True, kw_only=True, repr=False)
class Subscribe(_Interest):
    """Ask for a channel. One answer comes for each symbol. Source: the channels' pages.

    >>> Subscribe(channel="balances", token="secret")
    Subscribe(channel='balances', token=***)
    """

    method: ClassVar[str] = "subscribe"
    options: ClassVar[Mapping[str, frozenset[str]]] = _SUBSCRIBE

    include_tokenized_assets: bool | None = None
    execution_venue: str | None = None
    snap_orders: bool | None = None
    snap_trades: bool | None = None
    order_status: bool | None = None
    ratecounter: bool | None = None
    rebased: bool | None = None
    users: str | None = None
    token: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Unsubscribe(_Interest):
    """Give a channel up, with the depth or interval it was subscribed with. Source: the channels' pages."""

    method: ClassVar[str] = "unsubscribe"
    options: ClassVar[Mapping[str, frozenset[str]]] = _UNSUBSCRIBE

    token: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Ping(Request):
    """Ask for a pong; it keeps the connection open. It takes no parameters. Source: "Ping"."""

    method: ClassVar[str] = "ping"


# --- orders ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, repr=False)
class Triggers(Parameters):
    """When a stop, take-profit or trailing order wakes. ``price`` is read as ``price_type`` says."""

    price: Decimal
    price_type: PriceType | None = None
    reference: Literal["last", "index"] | None = None

    @property
    def static_price(self) -> Decimal | None:
        """The price at which it wakes, in quote per base; None where what was given is an offset.

        >>> Triggers(price=Decimal(50), price_type="quote").static_price is None
        True
        """
        return self.price if self.price_type in (None, "static") else None


@dataclass(frozen=True, kw_only=True, repr=False)
class Conditional(Parameters):
    """The order that each fill of the primary creates, on the opposite side and with the filled quantity."""

    order_type: OrderType
    trigger_price: Decimal | None = None
    trigger_price_type: PriceType | None = None
    limit_price: Decimal | None = None
    limit_price_type: PriceType | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class OrderTerms(Parameters):
    """An order without its pair: one element of a batch.

    ``order_qty`` and ``display_qty`` are in base currency, ``cash_order_qty`` in quote currency, ``limit_price`` in
    quote per base unless ``limit_price_type`` says otherwise. Times are RFC 3339.
    """

    order_type: OrderType
    side: Side
    order_qty: Decimal | None = None
    cash_order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    limit_price_type: PriceType | None = None
    triggers: Triggers | None = None
    time_in_force: Literal["gtc", "gtd", "ioc", "fok"] | None = None
    expire_time: str | None = None
    effective_time: str | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    margin: bool | None = None
    display_qty: Decimal | None = None
    fee_preference: Literal["base", "quote"] | None = None
    stp_type: Literal["cancel_newest", "cancel_oldest", "cancel_both"] | None = None
    conditional: Conditional | None = None
    cl_ord_id: str | None = None
    order_userref: int | None = None
    sender_sub_id: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class AddOrder(OrderTerms, Request):
    """A new order. ``deadline`` is the last moment at which the engine may match it. Source: "Add Order".

    >>> encode(AddOrder(symbol="BTC/USD", side="buy", order_type="limit", order_qty=Decimal("1E-8"), token="t"))
    '{"method":"add_order","params":{"order_type":"limit","side":"buy","order_qty":0.00000001,"symbol":"BTC/USD","token":"t"}}'
    """

    method: ClassVar[str] = "add_order"

    symbol: str
    deadline: str | None = None
    validate: bool | None = None
    token: str


@dataclass(frozen=True, kw_only=True, repr=False)
class AmendOrder(Request):
    """Change an order in place. ``order_qty`` is the new total, what is filled included. Source: "Amend Order"."""

    method: ClassVar[str] = "amend_order"

    order_id: str | None = None
    cl_ord_id: str | None = None
    order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    limit_price_type: PriceType | None = None
    trigger_price: Decimal | None = None
    trigger_price_type: PriceType | None = None
    display_qty: Decimal | None = None
    post_only: bool | None = None
    deadline: str | None = None
    symbol: str | None = None
    token: str

    def __post_init__(self) -> None:
        _exactly_one(self, "order_id", "cl_ord_id")


@dataclass(frozen=True, kw_only=True, repr=False)
class EditOrder(Request):
    """Cancel an order and place another under a new id, at the back of the queue. Source: "Edit Order"."""

    method: ClassVar[str] = "edit_order"

    order_id: str
    symbol: str
    order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    display_qty: Decimal | None = None
    fee_preference: Literal["base", "quote"] | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    triggers: Triggers | None = None
    order_userref: int | None = None
    deadline: str | None = None
    validate: bool | None = None
    token: str


@dataclass(frozen=True, kw_only=True, repr=False)
class CancelOrder(Request):
    """Cancel orders named in exactly one of three ways. One answer comes for each. Source: "Cancel Order"."""

    method: ClassVar[str] = "cancel_order"

    order_id: tuple[str, ...] | None = None
    cl_ord_id: tuple[str, ...] | None = None
    order_userref: tuple[int, ...] | None = None
    token: str

    def __post_init__(self) -> None:
        _exactly_one(self, "order_id", "cl_ord_id", "order_userref")


@dataclass(frozen=True, kw_only=True, repr=False)
class CancelAll(Request):
    """Cancel every open order of the account, whoever placed it. Source: "Cancel All Orders"."""

    method: ClassVar[str] = "cancel_all"

    token: str


@dataclass(frozen=True, kw_only=True, repr=False)
class CancelAllOrdersAfter(Request):
    """Cancel every open order in ``timeout`` seconds unless asked again; 0 disarms.

    Source: "Cancel All Orders After".
    """

    method: ClassVar[str] = "cancel_all_orders_after"

    timeout: int
    token: str


@dataclass(frozen=True, kw_only=True, repr=False)
class BatchAdd(Request):
    """Two to fifteen new orders of one pair. Source: "Batch Add"."""

    method: ClassVar[str] = "batch_add"

    symbol: str
    orders: tuple[OrderTerms, ...]
    deadline: str | None = None
    validate: bool | None = None
    token: str


@dataclass(frozen=True, kw_only=True, repr=False)
class BatchCancel(Request):
    """Cancel up to fifty orders; ``orders`` takes order ids and user references as text. Source: "Batch Cancel"."""

    method: ClassVar[str] = "batch_cancel"

    orders: tuple[str, ...] = ()
    cl_ord_id: tuple[str, ...] | None = None
    token: str


def _exactly_one(request: Request, *names: str) -> None:
    given = {name: getattr(request, name) for name in names if getattr(request, name) is not None}
    if len(given) != 1:
        raise BadArgument("/".join(names), tuple(given), f"exactly one of {', '.join(names)}")
