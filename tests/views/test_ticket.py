"""The order ticket by traits and messages: what is shown, what one click sends, and everything that sends nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import kraken_lab as kl
from kraken_lab.errors import LabClosed, NotReady
from kraken_lab.trading import Limits
from kraken_lab.trading.terms import read_add
from kraken_lab.views.confirm_button import ConfirmButton, Press
from kraken_lab.views.number_field import NumberField
from kraken_lab.views.order_form import OrderForm
from kraken_lab.views.ticket import Ticket
from tests.dealing import LIMITS, Kernel, dealing

from ..trading.wishes import a_pair
from .by_hand import Workers, a_ticket, click, edit, press, says, see, submit
from .hostile import HOSTILE, Page
from .test_cards import words

MODES = pytest.mark.parametrize("mode", ["sandbox", "paper", "live"])

Body = Callable[[Kernel], Awaitable[None]]


def texts(ticket: Ticket) -> list[Any]:
    """Every text field of its form."""
    fields = (field.text if isinstance(field, NumberField) else field for field in ticket.form.fields.values())
    return [field for field in fields if "TextModel" in field._model_name]


def reviewed(ticket: Ticket, workers: Workers) -> int:
    """Press Review; the number of the confirmation that was opened."""
    click(ticket.check)
    workers.work()
    assert ticket.review.active, ticket.words
    return int(ticket.review.button.number)


# --- one click, one frame -------------------------------------------------------------------------------------------


@pytest.mark.promise("A-07")
@pytest.mark.promise("A-06")
@MODES
def test_a_double_click_sends_one_frame(mode: Any, tmp_path: Path) -> None:
    """The button is disabled in the kernel with the first press; what comes after it means nothing, in every mode."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        number = reviewed(ticket, workers)
        press(ticket.review.button, kernel)
        assert ticket.review.button.number == 0
        for _ in range(3):
            press(ticket.review.button, kernel, number=number)
        workers.work()
        press(ticket.review.button, kernel, number=number)
        workers.work()
        assert ticket.order is not None
        await kernel.until(lambda: ticket.order and str(ticket.order.state) == "OPEN")
        assert len(kernel.frames) == 1
        assert ticket.words == "Confirmed: buy 0.01 BTC/USD, limit at 50000."
        assert len(kernel.account.orders) == 1

    dealing(body, tmp_path, mode=mode)


@pytest.mark.promise("A-05")
def test_what_is_under_review_is_what_is_sent(tmp_path: Path) -> None:
    """The card, the button and the proposal are one; what the market does meanwhile changes none of them."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, trader = a_ticket(kernel, post_only=True, display_qty=None)
        see(ticket.review.button, True)
        reviewed(ticket, workers)
        frozen, card = ticket.proposal, ticket.preview.value
        assert frozen is not None
        await asyncio.sleep(5.0)
        workers.work()
        assert (ticket.proposal, ticket.preview.value) == (frozen, card)
        assert "UNDER REVIEW" in words(ticket.caption.value)
        assert frozen.what in ticket.review.button.label
        assert frozen.mode_words in ticket.review.button.label
        press(ticket.review.button, kernel)
        workers.work()
        await kernel.until(lambda: kernel.frames)
        assert '"limit_price":50000,"post_only":true' in kernel.frames[0]
        assert ticket.order is not None
        assert ticket.order.record.post_only
        assert trader.refused == []

    dealing(body, tmp_path)


@pytest.mark.promise("A-06")
@pytest.mark.parametrize(
    ("mode", "ago_s", "ahead_s"),
    [("live", 2.1, 0.0), ("paper", 10.0, 0.0), ("sandbox", 2.1, 3600.0), ("live", -2.1, 0.0)],
)
def test_a_click_that_took_more_than_two_seconds_is_void(
    mode: Any, ago_s: float, ahead_s: float, tmp_path: Path
) -> None:
    """By the browser's clock and its measured offset; one from the future is as little believed."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        number = reviewed(ticket, workers)
        press(ticket.review.button, kernel, ago_s=ago_s, ahead_s=ahead_s)
        workers.work()
        assert f"delivered {ago_s:.1f} s after it was made" in ticket.words
        assert ticket.words.startswith("Nothing was sent.")
        press(ticket.review.button, kernel, number=number)
        workers.work()
        assert (kernel.frames, ticket.order) == ([], None)

    dealing(body, tmp_path, mode=mode)


