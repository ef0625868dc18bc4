"""Both engines of the book, for tests that hold for either.

The compiled one is run as the Python it is written in, unless a test asks for more: so a place outside an array is an
error, and a number beyond a machine's whole numbers a warning, where compiled code would go on.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kraken_lab.market import Book, Quicken
from kraken_lab.wire import BookMessage

__all__ = ["compiled_engine", "interpreted", "reading_book"]


@cache
def interpreted() -> ModuleType:
    """The compiled reader's module, not compiled."""
    numba = pytest.importorskip("numba", reason="the compiled engine needs numba")
    from kraken_lab.market import kernel

    spec = importlib.util.spec_from_file_location("kraken_lab.market.interpreted_kernel", kernel.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, 1
    try:
        spec.loader.exec_module(module)
    finally:
        numba.config.DISABLE_JIT = before
    return module


@cache
def reading_book() -> type[Book]:
    """A class of books that are made and told things as ordinary ones are, and read what they can from its bytes."""
    reader = interpreted().read
    from kraken_lab.market.quick_book import QuickBook

    class ReadingBook(QuickBook):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(Book(*args, **options), lambda rows: None, reader, patience=0)

        def apply(self, message: BookMessage) -> None:
            if not (self.valid and message.raw and self.read(message.raw, 0)):
                super().apply(message)

    return ReadingBook


@cache
def compiled_engine() -> Quicken:
    """The compiled engine itself, compiled by one of all workers where it was not before, while the others wait."""
    pytest.importorskip("numba", reason="the compiled engine needs numba")
    fcntl = pytest.importorskip("fcntl", reason="workers wait for each other with a file lock")
    from kraken_lab.market import NotCompiled, compiled

    try:
        return compiled.load()
    except NotCompiled:
        with (Path(compiled.__file__).parent / "__pycache__" / "kernel.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.run([sys.executable, "-m", "kraken_lab.market.compiled"], check=True, timeout=120)
        return compiled.load()
