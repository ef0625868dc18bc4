"""The ``instrument`` channel: the reference data of assets and pairs, in one object.

Source: Instruments page, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.feeds import channel_message
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.instruments import Asset, Pair
from kraken_lab.sandbox.json_text import array, boolean, members, text
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.numbers import written

__all__ = ["InstrumentFeed"]


class InstrumentFeed:
    """All assets and pairs of one execution venue; the sandbox lists everything on ``international``."""

    def __init__(self, listing: Listing, execution_venue: str) -> None:
        self._listing = listing
        self._is_ours = execution_venue == "international"

    def snapshot(self, ns: int) -> Frame:
        """Everything that is listed."""
        listed = self._listing if self._is_ours else Listing((), ())
        return self._frame("snapshot", listed.assets, listed.pairs)

    def update(self, batch: Batch) -> Frame | None:
        """Nothing: what happens in a book changes no reference data."""
        return None

    def changed(self, pair: Pair) -> Frame | None:
        """A pair that is not what it was, complete."""
        return self._frame("update", (), (pair,)) if self._is_ours else None

    @staticmethod
    def _frame(kind: Literal["snapshot", "update"], assets: Iterable[Asset], pairs: Iterable[Pair]) -> Frame:
        data = members(assets=array(map(_asset, assets)), pairs=array(map(_pair, pairs)))
        return Frame(channel_message("instrument", kind, data), "instrument", kind)


def _asset(asset: Asset) -> str:
    fields = {
        "id": text(asset.id),
        "status": text(asset.status),
        "precision": str(asset.precision),
        "precision_display": str(asset.precision_display),
        "borrowable": boolean(asset.borrowable),
        "collateral_value": asset.collateral_value,
        "class": text(asset.asset_class),
    }
    if asset.margin_rate is not None:
        fields["margin_rate"] = asset.margin_rate
    return members(**fields)


def _pair(pair: Pair) -> str:
    increment = written(pair.price_increment, pair.price_precision)
    fields = {
        "symbol": text(pair.symbol),
        "base": text(pair.base),
        "quote": text(pair.quote),
        "status": text(pair.status),
        "qty_precision": str(pair.qty_precision),
        "qty_increment": written(pair.qty_increment, pair.qty_precision),
        "price_precision": str(pair.price_precision),
        "cost_precision": str(pair.cost_precision),
        "marginable": boolean(pair.marginable),
        "has_index": boolean(pair.has_index),
        "ws_display_price_precision": str(pair.ws_display_price_precision),
        "cost_min": pair.cost_min,
    }
    if pair.margin_initial is not None:
        fields["margin_initial"] = pair.margin_initial
        fields["position_limit_long"] = str(pair.position_limit_long)
        fields["position_limit_short"] = str(pair.position_limit_short)
    fields |= {
        "tick_size": increment,
        "price_increment": increment,
        "qty_min": written(pair.qty_min, pair.qty_precision),
    }
    return members(**fields)
