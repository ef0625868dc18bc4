"""Everything this package raises on purpose, as one family.

::

    KrakenLabError
    ├── SetupError            how the lab was asked for
    │   ├── BadArgument       a value that cannot be right: depth 7, interval 2 (also a ValueError)
    │   │   └── BadCall       ... or arguments that are missing, or that nobody knows (also a TypeError)
    │   ├── UnknownSymbol     no such pair at this venue (also a ValueError)
    │   ├── BadKey            API key or secret missing, malformed or refused
    │   ├── NoWidgets         no widget library for a ticket or blotter (also an ImportError)
    │   └── NestedLoopRefused nested event loops would not be safe here
    ├── FeedError             the road to the venue
    │   ├── Unreachable       the venue could not be reached at all
    │   ├── Disconnected      it was reached, and is not any more
    │   ├── Refused           the venue said no, in its own words
    │   ├── NotReady          a wait ran out, naming what it waited for (also a TimeoutError)
    │   ├── StreamStopped     the stream was stopped
    │   │   └── LabClosed     ... with its whole lab
    │   ├── LimitReached      one more connection or stream than is allowed
    │   └── RestFailed        a REST request was not answered as it should have been
    ├── DataError             what was said
    │   ├── Malformed         a message that cannot be parsed or has the wrong shape
    │   ├── ChecksumMismatch  a book that is not the exchange's book
    │   ├── ImpossibleBook    a book no exchange can have: crossed, unsorted, negative
    │   ├── SequenceGap       a sequence number was skipped
    │   ├── EmptySide         asked for a price where there is none
    │   └── NoSuchEntry       asked by a name for what is not there (also a KeyError)
    ├── OrderError            the acting road
    │   ├── OrderRefused      stopped here by a check, with every reason: nothing was sent
    │   ├── ConfirmationVoid  a confirmation that no longer counts: used, too old, or overtaken
    │   ├── OrderRejected     the exchange said no: nothing was placed
    │   ├── OrderEnded        it ended, so what was waited for cannot come any more
    │   ├── OrderUnknown      it may or may not exist: do not send it again
    │   ├── NotArmed          live is not armed, or cannot be
    │   ├── Halted            everything is stopped until lab.resume(reason)
    │   └── AuditBroken       the audit log cannot be written, or has been tampered with
    ├── NotSaved              a file could not be written (also an OSError)
    └── SandboxError          the embedded exchange could not be started or steered

``except kl.KrakenLabError`` catches all of it. Facts are attributes; the sentence says what happened, what was
already done about it, and what to do next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = [
    "AuditBroken",
    "BadArgument",
    "BadCall",
    "BadKey",
    "ChecksumMismatch",
    "ConfirmationVoid",
    "DataError",
    "Disconnected",
    "EmptySide",
    "FeedError",
    "Halted",
    "ImpossibleBook",
    "KrakenLabError",
    "LabClosed",
    "LimitReached",
    "Malformed",
    "NestedLoopRefused",
    "NoSuchEntry",
    "NoWidgets",
    "NotArmed",
    "NotReady",
    "NotSaved",
    "OrderEnded",
    "OrderError",
    "OrderRefused",
    "OrderRejected",
    "OrderUnknown",
    "Refused",
    "RestFailed",
    "SandboxError",
    "SequenceGap",
    "SetupError",
    "StreamStopped",
    "UnknownSymbol",
    "Unreachable",
]


class KrakenLabError(Exception):
    """The root of the family: whatever this package raises on purpose."""


# --- how the lab was asked for --------------------------------------------------------------------------------------


class SetupError(KrakenLabError):
    """Something about how the lab was asked for; nothing was sent."""


_LONGEST_VALUE: Final = 200
"""Characters of a value in an error's sentence."""


def _told(value: object) -> str:
    """A value as it is written in a sentence: on one line, and no longer than one reads; the error has the whole."""
    words = " ".join(repr(value).split()) if not isinstance(value, str) else repr(value)
    return words if len(words) <= _LONGEST_VALUE else f"{words[: _LONGEST_VALUE - 1]}…"


_WITH_COMMAS: Final = re.compile(r"\s*[-+]?\d[\d.]*,[\d.,]*\s*")


