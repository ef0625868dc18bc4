"""The proof that the typed decoder overlooked nothing in a message.

It has two steps. The full one counts quotation marks, as in `Shape`, and in the busy channels looks at every number.
The short one is for frames of a form that passed the full one before. Leave out the digits, and the capitals and
hyphens that names of orders are made of, and what remains, the *skeleton*, says where the keys, the quotation marks,
the decimal points are: a frame with a familiar skeleton differs from the proved one in nothing but numbers and names.
An E is left in, because it may be an exponent. That takes a third of the time.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .messages import BookMessage, Heartbeat, Level3Message, OhlcMessage, TickerMessage, TradeMessage
from .numbers import MAX_TOKEN
from .shape import shape_of

__all__ = ["FLESH", "is_complete", "proved_length"]

FLESH = b"0123456789ABCDFGHIJKLMNOPQRSTUVWXYZ-"
"""A frame without these is its skeleton: ``frame.translate(None, FLESH)``."""

_LONGEST = 1024
"""Bytes of a frame whose skeleton is worth remembering; longer ones, snapshots, are rare."""
_REMEMBERED = 4096
"""Skeletons that are remembered: some forty a channel are in use."""

_RECURRING = frozenset({TradeMessage, TickerMessage, OhlcMessage, Heartbeat})
"""Messages, besides those of books, whose forms come again and again. The rest is rare."""

_proved: dict[bytes, int] = {}

proved_length = _proved.get
"""The longest frame proved in full, by skeleton, in bytes. A longer one might hide a number beyond the bounds.

The decoder asks this itself, before anything else: a function around it would cost as much as it does.
"""


def is_complete(message: Any, frame: bytes) -> bool:
    """Whether the typed decoder saw everything there is in the frame: the full proof."""
    kind = message.__class__
    if kind is BookMessage:
        return _is_complete_book(message, frame)
    if kind is Level3Message:
        return _is_complete_level3(message, frame)
    complete = shape_of(kind).count(message) == frame.count(b'"')
    if complete and kind in _RECURRING:
        _remember(frame)
    return complete


def _remember(frame: bytes) -> None:
    if len(frame) <= _LONGEST:
        if len(_proved) >= _REMEMBERED:
            _proved.clear()
        _proved[frame.translate(None, FLESH)] = len(frame)


def _is_complete_book(message: BookMessage, frame: bytes, *, remember: bool = True) -> bool:
    """The same for a book, with numbers in their usual form."""
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
    except TypeError:
        # Not remembered: the next frame of this form has whole numbers to be written out as well.
        return _write_out_whole_numbers(message) and _is_complete_book(message, frame, remember=False)
    complete = marks == frame.count(b'"')
    if complete and remember:
        _remember(frame)
    return complete


def _is_complete_level3(message: Level3Message, frame: bytes, *, remember: bool = True) -> bool:
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
        return _write_out_whole_numbers(message) and _is_complete_level3(message, frame, remember=False)
    complete = marks == frame.count(b'"')
    if complete and remember:
        _remember(frame)
    return complete


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
