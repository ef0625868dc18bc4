"""What the fills add up to: net quantity, average cost, gains and fees of each pair, by the average-cost method.

A buy raises the average cost of what is held; a sell realises the difference to it and leaves it alone; what goes
through zero begins anew at its own price. Short positions work the same way with the signs turned. Fees are not part of
the cost: they are summed beside it, by asset, because they may be charged in either.

Average cost is a price: of the fills' own prices and quantities, exact. What was realised is money: the exchange rounds
each fill's cost to its currency's decimals and moves that, so a round trip gained what the sale's cost is more than the
purchase's, as the account's balance says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from ..wire.rounding import shortened_repr
from .exact import ZERO, add, divide, multiply, subtract
from .states import FillRecord

__all__ = ["Position", "not_counted", "positions", "positions_over_time"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Position:
    """One pair. ``net_qty`` is base, negative when more was sold than bought; prices quote per base, gains quote."""

    symbol: str
    net_qty: Decimal
    avg_cost: Decimal | None
    """The average price of the net quantity, as bought (or sold, if negative); None while there is none."""
    realised: Decimal
    """What was closed brought in more than it cost, by the fills' costs as charged."""
    bought_qty: Decimal
    sold_qty: Decimal
    fees: tuple[tuple[str, Decimal], ...]
    """As (asset, amount)."""
    fills: int

    def __repr__(self) -> str:
        return shortened_repr(self)

    def unrealised(self, price: Decimal) -> Decimal:
        """What closing it at ``price`` (quote per base) would bring, in quote currency, fees aside."""
        return ZERO if self.avg_cost is None else multiply(self.net_qty, subtract(price, self.avg_cost))


def positions(fills: Iterable[FillRecord]) -> tuple[Position, ...]:
    """The position in each pair, in the order they were first traded. Fills count in the order of their timestamps.

    >>> def fill(side, qty, price): return FillRecord(exec_id=f"{side}{price}", order_id="O", cl_ord_id=None, side=side,
    ...     symbol="BTC/USD", price=Decimal(price), qty=Decimal(qty), cost=Decimal(qty) * Decimal(price), fee=None,
    ...     fee_asset=None, liquidity=None, trade_id=None, timestamp_ns=int(price), received_at_ns=0)
    >>> held, = positions([fill("buy", "2", "100"), fill("sell", "1", "130")])
    >>> held.net_qty, held.avg_cost, held.realised, held.unrealised(Decimal(90))
    (Decimal('1'), Decimal('100'), Decimal('30'), Decimal('-10'))
    """
    return tuple({position.symbol: position for _, position in positions_over_time(fills)}.values())


def not_counted(fills: int) -> str:
    """What is said beside positions of fills that are known and in none of them.

    >>> not_counted(1), not_counted(17)
    ('1 earlier fill is not counted', '17 earlier fills are not counted')
    """
    return "1 earlier fill is not counted" if fills == 1 else f"{fills:,} earlier fills are not counted"


def positions_over_time(fills: Iterable[FillRecord]) -> Iterator[tuple[FillRecord, Position]]:
    """Every fill, in the order of the timestamps, with the position in its pair after it."""
    held: dict[str, _Held] = {}
    for fill in sorted(fills, key=lambda each: each.timestamp_ns):
        of_pair = held.setdefault(fill.symbol, _Held(fill.symbol))
        of_pair.take(fill)
        yield fill, of_pair.position()


class _Held:
    """A position while it is being added up.

    ``basis`` is the net quantity at its fills' prices, ``paid`` what was charged for it; both are signed like it.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.net = self.basis = self.paid = self.realised = self.bought = self.sold = ZERO
        self.fees: dict[str, Decimal] = {}
        self.fills = 0

    def take(self, fill: FillRecord) -> None:
        self.fills += 1
        if fill.fee is not None and fill.fee_asset is not None:
            self.fees[fill.fee_asset] = add(self.fees.get(fill.fee_asset, ZERO), fill.fee)
        signed = fill.qty if fill.side == "buy" else -fill.qty
        if fill.side == "buy":
            self.bought = add(self.bought, fill.qty)
        else:
            self.sold = add(self.sold, fill.qty)
        if self.net == 0 or (self.net > 0) == (signed > 0):
            self.net = add(self.net, signed)
            self.basis = add(self.basis, multiply(signed, fill.price))
            self.paid = add(self.paid, fill.cost if signed > 0 else -fill.cost)
            return
        closing = min(abs(signed), abs(self.net))
        proceeds = _share(fill.cost, closing, abs(signed))
        self._close(closing, proceeds)
        rest = subtract(abs(signed), closing)
        if rest:
            self.net = rest if signed > 0 else -rest
            self.basis = multiply(self.net, fill.price)
            charged = subtract(fill.cost, proceeds)
            self.paid = charged if signed > 0 else -charged

    def _close(self, qty: Decimal, proceeds: Decimal) -> None:
        """Give ``qty`` of what is held away for ``proceeds``."""
        paid = _share(self.paid, qty, abs(self.net))
        # A long position brings in the proceeds for its share of what was paid; a short one pays them.
        gain = subtract(proceeds, paid) if self.net > 0 else subtract(-paid, proceeds)
        self.realised = add(self.realised, gain)
        self.paid = subtract(self.paid, paid)
        self.basis = subtract(self.basis, _share(self.basis, qty, abs(self.net)))
        self.net = subtract(self.net, qty) if self.net > 0 else add(self.net, qty)

    def position(self) -> Position:
        return Position(
            symbol=self.symbol,
            net_qty=self.net,
            avg_cost=divide(self.basis, self.net),
            realised=self.realised,
            bought_qty=self.bought,
            sold_qty=self.sold,
            fees=tuple(self.fees.items()),
            fills=self.fills,
        )


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """What ``part`` of ``whole`` has of an amount: all of it, to the last digit, where that is all there is."""
    return amount if part == whole else divide(multiply(amount, part), whole) or ZERO
