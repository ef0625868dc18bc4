"""What trading needs of a market: the least a matching engine, synthetic or fed by another exchange, must offer.

`Market` and `Engine` are one pair of implementations. All prices and quantities are integers scaled by the pair's
precisions, a value is price times quantity scaled by both, times are nanoseconds since the Unix epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from kraken_lab.sandbox.events import Batch, Side, TimeInForce
from kraken_lab.sandbox.instruments import Asset, Pair
from kraken_lab.sandbox.order_terms import SelfTrade

__all__ = ["Matching", "MatchingMarket"]


class Matching(Protocol):
    """One pair's matching. Every action returns the `Batch` of what it did, which `MatchingMarket.act` publishes."""

    @property
    def pair(self) -> Pair:
        """The pair traded here."""
        ...

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
        """Match what crosses; what is left rests (gtc) or is dropped.

        Orders of one ``owner`` never trade with each other: ``self_trade`` says which goes, and `Batch.prevented` names
        it. Of an order with ``display_qty`` no more than that is shown at a time.
        """
        ...

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
        """Match at any price, up to ``qty`` and to a total value of ``budget``; what is left is dropped."""
        ...

    def cancel(self, order_id: str, ns: int) -> Batch | None:
        """Remove a resting order; None if it does not rest here."""
        ...

    def reduce(self, order_id: str, qty: int, ns: int) -> Batch | None:
        """Leave ``qty`` open (less than now, hidden part included), keeping its place; None if it is not here."""
        ...

    def redisplay(self, order_id: str, display_qty: int, ns: int) -> Batch | None:
        """Show no more than ``display_qty``: less at once, more from the next refill on; None if it is not here."""
        ...

    def move(
        self, order_id: str, price: int, qty: int, ns: int, *, self_trade: SelfTrade = "cancel_newest"
    ) -> Batch | None:
        """Enter a resting order anew at the back of a queue, matching if it crosses; None if it is not here."""
        ...

    def fill(self, order_id: str, qty: int, price: int, ns: int) -> Batch | None:
        """Let a stranger trade with a resting order, out of turn and at any price; None if it is not here."""
        ...

    def best(self, side: Side) -> tuple[int, int] | None:
        """The best price of a side and the quantity shown there."""
        ...

    def takeable(self, side: Side, qty: int, *, price: int | None = None, owner: str = "") -> tuple[int, int]:
        """The quantity up to ``qty`` that an order on ``side`` could take now, and its value; not from its owner."""
        ...


class MatchingMarket(Protocol):
    """All pairs on one clock.

    ``listeners`` hear every batch. When all have heard it the ``followers`` are called, which may act in turn.
    """

    listeners: list[Callable[[Batch], None]]
    followers: list[Callable[[], None]]

    @property
    def now_ns(self) -> int:
        """The time that has been reached."""
        ...

    @property
    def pairs(self) -> Mapping[str, Pair]:
        """The pairs traded, by symbol."""
        ...

    @property
    def assets(self) -> Mapping[str, Asset]:
        """The assets, by id."""
        ...

    def engine(self, symbol: str) -> Matching:
        """The matching of a pair."""
        ...

    def act(self, batch: Batch | None) -> None:
        """Publish what was done on an engine at `now_ns`; None and empty batches are ignored."""
        ...

    def last_price(self, symbol: str) -> int | None:
        """The price of the newest trade; None if there was none."""
        ...

    def index_price(self, symbol: str) -> int | None:
        """The price elsewhere, on the pair's price steps; None where there is no index."""
        ...
