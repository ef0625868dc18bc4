"""What the account holds, and every movement since it is watched.

The snapshot holds balances, an update ledger entries: a trade makes two, one for each asset. What orders hold back is
not taken off.

Source: "Balances", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final

from ..market import holdings
from ..tables import EventTable, KeyedTable, schema
from ..wire import BalancesMessage, BalanceSnapshot, Instant, LedgerEntry, Settings, Want
from .feed import Upstream
from .sequenced_feed import SequencedFeed

__all__ = ["BALANCES", "BalancesFeed"]

BALANCES: Final = Want(channel="balances")
"""How the channel is subscribed here."""

REMEMBERED = 5_000
"""Ledger entries remembered to recognise what comes twice."""

_Place = tuple[str, str]
"""A wallet's type and name: ``("spot", "main")``."""


@dataclass(slots=True)
class _Holding:
    """One asset: its total, and what of it is in which wallet as far as that was said."""

    balance: Decimal
    asset_class: str | None
    wallets: dict[_Place, Decimal] = field(default_factory=dict)

    def moved(self, entry: LedgerEntry) -> None:
        """Apply a ledger entry.

        Whether its ``balance`` is the wallet's or the asset's is not documented. It is the asset's where the figures
        say so, and with one wallet it is both.
        """
        place = (entry.wallet_type or "spot", entry.wallet_id or "main")
        change = entry.amount - entry.fee
        others = sum((held for other, held in self.wallets.items() if other != place), Decimal(0))
        if others and entry.balance == self.balance + change:
            self.wallets[place] = self.wallets.get(place, Decimal(0)) + change
            self.balance = entry.balance
        else:
            self.wallets[place] = entry.balance
            self.balance = others + entry.balance

    def within(self, kind: str) -> Decimal:
        """What is in wallets of one type."""
        return sum((held for (type_, _), held in self.wallets.items() if type_ == kind), Decimal(0))


class BalancesFeed(SequencedFeed[BalancesMessage]):
    """Balances by asset, and the ledger entries that changed them."""

    channel: ClassVar[str] = "balances"

    def __init__(self, want: Want, settings: Settings, upstream: Upstream) -> None:
        super().__init__(want, settings, upstream)
        self.table = KeyedTable(schema("balances"), key=("asset",), per_symbol=1)
        self.ledger = EventTable(schema("ledger"), rows=settings.ring_rows, bytes=settings.ring_bytes)
        self.listeners: tuple[Callable[[tuple[Any, ...]], object], ...] = ()
        self.totals: Mapping[str, Decimal] = holdings(())
        """What there is of each asset, over all wallets. Replaced, never changed."""
        self._holdings: dict[str, _Holding] = {}
        self._entries: OrderedDict[str, tuple[str, Decimal, Decimal]] = OrderedDict()

    @property
    def tables(self) -> tuple[EventTable | KeyedTable, ...]:
        """Balances, ledger entries."""
        return (self.table, self.ledger)

    def _write(self, message: BalancesMessage, at: Instant) -> str:
        before = set(self._holdings)
        if message.type == "snapshot":
            self._holdings.clear()
        for element in message.data:
            if isinstance(element, BalanceSnapshot):
                self._set(element, at)
            elif self._is_new(element):
                self._move(element, at)
        for asset in before - set(self._holdings):
            self.table.remove(asset)
        self.totals = holdings((asset, held.balance) for asset, held in self._holdings.items())
        return ""

    def _set(self, said: BalanceSnapshot, at: Instant) -> None:
        wallets = {(wallet.type, wallet.id): wallet.balance for wallet in said.wallets}
        held = self._holdings[said.asset] = _Holding(said.balance, said.asset_class, wallets)
        self._put(said.asset, held, None, at)

    def _move(self, entry: LedgerEntry, at: Instant) -> None:
        held = self._holdings.setdefault(entry.asset, _Holding(Decimal(0), entry.asset_class))
        held.moved(entry)
        self._put(entry.asset, held, entry.timestamp, at)
        row = (
            entry.timestamp,
            at.wall_ns,
            entry.asset,
            entry.type,
            entry.subtype,
            entry.category,
            entry.amount,
            entry.fee,
            entry.balance,
            entry.wallet_type,
            entry.wallet_id,
            entry.asset_class,
            entry.ledger_id,
            entry.ref_id,
            self.epoch,
            self._take_gap_flag(),
        )
        self.ledger.append(row)
        for listener in self.listeners:
            listener(row)

    def _put(self, asset: str, held: _Holding, timestamp: str | None, at: Instant) -> None:
        self.table.put(
            (
                asset,
                held.asset_class,
                held.balance,
                held.within("spot"),
                held.within("earn"),
                timestamp,
                at.wall_ns,
                self.epoch,
            )
        )

    def _is_new(self, entry: LedgerEntry) -> bool:
        """Whether a ledger entry did not come before. The first one is kept, also if the second says otherwise."""
        said = (entry.asset, entry.amount, entry.balance)
        before = self._entries.get(entry.ledger_id)
        if before is None:
            self._entries[entry.ledger_id] = said
            if len(self._entries) > REMEMBERED:
                self._entries.popitem(last=False)
            return True
        if before == said:
            self.counters["duplicate entries"] += 1
        else:
            self.counters["conflicting entries"] += 1
            self._difference = f"entry {entry.ledger_id} came twice with different contents; the first is kept"
            self.reason = self._difference
        return False