@pytest.mark.promise("A-06")
def test_clocks_that_differ_do_not_matter(tmp_path: Path) -> None:
    """A browser two hours ahead, whose offset was measured."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        reviewed(ticket, workers)
        press(ticket.review.button, kernel, ago_s=1.9, ahead_s=7200.0)
        workers.work()
        assert ticket.words.startswith("Confirmed")

    dealing(body, tmp_path)


@pytest.mark.promise("A-06")
@pytest.mark.parametrize(("mode", "awake"), [("live", True), ("live", False), ("sandbox", False)])
def test_a_click_after_31_seconds_is_void(mode: Any, awake: bool, tmp_path: Path) -> None:
    """Whether the ticket's worker was there to disable the button in time, or was held up by a cell."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        number = reviewed(ticket, workers)
        await asyncio.sleep(31.0)
        if awake:
            workers.work()
            assert ticket.review.button.number == 0
            assert "older than 30 s" in ticket.words
        press(ticket.review.button, kernel, number=number)
        workers.work()
        assert ticket.words.startswith("Nothing was sent")
        assert (kernel.frames, ticket.order) == ([], None)

    dealing(body, tmp_path, mode=mode)


@pytest.mark.promise("A-05")
@pytest.mark.promise("A-06")
def test_editing_any_field_voids_the_review_at_once(tmp_path: Path) -> None:
    """In the handler, before any worker has done anything; the old button's number counts for nothing."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        edits: list[Callable[[], None]] = [
            lambda: edit(ticket.form.fields["order_qty"].text, "0.02"),
            lambda: click(ticket.form.fields["limit_price"].up),
            lambda: ticket.form.put({"side": "sell"}),
            lambda: ticket.form.put({"order_type": "iceberg"}),
            lambda: edit(ticket.form.fields["post_only"], True),
            lambda: click(ticket.discard),
        ]
        edit(ticket.form.fields["display_qty"].text, "0.01")
        for change in edits:
            ticket.form.put({"side": "buy", "order_type": "limit", "order_qty": "0.01", "limit_price": "50000"})
            ticket.form.put({"post_only": False})
            number = reviewed(ticket, workers)
            change()
            assert ticket.review.button.number == 0
            assert ticket.words.startswith("The review")
            press(ticket.review.button, kernel, number=number)
            workers.work()
            assert not ticket.review.active
        assert kernel.frames == []

    dealing(body, tmp_path)


def test_a_field_edited_while_the_review_is_being_prepared_voids_it_too(tmp_path: Path) -> None:
    """What is asked for afterwards is shown to nobody."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        click(ticket.check)
        edit(ticket.form.fields["order_qty"].text, "0.5")
        workers.work()
        assert (ticket.review.active, ticket.review.button.number) == (False, 0)
        for number in range(5):
            press(ticket.review.button, kernel, number=number)
        workers.work()
        assert kernel.frames == []

    dealing(body, tmp_path)


