"""Cards of proposals, orders and explanations: everything in words, warnings first, foreign text letter by letter."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.trading.builders import (
    propose_add,
    propose_amend,
    propose_batch,
    propose_cancel_all,
    propose_dead_man,
    propose_edit,
)
from kraken_lab.trading.explain import explain
from kraken_lab.trading.rules import OrderSettings
from kraken_lab.trading.states import FillRecord, OrderEvent, OrderRecord, OrderState
from kraken_lab.views import explanation_card, order_card, proposal_card
from kraken_lab.views.escape import visible

from ..trading.test_proposal import SHOWN, THE_WISH
from ..trading.wishes import NOW, a_market, a_wish, an_order, live_facts, some_facts
from .hostile import HOSTILE, Page

HOSTILE_TEXTS = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def words(html: str) -> str:
    """What a reader sees, in order, in one line."""
    return " ".join(" ".join(Page(html).texts).split())


def a_fill(**changes: Any) -> FillRecord:
    """Half a coin, as maker."""
    fields: dict[str, Any] = {
        "exec_id": "T1", "order_id": "OABCDE-FGHIJ-KLMNOP", "cl_ord_id": None, "symbol": "BTC/USD", "side": "buy",
        "price": Decimal("26499.0"), "qty": Decimal("0.5"), "cost": Decimal("13249.5"), "fee": Decimal("21.1992"),
        "fee_asset": "USD", "liquidity": "maker", "trade_id": 7, "timestamp_ns": NOW.wall_ns,
        "received_at_ns": NOW.wall_ns,
    }  # fmt: skip
    return FillRecord(**{**fields, **changes})


def a_timeline(*what: str) -> tuple[OrderEvent, ...]:
    """Events a tenth of a second apart."""
    return tuple(OrderEvent(what=each, received_at_ns=NOW.wall_ns + at * 10**8) for at, each in enumerate(what))


def every_card(text: str) -> dict[str, str]:
    """Every card there is, with a text of the wire wherever one can stand."""
    order = an_order(
        order_id=text, cl_ord_id=None, symbol=text, side=text, order_type=text, reason=text, error=text,
        exchange_status=text, external=True, fees=((text, Decimal(1)),), time_in_force=text,
        amend=text, amending=((text, Decimal(1)),),
    )  # fmt: skip
    facts = live_facts(orders=(order,), halted=text, account=text, system=text, book_state=text, alike=(text,))
    leg = a_wish(symbol=None, side=text)
    return {
        "add": proposal_card(propose_add(a_wish(symbol=text), facts)),
        "unread": proposal_card(propose_add(a_wish(side=text, order_type=text, **{text or "x": 1}), facts)),
        "batch": proposal_card(propose_batch({"symbol": text, "orders": [leg, leg]}, facts)),
        "amend": proposal_card(propose_amend(order, {"order_qty": 1}, facts)),
        "edit": proposal_card(propose_edit(order, {"order_qty": 1}, facts)),
        "all": proposal_card(propose_cancel_all(facts)),
        "switch": proposal_card(propose_dead_man(60, facts)),
        "order": order_card(order, (a_fill(fee_asset=text, liquidity=text),), a_timeline(text), mode=text),
        "text": explanation_card(explain(text, facts=facts)),
        "record": explanation_card(explain(order, facts=facts)),
    }


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-150", "F-152")
@HOSTILE_TEXTS
def test_texts_of_the_wire_are_shown_letter_by_letter(text: str) -> None:
    """They make no element and no attribute, and what cannot be seen is shown as an escape."""
    plain = every_card("plain")
    for name, html in every_card(text).items():
        page, expected = Page(html), Page(plain[name])
        spans = [tag for tag, _ in page.elements if tag != "span"]  # a span keeps TeX from being typeset
        assert set(spans) <= {tag for tag, _ in expected.elements} | {"li", "ul", "b"}, name
        for tag, attributes in page.elements:
            assert set(attributes) <= {"class", "role", "aria-label", "scope"}, (name, tag)
        assert all(char.isprintable() or char == "\n" for char in html), name
        assert html.startswith('<div class="kl tex2jax_ignore mathjax_ignore">'), name
    for name in ("order", "text"):
        assert "".join(visible(text).split()) in "".join(Page(every_card(text)[name]).text.split()), name


@pytest.mark.promise("W-06", "W-04")
@pytest.mark.fault("F-173")
def test_no_card_refers_to_another_address() -> None:
    """No link, image, script, form or import: nothing is loaded and nothing can be sent from it."""
    for html in every_card("plain").values():
        assert not re.search(r"https?:|//|url\(|@import|<(a|img|script|form|input|iframe|link|object)\b", html)


@pytest.mark.promise("A-05", "A-02")
@pytest.mark.parametrize(("name", "text"), SHOWN)
def test_the_card_shows_everything_that_is_confirmed(name: str, text: str) -> None:
    """Venue and mode in words, every term, the deadline, what it is worth and costs, the distance, the account."""
    assert text in words(proposal_card(propose_add(THE_WISH, live_facts()))), name


@pytest.mark.promise("A-02")
@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"mode": "sandbox"}, "SANDBOX the sandbox on this machine: no real money"),
        ({"mode": "paper"}, "PAPER the sandbox, fed with real prices: no real money"),
        ({"mode": "live", "armed": False}, "LIVE DISARMED Kraken, with real money"),
        (
            {"mode": "live", "armed": False, "elsewhere": "127.0.0.1:81"},
            "LIVE DISARMED what plays the exchange at 127.0.0.1:81, which is ",
        ),
        (
            {"mode": "paper", "elsewhere": "127.0.0.1:81"},
            "PAPER the sandbox, fed by what plays the exchange at 127.0.0",
        ),
        ({"mode": "live", "armed": True}, "LIVE ARMED Kraken, with real money"),
        ({"mode": "live", "armed": True, "halted": "kill()"}, "LIVE ARMED HALTED Kraken, with real money"),
    ],
)
def test_a_card_begins_with_where_it_goes_in_words(facts: dict[str, Any], said: str) -> None:
    """Not by colour alone, and before anything else."""
    assert words(proposal_card(propose_add(a_wish(), live_facts(**facts)))).startswith(said)


def test_refusals_come_before_warnings_and_both_before_everything_else() -> None:
    """And after them what is offered, then the terms, then what passed."""
    bad = propose_add(a_wish(limit_price="2600.05"), live_facts(armed=False))
    card = words(proposal_card(bad))
    places = [
        card.index(text)
        for text in ("2 checks refuse it", "REFUSED", "WARNING", "OFFERED", "time in force", "checks passed")
    ]
    assert places == sorted(places)
    for check in bad.checks:
        assert check.said in card
    assert "this cannot be" in card


@pytest.mark.promise("A-05")
def test_every_check_is_on_the_card_with_its_figures() -> None:
    """Those that passed are folded away and still there; so is the request, to the letter, without a token."""
    proposal = propose_add(a_wish(), live_facts())
    card = words(proposal_card(proposal))
    for check in proposal.checks:
        assert check.said in card
        for name in check.figures:
            assert f"{name} " in card
    assert '"order_qty":0.01,"limit_price":26000.0' in card
    assert '"token":""' in card


def test_a_card_shows_the_fills_and_what_rests() -> None:
    """Price and quantity of each fill, the average, the fee now and the fee of the rest, the balances after.

    All with units: money as its currency is usually shown, prices and quantities by the pair's digits, and a mark where
    digits were left out. The text says the same, and the values have all of them.
    """
    facts = some_facts(shown_decimals={"USD": 2, "BTC": 5})
    proposal = propose_add(a_wish(limit_price="26501.0", order_qty="3"), facts)
    card, plain = words(proposal_card(proposal)), " ".join(repr(proposal).split())
    for text in ("fill at (USD) quantity (BTC) 26500.4 0.50000000", "26501.0 2.00000000"):
        assert text in card, text
    for text in ("average price ≈26500.9 USD", "rests 0.5 BTC at 26501.0 USD", "fee now (taker 0.26 %) ≈172.26 USD",
                 "value 66252.20 USD", "fee of the rest (maker 0.16 %) ≈21.20 USD", "BTC after what fills now 32.5 BTC",
                 "queue ahead 0 BTC there", "rate counter 1 (120.8 left)"):  # fmt: skip
        assert text in card, text
        assert text in plain, text
    assert proposal.preview is not None
    assert (proposal.preview.average_price, proposal.preview.fee) == (Decimal("26500.88"), Decimal("172.2557"))


@pytest.mark.parametrize(
    ("wish", "stop", "unjudged"),
    [
        (a_wish(symbol="BTC/USDD"), "BTC/USDD is not traded here.", "other checks could not be made: they need a pair"),
        (a_wish(order_qty="100000"), "and there are 1000000.00 USD.", ""),
    ],
)
def test_one_mistake_is_one_refusal_and_foretells_nothing(wish: dict[str, Any], stop: str, unjudged: str) -> None:
    """What only follows from it is counted, not listed; no figure is shown of what cannot happen."""
    known = {"pair": None, "book": None, "alike": ("BTC/USD",)} if unjudged else {}
    proposal = propose_add(wish, some_facts(shown_decimals={"USD": 2}, **known))
    for shown in (words(proposal_card(proposal)), repr(proposal)):
        assert shown.count("REFUSED") == 1, shown
        assert stop in shown
        assert unjudged in shown
        assert "after what fills now" not in shown
        assert "what it would do now" not in shown
    assert len(proposal.refusals) == 1


def test_an_order_that_ended_is_shown_as_it_is_and_nothing_of_the_change() -> None:
    """Amending what was filled already: the refusal, the state, and no figure of what cannot be."""
    filled = an_order(state=OrderState.FILLED, order_type="market", limit_price=None, filled_qty=Decimal("1.5"))
    proposal = propose_amend(filled, {"order_qty": "2", "limit_price": "1"}, some_facts(orders=(filled,)))
    card = words(proposal_card(proposal))
    assert "is FILLED, and only an open order can be changed." in card
    assert "state FILLED filled 1.5 BTC" in card
    for foretold in ("then", "quantity", "notional", "after what fills now"):
        assert foretold not in card.partition("Nothing has been sent")[0].partition("state FILLED")[2], foretold
    for shown in (card, repr(proposal)):
        assert shown.count("REFUSED") == 1


def test_many_fills_are_counted_not_listed() -> None:
    """Eight are shown, the rest is a number."""
    facts = some_facts()
    assert facts.book is not None
    asks = [(f"{26500 + n}.0", "0.1") for n in range(1, 21)]
    facts = replace(facts, book=type(facts.book).of("BTC/USD", bids=[("26500.0", "1")], asks=asks, price_precision=1))
    assert "12 more" in words(proposal_card(propose_add(a_market(order_qty="2"), facts)))


def test_on_margin_no_spot_balance_is_foretold_and_nothing_passes_unseen() -> None:
    """A fill opens a position there: no balance pays for it, and that it was not checked is a warning."""
    proposal = propose_add(
        a_market(order_qty="20", margin=True), some_facts(settings=OrderSettings(max_slippage_pct=50))
    )
    assert [check.name for check in proposal.warnings if check.name == "balance"] == ["balance"]
    for shown in (words(proposal_card(proposal)), " ".join(repr(proposal).split())):
        assert "after what fills now" not in shown
        assert "WARNING On margin: not checked here." in shown


def test_a_sell_says_what_it_brings_and_a_buy_what_it_costs() -> None:
    """Proceeds have the fee taken off, of what fills now and of what rests; what limits count has it on top."""
    facts = some_facts(shown_decimals={"USD": 2})
    sell = propose_add(a_wish(side="sell", limit_price="26500.0", order_qty="2"), facts)
    assert sell.preview is not None
    assert sell.preview.proceeds == Decimal("53000") - Decimal("103.35") - Decimal("21.2")
    assert propose_add(a_wish(), facts).preview.proceeds is None  # type: ignore[union-attr]
    for shown in (words(proposal_card(sell)), " ".join(repr(sell).split())):
        assert "proceeds, net of fee 52875.45 USD" in shown
        assert "counts for limits 53137.80 USD, fee on top" in shown
        assert "fee included" not in shown
    assert "notional, fee included" in repr(propose_add(a_wish(), facts))


def test_an_order_that_waits_is_said_to_have_a_trigger_not_to_be_triggered() -> None:
    """On its card and in its words."""
    order = an_order(side="sell", order_type="stop-loss", limit_price=None, trigger_price=Decimal("25000.0"))
    assert "trigger at 25000.0" in words(order_card(order))
    assert "triggered" not in words(order_card(order))


def test_each_order_of_a_batch_has_its_own_terms() -> None:
    """Under its number, with its own preview."""
    leg = a_wish(symbol=None)
    batch = propose_batch(
        {"symbol": "BTC/USD", "orders": [leg, {**leg, "side": "sell", "limit_price": "27000.0"}]}, some_facts()
    )
    card = words(proposal_card(batch))
    assert card.index("order 1") < card.index("26000.0 USD") < card.index("order 2") < card.index("27000.0 USD")


@pytest.mark.promise("O-11")
def test_a_change_stands_beside_what_it_changes() -> None:
    """Now and then, in one table; an edit begins with what it costs."""
    order = an_order(filled_qty=Decimal("0.5"))
    card = words(proposal_card(propose_amend(order, {"order_qty": "2"}, some_facts(orders=(order,)))))
    assert "quantity 1.5 2" in card
    assert "limit price 26499 unchanged" in card
    assert "filled already 0.5 kept" in card
    bare = replace(order, cl_ord_id=None)
    edit = words(proposal_card(propose_edit(bare, {"order_qty": "2"}, some_facts(orders=(bare,)))))
    assert edit.index("loses its place") < edit.index("quantity 1.5 2")


@pytest.mark.promise("O-13", "A-14")
@pytest.mark.fault("F-102")
def test_the_card_of_the_switch_lists_whose_orders_would_go() -> None:
    """Also those placed elsewhere, by that word."""
    orders = (an_order(), an_order(external=True, order_type="stop-loss", trigger_price=Decimal("25000.0")))
    for proposal in (propose_dead_man(60, live_facts(orders=orders)), propose_cancel_all(live_facts(orders=orders))):
        card = words(proposal_card(proposal))
        assert "this lab BTC/USD buy limit" in card
        assert "ELSEWHERE BTC/USD buy stop-loss" in card
        assert proposal.not_yet.split(":")[0] in (
            "NOTHING HAS BEEN CANCELLED",
            "THE DEAD MAN'S SWITCH HAS NOT BEEN SET",
        )
        assert card.index(visible(proposal.not_yet)) < card.index("ELSEWHERE")
    assert "No order of the account" in words(proposal_card(propose_cancel_all(live_facts())))


@pytest.mark.parametrize("state", OrderState)
def test_an_order_is_told_in_its_state(state: OrderState) -> None:
    """The state as a word, and what it means where that is not plain."""
    card = words(order_card(an_order(state=state), mode="SANDBOX"))
    assert card.startswith(f"SANDBOX {state}")
    if state is OrderState.UNKNOWN:
        assert "do not place it again" in card


def test_an_order_card_has_its_fills_and_its_timeline() -> None:
    """What is filled of what, at which price, for which fee; and what happened when."""
    order = an_order(
        filled_qty=Decimal("0.5"), avg_price=Decimal("26499.0"), cost=Decimal("13249.5"),
        fees=(("USD", Decimal("21.1992")),), state=OrderState.PARTIAL,
    )  # fmt: skip
    card = words(order_card(order, (a_fill(),), a_timeline("confirmed", "sent", "accepted")))
    for text in ("filled 0.5 of 1.5 BTC", "average price 26499.0 USD", "fees 21.1992 USD",
                 "maker 26499.0 0.5 13249.5 USD 21.1992 USD", "0.200 s accepted", str(order.order_id),
                 str(order.cl_ord_id)):  # fmt: skip
        assert text in card, text
    assert "(the last 12 of 40)" in words(order_card(order, (a_fill(),) * 40))


@pytest.mark.promise("O-08", "O-11")
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"overfilled": True}, "OVERFILLED"),
        ({"unverified": True}, "UNVERIFIED"),
        ({"amend": "UNKNOWN", "amending": (("order_qty", Decimal(2)),)}, "AMEND UNKNOWN"),
        ({"error": "EOrder:Insufficient funds"}, "EOrder:Insufficient funds"),
        ({"external": True}, "placed elsewhere"),
    ],
)
def test_what_must_not_be_overlooked_stands_above_the_figures(changes: dict[str, Any], text: str) -> None:
    """By its word, not by colour."""
    record: OrderRecord = an_order(**changes)
    card = words(order_card(record))
    assert card.index(text) < card.index("average price")


def test_an_explanation_ends_with_the_card_of_what_would_pass() -> None:
    """What was said, what it means here, and a proposal that is not sent by being shown."""
    facts = some_facts()
    wish = propose_add(a_wish(order_qty="0.00001"), facts)
    card = words(explanation_card(explain("EOrder:Order minimum not met", facts=facts, proposal=wish)))
    assert card.index("EOrder:Order minimum not met") < card.index("0.0001 BTC") < card.index("This would pass")
    assert "Nothing has been sent" in card
    doubtful = words(explanation_card(explain("EService:Unavailable")))
    assert "not proved" in doubtful
    assert "This would pass" not in doubtful


@pytest.mark.parametrize("theme", ["--jp-ui-font-color1", 'data-jp-theme-light="false"', ".kl-dark"])
def test_cards_follow_the_notebooks_theme(theme: str) -> None:
    """Text takes the notebook's colour, signal colours have a dark and a light form, nothing is painted white."""
    html = proposal_card(propose_add(a_wish(), some_facts()))
    assert theme in html
    assert not re.search(r"background:\s*(#fff|white|#000|black)", html)
