"""The look that all figures share: colours, fonts and the axes of time and price.

How a figure shows itself is plotly's. In a notebook it sends its own kind of data, which JupyterLab and VS Code draw,
in a saved notebook too; what turns a notebook into HTML does not know that kind and leaves a blank. A reader who wants
figures there says so to plotly, once, before drawing::

    import plotly.io
    plotly.io.renderers.default = "plotly_mimetype+notebook"

It is not said here on the reader's behalf: it is a setting for all figures of the process, whoever made them; it writes
plotly.js into the notebook, some 5 MB; and it has every figure fetch a script for formulas from a public server, while
nothing here is to load anything from anywhere. A page that runs no scripts, as a repository's view of a notebook, shows
no figure either way: for a picture plotly needs a browser to draw it. To send or keep figures, write them into a
`page`, which needs nothing but itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["SIZE_COLOURS", "dress", "say_nothing_yet"]

SANS = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MONO = "ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

PAPER, PLOT = "#0b0f17", "#05070c"
INK, MUTED, GRID_LINE = "#e6ebf4", "#93a0b4", "rgba(147,160,180,0.13)"
BUY, SELL, NEUTRAL = "#3ddc97", "#ff6b7d", "#c9d3e3"
GAP_FILL, GAP_EDGE, GAP_LABEL, GAP_INK = (
    "rgba(255,182,72,0.11)",
    "rgba(255,182,72,0.65)",
    "rgba(20,15,6,0.85)",
    "#ffc46b",
)

SIZE_COLOURS = ("#030713", "#0c1b41", "#113375", "#0a529f", "#0479b2", "#2ba1b9", "#4ac9b4", "#bbe467", "#fffaaa")
"""From nothing to very much. Lightness in OKLab rises in equal steps, so the order holds in grey too."""


def dress(figure: go.Figure, *, title: str, height: int, revision: str) -> None:
    """Give a figure the common look. ``title`` is already escaped; ``revision`` keeps zoom and hidden legend entries.

    While two figures carry the same ``revision``, replacing one by the other leaves alone what the reader did to it.
    """
    below = 102  # pixels for the axis, its title and one line of legend
    figure.update_layout(
        template="none",
        height=height,
        uirevision=revision,
        paper_bgcolor=PAPER,
        plot_bgcolor=PLOT,
        title={
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
        font={"family": SANS, "size": 12, "color": INK},
        margin={"l": 24, "r": 84, "t": 58, "b": below},
        legend={  # below: where it takes several lines, plotly widens this margin, and only this one
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": -64 / max(1, height - 58 - below),
            "yanchor": "top",
            "font": {"color": MUTED},
            "bgcolor": "rgba(0,0,0,0)",
        },
        hoverlabel={
            "bgcolor": "#141b28",
            "bordercolor": "#34435c",
            "font": {"family": MONO, "color": INK},
            "align": "left",
            "namelength": -1,
        },
        hovermode="closest",
        dragmode="pan",
        modebar={
            "bgcolor": "rgba(0,0,0,0)",
            "color": MUTED,
            "activecolor": INK,
            # plotly 7 shows a button that uploads the figure's data to a server of its makers unless it is removed
            "remove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
        },
    )


def time_axis(**more: Any) -> dict[str, Any]:
    """The axis of UTC times, below."""
    return {
        "type": "date",
        "title": {"text": "time (UTC)", "font": {"color": MUTED}, "standoff": 8},
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
        "title": {"text": title, "font": {"color": MUTED}, "standoff": 10},
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
    figure.add_annotation(
        text=words, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font={"size": 15, "color": MUTED}
    )
