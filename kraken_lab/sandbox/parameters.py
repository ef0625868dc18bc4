"""The parameters of a request, read as strictly as the exchange reads them, and the refusals that follow.

Nothing unknown passes, nothing of another JSON type, no word outside its list. Which fields a request may have is said
by tables of `Field`; what follows from their values is the business of whoever reads them.

Source: General pages, Kraken WebSocket API v2 reference. Error texts as observed on the live service; those for missing
or wrong parameters that nobody has published are formed alike (``Depth field must be a number_integer``).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, TypeAlias

__all__ = ["BadRequest", "Field", "Fields", "Kind", "Refusing", "checked", "is_integer"]

Kind: TypeAlias = Literal["text", "number", "integer", "boolean", "object", "array"]

_WORDS: Final[Mapping[Kind, str]] = {
    "text": "a string",
    "number": "a number_float",
    "integer": "a number_integer",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
}


class Field(NamedTuple):
    """What one parameter must be: its JSON type and, for texts, the only words it may be."""

    kind: Kind
    words: tuple[str, ...] = ()


Fields: TypeAlias = Mapping[str, Field]


class BadRequest(Exception):
    """A request that is refused as a whole. ``symbols`` are those it named, each of which gets its own refusal."""

    def __init__(
        self, error: str, method: str = "error", req_id: int | None = None, symbols: tuple[str, ...] = ()
    ) -> None:
        super().__init__(error)
        self.error, self.method, self.req_id, self.symbols = error, method, req_id, symbols


class Refusing:
    """Makes the `BadRequest`s of one request.

    >>> Refusing("add_order", 7).wrong_type("order_qty", "number").error
    'Order_qty field must be a number_float'
    """

    def __init__(self, method: str, req_id: int | None) -> None:
        self.method, self.req_id = method, req_id
        self.symbols: tuple[str, ...] = ()

    def __call__(self, error: str) -> BadRequest:
        """In these words."""
        return BadRequest(error, self.method, self.req_id, self.symbols)

    def unsupported(self, field: str) -> BadRequest:
        """The request has no such field."""
        return self(f"Unsupported field: '{field}' for the given msg type: {self.method}")

    def wrong_type(self, field: str, kind: Kind) -> BadRequest:
        """The field's value is of another JSON type."""
        return self(f"{field.capitalize()} field must be {_WORDS[kind]}")

    def argument(self, detail: str) -> BadRequest:
        """The named argument is missing, or its value is impossible."""
        return self(f"EGeneral:Invalid arguments:{detail}")


def checked(params: Mapping[str, Any], fields: Fields, refuse: Refusing) -> dict[str, Any]:
    """The parameters, held against their table; numbers become decimals, whole ones too.

    Raises:
        BadRequest: one is unknown (looked for first), of the wrong type, or not among its words.
    """
    for name in params:
        if name not in fields:
            raise refuse.unsupported(name)
    for name, value in params.items():
        kind, words = fields[name]
        if not _is_of(kind, value):
            raise refuse.wrong_type(name, kind)
        if words and value not in words:
            raise refuse.argument(name)
    return {name: Decimal(value) if fields[name].kind == "number" else value for name, value in params.items()}


def _is_of(kind: Kind, value: object) -> bool:
    if kind == "integer":
        return is_integer(value)
    if kind == "number":
        return is_integer(value) or isinstance(value, Decimal)
    if kind == "boolean":
        return isinstance(value, bool)
    return isinstance(value, {"text": str, "object": dict, "array": list}[kind])


def is_integer(value: object) -> bool:
    """Whether it is an integer that fits 64 bits, signed or unsigned, as a JSON parser in C++ sees one."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64
