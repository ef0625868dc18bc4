"""The pump and the pace of a picture, on a clock that a test turns."""

from __future__ import annotations

import contextvars
import math
import threading
from collections.abc import Callable

import pytest

from kraken_lab.views.live_view import Frame, LiveView
from kraken_lab.views.pace import Pace
from kraken_lab.views.pump import Pump


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """This moment."""
        return self.now


class APicture(LiveView):
    """A picture that always has something new, and a browser that answers if told to. ``sent``: when what left."""

    def __init__(self, clock: Clock, *, answers: bool = True, size: int = 1_000) -> None:
        super().__init__(self._out, clock(), cost=lambda: 0.0, clock=clock)
        self.clock, self.answers, self.size = clock, answers, size
        self.sent: list[tuple[float, dict[str, object]]] = []
        self.looks = self.asked = 0
        self.news = True
        self.shuts = 0
        if answers:
            self.post({"kind": "ready"})

    def frame(self, whole: bool, now: float) -> Frame | None:
        """Something, or nothing new."""
        self.looks += 1
        return Frame({}, [b"x" * self.size], whole) if self.news or whole else None

    def shut(self) -> None:
        """Counted."""
        self.shuts += 1

    def _out(self, content: dict[str, object], buffers: list[bytes]) -> None:
        if content["kind"] == "who":
            self.asked += 1
            return
        self.sent.append((self.clock(), content))
        if self.answers:
            self.post({"kind": "ack", "seq": content["seq"], "ms": 5.0})


class Turned(Pump):
    """A pump without a thread: a test gives it its turns."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._turns = clock
        self._thread = threading.current_thread()

    def run(self, seconds: float, step: float = 0.01) -> None:
        """Let time pass, with a turn at every hundredth of a second."""
        for _ in range(round(seconds / step)):
            self.turn()
            self._turns.now += step


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def pump(clock: Clock) -> Turned:
    """A pump on it."""
    return Turned(clock)


def frames(picture: APicture) -> int:
    """How many frames left."""
    return len(picture.sent)


# --- how fast -------------------------------------------------------------------------------------------------------


def test_ten_frames_a_second_and_no_more(pump: Turned, clock: Clock) -> None:
    """However fast the source is, with a browser that answers."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(10)
    assert 98 <= frames(picture) <= 102


def test_a_confirmation_in_good_time_wakes_nobody(pump: Turned, clock: Clock) -> None:
    """The pump looks when the next frame may be due, and wants to be told only of what comes after that."""
    picture = APicture(clock, answers=False)
    pump.add(picture)
    pump.run(0.02)
    woken: list[float] = []
    picture.wake = lambda: woken.append(clock.now)
    said_at = clock.now
    picture.post({"kind": "ack", "seq": 1, "ms": 5.0})
    assert not woken
    assert pump.turn() == pytest.approx(0.08)
    pump.run(0.1)
    assert frames(picture) == 2
    assert picture.pace.trip == pytest.approx(said_at - picture.sent[0][0])
    pump.run(0.15)
    assert frames(picture) == 2
    picture.post({"kind": "ack", "seq": 2, "ms": 5.0})
    assert woken == [clock.now]


def test_a_confirmation_between_two_looks_is_not_slept_over(pump: Turned, clock: Clock) -> None:
    """One that came while the pump decided to wait longer, and so woke nobody, is found by the pump itself."""
    picture = APicture(clock, answers=False)
    pump.add(picture)
    pump.run(0.02)
    woken: list[float] = []
    picture.wake = lambda: woken.append(clock.now)
    clock.now += 0.1
    picture.post({"kind": "ack", "seq": 1, "ms": 5.0})
    picture.paint(clock.now)
    assert woken == [clock.now]


def test_without_an_answer_it_goes_on_more_slowly(pump: Turned, clock: Clock) -> None:
    """A kernel that is busy with a cell hears no browser: three frames a second, one after half a minute."""
    picture = APicture(clock, answers=False)
    pump.add(picture)
    pump.run(10)
    assert 30 <= frames(picture) <= 35
    pump.run(25)
    before = frames(picture)
    pump.run(10)
    assert 9 <= frames(picture) - before <= 11


def test_a_browser_that_draws_slowly_is_sent_less() -> None:
    """Drawing takes at most a third of its time."""
    pace, now = Pace(0.0), 0.0
    for seq in range(1, 40):
        pace.sent(seq, now, 0.0)
        pace.acknowledged(seq, 0.2, now)
        now = pace.due
    assert pace.interval == pytest.approx(0.6, rel=0.01)


