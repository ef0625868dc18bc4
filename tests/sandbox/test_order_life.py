"""The order of reports in every case of an order's life, and what the account shows at each."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from kraken_lab.sandbox.order_terms import Amendment, ConditionalTerms, Edit
from kraken_lab.sandbox.trading import Rejection
from tests.sandbox.bare_market import Desk, order_terms, trigger

BTC = 10**8  # one coin in scaled units


def test_a_limit_order_rests() -> None:
    """It is pending, then new, in one action, and stands in the book under its own id."""
    desk = Desk()
    order = desk.add()
    assert len(desk.told) == 1
    assert desk.heard() == ["pending_new", "new"]
    assert order.status == "new"
    assert desk.queue("buy", 1000) == [(order.order_id, BTC)]
    assert desk.trading.open_orders == (order,)


def test_a_limit_order_fills_in_two_parts_later() -> None:
    """The last fill still says partially filled; filled follows as its own report, in the same action."""
    desk = Desk()
    order = desk.add()
    desk.heard()
    desk.market.stranger("sell", 1000, BTC // 4)
    assert [(r.kind, r.order.status, r.order.cum_qty) for r in desk.told[-1]] == [
        ("trade", "partially_filled", BTC // 4)
    ]
    desk.market.stranger("sell", 1000, BTC)
    assert [(r.kind, r.order.status, r.order.cum_qty) for r in desk.told[-1]] == [
        ("trade", "partially_filled", BTC),
        ("filled", "filled", BTC),
    ]
    fill = desk.told[-1][0].fill
    assert fill is not None
    assert (fill.qty, fill.price, fill.liquidity, fill.order_id) == (BTC * 3 // 4, 1000, "m", order.order_id)
    assert desk.trading.open_orders == ()
    assert desk.trading.closed_orders == (desk.now_is(order),)


def test_a_market_order_takes_what_there_is() -> None:
    """Pending, new, a trade for each maker, filled: one action; the trades have the public ids."""
    desk = Desk()
    desk.market.stranger("sell", 1010, BTC // 2)
    desk.market.stranger("sell", 1020, BTC)
    order = desk.add(order_type="market")
    assert desk.heard() == ["pending_new", "new", "trade", "trade", "filled"]
    assert (order.status, order.avg_price) == ("filled", 1015)
    newest, before = desk.trading.fills
    assert (newest.trade_id, before.trade_id) == (3, 2)
    assert {newest.liquidity, before.liquidity} == {"t"}


def test_a_market_order_that_finds_too_little_is_cancelled() -> None:
    """What it found is filled; the rest never rests."""
    desk = Desk()
    desk.market.stranger("sell", 1010, BTC // 2)
    order = desk.add(order_type="market")
    assert desk.heard() == ["pending_new", "new", "trade", "canceled: Insufficient liquidity"]
    assert (order.status, order.cum_qty) == ("canceled", BTC // 2)
    assert desk.market.engine("BTC/USD").best("buy") is None


def test_a_refused_order_is_reported_nowhere() -> None:
    """Funds, sizes, steps: the answer is all that there is."""
    desk = Desk()
    assert desk.refusal(limit_price="100000", order_qty="100") == "EOrder:Insufficient funds"
    assert desk.told == []
    assert desk.trading.open_orders == desk.trading.closed_orders == ()
    assert desk.trading.holdings["USD"].hold == 0


def test_a_post_only_order_that_would_take_is_accepted_and_cancelled() -> None:
    """It never was new, took nothing, and holds nothing."""
    desk = Desk()
    desk.market.stranger("sell", 1000, BTC)
    order = desk.add(post_only=True)
    assert desk.heard() == ["pending_new", "canceled: Post only order"]
    assert (order.status, order.cum_qty) == ("canceled", 0)
    assert desk.queue("sell", 1000) == [("S3", BTC)]
    assert desk.trading.holdings["USD"].hold == 0


def test_immediate_or_cancel_keeps_what_it_got() -> None:
    """The rest is cancelled with what was filled in the report."""
    desk = Desk()
    desk.market.stranger("sell", 1000, BTC // 4)
    desk.add(time_in_force="ioc")
    last = desk.told[-1][-1]
    assert desk.heard() == ["pending_new", "new", "trade", "canceled: Immediate or cancel"]
    assert last.order.cum_qty == BTC // 4


def test_immediate_or_cancel_that_finds_nobody_ends_at_once() -> None:
    """Nothing of it rests."""
    desk = Desk()
    desk.add(time_in_force="ioc")
    assert desk.heard() == ["pending_new", "new", "canceled: Immediate or cancel"]
    assert desk.market.engine("BTC/USD").best("buy") is None


def test_fill_or_kill_that_cannot_fill_is_accepted_and_cancelled() -> None:
    """There is no trade in any case."""
    desk = Desk()
    desk.market.stranger("sell", 1000, BTC - 1)
    order = desk.add(time_in_force="fok")
    assert desk.heard() == ["pending_new", "canceled: Fill or kill"]
    assert order.cum_qty == 0


def test_fill_or_kill_that_can_fill_does() -> None:
    """As a market order within its limit."""
    desk = Desk()
    desk.market.stranger("sell", 1000, BTC)
    assert desk.add(time_in_force="fok").status == "filled"
    assert desk.heard() == ["pending_new", "new", "trade", "filled"]


def test_good_till_date_runs_out_at_its_time() -> None:
    """Not before, and not because anybody asked."""
    desk = Desk()
    order = desk.add(time_in_force="gtd", expire_ns=desk.now + 10 * 10**9)
    desk.wait(9.9)
    assert desk.now_is(order).status == "new"
    desk.heard()
    desk.wait(0.1)
    assert desk.heard() == ["expired"]
    assert desk.now_is(order).closed_ns == order.created_ns + 10 * 10**9
    assert desk.queue("buy", 1000) == []


def test_a_stop_loss_waits_and_is_sent_as_a_market_order() -> None:
    """Untriggered it is in no book; activated it says at which price, and trades."""
    desk = Desk()
    order = desk.add(order_type="stop-loss", side="sell", triggers=trigger("99"))
    assert desk.heard() == ["pending_new", "new"]
    assert order.trigger is not None
    assert (order.trigger.status, order.trigger.actual_price) == ("untriggered", 990)
    assert desk.market.engine("BTC/USD").best("sell") is None
    desk.market.trade_at(991)
    assert desk.heard() == []
    desk.market.stranger("buy", 985, 2 * BTC)
    desk.market.trade_at(989)
    assert len(desk.told) == 1
    activated = desk.told[0][0].order.trigger
    assert desk.heard() == ["status", "trade", "filled"]
    assert activated is not None
    assert (activated.status, activated.last_price) == ("triggered", 989)
    assert desk.trading.fills[0].price == 985


def test_a_take_profit_limit_rests_at_its_limit() -> None:
    """Activated, it is a limit order as any other."""
    desk = Desk()
    order = desk.add(order_type="take-profit-limit", side="sell", triggers=trigger("101"), limit_price="101.5")
    desk.heard()
    desk.market.trade_at(1010)
    assert desk.heard() == ["status"]
    assert desk.queue("sell", 1015) == [(order.order_id, BTC)]


def test_a_trailing_stop_follows_the_peak() -> None:
    """Each new peak is a report; a fall from the peak by the offset activates it."""
    desk = Desk()
    order = desk.add(order_type="trailing-stop", side="sell", triggers=trigger("2", price_type="quote"))
    desk.heard()
    desk.market.trade_at(1030)
    moved = desk.now_is(order).trigger
    assert moved is not None
    assert (moved.peak_price, moved.actual_price) == (1030, 1010)
    assert desk.heard() == ["status"]
    desk.market.trade_at(1011)
    assert desk.heard() == []
    desk.market.trade_at(1010)
    assert desk.heard() == ["status", "canceled: Insufficient liquidity"]


def test_an_iceberg_refills_what_it_shows() -> None:
    """After the displayed part is used up there is more of it, at the back of the queue."""
    desk = Desk()
    order = desk.add(order_type="iceberg", display_qty="0.4")
    assert desk.heard() == ["pending_new", "new"]
    desk.market.stranger("buy", 1000, BTC)
    desk.market.stranger("sell", 1000, BTC * 4 // 10)
    assert desk.heard() == ["trade", "iceberg_refill"]
    assert desk.queue("buy", 1000) == [("S3", BTC), (order.order_id, BTC * 4 // 10)]
    assert desk.now_is(order).display_remain == BTC * 4 // 10
    desk.market.stranger("sell", 1000, BTC + BTC * 6 // 10)
    assert desk.heard() == ["trade", "iceberg_refill", "trade", "filled"]


def test_an_amended_order_is_reported_as_amended() -> None:
    """Same id, new figures, and the report says that the user asked for it."""
    desk = Desk()
    order = desk.add()
    desk.heard()
    amend_id, amended = desk.trading.amend(Amendment(order_id=order.order_id, limit_price=D("99")), desk.now)
    assert desk.heard() == ["amended: User requested"]
    assert amend_id.startswith("T")
    assert (amended.order_id, amended.limit_price, amended.amended) == (order.order_id, 990, True)


def test_amending_to_what_is_filled_ends_the_order() -> None:
    """The quantity becomes the filled one and the rest is cancelled."""
    desk = Desk()
    order = desk.add()
    desk.market.stranger("sell", 1000, BTC // 2)
    desk.heard()
    _, amended = desk.trading.amend(Amendment(order_id=order.order_id, order_qty=D("0.1")), desk.now)
    assert desk.heard() == ["amended: User requested", "canceled: User requested"]
    assert (amended.status, amended.order_qty, amended.cum_qty) == ("canceled", BTC // 2, BTC // 2)
    assert desk.queue("buy", 1000) == []


def test_an_edited_order_makes_room_for_another() -> None:
    """The old one is cancelled and the new one, under a new id, is pending and new."""
    desk = Desk()
    order = desk.add(order_userref=5)
    desk.heard()
    anew = desk.trading.edit(Edit(order_id=order.order_id, symbol="BTC/USD", limit_price=D("99")), desk.now)
    assert anew is not None
    assert desk.heard() == ["canceled: Order replaced", "pending_new", "new"]
    assert (anew.ord_ref_id, anew.limit_price, anew.terms.order_userref) == (order.order_id, 990, 5)
    assert anew.order_id != order.order_id


def test_a_cancelled_order_says_who_asked() -> None:
    """And is gone from the book."""
    desk = Desk()
    order = desk.add()
    desk.heard()
    assert [gone.status for gone in desk.trading.cancel(desk.now, order_id=order.order_id)] == ["canceled"]
    assert desk.heard() == ["canceled: User requested"]
    assert desk.queue("buy", 1000) == []


def test_cancelling_a_gone_order_is_refused_and_reported_nowhere() -> None:
    """Also one that never was."""
    desk = Desk()
    order = desk.add()
    desk.trading.cancel(desk.now, order_id=order.order_id)
    desk.heard()
    for unknown in ({"order_id": order.order_id}, {"cl_ord_id": "nobody"}, {"order_userref": 1}):
        with pytest.raises(Rejection, match=r"^EOrder:Unknown order$"):
            desk.trading.cancel(desk.now, **unknown)
    assert desk.heard() == []


def test_each_fill_of_a_primary_creates_a_secondary() -> None:
    """The other side, the filled quantity, pending and new right after its trade, and it names its primary."""
    desk = Desk()
    close = ConditionalTerms(order_type="limit", limit_price=D("103"))
    primary = desk.add(conditional=close)
    desk.heard()
    desk.market.stranger("sell", 1000, BTC // 4)
    assert desk.heard() == ["trade", "pending_new", "new"]
    desk.market.stranger("sell", 1000, BTC)
    assert desk.heard() == ["trade", "pending_new", "new", "filled"]
    first, second = desk.trading.open_orders
    assert [(o.side, o.order_qty, o.ord_ref_id) for o in (first, second)] == [
        ("sell", BTC // 4, primary.order_id),
        ("sell", BTC * 3 // 4, primary.order_id),
    ]
    assert desk.queue("sell", 1030) == [(first.order_id, BTC // 4), (second.order_id, BTC * 3 // 4)]


def test_a_secondary_stop_waits_for_its_own_trigger() -> None:
    """A trade of its primary does not count for it, a later one does."""
    desk = Desk()
    close = ConditionalTerms(order_type="stop-loss-limit", trigger_price=D("99"), limit_price=D("98"))
    desk.add(conditional=close)
    desk.market.stranger("sell", 1000, BTC)
    desk.heard()
    (secondary,) = desk.trading.open_orders
    desk.market.trade_at(985)
    assert desk.heard() == ["status"]
    assert desk.queue("sell", 980) == [(secondary.order_id, BTC)]


def test_the_dead_mans_switch_cancels_everything_once() -> None:
    """Untriggered and scheduled orders too; then it is off."""
    desk = Desk()
    desk.add()
    desk.add(order_type="stop-loss", side="sell", triggers=trigger("99"))
    desk.add(effective_ns=desk.now + 10**12)
    desk.heard()
    assert desk.trading.cancel_all_after(60, desk.now) == desk.now + 60 * 10**9
    desk.wait(59)
    assert len(desk.trading.open_orders) == 3
    desk.wait(1)
    assert desk.heard() == ["canceled: CancelAllOrdersAfter Timeout"] * 3
    desk.add()
    desk.wait(3600)
    assert len(desk.trading.open_orders) == 1


@pytest.mark.parametrize(
    ("mode", "ends", "left"),
    [
        ("cancel_newest", ["canceled: Self trade prevention"], "old"),
        ("cancel_oldest", ["canceled: Self trade prevention"], "new"),
        ("cancel_both", ["canceled: Self trade prevention"] * 2, ""),
    ],
)
def test_an_account_does_not_trade_with_itself(mode: Any, ends: list[str], left: str) -> None:
    """The newest, the oldest or both go, and there is no trade."""
    desk = Desk()
    old = desk.add()
    desk.heard()
    new = desk.add(side="sell", stp_type=mode)
    assert desk.heard() == ["pending_new", "new", *ends]
    assert desk.trading.fills == ()
    assert [order.order_id for order in desk.trading.open_orders] == [
        order.order_id for name, order in (("old", old), ("new", new)) if name == left
    ]


def test_two_traders_of_one_account_may_meet() -> None:
    """Tags say that they are different; the account gets both fills."""
    desk = Desk()
    desk.add(sender_sub_id="anne")
    desk.add(side="sell", sender_sub_id="bob")
    assert desk.heard() == ["pending_new", "new"] * 2 + ["trade", "filled"] * 2
    assert {fill.liquidity for fill in desk.trading.fills} == {"m", "t"}


def test_a_validated_order_is_not_entered() -> None:
    """Everything is checked, nothing is done."""
    desk = Desk()
    assert desk.trading.add(order_terms(validate=True), desk.now) is None
    assert desk.refusal(validate=True, order_qty="100000") == "EOrder:Insufficient funds"
    assert desk.told == []
    assert desk.trading.open_orders == ()


def test_a_scheduled_order_starts_at_its_time() -> None:
    """Until then it is pending, holds its money, and is in no book."""
    desk = Desk()
    order = desk.add(effective_ns=desk.now + 5 * 10**9)
    assert desk.heard() == ["pending_new"]
    assert order.status == "pending_new"
    assert desk.trading.holdings["USD"].hold > 0
    assert desk.queue("buy", 1000) == []
    desk.wait(5)
    assert desk.heard() == ["new"]
    assert desk.queue("buy", 1000) == [(order.order_id, BTC)]


def test_a_stop_that_would_activate_at_once_is_cancelled() -> None:
    """It is accepted first, as a post-only order is."""
    desk = Desk()
    desk.add(order_type="stop-loss", side="sell", triggers=trigger("101"))
    assert desk.heard() == ["pending_new", "canceled: Order would trigger immediately"]
