"""What a browser is sent of a table: after any frames it has what the table has, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.tables import EventTable, TableView, schema, view_of
from kraken_lab.views.picture import Picture, Words, frame_between, heading, picture_of

from .hostile import HOSTILE
from .screen import Screen

TIME = 1_780_000_000_000_000_000


class Sender:
    """Sends every look at a table to a screen, as a difference to the look before."""

    def __init__(self, order_by: str | None = None) -> None:
        self.words, self.order_by = Words(), order_by
        self.last: Picture | None = None
        self.screen: Screen | None = None
        self.sent: list[int] = []
        self.seq = 0

    def look(self, view: TableView) -> Screen:
        """The screen after this look."""
        self.screen = self.screen or Screen(heading(view))
        picture = picture_of(view, self.words, self.order_by)
        frame = frame_between(self.last, picture)
        self.last = picture
        if frame is not None:
            self.seq += 1
            words = {"words_from": 0, "words": self.words.known}
            content = {"kind": "frame", "seq": self.seq, "base": 0 if frame.whole else self.seq - 1, **words}
            self.screen.take({**content, **frame.content}, frame.buffers)
        self.sent.append(0 if frame is None else sum(map(len, frame.buffers)))
        return self.screen


def same(screen: Screen, view: TableView) -> bool:
    """Whether the screen shows what the view holds, exactly."""
    shown = {str(column["name"]) for column in screen.columns}
    wanted = {data.column.name: data.exact() for data in view.columns if data.column.name in shown}
    return {name: screen.column(name) for name in wanted} == wanted


def trade(n: int, price: Any = "61234.10", symbol: str = "BTC/USD") -> tuple[Any, ...]:
    """One row of the trade table, ``n`` milliseconds after the first."""
    at = TIME + n * 1_000_000
    return (at, at, symbol, "buy" if n % 2 else "sell", price, "0.5", "limit", n, 1, n % 7 == 0, "live")


PRICES = st.one_of(
    st.none(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**6), max_value=10**6).map(str),
    st.sampled_from(["-0.00", "1e-9", "123456789012345678901.25", "0.10", "7"]),
)


@settings(max_examples=40)
@given(st.lists(st.lists(PRICES, max_size=6), min_size=1, max_size=6), st.integers(1, 8))
def test_whatever_rows_come_the_screen_has_the_table(batches: list[list[str | None]], shown: int) -> None:
    """Rows are added and fall out at the other end; digits, missing values and numbers too long for an int64 arrive."""
    table, sender, n = EventTable(schema("trade")), Sender("received_at"), 0
    for batch in batches:
        for price in batch:
            n += 1
            table.append(trade(n, price, "BTC/USD" if n % 3 else "ETH/USD"))
        view = table.view(last=shown)
        assert same(sender.look(view), view)


def test_a_quotient_is_short_and_marked_and_what_was_written_is_not() -> None:
    """An average has twenty-eight digits, of which ten are shown; a size of twenty digits has them all."""
    long = "123456789012345678901.25"
    view = view_of(schema("book"), [("BTC/USD", "bid", 0, str(Decimal(190_000) / 3), long, long)])
    picture = picture_of(view, Words())
    assert [cells.spill for cells in picture.cells if cells.spill] == [
        {0: "≈63333.33333"}, {0: "123456789012345678901.25"}, {0: "123456789012345678901.25"},
    ]  # fmt: skip


def test_one_row_more_costs_one_row() -> None:
    """Of a thousand rows none is sent again because one came and one went."""
    table, sender = EventTable(schema("trade")), Sender("received_at")
    table.extend([trade(n) for n in range(1200)])
    sender.look(table.view(last=1000))
    table.append(trade(1200))
    view = table.view(last=1000)
    assert same(sender.look(view), view)
    assert sender.sent[0] > 20_000
    assert sender.sent[1] < 100


def test_where_nothing_changed_nothing_is_sent() -> None:
    """Not even an empty frame."""
    sender, view = Sender(), queue([("bid", "99", 0, "1"), ("ask", "101", 0, "2")])
    sender.look(view)
    assert frame_between(sender.last, picture_of(view, sender.words)) is None


def test_rows_of_one_moment_that_come_in_two_looks_arrive() -> None:
    """The guess of how far rows moved is wrong then; the cells are compared all the same."""
    table, sender = EventTable(schema("trade")), Sender("received_at")
    for n in (1, 2, 2, 2, 2, 3):
        table.append(trade(n, str(n)))
        view = table.view(last=3)
        assert same(sender.look(view), view)


def queue(orders: list[tuple[str, str, int, str]]) -> TableView:
    """The table of a level3 book: side, price, place in the queue and quantity of each order, best prices first."""
    level = {side: list(dict.fromkeys(price for at, price, *_ in orders if at == side)) for side in ("bid", "ask")}
    rows = [(side, level[side].index(price), place, f"O{place}", price, qty) for side, price, place, qty in orders]
    return view_of(schema("level3"), [("BTC/USD", *row, TIME) for row in rows])


def test_the_orders_of_a_book_stand_with_its_best_prices_in_the_middle() -> None:
    """The highest ask on top, of each level the first in the queue first, whatever order the table has."""
    sender = Sender()
    orders = [("bid", "99", 1, "2"), ("bid", "99", 0, "1"), ("ask", "101", 0, "3"), ("ask", "102", 0, "4")]
    screen = sender.look(queue(orders))
    assert [str(price) for price in screen.column("limit_price")] == ["102", "101", "99", "99"]
    assert screen.column("position") == [0, 0, 0, 1]
    assert sender.last is not None
    assert sender.last.middle == 2


def test_one_quantity_of_a_ladder_costs_one_cell() -> None:
    """And with another number of asks everything is sent anew, in its new place."""
    sender = Sender()
    sender.look(queue([("bid", "99", 0, "1"), ("ask", "101", 0, "3"), ("ask", "102", 0, "4")]))
    asks = [("ask", "101", 0, "3"), ("ask", "102", 0, "4")]
    changed = sender.look(queue([("bid", "99", 0, "1.5"), *asks]))
    assert changed.column("order_qty") == [Decimal("4"), Decimal("3"), Decimal("1.5")]
    assert sender.sent[1] == 4 + 8 + 1  # where, how many units, how many digits
    more = sender.look(queue([("bid", "99", 0, "1.5"), *asks, ("ask", "103", 0, "9")]))
    assert more.column("limit_price") == [Decimal(price) for price in ("103", "102", "101", "99")]


def test_candles_are_replaced_in_place_and_new_ones_added() -> None:
    """The one in progress changes a few cells; the next minute is one row more."""

    def candles(*closes: str) -> TableView:
        return view_of(schema("ohlc"), [
            (TIME + n * 60 * 10**9, TIME, "BTC/USD", "1", "9", "1", close, "2", 1, "3", 1, TIME, False, False, 1, False)
            for n, close in enumerate(closes)
        ])  # fmt: skip

    sender = Sender("interval_begin")
    for view in (candles("5", "6"), candles("5", "7"), candles("5", "7", "7.25")):
        assert same(sender.look(view), view)
    assert sender.sent[1] == 4 + 8 + 1


@pytest.mark.promise("W-04")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_words_and_texts_arrive_as_what_one_can_see(text: str) -> None:
    """As letters, with nothing invisible among them; the browser writes them as text, never as markup."""
    view = view_of(schema("pairs"), [(text, text, text, text, *[None] * (len(schema("pairs")) - 4))])
    screen = Sender().look(view)
    for name in ("symbol", "status"):
        (shown,) = screen.column(name)
        assert shown.isprintable()
        assert len(shown) < 100


def test_more_words_than_fit_a_screen_are_not_kept() -> None:
    """A category of a hostile venue cannot grow the kernel's memory without end."""
    import numpy as np

    words = Words()
    many = tuple(f"w{n}" for n in range(5_000))
    codes = words.codes(many, np.arange(5_000, dtype=np.int16))
    assert len(words.known) == 4_096
    assert codes[-1] == -1
