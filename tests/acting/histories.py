"""Random histories of an account: what a person, a market, a disk, a line and an exchange may do, in any order.

A history is a seed's list of steps. A step is its name and three numbers from 0 to 1 that choose among what there is
when it comes to it, so that any of them can be left out and the rest still means something: `shrunk` makes use of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple, TypeVar

from kraken_lab.errors import KrakenLabError, SandboxError
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.sandbox.order_terms import NewOrder
from kraken_lab.sandbox.trading import Rejection
from kraken_lab.trading import Limits, OrderRecord, Proposal, builders, phrase
from tests.acting.witness import Violation, Witness
from tests.dealing import ACCOUNT, LIMITS, READY, Kernel
from tests.virtual import World, run

__all__ = ["History", "Step", "Story", "history", "play", "shrunk"]

T = TypeVar("T")

NARROW = Limits(
    max_order_notional=Decimal(4_000),
    max_day_notional=Decimal(20_000),
    max_open_orders=2,
    allowed_symbols=frozenset({"BTC/USD"}),
    order_rate=8,
    dup_window_s=0.5,
)
"""Limits that a history of some length runs into."""

METHODS = ("add_order", "add_order", "batch_add", "amend_order", "edit_order", "cancel_order", "cancel_all")
POINTS: tuple[Literal["received", "accepted", "acked"], ...] = ("received", "accepted", "acked")
ANSWERS = (
    "EService:Unavailable",
    "EService:Timeout",
    "EGeneral:Internal error",
    "EService:Deadline elapsed",
    "Something nobody has ever heard of",
)
"""Errors that prove nothing, also where the request went through."""
PATHS = ("OpenOrders", "ClosedOrders", "QueryOrders", "TradesHistory", "QueryTrades", "GetWebSocketsToken", "CancelAll")
WRONG: tuple[int | str, ...] = (500, "html", "not_json", "empty", "wrong_type", "EAPI:Rate limit exceeded")


class Step(NamedTuple):
    """One thing that happens: what, and three choices."""

    what: str
    a: float
    b: float
    c: float


@dataclass(frozen=True, slots=True)
class Story:
    """In which world a history happens: ``narrow`` ones are live with `NARROW` limits and nobody else's orders."""

    seed: int
    mode: Literal["sandbox", "live"] = "sandbox"
    rate: float = 0.0
    narrow: bool = False


class History(NamedTuple):
    """A story and its steps."""

    story: Story
    steps: tuple[Step, ...]


def history(seed: int, length: int = 40) -> History:
    """The history of a seed."""
    random = Random(f"history {seed}")
    kind = seed % 4
    story = Story(seed, mode="live" if kind in (1, 3) else "sandbox", rate=20.0 if kind == 2 else 0.0, narrow=kind == 3)
    names, weights = zip(*WEIGHTS.items(), strict=True)
    steps = [
        Step(name, *(round(random.random(), 3) for _ in range(3))) for name in random.choices(names, weights, k=length)
    ]
    if story.narrow:
        steps = [step for step in steps if step.what not in ("stranger", "conditional")]
    return History(story, tuple(steps))


def play(told: History) -> Witness:
    """Let it happen, step by step, and hold it to the truth.

    Raises:
        Violation: something did not hold; after which step, is in its text.
    """

    async def body() -> Witness:
        return await Player(told, Path(folder)).play()

    with tempfile.TemporaryDirectory() as folder:
        return run(body)


