"""Frames that could not be used: counted, and a few kept to argue with."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import msgspec

from ..errors import Malformed

__all__ = ["Quarantine", "Quarantined", "place_of"]

KEPT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One frame that could not be used: when it came, why not, and its first 4 KiB."""

    received_at_ns: int
    reason: str
    frame: bytes


class Quarantine:
    """The last malformed frames of one connection, and whether they come too often.

    >>> q = Quarantine(keep=2, limit=2, window=10.0)
    >>> q.add(Malformed("not JSON"), b"?", mono=0.0, wall_ns=0), q.add(Malformed("not JSON"), b"?", mono=1.0, wall_ns=0)
    (False, True)
    """

    def __init__(self, *, keep: int, limit: int, window: float) -> None:
        self.count = 0
        self.limit, self.window = limit, window
        self._kept: deque[Quarantined] = deque(maxlen=keep)
        self._recent: deque[float] = deque(maxlen=limit)

    def add(self, error: Malformed, frame: bytes | str, *, mono: float, wall_ns: int) -> bool:
        """Keep one frame. True when there were ``limit`` of them within ``window`` seconds."""
        raw = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else bytes(frame[:KEPT_BYTES])
        self.count += 1
        self._kept.append(Quarantined(wall_ns, error.reason, raw[:KEPT_BYTES]))
        self._recent.append(mono)
        return len(self._recent) == self.limit and mono - self._recent[0] <= self.window

    def forgive(self) -> None:
        """Start counting anew, as on a new connection. What was kept stays."""
        self._recent.clear()

    @property
    def kept(self) -> tuple[Quarantined, ...]:
        """The newest malformed frames, oldest first."""
        return tuple(self._kept)


class _Element(msgspec.Struct):
    symbol: str = ""


class _Place(msgspec.Struct):
    channel: str = ""
    data: list[msgspec.Raw] = []


_place = msgspec.json.Decoder(_Place)
_element = msgspec.json.Decoder(_Element)


def place_of(frame: bytes | str) -> tuple[str, tuple[str, ...]]:
    """The channel and symbols a malformed frame speaks of, as far as can be made out; empty where not.

    >>> place_of('{"channel":"trade","data":[{"symbol":7},{"symbol":"BTC/USD","price":null}]}')
    ('trade', ('BTC/USD',))
    """
    try:
        place = _place.decode(frame)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return "", ()
    symbols: dict[str, None] = {}
    for element in place.data:
        try:
            symbols[_element.decode(element).symbol] = None
        except (msgspec.MsgspecError, RecursionError, ValueError):
            # Which symbol this one was about cannot be known; its neighbours can still say theirs.
            continue
    return place.channel, tuple(symbols)
