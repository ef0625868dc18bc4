"""The same notebook in Jupyter Notebook 7, whose page holds nothing but a notebook: all kinds of views work there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .by_hand import SHOT, Panel
from .conftest import opening_in
from .jupyter import Jupyter
from .notebook import NOTEBOOK_7, Notebook, Window, until

pytestmark = pytest.mark.browser

CELLS = [
    "import kraken_lab as kl\nlab = kl.connect(new=True)\nbook = lab.book('BTC/USD', depth=25)",
    "trades = lab.trades('BTC/USD')\ntrades",
    "book.heatmap(minutes=0.5)",
    "lab.ticket('BTC/USD')",
    "book.depth_chart()",
]
TRADES, HEAT, TICKET, DEPTH = range(1, 5)


@pytest.fixture
def notebook(browser: Any, lab_server: Jupyter) -> Iterator[Notebook]:
    """A notebook on a page of its own."""
    window = Window(browser, lab_server, NOTEBOOK_7)
    with opening_in(window) as opener:
        notebook = opener("seven", CELLS)
        notebook.page.set_viewport_size(SHOT)
        notebook.errors.clear()  # an empty notebook has one too: Notebook 7.6 misses a schema of its own while it loads
        yield notebook
    window.close()


def test_table_heatmap_chart_and_ticket_work_in_notebook_7(notebook: Notebook) -> None:
    """Rows are painted and change, a size is told under the mouse, and an order is confirmed and rests."""
    assert "/notebooks/seven.ipynb" in notebook.page.url
    notebook.run(0, TRADES, HEAT, TICKET, DEPTH)
    cells = notebook.page.locator(".jp-Notebook .jp-Cell")
    table = cells.nth(TRADES).locator(".kl-live")
    table.scroll_into_view_if_needed()
    until(lambda: table.locator(".kl-state").inner_text() == "LIVE")
    at = int(table.get_attribute("data-seq") or 0)
    until(lambda: int(table.get_attribute("data-seq") or 0) > at + 2, what="the table stands still")
    until(lambda: notebook.value("str(trades.latest.trade_id)") in table.inner_text(), what="the newest is not there")
    notebook.screenshot("seven-table")
    heat = cells.nth(HEAT).locator(".kl-heat")
    heat.scroll_into_view_if_needed()
    until(lambda: heat.get_attribute("data-end"), what="no column was painted")
    box = heat.locator(".kl-base").bounding_box()

    def told() -> str:
        notebook.page.mouse.move(box["x"] + float(heat.get_attribute("data-w") or 0) * 0.97, box["y"] + 100)
        return " ".join(heat.locator(".kl-tip").all_inner_texts())

    until(lambda: "BTC" in told() and "USD" in told(), what="nothing is told under the mouse")
    notebook.screenshot("seven-heatmap")
    chart = cells.nth(DEPTH).locator(".kl-figure")
    chart.scroll_into_view_if_needed()
    chart.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
    ticket = Panel(notebook, "kl-ticket")
    ticket.field("quantity").fill("0.01")
    ticket.field("limit price").fill("50000")
    ticket.until_says("buy 0.01 BTC/USD, limit at 50000")
    ticket.button("Review…").click()
    ticket.until_says("UNDER REVIEW")
    notebook.screenshot("seven-ticket")
    ticket.press_confirm()
    until(lambda: notebook.value("[str(order.state) for order in lab.account.orders]") == ["OPEN"])
    ticket.until_says("OPEN")
    assert notebook.strangers == []
    assert notebook.errors == []
