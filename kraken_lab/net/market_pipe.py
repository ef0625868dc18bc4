"""The road of the exchange's public frames to the sandbox: what was received goes down its control pipe as it is.

The I/O thread puts frames in and never waits. A thread of its own writes them. If the sandbox does not keep up, the
oldest frames of the market are dropped, the newest are kept, and a gap says so in their place: the sandbox then matches
nothing that it has not seen whole again. What says what is traded and subscribed is small and never dropped.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

__all__ = ["LineSink", "MarketPipe"]

MOST_BYTES: Final = 8 * 2**20
"""What waits to be written is no more than that."""
MOST_AGE_S: Final = 2.0
"""Nothing that has waited longer is written: the market has moved on."""
_AT_ONCE: Final = 64 * 2**10  # bytes
_MARKET_DATA: Final = tuple(f'{{"channel":"{name}"' for name in ("book", "trade", "ticker", "ohlc", "heartbeat"))
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_LINE_ENDS: Final = re.compile(r"[\r\n]")


class LineSink(Protocol):
    """What takes lines and may make the writer wait: the sandbox's process."""

    def write_lines(self, data: bytes) -> None:
        """Write whole lines.

        Raises:
            OSError: there is nobody to read them any more.
        """


class _Waiting(NamedTuple):
    line: bytes
    source: int
    at_s: float
    is_market_data: bool

    @property
    def is_gap(self) -> bool:
        return self.line.startswith(b"!")


class MarketPipe:
    """A bounded queue of frames, and the thread that empties it into the sandbox.

    ``put`` and ``gap`` may be called from any thread and return at once. ``source`` numbers the connections that frames
    come over. ``written`` counts lines, ``dropped`` frames, ``gaps`` gaps; ``broken`` is why nothing is written now.

    >>> class Lines(list):
    ...     write_lines = list.append
    >>> lines = Lines()
    >>> pipe = MarketPipe(lines)
    >>> pipe.put(b'{"channel":"heartbeat"}'); pipe.close(); lines[0].split()
    [b'>0', b'{"channel":"heartbeat"}']
    """

    def __init__(
        self,
        sink: LineSink,
        *,
        most_bytes: int = MOST_BYTES,
        most_age_s: float = MOST_AGE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.written = 0
        self.dropped = 0
        self.gaps = 0
        self.broken: str | None = None
        self._sink = sink
        self._most_bytes = most_bytes
        self._most_age_s = most_age_s
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()
        self._writer = threading.Thread(target=self._write, name="kraken_lab market pipe", daemon=True)
        self._writer.start()

    def put(self, raw: bytes | str, source: int = 0) -> None:
        """Hand on a frame as it was received."""
        text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
        if not text.isascii():
            text = _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
        # Between tokens, which is the only place where JSON may have one, a line's end is a blank.
        line = f">{source} {_LINE_ENDS.sub(' ', text)}\n".encode("ascii")
        with self._changed:
            if self._is_closed or self.broken is not None:
                return
            if self._waiting and self._bytes + len(line) > self._most_bytes:
                self._drop(f"more than {self._most_bytes} bytes waited for the sandbox")
                if self._bytes + len(line) > self._most_bytes:
                    self._give_up(f"the sandbox does not read: {self._bytes} bytes wait that cannot be dropped")
                    return
            self._append(_Waiting(line, source, self._clock(), text.startswith(_MARKET_DATA)))

    def gap(self, reason: str, source: int = 0) -> None:
        """Say that frames of this connection are missing here: it was closed, or something was not understood."""
        with self._changed:
            if not self._is_closed and self.broken is None:
                self._mark(source, reason)

    def close(self, timeout: float = 1.0) -> None:
        """Write what waits, unless the sandbox does not take it in time, and end. Idempotent."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._writer.join(timeout)

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _append(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        self._bytes += len(waiting.line)
        self._changed.notify_all()

    def _mark(self, source: int, reason: str) -> None:
        self.gaps += 1
        words = _LINE_ENDS.sub(" ", reason).encode("ascii", "replace")
        self._append(_Waiting(b"!%d %s\n" % (source, words), source, self._clock(), False))

    def _drop(self, reason: str) -> None:
        """Drop the market's frames that wait, and say so once for each connection that they came over.

        Gaps that wait go too: the new ones say what they say, of the same place.
        """
        going = [waiting for waiting in self._waiting if waiting.is_market_data or waiting.is_gap]
        kept = [waiting for waiting in self._waiting if not (waiting.is_market_data or waiting.is_gap)]
        sources = sorted({waiting.source for waiting in going})
        self.dropped += sum(waiting.is_market_data for waiting in going)
        self._waiting = deque(kept)
        self._bytes = sum(len(waiting.line) for waiting in kept)
        for source in sources:
            self._mark(source, reason)

    def _next(self) -> bytes:
        """What is to be written next, some lines at a time; nothing once it is closed and empty. Waits for it."""
        with self._changed:
            while not self._waiting and not self._is_closed:
                self._changed.wait()
            if self._waiting and self._waiting[0].at_s < self._clock() - self._most_age_s:
                self._drop(f"the sandbox did not take them for {self._most_age_s:g} s")
            lines: list[bytes] = []
            size = 0
            while self._waiting and size < _AT_ONCE:
                line = self._waiting.popleft().line
                lines.append(line)
                size += len(line)
            self._bytes -= size
            self.written += len(lines)
            return b"".join(lines)

    def _write(self) -> None:
        try:
            while data := self._next():
                self._sink.write_lines(data)
        except (OSError, ValueError) as error:
            with self._changed:
                self._give_up(str(error) or type(error).__name__)

    def _give_up(self, reason: str) -> None:
        self.broken = reason
        self._waiting.clear()
        self._bytes = 0
