"""An order in a few words, the same in every sentence that names one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from .states import OrderRecord

__all__ = ["in_words", "limit_offset_words", "terms_words"]

_TERMS: Final = (
    "side", "symbol", "order_type", "order_qty", "cash_order_qty", "limit_price", "trigger_price", "limit_offset",
    "limit_offset_type",
)  # fmt: skip


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
    return terms_words({name: getattr(record, name) for name in _TERMS})


def terms_words(terms: Mapping[str, Any]) -> str:
    """The same of an order's terms by name, of which any may be missing.

    >>> terms_words({"side": "sell", "symbol": "BTC/USD", "order_qty": Decimal("0.5"), "limit_price": Decimal(9)})
    'sell 0.5 BTC/USD at 9'
    """
    words = [terms.get("side"), *_quantity(terms), terms.get("order_type")]
    for name, before in (("limit_price", "at"), ("trigger_price", "trigger at")):
        if terms.get(name) is not None:
            words.append(f"{before} {_plain(terms[name])}")
    if offset := _offset(terms):
        words.append(f"limit {offset}")
    return " ".join(str(word) for word in words if word) or "an order"


def limit_offset_words(record: OrderRecord) -> str:
    """How far an order's limit is from its trigger; empty where it is a price, or none.

    >>> from kraken_lab.trading.states import OrderState
    >>> limit_offset_words(OrderRecord(state=OrderState.OPEN, order_id=None, cl_ord_id=None, symbol="BTC/USD",
    ...     side="sell", order_type="trailing-stop-limit", order_qty=Decimal(1), limit_offset=Decimal("-10.0"),
    ...     limit_offset_type="quote", created_ns=0, updated_ns=0))
    '-10.0 USD from its trigger'
    """
    return _offset({name: getattr(record, name) for name in _TERMS})


def _offset(terms: Mapping[str, Any]) -> str:
    if terms.get("limit_price") is not None or terms.get("limit_offset") is None:
        return ""
    unit = "%" if terms.get("limit_offset_type") == "pct" else str(terms.get("symbol") or "").partition("/")[2]
    return f"{terms['limit_offset']:+f} {unit} from its trigger"


def _quantity(terms: Mapping[str, Any]) -> tuple[str, str]:
    """How much of which pair; of an order sized in quote currency the exchange says that its quantity is 0."""
    symbol, qty, cash = str(terms.get("symbol") or ""), terms.get("order_qty"), terms.get("cash_order_qty")
    if not qty and cash is not None:
        return symbol, f"for {_plain(cash)} {symbol.partition('/')[2]}".rstrip()
    return "" if qty is None else _plain(qty), symbol


def _plain(value: Decimal) -> str:
    return f"{value:f}"
