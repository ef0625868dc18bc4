"""Where venues are, and which hosts a client may talk to at all.

Source: "Introduction" (endpoints), Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from ..errors import BadArgument

__all__ = ["KRAKEN", "Endpoint", "Endpoints"]

Endpoint = Literal["public", "private", "level3"]

ALLOWED = frozenset({"ws.kraken.com", "ws-auth.kraken.com", "ws-l3.kraken.com", "api.kraken.com"})
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one venue.

    Raises:
        BadArgument: a host that is neither the exchange's nor this machine, or the exchange's without TLS.
    """

    ws_public: str
    ws_private: str
    ws_l3: str
    rest: str

    def __post_init__(self) -> None:
        for name in ("ws_public", "ws_private", "ws_l3", "rest"):
            address = getattr(self, name)
            parts = urlsplit(address)
            if parts.hostname in LOOPBACK and parts.scheme in ("ws", "wss", "http", "https"):
                continue
            if parts.hostname not in ALLOWED or parts.scheme not in ("wss", "https"):
                raise BadArgument(name, parts.hostname or address, "a Kraken host over TLS, or a loopback address")

    def websocket(self, endpoint: Endpoint) -> str:
        """The address of one of the three sockets."""
        return {"public": self.ws_public, "private": self.ws_private, "level3": self.ws_l3}[endpoint]

    @property
    def loopback(self) -> bool:
        """Whether all of it is on this machine."""
        return all(
            urlsplit(address).hostname in LOOPBACK
            for address in (self.ws_public, self.ws_private, self.ws_l3, self.rest)
        )

    @property
    def elsewhere(self) -> str:
        """Host and port where this is not the exchange's own address, without the secret in it; else empty.

        >>> KRAKEN.elsewhere
        ''
        """
        parts = urlsplit(self.ws_public)
        if parts.hostname in ALLOWED:
            return ""
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


KRAKEN = Endpoints(
    ws_public="wss://ws.kraken.com/v2",
    ws_private="wss://ws-auth.kraken.com/v2",
    ws_l3="wss://ws-l3.kraken.com/v2",
    rest="https://api.kraken.com",
)
"""The exchange itself."""
