"""The health strip: how a lab is doing, in one line of cells, and in sentences where something needs to be seen.

It shows facts that somebody else gathered, once a second. Each cell has a word or a number that counts; colour only
helps. Below them stands what is wrong, what was already done about it, and what to do next.
"""

from __future__ import annotations

import math
import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Protocol

from . import cells, escape, theme
from .card import card, marked_lines, table
from .ending import close_whole
from .health_concerns import Concern, concerns, verdict
from .health_facts import Beat, HealthFacts, ScreenFacts
from .health_readings import Reading, readings
from .live_view import Frame, LiveView, Send
from .pace import Pace
from .page import page
from .pump import PUMP, Painted, Pump
from .scripts import script, style
from .shown import Made, Shown

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["HealthSource", "HealthStrip", "HealthView", "latency", "screen_facts"]

BEAT = 1.0
"""Seconds between two looks."""
REMEMBERED = 300
"""Looks that the line of latency goes back: five minutes."""
BREAK = 3 * BEAT
"""Seconds between two looks after which the line is broken."""


class HealthSource(Protocol):
    """Who knows how the lab is doing. Neither method waits, but `look` a moment."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""

    def ask(self) -> None:
        """Have newer facts gathered soon."""

    def newest(self) -> HealthFacts:
        """What was gathered last."""

    def look(self) -> HealthFacts:
        """What is so now, waited for a moment."""


def screen_facts(pictures: Iterable[Painted]) -> ScreenFacts:
    """How long frames of these pictures are on their way to the screen, of those that somebody can see change.

    >>> screen_facts([]).trip is None
    True
    """
    shown = [view for view in pictures if isinstance(view, LiveView) and view.heard_of and view.watched]
    trips = [view.pace.trip for view in shown if view.pace.trip is not None]
    return ScreenFacts(
        pictures=len(shown),
        trip=median(trips) if trips else None,
        slowest=max(trips, default=None),
        drawing=median(view.pace.drawing for view in shown) if trips else None,
    )


def latency(beats: Sequence[Beat], *, title: str = "latency", height: int = 320) -> go.Figure:
    """Latency over time as a figure, in ms: from the exchange to this kernel, and from here to the screen.

    >>> len(latency([Beat(0, 0.001, None), Beat(10**9, 0.002, 0.03)]).data)
    2
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    theme.dress(figure, title=escape.plotly(escape.clip(title, 120)), height=height, revision="health")
    figure.update_xaxes(theme.time_axis())
    figure.update_yaxes(theme.value_axis("latency (ms)", rangemode="tozero"))
    parts = (
        ("exchange → kernel", "to_kernel", theme.BUY, "solid"),
        ("kernel → screen", "to_screen", theme.SELL, "dot"),
    )
    for name, field, colour, dash in parts:
        times, values = _line(beats, field)
        if any(value is not None for value in values):
            figure.add_trace(
                go.Scatter(
                    name=name,
                    x=times,
                    y=values,
                    mode="lines+markers" if len(times) < 3 else "lines",
                    line={"color": colour, "width": 1.8, "dash": dash},
                    hovertemplate=f"{name}: %{{y:.1f}} ms<extra></extra>",
                )
            )
    if not figure.data:
        theme.say_nothing_yet(figure, "no latency is known yet")
    return figure


def _line(beats: Sequence[Beat], field: str) -> tuple[list[float], list[float | None]]:
    """Times and values, in ms, broken where nothing was looked at or known."""
    times: list[float] = []
    values: list[float | None] = []
    last = -math.inf
    for beat in beats:
        at, value = beat.at_ns / 1e6, getattr(beat, field)
        if at - last > BREAK * 1e3 and times:
            times.append(last + 1.0)
            values.append(None)
        times.append(at)
        values.append(None if value is None else value * 1e3)
        last = at
    return times, values


class HealthView(LiveView):
    """The strip in a browser. Each frame holds all of it but the past, which is sent once and then grows by a beat."""

    def __init__(self, strip: HealthStrip, send: Send, now: float, **clocks: Any) -> None:
        super().__init__(send, now, **clocks)
        self.pace = Pace(now, 1 / BEAT)
        self._strip = strip
        self.on_close: Any = lambda: None
        self._told_closed = False

    def frame(self, whole: bool, now: float) -> Frame:
        """What is known now; newer facts are asked for, and are here with the next frame."""
        facts, found = self._strip.beat(now)
        word, tone = verdict(facts, found)
        self._told_closed = facts.closed
        past = self._strip.past if whole else self._strip.past[-1:]
        content = {
            "verdict": [word, tone],
            "at": cells.utc(facts.at_ns, 0).partition(" ")[2],
            "readings": [_texts(one.name, one.value, one.detail, one.tone) for one in readings(facts)],
            "concerns": [_texts(one.tone, one.where, one.what, one.done, one.next) for one in found],
            "past": [[round(beat.at_ns / 1e6), _ms(beat.to_kernel), _ms(beat.to_screen)] for beat in past],
            "ended": facts.closed,
        }
        return Frame(content, whole=whole)

    @property
    def due(self) -> float:
        """As for every picture; once it is told that the lab is closed only what the browser asks for."""
        if self._told_closed and self.pace.confirmed and not self._want_whole:
            return self._leave_at
        return super().due

    def shut(self) -> None:
        """The widget is closed with the picture."""
        self.on_close()


