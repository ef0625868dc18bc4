"""What an order is worth at most, in quote currency and with its fee: what limits are held against.

Exact and cautious: a buy counts at its limit price, a sell at what it would take from the book where that is more, a
market order at what the visible book asks, and every fee at the taker's rate unless the order cannot take. What a
conditional close may place later is not counted.
"""

from __future__ import annotations

from decimal import Decimal

from ..market import BookSnapshot
from ..wire import Request
from .exact import total
from .facts import Facts
from .legs import EXACT, Leg, standing
from .question import Question, Unknowable
from .triggering import limit_estimate, trigger_estimate
from .walking import take

__all__ = ["added_notional", "leg_notional", "leg_value"]


def added_notional(request: Request, facts: Facts) -> Decimal:
    """What a request adds to the day's notional: its orders, or of an order that it changes, the increase.

    Raises:
        Unknowable: a price or the fee rates are not known.
    """
    question = Question(request, facts)
    return total(_added(leg, question) for leg in question.legs)


def _added(leg: Leg, question: Question) -> Decimal:
    new = leg_notional(leg, question)
    if leg.replaces is None:
        return new
    old = standing(leg.replaces)
    if old.limit_price is None and not old.triggers:
        return new
    return max(EXACT.subtract(new, leg_notional(old, question)), Decimal(0))


def leg_notional(leg: Leg, question: Question) -> Decimal:
    """The value of one order with its fee, in quote.

    Raises:
        Unknowable: a price or the fee rates are not known.
    """
    maker, taker = question.fee_rates
    rate = maker if leg.post_only else max(maker, taker)
    return EXACT.multiply(leg_value(leg, question), EXACT.add(Decimal(1), rate))


def leg_value(leg: Leg, question: Question) -> Decimal:
    """The value of one order without fees, in quote.

    Raises:
        Unknowable: there is no price to value it by.
    """
    if leg.cash_order_qty is not None:
        return leg.cash_order_qty
    if leg.order_qty is None:
        raise Unknowable("the order's quantity is not known")
    if leg.is_triggered:
        return EXACT.multiply(leg.order_qty, _triggered_price(leg, _book(question)))
    limit = leg.static_limit
    if limit is not None and (leg.side == "buy" or leg.post_only):
        return EXACT.multiply(leg.order_qty, limit)
    book = question.facts.book if limit is not None else _book(question)
    levels = () if book is None else book.asks if leg.side == "buy" else book.bids
    taken = take(levels, side=leg.side, qty=leg.order_qty, limit=limit)
    rest = EXACT.subtract(leg.order_qty, taken.qty)
    price = limit if limit is not None else taken.worst
    if price is None:
        raise Unknowable("the book has nothing on the side that it would take")
    return EXACT.add(taken.value, EXACT.multiply(rest, price))


def _triggered_price(leg: Leg, book: BookSnapshot) -> Decimal:
    """The dearest of its trigger, its limit and, for a sell that may wake at once, the best bid."""
    prices = [trigger_estimate(leg, book), limit_estimate(leg, book)]
    if leg.side == "sell" and book.bids:
        prices.append(book.bids[0][0])
    if leg.side == "buy" and prices[1] is not None:
        return prices[1]  # never dearer than its limit
    known = [price for price in prices if price is not None]
    if not known:
        raise Unknowable("its trigger price is not known")
    return max(known)


def _book(question: Question) -> BookSnapshot:
    if question.facts.book is None:
        raise Unknowable("there is no verified book to value it by")
    return question.facts.book
