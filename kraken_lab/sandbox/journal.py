"""One action at a time: what it reports is gathered, what follows from it waits, and listeners hear of it once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from kraken_lab.sandbox.orders import LedgerEntry, Report

__all__ = ["Journal"]


class Journal:
    """Gathers the reports and ledger entries of an action.

    An action lasts while `acting` is entered, however often, and until everything put off with `afterwards` is done.

    >>> journal, heard = Journal(), []
    >>> with journal.acting():
    ...     journal.afterwards(lambda: heard.append("after"))
    ...     heard.append("during")
    >>> heard
    ['during', 'after']
    """

    def __init__(self) -> None:
        self.reports: list[Callable[[Sequence[Report]], None]] = []
        self.ledger: list[Callable[[Sequence[LedgerEntry]], None]] = []
        self._later: deque[Callable[[], None]] = deque()
        self._reported: list[Report] = []
        self._entered: list[LedgerEntry] = []
        self._depth = 0

    @contextmanager
    def acting(self) -> Iterator[None]:
        """All that happens inside, and all that follows from it, is one action."""
        self._depth += 1
        try:
            yield
            while self._depth == 1 and self._later:
                self._later.popleft()()
        finally:
            self._depth -= 1
        if not self._depth:
            self._tell()

    def follow_up(self) -> None:
        """Somebody else's action is over: what it meant for us is one action of ours."""
        if not self._depth and (self._later or self._reported):
            with self.acting():
                pass

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do this when the present action is done with and everybody has heard of it."""
        self._later.append(act)

    def report(self, report: Report) -> None:
        """Let ``reports`` hear of it."""
        self._reported.append(report)

    def enter(self, entries: Iterable[LedgerEntry]) -> None:
        """Let ``ledger`` hear of them."""
        self._entered.extend(entries)

    def _tell(self) -> None:
        reported, self._reported = self._reported, []
        entered, self._entered = self._entered, []
        if reported:
            for hears in self.reports:
                hears(reported)
        if entered:
            for writes in self.ledger:
                writes(entered)
