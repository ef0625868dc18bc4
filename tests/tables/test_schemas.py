"""One schema a channel: names, kinds, units and meanings in one place."""

from __future__ import annotations

import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.tables import SCHEMAS, Column, Schema, schema

EVENT_TABLES = ("ticker", "trade", "ohlc", "book_history", "executions")


@pytest.mark.parametrize("channel", SCHEMAS)
def test_every_column_says_what_it_means(channel: str) -> None:
    """Names are unique, every column has a meaning, and every number has a unit unless it is a label or a counter."""
    found = schema(channel)
    assert found.channel == channel
    assert len(set(found.names)) == len(found)
    assert all(column.meaning for column in found.columns)
    assert all(
        column.unit for column in found.columns if column.kind in ("time", "decimal") and column.name != "multiplier"
    )


@pytest.mark.parametrize("channel", EVENT_TABLES)
def test_an_event_table_begins_with_its_times_and_marks_its_gaps(channel: str) -> None:
    """The time that is the index comes first, then received_at and symbol; epoch and gap_before stand side by side."""
    found = schema(channel)
    assert found.names[:3] == (found.index, "received_at", "symbol")
    assert found.position["gap_before"] == found.position["epoch"] + 1


FIELDS = {
    "ticker": "bid bid_qty ask ask_qty last volume vwap low high change change_pct volume_usd trades timestamp symbol",
    "trade": "symbol side price qty ord_type trade_id timestamp",
    "ohlc": "symbol open high low close vwap trades volume interval interval_begin",
    "level3": "symbol order_id limit_price order_qty timestamp",
    "pairs": "symbol base quote status price_precision price_increment tick_size qty_precision qty_increment qty_min "
    "cost_precision cost_min marginable has_index margin_initial position_limit_long position_limit_short "
    "ws_display_price_precision",
    "assets": "id status precision precision_display borrowable collateral_value margin_rate multiplier class",
    "executions": "order_id exec_type order_status timestamp cl_ord_id order_userref symbol side order_type order_qty "
    "cash_order_qty limit_price time_in_force cum_qty cum_cost avg_price fee_usd_equiv exec_id trade_id last_price "
    "last_qty cost liquidity_ind reason ord_ref_id",
    "ledger": "ledger_id ref_id timestamp type subtype category asset amount fee balance wallet_type wallet_id",
}


@pytest.mark.parametrize("channel", FIELDS)
def test_the_fields_of_each_channel_are_all_there(channel: str) -> None:
    """The exchange's fields, by the exchange's names."""
    assert set(schema(channel).names) >= set(FIELDS[channel].split())


@pytest.mark.parametrize("asked", ["trades", "", None, ["trade"]])
def test_an_unknown_channel_is_answered_with_the_known_ones(asked: object) -> None:
    """The error names every table there is."""
    with pytest.raises(BadArgument) as caught:
        schema(asked)  # type: ignore[arg-type]
    assert all(channel in str(caught.value) for channel in SCHEMAS)


def test_an_unknown_column_is_answered_with_the_known_ones() -> None:
    """The error names every column there is."""
    with pytest.raises(BadArgument, match="trade_id"):
        schema("trade")["quantity"]


def test_a_schema_shows_itself_as_text_and_as_a_table() -> None:
    """Its repr lines up one column a line; df() has a row a column."""
    found = schema("trade")
    lines = repr(found).splitlines()
    assert lines[0] == "Schema of 'trade': 11 columns, indexed by timestamp"
    assert [line.split()[0] for line in lines[2:]] == list(found.names)
    frame = found.df()
    assert list(frame.columns) == ["name", "pandas", "polars", "unit", "meaning"]
    assert frame.loc[frame["name"] == "price"].to_numpy().tolist() == [
        ["price", "float64", "Float64", "quote per base", "price of the trade"]
    ]


def test_a_schema_escapes_what_it_shows_as_html() -> None:
    """Text never becomes mark-up."""
    hostile = Schema("<b>", (Column("<i>", "int", "<u>", "<script>alert(1)</script>"),))
    shown = hostile._repr_html_()
    assert not any(mark in shown for mark in ("<b>", "<i>", "<u>", "<script>"))
    assert "&lt;script&gt;" in shown
