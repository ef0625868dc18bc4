"""The append-only table: what is appended is what is seen, bounded, by any thread."""

from __future__ import annotations

import gc
import threading
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kraken_lab.errors import BadArgument
from kraken_lab.tables import EventTable, Row, TableView, schema

from .builders import NOON, a_table, a_trade, ids

ROWS = st.integers(0, 700)


class TableAgainstList(RuleBasedStateMachine):
    """Any order of appends, looks and changes of the bound gives the rows a plain list would."""

    @initialize(rows=st.integers(1, 900))
    def begin(self, rows: int) -> None:
        """An empty table and an empty list."""
        self.table = a_table(rows=rows)
        self.bound, self.made = rows, 0
        self.model: list[int] = []
        self.photographs: list[tuple[TableView, list[int]]] = []

    @rule(count=ROWS, at_once=st.booleans())
    def add(self, count: int, at_once: bool) -> None:
        """Rows one by one or all at once; some spill out of int64, and new symbols come now and then."""
        rows = [
            a_trade(
                n,
                price="1" * 25 if n % 500 == 3 else f"{n}.50",
                symbol="BTC/USD" if n < 1000 else f"S{n // 7}/USD",
            )
            for n in range(self.made, self.made + count)
        ]
        if at_once:
            self.table.extend(rows)
        else:
            for row in rows:
                self.table.append(row)
        self.made += count
        self.model = [*self.model, *range(self.made - count, self.made)][-self.bound :]

    @rule(rows=st.integers(1, 900))
    def limit(self, rows: int) -> None:
        """Another bound."""
        self.table.limit(rows=rows)
        self.bound = rows
        self.model = self.model[-rows:]

    @rule(last=st.none() | ROWS, since=st.none() | st.integers(-1, 3000))
    def look(self, last: int | None, since: int | None) -> None:
        """A photograph is what the list has now; it is kept and looked at again later."""
        view = self.table.view(last=last, since_ns=None if since is None else NOON + since)
        expected = [n for n in self.model if since is None or n > since]
        expected = expected if last is None else expected[max(0, len(expected) - last) :]
        assert ids(view) == expected
        self.photographs.append((view, expected))

    @invariant()
    def the_newest_row_is_known(self) -> None:
        """Also before it is packed."""
        latest = self.table.latest
        assert (latest.trade_id if latest else -1) == self.made - 1

    def teardown(self) -> None:
        """No photograph has changed, in any column, whatever was done since."""
        for view, expected in self.photographs:
            rows = list(view.rows())
            assert [row.trade_id for row in rows] == expected
            assert [str(row.price) for row in rows] == ["1" * 25 if n % 500 == 3 else f"{n}.50" for n in expected]
            assert [row.symbol for row in rows] == ["BTC/USD" if n < 1000 else f"S{n // 7}/USD" for n in expected]
        assert self.table.rows == len(self.model)
        assert self.table.evicted + self.table.rows == self.made
        assert self.table.unreadable == 0


TestTableAgainstList = TableAgainstList.TestCase
TestTableAgainstList.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)


