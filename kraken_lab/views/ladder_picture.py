"""What a live ladder shows at one moment, and what of it changed since another. Pure, and exact to the last digit.

Prices and quantities travel as whole numbers of the last decimal, written out: ``632851:1714953`` is one level. What
rows they fall into is the browser's business, because whoever looks may choose coarser rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any, Final

from ..market import BookSnapshot
from . import escape
from .own import OwnOrder, QueuePlace

__all__ = ["Grid", "LadderPicture", "LastTrade", "changes", "fitting_group", "grid_of", "picture_of"]

ROWS: Final = 29
"""Rows that are seen at once."""
NEAR: Final = 5
"""Levels of each side that should be among them."""

Side = Mapping[int, int]
"""Quantity by price, both in units of their last decimal."""

_EXACT: Final = Context(prec=200)


@dataclass(frozen=True, slots=True)
class LastTrade:
    """The newest trade there was: the taker's ``side``, price in quote per base, quantity in base."""

    trade_id: int
    side: str
    price: Decimal
    qty: Decimal


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows: every ``group`` ticks one, a tick being ``tick`` units of the price's last decimal."""

    price_digits: int
    qty_digits: int
    tick: int
    group: int

    def units(self, price: Decimal, *, up: bool = False) -> int:
        """A price in units, cut down (or up) to a whole one.

        >>> Grid(1, 8, 1, 10).units(Decimal("63285.1"))
        632851
        """
        way = ROUND_CEILING if up else ROUND_FLOOR
        return int(_EXACT.scaleb(price, self.price_digits).to_integral_value(rounding=way))

    def price(self, units: int) -> Decimal:
        """The price of so many units, with all its decimals."""
        return Decimal(f"{units}E-{self.price_digits}")

    def qty(self, units: int) -> Decimal:
        """The quantity of so many units, with all its decimals."""
        return Decimal(f"{units}E-{self.qty_digits}")


@dataclass(frozen=True, slots=True)
class LadderPicture:
    """A ladder at one moment. ``grid`` is None before the first book; ``bids`` is None while none is verified."""

    grid: Grid | None = None
    bids: Side | None = None
    asks: Side = field(default_factory=dict)
    own: tuple[OwnOrder, ...] = ()
    places: Mapping[str, QueuePlace] = field(default_factory=dict)
    trade: LastTrade | None = None


def picture_of(
    book: BookSnapshot | None,
    grid: Grid | None,
    own: tuple[OwnOrder, ...] = (),
    places: Mapping[str, QueuePlace] | None = None,
    trade: LastTrade | None = None,
) -> LadderPicture:
    """What is to be shown of a book, or of there being none, on a grid."""
    if book is None or grid is None:
        return LadderPicture(grid=grid, own=own, places=places or {}, trade=trade)
    bids, asks = book.bid_ladder, book.ask_ladder
    return LadderPicture(
        grid=grid,
        bids=dict(zip(bids.prices, bids.quantities, strict=True)),
        asks=dict(zip(asks.prices, asks.quantities, strict=True)),
        own=own,
        places=places or {},
        trade=trade,
    )


def grid_of(book: BookSnapshot, increment: Decimal | None, group: int | None) -> Grid:
    """The rows for a book: the pair's price increment is the tick; without a ``group`` one that `fitting_group` finds.

    >>> book = BookSnapshot.of("X/Y", bids=[("99.50", "1")], asks=[("100.25", "1")])
    >>> grid_of(book, Decimal("0.25"), None)
    Grid(price_digits=2, qty_digits=8, tick=25, group=1)
    """
    digits = book.bid_ladder.price_precision
    tick = 1 if increment is None else max(int(_EXACT.scaleb(increment, digits)), 1)
    return Grid(digits, book.bid_ladder.qty_precision, tick, group or fitting_group(book, tick))


def fitting_group(book: BookSnapshot, tick: int) -> int:
    """The fewest ticks a row (1, 2, 5, 10, 20 …) with which the middle of the book fits: the touch, and levels near it.

    Of each side the best ``NEAR`` levels count, or those there are; the spread alone takes no more than a third.

    >>> fitting_group(BookSnapshot.of("X/Y", bids=[("99", "1")], asks=[("100", "1")]), 1)
    20
    """
    bids, asks = book.bid_ladder.prices[:NEAR], book.ask_ladder.prices[:NEAR]
    both = [*bids, *asks]
    if not both:
        return 1
    spread = asks[0] - bids[0] if bids and asks else 0
    wanted = max((max(both) - min(both)) / (ROWS - 4), spread / (ROWS / 3)) / tick
    group = 1
    while group < wanted:
        group = group * 5 // 2 if str(group)[0] == "2" else group * 2
    return group


def changes(before: LadderPicture | None, now: LadderPicture) -> dict[str, Any]:
    """What a browser that shows ``before`` has to be told to show ``now``; all of it if it shows nothing.

    ``book`` is ``none`` (there is no verified one), ``whole`` or ``changed``, then with the levels in ``bids`` and
    ``asks``; a quantity of 0 takes a level away. What is not named is as it was.

    >>> one = LadderPicture(Grid(1, 8, 1, 1), {995: 3}, {1000: 5, 1001: 1})
    >>> two = LadderPicture(Grid(1, 8, 1, 1), {995: 4}, {1000: 5})
    >>> changes(one, two)
    {'book': 'changed', 'bids': '995:4', 'asks': '1001:0'}
    >>> changes(two, two)
    {}
    """
    told: dict[str, Any] = {}
    if before is None or before.grid != now.grid:
        told["grid"] = _grid(now.grid)
        before = None
    if now.bids is None:
        if before is None or before.bids is not None:
            told["book"] = "none"
    elif before is None or before.bids is None:
        told |= {"book": "whole", "bids": _levels({}, now.bids), "asks": _levels({}, now.asks)}
    elif changed := {
        name: levels
        for name, old, new in (("bids", before.bids, now.bids), ("asks", before.asks, now.asks))
        if (levels := _levels(old, new))
    }:
        told |= {"book": "changed", **changed}
    if before is None or before.own != now.own or before.places != now.places:
        told["own"] = [] if now.grid is None else [_order(order, now.grid, now.places) for order in now.own]
    if before is None or before.trade != now.trade:
        told["trade"] = None if now.trade is None or now.grid is None else _trade(now.trade, now.grid)
    return told


def _levels(before: Side, now: Side) -> str:
    if before == now:
        return ""
    new = [f"{price}:{qty}" for price, qty in now.items() - before.items()]
    return " ".join([*new, *(f"{price}:0" for price in before.keys() - now.keys())])


def _grid(grid: Grid | None) -> dict[str, Any] | None:
    if grid is None:
        return None
    return {
        "price_digits": grid.price_digits,
        "qty_digits": grid.qty_digits,
        "tick": str(grid.tick),
        "group": grid.group,
        "rows": ROWS,
    }


def _order(order: OwnOrder, grid: Grid, places: Mapping[str, QueuePlace]) -> dict[str, Any]:
    place = places.get(order.order_id)
    return {
        "id": escape.visible(escape.clip(order.order_id, 60)),
        "side": order.side,
        "price": str(grid.units(order.price, up=order.side == "sell")),
        "qty": f"{order.qty:f}",
        "state": escape.visible(escape.clip(order.state, 24)),
        "words": escape.visible(escape.clip(order.words, 200)),
        "waits": order.waits,
        "place": None if place is None else [place.nth, place.of, place.words],
    }


def _trade(trade: LastTrade, grid: Grid) -> dict[str, Any]:
    return {"side": trade.side, "price": str(grid.units(trade.price)), "qty": f"{trade.qty:f}"}
