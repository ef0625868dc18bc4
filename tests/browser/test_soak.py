"""Half an hour of live views in JupyterLab: neither the kernel, the browser, the server nor the notebook file grows.

By hand: ``pytest tests/browser/test_soak.py -m soak -n 0 -s``, and the figures of each minute are printed. A run of
``KRAKEN_LAB_SOAK_MINUTES`` below twenty-five is a rehearsal: what must not grow is only judged by a long one.

Of the kernel it is judged what is in use (``live MB``: what was asked for and not given back, of the C library and of
Python) and what the process occupies after what lies free at an end was given back (``kernel MB``). The C library has
sixteen arenas, from which threads take turns; they fill up for some ten minutes, by more than a megabyte a minute, and
then no more. Two things grow by design, and are counted and subtracted: the tables, with the heatmap's hour, and
Jupyter's memory of the signatures of what it heard, 65,536 at most or some 12 MB, which pictures that are acknowledged
thirty times a second fill in half an hour. After ten minutes either is flat but for that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, linear_regression
from typing import Any

import pytest

from .conftest import opening
from .jupyter import jupyter
from .notebook import Notebook, until

pytestmark = pytest.mark.soak

MINUTES = int(os.environ.get("KRAKEN_LAB_SOAK_MINUTES", "30"))
REHEARSAL = 25
"""Minutes below which nothing is said of growth."""
DROP_EVERY, RUN_EVERY, ORDER_EVERY = 5, 2, 20.0
"""Minutes between lost connections and between runs of the cells, and seconds between orders."""
ROWS = 2_000
"""Rows kept of each table, so that all are full when the warm-up ends."""
RATE = 60.0
"""Market actions a second over all pairs."""

CELLS = [
    "import kraken_lab as kl\n"
    f"lab = kl.connect(new=True, seed=11, rate={RATE})\n"
    "trades, candles = lab.trades('BTC/USD'), lab.ohlc('BTC/USD')\n"
    "book = lab.book('BTC/USD', depth=100)\n"
    "for table in (trades, candles, book.history):\n"
    f"    table.limit({ROWS})",
    "trades",
    "book",
    "book.heatmap(minutes=2)",
    "candles.chart(last=60)",
    "book.history.chart(minutes=2)",
    "book.ladder(levels=10)",
    "ticket = lab.ticket('BTC/USD', side='buy', order_type='limit', order_qty='0.01', limit_price='50000')\nticket",
    "lab.blotter()",
    "lab.health()",
]
SHOWN = range(1, len(CELLS))
SEEN = 7
"""The pictures among them that the pump keeps fresh; the ticket and the blotter look after themselves."""

KERNEL = """
import ctypes, gc, json, os, re, sys, tempfile, threading
from collections import Counter
from comm import get_comm_manager
from kraken_lab.views.pump import PUMP

class Line:
    'What leaves the kernel for all front ends, counted where it does: messages by type, and bytes on the wire.'

    def __init__(self, thread):
        self.messages, self.nbytes, self._send = Counter(), 0, thread.send_multipart
        thread.send_multipart = self.send

    def send(self, parts, *args, **options):
        header = json.loads(bytes(parts[[bytes(part) for part in parts[:3]].index(b'<IDS|MSG>') + 2]))
        self.messages[header['msg_type']] += 1
        self.nbytes += sum(memoryview(part).nbytes for part in parts)
        return self._send(parts, *args, **options)

line = Line(get_ipython().kernel.iopub_thread)
# Out keeps what every cell ever gave, on purpose; a session in which that is wanted grows by it.
get_ipython().displayhook.cache_size = 0
orders = []

