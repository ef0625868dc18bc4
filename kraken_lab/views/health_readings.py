"""A lab's health as short readings: the cells of the strip. What is not known is called so, and is never a zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from . import cells
from .card import Tone
from .gaps import gap_label
from .health_facts import AccountFacts, BookFacts, HealthFacts, LineFacts

__all__ = ["FULL", "LATE", "SLOW", "Reading", "counted", "duration", "in_bytes", "readings"]

UNKNOWN: Final = "not known"
LATE: Final = 0.25
"""Seconds the I/O thread may be late before it is said aloud."""
SLOW: Final = 1.0
"""Seconds on the way, from the exchange or to the screen, that are worth a word."""
RECENT: Final = 60.0
"""Seconds for which a gap that is over is still news."""
FULL: Final = 0.9
"""Of the memory that tables may take, as much as is worth a word."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One cell of the strip: what it is of, the word or number that counts, and the rest. Not escaped."""

    name: str
    value: str
    detail: str = ""
    tone: Tone = ""


def duration(seconds: float) -> str:
    """A short time: ms below a second.

    >>> duration(0.00032), duration(0.0123), duration(2.5)
    ('0.3 ms', '12 ms', '2.5 s')
    """
    ms = seconds * 1e3
    if abs(ms) < 9.95:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if abs(ms) < 999.5 else cells.age(abs(seconds))


def readings(facts: HealthFacts) -> tuple[Reading, ...]:
    """The cells of the strip, in the order to be read."""
    found = [_line(line, facts) for line in facts.lines]
    found += [_to_kernel(facts), _to_screen(facts), *_data(facts.books, facts.at_ns), _thread(facts), _memory(facts)]
    if facts.sandbox is not None:
        box = facts.sandbox
        memory = "" if box.memory is None else f", {in_bytes(box.memory)}"
        state: tuple[str, Tone] = ("running", "up") if box.alive else ("ended", "down")
        found.append(Reading("sandbox", state[0], f"process {box.pid}{memory}", state[1]))
    found += _account(facts.account, halted=facts.halted is not None)
    return tuple(found)


def _line(line: LineFacts, facts: HealthFacts) -> Reading:
    told = [] if line.age is None else [f"last message {cells.age(line.age)} ago"]
    if line.state != "open" and line.reason:
        told = [line.reason]
    if line.next_attempt is not None:
        told.append(f"attempt {line.attempts + 1} in {cells.age(line.next_attempt)}")
    told.append(counted(line.reconnects, "reconnect") if line.reconnects else "never reconnected")
    quiet = line.age is not None and line.age > facts.patience / 2
    tone: Tone = "down" if line.state != "open" else "warn" if quiet or line.waiting_for else "up"
    return Reading(
        f"connection {line.name}",
        f"{line.state}, silent" if quiet and line.state == "open" else line.state,
        " · ".join(told),
        tone,
    )


def _to_kernel(facts: HealthFacts) -> Reading:
    known = [line for line in facts.lines if line.transit is not None]
    if not known:
        why = (
            "the clocks were not compared yet" if facts.offset is None else "no update with the exchange's time lately"
        )
        return Reading("exchange → kernel", UNKNOWN, why)
    slowest = max(known, key=lambda line: line.transit or 0.0)
    transit, off_by = slowest.transit or 0.0, slowest.uncertainty or 0.0
    # A message cannot arrive before it was sent: then it took less than the clocks can tell.
    value = duration(transit) if transit > 0 else f"below {duration(off_by)}"
    told = [f"± {duration(off_by)}"] if transit > 0 else []
    told += [f"clock offset {facts.offset:+.3f} s"] if facts.offset is not None else []
    told += [f"on {slowest.name}"] if len(known) > 1 else []
    return Reading("exchange → kernel", value, " · ".join(told), "warn" if transit > SLOW else "up")


def _to_screen(facts: HealthFacts) -> Reading:
    screen = facts.screen
    if screen.trip is None:
        why = "no browser has confirmed a picture" if screen.pictures else "no live picture is shown"
        return Reading("kernel → screen", UNKNOWN, why)
    told = [counted(screen.pictures, "picture")]
    told += [f"drawing {duration(screen.drawing)}"] if screen.drawing is not None else []
    if screen.slowest is not None and screen.pictures > 1:
        told.append(f"slowest {duration(screen.slowest)}")
    tone: Tone = "warn" if (screen.slowest or screen.trip) > SLOW else "up"
    return Reading("kernel → screen", duration(screen.trip), " · ".join(told), tone)


