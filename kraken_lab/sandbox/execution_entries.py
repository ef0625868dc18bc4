"""Execution reports as the ``executions`` channel writes them: for each kind of event the keys seen live, no others.

Only ``pending_new`` describes an order whole; what follows names it by ``order_id`` and says what changed. Reports of
an order's end carry neither symbol nor side.

Assumed, because nobody has published it: orders in a snapshot have ``exec_type`` ``status``; a market order has a limit
price of 0; an amendment of an iceberg or of a trigger shows ``display_qty`` or ``triggers`` beside the usual keys.

Source: Executions, Kraken WebSocket API v2 reference; key sets as observed on the live service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kraken_lab.sandbox.json_text import array, boolean, members, text
from kraken_lab.sandbox.numbers import written
from kraken_lab.sandbox.order_terms import ConditionalTerms, TriggerTerms
from kraken_lab.sandbox.orders import USD_PRECISION, Fill, Order, Report
from kraken_lab.sandbox.stamps import Stamps

__all__ = ["ExecutionEntries"]

_FEE_CURRENCIES: Final = {True: "fcib", False: "fciq"}


class ExecutionEntries:
    """Writes the elements of ``data``. ``decimals`` are those of each asset's amounts."""

    def __init__(self, stamps: Stamps, decimals: Mapping[str, int]) -> None:
        self._stamps = stamps
        self._decimals = decimals
        self._writers: Mapping[str, Callable[[Report], dict[str, str]]] = {
            "pending_new": self._pending_new,
            "new": lambda report: {},
            "trade": self._trade,
            "filled": lambda report: _totals(report.order),
            "canceled": self._canceled,
            "expired": lambda report: _totals(report.order),
            "amended": self._amended,
            "restated": self._amended,
            "status": self._status,
            "iceberg_refill": lambda report: _display(report.order),
        }

    def report(self, report: Report, rate_count: int | None = None) -> str:
        """What happened to an order, with the rate counter beside it where it was asked for."""
        order = report.order
        status = "partially_filled" if report.kind == "trade" else order.status
        entry = {
            "timestamp": text(self._stamps.micros(report.ns)),
            "exec_type": text(report.kind),
            "order_status": text(status),
            "order_id": text(order.order_id),
            **_client_id(order.terms.cl_ord_id, order.terms.order_userref),
            **self._writers[report.kind](report),
        }
        if rate_count is not None:
            entry["ratecount"] = str(rate_count)
        return members(**entry)

    def open_order(self, order: Order) -> str:
        """An order in a snapshot."""
        return members(
            order_id=text(order.order_id),
            **_client_id(order.terms.cl_ord_id, order.terms.order_userref),
            exec_type=text("status"),
            order_status=text(order.status),
            **self._description(order),
            **_totals(order),
            amended=boolean(order.amended),
            timestamp=text(self._stamps.micros(order.created_ns)),
        )

    def past_fill(self, fill: Fill, order: Order) -> str:
        """A fill in a snapshot: with the status its order has by now, without what had been filled in all."""
        return members(
            order_id=text(fill.order_id),
            **_client_id(fill.cl_ord_id, fill.order_userref),
            exec_type=text("trade"),
            order_status=text(order.status),
            **self._fill(fill, order),
            timestamp=text(self._stamps.micros(fill.ns)),
        )

    # --- kinds of reports -------------------------------------------------------------------------------------------

    def _pending_new(self, report: Report) -> dict[str, str]:
        order = report.order
        entry = self._description(order)
        entry.setdefault("stop_price", _price(order, 0))
        return {**entry, "cum_cost": _cost(order, 0), "fee_usd_equiv": written(0, USD_PRECISION)}

    def _trade(self, report: Report) -> dict[str, str]:
        assert report.fill is not None
        totals = _totals(report.order)
        return {**totals, **self._fill(report.fill, report.order)}

    def _canceled(self, report: Report) -> dict[str, str]:
        reason = text(report.reason or "")
        return {**_totals(report.order), "cancel_reason": reason, "reason": reason}

    def _amended(self, report: Report) -> dict[str, str]:
        order = report.order
        entry = {
            "cum_qty": _qty(order, order.cum_qty),
            "reason": text(report.reason or ""),
            "amended": "true",
            "order_qty": _qty(order, order.order_qty),
            **_limit(order),
            **_display(order),
        }
        if order.trigger is not None:
            entry["triggers"] = self._triggers(order)
        return entry

    def _status(self, report: Report) -> dict[str, str]:
        return {} if report.order.trigger is None else {"triggers": self._triggers(report.order)}

    # --- parts ------------------------------------------------------------------------------------------------------

    def _description(self, order: Order) -> dict[str, str]:
        terms = order.terms
        entry = {
            "symbol": text(order.symbol),
            "side": text(order.side),
            "order_type": text(order.order_type),
            "order_qty": _qty(order, order.order_qty),
            "time_in_force": text(terms.time_in_force.upper()),
            **_limit(order),
            **_display(order),
            "fee_ccy_pref": text(_FEE_CURRENCIES[order.fee_asset == order.pair.base]),
        }
        if order.ord_ref_id is not None:
            entry["ord_ref_id"] = text(order.ord_ref_id)
        if order.cash_qty is not None:
            entry["cash_order_qty"] = _cost(order, order.cash_qty)
        if terms.sender_sub_id is not None:
            entry["sender_sub_id"] = text(terms.sender_sub_id)
        for name, ns in (("effective_time", terms.effective_ns), ("expire_time", terms.expire_ns)):
            if ns is not None:
                entry[name] = text(self._stamps.micros(ns))
        for name, is_set in (("post_only", terms.post_only), ("reduce_only", terms.reduce_only)):
            if is_set:
                entry[name] = "true"
        if terms.conditional is not None:
            entry["contingent"] = _contingent(terms.conditional)
        if order.trigger is not None:
            entry["triggers"] = self._triggers(order)
            entry["stop_price"] = _price(order, order.trigger.actual_price)
            entry["trigger"] = text(order.trigger.reference)
        elif terms.triggers is not None:
            entry |= _asked_triggers(terms.triggers)
        return entry

    def _triggers(self, order: Order) -> str:
        state = order.trigger
        assert state is not None
        entry = {
            "reference": text(state.reference),
            "price": f"{state.price:f}",
            "price_type": text(state.price_type),
            "actual_price": _price(order, state.actual_price),
            "status": text(state.status),
        }
        if state.peak_price is not None:
            entry["peak_price"] = _price(order, state.peak_price)
        if state.last_price is not None:
            entry["last_price"] = _price(order, state.last_price)
        if state.ns is not None:
            entry["timestamp"] = text(self._stamps.micros(state.ns))
        return members(**entry)

    def _fill(self, fill: Fill, order: Order) -> dict[str, str]:
        fee = members(asset=text(fill.fee_asset), qty=written(fill.fee, self._decimals[fill.fee_asset]))
        return {
            "exec_id": text(fill.exec_id),
            "trade_id": str(fill.trade_id),
            "symbol": text(fill.symbol),
            "side": text(fill.side),
            "order_type": text(fill.order_type),
            "last_qty": _qty(order, fill.qty),
            "last_price": _price(order, fill.price),
            "liquidity_ind": text(fill.liquidity),
            "cost": _cost(order, fill.cost),
            "fee_usd_equiv": written(fill.fee_usd, USD_PRECISION),
            "fees": array([fee]),
        }


