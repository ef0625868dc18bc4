"""Limits that a person set, and repetition: exact, with fees, and as strict as the mode says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import BadArgument
from kraken_lab.trading.builders import propose_add
from kraken_lab.trading.facts import Past
from kraken_lab.trading.notional import added_notional
from kraken_lab.trading.rules import Limits
from kraken_lab.trading.states import OrderState
from kraken_lab.trading.terms import read_batch
from kraken_lab.wire import AmendOrder, Instant

from .wishes import (
    FOUR,
    NOW,
    a_book,
    a_market,
    a_request,
    a_wish,
    an_order,
    judged,
    live_facts,
    past_of,
    refusals,
    some_facts,
    verdicts,
)

PRICES = st.decimals(min_value="0.1", max_value="90000", places=1)
QTYS = st.decimals(min_value="0.0001", max_value="1000", places=8)
TINY = Decimal("1E-20")


def limits(**changes: Any) -> Limits:
    """The four limits with some changed."""
    return replace(FOUR, **changes)


@pytest.mark.promise("A-08", "S-15")
@pytest.mark.fault("F-113")
@given(PRICES, QTYS, st.sampled_from(["0.0026", "0.004", "0"]))
@settings(max_examples=60)
def test_an_orders_notional_is_exact_with_its_fee(price: Decimal, qty: Decimal, rate: str) -> None:
    """Price times quantity times one plus the taker's rate: at the limit allowed, a hair above refused."""
    worth = price * qty * (1 + Decimal(rate))
    wish = a_wish(limit_price=f"{price:f}", order_qty=f"{qty:f}")
    for most, refused in ((worth, False), (worth + TINY, False), (worth - TINY, True)):
        facts = live_facts(fee_rates=(Decimal(0), Decimal(rate)), limits=limits(max_order_notional=most))
        assert ("order notional" in refusals(wish, facts)) is refused


@pytest.mark.promise("A-08")
@pytest.mark.fault("F-113")
@given(PRICES, QTYS)
@settings(max_examples=40)
def test_one_tick_more_or_less_decides(price: Decimal, qty: Decimal) -> None:
    """The same limit lets a price through, and the next tick above it not."""
    facts = live_facts(limits=limits(max_order_notional=price * qty * Decimal("1.0026")))
    for tick, refused in ((Decimal("-0.1"), False), (Decimal(0), False), (Decimal("0.1"), True)):
        if price + tick > 0:
            wish = a_wish(limit_price=f"{price + tick:f}", order_qty=f"{qty:f}")
            assert ("order notional" in refusals(wish, facts)) is refused


@pytest.mark.promise("A-08")
@pytest.mark.fault("F-113")
@given(st.decimals(min_value="1", max_value="1000", places=5))
@settings(max_examples=30)
def test_an_order_sized_in_quote_counts_with_its_fee(cash: Decimal) -> None:
    """The sum of money and the taker's fee on it."""
    wish = a_market(order_qty=None, cash_order_qty=f"{cash:f}")
    for more, refused in ((Decimal(0), False), (-TINY, True)):
        facts = live_facts(limits=limits(max_order_notional=cash * Decimal("1.0026") + more))
        assert ("order notional" in refusals(wish, facts)) is refused


@pytest.mark.promise("A-08")
@pytest.mark.parametrize(
    ("wish", "worth"),
    [
        (a_market(order_qty="1"), Decimal("26500.4") / 2 + Decimal("26501.0") / 2),
        (
            a_wish(side="sell", order_qty="2", limit_price="26499.0"),
            Decimal("26500") * Decimal("1.5") + Decimal("13249.5"),
        ),
        (a_wish(side="sell", order_qty="1", limit_price="27000.0"), Decimal("27000")),
        (a_market(order_type="stop-loss", order_qty="1", triggers={"price": "27000.0"}), Decimal("27000")),
        (a_market(order_type="stop-loss", side="sell", order_qty="1", triggers={"price": "26000.0"}), Decimal("26500")),
        (
            a_wish(order_type="stop-loss-limit", order_qty="1", limit_price="27100.0", triggers={"price": "27000.0"}),
            Decimal("27100"),
        ),
        (a_market(order_type="trailing-stop", order_qty="1", triggers={"price": "10", "price_type": "quote"}),
         Decimal("26510.2")),
    ],
)  # fmt: skip
def test_an_order_counts_at_the_most_it_may_be_worth(wish: dict[str, Any], worth: Decimal) -> None:
    """A market order by what it takes, a sell by the bids it would hit, a triggered one by its dearest price."""
    assert added_notional(a_request(wish), live_facts()) == worth * Decimal("1.0026")


