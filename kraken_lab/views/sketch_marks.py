"""What the traces of a figure look like in a sketch: paths, marks, boxes and small images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sketch_raster import colour_of, palette_of, png
from .sketch_scale import Floats, Scale, numbers

__all__ = ["drawn", "extents", "fill", "stroke"]

Trace = Mapping[str, Any]

_MARKS = {
    "triangle-up": "M{x:.1f} {top:.1f}l{s:.1f} {w:.1f}h-{w:.1f}z",
    "triangle-down": "M{x:.1f} {bottom:.1f}l{s:.1f}-{w:.1f}h-{w:.1f}z",
}
_SQUARE = "M{left:.1f} {top:.1f}h{w:.1f}v{w:.1f}h-{w:.1f}z"


def extents(trace: Trace) -> tuple[list[Floats], list[Floats]]:
    """Everything an axis has to hold to show a trace: along x, and along y."""
    kind, x = trace.get("type", "scatter"), numbers(trace.get("x"))
    if kind == "candlestick":
        half = _spacing(x) * 0.5
        return [x - half, x + half], [numbers(trace["low"]), numbers(trace["high"])]
    if kind == "bar":
        half = float(trace.get("width") or _spacing(x) * 0.8) / 2
        return [x - half, x + half], [numbers(trace.get("y")), np.zeros(1)]
    y = [numbers(trace.get("y"))]
    return [x], [*y, np.zeros(1)] if trace.get("fill") == "tozeroy" else y


def drawn(trace: Trace, x: Scale, y: Scale, points: int) -> str:
    """A trace as SVG, of at most about so many points."""
    match trace.get("type", "scatter"):
        case "candlestick":
            return _candles(trace, x, y)
        case "bar":
            return _bars(trace, x, y)
        case "heatmap":
            return _cells(trace, x, y, points)
        case _:
            mode = str(trace.get("mode") or "lines+markers")
            parts = [_line(trace, x, y, points)] if "lines" in mode else []
            return "".join([*parts, _marks(trace, x, y, points)] if "markers" in mode else parts)


def fill(colour: str) -> str:
    """The attributes that fill a shape."""
    solid, opacity = colour_of(colour)
    return f'fill="{solid}"' + (f' fill-opacity="{opacity:g}"' if opacity < 1 else "")


def stroke(line: Mapping[str, Any], opacity: float = 1.0, *, filled: str = 'fill="none"') -> str:
    """The attributes of a line, which is not ``filled`` unless with these."""
    solid, own = colour_of(str(line.get("color") or "#93a0b4"))
    dash = {"dot": "2 3", "dash": "6 4"}.get(str(line.get("dash")), "")
    return (
        f'{filled} stroke="{solid}" stroke-width="{float(line.get("width", 1) or 0):g}"'
        + (f' stroke-opacity="{own * opacity:g}"' if own * opacity < 1 else "")
        + (f' stroke-dasharray="{dash}"' if dash else "")
    )


# --- lines and marks ------------------------------------------------------------------------------------------------


def _line(trace: Trace, x: Scale, y: Scale, points: int) -> str:
    across, up = x.at(numbers(trace.get("x"))), y.at(numbers(trace.get("y")))
    length = min(len(across), len(up))
    known = np.isfinite(across[:length]) & np.isfinite(up[:length])
    stretches = np.split(np.arange(length), np.flatnonzero(~known))
    pieces = [run for stretch in stretches if len(run := stretch[known[stretch]])]
    steps = trace.get("line", {}).get("shape") == "hv"
    paths, areas = [], []
    for run in pieces:
        px, py = _fewer(across[run], up[run], max(4, points * len(run) // max(1, length)))
        path = _path(px, py, steps=steps)
        paths.append(path)
        if trace.get("fill") == "tozeroy":
            zero = float(np.clip(y.at(0.0), min(y.start, y.end), max(y.start, y.end)))
            areas.append(f"{path}V{zero:.1f}H{px[0]:.1f}z")
    area = f'<path d="{"".join(areas)}" {fill(str(trace.get("fillcolor") or "#93a0b422"))}/>' if areas else ""
    return area + (
        f'<path d="{"".join(paths)}" {stroke(trace.get("line", {}), float(trace.get("opacity", 1)))}/>' if paths else ""
    )


def _fewer(x: Floats, y: Floats, most: int) -> tuple[Floats, Floats]:
    """The same line to look at: of many points on one place across the first, lowest, highest and last."""
    if len(x) <= most:
        return x, y
    parts = np.array_split(np.arange(len(x)), max(1, most // 4))
    kept = [{part[0], part[np.argmin(y[part])], part[np.argmax(y[part])], part[-1]} for part in parts if len(part)]
    chosen = np.array(sorted(set().union(*kept)))
    return x[chosen], y[chosen]


def _path(x: Floats, y: Floats, *, steps: bool) -> str:
    if steps:
        return f"M{x[0]:.1f} {y[0]:.1f}" + "".join(f"H{a:.1f}V{b:.1f}" for a, b in zip(x[1:], y[1:], strict=True))
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def _marks(trace: Trace, x: Scale, y: Scale, points: int) -> str:
    marker = trace.get("marker", {})
    across, up = x.at(numbers(trace.get("x"))), y.at(numbers(trace.get("y")))
    sizes = marker.get("size", 6)
    size = np.full(len(across), float(sizes)) if isinstance(sizes, (int, float)) else numbers(sizes)
    known = np.flatnonzero(np.isfinite(across) & np.isfinite(up))
    if len(known) > points // 2:
        known = np.sort(known[np.argsort(size[known], kind="stable")[-(points // 2) :]])
    symbols = marker.get("symbol")
    form = _MARKS.get(symbols if isinstance(symbols, str) else "", _SQUARE)
    path = "".join(
        form.format(
            x=across[at],
            left=across[at] - half,
            top=up[at] - half,
            bottom=up[at] + half,
            s=half,
            w=2 * half,
        )
        for at in known.tolist()
        for half in (size[at] / 2,)
    )
    colour = marker.get("color")
    paint = fill(colour if isinstance(colour, str) else "#93a0b4")
    return f'<path d="{path}" {paint} opacity="{float(marker.get("opacity", 1)):g}"/>' if path else ""


# --- boxes ----------------------------------------------------------------------------------------------------------


def _spacing(x: Floats) -> float:
    steps = np.diff(np.unique(x[np.isfinite(x)]))
    return float(steps.min()) if len(steps) else 60_000.0


def _candles(trace: Trace, x: Scale, y: Scale) -> str:
    at = numbers(trace["x"])
    half = max(0.6, abs(float(x.at(_spacing(at))) - float(x.at(0.0))) * 0.35)
    if len(at) < 2:
        half = min(half, 4.0)
    opened, closed, low, high = (y.at(numbers(trace[name])) for name in ("open", "close", "low", "high"))
    across, rose = x.at(at), closed <= opened
    parts = []
    for name, chosen in (("increasing", rose), ("decreasing", ~rose)):
        path = []
        for n in np.flatnonzero(chosen & np.isfinite(across)).tolist():
            top, bottom = min(opened[n], closed[n]), max(opened[n], closed[n])
            path.append(
                f"M{across[n]:.1f} {high[n]:.1f}V{top:.1f}M{across[n]:.1f} {bottom:.1f}V{low[n]:.1f}"
                f"M{across[n] - half:.1f} {top:.1f}h{2 * half:.1f}v{bottom - top:.1f}h-{2 * half:.1f}z"
            )
        if path:
            look = trace[name]
            line = stroke({"width": 1, **look.get("line", {})}, filled=fill(look["fillcolor"]))
            parts.append(f'<path d="{"".join(path)}" {line}/>')
    return "".join(parts)


def _bars(trace: Trace, x: Scale, y: Scale) -> str:
    at, tall = numbers(trace["x"]), numbers(trace["y"])
    half = float(trace.get("width") or _spacing(at) * 0.8) / 2
    left, right, top, zero = x.at(at - half), x.at(at + half), y.at(tall), float(y.at(0.0))
    by_colour: dict[str, list[str]] = defaultdict(list)
    for n, colour in enumerate(_bar_colours(trace.get("marker", {}), len(at))):
        if np.isfinite(left[n]) and np.isfinite(top[n]):
            by_colour[colour].append(f"M{left[n]:.1f} {zero:.1f}V{top[n]:.1f}H{right[n]:.1f}V{zero:.1f}z")
    opacity = float(trace.get("marker", {}).get("opacity", 1))
    return "".join(
        f'<path d="{"".join(path)}" {fill(colour)} opacity="{opacity:g}"/>' for colour, path in by_colour.items()
    )


def _bar_colours(marker: Mapping[str, Any], count: int) -> Sequence[str]:
    colours = marker.get("color", "#93a0b4")
    if isinstance(colours, str):
        return [colours] * count
    if isinstance(colours, (list, tuple)) and colours and isinstance(colours[0], str):
        return colours
    return ["#93a0b4"] * count


# --- cells ----------------------------------------------------------------------------------------------------------


def _cells(trace: Trace, x: Scale, y: Scale, points: int) -> str:
    """A heatmap of which only what falls on a pixel is looked at; ``x`` and ``y`` are the edges of its cells."""
    z, across, up = numbers(trace.get("z")), numbers(trace.get("x")), numbers(trace.get("y"))
    if z.ndim != 2 or not z.size or len(across) != z.shape[1] + 1 or len(up) != z.shape[0] + 1:
        return ""
    left, right = max(across[0], x.low), min(across[-1], x.high)
    low, high = max(up[0], y.low), min(up[-1], y.high)
    if not (left < right and low < high):
        return ""
    wide = max(1, min(int(abs(x.at(right) - x.at(left))), points // 2))
    tall = max(1, min(int(abs(y.at(high) - y.at(low))), points // 3, 4 * z.shape[0]))
    columns = _places(across, left, right, wide, z.shape[1])
    rows = _places(up, low, high, tall, z.shape[0])[::-1]
    palette = palette_of(trace["colorscale"])
    image = png(z[np.ix_(rows, columns)], float(trace.get("zmin") or 0), float(trace.get("zmax") or 1), palette)
    return (
        f'<image x="{x.at(left):.1f}" y="{y.at(high):.1f}" width="{x.at(right) - x.at(left):.1f}" '
        f'height="{y.at(low) - y.at(high):.1f}" preserveAspectRatio="none" image-rendering="pixelated" href="{image}"/>'
    )


def _places(edges: Floats, low: float, high: float, pixels: int, count: int) -> NDArray[np.intp]:
    middles = low + (np.arange(pixels) + 0.5) / pixels * (high - low)
    return np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, count - 1)
