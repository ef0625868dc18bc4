"""JSON as the exchange wants it: numbers as numbers, with exactly the digits they were given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

from ..errors import BadArgument
from .numbers import plain

__all__ = ["write"]


@runtime_checkable
class Given(Protocol):
    """Something that is written as an object of what it was given."""

    def given(self) -> Mapping[str, object]:
        """Names and values, without those left out."""
        ...


def write(value: object) -> str:
    """The value as compact JSON. There is no way in for a float: its digits would not be the ones meant.

    Raises:
        BadArgument: a float, a number that is not finite, or something that has no JSON.

    >>> write({"limit_price": Decimal("26500.40"), "post_only": True})
    '{"limit_price":26500.40,"post_only":true}'
    """
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, str | bool | int) or value is None:
        return json.dumps(value)
    if isinstance(value, Given):
        return write(value.given())
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{write(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(write, value)) + "]"
    raise BadArgument("parameter", value, "text, int, bool or Decimal (never a float: its digits are not exact)")
