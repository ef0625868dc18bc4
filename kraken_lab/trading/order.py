"""The order a user holds: it changes by itself as the exchange tells what became of it.

An `Order` has no rules. The account's thread puts a new `OrderRecord` into it and wakes whoever waits; any thread may
read, and what it reads is whole because records never change. Cancelling and amending go through the `Trader`, which
is the lab.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Generator
from decimal import Decimal
from typing import Any, Protocol, Self

from ..errors import BadArgument, LabClosed, NotReady, OrderEnded, OrderRefused, OrderRejected
from ..wire import from_ns, number, plainly_called
from .figures import average, trimmed
from .fills import Fills
from .states import FillRecord, OrderEvent, OrderRecord, OrderState
from .timeline import Timeline
from .words import in_words

__all__ = ["Order", "OrderViews", "Trader"]

_plainly = plainly_called("order", done="Nothing was sent.")

_registering = threading.RLock()
"""One thread at a time replaces an order's tuple of watchers; reentrant, as waiting may be abandoned anywhere."""

_UNDECIDED = frozenset({OrderState.CONFIRMED, OrderState.IN_FLIGHT})


class OrderViews(Protocol):
    """How an order looks: the hook through which it reaches the room that draws."""

    def order(self, record: OrderRecord, fills: tuple[FillRecord, ...], timeline: tuple[OrderEvent, ...]) -> str:
        """An order, its fills and its timeline as HTML."""


class Trader(Protocol):
    """The lab, as far as an order knows it."""

    @property
    def views(self) -> OrderViews:
        """How things look."""

    def cancel_order(self, order: Order) -> object:
        """Ask the exchange to cancel it, at once."""

    def amend_order(self, order: Order, **changes: Any) -> Any:
        """A proposal to change it in place."""


