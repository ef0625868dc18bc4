"""Checks of where an order would go and what the account has: armed, halted, connected, free of doubt, paid for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

from ..wire.requests import OrderType, Side
from .figures import money
from .judgement import Check, Figure, passed, refused, warned
from .legs import EXACT, Leg
from .notional import leg_value
from .question import Question, Unknowable
from .rate_costs import rate_cost
from .states import OrderRecord, OrderState

__all__ = ["arming", "balance", "connection", "doubt", "halt", "rate_counter", "reserved", "target", "unchangeable"]

_AMENDABLE = frozenset({OrderState.OPEN, OrderState.PARTIAL, OrderState.PENDING_NEW})


def arming(question: Question) -> Iterator[Check]:
    """Live needs to be armed in this kernel; nothing else does."""
    facts = question.facts
    if facts.mode != "live":
        yield passed("mode", f"{facts.mode.upper()}: no real money can be reached from here.", mode=facts.mode)
    elif facts.armed:
        money_there = "treated as real money, though this is not Kraken's address" if facts.elsewhere else "real money"
        yield passed("mode", f"LIVE ARMED: this is {money_there}.", mode=facts.mode)
    else:
        yield refused("mode", "LIVE DISARMED: arm this kernel with lab.arm(...) first.", mode=facts.mode)


def halt(question: Question) -> Iterator[Check]:
    """While everything is halted, no order goes in any mode."""
    reason = question.facts.halted
    if reason is None:
        yield passed("halt", "Nothing is halted.")
    else:
        yield refused("halt", f'HALTED ({reason}): lab.resume("why") ends it; cancels still work.', reason=reason)


def connection(question: Question) -> Iterator[Check]:
    """Orders go over a private connection on which the account's orders are known for sure."""
    facts = question.facts
    if facts.connection is None:
        yield refused("connection", "There is no private connection; it is being opened again.")
    elif not facts.reconciled:
        yield refused("connection", "RECONCILING: the account's orders are not known for sure yet; wait a moment.")
    else:
        yield passed("connection", "Connected, and the account's orders are known.", connection=facts.connection)


def doubt(question: Question) -> Iterator[Check]:
    """An order of which nobody knows whether it exists blocks its symbol until it is settled or acknowledged."""
    facts, symbol = question.facts, question.symbol
    unsettled = [
        order
        for order in facts.orders
        if order.state is OrderState.UNKNOWN
        and order.symbol == symbol
        and not {order.cl_ord_id, order.order_id} & facts.acknowledged
    ]
    for order in unsettled:
        name = order.cl_ord_id or order.order_id or "without an id"
        age_s = max(0, facts.at.wall_ns - order.created_ns) // 10**9
        said = f"Order {name} on {symbol} is UNKNOWN since {age_s} s ago: it may exist, so nothing more goes."
        yield refused("doubt", said, id=name, age_s=age_s)
    if not unsettled:
        yield passed("doubt", f"No order on {symbol} is UNKNOWN.")


def target(question: Question) -> Iterator[Check]:
    """What is amended or edited must be open, free of an unanswered change, and of a kind that can be."""
    method = question.request.method
    if method not in ("amend_order", "edit_order"):
        return
    order = question.target
    if order is None:
        yield refused("target", "No open order with that id is known.")
        return
    name = order.order_id or order.cl_ord_id or ""
    yield from unchangeable(order)
    if order.side not in get_args(Side) or order.order_type not in get_args(OrderType):
        said = f"Order {name} is of a side or type that is not known here ({order.side}, {order.order_type})."
        yield refused("target", said, id=name)
    if order.amend:
        yield refused("target", f"Its last change has no answer yet (amend is {order.amend}).", id=name)
    if method == "edit_order":
        yield from _editable(order, name)
    elif order.state in _AMENDABLE and not order.amend:
        yield passed("target", f"Order {name} is {order.state}.", id=name)


def unchangeable(order: OrderRecord) -> Iterator[Check]:
    """The refusal of an order whose state lets nothing be changed of it, whatever the change would be."""
    if order.state not in _AMENDABLE:
        name = order.order_id or order.cl_ord_id or ""
        yield refused("target", f"Order {name} is {order.state}, and only an open order can be changed.", id=name)


def _editable(order: OrderRecord, name: str) -> Iterator[Check]:
    if order.cl_ord_id is not None:
        said = f"Order {name} has a cl_ord_id, and the exchange edits only orders without one: use amend_order."
        yield refused("target", said, id=name)
    else:
        said = (
            f"Order {name} is cancelled and replaced by another: it loses its place in the queue, and for a moment "
            "there is no order. amend_order changes it in place."
        )
        yield warned("target", said, id=name)