@pytest.mark.promise("A-07")
def test_the_enter_key_submits_nothing(tmp_path: Path) -> None:
    """In no text field, before a review or during one."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        assert len(texts(ticket)) >= 7
        for field in texts(ticket):
            submit(field)
        workers.work()
        assert not ticket.review.active
        reviewed(ticket, workers)
        for field in texts(ticket):
            submit(field)
        workers.work()
        assert ticket.review.button.number
        assert kernel.frames == []

    dealing(body, tmp_path)


@pytest.mark.promise("A-04")
@pytest.mark.parametrize(
    "content",
    [
        None, "press", [1], {"kind": "press"}, {"kind": "press", "number": True, "clicked_ms": 0, "offset_ms": 0},
        {"kind": "press", "number": "1", "clicked_ms": 0, "offset_ms": 0}, {"kind": "press", "number": 1},
        {"kind": "press", "number": 1, "clicked_ms": None, "offset_ms": float("nan")},
        {"kind": "seen", "view": 7, "visible": True}, {"event": "click"},
    ],
    ids=str,
)  # fmt: skip
def test_other_messages_press_nothing(content: object) -> None:
    """A press without its number or its times is none."""
    pressed: list[Press] = []
    button = ConfirmButton(wall_ms=lambda: 0.0, pressed=pressed.append, number=1)
    says(button, content)
    assert pressed == []
    says(button, {"kind": "press", "number": 1, "clicked_ms": 5, "offset_ms": 2.5})
    assert pressed == [Press(1, 5.0, 2.5)]


def test_the_button_answers_with_the_kernels_time() -> None:
    """That is how the browser measures the clocks, and notices that the kernel is busy."""
    button = ConfirmButton(wall_ms=lambda: 1234.5, pressed=print)
    sent: list[object] = []
    button.send = sent.append
    says(button, {"kind": "ping", "view": "v1", "at": 99.5})
    assert sent == [{"kind": "pong", "view": "v1", "at": 99.5, "kernel_ms": 1234.5}]


# --- what is shown --------------------------------------------------------------------------------------------------

ALWAYS = {
    *("side", "order_type", "order_qty", "time_in_force", "margin", "conditional"),
    *("effective_time", "fee_preference", "stp_type"),
}
LIMITED = {"limit_price", "post_only"}
TRIGGERED = {"trigger_price", "trigger_price_type", "trigger_reference"}
FIELDS = {
    "limit": LIMITED,
    "market": set(),
    "iceberg": {*LIMITED, "display_qty"},
    "stop-loss": TRIGGERED,
    "stop-loss-limit": LIMITED | TRIGGERED,
    "take-profit": TRIGGERED,
    "take-profit-limit": LIMITED | TRIGGERED,
    "trailing-stop": TRIGGERED,
    "trailing-stop-limit": {*LIMITED, *TRIGGERED, "limit_price_type"},
    "settle-position": set(),
}


def a_form(**parameters: object) -> OrderForm:
    """A form for BTC/USD with a bid in it, where the market is at 26,500."""
    touch = (Decimal("26500.0"), Decimal("26500.4"))
    form = OrderForm(a_pair(), changed=lambda: None, touch=lambda: touch)
    form.put({"side": "buy", "order_type": "limit", "order_qty": "0.01", "limit_price": "26000", **parameters})
    return form


def test_a_field_says_its_unit_and_moves_by_its_step() -> None:
    """Prices by the tick, shares by a tenth of a percent, base by the smallest order, a sum of money by one."""
    form = a_form(order_type="trailing-stop-limit")
    trigger, quantity = form.fields["trigger_price"], form.fields["order_qty"]
    assert (trigger.text.placeholder, trigger.step) == ("%", Decimal("0.1"))
    form.fields["trigger_price_type"].value = "quote"
    assert (trigger.text.placeholder, trigger.step) == ("USD", Decimal("0.1"))
    form.put({"order_type": "market"})
    assert (quantity.text.placeholder, quantity.step) == ("BTC", a_pair().qty_min)
    form.put({"cash_order_qty": "25"})
    assert (quantity.text.placeholder, quantity.step) == ("USD", Decimal(1))
    click(quantity.up)
    assert form.arguments()["cash_order_qty"] == "26"
    assert quantity.up.tooltip == "quantity: one step of 1 up"


def test_rare_fields_open_by_a_button_that_a_key_can_press() -> None:
    """Hidden until then, and hidden again by it."""
    form = a_form()
    rare = form.box.children[-1]
    assert rare.layout.display == "none"
    edit(form.more, True)
    assert rare.layout.display is None
    edit(form.more, False)
    assert rare.layout.display == "none"


@pytest.mark.parametrize(("order_type", "fields"), FIELDS.items(), ids=FIELDS.keys())
def test_every_order_type_shows_exactly_its_fields(order_type: str, fields: set[str]) -> None:
    """And only those are sent: what was typed before into another type's field is not."""
    form = a_form()
    for number in ("limit_price", "display_qty", "trigger_price", "close_limit_price", "close_trigger_price"):
        edit(form.fields[number].text, "0.01")
    edit(form.fields["post_only"], True)
    form.order_type.value = order_type
    assert form.shown == ALWAYS | fields
    if order_type.startswith("trailing"):  # where a price is a distance, and what stood there was a price
        assert form.fields["trigger_price"].value is None
        edit(form.fields["trigger_price"].text, "0.01")
    names = {"triggers" if name in TRIGGERED else name for name in fields}
    assert set(form.arguments()) == {"symbol", "side", "order_type", "order_qty"} | names
    problems = read_add(form.arguments()).problems
    assert [problem.name for problem in problems] == (["margin"] if order_type == "settle-position" else [])
    edit(form.fields["margin"], True)
    assert form.shown == ALWAYS | fields | {"reduce_only"}
    assert read_add(form.arguments()).request is not None


