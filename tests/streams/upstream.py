"""A connection for one feed, which only writes down what the feed asks of it."""

from __future__ import annotations

from kraken_lab.streams.feed import Feed


class Upstream:
    """Notes every wish of its feed."""

    def __init__(self) -> None:
        self.story: list[str] = []

    def renew(self, feed: Feed) -> None:
        """The feed wants a fresh snapshot."""
        self.story.append("renew")

    def give_up(self, feed: Feed) -> None:
        """The feed wants nothing any more."""
        self.story.append("give up")

    def delivered(self, feed: Feed) -> None:
        """The feed has its snapshot."""
        self.story.append("delivered")

    def is_leaving(self, feed: Feed) -> bool:
        """Nothing leaves here."""
        return False

    def precision_of(self, symbol: str) -> tuple[int, int]:
        """As of BTC/USD."""
        return 1, 8

    def replace(self, reason: str) -> None:
        """The feed wants another connection."""
        self.story.append(f"replace: {reason}")
