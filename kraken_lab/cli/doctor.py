"""``kraken-lab doctor``: what works here, what does not, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import views
from ..errors import KrakenLabError
from ..lab import connect
from ..lab.engine import tried_engine
from ..net import KRAKEN, RestClient, TransportFailed, WebSocketTransport, find_credentials
from ..wire import Settings

__all__ = ["Finding", "run"]

Verdict = Literal["good", "note", "bad"]

MARKS: dict[Verdict, tuple[str, str]] = {
    "good": ("ok", "bold green"),
    "note": ("note", "bold yellow"),
    "bad": ("bad", "bold red"),
}

PACKAGES = ("websockets", "msgspec", "httpx", "numpy", "pandas", "polars", "plotly", "ipywidgets", "anywidget")
BAD_KERNELS = ("7.0.0", "7.0.1")
"""On these, a thread cannot update what a cell shows."""
NETWORK_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, and what to do if it is not good."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def run(*, offline: bool, console: Console | None = None) -> int:
    """Look at everything and print it; 1 if something is bad, else 0."""
    console = console or Console()
    worst = 0
    table = Table(box=None, padding=(0, 2), title="kraken-lab doctor", title_justify="left")
    for column in ("", "looked at", "found"):
        table.add_column(column, overflow="fold")
    for finding in findings(offline=offline):
        mark, style = MARKS[finding.verdict]
        words = views.escape.terminal(finding.found) + (f"\n→ {finding.advice}" if finding.advice else "")
        table.add_row(Text(mark, style=style), finding.name, Text(words))
        worst = max(worst, int(finding.verdict == "bad"))
    console.print(table)
    return worst


def findings(*, offline: bool) -> Iterator[Finding]:
    """Everything that is looked at, one by one."""
    yield from _installation()
    yield _notebook()
    yield _engine()
    yield _sandbox()
    yield _mode()
    yield _key()
    if offline:
        yield Finding("network", "note", "not looked at (--offline)")
        return
    yield _proxy()
    yield from asyncio.run(_network())


def _installation() -> Iterator[Finding]:
    python = platform.python_version()
    good = sys.version_info >= (3, 11)
    yield Finding("Python", "good" if good else "bad", python, "" if good else "Install Python 3.11 or newer.")
    missing, found = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Finding("packages", "bad", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    else:
        yield Finding("packages", "good", ", ".join(found))


def _notebook() -> Finding:
    try:
        kernel = version("ipykernel")
    except PackageNotFoundError:
        return Finding(
            "notebook", "note", "ipykernel is not installed", "pip install 'kraken-lab[notebook]' for JupyterLab."
        )
    if kernel in BAD_KERNELS:
        return Finding(
            "notebook", "bad", f"ipykernel {kernel}", "pip install 'ipykernel>=7.1': this one loses live updates."
        )
    return Finding("notebook", "good", f"ipykernel {kernel}")


def _engine() -> Finding:
    """What keeps books up. The compiled engine is made ready here if it can be, so that no notebook has to wait."""
    engine = tried_engine()
    if engine.quicken is None and ";" in engine.words:
        return Finding("book engine", "note", engine.words, "Nothing is lost but speed.")
    return Finding("book engine", "good", engine.words)


def _sandbox() -> Finding:
    begun = time.monotonic()
    try:
        lab = connect("sandbox", new=True)
    except KrakenLabError as error:
        return Finding(
            "sandbox", "bad", str(error), "Look whether something forbids local processes or loopback sockets."
        )
    try:
        book = lab.book("BTC/USD")
        seconds = time.monotonic() - begun
        return Finding("sandbox", "good", f"first verified book after {seconds:.1f} s, mid {book.mid:f}")
    except KrakenLabError as error:
        return Finding("sandbox", "bad", str(error), "Run `kraken-lab sandbox` to see what it says.")
    finally:
        lab.close()


def _mode() -> Finding:
    mode = os.environ.get("KRAKEN_LAB_MODE")
    if mode is None:
        return Finding("mode", "good", "kl.connect() opens the sandbox (KRAKEN_LAB_MODE is not set)")
    if mode in ("sandbox", "paper"):
        return Finding("mode", "good", f"kl.connect() opens {mode} (KRAKEN_LAB_MODE)")
    return Finding(
        "mode", "bad", f"KRAKEN_LAB_MODE={mode!r}", "Set it to sandbox or paper: only a call can choose live."
    )


def _key() -> Finding:
    try:
        return Finding("API key", "good", f"found in {find_credentials().source}; only level3 on Kraken needs it")
    except KrakenLabError as error:
        # The words of the error never hold the key.
        return Finding("API key", "note", str(error))


def _proxy() -> Finding:
    names = [name for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") if os.environ.get(name)]
    if names:
        return Finding("proxy", "note", f"{', '.join(names)} is set: Kraken is reached through it, loopback never is")
    return Finding("proxy", "good", "none set")


async def _network() -> list[Finding]:
    rest = RestClient(KRAKEN.rest, wall_ns=time.time_ns, timeout=NETWORK_TIMEOUT)
    try:
        found = [await _rest_side(rest), await _clock(rest)]
    finally:
        await rest.close()
    found.append(await _socket())
    return found


ADVICE = "Without it kl.connect('sandbox') still works; paper and live need api.kraken.com and ws.kraken.com, port 443."


async def _rest_side(rest: RestClient) -> Finding:
    try:
        status = await rest.system_status()
    except KrakenLabError as error:
        return Finding("Kraken REST", "note", _why(error), ADVICE)
    return Finding("Kraken REST", "good", f"says {status.get('status')}")


async def _clock(rest: RestClient) -> Finding:
    before = time.time()
    try:
        answer = await rest.time()
        theirs = float(answer["unixtime"])
    except (KrakenLabError, KeyError, TypeError, ValueError) as error:
        return Finding("clock", "note", f"not compared: {_why(error)}")
    # The answer is in whole seconds, so half of one is added.
    offset = theirs + 0.5 - (before + time.time()) / 2
    if abs(offset) > 1.5:
        return Finding(
            "clock", "bad", f"{-offset:+.1f} s from Kraken's", "Set this machine's clock, best with a time service."
        )
    return Finding("clock", "good", "within a second or so of Kraken's")


def _why(error: Exception) -> str:
    """The reason alone: the error's own advice is to run the doctor."""
    return str(getattr(error, "reason", "") or error)


async def _socket() -> Finding:
    transport = WebSocketTransport(Settings(open_timeout=NETWORK_TIMEOUT))
    ignore: Callable[[bytes | str], None] = lambda _: None  # noqa: E731
    try:
        link = await transport.connect(KRAKEN.ws_public, ignore)
    except TransportFailed as error:
        return Finding("Kraken WebSocket", "note", error.reason, ADVICE)
    await link.close()
    return Finding("Kraken WebSocket", "good", "connected")