def test_a_number_whose_unit_the_form_takes_away_goes_with_it() -> None:
    """250 USD do not become 250 BTC, nor a price of 70000 as many percent; what somebody chose himself stays."""
    form = OrderForm(a_pair(), changed=lambda: None)
    form.put({"order_type": "market", "cash_order_qty": "250"})
    form.put({"order_type": "limit"})
    assert form.arguments().keys() & {"order_qty", "cash_order_qty"} == set()
    form.put({"order_type": "stop-loss", "order_qty": "1", "triggers": {"price": "70000"}})
    form.put({"order_type": "take-profit"})
    assert form.arguments()["triggers"] == {"price": "70000", "price_type": "static", "reference": "last"}
    form.put({"order_type": "trailing-stop-limit"})
    assert form.fields["trigger_price"].value is None
    assert form.arguments()["order_qty"] == "1"
    form.put({"limit_price": "10", "limit_price_type": "quote"})
    form.put({"limit_price_type": "pct"})
    assert form.arguments()["limit_price"] == "10"
    form.put({"order_type": "limit"})
    assert "limit_price" not in form.arguments()


def test_all_ten_order_types_are_offered() -> None:
    """Those of the reference, and no other."""
    assert {value for _, value in a_form().order_type.options} == set(FIELDS)
    assert len(FIELDS) == 10


def test_the_choices_are_those_that_the_order_can_have() -> None:
    """Times in force by type, quote currency for market buys, a date for good till date, distances for trailing."""
    form = a_form()

    def choices(name: str) -> list[str]:
        return [value for _, value in form.fields[name].options]

    assert choices("time_in_force") == ["gtc", "gtd", "ioc", "fok"]
    form.fields["time_in_force"].value = "gtd"
    assert "expire_time" in form.shown
    form.order_type.value = "market"
    assert choices("time_in_force") == ["gtc", "ioc"]
    assert "expire_time" not in form.shown
    assert [value for _, value in form.unit.options] == ["base", "quote"]
    form.unit.value = "quote"
    assert form.arguments() == {"symbol": "BTC/USD", "side": "buy", "order_type": "market", "cash_order_qty": "0.01"}
    form.side.value = "sell"
    assert form.unit.value == "base"
    form.order_type.value = "trailing-stop"
    assert choices("trigger_price_type") == ["pct", "quote"]
    form.order_type.value = "limit"
    form.fields["time_in_force"].value = "ioc"
    assert "post_only" not in form.shown


@pytest.mark.parametrize(
    ("close", "fields"),
    [
        ("", set()),
        ("limit", {"close_limit_price"}),
        ("stop-loss", {"close_trigger_price", "close_trigger_price_type"}),
        (
            "trailing-stop-limit",
            {"close_limit_price", "close_limit_price_type", "close_trigger_price", "close_trigger_price_type"},
        ),
    ],
)
def test_a_conditional_close_shows_its_prices(close: str, fields: set[str]) -> None:
    """And is part of the order that is proposed."""
    form = a_form()
    form.fields["conditional"].value = close
    edit(form.fields["close_limit_price"].text, "27000")
    edit(form.fields["close_trigger_price"].text, "1")
    assert {name for name in form.shown if name.startswith("close_")} == fields
    request: Any = read_add(form.arguments()).request
    assert (request.conditional.order_type if request.conditional else "") == close


def test_a_form_is_filled_in_by_the_names_of_the_parameters() -> None:
    """What goes in comes out, nested parameters too."""
    wish: dict[str, Any] = {
        "symbol": "BTC/USD", "side": "sell", "order_type": "trailing-stop-limit", "order_qty": "0.1",
        "limit_price": "5", "limit_price_type": "quote", "post_only": True, "stp_type": "cancel_both",
        "triggers": {"price": "1.5", "price_type": "pct", "reference": "index"},
        "conditional": {"order_type": "limit", "limit_price": "20000", "limit_price_type": "static"},
    }  # fmt: skip
    form = a_form(**wish)
    assert form.arguments() == wish
    request: Any = read_add(wish).request
    form = a_form(**{**wish, "triggers": request.triggers, "conditional": request.conditional})
    assert read_add(form.arguments()).request == request


