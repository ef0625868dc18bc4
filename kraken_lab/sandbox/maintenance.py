"""An announced maintenance, as the ``status`` channel has told of one since 2026 (observed, not documented)."""

from __future__ import annotations

from dataclasses import dataclass

from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.numbers import NS_PER_MINUTE, NS_PER_SECOND
from kraken_lab.sandbox.stamps import Stamps

__all__ = ["Maintenance"]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """From ``start_ns`` to ``end_ns``; orders are asked to be cancelled five minutes before."""

    start_ns: int
    end_ns: int
    title: str

    def entry(self, stamps: Stamps, now_ns: int) -> str:
        """Its element in ``upcoming_maintenance``, as JSON text."""

        def at(ns: int) -> str:
            return text(stamps.micros(ns))

        return members(
            affected_services=array(map(text, ("spot_trading", "spot_ws"))),
            cancel_before_utc=at(self.start_ns - 5 * NS_PER_MINUTE),
            event_id="1",
            expected_end_utc=at(self.end_ns),
            expected_start_utc=at(self.start_ns),
            order_submission=text("allowed"),
            phase=text("announced"),
            recommended_action=text("continue"),
            source_url=text("https://status.example/1"),
            time_to_start_s=str(max(0, self.start_ns - now_ns) // NS_PER_SECOND),
            title=text(self.title),
        )