@pytest.mark.promise("S-17")
def test_readers_in_other_threads_see_whole_rows_in_order() -> None:
    """While one thread writes and the table wraps, every view is a stretch of the rows, and keeps being it."""
    table = a_table(rows=2_000)
    total, wrong, views = 30_000, [], []
    start = threading.Barrier(3)

    def read() -> None:
        start.wait()
        newest = -1
        while newest < total - 1:
            view = table.view()
            seen = ids(view)
            if seen:
                if seen != list(range(seen[0], seen[0] + len(seen))) or seen[-1] < newest or len(seen) > 2_000:
                    wrong.append(seen)
                newest = seen[-1]
                views.append((view, seen[0], seen[-1]))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    start.wait()
    for n in range(total):
        table.append(a_trade(n))
    for reader in readers:
        reader.join()
    assert not wrong
    assert all(ids(view) == list(range(first, last + 1)) for view, first, last in views[:: len(views) // 50 + 1])
    assert (table.rows, table.evicted) == (2_000, total - 2_000)


def test_the_writer_never_waits_for_a_reader() -> None:
    """Rows are taken while a reader holds the table, and are all there afterwards."""
    table = a_table()
    with table._lock:
        for n in range(3_000):
            table.append(a_trade(n))
        assert table.latest == Row(schema("trade"), a_trade(2_999))
    assert ids(table.view()) == list(range(3_000))


def test_what_outran_the_readers_is_packed_whole_and_the_newest_row_is_never_missing() -> None:
    """However many rows wait, and whoever looks between: none is twice there, none is lost, all of a row is of it."""
    table = a_table(rows=10_000)
    with table._lock:
        table.extend([a_trade(n) for n in range(2_500)])
        for n in range(2_500, 5_001):
            table.append(a_trade(n))
    assert [row.trade_id for row in table.view().rows()] == list(range(5_001))
    assert table.latest == Row(schema("trade"), a_trade(5_000))
    table.append(a_trade(5_001))
    assert table.latest == Row(schema("trade"), a_trade(5_001))
    assert (table.rows, table.evicted, table.unreadable) == (5_002, 0, 0)


def test_a_view_outlives_a_wrap_unchanged() -> None:
    """Rows evicted long ago are still in the frame that was made of them."""
    table = a_table([a_trade(n) for n in range(100)], rows=100)
    view = table.view()
    frame, exact = view.pandas(), view.polars(exact=True)
    table.extend([a_trade(n, price="1") for n in range(100, 5_000)])
    assert frame["trade_id"].tolist() == list(range(100))
    assert set(frame["price"]) == {61234.1}
    assert exact["trade_id"].to_list() == list(range(100))


def test_since_means_strictly_later() -> None:
    """Asking from the newest row on gives nothing; of rows received together all or none."""
    table = a_table([a_trade(n, received_at=NOON + n // 2) for n in range(6)])
    assert ids(table.view(since_ns=NOON)) == [2, 3, 4, 5]
    assert ids(table.view(since_ns=NOON + 2)) == []
    assert ids(table.view(since_ns=NOON - 1, last=1)) == [5]


def test_since_finds_rows_received_out_of_order() -> None:
    """A clock set back in the middle hides no row."""
    table = a_table([a_trade(n, received_at=at, price="1" * (n + 17)) for n, at in enumerate([5, 9, 3, 7])])
    view = table.view(since_ns=4)
    assert ids(view) == [0, 1, 3]
    assert [str(row.price) for row in view.rows()] == ["1" * 17, "1" * 18, "1" * 20]
    assert [row.received_at for row in view.rows()] == [5, 9, 7]


def test_order_is_noticed_again_once_the_disordered_rows_are_gone() -> None:
    """Then since is a window again, and no copy."""
    table = a_table([a_trade(0, received_at=9), *(a_trade(n) for n in range(1, 400))], rows=200)
    table.extend([a_trade(n) for n in range(400, 900)])
    view = table.view(since_ns=NOON + 800)
    assert ids(view) == list(range(801, 900))
    assert np.shares_memory(view.column("trade_id"), table.view().column("trade_id"))


def test_a_bound_in_bytes_holds() -> None:
    """Whatever is appended, the arrays stay within it."""
    table = a_table(bytes=100_000)
    for start in range(0, 20_000, 500):
        table.extend([a_trade(n) for n in range(start, start + 500)])
        assert table.nbytes <= 100_000
    assert ids(table.view()) == list(range(20_000 - table.rows, 20_000))
    assert table.rows * 70 > 50_000


def test_a_tighter_bound_frees_memory_at_once() -> None:
    """And counts what it evicts; a wider one brings nothing back."""
    table = a_table([a_trade(n) for n in range(10_000)])
    before = table.nbytes
    table.limit(rows=10)
    assert table.nbytes < before / 20
    assert (table.rows, table.evicted) == (10, 9_990)
    table.limit(rows=1_000)
    assert ids(table.view()) == list(range(9_990, 10_000))


def test_a_table_that_meets_ever_new_symbols_keeps_them_apart() -> None:
    """From the 127th on codes take two bytes; rows already there, and views of them, keep their symbols."""
    table = EventTable(schema("trade"))
    names = [f"S{n}/USD" for n in range(300)]
    views = []
    for n, name in enumerate(names):
        table.append(a_trade(n, symbol=name))
        views.append(table.view())
    for view in views:
        assert view.column("symbol").tolist() == names[: len(view)]
        assert view.pandas()["symbol"].tolist() == names[: len(view)]
    assert views[-1].polars()["symbol"].to_list() == names


def test_missing_values_stay_missing_when_the_table_grows_and_wraps() -> None:
    """Also those that came before the arrays were moved."""
    table = a_table([a_trade(0, price=None)], rows=2_000)
    table.view()
    for start in range(1, 1_999, 111):
        table.extend([a_trade(n) for n in range(start, start + 111)])
        table.view()
    assert table.view().polars()["price"].is_null().to_list() == [True, *[False] * (table.rows - 1)]


@pytest.mark.promise("B-01")
def test_memory_that_frames_keep_alive_is_shown() -> None:
    """It is nothing while nobody looks, and falls when the frame is let go."""
    table = a_table([a_trade(n) for n in range(1_000)], rows=1_000)
    frame = table.view().pandas()
    table.extend([a_trade(n) for n in range(1_000, 9_000)])
    assert len(frame) == 1_000
    assert table.memory_held_by_views >= frame["price"].nbytes
    del frame
    gc.collect()
    assert table.memory_held_by_views == 0


def test_growing_costs_a_few_moves_only() -> None:
    """Arrays grow by doubling, so a long stream copies each row about once."""
    table = a_table(rows=50_000)
    buffers = set()
    for start in range(0, 50_000, 1_000):
        table.extend([a_trade(n) for n in range(start, start + 1_000)])
        table.view()
        buffers.add(id(table._buffer))
    assert len(buffers) < 12


@pytest.mark.parametrize("values", [(), (1, 2, 3), (*a_trade(1), None)])
def test_a_row_of_another_length_is_refused(values: tuple[Any, ...]) -> None:
    """At once, in the writer, with the columns there are; the table is as it was."""
    table = a_table([a_trade(0)])
    with pytest.raises(BadArgument, match="11 values"):
        table.append(values)
    with pytest.raises(BadArgument, match="11 values"):
        table.extend([a_trade(1), values])
    assert ids(table.view()) == [0]


def test_values_that_cannot_be_read_are_counted() -> None:
    """They are missing, and the rest of the row is there."""
    table = a_table([a_trade(1, price="soon"), a_trade(2, qty={}), a_trade(3)])
    prices = [row.price for row in table.view().rows()]
    assert prices[0] is None
    assert str(prices[2]) == "61234.10"
    assert table.unreadable == 2


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "10"])
def test_a_bound_that_cannot_be_is_refused(bad: Any) -> None:
    """When the table is made, and when it is changed."""
    with pytest.raises(BadArgument):
        EventTable(schema("trade"), rows=bad)
    with pytest.raises(BadArgument):
        a_table().limit(bytes=bad)


@pytest.mark.parametrize("bad", [-1, 1.5, True, "10"])
def test_an_impossible_last_is_refused(bad: Any) -> None:
    """A negative number of rows is no question."""
    with pytest.raises(BadArgument):
        a_table().view(last=bad)


def test_since_needs_a_receiving_time() -> None:
    """A table of reference data has none, and says so."""
    with pytest.raises(BadArgument, match="received_at"):
        EventTable(schema("pairs")).view(since_ns=1)


def test_one_row_is_kept_however_tight_the_bound() -> None:
    """The newest."""
    table = a_table([a_trade(n) for n in range(50)], rows=10, bytes=1)
    table.append(a_trade(50))
    assert ids(table.view()) == [50]


def test_an_empty_table_has_no_latest_row_and_an_empty_view() -> None:
    """Nothing is made up."""
    table = a_table()
    assert table.latest is None
    assert (len(table), len(table.view()), table.evicted, table.memory_held_by_views) == (0, 0, 0, 0)
    assert "0 rows (at most 100,000)" in repr(table)


class TestUnits:
    """A table that counts in units gives what the same numbers written out would."""

    @staticmethod
    def a_book_row(bid: Any, bid_qty: Any) -> tuple[Any, ...]:
        """A row of the book's history."""
        return (NOON, NOON, "BTC/USD", bid, bid_qty, None, None, True, 1, False)

    def counting(self, *rows: tuple[Any, ...], price: int = 1) -> EventTable:
        """A book history that counts prices in so many decimals and quantities in eight."""
        table = EventTable(
            schema("book_history"), symbols=["BTC/USD"], units={"bid": price, "ask": price, "bid_qty": 8, "ask_qty": 8}
        )
        table.extend(rows)
        return table

    def test_units_are_the_decimals_they_stand_for(self) -> None:
        """Exactly, with their trailing zeros; an empty side is missing."""
        table = self.counting(self.a_book_row(612340, 10), self.a_book_row(None, None))
        [first, second] = table.view().rows()
        assert (str(first.bid), str(first.bid_qty)) == ("61234.0", "1.0E-7")
        assert (second.bid, second.bid_qty, second.ask) == (None, None, None)
        assert table.view().column("bid")[0] == 61234.0

    @pytest.mark.promise("S-15")
    @pytest.mark.parametrize("units", [2**51 - 1, 2**53 + 1, 10**18, 2**63 - 1, 2**63, 10**25])
    def test_units_of_any_size_are_exact(self, units: int) -> None:
        """The float beside them is the nearest there is."""
        table = self.counting(self.a_book_row(1, units))
        [row] = table.view().rows()
        assert row.bid_qty == Decimal(units).scaleb(-8)
        assert table.view().column("bid_qty")[0] == float(Decimal(units).scaleb(-8))

    def test_the_newest_row_reads_the_same_before_and_after_packing(self) -> None:
        """And after the table counts otherwise."""
        table = self.counting(self.a_book_row(612341, 10))
        before = table.latest
        table.view()
        table.count_in({"bid": 3, "bid_qty": 2})
        assert before == table.latest
        table.append(self.a_book_row(612341, 10))
        assert [row.bid for row in table.view().rows()] == [Decimal("61234.1"), Decimal("612.341")]

    def test_only_decimals_count_in_units(self) -> None:
        """A word or a time does not."""
        with pytest.raises(BadArgument, match="decimal columns"):
            self.counting().count_in({"symbol": 2})
