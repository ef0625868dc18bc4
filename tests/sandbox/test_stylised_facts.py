"""The synthetic market has the stylised facts of a real one, pair by pair, over five seeds not used to tune it.

Samples are mid prices, once a second of virtual time at the default rate. A correlation counts as noise within
2/sqrt(n), the band of white noise. That band is right for absolute returns, which must leave it at each lag and seed.
For returns it is too narrow one seed at a time: where volatility clusters, large returns stand beside large ones, and
products of neighbours scatter more even if their signs are independent. So there are three claims, each as strict as
it can be without a market of white noise failing it:

* the mean over the seeds lies within 2/sqrt(n) at each lag from two to ten;
* each correlation over its own standard error, which allows for clusters (White's; Lo and MacKinlay 1988), is like a
  standard normal number: the sum of the 45 squares stays below the 99.9 % point of chi-square;
* even the best linear forecast in hindsight, of ten lags, earns less than a third of the spread that it costs.

Lag one is left out of the first two. Bid and ask do not move in the same instant, which leaves a correlation of 0.05 to
0.1 there; the third claim includes it.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
import numpy.typing as npt
import pytest

from kraken_lab.sandbox.arrivals import OrderIds
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.flow import Flow
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.market import DEFAULT_RATE
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.profiles import profile

SEEDS = (501, 502, 503, 504, 505)
BUSY = ("BTC/USD", "ETH/USD", "SOL/USD")  # enough happens every second for statistics of seconds
LIVE = tuple(pair.symbol for pair in PAIRS if profile(pair.symbol).share)
SECONDS = {"BTC/USD": 1_800, "ETH/USD": 1_200, "SOL/USD": 1_200}
OTHERS_SECONDS = 600
CHI_SQUARE_45 = 80.1  # its 99.9 % point
SIDES: tuple[Side, Side] = ("buy", "sell")
Floats = npt.NDArray[np.float64]

# Median and 95 % quantile of the spread must lie within these bounds, in price steps and in basis points.
SPREADS = {
    "BTC/USD": ((10, 100), (0.2, 1.5)),
    "ETH/USD": ((6, 60), (0.3, 2.0)),
    "SOL/USD": ((1, 5), (0.6, 3.5)),
    "XRP/USD": ((3, 25), (0.7, 4.5)),
    "DOGE/USD": ((60, 700), (0.7, 5.0)),
    "SHIB/USD": ((1, 3), (5.0, 18.0)),
    "ETH/BTC": ((1, 3), (1.9, 6.5)),
    "DOT/USD": ((1, 6), (1.1, 7.0)),
    "PEPE/USD": ((2, 8), (1.9, 8.0)),
    "ACA/EUR": ((10, 120), (25.0, 200.0)),
}


@dataclass(frozen=True)
class Measured:
    """What one seed of one pair did. Spreads are in price steps, depth in the shells of `SHELLS`, sizes scaled."""

    mids: Floats
    spreads: Floats
    fewest_levels: int
    depth: Floats
    trade_sizes: Floats

    @property
    def returns(self) -> Floats:
        """Logarithmic returns of one second."""
        return np.diff(np.log(self.mids))


SHELLS = 2.0 ** np.arange(-1, 9)  # bounds of distances from the mid, in half spreads of the pair's profile


Runs = Callable[[str, int], Measured]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Each pair and seed, run once for all tests, and hardly ever twice for all workers, who share a folder."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    @cache
    def run(symbol: str, seed: int) -> Measured:
        kept = shared / f"stylised-facts-{symbol.replace('/', '-')}-{seed}"
        if kept.exists():
            found = pickle.loads(kept.read_bytes())
            assert isinstance(found, Measured)
            return found
        fresh = measure(symbol, seed, SECONDS.get(symbol, OTHERS_SECONDS))
        draft = tmp_path_factory.mktemp("draft") / kept.name
        draft.write_bytes(pickle.dumps(fresh))
        draft.replace(kept)  # at once, so that nobody reads half of it
        return fresh

    return run


def measure(symbol: str, seed: int, seconds: int) -> Measured:
    """Run one seed of one pair; its book is never crossed. A second without one of the sides repeats the last mid."""
    pair = next(pair for pair in PAIRS if pair.symbol == symbol)
    character = profile(symbol)
    engine = Engine(pair, character.first_trade_id, OrderIds(Random(f"{seed}/ids")).new)
    flow = Flow(character, engine, rate=DEFAULT_RATE * character.share, start_ns=0, random=Random(f"{seed}/{symbol}"))
    mids, spreads, sizes, fewest, looks = [flow.fair.value], [], [], 10**9, 0
    depth = np.zeros(len(SHELLS) - 1)
    end_ns, look_ns = seconds * NS_PER_SECOND, NS_PER_SECOND
    while flow.due_ns is not None and flow.due_ns < end_ns:
        while look_ns <= flow.due_ns:
            bids, asks = engine.prices("buy"), engine.prices("sell")
            fewest = min(fewest, len(bids), len(asks))
            if bids and asks:
                assert bids[0] < asks[0]
                spreads.append((asks[0] - bids[0]) / pair.price_increment)
                mids.append((bids[0] + asks[0]) / 2)
            else:
                mids.append(mids[-1])
            if look_ns % (60 * NS_PER_SECOND) == 0:
                looks += 1
                levels = np.array([level for side in SIDES for level in engine.levels(side, len(engine))], float)
                away = np.abs(levels[:, 0] / mids[-1] - 1) * 1e4 / character.half_spread
                depth += np.histogram(away, SHELLS, weights=levels[:, 1])[0]
            look_ns += NS_PER_SECOND
        batch = flow.act()
        if batch:
            sizes += [trade.qty for trade in batch.trades]
    return Measured(np.array(mids[1:]), np.array(spreads), fewest, depth / looks, np.array(sizes, float))


def autocorrelation(values: Floats, lag: int) -> float:
    """The sample autocorrelation at one lag."""
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).sum() / (centred * centred).sum())


def standard_error(values: Floats, lag: int) -> float:
    """That of the autocorrelation at one lag, if signs are independent and sizes cluster as they do."""
    squares = (values - values.mean()) ** 2
    return float(np.sqrt((squares[lag:] * squares[:-lag]).sum()) / squares.sum())


def forecasts(returns: Floats, lags: int = 10) -> tuple[Floats, Floats]:
    """The best linear forecasts of returns from the ``lags`` before, fitted to these very returns, and the returns."""
    centred = returns - returns.mean()
    past = np.column_stack([centred[lags - lag : -lag] for lag in range(1, lags + 1)])
    weights = np.linalg.lstsq(past, centred[lags:], rcond=None)[0]
    return past @ weights, centred[lags:]


def tail_index(sizes: Floats, share: float = 0.02) -> float:
    """Hill's estimate of the exponent of the largest ``share``: 2 means that variance hardly exists."""
    ordered = np.sort(sizes)[::-1]
    count = max(20, int(share * len(ordered)))
    return float(1 / np.log(ordered[:count] / ordered[count]).mean())


