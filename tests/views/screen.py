"""A browser in small: what the script of a live table does with its frames, written plainly after it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

__all__ = ["Screen"]

PARTS: dict[str, tuple[str, ...]] = {
    "decimal": ("<i8", "<i1"),
    "time": ("<i8",),
    "int": ("<i8",),
    "uint": ("<u8",),
    "bool": ("<i1",),
    "category": ("<i2",),
    "text": ("json",),
}


class Screen:
    """Takes frames in; ``asked`` counts how often it missed one and asked for the whole."""

    def __init__(self, columns: Sequence[Mapping[str, str]]) -> None:
        self.columns = list(columns)
        self.cells: list[list[tuple[Any, ...]]] = [[] for _ in columns]
        self.spill: list[dict[int, str]] = [{} for _ in columns]
        self.words: list[str] = []
        self.rows = self.seq = self.asked = 0
        self.facts: dict[str, Any] = {}

    def take(self, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """One message, as the widget sent it."""
        content = json.loads(json.dumps(content))  # as the wire has it
        assert content["kind"] in ("frame", "who")
        if content["kind"] == "who":
            return
        if content["base"] not in (0, self.seq):
            self.asked += 1
            return
        self.seq = content["seq"]
        if "words" in content:
            self.words[content["words_from"] :] = content["words"]
        self.facts = content.get("facts", self.facts)
        if "columns" in content:
            self._apply(content, list(buffers))

    def _apply(self, content: Mapping[str, Any], buffers: list[bytes]) -> None:
        rows, dropped, kept = content["rows"], content["dropped"], content["kept"]
        for at, cells in enumerate(self.cells):
            self.cells[at] = [*cells[dropped : dropped + kept], *[()] * (rows - kept)]
            self.spill[at] = {row - dropped: text for row, text in self.spill[at].items() if row >= dropped}
        self.rows = rows
        for column in content["columns"]:
            at = column["at"]
            places = [*np.frombuffer(buffers.pop(0), "<u4").tolist(), *range(kept, rows)]
            assert len(places) == column["changed"] + rows - kept
            parts = []
            for dtype in PARTS[self.columns[at]["kind"]]:
                raw = buffers.pop(0)
                parts.append(json.loads(raw) if dtype == "json" else np.frombuffer(raw, dtype).tolist())
            for place, *values in zip(places, *parts, strict=True):
                self.cells[at][place] = tuple(values)
            self.spill[at].update({int(row): text for row, text in column.get("spill", {}).items()})
        assert not buffers

    def column(self, name: str) -> list[Any]:
        """What stands in a column, exactly: `Decimal`, int, bool, text, or None where something is missing."""
        at = next(at for at, column in enumerate(self.columns) if column["name"] == name)
        kind = self.columns[at]["kind"]
        return [self._value(kind, at, row, cells) for row, cells in enumerate(self.cells[at])]

    def _value(self, kind: str, at: int, row: int, cells: tuple[Any, ...]) -> Any:
        value = cells[0]
        match kind:
            case "decimal" if cells[1] == 127:
                return Decimal(self.spill[at][row])
            case "decimal":
                return None if cells[1] == -128 else Decimal(f"{value}E{-cells[1]}")
            case "bool":
                return None if value < 0 else bool(value)
            case "category":
                return None if value < 0 else self.words[value]
            case "uint":
                return None if value == 2**64 - 1 else value
            case "time" | "int":
                return None if value == -(2**63) else value
        return value
