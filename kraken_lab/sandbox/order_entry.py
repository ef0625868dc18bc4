"""Trading requests done: what each asks is carried out on the account, and comes back as the results of its answers.

A request has one outcome, ``cancel_order`` one for each order. The reports of what was done are not among them; they go
to whoever has subscribed to ``executions``.

Assumed, because nobody has published it: a ``validate`` that finds nothing wrong gives a result without ``order_id``;
an order of a batch that the engine refused has an ``error`` in its place; several orders under one ``order_userref``
are answered one by one; ``triggerTime`` is ``"0"`` when the switch is off.

Source: the trading methods' pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from kraken_lab.sandbox.api_key import ApiKey, Permission
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.order_request import (
    AddBatch,
    AddOrder,
    AmendOrder,
    Ask,
    CancelAfter,
    CancelAll,
    CancelBatch,
    CancelOrders,
    EditOrder,
)
from kraken_lab.sandbox.order_terms import NewOrder
from kraken_lab.sandbox.orders import Order
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.trading import Rejection, Trading

__all__ = ["OrderEntry", "Outcome"]

Outcome: TypeAlias = str | Rejection
"""The ``result`` of an answer as JSON text, or why there is none."""

_ENTERING: Final[tuple[Permission, ...]] = ("modify-trades",)
_LEAVING: Final[tuple[Permission, ...]] = ("close-trades", "modify-trades")


class OrderEntry:
    """The desk where orders are handed in, with the permissions of one key."""

    def __init__(self, trading: Trading, key: ApiKey, stamps: Stamps) -> None:
        self._trading = trading
        self._key = key
        self._stamps = stamps

    def outcomes(self, ask: Ask, now_ns: int, received_ns: int) -> list[Outcome]:
        """Do what is asked and came in at ``received_ns``, as far as the exchange and the key allow it."""
        entering = isinstance(ask, AddOrder | AddBatch | AmendOrder | EditOrder)
        if not self._key.may(*(_ENTERING if entering else _LEAVING)):
            return [Rejection("EGeneral:Permission denied")]
        try:
            if isinstance(ask, CancelOrders):
                return list(self._cancelled(ask, now_ns))
            return [self._result(ask, now_ns, received_ns)]
        except Rejection as rejection:
            return [rejection]

    def _result(self, ask: Ask, now_ns: int, received_ns: int) -> str:
        match ask:
            case AddOrder(order):
                added = self._trading.add(order.terms, now_ns, received_ns=received_ns)
                return members(**_ids(added, order.terms), **_warnings(order.warnings))
            case AddBatch():
                return self._batch(ask, now_ns, received_ns)
            case AmendOrder(amendment):
                amend_id, _ = self._trading.amend(amendment, now_ns, received_ns=received_ns)
                used = {"order_id": amendment.order_id, "cl_ord_id": amendment.cl_ord_id}
                named = {name: text(value) for name, value in used.items() if value is not None}
                return members(amend_id=text(amend_id), **named)
            case EditOrder(edit, warnings):
                new = self._trading.edit(edit, now_ns, received_ns=received_ns)
                order_id = {} if new is None else {"order_id": text(new.order_id)}
                return members(**order_id, original_order_id=text(edit.order_id), **_warnings(warnings))
            case CancelBatch(orders, cl_ord_ids):
                return members(count=str(self._trading.cancel_batch(orders, cl_ord_ids, now_ns)))
            case CancelAll():
                return members(count=str(self._trading.cancel_all(now_ns)))
            case CancelAfter(timeout_s):
                trigger_ns = self._trading.cancel_all_after(timeout_s, now_ns)
                return switch_times(self._stamps, now_ns, trigger_ns)
            case CancelOrders():
                raise AssertionError("orders are cancelled one by one")

    def _batch(self, ask: AddBatch, now_ns: int, received_ns: int) -> str:
        terms = [order.terms for order in ask.orders]
        is_check = any(each.validate for each in terms)
        added = self._trading.add_batch(terms, ask.deadline_ns, now_ns, received_ns=received_ns, validate=is_check)
        results = []
        for order, outcome in zip(ask.orders, added, strict=True):
            if isinstance(outcome, Rejection):
                results.append(members(**_ids(None, order.terms), error=text(str(outcome))))
            else:
                results.append(members(**_ids(outcome, order.terms), **_warnings(order.warnings)))
        return array(results)

    def _cancelled(self, ask: CancelOrders, now_ns: int) -> Iterator[Outcome]:
        for given in ask.ids:
            name = text(given) if isinstance(given, str) else str(given)
            try:
                gone = self._cancel(ask.kind, given, now_ns)
            except Rejection as rejection:
                yield rejection
                continue
            for _ in gone:
                yield members(**{ask.kind: name})

    def _cancel(self, kind: str, given: str | int, now_ns: int) -> list[Order]:
        if isinstance(given, int):
            return self._trading.cancel(now_ns, order_userref=given)
        if kind == "cl_ord_id":
            return self._trading.cancel(now_ns, cl_ord_id=given)
        return self._trading.cancel(now_ns, order_id=given)


def switch_times(stamps: Stamps, now_ns: int, trigger_ns: int | None) -> str:
    """The dead man's switch as it was set, in whole seconds; the same on the socket and on REST."""
    fires = "0" if trigger_ns is None else stamps.seconds(trigger_ns)
    return members(currentTime=text(stamps.seconds(now_ns)), triggerTime=text(fires))


def _ids(order: Order | None, terms: NewOrder) -> dict[str, str]:
    """What an answer calls the order: its id, if it was entered, and the client's own name, if it was given one."""
    ids = {} if order is None else {"order_id": text(order.order_id)}
    if terms.cl_ord_id is not None:
        ids["cl_ord_id"] = text(terms.cl_ord_id)
    if terms.order_userref is not None:
        ids["order_userref"] = str(terms.order_userref)
    return ids


def _warnings(warnings: tuple[str, ...]) -> dict[str, str]:
    return {"warnings": array(map(text, warnings))} if warnings else {}
