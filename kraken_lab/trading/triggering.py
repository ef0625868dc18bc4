"""Where a triggered order's trigger and limit would be by the book of now, and whether it would wake at once.

The exchange judges triggers by the last trade or an index, which a book does not tell. The middle between best bid and
best ask stands in for both here, so prices given as offsets are estimates and are called so where they are shown.
"""

from __future__ import annotations

from decimal import Decimal

from ..errors import EmptySide
from ..market import BookSnapshot
from .legs import EXACT, TRAILING_TYPES, Leg

__all__ = ["limit_estimate", "offset_from", "trigger_estimate", "wakes_above", "wakes_at_once"]

_BUYS_ABOVE = frozenset({"stop-loss", "stop-loss-limit", "trailing-stop", "trailing-stop-limit"})


def wakes_above(leg: Leg) -> bool:
    """Whether the market has to rise to the trigger: stops of buyers and take-profits of sellers.

    >>> wakes_above(Leg(symbol="BTC/USD", side="sell", order_type="stop-loss"))
    False
    """
    return (leg.side == "buy") == (leg.order_type in _BUYS_ABOVE)


def trigger_estimate(leg: Leg, book: BookSnapshot) -> Decimal | None:
    """Its trigger in quote per base, by the book of now; None if it has none.

    Raises:
        EmptySide: it is given as an offset, and the book has no middle.
    """
    if leg.triggers is None:
        return None
    price, kind = leg.triggers.price, leg.triggers.price_type or "static"
    if kind == "static":
        return price
    if leg.order_type in TRAILING_TYPES and leg.side == "sell":
        price = -price  # an amount of reversal, always positive: a seller's is below the peak
    return offset_from(book.mid, price, kind)


def limit_estimate(leg: Leg, book: BookSnapshot) -> Decimal | None:
    """Its limit price in quote per base, by the book of now; None if it has none.

    Raises:
        EmptySide: it is given as an offset, and the book has no middle.
    """
    if leg.limit_price is None or leg.static_limit is not None:
        return leg.static_limit
    trigger = trigger_estimate(leg, book)
    return None if trigger is None else offset_from(trigger, leg.limit_price, leg.limit_price_type or "quote")


def wakes_at_once(leg: Leg, book: BookSnapshot) -> bool:
    """Whether the whole touch is beyond its trigger already, so that it would not wait at all.

    Raises:
        EmptySide: the book lacks the side that this is judged by.
    """
    trigger = trigger_estimate(leg, book)
    if trigger is None or leg.order_type in TRAILING_TYPES:
        return False
    if not book.bids or not book.asks:
        raise EmptySide(book.symbol, "asks" if book.bids else "bids")
    return trigger <= book.bids[0][0] if wakes_above(leg) else trigger >= book.asks[0][0]


def offset_from(reference: Decimal, offset: Decimal, kind: str) -> Decimal:
    """The reference with an offset in quote currency or in percent added.

    >>> offset_from(Decimal(200), Decimal("-2.0"), "pct"), offset_from(Decimal(200), Decimal(5), "quote")
    (Decimal('196.000'), Decimal('205'))
    """
    if kind == "pct":
        offset = EXACT.multiply(reference, EXACT.scaleb(offset, -2))
    return EXACT.add(reference, offset)
