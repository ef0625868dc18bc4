"""The exchange on a loopback port: three WebSocket endpoints and REST on one address, and the clock that drives it.

All of it runs on one event loop and opens nothing: it only accepts. The exchange behind it has no I/O; this module lets
its time pass, and `connection` carries texts.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Final

from kraken_lab.sandbox.connection import Connection
from kraken_lab.sandbox.exchange import Exchange
from kraken_lab.sandbox.gate import Gate, loopback
from kraken_lab.sandbox.limits import Window
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.session import Session

__all__ = ["CONNECTIONS", "Server", "wall_clock"]

CONNECTIONS: Final = 16
"""How many connections are held at a time, sockets and REST together."""
REST_PER_SECOND: Final = 100
TICK_S: Final = 0.005
"""Actions closer together than this are let pass together, which keeps an idle exchange cheap."""


def wall_clock() -> Callable[[], int]:
    """A clock that starts at the wall clock's time and never goes back or jumps: nanoseconds since the epoch."""
    start_ns = time.time_ns() - time.monotonic_ns()
    return lambda: start_ns + time.monotonic_ns()


class Server:
    """Serves one exchange on loopback until it is closed.

    Every address carries the secret of the run as a path prefix: ``/SECRET/public/v2``, ``/SECRET/private/v2``,
    ``/SECRET/level3/v2`` and ``/SECRET/0/...``.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        clock: Callable[[], int],
        secret: str | None = None,
        allowed_origins: Iterable[str] = (),
    ) -> None:
        self.exchange = exchange
        self.secret = secret or secrets.token_urlsafe(16)
        self.rest_rate = Window(REST_PER_SECOND)
        self._clock = clock
        self._allowed_origins = frozenset(allowed_origins)
        self._connections: dict[Connection, None] = {}
        self._carriers: dict[Session, Connection] = {}
        self._with_output: dict[Session, None] = {}
        self._was_frozen = False
        self._timer: asyncio.TimerHandle | None = None
        self._listener: asyncio.Server | None = None
        self._base = ""
        exchange.on_output = self._note_output

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        """Listen, and let the exchange's time pass from now on.

        Raises:
            SandboxError: the host is not loopback.
            OSError: the port is taken.
        """
        address = loopback(host)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Connection(self), address, port, ssl=tls)
        bound: int = self._listener.sockets[0].getsockname()[1]
        self.gate = Gate(bound, self.secret, self._allowed_origins)
        at = f"[{address}]:{bound}" if ":" in address else f"{address}:{bound}"
        self._base = f"{'s' if tls else ''}://{at}/{self.secret}"
        self.catch_up()

    def addresses(self) -> dict[str, str]:
        """Where it listens: ``ws_public``, ``ws_private``, ``ws_l3`` and ``rest``."""
        return {
            "ws_public": f"ws{self._base}/public/v2",
            "ws_private": f"ws{self._base}/private/v2",
            "ws_l3": f"ws{self._base}/level3/v2",
            "rest": f"http{self._base}",
        }

    async def close(self) -> None:
        """Stop listening, say goodbye on every connection, and end."""
        if self._timer is not None:
            self._timer.cancel()
        if self._listener is not None:
            self._listener.close()
        self.exchange.faults.clear()
        self.exchange.faults.close(1001, "the sandbox ends")
        self.flush()
        for connection in tuple(self._connections):
            connection.finish()
        await asyncio.sleep(0)
        for connection in tuple(self._connections):
            connection.abort()
        if self._listener is not None:
            await self._listener.wait_closed()

    # --- time -------------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Let the exchange's time pass until now, send what that gave, and wake up for what is due next."""
        self.exchange.advance(self._clock())
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
        wait_s = (self.exchange.next_due_ns() - self._clock()) / NS_PER_SECOND
        self._timer = asyncio.get_running_loop().call_later(min(max(wait_s, TICK_S), 1.0), self.catch_up)

    # --- connections ------------------------------------------------------------------------------------------------

    def admit(self, connection: Connection) -> bool:
        """Count a new connection in, if there is room for it."""
        if len(self._connections) >= CONNECTIONS:
            return False
        self._connections[connection] = None
        return True

    def carry(self, connection: Connection, session: Session) -> None:
        """From now on ``connection`` carries ``session``, whose first words are waiting."""
        self._carriers[session] = connection
        self._note_output(session)

    def let_go(self, connection: Connection, session: Session | None) -> None:
        """The connection is gone."""
        self._connections.pop(connection, None)
        if session is not None:
            session.close()
            self._carriers.pop(session, None)
            self._with_output.pop(session, None)

    def flush(self) -> None:
        """Send what the sessions have to say, end those that want to end, and follow freezes."""
        frozen = self.exchange.faults.frozen
        if self._was_frozen and not frozen:
            for connection in tuple(self._connections):
                connection.thaw()
        self._was_frozen = frozen
        waiting, self._with_output = self._with_output, {}
        for session in waiting:
            carrier = self._carriers.get(session)
            if carrier is not None:
                carrier.flush()

    def _note_output(self, session: Session) -> None:
        self._with_output[session] = None
