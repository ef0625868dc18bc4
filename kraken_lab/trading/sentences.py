"""Orders in words: the one sentence by which a proposal, an error and the audit log call an order."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .legs import Leg
from .states import OrderRecord
from .words import in_words

__all__ = ["change_words", "draft_words", "leg_words", "printable"]


def leg_words(leg: Leg) -> str:
    """An order in one line.

    >>> leg_words(Leg(symbol="BTC/USD", side="buy", order_type="market", cash_order_qty=Decimal(250)))
    'buy BTC/USD for 250 USD, market'
    >>> leg_words(Leg(symbol="BTC/USD", side="buy", order_type="limit", order_qty=Decimal(1), limit_price=Decimal(9)))
    'buy 1 BTC/USD, limit at 9'
    """
    quote = leg.symbol.partition("/")[2]
    if leg.cash_order_qty is not None:
        amount = f"{leg.side} {leg.symbol} for {leg.cash_order_qty:f} {quote}"
    else:
        amount = f"{leg.side} {_digits(leg.order_qty)} {leg.symbol}"
    words = [f"{amount}, {leg.order_type}"]
    if leg.triggers is not None:
        words.append(f"on {_offset(leg.triggers.price, leg.triggers.price_type, quote)}")
    if leg.limit_price is not None:
        words.append(f"at {_offset(leg.limit_price, leg.limit_price_type, quote)}")
    flags = [leg.time_in_force] if leg.time_in_force != "gtc" else []
    flags += [name.replace("_", "-") for name in ("post_only", "reduce_only", "margin") if getattr(leg, name)]
    return ", ".join([" ".join(words), *flags])


def change_words(verb: str, target: OrderRecord, given: Mapping[str, Any]) -> str:
    """An amendment or edit in one line: which order, and what becomes of what."""
    changes = []
    for name, value in given.items():
        if name in ("symbol", "order_id"):
            continue
        old = getattr(target, name, None)
        was = f" {_said(old)} ->" if old is not None else ""
        changes.append(f"{name}{was} {_said(value)}")
    which = target.order_id or target.cl_ord_id or "without an id"
    return f"{verb} {which} ({in_words(target)}): {', '.join(changes) or 'no change'}"


def draft_words(given: Mapping[str, Any]) -> str:
    """What can be said of an order whose arguments are not in order."""
    parts = [_said(given[name]) for name in ("side", "order_qty", "symbol") if given.get(name) is not None]
    if given.get("order_type") is not None:
        parts.append(f"({given['order_type']})")
    return " ".join(parts) or "an order"


def printable(text: str) -> str:
    r"""A text whose characters that cannot be seen are written as escapes, so that a terminal shows it and no more.

    >>> print(printable("red \x1b[31m"))
    red \x1b[31m
    """
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _said(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    price = getattr(value, "price", None)
    return f"{price:f}" if isinstance(price, Decimal) else str(value)


def _digits(qty: Decimal | None) -> str:
    return "?" if qty is None else f"{qty:f}"


def _offset(price: Decimal, kind: str | None, quote: str) -> str:
    if kind == "pct":
        return f"{price:+f} %"
    return f"{price:+f} {quote}" if kind == "quote" else f"{price:f}"
