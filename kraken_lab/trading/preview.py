"""What an order would do if the book stood still: its fills, what they cost, and where the rest would wait.

Everything is exact. Fees and amounts are rounded fill by fill as the exchange does, to the asset's decimals. A preview
knows the visible book only, and nothing of self-trade prevention, of who else is on the way, or of market price
protection. With the market frozen it agrees with what the sandbox does, digit by digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType

from ..errors import EmptySide
from ..market import BookSnapshot
from ..wire import Pair, Request
from ..wire.rounding import shortened_repr
from .exact import total
from .facts import Facts
from .legs import EXACT, QUOTIENT, Leg, legs_of
from .question import Question
from .rate_costs import rate_cost
from .triggering import wakes_at_once
from .walking import Levels, Taken, left_of, reaches, take

__all__ = ["Preview", "preview", "rounded", "share_pct"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Preview:
    """What one order would do at once and afterwards. Prices are quote per base, quantities base, money quote.

    ``fills`` are (price, quantity), best first; ``value`` is their exact sum of price times quantity. ``fee`` is in
    ``fee_asset``, by the first tier of the pair's schedule, and None where that is not known. ``slippage_pct`` is how
    much worse than ``best_price`` (the best of the other side) the average is, ``distance_pct`` how far the limit price
    is above (or, negative, below) it.
    ``resting_qty`` would wait at ``resting_price`` behind ``queue_ahead`` at the same price, with ``better_ahead`` at
    better prices; beyond the levels that are known nobody sees the queue: then ``queue_ahead`` is None and
    ``better_ahead`` the least there is. ``balances_after`` is what the fills would leave of base and quote; empty on
    margin, where a fill opens a position and no balance pays for it.
    """

    outcome: str
    fills: Levels = ()
    filled_qty: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    average_price: Decimal | None = None
    worst_price: Decimal | None = None
    slippage_pct: Decimal | None = None
    fee: Decimal | None = None
    fee_asset: str = ""
    best_price: Decimal | None = None
    distance_pct: Decimal | None = None
    resting_qty: Decimal = Decimal(0)
    resting_price: Decimal | None = None
    queue_ahead: Decimal | None = None
    better_ahead: Decimal | None = None
    beyond_levels: int | None = None
    """How many levels of its own side are known, if it would rest beyond them; else None."""
    resting_fee: Decimal | None = None
    """What the rest costs if it fills as maker at its price, in ``fee_asset``."""
    proceeds: Decimal | None = None
    """A sell: what it would bring in quote, by what fills now and by the rest at its price, fees taken off."""
    dropped_qty: Decimal = Decimal(0)
    """What would be cancelled at once, not filled: the rest of an ``ioc`` or market order, one that is post-only and
    would take, or one whose trigger is passed already."""
    balances_after: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    rate_cost: Decimal = Decimal(0)
    rate_left: Decimal | None = None
    """What the rate counter would still allow after the whole request; None where it is not known."""
    book_ns: int | None = None
    """The exchange's time of the book it was walked through, ns."""

    def __repr__(self) -> str:
        return shortened_repr(self)


def preview(request: Request, facts: Facts) -> tuple[Preview, ...]:
    """What each order of a request would do, one after the other: a later one finds what an earlier one left.

    Empty without a verified book or the pair's reference data: then nothing can be said.
    """
    if facts.book is None or facts.pair is None:
        return ()
    cost = _rate_cost(request, facts)
    left = None if facts.rate is None else facts.rate.maximum - Decimal(str(facts.rate.count)) - cost
    walk = _Walk(facts.book, facts.pair, facts)
    seen = (walk.preview(leg) for leg in legs_of(request, facts.orders))
    return tuple(replace(one, rate_cost=cost, rate_left=left) for one in seen)


def share_pct(part: Decimal, whole: Decimal) -> Decimal:
    """How much more ``part`` is than ``whole``, in percent to 28 digits; negative if it is less.

    >>> share_pct(Decimal(102), Decimal(100))
    Decimal('2')
    """
    return QUOTIENT.divide(EXACT.multiply(EXACT.subtract(part, whole), Decimal(100)), whole)


def rounded(amount: Decimal, decimals: int | None) -> Decimal:
    """An amount to an asset's decimals, to the nearest, ties to even; as it is where they are not known.

    >>> rounded(Decimal("1.00005"), 4), rounded(Decimal("1.00015"), 4)
    (Decimal('1.0000'), Decimal('1.0002'))
    """
    if decimals is None:
        return amount
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN, context=EXACT)


