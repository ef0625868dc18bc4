"""The answers to one request, sent as its fate allows: now, later, or never."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from kraken_lab.sandbox import answers
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.request_faults import Fate
from kraken_lab.sandbox.stamps import Stamps

__all__ = ["Reply"]


class _Asked(Protocol):
    @property
    def method(self) -> str: ...
    @property
    def req_id(self) -> int | None: ...


class Reply:
    """The answers to one request, received at ``received_ns`` and dealt with at ``now_ns``."""

    def __init__(
        self,
        send: Callable[[Frame], None],
        postpone: Callable[[int, Frame], None],
        fate: Fate,
        stamps: Stamps,
        random: Random,
        received_ns: int,
        now_ns: int,
    ) -> None:
        self._send = send
        self._postpone = postpone
        self._fate = fate
        self._stamps = stamps
        self._random = random
        self._received_ns = received_ns
        self._answered_ns = now_ns

    def times(self) -> tuple[str, str]:
        """``time_in`` and ``time_out`` of the next answer: the gateway takes some tens of microseconds over each."""
        self._answered_ns += self._random.randrange(15_000, 60_000)
        return self._stamps.micros(self._received_ns), self._stamps.micros(self._answered_ns)

    def refuse(self, error: str, request: _Asked, symbol: str | None = None, *, session_of: str | None = None) -> None:
        """Refuse the request, or one symbol of it."""
        self.send(
            answers.refused(error, request.method, request.req_id, self.times(), symbol=symbol, session_of=session_of)
        )

    def grant(self, result: str, request: _Asked) -> None:
        """Answer with a result, which is JSON text."""
        self.send(answers.succeeded(request.method, request.req_id, result, self.times()))

    def send(self, frame: Frame) -> None:
        """Send one answer."""
        if self._fate.delay_ns:
            self._postpone(self._received_ns + self._fate.delay_ns, frame)
        elif not self._fate.mute:
            self._send(frame)
