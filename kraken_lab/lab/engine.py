"""Making the compiled engine of the books ready, where numba is: beside everything else, books being kept in Python.

It begins a moment after the first book, on a thread of its own, because loading numba takes half a second, which a
script that only looks at one price should not wait for when it ends. Where nothing was compiled before, that takes some
seconds, and is done by a process of its own, because it holds the interpreter still.
"""

from __future__ import annotations

import atexit
import importlib.util
import logging
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from threading import Event, Lock, Thread

from ..market import ENGINE, Engine, NotCompiled, Quicken
from ..net import run_quietly

__all__ = ["VARIABLE", "make_ready", "ready_engine", "tried_engine"]

log = logging.getLogger(__name__)

VARIABLE = "KRAKEN_LAB_ENGINE"
"""``python`` or ``compiled``; without it the compiled engine is used where numba is."""
COMPILER = "kraken_lab.market.compiled"
MOMENT = 1.0
"""Seconds after the first book; what has ended by then never needed an engine."""
LONGEST_GOODBYE = 5.0
"""Seconds that the end of this process waits for loading to end: nothing must run in a library that is taken down."""

_begun = Lock()
_needless = Event()


def ready_engine(environment: Mapping[str, str] = os.environ) -> None:
    """Begin to make the compiled engine ready, once in this process. Waits for nothing."""
    if not _begun.acquire(blocking=False):
        return
    why_not = _why_not(environment.get(VARIABLE, ""))
    if why_not is not None:
        ENGINE.words = why_not
        return
    ENGINE.words = "python; the compiled one is being loaded"
    thread = Thread(target=_in_a_moment, name="kraken_lab engine", daemon=True)
    thread.start()
    atexit.register(_end, thread)


def tried_engine(environment: Mapping[str, str] = os.environ) -> Engine:
    """The engine that this process would get, made ready now, compiled if need be; no book gets it."""
    engine = Engine()
    why_not = _why_not(environment.get(VARIABLE, ""))
    if why_not is None:
        make_ready(engine, _load, _have_compiled)
    else:
        engine.words = why_not
    return engine


def make_ready(engine: Engine, load: Callable[[], Quicken], compiled: Callable[[], str | None]) -> None:
    """Load the compiled engine and put it in; where there is nothing to load, have it ``compiled`` before.

    Whatever goes wrong is said in the engine's words, and the books stay with Python.
    """
    try:
        try:
            quicken = load()
        except NotCompiled:
            engine.words = "python; the compiled one is being compiled, which takes a while the first time"
            if (trouble := compiled()) is not None:
                engine.words = f"python; the other one could not be compiled: {trouble}"
                log.info("engine.not_compiled reason=%s", trouble)
                return
            quicken = load()
        engine.words = f"compiled, by numba {version('numba')}"
        engine.quicken = quicken
    except NotCompiled:
        engine.words = "python; the other one was compiled, but is not found again"
    except Exception as error:
        # Numba's reasons are numba's own. None of them is worth a book.
        engine.words = f"python; the compiled one does not work here: {_words(error)}"
        log.info("engine.not_loaded error=%r", error)


def _in_a_moment() -> None:
    if not _needless.wait(MOMENT):
        make_ready(ENGINE, _load, _have_compiled)


def _why_not(wish: str) -> str | None:
    """Why there will be no compiled engine, if that is known beforehand."""
    if wish == "python":
        return f"python, as {VARIABLE} says"
    if wish not in ("", "compiled"):
        return f"python; {VARIABLE} can be python or compiled, and is {wish!r}"
    if importlib.util.find_spec("numba") is None:
        return "python" if not wish else "python; the compiled one needs numba: pip install 'kraken-lab[fast]'"
    return None


def _load() -> Quicken:
    from ..market.compiled import load

    return load()


def _have_compiled() -> str | None:
    return run_quietly(COMPILER, _needless)


def _words(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    if "cannot cache function" in words:
        return "there is no folder that compiled code can be kept in; NUMBA_CACHE_DIR can name one"
    return words[:200]


def _end(thread: Thread) -> None:
    _needless.set()
    thread.join(LONGEST_GOODBYE)
