"""Keeping one peer on the line: connect, carry frames and time, notice the end, wait politely, connect again.

The rules of what is said are the peer's. Here is only the boring part, on purpose.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from ..errors import KrakenLabError, OrderError, RestFailed
from ..wire import Instant, Peer, Query, Settings, mishap
from .backoff import Backoff
from .clock import Clock
from .transport import Hear, Link, Transport, TransportFailed
from .writer import pass_through

__all__ = ["AnswerQuery", "Connection", "LineState"]

logger = logging.getLogger(__name__)

LineState = Literal["waiting", "connecting", "open", "failed", "stopped"]

AnswerQuery = Callable[[Query], Awaitable[Any]]
"""Fetches what a peer needs from REST. Raises RestFailed, or another KrakenLabError when the venue itself refused."""

LATE = 0.25
"""A timer later than this, in seconds, means that this process was held up, not that the exchange was silent."""

DENIALS = (401, 404)
"""What an upgrade is answered with where there is nothing for us, however often we ask."""

DRAIN_TURNS = 200
"""How many turns of the loop to give what the socket already holds before silence is judged."""


class Connection:
    """One peer's line to one address, kept up until `stop`.

    With ``gives_up`` an address that denies the upgrade (401, 404) so many times as the settings say is not tried again
    until somebody pokes. Whatever the peer does on time or asks of REST goes on while there is no line.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        peer: Peer,
        transport: Transport,
        clock: Clock,
        settings: Settings,
        backoff: Backoff,
        answer: AnswerQuery,
        gives_up: bool = False,
    ) -> None:
        self.name, self.url, self.peer = name, url, peer
        self.state: LineState = "waiting"
        self.reason = "not connected yet"
        self.opened_at: Instant | None = None
        self.next_attempt_at: float | None = None
        self.connects = 0
        self.failures = 0
        self.frames = 0
        self.bytes = 0
        self.withheld = 0
        """Texts that were not written, because they could have placed an order and did not come from the gate."""
        self.lateness = self.worst_lateness = 0.0
        self._transport, self._clock, self._settings = transport, clock, settings
        self._backoff, self._answer = backoff, answer
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._gives_up, self._denials = gives_up, 0
        self._poked = False
        self._drift: float | None = None
        self._broken: str | None = None
        """Why the line that stands is good for nothing any more, if this side is at fault."""
        self._errands: set[asyncio.Task[None]] = set()
        self._connecting: asyncio.Task[Link] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def attempts(self) -> int:
        """Attempts since the connection was last stable."""
        return self._backoff.attempts

    @property
    def failed(self) -> bool:
        """Whether it never stood and the first attempt is over."""
        return self.connects == 0 and self.failures > 0

    def poke(self) -> None:
        """Something new is wanted: look at once what there is to send. Call it on the loop's thread."""
        self._poked = True
        self._wake.set()

    def stop(self) -> None:
        """End `run` soon, with a clean close."""
        self._stop.set()
        self._wake.set()
        if self._connecting is not None:
            self._connecting.cancel()

    async def run(self) -> None:
        """Keep the line up until `stop`. Only cancellation ends it otherwise."""
        self._backoff.first(now=self._clock.now().mono)
        try:
            while not self._stop.is_set():
                try:
                    await self._round()
                except Exception as error:
                    await self._stumbled(error)
        finally:
            self.state = "stopped"
            for errand in self._errands:
                errand.cancel()
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def _round(self) -> None:
        """One connection, and the wait for the next."""
        refused = await self._once()
        if self._stop.is_set():
            return
        if self._gives_up and self._denials >= self._settings.upgrade_attempts:
            await self._rest()
        else:
            await self._pause(refused)

    async def _stumbled(self, error: Exception) -> None:
        """A mistake of this program, the peer's or ours, ends no line for good: it waits, and begins anew."""
        self.reason = _words(error)
        logger.error("connection.stumbled line=%s error=%s", self.name, mishap(error))
        self.state = "waiting"
        self.opened_at = None
        now = self._clock.now().mono
        self.next_attempt_at = now + self._backoff.delay(now=now, refused=False)
        # Nothing is asked of the peer meanwhile: it may be what failed.
        while not self._stop.is_set() and (left := self.next_attempt_at - self._clock.now().mono) > 0:
            await self._sleep(left)
        self.next_attempt_at = None

    async def _pause(self, refused: bool) -> None:
        now = self._clock.now().mono
        delay = self._backoff.delay(now=now, refused=refused)
        self.state = "waiting"
        self.next_attempt_at = now + delay
        await self._attend(self._stop.is_set, until=self.next_attempt_at)
        self.next_attempt_at = None

    async def _rest(self) -> None:
        """Give the address up, until somebody asks for something."""
        self.state = "failed"
        self.reason = f"{self.reason}, {self._denials} times"
        self._denials = 0
        self._poked = False
        self.peer.gave_up(self.reason, self._clock.now())
        await self._attend(lambda: self._poked or self._stop.is_set())
        self._backoff.first(now=self._clock.now().mono)

    async def _attend(self, over: Callable[[], bool], *, until: float | None = None) -> None:
        """There is no line now, but what the peer does on time and asks of REST goes on."""
        while not over():
            at = self._clock.now()
            if until is not None and at.mono >= until:
                return
            self._run_errands(at)
            deadline = self.peer.next_deadline(at)
            due = min((moment for moment in (until, deadline) if moment is not None), default=None)
            await self._sleep(None if due is None else due - self._clock.now().mono)
            if deadline is not None:
                await self._allow_for_lateness(deadline)
            self.peer.let_time_pass(self._clock.now())

    async def _once(self) -> bool:
        """One connection from first to last. True when the exchange's edge asked us to stay away for a while."""
        self.state = "connecting"
        ear = _Ear(self._hear)
        connecting = self._connecting = asyncio.create_task(self._transport.connect(self.url, ear.hear))
        connecting.add_done_callback(lambda _: self._wake.set())
        try:
            await self._attend(connecting.done)
            link = await connecting
        except TransportFailed as error:
            self.failures += 1
            self._denials = self._denials + 1 if error.status in DENIALS else 0
            self._lost(error.reason)
            return error.status in (403, 429)
        except asyncio.CancelledError:
            connecting.cancel()
            if not self._stop.is_set():
                raise
            self._lost("stopped")
            return False
        except Exception:
            if not connecting.cancel() and connecting.exception() is None:
                self._close(connecting.result())
            raise
        finally:
            self._connecting = None
        self._denials = 0
        self.state = "open"
        self.connects += 1
        at = self._clock.now()
        self.opened_at = at
        self._drift = at.wall_ns / 1e9 - at.mono
        self._broken = None
        link.ended.add_done_callback(lambda _: self._wake.set())
        reason = "stopped"
        try:
            self.peer.opened(at)
            ear.open()
            reason = await self._carry(link)
        except Exception as error:
            reason = _words(error)
            raise
        finally:
            ear.close()
            self._close(link)
            self._lost(reason)
        return False

    def _close(self, link: Link) -> None:
        """A dead line answers no close frame; its successor does not wait for that."""
        closing = asyncio.create_task(link.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _lost(self, reason: str) -> None:
        at = self._clock.now()
        if self.opened_at is not None and at.mono - self.opened_at.mono >= self._settings.stable_after:
            self._backoff.succeeded()
        self.opened_at = None
        self.reason = reason
        self.peer.closed(reason, at)

    def _hear(self, data: bytes | str) -> None:
        at = self._clock.now()
        if self._clock_trouble(at):
            # Not from a line that is given up: a gap that begins with the suspension must not end before it is noticed.
            self._wake.set()
            return
        if self._broken is not None:
            return
        self.frames += 1
        self.bytes += len(data)
        try:
            attention = self.peer.hear(data, at)
        except Exception as error:
            # What of the frame was applied nobody knows, and in the reader's callback it would say nothing.
            self._broken, attention = _words(error), True
            logger.error("connection.stumbled line=%s error=%s", self.name, mishap(error))
        if attention:
            self._wake.set()

    async def _carry(self, link: Link) -> str:
        """Send, ask and time until the line ends; gives the reason."""
        while True:
            at = self._clock.now()
            if link.ended.done():
                return link.ended.result()
            if self._stop.is_set():
                return "stopped"
            if reason := self._broken or self._clock_trouble(at) or self.peer.hang_up():
                return reason
            try:
                async with asyncio.timeout(self._settings.silence_timeout):
                    for text in self.peer.to_send(at):
                        if broken := await self._write(link, text):
                            return broken
            except TimeoutError:
                return "silence: the other side does not read what is sent"
            self._run_errands(at)
            deadline = self.peer.next_deadline(at)
            await self._sleep(None if deadline is None else deadline - self._clock.now().mono)
            if deadline is not None:
                await self._allow_for_lateness(deadline)
            self.peer.let_time_pass(self._clock.now())

    async def _write(self, link: Link, text: str) -> str | None:
        """Write one text, unless it could place or change an order and is not the gate's: then the others still go.

        Gives why the line is broken, if it is. How much of the text had left by then nobody knows.
        """
        try:
            passed = pass_through(text)
        except OrderError as error:
            # Without the text, which holds a token.
            logger.error("writer.withheld line=%s reason=%s", self.name, error)
            self.withheld += 1
            return None
        try:
            await link.send(passed)
        except Exception as error:
            # Without its text, which may hold what was sent.
            return f"sending failed with {type(error).__name__}"
        return None

    def _run_errands(self, at: Instant) -> None:
        for query in self.peer.queries(at):
            errand = asyncio.create_task(self._ask(query))
            self._errands.add(errand)
            errand.add_done_callback(self._errands.discard)

    async def _sleep(self, seconds: float | None) -> None:
        """Until poked, or ``seconds`` have passed."""
        timer = None
        if seconds is not None:
            timer = asyncio.get_running_loop().call_later(max(seconds, 0.0), self._wake.set)
        await self._wake.wait()
        self._wake.clear()
        if timer is not None:
            timer.cancel()

    async def _allow_for_lateness(self, deadline: float) -> None:
        """A held-up process first reads what came meanwhile, and then judges as if it had not been held up."""
        late = self._clock.now().mono - deadline
        self.lateness = max(late, 0.0)
        self.worst_lateness = max(self.worst_lateness, self.lateness)
        if late <= LATE:
            return
        for _ in range(DRAIN_TURNS):
            before = self.frames
            await asyncio.sleep(0)
            if self.frames == before:
                break
        self.peer.excuse(late)

    def _clock_trouble(self, at: Instant) -> str | None:
        """The machine slept, or its clock was set: what was missed meanwhile is unknown."""
        drift = at.wall_ns / 1e9 - at.mono
        if self._drift is not None and abs(drift - self._drift) > self._settings.clock_step:
            return f"suspend: the clock stepped by {drift - self._drift:+.1f} s"
        return None

    async def _ask(self, query: Query) -> None:
        try:
            answer = await self._answer(query)
        except RestFailed as error:
            self.peer.unanswered(query, error.reason, self._clock.now(), refused=False)
        except KrakenLabError as error:
            self.peer.unanswered(query, str(error), self._clock.now(), refused=True)
        except Exception as error:
            # Whatever it was, the peer waits for an answer. Without its text, which may hold the key.
            self.peer.unanswered(query, f"failed with {type(error).__name__}", self._clock.now(), refused=True)
        else:
            self.peer.answered(query, answer, self._clock.now())
        self._wake.set()


def _words(error: Exception) -> str:
    return f"an error of this program ({mishap(error)})"


class _Ear:
    """Where one line's frames go: kept until the peer knows of the line, and nowhere once it is given up."""

    def __init__(self, hear: Hear) -> None:
        self._hear: Hear | None = hear
        self._early: list[bytes | str] | None = []

    def hear(self, data: bytes | str) -> None:
        """Take one frame."""
        if self._early is not None:
            self._early.append(data)
        elif self._hear is not None:
            self._hear(data)

    def open(self) -> None:
        """Hand over what came early, and from now on everything at once."""
        early, self._early = self._early or [], None
        for data in early:
            self.hear(data)

    def close(self) -> None:
        """Hear nothing more: what still comes belongs to a line that nobody believes any longer."""
        self._hear = None
