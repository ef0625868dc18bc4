"""A folder for each account and run, which a dead run leaves to be removed and a living one does not."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kraken_lab.errors import SetupError
from kraken_lab.trading.file_lock import FileLock
from kraken_lab.trading.state_folder import StateFolder, StateKey, fingerprint, home, remove_dead, run_name

from .lock_bench import ACCOUNT, Bench

ROOT = Path(__file__).parent.parent.parent
RUN = StateKey("sandbox", ACCOUNT, "aaaa")
LIVE = StateKey("live-like", ACCOUNT)

HOLDER = """
import sys
from pathlib import Path
from kraken_lab.trading.state_folder import StateFolder, StateKey
folder = StateFolder(Path(sys.argv[1]), StateKey("sandbox", sys.argv[2], sys.argv[3]))
print(folder.path.name, flush=True)
sys.stdin.readline()
"""


def another_process(root: Path, run: str) -> subprocess.Popen[str]:
    """Another kernel, in a run of its own or in ours."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root), ACCOUNT, run],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == f"sandbox_{ACCOUNT}_{run}"
    return process


@pytest.mark.promise("A-13")
@pytest.mark.promise("O-14")
@pytest.mark.promise("A-15")
@pytest.mark.promise("B-05")
@pytest.mark.fault("F-180")
def test_a_sandboxs_state_dies_with_its_run(tmp_path: Path) -> None:
    """Halted, with used limits and open intents; the next run knows nothing of it, and a live account keeps its own."""
    live = StateFolder(tmp_path, LIVE)
    kernel = Bench(live.path)
    kernel.place()
    kernel.halt.latch("kill", kernel.now, lambda error, at: None)
    run = StateFolder(tmp_path, RUN)
    kernel = Bench(run.path)
    kernel.place()
    kernel.halt.latch("kill", kernel.now, lambda error, at: None)
    run.close()
    run.close()
    live.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [LIVE.name]
    again = StateFolder(tmp_path, StateKey("sandbox", ACCOUNT, "bbbb"))
    fresh = Bench(again.path)
    assert fresh.halt.look() is None
    assert fresh.gate.past == ()
    assert list(fresh.audit.records()) == []
    again.close()
    later = Bench(StateFolder(tmp_path, LIVE).path, pid=2)
    assert later.halt.look() is not None
    assert len(later.gate.past) == 1


@pytest.mark.promise("A-13")
@pytest.mark.fault("F-180")
def test_whoever_starts_next_removes_what_the_dead_left(tmp_path: Path) -> None:
    """Killed without a word; a living run's folder and a real account's stay, and so does anything that is not ours."""
    StateFolder(tmp_path, LIVE)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("keep")
    with another_process(tmp_path, "dead") as dead, another_process(tmp_path, "alive") as alive:
        dead.send_signal(signal.SIGKILL)
        dead.wait(10)
        assert remove_dead(tmp_path) == [f"sandbox_{ACCOUNT}_dead"]
        assert sorted(path.name for path in tmp_path.iterdir()) == [LIVE.name, "notes", f"sandbox_{ACCOUNT}_alive"]
        assert remove_dead(tmp_path) == []
        alive.communicate("end\n", timeout=10)
    assert remove_dead(tmp_path) == [f"sandbox_{ACCOUNT}_alive"]


def test_a_run_that_two_kernels_have_lasts_until_both_are_gone(tmp_path: Path) -> None:
    """The first to leave removes nothing."""
    with another_process(tmp_path, "aaaa") as other:
        here = StateFolder(tmp_path, RUN)
        here.close()
        assert here.path.exists()
        other.communicate("end\n", timeout=10)
    assert remove_dead(tmp_path) == [RUN.name]
    assert not here.path.exists()


