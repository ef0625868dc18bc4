"""What is wanted of a connection, and how each wish stands.

A `Want` is recorded when the user asks, not when the exchange agrees: after a reconnect the wants are asked again, so
what was never acknowledged is not lost and what was acknowledged differently is asked as it was meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from .messages import SubscribeResult
from .requests import Subscribe, Unsubscribe

__all__ = ["LEVEL3_COST", "PRIVATE_CHANNELS", "Key", "Stage", "Standing", "Want"]

PRIVATE_CHANNELS = frozenset({"executions", "balances"})
"""Channels of an account. The exchange closes a private connection on which none of them is subscribed."""

LEVEL3_COST = {10: 5, 100: 25, 1000: 100}
"""What subscribing one level3 symbol costs, by depth. Source: level3 channel page, "Rate limits"."""


class Key(NamedTuple):
    """What one connection can carry once: a channel and, where it has one, a symbol."""

    channel: str
    symbol: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One subscription as it is asked for; options that a channel does not have stay None.

    >>> Want(channel="book", symbol="BTC/USD", depth=10).key
    Key(channel='book', symbol='BTC/USD')
    """

    channel: str
    symbol: str | None = None
    depth: int | None = None
    interval: int | None = None
    event_trigger: str | None = None
    snapshot: bool = True
    snap_orders: bool | None = None
    snap_trades: bool | None = None
    ratecounter: bool | None = None

    @property
    def key(self) -> Key:
        """The place on a connection that this takes."""
        return Key(self.channel, self.symbol)

    @property
    def options(self) -> tuple[object, ...]:
        """What wants in one request must share."""
        return (
            *(self.channel, self.depth, self.interval, self.event_trigger),
            *(self.snapshot, self.snap_orders, self.snap_trades, self.ratecounter),
        )

    @property
    def needs_token(self) -> bool:
        """Whether the exchange wants a token with it. It does for level3 too, though that data is public."""
        return self.channel == "level3" or self.channel in PRIVATE_CHANNELS

    @property
    def cost(self) -> int:
        """What it takes from the level3 budget; 0 for other channels."""
        return LEVEL3_COST.get(self.depth or 10, 100) if self.channel == "level3" else 0

    def differs_from(self, result: SubscribeResult) -> str | None:
        """What the exchange acknowledged otherwise than asked, in words; None if nothing."""
        for name in ("depth", "interval", "event_trigger", "snap_orders", "snap_trades"):
            asked, given = getattr(self, name), getattr(result, name)
            if asked is not None and given is not None and asked != given:
                return f"asked {name}={asked}, acknowledged {name}={given}"
        return None

    def subscribe(self, symbols: Sequence[str], *, token: str | None, req_id: int) -> Subscribe:
        """The request for this want and others that share its options, one for each symbol."""
        return Subscribe(
            channel=self.channel,
            symbol=tuple(symbols) or None,
            depth=self.depth,
            interval=self.interval,
            event_trigger=self.event_trigger,
            # Executions have two snapshots of their own; the common parameter is deprecated there.
            snapshot=None if self.channel == "executions" else self.snapshot,
            snap_orders=self.snap_orders,
            snap_trades=self.snap_trades,
            ratecounter=self.ratecounter,
            token=token if self.needs_token else None,
            req_id=req_id,
        )

    def unsubscribe(self, symbols: Sequence[str], *, token: str | None, req_id: int) -> Unsubscribe:
        """The request that gives them up again, with what tells this subscription from others."""
        return Unsubscribe(
            channel=self.channel,
            symbol=tuple(symbols) or None,
            depth=self.depth,
            interval=self.interval,
            event_trigger=self.event_trigger,
            token=token if self.needs_token else None,
            req_id=req_id,
        )


class Stage(Enum):
    """How far a want has come on the present connection."""

    WANTED = "wanted"
    """To be asked as soon as pacing, or a token, allows."""
    ASKED = "asked"
    """Asked, not yet answered."""
    ACKNOWLEDGED = "acknowledged"
    """Answered with yes."""
    LEAVING = "leaving"
    """To be unsubscribed as soon as pacing allows, or waiting for the answer to that."""
    REFUSED = "refused"
    """Answered with no, for good."""


@dataclass(slots=True)
class Standing:
    """One want and what became of it. Owned by its conversation."""

    want: Want
    stage: Stage = Stage.WANTED
    req_id: int | None = None
    asked_at: float | None = None
    acknowledged_at: float | None = None
    delivered: bool = False
    """Whether its snapshot came since it was last acknowledged."""
    nudged: bool = False
    """Whether a silent subscription was already asked again once."""
    not_before: float = 0.0
    """A pause the exchange's rate limit asked for, in monotonic seconds."""
    pauses: int = 0
    doubtful: bool = False
    """Whether it was asked and never answered, so that the exchange may have it or not."""
    then: Want | None = None
    """What to ask once an unsubscription is through; None means to be forgotten."""
    refusal: str = ""
    difference: str | None = None
    attempts: int = 0

    @property
    def may_be_subscribed(self) -> bool:
        """Whether the exchange has it, or may have it, so that giving it up takes an unsubscription."""
        return self.doubtful or self.stage in (Stage.ASKED, Stage.ACKNOWLEDGED)

    def begin(self, want: Want) -> None:
        """To be asked, as if it never was."""
        self.want = want
        self.stage = Stage.WANTED
        self.req_id = self.asked_at = self.acknowledged_at = None
        self.delivered = self.doubtful = False
        self.then = None
        self.refusal = ""

    def leave(self, *, then: Want | None) -> None:
        """To be unsubscribed; ``then`` is what to ask afterwards, None for nothing."""
        self.stage = Stage.LEAVING
        self.req_id = self.asked_at = self.acknowledged_at = None
        self.doubtful = False
        self.then = then

    def agreed(self, at: float) -> None:
        """The exchange agreed, at this monotonic second."""
        self.stage = Stage.ACKNOWLEDGED
        self.acknowledged_at = at
        self.req_id = self.asked_at = None
        self.doubtful = False
        self.attempts = self.pauses = 0
