"""What an order reckons with: the prices that matter to it, and the money that it may need.

Source: Add Order page (triggers, cash_order_qty), Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kraken_lab.sandbox.account import Account
from kraken_lab.sandbox.holds import budget_of, hold_of, needed, worst_price
from kraken_lab.sandbox.matching import Matching, MatchingMarket
from kraken_lab.sandbox.orders import Order
from kraken_lab.sandbox.rejection import Rejection
from kraken_lab.sandbox.triggers import TRIGGERED, is_due, placed

__all__ = ["Reckoning", "owner_of"]

ACCOUNT: Final = "account"


def owner_of(order: Order) -> str:
    """Whose orders an order may not trade with: the account's, unless a ``sender_sub_id`` says whose it is."""
    return order.terms.sender_sub_id or ACCOUNT


class Reckoning:
    """Answers questions about one account's orders, and changes nothing. ``dearest`` is the highest rate of fees."""

    def __init__(self, market: MatchingMarket, account: Account, dearest: int) -> None:
        self._market = market
        self._account = account
        self._dearest = dearest

    # --- prices -----------------------------------------------------------------------------------------------------

    def engine(self, order: Order) -> Matching:
        """The matching of an order's pair."""
        return self._market.engine(order.symbol)

    def reference(self, order: Order) -> int | None:
        """The price that an order's trigger looks at: the index if it says so and there is one, else the last trade."""
        triggers = order.terms.triggers
        if triggers is not None and triggers.reference == "index":
            index = self._market.index_price(order.symbol)
            if index is not None:
                return index
        return self._market.last_price(order.symbol)

    def retriggered(self, order: Order) -> Order:
        """The order with the trigger that its terms ask for, placed now; a trailing one keeps the peak it has seen.

        Raises:
            Rejection: there is no reference price.
        """
        triggers, at = order.terms.triggers, self.reference(order)
        assert triggers is not None
        if at is None:
            raise Rejection("EService:Unavailable")
        state = placed(
            order.order_type,
            order.side,
            price=triggers.price,
            price_type=triggers.price_type,
            reference=triggers.reference,
            at=at if order.trigger is None or order.trigger.peak_price is None else order.trigger.peak_price,
            pair=order.pair,
        )
        return replace(order, trigger=state)

    def at_once(self, order: Order) -> bool:
        """Whether an order's trigger, as it has been placed, would be activated at the present reference price."""
        reference, trigger = self.reference(order), order.trigger
        if reference is None or trigger is None:
            return False
        return is_due(order.order_type, order.side, trigger.actual_price, reference)

    def would_take(self, order: Order, price: int) -> bool:
        """Whether an order at ``price`` would meet the other side."""
        best = self.engine(order).best("sell" if order.side == "buy" else "buy")
        return best is not None and (price >= best[0] if order.side == "buy" else price <= best[0])

    def expected_price(self, order: Order) -> int | None:
        """What an order is likely to trade at: its limit or trigger, else the last price; None if nobody knows."""
        return self._worst(order) or self._market.last_price(order.symbol)

    def _worst(self, order: Order) -> int | None:
        """The price that an order reckons with, whether or not its trigger has been placed."""
        if order.trigger is None and order.order_type in TRIGGERED and self.reference(order) is not None:
            order = self.retriggered(order)
        return worst_price(order)

    # --- money ------------------------------------------------------------------------------------------------------

    def buys(self, order: Order, price: int) -> int:
        """The quantity that an order sized in quote buys at a price."""
        qty = budget_of(order) // price
        return qty - qty % order.pair.qty_increment

    def needs(self, order: Order, *, taking: bool = False) -> tuple[str, int]:
        """The asset and the amount that what is left of an order may need, fees included.

        It is reckoned at the order's limit or trigger; a market order, and any that is about to be one (``taking``),
        at the prices that it would meet now.
        """
        assets, price = self._market.assets, None if taking else self._worst(order)
        if price is not None or order.cash_qty is not None or order.side == "sell":
            return hold_of(order, price or 0, self._dearest, assets)
        qty, value = self.engine(order).takeable(order.side, order.left, owner=owner_of(order))
        return needed(order, qty, value, self._dearest, assets)

    def affordable(self, order: Order, *, taking: bool = False, besides: str = "") -> bool:
        """Whether the account has that much, counting what the order holds, or the one ``besides`` that it replaces."""
        asset, amount = self.needs(order, taking=taking)
        return amount <= self._account.available(asset, besides=besides or order.order_id)
