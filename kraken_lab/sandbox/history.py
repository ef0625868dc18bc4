"""One pair's memory: its trades, its candles of every interval, and the last 24 hours.

It takes in every trade as it happens and is bounded in all it keeps. What was before birth comes from `past`, and is
drawn the first time that somebody asks for it.

Source: Candles (OHLC) and Ticker (Level 1) pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.bars import Bar
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Trade
from kraken_lab.sandbox.numbers import NS_PER_MINUTE, decimal, divided
from kraken_lab.sandbox.past import CANDLES, Past

__all__ = ["INTERVALS", "Candle", "History", "Ticker"]

INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600)  # minutes
DAY: Final = 1_440  # minutes
KEPT_TRADES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Candle:
    """One interval in which something traded. Scaled integers, but for ``vwap`` with the price's decimals."""

    begin_ns: int
    open: int
    high: int
    low: int
    close: int
    vwap: Decimal
    volume: int
    trades: int


@dataclass(frozen=True, slots=True)
class Ticker:
    """The best prices now and the last 24 hours. Scaled integers, but for ``vwap`` (price's decimals), ``change_pct``.

    A side without orders has price and quantity 0. ``change`` is ``last`` less the last price of 24 hours ago, and
    ``change_pct`` that in percent of the latter, to two decimals. The day rolls in whole minutes. ``ns`` is the time.
    """

    bid: int
    bid_qty: int
    ask: int
    ask_qty: int
    last: int
    volume: int
    vwap: Decimal
    low: int
    high: int
    change: int
    change_pct: Decimal
    trades: int
    ns: int


class _Series:
    """The newest bars of one interval. Those of before birth are put in front when first needed."""

    __slots__ = ("bars", "minutes", "rooted", "step_ns")

    def __init__(self, minutes: int) -> None:
        self.minutes, self.step_ns = minutes, minutes * NS_PER_MINUTE
        self.bars: deque[Bar] = deque(maxlen=DAY + 2 if minutes == 1 else CANDLES + 1)
        self.rooted = False

    def record(self, trade: Trade) -> None:
        begin_ns = trade.ns - trade.ns % self.step_ns
        if self.bars and self.bars[-1].begin_ns == begin_ns:
            self.bars[-1].add(trade.price, trade.qty)
        else:
            price, qty = trade.price, trade.qty
            self.bars.append(Bar(begin_ns, price, price, price, price, qty, price * qty, 1))

    def root(self, past: Past) -> None:
        """Put the bars of before birth in front, as far as there is room; the bar that spans birth is one bar."""
        self.rooted = True
        room = (self.bars.maxlen or 0) - len(self.bars)
        older = past.bars(self.minutes, self.bars.maxlen or 0)
        if self.bars and older and older[-1].begin_ns == self.bars[0].begin_ns:
            spanning = older.pop()
            spanning.join(self.bars[0])
            self.bars[0] = spanning
        if room:
            self.bars.extendleft(reversed(older[-room:]))


class History:
    """Trades, candles and 24-hour figures of one pair."""

    def __init__(self, engine: Engine, past: Past) -> None:
        self._engine, self._past = engine, past
        self._trades: deque[Trade] = deque(maxlen=KEPT_TRADES)
        self._trades_rooted = False
        self._series = {minutes: _Series(minutes) for minutes in INTERVALS}
        self._day_at = -1  # the minute for which _day holds
        self._day: Bar | None = None  # the finished minutes of the last 24 hours, as one bar
        self._before = 0  # the last price before them

    def record(self, trade: Trade) -> None:
        """Take in a trade, no older than the one before."""
        self._trades.append(trade)
        for series in self._series.values():
            series.record(trade)

    def trades(self, limit: int) -> list[Trade]:
        """The newest ``limit`` trades, oldest first."""
        if len(self._trades) < limit:
            self._root_trades()
        return list(islice(self._trades, max(0, len(self._trades) - limit), None))

    def trades_since(self, since_ns: int, limit: int) -> list[Trade]:
        """The first ``limit`` trades later than ``since_ns``, oldest first, of those that are kept."""
        self._root_trades()
        kept = list(self._trades)
        start = bisect_right(kept, since_ns, key=lambda trade: trade.ns)
        return kept[start : start + limit]

    def candles(self, minutes: int, limit: int, now_ns: int) -> list[Candle]:
        """The newest candles that begin within the last ``limit`` intervals, oldest first.

        Intervals without a trade are absent; the last candle is in progress if anything has traded in it.

        Raises:
            SandboxError: no such interval.
        """
        series = self._rooted(minutes)
        first_ns = now_ns - now_ns % series.step_ns - (limit - 1) * series.step_ns
        newest: list[Bar] = []
        for bar in reversed(series.bars):
            if bar.begin_ns < first_ns or len(newest) >= limit:
                break
            newest.append(bar)
        return [self._candle(bar) for bar in reversed(newest)]

    def ticker(self, now_ns: int) -> Ticker:
        """The best prices and the last 24 hours, as of ``now_ns``."""
        minute_ns = now_ns - now_ns % NS_PER_MINUTE
        minutes = self._rooted(1).bars
        if self._day_at != minute_ns:
            self._roll(minutes, minute_ns)
        current = minutes[-1] if minutes and minutes[-1].begin_ns == minute_ns else None
        parts = [bar for bar in (self._day, current) if bar is not None]
        last = minutes[-1].close if minutes else self._before
        volume, cost = sum(bar.volume for bar in parts), sum(bar.cost for bar in parts)
        change = last - self._before
        bid, ask = self._engine.best("buy") or (0, 0), self._engine.best("sell") or (0, 0)
        return Ticker(
            *bid,
            *ask,
            last=last,
            volume=volume,
            vwap=self._mean(cost, volume) if volume else decimal(last, self._engine.pair.price_precision),
            low=min((bar.low for bar in parts), default=last),
            high=max((bar.high for bar in parts), default=last),
            change=change,
            change_pct=decimal(divided(change * 10_000, self._before), 2),
            trades=sum(bar.trades for bar in parts),
            ns=now_ns,
        )

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _rooted(self, minutes: int) -> _Series:
        series = self._series.get(minutes)
        if series is None:
            raise SandboxError(f"There are no candles of {minutes} minutes; there are {INTERVALS}.")
        if not series.rooted:
            series.root(self._past)
            if all(each.rooted for each in self._series.values()):
                self._past.forget()
        return series

    def _root_trades(self) -> None:
        if self._trades_rooted:
            return
        self._trades_rooted = True
        room = KEPT_TRADES - len(self._trades)
        if room:
            self._trades.extendleft(reversed(self._past.trades()[-room:]))

    def _roll(self, minutes: deque[Bar], minute_ns: int) -> None:
        """Add up the finished minutes of the last 24 hours, once a minute."""
        first_ns = minute_ns - (DAY - 1) * NS_PER_MINUTE
        self._day_at, self._day = minute_ns, None
        self._before = minutes[0].open if minutes else 0
        for bar in minutes:
            if bar.begin_ns < first_ns:
                self._before = bar.close
            elif bar.begin_ns < minute_ns:
                if self._day is None:
                    self._day = Bar(bar.begin_ns, bar.open, bar.high, bar.low, bar.close, 0, 0, 0)
                self._day.join(bar)

    def _mean(self, cost: int, volume: int) -> Decimal:
        return decimal(divided(cost, volume), self._engine.pair.price_precision)

    def _candle(self, bar: Bar) -> Candle:
        vwap = self._mean(bar.cost, bar.volume)
        return Candle(bar.begin_ns, bar.open, bar.high, bar.low, bar.close, vwap, bar.volume, bar.trades)
