"""How a lab is doing, as values: what the health strip is drawn from. Whoever knows a lab fills them in.

None of anything is: it is not known, or there is no such thing here. Times are seconds unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..tables import Gap
from ..trading.facts import RateCount

__all__ = [
    "AccountFacts",
    "Beat",
    "BookFacts",
    "HealthFacts",
    "LineFacts",
    "MemoryFacts",
    "SandboxFacts",
    "ScreenFacts",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """One connection. ``reconnects`` are the times it was made again, ``age`` is since its last message.

    ``transit`` is how long the newest updates were on their way, by the exchange's stamps and its clock's offset; that
    is off by ``uncertainty`` at most. ``waiting_for`` names subscriptions that are not acknowledged.
    """

    name: str
    state: str
    reason: str = ""
    reconnects: int = 0
    age: float | None = None
    attempts: int = 0
    next_attempt: float | None = None
    waiting_for: tuple[str, ...] = ()
    transit: float | None = None
    uncertainty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenFacts:
    """The pictures that a browser shows: from sending a frame to the word that it is painted, and the painting alone.

    ``trip`` and ``drawing`` are those of the middle picture, ``slowest`` is the longest trip of any.
    """

    pictures: int = 0
    trip: float | None = None
    slowest: float | None = None
    drawing: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFacts:
    """What the data proved of itself: checksums of books, gaps, and what had to be fetched anew.

    ``agreed`` and ``failed`` are None while no book is subscribed. ``not_live`` are streams with their state and why.
    """

    streams: int = 0
    agreed: int | None = None
    failed: int | None = None
    gaps: int = 0
    newest: Gap | None = None
    resyncs: int = 0
    not_live: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFacts:
    """Bytes: of the tables, the most they may take, and of the whole process. ``evicted`` rows are not lost ones."""

    tables: int = 0
    most: int = 0
    evicted: int = 0
    process: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxFacts:
    """The exchange on this machine: its process, whether it runs, its bytes, and the pairs it does not match now."""

    pid: int
    alive: bool
    memory: int | None = None
    paused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """The acting half. ``armed`` is None where nothing needs to be armed, ``lapses`` when it ends by itself.

    ``permits`` are confirmations that are not used up. ``audit`` is why the log cannot be written or relied on, and
    ``lost`` how many records were lost to that. ``disk_free`` is in bytes.
    """

    mode: str
    armed: bool | None = None
    disarmed_because: str = ""
    lapses: float | None = None
    open: int = 0
    unknown: int = 0
    reconciling: str = ""
    permits: int = 0
    audit: str | None = None
    lost: int = 0
    disk_free: int | None = None
    rates: Mapping[str, RateCount] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFacts:
    """All of it, at one moment. ``account`` is None while the account was not used, ``sandbox`` where there is none.

    ``halted`` says why and since when nothing is sent, whether the account was used or not; None while that is not so.

    ``system`` is what the exchange says of itself, ``offset`` how far its clock is ahead, ``patience`` the silence
    after which a line is replaced, ``lateness`` how late the I/O thread was at its last beat, ``at_worst`` ever.
    """

    at_ns: int
    label: str
    """Which lab: ``sandbox``, ``paper`` or ``live``."""
    closed: bool = False
    system: str | None = None
    offset: float | None = None
    offset_matters: float = 1.0
    """A clock that is off by more than this should be set."""
    patience: float = 5.0
    lines: tuple[LineFacts, ...] = ()
    screen: ScreenFacts = ScreenFacts()
    books: BookFacts = BookFacts()
    lateness: float | None = None
    at_worst: float | None = None
    memory: MemoryFacts = MemoryFacts()
    sandbox: SandboxFacts | None = None
    account: AccountFacts | None = None
    halted: str | None = None

    @property
    def transit(self) -> float | None:
        """How long the newest updates were on their way, on the slowest line of which that is known; never below 0.

        Below its uncertainty it may come out as less than nothing, which no message takes.
        """
        return max((max(line.transit, 0.0) for line in self.lines if line.transit is not None), default=None)


@dataclass(frozen=True, slots=True)
class Beat:
    """One moment of the past: ``to_kernel`` and ``to_screen`` in seconds, None where it was not known."""

    at_ns: int
    to_kernel: float | None
    to_screen: float | None
