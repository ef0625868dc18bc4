"""Every fill once: by its execution id, and by the trade's number within its order.

The stream, a snapshot and REST may each tell of the same fill. The first telling counts; another content under the same
id is a conflict that is kept and said aloud, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..wire import from_ns
from .figures import trimmed
from .sentences import printable
from .states import FillRecord

__all__ = ["FillBook", "Fills", "same_fill"]

KEPT = 100_000
"""Fills remembered; the oldest go first."""


class Fills(tuple[FillRecord, ...]):
    """The fills of one order, oldest first. Printed, it is a table; each is a record with all digits.

    >>> from decimal import Decimal
    >>> print(Fills([FillRecord(exec_id="E1", order_id="O1", cl_ord_id=None, symbol="BTC/USD", side="buy",
    ...     price=Decimal("26500.4"), qty=Decimal("0.5"), cost=Decimal("13250.2"), fee=Decimal("34.45"),
    ...     fee_asset="USD", liquidity="taker", trade_id=7, timestamp_ns=0, received_at_ns=0)]))
    time (UTC)       filled                      cost         fee        as
    00:00:00.000000  buy 0.5 BTC/USD at 26500.4  13250.2 USD  34.45 USD  taker
    """

    __slots__ = ()

    def __repr__(self) -> str:
        if not self:
            return "nothing was filled"
        rows = [("time (UTC)", "filled", "cost", "fee", "as"), *map(_row, self)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            printable("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
            for row in rows
        )

    __str__ = __repr__


def _row(fill: FillRecord) -> tuple[str, ...]:
    return (
        from_ns(fill.timestamp_ns, 6)[11:-1],
        f"{fill.side} {trimmed(fill.qty)} {fill.symbol} at {fill.price:f}",
        f"{trimmed(fill.cost)} {fill.symbol.partition('/')[2]}",
        "" if fill.fee is None else f"{trimmed(fill.fee)} {fill.fee_asset or ''}".rstrip(),
        fill.liquidity or "",
    )


def same_fill(one: FillRecord, other: FillRecord) -> bool:
    """Whether two tellings name the same fill, whatever else they say of it."""
    if one.exec_id == other.exec_id:
        return True
    return one.trade_id is not None and one.trade_id == other.trade_id and one.order_id == other.order_id


class FillBook:
    """The account's fills in the order they became known, and which contradicted each other."""

    def __init__(self) -> None:
        self._by_exec_id: dict[str, FillRecord] = {}
        self._by_trade: dict[tuple[str, int], str] = {}
        self._all: tuple[FillRecord, ...] | None = ()
        """What `all` gave last, until another one comes."""
        self.repeated = 0
        self.conflicts: list[tuple[FillRecord, FillRecord]] = []
        """The first telling and the one that contradicts it."""

    def take(self, fill: FillRecord) -> Literal["new", "repeated", "conflict"]:
        """Remember a fill, unless it is known.

        >>> from decimal import Decimal as D
        >>> def fill(qty): return FillRecord(exec_id="T1", order_id="O1", cl_ord_id=None, symbol="BTC/USD", side="buy",
        ...     price=D(100), qty=D(qty), cost=D(100) * D(qty), fee=None, fee_asset=None, liquidity=None, trade_id=7,
        ...     timestamp_ns=0, received_at_ns=0)
        >>> book = FillBook(); book.take(fill("1")), book.take(fill("1.0")), book.take(fill("2")), len(book)
        ('new', 'repeated', 'conflict', 1)
        """
        known = self.known(fill)
        if known is None:
            self._keep(fill)
            return "new"
        if (known.qty, known.price) == (fill.qty, fill.price):
            self.repeated += 1
            return "repeated"
        self.conflicts.append((known, fill))
        return "conflict"

    def known(self, fill: FillRecord) -> FillRecord | None:
        """The fill already known under the same id or trade."""
        found = self._by_exec_id.get(fill.exec_id)
        if found is None and fill.trade_id is not None:
            exec_id = self._by_trade.get((fill.order_id, fill.trade_id))
            found = self._by_exec_id.get(exec_id) if exec_id else None
        return found

    @property
    def all(self) -> tuple[FillRecord, ...]:
        """Every fill, in the order they became known: the same tuple until another one comes."""
        if self._all is None:
            self._all = tuple(self._by_exec_id.values())
        return self._all

    def _keep(self, fill: FillRecord) -> None:
        self._all = None
        self._by_exec_id[fill.exec_id] = fill
        if fill.trade_id is not None:
            self._by_trade[fill.order_id, fill.trade_id] = fill.exec_id
        while len(self._by_exec_id) > KEPT:
            oldest = self._by_exec_id.pop(next(iter(self._by_exec_id)))
            if oldest.trade_id is not None:
                self._by_trade.pop((oldest.order_id, oldest.trade_id), None)

    def __iter__(self) -> Iterator[FillRecord]:
        return iter(self._by_exec_id.values())

    def __len__(self) -> int:
        return len(self._by_exec_id)
