"""The blotter by traits and messages: what the account looks like, and everything that stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import kraken_lab as kl
from kraken_lab.errors import LabClosed, NotReady
from kraken_lab.trading import AccountSnapshot, Alarm
from kraken_lab.trading.facts import RateCount
from kraken_lab.trading.positions import positions
from kraken_lab.views import account_cards
from kraken_lab.views.blotter import Blotter
from kraken_lab.wire import rounded
from tests.dealing import Kernel, dealing

from ..trading.wishes import an_order
from .by_hand import Workers, a_blotter, click, edit, press, says, see
from .hostile import HOSTILE, Page
from .test_cards import a_fill, words
from .test_ticket import until

Body = Callable[[Kernel], Awaitable[None]]
LIVE_AND_NOT = pytest.mark.parametrize("mode", ["sandbox", "live"])


async def looked(workers: Workers) -> None:
    """Let a moment pass, and the blotter look again."""
    await asyncio.sleep(1.1)
    workers.work()


def choose(blotter: Blotter, workers: Workers, at: int = 0) -> None:
    """Choose an open order from the list."""
    blotter.choice.index = at
    workers.work()


# --- orders ---------------------------------------------------------------------------------------------------------


@LIVE_AND_NOT
def test_open_orders_are_listed_and_cancelled(mode: Any, tmp_path: Path) -> None:
    """Newest first, other people's too; a cancel asks nothing, and the card goes on until the order has ended."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, _ = a_blotter(kernel)
        see(blotter.kill, True)
        first, second = await kernel.open(), await kernel.open(order_qty="0.02")
        await looked(workers)
        lines = [line for line, _ in blotter.choice.options]
        assert [line.split(" · ")[1] for line in lines] == [
            "buy 0.02 BTC/USD limit at 50000",
            "buy 0.01 BTC/USD limit at 50000",
        ]
        choose(blotter, workers, 1)
        assert blotter.panel.order is first
        click(blotter.panel.cancel)
        workers.work()
        await kernel.until(lambda: first.is_terminal)
        await looked(workers)
        assert blotter.panel.order is first
        assert "CANCELED" in words(blotter.panel.card.value)
        assert [key for _, key in blotter.choice.options] == [second.key]

        third = await kernel.open(order_qty="0.03")
        click(blotter.cancel_own)
        workers.work()
        await kernel.until(lambda: second.is_terminal and third.is_terminal)
        await looked(workers)
        assert (list(blotter.choice.options), blotter.choice.disabled) == ([], True)

    dealing(body, tmp_path, mode=mode)


def test_what_was_chosen_stays_chosen_while_others_come_and_go(tmp_path: Path) -> None:
    """And an amendment of it is reviewed and confirmed as in a ticket."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, _ = a_blotter(kernel)
        see(blotter.kill, True)
        order = await kernel.open()
        await looked(workers)
        choose(blotter, workers)
        await kernel.open(order_qty="0.02")
        await looked(workers)
        assert blotter.choice.value == order.key
        panel = blotter.panel
        click(panel.amend)
        workers.work()
        edit(panel.fields["limit_price"].text, "49000")
        click(panel.check)
        workers.work()
        press(panel.review.button, kernel)
        workers.work()
        await kernel.until(lambda: order.record.limit_price == Decimal(49000))
        assert blotter.panel.order is order

    dealing(body, tmp_path)


@pytest.mark.promise("O-01")
def test_fills_balances_and_positions_are_shown(tmp_path: Path) -> None:
    """After a market order: its fill with its fee, what is held now, and the position at its price."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, trader = a_blotter(kernel)
        see(blotter.kill, True)
        assert "Nothing was filled yet" in words(blotter.fills.value)
        assert "None: nothing was traded" in words(blotter.positions.value)
        order = kernel.place(order_type="market", order_qty="0.01")
        await kernel.until(lambda: order.is_terminal)
        await kernel.until(lambda: trader.snapshot().balances)
        await looked(workers)
        known = trader.snapshot()
        (fill,) = known.fills
        assert f"taker {fill.price:f} 0.01 BTC {rounded(fill.cost, 2)} USD" in words(blotter.fills.value)
        assert known.balances is not None
        assert f"BTC {known.balances['BTC'].normalize():f}" in words(blotter.balances.value)
        assert f"BTC/USD 0.01 BTC {fill.price.normalize():f} USD 0.00 USD" in words(blotter.positions.value)
        assert "of 125, falls by" in words(blotter.rates.value)

    dealing(body, tmp_path)


