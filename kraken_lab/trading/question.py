"""What every check is asked: a request, the orders it would leave behind, and the facts of the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from ..wire import ORDER_AFFECTING, Pair, Request
from .facts import Facts
from .judgement import Check, refused, warned
from .legs import Leg, legs_of, target_of
from .states import OrderRecord

__all__ = ["Judge", "Question", "Unknowable"]


class Unknowable(Exception):
    """A check lacks something it needs. Its text says what, as the end of "cannot be checked: ..."."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request under judgement. ``again`` is whether its user said that it repeats another on purpose.

    ``legs`` are the orders it would leave behind, ``target`` the order it changes, if it changes one that is known.
    """

    request: Request
    facts: Facts
    again: bool = False
    legs: tuple[Leg, ...] = field(init=False)
    target: OrderRecord | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "legs", legs_of(self.request, self.facts.orders))
        object.__setattr__(self, "target", target_of(self.request, self.facts.orders))

    @property
    def target_age_s(self) -> float | None:
        """How long ago that order changed last, in seconds; None without one.

        The counter goes by its last amendment. A fill makes it look younger than that, and so dearer, never cheaper.
        """
        order = self.target
        return None if order is None else max(0, self.facts.at.wall_ns - order.updated_ns) / 1e9

    @property
    def symbol(self) -> str:
        """The pair it is about; empty if it is about the account, or an order that is not known."""
        order = self.target
        return order.symbol if order is not None else str(getattr(self.request, "symbol", None) or "")

    @property
    def affects_orders(self) -> bool:
        """Whether it could create or enlarge exposure. What only reduces risk follows laxer rules."""
        return self.request.method in ORDER_AFFECTING

    @property
    def pair(self) -> Pair:
        """What is known of the pair.

        Raises:
            Unknowable: nothing is.
        """
        if self.facts.pair is None:
            raise Unknowable("the venue's reference data do not have this pair")
        return self.facts.pair

    @property
    def fee_rates(self) -> tuple[Decimal, Decimal]:
        """Maker's and taker's fee, as fractions.

        Raises:
            Unknowable: they are not known.
        """
        if self.facts.fee_rates is None:
            raise Unknowable("the account's fee rates are not known yet")
        return self.facts.fee_rates

    def numbered(self) -> Iterator[tuple[str, Leg]]:
        """Each leg with how a sentence about it begins: nothing for a single one, ``Order 2: `` in a batch."""
        legs = self.legs
        for at, leg in enumerate(legs, start=1):
            yield (f"Order {at}: " if len(legs) > 1 else ""), leg

    def exceeded(self, name: str, said: str, **figures: Decimal | int | str) -> Check:
        """Beyond a limit of ours: a refusal, in ``paper`` a warning."""
        judged = warned if self.facts.enforcement == "warn" else refused
        return judged(name, said, **figures)


Judge: TypeAlias = Callable[[Question], Iterator[Check]]
"""A check: a function of the question that yields what it found, of which there may be nothing."""
