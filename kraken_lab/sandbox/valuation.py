"""What an amount of any asset is worth in US dollars, for ``fee_usd_equiv`` and the volume that decides the fees."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from kraken_lab.sandbox.matching import MatchingMarket
from kraken_lab.sandbox.orders import USD_PRECISION

__all__ = ["Valuation"]

FIXED: Final = {"USD": Fraction(1), "EUR": Fraction(108, 100), "GBP": Fraction(127, 100)}
"""Currencies that are not traded for dollars here; the figures are realistic and nobody's quotation."""


class Valuation:
    """Prices assets in dollars: by their last trade for dollars, else for anything that has a price."""

    def __init__(self, market: MatchingMarket) -> None:
        self._market = market

    def usd(self, asset: str, amount: int, precision: int) -> int:
        """Dollars, scaled by `USD_PRECISION`, that ``amount`` at ``precision`` is worth; 0 where nobody knows."""
        return round(self._price(asset, frozenset()) * amount * Fraction(10) ** (USD_PRECISION - precision))

    def _price(self, asset: str, seen: frozenset[str]) -> Fraction:
        if asset in FIXED:
            return FIXED[asset]
        for_dollars = self._last(f"{asset}/USD")
        if for_dollars is not None:
            return for_dollars
        for pair in self._market.pairs.values():
            if pair.base == asset and pair.quote not in seen:
                last = self._last(pair.symbol)
                if last is not None:
                    return last * self._price(pair.quote, seen | {asset})
        return Fraction(0)

    def _last(self, symbol: str) -> Fraction | None:
        pair = self._market.pairs.get(symbol)
        last = self._market.last_price(symbol) if pair is not None else None
        return None if pair is None or last is None else Fraction(last, 10**pair.price_precision)
