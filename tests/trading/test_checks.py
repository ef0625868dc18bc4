"""Checks of where an order would go and against reference data, and what becomes of a check that cannot be made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.trading import checks as house
from kraken_lab.trading.facts import Facts, RateCount
from kraken_lab.trading.judgement import Check
from kraken_lab.trading.question import Question
from kraken_lab.trading.states import OrderState
from kraken_lab.trading.terms import read_batch
from kraken_lab.wire import AmendOrder, CancelAll, CancelAllOrdersAfter, CancelOrder, EditOrder, Instant, Request

from .wishes import (
    NOW,
    a_market,
    a_pair,
    a_request,
    a_wish,
    an_order,
    judged,
    live_facts,
    refusals,
    some_facts,
    verdicts,
)

AMEND = AmendOrder(order_id="OABCDE-FGHIJ-KLMNOP", limit_price=Decimal("26400.0"), token="")


def test_an_order_without_fault_passes_everything_with_figures() -> None:
    """In the sandbox and in live; each check says a whole sentence, and no name is left out."""
    for facts in (some_facts(), live_facts()):
        found = house.check(a_request(a_wish()), facts)
        assert {one.verdict for one in found} == {"pass"}
        assert all(one.said.endswith(".") for one in found)
        assert {one.name for one in found} <= {name for name, _ in house.CHECKS}


# --- fail closed ----------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-128")
@pytest.mark.parametrize("name", [name for name, _ in house.CHECKS])
@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), KeyError("x"), RecursionError(), MemoryError()])
def test_an_exception_in_any_check_refuses(name: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever check breaks, however: the order is refused under its name, and the refusal says why."""

    def broken(_: Question) -> Iterator[Check]:
        yield Check(name, "pass", "Looked well so far.")
        raise error

    monkeypatch.setattr(house, "CHECKS", tuple((n, broken if n == name else judge) for n, judge in house.CHECKS))
    found = judged(a_wish(), live_facts())[name]
    assert [one.verdict for one in found] == ["refuse"]
    assert "cannot be checked" in found[0].said
    assert type(error).__name__ in found[0].said


@pytest.mark.promise("A-17")
@pytest.mark.parametrize(
    ("missing", "refusing"),
    [
        ({"pair": None}, {"symbol", "status", "tick", "step", "minimum", "cost minimum"}),
        ({"book": None}, {"price reference", "collar"}),
        ({"balances": None}, {"balance"}),
        ({"fee_rates": None}, {"balance", "order notional", "day notional"}),
        ({"rate": None}, {"rate counter"}),
        ({"system": None}, {"status"}),
        ({"connection": None}, {"connection"}),
        ({"book_age": None}, {"price reference"}),
    ],
)
def test_what_is_not_known_refuses(missing: dict[str, Any], refusing: set[str]) -> None:
    """A missing fact is a no from every check that needs it."""
    assert refusing <= refusals(a_wish(), live_facts(**missing))


@pytest.mark.promise("A-17")
def test_facts_of_which_nothing_is_known_refuse() -> None:
    """The barest facts there can be let nothing through, in any mode."""
    for mode in ("sandbox", "replay", "paper", "live"):
        bare = Facts(at=Instant(0.0, 0), exchange_ns=0, mode=mode, account="")
        assert {"connection", "symbol", "status", "price reference", "balance"} <= refusals(a_wish(), bare)


# --- where it would go ----------------------------------------------------------------------------------------------


@pytest.mark.promise("A-01", "A-02")
def test_live_needs_arming_and_nothing_else_does() -> None:
    """Disarmed live refuses in words; the other modes say that they reach no real money."""
    assert refusals(a_wish(), live_facts(armed=False)) == {"mode"}
    assert "DISARMED" in judged(a_wish(), live_facts(armed=False))["mode"][0].said
    for mode in ("sandbox", "replay", "paper"):
        assert "mode" not in refusals(a_wish(), some_facts(mode=mode))


