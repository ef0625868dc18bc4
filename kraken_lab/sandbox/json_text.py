"""JSON as this exchange reads and writes it.

Reading keeps the digits of numbers and refuses what JSON does not allow. Writing is by hand: numbers arrive here as the
text they must have on the wire (``61234.50``), which no JSON library would leave alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["NotJson", "array", "boolean", "members", "read", "text"]


class NotJson(ValueError):
    """What was received is not JSON."""


def read(data: str | bytes) -> Any:
    """The value of a JSON text: objects as dicts (of a key that comes twice the last counts), decimals exactly.

    >>> read('{"a": 1.10, "a": 2.50}')
    {'a': Decimal('2.50')}

    Raises:
        NotJson: it is not JSON: bad syntax, bad UTF-8, ``NaN``, a number or nesting beyond reason.
    """
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, InvalidOperation, RecursionError) as error:
        raise NotJson(str(error)) from None


def _refuse(name: str) -> None:
    raise NotJson(f"{name} is not JSON")


def text(value: str) -> str:
    r"""A JSON string.

    >>> print(text('say "hi"'))
    "say \"hi\""
    """
    return json.dumps(value)


def boolean(value: bool) -> str:
    """``true`` or ``false``."""
    return "true" if value else "false"


def array(items: Iterable[str]) -> str:
    """An array of items that are JSON text already.

    >>> array(["1", '"a"'])
    '[1,"a"]'
    """
    return f"[{','.join(items)}]"


def members(**values: str) -> str:
    """An object in the order given, from values that are JSON text already.

    >>> members(price="61234.50", side=text("buy"))
    '{"price":61234.50,"side":"buy"}'
    """
    return "{" + ",".join(f'"{name}":{value}' for name, value in values.items()) + "}"
