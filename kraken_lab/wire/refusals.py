"""What to do about a refused subscription, read from the exchange's words.

Texts are compared by prefix, never by equality. What is not known is final, unless it mentions a rate: asking a refused
thing again and again is how addresses get banned.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["Verdict", "judge"]


class Verdict(Enum):
    """What a refusal calls for."""

    SLOW_DOWN = "slow down"
    """Ask again, later."""
    ALREADY = "already"
    """The exchange has it: leave it and ask again, so that a snapshot comes."""
    NOT_FOUND = "not found"
    """There was nothing to unsubscribe."""
    TOKEN = "token"
    """Ask again with a fresh token."""
    FINAL = "final"
    """Do not ask again."""


_PREFIXES = (
    ("Already subscribed", Verdict.ALREADY),
    ("Subscription Not Found", Verdict.NOT_FOUND),
    ("ESession:", Verdict.TOKEN),
    ("EAPI:Invalid token", Verdict.TOKEN),
    ("Authentication failed", Verdict.TOKEN),
    ("Token(s) not found", Verdict.TOKEN),
)
_SLOW = (" rate", "rate limit", "too many requests", "limit exceeded", "throttled")


def judge(text: str) -> Verdict:
    """What the words of a refusal call for.

    >>> judge("Exceeded msg rate"), judge("Currency pair not supported WWW/USD")
    (<Verdict.SLOW_DOWN: 'slow down'>, <Verdict.FINAL: 'final'>)

    Source: "Subscription error texts" seen on the live service; the reference lists none.
    """
    for prefix, verdict in _PREFIXES:
        if text.startswith(prefix):
            return verdict
    lowered = text.lower()
    return Verdict.SLOW_DOWN if any(word in lowered for word in _SLOW) else Verdict.FINAL
