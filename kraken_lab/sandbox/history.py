"""Candles and 24-hour figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

__all__ = ["INTERVALS", "Candle", "Ticker"]

INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)


@dataclass(frozen=True, slots=True)
class Candle:
    """One interval in which at least one trade happened. Prices and volume are scaled; ``vwap`` has the price's decimals."""

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
    """The best prices now and the last 24 hours. Scaled integers but for ``vwap`` (price's decimals) and ``change_pct``.

    A side without orders has price and quantity 0. ``change`` is ``last`` less the last price of 24 hours ago, and
    ``change_pct`` that in percent of the latter, to two decimals. ``ns`` is the market's time.
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
