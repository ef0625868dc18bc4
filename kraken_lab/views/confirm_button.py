"""The one button that acts: it tells when it was pressed, by the browser's clock, and is good for one press.

The button has no rules. A press names the number that the button carried and the two times by which `Confirmations`
judges whether it came too late; what it means is decided by whoever put the number there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

__all__ = ["ConfirmButton", "Press"]

_LATE: Final = (
    "This kernel is busy with a cell. A click would reach it only afterwards and would not count, so this waits."
)
_CSS: Final = """
.kl-confirm{--kl-up:#08774a;--kl-down:#c02942;--kl-warn:#955800;max-width:760px;padding:2px;
 font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif);color:var(--jp-ui-font-color1,inherit)}
[data-jp-theme-light="false"] .kl-confirm,.vscode-dark .kl-confirm{--kl-up:#3ddc97;--kl-down:#ff6b7d;--kl-warn:#ffc46b}
.kl-press{font:inherit;font-weight:700;padding:8px 18px;border-radius:8px;border:2px solid currentColor;
 background:transparent;color:inherit;cursor:pointer;text-align:left;overflow-wrap:anywhere;max-width:100%}
.kl-press.up{color:var(--kl-up)}.kl-press.down{color:var(--kl-down)}.kl-press.warn{color:var(--kl-warn)}
.kl-press:hover:enabled{background:rgba(128,136,150,.16)}
.kl-press:focus-visible{outline:3px solid currentColor;outline-offset:2px}
.kl-press:disabled{opacity:.45;cursor:not-allowed;border-style:dashed}
.kl-words{margin-top:5px;overflow-wrap:anywhere}.kl-note{color:var(--kl-warn)}
"""


@dataclass(frozen=True, slots=True)
class Press:
    """One press. ``number`` is what the button carried; times in ms, NaN where the browser told none.

    ``clicked_ms`` is the browser's time of it, ``offset_ms`` what that clock shows more than the kernel's.
    """

    number: int
    clicked_ms: float
    offset_ms: float


class ConfirmButton(anywidget.AnyWidget):
    """A button, a line of words and a note about a busy kernel. It can be pressed while ``number`` is not 0.

    ``pressed`` is called with every press, ``seen`` with whether it can be seen anywhere, and ``there`` with False when
    a view was taken away and True at any word of one that is there; all in whichever thread the kernel handles
    messages: they hand in and return. ``wall_ms`` is the kernel's clock, in ms since 1970. A button that is ``timed``
    waits until the clocks were compared and while the kernel is busy.
    """

    _esm = (Path(__file__).parent / "static" / "confirm_button.js").read_text("utf-8")
    _css = _CSS

    number = traitlets.Int(0).tag(sync=True)
    label = traitlets.Unicode("Confirm").tag(sync=True)
    tone = traitlets.Unicode("").tag(sync=True)
    hint = traitlets.Unicode("").tag(sync=True)
    words = traitlets.Unicode("").tag(sync=True)
    busy_words = traitlets.Unicode(_LATE).tag(sync=True)
    timed = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        *,
        wall_ms: Callable[[], float],
        pressed: Callable[[Press], object],
        seen: Callable[[bool], object] = lambda visible: None,
        there: Callable[[bool], object] = lambda there: None,
        **traits: Any,
    ) -> None:
        super().__init__(**traits)
        self._wall_ms, self._pressed, self._seen, self._there = wall_ms, pressed, seen, there
        self._views: frozenset[str] = frozenset()
        self.heard_of = False
        """Whether its script ever said anything: where a front end does not load it, there is no button."""
        self.on_msg(self._heard)

    def _heard(self, _: object, content: object, __: object) -> None:
        """A message of the browser's; one that is none of these is nobody's."""
        if not isinstance(content, Mapping):
            return
        self.heard_of = True
        kind, view = content.get("kind"), content.get("view")
        self._there(kind != "bye")
        if kind == "ping":
            self.send({"kind": "pong", "view": view, "at": content.get("at"), "kernel_ms": self._wall_ms()})
        elif kind == "seen" and isinstance(view, str):
            self._see(self._views | {view} if content.get("visible") is True else self._views - {view})
        elif kind == "bye" or (kind == "ready" and self._views):
            # Who else is there, and can be seen? The views of a page that was loaded again went without a word.
            self._see(frozenset())
            self.send({"kind": "who"})
        elif kind == "press" and type(content.get("number")) is int:
            clicked, offset = (_time(content.get(name)) for name in ("clicked_ms", "offset_ms"))
            # Nobody can tell how old a press without its times is.
            if math.isfinite(clicked + offset) or not self.timed:
                self._pressed(Press(content["number"], clicked, offset))

    def _see(self, views: frozenset[str]) -> None:
        before, self._views = bool(self._views), views
        if bool(views) is not before:
            self._seen(not before)


def _time(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
