"""Where the rooms meet: opening a lab, asking it for streams, seeing how it is."""

from .lab import Lab, RejectedSymbols, Venue
from .nested import allow_nested_loops
from .opening import book, connect, explain, instruments, level3, ohlc, ticker, trades
from .status import Status

__all__ = [
    "Lab",
    "RejectedSymbols",
    "Status",
    "Venue",
    "allow_nested_loops",
    "book",
    "connect",
    "explain",
    "instruments",
    "level3",
    "ohlc",
    "ticker",
    "trades",
]
