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
        self.books: Any = None
        """Of which books the rows are the levels; None where they came as cells."""
        self.levels: list[Any] = []
        self.middle: int | None = None
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
        if "levels" in content:
            self._take_levels(content, *buffers)

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

    def _take_levels(self, content: Mapping[str, Any], places: bytes, digits: bytes) -> None:
        levels = content["levels"]
        if "anew" in levels:
            self.levels = [None] * content["rows"]
        for row in reversed(levels.get("removed", ())):
            del self.levels[row]
        for row in levels.get("added", ()):
            self.levels.insert(row, None)
        self.books = levels.get("books", self.books)
        self.rows, self.middle = content["rows"], content["middle"]
        rows, texts = np.frombuffer(places, "<u4").tolist(), digits.decode().split(",") if digits else []
        if width := levels["width"]:
            texts = [part for text in texts for part in (text[:width], text[width:])]
        for row, price, qty in zip(rows, texts[::2], texts[1::2], strict=True):
            self.levels[row] = int(price), int(qty)
        assert len(self.levels) == self.rows == sum(book["asks"] + book["bids"] for book in self.books)

    def _levels_column(self, name: str) -> list[Any]:
        column: list[Any] = []
        first = 0
        for book in self.books:
            half, end = first + book["asks"], first + book["asks"] + book["bids"]
            price, qty = f"E-{book['price']}", f"E-{book['qty']}"
            for side, rows in (("ask", range(half - 1, first - 1, -1)), ("bid", range(half, end))):
                cells, total = [], 0
                for level, row in enumerate(rows):
                    assert self.levels[row] is not None, "a row that came without its digits"
                    units, size = self.levels[row]
                    total += size
                    told = (book["symbol"], side, level, Decimal(f"{units}{price}"), Decimal(f"{size}{qty}"))
                    cells.append((*told, Decimal(f"{total}{qty}")))
                at = ("symbol", "side", "level", "price", "qty", "cum_qty").index(name)
                column += [cell[at] for cell in (reversed(cells) if side == "ask" else cells)]
            first = end
        return column

    def column(self, name: str) -> list[Any]:
        """What stands in a column, exactly: `Decimal`, int, bool, text, or None where something is missing."""
        if self.books is not None:
            return self._levels_column(name)
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
