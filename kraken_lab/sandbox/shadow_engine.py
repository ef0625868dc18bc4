"""Matching of paper orders in the shadow of the real exchange's book of one pair: the fill model of paper mode.

Paper orders rest in an `Engine` of their own; the real book stands beside it and is never changed. What is assumed:

* **Taking.** An order that takes walks the visible book at its prices, best first, down to the subscribed depth; what
  lies deeper does not exist here. What it took stays taken (see `visible`). The real market does not react to it.
* **Resting.** An order joins behind everything visible at its price. How that queue shortens is in `queue_place`: by
  trades at its price, and by withdrawals only when they must have been in front of it. The queue is never taken to be
  shorter than it is.
* **Being filled.** A real trade at its price fills what gets past the queue. A real trade at a worse price would have
  met the order first, so it fills its quantity. A real order that comes to rest at a price that the paper order would
  have taken or met fills what it shows, and that counts as taken. Always at the order's own price, as a maker.
* **Whose trade.** A trade fills only orders that had joined when it happened at the exchange.
* **Several paper orders** share one trade in price-time order. Icebergs show their part only, and each refill joins
  anew behind what is visible then.
* **Latency** is that of this machine: an order is in the queue when the sandbox has read it.

While the book is void, matching is paused: nothing is taken and nothing filled, orders rest, cancelling and reducing
work. An order that the market has passed meanwhile meets, when matching resumes, what stands in the whole book then;
what was traded during the pause gives it nothing.
Prices and quantities are integers scaled by the pair's precisions, times nanoseconds since the Unix epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, OrderRemoved, RestingOrder, Side, TimeInForce, Trade
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.order_terms import SelfTrade
from kraken_lab.sandbox.queue_place import Place
from kraken_lab.sandbox.upstream_book import UpstreamBook
from kraken_lab.sandbox.visible import Visible

__all__ = ["FILL_MODEL", "ShadowEngine"]

FILL_MODEL: Final = (
    "Paper: matched on this machine against the exchange's public book and trades, which paper orders do not change. "
    "An order that takes walks the visible book and takes no quantity twice. "
    "An order that rests stands behind everything visible at its price; trades there shorten that queue, withdrawals "
    "only when they must have been in front. It is filled at its own price: by trades that get past the queue or "
    "through the price, and by orders that come to rest within its reach. "
    "Nothing is filled while the book has a hole. No market impact, this machine's latency, fees by a schedule."
)
"""What paper fills assume, to be shown beside them."""
_SIDES: Final[tuple[Side, Side]] = ("buy", "sell")


def _other(side: Side) -> Side:
    return "sell" if side == "buy" else "buy"


def _reaches(side: Side, limit: int | None, price: int) -> bool:
    """Whether an order on ``side`` with that limit (None: any) would trade at ``price``."""
    return limit is None or (price <= limit if side == "buy" else price >= limit)


class _Taker(NamedTuple):
    """Who comes to trade, and how; ``price`` None is at any price."""

    order_id: str
    side: Side
    ord_type: Literal["limit", "market"]
    price: int | None
    owner: str
    self_trade: SelfTrade

    def reaches(self, price: int) -> bool:
        return _reaches(self.side, self.price, price)


class ShadowEngine:
    """The paper orders of one pair beside its real book; a `Matching` like `Engine`. At first it is paused."""

    def __init__(self, pair: Pair, new_order_id: Callable[[], str]) -> None:
        self._engine = Engine(pair, first_trade_id=1, new_order_id=new_order_id)
        self._new_order_id = new_order_id
        self._visible = Visible()
        self._places: dict[str, Place] = {}

    @property
    def pair(self) -> Pair:
        """The pair traded here."""
        return self._engine.pair

    @pair.setter
    def pair(self, pair: Pair) -> None:
        self._engine.pair = pair

    @property
    def is_paused(self) -> bool:
        """Whether nothing is matched for want of a whole book."""
        return self._visible.is_void

    # --- what paper orders do ---------------------------------------------------------------------------------------

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
        """Take what is visible no worse than ``price``; what is left joins its queue (gtc) or is dropped.

        Raises:
            SandboxError: a price or quantity is not positive or not on its increment, or ``order_id`` already rests.
        """
        taker = _Taker(order_id or self._new_order_id(), side, "limit", price, owner, self_trade)
        if (post_only and self._meets(taker)) or (time_in_force == "fok" and self._fillable(taker, qty) < qty):
            return self._batch(ns, [])
        done: list[Batch] = []
        left = self._take(taker, qty, ns, done)
        if left and time_in_force == "gtc":
            # Nothing is left in there that it could meet.
            done.append(
                self._engine.limit(side, price, left, ns, order_id=taker.order_id, owner=owner, display_qty=display_qty)
            )
            self._places[taker.order_id] = Place(self._visible.qty(side, price))
        return self._batch(ns, done)

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
        """Take what is visible, best first, up to ``qty`` and a total value of ``budget``; what is left is dropped."""
        done: list[Batch] = []
        taker = _Taker(order_id or self._new_order_id(), side, "market", None, owner, self_trade)
        self._take(taker, qty, ns, done, budget)
        return self._batch(ns, done)

    def cancel(self, order_id: str, ns: int) -> Batch | None:
        """Remove a resting order; None if it does not rest here (any more)."""
        self._places.pop(order_id, None)
        return self._engine.cancel(order_id, ns)

    def reduce(self, order_id: str, qty: int, ns: int) -> Batch | None:
        """Leave ``qty`` of a resting order open, which keeps its place; None if it does not rest here (any more)."""
        return self._engine.reduce(order_id, qty, ns)

    def redisplay(self, order_id: str, display_qty: int, ns: int) -> Batch | None:
        """Show no more than ``display_qty`` of a resting iceberg; None if it does not rest here (any more)."""
        return self._engine.redisplay(order_id, display_qty, ns)

    def move(
        self, order_id: str, price: int, qty: int, ns: int, *, self_trade: SelfTrade = "cancel_newest"
    ) -> Batch | None:
        """Take a resting order out and enter it anew at the back of a queue; None if it does not rest here."""
        order = self._engine.order(order_id)
        if order is None:
            return None
        gone = self.cancel(order_id, ns)
        assert gone is not None
        anew = self.limit(
            order.side,
            price,
            qty,
            ns,
            order_id=order_id,
            owner=order.owner,
            self_trade=self_trade,
            display_qty=order.display or None,
        )
        return self._batch(ns, [gone, anew])

    def fill(self, order_id: str, qty: int, price: int, ns: int) -> Batch | None:
        """Let a stranger trade with a resting order, whatever the market; None if it does not rest here."""
        batch = self._engine.fill(order_id, qty, price, ns)
        if batch is not None:
            self._settle(batch)
        return batch

    # --- looking ----------------------------------------------------------------------------------------------------

    def best(self, side: Side) -> tuple[int, int] | None:
        """The best price of a side and what is to be had there, of the real book and paper orders together."""
        own, shown = self._engine.best(side), next(self._visible.offers(side), None)
        if own is None or shown is None:
            return own or shown
        if own[0] == shown[0]:
            return own[0], own[1] + shown[1]
        return (max if side == "buy" else min)(own, shown)

    def takeable(self, side: Side, qty: int, *, price: int | None = None, owner: str = "") -> tuple[int, int]:
        """How much of ``qty`` an order on ``side`` could take now, and the value of that (scaled by both precisions).

        No worse than ``price`` (None: at any visible price), and nothing from its own ``owner``.
        """
        makers = _other(side)
        offers = [*self._visible.offers(makers)]
        offers += [(own.price, own.open_qty) for own in self._resting(makers) if not owner or own.owner != owner]
        offers.sort(reverse=side == "sell")
        left, value = qty, 0
        for at, offered in offers:
            if not left or not _reaches(side, price, at):
                break
            taken = min(left, offered)
            left -= taken
            value += taken * at
        return qty - left, value

    def order(self, order_id: str) -> RestingOrder | None:
        """The resting paper order of that id, or None."""
        return self._engine.order(order_id)

    def queue(self, ns: int) -> dict[str, int | None]:
        """The most that can be ahead of each resting order in the real queue, by order id; None where nobody knows."""
        return {order_id: place.ahead(ns) for order_id, place in self._places.items()}

    def __len__(self) -> int:
        """How many paper orders rest."""
        return len(self._engine)

    # --- what the real market does ----------------------------------------------------------------------------------

    def pause(self) -> None:
        """The real book is void: match nothing."""
        self._visible.close()

    def resume(self, book: UpstreamBook, ns: int) -> Batch:
        """The real book is whole (again): the places of all orders are found in it, and what it reaches is filled."""
        self._visible.open(book)
        for order_id, place in self._places.items():
            place.found_again(self._visible_at(order_id))
        return self._meet(ns)

    def follow(self, touched: Sequence[tuple[Side, int]], ns: int) -> Batch:
        """The real book, still whole, has changed at these levels: queues shorten, and what it reaches is filled."""
        self._visible.changed(touched)
        if not self._places:
            return self._batch(ns, [])
        for order_id, place in self._places.items():
            place.shown(self._visible_at(order_id), ns)
        return self._meet(ns)

    def trade(self, side: Side, price: int, qty: int, ns: int, *, happened_ns: int) -> Batch:
        """A real trade, ``side`` the taker's: fill the paper orders that it would have met. ``happened_ns`` is when."""
        done: list[Batch] = []
        makers, left = _other(side), qty
        for order in self._resting(makers):
            if not left or not _reaches(side, price, order.price):
                break
            if order.queued_ns >= happened_ns:
                continue
            place = self._places[order.order_id]
            if order.price == price:
                filled = min(place.traded(left, ns), order.qty)
            else:
                place.passed()
                filled = min(left, order.open_qty)
            if filled:
                done.append(self._filled(order, filled, ns))
                left -= filled
        return self._batch(ns, done)

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _batch(self, ns: int, done: Sequence[Batch]) -> Batch:
        """All that was done, as one."""
        if len(done) == 1:
            return done[0]
        return Batch(
            self.pair.symbol,
            ns,
            tuple(change for batch in done for change in batch.changes),
            tuple(trade for batch in done for trade in batch.trades),
            tuple(refill for batch in done for refill in batch.refills),
            tuple(order_id for batch in done for order_id in batch.prevented),
        )

    def _resting(self, side: Side) -> tuple[RestingOrder, ...]:
        """The paper orders of a side in price-time order."""
        return tuple(order for price in self._engine.prices(side) for order in self._engine.queue(side, price))

    def _visible_at(self, order_id: str) -> int | None:
        order = self._engine.order(order_id)
        assert order is not None, "only resting orders have a place"
        return self._visible.qty(order.side, order.price)

    def _meets(self, taker: _Taker) -> bool:
        best = self.best(_other(taker.side))
        return best is not None and taker.reaches(best[0])

    def _fillable(self, taker: _Taker, qty: int) -> int:
        """How much of ``qty`` it would fill: up to where one of its owner's orders makes it go."""
        limit = taker.price
        if taker.owner and taker.self_trade != "cancel_oldest":
            own = [order.price for order in self._resting(_other(taker.side)) if order.owner == taker.owner]
            if own and taker.reaches(own[0]):
                limit = own[0]
        return self.takeable(taker.side, qty, price=limit, owner=taker.owner)[0]

    def _take(self, taker: _Taker, qty: int, ns: int, done: list[Batch], budget: int | None = None) -> int:
        """Fill up to ``qty`` from the visible book and from paper orders, best first; what may rest."""
        makers = _other(taker.side)
        offers = self._visible.offers(makers)
        offer = next(offers, None)
        while qty:
            own = self._engine.best(makers)
            is_own = own is not None and (offer is None or not _reaches(taker.side, own[0], offer[0]))
            at = own if is_own else offer
            if at is None or not taker.reaches(at[0]):
                break
            price, filled = at[0], min(qty, at[1])
            if budget is not None:
                affordable = budget // price
                filled = min(filled, affordable - affordable % self.pair.qty_increment)
                if not filled:
                    break
            if is_own:
                batch = self._engine.limit(
                    taker.side,
                    price,
                    filled,
                    ns,
                    time_in_force="ioc",
                    order_id=taker.order_id,
                    owner=taker.owner,
                    self_trade=taker.self_trade,
                )
                self._settle(batch)
                if taker.order_id in batch.prevented:
                    qty = 0
            else:
                batch = self._took(taker, price, filled, ns)
                offer = next(offers, None)
            done.append(batch)
            qty -= min(qty, sum(trade.qty for trade in batch.trades))
            budget = None if budget is None else budget - sum(trade.price * trade.qty for trade in batch.trades)
        return qty

    def _took(self, taker: _Taker, price: int, qty: int, ns: int) -> Batch:
        self._visible.take(_other(taker.side), price, qty)
        number = self._engine.next_trade_id
        self._engine.next_trade_id += 1
        trade = Trade(number, taker.side, price, qty, taker.ord_type, ns, self._new_order_id(), taker.order_id)
        return Batch(self.pair.symbol, ns, (), (trade,))

    def _meet(self, ns: int) -> Batch:
        """Fill the paper orders at whose price or better the real book offers something."""
        done: list[Batch] = []
        for side in _SIDES:
            for order in self._resting(side):
                best = next(self._visible.offers(_other(side)), None)
                if best is None or not _reaches(side, order.price, best[0]):
                    break  # nor does any order behind this one
                for price, offered in self._visible.offers(_other(side)):
                    if not _reaches(side, order.price, price) or self._engine.order(order.order_id) is None:
                        break
                    filled = min(offered, order.open_qty)
                    self._visible.take(_other(side), price, filled)
                    done.append(self._filled(order, filled, ns))
        return self._batch(ns, done)

    def _filled(self, order: RestingOrder, qty: int, ns: int) -> Batch:
        batch = self.fill(order.order_id, qty, order.price, ns)
        assert batch is not None, "only resting orders are filled"
        return batch

    def _settle(self, batch: Batch) -> None:
        """Keep the places in step with what rests."""
        for change in batch.changes:
            if isinstance(change, OrderRemoved) and self._engine.order(change.order_id) is None:
                self._places.pop(change.order_id, None)
        for refill in batch.refills:
            if refill.order_id in self._places:
                self._places[refill.order_id] = Place(self._visible_at(refill.order_id))
