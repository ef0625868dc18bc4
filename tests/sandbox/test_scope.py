"""Levels that come, go, are pushed out and return: the feeds against a naive client, on books made of such cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.sandbox.book_feed import BookFeed, Digits, level_entries, order_entries
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, Side
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.level3_feed import Level3Feed
from kraken_lab.sandbox.stamps import Stamps
from tests.sandbox.naive_client import NaiveBook, NaiveQueues

DEPTH = 3
SIDES: list[tuple[str, Side]] = [("bids", "buy"), ("asks", "sell")]
placed = st.tuples(st.just("buy"), st.integers(95, 106)) | st.tuples(st.just("sell"), st.integers(103, 114))
kinds = st.sampled_from(["limit", "limit", "limit", "market", "cancel", "reduce", "move"])
actions = st.lists(st.tuples(kinds, placed, st.integers(1, 9)), min_size=10, max_size=50)


def act(engine: Engine, action: tuple[str, tuple[Side, int], int], ns: int) -> Batch | None:
    """One action; those on a resting order take one of the best level of that side."""
    kind, (side, price), qty = action
    if kind == "limit":
        return engine.limit(side, price, qty, ns)
    if kind == "market":
        return engine.market(side, qty, ns)
    best = engine.best(side)
    if best is None:
        return None
    order = engine.queue(side, best[0])[qty % len(engine.queue(side, best[0]))]
    if kind == "cancel":
        return engine.cancel(order.order_id, ns)
    if kind == "reduce":
        return engine.reduce(order.order_id, order.qty - 1, ns) if order.qty > 1 else None
    return engine.move(order.order_id, price, qty, ns)


def an_engine() -> Engine:
    """An empty book."""
    ids = count()
    return Engine(PAIRS[0], 1, lambda: f"O{next(ids):05d}-AAAAA-BBBBBB")


def follow(
    engine: Engine, feed: BookFeed | Level3Feed, digits: Digits, script: list[Any], take: Callable[[Any], None]
) -> None:
    """Perform a script and let the client take each message."""
    take(json.loads(feed.snapshot(0).text, parse_float=Decimal))
    for ns, action in enumerate(script):
        batch = act(engine, action, ns)
        if batch:
            digits.touch(batch)
            frame = feed.update(batch)
            if frame is not None:
                take(json.loads(frame.text, parse_float=Decimal))


@settings(max_examples=80, deadline=None)
@given(before=actions, script=actions)
def test_the_book_in_scope_is_kept_by_changes_alone(before: list[Any], script: list[Any]) -> None:
    """After every message the client has the top levels, and no entry told it what it knew."""
    engine = an_engine()
    for ns, action in enumerate(before):
        act(engine, action, ns)
    book, digits = NaiveBook(DEPTH, 1, 8), Digits(engine, level_entries)

    def take(message: Any) -> None:
        shown = {name: engine.levels(side, DEPTH) for name, side in SIDES}
        if message["type"] == "update":
            for name, known in book.sides.items():
                inside = {Decimal(price).scaleb(-1) for price, _ in shown[name]}
                for entry in message["data"][0][name]:
                    assert known.get(entry["price"], Decimal(0)) != entry["qty"], "it knew that"
                    assert entry["qty"] == 0 or entry["price"] in inside, "out of its scope"
        # The checksum is over ten levels and this client keeps three, so it is compared by content instead.
        message["data"][0]["checksum"] = expected(shown)
        book.take(message)

    def expected(shown: dict[str, list[tuple[int, int]]]) -> int:
        whole = NaiveBook(DEPTH, 1, 8)
        whole.sides = {
            name: {Decimal(price).scaleb(-1): Decimal(qty).scaleb(-8) for price, qty in levels}
            for name, levels in shown.items()
        }
        return whole.checksum()

    follow(engine, BookFeed(engine, DEPTH, digits, Stamps()), digits, script, take)
    for name, side in SIDES:
        levels = engine.levels(side, DEPTH)
        assert book.sides[name] == {Decimal(price).scaleb(-1): Decimal(qty).scaleb(-8) for price, qty in levels}


@settings(max_examples=80, deadline=None)
@given(before=actions, script=actions)
def test_the_queues_in_scope_are_kept_by_events_alone(before: list[Any], script: list[Any]) -> None:
    """At the end the client has the orders of the top levels in their queues' order."""
    engine = an_engine()
    for ns, action in enumerate(before):
        act(engine, action, ns)
    queues, digits = NaiveQueues(DEPTH, 1, 8), Digits(engine, order_entries)

    def take(message: Any) -> None:
        (data,) = message["data"]
        trial = NaiveQueues(DEPTH, 1, 8)
        for name, side in SIDES:
            trial.sides[name] = {
                Decimal(price).scaleb(-1): {
                    order.order_id: {"order_qty": Decimal(order.qty).scaleb(-8)} for order in engine.queue(side, price)
                }
                for price in engine.prices(side)[:DEPTH]
            }
        data["checksum"] = trial.checksum()
        queues.take(message)

    follow(engine, Level3Feed(engine, DEPTH, digits, Stamps()), digits, script, take)
    for name, side in SIDES:
        shown = [order["order_id"] for price in queues.prices(name) for order in queues.queue(name, price)]
        inside = engine.prices(side)[:DEPTH]
        assert shown == [order.order_id for price in inside for order in engine.queue(side, price)]
