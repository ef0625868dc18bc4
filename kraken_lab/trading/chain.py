"""A log in which every line knows the one before it, so that nothing can be changed or taken out unseen.

Each line is one JSON object with its number ``n``, the hash of the line before (``prev``) and its own ``hash``. A log
is its newest file and the older ones beside it, which are read as one. Several processes may add to it: a short lock
around each addition keeps the chain one.

What a crash left half written is cut off by whoever adds next, and kept, as text, in a record of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .disk import Files, Record

__all__ = ["RESERVED", "Break", "Chain", "ChainReport"]

FIRST: Final = "0" * 64
"""What stands for the hash before the first line."""

RESERVED: Final = frozenset({"n", "prev", "hash"})
"""Names that belong to the chain."""

MAX_BYTES: Final = 32 * 1024 * 1024
"""A file of the log larger than this is given another name, and the next one begun."""

_TORN_KEPT = 4096
_TAIL: Final = ',"hash":"'


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold: the file's name, the line in it (from 1), and what is wrong there."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a look at the whole log found. ``torn`` are lines that a crash left half written, which is no fault."""

    records: int
    torn: int
    breaks: tuple[Break, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was changed, taken out, put in or moved."""
        return not self.breaks

    def __repr__(self) -> str:
        torn = f", {self.torn} torn by a crash" if self.torn else ""
        found = "; ".join(f"{one.file} line {one.line}: {one.reason}" for one in self.breaks)
        return f"<audit log: {self.records} records{torn}, {found or 'the chain is whole'}>"


@dataclass(frozen=True, slots=True)
class _Head:
    """Where the log ends: its last line's number and hash, and the bytes of its newest file."""

    n: int
    hash: str
    size: int


class Chain:
    """The log at ``path``. Every method waits for the disk and raises OSError.

    >>> import tempfile
    >>> from kraken_lab.trading.files import OsFiles
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     chain = Chain(Path(folder, "audit.jsonl"), OsFiles())
    ...     print(chain.extend([{"kind": "opened"}, {"kind": "closed"}]))
    ...     chain.verify()
    []
    <audit log: 2 records, the chain is whole>
    """

    def __init__(self, path: Path, files: Files, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._seen: tuple[int, str] | None = None
        """Number and hash of the last record that was read or written here; None before the log was read."""
        self._files, self._max_bytes = files, max_bytes
        self._lock = path.with_suffix(".lock")
        self._head_path = path.with_suffix(".head")

    # --- adding -----------------------------------------------------------------------------------------------------

    def extend(self, records: Sequence[Record]) -> list[Record]:
        """Add the records, in order, and give what others added since the log was read by `take_up`.

        A line of theirs that cannot be read is given as an empty record. Raises OSError; then none counts as added.
        """
        with self._files.locked(self._lock):
            return self._add(records)

    def news(self) -> list[Record]:
        """What others added since, as `extend` gives it. Raises OSError."""
        head = _read_head(self._files.read(self._head_path))
        if head is None or self._seen in (None, (head.n, head.hash)):
            return []
        with self._files.locked(self._lock):
            head = _read_head(self._files.read(self._head_path)) or head
            others, self._seen = self._since(self._seen, head), (head.n, head.hash)
        return others

    def take_up(
        self, wanted: Callable[[Record], object], decide: Callable[[Sequence[Record]], Sequence[Record]]
    ) -> tuple[list[Record], ChainReport]:
        """Read the whole log, and add what ``decide`` makes of it before anybody else can add something.

        Gives the records that are ``wanted`` and how far the chain holds. That nothing could be added is no error: who
        decided goes by it all the same.
        """
        found: list[Record] = []

        def look(record: Record) -> None:
            if wanted(record):
                found.append(record)

        with self._files.locked(self._lock):
            contents, head = self._contents()
            report, self._seen = _looked_at(contents, head, look)
            with contextlib.suppress(OSError):
                if adds := decide(found):
                    self._add(adds)
        return found, report

    def _add(self, records: Sequence[Record]) -> list[Record]:
        head, torn = self._end()
        others = self._since(self._seen, head)
        lines: list[bytes] = []
        n, prev = head.n, head.hash
        for record in (*torn, *records):
            n += 1
            text, prev = _link(n, prev, record)
            lines.append(text)
        data = b"".join(lines)
        size = head.size
        if size and size + len(data) > self._max_bytes:
            self._files.sync(self.path)
            self._files.rename(self.path, self._older(head.n))
            size = 0
        try:
            self._files.append(self.path, data)
        except OSError:
            self._undo(size)
            raise
        with contextlib.suppress(OSError):
            # Without it the next one reads the log's end instead.
            self._files.replace(self._head_path, _head_text(_Head(n, prev, size + len(data))), durable=False)
        if self._seen is not None:
            self._seen = n, prev
        return others

    def _since(self, seen: tuple[int, str] | None, head: _Head) -> list[Record]:
        """The records after the one that was ``seen``, oldest first; an empty one where that is not there any more."""
        if seen is None or seen == (head.n, head.hash):
            return []
        n, link = seen
        found: list[Record] = []
        for path in (self.path, *reversed(self._older_files())):
            whole = _whole(self._files.read(path) or b"")[0]
            end = len(whole)
            while end:
                begin = whole.rfind(b"\n", 0, end - 1) + 1
                record = _parse(whole[begin:end])
                if record is not None and record["n"] <= n:
                    return found[::-1] if (record["n"], record.get("hash")) == (n, link) else [{}, *found[::-1]]
                found.append(record or {})
                end = begin
        return found[::-1] if n == 0 else [{}, *found[::-1]]

    def sync(self) -> None:
        """Until everything added is on the disk."""
        self._files.sync(self.path)

    def _undo(self, size: int) -> None:
        """Take back what was written of an addition that failed; what cannot be taken back is found as torn."""
        try:
            if self._files.size(self.path) > size:
                self._files.truncate(self.path, size)
        except OSError:
            return

    def _end(self) -> tuple[_Head, list[Record]]:
        """Where to go on, and what is to be said about a torn line first."""
        size = self._files.size(self.path)
        head = _read_head(self._files.read(self._head_path))
        if head is not None and head.size == size:
            return head, []
        # Somebody ended between the line and the head, or in the middle of the line.
        whole, fragment = _whole(self._files.read(self.path) or b"")
        last = _last(whole) or self._last_of_older()
        torn: list[Record] = []
        if fragment:
            self._files.truncate(self.path, len(whole))
            torn = [{"kind": "torn", "bytes": len(fragment), "text": fragment[:_TORN_KEPT].decode("ascii", "replace")}]
        n, link = last or (0, FIRST)
        return _Head(n, link, len(whole)), torn

    def _last_of_older(self) -> tuple[int, str] | None:
        older = self._older_files()
        return _last(_whole(self._files.read(older[-1]) or b"")[0]) if older else None

    def _older(self, n: int) -> Path:
        return self.path.with_name(f"{self.path.stem}-{n:012d}{self.path.suffix}")

    def _older_files(self) -> list[Path]:
        stem, suffix = f"{self.path.stem}-", self.path.suffix
        names = self._files.names(self.path.parent)
        return [self.path.with_name(name) for name in names if name.startswith(stem) and name.endswith(suffix)]

    # --- reading ----------------------------------------------------------------------------------------------------

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Every whole record, oldest first, whether or not the chain holds."""
        for path in (*self._older_files(), self.path):
            for line in _whole(self._files.read(path) or b"")[0].splitlines():
                found = _parse(line)
                if found is not None:
                    yield found

    def verify(self) -> ChainReport:
        """Look at every line of the log, and say where the chain does not hold."""
        with self._files.locked(self._lock):
            contents, head = self._contents()
        return _looked_at(contents, head, lambda record: None)[0]

    def _contents(self) -> tuple[list[tuple[Path, bytes]], _Head | None]:
        contents = [(path, self._files.read(path) or b"") for path in (*self._older_files(), self.path)]
        return contents, _read_head(self._files.read(self._head_path))


def _looked_at(
    contents: Sequence[tuple[Path, bytes]], head: _Head | None, each: Callable[[Record], object]
) -> tuple[ChainReport, tuple[int, str]]:
    """How far the chain of these files holds, oldest first, and number and hash of its last record.

    ``each`` is given every record that can be read. None is kept here: there may be very many.
    """
    n, prev, records, torn = 0, FIRST, 0, 0
    breaks: list[Break] = []
    for path, data in contents:
        whole, fragment = _whole(data)
        torn += bool(fragment)
        for line_number, line in enumerate(whole.split(b"\n")[:-1], start=1):
            found = _parse(line)
            reason = _wrong(line, found, n, prev)
            if reason:
                breaks.append(Break(path.name, line_number, reason))
            if found is None:
                n += 1
                continue
            records += 1
            torn += found.get("kind") == "torn"
            n, prev = _int(found.get("n"), n + 1), str(found.get("hash"))
            each(found)
    if head is not None and head.n > n:
        breaks.append(Break(contents[-1][0].name, records + 1, f"{head.n - n} records are missing at the end"))
    return ChainReport(records, torn, tuple(breaks)), (n, prev)


def _link(n: int, prev: str, record: Record) -> tuple[bytes, str]:
    """One line, and its hash."""
    if RESERVED & record.keys():
        raise ValueError(f"{', '.join(RESERVED & record.keys())}: these names belong to the chain")
    body = json.dumps({"n": n, "prev": prev, **record}, separators=(",", ":"), default=str)[:-1]
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f'{body}{_TAIL}{digest}"}}\n'.encode(), digest


def _wrong(line: bytes, found: Mapping[str, Any] | None, n: int, prev: str) -> str | None:
    """What is wrong with a line that should follow number ``n`` with the hash ``prev``."""
    if found is None:
        return "not a record"
    body = line.decode("ascii", "replace").rpartition(_TAIL)[0]
    if hashlib.sha256(body.encode()).hexdigest() != found.get("hash"):
        return "it was changed"
    at = _int(found.get("n"), -1)
    if at > n + 1:
        return f"{at - n - 1} records before it are missing"
    if at <= n:
        return f"record {at} is out of its place"
    return None if found.get("prev") == prev else "it does not follow the record before it"


def _parse(line: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("n"), int) else None


def _int(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _whole(data: bytes) -> tuple[bytes, bytes]:
    """What ends with a line's end, and what came after it."""
    cut = data.rfind(b"\n") + 1
    return data[:cut], data[cut:]


def _last(whole: bytes) -> tuple[int, str] | None:
    """Number and hash of the last record."""
    found = _parse(whole[whole.rfind(b"\n", 0, -1) + 1 :]) if whole else None
    return (_int(found.get("n"), 0), str(found.get("hash"))) if found else None


def _head_text(head: _Head) -> bytes:
    return json.dumps({"n": head.n, "hash": head.hash, "size": head.size}).encode()


def _read_head(data: bytes | None) -> _Head | None:
    found = None
    try:
        found = json.loads(data or b"")
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("hash"), str):
        return None
    n, size = found.get("n"), found.get("size")
    return _Head(n, found["hash"], size) if isinstance(n, int) and isinstance(size, int) else None
