"""A naive client follows the books for minutes of market time and agrees with every checksum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.instruments import PAIRS
from tests.sandbox.naive_client import NaiveBook, NaiveQueues
from tests.sandbox.talk import a_quiet_exchange, a_token, opened, said, subscribe, wait

PAIR_OF = {pair.symbol: pair for pair in PAIRS}
SIDES: list[tuple[str, Side]] = [("bids", "buy"), ("asks", "sell")]


def followed(exchange: Exchange, make: Callable[..., Any], channel: str, depth: int, symbols: list[str]) -> Any:
    """Subscribe and return the clients by symbol, and a function that lets them take what has come."""
    endpoint = "level3" if channel == "level3" else "public"
    session = opened(exchange, endpoint)
    books = {s: make(depth, PAIR_OF[s].price_precision, PAIR_OF[s].qty_precision) for s in symbols}
    params: dict[str, Any] = {"token": a_token(exchange)} if channel == "level3" else {}

    def take(messages: list[Any]) -> None:
        for message in messages:
            if message.get("channel") == channel:
                books[message["data"][0]["symbol"]].take(message)

    take(subscribe(session, channel, *symbols, depth=depth, **params))
    return books, lambda: take(said(session))


@pytest.mark.promise("P-02")
@pytest.mark.fault("F-045")
@pytest.mark.fault("F-049")
@pytest.mark.fault("F-052")
@pytest.mark.parametrize("depth", [10, 25, 100, 500, 1000])
def test_the_book_is_the_exchanges_book_at_every_depth(depth: int) -> None:
    """A minute and a half of five pairs, thin and tiny among them: each message verifies, and so does the book."""
    symbols = ["BTC/USD", "SHIB/USD", "PEPE/USD", "DOT/USD", "ACA/EUR"]
    exchange = Exchange(seed=depth, rate=20, pairs=[PAIR_OF[symbol] for symbol in symbols])
    books, take = followed(exchange, NaiveBook, "book", depth, symbols)
    for _ in range(2):
        wait(exchange, 30)
        take()
        for symbol, book in books.items():
            for name, side in SIDES:
                pair, engine = PAIR_OF[symbol], exchange.market.engine(symbol)
                shown = [
                    (int(price.scaleb(pair.price_precision)), int(book.sides[name][price].scaleb(pair.qty_precision)))
                    for price in book.sorted(name)
                ]
                assert shown == engine.levels(side, depth)
    assert sum(book.messages for book in books.values()) > 250


@pytest.mark.promise("P-02")
@pytest.mark.parametrize("depth", [10, 100, 1000])
def test_level3_is_the_exchanges_queues_at_every_depth(depth: int) -> None:
    """A minute of three pairs: queue order, quantities and checksums agree; every kind of event came."""
    symbols = ["BTC/USD", "PEPE/USD", "ACA/EUR"]
    exchange = Exchange(seed=depth, rate=30, account="pro", pairs=[PAIR_OF[symbol] for symbol in symbols])
    books, take = followed(exchange, NaiveQueues, "level3", depth, symbols)
    events: Counter[str] = Counter()
    for _ in range(3):
        wait(exchange, 20)
        take()
        for symbol, book in books.items():
            for name, side in SIDES:
                engine = exchange.market.engine(symbol)
                shown = [order["order_id"] for price in book.prices(name) for order in book.queue(name, price)]
                inside = engine.prices(side)[:depth]
                assert shown == [order.order_id for price in inside for order in engine.queue(side, price)]
    for book in books.values():
        events.update(book.events)
    assert min(events.values()) > 20


@pytest.mark.fault("F-048")
def test_an_emptied_book_verifies_with_checksum_zero() -> None:
    """Everything of the thin pair is bought and sold away; then it fills again."""
    exchange = a_quiet_exchange()
    books, take = followed(exchange, NaiveBook, "book", 10, ["ACA/EUR"])
    engine = exchange.market.engine("ACA/EUR")
    opposite: list[tuple[Side, Side]] = [("buy", "sell"), ("sell", "buy")]
    for taker, maker in opposite:
        total = sum(qty for _, qty in engine.levels(maker, 1000))
        exchange.market.act(engine.market(taker, total, exchange.now_ns))
    take()
    assert books["ACA/EUR"].sides == {"bids": {}, "asks": {}}
    assert books["ACA/EUR"].checksum() == 0
    exchange.market.act(engine.limit("buy", 5000, 100, exchange.now_ns))
    take()
    assert len(books["ACA/EUR"].sides["bids"]) == 1


def test_orders_moved_and_reduced_keep_level3_right() -> None:
    """A reduction keeps the place in the queue; a move is a deletion and an addition, also onto the same price."""
    exchange = a_quiet_exchange(pairs=PAIRS[:1])
    books, take = followed(exchange, NaiveQueues, "level3", 10, ["BTC/USD"])
    engine = exchange.market.engine("BTC/USD")
    for price in engine.prices("buy")[:12]:
        first = engine.queue("buy", price)[0]
        if first.qty > 1:
            exchange.market.act(engine.reduce(first.order_id, first.qty // 2 or 1, exchange.now_ns))
        exchange.market.act(engine.move(first.order_id, price, first.qty + 5, exchange.now_ns))
        exchange.market.act(engine.move(first.order_id, engine.prices("buy")[3], 7, exchange.now_ns))
        take()
    assert books["BTC/USD"].events["delete"] >= 10


@pytest.mark.parametrize("seed", range(2))
def test_a_late_subscriber_sees_what_the_early_one_sees(seed: int) -> None:
    """Joining a feed that others receive already gives the same book."""
    exchange = Exchange(seed=seed, rate=60, pairs=[PAIR_OF["ETH/USD"]])
    early, take_early = followed(exchange, NaiveBook, "book", 25, ["ETH/USD"])
    wait(exchange, 5)
    late, take_late = followed(exchange, NaiveBook, "book", 25, ["ETH/USD"])
    wait(exchange, 5)
    take_early()
    take_late()
    assert early["ETH/USD"].sides == late["ETH/USD"].sides
