"""A proposal: what is shown is what would be sent, corrections are new proposals, and it never changes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.trading.builders import (
    propose_add,
    propose_amend,
    propose_batch,
    propose_cancel_all,
    propose_dead_man,
    propose_edit,
    remade,
)
from kraken_lab.trading.facts import Facts
from kraken_lab.trading.proposal import Proposal, ProposalViews
from kraken_lab.trading.states import OrderState
from kraken_lab.wire import encode

from .wishes import a_market, a_wish, an_order, live_facts, past_of, some_facts


def test_a_batch_is_called_by_as_many_orders_as_were_given() -> None:
    """Also where one of them cannot be read."""
    good = a_wish(symbol=None)
    assert (
        propose_batch({"symbol": "BTC/USD", "orders": [good, {"side": "hold"}]}, some_facts()).what
        == "2 orders of BTC/USD"
    )
    assert propose_batch({"symbol": "BTC/USD", "orders": [good]}, some_facts()).what == "1 order of BTC/USD"


def test_a_wrong_symbol_is_the_only_refusal() -> None:
    """What could not be checked without it is counted, and confirming names the symbol alone."""
    proposal = propose_add(a_wish(symbol="BTC/USDD"), some_facts(pair=None, book=None, alike=("BTC/USD",)))
    assert [check.said for check in proposal.refusals] == ["BTC/USDD is not traded here. Did you mean BTC/USD?"]
    assert proposal.unjudged
    assert not proposal.ok


class Desk:
    """A maker that remembers what it was asked, and makes proposals with the facts it holds."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.confirmed: list[tuple[Proposal, str | None, bool]] = []

    @property
    def views(self) -> ProposalViews:
        """The desk draws by itself."""
        return self

    def proposal(self, proposal: Proposal) -> str:
        """A card of one word."""
        return "<b>card</b>"

    def confirm(self, proposal: Proposal, *, code: str | None, again: bool) -> str:
        """Remember it."""
        self.confirmed.append((proposal, code, again))
        return "an order"

    def fate(self, proposal: Proposal) -> str:
        """What became of it."""
        return "O1 is FILLED" if any(one is proposal for one, _, _ in self.confirmed) else ""

    def remake(self, proposal: Proposal, changes: Mapping[str, object]) -> Proposal:
        """As the lab does it."""
        return remade(proposal, changes, self.facts)


def proposed(wish: Mapping[str, object], facts: Facts | None = None) -> Proposal:
    """A proposal with a maker."""
    facts = facts or some_facts()
    return propose_add(wish, facts, Desk(facts))


SHOWN = (
    ("venue and mode", "LIVE ARMED"),
    ("symbol", "BTC/USD"),
    ("side", "sell"),
    ("type", "stop-loss-limit"),
    ("quantity", "0.25 BTC"),
    ("trigger", "26000.0 USD"),
    ("limit price", "25990.0 USD"),
    ("time in force", "gtd until 2026-05-05T10:00:00Z"),
    ("flags", "reduce-only, margin"),
    ("deadline", "5 s after it is sent"),
    ("notional", "6642.225 USD"),  # at the best bid, the dearest it may sell for, and 0.26 %
    ("fee", "taker 0.26 %"),
    ("distance", "below"),
    ("account", "4f3a-91c2"),
)
"""What a confirmation must show, with what stands for it in `THE_WISH`."""

THE_WISH = a_wish(
    side="sell", order_type="stop-loss-limit", order_qty="0.25", limit_price="25990.0", triggers={"price": "26000.0"},
    time_in_force="gtd", expire_time="2026-05-05T10:00:00Z", margin=True, reduce_only=True,
)  # fmt: skip


@pytest.mark.promise("A-05", "A-02")
@pytest.mark.parametrize(("name", "text"), SHOWN)
def test_the_text_shows_everything_that_is_confirmed(name: str, text: str) -> None:
    """Venue and mode in words, every term, the deadline, what it is worth and costs, the distance, the account."""
    assert text in repr(proposed(THE_WISH, live_facts())), name


