"""A private line without a line: an account, a clock, what it writes, and a REST side that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from kraken_lab.trading.account import Account, AccountSnapshot
from kraken_lab.trading.errands import OrderRequest
from kraken_lab.trading.order import Order
from kraken_lab.trading.reconcile import Clocks
from kraken_lab.trading.restore import restored
from kraken_lab.trading.rules import OrderSettings
from kraken_lab.wire import (
    AddOrder,
    AddOrderResult,
    AmendOrder,
    BatchAdd,
    ExecutionReport,
    ExecutionsMessage,
    Fee,
    Instant,
    OrderTerms,
    Query,
    Response,
    SystemStatus,
    encode,
    from_ns,
)

__all__ = ["START_NS", "Cleared", "D", "Line", "limit", "report"]

D = Decimal
START_NS = 1_777_888_800_000_000_000
"""2026-05-04T10:00:00Z."""

EMPTY: Mapping[str, Any] = {
    "OpenOrders": {"open": {}},
    "ClosedOrders": {"closed": {}, "count": 0},
    "QueryOrders": {},
    "TradesHistory": {"trades": {}, "count": 0},
    "QueryTrades": {},
    "CancelAll": {"count": 0},
}
"""What REST says when there is nothing."""


_NAMES = count(1)
"""Client ids are fresh also for a second kernel."""


def records_of(audit: Iterable[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What an account wrote down (kind, fields), as the audit log has it."""
    return [{"kind": kind, **fields} for kind, fields in audit]


def moment(seconds: float) -> Instant:
    """So many seconds after the start."""
    return Instant(seconds, START_NS + round(seconds * 1e9))


def limit(qty: str = "1", price: str = "100", side: str = "buy", name: str | None = None) -> AddOrder:
    """A limit order of BTC/USD."""
    return AddOrder(
        symbol="BTC/USD",
        side="buy" if side == "buy" else "sell",
        order_type="limit",
        order_qty=D(qty),
        limit_price=D(price),
        cl_ord_id=name,
        token="",
    )


class Cleared:
    """What the gate would hand over, without a gate. ``refusal`` is raised when it is to be written."""

    def __init__(self, request: OrderRequest, refusal: Exception | None = None) -> None:
        self.request = request
        self.refusal = refusal
        self.withdrawn = ""

    def write(self, token: str, req_id: int, at: Instant) -> str:
        """The text, with token and number."""
        if self.refusal is not None:
            raise self.refusal
        fields = {name: getattr(self.request, name) for name in self.request.given()}
        return encode(type(self.request)(**(fields | {"token": token, "req_id": req_id})))

    def withdraw(self, reason: str, at: Instant) -> None:
        """It will not be written."""
        self.withdrawn = reason


def report(order_id: str, status: str, event: str | None = None, *, at: float = 0.0, **fields: Any) -> ExecutionReport:
    """A report as the stream would have it; quantities and prices are given as text."""
    money = ("order_qty", "limit_price", "cum_qty", "last_qty", "last_price", "cost", "cash_order_qty", "display_qty")
    told: dict[str, Any] = {
        name: D(value) if name in money and isinstance(value, str) else value for name, value in fields.items()
    }
    return ExecutionReport(
        order_id=order_id,
        exec_type=event or status,
        order_status=status,
        timestamp=from_ns(START_NS + round(at * 1e9)),
        **told,
    )


