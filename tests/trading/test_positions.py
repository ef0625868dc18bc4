"""Positions: exact, and the same however the fills are cut."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_lab.trading.positions import positions
from kraken_lab.trading.states import FillRecord


def fill(
    side: str, qty: str | D, price: str | D, at: int = 0, *, symbol: str = "BTC/USD", fee: str = "0"
) -> FillRecord:
    """One fill; its fee is in the quote currency."""
    qty, price = D(qty), D(price)
    return FillRecord(
        exec_id=f"T{at}",
        order_id="O1",
        cl_ord_id=None,
        symbol=symbol,
        side=side,
        price=price,
        qty=qty,
        cost=price * qty,
        fee=D(fee),
        fee_asset=symbol.split("/")[1],
        liquidity=None,
        trade_id=None,
        timestamp_ns=at,
        received_at_ns=at,
    )


def test_buys_average_and_sells_realise() -> None:
    """Two buys at 100 and 200, half of it sold at 180."""
    (held,) = positions(
        [fill("buy", "1", "100", 1), fill("buy", "1", "200", 2), fill("sell", "1", "180", 3, fee="0.5")]
    )
    assert (held.net_qty, held.avg_cost, held.realised) == (D(1), D(150), D(30))
    assert held.unrealised(D(160)) == D(10)
    assert (held.bought_qty, held.sold_qty, held.fees, held.fills) == (D(2), D(1), (("USD", D("0.5")),), 3)


def test_average_cost_is_a_price_and_what_was_realised_is_the_money_that_moved() -> None:
    """The exchange charged 3.16478 for 3.164775 and 9.49432 for 9.494325: prices stay prices, gains are of the sums."""
    bought = replace(fill("buy", "0.00005", "63295.5", 1), cost=D("3.16478"))
    (held,) = positions([bought])
    assert (held.avg_cost, held.unrealised(D("63295.5"))) == (D("63295.5"), D(0))
    (flat,) = positions([bought, replace(fill("sell", "0.00005", "63295.7", 2), cost=D("3.16479"))])
    assert (flat.net_qty, flat.avg_cost, flat.realised) == (D(0), None, D("0.00001"))
    (short,) = positions([bought, replace(fill("sell", "0.00015", "63295.5", 2), cost=D("9.49432"))])
    assert (short.net_qty, short.avg_cost) == (D("-0.0001"), D("63295.5"))
    assert abs(short.realised - (D("9.49432") / 3 - D("3.16478"))) < D("1E-25")


def test_selling_through_zero_begins_a_short_position_at_its_own_price() -> None:
    """Two sold where one was held: one is realised, one is short."""
    (held,) = positions([fill("buy", "1", "100", 1), fill("sell", "2", "130", 2)])
    assert (held.net_qty, held.avg_cost, held.realised) == (D(-1), D(130), D(30))
    assert held.unrealised(D(120)) == D(10)
    (closed,) = positions([fill("buy", "1", "100", 1), fill("sell", "2", "130", 2), fill("buy", "1", "140", 3)])
    assert (closed.net_qty, closed.avg_cost, closed.realised) == (D(0), None, D(20))
    assert closed.unrealised(D(1)) == D(0)


def test_pairs_are_apart_and_time_orders_fills() -> None:
    """They may become known in another order than they happened."""
    late, early = fill("sell", "1", "130", 2), fill("buy", "1", "100", 1)
    bitcoin, ether = positions([late, fill("buy", "3", "10", 3, symbol="ETH/USD"), early])
    assert (bitcoin.net_qty, bitcoin.realised) == (D(0), D(30))
    assert (ether.symbol, ether.net_qty) == ("ETH/USD", D(3))


def test_no_fills_no_positions() -> None:
    """Nothing adds up to nothing."""
    assert positions([]) == ()


cents = st.integers(1, 10**9).map(lambda units: D(units) / 100)


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), cents, cents), min_size=1, max_size=8), cents)
@pytest.mark.promise("S-15")
def test_gains_are_what_came_in_less_what_went_out(trades: list[tuple[str, D, D]], price: D) -> None:
    """Whatever the method, realised plus unrealised is the money moved plus what is held at that price."""
    (held,) = positions(fill(side, qty, at_price, i) for i, (side, qty, at_price) in enumerate(trades))
    money = sum((at * qty if side == "sell" else -at * qty for side, qty, at in trades), D(0))
    assert abs(held.realised + held.unrealised(price) - (money + held.net_qty * price)) <= D("1E-6")
    assert held.net_qty == held.bought_qty - held.sold_qty
