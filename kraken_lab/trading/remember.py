"""Orders and fills as lines of the audit log, and back: how a new kernel knows what the old one did.

Money is text, so nothing is rounded; what an order does not have is left out. A line that cannot be read back raises,
because an order that is silently forgotten is worse than a restart that asks for help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ..errors import Malformed
from .states import FillRecord, OrderRecord, OrderState

__all__ = ["fill_fields", "fill_of", "order_fields", "order_line", "order_of"]

_MONEY: Final = frozenset(
    {
        "order_qty", "cash_order_qty", "limit_price", "limit_offset", "trigger_price", "display_qty", "filled_qty",
        "cost", "avg_price", "price", "qty", "fee",
    }
)  # fmt: skip
_PAIRS: Final = frozenset({"fees", "amending"})
_NOT_KEPT: Final = frozenset({"sent_at_mono", "unverified"})
"""Monotonic seconds mean nothing to another process; and nothing is verified for it."""


def order_fields(record: OrderRecord) -> dict[str, object]:
    """An order's line.

    >>> record = OrderRecord(state=OrderState.OPEN, order_id="O1", cl_ord_id="a", symbol="BTC/USD", side="buy",
    ...     order_type="limit", order_qty=Decimal("1E-8"), created_ns=1, updated_ns=2)
    >>> order_fields(record)["order_qty"], order_of(order_fields(record)) == record
    ('0.00000001', True)
    """
    return _written(record)


def order_line(record: OrderRecord, replaces: str | None, *, fills_missing: bool) -> dict[str, object]:
    """An order's line with what only its machine knows: which order it replaces, and whether it lacks fills."""
    line = order_fields(record)
    line |= {"replaces": replaces} if replaces else {}
    return line | ({"fills_missing": True} if fills_missing else {})


def order_of(line: Mapping[str, Any]) -> OrderRecord:
    """The order of a line.

    Raises:
        Malformed: it is none.
    """
    try:
        values = _read(OrderRecord, line)
        return OrderRecord(**(values | {"state": OrderState(values["state"])}))
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise Malformed("an order's line that cannot be read", str(dict(line))) from error


def fill_fields(fill: FillRecord) -> dict[str, object]:
    """A fill's line."""
    return _written(fill)


def fill_of(line: Mapping[str, Any]) -> FillRecord:
    """The fill of a line.

    Raises:
        Malformed: it is none.
    """
    try:
        return FillRecord(**_read(FillRecord, line))
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise Malformed("a fill's line that cannot be read", str(dict(line))) from error


def _written(value: OrderRecord | FillRecord) -> dict[str, object]:
    line: dict[str, object] = {}
    for each in fields(value):
        content = getattr(value, each.name)
        if each.name in _NOT_KEPT or content is None or (each.default is not MISSING and content == each.default):
            continue
        if each.name in _MONEY:
            content = format(content, "f")
        elif each.name in _PAIRS:
            content = [[name, format(amount, "f")] for name, amount in content]
        elif isinstance(content, OrderState):
            content = str(content)
        line[each.name] = content
    return line


def _read(kind: type[OrderRecord] | type[FillRecord], line: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for each in fields(kind):
        if each.name in line and each.name not in _NOT_KEPT:
            content = line[each.name]
            if each.name in _MONEY:
                content = Decimal(content)
            elif each.name in _PAIRS:
                content = tuple((str(name), Decimal(amount)) for name, amount in content)
            values[each.name] = content
        elif each.default is MISSING:
            values[each.name] = None
    return values
