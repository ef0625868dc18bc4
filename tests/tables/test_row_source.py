"""Rows that wait elsewhere are in the table when somebody looks, in order, and once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D

import numpy as np
import pytest

from kraken_lab.tables import EventTable, schema
from kraken_lab.tables.columns import Values

SYMBOL = "X/Y"


class ASource:
    """Rows of a book's top that were written by themselves: the n-th has the n-th price, received at n."""

    def __init__(self, first: int) -> None:
        self.next, self.count = first, 0
        self.asked = 0

    def waiting(self) -> Sequence[Values] | None:
        """Prices as an array, asks as a list with nothing in it."""
        self.asked += 1
        if not self.count:
            return None
        n = np.arange(self.next, self.next + self.count)
        flags = [np.ones(self.count, np.bool_), np.full(self.count, 3), np.zeros(self.count, np.bool_)]
        nothing = [None] * self.count
        return [n + 10**18, n, [SYMBOL] * self.count, n, np.full(self.count, 25), nothing, nothing, *flags]

    def took(self, count: int) -> None:
        """They do not wait any more."""
        self.next += count
        self.count -= count


def a_top(rows: int = 10_000) -> EventTable:
    """An empty table of a book's top, prices in tenths."""
    table = EventTable(schema("book_history"), rows=rows, symbols=[SYMBOL])
    table.count_in({"bid": 1, "bid_qty": 2, "ask": 1, "ask_qty": 2})
    return table


def append(table: EventTable, n: int) -> None:
    """A row as it is appended otherwise."""
    table.append((n + 10**18, n, SYMBOL, n, 25, None, None, True, 3, False))


@pytest.mark.promise("S-07")
def test_rows_from_both_ends_are_in_order_and_alike() -> None:
    """Some appended, some drawn, some appended again: it is one table, as if all had been appended."""
    drawn, appended, source = a_top(), a_top(), ASource(2)
    for n in range(7):
        append(appended, n)
    append(drawn, 0)
    append(drawn, 1)
    drawn.draw_from(source)
    source.count = 3
    drawn.draw_from(None)
    append(drawn, 5)
    append(drawn, 6)
    assert drawn.view().polars(exact=True).equals(appended.view().polars(exact=True))
    assert drawn.view().pandas().equals(appended.view().pandas())
    assert source.count == 0


@pytest.mark.parametrize("look", ["rows", "latest", "view", "nbytes", "evicted"])
def test_whoever_looks_sees_what_waits(look: str) -> None:
    """Whatever it is that is looked at first."""
    table, source = a_top(), ASource(7)
    table.draw_from(source)
    source.count = 2
    getattr(table, look)() if look == "view" else getattr(table, look)
    assert source.count == 0
    source.count = 1
    latest = table.latest
    assert latest is not None
    assert (latest.bid, latest.bid_qty, latest.ask, latest.received_at) == (D("0.9"), D("0.25"), None, 9)
    assert table.rows == 3


def test_more_than_the_table_keeps_is_counted_as_evicted() -> None:
    """The newest stay."""
    table, source = a_top(rows=10), ASource(0)
    table.draw_from(source)
    source.count = 25
    assert table.view().pandas()["bid"].tolist() == [n / 10 for n in range(15, 25)]
    assert table.evicted == 15


def test_after_it_was_let_go_a_source_is_not_asked() -> None:
    """Another one is, or nobody."""
    table, first, second = a_top(), ASource(0), ASource(100)
    table.draw_from(first)
    table.draw_from(second)
    asked, first.count, second.count = first.asked, 1, 2
    assert table.rows == 2
    assert (first.asked, first.count) == (asked, 1)


def test_a_writer_whose_room_gets_small_waits_for_no_reader() -> None:
    """The same source again means only that there is much: who looks at that moment takes it anyway."""
    table, source = a_top(), ASource(0)
    table.draw_from(source)
    source.count = 5
    with table._lock:
        table.draw_from(source)
        assert source.count == 5
    table.draw_from(source)
    assert source.count == 0
