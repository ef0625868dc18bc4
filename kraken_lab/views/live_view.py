"""What every picture in a browser shares: numbered frames, the browser's answers, and when all must be sent again.

Frames are numbered. Each but a whole one says on which it stands, so a browser that missed one knows and asks for the
whole. It also gets one when it has been silent for some seconds, as nothing is known of what it has.

What a browser may say, always a mapping with ``kind``: ``ready`` (there is a view, without data), ``resync`` (a frame
is missing), ``ack`` (``seq`` was painted in ``ms`` milliseconds), ``seen`` (``visible`` page, ``near`` the visible
part of it), ``pause`` (``on``) and ``bye`` (the last view was closed). A browser is told ``frame`` and, when the kernel
paused a picture or let it go on, ``paused`` (``on``).

A notebook may be open in several pages. When one of them goes or shows a picture no longer, the kernel asks ``who``
does, and each page that has it says again what is ``seen`` there, as an ``answer``: of those the best counts.
"""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .pace import Pace

__all__ = ["Frame", "LiveView", "Send", "with_facts"]

Send = Callable[[dict[str, Any], list[bytes]], None]
"""Brings a message and its buffers to the browser: a widget's ``send``."""

AWAY = 60.0
"""Seconds a picture is kept after its last view was closed: a cell may be cut and pasted, a page loaded again."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What to send: JSON values, and raw buffers beside them. ``whole`` says that it stands on no other."""

    content: Mapping[str, Any]
    buffers: Sequence[bytes] = field(default=())
    whole: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers, and a guess for the rest."""
        return 600 + sum(map(len, self.buffers))


def with_facts(frame: Frame | None, facts: Mapping[str, Any] | None) -> Frame | None:
    """A frame with the line of facts beside it; a frame of facts alone if there is nothing else, None without either.

    >>> with_facts(None, {"state": "LIVE"}).content
    {'facts': {'state': 'LIVE'}}
    """
    if facts is None:
        return frame
    return Frame({"facts": facts}) if frame is None else replace(frame, content={**frame.content, "facts": facts})


class LiveView(ABC):
    """One picture: `frame` says what it shows, the rest when that is sent.

    ``cost`` is a clock of CPU seconds, ``clock`` the pump's of monotonic ones, which is also asked in other threads.
    """

    UNHEARD: float = 1.0
    UNSURE: float = 5.0
    """Seconds between whole frames before a browser's first word, and later while it confirms nothing."""

    def __init__(
        self,
        send: Send,
        now: float,
        cost: Callable[[], float] = time.thread_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace = Pace(now)
        self.wake: Callable[[], None] = lambda: None
        self.error: Exception | None = None
        """What ended it, if an error did."""
        self.seq = 0
        """Frames sent so far; the number of the last one."""
        self.nbytes = 0
        """Bytes of them."""
        self._send, self._cpu, self._clock = send, cost, clock
        self._inbox: deque[tuple[float, Mapping[str, Any]]] = deque(maxlen=256)
        self._looks_anyway = False
        """Whether the pump looks here when the next frame may be due, so that no confirmation need wake it before."""
        self._closing = threading.Lock()
        self._closed = False
        self._leave_at = math.inf
        self._heard_of = self._want_whole = False
        self._whole_at = -math.inf

    @abstractmethod
    def frame(self, whole: bool, now: float) -> Frame | None:
        """What is newest: all of it, or what changed since the last frame; None if nothing did.

        A frame that was asked to be whole is not None.
        """

    def shut(self) -> None:  # noqa: B027
        """Let go of what the picture holds; called once, by whatever thread closed it."""

    # --- the browser ------------------------------------------------------------------------------------------------

    def post(self, message: object) -> None:
        """Something the browser said, from any thread: it is put down with its time, and the pump told."""
        if isinstance(message, Mapping):
            self._inbox.append((self._clock(), message))
            if not (self._looks_anyway and message.get("kind") == "ack"):
                self.wake()

    def pause(self, on: bool) -> None:
        """Hold it still, or let it go on; every browser that shows it is told. From any thread."""
        self.post({"kind": "pause", "on": on, "by": "kernel"})

    def hear(self, now: float) -> None:
        """Take in what was said."""
        while self._inbox:
            said_at, message = self._inbox.popleft()
            self._take(message, min(said_at, now))
        if now >= self._leave_at:
            self.close()

    def _take(self, message: Mapping[str, Any], now: float) -> None:
        self.pace.word(now)
        match message.get("kind"):
            case "ack":
                self.pace.acknowledged(int(_number(message, "seq")), _number(message, "ms") / 1e3, now)
            case "ready" | "resync":
                self._heard_of, self._leave_at, self.pace.hidden = True, math.inf, False
                if self.pace.paused:
                    # A page that was loaded again is shown what stands still, and told that it does.
                    self._send_frame(self.frame(True, now), now)
                    self._send({"kind": "paused", "on": True}, [])
                self._send_whole(now)
            case "seen":
                self._leave_at = math.inf
                hidden, aside = message.get("visible") is False, message.get("near") is False
                if message.get("answer") is True:
                    hidden, aside = hidden and self.pace.hidden, aside and self.pace.aside
                elif hidden or aside:
                    self._send({"kind": "who"}, [])
                if not hidden and (self.pace.hidden or (self.pace.aside and not aside)):
                    self._send_whole(now)
                self.pace.hidden, self.pace.aside = hidden, aside
            case "pause":
                self.pace.paused = message.get("on") is True
                if message.get("by") == "kernel":
                    self._send({"kind": "paused", "on": self.pace.paused}, [])
                if not self.pace.paused:
                    self._send_whole(now)
            case "bye":
                self.pace.hidden, self._leave_at = True, now + AWAY
                self._send({"kind": "who"}, [])

    def _send_whole(self, now: float) -> None:
        self._want_whole = True
        self.pace.at_once(now)

    @property
    def heard_of(self) -> bool:
        """Whether any browser ever said that it shows this."""
        return self._heard_of

    @property
    def watched(self) -> bool:
        """Whether somebody can see it change now."""
        return not (self.pace.hidden or self.pace.paused or self._closed)

    # --- the pump ---------------------------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether its source has ended, and a frame has said so: after that only what a browser asks for is sent."""
        return False

    @property
    def due(self) -> float:
        """When it wants to be painted, or forgotten."""
        if self.over and self.pace.confirmed and not self._want_whole:
            return self._leave_at
        return min(self.pace.beat if self._looks_anyway else self.pace.due, self._leave_at)

    def paint(self, now: float) -> int:
        """Send the newest frame, if there is one; the bytes of it."""
        if self.pace.due > now:
            self._looks_anyway = False
            if self._inbox:  # said since the pump has listened, when it still looked anyway
                self.wake()
            return 0
        unsure = not self.pace.confirmed and now - self._whole_at >= (self.UNSURE if self._heard_of else self.UNHEARD)
        began = self._cpu()
        frame = self.frame(self._want_whole or unsure, now)
        if frame is None:
            self.pace.looked(now, self._cpu() - began)
            return 0
        self._send_frame(frame, now)
        self.pace.sent(self.seq, now, self._cpu() - began)
        self._looks_anyway = True
        return frame.nbytes

    def _send_frame(self, frame: Frame | None, now: float) -> None:
        if frame is not None:
            self._send(self.numbered(frame, now), list(frame.buffers))
            self.nbytes += frame.nbytes

    def numbered(self, frame: Frame, now: float) -> dict[str, Any]:
        """The frame's content with its number, and that of the frame it stands on: 0 for none."""
        self.seq += 1
        if frame.whole:
            self._want_whole, self._whole_at = False, now
        return {"kind": "frame", "seq": self.seq, "base": 0 if frame.whole else self.seq - 1, **frame.content}

    # --- the end ----------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self._closed

    def fail(self, error: Exception) -> None:
        """An error ended it."""
        self.error = error
        self.close()

    def close(self) -> None:
        """End it. Idempotent; from any thread."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self.shut()
        self.wake()


def _number(message: Mapping[str, Any], name: str) -> float:
    """A number a browser sent; 0 for anything else."""
    value = message.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
