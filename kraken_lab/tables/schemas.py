"""What each table holds: one schema a channel, in one place.

A `Schema` names the columns of a channel with their unit and meaning, and fixes what they are in pandas and in
polars. An empty frame and a full one therefore look the same. Nothing here touches data.

>>> schema("trade").names[:4]
('timestamp', 'received_at', 'symbol', 'side')
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from ..errors import BadArgument

if TYPE_CHECKING:
    import pandas

__all__ = ["EXACT_DIGITS", "EXACT_SCALE", "SCHEMAS", "TABLE", "Column", "Kind", "Schema", "schema"]

Kind = Literal["time", "decimal", "int", "uint", "bool", "text", "category"]

TABLE = '<table class="tex2jax_ignore mathjax_ignore">'
"""How every HTML table here begins: JupyterLab typesets what stands between dollar signs, unless told not to."""

EXACT_DIGITS, EXACT_SCALE = 38, 18
"""An exact polars column is Decimal(38, 18): 20 digits before the point, 18 after it, whatever rows it holds."""

_PANDAS: Mapping[Kind, str] = {
    "time": "datetime64[ns, UTC]",
    "decimal": "float64",
    "int": "int64",
    "uint": "uint64",
    "bool": "bool",
    "text": "str",
    "category": "category",
}
_PANDAS_NULLABLE: Mapping[Kind, str] = {"int": "Int64", "uint": "UInt64", "bool": "boolean"}
_POLARS: Mapping[Kind, str] = {
    "time": "Datetime('ns', 'UTC')",
    "decimal": "Float64",
    "int": "Int64",
    "uint": "UInt64",
    "bool": "Boolean",
    "text": "String",
    "category": "Categorical",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what kind of value it holds, its unit and its meaning.

    ``nullable`` says that a whole number or a flag may be missing (prices, times and texts always may).
    ``words`` are the values known beforehand of a category. With ``ours`` they are all there will ever be, since this
    package chose them, and polars gets an Enum; the exchange may add a word tomorrow, so its words are a Categorical.

    >>> Column("price", "decimal", "quote per base", "price of the trade").in_polars
    'Float64'
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    nullable: bool = False
    words: tuple[str, ...] = ()
    ours: bool = False

    @property
    def in_pandas(self) -> str:
        """The dtype in pandas, as pandas writes it. With ``exact=True`` a decimal column is object, of `Decimal`."""
        return _PANDAS_NULLABLE.get(self.kind, _PANDAS[self.kind]) if self.nullable else _PANDAS[self.kind]

    @property
    def in_polars(self) -> str:
        """The dtype in polars, as polars writes it. With ``exact=True`` a decimal column is Decimal(38, 18)."""
        return "Enum" if self.ours else _POLARS[self.kind]


@dataclass(frozen=True)
class Schema:
    """The columns of one channel, in order.

    ``index`` is the time column that pandas takes as its index (not necessarily unique), or None.

    >>> schema("trade")["qty"].unit
    'base'
    """

    channel: str
    columns: tuple[Column, ...]
    index: str | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Where each column stands in a row."""
        return MappingProxyType({name: at for at, name in enumerate(self.names)})

    def __getitem__(self, name: str) -> Column:
        try:
            return self.columns[self.position[name]]
        except KeyError:
            raise BadArgument("column", name, ", ".join(self.names)) from None

    def __len__(self) -> int:
        return len(self.columns)

    def __reduce__(self) -> tuple[type[Schema], tuple[str, tuple[Column, ...], str | None]]:
        return Schema, (self.channel, self.columns, self.index)  # without what is cached, which cannot be pickled

    def __repr__(self) -> str:
        rows = self._rows()
        widths = [max(len(row[at]) for row in rows) for at in range(4)]
        lines = [
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
        ]
        index = f", indexed by {self.index}" if self.index else ""
        return "\n".join([f"Schema of {self.channel!r}: {len(self)} columns{index}", *lines])

    def _repr_html_(self) -> str:
        head, *body = self._rows()
        cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
        rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in body)
        return (
            f"{TABLE}<caption>Schema of <code>{html.escape(self.channel)}</code></caption>"
            f"<thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def df(self) -> pandas.DataFrame:
        """The schema itself as a pandas table: name, dtype in pandas, dtype in polars, unit, meaning."""
        import pandas as pd

        head, *body = self._rows()
        return pd.DataFrame(body, columns=list(head))

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        head = ("name", "pandas", "polars", "unit", "meaning")
        return [head, *((c.name, c.in_pandas, c.in_polars, c.unit, c.meaning) for c in self.columns)]


def _timestamp(meaning: str) -> Column:
    return Column("timestamp", "time", "UTC, ns", meaning)


_RECEIVED_AT = Column("received_at", "time", "UTC, ns", "when this machine received it; since= filters on it")
_SYMBOL = Column("symbol", "category", "", "the pair, as BTC/USD")
_EPOCH = Column("epoch", "int", "", "which unbroken stretch of the stream the row belongs to, from 1")
_GAP_BEFORE = Column("gap_before", "bool", "", "the first row after something was, or may have been, missed")

_TICKER = Schema(
    "ticker",
    (
        _timestamp("when the exchange made it"),
        _RECEIVED_AT,
        _SYMBOL,
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
        _EPOCH,
        _GAP_BEFORE,
    ),
    index="timestamp",
)

_TRADE = Schema(
    "trade",
    (
        _timestamp("when the exchange matched it"),
        _RECEIVED_AT,
        _SYMBOL,
        Column("side", "category", "", "the taker's side", words=("buy", "sell")),
        Column("price", "decimal", "quote per base", "price of the trade"),
        Column("qty", "decimal", "base", "quantity of the trade"),
        Column("ord_type", "category", "", "the taker's order type", words=("limit", "market")),
        Column("trade_id", "int", "", "consecutive number within the symbol"),
        _EPOCH,
        _GAP_BEFORE,
        Column("source", "category", "", "how it came here", words=("live", "snapshot", "backfill"), ours=True),
    ),
    index="timestamp",
)

_OHLC = Schema(
    "ohlc",
    (
        Column("interval_begin", "time", "UTC, ns", "start of the candle, inclusive"),
        _RECEIVED_AT,
        _SYMBOL,
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
        _EPOCH,
        _GAP_BEFORE,
    ),
    index="interval_begin",
)

_BOOK_SIDE = Column("side", "category", "", "which side of the book", words=("bid", "ask"), ours=True)
_LEVEL = Column("level", "int", "levels", "distance from the best price, the best being 0")

_BOOK = Schema(
    "book",
    (
        _SYMBOL,
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
        _timestamp("when the exchange sent the book message"),
        _RECEIVED_AT,
        _SYMBOL,
        Column("bid", "decimal", "quote per base", "best bid price; missing while the side is empty"),
        Column("bid_qty", "decimal", "base", "quantity at the best bid"),
        Column("ask", "decimal", "quote per base", "best ask price; missing while the side is empty"),
        Column("ask_qty", "decimal", "base", "quantity at the best ask"),
        Column("verified", "bool", "", "the exchange's checksum agreed with the book"),
        _EPOCH,
        _GAP_BEFORE,
    ),
    index="timestamp",
)

_LEVEL3 = Schema(
    "level3",
    (
        _SYMBOL,
        _BOOK_SIDE,
        _LEVEL,
        Column("position", "int", "orders", "place in the level's queue, the next to be filled being 0"),
        Column("order_id", "text", "", "public id of the order"),
        Column("limit_price", "decimal", "quote per base", "price of the order"),
        Column("order_qty", "decimal", "base", "visible quantity that remains"),
        _timestamp("when the order was placed or last changed in the queue"),
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
_CHANNELS = ("ticker", "book", "level3", "ohlc", "trade", "instrument")

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
        _SYMBOL,
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
    {s.channel: s for s in (_TICKER, _TRADE, _OHLC, _BOOK, _BOOK_HISTORY, _LEVEL3, _PAIRS, _ASSETS, _GAPS)}
)
"""Every schema by the name of its channel or table."""


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
