"""What is closed leaves nothing behind: no comm in the kernel, and so no model in a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

from kraken_lab.views.ending import close_whole
from kraken_lab.views.live_table import table_widget
from kraken_lab.views.offer import TicketPlace
from kraken_lab.views.ticket import Ticket
from tests.dealing import Kernel, dealing

from .by_hand import Workers, a_blotter, a_ticket
from .test_live_table import AComm, ASource, comms  # noqa: F401 - a fixture


def left(comms: list[AComm]) -> int:  # noqa: F811
    """How many of those that were opened are open."""
    return sum(not comm._closed for comm in comms)


def test_a_box_is_closed_with_its_layout_its_style_and_its_contents(comms: list[AComm]) -> None:  # noqa: F811
    """All the way down, and a second time does no harm."""
    box = ipywidgets.VBox([ipywidgets.HBox([ipywidgets.Button(), ipywidgets.Text()])])
    assert left(comms) > 8
    close_whole(box)
    close_whole(box)
    assert left(comms) == 0


def test_a_live_table_is_closed_with_its_layout(comms: list[AComm]) -> None:  # noqa: F811
    """Its cell may be run a hundred times."""
    _, view = table_widget(ASource(), "trades", 0.0)
    view.close()
    assert (len(comms), left(comms)) == (2, 0)


@pytest.mark.parametrize("make", [a_ticket, a_blotter])
def test_a_ticket_or_blotter_is_closed_whole(
    comms: list[AComm],  # noqa: F811
    tmp_path: Path,
    make: Callable[[Kernel], tuple[Any, Workers, Any]],
) -> None:
    """Also what it only shows now and then."""

    async def body(kernel: Kernel) -> None:
        shown, workers, _ = make(kernel)
        workers.work()
        assert left(comms) > 50
        shown.close()
        shown.close()
        assert left(comms) == 0

    dealing(body, tmp_path)


def test_the_place_for_a_ticket_is_closed_with_what_it_did_not_show(comms: list[AComm]) -> None:  # noqa: F811
    """Until a price is picked its line of words stands nowhere."""

    def make(symbol: str, parameters: Any) -> Ticket:
        raise AssertionError("no price was picked")

    TicketPlace(make, "BTC/USD").close()
    assert comms
    assert left(comms) == 0
