"""What is refused, in which words, and that a refusal changes nothing."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from kraken_lab.sandbox.order_terms import Amendment, ConditionalTerms
from kraken_lab.sandbox.trading import Rejection
from tests.sandbox.bare_market import Desk, order_terms, trigger

S = 10**9
INVALID = "EGeneral:Invalid arguments:"

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"symbol": "XBT/USD"}, "EQuery:Unknown asset pair"),
    # sizes and steps
    ({"order_qty": "0.00004999"}, f"{INVALID}volume minimum not met"),
    ({"order_qty": "0"}, f"{INVALID}order_qty"),
    ({"order_qty": "-1"}, f"{INVALID}order_qty"),
    ({"order_qty": "1.000000001"}, f"{INVALID}order_qty"),
    ({"order_qty": None}, f"{INVALID}order_qty"),
    ({"limit_price": "100.05"}, "EOrder:Invalid price"),
    ({"limit_price": "0"}, "EOrder:Invalid price"),
    ({"limit_price": "-1"}, "EOrder:Invalid price"),
    ({"symbol": "DOT/USD", "limit_price": "5.0003", "order_qty": "2"}, "EOrder:Tick size check failed"),
    ({"order_qty": "0.0001", "limit_price": "4999"}, "EOrder:Cost minimum not met"),
    ({"order_qty": "0.0049", "order_type": "market"}, "EOrder:Cost minimum not met"),
    ({"order_type": "stop-loss", "order_qty": "0.005", "triggers": trigger("99.9"), "side": "sell"},
     "EOrder:Cost minimum not met"),
    # money
    ({"order_qty": "1000"}, "EOrder:Insufficient funds"),
    ({"side": "sell", "order_qty": "2.00000001"}, "EOrder:Insufficient funds"),
    # what goes with which type
    ({"limit_price": None}, f"{INVALID}limit_price"),
    ({"order_type": "market", "limit_price": "100"}, f"{INVALID}limit_price"),
    ({"limit_price_type": "pct"}, f"{INVALID}limit_price_type"),
    ({"order_type": "market", "post_only": True}, f"{INVALID}post_only"),
    ({"post_only": True, "time_in_force": "ioc"}, f"{INVALID}post_only"),
    ({"order_type": "market", "time_in_force": "fok"}, f"{INVALID}time_in_force"),
    ({"cash_order_qty": "50"}, f"{INVALID}cash_order_qty"),
    ({"cash_order_qty": "50", "order_qty": None}, f"{INVALID}cash_order_qty"),
    ({"order_type": "market", "side": "sell", "cash_order_qty": "50", "order_qty": None}, f"{INVALID}cash_order_qty"),
    ({"order_type": "market", "cash_order_qty": "0.4", "order_qty": None}, "EOrder:Cost minimum not met"),
    ({"display_qty": "0.5"}, f"{INVALID}display_qty"),
    ({"order_type": "iceberg"}, f"{INVALID}display_qty"),
    ({"order_type": "iceberg", "display_qty": "1.1"}, f"{INVALID}display_qty"),
    ({"order_type": "iceberg", "order_qty": "1.5", "display_qty": "0.09999999"}, f"{INVALID}display_qty"),
    ({"order_type": "stop-loss"}, f"{INVALID}triggers"),
    ({"triggers": trigger("99")}, f"{INVALID}triggers"),
    ({"order_type": "stop-loss", "triggers": trigger("99.55")}, "EOrder:Invalid price"),
    ({"order_type": "trailing-stop", "triggers": trigger("99")}, f"{INVALID}triggers"),
    ({"order_type": "trailing-stop", "triggers": trigger("-1", price_type="pct")}, f"{INVALID}triggers"),
    ({"order_type": "trailing-stop", "side": "sell", "triggers": trigger("100", price_type="pct")},
     f"{INVALID}triggers"),
    ({"order_type": "stop-loss", "triggers": trigger("0", price_type="quote")}, f"{INVALID}triggers"),
    ({"symbol": "PEPE/USD", "order_type": "stop-loss", "order_qty": "250000",
      "triggers": trigger("0.00001", reference="index")}, f"{INVALID}Index unavailable"),
    # a conditional close is held against the rules before its primary is entered
    ({"conditional": ConditionalTerms(order_type="market")}, f"{INVALID}conditional"),
    ({"conditional": ConditionalTerms(order_type="limit")}, f"{INVALID}limit_price"),
    ({"conditional": ConditionalTerms(order_type="limit", limit_price=D("1.05"))}, "EOrder:Invalid price"),
    ({"conditional": ConditionalTerms(order_type="stop-loss")}, f"{INVALID}triggers"),
    # margin: there is none
    ({"margin": True}, "EAccount:Invalid permissions"),
    ({"reduce_only": True}, "EOrder:Reduce only:Non-PC"),
    ({"reduce_only": True, "margin": True}, "EOrder:Reduce only:No position exists"),
    ({"order_type": "settle-position", "margin": True}, "EOrder:Unknown position"),
    # ids
    ({"cl_ord_id": "a", "order_userref": 1}, f"{INVALID}cl_ord_id"),
    ({"cl_ord_id": "nineteen characters"}, f"{INVALID}cl_ord_id"),
    ({"cl_ord_id": ""}, f"{INVALID}cl_ord_id"),
    ({"cl_ord_id": "Größe"}, f"{INVALID}cl_ord_id"),
    # a status of its own
    ({"symbol": "MATIC/GBP", "order_qty": "10", "limit_price": "1"}, "EService:Market in cancel_only mode"),
    ({"symbol": "POL/EUR", "order_qty": "10", "limit_price": "1"}, "EService:Market in post_only mode"),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "text"), REFUSED, ids=[f"{text}-{n}" for n, (_, text) in enumerate(REFUSED)])
def test_an_order_that_is_not_in_order_is_refused(terms: dict[str, Any], text: str) -> None:
    """In the exchange's words, and the account stays as it was."""
    desk = Desk(balances={"USD": D(10_000), "EUR": D(10_000), "GBP": D(10_000), "BTC": D(2)})
    before = desk.trading.holdings
    assert desk.refusal(**terms) == text
    assert desk.trading.open_orders == ()
    assert desk.trading.holdings == before
    assert desk.told == []


