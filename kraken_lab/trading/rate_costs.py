"""What a request raises the trading engine's rate counter by: a fixed part, and a part by the age of its order.

Source: Rate limits guide (trading engine), Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ..wire import AddOrder, AmendOrder, BatchAdd, EditOrder, Request

__all__ = ["CANCEL", "age_part", "rate_cost"]

_AGES_S: Final = (5, 10, 15, 45, 90, 300)
_AMEND: Final = (3, 2, 1, 0, 0, 0)
_EDIT: Final = (6, 5, 4, 2, 1, 0)
CANCEL: Final = (8, 6, 5, 4, 2, 1)
"""What cancelling costs by the order's age; there is no fixed part."""


def rate_cost(request: Request, age_s: float | None = None) -> Decimal:
    """What a request costs; ``age_s`` is that of its order, None for the dearest.

    The age counts from when the order was created or amended last. Requests that the counter does not know cost 0.

    >>> order = AddOrder(symbol="BTC/USD", side="buy", order_type="market", order_qty=Decimal(1), token="")
    >>> rate_cost(order), rate_cost(AmendOrder(order_id="O", order_qty=Decimal(1), token=""), age_s=7)
    (Decimal('1'), Decimal('3'))
    """
    if isinstance(request, AddOrder):
        return Decimal(1)
    if isinstance(request, BatchAdd):
        return Decimal(len(request.orders)) / 2
    if isinstance(request, AmendOrder):
        return Decimal(1 + age_part(_AMEND, age_s))
    if isinstance(request, EditOrder):
        return Decimal(1 + age_part(_EDIT, age_s))
    return Decimal(0)


def age_part(costs: tuple[int, ...], age_s: float | None) -> int:
    """The part by age: the first of ``costs`` for a young order, and 0 for one of five minutes or more.

    >>> age_part(CANCEL, 36), age_part(CANCEL, 300), age_part(CANCEL, None)
    (4, 0, 8)
    """
    for below, cost in zip(_AGES_S, costs, strict=True):
        if age_s is None or age_s < below:
            return cost
    return 0
