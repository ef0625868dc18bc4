"""The synthetic order flow: its parts, what it permits itself, and others in its queues."""

from __future__ import annotations

from random import Random
from typing import get_args

import numpy as np
import pytest

from kraken_lab.sandbox.arrivals import Arrivals, OrderIds
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, OrderAdded, OrderRemoved
from kraken_lab.sandbox.fair_price import FairPrice
from kraken_lab.sandbox.flow import Flow
from kraken_lab.sandbox.instruments import PAIRS, PairStatus
from kraken_lab.sandbox.listing import SystemStatus
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.permits import Permit, permit
from kraken_lab.sandbox.profiles import profile

RATE = 32.0  # of BTC/USD at the default rate of the whole market


def a_flow(symbol: str = "BTC/USD", *, seed: int = 1, rate: float = RATE) -> Flow:
    """A flow of one pair with its own engine, born at time 0."""
    pair = next(pair for pair in PAIRS if pair.symbol == symbol)
    character = profile(symbol)
    engine = Engine(pair, character.first_trade_id, OrderIds(Random(f"{seed}/ids")).new)
    return Flow(character, engine, rate=rate, start_ns=0, random=Random(f"{seed}/{symbol}"))


# --- the parts ------------------------------------------------------------------------------------------------------


def test_arrivals_keep_their_rate_and_come_in_bursts() -> None:
    """The mean is as asked; counts of ten seconds vary far more than those of a Poisson process would."""
    arrivals = Arrivals(20.0, 0, Random(5))
    times = np.array([arrivals.next() for _ in range(40_000)])
    assert (np.diff(times) > 0).all()
    counts = np.bincount(times // (10 * NS_PER_SECOND))[1:-1]
    assert counts.mean() == pytest.approx(200.0, rel=0.1)
    assert counts.var() / counts.mean() > 4.0


def test_order_ids_have_the_exchanges_form_and_do_not_repeat() -> None:
    """O and 16 capitals or digits in groups of 5, 5 and 6."""
    ids = OrderIds(Random(1))
    made = [ids.new() for _ in range(5_000)]
    assert len(set(made)) == len(made)
    for each in made:
        first, second, third = each.split("-")
        assert (first[0], len(first), len(second), len(third)) == ("O", 6, 5, 6)
        assert (first + second + third).isalnum()
        assert each.isupper()


def test_the_fair_price_comes_home_in_the_long_run() -> None:
    """A year of virtual days stays within a factor of two of the first price."""
    fair = FairPrice(1_000.0, 0.02, Random(3))
    for _ in range(365):
        fair.wander(86_400.0)
        assert 400 < fair.value < 2_500


def test_one_trade_moves_opinions_by_half_a_percent_at_most() -> None:
    """However far from the fair price somebody trades."""
    fair = FairPrice(1_000.0, 0.0, Random(3))
    fair.believe(5_000.0)
    assert fair.value == pytest.approx(1_005.0, rel=1e-4)


# --- others in the same queues --------------------------------------------------------------------------------------


def test_orders_of_others_are_never_cancelled_by_the_flow() -> None:
    """A stranger's order leaves the book only by being filled."""
    flow = a_flow(seed=2)
    prices = flow.engine.prices("buy")
    strangers = {f"MINE-{rank}" for rank in range(0, 1_000, 50)}
    for rank in range(0, 1_000, 50):
        flow.observe(flow.engine.limit("buy", prices[rank], 1_000, 0, order_id=f"MINE-{rank}"))
    filled: set[str] = set()
    for _ in range(10_000):
        batch = flow.act() or Batch("BTC/USD", 0, (), ())
        makers = {trade.maker_order_id for trade in batch.trades}
        gone = {change.order_id for change in batch.changes if isinstance(change, OrderRemoved)} & strangers
        assert gone <= makers
        filled |= gone
    assert all(flow.engine.order(order_id) is not None for order_id in strangers - filled)


def test_a_quote_better_than_the_fair_price_is_taken() -> None:
    """Somebody who bids well above everybody else is soon sold to."""
    flow = a_flow(seed=2)
    best = flow.engine.prices("sell")[0]
    price = best + best // 1_000
    flow.observe(flow.engine.limit("buy", price, 5 * 10**10, 0, order_id="MINE"))
    sold = 0
    for _ in range(300):
        batch = flow.act()
        sold += sum(trade.qty for trade in batch.trades if trade.maker_order_id == "MINE") if batch else 0
    assert sold > 10**8


@pytest.mark.parametrize(("symbol", "levels"), [("BTC/USD", 300), ("ETH/BTC", 100), ("ACA/EUR", 1)])
def test_the_market_recovers_when_somebody_buys_it_empty(symbol: str, levels: int) -> None:
    """After a whale has taken one whole side, it is filled again and the price is near what it was."""
    flow = a_flow(symbol, seed=4)
    everything = sum(qty for _, qty in flow.engine.levels("sell", 10_000))
    before = flow.fair.value
    flow.observe(flow.engine.market("buy", everything, 0))
    assert flow.engine.best("sell") is None
    most = 0
    for _ in range(3_000):
        flow.act()
        most = max(most, len(flow.engine.prices("sell")))
    assert most > levels
    assert 0.9 * before < flow.fair.value < 1.1 * before


def test_a_thin_pair_has_few_levels_and_sometimes_none() -> None:
    """Fewer than ten levels a side at all times, and each side is seen empty."""
    flow = a_flow("ACA/EUR", seed=1, rate=0.4)
    seen: dict[str, set[int]] = {"buy": set(), "sell": set()}
    for _ in range(6_000):
        flow.act()
        seen["buy"].add(len(flow.engine.prices("buy")))
        seen["sell"].add(len(flow.engine.prices("sell")))
    assert min(seen["buy"]) == min(seen["sell"]) == 0
    assert max(seen["buy"] | seen["sell"]) < 10


def test_a_pair_without_a_rate_stands_still() -> None:
    """A cancel-only pair has a first book and never an action."""
    flow = a_flow("MATIC/GBP", rate=0.0)
    assert flow.due_ns is None
    assert len(flow.engine.prices("buy")) == len(flow.engine.prices("sell")) == profile("MATIC/GBP").levels


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.symbol)
def test_every_order_of_the_flow_obeys_the_pairs_increments(pair: object) -> None:
    """The engine refuses anything else, so acting is proof; the minimum quantity holds for whole new orders."""
    flow = a_flow(getattr(pair, "symbol", ""), rate=5.0)
    for _ in range(1_500):
        flow.act()
    for side in ("buy", "sell"):
        prices = flow.engine.prices(side)
        assert all(price % flow.engine.pair.price_increment == 0 for price in prices)
        assert list(prices) == sorted(set(prices), reverse=side == "buy")


