"""What every message of the exchange has in common: the frame it came in, and whatever that holds beyond its type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec

from .strict import parse, values

__all__ = ["RAW_NAME", "Channel", "Checksum", "Count", "Digits", "Frame", "Kind", "Precision", "Row"]

Kind: TypeAlias = Literal["snapshot", "update"]
"""What a channel message says it is; anything else is a message of a kind not known yet."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A whole number that fits a signed 64-bit column."""

Checksum: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
"""An unsigned CRC32."""

Precision: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=30)]
"""A number of decimals."""

if TYPE_CHECKING:
    Digits: TypeAlias = str
    """A number as the text it was written with, an exponent written out: exact, and hardly dearer than a float."""
    Raw: TypeAlias = bytes
else:  # at run time the decoder must leave these alone: its hook for floats hands us their text
    Digits = Any
    Raw = Any

RAW_NAME = "(raw)"
"""The wire name of `Frame.raw`. Should the exchange ever send such a key, the decoder overwrites it."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One element of a message's ``data``. It never changes, and holds nothing that could hold it."""


class Frame(msgspec.Struct, gc=False, kw_only=True):
    """A decoded message. Written once, by the decoder; nothing changes it afterwards."""

    raw: Raw = msgspec.field(default=b"", name=RAW_NAME)
    """The frame as it came, to be kept, quarantined or read again."""

    @property
    def extra(self) -> dict[str, object]:
        """Top-level fields that the type does not know, read from the frame when asked for.

        Raises:
            Malformed: a number or a nesting in there is out of bounds.
        """
        return _unknown(type(self), parse(self.raw)) if self.raw else {}

    @property
    def extras(self) -> list[dict[str, object]]:
        """The same for each element of ``data``, in order; of an instrument message assets, then pairs."""
        written = parse(self.raw) if self.raw else None
        data = written.get("data") if isinstance(written, dict) else None
        return [_unknown(type(row), fields) for row, fields in _pairs(getattr(self, "data", None), data)]

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "raw")
        return f"{type(self).__name__}({', '.join(shown)})"


class Channel(Frame, gc=False, kw_only=True):
    """A message of a channel, recognised by its ``channel`` key."""

    channel: ClassVar[str]


def _pairs(decoded: object, written: object) -> Iterator[tuple[msgspec.Struct, object]]:
    """Every decoded element of ``data`` beside its fields in the frame."""
    if isinstance(decoded, list) and isinstance(written, list):
        yield from zip(decoded, written, strict=True)
    elif isinstance(decoded, msgspec.Struct) and isinstance(written, dict):
        for name in decoded.__struct_fields__:
            yield from _pairs(getattr(decoded, name), written[name])


def _unknown(struct: type[msgspec.Struct], fields: object) -> dict[str, object]:
    from .shape import shape_of  # it reads the types declared here

    known = shape_of(struct).keys
    return {key: values(value) for key, value in fields.items() if key not in known} if isinstance(fields, dict) else {}
