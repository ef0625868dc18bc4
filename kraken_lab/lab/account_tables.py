"""Orders, fills and positions as tables: made anew from frozen records whenever they are looked at.

Each reads like a stream, as pandas, polars, Arrow or HTML, and shows what was so at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..errors import NoSuchEntry
from ..market import suggest
from ..streams import Host, LiveTable
from ..tables import KeyedTable, Row, schema
from ..tables.vitals import Vitals
from ..trading.positions import Position, not_counted, positions
from ..trading.states import FillRecord, OrderRecord
from ..trading.words import limit_offset_words

__all__ = ["AccountTable", "fills_table", "orders_table", "positions_table"]


MOST_NAMED = 6
"""Names that are listed where one was not found: the newest."""


class AccountTable(LiveTable):
    """A table of records that are kept elsewhere. ``df``, ``pl`` and the others take a picture of them.

    ``key`` names the columns that tell the rows apart, ``left_out`` says what there is besides the rows, if anything.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        key: tuple[str, ...],
        rows: Callable[[], Iterable[tuple[Any, ...]]],
        left_out: Callable[[], str] = str,
    ) -> None:
        super().__init__(host, name, schema(name), lambda: [self._now()])
        self._key, self._rows, self._left_out = key, rows, left_out

    def _facts(self) -> Mapping[str, str]:
        facts, words = super()._facts(), self._left_out()
        return {**facts, "note": words} if words else facts

    def vitals(self) -> Vitals:
        """How the table is doing, and what it leaves out."""
        return replace(super().vitals(), note=self._left_out())

    def __getitem__(self, name: str) -> Row:
        """The row of that name as it is now, exact: a position by its pair, a fill or an order by one of its ids.

        Raises:
            NoSuchEntry: there is none, with those there are; it is a KeyError.

        >>> lab.positions["XBT/USD"]  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        kraken_lab.errors.NoSuchEntry: positions has no row with the symbol 'XBT/USD'...
        """
        names: list[str] = []
        for row in self:
            ids = [row[column] for column in self._key if row[column] is not None]
            if name in ids:
                return row
            names += ids
        problem = f"{self.title} has no row with the {' or '.join(self._key)} {name!r}"
        meant = suggest(str(name), names, limit=1)
        shown = [*(["..."] if len(names) > MOST_NAMED else []), *names[-MOST_NAMED:]]
        raise NoSuchEntry(problem, name, shown, f"Did you mean {meant[0]!r}?" if meant else "")

    def __iter__(self) -> Iterator[Row]:
        """Every row as it is now, exact."""
        return iter([Row(self.schema, values) for values in self._rows()])

    def _now(self) -> KeyedTable:
        rows = list(self._rows())
        table = KeyedTable(self.schema, key=self._key, per_symbol=max(len(rows), 1))
        table.extend(rows)
        return table


def orders_table(host: Host, orders: Callable[[], Iterable[OrderRecord]]) -> AccountTable:
    """Every order there is a record of, oldest first. Columns: ``kl.schema("orders")``."""
    return AccountTable(host, "orders", ("order_id", "cl_ord_id"), lambda: map(order_row, orders()))


def fills_table(host: Host, fills: Callable[[], Iterable[FillRecord]]) -> AccountTable:
    """Every fill, oldest first. Columns: ``kl.schema("fills")``."""
    return AccountTable(host, "fills", ("exec_id",), lambda: map(fill_row, fills()))


def positions_table(
    host: Host,
    fills: Callable[[], Iterable[FillRecord]],
    prices: Callable[[], Mapping[str, Decimal]],
    uncounted: Callable[[], int] = int,
) -> AccountTable:
    """What the fills add up to, valued at ``prices`` (quote per base, by symbol). Columns: ``kl.schema("positions")``.

    Average-cost method; what a position gained and would gain leaves the fees aside, which have a column of their own.
    ``uncounted`` is how many fills are known besides, which no position is made of: it is said beside the table.
    """

    def rows() -> Iterable[tuple[Any, ...]]:
        known = prices()
        return [position_row(position, known.get(position.symbol)) for position in positions(fills())]

    def left_out() -> str:
        count = uncounted()
        return not_counted(count) if count else ""

    return AccountTable(host, "positions", ("symbol",), rows, left_out)


def order_row(order: OrderRecord) -> tuple[Any, ...]:
    """An order as a row of its table."""
    return (
        order.created_ns,
        order.updated_ns,
        order.symbol or None,
        str(order.state),
        order.side or None,
        order.order_type or None,
        order.order_qty,
        order.cash_order_qty,
        order.filled_qty,
        order.remaining_qty,
        order.limit_price,
        limit_offset_words(order),
        order.trigger_price,
        order.avg_price,
        order.cost,
        in_words(order.fees),
        order.time_in_force.lower() if order.time_in_force else None,
        order.post_only,
        order.reduce_only,
        order.margin,
        order.display_qty,
        order.external,
        order.unverified,
        order.overfilled,
        order.amend,
        order.reason,
        order.error,
        order.exchange_status,
        order.order_id,
        order.cl_ord_id,
        order.ord_ref_id,
    )


def fill_row(fill: FillRecord) -> tuple[Any, ...]:
    """A fill as a row of its table."""
    return (
        fill.timestamp_ns,
        fill.received_at_ns,
        fill.symbol or None,
        fill.side or None,
        fill.price,
        fill.qty,
        fill.cost,
        fill.fee,
        fill.fee_asset,
        fill.liquidity,
        fill.exec_id,
        fill.trade_id,
        fill.order_id,
        fill.cl_ord_id,
        fill.source,
    )


def position_row(position: Position, price: Decimal | None) -> tuple[Any, ...]:
    """A position as a row of its table; without a price it has no value now."""
    return (
        position.symbol,
        position.net_qty,
        position.avg_cost,
        price,
        position.realised,
        None if price is None else position.unrealised(price),
        position.bought_qty,
        position.sold_qty,
        in_words(position.fees),
        position.fills,
    )


def in_words(fees: Iterable[tuple[str, Decimal]]) -> str:
    """Amounts by asset, as text to look at.

    >>> in_words([("USD", Decimal("1.50")), ("BTC", Decimal("1E-8"))])
    '1.50 USD, 0.00000001 BTC'
    """
    return ", ".join(f"{amount:f} {asset}" for asset, amount in fees)
