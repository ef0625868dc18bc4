"""What handlers hand in is done once, in order, in time, and on another thread."""

from __future__ import annotations

import contextvars
import threading
from functools import partial

import pytest

from kraken_lab.views import worker as module
from kraken_lab.views.worker import Agenda, Worker


def taken(agenda: Agenda, now: float) -> list[object]:
    """What all jobs that are due give."""
    found = []
    while (job := agenda.take(now)) is not None:
        found.append(job())
    return found


def test_jobs_are_done_in_the_order_they_were_handed_in() -> None:
    """Those without a key all, each once."""
    agenda = Agenda()
    for name in "abc":
        agenda.put(partial(str, name), 0.0)
    assert taken(agenda, 0.0) == ["a", "b", "c"]
    assert taken(agenda, 9.0) == []


def test_of_one_key_only_the_newest_is_done_and_those_are_kept_apart() -> None:
    """A thousand a second come to three."""
    agenda, done = Agenda(), list[object]()
    for step in range(1000):
        agenda.put(partial(int, step), step / 1000, key="look", apart=1 / 3)
        done += taken(agenda, step / 1000)
    assert done == [0, 334, 668]
    assert agenda.next_at() == pytest.approx(0.668 + 1 / 3)


def test_what_is_wanted_now_does_not_wait_for_what_was_planned_for_later() -> None:
    """And the plan does not come on top of it."""
    agenda = Agenda()
    agenda.put(lambda: "planned", 0.0, key="look", after=2.0)
    assert taken(agenda, 1.9) == []
    agenda.put(lambda: "wanted", 1.9, key="look")
    agenda.put(lambda: "planned again", 1.9, key="look", after=2.0)
    assert taken(agenda, 1.9) == ["planned again"]
    assert agenda.next_at() is None


def test_a_worker_has_a_thread_only_while_there_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends by itself, begins again with the next job, and carries the context of whoever made it."""
    monkeypatch.setattr(module, "LINGER", 0.0)
    place: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")
    place.set("the cell")
    failed: list[Exception] = []
    worker = Worker("test worker", failed.append)
    place.set("elsewhere")
    assert not worker.running
    for _ in range(2):
        seen: list[tuple[str, threading.Thread]] = []
        done = threading.Event()
        worker.put(lambda seen=seen: seen.append((place.get(), threading.current_thread())))  # type: ignore[misc]
        worker.put(lambda: 1 / 0)
        worker.put(done.set)
        assert done.wait(10.0)
        ((where, thread),) = seen
        assert where == "the cell"
        thread.join(10.0)
        assert not worker.running
    assert [type(error) for error in failed] == [ZeroDivisionError, ZeroDivisionError]


def test_a_closed_worker_does_no_more() -> None:
    """Also of what it was handed before; its thread ends."""
    worker = Worker("test worker", print)
    began, go_on, late = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        began.set()
        go_on.wait(10.0)

    worker.put(first)
    worker.put(late.set)
    assert began.wait(10.0)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "test worker"]
    worker.close()
    worker.put(late.set)
    go_on.set()
    thread.join(10.0)
    assert not worker.running
    assert not late.is_set()
