"""Pairs and assets, as live tables that can be searched."""

from __future__ import annotations

from collections.abc import Callable

from ..market import InstrumentSnapshot
from ..tables import TableView, schema, view_of
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

    def search(self, text: str) -> TableView:
        """The pairs whose symbol, base or quote contains ``text``, whatever its case."""
        found = {pair.symbol for pair in self.now.search(text)}
        return view_of(self.schema, [tuple(row) for row in self.view().rows() if row.symbol in found])

    def _listen_to(self, feed: InstrumentFeed, hear: Callable[[InstrumentSnapshot], object]) -> Callable[[], None]:
        return self._watch(lambda: hear(feed.instruments))