def test_a_post_only_order_counts_with_the_makers_fee() -> None:
    """It cannot take."""
    assert added_notional(a_request(a_wish(post_only=True)), live_facts()) == Decimal(260) * Decimal("1.0016")


def test_an_amendment_adds_only_what_it_increases() -> None:
    """Twice the quantity adds once the order; less adds nothing, and the order limit counts the whole."""
    order = an_order(order_qty=Decimal(1), limit_price=Decimal("26000.0"))
    facts = live_facts(orders=(order,), limits=limits(max_order_notional="40000"))
    more = AmendOrder(order_id=order.order_id, order_qty=Decimal(2), token="")
    assert added_notional(more, facts) == Decimal(26000) * Decimal("1.0026")
    assert "order notional" in refusals(more, facts)
    assert added_notional(replace(more, order_qty=Decimal("0.5")), facts) == 0


@pytest.mark.promise("A-08")
@pytest.mark.fault("F-114", "F-115")
def test_the_day_counts_what_was_confirmed_in_it_whatever_became_of_it() -> None:
    """This UTC day, the same quote currency, whoever's kernel, and orders in doubt in full; then this one."""
    worth = Decimal(260) * Decimal("1.0026")
    midnight_ago = NOW.wall_ns / 1e9 % 86_400
    past = (
        past_of(a_wish(), ago_s=100, notional="100"),
        past_of(a_wish(), ago_s=5_000, notional="50.5", at_mono=None),
        past_of(a_wish(), ago_s=midnight_ago + 1, notional="7000"),
        past_of(a_wish(symbol="ETH/BTC"), ago_s=100, notional="9000"),
    )
    for more, refused in ((Decimal(0), False), (-TINY, True)):
        facts = live_facts(past=past, limits=limits(max_day_notional=Decimal("150.5") + worth + more))
        assert ("day notional" in refusals(a_wish(), facts)) is refused
    assert judged(a_wish(), facts)["day notional"][0].figures["used"] == Decimal("150.5")


@pytest.mark.promise("A-08")
@pytest.mark.parametrize("name", ["max_order_notional", "max_day_notional"])
def test_a_number_is_no_limit_of_several_currencies(name: str) -> None:
    """1000 is not as many bitcoin as dollars: each quote currency of the allowed pairs has an amount of its own."""
    both = ["BTC/USD", "ETH/BTC"]
    with pytest.raises(BadArgument, match="A plain number would mean 1000 BTC as well as 1000 USD"):
        Limits(**{name: "1000", "allowed_symbols": both})  # type: ignore[arg-type]
    with pytest.raises(BadArgument, match="There is none in BTC"):
        Limits(**{name: {"USD": "1000"}, "allowed_symbols": both})  # type: ignore[arg-type]
    each = Limits(**{name: {"USD": "1000", "BTC": "0.05"}, "allowed_symbols": both})  # type: ignore[arg-type]
    assert getattr(each, name) == {"USD": Decimal(1000), "BTC": Decimal("0.05")}
    assert replace(each) == each
    assert hash(replace(each)) == hash(each)
    for wrong in ({}, {"USD": 0}, {"USD": "x"}, {5: "1"}):
        with pytest.raises(BadArgument, match=name):
            Limits(**{name: wrong})  # type: ignore[arg-type]


@pytest.mark.promise("A-08")
@pytest.mark.parametrize(
    ("name", "check"), [("max_order_notional", "order notional"), ("max_day_notional", "day notional")]
)
def test_an_order_is_held_against_the_amount_in_its_own_currency(name: str, check: str) -> None:
    """Where there is none in it, nothing is allowed: in live it is refused, in paper warned of."""
    for amounts, refused in (({"USD": "261", "BTC": "1"}, False), ({"USD": "260", "BTC": "9999"}, True)):
        held = replace(limits(allowed_symbols=["BTC/USD"]), **{name: amounts})  # type: ignore[arg-type]
        assert (check in refusals(a_wish(), live_facts(limits=held))) is refused
    none = Limits(**{name: {"BTC": "1"}})  # type: ignore[arg-type]
    found = judged(a_wish(), some_facts(limits=none))[check][0]
    assert (found.verdict, found.said) == ("refuse", f"{name} has no amount in USD, so nothing of it is allowed.")
    assert verdicts(a_wish(), some_facts(mode="paper", limits=none))[check] == "warn"


