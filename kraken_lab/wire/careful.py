"""The careful road of the decoder: strict, slower, and able to say what is wrong.

A frame is read strictly, sorted by what it is (an answer, a channel's message, something unknown), put into the
regular form that the typed decoders expect, and decoded by the one for it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from ..errors import Malformed
from .messages import (
    AddOrderResult,
    AmendOrderResult,
    BalancesMessage,
    BatchAddResult,
    BatchCancelResult,
    BookMessage,
    CancelAllOrdersAfterResult,
    CancelAllResult,
    CancelOrderResult,
    Channel,
    EditOrderResult,
    ExecutionsMessage,
    Heartbeat,
    InstrumentMessage,
    Level3Message,
    Message,
    OhlcMessage,
    Pong,
    Response,
    StatusMessage,
    SubscribeResult,
    TickerMessage,
    TradeMessage,
    UnknownMessage,
)
from .numbers import exact, is_number, plain
from .private import BalanceSnapshots, LedgerEntries, balances_type
from .shape import shape_of
from .strict import Token, dump, excerpt, parse, values

__all__ = ["read"]

_CHANNELS: dict[str, Any] = {
    "balances": BalancesMessage,
    "book": BookMessage,
    "executions": ExecutionsMessage,
    "heartbeat": Heartbeat,
    "instrument": InstrumentMessage,
    "level3": Level3Message,
    "ohlc": OhlcMessage,
    "status": StatusMessage,
    "ticker": TickerMessage,
    "trade": TradeMessage,
}
_RESULTS: dict[str, Any] = {
    "add_order": AddOrderResult,
    "amend_order": AmendOrderResult,
    "batch_add": list[BatchAddResult],
    "batch_cancel": BatchCancelResult,
    "cancel_all": CancelAllResult,
    "cancel_all_orders_after": CancelAllOrdersAfterResult,
    "cancel_order": CancelOrderResult,
    "edit_order": EditOrderResult,
    "subscribe": SubscribeResult,
    "unsubscribe": SubscribeResult,
}
_TEXT_NUMBERS = {"book": ("price", "qty"), "level3": ("limit_price", "order_qty")}


def read(frame: bytes) -> Message:
    """The message in a frame.

    Raises:
        Malformed: naming the reason and, where there is one, the place.
    """
    fields = parse(frame)
    if not isinstance(fields, dict):
        raise Malformed("not an object", excerpt(frame))
    try:
        message = _message(fields)
    except Malformed as error:
        raise Malformed(error.reason, excerpt(frame)) from error
    except msgspec.MsgspecError as error:
        reason = str(error)
        raise Malformed(reason[:1].lower() + reason[1:], excerpt(frame)) from error
    message.raw = frame
    return message


def _message(fields: dict[str, object]) -> Message:
    for key in ("method", "channel"):
        if key in fields and not _is_text(fields[key]):
            raise Malformed(f"expected text - at `$.{key}`")
    if "method" in fields:  # looked at first, because a refused private subscription has a channel too
        return _answer(fields)
    struct = _CHANNELS.get(str(fields.get("channel")))
    if struct is None or (struct is not Heartbeat and _is_of_unknown_kind(fields.get("type"))):
        return UnknownMessage({key: values(value) for key, value in fields.items()})
    return _channel_message(struct, fields)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Token)


def _is_of_unknown_kind(kind: object) -> bool:
    return _is_text(kind) and kind not in ("snapshot", "update")


def _channel_message(struct: type[Channel], fields: dict[str, object]) -> Message:
    if struct is BalancesMessage:
        reader = balances_type("snapshot" if fields.get("type") == "snapshot" else "update")
        shape_of(reader).refuse_text_for_numbers(fields)
        read_as: BalanceSnapshots | LedgerEntries = _decoder(reader).decode(dump(fields))
        return BalancesMessage(read_as.type, read_as.data, read_as.sequence)
    if struct.channel in _TEXT_NUMBERS:
        _write_numbers_as_text(fields.get("data"), _TEXT_NUMBERS[struct.channel])
    else:
        shape_of(struct).refuse_text_for_numbers(fields)
    message: Message = _decoder(struct).decode(dump(fields))
    if isinstance(message, Level3Message) and message.type == "update":
        _need_events(message)
    return message


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, float_hook=str)


def _write_numbers_as_text(data: object, keys: tuple[str, ...]) -> None:
    """Put the numbers of all levels into the form in which the busy channels keep them: text without exponents.

    The reference's checksum guides print them as text, so a text that is a number is taken for one.
    """
    for at, change in enumerate(data if isinstance(data, list) else ()):
        for side in ("bids", "asks"):
            levels = change.get(side) if isinstance(change, dict) else None
            for place, level in enumerate(levels if isinstance(levels, list) else ()):
                for key in keys if isinstance(level, dict) else ():
                    number = level.get(key, Token("0"))  # a missing one the typed decoder reports
                    if not isinstance(number, str) or not is_number(number):
                        raise Malformed(f"expected a number - at `$.data[{at}].{side}[{place}].{key}`")
                    if key in level:
                        # A whole zero has no sign: the fast road reads it as an int.
                        level[key] = "0" if number == "-0" else plain(exact(number))


def _need_events(message: Level3Message) -> None:
    for at, change in enumerate(message.data):
        for side in ("bids", "asks"):
            if not all(order.event for order in getattr(change, side)):
                raise Malformed(f"object missing required field `event` - at `$.data[{at}].{side}[...]`")


def _answer(fields: dict[str, object]) -> Response | Pong:
    if fields["method"] == "pong" and "error" not in fields:
        pong: Pong = _decoder(Pong).decode(dump(fields))
        return pong
    result = fields.get("result")
    answer: Response = _decoder(Response).decode(dump({**fields, "result": None}))
    if answer.method == "batch_add" and isinstance(result, dict) and isinstance(result.get("orders"), list):
        result = result["orders"]  # a shape seen where an engine refused a part of the batch
    if result is not None:
        kind = _RESULTS.get(answer.method) if answer.success else None
        answer.result = values(result) if kind is None else _decoder(kind).decode(dump(result))
    return answer
