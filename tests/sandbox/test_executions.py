"""The executions channel: what an order's life looks like on the wire, event by event, key by key."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.sandbox.json_text import read
from tests.fixtures import sample
from tests.sandbox.talk import Trader, a_quiet_exchange, said, subscribe, unsubscribe, wait

NAMES = {"cl_ord_id", "order_userref"}


def trader(*channels: str, **options: Any) -> Trader:
    """Somebody who listens to ``executions``."""
    return Trader(a_quiet_exchange(), "executions", *channels, **options)


def documented(name: str, index: int = 0) -> Any:
    """An element of the data of a documented message."""
    return read(sample(f"executions/{name}"))["data"][index]


def assert_alike(report: Any, expected: Any) -> None:
    """The same keys with values of the same JSON types, nested ones too; either of the client's names for the order."""
    assert set(report) - NAMES == set(expected) - NAMES
    assert len(NAMES & set(report)) == 1
    for key in set(report) - NAMES:
        number = isinstance(expected[key], int | Decimal) and not isinstance(expected[key], bool)
        if isinstance(expected[key], dict):
            assert set(report[key]) == set(expected[key])
        else:
            assert isinstance(report[key], int | Decimal if number else type(expected[key])), key


def decimals(value: Decimal) -> int:
    """How many decimals were printed."""
    return -int(value.as_tuple().exponent)


def kinds(reports: list[Any]) -> list[str]:
    """What kinds of reports they are."""
    return [report["exec_type"] for report in reports]


def test_the_acknowledgement_is_the_one_that_was_seen() -> None:
    """With the counter's maximum of the tier, and the four warnings; then the snapshot, numbered 1, even if empty."""
    acknowledged, snapshot = trader().heard
    expected = read(sample("executions/subscribe-ack-observed"))
    assert acknowledged["result"] == {**expected["result"], "maxratecount": 125}
    assert set(acknowledged) == set(expected)
    assert snapshot == read(sample("executions/snapshot-empty"))
    pro = Trader(a_quiet_exchange(tier="pro"), "executions")
    assert pro.heard[0]["result"] == expected["result"]


def test_a_resting_order_is_pending_then_new() -> None:
    """The answer first, then a message each; only the first describes the order."""
    person = trader()
    person.heard.clear()
    order_id = person.add(order_userref=3)
    answer, *messages = person.heard
    assert answer["method"] == "add_order"
    assert [each["sequence"] for each in messages] == [2, 3]
    (pending,), (new,) = (each["data"] for each in messages)
    assert_alike(pending, documented("pending_new"))
    assert_alike(new, documented("new"))
    assert {pending["order_id"], new["order_id"]} == {order_id}
    assert (pending["order_userref"], pending["order_status"], new["order_status"]) == (3, "pending_new", "new")
    assert (pending["time_in_force"], pending["limit_price"]) == ("GTC", person.price(-100))


def test_numbers_have_all_their_digits() -> None:
    """Price, quantity and cost with the pair's precisions, money with the asset's, dollars with five."""
    person = trader()
    person.add(order_type="market")
    pending, _, trade, filled = person.reports()
    digits = {key: decimals(value) for key, value in trade.items() if isinstance(value, Decimal)}
    assert digits == {
        "last_price": 4, "avg_price": 4, "last_qty": 8, "cum_qty": 8, "cost": 6, "cum_cost": 6, "fee_usd_equiv": 5,
    }  # fmt: skip
    assert decimals(trade["fees"][0]["qty"]) == 4
    assert pending["order_qty"] == filled["cum_qty"] == 10
    assert filled["cum_cost"] == trade["last_price"] * 10


def test_a_market_order_trades_and_is_filled_by_a_report_of_its_own() -> None:
    """The last trade still says partially filled; the end has neither symbol nor side."""
    person = trader()
    person.add(order_type="market", cl_ord_id="mine")
    pending, new, trade, filled = person.reports()
    assert kinds([pending, new, trade, filled]) == ["pending_new", "new", "trade", "filled"]
    assert_alike(trade, documented("trade"))
    assert_alike(filled, documented("filled"))
    assert (trade["order_status"], filled["order_status"]) == ("partially_filled", "filled")
    assert trade["liquidity_ind"] == "t"
    assert {report["cl_ord_id"] for report in (pending, new, trade, filled)} == {"mine"}


def test_a_maker_is_filled_in_parts() -> None:
    """By strangers who come to its price; each fill with the public trade's number."""
    person = trader()
    person.add(limit_price=person.price(1))
    person.stranger("sell", "4")
    person.stranger("sell", "6")
    person.listen()
    reports = person.reports()
    assert kinds(reports) == ["pending_new", "new", "trade", "trade", "filled"]
    first, second = reports[2:4]
    assert_alike(first, documented("trade-maker-partial"))
    assert [first["cum_qty"], second["cum_qty"]] == [4, 10]
    assert first["liquidity_ind"] == second["liquidity_ind"] == "m"
    public = person.market.trades("DOT/USD", 2)
    assert [first["trade_id"], second["trade_id"]] == [trade.trade_id for trade in public]