# --- returns --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("symbol", BUSY)
def test_one_second_returns_have_fat_tails(measured: Runs, symbol: str, seed: int) -> None:
    """Excess kurtosis is well above the normal's 0."""
    returns = measured(symbol, seed).returns
    assert ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2 - 3 > 1.0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("symbol", BUSY)
def test_volatility_comes_in_clusters(measured: Runs, symbol: str, seed: int) -> None:
    """Absolute returns are correlated beyond noise at every lag from one to ten seconds."""
    sizes = np.abs(measured(symbol, seed).returns)
    assert min(autocorrelation(sizes, lag) for lag in range(1, 11)) > 2 / np.sqrt(len(sizes))


@pytest.mark.parametrize("symbol", BUSY)
def test_past_returns_tell_nothing_beyond_a_second(measured: Runs, symbol: str) -> None:
    """The mean over the seeds is within 2/sqrt(n) at lags two to ten, and small at lag one."""
    runs = [measured(symbol, seed).returns for seed in SEEDS]
    means = [np.mean([autocorrelation(returns, lag) for returns in runs]) for lag in range(1, 11)]
    assert abs(means[0]) < 0.13
    assert max(np.abs(means[1:])) < 2 / np.sqrt(len(runs[0]))


@pytest.mark.parametrize("symbol", BUSY)
def test_what_correlation_there_is_is_what_chance_makes_of_clusters(measured: Runs, symbol: str) -> None:
    """Over their own standard errors, those of five seeds at nine lags add up to no more than 45 squares would."""
    total = 0.0
    for seed in SEEDS:
        returns = measured(symbol, seed).returns
        for lag in range(2, 11):
            total += (autocorrelation(returns, lag) / standard_error(returns, lag)) ** 2
    assert total < CHI_SQUARE_45


@pytest.mark.parametrize("symbol", BUSY)
def test_no_linear_forecast_is_worth_trading(measured: Runs, symbol: str) -> None:
    """On its side every second, even knowing the best weights: the mean gain is under a third of the spread paid."""
    for seed in SEEDS:
        run = measured(symbol, seed)
        forecast, came = forecasts(run.returns)
        tick = next(pair.price_increment for pair in PAIRS if pair.symbol == symbol)
        assert (np.sign(forecast) * came).mean() < run.spreads.mean() * tick / run.mids.mean() / 3