def test_how_long_a_frame_was_away_is_known_from_its_word() -> None:
    """From sending the newest frame to its acknowledgement; a word of an older one, or a second one, says nothing."""
    pace = Pace(now=0.0)
    assert pace.trip is None
    pace.sent(1, 0.0, 0.0)
    pace.acknowledged(1, 0.004, 0.03)
    assert pace.trip == pytest.approx(0.03)
    assert 0 < pace.drawing <= 0.004
    pace.sent(2, 1.0, 0.0)
    pace.acknowledged(1, 0.004, 1.5)
    assert pace.trip == pytest.approx(0.03)
    pace.acknowledged(2, 0.004, 1.6)
    pace.acknowledged(2, 0.004, 9.9)
    assert pace.trip == pytest.approx(0.6)


def test_a_picture_that_costs_the_kernel_much_is_made_less_often() -> None:
    """Making it takes at most a twentieth of the kernel's time, and never longer than two seconds between."""
    pace = Pace(0.0)
    pace.sent(1, 0.0, 0.02)
    assert pace.interval == pytest.approx(0.4)
    pace.sent(2, 1.0, 5.0)
    assert pace.interval == 2.0


@pytest.mark.promise("B-04")
@pytest.mark.fault("F-155")
def test_all_pictures_together_stay_within_fifty_messages_a_second(pump: Turned, clock: Clock) -> None:
    """Twelve pictures that could send a hundred and twenty share them, and each gets some."""
    pictures = [APicture(clock, size=10) for _ in range(12)]
    for picture in pictures:
        pump.add(picture)
    pump.run(10)
    counts = [frames(picture) for picture in pictures]
    assert sum(counts) <= 50 * 10 + 50
    assert min(counts) >= 30


@pytest.mark.promise("B-04")
@pytest.mark.fault("F-155")
def test_all_pictures_together_stay_within_half_a_megabyte_a_second(pump: Turned, clock: Clock) -> None:
    """A large one goes into debt and waits; a small one beside it goes on."""
    large, small = APicture(clock, size=200_000), APicture(clock, size=100)
    pump.add(large)
    pump.add(small)
    pump.run(10)
    assert frames(large) * 200_000 <= 10 * 500_000 + 700_000
    assert frames(small) >= frames(large)


# --- who looks ------------------------------------------------------------------------------------------------------


@pytest.mark.promise("B-04")
@pytest.mark.parametrize("word", [{"kind": "seen", "visible": False}, {"kind": "pause", "on": True}, {"kind": "bye"}])
def test_hidden_paused_or_closed_costs_nothing(pump: Turned, clock: Clock, word: dict[str, object]) -> None:
    """The source is not even looked at, and the pump sleeps."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(1)
    picture.post(word)
    pump.turn()
    looks = picture.looks
    pump.run(5)
    assert picture.looks == looks
    assert pump.turn() > 1


def test_seen_again_it_gets_everything_at_once(pump: Turned, clock: Clock) -> None:
    """What it missed is not replayed: one whole frame."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(1)
    picture.post({"kind": "seen", "visible": False})
    pump.run(5)
    picture.post({"kind": "seen", "visible": True})
    pump.run(0.02)
    moment, content = picture.sent[-1]
    assert content["base"] == 0
    assert moment >= clock.now - 0.05


def test_scrolled_out_of_sight_it_is_sent_now_and_then(pump: Turned, clock: Clock) -> None:
    """So that it is not old when it is scrolled back while the kernel is too busy to hear of it."""
    picture = APicture(clock)
    pump.add(picture)
    picture.post({"kind": "seen", "visible": True, "near": False})
    pump.turn()
    before = frames(picture)
    pump.run(10)
    assert 4 <= frames(picture) - before <= 6


def test_where_one_page_of_two_goes_the_other_goes_on(pump: Turned, clock: Clock) -> None:
    """One that closes the notebook, is hidden or scrolls away speaks for itself: the kernel asks who else is there."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(1)
    for gone in ({"kind": "bye"}, {"kind": "seen", "visible": False}, {"kind": "seen", "visible": True, "near": False}):
        asked = picture.asked
        picture.post(gone)
        pump.run(0.1)
        assert picture.asked == asked + 1
        picture.post(
            {"kind": "seen", "visible": False, "near": False, "answer": True}
        )  # a third page says that it is hidden
        picture.post({"kind": "seen", "visible": True, "near": True, "answer": True})
        picture.post({"kind": "seen", "visible": True, "near": False, "answer": True})
        before = frames(picture)
        pump.run(2)
        assert frames(picture) - before >= 18
        assert picture.asked == asked + 1
    pump.run(90)
    assert pump.pictures == (picture,)


def test_pages_that_are_all_hidden_are_asked_once(pump: Turned, clock: Clock) -> None:
    """An answer asks for no other answer, and one that sees nothing changes nothing."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(1)
    picture.post({"kind": "seen", "visible": False, "near": True})
    pump.run(0.1)
    for _ in range(2):
        picture.post({"kind": "seen", "visible": False, "near": True, "answer": True})
        pump.run(0.1)
    assert picture.asked == 1
    before = frames(picture)
    pump.run(5)
    assert frames(picture) == before


