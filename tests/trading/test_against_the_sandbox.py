"""The account on the real road to the sandbox, with faults drawn at random: the venue's books are the truth.

Only the gate is left out: its frames are sealed here, so that nothing but the account decides what is known.
"""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import pytest

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.sandbox.faults import Faults
from kraken_lab.trading import gate
from kraken_lab.trading.account import Account
from kraken_lab.trading.gate import OrderFrame
from kraken_lab.trading.order import Order
from kraken_lab.trading.reconcile import Clocks
from kraken_lab.trading.restore import restored
from kraken_lab.trading.rules import OrderSettings
from kraken_lab.wire import AddOrder, AmendOrder, Instant, encode, from_ns
from tests.trading.line import records_of
from tests.virtual import World, in_world

D = Decimal
SETTINGS = OrderSettings(rest_lag=75)
SHOWN = {"FILLED": "closed", "CANCELED": "canceled", "EXPIRED": "expired"}


class Sealed:
    """What the gate would hand over: a frame with a token, a number and a deadline."""

    def __init__(self, request: AddOrder | AmendOrder, world: World) -> None:
        self.request, self._world = request, world

    def write(self, token: str, req_id: int, at: Instant) -> str:
        """The frame."""
        fields = {name: getattr(self.request, name) for name in self.request.given()}
        deadline = from_ns(self._world.clock.exchange_ns + round(SETTINGS.order_deadline * 1e9), 3)
        filled = fields | {"token": token, "req_id": req_id, "deadline": deadline}
        return OrderFrame(encode(type(self.request)(**filled)), gate._SEAL)

    def withdraw(self, reason: str, at: Instant) -> None:
        """Nothing was made."""


class Trading:
    """An account on a world's private line."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.audit: list[tuple[str, dict[str, Any]]] = []
        self.orders: list[Order] = []
        self.ids = count(1)
        self.account = self.begin([])

    def begin(self, past: list[tuple[str, dict[str, Any]]]) -> Account:
        """A kernel, which knows what an earlier one wrote down."""
        self.audit = []
        self.account = Account(
            SETTINGS,
            audit=lambda kind, fields: self.audit.append((kind, dict(fields))),
            clocks=Clocks(self._offset, lambda: 0.1),
            symbols=lambda: list(self.world.desk.instruments.pairs),
        )
        self.account.take_up(restored(records_of(past), self.now), self.now)
        self.world.companion = self.account
        return self.account

    def _offset(self) -> float:
        return self.world.private.router.talk.offset.seconds or 0.0

    @property
    def now(self) -> Instant:
        """This moment."""
        return self.world.clock.now()

    async def ready(self) -> None:
        """Until new orders may be placed."""
        await self.world.until(lambda: self.account.reconciled, within=300)

    def place(self, price: str = "100", qty: str = "0.01") -> Order:
        """A limit order on its way."""
        name = f"00000000-0000-4000-8000-{next(self.ids):012d}"
        request = AddOrder(
            symbol="BTC/USD", side="buy", order_type="limit", order_qty=D(qty), limit_price=D(price), cl_ord_id=name,
            token="",
        )  # fmt: skip
        (order,) = self.account.begin(request, [name], self.now)
        self.account.send(Sealed(request, self.world), [order], self.now)
        self.orders.append(order)
        self.world.poke()
        return order

    def amend(self, order: Order, price: str) -> None:
        """An amendment on its way."""
        request = AmendOrder(cl_ord_id=order.cl_ord_id, limit_price=D(price), token="")
        self.account.send(Sealed(request, self.world), self.account.begin(request, [], self.now), self.now)
        self.world.poke()

    def cancel(self, order: Order) -> None:
        """A cancel on its way."""
        self.account.cancel([order], self.now)
        self.world.poke()

    async def truth(self) -> dict[str, dict[str, Any]]:
        """The venue's orders by client id, as REST shows them without lag."""
        self.world.exchange.faults.rest_lag(0)
        opened = (await self.world.private_call("OpenOrders"))["open"]
        closed = (await self.world.private_call("ClosedOrders"))["closed"]
        return {told["cl_ord_id"]: told for told in (opened | closed).values() if told.get("cl_ord_id")}

    async def agree(self) -> None:
        """Everything that is shown is so on the venue, and everything on the venue is shown."""
        truth = await self.truth()
        for order in self.orders:
            told = truth.get(order.cl_ord_id or "")
            if told is None:
                assert order.state in {"NOT_PLACED", "REJECTED", "REFUSED"}, order
                continue
            assert order.state in SHOWN or told["status"] in ("open", "pending"), (order, told)
            assert SHOWN.get(order.state, "open") == told["status"].replace("pending", "open"), (order, told)
            assert order.filled == D(told["vol_exec"]), (order, told)
            assert not order.record.unverified, order
        names = [text for text in self.world.sent if '"add_order"' in text]
        assert len(names) <= len(self.orders)


