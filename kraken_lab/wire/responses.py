"""Answers to requests: acknowledgements, refusals, pongs; and whatever nobody here knows.

Source: the methods' own pages, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from typing import Any, TypeAlias

from .frame import Count, Frame, Row

__all__ = [
    "AddOrderResult",
    "AmendOrderResult",
    "BatchAddResult",
    "BatchCancelResult",
    "CancelAllOrdersAfterResult",
    "CancelAllResult",
    "CancelOrderResult",
    "EditOrderResult",
    "Pong",
    "Response",
    "Result",
    "SubscribeResult",
    "UnknownMessage",
]


class SubscribeResult(Row, frozen=True):
    """What was agreed for one symbol, or for a channel without symbols. Also the answer to unsubscribing."""

    channel: str
    symbol: str | None = None
    depth: int | None = None
    interval: int | None = None
    event_trigger: str | None = None
    snapshot: bool | None = None
    warnings: tuple[str, ...] = ()
    snap_orders: bool | None = None
    snap_trades: bool | None = None
    order_status: bool | None = None
    ratecounter: bool | None = None
    maxratecount: int | None = None
    """The rate counter's threshold for this account: 60, 125 or 180."""
    rebased: bool | None = None
    users: str | None = None
    include_tokenized_assets: bool | None = None
    execution_venue: str | None = None


class AddOrderResult(Row, frozen=True):
    """The order's id, missing when the request only asked to validate, and the client's own mark."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    order_userref: int | None = None
    warnings: tuple[str, ...] = ()


class AmendOrderResult(Row, frozen=True):
    """The amendment's id, and whichever id named the order."""

    amend_id: str
    order_id: str | None = None
    cl_ord_id: str | None = None
    warnings: tuple[str, ...] = ()


class EditOrderResult(Row, frozen=True):
    """An edit replaces the order: ``order_id`` is the new one."""

    order_id: str
    original_order_id: str | None = None
    order_userref: int | None = None
    warnings: tuple[str, ...] = ()


class CancelOrderResult(Row, frozen=True):
    """Whichever id named the order. One answer comes for each order of a request."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    order_userref: int | None = None
    warnings: tuple[str, ...] = ()


class CancelAllResult(Row, frozen=True):
    """How many open orders were cancelled."""

    count: Count
    warnings: tuple[str, ...] = ()


class CancelAllOrdersAfterResult(Row, frozen=True):
    """The exchange's time and when the timer fires, as text in whole seconds; ``"0"`` may mean that it is off."""

    currentTime: str
    triggerTime: str | None = None
    warnings: tuple[str, ...] = ()


class BatchAddResult(Row, frozen=True):
    """One order of a batch. If the engine refused it, ``error`` says why and there is no ``order_id``."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    order_userref: int | None = None
    success: bool | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()


class BatchCancelResult(Row, frozen=True):
    """How many orders were cancelled; which ones is not said."""

    count: Count
    warnings: tuple[str, ...] = ()


Result: TypeAlias = (
    SubscribeResult
    | AddOrderResult
    | AmendOrderResult
    | EditOrderResult
    | CancelOrderResult
    | CancelAllResult
    | CancelAllOrdersAfterResult
    | list[BatchAddResult]
    | BatchCancelResult
)


class Response(Frame):
    """The answer to one request, matched to it by ``req_id``.

    ``result`` is typed where the method is known and the answer is a success, an ordinary JSON value where the method
    is not known, and None where there is none. ``symbol``, ``channel`` and ``status`` appear on refused subscriptions.
    """

    method: str
    success: bool | None = None
    result: Result | Any = None
    error: str | None = None
    req_id: int | None = None
    symbol: str | None = None
    channel: str | None = None
    status: str | None = None
    time_in: str | None = None
    time_out: str | None = None


class Pong(Frame):
    """The answer to a ping. A refused ping is a `Response`."""

    req_id: int | None = None
    time_in: str | None = None
    time_out: str | None = None
    method: str = "pong"


class UnknownMessage(Frame, gc=True):
    """A message of a channel, or of a kind, that is not known here: ``fields`` holds all of it, numbers exact."""

    fields: dict[str, Any]

    @property
    def channel(self) -> str | None:
        """The channel it names, if it names one."""
        channel = self.fields.get("channel")
        return channel if isinstance(channel, str) else None
