"""What the tables of an account hold: the private channels, and the orders, fills and positions made of them."""

from __future__ import annotations

from .shape import EPOCH, GAP_BEFORE, RECEIVED_AT, SYMBOL, Column, Schema, timestamp

__all__ = ["ACCOUNT_SCHEMAS"]

_SIDE = Column("side", "category", "", "buy or sell", words=("buy", "sell"))
_ORDER_TYPE = Column(
    "order_type",
    "category",
    "",
    "kind of order",
    words=(
        *("limit", "market", "iceberg", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit"),
        *("trailing-stop", "trailing-stop-limit", "settle-position"),
    ),
)
_ORDER_QTY = Column("order_qty", "decimal", "base", "what was ordered")
_LIMIT_PRICE = Column("limit_price", "decimal", "quote per base", "limit price")
_TRIGGER_PRICE = Column("trigger_price", "decimal", "quote per base", "price at which a stop or take-profit wakes")
_FEE = Column("fee", "decimal", "fee_asset", "what the fill cost")
_FEE_ASSET = Column("fee_asset", "text", "", "asset the fee was taken in")
_ORDER_ID = Column("order_id", "text", "", "the exchange's id of the order")
_CL_ORD_ID = Column("cl_ord_id", "text", "", "the client's id of the order")
_EXEC_ID = Column("exec_id", "text", "", "id of the fill")
_TRADE_ID = Column("trade_id", "int", "", "the fill's number among the symbol's trades", nullable=True)
_ASSET = Column("asset", "text", "", "the asset, as BTC")
_SOURCES = ("live", "snapshot", "backfill")

_EXECUTIONS = Schema(
    "executions",
    (
        timestamp("when the exchange made the report"),
        RECEIVED_AT,
        SYMBOL,
        Column(
            "exec_type",
            "category",
            "",
            "what happened",
            words=(
                *("pending_new", "new", "trade", "filled", "iceberg_refill", "canceled", "expired"),
                *("amended", "restated", "status"),
            ),
        ),
        Column(
            "order_status",
            "category",
            "",
            "how the order stands",
            words=("pending_new", "new", "partially_filled", "filled", "canceled", "expired"),
        ),
        _SIDE,
        _ORDER_TYPE,
        _ORDER_QTY,
        Column("cash_order_qty", "decimal", "quote", "what was ordered, where it was said in quote currency"),
        _LIMIT_PRICE,
        _TRIGGER_PRICE,
        Column("trigger_status", "category", "", "whether it has woken", words=("untriggered", "triggered")),
        Column("time_in_force", "category", "", "how long it may rest", words=("GTC", "GTD", "IOC", "FOK")),
        Column("last_qty", "decimal", "base", "quantity of this fill"),
        Column("last_price", "decimal", "quote per base", "price of this fill"),
        Column("cost", "decimal", "quote", "value of this fill"),
        _FEE,
        _FEE_ASSET,
        Column("liquidity_ind", "category", "", "maker (m) or taker (t) of this fill", words=("m", "t")),
        Column("cum_qty", "decimal", "base", "filled so far"),
        Column("cum_cost", "decimal", "quote", "value filled so far"),
        Column("avg_price", "decimal", "quote per base", "average price so far"),
        Column("fee_usd_equiv", "decimal", "USD", "fees so far, in dollars"),
        Column("reason", "text", "", "why it was cancelled, expired or changed"),
        _ORDER_ID,
        _CL_ORD_ID,
        Column("order_userref", "int", "", "the client's number for a group of orders", nullable=True),
        _EXEC_ID,
        _TRADE_ID,
        Column("ord_ref_id", "text", "", "the order that this one came from"),
        EPOCH,
        GAP_BEFORE,
        Column("source", "category", "", "how it came here", words=_SOURCES, ours=True),
    ),
    index="timestamp",
)

_BALANCES = Schema(
    "balances",
    (
        Column("asset", "text", "", "the asset, as BTC"),
        Column("class", "category", "", "currency or tokenised asset; not always sent", words=("currency",)),
        Column("balance", "decimal", "asset", "all there is, over all wallets; what orders hold back is not taken off"),
        Column("spot", "decimal", "asset", "what of it is in spot wallets"),
        Column("earn", "decimal", "asset", "what of it earns rewards"),
        timestamp("when it last moved; missing if it did not since it is watched"),
        RECEIVED_AT,
        EPOCH,
    ),
)

_LEDGER = Schema(
    "ledger",
    (
        timestamp("when the exchange booked it"),
        RECEIVED_AT,
        _ASSET,
        Column("type", "category", "", "kind of movement", words=("trade", "deposit", "withdrawal", "transfer")),
        Column("subtype", "text", "", "kind of transfer"),
        Column("category", "category", "", "finer kind of movement", words=("trade", "deposit", "withdrawal")),
        Column("amount", "decimal", "asset", "what came (positive) or went (negative)"),
        Column("fee", "decimal", "asset", "what was charged besides"),
        Column("balance", "decimal", "asset", "what there is afterwards"),
        Column("wallet_type", "category", "", "kind of wallet", words=("spot", "earn")),
        Column("wallet_id", "category", "", "the wallet", words=("main",)),
        Column("class", "category", "", "currency or tokenised asset; not always sent", words=("currency",)),
        Column("ledger_id", "text", "", "id of the entry"),
        Column("ref_id", "text", "", "what it belongs to; the entries of one trade share it"),
        EPOCH,
        GAP_BEFORE,
    ),
    index="timestamp",
)

_ORDERS = Schema(
    "orders",
    (
        Column("created", "time", "UTC, ns", "when it was confirmed here, or first seen"),
        Column("updated", "time", "UTC, ns", "when it last changed"),
        SYMBOL,
        Column(
            "state",
            "category",
            "",
            "where the order is; UNKNOWN means that it may or may not exist",
            words=(
                *("CONFIRMED", "REFUSED", "IN_FLIGHT", "PENDING_NEW", "OPEN", "PARTIAL", "PENDING_CANCEL", "FILLED"),
                *("CANCELED", "EXPIRED", "REJECTED", "UNKNOWN", "NOT_PLACED"),
            ),
            ours=True,
        ),
        _SIDE,
        _ORDER_TYPE,
        _ORDER_QTY,
        Column("cash_order_qty", "decimal", "quote", "what was ordered, where it was said in quote currency"),
        Column("filled_qty", "decimal", "base", "the sum of its fills"),
        Column("remaining_qty", "decimal", "base", "what is not filled"),
        _LIMIT_PRICE,
        Column("limit_offset", "text", "", "how far its limit is from its trigger, where that is no price yet"),
        _TRIGGER_PRICE,
        Column("avg_price", "decimal", "quote per base", "average price of its fills, weighed by their quantities"),
        Column("cost", "decimal", "quote", "value of its fills as charged: each rounded by the exchange"),
        Column("fees", "text", "", "what its fills cost, by asset"),
        Column("time_in_force", "category", "", "how long it may rest", words=("gtc", "gtd", "ioc", "fok")),
        Column("post_only", "bool", "", "may only rest in the book"),
        Column("reduce_only", "bool", "", "may only make a position smaller"),
        Column("margin", "bool", "", "is on borrowed money"),
        Column("display_qty", "decimal", "base", "what an iceberg shows"),
        Column("external", "bool", "", "not placed by this lab"),
        Column("unverified", "bool", "", "not seen since something was lost"),
        Column("overfilled", "bool", "", "filled more than was ordered"),
        Column("amend", "category", "", "UNKNOWN while a change has no answer", words=("", "UNKNOWN")),
        Column("reason", "text", "", "why it ended"),
        Column("error", "text", "", "the exchange's words if it refused, ours if this side did"),
        Column("exchange_status", "text", "", "the exchange's own word for its state"),
        _ORDER_ID,
        _CL_ORD_ID,
        Column("ord_ref_id", "text", "", "the order that this one came from"),
    ),
    index="created",
)

_FILLS = Schema(
    "fills",
    (
        timestamp("when the exchange matched it"),
        RECEIVED_AT,
        SYMBOL,
        _SIDE,
        Column("price", "decimal", "quote per base", "price of the fill"),
        Column("qty", "decimal", "base", "quantity of the fill"),
        Column("cost", "decimal", "quote", "value of the fill as charged: rounded by the exchange"),
        _FEE,
        _FEE_ASSET,
        Column("liquidity", "category", "", "whether it rested (maker) or took (taker)", words=("maker", "taker")),
        _EXEC_ID,
        _TRADE_ID,
        _ORDER_ID,
        _CL_ORD_ID,
        Column("source", "category", "", "how it became known", words=("stream", "snapshot", "rest"), ours=True),
    ),
    index="timestamp",
)

_POSITIONS = Schema(
    "positions",
    (
        Column("symbol", "text", "", "the pair, as BTC/USD"),
        Column("net_qty", "decimal", "base", "bought less sold; negative if more was sold"),
        Column("avg_cost", "decimal", "quote per base", "average price of what is held, fees aside"),
        Column("price", "decimal", "quote per base", "what it is valued at; missing where no price is known"),
        Column("realised", "decimal", "quote", "gains of what was closed, in money as charged, fees aside"),
        Column("unrealised", "decimal", "quote", "what closing it at that price would bring, fees aside"),
        Column("bought_qty", "decimal", "base", "all that was bought"),
        Column("sold_qty", "decimal", "base", "all that was sold"),
        Column("fees", "text", "", "what the fills cost, by asset"),
        Column("fills", "int", "fills", "how many there were"),
    ),
)

ACCOUNT_SCHEMAS = (_EXECUTIONS, _BALANCES, _LEDGER, _ORDERS, _FILLS, _POSITIONS)
"""The schemas of an account's tables."""
