"""Something live besides tables: how it is shown, paused, kept and ended, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import BadArgument, NotSaved
from kraken_lab.views import showing, shown, theme
from kraken_lab.views.front_end import FrontEnd
from kraken_lab.views.live_view import Frame, LiveView
from kraken_lab.views.saving import save_page
from kraken_lab.views.shown import Made, Shown

from .test_live_table import AComm, Notebook, comms  # noqa: F401 - a fixture
from .test_pump import Clock, Turned


class AView(LiveView):
    """A view that sends its count."""

    def frame(self, whole: bool, now: float) -> Frame | None:
        """Always something."""
        return Frame({"count": self.seq}, whole=whole)


class APicture(Shown):
    """A figure of a number."""

    number = 0

    def __init__(self, pump: Turned) -> None:
        super().__init__("BTC/USD <img src=x onerror=alert(1)> [test]", pump=pump)

    def _make(self, now: float) -> Made:
        import ipywidgets

        widget = ipywidgets.HTML()
        view = AView(widget.send, now)
        widget.on_msg(lambda _, content, __: view.post(content))
        return Made(widget, view, "k1")

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        figure = go.Figure(go.Scatter(x=[1, 2], y=[self.number, 2], line={"color": theme.BUY}))
        figure.update_layout(paper_bgcolor=theme.PAPER, title="A picture")
        return figure

    def pulse(self) -> object:
        """Its number."""
        return self.number


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """A notebook that somebody looks at."""
    notebook = Notebook()
    monkeypatch.setattr(showing, "_display", notebook.display)
    monkeypatch.setattr(shown, "front_end", lambda: FrontEnd.NOTEBOOK)
    return notebook


@pytest.fixture
def picture(comms: list[AComm]) -> APicture:  # noqa: F811
    """A picture in a pump that a test turns."""
    return APicture(Turned(Clock()))


def test_a_cell_shows_the_widget_and_its_still(picture: APicture, notebook: Notebook) -> None:
    """The widget first, then a still that knows the widget's key; both are kept up by the pump."""
    picture._ipython_display_()
    live, still = notebook.outputs
    assert live[showing.WIDGET]["model_id"] == picture.widget.model_id
    assert "kl-still-k1" in still["text/html"]
    assert "data:image/svg+xml" in still["text/html"]
    assert "onerror=alert(1)>" not in still["text/html"]
    assert len(picture._pump.pictures) == 2


def test_shown_again_it_is_the_same_widget_and_one_still(picture: APicture, notebook: Notebook) -> None:
    """The widget's state is shared; only the newest cell's still is written anew."""
    for _ in range(3):
        picture._ipython_display_()
    assert len({show[showing.WIDGET]["model_id"] for show in notebook.outputs if showing.WIDGET in show}) == 1
    picture._pump.turn()
    assert len(picture._pump.pictures) == 2


def test_its_widget_is_made_once_and_again_after_it_was_closed(picture: APicture) -> None:
    """A widget whose last page left long ago is over; asking again makes another."""
    first = picture.widget
    assert picture.widget is first
    assert picture._made is not None
    picture._made.view.close()
    assert picture.widget is not first


def test_a_picture_whose_cell_is_gone_leaves_the_pump_with_its_still(picture: APicture, notebook: Notebook) -> None:
    """A minute after its last page closed it. A cell that is run again and again makes no more and no more of them."""
    picture._ipython_display_()
    assert picture._made is not None
    clock, view = picture._pump._clock, picture._made.view
    assert isinstance(clock, Clock)
    for words in ({"kind": "ready"}, {"kind": "bye"}):
        view.post(words)
        picture._pump.turn()
    clock.now += 30
    picture._pump.turn()
    assert len(picture._pump.pictures) == 2
    clock.now += 31
    for _ in range(3):
        picture._pump.turn()
    assert view.closed
    assert list(picture._pump.pictures) == []


def test_pausing_from_the_kernel_tells_the_browser(picture: APicture, comms: list[AComm]) -> None:  # noqa: F811
    """The browser is told, nothing more is sent, and a page that comes later sees what stands still."""
    widget = picture.widget
    line = next(comm for comm in comms if comm.comm_id == widget.model_id)
    picture._pump.turn()
    picture.pause()
    picture._pump.turn()
    kinds = [content["kind"] for content, _ in line.frames]
    assert kinds == ["frame", "paused"]
    line.say(kind="ready")
    picture._pump.turn()
    assert [content["kind"] for content, _ in line.frames[2:]] == ["frame", "paused"]
    assert line.frames[2][0]["base"] == 0
    picture.resume()
    picture._pump.turn()
    assert [content.get("on") for content, _ in line.frames[4:]] == [False, None]


