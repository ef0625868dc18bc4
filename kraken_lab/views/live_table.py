"""A table in a cell that keeps itself fresh: an anywidget that is sent what changed, and draws only what can be seen.

The widget holds no rules. It shows a picture of a source, and says whether anybody looks; pausing it pauses the
picture, not the source.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Protocol, runtime_checkable

from ..market import BookSnapshot
from ..tables import Schema, TableView
from ..tables.vitals import Vitals
from . import escape
from .ending import close_whole
from .level_picture import LevelPicture, level_frame, level_picture
from .live_view import Frame, LiveView, Send, with_facts
from .picture import Picture, Words, frame_between, heading, picture_of
from .scripts import script, style
from .vitals_line import VitalsLine

__all__ = ["BookTable", "LiveTableView", "Source", "table_widget"]

ROWS = 1_000
"""The newest rows a browser is sent."""


class Source(Protocol):
    """A table that grows behind one's back, as far as a view knows it."""

    schema: Schema

    def _repr_html_(self) -> str:
        """The static table."""

    @property
    def order_by(self) -> str | None:
        """The time column by which new rows are known; None where rows are changed in place."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""

    def pulse(self) -> object:
        """Something that is equal as long as nothing changed; None where that cannot be told without a look."""

    def photograph(self, rows: int) -> TableView:
        """The newest rows, at most so many."""

    def vitals(self) -> Vitals:
        """How it is doing."""


@runtime_checkable
class BookTable(Protocol):
    """A source whose rows are the levels of books: these say it in fewer bytes."""

    def books(self, rows: int) -> Sequence[BookSnapshot]:
        """The books of which `Source.photograph` gives the rows."""


class _Rows:
    """What to send of any table: the cells that changed."""

    def __init__(self, source: Source, rows: int) -> None:
        self._source, self._rows = source, rows
        self._words, self._words_sent = Words(), 0
        self._last: Picture | None = None

    def look(self, whole: bool) -> Frame | None:
        """What changed since the last look; all of it if asked to."""
        picture = picture_of(self._source.photograph(self._rows), self._words, self._source.order_by)
        frame = frame_between(None if whole else self._last, picture)
        self._last = picture
        if frame is None:
            return None
        if whole:
            self._words_sent = 0
        known, sent = self._words.known, self._words_sent
        if len(known) == sent:
            return frame
        self._words_sent = len(known)
        return replace(frame, content={**frame.content, "words_from": sent, "words": known[sent:]})


class _Levels:
    """What to send of books: the levels that changed."""

    def __init__(self, source: BookTable, rows: int) -> None:
        self._source, self._rows = source, rows
        self._last: LevelPicture | None = None

    def look(self, whole: bool) -> Frame | None:
        """What changed since the last look; all of it if asked to."""
        picture = level_picture(self._source.books(self._rows))
        frame = level_frame(None if whole else self._last, picture)
        self._last = picture
        return frame


class LiveTableView(LiveView):
    """The table of one source in a browser. ``send`` brings frames there."""

    def __init__(
        self,
        source: Source,
        send: Send,
        now: float,
        *,
        rows: int = ROWS,
        on_close: Callable[[], object] = lambda: None,
        **clocks: Any,
    ) -> None:
        super().__init__(send, now, **clocks)
        self._source, self._on_close = source, on_close
        self._eye: _Rows | _Levels | None
        self._eye = _Levels(source, rows) if isinstance(source, BookTable) else _Rows(source, rows)
        self._pulse: object = None
        self._line = VitalsLine(source.vitals, now)

    def frame(self, whole: bool, now: float) -> Frame | None:
        """What changed in the table since the last frame, and the line of facts above it."""
        # Asked first: then the frame that tells the end has all there was until then. What a stopped stream is made of
        # may go on for another one; that is not shown as if it had not ended.
        ended = self._source.ended
        pulse = self._source.pulse()
        frame = None
        if self._eye is not None and (whole or pulse is None or pulse != self._pulse):
            # The pulse is read before the rows: a change in between is seen the next time, not missed.
            frame = self._eye.look(whole)
            self._pulse = pulse
        facts = self._line.news(now, ended=ended, whole=whole, along=frame is not None)
        return with_facts(frame, facts)

    @property
    def over(self) -> bool:
        """Whether the browser was told that nothing will change any more."""
        return self._line.told_the_end

    def shut(self) -> None:
        """The widget is closed with the picture."""
        self._eye = None
        self._on_close()


# --- the widget -----------------------------------------------------------------------------------------------------


@cache
def _widget_class() -> Any:
    """The widget's class, made when first needed: nothing here loads a widget library before."""
    import traitlets

    from .scripted import Scripted

    class LiveTableWidget(Scripted):
        """What the browser is handed beforehand: which columns there are. All rows come as frames."""

        script = traitlets.Unicode(script("table_cells.js", "table_levels.js", "live_table.js")).tag(sync=True)
        _css = style("live_table.css")
        key = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        columns: Any = traitlets.List().tag(sync=True)
        newest_first = traitlets.Bool().tag(sync=True)
        most = traitlets.Int(ROWS).tag(sync=True)

    return LiveTableWidget


def table_widget(source: Source, title: str, now: float) -> tuple[Any, LiveTableView]:
    """A widget that shows a source, and the view that keeps it fresh once the pump has it.

    Raises:
        ImportError: there is no widget library.
    """
    widget = _widget_class()(
        key=secrets.token_hex(8),
        title=escape.visible(escape.clip(title, 200)),
        columns=heading(source.photograph(1)),
        newest_first=source.order_by is not None,
    )
    view = LiveTableView(source, widget.send, now, on_close=lambda: close_whole(widget))
    # A handler may run in any thread, also in the middle of a cell: it only puts down what was said.
    widget.on_msg(lambda _, content, __: view.post(content))
    return widget, view
