"""A browser in small: what the script of a live figure makes of its frames, written plainly after it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["FigureScreen"]

DTYPES = {"f8": "<f8", "f4": "<f4", "i4": "<i4", "u1": "|u1"}


class FigureScreen:
    """Takes frames in; ``asked`` counts how often it missed one and asked for the whole."""

    def __init__(self) -> None:
        self.traces: list[tuple[dict[str, Any], dict[tuple[str, ...], Any]]] = []
        self.layout: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.seq = self.asked = 0
        self.paused = False

    def take(self, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """One message, as the widget sent it."""
        content = json.loads(json.dumps(content, allow_nan=False))  # as the wire has it
        if content["kind"] == "paused":
            self.paused = content["on"]
        if content["kind"] != "frame":
            return
        if content["base"] not in (0, self.seq):
            self.asked += 1
            return
        self.seq = content["seq"]
        self.facts = content.get("facts", self.facts)
        if "traces" in content:
            self._apply(content, list(buffers))

    def _apply(self, content: Mapping[str, Any], buffers: list[bytes]) -> None:
        traces = []
        for told in content["traces"]:
            plain, arrays = self.traces[told["from"]] if told["from"] >= 0 else ({}, {})
            arrays = {place: array for place, array in arrays.items() if list(place) not in told.get("lost", [])}
            for piece in told.get("arrays", []):
                place = tuple(piece["at"])
                arrays[place] = _joined(arrays.get(place), piece, buffers)
            traces.append((told.get("plain", plain), arrays))
        assert buffers == []
        layout = {} if content["base"] == 0 else {k: v for k, v in self.layout.items() if k not in content["gone"]}
        self.traces, self.layout = traces, {**layout, **content["layout"]}

    def figure(self) -> dict[str, Any]:
        """What is painted, with every array as a list in which nothing is None."""
        data = []
        for plain, arrays in self.traces:
            trace = json.loads(json.dumps(plain))
            for place, array in arrays.items():
                within = trace
                for name in place[:-1]:
                    within = within.setdefault(name, {})
                within[place[-1]] = plain_list(array)
            data.append(trace)
        return {"data": data, "layout": self.layout}


def plain_list(value: Any) -> Any:
    """Arrays as lists, NaN as None."""
    if isinstance(value, np.ndarray):
        return plain_list(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain_list(part) for part in value]
    if isinstance(value, dict):
        return {name: plain_list(part) for name, part in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value


def _joined(old: Any, piece: Mapping[str, Any], buffers: list[bytes]) -> Any:
    kind, rows, length, kept, slid = (piece[name] for name in ("kind", "rows", "length", "kept", "slid"))
    places = np.frombuffer(buffers.pop(0), "<u4").tolist() if piece["changed"] else []
    raw = buffers.pop(0)
    if kind == "json":
        values = json.loads(raw)
        all_of = [*(old[slid : slid + kept] if kept else []), *values[len(places) :]]
        for place, value in zip(places, values, strict=False):
            all_of[place] = value
        return all_of
    flat = np.frombuffer(raw, DTYPES[kind])
    stays = np.zeros((rows, kept), DTYPES[kind])
    if kept:
        stays[:] = np.atleast_2d(old)[:, slid : slid + kept]
    stays.reshape(-1)[places] = flat[: len(places)]
    whole = np.concatenate([stays, flat[len(places) :].reshape(rows, length - kept)], axis=1)
    return whole if piece.get("matrix") else whole[0]
