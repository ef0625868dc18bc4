"""Assets and pairs as REST describes them, in the names it has kept from the first version of the API.

Source: Get Asset Info and Get Tradable Asset Pairs, Kraken REST API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kraken_lab.sandbox.instruments import Asset, Pair
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.numbers import written

__all__ = ["asset_entry", "pair_entry"]

_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "leverage": ("leverage_buy", "leverage_sell"),
    "fees": ("fees", "fees_maker", "fee_volume_currency"),
    "margin": ("margin_call", "margin_stop"),
}


def asset_entry(asset: Asset) -> str:
    """One asset, as JSON text."""
    fields = {
        "aclass": text(asset.asset_class),
        "altname": text(asset.altname),
        "decimals": str(asset.precision),
        "display_decimals": str(asset.precision_display),
        "collateral_value": asset.collateral_value,
        "status": text(asset.status),
    }
    if asset.margin_rate is not None:
        fields["margin_rate"] = text(asset.margin_rate)
    return members(**fields)


def pair_entry(pair: Pair, asset_of: Mapping[str, Asset], info: str) -> str:
    """One pair, as JSON text: all of it (``info``), or the part that concerns leverage, fees or margin."""
    base, quote = asset_of[pair.base], asset_of[pair.quote]
    leverage = array(map(str, pair.leverages))
    fields = {
        "altname": text(pair.altname),
        "wsname": text(pair.wsname),
        "aclass_base": text(base.asset_class),
        "base": text(base.rest_name),
        "aclass_quote": text(quote.asset_class),
        "quote": text(quote.rest_name),
        "lot": text("unit"),
        "cost_decimals": str(pair.cost_precision),
        "pair_decimals": str(pair.price_precision),
        "lot_decimals": str(pair.qty_precision),
        "lot_multiplier": "1",
        "leverage_buy": leverage,
        "leverage_sell": leverage,
        "fees": f"[[0,{pair.taker_fee}]]",
        "fees_maker": f"[[0,{pair.maker_fee}]]",
        "fee_volume_currency": text("ZUSD"),
        "margin_call": "80",
        "margin_stop": "40",
        "ordermin": text(written(pair.qty_min, pair.qty_precision)),
        "costmin": text(pair.cost_min),
        "tick_size": text(written(pair.price_increment, pair.price_precision)),
        "status": text(pair.status),
        "execution_venue": text("international"),
    }
    if pair.marginable:
        fields["long_position_limit"] = str(pair.position_limit_long)
        fields["short_position_limit"] = str(pair.position_limit_short)
    return members(**{name: value for name, value in fields.items() if name in _PARTS.get(info, fields)})
