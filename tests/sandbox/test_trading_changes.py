"""Amends, edits, batches, cancels, the rate counter and the switch: changing one's mind, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from kraken_lab.sandbox.order_terms import Amendment, ConditionalTerms, Edit
from kraken_lab.sandbox.orders import Order
from kraken_lab.sandbox.trading import Rejection
from tests.sandbox.bare_market import Desk, order_terms, trigger

BTC = 10**8
INVALID = "EGeneral:Invalid arguments:"


def amended(desk: Desk, order: Order, **change: Any) -> Order:
    """The order after an amendment; numbers may be texts."""
    exact: dict[str, Any] = {
        name: D(value) if name in ("order_qty", "limit_price", "trigger_price", "display_qty") else value
        for name, value in change.items()
    }
    return desk.trading.amend(Amendment(order_id=order.order_id, **exact), desk.now)[1]


# --- amends and the queue -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"order_qty": "0.5"}, 0),
        ({"order_qty": "1.5"}, 1),
        ({"limit_price": "100"}, 0),
        ({"limit_price": "100", "order_qty": "0.5"}, 0),
    ],
)
def test_only_a_smaller_quantity_keeps_the_place(change: dict[str, Any], place: int) -> None:
    """A larger one goes to the back; the same price is no change."""
    desk = Desk()
    order = desk.add()
    desk.market.stranger("buy", 1000, BTC)
    after = amended(desk, order, **change)
    assert [name for name, _ in desk.queue("buy", 1000)].index(order.order_id) == place
    assert dict(desk.queue("buy", 1000))[order.order_id] == after.order_qty


def test_a_new_price_goes_to_the_back_of_its_queue() -> None:
    """And the old place is empty."""
    desk = Desk()
    desk.market.stranger("buy", 990, BTC)
    order = desk.add()
    amended(desk, order, limit_price="99")
    assert desk.queue("buy", 1000) == []
    assert desk.queue("buy", 990)[1] == (order.order_id, BTC)


def test_amending_across_the_spread_takes() -> None:
    """It is reported as amended first, then trades as a taker, and rests with what is left."""
    desk = Desk()
    desk.market.stranger("sell", 1010, BTC // 4)
    order = desk.add()
    desk.heard()
    after = amended(desk, order, limit_price="101")
    assert desk.heard() == ["amended: User requested", "trade"]
    assert desk.trading.fills[0].liquidity == "t"
    assert after.status == "partially_filled"
    assert desk.queue("buy", 1010) == [(order.order_id, BTC * 3 // 4)]


@pytest.mark.parametrize("whose", ["order", "amendment"])
def test_a_post_only_amend_that_would_take_is_refused(whose: str) -> None:
    """The order stays as it was."""
    desk = Desk()
    desk.market.stranger("sell", 1010, BTC)
    order = desk.add(post_only=whose == "order")
    with pytest.raises(Rejection, match="Post only"):
        amended(desk, order, limit_price="101", post_only=whose == "amendment")
    assert desk.queue("buy", 1000) == [(order.order_id, BTC)]
    assert desk.now_is(order) == order


def test_the_quantity_of_an_amend_is_the_new_total() -> None:
    """What is filled counts."""
    desk = Desk()
    order = desk.add()
    desk.market.stranger("sell", 1000, BTC // 2)
    after = amended(desk, order, order_qty="2")
    assert (after.order_qty, after.cum_qty, after.left) == (2 * BTC, BTC // 2, BTC * 3 // 2)
    assert desk.queue("buy", 1000) == [(order.order_id, BTC * 3 // 2)]


def test_an_icebergs_display_shrinks_at_once_and_grows_with_the_next_refill() -> None:
    """Shrinking keeps the place, growing does not lose it."""
    desk = Desk()
    order = desk.add(order_type="iceberg", display_qty="0.5")
    desk.market.stranger("buy", 1000, BTC)
    assert amended(desk, order, display_qty="0.2").display_remain == BTC // 5
    assert desk.queue("buy", 1000)[0] == (order.order_id, BTC // 5)
    assert amended(desk, order, display_qty="0.4").display_remain == BTC // 5
    assert desk.queue("buy", 1000)[0] == (order.order_id, BTC // 5)
    desk.market.stranger("sell", 1000, BTC // 5)
    assert desk.queue("buy", 1000)[1] == (order.order_id, BTC * 2 // 5)
    with pytest.raises(Rejection, match="display_qty"):
        amended(desk, order, display_qty="0.05")
    assert amended(desk, order, order_qty="0.5").left == BTC * 3 // 10
    assert desk.queue("buy", 1000)[1] == (order.order_id, BTC * 3 // 10)


def test_a_waiting_order_gets_another_trigger_and_another_limit() -> None:
    """It is in no book, so nothing is lost; once activated its trigger is history."""
    desk = Desk()
    order = desk.add(order_type="stop-loss-limit", side="sell", triggers=trigger("95"), limit_price="94")
    after = amended(desk, order, trigger_price="98", limit_price="97")
    assert after.trigger is not None
    assert (after.trigger.actual_price, after.limit_price) == (980, 970)
    with pytest.raises(Rejection, match="would trigger immediately"):
        amended(desk, order, trigger_price="100")
    desk.market.trade_at(980)
    assert desk.queue("sell", 970) == [(order.order_id, BTC)]
    with pytest.raises(Rejection, match=f"{INVALID}trigger_price"):
        amended(desk, order, trigger_price="97")
    amended(desk, order, limit_price="99")
    assert desk.queue("sell", 990) == [(order.order_id, BTC)]


def test_a_trailing_stop_keeps_its_peak_when_its_distance_changes() -> None:
    """The new distance counts from the best price so far."""
    desk = Desk()
    order = desk.add(order_type="trailing-stop", side="sell", triggers=trigger("5", price_type="quote"))
    desk.market.trade_at(1040)
    desk.market.trade_at(1035)
    after = amended(desk, order, trigger_price="2", trigger_price_type="quote").trigger
    assert after is not None
    assert (after.peak_price, after.actual_price) == (1040, 1020)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, f"{INVALID}order_qty"),
        ({"order_qty": "0.00001"}, "EOrder:Order minimum not met"),
        ({"order_qty": "1.000000001"}, f"{INVALID}order_qty"),
        ({"limit_price": "100.01"}, "EOrder:Invalid price"),
        ({"limit_price": "0.1", "order_qty": "0.1"}, "EOrder:Cost minimum not met"),
        ({"limit_price": "1", "limit_price_type": "pct"}, f"{INVALID}limit_price_type"),
        ({"trigger_price": "99"}, f"{INVALID}trigger_price"),
        ({"display_qty": "0.5"}, f"{INVALID}display_qty"),
        ({"order_qty": "100000"}, "EOrder:Insufficient funds"),
        ({"limit_price": "99", "deadline_ns": 1}, f"{INVALID}deadline"),
    ],
)
def test_an_amend_that_is_not_in_order_changes_nothing(change: dict[str, Any], text: str) -> None:
    """It is refused, and the order is as it was."""
    desk = Desk()
    order = desk.add()
    desk.heard()
    with pytest.raises(Rejection, match=text):
        amended(desk, order, **change)
    assert desk.now_is(order) == order
    assert desk.heard() == []


def test_an_amend_names_one_order() -> None:
    """By either id, not both, and it must be open."""
    desk = Desk()
    order = desk.add(cl_ord_id="mine")
    assert desk.trading.amend(Amendment(cl_ord_id="mine", limit_price=D(99)), desk.now)[1].order_id == order.order_id
    with pytest.raises(Rejection, match=f"{INVALID}order_id"):
        desk.trading.amend(Amendment(cl_ord_id="mine", order_id=order.order_id, limit_price=D(99)), desk.now)
    desk.trading.cancel(desk.now, cl_ord_id="mine")
    with pytest.raises(Rejection, match="EOrder:Unknown order"):
        desk.trading.amend(Amendment(cl_ord_id="mine", limit_price=D(99)), desk.now)


# --- edits ----------------------------------------------------------------------------------------------------------


def test_an_edit_loses_the_place_and_leaves_the_fills() -> None:
    """The new order is for what was left; a total may be given, which counts what is filled."""
    desk = Desk()
    order = desk.add()
    desk.market.stranger("sell", 1000, BTC // 4)
    desk.market.stranger("buy", 1000, BTC)
    anew = desk.trading.edit(Edit(order_id=order.order_id, symbol="BTC/USD"), desk.now)
    assert anew is not None
    assert desk.queue("buy", 1000)[1] == (anew.order_id, BTC * 3 // 4)
    assert desk.now_is(order).cum_qty == BTC // 4
    assert anew.cum_qty == 0
    more = desk.trading.edit(Edit(order_id=anew.order_id, symbol="BTC/USD", order_qty=D("0.5")), desk.now)
    assert more is not None
    assert more.order_qty == BTC // 2


@pytest.mark.parametrize(
    ("terms", "change", "text"),
    [
        ({"cl_ord_id": "mine"}, {}, f"{INVALID}cl_ord_id"),
        ({"conditional": ConditionalTerms(order_type="limit", limit_price=D(103))}, {}, f"{INVALID}conditional"),
        ({}, {"order_qty": D("0.25")}, f"{INVALID}order_qty"),
        ({}, {"limit_price": D("100.01")}, "EOrder:Invalid price"),
        ({}, {"symbol": "ETH/USD"}, "EOrder:Unknown order"),
        ({}, {"order_id": "ONO"}, "EOrder:Unknown order"),
    ],
)
def test_an_edit_that_is_not_possible_leaves_the_old_order(
    terms: dict[str, Any], change: dict[str, Any], text: str
) -> None:
    """With a client's id, a conditional close, less than is filled, or terms that are not in order."""
    desk = Desk()
    order = desk.add(**terms)
    desk.market.stranger("sell", 1000, BTC // 4)
    before = desk.now_is(order)
    with pytest.raises(Rejection, match=text):
        desk.trading.edit(Edit(**{"order_id": order.order_id, "symbol": "BTC/USD", **change}), desk.now)
    assert desk.now_is(order) == before


def test_an_activated_order_cannot_be_edited() -> None:
    """Before, it can."""
    desk = Desk()
    terms: dict[str, Any] = {"order_type": "stop-loss-limit", "side": "sell", "limit_price": "97"}
    order = desk.add(**terms, triggers=trigger("98"))
    anew = desk.trading.edit(Edit(order_id=order.order_id, symbol="BTC/USD", triggers=trigger("97.5")), desk.now)
    assert anew is not None
    assert anew.trigger is not None
    assert (anew.trigger.actual_price, anew.limit_price) == (975, 970)
    desk.market.trade_at(975)
    with pytest.raises(Rejection, match=f"{INVALID}triggers"):
        desk.trading.edit(Edit(order_id=anew.order_id, symbol="BTC/USD"), desk.now)


def test_an_edit_may_be_validated_only() -> None:
    """Then nothing happens."""
    desk = Desk()
    order = desk.add()
    desk.heard()
    assert desk.trading.edit(Edit(order_id=order.order_id, symbol="BTC/USD", validate=True), desk.now) is None
    assert desk.heard() == []
    assert desk.now_is(order) == order


# --- batches and cancels --------------------------------------------------------------------------------------------


def test_a_batch_is_refused_as_a_whole_before_anything_is_entered() -> None:
    """One order that is not in order is enough."""
    desk = Desk()
    with pytest.raises(Rejection, match="EOrder:Invalid price"):
        desk.trading.add_batch([order_terms(), order_terms(limit_price="1.01")], None, desk.now)
    assert desk.told == []


def test_what_the_engine_refuses_of_a_batch_hits_that_order_alone() -> None:
    """The others are entered, in the order of the request."""
    desk = Desk(balances={"USD": D(250)})
    first, second, third = desk.trading.add_batch(
        [order_terms(), order_terms(limit_price="1000"), order_terms()], None, desk.now
    )
    assert isinstance(first, Order)
    assert isinstance(third, Order)
    assert str(second) == "EOrder:Insufficient funds"
    assert desk.trading.open_orders == (first, third)


@pytest.mark.parametrize(
    "orders",
    [
        [order_terms()],
        [order_terms()] * 16,
        [order_terms(), order_terms(symbol="ETH/USD")],
        [order_terms(cl_ord_id="x")] * 2,
    ],
)
def test_a_batch_has_two_to_fifteen_orders_of_one_pair(orders: Any) -> None:
    """With different ids."""
    desk = Desk()
    with pytest.raises(Rejection, match=INVALID):
        desk.trading.add_batch(orders, None, desk.now)
    assert desk.trading.open_orders == ()


def test_a_batch_may_be_validated_only() -> None:
    """Each is found in order, none is entered."""
    desk = Desk()
    assert desk.trading.add_batch([order_terms()] * 2, None, desk.now, validate=True) == [None, None]
    assert desk.trading.open_orders == ()


def test_cancels_find_orders_by_id_userref_and_client_id() -> None:
    """A userref names all orders that carry it; in a batch it may be text; those that are gone do not count."""
    desk = Desk()
    one, named = desk.add(), desk.add(cl_ord_id="mine")
    for userref in (7, 7, -8):
        desk.add(order_userref=userref)
    assert len(desk.trading.cancel(desk.now, order_userref=7)) == 2
    assert desk.trading.cancel_batch([one.order_id, "-8", "ONO"], ["mine", "other"], desk.now) == 3
    assert desk.now_is(named).status == "canceled"
    assert desk.trading.open_orders == ()
    with pytest.raises(Rejection, match=f"{INVALID}orders"):
        desk.trading.cancel_batch(["ONO"], [], desk.now)


def test_cancel_all_reaches_what_waits() -> None:
    """Untriggered and scheduled orders are open orders."""
    desk = Desk()
    desk.add(order_type="stop-loss", side="sell", triggers=trigger("99"))
    desk.add(effective_ns=desk.now + 10**9)
    assert desk.trading.cancel_all(desk.now) == 2
    assert desk.trading.cancel_all(desk.now) == 0
    desk.heard()
    desk.wait(2)
    assert desk.heard() == []


# --- the switch -----------------------------------------------------------------------------------------------------


def test_the_switch_is_one_and_can_be_set_back() -> None:
    """A new call replaces the old one; 0 turns it off."""
    desk = Desk()
    desk.add()
    desk.trading.cancel_all_after(10, desk.now)
    desk.wait(9)
    desk.trading.cancel_all_after(10, desk.now)
    desk.wait(9)
    assert len(desk.trading.open_orders) == 1
    assert desk.trading.cancel_all_after(0, desk.now) is None
    desk.wait(100)
    assert len(desk.trading.open_orders) == 1


@pytest.mark.parametrize("timeout", [-1, 86_400])
def test_the_switch_takes_less_than_a_day(timeout: int) -> None:
    """Anything else is refused."""
    desk = Desk()
    with pytest.raises(Rejection, match=f"{INVALID}timeout"):
        desk.trading.cancel_all_after(timeout, desk.now)


def test_the_switch_fires_when_the_engine_is_back() -> None:
    """In maintenance nothing happens."""
    desk = Desk()
    desk.add()
    desk.trading.cancel_all_after(10, desk.now)
    desk.listing.set_system("maintenance")
    desk.wait(60)
    assert desk.trading.open_orders
    desk.listing.set_system("cancel_only")
    assert desk.trading.next_due_ns() == desk.now
    desk.wait(0)
    assert not desk.trading.open_orders


# --- the rate counter -----------------------------------------------------------------------------------------------


def test_the_documented_example_of_costs() -> None:
    """Add, amend seven seconds later, cancel 36 seconds after that: 1 + (1 + 2) + 4."""
    desk = Desk(tier="starter")
    desk.add(symbol="ETH/USD", limit_price="10")  # another pair has another counter
    order = desk.add()
    assert desk.trading.rate_count("BTC/USD", desk.now) == 1
    desk.wait(7)
    amended(desk, order, limit_price="99")
    assert desk.trading.rate_count("BTC/USD", desk.now) == 3
    desk.wait(36)
    desk.trading.cancel(desk.now, order_id=order.order_id)
    assert desk.trading.rate_count("BTC/USD", desk.now) == 4


def test_edits_and_cancels_cost_by_the_age_of_the_order() -> None:
    """An edit within five seconds seven, a cancel eight; a batch of n half of n."""
    desk = Desk()
    order = desk.add()
    anew = desk.trading.edit(Edit(order_id=order.order_id, symbol="BTC/USD"), desk.now)
    assert anew is not None
    assert desk.trading.rate_count("BTC/USD", desk.now) == 8
    desk.trading.cancel(desk.now, order_id=anew.order_id)
    assert desk.trading.rate_count("BTC/USD", desk.now) == 16
    desk.trading.add_batch([order_terms()] * 3, None, desk.now)
    assert desk.trading.rate_count("BTC/USD", desk.now) == 17.5


def test_a_refused_order_has_cost_its_fixed_part() -> None:
    """Validation comes after counting."""
    desk = Desk()
    desk.refusal(limit_price="1.01")
    assert desk.trading.rate_count("BTC/USD", desk.now) == 1


def test_beyond_the_threshold_orders_and_cancels_are_refused_but_not_batches_of_cancels() -> None:
    """Until the counter has decayed."""
    desk = Desk(tier="starter")
    orders = [desk.add(order_qty="0.01") for _ in range(60)]
    assert desk.trading.rate_count("BTC/USD", desk.now) == desk.trading.max_rate_count == 60
    assert desk.refusal() == "EOrder:Rate limit exceeded"
    with pytest.raises(Rejection, match="EOrder:Rate limit exceeded"):
        desk.trading.cancel(desk.now, order_id=orders[0].order_id)
    assert desk.trading.cancel_batch([order.order_id for order in orders[:2]], [], desk.now) == 2
    assert desk.trading.rate_count("BTC/USD", desk.now) == 76
    desk.wait(17)
    assert desk.refusal() == ""


# --- triggers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order_type", "side", "price", "activates", "not_yet"),
    [
        ("stop-loss", "sell", "99", 990, 991),
        ("stop-loss", "buy", "101", 1010, 1009),
        ("take-profit", "sell", "101", 1010, 1009),
        ("take-profit", "buy", "99", 990, 991),
    ],
)
def test_a_trigger_is_activated_on_its_side(
    order_type: str, side: str, price: str, activates: int, not_yet: int
) -> None:
    """At the price itself, not one step before it."""
    desk = Desk()
    order = desk.add(order_type=order_type, side=side, triggers=trigger(price))
    desk.market.trade_at(not_yet)
    assert desk.now_is(order).is_open
    desk.market.trade_at(activates)
    assert not desk.now_is(order).is_open