def balance(question: Question) -> Iterator[Check]:
    """What is paid with must be there; what other open orders hold is estimated and only warned about."""
    facts = question.facts
    legs = [leg for leg in question.legs if not leg.margin]
    if len(legs) < len(question.legs):
        yield warned(
            "balance", "On margin: not checked here. Whether the account may, and how far, the exchange decides."
        )
    if not legs:
        return
    if facts.balances is None:
        raise Unknowable("the account's balances are not known yet")
    needs: dict[str, Decimal] = {}
    bare: dict[str, Decimal] = {}
    for leg in legs:
        asset, amount, fee = _need(leg, question)
        needs[asset] = EXACT.add(needs.get(asset, Decimal(0)), EXACT.add(amount, fee))
        bare[asset] = EXACT.add(bare.get(asset, Decimal(0)), amount)
    decimals = {**facts.shown_decimals, question.pair.base: question.pair.qty_precision} if facts.shown_decimals else {}

    def shown(amount: Decimal, asset: str) -> str:
        return money(amount, asset, decimals)

    for asset, need in needs.items():
        have = facts.balances.get(asset, Decimal(0))
        held = reserved(asset, question)
        free = EXACT.subtract(have, held)
        figures: dict[str, Figure] = {"asset": asset, "need": need, "have": have, "held": held}
        told, there = f"Needs {shown(need, asset)}", shown(have, asset)
        if need > have:
            rest = "" if bare[asset] > have else " It is short of the first tier's fee alone; yours may be lower."
            yield refused("balance", f"{told}, and there are {there}.{rest}", **figures)
        elif need > free:
            said = f"{told}; of {there} other open orders hold about {shown(held, asset)}, so it may be refused."
            yield warned("balance", said, **figures)
        else:
            yield passed("balance", f"{told} of {there}.", **figures)


def _need(leg: Leg, question: Question) -> tuple[str, Decimal, Decimal]:
    """The asset it is paid with, how much of it, and how much more for the fee where that is charged in it."""
    pair, (maker, taker) = question.pair, question.fee_rates
    rate = maker if leg.post_only else max(maker, taker)
    if leg.side == "sell":
        qty = leg.open_qty
        if qty is None:
            raise Unknowable("the order's quantity is not known")
        return pair.base, qty, EXACT.multiply(qty, rate if leg.fee_preference == "base" else Decimal(0))
    value = leg_value(leg, question)
    if leg.filled_qty and leg.order_qty and leg.open_qty is not None:
        value = EXACT.divide(EXACT.multiply(value, leg.open_qty), leg.order_qty)
    return pair.quote, value, EXACT.multiply(value, Decimal(0) if leg.fee_preference == "base" else rate)


def reserved(asset: str, question: Question) -> Decimal:
    """What open orders hold of an asset, fees apart, as far as their prices tell; the order to be changed left out.

    Orders on margin hold nothing of what they trade.
    """
    held = Decimal(0)
    for order in question.facts.orders:
        base, _, quote = order.symbol.partition("/")
        left = order.remaining_qty
        if order is question.target or not order.possibly_open or order.margin or left is None:
            continue
        if order.side == "sell" and asset == base:
            held = EXACT.add(held, left)
        price = order.limit_price or order.trigger_price
        if order.side == "buy" and asset == quote and price is not None:
            held = EXACT.add(held, EXACT.multiply(left, price))
    return held


def rate_counter(question: Question) -> Iterator[Check]:
    """The trading engine refuses what would pass its counter, and counts it all the same."""
    rate = question.facts.rate
    if rate is None:
        raise Unknowable("the rate counter's limit is not known yet")
    cost = rate_cost(question.request, question.target_age_s)
    count = Decimal(str(round(rate.count, 2)))
    after = EXACT.add(count, cost)
    figures: dict[str, Figure] = {"count": count, "cost": cost, "maximum": rate.maximum}
    said = f"Rate counter {count:f} + {cost:f} of {rate.maximum}"
    if after > rate.maximum:
        wait = (float(after) - rate.maximum) / rate.decay_per_s
        yield refused("rate counter", f"{said}: the exchange would refuse it; wait about {wait:.0f} s.", **figures)
    else:
        yield passed("rate counter", f"{said}.", **figures)
