"""A lab's health as values: gathered on the I/O thread once a second while somebody looks, for the strip that shows it.

`health_facts` reads and computes and changes nothing. What belongs to the I/O thread is read there, so nothing is torn;
what the operating system says of processes and disks is read by whoever draws.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from ..errors import KrakenLabError, Malformed
from ..streams import Feed, Router, StreamState
from ..streams.ladder_feed import LadderFeed
from ..trading.facts import RateCount
from ..trading.halt import HaltRecord
from ..views.health import screen_facts
from ..views.health_facts import AccountFacts, BookFacts, HealthFacts, LineFacts, MemoryFacts, SandboxFacts
from ..views.pump import PUMP
from ..wire import Instant, to_ns
from .dealer import Dealer

if TYPE_CHECKING:
    from ..net import Connection
    from .lab import Lab

__all__ = ["HealthWatch", "account_facts", "book_facts", "health_facts", "line_facts", "resident"]

NEW = 5.0
"""Seconds for which an update says something of how long updates are on their way."""
PATIENCE = 0.5
"""Seconds that a look waits for the I/O thread before it is content with what is known."""


# --- computing: on the I/O thread -----------------------------------------------------------------------------------


def health_facts(lab: Lab, now: Instant) -> HealthFacts:
    """A lab's health at a moment, but for what only the operating system knows. Called on the I/O thread."""
    lines = list(lab.lines)
    feeds = [feed for router, _ in lines for feed in router.feeds.values()]
    streams, trader = lab.streams, lab.trader
    said = [router.talk.status.system for router, _ in lines if router.talk.status is not None]
    # The estimate that was made with the shortest round trip is the best one.
    offsets = [(router.talk.offset.round_trip, router.talk.offset.seconds) for router, _ in lines]
    known = [(trip, seconds) for trip, seconds in offsets if trip is not None and seconds is not None]
    return HealthFacts(
        at_ns=now.wall_ns,
        label=lab.label,
        closed=lab.closed,
        system=said[0] if said else None,
        offset=min(known)[1] if known else None,
        offset_matters=lab.settings.clock_warn,
        patience=lab.settings.silence_timeout,
        lines=tuple(line_facts(router, line, now) for router, line in lines),
        books=book_facts(feeds),
        lateness=lab.io.lateness,
        at_worst=lab.io.worst_lateness,
        memory=MemoryFacts(
            tables=sum(stream.held for stream in streams),
            most=lab.settings.memory_total,
            evicted=sum(stream.evicted for stream in streams),
        ),
        account=None if trader is None else account_facts(trader.dealer, now),
        halted=None if trader is None else halt_words(trader.dealer.halt.look()),
    )


def line_facts(router: Router, line: Connection, now: Instant) -> LineFacts:
    """One connection, and how long the newest updates on it were on their way."""
    talk, is_open = router.talk, line.state == "open"
    transit = uncertainty = None
    if talk.offset.seconds is not None and talk.offset.round_trip is not None:
        taken = list(_transits(router.feeds.values(), now, talk.offset.seconds))
        # The way there and the way back may differ by as much as both took together.
        transit, uncertainty = (median(taken), talk.offset.round_trip / 2) if taken else (None, None)
    return LineFacts(
        name=router.name,
        state=line.state,
        reason="" if is_open else line.reason,
        reconnects=max(line.connects - 1, 0),
        age=max(now.mono - talk.last_heard, 0.0) if is_open and talk.last_heard is not None else None,
        attempts=line.attempts,
        next_attempt=None if line.next_attempt_at is None else max(line.next_attempt_at - now.mono, 0.0),
        waiting_for=talk.waiting_for if is_open else (),
        transit=transit,
        uncertainty=uncertainty,
    )


def _transits(feeds: Iterable[Feed], now: Instant, offset: float) -> Iterable[float]:
    for feed in feeds:
        heard, stamp = feed.last_at, feed.stamp
        if heard is None or stamp is None or now.mono - heard.mono > NEW:
            continue
        try:
            sent = to_ns(stamp)
        except Malformed:
            continue
        yield (heard.wall_ns - sent) / 1e9 + offset


