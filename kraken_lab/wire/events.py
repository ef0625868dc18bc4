"""What a conversation reports besides data: answers, refusals, silence, trouble."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import SubscribeResult, SystemStatus
from .wants import Want

__all__ = ["Acknowledged", "Declined", "Event", "Left", "Silent", "Spoiled", "StatusChanged"]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The exchange agreed to ``want``; ``difference`` says what it agreed to instead, if anything."""

    want: Want
    result: SubscribeResult
    difference: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The exchange refused ``want`` in the words of ``text``; it will not be asked again."""

    want: Want
    text: str


@dataclass(frozen=True, slots=True)
class Left:
    """An unsubscription is through."""

    want: Want


@dataclass(frozen=True, slots=True)
class Silent:
    """``want`` was acknowledged but stays without data. ``final``: asking again did not help either."""

    want: Want
    final: bool


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The exchange's state. ``before`` is None for the first one on a connection."""

    before: SystemStatus | None
    now: SystemStatus


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A frame that could not be used. ``channel`` and ``symbols`` as far as they could be made out, else empty."""

    reason: str
    channel: str
    symbols: tuple[str, ...]


Event = Acknowledged | Declined | Left | Silent | StatusChanged | Spoiled
