"""How the feeds of a stream are doing, in numbers."""

from __future__ import annotations

from collections.abc import Sequence

from ..tables.vitals import Vitals
from ..wire import Instant
from .feed import Feed

__all__ = ["Vitals", "vitals_of"]


def vitals_of(
    state: str, feeds: Sequence[Feed], now: Instant, *, rows: int | None = None, checksums: bool = False
) -> Vitals:
    """All feeds together. With ``checksums`` every message is one that had to agree.

    >>> vitals_of("STOPPED", [], Instant(0.0, 0)).messages
    0
    """
    heard = [now.mono - feed.last_at.mono for feed in feeds if feed.last_at is not None]
    messages = sum(feed.messages for feed in feeds)
    return Vitals(
        state=state,
        note="; ".join(sorted({feed.reason for feed in feeds if feed.reason})),
        age=max(min(heard), 0.0) if heard else None,
        messages=messages,
        rows=rows,
        epoch=max((feed.epoch for feed in feeds), default=0),
        gaps=sum(len(feed.gaps) for feed in feeds),
        agreed=messages if checksums else None,
        failed=sum(feed.counters["checksum mismatches"] for feed in feeds) if checksums else None,
    )
