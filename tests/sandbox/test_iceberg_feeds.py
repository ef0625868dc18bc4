"""Icebergs, owners who do not meet, and forced fills in the public feeds: a naive client's books stay right."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import given, settings

from kraken_lab.sandbox.book_feed import BookFeed, Digits, level_entries, order_entries
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.level3_feed import Level3Feed
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.stamps import Stamps
from tests.sandbox.naive_client import NaiveBook, NaiveQueues
from tests.sandbox.test_engine_reference import Reference, perform, scripts

DEPTH = 10  # all prices of the scripts, so checksums are of the whole book


@settings(max_examples=80, deadline=None)
@given(scripts)
def test_books_and_queues_can_be_followed(script: list[Any]) -> None:
    """Every checksum is right, although refills leave a queue and join it again within one message."""
    strangers = count()
    engine = Engine(PAIRS[0], 1, lambda: f"X{next(strangers)}")
    levels, orders = Digits(engine, level_entries), Digits(engine, order_entries)
    book_feed, queue_feed = BookFeed(engine, DEPTH, levels, Stamps()), Level3Feed(engine, DEPTH, orders, Stamps())
    book, queues = NaiveBook(DEPTH, 1, 8), NaiveQueues(DEPTH, 1, 8)
    pairings: list[tuple[BookFeed | Level3Feed, NaiveBook | NaiveQueues]] = [(book_feed, book), (queue_feed, queues)]
    for feed, client in pairings:
        client.take(json.loads(feed.snapshot(0).text, parse_float=Decimal))
    reference = Reference()
    for ns, step in enumerate(script, 1):
        batch, _ = perform(engine, reference, step, ns)
        if batch:
            levels.touch(batch)
            orders.touch(batch)
            for feed, client in pairings:
                frame = feed.update(batch)
                if frame is not None:
                    client.take(json.loads(frame.text, parse_float=Decimal))


def test_the_synthetic_participants_leave_a_strangers_iceberg_alone() -> None:
    """They trade with it; a refill in their own action does not make it theirs to cancel."""
    market = Market(seed=4, start_ns=0, pairs=PAIRS[1:2])
    engine, batches = market.engine("ETH/USD"), list[Batch]()
    best = engine.best("buy")
    assert best is not None
    market.act(engine.limit("buy", best[0], 10**14, 0, order_id="MINE", owner="me", display_qty=10**7))
    market.listeners.append(batches.append)
    market.advance(30 * 10**9)
    refills = [refill for batch in batches for refill in batch.refills]
    taken = sum(trade.qty for batch in batches for trade in batch.trades if trade.maker_order_id == "MINE")
    rests = engine.order("MINE")
    assert len(refills) > 20
    assert rests is not None
    assert rests.open_qty == 10**14 - taken
