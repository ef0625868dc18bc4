"""The table of things that are replaced in place: candles, pairs, assets. One row a key."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import BadArgument
from .row import Row
from .schemas import Schema
from .table_view import TableView, view_of
from .times import nanoseconds_of

__all__ = ["KeyedTable"]

Key = tuple[Any, ...]


class KeyedTable:
    """Rows by key: a row with a key already there takes the old one's place.

    Rows are handed out in the order of the schema's time column (candles by ``interval_begin``, whichever came first),
    or, where there is none, in the order their keys first came. Bounded for each first part of the key, which is the
    symbol: the oldest rows go and are counted. One thread writes, any thread reads; a view is a copy.

    Args:
        schema: the columns.
        key: the columns that make the key. Time columns among them are compared as times, not as texts.
        per_symbol: rows kept for one value of the key's first column.

    Raises:
        BadArgument: the key names no columns, or ``per_symbol`` is below 1.

    >>> from kraken_lab.tables import schema
    >>> table = KeyedTable(schema("assets"), key=("id",))
    >>> table.put(("BTC", "enabled", 10, 5, True, "1.0", None, None, "currency"))
    >>> table.get("BTC").precision_display
    5
    """

    def __init__(
        self, schema: Schema, key: Sequence[str] = ("symbol", "interval_begin"), *, per_symbol: int = 10_000
    ) -> None:
        if not key:
            raise BadArgument("key", key, "the names of one or more columns")
        self.schema, self.key = schema, tuple(key)
        self._at = [schema.position[column.name] for column in (schema[name] for name in key)]
        self._is_time = [schema[name].kind == "time" for name in key]
        self._sorted_by = None if schema.index is None else schema.position[schema.index]
        self._per_symbol = _bound("per_symbol", per_symbol)
        self._groups: dict[Any, dict[Key, tuple[Any, ...]]] = {}
        self._lock = threading.Lock()
        self._evicted = 0
        self._newest: tuple[Any, ...] | None = None

    def put(self, values: tuple[Any, ...]) -> None:
        """Adds a row, or replaces the one with its key.

        Raises:
            BadArgument: not one value for each column.
        """
        if len(values) != len(self.schema):
            raise BadArgument("values", values, f"{len(self.schema)} values: {', '.join(self.schema.names)}")
        key = self._canonical([values[at] for at in self._at])
        with self._lock:
            group = self._groups.setdefault(key[0], {})
            group[key] = values
            self._newest = values
            self._evict(group)

    def extend(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Puts several rows, in order."""
        for values in rows:
            self.put(values)

    def amend(self, *key: Any, **changes: Any) -> bool:
        """Changes some columns of the row with this key, and tells whether there is one.

        A key's own columns are not changed this way: put the new row and remove the old.

        Raises:
            BadArgument: a name that is no column, or is part of the key.
        """
        for name in changes:
            if self.schema[name].name in self.key:
                raise BadArgument("changes", name, f"columns outside the key ({', '.join(self.key)})")
        whole = self._canonical(key)
        with self._lock:
            group = self._groups.get(whole[0], {})
            if whole not in group:
                return False
            values = list(group[whole])
            for name, value in changes.items():
                values[self.schema.position[name]] = value
            group[whole] = tuple(values)
            return True

    def remove(self, *key: Any) -> bool:
        """Removes the row with this key, and tells whether there was one."""
        whole = self._canonical(key)
        with self._lock:
            return self._groups.get(whole[0], {}).pop(whole, None) is not None

    def clear(self) -> None:
        """Removes all rows. They are not counted as evicted."""
        with self._lock:
            self._groups.clear()
            self._newest = None

    def limit(self, rows: int) -> None:
        """Changes how many rows are kept a symbol. A tighter bound takes hold at once.

        Raises:
            BadArgument: ``rows`` is below 1.
        """
        bound = _bound("rows", rows)
        with self._lock:
            self._per_symbol = bound
            for group in self._groups.values():
                self._evict(group)

    def get(self, *key: Any) -> Row | None:
        """The row with this key, or None."""
        whole = self._canonical(key)
        with self._lock:
            values = self._groups.get(whole[0], {}).get(whole)
        return None if values is None else Row(self.schema, values)

    @property
    def latest(self) -> Row | None:
        """The row put last, or None while there is none."""
        values = self._newest
        return None if values is None else Row(self.schema, values)

    def view(self, last: int | None = None, since_ns: int | None = None) -> TableView:
        """A copy of the rows: all, the ``last`` so many, those received strictly after ``since_ns``, or both.

        Raises:
            BadArgument: ``last`` is negative or no whole number, or the table has no ``received_at`` for ``since_ns``.
        """
        received = self.schema.position.get("received_at")
        if since_ns is not None and received is None:
            raise BadArgument("since", since_ns, "it on a table with a received_at column")
        with self._lock:
            rows = [values for group in self._groups.values() for values in group.values()]
        by = self._sorted_by
        if by is not None:
            rows.sort(key=lambda values: _order(values[by]))
        if since_ns is not None and received is not None:
            rows = [values for values in rows if _order(values[received]) > since_ns]
        view = view_of(self.schema, rows)
        return view if last is None else view.last(last)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        with self._lock:
            return sum(map(len, self._groups.values()))

    def __len__(self) -> int:
        return self.rows

    @property
    def evicted(self) -> int:
        """How many rows were dropped to stay within ``per_symbol``."""
        return self._evicted

    @property
    def nbytes(self) -> int:
        """Bytes held, estimated at 64 a value: these rows are Python objects until a view is made of them."""
        return self.rows * len(self.schema) * 64

    def __repr__(self) -> str:
        keys = ", ".join(self.key)
        return f"<KeyedTable of {self.schema.channel} by {keys}: {self.rows:,} rows, {self.evicted:,} evicted>"

    def _canonical(self, key: Sequence[Any]) -> Key:
        if len(key) != len(self._at):
            raise BadArgument("key", tuple(key), f"one value for each of {', '.join(self.key)}")
        times = zip(key, self._is_time, strict=True)
        return tuple(nanoseconds_of(part) if is_time and isinstance(part, str) else part for part, is_time in times)

    def _evict(self, group: dict[Key, tuple[Any, ...]]) -> None:
        by = self._sorted_by
        while len(group) > self._per_symbol:
            oldest = next(iter(group)) if by is None else min(group, key=lambda key: _order(group[key][by]))
            del group[oldest]
            self._evicted += 1


def _bound(name: str, value: int) -> int:
    if type(value) is not int or value < 1:
        raise BadArgument(name, value, "a whole number, 1 or more")
    return value


def _order(time: Any) -> int:
    """A time as a number to sort by; what is no time comes first."""
    ns = nanoseconds_of(time) if isinstance(time, str) else time
    return ns if isinstance(ns, int) else -(1 << 63)
