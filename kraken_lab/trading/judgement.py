"""One check's judgement: its name, its verdict, a sentence, and the figures the sentence was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, TypeAlias

__all__ = ["Check", "Figure", "Verdict", "passed", "refused", "warned"]

Verdict: TypeAlias = Literal["pass", "warn", "refuse"]
Figure: TypeAlias = Decimal | int | str


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found. ``said`` is one sentence for people; ``figures`` are what it was judged by, exactly.

    Prices are quote per base, quantities base, money quote, shares percent, unless a figure's name says otherwise.

    >>> Check("tick", "pass", "26500.4 is a multiple of 0.1.").ok
    True
    """

    name: str
    verdict: Verdict
    said: str
    figures: Mapping[str, Figure] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def ok(self) -> bool:
        """Whether it stops nothing: a warning does not."""
        return self.verdict != "refuse"


def passed(name: str, said: str, **figures: Figure) -> Check:
    """A check that found nothing amiss."""
    return Check(name, "pass", said, MappingProxyType(figures))


def warned(name: str, said: str, **figures: Figure) -> Check:
    """A check that found something to be seen before confirming; it stops nothing."""
    return Check(name, "warn", said, MappingProxyType(figures))


def refused(name: str, said: str, **figures: Figure) -> Check:
    """A check that stops the order."""
    return Check(name, "refuse", said, MappingProxyType(figures))
