"""How often a picture may be sent, from what its browser said of the ones before. No I/O; told the time.

Ten times a second at most. An acknowledgement is a hint: with it the next frame may leave on the beat; without it only
after `PATIENCE`, because where a kernel is busy with a cell no word of the browser reaches it, and the picture shall go
on all the same. Times are monotonic seconds.
"""

from __future__ import annotations

import math

__all__ = ["Allowance", "Pace"]

RATE = 10.0
"""Frames a second, at most."""
PATIENCE = 0.3
"""Seconds to wait for an acknowledgement before going on without."""
SILENCE = 30.0
"""Seconds without any word from the browser after which it gets a frame a second, no more."""
ASIDE = 2.0
"""Seconds between frames while the picture is scrolled out of sight."""
SLOWEST = 2.0

DRAWING_SHARE, KERNEL_SHARE = 1 / 3, 1 / 20
"""The most of the browser's and of the kernel's time that a picture may take."""


class Pace:
    """When the next frame of one picture is due. ``ahead`` is how many small ones may be on their way unconfirmed.

    >>> pace = Pace(now=0.0)
    >>> pace.sent(1, now=0.0, cost=0.0)
    >>> pace.due, pace.acknowledged(1, drawing=0.005, now=0.02), pace.due
    (0.3, None, 0.1)
    """

    def __init__(self, now: float, rate: float = RATE, ahead: int = 0) -> None:
        self._shortest, self._ahead = 1 / rate, ahead
        self._beat = now
        """When the next frame is due by the rate alone."""
        self._sent, self._sent_at = 0, -math.inf
        self._heard, self._heard_at = 0, now
        self._drawing = self._cost = 0.0
        self.trip: float | None = None
        """Seconds from sending the newest frame that was confirmed to the word of it; None before the first."""
        self.hidden = self.paused = self.aside = False

    @property
    def interval(self) -> float:
        """Seconds between frames: what the rate, the drawing and the making allow."""
        wanted = max(self._shortest, self._drawing / DRAWING_SHARE, self._cost / KERNEL_SHARE)
        return max(ASIDE if self.aside else 0.0, min(wanted, SLOWEST))

    @property
    def beat(self) -> float:
        """When the next frame may be made if all is confirmed by then; never while the picture is hidden or paused."""
        return math.inf if self.hidden or self.paused else self._beat

    @property
    def due(self) -> float:
        """When the next frame may be made."""
        if self.hidden or self.paused or self._sent - self._heard <= self._ahead:
            return self.beat
        silent = self._sent_at - self._heard_at > SILENCE
        return max(self._beat, self._sent_at + (1.0 if silent else PATIENCE))

    @property
    def drawing(self) -> float:
        """Seconds that the browser lately took to draw a frame."""
        return self._drawing

    @property
    def confirmed(self) -> bool:
        """Whether the browser has the last frame."""
        return self._heard >= self._sent

    def sent(self, seq: int, now: float, cost: float) -> None:
        """A frame left; making it took ``cost`` seconds of this process."""
        self._sent, self._sent_at = seq, now
        self.looked(now, cost)

    def looked(self, now: float, cost: float) -> None:
        """There was a look at the source, with a frame or without."""
        self._cost = cost if cost > self._cost else 0.8 * self._cost + 0.2 * cost
        # On the beat, not after it: waking up late costs no frame; what was missed is not made up for.
        self._beat = max(self._beat + self.interval, now + self.interval / 2)

    def acknowledged(self, seq: int, drawing: float, now: float) -> None:
        """The browser has painted a frame, which took ``drawing`` seconds."""
        self.word(now)
        if seq == self._sent and seq > self._heard:
            self.trip = max(now - self._sent_at, 0.0)
        self._heard = max(self._heard, min(seq, self._sent))
        self._drawing = 0.7 * self._drawing + 0.3 * min(max(drawing, 0.0), SLOWEST)

    def word(self, now: float) -> None:
        """Something was heard from the browser."""
        self._heard_at = now

    def at_once(self, now: float) -> None:
        """The next frame need not wait for the beat, nor for the last one."""
        self._beat, self._heard = min(self._beat, now), self._sent


class Allowance:
    """So much a second, and a second's worth saved up at most. One large piece may go into debt.

    >>> bytes_out = Allowance(1000, now=0.0)
    >>> bytes_out.spend(1500, now=0.0), bytes_out.wait(now=0.0)
    (None, 0.5)
    """

    def __init__(self, per_second: float, now: float) -> None:
        self._per_second = self._left = float(per_second)
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until something may be spent again; 0 if now."""
        self._fill(now)
        return max(0.0, -self._left / self._per_second)

    def spend(self, amount: float, now: float) -> None:
        """So much is gone."""
        self._fill(now)
        self._left -= amount

    def _fill(self, now: float) -> None:
        self._left = min(self._per_second, self._left + max(0.0, now - self._at) * self._per_second)
        self._at = max(self._at, now)
