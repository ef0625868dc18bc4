"""The documented shape of every message of the private endpoint, and whether they agree with each other.

Tables written after the reference, not after the sandbox: for each kind of report the keys it has and those it may
have, types and digits. Reports after the first do not name their pair, so a `PrivateJudge` remembers it by order id, as
a client must; it also holds sequences, running totals and balances against each other.

Source: Executions, Balances and the trading methods' pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from .checks import Check, array, boolean, decimal, exactly, integer, one_of, record, text
from .documented import MICROS, REFUSED, REQ_ID, SECONDS, SYMBOL, TIMES

__all__ = ["Digits", "PrivateJudge"]


class Digits(NamedTuple):
    """How many decimals a pair's prices, quantities and costs have."""

    price: int
    qty: int
    cost: int


ORDER_ID: Final = text(r"O[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}")
EXEC_ID: Final = text(r"T[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}")
SIDE: Final = one_of("buy", "sell")
ORDER_TYPE: Final = one_of(
    "limit", "market", "iceberg", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "trailing-stop",
    "trailing-stop-limit",
)  # fmt: skip
PRICE_TYPE: Final = one_of("static", "pct", "quote")
USD: Final = decimal(5)

# --- answers ----------------------------------------------------------------------------------------------------------

WARNINGS: Final = {"warnings": array(text(), least=1)}
NAMES: Final = {"cl_ord_id": text(), "order_userref": integer(-(2**63))}
ADDED: Final = record({"order_id": ORDER_ID}, {**NAMES, **WARNINGS})
RESULTS: Final[Mapping[str, Check]] = {
    "add_order": ADDED,
    "amend_order": record({"amend_id": EXEC_ID}, {"order_id": ORDER_ID, "cl_ord_id": text()}),
    "edit_order": record({"order_id": ORDER_ID, "original_order_id": ORDER_ID}, WARNINGS),
    "cancel_order": record({}, {"order_id": ORDER_ID, **NAMES}),
    "cancel_all": record({"count": integer()}),
    "cancel_all_orders_after": record(
        {"currentTime": SECONDS, "triggerTime": text(r"0|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")}
    ),
    "batch_add": array(record({}, {"order_id": ORDER_ID, "error": text(), **NAMES, **WARNINGS}), least=2, most=15),
    "batch_cancel": record({"count": integer()}),
}
SUBSCRIBED: Final[Mapping[str, Check]] = {
    "executions": record(
        {
            "channel": text(),
            "maxratecount": integer(60, 180),
            **dict.fromkeys(("snap_orders", "snap_trades", "snapshot"), boolean),
            "warnings": array(text(), least=4, most=4),
        }
    ),
    "balances": record({"channel": text(), "snapshot": boolean}),
}

# --- reports ----------------------------------------------------------------------------------------------------------


def triggers(of: Digits) -> Check:
    """Where a trigger stands; before the trigger engine has it the resolved price is not known."""
    price = decimal(of.price, positive=True)
    return record(
        {
            "reference": one_of("last", "index"),
            "price": decimal(signed=True),
            "price_type": PRICE_TYPE,
            "status": one_of("untriggered", "triggered"),
        },
        {"actual_price": price, "peak_price": price, "last_price": price, "timestamp": MICROS},
    )


CONTINGENT: Final = record(
    {"order_type": ORDER_TYPE},
    {
        "trigger_price": decimal(signed=True),
        "trigger_price_type": PRICE_TYPE,
        "limit_price": decimal(signed=True),
        "limit_price_type": PRICE_TYPE,
    },
)


def report(kind: str, of: Digits) -> Check:
    """A report of that kind."""
    price, qty, cost = decimal(of.price), decimal(of.qty), decimal(of.cost)
    limit = {"limit_price": decimal(signed=True), "limit_price_type": PRICE_TYPE}
    display = {"display_qty": qty, "display_qty_remain": qty}
    always = {"order_id": ORDER_ID, "timestamp": MICROS, "exec_type": exactly(kind)}
    totals = {"cum_qty": qty, "cum_cost": cost, "avg_price": price, "fee_usd_equiv": USD}
    described = {
        "symbol": SYMBOL, "side": SIDE, "order_type": ORDER_TYPE, "order_qty": qty, **limit, "fee_usd_equiv": USD,
        "time_in_force": one_of("GTC", "GTD", "IOC", "FOK"), "fee_ccy_pref": one_of("fciq", "fcib"), "cum_cost": cost,
    }  # fmt: skip
    more = {
        **display, "stop_price": decimal(of.price), "trigger": one_of("last", "index"), "triggers": triggers(of),
        "contingent": CONTINGENT, "ord_ref_id": ORDER_ID, "cash_order_qty": cost, "sender_sub_id": text(),
        "effective_time": MICROS, "expire_time": MICROS, **dict.fromkeys(("post_only", "reduce_only"), exactly(True)),
    }  # fmt: skip
    fill = {
        "exec_id": EXEC_ID, "trade_id": integer(1), "symbol": SYMBOL, "side": SIDE, "order_type": ORDER_TYPE,
        "last_qty": decimal(of.qty, positive=True), "last_price": decimal(of.price, positive=True), "cost": cost,
        "liquidity_ind": one_of("m", "t"),
        "fees": array(record({"asset": text(), "qty": decimal()}), least=1, most=1),
    }  # fmt: skip
    amended = {"cum_qty": qty, "order_qty": qty, "reason": text(), "amended": exactly(True), **limit}
    required, optional = {
        "pending_new": ({**described, "stop_price": decimal()}, more),
        "new": ({}, {}),
        "trade": ({**fill, **totals}, {}),
        "filled": (totals, {}),
        "canceled": ({**totals, "reason": text(), "cancel_reason": text()}, {}),
        "expired": (totals, {}),
        "amended": (amended, {**display, "triggers": triggers(of)}),
        "restated": (amended, display),
        "iceberg_refill": (display, {}),
        "status": ({}, {"triggers": triggers(of)}),
    }[kind]
    status = {"order_status": STATUSES[kind]}
    return record({**always, **status, **required}, {**optional, **NAMES, "ratecount": integer(0, 180)})