def test_prices_step_by_the_tick() -> None:
    """From an empty field to the best price of the own side; from between two ticks to the next one."""
    form = a_form(limit_price=None)
    field = form.fields["limit_price"]
    click(field.up)
    assert field.value == "26500.0"
    edit(field.text, "50000.04")
    click(field.down)
    assert field.value == "50000.0"
    click(field.down)
    assert field.value == "49999.9"
    assert "one step of 0.1 down" in field.down.tooltip
    field.put(None)
    form.side.value = "sell"
    click(field.down)
    assert field.value == "26500.4"


def test_what_is_offered_is_put_into_the_form(tmp_path: Path) -> None:
    """Never by itself: a press fills the field, and the order is proposed anew."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel, limit_price="50000.04")
        assert "Use limit_price 50000.04 -> 50000.0" in ticket.offers[0].description
        click(ticket.offers[0])
        assert ticket.form.fields["limit_price"].value == "50000.0"
        await asyncio.sleep(1.0)
        workers.work()
        assert ticket.proposal is not None
        assert ticket.proposal.ok
        assert ticket.offers[0].layout.display == "none"

    dealing(body, tmp_path)


@pytest.mark.promise("A-02")
def test_a_disarmed_ticket_says_so_and_refuses(tmp_path: Path) -> None:
    """In the head, on the card and when Review is pressed."""

    async def body(kernel: Kernel) -> None:
        kernel.dealer.disarm("by the user")
        ticket, workers, _ = a_ticket(kernel)
        assert words(ticket._head.value).startswith("LIVE DISARMED")
        assert "LIVE DISARMED" in words(ticket.preview.value)
        click(ticket.check)
        workers.work()
        assert (ticket.review.active, ticket.review.button.number) == (False, 0)
        assert "nothing to confirm" in ticket.words
        assert "DISARMED" in ticket.words

    dealing(body, tmp_path, mode="live")


@pytest.mark.promise("A-13")
@pytest.mark.parametrize("mode", ["sandbox", "live"])
def test_a_halt_shows_and_voids_what_was_under_review(mode: Any, tmp_path: Path) -> None:
    """In every mode; the head says why."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        reviewed(ticket, workers)
        kernel.dealer.kill("it is enough")
        press(ticket.review.button, kernel)
        workers.work()
        await asyncio.sleep(1.0)
        workers.work()
        assert ticket.words.startswith("Nothing was sent")
        assert "HALTED" in words(ticket._head.value)
        assert "it is enough" in words(ticket._head.value)
        click(ticket.check)
        workers.work()
        assert "HALTED" in ticket.words
        assert kernel.frames == []

    dealing(body, tmp_path, mode=mode)


