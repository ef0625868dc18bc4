"""The shape of a table: its columns with their unit and meaning, and what they are in pandas and in polars.

>>> Schema("held", (Column("asset", "text", "", "the asset"),)).names
('asset',)
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

__all__ = [
    "EPOCH",
    "EXACT_DIGITS",
    "EXACT_SCALE",
    "GAP_BEFORE",
    "RECEIVED_AT",
    "SYMBOL",
    "TABLE",
    "Column",
    "Kind",
    "Schema",
    "timestamp",
]

Kind = Literal["time", "decimal", "int", "uint", "bool", "text", "category"]

TABLE = '<table class="tex2jax_ignore mathjax_ignore">'
"""How every HTML table here begins: JupyterLab typesets what stands between dollar signs, unless told not to."""

EXACT_DIGITS, EXACT_SCALE = 38, 18
"""An exact polars column is a Decimal of 38 digits, as many of them behind the point as the column's values are written
with; 18 while there are no values to tell."""

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
        """The dtype in polars, as polars writes it. With ``exact=True`` a decimal column is Decimal(38, digits)."""
        return "Enum" if self.ours else _POLARS[self.kind]


@dataclass(frozen=True)
class Schema:
    """The columns of one channel, in order.

    ``index`` is the time column that pandas takes as its index (not necessarily unique), or None.

    >>> Schema("held", (Column("qty", "decimal", "base", "what is held"),))["qty"].unit
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


def timestamp(meaning: str) -> Column:
    """The exchange's time, which most tables begin with."""
    return Column("timestamp", "time", "UTC, ns", meaning)


RECEIVED_AT = Column("received_at", "time", "UTC, ns", "when this machine received it; since= filters on it")
SYMBOL = Column("symbol", "category", "", "the pair, as BTC/USD")
EPOCH = Column("epoch", "int", "", "which unbroken stretch of the stream the row belongs to, from 1")
GAP_BEFORE = Column("gap_before", "bool", "", "the first row after something was, or may have been, missed")
