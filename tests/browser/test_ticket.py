"""The order ticket as a person has it: filled in by keyboard, confirmed by mouse, and everything that sends nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from .by_hand import CELLS_NOW, SHOT, Panel, apart, hears_only_between_cells, inside
from .conftest import Opener
from .notebook import BUSY, Notebook, until

pytestmark = pytest.mark.browser

CELLS = [
    "import kraken_lab as kl\nlab = kl.connect(new=True)",
    "ticket = lab.ticket('BTC/USD')\nticket",
    BUSY,
    "print(len(lab.account.orders), 'orders')",
]
LAB, TICKET, COMPUTES, COUNT = range(4)
ORDER_TYPES = {
    "limit": {"limit price"}, "market": set(), "iceberg": {"limit price", "visible quantity"},
    "stop-loss": {"trigger"}, "stop-loss-limit": {"trigger", "limit price"}, "take-profit": {"trigger"},
    "take-profit-limit": {"trigger", "limit price"}, "trailing-stop": {"trigger"},
    "trailing-stop-limit": {"trigger", "limit price"}, "settle-position": set(),
}  # fmt: skip
"""The fields for numbers that each type has, besides the quantity."""
HOSTILE = '<img src=x onerror="window.opened=1">'
REASON = f"EGeneral:Invalid arguments:{HOSTILE}"

SENT = "[str(order.state) for order in lab.account.orders]"


@pytest.fixture(scope="module")
def notebook(open_notebook: Opener) -> Notebook:
    """A notebook with a lab of its own in it."""
    notebook = open_notebook("ticket", CELLS)
    notebook.page.set_viewport_size(SHOT)
    notebook.run(LAB)
    return notebook


@pytest.fixture
def ticket(notebook: Notebook) -> Panel:
    """A new ticket in its second cell."""
    notebook.run(TICKET)
    ticket = Panel(notebook, "kl-ticket")
    ticket.until_says("STILL NEEDED")
    return ticket


@pytest.fixture(autouse=True)
def _nothing_foreign(notebook: Notebook) -> Iterator[None]:
    """After every test: no address but this machine's was asked for, and no script failed."""
    yield
    assert notebook.strangers == []
    assert notebook.errors == []


def fill_in(ticket: Panel, price: str = "50000", quantity: str = "0.01") -> None:
    """A bid far below the market."""
    ticket.field("quantity").fill(quantity)
    ticket.field("limit price").fill(price)
    ticket.until_says(f"buy {quantity} BTC/USD, limit at {price}")


def review(ticket: Panel) -> None:
    """Have it reviewed."""
    ticket.button("Review…").click()
    ticket.until_says("UNDER REVIEW")
    ticket.until_ready()


def sent(notebook: Notebook) -> list[str]:
    """The states of all orders that the kernel knows."""
    states: list[str] = notebook.value(SENT)
    return states


# --- filling it in --------------------------------------------------------------------------------------------------


@pytest.mark.both_kernels
@pytest.mark.promise("A-07", "A-04")
def test_an_order_is_filled_in_by_keyboard_and_confirmed_by_mouse(notebook: Notebook, ticket: Panel) -> None:
    """No mouse before the last click; Enter sends nothing; then it rests in the sandbox, as it was reviewed."""
    keys, before = ticket.page.keyboard, len(sent(notebook))
    cell = notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex")
    ticket.button("buy").focus()
    ticket.tab_to("type")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    ticket.tab_to("quantity")
    keys.type("0.02")
    keys.press("Enter")
    ticket.tab_to("limit price: one step of 0.1 up")
    keys.press("Space")  # an empty price begins at the best bid
    until(lambda: ticket.field("limit price").input_value())
    ticket.field("limit price").focus()
    keys.press("ControlOrMeta+a")
    keys.type("50000.5")
    keys.press("Enter")
    ticket.tab_to("post-only")
    keys.press("Space")
    ticket.until_says("buy 0.02 BTC/USD, limit at 50000.5, post-only")
    ticket.tab_to("Review…")
    keys.press("Space")
    ticket.until_says("UNDER REVIEW")
    ticket.until_ready()
    ticket.tab_to("Confirm")
    for _ in range(3):
        keys.press("Enter")
    notebook.screenshot("ticket-review")
    assert len(sent(notebook)) == before
    assert notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex") == cell
    assert notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == len(CELLS)
    ticket.press_confirm()
    ticket.until_says("Confirmed: buy 0.02 BTC/USD, limit at 50000.5, post-only.")
    order = "lab.account.orders[-1]"
    until(lambda: notebook.value(f"str({order}.state)") == "OPEN")
    resting = notebook.value(f"[str({order}.order_qty), str({order}.limit_price), {order}.post_only, {order}.side]")
    assert resting == ["0.02", "50000.5", True, "buy"]
    ticket.until_says("OPEN")
    notebook.screenshot("ticket-resting")
    ticket.button("Cancel order").click()
    until(lambda: notebook.value(f"str({order}.state)") == "CANCELED")
    ticket.until_says("CANCELED")


