"""A ticket and a blotter that no page shows any more: closed after a minute, whole, and nothing else ends with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ipywidgets.widgets.widget import _instances as open_widgets

from kraken_lab.errors import LabClosed
from kraken_lab.views.blotter import Blotter
from kraken_lab.views.confirm_button import ConfirmButton
from kraken_lab.views.live_view import AWAY
from kraken_lab.views.ticket import Ticket
from tests.dealing import Kernel, dealing

from .by_hand import Workers, a_blotter, a_ticket, click, press, says, see

Made: TypeAlias = "tuple[Ticket | Blotter, ConfirmButton, Workers]"


def the_ticket(kernel: Kernel) -> Made:
    """A ticket, and the button that speaks for it."""
    ticket, workers, _ = a_ticket(kernel)
    return ticket, ticket.review.button, workers


def the_blotter(kernel: Kernel) -> Made:
    """A blotter likewise."""
    blotter, workers, _ = a_blotter(kernel)
    return blotter, blotter.kill, workers


BOTH = pytest.mark.parametrize("make", [the_ticket, the_blotter])


def show(button: ConfirmButton, view: str = "v1") -> None:
    """A page draws a view of it, and it is in sight."""
    says(button, {"kind": "ready", "view": view})
    see(button, True, view)


def leave(button: ConfirmButton, view: str = "v1") -> None:
    """The output that a view was in is replaced or cleared."""
    says(button, {"kind": "bye", "view": view})


async def later(workers: Workers, seconds: float) -> None:
    """Let time pass, and what is due be done."""
    await asyncio.sleep(seconds)
    workers.work()


def asked(button: ConfirmButton, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the button says to its pages from now on."""
    said: list[Any] = []
    monkeypatch.setattr(button, "send", said.append)
    return said


@pytest.mark.promise("B-04")
@BOTH
def test_what_no_page_shows_is_closed_after_a_minute(make: Callable[[Kernel], Made], tmp_path: Path) -> None:
    """With every part it has in the kernel and in the page; before that it is watched by nobody, and there."""

    async def body(kernel: Kernel) -> None:
        before = set(open_widgets)
        widget, button, workers = make(kernel)
        show(button)
        workers.work()
        watchers = len(kernel.account.watchers)
        leave(button)
        await later(workers, 1.0)
        assert len(kernel.account.watchers) == watchers - 1
        await later(workers, AWAY - 2.0)
        assert widget.comm is not None
        await later(workers, 2.0)
        assert widget.comm is None
        assert set(open_widgets) <= before
        assert not workers.waiting
        assert "closed" in repr(widget)
        assert "makes another" in repr(widget)

    dealing(body, tmp_path)


@BOTH
def test_one_that_comes_back_in_time_stays(make: Callable[[Kernel], Made], tmp_path: Path) -> None:
    """As when a cell is cut and pasted; the minute begins anew with the next time that it is taken away."""

    async def body(kernel: Kernel) -> None:
        widget, button, workers = make(kernel)
        show(button)
        leave(button)
        await later(workers, AWAY - 5.0)
        show(button, "v2")
        await later(workers, 2 * AWAY)
        leave(button, "v2")
        await later(workers, AWAY - 5.0)
        show(button, "v3")
        leave(button, "v3")
        await later(workers, AWAY - 5.0)
        assert widget.comm is not None
        await later(workers, 10.0)
        assert widget.comm is None

    dealing(body, tmp_path)


@BOTH
def test_one_that_is_shown_in_two_places_stays_in_the_other(
    make: Callable[[Kernel], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who else is there is asked, and one that is out of sight answers; it is left when the last one is."""

    async def body(kernel: Kernel) -> None:
        widget, button, workers = make(kernel)
        said = asked(button, monkeypatch)
        show(button, "v1")
        says(button, {"kind": "ready", "view": "v2"})
        leave(button, "v1")
        assert said[-1] == {"kind": "who"}
        see(button, False, "v2")
        await later(workers, 3 * AWAY)
        assert widget.comm is not None
        leave(button, "v2")
        await later(workers, AWAY + 1.0)
        assert widget.comm is None

    dealing(body, tmp_path)


@BOTH
def test_a_page_that_is_loaded_again_shows_it_again(
    make: Callable[[Kernel], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its old views went without a word: they are forgotten, so once the new one is out of sight nothing is watched."""

    async def body(kernel: Kernel) -> None:
        widget, button, workers = make(kernel)
        before = len(kernel.account.watchers)
        said = asked(button, monkeypatch)
        show(button, "old")
        await later(workers, 10 * AWAY)
        show(button, "new")
        assert said == [{"kind": "who"}]
        await later(workers, 10.0)
        assert (widget.comm is not None, len(kernel.account.watchers)) == (True, before + 1)
        see(button, False, "new")
        await later(workers, 10.0)
        assert len(kernel.account.watchers) == before

    dealing(body, tmp_path)


@BOTH
def test_one_whose_lab_was_closed_leaves_all_the_same(
    make: Callable[[Kernel], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does nothing any more, and still it has its place in the kernel and in the page."""

    async def body(kernel: Kernel) -> None:
        widget, button, workers = make(kernel)
        show(button)
        workers.work()
        widget._failed(LabClosed("This lab"))
        leave(button)
        await later(workers, AWAY + 1.0)
        assert widget.comm is None
        assert not workers.waiting

    dealing(body, tmp_path)


@BOTH
def test_one_that_no_page_ever_showed_stays(make: Callable[[Kernel], Made], tmp_path: Path) -> None:
    """It was made in a cell to be shown in a later one, or is used from code alone."""

    async def body(kernel: Kernel) -> None:
        widget, _, workers = make(kernel)
        await later(workers, 10 * AWAY)
        assert widget.comm is not None

    dealing(body, tmp_path)


@pytest.mark.promise("A-12")
def test_a_ticket_that_leaves_cancels_nothing(tmp_path: Path) -> None:
    """The order it sent goes on, and can be amended and cancelled from a cell as ever."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        show(ticket.review.button)
        click(ticket.check)
        workers.work()
        press(ticket.review.button, kernel)
        workers.work()
        await kernel.until(lambda: ticket.order is not None and str(ticket.order.state) == "OPEN")
        leave(ticket.review.button)
        await later(workers, AWAY + 1.0)
        assert ticket.comm is None
        await asyncio.sleep(10.0)
        assert [str(order.state) for order in kernel.account.orders] == ["OPEN"]
        assert len(kernel.frames) == 1

    dealing(body, tmp_path)


def test_a_ticket_under_review_waits_for_its_end(tmp_path: Path) -> None:
    """The review was begun from a cell after the page went: it is void after its time, and then the ticket leaves."""

    async def body(kernel: Kernel) -> None:
        ticket, workers, _ = a_ticket(kernel)
        show(ticket.review.button)
        leave(ticket.review.button)
        await later(workers, AWAY - 10.0)
        click(ticket.check)
        workers.work()
        await later(workers, 20.0)
        assert (ticket.comm is not None, ticket.review.active) == (True, True)
        await later(workers, 15.0)
        await later(workers, 5.0)
        assert (ticket.comm, ticket.review.active) == (None, False)
        assert kernel.frames == []

    dealing(body, tmp_path)