def shrunk(told: History, fails: Callable[[History], object] | None = None, tries: int = 150) -> History:
    """The same with as many steps left out as it can do without, and still fail."""
    fails = fails or _fails
    steps, size = list(told.steps), max(len(told.steps) // 2, 1)
    while size and tries:
        at = 0
        while at < len(steps) and tries:
            fewer = steps[:at] + steps[at + size :]
            tries -= 1
            if fails(History(told.story, tuple(fewer))):
                steps = fewer
            else:
                at += size
        size //= 2
    return History(told.story, tuple(steps))


def _fails(told: History) -> bool:
    try:
        play(told)
    except AssertionError:
        return True
    return False


def pick(choices: Sequence[T], number: float) -> T:
    """The one that a number from 0 to 1 chooses."""
    return choices[min(int(number * len(choices)), len(choices) - 1)]


class Player:
    """One world in which a history happens. Every ``_do_...`` is a step."""

    def __init__(self, told: History, folder: Path) -> None:
        self.told, self.folder = told, folder
        self.world = World(rate=told.story.rate, seed=told.story.seed % 1000)
        self.limits = NARROW if told.story.narrow else LIMITS if told.story.mode == "live" else Limits()
        self.witness = Witness(self.world, NARROW if told.story.narrow else Limits())
        self.faults, self.trading = self.world.exchange.faults, self.world.exchange.trading
        self.pid = 0
        self.placed = self.proposed = 0
        self.waiting: list[Proposal] = []
        """Proposals that somebody left lying."""
        self.kernel: Kernel

    async def play(self) -> Witness:
        """All of it, and then what has come of it."""
        await self._begin()
        done: list[Step] = []
        try:
            for step in self.told.steps:
                done.append(step)
                await getattr(self, f"_do_{step.what}")(step.a, step.b, step.c)
                await asyncio.sleep(step.c**3 * 2)
                self.witness.check()
            done.append(Step("the end", 0, 0, 0))
            await self._end()
        except Violation as violation:
            raise Violation(f"after step {len(done)}, {done[-1]}:\n{violation}") from None
        return self.witness

    async def _begin(self) -> None:
        await self._another_kernel()
        await self.kernel.ready("BTC/USD", "ETH/USD")
        await self._do_arm(0, 0, 0)

    async def _another_kernel(self) -> None:
        self.pid += 1
        self.kernel = Kernel(self.world, self.folder, mode=self.told.story.mode, limits=self.limits, pid=self.pid)
        self.witness.watch(self.kernel)
        for symbol in ("BTC/USD", "ETH/USD"):
            self.kernel.dealer.gatherer.references.need(symbol, 1e9)
            self.kernel.dealer.gatherer.fee_rates[symbol] = (Decimal("0.0016"), Decimal("0.0026"))

    async def _end(self) -> None:
        """Everything works again, and long enough: the truth is out, here and in a kernel that was not there."""
        self.faults.clear()
        self.kernel.files.failing.clear()
        self.kernel.disk.delay = self.world.lag = 0.0
        self.world.breaks_on = ""
        self.faults.status("online")
        for symbol in ("BTC/USD", "ETH/USD"):
            self.faults.pair_status(symbol, "online")
        await asyncio.sleep(5)
        self.faults.reset("private")
        await self._until_known()
        self.witness.settled()
        await self._do_restart(0, 0, 0)
        await self._until_known()
        self.witness.settled()

    async def _until_known(self) -> None:
        """Until nothing is in doubt any more, or could have been settled by now."""
        for _ in range(50):
            await asyncio.sleep(10)
            known = self.kernel.known
            sure = all(record.order_id and not record.unverified for record in known.open)
            if known.reconciled and known.balances is not None and sure:
                return

    # --- choosing ---------------------------------------------------------------------------------------------------

    def _order(self, number: float) -> OrderRecord | None:
        """One of the orders that are or may be open here."""
        there = [record for record in self.kernel.known.open if record.order_id is not None]
        return pick(there, number) if there else None

    def _symbol(self, number: float) -> str:
        return "BTC/USD" if number < 0.75 else "ETH/USD"

    def _best(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        book = self.kernel.dealer.facts(symbol).book
        return (book.bids[0][0], book.asks[0][0]) if book is not None and book.bids and book.asks else None

    def _qty(self, symbol: str, number: float) -> str:
        """A quantity worth a few hundred to a few thousand; never the same twice, so that each is another order."""
        self.placed += 1
        units = 10 + int(number * 60)
        return f"{Decimal(units).scaleb(-3 if symbol == 'BTC/USD' else -2) + Decimal(self.placed).scaleb(-6):f}"

    def _price(self, symbol: str, side: str, away: float) -> str | None:
        """So much (per cent) away from the best price of the other side; negative is through it."""
        best = self._best(symbol)
        if best is None:
            return None
        price = best[1] * (1 - Decimal(away) / 100) if side == "buy" else best[0] * (1 + Decimal(away) / 100)
        return f"{price:.1f}"

    def _confirm(self, propose: Callable[[], Proposal]) -> None:
        """Propose and confirm; whatever refuses is right to, as long as nothing leaves. Every fourth one waits."""
        try:
            proposal = propose()
        except KrakenLabError:
            return
        self.proposed += 1
        if self.proposed % 4:
            self._confirm_now(proposal)
        elif proposal.ok:
            self.waiting.append(proposal)

    def _confirm_now(self, proposal: Proposal) -> None:
        """Confirm it, and once more, which is no confirmation: that is what running the cell again does."""
        try:
            self.kernel.confirm(proposal)
        except KrakenLabError:
            return
        self.witness.confirmations += 1
        with contextlib.suppress(KrakenLabError):
            self.kernel.confirm(proposal)

    # --- a person ---------------------------------------------------------------------------------------------------

    async def _place(self, a: float, b: float, **terms: Any) -> None:
        symbol, side = self._symbol(a), "buy" if int(a * 100) % 2 else "sell"
        order = {"symbol": symbol, "side": side, "order_qty": self._qty(symbol, b), **terms}
        away = order.pop("away", None)
        if away is not None and (price := self._price(symbol, side, away)) is not None:
            order["limit_price"] = price
        self._confirm(lambda: self.kernel.propose(**order))

    async def _do_limit(self, a: float, b: float, c: float) -> None:
        await self._place(a, b, away=0.05 + c * 5, order_type="limit", post_only=b > 0.8)

    async def _do_taking(self, a: float, b: float, c: float) -> None:
        tif = pick(("gtc", "gtc", "ioc", "fok"), c)
        await self._place(a, b, away=-0.02, order_type="limit", time_in_force=tif)

    async def _do_market(self, a: float, b: float, c: float) -> None:
        await self._place(a, b, order_type="market", limit_price=None)

    async def _do_iceberg(self, a: float, b: float, c: float) -> None:
        qty = Decimal(self._qty(self._symbol(a), b))
        shown = (qty / 5).quantize(Decimal("0.00001"))
        await self._place(a, b, away=1 + c, order_type="iceberg", order_qty=f"{qty:f}", display_qty=f"{shown:f}")

    async def _do_stop(self, a: float, b: float, c: float) -> None:
        symbol, side = self._symbol(a), "buy" if int(a * 100) % 2 else "sell"
        price = self._price(symbol, side, -0.5 - c)
        if price is not None:
            kind = "stop-loss-limit" if b > 0.5 else "stop-loss"
            more = {"limit_price": price} if kind == "stop-loss-limit" else {"limit_price": None}
            await self._place(a, b, order_type=kind, triggers={"price": price, "reference": "last"}, **more)

    async def _do_conditional(self, a: float, b: float, c: float) -> None:
        close = {"order_type": "limit", "limit_price": "70000" if int(a * 100) % 2 else "50000"}
        await self._place(a, b, away=0.1 + c, order_type="limit", conditional=close)

    async def _do_batch(self, a: float, b: float, c: float) -> None:
        symbol = self._symbol(a)
        legs = []
        for number in range(2 + int(b * 3)):
            side = "buy" if (number + int(a * 100)) % 2 else "sell"
            price = self._price(symbol, side, pick((-0.02, 0.5, 1.5), (c * (number + 1)) % 1))
            if price is None:
                return
            leg = {"side": side, "order_type": "limit", "order_qty": self._qty(symbol, b), "limit_price": price}
            legs.append(leg)
        self._confirm(lambda: self.kernel.batch(legs, symbol))

    async def _do_amend(self, a: float, b: float, c: float) -> None:
        record = self._order(a)
        if record is None or record.external or record.order_qty is None:
            return
        changes: dict[str, str] = {"order_qty": f"{record.order_qty * (Decimal(1) if c > 0.8 else Decimal('0.5')):.5f}"}
        price = self._price(record.symbol, record.side, 0.1 + b * 4)
        if c > 0.5 and price is not None and record.limit_price is not None:
            changes = {"limit_price": price}
        facts = self.kernel.dealer.facts(record.symbol)
        self._confirm(lambda: builders.propose_amend(record, changes, facts))

    async def _do_edit(self, a: float, b: float, c: float) -> None:
        record = self._order(a)
        if record is None or record.external:
            return
        changes = {"order_qty": self._qty(record.symbol, b)}
        facts = self.kernel.dealer.facts(record.symbol)
        self._confirm(lambda: builders.propose_edit(record, changes, facts))

    async def _do_late_confirm(self, a: float, b: float, c: float) -> None:
        if self.waiting:
            self._confirm_now(pick(self.waiting, a))

    async def _do_cancel(self, a: float, b: float, c: float) -> None:
        own = [record for record in self.kernel.known.open if not record.external]
        some = [pick(own, a), pick(own, b)][: 1 + (c > 0.7)] if own else []
        names = {record.order_id or record.cl_ord_id for record in some} - {None}
        if names:
            self.kernel.dealer.act(lambda account, at: account.cancel([str(name) for name in names], at, batch=c > 0.7))

    async def _do_cancel_own(self, a: float, b: float, c: float) -> None:
        self.kernel.dealer.act(lambda account, at: account.cancel_own(at))

    async def _do_cancel_account(self, a: float, b: float, c: float) -> None:
        self.kernel.dealer.act(lambda account, at: account.cancel_account(at))

    async def _do_acknowledge(self, a: float, b: float, c: float) -> None:
        unknown = self.kernel.known.unknown
        name = pick(unknown, a).cl_ord_id if unknown else None
        if name is not None:
            self.kernel.dealer.act(lambda account, at: account.acknowledge(name, at))

    async def _do_kill(self, a: float, b: float, c: float) -> None:
        self.kernel.dealer.kill("enough")
        await asyncio.sleep(a * 5)

    async def _do_resume(self, a: float, b: float, c: float) -> None:
        self.kernel.dealer.halt.resume("it goes on", self.world.clock.now(), lambda error, at: None)
        await asyncio.sleep(0.1)
        await self._do_arm(a, b, c)

    async def _do_arm(self, a: float, b: float, c: float) -> None:
        if self.kernel.dealer.arming is not None:
            self.kernel.dealer.arming.arm(
                phrase(ACCOUNT), limits=self.limits, readiness=READY, at=self.world.clock.now(), done=lambda error: None
            )
            await asyncio.sleep(0.1)

    async def _do_dead_man(self, a: float, b: float, c: float) -> None:
        self.kernel.dealer.switch(a > 0.5)

    async def _do_restart(self, a: float, b: float, c: float) -> None:
        await self.kernel.killed()
        await asyncio.sleep(a**4 * 100)
        await self._another_kernel()
        if b < 0.7:
            with contextlib.suppress(AssertionError):
                await self.kernel.until(lambda: self.kernel.account.reconciled, within=20)
        await self._do_arm(a, b, c)

    # --- the market and other people ----------------------------------------------------------------------------------

    async def _do_fill(self, a: float, b: float, c: float) -> None:
        there = self.trading.open_orders
        if not there:
            return
        order = pick(there, a)
        units = order.left if b > 0.5 else max(int(order.left * b), 1)
        with contextlib.suppress(SandboxError):
            self.faults.fill(order.order_id, Decimal(units).scaleb(-order.pair.qty_precision), silent=c > 0.9)

    async def _do_stranger(self, a: float, b: float, c: float) -> None:
        theirs = [order for order in self.trading.open_orders if order.terms.cl_ord_id is None]
        now_ns = self.world.exchange.now_ns
        with contextlib.suppress(Rejection):
            if theirs and a > 0.6:
                self.trading.cancel(now_ns, order_id=pick(theirs, b).order_id)
                return
            terms = NewOrder(
                symbol=self._symbol(a),
                side="buy",
                order_type="limit",
                order_qty=Decimal("0.05"),
                limit_price=Decimal(40_000 if self._symbol(a) == "BTC/USD" else 1_000) + int(b * 100),
            )
            self.trading.add(terms, now_ns)

    # --- what goes wrong --------------------------------------------------------------------------------------------

    async def _do_lose_request(self, a: float, b: float, c: float) -> None:
        self.faults.lose_request(pick(METHODS, a))

    async def _do_lose_reply(self, a: float, b: float, c: float) -> None:
        self.faults.lose_reply(pick(METHODS, a))

    async def _do_late_reply(self, a: float, b: float, c: float) -> None:
        self.faults.delay(pick(METHODS, a), pick((0.05, 1.0, 7.0, 40.0), b))

    async def _do_late_engine(self, a: float, b: float, c: float) -> None:
        self.faults.hold(pick(METHODS, a), pick((0.2, 3.0, 6.0, 30.0), b))

    async def _do_cut(self, a: float, b: float, c: float) -> None:
        self.faults.cut(pick(METHODS, a), pick(POINTS, b))

    async def _do_broken_pipe(self, a: float, b: float, c: float) -> None:
        self.world.breaks_on = f'"method":"{pick(METHODS, a)}"'

    async def _do_reset(self, a: float, b: float, c: float) -> None:
        self.faults.reset("private" if a > 0.2 else "")
        self.faults.refuse(int(b * 4))

    async def _do_doubtful_answer(self, a: float, b: float, c: float) -> None:
        text = pick(ANSWERS, b)
        answer = f'"success":false,"error":"{text}"'
        match = Match(method=pick(METHODS[:5], a), contains='"success":true')

        def changed(said: str) -> str:
            head, result, rest = said.partition('"result":')
            return f"{head.replace(chr(34) + 'success' + chr(34) + ':true,', '')}{answer}}}" if result else said + rest

        self.faults.edit(match, changed if c > 0.3 else lambda said: said[: len(said) // 2])

    async def _do_drop(self, a: float, b: float, c: float) -> None:
        self.faults.drop(Match(channel=pick(("executions", "executions", "balances"), a), skip=int(b * 3)))

    async def _do_repeat(self, a: float, b: float, c: float) -> None:
        self.faults.dup(Match(channel=pick(("executions", "balances"), a), times=1 + int(b * 4)))

    async def _do_swap(self, a: float, b: float, c: float) -> None:
        first = Match(method=pick(METHODS, b)) if a > 0.4 else Match(channel="executions", type="update")
        self.faults.swap(first, Match(channel="executions", type="update"))

    async def _do_skip_seq(self, a: float, b: float, c: float) -> None:
        self.faults.skip_seq(1 + int(a * 3), "executions")

    async def _do_lag(self, a: float, b: float, c: float) -> None:
        self.world.lag = pick((0.0, 0.05, 0.3, 2.0), a)

    async def _do_rest_lag(self, a: float, b: float, c: float) -> None:
        self.faults.rest_lag(pick((0.0, 5.0, 40.0, 74.0), a))

    async def _do_rest_fails(self, a: float, b: float, c: float) -> None:
        self.faults.rest_fail(pick(PATHS, a), pick(WRONG, b), times=1 + int(c * 4))

    async def _do_token(self, a: float, b: float, c: float) -> None:
        self.faults.token(reject=1)

    async def _do_status(self, a: float, b: float, c: float) -> None:
        status: Any = pick(("online", "online", "cancel_only", "post_only", "maintenance"), b)
        if a > 0.5:
            self.faults.status(status)
        else:
            pair: Any = pick(("online", "online", "cancel_only", "limit_only", "reduce_only"), b)
            self.faults.pair_status(self._symbol(c), pair)

    async def _do_disk(self, a: float, b: float, c: float) -> None:
        failing = self.kernel.files.failing
        failing.clear()
        self.kernel.disk.delay = 0.02 * b if a > 0.5 else 0.0
        if a < 0.25:
            failing[pick(("append", "sync"), b)] = OSError(28, "No space left on device")

    async def _do_fewer_faults(self, a: float, b: float, c: float) -> None:
        self.faults.clear()
        self.kernel.files.failing.clear()
        self.faults.status("online")
        for symbol in ("BTC/USD", "ETH/USD"):
            self.faults.pair_status(symbol, "online")

    async def _do_wait(self, a: float, b: float, c: float) -> None:
        await asyncio.sleep(pick((0.3, 2.0, 10.0, 100.0), a) * (0.5 + b))


WEIGHTS: dict[str, float] = {
    **dict.fromkeys(("limit", "taking"), 7),
    **dict.fromkeys(("market", "batch", "amend", "edit", "cancel", "fill"), 4),
    **dict.fromkeys(("iceberg", "stop", "conditional", "stranger"), 1.5),
    **dict.fromkeys(("cancel_own", "dead_man", "acknowledge", "disk", "lag", "rest_lag", "rest_fails"), 1),
    **dict.fromkeys(("cancel_account", "kill", "broken_pipe", "skip_seq", "token", "status"), 0.7),
    **dict.fromkeys(("lose_request", "lose_reply", "late_reply", "late_engine", "cut", "doubtful_answer"), 1.5),
    **dict.fromkeys(("drop", "repeat", "swap", "restart"), 2),
    **dict.fromkeys(("resume", "fewer_faults", "reset", "late_confirm"), 2),
    "wait": 8,
}
"""How likely each step is."""
