"""The triggers of stop, take-profit and trailing orders: where they are, when they move and when they are activated.

A stop-loss to sell is activated when the reference price falls to the trigger, one to buy when it rises to it;
take-profits the other way round. A trailing stop is a stop-loss whose trigger follows the best price since placement at
a fixed distance, and never moves back. Offsets are resolved to the nearest price step.

Source: Add Order page (triggers), Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.money import on_step, unscaled
from kraken_lab.sandbox.order_terms import OrderType, PriceType
from kraken_lab.sandbox.orders import Order, TriggerState

__all__ = ["LIMITED", "TRAILING", "TRIGGERED", "Watch", "followed", "is_due", "limit_after", "offset_price", "placed"]

TRIGGERED: Final = frozenset(
    {"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "trailing-stop", "trailing-stop-limit"}
)
"""The order types that wait for a trigger."""
TRAILING: Final = frozenset({"trailing-stop", "trailing-stop-limit"})
"""Those whose trigger follows the market."""
LIMITED: Final = frozenset({"limit", "iceberg", "stop-loss-limit", "take-profit-limit", "trailing-stop-limit"})
"""The order types with a limit price."""


def offset_price(origin: int, offset: Decimal, kind: PriceType, pair: Pair) -> int:
    """The price that is ``offset`` (signed; percent, or quote currency) away from ``origin``, on a price step.

    >>> from kraken_lab.sandbox.instruments import PAIRS
    >>> offset_price(624_725, Decimal(-1), "pct", PAIRS[0]), offset_price(624_725, Decimal("-50"), "quote", PAIRS[0])
    (618478, 624225)
    """
    if kind == "pct":
        return on_step(origin * (1 + Fraction(offset) / 100), pair.price_increment)
    return on_step(origin + unscaled(offset, pair.price_precision), pair.price_increment)


def placed(
    order_type: OrderType,
    side: Side,
    *,
    price: Decimal,
    price_type: PriceType,
    reference: Literal["last", "index"],
    at: int,
    pair: Pair,
) -> TriggerState:
    """The trigger of an order placed while the reference price is ``at``."""
    if order_type in TRAILING:
        state = TriggerState(reference=reference, price=price, price_type=price_type, actual_price=at, peak_price=at)
        return replace(state, actual_price=_behind(state, side, at, pair))
    if price_type == "static":
        actual = on_step(unscaled(price, pair.price_precision), pair.price_increment)
    else:
        actual = offset_price(at, price, price_type, pair)
    return TriggerState(reference=reference, price=price, price_type=price_type, actual_price=actual)


def _behind(state: TriggerState, side: Side, peak: int, pair: Pair) -> int:
    """Where a trailing trigger stands for a peak."""
    return offset_price(peak, -state.price if side == "sell" else state.price, state.price_type, pair)


def followed(state: TriggerState, side: Side, reference: int, pair: Pair) -> TriggerState | None:
    """A trailing trigger after the reference price went to ``reference``; None if it has not moved."""
    peak = state.peak_price
    if peak is None or (reference <= peak if side == "sell" else reference >= peak):
        return None
    return replace(state, peak_price=reference, actual_price=_behind(state, side, reference, pair))


def is_due(order_type: OrderType, side: Side, trigger: int, reference: int) -> bool:
    """Whether a trigger is activated at a reference price.

    >>> is_due("stop-loss", "sell", 100, 99), is_due("take-profit", "sell", 100, 99)
    (True, False)
    """
    falling = (side == "sell") != (order_type in ("take-profit", "take-profit-limit"))
    return reference <= trigger if falling else reference >= trigger


def limit_after(order: Order, trigger: int) -> int:
    """The limit price of an order whose limit was given as an offset from the trigger price, here ``trigger``."""
    assert order.limit_offset is not None
    return offset_price(trigger, order.limit_offset, order.limit_price_type, order.pair)


class Watch:
    """The untriggered orders, by pair and reference."""

    def __init__(self) -> None:
        self._by_last: dict[str, dict[str, None]] = {}
        self._by_index: dict[str, dict[str, None]] = {}

    def add(self, order: Order) -> None:
        """Watch for it."""
        assert order.trigger is not None
        self._side(order).setdefault(order.symbol, {})[order.order_id] = None

    def discard(self, order: Order) -> None:
        """No longer."""
        if order.trigger is not None:
            self._side(order).get(order.symbol, {}).pop(order.order_id, None)

    def by_last(self, symbol: str) -> tuple[str, ...]:
        """The orders that watch the last price, oldest first."""
        return tuple(self._by_last.get(symbol, ()))

    def by_index(self, symbol: str) -> tuple[str, ...]:
        """The orders that watch the index, oldest first."""
        return tuple(self._by_index.get(symbol, ()))

    def _side(self, order: Order) -> dict[str, dict[str, None]]:
        by_index = order.trigger is not None and order.trigger.reference == "index"
        return self._by_index if by_index else self._by_last
