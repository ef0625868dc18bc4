"""The last look at a text before it is written: nothing that could place an order passes, unless it is the gate's.

The gate is the only maker of an `OrderFrame`, and gives its text once. So whatever else in this package, or beside it,
writes such a request by mistake, it does not leave.
"""

from __future__ import annotations

import json
from typing import Any

from ..errors import OrderRefused
from ..trading.gate import OrderFrame
from ..wire import ORDER_AFFECTING

__all__ = ["pass_through"]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with every key that was written, also those that come twice."""


def pass_through(text: str) -> str:
    """The text to write.

    Raises:
        OrderRefused: it could place or change an order and is no frame of the gate's, or it is no request at all.
        ConfirmationVoid: it is a frame that was written before.

    >>> pass_through('{"method":"ping"}')
    '{"method":"ping"}'
    """
    if isinstance(text, OrderFrame):
        return text.leave()
    methods = _methods(text)
    if methods is None:
        raise OrderRefused("A text that is no request", ["what cannot be read cannot be known to be harmless"])
    affecting = sorted(methods & ORDER_AFFECTING)
    if affecting:
        raise OrderRefused(f"A request of method {affecting[0]}", ["it did not come from the gate"])
    return text


def _methods(text: str) -> set[str] | None:
    """Every method a request names, since nobody knows which of two the exchange would take; None if it is none."""
    try:
        request = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(request, _Pairs):
        return None
    return {value.strip().casefold() for name, value in request if name == "method" and isinstance(value, str)}
