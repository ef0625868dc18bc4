"""The live figure without a browser: what travels is what changed, a page gets plotly.js once, nobody is bothered."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.tables.vitals import Vitals
from kraken_lab.views import candles, heatmap
from kraken_lab.views.figure_changes import Parts, frame_between, parts_of
from kraken_lab.views.live_figure import LiveFigure, LiveFigureView

from .figure_screen import FigureScreen, plain_list
from .figures import a_grid, some_candles
from .test_live_table import AComm, comms  # noqa: F401 - a fixture
from .test_pump import Clock, Turned

# --- what changed ---------------------------------------------------------------------------------------------------


def a_line(times: list[float], values: Sequence[float | None], *, name: str = "mid", **more: Any) -> dict[str, Any]:
    """One line."""
    return {"type": "scatter", "name": name, "x": np.array(times), "y": list(values), **more}


def shown(*figures: dict[str, Any]) -> tuple[FigureScreen, list[int]]:
    """A screen that was sent these figures one after the other, and the bytes of each frame's buffers."""
    screen, old, sizes = FigureScreen(), None, []
    for seq, figure in enumerate(figures, start=1):
        new = parts_of(figure)
        frame = frame_between(old, new)
        if frame is not None:
            base = 0 if frame.whole else screen.seq
            screen.take({"kind": "frame", "seq": seq, "base": base, **frame.content}, frame.buffers)
            sizes.append(sum(map(len, frame.buffers)))
        old = new
    return screen, sizes


numbers = st.one_of(st.none(), st.integers(-3, 3).map(float))
traces = st.lists(
    st.builds(
        lambda name, start, values, size, colour: a_line(
            [float(start + n) for n in range(len(values))],
            values,
            name=name,
            marker={"size": size, "color": [colour] * len(values)},
            customdata=[[value, "x"] for value in values],
        ),
        st.sampled_from("ab"),
        st.integers(0, 4),
        st.lists(numbers, max_size=14),
        st.integers(1, 2),
        st.sampled_from(["#000000", "#ffffff"]),
    ),
    max_size=3,
)
layouts = st.dictionaries(st.sampled_from(["shapes", "title", "xaxis"]), st.lists(st.integers(0, 2)), max_size=3)
figures = st.builds(lambda data, layout: {"data": data, "layout": layout}, traces, layouts)


@settings(max_examples=25, deadline=None)
@given(st.lists(figures, min_size=1, max_size=5))
def test_after_every_frame_the_screen_has_the_newest_figure(sequence: list[dict[str, Any]]) -> None:
    """Whatever comes, goes, slides, grows or changes in place."""
    screen, _ = shown(*sequence)
    assert screen.figure() == {**plain_list(sequence[-1])}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 5), st.integers(0, 5), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 7)), max_size=4))
def test_a_matrix_that_slides_is_sent_by_its_new_columns(slid: int, new: int, changed: list[tuple[int, int]]) -> None:
    """Rows are prices and columns moments: what stays is compared, what is new comes behind."""
    z = np.arange(24, dtype="<f4").reshape(3, 8)
    after = np.concatenate([z[:, slid:], np.full((3, new), 99, "<f4")], axis=1)
    for row, column in changed:
        if column < after.shape[1]:
            after[row, column] = -1
    x = np.arange(8 + slid + new, dtype=float)

    def matrix(z: Any, x: Any) -> dict[str, Any]:
        return {"data": [{"type": "heatmap", "name": "z", "x": x, "z": z}], "layout": {}}

    screen, sizes = shown(matrix(z, x[:8]), matrix(after, x[slid : slid + after.shape[1]]))
    assert screen.figure()["data"][0]["z"] == after.tolist()
    if not changed and (slid or new):
        assert sizes[1] == 12 * new + 8 * new


def test_a_window_that_slid_costs_its_new_end() -> None:
    """Of a thousand points one is new and one is another: those travel, and their places."""
    times, values = [float(n) for n in range(1_001)], [float(n % 7) for n in range(1_001)]
    before = {"data": [a_line(times[:-1], values[:-1])], "layout": {}}
    values[500] = 9.0
    screen, sizes = shown(before, {"data": [a_line(times[1:], values[1:])], "layout": {}})
    assert screen.figure()["data"][0]["y"] == values[1:]
    assert sizes == [16_000, 8 + 4 + 16]


