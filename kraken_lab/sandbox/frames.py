"""One outgoing message, with what the fault controls need to recognise it."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["HEARTBEAT", "Frame"]


class Frame(NamedTuple):
    """A text to send. ``channel`` and ``type`` are a channel message's; ``method`` is a response's; else empty.

    One frame is made per event and shared by all its receivers.
    """

    text: str | bytes
    channel: str = ""
    type: Literal["snapshot", "update", "response", "heartbeat", "raw"] = "update"
    symbol: str = ""
    method: str = ""


HEARTBEAT = Frame('{"channel":"heartbeat"}', channel="heartbeat", type="heartbeat")
