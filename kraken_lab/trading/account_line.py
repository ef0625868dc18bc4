"""What the private connection tells of the account, and what it is given to carry.

An `AccountLine` is the `Companion`: it hears reports, answers, silence and disconnects, and gives the texts and queries
that follow from them. It joins machines that each know one thing (`OrderBooks`, `Outbox`, `Cancels`, `Reconciler`,
`DeadMan`, `Kill`) and decides nothing that one of them could. `Account` adds what is asked of it from this side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from ..wire import (
    AddOrder,
    BalancesMessage,
    BatchAdd,
    ExecutionsMessage,
    Instant,
    Query,
    Response,
    SubscribeResult,
    SystemStatus,
    mishap,
)
from .balance_sheet import BalanceSheet
from .books import Audit, OrderBooks
from .cancels import Cancels
from .dead_man import DeadMan, maintenance_starts
from .errands import OrderRequest
from .kill import Kill
from .killing import KillErrand, kill_fields
from .order import Trader
from .order_machine import OrderMachine
from .outbox import Errand, Outbox
from .rate_costs import CANCEL, age_part, rate_cost
from .rate_counter import RateCounter
from .reconcile import Clocks, Reconciler
from .rest_orders import PairNames
from .rules import OrderSettings
from .states import OrderState

__all__ = ["AccountLine"]

_OVER: Final = frozenset({"filled", "canceled", "expired"})
_RAW_KEPT: Final = 4_096
"""Bytes of a private message that the audit log keeps."""


class AccountLine:
    """One account, as its private connection and REST tell of it.

    ``audit`` writes down, ``trader`` is what orders act through (the lab), ``symbols`` gives the pairs there are.
    """

    def __init__(
        self,
        settings: OrderSettings,
        *,
        audit: Audit,
        trader: Trader | None = None,
        ack_timeout: float = 5.0,
        clocks: Clocks | None = None,
        symbols: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.settings = settings
        self.watchers: tuple[Callable[[], object], ...] = ()
        """Called, on the I/O thread, after anything changed."""
        self._audit = audit
        self._names = PairNames(symbols)
        self._books = OrderBooks(audit, trader)
        self._outbox = Outbox(ack_timeout)
        self._balances = BalanceSheet()
        self._rates = RateCounter()
        self._reconciler = Reconciler(settings, self._books.orders, self._books, self._names, clocks or Clocks())
        self._cancels = Cancels(
            self._outbox,
            limit=settings.cancel_attempts,
            patience=ack_timeout,
            touched=self._books.touched,
            look_up=self.look_up,
            sent=self._charge_cancel,
            account=self._books.orders.possibly_open,
        )
        self._dead_man = DeadMan(
            settings, self._outbox, alarm=self._say, fired=self._dead_man_fired, stood_down=self._dead_man_stood_down
        )
        self._clocks = clocks or Clocks()
        self._kill: Kill | None = None
        self._kill_told: tuple[bool, bool] = (False, False)
        self._placing: dict[str, Errand] = {}
        """What waits to be written, by the order it is about."""
        self._acknowledged: set[str] = set()
        self._connection: str | None = None
        self._connections = 0
        self._system: str | None = None
        self._now = Instant(0.0, 0)
        self._told, self._forbade = -1, ""
        self._mistakes: set[str] = set()
        """What went wrong in this program itself, and was said."""
        self._books.listeners += [self._reconciler.watch, self._kill_learns]
        self._books.seen_open = self._cancels.proved_open
        self._books.stranger = self._meet_stranger

    # --- for its errands --------------------------------------------------------------------------------------------

    def forbidden(self) -> str:
        """Why nothing may be placed at this moment; empty if it may."""
        if self._connection is None:
            return "RECONCILING: there is no private connection"
        missing = self._reconciler.missing
        return f"RECONCILING: {missing}" if missing else ""

    def touched(self, machine: OrderMachine, at: Instant) -> None:
        """An errand changed this order."""
        if machine.state is not OrderState.CONFIRMED:
            self._placing.pop(machine.key, None)
        self._books.touched(machine, at)

    def look_up(self, machine: OrderMachine, at: Instant) -> None:
        """What is true of this order is to be found out at once."""
        self._reconciler.look_up(machine, at)

    def accepted(self, machine: OrderMachine, order_id: str | None, at: Instant) -> None:
        """The exchange took this order."""
        self._books.accepted(machine, order_id, at)

    def alarm(self, what: str, machine: OrderMachine | None, at: Instant) -> None:
        """Something a person should look at."""
        self._books.alarm(what, machine, at)

    def charge(self, request: OrderRequest, machine: OrderMachine, at: Instant) -> None:
        """A request was sent that raises the rate counter."""
        ids = [machine.record.cl_ord_id or machine.key]
        if isinstance(request, BatchAdd):
            ids = [terms.cl_ord_id or "" for terms in request.orders]
        self._audit("sent", {"method": request.method, "orders": ids})
        cost = rate_cost(request, None if isinstance(request, AddOrder | BatchAdd) else _age(machine, at))
        self._rates.charge(machine.record.symbol, float(cost), at.mono)

    def _charge_cancel(self, machine: OrderMachine, at: Instant) -> None:
        self._audit("sent", {"method": "cancel", "orders": [machine.record.order_id or machine.key]})
        self._rates.charge(machine.record.symbol, age_part(CANCEL, _age(machine, at)), at.mono)

    def _say(self, what: str, at: Instant) -> None:
        self._books.alarm(what, None, at)

    def _meet_stranger(self, order_id: str, at: Instant) -> None:
        self._reconciler.stranger(order_id, at)
        self._reconciler.renew()

    def _dead_man_fired(self, at: Instant) -> None:
        self._reconciler.lost(at)
        self._reconciler.renew()

    def _dead_man_stood_down(self, why: str, at: Instant) -> None:
        self._audit("dead_man", {"on": False, "timeout_s": 0, "why": why})
        self._books.version += 1

    # --- the kill ---------------------------------------------------------------------------------------------------

    def _kill_learns(self, machine: OrderMachine, at: Instant) -> None:
        if self._kill is not None:
            self._kill.learn(machine.record)

    def _drive_kill(self, at: Instant) -> None:
        kill = self._kill
        if kill is None or kill.ended:
            return
        kill.let_time_pass(at)
        if kill.wants_socket() and self._connection is not None:
            self._outbox.put(KillErrand(kill, self))
        due = (kill.report_due(at), kill.complete)
        if due != self._kill_told:
            self._kill_told = due
            self._audit("kill", kill_fields(kill.report(at)))
            self._books.version += 1

    def kill_left(self, at: Instant) -> None:
        """The kill's cancel was given to the socket."""
        for machine in self._books.orders.possibly_open():
            machine.cancel_sent("cancel of everything sent by the kill", at.wall_ns)
            self._books.touched(machine, at)

    def kill_answered(self, at: Instant) -> None:
        """The kill's cancel went through: a fresh snapshot says whether anything is left."""
        self._reconciler.renew()

    # --- Companion: the connection ----------------------------------------------------------------------------------

    def opened(self, at: Instant) -> None:
        """A new private connection stands; nothing is known for sure until its first snapshot."""
        self._now = at
        self._connections += 1
        self._connection = f"private {self._connections}"
        self._reconciler.asked(at)
        self._cancels.opened(at)
        self._dead_man.opened(at)
        if self._kill is not None:
            self._kill.connected(at)
        self._after(at)

    def closed(self, reason: str, at: Instant) -> None:
        """It is gone: what was written is in doubt, what was not is refused, what is open is unverified."""
        self._now = at
        self._connection = None
        self._outbox.closed(reason, at)
        self._reconciler.lost(at)
        self._balances.lose()
        self._books.version += 1
        self._after(at)

    def status_changed(self, status: SystemStatus, at: Instant) -> None:
        """The exchange told its state. Back online, nothing is trusted that was known before."""
        before, self._system = self._system, status.system
        starts = [
            at.mono + (start - at.wall_ns) / 1e9 - self._clocks.offset()
            for start in maintenance_starts(status.upcoming_maintenance)
        ]
        self._dead_man.announced([at.mono] if status.system == "maintenance" else starts, at)
        if before not in (None, "online") and status.system == "online" and self._connection is not None:
            self._reconciler.lost(at)
            self._reconciler.renew()
        self._books.version += 1
        self._after(at)

    def acknowledged(self, result: SubscribeResult, at: Instant) -> None:
        """A private channel was subscribed; the executions say how high the rate counter may go."""
        if result.channel == "executions" and result.maxratecount:
            self._rates.learn(result.maxratecount)

    def doubted(self, channel: str, reason: str, at: Instant) -> None:
        """Messages were lost: nothing of that channel is sure until its next snapshot."""
        self._now = at
        if channel == "executions":
            self._reconciler.lost(at)
        else:
            self._balances.lose()
        self._audit("doubted", {"channel": channel, "reason": reason})
        self._books.version += 1
        self._after(at)

    # --- Companion: what is said ------------------------------------------------------------------------------------

    def reports(self, message: ExecutionsMessage, at: Instant) -> None:
        """Execution reports. A snapshot says what is open; what it does not name is looked up."""
        self._now = at
        snapshot = message.type == "snapshot"
        self._audit("executions", {"type": message.type, "raw": _raw(message.raw)})
        if snapshot:
            asked = self._reconciler.begin_snapshot(at)
        for report in message.data:
            self._books.hear_report(report, "snapshot" if snapshot else "stream", at)
        if snapshot:
            self._reconciler.snapshot_heard(at)
            if self._kill is not None and all(report.order_status in _OVER for report in message.data):
                self._kill.snapshot_empty(asked)
        self._after(at)

    def ledger(self, message: BalancesMessage, at: Instant) -> None:
        """Balances, or what moved them."""
        self._now = at
        self._balances.hear(message)
        self._books.version += 1
        self._after(at)

    def responded(self, response: Response, at: Instant) -> bool:
        """An answer that is not the conversation's. True if it was one of ours."""
        self._now = at
        ours = self._outbox.hear(response, at)
        if ours:
            fields = {"method": response.method, "success": response.success, "error": response.error}
            self._audit("answer", {**fields, "raw": _raw(response.raw)})
            self._books.version += 1  # also when no order changed: the switch is on, a cancel went through
            self._after(at)
        return ours

    def to_renew(self) -> tuple[str, ...]:
        """The executions, when a fresh snapshot of them is needed."""
        if self._connection is None or not self._reconciler.take_renewal():
            return ()
        self._reconciler.asked(self._now)
        return ("executions",)

    def to_send(self, token: str, new_req_id: Callable[[], int], at: Instant) -> list[str]:
        """The texts to write now. From here on each of them may arrive."""
        self._now = at
        texts = self._outbox.to_write(token, new_req_id, at)
        self._tell()
        return texts

    # --- Companion: time and REST -----------------------------------------------------------------------------------

    def next_deadline(self, at: Instant) -> float | None:
        """When `let_time_pass` should be called next, in monotonic seconds."""
        times = [
            self._outbox.next_deadline(),
            self._cancels.next_deadline(),
            self._dead_man.next_deadline(),
            self._reconciler.next_deadline(at),
            self._kill.next_deadline() if self._kill is not None else None,
            self._kill_report_at(at),
        ]
        return min((time for time in times if time is not None), default=None)

    def _kill_report_at(self, at: Instant) -> float | None:
        return None if self._kill is None or self._kill.ended or self._kill_told[0] else self._kill.report_at

    def let_time_pass(self, at: Instant) -> None:
        """Whatever is due at this moment."""
        self._now = at
        self._outbox.let_time_pass(at)
        self._after(at)

    def _after(self, at: Instant) -> None:
        """What may follow from anything that happened."""
        self._cancels.let_time_pass(at)
        self._dead_man.let_time_pass(at)
        self._reconciler.let_time_pass(at, connected=self._connection is not None)
        self._drive_kill(at)
        self._tell()

    def queries(self, at: Instant) -> list[Query]:
        """What to ask REST now, each given once; the kill's come first."""
        self._now = at
        kill = self._kill.queries(at) if self._kill is not None else []
        return kill + self._reconciler.queries(at)

    def answered(self, query: Query, answer: Any, at: Instant) -> None:
        """The answer to a query."""
        self._now = at
        if self._kill is not None and self._kill.knows(query):
            self._kill.answered(query, answer, at)
            self._books.version += 1
        elif self._reconciler.knows(query):
            self._reconciler.answered(query, answer, at)
        self._after(at)

    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None:
        """A query failed, which proves nothing."""
        self._now = at
        if self._kill is not None and self._kill.knows(query):
            self._kill.unanswered(query, reason)
            self._books.version += 1
        elif self._reconciler.knows(query):
            self._reconciler.unanswered(query, at)
        self._after(at)

    def excuse(self, lateness: float) -> None:
        """This side was late: missing answers are judged that much more mildly."""
        self._outbox.excuse(lateness)

    def failed(self, where: str, at: Instant) -> None:
        """A mistake of this program: what was half done nobody knows, so nothing that is open is sure any more."""
        self._now = at
        self._say_mistake(f"an error of this program in {where}: no order goes until everything is looked up anew", at)
        for machine in self._books.orders.possibly_open():
            if machine.state is OrderState.IN_FLIGHT:
                machine.doubt("an error of this program while it was on its way", at.wall_ns)
                self._books.touched(machine, at)
        self._reconciler.lost(at)
        self._balances.lose()
        self._tell()

    def _tell(self) -> None:
        if (reason := self.forbidden()) != self._forbade:
            # A snapshot of nothing changes no order, and yet it is what somebody waits for.
            self._forbade = reason
            self._books.version += 1
        if self._books.version == self._told:
            return
        self._told = self._books.version
        for watcher in self.watchers:
            try:
                watcher()
            except Exception as error:
                # Whoever looks on has no say in what is true here.
                self._say_mistake(f"an error of this program after the account changed ({mishap(error)})", self._now)

    def _say_mistake(self, what: str, at: Instant) -> None:
        """Once: the same mistake may come with every message."""
        if what not in self._mistakes:
            self._mistakes.add(what)
            self._say(what, at)


def _age(machine: OrderMachine, at: Instant) -> float:
    """Seconds since an order was created or amended last."""
    return max((at.wall_ns - machine.aged_from_ns) / 1e9, 0.0)


def _raw(data: bytes) -> str:
    return bytes(data[:_RAW_KEPT]).decode("utf-8", "replace")
