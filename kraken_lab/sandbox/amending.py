"""Changing an order: in place (amend), or by putting another in its place (edit).

Source: Amend Order and Edit Order pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kraken_lab.sandbox.admission import Admission
from kraken_lab.sandbox.blotter import Blotter
from kraken_lab.sandbox.numbers import decimal
from kraken_lab.sandbox.order_checks import (
    check_cost,
    check_display,
    check_trigger,
    checked_price,
    checked_qty,
    invalid,
)
from kraken_lab.sandbox.order_life import AT_ONCE, REPLACED, USER_REQUESTED, OrderLife
from kraken_lab.sandbox.order_terms import Amendment, Edit, TriggerTerms
from kraken_lab.sandbox.orders import Order
from kraken_lab.sandbox.reckoning import Reckoning
from kraken_lab.sandbox.rejection import Rejection
from kraken_lab.sandbox.triggers import LIMITED, TRIGGERED

__all__ = ["Amending"]


class Amending:
    """Amends and edits the orders of one account."""

    def __init__(
        self,
        admission: Admission,
        life: OrderLife,
        reckoning: Reckoning,
        blotter: Blotter,
        new_amend_id: Callable[[], str],
        new_order_id: Callable[[], str],
    ) -> None:
        self._admission = admission
        self._life = life
        self._reckoning = reckoning
        self._blotter = blotter
        self._new_amend_id = new_amend_id
        self._new_order_id = new_order_id

    # --- in place ---------------------------------------------------------------------------------------------------

    def amend(self, change: Amendment, now_ns: int, received_ns: int | None) -> tuple[str, Order]:
        """Change an order in place: the amendment's id, and how the order stands after it.

        A new total at or below what is filled sets it to what is filled and cancels the rest, which costs a cancel.

        Raises:
            Rejection: the order is as it was.
        """
        order = self._found(change)
        self._admission.count(order.symbol, 1 + self._admission.cost("amend", order, now_ns), now_ns)
        self._admission.check_deadline(change.deadline_ns, now_ns, received_ns)
        amended = replace(self._changed(order, change), amended=True, amended_ns=now_ns)
        price = amended.limit_price
        takes = price is not None and self._life.rests(order) and self._reckoning.would_take(amended, price)
        self._admission.check_state(
            self._admission.pair(order.symbol), takes=takes, limited=order.order_type in LIMITED
        )
        if takes and (change.post_only or order.terms.post_only):
            raise Rejection("EOrder:Post only order")
        if not self._reckoning.affordable(amended):
            raise Rejection("EOrder:Insufficient funds")
        with self._life.journal.acting():
            if amended.left:
                self._life.amend(order, amended)
            else:
                cost = self._admission.cost("cancel", order, now_ns)
                self._admission.count_anyway(order.symbol, cost, now_ns)
                self._life.amended(amended)
                self._life.end(amended, "canceled", USER_REQUESTED)
        return self._new_amend_id(), self._blotter.order(order.order_id) or amended

    def _found(self, change: Amendment) -> Order:
        order: Order | None = None
        if (change.order_id is None) == (change.cl_ord_id is None):
            raise invalid("order_id")
        if change.order_id is not None:
            order = self._blotter.open.get(change.order_id)
        elif change.cl_ord_id is not None:
            order = self._blotter.open_by_client_id(change.cl_ord_id)
        if order is None:
            raise Rejection("EOrder:Unknown order")
        return order

    def _changed(self, order: Order, change: Amendment) -> Order:
        """The order as the amendment would have it."""
        pair = order.pair
        asked = (change.order_qty, change.limit_price, change.trigger_price, change.display_qty)
        if all(one is None for one in asked):
            raise invalid("order_qty")
        if change.order_qty is not None:
            if order.cash_qty is not None:
                raise invalid("order_qty")
            qty = checked_qty(change.order_qty, pair, any_size=True)
            if order.cum_qty < qty < pair.qty_min:
                raise Rejection("EOrder:Order minimum not met")
            order = replace(order, order_qty=max(qty, order.cum_qty))
        if change.trigger_price is not None:
            order = self._retriggered(order, change)
        if change.limit_price is not None:
            order = self._repriced(order, change)
        if order.limit_price is not None and order.left:
            check_cost(order.order_qty * order.limit_price, pair)
        if order.display_qty is not None and order.left:
            display = order.display_qty
            if change.display_qty is not None:
                display = checked_qty(change.display_qty, pair, field="display_qty", any_size=True)
                check_display(display, order.left)
            order = replace(order, display_qty=display)
        elif change.display_qty is not None:
            raise invalid("display_qty")
        return order

    @staticmethod
    def _repriced(order: Order, change: Amendment) -> Order:
        assert change.limit_price is not None
        if order.order_type not in LIMITED:
            raise invalid("limit_price")
        waiting = order.trigger is not None and order.trigger.ns is None
        kind = change.limit_price_type
        if kind is None:
            kind = "quote" if order.order_type == "trailing-stop-limit" and waiting else "static"
        if kind == "static":
            price = checked_price(change.limit_price, order.pair)
            return replace(order, limit_price=price, limit_price_type="static", limit_offset=None)
        if order.order_type != "trailing-stop-limit" or not waiting:
            raise invalid("limit_price_type")
        return replace(order, limit_price=None, limit_price_type=kind, limit_offset=change.limit_price)

    def _retriggered(self, order: Order, change: Amendment) -> Order:
        """The order with another trigger, which it may not have activated yet, and which may not activate at once."""
        assert change.trigger_price is not None
        triggers = order.terms.triggers
        if triggers is None or order.order_type not in TRIGGERED or (order.trigger and order.trigger.ns is not None):
            raise invalid("trigger_price")
        kind = change.trigger_price_type or "static"
        anew = TriggerTerms(price=change.trigger_price, price_type=kind, reference=triggers.reference)
        check_trigger(order.terms, anew, order.pair)
        order = replace(order, terms=replace(order.terms, triggers=anew))
        if order.trigger is None:
            return order  # it has not started yet
        order = self._reckoning.retriggered(order)
        if self._reckoning.at_once(order):
            raise invalid(AT_ONCE)
        return order

    # --- by another -------------------------------------------------------------------------------------------------

    def edit(self, change: Edit, now_ns: int, received_ns: int | None) -> Order | None:
        """Cancel an order and enter another for what was left of it; None if that was to be validated only.

        ``order_qty`` counts what the old order has filled, as it does in an amend. Not for orders with a client's id or
        a conditional close, nor for those whose trigger has been activated.

        Raises:
            Rejection: the old order is as it was.
        """
        old = self._blotter.open.get(change.order_id)
        if old is None or old.symbol != change.symbol:
            self._admission.count(change.symbol, 1, now_ns)
            raise Rejection("EOrder:Unknown order")
        self._admission.count(old.symbol, 1 + self._admission.cost("edit", old, now_ns), now_ns)
        self._admission.check_deadline(change.deadline_ns, now_ns, received_ns)
        terms = old.terms
        if terms.cl_ord_id is not None:
            raise invalid("cl_ord_id")
        if terms.conditional is not None:
            raise invalid("conditional")
        if old.trigger is not None and old.trigger.ns is not None:
            raise invalid("triggers")
        pair = old.pair
        if change.order_qty is None:
            qty = old.left
        else:
            qty = checked_qty(change.order_qty, pair, any_size=True) - old.cum_qty
        if qty <= 0 and old.cash_qty is None:
            raise invalid("order_qty")
        limit_price = terms.limit_price
        if old.limit_price is not None:
            limit_price = decimal(old.limit_price, pair.price_precision)
        elif old.limit_offset is not None:
            limit_price = old.limit_offset
        display_qty = None if old.display_qty is None else decimal(old.display_qty, pair.qty_precision)
        anew = replace(
            terms,
            order_qty=None if old.cash_qty is not None else decimal(qty, pair.qty_precision),
            limit_price=limit_price if change.limit_price is None else change.limit_price,
            limit_price_type=old.limit_price_type if old.order_type == "trailing-stop-limit" else None,
            display_qty=display_qty if change.display_qty is None else change.display_qty,
            fee_preference=change.fee_preference or terms.fee_preference,
            post_only=terms.post_only if change.post_only is None else change.post_only,
            reduce_only=terms.reduce_only if change.reduce_only is None else change.reduce_only,
            triggers=change.triggers or terms.triggers,
            order_userref=terms.order_userref if change.order_userref is None else change.order_userref,
            deadline_ns=None,
        )
        order = self._admission.check(anew, self._new_order_id(), now_ns, room=False)
        order = replace(order, ord_ref_id=old.order_id)
        self._admission.check_funds(order, besides=old.order_id)
        if change.validate:
            return None
        with self._life.journal.acting():
            self._life.end(old, "canceled", REPLACED)
            self._life.enter(order)
        return self._blotter.order(order.order_id) or order
