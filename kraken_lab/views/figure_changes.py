"""A figure as a browser is sent it: its long arrays as raw numbers, and only what changed since the last one.

A figure is drawn anew from the newest photograph each time, so most of it is as it was. It is taken apart into what is
short (words, colours, axes) and what is long: the arrays of its traces. A trace is known again by its kind and name. Of
an array that slid, as in a window of time, only the new end travels, and the places in what stayed that differ. How far
it slid is guessed from the trace's ``x`` and may be wrong: that costs bytes, not truth, as all of it is compared.

What an array is on the wire: ``f8``, ``f4``, ``i4`` or ``u1``, little-endian, a missing number as NaN; a matrix column
by column behind its kept columns, row after row; anything else as JSON.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .live_view import Frame

__all__ = ["Parts", "frame_between", "parts_of"]

SHORT = 8
"""Arrays of fewer elements are not worth a buffer of their own: ranges, ticks, the colours of a scale."""
MOVED_TOO_MUCH = 0.5
"""Of what was kept of an array; where more differs, the whole is shorter."""

_ON_THE_WIRE = {"f8": "<f8", "f4": "<f4", "i4": "<i4", "u1": "|u1"}
_NARROWED = {"i1": "i4", "i2": "i4", "u2": "i4", "u4": "f8", "i8": "f8", "u8": "f8", "b1": "u1"}

Place = tuple[str, ...]
Long = NDArray[Any] | list[Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace: what is short as a tree without its arrays, and the arrays by their place in it."""

    key: tuple[object, ...]
    plain: Mapping[str, Any]
    arrays: Mapping[Place, Long]


@dataclass(frozen=True, slots=True)
class Parts:
    """A figure taken apart."""

    traces: tuple[Trace, ...]
    layout: Mapping[str, Any]


def parts_of(figure: Mapping[str, Any]) -> Parts:
    """Take a figure apart: as ``go.Figure.to_dict`` gives it, or with numpy's arrays in it.

    >>> parts = parts_of({"data": [{"type": "scatter", "name": "mid", "y": [1.0, None] * 5}], "layout": {}})
    >>> parts.traces[0].plain, parts.traces[0].arrays["y",].dtype
    ({'type': 'scatter', 'name': 'mid'}, dtype('float64'))
    """
    traces: list[Trace] = []
    for data in figure["data"]:
        arrays: dict[Place, Long] = {}
        plain = _without_arrays(data, (), arrays)
        name = (data.get("type"), data.get("name"), data.get("yaxis"))
        traces.append(Trace((*name, sum(trace.key[:3] == name for trace in traces)), plain, arrays))
    return Parts(tuple(traces), dict(figure["layout"]))


