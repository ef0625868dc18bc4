"""The acting half of a `Lab`, as a user sees it: proposals, cancels, limits, stopping, and what the account holds.

Every order goes down one road: a method here makes a `Proposal`, which sends nothing; its ``confirm()`` sends it, once.
Cancels act at once, because they only reduce risk. The work is done by the `Trader`.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..errors import BadArgument, NoWidgets
from ..trading import AccountSnapshot, Explanation, Limits, Order, Proposal
from ..trading.dead_man import DeadManStatus
from ..trading.terms import AMENDED, EDITED, TERMS
from ..wire import flag, plainly_called, whole_number
from .account_tables import AccountTable, fills_table, orders_table, positions_table
from .named import named
from .reports import AuditReport, KillOutcome, Resumed
from .trader import Trader
from .which_order import which_order

if TYPE_CHECKING:
    from ..views import Shown
    from ..views.blotter import Blotter
    from ..views.ticket import Ticket

__all__ = ["Acting", "AuditLog"]

_plainly = plainly_called("lab", done="Nothing was sent.")

Number = str | int | Decimal | float
"""A price or quantity: text, int and Decimal exactly, a float only where its shortest decimal form is meant."""


class AuditLog:
    """The audit log of the account this lab trades on: what was meant, sent, answered, decided and refused.

    >>> lab.audit.verify().ok
    True
    """

    def __init__(self, trader: Trader) -> None:
        self._trader = trader

    @property
    def path(self) -> Path:
        """The newest file of it."""
        return self._trader.audit.path

    @property
    def trouble(self) -> str | None:
        """Why it cannot be written or relied on now; None if it can."""
        return self._trader.audit.broken or self._trader.audit.trouble

    @plainly_called("lab.audit")
    def verify(self) -> AuditReport:
        """Look at the whole chain: how many records, and every place where it does not hold."""
        return AuditReport.of(self._trader.look_at_log(lambda audit: audit.verify()))

    @plainly_called("lab.audit")
    def records(self, last: int | None = None) -> list[Mapping[str, Any]]:
        """The records on the disk, oldest first, or the ``last`` so many of them."""
        found = self._trader.look_at_log(lambda audit: list(audit.records()))
        return found if last is None else found[len(found) - min(len(found), whole_number("last", last, "records")) :]

    def __repr__(self) -> str:
        return f"<AuditLog {self.path}: {self.trouble or 'in order'}>"


class Acting:
    """Order methods with the exchange's own names and parameters; the base of `Lab`."""

    def _acting(self) -> Trader:
        """The trader, made when it is first needed."""
        raise TypeError("an Acting is the base of a Lab")

    # --- proposals --------------------------------------------------------------------------------------------------

    @named(("symbol", *TERMS))
    @_plainly
    def add_order(self, **parameters: Any) -> Proposal:
        """A proposal for one order. Nothing is sent before its ``confirm()``.

        ``symbol``, ``side``, ``order_type`` (``limit``, ``market``, ``iceberg``, ``stop-loss``, ``stop-loss-limit``,
        ``take-profit``, ``take-profit-limit``, ``trailing-stop``, ``trailing-stop-limit``, ``settle-position``),
        ``order_qty`` (base) or ``cash_order_qty`` (quote), ``limit_price``, ``limit_price_type``, ``triggers``,
        ``time_in_force`` (``gtc``, ``gtd``, ``ioc``, ``fok``), ``expire_time``, ``effective_time``, ``post_only``,
        ``reduce_only``, ``margin``, ``display_qty``, ``fee_preference``, ``stp_type``, ``conditional``,
        ``sender_sub_id``. Whatever is wrong with them is in the proposal, all of it at once, with its figures.

        Source: "Add Order", Kraken WebSocket API v2 reference.

        >>> wish = lab.add_order(symbol="BTC/USD", side="buy", order_type="limit", order_qty="0.01", limit_price="100")
        >>> wish.ok, wish.confirm().cancel().wait("done").state
        (True, <OrderState.CANCELED: 'CANCELED'>)
        """
        return self._acting().propose_add(parameters)

    @named([name for name in TERMS if name != "side"])
    @_plainly
    def buy(self, symbol: str, order_qty: Number, limit_price: Number | None = None, **parameters: Any) -> Proposal:
        """`add_order` to buy ``order_qty`` (base): at the market, or with a limit price. Nothing is sent yet.

        >>> lab.buy("BTC/USD", "0.01").request.order_type
        'market'
        """
        return self._simple("buy", symbol, order_qty, limit_price, parameters)

    @named([name for name in TERMS if name != "side"])
    @_plainly
    def sell(self, symbol: str, order_qty: Number, limit_price: Number | None = None, **parameters: Any) -> Proposal:
        """`add_order` to sell ``order_qty`` (base): at the market, or with a limit price. Nothing is sent yet.

        >>> lab.sell("BTC/USD", "0.01", "99999").request.order_type
        'limit'
        """
        return self._simple("sell", symbol, order_qty, limit_price, parameters)

    def _simple(
        self,
        side: str,
        symbol: str,
        order_qty: Number,
        limit_price: Number | None,
        more: Mapping[str, Any],
    ) -> Proposal:
        kind = "market" if limit_price is None else "limit"
        return self.add_order(
            **{
                "symbol": symbol,
                "side": side,
                "order_type": kind,
                "order_qty": order_qty,
                "limit_price": limit_price,
                **more,
            }
        )

    @_plainly
    def batch_add(self, orders: Sequence[Mapping[str, Any]], symbol: str | None = None, **parameters: Any) -> Proposal:
        """A proposal for two to fifteen orders of one pair; ``orders`` are parameters as of `add_order`.

        The pair is ``symbol``, or what every order of them names.

        Source: "Batch Add", Kraken WebSocket API v2 reference.

        >>> ladder = [dict(side="buy", order_type="limit", order_qty="0.01", limit_price=p) for p in ("100", "101")]
        >>> len(lab.batch_add(ladder, symbol="BTC/USD").legs)
        2
        """
        given: object = orders
        listed = isinstance(given, Sequence) and not isinstance(given, str)
        if not listed or not all(isinstance(order, Mapping) for order in orders):
            raise BadArgument("orders", orders, "a list of mappings, each with the parameters of one order")
        named = {order.get("symbol", symbol) for order in orders}
        if symbol is None and len(named) == 1:
            symbol = next(iter(named))
        plain = [
            {name: value for name, value in order.items() if name != "symbol" or value != symbol} for order in orders
        ]
        return self._acting().propose_batch({"symbol": symbol, "orders": plain, **parameters})

    @named(AMENDED)
    @_plainly
    def amend_order(
        self,
        order: Order | str | None = None,
        *,
        order_id: str | None = None,
        cl_ord_id: str | None = None,
        **changes: Any,
    ) -> Proposal:
        """A proposal to change an order in place: it keeps its id, its fills and, for less, its place in the queue.

        ``order`` is an `Order` or either id of one, which ``order_id`` and ``cl_ord_id`` name as well. The changes are
        ``order_qty`` (the new total), ``limit_price``, ``trigger_price``, ``display_qty``, ``post_only`` and the price
        types that go with them.

        Raises:
            BadArgument: nobody here knows the order.

        Source: "Amend Order", Kraken WebSocket API v2 reference.
        """
        meant = which_order("amend_order", order, order_id, cl_ord_id)
        return self._acting().propose_amend(meant, changes)

    @named(EDITED)
    @_plainly
    def edit_order(
        self,
        order: Order | str | None = None,
        *,
        order_id: str | None = None,
        cl_ord_id: str | None = None,
        **changes: Any,
    ) -> Proposal:
        """A proposal to cancel an order and place another for it, at the back of the queue; `amend_order` is better.

        The exchange edits only orders without a cl_ord_id, so none of this lab's own, which all carry one, but only
        those that were placed elsewhere. Use `amend_order` for the others.

        Raises:
            BadArgument: nobody here knows the order.

        Source: "Edit Order", Kraken WebSocket API v2 reference.
        """
        meant = which_order("edit_order", order, order_id, cl_ord_id)
        return self._acting().propose_edit(meant, changes)

    # --- cancels ----------------------------------------------------------------------------------------------------

    @_plainly
    def cancel_order(
        self, order: Order | str | None = None, *, order_id: str | None = None, cl_ord_id: str | None = None
    ) -> Order:
        """Ask the exchange to cancel an order, at once. Gives the order; ``.wait("done")`` says what came of it.

        ``order`` is an `Order` or either id of one, which ``order_id`` and ``cl_ord_id`` name as well.

        Raises:
            BadArgument: nobody here knows the order.

        Source: "Cancel Order", Kraken WebSocket API v2 reference.
        """
        meant = which_order("cancel_order", order, order_id, cl_ord_id)
        return self._acting().cancel_order(meant)

    @_plainly
    def batch_cancel(self, orders: Sequence[Order | str]) -> tuple[Order, ...]:
        """Ask the exchange to cancel up to fifty orders with one request, at once.

        Raises:
            BadArgument: nobody here knows one of them.

        Source: "Batch Cancel", Kraken WebSocket API v2 reference.
        """
        given: object = orders
        if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
            raise BadArgument("orders", orders, "a list of orders or ids")
        return self._acting().cancel(orders, batch=True)

    @overload
    def cancel_all(self) -> tuple[Order, ...]: ...
    @overload
    def cancel_all(self, scope: str) -> tuple[Order, ...] | Proposal: ...
    @_plainly
    def cancel_all(self, scope: str = "own") -> tuple[Order, ...] | Proposal:
        """Cancel this lab's own orders, by id, at once. Gives those it asked for.

        ``scope="account"`` cancels every order of the account, other programs' too. In live that is a `Proposal`, which
        cancels nothing before its ``confirm()`` and whose card shows what it would remove; a printed line says so.
        `kill` reaches the whole account in every mode and asks nothing.

        Source: "Cancel All Orders", Kraken WebSocket API v2 reference.

        >>> lab.cancel_all()
        ()
        """
        if scope not in ("own", "account"):
            raise BadArgument("scope", scope, "'own' or 'account'")
        trader = self._acting()
        if scope == "own":
            return trader.act(lambda account, at: account.cancel_own(at))
        if trader.ground.mode == "live":
            return trader.say_not_done(trader.propose_cancel_all())
        return trader.act(lambda account, at: account.cancel_account(at))

    @_plainly
    def cancel_all_orders_after(self, timeout: int) -> Proposal | DeadManStatus:
        """Set the dead man's switch once: the account's orders end in ``timeout`` seconds; 0 takes it back.

        Gives how it stands then, with the time at which it fires. In live setting it is a `Proposal`: nothing is set
        before its ``confirm()``; taking it back never is. Nobody refreshes it: `dead_man` does.

        Source: "Cancel All Orders After", Kraken WebSocket API v2 reference.
        """
        seconds = whole_number("timeout", timeout, "seconds")
        trader = self._acting()
        if trader.ground.mode == "live" and seconds:
            return trader.say_not_done(trader.propose_dead_man(seconds, refreshed=False))
        trader.act(lambda account, at: account.cancel_all_after(seconds, at))
        return trader.switch_as_set()

    @_plainly
    def dead_man(self, on: bool = True) -> Proposal | DeadManStatus:
        """Keep the dead man's switch refreshed while this process lives: should it die, the account's orders end.

        It dies by a crash or a kill, by an error that nobody caught, or with its last line: by all that is not `close`,
        which turns the switch off.

        Gives how it stands then. In live turning it on is a `Proposal`, because what it ends are everybody's
        orders: it is off until that is confirmed. Turning it off never is.

        >>> lab.dead_man().state, lab.dead_man(False).state
        (<DeadManState.ON: 'ON'>, <DeadManState.OFF: 'OFF'>)
        """
        on, trader = flag("on", on), self._acting()
        if on and trader.ground.mode == "live":
            return trader.say_not_done(trader.propose_dead_man(round(trader.settings.dms_timeout), refreshed=True))
        return trader.dead_man(on)

    # --- stopping and arming ----------------------------------------------------------------------------------------

    @_plainly
    def kill(self, reason: str = "lab.kill()") -> KillOutcome:
        """Halt everything, cancel every order of the account on every path, and say what came of it within ten seconds.

        It asks nothing and works in every mode. The halt lasts, also over a restart, until `resume`. From a terminal,
        however busy this kernel is: ``kraken-lab kill``.
        """
        given: object = reason
        if not isinstance(given, str) or not given.strip():
            # Whoever calls it in need and calls it wrongly has meant it: it says so, and stops everything.
            reason = f"lab.kill(), whose reason was no text but {type(given).__name__}"
        return KillOutcome.of(self._acting().kill(reason))

    @_plainly
    def resume(self, reason: str) -> Resumed:
        """End a halt, and say what holds then. The reason is kept in the audit log. Nothing is armed by it.

        Raises:
            BadArgument: no reason.

        >>> lab.resume("to be sure").ended
        ''
        """
        return self._acting().resume(reason)

    @_plainly
    def arm(
        self,
        *,
        max_order_notional: Number | Mapping[str, Number] | None = None,
        max_day_notional: Number | Mapping[str, Number] | None = None,
        max_open_orders: int | None = None,
        allowed_symbols: Sequence[str] | None = None,
        order_rate: int = 5,
        dup_window_s: float = 10.0,
    ) -> None:
        """Let this kernel send orders to the live account, after a phrase was typed. It lapses by itself.

        All four limits are needed. Notionals are in quote currency, fees included, a day's a UTC day long: a number
        where all ``allowed_symbols`` have the same quote currency, else an amount for each, such as
        ``{"USD": "1000", "BTC": "0.05"}``. ``order_rate`` is orders in ten seconds. What will hold for which pair is
        shown before the phrase is asked for.

        Raises:
            BadArgument: limits that cannot be, or that leave open in which currency they are.
            NotArmed: with everything that is lacking. Outside live there is nothing to arm, and nothing needs it.
        """
        limits: Any = {
            "max_order_notional": max_order_notional,
            "max_day_notional": max_day_notional,
            "max_open_orders": max_open_orders,
            "allowed_symbols": allowed_symbols,
            "order_rate": order_rate,
            "dup_window_s": dup_window_s,
        }
        self._acting().arm(Limits(**limits))

    @_plainly
    def disarm(self) -> None:
        """Take arming back at once; the dead man's switch is turned off first. Idempotent."""
        self._acting().disarm()

    @property
    def limits(self) -> Limits:
        """What this kernel may do with the account. Setting others disarms live.

        In paper they warn, and the order goes; a plain amount without ``allowed_symbols`` is as many of every quote
        currency. Either is said when they are set, by a `UserWarning`.

        >>> lab.limits.max_open_orders is None
        True
        """
        return self._acting().dealer.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        if not isinstance(limits, Limits):
            raise BadArgument("limits", limits, "kl.Limits(max_order_notional=..., ...)")
        self._acting().set_limits(limits)
        for said in _caveats(limits, self._acting().ground.mode):
            warnings.warn(said, UserWarning, stacklevel=2)

    @_plainly
    def acknowledge(
        self, order: Order | str | None = None, *, order_id: str | None = None, cl_ord_id: str | None = None
    ) -> None:
        """Say that an UNKNOWN order was seen: it blocks new orders on its symbol no more, and stays UNKNOWN.

        Raises:
            BadArgument: nobody here knows the order.
        """
        meant = which_order("acknowledge", order, order_id, cl_ord_id)
        self._acting().acknowledge(meant)

    @_plainly
    def explain(self, subject: object, proposal: Proposal | None = None) -> Explanation:
        """An error of this package, a text of the exchange, an order or a proposal, with the pair's own numbers.

        With the ``proposal`` it came from, or for an order itself, also the proposal that would pass, if there is one.
        Of anything else it says what that is and what can be explained.

        >>> lab.explain("EOrder:Insufficient funds").text
        'EOrder:Insufficient funds'
        """
        return self._acting().explain(subject, proposal)

    # --- by hand ----------------------------------------------------------------------------------------------------

    @named(TERMS)
    @_plainly
    def ticket(self, symbol: str, **parameters: Any) -> Ticket:
        """An order ticket for a notebook: a form, what the order would do now, a review, and one button that sends.

        ``parameters`` are those of `add_order`, to begin with; nothing is sent before the review is confirmed with a
        click. What the form comes to is also a proposal to hold in a cell: ``ticket.propose()``.

        Raises:
            UnknownSymbol: no such pair here.
            BadArgument: a parameter that the form has no field or choice for.
            NoWidgets: there is no widget library.

        >>> ticket = lab.ticket("BTC/USD", side="buy", order_type="limit", order_qty="0.01", limit_price="100")
        >>> ticket.propose().what
        'buy 0.01 BTC/USD, limit at 100'
        >>> ticket.close()
        """
        with _widgets("An order ticket", "lab.add_order(...).confirm() does the same from a cell"):
            from ..views.ticket import Ticket
        from .widget_trader import WidgetTrader

        return Ticket(WidgetTrader(self, self._acting()), symbol, parameters)

    @_plainly
    def blotter(self) -> Blotter:
        """The account on one screen, for a notebook: open orders to amend and cancel, fills, balances, positions.

        With the rate counters, the dead man's switch and its countdown, and a kill button. A click waits while a cell
        runs, in most kernels, and the blotter says so then; ``kraken-lab kill`` in a terminal does not wait.

        >>> blotter = lab.blotter()
        >>> blotter.close()
        """
        with _widgets("A blotter", "lab.orders, lab.fills and lab.account tell the same; lab.kill() stops everything"):
            from ..views.blotter import Blotter
        from .widget_trader import WidgetTrader

        return Blotter(WidgetTrader(self, self._acting()))

    # --- looking at the account -------------------------------------------------------------------------------------

    @property
    def orders(self) -> AccountTable:
        """The account's orders, oldest first: this lab's and, marked ``external``, other people's. See `order` for one.

        The first look at an account waits, for ten seconds at most, until what the exchange says of it is known for
        sure; where it never was, or is no more, ``lab.account.reconciling`` says what is missing.

        >>> {"state", "symbol", "limit_price"} <= set(lab.orders.df().columns)
        True
        """
        trader = self._acting().settle()
        return orders_table(trader.host, lambda: trader.snapshot().orders)

    @_plainly
    def order(
        self, order: Order | str | None = None, *, order_id: str | None = None, cl_ord_id: str | None = None
    ) -> Order:
        """The live order with that order_id or cl_ord_id, with its name or without.

        Raises:
            BadArgument: nobody here knows it.
        """
        meant = which_order("order", order, order_id, cl_ord_id)
        return self._acting().order(meant)

    @property
    def fills(self) -> AccountTable:
        """Every fill that is known, once, oldest first.

        >>> "fee" in lab.fills.df().columns
        True
        """
        trader = self._acting().settle()
        return fills_table(trader.host, lambda: trader.snapshot().fills)

    @property
    def positions(self) -> AccountTable:
        """Net quantity, average cost and profit by pair, from the fills that are known, by the average-cost method.

        Unrealised profit is valued at the mid price of a verified book, where there is one. Fills of orders that had
        ended before this account was first watched here are in ``lab.fills`` and are not counted: what was bought for
        them is not known. How many there are is said beside the table.

        >>> "realised" in lab.positions.df().columns
        True
        """
        trader = self._acting().settle()
        return positions_table(trader.host, trader.counted_fills, trader.prices, lambda: trader.snapshot().uncounted)

    @plainly_called("lab")
    def equity(self, quote: str = "USD") -> Shown:
        """What the account's trades have gained or lost over time, live in a cell: realised, unrealised, each fill.

        Of the pairs against ``quote``, by the average-cost method, after fees, from the first fill that counts, as for
        ``lab.positions``; how many fills are left out, earlier ones or against other currencies, the figure says.
        Open positions are valued at the mid prices of verified books, from when a book of the pair was first had; the
        figure says since when, and is broken where there was no such price.

        >>> lab.equity().snapshot().layout.title.text
        'Profit in USD [sandbox]'
        """
        from .equity import Equity

        return Equity(self._acting(), quote).shown()

    @property
    def account(self) -> AccountSnapshot:
        """Everything that is known of the account at this instant, as a value."""
        return self._acting().settle().snapshot()

    @property
    def audit(self) -> AuditLog:
        """The account's audit log: ``lab.audit.verify()``."""
        return AuditLog(self._acting())


@contextlib.contextmanager
def _widgets(what: str, instead: str) -> Iterator[None]:
    """Around an import of what is made of widgets: where their library is missing, say so and what to do."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("kraken_lab"):
            raise  # a mistake of ours
        raise NoWidgets(what, error.name or "a widget library", instead) from error


def _caveats(limits: Limits, mode: str) -> Iterator[str]:
    """What somebody who sets these limits may not expect of them."""
    if mode == "paper" and limits != Limits():
        yield "In paper limits only warn: an order beyond them goes to the paper venue, as its card says."
    plain = [name for name in ("max_order_notional", "max_day_notional") if isinstance(getattr(limits, name), Decimal)]
    if plain and limits.allowed_symbols is None:
        amount = f"{getattr(limits, plain[0]):f}"
        yield (
            f"{plain[0]}={amount} is in the quote currency of each order's pair: {amount} USD of BTC/USD, and {amount} "
            f'BTC of ETH/BTC. {{"USD": "{amount}"}} has no other currency pass, allowed_symbols= no other pair.'
        )