def _texts(*texts: str) -> list[str]:
    return [escape.visible(escape.clip(text, 400)) for text in texts]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 2)


_A_LINE: Final = 3
"""Beats that make a line of latency: fewer are dots on an axis of a moment."""


class HealthStrip(Shown):
    """How a lab is doing. The last line of a cell shows it live; `facts` are the values, and text says the same.

    Latency is remembered while it is looked at.
    """

    def __init__(self, source: HealthSource, title: str, *, pump: Pump = PUMP) -> None:
        super().__init__(title, pump=pump)
        self._source = source
        self._past: deque[Beat] = deque(maxlen=REMEMBERED)
        self._newest_ns, self._moved_at = 0, pump.now()

    # --- what is so -------------------------------------------------------------------------------------------------

    @property
    def facts(self) -> HealthFacts:
        """How the lab is doing now, as values."""
        facts = self._source.look()
        self._remember(facts)
        return facts

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The cells, in words."""
        return readings(self.facts)

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """What needs to be seen: what happened, what was done, what to do next; empty while all is well."""
        return concerns(self.facts)

    @property
    def past(self) -> list[Beat]:
        """The latencies that were looked at, oldest first; at most those of five minutes."""
        return list(self._past)

    def beat(self, now: float) -> tuple[HealthFacts, tuple[Concern, ...]]:
        """The newest facts and what of them needs to be seen, also that there were no newer ones for too long."""
        facts = self._source.newest()
        self._source.ask()
        if facts.at_ns != self._newest_ns:
            self._newest_ns, self._moved_at = facts.at_ns, now
        self._remember(facts)
        return facts, concerns(facts, stuck=now - self._moved_at)

    def _remember(self, facts: HealthFacts) -> None:
        if not facts.lines or (self._past and facts.at_ns - self._past[-1].at_ns < 0.5 * BEAT * 1e9):
            return
        self._past.append(Beat(facts.at_ns, facts.transit, facts.screen.trip))

    # --- a Shown ----------------------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the lab or the strip was closed."""
        return self._closed or self._source.ended

    def pulse(self) -> object:
        """Nothing is known without a look, and a look a second is enough."""
        return math.floor(self._pump.now() / BEAT)

    def _draw(self) -> go.Figure:
        self._remember(self._source.look())
        return latency(self.past, title=f"{self.title}: latency")

    def still(self) -> str:
        """Everything but the line of latency, as HTML. The pump asks for it too, and waits for nobody."""
        self._source.ask()
        facts = self._source.newest()
        found = concerns(facts)
        word, tone = verdict(facts, found)
        head = (
            f'<div class="banner {tone}"><span class="mode {tone}">{escape.html(word)}</span>'
            f"<span>{escape.html(escape.clip(self.title, 200))}</span>"
            f'<span class="end">{escape.html(cells.utc(facts.at_ns, 0))} UTC</span></div>'
        )
        rows = table(
            ["reading", "value", "detail"], [(one.name, one.value, one.detail) for one in readings(facts)], texts=3
        )
        lines = marked_lines(
            (one.tone, one.where, " ".join(filter(None, (one.what, one.done, one.next)))) for one in found
        )
        return card(f'{head}<div class="body">{lines}{rows}</div>', label=self.title)

    def _page(self) -> str:
        """The facts, and the line of latency once there are enough beats to be one."""
        figure = self._draw()
        beats = self.past
        sections: list[tuple[str, go.Figure | str]] = [(self.title, self._repr_html_())]
        if len(beats) >= _A_LINE:
            sections.append(("latency", figure))
        return page(sections, title=self.title)

    def _facts(self) -> str:
        return verdict(self.facts, self.concerns)[0]

    def __repr__(self) -> str:
        facts = self.facts
        found = concerns(facts)
        lines = [(one.name, " · ".join(filter(None, (one.value, one.detail)))) for one in readings(facts)]
        width = max(len(name) for name, _ in lines)
        said = [f"{self.title}: {verdict(facts, found)[0]}", *(f"  ! {concern}" for concern in found)]
        said += [f"  {name:<{width}}  {value}" for name, value in lines]
        return "\n".join(map(escape.terminal, said))

    def _repr_html_(self) -> str:
        self._source.look()
        return self.still()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Where nothing is kept fresh: the facts as text and as HTML, which say more than the line of latency."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _make(self, now: float) -> Made:
        self._source.look()  # so that the first picture has facts in it
        widget = _widget_class()(key=secrets.token_hex(8), title=escape.visible(escape.clip(self.title, 200)))
        view = HealthView(self, widget.send, now)
        view.on_close = lambda: close_whole(widget)
        widget.on_msg(lambda _, content, __: view.post(content))
        return Made(widget, view, widget.key)


@cache
def _widget_class() -> Any:
    """The widget's class, made when first needed: nothing here loads a widget library before."""
    import traitlets

    from .scripted import Scripted

    class HealthWidget(Scripted):
        """What the browser is handed beforehand: a title. All facts come as frames."""

        script = traitlets.Unicode(script("health.js")).tag(sync=True)
        _css = style("health.css")
        key = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)

    return HealthWidget
