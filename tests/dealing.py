"""A kernel that deals: the client's acting road and the real sandbox on one virtual clock, with a test's disk.

`Kernel` is what a lab puts together, without threads and cells: its own desk and lines to the world's exchange, a
`Dealer`, and a state folder. A second kernel on the same folder is the same notebook after a restart, or another one
beside it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from kraken_lab.errors import OrderError
from kraken_lab.lab.dealer import Dealer
from kraken_lab.net import Connection
from kraken_lab.streams import Desk, Router
from kraken_lab.streams.desk import Endpoint
from kraken_lab.streams.instrument_feed import InstrumentFeed
from kraken_lab.trading import (
    Arming,
    Audit,
    Chain,
    Code,
    Confirmations,
    Halt,
    Limits,
    Order,
    OrderSettings,
    Proposal,
    Readiness,
    TradingMode,
    builders,
    phrase,
)
from kraken_lab.trading.disk import Done, Files, Log
from kraken_lab.trading.presence import Presence
from kraken_lab.trading.restore import Legacy
from kraken_lab.wire import ORDER_AFFECTING, Instant, Want
from tests.disks import FaultyFiles, QueuedDisk
from tests.virtual import World, run

T = TypeVar("T")

ACCOUNT = "3f9a-11c2"
LIMITS = Limits(
    max_order_notional=Decimal(50_000),
    max_day_notional=Decimal(500_000),
    max_open_orders=20,
    allowed_symbols=frozenset({"BTC/USD", "ETH/USD"}),
    order_rate=50,
    dup_window_s=0.001,
)
"""Limits that stand in nobody's way, for tests of other things in live."""
READY = Readiness(
    credentials=True, permissions=frozenset({"query-funds", "modify-trades"}), front_end=None, shared_host=None
)
FEES = (Decimal("0.0016"), Decimal("0.0026"))
"""Maker's and taker's fee of the sandbox, as its reference data tells them."""


class VirtualDisk(QueuedDisk):
    """A disk that takes ``delay`` virtual seconds over everything, one thing after another."""

    def __init__(self, files: Files, now: Callable[[], Instant]) -> None:
        super().__init__(files)
        self.delay = 0.0
        self.dead = False
        """Whether its process is gone, and with it all that was not written yet."""
        self._now = now
        self._free_at = 0.0
        self._jobs: deque[Callable[[], None]] = deque()

    def follow(self, log: Log) -> None:
        """Hear what others added, unless something waits that will tell anyway."""
        if not self._jobs:
            super().follow(log)

    def _later(self, work: Callable[[], object], done: Done) -> None:
        def job() -> None:
            if self.dead:
                return
            error = None
            try:
                work()
            except OSError as failed:
                error = failed
            done(error, self._now())

        now = self._now().mono
        self._free_at = max(self._free_at, now) + self.delay
        # A loop does not keep the order of what is due at the same moment; a disk does.
        self._jobs.append(job)
        asyncio.get_running_loop().call_later(max(self._free_at - now, 0.0), lambda: self._jobs.popleft()())


