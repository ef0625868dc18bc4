"""From what happens to the account to the messages of its private subscriptions.

While a request is being answered what it causes is held back, so that the answer goes out first; the exchange promises
no such order, but mostly keeps it. `skip` and `unheard` are for the fault controls.

Source: Executions and Balances pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from kraken_lab.sandbox.balances_feed import BalancesFeed
from kraken_lab.sandbox.executions_feed import ExecutionsFeed
from kraken_lab.sandbox.feeds import Receiver, channel_message
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.orders import LedgerEntry, Report
from kraken_lab.sandbox.request import AccountSubscription
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.trading import Trading

__all__ = ["AccountFeeds"]


@dataclass(slots=True)
class _Line:
    """One subscription, and the number of its last message."""

    receiver: Receiver
    asked: AccountSubscription
    sequence: int = 0


class AccountFeeds:
    """The private subscriptions of all connections, and what they are told. ``decimals`` are by asset."""

    def __init__(self, trading: Trading, stamps: Stamps, decimals: Mapping[str, int]) -> None:
        self._executions = ExecutionsFeed(trading, stamps, decimals)
        self._balances = BalancesFeed(trading, stamps, decimals)
        self._lines: dict[tuple[Receiver, str], _Line] = {}
        self._held: list[Callable[[], None]] | None = None
        self._is_unheard = False
        trading.reports.append(self._reported)
        trading.ledger.append(self._booked)

    # --- subscriptions ----------------------------------------------------------------------------------------------

    def acknowledgement(self, asked: AccountSubscription) -> dict[str, str]:
        """The ``result`` that answers a subscription, as JSON text."""
        return self._feed(asked).acknowledgement(asked)

    def join(self, receiver: Receiver, asked: AccountSubscription) -> None:
        """Send the snapshot, unless there is to be none, and from now on what happens."""
        line = self._lines[receiver, asked.channel] = _Line(receiver, asked)
        if asked.snapshot:
            self._send(line, "snapshot", self._feed(asked).snapshot(asked))

    def leave(self, receiver: Receiver, channel: str) -> None:
        """No more of it; a subscription that was never begun is nothing to end."""
        self._lines.pop((receiver, channel), None)

    def _feed(self, asked: AccountSubscription) -> ExecutionsFeed | BalancesFeed:
        return self._executions if asked.channel == self._executions.channel else self._balances

    # --- what happens -----------------------------------------------------------------------------------------------

    def _reported(self, reports: Sequence[Report]) -> None:
        self._soon(lambda: self._tell_reports(reports))

    def _booked(self, entries: Sequence[LedgerEntry]) -> None:
        self._soon(lambda: self._tell_entries(entries))

    def _tell_reports(self, reports: Sequence[Report]) -> None:
        symbol = reports[0].order.symbol if reports else ""
        for line in self._of(self._executions.channel):
            for data in self._executions.updates(line.asked, reports):
                self._send(line, "update", data, symbol)

    def _tell_entries(self, entries: Sequence[LedgerEntry]) -> None:
        for data in map(self._balances.update, entries):
            for line in self._of(self._balances.channel):
                self._send(line, "update", data)

    def _of(self, channel: str) -> list[_Line]:
        return [line for (_, name), line in self._lines.items() if name == channel]

    @staticmethod
    def _send(line: _Line, kind: Literal["snapshot", "update"], data: str, symbol: str = "") -> None:
        line.sequence += 1
        channel = line.asked.channel
        written = channel_message(channel, kind, data, f'"sequence":{line.sequence},')
        line.receiver.send(Frame(written, channel, kind, symbol))

    # --- when it is told --------------------------------------------------------------------------------------------

    def _soon(self, tell: Callable[[], None]) -> None:
        if self._is_unheard:
            return
        if self._held is None:
            tell()
        else:
            self._held.append(tell)

    @contextmanager
    def held(self) -> Iterator[None]:
        """What happens in here is told at its end."""
        self._held = []
        try:
            yield
        finally:
            told, self._held = self._held, None
            for tell in told:
                tell()

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """What happens in here is not told, and no message is missed by its number."""
        self._is_unheard = True
        try:
            yield
        finally:
            self._is_unheard = False

    def skip(self, n: int, channel: str = "") -> None:
        """Let the numbers of all subscriptions (to one channel) jump by so many."""
        for line in self._lines.values():
            if not channel or line.asked.channel == channel:
                line.sequence += n
