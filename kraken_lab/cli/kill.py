"""``kraken-lab kill``: halt an account and cancel all its orders, from any terminal, however busy the kernel is.

The halt file comes first: the gate of every kernel reads it before each order, so nothing more leaves. Then everything
is cancelled by REST, and asked about until nothing is left. What cannot be written or reached is said, and stops
nothing.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from getpass import getpass
from pathlib import Path
from typing import Any, Final, Protocol

from rich.console import Console

from .. import views
from ..errors import BadArgument, BadKey, KrakenLabError, Malformed, NotReady, SetupError
from ..net import KRAKEN, Clock, Nonce, RestClient, SystemClock, describe_sandbox, find_credentials
from ..net.in_time import in_time
from ..net.patient_files import PatientFiles
from ..net.secrets import Credentials
from ..trading import OrderRecord, OrderState, StateFolder, StateKey, TradingMode, home
from ..trading.chain import Chain
from ..trading.disk import Files
from ..trading.files import OsFiles
from ..trading.halt import HALT_FILE, HaltRecord, halt_text, read_halt
from ..trading.intent import Intent
from ..trading.kill import Kill, KilledOrder, KillReport
from ..trading.remember import order_of
from ..wire import Instant, from_ns

__all__ = ["run"]

REASON = "kraken-lab kill"
DISK_WAIT = 2.0
"""Seconds that the disk is waited for, before what it is to take goes without it."""
ASK_TIMEOUT = 4.0
"""Seconds for one answer of REST: the lists are due after ten."""

_MODES: Final[tuple[TradingMode, ...]] = ("sandbox", "paper", "live")

Say = Callable[[str], None]


class Rest(Protocol):
    """As much of REST as a kill needs."""

    async def private(self, name: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The result of one private call."""


def run(*, at: str | None, mode: str | None, seconds: float | None, console: Console | None = None) -> int:
    """Kill the account of a mode; ``at`` is the line of the sandbox that plays the exchange, if one does.

    It goes on until nothing is left, or for ``seconds``. Gives 0 when nothing is left, else 1.

    Raises:
        BadArgument: a mode that there is not, or a line that is none.
        SandboxError: it does not describe a sandbox.
    """
    facts = None if at is None else _facts(at)
    chosen = _mode(mode, facts)
    say = _printer(console or Console())
    root = home(os.environ)
    context = None
    if facts is not None:
        endpoints, credentials, context = describe_sandbox(facts)
        key = StateKey.of(chosen, credentials.fingerprint, endpoints.ws_private)
    else:
        found = _credentials(root, say)
        if found is None:
            return 1
        endpoints, credentials, key = KRAKEN, found, StateKey.of("live", found.fingerprint, None)
    path = root / key.name
    folder = None
    try:
        folder = in_time(lambda: StateFolder(root, key, venue_pid=_pid(facts)), DISK_WAIT, f"the folder {path}")
    except (SetupError, NotReady) as error:
        say(str(error))
    log, clock = Log(path), SystemClock()

    async def work() -> bool:
        rest = RestClient(
            endpoints.rest,
            wall_ns=time.time_ns,
            credentials=credentials,
            ssl_context=context,
            timeout=ASK_TIMEOUT,
            nonce=Nonce(time.time_ns, path=path / "nonce"),
        )
        try:
            return await carry_out(rest, clock, log, say, seconds=seconds)
        finally:
            await rest.close()

    try:
        halt(path, log, clock.now(), say)
        complete = asyncio.run(work())
        if complete:
            finished(path, log, clock.now(), say)
    finally:
        if folder is not None:
            with suppress(NotReady):
                in_time(folder.close, DISK_WAIT, f"the folder {path}")
    say(lasting(chosen, at_sandbox=facts is not None))
    return 0 if complete else 1


def _facts(line: str) -> Mapping[str, Any]:
    with suppress(ValueError):
        facts = json.loads(line)
        if isinstance(facts, dict):
            return facts
    raise BadArgument("--at", line, "the JSON line that `kraken-lab sandbox --json` printed")


def _mode(mode: str | None, facts: Mapping[str, Any] | None) -> TradingMode:
    if facts is None:
        if mode in (None, "live"):
            return "live"
        raise BadArgument("--mode", mode, "live, or say with --at where the sandbox is")
    for known in _MODES:
        if known == (mode or "sandbox"):
            return known
    raise BadArgument("--mode", mode, ", ".join(_MODES))


