"""The disk's own thread: in order, grouped, never in the way, and gone when it is closed."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from kraken_lab.errors import LabClosed, NotReady
from kraken_lab.net import Nonce, sign
from kraken_lab.net.clock import SystemClock
from kraken_lab.net.disk import BACKLOG, DiskWorker
from kraken_lab.net.in_time import in_time, soon_or_not
from kraken_lab.trading.chain import Chain
from kraken_lab.trading.disk import Record
from kraken_lab.trading.file_lock import waiting_lock
from kraken_lab.trading.files import OsFiles
from kraken_lab.wire import Instant
from tests.disks import FaultyFiles

Said = SimpleQueue[tuple[str, OSError | None]]


class Log:
    """A log that is only looked at. ``gate`` holds its flushes up until a test lets them go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.flushes = 0
        self.flushed: SimpleQueue[int] = SimpleQueue()
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.others: list[Record] = []

    def extend(self, records: Sequence[Record]) -> Sequence[Record]:
        """Take the records, or refuse all; others add ``others``, once."""
        if self.error is not None:
            raise self.error
        self.batches.append([str(record["name"]) for record in records])
        return self.news()

    def news(self) -> Sequence[Record]:
        """What others added, once."""
        others, self.others = self.others, []
        return others

    def sync(self) -> None:
        """Count, and wait for the gate."""
        self.flushed.put(self.flushes)
        assert self.gate.wait(10)
        self.flushes += 1


@pytest.fixture
def said() -> Said:
    """What was called back, in order."""
    return SimpleQueue()


def worker(group: float = 60.0) -> DiskWorker:
    """A disk whose callbacks come at once, in its own thread."""
    return DiskWorker(OsFiles(), post=lambda function: function(), clock=SystemClock(), group=group)


def tell(said: Said, name: str) -> Callable[[OSError | None, Instant], None]:
    """A ``done`` that says its name."""
    return lambda error, at: said.put((name, error))


def add(disk: DiskWorker, log: Log, said: Said, name: str, *, at_once: bool = False) -> None:
    """Add one record."""
    disk.append(log, {"name": name}, tell(said, name), at_once=at_once)


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-181")
def test_what_waits_for_a_slow_flush_goes_together(said: Said) -> None:
    """Nobody is told before the flush; everything that came meanwhile shares the next one."""
    disk, log = worker(), Log()
    log.gate.clear()
    add(disk, log, said, "first", at_once=True)
    log.flushed.get(timeout=10)
    for number in range(50):
        add(disk, log, said, str(number), at_once=number % 2 == 0)
    assert said.empty()
    log.gate.set()
    assert said.get(timeout=10) == ("first", None)
    assert [said.get(timeout=10)[0] for _ in range(50)] == [str(number) for number in range(50)]
    disk.close()
    assert log.batches == [["first"], [str(number) for number in range(50)]]
    assert log.flushes == 2


@pytest.mark.promise("A-15")
def test_what_nobody_waits_for_is_flushed_within_its_group(said: Said) -> None:
    """Not at once, but soon, and together."""
    disk, log = worker(group=0.05), Log()
    for name in "abc":
        add(disk, log, said, name)
    assert {said.get(timeout=10)[0] for _ in range(3)} == set("abc")
    disk.close()
    assert log.flushes <= 3


def test_what_somebody_waits_for_takes_the_others_along(said: Said) -> None:
    """One flush is for everything that was added before it."""
    disk, log = worker(), Log()
    add(disk, log, said, "group")
    add(disk, log, said, "intent", at_once=True)
    assert [said.get(timeout=10)[0] for _ in range(2)] == ["group", "intent"]
    disk.close()


@pytest.mark.promise("O-02")
@pytest.mark.fault("F-103")
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("a programmer's mistake")])
def test_who_waits_is_told_what_went_wrong_and_the_thread_goes_on(said: Said, error: Exception) -> None:
    """In writing, in flushing and in replacing."""
    disk, log = worker(), Log()
    log.error = error
    add(disk, log, said, "lost", at_once=True)
    assert isinstance(said.get(timeout=10)[1], OSError)
    log.error = None
    add(disk, log, said, "kept", at_once=True)
    assert said.get(timeout=10) == ("kept", None)
    disk.close()


def test_a_flush_that_fails_fails_for_everybody_in_it(said: Said) -> None:
    """Written and not flushed is not on the disk."""

    class Unflushable(Log):
        def sync(self) -> None:
            """Fail."""
            raise OSError(5, "Input/output error")

    disk = worker()
    add(disk, Unflushable(), said, "intent", at_once=True)
    name, error = said.get(timeout=10)
    assert (name, str(error)) == ("intent", "[Errno 5] Input/output error")
    disk.close()