def test_ends_carry_totals_and_a_reason() -> None:
    """Cancelled by its owner, for being post-only, or at its end of time."""
    person = trader()
    person.add()
    person.ask("cancel_order", order_id=[person.reports()[0]["order_id"]])
    (canceled,) = person.reports()
    assert_alike(canceled, documented("canceled"))
    assert canceled["reason"] == canceled["cancel_reason"] == "User requested"
    person.add(limit_price=person.price(50), post_only=True, cl_ord_id="po-1")
    pending, canceled = person.reports()
    assert pending["post_only"] is True
    assert_alike(canceled, documented("canceled-post-only"))
    assert canceled["reason"] == "Post only order"
    person.add(time_in_force="gtd", expire_time="2026-05-28T20:27:00Z")
    pending, _ = person.reports()
    assert (pending["time_in_force"], pending["expire_time"]) == ("GTD", "2026-05-28T20:27:00.000000Z")
    wait(person.exchange, 30)
    (expired,) = person.reports()
    assert_alike(expired, documented("expired"))
    assert expired["timestamp"] == "2026-05-28T20:27:00.000000Z"


def test_an_amendment_shows_what_is_in_force_now() -> None:
    """Also of an order that is partly filled already."""
    person = trader()
    order_id = person.add(limit_price=person.price(1))
    person.stranger("sell", "4")
    person.reports()
    price = person.price(-3)
    person.ask("amend_order", order_id=order_id, limit_price=price, order_qty=12)
    (amended,) = person.reports()
    assert_alike(amended, documented("amended"))
    assert (amended["cum_qty"], amended["order_qty"], amended["limit_price"]) == (4, 12, price)
    assert amended["order_status"] == "partially_filled"
    assert amended["reason"] == "User requested"


def test_an_iceberg_tells_of_its_refills() -> None:
    """And of what it shows."""
    person = trader()
    person.add(order_type="iceberg", limit_price=person.price(1), display_qty=2)
    pending, new = person.reports()
    assert (pending["display_qty"], pending["display_qty_remain"]) == (2, 2)
    person.stranger("sell", "2")
    reports = person.reports()
    assert kinds(reports) == ["trade", "iceberg_refill"]
    assert_alike(reports[1], documented("iceberg_refill"))
    assert new["order_status"] == "new"


def test_a_trigger_waits_and_then_is_told_of() -> None:
    """Untriggered in the description, activated by a report of kind ``status``, then the order trades."""
    person = trader()
    bid = person.price(0)
    person.stranger("buy", "0.1")
    person.add(order_type="stop-loss", side="sell", order_qty=1, triggers={"price": bid - Decimal("0.0005")})
    pending, new = person.reports()
    assert_alike(new, documented("new"))
    assert set(pending["triggers"]) >= set(documented("pending_new-secondary")["triggers"])
    assert pending["triggers"]["status"] == "untriggered"
    assert (pending["stop_price"], pending["trigger"]) == (bid - Decimal("0.0005"), "last")
    person.stranger("sell", "200")
    reports = person.reports()
    assert kinds(reports)[0] == "status"
    assert kinds(reports)[-1] == "filled"
    assert_alike(reports[0], documented("status-trigger-activated"))


def test_a_trailing_stop_tells_of_each_new_peak() -> None:
    """With the price that would activate it now."""
    person = trader()
    person.stranger("buy", "0.1")
    person.add(order_type="trailing-stop", side="sell", triggers={"price": Decimal("5.0"), "price_type": "pct"})
    person.reports()
    person.stranger("buy", "1000")
    report = person.reports()[-1]
    assert_alike(report, documented("status-trailing-peak"))
    assert report["triggers"]["actual_price"] < report["triggers"]["peak_price"]


def test_a_template_becomes_an_order_with_each_fill() -> None:
    """The primary describes it, the secondary names the primary."""
    person = trader()
    low = person.price(-300)
    close = {"order_type": "stop-loss-limit", "trigger_price": low, "limit_price": low}
    order_id = person.add(limit_price=person.price(1), conditional=close)
    pending, _ = person.reports()
    assert_alike(pending, documented("pending_new-conditional"))
    assert pending["contingent"]["trigger_price"] == low
    person.stranger("sell", "4")
    trade, secondary, new = person.reports()
    assert kinds([trade, secondary, new]) == ["trade", "pending_new", "new"]
    expected = documented("pending_new-secondary")
    assert set(secondary) - NAMES == set(expected) - NAMES
    assert (secondary["ord_ref_id"], secondary["side"], secondary["order_qty"]) == (order_id, "sell", 4)


