"""The account as the exchange has it: orders, fills, balances, and how much of that is sure.

An `Account` takes what the gate let through, what reduces risk, and what labs left that are gone; what became of it is
told by its line. It belongs to the I/O thread and never waits; everyone else reads `snapshot`.

::

    begin -> CONFIRMED -> send -> to_send -> IN_FLIGHT -> responded, reports -> OPEN ... FILLED
                       -> refuse -> REFUSED            -> silence, closed    -> UNKNOWN -> evidence
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..errors import BadArgument, OrderRefused
from ..wire import AmendOrder, EditOrder, Instant
from .account_line import AccountLine
from .account_snapshot import AccountSnapshot, Alarm
from .errands import Amending, Cleared, Editing, OrderRequest, Placing
from .facts import RateCount
from .kill import Kill
from .order import Order
from .order_machine import OrderMachine
from .outbox import Errand
from .states import OrderState
from .to_records import amended_terms, confirmed_orders, replacement

__all__ = ["Account", "AccountSnapshot", "Alarm", "Cleared", "OrderRequest"]


class Account(AccountLine):
    """One account on one private connection, and the road of everything that is asked of it.

    >>> from kraken_lab.trading.rules import OrderSettings
    >>> account = Account(OrderSettings(), audit=lambda kind, fields: None)
    >>> account.snapshot(Instant(0.0, 0)).reconciling
    'RECONCILING: there is no private connection'
    """

    # --- the gate's side: what could create or enlarge exposure -----------------------------------------------------

    def begin(self, request: OrderRequest, ids: Sequence[str], at: Instant) -> tuple[Order, ...]:
        """The orders of a confirmed request, in state CONFIRMED; nothing is sent.

        One for ``add_order``, one a leg for ``batch_add``, the order itself for ``amend_order``, the old and the new
        one for ``edit_order``. ``ids`` are the fresh client ids, in the request's order; the latter two have none.

        Raises:
            OrderRefused: an id was used before, the order is not known, or it is not in a state to be changed.
        """
        self._now = at
        machines: tuple[OrderMachine, ...]
        if isinstance(request, AmendOrder):
            machines = (self._begin_amending(request, at),)
        elif isinstance(request, EditOrder):
            machines = self._begin_editing(request, at)
        else:
            records = confirmed_orders(request, ids, at)
            used = [name for name in records if self._books.orders.used(name)]
            if used:
                raise OrderRefused("an order", [f"the client id {name} was used before" for name in used])
            machines = tuple(self._books.add(name, record, at) for name, record in records.items())
        for machine in machines:
            if machine.state is OrderState.CONFIRMED:
                machine.note("confirmed", at.wall_ns)
                self._books.touched(machine, at)
        self._tell()
        return tuple(self._books.handle(machine) for machine in machines)

    def _begin_amending(self, request: AmendOrder, at: Instant) -> OrderMachine:
        machine = self._changeable(request.order_id or request.cl_ord_id or "")
        if machine.record.amending:
            raise OrderRefused("the amendment", ["an earlier one of this order is not settled"])
        changes = amended_terms(request, machine.record.order_type)
        words = ", ".join(f"{name} to {value:f}" for name, value in changes.items())
        machine.amend(changes, f"amendment confirmed: {words}", at.wall_ns)
        self._books.touched(machine, at)
        return machine

    def _begin_editing(self, request: EditOrder, at: Instant) -> tuple[OrderMachine, OrderMachine]:
        old = self._changeable(request.order_id)
        key = f"edit {self._books.version} of {request.order_id}"
        return old, self._books.add(key, replacement(old.record, request, at), at, replaces=request.order_id)

    def _changeable(self, name: str) -> OrderMachine:
        machine = self._books.orders.find(name)
        if machine is None:
            raise OrderRefused("the change", [f"no order {name!r} is known here"])
        if not machine.record.possibly_open:
            raise OrderRefused("the change", [f"the order {name!r} is {machine.state}"])
        return machine

    def refuse(self, orders: Sequence[Order], reasons: Sequence[str], at: Instant) -> None:
        """Stopped here, and nothing was sent: new orders are REFUSED, an amended one is as it was."""
        reason = "; ".join(reasons)
        for machine in map(self._machine, orders):
            if machine.state is OrderState.CONFIRMED:
                machine.refuse(reason, at.wall_ns)
            else:
                machine.amend_rejected(f"refused here: {reason}", at.wall_ns)
            self._books.touched(machine, at)
        self._tell()

    def send(self, cleared: Cleared, orders: Sequence[Order], at: Instant) -> None:
        """Have written what the gate let through. Without a connection the orders are REFUSED at once."""
        self._now = at
        machines = [self._machine(order) for order in orders]
        request = cleared.request
        errand: Errand
        if isinstance(request, AmendOrder):
            errand = Amending(cleared, machines[0], self)
        elif isinstance(request, EditOrder):
            errand = Editing(cleared, machines[0], machines[1], self)
        else:
            errand = Placing(cleared, {machine.key: machine for machine in machines}, self)
            gone = [machine.key for machine in machines if machine.state is not OrderState.CONFIRMED]
            if gone:
                errand.dropped(f"{', '.join(gone)} was cancelled before it was sent", at)
                self._tell()
                return
        if self._connection is None:
            errand.dropped("there is no private connection", at)
        else:
            self._placing.update({machine.key: errand for machine in machines})
            self._outbox.put(errand)
        self._tell()

    def _machine(self, order: Order) -> OrderMachine:
        machine = self._books.orders.find(order.key)
        if machine is None:
            raise BadArgument("order", order, "an order of this account that is still shown")
        return machine

    # --- reducing risk: no gate, also while halted or not reconciled ------------------------------------------------

    def cancel(self, orders: Iterable[Order | str], at: Instant, *, batch: bool = False) -> tuple[Order, ...]:
        """Cancel orders, given as such or by either id. What was not sent yet is taken back instead.

        Raises:
            BadArgument: nobody here knows such an order.
        """
        self._now = at
        machines = []
        for order in orders:
            machine = self._books.orders.find(order) if isinstance(order, str) else self._machine(order)
            if machine is None:
                raise BadArgument("order", order, "an order or an id that lab.orders shows")
            machines.append(machine)
        self._cancel(machines, at, batch=batch)
        return tuple(self._books.handle(machine) for machine in machines)

    def cancel_own(self, at: Instant) -> tuple[Order, ...]:
        """Cancel every order of this lab that is or may be open, by its id."""
        self._now = at
        own = [
            machine for machine in self._books.orders if not machine.record.external and not machine.record.is_terminal
        ]
        self._cancel(own, at, batch=False)
        return tuple(self._books.handle(machine) for machine in own)

    def cancel_account(self, at: Instant) -> tuple[Order, ...]:
        """Cancel every order of the account, other people's too. Gives those that are known here."""
        self._now = at
        self._take_back(self._books.orders, at)
        self._cancels.ask_account()
        self._warn_of_maintenance(self._books.orders.possibly_open(), at)
        self._tell()
        return tuple(self._books.handle(machine) for machine in self._books.orders.possibly_open())

    def _cancel(self, machines: Sequence[OrderMachine], at: Instant, *, batch: bool) -> None:
        self._take_back(machines, at)
        wanted = [machine for machine in machines if machine.record.possibly_open]
        self._cancels.ask(wanted, batch=batch)
        self._warn_of_maintenance(wanted, at)
        self._tell()

    def _warn_of_maintenance(self, machines: Iterable[OrderMachine], at: Instant) -> None:
        """A cancel is always sent; whoever asks for it is told where that may not help."""
        if self._system != "maintenance":
            return
        for machine in machines:
            said = "the exchange is in maintenance: the cancel is sent, and may be refused"
            machine.note(said, at.wall_ns)
            self._books.touched(machine, at)
            self._books.alarm(said, machine, at)

    def _take_back(self, machines: Iterable[OrderMachine], at: Instant) -> None:
        """Refuse what was confirmed and not written yet."""
        for machine in machines:
            if machine.state is OrderState.CONFIRMED:
                errand = self._placing.get(machine.key)
                if errand is None or not self._outbox.withdraw(errand, "cancelled before it was sent", at):
                    machine.refuse("cancelled before it was sent", at.wall_ns)
                    self._books.touched(machine, at)

    def kill(self, at: Instant) -> None:
        """Begin the kill, or take an incomplete one up again. The halt was latched before; `snapshot` has the lists."""
        self._now = at
        if self._kill is None or not self._kill.goes_on:
            records = [machine.record for machine in self._books.orders.possibly_open()]
            records_over = [machine.record for machine in self._books.orders if machine.record.is_terminal]
            over = [record.order_id for record in records_over if record.order_id is not None]
            self._kill, self._kill_told = Kill(at, records, self._names, over), (False, False)
            self._audit("kill", {"began": True, "open": [record.order_id or record.cl_ord_id for record in records]})
        self._take_back(self._books.orders, at)
        self._drive_kill(at)
        self._tell()

    def end_kill(self, at: Instant) -> None:
        """Trading goes on: a kill, complete or not, cancels nothing any more. What it left is said."""
        self._now = at
        kill = self._kill
        if kill is None or kill.ended:
            return
        left = kill.report(at).unconfirmed
        kill.end()
        self._audit("kill ended", {"unconfirmed": [each.order for each in left]})
        if left:
            names = ", ".join(each.order for each in left)
            self._say(f"the halt was ended before the kill was through: {names} may still be open", at)
        self._books.version += 1
        self._tell()

    @property
    def kill_asks(self) -> bool:
        """Whether a kill's cancel may still be on its way by REST."""
        return self._kill is not None and self._kill.asks

    def dead_man(self, on: bool, at: Instant, *, alive: Callable[[], bool] | None = None) -> None:
        """Turn the dead man's switch on, and keep it refreshed (while ``alive`` says so), or off."""
        self._now = at
        if on:
            self._dead_man.turn_on(at, alive=alive)
        else:
            self._dead_man.turn_off(at)
        self._audit("dead_man", {"on": on, "timeout_s": int(self.settings.dms_timeout)})
        self._books.version += 1
        self._tell()

    def cancel_all_after(self, timeout: int, at: Instant) -> None:
        """Set the switch once to ``timeout`` seconds and leave it; 0 is off.

        Raises:
            BadArgument: not a whole number of seconds that the exchange takes.
        """
        self._now = at
        self._dead_man.set_once(timeout, at)
        self._audit("dead_man", {"on": timeout > 0, "timeout_s": timeout, "once": True})
        self._books.version += 1
        self._tell()

    def acknowledge(self, ident: str, at: Instant) -> None:
        """The user has seen that this order is UNKNOWN; it blocks its symbol no more.

        Raises:
            BadArgument: no such order is UNKNOWN.
        """
        machine = self._books.orders.find(ident)
        if machine is None or machine.state is not OrderState.UNKNOWN:
            raise BadArgument("order", ident, "the id of an order that is UNKNOWN")
        record = machine.record
        self._acknowledged |= {name for name in (machine.key, record.order_id, record.cl_ord_id) if name}
        machine.note("acknowledged: its symbol is not blocked any more", at.wall_ns)
        self._audit("acknowledged", {"order": ident})
        self._books.touched(machine, at)
        self._tell()

    # --- the past ---------------------------------------------------------------------------------------------------

    def take_up(self, machines: Iterable[OrderMachine], at: Instant) -> None:
        """What labs left that are gone, before the first connection.

        Whatever had not ended is looked up; until that is done nothing new is placed.
        """
        self._now = at
        for machine in machines:
            self._books.take_up(machine, at)
        self._tell()

    # --- reading ----------------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        """The lab is closed: whoever waits for an order need not wait longer."""
        self._books.let_go()

    @property
    def version(self) -> int:
        """Goes up with every change. Any thread may read it, to know whether a new `snapshot` is worth its price."""
        return self._books.version

    def snapshot(self, at: Instant) -> AccountSnapshot:
        """Everything that is known, as a value."""
        return AccountSnapshot(
            at=at,
            version=self._books.version,
            connection=self._connection,
            reconciled=self.reconciled,
            reconciling=self.forbidden(),
            system=self._system,
            orders=tuple(machine.record for machine in self._books.orders),
            fills=self._books.fills.all,
            earlier=frozenset(self._books.earlier),
            balances=self._balances.known,
            alarms=tuple(self._books.alarms),
            rates=self._rates.counts(at.mono),
            dead_man=self._dead_man.status,
            kill=self._kill.report(at) if self._kill is not None else None,
            acknowledged=frozenset(self._acknowledged),
            doubtful_since=self._reconciler.ages,
        )

    def find(self, ident: str) -> Order | None:
        """The order with this id, the exchange's or ours."""
        machine = self._books.orders.find(ident)
        return self._books.handle(machine) if machine is not None else None

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order that is known here, oldest first, as live objects."""
        return tuple(self._books.handle(machine) for machine in self._books.orders)

    def rate(self, symbol: str, at: Instant) -> RateCount:
        """The rate counter of one pair, as estimated now; also of one that nothing was sent for."""
        return self._rates.count(symbol, at.mono)

    @property
    def connection(self) -> str | None:
        """Which private connection this is; it changes with every reconnect. None while there is none."""
        return self._connection

    @property
    def reconciled(self) -> bool:
        """Whether every order is accounted for since the last loss; new ones are refused until it is."""
        return not self.forbidden()
