"""How a lab is doing, in one screen."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from .. import views

if TYPE_CHECKING:
    from ..net import Connection
    from ..streams import Router, Stream
    from ..wire import Instant
    from .lab import Lab

__all__ = ["Status", "status_of"]


@dataclass(frozen=True, slots=True)
class Status:
    """What ``lab.status()`` gives: frozen, and readable everywhere.

    ``connections`` and ``streams`` map names to words; ``facts`` holds the rest. ``system`` is the exchange's own
    state (``online``, ``maintenance``, ``cancel_only``, ``post_only``), None before it has said so.
    """

    mode: str
    system: str | None
    closed: bool
    facts: Mapping[str, str]
    connections: Mapping[str, str]
    streams: Mapping[str, str]

    def lines(self) -> dict[str, str]:
        """All of it as names and words, in the order to be read."""
        return {**self.facts, **self.connections, **self.streams}

    def __repr__(self) -> str:
        lines = self.lines()
        width = max(map(len, lines))
        shown = (
            f"  {views.escape.terminal(name):<{width}}  {views.escape.terminal(value)}" for name, value in lines.items()
        )
        return "\n".join([f"kraken_lab [{self.mode}]", *shown])

    def _repr_html_(self) -> str:
        return views.facts_html(f"kraken_lab [{self.mode}]", self.lines())


def status_of(lab: Lab) -> Status:
    """A lab as it is now. Reads what the I/O thread keeps and waits for nothing."""
    now = lab.now()
    connections: dict[str, str] = {}
    system = None
    for router, line in list(lab.lines):
        said = router.talk.status
        if said is not None:
            system = system or said.system
        connections[f"connection {router.name}"] = _connection(router, line, now, lab)
    streams = {f"stream {stream.title}": _stream(stream) for stream in list(lab.streams)}
    facts = {
        "venue": lab.venue_name + _ended(lab),
        "orders": "none: this version reads market data only",
        "exchange says": _system(lab, system),
        "clock": _clock(lab),
        "loop lateness": f"{lab.io.lateness * 1e3:.0f} ms now, {lab.io.worst_lateness * 1e3:.0f} ms at worst",
        "memory": f"{sum(stream.held for stream in lab.streams) / 1e6:.1f} MB of at most "
        f"{lab.settings.memory_total / 1e6:.0f} MB in tables",
        "versions": _versions(),
    }
    if lab.closed:
        facts = {"state": "closed", **facts}
    return Status(lab.mode, system, lab.closed, facts, connections, streams)


def _ended(lab: Lab) -> str:
    gone = lab.sandbox is not None and not lab.sandbox.alive
    return "; it has ended: kl.connect() opens another" if gone else ""


def _system(lab: Lab, system: str | None) -> str:
    if system is None:
        return "nothing yet"
    announced = [
        str(entry.get("title", "maintenance")) + " at " + str(entry.get("expected_start_utc", "?"))
        for router, _ in lab.lines
        if router.talk.status is not None
        for entry in router.talk.status.upcoming_maintenance
        if isinstance(entry, dict)
    ]
    return system + (f"; announced: {'; '.join(sorted(set(announced)))}" if announced else "")


def _connection(router: Router, line: Connection, now: Instant, lab: Lab) -> str:
    talk = router.talk
    words: list[str] = [line.state]
    if line.state == "open":
        if talk.last_heard is not None:
            words.append(f"last message {max(now.mono - talk.last_heard, 0.0):.1f} s ago")
        if talk.waiting_for:
            words.append("waiting for " + ", ".join(talk.waiting_for))
    else:
        words.append(line.reason)
        if line.next_attempt_at is not None:
            words.append(f"attempt {line.attempts + 1} in {max(line.next_attempt_at - now.mono, 0.0):.1f} s")
    words.append(f"{line.frames:,} messages, {line.bytes / 1e6:.1f} MB")
    if line.connects > 1:
        words.append(f"connected {line.connects} times")
    words += [f"{count:,} {name}" for name, count in sorted(talk.counters.items())]
    return "; ".join(words)


def _stream(stream: Stream) -> str:  # type: ignore[type-arg]
    return ", ".join(f"{name} {value}" for name, value in stream.facts().items())


def _clock(lab: Lab) -> str:
    offsets = [router.talk.offset for router, _ in lab.lines]
    known = [(o.round_trip, o.seconds) for o in offsets if o.round_trip is not None and o.seconds is not None]
    if not known:
        return "not compared with the exchange yet"
    round_trip, seconds = min(known)
    words = f"the exchange's is {seconds:+.3f} s from this machine's (round trip {round_trip * 1e3:.0f} ms)"
    if abs(seconds) > lab.settings.clock_warn:
        words += ": set this machine's clock, times of arrival are off by that much"
    return words


def _versions() -> str:
    names = ("kraken-lab", "pandas", "polars", "numpy", "plotly", "websockets", "msgspec")
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join([f"Python {platform.python_version()}", *found])
