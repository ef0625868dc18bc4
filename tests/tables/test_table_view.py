"""Views: one photograph, read as rows, pandas, polars and Arrow."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import BadArgument
from kraken_lab.tables import SCHEMAS, EventTable, merge, schema, view_of, view_of_columns
from kraken_lab.tables.columns import ColumnData

from .builders import NOON, a_full_row, a_table, a_trade, ids

FITS = st.decimals(-(10**18), 10**18, allow_nan=False, places=8)


def scaled(dtypes: pl.Schema) -> dict[str, pl.DataType]:
    """The dtypes of a frame, with 2 digits for a Decimal that has no values to tell how many it should have."""
    return {name: pl.Decimal(38, 2) if dtype == pl.Decimal(38, 18) else dtype for name, dtype in dtypes.items()}


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("channel", SCHEMAS)
def test_an_empty_frame_looks_like_a_full_one(channel: str, exact: bool) -> None:
    """Same columns, same dtypes, in pandas and polars, exact or not; a row where all is missing changes nothing."""
    table = EventTable(schema(channel), symbols=["BTC/USD"])
    void = EventTable(schema(channel), symbols=["BTC/USD"])
    empty = void.view()
    table.extend([a_full_row(schema(channel)), (None,) * len(schema(channel))])
    for full in (table.view(last=1), table.view(), table.view(last=0)):
        assert scaled(full.polars(exact=exact).schema) == scaled(empty.polars(exact=exact).schema)
        pd.testing.assert_series_equal(full.pandas(exact=exact).dtypes, empty.pandas(exact=exact).dtypes)
        assert full.pandas(exact=exact).index.dtype == empty.pandas(exact=exact).index.dtype
        assert full.pandas(exact=exact).index.name == empty.pandas(exact=exact).index.name == schema(channel).index


@pytest.mark.parametrize("channel", SCHEMAS)
def test_frames_have_the_dtypes_the_schema_promises(channel: str) -> None:
    """As pandas and polars themselves write them."""
    view = view_of(schema(channel), [a_full_row(schema(channel))])
    in_pandas, in_polars = view.pandas().reset_index(), view.polars()
    for column in schema(channel).columns:
        assert str(in_pandas[column.name].dtype) == column.in_pandas
        assert str(in_polars[column.name].dtype).partition("(")[0] == column.in_polars.partition("(")[0]


def test_pandas_and_polars_show_the_same_rows() -> None:
    """Values, missing ones too, are the same in both."""
    rows = [
        ("2026-05-04T12:00:00.000001Z", NOON, "BTC/USD", "1.5", None, "2", "3", *["4"] * 7, None, 12, 1, True),
        (None, NOON + 1, "ETH/USD", None, "1", "2", "3", *["-0.5"] * 7, "1e-08", None, 1, False),
    ]
    view = view_of(schema("ticker"), rows)
    frame = view.pandas()
    assert frame.index.tolist()[0] == pd.Timestamp("2026-05-04T12:00:00.000001Z")
    assert frame.index.isna().tolist() == [False, True]
    in_polars = view.polars()
    assert in_polars["timestamp"].is_null().to_list() == [False, True]
    assert in_polars["trades"].to_list() == [12, None]
    assert frame["trades"].isna().tolist() == [False, True]
    assert in_polars["bid"].to_list() == [1.5, None]
    assert frame["bid"].isna().tolist() == [False, True]
    assert frame["volume_usd"].tolist()[1] == in_polars["volume_usd"].to_list()[1] == 1e-08
    for name in ("ask", "change", "symbol", "gap_before", "epoch"):
        assert frame[name].tolist() == in_polars[name].to_list()


def test_times_keep_their_nanoseconds() -> None:
    """In both libraries, and as an array."""
    row = ("BTC/USD", "bid", 0, 0, "OABCDE", "1", "2", "2026-05-04T12:00:00.123456789Z")
    view = view_of(schema("level3"), [row])
    at = NOON + 123_456_789
    assert view.pandas()["timestamp"].astype("int64").tolist() == [at]
    assert view.polars()["timestamp"].to_physical().to_list() == [at]
    assert view.column("timestamp").astype(np.int64).tolist() == [at]


@settings(max_examples=40, deadline=None)
@given(st.lists(FITS | st.none(), max_size=8))
def test_exact_frames_hold_the_very_decimals(values: list[Decimal | None]) -> None:
    """pandas with the digits as written, and polars too, since all are written with as many."""
    view = a_table([a_trade(n, price=value) for n, value in enumerate(values)]).view()
    with decimal.localcontext() as context:
        context.prec = 5
        assert list(map(str, view.pandas(exact=True)["price"])) == list(map(str, values))
        exact = view.polars(exact=True)["price"]
    assert exact.to_list() == values
    assert exact.dtype == pl.Decimal(38, 18 if set(values) <= {None} else 8)
    assert list(map(str, exact)) == list(map(str, values))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["12345678901234567890", "0.1"], pl.Decimal(38, 1)),
        (["61234.10", "61234.1", "7"], pl.Decimal(38, 2)),
        (["1e3", "2E+3"], pl.Decimal(38, 0)),
        (["1e-25", "1234567890123"], pl.Decimal(38, 25)),
        (["123456789012345678901.5"], pl.Decimal(38, 1)),
        (["1e30", "7"], pl.Decimal(38, 0)),
        (["1e30", "1e-20"], pl.String),
        (["1e-45"], pl.String),
    ],
)
def test_an_exact_polars_column_loses_nothing_whatever_comes(values: list[str], dtype: pl.DataType) -> None:
    """The scale is the largest that was written; where not all fit into 38 digits, the dtype gives way, never one."""
    column = a_table([a_trade(n, price=value) for n, value in enumerate(values)]).view().polars(exact=True)["price"]
    assert column.dtype == dtype
    assert [Decimal(value) for value in column.to_list()] == [Decimal(value) for value in values]


def test_exact_polars_frames_of_one_table_are_of_one_type() -> None:
    """Whichever rows they show, and if the table was told its digits, also while it has none."""
    table = a_table([a_trade(1, price="61234.10"), a_trade(2, price="61234"), a_trade(3, price=None)])
    whole = table.view().polars(exact=True)
    assert list(map(str, whole["price"])) == ["61234.10", "61234.00", "None"]
    for part in (table.view(last=2), table.view(last=1), table.view(last=0)):
        assert part.polars(exact=True).schema == whole.schema
    told = EventTable(schema("trade"), symbols=["BTC/USD"], units={"price": 2, "qty": 8})
    assert told.view().polars(exact=True).schema == whole.schema


def test_one_strange_row_does_not_turn_the_others_into_text() -> None:
    """Rows that cannot have the table's scale have the one they need."""
    table = a_table([a_trade(1, price="1e-25"), a_trade(2, price="12345678901234567890.5")])
    assert table.view().polars(exact=True)["price"].dtype == pl.String
    assert table.view(last=1).polars(exact=True)["price"].dtype == pl.Decimal(38, 1)


