"""Who is let in: nobody but a program on this machine that was told this run's secret.

A loopback address alone keeps no web page out: a page may open sockets to 127.0.0.1, or resolve its own name to it. So
before anything is served ``Host`` must be loopback with the server's own port, ``Origin`` must be absent or allowed,
and the path must begin with the secret of the run. Whatever is wrong, the answer is the same.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kraken_lab.errors import SandboxError

__all__ = ["Gate", "loopback"]


def loopback(host: str) -> str:
    """The loopback address to bind to.

    >>> loopback("localhost"), loopback("::1")
    ('127.0.0.1', '::1')

    Raises:
        SandboxError: anything but 127.0.0.1 or ::1.
    """
    address = "127.0.0.1" if host == "localhost" else host
    if address not in ("127.0.0.1", "::1"):
        raise SandboxError(f"host={host!r} is refused: the sandbox listens on 127.0.0.1 or ::1 only.")
    return address


@dataclass(frozen=True, slots=True)
class Gate:
    """The checks of one server."""

    port: int
    secret: str
    allowed_origins: frozenset[str] = frozenset()

    def admits(self, target: str, headers: Iterable[tuple[str, str]]) -> str | None:
        """The path behind the secret of a request that may come in, query included; None for all others.

        ``headers`` are name and value, names in lower case.

        >>> Gate(8080, "s3cret").admits("/s3cret/0/public/Time", [("host", "127.0.0.1:8080")])
        '/0/public/Time'
        """
        given = list(headers)
        hosts = [value for name, value in given if name == "host"]
        origins = [value for name, value in given if name == "origin"]
        secret, slash, rest = target.removeprefix("/").partition("/")
        # All three are looked at every time, so that the time taken says nothing about which was wrong.
        knows_secret = hmac.compare_digest(secret.encode("utf-8", "replace"), self.secret.encode())
        is_local = len(hosts) == 1 and self._is_own(hosts[0])
        is_allowed = self._are_allowed(origins)
        return f"{slash}{rest}" if knows_secret and is_local and is_allowed else None

    def _are_allowed(self, origins: Sequence[str]) -> bool:
        return len(origins) <= 1 and all(origin in self.allowed_origins for origin in origins)

    def _is_own(self, host: str) -> bool:
        name, colon, port = host.rpartition(":")
        if not colon or port != str(self.port):
            return False
        if name.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
        except ValueError:
            return False