def test_an_order_is_placed_amended_and_cancelled() -> None:
    """The road itself, without any fault."""

    async def test(world: World) -> None:
        trading = Trading(world)
        await trading.ready()
        order = trading.place()
        await world.until(lambda: order.state == "OPEN")
        trading.amend(order, "101")
        await world.until(lambda: order.record.limit_price == D(101) and not order.record.amending)
        trading.cancel(order)
        await world.until(lambda: order.state == "CANCELED")
        await trading.agree()
        assert trading.account.snapshot(trading.now).alarms == ()

    in_world(test)


@pytest.mark.promise("O-14")
@pytest.mark.fault("F-101")
def test_a_kernel_that_was_killed_leaves_nothing_unknown_to_the_next() -> None:
    """Open, partly filled, and one whose answer never came; the next kernel places nothing before it knows."""

    async def test(world: World) -> None:
        trading = Trading(world)
        await trading.ready()
        resting, partial = trading.place("100"), trading.place("101")
        await world.until(lambda: partial.state == "OPEN")
        world.exchange.faults.fill(partial.order_id or "", "0.004")
        await world.until(lambda: partial.state == "PARTIAL")
        world.exchange.faults.lose_request("add_order")
        trading.place("102")
        await asyncio.sleep(6)
        written = trading.audit
        world.exchange.faults.reset("private")
        old, trading.orders = trading.orders, []
        trading.begin(written)
        frames = len(world.sent)
        await trading.ready()
        await asyncio.sleep(100)
        trading.orders = [order for order in trading.account.orders if order.cl_ord_id]
        assert [order.state for order in trading.orders] == ["OPEN", "PARTIAL", "NOT_PLACED"]
        assert [order.cl_ord_id for order in trading.orders] == [order.cl_ord_id for order in old]
        assert not any('"add_order"' in text for text in world.sent[frames:])
        assert resting.filled == 0
        await trading.agree()

    in_world(test)


@pytest.mark.promise("O-01")
@pytest.mark.promise("O-04")
@pytest.mark.promise("O-08")
@pytest.mark.promise("O-10")
@pytest.mark.promise("O-15")
@pytest.mark.parametrize("seed", range(6))
def test_after_random_faults_everything_agrees_with_the_venue(seed: int) -> None:
    """Requests and answers lost, held and cut, frames repeated and skipped, silent fills, REST that lags and fails."""
    random = Random(seed)

    def unheard(faults: Faults, open_ids: list[str]) -> None:
        # Nobody could know of a fill that the stream leaves out while it seems whole: so it breaks as well.
        faults.fill(random.choice(open_ids), "0.002", silent=True)
        faults.reset("private")

    def harm(world: World, trading: Trading) -> None:
        faults = world.exchange.faults
        method = random.choice(["add_order", "amend_order", "cancel_order"])
        open_ids = [order.order_id for order in trading.orders if order.order_id and not order.is_terminal]
        options: list[Any] = [
            lambda: faults.lose_request(method),
            lambda: faults.lose_reply(method),
            lambda: faults.delay(method, random.choice([1, 8])),
            lambda: faults.cut(method, random.choice(["received", "accepted", "acked"])),
            lambda: faults.reset("private"),
            lambda: faults.skip_seq(2, "executions"),
            lambda: faults.dup(Match(channel="executions", type="update")),
            lambda: faults.rest_lag(random.choice([0, 30, 60])),
            lambda: faults.rest_fail(random.choice(["OpenOrders", "ClosedOrders", "QueryOrders"]), 502, 2),
        ]
        if open_ids:
            options += [lambda: faults.fill(random.choice(open_ids), "0.002"), lambda: unheard(faults, open_ids)] * 2
        with contextlib.suppress(SandboxError):  # the order to fill ended a moment ago
            random.choice(options)()

    async def test(world: World) -> None:
        trading = Trading(world)
        await trading.ready()
        for _ in range(25):
            harm(world, trading)
            act = random.choice(["place", "place", "amend", "cancel", "wait"])
            alive = [order for order in trading.orders if order.state in ("OPEN", "PARTIAL")]
            if act == "place" and len(trading.orders) < 12:
                trading.place(str(random.randint(90, 110)))
            elif act == "amend" and alive and not (order := random.choice(alive)).record.amending:
                trading.amend(order, str(random.randint(90, 110)))
            elif act == "cancel" and trading.orders:
                trading.cancel(random.choice(trading.orders))
            await asyncio.sleep(random.choice([0.05, 0.5, 3, 12]))
        world.exchange.faults.clear()
        world.exchange.faults.rest_lag(0)
        await asyncio.sleep(400)
        await trading.ready()
        await asyncio.sleep(60)
        await trading.agree()
        told = trading.account.snapshot(trading.now)
        assert not [alarm for alarm in told.alarms if "concluded" in alarm.what]
        assert not any(record.amend for record in told.orders)

    in_world(test, rate=0.5, seed=seed)
