"""A figure as a picture that stands still: SVG text, made without a browser.

For what runs no scripts: a saved notebook, a repository's view of it, what turns notebooks into HTML. It knows what our
figures are made of (lines, marks, candles, bars and heatmaps on one axis of time or price, bands, labels, a legend) and
leaves out what cannot stand still. Nothing in it can run or load anything; every text is shown letter by letter.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import theme
from .sketch_marks import drawn, extents, fill, stroke
from .sketch_raster import colour_of
from .sketch_scale import Scale, day_of, scale_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["MOST_BYTES", "WIDTH", "sketch"]

WIDTH = 900
MOST_BYTES = 150_000
"""Of a sketch: it is kept in notebooks. What would be longer is drawn of fewer points."""
POINTS = 1_600
"""Of one line, at first."""

_FONT = "Inter, system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_LETTER = 0.56
"""How wide a letter is, of how tall it is: a guess, as there is nobody to measure it."""
_DIGIT = 0.64
"""How wide a digit is at most."""


def sketch(figure: go.Figure | theme.Plain) -> str:
    """The figure as SVG, 900 pixels wide.

    >>> sketch({"data": [{"y": [1, 2], "x": [1, 2], "name": "a<b"}], "layout": {}}).count("a&lt;b")
    1
    """
    plain: theme.Plain = figure if isinstance(figure, Mapping) else figure.to_dict()
    points = POINTS
    while len(svg := _svg(plain, points)) > MOST_BYTES and points > 50:
        points //= 2
    return svg


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The paper: where the axes are, in pixels."""

    left: float
    right: float
    top: float
    bottom: float
    height: float
    x: Scale
    ys: Mapping[str, Scale]
    more: float
    """Pixels that the labels on the right need besides those that are always there."""


def _svg(figure: theme.Plain, points: int) -> str:
    layout = figure["layout"]
    traces = [trace for trace in figure["data"] if trace.get("visible", True) is True]
    sheet = _sheet(layout, traces)
    ink = str(layout.get("font", {}).get("color") or theme.INK)
    box = f'x="{sheet.left:g}" width="{sheet.right - sheet.left:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {sheet.height:g}" width="{WIDTH}" '
        f'height="{sheet.height:g}" font-family="{_FONT}" font-size="12" role="img">',
        f'<rect width="100%" height="100%" {fill(str(layout.get("paper_bgcolor") or theme.PAPER))}/>',
        f'<clipPath id="c"><rect {box} y="{sheet.top:g}" height="{sheet.bottom - sheet.top:g}"/></clipPath>',
        _text(20, 34, _words(layout.get("title", {}).get("text")), ink, size=17),
    ]
    for name, y in sheet.ys.items():
        if layout.get(name, {}).get("visible") is False:
            continue
        paper = fill(str(layout.get("plot_bgcolor") or theme.PLOT))
        parts.append(f'<rect {box} y="{y.end:g}" height="{y.start - y.end:g}" {paper}/>')
        parts.append(_axis_y(layout.get(name, {}), y, sheet))
    if layout.get("xaxis", {}).get("visible") is not False:
        parts.append(_axis_x(layout.get("xaxis", {}), sheet))
    parts.append('<g clip-path="url(#c)">')
    parts += [drawn(trace, sheet.x, sheet.ys[_axis(trace)], points) for trace in traces]
    parts += [_shape(shape, sheet) for shape in layout.get("shapes", ())]
    parts.append("</g>")
    parts += [_note(note, sheet) for note in layout.get("annotations", ())]
    parts.append(_legend(traces, sheet, str(layout.get("legend", {}).get("font", {}).get("color") or theme.MUTED)))
    parts.append(_colour_bar(traces, sheet))
    return "".join([*parts, "</svg>"])


def _axis(trace: Mapping[str, Any]) -> str:
    return "yaxis" + str(trace.get("yaxis") or "y")[1:]


def _sheet(layout: Mapping[str, Any], traces: Sequence[Mapping[str, Any]]) -> _Sheet:
    height = float(layout.get("height") or 420)
    left, top, bottom = 24.0, 58.0, height - 92.0
    names = ["yaxis", *sorted(name for name in layout if name.startswith("yaxis") and name != "yaxis")]
    reach = [extents(trace) for trace in traces]
    ys = {}
    for name in names:
        axis = layout.get(name, {})
        low, high = axis.get("domain") or (0, 1)
        mine = [each for trace, (_, up) in zip(traces, reach, strict=True) if _axis(trace) == name for each in up]
        start, end = (bottom - (bottom - top) * share for share in (low, high))
        ys[name] = scale_of(axis, mine, start, end, padded=True)
    shown = [y for name, y in ys.items() if layout.get(name, {}).get("visible") is not False]
    labels = [label for y in shown for _, label in y.ticks(_ticks(y))]
    more = max(0.0, max((len(label) for label in labels), default=0) * 12 * _DIGIT - 60)
    right = WIDTH - (170.0 if any(_scaled(trace) for trace in traces) else 96.0) - more
    x = scale_of(layout.get("xaxis", {}), [each for across, _ in reach for each in across], left, right, padded=False)
    return _Sheet(left, right, top, bottom, height, x, ys, more)


