"""What is written down of orders and read by another kernel; what REST tells, in the stream's shape."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_lab.errors import Malformed
from kraken_lab.trading.account import Account
from kraken_lab.trading.intent import Intent, IntentLeg
from kraken_lab.trading.remember import fill_fields, fill_of, order_fields, order_of
from kraken_lab.trading.rest_orders import PairNames, orders_in, trades_in
from kraken_lab.trading.restore import restored
from kraken_lab.trading.rules import OrderSettings
from kraken_lab.trading.states import FillRecord, OrderRecord, OrderState

from .line import D, moment

money = st.decimals(min_value=0, max_value=10**12, allow_nan=False, places=10)
maybe = st.none() | money
names = st.none() | st.sampled_from(["O1", "a"])
records = st.builds(
    OrderRecord,
    state=st.sampled_from(OrderState), order_id=names, cl_ord_id=names, symbol=st.just("BTC/USD"),
    side=st.sampled_from(["buy", "sell"]), order_type=st.just("limit"), order_qty=maybe, cash_order_qty=maybe,
    limit_price=maybe, limit_offset=maybe, trigger_price=maybe, time_in_force=st.none() | st.just("ioc"),
    post_only=st.booleans(), reduce_only=st.booleans(), display_qty=maybe, filled_qty=money, cost=money,
    avg_price=maybe,
    fees=st.lists(st.tuples(st.just("USD"), money), max_size=2).map(tuple), reason=st.text(max_size=5),
    error=st.text(max_size=5), external=st.booleans(), overfilled=st.booleans(), amend=st.sampled_from(["", "UNKNOWN"]),
    amending=st.lists(st.tuples(st.just("limit_price"), money), max_size=1).map(tuple),
    exchange_status=st.text(max_size=5), ord_ref_id=names, created_ns=st.integers(0), updated_ns=st.integers(0),
)  # fmt: skip


@pytest.mark.promise("A-15")
@pytest.mark.promise("S-15")
@given(records)
def test_an_order_reads_back_as_it_was(record: OrderRecord) -> None:
    """Through JSON, every figure to its last digit."""
    line: dict[str, Any] = json.loads(json.dumps(order_fields(record)))
    again = order_of(line)
    assert again == record
    assert str(again.limit_price) == str(None if record.limit_price is None else Decimal(f"{record.limit_price:f}"))


def test_a_fill_reads_back_as_it_was() -> None:
    """Fee, liquidity and all."""
    fill = FillRecord(
        exec_id="T1", order_id="O1", cl_ord_id=None, symbol="BTC/USD", side="buy", price=D("1E-8"), qty=D(2),
        cost=D("2E-8"), fee=D(0), fee_asset="USD", liquidity="maker", trade_id=7, timestamp_ns=1, received_at_ns=2,
        source="rest",
    )  # fmt: skip
    assert fill_of(json.loads(json.dumps(fill_fields(fill)))) == fill


@pytest.mark.parametrize("line", [{}, {"state": "ASLEEP"}, {"state": "OPEN", "filled_qty": "many"}])
def test_a_line_that_is_no_order_is_said_to_be_none(line: dict[str, str]) -> None:
    """Nothing is forgotten silently."""
    with pytest.raises(Malformed):
        order_of(line)
    with pytest.raises(Malformed):
        fill_of({"price": "?", **line})


@pytest.mark.promise("O-02")
@pytest.mark.promise("O-14")
@pytest.mark.fault("F-104")
def test_an_intent_alone_is_an_order_that_may_exist() -> None:
    """The kernel died between writing it and anything else."""
    leg = IntentLeg(cl_ord_id="a", symbol="BTC/USD", side="buy", order_type="limit", order_qty=D(1), limit_price=D(9))
    intent = Intent(
        confirmation="c", method="add_order", what="buy 1", symbol="BTC/USD", request="{}", legs=(leg,), target=None,
        deadline_s=5.0, not_after_ns=0, confirmed_ns=7, limits={},
    )  # fmt: skip
    account = Account(OrderSettings(), audit=lambda kind, fields: None)
    kept = json.loads(json.dumps({"kind": "intent", **intent.fields()}))
    account.take_up(restored([kept], moment(0.0)), moment(0.0))
    (record,) = account.snapshot(moment(0.0)).orders
    assert (record.state, record.cl_ord_id, record.limit_price, record.created_ns) == ("UNKNOWN", "a", D(9), 7)


def test_lines_of_other_kinds_are_left_alone() -> None:
    """Arming, halts and answers concern no order's state."""
    assert restored([{"kind": "arming"}, {"kind": "answer", "raw": "?"}], moment(0.0)) == []


# --- REST -----------------------------------------------------------------------------------------------------------

ORDER: dict[str, Any] = {
    "refid": "None",
    "userref": 0,
    "status": "canceled",
    "reason": "User requested",
    "opentm": 1688148493.7708,
    "closetm": 1688148610.0482,
    "descr": {"pair": "XBTGBP", "type": "buy", "ordertype": "stop-loss-limit", "price": "23667.0", "price2": "23000"},
    "vol": "0.00100000",
    "vol_exec": "0.00040000",
    "oflags": "fciq",
    "trades": ["TCCCTY-WE2O6-P3NB37"],
}
"""As the exchange documents it."""


