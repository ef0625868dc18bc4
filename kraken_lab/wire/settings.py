"""How patient the client is: every time and limit in one frozen value.

All are settings. They are checked when made and shown by ``lab.status()``; tests shrink them instead of waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..errors import BadArgument
from .arguments import number
from .plain_calls import plainly_made

__all__ = ["Settings"]


@plainly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times in seconds, rates per second.

    Raises:
        BadArgument: a value that is not positive, or a floor above its ceiling.

    >>> Settings(silence_timeout=2.0).silence_timeout
    2.0
    """

    open_timeout: float = 10.0
    """TCP, TLS and the upgrade together."""
    close_timeout: float = 5.0
    """Everything stops within this."""
    silence_timeout: float = 5.0
    """With a subscription the exchange says something about every second; five missed heartbeats mean a dead line."""
    snapshot_timeout: float = 10.0
    """A subscription that was acknowledged but stays empty this long is a fault, not a quiet market."""
    ack_timeout: float = 5.0
    """A request without an answer this long is asked again."""
    ping_interval: float = 15.0
    """Between protocol-level pings."""
    ping_timeout: float = 10.0
    """How long a protocol-level pong may take."""
    keepalive: float = 30.0
    """Between pings of the exchange's own kind: it closes a connection that asks for nothing for a minute."""
    backoff_first: float = 1.0
    """Upper end of the first reconnect delay; it doubles with every attempt."""
    backoff_cap: float = 60.0
    """Upper end of every later one."""
    backoff_floor: float = 0.25
    """No reconnect comes sooner than this."""
    backoff_refused: float = 60.0
    """No sooner than this after HTTP 403 or 429: the exchange's edge bans addresses that insist."""
    stable_after: float = 30.0
    """A connection that lived this long resets the backoff."""
    reconnect_budget: int = 100
    """Attempts allowed in ``reconnect_window``."""
    reconnect_window: float = 600.0
    subscribe_rate: int = 5
    """Subscribe and unsubscribe requests in one second."""
    subscribe_symbols: int = 50
    """Symbols in one request."""
    level3_budget: int = 200
    """Level3 cost in one second: 5, 25 or 100 a symbol for depth 10, 100 or 1000. Pro accounts have 500."""
    rate_pause: float = 2.0
    """How long to wait after the exchange said that requests come too fast; it doubles with every repetition."""
    resync_limit: int = 3
    """Failed resynchronisations of one symbol allowed in ``resync_window``; then its stream is FAILED."""
    resync_window: float = 60.0
    quarantine: int = 100
    """Malformed messages kept, 4 KiB of each."""
    malformed_limit: int = 20
    """Malformed messages in ``malformed_window`` that make the connection be replaced."""
    malformed_window: float = 10.0
    clock_warn: float = 1.0
    """An estimated offset from the exchange's clock above this is warned about."""
    clock_step: float = 2.0
    """Wall and monotonic time drifting apart by more than this mean that the machine slept or its clock was set."""
    token_age: float = 600.0
    """A token not used within this is thrown away (the exchange's limit is 900)."""
    upgrade_attempts: int = 5
    """Attempts in a row answered with HTTP 401 or 404 before a private or level3 connection is given up."""
    token_attempts: int = 5
    """Fetches of a token before a stream that needs one is FAILED."""
    ring_rows: int = 100_000
    """Rows kept in each table."""
    ring_bytes: int = 64 << 20
    """Bytes kept in each table."""
    memory_total: int = 512 << 20
    """Bytes for all tables together; a stream that would exceed it is refused."""
    beat: float = 0.1
    """Between two columns of the order book's heatmap memory."""
    max_message: int = 16 << 20
    """Bytes of one message after decompression."""

    def __post_init__(self) -> None:
        for field in fields(self):
            unit = "seconds" if isinstance(field.default, float) else ""
            number(field.name, getattr(self, field.name), unit, above=0)
        if self.backoff_floor > self.backoff_cap:
            raise BadArgument("backoff_floor", self.backoff_floor, f"at most backoff_cap ({self.backoff_cap:g} s)")
