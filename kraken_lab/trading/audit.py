"""The audit log of one state key: what was meant, sent, answered, decided and refused, in evidence.

Whoever records something goes on at once; the disk works elsewhere. An intent, an arming and a halt wait: they are on
the disk before they are acted on. No secret enters it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from ..errors import Malformed
from ..wire import Instant, from_ns
from .chain import Chain, ChainReport
from .disk import Disk, Done, Record
from .succession import OF_ORDERS, TAKEN_UP, Succession

__all__ = ["Audit"]

KEPT_UNWRITTEN: Final = 1_000
"""Records kept for another attempt while the disk takes none; older ones are counted and gone."""
_OF_ORDERS: Final = OF_ORDERS | {"refused", TAKEN_UP}
"""Kinds of records that a lab needs when it begins."""


class Audit:
    """One account's log. Belongs to the I/O thread, once it was taken up.

    ``redact`` takes a text and gives it back without any secret; ``pid`` is this process's and ``lab`` this lab's name,
    which no other one ever has. Records whose line could not be written are kept and tried again with the next one.
    """

    def __init__(self, chain: Chain, disk: Disk, *, pid: int, lab: str, redact: Callable[[str], str] = str) -> None:
        self.path, self.lab = chain.path, lab
        self.broken: str | None = None
        """Why the log cannot be relied on, so that no order leaves; None while it can."""
        self.lost = 0
        self.listener: Callable[[Sequence[Record]], object] = lambda records: None
        """Hears what other labs and programs added to the log, before what was added here after it counts as added."""
        self._chain, self._disk, self._pid, self._redact = chain, disk, pid, redact
        self._trouble: str | None = None
        self._unwritten: deque[Record] = deque()
        disk.heard = self._hear

    @property
    def trouble(self) -> str | None:
        """Why records cannot be written now; None while they can."""
        return self._disk.trouble or self._trouble

    def take_up(self, lives: Callable[[str], bool], at: Instant) -> tuple[list[Record], list[Record]]:
        """What is on the disk about orders, and of that what labs left that are gone, whose orders are this lab's now.

        It reads, and waits for that. A log that cannot be read, or does not hold, stops orders, and no cancel and no
        kill. ``lives`` tells whether a lab does.
        """
        left: list[Record] = []

        def decide(records: Sequence[Record]) -> Sequence[Record]:
            after = Succession(records, lives)
            left.extend(after.left_by_the_gone(records))
            return [self._made(TAKEN_UP, {"labs": list(after.gone)}, at)] if after.gone else []

        try:
            records, report = self._chain.take_up(_tells_of_orders, decide)
        except OSError as error:
            self.distrust(error)
            return [], []
        self._judge(report)
        return records, left

    def follow(self) -> None:
        """Have the ``listener`` hear what others added, also while nothing is added here."""
        self._disk.follow(self._chain)

    def _hear(self, records: Sequence[Record]) -> None:
        if not all(records):
            self.distrust(Malformed("what another program added to it"))
        self.listener([record for record in records if record])

    def record(self, kind: str, fields: Mapping[str, object], at: Instant, done: Done | None = None) -> None:
        """Add one record. With ``done`` it is flushed at once and that is called; without, within ``audit_group``."""
        record = self._made(kind, fields, at)
        if self._disk.trouble is None:
            again = list(self._unwritten)
            self._unwritten.clear()
            for one in again:
                self._append(one, None)
        self._append(record, done)

    def _made(self, kind: str, fields: Mapping[str, object], at: Instant) -> Record:
        whose = {"pid": self._pid, "lab": self.lab}
        return {"at": from_ns(at.wall_ns, 9), "kind": kind, **whose, **self._clean(fields)}

    def _append(self, record: Record, done: Done | None) -> None:
        def written(error: OSError | None, at: Instant) -> None:
            if error is None:
                self._trouble = None
            else:
                self._trouble = error.strerror or type(error).__name__
                if done is None:
                    self._keep(record)
            if done is not None:
                done(error, at)

        self._disk.append(self._chain, record, written, at_once=done is not None)

    def _keep(self, record: Record) -> None:
        if len(self._unwritten) >= KEPT_UNWRITTEN:
            self._unwritten.popleft()
            self.lost += 1
        self._unwritten.append(record)

    def _clean(self, fields: Mapping[str, object]) -> dict[str, object]:
        return {name: self._cleaned(value) for name, value in fields.items()}

    def _cleaned(self, value: object) -> object:
        if isinstance(value, str):
            return self._redact(str(value))
        if isinstance(value, Mapping):
            return {self._redact(str(name)): self._cleaned(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._cleaned(inner) for inner in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._redact(str(value))

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Everything that is on the disk, oldest first. It reads, and waits for that."""
        return self._chain.records()

    def distrust(self, error: Malformed | OSError) -> None:
        """What is on the disk cannot be read: no order leaves this kernel any more. The first reason is kept."""
        if self.broken is None:
            reason = error.reason if isinstance(error, Malformed) else error.strerror or type(error).__name__
            self.broken = f"it cannot be read ({reason})"

    def verify(self) -> ChainReport:
        """Look at the whole chain. Where it does not hold is in ``.breaks``; then no order leaves any more.

        What the disk has not taken yet is not in it. It reads, and waits for that.
        """
        report = self._chain.verify()
        self._judge(report)
        return report

    def _judge(self, report: ChainReport) -> None:
        if report.breaks:
            first = report.breaks[0]
            self.broken = f"{first.file} line {first.line}: {first.reason}"


def _tells_of_orders(record: Record) -> bool:
    """Whether a record says what was used of the limits, or whose an order is; most only say what was heard."""
    return record.get("kind") in _OF_ORDERS
