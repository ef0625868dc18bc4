"""Orders, fills and positions as tables: every record a row, exact, and a picture that does not change."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import kraken_lab as kl
from kraken_lab.errors import NoSuchEntry
from kraken_lab.lab.account_tables import fills_table, orders_table, positions_table
from kraken_lab.lab.drawing import Drawing
from kraken_lab.tables import schema
from kraken_lab.trading.states import FillRecord, OrderRecord, OrderState
from kraken_lab.views import table_html
from kraken_lab.views.order_card import order_card
from tests.streams.fake_host import NOON, AHost

ORDER = OrderRecord(
    state=OrderState.PARTIAL,
    order_id="OAAAAA-BBBBB-CCCCCC",
    cl_ord_id="6d1b345e-2821-40e2-ad83-4ecb18a06876",
    symbol="BTC/USD",
    side="buy",
    order_type="limit",
    order_qty=Decimal("0.50000000"),
    limit_price=Decimal("26500.4"),
    time_in_force="GTC",
    filled_qty=Decimal("0.2"),
    cost=Decimal("5300.08"),
    avg_price=Decimal("26500.4"),
    fees=(("USD", Decimal("8.48")), ("BTC", Decimal("1E-8"))),
    exchange_status="partially_filled",
    created_ns=NOON,
    updated_ns=NOON + 5,
)
FILL = FillRecord(
    exec_id="TAAAAA-BBBBB-CCCCCC",
    order_id="OAAAAA-BBBBB-CCCCCC",
    cl_ord_id=None,
    symbol="BTC/USD",
    side="buy",
    price=Decimal("26500.4"),
    qty=Decimal("0.2"),
    cost=Decimal("5300.08"),
    fee=Decimal("8.48013"),
    fee_asset="USD",
    liquidity="maker",
    trade_id=7,
    timestamp_ns=NOON,
    received_at_ns=NOON + 1,
)


def test_an_order_is_a_row_with_all_its_figures() -> None:
    """Exact, with what remains of it and its fees in words."""
    [row] = orders_table(AHost(), lambda: [ORDER]).pl(exact=True).to_dicts()
    assert (row["state"], row["symbol"], row["side"]) == ("PARTIAL", "BTC/USD", "buy")
    assert (row["order_qty"], row["filled_qty"], row["remaining_qty"]) == tuple(map(Decimal, ("0.5", "0.2", "0.3")))
    assert (row["avg_price"], row["cost"]) == (Decimal("26500.4"), Decimal("5300.08"))
    assert (row["fees"], row["time_in_force"]) == ("8.48 USD, 0.00000001 BTC", "gtc")
    assert (row["order_id"], row["cl_ord_id"]) == (ORDER.order_id, ORDER.cl_ord_id)
    assert (row["external"], row["unverified"], row["amend"]) == (False, False, "")


@pytest.mark.promise("O-03")
def test_every_state_has_a_word_in_the_table() -> None:
    """So that an order in doubt is never shown as something else, or as nothing."""
    column = schema("orders")["state"]
    assert column.ours
    assert set(column.words) == {str(state) for state in OrderState}
    orders = [replace(ORDER, state=state, order_id=None, cl_ord_id=str(state)) for state in OrderState]
    frame = orders_table(AHost(), lambda: orders).pl()
    assert frame["state"].to_list() == [str(state) for state in OrderState]
    assert isinstance(frame.schema["state"], pl.Enum)


def test_orders_stand_in_the_order_of_their_creation() -> None:
    """Those without an id of the exchange's too, and external ones, which have none of ours."""
    orders = [
        replace(ORDER, created_ns=NOON + 2, cl_ord_id=None, external=True),
        replace(ORDER, created_ns=NOON + 1, order_id=None, state=OrderState.UNKNOWN),
        replace(ORDER, created_ns=NOON + 3, order_id=None, cl_ord_id="other", state=OrderState.REFUSED),
    ]
    frame = orders_table(AHost(), lambda: orders).df()
    assert frame["state"].tolist() == ["UNKNOWN", "PARTIAL", "REFUSED"]
    assert frame.index.name == "created"


def test_a_fill_is_a_row() -> None:
    """Exact; several in the order of the exchange's time."""
    later = replace(FILL, exec_id="TOTHER", timestamp_ns=NOON + 9, source="rest")
    rows = fills_table(AHost(), lambda: [later, FILL]).pl(exact=True).to_dicts()
    assert [(row["exec_id"], row["source"]) for row in rows] == [(FILL.exec_id, "stream"), ("TOTHER", "rest")]
    assert (rows[0]["fee"], rows[0]["fee_asset"], rows[0]["liquidity"]) == (Decimal("8.48013"), "USD", "maker")


