"""Where a picture offers an order ticket: somebody picked a price, and here it is filled in. Nothing is sent.

The ticket is the lab's own, with its review and its confirmation, which stay the only way to send. The place makes it
on a worker, because making one may wait for the account; what goes wrong is said where the ticket would be.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, TypeAlias

import ipywidgets

from ..errors import KrakenLabError
from . import escape
from .boxes import boxed
from .ending import close_parts, close_whole
from .ticket import Ticket
from .worker import Failed, Worker, Works

__all__ = ["MakeTicket", "TicketPlace", "on_tick"]

MakeTicket: TypeAlias = Callable[[str, Mapping[str, object]], Ticket]
"""Makes a ticket for a symbol, with parameters of `add_order` filled in. It may wait, and raises where it cannot."""

_EXACT: Final = Context(prec=200, rounding=ROUND_HALF_EVEN)


def on_tick(price: Decimal, increment: Decimal | None) -> Decimal:
    """The price nearest to a place somebody pointed at that an order can have; one that can be had stays as it is.

    >>> on_tick(Decimal("4.1853"), Decimal("0.0005")), on_tick(Decimal("63285.40"), Decimal("0.1"))
    (Decimal('4.1855'), Decimal('63285.40'))
    """
    if not increment or not _EXACT.remainder(price, increment):
        return price
    ticks = _EXACT.divide(price, increment).to_integral_value(ROUND_HALF_EVEN)
    return _EXACT.multiply(max(ticks, Decimal(1)), increment)


class TicketPlace(ipywidgets.VBox):  # type: ignore[misc]
    """An empty place under a picture until a price is picked; then a ticket with side and price filled in.

    ``make`` gives the ticket, ``increment`` the pair's price increment where it is known. ``workers`` makes what does
    the work of handlers.
    """

    def __init__(
        self,
        make: MakeTicket,
        symbol: str,
        *,
        increment: Callable[[], Decimal | None] = lambda: None,
        workers: Callable[[str, Failed], Works] = Worker,
    ) -> None:
        self.symbol, self._make, self._increment = symbol, make, increment
        self._lock = threading.Lock()
        self._over = False
        self._ticket: Ticket | None = None
        self._words = ""
        self._works = workers(f"kraken_lab offer {symbol}", self._failed)
        self._line = ipywidgets.HTML()
        self.dismiss = ipywidgets.Button(
            description="Close the ticket",
            tooltip="Take the ticket away. Nothing is sent, and what was sent from it goes on.",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.dismiss.on_click(lambda _: self._works.put(self._clear))
        self._head = ipywidgets.HBox([self.dismiss, self._line], layout=ipywidgets.Layout(align_items="center"))
        super().__init__([])
        self.add_class("kl-offer")

    @property
    def ticket(self) -> Ticket | None:
        """The ticket that is there; None while there is none."""
        return self._ticket

    @property
    def words(self) -> str:
        """What the line above the ticket says; empty while nothing is there."""
        return self._words

    def offer(self, side: str, limit_price: Decimal) -> None:
        """Put a side (``buy`` or ``sell``) and a limit price, on the tick, into the ticket; make one if there is none.

        From any thread; returns at once. Of several the newest counts. A review that is open is void by it, as by
        everything that changes a field.
        """
        self._works.put(lambda: self._offer(side, limit_price), key="offer")

    def close(self) -> None:
        """Take it off the screen, with its ticket. Idempotent."""
        with self._lock:
            self._over = True
        self._works.close()
        self._drop()
        close_whole(self._head)
        close_parts(self)
        super().close()

    # --- on the worker ----------------------------------------------------------------------------------------------

    def _offer(self, side: str, limit_price: Decimal) -> None:
        price = f"{on_tick(limit_price, self._increment()):f}"
        ticket = self._ticket
        if ticket is not None and ticket.check.disabled:
            # It came to its end by itself, as with its lab: another one says why, or works.
            self._drop()
            ticket = None
        if ticket is None:
            self._show(f"Making a ticket for {self.symbol}…")
            ticket = self._make(self.symbol, {"order_type": "limit", "side": side, "limit_price": price})
            with self._lock:
                if not self._over:
                    self._ticket = ticket
            if self._ticket is not ticket:
                ticket.close()
                return
        else:
            # A type of order that has a limit price stays; of the others a price makes a limit order.
            priced = "limit_price" in ticket.form.shown
            kind = {"limit_price_type": "static"} if "limit_price_type" in ticket.form.shown else {}
            ticket.form.put({**({} if priced else {"order_type": "limit"}), **kind, "side": side, "limit_price": price})
        self._show(f"{side} at {price}, as picked. Nothing is sent before it is reviewed and confirmed here.", ticket)

    def _clear(self) -> None:
        self._drop()
        self._words, self.children = "", ()

    def _drop(self) -> None:
        with self._lock:
            ticket, self._ticket = self._ticket, None
        if ticket is not None:
            ticket.close()

    def _show(self, words: str, *below: Ticket) -> None:
        self._words = escape.visible(escape.clip(words, 600))
        self._line.value = boxed(f'<div role="status">{escape.html(self._words)}</div>')
        self.dismiss.description = "Close the ticket" if below else "Close"
        if self.children != (self._head, *below):
            self.children = (self._head, *below)

    def _failed(self, error: Exception) -> None:
        """There is no ticket, or not that one: said where it would be. Nothing is printed from a thread."""
        said = str(error) if isinstance(error, KrakenLabError) else f"{type(error).__name__}: {error}"
        ticket = self._ticket
        self._show(f"No ticket with that price. {said}", *(() if ticket is None else (ticket,)))
