"""The exchange on a real loopback socket: few and quick tests of what only sockets can show."""

from __future__ import annotations

import ast
import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

import kraken_lab.sandbox
from kraken_lab.errors import SandboxError
from kraken_lab.sandbox import Match, certificate
from kraken_lab.sandbox.server import CONNECTIONS, Server, wall_clock
from kraken_lab.sandbox.signing import api_sign
from tests.sandbox.talk import a_quiet_exchange

SUBSCRIBE = '{"method":"subscribe","params":{"channel":"book","symbol":["DOT/USD"]},"req_id":1}'
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Server]:
    """A server of a small quiet exchange on a free port."""
    clock = wall_clock()
    server = Server(a_quiet_exchange(start_ns=clock()), clock=clock, **options)
    await server.start(tls=tls)
    try:
        yield server
    finally:
        await server.close()


def run(test: Callable[[Server], Awaitable[None]], **options: Any) -> None:
    """Run a test against a server of its own, within ten seconds."""

    async def whole() -> None:
        async with asyncio.timeout(10), serving(**options) as server:
            await test(server)

    asyncio.run(whole())


def to(server: Server, name: str = "ws_public", **options: Any) -> connect:
    """A WebSocket connection to one of the addresses, past any proxy."""
    return connect(server.addresses()[name], proxy=None, **options)


async def exchanged(server: Server, request: str, tls: ssl.SSLContext | None = None) -> bytes:
    """All that comes back for raw HTTP until the server closes."""
    address = urlsplit(server.addresses()["rest"])
    assert address.hostname
    reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=tls)
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def heard(socket: ClientConnection) -> Any:
    """The next message."""
    return json.loads(await socket.recv())


async def ending(socket: ClientConnection) -> int | None:
    """Read to the end; the close code that was received, None if there was none."""
    try:
        async for _ in socket:
            pass
    except websockets.ConnectionClosedError as closed:
        return closed.rcvd.code if closed.rcvd else None
    return socket.close_code


def test_the_three_endpoints_serve_what_is_theirs() -> None:
    """Status first on each; a book on the public one, pings everywhere."""

    async def test(server: Server) -> None:
        for name in ("ws_public", "ws_private", "ws_l3"):
            async with to(server, name) as socket:
                assert (await heard(socket))["channel"] == "status"
                await socket.send(SUBSCRIBE)
                answer = await heard(socket)
                assert answer["success"] is (name == "ws_public")
                if answer["success"]:
                    assert (await heard(socket))["type"] == "snapshot"
                await socket.send('{"method":"ping","req_id":3}')
                assert (await heard(socket))["req_id"] == 3
                await (await socket.ping())

    run(test)


def test_what_happens_in_the_market_arrives_in_real_time() -> None:
    """The server's clock lets the exchange's time pass: a heartbeat after a second, data when it happens."""

    async def test(server: Server) -> None:
        async with to(server) as socket:
            await socket.send(SUBSCRIBE)
            assert [(await heard(socket)).get("channel") for _ in range(3)] == ["status", None, "book"]
            engine = server.exchange.market.engine("DOT/USD")
            server.catch_up()
            market = server.exchange.market
            market.act(engine.limit("buy", engine.prices("buy")[0], 1000, market.now_ns))
            server.flush()
            assert (await heard(socket))["channel"] == "book"
            assert await heard(socket) == {"channel": "heartbeat"}

    run(test)


@pytest.mark.promise("W-02")
@pytest.mark.fault("F-145")
@pytest.mark.fault("F-146")
@pytest.mark.fault("F-147")
def test_strangers_get_the_same_403_whatever_is_wrong_and_whatever_they_ask() -> None:
    """Foreign host, foreign origin, missing or wrong secret; for sockets and for REST: the same bytes."""

    async def test(server: Server) -> None:
        address = urlsplit(server.addresses()["rest"])
        secret, host = address.path, f"Host: 127.0.0.1:{address.port}\r\n"
        answers = set()
        for path, upgrade in (("/public/v2", UPGRADE), ("/0/public/Time", "")):
            for prefix, headers in (
                (secret, "Host: evil.example\r\n"),
                (secret, f"Host: evil.example:{address.port}\r\n"),
                (secret, host + "Origin: http://evil.example\r\n"),
                (secret, host + "Origin: null\r\n"),
                ("", host),
                ("/guess", host),
            ):
                answers.add(await exchanged(server, f"GET {prefix}{path} HTTP/1.1\r\n{headers}{upgrade}\r\n"))
        (answer,) = answers
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert answer.endswith(b"\r\n\r\nForbidden\n")
        assert server.exchange.sessions == ()

    run(test)


