"""A static HTML table of the first and last rows of a frame, with the state of the stream it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tables import TableView
from . import cells, escape
from .boxes import Badge, boxed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["table_html"]

_WIDEST = 60  # characters of a text shown in a cell
_SIDES = {"buy": "up", "bid": "up", "sell": "down", "ask": "down"}


def table_html(
    table: pd.DataFrame | TableView,
    *,
    title: str = "",
    badge: Badge | None = None,
    caption: str = "",
    head: int = 5,
    tail: int = 5,
    digits: Mapping[str, int] | None = None,
) -> str:
    """The first ``head`` and last ``tail`` rows as HTML; everything in it is escaped.

    A view is shown with the digits as written on the wire. A frame's floats get as many decimals as it takes to show
    every visible number of the column in full, or what ``digits`` says by column. Times are UTC. A row after a gap is
    marked with a line and the word.

    >>> import pandas as pd
    >>> "<td class=\\"n\\">26500.40</td>" in table_html(pd.DataFrame({"price": [26500.4, 26500.25]}))
    True
    """
    total = len(table)
    shown, cut = _ends(table, head, tail)
    columns = [_Column(str(name), series, (digits or {}).get(str(name))) for name, series in shown.items()]
    gap_at = next((column for column in columns if column.name == "gap_before"), None)
    rows = []
    for at in range(len(shown)):
        if at == cut:
            left_out = f"… {total - len(shown):,} more rows …"
            rows.append(f'<tr class="cut"><td colspan="{len(columns)}">{left_out}</td></tr>')
        marked = ' class="gap"' if gap_at is not None and gap_at.is_set(at) else ""
        rows.append(f"<tr{marked}>{''.join(column.cell(at) for column in columns)}</tr>")
    if not rows:
        rows.append(f'<tr class="cut"><td colspan="{max(1, len(columns))}">no rows yet</td></tr>')
    return boxed(
        f'<div class="title">{escape.html(escape.clip(title))}</div>' if title else "",
        badge.html() if badge else "",
        f'<div class="scroll"><table><thead><tr>{"".join(column.head() for column in columns)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>",
        f'<div class="caption">{escape.html(caption)}</div>' if caption else "",
    )


def _ends(table: pd.DataFrame | TableView, head: int, tail: int) -> tuple[pd.DataFrame, int | None]:
    """The rows to show, a named index among the columns, and before which of them rows are left out."""
    import pandas as pd

    whole = len(table) <= head + tail
    if isinstance(table, TableView):
        parts = [table] if whole else [table.between(0, head), table.last(tail)]
        frames = [part.pandas(exact=True) for part in parts]
    else:
        frames = [table] if whole else [table.iloc[:head], table.iloc[len(table) - tail :]]
    shown = frames[0] if whole else pd.concat(frames)
    if shown.index.name is not None and shown.index.name not in shown.columns:
        shown = shown.reset_index()
    return shown, None if whole else head


class _Column:
    """One column on show: what its cells look like follows from its dtype, decided once."""

    def __init__(self, name: str, values: pd.Series[Any], digits: int | None) -> None:
        self.name = name
        self._values = values
        self._kind, self._text = self._manner(digits)

    def head(self) -> str:
        label = f"{self.name} (UTC)" if self._kind == "t" else self.name
        css = ' class="n"' if self._kind == "n" else ""
        return f'<th scope="col"{css}>{escape.html(escape.clip(label, _WIDEST))}</th>'

    def cell(self, at: int) -> str:
        words = escape.html(escape.clip(self._text(at), _WIDEST))
        css = self._kind or (_SIDES.get(str(self._values.iloc[at]), "") if self.name == "side" else "")
        return f'<td class="{css}">{words}</td>' if css else f"<td>{words}</td>"

    def is_set(self, at: int) -> bool:
        value = self._values.iloc[at]
        return isinstance(value, (bool, np.bool_)) and bool(value)

    def _manner(self, digits: int | None) -> tuple[str, Callable[[int], str]]:
        """The kind (n number, t time, or text) and how the cell of a row is written."""
        from pandas.api import types

        values, dtype = self._values, self._values.dtype
        if types.is_datetime64_any_dtype(dtype):
            times = cells.nanoseconds_of(values.to_frame("time"), "time").tolist()
            fraction = (
                3 if all(ns % 1_000_000 == 0 for ns in times) else 6 if all(ns % 1000 == 0 for ns in times) else 9
            )
            return "t", lambda at: cells.utc(times[at], fraction)
        if types.is_bool_dtype(dtype) and self.name == "gap_before":
            return "", lambda at: "gap" if self.is_set(at) else ""
        if types.is_bool_dtype(dtype):
            return "", lambda at: _flag(values.iloc[at])
        if types.is_float_dtype(dtype):
            places = cells.decimals(values.tolist()) if digits is None else digits
            return "n", lambda at: cells.number(values.iloc[at], places)
        if types.is_integer_dtype(dtype):
            return "n", lambda at: cells.number(values.iloc[at])
        known = [value for value in values.tolist() if not _is_missing(value)]
        if known and all(isinstance(value, Decimal) for value in known):
            return "n", lambda at: cells.number(values.iloc[at], digits)
        return "", lambda at: cells.MISSING if _is_missing(values.iloc[at]) else str(values.iloc[at])


def _flag(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, (bool, np.bool_)) else cells.MISSING


def _is_missing(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
