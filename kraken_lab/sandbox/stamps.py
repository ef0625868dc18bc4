"""The exchange's times as text: RFC 3339, UTC, with ``Z``.

Microseconds in most fields, nanoseconds in level3 and the ohlc envelope. The clock that is printed may be wrong on
purpose (`Stamps.offset_ns`), so that clients can be tested against an exchange that is ahead or behind.
"""

from __future__ import annotations

from datetime import UTC, datetime

from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["Stamps"]


class Stamps:
    """Writes times given in nanoseconds since the Unix epoch, shifted by ``offset_ns``.

    >>> Stamps().micros(1_696_613_755_440_295_999)
    '2023-10-06T17:35:55.440295Z'
    """

    def __init__(self) -> None:
        self.offset_ns = 0
        self._second = -1
        self._second_text = ""

    def _whole(self, second: int) -> str:
        # Almost every time of a run lies in the same second as the one before it.
        if second != self._second:
            self._second = second
            self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return self._second_text

    def shown(self, ns: int) -> int:
        """The time that is told for ``ns``."""
        return ns + self.offset_ns

    def micros(self, ns: int) -> str:
        """With six decimals, cut."""
        second, rest = divmod(ns + self.offset_ns, NS_PER_SECOND)
        return f"{self._whole(second)}.{rest // 1000:06d}Z"

    def nanos(self, ns: int) -> str:
        """With nine decimals.

        >>> Stamps().nanos(1_696_613_755_000_000_001)
        '2023-10-06T17:35:55.000000001Z'
        """
        second, rest = divmod(ns + self.offset_ns, NS_PER_SECOND)
        return f"{self._whole(second)}.{rest:09d}Z"

    def seconds(self, ns: int) -> str:
        """Without decimals, cut."""
        return f"{self._whole((ns + self.offset_ns) // NS_PER_SECOND)}Z"
