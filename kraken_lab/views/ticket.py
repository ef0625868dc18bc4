"""The order ticket: a form, beside it what the order would do now, a review that freezes it, and one button that sends.

::

    fields -> proposal, again and again -> Review: frozen, shown, confirmation opened -> Confirm -> the order, alive

No rule is kept here. The checks, the preview and the confirmation are those of `lab.add_order`; the ticket shows a
`Proposal` and calls a method. A handler may run in any thread and in the middle of a cell, so it only notes what was
done and hands the work to a worker of the ticket's; what was reviewed is taken back at once when a field changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import ipywidgets

from ..errors import KrakenLabError, LabClosed
from ..trading import Order, Proposal
from . import escape
from .boxes import boxed
from .card import banner, card
from .dealing import TicketDealing
from .ending import close_parts
from .order_form import OrderForm
from .order_panel import APART, OrderPanel
from .presence import Presence
from .proposal_card import proposal_card
from .review import Review
from .worker import Failed, Worker, Works

__all__ = ["Ticket"]

LOOK_AGAIN: Final = 2.0
"""Seconds after which a ticket that is seen is judged anew although nothing moved: silence makes a book too old."""
_OFFERED: Final = 3
_FOLLOWS: Final = "<b>preview</b>: follows the form and the book; nothing is sent from it"
_ENDED: Final = "<b>what it was last</b>: this ticket has ended, and nothing is sent from it any more"
_FROZEN: Final = "<b>UNDER REVIEW</b>: frozen; the button below sends exactly this, once"
ANSWERS_IN: Final = 5.0
"""Seconds within which a front end that shows a ticket has loaded the script of its button."""
_BUTTONLESS: Final = (
    "This front end has not loaded the button that confirms: it comes as an anywidget, which some fetch from the "
    "network only when allowed to. Without it: ticket.proposal.confirm() in a cell, or lab.add_order(...).confirm()."
)
_STYLE: Final = """<style>
.kl-ticket .kl-side button.mod-active{font-weight:800;box-shadow:inset 0 0 0 2px currentColor;color:#fff}
.kl-ticket .kl-side button.mod-active:first-child{background:#08774a}
.kl-ticket .kl-side button.mod-active:last-child{background:#c02942}
.kl-ticket :is(input,select,button):focus-visible{outline:3px solid #4c8bf5!important;outline-offset:1px}
[data-jp-theme-light="false"] .kl-ticket .widget-dropdown>select{appearance:auto;background-image:none}
.kl-ticket .kl-side{display:flex;flex-flow:row nowrap;align-items:center}
.kl-ticket .kl-side>label{flex:0 0 112px;text-align:right}
.kl-ticket .kl-unnamed>label{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.kl-ticket .kl-frozen{border-left:4px solid #4c8bf5;padding-left:10px}
.kl-ticket .kl-sides{display:flex;flex-flow:row wrap;gap:18px;align-items:flex-start}
</style>"""


class Ticket(ipywidgets.VBox):  # type: ignore[misc]
    """An order ticket for one pair. In a cell it is the form; from code, the same things are methods.

    ``parameters`` are those of `add_order`, to fill in the form with. ``workers`` makes what does the work of handlers.

    Raises:
        UnknownSymbol: no such pair.
        BadArgument: a parameter that the form has no field or choice for.
    """

    _alive = False
    """Whether it is made and neither closed nor left by its lab: until then fields change, and nobody looks."""
    _presence: Presence | None = None

    def __init__(
        self,
        dealing: TicketDealing,
        symbol: str,
        parameters: Mapping[str, object] | None = None,
        *,
        workers: Callable[[str, Failed], Works] = Worker,
    ) -> None:
        pair = dealing.pair(symbol)
        self._dealing = dealing
        self._touch: tuple[Decimal, Decimal] | None = None
        self._proposal: Proposal | None = None
        self._visible = self._moved = self._troubled = False
        self._unwatch: Callable[[], None] | None = None
        self._looks = workers(f"kraken_lab ticket {symbol}", self._failed)
        self._acts = workers(f"kraken_lab ticket {symbol}, orders", self._failed)
        self._presence = presence = Presence(
            workers(f"kraken_lab ticket {symbol}, leaving", self._failed),
            now=lambda: dealing.now().mono,
            busy=lambda: self.review.active or self.panel.review.active,
            leave=self.close,
        )
        self.review = Review(
            dealing,
            self._acts,
            looks=self._looks,
            show=self._show,
            sent=self._placed,
            over=self._look_soon,
            seen=self._seen,
            there=presence.heard,
        )
        self.form = OrderForm(pair, changed=self._edited, touch=lambda: self._touch)
        self.form.put(parameters or {})
        self.panel = OrderPanel(dealing, looks=self._looks, acts=self._acts)
        self.preview = ipywidgets.HTML()
        self._head, self.caption = ipywidgets.HTML(), ipywidgets.HTML()
        self.check = ipywidgets.Button(
            description="Review…",
            tooltip="Freeze this order and ask for its confirmation. Sends nothing.",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.discard = ipywidgets.Button(
            description="Back to the form",
            tooltip="Take the review back. Nothing is sent.",
            layout=ipywidgets.Layout(width="auto", display="none"),
        )
        self.offers = [
            ipywidgets.Button(layout=ipywidgets.Layout(width="auto", display="none")) for _ in range(_OFFERED)
        ]
        self._offered: tuple[Mapping[str, object], ...] = ()
        self.check.on_click(lambda _: self.review.begin(self._frozen()))
        self.discard.on_click(lambda _: self.review.void("The review was taken back. Nothing was sent."))
        for at, button in enumerate(self.offers):
            button.on_click(lambda _, at=at: self._accept(at))
        buttons = ipywidgets.HBox([self.check, self.discard, *self.offers], layout=ipywidgets.Layout(flex_flow="wrap"))
        self._right = ipywidgets.VBox(
            [self.caption, self.preview, buttons, self.review.button],
            layout=ipywidgets.Layout(flex="1 1 420px", min_width="320px"),
        )
        sides = ipywidgets.HBox([self.form.box, self._right])
        sides.add_class("kl-sides")
        super().__init__([ipywidgets.HTML(_STYLE), self._head, sides, self.panel.box])
        self.add_class("kl-whole")
        self.add_class("kl-ticket")
        self._draw_head()
        self._alive = True
        self._look_soon()
        self._looks.put(self._miss_button, key="button", after=ANSWERS_IN)

    # --- for code ---------------------------------------------------------------------------------------------------

    @property
    def proposal(self) -> Proposal | None:
        """What was proposed last, or is under review; None before the first. It can be confirmed from a cell too."""
        return self._proposal

    @property
    def order(self) -> Order | None:
        """The order that was sent from here last; None before the first."""
        return self.panel.order

    @property
    def words(self) -> str:
        """What the line beside the button says."""
        return str(self.review.button.words)

    def propose(self) -> Proposal:
        """The proposal that the fields come to now. Nothing is sent."""
        return self._dealing.propose_add(self.form.arguments())

    def close(self) -> None:
        """Take it off the screen and stop looking at the market. What was sent from it goes on. Idempotent.

        It comes to that by itself a minute after the last page stopped showing it.
        """
        self._end("This ticket was closed.")
        if self._presence is not None:
            self._presence.close()
        close_parts(self)
        super().close()

    # --- what a person does, in any thread --------------------------------------------------------------------------

    def _edited(self) -> None:
        self.review.void("The review is void: a field was changed. Nothing was sent.")
        if self._alive:
            self._look_soon()

    def _frozen(self) -> Callable[[], Proposal]:
        arguments = self.form.arguments()
        return lambda: self._dealing.propose_add(arguments)

    def _accept(self, at: int) -> None:
        if at < len(self._offered):
            try:
                self.form.put(self._offered[at])
            except KrakenLabError as error:
                self.review.say(str(error))

    def _seen(self, visible: bool) -> None:
        self._visible = visible
        self._looks.put(self._miss_button, key="button")  # at once: it is there, so nothing waits to say otherwise
        self._looks.put(self._follow, key="follow")

    # --- looking, on the worker -------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Watch the market while the ticket is seen, and not otherwise."""
        if self._visible and self._unwatch is None and self._alive:
            self._unwatch = self._dealing.watch(self.form.pair.symbol, self._market_moved)
            self._look_soon()
        elif not self._visible:
            self._stop_watching()

    def _stop_watching(self) -> None:
        unwatch, self._unwatch = self._unwatch, None
        if unwatch is not None:
            unwatch()

    def _market_moved(self) -> None:
        if not self._moved:
            self._moved = True
            self._look_soon()

    def _look_soon(self) -> None:
        self._looks.put(self._look, key="look", apart=APART)

    def _look(self) -> None:
        self._moved = False
        try:
            if not self.review.active:
                proposal = self.propose()
                self._touch = self._dealing.touch(self.form.pair.symbol)
                self.review.unless_active(lambda: self._show_live(proposal))
        finally:
            if self._visible:
                self._looks.put(self._look, key="look", after=LOOK_AGAIN, apart=APART)

    def _show_live(self, proposal: Proposal) -> None:
        self._show(proposal)
        if self._troubled:
            self._troubled = False
            self.review.say("")

    def _show(self, proposal: Proposal) -> None:
        self._proposal = proposal
        self._draw_head()
        frozen = self.review.active
        self.discard.layout.display = None if frozen else "none"
        missed = (
            "" if self.review.button.heard_of or not frozen else f'<div class="warn">{escape.html(_BUTTONLESS)}</div>'
        )
        self.caption.value = boxed(f"<div>{_FROZEN if frozen else _FOLLOWS}</div>{missed}")
        (self._right.add_class if frozen else self._right.remove_class)("kl-frozen")
        self.preview.value = proposal_card(proposal)
        self._offered = tuple(offer.changes for offer in proposal.corrections[:_OFFERED])
        for at, button in enumerate(self.offers):
            there = at < len(self._offered)
            button.layout.display = None if there else "none"
            if there:
                text = escape.visible(proposal.corrections[at].text)
                button.description = f"Use {escape.clip(text, 60)}"
                button.tooltip = f"Put this into the form: {text}"

    def _miss_button(self) -> None:
        """Say it where the button does not come, once nobody is on the way any more."""
        if not self.review.button.heard_of and self._alive and not self.review.active:
            self.caption.value = boxed(f'<div class="warn">{escape.html(_BUTTONLESS)}</div>')

    def _draw_head(self) -> None:
        seen = self._proposal
        words, account = (self._dealing.mode.upper(), "") if seen is None else (seen.mode_words, seen.account)
        pair = self.form.pair
        prices = "no verified book yet"
        if self._touch is not None:
            bid, ask = self._touch
            prices = f"bid {bid:f} · ask {ask:f} · spread {ask - bid:f} {pair.quote}"
        halted = "" if seen is None or seen.halted is None else f" · halted: {escape.clip(seen.halted, 120)}"
        line = banner(words, f"{pair.symbol} · {prices}{halted}", account)
        self._head.value = card(line, label=f"{words}: ticket of {pair.symbol}")

    # --- what came of it --------------------------------------------------------------------------------------------

    def _placed(self, proposal: Proposal, orders: tuple[Order, ...]) -> None:
        self._looks.put(lambda: self.panel.show(orders[-1]))
        self._look_soon()

    def _failed(self, error: Exception) -> None:
        """A worker's job could not be done: say it where it is seen. Nothing is printed from a thread."""
        if isinstance(error, LabClosed):
            self._end(f"{error} This ticket does nothing any more.")
        else:
            said = str(error) if isinstance(error, KrakenLabError) else f"{type(error).__name__}: {error}"
            self._troubled = True
            self.review.unless_active(lambda: self.review.say(said))

    def _end(self, why: str) -> None:
        if not self._alive:
            return
        self._alive = self._visible = False
        self.review.void(why)
        self.panel.close()
        self.check.disabled = True
        # Nothing is left to be clicked that would do nothing.
        for button in (self.discard, *self.offers):
            button.layout.display = "none"
        self._right.remove_class("kl-frozen")
        self.caption.value = boxed(f"<div>{_ENDED}</div>")
        self.review.say(why)
        try:
            self._stop_watching()
        except LabClosed:
            pass  # then nobody calls the watcher any more either
        finally:
            self._looks.close()
            self._acts.close()

    # --- where widgets do not work ----------------------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widget, with a sentence beside it for a saved notebook, in which no kernel stands behind it."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options) or {}
        words = f"{self!r}"[1:-1]
        return {**bundle, "text/plain": words, "text/html": boxed(f"<div>{escape.html(words)}</div>")}

    def __repr__(self) -> str:
        """In words: what a terminal shows of it, and what to do there."""
        what = f"{self._dealing.mode.upper()}: order ticket of {self.form.pair.symbol}"
        if self.comm is None:
            return f"<{what}, closed. What was sent from it is in lab.orders; lab.ticket(...) makes another>"
        return (
            f"<{what}. It needs a notebook with a running kernel; elsewhere lab.add_order(...).confirm() does the same>"
        )
