"""What polars is given of words and flags: the same as if it were made anew, and made only once."""

from __future__ import annotations

import random
import sys

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kraken_lab.tables import EventTable, TableView, frames, pieces, schema, view_of
from kraken_lab.tables.columns import ColumnData

from .builders import NOON, a_table, a_trade

Rows = list[tuple[object, ...]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were written for polars, piece by piece, in pieces small enough for many in a test."""
    monkeypatch.setattr(pieces, "STEP", 16)
    monkeypatch.setattr(pieces, "SEALED", 64)
    counted: list[int] = []
    make = frames.polars_series

    def counting(data: ColumnData, *, exact: bool = False) -> pl.Series:
        if data.pieces is None and data.column.name == "side":
            counted.append(len(data))
        return make(data, exact=exact)

    monkeypatch.setattr(frames, "polars_series", counting)
    return counted


def a_bare_view(rows: Rows) -> TableView:
    """The same rows in no table, so that all is made anew."""
    return view_of(schema("trade"), rows)


def rows_from(chance: random.Random, start: int, count: int) -> Rows:
    """Trades with flags, with words known beforehand, new and missing."""
    return [
        (
            NOON,
            NOON + at,
            chance.choice(("BTC/USD", "BTC/USD", "ETH/USD")),
            chance.choice(("buy", "sell", None, "new" if at > 150 else "buy")),
            "1.5",
            "2",
            chance.choice(("limit", "market")),
            at,
            1,
            chance.random() < 0.3,
            chance.choice(("live", "snapshot", "backfill")),
        )
        for at in range(start, start + count)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_frames_from_pieces_are_those_made_anew(seed: int, made: list[int]) -> None:
    """However rows come and are asked for, also when most of them are evicted; and none changes afterwards."""
    chance = random.Random(seed)
    table = EventTable(schema("trade"), rows=chance.choice((40, 200, 1_000)))
    rows: Rows = []
    kept: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    for _ in range(25):
        new = rows_from(chance, len(rows), chance.randrange(1, 40))
        rows += new
        table.extend(new)
        view = table.view()
        if chance.random() < 0.6:
            start = chance.randrange(len(view))
            part = view.between(start, chance.randrange(start, len(view) + 1))
            first = len(rows) - len(view) + start
            anew = a_bare_view(rows[first : first + len(part)])
            assert part.polars().to_dicts() == anew.polars().to_dicts()
            frame = part.polars()
            kept.append((frame, frame.clone()))
    assert made
    for frame, as_it_was in kept:
        assert_frame_equal(frame, as_it_was)


def test_a_frame_writes_only_the_rows_that_came_since_the_last(made: list[int]) -> None:
    """Which is what makes it as cheap for ten million rows as for ten."""
    table = a_table(map(a_trade, range(100)))
    table.view().polars()
    made.clear()
    table.view().polars()
    assert made == []
    table.extend(map(a_trade, range(100, 107)))
    table.view().polars()
    assert made == [7]


def test_the_writer_keeps_up_once_polars_is_there(made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A first frame finds all but the newest rows made; before polars is imported nothing is made at all."""
    table = a_table()
    with monkeypatch.context() as without:
        without.delitem(sys.modules, "polars")
        for start in range(0, 100, 10):
            table.extend(map(a_trade, range(start, start + 10)))
            assert table.rows == start + 10
        assert made == []
    for start in range(100, 200, 10):
        table.extend(map(a_trade, range(start, start + 10)))
        assert table.rows == start + 10
    assert sum(made) > 200 - 16
    made.clear()
    table.view().polars()
    assert sum(made) < 16


def test_a_few_of_many_rows_do_not_pay_for_the_rest(made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest five of a thousand are made by themselves, and no piece of the table with them."""
    with monkeypatch.context() as without:
        without.delitem(sys.modules, "polars")
        table = a_table(map(a_trade, range(1_000)))
        view = table.view()
    assert view.last(5).polars()["side"].to_list() == ["buy"] * 5
    assert made == []
    view.polars()
    assert sum(made) == 1_000


def test_few_pieces_make_a_frame(made: list[int]) -> None:
    """Small ones grow together, so that what a frame costs does not depend on how often one was asked for."""
    table = a_table()
    for at in range(300):
        table.append(a_trade(at))
        frame = table.view().polars()
    assert sum(made) == 300
    assert frame["side"].n_chunks() <= 300 // 32 + 6


def test_a_write_into_a_frame_does_not_reach_the_next(made: list[int]) -> None:
    """polars copies what it shares before it writes."""
    table = a_table(map(a_trade, range(20)))
    frame = table.view().polars()
    frame[0, "side"] = "sell"
    assert frame["side"][0] == "sell"
    assert table.view().polars()["side"][0] == "buy"
    assert made == [20]


def test_pieces_count_as_memory_of_the_table() -> None:
    """Four bytes a word and one a flag, made or not: the bound that was asked for holds either way."""
    table = a_table(map(a_trade, range(50)), bytes=1_000_000)
    columns = table.schema.columns
    beside = sum(pieces.piece_bytes(column) for column in columns)
    assert beside == 4 * 4 + 1
    before = table.nbytes
    table.view().polars()
    assert table.nbytes == before
    assert before % (beside + sum(part.itemsize for data in table.view().columns for part in data.parts)) == 0
