"""What a lab has of a symbol besides its book, for a picture of that book. It looks, and never subscribes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from ..errors import BadArgument, NotReady, UnknownSymbol
from ..market import InstrumentSnapshot
from ..streams import Feed
from ..streams.level3_feed import Level3Feed
from ..streams.trade_feed import TradeFeed
from ..views.ladder_picture import LastTrade
from ..views.own import Own, QueuePlace

__all__ = ["LabBeside"]

FeedT = TypeVar("FeedT", bound=Feed)


class LabBeside:
    """Satisfies `kraken_lab.views.live_ladder.Beside`. In any thread; an answer that did not change is kept."""

    def __init__(
        self,
        own: Callable[[str], Own],
        feeds: Callable[[], Iterable[Feed]],
        instruments: Callable[[], InstrumentSnapshot],
    ) -> None:
        self._own, self._feeds, self._instruments = own, feeds, instruments
        self._places: dict[str, tuple[object, Mapping[str, QueuePlace]]] = {}
        self._trades: dict[str, tuple[object, LastTrade | None]] = {}

    def increment(self, symbol: str) -> Decimal | None:
        """The pair's price increment, as listed."""
        with contextlib.suppress(UnknownSymbol, NotReady):
            return self._instruments().pair(symbol).price_increment
        return None

    def own(self, symbol: str) -> Own:
        """The user's own orders and fills."""
        return self._own(symbol)

    def places(self, symbol: str, ids: Sequence[str]) -> Mapping[str, QueuePlace]:
        """Where these orders stand, by the level3 stream that the lab has open; those it does not show are left out."""
        feed = self._find(Level3Feed, symbol)
        if feed is None:
            return {}
        of = (feed, feed.messages, feed.epoch, tuple(ids))
        before, places = self._places.get(symbol, (None, {}))
        if before == of:
            return places
        found: dict[str, QueuePlace] = {}
        with contextlib.suppress(NotReady):
            queues = feed.photograph()
            for ident in ids:
                with contextlib.suppress(BadArgument):
                    place = queues.position(ident)
                    count = place.orders_ahead + 1
                    found[ident] = QueuePlace(count, count + place.orders_behind, place.qty_ahead)
        self._places[symbol] = (of, found)
        return found

    def last_trade(self, symbol: str) -> LastTrade | None:
        """The newest trade of the trade stream that the lab has open."""
        feed = self._find(TradeFeed, symbol)
        if feed is None:
            return None
        of = (feed, feed.messages, feed.epoch)
        before, trade = self._trades.get(symbol, (None, None))
        if before == of:
            return trade
        row = feed.table.latest
        trade = None if row is None else LastTrade(int(row.trade_id), str(row.side), row.price, row.qty)
        self._trades[symbol] = (of, trade)
        return trade

    def _find(self, kind: type[FeedT], symbol: str) -> FeedT | None:
        for feed in self._feeds():
            if isinstance(feed, kind) and feed.symbol == symbol:
                return feed
        return None
