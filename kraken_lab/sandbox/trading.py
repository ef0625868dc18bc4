"""Trading of one account: orders in, reports and ledger entries out.

Nothing here reads a clock or a text: requests are `order_terms`, answers are values or a `Rejection` in the exchange's
words, times are nanoseconds since the Unix epoch and those that the market has reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from random import Random

from kraken_lab.sandbox.fees import DEFAULT_FEES, FeeRates, FeeSchedule
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.matching import MatchingMarket
from kraken_lab.sandbox.order_terms import Amendment, Edit, NewOrder
from kraken_lab.sandbox.orders import Fill, Holding, LedgerEntry, Order, Report
from kraken_lab.sandbox.rate_counter import Tier
from kraken_lab.sandbox.rejection import Rejection

__all__ = ["Rejection", "Trading"]


class Trading:
    """One account's orders, fills and money.

    ``reports`` are called once for each action with all its reports, ``ledger`` likewise with all its entries, in the
    order of what happened; after both the account shows it. Every method that may refuse raises `Rejection`.
    ``received_ns`` is when the gateway got a request, if the engine takes it later: deadlines count from there.
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
        self.reports: list[Callable[[Sequence[Report]], None]] = []
        self.ledger: list[Callable[[Sequence[LedgerEntry]], None]] = []

    # --- orders -----------------------------------------------------------------------------------------------------

    def add(self, terms: NewOrder, now_ns: int, *, received_ns: int | None = None) -> Order | None:
        """Enter an order; the order as it was entered, or None if it was to be validated only."""
        raise NotImplementedError

    def add_batch(
        self,
        orders: Sequence[NewOrder],
        deadline_ns: int | None,
        now_ns: int,
        *,
        received_ns: int | None = None,
        validate: bool = False,
    ) -> list[Order | Rejection | None]:
        """Enter 2 to 15 orders of one pair; one raised `Rejection` refuses all, one returned only its own."""
        raise NotImplementedError

    def amend(self, change: Amendment, now_ns: int, *, received_ns: int | None = None) -> tuple[str, Order]:
        """Change an order in place: the amendment's id, and the order."""
        raise NotImplementedError

    def edit(self, change: Edit, now_ns: int, *, received_ns: int | None = None) -> Order | None:
        """Cancel an order and enter another in its place (``ord_ref_id`` is the old one's); None if only validated."""
        raise NotImplementedError

    def cancel(
        self,
        now_ns: int,
        *,
        order_id: str | None = None,
        cl_ord_id: str | None = None,
        order_userref: int | None = None,
    ) -> list[Order]:
        """Cancel the order of that id, or all open orders of that userref."""
        raise NotImplementedError

    def cancel_batch(self, ids: Iterable[str | int], cl_ord_ids: Iterable[str], now_ns: int) -> int:
        """Cancel orders by order id, userref (also as text) or client id; how many there were."""
        raise NotImplementedError

    def cancel_all(self, now_ns: int) -> int:
        """Cancel all open orders; how many there were."""
        raise NotImplementedError

    def cancel_all_after(self, timeout_s: int, now_ns: int) -> int | None:
        """Set the dead man's switch (0: off); when it fires."""
        raise NotImplementedError

    def force_fill(self, order_id: str, qty: Decimal | None, price: Decimal | None, now_ns: int) -> Order:
        """Let a stranger trade with a resting order, whatever the market: None means all that is left, at its price."""
        raise NotImplementedError

    # --- time -------------------------------------------------------------------------------------------------------

    def next_due_ns(self) -> int:
        """When something happens by itself; the end of time if nothing does."""
        raise NotImplementedError

    def advance(self, to_ns: int) -> None:
        """Do what is due until ``to_ns``, the time that the market has reached."""
        raise NotImplementedError

    # --- looking ----------------------------------------------------------------------------------------------------

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """Oldest first."""
        raise NotImplementedError

    @property
    def closed_orders(self) -> tuple[Order, ...]:
        """The last closed first; the newest few thousand."""
        raise NotImplementedError

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Newest first; the newest few thousand."""
        raise NotImplementedError

    @property
    def holdings(self) -> dict[str, Holding]:
        """What the account has of each asset."""
        raise NotImplementedError

    def order(self, order_id: str) -> Order | None:
        """The order of that id as it is now, open or closed; None if it is unknown or long gone."""
        raise NotImplementedError

    def by_cl_ord_id(self, cl_ord_id: str) -> Order | None:
        """The open order of that client id, else the last closed one; None if there is none."""
        raise NotImplementedError

    def rate_count(self, symbol: str, now_ns: int) -> float:
        """The rate counter of a pair."""
        raise NotImplementedError

    @property
    def max_rate_count(self) -> int:
        """What the rate counter may not exceed."""
        raise NotImplementedError

    def fee_rates(self, symbol: str, now_ns: int) -> FeeRates:
        """What the account pays now."""
        raise NotImplementedError
