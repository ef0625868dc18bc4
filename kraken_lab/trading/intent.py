"""An intent: what is written to the audit log before a request may leave, and read back by the next kernel.

Everything that is needed to look for the orders later, whatever happens to this process: their ids, their terms, and
the latest moment at which the exchange may still match them. No token and no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ..errors import Malformed, OrderRefused
from ..wire import Request, encode, from_ns, to_ns
from .arming import limits_fields
from .disk import Record
from .facts import Facts
from .legs import Leg, fingerprint, legs_of
from .notional import added_notional, leg_notional
from .permit import Permit
from .question import Question, Unknowable

__all__ = ["Intent", "IntentLeg", "intended", "request_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentLeg:
    """One order of an intent. Quantities are base (``cash_order_qty`` quote), prices quote per base.

    ``fingerprint`` is equal for orders that ask for the same; ``notional`` is quote currency, fees included.
    ``cl_ord_id`` is None for an amendment, whose order the intent's ``target`` names, and a local name for an edit.
    """

    cl_ord_id: str | None
    symbol: str
    side: str
    order_type: str
    order_qty: Decimal | None = None
    cash_order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: str = "gtc"
    post_only: bool = False
    reduce_only: bool = False
    margin: bool = False
    display_qty: Decimal | None = None
    notional: Decimal = Decimal(0)
    fingerprint: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One confirmed request, as it is on disk before anything of it can leave.

    ``request`` is its text without token. The engine may match it until ``deadline_s`` after it was sent, and never
    later than ``not_after_ns`` (exchange time).
    """

    confirmation: str
    method: str
    what: str
    symbol: str
    request: str
    legs: tuple[IntentLeg, ...]
    target: str | None
    deadline_s: float
    not_after_ns: int
    confirmed_ns: int
    """Wall clock, ns."""
    limits: Mapping[str, object]

    @property
    def cl_ord_ids(self) -> tuple[str, ...]:
        """The fresh ids of its orders, in its order; none for an amendment."""
        return tuple(leg.cl_ord_id for leg in self.legs if leg.cl_ord_id is not None)

    def fields(self) -> Record:
        """What the audit log's line holds."""
        return {
            "confirmation": self.confirmation,
            "method": self.method,
            "what": self.what,
            "symbol": self.symbol,
            "request": self.request,
            "legs": [_leg_fields(leg) for leg in self.legs],
            "target": self.target,
            "deadline_s": self.deadline_s,
            "not_after": from_ns(self.not_after_ns, 9),
            "confirmed": from_ns(self.confirmed_ns, 9),
            "limits": dict(self.limits),
        }

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Intent:
        """The intent that a line holds.

        Raises:
            Malformed: it is not one.
        """
        try:
            return cls(
                confirmation=str(fields["confirmation"]),
                method=str(fields["method"]),
                what=str(fields["what"]),
                symbol=str(fields["symbol"]),
                request=str(fields["request"]),
                legs=tuple(_leg(leg) for leg in fields["legs"]),
                target=fields["target"],
                deadline_s=float(fields["deadline_s"]),
                not_after_ns=to_ns(fields["not_after"]),
                confirmed_ns=to_ns(fields["confirmed"]),
                limits=dict(fields["limits"]),
            )
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise Malformed(f"an intent that cannot be read ({type(error).__name__})") from error


_AMOUNTS = ("order_qty", "cash_order_qty", "limit_price", "trigger_price", "display_qty", "notional")


def _leg_fields(leg: IntentLeg) -> dict[str, object]:
    amounts = {name: getattr(leg, name) for name in _AMOUNTS}
    return {
        "cl_ord_id": leg.cl_ord_id,
        "symbol": leg.symbol,
        "side": leg.side,
        "order_type": leg.order_type,
        **{name: format(amount, "f") for name, amount in amounts.items() if amount is not None},
        "time_in_force": leg.time_in_force,
        "post_only": leg.post_only,
        "reduce_only": leg.reduce_only,
        "margin": leg.margin,
        "fingerprint": list(leg.fingerprint),
    }


def _leg(fields: Mapping[str, Any]) -> IntentLeg:
    amounts = {name: Decimal(fields[name]) for name in _AMOUNTS if name in fields}
    return IntentLeg(
        cl_ord_id=fields["cl_ord_id"],
        symbol=str(fields["symbol"]),
        side=str(fields["side"]),
        order_type=str(fields["order_type"]),
        time_in_force=str(fields["time_in_force"]),
        post_only=bool(fields["post_only"]),
        reduce_only=bool(fields["reduce_only"]),
        margin=bool(fields.get("margin")),  # logs of before do not say
        fingerprint=tuple(map(str, fields["fingerprint"])),
        **amounts,
    )


def intended(permit: Permit, facts: Facts) -> Intent:
    """The intent of a permit, by the facts it was judged by.

    Raises:
        OrderRefused: the order that it would change is not known.
        Unknowable: what it is worth is not known, where limits hold.
    """
    legs = legs_of(permit.request, facts.orders)
    if not legs:
        raise OrderRefused(permit.what, ["the order it would change is not known"])
    names: tuple[str | None, ...] = permit.cl_ord_ids or (None,) * len(legs)
    target = next((leg.replaces for leg in legs if leg.replaces is not None), None)
    latest = permit.expires_mono - facts.at.mono + facts.settings.order_deadline
    return Intent(
        confirmation=permit.confirmation,
        method=permit.request.method,
        what=permit.what,
        symbol=permit.symbol,
        request=request_text(permit.request),
        legs=tuple(
            _intent_leg(leg, name, _notional(leg, permit.request, facts)) for leg, name in zip(legs, names, strict=True)
        ),
        target=None if target is None else target.order_id or target.cl_ord_id,
        deadline_s=facts.settings.order_deadline,
        not_after_ns=facts.exchange_ns + round(latest * 1e9),
        confirmed_ns=permit.confirmed_at.wall_ns,
        limits=limits_fields(facts.limits),
    )


def _notional(leg: Leg, request: Request, facts: Facts) -> Decimal:
    """What one of a request's orders adds to the day's notional; where limits are not enforced it may be unknown."""
    try:
        if leg.replaces is None:
            return leg_notional(leg, Question(request, facts))
        return added_notional(request, facts)
    except Unknowable:
        if facts.enforcement == "enforce":
            raise
        return Decimal(0)


def _intent_leg(leg: Leg, cl_ord_id: str | None, notional: Decimal) -> IntentLeg:
    """One order of a request, as its intent keeps it."""
    return IntentLeg(
        cl_ord_id=cl_ord_id,
        symbol=leg.symbol,
        side=leg.side,
        order_type=leg.order_type,
        order_qty=leg.order_qty,
        cash_order_qty=leg.cash_order_qty,
        limit_price=leg.static_limit,
        trigger_price=leg.static_trigger,
        time_in_force=leg.time_in_force,
        post_only=leg.post_only,
        reduce_only=leg.reduce_only,
        margin=leg.margin,
        display_qty=leg.display_qty,
        notional=notional,
        fingerprint=fingerprint(leg),
    )


def request_text(request: Request) -> str:
    """A request's text without its token: what the audit log keeps of it.

    >>> from kraken_lab.wire import AddOrder
    >>> request_text(AddOrder(symbol="BTC/USD", side="buy", order_type="market", order_qty=Decimal("0.1"), token="t"))
    '{"method":"add_order","params":{"order_type":"market","side":"buy","order_qty":0.1,"symbol":"BTC/USD","token":""}}'
    """
    changes: dict[str, Any] = {"token": ""} if hasattr(request, "token") else {}
    return encode(replace(request, **changes))