@pytest.mark.promise("A-06")
@pytest.mark.parametrize("happens", ["halt", "status", "line", "disarm"])
def test_a_review_that_would_not_count_any_more_loses_its_button(happens: str, tmp_path: Path) -> None:
    """Nobody is left a button that says what is not so: within two seconds it is gone, and words say why."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        number = reviewed(ticket, workers)
        if happens == "halt":
            kernel.dealer.kill("it is enough")
        elif happens == "status":
            kernel.world.exchange.faults.status("cancel_only")
        elif happens == "line":
            kernel.world.exchange.faults.reset()
        else:
            kernel.dealer.disarm("by the user")
        for _ in range(4):
            await asyncio.sleep(0.5)
            workers.work()
        assert (ticket.review.active, ticket.review.button.number) == (False, 0)
        assert ticket.words.startswith("The review is void: ")
        assert ticket.words.endswith("Nothing was sent.")
        said = {"halt": "HALTED", "status": "cancel_only", "line": "connection", "disarm": "LIVE DISARMED"}
        assert said[happens] in ticket.words
        press(ticket.review.button, kernel, number=number)
        workers.work()
        assert kernel.frames == []

    dealing(body, tmp_path, mode="live")


@pytest.mark.promise("A-06")
def test_a_lab_that_closes_under_a_review_leaves_nothing_to_click(tmp_path: Path) -> None:
    """Neither the button nor the way back, neither Amend nor Cancel; what stands there is called what it is."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, trader = a_ticket(kernel)
        sent(ticket, workers, kernel)
        await kernel.until(lambda: ticket.order and str(ticket.order.state) == "OPEN")
        await asyncio.sleep(0.5)
        workers.work()
        assert not ticket.panel.cancel.disabled
        edit(ticket.form.fields["order_qty"].text, "0.02")
        reviewed(ticket, workers)
        trader.broken = LabClosed("The lab")
        await asyncio.sleep(1.5)
        workers.work()
        assert (ticket.review.active, ticket.review.button.number) == (False, 0)
        assert ticket.words.endswith("This ticket does nothing any more.")
        assert "UNDER REVIEW" not in words(ticket.caption.value)
        assert "this ticket has ended" in words(ticket.caption.value)
        assert ticket.discard.layout.display == "none"
        assert [each.disabled for each in (ticket.check, ticket.panel.cancel, ticket.panel.amend)] == [True] * 3
        assert ticket.form.fields["order_qty"].value == "0.02"
        assert not workers.waiting

    dealing(body, tmp_path)


def test_why_nothing_could_be_confirmed_is_said_until_a_field_is_changed(tmp_path: Path) -> None:
    """Then it is of another order. What was confirmed, and that something may have been sent, stays said."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel, order_qty="")
        click(ticket.check)
        workers.work()
        assert ticket.words.startswith("There is nothing to confirm. ")
        await asyncio.sleep(3.0)
        workers.work()
        assert ticket.words.startswith("There is nothing to confirm. ")
        edit(ticket.form.fields["order_qty"].text, "0.01")
        assert ticket.words == ""
        sent(ticket, workers, kernel)
        said = ticket.words
        assert said.startswith("Confirmed: ")
        edit(ticket.form.fields["order_qty"].text, "0.02")
        assert ticket.words == said

    dealing(body, tmp_path)


@pytest.mark.promise("W-04")
def test_foreign_text_is_shown_letter_by_letter(tmp_path: Path) -> None:
    """Typed into a field, as the reason of a halt, or said by an error."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, trader = a_ticket(kernel)
        for text in HOSTILE.values():
            trader.broken = None
            kernel.dealer.halt.latch(text, kernel.world.clock.now(), lambda *_: None)
            ticket.form.fields["limit_price"].put(text)
            ticket.form.fields["order_qty"].put(text)
            await asyncio.sleep(1.0)
            workers.work()
            for html in (ticket.preview.value, ticket._head.value, ticket.caption.value):
                page = Page(html)
                assert page.tags <= {"div", "span", "style", "b", "ul", "li", "details", "summary", "h4"}
                for _, attributes in page.elements:
                    assert set(attributes) <= {"class", "role", "aria-label"}
            trader.broken = NotReady(text, 1.0)
            edit(ticket.form.fields["order_qty"].text, "1")
            await asyncio.sleep(1.0)
            workers.work()
            assert ticket.words
            for shown in (ticket.words, ticket.review.button.label, *(offer.description for offer in ticket.offers)):
                assert all(char.isprintable() for char in shown)

    dealing(body, tmp_path)


def test_a_saved_notebook_says_that_it_needs_a_kernel(tmp_path: Path) -> None:
    """Where no widget is drawn there is a sentence, and no form that looks alive."""

    async def body(kernel: Kernel) -> None:
        ticket, _, _ = a_ticket(kernel)
        bundle = ticket._repr_mimebundle_()
        assert bundle["text/plain"].startswith("SANDBOX: order ticket of BTC/USD. It needs a notebook with a running")
        assert "elsewhere lab.add_order(...).confirm() does the same" in words(bundle["text/html"])
        assert bundle["text/plain"] in repr(ticket)
        assert "application/vnd.jupyter.widget-view+json" in bundle

    dealing(body, tmp_path)