class BadArgument(SetupError, ValueError):
    """A value that cannot be right. ``name``, ``value`` and ``allowed`` say which and what would be.

    A number with commas gets the ``hint`` how numbers are written, wherever it was given. Of a value whose ``repr`` is
    long, as a table's is, the sentence has the beginning.
    """

    def __init__(self, name: str, value: object, allowed: str, hint: str = "") -> None:
        if not hint and isinstance(value, str) and _WITH_COMMAS.fullmatch(value):
            hint = "Decimals begin with a point, and thousands are not separated."
        self.name, self.value, self.allowed, self.hint = name, value, allowed, hint
        tail = f" {hint}" if hint else ""
        super().__init__(f"{name}={_told(value)} is not possible: use {allowed}.{tail}")


class BadCall(BadArgument, TypeError):
    """A call whose arguments do not fit. ``problem`` says how, ``usage`` how it is called, ``done`` what came of it."""

    def __init__(self, name: str, problem: str, usage: str, done: str = "") -> None:
        self.name, self.value, self.allowed, self.hint = name, None, usage, ""
        self.problem, self.usage, self.done = problem, usage, done
        Exception.__init__(self, f"{problem} It is called as {usage}.{f' {done}' if done else ''}")


class UnknownSymbol(SetupError, ValueError):
    """No such pair at this venue. ``symbol`` is what was asked, ``suggestions`` what may have been meant."""

    def __init__(self, symbol: str, suggestions: Sequence[str] = (), venue: str = "this venue") -> None:
        self.symbol, self.suggestions, self.venue = symbol, tuple(suggestions), venue
        meant = f" Did you mean {' or '.join(repr(s) for s in suggestions)}?" if suggestions else ""
        super().__init__(
            f"{symbol!r} is not traded at {venue}.{meant} lab.instruments().search('...') lists what there is. "
            "Nothing was subscribed."
        )


class BadKey(SetupError):
    """An API key or secret that is missing, malformed or refused. Carries ``reason``, never the key.

    ``missing``: there is none anywhere, as whoever only looks at public data may have it.
    """

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        self.reason, self.missing = reason, missing
        super().__init__(reason)


class NoWidgets(SetupError, ImportError):
    """What needs widgets cannot be made here. ``what``, ``missing`` (the library), ``instead`` (what does the same)."""

    def __init__(self, what: str, missing: str, instead: str) -> None:
        self.what, self.missing, self.instead = what, missing, instead
        super().__init__(
            f"{what} needs {missing}, which is not installed for this Python: pip install ipywidgets anywidget. "
            f"Without it, {instead}."
        )


class NestedLoopRefused(SetupError):
    """Nested event loops would lose work in this kernel. ``reason`` says why and what to do instead."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


# --- the road to the venue ------------------------------------------------------------------------------------------


class FeedError(KrakenLabError):
    """Something on the road to the venue."""


class Unreachable(FeedError):
    """The venue could not be reached. ``venue``, ``reason``, ``attempts``; ``first`` is said before all that."""

    def __init__(self, venue: str, reason: str, attempts: int = 1, hint: str = "", *, first: str = "") -> None:
        self.venue, self.reason, self.attempts, self.first = venue, reason, attempts, first
        doctor = "Run `kraken-lab doctor` to see what is in the way, or use kl.connect('sandbox'): it needs no network."
        tries = "one attempt" if attempts == 1 else f"{attempts} attempts"
        words = f"{venue} cannot be reached ({reason}) after {tries}. {hint or doctor}"
        super().__init__(f"{first} {words}".lstrip())


class Disconnected(FeedError):
    """The connection is down. ``endpoint`` and ``reason``."""

    def __init__(self, endpoint: str, reason: str) -> None:
        self.endpoint, self.reason = endpoint, reason
        super().__init__(
            f"The {endpoint} connection is down ({reason}). It is being reopened; lab.status() shows when."
        )


class Refused(FeedError):
    """The venue refused. ``rejected`` maps each symbol (or the channel) to the venue's own words."""

    def __init__(self, channel: str, rejected: Mapping[str, str]) -> None:
        self.channel, self.rejected = channel, dict(rejected)
        words = "; ".join(f"{symbol}: {text}" for symbol, text in rejected.items())
        super().__init__(
            f"The venue refused {channel} for {words}. It will not be asked again; nothing else was touched."
        )