@pytest.mark.promise("A-08")
def test_open_orders_are_all_that_may_be_open() -> None:
    """On every pair, whoever placed them, in doubt or in an unknown state; not those that ended. Changes add none."""
    orders = (
        an_order(),
        an_order(symbol="ETH/USD"),
        an_order(external=True),
        an_order(state=OrderState.PENDING_CANCEL),
        an_order(state=OrderState.FILLED),
        an_order(state=OrderState.REFUSED),
    )
    for most, refused in ((5, False), (4, True)):
        facts = live_facts(orders=orders, limits=limits(max_open_orders=most))
        assert ("open orders" in refusals(a_wish(), facts)) is refused
    amend = AmendOrder(order_id="OABCDE-FGHIJ-KLMNOP", limit_price=Decimal("26400.0"), token="")
    assert "open orders" not in refusals(amend, live_facts(orders=orders, limits=limits(max_open_orders=1)))


@pytest.mark.promise("A-08")
def test_symbols_that_were_not_allowed_are_refused() -> None:
    """Exactly those that were."""
    only = limits(allowed_symbols=["ETH/USD"])
    assert refusals(a_wish(), live_facts(limits=only)) == {"allowed symbols"}


@pytest.mark.promise("A-08")
@pytest.mark.fault("F-112")
def test_a_cell_that_runs_away_is_stopped() -> None:
    """Five in ten seconds by default; the sixth waits, by either clock, and a batch counts its orders."""
    older = past_of(a_wish(), ago_s=10.0)
    lately = [past_of(a_wish(order_qty=f"0.0{n}1"), ago_s=n / 2 + 1) for n in range(1, 5)]
    assert "order rate" not in refusals(a_wish(), live_facts(past=(older, *lately)))
    restarted = past_of(a_wish(order_qty="0.077"), ago_s=9.9, at_mono=None)
    assert "order rate" in refusals(a_wish(), live_facts(past=(restarted, *lately)))
    leg = a_wish(symbol=None)
    batch = read_batch({"symbol": "BTC/USD", "orders": [leg, {**leg, "side": "sell", "limit_price": "27000.0"}]})
    assert batch.request is not None
    assert "order rate" in refusals(batch.request, live_facts(past=tuple(lately)))
    assert "order rate" not in refusals(batch.request, live_facts(past=tuple(lately[1:])))


@pytest.mark.promise("A-07")
@pytest.mark.fault("F-111")
def test_the_same_order_again_needs_the_word() -> None:
    """Inside ten seconds; written otherwise it is still the same; said on purpose it is a warning."""
    past = (past_of(a_wish(), ago_s=9.9),)
    same = a_wish(order_qty="0.0100", limit_price=26000, time_in_force="ioc")
    assert refusals(same, live_facts(past=past)) == {"repetition"}
    assert verdicts(same, live_facts(past=past), again=True)["repetition"] == "warn"
    assert "again=True" in judged(same, live_facts(past=past), again=True)["repetition"][0].said
    assert not refusals(same, live_facts(past=(past_of(a_wish(), ago_s=10.0),)))
    for other in (
        a_wish(side="sell", limit_price="27000.0"),
        a_wish(order_qty="0.011"),
        a_wish(limit_price="26000.1"),
        a_market(),
        a_wish(order_type="iceberg", display_qty="0.001"),
    ):
        assert "repetition" not in refusals(other, live_facts(past=past))


@pytest.mark.promise("A-07")
def test_the_sandbox_only_says_that_it_is_the_same_again() -> None:
    """Within the window of elsewhere; it stops nothing and warns of nothing, and the proposal shows it."""
    for ago_s, said in ((3.2, ["The same as the order 3.2 s ago."]), (11.0, [])):
        past = (past_of(a_wish(), ago_s=ago_s),)
        facts = some_facts(past=past)
        assert [check.said for check in judged(a_wish(), facts).get("repetition", [])] == said
        proposal = propose_add(a_wish(), facts)
        assert (proposal.ok, proposal.warnings) == (True, ())
        assert [check.said for check in proposal.notes] == said
        assert ("note     The same as" in repr(proposal)) is bool(said)


