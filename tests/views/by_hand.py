"""Tickets and blotters without a browser: the messages a front end sends, workers driven by hand, a dealing kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from kraken_lab.errors import KrakenLabError, OrderError
from kraken_lab.streams import Feed
from kraken_lab.trading import AccountSnapshot, Click, Order, OrderSettings, Proposal, builders
from kraken_lab.trading.account import Account
from kraken_lab.views.blotter import Blotter
from kraken_lab.views.confirm_button import ConfirmButton
from kraken_lab.views.ticket import Ticket
from kraken_lab.views.worker import Agenda, Failed, Job
from kraken_lab.wire import Instant, Pair
from tests.dealing import ACCOUNT, Kernel

__all__ = ["ByHand", "KernelTrader", "Workers", "click", "edit", "press", "says", "see", "submit"]


# --- what a front end sends -----------------------------------------------------------------------------------------


def says(widget: Any, content: object) -> None:
    """A custom message from the browser."""
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def edit(widget: Any, value: object) -> None:
    """Somebody changed a field."""
    data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
    widget._handle_msg({"content": {"data": data}, "buffers": []})


def click(button: Any) -> None:
    """Somebody clicked a plain button, which a browser does not even send while it is disabled."""
    if not button.disabled:
        says(button, {"event": "click"})


def submit(field: Any) -> None:
    """Somebody pressed Enter in a text field."""
    says(field, {"event": "submit"})


def press(
    button: ConfirmButton, kernel: Kernel, *, ago_s: float = 0.0, ahead_s: float = 0.0, number: Any = None
) -> Any:
    """Somebody pressed the confirm button ``ago_s`` ago, in a browser whose clock is ``ahead_s`` ahead. Its number."""
    number = button.number if number is None else number
    clicked = kernel.world.clock.now().wall_ns / 1e6 + (ahead_s - ago_s) * 1e3
    says(button, {"kind": "press", "number": number, "clicked_ms": clicked, "offset_ms": ahead_s * 1e3})
    return number


def see(button: ConfirmButton, visible: bool, view: str = "v1") -> None:
    """A view of it came into sight, or went."""
    says(button, {"kind": "seen", "view": view, "visible": visible})


# --- what works -----------------------------------------------------------------------------------------------------


class ByHand:
    """A worker whose time is the kernel's and which works when it is told to."""

    def __init__(self, now: Callable[[], float], failed: Failed) -> None:
        self.agenda, self.closed = Agenda(), False
        self._now, self._failed = now, failed

    def put(self, job: Job, *, key: str = "", after: float = 0.0, apart: float = 0.0) -> None:
        """Note a job."""
        if not self.closed:
            self.agenda.put(job, self._now(), key=key, after=after, apart=apart)

    def close(self) -> None:
        """No more."""
        self.closed = True

    def work(self) -> int:
        """Do what is due now; how many jobs that were."""
        done = 0
        while not self.closed and (job := self.agenda.take(self._now())) is not None:
            done += 1
            try:
                job()
            except Exception as error:
                self._failed(error)
        return done


