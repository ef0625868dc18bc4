"""With the market frozen, a preview and the exchange of the sandbox agree: two programs that share no line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.sandbox.instruments import ASSETS, PAIRS
from kraken_lab.sandbox.instruments import Pair as VenuePair
from kraken_lab.trading.preview import preview
from kraken_lab.wire import Pair
from tests.sandbox.bare_market import Desk

from .wishes import a_book, a_request, a_wish, some_facts

PRECISION = {asset.id: asset.precision for asset in ASSETS}
PAIR = next(pair for pair in PAIRS if pair.symbol == "BTC/USD")
MONEY = {"USD": Decimal(10_000_000), "BTC": Decimal(100)}

Orders = list[tuple[int, int]]
"""Price in tenths and quantity in hundred-millionths of what strangers have in the book; prices may repeat."""


def as_listed(pair: VenuePair) -> Pair:
    """The venue's pair as its instrument channel describes it."""
    return Pair(
        symbol=pair.symbol, base=pair.base, quote=pair.quote, status="online", price_precision=pair.price_precision,
        qty_precision=pair.qty_precision, cost_precision=pair.cost_precision,
        price_increment=Decimal(pair.price_increment).scaleb(-pair.price_precision),
        qty_increment=Decimal(pair.qty_increment).scaleb(-pair.qty_precision),
        qty_min=Decimal(pair.qty_min).scaleb(-pair.qty_precision), marginable=True, has_index=True,
        cost_min=Decimal(pair.cost_min),
    )  # fmt: skip


def merged(orders: Orders) -> list[tuple[str, str]]:
    """A side of the book as its channel shows it: one level a price."""
    levels: dict[int, int] = {}
    for price, qty in orders:
        levels[price] = levels.get(price, 0) + qty
    return [(f"{Decimal(price).scaleb(-1):f}", f"{Decimal(qty).scaleb(-8):f}") for price, qty in levels.items()]


QTY = st.integers(600_000, 2 * 10**8)
BIDS = st.lists(st.tuples(st.integers(900, 1000), QTY), max_size=8)
ASKS = st.lists(st.tuples(st.integers(1001, 1100), QTY), max_size=8)
WISHES = st.fixed_dictionaries(
    {"side": st.sampled_from(["buy", "sell"]), "order_type": st.sampled_from(["limit", "market"])},
    optional={
        "time_in_force": st.sampled_from(["ioc", "fok"]),
        "post_only": st.just(True),
        "fee_preference": st.sampled_from(["base", "quote"]),
    },
)


@pytest.mark.promise("P-04", "S-15")
@given(BIDS, ASKS, WISHES, QTY, st.integers(900, 1100), st.booleans())
@settings(max_examples=150)
def test_fills_fee_and_balances_are_those_that_come(
    bids: Orders, asks: Orders, wish: dict[str, Any], qty: int, limit: int, in_money: bool
) -> None:
    """Any book of strangers, any order: quantity, value, fee, what rests and both balances, to the last digit."""
    market = wish["order_type"] == "market"
    if market:
        wish = {name: value for name, value in wish.items() if name not in ("post_only", "time_in_force")}
    elif wish.get("time_in_force") and wish.get("post_only"):
        wish = {name: value for name, value in wish.items() if name != "post_only"}
    amount = Decimal(qty).scaleb(-8)
    terms: dict[str, Any] = {**wish, "order_qty": amount}
    terms["limit_price"] = None if market else Decimal(limit).scaleb(-1)
    if market and wish["side"] == "buy" and in_money:
        terms |= {"order_qty": None, "cash_order_qty": Decimal(qty).scaleb(-5)}
    desk = Desk(balances=MONEY, last=None)
    for price, there in bids:
        desk.market.stranger("buy", price, there)
    for price, there in asks:
        desk.market.stranger("sell", price, there)
    facts = some_facts(
        pair=as_listed(PAIR), book=a_book(bids=merged(bids), asks=merged(asks)), balances=MONEY, precisions=PRECISION
    )
    (seen,) = preview(a_request(a_wish(**terms)), facts)

    order = desk.now_is(desk.add(**terms))
    assert Decimal(order.cum_qty).scaleb(-8) == seen.filled_qty
    assert Decimal(order.value).scaleb(-9) == seen.value
    assert sum((Decimal(fee).scaleb(-PRECISION[asset]) for asset, fee in order.fees), Decimal(0)) == seen.fee
    assert (Decimal(order.left).scaleb(-8) if order.is_open else Decimal(0)) == seen.resting_qty
    for asset, left in seen.balances_after.items():
        assert Decimal(desk.trading.holdings[asset].balance).scaleb(-PRECISION[asset]) == left