@pytest.mark.parametrize(
    ("kind", "offset", "actual"), [("pct", "-2.0", 980), ("quote", "-3.5", 965), ("pct", "1", 1010)]
)
def test_an_offset_counts_from_the_reference_price(kind: Any, offset: str, actual: int) -> None:
    """Its sign is the direction."""
    order_type = "stop-loss" if offset.startswith("-") else "take-profit"
    order = Desk().add(order_type=order_type, side="sell", triggers=trigger(offset, price_type=kind))
    assert order.trigger is not None
    assert order.trigger.actual_price == actual


def test_a_trailing_stop_to_buy_follows_the_trough() -> None:
    """Its limit is an offset from wherever the trigger is when it is activated."""
    desk = Desk()
    order = desk.add(
        order_type="trailing-stop-limit",
        triggers=trigger("1", price_type="pct"),
        limit_price="0.5",
        limit_price_type="quote",
    )
    desk.market.trade_at(900)
    desk.market.trade_at(908)
    assert desk.now_is(order).limit_price is None
    desk.market.trade_at(909)
    after = desk.now_is(order)
    assert after.trigger is not None
    assert (after.trigger.peak_price, after.trigger.actual_price, after.limit_price) == (900, 909, 914)
    assert desk.queue("buy", 914) == [(order.order_id, BTC)]


