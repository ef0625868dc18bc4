"""The blotter as a person has it: an order amended and cancelled from it, the switch, and the brake."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from .by_hand import SHOT, Panel, apart, hears_only_between_cells, inside
from .conftest import Opener
from .notebook import BUSY, Notebook, until

pytestmark = pytest.mark.browser

CELLS = ["import kraken_lab as kl\nlab = kl.connect(new=True)", "blotter = lab.blotter()\nblotter"]
PLACE = "order = lab.buy('BTC/USD', '0.01', '{}').confirm().wait('open')"


@pytest.fixture(scope="module")
def notebook(open_notebook: Opener) -> Notebook:
    """A notebook with a lab of its own in it."""
    notebook = open_notebook("blotter", CELLS)
    notebook.page.set_viewport_size(SHOT)
    notebook.run(0)
    return notebook


@pytest.fixture
def blotter(notebook: Notebook) -> Panel:
    """A new blotter in its second cell, of an account without open orders."""
    notebook.ask("_ = [order.wait('done') for order in lab.cancel_all()]")
    notebook.run(1)
    blotter = Panel(notebook, "kl-blotter")
    blotter.until_says("exchange online, 0 open")
    return blotter


@pytest.fixture(autouse=True)
def _nothing_foreign(notebook: Notebook) -> Iterator[None]:
    """After every test: no address but this machine's was asked for, and no script failed."""
    yield
    assert notebook.strangers == []
    assert notebook.errors == []


def choose(blotter: Panel, words: str) -> None:
    """Choose the open order whose line has these words."""

    def chosen() -> bool:
        lines = blotter.field("open orders").locator("option").all_inner_texts()
        found = [at for at, line in enumerate(lines) if words in line and line.startswith("OPEN")]
        if found:
            blotter.field("open orders").select_option(index=found[0])
        return bool(found)

    until(chosen, 30, f"there is no open order with {words}")
    blotter.until_says("TIMELINE")


def lighter_than(brightness: float, shown: Any, ink: str) -> bool:
    """Whether what is shown has an ink so bright; 765 is white."""
    return float(shown.evaluate(ink)) > brightness


def says_only(shown: Any, words: str) -> bool:
    """Whether all of these say just that."""
    return set(shown.all_inner_texts()) == {words}


def test_without_orders_it_says_so(notebook: Notebook, blotter: Panel) -> None:
    """Each part has its heading and a word for nothing."""
    notebook.screenshot("blotter-empty")
    for words in ("OPEN ORDERS\nNone.", "BALANCES", "POSITIONS", "RATE COUNTER", "FILLS", "Dead man's switch OFF"):
        assert words in blotter.text, words
    assert apart(blotter.boxes())


@pytest.mark.both_kernels
def test_an_order_is_amended_and_cancelled_from_it(notebook: Notebook, blotter: Panel) -> None:
    """Chosen in the list, changed by a reviewed amendment and a click; then cancelled at once."""
    notebook.ask(PLACE.format("50000"))
    choose(blotter, "50000")
    blotter.button("Amend…").click()
    blotter.field("new quantity").fill("0.02")
    blotter.field("new limit").fill("50100.5")
    blotter.button("Review amendment").click()
    confirm = blotter.element.locator(".kl-press:visible", has_text="amend")
    confirm.wait_for(timeout=30_000)
    until(lambda: confirm.is_enabled(), 30)
    notebook.screenshot("blotter-amend")
    assert float(notebook.value("str(order.record.limit_price)")) == 50000
    assert apart(blotter.boxes())
    confirm.click()
    until(lambda: float(notebook.value("str(order.record.order_qty)")) == 0.02)
    assert float(notebook.value("str(order.record.limit_price)")) == 50100.5
    choose(blotter, "50100.5")
    blotter.button("Cancel order").click()
    until(lambda: notebook.value("str(order.state)") == "CANCELED")
    blotter.until_says("exchange online, 0 open")


def test_it_shows_what_was_filled_and_what_there_is(notebook: Notebook, blotter: Panel) -> None:
    """Fills, balances, positions and the rate counter, with units, as the kernel has them."""
    notebook.ask("order = lab.buy('BTC/USD', '0.01').confirm().wait('filled')")
    for price in ("50000", "50001", "50002"):
        notebook.ask(PLACE.format(price))
    blotter.until_says("0.01 BTC")
    blotter.until_says("3 open")
    cost = notebook.value("f'{lab.account.fills[-1].cost:.2f} USD'")
    blotter.until_says(cost)
    blotter.until_says("of 125")
    assert blotter.element.get_by_role("meter", name="rate counter of BTC/USD").count() == 1
    notebook.screenshot("blotter-full")
    assert apart(blotter.boxes())
    blotter.button("Cancel this lab's orders").click()
    blotter.until_says("exchange online, 0 open")


