"""An order in a few words, the same in every sentence that names one."""

from __future__ import annotations

from decimal import Decimal

from .states import OrderRecord

__all__ = ["in_words"]


def in_words(record: OrderRecord) -> str:
    """Side, quantity, pair, type and prices; what is not known is left out.

    >>> from decimal import Decimal as D
    >>> from kraken_lab.trading.states import OrderState
    >>> in_words(OrderRecord(state=OrderState.OPEN, order_id=None, cl_ord_id=None, symbol="BTC/USD", side="buy",
    ...     order_type="limit", order_qty=D("0.01"), limit_price=D("26500.4"), created_ns=0, updated_ns=0))
    'buy 0.01 BTC/USD limit at 26500.4'
    """
    words = [record.side, _quantity(record), record.symbol, record.order_type]
    if record.limit_price is not None:
        words.append(f"at {_plain(record.limit_price)}")
    if record.trigger_price is not None:
        words.append(f"triggered at {_plain(record.trigger_price)}")
    return " ".join(word for word in words if word) or "an order"


def _quantity(record: OrderRecord) -> str:
    if record.order_qty is not None:
        return _plain(record.order_qty)
    return f"for {_plain(record.cash_order_qty)}" if record.cash_order_qty is not None else ""


def _plain(value: Decimal) -> str:
    return f"{value:f}"
