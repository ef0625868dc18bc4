"""Showing a live table in a cell: as a widget with a still beside it, as a still alone, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from . import escape
from .front_end import FrontEnd, front_end
from .live_table import LiveTableView, Source, table_widget
from .pump import PUMP, Pump
from .still import Still

__all__ = ["show_live"]

WIDGET = "application/vnd.jupyter.widget-view+json"

COLAB = "Colab changes an output only while its cell runs: run the cell again for newer rows."

_unanswered: WeakKeyDictionary[Source, tuple[LiveTableView | None, Still]] = WeakKeyDictionary()
"""What each source was last shown by. It is replaced when the source is shown again, unless a browser has it."""


def show_live(source: Source, title: str, *, pump: Pump = PUMP) -> bool:
    """Show a table that keeps itself fresh in the cell that runs. ``title`` says what it is, and of which venue.

    False, and nothing is shown, where nothing could be kept fresh: outside a notebook, and where no person is.
    """
    where, words = front_end(), escape.terminal(f"{title}: a live table")
    if where is FrontEnd.COLAB:
        _display({"text/html": f"{source._repr_html_()}<p>{escape.html(COLAB)}</p>", "text/plain": words})
        return True
    if not where.keeps_fresh:
        return False
    _replace(source)
    live = _show_widget(source, title, pump.now())
    name = "" if live is None else live[0]
    handle = _display({"text/html": _named(source._repr_html_(), name), "text/plain": words}, own=True)
    view = None if live is None else live[1]
    still = Still(source, source._repr_html_, lambda text: handle(_named(text, name)), pump.now(), view)
    _unanswered[source] = (view, still)
    if view is not None:
        pump.add(view)
    pump.add(still)
    return True


def _show_widget(source: Source, title: str, now: float) -> tuple[str, LiveTableView] | None:
    """The widget in the cell: its key and its view; None where there is no widget library."""
    try:
        widget, view = table_widget(source, title, now)
    except ImportError:
        return None
    _display(
        {
            "text/plain": escape.terminal(f"{title}: a live table"),
            WIDGET: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id},
        }
    )
    return widget.key, view


def _replace(source: Source) -> None:
    """A widget or a still that nobody answered for may be anywhere or nowhere: only the newest is kept up."""
    view, still = _unanswered.pop(source, (None, None))
    if still is not None and (view is None or not view.heard_of):
        still.end()
        if view is not None:
            view.close()


def _named(html: str, key: str) -> str:
    """The still in an element that the live table with this key can hide while it is there."""
    return f'<div class="kl-still kl-still-{key}">{html}</div>' if key else html


def _display(bundle: Mapping[str, Any], *, own: bool = False) -> Callable[[str], object]:
    """Show something in the cell that runs; with ``own`` what is given changes its HTML later, from any thread."""
    from IPython.display import display

    show: Callable[..., Any] = display
    if not own:
        show(dict(bundle), raw=True)
        return lambda html: None
    handle = show(dict(bundle), raw=True, display_id=True)

    def change(html: str) -> object:
        return handle.update({**bundle, "text/html": html}, raw=True)

    return change
