"""The kill: cancel everything of the account on every road there is, and say truthfully what is confirmed.

A `Kill` is told nothing but answers and gives nothing but what to do next, so the account drives it with its sockets
and a terminal drives it with REST alone. It cancels first and asks afterwards, does not give up, and is complete only
when a cancel went through, a list asked for after that is empty, and every order that was open has ended.

Source: "Cancel All Orders", Kraken WebSocket API v2 reference; "Cancel All Orders", "Get Open Orders" and "Get Closed
Orders", Kraken REST API reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ..errors import Malformed
from ..wire import Instant, Query
from .rest_orders import RestOrder, SymbolOf, orders_in
from .states import OrderRecord, OrderState
from .words import in_words, terms_words

__all__ = ["Kill", "KillReport", "KilledOrder"]

REPORT_WITHIN_S: Final = 10.0
"""Within this the three lists have to be there."""
_PAUSES_S: Final = (1.0, 2.0, 2.0, 4.0, 8.0, 15.0)
"""Between two rounds; the last one goes on until it is complete."""
_GIVE_UP_S: Final = 10.0
"""A query without an answer for so long is asked again."""
_CLOCKS_NS: Final = 2_000_000_000
"""How far the exchange's clock may be behind ours, for telling what the kill ended from what had ended before."""
_BEFORE_S: Final = 60
"""How much earlier than the kill the list of closed orders begins: the exchange's clock is another one."""

