"""What it takes to arm, what lapses it, and that only one kernel has an account armed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import NotArmed
from kraken_lab.trading.arming import LOCK_FILE, Readiness, phrase
from kraken_lab.trading.front_end import no_front_end
from kraken_lab.trading.rules import Limits
from kraken_lab.trading.shared_host import OVERRIDE, shared_host

from .lock_bench import ACCOUNT, LIMITS, READY, Bench

ROOT = Path(__file__).parent.parent.parent


def lacking(bench: Bench) -> tuple[str, ...]:
    """Why no order may go now."""
    return bench.arming.lacking(bench.now, bench.facts.limits)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A live kernel, disarmed."""
    return Bench(tmp_path, "live")


# --- what it takes --------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-01")
@pytest.mark.promise("A-15")
def test_arming_takes_everything_and_is_written_down(bench: Bench) -> None:
    """Nothing is armed to begin with; afterwards the log says with which limits."""
    assert lacking(bench) == ("not armed in this kernel",)
    assert bench.arm() is None
    assert lacking(bench) == ()
    assert bench.last("armed")["limits"]["max_order_notional"] == "1000"


LACKING: dict[str, dict[str, Any]] = {
    "an API key is missing": {"credentials": False},
    "permissions could not be looked at": {"permissions": None},
    "may withdraw": {"permissions": frozenset({"query-funds", "withdraw-funds"})},
    "run by a program": {"front_end": "nobody can be asked here: this notebook is run by a program"},
    "this is Binder": {"shared_host": shared_host({"BINDER_SERVICE_HOST": "x"})},
}


@pytest.mark.promise("A-01")
@pytest.mark.promise("A-04")
@pytest.mark.promise("A-16")
@pytest.mark.promise("K-04")
@pytest.mark.fault("F-106")
@pytest.mark.fault("F-130")
@pytest.mark.fault("F-144")
@pytest.mark.fault("F-159")
@pytest.mark.parametrize("said", LACKING)
def test_each_thing_that_is_lacking_refuses(bench: Bench, said: str) -> None:
    """And is named; the right phrase does not help."""
    refused = bench.arm(**LACKING[said])
    assert isinstance(refused, NotArmed)
    assert said in str(refused)
    assert lacking(bench) != ()
    assert said in bench.arming.lacking_to_arm(LIMITS, replace(READY, **LACKING[said]))[0]
    assert said in str(bench.last("not armed")["missing"])


@pytest.mark.promise("A-01")
@pytest.mark.fault("F-159")
@pytest.mark.parametrize("name", ["max_order_notional", "max_day_notional", "max_open_orders", "allowed_symbols"])
def test_each_of_the_four_limits_is_needed(bench: Bench, name: str) -> None:
    """None has a default."""
    changes: dict[str, Any] = {name: None}
    bench.change(limits=replace(LIMITS, **changes))
    refused = bench.arm()
    assert isinstance(refused, NotArmed)
    assert name in str(refused)


@pytest.mark.promise("A-01")
@pytest.mark.parametrize("typed", ["", "yes", "LIVE", ACCOUNT, f"live {ACCOUNT}", f"LIVE {ACCOUNT}x", "LIVE 0000-0000"])
def test_the_phrase_must_be_typed_in_full(bench: Bench, typed: str) -> None:
    """With the account's fingerprint and LIVE in it."""
    refused = bench.arm(typed)
    assert isinstance(refused, NotArmed)
    assert phrase(ACCOUNT) in str(refused)
    assert not (bench.arming._lock.held)


def test_everything_that_is_lacking_is_said_at_once(bench: Bench) -> None:
    """Not one thing after the other."""
    bench.change(limits=Limits())
    bench.halt.latch("kill", bench.now, lambda error, at: None)
    nothing = Readiness(credentials=False, permissions=None, front_end="no front end", shared_host="shared")
    missing = bench.arming.lacking_to_arm(bench.facts.limits, nothing)
    assert len(missing) == 9
    assert "trading is halted (kill)" in missing


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-181")
def test_it_is_armed_when_that_is_on_the_disk_and_not_before(bench: Bench) -> None:
    """And not at all if the disk refuses, or if trading was halted meanwhile."""
    said: list[NotArmed | None] = []

    def arm() -> None:
        bench.arming.arm(phrase(ACCOUNT), limits=LIMITS, readiness=READY, at=bench.now, done=said.append)

    bench.disk.slow = True
    arm()
    assert said == []
    assert lacking(bench) != ()
    arm()
    assert "being armed already" in str(said.pop())
    bench.halt.latch("kill", bench.now, lambda error, at: None)
    bench.disk.run()
    assert "halted" in str(said.pop())
    assert lacking(bench) != ()
    bench.halt.resume("test", bench.now, lambda error, at: None)
    bench.disk.run()
    bench.files.failing["sync"] = OSError(28, "No space left on device")
    arm()
    bench.disk.run()
    assert "No space left" in str(said.pop())
    assert lacking(bench) != ()
    assert not bench.arming._lock.held


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-181")
def test_an_arming_that_the_disk_took_half_a_minute_over_does_not_count(tmp_path: Path) -> None:
    """Whoever typed the phrase was told by then that it came to nothing; the lock is free again."""
    bench, said = Bench(tmp_path, "live"), list[object]()
    bench.disk.slow = True
    bench.arming.arm(phrase(ACCOUNT), limits=LIMITS, readiness=READY, at=bench.now, done=said.append)
    bench.wait(31.0)
    bench.disk.run()
    assert "the disk took longer than 30 s" in str(said)
    assert bench.arming.lacking(bench.now, LIMITS)
    assert Bench(tmp_path, "live", pid=2).arm() is None


