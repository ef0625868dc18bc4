"""One row: exact, frozen, cheap."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.tables import Row, schema

from .builders import NOON, a_trade


def a_row(**changes: object) -> Row:
    """A trade as a row."""
    return Row(schema("trade"), a_trade(7))._replace(**changes)


def test_a_row_is_read_by_attribute_and_by_item() -> None:
    """Prices are decimals with the digits as written, times nanoseconds."""
    row = a_row(timestamp="2026-05-04T12:00:00.000000001Z")
    assert row.price == row["price"] == Decimal("61234.10")
    assert str(row.qty) == "0.50000000"
    assert row.timestamp == NOON + 1
    assert row._asdict()["symbol"] == "BTC/USD"
    assert list(row._asdict()) == list(schema("trade").names)
    assert len(row) == 11


def test_a_time_is_a_datetime_when_asked() -> None:
    """Aware, UTC, cut to microseconds; None stays None; a price has no time."""
    row = a_row(timestamp=NOON + 1999, received_at=None)
    assert row.at("timestamp") == datetime(2026, 5, 4, 12, 0, 0, 1, tzinfo=UTC)
    assert row.at("received_at") is None
    with pytest.raises(BadArgument, match="timestamp or received_at"):
        row.at("price")


def test_a_row_never_changes() -> None:
    """Neither values nor anything else can be set or deleted."""
    row = a_row()
    with pytest.raises(AttributeError, match="never changes"):
        row.price = 5
    with pytest.raises(AttributeError, match="never changes"):
        del row.price


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    """As attribute, as item, and in a replacement."""
    row = a_row()
    with pytest.raises(AttributeError, match="it has timestamp, received_at"):
        _ = row.quantity
    with pytest.raises(KeyError):
        row["quantity"]
    with pytest.raises(BadArgument, match="trade_id"):
        row._replace(quantity=1)
    assert not hasattr(row, "__array__")


def test_rows_are_equal_by_what_they_mean() -> None:
    """The same price as text and as decimal is the same; equal rows hash alike; other channels differ."""
    assert a_row() == a_row(price=Decimal("61234.10"))
    assert hash(a_row()) == hash(a_row(price=Decimal("61234.1")))
    assert a_row() != a_row(trade_id=8)
    assert a_row() != "trade"


def test_a_row_can_be_copied_and_pickled() -> None:
    """As values can."""
    row = a_row()
    assert copy.copy(row) == copy.deepcopy(row) == row
    assert pickle.loads(pickle.dumps(row)) == row


def test_a_row_shows_what_came_as_text() -> None:
    """Decimals without exponent, times as RFC 3339, control characters escaped, mark-up harmless."""
    row = a_row(symbol="<script>", ord_type="a\x1b[31m\u202eb", price="1e-08")
    assert "price=0.00000001" in repr(row)
    assert "timestamp=2026-05-04T12:00:00+00:00" in repr(row)
    assert "\x1b" not in repr(row)
    assert "\u202e" not in repr(row)
    assert "<script>" not in row._repr_html_()
    assert "&lt;script&gt;" in row._repr_html_()


def test_a_price_that_is_none_is_missing() -> None:
    """Also one that cannot be read."""
    assert a_row(price=None).price is None
    assert a_row(price="soon").price is None
