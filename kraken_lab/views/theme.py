"""The look that all figures share: colours, fonts and the axes of time and price.

Figures are drawn in dark colours, and every colour has its counterpart on light paper: a live figure follows the theme
of its page without asking anybody, by the same table.

How a live figure shows itself is `shown`'s. A snapshot is plotly's own figure and shows itself as plotly was told: in a
notebook by plotly's own kind of data, which JupyterLab and VS Code draw; what turns a notebook into HTML does not know
that kind and leaves a blank. For that, show the live figure or `sketch` the snapshot; to send or keep it, write it into
a `page`, which needs nothing but itself. ``plotly.io.renderers`` is left alone: it is a setting for all figures of the
process, whoever made them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from . import escape

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["LIGHT", "SIZE_COLOURS", "Name", "dress", "empty", "in_light", "layout", "on_light", "size_colour"]

Plain = Mapping[str, Any]
"""A figure as the mapping that plotly makes one of. Making plotly's object of it takes thirty times as long as
drawing it, because all of it is checked: so what is drawn many times a second stays plain."""

Name = Literal["dark", "light"]
"""The paper a figure is on. Figures are drawn in dark colours; `in_light` has the light one for each of them."""

SANS = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MONO = "ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

PAPER, PLOT = "#0b0f17", "#05070c"
INK, MUTED, GRID_LINE = "#e6ebf4", "#93a0b4", "rgba(147,160,180,0.13)"
BUY, SELL, NEUTRAL, MARK = "#3ddc97", "#ff6b7d", "#c9d3e3", "#79a9ff"
HOVER, HOVER_EDGE = "#141b28", "#34435c"
GAP_FILL, GAP_EDGE, GAP_LABEL, GAP_INK = (
    "rgba(255,182,72,0.11)",
    "rgba(255,182,72,0.65)",
    "rgba(20,15,6,0.85)",
    "#ffc46b",
)

SIZE_COLOURS = ("#030713", "#0c1b41", "#113375", "#0a529f", "#0479b2", "#2ba1b9", "#4ac9b4", "#bbe467", "#fffaaa")
"""From nothing to very much. Lightness in OKLab rises in equal steps, so the order holds in grey too."""
LIGHT_SIZES = ("#ffffff", "#dcebf8", "#b5d6ee", "#82bbdf", "#4f9bca", "#2f7ab0", "#235a94", "#2b3a76", "#2c1a54")
SIZE_STEPS = 32
DIM = 1.5  # above 1: ordinary sizes recede into blue, so that walls stand out


def size_colour(share: float, colours: tuple[str, ...] = SIZE_COLOURS, dim: float = DIM) -> str:
    """The colour at a share of the scale. The darkest is for nothing at all, the smallest size is lighter."""
    place = 1 + share**dim * (len(colours) - 2)
    at = min(int(place), len(colours) - 2)
    below, above = (channels(colour) for colour in colours[at : at + 2])
    mixed = (round(low + (high - low) * (place - at)) for low, high in zip(below, above, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def channels(colour: str) -> tuple[int, ...]:
    """Red, green and blue of ``#rrggbb``, from 0 to 255."""
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


_SHARES = [step / SIZE_STEPS for step in range(SIZE_STEPS + 1)]
LIGHT: Mapping[str, str] = {
    PAPER: "#ffffff",
    PLOT: "#fbfcfe",
    INK: "#1b2330",
    MUTED: "#566274",
    BUY: "#08774a",
    SELL: "#c02942",
    NEUTRAL: "#3d4a5f",
    MARK: "#2f6fde",
    HOVER: "#ffffff",
    HOVER_EDGE: "#b9c3d2",
    "#ffb648": "#b36b00",
    "#140f06": "#fff6e6",
    GAP_INK: "#7a4a00",
    **dict(zip(SIZE_COLOURS, LIGHT_SIZES, strict=True)),
    **{size_colour(share): size_colour(share, LIGHT_SIZES) for share in _SHARES},
}
"""For each colour of a figure the one it has on light paper, both as ``#rrggbb``; how opaque it is stays."""

_COLOUR = re.compile(r"(#[0-9a-f]{6})([0-9a-f]{2})?|rgba\((\d+),(\d+),(\d+),([\d.]+)\)")


def in_light(value: str) -> str:
    """A colour of a figure as it is on light paper; any other text as it is.

    >>> in_light(BUY), in_light(f"{BUY}2e"), in_light("rgba(61,220,151,0.5)"), in_light("BTC/USD")
    ('#08774a', '#08774a2e', 'rgba(8,119,74,0.5)', 'BTC/USD')
    """
    if (found := _COLOUR.fullmatch(value)) is None:
        return value
    solid, faint, red, green, blue, opacity = found.groups()
    if solid is not None:
        return LIGHT.get(solid, solid) + (faint or "")
    known = LIGHT.get("#" + "".join(f"{int(part):02x}" for part in (red, green, blue)))
    return value if known is None else f"rgba({','.join(map(str, channels(known)))},{opacity})"