def test_a_position_is_valued_where_a_price_is_known() -> None:
    """Realised and unrealised by average cost; without a price there is no value, and no guess."""
    fills = [
        replace(FILL, exec_id="T1", qty=Decimal(2), price=Decimal(100), cost=Decimal(200), timestamp_ns=1),
        replace(FILL, exec_id="T2", qty=Decimal(1), price=Decimal(130), cost=Decimal(130), side="sell", timestamp_ns=2),
        replace(FILL, exec_id="T3", symbol="ETH/USD", timestamp_ns=3),
    ]
    table = positions_table(AHost(), lambda: fills, lambda: {"BTC/USD": Decimal(90)})
    bitcoin, ether = table.pl(exact=True).to_dicts()
    assert (bitcoin["net_qty"], bitcoin["avg_cost"], bitcoin["realised"], bitcoin["unrealised"]) == (1, 100, 30, -10)
    assert (ether["price"], ether["unrealised"]) == (None, None)
    assert (bitcoin["fills"], bitcoin["fees"]) == (2, "16.96026 USD")


def test_a_limit_that_is_an_offset_stands_in_a_column_of_its_own() -> None:
    """In words, so that nobody takes it for a price; the price is missing until there is one."""
    offset = replace(ORDER, limit_price=None, limit_offset=Decimal(10), limit_offset_type="quote")
    trailing = replace(offset, order_id="O2", order_type="trailing-stop-limit")
    rows = orders_table(AHost(), lambda: [trailing, ORDER]).pl(exact=True)
    assert rows["limit_price"].to_list() == [None, Decimal("26500.4")]
    assert rows["limit_offset"].to_list() == ["+10 USD from its trigger", ""]
    assert "+10 USD from its trigger" in order_card(trailing)


def test_positions_say_how_many_fills_they_leave_out() -> None:
    """In text, in HTML and in the line above a live table; where all count nothing is said."""
    table = positions_table(AHost(), lambda: [FILL], dict, lambda: 17)
    words = "17 earlier fills are not counted"
    assert words in repr(table)
    assert (table.facts()["note"], table.vitals().note) == (words, words)
    assert words in Drawing("sandbox").table(table.view(), "positions", table.facts())
    whole = positions_table(AHost(), lambda: [FILL], dict)
    assert ("note" in whole.facts(), whole.vitals().note) == (False, "")


def test_a_picture_stays_as_it_is() -> None:
    """The next one is another; an empty one has the same columns."""
    orders: list[OrderRecord] = []
    table = orders_table(AHost(), lambda: orders)
    empty = table.df()
    orders.append(ORDER)
    full = table.df()
    orders.clear()
    assert (len(empty), len(full), len(table)) == (0, 1, 0)
    assert empty.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()
    assert "orders [test]" in repr(table)


def test_a_row_is_looked_up_by_its_name() -> None:
    """A position by its pair, a fill or an order by an id of it; exact."""
    assert positions_table(AHost(), lambda: [FILL], dict)["BTC/USD"].net_qty == Decimal("0.2")
    assert fills_table(AHost(), lambda: [FILL])["TAAAAA-BBBBB-CCCCCC"]["price"] == Decimal("26500.4")
    orders = orders_table(AHost(), lambda: [ORDER])
    assert orders["OAAAAA-BBBBB-CCCCCC"] == orders["6d1b345e-2821-40e2-ad83-4ecb18a06876"] == next(iter(orders))


def test_a_name_that_no_row_has_is_told_those_there_are() -> None:
    """And the one that was meant, if one is near; as an error of ours and of Python's."""
    held = positions_table(AHost(), lambda: [FILL], dict)
    with pytest.raises(NoSuchEntry) as caught:
        held["XBT/USD"]
    assert str(caught.value) == (
        "positions has no row with the symbol 'XBT/USD'. Did you mean 'BTC/USD'? There is: BTC/USD."
    )
    with pytest.raises(KeyError, match=r"no row with the exec_id 'BTC/USD'\. There is: \.\.\., T1, .*, T6\."):
        fills_table(AHost(), lambda: [replace(FILL, exec_id=f"T{n}") for n in range(7)])["BTC/USD"]
    with pytest.raises(KeyError, match="Did you mean 'price'"):
        fills_table(AHost(), lambda: [FILL])["TAAAAA-BBBBB-CCCCCC"]["pricee"]


def test_a_quotient_is_short_to_look_at_and_exact_to_compute_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """In text, in HTML and in a row that is printed; the value has all its digits."""
    monkeypatch.setenv("COLUMNS", "200")
    third = Decimal(190_000) / 3
    order = replace(ORDER, avg_price=third)
    orders = orders_table(AHost(), lambda: [order])
    for shown in (repr(orders), repr(orders[str(order.order_id)]), table_html(orders.view()), repr(order)):
        assert "≈63333.33333" in shown
        assert "63333.333333" not in shown
    assert orders[str(order.order_id)].avg_price == orders.pl(exact=True)["avg_price"][0] == third


@pytest.mark.parametrize("name", ["orders", "fills", "positions", "account"])
def test_the_first_look_at_an_account_waits_until_it_is_known(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An order that an earlier kernel left would be shown as it was then."""
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(tmp_path))
    with kl.connect(new=True, seed=5) as lab:
        getattr(lab, name)
        trader = lab.trader
        assert trader is not None
        assert trader.snapshot().reconciled
        assert lab.status().facts["dead man's switch"].startswith("OFF (not set from this kernel")