def resident(pid):
    with open(f'/proc/{pid}/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 1e6

class Malloc(ctypes.Structure):
    'What the C library says of its memory; mallinfo2(3).'
    _fields_ = [(name, ctypes.c_size_t) for name in (
        'arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks', 'uordblks', 'fordblks', 'keepcost')]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Malloc

def live():
    'Bytes in use: what the C library gave out and was not given back, and the same of Python with its small objects.'
    with tempfile.TemporaryFile() as said:
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        sys._debugmallocstats()
        os.dup2(kept, 2)
        os.close(kept)
        said.seek(0)
        small = re.search(rb'# bytes in allocated blocks += +([0-9,]+)', said.read())[1]
    large = library.mallinfo2()
    return large.uordblks + large.hblkhd + int(small.replace(b',', b''))

def signatures():
    'Bytes of what Jupyter remembers so that no message is heard twice: a set of texts of 64 letters, 112 bytes each.'
    known = get_ipython().kernel.session.digest_history
    return sys.getsizeof(known) + 112 * len(known)

def gauge():
    gc.collect()
    shown = ('comm_msg', 'comm_open', 'comm_close', 'display_data', 'update_display_data', 'stream')
    return {
        'kernel MB': resident(os.getpid()),
        'live MB': live() / 1e6,
        'jupyter MB': signatures() / 1e6,
        'tables MB': sum(stream.held for stream in lab.streams) / 1e6,
        'server MB': resident(os.getppid()),
        'sandbox MB': resident(lab.sandbox.pid),
        'threads': threading.active_count(),
        'pictures': len(PUMP.pictures),
        'in sight': sum(not (one.pace.hidden or one.pace.aside) for one in PUMP.pictures if hasattr(one, 'pace')),
        'comms': len(get_comm_manager().comms),
        'objects': len(gc.get_objects()),
        'messages': sum(line.messages[kind] for kind in shown),
        'sent': line.nbytes,
    }

def trickle():
    'One order is placed, and the one before it cancelled.'
    orders.append(lab.buy('BTC/USD', '0.001', '50000').confirm().wait('open'))
    if len(orders) > 1:
        lab.cancel_order(orders.pop(0)).wait('done')
"""

MENDED = """() => {
  const { statusChanged } = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const connect = statusChanged.connect.bind(statusChanged);
  statusChanged.connect = (slot, self) => !String(slot).includes("_cleanSubshells") && connect(slot, self);
}"""
"""Takes away what JupyterLab 4.4 to 4.6 keeps of every comm there ever was, with its model and its views: a slot that
each `CommHandler` connects to the status of its kernel and never disconnects. What grows then is not JupyterLab's."""

SAID = """() => window.jupyterapp.shell.currentWidget.content.widgets.flatMap(
  (cell, number) => cell.model.sharedModel.outputs.filter(one => ["stream", "error"].includes(one.output_type))
    .map(one => `cell ${number}: ${one.text ?? one.evalue}`))"""

TO_THE_TOP = """() => { document.querySelector(".jp-WindowedPanel-outer").scrollTop = 0; }"""

COLUMNS = {
    "minute": "{:.0f}", "kernel MB": "{:.1f}", "live MB": "{:.2f}", "tables MB": "{:.2f}", "jupyter MB": "{:.2f}",
    "threads": "{:.0f}", "pictures": "{:.0f}", "in sight": "{:.0f}", "comms": "{:.0f}", "objects": "{:.0f}",
    "heap MB": "{:.1f}", "buffers MB": "{:.1f}",
    "renderer MB": "{:.0f}", "nodes": "{:.0f}", "listeners": "{:.0f}", "server MB": "{:.1f}", "sandbox MB": "{:.1f}",
    "notebook kB": "{:.0f}", "msg/s": "{:.1f}", "kB/s": "{:.0f}",
}  # fmt: skip
"""What is printed of each minute, and how."""

MESSAGES_A_SECOND, KILOBYTES_A_SECOND = 70.0, 600.0
"""What leaves the kernel at most: the pump's 50 and 500, and room for tickets, blotters and runs of the cells."""

Reading = dict[str, float]


class Gauge:
    """Reads everything that could grow: in the kernel, in the page and its process, in the server and on the disk."""

    def __init__(self, notebook: Notebook, browser: Any) -> None:
        self._notebook, self._begun = notebook, time.monotonic()
        self._page = notebook.context.new_cdp_session(notebook.page)
        self._browser = browser.new_browser_cdp_session()
        self._before = (self._begun, 0.0, 0.0)

    def read(self) -> Reading:
        """Now, with all garbage thrown away first."""
        self._page.send("HeapProfiler.collectGarbage")
        heap, counters = self._page.send("Runtime.getHeapUsage"), self._page.send("Memory.getDOMCounters")
        reading: Reading = {
            "minute": (time.monotonic() - self._begun) / 60,
            "heap MB": heap["usedSize"] / 1e6,
            "buffers MB": heap.get("backingStorageSize", 0) / 1e6,
            "renderer MB": max(map(resident, self._renderers())),
            "nodes": counters["nodes"],
            "listeners": counters["jsEventListeners"],
            **self._notebook.value("gauge()"),
        }
        self._notebook.saved()
        reading["notebook kB"] = self._notebook.path.stat().st_size / 1e3
        return self._rates(reading)

    def _renderers(self) -> list[int]:
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        return [process["id"] for process in processes if process["type"] == "renderer"]

    def _rates(self, reading: Reading) -> Reading:
        """Messages and bytes since the last reading, by the second."""
        now, messages, sent = time.monotonic(), reading.pop("messages"), reading.pop("sent")
        then, messages_then, sent_then = self._before
        self._before = (now, messages, sent)
        reading["msg/s"] = (messages - messages_then) / max(now - then, 1.0)
        reading["kB/s"] = (sent - sent_then) / max(now - then, 1.0) / 1e3
        return reading


def resident(pid: int) -> float:
    """The memory that a process occupies, MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def growth(readings: Sequence[Reading], name: str) -> float:
    """By what share a column's last third is above its second; the first is the warm-up."""
    third = len(readings) // 3
    middle, last = (fmean(reading[name] for reading in part) for part in (readings[third:-third], readings[-third:]))
    return last / middle - 1


def slope(readings: Sequence[Reading], name: str) -> float:
    """MB a minute by which memory of the kernel grows after the warm-up, but for tables and signatures."""
    judged = readings[len(readings) // 3 :]
    own = [reading[name] - reading["tables MB"] - reading["jupyter MB"] for reading in judged]
    return linear_regression([reading["minute"] for reading in judged], own).slope


def settled(readings: Sequence[Reading], name: str) -> set[float]:
    """The values of a column just before the cells are run again: what they replaced last time is gone by then."""
    return {reading[name] for reading in readings[RUN_EVERY::RUN_EVERY]}


@pytest.fixture
def notebook(browser: Any, tmp_path: Path) -> Iterator[Notebook]:
    """A tall window that shows everything at once, each in a cell of its own."""
    with jupyter("ipykernel-7", tmp_path) as server, opening(browser, server) as opener:
        notebook = opener("soak", CELLS)
        notebook.page.set_viewport_size({"width": 1280, "height": 6400})
        notebook.page.evaluate(MENDED)
        notebook.run(0)
        notebook.ask(KERNEL)
        notebook.run(*SHOWN)
        notebook.page.locator(".kl-heat[data-end]").wait_for(timeout=60_000)
        until(lambda: notebook.page.locator(".js-plotly-plot .main-svg").count(), 60, "no chart was painted")
        yield notebook


def pass_time(notebook: Notebook, number: int, ends: float) -> None:
    """What a person and a bad line do in a minute: cells are run again, the connection is lost, orders come and go."""
    if number % RUN_EVERY == 0:
        # All at once: each time another cell becomes the active one, JupyterLab 4 keeps 800 listeners.
        notebook.select(SHOWN[0])
        notebook.command("notebook:run-all-below")
        notebook.page.evaluate(TO_THE_TOP)
    if number % DROP_EVERY == DROP_EVERY - 1:
        notebook.ask("lab.sandbox.control(fault='reset')")
    while (left := ends - time.monotonic()) > 0:
        notebook.page.wait_for_timeout(1e3 * min(left, ORDER_EVERY))
        if left > ORDER_EVERY:
            notebook.ask("trickle()")


@pytest.mark.fault("F-155")
def test_half_an_hour_grows_nothing(notebook: Notebook, browser: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything live at once, replaced, disconnected and traded with; the kernel's output within its bounds."""
    gauge = Gauge(notebook, browser)
    gauge.read()  # the first seconds send everything whole
    readings: list[Reading] = []
    with capsys.disabled():
        print(f"\n{'  '.join(COLUMNS)}")  # noqa: T201
        begun = time.monotonic()
        for number in range(MINUTES + 1):
            reading = gauge.read()
            readings.append(reading)
            told = (form.format(reading[name]).rjust(len(name)) for name, form in COLUMNS.items())
            print("  ".join(told), flush=True)  # noqa: T201
            assert notebook.page.evaluate(SAID) == []
            if number < MINUTES:
                pass_time(notebook, number, begun + 60 * (number + 1))
        notebook.screenshot("soak")
    assert notebook.errors == []
    assert notebook.strangers == []
    for name in ("pictures", "in sight", "comms"):
        assert len(settled(readings, name)) == 1, f"{name}: {[reading[name] for reading in readings]}"
    assert settled(readings, "in sight") == {SEEN}
    # A ticket and a blotter that were replaced keep their workers until they are closed, a minute later.
    assert min(reading["threads"] for reading in readings[-3:]) <= readings[0]["threads"]
    assert max(reading["msg/s"] for reading in readings) < MESSAGES_A_SECOND
    assert max(reading["kB/s"] for reading in readings) < KILOBYTES_A_SECOND
    assert max(reading["notebook kB"] for reading in readings) < 1_000
    if MINUTES >= REHEARSAL:
        slopes = {name: slope(readings, name) for name in ("live MB", "kernel MB")}
        assert max(slopes.values()) < 0.5, slopes
        grown = {name: growth(readings, name) for name in ("heap MB", "renderer MB", "notebook kB")}
        assert grown["heap MB"] < 0.10, grown
        assert grown["renderer MB"] < 0.15, grown
        assert grown["notebook kB"] < 0.10, grown
