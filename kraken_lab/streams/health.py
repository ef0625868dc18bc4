"""How a stream is doing, as a frozen value: what ``stream.health`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..tables import printable
from ..wire import Instant
from .feed import Feed, StreamState
from .host import Views

__all__ = ["Health", "SymbolHealth", "state_of"]

_ORDER = (
    StreamState.STOPPED,
    StreamState.RESYNCING,
    StreamState.CONNECTING,
    StreamState.SYNCING,
    StreamState.STALE,
    StreamState.LIVE,
    StreamState.FAILED,
)
"""Of several symbols, the state that most needs to be known; a refused symbol hides nothing of the others."""


def state_of(states: list[StreamState]) -> StreamState:
    """One state for several symbols: the one that most needs to be known."""
    return min(states, key=_ORDER.index, default=StreamState.STOPPED)


@dataclass(frozen=True, slots=True)
class SymbolHealth:
    """One symbol of a stream.

    ``age`` is seconds since its last message, None before the first. ``counters`` names what went otherwise than
    smoothly: ``checksum mismatches``, ``resyncs``, ``duplicate trades``, ``discarded``, ``malformed`` and so on.
    """

    symbol: str
    state: StreamState
    reason: str
    epoch: int
    messages: int
    gaps: int
    age: float | None
    counters: Mapping[str, int]

    @classmethod
    def of(cls, feed: Feed, now: Instant) -> SymbolHealth:
        """A feed as it is at this moment."""
        age = None if feed.last_at is None else max(now.mono - feed.last_at.mono, 0.0)
        return cls(
            feed.symbol,
            feed.state,
            feed.reason,
            feed.epoch,
            feed.messages,
            len(feed.gaps),
            age,
            dict(feed.counters),
        )


@dataclass(frozen=True, slots=True)
class Health:
    """A stream as it was when asked: state, rows and memory, and every symbol of it.

    ``callbacks`` says of each ``stream.on`` callback how often it was called and failed; ``undelivered`` counts rows
    that an ``async for`` was too slow for. The tables lost none of them.
    """

    title: str
    state: StreamState
    rows: int
    evicted: int
    nbytes: int
    symbols: tuple[SymbolHealth, ...]
    callbacks: tuple[str, ...]
    undelivered: int
    _views: Views = field(repr=False, compare=False)

    def facts(self) -> dict[str, str]:
        """All of it as names and texts."""
        facts = {
            "state": str(self.state),
            "rows": f"{self.rows:,}",
            "evicted": f"{self.evicted:,}",
            "memory": f"{self.nbytes / 1e6:.1f} MB",
        }
        for symbol in self.symbols:
            age = "no message yet" if symbol.age is None else f"last message {symbol.age:.1f} s ago"
            said = [f"{symbol.state}", f"epoch {symbol.epoch}", f"{symbol.messages:,} messages", age]
            said += [f"{symbol.gaps} gap{'s' * (symbol.gaps != 1)}"] if symbol.gaps else []
            said += [symbol.reason] if symbol.reason else []
            said += [f"{count:,} {name}" for name, count in sorted(symbol.counters.items())]
            facts[symbol.symbol or "all"] = ", ".join(said)
        for at, callback in enumerate(self.callbacks, 1):
            facts[f"callback {at}"] = callback
        if self.undelivered:
            facts["undelivered to async for"] = f"{self.undelivered:,} rows"
        return facts

    def __repr__(self) -> str:
        facts = self.facts()
        width = max(map(len, facts))
        lines = [f"  {name:<{width}}  {value}" for name, value in facts.items()]
        return "\n".join(printable(line) for line in [self.title, *lines])

    def _repr_html_(self) -> str:
        return self._views.facts(self.title, self.facts())