def test_a_market_order_fills_and_shows_what_it_cost(notebook: Notebook, ticket: Panel) -> None:
    """Bought for quote currency; its fills, costs and fees are on the card, with their units."""
    ticket.field("type").select_option("market")
    ticket.field("quantity in").select_option("USD")
    ticket.field("quantity").fill("250")
    ticket.until_says("buy BTC/USD for 250 USD, market")
    review(ticket)
    ticket.press_confirm()
    ticket.until_says("FILLED")
    until(lambda: notebook.value("str(lab.account.orders[-1].state)") == "FILLED")
    cost = notebook.value("f'{lab.account.orders[-1].cost:.2f} USD'")
    ticket.until_says(cost)
    notebook.screenshot("ticket-filled")


def test_each_type_has_the_fields_that_apply(notebook: Notebook, ticket: Panel) -> None:
    """All ten; a price that is a share away says so; a conditional close has fields of its own."""

    def numbers() -> set[str]:
        return {name for name in ("limit price", "trigger", "visible quantity") if ticket.field(name).is_visible()}

    for kind, expected in ORDER_TYPES.items():
        ticket.field("type").select_option(kind)
        until(partial(lambda expected: numbers() == expected, expected), what=kind)
    ticket.field("type").select_option("trailing-stop-limit")
    ticket.field("then close with").select_option("stop-loss-limit")
    until(lambda: ticket.field("close limit").is_visible() and ticket.field("close trigger").is_visible())
    assert ticket.field("trigger").get_attribute("placeholder") == "%"
    ticket.field("on margin").check()
    ticket.field("reduce-only").wait_for()
    ticket.field("time in force").select_option("good till date")
    ticket.field("expires (UTC)").wait_for()
    ticket.button("Less common fields").click()
    ticket.field("own orders met").wait_for()
    notebook.screenshot("ticket-trailing")
    assert apart(ticket.boxes())


def test_what_is_typed_at_a_control_is_no_command_to_the_cell(notebook: Notebook, ticket: Panel) -> None:
    """M chooses market, as a first letter does; it makes no Markdown of the ticket, and X cuts nothing."""
    before = notebook.page.evaluate(CELLS_NOW)
    ticket.field("quantity").fill("0.01")
    for control in (ticket.field("type"), ticket.field("post-only: never take"), ticket.button("Review…")):
        for key in ("m", "x", "a", "ControlOrMeta+Enter", "Alt+Enter"):
            control.focus()
            ticket.page.keyboard.press(key)
        ticket.field("type").select_option("limit")
    assert notebook.page.evaluate(CELLS_NOW) == before
    ticket.field("type").focus()
    ticket.page.keyboard.press("m")
    ticket.until_says("buy 0.01 BTC/USD, market")
    assert ticket.field("type").input_value() == "market"


# --- what sends nothing ---------------------------------------------------------------------------------------------


@pytest.mark.both_kernels
@pytest.mark.promise("A-07")
def test_a_double_click_is_one_order(notebook: Notebook, ticket: Panel) -> None:
    """However quickly the mouse is pressed again."""
    before = len(sent(notebook))
    fill_in(ticket, "50001")
    review(ticket)
    box = ticket.confirm.bounding_box()
    ticket.page.mouse.dblclick(box["x"] + 20, box["y"] + 10)
    ticket.page.mouse.dblclick(box["x"] + 20, box["y"] + 10)
    ticket.until_says("Confirmed: buy 0.01 BTC/USD, limit at 50001.")
    until(lambda: len(sent(notebook)) > before)
    time.sleep(1)
    assert len(sent(notebook)) == before + 1
    notebook.ask("_ = lab.cancel_all()")


@pytest.mark.promise("A-04")
def test_a_script_that_clicks_is_no_person(notebook: Notebook, ticket: Panel) -> None:
    """What a page does by itself, as one that was saved with a script in it could, presses nothing."""
    before = len(sent(notebook))
    fill_in(ticket, "50002")
    review(ticket)
    ticket.confirm.evaluate("button => { button.click(); button.dispatchEvent(new MouseEvent('click')); }")
    time.sleep(1)
    assert "UNDER REVIEW" in ticket.text
    assert len(sent(notebook)) == before


