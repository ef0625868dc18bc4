"""A plotly figure in a cell that keeps itself fresh: drawn anew here, sent as what changed, drawn there by plotly.js.

It is one widget for all charts. A chart is a function that draws a figure from the newest photograph; how often it is
called, and whether anybody looks, is the pump's matter. plotly.js itself, some 1.5 MB, is sent to a page once, when the
page says that it has none, and is never part of the widget's state: a notebook that is saved with it stays small.
"""

from __future__ import annotations

import gzip
import json
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from ..tables.vitals import Vitals
from . import escape, theme
from .ending import close_whole
from .figure_changes import Parts, frame_between, parts_of
from .live_view import Frame, LiveView, Send, with_facts
from .pace import Pace
from .pump import PUMP, Pump
from .scripts import script, style
from .shown import Made, Shown, sketch_html
from .vitals_line import VitalsLine

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["LiveFigure", "LiveFigureView", "Subject"]

RATE = 4.0
"""Figures a second, at most: more of them nobody reads."""


class Subject(Protocol):
    """What a live figure is of, as far as it knows it: a stream, or anything else that changes."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""

    def pulse(self) -> object:
        """Equal as long as nothing changed; None where only a look can tell."""

    def vitals(self) -> Vitals:
        """The facts for the line above the figure."""


class LiveFigure(Shown):
    """A live figure. ``draw`` gives the figure of now, and is called by the pump's thread.

    Args:
        title: what it is, and of which venue.
        draw: gives the figure of the newest photograph, as plotly's or as the mapping plotly makes one of, which is
            much quicker; pure, and without errors that can be expected.
        pulse: equal as long as nothing changed; None where only a look can tell.
        vitals: the facts for the line above it.
        ended: whether nothing of it will change any more.
        rate: figures a second, at most.
    """

    def __init__(
        self,
        title: str,
        draw: Callable[[], go.Figure | theme.Plain],
        *,
        pulse: Callable[[], object] = lambda: None,
        vitals: Callable[[], Vitals] = Vitals,
        ended: Callable[[], bool] = lambda: False,
        rate: float = RATE,
        pump: Pump = PUMP,
    ) -> None:
        super().__init__(title, pump=pump)
        self._drawn_by, self._pulse, self._vitals, self._ended, self._rate = draw, pulse, vitals, ended, rate

    def plain(self) -> theme.Plain:
        """The figure of now as the mapping that plotly makes one of."""
        drawn = self._drawn_by()
        return drawn if isinstance(drawn, Mapping) else drawn.to_dict()

    def _draw(self) -> go.Figure:
        import plotly.graph_objects as go

        return go.Figure(self._drawn_by())

    def still(self) -> str:
        """The figure's sketch, drawn without plotly's object of it."""
        return sketch_html(self.plain(), self.title)

    def pulse(self) -> object:
        """As it was told."""
        return self._pulse()

    @property
    def ended(self) -> bool:
        """Whether it was closed, or what it shows has ended."""
        return super().ended or self._ended()

    def vitals(self) -> Vitals:
        """How what it shows is doing."""
        return self._vitals()

    def _facts(self) -> str:
        vitals = self._vitals()
        rows = "" if vitals.rows is None else f", {vitals.rows:,} rows"
        return escape.terminal(f"a live figure{rows}{', ' if vitals.state else ''}{vitals.state}")

    def _make(self, now: float) -> Made:
        widget = _widget_class()(
            key=secrets.token_hex(8), title=escape.visible(escape.clip(self.title, 200)), plotly=_plotly_version()
        )
        view = LiveFigureView(self, widget.send, now, rate=self._rate, on_close=lambda: close_whole(widget))
        # A handler may run in any thread, also in the middle of a cell: it only puts down what was said.
        widget.on_msg(lambda _, content, __: view.post(content))
        return Made(widget, view, widget.key)


class LiveFigureView(LiveView):
    """One live figure in a browser. ``libraries`` counts how often a page was sent plotly.js."""

    UNHEARD, UNSURE = 3.0, 10.0

    def __init__(
        self,
        figure: LiveFigure,
        send: Send,
        now: float,
        *,
        rate: float = RATE,
        on_close: Callable[[], object] = lambda: None,
        **clocks: Any,
    ) -> None:
        super().__init__(send, now, **clocks)
        self.pace = Pace(now, rate)
        self.libraries = 0
        self._figure, self._on_close = figure, on_close
        self._parts: Parts | None = None
        self._pulse: object = None
        self._line = VitalsLine(figure.vitals, now)

    def _take(self, message: Mapping[str, Any], now: float) -> None:
        if message.get("kind") != "plotly":
            super()._take(message, now)
            return
        self.pace.word(now)
        self.libraries += 1
        packed = message.get("packed") is not False
        self._send({"kind": "plotly", "packed": packed}, [_packed() if packed else _plotly_js()])

    def frame(self, whole: bool, now: float) -> Frame | None:
        """What changed in the figure since the last frame, and the line of facts above it."""
        # Asked first: then the frame that tells the end has all there was until then. What a stopped stream is made of
        # may go on for another one; that is not shown as if it had not ended.
        ended = self._figure.ended
        pulse = self._figure.pulse()
        frame = None
        if whole or pulse is None or pulse != self._pulse:
            # The pulse is read before the figure: a change in between is seen the next time, not missed.
            parts = parts_of(self._figure.plain())
            frame = frame_between(None if whole else self._parts, parts)
            self._pulse, self._parts = pulse, parts
        facts = self._line.news(now, ended=ended, whole=whole, along=frame is not None)
        return with_facts(frame, facts)

    @property
    def over(self) -> bool:
        """Whether the browser was told that nothing will change any more."""
        return self._line.told_the_end

    def shut(self) -> None:
        """The widget is closed with the picture."""
        self._parts = None
        self._on_close()


# --- the widget -----------------------------------------------------------------------------------------------------


@cache
def _widget_class() -> Any:
    """The widget's class, made when first needed: nothing here loads a widget library before."""
    import traitlets

    from .scripted import Scripted

    class LiveFigureWidget(Scripted):
        """What the browser is handed beforehand: a title. The figure comes as frames, and plotly.js when asked for."""

        script = traitlets.Unicode(
            f"const LIGHT = {json.dumps(dict(theme.LIGHT))};\n{script('paper.js', 'live_figure.js')}"
        ).tag(sync=True)
        _css = style("live_table.css", "live_figure.css")
        key = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        plotly = traitlets.Unicode().tag(sync=True)

    return LiveFigureWidget


@cache
def _plotly_version() -> str:
    from plotly.offline import get_plotlyjs_version

    return str(get_plotlyjs_version())


def _plotly_js() -> bytes:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).encode()


@cache
def _packed() -> bytes:
    """A third of the size, for a page that can unpack it; 0.4 s of one thread, once a process."""
    return gzip.compress(_plotly_js(), compresslevel=6, mtime=0)
