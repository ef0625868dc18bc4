"""A photograph of a book, and what can be computed from it.

Everything is exact where arithmetic allows: sums and products have all their digits, and a quotient is rounded to 28
significant ones. Prices are in quote currency per base, quantities in base, costs in quote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Context, Decimal
from html import escape
from typing import Literal

from ..errors import BadArgument, EmptySide, Malformed
from ..wire.arguments import whole_number
from ..wire.numbers import from_user
from ..wire.plain_calls import plainly_called
from ..wire.rounding import plain, rounded
from ..wire.timestamps import from_ns, to_ns
from .ladder import Ladder

__all__ = ["BookSnapshot", "Walk"]

_plainly = plainly_called("book.snapshot()")

_EXACT = Context(prec=200)
_QUOTIENT = Context(prec=28)
_SHOWN = 5


@dataclass(frozen=True, slots=True, repr=False)
class Walk:
    """What a market order would meet in the visible book, from the best level on, if the book stood still.

    ``cost`` is quote currency before fees. ``average_price`` is cost / filled quantity, ``worst_price`` that of the
    last level touched, ``levels`` how many were touched. ``complete`` is False when the visible book ended first.
    Printed, prices have the decimals of the book's and cost at least two; the values have all digits.
    """

    side: Literal["buy", "sell"]
    asked_qty: Decimal
    filled_qty: Decimal
    cost: Decimal
    average_price: Decimal
    worst_price: Decimal
    levels: int
    complete: bool

    def __repr__(self) -> str:
        places = max(0, -int(self.worst_price.as_tuple().exponent))
        filled = plain(self.filled_qty)
        how_much = filled if self.complete else f"{filled} of {plain(self.asked_qty)}, where the visible book ends"
        return (
            f"<Walk {self.side} {how_much}: at {rounded(self.average_price, places)} on average, "
            f"{self.worst_price:f} at worst, cost {rounded(self.cost, max(places, 2))}, "
            f"{self.levels} level{'' if self.levels == 1 else 's'}>"
        )


@dataclass(frozen=True, repr=False)
class BookSnapshot:
    """A book at one instant; it never changes.

    ``epoch`` counts the continuities of the stream it came from. ``timestamp_ns`` is the exchange's time and
    ``received_at_ns`` ours, both in nanoseconds since 1970 UTC.

    >>> b = BookSnapshot.of("BTC/USD", bids=[("99", "3"), ("98", "1")], asks=[("101", "1"), ("103", "2")])
    >>> b.mid, b.spread, b.microprice
    (Decimal('100.00'), Decimal('2.00'), Decimal('100.50'))
    >>> b.walk("buy", "2").average_price
    Decimal('102.00')
    """

    symbol: str
    depth: int
    bid_ladder: Ladder = field(repr=False)
    ask_ladder: Ladder = field(repr=False)
    checksum: int = 0
    timestamp_ns: int | None = None
    received_at_ns: int | None = None
    epoch: int = 0

    @classmethod
    def of(
        cls,
        symbol: str,
        *,
        bids: list[tuple[str, str]],
        asks: list[tuple[str, str]],
        price_precision: int = 2,
        qty_precision: int = 8,
    ) -> BookSnapshot:
        """A snapshot from (price, quantity) texts, for examples and what-ifs."""
        precisions = {"price_precision": price_precision, "qty_precision": qty_precision}
        return cls(
            symbol=symbol,
            depth=max(len(bids), len(asks)),
            bid_ladder=Ladder.of(bids, bids=True, **precisions),
            ask_ladder=Ladder.of(asks, bids=False, **precisions),
        )

    @property
    def bids(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Price and quantity of each bid, best first."""
        return self.bid_ladder.levels

    @property
    def asks(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Price and quantity of each ask, best first."""
        return self.ask_ladder.levels

    @property
    def mid(self) -> Decimal:
        """Halfway between the best bid and the best ask: (bid + ask) / 2, exact.

        Raises:
            EmptySide: a side has no levels.
        """
        (bid, _), (ask, _) = self._touch()
        return _EXACT.divide(_EXACT.add(bid, ask), Decimal(2))

    @property
    def spread(self) -> Decimal:
        """The best ask minus the best bid, exact.

        Raises:
            EmptySide: a side has no levels.
        """
        (bid, _), (ask, _) = self._touch()
        return _EXACT.subtract(ask, bid)

    @property
    def microprice(self) -> Decimal:
        """The mid weighted by the opposite quantity: (bid * ask_qty + ask * bid_qty) / (bid_qty + ask_qty).

        It leans towards the side that would be eaten up first.

        Raises:
            EmptySide: a side has no levels.
        """
        (bid, bid_qty), (ask, ask_qty) = self._touch()
        weighed = _EXACT.add(_EXACT.multiply(bid, ask_qty), _EXACT.multiply(ask, bid_qty))
        return _QUOTIENT.divide(weighed, _EXACT.add(bid_qty, ask_qty))

    @_plainly
    def imbalance(self, levels: int = 5) -> Decimal:
        """How the quantity of the best ``levels`` is divided: (bids - asks) / (bids + asks), from -1 to 1.

        Of a side that has fewer levels, all of them count. With one side empty it is 1 or -1.

        Raises:
            EmptySide: neither side has levels.
            BadArgument: fewer than one level.
        """
        levels = whole_number("levels", levels, "levels", least=1)
        sides = self.bid_ladder.best(levels), self.ask_ladder.best(levels)
        bids, asks = (_total([qty for _, qty in side]) for side in sides)
        both = _EXACT.add(bids, asks)
        if not both:
            raise EmptySide(self.symbol, "bids")
        return _QUOTIENT.divide(_EXACT.subtract(bids, asks), both)

    @_plainly
    def walk(self, side: Literal["buy", "sell"], qty: object) -> Walk:
        """Fill ``qty`` (base) from the visible book: a buy takes asks, a sell takes bids, best first.

        Raises:
            BadArgument: a side other than ``buy`` or ``sell``, or a quantity that is not positive or has more decimals
                than the pair's quantities (``0.1 + 0.2`` is such a float: give it as text).
            EmptySide: there is nothing to take.
        """
        if side not in ("buy", "sell"):
            raise BadArgument("side", side, "'buy' or 'sell'")
        asked = from_user(qty, "qty")
        if asked <= 0:
            raise BadArgument("qty", qty, "a quantity above zero")
        decimals = self.ask_ladder.qty_precision
        if _EXACT.scaleb(asked, decimals) % 1:
            raise BadArgument("qty", qty, f"at most {decimals} decimals, as the exchange counts {self.symbol}")
        levels = self.asks if side == "buy" else self.bids
        if not levels:
            raise EmptySide(self.symbol, "asks" if side == "buy" else "bids")
        left, cost, touched = asked, Decimal(0), 0
        for price, there in levels:
            taken = min(left, there)
            cost = _EXACT.add(cost, _EXACT.multiply(price, taken))
            left = _EXACT.subtract(left, taken)
            touched += 1
            if not left:
                break
        filled = _EXACT.subtract(asked, left)
        return Walk(
            side=side,
            asked_qty=asked,
            filled_qty=filled,
            cost=cost,
            average_price=_QUOTIENT.divide(cost, filled),
            worst_price=levels[touched - 1][0],
            levels=touched,
            complete=not left,
        )

    def _touch(self) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
        bids, asks = self.bid_ladder.best(1), self.ask_ladder.best(1)
        if not bids:
            raise EmptySide(self.symbol, "bids")
        if not asks:
            raise EmptySide(self.symbol, "asks")
        return bids[0], asks[0]

    # --- showing ----------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        rows = [("ask", *level) for level in reversed(self.ask_ladder.best(_SHOWN))]
        rows += [("bid", *level) for level in self.bid_ladder.best(_SHOWN)]
        cells = [(name, f"{price:f}", f"{qty:f}") for name, price, qty in rows]
        price_width = max((len(price) for _, price, _ in cells), default=0)
        qty_width = max((len(qty) for _, _, qty in cells), default=0)
        lines = [f"  {name}  {price:>{price_width}}  {qty:>{qty_width}}" for name, price, qty in cells]
        return "\n".join([f"<BookSnapshot {self.symbol} {self._caption()}>", *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{name}</td><td align='right'>{price:f}</td><td align='right'>{qty:f}</td></tr>"
            for name, levels in (("ask", self.ask_ladder.best(_SHOWN)[::-1]), ("bid", self.bid_ladder.best(_SHOWN)))
            for price, qty in levels
        )
        return (
            # JupyterLab typesets what stands between dollar signs, unless told not to.
            '<table class="tex2jax_ignore mathjax_ignore">'
            f"<caption>{escape(self.symbol)} {escape(self._caption())}</caption>"
            f"<thead><tr><th></th><th>price</th><th>quantity</th></tr></thead><tbody>{rows}</tbody></table>"
        )

    def _caption(self) -> str:
        time = f" at {from_ns(self.timestamp_ns)}" if self.timestamp_ns is not None else ""
        return f"{len(self.bid_ladder)} bids, {len(self.ask_ladder)} asks{time}"


def _total(numbers: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = _EXACT.add(total, number)
    return total


def read_time(text: str | None) -> int | None:
    """The exchange's time in nanoseconds, None where there is none or it cannot be read: a book is none the worse."""
    try:
        return to_ns(text) if text else None
    except Malformed:
        return None
