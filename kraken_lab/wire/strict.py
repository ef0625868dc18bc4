"""JSON read strictly: every bound checked, every digit kept, every reason for refusing named.

Slower than the typed decoder and used where that one gives up: to say what is wrong with a frame, and to read the
few shapes that the typed decoder does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NoReturn

from ..errors import Malformed
from .numbers import MAX_EXPONENT, MAX_TOKEN, is_number

__all__ = ["MAX_DEPTH", "MAX_MESSAGE", "Token", "dump", "parse", "values"]

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes a frame may have; the snapshot of all instruments is the largest there is, at a few hundred kilobytes."""

MAX_DEPTH = 32
"""How deeply a message may be nested; the exchange's own stop at five."""

_CONTAINERS = (dict, list)


class Token(str):
    """A number, as the digits it was written with."""

    __slots__ = ()


def _token(text: str) -> Token:
    if not is_number(text):
        raise Malformed(f"a number beyond {MAX_TOKEN} characters or an exponent beyond +/-{MAX_EXPONENT}", text)
    return Token(text)


def _not_a_number(name: str) -> NoReturn:
    raise Malformed(f"{name} is not a number", name)


def parse(frame: bytes | str) -> object:
    """The JSON value of a frame, with `Token`s for numbers. Of a key that comes twice the last one counts.

    Raises:
        Malformed: too large, not JSON, nested too deeply, a number out of bounds, or text that is not Unicode.

    >>> parse(b'{"price": 61234.50}')
    {'price': '61234.50'}
    """
    if len(frame) > MAX_MESSAGE:
        raise Malformed(f"{len(frame)} bytes, more than {MAX_MESSAGE}", excerpt(frame))
    try:
        text = frame if isinstance(frame, str) else frame.decode()
        value: object = json.loads(text, parse_float=_token, parse_int=_token, parse_constant=_not_a_number)
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8", excerpt(frame)) from error
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg} at {error.pos}" if frame else "empty"
        raise Malformed(reason, excerpt(frame)) from error
    except RecursionError as error:
        raise Malformed(f"nested deeper than {MAX_DEPTH}", excerpt(frame)) from error
    for depth, found in walk(value):
        if depth > MAX_DEPTH:
            raise Malformed(f"nested deeper than {MAX_DEPTH}", excerpt(frame))
        if isinstance(found, str) and not found.isascii():
            try:
                found.encode()
            except UnicodeEncodeError as error:
                raise Malformed("half a surrogate pair", excerpt(frame)) from error
    return value


def walk(value: object) -> Iterator[tuple[int, object]]:
    """Every container and text in a value, keys too, each with the depth of the container it is (in)."""
    waiting: list[tuple[int, object]] = [(1, value)]
    while waiting:
        depth, found = waiting.pop()
        yield depth, found
        if isinstance(found, dict):
            for key, inner in found.items():
                yield depth, key
                waiting.append((depth + isinstance(inner, _CONTAINERS), inner))
        elif isinstance(found, list):
            waiting.extend((depth + isinstance(inner, _CONTAINERS), inner) for inner in found)


def excerpt(frame: bytes | str) -> str:
    """The beginning of a frame, as text that can be shown."""
    start = frame[:200]
    return start.decode(errors="replace") if isinstance(start, bytes) else start.encode(errors="replace").decode()


def dump(value: object) -> bytes:
    """The value as JSON again, with the digits of its `Token`s and each key once.

    >>> dump(parse('{"a": 1.50, "a": 2.50}'))
    b'{"a":2.50}'
    """
    return _dumped(value).encode()


def _dumped(value: object) -> str:
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{_dumped(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dumped, value)) + "]"
    return json.dumps(value)


def values(value: object) -> object:
    """The value with ordinary numbers: `int` where it is written as one, `Decimal` with all digits otherwise.

    >>> values(parse('[1, 1.50, "x", null]'))
    [1, Decimal('1.50'), 'x', None]
    """
    if isinstance(value, Token):
        return int(value) if value.lstrip("-").isdigit() else Decimal(value)
    if isinstance(value, Mapping):
        return {key: values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [values(inner) for inner in value]
    return value
