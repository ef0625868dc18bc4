"""One order, alive: its card with the timeline, and the two things one can do with it, amend and cancel."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import ipywidgets

from ..trading import Order, Proposal
from ..trading.states import OrderRecord
from ..wire import Pair
from . import escape
from .dealing import TicketDealing
from .ending import close_whole
from .number_field import NumberField
from .order_card import order_card
from .order_fields import amendable
from .proposal_card import proposal_card
from .review import Review
from .worker import Works

__all__ = ["APART", "OrderPanel"]

APART: Final = 1 / 3
"""Seconds between two paintings at least."""
_LABELS: Final = {
    "order_qty": "new quantity",
    "limit_price": "new limit",
    "trigger_price": "new trigger",
    "display_qty": "new visible",
}


class OrderPanel:
    """The panel of one order at a time; ``box`` is the widget. `show` puts an order in or, with None, takes it away.

    ``looks`` paints, ``acts`` sends: what only reduces risk waits for no picture.
    """

    def __init__(self, dealing: TicketDealing, *, looks: Works, acts: Works) -> None:
        self._dealing, self._looks, self._acts = dealing, looks, acts
        self.order: Order | None = None
        self._unwatch: Callable[[], None] = _nothing
        self.card = ipywidgets.HTML()
        self.cancel = _button("Cancel order", "Asks the exchange to cancel it, at once. Nothing is asked first.")
        self.amend = _button("Amend…", "Change quantity or price in place; it is reviewed and confirmed first.")
        self.check = _button("Review amendment", "Freeze this change and ask for its confirmation.")
        self.check.layout.align_self = "flex-start"
        self.fields: dict[str, NumberField] = {}
        self._form = ipywidgets.VBox()
        self._change_card = ipywidgets.HTML()
        self.review = Review(dealing, acts, looks=looks, show=self._show_change, sent=self._changed)
        self._changing = ipywidgets.VBox([self._form, self.check, self._change_card, self.review.button])
        self._changing.layout.display = "none"
        self.box = ipywidgets.VBox(
            [self.card, ipywidgets.HBox([self.amend, self.cancel]), self._changing],
            layout=ipywidgets.Layout(display="none"),
        )
        self.cancel.on_click(lambda _: self._ask_to_cancel())
        self.amend.on_click(lambda _: self._toggle())
        self.check.on_click(lambda _: self._begin_review())

    def show(self, order: Order | None) -> None:
        """Show this order from now on. On a worker."""
        if order is self.order:
            return
        self._unwatch()
        self._unwatch = _nothing
        self._close_changing("")
        self.order = order
        self.box.layout.display = "none" if order is None else None
        if order is not None:
            self._unwatch = order.watch(self._moved)
            self._draw()

    def close(self) -> None:
        """Watch nothing any more; what is shown stays, and there is nothing to click."""
        self._unwatch()
        self._unwatch = _nothing
        self.cancel.disabled = self.amend.disabled = True
        self._close_changing("This ticket was closed.")

    # --- painting ---------------------------------------------------------------------------------------------------

    def _moved(self) -> None:
        self._looks.put(self._draw, key="order", apart=APART)

    def _draw(self) -> None:
        order = self.order
        if order is None:
            return
        record = order.record
        decimals = self._dealing.decimals()
        self.card.value = order_card(
            record, order.fills, order.timeline, mode=self._dealing.mode.upper(), decimals=decimals
        )
        self.cancel.disabled = record.is_terminal
        self.amend.disabled = not _changeable(record)
        if self.amend.disabled:
            self._close_changing("The order ended: there is nothing to amend.")

    # --- amending ---------------------------------------------------------------------------------------------------

    def _toggle(self) -> None:
        if self._changing.layout.display != "none":
            self._close_changing("The amendment was taken back. Nothing was sent.")
        else:
            self._looks.put(self._open_changing)

    def _open_changing(self) -> None:
        order = self.order
        if order is None or not _changeable(order.record):
            return
        pair, record = self._dealing.pair(order.symbol), order.record
        replaced, self.fields = self.fields, {name: _field(name, record, pair) for name in amendable(record)}
        for field in self.fields.values():
            field.text.observe(self._edited, "value")
        self._form.children = [field.box for field in self.fields.values()]
        for field in replaced.values():
            close_whole(field.box)
        self._change_card.value = ""
        self.review.say("")
        self._changing.layout.display = None

    def _close_changing(self, why: str) -> None:
        self.review.void(why)
        self._changing.layout.display = "none"

    def _edited(self, _: object) -> None:
        self.review.void("The review is void: a field was changed. Nothing was sent.")

    def _begin_review(self) -> None:
        order = self.order
        if order is None:
            return
        changes = {name: field.value for name, field in self.fields.items() if field.value is not None}
        self.review.begin(lambda: self._dealing.propose_amend(order, changes))

    def _show_change(self, proposal: Proposal) -> None:
        self._change_card.value = proposal_card(proposal)

    def _changed(self, proposal: Proposal, orders: tuple[Order, ...]) -> None:
        self._changing.layout.display = "none"
        self._moved()

    # --- cancelling -------------------------------------------------------------------------------------------------

    def _ask_to_cancel(self) -> None:
        order = self.order
        if order is not None:
            self._acts.put(lambda: self._dealing.cancel_order(order))


def _changeable(record: OrderRecord) -> bool:
    """Whether it makes sense to ask for a change; whether it may be changed is for the rules to say."""
    return record.possibly_open and bool(amendable(record))


def _field(name: str, record: OrderRecord, pair: Pair) -> NumberField:
    now: Decimal | None = getattr(record, name)
    step = pair.price_increment if name.endswith("price") else pair.qty_min
    unit = "as it is" if now is None else f"now {now:f}"
    return NumberField(_LABELS[name], step=step, unit=unit, start=lambda: now)


def _button(words: str, hint: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=words, tooltip=escape.visible(hint), layout=ipywidgets.Layout(width="auto"))


def _nothing() -> None:
    """Nothing is watched."""
