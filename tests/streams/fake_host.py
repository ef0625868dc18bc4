"""A lab in small: everything a stream needs of one, and feeds that a test fills by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from kraken_lab.streams import Dispatcher, Feed
from kraken_lab.wire import Instant, Settings, Trade, Want

T = TypeVar("T")

NOON = 1_780_000_000_000_000_000


class AnUpstream:
    """A connection that only writes down what a feed asks of it."""

    def __init__(self, precision: tuple[int, int] = (1, 8)) -> None:
        self.renewed: list[Feed] = []
        self.given_up: list[Feed] = []
        self.leaving = False
        self._precision = precision

    def renew(self, feed: Feed) -> None:
        """Written down."""
        self.renewed.append(feed)

    def give_up(self, feed: Feed) -> None:
        """Written down."""
        self.given_up.append(feed)

    def delivered(self, feed: Feed) -> None:
        """Of no interest."""

    def is_leaving(self, feed: Feed) -> bool:
        """As told."""
        return self.leaving

    def precision_of(self, symbol: str) -> tuple[int, int]:
        """The same for every symbol."""
        return self._precision

    def replace(self, reason: str) -> None:
        """Of no interest."""


class AHost:
    """What a stream needs of its lab. ``released`` lists the streams that let go."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.dispatcher = Dispatcher("test")
        self.views: Any = None
        self.label = "test"
        self.moment = Instant(100.0, NOON)
        self.closed = False
        self.over = ""
        self.released: list[Any] = []

    def now(self) -> Instant:
        """As told."""
        return self.moment

    def call(self, function: Callable[[], T]) -> T:
        """At once."""
        return function()

    def trades(self, *symbols: str, wait: bool = True) -> Any:
        """None: nothing is subscribed here."""

    def release(self, stream: Any) -> None:
        """Written down."""
        self.released.append(stream)


def a_feed(kind: type[Any], symbol: str = "BTC/USD", **options: Any) -> Any:
    """A feed of that kind on a connection that only writes down."""
    return kind(Want(channel=kind.channel, symbol=symbol, **options), Settings(), AnUpstream())


def a_trade(trade_id: int, price: str = "100.5", symbol: str = "BTC/USD") -> Trade:
    """One trade."""
    return Trade(symbol, "buy", Decimal(price), Decimal("0.25"), "limit", trade_id, "2026-05-28T20:26:40Z")


def fill(feed: Any, first: int, count: int, *, at: float = 100.0, kind: str = "update") -> None:
    """Give a trade feed so many trades, a millisecond apart."""
    for n in range(count):
        moment = Instant(at + n / 1e3, NOON + round((at - 100.0) * 1e9) + n * 1_000_000)
        feed.take([a_trade(first + n, symbol=feed.symbol)], kind if n == 0 else "update", moment)
