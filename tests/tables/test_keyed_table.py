"""Candles and reference data: one row a key, the newest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import BadArgument
from kraken_lab.tables import KeyedTable, schema

from .builders import NOON

MINUTE = 60_000_000_000


def a_candle(minute: int, *, symbol: str = "BTC/USD", close: str = "1.5", received_at: int = NOON) -> tuple[Any, ...]:
    """A one-minute candle that begins so many minutes after noon."""
    begin = NOON + minute * MINUTE
    numbers = ("1.0", "2.0", "0.5", close, "1.2", 3, "10", 1)
    return (begin, received_at, symbol, *numbers, begin + MINUTE, False, False, 1, False)


def minutes(table: KeyedTable) -> list[int]:
    """The candles in a table's view, by minute after noon."""
    return [(row.interval_begin - NOON) // MINUTE for row in table.view().rows()]


def test_a_candle_sent_again_takes_the_old_ones_place() -> None:
    """No second row, the newest numbers."""
    table = KeyedTable(schema("ohlc"))
    table.extend([a_candle(0), a_candle(1), a_candle(1, close="1.75")])
    assert table.view().pandas()["close"].tolist() == [1.5, 1.75]
    assert table.latest == table.get("BTC/USD", NOON + MINUTE)


def test_a_time_in_a_key_is_compared_as_a_time() -> None:
    """Nine digits, six digits and nanoseconds name one candle."""
    table = KeyedTable(schema("ohlc"))
    for begin in ("2026-05-04T12:00:00.000000000Z", "2026-05-04T12:00:00.000000Z", NOON):
        table.put((begin, *a_candle(0)[1:]))
    assert len(table) == 1
    found = table.get("BTC/USD", "2026-05-04T12:00:00Z")
    assert found is not None
    assert found.interval_begin == NOON


def test_candles_stand_in_order_of_their_beginning() -> None:
    """Older candles fetched later go in front; symbols are mixed by time."""
    table = KeyedTable(schema("ohlc"))
    table.extend([a_candle(5), a_candle(3), a_candle(4, symbol="ETH/USD"), a_candle(-2)])
    assert minutes(table) == [-2, 3, 4, 5]
    assert table.view().pandas().index.is_monotonic_increasing


def test_reference_data_stands_in_order_of_appearance() -> None:
    """A pair that changes keeps its place."""
    table = KeyedTable(schema("assets"), key=("id",))
    for name, status in [("BTC", "enabled"), ("ETH", "enabled"), ("BTC", "disabled")]:
        table.put((name, status, 10, 5, True, "1", None, None, None))
    assert table.view().polars()["id"].to_list() == ["BTC", "ETH"]
    assert table.view().polars()["status"].to_list() == ["disabled", "enabled"]


def test_a_view_is_a_copy() -> None:
    """The candle in progress changes, the frame does not; and a frame may be written."""
    table = KeyedTable(schema("ohlc"))
    table.put(a_candle(0))
    frame = table.view().pandas()
    table.put(a_candle(0, close="9"))
    assert frame["close"].tolist() == [1.5]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["BTC/USD", "ETH/USD"]), st.integers(0, 12), st.integers(0, 99)), max_size=40),
    st.integers(1, 6),
)
def test_any_puts_leave_what_a_dict_would(puts: list[tuple[str, int, int]], bound: int) -> None:
    """The newest candles of each symbol, each as it was put last; what went is counted."""
    table, model, gone = KeyedTable(schema("ohlc"), per_symbol=bound), dict[tuple[str, int], int](), 0
    for symbol, minute, close in puts:
        table.put(a_candle(minute, symbol=symbol, close=str(close)))
        model[symbol, minute] = close
        mine = sorted(key for key in model if key[0] == symbol)
        if len(mine) > bound:
            del model[mine[0]]
            gone += 1
    found = {(row.symbol, (row.interval_begin - NOON) // MINUTE): int(row.close) for row in table.view().rows()}
    assert found == model
    assert (table.rows, table.evicted) == (len(model), gone)


def test_a_candle_can_be_amended_in_place() -> None:
    """Closing it is one column; its key cannot be changed, nor a column it does not have."""
    table = KeyedTable(schema("ohlc"))
    table.put(a_candle(0))
    assert table.amend("BTC/USD", NOON, closed=True, partial=True)
    row = table.get("BTC/USD", NOON)
    assert row is not None
    assert (row.closed, row.partial, str(row.close)) == (True, True, "1.5")
    assert not table.amend("BTC/USD", NOON + 1, closed=True)
    assert not table.amend("ETH/USD", NOON, closed=True)
    with pytest.raises(BadArgument, match="outside the key"):
        table.amend("BTC/USD", NOON, symbol="ETH/USD")
    with pytest.raises(BadArgument, match="interval_end"):
        table.amend("BTC/USD", NOON, finished=True)


def test_rows_can_be_removed() -> None:
    """One, or all; neither counts as evicted."""
    table = KeyedTable(schema("ohlc"))
    table.extend([a_candle(0), a_candle(1)])
    assert table.remove("BTC/USD", NOON)
    assert not table.remove("BTC/USD", NOON)
    assert table.get("BTC/USD", NOON) is None
    assert minutes(table) == [1]
    table.clear()
    assert (table.rows, table.latest, table.evicted, table.nbytes) == (0, None, 0, 0)


def test_last_and_since_choose_among_the_rows() -> None:
    """Since is strictly later, by when the row was received."""
    table = KeyedTable(schema("ohlc"))
    table.extend([a_candle(n, received_at=NOON + n) for n in range(5)])
    assert [row.received_at - NOON for row in table.view(since_ns=NOON + 1).rows()] == [2, 3, 4]
    assert [row.received_at - NOON for row in table.view(last=2).rows()] == [3, 4]
    with pytest.raises(BadArgument):
        table.view(last=-1)
    with pytest.raises(BadArgument, match="received_at"):
        KeyedTable(schema("assets"), key=("id",)).view(since_ns=0)


def test_a_tighter_limit_evicts_the_oldest_at_once() -> None:
    """And counts them."""
    table = KeyedTable(schema("ohlc"))
    table.extend([a_candle(n) for n in (3, 1, 2)])
    table.limit(rows=2)
    assert (minutes(table), table.evicted) == ([2, 3], 1)


def test_impossible_tables_rows_and_keys_are_refused() -> None:
    """With what would be right."""
    with pytest.raises(BadArgument):
        KeyedTable(schema("ohlc"), key=())
    with pytest.raises(BadArgument, match="interval_begin"):
        KeyedTable(schema("ohlc"), key=("begin",))
    with pytest.raises(BadArgument, match="1 or more"):
        KeyedTable(schema("ohlc"), per_symbol=0)
    table = KeyedTable(schema("ohlc"))
    with pytest.raises(BadArgument, match="16 values"):
        table.put((1, 2))
    with pytest.raises(BadArgument, match="symbol, interval_begin"):
        table.get("BTC/USD")
    assert repr(table) == "<KeyedTable of ohlc by symbol, interval_begin: 0 rows, 0 evicted>"