class Order:
    """One order, alive. ``state``, ``filled``, ``avg_price``, ``fills`` and ``timeline`` are as of now.

    `wait` blocks until something is reached; ``await order`` waits until nothing more is expected of it.
    """

    def __init__(self, record: OrderRecord, trader: Trader | None = None, key: str = "") -> None:
        self._record = record
        self._key = key or record.cl_ord_id or record.order_id or ""
        self._trader = trader
        self._fills: tuple[FillRecord, ...] = ()
        self._timeline: tuple[OrderEvent, ...] = ()
        self._watchers: tuple[Callable[[], object], ...] = ()
        self._let_go = False
        """Whether its lab is closed, so that nothing here changes any more."""

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def record(self) -> OrderRecord:
        """All of it at this instant, as a value that never changes."""
        return self._record

    @property
    def state(self) -> OrderState:
        """Where it is; a state is also its own text."""
        return self._record.state

    @property
    def order_id(self) -> str | None:
        """The exchange's name for it; None until known."""
        return self._record.order_id

    @property
    def cl_ord_id(self) -> str | None:
        """Our name for it; None for an order placed without one elsewhere."""
        return self._record.cl_ord_id

    @property
    def symbol(self) -> str:
        """The pair, such as ``BTC/USD``."""
        return self._record.symbol

    @property
    def filled(self) -> Decimal:
        """The exact sum of its distinct fills, in base currency."""
        return self._record.filled_qty

    @property
    def remaining(self) -> Decimal | None:
        """What is not filled, in base currency; None where the quantity is not known."""
        return self._record.remaining_qty

    @property
    def avg_price(self) -> Decimal | None:
        """What was paid over what was filled, in quote per base; None before the first fill."""
        return self._record.avg_price

    @property
    def fills(self) -> Fills:
        """Its fills, in the order they became known: a tuple of records that prints as a table."""
        return Fills(self._fills)

    @property
    def timeline(self) -> Timeline:
        """What happened to it, oldest first: a tuple of events that prints as a table."""
        return Timeline(self._timeline)

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more is expected of it."""
        return self._record.is_terminal

    # --- waiting ----------------------------------------------------------------------------------------------------

    @_plainly
    def wait(self, until: str | Callable[[Self], object] = "done", timeout: float = 10.0) -> Self:
        """Wait, and give the order itself.

        ``until`` is ``"sent"`` (or refused), ``"answered"`` (the exchange's answer is in, or there is doubt),
        ``"open"`` (it is or was in the book), ``"partial"`` (something was filled), ``"filled"``, ``"done"`` (nothing
        more is expected), or a function of the order.

        Raises:
            BadArgument: ``until`` or ``timeout`` cannot be meant.
            NotReady: ``timeout`` seconds passed; the order goes on.
            LabClosed: its lab was closed; the order goes on, and nobody here hears of it.
            OrderRefused: it was stopped here, so what is waited for cannot come.
            OrderRejected: the exchange said no, so it cannot come.
            OrderEnded: it ended in another way.
        """
        timeout = number("timeout", timeout, "seconds", least=0)
        reached, meant = self._condition(until)
        deadline = time.monotonic() + timeout
        changed = threading.Event()
        remove = self.watch(changed.set)
        try:
            while not self._settled(reached, meant):
                if not changed.wait(max(deadline - time.monotonic(), 0.0)):
                    raise NotReady(f"{in_words(self._record)} to be {meant}", timeout, str(self.state))
                changed.clear()
        finally:
            remove()
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait in async code, without a limit, until nothing more is expected of it, or its lab is closed."""
        return self._done().__await__()

    async def _done(self) -> Self:
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def tell() -> None:
            # A loop that was closed under the waiting coroutine has nobody to be told.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(changed.set)

        remove = self.watch(tell)
        try:
            while not self.is_terminal:
                self._check_watched()
                await changed.wait()
                changed.clear()
        finally:
            remove()
        return self

    def _condition(self, until: str | Callable[[Self], object]) -> tuple[Callable[[], object], str]:
        if not isinstance(until, str):
            if not callable(until):
                raise BadArgument("until", until, f"one of {', '.join(_REACHED)}, or a function of the order")
            return lambda: until(self), "what was asked for"
        reached = _REACHED.get(until)
        if reached is None:
            raise BadArgument("until", until, f"one of {', '.join(_REACHED)}, or a function of the order")
        return lambda: reached(self._record), until

    def _settled(self, reached: Callable[[], object], meant: str) -> bool:
        record = self._record
        if reached():
            return True
        if not record.is_terminal or self._record is not record:
            self._check_watched()
            return False  # what came since is looked at in the next round
        what = in_words(record)
        if record.state is OrderState.REFUSED:
            raise OrderRefused(what, [record.error or record.reason])
        if record.state is OrderState.REJECTED:
            raise OrderRejected(what, record.error, record.symbol)
        raise OrderEnded(what, str(record.state), meant, record.reason)

    def _check_watched(self) -> None:
        if self._let_go:
            raise LabClosed(f"The lab of {in_words(self._record)} (now {self.state})")

    def watch(self, watcher: Callable[[], object]) -> Callable[[], None]:
        """Have ``watcher`` called, on the account's thread, whenever the order changed. Gives what ends that.

        It must not wait. One that raises is not called again, which is in ``lab.account.alarms``.
        """
        with _registering:
            self._watchers = (*self._watchers, watcher)

        def remove() -> None:
            with _registering:
                self._watchers = tuple(other for other in self._watchers if other is not watcher)

        return remove

    # --- acting -----------------------------------------------------------------------------------------------------

    @_plainly
    def cancel(self) -> Self:
        """Ask the exchange to cancel it, at once and without a question. ``wait("done")`` says what came of it."""
        self._acting("cancel").cancel_order(self)
        return self

    @_plainly
    def amend(self, **changes: Any) -> Any:
        """A proposal to change it in place: ``order_qty``, ``limit_price``, ``trigger_price``, ``display_qty``."""
        return self._acting("amend").amend_order(self, **changes)

    def _acting(self, verb: str) -> Trader:
        if self._trader is None:
            raise OrderRefused(f"{verb} of {in_words(self._record)}", ["this order belongs to no open lab"])
        return self._trader

    # --- how it looks -----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        record = self._record
        words = [f"<Order {record.state}: {in_words(record)}"]
        if record.filled_qty:
            seen = [record.limit_price, *(fill.price for fill in self._fills)]
            at = "?" if record.avg_price is None else average(record.avg_price, seen)
            words.append(f"filled {trimmed(record.filled_qty)} at {at}")
        if record.amend:
            asked = ", ".join(f"{name}={value:f}" for name, value in record.amending)
            words.append(f"amend {record.amend} ({asked})")
        marks = ("external", "unverified", "overfilled")
        words += [mark for mark in marks if getattr(record, mark)]
        words += [text for text in (record.error or record.reason, record.order_id or record.cl_ord_id or "") if text]
        return ", ".join(words) + f", {from_ns(record.updated_ns, 3)}>"

    def _repr_html_(self) -> str | None:
        if self._trader is None:
            return None
        return self._trader.views.order(self._record, self._fills, self._timeline)

    # --- for the account --------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """What names it in its account for good."""
        return self._key

    def show(
        self, record: OrderRecord, fills: tuple[FillRecord, ...], timeline: tuple[OrderEvent, ...]
    ) -> tuple[str, ...]:
        """Put the newest truth in and wake whoever waits. Only the account calls this.

        Gives what went wrong in watchers. Such a one is not called again, and harms nobody else.
        """
        self._fills, self._timeline, self._record = fills, timeline, record
        return self._wake()

    def let_go(self) -> None:
        """Its lab is closed: whoever waits need not wait longer. Only the account calls this."""
        self._let_go = True
        self._wake()

    def _wake(self) -> tuple[str, ...]:
        wrong: list[str] = []
        for watcher in self._watchers:
            try:
                watcher()
            except BaseException as error:
                # The user's own code, on the thread that carries everybody's orders: sys.exit() in it is an error too.
                wrong.append(type(error).__name__)
                with _registering:
                    self._watchers = tuple(other for other in self._watchers if other is not watcher)
        return tuple(wrong)


_REACHED: dict[str, Callable[[OrderRecord], object]] = {
    "sent": lambda record: record.state is not OrderState.CONFIRMED,
    "answered": lambda record: record.state not in _UNDECIDED,
    "open": lambda record: (
        record.state in {OrderState.OPEN, OrderState.PARTIAL, OrderState.PENDING_CANCEL, OrderState.FILLED}
    ),
    "partial": lambda record: record.filled_qty > 0,
    "filled": lambda record: record.state is OrderState.FILLED,
    "done": lambda record: record.is_terminal,
}
"""What can be waited for. An order that ended otherwise can never reach it, which is said at once."""
