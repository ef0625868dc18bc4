"""What must hold of an account whatever happens to it: the exchange's own books are the truth it is held to.

A `Witness` looks at every record when it changes and at everything after each step. It knows what the client shows and
what the exchange has; it believes neither the client's audit log nor its counters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from kraken_lab.sandbox.orders import Order as Theirs
from kraken_lab.sandbox.orders import Report
from kraken_lab.trading import Limits, OrderRecord, OrderState
from kraken_lab.wire import ORDER_AFFECTING
from tests.acting.truth import ids_in, their_filled, their_order, untrue
from tests.dealing import Kernel
from tests.virtual import World

__all__ = ["Violation", "Witness"]

S = OrderState
LIES = ("concluded", "ended as", "told twice", "was filled, and", "two orders", "carries the client id", "and yet")
"""Words of alarms that an exchange which tells no lies gives no reason for."""


class Violation(AssertionError):
    """Something that must hold does not."""


class Watched(list[str]):
    """The texts that were given to sockets; somebody is told of each before the exchange gets it."""

    def __init__(self, told: Callable[[str], None]) -> None:
        super().__init__()
        self._told = told

    def append(self, text: str) -> None:
        """Take one more."""
        super().append(text)
        self._told(text)


class Witness:
    """Watches one world. ``confirmations`` is how many were made, by all kernels; ``kernel`` the one that lives."""

    def __init__(self, world: World, limits: Limits) -> None:
        self.world, self.limits = world, limits
        self.kernel: Kernel | None = None
        self.confirmations = 0
        self.found: list[str] = []
        self.doubted: set[str] = set()
        """Keys of orders that were UNKNOWN at any time."""
        self._seen: dict[str, OrderRecord] = {}
        self._named: set[str] = set()
        self._frames = 0
        world.sent = Watched(self._leaving)
        world.exchange.trading.reports.append(self._booked)

    def watch(self, kernel: Kernel) -> None:
        """Another kernel deals from now on. It knows what was written down, and of what may have left every order."""
        self.kernel = kernel
        shown = {_key(record) for record in kernel.known.orders if not record.external}
        for key in self._seen.keys() - shown:
            if key in self._named:
                self._say(f"{key} was {self._seen[key].state}, and the next kernel does not know it")
        self._seen.clear()
        kernel.account.watchers = (*kernel.account.watchers, self.look)

    def told(self) -> tuple[tuple[str, str], ...]:
        """Every order that was ever shown, and as what it is shown now."""
        return tuple((key, _shown(record)) for key, record in self._seen.items())

    def _say(self, what: str) -> None:
        self.found.append(f"at {self.world.clock.now().mono:.3f} s: {what}")

    def check(self) -> None:
        """Raise what was found.

        Raises:
            Violation: something did not hold.
        """
        self.look()
        for order in self._theirs():
            self._is_known(order)
        for record in self._seen.values():
            self._is_true(record)
        for line in self.world.connections:
            if line.withheld:
                self._say(f"the writer of {line.name} withheld {line.withheld} texts")
        for task in self.world._tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                self._say(f"a line died of {task.exception()!r}")
        if self.found:
            raise Violation("\n".join(self.found[:10]))

    # --- at the moment that a frame leaves --------------------------------------------------------------------------

    def _leaving(self, text: str) -> None:
        if not any(f'"method":"{name}"' in text for name in ORDER_AFFECTING):
            return
        self._frames += 1
        if self._frames > self.confirmations:
            self._say(f"{self._frames} frames left for {self.confirmations} confirmations")
        message = json.loads(text)
        params = message["params"]
        for name in ids_in(text):
            if name is None or name in self._named:
                self._say(f"the client id {name} left twice")
            self._named.add(str(name))
        assert self.kernel is not None
        known = self.kernel.known
        if known.connection is None or not known.reconciled:
            self._say(f"a frame left while {known.reconciling}")
        if self.kernel.dealer.halt.look() is not None:
            self._say("a frame left while everything was halted")
        symbol = params.get("symbol") or next(
            (order.symbol for order in known.orders if order.order_id == params.get("order_id")), ""
        )
        blocking = [
            record.cl_ord_id
            for record in known.unknown
            if record.symbol == symbol and not {record.cl_ord_id, record.order_id} & set(known.acknowledged)
        ]
        if blocking:
            self._say(f"a frame for {symbol} left while {blocking} were UNKNOWN")

    # --- when the exchange books something --------------------------------------------------------------------------

    def _booked(self, reports: Any) -> None:
        for report in reports:
            self._in_limits(report)

    def _in_limits(self, report: Report) -> None:
        order, limits = report.order, self.limits
        if limits.max_open_orders is None or order.terms.cl_ord_id is None:
            return
        there = self.world.exchange.trading.open_orders
        if report.kind in ("pending_new", "new") and len(there) > limits.max_open_orders:
            self._say(f"{len(there)} orders are open on the exchange, of at most {limits.max_open_orders}")
        if limits.allowed_symbols is not None and order.symbol not in limits.allowed_symbols:
            self._say(f"an order of {order.symbol} is on the exchange")
        assert not isinstance(limits.max_order_notional, Mapping), (
            "one number in these worlds, whose pairs are in dollars"
        )
        assert not isinstance(limits.max_day_notional, Mapping)
        if limits.max_order_notional is not None and _worth(order) > limits.max_order_notional:
            self._say(f"an order worth {_worth(order):f} is on the exchange")
        used = sum((_worth(each) for each in self._theirs()), Decimal(0))
        if limits.max_day_notional is not None and used > limits.max_day_notional:
            self._say(f"{used:f} were used on the exchange, of at most {limits.max_day_notional:f} a day")

    def _theirs(self) -> Iterator[Theirs]:
        """All orders of this lab that the exchange has or had."""
        trading = self.world.exchange.trading
        return (order for order in (*trading.open_orders, *trading.closed_orders) if _ours(order, self))

    # --- when the client shows something else -----------------------------------------------------------------------

    def look(self) -> None:
        """Compare everything that changed with what was shown before and with what is true."""
        kernel = self.kernel
        if kernel is None:
            return
        shown = {_key(record): record for record in kernel.known.orders if not record.external}
        for key, record in shown.items():
            before = self._seen.get(key)
            if record is before:
                continue
            self._seen[key] = record
            if record.state is S.UNKNOWN:
                self.doubted.add(key)
            if before is not None:
                self._follows(key, before, record)
            self._is_true(record)
        for key in self._seen.keys() - shown.keys():
            self._say(f"{key} is not shown any more; it was {self._seen[key].state}")
            del self._seen[key]
        for alarm in kernel.known.alarms:
            if any(word in alarm.what for word in LIES):
                self._say(f"alarm: {alarm.what}")

    def _follows(self, key: str, before: OrderRecord, now: OrderRecord) -> None:
        if before.is_terminal and now.state is not before.state:
            self._say(f"{key} was {before.state} and is {now.state}")
        if now.filled_qty < before.filled_qty:
            self._say(f"{key} had {before.filled_qty:f} filled and has {now.filled_qty:f}")

    def _is_true(self, record: OrderRecord) -> None:
        for text in untrue(record, self.world.exchange.trading):
            self._say(text)

    def find(self, record: OrderRecord) -> Theirs | None:
        """The exchange's order of one of ours."""
        return their_order(self.world.exchange.trading, record)

    def _is_known(self, order: Theirs) -> None:
        name = order.terms.cl_ord_id
        if name is not None and name not in self._seen:
            self._say(f"{order.order_id} ({name}) is {order.status} on the exchange and is not known here")

    # --- when everything has come out -------------------------------------------------------------------------------

    def settled(self) -> None:
        """All faults are over and enough time has passed: both sides must say the same.

        Raises:
            Violation: they do not.
        """
        self.check()
        assert self.kernel is not None
        known = self.kernel.known
        by_id = {record.order_id: record for record in known.orders}
        for order in self._theirs():
            record = by_id.get(order.order_id)
            if record is None:
                self._say(f"{order.order_id} is {order.status} on the exchange and not shown under its id")
            elif record.filled_qty != their_filled(order):
                self._say(f"{order.order_id}: {record.filled_qty:f} filled here, {order.cum_qty} units there")
            elif order.is_open != record.possibly_open or record.state is S.UNKNOWN or record.unverified:
                self._say(f"{order.order_id} is {order.status} there, and {_shown(record)} here")
        for record in known.orders:
            theirs = self.find(record)
            if record.possibly_open and (theirs is None or not theirs.is_open) and not _edit_in_doubt(record):
                self._say(f"{_key(record)} is {_shown(record)} here, and {theirs and theirs.status} there")
        fills = {fill.exec_id: fill for fill in self.world.exchange.trading.fills}
        for fill in known.fills:
            if fill.exec_id not in fills:
                self._say(f"the fill {fill.exec_id} is not the exchange's")
        if known.balances is None:
            self._say("the balances are not known")
        if self.kernel.audit.verify().breaks:
            self._say(f"the audit log does not hold: {self.kernel.audit.verify()}")
        if self.found:
            raise Violation("\n".join(self.found[:10]))


def _key(record: OrderRecord) -> str:
    """A name for good: our id, or for an order that an edit or a fill of ours makes, what it came from and when."""
    return record.cl_ord_id or f"{record.ord_ref_id} -> {record.created_ns}"


def _edit_in_doubt(record: OrderRecord) -> bool:
    """An order without a name of ours may stay in doubt for as long as others could be it; it is shown, and blocks."""
    return record.state is S.UNKNOWN and record.cl_ord_id is None


def _shown(record: OrderRecord) -> str:
    return f"{record.state}{' unverified' if record.unverified else ''}"


def _ours(order: Theirs, witness: Witness) -> bool:
    return order.terms.cl_ord_id in witness._named


def _worth(order: Theirs) -> Decimal:
    """What was filled of it, and what it may still come to, in quote."""
    both = order.pair.price_precision + order.pair.qty_precision
    rest = order.left * (order.limit_price or 0) if order.is_open else 0
    return Decimal(order.value + rest).scaleb(-both)