def test_that_an_account_may_pay_a_lower_fee_is_said_once_however_many_orders_there_are() -> None:
    """The schedule's first tier is all that is known; where nothing of fees is known, nothing is said of tiers."""
    words = "of the first tier of the pair's schedule; yours may be lower"
    batch = propose_batch({"symbol": "BTC/USD", "orders": [a_wish(symbol=None), a_wish(symbol=None)]}, some_facts())
    assert [repr(each).count(words) for each in (proposed(a_wish()), batch)] == [1, 1]
    assert words not in repr(proposed(a_wish(), some_facts(fee_rates=None)))


def test_an_offset_says_from_what() -> None:
    """A trailing stop's limit is from its trigger, and that from the best price since it was placed."""
    trigger = {"price": "500.0", "price_type": "quote"}
    limits = {"limit_price": "-10.0", "limit_price_type": "quote"}
    text = repr(proposed(a_wish(order_type="trailing-stop-limit", side="sell", triggers=trigger, **limits)))
    assert "-10.0 USD from its trigger" in text
    assert "500.0 USD below the highest price from then on (last)" in text
    stop = a_market(order_type="stop-loss", side="sell", triggers={"price": "-2.0", "price_type": "pct"})
    assert "-2.0 % from the price when it is placed (last)" in repr(proposed(stop))


@pytest.mark.promise("A-05")
def test_what_is_shown_is_what_is_sent() -> None:
    """The request holds the exact wish, frozen; only id, deadline and token are still to come."""
    proposal = proposed(a_wish(order_qty="0.0100"))
    assert proposal.request is not None
    sent = json.loads(encode(proposal.request), parse_float=str)["params"]
    assert sent == {
        "symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "0.0100", "limit_price": "26000.0",
        "token": "",
    }  # fmt: skip
    with pytest.raises(dataclasses.FrozenInstanceError):
        proposal.request.order_qty = Decimal(1)  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError):
        proposal.what = "another"  # type: ignore[misc]
    with pytest.raises(TypeError):
        proposal.arguments["order_qty"] = "1"  # type: ignore[index]


@pytest.mark.promise("A-05")
def test_changing_the_arguments_afterwards_changes_nothing() -> None:
    """The dictionary it was made of is not kept."""
    wish = a_wish()
    proposal = proposed(wish)
    wish["order_qty"] = "1000"
    assert proposal.arguments["order_qty"] == "0.01"


def test_a_proposal_stands_or_falls_with_its_checks() -> None:
    """Refusals stop it, warnings do not, and both are listed."""
    good, far = proposed(a_wish()), proposed(a_wish(limit_price="2600.0"))
    bad = proposed(a_wish(limit_price="26000.05"))
    assert (good.ok, far.ok, bad.ok) == (True, True, False)
    assert [check.name for check in far.warnings] == ["collar"]
    assert [check.name for check in bad.refusals] == ["tick"]
    assert good.notional == Decimal("260.676")
    assert good.fingerprints == (("BTC/USD", "buy", "limit", "0.01", "", "26000", "", "", ""),)
    assert good.preview is not None
    assert good.preview.resting_qty == Decimal("0.01")


def test_a_proposal_is_true_while_nothing_stops_it() -> None:
    """A warning stops nothing; a refusal does, and so do arguments that make no request."""
    far = proposed(a_wish(limit_price="2600.0"))
    assert far.warnings
    crooked, nothing = proposed(a_wish(limit_price="26000.05")), proposed({"symbol": "BTC/USD"})
    assert [bool(proposal) for proposal in (proposed(a_wish()), far, crooked, nothing)] == [True, True, False, False]


@pytest.mark.promise("A-11")
def test_arguments_that_make_no_request_say_everything_that_is_wrong() -> None:
    """No request, no preview, every problem a refusal; and it still says what it is about."""
    bad = proposed({"symbol": "BTC/USD", "side": "by", "order_type": "limit", "order_qty": "x"})
    assert bad.request is None
    assert not bad.ok
    assert len(bad.refusals) == 3
    assert "BTC/USD" in bad.what
    assert bad.previews == ()