def test_the_same_order_twice_in_a_batch_is_a_repetition() -> None:
    """Whatever was meant by it, it is said."""
    leg = a_wish(symbol=None)
    twice = read_batch({"symbol": "BTC/USD", "orders": [leg, leg]}).request
    assert twice is not None
    found = judged(twice, live_facts())["repetition"]
    assert [one.verdict for one in found] == ["refuse"]
    assert found[0].said.startswith("Order 2: ")


@pytest.mark.promise("A-07", "A-08")
@pytest.mark.fault("F-111", "F-112")
def test_paper_warns_and_the_sandbox_lets_through() -> None:
    """Every limit broken at once: live refuses each, paper warns of each, sandbox and replay say nothing of rate."""
    tight = Limits(max_order_notional="1", max_day_notional="1", max_open_orders=1, allowed_symbols=["ETH/USD"])  # type: ignore[arg-type]
    past = tuple(past_of(a_wish(), ago_s=1) for _ in range(100))
    broken = {"order notional", "day notional", "open orders", "allowed symbols", "order rate", "repetition"}
    world: dict[str, Any] = {"past": past, "orders": (an_order(side="sell", limit_price=Decimal(30000)),)}
    assert refusals(a_wish(), live_facts(limits=tight, **world)) == broken
    paper = verdicts(a_wish(), some_facts(mode="paper", limits=tight, **world))
    assert {name for name in broken if paper[name] == "warn"} == broken
    for mode in ("sandbox", "replay"):
        free = verdicts(a_wish(), some_facts(mode=mode, **world))
        assert set(free.values()) == {"pass"}
        assert broken & free.keys() == {"repetition"}  # which is only said


def test_a_limit_that_is_set_in_the_sandbox_holds_there() -> None:
    """Off until set: what somebody asked for is kept."""
    assert "order notional" in refusals(a_wish(), some_facts(limits=Limits(max_order_notional=Decimal(1))))
    past = (past_of(a_wish(), ago_s=1),)
    assert "repetition" in refusals(a_wish(), some_facts(past=past, limits=Limits(dup_window_s=5)))
    assert "order rate" in refusals(a_wish(), some_facts(past=past, limits=Limits(order_rate=1)))


@pytest.mark.promise("A-01", "A-08")
def test_live_goes_nowhere_without_its_four_limits() -> None:
    """Each missing one is named; paper does not miss them."""
    names = {"order notional", "day notional", "open orders", "allowed symbols"}
    assert refusals(a_wish(), live_facts(limits=Limits())) == names
    assert not refusals(a_wish(), some_facts(mode="paper", limits=Limits()))


def test_a_market_order_without_a_price_is_worth_nobody_knows_what() -> None:
    """No book side to value it by: every limit of money refuses."""
    facts = live_facts(book=a_book(asks=[]))
    assert {"order notional", "day notional", "cost minimum"} <= refusals(a_market(), facts)


def test_a_past_of_another_clock_counts_by_the_wall() -> None:
    """An order of an earlier kernel has no monotonic time; one from the future counts as recent."""
    later = Past(
        at_mono=None, at_wall_ns=NOW.wall_ns + 10**9, symbol="BTC/USD", notional=Decimal(1),
        fingerprint=past_of(a_wish(), ago_s=0).fingerprint,
    )  # fmt: skip
    assert refusals(a_wish(), live_facts(past=(later,), at=Instant(5.0, NOW.wall_ns))) == {"repetition"}


def test_limits_in_small_letters_mean_the_same() -> None:
    """Else they would be taken, and refuse everything."""
    small = Limits(max_order_notional={"usd": "1"}, allowed_symbols=["btc/usd"])  # type: ignore[arg-type, dict-item]
    assert small == Limits(max_order_notional={"USD": Decimal(1)}, allowed_symbols=frozenset(["BTC/USD"]))
    with pytest.raises(BadArgument, match="one amount for each currency"):
        Limits(max_order_notional={"usd": Decimal(1), "USD": Decimal(2)})
