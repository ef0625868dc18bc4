"""Finding out what is true after something was lost.

Orders that were not seen since a loss are unverified; what the next snapshot of the executions does not name is looked
up by REST, never concluded. A `Reconciler` decides what to ask, when to ask again, and what an answer is worth: that
REST shows an order open counts only when it was asked long enough after the loss. It asks for a fresh snapshot where
one is needed as evidence. New orders are refused until every order from before is accounted for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from ..errors import Malformed
from ..wire import Instant, Query
from .case import PAUSES_S, Case
from .doubt import LISTS, Doubt
from .inquiries import Inquiries
from .lookups import (
    ORDERS_AT_ONCE,
    TRADES_AT_ONCE,
    Lookup,
    closed_orders,
    history,
    open_orders,
    query_orders,
    query_trades,
)
from .order_machine import OrderMachine
from .orders import Orders
from .rest_orders import RestOrder, SymbolOf, orders_in, trades_in
from .rules import OrderSettings
from .states import FillRecord, OrderState

__all__ = ["Clocks", "Finder", "Reconciler"]

_SILENT_AFTER_S: Final = 5.0
"""An order that was accepted and of which nothing more was heard in this time is looked up: its reports may be lost."""
_MARGIN_S: Final = 300
"""How much earlier than an order a list of fills begins, whatever the clocks say."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """What is known of the exchange's clock, in seconds: how far it is ahead of ours, and how unsure that is."""

    offset: Callable[[], float] = lambda: 0.0
    uncertainty: Callable[[], float] = lambda: 0.0


class Finder(Protocol):
    """The account, as far as a reconciler knows it."""

    def found_order(self, found: RestOrder, at: Instant, *, wanted: bool) -> OrderMachine | None:
        """REST tells of an order: the one it is here, after hearing it. ``wanted``: it was asked for by its id."""

    def found_fill(self, fill: FillRecord, at: Instant) -> bool:
        """REST tells of a fill. False: its order is not known here."""

    def touched(self, machine: OrderMachine, at: Instant) -> None:
        """Something about this order changed."""


