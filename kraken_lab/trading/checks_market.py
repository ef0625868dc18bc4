"""Checks against the verified book: whether there is one, how far a price reaches, what a market order would cost.

No price reference, no order: a book that is missing, not live, not verified or silent refuses everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ..market import BookSnapshot
from ..wire import rounded, shortened
from .judgement import Check, passed, refused, warned
from .legs import TRAILING_TYPES, Leg
from .preview import share_pct
from .question import Question, Unknowable
from .triggering import limit_estimate, trigger_estimate, wakes_above, wakes_at_once
from .walking import Levels, reaches, take

__all__ = ["collar", "own_orders", "post_only", "price_reference", "slippage", "trigger"]

FAR_PCT: Final = Decimal(50)
"""A limit price so far from the market is pointed out: a digit may be one too many or too few."""


def price_reference(question: Question) -> Iterator[Check]:
    """A verified book that is live, on a connection that brought anything at all within ``book_max_age``."""
    facts = question.facts
    most = facts.settings.book_max_age
    if facts.book is None or facts.book_state != "LIVE":
        state = facts.book_state or "none"
        yield refused("price reference", f"There is no verified book to go by (book: {state}).", state=state)
    elif facts.book.symbol != question.symbol:
        yield refused("price reference", f"The book at hand is that of {facts.book.symbol}.")
    elif facts.book_age is None or not facts.book_age <= most:
        age = "unknown" if facts.book_age is None else f"{facts.book_age:.1f} s"
        yield refused("price reference", f"The book's line is silent: last heard {age} ago, at most {most:g} s.")
    else:
        bid, ask = _best(facts.book.bids), _best(facts.book.asks)
        said = f"Verified book, heard {facts.book_age:.1f} s ago: bid {_said(bid)}, ask {_said(ask)}."
        figures = {name: price for name, price in (("bid", bid), ("ask", ask)) if price is not None}
        yield passed("price reference", said, **figures)


def collar(question: Question) -> Iterator[Check]:
    """No limit price reaches further through the other side's best price than the collar allows.

    A triggered order is held against its own trigger, because there the market will be when it wakes.
    """
    book = _book(question)
    most = Decimal(str(question.facts.settings.collar_pct))
    for begin, leg in question.numbered():
        limit = limit_estimate(leg, book)
        if limit is None:
            continue
        reference, named = _reference(leg, book)
        through = share_pct(limit, reference) if leg.side == "buy" else -share_pct(limit, reference)
        figures = {"limit_price": limit, "reference": reference, "through_pct": through, "most_pct": most}
        way = f"{_pct(abs(through))} % {'above' if limit > reference else 'below'}" if through else "at"
        words = f"{begin}limit_price {limit:f} is {way} {named} of {reference:f}"
        if through > most:
            yield refused("collar", f"{words}: through it by more than {most:f} %.", **figures)
        elif -through > FAR_PCT:
            yield warned("collar", f"{words}: it would rest very far away. Is every digit right?", **figures)
        else:
            how = f"through it, as far as {most:f} % are allowed" if through > 0 else "which does not reach through it"
            yield passed("collar", f"{words}, {how}.", **figures)


def _reference(leg: Leg, book: BookSnapshot) -> tuple[Decimal, str]:
    """What its limit price is held against, and what that is called."""
    if leg.is_triggered:
        trigger_price = trigger_estimate(leg, book)
        if trigger_price is None:
            raise Unknowable("its trigger price is not known")
        return trigger_price, "its trigger"
    other, own = (book.asks, book.bids) if leg.side == "buy" else (book.bids, book.asks)
    if other:
        return other[0][0], f"the best {'ask' if leg.side == 'buy' else 'bid'}"
    if own:  # nothing to reach through: the stricter of what is left
        return own[0][0], f"the best {'bid' if leg.side == 'buy' else 'ask'} (the other side is empty)"
    raise Unknowable("the book is empty")


def slippage(question: Question) -> Iterator[Check]:
    """A market order may not fill much worse than the best price, nor ask for more than is visible.

    For a triggered market order this is only known when it wakes: an estimate by the book of now is a warning.
    """
    facts, book = question.facts, _book(question)
    most = Decimal(str(facts.settings.max_slippage_pct))
    for begin, leg in question.numbered():
        if limit_estimate(leg, book) is not None:
            continue
        levels = book.asks if leg.side == "buy" else book.bids
        judged = warned if leg.is_triggered else refused
        if not levels:
            yield judged("slippage", f"{begin}There is nothing to {leg.side} in the book.")
            continue
        step = question.pair.qty_increment
        taken = take(levels, side=leg.side, qty=leg.open_qty, cash=leg.cash_order_qty, step=step)
        if taken.average is None or not taken.complete:
            said = (
                f"{begin}The visible book ends after {taken.qty:f} {question.pair.base}: what the rest costs is open."
            )
            yield judged("slippage", said, visible=taken.qty)
            continue
        cost = abs(share_pct(taken.average, levels[0][0]))
        figures = {"best": levels[0][0], "average": taken.average, "slippage_pct": cost, "most_pct": most}
        average = rounded(taken.average, question.pair.price_precision)
        said = f"{begin}Average {average} is {_pct(cost)} % worse than the best price {levels[0][0]:f}"
        if cost > most:
            yield judged("slippage", f"{said}, more than {most:f} %.", **figures)
        else:
            yield passed("slippage", f"{said}, within {most:f} %.", **figures)


def trigger(question: Question) -> Iterator[Check]:
    """A stop or take-profit must wait: one whose trigger the market has passed the exchange cancels at once."""
    if not any(leg.is_triggered for leg in question.legs):
        return
    book = _book(question)
    for begin, leg in question.numbered():
        price = trigger_estimate(leg, book)
        if price is None:
            continue
        about = "about " if leg.static_trigger is None else ""
        side = "rises" if wakes_above(leg) else "falls"
        at = f"{about}{shortened(price)}"
        if leg.order_type in TRAILING_TYPES:
            yield passed(
                "trigger", f"{begin}Follows the market; would wake at about {shortened(price)} now.", trigger=price
            )
        elif not wakes_at_once(leg, book):
            yield passed("trigger", f"{begin}Wakes when the price {side} to {at}.", trigger=price)
        else:
            other = "take-profit" if leg.order_type.startswith("stop-loss") else "stop-loss"
            said = (
                f"{begin}The market is beyond {at} already: a {leg.order_type} would trigger at once, so the exchange"
            )
            yield refused("trigger", f"{said} cancels it. Is it meant as a {other}?", trigger=price)


def post_only(question: Question) -> Iterator[Check]:
    """A post-only order that would take is accepted and then cancelled, so it is pointed out."""
    book = _book(question)
    for begin, leg in question.numbered():
        if not leg.post_only or leg.is_triggered or leg.static_limit is None:
            continue
        best = _best(book.asks if leg.side == "buy" else book.bids)
        if best is not None and reaches(leg.side, leg.static_limit, best):
            said = f"{begin}It would take at {best:f}, so the exchange accepts it and cancels it at once."
            yield warned("post only", said, best=best)
        else:
            yield passed("post only", f"{begin}It would not take: the best price is {_said(best)}.")


def own_orders(question: Question) -> Iterator[Check]:
    """Orders of one account do not trade with each other; who goes is up to ``stp_type``."""
    for begin, leg in question.numbered():
        limit = leg.static_limit
        for order in question.facts.orders:
            price = order.limit_price
            opposite = order.symbol == leg.symbol and order.side != leg.side and order.possibly_open
            if not opposite or leg.is_triggered or price is None or order.trigger_price is not None:
                continue
            if limit is None or reaches(leg.side, limit, price):
                way = leg.stp_type or "cancel_newest"
                said = f"{begin}It may meet your own {order.side} order at {price:f}; then {way} decides who goes."
                yield warned("own orders", said, price=price, id=order.order_id or order.cl_ord_id or "")
                break


def _book(question: Question) -> BookSnapshot:
    if question.facts.book is None:
        raise Unknowable("there is no verified book")
    return question.facts.book


def _best(levels: Levels) -> Decimal | None:
    return levels[0][0] if levels else None


def _said(price: Decimal | None) -> str:
    return "none" if price is None else f"{price:f}"


def _pct(share: Decimal) -> str:
    return f"{share:.2f}"
