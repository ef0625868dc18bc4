"""The ``balances`` channel: what the account has, then each ledger entry in a message of its own.

Balances are totals: what open orders hold is not subtracted. All money is in the one wallet ``spot``/``main``.

Source: Balances, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kraken_lab.sandbox.json_text import array, boolean, members, text
from kraken_lab.sandbox.numbers import written
from kraken_lab.sandbox.orders import LedgerEntry
from kraken_lab.sandbox.request import AccountSubscription
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.trading import Trading

__all__ = ["BalancesFeed"]

_CURRENCY: Final = text("currency")


class BalancesFeed:
    """Makes the channel's content, as JSON text. ``decimals`` are those of each asset's amounts."""

    channel: Final = "balances"

    def __init__(self, trading: Trading, stamps: Stamps, decimals: Mapping[str, int]) -> None:
        self._trading = trading
        self._stamps = stamps
        self._decimals = decimals

    def acknowledgement(self, asked: AccountSubscription) -> dict[str, str]:
        """The ``result`` that answers a subscription."""
        return {"channel": text(self.channel), "snapshot": boolean(asked.snapshot)}

    def snapshot(self, asked: AccountSubscription) -> str:
        """One element an asset."""
        return array(self._asset(asset, holding.balance) for asset, holding in self._trading.holdings.items())

    def update(self, entry: LedgerEntry) -> str:
        """One change of one balance."""
        decimals = self._decimals[entry.asset]
        change = members(
            ledger_id=text(entry.ledger_id),
            ref_id=text(entry.ref_id),
            timestamp=text(self._stamps.micros(entry.ns)),
            type=text(entry.type),
            asset=text(entry.asset),
            asset_class=_CURRENCY,
            category=text(entry.type),
            wallet_type=text("spot"),
            wallet_id=text("main"),
            amount=written(entry.amount, decimals),
            fee=written(entry.fee, decimals),
            balance=written(entry.balance, decimals),
        )
        return array([change])

    def _asset(self, asset: str, balance: int) -> str:
        amount = written(balance, self._decimals[asset])
        wallet = members(type=text("spot"), id=text("main"), balance=amount)
        return members(asset=text(asset), asset_class=_CURRENCY, balance=amount, wallets=array([wallet]))
