"""What becomes of orders once they are accepted: waiting, matching, filling, and one of the ends.

Every action on a matching engine is published by the market, and what it did to the account's orders is learnt from
there, whoever acted. What follows from it (an activated trigger, a secondary order) is done when everybody has heard.
So reports come in the order of what happened, and once for each action with all that belongs to it.

Source: Executions page and the order guides, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, Literal

from kraken_lab.sandbox.account import Account
from kraken_lab.sandbox.blotter import Blotter
from kraken_lab.sandbox.events import Batch, TimeInForce, Trade
from kraken_lab.sandbox.holds import budget_of
from kraken_lab.sandbox.journal import Journal
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.matching import MatchingMarket
from kraken_lab.sandbox.numbers import decimal
from kraken_lab.sandbox.order_checks import checked, secondary_terms
from kraken_lab.sandbox.order_timers import OrderTimers
from kraken_lab.sandbox.orders import ExecType, Fill, Order, OrderStatus, Report
from kraken_lab.sandbox.permits import Permit, permit
from kraken_lab.sandbox.reckoning import Reckoning, owner_of
from kraken_lab.sandbox.settlement import Settlement
from kraken_lab.sandbox.triggers import LIMITED, TRIGGERED, Watch, followed, is_due, limit_after

__all__ = ["AT_ONCE", "REPLACED", "TIMEOUT", "USER_REQUESTED", "OrderLife"]

USER_REQUESTED: Final = "User requested"
POST_ONLY: Final = "Post only order"
TIMEOUT: Final = "CancelAllOrdersAfter Timeout"
IMMEDIATE_OR_CANCEL: Final = "Immediate or cancel"
AT_ONCE: Final = "Order would trigger immediately"
# The reference gives no texts for these:
FILL_OR_KILL: Final = "Fill or kill"
NO_LIQUIDITY: Final = "Insufficient liquidity"
REPLACED: Final = "Order replaced"
SELF_TRADE: Final = "Self trade prevention"
INSUFFICIENT_FUNDS: Final = "Insufficient funds"
NOT_PERMITTED: Final = "Market unavailable"


class OrderLife:
    """Keeps the accepted orders of one account going. Whatever may change one happens inside ``journal.acting()``."""

    def __init__(
        self,
        market: MatchingMarket,
        listing: Listing,
        account: Account,
        settlement: Settlement,
        reckoning: Reckoning,
        blotter: Blotter,
        new_order_id: Callable[[], str],
    ) -> None:
        self.journal = Journal()
        self.timers = OrderTimers()
        self._market = market
        self._listing = listing
        self._account = account
        self._settlement = settlement
        self._reckoning = reckoning
        self._blotter = blotter
        self._new_order_id = new_order_id
        self._watch = Watch()
        self._resting: set[str] = set()
        market.listeners.append(self._hear)
        market.followers.append(self.journal.follow_up)

    def report(self, kind: ExecType, order: Order, *, fill: Fill | None = None, reason: str | None = None) -> None:
        """Say what happened to an order, at the time that the market has reached."""
        self.journal.report(Report(kind=kind, ns=self._market.now_ns, order=order, fill=fill, reason=reason))

    # --- in ---------------------------------------------------------------------------------------------------------

    def enter(self, order: Order) -> None:
        """Take in an accepted order: it is reported, holds its funds, and starts now or when it is scheduled to."""
        self._keep(order)
        self.report("pending_new", order)
        if order.terms.expire_ns is not None:
            self.timers.set(order.terms.expire_ns, "expire", order.order_id)
        effective_ns = order.terms.effective_ns
        if effective_ns is not None and effective_ns > self._market.now_ns:
            self.timers.set(effective_ns, "start", order.order_id)
        else:
            self.start(order)

    def start(self, order: Order) -> None:
        """Let a pending order go live: to the engine, or to wait for its trigger."""
        if order.order_type not in TRIGGERED:
            self._send(order)
            return
        if self._reckoning.reference(order) is None:
            self.end(order, "canceled", NOT_PERMITTED)
            return
        order = self._reckoning.retriggered(order)
        if self._reckoning.at_once(order):
            self.end(order, "canceled", AT_ONCE)
            return
        order = replace(order, status="new")
        self._keep(order)
        self._watch.add(order)
        self.report("new", order)

    def begin(self, order: Order) -> None:
        """Let a scheduled order start, if the market's state lets it in now."""
        if self._may(order):
            self.start(order)
        else:
            self.end(order, "canceled", NOT_PERMITTED)

    def _keep(self, order: Order) -> None:
        """Record an order as it is now, and have it hold what it needs for the rest."""
        self._blotter.put(order)
        if not order.is_open:
            self._account.release(order.order_id)
        else:
            self._account.hold(order.order_id, *self._reckoning.needs(order))

    # --- on the engine ----------------------------------------------------------------------------------------------

    def rests(self, order: Order) -> bool:
        """Whether it stands in a queue."""
        return order.order_id in self._resting

    def _send(self, order: Order) -> None:
        """Give an order to the engine, or end it where it may not go there."""
        if order.order_type in LIMITED:
            self._send_limit(order)
        else:
            self._send_market(order)

    def _send_limit(self, order: Order) -> None:
        price, terms = order.limit_price, order.terms
        assert price is not None
        if terms.post_only and self._reckoning.would_take(order, price):
            self.end(order, "canceled", POST_ONLY)
            return
        time_in_force: TimeInForce = "gtc" if terms.time_in_force == "gtd" else terms.time_in_force
        batch = self._reckoning.engine(order).limit(
            order.side,
            price,
            order.left,
            self._market.now_ns,
            post_only=terms.post_only,
            time_in_force=time_in_force,
            order_id=order.order_id,
            owner=owner_of(order),
            self_trade=terms.stp_type,
            display_qty=order.display_qty,
        )
        if time_in_force == "fok" and not batch.trades:
            self.end(order, "canceled", FILL_OR_KILL)
            return
        self._live(order)
        if time_in_force == "gtc":
            self._resting.add(order.order_id)
        self._market.act(batch)
        left = self._blotter.open.get(order.order_id)
        if left is None:
            return
        if time_in_force != "gtc":
            self.end(left, "canceled", IMMEDIATE_OR_CANCEL)
        else:
            self._show(order.order_id)

    def _send_market(self, order: Order) -> None:
        engine, terms, ns = self._reckoning.engine(order), order.terms, self._market.now_ns
        if not self._reckoning.affordable(order, taking=True):
            self.end(order, "canceled", INSUFFICIENT_FUNDS)
            return
        self._live(order)
        qty, budget = order.left, None
        if order.cash_qty is not None:
            best, budget = engine.best("sell"), budget_of(order)
            qty = 0 if best is None else self._reckoning.buys(order, best[0])
        if qty:
            batch = engine.market(
                order.side,
                qty,
                ns,
                order_id=order.order_id,
                owner=owner_of(order),
                self_trade=terms.stp_type,
                budget=budget,
            )
            self._market.act(batch)
        left = self._blotter.open.get(order.order_id)
        if left is None:
            return
        if budget is not None and left.cum_qty and self._spent(left, budget):
            self.end(replace(left, order_qty=left.cum_qty), "filled", None)
        else:
            self.end(left, "canceled", IMMEDIATE_OR_CANCEL if terms.time_in_force == "ioc" else NO_LIQUIDITY)

    def _spent(self, order: Order, budget: int) -> bool:
        """Whether what is left of a budget buys nothing more."""
        best, left = self._reckoning.engine(order).best("sell"), budget - order.value
        return not left or (best is not None and left < best[0] * order.pair.qty_increment)

    def _live(self, order: Order) -> None:
        """An order that was pending is new now; one whose trigger woke it has been for long."""
        if order.status == "pending_new":
            order = replace(order, status="new")
            self._keep(order)
            self.report("new", order)

    # --- what is heard ----------------------------------------------------------------------------------------------

    def _hear(self, batch: Batch) -> None:
        watching = self._watch.by_last(batch.symbol) if batch.trades else ()  # those that were there before the trades
        for trade in batch.trades:
            if trade.maker_order_id in self._resting:
                self._filled(trade.maker_order_id, trade, "m", batch)
            if trade.taker_order_id in self._blotter.open:
                self._filled(trade.taker_order_id, trade, "t", batch)
        for order_id in batch.prevented:
            order = self._blotter.open.get(order_id)
            if order is not None:
                self.end(order, "canceled", SELF_TRADE)
        for order_id in watching:
            for trade in batch.trades:
                self._look(order_id, trade.price)
        by_index = self._watch.by_index(batch.symbol)
        if by_index:
            index = self._market.index_price(batch.symbol)
            for order_id in by_index:
                if index is not None:
                    self._look(order_id, index)
                elif batch.trades:  # the index is down: the last price stands in for it
                    self._look(order_id, batch.trades[-1].price)

    def _filled(self, order_id: str, trade: Trade, liquidity: Literal["m", "t"], batch: Batch) -> None:
        order, fill, entries = self._settlement.settle(self._blotter.open[order_id], trade, liquidity)
        refill = next((r for r in batch.refills if r.order_id == order_id and r.trade_id == trade.trade_id), None)
        if order.display_remain is not None and liquidity == "m":
            order = replace(order, display_remain=max(0, order.display_remain - trade.qty))
        self.journal.enter(entries)
        self._blotter.filled(fill)
        self._keep(order)
        self.report("trade", order, fill=fill)
        if order.terms.conditional is not None:
            self._close_conditionally(order, fill)
        if refill is not None:
            order = replace(order, display_remain=refill.qty)
            self._keep(order)
            self.report("iceberg_refill", order)
        if order.cash_qty is None and not order.left:
            self.end(order, "filled", None)

    def _close_conditionally(self, primary: Order, fill: Fill) -> None:
        """Create the secondary order of a fill; it goes to the engine when everybody has heard of the fill."""
        terms = secondary_terms(primary.terms, decimal(fill.qty, primary.pair.qty_precision))
        ns = self._market.now_ns
        order = checked(terms, primary.pair, self._new_order_id(), ns, any_size=True)
        order = replace(order, ord_ref_id=primary.order_id)
        self.report("pending_new", order)
        if not self._reckoning.affordable(order):
            self.end(order, "canceled", INSUFFICIENT_FUNDS)
        elif order.order_type in TRIGGERED:
            self.start(order)
        else:
            self._live(order)
            self.journal.afterwards(partial(self._send_secondary, order.order_id))

    def _send_secondary(self, order_id: str) -> None:
        order = self._blotter.open.get(order_id)
        if order is not None:
            self._send(order)

    # --- triggers ---------------------------------------------------------------------------------------------------

    def _look(self, order_id: str, reference: int) -> None:
        """Hold an untriggered order against a new reference price."""
        order = self._blotter.open.get(order_id)
        trigger = order.trigger if order is not None else None
        if order is None or trigger is None or trigger.ns is not None:
            return
        moved = followed(trigger, order.side, reference, order.pair)
        if moved is not None:
            order = replace(order, trigger=moved)
            self._keep(order)
            self.report("status", order)
        elif is_due(order.order_type, order.side, trigger.actual_price, reference) and self._may(order):
            self.journal.afterwards(partial(self._activate, order_id, reference))

    def _may(self, order: Order) -> bool:
        """Whether the market's state lets an activated order in; until it does, the order goes on waiting."""
        if order.order_type not in LIMITED:
            least = Permit.ALL
        else:
            least = Permit.MAKING if order.terms.post_only else Permit.LIMITS
        pair = self._listing.pair(order.symbol)
        return pair is not None and permit(self._listing.system, pair.status) >= least

    def _activate(self, order_id: str, reference: int) -> None:
        order = self._blotter.open.get(order_id)
        if order is None or order.trigger is None or order.trigger.ns is not None:
            return
        self._watch.discard(order)
        trigger = replace(order.trigger, last_price=reference, ns=self._market.now_ns)
        if order.limit_offset is not None:
            order = replace(order, limit_price=limit_after(order, trigger.actual_price))
        order = replace(order, trigger=trigger)
        self._keep(order)
        self.report("status", order)
        self._send(order)

    # --- change and end ---------------------------------------------------------------------------------------------

    def amended(self, order: Order, kind: Literal["amended", "restated"] = "amended") -> None:
        """Record and report an order that has been changed, before what the change does on the engine."""
        self._keep(order)
        self.report(kind, order, reason=USER_REQUESTED)

    def amend(self, order: Order, amended: Order) -> None:
        """Change an open order into what it was amended to, keeping its place in the queue where that is possible."""
        if order.order_id not in self._resting:
            self.amended(amended)
            return
        engine, price, left, ns = self._reckoning.engine(order), amended.limit_price, amended.left, self._market.now_ns
        assert price is not None
        moves = price != order.limit_price or left > order.left
        shown = None
        if amended.display_qty is not None and amended.display_remain is not None:
            shown = amended.display_qty if moves else min(amended.display_remain, amended.display_qty)
            amended = replace(amended, display_remain=min(shown, left))
        self.amended(amended)
        if amended.display_qty is not None and amended.display_qty != order.display_qty:
            self._market.act(engine.redisplay(order.order_id, amended.display_qty, ns))
        if moves:
            self._market.act(engine.move(order.order_id, price, left, ns, self_trade=amended.terms.stp_type))
            self._show(order.order_id)
        elif left < order.left:
            self._market.act(engine.reduce(order.order_id, left, ns))

    def _show(self, order_id: str) -> None:
        """An iceberg that took before it came to rest shows no more than what is left of it."""
        order = self._blotter.open.get(order_id)
        if order is not None and order.display_qty is not None:
            self._keep(replace(order, display_remain=min(order.display_qty, order.left)))

    def end(self, order: Order, status: OrderStatus, reason: str | None) -> None:
        """Close an open order and say so, taking it off the engine if it still rests there."""
        self._watch.discard(order)
        batch = None
        if order.order_id in self._resting:
            self._resting.discard(order.order_id)
            batch = self._reckoning.engine(order).cancel(order.order_id, self._market.now_ns)
        order = replace(order, status=status, reason=reason, closed_ns=self._market.now_ns)
        self._keep(order)
        kind: ExecType = "filled" if status == "filled" else "expired" if status == "expired" else "canceled"
        self.report(kind, order, reason=reason)
        self._market.act(batch)
