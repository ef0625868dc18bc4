"""What a lab has noticed between two looks: lines that came and went, gaps, resyncs, states of markets and orders.

A look is a value; what lies between two of them is computed. Gaps and counters are kept by the lab anyway, so nothing
is missed however seldom it is looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ..errors import NotReady
from ..streams import Feed, Router
from ..streams.book_feed import BookFeed
from ..tables import Gap
from ..views import cells
from ..views.gaps import gap_label
from ..views.health_readings import SLOW
from ..wire import Instant
from .health import line_facts

if TYPE_CHECKING:
    from ..net import Connection
    from ..trading import AccountSnapshot
    from .lab import Lab

__all__ = ["FeedSeen", "LineSeen", "OrderSeen", "Seen", "noticed", "seen", "since"]

SHOWN_GAPS = 3
"""Gaps of one stream that are told in full."""
MOVE = Decimal("0.005")
"""A part of the price by which it has to move to be news."""


@dataclass(frozen=True, slots=True)
class LineSeen:
    """One connection. ``heard`` counts what else was strange on it, ``transit`` is how old what came was, seconds."""

    state: str
    reason: str
    connects: int
    attempts: int
    heard: Mapping[str, int]
    transit: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedSeen:
    """One subscription."""

    state: str
    reason: str
    epoch: int
    gaps: tuple[Gap, ...]
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """One order, in words, and the states it was seen in, one after the other."""

    words: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A lab at one look. All by name; ``fills`` and ``alarms`` are how many and the newest ones."""

    system: str | None = None
    lines: Mapping[str, LineSeen] = field(default_factory=dict)
    feeds: Mapping[str, FeedSeen] = field(default_factory=dict)
    pairs: Mapping[str, str] = field(default_factory=dict)
    lowest: Mapping[str, Decimal] = field(default_factory=dict)
    highest: Mapping[str, Decimal] = field(default_factory=dict)
    """The lowest best bid and the highest best ask of each pair whose book is followed."""
    orders: Mapping[str, OrderSeen] = field(default_factory=dict)
    fills: int = 0
    alarms: tuple[str, ...] = ()


# --- looking: on the I/O thread -------------------------------------------------------------------------------------


def seen(lab: Lab) -> Seen:
    """A lab as it is now."""
    lines = list(lab.lines)
    said = [router.talk.status.system for router, _ in lines if router.talk.status is not None]
    feeds: dict[str, FeedSeen] = {}
    for router, _ in lines:
        for feed in router.feeds.values():
            # In paper two lines carry the same: one to look at, one to be matched by.
            name = _name(feed)
            feeds[name if name not in feeds else f"{name} on {router.name}"] = _feed(feed)
    books = [feed for router, _ in lines for feed in router.feeds.values() if isinstance(feed, BookFeed)]
    symbols = {feed.symbol for router, _ in lines for feed in router.feeds.values() if feed.symbol}
    listed = lab.instruments(wait=False).now.pairs
    touches = {feed.symbol: touch for feed in books if (touch := _touch(feed)) is not None}
    account = {} if lab.trader is None else _account(lab.trader.dealer.known)
    return Seen(
        system=said[0] if said else None,
        lines={router.name: _line(router, line, lab.now()) for router, line in lines},
        feeds=feeds,
        lowest={symbol: bid for symbol, (bid, _) in touches.items()},
        highest={symbol: ask for symbol, (_, ask) in touches.items()},
        pairs={symbol: listed[symbol].status for symbol in sorted(symbols) if symbol in listed},
        **account,  # type: ignore[arg-type]
    )


def _name(feed: Feed) -> str:
    return " ".join(part for part in (feed.channel, feed.symbol) if part)


def _line(router: Router, line: Connection, now: Instant) -> LineSeen:
    transit = line_facts(router, line, now).transit or 0.0
    return LineSeen(line.state, line.reason, line.connects, line.attempts, dict(router.talk.counters), transit)


def _feed(feed: Feed) -> FeedSeen:
    return FeedSeen(str(feed.state), feed.reason, feed.epoch, feed.gaps.gaps, dict(feed.counters))


def _touch(feed: BookFeed) -> tuple[Decimal, Decimal] | None:
    with suppress(NotReady, IndexError):
        photo = feed.photograph(1)
        return photo.bids[0][0], photo.asks[0][0]
    return None


def _account(known: AccountSnapshot) -> dict[str, object]:
    orders = {
        order.order_id or order.cl_ord_id or "?": OrderSeen(
            f"{order.side} {order.order_qty} {order.symbol}", (str(order.state),)
        )
        for order in known.orders
    }
    return {"orders": orders, "fills": len(known.fills), "alarms": tuple(alarm.what for alarm in known.alarms)}


