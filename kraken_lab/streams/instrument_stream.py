"""Pairs and assets, as live tables that can be searched."""

from __future__ import annotations

from collections.abc import Callable

from ..market import InstrumentSnapshot
from ..tables import KeyedTable, schema
from ..wire import plainly_called
from .host import Host
from .instrument_feed import InstrumentFeed
from .live_table import LiveTable
from .stream import Stream

__all__ = ["InstrumentStream"]


class InstrumentStream(Stream[InstrumentFeed, InstrumentSnapshot]):
    """What can be traded. `pairs` and `assets` are tables; the stream itself reads as the pairs."""

    def __init__(self, host: Host, feed: InstrumentFeed) -> None:
        super().__init__(host, "instruments", schema("pairs"), {"": feed}, lambda: [feed.pairs])
        self._feed = feed
        self.pairs = LiveTable(host, "pairs", schema("pairs"), lambda: [feed.pairs])
        self.assets = LiveTable(host, "assets", schema("assets"), lambda: [feed.assets])

    @property
    def now(self) -> InstrumentSnapshot:
        """All of it as one frozen value: exact increments, minimums and precisions."""
        return self._feed.instruments

    @plainly_called("lab.instruments()")
    def search(self, text: str) -> LiveTable:
        """The pairs whose symbol, base or quote contains ``text``, whatever its case; the closest first."""
        found = KeyedTable(self.schema, key=("symbol",))
        for pair in self.now.search(text):
            row = self._feed.pairs.get(pair.symbol)
            if row is not None:
                found.put(tuple(row))
        return LiveTable(self._host, f"pairs like {text!r}", self.schema, lambda: [found])

    def _listen_to(self, feed: InstrumentFeed, hear: Callable[[InstrumentSnapshot], object]) -> Callable[[], None]:
        return self._watch(lambda: hear(feed.instruments))