# --- stopping -------------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-12")
@LIVE_AND_NOT
def test_the_kill_button_halts_and_cancels_and_says_so(mode: Any, tmp_path: Path) -> None:
    """It asks nothing, needs no clock, and waits for no picture: its worker is its own."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, trader = a_blotter(kernel)
        see(blotter.kill, True)
        order = await kernel.open()
        looks, _, stops, _ = workers
        says(blotter.kill, {"kind": "press", "number": blotter.kill.number, "clicked_ms": None, "offset_ms": None})
        assert looks.agenda.next_at() is not None
        assert stops.work() == 1
        assert "HALTED" in trader.where()[0]
        await kernel.until(lambda: order.is_terminal)
        await kernel.until(lambda: getattr(trader.snapshot().kill, "complete", False), within=120.0)
        await looked(workers)
        assert str(order.order_id) in blotter.kill.words
        assert "complete" in blotter.kill.words
        told = blotter.kill.words
        await looked(workers)
        assert blotter.kill.words == told
        head = words(blotter.head.value)
        assert "HALTED" in head
        assert "the blotter's kill button" in head
        assert "lab.resume('why')" in head

    dealing(body, tmp_path, mode=mode)


def test_a_kill_that_is_pressed_twice_is_meant_once_a_number(tmp_path: Path) -> None:
    """A doubled message does nothing more; the button carries a new number at once."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, _ = a_blotter(kernel)
        number = blotter.kill.number
        for _ in range(2):
            says(blotter.kill, {"kind": "press", "number": number, "clicked_ms": 0, "offset_ms": 0})
        assert blotter.kill.number == number + 1
        assert workers[2].work() == 1

    dealing(body, tmp_path)


def test_the_dead_mans_switch_counts_down(tmp_path: Path) -> None:
    """Turned on at once where no real money is, with the seconds that are left; and off again."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, trader = a_blotter(kernel)
        see(blotter.kill, True)
        assert "switch OFF" in words(blotter.switch_words.value)
        click(blotter.switch)
        workers.work()
        await kernel.until(lambda: str(trader.snapshot().dead_man.state) == "ON")
        await looked(workers)
        first = words(blotter.switch_words.value)
        assert "switch ON: in 5" in first
        assert blotter.switch.description == "Turn the dead man's switch off"
        for _ in range(3):
            await looked(workers)
        assert words(blotter.switch_words.value) != first
        click(blotter.switch)
        workers.work()
        await kernel.until(lambda: str(trader.snapshot().dead_man.state) == "OFF")

    dealing(body, tmp_path)


@pytest.mark.promise("O-13")
@pytest.mark.promise("A-06")
def test_in_live_the_switch_is_a_question_first(tmp_path: Path) -> None:
    """Its card names what it would remove; one click answers it, and a late one does not."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, trader = a_blotter(kernel)
        see(blotter.kill, True)
        order = await kernel.open()
        click(blotter.switch)
        workers.work()
        assert str(trader.snapshot().dead_man.state) == "OFF"
        assert str(order.record.symbol) in words(blotter._question.children[0].value)
        press(blotter.review.button, kernel, ago_s=3.0)
        workers.work()
        assert blotter.review.button.words.startswith("Nothing was sent")
        click(blotter.switch)
        workers.work()
        press(blotter.review.button, kernel)
        workers.work()
        await kernel.until(lambda: str(trader.snapshot().dead_man.state) == "ON")
        assert trader.mode == "live"

    dealing(body, tmp_path, mode="live")


# --- looking --------------------------------------------------------------------------------------------------------


