"""Rules that change, drop, repeat or reorder outgoing messages: the part of the faults that sits on the wire.

Every rule is given each outgoing frame and says what goes out instead. A rule with ``times`` is used up after so many
matches; one without stays until the faults are cleared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from kraken_lab.sandbox.frames import Frame

__all__ = ["Drop", "Dup", "Edit", "Match", "Rule", "Swap"]


@dataclass(slots=True)
class Match:
    """Which frames a rule is about: those that have every property given here.

    ``skip`` lets the first so many go by. ``times`` is how many are affected then; None means all.

    >>> Match(channel="book", type="update").takes(Frame("{}", "book", "update"))
    True
    """

    channel: str = ""
    type: str = ""
    symbol: str = ""
    method: str = ""
    contains: str = ""
    times: int | None = 1
    skip: int = 0
    where: Callable[[Frame], bool] | None = None

    def takes(self, frame: Frame) -> bool:
        """Whether the rule applies to this frame, which is then counted."""
        if self.times == 0 or not self._fits(frame):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def _fits(self, frame: Frame) -> bool:
        return (
            (not self.channel or self.channel == frame.channel)
            and (not self.type or self.type == frame.type)
            and (not self.symbol or self.symbol == frame.symbol)
            and (not self.method or self.method == frame.method)
            and (not self.contains or (isinstance(frame.text, str) and self.contains in frame.text))
            and (self.where is None or self.where(frame))
        )


class Rule(Protocol):
    """What happens to outgoing frames."""

    def apply(self, session: int, frame: Frame) -> list[Frame]:
        """What goes out on the connection of that number instead of ``frame``."""


@dataclass(slots=True)
class Edit:
    """Send something else: ``change`` is given the text."""

    match: Match
    change: Callable[[str], str | bytes]

    def apply(self, session: int, frame: Frame) -> list[Frame]:
        """The frame with its text changed."""
        if not isinstance(frame.text, str) or not self.match.takes(frame):
            return [frame]
        return [frame._replace(text=self.change(frame.text))]


@dataclass(slots=True)
class Drop:
    """Send nothing."""

    match: Match

    def apply(self, session: int, frame: Frame) -> list[Frame]:
        """Nothing."""
        return [] if self.match.takes(frame) else [frame]


@dataclass(slots=True)
class Dup:
    """Send it twice."""

    match: Match

    def apply(self, session: int, frame: Frame) -> list[Frame]:
        """The frame, twice."""
        return [frame, frame] if self.match.takes(frame) else [frame]


@dataclass(slots=True)
class Swap:
    """Hold a frame that fits ``first`` back until one that fits ``second`` has gone out on that connection."""

    first: Match
    second: Match
    _held: dict[int, Frame] = field(default_factory=dict)

    def apply(self, session: int, frame: Frame) -> list[Frame]:
        """The second, then the one held back."""
        if session in self._held:
            return [frame, self._held.pop(session)] if self.second.takes(frame) else [frame]
        if self.first.takes(frame):
            self._held[session] = frame
            return []
        return [frame]