def test_the_dead_mans_switch_counts_down(notebook: Notebook, blotter: Panel) -> None:
    """In seconds that go on by themselves; turned off, it says so."""
    blotter.button("Turn the dead man's switch on").click()
    blotter.until_says("Dead man's switch ON: in ")

    def left() -> int:
        return int(blotter.text.partition("switch ON: in ")[2].partition(" s")[0] or -1)

    first = until(left)
    until(lambda: 0 <= left() < first, 10, "it does not count down")
    notebook.screenshot("blotter-switch")
    blotter.button("Turn the dead man's switch off").click()
    blotter.until_says("Dead man's switch OFF")


def test_every_control_has_a_name(notebook: Notebook, blotter: Panel) -> None:
    """For a screen reader."""
    notebook.ask(PLACE.format("50000"))
    choose(blotter, "50000")
    blotter.button("Amend…").click()
    blotter.field("new limit").wait_for()
    for name in ("KILL: halt and cancel", "Cancel this lab's orders", "Turn the dead man's switch on", "Amend…",
                 "Cancel order", "new limit: one step of 0.1 up"):  # fmt: skip
        assert blotter.button(name).count() == 1, name
    assert blotter.element.get_by_role("listbox", name="open orders").count() == 1
    for name in ("balances", "positions", "fills", "rate counter"):
        assert blotter.element.get_by_role("group", name=name).count() == 1, name


@pytest.mark.parametrize("width", [1280, 800])
def test_nothing_overlaps_and_nothing_is_cut(notebook: Notebook, blotter: Panel, width: int) -> None:
    """In a wide window and in a narrow one, with an order chosen."""
    notebook.page.set_viewport_size({**SHOT, "width": width})
    try:
        notebook.ask(PLACE.format("50000"))
        choose(blotter, "50000")
        notebook.screenshot(f"blotter-{width}")
        assert apart(blotter.boxes())
        assert inside(blotter), blotter.boxes()
        assert blotter.cut() == []
    finally:
        notebook.page.set_viewport_size(SHOT)


def test_in_the_dark_it_is_dark(notebook: Notebook, blotter: Panel) -> None:
    """Its ink is the theme's."""
    ink = "e => (getComputedStyle(e).color.match(/\\d+/g) ?? [0]).slice(0, 3).map(Number).reduce((a, b) => a + b)"
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    try:
        notebook.ask(PLACE.format("50000"))
        choose(blotter, "50000")
        notebook.screenshot("blotter-dark")
        for text in ("h4", "td", ".kl-press", ".k"):
            until(partial(lighter_than, 300, blotter.element.locator(text).first, ink), what=text)
    finally:
        notebook.command("apputils:change-theme", theme="JupyterLab Light")


@pytest.mark.both_kernels
@pytest.mark.promise("A-12")
def test_kill_stops_everything_and_the_tickets_say_so(own_notebook: Opener) -> None:
    """One click: the orders end, HALTED stands on the blotter and on a ticket, in words; nothing can be confirmed."""
    notebook = own_notebook("kill", [*CELLS, "ticket = lab.ticket('BTC/USD')\nticket"])
    notebook.page.set_viewport_size({**SHOT, "height": 2400})
    notebook.run(0, 1, 2)
    notebook.ask(PLACE.format("50000"))
    blotter, ticket = Panel(notebook, "kl-blotter"), Panel(notebook, "kl-ticket")
    blotter.until_says("1 open")
    blotter.button("KILL").click()
    blotter.until_says("SANDBOX HALTED")
    until(lambda: notebook.value("str(order.state)") == "CANCELED")
    blotter.until_says("lab.resume('why') ends it")
    ticket.field("quantity").fill("0.01")
    ticket.field("limit price").fill("50000")
    ticket.until_says("SANDBOX HALTED")
    ticket.until_says("HALTED (the blotter's kill button)")
    ticket.button("Review…").click()
    ticket.until_says("There is nothing to confirm.")
    assert ticket.confirm.is_disabled()
    colour = "e => getComputedStyle(e).color"
    until(lambda: ticket.element.locator(".mode").first.evaluate(colour) == "rgb(192, 41, 66)", what="it is not red")
    notebook.screenshot("blotter-halted")
    notebook.ask("lab.resume('the test goes on')")
    for panel in (ticket, blotter):
        until(partial(says_only, panel.element.locator(".mode"), "SANDBOX"), 30, "it is halted still")
    assert notebook.errors == []


@pytest.mark.both_kernels
@pytest.mark.promise("A-12")
def test_the_kill_button_says_that_the_kernel_is_busy(own_notebook: Opener) -> None:
    """It can be pressed all the same, and names the way that does not wait."""
    notebook = own_notebook("busy", [*CELLS, BUSY])
    notebook.page.set_viewport_size(SHOT)
    notebook.run(0, 1)
    blotter = Panel(notebook, "kl-blotter")
    blotter.until_says("exchange online")
    until(blotter.button("KILL").is_enabled)
    with notebook.busy(2):
        if hears_only_between_cells(notebook):
            blotter.until_says("This kernel is busy with a cell: KILL takes effect when the cell ends.", 10)
        assert blotter.button("KILL").is_enabled()
        blotter.button("KILL").click()
    blotter.until_says("HALTED")
