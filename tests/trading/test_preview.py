"""What a preview says an order would do is what a plain walk through the book does, digit by digit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.trading.builders import propose_add
from kraken_lab.trading.facts import Facts
from kraken_lab.trading.preview import Preview, preview
from kraken_lab.trading.proposal_rows import preview_rows
from kraken_lab.trading.terms import read_batch
from kraken_lab.wire import AmendOrder

from .wishes import NOW, a_book, a_market, a_pair, a_request, a_wish, an_order, some_facts

Levels = list[tuple[int, int]]
"""Price in tenths, quantity in hundred-millionths."""


def seen(wish: dict[str, Any], facts: Facts | None = None) -> Preview:
    """The preview of a single order."""
    (one,) = preview(a_request(wish), facts or some_facts())
    return one


def numbers(*values: str | int) -> tuple[Decimal, ...]:
    """Several exact numbers."""
    return tuple(map(Decimal, values))


def ladder(levels: Levels) -> list[tuple[str, str]]:
    """Levels as a book is made of."""
    return [(f"{Decimal(price) / 10:f}", f"{Decimal(qty).scaleb(-8):f}") for price, qty in levels]


@st.composite
def books(draw: st.DrawFn) -> tuple[Levels, Levels]:
    """Bids and asks, best first, that do not cross; a side may be empty."""
    prices = sorted(draw(st.sets(st.integers(1, 300), min_size=1, max_size=12)))
    cut = draw(st.integers(0, len(prices)))
    qtys = st.integers(1, 3 * 10**8)
    bids = [(price, draw(qtys)) for price in reversed(prices[:cut])]
    return bids, [(price, draw(qtys)) for price in prices[cut:]]


@pytest.mark.promise("S-15")
@given(books(), st.integers(1, 8 * 10**8), st.integers(1, 300), st.sampled_from(["buy", "sell"]), st.booleans())
@settings(max_examples=120)
def test_fills_are_those_of_a_plain_walk(
    book: tuple[Levels, Levels], qty: int, limit: int, side: str, market: bool
) -> None:
    """Against a reference in whole numbers: fills, value, average, what rests, and the balances afterwards."""
    bids, asks = book
    left, fills = qty, []
    for price, there in asks if side == "buy" else bids:
        beyond = price > limit if side == "buy" else price < limit
        if not left or (beyond and not market):
            break
        fills.append((price, min(left, there)))
        left -= min(left, there)
    facts = some_facts(book=a_book(bids=ladder(bids), asks=ladder(asks)), precisions={})
    wish = a_market if market else a_wish
    prices = {} if market else {"limit_price": f"{Decimal(limit) / 10:f}"}
    one = seen(wish(side=side, order_qty=Decimal(qty).scaleb(-8), **prices), facts)
    value = Fraction(sum(price * taken for price, taken in fills), 10**9)
    assert [(int(price * 10), int(taken.scaleb(8))) for price, taken in one.fills] == fills
    assert Fraction(one.value) == value
    assert one.filled_qty == Decimal(qty - left).scaleb(-8)
    assert one.resting_qty == (0 if market else Decimal(left).scaleb(-8))
    assert one.dropped_qty == (Decimal(left).scaleb(-8) if market else 0)
    if fills:
        assert one.average_price is not None
        assert abs(Fraction(one.average_price) - value / Fraction(qty - left, 10**8)) < Fraction(1, 10**20)
        assert one.worst_price == Decimal(fills[-1][0]) / 10
    fee = value * Fraction(26, 10_000)
    sign = 1 if side == "buy" else -1
    assert Fraction(one.balances_after["USD"]) == 1_000_000 - sign * value - fee
    assert one.balances_after["BTC"] == 30 + sign * Decimal(qty - left).scaleb(-8)


@given(books(), st.integers(1, 10**7))
@settings(max_examples=60)
def test_money_buys_the_most_it_can_and_never_more(book: tuple[Levels, Levels], cash: int) -> None:
    """What is spent is at most the sum, and one step more of the last price would be too much, or is not there."""
    asks = book[1]
    facts = some_facts(book=a_book(bids=[], asks=ladder(asks)))
    budget = Decimal(cash).scaleb(-5)
    one = seen(a_market(order_qty=None, cash_order_qty=budget), facts)
    assert one.value <= budget
    spare = budget - one.value
    taken = sum(qty for _, qty in one.fills)
    there = sum((Decimal(qty).scaleb(-8) for _, qty in asks), Decimal(0))
    assert taken == there or spare < next_price(asks, one) * Decimal("1E-8")


def next_price(asks: Levels, one: Preview) -> Decimal:
    """The price at which the next unit would be bought."""
    left = one.filled_qty.scaleb(8)
    for price, qty in asks:
        left -= qty
        if left < 0:
            return Decimal(price) / 10
    raise AssertionError("nothing is left")


@pytest.mark.promise("S-15")
def test_fees_and_amounts_are_rounded_as_a_whole_to_the_assets_decimals() -> None:
    """Value 13250.2 + 13250.5, fee 0.26 % of it to four decimals, ties to even."""
    one = seen(a_market(order_qty="1"))
    assert one.value == Decimal("26500.7")
    assert one.fee == Decimal("68.9018")
    assert one.fee_asset == "USD"
    assert one.balances_after["USD"] == Decimal(1_000_000) - Decimal("26500.7") - Decimal("68.9018")
    tie = some_facts(fee_rates=(Decimal(0), Decimal("0.00005")), book=a_book(asks=[("1.0", "9")], bids=[]))
    fees = [seen(a_market(order_qty=qty), tie).fee for qty in ("1", "3", "5")]
    assert fees == [Decimal("0.0000"), Decimal("0.0002"), Decimal("0.0002")]


def test_a_fee_in_base_is_taken_from_what_was_bought() -> None:
    """Preferred in base, it is a share of the quantity, at base decimals."""
    one = seen(a_market(order_qty="0.5", fee_preference="base"))
    assert (one.fee, one.fee_asset) == (Decimal("0.0013"), "BTC")
    assert one.balances_after == {"BTC": Decimal("30.4987"), "USD": Decimal("986749.8")}
    assert seen(a_market(), some_facts(fee_rates=None)).fee is None


def test_a_resting_order_says_who_is_before_it() -> None:
    """At its price what is visible there, at better prices what is visible there, and the fee if it fills as maker."""
    one = seen(a_wish(limit_price="26499.0", order_qty="1"))
    assert not one.fills
    assert (one.resting_qty, one.resting_price) == numbers(1, "26499.0")
    assert (one.queue_ahead, one.better_ahead) == numbers(2, "1.5")
    assert one.resting_fee == Decimal("42.3984")
    first = seen(a_wish(limit_price="26500.1"))
    assert (first.queue_ahead, first.better_ahead) == numbers(0, 0)
    sell = seen(a_wish(side="sell", limit_price="26510.0"))
    assert (sell.queue_ahead, sell.better_ahead) == numbers(20, "2.5")


@pytest.mark.parametrize(("side", "limit", "better"), [("buy", "26489.9", "23.5"), ("sell", "26510.1", "22.5")])
def test_of_a_queue_beyond_the_levels_that_are_known_only_the_least_is_said(side: str, limit: str, better: str) -> None:
    """Three levels of a book that is three deep: what else there is nobody sees. One with fewer is known whole."""
    proposal = propose_add(a_wish(side=side, limit_price=limit), some_facts())
    one = proposal.preview
    assert one is not None
    assert (one.queue_ahead, one.better_ahead, one.beyond_levels) == (None, Decimal(better), 3)
    rows = dict(preview_rows(proposal.legs[0], one, proposal))
    assert (
        rows["queue ahead"]
        == f"not visible: beyond the 3 levels that are known; at least {better} BTC at better prices"
    )
    whole = seen(a_wish(side=side, limit_price=limit), some_facts(book=replace(a_book(), depth=4)))
    assert (whole.queue_ahead, whole.better_ahead, whole.beyond_levels) == (Decimal(0), Decimal(better), None)


def test_a_crossing_order_fills_first_and_its_rest_leads_the_queue() -> None:
    """Half fills, half rests at the limit with nobody before it."""
    one = seen(a_wish(limit_price="26500.4", order_qty="1"))
    assert one.fills == ((Decimal("26500.4"), Decimal("0.5")),)
    assert (one.resting_qty, one.queue_ahead, one.better_ahead) == numbers("0.5", 0, 0)
    assert "at once" in one.outcome
    assert "rests" in one.outcome


@pytest.mark.parametrize(
    ("changes", "filled", "rests", "dropped"),
    [
        ({"time_in_force": "ioc"}, "0.5", "0", "0.5"),
        ({"time_in_force": "fok"}, "0", "0", "1"),
        ({"time_in_force": "fok", "order_qty": "0.5"}, "0.5", "0", "0"),
        ({"post_only": True}, "0", "0", "1"),
        ({"post_only": True, "limit_price": "26500.3"}, "0", "1", "0"),
        ({"effective_time": "2026-05-04T12:00:00Z"}, "0", "0", "0"),
        ({"order_type": "iceberg", "display_qty": "0.1"}, "0.5", "0.5", "0"),
    ],
)
def test_times_in_force_and_flags_decide_what_rests(
    changes: dict[str, Any], filled: str, rests: str, dropped: str
) -> None:
    """A buy of one coin at the ask, where half a coin is offered."""
    one = seen(a_wish(**{"limit_price": "26500.4", "order_qty": "1", **changes}))
    assert (one.filled_qty, one.resting_qty, one.dropped_qty) == numbers(filled, rests, dropped)


def test_a_triggered_order_does_nothing_yet() -> None:
    """It waits; balances stay."""
    one = seen(a_market(order_type="stop-loss", side="sell", triggers={"price": "26000.0"}))
    assert not one.fills
    assert (one.resting_qty, one.dropped_qty) == numbers(0, 0)
    assert "trigger" in one.outcome
    assert one.balances_after["BTC"] == 30


@pytest.mark.parametrize(("kind", "price"), [("stop-loss", "27000.0"), ("take-profit", "26000.0")])
def test_an_order_whose_trigger_is_passed_is_cancelled_and_does_not_wait(kind: str, price: str) -> None:
    """As the check says and the exchange does; of an empty side nobody can say that it is passed."""
    wish = a_market(order_type=kind, side="sell", order_qty="1", triggers={"price": price})
    one = seen(wish)
    assert "cancels it at once" in one.outcome
    assert (one.filled_qty, one.dropped_qty, one.balances_after["BTC"]) == numbers(0, 1, 30)
    assert "Waits" in seen(wish, some_facts(book=a_book(asks=[]))).outcome


def test_the_orders_of_a_batch_find_what_the_ones_before_left() -> None:
    """Two buys of half a coin: the second pays the next price, and the balances are those after both."""
    leg = a_market(symbol=None, order_qty="0.5")
    request = read_batch({"symbol": "BTC/USD", "orders": [leg, leg]}).request
    assert request is not None
    first, second = preview(request, some_facts())
    assert (first.average_price, second.average_price) == numbers("26500.4", 26501)
    assert second.balances_after["BTC"] == 31
    assert first.balances_after["BTC"] == Decimal("30.5")
    assert second.rate_cost == 1


def test_an_amendment_is_previewed_by_what_is_left_of_its_order() -> None:
    """1.5 of which 0.5 is filled, amended to 2: 1.5 is left, and its own quantity is not before itself."""
    order = an_order(filled_qty=Decimal("0.5"))
    more = AmendOrder(order_id=order.order_id, order_qty=Decimal(2), token="")
    (one,) = preview(more, some_facts(orders=(order,)))
    assert (one.resting_qty, one.queue_ahead, one.better_ahead) == numbers("1.5", 1, "1.5")
    moved = replace(more, order_qty=None, limit_price=Decimal("26490.0"))
    (one,) = preview(moved, some_facts(orders=(order,)))
    assert (one.resting_qty, one.queue_ahead, one.better_ahead) == numbers(1, 20, "2.5")


@pytest.mark.parametrize(("age_s", "cost"), [(2, 4), (7, 3), (12, 2), (60, 1)])
def test_changing_ones_mind_quickly_costs_more_of_the_rate_counter(age_s: int, cost: int) -> None:
    """An amendment costs one, and more the younger its order is; what is left is of the maximum."""
    order = an_order(updated_ns=NOW.wall_ns - age_s * 10**9)
    amend = AmendOrder(order_id=order.order_id, order_qty=Decimal(2), token="")
    (one,) = preview(amend, some_facts(orders=(order,)))
    assert (one.rate_cost, one.rate_left) == (Decimal(cost), Decimal("121.75") - cost)


def test_distance_is_from_the_other_sides_best_price() -> None:
    """In percent, negative below it; none without a limit or without that side."""
    assert seen(a_wish(limit_price="25000.0"), some_facts(book=a_book(asks=[("50000.0", "1")]))).distance_pct == -50
    assert seen(a_market()).distance_pct is None
    assert seen(a_wish(), some_facts(book=a_book(asks=[]))).distance_pct is None


def test_without_a_book_or_a_pair_there_is_no_preview() -> None:
    """Nothing is made up."""
    assert preview(a_request(a_wish()), some_facts(book=None)) == ()
    assert preview(a_request(a_wish()), some_facts(pair=None)) == ()


def test_quantities_of_money_are_whole_steps_of_the_pair() -> None:
    """Coarse steps leave change."""
    facts = some_facts(
        pair=a_pair(qty_precision=2, qty_increment=Decimal("0.25")), book=a_book(asks=[("30.0", "9")], bids=[])
    )
    one = seen(a_market(order_qty=None, cash_order_qty="100"), facts)
    assert one.fills == ((Decimal("30.0"), Decimal("3.25")),)
