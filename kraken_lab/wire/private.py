"""Messages of the private channels: what became of our orders, and what moved on our account.

Source: "Executions" and "Balances", Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from .frame import Channel, Count, Kind, Row
from .public import check_bounds

__all__ = [
    "BalanceSnapshot",
    "BalancesMessage",
    "Contingent",
    "ExecutionReport",
    "ExecutionTriggers",
    "ExecutionsMessage",
    "Fee",
    "LedgerEntry",
    "Wallet",
]


class Fee(Row, frozen=True):
    """What one fill cost, in units of ``asset``."""

    asset: str
    qty: Decimal

    def __post_init__(self) -> None:
        check_bounds(self.qty)


class ExecutionTriggers(Row, frozen=True):
    """The trigger of a stop, take-profit or trailing order. ``price`` is as it was given, ``actual_price`` resolved."""

    reference: str | None = None
    price: Decimal | None = None
    price_type: str | None = None
    actual_price: Decimal | None = None
    peak_price: Decimal | None = None
    last_price: Decimal | None = None
    status: str | None = None
    timestamp: str | None = None

    def __post_init__(self) -> None:
        check_bounds(self.price, self.actual_price, self.peak_price, self.last_price)

    @property
    def wakes_at(self) -> Decimal | None:
        """The price at which it wakes: what was resolved, or what was given if that is a price and not an offset.

        >>> ExecutionTriggers(price=Decimal(50), price_type="quote").wakes_at is None
        True
        """
        if self.actual_price is not None:
            return self.actual_price
        return self.price if self.price_type in (None, "static") else None


class Contingent(Row, frozen=True):
    """The template of the order that each fill of this one creates."""

    order_type: str | None = None
    trigger_price: Decimal | None = None
    trigger_price_type: str | None = None
    limit_price: Decimal | None = None
    limit_price_type: str | None = None
    stop_price: Decimal | None = None

    def __post_init__(self) -> None:
        check_bounds(self.trigger_price, self.limit_price, self.stop_price)


class ExecutionReport(Row, frozen=True):
    """One event in an order's life. Only the first four fields are always there.

    Terminal reports carry neither symbol nor side: join them to their order by ``order_id``. The last fill of an order
    still says ``partially_filled``; ``filled`` follows as a report of its own.
    """

    order_id: str
    exec_type: str
    order_status: str
    timestamp: str
    cl_ord_id: str | None = None
    order_userref: int | None = None
    symbol: str | None = None
    side: str | None = None
    order_type: str | None = None
    order_qty: Decimal | None = None
    cash_order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    limit_price_type: str | None = None
    time_in_force: str | None = None
    effective_time: str | None = None
    expire_time: str | None = None
    display_qty: Decimal | None = None
    display_qty_remain: Decimal | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    no_mpp: bool | None = None
    margin: bool | None = None
    margin_borrow: bool | None = None
    contingent: Contingent | None = None
    triggers: ExecutionTriggers | None = None
    ord_ref_id: str | None = None
    sender_sub_id: str | None = None
    ext_ord_id: str | None = None
    ext_exec_id: str | None = None
    fee_ccy_pref: str | None = None
    cum_qty: Decimal | None = None
    cum_cost: Decimal | None = None
    avg_price: Decimal | None = None
    fee_usd_equiv: Decimal | None = None
    fees: tuple[Fee, ...] = ()
    exec_id: str | None = None
    trade_id: Count | None = None
    last_price: Decimal | None = None
    last_qty: Decimal | None = None
    cost: Decimal | None = None
    liquidity_ind: str | None = None
    liquidated: bool | None = None
    position_status: str | None = None
    amended: bool | None = None
    reason: str | None = None
    user: str | None = None
    cancel_reason: str | None = None
    stop_price: Decimal | None = None
    trigger: str | None = None
    triggered_price: Decimal | None = None

    def __post_init__(self) -> None:
        check_bounds(
            self.order_qty, self.cash_order_qty, self.limit_price, self.display_qty, self.display_qty_remain,
            self.cum_qty, self.cum_cost, self.avg_price, self.fee_usd_equiv, self.last_price, self.last_qty, self.cost,
            self.stop_price, self.triggered_price,
        )  # fmt: skip


class ExecutionsMessage(Channel, tag_field="channel", tag="executions"):
    """Reports, numbered by ``sequence`` from 1 within a subscription. Source: "Executions"."""

    channel: ClassVar[str] = "executions"
    type: Kind
    data: list[ExecutionReport]
    sequence: Count


class Wallet(Row, frozen=True):
    """One wallet's part of a balance."""

    type: str
    id: str
    balance: Decimal

    def __post_init__(self) -> None:
        check_bounds(self.balance)


class BalanceSnapshot(Row, frozen=True):
    """All there is of one asset, over all wallets. Funds that open orders hold are not taken off."""

    asset: str
    balance: Decimal
    asset_class: str | None = None
    wallets: tuple[Wallet, ...] = ()

    def __post_init__(self) -> None:
        check_bounds(self.balance)


class LedgerEntry(Row, frozen=True):
    """One movement: ``amount`` is signed, ``fee`` comes on top, ``balance`` is what there is afterwards."""

    ledger_id: str
    ref_id: str
    timestamp: str
    type: str
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    asset_class: str | None = None
    category: str | None = None
    subtype: str | None = None
    wallet_type: str | None = None
    wallet_id: str | None = None
    user: str | None = None

    def __post_init__(self) -> None:
        check_bounds(self.amount, self.fee, self.balance)


class BalancesMessage(Channel):
    """A snapshot holds `BalanceSnapshot`s, an update `LedgerEntry`s. Source: "Balances"."""

    channel: ClassVar[str] = "balances"
    type: Kind
    data: list[BalanceSnapshot] | list[LedgerEntry]
    sequence: Count


class BalanceSnapshots(Channel, tag_field="channel", tag="balances"):
    """A balances snapshot as the decoder reads it; it becomes a `BalancesMessage`."""

    type: Kind
    data: list[BalanceSnapshot]
    sequence: Count


class LedgerEntries(Channel, tag_field="channel", tag="balances"):
    """A balances update as the decoder reads it; it becomes a `BalancesMessage`."""

    type: Kind
    data: list[LedgerEntry]
    sequence: Count


def balances_type(kind: Kind) -> type[BalanceSnapshots] | type[LedgerEntries]:
    """How a balances message of that kind is read."""
    return BalanceSnapshots if kind == "snapshot" else LedgerEntries