# --- axes -----------------------------------------------------------------------------------------------------------


def _axis_x(axis: Mapping[str, Any], sheet: _Sheet) -> str:
    lines, labels = [], []
    ticks = sheet.x.ticks(7)
    for value, label in ticks:
        at = float(sheet.x.at(value))
        lines += [f"M{at:.1f} {y.end:.1f}V{y.start:.1f}" for y in sheet.ys.values()]
        labels.append(_text(_inside(at, label), sheet.bottom + 18, [label], theme.MUTED, anchor="middle"))
    if sheet.x.is_time and ticks:
        day = day_of(ticks[0][0])
        at = _inside(float(sheet.x.at(ticks[0][0])), day)
        labels.append(_text(at, sheet.bottom + 33, [day], theme.MUTED, anchor="middle"))
    title = _words(axis.get("title", {}).get("text"))
    labels.append(_text((sheet.left + sheet.right) / 2, sheet.bottom + 50, title, theme.MUTED, anchor="middle"))
    return f'<path d="{"".join(lines)}" {stroke({"color": theme.GRID_LINE})}/>' + "".join(labels)


def _inside(at: float, label: str) -> float:
    """Where a label stands that would not be cut off at the left."""
    return max(at, 4 + len(label) * 12 * _LETTER / 2)


def _ticks(y: Scale) -> int:
    """How many labels fit above one another."""
    return max(2, int((y.start - y.end) / 48))


def _axis_y(axis: Mapping[str, Any], y: Scale, sheet: _Sheet) -> str:
    ticks = y.ticks(_ticks(y))
    lines = "".join(f"M{sheet.left:g} {y.at(value):.1f}H{sheet.right:g}" for value, _ in ticks)
    labels = [_text(sheet.right + 7, float(y.at(value)) + 4, [label], theme.MUTED) for value, label in ticks]
    title = _words(axis.get("title", {}).get("text"))
    across = sheet.right + 78 + sheet.more if not axis.get("tickvals") else sheet.right + 40
    middle = (y.start + y.end) / 2
    labels.append(_text(across, middle, title, theme.MUTED, anchor="middle", turned=True))
    return f'<path d="{lines}" {stroke({"color": theme.GRID_LINE})}/>' + "".join(labels)


# --- what stands on it ----------------------------------------------------------------------------------------------


def _place(ref: object, value: float, sheet: _Sheet, *, up: bool) -> float:
    """A place of a shape or a label, in pixels."""
    if ref == "paper" or ref is None:
        start, end = (sheet.bottom, sheet.top) if up else (sheet.left, sheet.right)
        return start + (end - start) * float(value)
    scale = sheet.ys.get("yaxis" + str(ref)[1:], sheet.ys["yaxis"]) if up else sheet.x
    return float(scale.at(value))


def _shape(shape: Mapping[str, Any], sheet: _Sheet) -> str:
    x0, x1 = (_place(shape.get("xref"), shape[name], sheet, up=False) for name in ("x0", "x1"))
    y0, y1 = (_place(shape.get("yref"), shape[name], sheet, up=True) for name in ("y0", "y1"))
    line = shape.get("line", {})
    if shape.get("type") != "rect":
        return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" {stroke(line)}/>'
    box = f'x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" height="{abs(y1 - y0):.1f}"'
    paint = fill(str(shape["fillcolor"])) if shape.get("fillcolor") else 'fill="none"'
    return f"<rect {box} {stroke(line, filled=paint)}/>"


