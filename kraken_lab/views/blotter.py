"""The blotter: the account on one screen, with the hand on the brake.

Open orders to amend and cancel, fills, balances, positions, the rate counters, the dead man's switch with its
countdown, and the kill button. It shows snapshots and calls methods; what may be done is decided below. Stopping has a
worker of its own, so that no picture and no question is in its way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

import ipywidgets

from ..errors import KrakenLabError, LabClosed
from ..trading import AccountSnapshot, Order, Proposal
from ..trading.dead_man import DeadManState
from . import escape
from .account_cards import (
    account_head,
    balances_html,
    dead_man_words,
    fills_html,
    kill_words,
    order_line,
    positions_html,
    rates_html,
)
from .boxes import boxed
from .card import card
from .confirm_button import ConfirmButton, Press
from .dealing import BlotterDealing
from .ending import close_parts
from .order_panel import APART, OrderPanel
from .presence import Presence
from .proposal_card import proposal_card
from .review import Review
from .worker import Failed, Worker, Works

__all__ = ["Blotter"]

ANSWERS_IN: Final = 5.0
"""Seconds within which a front end that shows a blotter has loaded the script of its kill button."""
_BUTTONLESS: Final = (
    "This front end has not loaded the kill button, which comes as an anywidget, so what is shown here is not renewed. "
    "lab.kill() in a cell does the same, kraken-lab kill in a terminal too; lab.orders and lab.account are up to date."
)
BEAT: Final = 1.0
"""Seconds between two paintings while nothing changes: a countdown and a falling rate counter change by themselves."""
_BUSY: Final = (
    "This kernel is busy with a cell: KILL takes effect when the cell ends. At once, from any terminal: kraken-lab kill"
)
_STYLE: Final = """<style>
.kl-blotter .rate{display:flex;gap:10px;align-items:center;margin:3px 0}
.kl-blotter .gauge{flex:0 0 140px;height:9px;border:1px solid currentColor;border-radius:5px;overflow:hidden}
.kl-blotter .gauge i{display:block;height:100%;background:currentColor}
.kl-blotter .widget-select{box-sizing:border-box;margin-right:0;height:auto;flex-flow:column;align-items:stretch}
.kl-blotter .widget-select>select{min-width:0;flex:0 0 auto}
.kl-blotter .widget-select>label{width:auto!important;text-align:left;font-size:12px;font-weight:650;
 letter-spacing:.05em;text-transform:uppercase;opacity:.7}