def _without_arrays(tree: Mapping[str, Any], place: Place, arrays: dict[Place, Long]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            if "bdata" in value:
                arrays[*place, name] = _decoded(value)
            else:
                plain[name] = _without_arrays(value, (*place, name), arrays)
        elif isinstance(value, (list, tuple)) and len(value) >= SHORT:
            arrays[*place, name] = _numbers(value)
        elif isinstance(value, np.ndarray):
            arrays[*place, name] = _wired(value)
        else:
            plain[name] = value
    return plain


def _decoded(spec: Mapping[str, Any]) -> NDArray[Any]:
    """plotly's own form of an array of numbers."""
    dtype = str(spec["dtype"])
    array = _wired(np.frombuffer(base64.b64decode(spec["bdata"]), dtype=np.dtype(dtype).newbyteorder("<")))
    shape = spec.get("shape")
    return array if shape is None else array.reshape([int(size) for size in str(shape).split(",")])


def _wired(array: NDArray[Any]) -> NDArray[Any]:
    """Numbers in one of the forms that travel."""
    kind = array.dtype.str[1:]
    return np.ascontiguousarray(array, dtype=_ON_THE_WIRE.get(kind) or _ON_THE_WIRE[_NARROWED.get(kind, "f8")])


def _numbers(values: Sequence[Any]) -> Long:
    """Numbers as floats, with what is missing as NaN; anything else as it is."""
    if all(type(value) in (float, int) or value is None for value in values):
        return np.array(values, dtype="<f8")
    return list(values)


# --- what changed ---------------------------------------------------------------------------------------------------


def frame_between(old: Parts | None, new: Parts) -> Frame | None:
    """What a browser that has the old figure needs to have the new one; all of it without an old one.

    None if nothing differs.
    """
    before = {} if old is None else {trace.key: (at, trace) for at, trace in enumerate(old.traces)}
    traces: list[dict[str, Any]] = []
    buffers: list[bytes] = []
    for trace in new.traces:
        at, known = before.get(trace.key, (-1, None))
        traces.append({"from": at, **_trace_between(known, trace, buffers)})
    layout = {} if old is None else old.layout
    changed = {name: value for name, value in new.layout.items() if name not in layout or layout[name] != value}
    gone = [name for name in layout if name not in new.layout]
    same = [{"from": at} for at in range(0 if old is None else len(old.traces))]
    if old is not None and traces == same and not changed and not gone:
        return None
    return Frame({"traces": traces, "layout": changed, "gone": gone}, buffers, whole=old is None)


def _trace_between(old: Trace | None, new: Trace, buffers: list[bytes]) -> dict[str, Any]:
    """What is new in a trace; nothing if nothing is."""
    told: dict[str, Any] = {}
    if old is None or old.plain != new.plain:
        told["plain"] = new.plain
    slid = 0 if old is None else _slid(old.arrays.get(("x",)), new.arrays.get(("x",)))
    pieces = []
    for place, array in new.arrays.items():
        known = None if old is None else old.arrays.get(place)
        if (piece := _piece(known, array, slid, buffers)) is not None:
            pieces.append({"at": place, **piece})
    if pieces:
        told["arrays"] = pieces
    if old is not None and (lost := [place for place in old.arrays if place not in new.arrays]):
        told["lost"] = lost
    return told


def _slid(old: Long | None, new: Long | None) -> int:
    """How many of the first elements are gone."""
    if not isinstance(old, np.ndarray) or not isinstance(new, np.ndarray) or old.ndim != 1 or not len(new):
        return 0
    found = np.flatnonzero(old == new[0])
    return int(found[0]) if len(found) else 0


def _piece(old: Long | None, new: Long, slid: int, buffers: list[bytes]) -> dict[str, Any] | None:
    """What a browser needs of one array: how much of the old stays, where that differs, and what comes behind."""
    kind, rows, length = _form(new)
    kept = 0
    changed: NDArray[Any] = np.empty(0, dtype="<u4")
    if old is not None and _form(old)[:2] == (kind, rows):
        kept = max(0, min(_form(old)[2] - slid, length))
        changed = _differing(old, new, slid, kept)
        if len(changed) == 0 and slid == 0 and kept == length == _form(old)[2]:
            return None
        if len(changed) > MOVED_TOO_MUCH * kept * rows:
            kept, changed = 0, changed[:0]
    if len(changed):
        buffers.append(changed.tobytes())
    buffers.append(_values(new, kept, changed))
    told = {"kind": kind, "rows": rows, "length": length, "kept": kept, "slid": slid, "changed": len(changed)}
    return told if isinstance(new, list) or new.ndim == 1 else {**told, "matrix": True}


def _form(array: Long) -> tuple[str, int, int]:
    """Kind, rows and length of a row; one row for what is no matrix."""
    if isinstance(array, list):
        return "json", 1, len(array)
    kind = array.dtype.str[1:]
    return (kind, 1, len(array)) if array.ndim == 1 else (kind, array.shape[0], array.shape[1])


def _differing(old: Long, new: Long, slid: int, kept: int) -> NDArray[Any]:
    """Where what was kept is another now, counted through the kept columns row after row."""
    if isinstance(old, list) or isinstance(new, list):
        pairs = zip(old[slid : slid + kept], new[:kept], strict=True)
        return np.array([at for at, (was, now) in enumerate(pairs) if was != now], dtype="<u4")
    was, now = old[..., slid : slid + kept], new[..., :kept]
    differ = was != now
    if was.dtype.kind == "f":
        differ &= ~(np.isnan(was) & np.isnan(now))
    return np.flatnonzero(differ).astype("<u4")


def _values(new: Long, kept: int, changed: NDArray[Any]) -> bytes:
    """The elements that changed, and then all behind what was kept."""
    if isinstance(new, list):
        return json.dumps([*(new[at] for at in changed.tolist()), *new[kept:]]).encode()
    stays: bytes = np.ascontiguousarray(new[..., :kept]).reshape(-1)[changed].tobytes()
    return stays + np.ascontiguousarray(new[..., kept:]).tobytes()
