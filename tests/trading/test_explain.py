"""Errors in sentences with the pair's own numbers, and the proposal that would pass in place of what failed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from json import JSONDecodeError
from typing import Any

import pytest

from kraken_lab.errors import (
    BadArgument,
    Halted,
    NotArmed,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
)
from kraken_lab.trading.builders import propose_add
from kraken_lab.trading.catalogue import CATALOGUE, UNLISTED, entry_for
from kraken_lab.trading.explain import Explanation, explain
from kraken_lab.trading.facts import Facts, RateCount
from kraken_lab.trading.order import Order
from kraken_lab.trading.states import OrderState
from kraken_lab.trading.verdicts import REFUSALS_IF_MATCHED, proves_refusal

from .wishes import a_market, a_pair, a_wish, an_order, some_facts

LISTED = """
EGeneral:Invalid arguments|EGeneral:Invalid arguments:volume minimum not met
EGeneral:Invalid arguments:Index unavailable
EGeneral:Temporary lockout|EGeneral:Permission denied|EGeneral:Internal error|EGeneral:Internal error:42
EService:Unavailable|EService:Market in cancel_only mode|EService:Market in post_only mode|EService:Deadline elapsed
EAPI:Invalid key|EAPI:Invalid signature|EAPI:Invalid nonce|EAPI:Rate limit exceeded|EOrder:Insufficient funds
EOrder:Insufficient margin|EOrder:Margin allowance exceeded|EOrder:Margin level too low|EOrder:Unknown order
EOrder:Margin position size exceeded|EOrder:Order minimum not met|EOrder:Cost minimum not met|EOrder:Invalid price
EOrder:Tick size check failed|EOrder:Orders limit exceeded|EOrder:Rate limit exceeded|EOrder:Domain rate limit exceeded
EOrder:Positions limit exceeded|EOrder:Scheduled orders limit exceeded|EOrder:Cannot open position
EOrder:Cannot open opposing position|EOrder:Unknown position|EOrder:Reduce only:Non-PC|ESession:Invalid session
EOrder:Reduce only:No position exists|EOrder:Reduce only:Position is closed|EAccount:Invalid permissions
EAuth:Account temporary disabled|EAuth:Account unconfirmed|EAuth:Rate limit exceeded|EAuth:Too many requests
"""
TEXTS = [text for line in LISTED.split("\n") for text in line.split("|") if text]


def passing(text: object, wish: dict[str, Any], facts: Facts) -> Explanation:
    """An explanation of what came of a wish."""
    return explain(text, facts=facts, proposal=propose_add(wish, facts))


def test_an_order_proved_not_placed_is_no_riddle_any_more() -> None:
    """The unlisted text that put it in doubt is quoted; that it proves nothing is not said beside the proof."""
    found = explain(Order(an_order(state=OrderState.NOT_PLACED, reason="EMoon:Too far")), facts=some_facts())
    assert found.placed is False
    assert found.said[-1] == "EMoon:Too far"
    assert "proved that it was not placed" in found.said[0]
    assert "proves nothing" not in repr(found)
    assert found.todo == ""


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_of_the_catalogue_is_known(text: str) -> None:
    """It has a sentence of its own, and one that never claims more than the verdict on it proves."""
    entry = entry_for(text)
    assert entry is not UNLISTED
    found = explain(text, facts=some_facts())
    assert found.said[0].endswith(".")
    if "Nothing was placed." in found.said:
        assert proves_refusal(text)
    assert (found.placed is False) <= proves_refusal(text)


def test_the_catalogue_claims_nothing_that_the_verdicts_do_not() -> None:
    """A pattern of refusals is, as a text, one that proves a refusal, also where only a matched answer does."""
    for entry in CATALOGUE:
        text = entry.pattern.replace("*", "x")
        if entry.placed is False:
            assert proves_refusal(text) or any(text.startswith(known[:6]) for known in REFUSALS_IF_MATCHED), text


def test_a_text_that_nobody_knows_proves_nothing() -> None:
    """It is not explained away: the order counts as UNKNOWN, and is not placed again."""
    found = explain("EMoon:Too far", facts=some_facts())
    assert found.placed is None
    assert "proves nothing" in found.said[0]
    assert "again" in found.todo
    assert found.proposal is None


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("EOrder:Tick size check failed", ["0.1 USD"]),
        ("EOrder:Order minimum not met", ["0.0001 BTC", "0.5 USD", "0.00000001 BTC"]),
        ("EOrder:Insufficient funds", ["30 BTC", "1000000 USD"]),
        ("EOrder:Rate limit exceeded", ["3.2 of 125", "2.34"]),
        ("EOrder:Orders limit exceeded", ["1 orders of BTC/USD"]),
        ("EService:Market in post_only mode", ["online"]),
        ("EOrder:Invalid price", ["26500.0", "26500.4"]),
    ],
)
def test_the_sentence_has_the_pairs_own_numbers(text: str, figures: list[str]) -> None:
    """With facts they are filled in; without, the sentence is general and has no gap."""
    told = str(explain(text, facts=some_facts(orders=(an_order(),))))
    for figure in figures:
        assert figure in told
    assert "{" not in str(explain(text))
    bare = explain(text, facts=some_facts(pair=None, book=None, balances=None, rate=None, system=None))
    assert bare.said[0] == explain(text).said[0]
    assert "{" not in str(bare)


@pytest.mark.parametrize(
    ("text", "wish", "changed"),
    [
        ("EOrder:Tick size check failed", a_wish(limit_price="26000.06"), ("limit_price", Decimal("26000.1"))),
        ("EOrder:Order minimum not met", a_wish(order_qty="0.00001"), ("order_qty", Decimal("0.0001"))),
        ("EGeneral:Invalid arguments:volume minimum not met", a_wish(order_qty="0.00001"),
         ("order_qty", Decimal("0.0001"))),
        ("EOrder:Cost minimum not met", a_wish(order_qty="0.0001", limit_price="4000.0"),
         ("order_qty", Decimal("0.00012500"))),
    ],
)  # fmt: skip
def test_the_proposal_that_would_pass_is_offered(text: str, wish: dict[str, Any], changed: tuple[str, Decimal]) -> None:
    """It passes every check by the facts of now, differs in what was wrong, and was not sent."""
    found = passing(text, wish, some_facts())
    assert found.proposal is not None
    assert found.proposal.ok
    name, value = changed
    assert found.proposal.arguments[name] == value
    assert "nothing is sent before it is confirmed" in repr(found)


def test_too_dear_an_order_is_cut_to_what_there_is() -> None:
    """The largest whole step that money and fee allow; one step more is refused."""
    facts = some_facts(balances={"USD": Decimal(100), "BTC": Decimal(0)})
    found = passing("EOrder:Insufficient funds", a_wish(), facts)
    assert found.proposal is not None
    qty = found.proposal.arguments["order_qty"]
    assert isinstance(qty, Decimal)
    need = qty * Decimal("26000.0") * Decimal("1.0026")
    assert need <= 100 < need + Decimal("26000.0") * Decimal("1.0026") * Decimal("1E-8")
    sell = passing("EOrder:Insufficient funds", a_wish(side="sell", limit_price="27000.0"),
                   some_facts(balances={"BTC": Decimal("0.004")}))  # fmt: skip
    assert sell.proposal is not None
    assert sell.proposal.arguments["order_qty"] == Decimal("0.004")
    broke = passing("EOrder:Insufficient funds", a_wish(), some_facts(balances={}))
    assert broke.proposal is None


def test_in_post_only_mode_the_post_only_order_would_pass() -> None:
    """The flag is offered for a limit order that would rest; for a market order there is nothing to offer."""
    facts = some_facts(system="post_only")
    found = passing("EService:Market in post_only mode", a_wish(), facts)
    assert found.proposal is not None
    assert found.proposal.arguments["post_only"] is True
    assert passing("EService:Market in post_only mode", a_market(), facts).proposal is None


def test_what_needs_only_time_is_offered_unchanged_once_it_would_pass() -> None:
    """While the counter is full nothing is offered; later the same order is."""
    full = some_facts(rate=RateCount(count=125.0, maximum=125, decay_per_s=2.34))
    assert passing("EOrder:Rate limit exceeded", a_wish(), full).proposal is None
    found = passing("EOrder:Rate limit exceeded", a_wish(), some_facts())
    assert found.proposal is not None
    assert found.proposal.arguments == a_wish()


@pytest.mark.promise("O-03", "O-05")
@pytest.mark.parametrize("text", ["EService:Unavailable", "EGeneral:Internal error", "EService:Deadline elapsed"])
def test_doubt_is_never_answered_by_the_same_order(text: str) -> None:
    """Where nobody knows what became of it, nothing is offered to be placed."""
    found = passing(text, a_wish(), some_facts())
    assert found.placed is None
    assert found.proposal is None


def test_an_errors_own_facts_are_used() -> None:
    """A rejection by its text, a refusal with all its reasons, doubt as doubt, the rest in their own words."""
    rejected = explain(OrderRejected("buy 1 BTC/USD", "EOrder:Tick size check failed"), facts=some_facts())
    assert rejected.said == explain("EOrder:Tick size check failed", facts=some_facts()).said
    refused = explain(OrderRefused("buy 1 BTC/USD", ["Too dear.", "Too many."]))
    assert refused.said[1:] == ("Too dear.", "Too many.")
    assert refused.placed is False
    assert explain(OrderUnknown("buy 1 BTC/USD", "no answer")).placed is None
    assert explain(Halted("kill()")).placed is False
    assert explain(NotArmed(["the limits"])).placed is False
    assert "whose fate" not in str(explain(BadArgument("depth", 7, "one of 10")))


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (
            ValueError("x is 3"),
            "ValueError is an error of Python itself, not of this package or the exchange; it says: x is 3.",
        ),
        (ZeroDivisionError(), "ZeroDivisionError is an error of Python itself, not of this package or the exchange."),
        (JSONDecodeError("no", "", 0), "json.decoder.JSONDecodeError is an error of json, not of this package"),
        (OSError("y" * 900), f"it says: {'y' * 300}...."),
        (None, "None is of type NoneType, which is nothing that happened here."),
        (7, "7 is of type int, which is nothing that happened here."),
    ],
    ids=["of Python", "without words", "of a library", "long", "nothing", "a number"],
)
def test_what_is_a_strangers_is_said_to_be_one(subject: object, said: str) -> None:
    """What it is in its own words, and what can be explained; nothing is raised, and nothing proved of any order."""
    told = explain(subject)
    assert said in told.said[0]
    assert "kl.KrakenLabError" in told.todo
    assert told.placed is None
    assert repr(told).startswith("<Explanation of ")


def test_an_average_is_explained_in_the_pairs_digits() -> None:
    """With them where the pair is known, in ten digits where it is not; marked either way."""
    record = an_order(state=OrderState.FILLED, filled_qty=Decimal("1.50000000"), avg_price=Decimal(79501) / 3)
    assert "1.5 was filled at ≈26500.3 on average." in explain(record, facts=some_facts()).said
    assert "1.5 was filled at ≈26500.33333 on average." in explain(record).said


def test_a_proposal_is_explained_by_what_stops_it() -> None:
    """With the one that would pass; one that may go is said to be free to."""
    crooked = propose_add(a_wish(limit_price="26500.44"), some_facts())
    told = explain(crooked, facts=some_facts())
    assert told.said[0].endswith("would be stopped here.")
    assert any("26500.44" in sentence for sentence in told.said[1:])
    assert told.said[-1] == "Nothing of it has been sent."
    assert told.placed is False
    assert told.proposal is not None
    assert told.proposal.ok
    assert explain(propose_add(a_wish(), some_facts())).said[0].endswith("can be confirmed.")


@pytest.mark.parametrize("state", OrderState)
def test_an_order_is_explained_in_any_state(state: OrderState) -> None:
    """What it is, where it stands, and the exchange's reason if it gave one."""
    record = an_order(state=state, reason="User requested" if state is OrderState.CANCELED else "")
    for subject in (record, Order(record)):
        found = explain(subject, facts=some_facts())
        assert str(state) in found.said[0]
        assert "buy 1.5 BTC/USD" in found.said[0]
    if state is OrderState.UNKNOWN:
        assert found.placed is None
        assert found.proposal is None


