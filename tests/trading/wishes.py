"""Small worlds for orders to be judged in: a pair, a book, the facts of a moment, an open order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from kraken_lab.market import BookSnapshot
from kraken_lab.trading.checks import check
from kraken_lab.trading.facts import Facts, Past, RateCount
from kraken_lab.trading.judgement import Check
from kraken_lab.trading.legs import fingerprint, legs_of
from kraken_lab.trading.rules import Limits
from kraken_lab.trading.states import OrderRecord, OrderState
from kraken_lab.trading.terms import read_add
from kraken_lab.wire import Instant, Pair, Request

NOW = Instant(1_000.0, 1_777_889_731_500_000_000)  # 2026-05-04 10:15:31.5 UTC
FOUR = Limits(max_order_notional="1000000", max_day_notional="5000000", max_open_orders=50, allowed_symbols=["BTC/USD"])  # type: ignore[arg-type]
"""Limits that live needs, wide enough not to matter."""


def a_pair(**changes: Any) -> Pair:
    """BTC/USD with one decimal in prices and eight in quantities."""
    fields: dict[str, Any] = {
        "symbol": "BTC/USD", "base": "BTC", "quote": "USD", "status": "online", "price_precision": 1,
        "qty_precision": 8, "cost_precision": 5, "price_increment": Decimal("0.1"),
        "qty_increment": Decimal("1E-8"), "qty_min": Decimal("0.0001"), "cost_min": Decimal("0.5"),
        "marginable": True, "has_index": True,
    }  # fmt: skip
    return Pair(**{**fields, **changes})


def a_book(
    *, bids: list[tuple[str, str]] | None = None, asks: list[tuple[str, str]] | None = None, symbol: str = "BTC/USD"
) -> BookSnapshot:
    """26,500.0 by 26,500.4 with two more levels a side, unless told otherwise."""
    return BookSnapshot.of(
        symbol,
        bids=[("26500.0", "1.5"), ("26499.0", "2"), ("26490.0", "20")] if bids is None else bids,
        asks=[("26500.4", "0.5"), ("26501.0", "2"), ("26510.0", "20")] if asks is None else asks,
        price_precision=1,
    )


def some_facts(**changes: Any) -> Facts:
    """A sandbox in which everything is in order and there is money for a lot."""
    facts = Facts(
        at=NOW,
        exchange_ns=NOW.wall_ns,
        mode="sandbox",
        account="4f3a-91c2",
        connection="c1",
        reconciled=True,
        system="online",
        pair=a_pair(),
        book=a_book(),
        book_state="LIVE",
        book_age=0.2,
        balances={"USD": Decimal(1_000_000), "BTC": Decimal(30)},
        fee_rates=(Decimal("0.0016"), Decimal("0.0026")),
        rate=RateCount(count=3.25, maximum=125, decay_per_s=2.34),
        precisions={"USD": 4, "BTC": 10},
    )
    return replace(facts, **changes)


def live_facts(**changes: Any) -> Facts:
    """The same in live: armed, and with the four limits."""
    return some_facts(**{"mode": "live", "armed": True, "limits": FOUR, **changes})


def a_wish(**changes: Any) -> dict[str, Any]:
    """The arguments of a limit order that rests below the market; None takes one away."""
    wish = {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "0.01", "limit_price": "26000.0"}
    return {name: value for name, value in {**wish, **changes}.items() if value is not None}


def a_market(**changes: Any) -> dict[str, Any]:
    """The arguments of a market order."""
    return a_wish(**{"order_type": "market", "limit_price": None, **changes})


def a_request(wish: Mapping[str, object]) -> Request:
    """The request that sound arguments make."""
    reading = read_add(wish)
    assert reading.request is not None, reading.problems
    return reading.request


def an_order(**changes: Any) -> OrderRecord:
    """An order of this lab, open and a minute old."""
    fields: dict[str, Any] = {
        "state": OrderState.OPEN, "order_id": "OABCDE-FGHIJ-KLMNOP",
        "cl_ord_id": "6d1b345e-2821-40e2-ad83-4ecb18a06876",
        "symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": Decimal("1.5"),
        "limit_price": Decimal("26499.0"), "time_in_force": "GTC",
        "created_ns": NOW.wall_ns - 60 * 10**9, "updated_ns": NOW.wall_ns - 60 * 10**9,
    }  # fmt: skip
    return OrderRecord(**{**fields, **changes})


def past_of(wish: Mapping[str, object], *, ago_s: float, notional: str = "100", **changes: Any) -> Past:
    """That wish as one that was confirmed so long ago."""
    (leg,) = legs_of(a_request(wish), ())
    fields: dict[str, Any] = {
        "at_mono": NOW.mono - ago_s, "at_wall_ns": NOW.wall_ns - int(ago_s * 1e9), "symbol": leg.symbol,
        "fingerprint": fingerprint(leg), "notional": Decimal(notional),
    }  # fmt: skip
    return Past(**{**fields, **changes})


def judged(request: Request | Mapping[str, object], facts: Facts, *, again: bool = False) -> dict[str, list[Check]]:
    """What the checks find, by their names."""
    found: dict[str, list[Check]] = {}
    for one in check(request if isinstance(request, Request) else a_request(request), facts, again=again):
        found.setdefault(one.name, []).append(one)
    return found


def verdicts(request: Request | Mapping[str, object], facts: Facts, *, again: bool = False) -> dict[str, str]:
    """The worst verdict under each name."""
    order = ("pass", "warn", "refuse")
    found = judged(request, facts, again=again)
    return {name: max((one.verdict for one in each), key=order.index) for name, each in found.items()}


def refusals(request: Request | Mapping[str, object], facts: Facts, *, again: bool = False) -> set[str]:
    """The names of the checks that refuse."""
    return {name for name, verdict in verdicts(request, facts, again=again).items() if verdict == "refuse"}
