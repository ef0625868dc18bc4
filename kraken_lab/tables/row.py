"""One row, exact: what ``stream.latest`` and ``async for`` give.

A `Row` wraps the values as they came off the wire and reads them only when asked, so that making one costs next to
nothing for a stream that hands out thousands a second.
"""

from __future__ import annotations

import difflib
import html
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ..errors import BadArgument, NoSuchEntry
from ..wire import shortened
from .schemas import TABLE, Schema
from .times import nanoseconds_of

__all__ = ["Row", "printable"]

_BIRTH_OF_UNIX = datetime(1970, 1, 1, tzinfo=UTC)


class Row:
    """A frozen row, read by attribute or by item: ``row.price`` and ``row["price"]``.

    Prices and quantities are `Decimal`, with the digits as written. Times are whole nanoseconds since 1970 UTC, because
    a `datetime` holds only microseconds; ``row.at("timestamp")`` gives the `datetime`. Missing values are None.

    >>> from kraken_lab.tables import schema
    >>> Row(schema("book"), ("BTC/USD", "bid", 0, "61234.10", "0.50000000", "0.5")).price
    Decimal('61234.10')
    """

    __slots__ = ("_schema", "_values")

    _schema: Schema
    _values: tuple[Any, ...]

    def __init__(self, schema: Schema, values: tuple[Any, ...]) -> None:
        object.__setattr__(self, "_schema", schema)
        object.__setattr__(self, "_values", values)

    def __getitem__(self, name: str) -> Any:
        at = self._schema.position.get(name)
        if at is None:
            known = self._schema.names
            meant = difflib.get_close_matches(str(name), known, n=1)
            hint = f"Did you mean {meant[0]!r}?" if meant else ""
            raise NoSuchEntry(f"A row of {self._schema.channel} has no {name!r}", name, known, hint)
        return _read(self._schema.columns[at].kind, self._values[at])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy and pickle probe for these before there is a schema to ask
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            message = f"a {self._schema.channel} row has no {name!r}; it has {', '.join(self._schema.names)}"
            raise AttributeError(message) from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a row never changes: {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a row never changes: {name!r} cannot be deleted")

    def __dir__(self) -> Sequence[str]:
        return [*super().__dir__(), *self._schema.names]

    def __iter__(self) -> Iterator[Any]:
        return (_read(column.kind, value) for column, value in zip(self._schema.columns, self._values, strict=True))

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row):
            return NotImplemented
        return self._schema.channel == other._schema.channel and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash((self._schema.channel, *self))

    def __reduce__(self) -> tuple[type[Row], tuple[Schema, tuple[Any, ...]]]:
        return Row, (self._schema, self._values)

    def at(self, name: str) -> datetime | None:
        """A time column as an aware UTC `datetime`, cut to microseconds.

        Raises:
            BadArgument: the column is not a time.

        >>> from kraken_lab.tables import schema
        >>> row = Row(schema("gaps"), ("BTC/USD", "trade", "2026-05-04T10:15:31.5Z", None, "silence", None, False, 2))
        >>> row.at("start").isoformat()
        '2026-05-04T10:15:31.500000+00:00'
        """
        if self._schema[name].kind != "time":
            times = [column.name for column in self._schema.columns if column.kind == "time"]
            raise BadArgument("name", name, " or ".join(times) or "a table that has times")
        ns = self[name]
        return None if ns is None else _BIRTH_OF_UNIX + timedelta(microseconds=ns // 1000)

    def _asdict(self) -> dict[str, Any]:
        """The row as a dict, in the order of the columns."""
        return dict(zip(self._schema.names, self, strict=True))

    def _replace(self, **changes: object) -> Row:
        """The same row with some columns changed.

        Raises:
            BadArgument: a name that is not a column.
        """
        values = list(self._values)
        for name, value in changes.items():
            _ = self._schema[name]
            values[self._schema.position[name]] = value
        return Row(self._schema, tuple(values))

    def shown(self) -> list[tuple[str, str]]:
        """Names and values as text to look at; control characters are shown as escapes."""
        return [(name, self.text(name)) for name in self._schema.names]

    def text(self, name: str) -> str:
        """One value as text to look at: a number's digits (of a quotient ten, marked), ISO 8601 for a time, words.

        What does not print is shown as escapes.
        """
        when = self.at(name) if self._schema[name].kind == "time" else None
        return when.isoformat() if when else _plain(self[name])

    def __repr__(self) -> str:
        return f"{self._schema.channel}({', '.join(f'{name}={text}' for name, text in self.shown())})"

    def _repr_html_(self) -> str:
        cells = "".join(f"<tr><th>{html.escape(n)}</th><td>{html.escape(t)}</td></tr>" for n, t in self.shown())
        return f"{TABLE}<caption>{html.escape(self._schema.channel)}</caption><tbody>{cells}</tbody></table>"


def _read(kind: str, value: Any) -> Any:
    """One wire value as a row shows it."""
    if value is None:
        return None
    if kind == "decimal" and not isinstance(value, Decimal):
        try:
            return Decimal(value)
        except InvalidOperation:
            return None
    if kind == "time" and not isinstance(value, int):
        return nanoseconds_of(value)
    return value


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return shortened(value)
    return printable(value) if isinstance(value, str) else repr(value)


def printable(text: str) -> str:
    """Text as a terminal may have it: what does not print, or turns the direction of writing, is shown as escapes.

    >>> printable("BTC/USD"), printable("\\x1b[2J")
    ('BTC/USD', '\\\\x1b[2J')
    """
    return text if text.isprintable() else repr(text)[1:-1]
