"""What can be traded: pairs and assets, as the exchange lists them.

Source: "Instruments", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from typing import ClassVar

from ..market import Instruments, InstrumentSnapshot
from ..tables import KeyedTable, schema
from ..wire import Asset, Instant, InstrumentMessage, Pair, Settings, Want
from .feed import Feed, StreamState, Upstream

__all__ = ["InstrumentFeed"]


class InstrumentFeed(Feed):
    """Reference data, as tables and as one value."""

    channel: ClassVar[str] = "instrument"

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self._instruments = Instruments()
        self.pairs = KeyedTable(schema("pairs"), key=("symbol",), per_symbol=1)
        self.assets = KeyedTable(schema("assets"), key=("id",), per_symbol=1)

    @property
    def instruments(self) -> InstrumentSnapshot:
        """The newest reference data, whole and frozen."""
        return self._instruments.now

    @property
    def tables(self) -> tuple[KeyedTable, ...]:
        """Pairs, assets."""
        return (self.pairs, self.assets)

    def take(self, message: InstrumentMessage, at: Instant) -> None:
        """A snapshot replaces everything; an update replaces what it names."""
        self._heard(at)
        if message.type == "snapshot":
            self.pairs.clear()
            self.assets.clear()
        self._instruments.apply(message)
        for pair in message.data.pairs:
            self.pairs.put(_pair_row(pair))
        for asset in message.data.assets:
            self.assets.put(_asset_row(asset))
        if message.type == "snapshot" or self.state is not StreamState.LIVE:
            self._begin(at)
        self._whole(at)


def _pair_row(pair: Pair) -> tuple[object, ...]:
    return (
        pair.symbol,
        pair.base,
        pair.quote,
        pair.status,
        pair.price_precision,
        pair.price_increment,
        pair.tick_size,
        pair.qty_precision,
        pair.qty_increment,
        pair.qty_min,
        pair.cost_precision,
        pair.cost_min,
        pair.marginable,
        pair.has_index,
        pair.margin_initial,
        pair.position_limit_long,
        pair.position_limit_short,
        pair.ws_display_price_precision,
    )


def _asset_row(asset: Asset) -> tuple[object, ...]:
    return (
        asset.id,
        asset.status,
        asset.precision,
        asset.precision_display,
        asset.borrowable,
        asset.collateral_value,
        asset.margin_rate,
        asset.multiplier,
        asset.asset_class,
    )
