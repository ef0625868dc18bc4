"""The market is one deterministic thing in virtual time, and outsiders trade in it as everybody does."""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.events import Batch, OrderAdded, OrderRemoved, Side
from kraken_lab.sandbox.flow import MOST_ORDERS
from kraken_lab.sandbox.history import INTERVALS
from kraken_lab.sandbox.instruments import PAIRS, Pair
from kraken_lab.sandbox.listing import SystemStatus
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.profiles import profile
from tests.sandbox.talk import opened, said, subscribe, wait

SIDES: Final[tuple[Side, Side]] = ("buy", "sell")
BIRTH = 1_767_225_600 * NS_PER_SECOND


def heard(seed: int, steps: Sequence[int], pairs: Sequence[Pair] = PAIRS) -> list[Batch]:
    """All batches of a market that is advanced to each of ``steps`` (ns after birth) in turn."""
    market = Market(seed=seed, start_ns=BIRTH, pairs=pairs)
    batches: list[Batch] = []
    market.listeners.append(batches.append)
    for step in steps:
        market.advance(BIRTH + step)
    return batches


def digest(seed: int) -> str:
    """A fingerprint of five seconds of four pairs."""
    return hashlib.sha256(repr(heard(seed, [5 * NS_PER_SECOND], PAIRS[2:6])).encode()).hexdigest()


# --- determinism ----------------------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 2 * NS_PER_SECOND), max_size=6))
def test_steps_do_not_matter(stops: list[int]) -> None:
    """Advancing in any steps gives the batches of advancing at once."""
    end = 2 * NS_PER_SECOND
    assert heard(7, [*sorted(stops), end], PAIRS[5:9]) == heard(7, [end], PAIRS[5:9])


def test_hash_randomisation_does_not_matter() -> None:
    """Two other processes with other hash seeds have the same market."""
    code = "from tests.sandbox.test_market import digest; print(digest(7))"
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == digest(7)


def test_another_seed_is_another_market() -> None:
    """Prices and ids differ."""
    assert digest(7) != digest(8)


def test_asking_changes_nothing() -> None:
    """Tickers, candles and trades draw from generators of their own."""
    asked = Market(seed=7, start_ns=BIRTH, pairs=PAIRS[:1])
    batches: list[Batch] = []
    asked.listeners.append(batches.append)
    for second in range(1, 4):
        asked.ticker("BTC/USD")
        asked.candles("BTC/USD", 60)
        asked.trades("BTC/USD")
        asked.advance(BIRTH + second * NS_PER_SECOND)
    assert batches == heard(7, [3 * NS_PER_SECOND], PAIRS[:1])


# --- time -----------------------------------------------------------------------------------------------------------


def test_batches_come_in_the_order_of_time_and_not_before_they_are_due() -> None:
    """The announced time is the time of the next batch, and nothing comes twice."""
    market = Market(seed=7, start_ns=BIRTH)
    batches: list[Batch] = []
    market.listeners.append(batches.append)
    for _ in range(200):
        due = market.next_due_ns()
        before = len(batches)
        market.advance(due - 1)
        assert len(batches) == before
        market.advance(due)
        assert all(batch.ns == due for batch in batches[before:])
    assert [batch.ns for batch in batches] == sorted(batch.ns for batch in batches)
    assert len(batches) > 150


def test_listeners_hear_what_engine_and_history_already_show() -> None:
    """When a trade is heard it is the newest trade, and the added order rests."""
    market = Market(seed=7, start_ns=BIRTH)
    seen = 0

    def hear(batch: Batch) -> None:
        nonlocal seen
        assert market.now_ns == batch.ns
        if batch.trades:
            seen += 1
            assert market.trades(batch.symbol, 1) == [batch.trades[-1]]
        last = batch.changes[-1]
        if isinstance(last, OrderAdded):
            order = market.engine(batch.symbol).order(last.order_id)
            assert order is not None
            assert (order.price, order.qty) == (last.price, last.qty)

    market.listeners.append(hear)
    market.advance(BIRTH + 10 * NS_PER_SECOND)
    assert seen > 0


def test_time_does_not_go_back() -> None:
    """An earlier time is refused; the same time is nothing to do."""
    market = Market(seed=7, start_ns=BIRTH)
    market.advance(BIRTH)
    with pytest.raises(SandboxError, match="cannot go back"):
        market.advance(BIRTH - 1)


def test_a_rate_of_nothing_is_a_still_market() -> None:
    """Nothing is ever due, and books and history are there all the same."""
    market = Market(seed=7, start_ns=BIRTH, rate=0.0)
    assert market.next_due_ns() == 2**63 - 1
    market.advance(BIRTH + 3_600 * NS_PER_SECOND)
    assert len(market.engine("BTC/USD").levels("buy", 1_000)) == 1_000


# --- outsiders ------------------------------------------------------------------------------------------------------


