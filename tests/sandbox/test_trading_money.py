"""Fees, holds and the ledger: every unit is accounted for."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal as D
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.account import PAPER_MONEY, Account, opening
from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.fees import FeeRates, FeeSchedule
from kraken_lab.sandbox.instruments import ASSETS, PAIRS
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.numbers import written
from kraken_lab.sandbox.order_terms import Amendment, Edit
from kraken_lab.sandbox.orders import LedgerEntry, Report
from kraken_lab.sandbox.trading import Rejection, Trading
from tests.sandbox.bare_market import START_NS, Desk, order_terms, trigger

BTC = 10**8
ASSET = {asset.id: asset for asset in ASSETS}


def money(desk: Desk, asset: str) -> D:
    """A balance as it is written."""
    return D(written(desk.trading.holdings[asset].balance, ASSET[asset].precision))


def held(desk: Desk, asset: str) -> D:
    """What open orders hold."""
    return D(written(desk.trading.holdings[asset].hold, ASSET[asset].precision))


# --- fees ---------------------------------------------------------------------------------------------------------


def test_a_taker_pays_more_than_a_maker() -> None:
    """0.26 and 0.16 percent of the cost at first, in quote, beside the amount; base first in the ledger."""
    desk = Desk(balances={"USD": D(1000), "BTC": D(2)})
    desk.market.stranger("sell", 1000, BTC)
    desk.add()
    assert [(e.asset, e.amount, e.fee) for e in desk.entries] == [("BTC", 10**10, 0), ("USD", -1_000_000, 2600)]
    assert money(desk, "USD") == D("899.7400")
    desk.add(side="sell", limit_price="101")
    desk.market.stranger("buy", 1010, BTC)
    assert money(desk, "USD") == D("899.7400") + 101 - D("0.1616")
    assert desk.trading.fills[0].fee_usd == 16160


def test_the_two_entries_of_a_trade_share_a_reference() -> None:
    """Base, then quote, each with an id of its own, and the fill names both."""
    desk = Desk()
    desk.market.stranger("sell", 1000, BTC)
    desk.add()
    base, quote = desk.entries
    (fill,) = desk.trading.fills
    assert base.ref_id == quote.ref_id == fill.ref_id
    assert (base.ledger_id, quote.ledger_id) == fill.ledger_ids
    assert fill.exec_id.startswith("T")
    assert base.ledger_id.startswith("L")


@pytest.mark.parametrize(("side", "price"), [("buy", 1000), ("sell", 1000)])
def test_fees_are_taken_from_base_where_that_is_preferred(side: Any, price: int) -> None:
    """Of what is bought, or on top of what is sold."""
    desk = Desk(balances={"USD": D(100), "BTC": D("1.0026")})
    desk.market.stranger("sell" if side == "buy" else "buy", price, BTC)
    before = money(desk, "BTC")
    order = desk.add(side=side, fee_preference="base")
    assert order.status == "filled"
    assert money(desk, "BTC") == before + (1 if side == "buy" else -1) - D("0.0026")
    assert money(desk, "USD") == (0 if side == "buy" else 200)
    assert order.fees == (("BTC", 26_000_000),)
    assert desk.trading.fills[0].fee_usd == 26_000


def test_the_pieces_of_an_order_cost_what_the_whole_would() -> None:
    """Cost and fee are rounded for the order, so many small fills neither gain nor lose by it."""
    pieces, whole = Desk(), Desk()
    for desk, parts in ((pieces, 7), (whole, 1)):
        desk.add(order_qty="0.00070007", limit_price="12345.6")
        for _ in range(parts):
            desk.market.stranger("sell", 123_456, 70_007 // parts)
    assert len(pieces.trading.fills) == 7
    assert money(pieces, "USD") == money(whole, "USD")
    assert sum(fill.fee for fill in pieces.trading.fills) == whole.trading.fills[0].fee


def test_volume_lowers_the_fees_for_thirty_days() -> None:
    """Then it is forgotten."""
    schedule = FeeSchedule(((0, FeeRates(1_600, 2_600)), (100, FeeRates(0, 1_000))))
    desk = Desk(fees=schedule)
    desk.market.stranger("sell", 1000, 10 * BTC)
    desk.add()
    assert desk.trading.fee_rates("BTC/USD", desk.now) == (0, 1_000)
    desk.add()
    assert [fill.fee for fill in desk.trading.fills] == [1000, 2600]
    desk.wait(30 * 86_400)
    assert desk.trading.fee_rates("BTC/USD", desk.now) == (1_600, 2_600)


@pytest.mark.parametrize("steps", [(), ((5, FeeRates(1, 2)),), ((0, FeeRates(1, 2)), (0, FeeRates(1, 2)))])
def test_a_fee_schedule_begins_at_nothing_and_ascends(steps: Any) -> None:
    """Otherwise it is refused."""
    with pytest.raises(SandboxError, match="ascends"):
        FeeSchedule(steps)


def test_fees_in_other_currencies_are_worth_dollars() -> None:
    """By the last trade for dollars, by a fixed rate, or through another pair."""
    desk = Desk()
    desk.market.trade_at(2000_00, "ETH/USD")
    desk.market.stranger("sell", 5_000, 10**8, "ETH/BTC")
    desk.add(symbol="ETH/BTC", limit_price="0.05")
    assert desk.trading.fills[0].fee_usd == round(D("0.05") * D("0.0026") * 100 * 10**5)
    desk.market.stranger("sell", 10_000, 100 * 10**8, "ACA/EUR")
    desk.add(symbol="ACA/EUR", limit_price="0.1", order_qty="100")
    assert desk.trading.fills[0].fee_usd == round(D("10") * D("0.0026") * D("1.08") * 10**5)
    desk.market.stranger("sell", 10_000, 100 * 10**8, "ACA/EUR")
    desk.add(symbol="ACA/EUR", limit_price="0.1", order_qty="100", fee_preference="base")
    assert desk.trading.fills[0].fee_usd == round(D("0.26") * D("0.1") * D("1.08") * 10**5)


# --- holds --------------------------------------------------------------------------------------------------------


def test_a_buy_order_holds_its_cost_and_its_fee() -> None:
    """Until it is gone; what it holds no other order can use."""
    desk = Desk(balances={"USD": D(150)})
    order = desk.add()
    assert held(desk, "USD") == D("100.26")
    assert desk.refusal(order_qty="0.5") == "EOrder:Insufficient funds"
    desk.trading.cancel(desk.now, order_id=order.order_id)
    assert held(desk, "USD") == 0
    assert desk.refusal(order_qty="1.4") == ""


def test_a_sell_order_holds_its_quantity() -> None:
    """Its fee comes out of what it earns."""
    desk = Desk(balances={"BTC": D(1)})
    desk.add(side="sell", limit_price="101")
    assert held(desk, "BTC") == 1
    desk.market.stranger("buy", 1010, BTC // 4)
    assert held(desk, "BTC") == D("0.75")
    assert money(desk, "USD") == D("25.25") - D("0.0404")


def test_a_hold_shrinks_with_every_fill() -> None:
    """What was filled is paid, what is left is held."""
    desk = Desk(balances={"USD": D("100.26")})
    desk.add()
    desk.market.stranger("sell", 1000, BTC // 2)
    assert held(desk, "USD") == D("50.13")
    desk.market.stranger("sell", 1000, BTC // 2)
    assert held(desk, "USD") == 0
    assert money(desk, "USD") == D("0.10")


def test_amending_and_editing_use_what_the_order_holds_already() -> None:
    """More than that must be there."""
    desk = Desk(balances={"USD": D(150)})
    order = desk.add()
    desk.trading.amend(Amendment(order_id=order.order_id, order_qty=D("1.4")), desk.now)
    assert held(desk, "USD") == D("140.364")
    with pytest.raises(Rejection, match="EOrder:Insufficient funds"):
        desk.trading.amend(Amendment(order_id=order.order_id, limit_price=D("110")), desk.now)
    assert desk.now_is(order).limit_price == 1000
    with pytest.raises(Rejection, match="EOrder:Insufficient funds"):
        desk.trading.edit(Edit(order_id=order.order_id, symbol="BTC/USD", order_qty=D(2)), desk.now)
    assert desk.trading.edit(Edit(order_id=order.order_id, symbol="BTC/USD", limit_price=D(105)), desk.now)
    assert held(desk, "USD") == D("147.3822")


def test_a_market_order_is_held_against_what_it_would_cost() -> None:
    """At the prices that it would meet, fee included, and its own orders do not count."""
    desk = Desk(balances={"USD": D("202.50"), "BTC": D(2)})
    desk.add(side="sell", limit_price="100.5")
    desk.market.stranger("sell", 1010, BTC)
    desk.market.stranger("sell", 1020, BTC)
    assert desk.refusal(order_type="market", order_qty="2", stp_type="cancel_oldest") == "EOrder:Insufficient funds"
    assert desk.add(order_type="market", order_qty="1.9", stp_type="cancel_oldest").status == "filled"


def test_a_triggered_order_that_cannot_be_paid_any_more_is_cancelled() -> None:
    """It held money for its trigger price, and the market has run away from it."""
    desk = Desk(balances={"USD": D(110)})
    order = desk.add(order_type="stop-loss", triggers=trigger("101"))
    assert held(desk, "USD") == D("101.2626")
    desk.heard()
    desk.market.stranger("sell", 1200, BTC)
    desk.market.trade_at(1050)
    assert desk.heard() == ["status", "canceled: Insufficient funds"]
    assert desk.now_is(order).cum_qty == 0
    assert held(desk, "USD") == 0


def test_an_order_sized_in_quote_buys_for_that_and_no_more() -> None:
    """The fee comes on top; the quantity is known once it is done."""
    desk = Desk(balances={"USD": D(1000)})
    desk.market.stranger("sell", 1000, BTC)
    desk.market.stranger("sell", 1030, 10 * BTC)
    order = desk.add(order_type="market", order_qty=None, cash_order_qty="250")
    assert order.status == "filled"
    assert order.order_qty == order.cum_qty == BTC + 150 * BTC // 103
    assert D("249.99999") < D(written(order.cum_cost, 5)) <= 250
    assert money(desk, "USD") == D("750") - D("0.65")


@pytest.mark.parametrize(("asked", "text"), [("0.5", "volume minimum not met"), ("990", "Insufficient funds")])
def test_an_order_sized_in_quote_must_buy_enough_and_be_paid(asked: str, text: str) -> None:
    """The least quantity counts at the best price, and the fee counts."""
    desk = Desk(balances={"USD": D(990)})
    desk.market.stranger("sell", 200_000, 10 * BTC)
    assert text in desk.refusal(order_type="market", order_qty=None, cash_order_qty=asked)


def test_an_order_sized_in_quote_that_empties_the_book_is_cancelled() -> None:
    """There was less than it had money for."""
    desk = Desk()
    desk.market.stranger("sell", 1000, BTC)
    order = desk.add(order_type="market", order_qty=None, cash_order_qty="250")
    assert (order.status, order.cum_qty, order.reason) == ("canceled", BTC, "Insufficient liquidity")


# --- accounts -----------------------------------------------------------------------------------------------------


def test_everybody_begins_with_plenty_of_paper_money() -> None:
    """In every asset that is listed."""
    assert set(PAPER_MONEY) == set(ASSET)
    assert money(Desk(), "USD") == 100_000


@pytest.mark.parametrize(("balances", "match"), [({"XXX": D(1)}, "not listed"), ({"USD": D(-1)}, "not possible")])
def test_impossible_balances_are_refused(balances: Any, match: str) -> None:
    """At the beginning."""
    with pytest.raises(SandboxError, match=match):
        opening(balances, ASSET)


def test_releasing_twice_frees_once() -> None:
    """A hold belongs to its order, and goes with it."""
    account = Account({"USD": 10}, new_ledger_id=lambda: "L")
    account.hold("O", "USD", 4)
    account.hold("O", "USD", 3)
    account.release("O")
    account.release("O")
    assert account.available("USD") == 10


# --- conservation ---------------------------------------------------------------------------------------------------

prices = st.integers(990, 1010)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["add", "add", "stranger", "stranger"]),
            st.sampled_from(["buy", "sell"]),
            prices,
            st.integers(1, 3 * BTC),
            st.fixed_dictionaries(
                {
                    "order_type": st.sampled_from(
                        ["limit", "limit", "market", "iceberg", "stop-loss", "trailing-stop"]
                    ),
                    "time_in_force": st.sampled_from(["gtc", "gtc", "ioc"]),
                    "fee_preference": st.sampled_from([None, "base"]),
                    "stp_type": st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both"]),
                }
            ),
        ),
        st.tuples(
            st.sampled_from(["amend", "cancel", "edit", "fill"]),
            st.just("buy"),
            prices,
            st.integers(1, 3 * BTC),
            st.just({}),
        ),
    ),
    min_size=5,
    max_size=25,
)


def one_step(desk: Desk, step: Any) -> None:
    """Ask for it; what is refused is refused."""
    kind, side, price, qty, how = step
    size, at = D(written(qty, 8)), D(written(price, 1))
    if kind == "stranger":
        desk.market.stranger(side, price, qty)
        return
    if kind == "add":
        terms: dict[str, Any] = {"side": side, "order_qty": size, **how}
        if how["order_type"] in ("limit", "iceberg"):
            terms["limit_price"] = at
        if how["order_type"] == "iceberg":
            terms |= {"display_qty": size / 8, "time_in_force": "gtc"}
        if how["order_type"] == "stop-loss":
            terms["triggers"] = trigger("-0.3" if side == "sell" else "0.3", price_type="quote")
        if how["order_type"] == "trailing-stop":
            terms["triggers"] = trigger("0.4", price_type="quote")
        desk.trading.add(order_terms(**terms), desk.now)
        return
    if not desk.trading.open_orders:
        return
    order = desk.trading.open_orders[qty % len(desk.trading.open_orders)]
    if kind == "cancel":
        desk.trading.cancel(desk.now, order_id=order.order_id)
    elif kind == "amend":
        desk.trading.amend(Amendment(order_id=order.order_id, order_qty=size, limit_price=at), desk.now)
    elif kind == "edit":
        desk.trading.edit(Edit(order_id=order.order_id, symbol="BTC/USD", limit_price=at), desk.now)
    else:
        desk.trading.force_fill(order.order_id, None, None, desk.now)


@settings(max_examples=120, deadline=None)
@given(steps)
def test_money_and_quantity_are_conserved(script: list[Any]) -> None:
    """What the account gained the other side of its trades lost, and the ledger adds up to every balance.

    Quantities are exact. The cost of an order is off the value of its trades by half a unit at most, once. What is held
    is never more than what there is, and no book is crossed.
    """
    desk = Desk(balances={"USD": D("400"), "BTC": D("4")})
    batches: list[Batch] = []
    desk.market.listeners.append(batches.append)
    first = desk.trading.holdings
    for step in script:
        desk.wait(60)
        with suppress(Rejection):
            one_step(desk, step)
        totals = Counter[str]()
        for entry in desk.entries:
            totals[entry.asset] += entry.amount - entry.fee
            assert entry.balance == first[entry.asset].balance + totals[entry.asset]
        for asset, holding in desk.trading.holdings.items():
            assert holding.balance == first[asset].balance + totals[asset]
            assert 0 <= holding.hold <= holding.balance
        bid, ask = desk.market.engine("BTC/USD").best("buy"), desk.market.engine("BTC/USD").best("sell")
        assert bid is None or ask is None or bid[0] < ask[0]

    public = {trade.trade_id: trade for batch in batches for trade in batch.trades}
    orders = {order.order_id: order for order in (*desk.trading.open_orders, *desk.trading.closed_orders)}
    counted = Counter[str]()
    for fill in desk.trading.fills:
        trade = public[fill.trade_id]
        assert (fill.price, fill.qty) == (trade.price, trade.qty)
        assert fill.order_id == (trade.maker_order_id if fill.liquidity == "m" else trade.taker_order_id)
        counted[fill.order_id] += fill.qty
    mine = {party for trade in public.values() for party in (trade.maker_order_id, trade.taker_order_id)} & set(orders)
    assert set(counted) == mine
    assert all(order.cum_qty == counted[name] <= order.order_qty for name, order in orders.items())
    signs = {"buy": 1, "sell": -1}
    base = sum(signs[o.side] * o.cum_qty for o in orders.values())
    assert sum(e.amount for e in desk.entries if e.asset == "BTC") == base * 100
    exact = -sum(signs[o.side] * o.value for o in orders.values())
    booked = sum(e.amount for e in desk.entries if e.asset == "USD") * 10**5
    assert abs(exact - booked) <= len(mine) * 10**5 // 2


def an_hour(seed: int) -> tuple[list[Report], list[LedgerEntry], Trading]:
    """Trading in the synthetic market with a little of everything."""
    market = Market(seed=seed, start_ns=START_NS, pairs=PAIRS[:2])
    trading = Trading(market, Listing(PAIRS, ASSETS), random=Random(seed), tier="pro")
    reports: list[Report] = []
    entries: list[LedgerEntry] = []
    trading.reports.append(reports.extend)
    trading.ledger.append(entries.extend)
    dice = Random(seed)
    for _ in range(40):
        market.advance(market.now_ns + dice.randrange(1, 10) * 10**9)
        trading.advance(market.now_ns)
        side: Any = dice.choice(["buy", "sell"])
        best = market.engine("BTC/USD").best(side)
        assert best is not None
        at, size = D(written(best[0], 1)), D(dice.randrange(1, 200)) / 1000
        how: dict[str, Any] = dice.choice(
            [
                {"limit_price": at},
                {"limit_price": at, "post_only": True},
                {"order_type": "market"},
                {"order_type": "iceberg", "limit_price": at, "display_qty": size / 10},
                {"order_type": "trailing-stop", "triggers": trigger("0.02", price_type="pct")},
                {"order_type": "stop-loss", "triggers": trigger("20" if side == "buy" else "-20", price_type="quote",
                 reference="index")},
            ]
        )  # fmt: skip
        try:
            trading.add(order_terms(**{"side": side, "order_qty": size, **how}), market.now_ns)
        except Rejection:
            continue
    return reports, entries, trading


def test_the_synthetic_market_trades_with_the_account_and_the_books_balance() -> None:
    """Makers' and takers' fills, icebergs and triggers: the ledger adds up, and no hold outlives its order."""
    reports, entries, trading = an_hour(3)
    kinds = Counter(report.kind for report in reports)
    assert kinds["trade"] > 20
    assert kinds["status"] > 3
    assert {fill.liquidity for fill in trading.fills} == {"m", "t"}
    for asset in ("BTC", "USD"):
        begun = opening(PAPER_MONEY, ASSET)[asset]
        assert trading.holdings[asset].balance == begun + sum(e.amount - e.fee for e in entries if e.asset == asset)
    trading.cancel_all(START_NS + 10**13)
    assert all(holding.hold == 0 for holding in trading.holdings.values())


def test_the_same_seed_gives_the_same_trading() -> None:
    """Ids, reports and ledger entries, one for one."""
    assert an_hour(5)[:2] == an_hour(5)[:2]
