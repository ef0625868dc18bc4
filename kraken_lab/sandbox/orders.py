"""The account's orders, fills, reports and ledger entries, as values that never change.

An `Order` is the photograph of an order at one moment: what changes an order makes another `Order`. So a `Report` holds
the order just as it was when the report was made, and a view of the past is a list of photographs.
Prices and quantities are integers scaled by the pair's precisions, costs by its ``cost_precision``, amounts of money by
the asset's precision, ``fee_usd`` by `USD_PRECISION`; times are nanoseconds since the Unix epoch, UTC.

Source: Executions and Balances pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.money import cost_of
from kraken_lab.sandbox.numbers import divided
from kraken_lab.sandbox.order_terms import NewOrder, OrderType, PriceType

__all__ = [
    "USD_PRECISION",
    "ExecType",
    "Fill",
    "Holding",
    "LedgerEntry",
    "Order",
    "OrderStatus",
    "Report",
    "TriggerState",
]

USD_PRECISION: Final = 5
"""Decimals of ``fee_usd_equiv``."""

OrderStatus: TypeAlias = Literal["pending_new", "new", "partially_filled", "filled", "canceled", "expired"]
ExecType: TypeAlias = Literal[
    "pending_new", "new", "trade", "filled", "canceled", "expired", "amended", "restated", "status", "iceberg_refill"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerState:
    """Where the trigger of a stop, take-profit or trailing order stands.

    ``price`` is as it was given (an offset unless ``price_type`` is static), ``actual_price`` what it comes to now,
    ``peak_price`` the best price since placement (trailing types only). ``last_price`` is the reference price that
    activated it, at ``ns``; both are None while it is untriggered.
    """

    reference: Literal["last", "index"]
    price: Decimal
    price_type: PriceType
    actual_price: int
    peak_price: int | None = None
    last_price: int | None = None
    ns: int | None = None

    @property
    def status(self) -> Literal["untriggered", "triggered"]:
        """Whether it has been activated."""
        return "untriggered" if self.ns is None else "triggered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it is at one moment. ``terms`` are what was asked for; what amendments change is in fields here.

    ``pair`` is the pair as it was when the order came in, for its precisions. ``limit_price`` is the price in force, or
    None; where it was given as an offset, ``limit_offset`` is that, and ``limit_price`` is None until the trigger is
    activated. ``order_qty`` is base; for an order sized in quote it is 0 until it is done, and ``cash_qty`` says how
    much. ``display_remain`` is what an iceberg shows now. ``value`` is the exact sum of price times quantity of its
    fills, scaled by both precisions; ``fee_exact`` is the exact fee, in millionths of that (of the quantity,
    if fees are in base), and ``fees`` by asset what it was rounded to. ``closed_ns`` is set
    once the order is no longer open.
    """

    order_id: str
    terms: NewOrder
    pair: Pair
    created_ns: int
    status: OrderStatus = "pending_new"
    order_qty: int = 0
    cash_qty: int | None = None
    limit_price: int | None = None
    limit_price_type: PriceType = "static"
    limit_offset: Decimal | None = None
    display_qty: int | None = None
    display_remain: int | None = None
    trigger: TriggerState | None = None
    cum_qty: int = 0
    value: int = 0
    fee_exact: int = 0
    fees: tuple[tuple[str, int], ...] = ()
    fee_usd: int = 0
    fill_ids: tuple[str, ...] = ()
    amended: bool = False
    amended_ns: int | None = None
    closed_ns: int | None = None
    reason: str | None = None
    ord_ref_id: str | None = None

    @property
    def symbol(self) -> str:
        """The pair's v2 symbol."""
        return self.terms.symbol

    @property
    def side(self) -> Side:
        """The side it is on."""
        return self.terms.side

    @property
    def order_type(self) -> OrderType:
        """The type it was given, which it keeps after its trigger has been activated."""
        return self.terms.order_type

    @property
    def is_open(self) -> bool:
        """Whether anything of it can still be filled or cancelled."""
        return self.closed_ns is None

    @property
    def left(self) -> int:
        """The quantity not yet filled, in base."""
        return max(0, self.order_qty - self.cum_qty)

    @property
    def cum_cost(self) -> int:
        """What has been paid or received for it, fees apart, at the pair's ``cost_precision``."""
        return cost_of(self.pair, self.value)

    @property
    def avg_price(self) -> int:
        """The average price of its fills at ``price_precision``, to the nearest; 0 if there is none."""
        return divided(self.value, self.cum_qty) if self.cum_qty else 0

    @property
    def fee_asset(self) -> str:
        """The asset its fees are charged in: quote (``fciq``) unless base (``fcib``) was preferred."""
        return self.pair.base if self.terms.fee_preference == "base" else self.pair.quote

    @property
    def aged_from_ns(self) -> int:
        """Since when it has been as it is: when it was amended last, or created."""
        return self.created_ns if self.amended_ns is None else self.amended_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One fill of one order. ``cost`` is at ``cost_precision``, ``fee`` at the precision of ``fee_asset``.

    ``trade_id`` is the public trade's; ``ref_id`` and ``ledger_ids`` name what it did to the balances.
    """

    exec_id: str
    trade_id: int
    ns: int
    order_id: str
    cl_ord_id: str | None
    order_userref: int | None
    symbol: str
    side: Side
    order_type: OrderType
    price: int
    qty: int
    cost: int
    fee: int
    fee_asset: str
    fee_usd: int
    liquidity: Literal["m", "t"]
    ref_id: str
    ledger_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One line of the ``executions`` channel: what happened to ``order``, which is as it was right afterwards.

    The last ``trade`` of an order still says ``partially_filled``; ``filled`` is a report of its own.
    """

    kind: ExecType
    ns: int
    order: Order
    fill: Fill | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One change of one balance: new balance = old + ``amount`` - ``fee``; all at the asset's precision.

    The two entries of a trade share ``ref_id``. What an account begins with is a deposit where it comes later.
    """

    ledger_id: str
    ref_id: str
    ns: int
    type: Literal["trade", "deposit"]
    asset: str
    amount: int
    fee: int
    balance: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What the account has of one asset, and how much of that its open orders hold; at the asset's precision."""

    balance: int
    hold: int

    @property
    def available(self) -> int:
        """What new orders may use."""
        return self.balance - self.hold
