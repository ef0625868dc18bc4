"""The money of one account: balances, what open orders hold of them, and the ledger of every change.

Amounts are integers at the asset's precision. What is held can be spent only by the order that holds it.

Source: Balances page, Kraken WebSocket API v2 reference; Get Extended Balance, Kraken REST API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.instruments import Asset
from kraken_lab.sandbox.numbers import scaled
from kraken_lab.sandbox.orders import Holding, LedgerEntry

__all__ = ["PAPER_MONEY", "Account", "opening"]

PAPER_MONEY: Final[Mapping[str, Decimal]] = {
    asset: Decimal(amount)
    for asset, amount in {
        "USD": "100000",
        "EUR": "50000",
        "GBP": "50000",
        "BTC": "2",
        "ETH": "25",
        "SOL": "400",
        "XRP": "20000",
        "DOGE": "200000",
        "DOT": "5000",
        "SHIB": "2000000000",
        "PEPE": "2000000000",
        "ACA": "200000",
        "MATIC": "50000",
        "POL": "50000",
    }.items()
}
"""What an account begins with unless told otherwise: a generous amount of everything that the sandbox lists."""


def opening(balances: Mapping[str, Decimal], assets: Mapping[str, Asset]) -> dict[str, int]:
    """Balances at their assets' precisions.

    Raises:
        SandboxError: no such asset, a negative amount, or one with more decimals than the asset has.
    """
    found: dict[str, int] = {}
    for name, amount in balances.items():
        if name not in assets:
            raise SandboxError(f"{name!r} is not listed; there are {', '.join(assets)}.")
        if amount < 0:
            raise SandboxError(f"A balance of {amount} {name} is not possible: nothing is lent here.")
        found[name] = scaled(amount, assets[name].precision)
    return found


class _Hold(NamedTuple):
    asset: str
    amount: int


class Account:
    """Balances and holds.

    >>> account = Account({"USD": 1_000_0000}, new_ledger_id=iter(["LA", "LB"]).__next__)
    >>> account.hold("OA", "USD", 400_0000)
    >>> account.available("USD"), account.available("USD", besides="OA")
    (6000000, 10000000)
    """

    def __init__(self, balances: Mapping[str, int], new_ledger_id: Callable[[], str]) -> None:
        self._balances = dict(balances)
        self._new_ledger_id = new_ledger_id
        self._holds: dict[str, _Hold] = {}
        self._held: dict[str, int] = {}

    def balance(self, asset: str) -> int:
        """All that there is of an asset, held or not."""
        return self._balances.get(asset, 0)

    def deposit(self, asset: str, amount: int, *, ns: int) -> LedgerEntry:
        """Pay something in, as of an asset that was listed after the account was opened, and say so in the ledger."""
        name = self._new_ledger_id()
        balance = self._balances[asset] = self.balance(asset) + amount
        return LedgerEntry(
            ledger_id=name, ref_id=name, ns=ns, type="deposit", asset=asset, amount=amount, fee=0, balance=balance
        )

    def available(self, asset: str, *, besides: str = "") -> int:
        """What may be used of an asset, by the order ``besides`` if that holds some of it."""
        own = self._holds.get(besides)
        spare = own.amount if own is not None and own.asset == asset else 0
        return self.balance(asset) - self._held.get(asset, 0) + spare

    def hold(self, order_id: str, asset: str, amount: int) -> None:
        """From now on the order holds so much, instead of what it held before."""
        self.release(order_id)
        self._holds[order_id] = _Hold(asset, amount)
        self._held[asset] = self._held.get(asset, 0) + amount

    def release(self, order_id: str) -> None:
        """The order holds nothing any more."""
        hold = self._holds.pop(order_id, None)
        if hold is not None:
            self._held[hold.asset] -= hold.amount

    def trade(self, asset: str, amount: int, fee: int, *, ref_id: str, ns: int) -> LedgerEntry:
        """Change a balance by ``amount`` (signed) less ``fee``, and say so in the ledger."""
        balance = self._balances[asset] = self.balance(asset) + amount - fee
        return LedgerEntry(
            ledger_id=self._new_ledger_id(),
            ref_id=ref_id,
            ns=ns,
            type="trade",
            asset=asset,
            amount=amount,
            fee=fee,
            balance=balance,
        )

    def holdings(self) -> dict[str, Holding]:
        """What there is of each asset, in the order of the opening balances."""
        return {asset: Holding(balance, self._held.get(asset, 0)) for asset, balance in self._balances.items()}
