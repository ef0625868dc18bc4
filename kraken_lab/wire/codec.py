"""Frames into typed messages, exactly and whatever comes.

`decode` gives a message for every frame the exchange may send and raises `Malformed`, naming the reason, for
everything else; nothing else ever comes out of it. There are two roads. The fast one is a typed decoder over all
channels at once, followed by a cheap proof (`Shape`) that it did not overlook anything. Whatever that does not settle
(answers to requests, unknown channels and fields, numbers in unusual forms, bad frames) takes the careful road, which
reads the JSON strictly, puts it into regular form, and names what is wrong.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from ..errors import Malformed
from .careful import read
from .messages import (
    BookMessage,
    ExecutionsMessage,
    Heartbeat,
    InstrumentMessage,
    Level3Message,
    Message,
    OhlcMessage,
    StatusMessage,
    TickerMessage,
    TradeMessage,
)
from .numbers import MAX_TOKEN
from .requests import encode
from .shape import shape_of
from .strict import MAX_MESSAGE, excerpt
from .unknown import KNOWN, unknown_keys, unknown_values

__all__ = ["KNOWN", "decode", "encode", "unknown_keys", "unknown_values"]

_Fast: TypeAlias = (
    BookMessage
    | TradeMessage
    | TickerMessage
    | Level3Message
    | OhlcMessage
    | Heartbeat
    | StatusMessage
    | InstrumentMessage
    | ExecutionsMessage
)
_fast = msgspec.json.Decoder(_Fast, float_hook=str).decode


def decode(data: bytes | str) -> Message:
    """The message in a frame.

    Numbers keep their digits, values that are not documented pass through as text, unknown fields stay readable in
    ``extra`` and ``extras``. Of a key that comes twice the last one counts.

    Raises:
        Malformed: and nothing else.

    >>> message = decode('{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":61234.50,'
    ...                  '"qty":0.10,"ord_type":"limit","trade_id":7,"timestamp":"2026-05-04T10:15:31.844359Z"}]}')
    >>> message.data[0].price
    Decimal('61234.50')
    """
    frame = data if data.__class__ is bytes else _as_bytes(data)
    if len(frame) <= MAX_MESSAGE:
        try:
            message: _Fast = _fast(frame)
            message.raw = frame
            if message.__class__ is BookMessage:
                complete = _is_complete_book(message, frame)
            elif message.__class__ is Level3Message:
                complete = _is_complete_level3(message, frame)
            else:
                complete = shape_of(message.__class__).count(message) == frame.count(b'"')
            if complete:
                return message
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            pass  # the careful road finds out what it is
    return read(frame)


def _as_bytes(data: bytes | bytearray | memoryview | str) -> bytes:
    if not isinstance(data, str):
        return bytes(data)
    try:
        return data.encode()
    except UnicodeEncodeError as error:
        raise Malformed("half a surrogate pair", excerpt(data)) from error


def _is_complete_book(message: BookMessage, frame: bytes) -> bool:
    """Whether the typed decoder saw everything there is in the frame, with numbers in their usual form.

    The arithmetic is that of `Shape.count`, written out because this runs for every frame of the busiest channel.
    """
    marks = 10
    try:
        for change in message.data:
            bids, asks = change.bids, change.asks
            marks += 4 * (len(bids) + len(asks)) + (10 if change.timestamp is None else 14)
            for level in bids:
                digits = level.price + level.qty
                if len(digits) > MAX_TOKEN or "e" in digits or "E" in digits or digits > ":":
                    return False
            for level in asks:
                digits = level.price + level.qty
                if len(digits) > MAX_TOKEN or "e" in digits or "E" in digits or digits > ":":
                    return False
    except TypeError:  # not a text
        return _write_out_whole_numbers(message) and _is_complete_book(message, frame)
    return marks == frame.count(b'"')


def _is_complete_level3(message: Level3Message, frame: bytes) -> bool:
    """The same for a level3 message, whose updates must name their events."""
    marks = 10
    is_update = message.type == "update"
    try:
        for change in message.data:
            marks += 10 if change.timestamp is None else 14
            for side in (change.bids, change.asks):
                marks += 12 * len(side)
                for order in side:
                    digits = order.limit_price + order.order_qty
                    if len(digits) > MAX_TOKEN or "e" in digits or "E" in digits or digits > ":":
                        return False
                    if order.timestamp is None:
                        marks -= 4
                    if order.event:
                        marks += 4
                    elif is_update:
                        return False
    except TypeError:
        return _write_out_whole_numbers(message) and _is_complete_level3(message, frame)
    return marks == frame.count(b'"')


def _write_out_whole_numbers(message: BookMessage | Level3Message) -> bool:
    """Turn numbers without decimals into text: they came as int, for which the decoder has no hook.

    False if there was none, so that something else must be wrong.
    """
    found = False
    for change in message.data:
        for side in (change.bids, change.asks):
            rows: list[Any] = side
            for at, row in enumerate(rows):
                whole = {name: str(value) for name in row.__struct_fields__ if type(value := getattr(row, name)) is int}
                if whole:
                    rows[at] = msgspec.structs.replace(row, **whole)
                    found = True
    return found
