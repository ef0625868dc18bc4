"""Target ``decode``: whatever an exchange may say, the decoder and a router with every kind of feed survive it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import get_args

from kraken_lab.errors import Malformed
from kraken_lab.streams import Router
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.streams.feed import Feed
from kraken_lab.streams.instrument_feed import InstrumentFeed
from kraken_lab.streams.level3_feed import Level3Feed
from kraken_lab.streams.ohlc_feed import OhlcFeed
from kraken_lab.streams.ticker_feed import TickerFeed
from kraken_lab.streams.trade_feed import TradeFeed
from kraken_lab.wire import Instant, Message, Settings, Stage, Want, careful, decode

__all__ = ["corpus", "listening", "target"]

from .corpus import frames as corpus

PRECISIONS = {"BTC/USD": (1, 8), "ETH/USD": (2, 8), "MATIC/USD": (4, 8), "SHIB/USD": (8, 5), "ALGO/USD": (5, 8)}
"""The pairs of the samples; what is not in a frame is not listened for, because making a feed is the dearest part."""
ASKED_S = 3.0
"""When everything has been asked for, seconds after the connection was made."""
START_NS = 1_780_000_000_000_000_000
MESSAGE: tuple[type, ...] = get_args(Message)


def at(seconds: float) -> Instant:
    """A moment after the connection was made."""
    return Instant(seconds, START_NS + round(seconds * 1e9))


def target(data: bytes) -> None:
    """Decode each line, then let a router hear them all.

    Raises:
        AssertionError, or whatever the code under test raises: a defect.
    """
    frames = data.split(b"\n")
    for frame in frames:
        understood(frame)
    router = listening([symbol for symbol in PRECISIONS if symbol.encode() in data])
    for number, frame in enumerate(frames, 1):
        router.hear(frame, at(ASKED_S + number / 10))
        router.to_send(at(ASKED_S + number / 10))
    end = ASKED_S + 1.0 + len(frames) / 10
    router.let_time_pass(at(end))
    router.next_deadline(at(end))
    router.closed("the run is over", at(end))


def understood(frame: bytes) -> Message | None:
    """The message, found out by both roads of the decoder alike; None if both call it malformed."""
    try:
        message: Message = decode(frame)
    except Malformed:
        return None
    assert isinstance(message, MESSAGE), type(message)
    assert message.raw == frame
    assert careful.read(frame) == message, "the two roads differ"
    repr(message)
    with suppress(Malformed):  # documented: what is not looked at while decoding may be out of bounds
        _ = message.extra, message.extras
    return message


def listening(symbols: Iterable[str]) -> Router:
    """A router that has asked for every channel of some symbols and waits for the answers."""
    settings = Settings()
    router = Router("fuzz", settings, PRECISIONS.__getitem__)
    kinds: dict[str, type[Feed]] = {"book": BookFeed, "level3": Level3Feed, "ticker": TickerFeed, "trade": TradeFeed}
    for symbol in symbols:
        for channel, kind in kinds.items():
            router.add(kind(Want(channel=channel, symbol=symbol), settings, router), at(0.0))
        router.add(OhlcFeed(Want(channel="ohlc", symbol=symbol, interval=5), settings, router), at(0.0))
    router.add(InstrumentFeed(Want(channel="instrument"), settings, router), at(0.0))
    router.opened(at(0.0))
    for query in router.queries(at(0.0)):
        router.answered(query, "token", at(0.0))
    for second in range(round(ASKED_S) + 1):  # requests are paced
        router.to_send(at(float(second)))
    assert all(standing and standing.stage is Stage.ASKED for standing in map(router.talk.standing, router.feeds))
    return router