# --- the book -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", LIVE)
def test_the_spread_is_sensible(measured: Runs, symbol: str) -> None:
    """At least a price step, and within the pair's bounds from the median to the 95 % quantile, in steps and in bp."""
    pair = next(pair for pair in PAIRS if pair.symbol == symbol)
    (least, most), (least_bp, most_bp) = SPREADS[symbol]
    for seed in SEEDS:
        run = measured(symbol, seed)
        bp = run.spreads * pair.price_increment / run.mids.mean() * 1e4
        assert run.spreads.min() >= 1
        assert least <= np.median(run.spreads) <= np.quantile(run.spreads, 0.95) <= most
        assert least_bp <= np.median(bp) <= np.quantile(bp, 0.95) <= most_bp


@pytest.mark.parametrize("symbol", LIVE)
def test_depth_rises_from_the_touch_and_falls_far_out(measured: Runs, symbol: str) -> None:
    """Per unit of price: most between one and 128 half spreads, less beyond, and far less at the touch, unless the
    price step is so coarse that everybody's best price is the same."""
    runs = [measured(symbol, seed) for seed in SEEDS]
    depth = np.mean([run.depth for run in runs], axis=0) / np.diff(SHELLS)
    densest = int(depth.argmax())
    assert 1 <= densest <= 7
    if np.median(runs[0].spreads) > 2:
        assert depth[0] < 0.6 * depth[densest]
    assert depth[-1] < 0.95 * depth[densest]


@pytest.mark.parametrize("symbol", LIVE)
def test_a_book_is_as_deep_as_its_profile(measured: Runs, symbol: str) -> None:
    """At every second, no fewer levels a side than two thirds of the profile's, and a thousand of BTC/USD."""
    target = profile(symbol).levels
    fewest = min(measured(symbol, seed).fewest_levels for seed in SEEDS)
    assert fewest >= (0 if target < 10 else 2 * target // 3)
    if symbol == "BTC/USD":
        assert fewest >= 1_000


# --- trades ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", [symbol for symbol in LIVE if symbol != "ACA/EUR"])
def test_trades_are_of_very_different_sizes(measured: Runs, symbol: str) -> None:
    """A power law's tail with an exponent of two or three, a tenth of the volume in a hundredth of the trades, many
    round sizes, and a median that is what the pair's profile calls an order or somewhat less."""
    sizes = np.concatenate([measured(symbol, seed).trade_sizes for seed in SEEDS])
    pair, character = next(pair for pair in PAIRS if pair.symbol == symbol), profile(symbol)
    ordered = np.sort(sizes)[::-1]
    assert 1.2 < tail_index(sizes) < 4.0
    assert ordered[: len(ordered) // 100].sum() > 0.1 * ordered.sum()
    assert sizes.mean() > 1.7 * np.median(sizes)
    assert 0.2 < np.mean([len(str(int(size)).rstrip("0")) == 1 for size in sizes]) < 0.5
    notional = np.median(sizes) / 10**pair.qty_precision * character.price
    assert character.notional / 4 < notional < character.notional


@pytest.mark.parametrize("symbol", LIVE)
def test_trades_come_at_the_pace_that_their_past_had(measured: Runs, symbol: str) -> None:
    """So that the candles before birth join the live ones: within a factor of two of the profile's pace."""
    minutes = SECONDS.get(symbol, OTHERS_SECONDS) / 60
    per_minute = np.mean([len(measured(symbol, seed).trade_sizes) for seed in SEEDS]) / minutes
    assert 0.5 < per_minute / profile(symbol).trades_per_minute < 2.0


# --- longer ---------------------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("symbol", BUSY)
def test_hours_of_twenty_seeds_have_the_same_facts(symbol: str) -> None:
    """Two hours each: at every lag beyond one, returns' mean correlation is below 0.03, where 0.05 was noise before."""
    runs = [measure(symbol, seed, 7_200).returns for seed in range(401, 421)]
    means = [np.mean([autocorrelation(returns, lag) for returns in runs]) for lag in range(1, 21)]
    assert abs(means[0]) < 0.13
    assert max(np.abs(means[1:])) < 0.03
    for returns in runs:
        assert ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2 - 3 > 1.0
        sizes = np.abs(returns)
        assert min(autocorrelation(sizes, lag) for lag in range(1, 11)) > 2 / np.sqrt(len(sizes))
