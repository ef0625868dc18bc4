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
    >>> in_words(OrderRecord(state=OrderState.OPEN, order_id=None, cl_ord_id=None, symbol="BTC/USD", side="buy",
    ...     order_type="market", order_qty=D("0.00000000"), cash_order_qty=D(250), created_ns=0, updated_ns=0))
    'buy BTC/USD for 250 USD market'
    >>> in_words(OrderRecord(state=OrderState.OPEN, order_id=None, cl_ord_id=None, symbol="BTC/USD", side="sell",
    ...     order_type="stop-loss", order_qty=D("0.05"), trigger_price=D("26000.1"), created_ns=0, updated_ns=0))
    'sell 0.05 BTC/USD stop-loss trigger at 26000.1'
    """
    words = [record.side, *_quantity(record), record.order_type]
    if record.limit_price is not None:
        words.append(f"at {_plain(record.limit_price)}")
    if record.trigger_price is not None:
        words.append(f"trigger at {_plain(record.trigger_price)}")
    return " ".join(word for word in words if word) or "an order"


def _quantity(record: OrderRecord) -> tuple[str, str]:
    """How much of which pair; of an order sized in quote currency the exchange says that its quantity is 0."""
    if not record.order_qty and record.cash_order_qty is not None:
        quote = record.symbol.partition("/")[2]
        return record.symbol, f"for {_plain(record.cash_order_qty)} {quote}".rstrip()
    return "" if record.order_qty is None else _plain(record.order_qty), record.symbol


def _plain(value: Decimal) -> str:
    return f"{value:f}"