@pytest.mark.parametrize(
    "name", ["6d1b345e-2821-40e2-ad83-4ecb18a06876", "6d1b345e282140e2ad834ecb18a06876", "eighteen character", "a"]
)
def test_a_client_id_is_a_uuid_or_a_short_text(name: str) -> None:
    """Three shapes."""
    desk = Desk()
    assert desk.add(cl_ord_id=name).terms.cl_ord_id == name


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    """Once its order is closed it may be used again, and then it names the new one."""
    desk = Desk()
    first = desk.add(cl_ord_id="mine")
    assert desk.refusal(cl_ord_id="mine") == f"{INVALID}cl_ord_id"
    desk.trading.cancel(desk.now, cl_ord_id="mine")
    second = desk.add(cl_ord_id="mine")
    assert desk.trading.by_cl_ord_id("mine") == second
    assert second.order_id != first.order_id
    assert desk.now_is(first).status == "canceled"


@pytest.mark.parametrize(
    ("ahead_s", "text"),
    [(0.4, f"{INVALID}deadline"), (0.5, ""), (60.0, ""), (60.1, f"{INVALID}deadline"), (-1, f"{INVALID}deadline")],
)
def test_a_deadline_is_half_a_second_to_a_minute_ahead(ahead_s: float, text: str) -> None:
    """Anything else is refused."""
    desk = Desk()
    assert desk.refusal(deadline_ns=desk.now + int(ahead_s * S)) == text


@pytest.mark.parametrize(("deadline_s", "took_s", "text"), [
    (None, 5.0, ""), (None, 5.1, "EService:Deadline elapsed"),
    (1.0, 1.0, ""), (1.0, 1.1, "EService:Deadline elapsed"),
])  # fmt: skip
def test_an_order_that_reaches_the_engine_too_late_is_not_placed(
    deadline_s: float | None, took_s: float, text: str
) -> None:
    """Deadlines count from the receipt at the gateway; without one they are five seconds."""
    desk = Desk()
    received = desk.now
    desk.wait(took_s)
    terms = order_terms(deadline_ns=None if deadline_s is None else received + int(deadline_s * S))
    if text:
        with pytest.raises(Rejection, match=text):
            desk.trading.add(terms, desk.now, received_ns=received)
    else:
        assert desk.trading.add(terms, desk.now, received_ns=received) is not None


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"time_in_force": "gtd"}, f"{INVALID}expire_time"),
        ({"time_in_force": "gtd", "expire_ns": 0}, f"{INVALID}expire_time"),
        ({"time_in_force": "gtd", "expire_ns": 32 * 86_400 * S}, f"{INVALID}expire_time"),
        ({"expire_ns": S}, f"{INVALID}expire_time"),
        ({"time_in_force": "gtd", "expire_ns": S, "effective_ns": 2 * S}, f"{INVALID}expire_time"),
        ({"effective_ns": 32 * 86_400 * S}, f"{INVALID}effective_time"),
    ],
)
def test_times_lie_ahead_and_within_a_month(terms: dict[str, Any], text: str) -> None:
    """An expiry belongs to gtd, and comes after the start."""
    desk = Desk()
    moved = {name: desk.now + value if name.endswith("_ns") else value for name, value in terms.items()}
    assert desk.refusal(**moved) == text


