"""The synthetic order flow has the stylised facts of a market, and a book that can be traded in.

The measurements are over five seeds, each some twenty virtual minutes of the busiest pair. Bounds are 2/sqrt(n), those
of white noise; for returns they hold for the mean over the seeds, since clustered volatility alone makes a single
autocorrelation scatter wider than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
import numpy.typing as npt
import pytest

from kraken_lab.sandbox.arrivals import Arrivals, OrderIds
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, OrderRemoved
from kraken_lab.sandbox.fair_price import FairPrice
from kraken_lab.sandbox.flow import Flow
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.profiles import profile

SEEDS = (1, 2, 3, 4, 5)
SECONDS = 1_200
RATE = 32.0  # of BTC/USD at the default rate of the whole market
Floats = npt.NDArray[np.float64]


def a_flow(symbol: str = "BTC/USD", *, seed: int = 1, rate: float = RATE) -> Flow:
    """A flow of one pair with its own engine, born at time 0."""
    pair = next(pair for pair in PAIRS if pair.symbol == symbol)
    character = profile(symbol)
    engine = Engine(pair, character.first_trade_id, OrderIds(Random(f"{seed}/ids")).new)
    return Flow(character, engine, rate=rate, start_ns=0, random=Random(f"{seed}/{symbol}"))


@dataclass(frozen=True)
class Measured:
    """What one seed did, sampled once a second; spreads in basis points."""

    returns: Floats
    spreads: Floats
    fewest_levels: int
    trades_per_second: float
    trade_sizes: Floats
    depth: Floats  # quantity resting within equal bands of 0.1 bp from the mid, averaged


@cache
def measured(seed: int) -> Measured:
    """Run one seed, checking on the way that the book is never crossed and never one-sided."""
    flow = a_flow(seed=seed)
    engine, mids, spreads, sizes, fewest = flow.engine, [], [], [], 10**9
    depth, looks, second = np.zeros(60), 0, 0
    while flow.due_ns is not None and flow.due_ns < SECONDS * NS_PER_SECOND:
        while second * NS_PER_SECOND <= flow.due_ns:
            second += 1
            bids, asks = engine.prices("buy"), engine.prices("sell")
            assert bids[0] < asks[0]
            mid = (bids[0] + asks[0]) / 2
            mids.append(mid)
            spreads.append((asks[0] - bids[0]) / mid * 1e4)
            fewest = min(fewest, len(bids), len(asks))
            if second % 30 == 0:
                looks += 1
                for price, qty in [*engine.levels("buy", 400), *engine.levels("sell", 400)]:
                    band = int(abs(price - mid) / mid * 1e5)
                    if band < len(depth):
                        depth[band] += qty
        batch = flow.act()
        if batch:
            sizes += [trade.qty for trade in batch.trades]
    returns = np.diff(np.log(np.array(mids)))
    return Measured(returns, np.array(spreads), fewest, len(sizes) / SECONDS, np.array(sizes, float), depth / looks)


def autocorrelation(values: Floats, lag: int) -> float:
    """The sample autocorrelation at one lag."""
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).sum() / (centred * centred).sum())


# --- stylised facts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_one_second_returns_have_fat_tails(seed: int) -> None:
    """Excess kurtosis is well above the normal's 0."""
    returns = measured(seed).returns
    assert ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2 - 3 > 1.0


@pytest.mark.parametrize("seed", SEEDS)
def test_volatility_comes_in_clusters(seed: int) -> None:
    """Absolute returns are correlated beyond noise at every lag from one to ten seconds."""
    sizes = np.abs(measured(seed).returns)
    bound = 2 / np.sqrt(len(sizes))
    assert min(autocorrelation(sizes, lag) for lag in range(1, 11)) > bound


def test_past_returns_tell_nothing_beyond_a_second() -> None:
    """Returns' own autocorrelation is within noise at lags two to ten, and small at lag one."""
    bound = 2 / np.sqrt(SECONDS)
    for lag in range(2, 11):
        assert abs(np.mean([autocorrelation(measured(seed).returns, lag) for seed in SEEDS])) < bound
    assert abs(np.mean([autocorrelation(measured(seed).returns, 1) for seed in SEEDS])) < 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_the_spread_is_a_fraction_of_a_basis_point(seed: int) -> None:
    """Never crossed or locked, half a basis point as a rule, seldom above two."""
    spreads = measured(seed).spreads
    assert spreads.min() > 0
    assert 0.2 < np.median(spreads) < 1.0
    assert np.quantile(spreads, 0.95) < 2.0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_book_stays_deep_enough_for_the_deepest_subscription(seed: int) -> None:
    """A thousand levels a side at every second."""
    assert measured(seed).fewest_levels >= 1_000


def test_depth_rises_from_the_touch() -> None:
    """Next to nothing rests within a tenth of a basis point of the mid, most a few spreads away."""
    depth = np.mean([measured(seed).depth for seed in SEEDS], axis=0)
    assert depth[0] < 0.3 * depth[2:8].mean()
    assert depth[40:].mean() > 3 * depth[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_trades_are_of_very_different_sizes_and_come_every_second_or_so(seed: int) -> None:
    """The mean is far above the median, and one to six trades happen a second."""
    result = measured(seed)
    assert result.trade_sizes.mean() > 1.5 * np.median(result.trade_sizes)
    assert 0.5 < result.trades_per_second < 6


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
