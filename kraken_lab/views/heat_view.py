"""A book's past as it is sent to a browser, column by column; older columns when it asks for them.

A first frame is kept small, so that the picture is there at once: the newest columns, and as the browser asks for those
before, one piece after the other, as far back as the kernel remembers. What is asked for is sent beside the numbered
frames: it stands on none of them, and is known by the numbers of its columns.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from ..tables import Gap, LadderHistory, TableView
from ..tables.ladder_run import Run
from ..tables.vitals import Vitals
from .heat_columns import encoded, size_of
from .heat_marks import OwnPast, gap_rows, trade_rows
from .live_view import Frame, LiveView, Send, with_facts
from .own import Own
from .pace import Pace
from .vitals_line import VitalsLine

__all__ = ["BookPast", "HeatView", "newest", "since"]

FIRST, PIECE = 350_000, 200_000
"""Bytes of levels in a first frame, and in what is sent of the past at once."""
RATE, AHEAD = 15.0, 3
"""Frames a second, so that each of ten columns has one of its own; and how many may be on their way: they are a few
hundred bytes, and the road through a busy server is long."""
MOST_TRADES = 2_000
"""Trades in one message."""
_LONGEST_PRICE = 40
"""Characters of a picked price: more are no price."""

Picked = Callable[[str, Decimal], object]
"""Called with a side and a price that somebody picked."""


class BookPast(Protocol):
    """The book of one symbol over time, as far as a picture of it knows it."""

    @property
    def symbol(self) -> str:
        """The pair."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""

    def now_ns(self) -> int:
        """This moment, in nanoseconds since 1970 UTC."""

    def history(self) -> LadderHistory | None:
        """The past ladders; None before there was any book. It changes with the pair's decimals."""

    def gaps(self) -> Sequence[Gap]:
        """The book's gaps, oldest first."""

    def trades(self) -> tuple[int, TableView] | None:
        """How many trades were dropped to save memory, and those kept; None where nobody listens to trades."""

    def vitals(self) -> Vitals:
        """How it is doing."""


