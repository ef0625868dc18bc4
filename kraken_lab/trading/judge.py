"""The checks of the last moment: everything there is to check, once more, with the facts of now.

Facts come from whoever gathers them; what this kernel knows better (what was confirmed, what is halted and armed) it
puts into them itself. Whatever cannot be checked is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeAlias

from ..errors import AuditBroken, ConfirmationVoid, Halted, NotArmed, OrderError, OrderRefused
from ..wire import Instant, Request
from .arming import Arming
from .audit import Audit
from .facts import Facts
from .halt import Halt
from .judgement import Check
from .permit import Circumstances, Permit
from .usage import Usage

__all__ = ["Checker", "FactsOf", "Judge"]

FACTS_MAX_AGE = 0.5
"""Facts older than this, in seconds, are not those of the moment."""

FactsOf: TypeAlias = Callable[[], Facts]
"""Gathers the facts of the very moment for one permit's symbol."""


class Checker(Protocol):
    """What `check` is."""

    def __call__(self, request: Request, facts: Facts, *, again: bool = False) -> tuple[Check, ...]:
        """Every check there is, of a request and by these facts."""


class Judge:
    """Judges permits for one account's gate. ``arming`` is None where nothing can be armed."""

    def __init__(self, audit: Audit, halt: Halt, arming: Arming | None, usage: Usage, checker: Checker) -> None:
        self._audit, self._halt, self._arming, self._usage, self._check = audit, halt, arming, usage, checker

    def judge(self, permit: Permit, facts_of: FactsOf, at: Instant) -> Facts:
        """Everything there is to check; the facts it was judged by.

        Raises:
            OrderError: whatever refuses; also when something could not be checked.
        """
        try:
            facts = self._fresh(permit, facts_of, at)
            if halted := self._halt.look():
                raise Halted(halted.reason, halted.since)
            if facts.mode == "live" and (missing := self._lacking(facts, at)):
                raise NotArmed(missing)
            if void := permit.void(self.circumstances(facts, at), at):
                raise ConfirmationVoid(permit.what, void)
            if self._audit.broken is not None:
                raise AuditBroken(str(self._audit.path), self._audit.broken)
            facts = replace(facts, armed=facts.mode == "live", halted=None)
            found = self._check(permit.request, facts, again=permit.again)
            if not found:
                raise OrderRefused(permit.what, ["nothing was checked"])
            if refusals := [one.said for one in found if not one.ok]:
                raise OrderRefused(permit.what, refusals)
        except OrderError:
            raise
        except Exception as error:
            raise OrderRefused(permit.what, [f"a check could not be carried out ({type(error).__name__})"]) from error
        return facts

    def circumstances(self, facts: Facts, at: Instant) -> Circumstances:
        """What a confirmation is bound to, as it is now."""
        arming = 0 if self._arming is None else self._arming.number(at, facts.limits)
        return Circumstances.of(facts, arming=arming, halts=self._halt.count)

    def _fresh(self, permit: Permit, facts_of: FactsOf, at: Instant) -> Facts:
        """The facts of this moment, with what this kernel knows better than who gathered them."""
        try:
            facts = facts_of()
        except Exception as error:
            raise OrderRefused(permit.what, [f"the facts could not be gathered ({type(error).__name__})"]) from error
        if at.mono - facts.at.mono > FACTS_MAX_AGE:
            raise OrderRefused(permit.what, ["the facts are not those of this moment"])
        others = tuple(order for order in facts.orders if order.cl_ord_id not in permit.cl_ord_ids)
        return replace(facts, past=self._usage.before(permit.confirmation), orders=others)

    def _lacking(self, facts: Facts, at: Instant) -> tuple[str, ...]:
        return ("nothing here can arm it",) if self._arming is None else self._arming.lacking(at, facts.limits)
