"""What every test stands on: no way out of this machine, no key of the developer's, and one sandbox a module."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from .offline import sitecustomize as offline

if TYPE_CHECKING:
    from kraken_lab import Lab


KEPT = (
    "KRAKEN_LAB_BROWSER_BOTH",
    "KRAKEN_LAB_BROWSER_ENVS",
    "KRAKEN_LAB_CONFORMANCE_ENVS",
    "KRAKEN_LAB_SOAK_MINUTES",
)
"""They say only where the environments of the conformance and of the browser tests are, how long a soak lasts, and that
every browser test is to be run with both kernels."""

# How long an example takes depends on what else the machine does, which is nothing a test should fail of.
settings.register_profile("kraken_lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kraken_lab")


def pytest_configure() -> None:
    """Before anything is collected: what this session starts is shut in too, and finds neither proxy nor key."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or (name.startswith("KRAKEN_") and name not in KEPT):
            del os.environ[name]
    # A hundred processes are started, each of which would compile the package anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    paths = [str(Path(offline.__file__).parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    # Halt, audit log and limits of this session's accounts are its own, and go with it.
    state = tempfile.mkdtemp(prefix="kraken-lab-test-")
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    os.environ["KRAKEN_LAB_HOME"] = state
    # Many processes look at books, and hardly one for so long that loading numba were worth its half second.
    os.environ["KRAKEN_LAB_ENGINE"] = "python"
    # The system's keyring is the developer's; this backend is empty.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffling: what takes seconds is begun first, so that no worker waits at the end for one test."""
    items.sort(key=lambda item: item.get_closest_marker("early") is None)


def pytest_collection_finish() -> None:
    """What there is by now stays until the end: no search for garbage has to look at it again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """At the end, what tests have to report besides having passed: their properties of that name."""
    passed = terminalreporter.getreports("passed")
    said = sorted(str(value) for report in passed for name, value in report.user_properties if name == "report")
    if said:
        terminalreporter.section("reported")
        for line in said:
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def _opened() -> Iterator[list[Lab]]:
    # Not for the whole session: a lab in the background takes time, and random numbers, from tests that measure both.
    opened: list[Lab] = []
    yield opened
    for lab in opened:
        lab.close()


@pytest.fixture
def lab(_opened: list[Lab]) -> Lab:
    """The lab that ``kl.connect()`` gives: one sandbox for all tests of a module, opened again if one closed it."""
    import kraken_lab as kl

    lab = kl.connect()
    if lab not in _opened:
        _opened.append(lab)
    return lab
