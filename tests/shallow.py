"""Markets whose books hold fewer levels than the sandbox's, which begin in a fraction of the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from kraken_lab.sandbox import market
from kraken_lab.sandbox.profiles import Profile

__all__ = ["shallow"]


@contextmanager
def shallow(levels: int) -> Iterator[None]:
    """What is born meanwhile holds at most so many levels a side; in all else each pair is what it would be."""
    profile: Callable[[str], Profile] = vars(market)["profile"]

    def shallower(symbol: str) -> Profile:
        found = profile(symbol)
        return replace(found, levels=min(found.levels, levels))

    with patch.object(market, "profile", shallower):
        yield
