"""What is said: messages from the exchange, requests to it, and the life of one conversation. No I/O.

`decode` turns any frame into a typed `Message` or raises `Malformed`; `encode` turns a request into text.
"""

from __future__ import annotations

from .codec import KNOWN, decode, encode, unknown_keys, unknown_values
from .messages import *
from .messages import __all__ as _messages
from .requests import *
from .requests import __all__ as _requests

__all__ = ["KNOWN", "decode", "encode", "unknown_keys", "unknown_values", *_messages, *_requests]
