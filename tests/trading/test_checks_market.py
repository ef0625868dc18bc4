"""No price reference, no order: the book's state, the collar, slippage, triggers and own orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.trading.rules import OrderSettings
from kraken_lab.trading.states import OrderState

from .wishes import a_book, a_market, a_pair, a_wish, an_order, judged, refusals, some_facts, verdicts


@pytest.mark.promise("A-09")
@pytest.mark.fault("F-117")
@pytest.mark.parametrize(
    "state",
    [
        {"book": None, "book_state": "SYNCING"},
        {"book": None, "book_state": ""},
        {"book_state": "RESYNCING"},
        {"book_state": "UNVERIFIED"},
        {"book_state": "STALE"},
        {"book_state": "FAILED"},
        {"book_state": "live"},
        {"book_age": 3.0},
        {"book_age": 2.0001},
        {"book_age": None},
        {"book_age": float("nan")},
        {"book_age": float("inf")},
    ],
)
@pytest.mark.parametrize("mode", ["sandbox", "paper", "live"])
@pytest.mark.parametrize("wish", [a_wish(), a_market()], ids=["limit", "market"])
def test_without_a_verified_live_and_heard_book_nothing_goes(
    state: dict[str, Any], mode: str, wish: dict[str, Any]
) -> None:
    """Withheld, out of step, not verified or silent for more than two seconds: refused, in every mode."""
    assert "price reference" in refusals(wish, some_facts(mode=mode, **state))


@pytest.mark.promise("A-09")
@pytest.mark.fault("F-117")
def test_a_quiet_market_is_a_good_reference() -> None:
    """What counts is that the line was heard within two seconds, not that a price changed."""
    assert not refusals(a_wish(), some_facts(book_age=2.0))
    strict = OrderSettings(book_max_age=0.5)
    assert "price reference" in refusals(a_wish(), some_facts(book_age=0.6, settings=strict))


@pytest.mark.promise("A-09")
def test_the_book_of_another_pair_is_no_reference() -> None:
    """However fresh it is."""
    assert "price reference" in refusals(a_wish(), some_facts(book=a_book(symbol="ETH/USD")))


@pytest.mark.promise("A-09")
@pytest.mark.fault("F-116")
@pytest.mark.parametrize(
    ("side", "price", "refused"),
    [
        ("buy", "27825.4", False),  # 26500.4 + 5 % is 27825.42
        ("buy", "27825.5", True),
        ("buy", "265004.0", True),
        ("sell", "25175.0", False),  # 26500.0 - 5 % is 25175.0
        ("sell", "25174.9", True),
        ("sell", "2650.0", True),
    ],
)
def test_no_limit_price_reaches_through_the_collar(side: str, price: str, refused: bool) -> None:
    """Exactly five percent through the other side's best price passes, a tick more does not."""
    assert ("collar" in refusals(a_wish(side=side, limit_price=price), some_facts())) is refused


@pytest.mark.promise("A-09", "S-15")
@given(
    st.decimals(min_value="0.1", max_value="1000000", places=1),
    st.decimals(min_value="0.1", max_value="1000000", places=1),
    st.sampled_from(["buy", "sell"]),
)
@settings(max_examples=80)
def test_the_collar_is_exact_at_any_price(best: Decimal, limit: Decimal, side: str) -> None:
    """Refused exactly when the limit is beyond best * 1.05 for a buy, best * 0.95 for a sell."""
    book = a_book(bids=[(f"{best:f}", "1")], asks=[]) if side == "sell" else a_book(bids=[], asks=[(f"{best:f}", "1")])
    beyond = limit > best * Decimal("1.05") if side == "buy" else limit < best * Decimal("0.95")
    assert ("collar" in refusals(a_wish(side=side, limit_price=f"{limit:f}"), some_facts(book=book))) is beyond


@pytest.mark.fault("F-116")
def test_a_price_ten_times_off_on_the_harmless_side_is_pointed_out() -> None:
    """It would rest far away, which is allowed; the warning asks whether every digit is right."""
    for wish in (a_wish(side="sell", limit_price="265000.0"), a_wish(limit_price="2650.0")):
        assert verdicts(wish, some_facts())["collar"] == "warn"