def since(before: Seen, now: Seen) -> Seen:
    """The later look with what the earlier ones saw: a fall, a delay or a doubt that is over by now was one."""
    slowest = {name: line.transit for name, line in before.lines.items()}
    orders = {
        key: replace(order, states=(*was.states, *order.states) if order.states[-1] != was.states[-1] else was.states)
        for key, order in now.orders.items()
        if (was := before.orders.get(key)) is not None
    }
    return replace(
        now,
        orders={**now.orders, **orders},
        lines={
            name: replace(line, transit=max(line.transit, slowest.get(name, 0.0))) for name, line in now.lines.items()
        },
        lowest={symbol: min(bid, before.lowest.get(symbol, bid)) for symbol, bid in now.lowest.items()},
        highest={symbol: max(ask, before.highest.get(symbol, ask)) for symbol, ask in now.highest.items()},
    )


# --- comparing ------------------------------------------------------------------------------------------------------


def noticed(before: Seen, now: Seen) -> tuple[str, ...]:
    """What is to be told of the time between two looks, in sentences; empty if nothing.

    >>> noticed(Seen(system="online"), Seen(system="maintenance"))
    ('the exchange says: maintenance',)
    """
    found = [f"the exchange says: {now.system}"] if now.system not in (before.system, None) else []
    found += [f"{symbol} is {state}" for symbol, state in now.pairs.items() if state != before.pairs.get(symbol, state)]
    found += _of_prices("best bid fell", before.lowest, now.lowest)
    found += _of_prices("best ask rose", before.highest, now.highest)
    for name, line in now.lines.items():
        found += _of_line(f"connection {name}", before.lines.get(name), line)
    for name, feed in now.feeds.items():
        if name in before.feeds:
            found += _of_feed(name, before.feeds[name], feed)
    found += _of_orders(before, now)
    return tuple(found)


def _of_prices(how: str, before: Mapping[str, Decimal], now: Mapping[str, Decimal]) -> Iterator[str]:
    for symbol, price in now.items():
        was = before.get(symbol)
        if was and abs(move := price / was - 1) > MOVE:
            yield f"{symbol}: the {how} from {was} to {price} ({move:+.1%})"


def _of_line(name: str, before: LineSeen | None, now: LineSeen) -> Iterator[str]:
    if before is None:
        yield f"{name}: {now.state}"
        return
    again = now.connects - before.connects
    if again > 0:
        yield f"{name}: lost ({now.reason}), made again{f' {again} times' if again > 1 else ''}"
    if now.state != "open" and (again > 0 or now.state != before.state or now.attempts != before.attempts):
        yield f"{name}: {now.state}, {now.reason}, attempt {now.attempts + 1} to come"
    if now.transit > SLOW:
        yield f"{name}: what came was up to {cells.age(now.transit)} old"
    yield from (f"{name}: {what}" for what in _grown(before.heard, now.heard))


def _of_feed(name: str, before: FeedSeen, now: FeedSeen) -> Iterator[str]:
    """All that is to be told of one subscription, in one line."""
    old = {(gap.start_ns, gap.reason) for gap in before.gaps}
    fresh = [gap for gap in now.gaps if (gap.start_ns, gap.reason) not in old]
    told = [gap_label(gap) for gap in fresh[:SHOWN_GAPS]]
    if (more := len(fresh) - SHOWN_GAPS) > 0:
        told.append(f"{more} more gaps")
    if fresh and now.state == "LIVE":
        told.append(f"LIVE again, epoch {now.epoch}")
    elif now.state != before.state or (now.state != "LIVE" and now.reason != before.reason):
        told.append(f"{now.state}{f' ({now.reason})' if now.reason else ''}")
    told += _grown(before.counters, now.counters)
    if told:
        yield f"{name}: {'; '.join(told)}"


def _grown(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    more = {what: count - before.get(what, 0) for what, count in sorted(now.items()) if count > before.get(what, 0)}
    return [f"{count:,} {_one_of(what) if count == 1 else what}" for what, count in more.items()]


def _one_of(what: str) -> str:
    """A counter's name for a count of one: most are in the plural.

    >>> _one_of("checksum mismatches"), _one_of("late trades"), _one_of("malformed")
    ('checksum mismatch', 'late trade', 'malformed')
    """
    if " of " in what or what.endswith("ss"):
        return what
    return what.removesuffix("es") if what.endswith("ches") else what.removesuffix("s")


def _of_orders(before: Seen, now: Seen) -> Iterator[str]:
    for key, order in now.orders.items():
        if key not in before.orders or len(order.states) > 1:
            yield f"order {order.words}: {', then '.join(order.states)}"
    if now.fills > before.fills:
        yield f"{now.fills - before.fills} new fill{'s' * (now.fills - before.fills > 1)}"
    yield from (f"alarm: {what}" for what in now.alarms if what not in before.alarms)
