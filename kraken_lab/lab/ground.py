"""What a trader stands on: where orders go, whose account it is, and who carries what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..net import Clock, IOThread, RestClient
from ..streams import Desk
from ..trading import StateKey, TradingMode
from ..wire import Settings

if TYPE_CHECKING:
    from .drawing import Drawing

__all__ = ["Ground"]


@dataclass(frozen=True, slots=True)
class Ground:
    """One lab's account and its surroundings, as the lab has put them together."""

    mode: TradingMode
    venue: str
    key: StateKey
    venue_pid: int | None
    desk: Desk
    reference_desk: Desk
    rest: RestClient
    io: IOThread
    clock: Clock
    settings: Settings
    views: Drawing
    redact: Callable[[str], str]
    paused: Callable[[], Mapping[str, str]]
    """In paper: pairs that are not matched now, and why."""
    elsewhere: str = ""
    """The address of what plays the exchange, where that is not Kraken's own."""
