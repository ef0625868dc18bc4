"""A small strict language for JSON: what a value must be, said as values, and what is wrong with one that is not.

A check takes a value and the path to it and yields complaints. Numbers are read by `read` as their raw text, so that a
check sees ``0.10`` and ``1e-1`` as different.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

__all__ = [
    "Check",
    "Number",
    "array",
    "boolean",
    "decimal",
    "decimal_text",
    "exactly",
    "integer",
    "one_of",
    "read",
    "record",
    "row",
    "text",
]

Check: TypeAlias = Callable[[Any, str], Iterator[str]]


class Number(str):
    """The raw text of a JSON number."""

    __slots__ = ()


def read(data: str | bytes) -> Any:
    """A JSON text with its numbers as they were written; a key that comes twice is an error.

    >>> read('{"price":61234.50}')
    {'price': '61234.50'}
    """
    return json.loads(data, parse_float=Number, parse_int=Number, object_pairs_hook=_members)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(f"a key comes twice: {[key for key, _ in pairs]}")
    return members


def text(pattern: str = r"(?s:.+)") -> Check:
    """A string that the whole of the pattern matches; not empty by default."""
    compiled = re.compile(pattern)

    def check(value: Any, path: str) -> Iterator[str]:
        if type(value) is not str or not compiled.fullmatch(value):
            yield f"{path}: {value!r} is no text like {pattern}"

    return check


def one_of(*words: str) -> Check:
    """One of these strings."""
    return text("|".join(map(re.escape, words)))


def boolean(value: Any, path: str) -> Iterator[str]:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        yield f"{path}: {value!r} is no boolean"


def integer(least: int = 0, most: int = 2**63 - 1) -> Check:
    """A number written as an integer, in that range."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, Number) or not re.fullmatch(r"-?(0|[1-9]\d*)", value):
            yield f"{path}: {value!r} is no integer"
        elif not least <= int(value) <= most:
            yield f"{path}: {value} is not in {least}..{most}"

    return check


def decimal(places: int | None = None, *, signed: bool = False, positive: bool = False) -> Check:
    """A number, written without an exponent, with exactly so many decimals (None: with any)."""
    decimals = r"(\.\d+)?" if places is None else rf"\.\d{{{places}}}" if places else ""
    pattern = re.compile(("-?" if signed else "") + r"(0|[1-9]\d*)" + decimals)

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, Number) or not pattern.fullmatch(value):
            yield f"{path}: {value!r} is no number with {places} decimals"
        elif positive and not float(value) > 0:
            yield f"{path}: {value} is not positive"

    return check


def decimal_text(*, positive: bool = False) -> Check:
    """A string that holds a decimal, as REST writes quantities and money."""

    def check(value: Any, path: str) -> Iterator[str]:
        if type(value) is not str or not re.fullmatch(r"(0|[1-9]\d*)(\.\d+)?", value):
            yield f"{path}: {value!r} is no decimal in a string"
        elif positive and not float(value) > 0:
            yield f"{path}: {value} is not positive"

    return check


def exactly(expected: Any) -> Check:
    """Just this value."""

    def check(value: Any, path: str) -> Iterator[str]:
        if value != expected:
            yield f"{path}: {value!r} is not {expected!r}"

    return check


def array(item: Check, *, least: int = 0, most: int | None = None) -> Check:
    """An array of such items, in that number."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no array"
            return
        if not least <= len(value) <= (len(value) if most is None else most):
            yield f"{path}: {len(value)} items"
        for index, each in enumerate(value):
            yield from item(each, f"{path}[{index}]")

    return check


def row(*cells: Check) -> Check:
    """An array of just these cells."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) != len(cells):
            yield f"{path}: {value!r} is no array of {len(cells)}"
            return
        for index, (cell, each) in enumerate(zip(cells, value, strict=True)):
            yield from cell(each, f"{path}[{index}]")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with all the required keys, perhaps some of the optional ones, and no others."""
    known = {**required, **(optional or {})}

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
            return
        for key in required.keys() - value.keys():
            yield f"{path}: {key} is missing"
        for key, each in value.items():
            if key in known:
                yield from known[key](each, f"{path}.{key}")
            else:
                yield f"{path}: {key} is unknown"

    return check
