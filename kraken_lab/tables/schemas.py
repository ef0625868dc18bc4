"""What each table holds: one schema a channel, in one place.

Market data are here, an account's tables in `account_schemas`; an empty frame and a full one look the same.
Nothing here touches data.

>>> schema("trade").names[:4]
('timestamp', 'received_at', 'symbol', 'side')
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import BadArgument
from ..wire import plainly_called
from .account_schemas import ACCOUNT_SCHEMAS
from .shape import (
    EPOCH,
    EXACT_DIGITS,
    EXACT_SCALE,
    GAP_BEFORE,
    RECEIVED_AT,
    SYMBOL,
    TABLE,
    Column,
    Kind,
    Schema,
    timestamp,
)

__all__ = ["EXACT_DIGITS", "EXACT_SCALE", "SCHEMAS", "TABLE", "Column", "Kind", "Schema", "schema"]

_TICKER = Schema(
    "ticker",
    (
        timestamp("when the exchange made it; if it does not say, when it was received"),
        RECEIVED_AT,
        SYMBOL,
        Column("bid", "decimal", "quote per base", "best bid price"),
        Column("bid_qty", "decimal", "base", "quantity at the best bid"),
        Column("ask", "decimal", "quote per base", "best ask price"),
        Column("ask_qty", "decimal", "base", "quantity at the best ask"),
        Column("last", "decimal", "quote per base", "price of the last trade"),
        Column("volume", "decimal", "base", "volume of the last 24 hours"),
        Column("vwap", "decimal", "quote per base", "volume-weighted average price of the last 24 hours"),
        Column("low", "decimal", "quote per base", "lowest price of the last 24 hours"),
        Column("high", "decimal", "quote per base", "highest price of the last 24 hours"),
        Column("change", "decimal", "quote per base", "price change over the last 24 hours"),
        Column("change_pct", "decimal", "percent", "price change over the last 24 hours"),
        Column("volume_usd", "decimal", "USD", "volume of the last 24 hours in dollars; not always sent"),
        Column("trades", "int", "trades", "trades of the last 24 hours; not always sent", nullable=True),
        EPOCH,
        GAP_BEFORE,
    ),
    index="timestamp",
)

_TRADE = Schema(
    "trade",
    (
        timestamp("when the exchange matched it; if it does not say, when it was received"),
        RECEIVED_AT,
        SYMBOL,
        Column("side", "category", "", "the taker's side", words=("buy", "sell")),
        Column("price", "decimal", "quote per base", "price of the trade"),
        Column("qty", "decimal", "base", "quantity of the trade"),
        Column("ord_type", "category", "", "the taker's order type", words=("limit", "market")),
        Column("trade_id", "int", "", "consecutive number within the symbol"),
        EPOCH,
        GAP_BEFORE,
        Column("source", "category", "", "how it came here", words=("live", "snapshot", "backfill"), ours=True),
    ),
    index="timestamp",
)

_OHLC = Schema(
    "ohlc",
    (
        Column("interval_begin", "time", "UTC, ns", "start of the candle, inclusive"),
        RECEIVED_AT,
        SYMBOL,
        Column("open", "decimal", "quote per base", "first price"),
        Column("high", "decimal", "quote per base", "highest price"),
        Column("low", "decimal", "quote per base", "lowest price"),
        Column("close", "decimal", "quote per base", "last price so far"),
        Column("vwap", "decimal", "quote per base", "volume-weighted average price"),
        Column("trades", "int", "trades", "number of trades"),
        Column("volume", "decimal", "base", "traded volume"),
        Column("interval", "int", "minutes", "length of the candle"),
        Column("interval_end", "time", "UTC, ns", "end of the candle, exclusive"),
        Column("closed", "bool", "", "its interval is over; it will not change again"),
        Column("partial", "bool", "", "it spans a gap, so trades may be missing from it"),
        EPOCH,
        GAP_BEFORE,
    ),
    index="interval_begin",
)

_BOOK_SIDE = Column("side", "category", "", "which side of the book", words=("bid", "ask"), ours=True)
_LEVEL = Column("level", "int", "levels", "distance from the best price, the best being 0")

_BOOK = Schema(
    "book",
    (
        SYMBOL,
        _BOOK_SIDE,
        _LEVEL,
        Column("price", "decimal", "quote per base", "price of the level"),
        Column("qty", "decimal", "base", "quantity at the level"),
        Column("cum_qty", "decimal", "base", "quantity from the best price to this level, both included"),
    ),
)

_BOOK_HISTORY = Schema(
    "book_history",
    (
        timestamp("when the exchange sent the book message; if it does not say, when it was received"),
        RECEIVED_AT,
        SYMBOL,
        Column("bid", "decimal", "quote per base", "best bid price; missing while the side is empty"),
        Column("bid_qty", "decimal", "base", "quantity at the best bid"),
        Column("ask", "decimal", "quote per base", "best ask price; missing while the side is empty"),
        Column("ask_qty", "decimal", "base", "quantity at the best ask"),
        Column("verified", "bool", "", "the exchange's checksum agreed with the book"),
        EPOCH,
        GAP_BEFORE,
    ),
    index="timestamp",
)

_LEVEL3 = Schema(
    "level3",
    (
        SYMBOL,
        _BOOK_SIDE,
        _LEVEL,
        Column("position", "int", "orders", "place in the level's queue, the next to be filled being 0"),
        Column("order_id", "text", "", "public id of the order"),
        Column("limit_price", "decimal", "quote per base", "price of the order"),
        Column("order_qty", "decimal", "base", "visible quantity that remains"),
        timestamp("when the order was placed or last changed in the queue"),
    ),
)

_PAIR_STATES = (
    *("online", "cancel_only", "delisted", "limit_only"),
    *("maintenance", "post_only", "reduce_only", "work_in_progress"),
)
_ASSET_STATES = (
    *("enabled", "depositonly", "withdrawalonly"),
    *("fundingtemporarilydisabled", "disabled", "workinprogress"),
)
_CHANNELS = ("ticker", "book", "level3", "ohlc", "trade", "instrument", "executions", "balances")

_PAIRS = Schema(
    "pairs",
    (
        Column("symbol", "text", "", "the pair, as BTC/USD"),
        Column("base", "text", "", "asset that is bought and sold"),
        Column("quote", "text", "", "asset it is paid in"),
        Column("status", "category", "", "what the exchange allows in it now", words=_PAIR_STATES),
        Column("price_precision", "int", "decimals", "decimals of a price"),
        Column("price_increment", "decimal", "quote per base", "smallest step between prices"),
        Column("tick_size", "decimal", "quote per base", "older name of price_increment"),
        Column("qty_precision", "int", "decimals", "decimals of a quantity"),
        Column("qty_increment", "decimal", "base", "smallest step between quantities"),
        Column("qty_min", "decimal", "base", "smallest order"),
        Column("cost_precision", "int", "decimals", "decimals of price x quantity"),
        Column("cost_min", "decimal", "quote", "smallest order by value"),
        Column("marginable", "bool", "", "can be traded on margin"),
        Column("has_index", "bool", "", "an index price can trigger orders"),
        Column("margin_initial", "decimal", "fraction", "initial margin; only if marginable"),
        Column("position_limit_long", "decimal", "base", "largest long position; only if marginable"),
        Column("position_limit_short", "decimal", "base", "largest short position; only if marginable"),
        Column("ws_display_price_precision", "int", "decimals", "decimals suggested for display", nullable=True),
    ),
)

_ASSETS = Schema(
    "assets",
    (
        Column("id", "text", "", "the asset, as BTC"),
        Column("status", "category", "", "whether it can be deposited and withdrawn", words=_ASSET_STATES),
        Column("precision", "int", "decimals", "decimals of a balance"),
        Column("precision_display", "int", "decimals", "decimals suggested for display"),
        Column("borrowable", "bool", "", "can be borrowed"),
        Column("collateral_value", "decimal", "fraction", "share of its value that counts as collateral, 0 to 1"),
        Column("margin_rate", "decimal", "fraction", "interest rate when borrowed; only if borrowable"),
        Column("multiplier", "decimal", "", "of a tokenised asset"),
        Column("class", "category", "", "currency or tokenised asset; not always sent", words=("currency",)),
    ),
)

_GAPS = Schema(
    "gaps",
    (
        SYMBOL,
        Column("channel", "category", "", "the channel that was interrupted", words=_CHANNELS),
        Column("start", "time", "UTC, ns", "last moment before which nothing is missing"),
        Column("end", "time", "UTC, ns", "when rows came again; missing while the gap is open"),
        Column("reason", "text", "", "why"),
        Column("missed", "int", "rows", "how many rows are missing, where that can be known", nullable=True),
        Column("filled", "bool", "", "proved that nothing is missing any more"),
        Column("epoch", "int", "", "the epoch that begins after the gap"),
    ),
)

SCHEMAS: Mapping[str, Schema] = MappingProxyType(
    {
        s.channel: s
        for s in (_TICKER, _TRADE, _OHLC, _BOOK, _BOOK_HISTORY, _LEVEL3, _PAIRS, _ASSETS, _GAPS, *ACCOUNT_SCHEMAS)
    }
)
"""Every schema by the name of its channel or table."""


@plainly_called("kl")
def schema(channel: str) -> Schema:
    """The schema of a channel or table.

    Raises:
        BadArgument: there is no table of that name; the message lists those there are.

    >>> schema("ohlc").index
    'interval_begin'
    """
    try:
        return SCHEMAS[channel]
    except (KeyError, TypeError):
        raise BadArgument("channel", channel, ", ".join(SCHEMAS)) from None