def _asked_triggers(asked: TriggerTerms) -> dict[str, str]:
    """A trigger as it was asked for, before the trigger engine has it and knows what an offset comes to."""
    price = f"{asked.price:f}"
    triggers = members(
        reference=text(asked.reference), price=price, price_type=text(asked.price_type), status=text("untriggered")
    )
    entry = {"triggers": triggers, "trigger": text(asked.reference)}
    return entry | {"stop_price": price} if asked.price_type == "static" else entry


def _client_id(cl_ord_id: str | None, order_userref: int | None) -> dict[str, str]:
    return {"order_userref": str(order_userref or 0)} if cl_ord_id is None else {"cl_ord_id": text(cl_ord_id)}


def _totals(order: Order) -> dict[str, str]:
    return {
        "cum_qty": _qty(order, order.cum_qty),
        "cum_cost": _cost(order, order.cum_cost),
        "avg_price": _price(order, order.avg_price),
        "fee_usd_equiv": written(order.fee_usd, USD_PRECISION),
    }


def _limit(order: Order) -> dict[str, str]:
    offset = order.limit_offset
    price = _price(order, order.limit_price or 0) if offset is None else f"{offset:f}"
    return {"limit_price": price, "limit_price_type": text(order.limit_price_type)}


def _display(order: Order) -> dict[str, str]:
    if order.display_qty is None:
        return {}
    remain = order.display_qty if order.display_remain is None else order.display_remain
    return {"display_qty": _qty(order, order.display_qty), "display_qty_remain": _qty(order, remain)}


def _contingent(terms: ConditionalTerms) -> str:
    entry = {"order_type": text(terms.order_type)}
    if terms.trigger_price is not None:
        entry["trigger_price"] = f"{terms.trigger_price:f}"
        entry["trigger_price_type"] = text(terms.trigger_price_type)
    if terms.limit_price is not None:
        entry["limit_price"] = f"{terms.limit_price:f}"
        entry["limit_price_type"] = text(terms.limit_price_type)
    return members(**entry)


def _price(order: Order, price: int) -> str:
    return written(price, order.pair.price_precision)


def _qty(order: Order, qty: int) -> str:
    return written(qty, order.pair.qty_precision)


def _cost(order: Order, cost: int) -> str:
    return written(cost, order.pair.cost_precision)
