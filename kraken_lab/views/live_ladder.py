"""The price ladder that keeps itself fresh: fixed rows by the tick, sizes, what is one's own, and the last trade.

Picking a price offers an order ticket with it under the ladder; the ladder itself sends nothing anywhere. What the
user's own is, where it stands in its queue, and what traded last is asked of whatever is `Beside` the book: a ladder
subscribes to nothing by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..market import BookSnapshot
from ..tables.vitals import Vitals
from . import escape
from .boxes import Badge, facts_html
from .ending import close_whole
from .ladder import ladder_html
from .ladder_figure import ladder_figure
from .ladder_picture import Grid, LadderPicture, LastTrade, changes, grid_of, picture_of
from .live_view import Frame, LiveView, Send, with_facts
from .own import Own, OwnOrder, QueuePlace, with_place
from .pump import PUMP, Pump
from .scripts import script, style
from .shown import Made, Shown
from .vitals_line import VitalsLine

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from .offer import TicketPlace

__all__ = ["Beside", "BookSource", "LadderView", "LiveLadder"]

_SIDES: Final = ("buy", "sell")
_LONGEST_PRICE: Final = 40
"""Digits of a picked price: more are no price."""
_OWN_LINES: Final = 12
"""Orders of one's own beneath a ladder in a terminal."""

Picked = Callable[[str, Decimal], object]
"""Called with a side and a price that somebody picked."""


class BookSource(Protocol):
    """The book of one symbol that changes behind one's back, as far as a ladder knows it."""

    @property
    def symbols(self) -> Sequence[str]:
        """Its pair, alone."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""

    def pulse(self) -> object:
        """Something that is equal as long as nothing changed."""

    def photo(self, levels: int) -> BookSnapshot | None:
        """The best ``levels`` a side of now; None while there is no verified book."""

    def vitals(self) -> Vitals:
        """How it is doing."""


class Beside(Protocol):
    """What there is besides the book. Asked with every frame, so an answer that did not change costs nothing."""

    def increment(self, symbol: str) -> Decimal | None:
        """The pair's price increment; None where it is not known."""

    def own(self, symbol: str) -> Own:
        """The user's own orders and fills."""

    def places(self, symbol: str, ids: Sequence[str]) -> Mapping[str, QueuePlace]:
        """Where these orders stand in their queues, as far as somebody subscribed to those."""

    def last_trade(self, symbol: str) -> LastTrade | None:
        """The newest trade, if somebody subscribed to trades."""


class LadderView(LiveView):
    """The ladder of one book in a browser. ``send`` brings frames there; ``picked`` hears of picked prices."""

    def __init__(
        self,
        source: BookSource,
        beside: Beside,
        send: Send,
        now: float,
        *,
        levels: int,
        group: int | None = None,
        picked: Picked = lambda side, price: None,
        on_close: Callable[[], object] = lambda: None,
        **clocks: Any,
    ) -> None:
        super().__init__(send, now, **clocks)
        self._source, self._beside = source, beside
        self._levels, self._group = levels, group
        self._picked, self._on_close = picked, on_close
        self._symbol = source.symbols[0]
        self._line = VitalsLine(source.vitals, now)
        self._grid: Grid | None = None
        self._picture: LadderPicture | None = None
        self._pulse: object = None

    def frame(self, whole: bool, now: float) -> Frame | None:
        """The rows that changed since the last frame, and the line of facts above them."""
        ended = self._source.ended  # asked first: the frame that tells the end has all there was until then
        picture = self._look(whole)
        told = changes(None if whole else self._picture, picture)
        self._picture = picture
        buffers = [told.pop(name, "").encode() for name in ("bids", "asks")] if "book" in told else []
        frame = Frame(told, buffers, whole) if told or whole else None
        return with_facts(frame, self._line.news(now, ended=ended, whole=whole, along=bool(told)))

    def _look(self, whole: bool) -> LadderPicture:
        # The pulse is read before the book: a change in between is seen the next time, not missed.
        pulse, last = self._source.pulse(), self._picture
        own = self._beside.own(self._symbol).orders
        resting = [order.order_id for order in own if not order.waits]
        places = self._beside.places(self._symbol, resting) if resting else {}
        trade = self._beside.last_trade(self._symbol)
        if last is not None and not whole and pulse == self._pulse:
            return replace(last, own=own, places=places, trade=trade)
        self._pulse = pulse
        book = self._source.photo(self._levels)
        if book is not None and (self._grid is None or self._grid.price_digits != book.bid_ladder.price_precision):
            self._grid = grid_of(book, self._beside.increment(self._symbol), self._group)
        return picture_of(book, self._grid, own, places, trade)

    def _take(self, message: Mapping[str, Any], now: float) -> None:
        super()._take(message, now)
        if message.get("kind") == "pick" and self._grid is not None:
            side, price = message.get("side"), message.get("price")
            sane = isinstance(price, str) and price.isascii() and price.isdigit() and len(price) <= _LONGEST_PRICE
            if sane and side in _SIDES and int(str(price)):
                self._picked(str(side), self._grid.price(int(str(price))))

    @property
    def over(self) -> bool:
        """Whether the browser was told that nothing will change any more."""
        return self._line.told_the_end

    def shut(self) -> None:
        """The widget is closed with the picture."""
        self._picture = None
        self._on_close()