@pytest.mark.both_kernels
@pytest.mark.promise("A-06")
def test_a_click_while_a_cell_runs_counts_at_once_or_never(notebook: Notebook, ticket: Panel) -> None:
    """Delivered when the cell has ended it is void, with words. A kernel that hears it meanwhile sends within 2 s."""
    before = len(sent(notebook))
    fill_in(ticket, "50003")
    # On a slow machine the button may notice that the kernel is busy before it is clicked: then the click is none.
    for _ in range(4):
        review(ticket)
        with notebook.busy(COMPUTES):
            box = ticket.confirm.bounding_box()  # what runs is scrolled to
            clicked = time.time()
            ticket.page.mouse.click(box["x"] + 20, box["y"] + 10)
            time.sleep(2.5)
        if "UNDER REVIEW" not in ticket.text:
            break
    if len(sent(notebook)) == before:
        ticket.until_says("after it was made")
        assert "Nothing was sent." in ticket.text
    else:
        assert not hears_only_between_cells(notebook)
        assert len(sent(notebook)) == before + 1
        assert notebook.value("lab.account.orders[-1].created_ns") / 1e9 - clicked < 2.5
        notebook.ask("_ = lab.cancel_all()")


@pytest.mark.both_kernels
@pytest.mark.promise("A-06")
def test_the_button_waits_while_the_kernel_is_busy(notebook: Notebook, ticket: Panel) -> None:
    """And says so, where the kernel hears the browser only between two cells."""
    fill_in(ticket, "50005")
    review(ticket)
    with notebook.busy(COMPUTES):
        if hears_only_between_cells(notebook):
            ticket.until_says("This kernel is busy with a cell", 10)
            assert ticket.confirm.is_disabled()
        notebook.screenshot("ticket-busy")
    ticket.until_ready()


@pytest.mark.promise("A-06")
def test_a_review_does_not_last(own_notebook: Opener) -> None:
    """Past ``confirm_ttl`` the button is gone, and words say that nothing was sent."""
    lab = "import kraken_lab as kl\nlab = kl.connect(new=True, order_settings=kl.OrderSettings(confirm_ttl=4))"
    notebook = own_notebook("ttl", [lab, "ticket = lab.ticket('BTC/USD')\nticket"])
    notebook.page.set_viewport_size(SHOT)
    notebook.run(0, 1)
    ticket = Panel(notebook, "kl-ticket")
    ticket.until_says("STILL NEEDED")
    fill_in(ticket)
    review(ticket)
    box = ticket.confirm.bounding_box()
    ticket.until_says("older than 4 s", 10)
    assert ticket.confirm.is_disabled()
    ticket.page.mouse.click(box["x"] + 20, box["y"] + 10)
    time.sleep(0.5)
    assert sent(notebook) == []
    assert notebook.errors == []


@pytest.mark.both_kernels
@pytest.mark.promise("A-04")
def test_restart_and_run_all_sends_nothing(own_notebook: Opener) -> None:
    """A notebook whose ticket stood ready to be confirmed: run anew there is a new ticket, and no order."""
    notebook = own_notebook("again", [*CELLS[:2], "ticket.review.begin(ticket.propose)", CELLS[COUNT]])
    notebook.page.set_viewport_size(SHOT)
    notebook.run(0, 1)
    ticket = Panel(notebook, "kl-ticket")
    ticket.until_says("STILL NEEDED")
    fill_in(ticket)
    review(ticket)
    notebook.saved()
    notebook.restart()
    notebook.run(0, 1, 2, 3)
    ticket = Panel(notebook, "kl-ticket")
    time.sleep(2)
    assert ticket.field("quantity").input_value() == ""
    assert ticket.confirm.is_disabled()
    assert sent(notebook) == []
    outputs = notebook.saved()["cells"][3]["outputs"]
    assert "0 orders" in str(outputs)


@pytest.mark.promise("A-05", "A-06")
def test_an_edit_voids_the_review(notebook: Notebook, ticket: Panel) -> None:
    """The button is gone before the hand is at the mouse."""
    before = len(sent(notebook))
    fill_in(ticket, "50004")
    review(ticket)
    ticket.field("quantity").fill("0.5")
    ticket.until_says("The review is void: a field was changed. Nothing was sent.")
    assert ticket.confirm.is_disabled()
    assert len(sent(notebook)) == before


# --- how it looks ---------------------------------------------------------------------------------------------------


@pytest.mark.promise("W-04")
def test_markup_in_an_order_is_letters(notebook: Notebook, ticket: Panel) -> None:
    """Typed as a quantity, or told by the exchange as the reason of a rejection: shown letter by letter."""
    ticket.field("quantity").fill(HOSTILE)
    ticket.field("limit price").fill("50000")
    ticket.until_says("<img src=x")
    ticket.button("Review…").click()
    ticket.until_says("There is nothing to confirm.")
    notebook.screenshot("ticket-hostile")
    notebook.ask(
        "import json\n_ = lab.sandbox.control(fault='rate_limit', method='add_order', n=1)\n"
        "_ = lab.sandbox.control(fault='edit', match=dict(method='add_order', times=1), "
        f'pattern=\'"error":"[^"]*"\', replace=\'"error":\' + json.dumps({REASON!r}))'
    )
    fill_in(ticket)
    review(ticket)
    ticket.press_confirm()
    ticket.until_says("REJECTED")
    ticket.until_says(HOSTILE)
    notebook.screenshot("ticket-hostile-answer")
    lines = ticket.element.locator(".timeline td:nth-child(2)").evaluate_all(
        "cells => cells.map(e => { const r = document.createRange(); r.selectNodeContents(e); "
        "return r.getClientRects().length; })"
    )
    assert lines == [1] * len(lines) != [], "how long after is broken into lines by a long reason beside it"
    assert ticket.element.locator("img").count() == 0
    assert notebook.page.evaluate("window.opened") is None