def test_a_snapshot_holds_the_open_orders() -> None:
    """Each as it stands, triggers and all; not those that are closed."""
    person = trader()
    person.add(limit_price=person.price(1))
    person.stranger("sell", "4")
    person.stranger("buy", "0.1")
    person.add(order_type="stop-loss-limit", side="sell", cl_ord_id="tp-20260504-01",
               triggers={"price": person.price(-50)}, limit_price=person.price(-60))  # fmt: skip
    person.add(order_type="market")
    snapshot = Trader(person.exchange, "executions").heard[1]
    assert (snapshot["type"], snapshot["sequence"]) == ("snapshot", 1)
    limit, stop = snapshot["data"]
    assert_alike(limit, documented("snapshot-open-orders", 0))
    assert_alike(stop, documented("snapshot-open-orders", 1))
    assert (limit["order_status"], limit["cum_qty"], stop["order_status"]) == ("partially_filled", 4, "new")
    assert Trader(person.exchange, "executions", snap_orders=False).heard[1]["data"] == []


@pytest.mark.promise("P-02")
@pytest.mark.fault("F-165")
def test_a_snapshot_holds_no_more_than_the_last_fifty_fills() -> None:
    """After eighty, and only if they are asked for; the newest last, without what had been filled in all."""
    person = trader()
    order_id = person.add(order_qty=500, limit_price=person.price(1))
    for _ in range(80):
        person.stranger("sell", "1")
    newest = person.reports()[-1]
    assert len(Trader(person.exchange, "executions").heard[1]["data"]) == 1
    snapshot = Trader(person.exchange, "executions", snap_trades=True).heard[1]["data"]
    (order,), fills = snapshot[:1], snapshot[1:]
    assert order["order_id"] == order_id
    assert len(fills) == 50
    assert_alike(fills[0], documented("snapshot-trades"))
    assert fills[-1]["exec_id"] == newest["exec_id"]
    assert [fill["trade_id"] for fill in fills] == sorted(fill["trade_id"] for fill in fills)


def test_reports_of_one_kind_share_a_message() -> None:
    """The trades of one order that walks the book, and the cancels of all; others have one of their own."""
    person = trader()
    person.heard.clear()
    person.add(order_type="market", order_qty=2000)
    person.add()
    person.add()
    person.ask("cancel_all")
    shapes = [kinds(each["data"]) for each in person.heard if "sequence" in each]
    trades = len(person.exchange.trading.fills)
    assert trades > 1
    assert shapes[:4] == [["pending_new"], ["new"], ["trade"] * trades, ["filled"]]
    assert shapes[4:] == [["pending_new"], ["new"]] * 2 + [["canceled", "canceled"]]


def test_every_subscription_counts_its_own_messages() -> None:
    """From 1 on, whatever other connections hear; a new subscription starts anew."""
    first = trader()
    first.add()
    second = Trader(first.exchange, "executions")
    first.add()
    first.listen()
    second.listen()
    assert [each["sequence"] for each in first.heard if "sequence" in each] == [1, 2, 3, 4, 5]
    assert [each["sequence"] for each in second.heard if "sequence" in each] == [1, 2, 3]
    (left,) = unsubscribe(first.session, "executions", token=first.token)
    assert left["result"] == read(sample("executions/unsubscribe-ack"))["result"]
    first.add()
    assert said(first.session) == []
    again = subscribe(first.session, "executions", token=first.token)[1]
    assert (again["sequence"], len(again["data"])) == (1, 3)


def test_without_order_status_only_the_outline_is_told() -> None:
    """New, trades and ends; what is left out uses no number."""
    person = trader(order_status=False)
    order_id = person.add()
    person.ask("amend_order", order_id=order_id, order_qty=12)
    person.ask("cancel_order", order_id=[order_id])
    updates = [each for each in person.heard if each.get("type") == "update"]
    assert [each["sequence"] for each in updates] == [2, 3]
    assert kinds(person.reports()) == ["new", "canceled"]


def test_the_rate_counter_stands_beside_each_report() -> None:
    """If it was asked for: a cancel of a young order costs eight."""
    person = trader(ratecounter=True)
    order_id = person.add()
    person.ask("cancel_order", order_id=[order_id])
    assert [report["ratecount"] for report in person.reports()] == [1, 1, 9]


def test_a_master_hears_updates_without_a_snapshot() -> None:
    """Its first message is numbered 1."""
    person = trader(users="all")
    assert len(person.heard) == 1
    person.add()
    assert [each["sequence"] for each in person.heard if "sequence" in each] == [1, 2]


def test_an_exchange_tells_the_same_story_twice() -> None:
    """Same seed, same requests: the same bytes, ids and all."""

    def story() -> list[Any]:
        person = trader("balances")
        person.add(limit_price=person.price(1))
        person.stranger("sell", "4")
        person.add(order_type="market")
        person.ask("cancel_all")
        return person.heard

    assert json.dumps(story(), default=str) == json.dumps(story(), default=str)