def _credentials(root: Path, say: Say) -> Credentials | None:
    """The key; without one every live account that has a folder here is halted, and a person is asked for it."""
    try:
        return find_credentials()
    except BadKey as error:
        say(str(error))
    at = SystemClock().now()
    folders = sorted(root.glob("live_*"))
    for path in folders:
        halt(path, Log(path), at, say)
    if folders:
        say(lasting("live", at_sandbox=False))
    else:
        say(f"NOTHING WAS HALTED: there is no live account's folder in {root}.")
    for words in others(root):
        say(words)
    if not os.isatty(0):
        say("NOTHING WAS CANCELLED: that needs the API key.")
        return None
    try:
        return find_credentials(getpass)
    except BadKey as error:
        say(f"NOTHING WAS CANCELLED: {error}")
        return None


def lasting(mode: TradingMode, *, at_sandbox: bool) -> str:
    """How the halt ends: by somebody who sees the account, and by no command that could be typed blindly."""
    there = f"kl.connect({mode!r}, at=...), or in the notebook that has it" if at_sandbox else f"kl.connect({mode!r})"
    return (
        f"The halt lasts, over restarts too. It ends in Python or a notebook: lab = {there}; look at lab.orders; "
        "lab.resume('why'). That arms nothing and sends nothing."
    )


def others(root: Path) -> Iterator[str]:
    """What this command has left alone because it is for the live account: sandboxes and what is played by one."""
    names = [path.name for kind in ("sandbox", "paper", "live-like") for path in sorted(root.glob(f"{kind}_*"))]
    if names:
        yield f"Left alone, because this was for the live account: {', '.join(names)} in {root}."
        yield (
            "To kill one of those: print(json.dumps(lab.sandbox.facts)) in its notebook, or what `kraken-lab sandbox "
            "--json` printed, gives the line for: kraken-lab kill --at 'LINE' (--mode paper or live for what it plays)."
        )


def _pid(facts: Mapping[str, Any] | None) -> int | None:
    pid = None if facts is None else facts.get("pid")
    return pid if isinstance(pid, int) else None


def _printer(console: Console) -> Say:
    return lambda text: console.print(views.escape.terminal(text), markup=False, highlight=False, soft_wrap=True)


# --- the halt -------------------------------------------------------------------------------------------------------


