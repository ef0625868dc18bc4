"""The market is one deterministic thing in virtual time, and outsiders trade in it as everybody does."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.events import Batch, OrderAdded
from kraken_lab.sandbox.instruments import PAIRS, Pair
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.numbers import NS_PER_SECOND

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


# --- cost -----------------------------------------------------------------------------------------------------------


def test_the_market_is_cheap() -> None:
    """Born in half a second, and a virtual minute of all pairs costs far less than 5 % of one (CPU time)."""
    begun = time.process_time()
    market = Market(seed=7, start_ns=BIRTH)
    born = time.process_time()
    heard_batches = 0

    def hear(batch: Batch) -> None:
        nonlocal heard_batches
        heard_batches += 1

    market.listeners.append(hear)
    market.advance(BIRTH + 60 * NS_PER_SECOND)
    assert born - begun < 0.5
    assert time.process_time() - born < 0.05 * 60
    assert 2_000 < heard_batches < 10_000
