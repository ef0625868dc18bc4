"""Parts side by side: as widgets where somebody may see them, and as stills wherever no widget lives."""

from __future__ import annotations

from typing import Any

import ipywidgets
import plotly.graph_objects as go
import pytest

from kraken_lab.views import LiveFigure, dashboard
from kraken_lab.views.dashboard import Dashboard
from kraken_lab.views.front_end import FrontEnd
from kraken_lab.views.showing import WIDGET

from .test_live_table import AComm, comms  # noqa: F401 - a fixture


class ATable:
    """A part that has HTML of its own and makes its widget when asked, as tables do."""

    def __init__(self) -> None:
        self.made = ipywidgets.HTML()

    def widget(self) -> ipywidgets.Widget:
        """The same every time."""
        return self.made

    def _repr_html_(self) -> str:
        return "<b>rows</b>"

    def __repr__(self) -> str:
        return "a table"


def parts() -> tuple[LiveFigure, ATable, ipywidgets.HTML]:
    """A picture, a table and a bare widget."""
    return LiveFigure("A <picture>", lambda: go.Figure()), ATable(), ipywidgets.HTML("words")


@pytest.mark.usefixtures("comms")
def test_rows_hold_the_widgets_of_their_parts() -> None:
    """A picture's, a table's, and a widget itself, with their shares; a part alone has a row."""
    picture, table, bare = parts()
    board = Dashboard(picture, [(table, 1, 300), (bare, 0, 500)])
    first, second = board.children
    assert [list(row.children) for row in (first, second)] == [[picture.widget], [table.made, bare]]
    assert [part.layout.flex for part in second.children] == ["1 1 300px", "0 1 500px"]
    board.close()


@pytest.mark.usefixtures("comms")
@pytest.mark.parametrize(("where", "live"), [(FrontEnd.RUNNER, False), (FrontEnd.NOTEBOOK, True)])
def test_where_no_widget_lives_every_part_is_seen(where: FrontEnd, live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture's image, a table's rows, the words of a widget; and no address of an object in the words."""
    monkeypatch.setattr(dashboard, "front_end", lambda: where)
    picture, table, bare = parts()
    board = Dashboard([(picture, 1, 300), (table, 1, 300)], bare)
    bundle: dict[str, Any] = board._repr_mimebundle_()
    assert (WIDGET in bundle) is live
    html = bundle["text/html"]
    assert 'alt="A &lt;picture&gt;, as it stood"' in html
    assert "<b>rows</b>" in html
    assert "words" in html
    assert "object at 0x" not in bundle["text/plain"] + html
    assert bundle["text/plain"].startswith("<A <picture>: a live figure")
    board.close()
