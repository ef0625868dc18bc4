"""Which order is meant: itself, or either of its ids, with a name or without."""

from __future__ import annotations

from ..errors import BadCall
from ..trading import Order

__all__ = ["which_order"]


def which_order(method: str, order: Order | str | None, order_id: str | None, cl_ord_id: str | None) -> Order | str:
    """The one of the three that is given. An id means the same under whichever name.

    Raises:
        BadCall: none of them is, or more than one.

    >>> which_order("cancel_order", None, "OABCDE-12345-FGHIJK", None)
    'OABCDE-12345-FGHIJK'
    """
    names = {"order": order, "order_id": order_id, "cl_ord_id": cl_ord_id}
    given = {name: value for name, value in names.items() if value is not None}
    if len(given) == 1:
        return next(iter(given.values()))
    problem = f"lab.{method} needs order, or order_id or cl_ord_id."
    if given:
        problem = f"lab.{method} was given {' and '.join(given)}: one of them says which order."
    more = ", **changes" if method in ("amend_order", "edit_order") else ""
    usage = f"lab.{method}(order{more}) with an order or an id of it, or lab.{method}(order_id=...{more})"
    raise BadCall(next(iter(given), "order"), problem, usage, "Nothing was sent.")
