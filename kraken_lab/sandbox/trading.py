"""Trading of one account: orders in, reports and ledger entries out.

Nothing here reads a clock or a text: requests are `order_terms`, answers are values or a `Rejection` in the exchange's
words, times are nanoseconds since the Unix epoch and those that the market has reached. Whether a request is let in is
decided here and in `amending`; what becomes of the orders is `order_life`'s business.

Source: Add Order, Batch Add, Cancel Order, Batch Cancel, Cancel All and Cancel All Orders After pages, Kraken WebSocket
API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Final

from kraken_lab.sandbox.account import PAPER_MONEY, Account, opening
from kraken_lab.sandbox.admission import Admission
from kraken_lab.sandbox.amending import Amending
from kraken_lab.sandbox.blotter import Blotter
from kraken_lab.sandbox.fees import DEFAULT_FEES, FeeRates, FeeSchedule
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.matching import MatchingMarket
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.order_checks import checked_price, checked_qty, invalid
from kraken_lab.sandbox.order_life import TIMEOUT, USER_REQUESTED, OrderLife
from kraken_lab.sandbox.order_terms import Amendment, Edit, NewOrder
from kraken_lab.sandbox.order_timers import NEVER_NS
from kraken_lab.sandbox.orders import Fill, Holding, LedgerEntry, Order, Report
from kraken_lab.sandbox.rate_counter import Tier
from kraken_lab.sandbox.reckoning import Reckoning
from kraken_lab.sandbox.rejection import Rejection
from kraken_lab.sandbox.settlement import Ids, Settlement
from kraken_lab.sandbox.valuation import Valuation

__all__ = ["Rejection", "Trading"]

BATCH_ADD: Final = range(2, 16)
BATCH_CANCEL: Final = range(2, 51)
DAY_S: Final = 86_400


class Trading:
    """One account's orders, fills and money.

    ``reports`` are called once for each action with all its reports, ``ledger`` likewise with all its entries, in the
    order of what happened; after both the account shows it. Every method that may refuse raises `Rejection`.
    ``received_ns`` is when the gateway got a request, if the engine takes it later: deadlines count from there.

    >>> from kraken_lab.sandbox.market import Market
    >>> market = Market(seed=7, start_ns=1_780_000_000_000_000_000)
    >>> trading = Trading(market, Listing(market.pairs.values(), market.assets.values()), random=Random(7))
    >>> terms = NewOrder(symbol="BTC/USD", side="buy", order_type="market", order_qty=Decimal("0.01"))
    >>> trading.add(terms, market.now_ns).status
    'filled'
    """

    def __init__(
        self,
        market: MatchingMarket,
        listing: Listing,
        *,
        random: Random,
        tier: Tier = "intermediate",
        balances: Mapping[str, Decimal] | None = None,
        fees: FeeSchedule = DEFAULT_FEES,
    ) -> None:
        self._market = market
        seeds = [random.getrandbits(64) for _ in range(3)]
        self._order_ids = Ids(Random(seeds[0]), "O")
        executions, entries = Ids(Random(seeds[1]), "T"), Ids(Random(seeds[2]), "L")
        self._later = dict(PAPER_MONEY) if balances is None else {}
        paper = {asset: self._later.pop(asset) for asset in tuple(self._later) if asset in market.assets}
        self._account = Account(opening(paper if balances is None else balances, market.assets), entries.new)
        self._settlement = Settlement(self._account, market.assets, fees, Valuation(market), executions.new)
        self._blotter = Blotter()
        reckoning = Reckoning(market, self._account, fees.dearest)
        self._life = OrderLife(
            market,
            listing,
            self._account,
            self._settlement,
            reckoning,
            self._blotter,
            new_order_id=self._order_ids.new,
        )
        self._admission = Admission(market, listing, reckoning, self._blotter, tier)
        self._amending = Amending(
            self._admission,
            self._life,
            reckoning,
            self._blotter,
            new_amend_id=executions.new,
            new_order_id=self._order_ids.new,
        )
        self._switch_ns: int | None = None
        self.reports: list[Callable[[Sequence[Report]], None]] = self._life.journal.reports
        self.ledger: list[Callable[[Sequence[LedgerEntry]], None]] = self._life.journal.ledger

    def listed(self, asset: str) -> None:
        """An asset has been listed: the paper money in it that the account would have begun with is paid in."""
        amount = self._later.pop(asset, None)
        if amount is not None:
            scaled = opening({asset: amount}, self._market.assets)[asset]
            with self._life.journal.acting():
                self._life.journal.enter([self._account.deposit(asset, scaled, ns=self._market.now_ns)])

    # --- orders -----------------------------------------------------------------------------------------------------

    def add(self, terms: NewOrder, now_ns: int, *, received_ns: int | None = None) -> Order | None:
        """Enter an order; how it stands after that, or None if it was to be validated only.

        It may be closed already: an order that is accepted and cannot live is reported as cancelled.
        """
        self._admission.count(terms.symbol, 1, now_ns)
        self._admission.check_deadline(terms.deadline_ns, now_ns, received_ns)
        order = self._admission.check(terms, self._order_ids.new(), now_ns)
        self._admission.check_funds(order)
        if terms.validate:
            return None
        return self._enter(order)

    def _enter(self, order: Order) -> Order:
        with self._life.journal.acting():
            self._life.enter(order)
        return self._blotter.order(order.order_id) or order

    def add_batch(
        self,
        orders: Sequence[NewOrder],
        deadline_ns: int | None,
        now_ns: int,
        *,
        received_ns: int | None = None,
        validate: bool = False,
    ) -> list[Order | Rejection | None]:
        """Enter 2 to 15 orders of one pair; one raised `Rejection` refuses all, one returned only its own.

        All are validated before the first is entered. What the engine refuses after that (funds, the number of open
        orders) hits that order alone.
        """
        if len(orders) not in BATCH_ADD or len({terms.symbol for terms in orders}) != 1:
            raise invalid("orders")
        self._admission.count(orders[0].symbol, len(orders) / 2, now_ns)
        self._admission.check_deadline(deadline_ns, now_ns, received_ns)
        named = [terms.cl_ord_id for terms in orders if terms.cl_ord_id is not None]
        if len(named) != len(set(named)):
            raise invalid("cl_ord_id")
        accepted = [self._admission.check(terms, self._order_ids.new(), now_ns, room=False) for terms in orders]
        return [self._enter_one(order, validate) for order in accepted]

    def _enter_one(self, order: Order, validate: bool) -> Order | Rejection | None:
        try:
            self._admission.check_room(order.symbol)
            self._admission.check_funds(order)
        except Rejection as refused:
            return refused
        return None if validate else self._enter(order)

    def amend(self, change: Amendment, now_ns: int, *, received_ns: int | None = None) -> tuple[str, Order]:
        """Change an order in place: the amendment's id, and how the order stands after it."""
        return self._amending.amend(change, now_ns, received_ns)

    def edit(self, change: Edit, now_ns: int, *, received_ns: int | None = None) -> Order | None:
        """Cancel an order and enter another in its place (``ord_ref_id`` is the old one's); None if only validated."""
        return self._amending.edit(change, now_ns, received_ns)

    def cancel(
        self,
        now_ns: int,
        *,
        order_id: str | None = None,
        cl_ord_id: str | None = None,
        order_userref: int | None = None,
    ) -> list[Order]:
        """Cancel the order of that id, or all open orders of that userref; how they stand after that.

        The rate counter may refuse it, unlike cancels in batches.
        """
        found = self._open(order_id, cl_ord_id, order_userref)
        if not found:
            raise Rejection("EOrder:Unknown order")
        for order in found:
            self._admission.check_cancels(order.symbol)
        for order in found:
            self._admission.count(order.symbol, self._admission.cost("cancel", order, now_ns), now_ns)
        with self._life.journal.acting():
            for order in found:
                self._life.end(order, "canceled", USER_REQUESTED)
        return [self._blotter.order(order.order_id) or order for order in found]

    def _open(self, order_id: str | None, cl_ord_id: str | None, userref: int | None) -> list[Order]:
        if order_id is not None:
            order = self._blotter.open.get(order_id)
        elif cl_ord_id is not None:
            order = self._blotter.open_by_client_id(cl_ord_id)
        else:
            return [] if userref is None else self._blotter.open_by_userref(userref)
        return [] if order is None else [order]

    def cancel_batch(self, ids: Iterable[str | int], cl_ord_ids: Iterable[str], now_ns: int) -> int:
        """Cancel 2 to 50 orders by order id, userref (also as text) or client id; how many there were.

        The rate counter counts them and refuses none.
        """
        named = [*ids]
        by_client_id = [*cl_ord_ids]
        if len(named) + len(by_client_id) not in BATCH_CANCEL:
            raise invalid("orders")
        found: dict[str, Order] = {}
        for name in named:
            orders = self._open(name, None, None) if isinstance(name, str) else []
            if not orders and str(name).removeprefix("-").isdecimal():
                orders = self._open(None, None, int(name))
            found |= {order.order_id: order for order in orders}
        for name in by_client_id:
            found |= {order.order_id: order for order in self._open(None, name, None)}
        return self._cancel_all(found.values(), now_ns)

    def cancel_all(self, now_ns: int) -> int:
        """Cancel all open orders, untriggered and scheduled ones too; how many there were.

        The rate counter counts them as a batch does: no refusal is documented.
        """
        return self._cancel_all(self._blotter.open.values(), now_ns)

    def _cancel_all(self, orders: Iterable[Order], now_ns: int) -> int:
        self._admission.check_system()
        found = [order for order in orders if self._admission.may_cancel(order.symbol)]
        with self._life.journal.acting():
            for order in found:
                self._admission.count_anyway(order.symbol, self._admission.cost("cancel", order, now_ns), now_ns)
                self._life.end(order, "canceled", USER_REQUESTED)
        return len(found)

    def cancel_all_after(self, timeout_s: int, now_ns: int) -> int | None:
        """Set the dead man's switch of the account, instead of what it was set to (0: off); when it fires.

        In maintenance it does not fire; it does when the engine is back.
        """
        if not 0 <= timeout_s < DAY_S:
            raise invalid("timeout")
        self._admission.check_system()
        self._switch_ns = now_ns + timeout_s * NS_PER_SECOND if timeout_s else None
        return self._switch_ns

    def force_fill(self, order_id: str, qty: Decimal | None, price: Decimal | None, now_ns: int) -> Order:
        """Let a stranger trade with a resting order, whatever the market: None means all that is left, at its price."""
        order = self._blotter.open.get(order_id)
        if order is None or not self._life.rests(order) or order.limit_price is None:
            raise Rejection("EOrder:Unknown order")
        size = order.left if qty is None else checked_qty(qty, order.pair, any_size=True)
        at = order.limit_price if price is None else checked_price(price, order.pair)
        if size > order.left:
            raise invalid("order_qty")
        with self._life.journal.acting():
            self._market.act(self._market.engine(order.symbol).fill(order_id, size, at, now_ns))
        return self._blotter.order(order_id) or order

    # --- time -------------------------------------------------------------------------------------------------------

    def next_due_ns(self) -> int:
        """When something happens by itself, not before the time of the market; the end of time if nothing does."""
        switch_ns = NEVER_NS if self._switch_ns is None or self._admission.in_maintenance else self._switch_ns
        return max(self._market.now_ns, min(self._life.timers.next_ns, switch_ns))

    def advance(self, to_ns: int) -> None:
        """Do what is due until ``to_ns``, the time that the market has reached."""
        while (due := self._life.timers.pop(to_ns)) is not None:
            order = self._blotter.open.get(due.order_id)
            if order is None:
                continue
            with self._life.journal.acting():
                if due.what == "expire":
                    self._life.end(order, "expired", None)
                else:
                    self._life.begin(order)
        if self._switch_ns is not None and self._switch_ns <= to_ns and not self._admission.in_maintenance:
            self._switch_ns = None
            with self._life.journal.acting():
                for order in tuple(self._blotter.open.values()):
                    self._life.end(order, "canceled", TIMEOUT)

    # --- looking ----------------------------------------------------------------------------------------------------

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """Oldest first."""
        return tuple(self._blotter.open.values())

    @property
    def closed_orders(self) -> tuple[Order, ...]:
        """The last closed first; the newest few thousand."""
        return self._blotter.closed

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Newest first; the newest few thousand."""
        return self._blotter.fills

    @property
    def holdings(self) -> dict[str, Holding]:
        """What the account has of each asset."""
        return self._account.holdings()

    def order(self, order_id: str) -> Order | None:
        """The order of that id as it is now, open or closed; None if it is unknown or long gone."""
        return self._blotter.order(order_id)

    def by_cl_ord_id(self, cl_ord_id: str) -> Order | None:
        """The open order of that client id, else the last one that was given it; None if there is none."""
        return self._blotter.by_client_id(cl_ord_id)

    def rate_count(self, symbol: str, now_ns: int) -> float:
        """The rate counter of a pair."""
        return self._admission.rate_count(symbol, now_ns)

    @property
    def max_rate_count(self) -> int:
        """What the rate counter may not exceed."""
        return self._admission.limits.maximum

    def fee_rates(self, symbol: str, now_ns: int) -> FeeRates:
        """What the account pays now, on any pair."""
        return self._settlement.rates(now_ns)
