"""Frames into typed messages, exactly and whatever comes.

`decode` gives a message for every frame the exchange may send and raises `Malformed`, naming the reason, for
everything else; nothing else ever comes out of it. There are two roads. The fast one is a typed decoder over all
channels at once, followed by a cheap proof (`Shape`) that it did not overlook anything. Whatever that does not settle
(answers to requests, unknown channels and fields, numbers in unusual forms, bad frames) takes the careful road, which
reads the JSON strictly, puts it into regular form, and names what is wrong.
"""

from __future__ import annotations

from typing import TypeAlias

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
from .proof import FLESH, is_complete, proved_length
from .requests import encode
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
# There is nothing to strip from a number: a method of str is called faster than the type, and gives the text as it is.
_fast = msgspec.json.Decoder(_Fast, float_hook=str.strip).decode
_NO_WAY_BY_TYPE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


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
    message: _Fast
    if data.__class__ is bytes and len(data) <= proved_length(data.translate(None, FLESH), 0):
        try:
            message = _fast(data)
        except _NO_WAY_BY_TYPE:
            return read(data)  # finds out what it is
        message.raw = data
        return message
    frame = _as_bytes(data)
    if len(frame) <= MAX_MESSAGE:
        try:
            message = _fast(frame)
            message.raw = frame
            if is_complete(message, frame):
                return message
        except _NO_WAY_BY_TYPE:
            pass
    return read(frame)


def _as_bytes(data: bytes | bytearray | memoryview | str) -> bytes:
    if not isinstance(data, str):
        return bytes(data)
    try:
        return data.encode()
    except UnicodeEncodeError as error:
        raise Malformed("half a surrogate pair", excerpt(data)) from error
