"""One line from first to last, with a transport and a peer that do what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from kraken_lab.errors import BadKey, RestFailed
from kraken_lab.net import Backoff, Connection, TransportFailed
from kraken_lab.net.transport import Hear, Link
from kraken_lab.wire import Instant, Query, Settings, SlidingBudget
from tests.virtual import VirtualClock, VirtualLoop, run


class _Peer:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.texts: list[str] = []
        self.wanted: list[Query] = []
        self.excused = 0.0
        self.silence_after: float | None = None
        self.last_heard = 0.0

    def opened(self, at: Instant) -> None:
        self.story.append("opened")
        self.last_heard = at.mono

    def hear(self, data: bytes | str, at: Instant) -> bool:
        self.story.append(f"heard {data!r}")
        self.last_heard = at.mono
        return False

    def closed(self, reason: str, at: Instant) -> None:
        self.story.append(f"closed: {reason}")

    def gave_up(self, reason: str, at: Instant) -> None:
        self.story.append(f"gave up: {reason}")

    def let_time_pass(self, at: Instant) -> None:
        if self.excused:
            self.story.append("judged")

    def to_send(self, at: Instant) -> list[str]:
        texts, self.texts = self.texts, []
        return texts

    def next_deadline(self, at: Instant) -> float | None:
        return at.mono + 1.0

    def hang_up(self) -> str | None:
        return None

    def queries(self, at: Instant) -> list[Query]:
        wanted, self.wanted = self.wanted, []
        return wanted

    def answered(self, query: Query, answer: str, at: Instant) -> None:
        self.story.append(f"answered {answer}")

    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None:
        self.story.append(f"unanswered {reason} {'refused' if refused else ''}".strip())

    def excuse(self, lateness: float) -> None:
        self.excused += lateness


class _Link:
    """A link whose other side may be dead."""

    def __init__(self, hear: Hear, *, send: float = 0.0, close: float = 0.0) -> None:
        self.hear = hear
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.sent: list[str] = []
        self.closed = False
        self._send, self._close = send, close

    async def send(self, text: str) -> None:
        await asyncio.sleep(self._send)
        self.sent.append(text)

    async def close(self) -> None:
        await asyncio.sleep(self._close)
        self.closed = True


class _Transport:
    """Gives links, or fails, as told."""

    def __init__(self, make: Callable[[Hear, int], Awaitable[Link]]) -> None:
        self.make, self.attempts = make, 0
        self.links: list[Any] = []

    async def connect(self, url: str, hear: Hear) -> Link:
        self.attempts += 1
        link = await self.make(hear, self.attempts)
        self.links.append(link)
        return link


class _Line:
    """A connection, running."""

    def __init__(
        self,
        make: Callable[[Hear, int], Awaitable[Link]],
        answer: Callable[[Query], Awaitable[str]] | None = None,
        settings: Settings | None = None,
        *,
        gives_up: bool = False,
    ) -> None:
        async def nothing(query: Query) -> str:
            return "a token"

        settings = settings or Settings()
        self.peer = _Peer()
        self.transport = _Transport(make)
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.line = Connection(
            name="test",
            url="ws://there",
            peer=self.peer,
            transport=self.transport,
            clock=self.clock,
            settings=settings,
            backoff=Backoff(settings, Random(1), SlidingBudget(100, 600.0)),
            answer=answer or nothing,
            gives_up=gives_up,
        )
        self.task = asyncio.get_running_loop().create_task(self.line.run())


async def good(hear: Hear, attempt: int) -> Link:
    """A link that works."""
    return _Link(hear)


@pytest.mark.promise("S-18")
def test_what_comes_with_the_handshake_is_heard_after_it() -> None:
    """The exchange says its status in the packet that ends the handshake; the peer first learns of the line."""

    async def make(hear: Hear, attempt: int) -> Link:
        hear(b"status")
        return _Link(hear)

    async def test() -> None:
        a = _Line(make)
        await asyncio.sleep(0.1)
        assert a.peer.story == ["opened", "heard b'status'"]

    run(test)


@pytest.mark.promise("S-01")
@pytest.mark.promise("S-07")
def test_a_line_that_is_given_up_is_not_heard_any_more() -> None:
    """It may still speak while it is being closed, and nobody listens; its successor does not wait for the close."""

    async def make(hear: Hear, attempt: int) -> Link:
        return _Link(hear, close=5.0)

    async def test() -> None:
        a = _Line(make)
        await asyncio.sleep(0.1)
        [first] = a.transport.links
        first.ended.set_result("connection lost")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.hear(b"too late")
        await asyncio.sleep(1.3)
        first.hear(b"much too late")
        assert not first.closed
        assert a.peer.story == ["opened", "closed: connection lost", "opened"]
        a.line.stop()
        await a.task
        assert all(link.closed for link in a.transport.links)

    run(test)


@pytest.mark.promise("S-01")
def test_a_peer_that_does_not_read_is_as_good_as_silent() -> None:
    """Writing to it is given up at the silence timeout."""

    async def make(hear: Hear, attempt: int) -> Link:
        return _Link(hear, send=1e6 if attempt == 1 else 0.0)

    async def test() -> None:
        a = _Line(make)
        a.peer.texts = ['{"method":"ping"}']
        await asyncio.sleep(7)
        assert a.peer.story[:2] == ["opened", "closed: silence: the other side does not read what is sent"]
        assert a.transport.attempts == 2

    run(test)


@pytest.mark.promise("S-21")
@pytest.mark.fault("F-018")
def test_stopping_while_a_connection_is_made() -> None:
    """Ends the attempt; nobody waits for its timeout."""

    async def make(hear: Hear, attempt: int) -> Link:
        await asyncio.sleep(1e6)
        raise AssertionError

    async def test() -> None:
        a = _Line(make)
        await asyncio.sleep(1)
        a.line.stop()
        await asyncio.wait_for(a.task, 0.1)
        assert a.line.state == "stopped"

    run(test)


@pytest.mark.promise("S-21")
def test_a_cancelled_line_closes_its_link() -> None:
    """Also when it is not asked politely."""

    async def test() -> None:
        a = _Line(good)
        await asyncio.sleep(1)
        a.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await a.task
        assert a.line.state == "stopped"
        assert a.transport.links[0].closed

    run(test)


@pytest.mark.promise("S-20")
@pytest.mark.promise("K-02")
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RestFailed("/0/x", "HTTP 500"), "unanswered HTTP 500"),
        (BadKey("no"), "unanswered no refused"),
        (ValueError("THE-CANARY"), "unanswered failed with ValueError refused"),
    ],
)
def test_every_question_is_answered_in_some_way(error: Exception, said: str) -> None:
    """Also if asking fails in a way nobody thought of; its text, which may hold the key, stays out."""

    async def answer(query: Query) -> str:
        raise error

    async def test() -> None:
        a = _Line(good, answer)
        a.peer.wanted = [Query("token")]
        await asyncio.sleep(1)
        assert [line for line in a.peer.story if line.startswith("unanswered")] == [said]

    run(test)


@pytest.mark.promise("S-19")
@pytest.mark.fault("F-034")
def test_what_waits_in_the_socket_after_a_sleep_is_not_believed() -> None:
    """The first frame after a suspension does not end the gap that the suspension is."""

    async def test() -> None:
        a = _Line(good)
        await asyncio.sleep(0.5)
        [link] = a.transport.links
        link.hear(b"before")
        a.clock.step = 1200.0
        link.hear(b"after")
        await asyncio.sleep(0.1)
        assert a.peer.story == ["opened", "heard b'before'", "closed: suspend: the clock stepped by +1200.0 s"]

    run(test)


@pytest.mark.promise("S-01")
@pytest.mark.fault("F-174")
def test_a_held_up_process_reads_before_it_judges() -> None:
    """What the socket holds is handed over first, and the peer is told by how much we were late."""

    async def test() -> None:
        a = _Line(good)
        await asyncio.sleep(0.5)
        loop = asyncio.get_running_loop()
        [link] = a.transport.links
        waiting = [b"one", b"two", b"three"]

        def read() -> None:
            # As a socket does: so much in each turn of the loop.
            link.hear(waiting.pop(0))
            if waiting:
                loop.call_soon(read)

        loop.call_later(0.5, read)
        assert isinstance(loop, VirtualLoop)
        loop.hold_up(6.0)
        await asyncio.sleep(0.2)
        assert a.peer.story == ["opened", "heard b'one'", "heard b'two'", "heard b'three'", "judged"]
        assert a.peer.excused == pytest.approx(5.5)

    run(test)


@pytest.mark.promise("S-03")
@pytest.mark.promise("B-06")
def test_a_line_that_never_stood_says_so() -> None:
    """After the first failure, not before."""

    async def make(hear: Hear, attempt: int) -> Link:
        await asyncio.sleep(3)
        raise TransportFailed("no route")

    async def test() -> None:
        a = _Line(make)
        await asyncio.sleep(1)
        before = a.line.failed
        await asyncio.sleep(2.1)
        assert (before, a.line.failed) == (False, True)
        assert a.line.reason == "no route"

    run(test)


def denied(status: int, after: int = 10**6) -> Callable[[Hear, int], Awaitable[Link]]:
    """A venue that denies every upgrade up to the ``after``-th."""

    async def make(hear: Hear, attempt: int) -> Link:
        if attempt <= after:
            raise TransportFailed(f"upgrade answered with HTTP {status}", status)
        return _Link(hear)

    return make


@pytest.mark.promise("S-03")
@pytest.mark.promise("S-20")
@pytest.mark.fault("F-009")
@pytest.mark.parametrize("status", [401, 404])
def test_a_private_address_that_denies_is_given_up(status: int) -> None:
    """After five attempts, with the reason; asked again, it gets five more."""

    async def test() -> None:
        a = _Line(denied(status), gives_up=True)
        await asyncio.sleep(600)
        assert a.transport.attempts == 5
        assert a.line.state == "failed"
        assert a.peer.story[-1] == f"gave up: upgrade answered with HTTP {status}, 5 times"
        a.line.poke()
        await asyncio.sleep(600)
        assert a.transport.attempts == 10
        a.line.stop()
        await asyncio.wait_for(a.task, 0.1)

    run(test)


@pytest.mark.promise("S-03")
@pytest.mark.fault("F-009")
def test_a_public_address_that_denies_is_asked_for_ever() -> None:
    """Politely: with a backoff that grows to its cap."""

    async def test() -> None:
        a = _Line(denied(404))
        await asyncio.sleep(600)
        assert 15 < a.transport.attempts < 60
        assert a.line.state == "waiting"
        assert not any(line.startswith("gave up") for line in a.peer.story)

    run(test)


@pytest.mark.promise("S-03")
@pytest.mark.fault("F-009")
def test_only_denials_in_a_row_count() -> None:
    """A venue that can be reached in between, or fails otherwise, is not given up."""

    async def make(hear: Hear, attempt: int) -> Link:
        raise TransportFailed("said no", 503 if attempt % 5 == 0 else 401)

    async def test() -> None:
        a = _Line(make, gives_up=True)
        await asyncio.sleep(900)
        assert a.transport.attempts > 15
        assert a.line.state == "waiting"

    run(test)


@pytest.mark.promise("O-04")
@pytest.mark.fault("F-123")
def test_what_a_peer_asks_of_rest_needs_no_connection() -> None:
    """While it waits, connects or was given up, queries are answered and time passes."""

    async def answer(query: Query) -> str:
        return query.name

    async def test() -> None:
        a = _Line(denied(401), answer, gives_up=True)
        for _ in range(3):
            a.peer.wanted = [Query("private", "CancelAll")]
            await asyncio.sleep(60)
        assert a.peer.story.count("answered CancelAll") == 3
        assert a.line.state == "failed"

    run(test)


@pytest.mark.promise("S-21")
def test_a_line_cancelled_while_it_connects_leaves_nothing_behind() -> None:
    """The attempt ends with it."""

    async def make(hear: Hear, attempt: int) -> Link:
        await asyncio.sleep(1e6)
        raise AssertionError

    async def test() -> None:
        a = _Line(make)
        await asyncio.sleep(1)
        a.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await a.task
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test)


@pytest.mark.promise("O-01")
@pytest.mark.promise("O-03")
@pytest.mark.fault("F-087")
@pytest.mark.parametrize("error", [OSError("broken pipe"), RuntimeError("THE-CANARY"), TimeoutError()])
def test_a_write_that_fails_ends_the_line(error: Exception) -> None:
    """What was to be written behind it is not, and nothing is written again on the next one unless the peer says so."""

    class Broken(_Link):
        async def send(self, text: str) -> None:
            self.sent.append(text)
            raise error

    async def make(hear: Hear, attempt: int) -> Link:
        return Broken(hear) if attempt == 1 else _Link(hear)

    async def test() -> None:
        a = _Line(make)
        a.peer.texts = ['{"method":"ping","req_id":1}', '{"method":"ping","req_id":2}']
        await asyncio.sleep(3)
        assert a.peer.story == ["opened", f"closed: sending failed with {type(error).__name__}", "opened"]
        assert [link.sent for link in a.transport.links] == [['{"method":"ping","req_id":1}'], []]

    run(test)


@pytest.mark.promise("S-03")
@pytest.mark.parametrize("where", ["hear", "let_time_pass", "to_send", "queries", "next_deadline", "opened", "closed"])
def test_a_mistake_in_the_peer_ends_no_line_for_good(where: str, caplog: pytest.LogCaptureFixture) -> None:
    """The line is closed, waits as after any loss, and is opened again; nothing of what was said is logged."""

    async def test() -> None:
        a = _Line(good)
        real = getattr(a.peer, where)
        failures = 2

        def wrong(*said: object, **named: object) -> object:
            nonlocal failures
            if failures:
                failures -= 1
                raise KeyError("what was said")
            return real(*said, **named)

        setattr(a.peer, where, wrong)
        for _ in range(40):
            await asyncio.sleep(1)
            if not failures:
                break
            for link in a.transport.links[-1:]:
                link.hear(b"frame")
                if where == "closed" and not link.ended.done():
                    link.ended.set_result("connection lost")
        await asyncio.sleep(30)
        assert failures == 0
        assert a.line.state == "open"
        assert all(link.closed for link in a.transport.links[:-1])
        assert not a.transport.links[-1].closed
        a.transport.links[-1].hear(b"and on it goes")
        assert a.peer.story[-1] == "heard b'and on it goes'"
        a.line.stop()
        await a.task
        assert a.transport.links[-1].closed

    run(test)
    assert any("stumbled" in record.message for record in caplog.records)
    assert not any("what was said" in record.getMessage() for record in caplog.records)
