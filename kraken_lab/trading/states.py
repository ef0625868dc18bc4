"""The states of an order as this side sees it, and an order as a value at one instant.

An order's state here says more than the exchange's: what was never sent, what may have been sent, and what nobody
knows. The exchange's own word is kept beside it as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ..wire.rounding import shortened_repr

__all__ = ["TERMINAL", "FillRecord", "OrderEvent", "OrderRecord", "OrderState"]


class OrderState(StrEnum):
    """Where an order is. A state is also its own text.

    >>> OrderState.OPEN == "OPEN", OrderState.UNKNOWN in TERMINAL
    (True, False)
    """

    CONFIRMED = "CONFIRMED"
    """Confirmed here; its intent is being written to disk, and nothing was offered to a socket yet."""
    REFUSED = "REFUSED"
    """Stopped here: nothing was sent."""
    IN_FLIGHT = "IN_FLIGHT"
    """Bytes may have left; no answer yet."""
    PENDING_NEW = "PENDING_NEW"
    """The exchange has taken it; it is not in the book yet."""
    OPEN = "OPEN"
    """In the book, or waiting for its trigger."""
    PARTIAL = "PARTIAL"
    """Filled in part, the rest open."""
    PENDING_CANCEL = "PENDING_CANCEL"
    """A cancel was sent; the exchange has not said yet what came of it."""
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    """The exchange said no, in words that prove that nothing was placed."""
    UNKNOWN = "UNKNOWN"
    """It may or may not exist: only evidence settles it."""
    NOT_PLACED = "NOT_PLACED"
    """Proved to be absent."""


TERMINAL: Final = frozenset(
    {
        OrderState.REFUSED,
        OrderState.FILLED,
        OrderState.CANCELED,
        OrderState.EXPIRED,
        OrderState.REJECTED,
        OrderState.NOT_PLACED,
    }
)
"""States that no order leaves again, but for late truth that contradicts them, which raises an alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRecord:
    """One fill. ``price`` is quote per base, ``qty`` base, ``cost`` quote; ``fee`` is in ``fee_asset``.

    ``timestamp_ns`` is the exchange's time and ``received_at_ns`` ours; ``liquidity`` is ``maker`` or ``taker``.
    """

    exec_id: str
    order_id: str
    cl_ord_id: str | None
    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    cost: Decimal
    fee: Decimal | None
    fee_asset: str | None
    liquidity: str | None
    trade_id: int | None
    timestamp_ns: int
    received_at_ns: int
    source: str = "stream"
    """``stream``, ``snapshot`` or ``rest``: how it became known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One line of an order's timeline: what happened, in words, at which exchange time (None if ours alone)."""

    what: str
    received_at_ns: int
    timestamp_ns: int | None = None
    state: OrderState | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderRecord:
    """An order at one instant; it never changes.

    ``order_id`` is the exchange's name for it (None until known), ``cl_ord_id`` ours. ``filled_qty`` is the exact sum
    of its distinct fills, ``cost`` that of their costs as charged, ``avg_price`` the mean of their prices weighed by
    quantity, or None. ``external`` orders were not placed by this lab. ``amend`` is "" or ``UNKNOWN`` while an
    amendment has no answer, with what it asked for in ``amending``. ``exchange_status`` is the exchange's own word, as
    it came. ``unverified`` says that it was not seen since something was lost.
    """

    state: OrderState
    order_id: str | None
    cl_ord_id: str | None
    symbol: str
    side: str
    order_type: str
    order_qty: Decimal | None
    cash_order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    limit_offset: Decimal | None = None
    """Instead of a limit price: an offset from the trigger, in quote currency or percent; counts while that is None."""
    limit_offset_type: str = ""
    """``quote`` or ``pct``."""
    trigger_price: Decimal | None = None
    time_in_force: str | None = None
    post_only: bool = False
    reduce_only: bool = False
    margin: bool = False
    display_qty: Decimal | None = None
    filled_qty: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    avg_price: Decimal | None = None
    fees: tuple[tuple[str, Decimal], ...] = ()
    """What its fills cost, as (asset, amount)."""
    reason: str = ""
    error: str = ""
    """The exchange's words if it refused, ours if this side did."""
    external: bool = False
    unverified: bool = False
    overfilled: bool = False
    amend: str = ""
    amending: tuple[tuple[str, Decimal], ...] = ()
    exchange_status: str = ""
    ord_ref_id: str | None = None
    created_ns: int
    """Wall clock, ns: when it was confirmed here, or first seen."""
    updated_ns: int
    sent_at_mono: float | None = None
    """When it may have left, in monotonic seconds."""

    def __repr__(self) -> str:
        return shortened_repr(self)

    @property
    def remaining_qty(self) -> Decimal | None:
        """What is not filled, in base currency; None where the quantity is not known."""
        return None if self.order_qty is None else max(self.order_qty - self.filled_qty, Decimal(0))

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.state in TERMINAL

    @property
    def possibly_open(self) -> bool:
        """Whether the exchange has it open, or may have."""
        return self.state not in TERMINAL and self.state is not OrderState.CONFIRMED