def test_nothing_is_sent_of_what_is_as_it_was() -> None:
    """The same figure drawn twice is no frame; a trace that is another sends itself alone."""
    frame = some_candles(list(range(30)), open_ones=[29])
    old, same = (parts_of(candles(frame).to_dict()) for _ in range(2))
    assert frame_between(old, same) is None
    frame = frame.copy()
    frame["close"] = [*frame["close"].iloc[:-1], 99.0]
    changed = frame_between(old, parts_of(candles(frame).to_dict()))
    assert changed is not None
    assert [bool(trace.keys() - {"from"}) for trace in changed.content["traces"]] == [False, False, True, True, False]
    assert changed.nbytes < 700


def test_the_typed_matrix_of_a_heatmap_is_sent_raw() -> None:
    """It is taken as plotly has it, and its missing cells stay missing."""
    figure = heatmap(a_grid(list(range(12)), gaps_at=[3.5]), symbol="BTC/USD").to_dict()
    screen, _ = shown(figure)
    bids = parts_of(figure).traces[0].arrays["z",]
    assert isinstance(bids, np.ndarray)
    assert (bids.dtype, bids.ndim) == (np.dtype("<f4"), 2)
    assert screen.figure()["data"][0]["z"] == plain_list(bids)


# --- the widget -----------------------------------------------------------------------------------------------------


class AChart:
    """A live figure that a test changes, in a browser of ours."""

    def __init__(self, comms: list[AComm], title: str = "BTC/USD mid [test]") -> None:  # noqa: F811
        self.clock = Clock()
        self.pump = Turned(self.clock)
        self.values = [float(n) for n in range(50)]
        self.drawn, self.ended = 0, False
        self.figure = LiveFigure(
            title, self.draw, pulse=lambda: len(self.values), vitals=lambda: Vitals("LIVE", rows=len(self.values)),
            ended=lambda: self.ended, rate=4.0, pump=self.pump,
        )  # fmt: skip
        widget = self.figure.widget
        self.comm = next(comm for comm in comms if comm.comm_id == widget.model_id)
        self.screen, self.taken = FigureScreen(), 0

    def draw(self) -> dict[str, Any]:
        """Counted."""
        self.drawn += 1
        times = [float(n) for n in range(len(self.values))]
        return {"data": [a_line(times, list(self.values))], "layout": {"uirevision": "mid"}}

    @property
    def view(self) -> LiveFigureView:
        """What the pump keeps fresh."""
        (view,) = (picture for picture in self.pump.pictures if isinstance(picture, LiveFigureView))
        return view

    def run(self, seconds: float, *, answer: bool = True) -> int:
        """Let time pass with a browser that takes in what comes; how many messages came."""
        before = self.taken
        for _ in range(round(seconds / 0.05)):
            self.pump.turn()
            while self.taken < len(self.comm.frames):
                content, buffers = self.comm.frames[self.taken]
                self.taken += 1
                self.screen.take(content, buffers)
                if answer and content["kind"] == "frame":
                    self.comm.say(kind="ack", seq=content["seq"], ms=5)
            self.clock.now += 0.05
        return self.taken - before

    def grow(self) -> None:
        """One more value."""
        self.values.append(float(len(self.values) % 5))


@pytest.fixture
def chart(comms: list[AComm]) -> AChart:  # noqa: F811
    """A live figure that a browser has."""
    chart = AChart(comms)
    chart.comm.say(kind="ready")
    chart.run(1.0)
    return chart


def test_a_figure_is_sent_once_and_then_what_changed(chart: AChart) -> None:
    """As often as it changes and at most four times a second; drawn only if the pulse is another."""
    assert chart.screen.figure()["data"][0]["y"] == chart.values
    assert chart.drawn == 1
    before = chart.view.nbytes
    for _ in range(40):
        chart.grow()
        chart.run(0.1)
    chart.run(0.5)
    assert chart.screen.figure()["data"][0]["y"] == chart.values
    assert 14 <= chart.drawn - 1 <= 18
    assert (chart.view.nbytes - before) / (chart.drawn - 1) < 700


def test_a_page_gets_plotly_when_it_asks_and_never_in_the_widgets_state(chart: AChart) -> None:
    """Packed, or plain for a browser that cannot unpack; in the state there is only its version."""
    chart.comm.say(kind="plotly", packed=True)
    chart.comm.say(kind="plotly", packed=False)
    chart.run(0.1)
    (packed, plain) = ((content, data) for content, data in chart.comm.frames if content["kind"] == "plotly")
    assert packed[0] == {"kind": "plotly", "packed": True}
    assert gzip.decompress(packed[1][0]) == plain[1][0]
    assert len(packed[1][0]) < 2_000_000 < len(plain[1][0])
    assert b"plotly.js v" + chart.comm.sent[0][1]["state"]["plotly"].encode() in plain[1][0][:200]
    assert chart.view.libraries == 2
    assert len(json.dumps([data for kind, data, _ in chart.comm.sent if kind == "comm_open"])) < 60_000