def book_facts(feeds: Sequence[Feed]) -> BookFacts:
    """What the data proved of itself. Every message of a book that was taken is a checksum that agreed."""
    books = [feed for feed in feeds if isinstance(feed, LadderFeed)]
    newest = [gap for feed in feeds if (gap := feed.gaps.newest) is not None]
    # One that is CONNECTING waits for its line, of which is told elsewhere.
    well = (StreamState.LIVE, StreamState.STOPPED, StreamState.CONNECTING)
    wrong = [feed for feed in feeds if feed.state not in well]
    return BookFacts(
        streams=len(feeds),
        agreed=sum(book.messages for book in books) if books else None,
        failed=sum(book.counters["checksum mismatches"] for book in books) if books else None,
        gaps=sum(len(feed.gaps) for feed in feeds),
        newest=max(newest, key=lambda gap: gap.start_ns, default=None),
        resyncs=sum(feed.counters["resyncs"] for feed in feeds),
        not_live=tuple(_said(feed) for feed in wrong),
    )


def _said(feed: Feed) -> str:
    name = " ".join(part for part in (feed.channel, feed.symbol) if part)
    return f"{name} is {feed.state}" + (f" ({feed.reason})" if feed.reason else "")


def account_facts(dealer: Dealer, now: Instant) -> AccountFacts:
    """The acting half. What lapses by itself lapses on its own beat, not by being looked at."""
    known, arming = dealer.known, dealer.arming
    lapses = None if arming is None else arming.next_deadline()
    return AccountFacts(
        mode=dealer.mode.upper(),
        armed=None if arming is None else lapses is not None,
        disarmed_because="" if arming is None or lapses is not None else arming.lapsed,
        lapses=None if lapses is None else max(lapses - now.mono, 0.0),
        open=len(known.open),
        unknown=len(known.unknown),
        reconciling=known.reconciling,
        permits=dealer.gate.outstanding(now),
        audit=dealer.audit.broken or dealer.audit.trouble,
        lost=dealer.audit.lost,
        rates=_decayed(known.rates, now.mono - known.at.mono),
    )


def halt_words(halted: HaltRecord | None) -> str | None:
    """Why and since when, for the strip."""
    return None if halted is None else f"{halted.reason}{f', since {halted.since}' if halted.since else ''}"


def _decayed(rates: Mapping[str, RateCount], seconds: float) -> dict[str, RateCount]:
    """The counters as they are by now; those at rest are left out."""
    return {
        symbol: replace(rate, count=left)
        for symbol, rate in rates.items()
        if (left := rate.count - rate.decay_per_s * seconds) > 0
    }


# --- what the operating system says ---------------------------------------------------------------------------------


def resident(pid: int) -> int | None:
    """Bytes of memory that a process occupies now; None where the system does not tell."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def free_space(path: Path) -> int | None:
    """Bytes that are free where a file lies; None where the system does not tell."""
    try:
        found = os.statvfs(path)
    except (OSError, AttributeError):
        return None
    return found.f_bavail * found.f_frsize


class HealthWatch:
    """What a health strip asks. It satisfies `kraken_lab.views.health.HealthSource`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._facts = HealthFacts(at_ns=lab.now().wall_ns, label=lab.label)
        self._asked = False

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self._lab.closed

    def ask(self) -> None:
        """Have newer facts gathered soon. It does not wait, and asking again meanwhile changes nothing."""
        if self._lab.closed:
            self._take()  # nobody writes any more
        elif not self._asked:
            self._asked = True
            self._lab.io.soon(self._take)

    def newest(self) -> HealthFacts:
        """What was gathered last, with what the operating system says now. It does not wait."""
        facts, lab = self._facts, self._lab
        memory, box, account = facts.memory, lab.sandbox, facts.account
        found = None
        if box:
            found = SandboxFacts(
                pid=box.pid, alive=box.alive, memory=resident(box.pid) if box.alive else None, paused=box.paused
            )
        if account is not None and lab.trader is not None:
            account = replace(account, disk_free=free_space(lab.trader.folder.path))
        return replace(
            facts,
            screen=screen_facts(PUMP.pictures),
            memory=replace(memory, process=resident(os.getpid())),
            sandbox=found,
            account=account,
            halted=facts.halted if lab.trader is not None else halt_words(lab.halt_file.look()),
        )

    def look(self) -> HealthFacts:
        """The facts of now, waited for a moment; where the I/O thread does not answer those that are known."""
        try:
            self._lab.io.call(self._take, timeout=PATIENCE)
        except KrakenLabError:
            if self._lab.closed:
                self._take()
        return self.newest()

    def _take(self) -> None:
        self._asked = False
        facts = health_facts(self._lab, self._lab.now())
        if facts.closed:
            # What was subscribed is let go of by now; what it proved until then stays said.
            facts = replace(facts, books=self._facts.books, memory=self._facts.memory)
        self._facts = facts