def _data(books: BookFacts, at_ns: int) -> list[Reading]:
    gap = books.newest
    recent = gap is not None and (gap.end_ns is None or at_ns - gap.end_ns < RECENT * 1e9)
    news: Tone = "warn" if recent else ""
    if books.agreed is None:
        checksums = Reading("checksums", UNKNOWN, "no book is subscribed")
    else:
        failed = f"{books.failed:,} failed, fetched anew" if books.failed else "none failed"
        checksums = Reading("checksums", f"{books.agreed:,} agreed", failed, news if books.failed else "up")
    if gap is None:
        gaps = Reading("gaps", "none", f"in {counted(books.streams, 'subscription')}", "up")
    else:
        ago = "" if gap.end_ns is None else f", {cells.age(max(at_ns - gap.end_ns, 0) / 1e9)} ago"
        name = " ".join(part for part in (gap.channel, gap.symbol) if part)
        gaps = Reading("gaps", f"{books.gaps:,}", f"last: {name} {gap_label(gap)}{ago}", news)
    again = "fetched anew, each by itself" if books.resyncs else "nothing was fetched anew"
    return [checksums, gaps, Reading("resyncs", f"{books.resyncs:,}" if books.resyncs else "none", again)]


def _thread(facts: HealthFacts) -> Reading:
    if facts.lateness is None:
        return Reading("I/O thread", UNKNOWN)
    worst = "" if facts.at_worst is None else f"{duration(facts.at_worst)} at worst"
    return Reading("I/O thread", f"{duration(facts.lateness)} late", worst, "warn" if facts.lateness > LATE else "up")


def _memory(facts: HealthFacts) -> Reading:
    memory = facts.memory
    told = [UNKNOWN if memory.process is None else f"process {in_bytes(memory.process)}"]
    told.append(f"{memory.evicted:,} rows evicted" if memory.evicted else "no row evicted")
    tone: Tone = "warn" if memory.most and memory.tables > FULL * memory.most else "up"
    return Reading("memory", f"{in_bytes(memory.tables)} in tables", " · ".join(told), tone)


def _account(account: AccountFacts | None, *, halted: bool) -> list[Reading]:
    if account is None:
        unasked = "no order was asked for in this lab"
        return [Reading("account", "HALTED", unasked, "down") if halted else Reading("account", "not used", unasked)]
    told = [f"{account.open} open"] + [f"{account.unknown} UNKNOWN"] * bool(account.unknown)
    told.append(counted(account.permits, "permit") + " outstanding" if account.permits else "no permit outstanding")
    if account.armed and account.lapses is not None:
        told.append(f"disarms itself in {cells.age(account.lapses)}")
    if account.disarmed_because:
        told.append(account.disarmed_because)
    mode = account.mode if account.armed is None else f"{account.mode} {'ARMED' if account.armed else 'DISARMED'}"
    tone: Tone = "down" if halted or account.armed else "warn" if account.unknown or account.reconciling else "up"
    found = [Reading("account", f"{mode}, HALTED" if halted else mode, " · ".join(told), tone)]
    free = "free space not known" if account.disk_free is None else f"{in_bytes(account.disk_free)} free"
    found.append(
        Reading("audit log", "TROUBLE" if account.audit else "written", free, "down" if account.audit else "up")
    )
    for symbol, rate in sorted(account.rates.items()):
        part = rate.count / rate.maximum
        tone = "down" if part > 0.8 else "warn" if part > 0.5 else "up"
        told = [f"falls by {rate.decay_per_s:g} a second"]
        found.append(Reading(f"rate counter {symbol}", f"{rate.count:.3g} of {rate.maximum}", told[0], tone))
    return found


def counted(count: int, noun: str) -> str:
    """How many of something."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def in_bytes(count: float) -> str:
    """Bytes as people say them, in units of a thousand.

    >>> in_bytes(2_345_678), in_bytes(81e6), in_bytes(1.5e9)
    ('2.3 MB', '81 MB', '1.5 GB')
    """
    return (
        f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB" if count < 1e7 else f"{count / 1e6:.0f} MB"
    )
