"""The synthetic order flow of one pair: who quotes, who takes, who thinks better of it.

Every action is one of few: a quote near the fair price, an order further out, a cancel, a taker who pays the spread,
and what happens when the fair price leaves the spread: stale quotes are picked off or moved. Prices, candles and
tickers are not drawn but follow from these orders, in the queues that everybody's orders share.

The touch follows the fair price within milliseconds, since whoever has quoted reacts at once when the price leaves the
spread. So past returns tell nothing about the next beyond a second. Participants keep to what the status of the market
permits.
"""

from __future__ import annotations

from math import ceil, exp, floor, sqrt
from random import Random
from typing import Final

from kraken_lab.sandbox.arrivals import Arrivals
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, OrderAdded, OrderRemoved, Side
from kraken_lab.sandbox.fair_price import FairPrice
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.permits import Permit, permit
from kraken_lab.sandbox.profiles import Profile

__all__ = ["Flow"]

BASIS_POINT: Final = 1e-4
TAKERS: Final = 0.02  # of the actions in a calm market, takers who simply want to trade
CANCELS: Final = 0.47  # of the others, cancels, when a side is as full as it should be
CROWDING: Final = 3.0  # how much more often when it is fuller
THIN_CROWDING: Final = 0.15  # thin pairs hardly care, so their sides run empty now and then
PERSISTENCE: Final = 0.6  # chance that a taker is on the side of the one before
REACTION: Final = 0.004  # mean seconds until somebody acts on a quote that has become stale
PICKED_OFF: Final = 0.25  # chance that a stale quote is taken rather than moved, per half spread that it is wrong
WIDE: Final = 3.5  # half spreads between bid and ask that invite a quote in between
NEAR: Final = 0.5  # of the quotes and cancels, those about the touch
TAKEN_LEVELS: Final = 3  # takers look before they take: no more than rests on so many levels
IMPACT: Final = 0.3  # how much of a trade's distance beyond the fair price the fair price believes
SPREAD_OF_BODY: Final = 1.1  # sigma of the log-normal distance of orders further out
SIGMA_OF_SIZE: Final = 1.4  # sigma of the log-normal quantities
WHALES: Final = 0.03  # of the quantities, those multiplied by a power law
ROUND_SIZES: Final = 0.33  # of the quantities, those with one digit and zeros
ROUND_PRICES: Final = 0.3  # of the orders further out, those at a round price
WITHDRAWALS: Final = 0.3  # of the actions while nothing but cancels is permitted, cancels from a full side
REFILL: Final = 0.25  # chance that a thin pair's empty side is quoted again
MOST_ORDERS: Final = 4  # per level of the profile, on one side
THIN: Final = 10  # levels below which a pair is thin


class _Roster:
    """The flow's own resting orders of one side, any of which can be drawn at random in constant time."""

    __slots__ = ("_ids", "_place")

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._place: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._place

    def add(self, order_id: str) -> None:
        self._place[order_id] = len(self._ids)
        self._ids.append(order_id)

    def discard(self, order_id: str) -> None:
        place = self._place.pop(order_id, None)
        if place is None:
            return
        last = self._ids.pop()
        if last != order_id:
            self._ids[place] = last
            self._place[last] = place

    def draw(self, random: Random) -> str:
        return self._ids[int(random.random() * len(self._ids))]