def test_an_origin_that_was_allowed_comes_in() -> None:
    """A page of one's own may be let in by name."""

    async def test(server: Server) -> None:
        async with to(server, origin="http://lab.example") as socket:
            assert (await heard(socket))["channel"] == "status"

    run(test, allowed_origins=["http://lab.example"])


@pytest.mark.promise("W-01")
@pytest.mark.fault("F-148")
def test_a_server_listens_on_loopback_only() -> None:
    """Another address is refused, and nothing was opened."""

    async def test(server: Server) -> None:
        other = Server(a_quiet_exchange(), clock=wall_clock())
        with pytest.raises(SandboxError, match=r"0\.0\.0\.0"):
            await other.start("0.0.0.0")
        assert urlsplit(server.addresses()["ws_public"]).hostname == "127.0.0.1"

    run(test)


@pytest.mark.promise("W-03")
@pytest.mark.fault("F-149")
def test_the_seventeenth_connection_is_turned_away() -> None:
    """The sixteen go on, and a place that is left can be taken."""

    async def test(server: Server) -> None:
        sockets = [await to(server) for _ in range(CONNECTIONS)]
        answer = await exchanged(server, "GET / HTTP/1.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 503 ")
        await sockets[0].close()
        sockets[0] = await to(server)
        for socket in sockets:
            assert (await heard(socket))["channel"] == "status"
            await socket.close()

    run(test)


@pytest.mark.promise("W-03")
@pytest.mark.fault("F-149")
def test_too_large_a_message_costs_its_sender_the_connection_and_nobody_else() -> None:
    """2 MiB on a socket, 2 MiB by REST, a head without end."""

    async def test(server: Server) -> None:
        address = urlsplit(server.addresses()["rest"])
        async with to(server) as bystander, to(server) as sender:
            await sender.send("x" * 2**21)
            assert await ending(sender) == 1009
            head = f"POST {address.path}/0/private/X HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n"
            answer = await exchanged(server, f"{head}Content-Length: {2**21}\r\n\r\n" + "x" * (2**20 + 1))
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert (await exchanged(server, "GET /" + "x" * 20_000)).startswith(b"HTTP/1.1 400 ")
            await bystander.send('{"method":"ping"}')
            assert [(await heard(bystander)).get("method") for _ in range(2)] == [None, "pong"]

    run(test)


def test_a_message_may_come_in_fragments() -> None:
    """They are put together again."""

    async def test(server: Server) -> None:
        async with to(server) as socket:
            await socket.send(['{"method":', '"ping",', '"req_id":7}'])
            assert [(await heard(socket)).get("req_id") for _ in range(2)] == [None, 7]

    run(test)


def test_rest_is_answered_on_a_kept_connection() -> None:
    """Two requests in a row, one of them signed over the path without the prefix; then the peer says close."""

    async def test(server: Server) -> None:
        address = urlsplit(server.addresses()["rest"])
        path, body = "/0/private/GetWebSocketsToken", b"nonce=1"
        sign = api_sign(path, "1", body, server.exchange.api_secret)
        host = f"Host: 127.0.0.1:{address.port}\r\n"
        answer = await exchanged(
            server,
            f"GET {address.path}/0/public/AssetPairs?pair=DOT/USD HTTP/1.1\r\n{host}\r\n"
            f"POST {address.path}{path} HTTP/1.1\r\n{host}API-Key: {server.exchange.api_key}\r\nAPI-Sign: {sign}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n\r\n{body.decode()}",
        )
        assert answer.count(b"HTTP/1.1 200 ") == 2
        assert b'"result":{"DOT/USD":{' in answer
        assert b'"expires":900' in answer
        missing = await exchanged(server, f"GET {address.path}/elsewhere HTTP/1.1\r\n{host}\r\n")
        assert missing.startswith(b"HTTP/1.1 404 ")

    run(test)