def test_a_broken_log_arms_nothing(bench: Bench) -> None:
    """What was used of the limits is not known then."""
    bench.audit.broken = "audit.jsonl line 3: it was changed"
    assert "audit log is broken" in str(bench.arm())


# --- how it lapses --------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-02")
@pytest.mark.fault("F-120")
def test_it_lapses_when_nothing_is_sent_for_a_while(bench: Bench) -> None:
    """An order begins the while anew; looking does not."""
    bench.arm()
    bench.wait(890)
    assert bench.arming.next_deadline() == pytest.approx(bench.mono + 10)
    assert bench.place() is not None
    bench.wait(890)
    assert lacking(bench) == ()
    bench.wait(11)
    assert "no order for 900 s" in lacking(bench)[0]
    assert bench.place() is None
    assert bench.last("disarmed")["reason"] == "no order for 900 s"
    assert bench.arming.next_deadline() is None


@pytest.mark.promise("A-02")
@pytest.mark.fault("F-120")
def test_it_lapses_after_eight_hours_however_busy(bench: Bench) -> None:
    """Eight hours are a day's work."""
    bench.arm()
    for _ in range(40):
        bench.wait(720)
        bench.arming.used(bench.now)
    assert lacking(bench) == ()
    bench.wait(1)
    assert "armed for 28800 s" in lacking(bench)[0]


@pytest.mark.promise("A-02")
@pytest.mark.promise("S-19")
@pytest.mark.parametrize("step", [3.0, -3.0])
def test_it_lapses_when_the_clock_steps(bench: Bench, step: float) -> None:
    """The machine slept, or somebody set the clock; a second of drift is neither."""
    bench.arm()
    bench.wall_ns += 1_000_000_000
    assert lacking(bench) == ()
    bench.wall_ns += round(step * 1e9) - 1_000_000_000
    assert "the clock stepped" in lacking(bench)[0]


@pytest.mark.promise("A-02")
@pytest.mark.promise("A-08")
@pytest.mark.fault("F-120")
def test_editing_the_limits_disarms(bench: Bench) -> None:
    """Also to tighter ones, and also if they are edited back."""
    bench.arm()
    bench.change(limits=replace(LIMITS, max_open_orders=1))
    assert "limits were edited" in lacking(bench)[0]
    bench.change(limits=LIMITS)
    assert lacking(bench) != ()
    assert bench.place() is None


@pytest.mark.promise("A-02")
def test_a_halt_disarms(bench: Bench) -> None:
    """Also one that was over before anybody looked."""
    bench.arm()
    bench.halt.latch("kill", bench.now, lambda error, at: None)
    bench.halt.resume("over", bench.now, lambda error, at: None)
    assert "halted" in lacking(bench)[0]


@pytest.mark.promise("A-02")
@pytest.mark.fault("F-120")
def test_the_next_kernel_is_not_armed(bench: Bench, tmp_path: Path) -> None:
    """Nothing on the disk arms it: not the log, not the lock's file."""
    bench.arm()
    bench.arming.disarm("end", bench.now)
    (tmp_path / LOCK_FILE).write_text(f"process {os.getpid()} since ever\n")
    later = Bench(tmp_path, "live", pid=2)
    assert lacking(later) == ("not armed in this kernel",)
    assert later.arming.number(later.now, LIMITS) == 0