@pytest.mark.fault("F-116")
def test_price_and_quantity_swapped_are_refused() -> None:
    """A price off the tick, or a sell far through the bid."""
    swapped = {"order_qty": "26500.4", "limit_price": "0.01"}
    assert "tick" in refusals(a_wish(**swapped), some_facts())
    assert "collar" in refusals(a_wish(side="sell", order_qty="26500", limit_price="1"), some_facts())


@pytest.mark.promise("A-09", "A-17")
def test_an_empty_side_makes_the_collar_stricter_not_absent() -> None:
    """With no asks a buy is held against the best bid; with no book at all nothing passes."""
    half = some_facts(book=a_book(asks=[]))
    assert "collar" not in refusals(a_wish(limit_price="27825.0"), half)
    assert "collar" in refusals(a_wish(limit_price="27825.1"), half)
    assert "collar" in refusals(a_wish(), some_facts(book=a_book(asks=[], bids=[])))


@pytest.mark.promise("A-09")
@pytest.mark.fault("F-118")
def test_a_market_order_in_a_thin_book_is_refused() -> None:
    """Three levels: half a coin is cheap, one and a half costs more than two percent, four are not there."""
    thin = a_book(asks=[("26500.0", "1"), ("27000.0", "0.5"), ("29000.0", "2")])
    facts = some_facts(book=thin)
    assert "slippage" not in refusals(a_market(order_qty="0.5"), facts)
    assert "slippage" not in refusals(a_market(order_qty="1.5"), facts)
    assert "slippage" in refusals(a_market(order_qty="2"), facts)  # 26500, 27000 and half at 29000: 2.6 %
    (found,) = judged(a_market(order_qty="4"), facts)["slippage"]
    assert found.verdict == "refuse"
    assert found.figures["visible"] == Decimal("3.5")
    assert "slippage" in refusals(a_market(), some_facts(book=a_book(asks=[])))


def test_the_average_is_said_in_the_pairs_digits() -> None:
    """Marked where it was rounded; the figure has all of it."""
    book = a_book(asks=[("26500.0", "1"), ("26500.1", "2")])
    (found,) = judged(a_market(order_qty="3"), some_facts(book=book))["slippage"]
    assert found.said.startswith("Average ≈26500.1 is 0.00 % worse than the best price 26500.0")
    assert len(str(found.figures["average"])) > 16


@pytest.mark.promise("A-09")
def test_exactly_the_slippage_that_is_allowed_passes() -> None:
    """Half at 100 and half at 104 is 2 %; a little more of the dearer is too much."""
    book = a_book(asks=[("100.0", "1"), ("104.0", "2")], bids=[("99.0", "5")])
    assert "slippage" not in refusals(a_market(order_qty="2"), some_facts(book=book))
    assert "slippage" in refusals(a_market(order_qty="2.00000001"), some_facts(book=book))


@pytest.mark.promise("A-09")
def test_an_order_sized_in_money_is_walked_by_money() -> None:
    """For 300 one gets 1 at 100 and 1.92 at 104: 2.6 %; for 150 it is within two."""
    book = a_book(asks=[("100.0", "1"), ("104.0", "2")], bids=[("99.0", "5")])
    for cash, refused in (("150", False), ("300", True)):
        wish = a_market(order_qty=None, cash_order_qty=cash)
        assert ("slippage" in refusals(wish, some_facts(book=book))) is refused


def test_a_triggered_market_order_warns_of_what_it_may_cost() -> None:
    """When it wakes the book is another one, so a thin book now is a warning."""
    thin = some_facts(book=a_book(bids=[("26500.0", "0.001")]))
    stop = a_market(order_type="stop-loss", side="sell", triggers={"price": "26000.0"})
    assert verdicts(stop, thin)["slippage"] == "warn"


