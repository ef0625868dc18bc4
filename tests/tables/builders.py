"""Small builders of rows and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kraken_lab.tables import EventTable, Schema, schema

NOON = 1_777_896_000_000_000_000
"""2026-05-04 12:00:00 UTC in nanoseconds."""

FILLED: dict[str, Any] = {
    "time": "2026-05-04T12:00:00.123456Z",
    "decimal": "61234.10",
    "int": 7,
    "uint": 13834774380200032777,
    "bool": True,
    "text": "OK4GJX-KSTLS-7DZZO5",
}


def a_trade(
    trade_id: int,
    *,
    symbol: str = "BTC/USD",
    price: Any = "61234.10",
    qty: Any = "0.50000000",
    received_at: int | None = None,
    source: str = "live",
) -> tuple[Any, ...]:
    """A trade as a row of the trade table, received ``trade_id`` nanoseconds after noon unless told otherwise."""
    at = NOON + trade_id if received_at is None else received_at
    return (NOON, at, symbol, "buy", price, qty, "limit", trade_id, 1, False, source)


def a_table(trades: Iterable[tuple[Any, ...]] = (), **bounds: Any) -> EventTable:
    """A trade table for BTC/USD with rows in it."""
    table = EventTable(schema("trade"), symbols=["BTC/USD"], **bounds)
    table.extend(trades)
    return table


def a_full_row(of: Schema) -> tuple[Any, ...]:
    """A row with a value in every column; categories take a word known beforehand, where there is one."""
    return tuple(
        (column.words[0] if column.words else "BTC/USD") if column.kind == "category" else FILLED[column.kind]
        for column in of.columns
    )


def ids(view_or_table: Any) -> list[int]:
    """The trade ids of a view, in order."""
    found: list[int] = view_or_table.column("trade_id").tolist()
    return found