def test_an_index_trigger_looks_at_the_index() -> None:
    """Trades do not move it, unless the index is down."""
    desk = Desk()
    desk.market.index["BTC/USD"] = 1000
    order = desk.add(order_type="stop-loss", side="sell", triggers=trigger("99", reference="index"))
    desk.market.trade_at(980)
    assert desk.now_is(order).is_open
    desk.market.index["BTC/USD"] = 990
    desk.market.stranger("buy", 500, 1)
    assert not desk.now_is(order).is_open
    other = desk.add(order_type="stop-loss", side="sell", triggers=trigger("98.5", reference="index"))
    del desk.market.index["BTC/USD"]
    desk.market.trade_at(985)
    assert not desk.now_is(other).is_open


def test_an_order_is_not_activated_into_a_market_that_would_not_take_it() -> None:
    """It goes on waiting, and comes with the next price once the market is open."""
    desk = Desk()
    order = desk.add(order_type="stop-loss", side="sell", triggers=trigger("99"))
    desk.listing.set_pair("BTC/USD", "limit_only")
    desk.market.trade_at(985)
    assert desk.now_is(order).is_open
    desk.listing.set_pair("BTC/USD", "online")
    desk.market.trade_at(985)
    assert not desk.now_is(order).is_open


def test_without_a_last_price_a_trigger_cannot_be_placed() -> None:
    """Nobody knows where the market is."""
    desk = Desk(last=None)
    assert desk.add(order_type="stop-loss", side="sell", triggers=trigger("99")).status == "canceled"