class Log:
    """An account's audit log, written and read without a thread: there is nothing else to do here."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.files = files or PatientFiles(OsFiles(), patience=DISK_WAIT)
        self._chain = Chain(folder / "audit.jsonl", self.files)

    def add(self, kind: str, fields: Mapping[str, object], at: Instant) -> None:
        """One record, on the disk. Raises OSError."""
        self._chain.extend([{"at": from_ns(at.wall_ns, 9), "kind": kind, "pid": os.getpid(), **fields}])
        self._chain.sync()

    def own_orders(self) -> list[OrderRecord]:
        """What the kernels of this account have written down of their orders, the newest word of each.

        What cannot be read is left out: the exchange is asked in any case.
        """
        orders: dict[str, OrderRecord] = {}
        with suppress(OSError):
            for record in self._chain.records():
                with suppress(Malformed, KeyError, TypeError, ValueError):
                    _remember(record, orders)
        return list(orders.values())


def _remember(record: Mapping[str, Any], orders: dict[str, OrderRecord]) -> None:
    if record["kind"] == "intent":
        orders.update({order.cl_ord_id: order for order in _intended(Intent.of(record)) if order.cl_ord_id})
    elif record["kind"] == "refused":
        for name in record["cl_ord_ids"]:
            orders[name] = replace(orders[name], state=OrderState.REFUSED)
    elif record["kind"] == "order" and record.get("cl_ord_id"):
        order = order_of(record)
        # Confirmed is what a kernel has said last; whether it was sent since is not known here.
        waits = order.state is OrderState.CONFIRMED
        orders[record["cl_ord_id"]] = replace(order, state=OrderState.UNKNOWN) if waits else order


def _intended(intent: Intent) -> Iterable[OrderRecord]:
    """The orders of an intent: whether they were sent is not known from it."""
    for leg in intent.legs if intent.method in ("add_order", "batch_add") else ():
        yield OrderRecord(
            state=OrderState.UNKNOWN, order_id=None, cl_ord_id=leg.cl_ord_id, symbol=leg.symbol, side=leg.side,
            order_type=leg.order_type, order_qty=leg.order_qty, created_ns=intent.confirmed_ns,
            updated_ns=intent.confirmed_ns,
        )  # fmt: skip


def halt(folder: Path, log: Log, at: Instant, say: Say) -> None:
    """Write the halt file, and only then anything else. What fails is said: the cancelling goes on."""
    path = folder / HALT_FILE
    before = None
    with suppress(OSError):
        before = read_halt(log.files.read(path))
    record = HaltRecord(reason=REASON, since_ns=at.wall_ns, pid=os.getpid(), unfinished=True)
    if before is not None and not before.resumed:
        record = replace(before, unfinished=True)
    try:
        log.files.replace(path, halt_text(record))
        say(f"HALTED: no kernel sends an order of {folder.name} from now on.")
    except OSError as error:
        say(f"THE HALT COULD NOT BE WRITTEN ({error.strerror}): kernels may go on sending orders. Cancelling anyway.")
    try:
        log.add("halt", {"reason": REASON, "unfinished": True}, at)
    except OSError as error:
        say(f"The audit log could not be written ({error.strerror}).")


def finished(folder: Path, log: Log, at: Instant, say: Say) -> None:
    """Nothing is left: the next kernel need not take it up. The halt lasts."""
    path = folder / HALT_FILE
    try:
        record = read_halt(log.files.read(path))
        if record is not None:
            log.files.replace(path, halt_text(replace(record, unfinished=False)))
        log.add("kill finished", {}, at)
    except OSError as error:
        say(f"That it is complete could not be written ({error.strerror}).")


# --- the cancelling -------------------------------------------------------------------------------------------------


async def carry_out(rest: Rest, clock: Clock, log: Log, say: Say, *, seconds: float | None) -> bool:
    """Cancel and ask until nothing is left, or for ``seconds``; whether nothing is left.

    The three lists are shown as soon as it is complete, after ten seconds in any case, and when they change later.
    """
    began = clock.now()
    written = log.own_orders()
    kill = Kill(began, written)
    end = math.inf if seconds is None else began.mono + seconds
    lists = _Lists(kill, say)
    while True:
        for query in kill.queries(clock.now()):
            # A silent exchange must not keep the lists from being shown in time.
            left = lists.due - clock.now().mono
            try:
                answer = await asyncio.wait_for(
                    rest.private(query.name, dict(query.fields)), min(ASK_TIMEOUT, max(left, 0.1))
                )
            except (KrakenLabError, TimeoutError) as error:
                kill.unanswered(query, str(error) or "no answer in time")
            else:
                kill.answered(query, answer, clock.now())
            lists.show(clock.now())
        before, written = written, log.own_orders()
        for record in written:
            if record not in before:
                kill.learn(record)
        at = clock.now()
        over = at.mono >= end
        lists.show(at, over=over and not kill.complete)
        if kill.complete or over:
            return kill.complete
        due = min(kill.next_deadline() or at.mono, lists.due, end)
        await asyncio.sleep(max(due - at.mono, 0.0) + 0.01)
        kill.let_time_pass(clock.now())


class _Lists:
    """The three lists on the screen: when they are due, and again whenever they have changed since."""

    def __init__(self, kill: Kill, say: Say) -> None:
        self._kill, self._say = kill, say
        self._shown: tuple[object, ...] | None = None

    @property
    def due(self) -> float:
        """By when they have to be there, in monotonic seconds; infinite once they are."""
        return self._kill.report_at if self._shown is None else math.inf

    def show(self, at: Instant, *, over: bool = False) -> None:
        """Show them if they are due and not on the screen as they are, and once more when it is given up (``over``)."""
        report = self._kill.report(at)
        lists = (report.cancelled, report.filled, report.unconfirmed, report.complete)
        if over or (self._kill.report_due(at) and lists != self._shown):
            self._shown = lists
            _show(report, self._say, over=over)


def _show(report: KillReport, say: Say, *, over: bool) -> None:
    trying = "it has given up" if over else "it goes on trying (Ctrl-C ends that, not the halt)"
    state = "complete" if report.complete else f"NOT COMPLETE: {trying}"
    say(f"After {report.seconds:.1f} s and {report.attempts} round{'' if report.attempts == 1 else 's'}: {state}.")
    for name, orders in (
        ("confirmed cancelled", report.cancelled),
        ("filled meanwhile", report.filled),
        ("not confirmed", report.unconfirmed),
    ):
        say(f"  {name}: {len(orders) or 'none'}")
        for order in orders:
            say(f"    {_words(order)}")
    for answer in _newest(report.answers):
        say(f"  {answer}")


def _words(order: KilledOrder) -> str:
    filled = f", {order.filled_qty:f} of it filled" if order.filled_qty else ""
    said = order.words or f"{order.side} {order.symbol}".strip()
    return " ".join(part for part in (order.order, said) if part) + filled


def _newest(answers: Sequence[str]) -> list[str]:
    """The last words of each road about each thing, without repeating them."""
    return list(dict.fromkeys(answers[-3:]))