class Kernel:
    """One client of the world's exchange that deals. ``await kernel.ready()`` before the first order.

    ``frames`` are the order-affecting requests that left it, ``confirmed`` what was confirmed, ``refusals`` what was
    stopped after that.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        *,
        mode: TradingMode = "sandbox",
        limits: Limits | None = None,
        settings: OrderSettings | None = None,
        pid: int = 1,
    ) -> None:
        """Another lab on the account of that folder. ``pid`` is its number: no two of a test have the same."""
        self.world, self.folder, self.mode = world, folder, mode
        self.settings = settings or OrderSettings()
        self.files = FaultyFiles()
        self.disk = VirtualDisk(self.files, world.clock.now)
        self.lines: list[Connection] = []
        self.refusals: list[OrderError] = []
        self.confirmed: list[Proposal] = []
        self.shown: list[str] = []
        self.desk = Desk(world.settings, self._open_line, world.clock.now)
        self.instruments = self.desk.subscribe(Want(channel="instrument"), InstrumentFeed)
        self.lab = f"lab-{pid}"
        self.presence = Presence(folder, self.lab)
        self.presence.begin()
        self.audit = Audit(Chain(folder / "audit.jsonl", self.files), self.disk, pid=pid, lab=self.lab)
        halt = Halt(folder, self.disk, self.audit, pid=pid)
        arming = None
        if mode == "live":
            arming = Arming(folder, self.disk, self.audit, halt, account=ACCOUNT, settings=self.settings, pid=pid)
        codes, ids = itertools.count(1), itertools.count(1)
        self._ready_disk()
        left = Legacy.read(self.audit, self.presence.lives, world.clock.now())
        self.dealer = Dealer(
            mode=mode,
            account_name=ACCOUNT,
            settings=self.settings,
            limits=limits if limits is not None else LIMITS if mode == "live" else Limits(),
            ack_timeout=world.settings.ack_timeout,
            desk=self.desk,
            reference_desk=self.desk,
            audit=self.audit,
            halt=halt,
            arming=arming,
            confirmations=Confirmations(new_code=lambda: f"CODE{next(codes)}", show=self.shown.append),
            usage=left.usage,
            new_id=lambda: f"{pid:08d}-0000-4000-8000-{next(ids):012d}",
            now=world.clock.now,
        )
        self.dealer.account.take_up(left.orders, world.clock.now())
        self.dealer.begin()
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    def _ready_disk(self) -> None:
        """Before the first look at the folder: a test may have its disk fail from then on."""

    def _open_line(self, endpoint: Endpoint, router: Router) -> Connection:
        line = self.world._open_line(endpoint, router)
        self.lines.append(line)
        return line

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.dealer.tick()

    # --- looking ----------------------------------------------------------------------------------------------------

    @property
    def account(self) -> Any:
        """The account as this kernel knows it."""
        return self.dealer.account

    @property
    def known(self) -> Any:
        """Everything it knows now, as a value."""
        return self.dealer.account.snapshot(self.world.clock.now())

    @property
    def frames(self) -> list[str]:
        """The order-affecting requests that were given to any socket in this world, oldest first."""
        return [text for text in self.world.sent if any(f'"method":"{name}"' in text for name in ORDER_AFFECTING)]

    async def ready(self, *symbols: str) -> None:
        """Until the account is known, and a verified book of each symbol (``BTC/USD`` if none is named) is there."""
        await self.world.until(lambda: self.instruments.ready and self.account.reconciled)
        for symbol in symbols or ("BTC/USD",):
            feed = self.dealer.gatherer.references.need(symbol, 1e9)
            self.dealer.gatherer.fee_rates[symbol] = FEES
            await self.world.until(lambda feed=feed: str(feed.state) == "LIVE")  # type: ignore[misc]

    async def until(self, condition: Callable[[], object], within: float = 60.0) -> None:
        """Let virtual time pass until something holds; fail if it does not."""
        await self.world.until(condition, within=within)

    # --- what a person does -----------------------------------------------------------------------------------------

    def propose(self, **arguments: Any) -> Proposal:
        """A proposal by the facts of now; by default a bid far below the market, which rests."""
        order = {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "0.01", **arguments}
        if order["order_type"] == "limit":
            order.setdefault("limit_price", "50000")
        return builders.propose_add(order, self.dealer.facts(str(order["symbol"])))

    def amend(self, order: Order, **changes: Any) -> Proposal:
        """A proposal to change an order in place."""
        return builders.propose_amend(order.record, changes, self.dealer.facts(order.symbol))

    def batch(self, orders: Sequence[Mapping[str, Any]], symbol: str = "BTC/USD") -> Proposal:
        """A proposal of several orders."""
        return builders.propose_batch({"symbol": symbol, "orders": list(orders)}, self.dealer.facts(symbol))

    def code(self, proposal: Proposal) -> Code | None:
        """In live: open its confirmation and read the code off the screen."""
        if self.mode != "live":
            return None
        self.dealer.ask(proposal)
        return Code(self.shown[-1].rpartition("'")[0].rpartition("'")[2])

    def confirm(self, proposal: Proposal, *, again: bool = False) -> tuple[Order, ...]:
        """Confirm as the mode asks for it; what is stopped later is in ``refusals``."""

        def told(error: OrderError | None) -> None:
            if error is not None:
                self.refusals.append(error)

        orders = self.dealer.submit(proposal, told, gesture=self.code(proposal), again=again)
        self.confirmed.append(proposal)
        return orders

    def place(self, **arguments: Any) -> Order:
        """Propose and confirm one order."""
        (order,) = self.confirm(self.propose(**arguments))
        return order

    async def open(self, **arguments: Any) -> Order:
        """Propose and confirm one order, and wait until it rests."""
        order = self.place(**arguments)
        await self.until(lambda: str(order.state) == "OPEN")
        return order

    def cancel(self, *orders: Order | str) -> None:
        """Ask the exchange to cancel them."""
        self.dealer.act(lambda account, at: account.cancel(orders, at))

    async def arm(self) -> None:
        """Type the phrase."""
        assert self.dealer.arming is not None
        said: list[object] = []
        self.dealer.arm(phrase(ACCOUNT), limits=self.dealer.limits, readiness=READY, done=said.append)
        await self.until(lambda: said)
        assert said == [None], said

    # --- the end ----------------------------------------------------------------------------------------------------

    async def killed(self) -> None:
        """As by kill -9: its lines are gone, and nothing of it says or writes another word."""
        self._ticking.cancel()
        for line in self.lines:
            line.stop()
        await asyncio.sleep(0.01)
        self.disk.dead = True
        self.disk.append = lambda *_, **__: None  # type: ignore[method-assign]
        self.disk.replace = lambda *_: None  # type: ignore[method-assign]
        self.presence._lock.release()
        if self.dealer.arming is not None:
            self.dealer.arming._lock.release()


def dealing(test: Callable[[Kernel], Awaitable[T]], folder: Path, **options: Any) -> T:
    """Run a test's body with one kernel that is ready, in a fresh world. ``mode`` and the like are the kernel's.

    ``rate`` is the market's pace; 0, the default, lets the book stand still.
    """
    kernel_options = {name: options.pop(name) for name in ("mode", "limits", "settings", "pid") if name in options}
    options.setdefault("rate", 0.0)

    async def body() -> T:
        kernel = Kernel(World(**options), folder, **kernel_options)
        await kernel.ready()
        if kernel.mode == "live":
            await kernel.arm()
        return await test(kernel)

    return run(body)
