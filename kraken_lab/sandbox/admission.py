"""Whether a request is let in: the rate counter, deadlines, the state of the market, room, ids and funds.

Source: Rate limits guide, Status and Add Order pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from typing import Final, Literal

from kraken_lab.sandbox.blotter import Blotter
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.matching import MatchingMarket
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.order_checks import check_cost, checked, invalid
from kraken_lab.sandbox.order_terms import NewOrder
from kraken_lab.sandbox.orders import Order
from kraken_lab.sandbox.permits import Permit, permit
from kraken_lab.sandbox.rate_counter import TIERS, RateCounter, Tier, age_cost
from kraken_lab.sandbox.reckoning import Reckoning
from kraken_lab.sandbox.rejection import Rejection
from kraken_lab.sandbox.triggers import LIMITED

__all__ = ["Admission"]

SHORTEST_DEADLINE_NS: Final = NS_PER_SECOND // 2
LONGEST_DEADLINE_NS: Final = 60 * NS_PER_SECOND
USUAL_DEADLINE_NS: Final = 5 * NS_PER_SECOND


class Admission:
    """The door of one account. Every check raises `Rejection` or passes."""

    def __init__(
        self, market: MatchingMarket, listing: Listing, reckoning: Reckoning, blotter: Blotter, tier: Tier
    ) -> None:
        self.limits = TIERS[tier]
        self._market = market
        self._listing = listing
        self._reckoning = reckoning
        self._blotter = blotter
        self._counters: dict[str, RateCounter] = {}

    # --- the rate counter -------------------------------------------------------------------------------------------

    def _counter(self, symbol: str) -> RateCounter:
        return self._counters.setdefault(symbol, RateCounter(self.limits))

    def rate_count(self, symbol: str, now_ns: int) -> float:
        """Where a pair's counter stands."""
        return self._counter(symbol).count(now_ns)

    def count(self, symbol: str, cost: float, now_ns: int) -> None:
        """Count a request; one that would exceed the limit is refused and not counted."""
        if symbol in self._market.pairs and not self._counter(symbol).take(cost, now_ns):
            raise Rejection("EOrder:Rate limit exceeded")

    def count_anyway(self, symbol: str, cost: float, now_ns: int) -> None:
        """Count what is never refused."""
        self._counter(symbol).add(cost, now_ns)

    @staticmethod
    def cost(request: Literal["amend", "edit", "cancel"], order: Order, now_ns: int) -> int:
        """What the age of an order adds to a request about it."""
        return age_cost(request, now_ns - order.aged_from_ns)

    # --- the state of the market ------------------------------------------------------------------------------------

    @property
    def in_maintenance(self) -> bool:
        """Whether the engine does nothing at all."""
        return permit(self._listing.system) == Permit.NOTHING

    def check_system(self) -> None:
        """Whether there is an engine to talk to."""
        if self.in_maintenance:
            raise Rejection("EService:Unavailable")

    def permitted(self, symbol: str) -> Permit:
        """The most that the states of the exchange and of the pair allow together."""
        pair = self._listing.pair(symbol)
        return Permit.NOTHING if pair is None else permit(self._listing.system, pair.status)

    def may_cancel(self, symbol: str) -> bool:
        """Whether orders of a pair may be cancelled."""
        return self.permitted(symbol) >= Permit.CANCELS

    def check_cancels(self, symbol: str) -> None:
        """The same as a check."""
        if not self.may_cancel(symbol):
            raise Rejection("EService:Unavailable")

    def check_state(self, pair: Pair, *, takes: bool, limited: bool) -> None:
        """Whether an order may be entered or changed: one that ``takes`` liquidity, or has a limit price."""
        allowed = self.permitted(pair.symbol)
        if allowed == Permit.NOTHING:
            raise Rejection("EService:Unavailable")
        if allowed == Permit.CANCELS:
            if permit(self._listing.system) > Permit.CANCELS and pair.status == "reduce_only":
                raise Rejection("EOrder:Reduce only:No position exists")
            raise Rejection("EService:Market in cancel_only mode")
        if allowed == Permit.MAKING and takes:
            raise Rejection("EService:Market in post_only mode")
        if allowed == Permit.LIMITS and not limited:
            raise Rejection("EService:Market in limit_only mode")  # the reference names the mode, not this text

    def pair(self, symbol: str) -> Pair:
        """The pair of that symbol, with its present status."""
        pair = self._listing.pair(symbol)
        if pair is None or symbol not in self._market.pairs:
            raise Rejection("EQuery:Unknown asset pair")
        return pair

    # --- one request ------------------------------------------------------------------------------------------------

    @staticmethod
    def check_deadline(deadline_ns: int | None, now_ns: int, received_ns: int | None) -> None:
        """Whether the engine is still in time: within 5 s of receipt, or the deadline given, 0.5 to 60 s away."""
        came_ns = now_ns if received_ns is None else received_ns
        if deadline_ns is None:
            deadline_ns = came_ns + USUAL_DEADLINE_NS
        elif not SHORTEST_DEADLINE_NS <= deadline_ns - came_ns <= LONGEST_DEADLINE_NS:
            raise invalid("deadline")
        if deadline_ns < now_ns:
            raise Rejection("EService:Deadline elapsed")

    def check(self, terms: NewOrder, order_id: str, now_ns: int, *, room: bool = True) -> Order:
        """The order of these terms, if they are in order and the market takes it; its funds are not looked at yet."""
        pair = self.pair(terms.symbol)
        limited = terms.order_type in LIMITED
        self.check_state(pair, takes=not (terms.post_only and limited), limited=limited)
        order = checked(terms, pair, order_id, now_ns)
        if terms.cl_ord_id is not None and self._blotter.open_by_client_id(terms.cl_ord_id) is not None:
            raise invalid("cl_ord_id")
        if room:
            self.check_room(terms.symbol)
        return order

    def check_room(self, symbol: str) -> None:
        """Whether one more order may be open on a pair."""
        if self._blotter.open_on(symbol) >= self.limits.open_orders:
            raise Rejection("EOrder:Orders limit exceeded")

    def check_funds(self, order: Order, *, besides: str = "") -> None:
        """Whether an order is worth entering and can be paid, also from what the order ``besides`` holds."""
        if order.cash_qty is not None:
            best = self._reckoning.engine(order).best("sell")
            if best is not None and self._reckoning.buys(order, best[0]) < order.pair.qty_min:
                raise invalid("volume minimum not met")
        elif order.limit_price is None:
            reference = self._reckoning.expected_price(order)
            if reference is not None:
                check_cost(order.left * reference, order.pair)
        if not self._reckoning.affordable(order, besides=besides):
            raise Rejection("EOrder:Insufficient funds")
