"""A photograph of a table: the rows as they were, whatever the table does next."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadArgument
from .columns import Array, ColumnData, columns_of
from .row import Row
from .schemas import TABLE, Schema
from .times import NAT

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["TableView", "merge", "view_of", "view_of_columns"]

_SHOWN = 10


class TableView:
    """Rows that never change, as pandas, polars or Arrow.

    Frames share memory with it wherever the library can, so one without texts costs the same for ten rows and ten
    million; what polars keeps in a form of its own, words and flags, the table keeps ready for it. In pandas frames are
    therefore read-only in place: new columns, filters and all that computes work as ever, and ``frame.copy()`` is the
    way to a frame whose cells can be overwritten.

    Anything that reads Arrow takes a view directly: ``polars.DataFrame(view)``, ``pyarrow.table(view)``, DuckDB's
    ``select * from view``.

    >>> from kraken_lab.tables import schema, view_of
    >>> view = view_of(schema("book"), [("BTC/USD", "bid", 0, "61234.10", "0.5", "0.5")])
    >>> view.pandas()["price"].tolist(), view.pandas(exact=True)["price"].tolist()
    ([61234.1], [Decimal('61234.10')])
    """

    __slots__ = ("_columns", "schema")

    def __init__(self, schema: Schema, columns: Sequence[ColumnData]) -> None:
        self.schema = schema
        self._columns = tuple(columns)

    def __len__(self) -> int:
        return len(self._columns[0])

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays this view looks at; texts count as pointers."""
        return sum(data.nbytes for data in self._columns)

    @property
    def columns(self) -> tuple[ColumnData, ...]:
        """The columns as they are stored."""
        return self._columns

    def column(self, name: str) -> Array:
        """One column as a read-only array: datetime64[ns], float64, int64, bool, or objects for texts and words.

        Raises:
            BadArgument: no such column.
        """
        _ = self.schema[name]
        return self._columns[self.schema.position[name]].array()

    def rows(self) -> Iterator[Row]:
        """The rows one by one, exact, oldest first."""
        for values in zip(*(data.exact() for data in self._columns), strict=True):
            yield Row(self.schema, values)

    def last(self, count: int) -> TableView:
        """The newest rows, sharing memory."""
        return self.between(max(0, len(self) - _at_least_nothing("last", count)), len(self))

    def between(self, start: int, stop: int) -> TableView:
        """The rows from start up to stop, sharing memory."""
        return TableView(self.schema, [data.between(start, stop) for data in self._columns])

    def pandas(self, exact: bool = False) -> pandas.DataFrame:
        """A pandas frame, indexed by the schema's time column (UTC, nanoseconds; not necessarily unique).

        With ``exact`` prices and quantities are `Decimal` objects with the digits as written, else float64.
        """
        from .frames import to_pandas

        return to_pandas(self._columns, self.schema.index, exact=exact)

    def polars(self, exact: bool = False) -> polars.DataFrame:
        """A polars frame. With ``exact`` prices and quantities are Decimals with the digits they came with.

        The exchange writes all prices of a pair with as many digits, so the scale of a column is the pair's. Where it
        is not, the column has the largest scale written in the table; where no scale holds every row within the 38
        digits there are, the column is text with all of them. Without values to tell, the scale is 18.

        The first frame writes words and flags anew for all rows that came before ``import polars``: some 15 ns a row,
        so that ten million take as long as the import itself. From then on the table does it while rows come, and a
        frame costs the same for ten rows and ten million.
        """
        from .frames import to_polars

        return to_polars(self._columns, exact=exact)

    def arrow(self) -> pyarrow.Table:
        """A pyarrow table, if pyarrow is installed."""
        import pyarrow as pa

        return pa.table(self)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for any library that speaks the Arrow C stream interface. Needs no pyarrow."""
        return self.polars().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        noun = "row" if len(self) == 1 else "rows"
        return f"<{len(self):,} {noun} of {self.schema.channel}{self._span()}; .pandas(), .polars(), .arrow()>"

    def _span(self) -> str:
        if self.schema.index is None or not len(self):
            return ""
        times = self.column(self.schema.index)
        known = times[~np.isnat(times)]
        return f", {_clock(known.min())} to {_clock(known.max())}" if known.size else ""

    def _repr_html_(self) -> str:
        newest = self.last(_SHOWN)
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.schema.names)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for _, text in row.shown()) + "</tr>"
            for row in newest.rows()
        )
        of = f"the newest {len(newest)} of {len(self):,} rows" if len(newest) < len(self) else f"{len(self)} rows"
        return (
            f"{TABLE}<caption>{html.escape(self.schema.channel)}: {of}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def view_of(schema: Schema, rows: Sequence[Sequence[Any]]) -> TableView:
    """A view of rows that are in no table, each with one value a column.

    Raises:
        BadArgument: a row of another length.
    """
    for row in rows:
        if len(row) != len(schema):
            raise BadArgument("row", row, f"{len(schema)} values: {', '.join(schema.names)}")
    values = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return TableView(schema, columns_of(schema.columns, values))


def view_of_columns(schema: Schema, columns: Mapping[str, Sequence[Any]]) -> TableView:
    """A view of whole columns that are in no table, by name; all of the schema's, of one length.

    Raises:
        BadArgument: a column is lacking, unknown or of another length.
    """
    if set(columns) != set(schema.names) or len(set(map(len, columns.values()))) != 1:
        lengths = {name: len(values) for name, values in columns.items()}
        raise BadArgument("columns", lengths, f"columns of one length: {', '.join(schema.names)}")
    return TableView(schema, columns_of(schema.columns, [columns[name] for name in schema.names]))


def merge(views: Sequence[TableView], *, by: str = "received_at") -> TableView:
    """Several tables' rows as one, in the order of a time column; rows of one time in the order they were received.

    A copy, unless there is only one. A row without that time stands where it was received. Tables without the column
    are put one after another.

    Raises:
        BadArgument: no views, or views of different schemas.
    """
    channels = {view.schema.channel for view in views}
    if len(channels) != 1:
        raise BadArgument("views", sorted(channels), "one or more views of one channel")
    if len(views) == 1:
        return views[0]
    schema = views[0].schema
    joined = TableView(schema, [_join(parts) for parts in zip(*(view.columns for view in views), strict=True)])
    if by not in schema.position:
        return joined
    times = joined.columns[schema.position[by]].parts[0]
    if by == "received_at" or "received_at" not in schema.position:
        order = np.argsort(times, kind="stable")
    else:
        received = joined.columns[schema.position["received_at"]].parts[0]
        order = np.lexsort((received, np.where(times == NAT, received, times)))
    return TableView(schema, [data.take(order) for data in joined.columns])


def _join(pieces: Sequence[ColumnData]) -> ColumnData:
    """One column after another; words get common codes, and what spilled is found again under its new row."""
    column, missing = pieces[0].column, any(piece.missing for piece in pieces)
    if column.kind == "category":
        words = list(dict.fromkeys(word for piece in pieces for word in piece.words))
        code = {word: at for at, word in enumerate(words)}
        recoded = [np.array([*(code[w] for w in p.words), -1], dtype=np.int16)[p.parts[0]] for p in pieces]
        dtype = np.int8 if len(words) < 127 else np.int16
        return ColumnData(column, (np.concatenate(recoded).astype(dtype),), missing, tuple(words))
    parts = tuple(np.concatenate(arrays) for arrays in zip(*(piece.parts for piece in pieces), strict=True))
    spill, start = {}, 0
    for piece in pieces:
        inside = range(piece.offset, piece.offset + len(piece))
        spill.update({key - piece.offset + start: d for key, d in (piece.spill or {}).items() if key in inside})
        start += len(piece)
    return ColumnData(column, parts, missing, (), spill, behind=max(piece.behind for piece in pieces))


def _at_least_nothing(name: str, value: int) -> int:
    if type(value) is not int or value < 0:
        raise BadArgument(name, value, "a whole number of rows, 0 or more")
    return value


def _clock(time: np.datetime64) -> str:
    return datetime.fromtimestamp(int(time.astype(np.int64)) // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
