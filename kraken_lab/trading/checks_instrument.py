"""Checks against the pair's reference data: its name, its state, its steps, its minimums, and what it offers.

Source: "Instruments" and "Add Order", Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ..errors import Malformed
from ..wire import EditOrder, to_ns
from .combinations import problems_of
from .corrections import nearest
from .figures import money
from .judgement import Check, passed, refused
from .legs import EXACT, Leg
from .notional import leg_value
from .question import Question

__all__ = ["cost_minimum", "features", "minimum", "status", "step", "symbol", "terms", "tick", "times"]

SYMBOL: Final = re.compile(r"[A-Za-z0-9.]{1,20}/[A-Za-z0-9.]{1,20}")
_NONE_NEW: Final = {
    "cancel_only": "takes cancels only",
    "maintenance": "is in maintenance",
    "delisted": "is delisted",
    "work_in_progress": "is not open yet",
}
_MONTH_NS: Final = 31 * 86_400 * 10**9


def terms(question: Question) -> Iterator[Check]:
    """Type, prices, times and flags must go together."""
    wrong = [f"{begin}{problem.said}" for begin, problem in problems_of(question.request, question.target)]
    if wrong:
        yield from (refused("terms", said) for said in wrong)
    else:
        yield passed("terms", "Type, prices, times and flags go together.")


def symbol(question: Question) -> Iterator[Check]:
    """The symbol has the form of one, and the venue lists it."""
    name, pair = question.symbol, question.facts.pair
    alike = " or ".join(question.facts.alike)
    meant = f" Did you mean {alike}?" if alike else ""
    if not SYMBOL.fullmatch(name):
        yield refused("symbol", f"{name!r} is no symbol such as BTC/USD.{meant}", symbol=name)
    elif pair is None or pair.symbol != name:
        yield refused("symbol", f"{name} is not traded here.{meant}", symbol=name)
    elif isinstance(question.request, EditOrder) and question.request.symbol != name:
        yield refused("symbol", f"The order to be edited is one of {name}, not of {question.request.symbol}.")
    else:
        yield passed("symbol", f"{name} is listed.", symbol=name)


def status(question: Question) -> Iterator[Check]:
    """What the exchange and the pair take at present; the stricter wins, and an unknown word takes nothing."""
    for whose, state in (("The exchange", question.facts.system), (question.symbol, question.pair.status)):
        objections = {why for leg in question.legs if (why := _objection(state, leg)) is not None}
        shown = "unknown" if state is None else state
        if objections or (not question.legs and state != "online"):
            why = "; ".join(sorted(objections)) or f"says {shown}"
            yield refused("status", f"{whose} {why}.", state=shown)
        else:
            yield passed("status", f"{whose} is {shown}.", state=shown)


def _objection(state: str | None, leg: Leg) -> str | None:
    """Why an order does not go in that state, or None if it does."""
    plain_limit = leg.order_type == "limit"
    if state == "online":
        return None
    if state == "post_only":
        return None if plain_limit and leg.post_only else "takes post-only limit orders only (post_only)"
    if state == "limit_only":
        return None if plain_limit else "takes limit orders only (limit_only)"
    if state == "reduce_only":
        return None if leg.reduce_only else "takes orders that reduce a position only (reduce_only)"
    if state is None:
        return "has not said yet what it takes"
    return f"{_NONE_NEW.get(state, 'says something that is not known here')} ({state})"


def tick(question: Question) -> Iterator[Check]:
    """Every price lies exactly on the pair's price increment."""
    pair = question.pair
    for begin, leg in question.numbered():
        prices = list(_prices(leg))
        off = [(name, price) for name, price in prices if not _on(price, pair.price_increment)]
        for name, price in off:
            offered = nearest(price, pair.price_increment)
            said = f"{begin}{name} {price:f} is not a multiple of {pair.price_increment:f}; the nearest is {offered:f}."
            yield refused("tick", said, price=price, increment=pair.price_increment, nearest=offered)
        if prices and not off:
            said = f"{begin}Prices are multiples of {pair.price_increment:f}."
            yield passed("tick", said, increment=pair.price_increment)


