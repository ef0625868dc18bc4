"""Checks against the limits that a person set for this kernel, and against repetition.

In live and in paper they hold, with the exchange's own defaults for rate and repetition where none is set: live
refuses, paper warns. In sandbox and replay each holds only where it is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..wire import AddOrder, BatchAdd
from .exact import total
from .facts import Past
from .figures import money
from .judgement import Check, passed, refused, warned
from .legs import EXACT, fingerprint
from .notional import added_notional, leg_notional
from .question import Question

__all__ = [
    "DUP_WINDOW_S",
    "ORDER_RATE",
    "allowed_symbol",
    "day_notional",
    "open_orders",
    "order_notional",
    "order_rate",
    "repetition",
]  # fmt: skip

ORDER_RATE: Final = 5
"""Orders in ``order_rate_s``, where limits hold and none is set."""
DUP_WINDOW_S: Final = 10.0
"""Seconds in which the same order again needs a word more, where limits hold and none is set."""
_DAY_NS: Final = 86_400 * 10**9


def allowed_symbol(question: Question) -> Iterator[Check]:
    """The pair is one of those that were allowed."""
    allowed = question.facts.limits.allowed_symbols
    if allowed is None:
        yield from _not_set(question, "allowed symbols", "allowed_symbols")
    elif question.symbol in allowed:
        yield passed("allowed symbols", f"{question.symbol} is among the allowed symbols.")
    else:
        said = f"{question.symbol} is not among the allowed symbols ({', '.join(sorted(allowed))})."
        yield question.exceeded("allowed symbols", said, symbol=question.symbol)


def order_notional(question: Question) -> Iterator[Check]:
    """What each order is worth at most in its pair's quote currency, fee included."""
    limits = question.facts.limits
    if limits.max_order_notional is None:
        yield from _not_set(question, "order notional", "max_order_notional")
        return
    most = limits.order_notional(question.pair.quote)
    if most is None:
        yield _no_amount(question, "order notional", "max_order_notional")
        return
    for begin, leg in question.numbered():
        worth = leg_notional(leg, question)
        quote, decimals = question.pair.quote, question.facts.shown_decimals
        told, bound = (money(amount, quote, decimals) for amount in (worth, most))
        said = f"{begin}Worth {told} with its fee, of at most {bound} an order."
        figures = {"notional": worth, "maximum": most}
        if worth > most:
            yield question.exceeded("order notional", said, **figures)
        else:
            yield passed("order notional", said, **figures)


def day_notional(question: Question) -> Iterator[Check]:
    """What was confirmed this UTC day in the same quote currency, whatever became of it, and this."""
    facts = question.facts
    if facts.limits.max_day_notional is None:
        yield from _not_set(question, "day notional", "max_day_notional")
        return
    quote = question.pair.quote
    most = facts.limits.day_notional(quote)
    if most is None:
        yield _no_amount(question, "day notional", "max_day_notional")
        return
    today = facts.at.wall_ns // _DAY_NS
    used = total(
        past.notional
        for past in facts.past
        if past.at_wall_ns // _DAY_NS == today and past.symbol.partition("/")[2] == quote
    )
    adds = added_notional(question.request, facts)
    after = EXACT.add(used, adds)
    shown = [money(amount, quote, facts.shown_decimals) for amount in (used, adds, most)]
    said = f"{shown[0]} used today and {shown[1]} more, of at most {shown[2]} a day."
    figures = {"used": used, "adds": adds, "maximum": most}
    if after > most:
        yield question.exceeded("day notional", said, **figures)
    else:
        yield passed("day notional", said, **figures)


def open_orders(question: Question) -> Iterator[Check]:
    """How many orders are open, or may be, on all pairs and whoever placed them."""
    most = question.facts.limits.max_open_orders
    if most is None:
        yield from _not_set(question, "open orders", "max_open_orders")
        return
    there = [order for order in question.facts.orders if order.possibly_open]
    others = sum(order.external for order in there)
    adds = sum(leg.replaces is None for leg in question.legs)
    placed = f" ({others} of them placed elsewhere)" if others else ""
    said = f"{len(there)} open{placed} and {adds} more, of at most {most}."
    figures = {"open": len(there), "adds": adds, "maximum": most}
    if adds and len(there) + adds > most:
        yield question.exceeded("open orders", said, **figures)
    else:
        yield passed("open orders", said, **figures)


def order_rate(question: Question) -> Iterator[Check]:
    """How many orders were confirmed lately: what stops a cell that runs away."""
    limits = question.facts.limits
    most = limits.order_rate
    if most is None and question.facts.enforcement == "off":
        return
    most = most or ORDER_RATE
    lately = sum(_age_s(past, question) < limits.order_rate_s for past in question.facts.past)
    adds = len(question.legs)
    said = f"{lately} orders in the last {limits.order_rate_s:g} s and {adds} more, of at most {most}."
    figures = {"lately": lately, "adds": adds, "maximum": most}
    if lately + adds > most:
        yield question.exceeded("order rate", said, **figures)
    else:
        yield passed("order rate", said, **figures)


def repetition(question: Question) -> Iterator[Check]:
    """The same symbol, side, type, quantity and prices as a moment ago need a confirmation that says again.

    Where nothing is enforced and no window is set, it is only said.
    """
    window = question.facts.limits.dup_window_s
    only_said = window is None and question.facts.enforcement == "off"
    if not isinstance(question.request, AddOrder | BatchAdd):
        return
    window = DUP_WINDOW_S if window is None else window
    seen = {past.fingerprint: age for past in question.facts.past if (age := _age_s(past, question)) < window}
    repeats = 0
    for begin, leg in question.numbered():
        mark = fingerprint(leg)
        if mark in seen and only_said:
            said = f"{begin}The same as the order {seen[mark]:.1f} s ago."
            yield passed("repetition", said, seconds_ago=f"{seen[mark]:.1f}")
        elif mark in seen:
            repeats += 1
            yield _repeated(question, f"{begin}The same order was confirmed {seen[mark]:.1f} s ago", window)
        if not only_said:
            seen[mark] = 0.0
    if not repeats and not only_said:
        yield passed("repetition", f"Not the same as another of the last {window:g} s.")


def _repeated(question: Question, said: str, window: float) -> Check:
    if question.again:
        return warned("repetition", f"{said}: only confirm(again=True) places it once more.", window_s=f"{window:g}")
    if question.facts.enforcement == "warn":
        return warned("repetition", f"{said}.", window_s=f"{window:g}")
    return refused("repetition", f"{said}: say confirm(again=True) to place it once more.", window_s=f"{window:g}")


def _age_s(past: Past, question: Question) -> float:
    """Seconds since it was confirmed: by the monotonic clock, for an earlier kernel's by the wall clock."""
    at = question.facts.at
    return at.mono - past.at_mono if past.at_mono is not None else (at.wall_ns - past.at_wall_ns) / 1e9


def _no_amount(question: Question, name: str, limit: str) -> Check:
    """A limit that is set in other currencies allows nothing in this one."""
    return question.exceeded(name, f"{limit} has no amount in {question.pair.quote}, so nothing of it is allowed.")


def _not_set(question: Question, name: str, limit: str) -> Iterator[Check]:
    """Live goes nowhere without its four limits; paper says that one is not set."""
    if question.facts.enforcement == "enforce":
        yield refused(name, f"{limit} is not set, and live needs it.")
