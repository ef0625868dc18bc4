"""The top of a book over time: a table, and a chart of its last minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import BadArgument
from ..tables import schema
from ..wire import number, plainly_called
from .book_feed import BookFeed
from .host import Host, Plain, Shown
from .live_table import LiveTable
from .vitals import Vitals

if TYPE_CHECKING:
    from .stream import Stream

__all__ = ["BookHistory"]

MOST = 20_000
"""Rows a chart is drawn of: the newest ones."""


class BookHistory(LiveTable):
    """A row for every change of the best prices or their quantities. ``book`` is the stream it belongs to."""

    def __init__(self, host: Host, feeds: Mapping[str, BookFeed], book: Stream[BookFeed, Any]) -> None:
        super().__init__(
            host,
            f"book history {' '.join(feeds)}",
            schema("book_history"),
            lambda: [feed.history for feed in feeds.values()],
        )
        self._feeds, self._book = dict(feeds), book

    @property
    def ended(self) -> bool:
        """Whether the book was stopped."""
        return self._book.ended or super().ended

    def pulse(self) -> object:
        """Equal as long as there is no new row, no new gap and no other state."""
        return super().pulse(), self._book.state, [len(feed.gaps) for feed in self._feeds.values()]

    def vitals(self) -> Vitals:
        """As of the book, with its own rows."""
        return replace(self._book.vitals(), rows=len(self))

    @plainly_called("book.history")
    def chart(self, minutes: float = 5.0) -> Shown:
        """Mid, best prices, spread and imbalance of the last ``minutes``, live in a cell; lines break at gaps.

        Raises:
            BadArgument: the book has several symbols, or ``minutes`` is not above 0.

        >>> book.history.chart(minutes=2).snapshot().layout.title.text
        'BTC/USD top of book [sandbox]'
        """
        if len(self._feeds) != 1:
            raise BadArgument("symbol", tuple(self._feeds), f'one of them, as in book["{next(iter(self._feeds))}"]')
        ((symbol, feed),) = self._feeds.items()
        span = int(number("minutes", minutes, "minutes", above=0) * 60e9)
        title = f"{symbol} top of book [{self._host.label}]"
        views = self._host.views

        def draw() -> Plain:
            view = feed.history.view(last=MOST, since_ns=self._host.now().wall_ns - span)
            return views.history(view.pandas(), feed.gaps.view().pandas(), symbol, title)

        return views.figure(title, draw, self)