def read(**changes: Any) -> Any:
    """The one order of a list of closed orders."""
    answer = {"closed": {"O1": ORDER | changes}}
    names = PairNames(lambda: ["BTC/GBP", "DOGE/EUR"])
    (found,) = orders_in(answer, key="closed", symbol_of=names, at=moment(0.0), sure=True)
    return found


def test_an_order_of_rest_has_the_streams_names_and_exact_figures() -> None:
    """Text to decimals, float seconds to nanoseconds, the pair to its symbol."""
    found = read()
    assert (found.refid, found.cl_ord_id, found.trades) == (None, None, ("TCCCTY-WE2O6-P3NB37",))
    assert found.closed_ns == 1_688_148_610_048_200_000
    evidence = found.evidence
    assert (evidence.status, evidence.reason, evidence.cum_qty) == ("canceled", "User requested", D("0.0004"))
    assert evidence.terms == {
        "symbol": "BTC/GBP", "side": "buy", "order_type": "stop-loss-limit", "order_qty": D("0.001"),
        "trigger_price": D("23667.0"), "limit_price": D(23000),
    }  # fmt: skip


def test_offsets_of_rest_are_no_prices() -> None:
    """A sign before it says that it is one, of the trigger's as of the limit's."""
    trailing = ORDER["descr"] | {"ordertype": "trailing-stop-limit", "price": "+50.0", "price2": "-0.5%"}
    terms = read(descr=trailing).evidence.terms
    assert "trigger_price" not in terms
    assert (terms["limit_price"], terms["limit_offset"], terms["limit_offset_type"]) == (None, D("-0.5"), "pct")


def test_prices_mean_what_the_order_type_says() -> None:
    """One price is a limit, a trigger, or nothing."""
    described = ORDER["descr"]
    assert read(descr=described | {"ordertype": "limit"}).evidence.terms["limit_price"] == D("23667.0")
    market = read(descr=described | {"ordertype": "market", "price": "0"}).evidence.terms
    assert not {"limit_price", "trigger_price"} & set(market)
    assert "cash_order_qty" in read(oflags="viqc").evidence.terms
    assert read(refid="OREF").evidence.terms["ord_ref_id"] == "OREF"
    assert read(descr=described | {"leverage": "2:1"}).evidence.terms["margin"] is True
    assert read(descr=described | {"leverage": "none"}).evidence.terms["margin"] is False


def test_fields_that_cannot_be_read_are_left_out() -> None:
    """One odd field costs no order."""
    found = read(vol="much", vol_exec=None, opentm="?", descr=None, trades=None)
    assert (found.filled_qty, found.opened_ns, found.trades, dict(found.evidence.terms)) == (None, 0, (), {})


@pytest.mark.parametrize("answer", [None, [], {}, {"closed": []}, {"closed": {"O1": "?"}}, {"open": {}}])
def test_an_answer_of_another_shape_is_malformed(answer: Any) -> None:
    """It proves nothing, so it must not look empty."""
    with pytest.raises(Malformed):
        orders_in(answer, key="closed", symbol_of=str, at=moment(0.0), sure=True)
    with pytest.raises(Malformed):
        trades_in(answer, key="closed", symbol_of=str, at=moment(0.0))


def test_a_trade_of_rest_is_a_fill() -> None:
    """Its key is the execution's id; its fee is in the quote currency."""
    told = {
        "ordertxid": "O1", "pair": "XXBTZUSD", "time": 1688667796.8802, "type": "buy", "price": "30010.00000",
        "cost": "600.20000", "fee": "0.24008", "vol": "0.02000000", "trade_id": 40274859, "maker": True,
    }  # fmt: skip
    answer = {"trades": {"T1": told, "T2": {"price": "1"}}}
    (fill,) = trades_in(answer, key="trades", symbol_of=PairNames(lambda: ["BTC/USD"]), at=moment(0.0))
    assert (fill.exec_id, fill.order_id, fill.symbol, fill.trade_id) == ("T1", "O1", "BTC/USD", 40274859)
    assert (fill.price, fill.qty, fill.cost, fill.fee, fill.fee_asset) == (
        D(30010), D("0.02"), D("600.2"), D("0.24008"), "USD",
    )  # fmt: skip
    assert (fill.liquidity, fill.timestamp_ns, fill.source) == ("maker", 1_688_667_796_880_200_000, "rest")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("XBTUSD", "BTC/USD"), ("XXBTZUSD", "BTC/USD"), ("BTCUSD", "BTC/USD"), ("XBT/USD", "BTC/USD"),
        ("XDGUSD", "DOGE/USD"), ("XXDGZUSD", "DOGE/USD"), ("ETHXBT", "ETH/BTC"), ("XETHXXBT", "ETH/BTC"),
        ("AAPLxUSD", "AAPLx/USD"), ("WHATUSD", "WHATUSD"),
    ],
)  # fmt: skip
def test_pairs_have_several_names_in_rest(name: str, symbol: str) -> None:
    """Old letters in front, old names for two assets, no slash; what nobody lists stays as it is."""
    names = PairNames(lambda: ["BTC/USD", "DOGE/USD", "ETH/BTC", "AAPLx/USD"])
    assert names(name) == symbol