def test_an_outsiders_order_is_published_and_recorded() -> None:
    """A market order made on the engine is heard, is the last trade, and is what the ticker shows."""
    market = Market(seed=7, start_ns=BIRTH, rate=0.0)
    batches: list[Batch] = []
    market.listeners.append(batches.append)
    batch = market.engine("ETH/USD").market("buy", 10**9, market.now_ns, order_id="MINE")
    market.act(batch)
    assert batches == [batch]
    assert market.trades("ETH/USD", 1)[0].taker_order_id == "MINE"
    assert market.ticker("ETH/USD").last == batch.trades[-1].price


def test_an_outsider_is_filled_by_the_market() -> None:
    """A bid at the touch trades with the synthetic flow, in turn."""
    market = Market(seed=7, start_ns=BIRTH, pairs=PAIRS[:1], rate=32.0)
    engine = market.engine("BTC/USD")
    best = engine.best("buy")
    assert best is not None
    market.act(engine.limit("buy", best[0], 10_000, market.now_ns, order_id="MINE"))
    makers: set[str] = set()
    market.listeners.append(lambda batch: makers.update(trade.maker_order_id for trade in batch.trades))
    market.advance(BIRTH + 600 * NS_PER_SECOND)
    assert "MINE" in makers
    assert engine.order("MINE") is None


def test_nothing_done_is_nothing_published() -> None:
    """None and an empty batch are ignored, as of an order that found nobody."""
    market = Market(seed=7, start_ns=BIRTH, rate=0.0)
    market.listeners.append(lambda batch: pytest.fail(f"heard {batch}"))
    market.act(None)
    market.act(market.engine("BTC/USD").cancel("NOBODY", BIRTH))
    market.act(market.engine("BTC/USD").limit("buy", 10, 1, BIRTH, time_in_force="ioc"))


def test_a_batch_of_another_time_or_market_is_refused() -> None:
    """It would be out of order, or belong to no engine here."""
    market = Market(seed=7, start_ns=BIRTH, rate=0.0, pairs=PAIRS[:1])
    with pytest.raises(SandboxError, match="advance it first"):
        market.act(market.engine("BTC/USD").market("buy", 1, BIRTH + 1))
    with pytest.raises(SandboxError, match="not traded in this market"):
        market.engine("ETH/USD")


# --- status ---------------------------------------------------------------------------------------------------------

STATUSES: Final[tuple[SystemStatus, ...]] = ("maintenance", "cancel_only", "post_only", "limit_only", "online")


