"""The compiled engine is made ready beside everything else, and whatever goes wrong with that costs no book."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Event

import pytest

from kraken_lab.lab import engine as module
from kraken_lab.lab.engine import VARIABLE, make_ready, tried_engine
from kraken_lab.market import Book, Engine, HandOver, NotCompiled, Quicken


class ALoader:
    """Gives what it was told, one after the other; what is an error, it raises."""

    def __init__(self, *told: Quicken | Exception) -> None:
        self.told = list(told)

    def __call__(self) -> Quicken:
        """What comes next."""
        found = self.told.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def quicken(book: Book, hand_over: HandOver) -> Book:
    """Stands for the compiled engine."""
    return book


def made(load: ALoader, trouble: str | None = None) -> tuple[Engine, int]:
    """An engine that was made ready so, and how often something was compiled for it."""
    engine, compilations = Engine(), [0]

    def compiled() -> str | None:
        assert engine.quicken is None
        assert "is being compiled" in engine.words
        compilations[0] += 1
        return trouble

    make_ready(engine, load, compiled)
    assert load.told == []
    return engine, compilations[0]


@pytest.mark.parametrize(("ended", "begun"), [(True, 0), (False, 1)])
def test_what_ends_within_a_moment_begins_no_engine(monkeypatch: pytest.MonkeyPatch, ended: bool, begun: int) -> None:
    """A script that looks at one price does not load half a second of numba, for which its end would have to wait."""
    calls: list[object] = []
    needless = Event()
    if ended:
        needless.set()
    monkeypatch.setattr(module, "MOMENT", 0.0)
    monkeypatch.setattr(module, "_needless", needless)
    monkeypatch.setattr(module, "make_ready", lambda *told: calls.append(told))
    module._in_a_moment()
    assert len(calls) == begun


def test_what_was_compiled_before_is_loaded() -> None:
    """Nothing is compiled, and the words say by what it once was."""
    pytest.importorskip("numba", reason="the compiled engine needs numba")
    engine, compilations = made(ALoader(quicken))
    assert (engine.quicken, compilations) == (quicken, 0)
    assert engine.words.startswith("compiled, by numba ")


def test_what_was_not_compiled_is_compiled_elsewhere_and_loaded_then() -> None:
    """Once."""
    pytest.importorskip("numba", reason="the compiled engine needs numba")
    engine, compilations = made(ALoader(NotCompiled(), quicken))
    assert (engine.quicken, compilations) == (quicken, 1)


@pytest.mark.parametrize(
    ("load", "trouble", "words"),
    [
        (ALoader(NotCompiled()), "no compiler", "python; the other one could not be compiled: no compiler"),
        (ALoader(NotCompiled(), NotCompiled()), None, "python; the other one was compiled, but is not found again"),
        (
            ALoader(ImportError("too\nnew")),
            None,
            "python; the compiled one does not work here: too new",
        ),
        (
            ALoader(RuntimeError("cannot cache function 'read': no locator available for file 'kernel.py'")),
            None,
            "python; the compiled one does not work here: there is no folder that compiled code can be kept in; "
            "NUMBA_CACHE_DIR can name one",
        ),
    ],
)
def test_what_goes_wrong_is_said_and_books_stay_with_python(load: ALoader, trouble: str | None, words: str) -> None:
    """With numba's own reason, on one line."""
    engine, _ = made(load, trouble)
    assert (engine.quicken, engine.words) == (None, words)


def test_the_environment_can_choose_python() -> None:
    """And what it says otherwise is not guessed at."""
    assert tried_engine({VARIABLE: "python"}).words == "python, as KRAKEN_LAB_ENGINE says"
    engine = tried_engine({VARIABLE: "fast"})
    assert engine.words == "python; KRAKEN_LAB_ENGINE can be python or compiled, and is 'fast'"
    assert engine.quicken is None


WITHOUT = """
import sys
sys.modules["numba"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "numba" else find(name)
from kraken_lab.lab.engine import tried_engine
print(tried_engine({}).words)
print(tried_engine({"KRAKEN_LAB_ENGINE": "compiled"}).words)
"""


def script(code: str, **environment: str) -> list[str]:
    """The lines that a Python script prints; it must end well."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, timeout=100, env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_numba_everything_is_as_it_was() -> None:
    """Silently, unless somebody asked for the other engine."""
    assert script(WITHOUT) == [
        "python",
        "python; the compiled one needs numba: pip install 'kraken-lab[fast]'",
    ]


LIVE = """
import sys, time
import kraken_lab as kl
from kraken_lab.market import ENGINE
from kraken_lab.market.book import Book
lab = kl.connect(rate=2000)
assert "numba" not in sys.modules
book = lab.book("BTC/USD", depth=100)
end = time.monotonic() + 60
while ENGINE.quicken is None and time.monotonic() < end:
    time.sleep(0.05)
print(lab.status().facts["book engine"])
(feed,) = book.feeds
seen = feed.messages
while feed.messages < seen + 200 and time.monotonic() < end:
    time.sleep(0.05)
ladder = feed._ladder
print(type(ladder).__name__, feed.state, feed.gaps.view().pandas().empty, len(book.bids), book.mid > 0)
print(len(book.history.df()) > 1, lab.health() is not None)
lab.close()
"""


@pytest.mark.early
@pytest.mark.promise("S-07")
def test_books_go_on_with_the_compiled_engine_once_it_is_ready() -> None:
    """The first book does not wait for it, and loses no message when it changes over."""
    pytest.importorskip("numba", reason="the compiled engine needs numba")
    said = script(LIVE, KRAKEN_LAB_ENGINE="compiled")
    assert said[0].startswith("compiled, by numba ")
    assert said[1:] == ["QuickBook LIVE True 100 True", "True True"]