def test_a_rejected_order_brings_the_one_that_would_pass() -> None:
    """Its record says what it was; a triggered order's does not say enough."""
    record = an_order(state=OrderState.REJECTED, error="EOrder:Tick size check failed", limit_price=Decimal("26000.06"))
    found = explain(record, facts=some_facts())
    assert found.proposal is not None
    assert found.proposal.arguments["limit_price"] == Decimal("26000.1")
    assert not found.proposal.arguments.get("margin")
    borrowed = explain(replace(record, margin=True), facts=some_facts()).proposal
    assert borrowed is not None
    assert borrowed.arguments["margin"] is True
    stop = an_order(state=OrderState.REJECTED, error="EOrder:Tick size check failed", trigger_price=Decimal("26000.06"))
    assert explain(stop, facts=some_facts()).proposal is None


def test_why_an_order_ended_is_no_claim_that_it_was_not_placed() -> None:
    """A post-only order that was cancelled was in the engine's hands."""
    assert explain("Post only order").placed is True
    assert explain("Immediate or cancel", facts=some_facts()).placed is True


def test_a_pair_without_a_cost_minimum_leaves_the_sentence_out() -> None:
    """A sentence with a figure missing is not said at all."""
    found = explain("EOrder:Order minimum not met", facts=some_facts(pair=a_pair(cost_min=None)))
    assert found.said == ("The quantity is below the pair's minimum.", "Nothing was placed.")


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-152")
def test_a_hostile_text_is_shown_as_escapes() -> None:
    """In a terminal it neither colours nor turns."""
    shown = repr(explain("\x1b[31mEOrder\u202e"))
    assert all(char.isprintable() or char == "\n" for char in shown)
