"""The one thread that waits for the network, with real threads and short waits."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from kraken_lab.errors import NotReady, StreamStopped
from kraken_lab.net import IOThread


async def forever() -> None:
    """Waits for nothing."""
    await asyncio.Event().wait()


def open_files() -> int:
    """How many files and sockets this process has open."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


@pytest.mark.promise("B-06")
def test_a_wait_ends_and_says_what_for() -> None:
    """And the work it waited for is cancelled."""
    io = IOThread("test")
    ended = threading.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            ended.set()

    try:
        with pytest.raises(NotReady, match="the moon"):
            io.run(work(), timeout=0.02, waiting_for="the moon")
        assert ended.wait(2)
    finally:
        io.close()


def test_a_timeout_of_the_work_itself_is_not_taken_for_the_wait_s() -> None:
    """It passes through as it is."""
    io = IOThread("test")

    async def work() -> None:
        raise TimeoutError("inner")

    try:
        with pytest.raises(TimeoutError, match="inner"):
            io.run(work(), timeout=2, waiting_for="the work")
    finally:
        io.close()


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A run that a shell began in the background ignores interrupts, and its tests would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.promise("S-21")
@pytest.mark.fault("F-020")
@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_interrupts_the_cell_and_not_the_thread() -> None:
    """The blocking call raises, its work is cancelled, and the thread goes on."""
    io = IOThread("test")
    try:
        main = threading.main_thread()
        assert threading.current_thread() is main
        threading.Timer(0.1, lambda: signal.pthread_kill(main.ident or 0, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            io.run(forever(), timeout=5, waiting_for="the moon")

        async def answer() -> int:
            return 42

        assert io.run(answer(), timeout=2, waiting_for="the answer") == 42
        assert io.alive
    finally:
        io.close()


@pytest.mark.promise("S-21")
def test_fifty_lives_leave_nothing_behind() -> None:
    """No thread, no file."""
    IOThread("warm").close()
    gc.collect()
    threads, files = threading.active_count(), open_files()
    for _ in range(50):
        io = IOThread("test")
        future = io.submit(forever())
        io.close()
        assert future.cancelled() or future.done()
    gc.collect()
    assert threading.active_count() == threads
    assert open_files() == files


@pytest.mark.promise("S-21")
def test_closing_is_final_and_idempotent() -> None:
    """What is handed in afterwards is refused, without a coroutine that was never awaited."""
    io = IOThread("test")
    io.close()
    io.close()
    assert not io.alive
    with pytest.raises(StreamStopped):
        io.call(lambda: 1)
    io.soon(lambda: None)
    gc.collect()


def test_a_call_from_the_thread_itself_does_not_wait_for_itself() -> None:
    """It is simply done."""
    io = IOThread("test")
    try:
        assert io.call(lambda: io.call(lambda: io.here)) is True
        assert not io.here
    finally:
        io.close()


@pytest.mark.promise("S-17")
@pytest.mark.fault("F-070")
def test_a_busy_cell_delays_nothing() -> None:
    """A pure Python loop in the caller's thread: the thread's own timers come on time, but for the lock's turns."""
    io = IOThread("test")
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    try:
        io.submit(tick())
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            sum(range(1_000))
        assert len(ticks) > 10
        assert max(b - a for a, b in pairwise(ticks)) < 0.4
    finally:
        io.close()


@pytest.mark.promise("S-01")
@pytest.mark.fault("F-174")
def test_its_own_lateness_is_measured() -> None:
    """So that it can be told from the exchange's silence."""
    io = IOThread("test")
    try:
        io.call(lambda: time.sleep(0.3))
        deadline = time.monotonic() + 2
        while io.worst_lateness < 0.2 and time.monotonic() < deadline:
            io.call(lambda: None)
        assert io.worst_lateness >= 0.2
    finally:
        io.close()


FORKED = """
import os, sys
from kraken_lab.errors import StreamStopped
from kraken_lab.net import IOThread
io = IOThread("parent")
pid = os.fork()
if not pid:
    try:
        io.call(lambda: 1)
    except StreamStopped as error:
        io.soon(lambda: print("sent from the child"))
        io.close()
        os._exit(7 if not io.alive else 8)
    os._exit(9)
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status), io.call(lambda: "parent lives"))
io.close()
"""


@pytest.mark.promise("S-21")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_holds_nothing() -> None:
    """Its calls raise, its close leaves the parent's thread alone."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split("\n")[0] == "7 parent lives"


@pytest.mark.promise("S-21")
@pytest.mark.fault("F-157")
def test_importing_opens_nothing() -> None:
    """No thread, no socket, no patched event loop."""
    code = (
        "import asyncio, os, sys, threading\n"
        "before = asyncio.new_event_loop, asyncio.run\n"
        "files = os.listdir('/proc/self/fd') if os.path.isdir('/proc/self/fd') else []\n"
        "import kraken_lab, kraken_lab.net, kraken_lab.streams\n"
        "after = os.listdir('/proc/self/fd') if os.path.isdir('/proc/self/fd') else []\n"
        "assert threading.active_count() == 1\n"
        "assert len(after) == len(files), (files, after)\n"
        "assert (asyncio.new_event_loop, asyncio.run) == before\n"
        "assert 'nest_asyncio' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


class _Busy:
    """An I/O thread that is held up until `release`."""

    def __init__(self, io: IOThread) -> None:
        self.io, self._gate, held = io, threading.Event(), threading.Event()

        def hold() -> None:
            held.set()
            self._gate.wait(20)

        io.soon(hold)
        held.wait(20)

    def release(self) -> None:
        """Let it go on, and wait until it has done what was handed in before."""
        self._gate.set()
        self.io.call(lambda: None)


@pytest.mark.promise("O-01")
@pytest.mark.promise("A-06")
def test_what_a_cell_has_given_up_is_not_done_later() -> None:
    """The cell was told that it came to nothing."""
    io = IOThread("test")
    busy, done = _Busy(io), []
    with pytest.raises(NotReady):
        io.call(lambda: done.append("an order"), timeout=0.01)
    busy.release()
    assert done == []
    io.close()


@pytest.mark.promise("A-12")
def test_what_has_to_be_kept_is_done_whoever_waits() -> None:
    """A kill that nobody waits for any more is still a kill."""
    io = IOThread("test")
    busy, done = _Busy(io), []
    with pytest.raises(NotReady):
        io.call(lambda: done.append("a kill"), timeout=0.01, keep=True)
    busy.release()
    assert done == ["a kill"]
    io.close()


def test_what_has_begun_is_waited_for() -> None:
    """It cannot be taken back, so its result counts."""
    io = IOThread("test")
    begun, gate = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        gate.wait(20)
        return 42

    def let_it_go_on() -> None:
        begun.wait(20)
        time.sleep(0.3)
        gate.set()

    threading.Thread(target=let_it_go_on, daemon=True).start()
    assert io.call(slow, timeout=0.25) == 42
    io.close()


@pytest.mark.promise("O-01")
@pytest.mark.usefixtures("_interruptible")
def test_what_was_interrupted_before_it_began_is_not_done() -> None:
    """As by the stop button of a notebook."""
    io = IOThread("test")
    busy, done = _Busy(io), []
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.1, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        io.call(lambda: done.append("an order"), timeout=20)
    busy.release()
    assert done == []
    io.close()