def test_a_view_that_was_closed_is_forgotten_after_a_minute(pump: Turned, clock: Clock) -> None:
    """A cell that is cut and pasted, or a page loaded again, finds it until then."""
    picture = APicture(clock)
    pump.add(picture)
    picture.post({"kind": "bye"})
    pump.run(59, step=1)
    picture.post({"kind": "ready"})
    pump.run(5, step=1)
    assert picture in pump.pictures
    picture.post({"kind": "bye"})
    pump.run(62, step=1)
    assert picture.closed
    assert picture.shuts == 1
    assert pump.pictures == ()


# --- numbers --------------------------------------------------------------------------------------------------------


def test_every_frame_says_on_which_it_stands(pump: Turned, clock: Clock) -> None:
    """Numbers go up by one, and all but a whole frame stand on the one before."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(2)
    for n, (_, content) in enumerate(picture.sent, 1):
        assert content["seq"] == n
        assert content["base"] in (0, n - 1)
    assert [content["base"] for _, content in picture.sent].count(0) == 1


def test_who_missed_a_frame_gets_the_whole(pump: Turned, clock: Clock) -> None:
    """Out of turn, without waiting for the beat."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(1)
    picture.post({"kind": "resync"})
    pump.turn()
    assert picture.sent[-1][1]["base"] == 0


def test_a_browser_of_which_nothing_is_known_gets_the_whole_now_and_then(pump: Turned, clock: Clock) -> None:
    """Every five seconds while it confirms nothing, whatever it asks or cannot ask."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(1)
    picture.answers = False
    before = frames(picture)
    pump.run(11)
    assert [content["base"] for _, content in picture.sent[before:]].count(0) == 2


def test_a_browser_that_comes_back_from_a_standstill_is_soon_at_full_pace(pump: Turned, clock: Clock) -> None:
    """Ten seconds without an answer cost the frames of that time, and pile nothing up."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(2)
    picture.answers = False
    before = frames(picture)
    pump.run(10)
    assert frames(picture) - before <= 35
    picture.answers = True
    picture.post({"kind": "ack", "seq": picture.seq, "ms": 4})
    before = frames(picture)
    pump.run(2)
    assert frames(picture) - before >= 18


NONSENSE: list[object] = [
    *(None, 7, "ready", {}, {"kind": "ack"}, {"kind": ["ready"]}, {"kind": "seen", "visible": 0}),
    {"kind": "ack", "seq": "x", "ms": math.nan},
]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_from_a_browser_is_let_pass(pump: Turned, clock: Clock, nonsense: object) -> None:
    """It raises nowhere, and the picture goes on."""
    picture = APicture(clock)
    pump.add(picture)
    picture.post(nonsense)
    pump.run(1)
    assert picture.error is None
    assert frames(picture) >= 9


def test_where_nothing_is_new_nothing_is_sent(pump: Turned, clock: Clock) -> None:
    """The source is looked at on the beat, and that is all."""
    picture = APicture(clock)
    pump.add(picture)
    pump.run(1)
    picture.news = False
    pump.run(0.2)
    before = frames(picture)
    pump.run(3)
    assert frames(picture) == before


# --- the thread -----------------------------------------------------------------------------------------------------


def test_one_pictures_error_is_its_own(pump: Turned, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """It is kept, that picture is closed, the other goes on, and nothing is printed."""

    class Broken(APicture):
        def frame(self, whole: bool, now: float) -> Frame | None:
            raise RuntimeError("no")

    broken, sound = Broken(clock), APicture(clock)
    pump.add(broken)
    pump.add(sound)
    pump.run(1)
    assert isinstance(broken.error, RuntimeError)
    assert broken.closed
    assert frames(sound) >= 9
    assert capsys.readouterr() == ("", "")


cell = contextvars.ContextVar("cell", default="none")


def test_the_thread_runs_in_the_context_of_the_cell_that_began_it() -> None:
    """And ends with the last picture; the next one begins another."""
    pump = Pump()
    seen: list[tuple[str, str]] = []
    done = threading.Event()

    class OneLook(APicture):
        def frame(self, whole: bool, now: float) -> Frame | None:
            seen.append((cell.get(), threading.current_thread().name))
            done.set()
            self.close()
            return Frame({}, whole=True)

    def show() -> None:
        clock = Clock()
        clock.now = pump.now()
        pump.add(OneLook(clock))

    for name in ("first", "second"):
        done.clear()
        context = contextvars.copy_context()
        context.run(cell.set, name)
        context.run(show)
        assert done.wait(10)
        ended(lambda: not pump.pictures and pump._thread is None)
    assert seen == [("first", "kraken_lab views"), ("second", "kraken_lab views")]


def ended(condition: Callable[[], bool]) -> None:
    """Wait until another thread has come so far."""
    waiting = threading.Event()
    for _ in range(1_000):
        if condition():
            return
        waiting.wait(0.01)
    raise AssertionError("the thread did not end")