class NotReady(FeedError, TimeoutError):
    """A wait ran out. ``waited_for`` says for what and ``seconds`` how long; the stream itself goes on.

    Unless it cannot: then ``over`` says why nothing will come any more, and what to do instead.
    """

    def __init__(self, waited_for: str, seconds: float, state: str = "", *, over: str = "") -> None:
        self.waited_for, self.seconds, self.state, self.over = waited_for, seconds, state, over
        now = f" (now {state})" if state else ""
        more = "It goes on trying: call .wait(timeout=...) to wait longer, or lab.status() to see why."
        super().__init__(f"Waited {seconds:g} s for {waited_for}{now}. {over or more}")


class StreamStopped(FeedError):
    """The stream was stopped. ``what`` names it."""

    def __init__(self, what: str) -> None:
        self.what = what
        anew = "ask an open lab for it anew, as with lab.book(...)"
        super().__init__(f"{what} is stopped. Its rows can still be read; {anew}.")


class LabClosed(StreamStopped):
    """The lab was closed, or belongs to the process this one was forked from. ``what`` names it."""

    def __init__(self, what: str) -> None:
        self.what = what
        FeedError.__init__(
            self, f"{what} is closed. kl.connect() opens another; what its streams hold can still be read."
        )


class LimitReached(FeedError):
    """One more than is allowed. ``what``, ``limit`` and ``hint``."""

    def __init__(self, what: str, limit: int, hint: str) -> None:
        self.what, self.limit, self.hint = what, limit, hint
        super().__init__(f"No more than {limit} {what}. {hint} Nothing was changed.")


class RestFailed(FeedError):
    """A REST request was not answered as it should have been. ``path``, ``reason``, ``status`` (HTTP, or None)."""

    def __init__(self, path: str, reason: str, status: int | None = None) -> None:
        self.path, self.reason, self.status = path, reason, status
        code = f" (HTTP {status})" if status is not None else ""
        super().__init__(f"{path} failed{code}: {reason}.")


# --- what was said --------------------------------------------------------------------------------------------------


class DataError(KrakenLabError):
    """Something about the data that came."""


class Malformed(DataError):
    """A message that cannot be parsed or has the wrong shape. ``reason``, and ``excerpt`` of at most 200 characters."""

    def __init__(self, reason: str, excerpt: str = "") -> None:
        self.reason, self.excerpt = reason, excerpt[:200]
        shown = f": {self.excerpt!r}" if excerpt else ""
        super().__init__(f"Malformed message ({reason}){shown}. It was not applied, not even in part.")


class ChecksumMismatch(DataError):
    """A book that is not the exchange's. ``symbol``, ``expected`` (the exchange's) and ``computed`` (ours)."""

    def __init__(self, symbol: str, expected: int, computed: int, channel: str = "book") -> None:
        self.symbol, self.expected, self.computed, self.channel = symbol, expected, computed, channel
        super().__init__(
            f"The {channel} of {symbol} no longer matches the exchange (checksum {expected}, computed {computed}). "
            "It is void until the next snapshot."
        )


class ImpossibleBook(DataError):
    """A book that no exchange can have. ``symbol`` and ``reason``."""

    def __init__(self, symbol: str, reason: str) -> None:
        self.symbol, self.reason = symbol, reason
        super().__init__(f"The book of {symbol} is impossible ({reason}). It is void until the next snapshot.")


class SequenceGap(DataError):
    """A sequence number was skipped. ``channel``, ``expected`` and ``got``."""

    def __init__(self, channel: str, expected: int, got: int) -> None:
        self.channel, self.expected, self.got = channel, expected, got
        super().__init__(f"{channel} went from sequence {expected - 1} to {got}: a fresh snapshot is needed.")


class EmptySide(DataError):
    """A price was asked of a side without levels. ``symbol`` and ``side`` (``bids`` or ``asks``)."""

    def __init__(self, symbol: str, side: str) -> None:
        self.symbol, self.side = symbol, side
        super().__init__(f"{symbol} has no {side}, so this has no value now. Check `book.{side}` first.")


class NoSuchEntry(DataError, KeyError):
    """Nothing has the ``name`` that was looked up; ``known`` are the names there are, ``hint`` what may help."""

    def __init__(self, problem: str, name: object, known: Sequence[str], hint: str = "") -> None:
        self.problem, self.name, self.known, self.hint = problem, name, tuple(known), hint
        words = [f"{problem}.", *([hint] if hint else []), f"There is: {', '.join(known) or 'nothing'}."]
        super().__init__(" ".join(words))

    def __str__(self) -> str:
        # A KeyError shows itself as a key, in quotes.
        return str(self.args[0])


