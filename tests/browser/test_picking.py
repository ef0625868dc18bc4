"""From a picture to an order: a price picked in the heatmap or on the ladder, confirmed, and on both as one's own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from .conftest import Opener
from .notebook import Notebook, until

pytestmark = [pytest.mark.browser, pytest.mark.both_kernels]

CELLS = [
    "import kraken_lab as kl\n"
    "lab = kl.connect(new=True, rate=0.0)\n"
    "book = lab.book('BTC/USD', depth=25)\n"
    "lab.level3('BTC/USD', depth=100)",
    "heat = book.heatmap(minutes=0.5)\nheat",
    "ladder = book.ladder(group=10)\nladder",
]
HEAT, LADDER = 1, 2

TITLES = "ladder => [...ladder.querySelectorAll('.chip:not([hidden])')].map(chip => chip.title)"


@pytest.fixture(scope="module")
def notebook(open_notebook: Opener) -> Notebook:
    """A market that stands still, its heatmap and its ladder."""
    notebook = open_notebook("picking", CELLS)
    notebook.run(0, HEAT, LADDER)
    return notebook


@pytest.fixture(autouse=True)
def _nothing_foreign(notebook: Notebook) -> Iterator[None]:
    """After every test: no address but this machine's was asked for, and no script failed."""
    yield
    assert notebook.strangers == []
    assert notebook.errors == []


def cell(notebook: Notebook, number: int) -> Any:
    """A cell on the page."""
    return notebook.page.locator(".jp-Notebook .jp-Cell").nth(number)


def orders(notebook: Notebook) -> list[list[str]]:
    """Side, price and state of every order the lab knows."""
    rows = "[[row.side, str(row.limit_price), row.state] for row in lab.orders.view().rows()]"
    return [list(map(str, order)) for order in notebook.value(rows)]


def confirm(notebook: Notebook, ticket: Any, side: str, price: str) -> None:
    """Fill in a quantity, review, and press the button."""
    ticket.get_by_label("quantity").first.fill("0.01")
    ticket.get_by_role("button", name="Review…").click()
    button = ticket.get_by_role("button", name=f"Confirm, SANDBOX: {side} 0.01 BTC/USD, limit at {price}")
    button.wait_for(timeout=20_000)
    button.scroll_into_view_if_needed()
    button.click()


def test_a_price_in_the_heatmap_becomes_an_order_that_ladder_and_heatmap_show(notebook: Notebook) -> None:
    """Where the pointer is, the ticket says; nothing leaves before its confirmation; then both pictures have it."""
    before = orders(notebook)
    picture = cell(notebook, HEAT).locator(".kl-heat")
    picture.scroll_into_view_if_needed()
    box = until(lambda: picture.locator(".kl-plot").bounding_box())
    wide, high = (float(picture.evaluate(f"picture => picture.dataset.{name}")) for name in "wh")
    x, y = box["x"] + wide * 0.93, box["y"] + high * 0.62

    def offers() -> list[str]:
        notebook.page.mouse.move(x, y)
        return [text for text in picture.locator(".kl-tip > div").all_inner_texts() if "ticket" in text]

    offered = until(offers, what=f"{picture.locator('.kl-tip').all_inner_texts()}")
    notebook.page.mouse.click(x, y)
    ticket = cell(notebook, HEAT).locator(".kl-ticket")
    ticket.wait_for(timeout=20_000)
    price = until(lambda: ticket.get_by_label("limit price").first.input_value())
    side = str(ticket.locator(".kl-side button.mod-active").inner_text())
    assert f"{side} at {price}" in offered[0]
    assert orders(notebook) == before
    notebook.screenshot("picked-in-the-heatmap")
    confirm(notebook, ticket, side, price)
    until(lambda: orders(notebook) == [*before, [side, price, "OPEN"]], what="the order is not open")
    ladder = cell(notebook, LADDER).locator(".kl-ladder")
    ladder.evaluate("element => element.scrollIntoView({ block: 'center' })")
    mine = f"my {side} 0.01 at {Decimal(price)}, OPEN; "
    until(lambda: mine in "\n".join(ladder.evaluate(TITLES)), what="it is not on the ladder")
    notebook.screenshot("mine-on-the-ladder")
    picture.evaluate("element => element.scrollIntoView({ block: 'center' })")
    own = "[[o['side'], o['price'], o['to']] for o in heat._made.view._own_past.all()['orders']]"
    until(lambda: [side, price, None] in notebook.value(own), what="it is not in the heatmap")
    notebook.page.mouse.move(2, 2)
    notebook.page.wait_for_timeout(500)
    notebook.screenshot("mine-in-the-heatmap")


def test_a_price_on_the_ladder_does_the_same(notebook: Notebook) -> None:
    """With the keyboard alone up to the ticket; the pictures' tickets are two, and each is its own."""
    before = orders(notebook)
    ladder = cell(notebook, LADDER).locator(".kl-ladder")
    ladder.evaluate("element => element.scrollIntoView({ block: 'center' })")
    ladder.locator(".kl-rows").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        notebook.page.keyboard.press(key)
    ticket = cell(notebook, LADDER).locator(".kl-ticket")
    ticket.wait_for(timeout=20_000)
    price = until(lambda: ticket.get_by_label("limit price").first.input_value())
    assert Decimal(price) <= Decimal(notebook.value("str(book.bids[0][0])")) - 2
    assert orders(notebook) == before
    confirm(notebook, ticket, "buy", price)
    until(lambda: orders(notebook) == [*before, ["buy", price, "OPEN"]], what="the order is not open")
    mine = f"my buy 0.01 at {Decimal(price)}, OPEN; "
    until(lambda: mine in "\n".join(ladder.evaluate(TITLES)), what="it is not on the ladder")