class Line:
    """One account and everything around it. ``frames`` is all that was written, ``queries`` all that REST was asked."""

    def __init__(self, settings: OrderSettings | None = None, **options: Any) -> None:
        self.audit: list[tuple[str, dict[str, Any]]] = []
        self.account = Account(
            settings or OrderSettings(),
            audit=lambda kind, fields: self.audit.append((kind, dict(fields))),
            symbols=lambda: ["BTC/USD", "ETH/USD"],
            **{"clocks": Clocks(), **options},
        )
        self.seconds = 0.0
        self.frames: list[dict[str, Any]] = []
        self.queries: list[tuple[float, Query]] = []
        self.answers: dict[str, Callable[[dict[str, str]], Any] | Any] = dict(EMPTY)
        self.rest_down: set[str] = set()
        """Names of queries that fail."""
        self.rest_held: set[str] = set()
        """Names of queries that are answered only by `release`, with what is true then."""
        self._held: list[Query] = []
        self.renewals: list[float] = []
        self.renew_with: Callable[[], Iterable[ExecutionReport]] | None = list
        """What a fresh snapshot names; None for no snapshot at all."""
        self._req_ids, self._sequence = count(1), count(1)

    def take_up(self, audit: list[tuple[str, dict[str, Any]]]) -> None:
        """What another kernel, which is gone, wrote down."""
        self.account.take_up(restored(records_of(audit), self.at), self.at)

    # --- the connection ---------------------------------------------------------------------------------------------

    @property
    def at(self) -> Instant:
        """Now."""
        return moment(self.seconds)

    def open(self, *reports: ExecutionReport) -> Line:
        """A connection stands, and its first snapshot is in."""
        self.account.opened(self.at)
        self.snapshot(*reports)
        return self

    def close(self, reason: str = "reset") -> None:
        """The connection is gone."""
        self.account.closed(reason, self.at)
        self.flush()

    def snapshot(self, *reports: ExecutionReport) -> None:
        """A snapshot of the executions."""
        self._message("snapshot", reports)

    def hear(self, *reports: ExecutionReport) -> None:
        """One message of execution reports."""
        self._message("update", reports)

    def _message(self, kind: Any, reports: Iterable[ExecutionReport]) -> None:
        message = ExecutionsMessage(type=kind, data=list(reports), sequence=next(self._sequence))
        self.account.reports(message, self.at)
        self.flush()

    def flush(self) -> list[dict[str, Any]]:
        """Write what there is to write, ask what there is to ask; gives the new frames."""
        before = len(self.frames)
        for _ in range(50):
            busy = False
            if self.account.connection is not None:
                for channel in self.account.to_renew():
                    busy = True
                    assert channel == "executions"
                    self.renewals.append(self.seconds)
                    if self.renew_with is not None:
                        self._message("snapshot", self.renew_with())
                texts = self.account.to_send("TOKEN", lambda: next(self._req_ids), self.at)
                self.frames += [json.loads(text, parse_float=D) for text in texts]
                busy = busy or bool(texts)
            for query in self.account.queries(self.at):
                busy = True
                self.queries.append((self.seconds, query))
                self._ask(query)
            if not busy:
                return self.frames[before:]
        raise AssertionError("it never comes to rest")

    def release(self) -> None:
        """Answer what was held."""
        held, self._held, self.rest_held = self._held, [], set()
        for query in held:
            self._answer(query)
        self.flush()

    def _ask(self, query: Query) -> None:
        if query.name in self.rest_held:
            self._held.append(query)
            return
        if query.name in self.rest_down:
            self.account.unanswered(query, "HTTP 502", self.at, refused=False)
        else:
            self._answer(query)

    def _answer(self, query: Query) -> None:
        answer = self.answers[query.name]
        self.account.answered(query, answer(dict(query.fields)) if callable(answer) else answer, self.at)

    def wait(self, seconds: float) -> None:
        """Let time pass, doing whatever is due on the way."""
        end = self.seconds + seconds
        for _ in range(10_000):
            due = self.account.next_deadline(self.at)
            if due is None or due > end:
                break
            self.seconds = max(self.seconds, due)
            self.account.let_time_pass(self.at)
            self.flush()
        else:
            raise AssertionError("time does not pass")
        self.seconds = end
        self.account.let_time_pass(self.at)
        self.flush()

    # --- acting -----------------------------------------------------------------------------------------------------

    def begin(self, request: AddOrder | None = None) -> tuple[Order, AddOrder]:
        """A confirmed order that nothing was sent of yet."""
        request = request or limit()
        name = f"id-{next(_NAMES)}"
        fields = {key: getattr(request, key) for key in request.given()}
        request = AddOrder(**(fields | {"cl_ord_id": name}))
        (order,) = self.account.begin(request, [name], self.at)
        return order, request

    def place(self, request: AddOrder | None = None) -> Order:
        """An order on its way: confirmed, let through and written."""
        order, request = self.begin(request)
        self.account.send(Cleared(request), [order], self.at)
        self.flush()
        return order

    def placed(self, order_id: str = "O1", request: AddOrder | None = None) -> Order:
        """An order in the book."""
        order = self.place(request)
        self.accept(order_id)
        self.hear(*self.resting(order, order_id))
        return order

    def resting(self, order: Order, order_id: str) -> tuple[ExecutionReport, ExecutionReport]:
        """What the exchange says of an order that goes into the book."""
        record = order.record
        described = report(
            order_id, "pending_new", at=self.seconds, cl_ord_id=record.cl_ord_id, symbol=record.symbol,
            side=record.side, order_type=record.order_type, order_qty=record.order_qty, limit_price=record.limit_price,
            time_in_force="GTC",
        )  # fmt: skip
        return described, report(order_id, "new", at=self.seconds, cl_ord_id=record.cl_ord_id)

    def fill(self, order_id: str, exec_id: str, qty: str, cum: str, price: str = "100", **more: Any) -> ExecutionReport:
        """What the exchange says of a fill."""
        fields: dict[str, Any] = {
            "symbol": "BTC/USD",
            "side": "buy",
            "order_type": "limit",
            "exec_id": exec_id,
            "trade_id": sum(map(ord, exec_id)),
            "last_qty": D(qty),
            "last_price": D(price),
            "cost": D(qty) * D(price),
            "cum_qty": D(cum),
            "fees": (Fee("USD", D("0.25")),),
            "liquidity_ind": "m",
        }
        return report(order_id, "partially_filled", "trade", at=self.seconds, **(fields | more))

    def batch(self, size: int) -> tuple[Order, ...]:
        """A batch of limit orders on its way."""
        names = [f"id-{next(_NAMES)}" for _ in range(size)]
        terms = tuple(
            OrderTerms(side="buy", order_type="limit", order_qty=D(1), limit_price=D(90 + i), cl_ord_id=name)
            for i, name in enumerate(names)
        )
        request = BatchAdd(symbol="BTC/USD", orders=terms, token="")
        orders = self.account.begin(request, names, self.at)
        self.account.send(Cleared(request), orders, self.at)
        self.flush()
        return orders

    def amend(self, order: Order, **changes: str) -> None:
        """An amendment on its way."""
        asked: dict[str, Any] = {name: D(value) for name, value in changes.items()}
        request = AmendOrder(cl_ord_id=order.cl_ord_id, token="", **asked)
        orders = self.account.begin(request, [], self.at)
        self.account.send(Cleared(request), orders, self.at)
        self.flush()

    # --- answering --------------------------------------------------------------------------------------------------

    def sent(self, method: str) -> list[dict[str, Any]]:
        """The frames of one method."""
        return [frame for frame in self.frames if frame["method"] == method]

    def accept(self, order_id: str = "O1", frame: int = -1) -> None:
        """The answer to an order: yes."""
        asked = self.sent("add_order")[frame]
        result = AddOrderResult(order_id=order_id, cl_ord_id=asked["params"].get("cl_ord_id"))
        self.respond("add_order", result, req_id=asked["req_id"])

    def reject(self, text: str, method: str = "add_order") -> None:
        """The answer to the newest request of a method: no."""
        self.respond(method, error=text, req_id=self.sent(method)[-1]["req_id"])

    def respond(self, method: str, result: Any = None, *, error: str | None = None, req_id: int | None = None) -> bool:
        """An answer of any kind."""
        answer = Response(method=method, success=error is None, result=result, error=error, req_id=req_id)
        ours = self.account.responded(answer, self.at)
        self.flush()
        return ours

    def status(self, system: str, **fields: Any) -> None:
        """The exchange tells its state."""
        self.account.status_changed(SystemStatus(system=system, **fields), self.at)
        self.flush()

    @property
    def now(self) -> AccountSnapshot:
        """The account as it is."""
        return self.account.snapshot(self.at)

    def rest_order(self, order: Order, status: str, *, filled: str = "0", trades: Iterable[str] = ()) -> dict[str, Any]:
        """An order as REST would have it."""
        record = order.record
        return {
            "refid": None,
            "cl_ord_id": record.cl_ord_id,
            "status": status,
            "reason": "User requested" if status == "canceled" else None,
            "opentm": START_NS / 1e9,
            "closetm": self.at.wall_ns / 1e9 if status in ("closed", "canceled", "expired") else 0,
            "descr": {
                "pair": "XBTUSD",
                "type": record.side,
                "ordertype": record.order_type,
                "price": str(record.limit_price),
                "price2": "0",
            },
            "vol": str(record.order_qty),
            "vol_exec": filled,
            "oflags": "fciq",
            "trades": list(trades),
        }

    @staticmethod
    def rest_trade(order_id: str, qty: str, price: str = "100", trade_id: int = 0) -> dict[str, Any]:
        """A fill as REST would have it."""
        return {
            "ordertxid": order_id,
            "pair": "XXBTZUSD",
            "time": START_NS / 1e9,
            "type": "buy",
            "ordertype": "limit",
            "price": price,
            "vol": qty,
            "cost": str(D(qty) * D(price)),
            "fee": "0.25",
            "trade_id": trade_id,
            "maker": True,
        }
