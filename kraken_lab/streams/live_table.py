"""A table that grows behind your back and is photographed when you ask.

What it hands out never changes: `df` and `pl` are pictures of one moment, and the next call takes another.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..errors import BadArgument, Malformed
from ..tables import EventTable, KeyedTable, Row, Schema, TableView, merge, printable, text_table
from ..wire import flag, plainly_called, to_ns
from .host import Host
from .vitals import Vitals

if TYPE_CHECKING:
    import pandas
    import polars

__all__ = ["LiveTable", "Since"]

Since = datetime | timedelta | str | int | None
"""A moment with its time zone, a stretch before now, RFC 3339 text, or ns since 1970 UTC."""

SHOWN = 10
"""Rows of a table that stands still: the newest."""
LISTED = 40
"""Rows of one that is a list of things, as of balances or pairs, where none is newer than another: the first."""

_plainly = plainly_called("table")

EARLIEST_NS = 10**17
"""A moment of 1973 in ns since 1970. A smaller number was meant as seconds or milliseconds, or as a stretch."""

_MACHINERY = frozenset(["books", "feeds", "held", "held_by_frames", "order_by", "photograph", "pulse", "vitals"])
"""What draws and counts a table: there, but not offered by completion."""


class LiveTable:
    """One or more symbols' rows of one channel, as pandas, polars or Arrow whenever asked.

    ``df``, ``pl`` and ``view`` take ``last`` (the newest so many rows) and ``since`` (received strictly later than a
    moment, or within a stretch before now). One symbol's frame shares memory with the table and takes the same time for
    ten rows and ten million; several symbols are copied together, in the order of the exchange's time.
    """

    def __init__(
        self, host: Host, title: str, schema: Schema, tables: Callable[[], Sequence[EventTable | KeyedTable]]
    ) -> None:
        self._host, self._title, self.schema = host, title, schema
        self._tables = tables

    @_plainly
    def view(self, last: int | None = None, since: Since = None) -> TableView:
        """The rows as they are now, in a form that every other form is made from.

        Raises:
            BadArgument: a ``last`` below 0, or a ``since`` that is not a moment.
        """
        since_ns = self._since_ns(since)
        views = [table.view(last=last, since_ns=since_ns) for table in self._tables()]
        if len(views) == 1:
            return views[0]
        merged = merge(views, by=self.schema.index or "received_at") if views else EventTable(self.schema).view()
        return merged if last is None else merged.last(last)

    @_plainly
    def df(self, last: int | None = None, since: Since = None, *, exact: bool = False) -> pandas.DataFrame:
        """The rows as a pandas DataFrame that never changes. With ``exact``, money is `decimal.Decimal`."""
        return self.view(last, since).pandas(exact=flag("exact", exact))

    @_plainly
    def pl(self, last: int | None = None, since: Since = None, *, exact: bool = False) -> polars.DataFrame:
        """The rows as a polars DataFrame that never changes. With ``exact``, money is polars' Decimal."""
        return self.view(last, since).polars(exact=flag("exact", exact))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for anything that reads Arrow: DuckDB, pyarrow, polars."""
        return self.view().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return sum(table.rows for table in self._tables())

    def __bool__(self) -> bool:
        # A stream without rows is still a stream.
        return True

    @property
    def latest(self) -> Row | None:
        """The newest row, exact; None while there is none."""
        rows = [row for table in self._tables() if (row := table.latest) is not None]
        if len(rows) < 2 or "received_at" not in self.schema.position:
            return rows[0] if rows else None
        return max(rows, key=lambda row: int(row.received_at))

    @property
    def nbytes(self) -> int:
        """Bytes the tables hold now. What your frames keep alive besides is ``held_by_frames``."""
        return sum(table.nbytes for table in self._tables())

    @property
    def held_by_frames(self) -> int:
        """Bytes of former buffers that frames and views still keep alive: shown, not bounded."""
        return sum(table.memory_held_by_views for table in self._tables() if isinstance(table, EventTable))

    @property
    def evicted(self) -> int:
        """Rows dropped to stay within the bounds. That is not loss: they were here."""
        return sum(table.evicted for table in self._tables())

    @_plainly
    def limit(self, rows: int | None = None, nbytes: int | None = None) -> None:
        """Bound each symbol's table to its newest ``rows`` and to ``nbytes``; the stricter one holds.

        Raises:
            BadArgument: a bound below 1.
        """
        for table in self._tables():
            if isinstance(table, EventTable):
                table.limit(rows=rows, bytes=nbytes)
            elif rows is not None:
                table.limit(rows)

    def _since_ns(self, since: Since) -> int | None:
        if since is None:
            return None
        if isinstance(since, int) and not isinstance(since, bool) and since >= EARLIEST_NS:
            return since
        if isinstance(since, timedelta):
            return self._host.now().wall_ns - since // timedelta(microseconds=1) * 1_000
        if isinstance(since, datetime):
            if since.tzinfo is None:
                raise BadArgument("since", since, "a datetime with a time zone, as datetime.now(UTC)")
            # A pandas Timestamp knows nanoseconds; Python's own datetime has none.
            nanoseconds = int(getattr(since, "nanosecond", 0))
            return (since - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1_000 + nanoseconds
        if isinstance(since, str):
            try:
                return to_ns(since)
            except Malformed:
                pass
        raise BadArgument(
            "since", since, "a datetime with a time zone, a timedelta before now, RFC 3339 text or ns since 1970 UTC"
        )

    # --- how it looks -----------------------------------------------------------------------------------------------

    def _facts(self) -> Mapping[str, str]:
        return {"rows": f"{len(self):,}"}

    @property
    def title(self) -> str:
        """What it is, in words: ``trades BTC/USD``."""
        return self._title

    def facts(self) -> Mapping[str, str]:
        """State, rows, epoch and the like, as names and words."""
        return self._facts()

    def _headline(self, facts: Mapping[str, str] | None = None) -> str:
        told = ", ".join(f"{name} {value}" for name, value in (facts or self._facts()).items())
        return printable(f"{self._title} [{self._host.label}] {told}")

    def _standing(self) -> tuple[TableView, Mapping[str, str]]:
        """What is shown of it where it stands still, and the facts beside it: also how much is left out."""
        facts = self._facts()
        tables = self._tables()
        if self.schema.index is None and tables and all(isinstance(table, KeyedTable) for table in tables):
            whole = self.view()
            part, which = whole.between(0, min(LISTED, len(whole))), "first"
        else:
            part, which = self.photograph(SHOWN), "newest"
        total = len(self) if "rows" in facts else 0
        if total <= len(part):
            return part, facts
        return part, {**facts, "shown": f"the {which} {len(part)}, {total - len(part):,} more in .df()"}

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _MACHINERY]

    def __repr__(self) -> str:
        width = shutil.get_terminal_size((120, 24)).columns
        view, facts = self._standing()
        return f"{self._headline(facts)}\n{text_table(view, rows=len(view), width=width)}"

    def _repr_html_(self) -> str:
        view, facts = self._standing()
        return self._host.views.table(view, f"{self._title} [{self._host.label}]", facts)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _ipython_display_(self) -> None:
        """In a notebook that somebody looks at: a table that keeps itself fresh. Elsewhere the static one."""
        if not self._host.views.show(self, f"{self._title} [{self._host.label}]"):
            # IPython's way of saying: show it as you would show anything.
            raise NotImplementedError

    @_plainly
    def widget(self) -> Any:
        """The live table's widget, to put into a box or a dashboard beside others; the same until it is closed.

        Raises:
            ImportError: there is no widget library.
        """
        return self._host.views.widget(self, f"{self._title} [{self._host.label}]")

    # --- what keeps it fresh on a screen reads ----------------------------------------------------------------------

    @property
    def order_by(self) -> str | None:
        """The time column by which new rows are known from old ones; None where rows are only changed in place."""
        if "received_at" in self.schema.position and all(isinstance(table, EventTable) for table in self._tables()):
            return "received_at"
        return self.schema.index

    @property
    def ended(self) -> bool:
        """Whether it will never change again."""
        return self._host.closed

    def pulse(self) -> object:
        """Something that is equal as long as nothing changed; None where only a look can tell."""
        tables = self._tables()
        if all(isinstance(table, EventTable) for table in tables):
            return sum(table.rows + table.evicted for table in tables)
        return None

    def photograph(self, rows: int) -> TableView:
        """The newest rows, at most so many; of a book those nearest to its middle."""
        return self.view(last=rows)

    def vitals(self) -> Vitals:
        """How it is doing, in numbers."""
        return Vitals(rows=len(self))