class Reconciler:
    """What has to be looked up, and whether everything is accounted for."""

    def __init__(
        self, settings: OrderSettings, orders: Orders, finder: Finder, symbol_of: SymbolOf, clocks: Clocks
    ) -> None:
        self._settings, self._orders, self._finder = settings, orders, finder
        self._symbol_of, self._clocks = symbol_of, clocks
        self._cases: dict[str, Case] = {}
        self._doubts: dict[str, Doubt] = {}
        self._inquiries = Inquiries()
        self._strangers: dict[str, float] = {}
        """Ids of orders that something named and nobody here knows, and when to ask for them."""
        self._silent: dict[str, float] = {}
        """Orders that were accepted and not reported of yet, and until when that is nothing out of the ordinary."""
        self._owed: set[str] = set()
        """Orders that have to be accounted for before new ones are placed."""
        self._asked: float | None = None
        """When the snapshot that is on its way was asked for."""
        self._snapshot_asked: float | None = None
        """The same of the newest one that came, while nothing was lost since."""
        self._snapshot_heard = 0.0
        self._renew = False

    # --- the executions ---------------------------------------------------------------------------------------------

    @property
    def missing(self) -> str:
        """What is still missing, in words; empty when reconciled."""
        if self._snapshot_asked is None:
            return "the snapshot of the executions is not in"
        if self._owed:
            return f"{len(self._owed)} order(s) from before are being looked up: {', '.join(sorted(self._owed))}"
        return ""

    def asked(self, at: Instant) -> None:
        """A snapshot of the executions is being asked for; the one from before is not good any more."""
        self._asked, self._snapshot_asked, self._renew = at.mono, None, False

    def lost(self, at: Instant) -> None:
        """Reports may have been missed: nothing that is open is sure, and no snapshot is good."""
        self._snapshot_asked = None
        if self._asked is None:
            self._asked = at.mono
        for machine in self._orders.possibly_open():
            # What was just sent is not lost with what came before: its answer or its silence decides.
            if machine.state is not OrderState.IN_FLIGHT:
                machine.unverify(at.wall_ns)
            self._finder.touched(machine, at)

    def begin_snapshot(self, at: Instant) -> float:
        """A snapshot is about to be heard: what it does not name is not sure. Gives when it was asked for."""
        for machine in self._orders.possibly_open():
            if machine.state is not OrderState.IN_FLIGHT:
                machine.unverify(at.wall_ns)
        return self._asked if self._asked is not None else at.mono

    def snapshot_heard(self, at: Instant) -> None:
        """A snapshot is in, and what it names has been heard: all else that may be open is owed."""
        self._snapshot_asked = self._asked if self._asked is not None else at.mono
        self._asked, self._snapshot_heard = None, at.mono
        open_ones = self._orders.possibly_open()
        for machine in open_ones:
            self._finder.touched(machine, at)
        self._owed = {machine.key for machine in open_ones if machine.lost}
        for key in self._owed:
            case = self._case(key, at)
            case.answered.clear()
            case.due = min(case.due, at.mono)
        for machine in open_ones:
            self._amendment(machine, at)

    def _amendment(self, machine: OrderMachine, at: Instant) -> None:
        """An amendment in doubt is not applied if a snapshot that is young enough shows the order without it."""
        sent, asked = machine.amend_sent_mono, self._snapshot_asked
        if machine.record.amend != "UNKNOWN" or machine.lost or sent is None or asked is None:
            return
        if asked >= Doubt(sent, self._settings, self._clocks.uncertainty()).settled_at:
            machine.amend_settled("amendment not applied", at.wall_ns)
            self._finder.touched(machine, at)

    def take_renewal(self) -> bool:
        """Whether a fresh snapshot is needed, said once."""
        wanted, self._renew = self._renew, False
        return wanted

    def renew(self) -> None:
        """Ask for a fresh snapshot."""
        self._renew = True

    # --- orders -----------------------------------------------------------------------------------------------------

    def watch(self, machine: OrderMachine, at: Instant) -> None:
        """Look at an order after it changed: whether it has to be looked up, or not any more."""
        record, key = machine.record, machine.key
        if record.state is OrderState.UNKNOWN and not record.exchange_status and key not in self._doubts:
            # What the exchange once spoke of was placed: it is looked up, and cannot be proved absent.
            sent = record.sent_at_mono if record.sent_at_mono is not None else at.mono
            self._doubts[key] = Doubt(sent, self._settings, self._clocks.uncertainty())
        elif record.state is not OrderState.UNKNOWN:
            self._doubts.pop(key, None)
        if record.state is OrderState.PENDING_NEW and not record.exchange_status and not machine.lost:
            self._silent.setdefault(key, at.mono + _SILENT_AFTER_S)
        else:
            self._silent.pop(key, None)
        open_and_lost = record.possibly_open and machine.lost
        if open_and_lost or record.amend == "UNKNOWN" or (record.unverified and machine.fills_missing):
            self._case(key, at)
        else:
            self._cases.pop(key, None)
        if not open_and_lost:
            self._owed.discard(key)

    def look_up(self, machine: OrderMachine, at: Instant) -> None:
        """What is known of an order may be wrong: have it looked up now, by every road there is.

        REST tells how it ended, if it did. That it is open REST may tell too late to count, but a snapshot says so too.
        """
        machine.unverify(at.wall_ns)
        self._finder.touched(machine, at)
        if (case := self._cases.get(machine.key)) is not None:
            case.due = min(case.due, at.mono)
        self._renew = True

    def stranger(self, order_id: str, at: Instant) -> None:
        """Something named an order that nobody here knows."""
        self._strangers.setdefault(order_id, at.mono)

    def _case(self, key: str, at: Instant) -> Case:
        return self._cases.setdefault(key, Case(since=at.mono, due=at.mono + PAUSES_S[0]))

    # --- time -------------------------------------------------------------------------------------------------------

    def let_time_pass(self, at: Instant, *, connected: bool) -> None:
        """Begin the rounds that are due, and conclude what is proved."""
        for query in self._inquiries.lost(at.mono):
            self.unanswered(query, at)
        self._conclude(at)
        silent = [key for key, time in self._silent.items() if time <= at.mono]
        for key in silent:
            del self._silent[key]
            if (machine := self._orders.find(key)) is not None:
                machine.unverify(at.wall_ns)
                self._finder.touched(machine, at)
        if connected and self._asked is None and (silent or self._needs_snapshot(at)):
            self._renew = True
        idle = {key: case for key, case in self._cases.items() if not case.waiting}
        if any(case.due <= at.mono for case in idle.values()):
            # Whoever would be asked for soon is asked for with the others.
            self._begin([key for key, case in idle.items() if case.due <= at.mono + case.pause / 2], at)
        strangers = [order_id for order_id, time in self._strangers.items() if time <= at.mono]
        for start in range(0, len(strangers), ORDERS_AT_ONCE):
            some = strangers[start : start + ORDERS_AT_ONCE]
            self._inquiries.put(query_orders(some, ()))
            for order_id in some:
                self._strangers[order_id] = at.mono + PAUSES_S[-1]

    def next_deadline(self, at: Instant) -> float | None:
        """When `let_time_pass` should be called next."""
        times = [case.due for case in self._cases.values() if not case.waiting]
        if (lost := self._inquiries.next_deadline()) is not None:
            times.append(lost)
        times += self._strangers.values()
        times += self._silent.values()
        for settled in self._settlements():
            if settled > at.mono:
                times.append(settled)
        return min(times, default=None)

    def _settlements(self) -> list[float]:
        """When a snapshot would be evidence for something that is in doubt."""
        times = [doubt.settled_at for doubt in self._doubts.values()]
        for key in self._cases:
            machine = self._orders.find(key)
            if machine is not None and machine.record.amend == "UNKNOWN" and machine.amend_sent_mono is not None:
                times.append(Doubt(machine.amend_sent_mono, self._settings, self._clocks.uncertainty()).settled_at)
        return times

    def _needs_snapshot(self, at: Instant) -> bool:
        asked = self._snapshot_asked
        return asked is not None and any(asked < settled <= at.mono for settled in self._settlements())

    def _conclude(self, at: Instant) -> None:
        for key, doubt in list(self._doubts.items()):
            machine = self._orders.find(key)
            if machine is not None and doubt.proved(at.mono, snapshot_asked=self._snapshot_asked):
                machine.not_placed(at.wall_ns)
                self._finder.touched(machine, at)

    # --- asking -----------------------------------------------------------------------------------------------------

    def _begin(self, keys: Iterable[str], at: Instant) -> None:
        """One round for these orders: few questions, however many they are, because REST counts them."""
        by_id: dict[str, str] = {}
        listed: dict[str, OrderMachine] = {}
        trades: list[str] = []
        for key in keys:
            machine, case = self._orders.find(key), self._cases[key]
            if machine is None:
                del self._cases[key]
                continue
            doubt = self._doubts.get(key)
            case.begin_round(at.mono, doubt)
            if machine.record.order_id is not None:
                by_id[machine.record.order_id] = key
                case.waiting.add("QueryOrders")
            if doubt is not None and at.mono >= doubt.lists_at:
                trades.append(key)
                case.waiting.add("TradesHistory")
            if machine.record.order_id is None or key in trades:
                # An id that it was given is no evidence that it exists: the lists are asked all the same.
                listed[key] = machine
                case.waiting |= {"OpenOrders", "ClosedOrders"}
        self._ask_lists(listed)
        ids = list(by_id)
        for start in range(0, len(ids), ORDERS_AT_ONCE):
            some = ids[start : start + ORDERS_AT_ONCE]
            self._inquiries.put(query_orders(some, [by_id[order_id] for order_id in some]))
        if trades:
            machines = [machine for key in trades if (machine := self._orders.find(key)) is not None]
            self._inquiries.put(history(trades, min(map(self._since, machines))))

    def _ask_lists(self, listed: Mapping[str, OrderMachine]) -> None:
        """Ask for one order by its name, for several by the whole lists."""
        if not listed:
            return
        names = [None if machine.replaces else machine.record.cl_ord_id for machine in listed.values()]
        name = names[0] if len(names) == 1 else None
        self._inquiries.put(open_orders(name, listed))
        self._inquiries.put(closed_orders(name, listed, min(map(self._since, listed.values()))))

    def _since(self, machine: OrderMachine) -> int:
        created_s = machine.record.created_ns // 1_000_000_000
        return max(int(created_s + self._clocks.offset() - self._clocks.uncertainty()) - _MARGIN_S, 0)

    def queries(self, at: Instant) -> list[Query]:
        """What to ask REST now; each is given once."""
        return self._inquiries.queries(at.mono)

    def knows(self, query: Query) -> bool:
        """Whether this query was asked here and is not answered yet."""
        return self._inquiries.knows(query)

    # --- hearing ----------------------------------------------------------------------------------------------------

    def answered(self, query: Query, answer: Any, at: Instant) -> None:
        """Take an answer; one that cannot be read counts as none."""
        lookup = self._inquiries.about(query)
        try:
            self._read(lookup, answer, at)
        except Malformed:
            self.unanswered(query, at)
            return
        self._inquiries.take(query)
        if lookup.next_page(answer):
            self._inquiries.put_next_page(lookup)
            return
        self._complete(lookup, at)
        self._conclude(at)

    def unanswered(self, query: Query, at: Instant) -> None:
        """A query failed. It proves nothing; it is asked again in the next round."""
        lookup = self._inquiries.take(query)
        for key in lookup.keys:
            if (case := self._cases.get(key)) is not None:
                case.waiting.discard(lookup.name)

    def _read(self, lookup: Lookup, answer: Any, at: Instant) -> None:
        if lookup.name in ("TradesHistory", "QueryTrades"):
            for fill in trades_in(answer, key=lookup.part, symbol_of=self._symbol_of, at=at):
                if not self._finder.found_fill(fill, at):
                    lookup.strangers.add(fill.order_id)
                    self.stranger(fill.order_id, at)
            return
        missing: list[str] = []
        for found in orders_in(answer, key=lookup.part, symbol_of=self._symbol_of, at=at, sure=True):
            machine = self._orders.find(found.order_id, found.cl_ord_id)
            if machine is not None:
                found = replace(found, evidence=replace(found.evidence, sure=self._is_sure(machine, lookup)))
            known = self._finder.found_order(found, at, wanted=lookup.name == "QueryOrders")
            if known is not None:
                self._strangers.pop(found.order_id, None)
                if known.fills_missing and found.trades:
                    have = {fill.exec_id for fill in known.fills}
                    missing += [exec_id for exec_id in found.trades if exec_id not in have]
                elif known.fills_missing:
                    self._inquiries.put(history((), self._since(known)))
            lookup.strangers |= {key for key in lookup.keys if self._may_replace(self._orders.find(key), found)}
        for start in range(0, len(missing), TRADES_AT_ONCE):
            self._inquiries.put(query_trades(missing[start : start + TRADES_AT_ONCE]))

    def _may_replace(self, machine: OrderMachine | None, found: RestOrder) -> bool:
        """Whether ``found`` could be what an edit in doubt made, although nothing in it says so."""
        if machine is None or machine.replaces is None or found.order_id == machine.record.order_id:
            return False
        began_s = machine.record.created_ns / 1e9 + self._clocks.offset() - self._clocks.uncertainty() - PAUSES_S[0]
        nameless = found.cl_ord_id is None and found.order_id != machine.replaces
        return nameless and found.side == machine.record.side and found.opened_ns >= began_s * 1e9

    def _is_sure(self, machine: OrderMachine, lookup: Lookup) -> bool:
        """Whether the answer cannot be older than the loss that it is to clear up."""
        case = self._cases.get(machine.key)
        if case is None:
            return False
        changed = max(case.since, machine.amend_sent_mono or case.since)
        return lookup.asked >= changed + self._settings.rest_lag

    def _complete(self, lookup: Lookup, at: Instant) -> None:
        """All pages are in: whoever they do not name is absent from that list."""
        for key in lookup.keys:
            case, doubt = self._cases.get(key), self._doubts.get(key)
            if case is not None:
                case.waiting.discard(lookup.name)
                if lookup.asked >= self._snapshot_heard:
                    case.answered.add(lookup.name)
                machine = self._orders.find(key)
                looked_up = "QueryOrders" in case.answered or {"OpenOrders", "ClosedOrders"} <= case.answered
                if looked_up and machine is not None and machine.state is OrderState.UNKNOWN:
                    # It stays UNKNOWN, which blocks its own symbol; other symbols need not wait for it.
                    self._owed.discard(key)
            if doubt is not None and lookup.name in LISTS and not lookup.strangers:
                doubt.absent_from(lookup.name, lookup.asked)

    @property
    def ages(self) -> Mapping[str, float]:
        """Since when (monotonic seconds) each order that is in doubt may have been sent."""
        return {key: doubt.sent for key, doubt in self._doubts.items()}
