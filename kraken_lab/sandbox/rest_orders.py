"""Orders and trades as private REST describes them: names, statuses and texts of its own.

Source: Get Open Orders, Get Closed Orders and Get Trades History pages, Kraken REST API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from kraken_lab.sandbox.instruments import Pair
from kraken_lab.sandbox.json_text import array, boolean, members, text
from kraken_lab.sandbox.numbers import NS_PER_SECOND, divided, written
from kraken_lab.sandbox.order_terms import ConditionalTerms
from kraken_lab.sandbox.orders import Fill, Order

__all__ = ["consolidated", "described", "in_words", "order_entry", "seconds", "trade_entry"]

NO_POSITION: Final = "TKH2SE-M7IF5-CFI7LT"
"""What ``postxid`` says of every trade that belongs to no position."""
_STATUSES: Final = {
    "pending_new": "pending",
    "new": "open",
    "partially_filled": "open",
    "filled": "closed",
    "canceled": "canceled",
    "expired": "expired",
}


def seconds(ns: int | None) -> str:
    """A time in seconds with four decimals; 0 if there is none.

    >>> seconds(1_688_148_493_770_899_999), seconds(None)
    ('1688148493.7708', '0')
    """
    return "0" if ns is None else f"{ns // NS_PER_SECOND}.{ns % NS_PER_SECOND // 100_000:04d}"


def order_entry(order: Order, decimals: Mapping[str, int], *, trades: bool) -> str:
    """An order as JSON text; ``trades`` lists the ids of its fills, ``decimals`` are those of an asset's amounts."""
    pair, terms = order.pair, order.terms
    fee = sum(amount for asset, amount in order.fees if asset == order.fee_asset)
    entry = {
        "refid": "null" if order.ord_ref_id is None else text(order.ord_ref_id),
        "userref": str(terms.order_userref or 0) if terms.cl_ord_id is None else "null",
        "status": text(_STATUSES[order.status]),
        "opentm": seconds(order.created_ns),
        "starttm": seconds(terms.effective_ns),
        "expiretm": seconds(terms.expire_ns),
        "descr": _description(order),
        "vol": text(written(order.order_qty, pair.qty_precision)),
        "vol_exec": text(written(order.cum_qty, pair.qty_precision)),
        "cost": text(written(order.cum_cost, pair.cost_precision)),
        "fee": text(written(fee, decimals[order.fee_asset])),
        "price": text(written(order.avg_price, pair.price_precision)),
        "stopprice": text(written(order.trigger.actual_price if order.trigger else 0, pair.price_precision)),
        "limitprice": text(written(_triggered_limit(order), pair.price_precision)),
        "misc": text("amended" if order.amended else ""),
        "oflags": text(",".join(_flags(order))),
    }
    if terms.cl_ord_id is not None:
        entry["cl_ord_id"] = text(terms.cl_ord_id)
    if order.trigger is not None:
        entry["trigger"] = text(order.trigger.reference)
    if not order.is_open:
        entry["closetm"] = seconds(order.closed_ns)
        entry["reason"] = "null" if order.reason is None else text(order.reason)
    if trades and order.fill_ids:
        entry["trades"] = array(map(text, order.fill_ids))
    return members(**entry)


def _triggered_limit(order: Order) -> int:
    is_triggered = order.trigger is not None and order.trigger.ns is not None
    return order.limit_price or 0 if is_triggered else 0


def _flags(order: Order) -> list[str]:
    flags = ["fcib" if order.fee_asset == order.pair.base else "fciq"]
    if order.terms.post_only:
        flags.append("post")
    if order.cash_qty is not None:
        flags.append("viqc")
    return flags


def _description(order: Order) -> str:
    price, second = _prices(order)
    close = "" if order.terms.conditional is None else _close(order.terms.conditional)
    return members(
        pair=text(order.pair.altname),
        type=text(order.side),
        ordertype=text(order.order_type),
        price=text(price),
        price2=text(second),
        leverage=text("none"),
        order=text(described(order)),
        close=text(close),
    )