def _note(note: Mapping[str, Any], sheet: _Sheet) -> str:
    x = _place(note.get("xref"), note["x"], sheet, up=False) + float(note.get("xshift") or 0)
    y = _place(note.get("yref"), note["y"], sheet, up=True) - float(note.get("yshift") or 0)
    font = note.get("font", {})
    size, lines = float(font.get("size") or 12), _words(note.get("text"))
    wide = max((len(line) for line in lines), default=0) * size * _LETTER + 6
    tall = len(lines) * size * 1.25 + 4
    turned = note.get("textangle") == -90
    if turned:
        wide, tall = tall, wide
    across = {"left": 0.5, "right": -0.5}.get(str(note.get("xanchor")), 0.0) * wide
    down = {"top": 0.5, "bottom": -0.5}.get(str(note.get("yanchor")), 0.0) * tall
    x, y = x + across, y + down
    x = min(max(x, wide / 2), WIDTH - wide / 2)
    back = ""
    if note.get("bgcolor"):
        box = f'x="{x - wide / 2:.1f}" y="{y - tall / 2:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
        back = f"<rect {box} {fill(str(note['bgcolor']))}/>"
    colour = str(font.get("color") or theme.INK)
    if note.get("xanchor") == "left" and not turned:
        # What begins somewhere begins there, however wide its letters are.
        return back + _text(x - wide / 2, y, lines, colour, size=size, centred=True)
    return back + _text(x, y, lines, colour, size=size, anchor="middle", turned=turned, centred=True)


def _legend(traces: Sequence[Mapping[str, Any]], sheet: _Sheet, colour: str) -> str:
    parts, x, y = [], sheet.left, sheet.height - 18
    for trace in traces:
        name = " ".join(_words(trace.get("name")))
        if not name or trace.get("showlegend") is False or trace.get("type") == "heatmap":
            continue
        wide = 22 + len(name) * 12 * _LETTER + 18
        if x + wide > WIDTH and x > sheet.left:
            break
        parts.append(f'<rect x="{x:.0f}" y="{y - 8:.0f}" width="14" height="8" rx="1.5" {fill(_colour(trace))}/>')
        parts.append(_text(x + 20, y, [name], colour))
        x += wide
    return "".join(parts)


def _colour(trace: Mapping[str, Any]) -> str:
    """The colour by which a trace is known."""
    for part in ("line", "marker", "increasing"):
        look = trace.get(part, {})
        colour = look.get("line", {}).get("color") if part == "increasing" else look.get("color")
        if isinstance(colour, str):
            return colour
    return theme.MUTED


def _scaled(trace: Mapping[str, Any]) -> bool:
    return bool(trace.get("marker", {}).get("showscale"))


def _colour_bar(traces: Sequence[Mapping[str, Any]], sheet: _Sheet) -> str:
    trace = next(filter(_scaled, traces), None)
    if trace is None:
        return ""
    marker, bar = trace["marker"], trace["marker"]["colorbar"]
    stops = "".join(
        f'<stop offset="{float(share):.3f}" stop-color="{colour_of(str(colour))[0]}"/>'
        for share, colour in marker["colorscale"]
    )
    x = WIDTH - 76
    scale = Scale(float(marker["cmin"]), float(marker["cmax"]), sheet.bottom, sheet.top + 34)
    labels = [
        _text(x + 18, float(scale.at(value)) + 4, _words(text), theme.MUTED, size=11)
        for value, text in zip(bar["tickvals"], bar["ticktext"], strict=True)
    ]
    return (
        f'<linearGradient id="g" x1="0" y1="1" x2="0" y2="0">{stops}</linearGradient>'
        f'<rect x="{x}" y="{scale.end:g}" width="12" height="{scale.start - scale.end:g}" fill="url(#g)"/>'
        + _text(x, sheet.top + 10, _words(bar.get("title", {}).get("text")), theme.MUTED)
        + "".join(labels)
    )


# --- words ----------------------------------------------------------------------------------------------------------


def _words(text: object) -> list[str]:
    """The lines of a text that was escaped for plotly, as they are read."""
    return [html.unescape(line) for line in re.split(r"<br>", str(text or ""))] if text else []


def _text(
    x: float,
    y: float,
    lines: Sequence[str],
    colour: str,
    *,
    size: float = 12,
    anchor: str = "start",
    turned: bool = False,
    centred: bool = False,
) -> str:
    """Lines of text; ``turned`` to be read upwards, ``centred`` with their middle at ``y``."""
    if not any(lines):
        return ""
    if centred:
        y -= (len(lines) - 1) * size * 0.625 - size * 0.35
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    rest = "" if anchor == "start" else f' text-anchor="{anchor}"'
    rest += "" if size == 12 else f' font-size="{size:g}"'
    spans = (
        [html.escape(lines[0])]
        if len(lines) == 1
        else [
            f'<tspan x="{x:.1f}" dy="{0 if at == 0 else size * 1.25:g}">{html.escape(line)}</tspan>'
            for at, line in enumerate(lines)
        ]
    )
    return f'<text x="{x:.1f}" y="{y:.1f}" {fill(colour)}{rest}{turn}>{"".join(spans)}</text>'
