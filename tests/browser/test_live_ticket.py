"""Tickets that must not send: of a live venue that is not armed, and of a kernel that is gone."""

from __future__ import annotations

import pytest

from .by_hand import SHOT, Panel
from .conftest import Opener
from .notebook import SHOW, Notebook, until

pytestmark = pytest.mark.browser

EXCHANGE = """import kraken_lab as kl
from kraken_lab.net import SandboxProcess
exchange = SandboxProcess(seed=17, rate=0.0, tls=True)"""
"""A sandbox over TLS, which plays the real exchange as no program can tell from it."""
CELLS = [
    f"{EXCHANGE}\nlab = kl.connect('live', at=exchange.facts, new=True)",
    "ticket = lab.ticket('BTC/USD')\nticket",
    "lab.blotter()",
]
SENT = "[record['kind'] for record in lab.audit.records() if record['kind'] in ('intent', 'sent', 'armed')]"
AT_THE_EXCHANGE = """
with kl.connect('sandbox', at=exchange.facts, new=True) as other:
    open_, closed = (other.run(other.rest.private(name)) for name in ('OpenOrders', 'ClosedOrders'))
found = [*open_['open'], *closed['closed']]
"""
AMBER = "rgb(149, 88, 0)"


def filled_in(notebook: Notebook) -> Panel:
    """The notebook's ticket, with a bid far below the market."""
    notebook.page.set_viewport_size({**SHOT, "height": 2000})
    ticket = Panel(notebook, "kl-ticket")
    ticket.until_says("STILL NEEDED")
    ticket.field("quantity").fill("0.01")
    ticket.field("limit price").fill("50000")
    ticket.until_says("buy 0.01 BTC/USD, limit at 50000")
    return ticket


@pytest.mark.promise("A-01", "A-04")
def test_a_live_ticket_that_is_not_armed_says_so_and_sends_nothing(own_notebook: Opener) -> None:
    """LIVE DISARMED in words and colour, on ticket and blotter; whatever is pressed, the exchange hears of no order."""
    notebook = own_notebook("live", CELLS)
    notebook.run(0, 1, 2)
    ticket = filled_in(notebook)
    modes = ticket.element.locator(".mode")
    assert set(modes.all_inner_texts()) == {"LIVE DISARMED"}
    colours = {modes.nth(at).evaluate("e => getComputedStyle(e).color") for at in range(modes.count())}
    ticket.button("Review…").click()
    ticket.until_says("There is nothing to confirm.")
    ticket.until_says("arm this kernel with lab.arm(...) first")
    notebook.screenshot("ticket-live-disarmed")
    assert ticket.confirm.is_disabled()
    box = ticket.confirm.bounding_box()
    ticket.page.mouse.dblclick(box["x"] + 20, box["y"] + 10)
    for key in ("Enter", "Space"):
        ticket.confirm.press(key)
    # A page that is not ours presses it by message, as if it had been enabled and clicked.
    ticket.confirm.evaluate("button => { button.disabled = false; }")
    ticket.page.mouse.click(box["x"] + 20, box["y"] + 10)
    Panel(notebook, "kl-blotter").until_says("LIVE DISARMED")
    notebook.ask(AT_THE_EXCHANGE, 30)
    assert notebook.value("found") == []
    assert notebook.value(SENT) == []
    assert colours == {AMBER}
    assert notebook.errors == []
    assert notebook.strangers == []


def test_a_ticket_whose_kernel_is_gone_says_so(own_notebook: Opener) -> None:
    """The button cannot be pressed any more: it waits first, then says why; and no script of the page fails."""
    notebook = own_notebook("gone", ["import kraken_lab as kl\nlab = kl.connect(new=True)", CELLS[1]])
    notebook.run(0, 1)
    ticket = filled_in(notebook)
    ticket.button("Review…").click()
    ticket.until_says("UNDER REVIEW")
    ticket.until_ready()
    notebook.close()
    until(ticket.confirm.is_disabled)
    for state in ("hidden", "visible"):  # somebody looks at another page, and comes back
        notebook.page.evaluate(SHOW, state)
    ticket.until_says("There is no kernel any more that could hear a click.")
    assert ticket.confirm.is_disabled()
    notebook.screenshot("ticket-without-kernel")
    assert notebook.errors == []
