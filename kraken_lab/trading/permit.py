"""A confirmation as a thing: good once, for one request, for a short while, and only while nothing has changed.

A `Permit` is made by the `Gate` when a person confirms, and the gate that made it takes it back once. Nobody else's
permit is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ..errors import OrderRefused
from ..wire import AddOrder, BatchAdd, Instant, Request
from .facts import Facts, TradingMode
from .rules import Limits

__all__ = ["Circumstances", "Permit", "named"]

_SAID: Final = {
    "mode": "the mode is another",
    "account": "the account is another",
    "limits": "the limits were changed",
    "connection": "the connection was lost",
    "system": "the exchange's status changed",
    "pair_status": "the pair's status changed",
    "arming": "live was disarmed",
    "halts": "trading was halted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What must still be the same when a confirmation is used."""

    mode: TradingMode
    account: str
    limits: Limits
    connection: str | None
    system: str | None
    pair_status: str | None
    arming: int
    """Which arming of this kernel, counted from 1; 0 while it is not armed."""
    halts: int
    """How often this kernel has seen trading halted."""

    @classmethod
    def of(cls, facts: Facts, *, arming: int, halts: int) -> Circumstances:
        """The circumstances that the facts tell of."""
        return cls(
            mode=facts.mode,
            account=facts.account,
            limits=facts.limits,
            connection=facts.connection,
            system=facts.system,
            pair_status=facts.pair.status if facts.pair is not None else None,
            arming=arming,
            halts=halts,
        )

    def changed(self, now: Circumstances) -> str | None:
        """What is not as it was, in words; None if everything is."""
        said = [words for name, words in _SAID.items() if getattr(self, name) != getattr(now, name)]
        return ", ".join(said) or None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Permit:
    """One confirmation. ``request`` is frozen, with the fresh ids it will be sent with, and without a token.

    ``confirmation`` names it in the audit log, ``what`` is the order in words, ``symbol`` its pair. It is void once
    ``ttl`` seconds have passed since ``confirmed_at``. ``again``: the person knows that it repeats another.
    """

    confirmation: str
    request: Request
    what: str
    symbol: str
    cl_ord_ids: tuple[str, ...]
    confirmed_at: Instant
    ttl: float
    circumstances: Circumstances
    again: bool = False

    @property
    def expires_mono(self) -> float:
        """Until when it is good, in monotonic seconds."""
        return self.confirmed_at.mono + self.ttl

    def void(self, now: Circumstances, at: Instant) -> str | None:
        """Why it does not count any more, in words; None while it does."""
        age = at.mono - self.confirmed_at.mono
        if age > self.ttl:
            return f"it is {age:.0f} s old and was good for {self.ttl:g} s"
        if age < 0:
            return "it is from another clock"
        return self.circumstances.changed(now)


def named(request: Request, what: str, ids: tuple[str, ...]) -> Request:
    """The request with a client id for each order it places; it must come without any.

    Raises:
        OrderRefused: it has an id already: ids are made fresh for each confirmation, because the exchange compares
            them with open orders only and would take the id of a filled one for another order.
    """
    legs = request.orders if isinstance(request, BatchAdd) else (request,) if isinstance(request, AddOrder) else ()
    if any(leg.cl_ord_id is not None or leg.order_userref is not None for leg in legs):
        raise OrderRefused(
            what,
            ["cl_ord_id and order_userref cannot be given"],
            "Each confirmation makes a fresh cl_ord_id, by which the order is found again; the exchange takes one id.",
        )
    if isinstance(request, BatchAdd):
        orders = tuple(replace(leg, cl_ord_id=name) for leg, name in zip(request.orders, ids, strict=True))
        return replace(request, orders=orders)
    return replace(request, cl_ord_id=ids[0]) if isinstance(request, AddOrder) else request