def test_closing_ends_the_view_and_is_idempotent(picture: APicture, notebook: Notebook) -> None:
    """The still is written a last time; nothing is left in the pump; shown again it stands still."""
    picture._ipython_display_()
    picture.close()
    picture.close()
    picture._pump.turn()
    picture._pump.turn()
    assert list(picture._pump.pictures) == []
    with pytest.raises(NotImplementedError):
        picture._ipython_display_()
    assert "closed" in repr(picture)


@pytest.mark.parametrize("where", [FrontEnd.RUNNER, FrontEnd.COLAB])
def test_where_nothing_is_kept_fresh_it_is_a_figure_and_a_picture(
    picture: APicture, monkeypatch: pytest.MonkeyPatch, where: FrontEnd
) -> None:
    """What runs notebooks writes down plotly's figure, an SVG and words."""
    monkeypatch.setattr(shown, "front_end", lambda: where)
    with pytest.raises(NotImplementedError):
        picture._ipython_display_()
    bundle = picture._repr_mimebundle_()
    assert bundle["application/vnd.plotly.v1+json"]["layout"]["title"]["text"] == "A picture"
    assert bundle["image/svg+xml"].startswith("<svg")


def test_in_a_terminal_it_is_words(picture: APicture) -> None:
    """No figure is drawn for who could not see it."""
    assert list(picture._repr_mimebundle_()) == ["text/plain"]
    assert ".snapshot()" in repr(picture)


def test_a_snapshot_is_on_dark_or_on_light_paper(picture: APicture) -> None:
    """Colours have their counterparts, everything else stays."""
    dark, light = picture.snapshot(), picture.snapshot(theme="light")
    assert (dark.layout.paper_bgcolor, dark.data[0].line.color) == (theme.PAPER, theme.BUY)
    assert (light.layout.paper_bgcolor, light.data[0].line.color) == ("#ffffff", theme.LIGHT[theme.BUY])
    assert light.layout.title.text == "A picture"


def test_it_is_saved_as_one_file_that_loads_nothing(picture: APicture, tmp_path: Path) -> None:
    """The title's mark-up is text in it."""
    written = picture.save(tmp_path / "picture.html").read_text("utf-8")
    assert "<img src=x" not in written
    assert "Content-Security-Policy" in written


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "missing/folder/x.html",
            "x.html could not be saved: the folder .*missing/folder does not exist",
        ),
        ("", "could not be saved: Is a directory"),
        ("file.html/x.html", "could not be saved: Not a directory|the folder .* does not exist"),
        ("x\0.html", "could not be saved: .*null byte"),
    ],
    ids=["no folder", "a folder", "a file as folder", "no name"],
)
def test_what_cannot_be_saved_is_said_in_words(picture: APicture, tmp_path: Path, path: str, said: str) -> None:
    """The folder that is missing by name, that nothing was written, and still the kind of error that Python raises."""
    (tmp_path / "file.html").write_text("mine")
    with pytest.raises(NotSaved, match=said) as caught:
        picture.save(f"{tmp_path}/{path}")
    assert isinstance(caught.value, OSError)
    assert str(caught.value).endswith("Nothing was written.")
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("file.html", "mine")]


@pytest.mark.parametrize("path", [None, 5, b"x", "", True])
def test_what_names_no_file_is_refused(picture: APicture, path: object) -> None:
    """With what would be right."""
    with pytest.raises(BadArgument, match=r"the name of a file, as in 'page\.html'"):
        picture.save(path)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["x.png", "x.PDF", "x.svg", "x.html.txt"])
def test_a_page_is_not_written_under_the_name_of_something_else(picture: APicture, tmp_path: Path, name: str) -> None:
    """Whoever asks for a PNG would have a file that nothing opens: refused, with the name that is right."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(BadArgument, match=r"ends in \.html, as x(\.html)?\.html.*nothing was written"):
        picture.save(tmp_path / name)
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [(name, "mine")]


def test_a_disk_that_fills_up_leaves_no_doubt_about_the_file() -> None:
    """What there is of it is said not to be complete."""
    with pytest.raises(NotSaved, match=r"No space left on device\. What there is of it is not complete\."):
        save_page("/dev/full", "x" * 100_000)
