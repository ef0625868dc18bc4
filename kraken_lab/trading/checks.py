"""All checks of a request, in the order in which people read them, for a proposal and again in the last moment.

Every check runs, whatever the others found, and says what it found with its figures. A check that cannot be carried
out refuses: an exception in it, a missing fact and an unknown word all count as no.

Requests that only reduce risk are never stopped here; what they would touch is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from ..wire import BatchCancel, CancelAll, CancelAllOrdersAfter, CancelOrder, Request
from . import checks_account as account
from . import checks_instrument as instrument
from . import checks_limits as limits
from . import checks_market as market
from .facts import Facts
from .judgement import Check, Verdict, passed, refused, warned
from .question import Judge, Question, Unknowable

__all__ = ["CHECKS", "Check", "Verdict", "check"]

CHECKS: Final[tuple[tuple[str, Judge], ...]] = (
    ("mode", account.arming),
    ("halt", account.halt),
    ("connection", account.connection),
    ("doubt", account.doubt),
    ("target", account.target),
    ("terms", instrument.terms),
    ("symbol", instrument.symbol),
    ("status", instrument.status),
    ("tick", instrument.tick),
    ("step", instrument.step),
    ("minimum", instrument.minimum),
    ("cost minimum", instrument.cost_minimum),
    ("features", instrument.features),
    ("times", instrument.times),
    ("price reference", market.price_reference),
    ("collar", market.collar),
    ("slippage", market.slippage),
    ("trigger", market.trigger),
    ("post only", market.post_only),
    ("own orders", market.own_orders),
    ("balance", account.balance),
    ("rate counter", account.rate_counter),
    ("allowed symbols", limits.allowed_symbol),
    ("order notional", limits.order_notional),
    ("day notional", limits.day_notional),
    ("open orders", limits.open_orders),
    ("order rate", limits.order_rate),
    ("repetition", limits.repetition),
)
"""Every check of an order-affecting request, by the name under which it refuses if it cannot be carried out."""

Fallback: TypeAlias = Callable[[str, str], Check]

_RISK_REDUCING: Final = (CancelOrder, CancelAll, BatchCancel, CancelAllOrdersAfter)


def check(request: Request, facts: Facts, *, again: bool = False) -> tuple[Check, ...]:
    """What all checks find about a request, by these facts.

    ``facts.orders`` and ``facts.past`` must not hold the request itself. ``again`` is the user's word that it repeats
    an earlier order on purpose.

    >>> from kraken_lab.wire import Instant
    >>> facts = Facts(at=Instant(0.0, 0), exchange_ns=0, mode="live", account="4f3a")
    >>> check(CancelAll(token=""), facts)[0].verdict
    'warn'
    """
    question = Question(request, facts, again)
    if isinstance(request, _RISK_REDUCING):
        return tuple(_carried_out("removes", _removes, question, on_failure=warned))
    return tuple(found for name, judge in CHECKS for found in _carried_out(name, judge, question))


def _carried_out(name: str, judge: Judge, question: Question, on_failure: Fallback = refused) -> Iterator[Check]:
    """A check's findings; where it fails, the judgement that says so."""
    try:
        yield from tuple(judge(question))
    except Unknowable as unknown:
        yield on_failure(name, f"{name} cannot be checked: {unknown}.")
    except Exception as error:  # whatever it is: an order that could not be checked does not go
        yield on_failure(name, f"{name} cannot be checked: {type(error).__name__} in the check itself ({error}).")


def _removes(question: Question) -> Iterator[Check]:
    """What a cancellation of everything would end, and whether it can be said now."""
    facts = question.facts
    if facts.connection is None:
        yield warned("connection", "There is no private connection: it goes out as soon as there is one.")
    elif not facts.reconciled:
        yield warned("connection", "RECONCILING: there may be open orders that are not shown here.")
    if not isinstance(question.request, CancelAll | CancelAllOrdersAfter):
        return
    there = [order for order in facts.orders if order.possibly_open]
    others = [order for order in there if order.external]
    figures = {"open": len(there), "external": len(others)}
    if others:
        said = f"{len(others)} of the account's {len(there)} open orders were placed elsewhere and would go too."
        yield warned("removes", said, **figures)
    else:
        yield passed("removes", f"The account has {len(there)} open orders, all placed here.", **figures)
