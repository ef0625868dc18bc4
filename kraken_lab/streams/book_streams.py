"""Order books, by level and by order, as live objects: what they are now and how their top has been.

Every number comes from a book that the exchange's checksum agreed with. While there is none, asking for one raises
`NotReady` instead of giving something old.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Generic, Literal, Self, TypeVar

from ..errors import BadArgument, NotReady, StreamStopped
from ..market import BookSnapshot, Level3Snapshot, Walk
from ..tables import HeatGrid, LadderHistory, TableView, schema, view_of
from ..wire import number, plainly_called, whole_number
from .book_feed import BookFeed
from .book_history import BookHistory
from .book_past import BookPast
from .feed import StreamState
from .host import Host, Shown
from .ladder_feed import LadderFeed
from .ladder_view import book_view
from .level3_feed import Level3Feed
from .live_table import LiveTable, Since
from .stream import Stream, add_listener
from .trade_feed import TradeFeed
from .vitals import Vitals, vitals_of

__all__ = ["BookStream", "Level3Stream"]

FeedT = TypeVar("FeedT", bound=LadderFeed[Any, Any, Any])
PhotoT = TypeVar("PhotoT", BookSnapshot, Level3Snapshot)

_plainly = plainly_called("book")

FIRST_COLUMN = 3.0
"""Seconds to wait for the first column of a heatmap."""

Quantity = str | int | Decimal | float


class LadderStream(Stream[FeedT, PhotoT], Generic[FeedT, PhotoT]):
    """What book and level3 streams share. ``stream["BTC/USD"]`` is the stream of one of several symbols."""

    def __init__(self, host: Host, feeds: Mapping[str, FeedT], depth: int) -> None:
        channel = next(iter(feeds.values())).channel
        super().__init__(host, f"{channel} {' '.join(feeds)}", schema(channel), feeds, list)
        self.depth = depth

    @_plainly
    def snapshot(self) -> PhotoT:
        """The book as it stands, frozen and verified, at this stream's depth.

        Raises:
            NotReady: there is no verified book now.
            StreamStopped: it was stopped, and a book grows old at once.
            BadArgument: the stream has several symbols; take one with ``stream["BTC/USD"]``.
        """
        feed = self._only()
        if self._stopped:
            raise StreamStopped(self._title)
        try:
            photo: PhotoT = feed.photograph(self.depth)
        except NotReady as error:
            if over := self._host.over:
                raise NotReady(error.waited_for, error.seconds, error.state, over=over) from None
            raise
        return photo

    def __getitem__(self, symbol: str) -> Self:
        """The same stream, of one of its symbols. Stopping that stops nothing of this one.

        Raises:
            BadArgument: it has no such symbol.
        """
        if symbol not in tuple(self._feeds):
            raise BadArgument("symbol", symbol, " or ".join(self._feeds))
        if len(self._feeds) == 1:
            return self
        part = type(self)(self._host, {symbol: self._feeds[symbol]}, self.depth)
        part._borrowed, part._stopped = True, self._stopped
        return part

    @_plainly
    def view(self, last: int | None = None, since: Since = None) -> TableView:
        """The ladder now, a row a level, the best first; no rows while there is no verified book.

        A ladder has no past, so ``since`` is refused here: `history` has it. ``last`` cuts to so many rows.
        """
        if since is not None:
            raise BadArgument("since", since, "book.history for what was; a ladder is only what is now")
        view = self._view_of(self._photos(self.depth))
        return view if last is None else view.between(0, last)

    def _photos(self, depth: int) -> list[PhotoT]:
        photos: list[PhotoT] = []
        for feed in self._feeds.values():
            try:
                photos.append(feed.photograph(depth))
            except NotReady:
                # What cannot be shown verified is not shown; the state beside the table says why.
                continue
        return photos

    def photo(self, levels: int) -> PhotoT | None:
        """The best ``levels`` a side of the one symbol as they stand; None while there is no verified book."""
        if self._stopped:
            return None
        photos = self._photos(min(levels, self.depth))
        return photos[0] if photos else None

    def _view_of(self, photos: list[PhotoT]) -> TableView:
        raise TypeError(f"{type(self).__name__} does not say what its rows are")

    def photograph(self, rows: int) -> TableView:
        """The levels nearest to the middle, of all symbols together about as many rows as asked for."""
        return self._view_of(self._nearest(rows))

    def _nearest(self, rows: int) -> list[PhotoT]:
        depth = max(1, rows // (2 * max(1, len(self._feeds))))
        return self._photos(min(depth, self.depth))

    @property
    def order_by(self) -> None:
        """None: the rows of a ladder have their places."""
        return

    def vitals(self) -> Vitals:
        """As of every stream, with its checksums: every message has one."""
        return self._with_trouble(vitals_of(str(self.state), self.feeds, self._host.now(), checksums=True))

    def __len__(self) -> int:
        return len(self.view())

    def _written(self) -> int:
        return sum(feed.messages for feed in self._feeds.values())

    def _only(self) -> FeedT:
        if len(self._feeds) != 1:
            raise BadArgument("symbol", tuple(self._feeds), f'one of them, as in book["{next(iter(self._feeds))}"]')
        return next(iter(self._feeds.values()))

    @property
    def latest(self) -> PhotoT | None:  # type: ignore[override]
        """The newest verified book, or None while there is none."""
        try:
            return self.snapshot()
        except (NotReady, StreamStopped):
            return None

    @property
    def bids(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Price and quantity of every bid level now, best first."""
        return self.snapshot().bids

    @property
    def asks(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Price and quantity of every ask level now, best first."""
        return self.snapshot().asks

    def _listen_to(self, feed: FeedT, hear: Callable[[PhotoT], object]) -> Callable[[], None]:
        def listener() -> None:
            if feed.state is StreamState.LIVE:
                hear(feed.photograph(self.depth))

        return add_listener(feed, listener)

    def _facts(self) -> Mapping[str, str]:
        facts = dict(super()._facts())
        facts.pop("rows")
        facts["depth"] = str(self.depth)
        facts["messages"] = f"{self._written():,}"
        checks = sum(feed.counters["checksum mismatches"] for feed in self._feeds.values())
        facts["checksum failures"] = str(checks)
        return facts


class BookStream(LadderStream[BookFeed, BookSnapshot]):
    """Order books by level. Of one symbol: `mid`, `spread`, `walk` and the rest, always on the newest verified book."""

    def __init__(self, host: Host, feeds: Mapping[str, BookFeed], depth: int) -> None:
        super().__init__(host, feeds, depth)
        self.history = BookHistory(host, feeds, self)
        """The top of the book over time, a row for each change of it. Columns: ``kl.schema("book_history")``."""

    def _view_of(self, photos: list[BookSnapshot]) -> TableView:
        return book_view(photos)

    def books(self, rows: int) -> list[BookSnapshot]:
        """The books whose levels are the rows of `photograph`."""
        return self._nearest(rows)

    @property
    def mid(self) -> Decimal:
        """Halfway between the best bid and the best ask, in quote per base. Raises `EmptySide`, `NotReady`."""
        return self.snapshot().mid

    @property
    def spread(self) -> Decimal:
        """Best ask minus best bid, in quote per base. Raises `EmptySide`, `NotReady`."""
        return self.snapshot().spread

    @property
    def microprice(self) -> Decimal:
        """The mid weighted by the quantities at the touch, leaning to the thinner side. Raises as `mid`."""
        return self.snapshot().microprice

    @_plainly
    def imbalance(self, levels: int = 5) -> Decimal:
        """Bid quantity minus ask quantity over their sum, in the best ``levels``: from -1 to 1.

        Raises:
            BadArgument: more levels than this stream has a side, or fewer than one.
            EmptySide, NotReady: as `mid`.
        """
        levels = whole_number("levels", levels, "levels a side", least=1)
        if levels > self.depth:
            deeper = f"lab.book({self._only().symbol!r}, depth=...) subscribes a deeper one."
            raise BadArgument("levels", levels, f"at most {self.depth}, the depth of this stream", deeper)
        return self.snapshot().imbalance(levels)

    @_plainly
    def walk(self, side: Literal["buy", "sell"], qty: Quantity) -> Walk:
        """What an order of ``qty`` base would get from the visible book, as `BookSnapshot.walk`."""
        return self.snapshot().walk(side, qty)

    # --- drawn ------------------------------------------------------------------------------------------------------

    @_plainly
    def grid(self, minutes: float = 5.0, bins: int = 200) -> HeatGrid:
        """Quantity by time and price, sampled ten times a second since subscribing; gaps are empty columns.

        Raises:
            NotReady: nothing was sampled yet.
        """
        feed = self._only()
        minutes = number("minutes", minutes, "minutes", above=0)
        history = self._first_column(feed)
        return history.grid(start_ns=self._host.now().wall_ns - int(minutes * 60e9), bins=bins)

    def _first_column(self, feed: BookFeed) -> LadderHistory:
        """The book's past with a column at least: the first comes a beat after the first book."""
        self.wait(
            until=lambda _: feed.heat is not None and len(feed.heat) > 0,
            timeout=FIRST_COLUMN,
            what="the first column of the heatmap",
        )
        if feed.heat is None:
            what = f"the first column of {self._title}'s heatmap"
            raise NotReady(what, FIRST_COLUMN, str(self.state), over=self._host.over)
        return feed.heat

    @_plainly
    def heatmap(
        self,
        minutes: float = 5.0,
        *,
        levels: int | None = None,
        bins: int = 400,
        colorscale: str = "night",
        cutoff: tuple[float, float] | None = None,
        trades: LiveTable | bool = True,
        engine: Literal["canvas", "plotly"] = "canvas",
    ) -> Shown:
        """The book over time, live in a cell: time by price, resting size as colour, best prices, trades, your own.

        In the picture one zooms, pans back as far as columns are kept, changes the cut-offs, and reads the exact price
        and size under the mouse; picking a price offers a ticket and sends nothing. ``snapshot()`` is a plotly figure.

        Args:
            minutes: from left to right at first.
            levels: a side, from top to bottom at first; None for all that are subscribed.
            bins: rows of prices at most.
            colorscale: ``night``, ``viridis``, ``cividis`` or ``grey``.
            cutoff: sizes in base with the first and the last colour; smaller ones are not drawn. None for what fits.
            trades: True for those of the lab's stream, which is subscribed if there is none; or a stream; or False.
            engine: ``plotly`` for a plotly figure, drawn anew twice a second, with fewer columns.

        Raises:
            BadArgument: one of these is no such thing, or the stream has several symbols.

        >>> book.heatmap(minutes=1, levels=10, cutoff=(0.01, 10)).snapshot().layout.title.text
        'BTC/USD order book [sandbox]'
        """
        feed = self._only()
        minutes = number("minutes", minutes, "minutes", above=0)
        past = BookPast(self._host, feed, self._trades_of(feed.symbol, trades), self.vitals, lambda: self.ended)
        if self.state is StreamState.LIVE:
            with contextlib.suppress(NotReady):
                self._first_column(feed)
        look = {"minutes": minutes, "levels": levels, "bins": bins, "colorscale": colorscale, "cutoff": cutoff}
        title = f"{feed.symbol} order book [{self._host.label}]"
        return self._host.views.live_heatmap(past, title, look, engine)

    def _trades_of(self, symbol: str, trades: LiveTable | bool) -> TradeFeed | None:
        """The feed of the trades to draw: of a stream, or of the lab's own."""
        stream = self._host.trades(symbol, wait=False) if trades is True else trades
        if stream is False:
            return None
        for feed in getattr(stream, "feeds", ()):
            if isinstance(feed, TradeFeed) and feed.symbol == symbol:
                return feed
        raise BadArgument(
            "trades",
            getattr(trades, "title", trades),
            f"True, False or a trade stream of {symbol}, as lab.trades(...) gives",
        )

    @_plainly
    def depth_chart(self, levels: int | None = None) -> Shown:
        """Cumulative quantity by price, of the best ``levels`` a side or of all, live in a cell.

        Raises:
            BadArgument: the stream has several symbols, or ``levels`` is below 1.

        >>> book.depth_chart(levels=25).snapshot().layout.title.text
        'BTC/USD depth [sandbox]'
        """
        symbol = self._only().symbol
        levels = None if levels is None else whole_number("levels", levels, "levels a side", least=1)
        title = f"{symbol} depth [{self._host.label}]"
        views = self._host.views
        return views.figure(title, lambda: views.depth(self.latest, symbol, levels, title), self)

    @_plainly
    def ladder(self, levels: int | None = None, *, group: int | None = None) -> Shown:
        """The price ladder, live in a cell: sizes by price, your own orders, the last trade; as text what is now.

        ``levels`` is how many of each side are shown at most, ``group`` how many ticks make one row; without it, the
        fewest with which the middle of the book fits. Where your orders stand in their queues, and what traded last, is
        shown while `lab.level3` and `lab.trades` run for the pair. Picking a price offers a ticket and sends nothing.

        Raises:
            BadArgument: the stream has several symbols, or ``levels`` or ``group`` is below 1.

        >>> book.ladder(levels=25).snapshot().layout.title.text
        'BTC/USD ladder [sandbox]'
        """
        symbol = self._only().symbol
        most = self.depth if levels is None else whole_number("levels", levels, "levels", least=1)
        ticks = None if group is None else whole_number("group", group, "ticks a row", least=1)
        title = f"{symbol} ladder [{self._host.label}]"
        return self._host.views.live_ladder(self, title, min(most, self.depth), ticks)

    def __repr__(self) -> str:
        if len(self._feeds) == 1 and (photo := self.latest) is not None:
            return f"{self._headline()}\n{photo!r}"
        return self._headline()

    def _repr_html_(self) -> str:
        if len(self._feeds) == 1 and (photo := self.latest) is not None:
            return self._host.views.ladder(photo, f"{photo.symbol} [{self._host.label}]", self._facts())
        return super()._repr_html_()


class Level3Stream(LadderStream[Level3Feed, Level3Snapshot]):
    """Order books by order: every visible order in its queue. Columns: ``kl.schema("level3")``."""

    def _view_of(self, photos: list[Level3Snapshot]) -> TableView:
        return view_of(self.schema, [row for photo in photos for row in self._rows_of(photo)])

    def _rows_of(self, photo: Level3Snapshot) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        place: tuple[str, Decimal] | None = None
        level = position = 0
        for order in photo.queue:
            if place is None or place[0] != order.side:
                level = position = 0
            elif place[1] != order.price:
                level, position = level + 1, 0
            else:
                position += 1
            place = (order.side, order.price)
            side = "bid" if order.side == "bids" else "ask"
            rows.append((photo.symbol, side, level, position, order.order_id, order.price, order.qty, order.timestamp))
        return rows
