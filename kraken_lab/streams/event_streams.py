"""Tickers, trades and candles, as live tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import BadArgument
from ..tables import Row, schema
from ..wire import plainly_called, whole_number
from .host import Host, Plain, Shown
from .ohlc_feed import OhlcFeed
from .stream import Stream, listen_to_rows
from .ticker_feed import TickerFeed
from .trade_feed import TradeFeed

__all__ = ["OhlcStream", "TickerStream", "TradeStream"]


def one_of(symbols: tuple[str, ...], symbol: str | None) -> str:
    """The symbol that a chart is of: the named one, or the only one.

    Raises:
        BadArgument: there are several and none is named, or not the one that is.
    """
    if symbol is None and len(symbols) == 1:
        return symbols[0]
    if symbol not in symbols:
        raise BadArgument("symbol", symbol, " or ".join(map(repr, symbols)), "A chart shows one.")
    return symbol


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

    @plainly_called("trades")
    def chart(self, last: int = 500, *, symbol: str | None = None) -> Shown:
        """The newest ``last`` trades of one symbol, live in a cell: price, side and size, and what they add up to.

        Raises:
            BadArgument: the stream has several symbols and none is named, or it has not the one that is.

        >>> trades.chart(last=100).snapshot().layout.title.text
        'BTC/USD trades [sandbox]'
        """
        symbol = one_of(self.symbols, symbol)
        rows = whole_number("last", last, "trades", least=1)
        title = f"{symbol} trades [{self._host.label}]"
        views, feed = self._host.views, self._feeds[symbol]

        def draw() -> Plain:
            return views.trades(feed.table.view(last=rows).pandas(), feed.gaps.view().pandas(), symbol, title)

        return views.figure(title, draw, self)


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

    @plainly_called("candles")
    def chart(self, last: int = 120, *, symbol: str | None = None) -> Shown:
        """The newest ``last`` candles of one symbol, live in a cell: volume, vwap, unfinished and partial ones marked.

        Raises:
            BadArgument: the stream has several symbols and none is named, or it has not the one that is.

        >>> candles.chart(last=60).snapshot().layout.title.text
        'BTC/USD 1 min [sandbox]'
        """
        symbol = one_of(self.symbols, symbol)
        rows = whole_number("last", last, "candles", least=1)
        title = f"{symbol} {self.interval} min [{self._host.label}]"
        views, feed = self._host.views, self._feeds[symbol]

        def draw() -> Plain:
            frame = feed.table.view(last=rows).pandas()
            return views.candles(frame, feed.gaps.view().pandas(), symbol, self.interval, title)

        return views.figure(title, draw, self)