def on_light(figure: go.Figure) -> go.Figure:
    """The same figure on light paper."""
    import plotly.graph_objects as go

    return go.Figure(_light(figure.to_dict()))


def _light(value: Any) -> Any:
    if isinstance(value, str):
        return in_light(value)
    if isinstance(value, dict):
        return {name: _light(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_light(part) for part in value]
    return value


def dress(figure: go.Figure, *, title: str, height: int, revision: str) -> None:
    """Give a figure the common `layout`."""
    figure.update_layout(**layout(title=title, height=height, revision=revision))


def layout(*, title: str, height: int, revision: str, **more: Any) -> dict[str, Any]:
    """The common look. ``title`` is already escaped; ``revision`` keeps zoom and hidden legend entries.

    While two figures carry the same ``revision``, replacing one by the other leaves alone what the reader did to it.
    """
    below = 102  # pixels for the axis, its title and one line of legend
    return {
        "template": "none",
        "height": height,
        "uirevision": revision,
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PLOT,
        "title": {
            "text": title,
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 20, "t": 18},
            "font": {"size": 17, "color": INK},
        },
        "font": {"family": SANS, "size": 12, "color": INK},
        "margin": {"l": 24, "r": 84, "t": 58, "b": below},
        "legend": {  # below: where it takes several lines, plotly widens this margin, and only this one
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": -64 / max(1, height - 58 - below),
            "yanchor": "top",
            "font": {"color": MUTED},
            "bgcolor": "rgba(0,0,0,0)",
        },
        "hoverlabel": {
            "bgcolor": HOVER,
            "bordercolor": HOVER_EDGE,
            "font": {"family": MONO, "color": INK},
            "align": "left",
            "namelength": -1,
        },
        "hovermode": "closest",
        "dragmode": "pan",
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": MUTED,
            "activecolor": INK,
            # plotly 7 shows a button that uploads the figure's data to a server of its makers unless it is removed
            "remove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
        },
        **more,
    }


def units(symbol: str) -> tuple[str, str]:
    """Base and quote of a pair as axes and hover texts name them, escaped.

    >>> units("BTC/USD"), units("")
    (('BTC', 'USD'), ('base', 'quote'))
    """
    base, _, quote = symbol.partition("/")
    return escape.plotly(escape.clip(base, 24)) or "base", escape.plotly(escape.clip(quote, 24)) or "quote"


def heading(title: str) -> str:
    """A title of a figure, escaped."""
    return escape.plotly(escape.clip(title, 120))


def time_axis(**more: Any) -> dict[str, Any]:
    """The axis of UTC times, below."""
    return {
        "type": "date",
        "title": {"text": "time (UTC)", "font": {"color": MUTED, "size": 12}, "standoff": 8},
        "gridcolor": GRID_LINE,
        "tickfont": {"color": MUTED},
        "ticks": "outside",
        "tickcolor": GRID_LINE,
        "ticklen": 6,
        "zeroline": False,
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "cursor",
        "spikethickness": -2,
        "spikedash": "solid",
        "spikecolor": "rgba(230,235,244,0.35)",
        **more,
    }


def value_axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis of prices or sizes, on the right as traders read it. ``title`` is already escaped."""
    return {
        "side": "right",
        "title": {"text": title, "font": {"color": MUTED, "size": 12}, "standoff": 10},
        "gridcolor": GRID_LINE,
        "tickfont": {"color": MUTED, "family": MONO},
        "ticks": "outside",
        "tickcolor": GRID_LINE,
        "ticklen": 6,
        "zeroline": False,
        "exponentformat": "none",
        "separatethousands": True,
        "automargin": True,
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "cursor",
        "spikethickness": -2,
        "spikedash": "solid",
        "spikecolor": "rgba(230,235,244,0.35)",
        **more,
    }


def say_nothing_yet(figure: go.Figure, words: str) -> None:
    """Say in the middle of an empty figure what is not there yet."""
    figure.add_annotation(**nothing_yet(words))


def empty(layout: Mapping[str, Any], words: str) -> dict[str, Any]:
    """A figure of nothing: instead of axes without numbers, ``words`` (already escaped) that say what is not there."""
    axes = {name: {**axis, "visible": False} for name, axis in layout.items() if name[1:5] == "axis"}
    bare = {**layout, **axes, "plot_bgcolor": PAPER, "annotations": [nothing_yet(words)]}
    return {"data": [], "layout": bare}


def nothing_yet(words: str) -> dict[str, Any]:
    """What stands in the middle of an empty figure. ``words`` are already escaped."""
    return {
        "text": words,
        "x": 0.5,
        "y": 0.5,
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
        "font": {"size": 15, "color": MUTED},
    }