def _rate_cost(request: Request, facts: Facts) -> Decimal:
    return rate_cost(request, Question(request, facts).target_age_s)


class _Walk:
    """A book and balances that each order leaves to the next."""

    def __init__(self, book: BookSnapshot, pair: Pair, facts: Facts) -> None:
        self._book, self._pair, self._facts = book, pair, facts
        self._sides: dict[str, Levels] = {"buy": book.asks, "sell": book.bids}
        self._balances = dict(facts.balances or {})

    def preview(self, leg: Leg) -> Preview:
        if leg.side not in self._sides:  # an order of the exchange's that is not understood here
            return Preview(outcome="Nothing can be said: its side is not known here.")
        other, limit = self._sides[leg.side], leg.static_limit
        best = other[0][0] if other else None
        return replace(
            self._waiting(leg) if leg.is_triggered or leg.effective_time is not None else self._filling(leg, other),
            best_price=best,
            distance_pct=None if limit is None or best is None else share_pct(limit, best),
            book_ns=self._book.timestamp_ns,
        )

    def _waiting(self, leg: Leg) -> Preview:
        """What does nothing yet."""
        if leg.effective_time is not None:
            return Preview(
                outcome=f"Starts at {leg.effective_time}; nothing happens before.", balances_after=self._after(leg)
            )
        if self._is_passed(leg):
            words = "Its trigger is passed already, so the exchange accepts it and cancels it at once."
            return Preview(outcome=words, dropped_qty=leg.open_qty or Decimal(0), balances_after=self._after(leg))
        return Preview(outcome="Waits for its trigger; nothing fills before.", balances_after=self._after(leg))

    def _is_passed(self, leg: Leg) -> bool:
        """Whether the market is beyond its trigger, as far as the book tells."""
        try:
            return wakes_at_once(leg, self._book)
        except EmptySide:
            return False

    def _filling(self, leg: Leg, other: Levels) -> Preview:
        """What meets the book at once."""
        taken = self._taken(leg, other)
        rest = Decimal(0) if leg.open_qty is None else EXACT.subtract(leg.open_qty, taken.qty)
        limit = leg.static_limit
        rests = limit is not None and leg.time_in_force in ("gtc", "gtd") and not self._is_refused(leg, other)
        fee = self._fee(leg, taken)
        seen = Preview(
            outcome=self._outcome(leg, taken, rest, rests),
            fills=taken.fills,
            filled_qty=taken.qty,
            value=taken.value,
            average_price=taken.average,
            worst_price=taken.worst,
            slippage_pct=None if taken.average is None else abs(share_pct(taken.average, other[0][0])),
            fee=fee,
            fee_asset=self._fee_asset(leg),
        )
        self._sides[leg.side] = left_of(other, taken)
        if not leg.margin:
            self._pay(leg, taken, fee)
        if rests and rest and limit is not None:
            own = self._sides["sell" if leg.side == "buy" else "buy"]
            ahead, better = (self._ahead(leg, own, at=at) for at in (True, False))
            beyond = self._beyond(leg, limit)
            seen = replace(seen, resting_qty=rest, resting_price=limit, better_ahead=better, beyond_levels=beyond)
            seen = replace(seen, queue_ahead=ahead if beyond is None else None)
            seen = replace(seen, resting_fee=self._fee(leg, Taken(((limit, rest),), complete=True), maker=True))
        if leg.side == "sell":
            seen = replace(seen, proceeds=self._proceeds(seen))
        return replace(seen, dropped_qty=Decimal(0) if rests else rest, balances_after=self._after(leg))

    def _proceeds(self, seen: Preview) -> Decimal | None:
        """What a sell brings, less the fees that are charged in the same currency; None where they are not known."""
        if seen.fee is None or not (seen.fills or seen.resting_qty):
            return None
        value = seen.value
        if seen.resting_price is not None:
            value = EXACT.add(value, EXACT.multiply(seen.resting_qty, seen.resting_price))
        if seen.fee_asset != self._pair.quote:
            return value
        return EXACT.subtract(value, EXACT.add(seen.fee, seen.resting_fee or Decimal(0)))

    def _taken(self, leg: Leg, other: Levels) -> Taken:
        """What it would fill at once."""
        nothing = Taken((), complete=False)
        if self._is_refused(leg, other):
            return nothing
        if leg.cash_order_qty is not None:
            return take(other, side=leg.side, cash=leg.cash_order_qty, step=self._pair.qty_increment)
        if not leg.open_qty:
            return nothing
        taken = take(other, side=leg.side, qty=leg.open_qty, limit=leg.static_limit)
        return nothing if leg.time_in_force == "fok" and not taken.complete else taken

    @staticmethod
    def _is_refused(leg: Leg, other: Levels) -> bool:
        """Whether it is post-only and would take: the exchange accepts it and cancels it at once."""
        limit = leg.static_limit
        return leg.post_only and limit is not None and bool(other) and reaches(leg.side, limit, other[0][0])

    def _fee_asset(self, leg: Leg) -> str:
        return self._pair.base if leg.fee_preference == "base" else self._pair.quote

    def _fee(self, leg: Leg, taken: Taken, *, maker: bool = False) -> Decimal | None:
        if self._facts.fee_rates is None:
            return None
        paid_in = self._fee_asset(leg)
        basis = taken.qty if paid_in == self._pair.base else taken.value
        return rounded(
            EXACT.multiply(basis, self._facts.fee_rates[0 if maker else 1]), self._facts.precisions.get(paid_in)
        )

    def _pay(self, leg: Leg, taken: Taken, fee: Decimal | None) -> None:
        base, quote, sign = self._pair.base, self._pair.quote, 1 if leg.side == "buy" else -1
        changes = {base: sign * taken.qty, quote: -sign * taken.value}
        for asset, change in changes.items():
            if asset in self._balances:
                change = rounded(change, self._facts.precisions.get(asset))
                paid = fee if fee is not None and asset == self._fee_asset(leg) else Decimal(0)
                self._balances[asset] = EXACT.subtract(EXACT.add(self._balances[asset], change), paid)

    def _after(self, leg: Leg) -> Mapping[str, Decimal]:
        """Base and quote, as far as they are known; a fresh copy, because the next order changes them."""
        if leg.margin:
            return MappingProxyType({})
        return MappingProxyType(
            {a: self._balances[a] for a in (self._pair.base, self._pair.quote) if a in self._balances}
        )

    def _beyond(self, leg: Leg, limit: Decimal) -> int | None:
        """How many levels of its own side are known, if ``limit`` is beyond them; else None.

        A side with fewer levels than the book is deep has no others: it is known whole.
        """
        own = self._book.bids if leg.side == "buy" else self._book.asks
        known = len(own)
        return None if not own or known < self._book.depth or reaches(leg.side, limit, own[-1][0]) else known

    @staticmethod
    def _ahead(leg: Leg, own: Levels, *, at: bool) -> Decimal:
        """Visible quantity on its own side at its price, or at better ones; what it has there itself not counted."""
        limit = leg.static_limit
        assert limit is not None
        ahead = total(qty for price, qty in own if (price == limit if at else price != limit and _better(leg, price)))
        was = leg.replaces
        if was is not None and was.limit_price is not None and was.remaining_qty is not None:
            mine = was.limit_price == limit if at else was.limit_price != limit and _better(leg, was.limit_price)
            shown = was.remaining_qty if was.display_qty is None else min(was.display_qty, was.remaining_qty)
            ahead = max(EXACT.subtract(ahead, shown), Decimal(0)) if mine else ahead
        return ahead

    def _outcome(self, leg: Leg, taken: Taken, rest: Decimal, rests: bool) -> str:
        base = self._pair.base
        if self._is_refused(leg, self._sides[leg.side]):
            return "It would take, so the exchange accepts it and cancels it at once: it is post-only."
        if leg.time_in_force == "fok" and rest:
            return "It cannot be filled whole at once, so it is cancelled: it is fill-or-kill."
        said = f"Fills {taken.qty:f} {base} at once" if taken.fills else "Nothing fills at once"
        if rest and rests:
            return f"{said}; {rest:f} {base} rests at {leg.limit_price:f}."
        return f"{said}; {rest:f} {base} is cancelled." if rest else f"{said}."


def _better(leg: Leg, price: Decimal) -> bool:
    """Whether a resting order of its side at ``price`` is served no later than at its own."""
    limit = leg.static_limit
    return limit is not None and reaches(leg.side, price, limit)
