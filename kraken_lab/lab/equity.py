"""Photographs of what an account's trades have gained, for a figure that keeps itself fresh."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadArgument, LabClosed, NotReady
from ..streams.book_feed import BookFeed
from ..tables import Gap
from ..tables.vitals import Vitals
from ..trading.states import FillRecord
from ..views import EquityPhoto
from ..views.equity_chart import Mids
from ..views.gaps import gaps_of

if TYPE_CHECKING:
    from ..views import Plain, Shown
    from .trader import Trader

__all__ = ["Equity"]

ROWS = 200_000
"""Rows of a book's past that are looked at: the newest."""


class Equity:
    """The account's fills and the mid prices there are. May be asked in any thread."""

    def __init__(self, trader: Trader, quote: str) -> None:
        self._trader, self._quote = trader, _currency(quote)
        self._fills: tuple[FillRecord, ...] = ()
        self._uncounted = 0
        self._note = "0 fills"
        """What is said of the photo taken last."""

    def shown(self) -> Shown:
        """The live figure."""
        title = f"Profit in {self._quote} [{self._trader.host.label}]"
        views = self._trader.views

        def draw() -> Plain:
            return views.equity(self.photo(), title)

        return views.figure(title, draw, self)

    def photo(self) -> EquityPhoto:
        """What is known now. After the lab's end, and while something holds up its thread, what was known last."""
        with contextlib.suppress(NotReady, LabClosed):
            known = self._trader.snapshot()
            self._fills, self._uncounted = known.counted_fills, known.uncounted
        traded = {fill.symbol for fill in self._fills}
        photo = EquityPhoto(
            self._quote,
            self._fills,
            {symbol: _mids(feed) for symbol, feed in self._books().items() if symbol in traded},
            self._uncounted,
        )
        count = sum(fill.symbol.partition("/")[2] == self._quote for fill in self._fills)
        words = f"{count:,} fill{'' if count == 1 else 's'}"
        self._note = f"{words}; {photo.left_out}" if photo.left_out else words
        return photo

    def _books(self) -> dict[str, BookFeed]:
        """The book of each pair whose past is longest."""
        ground = self._trader.ground
        found: dict[str, BookFeed] = {}
        for desk in {ground.reference_desk, ground.desk}:
            for feed in desk.feeds:
                if not isinstance(feed, BookFeed):
                    continue
                other = found.get(feed.symbol)
                if other is None or feed.history.rows > other.history.rows:
                    found[feed.symbol] = feed
        return found

    # --- what keeps the figure fresh reads --------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the lab is closed."""
        return self._trader.host.closed

    def pulse(self) -> object:
        """Equal as long as the account is as it was and no book's top changed."""
        return self._trader.dealer.account.version, [
            (symbol, feed.history.rows + feed.history.evicted, len(feed.gaps)) for symbol, feed in self._books().items()
        ]

    def vitals(self) -> Vitals:
        """How many fills there were, and which were left out, in the photo taken last."""
        return Vitals(note=self._note)


def _currency(given: object) -> str:
    if not isinstance(given, str) or not given or "/" in given:
        raise BadArgument("quote", given, "a currency that pairs are priced in, as 'USD'")
    return given


def _mids(feed: BookFeed) -> Mids:
    view = feed.history.view(last=ROWS)
    column = {name: view.columns[view.schema.position[name]].parts[0] for name in ("timestamp", "bid", "ask")}
    gaps: list[Gap] = gaps_of(feed.gaps.view().pandas())
    return Mids(column["timestamp"], np.asarray((column["bid"] + column["ask"]) / 2, dtype=float), gaps)
