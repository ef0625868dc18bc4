"""What a message type says about its JSON: its keys, which of them are numbers, and how many quotation marks it has.

The count is a proof that costs a tenth of the decoding. A typed decoder skips unknown fields unseen and takes a number
printed as text for a number. Either would put more quotation marks into the frame than the decoded message
accounts for, so a frame that has exactly as many holds nothing but what the type declares, and numbers are numbers.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from ..errors import Malformed
from .frame import RAW_NAME, Channel
from .strict import Token

__all__ = ["Shape", "shape_of"]


@dataclass(frozen=True, slots=True)
class Child:
    """A field that holds another struct, or a list of them."""

    attribute: str
    key: str
    many: bool
    optional: bool
    shape: Shape


@dataclass(frozen=True, slots=True)
class Shape:
    """The JSON of one struct type."""

    keys: frozenset[str]
    """The keys it reads, the channel's included."""
    numbers: tuple[str, ...]
    """Keys whose value is a number and never a text."""
    quotes: int
    """Quotation marks that are always there."""
    optional: tuple[tuple[str, int], ...]
    """Attributes that may be missing, each with the quotation marks it brings."""
    free: tuple[str, ...]
    """Attributes of open content, whose quotation marks nobody can foretell."""
    children: tuple[Child, ...]

    def count(self, value: msgspec.Struct) -> int:
        """The quotation marks in the JSON of ``value``; -1 if that cannot be told."""
        total = self.quotes
        for name, marks in self.optional:
            if getattr(value, name) is not None:
                total += marks
        for name in self.free:
            if getattr(value, name):
                return -1
        for child in self.children:
            inner = getattr(value, child.attribute)
            if child.optional:
                total += 2 if inner else 0
            for struct in inner if child.many else (inner,) if inner is not None else ():
                marks = child.shape.count(struct)
                if marks < 0:
                    return -1
                total += marks
        return total

    def refuse_text_for_numbers(self, fields: Mapping[str, object], path: str = "$") -> None:
        """Raise `Malformed` where a number is printed as text. Other wrong types the typed decoder finds itself."""
        for key in self.numbers:
            value = fields.get(key)
            if isinstance(value, str) and not isinstance(value, Token):
                raise Malformed(f"expected a number, got text - at `{path}.{key}`", value)
        for child, inner, place in self._written(fields, path):
            child.shape.refuse_text_for_numbers(inner, place)

    def unknown_keys(self, fields: Mapping[str, object], path: str = "") -> Iterator[str]:
        """The path of every key that is not read, such as ``data.volume_usd``."""
        yield from (f"{path}{key}" for key in fields if key not in self.keys)
        for child, inner, _ in self._written(fields, path):
            yield from child.shape.unknown_keys(inner, f"{path}{child.key}.")

    def _written(self, fields: Mapping[str, object], path: str) -> Iterator[tuple[Child, Mapping[str, object], str]]:
        """The objects in ``fields`` that belong to children, each with its place."""
        for child in self.children:
            value = fields.get(child.key)
            rows = value if isinstance(value, list) else [value]
            for at, row in enumerate(rows):
                if isinstance(row, dict):
                    yield child, row, f"{path}.{child.key}[{at}]" if child.many else f"{path}.{child.key}"


@cache
def shape_of(struct: type[msgspec.Struct]) -> Shape:
    """The shape of a struct type, read from its fields once."""
    tag = struct.__struct_config__.tag_field
    keys = {"channel"} if issubclass(struct, Channel) else set()
    numbers, quotes = [], 4 if tag else 0
    optional, free, children = [], [], []
    for field in msgspec.structs.fields(struct):
        if field.encode_name == RAW_NAME:
            continue
        keys.add(field.encode_name)
        kinds = list(_kinds(field.type))
        if Decimal in kinds:
            numbers.append(field.encode_name)
        structs = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
        inner = structs[0] if structs and Any not in kinds else None
        marks = 4 if str in kinds else 2
        if inner is not None:
            many = list in kinds
            children.append(Child(field.name, field.encode_name, many, not field.required, shape_of(inner)))
            quotes += 2 if field.required else 0
        elif kinds[0] is list or Any in kinds:
            free.append(field.name)
        elif field.required:
            quotes += marks
        else:
            optional.append((field.name, marks))
    return Shape(frozenset(keys), tuple(numbers), quotes, tuple(optional), tuple(free), tuple(children))


def _kinds(annotation: object) -> Iterator[object]:
    """The types an annotation is made of: of ``list[Fee] | None`` list and Fee; text for a literal."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin is Literal:
        yield str
    elif origin in (list, tuple):
        yield list
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _kinds(part)
    else:
        yield annotation
