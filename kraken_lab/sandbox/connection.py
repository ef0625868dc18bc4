"""One TCP connection to the server: HTTP until it is upgraded, then WebSocket frames around a session's texts.

REST is parsed by h11 and WebSocket by the ``websockets`` library, both without I/O; here bytes come in, are let through
the gate, and go out at the pace the faults allow.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import h11
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from kraken_lab.sandbox.request import Endpoint
from kraken_lab.sandbox.rest_answer import RestAnswer, failed
from kraken_lab.sandbox.session import Session

if TYPE_CHECKING:
    from kraken_lab.sandbox.server import Server

__all__ = ["Connection"]

MESSAGE_BYTES: Final = 2**20
HEAD_S: Final = 10.0
"""How long a connection may take to say what it wants."""
KEEP_ALIVE_S: Final = 60.0
CLOSING_S: Final = 5.0
UNSENT_BYTES: Final = 8 * 2**20
"""A peer that leaves more than that unread is cut off."""
PUMP_S: Final = 0.05
_PONG: Final = 0x8A
_RESET: Final = struct.pack("ii", 1, 0)

_PATHS: Final[dict[str, Endpoint]] = {"/public/v2": "public", "/private/v2": "private", "/level3/v2": "level3"}
_FORBIDDEN: Final = RestAnswer(403, {"content-type": "text/plain"}, b"Forbidden\n")
_NOT_FOUND: Final = RestAnswer(404, {"content-type": "text/plain"}, b"Not found\n")
_BAD: Final = RestAnswer(400, {"content-type": "text/plain"}, b"Bad request\n")
_TOO_LARGE: Final = RestAnswer(413, {"content-type": "text/plain"}, b"Too large\n")
_FULL: Final = RestAnswer(503, {"content-type": "text/plain"}, b"Too many connections\n")


class Connection(asyncio.Protocol):
    """The server's end of one connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._faults = server.exchange.faults
        self._transport: asyncio.Transport
        self._http: h11.Connection | None = h11.Connection(h11.SERVER, max_incomplete_event_size=16 * 1024)
        self._socket: ServerProtocol | None = None
        self._session: Session | None = None
        self._head = b""
        self._request: h11.Request | None = None
        self._body = b""
        self._held = b""
        self._fragments: list[bytes] = []
        self._unsent = b""
        self._pump: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._hangs = False

    # --- asyncio calls these ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._server.admit(self):
            self._expect(HEAD_S)
        else:
            self._answer(_FULL)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._faults.frozen:
            self._held += data
            self._transport.pause_reading()
        elif self._hangs or self._transport.is_closing():
            return
        elif self._socket is not None:
            self._socket.receive_data(data)
            self._take_frames(self._socket)
        elif self._http is not None:
            self._take_http(self._http, data)

    def eof_received(self) -> bool:
        """The peer will send no more."""
        if self._socket is not None:
            self._socket.receive_eof()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone."""
        for timer in (self._pump, self._deadline):
            if timer is not None:
                timer.cancel()
        self._server.let_go(self, self._session)

    # --- the server calls these -------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Send what the session has to say, and end if it wants to."""
        session, protocol = self._session, self._socket
        if session is None or protocol is None or self._faults.frozen:
            return
        if protocol.state is State.OPEN:
            for data in session.drain():
                if isinstance(data, str):
                    protocol.send_text(data.encode("utf-8", "surrogatepass"))
                else:
                    protocol.send_binary(data)
            if session.close_request is not None:
                protocol.send_close(*session.close_request)
                self._expect(CLOSING_S)
            self._send_frames(protocol)
        if session.reset_request:
            self.reset()

    def thaw(self) -> None:
        """The exchange reads and writes again."""
        held, self._held = self._held, b""
        self._transport.resume_reading()
        if held:
            self.data_received(held)

    def finish(self) -> None:
        """Close once everything was sent."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def reset(self) -> None:
        """End with a TCP reset."""
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    # --- HTTP -------------------------------------------------------------------------------------------------------

    def _take_http(self, http: h11.Connection, data: bytes) -> None:
        if self._request is None:
            self._head += data
        try:
            http.receive_data(data)
            while self._http is http and not self._transport.is_closing():
                event = http.next_event()
                if isinstance(event, h11.Request):
                    self._begin(event)
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > MESSAGE_BYTES:
                        self._answer(_TOO_LARGE)
                elif isinstance(event, h11.EndOfMessage):
                    self._finish_request(http)
                else:
                    break
        except h11.RemoteProtocolError:
            self._answer(_BAD)

    def _begin(self, request: h11.Request) -> None:
        """A request's head is complete: let it in, or not."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
        target = request.target.decode("latin-1")
        path = self._server.gate.admits(target, headers)
        if path is None:
            self._answer(_FORBIDDEN)
        elif any(name == "upgrade" and value.lower() == "websocket" for name, value in headers):
            self._upgrade(path.partition("?")[0])
        elif not path.startswith("/0/"):
            self._answer(_NOT_FOUND)
        else:
            self._request = request
            self._path = path
            self._body = b""

    def _finish_request(self, http: h11.Connection) -> None:
        if self._request is None:
            return
        path, _, query = self._path.partition("?")
        exchange = self._server.exchange
        self._server.catch_up()
        if self._server.rest_rate.take(1, exchange.now_ns):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._request.headers}
            method = self._request.method.decode("ascii")
            answer = exchange.rest(method, path, query=query, headers=headers, body=self._body)
        else:
            answer = failed("EAPI:Rate limit exceeded")
        if not answer.status:
            self._transport.close()
            return
        self._respond(http, answer)
        self._request, self._head = None, b""
        if http.our_state is h11.DONE and http.their_state is h11.DONE:
            http.start_next_cycle()
            self._expect(KEEP_ALIVE_S)
        else:
            self._transport.close()

    def _answer(self, answer: RestAnswer) -> None:
        """Answer with this and close, whatever was asked."""
        reason = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus._value2member_map_ else "Error"
        lines = [f"HTTP/1.1 {answer.status} {reason}", "connection: close", f"content-length: {len(answer.body)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)
        self._transport.close()

    def _respond(self, http: h11.Connection, answer: RestAnswer) -> None:
        headers = [*answer.headers.items(), ("content-length", str(len(answer.body)))]
        for event in (
            h11.Response(status_code=answer.status, headers=headers),
            h11.Data(data=answer.body),
            h11.EndOfMessage(),
        ):
            self._write(http.send(event) or b"")

    # --- WebSocket --------------------------------------------------------------------------------------------------

    def _upgrade(self, path: str) -> None:
        endpoint = _PATHS.get(path)
        wrong = self._faults.take_upgrade()
        if self._faults.take_refusal():
            self.reset()
        elif self._faults.take_hang():
            self._hangs = True
            self._expect(None)
        elif wrong is not None:
            status, body = wrong
            self._answer(RestAnswer(status, {"content-type": "text/html"}, body.encode()))
        elif endpoint is None:
            self._answer(_NOT_FOUND)
        else:
            self._open(endpoint)

    def _open(self, endpoint: Endpoint) -> None:
        protocol = self._socket = ServerProtocol(max_size=MESSAGE_BYTES)
        self._http = None
        protocol.receive_data(self._head)
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
        self._send_frames(protocol)
        if protocol.state is not State.OPEN:
            self._transport.close()
            return
        self._expect(None)
        self._server.catch_up()
        self._session = self._server.exchange.open(endpoint)
        self._server.carry(self, self._session)
        self._take_frames(protocol)

    def _take_frames(self, protocol: ServerProtocol) -> None:
        self._server.catch_up()
        for frame in protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                self._fragments.append(bytes(frame.data))
                if frame.fin and self._session is not None:
                    self._session.receive(b"".join(self._fragments))
                    self._fragments.clear()
        self._server.flush()
        self._send_frames(protocol)

    def _send_frames(self, protocol: ServerProtocol) -> None:
        for data in protocol.data_to_send():
            if not data:
                self._transport.close()
            elif not (self._faults.drops_pongs and data[0] == _PONG):
                self._write(data)
        if protocol.close_expected():
            self._expect(CLOSING_S)

    # --- writing ----------------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        """Write now, or as slowly and in as small pieces as the faults say; give up on a peer that does not read."""
        if self._transport.is_closing():
            return
        if self._faults.throttle_bytes_per_s or self._unsent:
            self._unsent += data
            self._pump_some()
        else:
            step = self._faults.slice_bytes or len(data) or 1
            for start in range(0, len(data), step):
                self._transport.write(data[start : start + step])
        if self._transport.get_write_buffer_size() + len(self._unsent) > UNSENT_BYTES:
            self.reset()

    def _pump_some(self) -> None:
        if self._pump is None and self._unsent:
            rate = self._faults.throttle_bytes_per_s
            size = max(1, int(rate * PUMP_S)) if rate else len(self._unsent)
            self._transport.write(self._unsent[:size])
            self._unsent = self._unsent[size:]
            self._pump = asyncio.get_running_loop().call_later(PUMP_S, self._pumped)

    def _pumped(self) -> None:
        self._pump = None
        self._pump_some()

    def _expect(self, seconds: float | None) -> None:
        """Close unless something happens in time."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
        if seconds is not None:
            self._deadline = asyncio.get_running_loop().call_later(seconds, self._transport.abort)
