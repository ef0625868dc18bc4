"""A live order book in your notebook.

>>> import kraken_lab as kl
>>> lab = kl.connect()                      # an exchange of your own: no network, no key
>>> book = lab.book("BTC/USD", depth=100)
>>> book.mid > 0, len(book.df())
(True, 200)

``kl.connect("paper")`` reads Kraken's public market data instead, ``kl.connect("live")`` also what needs a key. Orders
go one road in all of them: ``lab.buy("BTC/USD", "0.01")`` is a proposal, and its ``confirm()`` sends it, once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    BadArgument,
    BadKey,
    Halted,
    KrakenLabError,
    LabClosed,
    NotArmed,
    NotReady,
    OrderError,
    OrderRefused,
    OrderRejected,
    Refused,
    SandboxError,
    StreamStopped,
    UnknownSymbol,
    Unreachable,
)

if TYPE_CHECKING:
    from .lab import Lab, allow_nested_loops, book, connect, explain, instruments, level3, ohlc, ticker, trades
    from .tables import schema
    from .trading import Limits, Order, OrderSettings, Proposal
    from .wire import Settings

__version__ = "0.1.0"

__all__ = [
    "BadArgument",
    "BadKey",
    "Halted",
    "KrakenLabError",
    "Lab",
    "LabClosed",
    "Limits",
    "NotArmed",
    "NotReady",
    "Order",
    "OrderError",
    "OrderRefused",
    "OrderRejected",
    "OrderSettings",
    "Proposal",
    "Refused",
    "SandboxError",
    "Settings",
    "StreamStopped",
    "UnknownSymbol",
    "Unreachable",
    "__version__",
    "allow_nested_loops",
    "book",
    "connect",
    "explain",
    "instruments",
    "level3",
    "ohlc",
    "schema",
    "ticker",
    "trades",
]

_ROOMS = {
    "schema": ".tables",
    "Settings": ".wire",
    **dict.fromkeys(("Limits", "Order", "OrderSettings", "Proposal"), ".trading"),
}


def __getattr__(name: str) -> Any:
    """Load a room when one of its names is first used, so that importing the package stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_ROOMS.get(name, ".lab"), __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What there is for users: the names this page is about, not those it imports for itself."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