@pytest.mark.promise("A-08")
def test_what_others_added_is_heard_before_what_was_added_after_it_counts(said: Said) -> None:
    """And when it is only looked for; a look that fails is made again with the next one."""
    disk, log = worker(), Log()

    def heard(records: Sequence[Record]) -> None:
        for record in records:
            said.put((str(record["name"]), None))

    disk.heard = heard
    log.others = [{"name": "theirs"}, {"name": "too"}]
    add(disk, log, said, "ours", at_once=True)
    assert [said.get(timeout=10)[0] for _ in range(3)] == ["theirs", "too", "ours"]
    log.others = [{"name": "later"}]
    disk.follow(log)
    assert said.get(timeout=10)[0] == "later"
    disk.close()
    assert said.empty()


def test_a_file_is_replaced_after_what_was_asked_for_earlier(said: Said, tmp_path: Path) -> None:
    """And who reads it sees the old one whole, or the new one."""
    disk = worker()
    for name in ("halt.json", "nothing"):
        disk.watch(tmp_path / name)
    chain = Chain(tmp_path / "audit.jsonl", OsFiles())
    disk.append(chain, {"kind": "halt"}, tell(said, "record"), at_once=True)
    disk.replace(tmp_path / "halt.json", b"{}", tell(said, "halt"))
    assert {said.get(timeout=10)[0] for _ in range(2)} == {"record", "halt"}
    assert disk.read(tmp_path / "halt.json") == b"{}"
    assert disk.read(tmp_path / "nothing") is None
    disk.replace(tmp_path / "no folder" / "x", b"", tell(said, "nowhere"))
    assert isinstance(said.get(timeout=10)[1], OSError)
    disk.close()
    assert chain.verify().records == 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_closing_flushes_everything_and_ends_the_thread(said: Said) -> None:
    """Twice is once, and what comes later is told so."""
    disk, log = worker(), Log()
    for name in "abc":
        add(disk, log, said, name)
    disk.close()
    disk.close()
    assert not disk._thread.is_alive()
    assert log.batches
    assert [said.get_nowait()[1] for _ in range(3)] == [None] * 3
    add(disk, log, said, "late")
    assert "closed" in str(said.get_nowait()[1])


def test_done_is_called_where_its_owner_wants_it(said: Said) -> None:
    """Through ``post``, with the time."""
    posted: SimpleQueue[Callable[[], object]] = SimpleQueue()
    disk = DiskWorker(OsFiles(), post=posted.put, clock=SystemClock())
    moments: list[Instant] = []
    disk.append(Log(), {"name": "x"}, lambda error, at: moments.append(at), at_once=True)
    call = posted.get(timeout=10)
    assert moments == []
    call()
    assert moments[0].wall_ns > 0
    disk.close()


@pytest.mark.promise("S-21")
def test_a_forked_child_writes_nothing(said: Said) -> None:
    """Its calls raise, and closing there leaves the parent's thread alone."""
    disk, log = worker(), Log()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            disk.close()
            add(disk, log, said, "child", at_once=True)
        except LabClosed:
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    add(disk, log, said, "parent", at_once=True)
    assert said.get(timeout=10) == ("parent", None)
    disk.close()


def test_files_are_private_and_whole(tmp_path: Path) -> None:
    """What is replaced is there whole or not at all; a failure leaves no file beside it."""
    files = OsFiles()
    path = tmp_path / "file"
    files.replace(path, b"one")
    files.append(path, b"two")
    files.sync(path)
    assert files.read(path) == b"onetwo"
    assert files.size(path) == 6
    files.truncate(path, 3)
    files.rename(path, tmp_path / "other")
    assert (files.read(path), files.size(path)) == (None, 0)
    assert list(files.names(tmp_path)) == ["other"]
    assert files.names(tmp_path / "nothing") == []
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o600
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        files.replace(tmp_path / "folder", b"x")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder", "other"]


# --- a disk that does not answer --------------------------------------------------------------------------------------


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.mono = 100.0

    def now(self) -> Instant:
        """This moment."""
        return Instant(self.mono, 0)


