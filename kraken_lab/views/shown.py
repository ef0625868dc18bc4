"""What is shown live besides tables: one figure, or a small panel, that keeps itself fresh wherever it is put.

A `Shown` is what a method like ``book.heatmap()`` gives. As the last line of a cell it is its widget, with a still
beside it for whoever reads the saved notebook; its ``widget`` can stand in a box or a dashboard as well. Where no
person looks, or nothing can be changed later, it is a figure that stands still; in a terminal it is words.

A class of it says how its widget is made (`_make`), what its figure is (`_draw`) and when that has changed (`pulse`).
"""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadArgument
from ..wire import plainly_called
from . import escape, showing, theme
from .front_end import FrontEnd, front_end
from .page import page
from .pump import PUMP, Pump
from .saving import save_page
from .showing import Made
from .sketch import sketch
from .still import Still

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["Made", "Shown", "sketch_html"]

_plainly = plainly_called("picture")


class Shown(ABC):
    """Something live to look at. ``title`` says what it is, and of which venue; it is shown letter by letter."""

    def __init__(self, title: str, *, pump: Pump = PUMP) -> None:
        self.title = title
        self._pump = pump
        self._made: Made | None = None
        self._still: Still | None = None
        self._making = threading.RLock()
        self._closed = False

    # --- what a class says of itself --------------------------------------------------------------------------------

    @abstractmethod
    def _make(self, now: float) -> Made:
        """Its widget and the view that keeps it fresh, at a moment of the pump's clock; the view is not in the pump.

        Raises:
            ImportError: there is no widget library.
        """

    @abstractmethod
    def _draw(self) -> go.Figure:
        """The figure of now, in the dark colours of `theme`."""

    @abstractmethod
    def pulse(self) -> object:
        """Something that is equal as long as nothing changed; None where only a look can tell."""

    @property
    def ended(self) -> bool:
        """Whether nothing in it will ever change again."""
        return self._closed

    def still(self) -> str:
        """What stands beside the live one in a saved notebook, as HTML."""
        return sketch_html(self._draw(), self.title)

    def _facts(self) -> str:
        """What a terminal is told besides the title."""
        return "a live picture"

    # --- what one does with it --------------------------------------------------------------------------------------

    @_plainly
    def snapshot(self, *, theme: theme.Name = "dark") -> go.Figure:
        """A plotly figure of this moment, which never changes, on ``dark`` or on ``light`` paper.

        Raises:
            BadArgument: another ``theme``.
        """
        return _on_paper(self._draw(), theme)

    @property
    def widget(self) -> Any:
        """Its widget, kept fresh from now on; the same every time, until it is closed.

        Raises:
            ImportError: there is no widget library.
        """
        with self._making:
            if self._made is None or self._made.view.closed:
                self._made = self._make(self._pump.now())
                if self._closed:
                    self._made.view.close()
                else:
                    self._pump.add(self._made.view)
            return self._made.widget

    @_plainly
    def pause(self) -> None:
        """Hold the picture still, in every browser that shows it; the stream behind it goes on."""
        if self._made is not None:
            self._made.view.pause(True)

    @_plainly
    def resume(self) -> None:
        """Let it go on from what is newest."""
        if self._made is not None:
            self._made.view.pause(False)

    @_plainly
    def close(self) -> None:
        """End it: what is shown becomes its still. The stream behind it goes on. Idempotent."""
        with self._making:
            self._closed = True
            if self._made is not None:
                self._made.view.close()

    @_plainly
    def save(self, path: str | Path) -> Path:
        """Write the picture of this moment as one HTML file that needs nothing but itself; its path.

        Raises:
            BadArgument: a name that ends in something else than ``.html``, as ``.png``.
            NotSaved: it cannot be written there, say because the folder does not exist.
        """
        return save_page(path, self._page())

    def _page(self) -> str:
        """The file's contents."""
        return page([(self.title, self._draw())], title=self.title)

    # --- how it shows itself ----------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        title = escape.terminal(escape.clip(self.title, 200))
        how = "closed" if self._closed else "the last line of a cell shows it"
        return (
            f"<{title}: {self._facts()}; {how}>\n"
            ".snapshot() is a plotly figure of now, .save('picture.html') keeps one, .close() ends it"
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Where nothing is kept fresh: plotly's figure for who can draw it, a picture for who cannot, and words."""
        bundle: dict[str, Any] = {"text/plain": repr(self)}
        if front_end() is not FrontEnd.PLAIN:
            figure = self._draw()
            bundle["application/vnd.plotly.v1+json"] = json.loads(str(figure.to_json(validate=False)))
            bundle["image/svg+xml"] = sketch(figure)
        return bundle

    def _ipython_display_(self) -> None:
        """In a notebook that somebody looks at: live, with its still. Elsewhere IPython shows the bundle."""
        if self._closed or not front_end().keeps_fresh:
            # IPython's way of saying: show it as you would show anything.
            raise NotImplementedError
        with self._making:
            try:
                widget = self.widget
            except ImportError:
                made = None
            else:
                assert self._made is not None
                made = Made(widget, self._made.view, self._made.key)
            if self._still is not None:
                # Only the cell that shows it last is written anew; a widget is the same in all of them.
                self._still.end()
            words = escape.terminal(f"{self.title}: a live picture")
            self._still = showing.place(self, self.still, words, made, self._pump)
            self._pump.add(self._still)


def sketch_html(figure: go.Figure | theme.Plain, title: str) -> str:
    """A figure's sketch as an HTML image: nothing in it can run, and a reader that shows no image has its title."""
    import base64

    data = base64.b64encode(sketch(figure).encode()).decode("ascii")
    alt = escape.attribute(escape.clip(title, 200))
    return f'<img alt="{alt}, as it stood" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'


def _on_paper(figure: go.Figure, name: theme.Name) -> go.Figure:
    if name not in ("dark", "light"):
        raise BadArgument("theme", name, "'dark' or 'light'")
    return theme.on_light(figure) if name == "light" else figure
