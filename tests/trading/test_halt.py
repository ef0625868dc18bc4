"""A halt stops everything, outlives its kernel, and ends only for a reason."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.trading.halt import HALT_FILE, HaltRecord, halt_text, read_halt
from kraken_lab.wire import Instant

from .lock_bench import Bench

Said = list[OSError | None]


def latch(bench: Bench, reason: str = "kill", *, unfinished: bool = False) -> Said:
    """Halt; what the disk said."""
    said: Said = []
    bench.halt.latch(reason, bench.now, lambda error, at: said.append(error), unfinished=unfinished)
    return said


def resume(bench: Bench, reason: str = "looked at it") -> Said:
    """End it; what the disk said."""
    said: Said = []
    bench.halt.resume(reason, bench.now, lambda error, at: said.append(error))
    return said


def written_elsewhere(folder: Path, reason: str = "from a terminal", *, resumed: str = "") -> None:
    """Another process writes the file."""
    record = HaltRecord(reason=reason, since_ns=1, pid=77, unfinished=not resumed, resumed=resumed)
    (folder / HALT_FILE).write_bytes(halt_text(record))


@pytest.mark.promise("A-13")
@pytest.mark.fault("F-124")
def test_a_halt_outlives_its_kernel_and_ends_for_a_reason(tmp_path: Path) -> None:
    """The next kernel is halted too; no reason is no reason; the reason is in the log."""
    bench = Bench(tmp_path)
    assert latch(bench) == [None]
    assert bench.last("halt")["reason"] == "kill"
    later = Bench(tmp_path, pid=2)
    found = later.halt.look()
    assert found is not None
    assert (found.reason, found.pid, found.since) == ("kill", 1, "2023-11-14T22:13:20Z")
    for nothing in ("", "  ", None):
        with pytest.raises(BadArgument, match="why trading may go on"):
            later.halt.resume(nothing, later.now, lambda error, at: None)  # type: ignore[arg-type]
    assert later.place() is None
    assert resume(later, "looked at it") == [None]
    assert later.last("resume")["reason"] == "looked at it"
    assert later.halt.look() is None
    assert later.place() is not None
    # The first kernel, which halted it, sees that it is over; and so does a third.
    assert bench.halt.look() is None
    assert Bench(tmp_path, pid=3).halt.look() is None


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-181")
def test_a_halt_holds_at_once_and_is_acted_on_when_it_is_on_the_disk(tmp_path: Path) -> None:
    """Orders stop before the disk has answered; what follows from the halt waits for that."""
    bench = Bench(tmp_path)
    bench.disk.slow = True
    said = latch(bench)
    assert bench.halt.look() is not None
    assert said == []
    assert not (tmp_path / HALT_FILE).exists()
    bench.disk.run()
    assert said == [None]
    assert (tmp_path / HALT_FILE).exists()


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-103")
def test_a_halt_that_cannot_be_written_holds_in_this_kernel(tmp_path: Path) -> None:
    """The kill goes on, and only a resume that is written ends it."""
    bench = Bench(tmp_path)
    bench.files.failing["replace"] = OSError(errno.ENOSPC, "full")
    (error,) = latch(bench)
    assert error is not None
    assert bench.halt.look() is not None
    (error,) = resume(bench)
    assert error is not None
    assert bench.halt.look() is not None
    bench.files.failing.clear()
    assert resume(bench) == [None]
    assert bench.halt.look() is None


def test_a_halt_that_cannot_be_written_is_not_ended_by_an_older_file(tmp_path: Path) -> None:
    """That file says of another halt that it is over."""
    written_elsewhere(tmp_path, resumed="long ago")
    bench = Bench(tmp_path)
    bench.files.failing["replace"] = OSError(errno.ENOSPC, "full")
    latch(bench)
    assert [bench.halt.look() is not None for _ in range(2)] == [True, True]
    assert bench.place() is None


def test_a_resume_that_is_not_in_the_log_ends_nothing(tmp_path: Path) -> None:
    """First the reason, then the end."""
    bench = Bench(tmp_path)
    latch(bench)
    bench.files.failing["append"] = OSError(errno.EIO, "broken")
    (error,) = resume(bench)
    assert error is not None
    assert bench.halt.look() is not None
    assert Bench(tmp_path, pid=2).halt.look() is not None


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
def test_a_halt_of_another_process_is_seen_at_the_next_look(tmp_path: Path) -> None:
    """Counted once, however often one looks; and its end is seen too."""
    bench = Bench(tmp_path)
    assert bench.halt.look() is None
    written_elsewhere(tmp_path)
    assert [bench.halt.look() is not None for _ in range(3)] == [True] * 3
    assert bench.halt.count == 1
    written_elsewhere(tmp_path, resumed="all is well")
    assert bench.halt.look() is None
    written_elsewhere(tmp_path, "again")
    assert bench.halt.look() is not None
    assert bench.halt.count == 2


@pytest.mark.promise("A-13")
@pytest.mark.promise("A-17")
def test_a_file_that_is_gone_or_unreadable_ends_nothing(tmp_path: Path) -> None:
    """Taking it away is not a reason, and garbage is a halt."""
    bench = Bench(tmp_path)
    latch(bench)
    (tmp_path / HALT_FILE).unlink()
    assert bench.halt.look() is not None
    (tmp_path / HALT_FILE).write_bytes(b'{"resumed": "yes"')
    assert bench.halt.look() is not None
    fresh = Bench(tmp_path, pid=2)
    assert fresh.halt.look() is not None
    (tmp_path / "elsewhere").mkdir()
    other = Bench(tmp_path / "elsewhere")
    other.files.failing["read"] = OSError(errno.EIO, "Input/output error")
    found = other.halt.look()
    assert found is not None
    assert "cannot be read" in found.reason


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-181")
def test_while_nobody_can_say_what_the_file_says_nothing_goes_and_after_that_it_decides(tmp_path: Path) -> None:
    """A disk that does not answer for a while is no kill, and it hides none."""
    bench, silent = Bench(tmp_path), OSError(errno.ETIMEDOUT, "the disk has not answered for 3 s")
    bench.files.failing["read"] = silent
    assert bench.place() is None
    assert "the disk has not answered for 3 s" in str(bench.refusals)
    bench.files.failing.clear()
    assert bench.halt.look() is None
    assert bench.place() is not None
    bench.files.failing["read"] = silent
    assert bench.halt.look() is not None
    written_elsewhere(tmp_path)
    bench.files.failing.clear()
    assert bench.place(order_qty="2") is None
    found = bench.halt.look()
    assert found is not None
    assert found.reason == "from a terminal"


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b'"x"', b"\xff", b'{"reason": "x"}', b'{"reason":1,"since_ns":"x","pid":1}']
)
def test_whatever_is_no_halt_file_is_a_halt(data: bytes) -> None:
    """It fails closed."""
    found = read_halt(data)
    assert found is not None
    assert not found.resumed
    assert found.unfinished


def test_a_second_halt_keeps_the_first_ones_beginning(tmp_path: Path) -> None:
    """Both reasons are told, and a kill that began is not forgotten."""
    bench = Bench(tmp_path)
    latch(bench, "kill", unfinished=True)
    bench.wait(60)
    latch(bench, "kill again")
    found = bench.halt.look()
    assert found is not None
    assert found.since == "2023-11-14T22:13:20Z"
    assert found.reason == "kill; kill again"
    assert found.unfinished
    assert bench.halt.count == 1


@pytest.mark.promise("A-13")
def test_a_kill_that_was_not_complete_is_known_to_the_next_kernel(tmp_path: Path) -> None:
    """Until it is finished; the halt lasts."""
    bench = Bench(tmp_path)
    latch(bench, unfinished=True)
    found = Bench(tmp_path, pid=2).halt.look()
    assert found is not None
    assert found.unfinished
    bench.halt.finished(bench.now)
    found = Bench(tmp_path, pid=3).halt.look()
    assert found is not None
    assert not found.unfinished
    assert "kill finished" in bench.kinds()


def test_a_halt_during_a_resume_stands(tmp_path: Path) -> None:
    """While the reason was being written, a terminal said stop."""
    bench = Bench(tmp_path)
    latch(bench)
    bench.disk.slow = True
    said = resume(bench)
    written_elsewhere(tmp_path)
    bench.disk.run()
    assert isinstance(said[0], OSError)
    found = Bench(tmp_path, pid=2).halt.look()
    assert found is not None
    assert found.reason == "from a terminal"


@pytest.mark.promise("A-13")
def test_a_kill_that_comes_to_its_end_during_a_resume_is_no_other_halt(tmp_path: Path) -> None:
    """Whoever killed writes down that nothing is left, just when somebody else ends the halt."""
    killer, other = Bench(tmp_path), Bench(tmp_path, pid=2)
    latch(killer, unfinished=True)
    assert other.halt.look() is not None
    other.disk.slow = True
    said = resume(other)
    killer.halt.finished(killer.now)
    other.disk.run()
    assert said == [None]
    assert other.halt.look() is None


@pytest.mark.promise("A-13")
def test_a_halt_that_somebody_else_ended_during_a_resume_is_over(tmp_path: Path) -> None:
    """Both are done; that it was ended is not taken for another halt, and the file keeps the first reason."""
    one, other = Bench(tmp_path), Bench(tmp_path, pid=2)
    latch(one)
    assert other.halt.look() is not None
    other.disk.slow = True
    said = resume(other, "looked too")
    assert resume(one, "looked at it") == [None]
    other.disk.run()
    assert said == [None]
    assert other.halt.look() is None
    found = read_halt((tmp_path / HALT_FILE).read_bytes())
    assert found is not None
    assert found.resumed == "looked at it"


def test_nothing_to_resume_is_no_trouble(tmp_path: Path) -> None:
    """Asked without a halt, it has nothing to do."""
    bench = Bench(tmp_path)
    assert resume(bench) == [None]
    assert list(bench.kinds()) == []


def test_an_older_halt_on_the_disk_does_not_replace_a_newer_one_in_the_kernel(tmp_path: Path) -> None:
    """What this kernel knows stands until the file says the same."""
    bench = Bench(tmp_path)
    written_elsewhere(tmp_path, resumed="over")
    bench.disk.slow = True
    latch(bench, "now")
    found = bench.halt.look()
    assert found is not None
    assert found.reason == "now"
    bench.disk.run()
    assert bench.halt.look() == found


def test_the_time_of_a_halt_is_text(tmp_path: Path) -> None:
    """In UTC, without fractions."""
    assert HaltRecord(reason="x", since_ns=Instant(0.0, 1_500_000_000_000_000_000).wall_ns, pid=1).since.endswith("Z")