def hanging(folder: Path) -> tuple[DiskWorker, FaultyFiles, Ticking]:
    """A disk that watches a halt file, and what makes it hang."""
    files, clock = FaultyFiles(), Ticking()
    disk = DiskWorker(files, post=lambda function: function(), clock=clock)
    disk.watch(folder / "halt.json")
    return disk, files, clock


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-181")
def test_what_is_watched_was_read_after_what_somebody_waited_for_was_on_the_disk(said: Said, tmp_path: Path) -> None:
    """Whoever goes on then knows of a halt that another process had written by then."""
    disk, _, _ = hanging(tmp_path)
    log, seen = Log(), SimpleQueue[bytes | None]()
    log.gate.clear()
    disk.append(log, {"name": "intent"}, lambda error, at: seen.put(disk.read(tmp_path / "halt.json")), at_once=True)
    log.flushed.get(timeout=10)
    (tmp_path / "halt.json").write_bytes(b"halted")
    log.gate.set()
    assert seen.get(timeout=10) == b"halted"
    disk.close()


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-181")
@pytest.mark.parametrize("operation", ["read", "append", "replace"])
def test_a_disk_that_hangs_holds_nobody_up_and_says_so(said: Said, tmp_path: Path, operation: Any) -> None:
    """What is watched cannot be read any more, and can be once it answers; what was asked for is done then."""
    disk, files, clock = hanging(tmp_path)
    chain = Chain(tmp_path / "audit.jsonl", files)
    files.hang(operation)
    disk.replace(tmp_path / "halt.json", b"{}", tell(said, "file"))
    disk.append(chain, {"kind": "intent"}, tell(said, "record"), at_once=True)
    assert files.hung.wait(10)
    assert disk.read(tmp_path / "halt.json") in (None, b"{}")
    clock.mono += 3.0
    for _ in range(3):
        with pytest.raises(OSError, match="has not answered for 3 s"):
            disk.read(tmp_path / "halt.json")
    assert disk.trouble == "the disk has not answered for 3 s"
    files.answer()
    assert {said.get(timeout=10) for _ in range(2)} == {("file", None), ("record", None)}
    assert disk.read(tmp_path / "halt.json") == b"{}"
    disk.close()
    assert disk.trouble is None


@pytest.mark.promise("S-01")
def test_a_process_that_was_held_up_is_not_the_disks_silence(tmp_path: Path) -> None:
    """Nothing ran for ten seconds, the disk's thread neither: it is given a moment before the disk is blamed."""
    disk, _, clock = hanging(tmp_path)
    clock.mono += 10.0
    assert disk.read(tmp_path / "halt.json") is None
    disk.close()


@pytest.mark.promise("B-01")
def test_what_nobody_waits_for_is_not_kept_without_bound_for_a_disk_that_hangs(said: Said, tmp_path: Path) -> None:
    """It is given back, for the audit log to count; an intent is taken all the same, and waits."""
    disk, files, _ = hanging(tmp_path)
    log = Log()
    files.hang("read")
    disk.replace(tmp_path / "halt.json", b"{}", tell(said, "file"))
    assert files.hung.wait(10)
    for _ in range(BACKLOG + 2):
        disk.append(log, {"name": "x"}, tell(said, "record"), at_once=False)
    add(disk, log, said, "intent", at_once=True)
    for _ in range(2):
        name, error = said.get(timeout=10)
        assert (name, str(error)) == ("record", f"[Errno {errno.EAGAIN}] too much waits for the disk")
    assert said.empty()
    files.answer()
    disk.close()
    assert sum(map(len, log.batches)) == BACKLOG + 1


@pytest.mark.promise("B-06")
def test_work_that_hangs_is_waited_for_so_long_and_what_comes_late_is_put_away() -> None:
    """In a cell, and on a loop, which goes on meanwhile."""
    gate, late = threading.Event(), SimpleQueue[int]()

    def work() -> int:
        assert gate.wait(10)
        return 7

    with pytest.raises(NotReady, match="the folder"):
        in_time(work, 0.01, "the folder", late=late.put)
    assert asyncio.run(soon_or_not(work, 0.01, lambda: late.put(8))) is None
    gate.set()
    assert {late.get(timeout=10) for _ in range(2)} == {7, 8}
    assert in_time(work, 10.0, "the folder") == asyncio.run(soon_or_not(work, 10.0)) == 7
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 / 0, 10.0, "the folder")


@pytest.mark.promise("S-20")
@pytest.mark.fault("F-181")
def test_numbers_rise_without_their_file_when_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancel by REST must not wait for it; it is used again when it answers."""
    monkeypatch.setattr(sign, "PATIENCE_S", 0.02)
    path = tmp_path / "nonce"
    nonce = Nonce(lambda: 1_000, path=path)

    async def story() -> None:
        assert await nonce.soon() == 1_000
        with waiting_lock(path):  # whoever holds it does not let go
            assert [await nonce.soon() for _ in range(3)] == [1_001, 1_002, 1_003]
        monkeypatch.setattr(sign, "PATIENCE_S", 10.0)
        while nonce._left_behind:
            await asyncio.sleep(0.001)
        number = await nonce.soon()
        assert number > 1_003
        assert path.read_text() == f"{number:020d}"

    asyncio.run(story())