@pytest.mark.promise("A-11", "A-05")
@pytest.mark.fault("F-119")
def test_a_correction_is_a_new_proposal() -> None:
    """Offered in one for all and one for each; taken, it passes; the old one stays refused."""
    bad = proposed(a_wish(order_qty=0.1 + 0.2, limit_price="26000.06"))
    assert [offer.text for offer in bad.corrections] == [
        "limit_price 26000.06 -> 26000.1; order_qty 0.30000000000000004 -> 0.30000000",
        "limit_price 26000.06 -> 26000.1",
        "order_qty 0.30000000000000004 -> 0.30000000",
    ]
    good = bad.corrected()
    assert good.ok
    assert not bad.ok
    assert good.arguments["limit_price"] == Decimal("26000.1")
    assert [check.name for check in bad.corrected(1).refusals] == ["step"]
    assert ".corrected(0)" in repr(bad)


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        (a_wish(order_qty="0.00001"), ["order_qty 0.00001 -> 0.0001"]),
        (a_wish(side="BUY"), ["side -> buy"]),
        (a_market(limit_price="26000.0"), ["order_type -> limit"]),
        (a_market(order_type="stop-loss", side="sell", triggers={"price": "25999.99"}),
         ["triggers.price 25999.99 -> 26000.0"]),
        (a_market(order_qty=None, cash_order_qty="100.000001"), ["cash_order_qty 100.000001 -> 100.00000"]),
    ],
)  # fmt: skip
def test_what_was_probably_meant_is_offered_and_passes(wish: dict[str, Any], path: list[str]) -> None:
    """A quantity below the minimum, a word in capitals, a market order with a price, a trigger off the tick."""
    bad = proposed(wish)
    assert [offer.text for offer in bad.corrections] == path
    assert bad.corrected().ok


def test_a_correction_that_is_not_offered_cannot_be_taken() -> None:
    """Neither of a sound proposal nor by a number that is none."""
    for proposal, n in ((proposed(a_wish()), 0), (proposed(a_wish(side="BUY")), 1), (proposed(a_wish(side="BUY")), -1)):
        with pytest.raises(BadArgument):
            proposal.corrected(n)


def test_a_batch_is_corrected_as_a_whole() -> None:
    """All its orders are put right at once, the sound ones left as they are."""
    leg = a_wish(symbol=None)
    facts = some_facts()
    orders = [leg, {**leg, "limit_price": "25999.99"}, {**leg, "side": "SELL", "limit_price": "27000.0"}]
    bad = propose_batch({"symbol": "BTC/USD", "orders": orders}, facts, Desk(facts))
    assert not bad.ok
    good = bad.corrected()
    assert good.ok
    assert good.arguments["orders"][0] == leg  # type: ignore[index]
    assert [one.side for one in good.legs] == ["buy", "buy", "sell"]
    assert "3 orders of BTC/USD" in good.what


def test_confirming_is_the_makers_business() -> None:
    """It is handed the proposal with the code and the word; nobody's proposal cannot be confirmed."""
    proposal = proposed(a_wish())
    desk = proposal.maker
    assert isinstance(desk, Desk)
    assert proposal.confirm() == "an order"
    assert proposal.confirm("7K3", again=True) == "an order"
    assert [(code, again) for _, code, again in desk.confirmed] == [(None, False), ("7K3", True)]
    assert all(confirmed is proposal for confirmed, _, _ in desk.confirmed)
    with pytest.raises(BadArgument):
        propose_add(a_wish(), some_facts()).confirm()


@pytest.mark.promise("A-07")
@pytest.mark.fault("F-111")
def test_a_repetition_is_a_warning_that_asks_for_the_word() -> None:
    """The card says it; the gate, which checks without the word, refuses."""
    again = proposed(a_wish(), live_facts(past=(past_of(a_wish(), ago_s=3),)))
    assert again.ok
    (warning,) = again.warnings
    assert "again=True" in warning.said


def test_a_card_is_drawn_through_the_makers_views() -> None:
    """Without a maker there is only the text."""
    assert proposed(a_wish())._repr_html_() == "<b>card</b>"
    assert propose_add(a_wish(), some_facts())._repr_html_() is None