# --- what is permitted ----------------------------------------------------------------------------------------------


def test_permits_are_those_of_the_reference() -> None:
    """Online everything, limit_only no market orders, post_only no takers, cancel_only cancels, otherwise nothing."""
    statuses = ("online", "limit_only", "post_only", "cancel_only", "reduce_only")
    assert [permit(status).name for status in statuses] == ["ALL", "LIMITS", "MAKING", "CANCELS", "CANCELS"]
    assert {permit(status) for status in ("maintenance", "delisted", "work_in_progress")} == {Permit.NOTHING}
    assert permit("post_only", "cancel_only") == permit("cancel_only", "post_only") == Permit.CANCELS
    assert {permit(status) for status in (*get_args(PairStatus), *get_args(SystemStatus))} == set(Permit)


def acted(flow: Flow, most: Permit, actions: int) -> list[Batch]:
    """What the flow does in so many actions under that permit."""
    flow.permit = most
    batches = [flow.act() for _ in range(actions)]
    return [batch for batch in batches if batch]


@pytest.mark.parametrize("symbol", ["BTC/USD", "ACA/EUR"])
def test_nothing_happens_where_nothing_is_permitted(symbol: str) -> None:
    """Not a batch, and the fair price stands still; then life goes on from where it was."""
    flow = a_flow(symbol)
    acted(flow, Permit.ALL, 500)
    fair, book = flow.fair.value, [flow.engine.levels(side, 50) for side in ("buy", "sell")]
    assert acted(flow, Permit.NOTHING, 500) == []
    assert (flow.fair.value, [flow.engine.levels(side, 50) for side in ("buy", "sell")]) == (fair, book)
    assert any(batch.trades for batch in acted(flow, Permit.ALL, 500))


