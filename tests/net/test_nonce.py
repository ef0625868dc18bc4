"""Nonces rise over threads, processes and restarts, for whoever uses the same file."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kraken_lab.net import Nonce

ROOT = Path(__file__).parent.parent.parent

TAKER = """
import sys
from pathlib import Path
from kraken_lab.net.sign import Nonce
nonce = Nonce(lambda: 1_000, path=Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    print(nonce(), flush=True)
"""


@pytest.mark.promise("S-20")
@pytest.mark.fault("F-040")
def test_nonces_rise_over_a_restart_with_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """The last one is on the disk, in a file that nobody else can read."""
    path = tmp_path / "nonce"
    assert [Nonce(lambda: 1_000, path=path)() for _ in range(3)] == [1_000, 1_001, 1_002]
    assert Nonce(lambda: 5, path=path)() == 1_003
    assert Nonce(lambda: 9_000, path=path)() == 9_000
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.promise("S-20")
@pytest.mark.fault("F-040")
def test_two_processes_never_take_the_same_and_each_sees_them_rise(tmp_path: Path) -> None:
    """On one clock that stands still."""
    command = [sys.executable, "-c", TAKER, str(tmp_path / "nonce")]
    takers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for taker in takers:
        assert taker.stdout is not None
        assert taker.stdout.readline() == "ready\n"
    for taker in takers:
        assert taker.stdin is not None
        taker.stdin.write("go\n")
        taker.stdin.flush()
    found = [[int(line) for line in taker.communicate(timeout=60)[0].splitlines()] for taker in takers]
    assert sorted(found[0] + found[1]) == list(range(1_000, 1_400))
    assert all(each == sorted(each) for each in found)


@pytest.mark.promise("S-20")
def test_threads_share_a_file_too(tmp_path: Path) -> None:
    """Four of them, with a nonce each."""
    found: list[int] = []

    def take() -> None:
        nonce = Nonce(lambda: 0, path=tmp_path / "nonce")
        found.extend(nonce() for _ in range(100))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 400


@pytest.mark.promise("A-12")
@pytest.mark.parametrize("content", [b"", b"garbage", b"-5", b"\xff\xfe", b"12"])
def test_a_file_that_says_nothing_useful_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    """The clock is far beyond it anyway."""
    path = tmp_path / "nonce"
    path.write_bytes(content)
    nonce = Nonce(lambda: 1_000, path=path)
    assert (nonce(), nonce()) == (1_000, 1_001)


@pytest.mark.promise("A-12")
def test_a_file_that_cannot_be_used_stops_no_cancel(tmp_path: Path) -> None:
    """A full or missing disk leaves a nonce that rises in this process."""
    nonce = Nonce(lambda: 1_000, path=tmp_path / "nowhere" / "nonce")
    assert [nonce() for _ in range(3)] == [1_000, 1_001, 1_002]