def restarted(seed: int, seconds: float = 10, steps: int = 1) -> list[tuple[str, list[Batch]]]:
    """What two pairs did in each state that an exchange goes through when it restarts."""
    exchange = Exchange(seed=seed, pairs=PAIRS[:2])
    batches: list[Batch] = []
    exchange.market.listeners.append(batches.append)
    phases: list[tuple[str, list[Batch]]] = []
    for status in STATUSES:
        exchange.set_status(status)
        batches.clear()
        for _ in range(steps):
            exchange.advance(exchange.now_ns + round(seconds * NS_PER_SECOND) // steps)
        phases.append((status, list(batches)))
    return phases


@pytest.mark.promise("S-18")
def test_the_market_keeps_to_the_status_of_the_exchange() -> None:
    """Silent in maintenance, then cancels, then makers, then limit orders, then everything."""
    done = dict(restarted(7))
    kinds = {status: {type(change) for batch in done[status] for change in batch.changes} for status in STATUSES}
    takers = {status: {trade.ord_type for batch in done[status] for trade in batch.trades} for status in STATUSES}
    assert done["maintenance"] == []
    assert kinds["cancel_only"] == {OrderRemoved}
    assert kinds["post_only"] == {OrderAdded, OrderRemoved}
    assert takers["maintenance"] == takers["cancel_only"] == takers["post_only"] == set()
    assert takers["limit_only"] == {"limit"}
    assert "market" in takers["online"]


@pytest.mark.promise("P-03")
def test_a_restart_is_the_same_every_time_however_time_is_cut() -> None:
    """Same seed, same script: same batches."""
    assert restarted(7, 3) == restarted(7, 3) == restarted(7, 3, steps=30)
    assert restarted(7, 3) != restarted(8, 3)


@pytest.mark.promise("S-18")
def test_a_pair_keeps_to_its_own_status_and_to_the_exchanges() -> None:
    """The stricter holds; the other pairs are not concerned; each comes back when it is online again."""
    exchange = Exchange(seed=7, pairs=PAIRS[:2])
    heard: dict[str, list[Batch]] = {"BTC/USD": [], "ETH/USD": []}
    exchange.market.listeners.append(lambda batch: heard[batch.symbol].append(batch))

    def traded(symbol: str) -> bool:
        return any(batch.trades for batch in heard[symbol])

    def pause() -> None:
        for batches in heard.values():
            batches.clear()
        exchange.advance(exchange.now_ns + 20 * NS_PER_SECOND)

    exchange.set_pair_status("BTC/USD", "maintenance")
    pause()
    assert not heard["BTC/USD"]
    assert traded("ETH/USD")
    exchange.set_status("post_only")
    exchange.set_pair_status("BTC/USD", "limit_only")
    pause()
    assert heard["BTC/USD"]
    assert heard["ETH/USD"]
    assert not traded("BTC/USD")
    assert not traded("ETH/USD")
    exchange.set_status("online")
    exchange.set_pair_status("BTC/USD", "online")
    pause()
    assert traded("BTC/USD")
    assert traded("ETH/USD")


@pytest.mark.promise("S-18")
def test_heartbeats_go_on_while_the_market_is_closed() -> None:
    """A subscriber of a book hears one a second and nothing else, and the book when it opens again."""
    exchange = Exchange(seed=7, pairs=PAIRS[:1])
    session = opened(exchange)
    subscribe(session, "book", "BTC/USD")
    exchange.set_status("maintenance")
    said(session)
    wait(exchange, 5.5)
    assert [message["channel"] for message in said(session)] == ["heartbeat"] * 5
    exchange.set_status("online")
    wait(exchange, 2)
    assert "book" in {message["channel"] for message in said(session)}


# --- a month --------------------------------------------------------------------------------------------------------


def assert_bounded(market: Market) -> None:
    """No pair keeps more orders, trades or candles than it may, however long it lives."""
    for symbol, pair in market.pairs.items():
        engine, target = market.engine(symbol), profile(symbol).levels
        assert len(engine) <= 2 * MOST_ORDERS * target
        for side in SIDES:
            assert len(engine.prices(side)) <= 2 * target + 1
        assert len(market.trades(symbol, 10**6)) <= 2_000
        for interval in INTERVALS:
            assert len(market.candles(symbol, interval, 10**6)) <= 1_442
        best = engine.best("sell") or engine.best("buy")
        if best:
            born = profile(symbol).price * 10**pair.price_precision
            assert 0.2 * born < best[0] < 5 * born


def kept(market: Market) -> int:
    """How many values the market holds: orders, prices, trades and candles of all pairs."""
    return sum(
        len(market.engine(symbol))
        + sum(len(market.engine(symbol).prices(side)) for side in SIDES)
        + len(market.trades(symbol, 10**6))
        + sum(len(market.candles(symbol, interval, 10**6)) for interval in INTERVALS)
        for symbol in market.pairs
    )


def test_a_market_is_born_within_its_bounds() -> None:
    """All pairs, also those whose price steps are so coarse that many orders share a price."""
    market = Market(seed=7, start_ns=BIRTH, rate=0.0)
    for symbol in market.pairs:
        assert len(market.engine(symbol)) <= 2 * MOST_ORDERS * profile(symbol).levels
        assert len(market.engine(symbol).prices("buy")) <= profile(symbol).levels


def test_two_days_leave_no_more_behind_than_one() -> None:
    """At an action every few seconds: all that is kept is bounded by structure, and does not grow from day to day."""
    market = Market(seed=7, start_ns=BIRTH, rate=0.2, pairs=PAIRS[1:4])
    market.advance(BIRTH + 86_400 * NS_PER_SECOND)
    assert_bounded(market)
    first = kept(market)
    market.advance(BIRTH + 2 * 86_400 * NS_PER_SECOND)
    assert_bounded(market)
    assert kept(market) < 1.1 * first


@pytest.mark.soak
def test_thirty_days_of_all_pairs_are_bounded_in_memory() -> None:
    """Once the thin pairs too have as many trades as are kept, after some ten days, memory grows by less than 2 MB."""
    market = Market(seed=7, start_ns=BIRTH, rate=0.2)
    sizes = []
    tracemalloc.start()
    try:
        for day in range(1, 31):
            market.advance(BIRTH + day * 86_400 * NS_PER_SECOND)
            assert_bounded(market)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    days = ", ".join(f"{day}: {sizes[day - 1] / 1e6:.1f}" for day in (1, 10, 20, 30))
    print(f"traced MB after days {days}")  # noqa: T201
    assert max(sizes) < 60_000_000
    assert max(sizes[9:]) - sizes[9] < 2_000_000


# --- cost -----------------------------------------------------------------------------------------------------------


def test_the_market_is_cheap() -> None:
    """Born in half a second, and a virtual minute of all pairs costs far less than 5 % of one (CPU time)."""
    births = []
    for _ in range(3):  # the quickest: what else this process has to collect just then is not the market's cost
        begun = time.process_time()
        market = Market(seed=7, start_ns=BIRTH)
        born = time.process_time()
        births.append(born - begun)
    heard_batches = 0

    def hear(batch: Batch) -> None:
        nonlocal heard_batches
        heard_batches += 1

    market.listeners.append(hear)
    market.advance(BIRTH + 60 * NS_PER_SECOND)
    assert min(births) < 0.5
    assert time.process_time() - born < 0.05 * 60
    assert 2_000 < heard_batches < 10_000