.kl-blotter .widget-html,.kl-blotter .widget-html-content,.kl-blotter .kl-card{min-width:0;max-width:100%}
.kl-blotter select{font-family:var(--jp-code-font-family,monospace);font-size:12px}
.kl-blotter :is(select,button):focus-visible{outline:3px solid #4c8bf5!important;outline-offset:1px}
</style>"""


class Blotter(ipywidgets.VBox):  # type: ignore[misc]
    """The account of one lab: what is open, what happened, what there is, and how to stop it all.

    ``workers`` makes what does the work of handlers.
    """

    _alive = False
    """Whether it is made and neither closed nor left by its lab."""
    _presence: Presence | None = None

    def __init__(self, dealing: BlotterDealing, *, workers: Callable[[str, Failed], Works] = Worker) -> None:
        self._dealing = dealing
        self._visible = self._moved = False
        self._unwatch: Callable[[], None] | None = None
        self._known: AccountSnapshot | None = None
        self._looks = workers("kraken_lab blotter", self._failed)
        self._acts = workers("kraken_lab blotter, orders", self._failed)
        self._stops = workers("kraken_lab blotter, stopping", self._failed)
        self._presence = presence = Presence(
            workers("kraken_lab blotter, leaving", self._failed),
            now=lambda: dealing.now().mono,
            busy=lambda: self.review.active or self.panel.review.active,
            leave=self.close,
        )
        self._killing = 1
        self._killed_ns = 0
        """Which kill was told to the end: it began then, on the wall clock."""
        self.head, self.rates, self.fills = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.balances, self.positions = ipywidgets.HTML(), ipywidgets.HTML()
        self.note, self.switch_words = ipywidgets.HTML(), ipywidgets.HTML()
        self.kill = ConfirmButton(
            wall_ms=lambda: dealing.now().wall_ns / 1e6,
            pressed=self._kill,
            seen=self._seen,
            there=presence.heard,
            number=self._killing,
            label="KILL: halt and cancel everything of this account",
            hint="Asks nothing. Everything is halted until lab.resume('why').",
            tone="down",
            timed=False,
            busy_words=_BUSY,
        )
        self.cancel_own = _button("Cancel this lab's orders", "At once. Other programs' orders stay.")
        self.switch = _button(
            "Dead man's switch", "The exchange cancels everything unless this kernel keeps saying that it lives."
        )
        self.review = Review(
            dealing, self._acts, looks=self._looks, show=self._show_question, sent=lambda *_: self._look_soon()
        )
        self._question = ipywidgets.VBox([ipywidgets.HTML(), self.review.button])
        self._question.layout.display = "none"
        self.choice = ipywidgets.Select(
            options=[],
            rows=6,
            description="open orders",
            layout=ipywidgets.Layout(width="auto", max_width="960px"),
            style={"description_width": "96px"},
        )
        self.nothing_open = ipywidgets.HTML()
        self.panel = OrderPanel(dealing, looks=self._looks, acts=self._stops)
        self.cancel_own.on_click(lambda _: self._stops.put(dealing.cancel_own))
        self.switch.on_click(lambda _: self._acts.put(self._turn_switch))
        self.choice.observe(lambda _: self._looks.put(self._select, key="select"), "value")
        wrap = ipywidgets.Layout(flex_flow="row wrap", grid_gap="4px 40px", align_items="flex-start")
        super().__init__(
            [
                ipywidgets.HTML(_STYLE),
                self.head,
                self.kill,
                self.note,
                ipywidgets.HBox([self.cancel_own, self.switch, self.switch_words], layout=wrap),
                self._question,
                self.nothing_open,
                self.choice,
                self.panel.box,
                ipywidgets.HBox([self.balances, self.positions, self.rates], layout=wrap),
                self.fills,
            ]
        )
        self.add_class("kl-whole")
        self.add_class("kl-blotter")
        self._alive = True
        self._look_soon()
        self._looks.put(self._miss_button, key="button", after=ANSWERS_IN)

    # --- for code ---------------------------------------------------------------------------------------------------

    @property
    def known(self) -> AccountSnapshot | None:
        """What is shown; None before the first look."""
        return self._known

    def close(self) -> None:
        """Take it off the screen and stop looking. Orders and the dead man's switch stay as they are. Idempotent.

        It comes to that by itself a minute after the last page stopped showing it.
        """
        self._end("This blotter was closed.")
        if self._presence is not None:
            self._presence.close()
        close_parts(self)
        super().close()

    # --- what a person does, in any thread --------------------------------------------------------------------------

    def _kill(self, press: Press) -> None:
        if press.number != self._killing or not self._alive:
            return
        self._killing += 1
        self.kill.words = "Halting, and cancelling everything…"
        self._stops.put(lambda: self._dealing.kill("the blotter's kill button"))
        # Again at once: who presses a second time means it, and a kill that is repeated does no harm.
        self.kill.number = self._killing

    def _seen(self, visible: bool) -> None:
        self._visible = visible
        self._looks.put(self._miss_button, key="button")  # at once: it is there, so nothing waits to say otherwise
        self._looks.put(self._follow, key="follow")

    # --- on the workers ---------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Watch the account while the blotter is seen, and not otherwise."""
        if self._visible and self._unwatch is None and self._alive:
            self._unwatch = self._dealing.watch("", self._account_moved)
            self._look_soon()
        elif not self._visible:
            self._stop_watching()

    def _stop_watching(self) -> None:
        unwatch, self._unwatch = self._unwatch, None
        if unwatch is not None:
            unwatch()

    def _account_moved(self) -> None:
        if not self._moved:
            self._moved = True
            self._look_soon()

    def _look_soon(self) -> None:
        self._looks.put(self._look, key="look", apart=APART)

    def _look(self) -> None:
        self._moved = False
        try:
            self._draw()
        finally:
            if self._visible:
                self._looks.put(self._look, key="look", after=BEAT, apart=APART)

    def _miss_button(self) -> None:
        if not self.kill.heard_of and self._alive:
            self.note.value = _line(_BUTTONLESS)

    def _draw(self) -> None:
        dealing = self._dealing
        known, (mode_words, account) = dealing.snapshot(), dealing.where()
        self._known = known
        self.head.value = card(account_head(mode_words, account, known), label=f"{mode_words}: the account")
        decimals = dealing.decimals()
        self.fills.value = _titled(fills_html(known.fills, decimals), "fills")
        self.balances.value = _titled(balances_html(known.balances), "balances")
        self.positions.value = _titled(positions_html(known.positions, dealing.prices(), decimals), "positions")
        self.rates.value = _titled(rates_html(known.rates), "rate counter")
        off = known.dead_man.state in (DeadManState.OFF, DeadManState.FIRED)
        self.switch.description = f"Turn the dead man's switch {'on' if off else 'off'}"
        self.switch_words.value = _line(dead_man_words(known.dead_man, dealing.exchange_ns()))
        if known.kill is not None and known.kill.since_ns != self._killed_ns:
            self.kill.words = kill_words(known.kill)
            self._killed_ns = known.kill.since_ns if known.kill.complete else 0
        self._list(dealing.orders())
        self.note.value = ""

    def _list(self, orders: tuple[Order, ...]) -> None:
        """The open orders, newest first; what was chosen stays chosen as long as it is there."""
        there = [order for order in reversed(orders) if order.record.possibly_open or not order.is_terminal]
        options = [(order_line(order.record), order.key) for order in there]
        if list(self.choice.options) != options:
            chosen = self.choice.value
            self.choice.options = options
            keys = [key for _, key in options]
            self.choice.value = chosen if chosen in keys else None
        self.choice.disabled = not options
        self.choice.layout.display = None if options else "none"
        self.nothing_open.value = "" if options else _titled("<h4>open orders</h4><div>None.</div>", "open orders")

    def _select(self) -> None:
        key = self.choice.value
        if key is not None:
            self.panel.show(next((order for order in self._dealing.orders() if order.key == key), None))

    def _turn_switch(self) -> None:
        known = self._dealing.snapshot()
        off = known.dead_man.state in (DeadManState.OFF, DeadManState.FIRED)
        question = self._dealing.dead_man(off)
        if question is not None:
            self.review.begin(lambda: question)
        self._look_soon()

    def _show_question(self, proposal: Proposal) -> None:
        self._question.children[0].value = proposal_card(proposal)
        self._question.layout.display = None

    # --- the end ----------------------------------------------------------------------------------------------------

    def _failed(self, error: Exception) -> None:
        """A worker's job could not be done: say it where it is seen. Nothing is printed from a thread."""
        if isinstance(error, LabClosed):
            self._end(str(error))
        else:
            said = str(error) if isinstance(error, KrakenLabError) else f"{type(error).__name__}: {error}"
            self.note.value = _line(said)

    def _end(self, why: str) -> None:
        if not self._alive:
            return
        self._alive = self._visible = False
        self.review.void(why)
        self.panel.close()
        self.kill.number = 0
        # Nothing is left to be clicked that would do nothing.
        self.cancel_own.disabled = self.switch.disabled = self.choice.disabled = True
        self._question.layout.display = "none"
        self.note.value = _line(why)
        with contextlib.suppress(LabClosed):
            self._stop_watching()
        for works in (self._looks, self._acts, self._stops):
            works.close()

    # --- where widgets do not work ----------------------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widget, with a sentence beside it for a saved notebook, in which no kernel stands behind it."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options) or {}
        words = f"{self!r}"[1:-1]
        return {**bundle, "text/plain": words, "text/html": boxed(f"<div>{escape.html(words)}</div>")}

    def __repr__(self) -> str:
        """In words: what a terminal shows of it, and what to do there."""
        what = f"{self._dealing.mode.upper()}: blotter"
        if self.comm is None:
            return f"<{what}, closed. The account is as it was; lab.blotter() makes another>"
        return (
            f"<{what}. It needs a notebook with a running kernel; elsewhere lab.orders and lab.account tell the same, "
            "lab.cancel_all() and lab.kill() stop it>"
        )


def _titled(html: str, name: str) -> str:
    """A part under its own heading."""
    return card(f'<div class="body">{html}</div>', label=name)


def _line(words: str) -> str:
    return boxed(f"<div>{escape.html(escape.clip(words, 600))}</div>") if words else ""


def _button(words: str, hint: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=words, tooltip=hint, layout=ipywidgets.Layout(width="auto"))
