"""Random faults for minutes, and afterwards: was every book that could be seen true, is every trade accounted for?"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from random import Random
from typing import Any

import pytest

from kraken_lab.errors import NotReady
from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.streams import StreamState
from tests.virtual import World, in_world

Book = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]

SYMBOLS = ("BTC/USD", "ETH/USD", "ACA/EUR")
DEPTH = 10


class Truth:
    """What the venue's books were, each as of when, and all its trades."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.books: dict[str, dict[Book, list[int]]] = {symbol: defaultdict(list) for symbol in SYMBOLS}
        """The moments each book ended, ns; the present one has not yet."""
        self.now: dict[str, Book] = {}
        self.trades: dict[str, dict[int, tuple[int, int, str]]] = {symbol: {} for symbol in SYMBOLS}
        for symbol in SYMBOLS:
            self.write_down(symbol, world.exchange.now_ns)
        world.exchange.market.listeners.append(self._hear)

    def _hear(self, batch: Batch) -> None:
        if batch.symbol in SYMBOLS:
            self.write_down(batch.symbol, batch.ns)
            for trade in batch.trades:
                self.trades[batch.symbol][trade.trade_id] = (trade.price, trade.qty, trade.side)

    def write_down(self, symbol: str, ns: int) -> None:
        """The book as it is now."""
        engine = self._world.exchange.market.engine(symbol)
        if symbol in self.now:
            self.books[symbol][self.now[symbol]].append(ns)
        self.now[symbol] = tuple(engine.levels("buy", DEPTH)), tuple(engine.levels("sell", DEPTH))


def inject(world: World, random: Random) -> None:
    """One fault at random."""
    faults = world.exchange.faults
    symbol = random.choice(SYMBOLS)
    channel = random.choice(["book", "trade"])
    match = Match(channel=channel, type="update", symbol=symbol, times=random.randrange(1, 4))
    what = random.choice(
        ["reset", "close", "freeze", "drop", "dup", "swap", "spoil", "snapshot", "lose", "reply", "maintenance", "slow"]
    )
    if what == "reset":
        faults.reset()
    elif what == "close":
        faults.close(1012, "restart")
    elif what == "freeze":
        faults.freeze()
        asyncio.get_running_loop().call_later(random.uniform(0.5, 12.0), faults.thaw)
    elif what == "drop":
        faults.drop(match)
    elif what == "dup":
        faults.dup(match)
    elif what == "swap":
        faults.swap(match, Match(channel=channel, type="update", symbol=symbol))
    elif what == "spoil":
        faults.edit(match, lambda text: text[: len(text) // 2])
    elif what == "snapshot":
        faults.drop(Match(channel=channel, type="snapshot", symbol=symbol))
    elif what == "lose":
        faults.lose_request(random.choice(["subscribe", "unsubscribe"]))
    elif what == "reply":
        faults.lose_reply(random.choice(["subscribe", "unsubscribe"]))
    elif what == "maintenance":
        faults.status("maintenance")
        asyncio.get_running_loop().call_later(random.uniform(0.5, 5.0), lambda: faults.status("online"))
    else:
        faults.delay("subscribe", random.uniform(0.1, 8.0), times=2)


@pytest.mark.promise("S-05")
@pytest.mark.promise("S-06")
@pytest.mark.promise("S-07")
@pytest.mark.promise("S-11")
@pytest.mark.promise("P-02")
@pytest.mark.parametrize("seed", range(2))
def test_after_random_faults_all_is_accounted_for(seed: int) -> None:
    """Every book that could be photographed was the venue's within its epoch; every trade is here once or in a gap."""

    async def test(world: World) -> None:
        random = Random(f"history {seed}")
        truth = Truth(world)
        books: dict[str, Any] = {symbol: world.feed("book", symbol) for symbol in SYMBOLS}
        trades: dict[str, Any] = {symbol: world.feed("trade", symbol) for symbol in SYMBOLS}
        await world.live()
        photographs = 0

        def look(symbol: str) -> None:
            nonlocal photographs
            try:
                photo = books[symbol].photograph()
            except NotReady:
                return
            photographs += 1
            seen: Book = (
                tuple(zip(photo.bid_ladder.prices, photo.bid_ladder.quantities, strict=True)),
                tuple(zip(photo.ask_ladder.prices, photo.ask_ladder.quantities, strict=True)),
            )
            if seen == truth.now[symbol]:
                return
            ended = truth.books[symbol].get(seen)
            assert ended, f"{symbol} never was like this at the venue"
            begins = {gap.epoch: gap.start_ns for gap in books[symbol].gaps.gaps}.get(photo.epoch, 0)
            assert max(ended) >= begins, f"{symbol} was like this only before epoch {photo.epoch}"

        async def photographer() -> None:
            while True:
                for symbol in SYMBOLS:
                    look(symbol)
                await asyncio.sleep(0.02)

        reader = asyncio.ensure_future(photographer())
        for symbol, feed in books.items():
            feed.watchers = (lambda symbol=symbol: look(symbol),)
            feed.listeners = (lambda symbol=symbol: look(symbol),)
        for _ in range(20):
            inject(world, random)
            await asyncio.sleep(random.uniform(0.2, 6.0))
            assert not reader.done() or reader.exception() is None
            for feeds in (books, trades):
                for symbol, feed in feeds.items():
                    if feed.state is StreamState.FAILED:
                        assert feed.channel == "book"
                        feeds[symbol] = world.feed(feed.channel, symbol)
        world.exchange.faults.clear()
        await world.live(*books.values(), *trades.values(), within=200)
        await asyncio.sleep(20)
        await world.live(*books.values(), *trades.values(), within=200)
        assert photographs > 2_000
        reader.cancel()
        for symbol in SYMBOLS:
            account_for(truth.trades[symbol], trades[symbol])

    in_world(test, seed=seed, rate=12.0)


def account_for(venue: dict[int, tuple[int, int, str]], feed: Any) -> None:
    """Each of the venue's trades is in the table once, as it was, or is counted in a gap."""
    rows = list(feed.table.view().rows())
    ids = [int(row.trade_id) for row in rows]
    assert len(ids) == len(set(ids))
    first, last = min(ids), max(ids)
    absent = [trade_id for trade_id in venue if first <= trade_id <= last and trade_id not in set(ids)]
    counted = sum(gap.missed or 0 for gap in feed.gaps.gaps if not gap.filled)
    assert len(absent) <= counted
    assert not [trade_id for trade_id in venue if trade_id > last]
    if not absent:
        assert all(gap.filled or gap.missed for gap in feed.gaps.gaps)
    for row in rows:
        if (there := venue.get(int(row.trade_id))) is not None:
            price, qty, side = there
            assert int(row.price.scaleb(-int(row.price.as_tuple().exponent))) >= 0
            assert (str(row.side), str(price).rstrip("0")) == (side, digits(row.price))
            assert str(qty).rstrip("0") == digits(row.qty)
    flags = [bool(row.gap_before) for row in rows]
    epochs = [int(row.epoch) for row in rows]
    assert epochs == sorted(epochs)
    assert [at for at, flag in enumerate(flags) if flag] == [
        at for at in range(1, len(rows)) if epochs[at] != epochs[at - 1]
    ]


def digits(number: Any) -> str:
    """The significant digits of a positive decimal, without point and zeros at either end."""
    return format(number, "f").replace(".", "").strip("0")
