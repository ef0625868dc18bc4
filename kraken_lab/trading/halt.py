"""The halt: a file that stops every order of a state key, whoever wrote it, until somebody says why it may go on.

It is read before each send, so a kill from a terminal reaches a kernel that is busy. A halt is a fact of the account
and not of a process: only a file that says ``resumed`` ends it. A file that is gone or cannot be read ends nothing; and
while nobody can say what it says, nothing is sent.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ..errors import BadArgument
from ..wire import Instant, from_ns
from .audit import Audit
from .disk import Disk, Done

__all__ = ["HALT_FILE", "Halt", "HaltRecord", "halt_text", "read_halt"]

HALT_FILE: Final = "halt.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRecord:
    """One halt: why, since when (wall clock, ns), and which process said so.

    ``unfinished``: a kill that may still have something to cancel. ``resumed`` is why it ended, empty while it lasts.
    """

    reason: str
    since_ns: int
    pid: int
    unfinished: bool = False
    resumed: str = ""

    @property
    def in_words(self) -> str:
        """Why and since when, as every strip and status says it.

        >>> HaltRecord(reason="lab.kill()", since_ns=10**18, pid=1).in_words
        'HALTED since 2001-09-09T01:46:40Z (lab.kill())'
        """
        return f"HALTED{f' since {self.since}' if self.since else ''} ({self.reason})"

    @property
    def since(self) -> str:
        """Since when, as text (UTC); empty where nobody can know."""
        return from_ns(self.since_ns, 0) if self.since_ns else ""


def halt_text(record: HaltRecord) -> bytes:
    """What the file holds."""
    return json.dumps(asdict(record)).encode()


def read_halt(data: bytes | None) -> HaltRecord | None:
    """What a file says; None if there is none.

    >>> read_halt(None), read_halt(b"garbage").reason
    (None, 'the halt file cannot be read')
    """
    if data is None:
        return None
    try:
        found: dict[str, Any] = json.loads(data)
        return HaltRecord(
            reason=str(found["reason"]),
            since_ns=int(found["since_ns"]),
            pid=int(found["pid"]),
            unfinished=bool(found["unfinished"]),
            resumed=str(found["resumed"]),
        )
    except (ValueError, KeyError, TypeError):
        return HaltRecord(reason="the halt file cannot be read", since_ns=0, pid=0, unfinished=True)


class Halt:
    """One state key's halt, as this kernel knows it. Belongs to the I/O thread; beginning waits for the disk."""

    def __init__(self, folder: Path, disk: Disk, audit: Audit, *, pid: int) -> None:
        self.path = folder / HALT_FILE
        self.count = 0
        """How often this kernel has seen a halt begin: what was confirmed before one does not count after it."""
        self._disk, self._audit, self._pid = disk, audit, pid
        self._known: HaltRecord | None = None
        self._saved = True
        disk.watch(self.path)

    def look(self) -> HaltRecord | None:
        """The halt that is in force now, by the file and by what this kernel knows; None if there is none."""
        try:
            found = read_halt(self._disk.read(self.path))
        except OSError as error:
            reason = f"the halt file cannot be read ({error.strerror or type(error).__name__})"
            return self._known or HaltRecord(reason=reason, since_ns=0, pid=0)
        if found is None or not self._saved:
            return self._known  # what this kernel knows stands until the file says the same
        if found.resumed:
            self._known = None
        elif self._known != found:
            self.count += self._known is None
            self._known = found
        return self._known

    def latch(self, reason: str, at: Instant, done: Done, *, unfinished: bool = False) -> None:
        """Halt: in this kernel at once, and ``done`` when it is on the disk, or could not be put there.

        A halt that lasts already keeps its beginning, and its own reason first.
        """
        before = self.look()
        record = HaltRecord(reason=reason, since_ns=at.wall_ns, pid=self._pid, unfinished=unfinished)
        if before is not None:
            reasons = before.reason if reason in before.reason else f"{before.reason}; {reason}"
            record = replace(before, reason=reasons, unfinished=unfinished or before.unfinished)
        else:
            self.count += 1
        self._known = record
        self._save(record, done)
        self._audit.record("halt", {"reason": reason, "unfinished": unfinished}, at, _ignored)

    def finished(self, at: Instant) -> None:
        """The kill found nothing more to cancel. The halt lasts."""
        known = self.look()
        if known is not None and known.unfinished:
            self._known = replace(known, unfinished=False)
            self._audit.record("kill finished", {}, at)
            self._save(self._known, _ignored)

    def resume(self, reason: str, at: Instant, done: Done) -> None:
        """End the halt, for a reason, once that is in the audit log and on the disk. Ends nothing if it cannot be.

        Raises:
            BadArgument: no reason.
        """
        given: object = reason
        if not isinstance(given, str) or not given.strip():
            raise BadArgument("reason", reason, "why trading may go on, in words: it is kept in the audit log")
        known = self.look()
        if known is None:
            done(None, at)
            return
        ended = replace(known, resumed=reason.strip(), unfinished=False)

        def recorded(error: OSError | None, at: Instant) -> None:
            now = self.look()
            if error is None and now is not None and not _still(now, known):
                error = OSError("trading was halted again meanwhile")
            if error is not None or now is None:
                done(error, at)  # without a halt any more, somebody else has ended it
                return
            self._disk.replace(self.path, halt_text(ended), saved)

        def saved(error: OSError | None, at: Instant) -> None:
            if error is None and _still(self._known, known):
                self._known, self._saved = None, True
            done(error, at)

        self._audit.record("resume", {"reason": reason.strip(), "halted": known.reason}, at, recorded)

    def _save(self, record: HaltRecord, done: Done) -> None:
        self._saved = False

        def saved(error: OSError | None, at: Instant) -> None:
            if error is None and self._known == record:
                self._saved = True
            done(error, at)

        self._disk.replace(self.path, halt_text(record), saved)


def _still(now: HaltRecord | None, known: HaltRecord) -> bool:
    """Whether it is the halt that was known. That a kill of it came to its end meanwhile makes no other of it."""
    return now is not None and replace(now, unfinished=known.unfinished) == known and known.unfinished >= now.unfinished


def _ignored(error: OSError | None, at: Instant) -> None:
    """Nobody waits for this one."""
