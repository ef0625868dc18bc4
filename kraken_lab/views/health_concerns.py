"""What of a lab's health needs to be seen, in sentences: what happened, what was already done, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from . import cells
from .card import Tone
from .health_facts import AccountFacts, HealthFacts
from .health_readings import FULL, LATE, SLOW, counted, duration, in_bytes

__all__ = ["Concern", "concerns", "verdict"]

STUCK: Final = 3.0
"""Seconds without new facts after which the I/O thread is held up."""
LITTLE_DISK: Final = 200e6
"""Bytes of free disk below which the audit log may soon have no room."""
NAMED: Final = 4
"""Streams that are named; of more it is said how many."""


@dataclass(frozen=True, slots=True)
class Concern:
    """Something to see: where, what happened, what was already done about it, and what to do next. Not escaped."""

    tone: Tone
    where: str
    what: str
    done: str = ""
    next: str = ""

    def __str__(self) -> str:
        return f"{self.where}: " + " ".join(part for part in (self.what, self.done, self.next) if part)


def verdict(facts: HealthFacts, found: tuple[Concern, ...]) -> tuple[str, Tone]:
    """All of it in a word or two.

    >>> verdict(HealthFacts(at_ns=0, label="sandbox"), ())
    ('NOT KNOWN YET', 'warn')
    """
    if facts.closed:
        return "CLOSED", "warn"
    if not facts.lines:
        return "NOT KNOWN YET", "warn"
    if facts.halted:
        return "HALTED", "down"
    if any(concern.tone == "down" for concern in found):
        return "TROUBLE", "down"
    return ("LOOK", "warn") if found else ("ALL WELL", "up")


def concerns(facts: HealthFacts, *, stuck: float = 0.0) -> tuple[Concern, ...]:
    """Everything that needs to be seen, the gravest first. ``stuck``: seconds since there were new facts at all."""
    if facts.closed:
        return ()
    found = [*_of_the_halt(facts.halted), *_of_this_side(facts, stuck), *_of_lines(facts)]
    found += [*_of_the_exchange(facts), *_of_the_account(facts.account)]
    return tuple(sorted(found, key=lambda concern: concern.tone != "down"))


def _of_the_halt(halted: str | None) -> Iterator[Concern]:
    if halted is not None:
        yield Concern(
            "down",
            "account",
            f"HALTED: {halted}.",
            "No order goes; cancels do.",
            "lab.resume('why') ends it; no restart does.",
        )


def _of_this_side(facts: HealthFacts, stuck: float) -> Iterator[Concern]:
    if stuck > STUCK:
        yield Concern(
            "down",
            "I/O thread",
            f"It has said nothing for {cells.age(stuck)}: something in this process holds it up.",
            "What came meanwhile waits in the sockets, and its silence is not taken for the exchange's.",
            "Wait for the call that holds the interpreter; to stop trading now: kraken-lab kill in a terminal.",
        )
    elif facts.lateness is not None and facts.lateness > LATE:
        yield Concern("warn", "I/O thread", f"It is {duration(facts.lateness)} late.", "Deadlines allow for that.")
    memory = facts.memory
    if memory.most and memory.tables > FULL * memory.most:
        yield Concern(
            "warn",
            "memory",
            f"The tables hold {in_bytes(memory.tables)} of the {in_bytes(memory.most)} they may.",
            "Each evicts its oldest rows at its own bound; a further stream may be refused.",
            "stream.stop() or stream.limit(rows=...) makes room.",
        )
    if facts.sandbox is not None and not facts.sandbox.alive:
        yield Concern(
            "down",
            "sandbox",
            f"Its process {facts.sandbox.pid} has ended.",
            "What the tables hold can still be read.",
            "kl.connect() opens another lab with another sandbox.",
        )


def _of_lines(facts: HealthFacts) -> Iterator[Concern]:
    for line in facts.lines:
        name = f"connection {line.name}"
        if line.state == "failed":
            yield Concern(
                "down",
                name,
                f"Given up: {line.reason}.",
                "Its streams have failed and say so.",
                "Asking for one of them again tries once more.",
            )
        elif line.state in ("waiting", "connecting"):
            next_one = "It is being made again now."
            if line.next_attempt is not None:
                next_one = f"Attempt {line.attempts + 1} comes by itself in {cells.age(line.next_attempt)}."
            yield Concern(
                "down",
                name,
                f"There is no connection: {line.reason or 'none was made yet'}.",
                "Tables keep their rows, books are withdrawn, and what may be missed is written down as gaps.",
                next_one + (" Look at this machine's network." if line.attempts > 3 else ""),
            )
        elif line.age is not None and line.age > facts.patience / 2:
            yield Concern(
                "warn",
                name,
                f"Nothing was heard for {cells.age(line.age)}.",
                "",
                f"After {facts.patience:g} s of silence it is replaced by itself.",
            )
        elif line.waiting_for:
            yield Concern("warn", name, f"Not acknowledged yet: {', '.join(line.waiting_for)}.", "It is asked again.")
        if line.transit is not None and line.transit > SLOW:
            yield Concern(
                "warn",
                name,
                f"What comes was sent {duration(line.transit)} ago.",
                "Nothing is skipped, so it comes late and not never.",
                "Fewer symbols or less depth, or a faster network.",
            )


def _of_the_exchange(facts: HealthFacts) -> Iterator[Concern]:
    if facts.system not in (None, "online"):
        yield Concern(
            "warn", "exchange", f"It says of itself: {facts.system}.", "Orders that it would not take are refused here."
        )
    if facts.offset is not None and abs(facts.offset) > facts.offset_matters:
        yield Concern(
            "warn",
            "clock",
            f"The exchange's is {facts.offset:+.1f} s from this machine's.",
            "Ages and latencies allow for it.",
            "Set this machine's clock.",
        )
    for said in facts.books.not_live[:NAMED]:
        yield Concern("warn", "stream", f"{said}.", "A fresh snapshot is on its way, or waits for its connection.")
    if (more := len(facts.books.not_live) - NAMED) > 0:
        yield Concern("warn", "stream", f"{more} further streams are not LIVE.", "lab.status() names them all.")
    if facts.sandbox is not None and facts.sandbox.paused:
        pairs = "; ".join(f"{symbol} ({why})" for symbol, why in sorted(facts.sandbox.paused.items()))
        yield Concern("warn", "paper", f"Matching is paused: {pairs}.", "Nothing is filled out of a gap; cancels work.")


def _of_the_account(account: AccountFacts | None) -> Iterator[Concern]:
    if account is None:
        return
    if account.audit:
        lost = f" {account.lost:,} records were lost." if account.lost else ""
        yield Concern(
            "down",
            "audit log",
            f"It cannot be relied on: {account.audit}.{lost}",
            "No order goes without its intent on the disk; cancels and kill do.",
            "lab.audit.verify() looks again.",
        )
    if account.disk_free is not None and account.disk_free < LITTLE_DISK:
        yield Concern(
            "warn", "disk", f"{in_bytes(account.disk_free)} are free where the audit log is.", "", "Make room."
        )
    if account.unknown:
        yield Concern(
            "warn",
            "orders",
            f"{counted(account.unknown, 'order')} UNKNOWN: the exchange was not heard to take or refuse.",
            "It is asked, and no other order goes on that pair meanwhile.",
            "Do not place it again; lab.orders tells what came of it.",
        )
    elif account.reconciling:
        yield Concern("warn", "orders", f"Not known for sure: {account.reconciling}.", "Orders wait until it is.")
