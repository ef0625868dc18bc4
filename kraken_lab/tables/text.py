"""Rows as plain text, for a terminal: aligned, no wider than they may be, prices and quantities with their digits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from .row import Row
from .table_view import TableView

__all__ = ["text_table"]

SPARED = ("received_at", "gap_before", "epoch", "interval_end", "volume_usd", "change", "timestamp")
"""Columns that go first when there is not room for all."""
TELLING = ("symbol", "state", "side")
"""Columns that go last, with prices and quantities: what somebody looks for in eighty characters."""

GAP = "  "


def text_table(view: TableView, *, rows: int = 10, width: int = 120) -> str:
    """The newest rows, a line each under a line of names; times of day, with the date where it is needed.

    Columns that do not fit into ``width`` characters are left out and named in the last line: first those that repeat
    or are empty here, prices and quantities last.

    >>> from kraken_lab.tables import schema, view_of
    >>> print(text_table(view_of(schema("book"), [("BTC/USD", "bid", 0, "61234.10", "0.5", "0.5")])))
    symbol   side  level     price  qty  cum_qty
    BTC/USD  bid       0  61234.10  0.5      0.5
    """
    newest = list(view.last(rows).rows())
    names = list(view.schema.names)
    columns = {name: [name, *_cells(view, newest, name)] for name in names}
    widths = {name: max(map(len, cells)) for name, cells in columns.items()}
    empty = [name for name in names if newest and not any(columns[name][1:])]
    kept = _fitting(names, widths, width, _leaving(view, empty))
    lines = [
        GAP.join(
            cells[at].rjust(widths[name]) if _is_number(view, name) else cells[at].ljust(widths[name])
            for name, cells in ((name, columns[name]) for name in kept)
        ).rstrip()
        for at in range(len(newest) + 1)
    ]
    left_out = [name for name in names if name not in kept]
    if left_out:
        lines.append(f"(and {', '.join(left_out)})")
    return "\n".join(lines)


def _leaving(view: TableView, empty: Sequence[str]) -> list[str]:
    """The columns in the order in which they would go, from the right where nothing else tells them apart."""
    names = list(reversed(view.schema.names))
    spared = [name for name in SPARED if name in names]
    told = [name for name in names if name in TELLING or view.schema[name].unit in ("quote per base", "base")]
    return list(dict.fromkeys([*spared, *reversed(empty), *(name for name in names if name not in told), *told]))


def _fitting(names: Sequence[str], widths: dict[str, int], width: int, leaving: Sequence[str]) -> list[str]:
    kept = list(names)
    for name in leaving:
        if len(kept) == 1 or sum(widths[each] + len(GAP) for each in kept) - len(GAP) <= width:
            break
        kept.remove(name)
    return kept


def _is_number(view: TableView, name: str) -> bool:
    return view.schema[name].kind in ("decimal", "int", "uint")


def _times(rows: Sequence[Row], name: str) -> list[str]:
    """A column of times: with the day where they are of several, without fractions where none has any."""
    moments = [row.at(name) for row in rows]
    known = [moment for moment in moments if moment is not None]
    layout = "%H:%M:%S.%f" if any(moment.microsecond for moment in known) else "%H:%M:%S"
    if len({moment.date() for moment in known}) > 1 or (known and all(m.time() == time() for m in known)):
        layout = f"%Y-%m-%d {layout}"
    return ["" if moment is None else format(moment, layout) for moment in moments]


def _cells(view: TableView, rows: Sequence[Row], name: str) -> list[str]:
    if view.schema[name].kind == "time":
        return _times(rows, name)
    return ["" if row[name] is None else row.text(name) for row in rows]
