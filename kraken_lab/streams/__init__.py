"""The live objects a user holds, and the feeds under them. No sockets, no clocks: the room `net` drives them.

A `Feed` is one subscription (state, epochs, gaps, tables) and belongs to the I/O thread; a `Stream` is what a cell
holds and reads from any thread. A `Router` is the peer of one connection, the `Desk` decides which feed goes where.
"""

from .account_streams import BalancesStream, ExecutionsStream
from .book_streams import BookStream, Level3Stream
from .desk import Desk, Line
from .event_streams import OhlcStream, TickerStream, TradeStream
from .feed import Feed, StreamState
from .health import Health, SymbolHealth
from .host import Host, Views
from .instrument_stream import InstrumentStream
from .listeners import Dispatcher
from .live_table import LiveTable
from .router import Router
from .stream import Stream

__all__ = [
    "BalancesStream",
    "BookStream",
    "Desk",
    "Dispatcher",
    "ExecutionsStream",
    "Feed",
    "Health",
    "Host",
    "InstrumentStream",
    "Level3Stream",
    "Line",
    "LiveTable",
    "OhlcStream",
    "Router",
    "Stream",
    "StreamState",
    "SymbolHealth",
    "TickerStream",
    "TradeStream",
    "Views",
]
