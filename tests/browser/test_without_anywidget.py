"""A front end that loads no anywidgets, as VS Code before one allows it to: each view says so, or has its still."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .by_hand import Panel
from .conftest import opening
from .jupyter import JUPYTERS, jupyter
from .notebook import Notebook, until

pytestmark = pytest.mark.browser

CELLS = [
    "import kraken_lab as kl\nlab = kl.connect(new=True)\nbook = lab.book('BTC/USD')",
    "trades = lab.trades('BTC/USD')\ntrades",
    "book.heatmap(minutes=1)",
    "ticket = lab.ticket('BTC/USD', side='buy', order_qty='0.01', limit_price='50000')\nticket",
    "lab.blotter()",
]
TRADES, HEAT, TICKET, BLOTTER = range(1, 5)


@pytest.fixture
def notebook(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """A notebook in a JupyterLab whose anywidget extension is switched off."""
    home = tmp_path_factory.mktemp("without")
    with jupyter(JUPYTERS[-1], home, without=["anywidget"]) as server, opening(browser, server) as opener:
        notebook = opener("without", CELLS)
        notebook.page.set_viewport_size({"width": 1280, "height": 3000})
        yield notebook


def test_each_view_has_its_still_or_a_word(notebook: Notebook) -> None:
    """The table and the picture go on as stills; ticket and blotter name the calls that do what their buttons would."""
    notebook.run(0, TRADES, HEAT, TICKET, BLOTTER)
    cells = notebook.page.locator(".jp-Notebook .jp-Cell")
    table, picture = cells.nth(TRADES), cells.nth(HEAT).locator("img")
    until(lambda: notebook.value("str(trades.latest.trade_id)") in table.inner_text(), 30, "the still is not renewed")
    assert "LIVE" in table.inner_text()
    # A still that is being renewed is not on the page for a moment.
    until(lambda: picture.count() == 1 and (box := picture.bounding_box()) is not None and box["width"] > 400)
    Panel(notebook, "kl-ticket").until_says("This front end has not loaded the button that confirms")
    Panel(notebook, "kl-ticket").until_says("ticket.proposal.confirm()")
    Panel(notebook, "kl-blotter").until_says("lab.kill() in a cell does the same")
    notebook.screenshot("without-anywidget")
    notebook.ask("order = ticket.proposal.confirm().wait('open')")
    until(lambda: notebook.value("len(lab.account.orders)") == 1)
    assert notebook.errors == []
    assert notebook.strangers == []