# --- by force, and by time ------------------------------------------------------------------------------------------


def test_a_fill_can_be_forced_whatever_the_market() -> None:
    """In part or whole, at its price or another, and it is a public trade."""
    desk = Desk()
    order = desk.add()
    assert desk.trading.force_fill(order.order_id, D("0.25"), D(90), desk.now).cum_qty == BTC // 4
    assert desk.trading.fills[0].price == 900
    assert desk.market.last_price("BTC/USD") == 900
    assert desk.trading.force_fill(order.order_id, None, None, desk.now).status == "filled"
    with pytest.raises(Rejection, match="EOrder:Unknown order"):
        desk.trading.force_fill(order.order_id, None, None, desk.now)


def test_more_than_is_left_cannot_be_forced() -> None:
    """The quantity is refused."""
    desk = Desk()
    order = desk.add()
    with pytest.raises(Rejection, match=f"{INVALID}order_qty"):
        desk.trading.force_fill(order.order_id, D(2), None, desk.now)


def test_a_scheduled_order_that_the_market_does_not_take_is_cancelled() -> None:
    """When its time comes."""
    desk = Desk()
    order = desk.add(effective_ns=desk.now + 10**9)
    desk.listing.set_system("cancel_only")
    desk.wait(1)
    assert desk.now_is(order).reason == "Market unavailable"


def test_a_photograph_of_an_order_does_not_change() -> None:
    """Later states are other values."""
    desk = Desk()
    order = desk.add()
    kept = replace(order)
    desk.market.stranger("sell", 1000, BTC)
    assert order == kept
    assert desk.now_is(order) != kept