def test_every_control_has_a_name(ticket: Panel) -> None:
    """For a screen reader: fields by their labels, steps by what they do, the sides as a group with one pressed."""
    ticket.button("Less common fields").click()
    for name in ("type", "quantity", "quantity in", "limit price", "time in force", "post-only: never take",
                 "on margin", "then close with", "starts (UTC)", "fee in", "own orders met"):  # fmt: skip
        assert ticket.field(name).count() == 1, name
    for name in ("quantity: one step of 0.00005 up", "limit price: one step of 0.1 down"):
        assert ticket.element.get_by_role("button", name=name, exact=True).count() == 1, name
    sides = ticket.element.get_by_role("group", name="side")
    assert sides.get_by_role("button", name="buy").get_attribute("aria-pressed") == "true"
    sides.get_by_role("button", name="sell").click()
    until(lambda: sides.get_by_role("button", name="sell").get_attribute("aria-pressed") == "true")
    nameless = ticket.element.evaluate(
        "root => [...root.querySelectorAll('button, input, select')].filter(e => e.offsetParent && !(e.getAttribute("
        "'aria-label') || e.labels?.[0]?.textContent.trim() || e.textContent.trim().length > 1)).map(e => e.outerHTML)"
    )
    assert nameless == []
    assert ticket.element.get_by_role("group", name="SANDBOX: ticket of BTC/USD").count() == 1


def test_tab_goes_through_it_from_top_to_bottom(ticket: Panel) -> None:
    """Form first, then what acts; nothing is left out and nothing comes twice; where one is can be seen."""
    ticket.button("buy").focus()
    visited: list[str] = []
    while (focus := ticket.focus())["inside"] and len(visited) < 40:
        assert focus["outline"] == "solid 3px" or not visited, focus  # the first of them a mouse could have chosen
        visited.append(focus["name"].partition(":")[0] if "step of" not in focus["name"] else focus["name"])
        ticket.page.keyboard.press("Tab")
    order = ["buy", "sell", "type", "quantity", "quantity in", "limit price", "time in force", "post-only", "on margin",
             "then close with", "Less common fields", "Review…"]  # fmt: skip
    assert [name for name in visited if "step of" not in name] == order
    assert len(visited) == len(set(visited)) == len(order) + 4


@pytest.mark.parametrize("width", [1280, 800])
def test_nothing_overlaps_and_nothing_is_cut(notebook: Notebook, ticket: Panel, width: int) -> None:
    """In a wide window and in a narrow one, empty and under review."""
    notebook.page.set_viewport_size({**SHOT, "width": width})
    try:
        assert apart(ticket.boxes())
        fill_in(ticket)
        review(ticket)
        notebook.screenshot(f"ticket-{width}")
        assert apart(ticket.boxes())
        assert inside(ticket), ticket.boxes()
        assert ticket.cut() == []
    finally:
        notebook.page.set_viewport_size(SHOT)


def test_the_mode_is_said_in_words_and_colour_and_follows_the_theme(notebook: Notebook, ticket: Panel) -> None:
    """SANDBOX above the form and on the preview; in the dark the ink is light."""
    modes = ticket.element.locator(".mode")
    assert modes.all_inner_texts() == ["SANDBOX", "SANDBOX"]
    ink = "e => (getComputedStyle(e).color.match(/\\d+/g) ?? [0]).slice(0, 3).map(Number).reduce((a, b) => a + b)"
    light = modes.first.evaluate(ink)
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    try:
        until(lambda: modes.first.evaluate(ink) > light + 100)
        fill_in(ticket)
        review(ticket)
        notebook.screenshot("ticket-dark")
        for text in ("label", ".kl-press", ".head", ".k"):
            shown: Any = ticket.element.locator(text).first
            assert shown.evaluate(ink) > 300, text
        # ipywidgets paints the arrow of a choice in black, on black.
        arrow = ticket.field("type").evaluate("e => getComputedStyle(e).backgroundImage")
        assert arrow == "none"
    finally:
        notebook.command("apputils:change-theme", theme="JupyterLab Light")