@pytest.mark.promise("A-01")
@pytest.mark.fault("F-159")
def test_nothing_in_the_environment_arms(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is called."""
    for name in ("KRAKEN_LAB_ARM", "KRAKEN_LAB_ARMED", "KRAKEN_LAB_LIVE", "KRAKEN_LAB_MODE"):
        monkeypatch.setenv(name, "live")
    assert lacking(bench) == ("not armed in this kernel",)


def test_disarming_twice_is_once(bench: Bench) -> None:
    """And the arming after it is another."""
    bench.arm()
    first = bench.arming.number(bench.now, LIMITS)
    bench.arming.disarm("tea", bench.now)
    bench.arming.disarm("tea", bench.now)
    assert list(bench.kinds()).count("disarmed") == 1
    assert bench.arming.number(bench.now, LIMITS) == 0
    bench.arm()
    assert bench.arming.number(bench.now, LIMITS) == first + 1


# --- one kernel -----------------------------------------------------------------------------------------------------

HOLDER = """
import os, sys, time
from pathlib import Path
from tests.trading.lock_bench import Bench
def say(*words):
    os.write(1, (" ".join(map(str, words)) + chr(10)).encode())  # in one piece: two processes write to one pipe
bench = Bench(Path(sys.argv[1]), "live", pid=4711)
assert bench.arm() is None
if sys.argv[2] == "fork":
    if os.fork() == 0:
        assert bench.arming.lacking(bench.now, bench.facts.limits)
        assert bench.place() is None
        say("child", os.getpid())
        time.sleep(60)
        os._exit(0)
say("armed")
for line in sys.stdin:
    bench.arming.disarm("told to", bench.now)
    say("disarmed")
"""


def holder(folder: Path, how: str = "alone") -> subprocess.Popen[str]:
    """Another process that has the account armed."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), how],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def line(process: subprocess.Popen[str]) -> str:
    """The next thing it says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.promise("A-18")
@pytest.mark.fault("F-176")
def test_a_second_kernel_is_refused_and_told_who_has_it(bench: Bench, tmp_path: Path) -> None:
    """It can look and halt meanwhile; and it can arm once the first has disarmed."""
    with holder(tmp_path) as process:
        assert line(process) == "armed"
        refused = bench.arm()
        assert isinstance(refused, NotArmed)
        assert "process 4711 since 2023-11-14T22:13:20Z" in str(refused)
        assert bench.place() is None
        assert bench.frames == []
        assert process.stdin is not None
        process.stdin.write("disarm\n")
        process.stdin.flush()
        assert line(process) == "disarmed"
        assert bench.arm() is None
        bench.halt.latch("kill", bench.now, lambda error, at: None)
        process.stdin.close()


@pytest.mark.promise("A-18")
@pytest.mark.fault("F-177")
@pytest.mark.parametrize("how", ["alone", "fork"])
def test_a_killed_kernel_holds_nothing(bench: Bench, tmp_path: Path, how: str) -> None:
    """Whatever the file says, and though a child that it forked lives on; the child itself was never armed."""
    with holder(tmp_path, how) as process:
        said = {line(process) for _ in range(2 if how == "fork" else 1)}
        assert "armed" in said
        assert bench.arm() is not None
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert "4711" in (tmp_path / LOCK_FILE).read_text()
        try:
            assert bench.arm() is None
        finally:
            for child in said - {"armed"}:
                os.kill(int(child.split()[1]), signal.SIGKILL)
    assert lacking(bench) == ()


def test_two_labs_of_one_process_are_two_kernels(tmp_path: Path) -> None:
    """The lock is the account's, not the process's."""
    one, other = Bench(tmp_path, "live"), Bench(tmp_path, "live", pid=2)
    assert one.arm() is None
    assert other.arm() is not None
    one.arming.disarm("end", one.now)
    assert other.arm() is None
    other.arming.disarm("end", other.now)


def test_a_lock_that_is_lost_disarms(bench: Bench) -> None:
    """As it is in a child that was forked."""
    bench.arm()
    bench.arming._lock.release()
    assert "lock is not held" in lacking(bench)[0]


# --- where nobody can be asked --------------------------------------------------------------------------------------


class Kernel:
    """As much of a Jupyter kernel as matters here."""

    def __init__(self, allowed: object) -> None:
        self._allow_stdin = allowed


class Shell:
    """IPython's shell, with or without a kernel."""

    def __init__(self, kernel: Kernel | None = None) -> None:
        if kernel is not None:
            self.kernel = kernel


class Teletype:
    """Something that lines are read from."""

    def __init__(self, person: bool) -> None:
        self._person = person

    def isatty(self) -> bool:
        """Whether a person types there."""
        return self._person


@pytest.mark.promise("A-04")
@pytest.mark.parametrize(
    ("shell", "terminal", "possible"),
    [
        (Shell(Kernel(True)), None, True),
        (Shell(Kernel(False)), Teletype(True), False),
        (Shell(Kernel(None)), Teletype(True), False),
        (Shell(), Teletype(True), True),
        (None, Teletype(True), True),
        (None, Teletype(False), False),
        (None, None, False),
    ],
)
def test_somebody_must_be_there_to_ask(shell: Any, terminal: Any, possible: bool) -> None:
    """A kernel's word counts before the terminal it was started from."""
    assert (no_front_end(shell, terminal) is None) == possible


@pytest.mark.promise("A-16")
@pytest.mark.fault("F-130")
@pytest.mark.parametrize("name", ["BINDER_SERVICE_HOST", "BINDER_REPO_URL", "COLAB_RELEASE_TAG", "JUPYTERHUB_USER"])
def test_hosts_that_are_shared_are_known(name: str) -> None:
    """Only the exact override, in the process's own environment, says otherwise."""
    assert shared_host({name: "x"}) is not None
    assert shared_host({name: "x", OVERRIDE: "1"}) is not None
    assert shared_host({name: "x", OVERRIDE: "yes"}) is None


@pytest.mark.promise("A-16")
def test_nothing_of_ours_sets_the_override() -> None:
    """Neither the Binder image, nor a notebook, nor the checks."""
    for folder in ("binder", "notebooks", ".ci"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix not in (".png", ".jpg") and "envs" not in path.parts:
                assert OVERRIDE not in path.read_text("utf-8", "replace"), path