_FATES: Final = {OrderState.FILLED: "filled", OrderState.CANCELED: "cancelled", OrderState.EXPIRED: "cancelled"}
_ENDED_WORDS: Final = {"closed": "filled", "filled": "filled", "canceled": "cancelled", "expired": "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KilledOrder:
    """One order as the kill sees it. ``fate`` is ``cancelled``, ``filled`` or ``not confirmed``."""

    order: str
    """The exchange's id, or ours where only that is known."""
    symbol: str
    side: str
    fate: str
    filled_qty: Decimal
    """What of it was filled, in base currency, also before the kill."""
    words: str = ""
    """The order with its quantity and prices, as far as they are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KillReport:
    """What is known so far. ``complete``: nothing is left. ``seconds`` is since the kill, ``attempts`` are rounds."""

    cancelled: tuple[KilledOrder, ...]
    filled: tuple[KilledOrder, ...]
    unconfirmed: tuple[KilledOrder, ...]
    complete: bool
    since_ns: int
    seconds: float
    attempts: int
    answers: tuple[str, ...]
    """What the roads said, newest last: ``WebSocket: 10 cancelled``, ``REST: could not be asked (...)``."""

    def __str__(self) -> str:
        head = "complete" if self.complete else "NOT complete, it goes on trying"
        lists = (("cancelled", self.cancelled), ("filled", self.filled), ("not confirmed", self.unconfirmed))
        body = "; ".join(f"{name}: {', '.join(each.order for each in orders) or 'none'}" for name, orders in lists)
        return f"Kill after {self.seconds:.1f} s, {head}. {body}."


class Kill:
    """One kill, from its first cancel to the last confirmation.

    >>> kill = Kill(Instant(0.0, 0))
    >>> [query.name for query in kill.queries(Instant(0.0, 0))], kill.wants_socket()
    (['CancelAll', 'OpenOrders', 'ClosedOrders'], True)

    ``orders`` may be open now; ``over`` are the exchange's ids of those that were known to have ended before, which
    this kill did not end, whatever the clocks say.
    """

    def __init__(
        self,
        at: Instant,
        orders: Iterable[OrderRecord] = (),
        symbol_of: SymbolOf = str,
        over: Iterable[str] = (),
    ) -> None:
        self.began = at
        self._over = frozenset(over)
        self._symbol_of = symbol_of
        self._orders: dict[str, KilledOrder] = {}
        self._due = at.mono
        self._rounds = 0
        self._queries: list[Query] = []
        self._under_way: dict[Query, float] = {}
        self._socket_wanted = False
        self._cancelled_at: float | None = None
        """When a cancel of everything had first gone through."""
        self._empty_at: float | None = None
        """When a list that turned out to be empty was asked for, the latest."""
        self._answers: list[str] = []
        self.ended = False
        """Whether it was given up, because trading goes on: it cancels nothing any more."""
        for record in orders:
            self.learn(record)
        self.let_time_pass(at)

    # --- what to do -------------------------------------------------------------------------------------------------

    def let_time_pass(self, at: Instant) -> None:
        """Begin the next round if it is due: cancel on every road, then ask what is left."""
        if not self.goes_on or at.mono < self._due:
            return
        self._due = at.mono + _PAUSES_S[min(self._rounds, len(_PAUSES_S) - 1)]
        self._rounds += 1
        self._socket_wanted = True
        self._under_way = {query: asked for query, asked in self._under_way.items() if at.mono - asked < _GIVE_UP_S}
        start = max(self.began.wall_ns // 1_000_000_000 - _BEFORE_S, 0)
        self._queries = [
            Query("private", "CancelAll"),
            Query("private", "OpenOrders"),
            Query("private", "ClosedOrders", (("start", str(start)), ("closetime", "close"))),
        ]

    def next_deadline(self) -> float | None:
        """When the next round begins; None when nothing is left to do."""
        return self._due if self.goes_on else None

    def wants_socket(self) -> bool:
        """Whether ``cancel_all`` should be written on the private connection now, said once a round."""
        wanted, self._socket_wanted = self._socket_wanted, False
        return wanted and not self.ended

    def end(self) -> None:
        """Trading goes on: whatever comes from now on is none of its business."""
        self.ended, self._queries, self._socket_wanted = True, [], False

    def connected(self, at: Instant) -> None:
        """There is a private connection again: use it at once."""
        if self.goes_on:
            self._due = at.mono
            self.let_time_pass(at)

    def queries(self, at: Instant) -> list[Query]:
        """What to ask REST now, in this order; each is given once, and not while it is being answered."""
        wanted, self._queries = self._queries, []
        fresh = [query for query in wanted if query not in self._under_way]
        for query in fresh:
            self._under_way[query] = at.mono
        return fresh

    def knows(self, query: Query) -> bool:
        """Whether this query was asked here and is not answered yet."""
        return query in self._under_way

    # --- what was heard ---------------------------------------------------------------------------------------------

    def learn(self, record: OrderRecord) -> None:
        """What the account knows of an order, now or at any later time."""
        if self.ended:
            return
        name = self._name(record)
        known = self._orders.pop(record.cl_ord_id or "", None) or self._orders.pop(name, None)
        fate = _FATES.get(record.state, "not confirmed")
        if record.state in (OrderState.CONFIRMED, OrderState.REFUSED, OrderState.REJECTED, OrderState.NOT_PLACED):
            return  # there is nothing to cancel, or never was
        if known is None and self.complete and record.created_ns > self.began.wall_ns:
            return  # it came when this was through
        if known is not None or fate == "not confirmed":
            self._orders[name] = KilledOrder(
                order=name,
                symbol=record.symbol,
                side=record.side,
                fate=fate,
                filled_qty=record.filled_qty,
                words=in_words(record),
            )

    @staticmethod
    def _name(record: OrderRecord) -> str:
        return record.order_id or record.cl_ord_id or "an order without a name"

    def socket_answered(self, count: int | None, error: str, at: Instant) -> None:
        """The answer to ``cancel_all`` on the private connection; ``error`` is empty if it went through."""
        if error:
            self._say(f"WebSocket: {error}")
        else:
            self._went_through(at)
            self._say(f"WebSocket: {count if count is not None else '?'} cancelled")

    def snapshot_empty(self, asked: float) -> None:
        """A snapshot of the executions that was asked for then names no open order."""
        self._empty_at = max(asked, self._empty_at or asked)

    def answered(self, query: Query, answer: Any, at: Instant) -> None:
        """An answer of REST."""
        asked = self._under_way.pop(query)
        if query.name == "CancelAll":
            self._went_through(at)
            count = answer.get("count") if isinstance(answer, dict) else None
            self._say(f"REST: {count if count is not None else '?'} cancelled")
            return
        key = "open" if query.name == "OpenOrders" else "closed"
        try:
            found = orders_in(answer, key=key, symbol_of=self._symbol_of, at=at, sure=True)
        except Malformed:
            self._say(f"REST: {query.name} cannot be read")
            return
        for order in found:
            self._take(order, asked)
        if key == "open" and not found:
            self._empty_at = max(asked, self._empty_at or asked)

    def unanswered(self, query: Query, reason: str) -> None:
        """REST could not be asked, or said no."""
        self._under_way.pop(query, None)
        self._say(f"REST: {query.name} failed ({reason})")

    def _take(self, found: RestOrder, asked: float) -> None:
        known = self._orders.get(found.order_id) or self._orders.pop(found.cl_ord_id or "", None)
        fate = _ENDED_WORDS.get(found.status, "not confirmed")
        if known is None and fate != "not confirmed" and found.order_id in self._over:
            return  # it had ended before, a moment ago
        if known is None and fate != "not confirmed" and (found.closed_ns or 0) < self.began.wall_ns - _CLOCKS_NS:
            return  # it had ended before
        if known is not None and known.fate != "not confirmed":
            return  # REST lags: what has ended stays ended
        told = found.evidence.terms
        self._orders[found.order_id] = KilledOrder(
            order=found.order_id,
            symbol=str(told.get("symbol") or (known.symbol if known else "")),
            side=found.side or (known.side if known else ""),
            fate=fate,
            filled_qty=found.filled_qty if found.filled_qty is not None else Decimal(0),
            words=terms_words(told) if told or known is None else known.words,
        )

    def _went_through(self, at: Instant) -> None:
        if self._cancelled_at is None:
            self._cancelled_at = at.mono

    def _say(self, words: str) -> None:
        self._answers = [*self._answers[-99:], words]

    # --- what came of it --------------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether nothing is left: a cancel went through, a list asked for after it is empty, and everything ended."""
        if self._cancelled_at is None or self._empty_at is None or self._empty_at < self._cancelled_at:
            return False
        return not any(order.fate == "not confirmed" for order in self._orders.values())

    @property
    def goes_on(self) -> bool:
        """Whether it has something left to do."""
        return not (self.ended or self.complete)

    @property
    def asks(self) -> bool:
        """Whether something that it asked of REST is on its way."""
        return bool(self._under_way)

    @property
    def report_at(self) -> float:
        """When the lists have to be there, in monotonic seconds."""
        return self.began.mono + REPORT_WITHIN_S

    def report_due(self, at: Instant) -> bool:
        """Whether the lists should be shown: it is complete, or ten seconds have passed."""
        return self.complete or at.mono >= self.report_at

    def report(self, at: Instant) -> KillReport:
        """The three lists as of now."""
        by_fate: dict[str, list[KilledOrder]] = {"cancelled": [], "filled": [], "not confirmed": []}
        for order in self._orders.values():
            by_fate[order.fate].append(order)
        return KillReport(
            cancelled=tuple(by_fate["cancelled"]),
            filled=tuple(by_fate["filled"]),
            unconfirmed=tuple(by_fate["not confirmed"]),
            complete=self.complete,
            since_ns=self.began.wall_ns,
            seconds=at.mono - self.began.mono,
            attempts=self._rounds,
            answers=tuple(self._answers),
        )