class LiveLadder(Shown):
    """The ladder of one book, live in a cell; as text, what the book is now. `snapshot` is a plotly figure.

    ``place`` makes the place under it where a ticket is offered, or gives None where no ticket can be made.
    """

    def __init__(
        self,
        source: BookSource,
        beside: Beside,
        title: str,
        *,
        levels: int,
        group: int | None = None,
        place: Callable[[], TicketPlace | None] = lambda: None,
        pump: Pump = PUMP,
    ) -> None:
        super().__init__(title, pump=pump)
        self._source, self._beside, self._place = source, beside, place
        self._levels, self._group = levels, group
        self._symbol = source.symbols[0]

    def _make(self, now: float) -> Made:
        import ipywidgets

        place = self._place()
        base, _, quote = self._symbol.partition("/")
        ladder = _widget_class()(
            key=secrets.token_hex(8),
            title=escape.visible(escape.clip(self.title, 200)),
            base=escape.visible(escape.clip(base, 24)),
            quote=escape.visible(escape.clip(quote, 24)),
            levels=self._levels,
            offers=place is not None,
        )
        box = ipywidgets.VBox([ladder] if place is None else [ladder, place])

        view = LadderView(
            self._source,
            self._beside,
            ladder.send,
            now,
            levels=self._levels,
            group=self._group,
            picked=(lambda side, price: None) if place is None else place.offer,
            on_close=lambda: close_whole(box),
        )
        # A handler may run in any thread, also in the middle of a cell: it only puts down what was said.
        ladder.on_msg(lambda _, content, __: view.post(content))
        return Made(box, view, ladder.key)

    def _draw(self) -> go.Figure:
        vitals = self._source.vitals()
        own, places = self._own()
        return ladder_figure(
            self._source.photo(self._levels),
            own=own,
            places=places,
            trade=self._beside.last_trade(self._symbol),
            title=self.title,
            words=f"there is no verified book: {vitals.state}",
        )

    def _own(self) -> tuple[tuple[OwnOrder, ...], Mapping[str, QueuePlace]]:
        """The user's own orders, and where they stand in their queues as far as that is known."""
        own = self._beside.own(self._symbol).orders
        resting = [order.order_id for order in own if not order.waits]
        return own, self._beside.places(self._symbol, resting) if resting else {}

    def pulse(self) -> object:
        """Of the book, and of what is one's own."""
        return self._source.pulse(), self._beside.own(self._symbol).orders

    @property
    def ended(self) -> bool:
        """Whether it was closed, or its lab."""
        return self._closed or self._source.ended

    def still(self) -> str:
        """The ladder as HTML, with its state above it."""
        vitals = self._source.vitals()
        book = self._source.photo(self._levels)
        badge = Badge(vitals.state, age=vitals.age, epoch=vitals.epoch, gaps=vitals.gaps, note=vitals.note)
        if book is None:
            return facts_html(self.title, {"book": "none that is verified"}, badge=badge)
        own, places = self._own()
        return ladder_html(book, badge=badge, caption=self.title, own=own, places=places)

    def __repr__(self) -> str:
        book = self._source.photo(self._levels)
        if book is not None:
            own, places = self._own()
            mine = [escape.terminal(escape.clip(with_place(order, places), 300)) for order in own[:_OWN_LINES]]
            more = [f"and {len(own) - _OWN_LINES} more of my orders"] if len(own) > _OWN_LINES else []
            return "\n".join([repr(book), *mine, *more])
        vitals = self._source.vitals()
        words = " ".join(filter(None, [self.title, "no verified book:", vitals.state, vitals.note]))
        return f"<{escape.terminal(escape.clip(words, 300))}>"

    def _repr_html_(self) -> str:
        return self.still()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Where nothing is kept fresh: the ladder of now as a table, and as text."""
        return {"text/plain": repr(self), "text/html": self.still()}


@cache
def _widget_class() -> Any:
    """The widget's class, made when first needed: nothing here loads a widget library before."""
    import traitlets

    from .scripted import Scripted

    class LadderWidget(Scripted):
        """What the browser is handed beforehand. The ladder itself comes as frames."""

        script = traitlets.Unicode(script("ladder.js")).tag(sync=True)
        _css = style("ladder.css")
        key = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        base = traitlets.Unicode().tag(sync=True)
        quote = traitlets.Unicode().tag(sync=True)
        levels = traitlets.Int().tag(sync=True)
        offers = traitlets.Bool().tag(sync=True)

    return LadderWidget
