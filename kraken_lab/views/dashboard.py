"""Pictures, tables and tickets side by side: widgets in rows, and the still of each where no widget lives.

A box of widgets leaves nothing to see in a notebook that was only run, or that is read where no kernel is. So this one
brings what its parts look like at the moment it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import ipywidgets

from . import escape
from .front_end import front_end
from .showing import WIDGET
from .shown import Shown

__all__ = ["Dashboard"]

Place: TypeAlias = tuple[Any, int, int]
"""A part, its share of the row's width beyond what it needs, and the least width in pixels."""


class Dashboard(ipywidgets.VBox):  # type: ignore[misc]
    """Rows of parts, above one another. A part is whatever a lab shows live: a picture, a table, a ticket, a blotter.

    A row is one part, or places side by side; those that do not fit beside their neighbours stand below them.

    >>> above, left, right = map(ipywidgets.HTML, ("above", "left", "right"))
    >>> board = Dashboard(above, [(left, 1, 300), (right, 0, 540)])
    >>> [len(row.children) for row in board.children]
    [1, 2]
    >>> board.close()
    """

    def __init__(self, *rows: Any | Sequence[Place]) -> None:
        places = [list(row) if isinstance(row, list | tuple) else [(row, 1, 0)] for row in rows]
        self._shown_parts = [part for row in places for part, *_ in row]
        super().__init__([_row(row) for row in places])

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widgets where somebody may see them, and beside them, or alone, what stands still of each part."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options) or {}
        if not front_end().keeps_fresh:
            bundle.pop(WIDGET, None)
        stills = "".join(f'<div style="margin:0 0 14px">{_still(part)}</div>' for part in self._shown_parts)
        return {**bundle, "text/plain": repr(self), "text/html": stills}

    def __repr__(self) -> str:
        """Every part in words."""
        return "\n\n".join(map(repr, self._shown_parts))


def _row(places: Sequence[Place]) -> ipywidgets.HBox:
    widgets = []
    for part, share, least in places:
        widget = _widget(part)
        widget.layout.flex, widget.layout.min_width = f"{share} 1 {least}px", f"min(100%, {least}px)"
        widgets.append(widget)
    return ipywidgets.HBox(widgets, layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="8px 14px"))


def _widget(part: Any) -> ipywidgets.Widget:
    """A picture has a widget, a table makes one, and a ticket is one."""
    if isinstance(part, ipywidgets.Widget):
        return part
    return part.widget() if callable(part.widget) else part.widget


def _still(part: Any) -> str:
    """What is seen of a part where it cannot be live, as HTML."""
    if hasattr(part, "_repr_html_"):
        return str(part._repr_html_())
    if isinstance(part, Shown):
        return part.still()
    bundle = part._repr_mimebundle_() or {}
    return str(bundle.get("text/html") or f"<pre>{escape.html(escape.clip(repr(part), 2_000))}</pre>")
