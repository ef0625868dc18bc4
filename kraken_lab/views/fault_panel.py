"""The fault panel: buttons that make a sandbox misbehave, and a log of what the lab noticed of it.

It shows what it is offered and calls methods; which faults there are, how they are worked and what came of them is
decided by whoever stands behind it. A click only hands in: nothing waits in a handler.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import ipywidgets

from ..errors import KrakenLabError
from ..wire import Instant
from . import cells, escape
from .boxes import boxed
from .ending import close_parts
from .own_keys import OwnKeys
from .worker import Failed, Worker, Works

__all__ = ["Choice", "Fault", "FaultBench", "FaultPanel", "Step"]

LOOK: Final = 0.5
"""Seconds between two looks at what the lab noticed."""
FOLLOW: Final = 60.0
"""Seconds after its last step for which a fault is looked after."""
ENTRIES: Final = 10
NOTICED: Final = 8
"""Lines that are shown of what was noticed of one fault."""
_STYLE: Final = """<style>
.kl-faults .widget-tab-contents{padding:8px 10px!important;overflow:visible!important}
.kl-faults :is(button,select,input):focus-visible{outline:3px solid #4c8bf5!important;outline-offset:1px}
[data-jp-theme-light="false"] .kl-faults .widget-dropdown>select{appearance:auto;background-image:none}
.kl-faults .lm-TabBar-tab{flex:0 0 auto!important}
.kl-faults .kl-log td{white-space:normal;overflow-wrap:anywhere;max-width:none}
.kl-faults .kl-log td:first-child{white-space:nowrap;font-variant-numeric:tabular-nums}
.kl-faults .kl-log td:nth-child(2){min-width:13em}
</style>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that can go wrong. ``see`` says what one will see of it, in a sentence or two.

    ``uses`` names the fields of the panel that it depends on: ``pair``, ``seconds``, ``state``.
    """

    key: str
    group: str
    name: str
    see: str
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What the fields of the panel say."""

    pair: str
    seconds: float
    state: str


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a fault: what it does, in words, the doing, and how many seconds after the click."""

    words: str
    do: Callable[[], object]
    after: float = 0.0


class FaultBench(Protocol):
    """What a panel needs of the lab. These are called on a worker and may wait, but for the properties."""

    @property
    def title(self) -> str:
        """Which exchange is meant, in words."""

    @property
    def caption(self) -> str:
        """What there is to know beforehand."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What can be made to happen here, group by group."""

    @property
    def pairs(self) -> tuple[str, ...]:
        """The pairs to choose from; the first one is chosen."""

    @property
    def states(self) -> tuple[str, ...]:
        """The states that exchange and pairs can be in."""

    def now(self) -> Instant:
        """This moment. It does not wait."""

    def plan(self, fault: Fault, choice: Choice) -> tuple[Step, ...]:
        """The steps of a fault; raises a `KrakenLabError` that says why it cannot be done now."""

    def restore(self) -> str:
        """Take everything back; what that was, in words."""

    def watch(self) -> Callable[[], tuple[str, ...]]:
        """Look at the lab now; what it gives tells, whenever called, what the lab has noticed since."""


@dataclass(slots=True)
class _Entry:
    """A line of the log."""

    at: Instant
    words: list[str]
    since: Callable[[], tuple[str, ...]]
    until: float
    """Monotonic seconds up to which it is looked after."""
    noticed: tuple[str, ...] = ()


class FaultPanel(ipywidgets.VBox):  # type: ignore[misc]
    """Buttons for everything a sandbox can do wrong, and a log of what came of it.

    ``workers`` makes what does the work of handlers.
    """

    _alive = False
    """Whether it is made and was not closed."""

    def __init__(self, bench: FaultBench, *, workers: Callable[[str, Failed], Works] = Worker) -> None:
        self._bench = bench
        self._works = workers("kraken_lab faults", self._failed)
        self._entries: deque[_Entry] = deque(maxlen=ENTRIES)
        self._round = 0
        """Goes up when everything is taken back: steps that still wait are then too late."""
        self.pair = ipywidgets.Dropdown(options=bench.pairs, description="pair", layout=_wide("220px"))
        self.seconds = ipywidgets.BoundedFloatText(
            value=7.0, min=0.5, max=60.0, step=0.5, description="seconds", layout=_wide("170px")
        )
        self.state = ipywidgets.Dropdown(
            options=bench.states, value=bench.states[0], description="state", layout=_wide("220px")
        )
        self.normal = ipywidgets.Button(
            description="Back to normal",
            tooltip="Takes every fault back: lost answers, slowness, states, clocks.",
            icon="undo",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.normal.on_click(lambda _: self._works.put(self._restore))
        self.buttons: dict[str, ipywidgets.Button] = {}
        groups: dict[str, list[Any]] = {}
        for fault in bench.faults:
            groups.setdefault(fault.group, []).extend(self._row(fault))
        grid = ipywidgets.Layout(grid_template_columns="minmax(150px, 230px) minmax(0, 1fr)", grid_gap="6px 14px")
        self.tabs = ipywidgets.Tab(
            [ipywidgets.GridBox(rows, layout=grid) for rows in groups.values()], titles=tuple(groups)
        )
        self.result, self.journal = ipywidgets.HTML(), ipywidgets.HTML()
        title, caption = escape.html(bench.title), escape.html(bench.caption)
        head = f'<div class="title">{title}</div><div class="caption">{caption}</div>'
        super().__init__(
            [
                ipywidgets.HTML(_STYLE + boxed(head)),
                ipywidgets.HBox(
                    [self.pair, self.seconds, self.state, self.normal],
                    layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 8px"),
                ),
                self.tabs,
                self.result,
                self.journal,
                OwnKeys(),
            ]
        )
        self.add_class("kl-whole")
        self.add_class("kl-faults")
        self._alive = True
        self._say("Nothing was done yet.")
        self._draw()

    def _row(self, fault: Fault) -> tuple[Any, Any]:
        button = ipywidgets.Button(
            description=escape.visible(fault.name), tooltip=escape.visible(fault.see), layout=_wide("100%")
        )
        button.on_click(lambda _: self._clicked(fault))
        self.buttons[fault.key] = button
        uses = f" Uses: {', '.join(fault.uses)}." if fault.uses else ""
        return button, ipywidgets.HTML(boxed(f'<div>{escape.html(fault.see)}<span class="caption">{uses}</span></div>'))

    # --- for code ---------------------------------------------------------------------------------------------------

    @property
    def happened(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What was done and what the lab noticed of it, oldest first."""
        return tuple((" ".join(entry.words), entry.noticed) for entry in reversed(self._entries))

    def close(self) -> None:
        """Take it off the screen. What was done stays done: `Back to normal` takes it back. Idempotent."""
        self._alive = False
        self._works.close()
        close_parts(self)
        super().close()

    # --- what a person does, in any thread --------------------------------------------------------------------------

    def _clicked(self, fault: Fault) -> None:
        choice = Choice(self.pair.value or "", float(self.seconds.value), self.state.value)
        self._works.put(lambda: self._begin(fault, choice))

    # --- on the worker ----------------------------------------------------------------------------------------------

    def _begin(self, fault: Fault, choice: Choice) -> None:
        steps = self._bench.plan(fault, choice)
        entry = self._open(max((step.after for step in steps), default=0.0))
        for step in steps:
            if step.after:
                self._works.put(partial(self._later, entry, step, self._round), after=step.after)
            else:
                self._do(entry, step)
        self._say(" ".join(entry.words), f"What one sees: {fault.see}")
        self._draw()

    def _later(self, entry: _Entry, step: Step, number: int) -> None:
        if number == self._round:
            self._do(entry, step)
            self._draw()

    def _do(self, entry: _Entry, step: Step) -> None:
        step.do()
        if step.words:
            entry.words.append(step.words)

    def _restore(self) -> None:
        self._round += 1
        entry = self._open(0.0)
        entry.words.append(self._bench.restore())
        self._say(" ".join(entry.words))
        self._draw()

    def _open(self, lasts: float) -> _Entry:
        """A new line of the log; what is noticed from now on is its own."""
        self._note()
        at = self._bench.now()
        entry = _Entry(at, [], self._bench.watch(), at.mono + lasts + FOLLOW)
        self._entries.appendleft(entry)
        self._works.put(self._look, key="look", after=LOOK)
        return entry

    def _look(self) -> None:
        try:
            if self._note():
                self._draw()
        finally:
            if self._entries and self._bench.now().mono < self._entries[0].until:
                self._works.put(self._look, key="look", after=LOOK)

    def _note(self) -> bool:
        """What the lab has noticed of the newest fault; whether that is more than before."""
        if not self._entries:
            return False
        entry = self._entries[0]
        noticed = entry.since()
        if noticed == entry.noticed:
            return False
        entry.noticed = noticed
        return True

    def _failed(self, error: Exception) -> None:
        """A job could not be done: say it where it is seen. Nothing is printed from a thread."""
        said = str(error) if isinstance(error, KrakenLabError) else f"{type(error).__name__}: {error}"
        self._say(f"Not done: {said}")

    # --- painting ---------------------------------------------------------------------------------------------------

    def _say(self, words: str, more: str = "") -> None:
        # role=status: a screen reader tells it when it changes.
        said = f"<b>{escape.html(escape.clip(words, 800))}</b> {escape.html(more)}"
        self.result.value = boxed(f'<div role="status">{said}</div>')

    def _draw(self) -> None:
        if not self._entries:
            self.journal.value = boxed(
                '<div class="caption">Here will stand when, what, and what the lab noticed of it.</div>'
            )
            return
        rows = "".join(_line(entry, still=not at) for at, entry in enumerate(self._entries))
        head = "".join(
            f'<th scope="col">{name}</th>' for name in ("time (UTC)", "what was done", "what the lab noticed")
        )
        table = f'<table class="kl-log"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        self.journal.value = boxed(f'<div class="scroll">{table}</div>')

    # --- where widgets do not work ----------------------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widget, with a sentence beside it for a saved notebook, in which no kernel stands behind it."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options) or {}
        return {**bundle, "text/plain": repr(self), "text/html": boxed(f"<div>{escape.html(self._in_words)}</div>")}

    def __repr__(self) -> str:
        """In words: what a terminal shows of it, and what to do there."""
        return escape.terminal(self._in_words)

    @property
    def _in_words(self) -> str:
        return f"{self._bench.title}. It needs a running kernel; lab.sandbox.control(fault=...) does the same."


def _line(entry: _Entry, *, still: bool) -> str:
    """A line of the log; ``still``: more may come of it."""
    shown = list(entry.noticed[:NOTICED]) or ["nothing yet" if still else "nothing"]
    if (more := len(entry.noticed) - NOTICED) > 0:
        shown.append(f"and {more} more")
    said = "".join(f"<div>{escape.html(escape.clip(line, 300))}</div>" for line in shown)
    time = cells.utc(entry.at.wall_ns, 1).partition(" ")[2]
    words = escape.html(escape.clip(" ".join(entry.words), 400))
    return f'<tr><td class="t">{time}</td><td>{words}</td><td>{said}</td></tr>'


def _wide(width: str) -> ipywidgets.Layout:
    return ipywidgets.Layout(width=width)
