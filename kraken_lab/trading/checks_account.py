"""Checks of where an order would go: armed, halted, connected, and free of doubt."""

from __future__ import annotations

from collections.abc import Iterator

from .judgement import Check, passed, refused
from .question import Question
from .states import OrderState

__all__ = ["arming", "connection", "doubt", "halt"]


def arming(question: Question) -> Iterator[Check]:
    """Live needs to be armed in this kernel; nothing else does."""
    facts = question.facts
    if facts.mode != "live":
        yield passed("mode", f"{facts.mode.upper()}: no real money can be reached from here.", mode=facts.mode)
    elif facts.armed:
        yield passed("mode", "LIVE ARMED: this is real money.", mode=facts.mode)
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
    facts = question.facts
    symbols = {leg.symbol for leg in question.legs}
    open_doubts = [
        order.cl_ord_id or order.order_id or "without an id"
        for order in facts.orders
        if order.state is OrderState.UNKNOWN
        and order.symbol in symbols
        and not {order.cl_ord_id, order.order_id} & facts.acknowledged
    ]
    for name in open_doubts:
        yield refused(
            "doubt", f"Order {name} on this symbol is UNKNOWN: it may exist. Settle or acknowledge it.", id=name
        )
    if not open_doubts:
        yield passed("doubt", "No order on this symbol is UNKNOWN.")