@pytest.mark.promise("B-04")
def test_a_hidden_blotter_costs_nothing(tmp_path: Path) -> None:
    """Nothing is watched and nothing planned; a closed one neither."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, _ = a_blotter(kernel)
        before = len(kernel.account.watchers)
        see(blotter.kill, True)
        workers.work()
        assert len(kernel.account.watchers) == before + 1
        assert workers.waiting
        see(blotter.kill, False)
        await looked(workers)
        assert (len(kernel.account.watchers), workers.waiting) == (before, False)
        see(blotter.kill, True)
        workers.work()
        blotter.close()
        blotter.close()
        assert (len(kernel.account.watchers), workers.waiting) == (before, False)

    dealing(body, tmp_path)


def test_an_error_is_said_on_the_blotter_and_a_closed_lab_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is printed from a thread."""

    async def body(kernel: Kernel) -> None:
        blotter, workers, trader = a_blotter(kernel)
        see(blotter.kill, True)
        for error, said in ((NotReady("<b>the account</b>", 5.0), "<b>the account</b>"), (LabClosed("This lab"), "")):

            def fails(error: Exception = error) -> Any:
                raise error

            monkeypatch.setattr(trader, "snapshot", fails)
            await looked(workers)
            assert (said or "This lab") in Page(blotter.note.value).text
        assert blotter.kill.number == 0
        assert [button.disabled for button in (blotter.cancel_own, blotter.switch, blotter.choice)] == [True] * 3
        assert not workers.waiting

    dealing(body, tmp_path)


def shown_plainly(known: AccountSnapshot, text: str) -> None:
    """Wherever a text of the wire can stand in a blotter."""
    fields = {name: getattr(known, name) for name in known.__slots__}
    alarm = Alarm(what=text, at_ns=0, order=text, symbol=text)
    known = type(known)(**{**fields, "alarms": (alarm,), "reconciled": False, "reconciling": text, "system": text})
    fill = a_fill(symbol=text, side=text, liquidity=text, fee_asset=text)
    made = [
        account_cards.account_head(f"LIVE ARMED, HALTED since now ({text})", text, known),
        account_cards.fills_html([fill]),
        account_cards.balances_html({text: Decimal(1)}),
        account_cards.positions_html(positions([fill]), {text: Decimal(1)}),
        account_cards.rates_html({text: RateCount(count=1.0, maximum=125, decay_per_s=2.34)}),
    ]
    for html in made:
        page = Page(html)
        assert page.tags <= {"div", "span", "b", "ul", "li", "h4", "table", "thead", "tbody", "tr", "th", "td", "i"}
        for _, attributes in page.elements:
            assert set(attributes) <= {"class", "role", "scope", "style"} | {a for a in attributes if "aria" in a}
    order = an_order(symbol=text, side=text, order_type=text, order_id=text)
    assert account_cards.order_line(order).isprintable()


@pytest.mark.promise("W-04")
def test_foreign_text_is_shown_letter_by_letter(tmp_path: Path) -> None:
    """Symbols, assets, reasons, alarms: none of them makes an element or an attribute."""

    async def body(kernel: Kernel) -> None:
        for text in HOSTILE.values():
            shown_plainly(kernel.known, text)

    dealing(body, tmp_path)


def test_a_saved_notebook_says_that_it_needs_a_kernel(tmp_path: Path) -> None:
    """Where no widget is drawn there is a sentence."""

    async def body(kernel: Kernel) -> None:
        bundle = a_blotter(kernel)[0]._repr_mimebundle_()
        assert "needs a notebook with a running kernel" in bundle["text/plain"]
        assert "needs a notebook with a running kernel" in words(bundle["text/html"])

    dealing(body, tmp_path)


# --- with threads, and a real exchange process ----------------------------------------------------------------------


def test_a_blotter_of_a_real_lab_shows_and_cancels_its_orders(lab: kl.Lab, capfd: pytest.CaptureFixture[str]) -> None:
    """Handlers in this thread, workers in their own, the exchange in another process; nothing is printed."""
    blotter = lab.blotter()
    try:
        see(blotter.kill, True)
        order = lab.buy("BTC/USD", "0.01", "100").confirm().wait("open")
        until(lambda: order.key in [key for _, key in blotter.choice.options])
        blotter.choice.value = order.key
        until(lambda: blotter.panel.order)
        click(blotter.panel.cancel)
        order.wait("done")
        until(lambda: not blotter.choice.options)
        assert "SANDBOX" in words(blotter.head.value)
    finally:
        blotter.close()
    assert capfd.readouterr() == ("", "")
