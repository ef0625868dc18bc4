"""What a picture of a book's past reads: its columns, its gaps, and the trades beside it. In any thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..tables import Gap, LadderHistory, TableView
from .book_feed import BookFeed
from .host import Host
from .trade_feed import TradeFeed
from .vitals import Vitals

__all__ = ["BookPast"]


class BookPast:
    """The past of one book; ``trades`` is the feed of its trades, if there is to be one. ``ended`` as the stream says.

    Satisfies `kraken_lab.views.heat_view.BookPast`.
    """

    def __init__(
        self,
        host: Host,
        feed: BookFeed,
        trades: TradeFeed | None,
        vitals: Callable[[], Vitals],
        ended: Callable[[], bool],
    ) -> None:
        self._host, self._feed, self._trades, self._vitals, self._ended = host, feed, trades, vitals, ended

    @property
    def symbol(self) -> str:
        """The pair."""
        return self._feed.symbol

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self._ended()

    def now_ns(self) -> int:
        """This moment, in nanoseconds since 1970 UTC."""
        return self._host.now().wall_ns

    def history(self) -> LadderHistory | None:
        """The past ladders; None before there was any book."""
        return self._feed.heat

    def gaps(self) -> Sequence[Gap]:
        """The book's gaps, oldest first."""
        return self._feed.gaps.gaps

    def trades(self) -> tuple[int, TableView] | None:
        """How many trades were dropped to save memory, and those kept; None without a feed of them."""
        if self._trades is None:
            return None
        table = self._trades.table
        while True:
            # A row that is dropped between the two looks would make all numbers wrong by one.
            before, view = table.evicted, table.view()
            if table.evicted == before:
                return before, view

    def vitals(self) -> Vitals:
        """How the book is doing."""
        return self._vitals()