@pytest.mark.promise("A-12")
@pytest.mark.parametrize("mode", ["sandbox", "replay", "paper", "live"])
def test_a_halt_refuses_in_every_mode(mode: str) -> None:
    """With its reason, and with how to end it."""
    (found,) = judged(a_wish(), live_facts(mode=mode, halted="kill()"))["halt"]
    assert found.verdict == "refuse"
    assert "kill()" in found.said
    assert "resume" in found.said


@pytest.mark.promise("O-14", "O-15")
def test_nothing_goes_before_the_accounts_orders_are_known() -> None:
    """Without a connection, and while it is RECONCILING."""
    assert "RECONCILING" in judged(a_wish(), some_facts(reconciled=False))["connection"][0].said
    assert refusals(a_wish(), some_facts(reconciled=False)) == {"connection"}
    assert refusals(a_wish(), some_facts(connection=None)) == {"connection"}


@pytest.mark.promise("O-05")
@pytest.mark.fault("F-115")
def test_doubt_blocks_its_symbol_until_that_order_is_acknowledged() -> None:
    """Only the same symbol, only by that order's id, each doubt by itself; changes are blocked as well."""
    lost = an_order(state=OrderState.UNKNOWN, order_id=None, cl_ord_id="lost-1")
    more = an_order(state=OrderState.UNKNOWN, order_id="OLOST2", cl_ord_id=None)
    for request in (a_request(a_wish()), AMEND):
        facts = some_facts(orders=(lost, more, an_order()))
        assert [one.figures["id"] for one in judged(request, facts)["doubt"]] == ["lost-1", "OLOST2"]
        half = replace(facts, acknowledged=frozenset({"lost-1"}))
        assert [one.figures["id"] for one in judged(request, half)["doubt"]] == ["OLOST2"]
        assert "doubt" not in refusals(request, replace(facts, acknowledged=frozenset({"lost-1", "OLOST2"})))
        assert "doubt" in refusals(request, replace(facts, acknowledged=frozenset({"OABCDE-FGHIJ-KLMNOP"})))
    elsewhere = replace(lost, symbol="ETH/USD")
    assert not refusals(a_wish(), some_facts(orders=(elsewhere,)))


@pytest.mark.parametrize("state", [s for s in OrderState if s not in ("OPEN", "PARTIAL", "PENDING_NEW", "UNKNOWN")])
def test_only_an_open_order_can_be_changed(state: OrderState) -> None:
    """Not one that is ending, has ended, or was never sent; and not one whose last change has no answer."""
    assert "target" in refusals(AMEND, some_facts(orders=(an_order(state=state),)))


@pytest.mark.promise("O-11")
def test_a_change_waits_for_the_answer_to_the_last_one() -> None:
    """amend=UNKNOWN stops the next; an order that is not known stops it too."""
    assert not refusals(AMEND, some_facts(orders=(an_order(),)))
    assert "target" in refusals(AMEND, some_facts(orders=(an_order(amend="UNKNOWN"),)))
    assert "target" in refusals(AMEND, some_facts())


@pytest.mark.promise("S-14", "A-17")
@pytest.mark.parametrize("changes", [{"side": "lend"}, {"order_type": "limit-if-moon"}])
def test_an_order_that_is_not_understood_is_not_changed(changes: dict[str, Any]) -> None:
    """The exchange may show a side or type that nobody knew: it is left alone."""
    assert "target" in refusals(AMEND, some_facts(orders=(an_order(**changes),)))


@pytest.mark.promise("O-11")
def test_an_edit_says_what_it_costs_and_is_refused_for_an_order_with_a_client_id() -> None:
    """It loses its place and leaves a moment without an order; the exchange edits none that has a cl_ord_id."""
    edit = EditOrder(order_id="OABCDE-FGHIJ-KLMNOP", symbol="BTC/USD", limit_price=Decimal("26400.0"), token="")
    (found,) = judged(edit, some_facts(orders=(an_order(cl_ord_id=None),)))["target"]
    assert found.verdict == "warn"
    assert "place in the queue" in found.said
    assert "amend_order" in found.said
    assert "target" in refusals(edit, some_facts(orders=(an_order(),)))
    foreign = replace(edit, symbol="ETH/USD")
    assert "symbol" in refusals(foreign, some_facts(orders=(an_order(cl_ord_id=None),)))


