"""Other libraries read a view directly, and none of them is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from kraken_lab.tables import SCHEMAS, schema, view_of

from .builders import NOON, a_full_row, a_table, a_trade


def answered(query: duckdb.DuckDBPyRelation | None) -> list[Any]:
    """The rows of an answer."""
    assert query is not None
    return query.fetchall()


def test_duckdb_queries_a_view_by_its_name() -> None:
    """A view in a Python variable is a table in SQL."""
    trades = a_table([a_trade(n, price=f"{n}.5") for n in range(10)]).view()
    found = answered(duckdb.sql("select symbol, side, count(*), max(price), max(timestamp) from trades group by all"))
    assert len(trades) == found[0][2]
    assert found[0][:4] == ("BTC/USD", "buy", 10, 9.5)
    assert found[0][4].timestamp() == NOON / 1e9


@pytest.mark.parametrize("channel", SCHEMAS)
@pytest.mark.parametrize("rows", [0, 2])
def test_every_table_can_be_read_by_arrow_and_sql(channel: str, rows: int) -> None:
    """pyarrow, polars and DuckDB take any schema, empty or not."""
    view = view_of(schema(channel), [a_full_row(schema(channel))] * rows)
    table = pa.table(view)
    assert table.column_names == list(schema(channel).names)
    assert table.num_rows == view.arrow().num_rows == rows
    assert pl.DataFrame(view).equals(view.polars())
    assert answered(duckdb.sql("select count(*) from view")) == [(rows,)]


def test_arrow_keeps_nanoseconds_and_the_zone() -> None:
    """A timestamp is a UTC one."""
    table = a_table([a_trade(1, received_at=NOON + 1)]).view().arrow()
    assert table.schema.field("received_at").type == pa.timestamp("ns", "UTC")
    assert table["received_at"].cast(pa.int64()).to_pylist() == [NOON + 1]


LOADED = """
import sys
{blocked}
import kraken_lab.tables as t
heavy = {{"pandas", "polars", "pyarrow"}}
table = t.EventTable(t.schema("trade"))
table.append((1, 2, "BTC/USD", "buy", "1.5", "2", "limit", 3, 1, False, "live"))
view = table.view()
list(view.rows()), repr(view), view._repr_html_(), t.schema("trade")._repr_html_(), view.column("price")
sys.stdout.write(" ".join(sorted(heavy & set(sys.modules))) + "|")
{then}
sys.stdout.write(" ".join(sorted(heavy & set(filter(sys.modules.get, heavy)))))
"""


def loaded(then: str, blocked: str = "") -> str:
    """Which heavy libraries a fresh interpreter has loaded, before and after a statement."""
    code = LOADED.format(then=then, blocked=blocked)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_keeping_rows_loads_no_frame_library() -> None:
    """Nor does looking at rows, arrays and HTML; polars frames do not load pandas."""
    assert loaded("view.polars()") == "|polars"


def test_arrow_streams_need_no_pyarrow() -> None:
    """polars exports them."""
    blocked = "sys.modules['pyarrow'] = None"
    assert loaded("assert 'arrow_array_stream' in repr(view.__arrow_c_stream__())", blocked) == "pyarrow|polars"