def test_where_the_button_is_not_loaded_the_ticket_says_what_to_do(tmp_path: Path) -> None:
    """After some seconds without a word of its script, and under review; where it answers nothing is said."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        assert "anywidget" not in words(ticket.caption.value)
        await asyncio.sleep(5.5)
        workers.work()
        assert "ticket.proposal.confirm() in a cell" in words(ticket.caption.value)
        reviewed(ticket, workers)
        assert "ticket.proposal.confirm() in a cell" in words(ticket.caption.value)
        see(ticket.review.button, True)
        workers.work()
        ticket.review.void("again")
        reviewed(ticket, workers)
        assert "anywidget" not in words(ticket.caption.value)

    dealing(body, tmp_path)


def test_a_ticket_that_cannot_be_is_none(tmp_path: Path) -> None:
    """No such pair, no such parameter, no such choice: said at once, with what there is."""

    async def body(kernel: Kernel) -> None:
        _, workers, trader = a_ticket(kernel)
        with pytest.raises(kl.UnknownSymbol):
            Ticket(trader, "XBT/USD", workers=workers)
        for parameters in (
            {"price": 1},
            {"side": "hold"},
            {"triggers": 5},
            {"order_type": "limit ", "x": 1},
            {"order_qty": "x"},
        ):
            with pytest.raises(kl.BadArgument):
                Ticket(trader, "BTC/USD", parameters, workers=workers)

    dealing(body, tmp_path)


# --- following the market -------------------------------------------------------------------------------------------


@pytest.mark.promise("B-04")
def test_the_preview_follows_the_book_three_times_a_second_at_most(tmp_path: Path) -> None:
    """However often it moves; and once in two seconds when nothing does, because silence means something too."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, trader = a_ticket(kernel)
        see(ticket.review.button, True)
        book = kernel.dealer.gatherer.references.get("BTC/USD")
        assert book is not None

        async def seconds(count: int, moves: int) -> int:
            before = trader.proposed
            for _ in range(count * 20):
                for _ in range(moves):
                    for watcher in book.watchers:
                        watcher()
                workers.work()
                await asyncio.sleep(0.05)
            return trader.proposed - before

        assert 25 <= await seconds(10, moves=50) <= 31
        quiet = kernel.world.clock.now().mono
        assert quiet > 0
        assert 4 <= await seconds(10, moves=0) <= 15  # heartbeats of the account move it too

    dealing(body, tmp_path)


@pytest.mark.promise("B-04")
def test_a_hidden_ticket_costs_nothing(tmp_path: Path) -> None:
    """Seen in two places, then in one, then in none: nothing is watched and nothing is planned; a closed one too."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, trader = a_ticket(kernel)
        await asyncio.sleep(5.5)
        assert (workers.work(), workers.waiting) == (1, False)  # once: whether its button was loaded
        before = len(kernel.account.watchers)
        for view, visible in (("v1", True), ("v2", True), ("v1", False)):
            see(ticket.review.button, visible, view)
        workers.work()
        assert len(kernel.account.watchers) == before + 1
        see(ticket.review.button, False, "v2")
        await asyncio.sleep(3.0)
        workers.work()
        assert (len(kernel.account.watchers), workers.waiting) == (before, False)
        done = trader.proposed
        await asyncio.sleep(10.0)
        assert (workers.work(), trader.proposed) == (0, done)
        see(ticket.review.button, True)
        workers.work()
        ticket.close()
        ticket.close()
        assert (len(kernel.account.watchers), workers.waiting) == (before, False)

    dealing(body, tmp_path)


def test_an_error_is_said_on_the_ticket_and_the_next_look_goes_on(tmp_path: Path) -> None:
    """Nothing is printed from a thread, and one failure is not the end; a closed lab is."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, trader = a_ticket(kernel)
        see(ticket.review.button, True)
        workers.work()
        trader.broken = NotReady("the book", 5.0)
        await asyncio.sleep(1.0)
        edit(ticket.form.fields["order_qty"].text, "0.02")
        workers.work()
        assert "the book" in ticket.words
        trader.broken = None
        await asyncio.sleep(1.0)
        edit(ticket.form.fields["order_qty"].text, "0.03")
        workers.work()
        assert ticket.proposal is not None
        assert "0.03" in ticket.proposal.what
        assert ticket.words == ""
        trader.broken = LabClosed("This lab")
        await asyncio.sleep(1.0)
        edit(ticket.form.fields["order_qty"].text, "0.04")
        workers.work()
        assert "does nothing any more" in ticket.words
        assert ticket.check.disabled
        assert not workers.waiting

    dealing(body, tmp_path)