def _prices(order: Order) -> tuple[str, str]:
    """``price`` and ``price2``: the trigger first, where there is one; 0 for what there is not."""
    limit = "0"
    if order.limit_offset is not None:
        limit = f"{order.limit_offset:+f}"
    elif order.limit_price is not None:
        limit = written(order.limit_price, order.pair.price_precision)
    trigger = order.trigger
    if trigger is None:
        return limit, "0"
    if trigger.price_type == "static":
        return written(trigger.actual_price, order.pair.price_precision), limit
    return f"{trigger.price:+f}{'%' if trigger.price_type == 'pct' else ''}", limit


def described(order: Order) -> str:
    """An order in words: ``buy 1.25000000 XBTUSD @ limit 30010.0``."""
    if order.cash_qty is None:
        amount = written(order.order_qty, order.pair.qty_precision)
    else:
        amount = written(order.cash_qty, order.pair.cost_precision)
    return in_words(order.side, amount, order.pair.altname, order.order_type, *_prices(order))


def in_words(side: str, amount: str, pair: str, order_type: str, price: str, second: str) -> str:
    """An order in words, of parts that are texts.

    >>> in_words("sell", "2", "ETHUSD", "stop-loss-limit", "3000", "2990")
    'sell 2 ETHUSD @ stop loss 3000 -> limit 2990'
    """
    return f"{side} {amount} {pair} @ {_kind_in_words(order_type, price, second)}"


def _kind_in_words(order_type: str, price: str, second: str) -> str:
    if order_type in ("market", "settle-position"):
        return order_type.replace("-", " ")
    if order_type in ("limit", "iceberg"):
        return f"limit {price}"
    words = order_type.removesuffix("-limit").replace("-", " ")
    return f"{words} {price}" + (f" -> limit {second}" if order_type.endswith("-limit") else "")


def _close(terms: ConditionalTerms) -> str:
    def digits(value: Decimal | None) -> str:
        return "0" if value is None else f"{value:f}"

    limit = digits(terms.limit_price)
    first = limit if terms.order_type == "limit" else digits(terms.trigger_price)
    return f"close position @ {_kind_in_words(terms.order_type, first, limit)}"


def trade_entry(fill: Fill, pair: Pair, decimals: Mapping[str, int], *, ledgers: bool) -> str:
    """A fill as JSON text; ``ledgers`` lists the ids of the ledger entries it made."""
    entry = {
        "ordertxid": text(fill.order_id),
        "postxid": text(NO_POSITION),
        "pair": text(pair.rest_name),
        "time": seconds(fill.ns),
        "type": text(fill.side),
        "ordertype": text(fill.order_type),
        "price": text(written(fill.price, pair.price_precision)),
        "cost": text(written(fill.cost, pair.cost_precision)),
        "fee": text(written(fill.fee, decimals[fill.fee_asset])),
        "vol": text(written(fill.qty, pair.qty_precision)),
        "margin": text(written(0, pair.cost_precision)),
        "misc": text(""),
        "trade_id": str(fill.trade_id),
        "maker": boolean(fill.liquidity == "m"),
    }
    if ledgers:
        entry["ledgers"] = array(map(text, fill.ledger_ids))
    return members(**entry)


def consolidated(fills: Iterable[Fill]) -> list[Fill]:
    """The fills, with those that one order took at one instant made one: its id is the first one's, its price the mean.

    ``fills`` are newest first, as is what is given back.
    """
    merged: list[Fill] = []
    for fill in fills:
        newer = merged[-1] if merged else None
        together = newer is not None and newer.liquidity == fill.liquidity == "t"
        if newer is not None and together and (newer.order_id, newer.ns) == (fill.order_id, fill.ns):
            qty = newer.qty + fill.qty
            merged[-1] = replace(
                fill,
                qty=qty,
                price=divided(newer.price * newer.qty + fill.price * fill.qty, qty),
                cost=newer.cost + fill.cost,
                fee=newer.fee + fill.fee,
                ledger_ids=fill.ledger_ids + newer.ledger_ids,
            )
        else:
            merged.append(fill)
    return merged
