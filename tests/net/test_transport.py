"""Real sockets on this machine, a server that answers as it is told, and what becomes of it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import logging
import re
import resource
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import requires
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Response

from kraken_lab.net import TransportFailed, WebSocketTransport
from kraken_lab.sandbox.certificate import make
from kraken_lab.wire import Settings

QUICK = Settings(open_timeout=1.0, close_timeout=0.5)


async def nothing(connection: ServerConnection) -> None:
    """A server that waits until it is left."""
    await connection.wait_closed()


def with_server(
    handle: Callable[[ServerConnection], Awaitable[None]],
    test: Callable[[str], Awaitable[None]],
    **options: Any,
) -> None:
    """Run a test against a WebSocket server."""

    async def work() -> None:
        async with serve(handle, "127.0.0.1", 0, **options) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            await asyncio.wait_for(test(f"ws://127.0.0.1:{port}/v2"), 20)

    asyncio.run(work())


@contextlib.asynccontextmanager
async def raw_server(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A server of plain TCP; gives its port, and leaves no connection open at the end."""
    handlers: set[asyncio.Task[None]] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await handle(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    """Give the loop its turns until a condition holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.promise("S-13")
@pytest.mark.fault("F-017")
def test_fragments_and_binary_frames_arrive_whole() -> None:
    """A message in many frames is one; bytes that are no text are handed over as they are."""

    async def handle(connection: ServerConnection) -> None:
        await connection.send(["a", "b", "c"])
        await connection.send(b"\xff\xfe")
        await connection.send("d" * 70_000)
        await connection.send([b"e", b"f"])
        await connection.wait_closed()

    async def test(url: str) -> None:
        heard: list[bytes | str] = []
        link = await WebSocketTransport(QUICK).connect(url, heard.append)
        await until(lambda: len(heard) == 4)
        assert heard == [b"abc", b"\xff\xfe", b"d" * 70_000, b"ef"]
        await link.close()

    with_server(handle, test)


@pytest.mark.promise("B-02")
@pytest.mark.promise("U-02")
@pytest.mark.fault("F-171")
@pytest.mark.parametrize("fragments", [1, 5])
def test_a_message_above_the_limit_ends_the_line(fragments: int) -> None:
    """One byte more, whole or in fragments: refused, never truncated; at the limit it is taken."""
    limit = 100_000

    async def handle(connection: ServerConnection) -> None:
        for size in (limit, limit + 1):
            step = size // fragments + 1
            await connection.send(["x" * min(step, size - at) for at in range(0, size, step)])
        await connection.wait_closed()

    async def test(url: str) -> None:
        heard: list[bytes | str] = []
        link = await WebSocketTransport(Settings(max_message=limit)).connect(url, heard.append)
        reason = await asyncio.wait_for(link.ended, 5)
        assert [len(frame) for frame in heard] == [limit]
        assert reason.startswith("given up with 1009")
        await link.close()

    with_server(handle, test)


@pytest.mark.promise("B-02")
@pytest.mark.fault("F-054")
def test_a_reference_snapshot_of_many_megabytes_is_taken() -> None:
    """The default limit of the library would refuse it."""

    async def handle(connection: ServerConnection) -> None:
        await connection.send("x" * (8 << 20))
        await connection.wait_closed()

    async def test(url: str) -> None:
        heard: list[int] = []
        link = await WebSocketTransport(Settings()).connect(url, lambda frame: heard.append(len(frame)))
        await until(lambda: heard)
        assert heard == [8 << 20]
        await link.close()

    with_server(handle, test)


@pytest.mark.promise("S-03")
@pytest.mark.fault("F-007")
@pytest.mark.fault("F-008")
@pytest.mark.fault("F-010")
@pytest.mark.parametrize("status", [200, 401, 403, 404, 429, 500, 503])
def test_an_upgrade_that_is_answered_otherwise(status: int) -> None:
    """Fails with the status, and without the page."""

    def refuse(connection: ServerConnection, request: Any) -> Response:
        return connection.respond(status, "<html><script>alert(1)</script></html>")

    async def test(url: str) -> None:
        with pytest.raises(TransportFailed) as caught:
            await WebSocketTransport(QUICK).connect(url, lambda frame: None)
        assert caught.value.status == status
        assert "<" not in caught.value.reason

    with_server(nothing, test, process_request=refuse)


@pytest.mark.promise("W-05")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """It is a failed upgrade like any other."""
    asked: list[str] = []

    def redirect(connection: ServerConnection, request: Any) -> Response:
        asked.append(request.path)
        response: Response = connection.respond(status, "elsewhere")
        response.headers["Location"] = "/elsewhere"
        return response

    async def test(url: str) -> None:
        with pytest.raises(TransportFailed) as caught:
            await WebSocketTransport(QUICK).connect(url, lambda frame: None)
        assert caught.value.status == status
        assert asked == ["/v2"]

    with_server(nothing, test, process_request=redirect)


@pytest.mark.promise("W-05")
def test_no_proxy_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "socks_proxy", "ws_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def test(url: str) -> None:
        link = await WebSocketTransport(QUICK).connect(url, lambda frame: None)
        await link.close()

    with_server(nothing, test)


@pytest.mark.promise("K-02")
def test_no_frame_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Subscriptions carry tokens, and a debug log is a file like any other."""

    async def test(url: str) -> None:
        link = await WebSocketTransport(QUICK).connect(url, lambda frame: None)
        await link.send('{"token":"CANARY"}')
        await link.close()

    with caplog.at_level(logging.DEBUG):
        with_server(nothing, test, logger=logging.getLogger("the server's own, of no concern"))
    ours = [record for record in caplog.records if not record.name.startswith("the server")]
    assert "CANARY" not in "".join(record.getMessage() for record in ours)


@pytest.mark.promise("S-03")
@pytest.mark.parametrize(
    "answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"\x16\x03\x01"]
)
def test_something_that_is_no_websocket_server(answer: bytes) -> None:
    """Is a failure to connect, whatever it says."""

    async def serve_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(answer)
        await writer.drain()

    async def work() -> None:
        async with raw_server(serve_it) as port:
            with pytest.raises(TransportFailed):
                await WebSocketTransport(QUICK).connect(f"ws://127.0.0.1:{port}/v2", lambda frame: None)

    asyncio.run(work())


@pytest.mark.promise("S-03")
@pytest.mark.promise("B-06")
@pytest.mark.fault("F-011")
def test_a_server_that_never_answers() -> None:
    """Is given up at the open timeout, and says so."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def work() -> None:
        async with raw_server(silent) as port:
            with pytest.raises(TransportFailed, match=r"no connection within 0.2 s"):
                await WebSocketTransport(Settings(open_timeout=0.2)).connect(
                    f"ws://127.0.0.1:{port}/v2", lambda frame: None
                )

    asyncio.run(work())


@pytest.mark.promise("S-03")
def test_nobody_there() -> None:
    """A closed port is a reason like any other."""

    async def work() -> None:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(TransportFailed):
            await WebSocketTransport(QUICK).connect(f"ws://127.0.0.1:{port}/v2", lambda frame: None)

    asyncio.run(work())


@pytest.mark.promise("W-05")
@pytest.mark.fault("F-153")
def test_a_certificate_nobody_vouches_for() -> None:
    """Is refused, and only an explicit trust in it helps: verification has no switch."""
    certificate = make()

    async def work() -> None:
        async with serve(nothing, "127.0.0.1", 0, ssl=certificate.context) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            url = f"wss://127.0.0.1:{port}/v2"
            with pytest.raises(TransportFailed, match="TLS failed"):
                await WebSocketTransport(QUICK).connect(url, lambda frame: None)
            trusting = ssl.create_default_context(cadata=certificate.ca_pem)
            link = await WebSocketTransport(QUICK, trusting).connect(url, lambda frame: None)
            await link.close()

    asyncio.run(work())


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Answer the opening handshake by hand, without any extension; gives what was asked."""
    asked = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"Sec-WebSocket-Key: (\S+)", asked)
    assert found is not None
    accept = base64.b64encode(hashlib.sha1(found[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    writer.write(b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
    writer.write(accept + b"\r\n\r\n")
    return asked


@pytest.mark.promise("B-02")
@pytest.mark.fault("F-154")
def test_a_compressed_bomb_is_refused_unopened() -> None:
    """No compression is asked for, so a megabyte that would be a gigabyte ends the line before it is expanded."""
    press = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    # A full flush makes it independent of what came before, so that it can be repeated as it is.
    megabyte = press.compress(bytes(1 << 20)) + press.flush(zlib.Z_FULL_FLUSH)
    bomb = megabyte * 1_000
    assert zlib.decompressobj(-zlib.MAX_WBITS).decompress(bomb[: 2 * len(megabyte)]) == bytes(2 << 20)
    assert len(bomb) < 1 << 20
    asked: list[bytes] = []

    async def bomber(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await upgrade(reader, writer))
        # FIN, RSV1 (compressed), text; a length of 64 bits.
        writer.write(bytes([0xC1, 127]) + len(bomb).to_bytes(8, "big") + bomb)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await writer.drain()
            await reader.read()

    async def work() -> None:
        heard: list[bytes | str] = []
        async with raw_server(bomber) as port:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            link = await WebSocketTransport(QUICK).connect(f"ws://127.0.0.1:{port}/v2", heard.append)
            reason = await asyncio.wait_for(link.ended, 5)
            risen_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            await link.close()
        assert heard == []
        assert "1002" in reason
        assert risen_kib < 64 * 1024
        assert b"sec-websocket-extensions" not in asked[0].lower()

    asyncio.run(work())


@pytest.mark.promise("U-02")
def test_the_library_that_truncated_messages_is_refused() -> None:
    """The minimum version stands in the package's own requirements."""
    assert any(re.fullmatch(r"websockets>=16\.1", line.split(";")[0].strip()) for line in requires("kraken-lab") or ())


@pytest.mark.promise("S-01")
@pytest.mark.fault("F-012")
def test_pings_that_are_not_answered_end_the_line() -> None:
    """Though data flows on."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        try:
            while not writer.is_closing():
                writer.write(b"\x81\x02hi")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            return

    async def work() -> None:
        heard: list[bytes | str] = []
        async with raw_server(deaf) as port:
            settings = Settings(ping_interval=0.1, ping_timeout=0.2, close_timeout=0.2)
            link = await WebSocketTransport(settings).connect(f"ws://127.0.0.1:{port}/v2", heard.append)
            reason = await asyncio.wait_for(link.ended, 5)
            assert reason == "given up with 1011 keepalive ping timeout"
            assert len(heard) > 5
            await link.close()

    asyncio.run(work())
