"""From a trade to the account's fill: what it costs, what it changes in the balances, and what it counts for.

Costs go to the decimals of the quote asset, fees to those of the asset they are charged in, both to the nearest with
ties to even; and both are rounded for an order as a whole. So the fills of an order add up to exactly what one fill of
all of it would have cost, however small the pieces.

Source: Executions and Balances pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Final, Literal, NamedTuple

from kraken_lab.sandbox.account import Account
from kraken_lab.sandbox.arrivals import OrderIds
from kraken_lab.sandbox.events import Trade
from kraken_lab.sandbox.fees import MILLION, FeeRates, FeeSchedule, Volume
from kraken_lab.sandbox.instruments import Asset, Pair
from kraken_lab.sandbox.money import cost_of, nearest, value_precision
from kraken_lab.sandbox.orders import USD_PRECISION, Fill, LedgerEntry, Order
from kraken_lab.sandbox.valuation import Valuation

__all__ = ["Ids", "Settled", "Settlement"]

_RATE_DECIMALS: Final = len(str(MILLION)) - 1


class Ids:
    """Fresh ids of one kind, known by its first letter: orders O, executions and amendments T, ledger entries L.

    >>> Ids(Random(1), "T").new()
    'T3DYZD-N2YJI-RGLMPV'
    """

    def __init__(self, random: Random, letter: Literal["O", "T", "L"]) -> None:
        self._ids = OrderIds(random)
        self._letter = letter

    def new(self) -> str:
        """One that has not been given out."""
        return self._letter + self._ids.new()[1:]


class Settled(NamedTuple):
    """What came of a trade: the order after it, the fill, and the ledger's entries, base first."""

    order: Order
    fill: Fill
    entries: tuple[LedgerEntry, LedgerEntry]


class Settlement:
    """Charges and credits one account."""

    def __init__(
        self,
        account: Account,
        assets: Mapping[str, Asset],
        schedule: FeeSchedule,
        valuation: Valuation,
        new_exec_id: Callable[[], str],
    ) -> None:
        self.schedule = schedule
        self._account = account
        self._assets = assets
        self._valuation = valuation
        self._new_exec_id = new_exec_id
        self._volume = Volume()

    def rates(self, now_ns: int) -> FeeRates:
        """What the account pays now, by its volume of the last 30 days."""
        return self.schedule.rates(self._volume.total(now_ns) // _USD)

    def settle(self, order: Order, trade: Trade, liquidity: Literal["m", "t"]) -> Settled:
        """Book the trade as a fill of ``order``; holds are others' business."""
        pair, ns = order.pair, trade.ns
        rates = self.rates(ns)
        rate = rates.maker if liquidity == "m" else rates.taker
        value = trade.price * trade.qty
        in_base = order.fee_asset == pair.base
        fee_exact = order.fee_exact + (trade.qty if in_base else value) * rate
        fee = self._fee(order, fee_exact) - self._fee(order, order.fee_exact)
        fee_usd = self._valuation.usd(order.fee_asset, fee, self._assets[order.fee_asset].precision)

        sign = 1 if order.side == "buy" else -1
        base = self._base(pair, order.cum_qty + trade.qty) - self._base(pair, order.cum_qty)
        quote = self._quote(pair, order.value + value) - self._quote(pair, order.value)
        ref_id = self._new_exec_id()
        entries = (
            self._account.trade(pair.base, sign * base, fee if in_base else 0, ref_id=ref_id, ns=ns),
            self._account.trade(pair.quote, -sign * quote, 0 if in_base else fee, ref_id=ref_id, ns=ns),
        )
        self._volume.add(self._valuation.usd(pair.quote, quote, self._assets[pair.quote].precision), ns)

        fill = Fill(
            exec_id=self._new_exec_id(),
            trade_id=trade.trade_id,
            ns=ns,
            order_id=order.order_id,
            cl_ord_id=order.terms.cl_ord_id,
            order_userref=order.terms.order_userref,
            symbol=order.symbol,
            side=order.side,
            order_type=order.order_type,
            price=trade.price,
            qty=trade.qty,
            cost=cost_of(pair, value),
            fee=fee,
            fee_asset=order.fee_asset,
            fee_usd=fee_usd,
            liquidity=liquidity,
            ref_id=ref_id,
            ledger_ids=(entries[0].ledger_id, entries[1].ledger_id),
        )
        filled = replace(
            order,
            status="partially_filled",
            cum_qty=order.cum_qty + trade.qty,
            value=order.value + value,
            fee_exact=fee_exact,
            fees=((order.fee_asset, self._fee(order, fee_exact)),),
            fee_usd=order.fee_usd + fee_usd,
            fill_ids=(*order.fill_ids, fill.exec_id),
        )
        return Settled(filled, fill, entries)

    def _fee(self, order: Order, exact: int) -> int:
        """A fee given in millionths of a value, or of a quantity, at the decimals of its asset."""
        pair = order.pair
        have = pair.qty_precision if order.fee_asset == pair.base else value_precision(pair)
        return nearest(exact, have + _RATE_DECIMALS, self._assets[order.fee_asset].precision)

    def _base(self, pair: Pair, qty: int) -> int:
        return nearest(qty, pair.qty_precision, self._assets[pair.base].precision)

    def _quote(self, pair: Pair, value: int) -> int:
        return nearest(value, value_precision(pair), self._assets[pair.quote].precision)


_USD: Final[int] = 10**USD_PRECISION
