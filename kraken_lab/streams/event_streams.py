"""Tickers, trades and candles, as live tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..errors import BadArgument
from ..tables import Row, schema
from .host import Host
from .ohlc_feed import OhlcFeed
from .stream import Stream, listen_to_rows
from .ticker_feed import TickerFeed
from .trade_feed import TradeFeed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["OhlcStream", "TickerStream", "TradeStream"]


class TickerStream(Stream[TickerFeed, Row]):
    """Best prices, last trade and 24-hour figures, a row for every message. Columns: ``kl.schema("ticker")``."""

    def __init__(self, host: Host, feeds: Mapping[str, TickerFeed]) -> None:
        title = f"ticker {' '.join(feeds)}"
        super().__init__(host, title, schema("ticker"), feeds, lambda: [feed.table for feed in feeds.values()])

    def _listen_to(self, feed: TickerFeed, hear: Callable[[Row], object]) -> Callable[[], None]:
        return listen_to_rows(feed, self.schema, hear)


class TradeStream(Stream[TradeFeed, Row]):
    """Trades, every one once. Columns: ``kl.schema("trade")``."""

    def __init__(self, host: Host, feeds: Mapping[str, TradeFeed]) -> None:
        title = f"trades {' '.join(feeds)}"
        super().__init__(host, title, schema("trade"), feeds, lambda: [feed.table for feed in feeds.values()])

    def _listen_to(self, feed: TradeFeed, hear: Callable[[Row], object]) -> Callable[[], None]:
        return listen_to_rows(feed, self.schema, hear)


class OhlcStream(Stream[OhlcFeed, Row]):
    """Candles; the one in progress is replaced in place. Columns: ``kl.schema("ohlc")``."""

    def __init__(self, host: Host, feeds: Mapping[str, OhlcFeed], interval: int) -> None:
        title = f"ohlc {' '.join(feeds)} {interval} min"
        super().__init__(host, title, schema("ohlc"), feeds, lambda: [feed.table for feed in feeds.values()])
        self.interval = interval

    def _listen_to(self, feed: OhlcFeed, hear: Callable[[Row], object]) -> Callable[[], None]:
        return listen_to_rows(feed, self.schema, hear)

    def _written(self) -> int:
        # A candle in progress is replaced, not added to: what counts is what was heard.
        return sum(feed.messages for feed in self.feeds)

    def chart(self, last: int = 120) -> Figure:
        """The newest candles of one symbol with their volume, as a plotly figure; unfinished and partial ones marked.

        Raises:
            BadArgument: the stream has several symbols, so it is not clear which.
        """
        if len(self.symbols) != 1:
            raise BadArgument("symbols", self.symbols, "a stream of one symbol to draw a chart of")
        symbol = self.symbols[0]
        title = f"{symbol} {self.interval} min [{self._host.label}]"
        return self._host.views.candles(self.df(last=last), self.gaps, symbol, self.interval, title)
