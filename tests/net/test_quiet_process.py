"""A program that runs beside everything else ends well, says why it did not, or is ended."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Timer

import pytest

from kraken_lab.net import run_quietly


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of the name ``a_program`` that the next process finds."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "a_program.py"


def test_one_that_ends_well_has_nothing_to_say(program: Path) -> None:
    """However much it printed."""
    program.write_text("import sys\nprint('out' * 99_999)\nprint('error' * 99_999, file=sys.stderr)")
    assert run_quietly("a_program", Event()) is None


def test_one_that_fails_says_why(program: Path) -> None:
    """With the last line of its errors, or its code if there is none."""
    program.write_text("raise RuntimeError('no room')")
    assert run_quietly("a_program", Event()) == "RuntimeError: no room"
    program.write_text("raise SystemExit(3)")
    assert run_quietly("a_program", Event()) == "code 3"


def test_it_gives_way_to_others(program: Path) -> None:
    """Its priority is low a moment after it began."""
    program.write_text(
        "import os, time\n"
        "end = time.monotonic() + 10\n"
        "while os.getpriority(os.PRIO_PROCESS, 0) < 10 and time.monotonic() < end: pass\n"
        "raise SystemExit(int(time.monotonic() >= end))"
    )
    assert run_quietly("a_program", Event()) is None


def test_one_that_is_needless_or_takes_too_long_is_ended(program: Path) -> None:
    """And nothing is left of it."""
    program.write_text("import time\ntime.sleep(60)")
    assert run_quietly("a_program", Event(), timeout=0.2) == "it took more than 0.2 s"
    needless = Event()
    Timer(0.2, needless.set).start()
    assert run_quietly("a_program", needless) == "it is not needed any longer"


def test_one_that_cannot_be_started_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there is no Python to start."""
    monkeypatch.setattr("sys.executable", "/no/such/python")
    assert run_quietly("a_program", Event()) == "it could not be started: No such file or directory"
