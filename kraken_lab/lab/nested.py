"""Nested event loops, for the caller's own coroutines. Nothing in this package needs them."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from ..errors import NestedLoopRefused
from ..wire import plainly_called

__all__ = ["allow_nested_loops"]

INSTEAD = "Nothing of kraken_lab needs this: call its functions plainly, or `await` your own coroutine in the cell."


@plainly_called("kl")
def allow_nested_loops() -> str:
    """Make ``asyncio.run`` and ``run_until_complete`` work inside a cell, where a loop already runs.

    It patches asyncio for the whole process, so it is never done on import and never by itself. The maintained fork
    ``nest_asyncio2`` is taken; the original only where it loses nothing (ipykernel below 7 and Python below 3.14).

    Returns:
        The name of the package that was applied.

    Raises:
        NestedLoopRefused: it would lose queued cells here, or neither package is installed.

    >>> allow_nested_loops()  # doctest: +SKIP
    'nest_asyncio2'
    """
    try:
        import_module("nest_asyncio2").apply()
    except ImportError:
        pass
    else:
        return "nest_asyncio2"
    reason = _why_not_the_original()
    if reason:
        raise NestedLoopRefused(f"{reason} Install nest-asyncio2, its maintained fork. {INSTEAD}")
    import_module("nest_asyncio").apply()
    return "nest_asyncio"


def _why_not_the_original() -> str:
    try:
        version("nest-asyncio")
    except PackageNotFoundError:
        return "Neither nest-asyncio2 nor nest-asyncio is installed."
    if sys.version_info >= (3, 14):
        return "nest-asyncio breaks asyncio on Python 3.14 and later."
    try:
        kernel = int(version("ipykernel").split(".")[0])
    except PackageNotFoundError:
        return ""
    return "With ipykernel 7 and later, nest-asyncio loses cells that wait to run." if kernel >= 7 else ""