STATUSES: Final[Mapping[str, Check]] = {
    "pending_new": exactly("pending_new"),
    "new": one_of("new", "partially_filled"),
    "trade": exactly("partially_filled"),
    "filled": exactly("filled"),
    "canceled": exactly("canceled"),
    "expired": exactly("expired"),
    **dict.fromkeys(("amended", "restated", "status"), one_of("pending_new", "new", "partially_filled")),
    "iceberg_refill": exactly("partially_filled"),
}
ENDS: Final = frozenset({"filled", "canceled", "expired"})


def ledger_entry(decimals: int) -> Check:
    """An element of a ``balances`` update."""
    return record(
        {
            "ledger_id": text(r"L[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}"),
            "ref_id": text(),
            "timestamp": MICROS,
            "type": exactly("trade"),
            "category": exactly("trade"),
            "asset": text(),
            "asset_class": exactly("currency"),
            "wallet_type": exactly("spot"),
            "wallet_id": exactly("main"),
            "amount": decimal(decimals, signed=True),
            "fee": decimal(decimals),
            "balance": decimal(decimals),
        }
    )


class PrivateJudge:
    """Judges the messages of one private connection, in their order. ``assets`` are decimals by asset."""

    def __init__(self, pairs: Mapping[str, Digits], assets: Mapping[str, int]) -> None:
        self._pairs = pairs
        self._assets = assets
        self._symbols: dict[str, str] = {}
        self._filled: dict[str, Decimal] = {}
        self._open: set[str] = set()
        self._sequences: dict[str, int] = {}
        self.balances: dict[str, Decimal] = {}
        self.kinds: dict[str, int] = {}

    @property
    def open_orders(self) -> frozenset[str]:
        """The ids of the orders that have begun and not ended."""
        return frozenset(self._open)

    def complaints(self, message: Any) -> Iterator[str]:
        """What is wrong with a message, by itself or after those before it."""
        channel = message.get("channel")
        if "method" in message:
            yield from self._answer(message)
        elif channel in ("executions", "balances"):
            sequence = self._sequences[channel] = self._sequences.get(channel, 0) + 1
            envelope = {"channel": text(), "type": one_of("snapshot", "update"), "sequence": exactly(str(sequence))}
            yield from record({**envelope, "data": array(_anything)})(message, channel)
            read = self._execution if channel == "executions" else self._balance
            for row in message["data"] if message["type"] == "update" or channel == "balances" else ():
                yield from read(row, message["type"])

    def _answer(self, message: Any) -> Iterator[str]:
        method = str(message["method"])
        if message.get("success") is not True:
            yield from REFUSED(message, method)
            return
        channel = str(message["result"].get("channel")) if isinstance(message["result"], dict) else ""
        result = SUBSCRIBED[channel] if method == "subscribe" else RESULTS[method]
        yield from record({"method": text(), "success": exactly(True), "result": result, **TIMES}, REQ_ID)(
            message, method
        )

    def _execution(self, row: Any, kind: str) -> Iterator[str]:
        order_id, what = str(row.get("order_id")), str(row.get("exec_type"))
        self.kinds[what] = self.kinds.get(what, 0) + 1
        if what == "pending_new":
            self._symbols[order_id] = str(row.get("symbol"))
            self._open.add(order_id)
        if order_id not in self._open:
            yield f"{what}: {order_id} is not open"
            return
        yield from report(what, self._pairs[self._symbols[order_id]])(row, f"{what} {self._symbols[order_id]}")
        if ("cl_ord_id" in row) == ("order_userref" in row):
            yield f"{what}: one of the client's two names is there"
        if what == "trade":
            self._filled[order_id] = self._filled.get(order_id, Decimal(0)) + Decimal(row["last_qty"])
        if "cum_qty" in row and Decimal(row["cum_qty"]) != self._filled.get(order_id, Decimal(0)):
            yield f"{what}: {order_id} has filled {self._filled.get(order_id)}, not {row['cum_qty']}"
        if what in ENDS:
            self._open.discard(order_id)

    def _balance(self, row: Any, kind: str) -> Iterator[str]:
        asset = str(row.get("asset"))
        if kind == "snapshot":
            amount = decimal(self._assets[asset])
            wallet = record({"type": exactly("spot"), "id": exactly("main"), "balance": amount})
            keys = {"asset": text(), "asset_class": exactly("currency"), "balance": amount}
            yield from record({**keys, "wallets": array(wallet, least=1, most=1)})(row, f"balance {asset}")
            self.balances[asset] = Decimal(row["balance"])
            return
        yield from ledger_entry(self._assets[asset])(row, f"entry {asset}")
        self.balances[asset] += Decimal(row["amount"]) - Decimal(row["fee"])
        if self.balances[asset] != Decimal(row["balance"]):
            yield f"entry {asset}: the balance is {self.balances[asset]}, not {row['balance']}"


def _anything(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no object"
