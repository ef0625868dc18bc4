"""What `lab.status()` says of arming: which kernel has the account's lock, and when it lapses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_lab.net import SandboxProcess
from kraken_lab.trading.arming import LOCK_FILE
from kraken_lab.trading.file_lock import FileLock, held_by
from tests.lab.live_like import Person, opened

HOLD = """
import sys
from pathlib import Path
from kraken_lab.trading.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.take()
lock.write("process 4711 since 2026-05-04T10:15:30Z")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def exchange() -> Iterator[SandboxProcess]:
    """A sandbox over TLS, at rest, which plays the real exchange."""
    process = SandboxProcess(seed=11, rate=0.0, tls=True)
    yield process
    process.close()


def test_status_names_the_kernel_that_is_armed_and_when_that_lapses(
    exchange: SandboxProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """This one while it is armed, nobody before and after, and another one while that holds the lock."""
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(tmp_path / "home"))
    if held_by(tmp_path / "no such file") is None:
        pytest.skip("this system does not tell who holds a lock")
    with opened(exchange) as lab:
        assert len(lab.orders.df()) == 0
        assert lab.status().facts["arming"] == "not armed in this kernel; no kernel has the lock"
        Person(monkeypatch, capsys).arm(lab)
        said = lab.status().facts["arming"]
        assert said.startswith("this kernel has the lock (process ")
        assert f"lapses in {lab.order_settings.arm_idle:.0f} s unless" in said
        lab.disarm()
        trader = lab.trader
        assert trader is not None
        path = trader.folder.path / LOCK_FILE
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            said = lab.status().facts["arming"]
            assert said.endswith("another kernel has the lock: process 4711 since 2026-05-04T10:15:30Z")
            other.communicate()
        assert lab.status().facts["arming"].endswith("no kernel has the lock")


def test_looking_who_holds_a_lock_takes_nothing(tmp_path: Path) -> None:
    """The one that holds it is named; it can be taken while somebody looks."""
    path = tmp_path / "lock"
    assert held_by(path) in (0, None)
    lock = FileLock(path)
    assert lock.take()
    found = held_by(path)
    assert found is None or found > 0
    lock.release()
    assert held_by(path) in (0, None)
