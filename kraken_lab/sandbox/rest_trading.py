"""Orders placed, changed and cancelled over REST: the same account, limits and refusals as on the socket.

Reports of what is done go to the socket's subscribers, as those of any other order.

Source: Add Order, Add Order Batch, Amend Order, Edit Order, Cancel Order, Cancel Order Batch, Cancel All Orders and
Cancel All Orders After pages, Kraken REST API reference.
"""

from __future__ import annotations

import re
from typing import Any, Final

from kraken_lab.sandbox import json_text
from kraken_lab.sandbox.desk import Desk
from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.order_entry import switch_times
from kraken_lab.sandbox.order_request import BATCH_ADD, BATCH_CANCEL, LONGEST_TIMEOUT_S
from kraken_lab.sandbox.order_terms import Amendment, Edit, NewOrder
from kraken_lab.sandbox.orders import Order
from kraken_lab.sandbox.rest_answer import ApiError, parameters_of
from kraken_lab.sandbox.rest_order_terms import (
    Parameters,
    flag,
    invalid,
    read_deadline,
    read_flags,
    read_integer,
    read_number,
    read_price,
    read_prices,
    read_rest_order,
)
from kraken_lab.sandbox.rest_orders import described, in_words
from kraken_lab.sandbox.trading import Rejection

__all__ = ["RestTrading"]

_REFERENCE: Final = re.compile(r"-?[0-9]{1,18}")


