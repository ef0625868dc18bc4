"""Showing something live in a cell: as a widget with a still beside it, as a still alone, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from . import escape
from .front_end import FrontEnd, front_end
from .live_table import Source, table_widget
from .live_view import LiveView
from .pump import PUMP, Pump
from .still import Changing, Still

__all__ = ["Made", "live_widget", "place", "show_live"]

WIDGET = "application/vnd.jupyter.widget-view+json"

COLAB = "Colab changes an output only while its cell runs: run the cell again for newer rows."


@dataclass(frozen=True, slots=True)
class Made:
    """A widget and the view that keeps it fresh. ``key`` is how it knows, and hides, the stills of it."""

    widget: Any
    view: LiveView
    key: str


_unanswered: WeakKeyDictionary[Source, tuple[LiveView | None, Still]] = WeakKeyDictionary()
"""What each source was last shown by. It is replaced when the source is shown again, unless a browser has it."""

_bare: WeakKeyDictionary[Source, Made] = WeakKeyDictionary()
"""The widget of each source that was asked for one to put somewhere."""


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
    try:
        made = _made(source, title, pump)
    except ImportError:
        made = None
    still = place(source, source._repr_html_, words, made, pump)
    view = None if made is None else made.view
    _unanswered[source] = (view, still)
    if view is not None:
        pump.add(view)
    pump.add(still)
    return True


def live_widget(source: Source, title: str, *, pump: Pump = PUMP) -> Any:
    """The live table's bare widget, for a box or a dashboard, kept fresh from now on; the same until it is closed.

    Raises:
        ImportError: there is no widget library.
    """
    made = _bare.get(source)
    if made is None or made.view.closed:
        _bare[source] = made = _made(source, title, pump)
        pump.add(made.view)
    return made.widget


def place(thing: Changing, html: Callable[[], str], words: str, made: Made | None, pump: Pump) -> Still:
    """Put a widget and its still into the cell that runs, or the still alone; it is not yet in the pump."""
    if made is not None:
        reference = {"version_major": 2, "version_minor": 0, "model_id": made.widget.model_id}
        _display({"text/plain": words, WIDGET: reference})
    name = "" if made is None else made.key
    handle = _display({"text/html": _named(html(), name), "text/plain": words}, own=True)
    view = None if made is None else made.view
    return Still(thing, html, lambda text: handle(_named(text, name)), pump.now(), view)


def _made(source: Source, title: str, pump: Pump) -> Made:
    widget, view = table_widget(source, title, pump.now())
    return Made(widget, view, widget.key)


def _replace(source: Source) -> None:
    """A widget or a still that nobody answered for may be anywhere or nowhere: only the newest is kept up."""
    view, still = _unanswered.pop(source, (None, None))
    if still is not None and (view is None or not view.heard_of):
        still.end()
        if view is not None:
            view.close()


def _named(html: str, key: str) -> str:
    """The still in an element that the live one with this key can hide while it is there."""
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