def _prices(leg: Leg) -> Iterator[tuple[str, Decimal]]:
    """Its prices in quote per base, and offsets in quote; percents have no tick."""
    kind = leg.limit_price_type or ("quote" if leg.order_type == "trailing-stop-limit" else "static")
    if leg.limit_price is not None and kind != "pct":
        yield "limit_price", leg.limit_price
    if leg.triggers is not None and leg.triggers.price_type != "pct":
        yield "triggers.price", leg.triggers.price
    close = leg.conditional
    if close is not None:
        if close.limit_price is not None and close.limit_price_type != "pct":
            yield "conditional.limit_price", close.limit_price
        if close.trigger_price is not None and close.trigger_price_type != "pct":
            yield "conditional.trigger_price", close.trigger_price


def step(question: Question) -> Iterator[Check]:
    """Every quantity lies exactly on the pair's quantity increment, a sum of money on its last decimal."""
    pair = question.pair
    for begin, leg in question.numbered():
        amounts = [
            ("order_qty", leg.order_qty, pair.qty_increment),
            ("display_qty", leg.display_qty, pair.qty_increment),
            ("cash_order_qty", leg.cash_order_qty, Decimal(1).scaleb(-pair.cost_precision)),
        ]
        off = [(name, qty, unit) for name, qty, unit in amounts if qty is not None and not _on(qty, unit)]
        for name, qty, unit in off:
            offered = nearest(qty, unit)
            said = f"{begin}{name} {qty:f} is not a multiple of {unit:f}; the nearest is {offered:f}."
            yield refused("step", said, qty=qty, increment=unit, nearest=offered)
        if not off:
            said = f"{begin}Quantities are multiples of {pair.qty_increment:f}."
            yield passed("step", said, increment=pair.qty_increment)


def minimum(question: Question) -> Iterator[Check]:
    """The pair's smallest order, in base."""
    least = question.pair.qty_min
    for begin, leg in question.numbered():
        if leg.order_qty is None:
            continue
        figures = {"qty": leg.order_qty, "minimum": least}
        if leg.order_qty < least:
            said = (
                f"{begin}{leg.order_qty:f} {question.pair.base} is below the minimum of {least:f} {question.pair.base}."
            )
            yield refused("minimum", said, **figures)
        else:
            yield passed("minimum", f"{begin}At least {least:f} {question.pair.base}.", **figures)


def cost_minimum(question: Question) -> Iterator[Check]:
    """The pair's smallest order, in quote."""
    pair = question.pair
    if pair.cost_min is None:
        return
    for begin, leg in question.numbered():
        value = leg_value(leg, question)
        figures = {"value": value, "minimum": pair.cost_min}
        if value < pair.cost_min:
            worth = money(value, pair.quote, question.facts.shown_decimals)
            said = f"{begin}Worth {worth}, below the minimum of {pair.cost_min:f} {pair.quote}."
            yield refused("cost minimum", said, **figures)
        else:
            yield passed("cost minimum", f"{begin}Worth at least {pair.cost_min:f} {pair.quote}.", **figures)


def features(question: Question) -> Iterator[Check]:
    """Margin and index triggers exist for some pairs only."""
    pair = question.pair
    for begin, leg in question.numbered():
        if leg.margin and not pair.marginable:
            yield refused("features", f"{begin}{pair.symbol} cannot be traded on margin.")
        if leg.triggers is not None and leg.triggers.reference == "index" and not pair.has_index:
            yield refused("features", f"{begin}{pair.symbol} has no index: use reference 'last'.")


def times(question: Question) -> Iterator[Check]:
    """Start and expiry lie ahead, the expiry at most a month."""
    now = question.facts.exchange_ns
    for begin, leg in question.numbered():
        for name, text in (("effective_time", leg.effective_time), ("expire_time", leg.expire_time)):
            if text is None:
                continue
            try:
                ahead = to_ns(text) - now
            except Malformed:
                yield refused("times", f"{begin}{name} {text!r} is no time.")
                continue
            if ahead <= 0:
                yield refused("times", f"{begin}{name} {text} is past.", time=text)
            elif name == "expire_time" and ahead > _MONTH_NS:
                yield refused("times", f"{begin}{name} {text} is more than a month ahead.", time=text)
            else:
                yield passed("times", f"{begin}{name} {text} lies ahead.", time=text)


def _on(number: Decimal, increment: Decimal) -> bool:
    return not EXACT.remainder(number, increment)