class Flow:
    """One pair's participants. `act` does what is due at `due_ns`; `observe` must be told of what others do.

    ``rate`` is actions a second (0: nothing ever happens beyond the first book); reactions to stale quotes come on top,
    about one for five actions of a busy pair. Orders of others live in the same queues: they are matched, and never
    cancelled, by the flow. ``permit`` is the most that anybody does.
    """

    def __init__(self, profile: Profile, engine: Engine, *, rate: float, start_ns: int, random: Random) -> None:
        self.engine = engine
        self.permit = permit(engine.pair.status)
        self._profile = profile
        self._random = random
        pair = engine.pair
        self._tick = pair.price_increment
        price = profile.price * 10**pair.price_precision * exp(0.02 * random.gauss(0.0, 1.0))
        per_action = profile.volatility * BASIS_POINT / sqrt(rate) if rate else 0.0
        self.fair = FairPrice(price, per_action, random)
        self._half = max(profile.half_spread * BASIS_POINT * price, 0.3 * self._tick)
        self._reach = profile.reach * BASIS_POINT * price
        self._lot = profile.notional / profile.price * 10**pair.qty_precision  # the median quantity
        self._own: dict[Side, _Roster] = {"buy": _Roster(), "sell": _Roster()}
        self._thin = profile.levels < THIN
        self._crowding = THIN_CROWDING if self._thin else CROWDING
        self._taker: Side = "buy"
        self._acted_ns = start_ns
        self._open(start_ns)
        self._arrivals = Arrivals(rate, start_ns, random) if rate else None
        self._arrives_ns = self._arrivals.next() if self._arrivals else None
        self.due_ns = self._arrives_ns

    # --- the clock --------------------------------------------------------------------------------------------------

    def act(self) -> Batch | None:
        """Do what is due, and set when the next thing is; None if it came to nothing."""
        ns = self.due_ns
        assert ns is not None
        assert self._arrivals is not None
        assert self._arrives_ns is not None
        if ns == self._arrives_ns:
            if self.permit >= Permit.MAKING:  # otherwise nobody could say what he believes
                self.fair.wander((ns - self._acted_ns) / NS_PER_SECOND)
            self._acted_ns = ns
            self._arrives_ns = self._arrivals.next()
        batch = self._decide(ns)
        if batch:
            self.observe(batch, own=True)
        self.due_ns = self._arrives_ns
        if self._stale():
            reaction = max(1, round(self._random.expovariate(1 / REACTION) * NS_PER_SECOND))
            self.due_ns = min(self.due_ns, ns + reaction)
        return batch

    def observe(self, batch: Batch, *, own: bool = False) -> None:
        """Take note of what others did: orders of ours that are gone, trades that say something about the price."""
        refilled = {refill.order_id for refill in batch.refills} if batch.refills else ()
        for change in batch.changes:
            if type(change) is OrderRemoved:
                self._own[change.side].discard(change.order_id)
            elif own and type(change) is OrderAdded and change.order_id not in refilled:  # a stranger's iceberg
                self._own[change.side].add(change.order_id)
        if batch.trades:
            last = batch.trades[-1]
            beyond = last.price - self.fair.value
            if (beyond > 0) == (last.side == "buy"):
                self.fair.believe(IMPACT * beyond)

    # --- deciding ---------------------------------------------------------------------------------------------------

    def _decide(self, ns: int) -> Batch | None:
        if self.permit < Permit.MAKING:
            return self._withdraw(ns) if self.permit == Permit.CANCELS else None
        bids, asks = self.engine.prices("buy"), self.engine.prices("sell")
        if not bids or not asks:
            return self._refill(ns, "sell" if bids else "buy")
        fair = self.fair.value
        if fair > asks[0]:
            return self._chase(ns, "buy", asks[0])
        if fair < bids[0]:
            return self._chase(ns, "sell", bids[0])
        random = self._random.random
        if random() < TAKERS and self.permit >= Permit.LIMITS:
            return self._take(ns)
        if asks[0] - bids[0] > max(WIDE * self._half, 2 * self._tick) and random() < 0.5:
            lagging: Side = "buy" if fair - bids[0] > asks[0] - fair else "sell"
            return self._cancel(ns, lagging) if self._full(lagging) else self._quote(ns, lagging)
        emptier = len(asks) / (len(bids) + len(asks))  # the chance of the bids: the emptier side gets the attention
        return self._stir(ns, "buy" if random() < emptier else "sell")

    def _stir(self, ns: int, side: Side) -> Batch | None:
        """An order comes or goes on ``side``, so that it stays about as full as it should be, and never overflows."""
        random = self._random.random
        crowd = len(self.engine.prices(side)) / self._profile.levels
        if self._full(side) or random() < CANCELS + self._crowding * (crowd - 1):
            return self._cancel(ns, side)
        return self._quote(ns, side) if random() < NEAR * min(1.0, crowd**4) else self._place(ns, side)

    def _full(self, side: Side) -> bool:
        target = self._profile.levels
        return len(self.engine.prices(side)) >= 2 * target or len(self._own[side]) >= MOST_ORDERS * target

    def _withdraw(self, ns: int) -> Batch | None:
        """Nothing but cancels is permitted: some make use of it, fewer and fewer as the side empties."""
        side: Side = "buy" if self._random.random() < 0.5 else "sell"
        crowd = len(self.engine.prices(side)) / self._profile.levels
        return self._cancel(ns, side) if self._random.random() < WITHDRAWALS * crowd * crowd else None

    def _stale(self) -> bool:
        """Whether a best price is wrong by the fair price, and belongs to participants who may and will react."""
        if self.permit < Permit.MAKING:
            return False
        bids, asks, fair = self.engine.prices("buy"), self.engine.prices("sell"), self.fair.value
        if asks and fair > asks[0]:
            return self._first_own("sell", asks[0]) is not None
        return bool(bids) and fair < bids[0] and self._first_own("buy", bids[0]) is not None

    def _refill(self, ns: int, empty: Side) -> Batch | None:
        """One side is empty: somebody quotes it, on a thin pair after a while."""
        if not self._thin or self._random.random() < REFILL:
            return self._quote(ns, empty)
        return self._stir(ns, "buy" if empty == "sell" else "sell")

    def _chase(self, ns: int, side: Side, touch: int) -> Batch | None:
        """The fair price has passed the best quote of the other side, which is taken by ``side`` or moves away."""
        stale: Side = "sell" if side == "buy" else "buy"
        wrong = min(10.0, abs(self.fair.value - touch) / self._half)
        may_take = self.permit >= Permit.LIMITS
        if self._random.random() >= min(0.8, PICKED_OFF * wrong) or not may_take:
            mine = self._first_own(stale, touch)
            if mine is not None:
                return self.engine.move(mine, self._near(stale), self._size(1.0), ns)
        if not may_take:
            return self._stir(ns, side)
        limit = self._on_tick(self.fair.value, side)
        return self.engine.limit(side, limit, self._size(1.5 + wrong), ns, time_in_force="ioc")

    def _take(self, ns: int) -> Batch:
        """Somebody pays the spread, more often than not on the side of the one before."""
        if self._random.random() > PERSISTENCE:
            self._taker = "sell" if self._taker == "buy" else "buy"
        side = self._taker
        seen = self.engine.levels("sell" if side == "buy" else "buy", TAKEN_LEVELS)
        qty = min(self._size(0.4), sum(qty for _, qty in seen))
        if self._random.random() < 0.6 and self.permit == Permit.ALL:
            return self.engine.market(side, qty, ns)
        return self.engine.limit(side, seen[0][0], qty, ns, time_in_force="ioc")

    def _quote(self, ns: int, side: Side) -> Batch:
        return self.engine.limit(side, self._near(side), self._size(0.7), ns, post_only=True)

    def _place(self, ns: int, side: Side) -> Batch:
        price, distance = self._far(side)
        return self.engine.limit(side, price, self._size(1 + min(2.0, distance / self._reach)), ns, post_only=True)

    def _cancel(self, ns: int, side: Side) -> Batch | None:
        """Somebody thinks better of it, as often near the touch as quotes come there, otherwise anywhere."""
        own = self._own[side]
        if not own:
            return None
        if self._random.random() < NEAR:
            prices = self.engine.prices(side)
            near = prices[min(int(self._random.expovariate(0.25)), len(prices) - 1)]
            mine = self._first_own(side, near)
            if mine is not None:
                return self.engine.cancel(mine, ns)
        return self.engine.cancel(own.draw(self._random), ns)

    def _first_own(self, side: Side, price: int) -> str | None:
        own = self._own[side]
        return next((order.order_id for order in self.engine.queue(side, price) if order.order_id in own), None)

    # --- prices and sizes -------------------------------------------------------------------------------------------

    def _on_tick(self, price: float, side: Side) -> int:
        """The nearest price step that is no better for ``side`` than ``price``: buyers round down, sellers up."""
        steps = price / self._tick
        return max(1, floor(steps) if side == "buy" else ceil(steps)) * self._tick

    def _near(self, side: Side) -> int:
        """A maker's price: about the half spread from the fair price, and never one that would take."""
        distance = self._half * (0.5 + self._random.expovariate(1.0))
        fair = self.fair.value
        if side == "buy":
            price, asks = self._on_tick(fair - distance, side), self.engine.prices("sell")
            return min(price, asks[0] - self._tick) if asks else price
        price, bids = self._on_tick(fair + distance, side), self.engine.prices("buy")
        return max(price, bids[0] + self._tick) if bids else price

    def _far(self, side: Side) -> tuple[int, float]:
        """A price further out, often a round one, and its distance from the fair price."""
        distance = self._half + self._reach * exp(SPREAD_OF_BODY * self._random.gauss(0.0, 1.0))
        fair = self.fair.value
        distance = min(distance, 0.9 * fair)
        price = self._on_tick(fair - distance if side == "buy" else fair + distance, side)
        if self._random.random() < ROUND_PRICES:
            step = self._tick * (10 if distance < 300 * self._tick else 50)
            rounded = price - price % step if side == "buy" else price + -price % step
            price = rounded or price
        return price, distance

    def _size(self, scale: float) -> int:
        """A quantity: log-normal about the median, now and then a whale's, often a round number."""
        random = self._random
        qty = scale * self._lot * exp(SIGMA_OF_SIZE * random.gauss(0.0, 1.0))
        if random.random() < WHALES:
            qty *= min(100.0, 3.0 * random.paretovariate(1.3))
        pair = self.engine.pair
        whole = max(int(qty), pair.qty_min)
        if random.random() < ROUND_SIZES:
            unit: int = 10 ** (len(str(whole)) - 1)
            whole = max(whole - whole % unit, pair.qty_min)
        return whole - whole % pair.qty_increment

    # --- the first book ---------------------------------------------------------------------------------------------

    def _open(self, start_ns: int) -> None:
        """Fill both sides at birth, as if the orders had come one by one during the hours before."""
        random = self._random
        for side in ("buy", "sell"):
            found: list[tuple[float, int, int]] = []
            prices: set[int] = set()
            most = MOST_ORDERS * self._profile.levels  # where steps are coarse, many orders share a price
            while len(prices) < self._profile.levels and len(found) < most:
                near = len(found) < min(8, self._profile.levels)
                price, scale = (self._opening(side), 0.7) if near else (self._far(side)[0], 1.5)
                prices.add(price)
                found.append((random.expovariate(1 / 3600.0), price, self._size(scale)))
            for age, price, qty in sorted(found, reverse=True):
                batch = self.engine.limit(side, price, qty, start_ns - 1 - int(age * NS_PER_SECOND), post_only=True)
                for change in batch.changes:
                    self._own[side].add(change.order_id)

    def _opening(self, side: Side) -> int:
        distance = self._half * (0.5 + self._random.expovariate(0.5))
        return self._on_tick(self.fair.value + (-distance if side == "buy" else distance), side)
