"""The matching engine of one pair: price-time priority, partial fills, and what each action did.

It knows prices, quantities and queues, and who may not trade with whom; accounts, fees, permissions and triggers are
others' business. Every action takes its time as an argument and returns the `Batch` of what it did. A book it leaves
behind is never crossed.
Prices and quantities are integers scaled by the pair's precisions, times nanoseconds since the Unix epoch.

Source: Order types, Level 3 and Amend order pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.events import (
    Batch,
    Change,
    OrderAdded,
    OrderChanged,
    OrderRemoved,
    Refill,
    RestingOrder,
    Side,
    TimeInForce,
    Trade,
)
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.ladder import Ladder
from kraken_lab.sandbox.order_terms import SelfTrade

__all__ = ["Engine"]


class _Taker(NamedTuple):
    """Who comes to trade, and how."""

    order_id: str
    side: Side
    ord_type: Literal["limit", "market"]
    owner: str = ""
    self_trade: SelfTrade = "cancel_newest"


class _Deed:
    """What one action has done so far."""

    __slots__ = ("changes", "ns", "prevented", "refills", "trades")

    def __init__(self, ns: int) -> None:
        self.ns = ns
        self.changes: list[Change] = []
        self.trades: list[Trade] = []
        self.refills: list[Refill] = []
        self.prevented: list[str] = []


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
        self._bids, self._asks = Ladder("buy"), Ladder("sell")
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
        owner: str = "",
        self_trade: SelfTrade = "cancel_newest",
        display_qty: int | None = None,
    ) -> Batch:
        """Match what crosses at the makers' prices; what is left rests (gtc) or is dropped (ioc).

        A ``fok`` order that cannot fill whole and a ``post_only`` order that would take do nothing: the batch is empty.
        An order that meets one of its own ``owner`` does not trade with it: it goes, or the other, or both. With
        ``display_qty`` it is an iceberg: it shows no more at a time, and joins the back of the queue for each refill.

        Raises:
            SandboxError: a price or quantity is not positive or not on its increment, or ``order_id`` already rests.
        """
        self._check(price, qty)
        if display_qty is not None:
            self._check(None, display_qty)
        taker = _Taker(self._fresh(order_id), side, "limit", owner, self_trade)
        other = self._asks if side == "buy" else self._bids
        deed = _Deed(ns)
        if post_only and other.reaching(price):
            return self._batch(deed)
        if time_in_force == "fok" and self._fillable(taker, price, qty) < qty:
            return self._batch(deed)
        left = self._take(taker, price, qty, deed)
        if left and time_in_force == "gtc":
            self._rest(self._shown(RestingOrder(taker.order_id, side, price, left, ns, owner, display_qty or 0)), deed)
        return self._batch(deed)

    def market(
        self,
        side: Side,
        qty: int,
        ns: int,
        *,
        order_id: str | None = None,
        owner: str = "",
        self_trade: SelfTrade = "cancel_newest",
        budget: int | None = None,
    ) -> Batch:
        """Match against whatever rests, best first; what finds nobody is dropped.

        It ends before the value of its trades (price times quantity, scaled by both precisions) exceeds ``budget``.

        Raises:
            SandboxError: the quantity is not positive or not on its increment, or ``order_id`` already rests.
        """
        self._check(None, qty)
        deed = _Deed(ns)
        self._take(_Taker(self._fresh(order_id), side, "market", owner, self_trade), None, qty, deed, budget)
        return self._batch(deed)

    def cancel(self, order_id: str, ns: int) -> Batch | None:
        """Remove a resting order; None if it does not rest here (any more)."""
        order = self._orders.get(order_id)
        if order is None:
            return None
        deed = _Deed(ns)
        self._leave(order, deed)
        return self._batch(deed)

    def reduce(self, order_id: str, qty: int, ns: int) -> Batch | None:
        """Leave ``qty`` of a resting order open, which keeps its place; None if it does not rest here (any more).

        An iceberg gives up first what it hides, and what it hides is nobody's business: the batch may be empty.

        Raises:
            SandboxError: ``qty`` is not on its increment, or not above 0 and below what is open.
        """
        order = self._orders.get(order_id)
        if order is None:
            return None
        self._check(None, qty)
        if qty >= order.open_qty:
            raise SandboxError(f"Order {order_id} has {order.open_qty} open, which {qty} does not reduce.")
        deed = _Deed(ns)
        order.hidden = max(0, qty - order.qty)
        if qty < order.qty:
            self._shrink(order, qty, deed)
        return self._batch(deed)

    def redisplay(self, order_id: str, display_qty: int, ns: int) -> Batch | None:
        """Show no more than ``display_qty`` of a resting iceberg; None if it does not rest here (any more).

        Less is shown at once and keeps the place; more is shown from the next refill on.

        Raises:
            SandboxError: the quantity is not positive or not on its increment.
        """
        order = self._orders.get(order_id)
        if order is None:
            return None
        self._check(None, display_qty)
        deed = _Deed(ns)
        order.display = display_qty
        if display_qty < order.qty:
            order.hidden += order.qty - display_qty
            self._shrink(order, display_qty, deed)
        return self._batch(deed)

    def move(
        self, order_id: str, price: int, qty: int, ns: int, *, self_trade: SelfTrade = "cancel_newest"
    ) -> Batch | None:
        """Take a resting order out and enter it anew under its own id, matching if it crosses; None if it is gone.

        This is how a change of price, or a quantity raised, loses its place in the queue.

        Raises:
            SandboxError: price or quantity is not positive or not on its increment.
        """
        order = self._orders.get(order_id)
        if order is None:
            return None
        self._check(price, qty)
        deed = _Deed(ns)
        self._leave(order, deed)
        left = self._take(_Taker(order_id, order.side, "limit", order.owner, self_trade), price, qty, deed)
        if left:
            anew = RestingOrder(order_id, order.side, price, left, ns, order.owner, order.display)
            self._rest(self._shown(anew), deed)
        return self._batch(deed)

    def fill(self, order_id: str, qty: int, price: int, ns: int) -> Batch | None:
        """Let a stranger trade with a resting order, out of turn and at any price; None if it does not rest here.

        Raises:
            SandboxError: price or quantity is not positive or not on its increment, or more than is open.
        """
        order = self._orders.get(order_id)
        if order is None:
            return None
        self._check(price, qty)
        if qty > order.open_qty:
            raise SandboxError(f"Order {order_id} has {order.open_qty} open; {qty} cannot be filled.")
        deed = _Deed(ns)
        stranger: Side = "sell" if order.side == "buy" else "buy"
        deed.trades.append(
            Trade(self.next_trade_id, stranger, price, qty, "market", ns, order_id, self._new_order_id()),
        )
        self.next_trade_id += 1
        while qty:
            used = min(qty, order.qty)
            qty -= used
            self._use(order, used, deed)
        return self._batch(deed)

    # --- looking ----------------------------------------------------------------------------------------------------

    def levels(self, side: Side, depth: int) -> list[tuple[int, int]]:
        """Up to ``depth`` levels as ``(price, total quantity)``, best first."""
        ladder = self._ladder(side)
        return [(price, ladder.levels[price].qty) for price in ladder.prices[:depth]]

    def level_qty(self, side: Side, price: int) -> int:
        """What is shown at a price; 0 if nothing rests there."""
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

    def takeable(self, side: Side, qty: int, *, price: int | None = None, owner: str = "") -> tuple[int, int]:
        """How much of ``qty`` an order on ``side`` could take now, hidden parts included, and the value of that.

        No worse than ``price`` (None: at any price), and nothing from its own ``owner``. The value is price times
        quantity, scaled by both precisions.
        """
        ladder, left, value = self._ladder("sell" if side == "buy" else "buy"), qty, 0
        for at in ladder.prices if price is None else ladder.prices[: ladder.reaching(price)]:
            for maker in ladder.levels[at].orders.values():
                if not (maker.owner and maker.owner == owner):
                    taken = min(left, maker.open_qty)
                    left -= taken
                    value += taken * at
            if not left:
                break
        return qty - left, value

    def order(self, order_id: str) -> RestingOrder | None:
        """The resting order of that id, or None."""
        return self._orders.get(order_id)

    def __len__(self) -> int:
        """How many orders rest."""
        return len(self._orders)

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _ladder(self, side: Side) -> Ladder:
        return self._bids if side == "buy" else self._asks

    def _batch(self, deed: _Deed) -> Batch:
        changes, trades = tuple(deed.changes), tuple(deed.trades)
        return Batch(self.pair.symbol, deed.ns, changes, trades, tuple(deed.refills), tuple(deed.prevented))

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

    def _fillable(self, taker: _Taker, price: int, enough: int) -> int:
        """How much ``taker`` would fill no worse than ``price``, counted no further than ``enough``."""
        if taker.self_trade == "cancel_oldest":
            return self.takeable(taker.side, enough, price=price, owner=taker.owner)[0]
        ladder, total = self._asks if taker.side == "buy" else self._bids, 0
        for at in ladder.prices[: ladder.reaching(price)]:
            hidden = 0
            for maker in ladder.levels[at].orders.values():
                if maker.owner and maker.owner == taker.owner:
                    return total  # here the taker itself would go, before any refill
                total += maker.qty
                hidden += maker.hidden
            total += hidden
            if total >= enough:
                break
        return total

    def _take(self, taker: _Taker, price: int | None, qty: int, deed: _Deed, budget: int | None = None) -> int:
        """Fill up to ``qty`` from the other side, no worse than ``price`` (None: at any price); what may rest."""
        side = taker.side
        ladder = self._asks if side == "buy" else self._bids
        while qty and ladder.prices:
            best = ladder.prices[0]
            if price is not None and (best > price if side == "buy" else best < price):
                break
            for maker in tuple(ladder.levels[best].orders.values()):
                if maker.owner and maker.owner == taker.owner:
                    if taker.self_trade != "cancel_newest":
                        self._leave(maker, deed)
                        deed.prevented.append(maker.order_id)
                    if taker.self_trade != "cancel_oldest":
                        deed.prevented.append(taker.order_id)
                        return 0
                    continue
                filled = min(qty, maker.qty)
                if budget is not None:
                    affordable = budget // best
                    filled = min(filled, affordable - affordable % self.pair.qty_increment)
                    if not filled:
                        return qty
                    budget -= filled * best
                qty -= filled
                deed.trades.append(
                    Trade(
                        self.next_trade_id, side, best, filled, taker.ord_type, deed.ns, maker.order_id, taker.order_id
                    )
                )
                self.next_trade_id += 1
                self._use(maker, filled, deed)
                if not qty:
                    break
        return qty

    def _use(self, maker: RestingOrder, filled: int, deed: _Deed) -> None:
        """Take off what the newest trade has filled of the visible part; an iceberg that is used up shows more."""
        if filled < maker.qty:
            self._shrink(maker, maker.qty - filled, deed)
            return
        self._leave(maker, deed)
        if maker.hidden:
            maker.qty, maker.hidden, maker.queued_ns = maker.hidden, 0, deed.ns
            self._rest(self._shown(maker), deed)
            deed.refills.append(Refill(maker.order_id, maker.qty, deed.trades[-1].trade_id))

    @staticmethod
    def _shown(order: RestingOrder) -> RestingOrder:
        """The order with no more visible than it displays."""
        if order.display and order.qty > order.display:
            order.qty, order.hidden = order.display, order.qty - order.display
        return order

    def _rest(self, order: RestingOrder, deed: _Deed) -> None:
        self._ladder(order.side).append(order)
        self._orders[order.order_id] = order
        deed.changes.append(OrderAdded(order.order_id, order.side, order.price, order.qty, order.queued_ns))

    def _leave(self, order: RestingOrder, deed: _Deed) -> None:
        self._ladder(order.side).remove(order)
        del self._orders[order.order_id]
        deed.changes.append(OrderRemoved(order.order_id, order.side, order.price, order.qty, deed.ns))

    def _shrink(self, order: RestingOrder, qty: int, deed: _Deed) -> None:
        self._ladder(order.side).levels[order.price].qty -= order.qty - qty
        order.qty = qty
        deed.changes.append(OrderChanged(order.order_id, order.side, order.price, qty, deed.ns))
