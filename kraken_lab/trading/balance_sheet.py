"""What the account holds of each asset, from snapshots and the ledger's entries.

Totals: what open orders hold back is not subtracted. None means that something was lost and nothing is known for sure.

Source: "Balances", Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ..market import holdings
from ..wire import BalancesMessage, BalanceSnapshot, LedgerEntry
from .exact import ZERO, add, subtract

__all__ = ["BalanceSheet"]

KEPT = 10_000


class BalanceSheet:
    """The account's totals by asset; ``known`` is None until the next snapshot after a loss."""

    def __init__(self) -> None:
        self._totals: dict[str, Decimal] | None = None
        self._wallets: dict[str, int] = {}
        self._entries: dict[str, None] = {}

    @property
    def known(self) -> Mapping[str, Decimal] | None:
        """Totals by asset, as a value that does not change."""
        return None if self._totals is None else holdings(self._totals.items())

    def lose(self) -> None:
        """Something may have been missed."""
        self._totals = None

    def hear(self, message: BalancesMessage) -> None:
        """A snapshot begins anew; an entry of the ledger counts once."""
        if message.type == "snapshot":
            self._totals, self._wallets = {}, {}
            self._entries.clear()
        for row in message.data:
            if isinstance(row, BalanceSnapshot):
                self._begin(row)
            else:
                self._enter(row)

    def _begin(self, row: BalanceSnapshot) -> None:
        if self._totals is not None:
            self._totals[row.asset] = row.balance
            self._wallets[row.asset] = len(row.wallets)

    def _enter(self, entry: LedgerEntry) -> None:
        if self._totals is None or entry.ledger_id in self._entries:
            return
        self._entries[entry.ledger_id] = None
        if len(self._entries) > KEPT:
            del self._entries[next(iter(self._entries))]
        if self._wallets.get(entry.asset, 0) <= 1:
            self._totals[entry.asset] = entry.balance
        else:
            # Whether an entry's balance is the wallet's or the asset's is not documented; the movement is.
            before = self._totals.get(entry.asset, ZERO)
            self._totals[entry.asset] = subtract(add(before, entry.amount), entry.fee)
