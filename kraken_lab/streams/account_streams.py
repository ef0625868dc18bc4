"""Executions and balances, as live tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from ..tables import Row, schema
from .balances_feed import BalancesFeed
from .executions_feed import ExecutionsFeed
from .host import Host
from .live_table import LiveTable
from .stream import Stream, listen_to_rows

__all__ = ["BalancesStream", "ExecutionsStream"]


class ExecutionsStream(Stream[ExecutionsFeed, Row]):
    """What became of the account's orders, a row for every report. Columns: ``kl.schema("executions")``."""

    def __init__(self, host: Host, feed: ExecutionsFeed) -> None:
        super().__init__(host, "executions", schema("executions"), {"": feed}, lambda: [feed.table])

    def _listen_to(self, feed: ExecutionsFeed, hear: Callable[[Row], object]) -> Callable[[], None]:
        return listen_to_rows(feed, self.schema, hear)


class BalancesStream(Stream[BalancesFeed, Row]):
    """What the account holds, a row for every asset: ``kl.schema("balances")``.

    `ledger` is every movement since it is watched, and what ``async for`` and ``on`` hand out.
    """

    def __init__(self, host: Host, feed: BalancesFeed) -> None:
        super().__init__(host, "balances", schema("balances"), {"": feed}, lambda: [feed.table])
        self._feed = feed
        self.ledger = LiveTable(host, "ledger", schema("ledger"), lambda: [feed.ledger])

    @property
    def totals(self) -> Mapping[str, Decimal]:
        """What there is of each asset over all wallets, exact. What open orders hold back is not taken off.

        Assets have this API's names. Looked up by another, such as REST's ``XBT``, it raises `NoSuchEntry`, a KeyError
        that says which one was meant and what there is.
        """
        return self._feed.totals

    def _listen_to(self, feed: BalancesFeed, hear: Callable[[Row], object]) -> Callable[[], None]:
        return listen_to_rows(feed, self.ledger.schema, hear)