class Workers(list[ByHand]):
    """Makes workers and works them all."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self._now = lambda: kernel.world.clock.now().mono

    def __call__(self, name: str, failed: Failed) -> ByHand:
        """One more."""
        self.append(ByHand(self._now, failed))
        return self[-1]

    def work(self) -> int:
        """Until nothing is due anywhere; how many jobs were done."""
        done = 0
        while step := sum(worker.work() for worker in self):
            done += step
        return done

    @property
    def waiting(self) -> bool:
        """Whether anything is planned, now or later."""
        return any(worker.agenda.next_at() is not None for worker in self if not worker.closed)


# --- who deals ------------------------------------------------------------------------------------------------------


class KernelTrader:
    """Everything a blotter asks of a lab, answered by a dealing kernel on the virtual clock.

    ``broken`` is raised by whatever makes a proposal; ``proposed`` counts them.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.broken: KrakenLabError | None = None
        self.proposed = 0
        self.refused: list[OrderError] = []

    @property
    def settings(self) -> OrderSettings:
        """The kernel's."""
        return self.kernel.settings

    @property
    def mode(self) -> str:
        """The kernel's."""
        return self.kernel.mode

    @property
    def views(self) -> Any:
        """Nothing here draws through the maker."""
        raise AssertionError("tickets draw with functions")

    def now(self) -> Instant:
        """The virtual clock."""
        return self.kernel.world.clock.now()

    def pair(self, symbol: str) -> Pair:
        """From the instruments."""
        return self.kernel.desk.instruments.pair(symbol)

    def decimals(self) -> Mapping[str, int]:
        """From the instruments."""
        return self.kernel.dealer.gatherer.shown_decimals()

    def touch(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """From the reference book."""
        book = self.kernel.dealer.facts(symbol).book
        return None if book is None else (book.bids[0][0], book.asks[0][0])

    def propose_add(self, arguments: Mapping[str, object]) -> Proposal:
        """A real one."""
        self.proposed += 1
        if self.broken is not None:
            raise self.broken
        return builders.propose_add(arguments, self.kernel.dealer.facts(str(arguments["symbol"])))

    def propose_amend(self, order: Order, changes: Mapping[str, object]) -> Proposal:
        """A real one."""
        return self.kernel.amend(order, **changes)

    def ask(self, proposal: Proposal) -> int:
        """By the dealer."""
        return self.kernel.dealer.ask(proposal)

    def click(self, proposal: Proposal, click: Click, *, again: bool) -> tuple[Order, ...]:
        """By the dealer, with whatever the click is worth."""
        if proposal.kind in ("cancel_all", "cancel_all_orders_after"):
            self.kernel.dealer.reduce(proposal, gesture=click)
            return ()

        def told(error: OrderError | None) -> None:
            if error is not None:
                self.refused.append(error)

        return self.kernel.dealer.submit(proposal, told, gesture=click, again=again)

    def cancel_order(self, order: Order) -> object:
        """By the dealer."""
        self.kernel.cancel(order)
        return order

    def watch(self, symbol: str, watcher: Callable[[], object]) -> Callable[[], None]:
        """The account, and the reference book of a symbol."""
        watched: list[Account | Feed] = [self.kernel.account]
        book = self.kernel.dealer.gatherer.references.get(symbol)
        if book is not None:
            watched.append(book)
        for each in watched:
            each.watchers = (*each.watchers, watcher)

        def unwatch() -> None:
            for each in watched:
                each.watchers = tuple(other for other in each.watchers if other is not watcher)

        return unwatch

    def snapshot(self) -> AccountSnapshot:
        """Of the account."""
        known: AccountSnapshot = self.kernel.known
        return known

    def orders(self) -> tuple[Order, ...]:
        """Of the account."""
        orders: tuple[Order, ...] = self.kernel.account.orders
        return orders

    def prices(self) -> Mapping[str, Decimal]:
        """The middle of the reference book."""
        touch = self.touch("BTC/USD")
        return {} if touch is None else {"BTC/USD": (touch[0] + touch[1]) / 2}

    def where(self) -> tuple[str, str]:
        """By the dealer."""
        return self.kernel.dealer.mode_words(), ACCOUNT

    def exchange_ns(self) -> int:
        """One clock for all."""
        return self.now().wall_ns

    def dead_man(self, on: bool) -> Proposal | None:
        """As the lab does it."""
        if on and self.mode == "live":
            return builders.propose_dead_man(60, self.kernel.dealer.facts(""), refreshed=True)
        self.kernel.dealer.switch(on)
        return None

    def cancel_own(self) -> object:
        """By the dealer."""
        return self.kernel.dealer.act(lambda account, at: account.cancel_own(at))

    def kill(self, reason: str) -> object:
        """By the dealer; nobody waits for its report here."""
        self.kernel.dealer.kill(reason)
        return reason


def a_ticket(kernel: Kernel, **parameters: object) -> tuple[Ticket, Workers, KernelTrader]:
    """A ticket for a bid that rests, its first preview drawn."""
    order = {"side": "buy", "order_type": "limit", "order_qty": "0.01", "limit_price": "50000", **parameters}
    trader, workers = KernelTrader(kernel), Workers(kernel)
    ticket = Ticket(trader, "BTC/USD", order, workers=workers)
    workers.work()
    return ticket, workers, trader


def a_blotter(kernel: Kernel) -> tuple[Blotter, Workers, KernelTrader]:
    """A blotter, drawn once."""
    trader, workers = KernelTrader(kernel), Workers(kernel)
    blotter = Blotter(trader, workers=workers)
    workers.work()
    return blotter, workers, trader