class HeatView(LiveView):
    """The past of one book in a browser. ``send`` brings frames there; ``picked`` hears of picked prices.

    ``minutes`` is how far back a first look goes, and ``first`` how many bytes of levels it may have.
    """

    UNHEARD, UNSURE = 5.0, 30.0

    def __init__(
        self,
        past: BookPast,
        send: Send,
        now: float,
        *,
        minutes: float,
        first: float = FIRST,
        own: Callable[[], Own] = Own,
        picked: Picked = lambda side, price: None,
        on_close: Callable[[], object] = lambda: None,
        **clocks: Any,
    ) -> None:
        super().__init__(send, now, **clocks)
        self.pace = Pace(now, RATE, AHEAD)
        self._past, self._minutes, self._most, self._own, self._picked, self._on_close = (
            past,
            minutes,
            first,
            own,
            picked,
            on_close,
        )
        self._line = VitalsLine(past.vitals, now)
        self._own_past = OwnPast()
        self._history: LadderHistory | None = None
        self._histories = 0
        self._next = 0
        """The number of the next column to send."""
        self._have: list[int | None] = []
        """Up to which column those who asked for a whole frame have them all; None for one without any."""
        self._trades_sent = 0
        self._gaps: list[tuple[float, float | None, str]] = []
        self._older: tuple[int, int] | None = None
        """Before which column, and before which trade, a browser wants more."""

    # --- frames -----------------------------------------------------------------------------------------------------

    def frame(self, whole: bool, now: float) -> Frame | None:
        """The columns since the last frame, and what else is new."""
        # Asked first: then the frame that tells the end has all columns until then. A stopped book may go on for
        # another stream; what comes after is not shown as if it had not ended.
        ended = self._past.ended
        history = self._past.history()
        if history is not self._history:
            # Other decimals, or the first book: nothing of before can stand beside it.
            self._history, whole, self._have = history, True, [None]
            self._histories += 1
        content: dict[str, Any] = {}
        buffers: list[bytes] = []
        if whole and history is not None:
            content["meta"] = self._meta(history)
        if history is not None:
            self._columns(history, whole, content, buffers)
        self._marks(whole, content, buffers)
        facts = self._line.news(now, ended=ended, whole=whole, along=bool(content))
        if content or whole:
            content["oldest"] = 0 if history is None else history.numbers.start
        return with_facts(Frame(content, buffers, whole) if content or whole else None, facts)

    def _meta(self, history: LadderHistory) -> dict[str, Any]:
        return {
            "history": self._histories,
            "price_precision": history.price_precision,
            "qty_precision": history.qty_precision,
            "beat": history.beat,
        }

    def _columns(self, history: LadderHistory, whole: bool, content: dict[str, Any], buffers: list[bytes]) -> None:
        runs = self._first(history) if whole else history.runs(self._next, standing=True)
        if whole:
            self._have.clear()
        if runs:
            self._next = runs[-1].first + len(runs[-1])
            pack(history, runs, content, buffers)

    def _first(self, history: LadderHistory) -> list[Run]:
        """What a whole frame begins with: what all who asked lack, or else the newest, and not more than is quick."""
        start = history.number_at(since(self._past, self._minutes))
        have = min((-1 if number is None else number for number in self._have), default=-1)
        if have >= max(start, history.numbers.start):
            missing = history.runs(have, standing=True)
            if sum(map(size_of, missing)) <= self._most:
                return missing
        return newest(history.runs(start), self._most)

    def _marks(self, whole: bool, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Trades, gaps and one's own, as far as they changed."""
        begin = since(self._past, self._minutes)
        if (trades := self._past.trades()) is not None:
            dropped, view = trades
            first = max(self._trades_sent, dropped)
            if whole:
                times = view.column("timestamp").astype("int64")
                first = dropped + max(int((times < begin).sum()), len(view) - MOST_TRADES)
            if first < dropped + len(view):
                rows = view.between(first - dropped, len(view))
                content["trades"] = {"first": first}
                buffers.append(json.dumps(trade_rows(rows)).encode())
            self._trades_sent = dropped + len(view)
        gaps = gap_rows(self._past.gaps())
        if whole or gaps != self._gaps:
            content["gaps"] = self._gaps = gaps
        own = self._own_past.look(self._own(), self._past.now_ns() / 1e6)
        if own is not None or whole:
            content["own"] = own or self._own_past.all()

    # --- the browser ------------------------------------------------------------------------------------------------

    def _take(self, message: Mapping[str, Any], now: float) -> None:
        kind = message.get("kind")
        if kind in ("ready", "resync", "seen", "pause"):
            self._have.append(_whole_number(message.get("have")))
        super()._take(message, now)
        if kind == "older":
            before, trade = _whole_number(message.get("before")), _whole_number(message.get("trade"))
            if before is not None:
                self._older = (before, trade or 0)
        elif kind == "pick":
            side, price = message.get("side"), _price(message.get("price"))
            if price is not None and side in ("buy", "sell"):
                self._picked(str(side), price)

    @property
    def over(self) -> bool:
        """Whether the browser was told that nothing will change any more."""
        return self._line.told_the_end

    @property
    def due(self) -> float:
        """As for every picture, and at once when older columns are wanted, paused or not."""
        if self._older is not None and not (self.pace.hidden or self.closed):
            return min(self._older_due, self._leave_at)
        return super().due

    _older_due = -math.inf

    def paint(self, now: float) -> int:
        """What was asked for of the past comes first."""
        if self._older is None:
            return super().paint(now)
        (before, trade), self._older = self._older, None
        return self._send_past(before, trade)

    def _send_past(self, before: int, trade: int) -> int:
        history = self._past.history()
        content: dict[str, Any] = {"kind": "past", "history": self._histories, "columns": [], "oldest": 0}
        buffers: list[bytes] = []
        if history is not None and history is self._history:
            numbers = history.numbers
            content["oldest"] = numbers.start
            # Of what lies further back nothing is looked at: a run is some twenty seconds.
            runs = newest(history.runs(max(before - 4096, numbers.start), min(before, numbers.stop)), PIECE)
            if runs:
                pack(history, runs, content, buffers)
                self._trades_before(trade, int(runs[0].times[0]), content, buffers)
        self._send(content, buffers)
        return 600 + sum(map(len, buffers))

    def _trades_before(self, trade: int, begin: int, content: dict[str, Any], buffers: list[bytes]) -> None:
        """The trades before a number, as far back as a moment."""
        if (trades := self._past.trades()) is None:
            return
        dropped, view = trades
        stop = min(max(trade - dropped, 0), len(view))
        times = view.column("timestamp").astype("int64")[:stop]
        start = max(int((times < begin).sum()), stop - MOST_TRADES)
        content["trades"] = {"first": dropped + start}
        buffers.append(json.dumps(trade_rows(view.between(start, stop))).encode())

    def shut(self) -> None:
        """The widget is closed with the picture."""
        self._history = None
        self._on_close()


def since(past: BookPast, minutes: float) -> int:
    """When the last minutes of a book begin, in nanoseconds since 1970 UTC: those before its end if it came to one."""
    history, now = past.history(), past.now_ns()
    newest = None if history is None else history.newest_ns
    return (now if newest is None else min(now, newest)) - int(minutes * 60e9)


def pack(history: LadderHistory, runs: Sequence[Run], content: dict[str, Any], buffers: list[bytes]) -> None:
    """Put runs into a message: their headers into its content, their levels beside it."""
    packed = [encoded(run, history.qty_precision) for run in runs]
    content["columns"] = [header for header, _ in packed]
    buffers += [data for _, data in packed]


def newest(runs: Sequence[Run], most: float) -> list[Run]:
    """The newest whole columns of whole runs that fit into so many bytes; one at least."""
    kept: list[Run] = []
    left = most
    for run in reversed(runs):
        if size_of(run) <= left:
            kept.insert(0, run)
            left -= size_of(run)
            continue
        # The later half, a quarter, an eighth of it, if that fits.
        part = run
        while len(part) > 1 and size_of(part) > left:
            part = part.after((len(part) + 1) // 2, whole=True)
        if not kept or size_of(part) <= left:
            kept.insert(0, part)
        break
    return kept


def _whole_number(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _price(value: object) -> Decimal | None:
    """A price as its text, digits with one point at most; None for anything else a page may say."""
    if not isinstance(value, str) or len(value) > _LONGEST_PRICE or not value.isascii():
        return None
    return Decimal(value) if value.replace(".", "", 1).isdigit() and not value.startswith(".") else None