# --- the acting road ------------------------------------------------------------------------------------------------


class OrderError(KrakenLabError):
    """Something about an order, or about the permission to place one."""


class OrderRefused(OrderError):
    """Stopped here before anything was sent. ``reasons`` are all of them, ``what`` is the order in words."""

    def __init__(self, what: str, reasons: Sequence[str], hint: str = "") -> None:
        self.what, self.reasons, self.hint = what, tuple(reasons), hint
        tail = f" {hint}" if hint else ""
        told = "; ".join(reason.rstrip(".") for reason in self.reasons)
        super().__init__(f"{what} was refused here, and nothing was sent: {told}.{tail}")


class ConfirmationVoid(OrderError):
    """A confirmation that no longer counts. ``what`` is the order in words, ``reason`` why. Nothing was sent."""

    def __init__(self, what: str, reason: str) -> None:
        self.what, self.reason = what, reason
        super().__init__(f"The confirmation of {what} is void ({reason}), and nothing was sent. Make a new proposal.")


class OrderRejected(OrderError):
    """The exchange refused in words that prove that nothing was placed. ``what``, ``text`` (its own) and ``symbol``."""

    def __init__(self, what: str, text: str, symbol: str = "") -> None:
        self.what, self.text, self.symbol = what, text, symbol
        super().__init__(
            f"The exchange rejected {what}: {text}. Nothing was placed; kl.explain(error) says what would pass."
        )


class OrderEnded(OrderError):
    """What was waited for cannot come: the order ended. ``what``, ``state``, ``waited_for`` and ``reason``."""

    def __init__(self, what: str, state: str, waited_for: str, reason: str = "") -> None:
        self.what, self.state, self.waited_for, self.reason = what, state, waited_for, reason
        because = f" ({reason})" if reason else ""
        super().__init__(f"{what} is {state}{because}, so it cannot be {waited_for} any more. Nothing was sent again.")


class OrderUnknown(OrderError):
    """Nobody knows whether it exists. ``what``, ``reason``, ``cl_ord_id``; it is being looked for."""

    def __init__(self, what: str, reason: str, cl_ord_id: str | None = None) -> None:
        self.what, self.reason, self.cl_ord_id = what, reason, cl_ord_id
        super().__init__(
            f"Whether {what} exists is not known ({reason}). It is being looked for and will not be sent again; "
            "lab.orders shows what comes of it. Do not place it once more."
        )


class NotArmed(OrderError):
    """Live is not armed, or cannot be. ``missing`` names what is lacking; empty where there is nothing to arm."""

    def __init__(self, missing: Sequence[str], hint: str = "Arm it in this kernel with lab.arm(...).") -> None:
        self.missing, self.hint = tuple(missing), hint
        lacking = f"Live trading is not armed ({'; '.join(self.missing)}), and nothing was sent. "
        super().__init__(f"{lacking if missing else ''}{hint}")


class Halted(OrderError):
    """Everything is halted. ``reason`` and ``since`` (UTC, as text)."""

    def __init__(self, reason: str, since: str = "") -> None:
        self.reason, self.since = reason, since
        when = f" since {since}" if since else ""
        super().__init__(
            f"Trading is halted{when} ({reason}), and nothing was sent. Cancels still work; "
            'lab.resume("why") ends the halt.'
        )


class AuditBroken(OrderError):
    """The audit log cannot be written, or its chain does not hold. ``path``, ``reason`` and ``line`` (or None)."""

    def __init__(self, path: str, reason: str, line: int | None = None) -> None:
        self.path, self.reason, self.line = path, reason, line
        place = f", line {line}" if line is not None else ""
        super().__init__(
            f"The audit log {path}{place}: {reason}. Orders are refused until it is whole; cancels and kill still work."
        )


# --- what is kept and what is started -------------------------------------------------------------------------------


class NotSaved(KrakenLabError, OSError):
    """A file could not be written. ``path``, ``reason``, and ``left``: a sentence on what there is of it now."""

    def __init__(self, path: str, reason: str, left: str = "Nothing was written.") -> None:
        self.path, self.reason, self.left = path, reason, left
        super().__init__(f"{path} could not be saved: {reason}. {left}")


class SandboxError(KrakenLabError):
    """The embedded exchange could not be started or steered. ``reason``."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
