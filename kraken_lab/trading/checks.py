"""All checks of a request, in the order in which people read them, for a proposal and again in the last moment.

Every check runs, whatever the others found, and says what it found with its figures. A check that cannot be carried
out refuses: an exception in it, a missing fact and an unknown word all count as no.

Requests that only reduce risk are never stopped here; what they would touch is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..wire import Request
from .checks_account import arming, connection, doubt, halt
from .facts import Facts
from .judgement import Check, Verdict, refused
from .question import Judge, Question, Unknowable

__all__ = ["CHECKS", "Check", "Verdict", "check"]

CHECKS: Final[tuple[tuple[str, Judge], ...]] = (
    ("mode", arming),
    ("halt", halt),
    ("connection", connection),
    ("doubt", doubt),
)
"""Every check of an order-affecting request, by the name under which it fails if it cannot be carried out."""


def check(request: Request, facts: Facts, *, again: bool = False) -> tuple[Check, ...]:
    """What all checks find about a request, by these facts.

    ``facts.orders`` and ``facts.past`` must not hold the request itself. ``again`` is the user's word that it repeats
    an earlier order on purpose.
    """
    question = Question(request, facts, again)
    return tuple(found for name, judge in CHECKS for found in _carried_out(name, judge, question))


def _carried_out(name: str, judge: Judge, question: Question) -> Iterator[Check]:
    """A check's findings; where it fails, the refusal that says so."""
    try:
        yield from tuple(judge(question))
    except Unknowable as unknown:
        yield refused(name, f"{name} cannot be checked: {unknown}.")
    except Exception as error:  # whatever it is: an order that could not be checked does not go
        yield refused(name, f"{name} cannot be checked: {type(error).__name__} in the check itself ({error}).")