def test_a_frame_shares_the_tables_memory_and_copies_nothing() -> None:
    """In pandas every column but texts, in polars times, floats and whole numbers."""
    view = a_table([a_trade(n) for n in range(2_000)]).view()
    frame, in_polars = view.pandas(), view.polars()
    for data in view.columns:
        name, stored = data.column.name, data.parts[0]
        if name != "timestamp":
            array = frame[name].array
            seen = {"category": lambda a: a.codes, "time": lambda a: a.asi8}.get(data.column.kind, np.asarray)(array)
            assert np.shares_memory(seen, stored), name
        if data.column.kind in ("time", "decimal", "int"):
            assert np.shares_memory(in_polars[name].to_physical().to_numpy(), stored), name
    assert np.shares_memory(frame.index.asi8, view.columns[0].parts[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize("column", ["price", "trade_id", "gap_before", "side", "received_at"])
def test_a_write_into_a_frame_reaches_neither_the_table_nor_another_frame(column: str) -> None:
    """It is refused by pandas, since the columns are read-only; a copy can be written; polars copies by itself."""
    table = a_table([a_trade(n) for n in range(3)])
    frame, other, in_polars = table.view().pandas(), table.view().pandas(), table.view().polars()
    before = other.copy()
    new: dict[str, Any] = {
        "price": 0.5,
        "trade_id": 99,
        "gap_before": True,
        "side": "sell",
        "received_at": pd.Timestamp(0, tz="UTC"),
    }
    with pytest.raises((ValueError, AssertionError)):
        frame.iloc[0, list(frame).index(column)] = new[column]
    own = frame.copy()
    own.iloc[0, list(own).index(column)] = new[column]
    assert own[column].iloc[0] == new[column]
    in_polars[0, column] = new[column]
    for unharmed in (frame, other, table.view().pandas()):
        pd.testing.assert_frame_equal(unharmed, before)


def test_new_columns_and_computing_work_on_a_frame() -> None:
    """Read-only in place is no obstacle to work."""
    frame = a_table([a_trade(n) for n in range(4)]).view().pandas()
    frame["cost"] = frame["price"] * frame["qty"]
    frame["price"] *= 2
    assert frame.groupby("side", observed=True)["cost"].sum().tolist() == [4 * 61234.1 * 0.5]
    assert frame.sort_values("trade_id", ascending=False).reset_index()["trade_id"].tolist() == [3, 2, 1, 0]


def test_a_column_is_an_array_for_plotting() -> None:
    """Words come as text; a wrong name is answered with the right ones."""
    view = a_table([a_trade(1), a_trade(2, symbol=None)]).view()  # type: ignore[arg-type]
    assert view.column("symbol").tolist() == ["BTC/USD", None]
    assert view.column("price").tolist() == [61234.1, 61234.1]
    with pytest.raises(BadArgument, match="trade_id"):
        view.column("quantity")


def test_rows_are_exact() -> None:
    """Digits as written."""
    (row,) = a_table([a_trade(1)]).view().rows()
    assert str(row.qty) == "0.50000000"


def test_merged_views_are_ordered_by_when_they_were_received() -> None:
    """Rows received together keep the order of the tables; words, digits and what spilled stay with their rows."""
    big = "123456789012345678901.25"
    btc = a_table(
        [a_trade(n, received_at=NOON + at, price=p) for n, at, p in [(1, 0, "1.10"), (2, 5, big), (3, 9, "3")]]
    )
    eth = EventTable(schema("trade"), symbols=["ETH/USD"])
    eth.extend([a_trade(n, symbol="ETH/USD", received_at=NOON + at) for n, at in [(11, 5), (12, 7), (13, 9)]])
    both = merge([btc.view(), eth.view()])
    assert ids(both) == [1, 2, 11, 12, 3, 13]
    assert [row.symbol[:3] for row in both.rows()] == ["BTC", "BTC", "ETH", "ETH", "BTC", "ETH"]
    assert [str(row.price) for row in both.rows()][:2] == ["1.10", big]
    assert merge([btc.view(last=2), eth.view(last=0)]).pandas(exact=True)["price"].tolist() == [
        Decimal(big),
        Decimal(3),
    ]
    assert both.polars()["symbol"].to_list() == both.pandas()["symbol"].tolist()


def test_many_rows_received_together_keep_their_order() -> None:
    """A message with hundreds of trades is not shuffled."""
    at = {n: NOON + n * 7 % 3 for n in range(600)}
    first, second = (a_table([a_trade(n, received_at=at[n]) for n in range(k, 600, 2)]) for k in (0, 1))
    in_order = sorted([*range(0, 600, 2), *range(1, 600, 2)], key=lambda n: at[n])
    assert ids(merge([first.view(), second.view()])) == in_order


def test_merging_one_view_gives_that_view() -> None:
    """Nothing is copied for a single symbol."""
    view = a_table([a_trade(1)]).view()
    assert merge([view]) is view


def test_merging_what_does_not_belong_together_is_refused() -> None:
    """Nothing at all, or two channels."""
    with pytest.raises(BadArgument):
        merge([])
    with pytest.raises(BadArgument, match="one channel"):
        merge([view_of(schema("book"), []), view_of(schema("trade"), [])])


def test_tables_without_a_receiving_time_are_put_one_after_another() -> None:
    """Two ladders make one table."""
    ladders = [
        view_of(schema("book"), [(s, "bid", 0, "1", "2", "2"), (s, "ask", 0, "2", "2", "2")]) for s in ("A/B", "C/D")
    ]
    assert merge(ladders).polars()["symbol"].to_list() == ["A/B", "A/B", "C/D", "C/D"]


def test_a_view_of_columns_is_a_view_of_rows() -> None:
    """The book hands over whole columns."""
    columns: dict[str, Sequence[Any]] = {
        "symbol": ["A/B"] * 2,
        "side": ["bid", "ask"],
        "level": [0, 0],
        "price": ["1", "2"],
    }
    columns |= {"qty": ["5", "6"], "cum_qty": ["5", "6"]}
    rows = [("A/B", "bid", 0, "1", "5", "5"), ("A/B", "ask", 0, "2", "6", "6")]
    assert list(view_of_columns(schema("book"), columns).rows()) == list(view_of(schema("book"), rows).rows())


def test_columns_that_do_not_make_a_table_are_refused() -> None:
    """One lacking, one too long; likewise a row too short."""
    with pytest.raises(BadArgument):
        view_of_columns(schema("book"), {"symbol": []})
    with pytest.raises(BadArgument, match="one length"):
        view_of_columns(schema("book"), {name: [1] if name == "level" else [] for name in schema("book").names})
    with pytest.raises(BadArgument, match="6 values"):
        view_of(schema("book"), [("A/B",)])


def test_a_view_shows_itself_and_escapes_what_came_over_the_wire() -> None:
    """Text of the exchange is text; only the newest rows are shown."""
    view = a_table([a_trade(n, symbol="<script>alert(1)</script>") for n in range(25)]).view()
    assert repr(view) == (
        "<25 rows of trade, 2026-05-04 12:00:00 to 2026-05-04 12:00:00; .pandas(), .polars(), .arrow()>"
    )
    shown = view._repr_html_()
    assert "<script>" not in shown
    assert "the newest 10 of 25 rows" in shown
    assert shown.count("<tr>") == 11
    assert repr(a_table().view()) == "<0 rows of trade; .pandas(), .polars(), .arrow()>"


def test_a_view_knows_its_size() -> None:
    """Bytes of what it looks at, not of the whole table."""
    view = a_table([a_trade(n) for n in range(1_000)]).view()
    assert view.last(10).nbytes == view.nbytes / 100
    assert isinstance(view.columns[0], ColumnData)
