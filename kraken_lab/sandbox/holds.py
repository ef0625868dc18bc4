"""How much of which asset an open order holds, so that its fills and their fees can always be paid.

A buy order holds quote for its cost, a sell order holds base for its quantity, and either its fee where that is taken
from the same asset, at the dearest rate there is. Costs and fees of an order are rounded as a whole and not fill by
fill, so what has been paid and what is held never come to more than what was held at first.
"""

from __future__ import annotations

from collections.abc import Mapping

from kraken_lab.sandbox.fees import MILLION
from kraken_lab.sandbox.instruments import Asset
from kraken_lab.sandbox.money import nearest, no_less, value_precision
from kraken_lab.sandbox.orders import Order
from kraken_lab.sandbox.triggers import limit_after

__all__ = ["budget_of", "hold_of", "needed", "worst_price"]

_RATE_DECIMALS = len(str(MILLION)) - 1


def worst_price(order: Order) -> int | None:
    """The price that an order reckons with: its limit, else its trigger; None for a market order."""
    if order.limit_price is not None:
        return order.limit_price
    if order.trigger is None:
        return None
    if order.limit_offset is not None:
        return limit_after(order, order.trigger.actual_price)
    return order.trigger.actual_price


def hold_of(order: Order, price: int, dearest: int, assets: Mapping[str, Asset]) -> tuple[str, int]:
    """The asset and the amount held for what is left of an order that fills at ``price`` at worst."""
    if order.cash_qty is not None:
        left_value = budget_of(order) - order.value
    else:
        left_value = order.left * price
    return needed(order, order.left, left_value, dearest, assets)


def budget_of(order: Order) -> int:
    """The value that an order sized in quote may have."""
    assert order.cash_qty is not None
    return nearest(order.cash_qty, order.pair.cost_precision, value_precision(order.pair))


def needed(order: Order, qty: int, value: int, dearest: int, assets: Mapping[str, Asset]) -> tuple[str, int]:
    """The asset and the amount that ``qty`` more of an order, worth ``value``, may need, fees included."""
    pair = order.pair
    if order.side == "buy":
        asset, done, more, have = pair.quote, order.value, value, value_precision(pair)
    else:
        asset, done, more, have = pair.base, order.cum_qty, qty, pair.qty_precision
    want = assets[asset].precision
    amount = no_less(done + more, have, want) - nearest(done, have, want)
    if order.fee_asset == asset:
        have += _RATE_DECIMALS
        amount += no_less(order.fee_exact + more * dearest, have, want) - nearest(order.fee_exact, have, want)
    return asset, amount
