"""What happened before birth: seeded trades, and coarser and coarser bars back from them.

Everything is drawn backwards from the price at birth, so that the first live trade follows the last seeded one without
a jump, and only when somebody asks. Bars are drawn in tiers: minutes for a day, then five-minute bars, and so on to
days for thirty years; each tier begins where the next coarser one ends. A candle of any interval is made of the tiers
that cover it, so an hour is exactly its sixty minutes wherever those exist.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, sqrt
from random import Random
from typing import Final

from kraken_lab.sandbox.arrivals import OrderIds
from kraken_lab.sandbox.bars import Bar, merged
from kraken_lab.sandbox.events import Side, Trade
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.numbers import NS_PER_MINUTE, NS_PER_SECOND
from kraken_lab.sandbox.profiles import Profile

__all__ = ["CANDLES", "Past"]

CANDLES: Final = 720  # of every interval
SEEDED_TRADES: Final = 300
_SEEDED_MINUTES: Final = 1_400  # no seeded trade is older, so that all are within the first tier

# A tier's bars in minutes, and how many minutes before birth it reaches.
_TIERS: Final = (
    (1, 1_502),  # a day and a bit, for the 24-hour figures
    (5, 5 * (CANDLES + 1)),
    (15, 15 * (CANDLES + 1)),
    (30, 30 * (CANDLES + 1)),
    (60, 60 * (CANDLES + 1)),
    (240, 240 * (CANDLES + 1)),
    (1_440, 1_440 * (CANDLES + 1)),
    (1_440, 21_600 * (CANDLES + 1)),
)
_HOME_MINUTES: Final = 1_800 * 1_440.0  # to forget a price: decades stay within an order of magnitude or two


class Past:
    """One pair's history up to ``birth_ns``, drawn from ``seed`` (any text) and ending at ``price`` (scaled).

    The same seed, pair, time and price give the same history, in whatever order it is asked for.
    """

    def __init__(self, pair: Pair, profile: Profile, *, seed: str, birth_ns: int, price: float) -> None:
        self._pair, self._profile, self._seed = pair, profile, seed
        self._birth_ns, self._price = birth_ns, price
        self._lot = profile.notional / profile.price * 10**pair.qty_precision
        self._trades: list[Trade] = []
        self._tiers: list[list[Bar]] = []  # each oldest first, newest tier first; the last one, of days, is not kept

    def trades(self) -> list[Trade]:
        """The seeded trades, oldest first; the last one has the id before the first live one's."""
        if not self._trades:
            self._trades = self._draw_trades(Random(f"{self._seed}/trades"))
        return self._trades

    def bars(self, minutes: int, count: int = CANDLES) -> list[Bar]:
        """The newest ``count`` bars of ``minutes`` (or all there are), oldest first; the last may span birth."""
        reach = minutes * (CANDLES + 1)
        needed = 1 + next(number for number, (_, covered) in enumerate(_TIERS) if covered >= reach)
        while len(self._tiers) < min(needed, len(_TIERS) - 1):
            self._tiers.append(self._draw_tier(len(self._tiers)))
        tiers = self._tiers[:needed]
        if needed == len(_TIERS):
            tiers.append(self._draw_tier(needed - 1))
        oldest_first = [bar for tier in reversed(tiers) for bar in tier]
        return merged(oldest_first, minutes)[-count:]

    def forget(self) -> None:
        """Keep nothing of what was drawn; who asks again gets the same, drawn anew."""
        self._tiers, self._trades = [], []

    # --- trades -----------------------------------------------------------------------------------------------------

    def _draw_trades(self, random: Random) -> list[Trade]:
        profile, pair = self._profile, self._pair
        new_id: Callable[[], str] = OrderIds(random).new
        mean_gap = 60.0 / profile.trades_per_minute
        half = profile.half_spread * 1e-4 * self._price
        ns, fair = self._birth_ns, self._price
        backwards: list[Trade] = []
        for number in range(1, SEEDED_TRADES + 1):
            gap = random.expovariate(1 / mean_gap) * exp(random.gauss(-0.5, 1.0))  # clustered, with the right mean
            ns -= 1 + int(gap * NS_PER_SECOND)
            if ns < self._birth_ns - _SEEDED_MINUTES * NS_PER_MINUTE:
                break
            side: Side = "buy" if random.random() < 0.5 else "sell"
            qty = max(int(0.5 * self._lot * exp(1.4 * random.gauss(0.0, 1.0))), pair.qty_min)
            backwards.append(
                Trade(
                    profile.first_trade_id - number,
                    side,
                    self._on_tick(fair + (half if side == "buy" else -half)),
                    qty - qty % pair.qty_increment,
                    "market" if random.random() < 0.5 else "limit",
                    ns,
                    new_id(),
                    new_id(),
                )
            )
            fair *= exp(profile.volatility * 1e-4 * sqrt(gap) * random.gauss(0.0, 1.0))
        return backwards[::-1]

    def _traded_minutes(self) -> list[Bar]:
        bars: list[Bar] = []
        for trade in self.trades():
            begin_ns = trade.ns - trade.ns % NS_PER_MINUTE
            if bars and bars[-1].begin_ns == begin_ns:
                bars[-1].add(trade.price, trade.qty)
            else:
                cost = trade.price * trade.qty
                bars.append(Bar(begin_ns, trade.price, trade.price, trade.price, trade.price, trade.qty, cost, 1))
        return bars

    # --- bars -------------------------------------------------------------------------------------------------------

    def _draw_tier(self, number: int) -> list[Bar]:
        """The bars of one tier, from its own beginning to that of the finer one, which must be there; oldest first."""
        traded = [] if number else self._traded_minutes()
        end_ns = self._tier_begins(number - 1) if number else traded[0].begin_ns
        price = next(tier[0].open for tier in [traded, *reversed(self._tiers)] if tier)
        random = Random(f"{self._seed}/bars/{number}")
        return self._draw_bars(random, _TIERS[number][0], self._tier_begins(number), end_ns, price) + traded

    def _tier_begins(self, number: int) -> int:
        """A tier begins where a bar of the next coarser one ends."""
        coarser = _TIERS[min(number + 1, len(_TIERS) - 1)][0]
        begin_ns = self._birth_ns - _TIERS[number][1] * NS_PER_MINUTE
        return begin_ns - begin_ns % (coarser * NS_PER_MINUTE)

    def _draw_bars(self, random: Random, minutes: int, start_ns: int, end_ns: int, price: int) -> list[Bar]:
        """Bars from ``end_ns`` back to ``start_ns``, the newest closing at ``price``; oldest first.

        Roughness is an autoregressive process, and activity goes with it. An interval in which nobody traded, as thin
        pairs have, is left out.
        """
        gauss, step_ns = random.gauss, minutes * NS_PER_MINUTE
        sigma = self._profile.volatility * 1e-4 * sqrt(60.0 * minutes)
        home = min(1.0, minutes / _HOME_MINUTES)
        mean_trades = self._profile.trades_per_minute * minutes
        rough = gauss(0.0, 0.35)
        backwards: list[Bar] = []
        for begin_ns in range(end_ns - step_ns, start_ns - 1, -step_ns):
            rough = 0.9 * rough + 0.15 * gauss(0.0, 1.0)
            busy = mean_trades * exp(rough - 0.06)
            trades = max(0, round(busy + sqrt(busy) * gauss(0.0, 1.0)))
            if not trades:
                continue
            size = sigma * exp(rough - 0.12)
            drift = home * (self._price / price - 1)  # gently back to the price at birth
            first = price if trades == 1 else self._on_tick(price * exp(size * gauss(0.0, 1.0) + drift))
            high, low = max(first, price), min(first, price)
            if trades > 2:
                high = self._on_tick(high * (1 + 0.4 * size * abs(gauss(0.0, 1.0))))
                low = self._on_tick(low * exp(-0.4 * size * abs(gauss(0.0, 1.0))))
            lots = trades * exp(gauss(0.0, 1.0) / sqrt(trades))
            volume = max(trades * self._pair.qty_min, int(self._lot * lots))
            volume -= volume % self._pair.qty_increment
            mean = (first + high + low + price) // 4
            backwards.append(Bar(begin_ns, first, high, low, price, volume, volume * mean, trades))
            price = first
        return backwards[::-1]

    def _on_tick(self, price: float) -> int:
        tick = self._pair.price_increment
        return max(1, round(price / tick)) * tick