def test_tls_is_served_with_the_runs_own_certificate() -> None:
    """Trusted by who knows its authority, and by nobody else."""
    made = certificate.make()

    async def test(server: Server) -> None:
        assert server.addresses()["ws_public"].startswith("wss://127.0.0.1:")
        trusting = ssl.create_default_context(cadata=made.ca_pem)
        async with to(server, ssl=trusting) as socket:
            assert (await heard(socket))["channel"] == "status"
        with pytest.raises(ssl.SSLCertVerificationError):
            await to(server, ssl=ssl.create_default_context())

    run(test, tls=made.context)


@pytest.mark.fault("F-002")
@pytest.mark.fault("F-003")
@pytest.mark.fault("F-007")
@pytest.mark.fault("F-010")
def test_connections_end_and_begin_as_the_faults_say() -> None:
    """Reset, closed with a code, refused, answered by an error page; then all is well."""

    async def test(server: Server) -> None:
        faults = server.exchange.faults
        for code in (None, 1012):
            async with to(server) as socket:
                await socket.recv()
                if code:
                    faults.close(code, "restart")
                else:
                    faults.reset()
                server.flush()
                assert await ending(socket) == code
        faults.refuse(1)
        with pytest.raises((OSError, websockets.InvalidMessage)):
            await to(server)
        faults.upgrade(503, "<html>busy</html>")
        with pytest.raises(websockets.InvalidStatus, match="503"):
            await to(server)
        faults.hang(1)
        with pytest.raises(TimeoutError):
            await to(server, open_timeout=0.05)
        async with to(server) as socket:
            assert (await heard(socket))["channel"] == "status"

    run(test)


@pytest.mark.fault("F-001")
@pytest.mark.fault("F-012")
@pytest.mark.fault("F-017")
@pytest.mark.fault("F-071")
def test_the_wire_can_be_frozen_slow_and_in_pieces() -> None:
    """Nothing is lost by any of it."""

    async def test(server: Server) -> None:
        faults = server.exchange.faults
        async with to(server, ping_interval=None) as socket:
            await socket.recv()
            faults.freeze()
            server.flush()
            await socket.send('{"method":"ping","req_id":1}')
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.05)
            faults.thaw()
            server.flush()
            assert (await heard(socket))["req_id"] == 1
            faults.slice(1)
            await socket.send('{"method":"ping","req_id":2}')
            assert (await heard(socket))["req_id"] == 2
            faults.slice(0)
            faults.throttle(20_000)
            await socket.send('{"method":"ping","req_id":3}')
            await socket.send('{"method":"ping","req_id":4}')
            assert [(await heard(socket))["req_id"] for _ in range(2)] == [3, 4]
            faults.throttle(0)
            faults.drop_pongs()
            pong = asyncio.ensure_future(await socket.ping())
            await socket.send('{"method":"ping","req_id":5}')
            assert (await heard(socket))["req_id"] == 5
            assert not pong.done()
            pong.cancel()

    run(test)


def test_a_peer_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be written to it has a bound."""
    monkeypatch.setattr("kraken_lab.sandbox.connection.UNSENT_BYTES", 4000)

    async def test(server: Server) -> None:
        async with to(server) as socket:
            await socket.recv()
            server.exchange.faults.throttle(100)
            await socket.send(SUBSCRIBE.replace("]}", '],"depth":1000}'))
            assert await ending(socket) is None

    run(test)


def test_a_binary_frame_goes_out_as_one() -> None:
    """Bytes that a fault puts on the wire stay bytes; edited texts arrive edited."""

    async def test(server: Server) -> None:
        server.exchange.faults.edit(Match(channel="status"), lambda text: text.replace("online", "asleep"))
        async with to(server) as socket:
            assert (await heard(socket))["data"][0]["system"] == "asleep"
            server.exchange.faults.raw(b"\x00\x01")
            server.flush()
            assert await socket.recv() == b"\x00\x01"

    run(test)


@pytest.mark.promise("W-03")
@pytest.mark.fault("F-183")
def test_no_module_of_the_sandbox_can_open_a_connection() -> None:
    """Read from the source: nothing that connects is called or imported."""
    forbidden = {"create_connection", "open_connection", "urlopen", "connect", "connect_ex", "sock_connect", "httpx"}
    folder = Path(kraken_lab.sandbox.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not forbidden & {name, *imported}, f"{path.name}: {name or imported}"
