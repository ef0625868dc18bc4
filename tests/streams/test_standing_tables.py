"""What a table shows where it stands still: all of a short list, and of the rest how much is not on show."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kraken_lab.lab.drawing import Drawing
from kraken_lab.streams import LiveTable
from kraken_lab.tables import EventTable, KeyedTable, schema

from .fake_host import NOON, AHost


def a_list(count: int) -> LiveTable:
    """Balances of so many assets."""
    table = KeyedTable(schema("balances"), key=("asset",), per_symbol=1)
    names = schema("balances").names
    for number in range(count):
        values: dict[str, Any] = dict.fromkeys(names) | {"asset": f"A{number:03}", "class": "currency", "epoch": 1}
        table.put(tuple(values[name] for name in names))
    return shown_by_a_lab("balances", table)


def some_trades(count: int) -> LiveTable:
    """So many trades, each with its number."""
    table = EventTable(schema("trade"), rows=1_000, symbols=["BTC/USD"])
    for number in range(count):
        at = NOON + number
        table.append((at, at, "BTC/USD", "buy", "100.0", "1", "limit", 5_000 + number, 1, False, "live"))
    return shown_by_a_lab("trades", table)


def shown_by_a_lab(title: str, table: KeyedTable | EventTable) -> LiveTable:
    """A live table of one, that draws as a lab does."""
    host: Any = AHost()
    host.views = Drawing()
    return LiveTable(host, title, table.schema, lambda: [table])


def told(table: LiveTable, pattern: str) -> list[list[str]]:
    """What a pattern finds, in order: as text, and as HTML."""
    return [re.findall(pattern, shown) for shown in (repr(table), table._repr_html_())]


@pytest.mark.parametrize("count", [1, 14, 40])
def test_a_list_of_things_is_shown_whole(count: int) -> None:
    """Fourteen balances are fourteen rows: none is older than another, so none goes."""
    names = [f"A{number:03}" for number in range(count)]
    assert told(a_list(count), r"\bA\d{3}\b") == [names, names]
    assert told(a_list(count), r"more") == [[], []]


def test_a_long_list_is_shown_from_its_beginning_and_says_what_it_leaves_out() -> None:
    """The first forty, and how many there are besides."""
    names = [f"A{number:03}" for number in range(40)]
    assert told(a_list(52), r"\bA\d{3}\b") == [names, names]
    assert (
        told(a_list(52), r"shown the first 40, 12 more in \.df\(\)") == [["shown the first 40, 12 more in .df()"]] * 2
    )


def test_of_a_table_that_grows_the_newest_rows_are_shown_and_the_rest_is_counted() -> None:
    """Ten trades of sixty, without a word where all are there."""
    newest = [str(5_000 + number) for number in range(50, 60)]
    assert told(some_trades(60), r"\b50\d\d\b") == [newest, newest]
    assert told(some_trades(60), r"the newest 10, 50 more") == [["the newest 10, 50 more"]] * 2
    assert told(some_trades(10), r"more") == [[], []]