def test_cancels_only_thin_the_book_out_and_never_empty_it() -> None:
    """Every change is a removal, nothing trades; ever fewer go, and afterwards the book fills again."""
    flow = a_flow("SOL/USD")
    before = len(flow.engine)
    batches = acted(flow, Permit.CANCELS, 3_000)
    changes = [change for batch in batches for change in batch.changes]
    assert {type(change) for change in changes} == {OrderRemoved}
    assert not any(batch.trades for batch in batches)
    assert len(flow.engine) == before - len(changes)
    assert min(len(flow.engine.prices("buy")), len(flow.engine.prices("sell"))) > 0.2 * profile("SOL/USD").levels
    acted(flow, Permit.ALL, 3_000)
    assert min(len(flow.engine.prices("buy")), len(flow.engine.prices("sell"))) > 0.8 * profile("SOL/USD").levels


def test_makers_alone_never_trade_and_follow_the_fair_price_all_the_same() -> None:
    """Orders come, go and move; nobody takes; the fair price is between the best prices within a few ticks of each."""
    flow = a_flow()
    acted(flow, Permit.ALL, 500)
    before = flow.fair.value
    batches = acted(flow, Permit.MAKING, 5_000)
    assert not any(batch.trades for batch in batches)
    assert {type(change) for batch in batches for change in batch.changes} == {OrderAdded, OrderRemoved}
    assert flow.fair.value != before
    bid, ask = flow.engine.prices("buy")[0], flow.engine.prices("sell")[0]
    assert bid - 20 < flow.fair.value < ask + 20


def test_makers_alone_leave_a_strangers_quote_where_it_is() -> None:
    """Somebody bids far above the fair price: while only makers may act it stays; then it is sold to."""
    flow = a_flow()
    best = flow.engine.prices("sell")[0]
    flow.observe(flow.engine.limit("buy", best + 2_000, 10**12, 0, order_id="MINE"))
    acted(flow, Permit.MAKING, 500)
    order = flow.engine.order("MINE")
    assert order is not None
    resting = order.qty
    acted(flow, Permit.LIMITS, 100)
    assert order.qty < resting


def test_limit_orders_alone_trade_without_market_orders() -> None:
    """Every taker has a limit."""
    batches = acted(a_flow(), Permit.LIMITS, 5_000)
    trades = [trade for batch in batches for trade in batch.trades]
    assert {trade.ord_type for trade in trades} == {"limit"}


def test_stale_quotes_are_acted_on_within_milliseconds() -> None:
    """When the fair price has left the spread, the next action comes some milliseconds later, not tens."""
    flow = a_flow()
    waits = []
    for _ in range(5_000):
        assert flow.due_ns is not None
        now = flow.due_ns
        flow.act()
        if not flow.engine.prices("buy")[0] <= flow.fair.value <= flow.engine.prices("sell")[0]:
            waits.append((flow.due_ns - now) / NS_PER_SECOND)
    assert len(waits) > 200
    assert np.mean(waits) < 0.01


def test_a_strangers_wrong_price_draws_no_reaction_of_its_own() -> None:
    """It is taken at the pace of the market, not every few milliseconds: nobody of the flow's is in a hurry for it."""
    flow = a_flow()
    acted(flow, Permit.ALL, 200)
    start = flow.due_ns
    best = flow.engine.prices("sell")[0]
    flow.observe(flow.engine.limit("buy", best + 2_000, 10**15, 0, order_id="MINE"))
    acted(flow, Permit.ALL, 1_000)
    assert start is not None
    assert flow.due_ns is not None
    assert (flow.due_ns - start) / NS_PER_SECOND > 1_000 / (2 * RATE)