@pytest.mark.promise("A-13")
@pytest.mark.fault("F-124")
@pytest.mark.fault("F-180")
def test_a_run_lives_as_long_as_its_sandbox(tmp_path: Path) -> None:
    """A kernel that comes back to it finds the halt; when the sandbox is gone, so is the halt."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sandbox:
        first = StateFolder(tmp_path, RUN, venue_pid=sandbox.pid)
        kernel = Bench(first.path)
        kernel.halt.latch("kill", kernel.now, lambda error, at: None)
        first.close()
        assert remove_dead(tmp_path) == []
        second = StateFolder(tmp_path, RUN, venue_pid=sandbox.pid)
        assert Bench(second.path, pid=2).halt.look() is not None
        sandbox.communicate(b"end")
        assert remove_dead(tmp_path) == []
        second.close()
    assert not second.path.exists()


@pytest.mark.parametrize("text", ["", "nobody", "99999999999999999999", "4194305"])
def test_a_folder_that_names_no_process_belongs_to_nobody(tmp_path: Path, text: str) -> None:
    """Whatever its file says, what nobody holds goes."""
    folder = StateFolder(tmp_path, RUN)
    (folder.path / "venue.pid").write_text(text)
    folder.close()
    assert not folder.path.exists()


def test_a_folder_that_was_removed_under_way_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody took it for a dead run's between its making and its lock."""
    tries: list[int] = []
    take = FileLock.take

    def slow(self: FileLock, *, shared: bool = False) -> bool:
        tries.append(1)
        if len(tries) == 1:
            self.path.parent.rename(tmp_path / ".dead-x")
        return take(self, shared=shared)

    monkeypatch.setattr(FileLock, "take", slow)
    folder = StateFolder(tmp_path, RUN)
    assert len(tries) == 2
    assert (folder.path / "alive.lock").exists()
    monkeypatch.undo()
    assert remove_dead(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [RUN.name]


def test_a_lock_whose_file_was_renamed_is_taken_anew(tmp_path: Path) -> None:
    """What is locked must be what has the name."""
    path = tmp_path / "lock"
    first = FileLock(path)
    assert first.take()
    path.rename(tmp_path / "old")
    second = FileLock(path)
    assert second.take()
    assert not FileLock(path).take()
    first.release()
    assert not FileLock(path).take()
    second.release()


def test_a_lock_whose_file_goes_while_it_is_taken_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening it and locking it somebody renamed it: who comes by its name would get a second one."""
    path = tmp_path / "lock"
    tries: list[int] = []
    flock = fcntl.flock

    def slow(fd: int, operation: int) -> None:
        tries.append(fd)
        if len(tries) == 1:
            path.rename(tmp_path / "old")
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", slow)
    first = FileLock(path)
    assert first.take()
    assert len(tries) == 2
    assert not FileLock(path).take()
    first.release()


def test_nothing_is_removed_where_there_is_nothing(tmp_path: Path) -> None:
    """No folder yet is no trouble."""
    assert remove_dead(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    "key", [("live", "../x"), ("live", ""), ("live", "a/b"), ("sandbox", "a", ".."), ("sandbox", "a", "x" * 65)]
)
def test_a_key_cannot_leave_its_folder(key: tuple[str, ...]) -> None:
    """A name is a name and no path."""
    with pytest.raises(SetupError, match="cannot name a folder"):
        StateKey(*key)  # type: ignore[arg-type]


def test_a_folder_that_others_can_write_in_is_refused(tmp_path: Path) -> None:
    """Whoever could write a halt or a log there could also take one away."""
    (tmp_path / LIVE.name).mkdir()
    (tmp_path / LIVE.name).chmod(0o777)
    with pytest.raises(SetupError, match="chmod 700"):
        StateFolder(tmp_path, LIVE)


def test_a_home_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="KRAKEN_LAB_HOME"):
        StateFolder(tmp_path / "file", LIVE)


def test_what_is_made_is_private(tmp_path: Path) -> None:
    """The root and the folder."""
    folder = StateFolder(tmp_path / "home", LIVE)
    assert {path.stat().st_mode & 0o777 for path in (folder.path, folder.path.parent)} == {0o700}


def test_names_tell_nothing(tmp_path: Path) -> None:
    """Neither a key nor a run's secret can be had from them; the same thing has the same name."""
    assert fingerprint("key") == fingerprint("key") != fingerprint("key2")
    assert run_name("ws://127.0.0.1:1/secret/v2") != run_name("ws://127.0.0.1:2/secret/v2")
    assert "secret" not in run_name("secret")
    assert home({"KRAKEN_LAB_HOME": str(tmp_path)}) == tmp_path
    assert home({}) == Path(os.path.expanduser("~")) / ".kraken_lab"
