"""How each pair trades: its price, pace, roughness, spread, depth and sizes.

The figures are chosen to look like a quiet day of a middle-sized exchange, scaled down to a pace that a laptop does not
notice. They steer `flow` (the live market) and `past` (the candles before it), and nothing else reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kraken_lab.errors import SandboxError

__all__ = ["Profile", "profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One pair's character. Distances and roughness are in basis points of the price (1 bp is 0.0001).

    ``price`` is quote per base at birth; ``share`` is its part of all actions (0: the book stands still);
    ``volatility`` the standard deviation of the fair price's one-second return; ``half_spread`` how close to the fair
    price makers quote; ``reach`` the median distance of the other orders; ``levels`` the prices a side holds when at
    rest; ``notional`` the median value of an order in quote; ``trades_per_minute`` the pace before birth, measured
    from the live market at its default rate.
    """

    price: float
    share: float
    volatility: float
    half_spread: float
    reach: float
    levels: int
    notional: float
    trades_per_minute: float
    first_trade_id: int


_PROFILES: Final[dict[str, Profile]] = {
    "BTC/USD": Profile(64_200.0, 0.40, 0.50, 0.20, 30.0, 1600, 2_500.0, 190.0, 71_204_118),
    "ETH/USD": Profile(3_180.0, 0.20, 0.60, 0.25, 40.0, 700, 1_800.0, 115.0, 52_980_377),
    "SOL/USD": Profile(148.0, 0.12, 0.80, 0.45, 60.0, 400, 1_200.0, 96.0, 14_377_902),
    "XRP/USD": Profile(0.5230, 0.08, 0.70, 0.50, 60.0, 400, 900.0, 42.0, 29_410_226),
    "DOGE/USD": Profile(0.1240, 0.06, 0.80, 0.60, 60.0, 400, 700.0, 32.0, 11_862_540),
    "SHIB/USD": Profile(0.00001755, 0.035, 0.90, 3.0, 300.0, 160, 500.0, 10.0, 4_120_883),
    "ETH/BTC": Profile(0.04953, 0.04, 0.45, 0.6, 150.0, 300, 0.02, 23.0, 8_745_031),
    "DOT/USD": Profile(4.1250, 0.03, 0.80, 0.8, 150.0, 200, 500.0, 21.0, 6_033_719),
    "PEPE/USD": Profile(0.000009876, 0.03, 1.00, 1.0, 150.0, 300, 400.0, 21.0, 2_914_455),
    "ACA/EUR": Profile(0.06120, 0.005, 1.20, 25.0, 60.0, 4, 60.0, 0.5, 183_502),
    "MATIC/GBP": Profile(0.3312, 0.0, 0.80, 6.0, 150.0, 60, 150.0, 0.2, 902_117),
    "POL/EUR": Profile(0.3825, 0.0, 0.80, 6.0, 150.0, 60, 150.0, 0.2, 77_340),
}


def profile(symbol: str) -> Profile:
    """The profile of a listed pair.

    >>> profile("BTC/USD").levels
    1600

    Raises:
        SandboxError: the pair is not one of those the sandbox can play.
    """
    try:
        return _PROFILES[symbol]
    except KeyError:
        raise SandboxError(f"The sandbox has no market for {symbol}; it plays {', '.join(_PROFILES)}.") from None