STATES: list[tuple[str, dict[str, Any], str]] = [
    ("maintenance", {}, "EService:Unavailable"),
    ("cancel_only", {}, "EService:Market in cancel_only mode"),
    ("cancel_only", {"post_only": True}, "EService:Market in cancel_only mode"),
    ("post_only", {}, "EService:Market in post_only mode"),
    ("post_only", {"post_only": True}, ""),
    ("post_only", {"order_type": "market"}, "EService:Market in post_only mode"),
    ("limit_only", {}, ""),
    ("limit_only", {"order_type": "market"}, "EService:Market in limit_only mode"),
    ("online", {"order_type": "market"}, ""),
]


@pytest.mark.parametrize(("status", "terms", "text"), STATES)
@pytest.mark.parametrize("whose", ["exchange", "pair"])
def test_a_market_lets_in_what_its_state_permits(whose: str, status: Any, terms: dict[str, Any], text: str) -> None:
    """Whether it is the exchange's state or the pair's."""
    desk = Desk()
    desk.market.stranger("sell", 1010, 10**9)
    if whose == "exchange":
        desk.listing.set_system(status)
    else:
        desk.listing.set_pair("BTC/USD", status)
    assert desk.refusal(**terms) == text


@pytest.mark.parametrize("status", ["online", "post_only", "limit_only", "cancel_only"])
def test_cancels_work_in_every_state_but_maintenance(status: Any) -> None:
    """One by one and all together; in maintenance nothing does, and the orders are still there afterwards."""
    desk = Desk()
    one, _ = desk.add(), desk.add()
    desk.listing.set_system("maintenance")
    with pytest.raises(Rejection, match="EService:Unavailable"):
        desk.trading.cancel(desk.now, order_id=one.order_id)
    with pytest.raises(Rejection, match="EService:Unavailable"):
        desk.trading.cancel_all(desk.now)
    with pytest.raises(Rejection, match="EService:Unavailable"):
        desk.trading.cancel_all_after(60, desk.now)
    desk.listing.set_system(status)
    assert len(desk.trading.cancel(desk.now, order_id=one.order_id)) == 1
    assert desk.trading.cancel_all(desk.now) == 1


def test_amends_keep_to_the_state_of_the_market() -> None:
    """In cancel_only there are none; in post_only those that take nothing."""
    desk = Desk()
    desk.market.stranger("sell", 1010, 10**9)
    order = desk.add()
    desk.listing.set_system("cancel_only")
    with pytest.raises(Rejection, match="EService:Market in cancel_only mode"):
        desk.trading.amend(Amendment(order_id=order.order_id, limit_price=D("99")), desk.now)
    desk.listing.set_system("post_only")
    desk.trading.amend(Amendment(order_id=order.order_id, limit_price=D("99")), desk.now)
    with pytest.raises(Rejection, match="EService:Market in post_only mode"):
        desk.trading.amend(Amendment(order_id=order.order_id, limit_price=D("101")), desk.now)


def test_a_pair_that_only_reduces_has_nothing_to_reduce() -> None:
    """There are no positions here."""
    desk = Desk()
    desk.listing.set_pair("BTC/USD", "reduce_only")
    assert desk.refusal() == "EOrder:Reduce only:No position exists"


@pytest.mark.parametrize(("tier", "room"), [("starter", 60), ("intermediate", 80)])
def test_open_orders_are_limited_by_pair_and_tier(tier: Any, room: int) -> None:
    """One more is refused there, and not elsewhere."""
    desk = Desk(tier=tier)
    for _ in range(room):
        desk.add(order_qty="0.01")
        desk.wait(2)
    assert desk.refusal() == "EOrder:Orders limit exceeded"
    assert desk.refusal(symbol="ETH/USD") == ""