# --- status ---------------------------------------------------------------------------------------------------------

KINDS: dict[str, dict[str, Any]] = {
    "post-only limit": a_wish(post_only=True),
    "limit": a_wish(),
    "market": a_market(),
    "reducing limit": a_wish(margin=True, reduce_only=True),
    "stop": a_market(order_type="stop-loss", triggers={"price": "27000.0"}),
}
TAKEN: dict[str, set[str]] = {
    "online": set(KINDS),
    "post_only": {"post-only limit"},
    "limit_only": {"post-only limit", "limit", "reducing limit"},
    "reduce_only": {"reducing limit"},
    "cancel_only": set(),
    "maintenance": set(),
    "delisted": set(),
    "work_in_progress": set(),
    "emergency": set(),
    "ONLINE": set(),
    "": set(),
}


@pytest.mark.promise("A-10", "S-18")
@pytest.mark.parametrize("system", TAKEN)
@pytest.mark.parametrize("pair", TAKEN)
def test_the_stricter_of_system_and_pair_decides(system: str, pair: str) -> None:
    """Every kind of order against every pair of states: taken only where both take it; an unknown word takes none."""
    facts = some_facts(system=system, pair=a_pair(status=pair))
    taken = {kind for kind, wish in KINDS.items() if "status" not in refusals(wish, facts)}
    assert taken == TAKEN[system] & TAKEN[pair]


@pytest.mark.promise("A-10")
def test_changes_are_new_orders_to_the_status_gate() -> None:
    """An amendment is judged by the order it leaves."""
    facts = some_facts(system="post_only", orders=(an_order(),))
    assert "status" in refusals(AMEND, facts)
    assert "status" not in refusals(replace(AMEND, post_only=True), facts)
    assert "status" in refusals(AMEND, some_facts(system="cancel_only", orders=(an_order(),)))


@pytest.mark.promise("A-10", "A-12", "A-17")
@pytest.mark.parametrize(
    "request_",
    [CancelAll(token=""), CancelAllOrdersAfter(timeout=60, token=""), CancelOrder(order_id=("O",), token="")],
)
def test_nothing_stops_what_reduces_risk(request_: Request) -> None:
    """Halted, disarmed, disconnected, in maintenance, in doubt: a cancel is never refused here."""
    worst = live_facts(
        armed=False, halted="x", connection=None, reconciled=False, system="maintenance", pair=None, book=None,
        balances=None, rate=None, orders=(an_order(state=OrderState.UNKNOWN),),
    )  # fmt: skip
    assert not refusals(request_, worst)


@pytest.mark.promise("O-13", "A-14")
def test_cancelling_everything_says_what_is_not_ours() -> None:
    """Orders placed elsewhere are counted before the account's orders are cancelled."""
    orders = (an_order(), an_order(external=True, order_id="OELSE"), an_order(state=OrderState.FILLED, order_id="OF"))
    for request in (CancelAll(token=""), CancelAllOrdersAfter(timeout=60, token="")):
        (found,) = judged(request, live_facts(orders=orders))["removes"]
        assert (found.verdict, found.figures["open"], found.figures["external"]) == ("warn", 2, 1)


# --- reference data -------------------------------------------------------------------------------------------------


@pytest.mark.promise("W-04", "A-11")
@pytest.mark.parametrize(
    "name", ["btc/usd", "BTCUSD", "BTC/USD ", "BTC//USD", "", "/", "<b>/USD", "BTC/USD\n", "A" * 21 + "/USD", "ETH/USD"]
)
def test_a_symbol_has_the_form_of_one_and_is_listed(name: str) -> None:
    """Both, always: the pair at hand must be that very pair."""
    request = replace(a_request(a_wish()), symbol=name)  # type: ignore[call-arg]
    assert "symbol" in refusals(request, some_facts())


def test_a_tokenised_symbol_is_one() -> None:
    """Lower-case letters and dots belong to some."""
    name = "AAPLx/USD"
    facts = some_facts(pair=a_pair(symbol=name, base="AAPLx"))
    assert "symbol" not in refusals(a_wish(symbol=name), facts)