class RestTrading:
    """Does what trading requests over REST ask.

    Every method may raise `ApiError` if a parameter is not in order, and `Rejection` if the exchange refuses.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # --- entering ---------------------------------------------------------------------------------------------------

    def add(self, parameters: Parameters, now_ns: int) -> str:
        """``AddOrder``: the order in words, and its id unless it was to be validated only."""
        pair = self._pair(parameters)
        offset_ns = self._desk.stamps.offset_ns
        terms = read_rest_order(parameters, pair.symbol, now_ns, clock_offset_ns=offset_ns)
        order = self._desk.trading.add(terms, now_ns)
        descr = members(order=text(_words(order, terms, parameters, pair)))
        return members(descr=descr) if order is None else members(descr=descr, txid=array([text(order.order_id)]))

    def add_batch(self, parameters: Parameters, now_ns: int) -> str:
        """``AddOrderBatch``: for each order its words and id, or why it was refused."""
        pair, offset_ns = self._pair(parameters), self._desk.stamps.offset_ns
        asked = _objects(parameters, "orders")
        if not BATCH_ADD[0] <= len(asked) <= BATCH_ADD[1]:
            raise invalid("orders")
        is_check = flag(parameters, "validate")
        terms = [
            read_rest_order(each, pair.symbol, now_ns, clock_offset_ns=offset_ns, validate=is_check) for each in asked
        ]
        deadline_ns = read_deadline(parameters, offset_ns)
        outcomes = self._desk.trading.add_batch(terms, deadline_ns, now_ns, validate=is_check)
        results = []
        for each, order_terms, outcome in zip(asked, terms, outcomes, strict=True):
            if isinstance(outcome, Rejection):
                results.append(members(error=text(str(outcome))))
                continue
            words = members(order=text(_words(outcome, order_terms, each, pair)))
            txid = {} if outcome is None else {"txid": text(outcome.order_id)}
            results.append(members(descr=words, **txid))
        return members(orders=array(results))

    # --- changing ---------------------------------------------------------------------------------------------------

    def amend(self, parameters: Parameters, now_ns: int) -> str:
        """``AmendOrder``: the amendment's id."""
        if ("txid" in parameters) == ("cl_ord_id" in parameters):
            raise invalid("txid")
        limit_price, limit_type = read_price(parameters, "limit_price")
        trigger_price, trigger_type = read_price(parameters, "trigger_price")
        amendment = Amendment(
            order_id=parameters.get("txid"),
            cl_ord_id=parameters.get("cl_ord_id"),
            order_qty=read_number(parameters, "order_qty"),
            display_qty=read_number(parameters, "display_qty"),
            limit_price=limit_price,
            limit_price_type=None if limit_type == "static" else limit_type,
            trigger_price=trigger_price,
            trigger_price_type=None if trigger_type == "static" else trigger_type,
            post_only=flag(parameters, "post_only"),
            deadline_ns=read_deadline(parameters, self._desk.stamps.offset_ns),
        )
        amend_id, _ = self._desk.trading.amend(amendment, now_ns)
        return members(amend_id=text(amend_id))

    def edit(self, parameters: Parameters, now_ns: int) -> str:
        """``EditOrder``: the order that took the old one's place."""
        pair, old_id = self._pair(parameters), parameters.get("txid", "")
        old = self._desk.trading.order(old_id)
        if old is None or not old.is_open:
            raise ApiError("EOrder:Unknown order")
        edit = Edit(
            order_id=old_id,
            symbol=pair.symbol,
            order_qty=read_number(parameters, "volume"),
            display_qty=read_number(parameters, "displayvol"),
            order_userref=read_integer(parameters, "userref"),
            post_only="post" in read_flags(parameters) or None,
            deadline_ns=read_deadline(parameters, self._desk.stamps.offset_ns),
            validate=flag(parameters, "validate"),
            **self._new_prices(old, parameters),
        )
        order = self._desk.trading.edit(edit, now_ns)
        words = described(old if order is None else order)
        new_id = {} if order is None else {"txid": text(order.order_id)}
        return members(
            status=text("ok"), **new_id, originaltxid=text(old_id), orders_cancelled="0" if order is None else "1",
            descr=members(order=text(words)),
        )  # fmt: skip

    @staticmethod
    def _new_prices(old: Order, parameters: Parameters) -> dict[str, Any]:
        reference = "last" if old.trigger is None else old.trigger.reference
        prices = read_prices(old.order_type, parameters, reference)
        if prices.get("limit_price_type") is not None and old.limit_offset is None:
            raise invalid("price")
        return {name: prices[name] for name in ("limit_price", "triggers") if prices.get(name) is not None}

    # --- leaving ----------------------------------------------------------------------------------------------------

    def cancel(self, parameters: Parameters, now_ns: int) -> str:
        """``CancelOrder``, by order id, user reference or client id."""
        given = parameters.get("txid", "")
        if "cl_ord_id" in parameters:
            gone = self._desk.trading.cancel(now_ns, cl_ord_id=parameters["cl_ord_id"])
        elif not given:
            raise invalid("txid")
        elif _REFERENCE.fullmatch(given):
            gone = self._desk.trading.cancel(now_ns, order_userref=int(given))
        else:
            gone = self._desk.trading.cancel(now_ns, order_id=given)
        return members(count=str(len(gone)))

    def cancel_batch(self, parameters: Parameters, now_ns: int) -> str:
        """``CancelOrderBatch``, by order ids and user references, and by client ids."""
        orders = [each for each in parameters.get("orders", "").split(",") if each]
        cl_ord_ids = [each for each in parameters.get("cl_ord_ids", "").split(",") if each]
        if not BATCH_CANCEL[0] <= len(orders) + len(cl_ord_ids) <= BATCH_CANCEL[1]:
            raise invalid("orders")
        return members(count=str(self._desk.trading.cancel_batch(orders, cl_ord_ids, now_ns)))

    def cancel_all(self, parameters: Parameters, now_ns: int) -> str:
        """``CancelAll``."""
        return members(count=str(self._desk.trading.cancel_all(now_ns)))

    def cancel_all_after(self, parameters: Parameters, now_ns: int) -> str:
        """``CancelAllOrdersAfter``; 0 switches it off."""
        timeout_s = read_integer(parameters, "timeout")
        if timeout_s is None or not 0 <= timeout_s < LONGEST_TIMEOUT_S:
            raise invalid("timeout")
        return switch_times(self._desk.stamps, now_ns, self._desk.trading.cancel_all_after(timeout_s, now_ns))

    def _pair(self, parameters: Parameters) -> Pair:
        pair = self._desk.listing.named(parameters.get("pair", ""))
        if pair is None:
            raise ApiError("EQuery:Unknown asset pair")
        return pair


def _words(order: Order | None, terms: NewOrder, parameters: Parameters, pair: Pair) -> str:
    """An order in words; one that was only checked in those of its request."""
    if order is not None:
        return described(order)
    prices = (parameters.get("price", "0"), parameters.get("price2", "0"))
    return in_words(terms.side, parameters["volume"], pair.altname, terms.order_type, *prices)


def _objects(parameters: Parameters, name: str) -> list[dict[str, str]]:
    """A parameter that is JSON text: an array of objects."""
    try:
        given = json_text.read(parameters.get(name, ""))
    except json_text.NotJson:
        given = None
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise invalid(name)
    return [parameters_of(each) for each in given]
