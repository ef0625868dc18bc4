"""What is being asked of REST about orders: a few questions at a time, each answered, failed, or lost."""

from __future__ import annotations

from typing import Final

from ..wire import Query
from .lookups import Lookup

__all__ = ["Inquiries"]

_UNDER_WAY: Final = 6
"""Queries at a time: REST counts them."""
_LOST_AFTER_S: Final = 60.0
"""A query that nobody answered or refused in this time is asked anew."""


class Inquiries:
    """Lookups that wait and lookups that are under way. Times are monotonic seconds.

    >>> from kraken_lab.trading.lookups import open_orders
    >>> asking = Inquiries()
    >>> for key in ("a", "b"): asking.put(open_orders(None, [key]))
    >>> (query,) = asking.queries(0.0)
    >>> query.name, asking.take(query).keys, asking.queries(1.0)
    ('OpenOrders', ('a', 'b'), [])
    """

    def __init__(self) -> None:
        self._waiting: list[Lookup] = []
        self._under_way: dict[Query, Lookup] = {}

    def put(self, lookup: Lookup) -> None:
        """Have it asked when its turn comes."""
        self._waiting.append(lookup)

    def put_next_page(self, lookup: Lookup) -> None:
        """Have the next page of a lookup asked before anything else."""
        self._waiting.insert(0, lookup)

    def queries(self, now: float) -> list[Query]:
        """What to ask REST now; each is given once."""
        asked: list[Query] = []
        while self._waiting and len(self._under_way) < _UNDER_WAY:
            lookup = self._waiting.pop(0)
            query = lookup.query
            if query in self._under_way:
                # The same is being asked: one answer will do for both.
                other = self._under_way[query]
                other.keys = tuple(dict.fromkeys((*other.keys, *lookup.keys)))
                continue
            if not lookup.offset:
                lookup.asked = now
            self._under_way[query] = lookup
            asked.append(query)
        return asked

    def knows(self, query: Query) -> bool:
        """Whether this query was asked here and is not answered yet."""
        return query in self._under_way

    def about(self, query: Query) -> Lookup:
        """The lookup that a query under way is of."""
        return self._under_way[query]

    def take(self, query: Query) -> Lookup:
        """It is answered, or failed: it is under way no more."""
        return self._under_way.pop(query)

    def lost(self, now: float) -> list[Query]:
        """Those that nobody answered or refused in a minute."""
        return [query for query, lookup in self._under_way.items() if now - lookup.asked > _LOST_AFTER_S]

    def next_deadline(self) -> float | None:
        """When the next one is lost."""
        return min((lookup.asked + _LOST_AFTER_S + 0.001 for lookup in self._under_way.values()), default=None)
