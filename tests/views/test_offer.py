"""Picking a price in a picture: a ticket with that price, and nothing that is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import KrakenLabError, LabClosed, SandboxError
from kraken_lab.views.offer import TicketPlace
from kraken_lab.views.ticket import Ticket
from tests.dealing import Kernel, dealing

from .by_hand import KernelTrader, Workers, click, edit, press
from .hostile import HOSTILE, Page
from .test_cards import words


@dataclass
class Desk:
    """A place for tickets of a dealing kernel; ``broken`` is raised instead of making one."""

    kernel: Kernel
    broken: Exception | None = None
    made: list[Ticket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.workers = Workers(self.kernel)
        self.trader = KernelTrader(self.kernel)
        self.place: Any = TicketPlace(
            self.make, "BTC/USD", increment=lambda: self.trader.pair("BTC/USD").price_increment, workers=self.workers
        )

    def make(self, symbol: str, parameters: Mapping[str, object]) -> Ticket:
        """As a lab makes one."""
        if self.broken is not None:
            raise self.broken
        self.made.append(Ticket(self.trader, symbol, parameters, workers=self.workers))
        return self.made[-1]

    def pick(self, side: str, price: str) -> Any:
        """Somebody picks a price; the ticket that is there then."""
        self.place.offer(side, Decimal(price))
        self.workers.work()
        return self.place.ticket

    def field(self, name: str) -> Any:
        """What a field of the ticket says."""
        assert self.place.ticket is not None
        return self.place.ticket.form.fields[name].value


def test_a_picked_price_is_in_the_ticket_to_the_digit(tmp_path: Path) -> None:
    """Side, type and price are filled in as they were picked, of many picks the last; one ticket, and no frame."""

    async def body(kernel: Kernel) -> None:
        desk = Desk(kernel)
        assert (desk.place.ticket, desk.place.children, desk.place.words) == (None, (), "")
        ticket = desk.pick("sell", "67250.10")
        assert ticket is not None
        form = ticket.form.arguments()
        assert [form[name] for name in ("side", "order_type", "limit_price")] == ["sell", "limit", "67250.10"]
        assert "order_qty" not in form
        assert desk.place.children[1] is ticket
        assert desk.place.words.startswith("sell at 67250.10, as picked. Nothing is sent before")
        desk.pick("sell", "67250.1349")
        assert desk.field("limit_price") == "67250.1"
        for price in range(50_000, 50_020):
            desk.place.offer("buy", Decimal(price))
        assert desk.workers.work() > 0
        assert (len(desk.made), desk.field("side"), desk.field("limit_price")) == (1, "buy", "50019")
        assert kernel.frames == []

    dealing(body, tmp_path)


@pytest.mark.promise("A-05")
def test_picking_again_changes_the_ticket_and_voids_its_review(tmp_path: Path) -> None:
    """What was typed stays; what was under review cannot be sent by the button that stood for it, only anew."""

    async def body(kernel: Kernel) -> None:
        desk = Desk(kernel)
        ticket = desk.pick("buy", "50000")
        assert ticket is not None
        edit(ticket.form.fields["order_qty"].text, "0.01")
        click(ticket.check)
        desk.workers.work()
        assert ticket.review.active, ticket.words
        number = ticket.review.button.number
        assert desk.pick("buy", "50000.1") is ticket
        assert (desk.field("limit_price"), desk.field("order_qty")) == ("50000.1", "0.01")
        assert not ticket.review.active
        assert ticket.words.startswith("The review is void")
        press(ticket.review.button, kernel, number=number)
        desk.workers.work()
        assert (kernel.frames, ticket.order, len(desk.made)) == ([], None, 1)
        click(ticket.check)
        desk.workers.work()
        press(ticket.review.button, kernel)
        desk.workers.work()
        await kernel.until(lambda: ticket.order and str(ticket.order.state) == "OPEN")
        (frame,) = kernel.frames
        assert '"limit_price":50000.1' in frame

    dealing(body, tmp_path)


def test_an_order_type_with_a_limit_price_stays(tmp_path: Path) -> None:
    """A market order has no price to put in, so it becomes a limit order; the others keep what they are."""

    async def body(kernel: Kernel) -> None:
        desk = Desk(kernel)
        ticket = desk.pick("buy", "50000")
        assert ticket is not None
        for price, (kind, becomes) in enumerate(
            [("market", "limit"), ("iceberg", "iceberg"), ("stop-loss-limit", "stop-loss-limit")], 70_000
        ):
            ticket.form.put({"order_type": kind})
            desk.pick("sell", str(price))
            found = [desk.field(name) for name in ("order_type", "side", "limit_price")]
            assert found == [becomes, "sell", str(price)]

    dealing(body, tmp_path)


def test_a_lab_that_makes_no_ticket_says_why(tmp_path: Path) -> None:
    """Its words stand where the ticket would be, as text; once it can, the next pick makes one."""

    async def body(kernel: Kernel) -> None:
        desk = Desk(kernel)
        ended = "The exchange on this machine that fills paper orders has ended, and its orders with it."
        for error in (LabClosed("This lab"), SandboxError(ended), ZeroDivisionError("by accident")):
            desk.broken = error
            assert desk.pick("buy", "50000") is None
            said = str(error) if isinstance(error, KrakenLabError) else f"ZeroDivisionError: {error}"
            assert desk.place.words == f"No ticket with that price. {said}"
            assert said in words(desk.place.children[0].children[1].value)
        for text in HOSTILE.values():
            desk.broken = ValueError(text)
            desk.pick("buy", "50000")
            assert not {"img", "script", "b", "a"} & Page(desk.place.children[0].children[1].value).tags
        desk.broken = None
        assert desk.pick("buy", "50000") is not None

    dealing(body, tmp_path)


def test_a_ticket_of_a_disarmed_or_halted_kernel_says_so(tmp_path: Path) -> None:
    """In live, where nothing was armed, and after a kill: the mode in the head, and a review that is refused."""

    async def body(kernel: Kernel) -> None:
        kernel.dealer.disarm("a test")
        desk = Desk(kernel)
        ticket = desk.pick("buy", "50000")
        assert ticket is not None
        assert "LIVE DISARMED" in words(ticket._head.value)
        edit(ticket.form.fields["order_qty"].text, "0.01")
        click(ticket.check)
        desk.workers.work()
        assert not ticket.review.active
        assert "There is nothing to confirm" in ticket.words
        kernel.dealer.kill("a test")
        await asyncio.sleep(1.0)
        desk.pick("buy", "50001")
        assert "HALTED" in words(ticket._head.value)
        assert not any("add_order" in frame for frame in kernel.frames)

    dealing(body, tmp_path, mode="live")


def test_closing_the_ticket_leaves_an_empty_place(tmp_path: Path) -> None:
    """By its button, or by its lab's end; the next pick makes another one. A closed place makes none."""

    async def body(kernel: Kernel) -> None:
        desk = Desk(kernel)
        first = desk.pick("buy", "50000")
        assert first is not None
        click(desk.place.dismiss)
        desk.workers.work()
        assert (desk.place.ticket, desk.place.children, desk.place.words) == (None, (), "")
        assert first.check.disabled
        desk.pick("buy", "50000.5")
        desk.made[1]._failed(LabClosed("This lab"))
        second = desk.pick("buy", "50001")
        assert second is desk.made[2]
        desk.place.close()
        desk.place.close()
        assert second.check.disabled
        desk.pick("buy", "50002")
        assert len(desk.made) == 3

    dealing(body, tmp_path)
