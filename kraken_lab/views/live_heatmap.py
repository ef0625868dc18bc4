"""The order book over time, live in a cell: one canvas of our own that is sent levels, not pixels.

Plotly draws a heatmap of a thousand levels by six hundred columns once or twice a second; this draws it whenever a
frame comes, and zooms, pans and says exact sizes without the kernel. It holds no rules: picking a price offers a
ticket, and sends nothing anywhere.
"""

from __future__ import annotations

import base64
import json
import math
import re
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..errors import BadArgument
from ..tables import LadderHistory
from ..tables.ladder_run import NOTHING
from . import escape, theme
from .ending import close_whole
from .heat_view import BookPast, HeatView, since
from .heatmap import draw_heatmap
from .live_figure import LiveFigure
from .own import Own
from .palettes import palette
from .pump import PUMP, Pump
from .scripts import script, style, text
from .shown import Made, Shown, sketch_html

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from .offer import TicketPlace

__all__ = ["HeatLook", "LiveHeatmap", "draw_still", "plotly_heatmap", "still_heatmap"]

STILL_COLUMNS: Final = 600
"""Columns of a figure that stands still: more than that no screen shows."""
PLOTLY_BINS, PLOTLY_COLUMNS, PLOTLY_RATE = 200, 300, 2.0
"""What a browser can draw anew with plotly, and how often a second."""
_SCRIPTS: Final = tuple(
    f"heat_{part}.js" for part in ("store", "raster", "scene", "reading", "bar", "sight", "picture", "view")
)


@dataclass(frozen=True, slots=True)
class HeatLook:
    """How a heatmap is to look at first; all of it but ``bins`` can be changed in the picture.

    ``minutes`` from left to right, ``levels`` a side from top to bottom (None for all), ``bins`` rows of prices at
    most, ``cutoff`` the sizes in base units that have the first and the last colour (None for what fits).

    Raises:
        BadArgument: one of them is no such thing.
    """

    minutes: float = 5.0
    levels: int | None = None
    bins: int = 400
    colorscale: str = "night"
    cutoff: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        palette(self.colorscale)
        for name, least in (("levels", 1), ("bins", 10)):
            value = getattr(self, name)
            if (name, value) != ("levels", None) and (type(value) is not int or value < least):
                raise BadArgument(name, value, f"a whole number, {least} or more")
        if self.cutoff is not None:
            object.__setattr__(self, "cutoff", _sizes(self.cutoff))


def _sizes(cutoff: object) -> tuple[float, float]:
    right = "two sizes in base units above 0, the smaller first"
    try:
        low, high = (float(size) for size in cutoff)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise BadArgument("cutoff", cutoff, right) from None
    if not 0 < low < high < float("inf"):
        raise BadArgument("cutoff", cutoff, right)
    return low, high


class LiveHeatmap(Shown):
    """The past of one book, live in a cell. `snapshot` is a plotly figure.

    ``own`` gives the user's orders and fills; ``place`` makes the place under it where a ticket is offered, or gives
    None where no ticket can be made.
    """

    def __init__(
        self,
        past: BookPast,
        title: str,
        look: HeatLook = HeatLook(),
        *,
        own: Callable[[], Own] = Own,
        place: Callable[[], TicketPlace | None] = lambda: None,
        pump: Pump = PUMP,
    ) -> None:
        super().__init__(title, pump=pump)
        self.look = look
        self._past, self._own, self._place = past, own, place

    def _options(self, *, offers: bool) -> dict[str, Any]:
        base, _, quote = self._past.symbol.partition("/")
        return {
            "title": escape.visible(escape.clip(self.title, 200)),
            "base": escape.visible(escape.clip(base, 24)) or "base",
            "quote": escape.visible(escape.clip(quote, 24)) or "quote",
            "minutes": self.look.minutes,
            "levels": self.look.levels,
            "bins": self.look.bins,
            "cutoff": self.look.cutoff,
            "offers": offers,
        }

    def _palette(self) -> dict[str, Any]:
        colours = palette(self.look.colorscale)
        return {"dark": colours.dark, "light": colours.light, "dim": colours.dim}

    def _make(self, now: float) -> Made:
        import ipywidgets

        place = self._place()
        heat = _widget_class()(
            key=secrets.token_hex(8), options=self._options(offers=place is not None), palette=self._palette()
        )
        box = ipywidgets.VBox([heat] if place is None else [heat, place])

        view = HeatView(
            self._past,
            heat.send,
            now,
            minutes=self.look.minutes,
            own=self._own,
            picked=(lambda side, price: None) if place is None else place.offer,
            on_close=lambda: close_whole(box),
        )
        # A handler may run in any thread, also in the middle of a cell: it only puts down what was said.
        heat.on_msg(lambda _, content, __: view.post(content))
        return Made(box, view, heat.key)

    def _draw(self) -> go.Figure:
        return still_heatmap(self._past, self.title, self.look, self._own())

    def still(self) -> str:
        """The figure's sketch, drawn without plotly's object of it."""
        return sketch_html(draw_still(self._past, self.title, self.look, self._own()), self.title)

    def pulse(self) -> object:
        """Of the columns, the trades and what is one's own."""
        history, trades = self._past.history(), self._past.trades()
        columns = None if history is None else history.numbers.stop
        return columns, None if trades is None else trades[0] + len(trades[1]), self._own()

    @property
    def ended(self) -> bool:
        """Whether it was closed, or its stream or lab."""
        return self._closed or self._past.ended

    def _facts(self) -> str:
        vitals, history = self._past.vitals(), self._past.history()
        columns = 0 if history is None else len(history)
        return escape.terminal(f"a live heatmap, {columns:,} columns, {vitals.state}")

    def _page(self) -> str:
        """The last minutes as a page that zooms, pans and says sizes by itself.

        Unlike a figure's page it carries no plotly, so it is mostly the levels.
        """
        sent: list[tuple[dict[str, Any], list[bytes]]] = []
        view = HeatView(
            self._past,
            lambda content, buffers: sent.append((content, buffers)),
            0.0,
            minutes=self.look.minutes,
            first=math.inf,
            own=self._own,
        )
        view.paint(0.0)
        ((content, buffers),) = sent
        if content.get("columns"):
            content["oldest"] = content["columns"][0]["first"]  # nobody can be asked for what lies before
        packed = zlib.compress(b"".join(buffers), 6)
        state = {
            "traits": {"key": "saved", "options": self._options(offers=False), "palette": self._palette()},
            "content": content,
            "sizes": [len(buffer) for buffer in buffers],
            "data": base64.b64encode(packed).decode("ascii"),
            "still": f"as it was {_clock(self._past.now_ns())} UTC",
        }
        parts = {
            "@TITLE@": escape.attribute(escape.clip(self.title, 200)),
            "@STYLE@": style("heat.css"),
            "@STATE@": json.dumps(state).replace("<", "\\u003c"),
            "@SCRIPT@": script(*_SCRIPTS),
        }
        page = text("heat_page.html")
        return re.sub("|".join(parts), lambda found: parts[found[0]], page)


