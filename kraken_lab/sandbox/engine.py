"""The matching engine of one pair: price-time priority, partial fills, and what each action did.

It knows prices, quantities and queues; accounts, fees, permissions and triggers are others' business. Every action
takes its time as an argument and returns the `Batch` of what it did. A book it leaves behind is never crossed.
Prices and quantities are integers scaled by the pair's precisions, times nanoseconds since the Unix epoch.

Source: Order types, Level 3 and Amend order pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import neg
from typing import Literal

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.events import (
    Batch,
    Change,
    OrderAdded,
    OrderChanged,
    OrderRemoved,
    RestingOrder,
    Side,
    TimeInForce,
    Trade,
)
from kraken_lab.sandbox.instruments import Pair

__all__ = ["Engine"]


class _Level:
    """The queue at one price, oldest first (a dict keeps order and removes in constant time), and its total."""

    __slots__ = ("orders", "qty")

    def __init__(self) -> None:
        self.orders: dict[str, RestingOrder] = {}
        self.qty = 0


class _Ladder:
    """One side of the book: its prices best first, and the level at each."""

    __slots__ = ("key", "levels", "prices")

    def __init__(self, side: Side) -> None:
        self.prices: list[int] = []
        self.levels: dict[int, _Level] = {}
        self.key: Callable[[int], int] | None = neg if side == "buy" else None

    def rank(self, price: int) -> int:
        if self.key is None:
            return bisect_left(self.prices, price)
        return bisect_left(self.prices, -price, key=self.key)

    def reaching(self, price: int) -> int:
        """How many levels are at ``price`` or better, which is how many an order of the other side could take."""
        return self.rank(price) + (price in self.levels)

    def append(self, order: RestingOrder) -> None:
        level = self.levels.get(order.price)
        if level is None:
            level = self.levels[order.price] = _Level()
            self.prices.insert(self.rank(order.price), order.price)
        level.orders[order.order_id] = order
        level.qty += order.qty

    def remove(self, order: RestingOrder) -> None:
        level = self.levels[order.price]
        del level.orders[order.order_id]
        level.qty -= order.qty
        if not level.orders:
            del self.levels[order.price]
            del self.prices[self.rank(order.price)]


class Engine:
    """One pair's order book and the matching in it.

    >>> from kraken_lab.sandbox.instruments import PAIRS
    >>> engine = Engine(PAIRS[0], first_trade_id=1, new_order_id=iter(["OA", "OB"]).__next__)
    >>> resting, taking = engine.limit("sell", 265004, 100, 0), engine.market("buy", 40, 1)
    >>> engine.best("sell"), taking.trades[0].maker_order_id
    ((265004, 60), 'OA')
    """

    def __init__(self, pair: Pair, first_trade_id: int, new_order_id: Callable[[], str]) -> None:
        self.pair = pair
        self.next_trade_id = first_trade_id
        self._new_order_id = new_order_id
        self._bids, self._asks = _Ladder("buy"), _Ladder("sell")
        self._orders: dict[str, RestingOrder] = {}

    # --- acting -----------------------------------------------------------------------------------------------------

    def limit(
        self,
        side: Side,
        price: int,
        qty: int,
        ns: int,
        *,
        post_only: bool = False,
        time_in_force: TimeInForce = "gtc",
        order_id: str | None = None,
    ) -> Batch:
        """Match what crosses at the makers' prices; what is left rests (gtc) or is dropped (ioc).

        A ``fok`` order that cannot fill whole and a ``post_only`` order that would take do nothing: the batch is empty.

        Raises:
            SandboxError: price or quantity is not positive or not on its increment, or ``order_id`` already rests.
        """
        self._check(price, qty)
        order_id = self._fresh(order_id)
        other = self._asks if side == "buy" else self._bids
        if post_only and other.reaching(price):
            return self._batch(ns)
        if time_in_force == "fok" and self._available(other, price, qty) < qty:
            return self._batch(ns)
        changes: list[Change] = []
        trades: list[Trade] = []
        left = self._take(side, price, qty, ns, order_id, "limit", changes, trades)
        if left and time_in_force == "gtc":
            self._rest(RestingOrder(order_id, side, price, left, ns), changes)
        return self._batch(ns, changes, trades)

    def market(self, side: Side, qty: int, ns: int, *, order_id: str | None = None) -> Batch:
        """Match against whatever rests, best first; what finds nobody is dropped.

        Raises:
            SandboxError: the quantity is not positive or not on its increment, or ``order_id`` already rests.
        """
        self._check(None, qty)
        changes: list[Change] = []
        trades: list[Trade] = []
        self._take(side, None, qty, ns, self._fresh(order_id), "market", changes, trades)
        return self._batch(ns, changes, trades)

    def cancel(self, order_id: str, ns: int) -> Batch | None:
        """Remove a resting order; None if it does not rest here (any more)."""
        order = self._orders.get(order_id)
        if order is None:
            return None
        changes: list[Change] = []
        self._leave(order, ns, changes)
        return self._batch(ns, changes)

    def reduce(self, order_id: str, qty: int, ns: int) -> Batch | None:
        """Leave ``qty`` of a resting order open, which keeps its place; None if it does not rest here (any more).

        Raises:
            SandboxError: ``qty`` is not on its increment, or not above 0 and below what is open.
        """
        order = self._orders.get(order_id)
        if order is None:
            return None
        self._check(None, qty)
        if qty >= order.qty:
            raise SandboxError(f"Order {order_id} has {order.qty} open, which {qty} does not reduce.")
        changes: list[Change] = []
        self._shrink(order, qty, ns, changes)
        return self._batch(ns, changes)

    def move(self, order_id: str, price: int, qty: int, ns: int) -> Batch | None:
        """Take a resting order out and enter it anew under its own id, matching if it crosses; None if it is gone.

        This is how a change of price, or a quantity raised, loses its place in the queue.

        Raises:
            SandboxError: price or quantity is not positive or not on its increment.
        """
        order = self._orders.get(order_id)
        if order is None:
            return None
        self._check(price, qty)
        changes: list[Change] = []
        trades: list[Trade] = []
        self._leave(order, ns, changes)
        left = self._take(order.side, price, qty, ns, order_id, "limit", changes, trades)
        if left:
            self._rest(RestingOrder(order_id, order.side, price, left, ns), changes)
        return self._batch(ns, changes, trades)

    # --- looking ----------------------------------------------------------------------------------------------------

    def levels(self, side: Side, depth: int) -> list[tuple[int, int]]:
        """Up to ``depth`` levels as ``(price, total quantity)``, best first."""
        ladder = self._ladder(side)
        return [(price, ladder.levels[price].qty) for price in ladder.prices[:depth]]

    def level_qty(self, side: Side, price: int) -> int:
        """The total quantity at a price; 0 if nothing rests there."""
        level = self._ladder(side).levels.get(price)
        return level.qty if level else 0

    def prices(self, side: Side) -> Sequence[int]:
        """The prices of a side, best first: the engine's own list, to read at once and never to keep or change."""
        return self._ladder(side).prices

    def rank(self, side: Side, price: int) -> int:
        """How many levels of a side are strictly better than ``price``, whether or not anything rests there."""
        return self._ladder(side).rank(price)

    def queue(self, side: Side, price: int) -> tuple[RestingOrder, ...]:
        """The orders at a price, first in line first; empty if there are none."""
        level = self._ladder(side).levels.get(price)
        return tuple(level.orders.values()) if level else ()

    def best(self, side: Side) -> tuple[int, int] | None:
        """The best price of a side and its total quantity; None if the side is empty."""
        ladder = self._ladder(side)
        if not ladder.prices:
            return None
        price = ladder.prices[0]
        return price, ladder.levels[price].qty

    def order(self, order_id: str) -> RestingOrder | None:
        """The resting order of that id, or None."""
        return self._orders.get(order_id)

    def __len__(self) -> int:
        """How many orders rest."""
        return len(self._orders)

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _ladder(self, side: Side) -> _Ladder:
        return self._bids if side == "buy" else self._asks

    def _batch(self, ns: int, changes: Sequence[Change] = (), trades: Sequence[Trade] = ()) -> Batch:
        return Batch(self.pair.symbol, ns, tuple(changes), tuple(trades))

    def _check(self, price: int | None, qty: int) -> None:
        if price is not None and (price <= 0 or price % self.pair.price_increment):
            raise SandboxError(f"{self.pair.symbol}: price {price} is not a positive multiple of its increment.")
        if qty <= 0 or qty % self.pair.qty_increment:
            raise SandboxError(f"{self.pair.symbol}: quantity {qty} is not a positive multiple of its increment.")

    def _fresh(self, order_id: str | None) -> str:
        if order_id is None:
            return self._new_order_id()
        if order_id in self._orders:
            raise SandboxError(f"{self.pair.symbol}: order {order_id} already rests.")
        return order_id

    @staticmethod
    def _available(ladder: _Ladder, price: int, enough: int) -> int:
        """What could be taken down to ``price``, counted no further than ``enough``."""
        total = 0
        for at in ladder.prices[: ladder.reaching(price)]:
            total += ladder.levels[at].qty
            if total >= enough:
                break
        return total

    def _take(
        self,
        side: Side,
        price: int | None,
        qty: int,
        ns: int,
        taker_id: str,
        ord_type: Literal["limit", "market"],
        changes: list[Change],
        trades: list[Trade],
    ) -> int:
        """Fill up to ``qty`` from the other side, no worse than ``price`` (None: at any price); what is left."""
        ladder = self._asks if side == "buy" else self._bids
        while qty and ladder.prices:
            best = ladder.prices[0]
            if price is not None and (best > price if side == "buy" else best < price):
                break
            for maker in tuple(ladder.levels[best].orders.values()):
                filled = min(qty, maker.qty)
                qty -= filled
                trades.append(
                    Trade(self.next_trade_id, side, best, filled, ord_type, ns, maker.order_id, taker_id),
                )
                self.next_trade_id += 1
                if filled == maker.qty:
                    self._leave(maker, ns, changes)
                else:
                    self._shrink(maker, maker.qty - filled, ns, changes)
                if not qty:
                    break
        return qty

    def _rest(self, order: RestingOrder, changes: list[Change]) -> None:
        self._ladder(order.side).append(order)
        self._orders[order.order_id] = order
        changes.append(OrderAdded(order.order_id, order.side, order.price, order.qty, order.queued_ns))

    def _leave(self, order: RestingOrder, ns: int, changes: list[Change]) -> None:
        self._ladder(order.side).remove(order)
        del self._orders[order.order_id]
        changes.append(OrderRemoved(order.order_id, order.side, order.price, order.qty, ns))

    def _shrink(self, order: RestingOrder, qty: int, ns: int, changes: list[Change]) -> None:
        self._ladder(order.side).levels[order.price].qty -= order.qty - qty
        order.qty = qty
        changes.append(OrderChanged(order.order_id, order.side, order.price, qty, ns))
