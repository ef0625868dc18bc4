"""What every feed has: receivers, a snapshot for who joins, and an update for each batch that concerns it.

A feed serves all subscribers that asked for the same thing, so its message is made once, however many there are.
"""

from __future__ import annotations

from typing import Protocol

from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.frames import Frame

__all__ = ["Feed", "Receiver", "channel_message"]


class Receiver(Protocol):
    """Who can be sent a frame: a session."""

    def send(self, frame: Frame) -> None:
        """Take a frame to be sent."""


class Feed(Protocol):
    """One channel's messages for one symbol and one set of options."""

    def snapshot(self, ns: int) -> Frame:
        """The state at this instant, for a subscriber that joins."""

    def update(self, batch: Batch) -> Frame | None:
        """What changed for its subscribers with ``batch``; None if nothing they can see did."""


def channel_message(channel: str, kind: str, data: str, envelope: str = "") -> str:
    """A channel message around ``data``, which is JSON text; ``envelope`` is for further top-level members.

    >>> channel_message("trade", "update", "[]")
    '{"channel":"trade","type":"update","data":[]}'
    """
    return f'{{"channel":"{channel}","type":"{kind}",{envelope}"data":{data}}}'