def test_what_may_have_been_meant_is_said() -> None:
    """If the pair is not listed, the facts may know a similar one."""
    (found,) = judged(a_wish(symbol="XBT/USD"), some_facts(pair=None, alike=("BTC/USD",)))["symbol"]
    assert "Did you mean BTC/USD?" in found.said


@pytest.mark.promise("A-11")
@pytest.mark.fault("F-119")
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"limit_price": "26000.05"}, "tick"),
        ({"limit_price": "26000.0000000001"}, "tick"),
        ({"order_qty": 0.1 + 0.2}, "step"),
        ({"order_qty": "0.000000001"}, "step"),
        ({"order_qty": "0.00009999"}, "minimum"),
        ({"order_qty": "0.0001", "limit_price": "4999.9"}, "cost minimum"),
    ],
)
def test_steps_and_minimums_are_exact(changes: dict[str, Any], name: str) -> None:
    """Off the tick, off the step, below the minimum of quantity or cost: refused with what would be right."""
    assert name in refusals(a_wish(**changes), some_facts())
    assert not refusals(a_wish(order_qty="0.0001", limit_price="26000.0"), some_facts())
    assert "cost minimum" not in refusals(a_wish(order_qty="0.0001", limit_price="5000.0"), some_facts())


def test_an_increment_coarser_than_the_precision_is_the_one_that_counts() -> None:
    """Five ticks of 0.0005 at four decimals: 0.0013 is off although it has four decimals."""
    facts = some_facts(pair=a_pair(price_precision=4, price_increment=Decimal("0.0005")))
    (found,) = judged(a_wish(limit_price="26000.0013"), facts)["tick"]
    assert found.verdict == "refuse"
    assert found.figures["nearest"] == Decimal("26000.0015")


def test_every_price_of_an_order_has_a_tick() -> None:
    """Triggers, offsets in quote and the close too; percents have none."""
    for wish in (
        a_market(order_type="stop-loss", side="sell", triggers={"price": "26000.05"}),
        a_market(order_type="trailing-stop", triggers={"price": "50.05", "price_type": "quote"}),
        a_wish(conditional={"order_type": "stop-loss", "trigger_price": "25000.01"}),
        a_wish(conditional={"order_type": "limit", "limit_price": "27000.01"}),
    ):
        assert "tick" in refusals(wish, some_facts())
    percent = a_market(order_type="trailing-stop", triggers={"price": "1.25", "price_type": "pct"})
    assert "tick" not in refusals(percent, some_facts())


def test_margin_and_index_need_a_pair_that_has_them() -> None:
    """Where the reference data say no, the order does."""
    plain = some_facts(pair=a_pair(marginable=False, has_index=False))
    assert "features" in refusals(a_wish(margin=True), plain)
    indexed = a_market(order_type="stop-loss", side="sell", triggers={"price": "26000.0", "reference": "index"})
    assert "features" in refusals(indexed, plain)
    assert "features" not in refusals(indexed, some_facts())


def test_times_lie_ahead_and_an_expiry_within_a_month() -> None:
    """Judged by the exchange's clock, not by ours."""
    wish = a_wish(time_in_force="gtd", expire_time="2026-05-05T10:00:00Z")
    assert not refusals(wish, some_facts())
    assert "times" in refusals(wish, some_facts(exchange_ns=NOW.wall_ns + 86_400 * 10**9))
    assert "times" in refusals({**wish, "expire_time": "2026-07-05T10:00:00Z"}, some_facts())
    assert "times" in refusals(a_wish(effective_time="2026-05-04T10:00:00Z"), some_facts())
    assert not refusals(a_wish(effective_time="2026-05-04T12:00:00Z"), some_facts())


def test_terms_are_judged_again_in_the_finished_request() -> None:
    """A request that was not made by the reader is held to the same rules."""
    market = a_request(a_market())
    assert "terms" in refusals(replace(market, limit_price=Decimal(1)), some_facts())  # type: ignore[call-arg]
    batch = read_batch({"symbol": "BTC/USD", "orders": [a_wish(symbol=None), a_wish(symbol=None, side="sell")]})
    assert batch.request is not None
    assert "terms" in refusals(replace(batch.request, orders=batch.request.orders[:1]), some_facts())  # type: ignore[call-arg, attr-defined]


