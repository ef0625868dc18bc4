"""What is asked of REST to find out what became of orders, one query at a time answered or not.

A `Lookup` is a question in one or more pages: it is complete when the last page is in. It knows which orders it is
about and when its first page was asked for, because only that says how old its answer may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..wire import Query

__all__ = ["PAGE", "Lookup", "closed_orders", "history", "open_orders", "query_orders", "query_trades"]

PAGE: Final = 50
"""Entries of one page of closed orders or trades. A full page may have another one behind it."""
ORDERS_AT_ONCE, TRADES_AT_ONCE = 50, 20


@dataclass(slots=True)
class Lookup:
    """One question. ``keys`` are the orders that its answer is about, ``asked`` is in monotonic seconds."""

    name: str
    fields: Mapping[str, str]
    keys: tuple[str, ...] = ()
    part: str | None = None
    """Under which name the answer holds its entries."""
    paged: bool = False
    asked: float = 0.0
    offset: int = 0
    seen: int = 0
    strangers: set[str] = field(default_factory=set)
    """Orders that its pages named and nobody here knows."""

    @property
    def query(self) -> Query:
        """The page to ask for now."""
        pairs = dict(self.fields)
        if self.offset:
            pairs["ofs"] = str(self.offset)
        return Query("private", self.name, tuple(pairs.items()))

    def next_page(self, answer: Any) -> bool:
        """Whether another page has to be asked for after this one; if so, `query` asks for it."""
        entries = answer.get(self.part) if self.part is not None and isinstance(answer, Mapping) else answer
        count = len(entries) if isinstance(entries, Mapping) else 0
        self.seen += count
        if not self.paged or count < PAGE:
            return False
        self.offset += count
        return True


def query_orders(order_ids: Iterable[str], keys: Iterable[str]) -> Lookup:
    """Orders by their ids, with the ids of their fills."""
    fields = {"txid": ",".join(order_ids), "trades": "true", "consolidate_taker": "false"}
    return Lookup("QueryOrders", fields, tuple(keys))


def query_trades(exec_ids: Iterable[str]) -> Lookup:
    """Fills by their ids."""
    return Lookup("QueryTrades", {"txid": ",".join(exec_ids)})


def open_orders(cl_ord_id: str | None, keys: Iterable[str]) -> Lookup:
    """The open orders with a client id, or all of them."""
    fields = {"trades": "true"} | ({"cl_ord_id": cl_ord_id} if cl_ord_id else {})
    return Lookup("OpenOrders", fields, tuple(keys), part="open")


def closed_orders(cl_ord_id: str | None, keys: Iterable[str], since_s: int) -> Lookup:
    """The closed orders with a client id, or all that were open since ``since_s`` (unix time)."""
    fields = {"trades": "true", "consolidate_taker": "false"}
    fields |= {"cl_ord_id": cl_ord_id} if cl_ord_id else {"start": str(since_s)}
    return Lookup("ClosedOrders", fields, tuple(keys), part="closed", paged=True)


def history(keys: Iterable[str], since_s: int) -> Lookup:
    """All fills since ``since_s`` (unix time), one by one."""
    fields = {"consolidate_taker": "false", "start": str(since_s)}
    return Lookup("TradesHistory", fields, tuple(keys), part="trades", paged=True)
