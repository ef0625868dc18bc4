"""Sockets, behind three small interfaces: something that connects, something that sends, and why it ended.

Frames are handed over as they are read, in the loop's own callback, so that nothing queues between the socket and the
book and a consumer that is slow cannot be confused with an exchange that is silent.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event

from ..errors import KrakenLabError
from ..wire import Settings

__all__ = ["Hear", "Link", "Transport", "TransportFailed", "WebSocketTransport"]

Hear = Callable[[bytes | str], None]
"""What a transport calls with every frame."""

FRAMES = logging.getLogger("kraken_lab.frames")
FRAMES.setLevel(logging.INFO)
"""The WebSocket library logs every frame at level DEBUG. Some carry tokens, so here it never does."""

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class TransportFailed(KrakenLabError):
    """A connection could not be made. ``reason``, and the HTTP ``status`` of a refused upgrade or None."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        self.reason, self.status = reason, status
        super().__init__(reason)


class Link(Protocol):
    """One open connection."""

    ended: asyncio.Future[str]
    """Done with the reason when the connection is gone."""

    async def send(self, text: str) -> None:
        """Write one text. A connection that is gone swallows it and says so in ``ended``."""

    async def close(self) -> None:
        """Close it, by force if the other side does not answer."""


class Transport(Protocol):
    """A way to reach a venue."""

    async def connect(self, url: str, hear: Hear) -> Link:
        """Open a connection whose frames go to ``hear``.

        Raises:
            TransportFailed: it could not be opened within ``open_timeout``.
        """


class _WebSocketLink:
    def __init__(self, connection: ClientConnection, close_timeout: float) -> None:
        self._connection, self._close_timeout = connection, close_timeout
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._watch = asyncio.create_task(self._until_closed())

        if isinstance(connection, _Listening):
            connection.gave_up = self._end

    async def _until_closed(self) -> None:
        await self._connection.wait_closed()
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(_why_closed(self._connection))

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except (ConnectionClosed, OSError):
            # Why it is gone is in `ended`; what was not sent is asked again on the next connection.
            return

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._connection.close(), self._close_timeout)
        except TimeoutError:
            self._connection.transport.abort()
        await self._watch


def _why_closed(connection: ClientConnection) -> str:
    ours, theirs = connection.protocol.close_sent, connection.protocol.close_rcvd
    if ours is not None and not connection.protocol.close_rcvd_then_sent and ours.code != CloseCode.NORMAL_CLOSURE:
        # Something was wrong with what came, or with what did not.
        return f"given up with {int(ours.code)}" + (f" {ours.reason}" if ours.reason else "")
    code, reason = (theirs.code, theirs.reason) if theirs is not None else (None, "")
    if code is None or code == CloseCode.ABNORMAL_CLOSURE:
        return reason or "connection lost"
    return f"closed with {int(code)}" + (f" {reason}" if reason else "")


class _Listening(ClientConnection):
    """A connection that says at once when what came broke the protocol."""

    gave_up: Callable[[], None] | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # A peer that does not hang up in turn must not keep the line half alive.
        if self.gave_up is not None and self.protocol.parser_exc is not None:
            self.gave_up()


def _listening(hear: Hear) -> type[ClientConnection]:
    """A connection class that hands frames to ``hear`` as they are read, instead of queueing them for ``recv``."""

    class ListeningConnection(_Listening):
        fragments: list[bytes]

        def process_event(self, event: Event) -> None:
            if not isinstance(event, Frame) or event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                super().process_event(event)
                return
            data = bytes(event.data)
            if event.opcode is not Opcode.CONT and event.fin:
                hear(data)
                return
            if event.opcode is not Opcode.CONT:
                self.fragments = []
            self.fragments.append(data)
            if event.fin:
                hear(b"".join(self.fragments))
                self.fragments = []

    return ListeningConnection


class _Straight(connect):
    """Connects to the address that was given and to no other: a redirect is a refusal."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class WebSocketTransport:
    """WebSockets over TCP or TLS.

    ``ssl_context`` replaces the system's trust store (a sandbox's throw-away certificate); verification itself cannot
    be switched off. Loopback connections never go through a proxy, whatever the environment says.
    """

    def __init__(self, settings: Settings, ssl_context: ssl.SSLContext | None = None) -> None:
        self._settings, self._ssl = settings, ssl_context

    async def connect(self, url: str, hear: Hear) -> Link:
        """Open a connection whose frames go to ``hear``.

        Raises:
            TransportFailed: it could not be opened within ``open_timeout``.
        """
        settings = self._settings
        parts = urlsplit(url)
        options: dict[str, Any] = {"ssl": self._ssl} if parts.scheme == "wss" and self._ssl is not None else {}
        try:
            connection = await _Straight(
                url,
                create_connection=_listening(hear),
                compression=None,
                proxy=None if parts.hostname in LOOPBACK else True,
                open_timeout=settings.open_timeout,
                close_timeout=settings.close_timeout,
                ping_interval=settings.ping_interval,
                ping_timeout=settings.ping_timeout,
                max_size=settings.max_message,
                process_exception=lambda error: error,
                logger=FRAMES,
                **options,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            raise TransportFailed(f"upgrade answered with HTTP {status}", status) from error
        except TimeoutError as error:
            raise TransportFailed(f"no connection within {settings.open_timeout:g} s") from error
        except ssl.SSLError as error:
            raise TransportFailed(f"TLS failed: {error.reason or error}") from error
        except (OSError, InvalidHandshake, InvalidProxy, InvalidURI, EOFError, ValueError) as error:
            raise TransportFailed(str(error) or type(error).__name__) from error
        return _WebSocketLink(connection, settings.close_timeout)
