"""Faults of the acting road: requests lost, answered late or never, lines cut, fills nobody is told of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.errors import SandboxError
from tests.sandbox.talk import Trader, a_quiet_exchange, wait

ORDER: dict[str, Any] = {"order_type": "market", "side": "buy", "symbol": "DOT/USD", "order_qty": 1}


def trader() -> Trader:
    """Somebody who listens to everything of the account."""
    return Trader(a_quiet_exchange(), "executions", "balances")


def kinds(reports: list[Any]) -> list[str]:
    """What kinds of reports they are."""
    return [report["exec_type"] for report in reports]


def test_a_lost_request_does_nothing() -> None:
    """No answer, no report; the next one is dealt with."""
    person = trader()
    person.exchange.faults.lose_request("add_order")
    assert person.ask("add_order", **ORDER) == []
    assert person.reports() == []
    assert person.ask("add_order", **ORDER)[0]["success"]


def test_a_lost_reply_is_an_order_nonetheless() -> None:
    """It is executed and reported; only the answer never comes."""
    person = trader()
    person.exchange.faults.lose_reply("add_order")
    assert person.ask("add_order", **ORDER) == []
    assert kinds(person.reports()) == ["pending_new", "new", "trade", "filled"]


def test_a_late_answer_comes_after_its_reports() -> None:
    """What it did is told at once."""
    person = trader()
    person.exchange.faults.delay("add_order", 8)
    assert person.ask("add_order", **ORDER) == []
    assert kinds(person.reports()) == ["pending_new", "new", "trade", "filled"]
    wait(person.exchange, 7.9)
    assert person.listen() == []
    wait(person.exchange, 0.1)
    (answer,) = person.listen()
    assert answer["success"]


@pytest.mark.parametrize(("point", "is_placed", "is_told"), [("received", 0, 0), ("accepted", 1, 0), ("acked", 1, 1)])
def test_a_line_is_cut_at_a_point_of_an_orders_way(point: Any, is_placed: int, is_told: int) -> None:
    """Before the engine, behind it, behind the answer; other connections hear what was done."""
    person = trader()
    other = Trader(person.exchange, "executions")
    person.exchange.faults.cut("add_order", point)
    answers = person.ask("add_order", **ORDER)
    assert person.session.reset_request
    assert len(answers) == is_told
    assert len(person.exchange.trading.fills) == is_placed
    assert kinds(other.reports()) == ["pending_new", "new", "trade", "filled"] * is_placed


def test_a_rate_that_was_set_is_kept_to() -> None:
    """The request over it is refused and does nothing."""
    person = trader()
    person.exchange.faults.rate_limit("add_order", 1)
    (answer,) = person.ask("add_order", **ORDER)
    assert answer["error"] == "Exceeded msg rate"
    assert person.exchange.trading.fills == ()


def test_a_request_that_is_held_does_nothing_until_then() -> None:
    """An order may be filled while the cancel is on its way."""
    person = trader()
    order_id = person.add()
    person.reports()
    person.exchange.faults.hold("cancel_order", 2)
    assert person.ask("cancel_order", order_id=[order_id]) == []
    person.exchange.faults.fill(order_id)
    wait(person.exchange, 2)
    (answer,) = person.listen()
    assert answer["error"] == "EOrder:Unknown order"
    assert kinds(person.reports()) == ["trade", "filled"]


def test_what_is_held_dies_with_its_connection() -> None:
    """The gateway is reset and forgets it."""
    person = trader()
    person.exchange.faults.hold("add_order", 2)
    person.ask("add_order", **ORDER)
    person.exchange.faults.reset("private")
    wait(person.exchange, 3)
    assert person.exchange.trading.fills == ()


def test_a_fill_on_demand_is_like_any_other() -> None:
    """Reported and booked, in part or whole, at the order's price or another; the public sees the trade."""
    person = trader()
    order_id = person.add()
    person.reports()
    person.exchange.faults.fill(order_id, "4", "3.5")
    person.exchange.faults.fill(order_id)
    first, second, filled = person.reports()
    assert (first["last_qty"], first["last_price"], first["liquidity_ind"]) == (4, Decimal("3.5"), "m")
    assert (second["last_qty"], second["last_price"]) == (6, person.price(-100))
    assert filled["exec_type"] == "filled"
    assert [(each["asset"], each["amount"]) for each in person.entries()[:2]] == [("DOT", 4), ("USD", -14)]
    assert [trade.trade_id for trade in person.market.trades("DOT/USD", 2)] == [first["trade_id"], second["trade_id"]]


def test_a_silent_fill_is_told_nowhere_but_on_rest() -> None:
    """And no number is missing: nothing on the socket betrays it."""
    person = trader()
    order_id = person.add()
    person.heard.clear()
    person.exchange.faults.fill(order_id, silent=True)
    person.add()
    person.listen()
    assert [each["sequence"] for each in person.heard if each.get("channel") == "executions"] == [4, 5]
    assert [each for each in person.heard if each.get("channel") == "balances"] == []
    seen = person.rest("QueryOrders", txid=order_id)["result"][order_id]
    assert (seen["status"], Decimal(seen["vol_exec"])) == ("closed", Decimal(10))


