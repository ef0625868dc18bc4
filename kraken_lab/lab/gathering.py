"""Facts for the checks of an order, gathered on the I/O thread from everything that knows some of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from ..errors import NotReady
from ..market import BookSnapshot, suggest
from ..streams import Desk, Router
from ..streams.book_feed import BookFeed
from ..trading.account import Account
from ..trading.arming import Arming
from ..trading.facts import Facts, TradingMode
from ..trading.gate import Gate
from ..trading.halt import Halt
from ..trading.rules import Limits, OrderSettings
from ..trading.states import OrderRecord
from ..wire import Instant, Pair
from .reference import References

__all__ = ["Gatherer"]


class Gatherer:
    """Belongs to the I/O thread. ``reference_desk`` carries the books that prices are held against."""

    def __init__(
        self,
        *,
        mode: TradingMode,
        account_name: str,
        settings: OrderSettings,
        limits: Limits,
        desk: Desk,
        reference_desk: Desk,
        account: Account,
        gate: Gate,
        halt: Halt,
        arming: Arming | None,
        paused: Callable[[], Mapping[str, str]],
        with_trades: bool = False,
        elsewhere: str = "",
    ) -> None:
        self.limits = limits
        self.fee_rates: dict[str, tuple[Decimal, Decimal]] = {}
        """Maker's and taker's fee of the first tier by symbol, as fractions, where the venue tells them."""
        self.references = References(reference_desk, with_trades=with_trades)
        self._mode, self._account_name, self._settings = mode, account_name, settings
        self._desk, self._reference_desk = desk, reference_desk
        self._account, self._gate, self._halt, self._arming = account, gate, halt, arming
        self._paused, self._elsewhere = paused, elsewhere

    def facts(self, symbol: str, at: Instant, without: Collection[str] = ()) -> Facts:
        """The facts of this moment for one symbol; orders whose ``cl_ord_id`` is in ``without`` are left out."""
        known = self._account.snapshot(at)
        halted = self._halt.look()
        book, state, age = self._book(symbol, at)
        pair = self._pair(symbol)
        return Facts(
            at=at,
            exchange_ns=at.wall_ns + round(self.clock_offset() * 1e9),
            mode=self._mode,
            account=self._account_name,
            elsewhere=self._elsewhere,
            settings=self._settings,
            limits=self.limits,
            armed=self._arming is not None and not self._arming.lacking(at, self.limits),
            halted=None if halted is None else halted.reason,
            connection=known.connection,
            reconciled=known.reconciled,
            system=known.system,
            pair=pair,
            book=book,
            book_state=state,
            book_age=age,
            balances=known.balances,
            orders=_others(known.orders, without),
            past=self._gate.past,
            fee_rates=self.fee_rates.get(symbol),
            rate=self._account.rate(symbol, at),
            precisions={name: asset.precision for name, asset in self._desk.instruments.assets.items()},
            shown_decimals=self.shown_decimals(),
            alike=() if pair is not None else suggest(symbol, self._desk.instruments.pairs),
            acknowledged=known.acknowledged,
        )

    def shown_decimals(self) -> Mapping[str, int]:
        """Decimals that people are usually shown, by asset."""
        return {name: asset.precision_display for name, asset in self._desk.instruments.assets.items()}

    def clock_offset(self) -> float:
        """How far the exchange's clock is ahead of this machine's, in seconds, by the private line if it knows."""
        routers: Sequence[Router] = tuple(router for router, _ in self._desk.private) or self._desk.routers
        known = [
            (router.talk.offset.round_trip, router.talk.offset.seconds)
            for router in routers
            if router.talk.offset.round_trip is not None
        ]
        seconds = min(known)[1] if known else None
        return seconds or 0.0

    def uncertainty(self) -> float:
        """How far off that estimate may be, in seconds: half the round trip it was made with, or a second."""
        trips = [router.talk.offset.round_trip for router, _ in self._desk.private]
        known = [trip for trip in trips if trip is not None]
        return min(known) / 2 if known else 1.0

    def _pair(self, symbol: str) -> Pair | None:
        """What is known of the pair. In paper, one that is not matched now takes cancels only, as the sandbox does."""
        pair = self._desk.instruments.pairs.get(symbol)
        if pair is not None and symbol in self._paused():
            return replace(pair, status="cancel_only")
        return pair

    def _book(self, symbol: str, at: Instant) -> tuple[BookSnapshot | None, str, float | None]:
        """The verified book there is, its state, and how long ago anything came on its line, in seconds."""
        feed = self.references.get(symbol)
        if feed is None:
            return None, "", None
        try:
            book = feed.photograph()
        except NotReady:
            book = None
        return book, str(feed.state), self._heard(feed, at)

    def _heard(self, feed: BookFeed, at: Instant) -> float | None:
        for router in self._reference_desk.routers:
            if router.feeds.get(feed.key) is feed and router.talk.last_heard is not None:
                return max(at.mono - router.talk.last_heard, 0.0)
        return None


def _others(orders: Sequence[OrderRecord], without: Collection[str]) -> tuple[OrderRecord, ...]:
    return tuple(order for order in orders if order.cl_ord_id not in without)