# --- the order, alive -----------------------------------------------------------------------------------------------


def sent(ticket: Ticket, workers: Workers, kernel: Kernel) -> None:
    """Review and confirm what the form says."""
    reviewed(ticket, workers)
    press(ticket.review.button, kernel)
    workers.work()


@pytest.mark.parametrize("mode", ["sandbox", "live"])
def test_the_order_shows_its_timeline_and_is_amended_and_cancelled(mode: Any, tmp_path: Path) -> None:
    """An amendment is reviewed and confirmed like an order; a cancel asks nothing."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        assert ticket.panel.box.layout.display == "none"
        sent(ticket, workers, kernel)
        order, panel = ticket.order, ticket.panel
        assert order is not None
        await kernel.until(lambda: str(order.state) == "OPEN")
        await asyncio.sleep(1.0)
        workers.work()
        assert panel.box.layout.display is None
        for text in ("OPEN", "confirmed", "sent", "TIMELINE".lower()):
            assert text in words(panel.card.value)

        click(panel.amend)
        workers.work()
        assert set(panel.fields) == {"order_qty", "limit_price"}
        edit(panel.fields["order_qty"].text, "0.005")
        click(panel.check)
        workers.work()
        edit(panel.fields["order_qty"].text, "0.006")
        assert panel.review.button.number == 0
        click(panel.check)
        workers.work()
        assert "Amend" in words(panel._change_card.value)
        number = press(panel.review.button, kernel)
        press(panel.review.button, kernel, number=number)
        workers.work()
        await kernel.until(lambda: order.record.order_qty == Decimal("0.006"))
        assert len(kernel.frames) == 2

        click(panel.cancel)
        workers.work()
        await kernel.until(lambda: order.is_terminal)
        await asyncio.sleep(1.0)
        workers.work()
        assert "CANCELED" in words(panel.card.value)
        assert (panel.cancel.disabled, panel.amend.disabled) == (True, True)

    dealing(body, tmp_path, mode=mode)


@pytest.mark.promise("A-07")
def test_the_same_order_again_needs_a_button_that_says_again(tmp_path: Path) -> None:
    """Inside the window in which a repetition counts as a slip."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        sent(ticket, workers, kernel)
        await kernel.until(lambda: len(kernel.frames) == 1)
        await asyncio.sleep(1.0)
        number = reviewed(ticket, workers)
        assert "Confirm AGAIN" in ticket.review.button.label
        press(ticket.review.button, kernel, number=number)
        workers.work()
        await kernel.until(lambda: len(kernel.frames) == 2)

    slow = Limits(
        **{name: getattr(LIMITS, name) for name in LIMITS.__slots__ if name != "dup_window_s"}, dup_window_s=30
    )
    dealing(body, tmp_path, mode="live", limits=slow)


# --- with threads, and a real exchange process ----------------------------------------------------------------------


def until(condition: Callable[[], object], within: float = 10.0) -> None:
    """Wait for something that other threads do."""
    deadline, pause = time.monotonic() + within, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        pause.wait(0.01)


def test_a_ticket_of_a_real_lab_sends_one_order(lab: kl.Lab, capfd: pytest.CaptureFixture[str]) -> None:
    """Handlers in this thread, workers in their own, the exchange in another process; nothing is printed."""
    ticket = lab.ticket("BTC/USD", side="buy", order_type="limit", order_qty="0.01", limit_price="100")
    button, before = ticket.review.button, len(lab.orders.df())
    try:
        see(button, True)
        until(lambda: ticket.proposal is not None)
        click(ticket.check)
        until(lambda: button.number)
        message = {"kind": "press", "number": button.number, "clicked_ms": time.time() * 1e3, "offset_ms": 0.0}
        says(button, message)
        says(button, message)
        until(lambda: ticket.order)
        order = ticket.order
        assert order is not None
        order.wait("open")
        click(ticket.panel.cancel)
        order.wait("done")
        until(lambda: ticket.panel.cancel.disabled)
        assert len(lab.orders.df()) == before + 1
    finally:
        ticket.close()
    assert capfd.readouterr() == ("", "")