@pytest.mark.promise("A-02")
@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"mode": "sandbox"}, "SANDBOX"),
        ({"mode": "paper"}, "PAPER"),
        ({"mode": "replay"}, "REPLAY"),
        ({"mode": "live"}, "LIVE DISARMED"),
        ({"mode": "live", "armed": True}, "LIVE ARMED"),
        ({"mode": "live", "armed": True, "halted": "x"}, "LIVE ARMED HALTED"),
        ({"halted": "x"}, "SANDBOX HALTED"),
    ],
)
def test_the_mode_is_told_in_words(facts: dict[str, Any], words: str) -> None:
    """In the first line of the text, with HALTED beside it."""
    proposal = proposed(a_wish(), some_facts(**facts))
    assert proposal.mode_words == words
    assert repr(proposal).startswith(f"<Proposal {words}: buy 0.01 BTC/USD, limit at 26000.0")


@pytest.mark.promise("O-11")
def test_an_amendment_shows_what_becomes_of_what() -> None:
    """Old value, new value, and only what it adds to the day."""
    order = an_order()
    facts = some_facts(orders=(order,))
    proposal = propose_amend(order, {"order_qty": "2"}, facts, Desk(facts))
    assert proposal.ok
    assert "order_qty 1.5 -> 2" in proposal.what
    assert proposal.notional == Decimal("0.5") * Decimal("26499.0") * Decimal("1.0026")
    off = propose_amend(order, {"limit_price": "26499.96"}, facts, Desk(facts))
    assert off.corrected().ok
    assert off.corrected().target is order


@pytest.mark.promise("O-11")
def test_an_edit_recommends_the_amendment() -> None:
    """Before anything else that it says."""
    order = an_order(cl_ord_id=None)
    facts = some_facts(orders=(order,))
    proposal = propose_edit(order, {"limit_price": "26400.0"}, facts, Desk(facts))
    assert proposal.ok
    assert "amend_order changes it in place" in proposal.warnings[0].said


@pytest.mark.promise("O-13", "A-14")
@pytest.mark.fault("F-102")
def test_what_touches_the_whole_account_names_what_would_go() -> None:
    """Every order that may be open, and which of them this lab did not place."""
    orders = (an_order(), an_order(external=True, order_id="OELSE"), an_order(state=OrderState.CANCELED))
    facts = live_facts(orders=orders)
    for proposal in (propose_cancel_all(facts), propose_dead_man(60, facts)):
        assert proposal.ok
        assert [removed.ours for removed in proposal.removes] == [True, False]
        assert "OELSE" in repr(proposal)
        assert "ELSEWHERE" in repr(proposal)
    assert "60 s, unless this is set anew" in propose_dead_man(60, facts).what
    assert "60 s after this kernel last refreshed" in propose_dead_man(60, facts, refreshed=True).what
    assert "off" in propose_dead_man(0, facts).what
    assert not propose_dead_man(-1, facts).ok
    for proposal in (
        propose_cancel_all(facts),
        propose_dead_man(60, facts),
        propose_dead_man(60, facts, refreshed=True),
    ):
        assert remade(proposal, {}, facts) == proposal


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-152")
@pytest.mark.parametrize("text", ["\x1b[31mred", "BTC\u202e/USD", "a\r\nb", "\ud800"])
def test_hostile_words_are_shown_as_escapes(text: str) -> None:
    """In a terminal nothing in a symbol or a reason can colour, move or turn what stands beside it."""
    shown = repr(proposed(a_wish(symbol=text), some_facts(halted=text)))
    assert text not in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


@pytest.mark.promise("A-07")
def test_one_that_was_confirmed_says_so_wherever_it_is_shown_again() -> None:
    """A cell that is run again must not tell a person that an order which is filled was never sent."""
    proposal = proposed(a_wish())
    assert "nothing has been sent" in repr(proposal)
    proposal.confirm()
    assert "CONFIRMED ALREADY: O1 is FILLED" in repr(proposal)
    assert "nothing has been sent" not in repr(proposal)