def test_a_figure_that_nobody_sees_is_not_drawn(chart: AChart) -> None:
    """Hidden it costs nothing; seen again it is whole at once."""
    chart.comm.say(kind="seen", visible=False, near=True)
    chart.run(0.2)
    drawn = chart.drawn
    chart.grow()
    assert chart.run(5.0) == 0
    assert chart.drawn == drawn
    chart.comm.say(kind="seen", visible=True, near=True)
    chart.run(0.3)
    assert chart.screen.figure()["data"][0]["y"] == chart.values


def test_a_figure_out_of_sight_is_drawn_seldom(chart: AChart) -> None:
    """Scrolled away it is kept up every two seconds."""
    chart.comm.say(kind="seen", visible=True, near=False)
    chart.run(0.5)
    drawn = chart.drawn
    for _ in range(40):
        chart.grow()
        chart.run(0.1)
    assert chart.drawn - drawn <= 3


def test_a_browser_that_missed_a_frame_asks_and_gets_the_whole(chart: AChart) -> None:
    """A lost message is seen by the number of the one after it."""
    chart.grow()
    chart.pump.turn()
    chart.clock.now += 0.5
    chart.pump.turn()
    chart.taken = len(chart.comm.frames)
    chart.grow()
    chart.run(0.6)
    assert chart.screen.asked > 0
    chart.comm.say(kind="resync")
    chart.run(0.5)
    assert chart.screen.figure()["data"][0]["y"] == chart.values


def test_pausing_holds_the_figure_and_going_on_is_whole(chart: AChart) -> None:
    """From the kernel as from the button."""
    chart.figure.pause()
    chart.run(0.2)
    assert chart.screen.paused
    chart.grow()
    drawn = chart.drawn
    chart.run(3.0)
    assert chart.drawn == drawn
    chart.figure.resume()
    chart.run(0.5)
    assert (chart.screen.paused, chart.screen.figure()["data"][0]["y"]) == (False, chart.values)


def test_the_end_of_its_stream_is_told_and_then_nothing(chart: AChart) -> None:
    """The last figure stays; nothing more is drawn or sent."""
    chart.grow()
    chart.ended = True
    chart.run(1.0)
    assert chart.screen.facts["ended"] is True
    assert chart.screen.figure()["data"][0]["y"] == chart.values
    assert chart.run(10.0) == 0


def test_what_goes_on_for_others_is_not_shown_after_the_end(chart: AChart) -> None:
    """A stopped stream's feed may have more users: a figure that says it ended stands still."""
    chart.ended = True
    chart.run(1.0)
    before = list(chart.values)
    chart.grow()
    assert chart.run(5.0) == 0
    assert chart.screen.figure()["data"][0]["y"] == before != chart.values


def test_a_figure_without_a_state_says_that_it_ended(chart: AChart) -> None:
    """An account's profit has no stream; when its lab is closed it would stand still without a word."""
    chart.figure._vitals = Vitals
    chart.run(1.0)
    assert chart.screen.facts["state"] == ""
    chart.ended = True
    chart.run(1.0)
    assert chart.screen.facts["state"] == "STOPPED"


def test_words_of_others_in_the_title_are_harmless(comms: list[AComm]) -> None:  # noqa: F811
    """They reach the page as text without anything that cannot be seen, and the terminal too."""
    chart = AChart(comms, "<img src=x onerror=alert(1)>\x1b[31m")
    assert chart.comm.sent[0][1]["state"]["title"] == r"<img src=x onerror=alert(1)>\x1b[31m"
    assert "\x1b" not in repr(chart.figure)


def test_the_script_makes_no_markup_and_loads_nothing_but_what_it_was_sent(chart: AChart) -> None:
    """The one door is a module made of the kernel's own bytes."""
    state = chart.comm.sent[0][1]["state"]
    doors = ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "fetch("]
    doors += ["http:", "https:", "url("]
    assert [door for door in doors if door in state["script"] + state["_css"]] == []
    assert state["script"].count("import(") == 1
    assert "createObjectURL(new Blob([wrapped]" in state["script"]


def test_parts_of_nothing_are_nothing() -> None:
    """An empty figure is a figure."""
    assert parts_of({"data": [], "layout": {}}) == Parts((), {})
