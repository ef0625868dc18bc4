"""The synthetic market: every pair's engine, order flow and history on one virtual clock.

Nothing here reads a clock. Time moves by `Market.advance`, which performs what is due in the order of time, whatever
the steps; the same seed, start and actions give the same batches, byte for byte. Orders from outside are entered on a
pair's engine and handed to `Market.act`, so that they live, match and are published as all others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heapreplace
from random import Random
from typing import Final

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.arrivals import OrderIds
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, Trade
from kraken_lab.sandbox.flow import Flow
from kraken_lab.sandbox.history import Candle, History, Ticker
from kraken_lab.sandbox.instruments import ASSETS, PAIRS, Asset, Pair
from kraken_lab.sandbox.past import Past
from kraken_lab.sandbox.permits import Permit
from kraken_lab.sandbox.profiles import profile

__all__ = ["DEFAULT_RATE", "Market"]

DEFAULT_RATE: Final = 80.0  # actions a second, all pairs together
NEVER_NS: Final = 2**63 - 1


class _Room:
    """What belongs to one pair."""

    __slots__ = ("engine", "flow", "history")

    def __init__(self, pair: Pair, *, seed: int, start_ns: int, rate: float) -> None:
        root, character = f"{seed}/{pair.symbol}", profile(pair.symbol)
        self.engine = Engine(pair, character.first_trade_id, OrderIds(Random(f"{root}/ids")).new)
        self.flow = Flow(character, self.engine, rate=rate, start_ns=start_ns, random=Random(f"{root}/flow"))
        past = Past(pair, character, seed=f"{root}/past", birth_ns=start_ns, price=self.flow.fair.value)
        self.history = History(self.engine, past)


class Market:
    """All pairs, driven by synthetic order flow in virtual time (nanoseconds since the Unix epoch).

    ``rate`` is actions a second, shared out among the ``pairs`` by their character; 0 makes every book stand still.
    Reactions to quotes that have become stale come on top, about one for five actions at the default rate.
    ``listeners`` are called with each `Batch` right after it happened, when engines and history already show it. When
    all of them have been told, the ``followers`` are called, who may `act` in turn: so everybody hears of an action
    before its consequences.

    >>> market = Market(seed=7, start_ns=1_767_225_600_000_000_000)
    >>> market.advance(market.now_ns + 1_000_000_000)
    >>> market.engine("BTC/USD").best("buy") < market.engine("BTC/USD").best("sell")
    True
    """

    def __init__(self, *, seed: int, start_ns: int, rate: float = DEFAULT_RATE, pairs: Sequence[Pair] = PAIRS) -> None:
        self.pairs: dict[str, Pair] = {pair.symbol: pair for pair in pairs}
        self.assets: dict[str, Asset] = {asset.id: asset for asset in ASSETS}
        self.now_ns = start_ns
        self.listeners: list[Callable[[Batch], None]] = []
        self.followers: list[Callable[[], None]] = []
        shares = {pair.symbol: profile(pair.symbol).share for pair in pairs}
        each = rate / (sum(shares.values()) or 1.0)
        self._rooms = {
            pair.symbol: _Room(pair, seed=seed, start_ns=start_ns, rate=each * shares[pair.symbol]) for pair in pairs
        }
        self._flows = [room.flow for room in self._rooms.values()]
        self._due = [(flow.due_ns, number) for number, flow in enumerate(self._flows) if flow.due_ns is not None]
        heapify(self._due)

    # --- time -------------------------------------------------------------------------------------------------------

    def next_due_ns(self) -> int:
        """When the next synthetic action happens; the end of time if none ever does."""
        return self._due[0][0] if self._due else NEVER_NS

    def advance(self, to_ns: int) -> None:
        """Perform all actions due until and at ``to_ns``, in the order of time, telling the listeners of each.

        Raises:
            SandboxError: ``to_ns`` is in the past.
        """
        if to_ns < self.now_ns:
            raise SandboxError(f"The market is at {self.now_ns} ns and cannot go back to {to_ns} ns.")
        while self._due and self._due[0][0] <= to_ns:
            self.now_ns, number = self._due[0]
            flow = self._flows[number]
            batch = flow.act()
            assert flow.due_ns is not None
            heapreplace(self._due, (flow.due_ns, number))
            if batch:
                self._publish(batch)
        self.now_ns = to_ns

    def act(self, batch: Batch | None) -> None:
        """Record and publish what was done directly on an engine, at the time that the market has reached.

        None and empty batches, which changed nothing, are ignored.

        Raises:
            SandboxError: the batch is of another time, or of a pair that is not traded here.
        """
        if not batch:
            return
        if batch.ns != self.now_ns:
            raise SandboxError(
                f"The batch is of {batch.ns} ns, but the market is at {self.now_ns} ns: advance it first."
            )
        self._room(batch.symbol).flow.observe(batch)
        self._publish(batch)

    def permit(self, symbol: str, most: Permit) -> None:
        """From now on the pair's synthetic participants do no more than ``most``; at first it is as its status says.

        It binds nobody else: whether an order from outside is let in is decided where it comes in.
        """
        self._room(symbol).flow.permit = most

    def _publish(self, batch: Batch) -> None:
        history = self._rooms[batch.symbol].history
        for trade in batch.trades:
            history.record(trade)
        for listener in self.listeners:
            listener(batch)
        for follower in self.followers:
            follower()

    # --- looking ----------------------------------------------------------------------------------------------------

    def engine(self, symbol: str) -> Engine:
        """The matching engine of a pair.

        Raises:
            SandboxError: no such pair, as for all that follow.
        """
        return self._room(symbol).engine

    def last_price(self, symbol: str) -> int | None:
        """The price of the newest trade, at birth of the newest seeded one; None if there never was one."""
        newest = self._room(symbol).history.trades(1)
        return newest[-1].price if newest else None

    def index_price(self, symbol: str) -> int | None:
        """The price elsewhere, to the nearest price step: here it is the fair price. None where there is no index."""
        flow = self._room(symbol).flow
        pair = flow.engine.pair
        step = pair.price_increment
        return max(1, round(flow.fair.value / step)) * step if pair.has_index else None

    def ticker(self, symbol: str) -> Ticker:
        """The best prices now and the figures of the last 24 hours."""
        return self._room(symbol).history.ticker(self.now_ns)

    def candles(self, symbol: str, interval_minutes: int, limit: int = 720) -> list[Candle]:
        """The candles of the last ``limit`` intervals, oldest first; no fewer than 720 intervals are kept.

        Intervals without a trade are absent; the last candle is in progress if anything has traded in it.
        """
        return self._room(symbol).history.candles(interval_minutes, limit, self.now_ns)

    def trades(self, symbol: str, limit: int = 50) -> list[Trade]:
        """The newest ``limit`` trades, oldest first; at birth the last of the seeded ones."""
        return self._room(symbol).history.trades(limit)

    def trades_since(self, symbol: str, since_ns: int, limit: int = 1000) -> list[Trade]:
        """The first ``limit`` trades later than ``since_ns``, oldest first, of the newest few thousand."""
        return self._room(symbol).history.trades_since(since_ns, limit)

    def _room(self, symbol: str) -> _Room:
        room = self._rooms.get(symbol)
        if room is None:
            raise SandboxError(f"{symbol!r} is not traded in this market.")
        return room