# --- money ----------------------------------------------------------------------------------------------------------


def test_a_buy_needs_its_cost_and_fee_and_a_sell_its_quantity() -> None:
    """Exactly enough passes, the smallest unit less is refused."""
    need = Decimal("260.0") * Decimal("1.0026")
    for have, refused in ((need, False), (need - Decimal("1E-10"), True)):
        assert ("balance" in refusals(a_wish(), some_facts(balances={"USD": have}))) is refused
    for have, refused in ((Decimal("0.01"), False), (Decimal("0.00999999"), True)):
        wish = a_wish(side="sell", limit_price="27000.0")
        assert ("balance" in refusals(wish, some_facts(balances={"BTC": have}))) is refused


def test_what_lacks_only_the_first_tiers_fee_is_told_that_its_own_may_be_lower() -> None:
    """260 and 0.676 of fee: with 260.5 the account's own tier may do, with 259 none does."""
    said = [
        judged(a_wish(), some_facts(balances={"USD": Decimal(have)}))["balance"][0].said for have in ("260.5", "259")
    ]
    assert ["yours may be lower" in each for each in said] == [True, False]


def test_a_fee_is_needed_in_the_asset_it_is_charged_in() -> None:
    """Preferring base moves it from quote to base."""
    buy = a_wish(fee_preference="base")
    assert not refusals(buy, some_facts(balances={"USD": Decimal("260.0")}))
    sell = a_wish(side="sell", limit_price="27000.0", fee_preference="base")
    assert "balance" in refusals(sell, some_facts(balances={"BTC": Decimal("0.01")}))
    assert not refusals(sell, some_facts(balances={"BTC": Decimal("0.010026")}))


def test_what_other_orders_hold_is_a_warning() -> None:
    """Our reckoning of holds is an estimate: the exchange decides, and the card says so."""
    facts = some_facts(balances={"USD": Decimal("39900")}, orders=(an_order(),))
    assert verdicts(a_wish(), facts)["balance"] == "warn"


def test_money_that_is_borrowed_need_not_be_there() -> None:
    """Of an order on margin, new or changed, the exchange decides; it holds nothing of what others are paid with."""
    assert not refusals(a_wish(margin=True), some_facts(balances={}))
    on_margin = some_facts(balances={"USD": Decimal(39_900)}, orders=(an_order(margin=True),))
    assert verdicts(a_wish(), on_margin)["balance"] == "pass"
    poor = replace(on_margin, balances={"USD": Decimal(1)})
    (found,) = judged(AMEND, poor)["balance"]
    assert (found.verdict, found.said[:10]) == ("warn", "On margin:")
    assert "balance" in refusals(AMEND, replace(poor, orders=(an_order(),)))


def test_a_batch_is_paid_for_as_a_whole() -> None:
    """Each leg alone could be paid for, both could not."""
    leg = a_wish(symbol=None)
    batch = read_batch({"symbol": "BTC/USD", "orders": [leg, {**leg, "limit_price": "25999.0"}]}).request
    assert batch is not None
    assert "balance" in refusals(batch, some_facts(balances={"USD": Decimal(400)}))
    assert not refusals(batch, some_facts(balances={"USD": Decimal(600)}))


@pytest.mark.promise("A-17")
def test_the_rate_counter_may_be_reached_but_not_passed() -> None:
    """An amendment of a young order costs four, an add one, a batch half of each order."""
    full = RateCount(count=124.0, maximum=125, decay_per_s=2.34)
    assert not refusals(a_wish(), some_facts(rate=full))
    assert "rate counter" in refusals(a_wish(), some_facts(rate=replace(full, count=124.01)))
    young = an_order(updated_ns=NOW.wall_ns - 2 * 10**9)
    assert "rate counter" in refusals(AMEND, some_facts(rate=replace(full, count=121.5), orders=(young,)))
    assert "rate counter" not in refusals(AMEND, some_facts(rate=replace(full, count=121.5), orders=(an_order(),)))