def _clock(ns: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def plotly_heatmap(past: BookPast, title: str, look: HeatLook, own: Callable[[], Own]) -> LiveFigure:
    """The same as a live plotly figure: for front ends in which our own canvas cannot be."""
    look = replace(look, bins=min(look.bins, PLOTLY_BINS))

    def pulse() -> object:
        history = past.history()
        return None if history is None else history.numbers.stop

    return LiveFigure(
        title,
        lambda: draw_still(past, title, look, own(), columns=PLOTLY_COLUMNS),
        pulse=pulse,
        vitals=past.vitals,
        ended=lambda: past.ended,
        rate=PLOTLY_RATE,
    )


def still_heatmap(past: BookPast, title: str, look: HeatLook, own: Own) -> go.Figure:
    """The same as a plotly figure: of this moment, with fewer columns and with bins."""
    import plotly.graph_objects as go

    return go.Figure(draw_still(past, title, look, own))


def draw_still(past: BookPast, title: str, look: HeatLook, own: Own, *, columns: int = STILL_COLUMNS) -> theme.Plain:
    """`still_heatmap` as the mapping that plotly makes a figure of."""
    history = past.history() or LadderHistory(1)
    begin = since(past, look.minutes)
    trades = past.trades()
    frame = None
    if trades is not None:
        frame = trades[1].pandas()
        frame = frame[frame.index.astype("int64") >= begin]
    grid = history.grid(
        start_ns=begin, bins=look.bins, price_range=_reach(history, begin, look.levels), columns=columns
    )
    return draw_heatmap(
        grid,
        symbol=past.symbol,
        trades=frame,
        gaps=past.gaps(),
        title=title,
        own=own,
        colorscale=look.colorscale,
        cutoff=look.cutoff,
    )


def _reach(history: LadderHistory, begin: int, levels: int | None) -> tuple[float, float] | None:
    """From the lowest to the highest of the best ``levels`` a side of the newest book, and of all best prices since."""
    runs = [run for run in history.runs(history.number_at(begin)) if not run.gap]
    if levels is None or not runs:
        return None
    newest = runs[-1].levels_at(len(runs[-1]) - 1)
    bids, asks = np.sort(newest.prices[: newest.bids])[::-1], np.sort(newest.prices[newest.bids :])
    best = np.concatenate([prices for run in runs for prices in (run.best_bid, run.best_ask)])
    seen = np.concatenate([bids[:levels], asks[:levels], best[best != NOTHING]])
    if not seen.size:
        return None
    unit = 10.0**history.price_precision
    return (float(seen.min()) - 0.5) / unit, (float(seen.max()) + 0.5) / unit


@cache
def _widget_class() -> Any:
    """The widget's class, made when first needed: nothing here loads a widget library before."""
    import traitlets

    from .scripted import Scripted

    class HeatmapWidget(Scripted):
        """What the browser is handed beforehand: how it is to look. All columns come as frames."""

        script = traitlets.Unicode(script(*_SCRIPTS)).tag(sync=True)
        _css = style("heat.css")
        key = traitlets.Unicode().tag(sync=True)
        options: Any = traitlets.Dict().tag(sync=True)
        palette: Any = traitlets.Dict().tag(sync=True)

    return HeatmapWidget