@pytest.mark.parametrize(
    ("kind", "side", "price", "verdict"),
    [
        ("stop-loss", "sell", "26000.0", "pass"),
        ("stop-loss", "buy", "27000.0", "pass"),
        ("stop-loss", "sell", "27000.0", "refuse"),
        ("stop-loss", "buy", "26000.0", "refuse"),
        ("stop-loss", "sell", "26500.2", "pass"),  # between bid and ask: nobody knows
        ("take-profit", "sell", "27000.0", "pass"),
        ("take-profit", "buy", "26000.0", "pass"),
        ("take-profit", "sell", "26000.0", "refuse"),
        ("take-profit", "buy", "27000.0", "refuse"),
    ],
)
def test_a_stop_waits_on_the_far_side_of_the_market(kind: str, side: str, price: str, verdict: str) -> None:
    """A stop or take-profit that would wake at once is refused, as the exchange cancels it: it would do nothing."""
    wish = a_market(order_type=kind, side=side, triggers={"price": price})
    assert verdicts(wish, some_facts())["trigger"] == verdict


def test_a_trigger_as_an_offset_has_the_side_of_its_sign() -> None:
    """Two percent below is where a seller's stop belongs, and where a buyer's take-profit does."""
    below = {"price": "-2.0", "price_type": "pct"}
    assert not refusals(a_market(order_type="stop-loss", side="sell", triggers=below), some_facts())
    assert "trigger" in refusals(a_market(order_type="stop-loss", side="buy", triggers=below), some_facts())
    assert verdicts(a_market(order_type="take-profit", triggers=below), some_facts())["trigger"] == "pass"


def test_a_trailing_stop_never_wakes_at_once() -> None:
    """It begins at a distance from the market, below for a seller and above for a buyer."""
    for side, where in (("sell", Decimal("26000.2")), ("buy", Decimal("27000.2"))):
        wish = a_market(order_type="trailing-stop", side=side, triggers={"price": "500.0", "price_type": "quote"})
        (found,) = judged(wish, some_facts())["trigger"]
        assert (found.verdict, found.figures["trigger"]) == ("pass", where)


@pytest.mark.promise("A-09")
def test_a_stop_limit_is_held_against_its_own_trigger() -> None:
    """There the market will be when it wakes: six percent through it is refused, four are not."""
    for limit, refused in (("25000.0", False), ("24000.0", True)):
        wish = a_wish(order_type="stop-loss-limit", side="sell", limit_price=limit, triggers={"price": "26000.0"})
        assert ("collar" in refusals(wish, some_facts())) is refused


def test_a_post_only_order_that_would_take_is_pointed_out() -> None:
    """The exchange accepts it and cancels it, so it goes, with a warning."""
    for price, verdict in (("26500.3", "pass"), ("26500.4", "warn")):
        assert verdicts(a_wish(post_only=True, limit_price=price), some_facts())["post only"] == verdict


def test_an_order_that_may_meet_ones_own_is_pointed_out() -> None:
    """Self-trade prevention then decides who goes; orders on its own side, or over, do not matter."""
    mine = an_order(side="sell", limit_price=Decimal("26510.0"))
    wish = a_wish(limit_price="26510.0")
    assert verdicts(wish, some_facts(orders=(mine,)))["own orders"] == "warn"
    assert verdicts(a_market(), some_facts(orders=(mine,)))["own orders"] == "warn"
    for other in (an_order(), an_order(side="sell", state=OrderState.FILLED, limit_price=Decimal("26510.0"))):
        assert "own orders" not in judged(wish, some_facts(orders=(other,)))


def test_a_pair_with_coarse_quantities_is_walked_in_its_steps() -> None:
    """Money buys whole steps only."""
    facts = some_facts(
        pair=a_pair(qty_precision=0, qty_increment=Decimal(1), qty_min=Decimal(1)),
        book=a_book(asks=[("30.0", "1"), ("31.0", "10")], bids=[("29.0", "1")]),
    )
    (found,) = judged(a_market(order_qty=None, cash_order_qty="100"), facts)["slippage"]
    assert found.figures["average"] == Decimal(92) / 3