def test_what_cannot_be_filled_is_an_error() -> None:
    """An order that is not open, more than there is of it."""
    person = trader()
    with pytest.raises(SandboxError, match="EOrder:Unknown order"):
        person.exchange.faults.fill("OAAAAA-BBBBB-CCCCCC")
    with pytest.raises(SandboxError, match="no number"):
        person.exchange.faults.fill(person.add(), "much")


def test_sequences_jump_on_demand() -> None:
    """One channel's or both; each subscription goes on from there."""
    person = trader()
    person.heard.clear()
    person.exchange.faults.skip_seq(3, "executions")
    person.add(order_type="market")
    assert [(each["channel"], each["sequence"]) for each in person.heard if "sequence" in each] == [
        *(("executions", number) for number in (5, 6, 7, 8)), ("balances", 2), ("balances", 3),
    ]  # fmt: skip
    person.heard.clear()
    person.exchange.faults.skip_seq(1)
    person.add(order_type="market")
    assert [(each["channel"], each["sequence"]) for each in person.heard if "sequence" in each] == [
        *(("executions", number) for number in (10, 11, 12, 13)), ("balances", 5), ("balances", 6),
    ]  # fmt: skip


def test_rest_lags_behind_on_demand() -> None:
    """Orders and trades are as they were so long ago; nothing new is known yet, and what is sent acts at once."""
    person = trader()
    old = person.add(limit_price=person.price(1))
    wait(person.exchange, 30)
    person.stranger("sell", "4")
    new = person.add()
    person.exchange.faults.rest_lag(10)
    seen = person.rest("OpenOrders")["result"]["open"]
    assert {order_id: Decimal(order["vol_exec"]) for order_id, order in seen.items()} == {old: 0}
    assert person.rest("TradesHistory")["result"] == {"trades": {}, "count": 0}
    assert person.rest("CancelOrder", txid=old)["result"] == {"count": 1}
    assert old in person.rest("OpenOrders")["result"]["open"]
    wait(person.exchange, 10)
    assert set(person.rest("OpenOrders")["result"]["open"]) == {new}
    assert person.rest("ClosedOrders")["result"]["closed"][old]["status"] == "canceled"
    assert len(person.rest("TradesHistory")["result"]["trades"]) == 1


def test_a_restart_leaves_orders_open() -> None:
    """Connections and tokens are gone; there is no cancel on disconnect."""
    person = trader()
    order_id = person.add()
    person.exchange.faults.restart()
    assert person.session.reset_request
    again = Trader(person.exchange, "executions")
    assert [order["order_id"] for order in again.heard[1]["data"]] == [order_id]


def test_a_sweep_takes_a_share_of_what_is_offered_and_the_accounts_own_orders_with_it() -> None:
    """One real market order: trades from the best price on, the book emptier by that share, and never crossed."""
    person = trader()
    engine = person.exchange.market.engine("DOT/USD")
    best = engine.prices("buy")[0] + engine.pair.price_increment
    price = Decimal(best).scaleb(-engine.pair.price_precision)
    person.ask("add_order", order_type="limit", side="buy", symbol="DOT/USD", order_qty=2, limit_price=price)
    person.reports()
    before, trades = engine.takeable("sell", 10**18)[0], len(person.exchange.market.trades("DOT/USD", 10**6))
    person.exchange.faults.sweep("DOT/USD", "sell", 0.5)
    assert kinds(person.reports()) == ["trade", "filled"]
    assert engine.takeable("sell", 10**18)[0] == pytest.approx(before / 2, rel=1e-6)
    told = person.exchange.market.trades("DOT/USD", 10**6)[trades:]
    assert [trade.side for trade in told] == ["sell"] * len(told)
    assert told[0].price == best
    assert [trade.price for trade in told] == sorted((trade.price for trade in told), reverse=True)
    assert engine.prices("buy")[0] < engine.prices("sell")[0]


def test_a_sweep_of_everything_empties_a_side_until_somebody_quotes_it_again() -> None:
    """Also upwards; where nothing is offered any more that is said, and the market lives on."""
    exchange = a_quiet_exchange(rate=50.0)
    engine = exchange.market.engine("DOT/USD")
    exchange.faults.sweep("DOT/USD", "buy", 1.0)
    assert len(engine.prices("sell")) == 0
    with pytest.raises(SandboxError, match="Nothing is offered to who would buy DOT/USD"):
        exchange.faults.sweep("DOT/USD", "buy", 1.0)
    wait(exchange, 20)
    assert engine.prices("buy")[0] < engine.prices("sell")[0]


@pytest.mark.parametrize(("side", "share"), [("sell", 0), ("sell", 1.5), ("up", 0.5)])
def test_a_sweep_that_cannot_be_meant_is_refused(side: Any, share: float) -> None:
    """And nothing is traded."""
    exchange = a_quiet_exchange()
    with pytest.raises(SandboxError, match="is not possible"):
        exchange.faults.sweep("DOT/USD", side, share)


def test_a_sweep_keeps_to_the_state_of_the_market() -> None:
    """A pair that takes no market orders takes none of a stranger's either."""
    exchange = a_quiet_exchange()
    exchange.faults.pair_status("DOT/USD", "post_only")
    with pytest.raises(SandboxError, match="takes no market orders now: online, post_only"):
        exchange.faults.sweep("DOT/USD")
