"""A guard is taken away in a copy of the package, and the tests that are to notice it are run there.

The copy lies in a temporary folder with the package's sources, one of them changed, and a link to the tests. Nothing of
the checkout is touched, and nothing that looks at the checkout sees the copy.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Guard", "Stale", "Verdict", "noticed", "sound"]

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: which promise it keeps, in a few words, where it stands, and how it looks without it.

    ``there`` is found exactly once in ``file`` (in the package) and replaced by ``instead``. ``tests`` are those of
    which at least one has to fail then, as ``trading/test_gate.py::test_a_permit_is_good_once``.
    """

    promise: str
    what: str
    file: str
    there: str
    instead: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called in the report."""
        return f"{self.promise} {self.what}"

    def without(self) -> str:
        """The source without it.

        Raises:
            Stale: it does not look like that any more, or what is left is no source.
        """
        source = (ROOT / "kraken_lab" / self.file).read_text("utf-8")
        found = source.count(self.there)
        if found != 1:
            raise Stale(f"{self.name}: its text is {found} times in kraken_lab/{self.file}, and must be there once")
        changed = source.replace(self.there, self.instead)
        try:
            ast.parse(changed)
        except SyntaxError as error:
            raise Stale(f"{self.name}: kraken_lab/{self.file} without it is no source ({error})") from None
        return changed


class Stale(AssertionError):
    """The table does not fit the source any more."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run of tests ended: the tests that failed, and what pytest said."""

    failed: tuple[str, ...]
    broken: bool
    """Whether it ended otherwise than by tests that pass or fail."""
    said: str


def noticed(guard: Guard) -> Verdict:
    """Take the guard away, and run its tests."""
    changed = guard.without()
    with _copy() as folder:
        (folder / "kraken_lab" / guard.file).write_text(changed, "utf-8")
        return _run(folder, guard.tests, "-x")


def sound(tests: Iterable[str]) -> Verdict:
    """Run tests while every guard stands."""
    with _copy() as folder:
        return _run(folder, sorted(set(tests)))


@contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kraken_lab sabotage ") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "kraken_lab", folder / "kraken_lab")
        shutil.copy(ROOT / "pyproject.toml", folder)
        (folder / "tests").symlink_to(ROOT / "tests")
        yield folder


def _run(folder: Path, tests: Iterable[str], *options: str) -> Verdict:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    plain = [
        "-o",
        "addopts=",
        "-p",
        "no:randomly",
        "-p",
        "no:xdist",
        "-p",
        "no:cacheprovider",
        "-q",
        "-rf",
        "--tb=line",
    ]
    command = [sys.executable, "-m", "pytest", *plain, *options, *(f"tests/{test}" for test in tests)]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Verdict((), True, f"it was not through after {PATIENCE_S} s")
    lines = done.stdout.splitlines()
    failed = [line.removeprefix("FAILED tests/").partition(" - ")[0] for line in lines if line.startswith("FAILED ")]
    return Verdict(tuple(failed), done.returncode not in (0, 1), f"{done.stdout[-3000:]}{done.stderr[-1000:]}")
