"""A market of empty books in which nothing happens by itself, and an account that trades in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, Side
from kraken_lab.sandbox.fees import DEFAULT_FEES, FeeSchedule
from kraken_lab.sandbox.instruments import ASSETS, PAIRS, Asset, Pair
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.order_terms import NewOrder, TriggerTerms
from kraken_lab.sandbox.orders import LedgerEntry, Order, Report
from kraken_lab.sandbox.rate_counter import Tier
from kraken_lab.sandbox.trading import Rejection, Trading

START_NS = 1_780_000_000 * NS_PER_SECOND
D = Decimal


class BareMarket:
    """Offers trading what `MatchingMarket` names, and no more. Prices and quantities of strangers are scaled."""

    def __init__(self, pairs: Sequence[Pair] = PAIRS) -> None:
        self.listeners: list[Callable[[Batch], None]] = []
        self.followers: list[Callable[[], None]] = []
        self.now_ns = START_NS
        self.pairs: Mapping[str, Pair] = {pair.symbol: pair for pair in pairs}
        self.assets: Mapping[str, Asset] = {asset.id: asset for asset in ASSETS}
        self.index: dict[str, int] = {}
        self._last: dict[str, int] = {}
        numbers = count(1)
        self._engines = {pair.symbol: Engine(pair, 1, lambda: f"S{next(numbers)}") for pair in pairs}

    def engine(self, symbol: str) -> Engine:
        """The book of a pair."""
        return self._engines[symbol]

    def act(self, batch: Batch | None) -> None:
        """Tell everybody."""
        if not batch:
            return
        assert batch.ns == self.now_ns
        if batch.trades:
            self._last[batch.symbol] = batch.trades[-1].price
        for listener in self.listeners:
            listener(batch)
        for follower in self.followers:
            follower()

    def last_price(self, symbol: str) -> int | None:
        """Of the newest trade."""
        return self._last.get(symbol)

    def index_price(self, symbol: str) -> int | None:
        """What the test says."""
        return self.index.get(symbol)

    def stranger(self, side: Side, price: int, qty: int, symbol: str = "BTC/USD", **options: Any) -> None:
        """Somebody else's limit order."""
        self.act(self.engine(symbol).limit(side, price, qty, self.now_ns, **options))

    def trade_at(self, price: int, symbol: str = "BTC/USD") -> None:
        """Let two strangers trade one unit at a price between the best bid and the best ask."""
        self.stranger("sell", price, 1, symbol)
        self.stranger("buy", price, 1, symbol)


class Desk:
    """An account in a bare market, what it was told, and short ways to ask for orders.

    Money is exact and plenty unless ``balances`` says otherwise; ``told`` are the reports, one list for each action.
    """

    def __init__(
        self,
        *,
        tier: Tier = "pro",
        balances: Mapping[str, Decimal] | None = None,
        fees: FeeSchedule = DEFAULT_FEES,
        pairs: Sequence[Pair] = PAIRS,
        last: int | None = 100_0,
    ) -> None:
        self.market = BareMarket(pairs)
        self.listing = Listing(pairs, ASSETS)
        self.trading = Trading(self.market, self.listing, random=Random(7), tier=tier, balances=balances, fees=fees)
        self.told: list[Sequence[Report]] = []
        self.entries: list[LedgerEntry] = []
        self.trading.reports.append(self.told.append)
        self.trading.ledger.append(self.entries.extend)
        if last is not None:
            self.market.trade_at(last)

    @property
    def now(self) -> int:
        """The time of the market."""
        return self.market.now_ns

    def add(self, **terms: Any) -> Order:
        """Enter a buy order for 1 BTC at 100.0, but for what is said otherwise; numbers may be texts."""
        order = self.trading.add(order_terms(**terms), self.now)
        assert order is not None
        return order

    def refusal(self, **terms: Any) -> str:
        """The text that such an order is refused with."""
        try:
            self.trading.add(order_terms(**terms), self.now)
        except Rejection as refused:
            return str(refused)
        return ""

    def now_is(self, order: Order) -> Order:
        """The order as it stands now."""
        found = self.trading.order(order.order_id)
        assert found is not None
        return found

    def wait(self, seconds: float) -> None:
        """Let time pass, doing what is due at its time."""
        end = self.now + round(seconds * NS_PER_SECOND)
        while (due := self.trading.next_due_ns()) <= end:
            self.market.now_ns = due
            self.trading.advance(due)
        self.market.now_ns = end

    def heard(self) -> list[str]:
        """The reports since the last call, as ``kind`` or ``kind: reason``."""
        said = [f"{r.kind}: {r.reason}" if r.reason else r.kind for reports in self.told for r in reports]
        self.told.clear()
        return said

    def queue(self, side: Side, price: int, symbol: str = "BTC/USD") -> list[tuple[str, int]]:
        """Ids and visible quantities of a queue."""
        return [(order.order_id, order.qty) for order in self.market.engine(symbol).queue(side, price)]


def order_terms(**terms: Any) -> NewOrder:
    """Terms of a buy order for 1 BTC at 100.0, but for what is said otherwise."""
    given: dict[str, Any] = {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "1"}
    if terms.get("order_type", "limit") in ("limit", "iceberg") and "limit_price" not in terms:
        given["limit_price"] = "100"
    given |= terms
    for field in ("order_qty", "cash_order_qty", "limit_price", "display_qty"):
        if isinstance(given.get(field), str):
            given[field] = D(given[field])
    return NewOrder(**given)


def trigger(price: str, **options: Any) -> TriggerTerms:
    """A trigger."""
    return TriggerTerms(price=D(price), **options)
