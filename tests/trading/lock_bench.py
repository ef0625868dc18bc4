"""A gate with everything around it, on a disk that does what it is told and a clock that a test moves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

from kraken_lab.errors import NotArmed, OrderError
from kraken_lab.market import BookSnapshot
from kraken_lab.trading.arming import Arming, Readiness, phrase
from kraken_lab.trading.audit import Audit
from kraken_lab.trading.builders import propose_add
from kraken_lab.trading.chain import Chain
from kraken_lab.trading.disk import Done, Files
from kraken_lab.trading.facts import Facts, RateCount, TradingMode
from kraken_lab.trading.gate import Clearance, Gate, OrderFrame
from kraken_lab.trading.gestures import Code, Confirmations
from kraken_lab.trading.halt import Halt
from kraken_lab.trading.permit import Permit
from kraken_lab.trading.proposal import Proposal
from kraken_lab.trading.rules import Limits, OrderSettings
from kraken_lab.trading.usage import Usage
from kraken_lab.wire import Instant, Pair
from tests.disks import FaultyFiles, QueuedDisk

ACCOUNT = "3f9a-11c2"
START_NS = 1_700_000_000_000_000_000
PAIR = Pair(
    symbol="BTC/USD", base="BTC", quote="USD", status="online", price_precision=1, qty_precision=8, cost_precision=5,
    price_increment=D("0.1"), qty_increment=D("0.00000001"), qty_min=D("0.0001"), marginable=False, has_index=True,
    cost_min=D("0.5"),
)  # fmt: skip
BOOK = BookSnapshot.of(
    "BTC/USD", bids=[("99.9", "5"), ("99.8", "50")], asks=[("100.0", "5"), ("100.1", "50")], price_precision=1
)
LIMITS = Limits(
    max_order_notional=D(1000), max_day_notional=D(5000), max_open_orders=5, allowed_symbols=frozenset({"BTC/USD"})
)
READY = Readiness(
    credentials=True, permissions=frozenset({"query-funds", "modify-trades"}), front_end=None, shared_host=None
)
ORDER = {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": "1", "limit_price": "99.0"}


class ManualDisk(QueuedDisk):
    """A disk that works when it is told: at once, or with `run` once ``slow`` is set."""

    def __init__(self, files: Files, now: Callable[[], Instant]) -> None:
        super().__init__(files)
        self.slow = False
        self._now = now
        self._jobs: list[Callable[[], None]] = []

    def _later(self, work: Callable[[], object], done: Done) -> None:
        def job() -> None:
            try:
                work()
            except OSError as error:
                done(error, self._now())
            else:
                done(None, self._now())

        self._jobs.append(job)
        if not self.slow:
            self.run()

    def run(self) -> None:
        """Do everything that waits, also what comes of it."""
        while self._jobs:
            self._jobs.pop(0)()


class Bench:
    """One kernel's acting road: what a lab would put together. A second one on the same folder is the next kernel."""

    def __init__(
        self,
        folder: Path,
        mode: TradingMode = "sandbox",
        *,
        limits: Limits | None = None,
        settings: OrderSettings | None = None,
        checker: Any = None,
        pid: int = 1,
    ) -> None:
        self.mono, self.wall_ns = 1000.0, START_NS
        self.files = FaultyFiles()
        self.disk = ManualDisk(self.files, lambda: self.now)
        self.chain = Chain(folder / "audit.jsonl", self.files)
        self.audit = Audit(self.chain, self.disk, pid=pid, lab=f"lab-{pid}")
        self.halt = Halt(folder, self.disk, self.audit, pid=pid)
        self.settings = settings or OrderSettings()
        self.arming = Arming(folder, self.disk, self.audit, self.halt, account=ACCOUNT, settings=self.settings, pid=pid)
        self.usage = Usage()
        self.usage.restore(self.audit.records())
        self.shown: list[str] = []
        self._codes = itertools.count(1)
        self._ids = itertools.count(1)
        self.pid = pid
        options = {} if checker is None else {"checker": checker}
        self.gate = Gate(
            audit=self.audit,
            halt=self.halt,
            arming=self.arming,
            usage=self.usage,
            confirmations=Confirmations(new_code=self._new_code, show=self.shown.append),
            new_id=self._new_id,
            **options,
        )
        self.facts = Facts(
            at=self.now, exchange_ns=START_NS, mode=mode, account=ACCOUNT, settings=self.settings,
            limits=limits if limits is not None else LIMITS if mode == "live" else Limits(),
            connection="c1", reconciled=True, system="online", pair=PAIR, book=BOOK, book_state="LIVE", book_age=0.1,
            balances={"BTC": D(1000), "USD": D(1_000_000)}, fee_rates=(D("0.0025"), D("0.004")),
            rate=RateCount(count=0.0, maximum=125, decay_per_s=2.34), precisions={"BTC": 8, "USD": 4},
        )  # fmt: skip
        self.frames: list[OrderFrame] = []
        self.refusals: list[OrderError] = []
        self.clearances: list[Clearance] = []
        self._req_ids = itertools.count(1)

    def _new_code(self) -> str:
        return f"CODE{next(self._codes)}"

    def _new_id(self) -> str:
        return f"{self.pid:08d}-0000-4000-8000-{next(self._ids):012d}"

    @property
    def now(self) -> Instant:
        """This moment."""
        return Instant(self.mono, self.wall_ns)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.mono += seconds
        self.wall_ns += round(seconds * 1e9)

    def facts_now(self) -> Facts:
        """The facts of this very moment."""
        armed = self.facts.mode == "live" and not self.arming.lacking(self.now, self.facts.limits)
        halted = self.halt.look()
        return replace(
            self.facts, at=self.now, exchange_ns=self.wall_ns, armed=armed,
            halted=None if halted is None else halted.reason, past=self.gate.past,
        )  # fmt: skip

    def change(self, **facts: Any) -> None:
        """From now on the facts are others."""
        self.facts = replace(self.facts, **facts)

    # --- what a person does -----------------------------------------------------------------------------------------

    def arm(self, typed: str | None = None, **readiness: Any) -> NotArmed | None:
        """Type the phrase, or what is given; what came of it."""
        said: list[NotArmed | None] = []
        self.arming.arm(
            phrase(ACCOUNT) if typed is None else typed,
            limits=self.facts.limits,
            readiness=replace(READY, **readiness),
            at=self.now,
            done=said.append,
        )
        assert len(said) == 1
        return said[0]

    def propose(self, **changes: Any) -> Proposal:
        """A proposal by the facts of now."""
        return propose_add({**ORDER, **changes}, self.facts_now())

    def code(self, proposal: Proposal) -> Code:
        """Open its confirmation and read the code off the screen."""
        self.gate.open_confirmation(proposal, facts=self.facts_now(), at=self.now)
        return Code(self.shown[-1].rpartition("'")[0].rpartition("'")[2])

    def permit(self, proposal: Proposal | None = None, *, again: bool = False) -> Permit:
        """Confirm as the mode asks for it."""
        proposal = self.propose() if proposal is None else proposal
        gesture = self.code(proposal) if self.facts.mode == "live" else None
        return self.gate.permit(proposal, facts=self.facts_now(), at=self.now, again=again, gesture=gesture)

    def submit(self, permit: Permit, facts_of: Callable[[], Facts] | None = None) -> None:
        """Hand a permit to the gate; what passes waits in ``clearances``."""
        self.gate.submit(
            permit,
            facts_of or self.facts_now,
            at=self.now,
            passed=lambda clearance, _: self.clearances.append(clearance),
            refused=lambda error, _: self.refusals.append(error),
        )

    def write(self) -> None:
        """The connection writes everything that waits."""
        waiting, self.clearances = self.clearances, []
        for clearance in waiting:
            try:
                self.frames.append(clearance.write("TOKEN", next(self._req_ids), self.now))
            except OrderError as error:
                self.refusals.append(error)

    def place(self, *, again: bool = False, **changes: Any) -> OrderFrame | None:
        """Propose, confirm, submit and write; the frame, or None if it was refused on the way."""
        before = len(self.frames)
        try:
            permit = self.permit(self.propose(**changes), again=again)
        except OrderError as error:
            self.refusals.append(error)
            return None
        self.submit(permit)
        self.write()
        return self.frames[-1] if len(self.frames) > before else None

    def kinds(self) -> Sequence[str]:
        """The kinds of what is in the audit log."""
        return [record["kind"] for record in self.audit.records()]

    def last(self, kind: str) -> Mapping[str, Any]:
        """The last record of a kind."""
        return [record for record in self.audit.records() if record["kind"] == kind][-1]
