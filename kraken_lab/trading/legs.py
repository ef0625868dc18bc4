"""The orders that a request would leave behind, whichever method it uses: what all checks and the preview look at.

An ``add_order`` leaves one, a ``batch_add`` as many as it has, an ``amend_order`` and an ``edit_order`` the order they
name with its changes applied. A request that only reduces risk leaves none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final

from ..wire import AddOrder, AmendOrder, BatchAdd, Conditional, EditOrder, OrderTerms, Request, Triggers
from .states import OrderRecord, OrderState

__all__ = [
    "EXACT",
    "LIMIT_TYPES",
    "QUOTIENT",
    "TRAILING_TYPES",
    "TRIGGERED_TYPES",
    "Leg",
    "changed_since",
    "fingerprint",
    "legs_of",
    "limit_is_offset",
    "standing",
    "target_of",
]

EXACT: Final = Context(prec=200)
"""For sums and products of money, which keep all their digits."""
QUOTIENT: Final = Context(prec=28)
"""For averages and shares, which have no end."""

LIMIT_TYPES: Final = frozenset({"limit", "iceberg", "stop-loss-limit", "take-profit-limit", "trailing-stop-limit"})
"""Order types that need a limit price."""
TRAILING_TYPES: Final = frozenset({"trailing-stop", "trailing-stop-limit"})
TRIGGERED_TYPES: Final = TRAILING_TYPES | {"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit"}
"""Order types that wait for a trigger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One order as it would be. ``order_qty`` is its total (base), of which ``filled_qty`` is filled already.

    ``replaces`` is the order that is amended or edited, None for a new one.
    """

    symbol: str
    side: str
    order_type: str
    order_qty: Decimal | None = None
    cash_order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    limit_price_type: str | None = None
    triggers: Triggers | None = None
    time_in_force: str = "gtc"
    expire_time: str | None = None
    effective_time: str | None = None
    post_only: bool = False
    reduce_only: bool = False
    margin: bool = False
    display_qty: Decimal | None = None
    fee_preference: str | None = None
    stp_type: str | None = None
    conditional: Conditional | None = None
    filled_qty: Decimal = Decimal(0)
    replaces: OrderRecord | None = None

    @property
    def open_qty(self) -> Decimal | None:
        """What is still to be filled, in base; None for an order sized in quote currency."""
        return None if self.order_qty is None else max(EXACT.subtract(self.order_qty, self.filled_qty), Decimal(0))

    @property
    def is_triggered(self) -> bool:
        """Whether it waits for a trigger before it is a market or limit order."""
        return self.order_type in TRIGGERED_TYPES

    @property
    def static_limit(self) -> Decimal | None:
        """Its limit price in quote per base; None where it has none or only an offset from its trigger."""
        return None if limit_is_offset(self.order_type, self.limit_price_type) else self.limit_price

    @property
    def static_trigger(self) -> Decimal | None:
        """Its trigger in quote per base; None where it has none or only an offset."""
        return None if self.triggers is None else self.triggers.static_price


def limit_is_offset(order_type: str, price_type: str | None) -> bool:
    """Whether a limit price of that type is an offset from the trigger, as a trailing one's is unless told otherwise.

    >>> limit_is_offset("trailing-stop-limit", None), limit_is_offset("trailing-stop-limit", "static")
    (True, False)
    """
    return price_type in ("pct", "quote") or (order_type == "trailing-stop-limit" and price_type is None)


def legs_of(request: Request, orders: Iterable[OrderRecord]) -> tuple[Leg, ...]:
    """The orders that a request would leave, in its order. Empty if it leaves none, or names one not in ``orders``.

    >>> request = AddOrder(symbol="BTC/USD", side="buy", order_type="market", order_qty=Decimal("0.1"), token="")
    >>> [leg.open_qty for leg in legs_of(request, ())]
    [Decimal('0.1')]
    """
    if isinstance(request, AddOrder):
        return (_new(request.symbol, request),)
    if isinstance(request, BatchAdd):
        return tuple(_new(request.symbol, terms) for terms in request.orders)
    target = target_of(request, orders)
    if isinstance(request, AmendOrder) and target is not None:
        return (_amended(request, target),)
    if isinstance(request, EditOrder) and target is not None:
        return (_edited(request, target),)
    return ()


def target_of(request: Request, orders: Iterable[OrderRecord]) -> OrderRecord | None:
    """The order that an amendment or edit names, if it is among ``orders``."""
    if not isinstance(request, AmendOrder | EditOrder):
        return None
    client_id = request.cl_ord_id if isinstance(request, AmendOrder) else None
    for record in orders:
        if request.order_id is not None and record.order_id == request.order_id:
            return record
        if client_id is not None and record.cl_ord_id == client_id and record.state is not OrderState.CONFIRMED:
            return record
    return None


def standing(target: OrderRecord) -> Leg:
    """An order as it stands, as if it were asked for anew."""
    limit, kind = _limit_of(target)
    return Leg(
        **_kept(target),
        order_qty=target.order_qty,
        limit_price=limit,
        limit_price_type=kind,
        triggers=_trigger_of(target),
        display_qty=target.display_qty,
        post_only=target.post_only,
        reduce_only=target.reduce_only,
        filled_qty=target.filled_qty,
    )


def fingerprint(leg: Leg) -> tuple[str, ...]:
    """Symbol, side, type, quantity and prices as texts: equal for orders that ask for the same, however written.

    >>> leg = Leg(symbol="BTC/USD", side="buy", order_type="limit", order_qty=Decimal("0.10"), limit_price=Decimal(9))
    >>> fingerprint(leg)
    ('BTC/USD', 'buy', 'limit', '0.1', '', '9', '', '', '')
    """
    trigger = leg.triggers
    return (
        leg.symbol,
        leg.side,
        leg.order_type,
        _canonical(leg.order_qty),
        _canonical(leg.cash_order_qty),
        _canonical(leg.limit_price),
        leg.limit_price_type or "",
        _canonical(trigger.price) if trigger else "",
        (trigger.price_type or "static") if trigger else "",
    )


def _canonical(number: Decimal | None) -> str:
    if number is None:
        return ""
    digits = format(number, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _new(symbol: str, terms: OrderTerms) -> Leg:
    return Leg(
        symbol=symbol,
        side=terms.side,
        order_type=terms.order_type,
        order_qty=terms.order_qty,
        cash_order_qty=terms.cash_order_qty,
        limit_price=terms.limit_price,
        limit_price_type=terms.limit_price_type,
        triggers=terms.triggers,
        time_in_force=terms.time_in_force or "gtc",
        expire_time=terms.expire_time,
        effective_time=terms.effective_time,
        post_only=bool(terms.post_only),
        reduce_only=bool(terms.reduce_only),
        margin=bool(terms.margin),
        display_qty=terms.display_qty,
        fee_preference=terms.fee_preference,
        stp_type=terms.stp_type,
        conditional=terms.conditional,
    )


def _amended(request: AmendOrder, target: OrderRecord) -> Leg:
    price, kind = request.trigger_price, request.trigger_price_type
    limit, limit_kind = _limit_of(target)
    if request.limit_price is not None:
        limit, limit_kind = request.limit_price, request.limit_price_type
    return Leg(
        **_kept(target),
        order_qty=_or(request.order_qty, target.order_qty),
        limit_price=limit,
        limit_price_type=limit_kind,
        triggers=Triggers(price=price, price_type=kind) if price is not None else _trigger_of(target),
        display_qty=_or(request.display_qty, target.display_qty),
        post_only=target.post_only if request.post_only is None else request.post_only,
        reduce_only=target.reduce_only,
        filled_qty=target.filled_qty,
    )


def _edited(request: EditOrder, target: OrderRecord) -> Leg:
    # What is filled stays with the old order; a quantity that is not given is what the old one has left.
    limit, kind = _limit_of(target)
    return Leg(
        **_kept(target),
        order_qty=_or(request.order_qty, target.remaining_qty),
        limit_price=_or(request.limit_price, limit),
        limit_price_type=kind,
        triggers=request.triggers or _trigger_of(target),
        display_qty=_or(request.display_qty, target.display_qty),
        post_only=target.post_only if request.post_only is None else request.post_only,
        reduce_only=target.reduce_only if request.reduce_only is None else request.reduce_only,
        fee_preference=request.fee_preference,
    )


def _kept(target: OrderRecord) -> dict[str, Any]:
    return {
        "symbol": target.symbol,
        "side": target.side,
        "order_type": target.order_type,
        "cash_order_qty": target.cash_order_qty,
        "margin": target.margin,
        "time_in_force": (target.time_in_force or "gtc").lower(),
        "replaces": target,
    }


def _limit_of(target: OrderRecord) -> tuple[Decimal | None, str | None]:
    """An order's limit as it stands, and how it is meant."""
    if target.limit_price is None and target.limit_offset is not None:
        return target.limit_offset, target.limit_offset_type
    known = target.order_type == "trailing-stop-limit" and target.limit_price is not None
    return target.limit_price, "static" if known else None


def _trigger_of(target: OrderRecord) -> Triggers | None:
    return None if target.trigger_price is None else Triggers(price=target.trigger_price)


def _or(given: Decimal | None, kept: Decimal | None) -> Decimal | None:
    return kept if given is None else given


def changed_since(seen: OrderRecord, orders: Iterable[OrderRecord]) -> bool:
    """Whether an order's terms are others now than they were when they were shown; one that is gone has not changed.

    Fills are no change of terms: they are judged by the checks.
    """
    for record in orders:
        if record.order_id == seen.order_id and record.cl_ord_id == seen.cl_ord_id:
            return _changeable(record) != _changeable(seen)
    return False


def _changeable(record: OrderRecord) -> tuple[Decimal | None, ...]:
    return (record.order_qty, record.limit_price, record.limit_offset, record.trigger_price, record.display_qty)
