"""How a lab is doing, in one screen."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from .. import views
from ..errors import KrakenLabError
from ..market import ENGINE
from ..sandbox.shadow_engine import FILL_MODEL
from ..trading.amounts import quote_of
from ..trading.arming import LOCK_FILE
from ..trading.figures import money
from ..trading.file_lock import held_by

if TYPE_CHECKING:
    from ..net import Connection
    from ..streams import Router, Stream
    from ..trading import AccountSnapshot
    from ..wire import Instant
    from .lab import Lab
    from .trader import Trader

__all__ = ["Status", "status_of"]


@dataclass(frozen=True, slots=True)
class Status:
    """What ``lab.status()`` gives: frozen, and readable everywhere.

    ``connections`` and ``streams`` map names to words; ``facts`` holds the rest. ``system`` is the exchange's own
    state (``online``, ``maintenance``, ``cancel_only``, ``post_only``) as last heard, None before it has said so.
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
        **_account(lab),
        "exchange says": _system(lab, system) + _since(lab, now),
        "clock": _clock(lab) + _since(lab, now),
        "loop lateness": f"{lab.io.lateness * 1e3:.0f} ms now, {lab.io.worst_lateness * 1e3:.0f} ms at worst",
        "memory": f"{sum(stream.held for stream in lab.streams) / 1e6:.1f} MB of at most "
        f"{lab.settings.memory_total / 1e6:.0f} MB in tables",
        "book engine": ENGINE.words,
        "versions": _versions(),
    }
    if lab.closed:
        facts = {"state": "closed", **facts}
    return Status(lab.mode, system, lab.closed, facts, connections, streams)


def _account(lab: Lab) -> dict[str, str]:
    """Mode, halt, orders, limits and what is kept on disk, as far as the account was used in this lab."""
    trader = lab.trader
    if trader is None:
        halted = lab.halt_file.look()
        mode = lab.mode.upper() if halted is None else f"{lab.mode.upper()}, {halted.in_words}"
        return {"mode": mode, "orders": "none: the account was not used in this lab yet"}
    dealer, at, kept = trader.dealer, lab.now(), trader.ground.key
    known = dealer.known
    lines = {
        "mode": _mode(lab, trader),
        "account": f"{kept.account} at {trader.ground.venue}; kept in {trader.folder.path}",
    }
    if dealer.arming is not None:
        lines["arming"] = _arming(trader, at)
    lines["orders"] = _orders(known, at)
    if known.alarms:
        lines["alarms"] = "; ".join(alarm.what for alarm in known.alarms[-3:])
    lines["limits"] = _limits(trader)
    lines["dead man's switch"] = dealer.dead_man_words()
    lines["audit log"] = trader.audit.broken or trader.audit.trouble or "written"
    if trader.ground.mode == "paper":
        lines["fills"] = FILL_MODEL
    if paused := trader.ground.paused():
        lines["paper matching"] = "paused: " + "; ".join(f"{symbol} ({why})" for symbol, why in sorted(paused.items()))
    return lines


def _mode(lab: Lab, trader: Trader) -> str:
    """Mode and halt, which belong to the I/O thread: asked there, and not waited for long."""
    try:
        return trader.mode_words()
    except KrakenLabError:
        return f"{lab.mode.upper()}, as far as can be said: nothing answers"


def _arming(trader: Trader, at: Instant) -> str:
    """Whether this kernel is armed and until when, or else whether another one is, as far as the system tells."""
    arming = trader.dealer.arming
    assert arming is not None
    lapses, settings = arming.next_deadline(), trader.settings
    path = trader.folder.path / LOCK_FILE
    try:
        said = path.read_text("utf-8", "replace").strip()
    except OSError:
        said = ""
    if lapses is not None:
        left = max(lapses - at.mono, 0.0)
        return (
            f"this kernel has the lock ({said or 'since a moment ago'}); it lapses in {left:.0f} s unless an order is "
            f"sent, and {settings.arm_max / 60:g} min after it was armed in any case"
        )
    holder = held_by(path)
    if holder is None:
        return f"{arming.lapsed}; whether another kernel is armed cannot be seen on this system"
    if holder == 0:
        return f"{arming.lapsed}; no kernel has the lock"
    return f"{arming.lapsed}; another kernel has the lock: {said or f'process {holder}'}"


def _orders(known: AccountSnapshot, at: Instant) -> str:
    words = [f"{len(known.open)} open"]
    if known.external:
        words.append(f"{len(known.external)} of them external")
    for order in known.unknown:
        # Of one that was placed and is lost since, the last that was heard is what it is as old as.
        age = (at.wall_ns - order.updated_ns) / 1e9
        since = known.doubtful_since.get(order.cl_ord_id or "")
        age = age if since is None else at.mono - since
        seen = ", acknowledged" if {order.cl_ord_id, order.order_id} & known.acknowledged else ""
        words.append(f"UNKNOWN {order.cl_ord_id or order.order_id} for {max(age, 0.0):.0f} s{seen}")
    words.append(known.reconciling or ("all others accounted for" if known.unknown else "all accounted for"))
    return ", ".join(words)


def _limits(trader: Trader) -> str:
    limits = trader.dealer.limits
    hold, unset = {
        "live": ("enforced", "none are set, and live goes nowhere without them"),
        "paper": ("what goes beyond them is warned of, and goes", "none are set, and in paper they would only warn"),
    }.get(trader.ground.mode, ("enforced, because they are set", "none are set, and none are needed here"))
    quotes = {quote_of(symbol) for symbol in limits.allowed_symbols or ()}
    shown = {
        "order": _amount(limits.max_order_notional, quotes),
        "day": _amount(limits.max_day_notional, quotes),
        "open orders": limits.max_open_orders,
        "symbols": None if limits.allowed_symbols is None else ", ".join(sorted(limits.allowed_symbols)),
        "orders a time": None if limits.order_rate is None else f"{limits.order_rate} in {limits.order_rate_s:g} s",
    }
    told = "; ".join(f"{name} {value}" for name, value in shown.items() if value is not None)
    decimals = trader.dealer.gatherer.shown_decimals()
    today = ", ".join(money(amount, quote, decimals) for quote, amount in trader.dealer.used_today().items())
    return f"{hold}: {told}; used today {today or 'nothing'}" if told else unset


def _amount(limit: Decimal | Mapping[str, Decimal] | None, quotes: Collection[str]) -> str | None:
    """A limit in money with its currency, or with what it is in where no pairs were named."""
    if isinstance(limit, Mapping):
        return ", ".join(f"{amount:f} {currency}" for currency, amount in limit.items())
    if limit is None:
        return None
    return f"{limit:f} {next(iter(quotes))}" if len(quotes) == 1 else f"{limit:f} of each pair's quote currency"


def _ended(lab: Lab) -> str:
    gone = lab.sandbox and not lab.sandbox.alive
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


def _since(lab: Lab, now: Instant) -> str:
    """Where no line is open any more: how long ago what is told was so. Nothing where it is so now, or never was."""
    heard = [router.talk.last_heard for router, _ in lab.lines if router.talk.last_heard is not None]
    if not heard or any(line.state == "open" for _, line in lab.lines):
        return ""
    return f" (as of {views.cells.age(max(now.mono - max(heard), 0.0))} ago, when the exchange was last heard)"


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
